/*
 * An object that was read, as changes of one that is stored.
 *
 * SPDX-License-Identifier: MIT
 */
#include "changes.h"

#include <string.h>

static void *member(struct object_reader *reader, size_t offset)
{
	return (char *)&reader->entity + offset;
}

uint32_t changed_fields(const struct object_reader *reader)
{
	const char *entity = (const char *)&reader->entity;
	return *(const uint32_t *)(const void *)(entity + reader->schema->fields_offset);
}

/* --- Unknown fields ----------------------------------------------------------------------------------------------- */

static bool same_key(const msgpack_object_kv *a, const msgpack_object_kv *b)
{
	const msgpack_object_str *x = &a->key.via.str, *y = &b->key.via.str;
	return x->size == y->size && memcmp(x->ptr, y->ptr, x->size) == 0;
}

static bool holds_key(const msgpack_object_map *map, const msgpack_object_kv *wanted)
{
	for (uint32_t i = 0; i < map->size; i++)
		if (same_key(&map->ptr[i], wanted))
			return true;
	return false;
}

struct merge {
	msgpack_object_map stored;
	msgpack_object_map given;
	bool null_removes;
};

static bool is_removal(const struct merge *merge, const msgpack_object_kv *given)
{
	return merge->null_removes && given->val.type == MSGPACK_OBJECT_NIL;
}

/* Count the members of the result, and pack them if there is a packer. */
static size_t pack_members(const struct merge *merge, msgpack_packer *packer)
{
	size_t count = 0;
	for (int from_given = 0; from_given < 2; from_given++) {
		const msgpack_object_map *map = from_given ? &merge->given : &merge->stored;
		for (uint32_t i = 0; i < map->size; i++) {
			const msgpack_object_kv *pair = &map->ptr[i];
			if (from_given ? is_removal(merge, pair) : holds_key(&merge->given, pair))
				continue;
			count++;
			if (packer) {
				msgpack_pack_object(packer, pair->key);
				msgpack_pack_object(packer, pair->val);
			}
		}
	}
	return count;
}

/* View a map; one that is absent is empty. */
static int unpack_map(orgdb_value value, msgpack_zone *zone, msgpack_object_map *map)
{
	size_t offset = 0;
	msgpack_object object;
	*map = (msgpack_object_map){ 0, NULL };
	if (!value.data)
		return ORGDB_OK;
	msgpack_unpack_return result = msgpack_unpack(value.data, value.size, &offset, zone, &object);
	if (result == MSGPACK_UNPACK_NOMEM_ERROR)
		return ORGDB_NO_MEMORY;
	if (result != MSGPACK_UNPACK_SUCCESS || object.type != MSGPACK_OBJECT_MAP)
		return ORGDB_CORRUPT;
	*map = object.via.map;
	for (uint32_t i = 0; i < map->size; i++)
		if (map->ptr[i].key.type != MSGPACK_OBJECT_STR)
			return ORGDB_CORRUPT;
	return ORGDB_OK;
}

/* What was unpacked lies in the reader's buffer, which moves when it grows; so the result is packed elsewhere first. */
static void replace_extra(struct object_reader *reader, const struct merge *merge)
{
	msgpack_sbuffer merged;
	msgpack_packer packer;
	size_t count = pack_members(merge, NULL);
	size_t start = reader->buffer.size;
	if (count == 0) { /* nothing is the same as an empty map */
		*(orgdb_value *)member(reader, reader->schema->extra_offset) = (orgdb_value){ NULL, 0 };
		return;
	}
	msgpack_sbuffer_init(&merged);
	msgpack_packer_init(&packer, &merged, msgpack_sbuffer_write);
	msgpack_pack_map(&packer, count);
	pack_members(merge, &packer);
	msgpack_sbuffer_write(&reader->buffer, merged.data, merged.size);
	object_replace_extra(reader, start);
	msgpack_sbuffer_destroy(&merged);
}

static int merge_unknown(struct object_reader *reader, orgdb_value stored, orgdb_value given, bool null_removes)
{
	struct merge merge = { .null_removes = null_removes };
	msgpack_zone zone;
	if (!msgpack_zone_init(&zone, MSGPACK_ZONE_CHUNK_SIZE))
		return ORGDB_NO_MEMORY;
	int code = unpack_map(stored, &zone, &merge.stored);
	if (code == ORGDB_OK)
		code = unpack_map(given, &zone, &merge.given);
	if (code == ORGDB_OK)
		replace_extra(reader, &merge);
	msgpack_zone_destroy(&zone);
	return code;
}

