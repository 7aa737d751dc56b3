/*
 * Looking inside: tables, their rows, free pages and readers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/types.h>
#include <unistd.h>

#include "fixture.h"

static void populated_store(void)
{
	fixture_writing();
	populate();
	commit();
	begin_read();
}

TestSuite(inspect, .init = populated_store, .fini = fixture_close, .timeout = 60);

/* Tables. */

enum { TABLES_MAX = 100 };

static orgdb_table tables[TABLES_MAX];

static size_t list_tables(void)
{
	size_t count;
	must(orgdb_tables(txn, 0, tables, TABLES_MAX, &count));
	cr_assert_lt(count, (size_t)TABLES_MAX);
	return count;
}

static const orgdb_table *table_named(const char *name)
{
	size_t count = list_tables(), i = 0;
	while (i < count && strcmp(tables[i].name, name) != 0)
		i++;
	cr_assert_lt(i, count, "no table %s", name);
	return &tables[i];
}

Test(inspect, tables_tell_their_rows)
{
	orgdb_statistics all = statistics();
	expect_number(table_named("users")->rows, all.count[ORGDB_KIND_USER]);
	expect_number(table_named("organizations")->rows, all.count[ORGDB_KIND_ORGANIZATION]);
	expect_number(table_named("organization_login")->rows, all.count[ORGDB_KIND_ORGANIZATION]);
	cr_expect(table_named("users")->holds_objects);
	cr_expect(table_named("attributes")->holds_objects);
	cr_expect_not(table_named("unique")->holds_objects);
	cr_expect_not(table_named("edges")->holds_objects);
	cr_expect_not(table_named("meta")->holds_objects);
}

Test(inspect, tables_tell_their_pages)
{
	size_t count = list_tables();
	for (size_t i = 0; i < count; i++) {
		expect_number(tables[i].ordinal, i + 1);
		cr_expect_eq(tables[i].rows == 0, tables[i].depth == 0, "%s", tables[i].name);
		cr_expect_eq(tables[i].rows == 0, tables[i].leaf_pages == 0, "%s", tables[i].name);
	}
	end();
	begin_write();
	orgdb_user user = ORGDB_USER_INIT;
	user.user_metadata = value_of_json(format("{\"note\":\"%s\"}", repeat("x", 40000)));
	must(orgdb_user_create(txn, &user, NULL));
	for (size_t i = 0; i < 500; i++)
		create_user(format("more-%zu", i));
	orgdb_table users = *table_named("users"); /* In a write transaction, too. */
	cr_expect_eq(users.depth, 2, "%u", users.depth);
	expect_number(users.branch_pages, 1);
	cr_expect_gt(users.leaf_pages, 1);
	cr_expect_geq(users.overflow_pages, 40000 / statistics().page_size);
}

Test(inspect, pages_add_up)
{
	size_t count = list_tables();
	uint64_t pages = 2, free_pages; /* Two meta pages. */
	for (size_t i = 0; i < count; i++)
		pages += tables[i].branch_pages + tables[i].leaf_pages + tables[i].overflow_pages;
	must(orgdb_free_pages(txn, &free_pages));
	uint64_t used = statistics().used_size / statistics().page_size;
	/* The table of tables and the free list are not listed: a page or a few each. */
	cr_expect_leq(pages + free_pages + 2, used);
	cr_expect_geq(pages + free_pages + 6, used, "%llu + %llu of %llu", (unsigned long long)pages,
		(unsigned long long)free_pages, (unsigned long long)used);
}

Test(inspect, free_pages_take_a_read_transaction)
{
	uint64_t free_pages;
	end();
	begin_write();
	expect_error(orgdb_free_pages(txn, &free_pages), ORGDB_MISUSE, "");
	create_organization("still-usable");
	commit();
}

Test(inspect, tables_are_listed_by_the_page)
{
	size_t count = list_tables(), found;
	orgdb_table page[4];
	uint64_t after = 0, walked = 0;
	do {
		must(orgdb_tables(txn, after, page, COUNT_OF(page), &found));
		for (size_t i = 0; i < found; i++)
			cr_expect_str_eq(page[i].name, tables[walked++].name);
		after += found;
	} while (found == COUNT_OF(page));
	expect_number(walked, count);
	must(orgdb_tables(txn, UINT64_MAX, page, COUNT_OF(page), &found));
	expect_number(found, 0);
}

/* Rows. */

/* Bytes, but for hot rows, whose keys are numbers as this machine has them. */
static bool is_behind(const char *table, const orgdb_row *row, const orgdb_row *last)
{
	if (!last->key)
		return true;
	if (strcmp(table, "organization_login") == 0) {
		uint64_t numbers[2];
		memcpy(&numbers[0], last->key, sizeof(numbers[0]));
		memcpy(&numbers[1], row->key, sizeof(numbers[1]));
		return numbers[1] > numbers[0];
	}
	int order = memcmp(last->key, row->key, last->key_size < row->key_size ? last->key_size : row->key_size);
	return order < 0 || (order == 0 && last->key_size < row->key_size);
}

