/*
 * Hot rows: what a login page needs to know of an organization, in one row under a hash of its id.
 *
 * SPDX-License-Identifier: MIT
 */
#include "login.h"

#include "error.h"
#include "generations.h"

enum { ID_SIZE = 16, FLAGS_AT = 28, HEAD_SIZE = 32, ENTRY_SIZE = 8 };

bool orgdb__login_take(struct bytes *rest, struct login *login)
{
	if (rest->size < HEAD_SIZE)
		return false;
	login->id = rest->data;
	login->organization = little_get64(rest->data + 16);
	login->count = little_get32(rest->data + 24);
	login->flags = little_get32(rest->data + FLAGS_AT);
	login->entries = rest->data + HEAD_SIZE;
	if (login->count > (rest->size - HEAD_SIZE) / ENTRY_SIZE)
		return false;
	size_t size = HEAD_SIZE + (size_t)login->count * ENTRY_SIZE;
	rest->data += size;
	rest->size -= size;
	return true;
}

uint32_t orgdb__login_search(const struct login *login, uint64_t connection, bool *there)
{
	uint32_t low = 0, high = login->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (login_at(login, middle).connection < connection)
			low = middle + 1;
		else
			high = middle;
	}
	*there = low < login->count && login_at(login, low).connection == connection;
	return low;
}

static struct bytes key_of(const struct login_id *id)
{
	return (struct bytes){ (const uint8_t *)&id->hash, sizeof(id->hash) };
}

/* An entry, and which of its rows is the organization's. */
struct place {
	struct bytes entry; /* Empty: there is none. */
	struct bytes row;   /* Empty, at the entry's end: the organization has none. */
	struct login login;
};

static int find_place(orgdb_txn *txn, const struct login_id *id, struct place *place)
{
	*place = (struct place){ 0 };
	int rc = orgdb__kv_get_hashed(txn->kv, TABLE_ORGANIZATION_LOGIN, id->hash, &place->entry);
	if (rc != 0)
		return rc;
	struct bytes rest = place->entry;
	while (rest.size > 0) {
		place->row.data = rest.data;
		if (!orgdb__login_take(&rest, &place->login))
			return orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_LOGIN, "a row is damaged");
		if (memcmp(place->login.id, id->words, ID_SIZE) == 0) {
			place->row.size = (size_t)(rest.data - place->row.data);
			return 0;
		}
	}
	place->row = rest;
	return ORGDB_NOT_FOUND;
}

int orgdb__login_find(orgdb_txn *txn, const struct login_id *id, struct login *login)
{
	struct place place;
	int rc = id->possible ? find_place(txn, id, &place) : ORGDB_NOT_FOUND;
	if (rc == 0)
		*login = place.login;
	return rc;
}

int orgdb__login_missing(orgdb_str id)
{
	return orgdb__fail(ORGDB_NOT_FOUND, "organization.id", "no organization has the id \"%.*s\"", EXCERPT(id));
}

int orgdb__login_get(orgdb_txn *txn, orgdb_str id, struct login *login)
{
	struct login_id taken = login_id_of(txn->db, id);
	int rc = orgdb__login_find(txn, &taken, login);
	return rc == ORGDB_NOT_FOUND ? orgdb__login_missing(id) : rc;
}

/* The place of an organization that exists. */
static int find_own(orgdb_txn *txn, orgdb_str organization_id, struct login_id *id, struct place *place)
{
	*id = login_id_of(txn->db, organization_id);
	int rc = find_place(txn, id, place);
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_LOGIN, "a row is missing") : rc;
}

int orgdb__login_copy(orgdb_txn *txn, orgdb_str organization_id, struct buffer *row, struct login *login)
{
	struct login_id id;
	struct place place;
	int rc = find_own(txn, organization_id, &id, &place);
	if (rc == 0)
		rc = orgdb__buffer_append(row, place.row.data, place.row.size);
	if (rc != 0)
		return rc;
	struct bytes rest = { row->data, row->size };
	orgdb__login_take(&rest, login);
	return 0;
}

/* Put `row` where the organization's is or will be; an empty one takes it away. */
static int put_row(
	orgdb_txn *txn, const struct login_id *id, const struct place *place, uint64_t organization, struct bytes row)
{
	touch_shard(txn, shard_of_organization(organization));
	if (row.size == 0 && place->row.size == place->entry.size)
		return orgdb__kv_delete(txn->kv, TABLE_ORGANIZATION_LOGIN, key_of(id));
	if (place->row.size == place->entry.size)
		return orgdb__kv_put(txn->kv, TABLE_ORGANIZATION_LOGIN, key_of(id), row);
	/* Others share the entry. */
	struct buffer entry = { 0 };
	const uint8_t *behind = place->row.data + place->row.size;
	int rc = orgdb__buffer_append(&entry, place->entry.data, (size_t)(place->row.data - place->entry.data));
	if (rc == 0)
		rc = orgdb__buffer_append(&entry, row.data, row.size);
	if (rc == 0)
		rc = orgdb__buffer_append(&entry, behind, (size_t)(place->entry.data + place->entry.size - behind));
	if (rc == 0)
		rc = orgdb__kv_put(txn->kv, TABLE_ORGANIZATION_LOGIN, key_of(id), (struct bytes){ entry.data, entry.size });
	orgdb__buffer_free(&entry);
	return rc == 0 ? 0 : orgdb__kv_poison(txn->kv, rc);
}

