/*
 * The cache of hot rows.
 *
 * A cell is a version and a struct login_copy, all in words of 8 bytes that are each read and written atomically. The
 * version is odd while the cell is being written, and 0 when it never was.
 *
 * SPDX-License-Identifier: MIT
 */
#include "login_cache.h"

#include <stdlib.h>

#include "catalog.h"
#include "error.h"
#include "generations.h"

enum {
	COPY_WORDS = sizeof(struct login_copy) / 8,
	HEAD_WORDS = offsetof(struct login_copy, entries) / 8, /* The rest are entries, a word each. */
	CELLS_MIN = 64,
	GROWTH_LOOK = 1024, /* How many rows are kept between looks at whether there are too few cells. */
};

struct cell {
	alignas(CACHE_LINE) _Atomic uint64_t version;
	_Atomic uint64_t words[COPY_WORDS];
};

_Static_assert(sizeof(struct cell) == 2 * CACHE_LINE, "a cell fills its cache lines");

struct cells {
	struct shared shared;
	size_t count; /* A power of two. */
	struct cell *cell;
	void *memory;
};

struct login_cache {
	size_t count_max; /* 0: the cache is off. */
	struct cells *_Atomic cells;
	_Atomic uint64_t kept;
};

/* ---- Making and freeing ------------------------------------------------------------------------------------------ */

struct login_cache *orgdb__login_cache_new(uint64_t size)
{
	struct login_cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return NULL;
	/* The largest power of two that fits. */
	for (uint64_t count = CELLS_MIN; count <= size / sizeof(struct cell) && count <= SIZE_MAX / 2 / sizeof(struct cell);
		 count *= 2)
		cache->count_max = (size_t)count;
	return cache;
}

static void free_cells(struct shared *shared)
{
	struct cells *cells = (struct cells *)shared;
	if (cells)
		free(cells->memory);
	free(cells);
}

void orgdb__login_cache_free(struct login_cache *cache)
{
	if (cache)
		free_cells((struct shared *)atomic_load(&cache->cells));
	free(cache);
}

