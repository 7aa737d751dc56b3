/*
 * The catalog: connections as merged lookups give them out, decoded once per transaction.
 *
 * An open-addressed table of pointers; the connections stay where they are while it grows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "catalog.h"

#include <stdlib.h>

#include "entity.h"
#include "error.h"

struct catalog {
	uint64_t changes; /* The transaction's, when this was filled. */
	size_t count;
	size_t capacity; /* A power of two, or 0. */
	orgdb_connection **slots;
};

static void clear(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->capacity; i++)
		free(catalog->slots[i]);
	free(catalog->slots);
	*catalog = (struct catalog){ 0 };
}

void orgdb__catalog_free(struct catalog *catalog)
{
	if (!catalog)
		return;
	clear(catalog);
	free(catalog);
}

int orgdb__catalog_open(orgdb_txn *txn)
{
	if (!txn->catalog)
		txn->catalog = calloc(1, sizeof(*txn->catalog));
	if (!txn->catalog)
		return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for the catalog");
	if (txn->catalog->changes != orgdb__kv_changes(txn->kv))
		clear(txn->catalog);
	txn->catalog->changes = orgdb__kv_changes(txn->kv);
	return 0;
}

static size_t slot_of(const struct catalog *catalog, uint64_t ordinal)
{
	size_t mask = catalog->capacity - 1;
	size_t slot = (size_t)(ordinal * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
	while (catalog->slots[slot] && catalog->slots[slot]->ordinal != ordinal)
		slot = (slot + 1) & mask;
	return slot;
}

/* Keep at least half of the slots free. */
static int make_room(struct catalog *catalog)
{
	if (2 * (catalog->count + 1) <= catalog->capacity)
		return 0;
	struct catalog grown = *catalog;
	grown.capacity = catalog->capacity ? 2 * catalog->capacity : 32;
	grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
	if (!grown.slots)
		return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for the catalog");
	for (size_t i = 0; i < catalog->capacity; i++)
		if (catalog->slots[i])
			grown.slots[slot_of(&grown, catalog->slots[i]->ordinal)] = catalog->slots[i];
	free(catalog->slots);
	*catalog = grown;
	return 0;
}

int orgdb__catalog_connection(orgdb_txn *txn, uint64_t ordinal, const orgdb_connection **out)
{
	struct catalog *catalog = txn->catalog;
	int rc = make_room(catalog);
	if (rc != 0)
		return rc;
	size_t slot = slot_of(catalog, ordinal);
	if (!catalog->slots[slot]) {
		orgdb_connection *connection = malloc(sizeof(*connection));
		if (!connection)
			return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for the catalog");
		rc = orgdb__entity_load(txn, orgdb__kind(ORGDB_KIND_CONNECTION), ordinal, connection);
		if (rc != 0) {
			free(connection);
			return rc;
		}
		catalog->slots[slot] = connection;
		catalog->count++;
	}
	*out = catalog->slots[slot];
	return 0;
}
