/*
 * Indexes: from unique text, an id or a name, to the ordinal of the one entity that has it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "index.h"

#include "entity.h"
#include "error.h"
#include "packed.h"

enum { SHARERS_MAX = 100 }; /* Texts of one row: each would have to be made to collide. */

static bool is_secret(const struct index *index)
{
	return index->field->flags & ORGDB_FIELD_SECRET;
}

bool orgdb__index_key(const struct index *index, orgdb_str text, struct text_key *key)
{
	if (!is_secret(index))
		return key_of_text(key, text);
	key->size = 0;
	key_append_hash(key, text);
	return false;
}

static int read_row(orgdb_txn *txn, const struct index *index, const struct text_key *key, struct packed *row)
{
	struct bytes value;
	int rc = orgdb__kv_get(txn->kv, index->table, text_key_bytes(key), &value);
	if (rc == 0 && !packed_view(value, row))
		return orgdb__txn_corrupt(txn, index->table, "a row is damaged");
	return rc;
}

/* Looks at every byte. */
static bool same_secret(orgdb_str a, orgdb_str b)
{
	volatile unsigned difference = a.size != b.size;
	for (size_t i = 0; i < a.size && i < b.size; i++)
		difference |= (unsigned)(a.data[i] ^ b.data[i]);
	return difference == 0;
}

static bool has_key(const struct index *index, const union entity *entity, orgdb_str text)
{
	struct index_keys keys;
	size_t count = index->keys(entity, &keys);
	for (size_t i = 0; i < count; i++)
		if (is_secret(index) ? same_secret(keys.text[i], text) : orgdb_str_equal(keys.text[i], text))
			return true;
	return false;
}

int orgdb__index_find(
	orgdb_txn *txn, const struct kind *kind, const struct index *index, orgdb_str text, uint64_t *ordinal)
{
	struct text_key key;
	struct packed row = { 0 };
	bool exact = orgdb__index_key(index, text, &key);
	int rc = read_row(txn, index, &key, &row);
	if (rc != 0)
		return rc;
	if (exact) {
		*ordinal = packed_at(row, 0);
		return 0;
	}
	for (size_t i = 0; i < row.count; i++) {
		union entity entity;
		rc = orgdb__entity_load(txn, kind, packed_at(row, i), &entity);
		if (rc != 0)
			return rc;
		if (has_key(index, &entity, text)) {
			*ordinal = entity.head.ordinal;
			return 0;
		}
	}
	return ORGDB_NOT_FOUND;
}

int orgdb__index_room(orgdb_txn *txn, const struct index *index, orgdb_str text)
{
	struct text_key key;
	struct packed row = { 0 };
	if (orgdb__index_key(index, text, &key))
		return 0;
	int rc = read_row(txn, index, &key, &row);
	if (rc == 0 && row.count >= SHARERS_MAX) /* Somebody makes them collide. */
		return orgdb__fail(
			ORGDB_TOO_LARGE, index->field->name, "too many %ss have the same hash as this one", index->field->name);
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

static int write_row(
	orgdb_txn *txn, const struct index *index, const struct text_key *key, const uint64_t *ordinals, size_t count)
{
	uint8_t value[1 + SHARERS_MAX * 8];
	if (count == 0)
		return orgdb__kv_delete(txn->kv, index->table, text_key_bytes(key));
	size_t size = packed_write(ordinals, count, value);
	return orgdb__kv_put(txn->kv, index->table, text_key_bytes(key), (struct bytes){ value, size });
}

/* Read a row but for `without`; the rest of the ordinals, ascending. */
static int read_others(orgdb_txn *txn, const struct index *index, const struct text_key *key, uint64_t without,
	uint64_t others[SHARERS_MAX], size_t *count)
{
	struct packed row = { 0 };
	*count = 0;
	int rc = read_row(txn, index, key, &row);
	if (rc != 0)
		return rc == ORGDB_NOT_FOUND ? 0 : rc;
	if (row.count > SHARERS_MAX)
		return orgdb__txn_corrupt(txn, index->table, "a row is damaged");
	for (size_t i = 0; i < row.count; i++)
		if (packed_at(row, i) != without)
			others[(*count)++] = packed_at(row, i);
	return 0;
}

int orgdb__index_add(orgdb_txn *txn, const struct index *index, orgdb_str text, uint64_t ordinal)
{
	struct text_key key;
	uint64_t ordinals[SHARERS_MAX];
	size_t count = 0;
	if (!orgdb__index_key(index, text, &key)) {
		int rc = read_others(txn, index, &key, ordinal, ordinals, &count);
		if (rc != 0)
			return rc;
		if (count == SHARERS_MAX)
			return orgdb__txn_corrupt(txn, index->table, "too many long texts collide");
	}
	size_t at = count++;
	/* cppcheck-suppress uninitvar ; Only the first `count` are looked at, which were read. */
	for (; at > 0 && ordinals[at - 1] > ordinal; at--)
		ordinals[at] = ordinals[at - 1];
	ordinals[at] = ordinal;
	return write_row(txn, index, &key, ordinals, count);
}

int orgdb__index_remove(orgdb_txn *txn, const struct index *index, orgdb_str text, uint64_t ordinal)
{
	struct text_key key;
	uint64_t ordinals[SHARERS_MAX];
	size_t count;
	orgdb__index_key(index, text, &key);
	int rc = read_others(txn, index, &key, ordinal, ordinals, &count);
	if (rc == 0)
		rc = write_row(txn, index, &key, ordinals, count);
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, index->table, "a row is missing") : rc;
}
