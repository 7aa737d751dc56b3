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
	INDEX_MAX = 4,        /* Indexes of one kind. */
	INDEX_KEYS_MAX = 10,  /* Keys of one entity in one index: a connection's realms. */
	INDEX_ROOM = 1048,    /* Bytes of a key that is made up: a role's name, longest of all, and its owner's id. */
	GENERATED_MAX = 512,  /* Bytes of an entity's generated texts. */
	REFERENCES_MAX = 3,   /* Fields of one kind that refer to others. */
	REFERRED_MAX = 50,    /* Entities that one field refers to: an invitation's roles. */
	INVITATION_ROLES = 2, /* Their place among an invitation's references. */
	INVITATION_TTL_MAX = 30 * 24 * 60 * 60,
	DOMAIN_MAX = 255, /* Bytes of a domain. */
};

/* The members that every kind's struct begins with. */
struct head {
	uint64_t ordinal;
	uint32_t fields;
	orgdb_value extra;
};

/* The texts under which an entity stands in an index. */
struct index_keys {
	orgdb_str text[INDEX_KEYS_MAX];
	char room[INDEX_ROOM]; /* For a text that is made up. */
};

/*
 * A table from unique text to the ordinal of the one entity that has it. Where a text is unique among what one organization
 * owns, the text in the index is made up of it, NUL, which no text has inside, and the organization's id: so what different
 * organizations call alike lies together.
 */
struct index {
	enum kv_table table;
	const orgdb_field *field;
	/* Returns how many. The entity may be damaged. */
	size_t (*keys)(const void *entity, struct index_keys *keys);
};

/*
 * A field that holds the id of another entity, or an array of ids. Who is referred to has a set of those that do: when it
 * goes they go, too, or their array loses it.
 */
struct reference {
	const orgdb_field *field;
	uint32_t kind;         /* Of those that are referred to. */
	enum kv_table reverse; /* Where their sets are. */
};

struct kind {
	orgdb_schema schema;
	enum kv_table records;
	struct index indexes[INDEX_MAX]; /* The first is the id's. */
	size_t index_count;
	struct reference references[REFERENCES_MAX];
	size_t reference_count;
	const orgdb_field *id;
	const char *id_prefix;          /* Of generated ids; NULL: none are. */
	size_t id_random;               /* Characters behind the prefix. */
	void (*complete)(void *entity); /* Optional: fill in what follows from other members. */

	/* What an organization owns goes with it (see owned.h). NULL if it owns none of the kind. */
	const orgdb_field *owner; /* Holds the owner's id; absent: the tenant owns the entity. */
	enum kv_table owned;      /* The set of each owner's entities. */
	uint64_t owned_max;       /* How many it may own; 0: any number. */
	size_t owned_gone;        /* Where an orgdb_cascade counts them. */

	/* Optional: generate texts that were not given, and say so in `mask`. What was given was not judged yet. */
	int (*generate)(void *entity, uint32_t *mask, char room[GENERATED_MAX]);
	/* Optional: judge what valid members must obey together. */
	int (*judge)(const void *entity);
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
	orgdb_discovery_domain discovery_domain;
	orgdb_invitation invitation;
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

/* Domains are the same whichever way their letters are written: write ASCII ones small. Returns false if there is no room. */
bool orgdb__domain_key(orgdb_str domain, char room[DOMAIN_MAX], orgdb_str *key);
/* The text in an index of `text` among what `owner` owns, if it is present; absent if that has no room. */
orgdb_str orgdb__index_text(orgdb_str text, orgdb_str owner, char room[INDEX_ROOM]);

static inline orgdb_str *member_text(const void *object, const orgdb_field *field)
{
	return (orgdb_str *)((char *)(uintptr_t)object + field->offset);
}

static inline orgdb_value *member_value(const void *object, const orgdb_field *field)
{
	return (orgdb_value *)((char *)(uintptr_t)object + field->offset);
}

/* A text as messages may have it. */
static inline orgdb_str text_to_show(const orgdb_field *field, orgdb_str text)
{
	return field->flags & ORGDB_FIELD_SECRET ? orgdb_string("(secret)") : text;
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
