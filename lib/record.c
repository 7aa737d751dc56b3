/*
 * Records: MessagePack written into a buffer, and read with a bounded cursor. The only room that knows <msgpack.h>.
 *
 * SPDX-License-Identifier: MIT
 */
#include "record.h"

#include <math.h>
#include <msgpack.h>
#include <stdlib.h>

#include "error.h"
#include "utf8.h"

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static bool take_big_endian(struct bytes *rest, size_t size, uint64_t *number)
{
	if (rest->size < size)
		return false;
	*number = 0;
	for (size_t i = 0; i < size; i++)
		*number = *number << 8 | rest->data[i];
	rest->data += size;
	rest->size -= size;
	return true;
}

static bool take_text_of(struct bytes *rest, uint64_t size, struct record_item *item)
{
	if (rest->size < size)
		return false;
	item->type = RECORD_TEXT;
	item->as.text = (orgdb_str){ (const char *)rest->data, (size_t)size };
	rest->data += size;
	rest->size -= (size_t)size;
	return true;
}

/* Every item takes at least one byte, so a count beyond the bytes that are left is a lie. */
static bool take_container(struct bytes *rest, uint64_t count, enum record_type type, struct record_item *item)
{
	if (count > rest->size / (type == RECORD_MAP ? 2 : 1))
		return false;
	item->type = type;
	item->as.count = (uint32_t)count;
	return true;
}

static bool set_unsigned(struct record_item *item, uint64_t number)
{
	item->type = RECORD_UNSIGNED;
	item->as.number = number;
	return true;
}

static bool set_signed(struct record_item *item, int64_t number)
{
	if (number >= 0)
		return set_unsigned(item, (uint64_t)number);
	item->type = RECORD_NEGATIVE;
	item->as.negative = number;
	return true;
}

/* JSON has no way to say infinity or not-a-number, so neither may get in. */
static bool set_real(struct record_item *item, double real)
{
	item->type = RECORD_REAL;
	item->as.real = real;
	return isfinite(real);
}

static bool set_float32(struct record_item *item, uint64_t bits)
{
	uint32_t narrow = (uint32_t)bits;
	float real;
	memcpy(&real, &narrow, sizeof(real));
	return set_real(item, (double)real);
}

static bool set_float64(struct record_item *item, uint64_t bits)
{
	double real;
	memcpy(&real, &bits, sizeof(real));
	return set_real(item, real);
}

/* The forms from 0xc0 to 0xdf; binary and extension types are not part of orgdb's data. */
static bool take_marked(struct bytes *rest, uint8_t marker, struct record_item *item)
{
	static const uint8_t widths[0x20] = {
		[0x0a] = 4,
		[0x0b] = 8,
		[0x0c] = 1,
		[0x0d] = 2,
		[0x0e] = 4,
		[0x0f] = 8,
		[0x10] = 1,
		[0x11] = 2,
		[0x12] = 4,
		[0x13] = 8,
		[0x19] = 1,
		[0x1a] = 2,
		[0x1b] = 4,
		[0x1c] = 2,
		[0x1d] = 4,
		[0x1e] = 2,
		[0x1f] = 4,
	};
	uint64_t n;
	if (!take_big_endian(rest, widths[marker - 0xc0], &n))
		return false;
	switch (marker) {
	case 0xc0:
		item->type = RECORD_NIL;
		return true;
	case 0xc2:
	case 0xc3:
		item->type = RECORD_BOOL;
		item->as.boolean = marker == 0xc3;
		return true;
	case 0xca:
		return set_float32(item, n);
	case 0xcb:
		return set_float64(item, n);
	case 0xcc:
	case 0xcd:
	case 0xce:
	case 0xcf:
		return set_unsigned(item, n);
	case 0xd0:
		return set_signed(item, (int8_t)n);
	case 0xd1:
		return set_signed(item, (int16_t)n);
	case 0xd2:
		return set_signed(item, (int32_t)n);
	case 0xd3:
		return set_signed(item, (int64_t)n);
	case 0xd9:
	case 0xda:
	case 0xdb:
		return take_text_of(rest, n, item);
	case 0xdc:
	case 0xdd:
		return take_container(rest, n, RECORD_ARRAY, item);
	case 0xde:
	case 0xdf:
		return take_container(rest, n, RECORD_MAP, item);
	default:
		return false;
	}
}

bool orgdb__record_take(struct bytes *rest, struct record_item *item)
{
	if (rest->size == 0)
		return false;
	uint8_t marker = rest->data[0];
	rest->data++;
	rest->size--;
	if (marker <= 0x7f)
		return set_unsigned(item, marker);
	if (marker <= 0x8f)
		return take_container(rest, marker & 0x0f, RECORD_MAP, item);
	if (marker <= 0x9f)
		return take_container(rest, marker & 0x0f, RECORD_ARRAY, item);
	if (marker <= 0xbf)
		return take_text_of(rest, marker & 0x1f, item);
	if (marker >= 0xe0)
		return set_signed(item, (int8_t)marker);
	return take_marked(rest, marker, item);
}

