/*
 * Who gets at what: links that others have put there, secrets in messages, and input that is meant to exhaust memory.
 * That new files are their owner's alone is with those that make them: test_store.c, test_copy.c, test_salvage.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(intruders, .init = fixture_store, .fini = fixture_close, .timeout = 120);

/* ---- Links ------------------------------------------------------------------------------------------------------- */

static void expect_refused(const char *path, const orgdb_options *options)
{
	orgdb *none;
	expect_error(orgdb_open(path, options, &none), ORGDB_PERMISSION, "");
	cr_expect_not_null(
		strstr(orgdb_last_error()->message, "is a symbolic link; remove it"), "%s", orgdb_last_error()->message);
}

/* Whoever may make files in the folder could have another file written, or made, by whoever opens the store. */
Test(intruders, a_lock_file_that_is_a_link_is_refused)
{
	static const char precious[] = "precious";
	char after[sizeof(precious)] = "";
	orgdb_options reading = ORGDB_OPTIONS_INIT;
	reading.read_only = true;
	close_store();
	const char *lock = format("%s-lock", store_path), *target = path_in_directory("target");
	cr_assert_eq(unlink(lock), 0);
	cr_assert_eq(symlink(target, lock), 0);
	expect_refused(store_path, NULL);
	expect_refused(store_path, &reading);
	cr_expect_neq(access(target, F_OK), 0, "a file was made where the link leads");
	FILE *file = fopen(target, "wb");
	cr_assert(file && fwrite(precious, 1, sizeof(precious), file) == sizeof(precious) && fclose(file) == 0);
	expect_refused(store_path, NULL);
	expect_refused(store_path, &reading);
	file = fopen(target, "rb");
	cr_assert(file && fread(after, 1, sizeof(after), file) == sizeof(after) && fclose(file) == 0);
	cr_expect_str_eq(after, precious);
	cr_expect_eq(file_size(target), sizeof(precious));
}

/* ---- Secrets ----------------------------------------------------------------------------------------------------- */

#define SECRET "s3cr3t-0f-0thers"

static bool betrayed;

static void look_for_secret(const char *text)
{
	betrayed |= strstr(text, SECRET) != NULL;
}

static void hear_log(void *context, uint32_t level, const char *message)
{
	(void)context;
	(void)level;
	look_for_secret(message);
}

static void hear_problem(void *context, const orgdb_problem *problem)
{
	(void)context;
	look_for_secret(problem->message);
}

static void expect_failure(int rc)
{
	cr_expect_neq(rc, 0);
	look_for_secret(orgdb_last_error()->message);
	look_for_secret(orgdb_last_error()->field);
}

static orgdb_value with_secret(const char *more)
{
	return value_of_json(
		format("{\"client_secret\": \"" SECRET "\", \"nested\": [{\"key\": \"" SECRET "\"}]%s}", more));
}

/* What holds a secret is a value or a field that orgdb does not know; what is wrong with it is said without it. */
static void refuse_secrets(void)
{
	orgdb_connection one = valid_entity(ORGDB_KIND_CONNECTION, "one").connection;
	one.options = with_secret(", \"domain_aliases\": \"" SECRET "\"");
	expect_failure(orgdb_connection_create(txn, &one, NULL));
	one.options = with_secret("");
	one.metadata = value_of_json("{\"" SECRET "\": 1}");
	expect_failure(orgdb_connection_create(txn, &one, NULL));
	one.metadata = RAW("\x81\xa1k\xb0" SECRET "\xc1");
	expect_failure(orgdb_connection_create(txn, &one, NULL));
	one.metadata = (orgdb_value){ NULL, 0 };
	one.extra = value_of_json("{\"name\": \"" SECRET "\"}");
	expect_failure(orgdb_connection_create(txn, &one, NULL));
	one.extra = with_secret("");
	must(orgdb_connection_create(txn, &one, NULL));
	one.id = (orgdb_str){ NULL, 0 };
	expect_failure(orgdb_connection_create(txn, &one, NULL));
}

