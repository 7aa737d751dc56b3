/*
 * The check: sound stores pass, damaged ones are found.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

TestSuite(check, .init = fixture_store, .fini = fixture_close, .timeout = 120);

static orgdb_check_report check(int expected)
{
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	int rc = orgdb_check(db, &report);
	cr_expect_eq(rc, expected, "%s", orgdb_error_name(rc));
	return report;
}

Test(check, an_empty_store_is_sound)
{
	cr_expect_eq(check(0).problems, 0);
}

Test(check, a_populated_store_is_sound)
{
	uint64_t before = check(0).entries;
	begin_write();
	populate();
	orgdb_statistics now = statistics();
	commit();
	orgdb_check_report report = check(0);
	cr_expect_eq(report.problems, 0);
	uint64_t entities = 0;
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++)
		entities += now.count[kind];
	cr_expect_geq(report.entries, before + 2 * entities, "each has at least a record and an id: %llu entries",
		(unsigned long long)report.entries);
}

Test(check, the_report_is_optional)
{
	must(orgdb_check(db, NULL));
}

Test(check, a_store_emptied_again_is_sound)
{
	begin_write();
	populate();
	commit();
	begin_write();
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity;
		size_t count;
		while (must(orgdb_entity_list(txn, kind, 0, &entity, 1, &count)), count == 1) {
			const orgdb_field *id = &orgdb_schema_of(kind)->fields[0];
			must(orgdb_entity_delete(txn, kind, copy(*text_at(&entity, id)), NULL));
		}
	}
	commit();
	check(0);
}

Test(check, a_read_only_handle_can_check)
{
	begin_write();
	populate();
	commit();
	close_store();
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = true;
	open_store(&options);
	cr_expect_gt(check(0).entries, 0);
}

Test(check, sees_what_was_committed_while_a_writer_works)
{
	begin_write();
	populate();
	uint64_t entries = check(0).entries;
	commit();
	cr_expect_gt(check(0).entries, entries);
}

Test(check, changes_nothing)
{
	begin_write();
	populate();
	commit();
	begin_read();
	uint64_t before = statistics().lsn;
	end();
	check(0);
	begin_read();
	expect_number(statistics().lsn, before);
}

struct progress {
	uint64_t calls;
	uint64_t last;
	bool in_order;
};

static void note_progress(void *context, uint64_t done, uint64_t total)
{
	struct progress *progress = context;
	progress->in_order &= done <= total && done >= progress->last;
	progress->last = done;
	progress->calls++;
}

Test(check, progress_rises_to_the_total)
{
	begin_write();
	populate();
	for (size_t i = 0; i < 5000; i++)
		create_user(format("more-%zu", i));
	commit();
	struct progress progress = { .in_order = true };
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.progress = note_progress;
	report.context = &progress;
	must(orgdb_check(db, &report));
	cr_expect_gt(progress.calls, 0);
	cr_expect(progress.in_order);
}

Test(check, a_report_without_its_size_is_refused)
{
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.size = 1;
	expect_error(orgdb_check(db, &report), ORGDB_INVALID, "");
}

/* Damage: a text that stands in a record and in an index is changed in one of the places where the file has it. */

struct file {
	char *data;
	size_t size;
};

static struct file read_file(const char *path)
{
	FILE *stream = fopen(path, "rb");
	cr_assert_not_null(stream, "%s", path);
	fseek(stream, 0, SEEK_END);
	struct file file = { .size = (size_t)ftell(stream) };
	file.data = keep(file.size);
	rewind(stream);
	cr_assert_eq(fread(file.data, 1, file.size, stream), file.size);
	fclose(stream);
	return file;
}

static void write_file(const char *path, struct file file)
{
	FILE *stream = fopen(path, "wb");
	cr_assert_not_null(stream, "%s", path);
	cr_assert_eq(fwrite(file.data, 1, file.size, stream), file.size);
	fclose(stream);
}

static void count_problem(void *context, const orgdb_problem *problem)
{
	cr_expect(problem->table && problem->table[0], "a problem without a table");
	cr_expect(problem->message && problem->message[0], "a problem without a message");
	++*(uint64_t *)context;
}

/* True if the store at `path` is found to be damaged. */
static bool is_found_damaged(const char *path)
{
	store_path = path;
	int rc = orgdb_open(path, NULL, &db);
	if (rc == ORGDB_CORRUPT) {
		db = NULL;
		return true;
	}
	cr_assert_eq(rc, 0, "%s", orgdb_error_name(rc));
	uint64_t told = 0;
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = count_problem;
	report.context = &told;
	rc = orgdb_check(db, &report);
	cr_expect_eq(report.problems, told, "every problem is told");
	cr_expect_eq(rc, told ? ORGDB_CORRUPT : 0, "%s with %llu problems", orgdb_error_name(rc), (unsigned long long)told);
	close_store();
	return rc == ORGDB_CORRUPT;
}

