/*
 * orgdb in the merged lookup: with its default options, and with the row cache off. A process has one handle for a
 * store, so the second has a copy of the first one's file.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

enum { ORGANIZATIONS_IN_TRANSACTION = 20000 };

struct store {
	orgdb *db;
	struct tenant tenant;
};

/* --- Building ----------------------------------------------------------------------------------------------------- */

static void create_connections(orgdb_txn *txn, const struct tenant *tenant)
{
	for (uint32_t i = 0; i < tenant->connections; i++) {
		struct connection_fields fields = tenant_connection(i);
		orgdb_connection connection = ORGDB_CONNECTION_INIT;
		connection.id = orgdb_string(fields.id);
		connection.name = orgdb_string(fields.name);
		connection.display_name = orgdb_string(fields.display_name);
		connection.strategy = orgdb_string(fields.strategy);
		connection.show_as_button = fields.show_as_button;
		must(orgdb_connection_create(txn, &connection, NULL));
	}
}

static void create_application(orgdb_txn *txn, const struct tenant *tenant, uint32_t number)
{
	struct client_id id = client_id(number);
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.client_id = orgdb_string(id.text);
	application.name = orgdb_string("Application");
	application.organization_usage = ORGDB_USAGE_ALLOW;
	must(orgdb_application_create(txn, &application, NULL));
	struct edge edges[TENANT_APPLICATION_EDGES];
	size_t count = application_edges(tenant, number, edges);
	for (size_t i = 0; i < count; i++)
		must(orgdb_application_connection_enable(txn, id.text, tenant_connection(edges[i].connection).id, NULL));
}

static int create_all_but_organizations(orgdb_txn *txn, void *context)
{
	const struct tenant *tenant = context;
	create_connections(txn, tenant);
	for (uint32_t i = 0; i < TENANT_APPLICATIONS; i++)
		create_application(txn, tenant, i);
	for (uint32_t i = 0; i < TENANT_USERS; i++) {
		struct user_id id = user_id(i);
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(id.text);
		must(orgdb_user_create(txn, &user, NULL));
	}
	return 0;
}

static void create_organization(orgdb_txn *txn, const struct tenant *tenant, uint64_t number)
{
	struct organization_id id = organization_id(number);
	char name[40];
	snprintf(name, sizeof(name), "organization-%llu", (unsigned long long)number);
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.id = orgdb_string(id.text);
	organization.name = orgdb_string(name);
	must(orgdb_organization_create(txn, &organization, NULL));
	struct edge edges[TENANT_ORGANIZATION_EDGES];
	size_t count = organization_edges(tenant, number, edges);
	for (size_t i = 0; i < count; i++) {
		orgdb_enabled_connection enabled = ORGDB_ENABLED_CONNECTION_INIT;
		enabled.is_enabled = edges[i].options & EDGE_ENABLED;
		enabled.show_as_button = edges[i].options & EDGE_SHOW_AS_BUTTON;
		enabled.assign_membership_on_login = edges[i].options & EDGE_ASSIGN_MEMBERSHIP;
		enabled.is_signup_enabled = edges[i].options & EDGE_SIGNUP;
		enabled.organization_access_level = edges[i].options >> EDGE_ACCESS_SHIFT;
		if (enabled.organization_access_level != ORGDB_ACCESS_NONE)
			enabled.organization_connection_name = orgdb_string("staff");
		must(orgdb_enabled_connection_create(txn, id.text, tenant_connection(edges[i].connection).id, &enabled));
	}
}

struct part {
	const struct tenant *tenant;
	uint64_t first, end;
};

static int create_organizations(orgdb_txn *txn, void *context)
{
	const struct part *part = context;
	for (uint64_t i = part->first; i < part->end; i++)
		create_organization(txn, part->tenant, i);
	return 0;
}

/* Relaxed only while it is made. */
static void build(const struct tenant *tenant, const char *path)
{
	struct tenant copy = *tenant;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = ORGDB_RELAXED;
	orgdb *db;
	must(orgdb_open(path, &options, &db));
	must(orgdb_write(db, create_all_but_organizations, &copy));
	for (uint64_t first = 0; first < tenant->organizations; first += ORGANIZATIONS_IN_TRANSACTION) {
		uint64_t end = first + ORGANIZATIONS_IN_TRANSACTION;
		struct part part = { tenant, first, end < tenant->organizations ? end : tenant->organizations };
		must(orgdb_write(db, create_organizations, &part));
	}
	orgdb_close(db);
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

uint64_t peer_orgdb_row_cache = ORGDB_ROW_CACHE_SIZE;

static struct path built; /* the last store that was built, for the copy */

static struct store *open_store(const struct tenant *tenant, const char *path, const orgdb_options *options)
{
	struct store *store = allocate(1, sizeof(*store));
	store->tenant = *tenant;
	must(orgdb_open(path, options, &store->db));
	return store;
}

static void *open_cached(const struct tenant *tenant, const char *path)
{
	build(tenant, path);
	snprintf(built.text, sizeof(built.text), "%s", path);
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.row_cache_size = peer_orgdb_row_cache;
	return open_store(tenant, path, &options);
}

static void *open_uncached(const struct tenant *tenant, const char *path)
{
	if (built.text[0])
		copy_file(built.text, path);
	else
		build(tenant, path);
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.row_cache_size = 0;
	return open_store(tenant, path, &options);
}

static void close_store(void *context)
{
	struct store *store = context;
	orgdb_close(store->db);
	free(store);
	built.text[0] = '\0';
}

static void *open_session(void *store)
{
	return store;
}

static void close_session(void *session)
{
	(void)session;
}

/* --- Looking up --------------------------------------------------------------------------------------------------- */

static uint64_t digest(const orgdb_merged_connection *entry)
{
	const orgdb_connection *connection = entry->connection;
	return digest_entry(entry->from, connection->kind, entry->visible, entry->organization_access_level,
		entry->assign_membership_on_login, entry->is_signup_enabled, connection->id.data[DIGEST_LETTER],
		connection->name.size);
}

static uint64_t digest_all(const orgdb_merged_connection *entries, size_t count)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += digest(&entries[i]);
	return sum;
}

