/*
 * Cascades: what goes when something goes, as one table.
 *
 * Each step empties the sets that the entity owns in one table, chunk by chunk in key order, and takes the entity out of
 * the sets on the other side. Key order matters: LMDB cannot track more than some 131,000 emptied pages that are
 * scattered, but any number of neighbors.
 *
 * Nothing here can fail for a reason of the caller's, so every failure sticks to the transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cascade.h"

#include <stdlib.h>

#include "attributes.h"
#include "edges.h"
#include "entity.h"
#include "error.h"
#include "login.h"
#include "owned.h"
#include "references.h"

/* What is being deleted, as the steps need it. */
struct deletion {
	orgdb_txn *txn;
	const union entity *entity;
	uint64_t ordinal;
	orgdb_cascade *gone;
};

/* ---- The other half ---------------------------------------------------------------------------------------------- */

static int remove_half(orgdb_txn *txn, const struct half *half)
{
	int rc = orgdb__set_remove(txn, half);
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, half->table, "an edge has only one of its halves") : rc;
}

static int drop_attributes(struct deletion *deletion, uint32_t kind, uint64_t first, uint64_t second)
{
	struct key key = key_of_pair(first, second);
	return orgdb__attributes_delete(deletion->txn, orgdb__kind(kind), &key);
}

static int drop_attributes_of(struct deletion *deletion, uint32_t kind)
{
	struct key prefix = key_of_number(deletion->ordinal);
	return orgdb__kv_delete_prefix(deletion->txn->kv, orgdb__kind(kind)->records, key_bytes(&prefix));
}

/* A relation whose halves are both in sets, and where of it is counted what goes. */
struct relation {
	uint32_t kind;
	struct edge (*edge)(uint64_t first, uint64_t second);
	enum kv_table of_first;
	enum kv_table of_second;
	size_t gone;
};

static const struct relation memberships = { ORGDB_KIND_MEMBERSHIP, orgdb__edge_of_membership,
	TABLE_MEMBERS_OF_ORGANIZATION, TABLE_ORGANIZATIONS_OF_USER, offsetof(orgdb_cascade, memberships) };
static const struct relation application_connections = { ORGDB_KIND_APPLICATION_CONNECTION,
	orgdb__edge_of_application_connection, TABLE_CONNECTIONS_OF_APPLICATION, TABLE_APPLICATIONS_OF_CONNECTION,
	offsetof(orgdb_cascade, application_connections) };
static const struct relation organization_applications = { ORGDB_KIND_ORGANIZATION_APPLICATION,
	orgdb__edge_of_organization_application, TABLE_APPLICATIONS_OF_ORGANIZATION, TABLE_ORGANIZATIONS_OF_APPLICATION,
	offsetof(orgdb_cascade, organization_applications) };

static void count_edges(struct deletion *deletion, const struct relation *relation, size_t count)
{
	*(uint64_t *)(void *)((char *)deletion->gone + relation->gone) += count;
}

/* The first end of every edge of the relation goes. */
static int drop_of_first(struct deletion *deletion, const struct relation *relation)
{
	struct key owner = key_of_number(deletion->ordinal);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(deletion->txn, relation->of_first, &owner, 1, &chunk)) == 0) {
		count_edges(deletion, relation, chunk.count);
		for (size_t i = 0; i < chunk.count; i++) {
			struct edge edge = relation->edge(deletion->ordinal, chunk.ordinals[i]);
			rc = remove_half(deletion->txn, &edge.reverse);
			if (rc != 0)
				return rc;
		}
	}
	return rc == ORGDB_NOT_FOUND ? drop_attributes_of(deletion, relation->kind) : rc;
}

