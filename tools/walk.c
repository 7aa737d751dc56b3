/*
 * Walks over a snapshot.
 *
 * SPDX-License-Identifier: MIT
 */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define PAGE 64

/* --- Lists -------------------------------------------------------------------------------------------------------- */

int walk_list(orgdb_txn *txn, const struct list *list, uint64_t after, visit_fn *visit, void *context)
{
	union any_kind page[PAGE];
	size_t stride = orgdb_schema_of(list->kind)->struct_size;
	size_t count = PAGE;
	int code = ORGDB_OK;
	while (count == PAGE && code == ORGDB_OK) {
		code = list->fill(txn, list, after, page, PAGE, &count);
		for (size_t i = 0; code == ORGDB_OK && i < count; i++) {
			const void *entry = (const char *)page + i * stride;
			code = visit(context, entry);
			after = *(const uint64_t *)entry; /* every struct begins with its ordinal */
		}
	}
	return code;
}

static int fill_entities(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_entity_list(txn, list->kind, after, page, capacity, count);
}

static int fill_members(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_organization_members(txn, list->owner, after, page, capacity, count);
}

static int fill_enabled(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_enabled_connection_list(txn, list->owner, after, page, capacity, count);
}

static int fill_organization_applications(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_organization_application_list(txn, list->owner, after, page, capacity, count);
}

static int fill_offers(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_application_connections(txn, list->owner, after, page, capacity, count);
}

static int fill_invitations(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_organization_invitations(txn, list->owner, after, page, capacity, count);
}

static int fill_roles(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_member_roles(txn, list->owner, list->user, after, page, capacity, count);
}

static int fill_organizations(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_user_organizations(txn, list->user, after, page, capacity, count);
}

static int fill_owned(
	orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count)
{
	return orgdb_owned_list(txn, list->kind, list->owner, after, page, capacity, count);
}

struct list entities_of_kind(uint32_t kind)
{
	return (struct list){ fill_entities, kind, NULL, NULL };
}

struct list members_of(const char *organization_id)
{
	return (struct list){ fill_members, ORGDB_KIND_USER, organization_id, NULL };
}

struct list enabled_connections_of(const char *organization_id)
{
	return (struct list){ fill_enabled, ORGDB_KIND_ENABLED_CONNECTION, organization_id, NULL };
}

struct list organization_applications_of(const char *organization_id)
{
	return (struct list){ fill_organization_applications, ORGDB_KIND_ORGANIZATION_APPLICATION, organization_id, NULL };
}

struct list offers_of(const char *client_id)
{
	return (struct list){ fill_offers, ORGDB_KIND_CONNECTION, client_id, NULL };
}

struct list invitations_of(const char *organization_id)
{
	return (struct list){ fill_invitations, ORGDB_KIND_INVITATION, organization_id, NULL };
}

struct list roles_of(const char *organization_id, const char *user_id)
{
	return (struct list){ fill_roles, ORGDB_KIND_ROLE, organization_id, user_id };
}

struct list organizations_of(const char *user_id)
{
	return (struct list){ fill_organizations, ORGDB_KIND_ORGANIZATION, NULL, user_id };
}

struct list owned_by(const char *organization_id, uint32_t kind)
{
	return (struct list){ fill_owned, kind, organization_id, NULL };
}

/* --- Kinds -------------------------------------------------------------------------------------------------------- */

/* A walk inside a walk: what is to be done with each object in the end, and to whom the inner list belongs. */
struct walker {
	orgdb_txn *txn;
	uint32_t kind;
	const char *owner;
	visit_fn *visit;
	void *context;
};

static int walk_entities(const struct walker *walker)
{
	struct list list = entities_of_kind(walker->kind);
	return walk_list(walker->txn, &list, 0, walker->visit, walker->context);
}

/* Call `visit` with a walker for each entity of a kind, it being the owner. */
static int walk_owners(const struct walker *walker, uint32_t kind, visit_fn *visit)
{
	struct walker inner = *walker;
	struct list list = entities_of_kind(kind);
	return walk_list(walker->txn, &list, 0, visit, &inner);
}

