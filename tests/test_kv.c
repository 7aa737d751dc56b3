/*
 * The key-value layer, against an array: long runs of nearby changes and questions in one transaction, which all go through
 * the cursor that it keeps for the table.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "fixture.h"
#include "store.h"

TestSuite(kv, .init = fixture_writing, .fini = fixture_close, .timeout = 120);

#define TABLE TABLE_MEMBERSHIPS
enum { GROUPS = 40, IN_GROUP = 60, PLACES = GROUPS * IN_GROUP, VALUE_MAX = 900, RUN_MAX = 80 };

/* The model: how long the value at each place is, 0 if there is none, and what it is filled with. */
static size_t sizes[PLACES];
static uint8_t fillings[PLACES];

/* Those of every third group are long, and differ at their ends. */
static struct text_key key_of_place(size_t place)
{
	struct key group = key_of_number(place / IN_GROUP), number = key_of_number(place % IN_GROUP);
	struct text_key key = { .size = place / IN_GROUP % 3 == 0 ? 40 : group.size };
	memcpy(key.data, group.data, group.size);
	memcpy(key.data + key.size, number.data, number.size);
	key.size += number.size;
	return key;
}

static bool is_entry(size_t place, struct bytes key, struct bytes value)
{
	struct text_key wanted = key_of_place(place);
	if (key.size != wanted.size || memcmp(key.data, wanted.data, key.size) != 0 || value.size != sizes[place])
		return false;
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] != fillings[place])
			return false;
	return true;
}

static void put(size_t place, size_t size, uint8_t filling)
{
	uint8_t value[VALUE_MAX];
	struct text_key key = key_of_place(place);
	memset(value, filling, size);
	must(orgdb__kv_put(txn->kv, TABLE, text_key_bytes(&key), (struct bytes){ value, size }));
	sizes[place] = size;
	fillings[place] = filling;
}

static void take_out(size_t place)
{
	struct text_key key = key_of_place(place);
	int rc = orgdb__kv_delete(txn->kv, TABLE, text_key_bytes(&key));
	cr_assert_eq(rc, sizes[place] > 0 ? 0 : ORGDB_NOT_FOUND);
	sizes[place] = 0;
}

static void take_out_group(size_t group)
{
	struct key prefix = key_of_number(group);
	must(orgdb__kv_delete_prefix(txn->kv, TABLE, key_bytes(&prefix)));
	memset(sizes + group * IN_GROUP, 0, IN_GROUP * sizeof(sizes[0]));
}

static void seek(size_t place)
{
	struct text_key key = key_of_place(place);
	struct bytes found, value;
	int rc = orgdb__kv_seek(txn->kv, TABLE, text_key_bytes(&key), &found, &value);
	while (place < PLACES && sizes[place] == 0)
		place++;
	cr_assert(place < PLACES ? rc == 0 && is_entry(place, found, value) : rc == ORGDB_NOT_FOUND, "at %zu", place);
}

static void seek_before(size_t place)
{
	struct text_key key = key_of_place(place);
	struct bytes found, value;
	int rc = orgdb__kv_seek_before(txn->kv, TABLE, text_key_bytes(&key), &found, &value);
	while (place > 0 && sizes[place - 1] == 0)
		place--;
	cr_assert(place > 0 ? rc == 0 && is_entry(place - 1, found, value) : rc == ORGDB_NOT_FOUND, "before %zu", place);
}

static void get(size_t place)
{
	struct text_key key = key_of_place(place);
	struct bytes value;
	int rc = orgdb__kv_get(txn->kv, TABLE, text_key_bytes(&key), &value);
	cr_assert(sizes[place] > 0 ? rc == 0 && is_entry(place, text_key_bytes(&key), value) : rc == ORGDB_NOT_FOUND);
}

static void ask(size_t place, uint64_t question)
{
	if (question == 0)
		seek(place);
	else if (question == 1)
		seek_before(place);
	else
		get(place);
}

static void check_all(void)
{
	struct kv_cursor *cursor;
	struct bytes key, value;
	size_t place = 0;
	must(orgdb__kv_cursor_open(txn->kv, TABLE, &cursor));
	int rc = orgdb__kv_cursor_seek(cursor, (struct bytes){ NULL, 0 }, &key, &value);
	for (; rc == 0; rc = orgdb__kv_cursor_next(cursor, &key, &value), place++) {
		while (place < PLACES && sizes[place] == 0)
			place++;
		cr_assert(place < PLACES && is_entry(place, key, value), "at %zu", place);
	}
	orgdb__kv_cursor_close(cursor);
	while (place < PLACES && sizes[place] == 0)
		place++;
	cr_assert(rc == ORGDB_NOT_FOUND && place == PLACES, "after %zu", place);
}

/* `weights` of putting, putting the same size, deleting; the rest asks. */
static void run_nearby(uint64_t *state, const unsigned weights[3])
{
	size_t place = next_random(state) % PLACES, length = 1 + next_random(state) % RUN_MAX;
	size_t step = next_random(state) % 4;
	size_t large = next_random(state) % 4 == 0 ? VALUE_MAX : 40;
	for (size_t i = 0; i < length; i++, place = (place + PLACES + step - 1) % PLACES) {
		uint64_t choice = next_random(state) % 100;
		uint8_t filling = (uint8_t)next_random(state);
		if (choice < weights[0])
			put(place, 1 + next_random(state) % large, filling);
		else if ((choice -= weights[0]) < weights[1])
			put(place, sizes[place] ? sizes[place] : 5, filling);
		else if ((choice -= weights[1]) < weights[2])
			take_out(place);
		else
			ask(next_random(state) % 3 == 0 ? next_random(state) % PLACES : place, choice % 3);
	}
}

/* Look at what was committed with the reader that has looked at it before. */
static void change_transaction(uint64_t *state)
{
	commit();
	begin_read();
	for (int i = 0; i < 50; i++)
		seek(next_random(state) % PLACES);
	check_all();
	end();
	begin_write();
}

static void run_random(uint64_t seed, int runs)
{
	static const unsigned growing[] = { 50, 10, 15 }, shrinking[] = { 8, 10, 60 }, emptying[] = { 0, 5, 90 };
	uint64_t state = seed;
	for (int i = 0; i < runs; i++) {
		run_nearby(&state, i % 500 < 200 ? growing : i % 500 < 350 ? shrinking : emptying);
		if (next_random(&state) % 20 == 0)
			take_out_group(next_random(&state) % GROUPS);
		if (i % 25 == 0)
			check_all();
		if (next_random(&state) % 40 == 0)
			change_transaction(&state);
	}
}

Test(kv, random_runs_of_nearby_changes)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		run_random(seed, 1500);
}

Test(kv, appending_refuses_what_is_not_behind)
{
	struct key low = key_of_number(5), high = key_of_number(6);
	struct bytes value = { (const uint8_t *)"x", 1 };
	must(orgdb__kv_append(txn->kv, TABLE, key_bytes(&high), value));
	cr_assert_eq(orgdb__kv_append(txn->kv, TABLE, key_bytes(&low), value), ORGDB_CORRUPT);
}
