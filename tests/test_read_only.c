/*
 * Reading where nothing can be written: stores whose lock file, folder or file system is read-only.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

enum { NOBODY = 65534 };

static const orgdb_options read_only = { .size = sizeof(read_only), .read_only = true, .map_size = 64 * MEBIBYTE };

static const char *lock_path;

/* A store with content, closed, and no lock file; everything belongs to a user who may not do just anything. */
static void closed_store(void)
{
	fixture_writing();
	populate();
	commit();
	close_store();
	lock_path = format("%s-lock", store_path);
	cr_assert_eq(unlink(lock_path), 0);
	if (geteuid() != 0)
		return;
	cr_assert_eq(chown(test_directory, NOBODY, NOBODY), 0);
	cr_assert_eq(chown(store_path, NOBODY, NOBODY), 0);
	cr_assert_eq(setegid(NOBODY), 0);
	cr_assert_eq(seteuid(NOBODY), 0);
	int fd = open(store_path, O_RDONLY);
	if (fd < 0)
		skip("the folders above are closed to other users");
	close(fd);
}

/* A leak checker must be allowed to look at the process, which a change of users forbids. */
static void writable_again(void)
{
	chmod(test_directory, 0700);
	fixture_close();
	if (getuid() == 0) {
		cr_assert_eq(seteuid(0), 0);
		cr_assert_eq(setegid(0), 0);
	}
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 1);
#endif
}

TestSuite(read_only, .init = closed_store, .fini = writable_again, .timeout = 60);

static void set_modes(mode_t folder, mode_t lock)
{
	int fd = open(lock_path, O_RDWR | O_CREAT, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(fchmod(fd, lock), 0);
	close(fd);
	cr_assert_eq(chmod(test_directory, folder), 0);
}

static void expect_readable(void)
{
	uint64_t count;
	open_store(&read_only);
	begin_read();
	must(orgdb_organization_count(txn, &count));
	expect_number(count, 5);
	end();
	expect_sound_store();
}

Test(read_only, a_read_only_folder)
{
	cr_assert_eq(chmod(test_directory, 0500), 0);
	expect_readable();
	cr_expect_neq(access(lock_path, F_OK), 0, "nothing is made");
}

Test(read_only, a_read_only_file)
{
	cr_assert_eq(chmod(store_path, 0400), 0);
	expect_readable();
	close_store();
	orgdb *none;
	expect_error(orgdb_open(store_path, NULL, &none), ORGDB_PERMISSION, "");
}

Test(read_only, a_lock_file_that_can_only_be_read)
{
	set_modes(0500, 0400);
	expect_readable();
}

Test(read_only, a_lock_file_that_can_be_written_in_a_read_only_folder_is_used)
{
	open_store(&read_only);
	close_store();
	cr_assert_eq(chmod(test_directory, 0500), 0);
	expect_readable();
	begin_read();
	cr_expect_geq(statistics().readers, 1);
}

Test(read_only, writing_is_refused)
{
	orgdb_txn *none;
	cr_assert_eq(chmod(test_directory, 0500), 0);
	open_store(&read_only);
	expect_error(orgdb_begin_write(db, &none), ORGDB_READ_ONLY, "");
	close_store();
	expect_error(orgdb_open(store_path, NULL, &db), ORGDB_PERMISSION, "");
	db = NULL;
}

Test(read_only, a_lock_file_that_cannot_even_be_read_tells_nothing)
{
	set_modes(0500, 0);
	orgdb *none;
	expect_error(orgdb_open(store_path, &read_only, &none), ORGDB_PERMISSION, "");
	cr_expect(strstr(orgdb_last_error()->message, "neither written nor read"), "%s", orgdb_last_error()->message);
}

static bool open_it(void)
{
	return orgdb_open(store_path, NULL, &db) == 0;
}

Test(read_only, without_a_lock_nobody_reads_along)
{
	pid_t other = process_that(open_it);
	cr_assert_eq(chmod(lock_path, 0400), 0);
	orgdb *none;
	expect_error(orgdb_open(store_path, &read_only, &none), ORGDB_PERMISSION, "");
	cr_expect(
		strstr(orgdb_last_error()->message, format("process %ld ", (long)other)), "%s", orgdb_last_error()->message);
	end_process(other);
	expect_readable();
}

Test(read_only, many_readers_at_once_without_a_lock)
{
	cr_assert_eq(chmod(test_directory, 0500), 0);
	open_store(&read_only);
	orgdb_txn *readers[20];
	uint64_t count;
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		must(orgdb_begin_read(db, &readers[i]));
	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		must(orgdb_organization_count(readers[i], &count));
		expect_number(count, 5);
		orgdb_end(readers[i]);
	}
	orgdb_reader slots[2];
	size_t found;
	must(orgdb_readers(db, 0, slots, COUNT_OF(slots), &found));
	expect_number(found, 0);
}

Test(read_only, a_copy_of_a_store_without_a_lock)
{
	cr_assert_eq(chmod(test_directory, 0500), 0);
	open_store(&read_only);
	char *folder = (char *)format("%s/orgdb-copy-%s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", repeat("X", 6));
	cr_assert_not_null(mkdtemp(folder));
	static const uint32_t flags[] = { 0, ORGDB_COPY_COMPACT };
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		const char *copied = format("%s/%zu.orgdb", folder, i);
		must(orgdb_copy(db, copied, flags[i]));
		orgdb *other;
		must(orgdb_open(copied, NULL, &other));
		must(orgdb_check(other, NULL));
		orgdb_close(other);
		unlink(copied);
		unlink(format("%s-lock", copied));
	}
	rmdir(folder);
}
