/*
 * The metrics that servers export: each counts what its comment says, and nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(metrics, .init = fixture_store, .fini = fixture_close);

static orgdb_metrics now(void)
{
	orgdb_metrics metrics;
	must(orgdb_metrics_get(db, &metrics));
	return metrics;
}

static const char *application, *organization;

static void create_tenant(void)
{
	begin_write();
	application = create_application("portal");
	organization = create_organization("acme");
	enable_for_application(application, create_connection("first", "auth0"));
	enable_for_organization(organization, create_connection("second", "samlp"));
	commit();
}

static void look_up(size_t times)
{
	orgdb_merged_connection entries[4];
	size_t count;
	for (size_t i = 0; i < times; i++)
		must(orgdb_merged_connections(txn, application, organization, NULL, entries, COUNT_OF(entries), &count));
}

Test(metrics, a_new_handle_counts_from_nothing)
{
	orgdb_metrics metrics = now();
	cr_expect_eq(metrics.read_transactions, 0);
	cr_expect_eq(metrics.write_transactions, 0);
	cr_expect_eq(metrics.lookups, 0);
	create_tenant();
	cr_expect_eq(now().commits, 1);
	close_store();
	open_store(NULL);
	cr_expect_eq(now().commits, 0);
}

Test(metrics, transactions_are_counted_as_they_begin_and_end)
{
	for (int i = 0; i < 3; i++) {
		begin_read();
		end();
	}
	begin_write();
	cr_expect_eq(now().write_transactions, 1);
	cr_expect_eq(now().commits + now().aborts, 0);
	create_user("first");
	commit();
	begin_write();
	end();
	begin_write();
	create_user("second");
	end();
	cr_expect_eq(now().read_transactions, 3);
	cr_expect_eq(now().write_transactions, 3);
	cr_expect_eq(now().commits, 1);
	cr_expect_eq(now().aborts, 2);
}

static int refuse(orgdb_txn *writer, void *context)
{
	(void)writer;
	return *(int *)context;
}

Test(metrics, a_write_that_gives_up_is_an_abort)
{
	int answer = ORGDB_FORBIDDEN;
	cr_expect_eq(orgdb_write(db, refuse, &answer), ORGDB_FORBIDDEN);
	answer = 0;
	must(orgdb_write(db, refuse, &answer));
	cr_expect_eq(now().aborts, 1);
	cr_expect_eq(now().commits, 1);
}

Test(metrics, lookups_are_counted_with_what_they_found_ready)
{
	create_tenant();
	begin_read();
	look_up(5);
	cr_expect_eq(now().lookups, 5);
	cr_expect_eq(now().row_cache_misses, 1);
	cr_expect_eq(now().row_cache_hits, 4);
	cr_expect_eq(now().catalog_copies, 3, "an application and two connections");
	bool unknown = orgdb_connection_allowed(txn, application, organization, "con_0000000000000000", NULL, NULL) != 0;
	cr_expect(unknown);
	orgdb_merged_connection entry;
	orgdb_merge_question questions[2] = { { .client_id = application, .array = &entry, .capacity = 1 },
		{ .client_id = "nobody" } };
	expect_error(orgdb_merged_connections_batch(txn, questions, 2, NULL), ORGDB_NOT_FOUND, "application");
	cr_expect_eq(now().lookups, 8);
	cr_expect_eq(now().catalog_copies, 3);
	end();
	begin_write();
	look_up(1);
	end();
	cr_expect_eq(now().lookups, 9, "a write transaction's count, too");
	cr_expect_eq(now().row_cache_hits, 5);
	cr_expect_eq(now().catalog_copies, 6, "but it decodes for itself");
}

/* More transactions at once than slots that keep theirs. */
Test(metrics, what_short_lived_readers_did_is_not_forgotten)
{
	enum { READERS = 200 };
	orgdb_txn *readers[READERS];
	create_tenant();
	for (int i = 0; i < READERS; i++) {
		must(orgdb_begin_read(db, &readers[i]));
		txn = readers[i];
		look_up(1);
	}
	txn = NULL;
	cr_expect_eq(now().readers_active, READERS);
	for (int i = 0; i < READERS; i++)
		orgdb_end(readers[i]);
	cr_expect_eq(now().readers_active, 0);
	cr_expect_eq(now().read_transactions, READERS);
	cr_expect_eq(now().lookups, READERS);
	cr_expect_eq(now().row_cache_hits, READERS - 1);
}

Test(metrics, the_oldest_reader_is_as_old_as_the_changes_since)
{
	orgdb_txn *oldest, *younger;
	cr_expect_eq(now().oldest_reader, 0);
	must(orgdb_begin_read(db, &oldest));
	cr_expect_eq(now().oldest_reader, 0);
	for (int i = 0; i < 5; i++) {
		begin_write();
		create_user(format("user-%d", i));
		commit();
		if (i == 2)
			must(orgdb_begin_read(db, &younger));
	}
	orgdb_metrics metrics = now();
	cr_expect_eq(metrics.oldest_reader, 5);
	cr_expect_eq(metrics.readers_active, 2);
	cr_expect_eq(metrics.readers_max, 1022);
	orgdb_end(oldest);
	cr_expect_eq(now().oldest_reader, 2);
	orgdb_end(younger);
	cr_expect_eq(now().oldest_reader, 0);
}

static bool read_in_the_child(void)
{
	orgdb *store;
	orgdb_txn *reader;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	return orgdb_open(store_path, &options, &store) == 0 && orgdb_begin_read(store, &reader) == 0;
}

Test(metrics, the_oldest_reader_may_be_another_process)
{
	pid_t child = process_that(read_in_the_child);
	begin_write();
	create_user("someone");
	commit();
	cr_expect_eq(now().oldest_reader, 1);
	cr_expect_eq(now().read_transactions, 0, "counts are this process's");
	end_process(child);
}

Test(metrics, sizes_are_the_files_and_the_maps)
{
	struct stat info;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	close_store();
	open_store(&options);
	cr_expect_eq(now().map_size, MEBIBYTE);
	cr_expect_eq(now().map_moves, 0);
	begin_read();
	end();
	for (int i = 0; now().map_moves == 0 && i < 1000; i++) {
		begin_write();
		for (int k = 0; k < 50; k++)
			create_user(format("user-%d-%d", i, k));
		if (orgdb_commit(txn) == 0)
			cr_expect_eq(now().aborts, 0);
		txn = NULL;
	}
	orgdb_metrics metrics = now();
	cr_expect_eq(metrics.map_moves, 1);
	cr_expect_eq(metrics.aborts, 1, "to be run again");
	cr_expect_eq(metrics.map_size, 2 * MEBIBYTE);
	cr_assert_eq(stat(store_path, &info), 0);
	cr_expect_eq(metrics.file_size, (uint64_t)info.st_size);
	cr_expect_leq(metrics.used_size, metrics.file_size);
	cr_expect_gt(metrics.used_size, MEBIBYTE / 2);
	unlink(store_path);
	cr_expect_eq(now().file_size, 0);
}

Test(metrics, a_handle_of_before_fork_has_none)
{
	pid_t child = fork();
	if (child == 0) {
		orgdb_metrics metrics;
		_exit(orgdb_metrics_get(db, &metrics) == ORGDB_FORKED ? 0 : 1);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
}
