/*
 * What stores and transactions are made of, for the rooms above them.
 *
 * A process has one struct orgdb for a file; orgdb_open() counts. Transactions of this process are counted too, because
 * the map can only be moved while none is live, and the store can only be closed then.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_STORE_H
#define ORGDB_STORE_H

#include <pthread.h>
#include <sys/types.h>

#include "kv.h"
#include "memory.h"

enum {
	FORMAT_VERSION = 1, /* What this library writes. */
	EDGE_KINDS = 4,
};

/* Numbers kept in one row of the meta table, loaded when a transaction first asks and written back by commit. */
struct counters {
	uint64_t lsn;                              /* Transactions that changed the store. */
	uint64_t next_ordinal[ORGDB_ENTITY_KINDS]; /* Ordinals begin at 1 and are never used again. */
	uint64_t edges[EDGE_KINDS];                /* By enum edge_kind. */
};

struct orgdb {
	struct orgdb *next; /* In the registry of open stores. */
	struct kv *kv;
	char *path;
	dev_t device;
	ino_t inode;
	bool read_only;
	unsigned fork_generation;
	uint32_t format_version;
	char uuid[37];

	pthread_mutex_t lock; /* Guards what follows. */
	pthread_cond_t changed;
	unsigned references; /* Opens less closes. */
	size_t live;         /* Transactions. */
	bool moving;         /* The map is being resized: wait with new transactions. */
	bool writing;        /* Some thread of this process has the write transaction. */
	pthread_t writer;
	struct orgdb_txn *parked; /* Ended read transactions, ready to be renewed. */
};

struct orgdb_txn {
	struct orgdb *db;
	struct kv_txn *kv;
	bool write;
	bool counted; /* `counters` are loaded. */
	struct counters counters;
	struct arena arena;      /* Lives as long as the transaction. */
	struct buffer scratch;   /* For building one record. */
	struct buffer previous;  /* For keeping the one that it replaces. */
	struct catalog *catalog; /* See catalog.h. */
	struct orgdb_txn *next;  /* In the store's list of parked ones. */
};

/* ---- store.c ---- */

/* ORGDB_FORKED if `db` was opened in a parent process. */
int orgdb__store_usable(const struct orgdb *db);
/* Close what nobody uses any more. Call without db->lock, after a transaction or a reference ended. */
void orgdb__store_release(struct orgdb *db);

/* ---- txn.c ---- */

/* Every public function that takes a transaction begins with one of these. */
int orgdb__txn_read(orgdb_txn *txn);
int orgdb__txn_write(orgdb_txn *txn);

int orgdb__txn_counters(orgdb_txn *txn, struct counters **out);
/* Say that stored data is damaged, and make it stick. */
int orgdb__txn_corrupt(orgdb_txn *txn, enum kv_table table, const char *what);
/* Free parked transactions. */
void orgdb__txn_free_parked(struct orgdb *db);
/* The counters of a new store. */
int orgdb__counters_create(struct kv_txn *kv);

#endif
