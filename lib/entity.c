/*
 * Entities: create, get, update, delete, list and count for any kind, driven by the schema.
 *
 * A changed record is encoded, decoded again and then judged: what is validated is exactly what will be stored, by the
 * same code that reads it later. Everything that can fail for the caller's reasons happens before the first write.
 *
 * SPDX-License-Identifier: MIT
 */
#include "entity.h"

#include "cascade.h"
#include "error.h"
#include "generations.h"
#include "id.h"
#include "index.h"
#include "invitation.h"
#include "login.h"
#include "owned.h"
#include "packed.h"
#include "references.h"

/* ---- Finding and reading ----------------------------------------------------------------------------------------- */

static int check_kind(uint32_t kind)
{
	if (kind >= ORGDB_ENTITY_KINDS)
		return orgdb__fail(ORGDB_INVALID, "kind", "kind must be one of the entity kinds, not %u", kind);
	return 0;
}

static int find_by(
	orgdb_txn *txn, const struct kind *kind, const struct index *index, orgdb_str text, uint64_t *ordinal)
{
	int rc = text.data ? orgdb__index_find(txn, kind, index, text, ordinal) : ORGDB_NOT_FOUND;
	if (rc == ORGDB_NOT_FOUND) {
		char name[FIELD_NAME_MAX];
		orgdb__field_name(&kind->schema, index->field->name, name);
		text = text_to_show(index->field, text);
		return orgdb__fail(
			ORGDB_NOT_FOUND, name, "no %s has the %s \"%.*s\"", kind->schema.name, index->field->name, EXCERPT(text));
	}
	return rc;
}

int orgdb__entity_find_text(orgdb_txn *txn, uint32_t kind, orgdb_str id, uint64_t *ordinal)
{
	const struct kind *k = orgdb__kind(kind);
	return find_by(txn, k, &k->indexes[0], id, ordinal);
}

int orgdb__entity_find(orgdb_txn *txn, uint32_t kind, const char *id, uint64_t *ordinal)
{
	return orgdb__entity_find_text(txn, kind, orgdb_string(id), ordinal);
}

int orgdb__entity_decode(orgdb_txn *txn, const struct kind *kind, struct bytes record, uint64_t ordinal, void *out)
{
	if (!orgdb__schema_decode(&kind->schema, record, out))
		return orgdb__txn_corrupt(txn, kind->records, "a record does not decode");
	((struct head *)out)->ordinal = ordinal;
	return 0;
}

int orgdb__entity_record(orgdb_txn *txn, const struct kind *kind, uint64_t ordinal, struct bytes *record)
{
	struct key key = key_of_number(ordinal);
	int rc = orgdb__kv_get(txn->kv, kind->records, key_bytes(&key), record);
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, kind->records, "something points to a missing record") : rc;
}

int orgdb__entity_load(orgdb_txn *txn, const struct kind *kind, uint64_t ordinal, void *out)
{
	struct bytes record;
	int rc = orgdb__entity_record(txn, kind, ordinal, &record);
	return rc == 0 ? orgdb__entity_decode(txn, kind, record, ordinal, out) : rc;
}

int orgdb__entity_load_all(orgdb_txn *txn, const struct kind *kind, const uint64_t *ordinals, size_t count, void *array)
{
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = orgdb__entity_load(txn, kind, ordinals[i], (char *)array + i * kind->schema.struct_size);
	return rc;
}

int orgdb__entity_get_by(orgdb_txn *txn, uint32_t kind, size_t index, orgdb_str text, void *out)
{
	const struct kind *k = orgdb__kind(kind);
	uint64_t ordinal;
	int rc = find_by(txn, k, &k->indexes[index], text, &ordinal);
	return rc == 0 ? orgdb__entity_load(txn, k, ordinal, out) : rc;
}

int orgdb_entity_get(orgdb_txn *txn, uint32_t kind, const char *id, void *out)
{
	int rc = check_kind(kind);
	if (rc == 0)
		rc = orgdb__txn_read(txn);
	return rc == 0 ? orgdb__entity_get_by(txn, kind, 0, orgdb_string(id), out) : rc;
}

int orgdb_entity_count(orgdb_txn *txn, uint32_t kind, uint64_t *count)
{
	int rc = check_kind(kind);
	if (rc == 0)
		rc = orgdb__txn_read(txn);
	return rc == 0 ? orgdb__kv_entries(txn->kv, orgdb__kind(kind)->records, count) : rc;
}

