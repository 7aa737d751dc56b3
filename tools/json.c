/*
 * JSON out, and JSON values to and from the store's MessagePack values.
 *
 * SPDX-License-Identifier: MIT
 */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* --- jansson's memory --------------------------------------------------------------------------------------------- */

/*
 * A line of brackets takes a hundred times its size as a tree, so the memory for one line is bounded. It comes from a
 * few blocks that are given back as a whole when the next line is parsed: no value is ever freed by itself.
 */
#define ARENA_MAX ((size_t)256 << 20)
#define ARENA_BLOCK ((size_t)64 << 10)

struct block {
	struct block *next;
	size_t size;
	size_t used;
	max_align_t memory[];
};

static struct {
	struct block *blocks; /* the newest first, each larger than the next */
	size_t size;          /* of all of them */
	bool exhausted;       /* jansson does not always say so */
} arena;

static struct block *add_block(size_t size_min)
{
	size_t size = arena.blocks ? arena.blocks->size * 2 : ARENA_BLOCK;
	if (size < size_min)
		size = size_min;
	if (size > ARENA_MAX - arena.size)
		size = ARENA_MAX - arena.size;
	struct block *block = size < size_min ? NULL : malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	*block = (struct block){ .next = arena.blocks, .size = size };
	arena.blocks = block;
	arena.size += size;
	return block;
}

static void *arena_allocate(size_t size)
{
	size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	struct block *block = arena.blocks;
	if (!block || block->size - block->used < rounded)
		block = add_block(rounded);
	if (!block) {
		arena.exhausted = true;
		return NULL;
	}
	void *memory = (char *)block->memory + block->used;
	block->used += rounded;
	return memory;
}

static void arena_free(void *memory)
{
	(void)memory;
}

/* Keeps the oldest block, which is large enough for nearly every line. */
static void arena_empty(void)
{
	while (arena.blocks && arena.blocks->next) {
		struct block *block = arena.blocks;
		arena.blocks = block->next;
		arena.size -= block->size;
		free(block);
	}
	if (arena.blocks)
		arena.blocks->used = 0;
	arena.exhausted = false;
}