static struct cells *new_cells(size_t count)
{
	struct cells *cells = calloc(1, sizeof(*cells));
	if (!cells)
		return NULL;
	/* Large zeroed memory costs nothing until it is used, which aligned_alloc() cannot say of itself. */
	cells->memory = calloc(count + 1, sizeof(struct cell));
	if (!cells->memory) {
		free(cells);
		return NULL;
	}
	uintptr_t address = (uintptr_t)cells->memory;
	cells->shared.free = free_cells;
	cells->count = count;
	cells->cell = (struct cell *)((address + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	return cells;
}

/* ---- Cells ------------------------------------------------------------------------------------------------------- */

static void load_words(struct cell *cell, size_t from, size_t to, struct login_copy *copy)
{
	for (size_t i = from; i < to; i++) {
		uint64_t word = atomic_load_explicit(&cell->words[i], memory_order_relaxed);
		memcpy((char *)copy + 8 * i, &word, sizeof(word));
	}
}

/* Copy a cell out; false if it was never written, or is being written just now. */
static bool read_cell(struct cell *cell, struct login_copy *copy)
{
	uint64_t version = atomic_load_explicit(&cell->version, memory_order_acquire);
	if (version == 0 || version % 2 != 0)
		return false;
	load_words(cell, 0, HEAD_WORDS, copy);
	if (copy->count > CELL_ENTRIES_MAX) /* Torn. */
		return false;
	load_words(cell, HEAD_WORDS, HEAD_WORDS + copy->count, copy);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&cell->version, memory_order_relaxed) == version;
}

/* If another thread is writing the same cell, let it. */
static void write_cell(struct cell *cell, const struct login_copy *copy)
{
	uint64_t version = atomic_load_explicit(&cell->version, memory_order_relaxed);
	if (version % 2 != 0 || !atomic_compare_exchange_strong(&cell->version, &version, version + 1))
		return;
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < HEAD_WORDS + copy->count; i++) {
		uint64_t word;
		memcpy(&word, (const char *)copy + 8 * i, sizeof(word));
		atomic_store_explicit(&cell->words[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(&cell->version, version + 2, memory_order_release);
}

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

/* A row may be in either of two neighbors, so that two organizations that hash alike need not take turns. */
static struct cell *cell_of(const struct cells *cells, orgdb_str id, unsigned which)
{
	return &cells->cell[((hash_of_text(id) >> 20) & (cells->count - 1)) ^ which];
}

/* Four times as many cells as organizations, so that few must take turns, as far as the limit lets. */
static size_t wanted_cells(orgdb_txn *txn, const struct login_cache *cache)
{
	uint64_t organizations;
	size_t count = CELLS_MIN;
	if (orgdb__kv_entries(txn->kv, TABLE_ORGANIZATIONS, &organizations) != 0)
		return 0;
	while (count < cache->count_max && count / 4 < organizations)
		count *= 2;
	return count < cache->count_max ? count : cache->count_max;
}

/* The cells to keep a row in; more than before if organizations have become many. NULL to keep none. */
static struct cells *cells_to_keep_in(orgdb_txn *txn)
{
	struct login_cache *cache = txn->db->login_cache;
	struct cells *cells = atomic_load(&cache->cells);
	if (cells && atomic_fetch_add_explicit(&cache->kept, 1, memory_order_relaxed) % GROWTH_LOOK != 0)
		return cells;
	size_t wanted = wanted_cells(txn, cache);
	if (cells && wanted <= cells->count)
		return cells;
	struct cells *grown = wanted > 0 ? new_cells(wanted) : NULL;
	if (!grown)
		return cells;
	if (atomic_compare_exchange_strong(&cache->cells, &cells, grown)) {
		if (cells)
			orgdb__catalog_unlink(txn->db, &cells->shared);
		return grown;
	}
	free_cells(&grown->shared);
	return cells; /* Another thread's. */
}

static bool is_right(orgdb_txn *txn, const struct login_copy *copy)
{
	return copy->generation == generation_of(txn, shard_of_organization(copy->organization));
}

static bool is_of(const struct login_copy *copy, orgdb_str id)
{
	return memcmp(copy->id, id.data, CELL_ID_SIZE) == 0;
}

/* The cell of this id or one that holds nothing right; else either of the two. */
static struct cell *cell_to_write(orgdb_txn *txn, struct cells *cells, orgdb_str id)
{
	struct login_copy copy;
	for (unsigned which = 0; which < 2; which++) {
		struct cell *cell = cell_of(cells, id, which);
		if (!read_cell(cell, &copy) || is_of(&copy, id) || !is_right(txn, &copy))
			return cell;
	}
	return cell_of(cells, id, (unsigned)atomic_load_explicit(&txn->db->login_cache->kept, memory_order_relaxed) & 1);
}

static void keep(orgdb_txn *txn, orgdb_str id, const struct login *login)
{
	struct login_copy copy = { .organization = login->organization, .count = login->count };
	if (id.size != CELL_ID_SIZE || login->count > CELL_ENTRIES_MAX)
		return;
	struct cells *cells = cells_to_keep_in(txn);
	if (!cells)
		return;
	copy.generation = generation_of(txn, shard_of_organization(login->organization));
	memcpy(copy.id, id.data, CELL_ID_SIZE);
	memcpy(copy.entries, login->entries, (size_t)login->count * sizeof(copy.entries[0]));
	write_cell(cell_to_write(txn, cells, id), &copy);
}

static bool find_kept(orgdb_txn *txn, orgdb_str id, struct login_copy *copy)
{
	struct cells *cells = atomic_load(&txn->db->login_cache->cells);
	if (!cells || id.size != CELL_ID_SIZE)
		return false;
	for (unsigned which = 0; which < 2; which++)
		if (read_cell(cell_of(cells, id, which), copy) && is_of(copy, id))
			return is_right(txn, copy);
	return false;
}

void orgdb__login_prefetch(orgdb_txn *txn, orgdb_str id)
{
	struct cells *cells = atomic_load(&txn->db->login_cache->cells);
	if (cells)
		__builtin_prefetch(cell_of(cells, id, 0));
}

/* Each slot's transaction counts for itself, so that threads do not share the line. */
static void count_one(_Atomic uint64_t *counter)
{
	uint64_t count = atomic_load_explicit(counter, memory_order_relaxed);
	atomic_store_explicit(counter, count + 1, memory_order_relaxed);
}

int orgdb__login_cached(orgdb_txn *txn, orgdb_str id, struct login_copy *copy, struct login *login)
{
	if (txn->db->login_cache->count_max == 0)
		return orgdb__login_get(txn, id, login);
	if (find_kept(txn, id, copy)) {
		*login = (struct login){ copy->organization, copy->count, copy->entries[0] };
		count_one(&txn->hits);
		return 0;
	}
	count_one(&txn->misses);
	int rc = orgdb__login_get(txn, id, login);
	if (rc == 0)
		keep(txn, id, login);
	return rc;
}
