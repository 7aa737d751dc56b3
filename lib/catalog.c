/*
 * The catalog: connections, and applications with their connections, decoded once and shared by all readers.
 *
 * Readers follow atomic pointers. Whoever finds nothing there, or a copy of an older generation, makes a copy from its own
 * snapshot and publishes it under the catalog's lock.
 *
 * SPDX-License-Identifier: MIT
 */
#include "catalog.h"

#include "access.h"
#include "edges.h"
#include "entity.h"
#include "error.h"
#include "generations.h"
#include "login.h"

/* What one transaction keeps for itself. */
struct local_catalog {
	uint64_t changes; /* The transaction's, when this was filled. */
	struct shared *applications;
	struct catalog_connection **connections; /* An open-addressed table, at least half empty. */
	size_t count;
	size_t capacity; /* A power of two, or 0. */
};

static int no_memory(void)
{
	orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for the catalog");
	return ORGDB_NO_MEMORY; /* Which those who follow paths through this file can see. */
}

/* ---- Making and freeing ------------------------------------------------------------------------------------------ */

struct catalog *orgdb__catalog_new(void)
{
	struct catalog *catalog = orgdb__allocate_zeroed(sizeof(*catalog));
	if (!catalog)
		return NULL;
	pthread_mutex_init(&catalog->lock, NULL);
	catalog->unlinked_end = &catalog->unlinked;
	return catalog;
}

static void free_list(struct shared *list)
{
	while (list) {
		struct shared *next = list->next;
		orgdb__release(list);
		list = next;
	}
}

static void free_pages(struct catalog_directory *directory)
{
	for (size_t i = 0; directory && i < directory->count; i++) {
		struct catalog_page *page = atomic_load(&directory->pages[i]);
		for (int cell = 0; page && cell < PAGE_CELLS; cell++)
			orgdb__release(atomic_load(&page->cells[cell]));
		orgdb__release(page);
	}
	orgdb__release(directory);
}

void orgdb__catalog_free(struct catalog *catalog)
{
	if (!catalog)
		return;
	free_pages(atomic_load(&catalog->directory));
	for (int i = 0; i < APPLICATION_CELLS; i++)
		orgdb__release(atomic_load(&catalog->applications[i]));
	free_list(catalog->unlinked);
	pthread_mutex_destroy(&catalog->lock);
	orgdb__release(catalog);
}

static void clear_local(struct local_catalog *local)
{
	free_list(local->applications);
	for (size_t i = 0; i < local->capacity; i++)
		orgdb__release(local->connections[i]);
	orgdb__release(local->connections);
	*local = (struct local_catalog){ 0 };
}

void orgdb__local_catalog_free(struct local_catalog *local)
{
	if (!local)
		return;
	clear_local(local);
	orgdb__release(local);
}

/* Free `old`, which is linked no more, when the last reader that may see it has ended. Under the catalog's lock. */
static void unlink_shared(struct orgdb *db, struct shared *old)
{
	struct catalog *catalog = db->catalog;
	old->unlinked_in = orgdb__readers_advance(&db->readers);
	old->next = NULL;
	*catalog->unlinked_end = old;
	catalog->unlinked_end = &old->next;
	uint64_t earliest = orgdb__readers_earliest(&db->readers);
	while (catalog->unlinked && catalog->unlinked->unlinked_in < earliest) {
		struct shared *next = catalog->unlinked->next;
		orgdb__release(catalog->unlinked);
		catalog->unlinked = next;
	}
	if (!catalog->unlinked)
		catalog->unlinked_end = &catalog->unlinked;
}

void orgdb__catalog_unlink(struct orgdb *db, struct shared *old)
{
	pthread_mutex_lock(&db->catalog->lock);
	unlink_shared(db, old);
	pthread_mutex_unlock(&db->catalog->lock);
}

/* ---- Copies ------------------------------------------------------------------------------------------------------ */

