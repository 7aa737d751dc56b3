/*
 * Stores: opening, creating, sharing and closing them, and files that are none.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

TestSuite(store, .init = fixture_directory, .fini = fixture_close, .timeout = 120);

static const orgdb_options read_only = { .size = sizeof(read_only), .read_only = true, .map_size = 64 * MEBIBYTE };
static const orgdb_options existing = { .size = sizeof(existing), .must_exist = true, .map_size = 64 * MEBIBYTE };

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *stream = fopen(path, "wb");
	cr_assert_not_null(stream, "%s", path);
	cr_assert_eq(fwrite(data, 1, size, stream), size);
	fclose(stream);
}

/* Open and expect to fail. */
static void expect_no_open(const char *path, const orgdb_options *options, int code)
{
	orgdb *none;
	int rc = orgdb_open(path, options, &none);
	cr_expect_eq(rc, code, "%s gave %s: %s", path, orgdb_error_name(rc), rc ? orgdb_last_error()->message : "");
	cr_expect(rc == 0 || orgdb_last_error()->code == rc);
	if (rc == 0)
		orgdb_close(none);
}

static void store_with_content(void)
{
	open_store(NULL);
	begin_write();
	populate();
	commit();
}

static uint64_t organizations_in(orgdb *store)
{
	orgdb_txn *reader;
	uint64_t count;
	must(orgdb_begin_read(store, &reader));
	must(orgdb_organization_count(reader, &count));
	orgdb_end(reader);
	return count;
}

/* Creating. */

Test(store, open_creates_one_file_and_its_lock_file)
{
	open_store(NULL);
	cr_expect_eq(files_in_directory(), 2, "%zu files", files_in_directory());
	cr_expect_gt(file_size(store_path), 0);
	cr_expect_eq(access(format("%s-lock", store_path), F_OK), 0);
	expect_sound_store();
}

Test(store, files_are_their_owners_alone_whatever_the_umask)
{
	static const mode_t masks[] = { 0, 022, 077 };
	for (size_t i = 0; i < COUNT_OF(masks); i++) {
		umask(masks[i]);
		store_path = path_in_directory(format("%zu.orgdb", i));
		open_store(NULL);
		close_store();
		struct stat status;
		cr_assert_eq(stat(store_path, &status), 0);
		cr_expect_eq(status.st_mode & 0777, 0600, "umask %o: %o", (unsigned)masks[i], (unsigned)status.st_mode);
		cr_assert_eq(stat(format("%s-lock", store_path), &status), 0);
		cr_expect_eq(status.st_mode & 077, 0, "umask %o, lock file: %o", (unsigned)masks[i], (unsigned)status.st_mode);
	}
}

Test(store, a_new_store_is_empty)
{
	open_store(NULL);
	begin_read();
	orgdb_statistics found = statistics();
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		expect_number(found.count[kind], 0);
	expect_number(found.member_roles, 0);
	expect_number(found.lsn, 0);
}

Test(store, opening_anew_finds_everything)
{
	store_with_content();
	begin_read();
	orgdb_statistics before = statistics();
	close_store();
	open_store(NULL);
	begin_read();
	orgdb_statistics after = statistics();
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		expect_number(after.count[kind], before.count[kind]);
	expect_number(after.lsn, before.lsn);
	cr_expect_str_eq(after.uuid, before.uuid);
	expect_sound_store();
}

Test(store, stores_have_a_uuid_each)
{
	char uuids[2][37];
	for (size_t i = 0; i < 2; i++) {
		store_path = path_in_directory(format("%zu.orgdb", i));
		open_store(NULL);
		begin_read();
		orgdb_statistics found = statistics();
		memcpy(uuids[i], found.uuid, sizeof(uuids[i]));
		cr_assert_eq(strlen(uuids[i]), 36, "\"%s\"", uuids[i]);
		for (size_t j = 0; j < 36; j++)
			cr_expect(strchr(j == 8 || j == 13 || j == 18 || j == 23 ? "-" : "0123456789abcdef", uuids[i][j]),
				"\"%s\" at %zu", uuids[i], j);
		close_store();
	}
	cr_expect_str_neq(uuids[0], uuids[1]);
}

Test(store, statistics_tell_sizes)
{
	store_with_content();
	begin_read();
	orgdb_statistics found = statistics();
	cr_expect_eq(found.file_size, (uint64_t)file_size(store_path));
	cr_expect_gt(found.used_size, 0);
	cr_expect_leq(found.used_size, found.file_size);
	expect_number(found.map_size, 64 * MEBIBYTE);
	cr_expect_geq(found.readers, 1);
	cr_expect_gt(found.format_version, 0);
	expect_number(found.readers_max, 1022);
}

