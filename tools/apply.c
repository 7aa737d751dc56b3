/*
 * An object that was read, into a store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "cli.h"
#include "walk.h"

static union any_kind *object_of(const struct application *application)
{
	return &application->reader->entity;
}

/* --- Roles -------------------------------------------------------------------------------------------------------- */

static int assign_role(struct application *application, const char *role, size_t place)
{
	const orgdb_membership *membership = &object_of(application)->membership;
	int code =
		orgdb_member_role_assign(application->txn, membership->organization_id.data, membership->user_id.data, role);
	if (code != ORGDB_OK)
		snprintf(application->field, sizeof(application->field), "membership.roles[%zu]", place);
	return code;
}

static int assign_given_roles(struct application *application)
{
	const json_t *roles = application->reader->roles;
	int code = ORGDB_OK;
	for (size_t i = 0; code == ORGDB_OK && i < json_array_size(roles); i++)
		code = assign_role(application, json_string_value(json_array_get(roles, i)), i);
	return code;
}

/* A member's roles, as a list of NUL-terminated ids. */
struct role_ids {
	struct role_id {
		char text[24];
	} * ids;
	size_t count;
};

/* Copies, for views end with the first write. */
static int read_roles(const struct application *application, struct role_ids *roles)
{
	struct roles views = { 0 };
	int code = roles_read(&views, application->txn, &object_of(application)->membership);
	if (code == ORGDB_OK && views.count > 0) {
		roles->ids = calloc(views.count, sizeof(*roles->ids));
		code = roles->ids ? ORGDB_OK : ORGDB_NO_MEMORY;
	}
	for (; code == ORGDB_OK && roles->count < views.count; roles->count++)
		snprintf(roles->ids[roles->count].text, sizeof(roles->ids->text), "%.*s", (int)views.ids[roles->count].size,
			views.ids[roles->count].data);
	roles_free(&views);
	return code;
}

static bool has_role(const struct role_ids *roles, const char *id)
{
	for (size_t i = 0; i < roles->count; i++)
		if (strcmp(roles->ids[i].text, id) == 0)
			return true;
	return false;
}

static bool is_given_role(const struct application *application, const char *id)
{
	const json_t *given = application->reader->roles;
	for (size_t i = 0; i < json_array_size(given); i++)
		if (strcmp(json_string_value(json_array_get(given, i)), id) == 0)
			return true;
	return false;
}

/* Let a member who has `roles` have those that the object gives. */
static int change_roles(struct application *application, const struct role_ids *roles)
{
	const orgdb_membership *membership = &object_of(application)->membership;
	const json_t *given = application->reader->roles;
	int code = ORGDB_OK;
	for (size_t i = 0; code == ORGDB_OK && i < roles->count; i++)
		if (!is_given_role(application, roles->ids[i].text))
			code = orgdb_member_role_remove(
				application->txn, membership->organization_id.data, membership->user_id.data, roles->ids[i].text);
	for (size_t i = 0; code == ORGDB_OK && i < json_array_size(given); i++) {
		const char *role = json_string_value(json_array_get(given, i));
		if (!has_role(roles, role))
			code = assign_role(application, role, i);
	}
	return code;
}

/* --- Creating ----------------------------------------------------------------------------------------------------- */

static int create_membership(struct application *application)
{
	const orgdb_membership *membership = &object_of(application)->membership;
	int code =
		orgdb_membership_add(application->txn, membership->organization_id.data, membership->user_id.data, membership);
	return code == ORGDB_OK ? assign_given_roles(application) : code;
}