/* ---- Listing ----------------------------------------------------------------------------------------------------- */

static int list_from(orgdb_txn *txn, struct kv_cursor *cursor, const struct kind *kind, uint64_t after, void *array,
	size_t capacity, size_t *count)
{
	struct key first = key_of_number(after);
	struct bytes key, record;
	int rc = orgdb__kv_cursor_seek(cursor, key_bytes(&first), &key, &record);
	while (rc == 0 && *count < capacity) {
		uint64_t ordinal;
		if (!key_take_number(&key, &ordinal) || key.size > 0)
			return orgdb__txn_corrupt(txn, kind->records, "a key is damaged");
		if (ordinal > after) {
			rc = orgdb__entity_decode(txn, kind, record, ordinal, (char *)array + *count * kind->schema.struct_size);
			if (rc != 0)
				return rc;
			(*count)++;
		}
		rc = orgdb__kv_cursor_next(cursor, &key, &record);
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb_entity_list(orgdb_txn *txn, uint32_t kind, uint64_t after, void *array, size_t capacity, size_t *count)
{
	int rc = check_kind(kind);
	if (rc == 0)
		rc = orgdb__txn_read(txn);
	*count = 0;
	if (rc != 0)
		return rc;
	const struct kind *k = orgdb__kind(kind);
	struct kv_cursor *cursor;
	rc = orgdb__kv_cursor_open(txn->kv, k->records, &cursor);
	if (rc != 0)
		return rc;
	rc = list_from(txn, cursor, k, after, array, capacity, count);
	orgdb__kv_cursor_close(cursor);
	return rc;
}

static int list_names_from(orgdb_txn *txn, struct kv_cursor *cursor, orgdb_str after, orgdb_organization *array,
	size_t capacity, size_t *count)
{
	const struct kind *kind = orgdb__kind(ORGDB_KIND_ORGANIZATION);
	struct text_key first = { 0 };
	struct bytes key, value;
	key_of_text(&first, after);
	int rc = orgdb__kv_cursor_seek(cursor, text_key_bytes(&first), &key, &value);
	if (rc == 0 && first.size > 0 && key.size == first.size && memcmp(key.data, first.data, key.size) == 0)
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	while (rc == 0 && *count < capacity) {
		struct packed row;
		if (!packed_view(value, &row))
			return orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_NAMES, "a row is damaged");
		rc = orgdb__entity_load(txn, kind, packed_at(row, 0), &array[*count]);
		if (rc != 0)
			return rc;
		(*count)++;
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb_organization_list_by_name(
	orgdb_txn *txn, const char *after_name, orgdb_organization *array, size_t capacity, size_t *count)
{
	*count = 0;
	int rc = orgdb__txn_read(txn);
	if (rc != 0)
		return rc;
	struct kv_cursor *cursor;
	rc = orgdb__kv_cursor_open(txn->kv, TABLE_ORGANIZATION_NAMES, &cursor);
	if (rc != 0)
		return rc;
	rc = list_names_from(txn, cursor, orgdb_string(after_name), array, capacity, count);
	orgdb__kv_cursor_close(cursor);
	return rc;
}

/* ---- Changing ---------------------------------------------------------------------------------------------------- */

/* Encode `entity` into the scratch buffer and let it view that; then judge it. */
static int prepare(orgdb_txn *txn, const struct kind *kind, uint32_t mask, union entity *entity)
{
	uint64_t ordinal = entity->head.ordinal;
	txn->scratch.size = 0;
	int rc = orgdb__schema_encode(&kind->schema, entity, mask, &txn->scratch);
	if (rc != 0)
		return rc;
	struct bytes record = { txn->scratch.data, txn->scratch.size };
	if (!orgdb__schema_decode(&kind->schema, record, entity))
		return orgdb__fail(ORGDB_INVALID, kind->schema.name, "the %s cannot be stored", kind->schema.name);
	entity->head.ordinal = ordinal;
	return orgdb__schema_validate(&kind->schema, entity);
}

/* No other entity may stand under any of this one's keys. */
static int check_unique(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	for (size_t i = 0; i < kind->index_count; i++) {
		const struct index *index = &kind->indexes[i];
		struct index_keys keys;
		size_t count = index->keys(entity, &keys);
		for (size_t k = 0; k < count; k++) {
			uint64_t other;
			int rc = orgdb__index_find(txn, kind, index, keys.text[k], &other);
			if (rc == 0 && other != entity->head.ordinal) {
				char name[FIELD_NAME_MAX];
				orgdb__field_name(&kind->schema, index->field->name, name);
				orgdb_str shown = text_to_show(index->field, keys.text[k]);
				return orgdb__fail(
					ORGDB_EXISTS, name, "%s: another %s has \"%.*s\" already", name, kind->schema.name, EXCERPT(shown));
			}
			if (rc == ORGDB_NOT_FOUND)
				rc = orgdb__index_room(txn, index, keys.text[k]);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

static int change_keys(orgdb_txn *txn, const struct index *index, const union entity *entity,
	int (*change)(orgdb_txn *, const struct index *, orgdb_str, uint64_t))
{
	struct index_keys keys;
	size_t count = index->keys(entity, &keys);
	int rc = 0;
	for (size_t k = 0; k < count && rc == 0; k++)
		rc = change(txn, index, keys.text[k], entity->head.ordinal);
	return rc;
}

static bool same_keys(const struct index *index, const union entity *a, const union entity *b)
{
	struct index_keys x, y;
	size_t count = index->keys(a, &x);
	if (count != index->keys(b, &y))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!orgdb_str_equal(x.text[i], y.text[i]))
			return false;
	return true;
}

/* Bring the indexes from what `before` stands under to what `after` does; either may be NULL. */
static int reindex(orgdb_txn *txn, const struct kind *kind, const union entity *before, const union entity *after)
{
	int rc = 0;
	for (size_t i = 0; i < kind->index_count && rc == 0; i++) {
		const struct index *index = &kind->indexes[i];
		if (before && after && same_keys(index, before, after))
			continue;
		if (before)
			rc = change_keys(txn, index, before, orgdb__index_remove);
		if (after && rc == 0)
			rc = change_keys(txn, index, after, orgdb__index_add);
	}
	return rc;
}

enum { GENERATED_ID_MAX = 40 }; /* The longest prefix and what follows it. */

static int generate_id(const struct kind *kind, union entity *entity, char text[GENERATED_ID_MAX])
{
	size_t prefix = strlen(kind->id_prefix);
	memcpy(text, kind->id_prefix, prefix);
	/* A user's id has hexadecimal digits, as the service's own database makes them. */
	unsigned letters = kind->schema.kind == ORGDB_KIND_USER ? 16 : 62;
	*member_text(entity, kind->id) = (orgdb_str){ text, prefix + kind->id_random };
	return orgdb__random_text(text + prefix, kind->id_random, letters);
}

/* Texts that were not given and that the kind makes up. */
struct generated {
	char id[GENERATED_ID_MAX];
	char others[GENERATED_MAX];
};

static int generate(const struct kind *kind, union entity *entity, uint32_t *mask, struct generated *generated)
{
	int rc = 0;
	if (!(*mask & kind->id->bit) && kind->id_prefix) {
		rc = generate_id(kind, entity, generated->id);
		*mask |= kind->id->bit;
	}
	return rc == 0 && kind->generate ? kind->generate(entity, mask, generated->others) : rc;
}

static int next_ordinal(orgdb_txn *txn, const struct kind *kind, uint64_t *ordinal)
{
	struct counters *counters;
	int rc = orgdb__txn_counters(txn, &counters);
	if (rc != 0)
		return rc;
	*ordinal = counters->next_ordinal[kind->schema.kind];
	/* Hot rows hold connections in 32 bits. */
	uint64_t last = kind->schema.kind == ORGDB_KIND_CONNECTION ? UINT32_MAX - 1 : UINT64_MAX - 1;
	if (*ordinal > last)
		return orgdb__fail(ORGDB_TOO_LARGE, kind->schema.name, "this store has had all the %ss that it can ever have",
			kind->schema.name);
	return 0;
}

/* What merged lookups keep decoded copies of. An organization's part is its hot row (see login.c). */
static void touch(orgdb_txn *txn, const struct kind *kind, uint64_t ordinal)
{
	if (kind->schema.kind == ORGDB_KIND_CONNECTION)
		touch_shard(txn, shard_of_connection(ordinal));
	else if (kind->schema.kind == ORGDB_KIND_APPLICATION)
		touch_shard(txn, shard_of_application(ordinal));
}

/* What a kind needs besides its record, indexes and references. */
static int attach(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	if (kind->schema.kind == ORGDB_KIND_ORGANIZATION)
		return orgdb__login_create(txn, &entity->organization);
	if (kind->schema.kind == ORGDB_KIND_INVITATION)
		return orgdb__invitation_attach(txn, &entity->invitation);
	return 0;
}

/* Behind the first write no failure is the caller's any more. */
static int half_done(orgdb_txn *txn, int rc)
{
	return rc == 0 ? 0 : orgdb__kv_poison(txn->kv, rc);
}

static int insert(orgdb_txn *txn, const struct kind *kind, uint64_t owner, const union entity *entity)
{
	struct key key = key_of_number(entity->head.ordinal);
	touch(txn, kind, entity->head.ordinal);
	int rc = orgdb__kv_append(
		txn->kv, kind->records, key_bytes(&key), (struct bytes){ txn->scratch.data, txn->scratch.size });
	if (rc == 0)
		rc = reindex(txn, kind, NULL, entity);
	if (rc == 0)
		rc = orgdb__owned_add(txn, kind, owner, entity->head.ordinal);
	if (rc == 0)
		rc = orgdb__references_add(txn, kind, entity);
	if (rc == 0)
		rc = attach(txn, kind, entity);
	if (rc == 0)
		txn->counters.next_ordinal[kind->schema.kind]++;
	return half_done(txn, rc);
}

/* May a new entity stand beside what is there? `given` are the members that came from the caller. */
static int judge(orgdb_txn *txn, const struct kind *kind, const union entity *entity, uint32_t given)
{
	int rc = check_unique(txn, kind, entity);
	if (rc == 0)
		rc = orgdb__references_find(txn, kind, entity);
	if (rc == 0 && kind->schema.kind == ORGDB_KIND_INVITATION)
		rc = orgdb__invitation_judge(txn, &entity->invitation, !orgdb__invitation_is_recorded(given));
	return rc;
}

int orgdb_entity_create(orgdb_txn *txn, uint32_t kind, const void *given, orgdb_str *id)
{
	int rc = check_kind(kind);
	if (rc == 0)
		rc = orgdb__txn_write(txn);
	if (rc != 0)
		return rc;
	const struct kind *k = orgdb__kind(kind);
	union entity entity = { 0 };
	struct generated generated;
	uint64_t owner = 0;
	uint32_t given_fields = 0;
	memcpy(&entity, given, k->schema.struct_size);
	rc = orgdb__schema_given(&k->schema, given, &given_fields);
	uint32_t mask = given_fields;
	if (rc == 0)
		rc = generate(k, &entity, &mask, &generated);
	if (rc == 0)
		rc = next_ordinal(txn, k, &entity.head.ordinal);
	if (rc == 0)
		rc = prepare(txn, k, mask, &entity);
	if (rc == 0)
		rc = orgdb__owned_find_room(txn, k, &entity, &owner);
	if (rc == 0)
		rc = judge(txn, k, &entity, given_fields);
	if (rc == 0 && id) {
		/* Before the first write, so that running out of memory changes nothing. */
		const char *copy = orgdb__arena_copy_text(&txn->arena, *member_text(&entity, k->id));
		*id = (orgdb_str){ copy, member_text(&entity, k->id)->size };
		rc = copy ? 0 : ORGDB_NO_MEMORY;
	}
	return rc == 0 ? insert(txn, k, owner, &entity) : rc;
}

/* Read an entity into a buffer of its own: what the map holds moves when the transaction writes. */
static int load_into(
	orgdb_txn *txn, const struct kind *kind, uint64_t ordinal, struct buffer *copy, union entity *entity)
{
	struct bytes record;
	int rc = orgdb__entity_record(txn, kind, ordinal, &record);
	if (rc != 0)
		return rc;
	copy->size = 0;
	rc = orgdb__buffer_append(copy, record.data, record.size);
	return rc == 0 ? orgdb__entity_decode(txn, kind, (struct bytes){ copy->data, copy->size }, ordinal, entity) : rc;
}

static int load_copy(orgdb_txn *txn, const struct kind *kind, const char *id, union entity *entity)
{
	uint64_t ordinal;
	int rc = orgdb__entity_find(txn, kind->schema.kind, id, &ordinal);
	return rc == 0 ? load_into(txn, kind, ordinal, &txn->previous, entity) : rc;
}

int orgdb_entity_update(orgdb_txn *txn, uint32_t kind, const char *id, const void *changes)
{
	int rc = check_kind(kind);
	if (rc == 0)
		rc = orgdb__txn_write(txn);
	if (rc != 0)
		return rc;
	const struct kind *k = orgdb__kind(kind);
	union entity before, after;
	rc = load_copy(txn, k, id, &before);
	if (rc != 0)
		return rc;
	after = before;
	rc = orgdb__schema_overlay(&k->schema, &after, changes);
	if (rc == 0)
		rc = prepare(txn, k, after.head.fields, &after);
	if (rc == 0)
		rc = check_unique(txn, k, &after);
	if (rc != 0)
		return rc;
	struct bytes record = { txn->scratch.data, txn->scratch.size };
	if (record.size == txn->previous.size && memcmp(record.data, txn->previous.data, record.size) == 0)
		return 0; /* Nothing to write. */
	struct key key = key_of_number(after.head.ordinal);
	touch(txn, k, after.head.ordinal);
	rc = orgdb__kv_put(txn->kv, k->records, key_bytes(&key), record);
	if (rc == 0)
		rc = reindex(txn, k, &before, &after);
	if (rc == 0 && kind == ORGDB_KIND_ORGANIZATION)
		rc = orgdb__login_update(txn, &after.organization);
	return half_done(txn, rc);
}

int orgdb__entity_rewrite(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	struct key key = key_of_number(entity->head.ordinal);
	txn->scratch.size = 0;
	touch(txn, kind, entity->head.ordinal);
	int rc = orgdb__schema_encode(&kind->schema, entity, entity->head.fields, &txn->scratch);
	if (rc == 0)
		rc = orgdb__kv_put(
			txn->kv, kind->records, key_bytes(&key), (struct bytes){ txn->scratch.data, txn->scratch.size });
	return half_done(txn, rc);
}

/* ---- Deleting ---------------------------------------------------------------------------------------------------- */

int orgdb__entity_erase(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	struct key key = key_of_number(entity->head.ordinal);
	int rc = orgdb__references_remove(txn, kind, entity);
	if (rc == 0 && kind->schema.kind == ORGDB_KIND_INVITATION)
		rc = orgdb__invitation_detach(txn, &entity->invitation);
	if (rc == 0)
		rc = reindex(txn, kind, entity, NULL);
	return rc == 0 ? orgdb__kv_delete(txn->kv, kind->records, key_bytes(&key)) : rc;
}

/* Delete an entity whose record was copied. */
static int delete_copied(orgdb_txn *txn, const struct kind *kind, const union entity *entity, orgdb_cascade *gone)
{
	touch(txn, kind, entity->head.ordinal);
	int rc = orgdb__cascade(txn, kind->schema.kind, entity, gone);
	if (rc == 0)
		rc = orgdb__owned_remove(txn, kind, entity);
	if (rc == 0)
		rc = orgdb__entity_erase(txn, kind, entity);
	return half_done(txn, rc);
}

int orgdb__entity_delete_at(orgdb_txn *txn, const struct kind *kind, uint64_t ordinal, struct buffer *copy)
{
	union entity entity;
	orgdb_cascade gone;
	int rc = load_into(txn, kind, ordinal, copy, &entity);
	return rc == 0 ? delete_copied(txn, kind, &entity, &gone) : half_done(txn, rc);
}

int orgdb_entity_delete(orgdb_txn *txn, uint32_t kind, const char *id, orgdb_cascade *gone)
{
	int rc = check_kind(kind);
	if (rc == 0)
		rc = orgdb__txn_write(txn);
	if (rc != 0)
		return rc;
	const struct kind *k = orgdb__kind(kind);
	union entity entity;
	orgdb_cascade unwanted;
	rc = load_copy(txn, k, id, &entity);
	return rc == 0 ? delete_copied(txn, k, &entity, gone ? gone : &unwanted) : rc;
}