void json_end(void)
{
	arena_empty();
	free(arena.blocks);
	arena.blocks = NULL;
	arena.size = 0;
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/*
 * jansson's integers are int64_t. Integers above, up to UINT64_MAX, are handed to it as texts that begin with NUL;
 * it refuses NUL in the texts of the input, so the two cannot be confused.
 */
#define UNSIGNED_MARK "\"\\u0000"
#define UNSIGNED_MARK_SIZE (sizeof(UNSIGNED_MARK) - 1)
#define UNSIGNED_MARKED_MORE (UNSIGNED_MARK_SIZE + 1) /* and the closing quote */
#define UNSIGNED_DIGITS_MIN 19

/* The size of the integer at `text` if it is above INT64_MAX and fits in 64 bits, else 0. */
static size_t unsigned_size(const char *text, const char *end)
{
	uint64_t number = 0;
	const char *at = text;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (number > (UINT64_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	bool is_integer = *text != '0' && (at == end || !strchr(".eE", *at));
	return is_integer && number > INT64_MAX ? (size_t)(at - text) : 0;
}

/* Copy a text with its large integers marked. What would look like a mark becomes a bare NUL, which is no JSON. */
static char *mark_unsigned(const char *text, size_t size, size_t *marked_size)
{
	char *marked = malloc(size + size / UNSIGNED_DIGITS_MIN * UNSIGNED_MARKED_MORE + 1);
	if (!marked)
		return NULL;
	char *to = marked;
	bool in_text = false;
	const char *end = text + size;
	for (const char *from = text; from < end;) {
		bool is_start = !in_text && (from == text || !strchr("+-.0123456789eE", from[-1]));
		size_t digits = is_start ? unsigned_size(from, end) : 0;
		if (digits > 0) {
			to += sprintf(to, UNSIGNED_MARK "%.*s\"", (int)digits, from);
			from += digits;
		} else if (in_text && *from == '\\' && from + 1 < end) {
			bool is_nul = end - from >= 6 && memcmp(from, "\\u0000", 6) == 0;
			*to++ = is_nul ? '\0' : *from;
			*to++ = from[1];
			from += 2;
		} else {
			in_text ^= *from == '"';
			*to++ = *from++;
		}
	}
	*to = '\0';
	*marked_size = (size_t)(to - marked);
	return marked;
}

static json_t *parse_with_unsigned(const char *text, size_t size, json_error_t *error)
{
	size_t marked_size;
	char *marked = mark_unsigned(text, size, &marked_size);
	if (!marked)
		return NULL;
	json_t *value = json_loadb(marked, marked_size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, error);
	if (!value) {
		const char *mark = marked;
		while ((mark = strstr(mark, UNSIGNED_MARK)) && mark < marked + error->position) {
			error->column -= (int)UNSIGNED_MARKED_MORE;
			mark++;
		}
	}
	free(marked);
	return value;
}

static const char *expectation(enum json_error_code code)
{
	switch (code) {
	case json_error_invalid_utf8:
		return "not valid UTF-8";
	case json_error_premature_end_of_input:
		return "the line ends before the JSON does";
	case json_error_end_of_input_expected:
		return "expected the end of the line; one line holds one object";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "the character U+0000 is not allowed";
	case json_error_numeric_overflow:
		return "the number is too large; expected an integer of 64 bits or a double";
	case json_error_stack_overflow:
		return "arrays and objects are nested too deeply";
	default:
		return NULL;
	}
}

json_t *json_parse(const char *text, size_t size, struct json_problem *problem)
{
	json_error_t error;
	json_set_alloc_funcs(arena_allocate, arena_free);
	arena_empty();
	json_t *value = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (!value && json_error_code(&error) == json_error_numeric_overflow)
		value = parse_with_unsigned(text, size, &error);
	if (value)
		return value;
	const char *expected =
		arena.exhausted ? "the line holds more values than fit in 256 MiB" : expectation(json_error_code(&error));
	problem->column = error.column > 0 ? error.column : 1;
	snprintf(problem->message, sizeof(problem->message), "%s", expected ? expected : error.text);
	return NULL;
}

void json_pack_text(msgpack_packer *packer, const char *text, size_t size)
{
	msgpack_pack_str(packer, size);
	msgpack_pack_str_body(packer, text, size);
}

#define EXCERPT_MAX 40

/* How many bytes of a text to quote: at most EXCERPT_MAX, and no part of a character. */
static int excerpt_size(const char *text)
{
	size_t size = strlen(text);
	if (size > EXCERPT_MAX)
		for (size = EXCERPT_MAX; size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80;)
			size--;
	return (int)size;
}

/* The digits of a marked integer; NULL for every other value. */
static const char *marked_digits(const json_t *value)
{
	bool is_marked = json_string_length(value) > 0 && json_string_value(value)[0] == '\0';
	return is_marked ? json_string_value(value) + 1 : NULL;
}

bool json_is_text(const json_t *value)
{
	return json_is_string(value) && !marked_digits(value);
}

bool json_read_number(const json_t *value, uint64_t *number)
{
	if (marked_digits(value))
		*number = strtoull(marked_digits(value), NULL, 10);
	else if (json_is_integer(value) && json_integer_value(value) >= 0)
		*number = (uint64_t)json_integer_value(value);
	else
		return false;
	return true;
}

const char *json_describe(const json_t *value, char *words, size_t size)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		if (marked_digits(value))
			snprintf(words, size, "the number %s", marked_digits(value));
		else
			snprintf(words, size, "the text \"%.*s\"%s", excerpt_size(json_string_value(value)),
				json_string_value(value), json_string_length(value) > EXCERPT_MAX ? "..." : "");
		return words;
	case JSON_INTEGER:
		snprintf(words, size, "the number %" JSON_INTEGER_FORMAT, json_integer_value(value));
		return words;
	case JSON_REAL:
		snprintf(words, size, "the number %g", json_real_value(value));
		return words;
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	default:
		return "null";
	}
}

static void pack_string(msgpack_packer *packer, const json_t *value)
{
	const char *digits = marked_digits(value);
	if (digits)
		msgpack_pack_uint64(packer, strtoull(digits, NULL, 10));
	else
		json_pack_text(packer, json_string_value(value), json_string_length(value));
}

static void pack_object(msgpack_packer *packer, json_t *value)
{
	msgpack_pack_map(packer, json_object_size(value));
	for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
		const char *key = json_object_iter_key(at);
		json_pack_text(packer, key, strlen(key));
		json_pack_value(packer, json_object_iter_value(at));
	}
}

void json_pack_value(msgpack_packer *packer, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		pack_object(packer, value);
		break;
	case JSON_ARRAY:
		msgpack_pack_array(packer, json_array_size(value));
		for (size_t i = 0; i < json_array_size(value); i++)
			json_pack_value(packer, json_array_get(value, i));
		break;
	case JSON_STRING:
		pack_string(packer, value);
		break;
	case JSON_INTEGER:
		msgpack_pack_int64(packer, json_integer_value(value));
		break;
	case JSON_REAL:
		msgpack_pack_double(packer, json_real_value(value));
		break;
	case JSON_TRUE:
		msgpack_pack_true(packer);
		break;
	case JSON_FALSE:
		msgpack_pack_false(packer);
		break;
	case JSON_NULL:
		msgpack_pack_nil(packer);
		break;
	}
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

