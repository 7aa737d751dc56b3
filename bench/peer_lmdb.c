/*
 * LMDB by hand in the merged lookup.
 *
 * - lmdb_two_gets: the row of the application and the row of the organization, nothing merged, nothing resolved. Whoever
 *   keeps the two rows in two tables under their ids cannot do with less: a floor.
 * - lmdb_one_get: the row of the organization alone, under a hash of its id, which LMDB compares as a number. No lookup that
 *   reads the row from LMDB can do with less.
 * - lmdb_naive: the two rows, merged, and a get for each connection's record.
 *
 * All renew a reset read transaction each time, which costs less than beginning one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rows.h"

enum { ORGANIZATIONS_IN_TRANSACTION = 50000 };

struct store {
	MDB_env *env;
	MDB_dbi organizations, organizations_by_hash, applications, connections, members, organizations_of_user;
	struct tenant tenant;
};

struct session {
	const struct store *store;
	MDB_txn *txn;
};

static void check(int code)
{
	if (code != 0)
		fail("LMDB: %s", mdb_strerror(code));
}

static void put(MDB_txn *txn, MDB_dbi table, const void *key, size_t key_size, const void *value, size_t value_size)
{
	char copy[64];
	memcpy(copy, key, key_size);
	MDB_val k = { key_size, copy }, v = { value_size, NULL };
	check(mdb_put(txn, table, &k, &v, MDB_RESERVE));
	memcpy(v.mv_data, value, value_size);
}

/* --- Building ----------------------------------------------------------------------------------------------------- */

static void put_connection(
	MDB_txn *txn, const struct store *store, uint32_t number, const struct connection_fields *fields)
{
	struct record record = record_of(fields);
	put(txn, store->connections, &number, sizeof(number), &record, record_size(&record));
}

static void open_tables(struct store *store)
{
	MDB_txn *txn;
	check(mdb_txn_begin(store->env, NULL, 0, &txn));
	check(mdb_dbi_open(txn, "organizations", MDB_CREATE, &store->organizations));
	check(mdb_dbi_open(txn, "organizations_by_hash", MDB_CREATE | MDB_INTEGERKEY, &store->organizations_by_hash));
	check(mdb_dbi_open(txn, "applications", MDB_CREATE, &store->applications));
	check(mdb_dbi_open(txn, "connections", MDB_CREATE | MDB_INTEGERKEY, &store->connections));
	check(mdb_dbi_open(txn, "members", MDB_CREATE, &store->members));
	check(mdb_dbi_open(txn, "organizations_of_user", MDB_CREATE, &store->organizations_of_user));
	check(mdb_txn_commit(txn));
}

static void build_all_but_organizations(const struct store *store)
{
	MDB_txn *txn;
	check(mdb_txn_begin(store->env, NULL, 0, &txn));
	for (uint32_t i = 0; i < store->tenant.connections; i++) {
		struct connection_fields fields = tenant_connection(i);
		put_connection(txn, store, i, &fields);
	}
	for (uint32_t i = 0; i < TENANT_APPLICATIONS; i++) {
		struct row row = application_row(&store->tenant, i);
		put(txn, store->applications, client_id(i).text, CLIENT_ID_LENGTH, &row, row_size(&row));
	}
	check(mdb_txn_commit(txn));
}

static uint64_t hash_of(const struct organization_id *id)
{
	uint64_t words[2];
	memcpy(words, id->text + ORGANIZATION_ID_LENGTH - sizeof(words), sizeof(words));
	return mix(words[0] ^ mix(words[1]));
}

/* The id is in the value, too, for whoever wants to compare it. */
static void put_by_hash(
	MDB_txn *txn, const struct store *store, const struct organization_id *id, const struct row *row)
{
	uint64_t hash = hash_of(id);
	char value[ORGANIZATION_ID_LENGTH + sizeof(*row)];
	memcpy(value, id->text, ORGANIZATION_ID_LENGTH);
	memcpy(value + ORGANIZATION_ID_LENGTH, row, row_size(row));
	put(txn, store->organizations_by_hash, &hash, sizeof(hash), value, ORGANIZATION_ID_LENGTH + row_size(row));
}

/* In creation order, so pages are as full as they get when organizations are made one by one. */
static void build_organizations(const struct store *store, uint64_t first, uint64_t end)
{
	MDB_txn *txn;
	check(mdb_txn_begin(store->env, NULL, 0, &txn));
	for (uint64_t i = first; i < end && i < store->tenant.organizations; i++) {
		struct row row = organization_row(&store->tenant, i);
		struct organization_id id = organization_id(i);
		put(txn, store->organizations, id.text, ORGANIZATION_ID_LENGTH, &row, row_size(&row));
		put_by_hash(txn, store, &id, &row);
	}
	check(mdb_txn_commit(txn));
}

static void *open_store(const struct tenant *tenant, const char *path)
{
	struct store *store = allocate(1, sizeof(*store));
	store->tenant = *tenant;
	check(mdb_env_create(&store->env));
	check(mdb_env_set_mapsize(store->env, (size_t)64 << 30));
	check(mdb_env_set_maxdbs(store->env, 8));
	check(mdb_env_open(store->env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600));
	check(mdb_env_set_flags(store->env, MDB_NOSYNC, 1)); /* while it is made */
	open_tables(store);
	build_all_but_organizations(store);
	for (uint64_t i = 0; i < tenant->organizations; i += ORGANIZATIONS_IN_TRANSACTION)
		build_organizations(store, i, i + ORGANIZATIONS_IN_TRANSACTION);
	check(mdb_env_set_flags(store->env, MDB_NOSYNC, 0));
	check(mdb_env_sync(store->env, 1));
	return store;
}

