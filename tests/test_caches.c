/*
 * What merged lookups keep in memory: right in every snapshot, whatever was kept before, and no larger than allowed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(caches, .init = fixture_store, .fini = fixture_close);

static const char *application, *organization, *connections[3];

static void create_tenant(void)
{
	begin_write();
	application = create_application("portal");
	organization = create_organization("acme");
	for (size_t i = 0; i < COUNT_OF(connections); i++)
		connections[i] = create_connection(format("connection-%zu", i), "samlp");
	enable_for_application(application, connections[0]);
	enable_for_organization(organization, connections[1]);
	commit();
}

/* How many connections a transaction sees merged. */
static size_t merged_in(orgdb_txn *reader)
{
	orgdb_merged_connection entries[8];
	size_t count = 0;
	must(orgdb_merged_connections(reader, application, organization, NULL, entries, COUNT_OF(entries), &count));
	return count;
}

static size_t merged_now(void)
{
	orgdb_txn *reader;
	must(orgdb_begin_read(db, &reader));
	size_t count = merged_in(reader);
	orgdb_end(reader);
	return count;
}

static orgdb_str display_name_in(orgdb_txn *reader)
{
	orgdb_merged_connection entry;
	size_t count;
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.policy = ORGDB_POLICY_ORGANIZATION;
	must(orgdb_merged_connections(reader, application, organization, &options, &entry, 1, &count));
	return entry.connection->display_name;
}

Test(caches, a_second_lookup_is_a_hit)
{
	create_tenant();
	cr_assert_eq(merged_now(), 2);
	cr_assert_eq(merged_now(), 2);
	begin_read();
	cr_expect_eq(statistics().row_cache_misses, 1);
	cr_expect_eq(statistics().row_cache_hits, 1);
}

/* What is kept of readers, their counts too, serves the next ones also when there once were more of them than are kept. */
Test(caches, readers_are_kept_after_many_at_once)
{
	orgdb_txn *readers[100];
	create_tenant();
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		must(orgdb_begin_read(db, &readers[i]));
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		orgdb_end(readers[i]);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(merged_now(), 2);
	begin_read();
	cr_expect_eq(statistics().row_cache_misses, 1);
	cr_expect_eq(statistics().row_cache_hits, 9);
}

Test(caches, memberships_leave_what_is_kept_alone)
{
	create_tenant();
	merged_now();
	begin_write();
	add_member(organization, create_user("someone"));
	commit();
	cr_assert_eq(merged_now(), 2);
	begin_read();
	cr_expect_eq(statistics().row_cache_misses, 1);
	cr_expect_eq(statistics().row_cache_hits, 1);
}

Test(caches, a_change_is_seen_by_the_next_reader_and_not_by_older_ones)
{
	create_tenant();
	orgdb_txn *older;
	must(orgdb_begin_read(db, &older));
	cr_assert_eq(merged_in(older), 2);
	begin_write();
	enable_for_organization(organization, connections[2]);
	commit();
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(merged_now(), 3);
		cr_expect_eq(merged_in(older), 2);
	}
	begin_write();
	must(orgdb_application_connection_disable(txn, application, connections[0]));
	commit();
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(merged_now(), 2);
		cr_expect_eq(merged_in(older), 2);
	}
	orgdb_end(older);
}

Test(caches, a_renamed_connection_is_seen_by_the_next_reader_and_not_by_older_ones)
{
	create_tenant();
	orgdb_txn *older, *newer;
	must(orgdb_begin_read(db, &older));
	orgdb_str name = display_name_in(older);
	expect_text(name, "connection-1");
	begin_write();
	orgdb_connection changes = { .fields = ORGDB_CONNECTION_DISPLAY_NAME, .display_name = orgdb_string("Acme staff") };
	must(orgdb_connection_update(txn, connections[1], &changes));
	commit();
	must(orgdb_begin_read(db, &newer));
	expect_text(display_name_in(newer), "Acme staff");
	expect_text(display_name_in(older), "connection-1");
	expect_text(display_name_in(newer), "Acme staff");
	/* What was given out before the change is still there. */
	expect_text(name, "connection-1");
	orgdb_end(newer);
	orgdb_end(older);
}

