/*
 * What organizations own: their roles, listed with them, given to their members only, gone with them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "fixture.h"

static const char *acme, *other;

static void setup(void)
{
	fixture_writing();
	acme = create_organization("acme");
	other = create_organization("other");
}

TestSuite(owned, .init = setup, .fini = fixture_close, .timeout = 120);

static orgdb_role role_of(const char *organization_id, const char *name)
{
	orgdb_role role = ORGDB_ROLE_INIT;
	role.name = orgdb_string(name);
	if (organization_id) {
		role.type = ORGDB_ROLE_OF_ORGANIZATION;
		role.owner_id = orgdb_string(organization_id);
	}
	return role;
}

static int try_role(const char *organization_id, const char *name)
{
	orgdb_role role = role_of(organization_id, name);
	return orgdb_role_create(txn, &role, NULL);
}

static uint64_t roles_owned_by(const char *organization_id)
{
	uint64_t count;
	must(orgdb_owned_count(txn, ORGDB_KIND_ROLE, organization_id, &count));
	return count;
}

/* Roles. */

Test(owned, a_role_has_a_type_and_an_owner_or_neither)
{
	orgdb_role got, role = role_of(acme, "admin");
	const char *id = create_role_of(acme, "admin");
	must(orgdb_role_get(txn, id, &got));
	cr_expect_eq(got.type, ORGDB_ROLE_OF_ORGANIZATION);
	expect_text(got.owner_id, acme);
	role.type = ORGDB_ROLE_OF_TENANT;
	expect_error(orgdb_role_create(txn, &role, NULL), ORGDB_INVALID, "role.type");
	role.type = ORGDB_ROLE_OF_ORGANIZATION;
	role.owner_id.data = NULL;
	expect_error(orgdb_role_create(txn, &role, NULL), ORGDB_INVALID, "role.owner_id");
	expect_error(try_role("org_zzzzzzzzzzzzzzzz", "admin"), ORGDB_NOT_FOUND, "role.owner_id");
	expect_error(try_role("acme", "admin"), ORGDB_INVALID, "role.owner_id");
	expect_number(statistics().count[ORGDB_KIND_ROLE], 1);
	commit_and_check();
}

Test(owned, neither_type_nor_owner_ever_changes)
{
	const char *id = create_role_of(acme, "admin");
	orgdb_role changes = role_of(other, "admin");
	changes.fields = ORGDB_ROLE_OWNER_ID;
	expect_error(orgdb_role_update(txn, id, &changes), ORGDB_INVALID, "role.owner_id");
	changes.fields = ORGDB_ROLE_TYPE;
	expect_error(orgdb_role_update(txn, id, &changes), ORGDB_INVALID, "role.type");
	expect_number(roles_owned_by(acme), 1);
	expect_number(roles_owned_by(other), 0);
	commit_and_check();
}

Test(owned, names_are_unique_among_what_one_owns)
{
	const char *name = repeat("\xc3\xa9", 255); /* Too long for a key. */
	const char *const owners[] = { NULL, acme, other };
	const char *ids[COUNT_OF(owners)];
	for (size_t i = 0; i < COUNT_OF(owners); i++) {
		create_role_of(owners[i], "admin");
		ids[i] = create_role_of(owners[i], name);
		expect_error(try_role(owners[i], "admin"), ORGDB_EXISTS, "role.name");
		expect_error(try_role(owners[i], name), ORGDB_EXISTS, "role.name");
	}
	orgdb_role got;
	must(orgdb_role_get_by_name(txn, name, &got));
	expect_text(got.id, ids[0]);
	for (size_t i = 1; i < COUNT_OF(owners); i++) {
		must(orgdb_organization_role_get_by_name(txn, owners[i], name, &got));
		expect_text(got.id, ids[i]);
	}
	expect_error(orgdb_organization_role_get_by_name(txn, acme, repeat("x", 5000), &got), ORGDB_NOT_FOUND, "role.name");
	expect_error(
		orgdb_organization_role_get_by_name(txn, "org_zzzzzzzzzzzzzzzz", name, &got), ORGDB_NOT_FOUND, "organization");
	must(orgdb_role_delete(txn, ids[1], NULL));
	expect_error(orgdb_organization_role_get_by_name(txn, acme, name, &got), ORGDB_NOT_FOUND, "role.name");
	create_role_of(acme, name);
	commit_and_check();
}

Test(owned, a_role_that_is_renamed_keeps_its_owner)
{
	const char *id = create_role_of(acme, "admin");
	orgdb_role got, changes = ORGDB_ROLE_INIT;
	create_role("boss");
	changes.fields = ORGDB_ROLE_NAME;
	changes.name = orgdb_string("boss");
	must(orgdb_role_update(txn, id, &changes));
	must(orgdb_organization_role_get_by_name(txn, acme, "boss", &got));
	expect_text(got.id, id);
	expect_number(roles_owned_by(acme), 1);
	create_role_of(acme, "admin");
	commit_and_check();
}

Test(owned, only_the_owners_members_may_have_a_role)
{
	const char *user = create_user("member"), *role = create_role_of(acme, "admin");
	add_member(acme, user);
	add_member(other, user);
	expect_error(orgdb_member_role_assign(txn, other, user, role), ORGDB_FORBIDDEN, "membership.roles");
	must(orgdb_member_role_assign(txn, acme, user, role));
	expect_error(orgdb_member_role_assign(txn, acme, user, role), ORGDB_EXISTS, "membership.roles");
	expect_number(statistics().member_roles, 1);
	commit_and_check();
}