static uint64_t look_up_one(orgdb_txn *txn, const struct query *query)
{
	orgdb_merged_connection entries[ANSWER_MAX];
	size_t count;
	must(orgdb_merged_connections(
		txn, query->application.text, query->organization.text, NULL, entries, ANSWER_MAX, &count));
	return digest_all(entries, count);
}

static uint64_t look_up_many(orgdb_txn *txn, const struct query *queries, size_t count)
{
	orgdb_merged_connection entries[BATCH][ANSWER_MAX];
	orgdb_merge_question questions[BATCH];
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		questions[i] = (orgdb_merge_question){ .client_id = queries[i].application.text,
			.organization_id = queries[i].organization.text,
			.array = entries[i],
			.capacity = ANSWER_MAX };
	must(orgdb_merged_connections_batch(txn, questions, count, NULL));
	for (size_t i = 0; i < count; i++)
		sum += digest_all(entries[i], questions[i].count);
	return sum;
}

static uint64_t look_up(void *session, const struct query *queries, size_t count)
{
	const struct store *store = session;
	orgdb_txn *txn;
	must(orgdb_begin_read(store->db, &txn));
	uint64_t sum = count == 1 ? look_up_one(txn, queries) : look_up_many(txn, queries, count);
	orgdb_end(txn);
	return sum;
}

static void copy_text(char *to, orgdb_str text)
{
	memcpy(to, text.data, text.size);
}

static void explain(void *session, const struct query *query, struct answer *answer)
{
	const struct store *store = session;
	orgdb_merged_connection entries[ANSWER_MAX];
	orgdb_txn *txn;
	must(orgdb_begin_read(store->db, &txn));
	must(orgdb_merged_connections(
		txn, query->application.text, query->organization.text, NULL, entries, ANSWER_MAX, &answer->count));
	for (size_t i = 0; i < answer->count; i++) {
		struct answer_entry *entry = &answer->entries[i];
		copy_text(entry->id, entries[i].connection->id);
		copy_text(entry->name, entries[i].connection->name);
		copy_text(entry->display_name, entries[i].connection->display_name);
		copy_text(entry->strategy, entries[i].connection->strategy);
		entry->kind = entries[i].connection->kind;
		entry->from = entries[i].from;
		entry->access = entries[i].organization_access_level;
		entry->visible = entries[i].visible;
		entry->show_as_button = entries[i].show_as_button;
		entry->assign_membership = entries[i].assign_membership_on_login;
		entry->signup = entries[i].is_signup_enabled;
	}
	orgdb_end(txn);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static void add_memberships(void *context, uint64_t first, uint64_t count)
{
	struct store *store = context;
	orgdb_txn *txn;
	must(orgdb_begin_write(store->db, &txn));
	for (uint64_t i = first; i < first + count; i++) {
		struct new_membership membership = new_membership(&store->tenant, i);
		struct organization_id organization = organization_id(membership.organization);
		must(orgdb_membership_add(txn, organization.text, user_id(membership.user).text, NULL));
	}
	must(orgdb_commit(txn));
}

static void change_connection(void *context, uint32_t number, uint32_t version)
{
	struct store *store = context;
	struct display_name name = changed_name(number, version);
	orgdb_connection changes = ORGDB_CONNECTION_INIT;
	changes.fields = ORGDB_CONNECTION_DISPLAY_NAME;
	changes.display_name = orgdb_string(name.text);
	orgdb_txn *txn;
	must(orgdb_begin_write(store->db, &txn));
	must(orgdb_connection_update(txn, tenant_connection(number).id, &changes));
	must(orgdb_commit(txn));
}

const struct peer peer_orgdb = { "orgdb", true, open_cached, close_store, "tenant.orgdb", false, open_session,
	close_session, look_up, explain, add_memberships, change_connection };

const struct peer peer_orgdb_uncached = { "orgdb_uncached", true, open_uncached, close_store, "uncached.orgdb", true,
	open_session, close_session, look_up, explain, add_memberships, change_connection };
