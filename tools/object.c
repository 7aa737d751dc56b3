/*
 * JSON objects to and from the library's structs, by the schema alone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "object.h"

#include <stdarg.h>
#include <string.h>

#include "cli.h"

const uint32_t kinds_in_order[ORGDB_KINDS] = {
	ORGDB_KIND_CONNECTION,
	ORGDB_KIND_APPLICATION,
	ORGDB_KIND_APPLICATION_CONNECTION,
	ORGDB_KIND_USER,
	ORGDB_KIND_ORGANIZATION,
	ORGDB_KIND_ROLE, /* organizations own some */
	ORGDB_KIND_DISCOVERY_DOMAIN,
	ORGDB_KIND_ENABLED_CONNECTION,
	ORGDB_KIND_ORGANIZATION_APPLICATION,
	ORGDB_KIND_MEMBERSHIP,
	ORGDB_KIND_EMAIL_TEMPLATE,
	ORGDB_KIND_INVITATION,
};

static const char *const type_words[] = {
	[ORGDB_TYPE_TEXT] = "a text",
	[ORGDB_TYPE_MAP] = "an object",
	[ORGDB_TYPE_ARRAY] = "an array",
	[ORGDB_TYPE_NUMBER] = "a whole number",
};

/* --- Reading ------------------------------------------------------------------------------------------------------ */

void object_reader_begin(struct object_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	msgpack_sbuffer_init(&reader->buffer);
	msgpack_packer_init(&reader->packer, &reader->buffer, msgpack_sbuffer_write);
}

void object_reader_end(struct object_reader *reader)
{
	msgpack_sbuffer_destroy(&reader->buffer);
}

static bool PRINTF_LIKE(3, 4) object_problem(struct object_reader *reader, const char *field, const char *format, ...)
{
	int used = snprintf(reader->problem, sizeof(reader->problem), "%s.%s: ", reader->schema->name, field);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reader->problem + used, sizeof(reader->problem) - (size_t)used, format, arguments);
	va_end(arguments);
	return false;
}

static bool has_wrong_type(struct object_reader *reader, const orgdb_field *field, const json_t *value)
{
	char words[80];
	const char *got = json_describe(value, words, sizeof(words));
	if (field->type == ORGDB_TYPE_BOOL) /* the type says it all */
		return object_problem(reader, field->name, "expected true or false, got %s", got);
	return object_problem(
		reader, field->name, "expected %s (%s), got %s", type_words[field->type], field->expectation, got);
}

static bool read_choice(struct object_reader *reader, const orgdb_field *field, const json_t *value, uint32_t *choice)
{
	char names[160] = "";
	size_t used = 0;
	for (*choice = 0; field->choices[*choice]; (*choice)++) {
		const char *name = field->choices[*choice];
		if (json_is_text(value) && strcmp(json_string_value(value), name) == 0)
			return true;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used > 0 ? ", " : "", name);
	}
	char words[80];
	return object_problem(
		reader, field->name, "expected one of %s, got %s", names, json_describe(value, words, sizeof(words)));
}

/* The buffer may move while it grows, so values get their addresses when the object is complete. */
static void pack_span(struct object_reader *reader, size_t index, json_t *value)
{
	reader->spans[index].start = reader->buffer.size;
	json_pack_value(&reader->packer, value);
	reader->spans[index].size = reader->buffer.size - reader->spans[index].start;
}

static void *member(struct object_reader *reader, size_t offset)
{
	return (char *)&reader->entity + offset;
}

static bool read_field(struct object_reader *reader, size_t index, json_t *value)
{
	const orgdb_field *field = &reader->schema->fields[index];
	void *to = member(reader, field->offset);
	*(uint32_t *)member(reader, reader->schema->fields_offset) |= field->bit;
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		if (!json_is_text(value))
			return has_wrong_type(reader, field, value);
		*(orgdb_str *)to = (orgdb_str){ json_string_value(value), json_string_length(value) };
		return true;
	case ORGDB_TYPE_BOOL:
		if (!json_is_boolean(value))
			return has_wrong_type(reader, field, value);
		*(bool *)to = json_is_true(value);
		return true;
	case ORGDB_TYPE_CHOICE:
		return read_choice(reader, field, value, to);
	case ORGDB_TYPE_NUMBER:
		return json_read_number(value, to) || has_wrong_type(reader, field, value);
	default:
		if (field->type == ORGDB_TYPE_MAP ? !json_is_object(value) : !json_is_array(value))
			return has_wrong_type(reader, field, value);
		pack_span(reader, index, value);
		return true;
	}
}

static bool read_roles(struct object_reader *reader, const json_t *value)
{
	char words[80];
	if (!json_is_array(value) && !json_is_null(value))
		return object_problem(
			reader, "roles", "expected an array of role ids, got %s", json_describe(value, words, sizeof(words)));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *role = json_array_get(value, i);
		if (!json_is_text(role))
			return object_problem(reader, "roles", "expected role ids only, got %s at place %zu",
				json_describe(role, words, sizeof(words)), i + 1);
	}
	reader->roles = value;
	return true;
}

/* What a key means in an object of this kind: the index of a field, or one of these. */
enum { KEY_KIND = -1, KEY_ROLES = -2, KEY_UNKNOWN = -3 };

static int meaning_of(const orgdb_schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (strcmp(schema->fields[i].name, key) == 0)
			return (int)i;
	if (strcmp(key, "kind") == 0)
		return KEY_KIND;
	return schema->kind == ORGDB_KIND_MEMBERSHIP && strcmp(key, "roles") == 0 ? KEY_ROLES : KEY_UNKNOWN;
}