static int visit_offer(void *context, const void *entry)
{
	const struct walker *walker = context;
	const orgdb_connection *connection = entry;
	struct id id;
	orgdb_application_connection offer;
	int code = orgdb_application_connection_get(walker->txn, walker->owner, id_of(connection->id, &id), &offer);
	return code == ORGDB_OK ? walker->visit(walker->context, &offer) : code;
}

static int visit_offers(void *context, const void *entry)
{
	struct walker *walker = context;
	const orgdb_application *application = entry;
	struct id id;
	walker->owner = id_of(application->client_id, &id);
	struct list list = offers_of(walker->owner);
	return walk_list(walker->txn, &list, 0, visit_offer, walker);
}

static int walk_offers(const struct walker *walker)
{
	return walk_owners(walker, ORGDB_KIND_APPLICATION, visit_offers);
}

static int walk_enabled_of(const struct walker *walker)
{
	struct list list = enabled_connections_of(walker->owner);
	return walk_list(walker->txn, &list, 0, walker->visit, walker->context);
}

static int visit_enabled(void *context, const void *entry)
{
	struct walker *walker = context;
	const orgdb_organization *organization = entry;
	struct id id;
	walker->owner = id_of(organization->id, &id);
	return walk_enabled_of(walker);
}

static int walk_enabled(const struct walker *walker)
{
	return walk_owners(walker, ORGDB_KIND_ORGANIZATION, visit_enabled);
}

static int walk_organization_applications_of(const struct walker *walker)
{
	struct list list = organization_applications_of(walker->owner);
	return walk_list(walker->txn, &list, 0, walker->visit, walker->context);
}

static int visit_organization_applications(void *context, const void *entry)
{
	struct walker *walker = context;
	const orgdb_organization *organization = entry;
	struct id id;
	walker->owner = id_of(organization->id, &id);
	return walk_organization_applications_of(walker);
}

static int walk_organization_applications(const struct walker *walker)
{
	return walk_owners(walker, ORGDB_KIND_ORGANIZATION, visit_organization_applications);
}

static int visit_member(void *context, const void *entry)
{
	const struct walker *walker = context;
	const orgdb_user *user = entry;
	struct id id;
	orgdb_membership membership;
	int code = orgdb_membership_get(walker->txn, walker->owner, id_of(user->user_id, &id), &membership);
	return code == ORGDB_OK ? walker->visit(walker->context, &membership) : code;
}

static int walk_members_of(const struct walker *walker)
{
	struct walker inner = *walker;
	struct list list = members_of(walker->owner);
	return walk_list(walker->txn, &list, 0, visit_member, &inner);
}

static int visit_members(void *context, const void *entry)
{
	struct walker *walker = context;
	const orgdb_organization *organization = entry;
	struct id id;
	walker->owner = id_of(organization->id, &id);
	return walk_members_of(walker);
}

static int walk_members(const struct walker *walker)
{
	return walk_owners(walker, ORGDB_KIND_ORGANIZATION, visit_members);
}

/* --- One organization --------------------------------------------------------------------------------------------- */

static int walk_nothing(const struct walker *walker)
{
	(void)walker;
	return ORGDB_OK;
}

static int walk_itself(const struct walker *walker)
{
	orgdb_organization organization;
	int code = orgdb_organization_get(walker->txn, walker->owner, &organization);
	return code == ORGDB_OK ? walker->visit(walker->context, &organization) : code;
}

static int walk_users_of(const struct walker *walker)
{
	struct list list = members_of(walker->owner);
	return walk_list(walker->txn, &list, 0, walker->visit, walker->context);
}

/* An entity that an invitation of the organization may name. */
struct search {
	uint32_t kind;
	orgdb_str id;
	bool found;
};

/* Ids of roles are of one length, and what is between them is no part of any. */
static bool holds_role(orgdb_value roles, orgdb_str id)
{
	const char *data = roles.data;
	for (size_t at = 0; at + id.size <= roles.size; at++)
		if (memcmp(data + at, id.data, id.size) == 0)
			return true;
	return false;
}

static int visit_naming(void *context, const void *entry)
{
	struct search *search = context;
	const orgdb_invitation *invitation = entry;
	switch (search->kind) {
	case ORGDB_KIND_APPLICATION:
		search->found = orgdb_str_equal(invitation->client_id, search->id);
		break;
	case ORGDB_KIND_CONNECTION:
		search->found = orgdb_str_equal(invitation->connection_id, search->id);
		break;
	default:
		search->found = holds_role(invitation->roles, search->id);
	}
	return search->found ? WALK_STOPPED : ORGDB_OK;
}

