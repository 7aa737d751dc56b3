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

#include "generations.h"
#include "store.h"

/* What begins everything that readers see without a lock. */
struct shared {
	struct shared *next;  /* In the list of what waits to be freed, or of a local catalog. */
	uint64_t unlinked_in; /* The epoch. */
	uint64_t generation;
};

/* What the rules of access ask of an application: see access.h. */
struct access_traits {
	uint8_t usage;
	uint8_t behavior; /* Of organization_require_behavior. */
	uint8_t discovery;
	bool third_party;
};

/* An application as merged lookups need it. */
struct catalog_application {
	struct shared shared;
	uint64_t ordinal;
	struct access_traits traits;
	uint32_t id_size;
	uint32_t count;
	uint32_t connections[]; /* Ascending, and then LOGIN_END; the client_id follows them. */
};

enum {
	PAGE_CELLS = 256,
	APPLICATION_CELLS = 4096, /* Applications that hash alike take turns. */
};

/* Laid out so that a merge reads the first cache line alone, and whoever goes on to the texts the second. */
struct catalog_connection {
	struct shared shared;
	bool enterprise; /* What a merge asks of the connection ... */
	bool show_as_button;
	orgdb_connection connection; /* ... that views what follows. */
	alignas(CACHE_LINE) uint8_t record[];
};

_Static_assert(offsetof(struct catalog_connection, connection.id) == CACHE_LINE, "see above");

struct catalog_page {
	struct catalog_connection *_Atomic cells[PAGE_CELLS];
};

/* Pages by ordinal; replaced by a longer one when ordinals outgrow it. */
struct catalog_directory {
	struct shared shared;
	size_t count;
	struct catalog_page *_Atomic pages[];
};

struct catalog {
	struct catalog_directory *_Atomic directory;
	struct catalog_application *_Atomic applications[APPLICATION_CELLS];
	pthread_mutex_t lock;    /* Taken to publish. */
	struct shared *unlinked; /* Oldest first. */
	struct shared **unlinked_end;
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
/* Make what catalog_connection_of() has not found, or found of another generation. */
const struct catalog_connection *orgdb__catalog_copy(
	orgdb_txn *txn, uint64_t ordinal, const struct catalog_connection *found, int *rc);

/* What catalog_connection_of() looks in, once for many looks. A write transaction has no slot that would keep what it finds
 * from being freed. */
static inline struct catalog_directory *catalog_directory_of(orgdb_txn *txn)
{
	return txn->write ? NULL : atomic_load(&txn->db->catalog->directory);
}

static inline struct catalog_connection *catalog_find(struct catalog_directory *directory, uint64_t ordinal)
{
	size_t at = (size_t)(ordinal / PAGE_CELLS);
	if (!directory || at >= directory->count)
		return NULL;
	struct catalog_page *page = atomic_load(&directory->pages[at]);
	return page ? atomic_load(&page->cells[ordinal % PAGE_CELLS]) : NULL;
}

/* The connection of an ordinal that something points to; lives as views do. NULL, and *rc says why. Inline, for the hot
 * path. */
static inline const struct catalog_connection *catalog_connection_of(
	orgdb_txn *txn, struct catalog_directory *directory, uint64_t ordinal, int *rc)
{
	const struct catalog_connection *found = catalog_find(directory, ordinal);
	if (found && found->shared.generation == generation_of(txn, shard_of_connection(ordinal)))
		return found;
	return orgdb__catalog_copy(txn, ordinal, found, rc);
}

#endif
