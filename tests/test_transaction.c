/*
 * Transactions: what they see, whom they exclude, how they end, and how the store grows under them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

TestSuite(transaction, .init = fixture_store, .fini = fixture_close, .timeout = 120);

static uint64_t organizations_in(orgdb_txn *reader)
{
	uint64_t count;
	must(orgdb_organization_count(reader, &count));
	return count;
}

/* In a transaction of its own. */
static uint64_t committed_organizations(void)
{
	orgdb_txn *reader;
	must(orgdb_begin_read(db, &reader));
	uint64_t count = organizations_in(reader);
	orgdb_end(reader);
	return count;
}

static uint64_t committed_lsn(void)
{
	orgdb_txn *reader;
	uint64_t lsn;
	must(orgdb_begin_read(db, &reader));
	must(orgdb_lsn(reader, &lsn));
	orgdb_end(reader);
	return lsn;
}

static void commit_organization(const char *name)
{
	begin_write();
	create_organization(name);
	commit();
}

static void wait_briefly(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
}

/* Seeing. */

Test(transaction, commit_makes_changes_visible)
{
	begin_write();
	create_organization("acme");
	cr_expect_eq(committed_organizations(), 0, "not yet");
	commit();
	cr_expect_eq(committed_organizations(), 1);
}

Test(transaction, end_drops_changes)
{
	begin_write();
	populate();
	end();
	begin_read();
	orgdb_statistics found = statistics();
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		expect_number(found.count[kind], 0);
	expect_sound_store();
}

Test(transaction, a_writer_sees_its_own_changes)
{
	begin_write();
	const char *id = create_organization("acme");
	orgdb_organization organization;
	must(orgdb_organization_get(txn, id, &organization));
	must(orgdb_organization_get_by_name(txn, "acme", &organization));
	cr_expect_eq(organizations_in(txn), 1);
	must(orgdb_organization_delete(txn, id, NULL));
	cr_expect_eq(orgdb_organization_get(txn, id, &organization), ORGDB_NOT_FOUND);
	cr_expect_eq(organizations_in(txn), 0);
}

Test(transaction, a_reader_keeps_its_snapshot)
{
	commit_organization("acme");
	orgdb_txn *before, *between;
	must(orgdb_begin_read(db, &before));
	commit_organization("umbrella");
	must(orgdb_begin_read(db, &between));
	begin_write();
	orgdb_organization organization;
	must(orgdb_organization_get_by_name(txn, "acme", &organization));
	must(orgdb_organization_delete(txn, copy(organization.id), NULL));
	commit();
	cr_expect_eq(organizations_in(before), 1);
	cr_expect_eq(organizations_in(between), 2);
	cr_expect_eq(committed_organizations(), 1);
	must(orgdb_organization_get_by_name(before, "acme", &organization));
	cr_expect_eq(orgdb_organization_get_by_name(before, "umbrella", &organization), ORGDB_NOT_FOUND);
	orgdb_end(before);
	orgdb_end(between);
}

Test(transaction, views_of_a_reader_stay_while_others_write)
{
	commit_organization("acme");
	begin_read();
	orgdb_organization organization;
	must(orgdb_organization_get_by_name(txn, "acme", &organization));
	for (size_t i = 0; i < 20; i++) {
		orgdb_txn *writer;
		must(orgdb_begin_write(db, &writer));
		orgdb_organization changes = ORGDB_ORGANIZATION_INIT, found;
		must(orgdb_organization_list(writer, 0, &found, 1, &(size_t){ 0 }));
		changes.fields = ORGDB_ORGANIZATION_NAME;
		changes.name = orgdb_string(format("name-%zu", i));
		must(orgdb_organization_update(writer, copy(found.id), &changes));
		must(orgdb_commit(writer));
	}
	expect_text(organization.name, "acme");
}

Test(transaction, many_readers_in_one_thread)
{
	orgdb_txn *readers[200];
	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		must(orgdb_begin_read(db, &readers[i]));
		if (i % 20 == 0)
			commit_organization(format("organization-%zu", i));
	}
	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		cr_expect_eq(organizations_in(readers[i]), (i + 19) / 20, "reader %zu", i);
		orgdb_end(readers[i]);
	}
}

