/*
 * References: fields of entities that hold the ids of others, and the sets in which those others find who refers to them.
 *
 * The schema says which fields they are. A record holds ids, which never change; a set holds ordinals.
 *
 * SPDX-License-Identifier: MIT
 */
#include "references.h"

#include "entity.h"
#include "error.h"

size_t orgdb__reference_ids(const struct reference *reference, const void *entity, orgdb_str ids[REFERRED_MAX])
{
	const struct head *head = entity;
	if (!(head->fields & reference->field->bit))
		return 0;
	if (reference->field->type == ORGDB_TYPE_TEXT) {
		ids[0] = *member_text(entity, reference->field);
		return 1;
	}
	orgdb_value array = *member_value(entity, reference->field);
	struct bytes rest = { array.data, array.size };
	uint32_t count;
	size_t filled = 0;
	if (!orgdb__record_take_array(&rest, &count))
		return 0;
	while (filled < count && filled < REFERRED_MAX && orgdb__record_take_text(&rest, &ids[filled]))
		filled++;
	return filled;
}

struct half orgdb__reference_half(const struct reference *reference, uint64_t referred, uint64_t ordinal)
{
	return (struct half){ reference->reverse, key_of_number(referred), ordinal };
}

/* Call `act` for each entity that is referred to. */
static int each_referred(orgdb_txn *txn, const struct kind *kind, const union entity *entity,
	int (*act)(orgdb_txn *txn, const struct half *half))
{
	for (size_t r = 0; r < kind->reference_count; r++) {
		const struct reference *reference = &kind->references[r];
		orgdb_str ids[REFERRED_MAX];
		size_t count = orgdb__reference_ids(reference, entity, ids);
		for (size_t i = 0; i < count; i++) {
			uint64_t ordinal = 0;
			int rc = orgdb__entity_find_text(txn, reference->kind, ids[i], &ordinal);
			struct half half = orgdb__reference_half(reference, ordinal, entity->head.ordinal);
			if (rc == 0)
				rc = act(txn, &half);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

static int do_nothing(orgdb_txn *txn, const struct half *half)
{
	(void)txn;
	(void)half;
	return 0;
}

int orgdb__references_find(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	return each_referred(txn, kind, entity, do_nothing);
}

static int disagree(orgdb_txn *txn, const struct half *half)
{
	return orgdb__txn_corrupt(txn, half->table, "a reference and the set of what it refers to disagree");
}

static int add(orgdb_txn *txn, const struct half *half)
{
	int rc = orgdb__set_insert(txn, half);
	return rc == ORGDB_EXISTS ? disagree(txn, half) : rc;
}

int orgdb__references_add(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	return each_referred(txn, kind, entity, add);
}

static int take_out(orgdb_txn *txn, const struct half *half)
{
	int rc = orgdb__set_remove(txn, half);
	return rc == ORGDB_NOT_FOUND ? disagree(txn, half) : rc;
}

int orgdb__references_remove(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	int rc = each_referred(txn, kind, entity, take_out);
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, kind->records, "a record refers to what is not there") : rc;
}

/* ---- What is referred to goes ------------------------------------------------------------------------------------- */

/* The array without one id; returns how many are left. */
static uint32_t count_without(struct bytes array, orgdb_str id)
{
	uint32_t count, left = 0;
	orgdb_str text;
	if (orgdb__record_take_array(&array, &count))
		while (orgdb__record_take_text(&array, &text))
			left += !orgdb_str_equal(text, id);
	return left;
}

static int write_without(struct buffer *buffer, struct bytes array, uint32_t left, orgdb_str id)
{
	uint32_t count;
	orgdb_str text;
	int rc = orgdb__record_put_array(buffer, left);
	if (orgdb__record_take_array(&array, &count))
		while (rc == 0 && orgdb__record_take_text(&array, &text))
			if (!orgdb_str_equal(text, id))
				rc = orgdb__record_put_text(buffer, text);
	return rc;
}

/* Let an entity's array lose an id; an empty array is none. */
static int drop_id(orgdb_txn *txn, const struct kind *kind, const struct reference *reference, uint64_t ordinal,
	orgdb_str id, struct buffer *buffer)
{
	union entity entity;
	int rc = orgdb__entity_load(txn, kind, ordinal, &entity);
	if (rc != 0)
		return rc;
	orgdb_value *member = member_value(&entity, reference->field);
	struct bytes array = { member->data, member->size };
	uint32_t left = count_without(array, id);
	buffer->size = 0;
	if (left == 0) {
		entity.head.fields &= ~reference->field->bit;
		return orgdb__entity_rewrite(txn, kind, &entity);
	}
	rc = write_without(buffer, array, left, id);
	*member = (orgdb_value){ buffer->data, buffer->size };
	return rc == 0 ? orgdb__entity_rewrite(txn, kind, &entity) : rc;
}

/* What refers to an entity that goes, in one field of one kind. */
struct referrers {
	const struct kind *kind;
	const struct reference *reference;
	uint64_t referred;
	orgdb_str id;
};

/* The set shrinks until it is empty. */
static int erase_referrers(orgdb_txn *txn, const struct referrers *referrers, struct buffer *buffer, uint64_t *gone)
{
	struct key owner = key_of_number(referrers->referred);
	uint64_t ordinals[CHUNK_COUNT_MAX];
	size_t count;
	do {
		int rc = orgdb__set_list(txn, referrers->reference->reverse, &owner, 0, ordinals, CHUNK_COUNT_MAX, &count);
		for (size_t i = 0; i < count && rc == 0; i++)
			rc = orgdb__entity_delete_at(txn, referrers->kind, ordinals[i], buffer);
		if (rc != 0)
			return rc;
		*gone += count;
	} while (count == CHUNK_COUNT_MAX);
	return 0;
}

static int leave_referrers(orgdb_txn *txn, const struct referrers *referrers, struct buffer *buffer)
{
	struct key owner = key_of_number(referrers->referred);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(txn, referrers->reference->reverse, &owner, 1, &chunk)) == 0)
		for (size_t i = 0; i < chunk.count; i++) {
			rc = drop_id(txn, referrers->kind, referrers->reference, chunk.ordinals[i], referrers->id, buffer);
			if (rc != 0)
				return rc;
		}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb__references_cascade(orgdb_txn *txn, uint32_t kind, const union entity *entity, orgdb_cascade *gone)
{
	struct buffer buffer = { 0 };
	int rc = 0;
	for (uint32_t k = 0; k < ORGDB_ENTITY_KINDS; k++) {
		const struct kind *by = orgdb__kind(k);
		for (size_t r = 0; r < by->reference_count && rc == 0; r++) {
			struct referrers referrers = { by, &by->references[r], entity->head.ordinal,
				*member_text(entity, orgdb__kind(kind)->id) };
			if (by->references[r].kind != kind)
				continue;
			rc = by->references[r].field->type == ORGDB_TYPE_ARRAY
				? leave_referrers(txn, &referrers, &buffer)
				: erase_referrers(txn, &referrers, &buffer, &gone->invitations);
		}
	}
	orgdb__buffer_free(&buffer);
	return rc;
}