/* --- Known fields ------------------------------------------------------------------------------------------------- */

/* Null for a field that is stored: texts and values are removed, the others have their defaults again. */
static void apply_null(struct object_reader *reader, const orgdb_field *field)
{
	*(uint32_t *)member(reader, reader->schema->fields_offset) |= field->bit;
	if (field->type == ORGDB_TYPE_BOOL)
		*(bool *)member(reader, field->offset) = field->default_value != 0;
	else if (field->type == ORGDB_TYPE_CHOICE)
		*(uint32_t *)member(reader, field->offset) = field->default_value;
	else if (field->type == ORGDB_TYPE_NUMBER)
		*(uint64_t *)member(reader, field->offset) = field->default_value;
}

static bool same_value(const msgpack_object *a, const msgpack_object *b);

/* The keys of what is stored are in order; those of what is given may be in another. */
static bool same_map(const msgpack_object_map *a, const msgpack_object_map *b)
{
	for (uint32_t i = 0; i < a->size; i++) {
		uint32_t at = 0;
		while (at < b->size && !msgpack_object_equal(a->ptr[i].key, b->ptr[at].key))
			at++;
		if (at == b->size || !same_value(&a->ptr[i].val, &b->ptr[at].val))
			return false;
	}
	return a->size == b->size;
}

static bool same_value(const msgpack_object *a, const msgpack_object *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == MSGPACK_OBJECT_MAP)
		return same_map(&a->via.map, &b->via.map);
	if (a->type != MSGPACK_OBJECT_ARRAY)
		return msgpack_object_equal(*a, *b);
	bool same = a->via.array.size == b->via.array.size;
	for (uint32_t i = 0; same && i < a->via.array.size; i++)
		same = same_value(&a->via.array.ptr[i], &b->via.array.ptr[i]);
	return same;
}

static bool same_packed(const orgdb_value *a, const orgdb_value *b)
{
	msgpack_unpacked x, y;
	if (!a->data || !b->data)
		return !a->data && !b->data;
	msgpack_unpacked_init(&x);
	msgpack_unpacked_init(&y);
	bool same = msgpack_unpack_next(&x, a->data, a->size, NULL) == MSGPACK_UNPACK_SUCCESS &&
		msgpack_unpack_next(&y, b->data, b->size, NULL) == MSGPACK_UNPACK_SUCCESS && same_value(&x.data, &y.data);
	msgpack_unpacked_destroy(&x);
	msgpack_unpacked_destroy(&y);
	return same;
}

/* Is what is given for a field what is stored? */
static bool is_stored(struct object_reader *reader, const orgdb_field *field, const void *stored)
{
	const void *a = member(reader, field->offset), *b = (const char *)stored + field->offset;
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		return orgdb_str_equal(*(const orgdb_str *)a, *(const orgdb_str *)b);
	case ORGDB_TYPE_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case ORGDB_TYPE_CHOICE:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	case ORGDB_TYPE_NUMBER:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	default:
		return same_packed(a, b);
	}
}

/* What never changes may be given as it is stored. */
static bool needs_no_change(struct object_reader *reader, const orgdb_field *field, const void *stored)
{
	uint32_t fields = *(const uint32_t *)(const void *)((const char *)stored + reader->schema->fields_offset);
	if (!(field->flags & ORGDB_FIELD_IMMUTABLE))
		return false;
	return reader->nulls & field->bit ? !(fields & field->bit) : is_stored(reader, field, stored);
}

int changes_of(struct object_reader *reader, const void *stored, bool null_removes)
{
	const orgdb_schema *schema = reader->schema;
	uint32_t *fields = member(reader, schema->fields_offset);
	orgdb_value given = *(orgdb_value *)member(reader, schema->extra_offset);
	const void *kept = (const char *)stored + schema->extra_offset;
	for (size_t i = 0; i < schema->field_count; i++) {
		const orgdb_field *field = &schema->fields[i];
		if (needs_no_change(reader, field, stored))
			*fields &= ~field->bit;
		else if ((reader->nulls & field->bit) && !(field->flags & ORGDB_FIELD_ID))
			apply_null(reader, field);
	}
	if (given.data)
		return merge_unknown(reader, *(const orgdb_value *)kept, given, null_removes);
	*fields &= ~ORGDB_EXTRA;
	return ORGDB_OK;
}