static void *count_and_end(void *context)
{
	uint64_t count = 0;
	int rc = orgdb_organization_count(context, &count);
	orgdb_end(context);
	return rc == 0 && count == 1 ? context : NULL;
}

Test(transaction, a_reader_may_move_to_another_thread)
{
	commit_organization("acme");
	orgdb_txn *reader;
	must(orgdb_begin_read(db, &reader));
	pthread_t thread;
	void *result;
	cr_assert_eq(pthread_create(&thread, NULL, count_and_end, reader), 0);
	pthread_join(thread, &result);
	cr_expect_eq(result, reader);
	cr_expect_eq(committed_organizations(), 1);
}

static atomic_int failures;

static void *begin_and_end(void *context)
{
	(void)context;
	for (int i = 0; i < 500; i++) {
		orgdb_txn *reader;
		uint64_t count;
		if (orgdb_begin_read(db, &reader) != 0 || orgdb_organization_count(reader, &count) != 0 || count != 1)
			atomic_fetch_add(&failures, 1);
		else
			orgdb_end(reader);
	}
	return NULL;
}

Test(transaction, readers_in_many_threads_at_once)
{
	commit_organization("acme");
	pthread_t threads[16];
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, begin_and_end, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i], NULL);
	cr_expect_eq(atomic_load(&failures), 0);
}

/* Ending. */

Test(transaction, commit_of_a_reader_ends_it)
{
	begin_read();
	commit();
	begin_write();
	commit();
}

Test(transaction, ending_nothing_does_nothing)
{
	orgdb_end(NULL);
	cr_expect_eq(committed_organizations(), 0);
}

Test(transaction, a_commit_without_changes_succeeds)
{
	for (int i = 0; i < 3; i++) {
		begin_write();
		commit();
	}
	commit_organization("acme");
	cr_expect_eq(committed_organizations(), 1);
}

Test(transaction, readers_refuse_every_change)
{
	begin_write();
	populate();
	commit();
	begin_read();
	orgdb_organization organization;
	orgdb_connection connection;
	orgdb_application application;
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	must(orgdb_organization_get_by_name(txn, "organization-0", &organization));
	must(orgdb_connection_get_by_name(txn, "connection-1", &connection));
	must(orgdb_application_list(txn, 0, &application, 1, &(size_t){ 0 }));
	const char *org = copy(organization.id), *con = copy(connection.id), *app = copy(application.client_id);
	const char *user = "auth0|user-00", *role = "rol_0000000000000000";
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = valid_entity(kind, "probe");
		expect_error(orgdb_entity_create(txn, kind, &entity, NULL), ORGDB_READ_ONLY, "");
	}
	any_entity changes = { .fields = 0 };
	expect_error(orgdb_organization_update(txn, org, &changes.organization), ORGDB_READ_ONLY, "");
	expect_error(orgdb_organization_delete(txn, org, NULL), ORGDB_READ_ONLY, "");
	expect_error(orgdb_application_connection_enable(txn, app, con, NULL), ORGDB_READ_ONLY, "");
	expect_error(orgdb_application_connection_disable(txn, app, con), ORGDB_READ_ONLY, "");
	expect_error(orgdb_enabled_connection_create(txn, org, con, &edge), ORGDB_READ_ONLY, "");
	expect_error(orgdb_enabled_connection_update(txn, org, con, &edge), ORGDB_READ_ONLY, "");
	expect_error(orgdb_enabled_connection_delete(txn, org, con), ORGDB_READ_ONLY, "");
	expect_error(orgdb_membership_add(txn, org, user, NULL), ORGDB_READ_ONLY, "");
	expect_error(orgdb_membership_remove(txn, org, user), ORGDB_READ_ONLY, "");
	expect_error(orgdb_member_role_assign(txn, org, user, role), ORGDB_READ_ONLY, "");
	expect_error(orgdb_member_role_remove(txn, org, user, role), ORGDB_READ_ONLY, "");
	cr_expect_eq(organizations_in(txn), 5, "the reader is still good");
}

/* Failing calls. */