Test(caches, a_writer_sees_its_own_changes_and_nobody_else_does)
{
	create_tenant();
	cr_assert_eq(merged_now(), 2);
	begin_write();
	enable_for_organization(organization, connections[2]);
	cr_expect_eq(merged_in(txn), 3);
	cr_expect_eq(merged_now(), 2);
	must(orgdb_application_connection_disable(txn, application, connections[0]));
	cr_expect_eq(merged_in(txn), 2);
	end();
	cr_expect_eq(merged_now(), 2);
	begin_read();
	orgdb_merged_connection entries[2];
	size_t count;
	must(orgdb_merged_connections(txn, application, organization, NULL, entries, 2, &count));
	expect_text(entries[0].connection->id, connections[0]);
}

Test(caches, a_recreated_application_and_organization_begin_anew)
{
	create_tenant();
	cr_assert_eq(merged_now(), 2);
	begin_write();
	must(orgdb_application_delete(txn, application, NULL));
	must(orgdb_organization_delete(txn, organization, NULL));
	orgdb_application again = ORGDB_APPLICATION_INIT;
	again.client_id = orgdb_string(application);
	again.name = orgdb_string("portal");
	must(orgdb_application_create(txn, &again, NULL));
	orgdb_organization same = ORGDB_ORGANIZATION_INIT;
	same.id = orgdb_string(organization);
	same.name = orgdb_string("acme");
	must(orgdb_organization_create(txn, &same, NULL));
	commit();
	cr_expect_eq(merged_now(), 0);
}

Test(caches, a_deleted_organization_is_not_found)
{
	create_tenant();
	merged_now();
	begin_write();
	must(orgdb_organization_delete(txn, organization, NULL));
	commit();
	begin_read();
	size_t count;
	expect_error(orgdb_merged_connections(txn, application, organization, NULL, NULL, 0, &count), ORGDB_NOT_FOUND,
		"organization");
}

Test(caches, a_change_by_another_process_is_seen)
{
	create_tenant();
	cr_assert_eq(merged_now(), 2);
	pid_t child = fork();
	if (child == 0) {
		orgdb *other;
		orgdb_txn *writer;
		int rc = orgdb_open(store_path, NULL, &other);
		if (rc == 0)
			rc = orgdb_begin_write(other, &writer);
		if (rc == 0)
			rc = orgdb_enabled_connection_create(writer, organization, connections[2], NULL);
		if (rc == 0)
			rc = orgdb_commit(writer);
		_exit(rc == 0 ? 0 : 1);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_eq(merged_now(), 3);
}

Test(caches, the_cache_can_be_off)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 16 * MEBIBYTE;
	options.row_cache_size = 0;
	close_store();
	open_store(&options);
	create_tenant();
	for (int i = 0; i < 3; i++)
		cr_expect_eq(merged_now(), 2);
	begin_read();
	cr_expect_eq(statistics().row_cache_hits + statistics().row_cache_misses, 0);
}

static orgdb_metrics metrics_now(void)
{
	orgdb_metrics metrics;
	must(orgdb_metrics_get(db, &metrics));
	return metrics;
}

static int create_until_it_fails(orgdb_txn *writer)
{
	int rc = 0;
	for (size_t i = 0; rc == 0; i++) {
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(format("auth0|%0200zu", i));
		rc = orgdb_user_create(writer, &user, NULL);
	}
	return rc;
}

/* Parked readers know where in the map things are. The snapshot is the same as before: only the addresses are others. */
Test(caches, addresses_are_forgotten_when_the_map_moves)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	options.row_cache_size = 0;
	close_store();
	open_store(&options);
	create_tenant();
	uint64_t commits = metrics_now().commits;
	for (int moves = 1; moves <= 4; moves++) {
		cr_assert_eq(merged_now(), 2);
		begin_write();
		cr_assert_eq(create_until_it_fails(txn), ORGDB_MAP_FULL);
		end();
		cr_assert_eq(metrics_now().map_moves, (uint64_t)moves);
		cr_assert_eq(merged_now(), 2);
	}
	cr_expect_eq(metrics_now().commits, commits);
}

