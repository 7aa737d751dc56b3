/*
 * Memberships and the roles of members.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

static const char *acme, *umbrella;
static const char *users[5]; /* In creation order. */
static const char *roles[4];

static const char no_organization[] = "org_zzzzzzzzzzzzzzzz";
static const char no_user[] = "auth0|nobody";
static const char no_role[] = "rol_zzzzzzzzzzzzzzzz";

static void setup(void)
{
	fixture_writing();
	acme = create_organization("acme");
	umbrella = create_organization("umbrella");
	for (size_t i = 0; i < COUNT_OF(users); i++)
		users[i] = create_user(format("user-%zu", i));
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		roles[i] = create_role(format("role %zu", i));
}

TestSuite(membership, .init = setup, .fini = fixture_close, .timeout = 60);
TestSuite(member_role, .init = setup, .fini = fixture_close, .timeout = 60);

static bool is_member(const char *organization_id, const char *user_id)
{
	bool contains;
	must(orgdb_membership_contains(txn, organization_id, user_id, &contains));
	int rc = orgdb_membership_get(txn, organization_id, user_id, NULL);
	cr_expect_eq(rc, contains ? 0 : ORGDB_NOT_FOUND, "get and contains disagree: %s", orgdb_error_name(rc));
	return contains;
}

static uint64_t members_of(const char *organization_id)
{
	uint64_t count;
	must(orgdb_organization_member_count(txn, organization_id, &count));
	return count;
}

static uint64_t organizations_of(const char *user_id)
{
	uint64_t count;
	must(orgdb_user_organization_count(txn, user_id, &count));
	return count;
}

Test(membership, add_and_remove)
{
	cr_expect(!is_member(acme, users[0]));
	must(orgdb_membership_add(txn, acme, users[0], NULL));
	cr_expect(is_member(acme, users[0]));
	cr_expect(!is_member(acme, users[1]));
	cr_expect(!is_member(umbrella, users[0]));
	must(orgdb_membership_remove(txn, acme, users[0]));
	cr_expect(!is_member(acme, users[0]));
	commit_and_check();
}

Test(membership, add_twice_reports_exists)
{
	add_member(acme, users[0]);
	expect_error(orgdb_membership_add(txn, acme, users[0], NULL), ORGDB_EXISTS, "");
	expect_number(members_of(acme), 1);
	expect_number(organizations_of(users[0]), 1);
	commit_and_check();
}

Test(membership, remove_of_no_member_reports_not_found)
{
	add_member(acme, users[0]);
	expect_error(orgdb_membership_remove(txn, acme, users[1]), ORGDB_NOT_FOUND, "");
	expect_error(orgdb_membership_remove(txn, umbrella, users[0]), ORGDB_NOT_FOUND, "");
	expect_number(members_of(acme), 1);
}

Test(membership, both_ends_must_exist_and_the_missing_one_is_named)
{
	bool contains;
	orgdb_membership membership;
	orgdb_organization organization;
	orgdb_user user;
	uint64_t number;
	size_t count;
	expect_error(orgdb_membership_add(txn, no_organization, users[0], NULL), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_membership_add(txn, acme, no_user, NULL), ORGDB_NOT_FOUND, "user");
	expect_error(orgdb_membership_get(txn, no_organization, users[0], &membership), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_membership_get(txn, acme, no_user, &membership), ORGDB_NOT_FOUND, "user");
	expect_error(orgdb_membership_contains(txn, no_organization, users[0], &contains), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_membership_contains(txn, acme, no_user, &contains), ORGDB_NOT_FOUND, "user");
	expect_error(orgdb_membership_remove(txn, no_organization, users[0]), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_membership_remove(txn, acme, no_user), ORGDB_NOT_FOUND, "user");
	expect_error(
		orgdb_organization_members(txn, no_organization, 0, &user, 1, &count), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_organization_member_count(txn, no_organization, &number), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_user_organizations(txn, no_user, 0, &organization, 1, &count), ORGDB_NOT_FOUND, "user");
	expect_error(orgdb_user_organization_count(txn, no_user, &number), ORGDB_NOT_FOUND, "user");
	cr_expect_eq(statistics().count[ORGDB_KIND_MEMBERSHIP], 0);
}

Test(membership, get_tells_both_ends)
{
	add_member(acme, users[3]);
	orgdb_membership membership;
	orgdb_user user;
	must(orgdb_membership_get(txn, acme, users[3], &membership));
	must(orgdb_user_get(txn, users[3], &user));
	expect_text(membership.organization_id, acme);
	expect_text(membership.user_id, users[3]);
	expect_absent(membership.extra);
	cr_expect_eq(membership.ordinal, user.ordinal);
}