Test(intruders, no_message_holds_a_secret)
{
	close_store();
	must(orgdb_set_log(hear_log, NULL));
	open_store(NULL);
	begin_write();
	refuse_secrets();
	commit();
	close_store();
	image_load(store_path);
	for (size_t at = 0; at < 60; at++) { /* The record, broken here and there. */
		uint8_t *leaf = first_leaf("connections"), *record = value_of(node_at(leaf, 0));
		uint8_t before = record[at % little_get32(node_at(leaf, 0))],
				*byte = &record[at % little_get32(node_at(leaf, 0))];
		*byte ^= (uint8_t)(1u << at % 8);
		const char *damaged = path_in_directory("damaged.orgdb"), *saved = path_in_directory("saved.orgdb");
		image_write(damaged);
		must(orgdb_open(damaged, NULL, &db));
		orgdb_check_report checked = ORGDB_CHECK_REPORT_INIT;
		checked.problem = hear_problem;
		if (orgdb_check(db, &checked) != 0)
			look_for_secret(orgdb_last_error()->message);
		close_store();
		orgdb_salvage_report salvaged = ORGDB_SALVAGE_REPORT_INIT;
		salvaged.problem = hear_problem;
		if (orgdb_salvage(damaged, saved, 0, &salvaged) != 0)
			look_for_secret(orgdb_last_error()->message);
		remove(saved);
		*byte = before;
	}
	cr_expect(!betrayed, "a message holds a secret");
	must(orgdb_set_log(NULL, NULL));
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

enum { LONG = 64 << 20, BOUND = 8 << 20 };

/* How much is taken at once, at most. */
static struct {
	size_t now, most;
} memory;

/* The size stands before what is given. */
enum { BEFORE = 64 };

static void *measure(void *block, size_t size)
{
	memcpy(block, &size, sizeof(size));
	memory.now += size;
	if (memory.now > memory.most)
		memory.most = memory.now;
	return (char *)block + BEFORE;
}

static void *measured_allocate(void *context, size_t alignment, size_t size)
{
	(void)context;
	return alignment > BEFORE ? NULL : measure(aligned_alloc(BEFORE, (size + 2 * BEFORE - 1) / BEFORE * BEFORE), size);
}

static void measured_release(void *context, void *block)
{
	size_t size;
	(void)context;
	memcpy(&size, (char *)block - BEFORE, sizeof(size));
	memory.now -= size;
	free((char *)block - BEFORE);
}

static void *measured_reallocate(void *context, void *block, size_t size)
{
	size_t before = 0;
	void *moved = measured_allocate(context, BEFORE, size);
	if (block) {
		memcpy(&before, (char *)block - BEFORE, sizeof(before));
		memcpy(moved, block, before < size ? before : size);
		measured_release(context, block);
	}
	return moved;
}

static char *long_text(void)
{
	char *text = keep(LONG + 1);
	memset(text, 'a', LONG);
	text[LONG] = '\0';
	return text;
}

static void expect_cheap(const char *what, int rc)
{
	cr_expect_neq(rc, 0, "%s: accepted", what);
	cr_expect_lt(memory.most, BOUND, "%s: takes %zu bytes", what, memory.most);
	memory.most = memory.now;
}

/* Every field of every kind of entity, one after the other. */
static void give_long_fields(uint32_t kind, const char *text)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	uint8_t *map = keep(LONG + 16);
	memcpy(map, "\x81\xa1k\xdb", 4); /* {"k": "aaa..."} */
	for (int i = 0; i < 4; i++)
		map[4 + i] = (uint8_t)(LONG >> (24 - 8 * i));
	memcpy(map + 8, text, LONG);
	for (size_t i = 0; i < schema->field_count; i++) {
		const orgdb_field *field = &schema->fields[i];
		any_entity entity = valid_entity(kind, "long");
		if (field->type == ORGDB_TYPE_TEXT)
			*text_at(&entity, field) = (orgdb_str){ text, LONG };
		else if (field->type == ORGDB_TYPE_MAP || field->type == ORGDB_TYPE_ARRAY)
			*value_at(&entity, field) = (orgdb_value){ map, LONG + 8 };
		else
			continue;
		expect_cheap(format("%s.%s", schema->name, field->name), orgdb_entity_create(txn, kind, &entity, NULL));
	}
	any_entity entity = valid_entity(kind, "long");
	entity.extra = (orgdb_value){ map, LONG + 8 };
	expect_cheap(format("%s.extra", schema->name), orgdb_entity_create(txn, kind, &entity, NULL));
}

/* A few bytes that promise much more. */
static void give_wild_counts(uint32_t kind)
{
	static const char *const wild[] = { "\xdf\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff",
		"\x81\xa1k\xdd\x7f\xff\xff\xff", "\xc6\xff\xff\xff\xff" };
	for (size_t i = 0; i < COUNT_OF(wild); i++) {
		any_entity entity = valid_entity(kind, "wild");
		entity.extra = (orgdb_value){ wild[i], strlen(wild[i]) };
		expect_cheap("a wild count", orgdb_entity_create(txn, kind, &entity, NULL));
	}
}

Test(intruders, input_of_any_length_costs_bounded_memory)
{
	const orgdb_allocator measuring = { NULL, measured_allocate, measured_reallocate, measured_release };
	char *text = long_text();
	any_entity found;
	bool is_member;
	close_store();
	must(orgdb_set_allocator(&measuring));
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.row_cache_size = 0;
	open_store(&options);
	begin_write();
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		give_long_fields(kind, text);
		give_wild_counts(kind);
		expect_cheap("get", orgdb_entity_get(txn, kind, text, &found));
		expect_cheap("delete", orgdb_entity_delete(txn, kind, text, NULL));
	}
	expect_cheap("contains", orgdb_membership_contains(txn, text, text, &is_member));
	expect_cheap("add", orgdb_membership_add(txn, text, text, NULL));
	expect_cheap("open", orgdb_open(text, NULL, &(orgdb *){ NULL }));
	close_store();
	cr_expect_eq(memory.now, 0);
	must(orgdb_set_allocator(NULL));
}
