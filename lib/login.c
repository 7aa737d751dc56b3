/*
 * Hot rows: what a login page needs to know of an organization, in one row under its id.
 *
 * SPDX-License-Identifier: MIT
 */
#include "login.h"

#include "error.h"
#include "generations.h"

enum { HEAD_SIZE = 12, ENTRY_SIZE = 8 };

bool orgdb__login_view(struct bytes row, struct login *login)
{
	if (row.size < HEAD_SIZE || (row.size - HEAD_SIZE) % ENTRY_SIZE != 0)
		return false;
	login->organization = little_get64(row.data);
	login->count = little_get32(row.data + 8);
	login->entries = row.data + HEAD_SIZE;
	return login->count == (row.size - HEAD_SIZE) / ENTRY_SIZE;
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

static int read_row(orgdb_txn *txn, orgdb_str id, struct login *login)
{
	struct text_key key;
	struct bytes row;
	if (!key_of_text(&key, id))
		return ORGDB_NOT_FOUND;
	int rc = orgdb__kv_get(txn->kv, TABLE_ORGANIZATION_LOGIN, text_key_bytes(&key), &row);
	if (rc == 0 && !orgdb__login_view(row, login))
		return orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_LOGIN, "a row is damaged");
	return rc;
}

/* The row of an organization that exists. */
static int read_own_row(orgdb_txn *txn, orgdb_str id, struct login *login)
{
	int rc = read_row(txn, id, login);
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_LOGIN, "a row is missing") : rc;
}

int orgdb__login_get(orgdb_txn *txn, orgdb_str id, struct login *login)
{
	int rc = id.data ? read_row(txn, id, login) : ORGDB_NOT_FOUND;
	if (rc == ORGDB_NOT_FOUND)
		return orgdb__fail(rc, "organization.id", "no organization has the id \"%.*s\"", EXCERPT(id));
	return rc;
}

int orgdb__login_copy(orgdb_txn *txn, orgdb_str organization_id, struct buffer *row, struct login *login)
{
	int rc = read_own_row(txn, organization_id, login);
	if (rc == 0)
		rc = orgdb__buffer_append(row, login->entries - HEAD_SIZE, HEAD_SIZE + (size_t)login->count * ENTRY_SIZE);
	if (rc == 0)
		login->entries = row->data + HEAD_SIZE;
	return rc;
}

static int put_row(orgdb_txn *txn, orgdb_str id, uint64_t organization, struct buffer *row)
{
	struct text_key key;
	touch_shard(txn, shard_of_organization(organization));
	key_of_text(&key, id);
	little_put(row->data + 8, (row->size - HEAD_SIZE) / ENTRY_SIZE, 4);
	return orgdb__kv_put(
		txn->kv, TABLE_ORGANIZATION_LOGIN, text_key_bytes(&key), (struct bytes){ row->data, row->size });
}

int orgdb__login_create(orgdb_txn *txn, orgdb_str organization_id, uint64_t ordinal)
{
	uint8_t head[HEAD_SIZE] = { 0 };
	little_put(head, ordinal, 8);
	struct buffer row = { head, HEAD_SIZE, HEAD_SIZE };
	return put_row(txn, organization_id, ordinal, &row);
}

int orgdb__login_delete(orgdb_txn *txn, orgdb_str organization_id, uint64_t ordinal)
{
	struct text_key key;
	touch_shard(txn, shard_of_organization(ordinal));
	key_of_text(&key, organization_id);
	int rc = orgdb__kv_delete(txn->kv, TABLE_ORGANIZATION_LOGIN, text_key_bytes(&key));
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_LOGIN, "a row is missing") : rc;
}

int orgdb__login_set(orgdb_txn *txn, orgdb_str organization_id, uint64_t connection, const struct login_entry *entry)
{
	struct login login;
	int rc = read_own_row(txn, organization_id, &login);
	if (rc != 0)
		return rc;
	bool there;
	uint32_t at = orgdb__login_search(&login, connection, &there);
	if (there && entry && login_at(&login, at).options == entry->options)
		return 0;
	const uint8_t *begin = login.entries - HEAD_SIZE, *rest = login.entries + (size_t)(at + there) * ENTRY_SIZE;
	uint8_t packed[ENTRY_SIZE];
	struct buffer row = { 0 };
	rc = orgdb__buffer_append(&row, begin, HEAD_SIZE + (size_t)at * ENTRY_SIZE);
	if (rc == 0 && entry) {
		little_put(packed, entry->connection, 4);
		little_put(packed + 4, entry->options, 4);
		rc = orgdb__buffer_append(&row, packed, sizeof(packed));
	}
	if (rc == 0)
		rc = orgdb__buffer_append(&row, rest, (size_t)(login.count - at - there) * ENTRY_SIZE);
	if (rc == 0)
		rc = put_row(txn, organization_id, login.organization, &row);
	orgdb__buffer_free(&row);
	return rc == 0 ? 0 : orgdb__kv_poison(txn->kv, rc);
}
