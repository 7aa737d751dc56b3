/*
 * JSON out of MessagePack values, for callers that speak it: any well-formed value gives valid JSON, or an error.
 *
 * It knows nothing of what values mean. Numbers stay what they are: integers have no point, reals always have one or an
 * exponent, and read back as the same double.
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "record.h"
#include "utf8.h"

/* Somewhat more than what a record may hold, because orgdb's own answers put such values into maps. */
enum { DEPTH_MAX = 2 * ORGDB_VALUE_DEPTH_MAX };

struct json {
	struct buffer out;
	bool pretty;
	unsigned depth;
};

static int put_bytes(struct json *json, const char *data, size_t size)
{
	return orgdb__buffer_append(&json->out, data, size);
}

static int put(struct json *json, const char *text)
{
	return put_bytes(json, text, strlen(text));
}

static int malformed(void)
{
	return orgdb__fail(ORGDB_INVALID, "value",
		"value must be one well-formed MessagePack value of maps with text keys, arrays, UTF-8 text, finite numbers, booleans "
		"and nulls, not nested deeper than %d levels",
		DEPTH_MAX);
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

/* What stands for a byte inside quotes, or NULL where it stands for itself. */
static const char *escape_of(char c, char code[7])
{
	static const char letters[] = "\b\t\n\f\r\"\\", escapes[] = "btnfr\"\\";
	const char *letter = c ? strchr(letters, c) : NULL;
	if (letter)
		snprintf(code, 7, "\\%c", escapes[letter - letters]);
	else if ((unsigned char)c < 0x20)
		snprintf(code, 7, "\\u%04x", (unsigned)c);
	else
		return NULL;
	return code;
}

static int put_text(struct json *json, orgdb_str text)
{
	char code[7];
	size_t done = 0;
	int rc = put(json, "\"");
	for (size_t i = 0, length; i < text.size && rc == 0; i += length) {
		length = utf8_sequence(text.data + i, text.size - i);
		if (length == 0)
			return malformed();
		const char *escape = escape_of(text.data[i], code);
		if (!escape)
			continue;
		rc = put_bytes(json, text.data + done, i - done);
		if (rc == 0)
			rc = put(json, escape);
		done = i + 1;
	}
	if (rc == 0)
		rc = put_bytes(json, text.data + done, text.size - done);
	return rc == 0 ? put(json, "\"") : rc;
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* The fewest digits that read back to the same double, without their point, which some locales write as a comma. Returns
 * the exponent. */
static int shortest_digits(double real, char digits[20])
{
	char text[40], *to = digits;
	int precision = 0;
	while (snprintf(text, sizeof(text), "%.*e", precision, real), strtod(text, NULL) != real && precision < 16)
		precision++;
	const char *exponent = strchr(text, 'e');
	for (const char *from = text; from < exponent; from++)
		if (*from >= '0' && *from <= '9')
			*to++ = *from;
	*to = '\0';
	return atoi(exponent + 1);
}

static int put_real(struct json *json, double real)
{
	char digits[20], text[64];
	int exponent = shortest_digits(real, digits), count = (int)strlen(digits), size = 0;
	const char *sign = signbit(real) ? "-" : "";
	if (exponent < -4 || exponent >= 16)
		size = snprintf(text, sizeof(text), "%s%c.%se%d", sign, digits[0], count > 1 ? digits + 1 : "0", exponent);
	else if (exponent < 0)
		size = snprintf(text, sizeof(text), "%s0.%.*s%s", sign, -exponent - 1, "000", digits);
	else if (count <= exponent + 1)
		size = snprintf(text, sizeof(text), "%s%s%.*s.0", sign, digits, exponent + 1 - count, "0000000000000000");
	else
		size = snprintf(text, sizeof(text), "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
	return put_bytes(json, text, (size_t)size);
}

static int put_integer(struct json *json, const char *sign, uint64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%s%llu", sign, (unsigned long long)number);
	return put(json, text);
}

/* ---- Maps and arrays --------------------------------------------------------------------------------------------- */

static int put_value(struct json *json, struct bytes *rest);

static int new_line(struct json *json)
{
	int rc = json->pretty ? put(json, "\n") : 0;
	for (unsigned i = 0; json->pretty && i < json->depth && rc == 0; i++)
		rc = put(json, "  ");
	return rc;
}

/* An element of an array, or a member of a map, after its comma. */
static int put_item(struct json *json, struct bytes *rest, bool member, bool first)
{
	orgdb_str key;
	int rc = first ? 0 : put(json, json->pretty ? "," : ", ");
	if (rc == 0)
		rc = new_line(json);
	if (rc != 0 || !member)
		return rc == 0 ? put_value(json, rest) : rc;
	if (!orgdb__record_take_text(rest, &key))
		return malformed();
	rc = put_text(json, key);
	if (rc == 0)
		rc = put(json, ": ");
	return rc == 0 ? put_value(json, rest) : rc;
}

static int put_items(struct json *json, struct bytes *rest, uint32_t count, bool members)
{
	if (json->depth == DEPTH_MAX)
		return malformed();
	json->depth++;
	int rc = put(json, members ? "{" : "[");
	for (uint32_t i = 0; i < count && rc == 0; i++)
		rc = put_item(json, rest, members, i == 0);
	json->depth--;
	if (rc == 0 && count > 0)
		rc = new_line(json);
	return rc == 0 ? put(json, members ? "}" : "]") : rc;
}

static int put_value(struct json *json, struct bytes *rest)
{
	struct record_item item;
	if (!orgdb__record_take(rest, &item))
		return malformed();
	switch (item.type) {
	case RECORD_NIL:
		return put(json, "null");
	case RECORD_BOOL:
		return put(json, item.as.boolean ? "true" : "false");
	case RECORD_UNSIGNED:
		return put_integer(json, "", item.as.number);
	case RECORD_NEGATIVE:
		return put_integer(json, "-", 0 - (uint64_t)item.as.negative);
	case RECORD_REAL:
		return put_real(json, item.as.real);
	case RECORD_TEXT:
		return put_text(json, item.as.text);
	case RECORD_ARRAY:
		return put_items(json, rest, item.as.count, false);
	case RECORD_MAP:
		return put_items(json, rest, item.as.count, true);
	}
	return malformed();
}

int orgdb_value_json(orgdb_value value, bool pretty, char *buffer, size_t capacity, orgdb_str *out)
{
	struct json json = { .pretty = pretty };
	struct bytes rest = { value.data, value.data ? value.size : 0 };
	int rc = put_value(&json, &rest);
	if (rc == 0 && rest.size > 0)
		rc = malformed();
	*out = (orgdb_str){ NULL, json.out.size };
	if (rc == 0 && json.out.size > capacity) {
		rc = orgdb__fail(
			ORGDB_TRUNCATED, "", "the JSON needs %zu bytes and the buffer has %zu", json.out.size, capacity);
	} else if (rc == 0) {
		memcpy(buffer, json.out.data, json.out.size);
		out->data = buffer;
	}
	orgdb__buffer_free(&json.out);
	return rc;
}
