/*
 * The schema: one table that says everything about every kind. The spine of the engine.
 *
 * A field is one line of it, and that line drives encoding, decoding, validation, updates, the tool's JSON and the checker.
 * A stored record is a map from a field's tag (the number of its bit in `fields`) to its value; unknown fields are kept in
 * one nested map under TAG_EXTRA.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_SCHEMA_H
#define ORGDB_SCHEMA_H

#include "kv.h"
#include "record.h"

enum {
	TAG_EXTRA = 31,
	INDEX_MAX = 4,       /* Indexes of one kind. */
	INDEX_KEYS_MAX = 10, /* Keys of one entity in one index: a connection's realms. */
};

/* The members that every kind's struct begins with. */
struct head {
	uint64_t ordinal;
	uint32_t fields;
	orgdb_value extra;
};

/* A table from unique text to the ordinal of the one entity that has it. */
struct index {
	enum kv_table table;
	const orgdb_field *field;
	/* The texts under which an entity stands; returns how many. */
	size_t (*keys)(const void *entity, orgdb_str keys[INDEX_KEYS_MAX]);
};

struct kind {
	orgdb_schema schema;
	enum kv_table records;
	struct index indexes[INDEX_MAX]; /* The first is the id's. */
	size_t index_count;
	const orgdb_field *id;
	const char *id_prefix;          /* Of generated ids; NULL: none are. */
	size_t id_random;               /* Characters behind the prefix. */
	void (*complete)(void *entity); /* Optional: fill in what follows from other members. */
};

/* An entity of whichever kind. */
union entity {
	struct head head;
	orgdb_connection connection;
	orgdb_application application;
	orgdb_organization organization;
	orgdb_user user;
	orgdb_role role;
	orgdb_email_template email_template;
};

/* What an edge carries, of whichever kind. */
union edge_object {
	struct head head;
	orgdb_application_connection application_connection;
	orgdb_enabled_connection enabled_connection;
	orgdb_membership membership;
	orgdb_organization_application organization_application;
};

const struct kind *orgdb__kind(uint32_t kind);

static inline orgdb_str *member_text(const void *object, const orgdb_field *field)
{
	return (orgdb_str *)((char *)(uintptr_t)object + field->offset);
}

static inline orgdb_value *member_value(const void *object, const orgdb_field *field)
{
	return (orgdb_value *)((char *)(uintptr_t)object + field->offset);
}

/* "organization.name" for errors; `name` must hold FIELD_NAME_MAX bytes. */
enum { FIELD_NAME_MAX = 96 };
void orgdb__field_name(const orgdb_schema *schema, const char *field, char name[FIELD_NAME_MAX]);

/* Which members of a new object count, as the public header's rule for `fields` has it. ORGDB_INVALID for unknown bits. */
int orgdb__schema_given(const orgdb_schema *schema, const void *object, uint32_t *given);
/* Lay the members of `changes` that its `fields` name over `object`. ORGDB_INVALID if there are none, or immutable ones. */
int orgdb__schema_overlay(const orgdb_schema *schema, void *object, const void *changes);

/* Write the members in `mask`, values in canonical form. */
int orgdb__schema_encode(const orgdb_schema *schema, const void *object, uint32_t mask, struct buffer *buffer);
/* View a record as an object whose `fields` says what is stored; the rest gets its defaults. False if it is damaged. */
bool orgdb__schema_decode(const orgdb_schema *schema, struct bytes record, void *object);
void orgdb__schema_defaults(const orgdb_schema *schema, void *object);
/* Is what a decoded object holds in `extra`, if anything, a map of unknown fields? */
bool orgdb__extra_is_right(const orgdb_schema *schema, const void *object);
/* Judge every stored member of a decoded object. ORGDB_INVALID or ORGDB_TOO_LARGE, naming the field. */
int orgdb__schema_validate(const orgdb_schema *schema, const void *object);

#endif