uint32_t orgdb__login_flags(const orgdb_organization *organization)
{
	return (organization->third_party_client_access == ORGDB_THIRD_PARTY_ALLOW ? LOGIN_THIRD_PARTY : 0) |
		(organization->is_app_entitlement_active ? LOGIN_ENTITLEMENT : 0);
}

int orgdb__login_create(orgdb_txn *txn, const orgdb_organization *organization)
{
	struct login_id id = login_id_of(txn->db, organization->id);
	struct place place;
	int rc = find_place(txn, &id, &place);
	if (rc == 0)
		return orgdb__txn_corrupt(
			txn, TABLE_ORGANIZATION_LOGIN, "a row belongs to an organization that does not exist");
	if (rc != ORGDB_NOT_FOUND)
		return rc;
	uint8_t row[HEAD_SIZE] = { 0 };
	memcpy(row, id.words, ID_SIZE);
	little_put(row + ID_SIZE, organization->ordinal, 8);
	little_put(row + FLAGS_AT, orgdb__login_flags(organization), 4);
	return put_row(txn, &id, &place, organization->ordinal, (struct bytes){ row, sizeof(row) });
}

int orgdb__login_update(orgdb_txn *txn, const orgdb_organization *organization)
{
	struct login_id id;
	struct place place;
	uint32_t flags = orgdb__login_flags(organization);
	int rc = find_own(txn, organization->id, &id, &place);
	if (rc != 0 || place.login.flags == flags)
		return rc;
	struct buffer row = { 0 };
	rc = orgdb__buffer_append(&row, place.row.data, place.row.size);
	if (rc == 0) {
		little_put(row.data + FLAGS_AT, flags, 4);
		rc = put_row(txn, &id, &place, organization->ordinal, (struct bytes){ row.data, row.size });
	}
	orgdb__buffer_free(&row);
	return rc == 0 ? 0 : orgdb__kv_poison(txn->kv, rc);
}

int orgdb__login_delete(orgdb_txn *txn, orgdb_str organization_id, uint64_t ordinal)
{
	struct login_id id;
	struct place place;
	int rc = find_own(txn, organization_id, &id, &place);
	return rc == 0 ? put_row(txn, &id, &place, ordinal, (struct bytes){ NULL, 0 }) : rc;
}

/* Build the row that `login` becomes when the entry at `at`, if it is there, gives way to `entry`, if that is any. */
static int rebuild(
	const struct login *login, uint32_t at, bool there, const struct login_entry *entry, struct buffer *row)
{
	uint8_t packed[ENTRY_SIZE];
	const uint8_t *rest = login->entries + (size_t)(at + there) * ENTRY_SIZE;
	int rc = orgdb__buffer_append(row, login->id, HEAD_SIZE + (size_t)at * ENTRY_SIZE);
	if (rc == 0 && entry) {
		little_put(packed, entry->connection, 4);
		little_put(packed + 4, entry->options, 4);
		rc = orgdb__buffer_append(row, packed, sizeof(packed));
	}
	if (rc == 0)
		rc = orgdb__buffer_append(row, rest, (size_t)(login->count - at - there) * ENTRY_SIZE);
	if (rc == 0)
		little_put(row->data + 24, (row->size - HEAD_SIZE) / ENTRY_SIZE, 4);
	return rc;
}

int orgdb__login_set(orgdb_txn *txn, orgdb_str organization_id, uint64_t connection, const struct login_entry *entry)
{
	struct login_id id;
	struct place place;
	int rc = find_own(txn, organization_id, &id, &place);
	if (rc != 0)
		return rc;
	bool there;
	uint32_t at = orgdb__login_search(&place.login, connection, &there);
	if (there && entry && login_at(&place.login, at).options == entry->options)
		return 0;
	struct buffer row = { 0 };
	rc = rebuild(&place.login, at, there, entry, &row);
	if (rc == 0)
		rc = put_row(txn, &id, &place, place.login.organization, (struct bytes){ row.data, row.size });
	orgdb__buffer_free(&row);
	return rc == 0 ? 0 : orgdb__kv_poison(txn->kv, rc);
}
