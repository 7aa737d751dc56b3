/*
 * The hooks of the process: memory comes from the allocator that was given, all of it goes back, and wherever there is
 * none left the call says so and the store is as it was; the log tells what an operator should know, and nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "store.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- The allocator ----------------------------------------------------------------------------------------------- */

/* What a counting allocator knows. It may fail one time, or from some time on. */
struct counting {
	size_t taken;       /* How often memory was asked for. */
	size_t outstanding; /* How many pieces have not come back. */
	size_t fail_at;     /* The first that fails, from 1 on; 0: none. */
	bool fail_on;       /* And all that follow. */
	bool misaligned;    /* A request was not as promised. */
};

static bool fails(struct counting *counting)
{
	counting->taken++;
	if (counting->fail_at == 0 || counting->taken < counting->fail_at)
		return false;
	return counting->fail_on || counting->taken == counting->fail_at;
}

static void *count_allocate(void *context, size_t alignment, size_t size)
{
	struct counting *counting = context;
	if (alignment < _Alignof(max_align_t) || (alignment & (alignment - 1)) != 0 || size == 0 || size % alignment != 0)
		counting->misaligned = true;
	if (fails(counting))
		return NULL;
	void *memory = aligned_alloc(alignment, size);
	memset(memory, 0xa5, size); /* Whoever wants zeros must ask for them. */
	counting->outstanding++;
	return memory;
}

static void *count_reallocate(void *context, void *memory, size_t size)
{
	struct counting *counting = context;
	if (fails(counting))
		return NULL;
	counting->outstanding += memory == NULL;
	return realloc(memory, size);
}

static void count_release(void *context, void *memory)
{
	struct counting *counting = context;
	counting->outstanding--;
	free(memory);
}

static struct counting counting;
static const orgdb_allocator counter = { &counting, count_allocate, count_reallocate, count_release };

/* ---- What is done with it ---------------------------------------------------------------------------------------- */

enum { CONNECTIONS = 20 };

static int add_connection(orgdb_txn *writer, const char *name, const char *organization_id)
{
	orgdb_str id;
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string(name);
	connection.strategy = orgdb_string("samlp");
	int rc = orgdb_connection_create(writer, &connection, &id);
	if (rc == 0)
		rc = orgdb_application_connection_enable(writer, "portal", id.data, NULL);
	return rc == 0 ? orgdb_enabled_connection_create(writer, organization_id, id.data, NULL) : rc;
}

/* Fill the store with a little of everything that takes memory. */
static int fill(orgdb_txn *writer, void *context)
{
	(void)context;
	orgdb_str id;
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.client_id = orgdb_string("portal");
	application.name = orgdb_string("Portal");
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string("acme");
	organization.metadata = value_of_entries(20, "text");
	orgdb_user user = ORGDB_USER_INIT;
	user.user_id = orgdb_string("auth0|someone");
	int rc = orgdb_application_create(writer, &application, NULL);
	if (rc == 0)
		rc = orgdb_organization_create(writer, &organization, &id);
	for (int i = 0; rc == 0 && i < CONNECTIONS; i++)
		rc = add_connection(writer, format("connection-%d", i), id.data);
	if (rc == 0)
		rc = orgdb_user_create(writer, &user, NULL);
	return rc == 0 ? orgdb_membership_add(writer, id.data, "auth0|someone", NULL) : rc;
}

static int look_up(orgdb_txn *reader)
{
	orgdb_organization organization;
	orgdb_merged_connection entries[30];
	orgdb_user members[2];
	char id[32];
	size_t count = 0;
	int rc = orgdb_organization_get_by_name(reader, "acme", &organization);
	if (rc != 0)
		return rc;
	snprintf(id, sizeof(id), "%s", copy(organization.id));
	rc = orgdb_merged_connections(reader, "portal", id, NULL, entries, COUNT_OF(entries), &count);
	if (rc == 0)
		cr_assert_eq(count, CONNECTIONS);
	if (rc == 0)
		rc = orgdb_organization_members(reader, id, 0, members, COUNT_OF(members), &count);
	return rc;
}

static int look_up_in_a_snapshot(orgdb *store)
{
	orgdb_txn *reader;
	int rc = orgdb_begin_read(store, &reader);
	if (rc != 0)
		return rc;
	rc = look_up(reader);
	orgdb_end(reader);
	return rc;
}

