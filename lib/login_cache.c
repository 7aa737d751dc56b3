/*
 * The cache of hot rows.
 *
 * A cell is eight words that are each read and written atomically:
 *
 *     0      version (32 bits), odd while the cell is being written, 0 when it never was; shard (8); count (8); flags (8)
 *     1      the shard's generation
 *     2, 3   the organization's id, without "org_"
 *     4 - 7  the connections, two in each word: the ordinal above the options' OPTION_BITS
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* For madvise(). */
#include "login_cache.h"

#include <sys/mman.h>

#include "catalog.h"
#include "error.h"
#include "generations.h"

enum {
	WORDS = 8,
	ENTRIES_AT = 4,
	OPTION_BITS = 6, /* What a merge asks of the options. */
	OPTION_MASK = (1 << OPTION_BITS) - 1,
	ORDINAL_BITS = 32 - OPTION_BITS,
	CELLS_MIN = 64,
	CELLS_EACH = 2,     /* For an organization, so that most rows are in the first cell that is looked at. */
	WAYS = 8,           /* Cells that a row may be in: that many must be taken before organizations take turns. */
	GROWTH_LOOK = 1024, /* How many rows are kept between looks at whether there are too few cells. */
	HUGE_PAGE = 1 << 21,
};

struct cell {
	_Atomic uint64_t words[WORDS];
};

_Static_assert(sizeof(struct cell) == CACHE_LINE, "a cell is a cache line");
_Static_assert(ORGANIZATION_SHARDS <= 256, "a shard fits a byte");

struct cells {
	struct shared shared;
	size_t count; /* A power of two. */
	struct cell *cell;
};

struct login_cache {
	size_t count_max; /* 0: the cache is off. */
	struct cells *_Atomic cells;
	_Atomic uint64_t kept;
};

/* ---- Making and freeing ------------------------------------------------------------------------------------------ */

struct login_cache *orgdb__login_cache_new(uint64_t size)
{
	struct login_cache *cache = orgdb__allocate_zeroed(sizeof(*cache));
	if (!cache)
		return NULL;
	/* The largest power of two that fits. */
	for (uint64_t count = CELLS_MIN; count <= size / sizeof(struct cell) && count <= SIZE_MAX / 2 / sizeof(struct cell);
		 count *= 2)
		cache->count_max = (size_t)count;
	return cache;
}

void orgdb__login_cache_free(struct login_cache *cache)
{
	if (cache)
		orgdb__release(atomic_load(&cache->cells));
	orgdb__release(cache);
}