/* Options. */

Test(store, must_exist_creates_nothing)
{
	expect_no_open(store_path, &existing, ORGDB_NO_STORE);
	expect_no_open(store_path, &read_only, ORGDB_NO_STORE);
	cr_expect_eq(files_in_directory(), 0, "%zu files", files_in_directory());
}

Test(store, must_exist_opens_what_exists)
{
	store_with_content();
	close_store();
	open_store(&existing);
	cr_expect_eq(organizations_in(db), 5);
}

Test(store, default_options_open_too)
{
	must(orgdb_open(store_path, NULL, &db));
	begin_write();
	populate();
	commit_and_check();
}

Test(store, invalid_options_are_refused)
{
	static const orgdb_options invalid[] = {
		{ .size = 1 },
		{ .size = sizeof(orgdb_options) + 1 },
		{ .size = sizeof(orgdb_options), .durability = 2 },
		{ .size = sizeof(orgdb_options), .map_size = UINT64_MAX },
		{ .size = sizeof(orgdb_options), .readers_max = UINT32_MAX },
	};
	for (size_t i = 0; i < COUNT_OF(invalid); i++)
		expect_no_open(store_path, &invalid[i], ORGDB_INVALID);
	cr_expect_eq(files_in_directory(), 0, "%zu files", files_in_directory());
}

Test(store, relaxed_durability_keeps_what_was_committed)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = ORGDB_RELAXED;
	open_store(&options);
	begin_write();
	populate();
	commit();
	close_store();
	open_store(NULL);
	cr_expect_eq(organizations_in(db), 5);
	expect_sound_store();
}

Test(store, map_sizes_are_rounded_up_to_mebibytes)
{
	static const uint64_t sizes[] = { 1, 3 * MEBIBYTE - 1, 3 * MEBIBYTE, 3 * MEBIBYTE + 1 };
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		orgdb_options options = ORGDB_OPTIONS_INIT;
		options.map_size = sizes[i];
		store_path = path_in_directory(format("%zu.orgdb", i));
		open_store(&options);
		begin_read();
		expect_number(statistics().map_size, (sizes[i] + MEBIBYTE - 1) / MEBIBYTE * MEBIBYTE);
		close_store();
	}
}

Test(store, map_size_max_limits_the_map_from_the_beginning)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 8 * MEBIBYTE;
	options.map_size_max = 2 * MEBIBYTE;
	open_store(&options);
	begin_read();
	expect_number(statistics().map_size, 2 * MEBIBYTE);
}

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#define ADDRESS_SANITIZER __has_feature(address_sanitizer)
#else
#define ADDRESS_SANITIZER 0
#endif

Test(store, the_default_map_fits_into_what_the_process_may_have)
{
	if (ADDRESS_SANITIZER)
		skip("the sanitizer needs the address space");
	struct rlimit limit = { .rlim_cur = 1024 * MEBIBYTE, .rlim_max = RLIM_INFINITY };
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	must(orgdb_open(store_path, NULL, &db));
	begin_write();
	populate();
	commit_and_check();
	cr_expect_lt(statistics().map_size, limit.rlim_cur);
}

Test(store, a_store_larger_than_the_map_opens)
{
	store_with_content();
	begin_write();
	orgdb_user user = ORGDB_USER_INIT;
	user.user_metadata = value_of_json(format("{\"note\":\"%s\"}", repeat("x", 900000)));
	for (size_t i = 0; i < 10; i++)
		must(orgdb_user_create(txn, &user, NULL));
	commit();
	close_store();
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	open_store(&options);
	expect_sound_store();
	begin_read();
	cr_expect_geq(statistics().map_size, (uint64_t)file_size(store_path));
}

Test(store, readers_are_limited_by_option)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 16 * MEBIBYTE;
	options.readers_max = 4;
	open_store(&options);
	orgdb_txn *readers[5];
	size_t begun = 0;
	int rc = 0;
	while (begun < COUNT_OF(readers) && (rc = orgdb_begin_read(db, &readers[begun])) == 0)
		begun++;
	cr_expect_eq(rc, ORGDB_READERS_FULL, "%s", orgdb_error_name(rc));
	cr_expect_eq(begun, 4, "%zu readers", begun);
	orgdb_statistics found;
	must(orgdb_stat(readers[0], &found));
	cr_expect_eq(found.readers_max, 4);
	orgdb_end(readers[--begun]);
	must(orgdb_begin_read(db, &readers[begun++]));
	while (begun)
		orgdb_end(readers[--begun]);
}

/* One handle for a store. */

