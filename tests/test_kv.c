/*
 * The key-value layer, against arrays: long runs of nearby changes and questions in one transaction, which all go through
 * the cursors that it keeps for the tables, of tables that share a place.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "fixture.h"
#include "store.h"

TestSuite(kv, .init = fixture_writing, .fini = fixture_close, .timeout = 120);

static const enum kv_table tables[] = { TABLE_APPLICATION_CONNECTIONS, TABLE_ENABLED_CONNECTIONS, TABLE_MEMBERSHIPS };
enum {
	TABLES = COUNT_OF(tables),
	GROUPS = 40,
	IN_GROUP = 60,
	PLACES = GROUPS * IN_GROUP,
	VALUE_MAX = 900,
	RUN_MAX = 80
};

/* The models: how long the value at each place is, 0 if there is none, and what it is filled with. */
static struct model {
	size_t sizes[PLACES];
	uint8_t fillings[PLACES];
} models[TABLES];

/* The one that is worked on. */
static struct model *model = models;

static enum kv_table table(void)
{
	return tables[model - models];
}

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
	if (key.size != wanted.size || memcmp(key.data, wanted.data, key.size) != 0 || value.size != model->sizes[place])
		return false;
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] != model->fillings[place])
			return false;
	return true;
}

static void put(size_t place, size_t size, uint8_t filling)
{
	uint8_t value[VALUE_MAX];
	struct text_key key = key_of_place(place);
	memset(value, filling, size);
	must(orgdb__kv_put(txn->kv, table(), text_key_bytes(&key), (struct bytes){ value, size }));
	model->sizes[place] = size;
	model->fillings[place] = filling;
}

static void take_out(size_t place)
{
	struct text_key key = key_of_place(place);
	int rc = orgdb__kv_delete(txn->kv, table(), text_key_bytes(&key));
	cr_assert_eq(rc, model->sizes[place] > 0 ? 0 : ORGDB_NOT_FOUND);
	model->sizes[place] = 0;
}

static void take_out_group(size_t group)
{
	struct key prefix = key_of_number(group);
	must(orgdb__kv_delete_prefix(txn->kv, table(), key_bytes(&prefix)));
	memset(model->sizes + group * IN_GROUP, 0, IN_GROUP * sizeof(model->sizes[0]));
}

static void seek(size_t place)
{
	struct text_key key = key_of_place(place);
	struct bytes found, value;
	int rc = orgdb__kv_seek(txn->kv, table(), text_key_bytes(&key), &found, &value);
	while (place < PLACES && model->sizes[place] == 0)
		place++;
	cr_assert(place < PLACES ? rc == 0 && is_entry(place, found, value) : rc == ORGDB_NOT_FOUND, "at %zu", place);
}

static void seek_before(size_t place)
{
	struct text_key key = key_of_place(place);
	struct bytes found, value;
	int rc = orgdb__kv_seek_before(txn->kv, table(), text_key_bytes(&key), &found, &value);
	while (place > 0 && model->sizes[place - 1] == 0)
		place--;
	cr_assert(place > 0 ? rc == 0 && is_entry(place - 1, found, value) : rc == ORGDB_NOT_FOUND, "before %zu", place);
}

static void get(size_t place)
{
	struct text_key key = key_of_place(place);
	struct bytes value;
	int rc = orgdb__kv_get(txn->kv, table(), text_key_bytes(&key), &value);
	cr_assert(
		model->sizes[place] > 0 ? rc == 0 && is_entry(place, text_key_bytes(&key), value) : rc == ORGDB_NOT_FOUND);
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

static void check_one(void)
{
	struct kv_cursor *cursor;
	struct bytes key, value;
	size_t place = 0;
	must(orgdb__kv_cursor_open(txn->kv, table(), &cursor));
	int rc = orgdb__kv_cursor_seek(cursor, (struct bytes){ NULL, 0 }, &key, &value);
	for (; rc == 0; rc = orgdb__kv_cursor_next(cursor, &key, &value), place++) {
		while (place < PLACES && model->sizes[place] == 0)
			place++;
		cr_assert(place < PLACES && is_entry(place, key, value), "at %zu", place);
	}
	orgdb__kv_cursor_close(cursor);
	while (place < PLACES && model->sizes[place] == 0)
		place++;
	cr_assert(rc == ORGDB_NOT_FOUND && place == PLACES, "after %zu", place);
}

static void check_all(void)
{
	for (model = models; model < models + TABLES; model++)
		check_one();
	model = models;
}

/* `weights` of putting, putting the same size, deleting; the rest asks. */
static void run_nearby(uint64_t *state, const unsigned weights[3])
{
	size_t place = next_random(state) % PLACES, length = 1 + next_random(state) % RUN_MAX;
	size_t step = next_random(state) % 4;
	size_t large = next_random(state) % 4 == 0 ? VALUE_MAX : 40;
	bool alone = next_random(state) % 2;
	model = &models[next_random(state) % TABLES];
	for (size_t i = 0; i < length; i++, place = (place + PLACES + step - 1) % PLACES) {
		uint64_t choice = next_random(state) % 100;
		if (!alone)
			model = &models[next_random(state) % TABLES];
		uint8_t filling = (uint8_t)next_random(state);
		if (choice < weights[0])
			put(place, 1 + next_random(state) % large, filling);
		else if ((choice -= weights[0]) < weights[1])
			put(place, model->sizes[place] ? model->sizes[place] : 5, filling);
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

/* However near the cursor is. */
Test(kv, a_table_ends_where_the_next_one_begins)
{
	struct key low = key_of_number(5), high = key_of_number(6);
	struct bytes value = { (const uint8_t *)"x", 1 }, found;
	must(orgdb__kv_put(txn->kv, TABLE_APPLICATION_CONNECTIONS, key_bytes(&low), value));
	must(orgdb__kv_put(txn->kv, TABLE_MEMBERSHIPS, key_bytes(&high), value));
	for (int round = 0; round < 2; round++) {
		must(orgdb__kv_seek(txn->kv, TABLE_APPLICATION_CONNECTIONS, key_bytes(&low), &found, &value));
		int rc = orgdb__kv_seek(txn->kv, TABLE_APPLICATION_CONNECTIONS, key_bytes(&high), &found, &value);
		cr_assert_eq(rc, ORGDB_NOT_FOUND);
		rc = orgdb__kv_seek_before(txn->kv, TABLE_MEMBERSHIPS, key_bytes(&high), &found, &value);
		cr_assert_eq(rc, ORGDB_NOT_FOUND);
	}
	must(orgdb__kv_delete(txn->kv, TABLE_APPLICATION_CONNECTIONS, key_bytes(&low)));
	int rc = orgdb__kv_seek(txn->kv, TABLE_APPLICATION_CONNECTIONS, key_bytes(&low), &found, &value);
	cr_assert_eq(rc, ORGDB_NOT_FOUND);
	must(orgdb__kv_get(txn->kv, TABLE_MEMBERSHIPS, key_bytes(&high), &value));
}

Test(kv, appending_refuses_what_is_not_behind)
{
	struct key low = key_of_number(5), high = key_of_number(6);
	struct bytes value = { (const uint8_t *)"x", 1 };
	must(orgdb__kv_append(txn->kv, table(), key_bytes(&high), value));
	cr_assert_eq(orgdb__kv_append(txn->kv, table(), key_bytes(&low), value), ORGDB_CORRUPT);
}