bool json_writer_begin(struct json_writer *writer, FILE *file)
{
	*writer = (struct json_writer){ .file = file };
	return msgpack_zone_init(&writer->zone, MSGPACK_ZONE_CHUNK_SIZE);
}

void json_writer_end(struct json_writer *writer)
{
	msgpack_zone_destroy(&writer->zone);
}

/* What stands for a byte inside quotes, or NULL where it stands for itself. */
static const char *escape_of(unsigned char byte, char code[7])
{
	switch (byte) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	}
	if (byte >= 0x20)
		return NULL;
	snprintf(code, 7, "\\u%04x", byte);
	return code;
}

static void write_text(FILE *file, const char *text, size_t size)
{
	char code[7];
	size_t done = 0;
	putc('"', file);
	for (size_t i = 0; i < size; i++) {
		const char *escape = escape_of((unsigned char)text[i], code);
		if (!escape)
			continue;
		fwrite(text + done, 1, i - done, file);
		fputs(escape, file);
		done = i + 1;
	}
	if (done < size)
		fwrite(text + done, 1, size - done, file);
	putc('"', file);
}

/* The fewest digits that read back to the same double, and a point or exponent to tell it from an integer. */
static void write_real(FILE *file, double number)
{
	char text[40];
	int digits = 1;
	while (snprintf(text, sizeof(text), "%.*e", digits - 1, number), strtod(text, NULL) != number && digits < 17)
		digits++;
	int exponent = atoi(strchr(text, 'e') + 1);
	if (exponent >= -4 && exponent < 16) {
		int decimals = digits - 1 - exponent;
		snprintf(text, sizeof(text), "%.*f", decimals > 1 ? decimals : 1, number);
	}
	fputs(text, file);
}

static void new_line(struct json_writer *writer)
{
	if (writer->pretty)
		fprintf(writer->file, "\n%*s", 2 * writer->depth, "");
}

/* Before each member and element. */
static void next_item(struct json_writer *writer)
{
	if (!writer->first)
		fputs(writer->pretty ? "," : ", ", writer->file);
	new_line(writer);
	writer->first = false;
}

static void begin(struct json_writer *writer, char bracket)
{
	putc(bracket, writer->file);
	writer->depth++;
	writer->first = true;
}

static void end(struct json_writer *writer, char bracket)
{
	writer->depth--;
	if (!writer->first)
		new_line(writer);
	putc(bracket, writer->file);
	writer->first = false;
	if (writer->depth == 0)
		putc('\n', writer->file);
}

static void write_value(struct json_writer *writer, const msgpack_object *value);

static void write_array(struct json_writer *writer, const msgpack_object_array *array)
{
	begin(writer, '[');
	for (uint32_t i = 0; i < array->size; i++) {
		next_item(writer);
		write_value(writer, &array->ptr[i]);
	}
	end(writer, ']');
}

static void write_members(struct json_writer *writer, const msgpack_object_map *map)
{
	for (uint32_t i = 0; i < map->size; i++) {
		const msgpack_object_kv *member = &map->ptr[i];
		if (member->key.type != MSGPACK_OBJECT_STR) {
			writer->error = ORGDB_CORRUPT;
			return;
		}
		json_write_key(writer, member->key.via.str.ptr, member->key.via.str.size);
		write_value(writer, &member->val);
	}
}

static void write_map(struct json_writer *writer, const msgpack_object_map *map)
{
	begin(writer, '{');
	write_members(writer, map);
	end(writer, '}');
}

static void write_value(struct json_writer *writer, const msgpack_object *value)
{
	FILE *file = writer->file;
	switch (value->type) {
	case MSGPACK_OBJECT_NIL:
		fputs("null", file);
		break;
	case MSGPACK_OBJECT_BOOLEAN:
		fputs(value->via.boolean ? "true" : "false", file);
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		fprintf(file, "%" PRIu64, value->via.u64);
		break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		fprintf(file, "%" PRId64, value->via.i64);
		break;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		if (isfinite(value->via.f64))
			write_real(file, value->via.f64);
		else
			writer->error = ORGDB_CORRUPT;
		break;
	case MSGPACK_OBJECT_STR:
		write_text(file, value->via.str.ptr, value->via.str.size);
		break;
	case MSGPACK_OBJECT_ARRAY:
		write_array(writer, &value->via.array);
		break;
	case MSGPACK_OBJECT_MAP:
		write_map(writer, &value->via.map);
		break;
	default:
		writer->error = ORGDB_CORRUPT;
	}
}

void json_begin_object(struct json_writer *writer)
{
	if (writer->depth > 0)
		next_item(writer);
	begin(writer, '{');
}