Test(store, a_second_open_by_any_path_gives_the_same_handle)
{
	open_store(NULL);
	cr_assert_eq(mkdir(path_in_directory("sub"), 0700), 0);
	cr_assert_eq(symlink("test.orgdb", path_in_directory("symlink.orgdb")), 0);
	cr_assert_eq(symlink(test_directory, path_in_directory("sub/back")), 0);
	cr_assert_eq(link(store_path, path_in_directory("hardlink.orgdb")), 0);
	cr_assert_eq(chdir(test_directory), 0);
	const char *const paths[] = { store_path, "test.orgdb", "./test.orgdb", path_in_directory("sub/../test.orgdb"),
		path_in_directory("symlink.orgdb"), path_in_directory("sub/back/test.orgdb"),
		path_in_directory("hardlink.orgdb"), format("%s//test.orgdb", test_directory) };
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		orgdb *again;
		must(orgdb_open(paths[i], NULL, &again));
		cr_expect_eq(again, db, "%s is another handle", paths[i]);
		orgdb_close(again);
	}
	cr_assert_eq(chdir("/"), 0);
	cr_expect_eq(organizations_in(db), 0, "still open");
}

Test(store, a_bare_name_is_created_in_the_working_directory)
{
	cr_assert_eq(chdir(test_directory), 0);
	must(orgdb_open("bare.orgdb", NULL, &db));
	cr_assert_eq(chdir("/"), 0);
	cr_expect_gt(file_size(path_in_directory("bare.orgdb")), 0);
	begin_write(); /* The working directory of later does not matter. */
	create_organization("acme");
	commit();
	cr_expect_eq(organizations_in(db), 1);
}

Test(store, a_symlink_can_be_the_first_path)
{
	open_store(NULL);
	close_store();
	const char *path = path_in_directory("symlink.orgdb");
	cr_assert_eq(symlink("test.orgdb", path), 0);
	orgdb *again;
	must(orgdb_open(path, NULL, &db));
	must(orgdb_open(store_path, NULL, &again));
	cr_expect_eq(again, db);
	orgdb_close(again);
}

Test(store, different_stores_are_different_handles)
{
	open_store(NULL);
	orgdb *other;
	must(orgdb_open(path_in_directory("other.orgdb"), NULL, &other));
	cr_expect_neq(other, db);
	begin_write();
	create_organization("acme");
	commit();
	cr_expect_eq(organizations_in(db), 1);
	cr_expect_eq(organizations_in(other), 0);
	orgdb_close(other);
}

Test(store, each_open_needs_its_own_close)
{
	orgdb *again;
	open_store(NULL);
	must(orgdb_open(store_path, NULL, &again));
	orgdb_close(db);
	db = again;
	begin_write();
	create_organization("acme");
	commit();
	close_store();
	open_store(NULL);
	cr_expect_eq(organizations_in(db), 1);
}

/* LMDB would take one lock file for both, so until the first is closed the path is refused. */
Test(store, a_replaced_file_waits_for_the_first_to_be_closed)
{
	store_with_content();
	cr_assert_eq(rename(store_path, path_in_directory("moved.orgdb")), 0);
	orgdb *other;
	expect_error(orgdb_open(store_path, NULL, &other), ORGDB_BUSY, "");
	cr_expect_eq(organizations_in(db), 5);
	close_store();
	must(orgdb_open(store_path, NULL, &other));
	cr_expect_eq(organizations_in(other), 0);
	orgdb_close(other);
}

Test(store, a_handle_promises_no_more_durability_than_it_was_opened_with)
{
	orgdb_options relaxed = ORGDB_OPTIONS_INIT;
	relaxed.map_size = 16 * MEBIBYTE;
	relaxed.durability = ORGDB_RELAXED;
	open_store(&relaxed);
	orgdb *other;
	expect_error(orgdb_open(store_path, NULL, &other), ORGDB_BUSY, "");
	must(orgdb_open(store_path, &relaxed, &other));
	orgdb_close(other);
	relaxed.read_only = true;
	relaxed.durability = ORGDB_DURABLE;
	must(orgdb_open(store_path, &relaxed, &other));
	orgdb_close(other);
}

Test(store, closing_no_store_does_nothing)
{
	orgdb_close(NULL);
	open_store(NULL);
	cr_expect_eq(organizations_in(db), 0);
}

struct opening {
	pthread_barrier_t *barrier;
	orgdb *opened;
	int rc;
};

static void *open_at_once(void *context)
{
	struct opening *opening = context;
	pthread_barrier_wait(opening->barrier);
	opening->rc = orgdb_open(store_path, NULL, &opening->opened);
	return NULL;
}