/* More organizations than cells: they take turns, and every answer is right. */
Test(caches, a_cache_that_is_too_small_is_right)
{
	enum { ORGANIZATIONS = 600 };
	static const char *ids[ORGANIZATIONS];
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 16 * MEBIBYTE;
	options.row_cache_size = 4096; /* 64 cells. */
	close_store();
	open_store(&options);
	create_tenant();
	begin_write();
	for (size_t i = 0; i < ORGANIZATIONS; i++) {
		ids[i] = create_organization(format("organization-%zu", i));
		for (size_t c = 0; c < i % 4; c++)
			enable_for_organization(ids[i], connections[c]);
	}
	commit();
	begin_read();
	uint64_t state = 1;
	orgdb_merge_options policy = ORGDB_MERGE_OPTIONS_INIT;
	policy.policy = ORGDB_POLICY_ORGANIZATION;
	for (int i = 0; i < 20000; i++) {
		/* Every other time one of a few. */
		size_t which = next_random(&state) % (i % 2 ? 10 : ORGANIZATIONS), count;
		orgdb_merged_connection entries[4];
		must(orgdb_merged_connections(txn, application, ids[which], &policy, entries, 4, &count));
		cr_assert_eq(count, which % 4, "organization %zu", which);
	}
	orgdb_statistics found = statistics();
	cr_expect_gt(found.row_cache_hits, 1000);
	cr_expect_gt(found.row_cache_misses, 1000);
}

/* Ids that somebody numbered differ only at the end. */
Test(caches, organizations_with_numbered_ids_are_kept)
{
	enum { ORGANIZATIONS = 8, ROUNDS = 20 };
	create_tenant();
	begin_write();
	for (int i = 0; i < ORGANIZATIONS; i++) {
		orgdb_organization numbered = ORGDB_ORGANIZATION_INIT;
		numbered.id = orgdb_string(format("org_%016d", i));
		numbered.name = orgdb_string(format("numbered-%d", i));
		must(orgdb_organization_create(txn, &numbered, NULL));
	}
	commit();
	begin_read();
	for (int i = 0; i < ROUNDS * ORGANIZATIONS; i++) {
		orgdb_merged_connection entry;
		size_t count;
		const char *id = format("org_%016d", i % ORGANIZATIONS);
		must(orgdb_merged_connections(txn, application, id, NULL, &entry, 1, &count));
		cr_assert_eq(count, 1, "the application's");
	}
	/* Some may have to take turns, by chance. */
	cr_expect_gt(statistics().row_cache_hits, ROUNDS * ORGANIZATIONS / 10);
}

/* Look up organizations number 0 and on, and say how many of them were kept. */
static uint64_t hits_among(orgdb_txn *reader, int organizations)
{
	orgdb_metrics before, after;
	must(orgdb_metrics_get(db, &before));
	for (int i = 0; i < organizations; i++) {
		orgdb_merged_connection entry;
		size_t count;
		must(orgdb_merged_connections(reader, application, format("org_%016d", i), NULL, &entry, 1, &count));
		cr_assert_eq(count, 1, "the application's");
	}
	must(orgdb_metrics_get(db, &after));
	return after.row_cache_hits - before.row_cache_hits;
}

/* Also while a reader goes on that has used it when it was small. */
Test(caches, the_cache_grows_with_the_organizations)
{
	enum { ORGANIZATIONS = 3000 };
	create_tenant();
	orgdb_txn *old;
	must(orgdb_begin_read(db, &old));
	cr_expect_eq(merged_in(old), 2);
	begin_write();
	for (int i = 0; i < ORGANIZATIONS; i++) {
		orgdb_organization numbered = ORGDB_ORGANIZATION_INIT;
		numbered.id = orgdb_string(format("org_%016d", i));
		numbered.name = orgdb_string(format("numbered-%d", i));
		must(orgdb_organization_create(txn, &numbered, NULL));
	}
	commit();
	begin_read();
	hits_among(txn, ORGANIZATIONS);
	hits_among(txn, ORGANIZATIONS);
	uint64_t hits = hits_among(txn, ORGANIZATIONS);
	cr_expect_gt(hits, ORGANIZATIONS * 8 / 10, "%llu", (unsigned long long)hits);
	cr_expect_eq(merged_in(old), 2);
	orgdb_end(old);
}

