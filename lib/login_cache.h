/*
 * The cache of hot rows: most lookups find their organization's row here and never walk a B-tree.
 *
 * A table of cells of one cache line, so that a hit costs one miss of memory at most, filling one allocates nothing, and
 * an option bounds it all. A row that does not fit a cell is not kept. Each cell is guarded by a version: readers copy it
 * out and look whether it changed meanwhile. A copy is used only in snapshots that show its shard's generation, so no
 * snapshot is ever given another's row.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_LOGIN_CACHE_H
#define ORGDB_LOGIN_CACHE_H

#include "login.h"

/* Connections of the largest row that is kept. */
enum { CELL_ENTRIES_MAX = 8 };

/* A row as merging wants it. */
struct login_run {
	struct login_entry entries[CELL_ENTRIES_MAX + 1];
	uint32_t flags; /* Set even where the entries are elsewhere. */
};

struct login_cache;

/* For at most `size` bytes; NULL when out of memory. Cells are made when the first row is kept, and more when organizations
 * have become many. */
struct login_cache *orgdb__login_cache_new(uint64_t size);
void orgdb__login_cache_free(struct login_cache *cache);

/* Say that the row will be asked for soon, so that memory can begin to bring it. */
void orgdb__login_prefetch(orgdb_txn *txn, const struct login_id *id);

/*
 * An organization's connections, up to one that is LOGIN_END, in a read transaction whose generations are loaded, or in a
 * write transaction, which sees rows that the cache must not. They are in `run` or, if they are many, in memory of the
 * transaction's that the next call may use again. ORGDB_NOT_FOUND records no failure.
 */
int orgdb__login_run(
	orgdb_txn *txn, const struct login_id *id, struct login_run *run, const struct login_entry **entries);

#endif