Test(store, threads_that_open_at_once_share_one_handle)
{
	enum { THREADS = 8 };
	pthread_barrier_t barrier;
	pthread_t threads[THREADS];
	struct opening openings[THREADS];
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++) {
		openings[i] = (struct opening){ .barrier = &barrier };
		cr_assert_eq(pthread_create(&threads[i], NULL, open_at_once, &openings[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	for (size_t i = 0; i < THREADS; i++) {
		cr_assert_eq(openings[i].rc, 0, "thread %zu: %s", i, orgdb_error_name(openings[i].rc));
		cr_expect_eq(openings[i].opened, openings[0].opened, "thread %zu", i);
		orgdb_close(openings[i].opened);
	}
	cr_expect_eq(files_in_directory(), 2, "%zu files", files_in_directory());
}

/* Read-only. */

Test(store, read_only_reads_and_refuses_to_write)
{
	store_with_content();
	close_store();
	open_store(&read_only);
	cr_expect_eq(organizations_in(db), 5);
	orgdb_txn *writer;
	expect_error(orgdb_begin_write(db, &writer), ORGDB_READ_ONLY, "");
	expect_sound_store();
}

Test(store, open_read_only_and_wanted_for_writing_is_busy)
{
	store_with_content();
	close_store();
	open_store(&read_only);
	expect_no_open(store_path, NULL, ORGDB_BUSY);
	orgdb *again;
	must(orgdb_open(store_path, &read_only, &again));
	cr_expect_eq(again, db);
	orgdb_close(again);
	close_store();
	open_store(NULL);
	begin_write();
	commit();
}

Test(store, open_for_writing_serves_readers_too)
{
	store_with_content();
	orgdb *again;
	must(orgdb_open(store_path, &read_only, &again));
	cr_expect_eq(again, db);
	cr_expect_eq(organizations_in(again), 5);
	orgdb_close(again);
}

/* Files that are no stores. */

Test(store, a_text_file_is_no_store_and_stays_as_it_is)
{
	const char *text = repeat("This is a letter.\n", 5000);
	static const size_t sizes[] = { 1, 18, 100, 4096, 8192, 90000 };
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		const char *path = path_in_directory(format("letter-%zu.txt", i));
		write_file(path, text, sizes[i]);
		expect_no_open(path, NULL, ORGDB_NOT_A_STORE);
		expect_no_open(path, &read_only, ORGDB_NOT_A_STORE);
		cr_expect_eq((size_t)file_size(path), sizes[i]);
	}
}

Test(store, an_empty_file_is_no_store)
{
	write_file(store_path, "", 0);
	expect_no_open(store_path, NULL, ORGDB_NOT_A_STORE);
	expect_no_open(store_path, &existing, ORGDB_NOT_A_STORE);
	cr_expect_eq(file_size(store_path), 0);
}

Test(store, zeros_are_no_store)
{
	static const char zeros[16384];
	write_file(store_path, zeros, sizeof(zeros));
	expect_no_open(store_path, NULL, ORGDB_NOT_A_STORE);
}

Test(store, a_directory_is_no_store)
{
	cr_assert_eq(mkdir(store_path, 0700), 0);
	expect_no_open(store_path, NULL, ORGDB_NOT_A_STORE);
	expect_no_open(store_path, &read_only, ORGDB_NOT_A_STORE);
}

Test(store, a_fifo_is_no_store_and_nobody_waits)
{
	cr_assert_eq(mkfifo(store_path, 0600), 0);
	expect_no_open(store_path, NULL, ORGDB_NOT_A_STORE);
	expect_no_open(store_path, &read_only, ORGDB_NOT_A_STORE);
}

Test(store, a_lock_file_is_no_store)
{
	open_store(NULL);
	close_store();
	expect_no_open(format("%s-lock", store_path), NULL, ORGDB_NOT_A_STORE);
}

Test(store, paths_that_lead_nowhere_fail)
{
	open_store(NULL);
	const char *const paths[] = { "", path_in_directory("missing/test.orgdb"), path_in_directory("test.orgdb/inside"),
		format("/%s", repeat("long", 5000)), format("%s/%s", test_directory, repeat("n", 300)) };
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		orgdb *none;
		int rc = orgdb_open(paths[i], NULL, &none);
		cr_expect_neq(rc, 0, "row %zu", i);
		cr_expect_eq(orgdb_last_error()->code, rc, "row %zu", i);
	}
	cr_expect_eq(files_in_directory(), 2, "%zu files", files_in_directory());
}

Test(store, a_dangling_symlink_is_no_store)
{
	const char *path = path_in_directory("dangling.orgdb");
	cr_assert_eq(symlink("target.orgdb", path), 0);
	expect_no_open(path, &existing, ORGDB_NO_STORE);
	expect_no_open(path, &read_only, ORGDB_NO_STORE);
	cr_expect_eq(files_in_directory(), 1, "%zu files", files_in_directory());
}

static void expect_truncated(size_t size)
{
	cr_assert_eq(truncate(store_path, (off_t)size), 0);
	orgdb *none;
	int rc = orgdb_open(store_path, NULL, &none);
	cr_expect(rc == ORGDB_CORRUPT || rc == ORGDB_NOT_A_STORE, "%zu bytes: %s", size, orgdb_error_name(rc));
	if (rc == 0)
		orgdb_close(none);
	cr_expect_eq((size_t)file_size(store_path), size, "%zu bytes: changed", size);
}

Test(store, a_truncated_store_is_refused)
{
	store_with_content();
	begin_write();
	for (size_t i = 0; i < 5000; i++)
		create_user(format("more-%zu", i));
	commit();
	close_store();
	size_t whole = (size_t)file_size(store_path);
	const size_t sizes[] = { whole / 2, whole / 2 / 4096 * 4096, 3 * 4096, 2 * 4096, 2 * 4096 - 1, 4096, 4095, 100, 1 };
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		expect_truncated(sizes[i]);
}

Test(store, a_store_with_damaged_meta_pages_is_refused)
{
	store_with_content();
	close_store();
	FILE *stream = fopen(store_path, "r+b");
	const char *garbage = repeat("\xa5", 8192);
	cr_assert_eq(fwrite(garbage, 1, 8192, stream), 8192);
	fclose(stream);
	orgdb *none;
	int rc = orgdb_open(store_path, NULL, &none);
	cr_expect(rc == ORGDB_CORRUPT || rc == ORGDB_NOT_A_STORE, "%s", orgdb_error_name(rc));
}

/* Pages that a transaction took and gave back are counted, but may never have been written: the file is shorter then,
 * and sound. */
Test(store, a_store_whose_last_pages_were_given_back_opens)
{
	store_with_content();
	for (size_t i = 0; i < 5; i++) { /* So that there are free pages, and pages given back join them. */
		begin_write();
		create_user(format("more-%zu", i));
		commit();
	}
	orgdb_user passing = ORGDB_USER_INIT;
	passing.user_id = orgdb_string("auth0|passing");
	passing.user_metadata = value_of_json(format("{\"note\":\"%s\"}", repeat("x", 900000)));
	begin_write();
	create_user("staying");
	must(orgdb_user_create(txn, &passing, NULL));
	must(orgdb_user_delete(txn, "auth0|passing", NULL));
	commit();
	begin_read();
	orgdb_statistics found = statistics();
	cr_expect_lt(found.file_size, found.used_size, "or this test shows nothing: %llu and %llu bytes",
		(unsigned long long)found.file_size, (unsigned long long)found.used_size);
	close_store();
	open_store(&existing);
	cr_expect_eq(organizations_in(db), 5);
	expect_sound_store();
}

/* The format row: three numbers of four bytes, least significant first, then the uuid as text. */
static size_t change_format(const char *uuid, size_t at, char number)
{
	struct stat status;
	cr_assert_eq(stat(store_path, &status), 0);
	size_t size = (size_t)status.st_size, changed = 0;
	char *content = keep(size);
	FILE *stream = fopen(store_path, "rb");
	cr_assert_eq(fread(content, 1, size, stream), size);
	fclose(stream);
	for (size_t i = 12; i + 36 <= size; i++) {
		if (memcmp(content + i, uuid, 36) != 0)
			continue;
		content[i - 12 + at] = number;
		changed++;
	}
	write_file(store_path, content, size);
	return changed;
}

Test(store, a_newer_format_says_which_version_is_needed)
{
	store_with_content();
	begin_read();
	orgdb_statistics found = statistics();
	close_store();
	cr_assert_gt(change_format(found.uuid, 8, 77), 0); /* The least version that may write. */
	expect_no_open(store_path, NULL, ORGDB_VERSION_MISMATCH);
	cr_expect(strstr(orgdb_last_error()->message, "77"), "%s", orgdb_last_error()->message);
	open_store(&read_only);
	cr_expect_eq(organizations_in(db), 5);
	close_store();
	change_format(found.uuid, 4, 78); /* The least version that may read. */
	expect_no_open(store_path, &read_only, ORGDB_VERSION_MISMATCH);
	cr_expect(strstr(orgdb_last_error()->message, "78"), "%s", orgdb_last_error()->message);
}

Test(store, no_permission_is_told)
{
	store_with_content();
	close_store();
	cr_assert_eq(chmod(store_path, 0), 0);
	cr_assert_eq(chmod(test_directory, 0755), 0);
	uid_t root = geteuid(); /* Root may read anything. */
	if (root == 0)
		cr_assert_eq(seteuid(65534), 0);
	orgdb *none;
	int rc = orgdb_open(store_path, NULL, &none);
	int system_error = orgdb_last_error()->system_error;
	if (root == 0)
		cr_assert_eq(seteuid(root), 0);
	cr_expect_eq(rc, ORGDB_PERMISSION, "%s", orgdb_error_name(rc));
	cr_expect_eq(system_error, EACCES);
}

/* Closing with transactions. */

Test(store, a_reader_outlives_the_close)
{
	store_with_content();
	begin_read();
	orgdb_close(db);
	uint64_t count;
	must(orgdb_organization_count(txn, &count));
	expect_number(count, 5);
	orgdb_organization organization;
	must(orgdb_organization_get_by_name(txn, "organization-3", &organization));
	expect_text(organization.name, "organization-3");
	end();
	open_store(NULL);
	cr_expect_eq(organizations_in(db), 5);
}

Test(store, a_writer_outlives_the_close_and_commits)
{
	open_store(NULL);
	begin_write();
	create_organization("before");
	orgdb_close(db);
	create_organization("after");
	commit();
	open_store(NULL);
	cr_expect_eq(organizations_in(db), 2);
	expect_sound_store();
}

Test(store, a_store_opened_again_while_a_transaction_lives_is_the_same)
{
	store_with_content();
	begin_read();
	orgdb *before = db;
	orgdb_close(db);
	open_store(NULL);
	cr_expect_eq(db, before);
	end();
	cr_expect_eq(organizations_in(db), 5);
	begin_write();
	create_organization("one-more");
	commit();
	cr_expect_eq(organizations_in(db), 6);
}

/* fork(). In the child nothing of Criterion works, so it answers with its exit status: 0, or the step that failed. */

static int exit_status_of_child(pid_t child)
{
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status), "the child ended with signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static int forked_calls(orgdb_txn *reader, orgdb_txn *writer)
{
	orgdb_txn *none;
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	orgdb_merged_connection entry;
	uint64_t number;
	size_t count;
	organization.name = orgdb_string("child");
	const int results[] = {
		orgdb_begin_read(db, &none),
		orgdb_begin_write(db, &none),
		orgdb_check(db, NULL),
		orgdb_lsn(reader, &number),
		orgdb_organization_get_by_name(reader, "organization-1", &organization),
		orgdb_organization_count(reader, &number),
		orgdb_organization_list(reader, 0, &organization, 1, &count),
		orgdb_merged_connections(reader, "x", NULL, NULL, &entry, 1, &count),
		orgdb_organization_create(writer, &organization, NULL),
		orgdb_membership_add(writer, "x", "x", NULL),
	};
	for (size_t i = 0; i < COUNT_OF(results); i++)
		if (results[i] != ORGDB_FORKED)
			return (int)i + 1;
	return 0;
}

static int child_of_an_open_store(orgdb_txn *reader, orgdb_txn *writer)
{
	int failed = forked_calls(reader, writer);
	if (failed)
		return failed;
	if (orgdb_commit(writer) != ORGDB_FORKED)
		return 100;
	orgdb_end(reader);
	orgdb_close(db);
	orgdb *own;
	if (orgdb_open(store_path, NULL, &own) != 0)
		return 101;
	orgdb_txn *again;
	orgdb_organization organization;
	if (orgdb_begin_read(own, &again) != 0)
		return 102;
	if (orgdb_organization_get_by_name(again, "organization-1", &organization) != 0)
		return 103;
	orgdb_end(again);
	orgdb_close(own);
	return 0;
}

Test(store, a_handle_does_not_survive_fork_but_the_child_can_open_its_own)
{
	store_with_content();
	orgdb_txn *reader;
	must(orgdb_begin_read(db, &reader));
	begin_write();
	create_organization("parent");
	pid_t child = fork();
	if (child == 0)
		_exit(child_of_an_open_store(reader, txn));
	cr_expect_eq(exit_status_of_child(child), 0, "the child failed at the step of its exit status");
	uint64_t count;
	must(orgdb_organization_count(reader, &count));
	expect_number(count, 5);
	orgdb_end(reader);
	commit();
	cr_expect_eq(organizations_in(db), 6);
	expect_sound_store();
}

Test(store, a_child_lets_go_of_a_writer_without_harm)
{
	store_with_content();
	begin_write();
	create_organization("parent");
	pid_t child = fork();
	if (child == 0) {
		orgdb_end(txn);
		orgdb_close(db);
		_exit(0);
	}
	cr_expect_eq(exit_status_of_child(child), 0);
	commit();
	cr_expect_eq(organizations_in(db), 6);
	expect_sound_store();
}

/* Other processes. They are forked before this one opens the store. */

static int write_one_organization(const char *name)
{
	orgdb *own;
	orgdb_txn *writer;
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string(name);
	if (orgdb_open(store_path, NULL, &own) != 0 || orgdb_begin_write(own, &writer) != 0)
		return 1;
	if (orgdb_organization_create(writer, &organization, NULL) != 0 || orgdb_commit(writer) != 0)
		return 2;
	orgdb_close(own);
	return 0;
}

Test(store, another_process_sees_commits_and_adds_its_own)
{
	enum { PROCESSES = 4 };
	store_with_content();
	close_store();
	pid_t children[PROCESSES];
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(write_one_organization(format("child-%d", i)));
	}
	open_store(NULL);
	begin_write();
	create_organization("parent");
	commit();
	for (int i = 0; i < PROCESSES; i++)
		cr_expect_eq(exit_status_of_child(children[i]), 0, "child %d", i);
	cr_expect_eq(organizations_in(db), 5 + 1 + PROCESSES);
	expect_sound_store();
}

