/*
 * Copies: whole, sound, the same; beside readers and writers; and nothing where a copy fails.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static const char *destination;

static void store_to_copy(void)
{
	fixture_writing();
	populate();
	commit();
	destination = path_in_directory("copy.orgdb");
}

TestSuite(copy, .init = store_to_copy, .fini = fixture_close, .timeout = 120);

static const uint32_t all_flags[] = { 0, ORGDB_COPY_COMPACT };

static orgdb_statistics statistics_of(orgdb *store)
{
	orgdb_txn *reader;
	orgdb_statistics found;
	must(orgdb_begin_read(store, &reader));
	must(orgdb_stat(reader, &found));
	orgdb_end(reader);
	return found;
}

/* Open the copy, prove that it is sound and remove it. */
static orgdb_statistics judge_copy(void)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 64 * MEBIBYTE;
	options.must_exist = true;
	orgdb *copied;
	must(orgdb_open(destination, &options, &copied));
	must(orgdb_check(copied, NULL));
	orgdb_statistics found = statistics_of(copied);
	orgdb_close(copied);
	unlink(destination);
	unlink(format("%s-lock", destination));
	return found;
}

Test(copy, a_copy_is_the_same_store)
{
	orgdb_statistics original = statistics_of(db);
	for (size_t i = 0; i < COUNT_OF(all_flags); i++) {
		must(orgdb_copy(db, destination, all_flags[i]));
		cr_expect_eq(files_in_directory(), 3, "the store, its lock file and the copy, not %zu", files_in_directory());
		orgdb_statistics found = judge_copy();
		cr_expect_arr_eq(found.count, original.count, sizeof(found.count));
		expect_number(found.member_roles, original.member_roles);
		expect_number(found.lsn, original.lsn);
		cr_expect_str_eq(found.uuid, original.uuid);
	}
}

Test(copy, a_copy_can_be_written)
{
	for (size_t i = 0; i < COUNT_OF(all_flags); i++) {
		must(orgdb_copy(db, destination, all_flags[i]));
		orgdb *copied;
		orgdb_txn *writer;
		orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
		organization.name = orgdb_string("another");
		must(orgdb_open(destination, NULL, &copied));
		must(orgdb_begin_write(copied, &writer));
		must(orgdb_organization_create(writer, &organization, NULL));
		must(orgdb_commit(writer));
		orgdb_close(copied);
		cr_expect_eq(judge_copy().count[ORGDB_KIND_ORGANIZATION], 6);
	}
	cr_expect_eq(statistics_of(db).count[ORGDB_KIND_ORGANIZATION], 5);
}

Test(copy, a_copy_is_its_owners_alone)
{
	umask(0);
	must(orgdb_copy(db, destination, 0));
	struct stat info;
	cr_assert_eq(stat(destination, &info), 0);
	cr_expect_eq(info.st_mode & 0777, 0600, "%o", (unsigned)info.st_mode);
}

Test(copy, a_compact_copy_leaves_out_free_pages)
{
	begin_write();
	for (size_t i = 0; i < 5000; i++)
		create_user(format("more-%zu", i));
	commit();
	begin_write();
	for (size_t i = 0; i < 5000; i++)
		must(orgdb_user_delete(txn, format("auth0|more-%zu", i), NULL));
	commit();
	must(orgdb_copy(db, destination, 0));
	uint64_t whole = file_size(destination);
	judge_copy();
	must(orgdb_copy(db, destination, ORGDB_COPY_COMPACT));
	uint64_t compact = file_size(destination);
	judge_copy();
	cr_expect_geq(whole, statistics_of(db).used_size / 2);
	cr_expect_lt(compact, whole / 2, "%llu of %llu bytes", (unsigned long long)compact, (unsigned long long)whole);
	/* What it left out is what is counted as free, but for the pages of the list itself. */
	uint64_t free_pages, page = statistics_of(db).page_size;
	begin_read();
	must(orgdb_free_pages(txn, &free_pages));
	uint64_t used = statistics_of(db).used_size / page;
	cr_expect_leq(compact / page, used - free_pages);
	cr_expect_geq(compact / page + 8, used - free_pages);
}

Test(copy, a_copy_has_values_of_many_pages)
{
	begin_write();
	orgdb_user user = ORGDB_USER_INIT;
	user.user_metadata = value_of_json(format("{\"note\":\"%s\"}", repeat("x", 900000)));
	for (size_t i = 0; i < 10; i++)
		must(orgdb_user_create(txn, &user, NULL));
	commit();
	uint64_t users = statistics_of(db).count[ORGDB_KIND_USER];
	for (size_t i = 0; i < COUNT_OF(all_flags); i++) {
		must(orgdb_copy(db, destination, all_flags[i]));
		expect_number(judge_copy().count[ORGDB_KIND_USER], users);
	}
}