Test(transaction, a_callers_failure_leaves_the_transaction_usable)
{
	begin_write();
	const char *id = create_organization("acme");
	any_entity organization = valid_entity(ORGDB_KIND_ORGANIZATION, "acme");
	expect_error(orgdb_organization_create(txn, &organization.organization, NULL), ORGDB_EXISTS, "name");
	organization.organization.name = orgdb_string("Not A Name");
	expect_error(orgdb_organization_create(txn, &organization.organization, NULL), ORGDB_INVALID, "name");
	expect_error(orgdb_membership_add(txn, id, "auth0|nobody", NULL), ORGDB_NOT_FOUND, "user");
	expect_error(orgdb_organization_delete(txn, "org_zzzzzzzzzzzzzzzz", NULL), ORGDB_NOT_FOUND, "organization");
	create_organization("umbrella");
	commit();
	cr_expect_eq(committed_organizations(), 2);
	cr_expect_eq(committed_lsn(), 1);
	expect_sound_store();
}

Test(transaction, a_callers_failure_changes_nothing)
{
	begin_write();
	populate();
	commit();
	begin_write();
	orgdb_statistics before = statistics();
	any_entity taken = valid_entity(ORGDB_KIND_CONNECTION, "connection-1");
	expect_error(orgdb_connection_create(txn, &taken.connection, NULL), ORGDB_EXISTS, "name");
	expect_error(
		orgdb_membership_remove(txn, "org_zzzzzzzzzzzzzzzz", "auth0|user-00"), ORGDB_NOT_FOUND, "organization");
	orgdb_statistics after = statistics();
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		expect_number(after.count[kind], before.count[kind]);
	expect_number(after.member_roles, before.member_roles);
	commit();
	expect_number(committed_lsn(), 1);
}

/* Excluding others. */

Test(transaction, a_second_writer_in_the_same_thread_is_busy)
{
	begin_write();
	orgdb_txn *second;
	expect_error(orgdb_begin_write(db, &second), ORGDB_BUSY, "");
	create_organization("acme"); /* The first is still good. */
	commit();
	begin_write();
	create_organization("umbrella");
	commit();
	cr_expect_eq(committed_organizations(), 2);
}

static int create_two(orgdb_txn *writer, void *context)
{
	++*(int *)context;
	for (int i = 0; i < 2; i++) {
		any_entity organization = valid_entity(ORGDB_KIND_ORGANIZATION, i ? "two" : "one");
		int rc = orgdb_organization_create(writer, &organization.organization, NULL);
		if (rc)
			return rc;
	}
	return 0;
}

Test(transaction, write_inside_a_writer_is_busy)
{
	int runs = 0;
	begin_write();
	expect_error(orgdb_write(db, create_two, &runs), ORGDB_BUSY, "");
	cr_expect_eq(runs, 0);
}

Test(transaction, writers_of_two_stores_in_one_thread)
{
	orgdb *other;
	orgdb_txn *writer;
	must(orgdb_open(path_in_directory("other.orgdb"), NULL, &other));
	begin_write();
	must(orgdb_begin_write(other, &writer));
	create_organization("acme");
	any_entity organization = valid_entity(ORGDB_KIND_ORGANIZATION, "umbrella");
	must(orgdb_organization_create(writer, &organization.organization, NULL));
	must(orgdb_commit(writer));
	commit();
	orgdb_close(other);
	cr_expect_eq(committed_organizations(), 1);
}

static atomic_bool has_begun;

static void *write_in_another_thread(void *context)
{
	orgdb_txn *writer;
	int *rc = context;
	*rc = orgdb_begin_write(db, &writer);
	atomic_store(&has_begun, true);
	if (*rc)
		return NULL;
	any_entity organization = valid_entity(ORGDB_KIND_ORGANIZATION, "umbrella");
	*rc = orgdb_organization_create(writer, &organization.organization, NULL);
	int committed = orgdb_commit(writer);
	*rc = *rc ? *rc : committed;
	return NULL;
}