static int copy_connection(orgdb_txn *txn, uint64_t ordinal, uint64_t generation, struct catalog_connection **out)
{
	const struct kind *kind = orgdb__kind(ORGDB_KIND_CONNECTION);
	struct catalog_connection *copy;
	struct bytes record;
	int rc = orgdb__entity_record(txn, kind, ordinal, &record);
	if (rc != 0)
		return rc;
	size_t size = (sizeof(*copy) + record.size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	copy = orgdb__allocate_aligned(CACHE_LINE, size);
	if (!copy)
		return no_memory();
	copy->shared = (struct shared){ .generation = generation };
	memcpy(copy->record, record.data, record.size);
	rc = orgdb__entity_decode(txn, kind, (struct bytes){ copy->record, record.size }, ordinal, &copy->connection);
	if (rc != 0) {
		orgdb__release(copy);
		return rc;
	}
	copy->enterprise = copy->connection.kind == ORGDB_ENTERPRISE;
	copy->show_as_button = copy->connection.show_as_button;
	tally(txn->tallies, TALLY_CATALOG_COPIES);
	*out = copy;
	return 0;
}

static const char *client_id_of(const struct catalog_application *application)
{
	return (const char *)(application->connections + application->count + 1);
}

static int list_connections(orgdb_txn *txn, uint64_t application, uint64_t count, uint32_t *connections)
{
	struct key owner = key_of_number(application);
	uint64_t part[CHUNK_COUNT_MAX], after = 0;
	size_t got;
	for (uint64_t filled = 0; filled < count; filled += got) {
		int rc = orgdb__set_list(txn, TABLE_CONNECTIONS_OF_APPLICATION, &owner, after, part, CHUNK_COUNT_MAX, &got);
		if (rc != 0)
			return rc;
		if (got == 0 || got > count - filled)
			return orgdb__txn_corrupt(txn, TABLE_CONNECTIONS_OF_APPLICATION, "a set is not as large as it says");
		if (part[got - 1] >= LOGIN_END)
			return orgdb__txn_corrupt(txn, TABLE_CONNECTIONS_OF_APPLICATION, "an ordinal is too large");
		for (size_t i = 0; i < got; i++)
			connections[filled + i] = (uint32_t)part[i];
		after = part[got - 1];
	}
	return 0;
}

static int copy_application(
	orgdb_txn *txn, const orgdb_application *entity, uint64_t generation, struct catalog_application **out)
{
	struct key owner = key_of_number(entity->ordinal);
	uint64_t count, connections;
	int rc = orgdb__set_count(txn, TABLE_CONNECTIONS_OF_APPLICATION, &owner, &count);
	if (rc == 0)
		rc = orgdb__kv_entries(txn->kv, TABLE_CONNECTIONS, &connections);
	if (rc != 0)
		return rc;
	if (count > connections)
		return orgdb__txn_corrupt(
			txn, TABLE_CONNECTIONS_OF_APPLICATION, "a set counts more connections than there are");
	struct catalog_application *copy =
		orgdb__allocate(sizeof(*copy) + (size_t)(count + 1) * sizeof(copy->connections[0]) + entity->client_id.size);
	if (!copy)
		return no_memory();
	*copy = (struct catalog_application){
		.shared = { .generation = generation },
		.ordinal = entity->ordinal,
		.traits = orgdb__access_traits(entity),
		.id_size = (uint32_t)entity->client_id.size,
		.count = (uint32_t)count,
	};
	copy->connections[count] = LOGIN_END;
	memcpy(copy->connections + count + 1, entity->client_id.data, entity->client_id.size);
	rc = list_connections(txn, entity->ordinal, count, copy->connections);
	if (rc != 0) {
		orgdb__release(copy);
		return rc;
	}
	tally(txn->tallies, TALLY_CATALOG_COPIES);
	*out = copy;
	return 0;
}

/* ---- Local catalogs ---------------------------------------------------------------------------------------------- */

static int open_local(orgdb_txn *txn)
{
	if (!txn->local)
		txn->local = orgdb__allocate_zeroed(sizeof(*txn->local));
	if (!txn->local)
		return no_memory();
	if (txn->local->changes != orgdb__kv_changes(txn->kv))
		clear_local(txn->local);
	txn->local->changes = orgdb__kv_changes(txn->kv);
	return 0;
}

static size_t local_slot(const struct local_catalog *local, uint64_t ordinal)
{
	size_t mask = local->capacity - 1;
	size_t slot = (size_t)(ordinal * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
	while (local->connections[slot] && local->connections[slot]->connection.ordinal != ordinal)
		slot = (slot + 1) & mask;
	return slot;
}

static int make_local_room(struct local_catalog *local)
{
	if (2 * (local->count + 1) <= local->capacity)
		return 0;
	struct local_catalog grown = *local;
	grown.capacity = local->capacity ? 2 * local->capacity : 32;
	size_t slot_size = sizeof(struct catalog_connection *); /* NOLINT(bugprone-sizeof-expression): of a pointer. */
	grown.connections = orgdb__allocate_zeroed(grown.capacity * slot_size);
	if (!grown.connections)
		return no_memory();
	for (size_t i = 0; i < local->capacity; i++)
		if (local->connections[i])
			grown.connections[local_slot(&grown, local->connections[i]->connection.ordinal)] = local->connections[i];
	orgdb__release(local->connections);
	*local = grown;
	return 0;
}

static int local_connection(orgdb_txn *txn, uint64_t ordinal, const struct catalog_connection **out)
{
	int rc = open_local(txn);
	if (rc == 0)
		rc = make_local_room(txn->local);
	if (rc != 0)
		return rc;
	struct catalog_connection **slot = &txn->local->connections[local_slot(txn->local, ordinal)];
	if (!*slot) {
		rc = copy_connection(txn, ordinal, 0, slot);
		if (rc != 0)
			return rc;
		txn->local->count++;
	}
	*out = *slot;
	return 0;
}

static bool is_application(const struct catalog_application *application, orgdb_str client_id)
{
	return application->id_size == client_id.size &&
		memcmp(client_id_of(application), client_id.data, client_id.size) == 0;
}

static int local_application(orgdb_txn *txn, orgdb_str client_id, const struct catalog_application **out)
{
	int rc = open_local(txn);
	if (rc != 0)
		return rc;
	for (struct shared *at = txn->local->applications; at; at = at->next)
		if (is_application((struct catalog_application *)at, client_id)) {
			*out = (struct catalog_application *)at;
			return 0;
		}
	orgdb_application entity;
	struct catalog_application *copy;
	rc = orgdb__entity_get_by(txn, ORGDB_KIND_APPLICATION, 0, client_id, &entity);
	if (rc == 0)
		rc = copy_application(txn, &entity, 0, &copy);
	if (rc != 0)
		return rc;
	copy->shared.next = txn->local->applications;
	txn->local->applications = &copy->shared;
	*out = copy;
	return 0;
}

/* ---- The shared catalog ------------------------------------------------------------------------------------------ */

/* The directory, long enough for `page`. Under the catalog's lock. */
static struct catalog_directory *long_directory(struct orgdb *db, size_t page)
{
	struct catalog_directory *directory = atomic_load(&db->catalog->directory);
	size_t count = directory ? directory->count : 0;
	if (page < count)
		return directory;
	size_t longer = count ? count : 4;
	while (longer <= page)
		longer *= 2;
	struct catalog_directory *grown = orgdb__allocate_zeroed(sizeof(*grown) + longer * sizeof(grown->pages[0]));
	if (!grown)
		return NULL;
	grown->count = longer;
	for (size_t i = 0; i < count; i++)
		atomic_init(&grown->pages[i], atomic_load(&directory->pages[i]));
	atomic_store(&db->catalog->directory, grown);
	if (directory)
		unlink_shared(db, &directory->shared);
	return grown;
}

/* Where the connection of `ordinal` belongs; made if need be. Under the catalog's lock. NULL when out of memory. */
static struct catalog_connection *_Atomic *make_cell(struct orgdb *db, uint64_t ordinal)
{
	struct catalog_directory *directory = long_directory(db, (size_t)(ordinal / PAGE_CELLS));
	if (!directory)
		return NULL;
	struct catalog_page *_Atomic *place = &directory->pages[ordinal / PAGE_CELLS];
	struct catalog_page *page = atomic_load(place);
	if (!page) {
		page = orgdb__allocate_zeroed(sizeof(*page));
		if (!page)
			return NULL;
		atomic_store(place, page);
	}
	return &page->cells[ordinal % PAGE_CELLS];
}

/* Publish `copy`; if another thread was faster with one as new, *copy becomes that. */
static int publish_connection(struct orgdb *db, struct catalog_connection **copy)
{
	struct catalog *catalog = db->catalog;
	pthread_mutex_lock(&catalog->lock);
	struct catalog_connection *_Atomic *cell = make_cell(db, (*copy)->connection.ordinal);
	struct catalog_connection *old = cell ? atomic_load(cell) : NULL, *kept = *copy;
	bool late = old && old->shared.generation >= kept->shared.generation;
	if (cell && !late) {
		atomic_store(cell, kept);
		if (old)
			unlink_shared(db, &old->shared);
	} else {
		orgdb__release(kept);
		kept = old;
	}
	pthread_mutex_unlock(&catalog->lock);
	*copy = kept;
	return kept ? 0 : no_memory();
}

static int current_connection(
	orgdb_txn *txn, uint64_t ordinal, const struct catalog_connection *found, const struct catalog_connection **out)
{
	if (txn->write)
		return local_connection(txn, ordinal, out);
	uint64_t generation = generation_of(txn, shard_of_connection(ordinal));
	while (!found || found->shared.generation < generation) {
		struct catalog_connection *copy;
		int rc = copy_connection(txn, ordinal, generation, &copy);
		if (rc == 0)
			rc = publish_connection(txn->db, &copy);
		if (rc != 0)
			return rc;
		found = copy;
	}
	if (found->shared.generation > generation) /* This snapshot is an older one. */
		return local_connection(txn, ordinal, out);
	*out = found;
	return 0;
}

const struct catalog_connection *orgdb__catalog_copy(
	orgdb_txn *txn, uint64_t ordinal, const struct catalog_connection *found, int *rc)
{
	const struct catalog_connection *out = NULL;
	*rc = current_connection(txn, ordinal, found, &out);
	return out;
}

static struct catalog_application *_Atomic *application_cell(struct catalog *catalog, orgdb_str client_id)
{
	uint64_t hash = hash_of_text(client_id);
	return &catalog->applications[(hash >> 32) % APPLICATION_CELLS];
}

static void publish_application(
	struct orgdb *db, struct catalog_application *_Atomic *cell, struct catalog_application *copy)
{
	pthread_mutex_lock(&db->catalog->lock);
	struct catalog_application *old = atomic_exchange(cell, copy);
	if (old)
		unlink_shared(db, &old->shared);
	pthread_mutex_unlock(&db->catalog->lock);
}

int orgdb__catalog_application(orgdb_txn *txn, orgdb_str client_id, const struct catalog_application **out)
{
	if (txn->write)
		return local_application(txn, client_id, out);
	struct catalog_application *_Atomic *cell = application_cell(txn->db->catalog, client_id);
	struct catalog_application *found = atomic_load(cell);
	if (found && is_application(found, client_id)) {
		uint64_t generation = generation_of(txn, shard_of_application(found->ordinal));
		if (found->shared.generation == generation) {
			*out = found;
			return 0;
		}
		if (found->shared.generation > generation)
			return local_application(txn, client_id, out);
	}
	orgdb_application entity;
	int rc = orgdb__entity_get_by(txn, ORGDB_KIND_APPLICATION, 0, client_id, &entity);
	if (rc == 0)
		rc = copy_application(txn, &entity, generation_of(txn, shard_of_application(entity.ordinal)), &found);
	if (rc != 0)
		return rc;
	publish_application(txn->db, cell, found);
	*out = found;
	return 0;
}

int orgdb__catalog_open(orgdb_txn *txn)
{
	return txn->write ? 0 : orgdb__generations_load(txn);
}