Test(inspect, rows_are_listed_by_the_page)
{
	size_t count = list_tables();
	for (size_t i = 0; i < count; i++) {
		orgdb_row page[3], last = { 0 };
		uint64_t walked = 0;
		size_t found;
		do {
			must(orgdb_table_rows(txn, tables[i].name, last.key, last.key_size, page, COUNT_OF(page), &found));
			for (size_t j = 0; j < found; j++) {
				cr_expect(is_behind(tables[i].name, &page[j], &last), "%s", tables[i].name);
				last = page[j];
				walked++;
			}
		} while (found == COUNT_OF(page));
		expect_number(walked, tables[i].rows);
	}
}

/* Behind the byte that tells users' ids from what else is unique. */
Test(inspect, a_row_is_what_is_stored)
{
	orgdb_row rows[10];
	size_t found;
	must(orgdb_table_rows(txn, "unique", "\x08", 1, rows, COUNT_OF(rows), &found));
	cr_assert_gt(found, 0);
	cr_assert_eq(*(const char *)rows[0].key, 8);
	orgdb_user user;
	must(orgdb_user_get(txn, copy((orgdb_str){ (const char *)rows[0].key + 1, rows[0].key_size - 1 }), &user));
	must(orgdb_table_rows(txn, "users", NULL, 0, rows, COUNT_OF(rows), &found));
	cr_expect_eq(*(const unsigned char *)rows[0].value & 0xf0, 0x80, "a small map");
}

Test(inspect, rows_may_be_resumed_behind_keys_that_are_not_there)
{
	orgdb_row row, next;
	size_t found;
	must(orgdb_table_rows(txn, "users", NULL, 0, &row, 1, &found));
	unsigned char behind[20];
	memcpy(behind, row.key, row.key_size);
	behind[row.key_size] = 0;
	must(orgdb_table_rows(txn, "users", row.key, row.key_size, &row, 1, &found));
	must(orgdb_table_rows(txn, "users", behind, row.key_size + 1, &next, 1, &found));
	cr_expect_eq(next.key, row.key);
	must(orgdb_table_rows(txn, "users", "\xff", 1, &next, 1, &found));
	expect_number(found, 0);
}

Test(inspect, rows_that_go_in_between_do_no_harm)
{
	orgdb_row rows[3], next;
	size_t found;
	must(orgdb_table_rows(txn, "users", NULL, 0, rows, COUNT_OF(rows), &found));
	char gone[20], behind[20];
	memcpy(gone, rows[1].key, rows[1].key_size);
	memcpy(behind, rows[2].key, rows[2].key_size);
	size_t gone_size = rows[1].key_size, behind_size = rows[2].key_size;
	orgdb_user users[2];
	must(orgdb_user_list(txn, 0, users, COUNT_OF(users), &found));
	const char *id = copy(users[1].user_id);
	end();
	begin_write();
	must(orgdb_user_delete(txn, id, NULL));
	must(orgdb_table_rows(txn, "users", gone, gone_size, &next, 1, &found));
	cr_expect(next.key_size == behind_size && memcmp(next.key, behind, behind_size) == 0);
}

Test(inspect, rows_of_nothing)
{
	orgdb_row row;
	size_t found;
	expect_error(orgdb_table_rows(txn, "no_such_table", NULL, 0, &row, 1, &found), ORGDB_NOT_FOUND, "table");
	expect_error(orgdb_table_rows(txn, "users", "", 0, &row, 1, &found), ORGDB_INVALID, "after");
	expect_error(orgdb_table_rows(txn, "users", repeat("x", 512), 512, &row, 1, &found), ORGDB_INVALID, "after");
	must(orgdb_table_rows(txn, "users", NULL, 0, &row, 0, &found));
	expect_number(found, 0);
}

/* Readers. */

/* The entries of another process; how many there were in all is in `total`. */
static size_t readers_of(pid_t process, orgdb_reader *out, size_t capacity, size_t *total)
{
	orgdb_reader all[20];
	size_t of_process = 0;
	must(orgdb_readers(db, 0, all, COUNT_OF(all), total));
	for (size_t i = 0; i < *total; i++)
		if (all[i].process == (uint64_t)process && of_process < capacity)
			out[of_process++] = all[i];
	return of_process;
}

static void write_twice(void)
{
	for (size_t i = 0; i < 2; i++) {
		begin_write();
		create_organization(format("later-%zu", i));
		commit();
	}
}

Test(inspect, own_readers)
{
	orgdb_reader reader;
	size_t total;
	cr_assert_eq(readers_of(getpid(), &reader, 1, &total), 1);
	cr_expect(reader.is_active);
	cr_expect_not(reader.is_stale);
	expect_number(reader.behind, 0);
	orgdb_txn *old = txn;
	write_twice();
	readers_of(getpid(), &reader, 1, &total);
	expect_number(reader.behind, 2);
	orgdb_end(old);
	readers_of(getpid(), &reader, 1, &total);
	cr_expect_not(reader.is_active);
	cr_expect_not(reader.is_stale);
}