Test(owned, a_member_has_so_many_roles_at_most)
{
	const char *user = create_user("member"), *role = NULL;
	add_member(acme, user);
	add_member(other, user);
	for (size_t i = 0; i < ORGDB_MEMBER_ROLES_MAX; i++) {
		role = create_role(format("role %zu", i));
		must(orgdb_member_role_assign(txn, acme, user, role));
	}
	const char *more = create_role("more");
	expect_error(orgdb_member_role_assign(txn, acme, user, more), ORGDB_TOO_LARGE, "membership.roles");
	expect_error(orgdb_member_role_assign(txn, acme, user, role), ORGDB_EXISTS, "membership.roles");
	must(orgdb_member_role_assign(txn, other, user, more));
	must(orgdb_member_role_remove(txn, acme, user, role));
	must(orgdb_member_role_assign(txn, acme, user, more));
	commit_and_check();
}

/* Lists and limits. */

Test(owned, lists_what_one_owns_in_creation_order)
{
	const char *ids[40];
	orgdb_role roles[40];
	size_t count;
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		ids[i] = create_role_of(acme, format("role %zu", i));
		create_role_of(other, format("role %zu", i));
	}
	must(orgdb_organization_roles(txn, acme, 0, roles, 30, &count));
	expect_number(count, 30);
	must(orgdb_organization_roles(txn, acme, roles[29].ordinal, roles + 30, 30, &count));
	expect_number(count, 10);
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		expect_text(roles[i].id, ids[i]);
	must(orgdb_owned_list(txn, ORGDB_KIND_ROLE, acme, roles[39].ordinal, roles, 30, &count));
	expect_number(count, 0);
	expect_number(roles_owned_by(acme), 40);
}

Test(owned, refuses_who_and_what_cannot_own)
{
	orgdb_role roles[1];
	uint64_t number;
	size_t count;
	const char *absent = "org_zzzzzzzzzzzzzzzz";
	expect_error(orgdb_owned_list(txn, ORGDB_KIND_ROLE, absent, 0, roles, 1, &count), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_owned_count(txn, ORGDB_KIND_ROLE, absent, &number), ORGDB_NOT_FOUND, "organization");
	static const uint32_t others[] = { ORGDB_KIND_USER, ORGDB_KIND_MEMBERSHIP, ORGDB_KINDS, UINT32_MAX };
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		expect_error(orgdb_owned_list(txn, others[i], acme, 0, roles, 1, &count), ORGDB_INVALID, "kind");
		expect_error(orgdb_owned_count(txn, others[i], acme, &number), ORGDB_INVALID, "kind");
	}
}

Test(owned, an_organization_owns_so_many_roles_at_most)
{
	const char *id = NULL;
	for (size_t i = 0; i < ORGDB_ORGANIZATION_ROLES_MAX; i++)
		id = create_role_of(acme, format("role %zu", i));
	expect_error(try_role(acme, "more"), ORGDB_TOO_LARGE, "role.owner_id");
	must(try_role(other, "more"));
	must(try_role(NULL, "more"));
	must(orgdb_role_delete(txn, id, NULL));
	must(try_role(acme, "more"));
	expect_number(roles_owned_by(acme), ORGDB_ORGANIZATION_ROLES_MAX);
	commit_and_check();
}

/* Cascades. */

Test(owned, what_an_organization_owns_goes_with_it)
{
	const char *user = create_user("member"), *tenants = create_role("admin"), *theirs = create_role_of(other, "admin");
	orgdb_cascade gone;
	orgdb_role got;
	add_member(acme, user);
	add_member(other, user);
	for (size_t i = 0; i < 20; i++)
		must(orgdb_member_role_assign(txn, acme, user, create_role_of(acme, format("role %zu", i))));
	assign_role(acme, user, tenants);
	assign_role(other, user, tenants);
	assign_role(other, user, theirs);
	must(orgdb_organization_delete(txn, acme, &gone));
	expect_number(gone.roles, 20);
	expect_number(gone.member_roles, 21);
	expect_number(gone.memberships, 1);
	expect_number(statistics().count[ORGDB_KIND_ROLE], 2);
	expect_number(statistics().member_roles, 2);
	must(orgdb_role_get(txn, tenants, &got));
	must(orgdb_role_get(txn, theirs, &got));
	commit_and_check();
}

Test(owned, a_role_that_is_deleted_leaves_its_owner)
{
	const char *user = create_user("member"), *id = create_role_of(acme, "admin"), *kept = create_role_of(acme, "kept");
	orgdb_cascade gone;
	orgdb_role roles[3];
	size_t count;
	add_member(acme, user);
	assign_role(acme, user, id);
	must(orgdb_role_delete(txn, id, &gone));
	expect_number(gone.member_roles, 1);
	expect_number(gone.roles, 0);
	must(orgdb_organization_roles(txn, acme, 0, roles, 3, &count));
	expect_number(count, 1);
	expect_text(roles[0].id, kept);
	commit_and_check();
}