Test(membership, extra_is_kept_until_the_membership_ends)
{
	orgdb_membership membership = { .fields = 0, .extra = VALUE({ "since" : "2024", "by" : "import" }) };
	must(orgdb_membership_add(txn, acme, users[0], &membership));
	must(orgdb_membership_get(txn, acme, users[0], &membership));
	expect_value(membership.extra, { "by" : "import", "since" : "2024" });
	must(orgdb_membership_remove(txn, acme, users[0]));
	add_member(acme, users[0]);
	must(orgdb_membership_get(txn, acme, users[0], &membership));
	expect_absent(membership.extra);
	commit_and_check();
}

Test(membership, malformed_extra_is_refused)
{
	orgdb_membership membership = { .fields = 0, .extra = RAW("\x81\xa1x") };
	expect_error(orgdb_membership_add(txn, acme, users[0], &membership), ORGDB_INVALID, "extra");
	cr_expect(!is_member(acme, users[0]));
	commit_and_check();
}

Test(membership, members_list_in_creation_order_of_the_users)
{
	static const size_t added[] = { 4, 0, 3, 1 };
	static const size_t listed[] = { 0, 1, 3, 4 };
	for (size_t i = 0; i < COUNT_OF(added); i++)
		add_member(acme, users[added[i]]);
	add_member(umbrella, users[2]);
	orgdb_user page[3];
	size_t count;
	must(orgdb_organization_members(txn, acme, 0, page, 3, &count));
	cr_assert_eq(count, 3);
	for (size_t i = 0; i < 3; i++)
		expect_text(page[i].user_id, users[listed[i]]);
	must(orgdb_organization_members(txn, acme, page[2].ordinal, page, 3, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].user_id, users[4]);
	must(orgdb_organization_members(txn, acme, page[0].ordinal, page, 3, &count));
	cr_expect_eq(count, 0);
}

Test(membership, organizations_list_in_their_creation_order)
{
	add_member(umbrella, users[0]);
	add_member(acme, users[0]);
	orgdb_organization page[3];
	size_t count;
	must(orgdb_user_organizations(txn, users[0], 0, page, 3, &count));
	cr_assert_eq(count, 2);
	expect_text(page[0].name, "acme");
	expect_text(page[1].name, "umbrella");
	must(orgdb_user_organizations(txn, users[0], page[0].ordinal, page, 3, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].id, umbrella);
	must(orgdb_user_organizations(txn, users[1], 0, page, 3, &count));
	cr_expect_eq(count, 0);
}

Test(membership, counts_follow)
{
	for (size_t i = 0; i < COUNT_OF(users); i++) {
		add_member(acme, users[i]);
		expect_number(members_of(acme), i + 1);
	}
	add_member(umbrella, users[0]);
	expect_number(organizations_of(users[0]), 2);
	must(orgdb_membership_remove(txn, acme, users[0]));
	expect_number(members_of(acme), 4);
	expect_number(organizations_of(users[0]), 1);
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 5);
}

/* Many members, so that chunks split and merge. */

enum { MANY = 5000 };

static const char *many[MANY];

static void create_many_users(void)
{
	for (size_t i = 0; i < MANY; i++)
		many[i] = create_user(format("many-%05zu", i));
}

/* The list, in pages, is exactly the users of `many` for which `wanted` holds. */
static void expect_members(bool (*wanted)(size_t), size_t page_size)
{
	orgdb_user *page = keep(page_size * sizeof(*page));
	uint64_t after = 0;
	size_t next = 0, count;
	do {
		must(orgdb_organization_members(txn, acme, after, page, page_size, &count));
		for (size_t i = 0; i < count; i++) {
			while (next < MANY && !wanted(next))
				next++;
			cr_assert_lt(next, MANY, "%s is too many", copy(page[i].user_id));
			expect_text(page[i].user_id, many[next++]);
		}
		after = count ? page[count - 1].ordinal : after;
	} while (count == page_size);
	while (next < MANY && !wanted(next))
		next++;
	cr_expect_eq(next, MANY, "user %zu is missing", next);
}

static bool all(size_t i)
{
	(void)i;
	return true;
}

static bool every_seventh(size_t i)
{
	return i % 7 == 0;
}

Test(membership, members_added_in_any_order)
{
	create_many_users();
	size_t *order = shuffled(MANY, 1);
	for (size_t i = 0; i < MANY; i++)
		add_member(acme, many[order[i]]);
	expect_number(members_of(acme), MANY);
	for (size_t i = 0; i < MANY; i++)
		cr_expect(is_member(acme, many[i]), "user %zu", i);
	expect_members(all, 1000);
	expect_members(all, 333);
	commit_and_check();
	expect_members(all, MANY + 1);
}