Test(inspect, a_reader_is_old_from_the_age_of_the_option_on)
{
	close_store();
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 64 * MEBIBYTE;
	options.reader_age_max = 3;
	open_store(&options);
	begin_read();
	orgdb_reader reader;
	size_t total;
	orgdb_txn *reading = txn;
	for (size_t changes = 0; changes < 5; changes++) {
		readers_of(getpid(), &reader, 1, &total);
		expect_number(reader.behind, changes);
		cr_expect_eq(reader.is_old, changes >= 3, "after %zu changes", changes);
		begin_write();
		create_organization(format("later-%zu", changes));
		commit();
	}
	orgdb_end(reading);
	readers_of(getpid(), &reader, 1, &total);
	cr_expect_not(reader.is_old);
}

static bool read_twice(void)
{
	orgdb *own;
	orgdb_txn *reader, *idle;
	bool ok = orgdb_open(store_path, NULL, &own) == 0 && orgdb_begin_read(own, &reader) == 0 &&
		orgdb_begin_read(own, &idle) == 0;
	orgdb_end(ok ? idle : NULL);
	return ok;
}

Test(inspect, readers_of_another_process)
{
	close_store();
	pid_t other = process_that(read_twice);
	open_store(NULL);
	write_twice();
	orgdb_reader readers[3];
	size_t total;
	cr_assert_eq(readers_of(other, readers, COUNT_OF(readers), &total), 2);
	cr_expect(readers[0].is_active);
	expect_number(readers[0].behind, 2);
	cr_expect_not(readers[1].is_active);
	cr_expect_not(readers[0].is_stale || readers[1].is_stale);

	end_process(other);
	cr_assert_eq(readers_of(other, readers, COUNT_OF(readers), &total), 2);
	cr_expect(readers[0].is_stale && readers[1].is_stale);
	cr_expect(readers[0].is_active);
	cr_assert_eq(readers_of(getpid(), readers, COUNT_OF(readers), &total), 0);
}

static bool only_open(void)
{
	orgdb *own;
	return orgdb_open(store_path, NULL, &own) == 0;
}

/* Who opens a store that nobody has open finds no readers: LMDB begins its lock file anew. */
Test(inspect, looking_leaves_stale_readers_and_opening_for_writing_clears_them)
{
	static const orgdb_options read_only = { .size = sizeof(read_only), .read_only = true, .map_size = 64 * MEBIBYTE };
	close_store();
	pid_t other = process_that(only_open);
	end_process(process_that(read_twice));
	orgdb_reader readers[3];
	size_t total;
	for (size_t i = 0; i < 2; i++) {
		open_store(&read_only);
		must(orgdb_readers(db, 0, readers, COUNT_OF(readers), &total));
		expect_number(total, 2);
		close_store();
	}
	open_store(NULL);
	must(orgdb_readers(db, 0, readers, COUNT_OF(readers), &total));
	expect_number(total, 0);
	end_process(other);
}

/* Looking must not cost this process its locks: others would take its readers for dead. */
static bool sees_only_the_living(void)
{
	pid_t parent = getppid();
	orgdb *own;
	orgdb_reader readers[3];
	size_t total = 0;
	bool ok = orgdb_open(store_path, NULL, &own) == 0 && orgdb_readers(own, 0, readers, COUNT_OF(readers), &total) == 0;
	return ok && total == 1 && readers[0].process == (uint64_t)parent && !readers[0].is_stale;
}

Test(inspect, looking_at_readers_keeps_ones_own)
{
	orgdb_reader readers[3];
	size_t total;
	for (size_t i = 0; i < 3; i++)
		must(orgdb_readers(db, 0, readers, COUNT_OF(readers), &total));
	end_process(process_that(sees_only_the_living));
	orgdb_txn *reader = txn;
	uint64_t count;
	write_twice();
	must(orgdb_organization_count(reader, &count));
	expect_number(count, 5);
	orgdb_end(reader);
}

Test(inspect, readers_are_listed_by_the_page)
{
	orgdb_txn *more[4];
	for (size_t i = 0; i < COUNT_OF(more); i++)
		must(orgdb_begin_read(db, &more[i]));
	orgdb_reader page[2];
	uint64_t after = 0;
	size_t found;
	do {
		must(orgdb_readers(db, after, page, COUNT_OF(page), &found));
		for (size_t i = 0; i < found; i++)
			expect_number(page[i].ordinal, after + i + 1);
		after += found;
	} while (found == COUNT_OF(page));
	expect_number(after, 1 + COUNT_OF(more));
	for (size_t i = 0; i < COUNT_OF(more); i++)
		orgdb_end(more[i]);
}