bool orgdb__record_skip(struct bytes *rest, struct bytes *value)
{
	const uint8_t *begin = rest->data;
	/* Counts are bounded by the bytes left, so this sum cannot overflow. */
	for (uint64_t pending = 1; pending > 0; pending--) {
		struct record_item item;
		if (!orgdb__record_take(rest, &item))
			return false;
		if (item.type == RECORD_ARRAY)
			pending += item.as.count;
		else if (item.type == RECORD_MAP)
			pending += 2 * (uint64_t)item.as.count;
	}
	*value = (struct bytes){ begin, (size_t)(rest->data - begin) };
	return true;
}

bool orgdb__record_take_map(struct bytes *rest, uint32_t *count)
{
	struct record_item item;
	if (!orgdb__record_take(rest, &item) || item.type != RECORD_MAP)
		return false;
	*count = item.as.count;
	return true;
}

bool orgdb__record_take_array(struct bytes *rest, uint32_t *count)
{
	struct record_item item;
	if (!orgdb__record_take(rest, &item) || item.type != RECORD_ARRAY)
		return false;
	*count = item.as.count;
	return true;
}

bool orgdb__record_take_number(struct bytes *rest, uint64_t *number)
{
	struct record_item item;
	if (!orgdb__record_take(rest, &item) || item.type != RECORD_UNSIGNED)
		return false;
	*number = item.as.number;
	return true;
}

bool orgdb__record_take_text(struct bytes *rest, orgdb_str *text)
{
	struct record_item item;
	if (!orgdb__record_take(rest, &item) || item.type != RECORD_TEXT)
		return false;
	*text = item.as.text;
	return true;
}