Test(transaction, another_thread_waits_for_the_writer)
{
	begin_write();
	int rc = -1;
	pthread_t thread;
	cr_assert_eq(pthread_create(&thread, NULL, write_in_another_thread, &rc), 0);
	wait_briefly();
	cr_expect(!atomic_load(&has_begun), "it did not wait");
	cr_expect_eq(committed_organizations(), 0, "readers do not wait");
	create_organization("acme");
	commit();
	pthread_join(thread, NULL);
	cr_expect_eq(rc, 0, "%s", orgdb_error_name(rc));
	cr_expect_eq(committed_organizations(), 2);
}

static void *commit_organizations(void *context)
{
	const char *name = context;
	for (int i = 0; i < 50; i++) {
		char text[32];
		snprintf(text, sizeof(text), "%s-%d", name, i);
		orgdb_txn *writer;
		any_entity organization = valid_entity(ORGDB_KIND_ORGANIZATION, text);
		if (orgdb_begin_write(db, &writer) != 0)
			return NULL;
		int rc = orgdb_organization_create(writer, &organization.organization, NULL);
		if (orgdb_commit(writer) != 0 || rc != 0)
			return NULL;
	}
	return context;
}

Test(transaction, writers_in_many_threads_take_turns)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, commit_organizations, names[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		void *result;
		pthread_join(threads[i], &result);
		cr_expect_eq(result, names[i], "thread %zu failed", i);
	}
	cr_expect_eq(committed_organizations(), 200);
	cr_expect_eq(committed_lsn(), 200);
	expect_sound_store();
}

static void *use_a_foreign_writer(void *context)
{
	static int results[3];
	any_entity organization = valid_entity(ORGDB_KIND_ORGANIZATION, "foreign");
	results[0] = orgdb_organization_create(context, &organization.organization, NULL);
	results[1] = orgdb_membership_add(context, "x", "y", NULL);
	results[2] = orgdb_commit(context);
	return results;
}

Test(transaction, a_writer_belongs_to_its_thread)
{
	begin_write();
	create_organization("acme");
	pthread_t thread;
	void *results;
	cr_assert_eq(pthread_create(&thread, NULL, use_a_foreign_writer, txn), 0);
	pthread_join(thread, &results);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(((int *)results)[i], ORGDB_MISUSE, "call %zu: %s", i, orgdb_error_name(((int *)results)[i]));
	create_organization("umbrella"); /* Nothing happened to it. */
	commit();
	cr_expect_eq(committed_organizations(), 2);
	expect_sound_store();
}

/* The store's clock. */

Test(transaction, lsn_counts_the_transactions_that_changed_the_store)
{
	expect_number(committed_lsn(), 0);
	commit_organization("acme");
	expect_number(committed_lsn(), 1);
	begin_write();
	populate();
	commit();
	expect_number(committed_lsn(), 2);
}

Test(transaction, lsn_stands_still_where_nothing_changes)
{
	commit_organization("acme");
	begin_write();
	commit();
	expect_number(committed_lsn(), 1);
	begin_write();
	create_organization("dropped");
	end();
	expect_number(committed_lsn(), 1);
	begin_write();
	any_entity taken = valid_entity(ORGDB_KIND_ORGANIZATION, "acme");
	expect_error(orgdb_organization_create(txn, &taken.organization, NULL), ORGDB_EXISTS, "name");
	commit();
	expect_number(committed_lsn(), 1);
}

Test(transaction, lsn_inside_a_writer_is_the_one_before)
{
	commit_organization("acme");
	begin_write();
	create_organization("umbrella");
	uint64_t lsn;
	must(orgdb_lsn(txn, &lsn));
	expect_number(lsn, 1);
	expect_number(statistics().lsn, 1);
	commit();
	expect_number(committed_lsn(), 2);
}

Test(transaction, lsn_belongs_to_the_snapshot)
{
	commit_organization("acme");
	orgdb_txn *reader;
	must(orgdb_begin_read(db, &reader));
	commit_organization("umbrella");
	uint64_t lsn;
	must(orgdb_lsn(reader, &lsn));
	expect_number(lsn, 1);
	orgdb_end(reader);
}

/* orgdb_write(). */

Test(transaction, write_commits_what_succeeds)
{
	int runs = 0;
	must(orgdb_write(db, create_two, &runs));
	cr_expect_eq(runs, 1);
	cr_expect_eq(committed_organizations(), 2);
}

