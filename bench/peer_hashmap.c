/*
 * A hash map in the merged lookup: everything in this process's memory, nothing on disk, no locks and so no writers. A
 * ceiling: whoever gives up durability, other processes and change can have this.
 *
 * It is uthash: an element carries its own links, so a hit costs the bucket's cache line and the element's, which also
 * holds the row. GLib's GHashTable keeps hashes, keys and values in three arrays and the key elsewhere.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "rows.h"

struct element {
	UT_hash_handle hh;
	char id[CLIENT_ID_LENGTH];
	struct row row;
};

struct store {
	struct element *organizations, *applications;
	struct element *elements; /* all, one after another */
	struct record *connections;
};

static void add_application(struct store *store, struct element *element, uint32_t number, const struct tenant *tenant)
{
	memcpy(element->id, client_id(number).text, CLIENT_ID_LENGTH);
	element->row = application_row(tenant, number);
	HASH_ADD(hh, store->applications, id, CLIENT_ID_LENGTH, element);
}

static void add_organization(struct store *store, struct element *element, uint64_t number, const struct tenant *tenant)
{
	memcpy(element->id, organization_id(number).text, ORGANIZATION_ID_LENGTH);
	element->row = organization_row(tenant, number);
	HASH_ADD(hh, store->organizations, id, ORGANIZATION_ID_LENGTH, element);
}

static void *open_store(const struct tenant *tenant, const char *path)
{
	(void)path;
	struct store *store = allocate(1, sizeof(*store));
	store->connections = allocate(tenant->connections, sizeof(*store->connections));
	for (uint32_t i = 0; i < tenant->connections; i++) {
		struct connection_fields fields = tenant_connection(i);
		store->connections[i] = record_of(&fields);
	}
	store->elements = allocate(TENANT_APPLICATIONS + tenant->organizations, sizeof(*store->elements));
	for (uint32_t i = 0; i < TENANT_APPLICATIONS; i++)
		add_application(store, &store->elements[i], i, tenant);
	for (uint64_t i = 0; i < tenant->organizations; i++)
		add_organization(store, &store->elements[TENANT_APPLICATIONS + i], i, tenant);
	return store;
}

static void close_store(void *context)
{
	struct store *store = context;
	HASH_CLEAR(hh, store->organizations);
	HASH_CLEAR(hh, store->applications);
	free(store->elements);
	free(store->connections);
	free(store);
}

static void *open_session(void *store)
{
	return store;
}

static void close_session(void *session)
{
	(void)session;
}

static inline size_t merge(const struct store *store, const struct query *query, struct merged *merged)
{
	struct element *organization, *application;
	HASH_FIND(hh, store->organizations, query->organization.text, ORGANIZATION_ID_LENGTH, organization);
	HASH_FIND(hh, store->applications, query->application.text, CLIENT_ID_LENGTH, application);
	if (!organization || !application)
		fail("hashmap: not found");
	size_t count = rows_merge(
		application->row.edges, application->row.count, organization->row.edges, organization->row.count, merged);
	for (size_t i = 0; i < count; i++)
		merged[i].record = &store->connections[merged[i].connection];
	return count;
}

static uint64_t look_up(void *session, const struct query *queries, size_t count)
{
	struct merged merged[ANSWER_MAX];
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		size_t found = merge(session, &queries[i], merged);
		for (size_t j = 0; j < found; j++)
			sum += merged_digest(&merged[j]);
	}
	return sum;
}

static void explain(void *session, const struct query *query, struct answer *answer)
{
	struct merged merged[ANSWER_MAX];
	size_t found = merge(session, query, merged);
	for (size_t i = 0; i < found; i++)
		merged_explain(&merged[i], answer);
}

const struct peer peer_hashmap = { "hashmap", true, open_store, close_store, "hashmap", false, open_session,
	close_session, look_up, explain, NULL, NULL };