static int fill_a_small_map(void)
{
	orgdb *own;
	orgdb_txn *writer;
	orgdb_user user = ORGDB_USER_INIT;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	char text[512 + 1];
	memset(text, 'x', 512);
	text[512] = '\0';
	user.picture = orgdb_string(text);
	int rc = orgdb_open(store_path, &options, &own);
	for (int attempt = 0; rc == 0 && attempt < 10; attempt++) {
		rc = orgdb_begin_write(own, &writer);
		for (int i = 0; i < 5000 && rc == 0; i++)
			rc = orgdb_user_create(writer, &user, NULL);
		int ended = rc == 0 ? orgdb_commit(writer) : ORGDB_MAP_FULL;
		if (rc != 0)
			orgdb_end(writer);
		if (ended == 0)
			return 0;
		rc = ended == ORGDB_MAP_FULL ? 0 : ended;
	}
	return 1;
}

static void follow(bool write_first)
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		char go;
		_exit(read(ends[0], &go, 1) == 1 ? fill_a_small_map() : 2);
	}
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	open_store(&options);
	begin_write();
	create_organization("acme");
	commit();
	cr_expect_eq(organizations_in(db), 1);
	cr_assert_eq(write(ends[1], "!", 1), 1);
	cr_assert_eq(exit_status_of_child(child), 0);
	if (write_first)
		begin_write();
	else
		begin_read();
	expect_number(statistics().count[ORGDB_KIND_USER], 5000);
	cr_expect_gt(statistics().map_size, MEBIBYTE);
	end();
	begin_write();
	create_organization("umbrella");
	commit();
	expect_sound_store();
	close(ends[0]);
	close(ends[1]);
}

