/*
 * What the crash tests share: their options, how they fail, and how they look at the store that a crash has left.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_CRASH_TRIAL_H
#define ORGDB_TESTS_CRASH_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orgdb.h"

struct trial {
	const char *program;
	uint64_t seed;        /* --seed; by default from the clock. */
	uint64_t count;       /* --count: how many crashes. */
	const char *plant;    /* --plant: the fault that this run must catch. */
	char directory[3000]; /* --directory: where to make a folder of its own ... */
	char folder[3500];    /* ... which is this one, made by trial_open(). */
	char path[3600];      /* The store in it. */
};

/* What was found in a store. */
struct state {
	uint64_t lsn;
	uint64_t digest;
};

/* @p trial holds the defaults; @p plants are the faults that the program can plant, ended by NULL. Exits when the options
 * are wrong. */
void trial_open(struct trial *trial, int count, char **arguments, const char *const *plants);
/* Remove the folder. */
void trial_close(const struct trial *trial);
/* Remove what is in a folder. */
void empty_folder(const char *folder);
/* Is this the fault to plant? */
bool planted(const struct trial *trial, const char *plant);

/* Say what does not hold and how to see it again, and exit. The folder stays, unless a fault was planted. */
void trial_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The same, for a call that must succeed. */
void trial_must(int rc, const char *call);

/* A file's bytes, to be freed. */
struct bytes {
	char *data;
	size_t size;
};
struct bytes trial_read_file(const char *path);
/* Make a file, which must not be there. */
void trial_write_file(const char *path, struct bytes bytes);

/* What a transaction sees. */
int state_of(orgdb_txn *txn, struct state *out);
/* Check the open store and say what it holds. */
struct state trial_look(orgdb *db);

#endif
