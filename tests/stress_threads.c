/*
 * Threads: readers and writers on one store while its map grows under them. A plain program, so that it runs under
 * ThreadSanitizer.
 *
 * Beside them somebody looks at the store from outside, which must not touch the map while it moves.
 *
 * Writers enable or disable both of two connections in one transaction, so every snapshot has both or neither; and they
 * add members, so that the map, small at first, grows while readers are at work.
 *
 * usage: stress_threads FOLDER [ROUNDS]
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orgdb.h"

enum { WRITERS = 2, READERS = 3 };

static orgdb *db;
static char client_id[64], organization_id[64], connection_ids[2][64];
static int rounds = 400;
static atomic_int writers_left = WRITERS;
static atomic_uint_fast64_t lookups;

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, orgdb_error_name(rc), orgdb_last_error()->message);
	exit(1);
}

static void expect(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	exit(1);
}

static int populate(orgdb_txn *txn, void *context)
{
	(void)context;
	orgdb_str id;
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.name = orgdb_string("portal");
	int rc = orgdb_application_create(txn, &application, &id);
	snprintf(client_id, sizeof(client_id), "%s", id.data);
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string("acme");
	if (rc == 0)
		rc = orgdb_organization_create(txn, &organization, &id);
	snprintf(organization_id, sizeof(organization_id), "%s", id.data);
	for (int i = 0; i < 2 && rc == 0; i++) {
		orgdb_connection connection = ORGDB_CONNECTION_INIT;
		connection.name = orgdb_string(i == 0 ? "first" : "second");
		connection.strategy = orgdb_string("samlp");
		rc = orgdb_connection_create(txn, &connection, &id);
		snprintf(connection_ids[i], sizeof(connection_ids[i]), "%s", id.data);
	}
	return rc;
}

static int change(orgdb_txn *txn, void *context)
{
	(void)context;
	uint64_t enabled;
	int rc = orgdb_enabled_connection_count(txn, organization_id, &enabled);
	for (int i = 0; i < 2 && rc == 0; i++)
		rc = enabled > 0 ? orgdb_enabled_connection_delete(txn, organization_id, connection_ids[i])
						 : orgdb_enabled_connection_create(txn, organization_id, connection_ids[i], NULL);
	for (int i = 0; i < 20 && rc == 0; i++) {
		orgdb_user user = ORGDB_USER_INIT;
		orgdb_str id;
		rc = orgdb_user_create(txn, &user, &id);
		if (rc == 0)
			rc = orgdb_membership_add(txn, organization_id, id.data, NULL);
	}
	return rc;
}

static void *write_rounds(void *context)
{
	for (int i = 0; i < rounds; i++)
		must(orgdb_write(db, change, NULL), "write");
	atomic_fetch_sub(&writers_left, 1);
	return context;
}

static void look_up(void)
{
	orgdb_txn *txn;
	must(orgdb_begin_read(db, &txn), "begin");
	orgdb_merged_connection entries[4];
	size_t count;
	uint64_t lsn, members, enabled;
	must(orgdb_merged_connections(txn, client_id, organization_id, NULL, entries, 4, &count), "look up");
	must(orgdb_organization_member_count(txn, organization_id, &members), "count members");
	must(orgdb_enabled_connection_count(txn, organization_id, &enabled), "count enabled connections");
	must(orgdb_lsn(txn, &lsn), "lsn");
	expect(count == enabled, "the lookup and the list agree");
	/* The first change was the population; from then on they alternate. */
	expect(count == (lsn % 2 == 0 ? 2 : 0), "both connections are enabled, or neither");
	expect(members == 20 * (lsn - 1), "20 members come with each change");
	for (size_t i = 0; i < count; i++)
		expect(orgdb_str_equal(entries[i].connection->id, orgdb_string(connection_ids[i])), "in creation order");
	orgdb_end(txn);
	atomic_fetch_add(&lookups, 1);
}

static void *read_rounds(void *context)
{
	while (atomic_load(&writers_left) > 0)
		look_up();
	return context;
}

static void *watch(void *context)
{
	while (atomic_load(&writers_left) > 0) {
		orgdb_metrics metrics;
		orgdb_reader readers[READERS];
		size_t count;
		must(orgdb_metrics_get(db, &metrics), "metrics");
		must(orgdb_readers(db, 0, readers, READERS, &count), "readers");
		expect(metrics.used_size <= metrics.map_size, "what is used is mapped");
	}
	return context;
}

int main(int argc, char **argv)
{
	char path[4096];
	if (argc < 2)
		return fprintf(stderr, "usage: stress_threads FOLDER [ROUNDS]\n"), 2;
	if (argc > 2)
		rounds = atoi(argv[2]);
	snprintf(path, sizeof(path), "%s/stress-threads-%ld.orgdb", argv[1], (long)getpid());
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 1 << 20;
	options.durability = ORGDB_RELAXED;
	must(orgdb_open(path, &options, &db), "open");
	must(orgdb_write(db, populate, NULL), "populate");
	pthread_t threads[WRITERS + READERS], watcher;
	pthread_create(&watcher, NULL, watch, NULL);
	for (int i = 0; i < WRITERS + READERS; i++)
		pthread_create(&threads[i], NULL, i < WRITERS ? write_rounds : read_rounds, NULL);
	for (int i = 0; i < WRITERS + READERS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(watcher, NULL);
	must(orgdb_check(db, NULL), "check");
	orgdb_close(db);
	printf("%d changes, %" PRIuFAST64 " lookups beside them\n", WRITERS * rounds, atomic_load(&lookups));
	unlink(path);
	strcat(path, "-lock");
	unlink(path);
	return 0;
}