static const char *next_occurrence(struct file file, const char *from, const char *text)
{
	size_t size = strlen(text);
	for (; from + size <= file.data + file.size; from++)
		if (memcmp(from, text, size) == 0)
			return from;
	return NULL;
}

Test(check, an_index_and_a_record_that_disagree_are_found)
{
	static const char *const texts[] = { "org_Damage0000000001", "damage-organization", "auth0|damaged-user-01",
		"Damaged Role Name" };
	begin_write();
	populate();
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.id = orgdb_string(texts[0]);
	organization.name = orgdb_string(texts[1]);
	must(orgdb_organization_create(txn, &organization, NULL));
	create_user("damaged-user-01");
	create_role(texts[3]);
	commit();
	close_store();
	struct file sound = read_file(store_path);
	const char *path = path_in_directory("damaged.orgdb");
	write_file(path, sound);
	cr_assert(!is_found_damaged(path), "a copy is sound");
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		size_t places = 0, found = 0;
		const char *place = sound.data;
		while ((place = next_occurrence(sound, place, texts[i]))) {
			size_t last = (size_t)(place - sound.data) + strlen(texts[i]) - 1;
			char kept = sound.data[last];
			sound.data[last] = kept == 'x' ? 'y' : 'x';
			write_file(path, sound);
			sound.data[last] = kept;
			places++;
			found += is_found_damaged(path);
			place++;
		}
		/* Older copies in pages that are free now may be changed without harm. */
		cr_expect_geq(places, 2, "%s stands in %zu places", texts[i], places);
		cr_expect_geq(found, 2, "%s: %zu of %zu changes were found", texts[i], found, places);
	}
}

/* What an organization's hot row is: 16 bytes of the id, the ordinal in 8 bytes, the count in 4 and flags in 4, least significant
 * first, and then for each connection its ordinal and its options, 4 bytes each. */
enum { HOT_ROW_ID = 16, HOT_ROW_HEAD = 32, HOT_ROW_ENTRY = 8 };

static char *find_hot_row(struct file file, const char *id, uint64_t ordinal, uint32_t count)
{
	char head[HOT_ROW_HEAD] = { 0 };
	const char *bare = id + strlen("org_"), *place = file.data;
	memcpy(head, bare, HOT_ROW_ID);
	for (int i = 0; i < 8; i++)
		head[HOT_ROW_ID + i] = (char)(ordinal >> (8 * i));
	for (int i = 0; i < 4; i++)
		head[HOT_ROW_ID + 8 + i] = (char)(count >> (8 * i));
	for (; (place = next_occurrence(file, place, bare)); place++)
		if (memcmp(place, head, sizeof(head)) == 0)
			return (char *)place;
	return NULL;
}

/* Sound, and shut. */
static struct file store_with_two_enabled_connections(const char *id, uint64_t *ordinal)
{
	begin_write();
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.id = orgdb_string(id);
	organization.name = orgdb_string("acme");
	must(orgdb_organization_create(txn, &organization, NULL));
	must(orgdb_organization_get(txn, id, &organization));
	*ordinal = organization.ordinal;
	enable_for_organization(id, create_connection("one", "samlp"));
	enable_for_organization(id, create_connection("two", "samlp"));
	create_connection("three", "samlp");
	commit();
	must(orgdb_check(db, NULL));
	close_store();
	return read_file(store_path);
}

Test(check, a_damaged_hot_row_is_found)
{
	static const char id[] = "org_0000000000000001";
	static const char changes[] = { 1, 2, 4, (char)0x80 };
	uint64_t ordinal;
	struct file file = store_with_two_enabled_connections(id, &ordinal);
	char *row = find_hot_row(file, id, ordinal, 2);
	cr_assert_not_null(row, "the row is not where it should be");
	const char *path = path_in_directory("damaged.orgdb");
	for (size_t i = 0; i < HOT_ROW_HEAD + 2 * HOT_ROW_ENTRY; i++) {
		/* Other options are as good as these, as long as they mean something. */
		size_t in_entry = i < HOT_ROW_HEAD ? 0 : (i - HOT_ROW_HEAD) % HOT_ROW_ENTRY;
		for (size_t j = 0; j < COUNT_OF(changes) && in_entry < 4; j++) {
			row[i] ^= changes[j];
			write_file(path, file);
			row[i] ^= changes[j];
			cr_expect(is_found_damaged(path), "byte %zu, changed by %02x", i, (unsigned char)changes[j]);
		}
	}
	static const struct {
		const char *what;
		size_t at;
		char change;
	} options[] = {
		{ "an option that does not exist", 7, (char)0x80 },
		{ "sign-up through a connection that is no database", 4, 1 << 2 },
		{ "an access level without a name", 4, 1 << 4 },
	};
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		row[HOT_ROW_HEAD + options[i].at] ^= options[i].change;
		write_file(path, file);
		row[HOT_ROW_HEAD + options[i].at] ^= options[i].change;
		cr_expect(is_found_damaged(path), "%s", options[i].what);
	}
}