Test(store, a_reader_follows_when_another_process_makes_the_store_grow)
{
	follow(false);
}

Test(store, a_writer_follows_when_another_process_makes_the_store_grow)
{
	follow(true);
}

Test(store, processes_that_create_at_once_share_one_store)
{
	enum { PROCESSES = 6 };
	pid_t children[PROCESSES];
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(write_one_organization(format("child-%d", i)));
	}
	for (int i = 0; i < PROCESSES; i++)
		cr_expect_eq(exit_status_of_child(children[i]), 0, "child %d", i);
	open_store(&existing);
	cr_expect_eq(organizations_in(db), PROCESSES);
	cr_expect_eq(files_in_directory(), 2, "%zu files", files_in_directory());
	expect_sound_store();
}

static bool begin_to_write(void)
{
	orgdb *own;
	orgdb_txn *writer;
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string("never");
	return orgdb_open(store_path, NULL, &own) == 0 && orgdb_begin_write(own, &writer) == 0 &&
		orgdb_organization_create(writer, &organization, NULL) == 0;
}

Test(store, a_process_that_dies_while_writing_leaves_the_last_commit)
{
	store_with_content();
	close_store();
	pid_t writer = process_that(begin_to_write);
	open_store(NULL);
	end_process(writer);
	begin_write(); /* The lock of the dead is taken over. */
	uint64_t count;
	must(orgdb_organization_count(txn, &count));
	expect_number(count, 5);
	create_organization("never");
	commit();
	expect_sound_store();
}