/* Rows lie scattered, so that nearly every look would miss the page tables' caches, too, were pages small. */
static void ask_for_huge_pages(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
	uintptr_t begin = ((uintptr_t)memory + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	uintptr_t end = ((uintptr_t)memory + size) / HUGE_PAGE * HUGE_PAGE;
	if (begin < end)
		madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* Advice: it may fail. */
#else
	(void)memory, (void)size;
#endif
}

static struct cells *new_cells(size_t count)
{
	/* Large zeroed memory costs nothing until it is used, which orgdb__allocate_aligned() cannot say of itself. */
	size_t size = sizeof(struct cells) + (count + 2) * sizeof(struct cell);
	struct cells *cells = orgdb__allocate_zeroed(size);
	if (!cells)
		return NULL;
	ask_for_huge_pages(cells, size);
	/* Pairs of cells are neighbors that processors fetch together. */
	uintptr_t address = (uintptr_t)(cells + 1), pair = 2 * sizeof(struct cell);
	cells->count = count;
	cells->cell = (struct cell *)((address + pair - 1) / pair * pair);
	return cells;
}

/* ---- Cells ------------------------------------------------------------------------------------------------------- */

/* A row out of a cell, or for one. */
struct cell_copy {
	uint32_t version;
	uint8_t shard;
	uint8_t count;
	uint8_t flags;
	uint64_t generation;
	uint64_t id[2];
	uint32_t packed[CELL_ENTRIES_MAX];
};

_Static_assert(sizeof(((struct cell_copy *)0)->packed) == (WORDS - ENTRIES_AT) * sizeof(uint64_t), "two in each word");

static uint64_t load_word(struct cell *cell, unsigned i)
{
	return atomic_load_explicit(&cell->words[i], memory_order_relaxed);
}

static void store_word(struct cell *cell, unsigned i, uint64_t word)
{
	atomic_store_explicit(&cell->words[i], word, memory_order_relaxed);
}

/* Copy a cell out; false if it was never written, or is being written just now. */
static inline bool read_cell(struct cell *cell, struct cell_copy *copy)
{
	uint64_t first = atomic_load_explicit(&cell->words[0], memory_order_acquire);
	copy->version = (uint32_t)first;
	copy->shard = (uint8_t)(first >> 32);
	copy->count = (uint8_t)(first >> 40);
	copy->flags = (uint8_t)(first >> 48);
	copy->generation = load_word(cell, 1);
	copy->id[0] = load_word(cell, 2);
	copy->id[1] = load_word(cell, 3);
	for (unsigned i = 0; i < WORDS - ENTRIES_AT; i++) {
		uint64_t word = load_word(cell, ENTRIES_AT + i);
		memcpy(&copy->packed[2 * (size_t)i], &word, sizeof(word));
	}
	atomic_thread_fence(memory_order_acquire);
	return load_word(cell, 0) == first && copy->version != 0 && copy->version % 2 == 0;
}

/* If another thread is writing the same cell, let it. */
static void write_cell(struct cell *cell, const struct cell_copy *copy)
{
	uint64_t first = load_word(cell, 0);
	uint32_t version = (uint32_t)first;
	if (version % 2 != 0 || !atomic_compare_exchange_strong(&cell->words[0], &first, first + 1))
		return;
	atomic_thread_fence(memory_order_release);
	store_word(cell, 1, copy->generation);
	store_word(cell, 2, copy->id[0]);
	store_word(cell, 3, copy->id[1]);
	for (unsigned i = 0; i < WORDS - ENTRIES_AT; i++) {
		uint64_t word;
		memcpy(&word, &copy->packed[2 * (size_t)i], sizeof(word));
		store_word(cell, ENTRIES_AT + i, word);
	}
	version = version == UINT32_MAX - 1 ? 2 : version + 2; /* 0 is kept for cells that never were written. */
	first = version | (uint64_t)copy->shard << 32 | (uint64_t)copy->count << 40 | (uint64_t)copy->flags << 48;
	atomic_store_explicit(&cell->words[0], first, memory_order_release);
}

/* False if the row does not fit a cell. */
static bool pack(const struct login *login, struct cell_copy *copy)
{
	if (login->count > CELL_ENTRIES_MAX || login->flags > UINT8_MAX)
		return false;
	copy->count = (uint8_t)login->count;
	copy->flags = (uint8_t)login->flags;
	for (uint32_t i = 0; i < login->count; i++) {
		struct login_entry entry = login_at(login, i);
		if (entry.connection >> ORDINAL_BITS != 0)
			return false;
		copy->packed[i] = entry.connection << OPTION_BITS | (entry.options & OPTION_MASK);
	}
	return true;
}

static inline void unpack(const struct cell_copy *copy, struct login_run *run)
{
	for (unsigned i = 0; i < CELL_ENTRIES_MAX; i++) {
		uint32_t packed = copy->packed[i];
		run->entries[i] = (struct login_entry){ packed >> OPTION_BITS, packed & OPTION_MASK };
	}
	run->entries[copy->count].connection = LOGIN_END;
	run->flags = copy->flags;
}

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

/* The cells that a row may be in, the likeliest first; none of the others is taken before it. */
static inline struct cell *cell_of(const struct cells *cells, const struct login_id *id, unsigned which)
{
	return &cells->cell[(id->hash & (cells->count - 1)) ^ which];
}

/* As many as there should be for this many organizations, as far as the limit lets. */
static size_t wanted_cells(orgdb_txn *txn, const struct login_cache *cache)
{
	uint64_t organizations;
	size_t count = CELLS_MIN;
	if (orgdb__kv_entries(txn->kv, TABLE_ORGANIZATIONS, &organizations) != 0)
		return 0;
	while (count < cache->count_max && count / CELLS_EACH < organizations)
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
	/* GCOVR_EXCL_START: it must be made between the two looks above. */
	orgdb__release(grown);
	return cells; /* Another thread's. */
				  /* GCOVR_EXCL_STOP */
}

static inline bool is_right(orgdb_txn *txn, const struct cell_copy *copy)
{
	return copy->generation == generation_of(txn, copy->shard);
}

static inline bool is_of(const struct cell_copy *copy, const struct login_id *id)
{
	return copy->id[0] == id->words[0] && copy->id[1] == id->words[1];
}

/* The cell of this id or one that holds nothing right; else any. */
static struct cell *cell_to_write(orgdb_txn *txn, struct cells *cells, const struct login_id *id)
{
	struct cell_copy copy;
	for (unsigned which = 0; which < WAYS; which++) {
		struct cell *cell = cell_of(cells, id, which);
		if (!read_cell(cell, &copy) || is_of(&copy, id) || !is_right(txn, &copy))
			return cell;
	}
	return cell_of(cells, id, (unsigned)atomic_load_explicit(&txn->db->login_cache->kept, memory_order_relaxed) % WAYS);
}

static void keep(orgdb_txn *txn, const struct login_id *id, const struct login *login)
{
	struct cell_copy copy = { .id = { id->words[0], id->words[1] } };
	if (!pack(login, &copy))
		return;
	struct cells *cells = cells_to_keep_in(txn);
	if (!cells)
		return;
	copy.shard = (uint8_t)shard_of_organization(login->organization);
	copy.generation = generation_of(txn, copy.shard);
	write_cell(cell_to_write(txn, cells, id), &copy);
}

static inline bool find_kept(orgdb_txn *txn, const struct login_id *id, struct login_run *run)
{
	struct cells *cells = atomic_load(&txn->db->login_cache->cells);
	struct cell_copy copy;
	for (unsigned which = 0; cells && which < WAYS; which++) {
		struct cell *cell = cell_of(cells, id, which);
		if (load_word(cell, 2) != id->words[0]) { /* Only a hint: it may change just now. */
			if (load_word(cell, 0) == 0)
				return false;
		} else if (read_cell(cell, &copy) && is_of(&copy, id)) {
			unpack(&copy, run);
			return is_right(txn, &copy);
		}
	}
	return false;
}

void orgdb__login_prefetch(orgdb_txn *txn, const struct login_id *id)
{
	struct cells *cells = atomic_load(&txn->db->login_cache->cells);
	if (cells)
		__builtin_prefetch(cell_of(cells, id, 0));
}

/* Out of the map, where a row has no end of its own. */
static int run_of(orgdb_txn *txn, const struct login *login, struct login_run *run, const struct login_entry **entries)
{
	struct login_entry *out = run->entries;
	if (login->count > CELL_ENTRIES_MAX) {
		size_t size = ((size_t)login->count + 1) * sizeof(*out);
		int rc = orgdb__buffer_reserve(&txn->run, size);
		if (rc != 0)
			return rc;
		out = (struct login_entry *)(void *)txn->run.data;
	}
	uint32_t last = 0;
	bool ascending = true;
	for (uint32_t i = 0; i < login->count; i++) {
		out[i] = login_at(login, i);
		ascending &= out[i].connection > last;
		last = out[i].connection;
	}
	if (!ascending || last == LOGIN_END)
		return orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_LOGIN, "a row is out of order");
	out[login->count].connection = LOGIN_END;
	run->flags = login->flags;
	*entries = out;
	return 0;
}

int orgdb__login_run(
	orgdb_txn *txn, const struct login_id *id, struct login_run *run, const struct login_entry **entries)
{
	bool cached = !txn->write && txn->db->login_cache->count_max > 0 && id->possible;
	if (cached && find_kept(txn, id, run)) {
		tally(txn->tallies, TALLY_ROW_HITS);
		*entries = run->entries;
		return 0;
	}
	struct login login;
	int rc = orgdb__login_find(txn, id, &login);
	if (rc == 0)
		rc = run_of(txn, &login, run, entries);
	if (cached)
		tally(txn->tallies, TALLY_ROW_MISSES);
	if (rc == 0 && cached)
		keep(txn, id, &login);
	return rc;
}