/* The second does; the attributes lie under the first ones. */
static int drop_of_second(struct deletion *deletion, const struct relation *relation)
{
	struct key owner = key_of_number(deletion->ordinal);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(deletion->txn, relation->of_second, &owner, 1, &chunk)) == 0) {
		count_edges(deletion, relation, chunk.count);
		for (size_t i = 0; i < chunk.count; i++) {
			struct edge edge = relation->edge(chunk.ordinals[i], deletion->ordinal);
			rc = remove_half(deletion->txn, &edge.forward);
			if (rc == 0)
				rc = drop_attributes(deletion, relation->kind, chunk.ordinals[i], deletion->ordinal);
			if (rc != 0)
				return rc;
		}
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

/* ---- An organization goes ---------------------------------------------------------------------------------------- */

/* A growing set of numbers. */
struct numbers {
	uint64_t *data;
	size_t count;
	size_t capacity;
};

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void sort_and_unite(struct numbers *numbers)
{
	if (numbers->count == 0)
		return;
	qsort(numbers->data, numbers->count, sizeof(uint64_t), compare_numbers);
	size_t kept = 1;
	for (size_t i = 1; i < numbers->count; i++)
		if (numbers->data[i] != numbers->data[kept - 1])
			numbers->data[kept++] = numbers->data[i];
	numbers->count = kept;
}

/* Doubles are thrown out before the array grows, so its size follows that of the set. */
static int add_numbers(struct numbers *numbers, const uint64_t *more, size_t count)
{
	if (!numbers->data || numbers->count + count > numbers->capacity) {
		sort_and_unite(numbers);
		size_t capacity = 2 * (numbers->count + count) + 1024;
		uint64_t *data = orgdb__reallocate(numbers->data, capacity * sizeof(uint64_t));
		if (!data)
			return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for %zu numbers", capacity);
		numbers->data = data;
		numbers->capacity = capacity;
	}
	memcpy(numbers->data + numbers->count, more, count * sizeof(uint64_t));
	numbers->count += count;
	return 0;
}

/* Take all roles from all members, forward half; which roles those were goes to `roles`. */
static int drain_member_roles(struct deletion *deletion, struct numbers *roles)
{
	struct key organization = key_of_number(deletion->ordinal);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(deletion->txn, TABLE_ROLES_OF_MEMBER, &organization, 2, &chunk)) == 0) {
		deletion->gone->member_roles += chunk.count;
		rc = add_numbers(roles, chunk.ordinals, chunk.count);
		if (rc != 0)
			return rc;
	}
	sort_and_unite(roles);
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

/* The reverse halves lie together under (role, organization), so each role costs one range, however many members. */
static int drop_member_roles_of_organization(struct deletion *deletion)
{
	struct numbers roles = { 0 };
	int rc = drain_member_roles(deletion, &roles);
	for (size_t i = 0; i < roles.count && rc == 0; i++) {
		struct key owner = key_of_pair(roles.data[i], deletion->ordinal);
		rc = orgdb__kv_delete_prefix(deletion->txn->kv, TABLE_MEMBERS_OF_ROLE, key_bytes(&owner));
	}
	orgdb__release(roles.data);
	return rc;
}

static int drop_memberships_of_organization(struct deletion *deletion)
{
	return drop_of_first(deletion, &memberships);
}

static int drop_applications_of_organization(struct deletion *deletion)
{
	return drop_of_first(deletion, &organization_applications);
}

static int leave_connections_of_row(struct deletion *deletion, const struct login *login)
{
	for (uint32_t i = 0; i < login->count; i++) {
		struct half half = orgdb__half_of_enabled_connection(deletion->ordinal, login_at(login, i).connection);
		int rc = remove_half(deletion->txn, &half);
		if (rc != 0)
			return rc;
	}
	deletion->gone->enabled_connections += login->count;
	return drop_attributes_of(deletion, ORGDB_KIND_ENABLED_CONNECTION);
}

static int drop_enabled_connections_of_organization(struct deletion *deletion)
{
	orgdb_str id = deletion->entity->organization.id;
	struct buffer row = { 0 };
	struct login login;
	int rc = orgdb__login_copy(deletion->txn, id, &row, &login);
	if (rc == 0)
		rc = leave_connections_of_row(deletion, &login);
	orgdb__buffer_free(&row);
	return rc == 0 ? orgdb__login_delete(deletion->txn, id, deletion->ordinal) : rc;
}

/* ---- A connection goes ------------------------------------------------------------------------------------------- */

