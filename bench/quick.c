/*
 * A first impression of speed on this machine, in a few seconds: merged lookups in a small and in a larger store, and
 * adding memberships. Uses the public API only. The times of single lookups include reading the clock, whose cost is
 * printed beside them.
 *
 * usage: quick [FOLDER]     the stores are made in FOLDER, else in the current one, and removed again
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "orgdb.h"

enum {
	CONNECTIONS = 12,
	APPLICATION_CONNECTIONS = 5,
	ENABLED_CONNECTIONS = 3,
	LOOKUPS = 200000,
	USERS = 20000,
	MEMBERSHIPS = 100000,
	BATCH = 10000, /* Memberships in each transaction. */
};

static const char application_id[] = "BenchApplication0000000000000001";

struct store {
	orgdb *db;
	char path[4096];
	uint32_t organizations;
	uint32_t done; /* Memberships added. */
};

struct id {
	char text[40];
};

static struct id id_of(const char *prefix, uint32_t number)
{
	struct id id;
	snprintf(id.text, sizeof(id.text), "%s%016u", prefix, number);
	return id;
}

/* Nothing here should fail; if something does, its error is all that is worth saying. */
static void must(int code)
{
	if (code == 0)
		return;
	fprintf(stderr, "quick: %s: %s\n", orgdb_error_name(code), orgdb_last_error()->message);
	exit(EXIT_FAILURE);
}

static uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* splitmix64: the same sequence in every run. */
static uint32_t next_random(uint64_t *state, uint32_t limit)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) % limit);
}

static int compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

static void create_connections(orgdb_txn *txn)
{
	static const char *const strategies[] = { "auth0", "google-oauth2", "samlp", "okta" };
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		struct id id = id_of("con_", i);
		char name[32];
		snprintf(name, sizeof(name), "connection-%u", i);
		orgdb_connection connection = ORGDB_CONNECTION_INIT;
		connection.id = orgdb_string(id.text);
		connection.name = orgdb_string(name);
		connection.strategy = orgdb_string(strategies[i % 4]);
		must(orgdb_connection_create(txn, &connection, NULL));
	}
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.client_id = orgdb_string(application_id);
	application.name = orgdb_string("Benchmark");
	application.organization_usage = ORGDB_USAGE_ALLOW;
	must(orgdb_application_create(txn, &application, NULL));
	for (uint32_t i = 0; i < APPLICATION_CONNECTIONS; i++)
		must(orgdb_application_connection_enable(txn, application_id, id_of("con_", i).text, NULL));
}

static int create_tenant(orgdb_txn *txn, void *context)
{
	const struct store *store = context;
	create_connections(txn);
	for (uint32_t i = 0; i < store->organizations; i++) {
		struct id id = id_of("org_", i);
		struct id name = id_of("organization-", i);
		orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
		organization.id = orgdb_string(id.text);
		organization.name = orgdb_string(name.text);
		must(orgdb_organization_create(txn, &organization, NULL));
		for (uint32_t j = 0; j < ENABLED_CONNECTIONS; j++) {
			struct id connection = id_of("con_", (i * 5 + j * 3) % CONNECTIONS);
			must(orgdb_enabled_connection_create(txn, id.text, connection.text, NULL));
		}
	}
	return 0;
}

static int create_users(orgdb_txn *txn, void *context)
{
	(void)context;
	for (uint32_t i = 0; i < USERS; i++) {
		struct id id = id_of("auth0|", i);
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(id.text);
		must(orgdb_user_create(txn, &user, NULL));
	}
	return 0;
}

/* Every user joins a few organizations, spread so that no pair comes twice. */
static int add_memberships(orgdb_txn *txn, void *context)
{
	const struct store *store = context;
	for (uint32_t i = store->done; i < store->done + BATCH; i++) {
		uint32_t user = i % USERS;
		uint32_t organization = (user * 7 + i / USERS * 1999) % store->organizations;
		must(orgdb_membership_add(txn, id_of("org_", organization).text, id_of("auth0|", user).text, NULL));
	}
	return 0;
}

static struct store create_store(const char *folder, uint32_t organizations)
{
	struct store store = { .organizations = organizations };
	snprintf(store.path, sizeof(store.path), "%s/quick-%ld-%u.orgdb", folder, (long)getpid(), organizations);
	must(orgdb_open(store.path, NULL, &store.db));
	must(orgdb_write(store.db, create_tenant, &store));
	return store;
}

static void remove_store(struct store *store)
{
	char lock[sizeof(store->path) + 8];
	snprintf(lock, sizeof(lock), "%s-lock", store->path);
	orgdb_close(store->db);
	unlink(store->path);
	unlink(lock);
}

/* What a login page does, from begin to end. */
static void look_up(const struct store *store, uint32_t organization)
{
	orgdb_txn *txn;
	orgdb_merged_connection entries[CONNECTIONS];
	size_t count;
	must(orgdb_begin_read(store->db, &txn));
	struct id id = id_of("org_", organization);
	must(orgdb_merged_connections(txn, application_id, id.text, NULL, entries, CONNECTIONS, &count));
	orgdb_end(txn);
}

static void measure_lookups(const struct store *store, uint32_t *times)
{
	uint64_t state = 1;
	uint64_t start = now();
	for (uint32_t i = 0; i < LOOKUPS; i++)
		look_up(store, next_random(&state, store->organizations));
	double seconds = (double)(now() - start) / 1e9;
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint32_t organization = next_random(&state, store->organizations);
		start = now();
		look_up(store, organization);
		times[i] = (uint32_t)(now() - start);
	}
	qsort(times, LOOKUPS, sizeof(*times), compare);
	printf("merged lookups, %6u organizations: %9.0f/s on one thread, median %u ns, p99 %u ns\n", store->organizations,
		LOOKUPS / seconds, times[LOOKUPS / 2], times[LOOKUPS / 100 * 99]);
}

static void measure_memberships(struct store *store)
{
	must(orgdb_write(store->db, create_users, NULL));
	uint64_t start = now();
	for (store->done = 0; store->done < MEMBERSHIPS; store->done += BATCH)
		must(orgdb_write(store->db, add_memberships, store));
	double seconds = (double)(now() - start) / 1e9;
	printf("memberships added:                   %9.0f/s, %d in durable transactions of %d\n", MEMBERSHIPS / seconds,
		MEMBERSHIPS, BATCH);
}

static void measure_clock(uint32_t *times)
{
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint64_t start = now();
		times[i] = (uint32_t)(now() - start);
	}
	qsort(times, LOOKUPS, sizeof(*times), compare);
	printf("reading the clock, in each time above: median %u ns\n", times[LOOKUPS / 2]);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 6, 10000 };
	uint32_t *times = calloc(LOOKUPS, sizeof(*times));
	if (!times || argc > 2) {
		fputs(times ? "usage: quick [FOLDER]\n" : "quick: out of memory\n", stderr);
		free(times);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct store store = create_store(argc == 2 ? argv[1] : ".", sizes[i]);
		measure_lookups(&store, times);
		if (i == 1)
			measure_memberships(&store);
		remove_store(&store);
	}
	measure_clock(times);
	free(times);
	return EXIT_SUCCESS;
}