/* Visit what belongs to the organization by an edge, as `code` says, or is named by an invitation. */
static int visit_needed(const struct walker *walker, int code, orgdb_str id, const void *entry)
{
	struct search search = { walker->kind, id, code == ORGDB_OK };
	struct list list = invitations_of(walker->owner);
	if (code == ORGDB_NOT_FOUND)
		code = walk_list(walker->txn, &list, 0, visit_naming, &search);
	if (code != ORGDB_OK && code != WALK_STOPPED)
		return code;
	return search.found ? walker->visit(walker->context, entry) : ORGDB_OK;
}

static int visit_connection_of(void *context, const void *entry)
{
	const struct walker *walker = context;
	const orgdb_connection *connection = entry;
	orgdb_enabled_connection enabled;
	struct id id;
	int code = orgdb_enabled_connection_get(walker->txn, walker->owner, id_of(connection->id, &id), &enabled);
	return visit_needed(walker, code, connection->id, entry);
}

static int visit_application_of(void *context, const void *entry)
{
	const struct walker *walker = context;
	const orgdb_application *application = entry;
	struct id id;
	int code = orgdb_organization_application_get(walker->txn, walker->owner, id_of(application->client_id, &id), NULL);
	return visit_needed(walker, code, application->client_id, entry);
}

static int walk_owned_by(const struct walker *walker)
{
	struct list list = owned_by(walker->owner, walker->kind);
	return walk_list(walker->txn, &list, 0, walker->visit, walker->context);
}

/* Its own roles, and those of the tenant's that its members have. */
static int visit_role_of(void *context, const void *entry)
{
	const struct walker *walker = context;
	const orgdb_role *role = entry;
	struct id id;
	orgdb_user member;
	size_t count;
	if (orgdb_str_equal(role->owner_id, orgdb_string(walker->owner)))
		return walker->visit(walker->context, role);
	int code = orgdb_role_members(walker->txn, walker->owner, id_of(role->id, &id), 0, &member, 1, &count);
	return visit_needed(walker, code == ORGDB_OK && count == 0 ? ORGDB_NOT_FOUND : code, role->id, entry);
}

static int walk_needed(const struct walker *walker, visit_fn *visit)
{
	struct walker inner = *walker;
	struct list list = entities_of_kind(walker->kind);
	return walk_list(walker->txn, &list, 0, visit, &inner);
}

static int walk_connections_of(const struct walker *walker)
{
	return walk_needed(walker, visit_connection_of);
}

static int walk_applications_of(const struct walker *walker)
{
	return walk_needed(walker, visit_application_of);
}

static int walk_roles_of(const struct walker *walker)
{
	return walk_needed(walker, visit_role_of);
}

static int walk_invitations_of(const struct walker *walker)
{
	struct list list = invitations_of(walker->owner);
	return walk_list(walker->txn, &list, 0, walker->visit, walker->context);
}

/* --- Which walk --------------------------------------------------------------------------------------------------- */

static int (*const walks[ORGDB_KINDS])(const struct walker *walker) = {
	[ORGDB_KIND_CONNECTION] = walk_entities,
	[ORGDB_KIND_APPLICATION] = walk_entities,
	[ORGDB_KIND_ROLE] = walk_entities,
	[ORGDB_KIND_USER] = walk_entities,
	[ORGDB_KIND_ORGANIZATION] = walk_entities,
	[ORGDB_KIND_APPLICATION_CONNECTION] = walk_offers,
	[ORGDB_KIND_ENABLED_CONNECTION] = walk_enabled,
	[ORGDB_KIND_MEMBERSHIP] = walk_members,
	[ORGDB_KIND_EMAIL_TEMPLATE] = walk_entities,
	[ORGDB_KIND_DISCOVERY_DOMAIN] = walk_entities,
	[ORGDB_KIND_ORGANIZATION_APPLICATION] = walk_organization_applications,
	[ORGDB_KIND_INVITATION] = walk_entities,
};