Test(membership, members_removed_in_any_order)
{
	create_many_users();
	for (size_t i = 0; i < MANY; i++)
		add_member(acme, many[i]);
	size_t *order = shuffled(MANY, 2);
	for (size_t i = 0; i < MANY; i++)
		if (!every_seventh(order[i]))
			must(orgdb_membership_remove(txn, acme, many[order[i]]));
	expect_number(members_of(acme), (MANY + 6) / 7);
	expect_members(every_seventh, 100);
	for (size_t i = 0; i < MANY; i++)
		cr_expect_eq(is_member(acme, many[i]), every_seventh(i), "user %zu", i);
	commit_and_check();
}

Test(membership, all_members_removed_and_added_again)
{
	create_many_users();
	for (int round = 0; round < 2; round++) {
		size_t *order = shuffled(MANY, 3 + (uint64_t)round);
		for (size_t i = 0; i < MANY; i++)
			add_member(acme, many[order[i]]);
		order = shuffled(MANY, 5 + (uint64_t)round);
		for (size_t i = 0; i < MANY; i++)
			must(orgdb_membership_remove(txn, acme, many[order[i]]));
		expect_number(members_of(acme), 0);
	}
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 0);
	commit_and_check();
}

Test(membership, a_user_of_many_organizations)
{
	enum { ORGANIZATIONS = 2000 };
	const char *organizations[ORGANIZATIONS];
	for (size_t i = 0; i < ORGANIZATIONS; i++)
		organizations[i] = create_organization(format("organization-%zu", i));
	size_t *order = shuffled(ORGANIZATIONS, 4);
	for (size_t i = 0; i < ORGANIZATIONS; i++)
		add_member(organizations[order[i]], users[0]);
	expect_number(organizations_of(users[0]), ORGANIZATIONS);
	orgdb_organization *page = keep((ORGANIZATIONS + 1) * sizeof(*page));
	size_t count;
	must(orgdb_user_organizations(txn, users[0], 0, page, ORGANIZATIONS + 1, &count));
	cr_assert_eq(count, ORGANIZATIONS);
	for (size_t i = 0; i < ORGANIZATIONS; i++)
		expect_text(page[i].id, organizations[i]);
	commit_and_check();
}

Test(membership, members_survive_opening_anew)
{
	add_member(acme, users[1]);
	assign_role(acme, users[1], roles[1]);
	commit();
	close_store();
	open_store(NULL);
	begin_read();
	cr_expect(is_member(acme, users[1]));
	orgdb_role role;
	size_t count;
	must(orgdb_member_roles(txn, acme, users[1], 0, &role, 1, &count));
	cr_assert_eq(count, 1);
	expect_text(role.id, roles[1]);
}

/* Roles. */

static size_t role_count(const char *organization_id, const char *user_id)
{
	orgdb_role page[10];
	size_t count;
	must(orgdb_member_roles(txn, organization_id, user_id, 0, page, 10, &count));
	return count;
}

Test(member_role, assign_and_remove)
{
	add_member(acme, users[0]);
	expect_number(role_count(acme, users[0]), 0);
	must(orgdb_member_role_assign(txn, acme, users[0], roles[0]));
	expect_number(role_count(acme, users[0]), 1);
	expect_number(statistics().member_roles, 1);
	must(orgdb_member_role_remove(txn, acme, users[0], roles[0]));
	expect_number(role_count(acme, users[0]), 0);
	expect_number(statistics().member_roles, 0);
	commit_and_check();
}

Test(member_role, assign_twice_reports_exists)
{
	add_member(acme, users[0]);
	assign_role(acme, users[0], roles[0]);
	expect_error(orgdb_member_role_assign(txn, acme, users[0], roles[0]), ORGDB_EXISTS, "");
	expect_number(role_count(acme, users[0]), 1);
}

Test(member_role, only_members_have_roles)
{
	add_member(umbrella, users[0]);
	orgdb_role role;
	size_t count;
	expect_error(orgdb_member_role_assign(txn, acme, users[0], roles[0]), ORGDB_NOT_FOUND, "");
	expect_error(orgdb_member_role_remove(txn, acme, users[0], roles[0]), ORGDB_NOT_FOUND, "");
	expect_error(orgdb_member_roles(txn, acme, users[0], 0, &role, 1, &count), ORGDB_NOT_FOUND, "");
	expect_number(statistics().member_roles, 0);
	commit_and_check();
}