void json_begin_member(struct json_writer *writer, const char *key)
{
	json_write_key(writer, key, strlen(key));
	begin(writer, '{');
}

void json_end_object(struct json_writer *writer)
{
	end(writer, '}');
}

void json_begin_array(struct json_writer *writer, const char *key)
{
	json_write_key(writer, key, strlen(key));
	begin(writer, '[');
}

void json_end_array(struct json_writer *writer)
{
	end(writer, ']');
}

void json_write_key(struct json_writer *writer, const char *key, size_t size)
{
	next_item(writer);
	write_text(writer->file, key, size);
	fputs(": ", writer->file);
}

void json_write_text(struct json_writer *writer, const char *key, orgdb_str text)
{
	json_write_key(writer, key, strlen(key));
	write_text(writer->file, text.data, text.size);
}

void json_write_bool(struct json_writer *writer, const char *key, bool truth)
{
	json_write_key(writer, key, strlen(key));
	fputs(truth ? "true" : "false", writer->file);
}

void json_write_number(struct json_writer *writer, const char *key, uint64_t number)
{
	json_write_key(writer, key, strlen(key));
	fprintf(writer->file, "%" PRIu64, number);
}

/* The library lets in only what JSON can express, so anything else means that the store is damaged. */
static bool unpack_more(struct json_writer *writer, orgdb_value value, msgpack_object *object)
{
	size_t offset = 0;
	msgpack_unpack_return result = msgpack_unpack(value.data, value.size, &offset, &writer->zone, object);
	if (result == MSGPACK_UNPACK_SUCCESS)
		return true;
	writer->error = result == MSGPACK_UNPACK_NOMEM_ERROR ? ORGDB_NO_MEMORY : ORGDB_CORRUPT;
	return false;
}

/* What was unpacked before is gone. */
static bool unpack(struct json_writer *writer, orgdb_value value, msgpack_object *object)
{
	msgpack_zone_clear(&writer->zone);
	return unpack_more(writer, value, object);
}

void json_write_value(struct json_writer *writer, const char *key, orgdb_value value)
{
	msgpack_object object;
	if (!unpack(writer, value, &object))
		return;
	json_write_key(writer, key, strlen(key));
	write_value(writer, &object);
}

void json_write_members(struct json_writer *writer, orgdb_value map)
{
	msgpack_object object;
	if (!map.data || !unpack(writer, map, &object))
		return;
	if (object.type == MSGPACK_OBJECT_MAP)
		write_members(writer, &object.via.map);
	else
		writer->error = ORGDB_CORRUPT;
}

static int compare_keys(const msgpack_object *left, const msgpack_object *right)
{
	const msgpack_object_str *a = &left->via.str, *b = &right->via.str;
	int order = memcmp(a->ptr, b->ptr, a->size < b->size ? a->size : b->size);
	return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Is the member among `count` others behind `*at`? They are in order, so what is before it is passed for good. */
static bool has_member(const msgpack_object_kv *others, uint32_t count, uint32_t *at, const msgpack_object_kv *member)
{
	while (*at < count && compare_keys(&others[*at].key, &member->key) < 0)
		++*at;
	return *at < count && compare_keys(&others[*at].key, &member->key) == 0 &&
		msgpack_object_equal(others[*at].val, member->val);
}

static bool has_text_keys(const msgpack_object *object)
{
	if (object->type != MSGPACK_OBJECT_MAP)
		return false;
	for (uint32_t i = 0; i < object->via.map.size; i++)
		if (object->via.map.ptr[i].key.type != MSGPACK_OBJECT_STR)
			return false;
	return true;
}

void json_write_members_unlike(struct json_writer *writer, orgdb_value map, orgdb_value other)
{
	msgpack_object object, others = { .type = MSGPACK_OBJECT_MAP };
	uint32_t at = 0;
	if (!map.data || !unpack(writer, map, &object) || (other.data && !unpack_more(writer, other, &others)))
		return;
	if (!has_text_keys(&object) || !has_text_keys(&others)) {
		writer->error = ORGDB_CORRUPT;
		return;
	}
	for (uint32_t i = 0; i < object.via.map.size; i++) {
		const msgpack_object_kv *member = &object.via.map.ptr[i];
		if (has_member(others.via.map.ptr, others.via.map.size, &at, member))
			continue;
		json_write_key(writer, member->key.via.str.ptr, member->key.via.str.size);
		write_value(writer, &member->val);
	}
}

void json_write_texts(struct json_writer *writer, const char *key, const orgdb_str *texts, size_t count)
{
	json_begin_array(writer, key);
	for (size_t i = 0; i < count; i++) {
		next_item(writer);
		write_text(writer->file, texts[i].data, texts[i].size);
	}
	json_end_array(writer);
}
