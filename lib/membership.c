/*
 * Memberships, and the roles that members have.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cascade.h"
#include "ends.h"
#include "entity.h"
#include "error.h"
#include "owned.h"

static const struct kind *kind(void)
{
	return orgdb__kind(ORGDB_KIND_MEMBERSHIP);
}

static int find_edge(
	orgdb_txn *txn, const char *organization_id, const char *user_id, struct ends *ends, struct edge *edge)
{
	int rc = orgdb__ends_find(txn, ORGDB_KIND_ORGANIZATION, organization_id, ORGDB_KIND_USER, user_id, ends);
	if (rc == 0)
		*edge = orgdb__edge_of_membership(ends->first, ends->second);
	return rc;
}

static int find_existing(
	orgdb_txn *txn, const char *organization_id, const char *user_id, struct ends *ends, struct edge *edge)
{
	int rc = find_edge(txn, organization_id, user_id, ends, edge);
	return rc == 0 ? orgdb__ends_exist(txn, kind(), edge, organization_id, user_id) : rc;
}

/* ---- Memberships ------------------------------------------------------------------------------------------------- */

int orgdb_membership_add(
	orgdb_txn *txn, const char *organization_id, const char *user_id, const orgdb_membership *attributes)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_edge(txn, organization_id, user_id, &ends, &edge);
	return rc == 0 ? orgdb__ends_add(txn, kind(), &edge, &ends, organization_id, user_id, attributes) : rc;
}

int orgdb_membership_get(orgdb_txn *txn, const char *organization_id, const char *user_id, orgdb_membership *out)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, user_id, &ends, &edge);
	if (rc != 0 || !out)
		return rc;
	struct key key = key_of_pair(ends.first, ends.second);
	rc = orgdb__attributes_read(txn, kind(), &key, out);
	out->ordinal = ends.second;
	return rc == 0 ? orgdb__ends_name(txn, kind(), ORGDB_KIND_ORGANIZATION, ORGDB_KIND_USER, &ends, out) : rc;
}

int orgdb_membership_contains(orgdb_txn *txn, const char *organization_id, const char *user_id, bool *is_member)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = find_edge(txn, organization_id, user_id, &ends, &edge);
	if (rc != 0)
		return rc;
	rc = orgdb__edge_exists(txn, &edge);
	*is_member = rc == 0;
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb_membership_remove(orgdb_txn *txn, const char *organization_id, const char *user_id)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, user_id, &ends, &edge);
	if (rc == 0)
		rc = orgdb__cascade_member(txn, ends.first, ends.second);
	return rc == 0 ? orgdb__ends_remove(txn, kind(), &edge, &ends, organization_id, user_id) : rc;
}

int orgdb_organization_members(
	orgdb_txn *txn, const char *organization_id, uint64_t after, orgdb_user *array, size_t capacity, size_t *count)
{
	struct page page = { ORGDB_KIND_USER, after, array, capacity, count };
	return orgdb__ends_list_of(txn, ORGDB_KIND_ORGANIZATION, organization_id, TABLE_MEMBERS_OF_ORGANIZATION, &page);
}

int orgdb_user_organizations(
	orgdb_txn *txn, const char *user_id, uint64_t after, orgdb_organization *array, size_t capacity, size_t *count)
{
	struct page page = { ORGDB_KIND_ORGANIZATION, after, array, capacity, count };
	return orgdb__ends_list_of(txn, ORGDB_KIND_USER, user_id, TABLE_ORGANIZATIONS_OF_USER, &page);
}

int orgdb_organization_member_count(orgdb_txn *txn, const char *organization_id, uint64_t *count)
{
	return orgdb__ends_count(txn, ORGDB_KIND_ORGANIZATION, organization_id, TABLE_MEMBERS_OF_ORGANIZATION, count);
}

int orgdb_user_organization_count(orgdb_txn *txn, const char *user_id, uint64_t *count)
{
	return orgdb__ends_count(txn, ORGDB_KIND_USER, user_id, TABLE_ORGANIZATIONS_OF_USER, count);
}

/* ---- Roles of members -------------------------------------------------------------------------------------------- */