static int delete_connection(orgdb_txn *writer, const char *name)
{
	orgdb_connection connection;
	int rc = orgdb_connection_get_by_name(writer, name, &connection);
	return rc == 0 ? orgdb_connection_delete(writer, copy(connection.id), NULL) : rc;
}

static int empty(orgdb_txn *writer, void *context)
{
	(void)context;
	orgdb_organization organization;
	int rc = look_up(writer); /* What a write transaction decodes is its own. */
	if (rc == 0)
		rc = orgdb_organization_get_by_name(writer, "acme", &organization);
	if (rc == 0)
		rc = orgdb_organization_delete(writer, copy(organization.id), NULL);
	for (int i = 0; rc == 0 && i < CONNECTIONS; i++)
		rc = delete_connection(writer, format("connection-%d", i));
	if (rc == 0)
		rc = orgdb_user_delete(writer, "auth0|someone", NULL);
	return rc == 0 ? orgdb_application_delete(writer, "portal", NULL) : rc;
}

/* A short life of a store; ends at the first failure. */
static int live(void)
{
	orgdb *store;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 16 * MEBIBYTE;
	options.durability = ORGDB_RELAXED;
	int rc = orgdb_open(store_path, &options, &store);
	if (rc != 0)
		return rc;
	rc = orgdb_write(store, fill, NULL);
	if (rc == 0)
		rc = look_up_in_a_snapshot(store);
	if (rc == 0)
		rc = orgdb_check(store, NULL);
	if (rc == 0)
		rc = orgdb_write(store, empty, NULL);
	orgdb_close(store);
	return rc;
}

/* ---- The tests --------------------------------------------------------------------------------------------------- */

TestSuite(hooks, .init = fixture_directory, .fini = fixture_close);

Test(hooks, memory_comes_from_the_allocator_and_all_of_it_goes_back)
{
	must(orgdb_set_allocator(&counter));
	must(live());
	cr_expect_gt(counting.taken, 50);
	cr_expect_eq(counting.outstanding, 0);
	cr_expect(!counting.misaligned);
	size_t taken = counting.taken;
	must(orgdb_set_allocator(NULL));
	must(orgdb_open(store_path, NULL, &db));
	expect_sound_store();
	cr_expect_eq(counting.taken, taken, "the C library's again");
}

/* Where the cache of rows keeps its cells, it wants zeros. */
Test(hooks, the_caches_work_with_any_allocator)
{
	must(orgdb_set_allocator(&counter));
	must(orgdb_open(store_path, NULL, &db));
	begin_write();
	const char *application = create_application("portal"), *organization = create_organization("acme");
	enable_for_organization(organization, create_connection("first", "auth0"));
	commit();
	for (int i = 0; i < 2; i++) {
		orgdb_merged_connection entries[2];
		size_t count;
		begin_read();
		must(orgdb_merged_connections(txn, application, organization, NULL, entries, COUNT_OF(entries), &count));
		cr_expect_eq(count, 1);
		if (i == 1)
			cr_expect_eq(statistics().row_cache_hits, 1);
		end();
	}
	close_store();
	cr_expect_eq(counting.outstanding, 0);
}

/* One life for each place that takes memory; `fail_on`: there is none from then on. Returns how many failed. */
static size_t fail_everywhere(bool fail_on)
{
	size_t failures = 0;
	for (size_t at = 1;; at++) {
		must(orgdb_set_allocator(&counter));
		counting = (struct counting){ .fail_at = at, .fail_on = fail_on };
		int rc = live();
		cr_assert(rc == 0 || rc == ORGDB_NO_MEMORY, "at %zu: %s", at, orgdb_last_error()->message);
		cr_assert_eq(counting.outstanding, 0, "at %zu", at);
		failures += rc != 0;
		bool reached = counting.taken >= at;
		must(orgdb_set_allocator(NULL));
		if (!reached)
			return failures;
		if (rc == 0) /* It could do without, such as a cache. */
			continue;
		orgdb_options options = ORGDB_OPTIONS_INIT;
		options.map_size = 16 * MEBIBYTE;
		open_store(&options);
		expect_sound_store();
		if (look_up_in_a_snapshot(db) == 0)
			must(orgdb_write(db, empty, NULL));
		must(orgdb_write(db, fill, NULL));
		must(orgdb_write(db, empty, NULL));
		close_store();
	}
}

Test(hooks, wherever_memory_is_refused_once_the_call_says_so_and_nothing_is_lost)
{
	cr_expect_gt(fail_everywhere(false), 30);
}