/* Read what is known and count what is not. null is as good as absent for a known field. */
static bool read_known(struct object_reader *reader, json_t *json, size_t *unknown)
{
	for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
		json_t *value = json_object_iter_value(at);
		int meaning = meaning_of(reader->schema, json_object_iter_key(at));
		if (meaning == KEY_UNKNOWN)
			++*unknown;
		else if (meaning >= 0 && json_is_null(value))
			reader->nulls |= reader->schema->fields[meaning].bit;
		else if (meaning == KEY_ROLES ? !read_roles(reader, value)
									  : meaning >= 0 && !read_field(reader, (size_t)meaning, value))
			return false;
	}
	return true;
}

/* What is in the buffer from `start` on is `extra`. */
static void set_extra_span(struct object_reader *reader, size_t start)
{
	reader->spans[OBJECT_FIELDS_MAX].start = start;
	reader->spans[OBJECT_FIELDS_MAX].size = reader->buffer.size - start;
}

static void pack_unknown(struct object_reader *reader, json_t *json, size_t count)
{
	size_t start = reader->buffer.size;
	msgpack_pack_map(&reader->packer, count);
	for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
		const char *key = json_object_iter_key(at);
		if (meaning_of(reader->schema, key) != KEY_UNKNOWN)
			continue;
		json_pack_text(&reader->packer, key, strlen(key));
		json_pack_value(&reader->packer, json_object_iter_value(at));
	}
	set_extra_span(reader, start);
}

static void place_value(struct object_reader *reader, size_t index, size_t offset)
{
	if (reader->spans[index].size > 0)
		*(orgdb_value *)member(reader, offset) =
			(orgdb_value){ reader->buffer.data + reader->spans[index].start, reader->spans[index].size };
}

static void place_values(struct object_reader *reader)
{
	for (size_t i = 0; i < reader->schema->field_count; i++)
		place_value(reader, i, reader->schema->fields[i].offset);
	place_value(reader, OBJECT_FIELDS_MAX, reader->schema->extra_offset);
}

void object_replace_extra(struct object_reader *reader, size_t start)
{
	set_extra_span(reader, start);
	place_values(reader);
}

/* An edge cannot do without its two ends. */
static bool has_ends(struct object_reader *reader)
{
	uint32_t given = *(uint32_t *)member(reader, reader->schema->fields_offset);
	for (size_t i = 0; i < reader->schema->field_count; i++) {
		const orgdb_field *field = &reader->schema->fields[i];
		if ((field->flags & ORGDB_FIELD_ID) && !(given & field->bit))
			return object_problem(reader, field->name, "is missing; expected %s", field->expectation);
	}
	return true;
}

bool object_read(struct object_reader *reader, const orgdb_schema *schema, json_t *json)
{
	size_t unknown = 0;
	reader->schema = schema;
	reader->roles = NULL;
	reader->nulls = 0;
	memset(&reader->entity, 0, sizeof(reader->entity));
	memset(reader->spans, 0, sizeof(reader->spans));
	msgpack_sbuffer_clear(&reader->buffer);
	/* The bit of `extra` says that `fields` counts, even where the object has no fields at all. */
	*(uint32_t *)member(reader, schema->fields_offset) = ORGDB_EXTRA;

	if (!read_known(reader, json, &unknown))
		return false;
	if (unknown > 0)
		pack_unknown(reader, json, unknown);
	place_values(reader);
	return schema->kind < ORGDB_ENTITY_KINDS || has_ends(reader);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

const char *choice_name(const orgdb_field *field, uint32_t choice)
{
	for (uint32_t i = 0; field->choices[i]; i++)
		if (i == choice)
			return field->choices[i];
	return "";
}

void object_write_field(struct json_writer *writer, const orgdb_field *field, const void *entity)
{
	const void *value = (const char *)entity + field->offset;
	if ((field->flags & ORGDB_FIELD_SECRET) && !writer->secrets) {
		json_write_text(writer, field->name, orgdb_string("(secret)"));
		return;
	}
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		json_write_text(writer, field->name, *(const orgdb_str *)value);
		break;
	case ORGDB_TYPE_BOOL:
		json_write_bool(writer, field->name, *(const bool *)value);
		break;
	case ORGDB_TYPE_CHOICE:
		json_write_text(writer, field->name, orgdb_string(choice_name(field, *(const uint32_t *)value)));
		break;
	case ORGDB_TYPE_NUMBER:
		json_write_number(writer, field->name, *(const uint64_t *)value);
		break;
	default:
		json_write_value(writer, field->name, *(const orgdb_value *)value);
	}
}

void object_write(struct json_writer *writer, const orgdb_schema *schema, const void *entity, const orgdb_str *roles,
	size_t role_count)
{
	const char *members = entity;
	uint32_t stored = *(const uint32_t *)(const void *)(members + schema->fields_offset);
	json_begin_object(writer);
	json_write_text(writer, "kind", orgdb_string(schema->name));
	for (size_t i = 0; i < schema->field_count; i++)
		if (stored & schema->fields[i].bit)
			object_write_field(writer, &schema->fields[i], entity);
	if (role_count > 0)
		json_write_texts(writer, "roles", roles, role_count);
	json_write_members(writer, *(const orgdb_value *)(const void *)(members + schema->extra_offset));
	json_end_object(writer);
}