static int create_and_return(orgdb_txn *writer, void *context)
{
	any_entity organization = valid_entity(ORGDB_KIND_ORGANIZATION, "acme");
	int rc = orgdb_organization_create(writer, &organization.organization, NULL);
	return rc ? rc : *(int *)context;
}

Test(transaction, write_drops_everything_for_any_other_result)
{
	static const int results[] = { ORGDB_INVALID, ORGDB_NOT_FOUND, 1, 12345, -5, -2147483647 - 1 };
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		int result = results[i];
		int rc = orgdb_write(db, create_and_return, &result);
		cr_expect_eq(rc, results[i], "row %zu gave %d", i, rc);
		cr_expect_eq(committed_organizations(), 0, "row %zu", i);
	}
	int ok = 0;
	must(orgdb_write(db, create_and_return, &ok));
	cr_expect_eq(committed_organizations(), 1);
}

Test(transaction, write_gives_a_failed_calls_error)
{
	commit_organization("two");
	int runs = 0;
	expect_error(orgdb_write(db, create_two, &runs), ORGDB_EXISTS, "organization.name");
	cr_expect_eq(runs, 1);
	cr_expect_eq(committed_organizations(), 1, "the first of the two is gone");
}

Test(transaction, write_to_a_read_only_store_is_refused)
{
	close_store();
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = true;
	open_store(&options);
	int runs = 0;
	expect_error(orgdb_write(db, create_two, &runs), ORGDB_READ_ONLY, "");
	cr_expect_eq(runs, 0);
}

/* Growing. */

static void reopen(uint64_t map_size, uint64_t map_size_max)
{
	close_store();
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = map_size;
	options.map_size_max = map_size_max;
	open_store(&options);
}

static void reopen_small(uint64_t map_size_max)
{
	reopen(MEBIBYTE, map_size_max);
}

struct batch {
	size_t first;
	size_t count;
	int runs;
};

static int create_one(orgdb_txn *writer, size_t number)
{
	char name[32], text[256], buffer[600];
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	snprintf(name, sizeof(name), "organization-%zu", number);
	snprintf(text, sizeof(text), "%0250zu", number);
	orgdb_pair pairs[2] = { { ORGDB_STR("a"), orgdb_string(text) }, { ORGDB_STR("b"), orgdb_string(text) } };
	int rc = orgdb_value_from_pairs(pairs, 2, buffer, sizeof(buffer), &organization.metadata);
	organization.name = orgdb_string(name);
	return rc ? rc : orgdb_organization_create(writer, &organization, NULL);
}

static int create_batch(orgdb_txn *writer, void *context)
{
	struct batch *batch = context;
	batch->runs++;
	int rc = 0;
	for (size_t i = 0; i < batch->count && rc == 0; i++)
		rc = create_one(writer, batch->first + i);
	return rc;
}

Test(transaction, write_grows_the_map_and_runs_again)
{
	reopen_small(0);
	struct batch batch = { .count = 5000 };
	must(orgdb_write(db, create_batch, &batch));
	cr_expect_gt(batch.runs, 1, "5,000 organizations fit into a mebibyte");
	cr_expect_eq(committed_organizations(), 5000);
	cr_expect_eq(committed_lsn(), 1, "as one transaction");
	begin_read();
	cr_expect_gt(statistics().map_size, MEBIBYTE);
	expect_sound_store();
}

static int ignore_failures(orgdb_txn *writer, void *context)
{
	create_batch(writer, context);
	return 0;
}

Test(transaction, write_runs_again_also_where_the_failure_was_ignored)
{
	reopen_small(0);
	struct batch batch = { .count = 5000 };
	must(orgdb_write(db, ignore_failures, &batch));
	cr_expect_gt(batch.runs, 1);
	cr_expect_eq(committed_organizations(), 5000);
	expect_sound_store();
}

Test(transaction, many_small_writes_grow_the_map)
{
	reopen_small(0);
	for (size_t i = 0; i < 50; i++) {
		struct batch batch = { .first = i * 100, .count = 100 };
		must(orgdb_write(db, create_batch, &batch));
	}
	cr_expect_eq(committed_organizations(), 5000);
	expect_sound_store();
}

