/*
 * JSON objects to and from the library's structs, by the schema alone: a field more in the schema needs nothing here.
 * One thing is not in the schema: a membership's roles, an array of role ids.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "json.h"

/* Every kind, parents before children: the order of dumps and of whatever lists kinds. */
extern const uint32_t kinds_in_order[ORGDB_KINDS];

/* Room for any kind's struct. */
union any_kind {
	orgdb_connection connection;
	orgdb_application application;
	orgdb_role role;
	orgdb_user user;
	orgdb_organization organization;
	orgdb_email_template email_template;
	orgdb_discovery_domain discovery_domain;
	orgdb_invitation invitation;
	orgdb_application_connection application_connection;
	orgdb_enabled_connection enabled_connection;
	orgdb_membership membership;
	orgdb_organization_application organization_application;
};

#define OBJECT_FIELDS_MAX 32 /* as many as there are bits in `fields` */

/* Reads object after object and keeps the room that they need. */
struct object_reader {
	const orgdb_schema *schema; /* of the last object that was read */
	union any_kind entity;      /* the object; its texts are the JSON's, NUL-terminated, its values the buffer's */
	uint32_t nulls;             /* the fields that were given as null; they are not in the entity's `fields` */
	const json_t *roles;        /* a membership's, an array of texts or null, or NULL */
	char problem[512];          /* what is wrong with it, beginning with the field: "user.email: expected ..." */
	msgpack_sbuffer buffer;
	msgpack_packer packer;
	struct {
		size_t start;
		size_t size;
	} spans[OBJECT_FIELDS_MAX + 1]; /* where each field's value is in the buffer; the last one is for `extra` */
};

void object_reader_begin(struct object_reader *reader);
void object_reader_end(struct object_reader *reader);

/* Read an object of the kind that `schema` describes; what was read lives as long as `json` and until the next read.
 * Returns false if it does not fit the schema, with `problem` set. */
bool object_read(struct object_reader *reader, const orgdb_schema *schema, json_t *json);

/* Let `extra` be what was appended to the buffer, from `start` on. */
void object_replace_extra(struct object_reader *reader, size_t start);

/* The name of a choice; "" if there is none, because the store is damaged. */
const char *choice_name(const orgdb_field *field, uint32_t choice);

/* Write one field of a struct as a member; a secret one only if the writer shows secrets. */
void object_write_field(struct json_writer *writer, const orgdb_field *field, const void *entity);

/* Write a struct of a kind as one line: "kind", its stored fields in the schema's order, a membership's roles if there
 * are any, and last the fields that the library does not know. */
void object_write(struct json_writer *writer, const orgdb_schema *schema, const void *entity, const orgdb_str *roles,
	size_t role_count);

#endif
