/*
 * Every object of a store, each as a number.
 *
 * SPDX-License-Identifier: MIT
 */
#include "objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SIZE = 4 * ORGDB_ID_LENGTH_MAX + 1 };

union any {
	uint64_t ordinal; /* Every struct begins with it. */
	orgdb_connection connection;
	orgdb_application application;
	orgdb_role role;
	orgdb_user user;
	orgdb_organization organization;
	orgdb_application_connection application_connection;
	orgdb_enabled_connection enabled_connection;
	orgdb_membership membership;
	orgdb_organization_application organization_application;
	orgdb_email_template email_template;
	orgdb_discovery_domain discovery_domain;
	orgdb_invitation invitation;
};

/* ---- One object -------------------------------------------------------------------------------------------------- */

static void digest_bytes(uint64_t *digest, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	*digest = (*digest ^ size) * UINT64_C(0x100000001b3); /* FNV-1a */
	for (size_t i = 0; i < size; i++)
		*digest = (*digest ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static void digest_view(uint64_t *digest, const void *view)
{
	orgdb_value value;
	memcpy(&value, view, sizeof(value)); /* Texts are alike. */
	digest_bytes(digest, value.data ? value.data : "", value.size);
}

static void add(struct objects *objects, uint32_t kind, uint64_t digest)
{
	if (objects->count == objects->capacity) {
		objects->capacity = objects->capacity ? 2 * objects->capacity : 1024;
		objects->data = realloc(objects->data, objects->capacity * sizeof(*objects->data));
		if (!objects->data)
			abort();
	}
	objects->data[objects->count++] = (struct object){ kind, digest };
}

/* What is not told of an edge may get lost alone, if it has a record of its own; of an enabled connection all is told. */
static bool counts(uint32_t kind, const orgdb_field *field)
{
	return kind < ORGDB_ENTITY_KINDS || kind == ORGDB_KIND_ENABLED_CONNECTION || (field->flags & ORGDB_FIELD_ID);
}

static void add_object(struct objects *objects, uint32_t kind, const void *object)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	const char *members = object;
	uint64_t digest = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < schema->field_count; i++) {
		const orgdb_field *field = &schema->fields[i];
		if (!counts(kind, field))
			continue;
		if (field->type == ORGDB_TYPE_BOOL)
			digest_bytes(&digest, members + field->offset, sizeof(bool));
		else if (field->type == ORGDB_TYPE_CHOICE)
			digest_bytes(&digest, members + field->offset, sizeof(uint32_t));
		else if (field->type == ORGDB_TYPE_NUMBER)
			digest_bytes(&digest, members + field->offset, sizeof(uint64_t));
		else
			digest_view(&digest, members + field->offset);
	}
	if (kind < ORGDB_ENTITY_KINDS || kind == ORGDB_KIND_ENABLED_CONNECTION)
		digest_view(&digest, members + schema->extra_offset);
	add(objects, kind, digest);
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

static const char *id_of(uint32_t kind, const void *object, char id[ID_SIZE])
{
	orgdb_str view;
	memcpy(&view, (const char *)object + orgdb_schema_of(kind)->fields[0].offset, sizeof(view));
	snprintf(id, ID_SIZE, "%.*s", (int)view.size, view.data);
	return id;
}

/* A walk: whose lists, and where to. */
struct walk {
	orgdb_txn *txn;
	struct objects *out;
	const char *owner; /* An organization or an application. */
	const char *user;
};

typedef int fill_fn(const struct walk *walk, uint64_t after, union any *entry, size_t *count);
typedef int visit_fn(const struct walk *walk, const union any *entry);

static int walk_list(const struct walk *walk, fill_fn *fill, visit_fn *visit)
{
	union any entry = { 0 };
	size_t count = 1;
	int rc = 0;
	while (rc == 0 && count == 1) {
		rc = fill(walk, entry.ordinal, &entry, &count);
		if (rc == 0 && count == 1)
			rc = visit(walk, &entry);
	}
	return rc;
}

static int fill_roles(const struct walk *walk, uint64_t after, union any *entry, size_t *count)
{
	return orgdb_member_roles(walk->txn, walk->owner, walk->user, after, &entry->role, 1, count);
}

static int visit_role(const struct walk *walk, const union any *entry)
{
	uint64_t digest = 0;
	digest_bytes(&digest, walk->owner, strlen(walk->owner));
	digest_bytes(&digest, walk->user, strlen(walk->user));
	digest_view(&digest, &entry->role.id);
	add(walk->out, MEMBER_ROLES, digest);
	return 0;
}

static int fill_members(const struct walk *walk, uint64_t after, union any *entry, size_t *count)
{
	return orgdb_organization_members(walk->txn, walk->owner, after, &entry->user, 1, count);
}

static int visit_member(const struct walk *walk, const union any *entry)
{
	char user[ID_SIZE];
	orgdb_membership membership;
	struct walk inner = *walk;
	inner.user = id_of(ORGDB_KIND_USER, entry, user);
	int rc = orgdb_membership_get(walk->txn, walk->owner, user, &membership);
	if (rc != 0)
		return rc;
	add_object(walk->out, ORGDB_KIND_MEMBERSHIP, &membership);
	return walk_list(&inner, fill_roles, visit_role);
}

static int fill_enabled(const struct walk *walk, uint64_t after, union any *entry, size_t *count)
{
	return orgdb_enabled_connection_list(walk->txn, walk->owner, after, &entry->enabled_connection, 1, count);
}

static int visit_enabled(const struct walk *walk, const union any *entry)
{
	add_object(walk->out, ORGDB_KIND_ENABLED_CONNECTION, entry);
	return 0;
}

static int fill_places(const struct walk *walk, uint64_t after, union any *entry, size_t *count)
{
	return orgdb_organization_application_list(
		walk->txn, walk->owner, after, &entry->organization_application, 1, count);
}

static int visit_place(const struct walk *walk, const union any *entry)
{
	add_object(walk->out, ORGDB_KIND_ORGANIZATION_APPLICATION, entry);
	return 0;
}

static int fill_offers(const struct walk *walk, uint64_t after, union any *entry, size_t *count)
{
	return orgdb_application_connections(walk->txn, walk->owner, after, &entry->connection, 1, count);
}

static int visit_offer(const struct walk *walk, const union any *entry)
{
	char connection[ID_SIZE];
	orgdb_application_connection offer;
	int rc = orgdb_application_connection_get(
		walk->txn, walk->owner, id_of(ORGDB_KIND_CONNECTION, entry, connection), &offer);
	if (rc == 0)
		add_object(walk->out, ORGDB_KIND_APPLICATION_CONNECTION, &offer);
	return rc;
}

/* What belongs to an entity. */
static int collect_edges(const struct walk *walk, uint32_t kind, const char *id)
{
	struct walk inner = *walk;
	inner.owner = id;
	if (kind == ORGDB_KIND_APPLICATION)
		return walk_list(&inner, fill_offers, visit_offer);
	if (kind != ORGDB_KIND_ORGANIZATION)
		return 0;
	int rc = walk_list(&inner, fill_members, visit_member);
	if (rc == 0)
		rc = walk_list(&inner, fill_places, visit_place);
	return rc == 0 ? walk_list(&inner, fill_enabled, visit_enabled) : rc;
}

static int collect_kind(const struct walk *walk, uint32_t kind)
{
	union any entity = { 0 };
	char id[ID_SIZE];
	size_t count = 1;
	int rc = 0;
	if (orgdb_schema_of(kind)->struct_size > sizeof(entity)) /* A new kind, which that does not name. */
		return ORGDB_TOO_LARGE;
	while (rc == 0 && count == 1) {
		rc = orgdb_entity_list(walk->txn, kind, entity.ordinal, &entity, 1, &count);
		if (rc != 0 || count == 0)
			break;
		add_object(walk->out, kind, &entity);
		rc = collect_edges(walk, kind, id_of(kind, &entity, id));
	}
	return rc;
}

static int compare(const struct object *a, const struct object *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->digest > b->digest) - (a->digest < b->digest);
}

