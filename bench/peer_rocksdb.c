/*
 * RocksDB in the merged lookup, as lmdb_naive is on LMDB: the two rows, merged, and a get for each connection's record,
 * all from one snapshot. Values are pinned in the block cache rather than copied; the cache holds everything, Bloom
 * filters are on, compression is off, and the store is compacted before lookups begin.
 *
 * SPDX-License-Identifier: MIT
 */
#include <rocksdb/c.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

enum { KEY_SIZE_MAX = 1 + CLIENT_ID_LENGTH, ORGANIZATIONS_IN_BATCH = 10000 };

#define BLOCK_CACHE_SIZE ((size_t)2 << 30)

struct store {
	rocksdb_t *db;
	rocksdb_options_t *options;
	rocksdb_writeoptions_t *unsynced, *synced;
	struct tenant tenant;
};

struct session {
	const struct store *store;
	rocksdb_readoptions_t *options;
};

static void check(char *error)
{
	if (error)
		fail("RocksDB: %s", error);
}

/* A letter tells the tables apart. */
struct key {
	size_t size;
	char bytes[KEY_SIZE_MAX];
};

static struct key make_key(char table, const void *id, size_t size)
{
	struct key key = { size + 1, { table } };
	memcpy(key.bytes + 1, id, size);
	return key;
}

/* --- Building ----------------------------------------------------------------------------------------------------- */

static void put(rocksdb_writebatch_t *batch, char table, const void *id, size_t id_size, const void *value, size_t size)
{
	struct key key = make_key(table, id, id_size);
	rocksdb_writebatch_put(batch, key.bytes, key.size, value, size);
}

static void write_batch(const struct store *store, rocksdb_writebatch_t *batch, const rocksdb_writeoptions_t *options)
{
	char *error = NULL;
	rocksdb_write(store->db, options, batch, &error);
	check(error);
	rocksdb_writebatch_clear(batch);
}

static void put_connection(rocksdb_writebatch_t *batch, uint32_t number, const struct connection_fields *fields)
{
	struct record record = record_of(fields);
	put(batch, 'c', &number, sizeof(number), &record, record_size(&record));
}

static void build(const struct store *store)
{
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	for (uint32_t i = 0; i < store->tenant.connections; i++) {
		struct connection_fields fields = tenant_connection(i);
		put_connection(batch, i, &fields);
	}
	for (uint32_t i = 0; i < TENANT_APPLICATIONS; i++) {
		struct row row = application_row(&store->tenant, i);
		put(batch, 'a', client_id(i).text, CLIENT_ID_LENGTH, &row, row_size(&row));
	}
	for (uint64_t i = 0; i < store->tenant.organizations; i++) {
		struct row row = organization_row(&store->tenant, i);
		put(batch, 'o', organization_id(i).text, ORGANIZATION_ID_LENGTH, &row, row_size(&row));
		if (i % ORGANIZATIONS_IN_BATCH == 0)
			write_batch(store, batch, store->unsynced);
	}
	write_batch(store, batch, store->unsynced);
	rocksdb_writebatch_destroy(batch);
	rocksdb_compact_range(store->db, NULL, 0, NULL, 0);
}

static rocksdb_options_t *make_options(void)
{
	rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
	rocksdb_cache_t *cache = rocksdb_cache_create_lru(BLOCK_CACHE_SIZE);
	rocksdb_block_based_options_set_block_cache(table, cache);
	rocksdb_cache_destroy(cache); /* the options keep it */
	rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10));
	rocksdb_options_t *options = rocksdb_options_create();
	rocksdb_options_set_create_if_missing(options, 1);
	rocksdb_options_set_compression(options, rocksdb_no_compression);
	rocksdb_options_set_block_based_table_factory(options, table);
	rocksdb_block_based_options_destroy(table);
	return options;
}

static void *open_store(const struct tenant *tenant, const char *path)
{
	struct store *store = allocate(1, sizeof(*store));
	char *error = NULL;
	store->tenant = *tenant;
	store->options = make_options();
	store->db = rocksdb_open(store->options, path, &error);
	check(error);
	store->unsynced = rocksdb_writeoptions_create();
	store->synced = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(store->synced, 1);
	build(store);
	return store;
}

static void close_store(void *context)
{
	struct store *store = context;
	rocksdb_close(store->db);
	rocksdb_writeoptions_destroy(store->unsynced);
	rocksdb_writeoptions_destroy(store->synced);
	rocksdb_options_destroy(store->options);
	free(store);
}

static void *open_session(void *store)
{
	struct session *session = allocate(1, sizeof(*session));
	session->store = store;
	session->options = rocksdb_readoptions_create();
	rocksdb_readoptions_set_verify_checksums(session->options, 0);
	return session;
}

