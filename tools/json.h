/*
 * JSON out, and JSON values to and from the store's MessagePack values.
 *
 * Numbers pass exactly: integers of 64 bits, signed or not, stay integers, and reals stay the same double and are
 * always recognisable as reals (1.0, never 1). Objects keep their members' order.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <msgpack.h>
#include <orgdb.h>
#include <stdio.h>

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/* Where and why a text is not JSON. */
struct json_problem {
	int column; /* in characters, from 1 */
	char message[256];
};

/* Parse `size` bytes of JSON, any value. NULL if it is none; duplicate keys and \u0000 are problems too.
 * The value lives until the next json_parse() or json_end(); nobody frees it. */
json_t *json_parse(const char *text, size_t size, struct json_problem *problem);
void json_end(void);

/* Is it a text? Use this instead of json_is_string(): integers above INT64_MAX are strings inside. */
bool json_is_text(const json_t *value);

/* Is it a whole number of 64 bits, 0 or more? */
bool json_read_number(const json_t *value, uint64_t *number);

/* Append a parsed value to `packer`'s buffer. */
void json_pack_value(msgpack_packer *packer, json_t *value);
void json_pack_text(msgpack_packer *packer, const char *text, size_t size);

/* Say in words what a value is, for messages: `the text "abc"`, `the number 12`, `an object`. Returns `words`. */
const char *json_describe(const json_t *value, char *words, size_t size);

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* Objects are written member by member, in the style {"a": 1, "b": [true, null]}. Errors stay in `file`. */
struct json_writer {
	FILE *file;
	bool pretty;       /* each member and element on a line of its own */
	bool secrets;      /* show secret fields */
	int depth;         /* of objects and arrays that were begun */
	bool first;        /* nothing was written into the innermost one yet */
	int error;         /* ORGDB_CORRUPT or ORGDB_NO_MEMORY once a value could not be written */
	msgpack_zone zone; /* memory for values being unpacked */
};

bool json_writer_begin(struct json_writer *writer, FILE *file);
void json_writer_end(struct json_writer *writer);

/* One object on one line, or an element of an array. */
void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
/* An object or an array as a member; ended by json_end_object() and json_end_array(). */
void json_begin_member(struct json_writer *writer, const char *key);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end_array(struct json_writer *writer);

/* Members. */
void json_write_key(struct json_writer *writer, const char *key, size_t size);
void json_write_text(struct json_writer *writer, const char *key, orgdb_str text);
void json_write_bool(struct json_writer *writer, const char *key, bool truth);
void json_write_number(struct json_writer *writer, const char *key, uint64_t number);
void json_write_value(struct json_writer *writer, const char *key, orgdb_value value);
/* Every member of a map becomes a member of the object. */
void json_write_members(struct json_writer *writer, orgdb_value map);
/* Every member of a map that `other` does not have with the same value; either may be absent. Their keys are in byte
 * order, as the library gives them. */
void json_write_members_unlike(struct json_writer *writer, orgdb_value map, orgdb_value other);
/* An array of texts, as the member `key`. */
void json_write_texts(struct json_writer *writer, const char *key, const orgdb_str *texts, size_t count);

#endif
