/*
 * Reader slots: where read transactions wait between uses, and how anyone can tell which are in use.
 *
 * Taking a slot is one compare-and-swap on a cache line that, as a rule, only this thread uses. A taken slot shows the
 * *epoch* in which it was taken. What is shared with readers without locks is unlinked first and freed when every slot
 * that was taken in the same or an earlier epoch is free again: such readers alone may still see it.
 *
 * Each slot also counts what its transactions did, in the same cache line, so that threads do not share one to count.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_READERS_H
#define ORGDB_READERS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	CACHE_LINE = 64,
	SLOTS_IN_BLOCK = 64,
};

/* What is counted. */
enum tally { TALLY_BEGUN, TALLY_LOOKUPS, TALLY_ROW_HITS, TALLY_ROW_MISSES, TALLY_CATALOG_COPIES, TALLIES };

/* Written by one thread at a time, read by any. */
struct tallies {
	_Atomic uint64_t of[TALLIES];
};

static inline void tally(struct tallies *tallies, enum tally what)
{
	uint64_t count = atomic_load_explicit(&tallies->of[what], memory_order_relaxed);
	atomic_store_explicit(&tallies->of[what], count + 1, memory_order_relaxed);
}

struct reader_slot {
	alignas(CACHE_LINE) _Atomic uint64_t epoch; /* 0: free. */
	struct orgdb_txn *_Atomic txn;              /* Kept while the slot is free, or NULL. */
	bool keeps;                                 /* Else the transaction ends with its use. */
	struct tallies tallies;
};

_Static_assert(sizeof(struct reader_slot) == CACHE_LINE, "a slot is a cache line");

/* Blocks are only ever added while the store is open. */
struct reader_block {
	struct reader_block *_Atomic next;
	struct reader_slot slots[SLOTS_IN_BLOCK];
};

struct readers {
	_Atomic uint64_t epoch; /* From 1 on. */
	unsigned keep;          /* How many slots keep transactions: each keeps one of LMDB's slots from other processes. */
	struct reader_block *_Atomic blocks;
};

/* Take a free slot; NULL when out of memory. */
struct reader_slot *orgdb__readers_take(struct readers *readers);
/* Take one that keeps a transaction; NULL if none is free. */
struct reader_slot *orgdb__readers_take_kept(struct readers *readers);

/* After this the store may be closed by another thread at any instant: touch it no more. */
static inline void orgdb__readers_leave(struct reader_slot *slot)
{
	atomic_exchange(&slot->epoch, 0);
}

bool orgdb__readers_idle(struct readers *readers);
/* Begin a new epoch; returns the one that ended. */
uint64_t orgdb__readers_advance(struct readers *readers);
/* The earliest epoch that a slot was taken in; UINT64_MAX if all are free. What was unlinked in an earlier one is seen by
 * nobody. */
uint64_t orgdb__readers_earliest(struct readers *readers);
/* Call `each` for every transaction that is kept; the slots must be idle. */
void orgdb__readers_each(struct readers *readers, void (*each)(struct orgdb_txn *txn));
/* Of all slots together. */
uint64_t orgdb__readers_tally(struct readers *readers, enum tally what);
/* Free the slots, which must be idle. */
void orgdb__readers_free(struct readers *readers);

#endif
