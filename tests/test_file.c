/*
 * Judging files: what is no store or is damaged at its head is refused before LMDB maps it, and what is whole is not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

TestSuite(file, .init = fixture_store, .fini = fixture_close);

static unsigned char *image;
static size_t image_size;

/* A populated store's bytes, the store being closed. */
static void take_image(void)
{
	begin_write();
	populate();
	commit();
	close_store();
	FILE *file = fopen(store_path, "rb");
	cr_assert_not_null(file);
	struct stat info;
	cr_assert_eq(fstat(fileno(file), &info), 0);
	image_size = (size_t)info.st_size;
	image = keep(image_size);
	cr_assert_eq(fread(image, 1, image_size, file), image_size);
	fclose(file);
}

static const char *write_file(const void *data, size_t size)
{
	const char *path = path_in_directory("other.orgdb");
	FILE *file = fopen(path, "wb");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(data, 1, size, file), size);
	cr_assert_eq(fclose(file), 0);
	return path;
}

static int try_open(const char *path)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	options.must_exist = true;
	orgdb *other;
	int rc = orgdb_open(path, &options, &other);
	if (rc == 0)
		orgdb_close(other);
	return rc;
}

static void expect_refused(const char *path, const char *what)
{
	int rc = try_open(path);
	cr_expect(rc == ORGDB_CORRUPT || rc == ORGDB_NOT_A_STORE || rc == ORGDB_VERSION_MISMATCH, "%s gave %s", what,
		orgdb_error_name(rc));
}

Test(file, a_whole_image_opens)
{
	take_image();
	must(try_open(write_file(image, image_size)));
}

Test(file, every_truncation_is_refused)
{
	take_image();
	for (size_t pages = 0; pages < image_size / PAGE; pages++)
		expect_refused(
			write_file(image, pages * PAGE), format("cut off after %zu of %zu pages", pages, image_size / PAGE));
	static const size_t odd[] = { 1, 15, 16, 17, 100, PAGE - 1, PAGE + 1, PAGE + 100 };
	for (size_t i = 0; i < COUNT_OF(odd); i++)
		expect_refused(write_file(image, odd[i]), format("cut off after %zu bytes", odd[i]));
	expect_refused(write_file(image, image_size - 1), "without its last byte");
}

/* Each row breaks one field of both meta pages. */
Test(file, damaged_meta_pages_are_refused)
{
	take_image();
	static const struct {
		const char *what;
		size_t at;
		unsigned char bytes[8];
		size_t size;
	} rows[] = {
		{ "another magic number", 16, { 1, 2, 3, 4 }, 4 },
		{ "a later version of LMDB's", 20, { 2 }, 1 },
		{ "a page size of 0", 40, { 0, 0, 0, 0 }, 4 },
		{ "a page size of 1", 40, { 1, 0, 0, 0 }, 4 },
		{ "a page size that is no power of two", 40, { 1, 16, 0, 0 }, 4 },
		{ "an absurd page size", 40, { 0, 0, 0, 64 }, 4 },
		{ "an absurd depth of the free list", 46, { 255, 255 }, 2 },
		{ "an absurd depth of the tables", 94, { 255, 255 }, 2 },
		{ "a root in a meta page", 128, { 1, 0, 0, 0, 0, 0, 0, 0 }, 8 },
		{ "a wild root", 128, { 0, 0, 0, 0, 1, 0, 0, 0 }, 8 },
		{ "a last page of 0", 136, { 0, 0, 0, 0, 0, 0, 0, 0 }, 8 },
		{ "a wild last page", 136, { 255, 255, 255, 255, 255, 255, 255, 127 }, 8 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned char *damaged = keep(image_size);
		memcpy(damaged, image, image_size);
		for (size_t page = 0; page < 2; page++)
			memcpy(damaged + page * PAGE + rows[i].at, rows[i].bytes, rows[i].size);
		expect_refused(write_file(damaged, image_size), rows[i].what);
	}
}

Test(file, a_fifo_does_not_keep_anyone_waiting)
{
	const char *path = path_in_directory("fifo");
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(try_open(path), ORGDB_NOT_A_STORE);
}

/*
 * Pages that a transaction takes at the end of the file and gives back before it commits are counted but never written, so
 * a whole store can be shorter than it says. Such a store must open.
 */
Test(file, a_store_shorter_than_it_says_opens, .timeout = 60)
{
	uint64_t state = 1;
	size_t shorter = 0;
	const char *name = repeat("n", 255);
	for (int round = 0; round < 300 && shorter < 5; round++) {
		begin_write();
		for (uint64_t i = next_random(&state) % 100; i > 0; i--) {
			orgdb_role role = { .name = orgdb_string(format("%d-%llu", round, (unsigned long long)i)),
				.description = orgdb_string(name),
				.extra = value_of_entries(next_random(&state) % 60, name) };
			orgdb_str id;
			must(orgdb_role_create(txn, &role, &id));
			if (next_random(&state) % 3 == 0)
				must(orgdb_role_delete(txn, id.data, NULL));
		}
		commit();
		begin_read();
		orgdb_statistics figures = statistics();
		end();
		if (figures.used_size <= figures.file_size)
			continue;
		shorter++;
		close_store();
		open_store(NULL);
		expect_sound_store();
	}
	cr_assert_geq(shorter, 5, "only %zu stores were shorter than they said", shorter);
}

/* The format row says which version may read and write: 12 bytes behind its key, in the leaf page that holds it. */
static void set_format(size_t at, unsigned char version)
{
	static const char key[] = "format";
	size_t found = 0;
	for (size_t i = 0; i + 60 < image_size; i++)
		if (memcmp(image + i, key, sizeof(key) - 1) == 0 && image[i + 6] == 1 && image[i + 10] == 1) {
			image[i + 6 + at] = version;
			found++;
		}
	cr_assert_geq(found, 1);
}

Test(file, a_store_of_a_newer_format_is_refused_by_name)
{
	take_image();
	set_format(8, 2); /* Writers must know version 2. */
	const char *path = write_file(image, image_size);
	cr_assert_eq(try_open(path), ORGDB_VERSION_MISMATCH);
	cr_assert_not_null(strstr(orgdb_last_error()->message, "version 2"), "%s", orgdb_last_error()->message);
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = true;
	orgdb *other;
	must(orgdb_open(path, &options, &other));
	orgdb_close(other);
	set_format(4, 2); /* And readers. */
	path = write_file(image, image_size);
	cr_assert_eq(orgdb_open(path, &options, &other), ORGDB_VERSION_MISMATCH);
}