/* Texts that were read are NUL-terminated, so they can serve as ids. */
int apply_create(struct application *application)
{
	union any_kind *object = object_of(application);
	const orgdb_application_connection *offer = &object->application_connection;
	const orgdb_enabled_connection *enabled = &object->enabled_connection;
	const orgdb_organization_application *place = &object->organization_application;
	uint32_t kind = application->reader->schema->kind;
	application->outcome = OUTCOME_CREATED;
	application->field[0] = '\0';
	switch (kind) {
	case ORGDB_KIND_APPLICATION_CONNECTION:
		return orgdb_application_connection_enable(
			application->txn, offer->client_id.data, offer->connection_id.data, offer);
	case ORGDB_KIND_ENABLED_CONNECTION:
		return orgdb_enabled_connection_create(
			application->txn, enabled->organization_id.data, enabled->connection_id.data, enabled);
	case ORGDB_KIND_MEMBERSHIP:
		return create_membership(application);
	case ORGDB_KIND_ORGANIZATION_APPLICATION:
		return orgdb_organization_application_add(
			application->txn, place->organization_id.data, place->client_id.data, place);
	default:
		return orgdb_entity_create(application->txn, kind, object, application->id);
	}
}

/* --- Changing ----------------------------------------------------------------------------------------------------- */

/* Change a stored entity. Its id is copied, for views end with the first write. */
static int change_entity(struct application *application, const void *stored, orgdb_str id, bool null_removes)
{
	struct id copy;
	id_of(id, &copy);
	application->outcome = OUTCOME_UPDATED;
	int code = changes_of(application->reader, stored, null_removes);
	if (code != ORGDB_OK || changed_fields(application->reader) == 0)
		return code;
	return orgdb_entity_update(application->txn, application->reader->schema->kind, copy.text, object_of(application));
}

int apply_update(struct application *application, const char *id)
{
	union any_kind stored;
	application->field[0] = '\0';
	int code = orgdb_entity_get(application->txn, application->reader->schema->kind, id, &stored);
	return code == ORGDB_OK ? change_entity(application, &stored, orgdb_string(id), true) : code;
}

static orgdb_str id_in(const orgdb_schema *schema, const void *entity)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].flags & ORGDB_FIELD_ID)
			return *(const orgdb_str *)(const void *)((const char *)entity + schema->fields[i].offset);
	return orgdb_string(NULL);
}

/* The entity that the object means. ORGDB_NOT_FOUND too if it says nothing by which one could be found. */
static int find_stored(const struct application *application, union any_kind *stored)
{
	const union any_kind *object = object_of(application);
	const orgdb_schema *schema = application->reader->schema;
	orgdb_str id = id_in(schema, object);
	if (id.data)
		return orgdb_entity_get(application->txn, schema->kind, id.data, stored);
	if (schema->kind == ORGDB_KIND_ORGANIZATION && object->organization.name.data)
		return orgdb_organization_get_by_name(application->txn, object->organization.name.data, &stored->organization);
	if (schema->kind == ORGDB_KIND_CONNECTION && object->connection.name.data)
		return orgdb_connection_get_by_name(application->txn, object->connection.name.data, &stored->connection);
	const orgdb_role *role = &object->role;
	if (schema->kind == ORGDB_KIND_ROLE && role->name.data && role->owner_id.data)
		return orgdb_organization_role_get_by_name(
			application->txn, role->owner_id.data, role->name.data, &stored->role);
	if (schema->kind == ORGDB_KIND_ROLE && role->name.data)
		return orgdb_role_get_by_name(application->txn, role->name.data, &stored->role);
	const orgdb_discovery_domain *domain = &object->discovery_domain;
	if (schema->kind == ORGDB_KIND_DISCOVERY_DOMAIN && domain->organization_id.data && domain->domain.data)
		return orgdb_discovery_domain_get_by_domain(
			application->txn, domain->organization_id.data, domain->domain.data, &stored->discovery_domain);
	return ORGDB_NOT_FOUND;
}

static int upsert_entity(struct application *application)
{
	union any_kind stored;
	int code = find_stored(application, &stored);
	if (code == ORGDB_NOT_FOUND)
		return apply_create(application);
	return code == ORGDB_OK ? change_entity(application, &stored, id_in(application->reader->schema, &stored), false)
							: code;
}