Test(hooks, wherever_memory_ends_the_call_says_so_and_nothing_is_lost)
{
	cr_expect_gt(fail_everywhere(true), 30);
}

Test(hooks, hooks_are_refused_while_a_store_is_open)
{
	must(orgdb_open(store_path, NULL, &db));
	expect_error(orgdb_set_allocator(&counter), ORGDB_BUSY, "");
	begin_read();
	orgdb *store = db;
	db = NULL;
	orgdb_close(store);
	expect_error(orgdb_set_allocator(&counter), ORGDB_BUSY, "");
	end();
	must(orgdb_set_allocator(&counter));
}

Test(hooks, an_allocator_needs_all_its_functions)
{
	orgdb_allocator incomplete[] = { counter, counter, counter };
	incomplete[0].allocate = NULL;
	incomplete[1].reallocate = NULL;
	incomplete[2].release = NULL;
	for (size_t i = 0; i < COUNT_OF(incomplete); i++)
		expect_error(orgdb_set_allocator(&incomplete[i]), ORGDB_INVALID, "allocator");
}

/* ---- The log ----------------------------------------------------------------------------------------------------- */

/* What was logged, one line after the other, each with its level before it. */
static char logged[4096];
static size_t lines;

static void write_line(void *context, uint32_t level, const char *message)
{
	static const char *const levels[] = { "error", "warning", "notice" };
	cr_assert_eq(context, logged);
	cr_assert_leq(level, ORGDB_LOG_NOTICE);
	size_t used = strlen(logged);
	snprintf(logged + used, sizeof(logged) - used, "%s %s\n", levels[level], message);
	lines++;
}

/* With a store at store_path whose creation was logged. */
static void listen(const orgdb_options *options)
{
	must(orgdb_set_log(write_line, logged));
	open_store(options);
	logged[0] = '\0';
	lines = 0;
}

static void expect_line(const char *level, const char *part)
{
	cr_expect_eq(lines, 1, "%zu lines: %s", lines, logged);
	cr_expect_eq(strncmp(logged, level, strlen(level)), 0, "%s", logged);
	cr_expect(strstr(logged, part), "%s", logged);
	cr_expect(strstr(logged, store_path), "%s", logged);
}

Test(hooks, a_new_store_is_logged)
{
	must(orgdb_set_log(write_line, logged));
	must(orgdb_open(store_path, NULL, &db));
	expect_line("notice", "created");
}

Test(hooks, what_callers_do_and_get_wrong_is_not_logged)
{
	listen(NULL);
	begin_write();
	populate();
	commit();
	begin_write();
	orgdb_organization organization;
	expect_error(orgdb_organization_get(txn, "org_0000000000000000", &organization), ORGDB_NOT_FOUND, "");
	end();
	close_store();
	open_store(NULL);
	expect_sound_store();
	close_store();
	must(orgdb_set_log(NULL, NULL));
	cr_expect_eq(lines, 0, "%s", logged);
}

static int add_users(orgdb_txn *writer, void *context)
{
	(void)context;
	int rc = 0;
	for (int i = 0; rc == 0 && i < 2000; i++) {
		orgdb_user user = ORGDB_USER_INIT;
		rc = orgdb_user_create(writer, &user, NULL);
	}
	return rc;
}

Test(hooks, a_growing_map_is_logged)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	listen(&options);
	orgdb_metrics metrics = { 0 };
	while (metrics.map_moves == 0) {
		must(orgdb_write(db, add_users, NULL));
		must(orgdb_metrics_get(db, &metrics));
	}
	expect_line("notice", "2 MiB");
}

static bool read_in_the_child(void)
{
	orgdb *store;
	orgdb_txn *reader;
	return orgdb_set_log(NULL, NULL) == 0 && orgdb_open(store_path, NULL, &store) == 0 &&
		orgdb_begin_read(store, &reader) == 0;
}

Test(hooks, readers_of_dead_processes_are_logged)
{
	listen(NULL);
	pid_t alive = process_that(read_in_the_child); /* Else LMDB begins a new lock file. */
	pid_t dead = process_that(read_in_the_child);
	end_process(dead);
	close_store();
	open_store(NULL);
	expect_line("warning", "1 readers of processes that have died");
	end_process(alive);
}

/* Commit changes until a line is logged; returns how many it took, 0 if there was none after 100. */
static size_t changes_until_a_line(void)
{
	static size_t users;
	logged[0] = '\0';
	lines = 0;
	for (size_t i = 1; i <= 100; i++) {
		begin_write();
		if (lines > 0) { /* It was logged before this one changed anything. */
			end();
			return i - 1;
		}
		create_user(format("user-%zu", users++));
		commit();
	}
	return 0;
}