Test(member_role, the_missing_one_is_named)
{
	add_member(acme, users[0]);
	orgdb_role role;
	orgdb_user user;
	size_t count;
	expect_error(orgdb_member_role_assign(txn, no_organization, users[0], roles[0]), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_member_role_assign(txn, acme, no_user, roles[0]), ORGDB_NOT_FOUND, "user");
	expect_error(orgdb_member_role_assign(txn, acme, users[0], no_role), ORGDB_NOT_FOUND, "role");
	expect_error(orgdb_member_role_remove(txn, no_organization, users[0], roles[0]), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_member_role_remove(txn, acme, no_user, roles[0]), ORGDB_NOT_FOUND, "user");
	expect_error(orgdb_member_role_remove(txn, acme, users[0], no_role), ORGDB_NOT_FOUND, "role");
	expect_error(orgdb_member_role_remove(txn, acme, users[0], roles[0]), ORGDB_NOT_FOUND, "");
	expect_error(
		orgdb_member_roles(txn, no_organization, users[0], 0, &role, 1, &count), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_member_roles(txn, acme, no_user, 0, &role, 1, &count), ORGDB_NOT_FOUND, "user");
	expect_error(
		orgdb_role_members(txn, no_organization, roles[0], 0, &user, 1, &count), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_role_members(txn, acme, no_role, 0, &user, 1, &count), ORGDB_NOT_FOUND, "role");
}

Test(member_role, roles_belong_to_one_organization)
{
	add_member(acme, users[0]);
	add_member(umbrella, users[0]);
	assign_role(acme, users[0], roles[0]);
	assign_role(umbrella, users[0], roles[1]);
	orgdb_role page[2];
	size_t count;
	must(orgdb_member_roles(txn, acme, users[0], 0, page, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].id, roles[0]);
	must(orgdb_member_roles(txn, umbrella, users[0], 0, page, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].id, roles[1]);
}

Test(member_role, roles_list_in_their_creation_order)
{
	static const size_t assigned[] = { 3, 0, 2 };
	static const size_t listed[] = { 0, 2, 3 };
	add_member(acme, users[0]);
	for (size_t i = 0; i < COUNT_OF(assigned); i++)
		assign_role(acme, users[0], roles[assigned[i]]);
	orgdb_role page[2];
	size_t count;
	must(orgdb_member_roles(txn, acme, users[0], 0, page, 2, &count));
	cr_assert_eq(count, 2);
	expect_text(page[0].id, roles[listed[0]]);
	expect_text(page[1].name, "role 2");
	must(orgdb_member_roles(txn, acme, users[0], page[1].ordinal, page, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].id, roles[listed[2]]);
}

Test(member_role, members_with_a_role_list_in_creation_order)
{
	static const size_t assigned[] = { 4, 1, 3 };
	for (size_t i = 0; i < COUNT_OF(users); i++)
		add_member(acme, users[i]);
	add_member(umbrella, users[0]);
	assign_role(umbrella, users[0], roles[0]);
	assign_role(acme, users[0], roles[1]);
	for (size_t i = 0; i < COUNT_OF(assigned); i++)
		assign_role(acme, users[assigned[i]], roles[0]);
	orgdb_user page[2];
	size_t count;
	must(orgdb_role_members(txn, acme, roles[0], 0, page, 2, &count));
	cr_assert_eq(count, 2);
	expect_text(page[0].user_id, users[1]);
	expect_text(page[1].user_id, users[3]);
	must(orgdb_role_members(txn, acme, roles[0], page[1].ordinal, page, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].user_id, users[4]);
	must(orgdb_role_members(txn, acme, roles[2], 0, page, 2, &count));
	cr_expect_eq(count, 0);
}

Test(member_role, roles_go_with_the_membership)
{
	add_member(acme, users[0]);
	add_member(acme, users[1]);
	assign_role(acme, users[0], roles[0]);
	assign_role(acme, users[0], roles[1]);
	assign_role(acme, users[1], roles[0]);
	must(orgdb_membership_remove(txn, acme, users[0]));
	expect_number(statistics().member_roles, 1);
	orgdb_user page[2];
	size_t count;
	must(orgdb_role_members(txn, acme, roles[0], 0, page, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].user_id, users[1]);
	add_member(acme, users[0]);
	expect_number(role_count(acme, users[0]), 0);
	commit_and_check();
}

Test(member_role, many_roles_of_one_member)
{
	enum { ROLES = ORGDB_MEMBER_ROLES_MAX };
	const char *ids[ROLES];
	add_member(acme, users[0]);
	for (size_t i = 0; i < ROLES; i++)
		ids[i] = create_role(format("many %zu", i));
	size_t *order = shuffled(ROLES, 8);
	for (size_t i = 0; i < ROLES; i++)
		assign_role(acme, users[0], ids[order[i]]);
	orgdb_role *page = keep((ROLES + 1) * sizeof(*page));
	size_t count;
	must(orgdb_member_roles(txn, acme, users[0], 0, page, ROLES + 1, &count));
	cr_assert_eq(count, ROLES);
	for (size_t i = 0; i < ROLES; i++)
		expect_text(page[i].id, ids[i]);
	commit_and_check();
}
