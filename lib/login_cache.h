/*
 * The cache of hot rows: most lookups find their organization's row here and never walk a B-tree.
 *
 * A table of cells of one fixed size, so that filling one allocates nothing and memory is bounded by an option. A row that
 * does not fit a cell is not kept. Each cell is guarded by a version: readers copy it out and look whether it changed
 * meanwhile. A copy is used only in snapshots that show its shard's generation, so no snapshot is ever given another's row.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_LOGIN_CACHE_H
#define ORGDB_LOGIN_CACHE_H

#include "login.h"

enum {
	CELL_ID_SIZE = 20, /* Of every organization's id. */
	CELL_ENTRIES_MAX = 10,
};

/* A row out of a cell. */
struct login_copy {
	uint64_t generation;
	uint64_t organization;
	char id[CELL_ID_SIZE];
	uint32_t count;
	uint8_t entries[CELL_ENTRIES_MAX][8];
};

struct login_cache;

/* For at most `size` bytes; NULL when out of memory. Cells are made when the first row is kept, and more when organizations
 * have become many. */
struct login_cache *orgdb__login_cache_new(uint64_t size);
void orgdb__login_cache_free(struct login_cache *cache);

/* As orgdb__login_get(), in a read transaction whose generations are loaded. The login may view `copy`. */
int orgdb__login_cached(orgdb_txn *txn, orgdb_str organization_id, struct login_copy *copy, struct login *login);

/* Say that the row will be asked for soon, so that memory can begin to bring it. */
void orgdb__login_prefetch(orgdb_txn *txn, orgdb_str organization_id);

#endif