/* Is there something to change in an edge? `*code` is what getting it returned. One that is not there is created. */
static bool has_changes(struct application *application, int *code, const void *stored)
{
	if (*code == ORGDB_NOT_FOUND) {
		*code = apply_create(application);
		return false;
	}
	application->outcome = OUTCOME_UPDATED;
	if (*code == ORGDB_OK)
		*code = changes_of(application->reader, stored, false);
	return *code == ORGDB_OK && changed_fields(application->reader) != 0;
}

static int upsert_enabled_connection(struct application *application)
{
	const orgdb_enabled_connection *given = &object_of(application)->enabled_connection;
	const char *organization_id = given->organization_id.data, *connection_id = given->connection_id.data;
	orgdb_enabled_connection stored;
	int code = orgdb_enabled_connection_get(application->txn, organization_id, connection_id, &stored);
	if (!has_changes(application, &code, &stored))
		return code;
	return orgdb_enabled_connection_update(application->txn, organization_id, connection_id, given);
}

static int upsert_organization_application(struct application *application)
{
	const orgdb_organization_application *given = &object_of(application)->organization_application;
	const char *organization_id = given->organization_id.data, *client_id = given->client_id.data;
	orgdb_organization_application stored;
	int code = orgdb_organization_application_get(application->txn, organization_id, client_id, &stored);
	if (!has_changes(application, &code, &stored))
		return code;
	return orgdb_organization_application_update(application->txn, organization_id, client_id, given);
}

/* Its only attributes are unknown fields, which cannot be changed where they are. */
static int upsert_application_connection(struct application *application)
{
	const orgdb_application_connection *given = &object_of(application)->application_connection;
	const char *client_id = given->client_id.data, *connection_id = given->connection_id.data;
	orgdb_application_connection stored;
	int code = orgdb_application_connection_get(application->txn, client_id, connection_id, &stored);
	if (!has_changes(application, &code, &stored))
		return code;
	code = orgdb_application_connection_disable(application->txn, client_id, connection_id);
	return code == ORGDB_OK ? orgdb_application_connection_enable(application->txn, client_id, connection_id, given)
							: code;
}

/* The same; its roles, which go with it, come back. */
static int replace_membership(struct application *application, const struct role_ids *roles)
{
	const orgdb_membership *given = &object_of(application)->membership;
	int code = orgdb_membership_remove(application->txn, given->organization_id.data, given->user_id.data);
	if (code == ORGDB_OK)
		code = orgdb_membership_add(application->txn, given->organization_id.data, given->user_id.data, given);
	for (size_t i = 0; code == ORGDB_OK && i < roles->count; i++)
		code = assign_role(application, roles->ids[i].text, i);
	return code;
}

static int upsert_membership(struct application *application)
{
	const orgdb_membership *given = &object_of(application)->membership;
	struct role_ids roles = { NULL, 0 };
	orgdb_membership stored;
	int code = orgdb_membership_get(application->txn, given->organization_id.data, given->user_id.data, &stored);
	bool is_changed = has_changes(application, &code, &stored);
	if (code != ORGDB_OK || application->outcome == OUTCOME_CREATED)
		return code;
	if (is_changed || application->reader->roles)
		code = read_roles(application, &roles);
	if (code == ORGDB_OK && is_changed)
		code = replace_membership(application, &roles);
	if (code == ORGDB_OK && application->reader->roles)
		code = change_roles(application, &roles);
	free(roles.ids);
	return code;
}

int apply_upsert(struct application *application)
{
	application->field[0] = '\0';
	switch (application->reader->schema->kind) {
	case ORGDB_KIND_APPLICATION_CONNECTION:
		return upsert_application_connection(application);
	case ORGDB_KIND_ENABLED_CONNECTION:
		return upsert_enabled_connection(application);
	case ORGDB_KIND_MEMBERSHIP:
		return upsert_membership(application);
	case ORGDB_KIND_ORGANIZATION_APPLICATION:
		return upsert_organization_application(application);
	default:
		return upsert_entity(application);
	}
}
