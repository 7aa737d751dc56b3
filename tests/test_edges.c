/*
 * Sets of ordinals in packed chunks, against a sorted array.
 *
 * SPDX-License-Identifier: MIT
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "edges.h"
#include "fixture.h"

#define TABLE TABLE_ORGANIZATIONS_OF_USER
enum { MODEL_MAX = 20000 };

/* The model. */
static uint64_t numbers[MODEL_MAX];
static size_t count;

TestSuite(edges, .init = fixture_writing, .fini = fixture_close);

static struct half half_of(uint64_t ordinal)
{
	return (struct half){ TABLE, key_of_number(7), ordinal };
}

static size_t place_of(uint64_t number, bool *there)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (numbers[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	*there = low < count && numbers[low] == number;
	return low;
}

static void insert(uint64_t number)
{
	bool there;
	size_t at = place_of(number, &there);
	struct half half = half_of(number);
	cr_assert_eq(orgdb__set_insert(txn, &half), there ? ORGDB_EXISTS : 0, "inserting %llu", (unsigned long long)number);
	if (there)
		return;
	memmove(numbers + at + 1, numbers + at, (count - at) * sizeof(*numbers));
	numbers[at] = number;
	count++;
}

static void take_out(uint64_t number)
{
	bool there;
	size_t at = place_of(number, &there);
	struct half half = half_of(number);
	cr_assert_eq(
		orgdb__set_remove(txn, &half), there ? 0 : ORGDB_NOT_FOUND, "removing %llu", (unsigned long long)number);
	if (!there)
		return;
	count--;
	memmove(numbers + at, numbers + at + 1, (count - at) * sizeof(*numbers));
}

/* Chunks hold what the model holds, within their keys and sizes, and the last one counts right. Returns how many. */
static size_t check_chunks(void)
{
	struct kv_cursor *cursor;
	struct bytes key, value;
	size_t chunks = 0, seen = 0;
	bool ended = count == 0;
	must(orgdb__kv_cursor_open(txn->kv, TABLE, &cursor));
	int rc = orgdb__kv_cursor_seek(cursor, (struct bytes){ NULL, 0 }, &key, &value);
	for (; rc == 0; rc = orgdb__kv_cursor_next(cursor, &key, &value)) {
		struct chunk chunk;
		cr_assert(orgdb__chunk_read(key, value, 1, &chunk));
		cr_assert(chunk.count > 0 && packed_size(chunk.ordinals, chunk.count) <= CHUNK_SIZE_MAX);
		cr_assert_eq(chunk.before, chunk.last ? seen : 0);
		for (size_t i = 0; i < chunk.count; i++, seen++)
			cr_assert(seen < count && chunk.ordinals[i] == numbers[seen], "at %zu", seen);
		ended = chunk.last;
		chunks++;
	}
	orgdb__kv_cursor_close(cursor);
	cr_assert(rc == ORGDB_NOT_FOUND && seen == count && ended);
	struct key owner = key_of_number(7);
	uint64_t counted;
	must(orgdb__set_count(txn, TABLE, &owner, &counted));
	cr_assert_eq(counted, count);
	return chunks;
}

static void check_list(uint64_t after, size_t capacity)
{
	static uint64_t got[MODEL_MAX];
	size_t got_count, at = 0;
	struct key owner = key_of_number(7);
	must(orgdb__set_list(txn, TABLE, &owner, after, got, capacity, &got_count));
	while (at < count && numbers[at] <= after)
		at++;
	size_t expected = count - at < capacity ? count - at : capacity;
	cr_assert_eq(got_count, expected);
	cr_assert(memcmp(got, numbers + at, expected * sizeof(*got)) == 0);
}

Test(edges, an_empty_set_leaves_nothing_behind)
{
	insert(5);
	insert(5);
	take_out(4);
	take_out(5);
	cr_assert_eq(check_chunks(), 0);
}

Test(edges, appending_leaves_full_chunks)
{
	for (uint64_t i = 1; i <= 10000; i++)
		insert(70000 + i);
	/* Three bytes each: 333 fill a chunk. */
	cr_assert_eq(check_chunks(), 10000 / 333 + 1);
}

Test(edges, removing_from_the_front_joins_chunks)
{
	for (uint64_t i = 1; i <= 5000; i++)
		insert(i);
	for (uint64_t i = 1; i <= 4990; i++) {
		take_out(i);
		if (i % 100 == 0)
			check_chunks();
	}
	cr_assert_eq(check_chunks(), 1);
}

Test(edges, removing_from_the_end_joins_chunks)
{
	for (uint64_t i = 1; i <= 5000; i++)
		insert(i);
	for (uint64_t i = 5000; i > 10; i--) {
		take_out(i);
		if (i % 100 == 0)
			check_chunks();
	}
	cr_assert_eq(check_chunks(), 1);
}

Test(edges, thinning_out_joins_chunks)
{
	for (uint64_t i = 1; i <= 5000; i++)
		insert(i);
	for (uint64_t i = 5000; i > 0; i--)
		if (i % 20 != 0)
			take_out(i);
	cr_assert_eq(check_chunks(), 1);
}

Test(edges, a_wide_number_splits_a_narrow_chunk)
{
	for (uint64_t i = 1; i <= 255; i++)
		insert(i);
	cr_assert_eq(check_chunks(), 1);
	insert(UINT64_MAX - 1);
	check_chunks();
	for (uint64_t i = 256; i <= 900; i++)
		insert(i);
	check_chunks();
	insert(UINT64_MAX - 2);
	insert(UINT64_C(1) << 40);
	check_chunks();
}

Test(edges, neighbors_in_the_table_are_left_alone)
{
	struct half before = { TABLE, key_of_number(6), 1 }, after = { TABLE, key_of_number(8), 1 };
	must(orgdb__set_insert(txn, &before));
	must(orgdb__set_insert(txn, &after));
	for (uint64_t i = 1; i <= 2000; i++)
		insert(i);
	for (uint64_t i = 2000; i > 0; i--)
		take_out(i);
	must(orgdb__set_contains(txn, &before));
	must(orgdb__set_contains(txn, &after));
	must(orgdb__set_remove(txn, &before));
	must(orgdb__set_remove(txn, &after));
	check_chunks();
}

static size_t stored_size(void)
{
	struct key owner = key_of_number(7);
	struct bytes value;
	owner.data[owner.size++] = KEY_INFINITY;
	must(orgdb__kv_get(txn->kv, TABLE, key_bytes(&owner), &value));
	return value.size;
}

Test(edges, places_stay_free_until_there_are_too_many)
{
	for (uint64_t i = 1; i <= 20; i++)
		insert(i);
	cr_assert_eq(stored_size(), 1 + 20);
	for (uint64_t i = 1; i <= 7; i++) {
		take_out(i);
		cr_assert_eq(stored_size(), 1 + 20);
	}
	insert(30);
	cr_assert_eq(stored_size(), 1 + 20, "it takes a free place");
	insert(300);
	cr_assert_eq(stored_size(), 1 + 15 * 2, "two bytes each, and none free");
	insert(5);
	cr_assert_eq(stored_size(), 1 + 16 * 2);
	for (uint64_t i = 8; i <= 15; i++)
		take_out(i);
	cr_assert_eq(stored_size(), 1 + 8 * 2, "all free places go with the eighth");
	check_chunks();
}

enum { SETS = 300, RANGE = 400 };
static bool contains[SETS][RANGE];

static void change_set(uint64_t owner, uint64_t ordinal, bool add)
{
	struct half half = { TABLE, key_of_number(1000 + owner), 1 + ordinal };
	bool *there = &contains[owner][ordinal];
	if (add)
		cr_assert_eq(orgdb__set_insert(txn, &half), *there ? ORGDB_EXISTS : 0);
	else
		cr_assert_eq(orgdb__set_remove(txn, &half), *there ? 0 : ORGDB_NOT_FOUND);
	*there = add;
}

static void check_set(uint64_t owner)
{
	struct key key = key_of_number(1000 + owner);
	uint64_t got[RANGE], total;
	size_t got_count, at = 0;
	must(orgdb__set_list(txn, TABLE, &key, 0, got, RANGE, &got_count));
	must(orgdb__set_count(txn, TABLE, &key, &total));
	for (uint64_t ordinal = 0; ordinal < RANGE; ordinal++)
		if (contains[owner][ordinal])
			cr_assert(at < got_count && got[at++] == 1 + ordinal, "set %llu", (unsigned long long)owner);
	cr_assert(at == got_count && total == at);
}

/* As users' organizations change: few in each set, one after another in the order of owners or against it. */
Test(edges, random_changes_in_many_small_sets)
{
	uint64_t state = 3;
	for (int run = 0; run < 4000; run++) {
		uint64_t owner = next_random(&state) % SETS, ordinal = next_random(&state) % RANGE;
		uint64_t step = next_random(&state) % 2 ? 1 : SETS - 1, length = next_random(&state) % 100;
		bool add = next_random(&state) % 5 < 2, same = next_random(&state) % 4 > 0;
		for (uint64_t i = 0; i < length; i++, owner = (owner + step) % SETS) {
			if (!same)
				ordinal = next_random(&state) % RANGE;
			change_set(owner, ordinal, add);
			if (next_random(&state) % 4 == 0)
				check_set(next_random(&state) % SETS);
		}
	}
	for (uint64_t owner = 0; owner < SETS; owner++)
		check_set(owner);
}

static void run_random(uint64_t seed, uint64_t range, int operations)
{
	uint64_t state = seed;
	for (int i = 0; i < operations; i++) {
		/* Grow for a while, then shrink, so that chunks split and join. */
		bool growing = i / 5000 % 2 == 0;
		uint64_t number = 1 + next_random(&state) % range;
		if (next_random(&state) % 4 < (growing ? 3u : 1u))
			insert(number);
		else
			take_out(growing || count == 0 ? number : numbers[next_random(&state) % count]);
		if (i % 500 == 0) {
			check_chunks();
			check_list(next_random(&state) % range, next_random(&state) % 700);
		}
	}
	check_chunks();
}

Test(edges, random_changes_in_a_narrow_range)
{
	run_random(1, 6000, 40000);
}

Test(edges, random_changes_in_a_wide_range)
{
	run_random(2, UINT64_MAX / 2, 40000);
}

/* Two chunks, and the last one says nothing about the other. */
Test(edges, a_last_chunk_that_does_not_count_is_damaged)
{
	struct key first = key_of_pair(7, 9), last = key_of_number(7);
	last.data[last.size++] = KEY_INFINITY;
	must(orgdb__kv_put(txn->kv, TABLE, key_bytes(&first), (struct bytes){ (const uint8_t[]){ 1, 5 }, 2 }));
	must(orgdb__kv_put(txn->kv, TABLE, key_bytes(&last), (struct bytes){ (const uint8_t[]){ 1, 20 }, 2 }));
	struct half half = half_of(6);
	cr_assert_eq(orgdb__set_insert(txn, &half), ORGDB_CORRUPT);
}

Test(edges, chunks_of_damaged_shape_are_refused)
{
	static const struct {
		const char *what;
		uint8_t key[8], value[16];
		size_t key_size, value_size;
	} rows[] = {
		{ "no bound", { 1, 7 }, { 1, 5 }, 2, 2 },
		{ "an owner cut off", { 2, 7 }, { 1, 5 }, 2, 2 },
		{ "bytes behind the bound", { 1, 7, 1, 9, 0 }, { 1, 5 }, 5, 2 },
		{ "no ordinals", { 1, 7, 0xff }, { 1 }, 3, 1 },
		{ "a width of 0", { 1, 7, 0xff }, { 0, 5 }, 3, 2 },
		{ "a width of 9", { 1, 7, 0xff }, { 9, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 3, 10 },
		{ "half an ordinal", { 1, 7, 0xff }, { 2, 5, 0, 6 }, 3, 4 },
		{ "a count before a chunk that is not last", { 1, 7, 1, 9 }, { 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 5 }, 4, 10 },
		{ "a count cut off", { 1, 7, 0xff }, { 0x81, 1, 0, 0 }, 3, 4 },
		{ "out of order", { 1, 7, 0xff }, { 1, 5, 4 }, 3, 3 },
		{ "twice", { 1, 7, 0xff }, { 1, 5, 5 }, 3, 3 },
		{ "nothing but free places", { 1, 7, 0xff }, { 0x11, 0 }, 3, 2 },
		{ "a free place that is not", { 1, 7, 0xff }, { 0x11, 5, 6 }, 3, 3 },
		{ "above the bound", { 1, 7, 1, 9 }, { 1, 5, 10 }, 4, 3 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chunk chunk;
		cr_expect(!orgdb__chunk_read((struct bytes){ rows[i].key, rows[i].key_size },
					  (struct bytes){ rows[i].value, rows[i].value_size }, 1, &chunk),
			"%s", rows[i].what);
	}
}