/* One attempt in an explicit transaction. */
static int try_batch(struct batch *batch)
{
	begin_write();
	int rc = create_batch(txn, batch);
	if (rc != 0) {
		/* The transaction has failed for good, and goes on to say so. */
		uint64_t count;
		cr_expect_eq(rc, ORGDB_MAP_FULL, "%s", orgdb_error_name(rc));
		cr_expect_eq(create_one(txn, 999999), ORGDB_MAP_FULL);
		cr_expect_eq(orgdb_organization_count(txn, &count), ORGDB_MAP_FULL);
	}
	orgdb_txn *ending = txn;
	txn = NULL;
	int committed = orgdb_commit(ending);
	cr_expect(rc == 0 || committed == rc, "commit gave %s", orgdb_error_name(committed));
	return committed;
}

Test(transaction, an_explicit_transaction_reports_map_full_and_works_when_run_again)
{
	reopen_small(0);
	struct batch batch = { .count = 5000 };
	int rc;
	do {
		rc = try_batch(&batch);
		cr_expect_eq(committed_organizations(), rc ? 0 : 5000);
	} while (rc == ORGDB_MAP_FULL && batch.runs < 30);
	cr_expect_eq(rc, 0, "after %d attempts: %s", batch.runs, orgdb_error_name(rc));
	cr_expect_gt(batch.runs, 1);
	expect_sound_store();
}

Test(transaction, an_explicit_transaction_that_is_ended_after_map_full_works_when_begun_again)
{
	reopen_small(0);
	struct batch batch = { .count = 5000 };
	int rc;
	do {
		begin_write();
		rc = create_batch(txn, &batch);
		if (rc == 0)
			commit();
		else
			end(); /* As one does after an error, instead of a commit that must fail. */
	} while (rc == ORGDB_MAP_FULL && batch.runs < 30);
	cr_expect_eq(rc, 0, "after %d attempts: %s", batch.runs, orgdb_error_name(rc));
	cr_expect_eq(committed_organizations(), 5000);
	expect_sound_store();
}

static void *read_for_a_while(void *context)
{
	orgdb_txn *reader = context;
	orgdb_organization organization;
	if (orgdb_organization_get_by_name(reader, "acme", &organization) != 0)
		return NULL;
	wait_briefly();
	bool same = orgdb_str_equal(organization.name, orgdb_string("acme"));
	orgdb_end(reader);
	return same ? context : NULL;
}

Test(transaction, growing_waits_for_readers)
{
	reopen_small(0);
	commit_organization("acme");
	orgdb_txn *reader;
	pthread_t thread;
	void *result;
	must(orgdb_begin_read(db, &reader));
	cr_assert_eq(pthread_create(&thread, NULL, read_for_a_while, reader), 0);
	struct batch batch = { .count = 5000 };
	must(orgdb_write(db, create_batch, &batch));
	pthread_join(thread, &result);
	cr_expect_eq(result, reader);
	cr_expect_eq(committed_organizations(), 5001);
	expect_sound_store();
}

/* The wait ends after 10 seconds. */
Test(transaction, growing_gives_up_on_a_reader_that_stays_and_harms_nobody)
{
	reopen_small(0);
	commit_organization("acme");
	begin_read();
	orgdb_organization organization;
	must(orgdb_organization_get_by_name(txn, "acme", &organization));
	struct batch batch = { .count = 5000 };
	expect_error(orgdb_write(db, create_batch, &batch), ORGDB_BUSY, "");
	expect_text(organization.name, "acme");
	cr_expect_eq(organizations_in(txn), 1);
	end();
	cr_expect_eq(committed_organizations(), 1);
	must(orgdb_write(db, create_batch, &batch));
	cr_expect_eq(committed_organizations(), 5001);
	expect_sound_store();
}