static void listen_for_readers_older_than(uint64_t age)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 16 * MEBIBYTE;
	options.reader_age_max = age;
	listen(&options);
}

/* Up to a quarter of the age late. */
Test(hooks, a_reader_is_named_when_it_is_old_and_each_time_it_is_as_much_older)
{
	listen_for_readers_older_than(20);
	begin_read();
	orgdb_txn *old = txn;
	txn = NULL;
	size_t first = changes_until_a_line();
	cr_expect(first >= 20 && first <= 25, "after %zu changes", first);
	expect_line("warning", format("process %ld has a read transaction open since %zu changes", (long)getpid(), first));
	size_t second = first + changes_until_a_line();
	cr_expect(second >= 40 && second <= 45, "after %zu changes", second);
	expect_line("warning", format("since %zu changes", second));
	orgdb_end(old);
	cr_expect_eq(changes_until_a_line(), 0, "%s", logged);
}

Test(hooks, a_reader_of_another_process_is_named)
{
	listen_for_readers_older_than(20);
	pid_t reader = process_that(read_in_the_child);
	cr_expect_neq(changes_until_a_line(), 0);
	expect_line("warning", format("process %ld has a read transaction open since", (long)reader));
	end_process(reader);
}

/* Whoever opens a store hears of those that are old already. */
Test(hooks, a_reader_that_was_old_before_is_named)
{
	open_store(NULL);
	pid_t reader = process_that(read_in_the_child);
	for (size_t i = 0; i < 30; i++) {
		begin_write();
		create_role(format("role-%zu", i));
		commit();
	}
	close_store();
	listen_for_readers_older_than(20);
	begin_write();
	end();
	expect_line("warning", format("process %ld has a read transaction open since 30 changes", (long)reader));
	end_process(reader);
}

Test(hooks, short_readers_are_not_named)
{
	listen_for_readers_older_than(20);
	for (size_t i = 0; i < 100; i++) {
		begin_read();
		orgdb_txn *reader = txn;
		for (size_t k = 0; k < 3; k++) {
			begin_write();
			create_user(format("user-%zu-%zu", i, k));
			commit();
		}
		orgdb_end(reader);
	}
	cr_expect_eq(lines, 0, "%s", logged);
}

Test(hooks, damage_is_logged)
{
	static const uint8_t key[] = "counters";
	listen(NULL);
	begin_write();
	must(orgdb__kv_delete(txn->kv, TABLE_META, (struct bytes){ key, 8 }));
	orgdb_user user = ORGDB_USER_INIT;
	cr_expect_eq(orgdb_user_create(txn, &user, NULL), ORGDB_CORRUPT);
	expect_line("error", "the counters are missing");
	/* Once for all that follows from it. */
	int rc = orgdb_commit(txn);
	txn = NULL;
	cr_expect_eq(rc, ORGDB_CORRUPT);
	cr_expect_eq(lines, 1, "%s", logged);
}

Test(hooks, a_file_that_was_cut_off_is_logged)
{
	listen(NULL);
	begin_write();
	populate();
	commit();
	close_store();
	cr_assert_eq(truncate(store_path, 16384), 0);
	expect_error(orgdb_open(store_path, NULL, &db), ORGDB_CORRUPT, "");
	expect_line("error", "cut off");
}

static void *write_a_while(void *context)
{
	const struct timespec moment = { 1, 150000000 };
	orgdb_txn *writer;
	int rc = orgdb_begin_write(db, &writer);
	atomic_store((atomic_int *)context, rc == 0 ? 1 : rc);
	if (rc == 0) {
		nanosleep(&moment, NULL);
		orgdb_end(writer);
	}
	return NULL;
}

Test(hooks, a_long_wait_to_write_is_logged)
{
	pthread_t thread;
	static atomic_int begun;
	listen(NULL);
	cr_assert_eq(pthread_create(&thread, NULL, write_a_while, &begun), 0);
	while (atomic_load(&begun) == 0)
		sched_yield();
	cr_assert_eq(atomic_load(&begun), 1);
	begin_write();
	expect_line("warning", "waiting to write took 1.");
	pthread_join(thread, NULL);
}

Test(hooks, a_log_is_refused_while_a_store_is_open)
{
	open_store(NULL);
	expect_error(orgdb_set_log(write_line, logged), ORGDB_BUSY, "");
}