bool orgdb__record_find(struct bytes map, orgdb_str key, struct bytes *value)
{
	uint32_t count;
	if (!orgdb__record_take_map(&map, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		orgdb_str name;
		if (!orgdb__record_take_text(&map, &name) || !orgdb__record_skip(&map, value))
			return false;
		if (orgdb_str_equal(name, key))
			return true;
	}
	return false;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static int write_to_buffer(void *buffer, const char *data, size_t size)
{
	return orgdb__buffer_append(buffer, data, size);
}

static msgpack_packer packer_for(struct buffer *buffer)
{
	msgpack_packer packer;
	msgpack_packer_init(&packer, buffer, write_to_buffer);
	return packer;
}

int orgdb__record_put_map(struct buffer *buffer, uint32_t count)
{
	msgpack_packer packer = packer_for(buffer);
	return msgpack_pack_map(&packer, count);
}

int orgdb__record_put_array(struct buffer *buffer, uint32_t count)
{
	msgpack_packer packer = packer_for(buffer);
	return msgpack_pack_array(&packer, count);
}

int orgdb__record_put_number(struct buffer *buffer, uint64_t number)
{
	msgpack_packer packer = packer_for(buffer);
	return msgpack_pack_uint64(&packer, number);
}

int orgdb__record_put_bool(struct buffer *buffer, bool boolean)
{
	msgpack_packer packer = packer_for(buffer);
	return boolean ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer);
}

int orgdb__record_put_text(struct buffer *buffer, orgdb_str text)
{
	msgpack_packer packer = packer_for(buffer);
	int rc = msgpack_pack_str(&packer, text.size);
	return rc != 0 ? rc : msgpack_pack_str_body(&packer, text.data, text.size);
}

int orgdb__record_put_nil(struct buffer *buffer)
{
	msgpack_packer packer = packer_for(buffer);
	return msgpack_pack_nil(&packer);
}

static int put_negative(struct buffer *buffer, int64_t number)
{
	msgpack_packer packer = packer_for(buffer);
	return msgpack_pack_int64(&packer, number);
}

static int put_real(struct buffer *buffer, double real)
{
	msgpack_packer packer = packer_for(buffer);
	return msgpack_pack_double(&packer, real);
}

/* ---- Canonical form ---------------------------------------------------------------------------------------------- */

struct map_entry {
	orgdb_str key;
	struct bytes value;
};

static int compare_entries(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;
	size_t shorter = x->key.size < y->key.size ? x->key.size : y->key.size;
	int order = shorter > 0 ? memcmp(x->key.data, y->key.data, shorter) : 0;
	return order != 0 ? order : (x->key.size > y->key.size) - (x->key.size < y->key.size);
}

static int put_value(struct buffer *buffer, struct bytes *rest, const char *field, int depth);

static int malformed(const char *field)
{
	return orgdb__fail(ORGDB_INVALID, field,
		"%s must be one well-formed MessagePack value of maps with text keys, arrays, UTF-8 text without NUL, finite numbers, "
		"booleans and nulls",
		field);
}

static int put_entries(struct buffer *buffer, struct map_entry *entries, uint32_t count, const char *field, int depth)
{
	qsort(entries, count, sizeof(*entries), compare_entries);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && compare_entries(&entries[i - 1], &entries[i]) == 0)
			return orgdb__fail(
				ORGDB_INVALID, field, "%s has the key \"%.*s\" more than once", field, EXCERPT(entries[i].key));
		int rc = orgdb__record_put_text(buffer, entries[i].key);
		if (rc == 0)
			rc = put_value(buffer, &entries[i].value, field, depth);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int put_map(struct buffer *buffer, struct bytes *rest, uint32_t count, const char *field, int depth)
{
	int rc = orgdb__record_put_map(buffer, count);
	if (rc != 0 || count == 0)
		return rc;
	struct map_entry *entries = orgdb__allocate(count * sizeof(*entries));
	if (!entries)
		return orgdb__fail(ORGDB_NO_MEMORY, field, "no memory for a map of %u entries", count);
	for (uint32_t i = 0; i < count && rc == 0; i++)
		if (!orgdb__record_take_text(rest, &entries[i].key) || !utf8_is_valid(entries[i].key) ||
			!orgdb__record_skip(rest, &entries[i].value))
			rc = malformed(field);
	if (rc == 0)
		rc = put_entries(buffer, entries, count, field, depth);
	orgdb__release(entries);
	return rc;
}

static int put_items(struct buffer *buffer, struct bytes *rest, uint32_t count, const char *field, int depth)
{
	int rc = orgdb__record_put_array(buffer, count);
	for (uint32_t i = 0; i < count && rc == 0; i++)
		rc = put_value(buffer, rest, field, depth);
	return rc;
}

/* `depth` is how many levels of containers may still follow. */
static int put_value(struct buffer *buffer, struct bytes *rest, const char *field, int depth)
{
	struct record_item item;
	if (!orgdb__record_take(rest, &item))
		return malformed(field);
	if ((item.type == RECORD_MAP || item.type == RECORD_ARRAY) && depth == 0)
		return orgdb__fail(
			ORGDB_INVALID, field, "%s must not be nested deeper than %d levels", field, ORGDB_VALUE_DEPTH_MAX);
	switch (item.type) {
	case RECORD_NIL:
		return orgdb__record_put_nil(buffer);
	case RECORD_BOOL:
		return orgdb__record_put_bool(buffer, item.as.boolean);
	case RECORD_UNSIGNED:
		return orgdb__record_put_number(buffer, item.as.number);
	case RECORD_NEGATIVE:
		return put_negative(buffer, item.as.negative);
	case RECORD_REAL:
		return put_real(buffer, item.as.real);
	case RECORD_TEXT:
		return utf8_is_valid(item.as.text) ? orgdb__record_put_text(buffer, item.as.text) : malformed(field);
	case RECORD_ARRAY:
		return put_items(buffer, rest, item.as.count, field, depth - 1);
	case RECORD_MAP:
		return put_map(buffer, rest, item.as.count, field, depth - 1);
	}
	return malformed(field);
}

int orgdb__record_put_canonical(struct buffer *buffer, struct bytes value, const char *field)
{
	if (value.size > ORGDB_RECORD_SIZE_MAX)
		return orgdb__fail(ORGDB_TOO_LARGE, field, "%s must not be larger than %d bytes", field, ORGDB_RECORD_SIZE_MAX);
	struct bytes rest = value;
	int rc = put_value(buffer, &rest, field, ORGDB_VALUE_DEPTH_MAX);
	return rc == 0 && rest.size > 0 ? malformed(field) : rc;
}

/* ---- One map over another ---------------------------------------------------------------------------------------- */

/* The entries of a map in canonical form, one after the other. */
struct walk {
	struct bytes rest;
	uint32_t left;
	bool there; /* `entry` is one of them. */
	struct map_entry entry;
};

static void step(struct walk *walk)
{
	walk->there = walk->left > 0 && orgdb__record_take_text(&walk->rest, &walk->entry.key) &&
		orgdb__record_skip(&walk->rest, &walk->entry.value);
	walk->left -= walk->there;
}

static struct walk walk_map(struct bytes map)
{
	struct walk walk = { .rest = map };
	if (!orgdb__record_take_map(&walk.rest, &walk.left))
		walk.left = 0;
	step(&walk);
	return walk;
}

static int put_entry(struct buffer *buffer, const struct map_entry *entry)
{
	int rc = orgdb__record_put_text(buffer, entry->key);
	return rc == 0 ? orgdb__buffer_append(buffer, entry->value.data, entry->value.size) : rc;
}

/* Count the entries of both, and write them if there is a buffer. Both are sorted. */
static int unite(struct buffer *buffer, struct walk under, struct walk over, uint32_t *count)
{
	for (*count = 0; under.there || over.there; (*count)++) {
		int order = !under.there ? 1 : !over.there ? -1 : compare_entries(&under.entry, &over.entry);
		int rc = buffer ? put_entry(buffer, order < 0 ? &under.entry : &over.entry) : 0;
		if (rc != 0)
			return rc;
		if (order <= 0)
			step(&under);
		if (order >= 0)
			step(&over);
	}
	return 0;
}

int orgdb__record_put_overlaid(struct buffer *buffer, struct bytes under, struct bytes over)
{
	uint32_t count;
	struct walk below = walk_map(under), above = walk_map(over);
	int rc = unite(NULL, below, above, &count);
	if (rc == 0)
		rc = orgdb__record_put_map(buffer, count);
	return rc == 0 ? unite(buffer, below, above, &count) : rc;
}
