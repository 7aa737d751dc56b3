/*
 * The catalog: connections, and applications with their connections, decoded once and shared by all readers.
 *
 * What is published never changes; it is replaced when its shard's generation has moved on, and freed when no reader can
 * see it any more (see readers.h). A copy is used only in snapshots that show its generation. Readers of older snapshots,
 * and write transactions, which see changes that nobody else does, keep copies of their own in a local catalog.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_CATALOG_H
#define ORGDB_CATALOG_H

#include "store.h"

/* What begins everything that readers see without a lock. */
struct shared {
	struct shared *next;  /* In the list of what waits to be freed, or of a local catalog. */
	uint64_t unlinked_in; /* The epoch. */
	uint64_t generation;
	void (*free)(struct shared *shared); /* NULL: free(). */
};

/* An application as merged lookups need it. */
struct catalog_application {
	struct shared shared;
	uint64_t ordinal;
	uint32_t usage;
	uint32_t id_size;
	uint32_t count;
	uint32_t connections[]; /* Ascending; the client_id follows them. */
};

/* NULL when out of memory. */
struct catalog *orgdb__catalog_new(void);
void orgdb__catalog_free(struct catalog *catalog);
void orgdb__local_catalog_free(struct local_catalog *local);
/* Free `old`, which readers can find no more, when the last one that may have found it has ended. */
void orgdb__catalog_unlink(struct orgdb *db, struct shared *old);

/* Call first in each lookup, then the others as often as needed. */
int orgdb__catalog_open(orgdb_txn *txn);
/* ORGDB_NOT_FOUND names the client_id. */
int orgdb__catalog_application(orgdb_txn *txn, orgdb_str client_id, const struct catalog_application **out);
/* The connection of an ordinal that something points to; lives as views do. */
int orgdb__catalog_connection(orgdb_txn *txn, uint64_t ordinal, const orgdb_connection **out);

#endif