static int leave_hot_rows(struct deletion *deletion, const struct chunk *chunk)
{
	deletion->gone->enabled_connections += chunk->count;
	for (size_t i = 0; i < chunk->count; i++) {
		orgdb_organization organization;
		int rc =
			orgdb__entity_load(deletion->txn, orgdb__kind(ORGDB_KIND_ORGANIZATION), chunk->ordinals[i], &organization);
		if (rc == 0)
			rc = orgdb__login_set(deletion->txn, organization.id, deletion->ordinal, NULL);
		if (rc == 0)
			rc = drop_attributes(deletion, ORGDB_KIND_ENABLED_CONNECTION, chunk->ordinals[i], deletion->ordinal);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int drop_enabled_connections_of_connection(struct deletion *deletion)
{
	struct key connection = key_of_number(deletion->ordinal);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(deletion->txn, TABLE_ORGANIZATIONS_OF_CONNECTION, &connection, 1, &chunk)) == 0) {
		rc = leave_hot_rows(deletion, &chunk);
		if (rc != 0)
			return rc;
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

static int drop_application_connections_of_connection(struct deletion *deletion)
{
	return drop_of_second(deletion, &application_connections);
}

/* ---- An application goes ----------------------------------------------------------------------------------------- */

static int drop_application_connections_of_application(struct deletion *deletion)
{
	return drop_of_first(deletion, &application_connections);
}

static int drop_organizations_of_application(struct deletion *deletion)
{
	return drop_of_second(deletion, &organization_applications);
}

/* ---- A user goes ------------------------------------------------------------------------------------------------- */

static int drop_roles_of_member(orgdb_txn *txn, uint64_t organization, uint64_t user, uint64_t *roles)
{
	struct key member = key_of_pair(organization, user);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(txn, TABLE_ROLES_OF_MEMBER, &member, 2, &chunk)) == 0) {
		*roles += chunk.count;
		for (size_t i = 0; i < chunk.count; i++) {
			struct edge edge = orgdb__edge_of_member_role(organization, user, chunk.ordinals[i]);
			rc = remove_half(txn, &edge.reverse);
			if (rc != 0)
				return rc;
		}
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb__cascade_member(orgdb_txn *txn, uint64_t organization, uint64_t user)
{
	uint64_t roles = 0;
	int rc = drop_roles_of_member(txn, organization, user, &roles);
	return rc == 0 ? orgdb__edges_counted(txn, EDGE_MEMBER_ROLE, 0, roles) : orgdb__kv_poison(txn->kv, rc);
}

static int drop_memberships_of_user(struct deletion *deletion)
{
	return drop_of_second(deletion, &memberships);
}

/* Before the memberships, which say where the user's roles are. */
static int drop_member_roles_of_user(struct deletion *deletion)
{
	struct key user = key_of_number(deletion->ordinal);
	uint64_t organizations[CHUNK_COUNT_MAX], after = 0;
	size_t count;
	do {
		int rc = orgdb__set_list(
			deletion->txn, TABLE_ORGANIZATIONS_OF_USER, &user, after, organizations, CHUNK_COUNT_MAX, &count);
		for (size_t i = 0; i < count && rc == 0; i++) {
			after = organizations[i];
			rc = drop_roles_of_member(deletion->txn, after, deletion->ordinal, &deletion->gone->member_roles);
		}
		if (rc != 0)
			return rc;
	} while (count == CHUNK_COUNT_MAX);
	return 0;
}

/* ---- A role goes ------------------------------------------------------------------------------------------------- */

static int leave_members(struct deletion *deletion, const struct chunk *chunk)
{
	uint64_t owner[2]; /* The role and the organization. */
	orgdb__chunk_owner(chunk, owner);
	deletion->gone->member_roles += chunk->count;
	for (size_t i = 0; i < chunk->count; i++) {
		struct edge edge = orgdb__edge_of_member_role(owner[1], chunk->ordinals[i], owner[0]);
		int rc = remove_half(deletion->txn, &edge.forward);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int drop_member_roles_of_role(struct deletion *deletion)
{
	struct key role = key_of_number(deletion->ordinal);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(deletion->txn, TABLE_MEMBERS_OF_ROLE, &role, 2, &chunk)) == 0) {
		rc = leave_members(deletion, &chunk);
		if (rc != 0)
			return rc;
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

/* ---- What an organization owns goes ------------------------------------------------------------------------------ */

static int take_steps(uint32_t kind, struct deletion *deletion);

/* Its record is copied: what the map holds moves when the transaction writes. */
static int drop_owned_entity(struct deletion *deletion, const struct kind *kind, uint64_t ordinal, struct buffer *copy)
{
	struct bytes record;
	union entity entity;
	struct deletion inner = { deletion->txn, &entity, ordinal, deletion->gone };
	int rc = orgdb__entity_record(deletion->txn, kind, ordinal, &record);
	copy->size = 0;
	if (rc == 0)
		rc = orgdb__buffer_append(copy, record.data, record.size);
	if (rc == 0)
		rc = orgdb__entity_decode(deletion->txn, kind, (struct bytes){ copy->data, copy->size }, ordinal, &entity);
	if (rc == 0)
		rc = take_steps(kind->schema.kind, &inner);
	return rc == 0 ? orgdb__entity_erase(deletion->txn, kind, &entity) : rc;
}

static int drop_owned_of_kind(struct deletion *deletion, const struct kind *kind, struct buffer *copy)
{
	struct key organization = key_of_number(deletion->ordinal);
	uint64_t *gone = (uint64_t *)((char *)deletion->gone + kind->owned_gone);
	struct chunk chunk;
	int rc;
	while ((rc = orgdb__chunk_take(deletion->txn, kind->owned, &organization, 1, &chunk)) == 0) {
		*gone += chunk.count;
		for (size_t i = 0; i < chunk.count && rc == 0; i++)
			rc = drop_owned_entity(deletion, kind, chunk.ordinals[i], copy);
		if (rc != 0)
			return rc;
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

static int drop_owned_of_organization(struct deletion *deletion)
{
	struct buffer copy = { 0 };
	int rc = 0;
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS && rc == 0; kind++)
		if (orgdb__kind(kind)->owner)
			rc = drop_owned_of_kind(deletion, orgdb__kind(kind), &copy);
	orgdb__buffer_free(&copy);
	return rc;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* When an entity of `kind` goes, these edges go, in this order. Of entities only those go that refer to it (see references.c)
 * or that an organization owns; the latter after its edges, which are quicker taken away together than one by one from what
 * it owns. */
static const struct {
	orgdb_kind kind;
	int (*drop)(struct deletion *deletion);
} steps[] = {
	{ ORGDB_KIND_ORGANIZATION, drop_member_roles_of_organization },
	{ ORGDB_KIND_ORGANIZATION, drop_memberships_of_organization },
	{ ORGDB_KIND_ORGANIZATION, drop_enabled_connections_of_organization },
	{ ORGDB_KIND_ORGANIZATION, drop_applications_of_organization },
	{ ORGDB_KIND_ORGANIZATION, drop_owned_of_organization },
	{ ORGDB_KIND_CONNECTION, drop_enabled_connections_of_connection },
	{ ORGDB_KIND_CONNECTION, drop_application_connections_of_connection },
	{ ORGDB_KIND_APPLICATION, drop_application_connections_of_application },
	{ ORGDB_KIND_APPLICATION, drop_organizations_of_application },
	{ ORGDB_KIND_USER, drop_member_roles_of_user },
	{ ORGDB_KIND_USER, drop_memberships_of_user },
	{ ORGDB_KIND_ROLE, drop_member_roles_of_role },
};

static int take_steps(uint32_t kind, struct deletion *deletion)
{
	int rc = orgdb__references_cascade(deletion->txn, kind, deletion->entity, deletion->gone);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc == 0; i++)
		if ((uint32_t)steps[i].kind == kind)
			rc = steps[i].drop(deletion);
	return rc;
}

static int count_gone(orgdb_txn *txn, const orgdb_cascade *gone)
{
	int rc = orgdb__edges_counted(txn, EDGE_MEMBERSHIP, 0, gone->memberships);
	if (rc == 0)
		rc = orgdb__edges_counted(txn, EDGE_MEMBER_ROLE, 0, gone->member_roles);
	if (rc == 0)
		rc = orgdb__edges_counted(txn, EDGE_ENABLED_CONNECTION, 0, gone->enabled_connections);
	if (rc == 0)
		rc = orgdb__edges_counted(txn, EDGE_APPLICATION_CONNECTION, 0, gone->application_connections);
	if (rc == 0)
		rc = orgdb__edges_counted(txn, EDGE_ORGANIZATION_APPLICATION, 0, gone->organization_applications);
	return rc;
}

int orgdb__cascade(orgdb_txn *txn, uint32_t kind, const union entity *entity, orgdb_cascade *gone)
{
	*gone = (orgdb_cascade){ 0 };
	struct deletion deletion = { txn, entity, entity->head.ordinal, gone };
	int rc = take_steps(kind, &deletion);
	if (rc == 0)
		rc = count_gone(txn, gone);
	return rc == 0 ? 0 : orgdb__kv_poison(txn->kv, rc);
}