static void close_store(void *context)
{
	struct store *store = context;
	mdb_env_close(store->env);
	free(store);
}

static void *open_session(void *store)
{
	struct session *session = allocate(1, sizeof(*session));
	session->store = store;
	check(mdb_txn_begin(session->store->env, NULL, MDB_RDONLY, &session->txn));
	mdb_txn_reset(session->txn);
	return session;
}

static void close_session(void *context)
{
	struct session *session = context;
	mdb_txn_abort(session->txn);
	free(session);
}

/* --- Looking up --------------------------------------------------------------------------------------------------- */

/* LMDB takes keys as pointers to what is not const, and does not change them. */
static inline MDB_val get(const struct session *session, MDB_dbi table, const void *key, size_t size)
{
	union {
		const void *given;
		void *taken;
	} pointer = { .given = key };
	MDB_val k = { size, pointer.taken }, value;
	int code = mdb_get(session->txn, table, &k, &value);
	if (code != 0)
		check(code);
	return value;
}

static inline MDB_val get_application(const struct session *session, const struct query *query)
{
	return get(session, session->store->applications, query->application.text, CLIENT_ID_LENGTH);
}

static inline MDB_val get_organization(const struct session *session, const struct query *query)
{
	return get(session, session->store->organizations, query->organization.text, ORGANIZATION_ID_LENGTH);
}

static uint64_t two_gets(void *context, const struct query *queries, size_t count)
{
	const struct session *session = context;
	uint64_t sum = 0;
	check(mdb_txn_renew(session->txn));
	for (size_t i = 0; i < count; i++) {
		MDB_val organization = get_organization(session, &queries[i]);
		MDB_val application = get_application(session, &queries[i]);
		sum += *(const unsigned char *)organization.mv_data + *(const unsigned char *)application.mv_data;
	}
	mdb_txn_reset(session->txn);
	return sum;
}

static uint64_t one_get(void *context, const struct query *queries, size_t count)
{
	const struct session *session = context;
	uint64_t sum = 0;
	check(mdb_txn_renew(session->txn));
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = hash_of(&queries[i].organization);
		MDB_val value = get(session, session->store->organizations_by_hash, &hash, sizeof(hash));
		sum += *((const unsigned char *)value.mv_data + ORGANIZATION_ID_LENGTH);
	}
	mdb_txn_reset(session->txn);
	return sum;
}

/* Values in LMDB are aligned to two bytes only, so rows are copied out. */
static inline struct row row_from(MDB_val value)
{
	struct row row;
	memcpy(&row, value.mv_data, value.mv_size < sizeof(row) ? value.mv_size : sizeof(row));
	return row;
}

static inline size_t merge(const struct session *session, const struct query *query, struct merged *merged)
{
	struct row organization = row_from(get_organization(session, query));
	struct row application = row_from(get_application(session, query));
	size_t count = rows_merge(application.edges, application.count, organization.edges, organization.count, merged);
	for (size_t i = 0; i < count; i++) {
		uint32_t key = merged[i].connection;
		merged[i].record = get(session, session->store->connections, &key, sizeof(key)).mv_data;
	}
	return count;
}

static uint64_t naive(void *context, const struct query *queries, size_t count)
{
	const struct session *session = context;
	struct merged merged[ANSWER_MAX];
	uint64_t sum = 0;
	check(mdb_txn_renew(session->txn));
	for (size_t i = 0; i < count; i++) {
		size_t found = merge(session, &queries[i], merged);
		for (size_t j = 0; j < found; j++)
			sum += merged_digest(&merged[j]);
	}
	mdb_txn_reset(session->txn);
	return sum;
}

static void explain(void *context, const struct query *query, struct answer *answer)
{
	const struct session *session = context;
	struct merged merged[ANSWER_MAX];
	check(mdb_txn_renew(session->txn));
	size_t found = merge(session, query, merged);
	for (size_t i = 0; i < found; i++)
		merged_explain(&merged[i], answer);
	mdb_txn_reset(session->txn);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* Both directions, as composite keys. */
static void add_memberships(void *context, uint64_t first, uint64_t count)
{
	const struct store *store = context;
	MDB_txn *txn;
	check(mdb_txn_begin(store->env, NULL, 0, &txn));
	for (uint64_t i = first; i < first + count; i++) {
		struct new_membership membership = new_membership(&store->tenant, i);
		uint64_t forward[2] = { membership.organization, membership.user };
		uint64_t reverse[2] = { membership.user, membership.organization };
		put(txn, store->members, forward, sizeof(forward), "", 0);
		put(txn, store->organizations_of_user, reverse, sizeof(reverse), "", 0);
	}
	check(mdb_txn_commit(txn));
}

static void change_connection(void *context, uint32_t number, uint32_t version)
{
	const struct store *store = context;
	struct connection_fields fields = tenant_connection(number);
	memcpy(fields.display_name, changed_name(number, version).text, sizeof(fields.display_name));
	MDB_txn *txn;
	check(mdb_txn_begin(store->env, NULL, 0, &txn));
	put_connection(txn, store, number, &fields);
	check(mdb_txn_commit(txn));
}

const struct peer peer_lmdb_two_gets = { "lmdb_two_gets", false, open_store, close_store, "peer.lmdb", false,
	open_session, close_session, two_gets, NULL, add_memberships, change_connection };

const struct peer peer_lmdb_one_get = { "lmdb_one_get", false, open_store, close_store, "peer.lmdb", false,
	open_session, close_session, one_get, NULL, add_memberships, change_connection };

const struct peer peer_lmdb_naive = { "lmdb_naive", true, open_store, close_store, "peer.lmdb", false, open_session,
	close_session, naive, explain, add_memberships, change_connection };