Test(transaction, the_map_never_grows_past_its_limit)
{
	reopen_small(2 * MEBIBYTE);
	struct batch batch = { .count = 20000 };
	expect_error(orgdb_write(db, create_batch, &batch), ORGDB_MAP_FULL, "");
	cr_expect_eq(committed_organizations(), 0);
	begin_read();
	cr_expect_leq(statistics().map_size, 2 * MEBIBYTE);
	cr_expect_leq(statistics().file_size, 2 * MEBIBYTE);
	end();
	commit_organization("acme"); /* Smaller ones go on. */
	cr_expect_eq(committed_organizations(), 1);
	expect_sound_store();
}

Test(transaction, a_full_store_keeps_what_it_has)
{
	reopen_small(2 * MEBIBYTE);
	size_t written = 0;
	int rc = 0;
	while (rc == 0 && written < 100000) {
		struct batch batch = { .first = written, .count = 100 };
		rc = orgdb_write(db, create_batch, &batch);
		written += rc ? 0 : 100;
	}
	cr_expect_eq(rc, ORGDB_MAP_FULL, "%s", orgdb_error_name(rc));
	cr_expect_gt(written, 0);
	cr_expect_eq(committed_organizations(), written);
	expect_sound_store();
	close_store();
	open_store(NULL); /* A larger map. */
	cr_expect_eq(committed_organizations(), written);
	struct batch batch = { .first = written, .count = 100 };
	must(orgdb_write(db, create_batch, &batch));
	expect_sound_store();
}

/* Nothing that is freed can be used again meanwhile: the store grows to its limit, says so at once, and goes on when the
 * reader has ended. */
Test(transaction, beside_an_idle_reader_the_store_grows_to_its_limit)
{
	enum { LIMIT = 2 * MEBIBYTE, CHANGES = 500 };
	reopen(LIMIT, LIMIT);
	commit_organization("acme");
	orgdb_txn *idle;
	must(orgdb_begin_read(db, &idle));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < 100000; i++) {
		struct batch batch = { .first = i, .count = 1 };
		rc = orgdb_write(db, create_batch, &batch);
	}
	expect_error(rc, ORGDB_MAP_FULL, "");
	size_t written = committed_organizations();
	cr_expect_eq(organizations_in(idle), 1);
	cr_expect_leq(file_size(store_path), LIMIT);
	orgdb_end(idle);
	for (size_t i = 0; i < CHANGES; i++) {
		struct batch batch = { .first = written - 1 + i, .count = 1 };
		must(orgdb_write(db, create_batch, &batch));
	}
	cr_expect_eq(committed_organizations(), written + CHANGES);
	expect_sound_store();
}

/* 0 where the system does not tell. */
static size_t address_space_used(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0;
	if (file && fscanf(file, "%zu", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int add_many_users(orgdb_txn *writer, void *context)
{
	(void)context;
	int rc = 0;
	for (size_t i = 0; i < 5000 && rc == 0; i++) {
		orgdb_user user = ORGDB_USER_INIT;
		rc = orgdb_user_create(writer, &user, NULL);
	}
	return rc;
}

/* A process whose address space is used up: the store says so, and goes on after it was opened again. */
Test(transaction, a_map_that_cannot_grow_takes_the_handle_with_it)
{
	struct rlimit whole, little;
	cr_assert_eq(getrlimit(RLIMIT_AS, &whole), 0);
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	options.durability = ORGDB_RELAXED;
	close_store();
	open_store(&options);
	size_t used = address_space_used();
	if (used == 0 || used > 64 * (size_t)(1024 * MEBIBYTE))
		skip("address space cannot be limited here");
	little = whole;
	little.rlim_cur = used + 24 * MEBIBYTE;
	cr_assert_eq(setrlimit(RLIMIT_AS, &little), 0);
	int rc = 0;
	for (size_t i = 0; i < 200 && rc == 0; i++)
		rc = orgdb_write(db, add_many_users, NULL);
	cr_assert_eq(setrlimit(RLIMIT_AS, &whole), 0);
	cr_expect_eq(rc, ORGDB_NO_MEMORY, "%s", orgdb_error_name(rc));
	orgdb_txn *reader;
	expect_error(orgdb_begin_read(db, &reader), ORGDB_PANIC, "");
	expect_error(orgdb_begin_write(db, &reader), ORGDB_PANIC, "");
	close_store();
	open_store(&options);
	expect_sound_store();
}