Test(copy, nothing_is_replaced)
{
	static const char text[] = "not to be lost";
	char found[sizeof(text)];
	int fd = open(destination, O_RDWR | O_CREAT | O_EXCL, 0600);
	cr_assert_eq(write(fd, text, sizeof(text)), sizeof(text));
	for (size_t i = 0; i < COUNT_OF(all_flags); i++)
		expect_error(orgdb_copy(db, destination, all_flags[i]), ORGDB_EXISTS, "");
	cr_assert_eq(pread(fd, found, sizeof(found), 0), sizeof(text));
	cr_expect_str_eq(found, text);
	close(fd);
	unlink(destination);
	cr_assert_eq(symlink("nowhere", destination), 0);
	expect_error(orgdb_copy(db, destination, 0), ORGDB_EXISTS, "");
	expect_error(orgdb_copy(db, store_path, 0), ORGDB_EXISTS, "");
	cr_expect_eq(files_in_directory(), 3, "%zu files", files_in_directory());
}

Test(copy, misuse_is_refused)
{
	expect_error(orgdb_copy(db, destination, 2), ORGDB_INVALID, "flags");
	expect_error(orgdb_copy(db, "", 0), ORGDB_INVALID, "destination");
	expect_error(orgdb_copy(db, NULL, 0), ORGDB_INVALID, "destination");
	expect_error(orgdb_copy(db, path_in_directory("no/folder.orgdb"), 0), ORGDB_NO_STORE, "");
	expect_error(orgdb_copy(db, format("%s/%s", test_directory, repeat("x", 5000)), 0), ORGDB_IO, "");
	begin_write();
	for (size_t i = 0; i < COUNT_OF(all_flags); i++)
		expect_error(orgdb_copy(db, destination, all_flags[i]), ORGDB_BUSY, "");
	commit();
	cr_expect_eq(files_in_directory(), 2, "%zu files", files_in_directory());
}

Test(copy, a_full_disk_leaves_nothing_behind)
{
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit;
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	rlim_t all = limit.rlim_cur;
	for (size_t i = 0; i < COUNT_OF(all_flags); i++)
		for (rlim_t size = 0; size < file_size(store_path) / 2; size += 40000) {
			limit.rlim_cur = size;
			cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
			int rc = orgdb_copy(db, destination, all_flags[i]);
			limit.rlim_cur = all; /* Criterion writes, too. */
			cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
			cr_expect_eq(rc, ORGDB_IO, "%u bytes gave %s", (unsigned)size, orgdb_error_name(rc));
			cr_expect_eq(files_in_directory(), 2, "%zu files", files_in_directory());
		}
	must(orgdb_copy(db, destination, 0));
	judge_copy();
}

/* Each transaction makes one organization and one user, so no snapshot has more of the one than of the other. */
static atomic_bool enough;
static uint64_t more_users;

static int write_a_pair(orgdb_txn *writer, void *context)
{
	unsigned *number = context;
	char name[40];
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	orgdb_user user = ORGDB_USER_INIT;
	snprintf(name, sizeof(name), "writer-%u", *number);
	organization.name = orgdb_string(name);
	int rc = orgdb_organization_create(writer, &organization, NULL);
	return rc == 0 ? orgdb_user_create(writer, &user, NULL) : rc;
}

static void *write_on(void *context)
{
	(void)context;
	unsigned number = 0;
	while (!atomic_load(&enough)) {
		cr_assert_eq(orgdb_write(db, write_a_pair, &number), 0);
		number++;
	}
	return NULL;
}

Test(copy, a_copy_beside_a_writer_is_one_snapshot)
{
	orgdb_statistics before = statistics_of(db);
	more_users = before.count[ORGDB_KIND_USER] - before.count[ORGDB_KIND_ORGANIZATION];
	pthread_t writer;
	cr_assert_eq(pthread_create(&writer, NULL, write_on, NULL), 0);
	for (size_t i = 0; i < 20; i++) {
		must(orgdb_copy(db, destination, all_flags[i % 2]));
		orgdb_statistics found = judge_copy();
		cr_expect_geq(found.lsn, before.lsn);
		expect_number(found.count[ORGDB_KIND_USER] - found.count[ORGDB_KIND_ORGANIZATION], more_users);
	}
	atomic_store(&enough, true);
	pthread_join(writer, NULL);
}

static void *copy_it(void *context)
{
	(void)context;
	return orgdb_copy(db, destination, ORGDB_COPY_COMPACT) == 0 ? db : NULL;
}

Test(copy, a_compact_copy_waits_for_no_writer)
{
	begin_write();
	create_organization("uncommitted");
	pthread_t copier;
	void *copied;
	cr_assert_eq(pthread_create(&copier, NULL, copy_it, NULL), 0);
	cr_assert_eq(pthread_join(copier, &copied), 0);
	cr_expect_not_null(copied);
	commit();
	cr_expect_eq(judge_copy().count[ORGDB_KIND_ORGANIZATION], 5);
}
