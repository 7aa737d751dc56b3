/*
 * What stores and transactions are made of, for the rooms above them.
 *
 * A process has one struct orgdb for a file; orgdb_open() counts. The map can only be moved, and the store only be closed,
 * while no transaction of this process is live: read transactions show that in their slots, the one write transaction in
 * `writing` and `writer_live`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_STORE_H
#define ORGDB_STORE_H

#include <pthread.h>
#include <sys/types.h>

#include "kv.h"
#include "memory.h"
#include "readers.h"

enum {
	FORMAT_VERSION = 1, /* What this library writes. */
	EDGE_KINDS = 5,
	GENERATION_SHARDS = 512, /* See generations.h. */
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
	bool relaxed;
	unsigned fork_generation;
	uint32_t format_version;
	char uuid[37];
	uint64_t hash_seed; /* Of the uuid; see login.h. */

	unsigned references; /* Opens less closes; the registry's lock guards it. */
	struct readers readers;
	struct catalog *catalog;         /* See catalog.h. */
	struct login_cache *login_cache; /* See login_cache.h. */
	atomic_bool moving;              /* The map is being resized: wait with new transactions. */

	/* Changed by the thread whose turn it is to write, but for the last, which is changed while `moving`. */
	struct tallies written;
	_Atomic uint64_t commits;
	_Atomic uint64_t aborts;
	_Atomic uint64_t map_moves;

	pthread_mutex_t lock; /* Guards what follows. */
	pthread_cond_t changed;
	bool writing;     /* Some thread of this process has its turn to write ... */
	bool writer_live; /* ... and has a transaction. */
	pthread_t writer;
};

struct orgdb_txn {
	struct orgdb *db;
	struct kv_txn *kv;
	struct reader_slot *slot; /* Of a read transaction. */
	bool write;
	bool counted; /* `counters` are loaded. */
	struct counters counters;
	struct arena arena;         /* Lives as long as the transaction. */
	struct buffer scratch;      /* For building one record. */
	struct buffer previous;     /* For keeping the one that it replaces. */
	struct buffer run;          /* For a merge with a long row. */
	const uint8_t *generations; /* In the map, for the snapshot `generations_of`. */
	uint64_t generations_of;
	uint8_t touched[GENERATION_SHARDS / 8]; /* A bit for each shard that a write transaction changed. */
	struct tallies *tallies;                /* Its slot's or the writer's. */
	struct local_catalog *local;            /* See catalog.h. */
};

/* ---- store.c ---- */

/* ORGDB_FORKED if `db` was opened in a parent process. */
int orgdb__store_usable(const struct orgdb *db);
/*
 * Close every store that was let go of and has no transaction left. To be called after each transaction, when its store may
 * be gone already: so it names none.
 */
void orgdb__stores_reap(void);

/* ---- txn.c ---- */

/* Every public function that takes a transaction begins with one of these. */
int orgdb__txn_read(orgdb_txn *txn);
int orgdb__txn_write(orgdb_txn *txn);

int orgdb__txn_counters(orgdb_txn *txn, struct counters **out);
/* Say that stored data is damaged, and make it stick. */
int orgdb__txn_corrupt(orgdb_txn *txn, enum kv_table table, const char *what);
/* Keep the map where it is, and `lock`, for looking at it without a transaction. */
void orgdb__store_hold_map(struct orgdb *db);
void orgdb__store_let_go(struct orgdb *db);
/* Of all transactions of this handle. */
uint64_t orgdb__store_tally(struct orgdb *db, enum tally what);
/* ORGDB_BUSY if this thread has the write transaction. */
int orgdb__store_refuse_writer(struct orgdb *db);
/* Free the read transactions that slots keep, and the slots; all must be idle. */
void orgdb__txn_free_readers(struct orgdb *db);
/* The counters of a new store. */
int orgdb__counters_create(struct kv_txn *kv);
/* Read the counters from a row of the meta table; false if it is another, or damaged. */
bool orgdb__counters_read(struct bytes key, struct bytes row, struct counters *counters);

#endif