/* An organization with more connections than a cell holds is read from the store, rightly. */
Test(caches, a_row_that_fits_no_cell_is_right)
{
	create_tenant();
	begin_write();
	for (size_t i = 0; i < 20; i++)
		enable_for_organization(organization, create_connection(format("more-%zu", i), "samlp"));
	commit();
	begin_read();
	for (int i = 0; i < 3; i++) {
		size_t count;
		int rc = orgdb_merged_connections(txn, application, organization, NULL, NULL, 0, &count);
		cr_expect_eq(rc, ORGDB_TRUNCATED);
		cr_expect_eq(count, 22);
	}
	cr_expect_eq(statistics().row_cache_hits, 0);
}

/* Many connections, in more than one page of the catalog; a change of one leaves the others as they are. */
Test(caches, many_connections_are_kept)
{
	enum { CONNECTIONS = 3000 };
	create_tenant();
	begin_write();
	for (size_t i = 0; i < CONNECTIONS; i++)
		enable_for_application(application, create_connection(format("many-%zu", i), "oidc"));
	commit();
	orgdb_merged_connection *entries = keep((CONNECTIONS + 2) * sizeof(*entries));
	for (int round = 0; round < 3; round++) {
		begin_read();
		size_t count;
		must(orgdb_merged_connections(txn, application, organization, NULL, entries, CONNECTIONS + 2, &count));
		cr_assert_eq(count, CONNECTIONS + 2);
		for (size_t i = 0; i < CONNECTIONS; i++) {
			const char *expected = i == 7 && round > 0 ? format("changed %d", round) : format("many-%zu", i);
			expect_text(entries[2 + i].connection->display_name, expected);
		}
		end();
		begin_write();
		orgdb_connection changes = { .fields = ORGDB_CONNECTION_DISPLAY_NAME,
			.display_name = orgdb_string(format("changed %d", round + 1)) };
		orgdb_connection seventh;
		must(orgdb_connection_get_by_name(txn, "many-7", &seventh));
		must(orgdb_connection_update(txn, copy(seventh.id), &changes));
		commit();
	}
}

/* Of an application that has very many connections only those are looked at that may be the answer. */
Test(caches, what_is_not_asked_about_is_not_decoded)
{
	enum { CONNECTIONS = 1000, FEW = 30 };
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	orgdb_merged_connection entries[2];
	orgdb_metrics metrics;
	size_t count;
	create_tenant();
	begin_write();
	const char *hidden = create_connection("hidden", "oidc");
	enable_for_application(application, hidden);
	for (size_t i = 0; i < CONNECTIONS; i++)
		enable_for_application(application, create_connection(format("many-%zu", i), "oidc"));
	const char *last = create_connection("last", "oidc"), *other = create_connection("other", "oidc");
	enable_for_organization(organization, last);
	commit();
	begin_read();
	must(orgdb_connection_allowed(txn, application, organization, last, NULL, NULL));
	expect_error(orgdb_connection_allowed(txn, application, organization, other, NULL, NULL), ORGDB_FORBIDDEN, "");
	options.visible_only = true;
	must(orgdb_connection_allowed(txn, application, organization, last, &options, NULL));
	expect_error(
		orgdb_merged_connections(txn, application, organization, NULL, entries, 2, &count), ORGDB_TRUNCATED, "");
	cr_expect_geq(count, CONNECTIONS);
	expect_error(orgdb_connection_allowed(txn, application, organization, hidden, &options, NULL), ORGDB_FORBIDDEN, "");
	options.policy = ORGDB_POLICY_ORGANIZATION;
	must(orgdb_merged_connections(txn, application, organization, &options, entries, 2, &count));
	cr_expect_eq(count, 2);
	must(orgdb_metrics_get(db, &metrics));
	cr_expect_lt(metrics.catalog_copies, FEW, "%llu", (unsigned long long)metrics.catalog_copies);
}