static const orgdb_options four_readers = { .size = sizeof(four_readers), .map_size = 16 * MEBIBYTE, .readers_max = 4 };

static bool take_three_readers(void)
{
	orgdb *own;
	orgdb_txn *readers[3];
	bool ok = orgdb_open(store_path, &four_readers, &own) == 0;
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		ok = ok && orgdb_begin_read(own, &readers[i]) == 0;
	return ok;
}

Test(store, readers_of_a_process_that_died_make_room)
{
	pid_t other = process_that(take_three_readers);
	open_store(&four_readers);
	orgdb_txn *readers[4];
	must(orgdb_begin_read(db, &readers[0]));
	expect_error(orgdb_begin_read(db, &readers[1]), ORGDB_READERS_FULL, "");
	end_process(other);
	for (size_t i = 1; i < 4; i++)
		must(orgdb_begin_read(db, &readers[i]));
	for (size_t i = 0; i < 4; i++)
		orgdb_end(readers[i]);
}

static bool take_all_readers(void)
{
	static orgdb *own;
	static orgdb_txn *readers[4];
	bool ok = orgdb_open(store_path, &four_readers, &own) == 0;
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		ok = ok && orgdb_begin_read(own, &readers[i]) == 0;
	return ok;
}

/* Whoever wants to read next makes room, even one who only reads. */
Test(store, a_table_full_of_dead_readers_is_no_obstacle)
{
	orgdb_options options = four_readers;
	for (int i = 0; i < 2; i++) {
		options.read_only = i;
		open_store(&options);
		pid_t other = process_that(take_all_readers);
		expect_error(orgdb_begin_read(db, &txn), ORGDB_READERS_FULL, "");
		txn = NULL;
		end_process(other);
		orgdb_txn *readers[4];
		for (size_t k = 0; k < 4; k++)
			must(orgdb_begin_read(db, &readers[k]));
		for (size_t k = 0; k < 4; k++)
			orgdb_end(readers[k]);
		close_store();
	}
}

