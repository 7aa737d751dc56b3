/*
 * The program of the guide "Sizing": fills a store step by step and says what each thing takes.
 *
 * usage: sizing FOLDER [ORGANIZATIONS]     and ten times as many users; 2000 if not given
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "guide.h"

enum { USERS_EACH = 10, CONNECTIONS = 20, BATCH = 1000 };

static orgdb *db;
static unsigned organizations = 2000;

/* Bytes that hold something: pages up to the last one, without free ones. */
static uint64_t bytes_used(void)
{
	orgdb_txn *txn;
	orgdb_statistics statistics;
	uint64_t free_pages;
	must(orgdb_begin_read(db, &txn));
	must(orgdb_stat(txn, &statistics));
	must(orgdb_free_pages(txn, &free_pages));
	orgdb_end(txn);
	return statistics.used_size - free_pages * statistics.page_size;
}

struct id {
	char text[48];
};

/* Real ids are scattered, so that B-trees are as full as they get in practice. */
static struct id id_of(const char *prefix, unsigned number)
{
	struct id id;
	snprintf(id.text, sizeof(id.text), "%s%016llx", prefix, number * 0x9e3779b97f4a7c15ull);
	return id;
}

static int add_connection(orgdb_txn *txn, unsigned number)
{
	struct id id = id_of("con_", number), name = id_of("connection-", number);
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.id = orgdb_string(id.text);
	connection.name = orgdb_string(name.text);
	connection.strategy = orgdb_string("samlp");
	return orgdb_connection_create(txn, &connection, NULL);
}

/* With two of the connections. */
static int add_organization(orgdb_txn *txn, unsigned number)
{
	struct id id = id_of("org_", number), name = id_of("customer-", number);
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.id = orgdb_string(id.text);
	organization.name = orgdb_string(name.text);
	organization.display_name = orgdb_string("Customer of average size");
	int rc = orgdb_organization_create(txn, &organization, NULL);
	for (unsigned i = 0; rc == 0 && i < 2; i++) {
		struct id connection = id_of("con_", (number + 7 * i) % CONNECTIONS);
		rc = orgdb_enabled_connection_create(txn, id.text, connection.text, NULL);
	}
	return rc;
}

static int add_user(orgdb_txn *txn, unsigned number)
{
	struct id id = id_of("auth0|00000000", number), email;
	snprintf(email.text, sizeof(email.text), "user-%u@customer.example", number);
	orgdb_user user = ORGDB_USER_INIT;
	user.user_id = orgdb_string(id.text);
	user.email = orgdb_string(email.text);
	user.name = orgdb_string("Given and Family Name");
	return orgdb_user_create(txn, &user, NULL);
}

static int add_membership(orgdb_txn *txn, unsigned number)
{
	struct id user = id_of("auth0|00000000", number);
	struct id organization = id_of("org_", number * 2654435761u % organizations);
	return orgdb_membership_add(txn, organization.text, user.text, NULL);
}

struct step {
	int (*add)(orgdb_txn *txn, unsigned number);
	unsigned done;
	unsigned count;
};

static int add_some(orgdb_txn *txn, void *context)
{
	const struct step *step = context;
	int rc = 0;
	for (unsigned i = step->done; rc == 0 && i < step->count && i < step->done + BATCH; i++)
		rc = step->add(txn, i);
	return rc;
}

static void take_step(const char *what, int (*add)(orgdb_txn *txn, unsigned number), unsigned count)
{
	struct step step = { add, 0, count };
	uint64_t before = bytes_used();
	for (; step.done < count; step.done += BATCH)
		must(orgdb_write(db, add_some, &step));
	printf("%s %llu\n", what, (unsigned long long)((bytes_used() - before) / count));
}

/* Bytes of memory that the process has; not counted: pages of the store's file, which the kernel takes back as it likes. */
static uint64_t memory_used(void)
{
	unsigned long long all = 0, resident = 0, shared = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (!file)
		return 0;
	int found = fscanf(file, "%llu %llu %llu", &all, &resident, &shared);
	fclose(file);
	return found == 3 ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void look_up_all(void)
{
	orgdb_txn *txn;
	orgdb_merged_connection entries[4];
	size_t count;
	must(orgdb_begin_read(db, &txn));
	for (unsigned i = 0; i < 2 * organizations; i++) {
		struct id id = id_of("org_", i % organizations);
		must(orgdb_merged_connections(txn, "portal", id.text, NULL, entries, 4, &count));
		expect(count == 2);
	}
	orgdb_end(txn);
}

static int add_application(orgdb_txn *txn, void *context)
{
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.client_id = orgdb_string("portal");
	application.name = orgdb_string("Portal");
	(void)context;
	return orgdb_application_create(txn, &application, NULL);
}

int main(int argc, char **argv)
{
	const char *path = new_path(argc, argv, "sizing");
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = ORGDB_RELAXED;
	if (argc > 2)
		organizations = (unsigned)atoi(argv[2]);
	must(orgdb_open(path, &options, &db));
	printf("empty-store %llu\n", (unsigned long long)bytes_used());
	must(orgdb_write(db, add_application, NULL));
	take_step("connection", add_connection, CONNECTIONS);
	take_step("organization", add_organization, organizations);
	take_step("user", add_user, USERS_EACH * organizations);
	take_step("membership", add_membership, USERS_EACH * organizations);
	orgdb_close(db);
	must(orgdb_open(path, &options, &db));
	uint64_t before = memory_used();
	look_up_all();
	printf("memory-per-organization %llu\n", (unsigned long long)((memory_used() - before) / organizations));
	orgdb_close(db);
	remove_store(path);
	return 0;
}
