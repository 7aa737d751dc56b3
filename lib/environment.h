/*
 * What the two rooms that know <lmdb.h> share: kv.c, with tables, transactions and entries, and environment.c, with the file,
 * its map, its locks and its readers. All others include kv.h, which declares what both do for them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ENVIRONMENT_H
#define ORGDB_ENVIRONMENT_H

#include <lmdb.h>

#include "kv.h"

struct kv {
	MDB_env *env;
	char *path;
	uint64_t map_size_max;
	int lock_fd;   /* For looking at others' locks, or -1. Must outlive the environment: see open_lock_file(). */
	bool unlocked; /* There is no lock file, or none that can be written. */
	bool verify;   /* Every page, while opening. */
	bool dead;     /* The map is gone: nothing can be read any more. */
	uint64_t reader_age_max;
	/* Only whoever has the turn to write uses these. */
	size_t readers_check; /* At this page look for dead readers again. */
	uint64_t ages_seen;   /* The snapshot in which old readers were last looked for. */
	MDB_dbi places[KV_PLACE_COUNT];
};

/* ---- environment.c ---- */

/* The one place that translates LMDB's codes and the errnos that it passes on; `what` says what could not be done. */
int orgdb__lmdb_failed(const char *path, int rc, const char *what);
/* Clear the slots that processes left behind when they died; returns how many there were. */
int orgdb__environment_clear_readers(struct kv *kv);
/* Do so if the file has grown since the last time, and name old readers in the log; in turn. */
void orgdb__environment_tend_readers(struct kv *kv);
/* Wait for the turn to write among processes, and pass it on. */
void orgdb__environment_queue(struct kv *kv);
void orgdb__environment_leave(struct kv *kv);

/* ---- kv.c ---- */

/* Open the tables from `first` to before `end`, for as long as the environment lives if the transaction is committed. */
int orgdb__kv_open_places(struct kv_txn *txn, bool create, int first, int end);

#endif