/* A disk that takes no more, as far as a process can make one for itself. */

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(store, a_failed_write_leaves_the_last_commit)
{
	signal(SIGXFSZ, SIG_IGN);
	store_with_content();
	limit_file_size((rlim_t)file_size(store_path) + 65536);
	begin_write();
	for (size_t i = 0; i < 5000; i++)
		create_user(format("more-%zu", i));
	orgdb_txn *ending = txn;
	txn = NULL;
	int rc = orgdb_commit(ending);
	cr_expect(rc == ORGDB_DISK_FULL || rc == ORGDB_IO, "%s", orgdb_error_name(rc));
	cr_expect_eq(organizations_in(db), 5);
	expect_sound_store();
	limit_file_size(RLIM_INFINITY);
	begin_write();
	create_organization("one-more");
	commit();
	begin_read();
	expect_number(statistics().count[ORGDB_KIND_USER], 30);
	expect_number(statistics().count[ORGDB_KIND_ORGANIZATION], 6);
	close_store();
	open_store(NULL);
	cr_expect_eq(organizations_in(db), 6);
	expect_sound_store();
}

Test(store, a_failed_creation_leaves_nothing)
{
	signal(SIGXFSZ, SIG_IGN);
	limit_file_size(4096);
	orgdb *none;
	int rc = orgdb_open(store_path, NULL, &none);
	limit_file_size(RLIM_INFINITY);
	cr_expect(rc == ORGDB_DISK_FULL || rc == ORGDB_IO, "%s", orgdb_error_name(rc));
	cr_expect_eq(files_in_directory(), 0, "%zu files", files_in_directory());
	open_store(NULL);
}

/* Many stores. */

Test(store, a_thousand_stores_can_be_open)
{
	enum { STORES = 1000 };
	struct rlimit files;
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_cur < 4 * STORES)
		skip(format("only %llu files may be open", (unsigned long long)files.rlim_cur));
	/* Copies of one, as creating each would wait for the disk a thousand times. With the default map. */
	store_with_content();
	close_store();
	size_t size = (size_t)file_size(store_path);
	char *content = keep(size);
	FILE *stream = fopen(store_path, "rb");
	cr_assert_eq(fread(content, 1, size, stream), size);
	fclose(stream);
	static orgdb *stores[STORES];
	for (size_t i = 0; i < STORES; i++) {
		const char *path = path_in_directory(format("%zu.orgdb", i));
		write_file(path, content, size);
		must(orgdb_open(path, NULL, &stores[i]));
	}
	for (size_t i = 0; i < STORES; i++)
		cr_expect_eq(organizations_in(stores[i]), 5, "store %zu", i);
	for (size_t i = 0; i < STORES; i++)
		orgdb_close(stores[i]);
}
