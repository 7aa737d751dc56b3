/*
 * The decoder of records: the first byte chooses a kind, the rest is a record of it, and any value of a caller's.
 *
 * Promises: what is decoded and valid is encoded again, and that in a form that never changes any more and means the same;
 * what passes as a value is one for msgpack-c too, and can be said in JSON; what is said in JSON is JSON.
 *
 * SPDX-License-Identifier: MIT
 */
#include <jansson.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fuzz.h"
#include "schema.h"

const bool fuzz_is_noisy = false;

union object {
	union entity entity;
	union edge_object edge;
	struct head head;
};

static struct buffer once, twice;

static struct bytes bytes_of(const struct buffer *buffer)
{
	return (struct bytes){ buffer->data, buffer->size };
}

static bool same_bytes(const struct buffer *a, const struct buffer *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static bool encode(const orgdb_schema *schema, const union object *object, struct buffer *buffer)
{
	buffer->size = 0;
	return orgdb__schema_encode(schema, object, object->head.fields, buffer) == 0;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static bool msgpack_agrees(struct bytes value)
{
	msgpack_unpacked unpacked;
	size_t end = 0;
	msgpack_unpacked_init(&unpacked);
	msgpack_unpack_return got = msgpack_unpack_next(&unpacked, (const char *)value.data, value.size, &end);
	msgpack_unpacked_destroy(&unpacked);
	return got == MSGPACK_UNPACK_SUCCESS && end == value.size;
}

/* But for what jansson cannot hold: integers of 64 bits without a sign, and U+0000 in keys. */
static bool jansson_agrees(orgdb_str text)
{
	json_error_t error;
	json_t *json = json_loadb(text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	enum json_error_code code = json ? json_error_unknown : json_error_code(&error);
	json_decref(json);
	return json || code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static bool judge_json(struct bytes value, bool pretty)
{
	orgdb_value given = { value.data, value.size };
	orgdb_str text = { NULL, 0 };
	int rc = orgdb_value_json(given, pretty, NULL, 0, &text);
	if (rc != ORGDB_TRUNCATED)
		return false;
	char *buffer = malloc(text.size);
	PROMISE(
		"JSON has the size that was told", buffer && orgdb_value_json(given, pretty, buffer, text.size, &text) == 0);
	PROMISE("what is said in JSON is JSON", jansson_agrees(text));
	free(buffer);
	return true;
}

static void judge_value(struct bytes value)
{
	orgdb_value found;
	orgdb_str text;
	once.size = twice.size = 0;
	judge_json(value, true);
	if (orgdb_value_find((orgdb_value){ value.data, value.size }, "name", &found) == 0)
		orgdb_value_text(found, &text);
	if (orgdb__record_put_canonical(&once, value, "value") != 0)
		return;
	PROMISE("canonical form is stable", orgdb__record_put_canonical(&twice, bytes_of(&once), "value") == 0);
	PROMISE("canonical form has one form", same_bytes(&once, &twice));
	PROMISE("msgpack-c reads what is accepted", msgpack_agrees(value));
	PROMISE("msgpack-c reads what is written", msgpack_agrees(bytes_of(&once)));
	PROMISE("what is accepted can be said in JSON", judge_json(bytes_of(&once), false));
}

/* ---- Records ----------------------------------------------------------------------------------------------------- */

static void judge_again(const orgdb_schema *schema, uint32_t fields)
{
	union object object;
	if (fuzz_planted() && once.size > 1)
		once.size--;
	PROMISE("what is written decodes", orgdb__schema_decode(schema, bytes_of(&once), &object));
	PROMISE("no field is lost or found", object.head.fields == fields);
	PROMISE("what is written is valid", orgdb__schema_validate(schema, &object) == 0);
	PROMISE("what is written encodes", encode(schema, &object, &twice));
	PROMISE("records have one form", same_bytes(&once, &twice));
}

static void judge_record(const orgdb_schema *schema, struct bytes record)
{
	union object object;
	memset(&object, 0, sizeof(object));
	if (!orgdb__schema_decode(schema, record, &object))
		return;
	if (orgdb__schema_validate(schema, &object) != 0) {
		PROMISE("what is invalid is named", orgdb_last_error()->field[0] != '\0');
		return;
	}
	if (encode(schema, &object, &once))
		judge_again(schema, object.head.fields);
	else
		PROMISE("what cannot be written is the caller's fault",
			orgdb_last_error()->code == ORGDB_INVALID || orgdb_last_error()->code == ORGDB_TOO_LARGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct bytes record = { data + 1, size - 1 };
	judge_value(record);
	judge_record(&orgdb__kind(data[0] % ORGDB_KINDS)->schema, record);
	return 0;
}