static int find_role(orgdb_txn *txn, const char *organization_id, const char *user_id, const char *role_id,
	struct ends *ends, struct edge *edge)
{
	struct edge membership;
	uint64_t role;
	int rc = find_existing(txn, organization_id, user_id, ends, &membership);
	if (rc == 0)
		rc = orgdb__entity_find(txn, ORGDB_KIND_ROLE, role_id, &role);
	if (rc == 0)
		*edge = orgdb__edge_of_member_role(ends->first, ends->second, role);
	return rc;
}

/* An organization's own roles are for its members alone, and nobody has more than so many. */
static int check_assignment(orgdb_txn *txn, const struct edge *edge, uint64_t organization)
{
	union entity role;
	uint64_t owner, count;
	const struct kind *roles = orgdb__kind(ORGDB_KIND_ROLE);
	int rc = orgdb__entity_load(txn, roles, edge->forward.ordinal, &role);
	if (rc == 0)
		rc = orgdb__owned_owner(txn, roles, &role, &owner);
	if (rc == 0)
		rc = orgdb__set_count(txn, edge->forward.table, &edge->forward.owner, &count);
	if (rc != 0)
		return rc;
	if (owner != 0 && owner != organization)
		return orgdb__fail(ORGDB_FORBIDDEN, "membership.roles",
			"the role \"%.*s\" is another organization's own, \"%.*s\"; only its members may have it",
			EXCERPT(role.role.id), EXCERPT(role.role.owner_id));
	if (count >= ORGDB_MEMBER_ROLES_MAX)
		return orgdb__fail(ORGDB_TOO_LARGE, "membership.roles", "a member has at most %d roles in an organization",
			ORGDB_MEMBER_ROLES_MAX);
	return 0;
}

int orgdb_member_role_assign(orgdb_txn *txn, const char *organization_id, const char *user_id, const char *role_id)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_role(txn, organization_id, user_id, role_id, &ends, &edge);
	if (rc == 0 && orgdb__edge_exists(txn, &edge) == ORGDB_NOT_FOUND)
		rc = check_assignment(txn, &edge, ends.first);
	if (rc == 0)
		rc = orgdb__edge_add(txn, &edge);
	if (rc == ORGDB_EXISTS)
		return orgdb__fail(rc, "membership.roles", "\"%.60s\" has the role \"%.60s\" in \"%.60s\" already", user_id,
			role_id, organization_id);
	return rc;
}

int orgdb_member_role_remove(orgdb_txn *txn, const char *organization_id, const char *user_id, const char *role_id)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_role(txn, organization_id, user_id, role_id, &ends, &edge);
	if (rc != 0)
		return rc;
	rc = orgdb__edge_remove(txn, &edge);
	if (rc == ORGDB_NOT_FOUND)
		return orgdb__fail(rc, "membership.roles", "\"%.60s\" does not have the role \"%.60s\" in \"%.60s\"", user_id,
			role_id, organization_id);
	return rc;
}

int orgdb_member_roles(orgdb_txn *txn, const char *organization_id, const char *user_id, uint64_t after,
	orgdb_role *array, size_t capacity, size_t *count)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, user_id, &ends, &edge);
	if (rc != 0)
		return rc;
	struct key owner = key_of_pair(ends.first, ends.second);
	struct page page = { ORGDB_KIND_ROLE, after, array, capacity, count };
	return orgdb__ends_list(txn, TABLE_ROLES_OF_MEMBER, &owner, &page);
}

int orgdb_role_members(orgdb_txn *txn, const char *organization_id, const char *role_id, uint64_t after,
	orgdb_user *array, size_t capacity, size_t *count)
{
	struct ends ends;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__ends_find(txn, ORGDB_KIND_ORGANIZATION, organization_id, ORGDB_KIND_ROLE, role_id, &ends);
	if (rc != 0)
		return rc;
	struct key owner = key_of_pair(ends.second, ends.first);
	struct page page = { ORGDB_KIND_USER, after, array, capacity, count };
	return orgdb__ends_list(txn, TABLE_MEMBERS_OF_ROLE, &owner, &page);
}