static int compare_for_sort(const void *a, const void *b)
{
	return compare(a, b);
}

int objects_collect(orgdb *db, struct objects *out)
{
	orgdb_txn *txn;
	int rc = orgdb_begin_read(db, &txn);
	*out = (struct objects){ 0 };
	if (rc != 0)
		return rc;
	struct walk walk = { .txn = txn, .out = out };
	for (uint32_t kind = 0; rc == 0 && kind < ORGDB_ENTITY_KINDS; kind++)
		rc = collect_kind(&walk, kind);
	orgdb_end(txn);
	if (out->count > 0)
		qsort(out->data, out->count, sizeof(*out->data), compare_for_sort);
	return rc;
}

void objects_free(struct objects *objects)
{
	free(objects->data);
	*objects = (struct objects){ 0 };
}

void objects_missing(const struct objects *some, const struct objects *others, uint64_t missing[OBJECT_KINDS])
{
	memset(missing, 0, OBJECT_KINDS * sizeof(*missing));
	for (size_t i = 0, j = 0; i < some->count; i++) {
		while (j < others->count && compare(&others->data[j], &some->data[i]) < 0)
			j++;
		if (j < others->count && compare(&others->data[j], &some->data[i]) == 0)
			j++;
		else
			missing[some->data[i].kind]++;
	}
}