static int (*const walks_of_organization[ORGDB_KINDS])(const struct walker *walker) = {
	[ORGDB_KIND_CONNECTION] = walk_connections_of,
	[ORGDB_KIND_APPLICATION] = walk_applications_of,
	[ORGDB_KIND_ROLE] = walk_roles_of,
	[ORGDB_KIND_USER] = walk_users_of,
	[ORGDB_KIND_ORGANIZATION] = walk_itself,
	[ORGDB_KIND_APPLICATION_CONNECTION] = walk_nothing,
	[ORGDB_KIND_ENABLED_CONNECTION] = walk_enabled_of,
	[ORGDB_KIND_MEMBERSHIP] = walk_members_of,
	[ORGDB_KIND_EMAIL_TEMPLATE] = walk_nothing,
	[ORGDB_KIND_DISCOVERY_DOMAIN] = walk_owned_by,
	[ORGDB_KIND_ORGANIZATION_APPLICATION] = walk_organization_applications_of,
	[ORGDB_KIND_INVITATION] = walk_invitations_of,
};

int walk_kind(orgdb_txn *txn, uint32_t kind, const char *organization_id, visit_fn *visit, void *context)
{
	struct walker walker = { txn, kind, organization_id, visit, context };
	return (organization_id ? walks_of_organization : walks)[kind](&walker);
}

int find_object(orgdb_txn *txn, uint32_t kind, const char *id, const char *second_id, union any_kind *out)
{
	switch (kind) {
	case ORGDB_KIND_APPLICATION_CONNECTION:
		return orgdb_application_connection_get(txn, id, second_id, &out->application_connection);
	case ORGDB_KIND_ENABLED_CONNECTION:
		return orgdb_enabled_connection_get(txn, id, second_id, &out->enabled_connection);
	case ORGDB_KIND_MEMBERSHIP:
		return orgdb_membership_get(txn, id, second_id, &out->membership);
	case ORGDB_KIND_ORGANIZATION_APPLICATION:
		return orgdb_organization_application_get(txn, id, second_id, &out->organization_application);
	default:
		return orgdb_entity_get(txn, kind, id, out);
	}
}

/* --- Roles -------------------------------------------------------------------------------------------------------- */

static int add_role(void *context, const void *entry)
{
	struct roles *roles = context;
	const orgdb_role *role = entry;
	if (roles->count == roles->capacity) {
		size_t capacity = roles->capacity > 0 ? roles->capacity * 2 : PAGE;
		orgdb_str *ids = realloc(roles->ids, capacity * sizeof(*ids));
		if (!ids)
			return ORGDB_NO_MEMORY;
		roles->ids = ids;
		roles->capacity = capacity;
	}
	roles->ids[roles->count++] = role->id;
	return ORGDB_OK;
}

/* Role ids are of one length. */
static int compare_ids(const void *left, const void *right)
{
	const orgdb_str *a = left, *b = right;
	return memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
}

int roles_read(struct roles *roles, orgdb_txn *txn, const orgdb_membership *membership)
{
	struct id organization_id, user_id;
	struct list list =
		roles_of(id_of(membership->organization_id, &organization_id), id_of(membership->user_id, &user_id));
	roles->count = 0;
	int code = walk_list(txn, &list, 0, add_role, roles);
	if (roles->count > 1)
		qsort(roles->ids, roles->count, sizeof(*roles->ids), compare_ids);
	return code;
}

void roles_free(struct roles *roles)
{
	free(roles->ids);
	*roles = (struct roles){ 0 };
}

/* --- Objects out -------------------------------------------------------------------------------------------------- */

bool output_begin(struct output *output, orgdb_txn *txn)
{
	*output = (struct output){ .txn = txn };
	return json_writer_begin(&output->writer, stdout);
}

void output_end(struct output *output)
{
	json_writer_end(&output->writer);
	roles_free(&output->roles);
}

int output_object(struct output *output, uint32_t kind, const void *entity)
{
	output->roles.count = 0;
	if (kind == ORGDB_KIND_MEMBERSHIP) {
		int code = roles_read(&output->roles, output->txn, entity);
		if (code != ORGDB_OK)
			return code;
	}
	object_write(&output->writer, orgdb_schema_of(kind), entity, output->roles.ids, output->roles.count);
	return output_failed() ? WALK_STOPPED : output->writer.error;
}
