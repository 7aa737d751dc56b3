/*
 * Records: MessagePack written into a buffer, and read with a bounded cursor. The only room that knows <msgpack.h>.
 *
 * msgpack-c writes. Reading is our own: bytes from disk and from callers are input, and msgpack-c's unpacker allocates
 * whatever a count asks for. Here every count is bounded by the bytes that are left, every depth by
 * ORGDB_VALUE_DEPTH_MAX, and text must be UTF-8.
 *
 * A value is in canonical form when every map's keys are text in byte order, each once, and every number and length has
 * its shortest form: equal data, equal bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_RECORD_H
#define ORGDB_RECORD_H

#include "memory.h"

/* ---- Reading ---- */

enum record_type {
	RECORD_NIL,
	RECORD_BOOL,
	RECORD_UNSIGNED, /* Every integer >= 0, however it is written. */
	RECORD_NEGATIVE,
	RECORD_REAL,
	RECORD_TEXT,
	RECORD_ARRAY,
	RECORD_MAP,
};

struct record_item {
	enum record_type type;
	union {
		bool boolean;
		uint64_t number;
		int64_t negative;
		double real;
		orgdb_str text;
		uint32_t count; /* Of an array's items or a map's pairs, which follow. */
	} as;
};

/* Take one item off the front of `rest`; a container's contents stay. False if the bytes are not a valid item. */
bool orgdb__record_take(struct bytes *rest, struct record_item *item);
/* Take one whole value, contents and all. */
bool orgdb__record_skip(struct bytes *rest, struct bytes *value);

bool orgdb__record_take_map(struct bytes *rest, uint32_t *count);
bool orgdb__record_take_array(struct bytes *rest, uint32_t *count);
bool orgdb__record_take_number(struct bytes *rest, uint64_t *number);
bool orgdb__record_take_text(struct bytes *rest, orgdb_str *text);

/* Find `key` in a map; false if it is not there or the bytes are no map. */
bool orgdb__record_find(struct bytes map, orgdb_str key, struct bytes *value);

/* ---- Writing ---- */

/* Each returns 0 or ORGDB_NO_MEMORY. */
int orgdb__record_put_map(struct buffer *buffer, uint32_t count);
int orgdb__record_put_array(struct buffer *buffer, uint32_t count);
int orgdb__record_put_number(struct buffer *buffer, uint64_t number);
int orgdb__record_put_bool(struct buffer *buffer, bool boolean);
int orgdb__record_put_text(struct buffer *buffer, orgdb_str text);
int orgdb__record_put_nil(struct buffer *buffer);

/*
 * Write `value`, any well-formed MessagePack from a caller, in canonical form. ORGDB_INVALID, naming `field`, if it is not
 * one whole value of maps with text keys, arrays, text, numbers, booleans and nulls, or is too deep.
 */
int orgdb__record_put_canonical(struct buffer *buffer, struct bytes value, const char *field);

/* Write one map laid over another, key by key; both are in canonical form, `under` may be empty bytes. */
int orgdb__record_put_overlaid(struct buffer *buffer, struct bytes under, struct bytes over);

#endif