static void close_session(void *context)
{
	struct session *session = context;
	rocksdb_readoptions_destroy(session->options);
	free(session);
}

/* --- Looking up --------------------------------------------------------------------------------------------------- */

static rocksdb_pinnableslice_t *get(
	const struct session *session, char table, const void *id, size_t size, const void **value, size_t *value_size)
{
	char *error = NULL;
	struct key key = make_key(table, id, size);
	rocksdb_pinnableslice_t *pin =
		rocksdb_get_pinned(session->store->db, session->options, key.bytes, key.size, &error);
	check(error);
	if (!pin)
		fail("RocksDB: not found");
	*value = rocksdb_pinnableslice_value(pin, value_size);
	return pin;
}

static struct row get_row(const struct session *session, char table, const void *id, size_t id_size)
{
	const void *value;
	size_t size;
	struct row row;
	rocksdb_pinnableslice_t *pin = get(session, table, id, id_size, &value, &size);
	memcpy(&row, value, size < sizeof(row) ? size : sizeof(row));
	rocksdb_pinnableslice_destroy(pin);
	return row;
}

/* `pins` keep the records; to be given back with unpin(). */
static size_t merge(
	const struct session *session, const struct query *query, struct merged *merged, rocksdb_pinnableslice_t **pins)
{
	struct row organization = get_row(session, 'o', query->organization.text, ORGANIZATION_ID_LENGTH);
	struct row application = get_row(session, 'a', query->application.text, CLIENT_ID_LENGTH);
	size_t count = rows_merge(application.edges, application.count, organization.edges, organization.count, merged);
	for (size_t i = 0; i < count; i++) {
		const void *value;
		size_t size;
		pins[i] = get(session, 'c', &merged[i].connection, sizeof(merged[i].connection), &value, &size);
		merged[i].record = value;
	}
	return count;
}

static void unpin(rocksdb_pinnableslice_t **pins, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rocksdb_pinnableslice_destroy(pins[i]);
}

static const rocksdb_snapshot_t *begin(struct session *session)
{
	const rocksdb_snapshot_t *snapshot = rocksdb_create_snapshot(session->store->db);
	rocksdb_readoptions_set_snapshot(session->options, snapshot);
	return snapshot;
}

static void end(struct session *session, const rocksdb_snapshot_t *snapshot)
{
	rocksdb_readoptions_set_snapshot(session->options, NULL);
	rocksdb_release_snapshot(session->store->db, snapshot);
}

static uint64_t look_up(void *context, const struct query *queries, size_t count)
{
	struct session *session = context;
	struct merged merged[ANSWER_MAX];
	rocksdb_pinnableslice_t *pins[ANSWER_MAX];
	uint64_t sum = 0;
	const rocksdb_snapshot_t *snapshot = begin(session);
	for (size_t i = 0; i < count; i++) {
		size_t found = merge(session, &queries[i], merged, pins);
		for (size_t j = 0; j < found; j++)
			sum += merged_digest(&merged[j]);
		unpin(pins, found);
	}
	end(session, snapshot);
	return sum;
}

static void explain(void *context, const struct query *query, struct answer *answer)
{
	struct session *session = context;
	struct merged merged[ANSWER_MAX];
	rocksdb_pinnableslice_t *pins[ANSWER_MAX];
	const rocksdb_snapshot_t *snapshot = begin(session);
	size_t found = merge(session, query, merged, pins);
	for (size_t i = 0; i < found; i++)
		merged_explain(&merged[i], answer);
	unpin(pins, found);
	end(session, snapshot);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static void add_memberships(void *context, uint64_t first, uint64_t count)
{
	const struct store *store = context;
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	for (uint64_t i = first; i < first + count; i++) {
		struct new_membership membership = new_membership(&store->tenant, i);
		uint64_t forward[2] = { membership.organization, membership.user };
		uint64_t reverse[2] = { membership.user, membership.organization };
		put(batch, 'm', forward, sizeof(forward), "", 0);
		put(batch, 'r', reverse, sizeof(reverse), "", 0);
	}
	write_batch(store, batch, store->synced);
	rocksdb_writebatch_destroy(batch);
}

static void change_connection(void *context, uint32_t number, uint32_t version)
{
	const struct store *store = context;
	struct connection_fields fields = tenant_connection(number);
	memcpy(fields.display_name, changed_name(number, version).text, sizeof(fields.display_name));
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	put_connection(batch, number, &fields);
	write_batch(store, batch, store->synced);
	rocksdb_writebatch_destroy(batch);
}

const struct peer peer_rocksdb = { "rocksdb", true, open_store, close_store, "peer.rocksdb", false, open_session,
	close_session, look_up, explain, add_memberships, change_connection };
