/*
 * Reader slots: where read transactions wait between uses, and how anyone can tell which are in use.
 *
 * All atomic operations here are sequentially consistent, and that matters: a reader first shows its epoch and then looks
 * at what is shared; whoever unlinks something first unlinks it and then looks at the epochs. So either the reader sees
 * that it is gone, or the other sees the reader.
 *
 * SPDX-License-Identifier: MIT
 */
#include "readers.h"

#include "memory.h"

/* Each thread begins to look at another slot, and goes on from the one that it had last. */
static unsigned first_slot(unsigned *given)
{
	static atomic_uint threads;
	static _Thread_local unsigned last = UINT32_MAX;
	if (given)
		last = *given;
	else if (last == UINT32_MAX)
		last = atomic_fetch_add(&threads, 1) % SLOTS_IN_BLOCK;
	return last;
}

static bool take(struct readers *readers, struct reader_slot *slot)
{
	uint64_t free_slot = 0, epoch = atomic_load(&readers->epoch);
	return atomic_compare_exchange_strong(&slot->epoch, &free_slot, epoch);
}

static struct reader_slot *take_in_block(struct readers *readers, struct reader_block *block, unsigned first)
{
	for (unsigned i = 0; i < SLOTS_IN_BLOCK; i++) {
		unsigned at = (first + i) % SLOTS_IN_BLOCK;
		if (take(readers, &block->slots[at])) {
			if (i > 0)
				first_slot(&at);
			return &block->slots[at];
		}
	}
	return NULL;
}

static bool add_block(struct readers *readers)
{
	struct reader_block *block = orgdb__allocate_aligned(CACHE_LINE, sizeof(*block));
	if (!block)
		return false;
	for (int i = 0; i < SLOTS_IN_BLOCK; i++) {
		atomic_init(&block->slots[i].epoch, 0);
		atomic_init(&block->slots[i].txn, NULL);
		for (int what = 0; what < TALLIES; what++)
			atomic_init(&block->slots[i].tallies.of[what], 0);
	}
	atomic_init(&block->next, NULL);
	/* At the end, so that the first block, whose slots keep transactions, stays the one that is looked at first. */
	struct reader_block *_Atomic *end = &readers->blocks;
	for (;;) {
		struct reader_block *next = NULL;
		for (unsigned i = 0; i < SLOTS_IN_BLOCK; i++)
			block->slots[i].keeps = end == &readers->blocks && i < readers->keep;
		if (atomic_compare_exchange_strong(end, &next, block))
			return true;
		end = &next->next;
	}
}

struct reader_slot *orgdb__readers_take(struct readers *readers)
{
	unsigned first = first_slot(NULL);
	do {
		for (struct reader_block *block = atomic_load(&readers->blocks); block; block = atomic_load(&block->next)) {
			struct reader_slot *slot = take_in_block(readers, block, first);
			if (slot)
				return slot;
		}
	} while (add_block(readers));
	return NULL;
}

struct reader_slot *orgdb__readers_take_kept(struct readers *readers)
{
	for (struct reader_block *block = atomic_load(&readers->blocks); block; block = atomic_load(&block->next))
		for (int i = 0; i < SLOTS_IN_BLOCK; i++) {
			struct reader_slot *slot = &block->slots[i];
			if (!take(readers, slot))
				continue;
			if (slot->txn)
				return slot;
			orgdb__readers_leave(slot);
		}
	return NULL;
}

uint64_t orgdb__readers_earliest(struct readers *readers)
{
	uint64_t found = UINT64_MAX;
	for (struct reader_block *block = atomic_load(&readers->blocks); block; block = atomic_load(&block->next))
		for (int i = 0; i < SLOTS_IN_BLOCK; i++) {
			uint64_t epoch = atomic_load(&block->slots[i].epoch);
			if (epoch != 0 && epoch < found)
				found = epoch;
		}
	return found;
}

bool orgdb__readers_idle(struct readers *readers)
{
	return orgdb__readers_earliest(readers) == UINT64_MAX;
}

uint64_t orgdb__readers_advance(struct readers *readers)
{
	return atomic_fetch_add(&readers->epoch, 1);
}

void orgdb__readers_each(struct readers *readers, void (*each)(struct orgdb_txn *txn))
{
	for (struct reader_block *block = atomic_load(&readers->blocks); block; block = atomic_load(&block->next))
		for (int i = 0; i < SLOTS_IN_BLOCK; i++)
			if (block->slots[i].txn)
				each(block->slots[i].txn);
}

uint64_t orgdb__readers_tally(struct readers *readers, enum tally what)
{
	uint64_t sum = 0;
	for (struct reader_block *block = atomic_load(&readers->blocks); block; block = atomic_load(&block->next))
		for (int i = 0; i < SLOTS_IN_BLOCK; i++)
			sum += atomic_load_explicit(&block->slots[i].tallies.of[what], memory_order_relaxed);
	return sum;
}

void orgdb__readers_free(struct readers *readers)
{
	struct reader_block *block = atomic_load(&readers->blocks);
	while (block) {
		struct reader_block *next = atomic_load(&block->next);
		orgdb__release(block);
		block = next;
	}
	atomic_store(&readers->blocks, NULL);
}
