/*
 * Cascades: deleting something removes every edge to it, and nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

/*
 * Two of each kind, everything joined with everything: "first" is deleted in the tests, "second" must not notice.
 * Users are members of both organizations and have both roles in each.
 */
static const char *connections[2], *applications[2], *organizations[2], *users[2], *roles[2];
static const char *templates[2], *invitations[2];

static void join_everything(void)
{
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < 2; j++) {
			enable_for_application(applications[i], connections[j]);
			enable_for_organization(organizations[i], connections[j]);
			add_member(organizations[i], users[j]);
			assign_role(organizations[i], users[j], roles[0]);
			assign_role(organizations[i], users[j], roles[1]);
		}
	}
}

/* By an organization, to an application, through a connection, with both roles. */
static const char *invite(size_t which)
{
	static size_t tickets;
	orgdb_invitation made = valid_invitation(organizations[which], applications[which]);
	orgdb_str id;
	made.connection_id = orgdb_string(connections[which]);
	made.roles = value_of_json(format("[\"%s\", \"%s\"]", roles[0], roles[1]));
	made.created_at = orgdb_string("2020-01-01T00:00:00Z");
	made.ticket_id = orgdb_string(format("%032zu", tickets++));
	must(orgdb_invitation_create(txn, &made, &id));
	return copy(id);
}

static void setup(void)
{
	fixture_writing();
	static const char *const names[] = { "first", "second" };
	for (size_t i = 0; i < 2; i++) {
		connections[i] = create_connection(names[i], "samlp");
		applications[i] = create_application(names[i]);
		organizations[i] = create_organization(names[i]);
		users[i] = create_user(names[i]);
		roles[i] = create_role(names[i]);
		templates[i] = create_template(names[i]);
	}
	join_everything();
	for (size_t i = 0; i < 2; i++)
		invitations[i] = invite(i);
}

TestSuite(cascade, .init = setup, .fini = fixture_close, .timeout = 120);

struct totals {
	uint64_t count[ORGDB_KINDS];
	uint64_t member_roles;
};

static void expect_totals(struct totals expected)
{
	orgdb_statistics found = statistics();
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		cr_expect_eq(found.count[kind], expected.count[kind], "%s: %llu, not %llu", orgdb_schema_of(kind)->name,
			(unsigned long long)found.count[kind], (unsigned long long)expected.count[kind]);
	expect_number(found.member_roles, expected.member_roles);
}

static void expect_gone(orgdb_cascade gone, orgdb_cascade expected)
{
	expect_number(gone.memberships, expected.memberships);
	expect_number(gone.member_roles, expected.member_roles);
	expect_number(gone.enabled_connections, expected.enabled_connections);
	expect_number(gone.application_connections, expected.application_connections);
	expect_number(gone.invitations, expected.invitations);
}

Test(cascade, the_picture_before)
{
	expect_totals((struct totals){ { 2, 2, 2, 2, 2, 2, 0, 2, 4, 4, 4 }, 8 });
	commit_and_check();
}

Test(cascade, deleting_a_connection_takes_it_from_applications_and_organizations)
{
	orgdb_cascade gone;
	must(orgdb_connection_delete(txn, connections[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .enabled_connections = 2, .application_connections = 2, .invitations = 1 });
	expect_totals((struct totals){ { 1, 2, 2, 2, 2, 2, 0, 1, 2, 2, 4 }, 8 });
	for (size_t i = 0; i < 2; i++) {
		orgdb_connection found[2];
		orgdb_enabled_connection edges[2];
		size_t count;
		must(orgdb_application_connections(txn, applications[i], 0, found, 2, &count));
		cr_assert_eq(count, 1);
		expect_text(found[0].id, connections[1]);
		must(orgdb_enabled_connection_list(txn, organizations[i], 0, edges, 2, &count));
		cr_assert_eq(count, 1);
		expect_text(edges[0].connection_id, connections[1]);
	}
	commit_and_check();
}

Test(cascade, deleting_an_application_takes_its_connections_away)
{
	orgdb_cascade gone;
	must(orgdb_application_delete(txn, applications[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .application_connections = 2, .invitations = 1 });
	expect_totals((struct totals){ { 2, 1, 2, 2, 2, 2, 0, 1, 2, 4, 4 }, 8 });
	orgdb_application found[2];
	size_t count;
	must(orgdb_connection_applications(txn, connections[0], 0, found, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(found[0].client_id, applications[1]);
	commit_and_check();
}

Test(cascade, deleting_an_organization_leaves_users_connections_and_roles)
{
	orgdb_cascade gone;
	must(orgdb_organization_delete(txn, organizations[0], &gone));
	expect_gone(
		gone, (orgdb_cascade){ .memberships = 2, .member_roles = 4, .enabled_connections = 2, .invitations = 1 });
	expect_totals((struct totals){ { 2, 2, 2, 2, 1, 2, 0, 1, 4, 2, 2 }, 4 });
	for (size_t i = 0; i < 2; i++) {
		orgdb_organization found[2];
		size_t count;
		must(orgdb_user_organizations(txn, users[i], 0, found, 2, &count));
		cr_assert_eq(count, 1);
		expect_text(found[0].id, organizations[1]);
		must(orgdb_connection_organizations(txn, connections[i], 0, found, 2, &count));
		cr_assert_eq(count, 1);
		expect_text(found[0].id, organizations[1]);
	}
	commit_and_check();
}

Test(cascade, deleting_a_user_ends_its_memberships)
{
	orgdb_cascade gone;
	must(orgdb_user_delete(txn, users[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .memberships = 2, .member_roles = 4 });
	expect_totals((struct totals){ { 2, 2, 2, 1, 2, 2, 0, 2, 4, 4, 2 }, 4 });
	for (size_t i = 0; i < 2; i++) {
		orgdb_user found[2];
		size_t count;
		must(orgdb_organization_members(txn, organizations[i], 0, found, 2, &count));
		cr_assert_eq(count, 1);
		expect_text(found[0].user_id, users[1]);
		must(orgdb_role_members(txn, organizations[i], roles[0], 0, found, 2, &count));
		cr_assert_eq(count, 1);
		expect_text(found[0].user_id, users[1]);
	}
	commit_and_check();
}

Test(cascade, deleting_a_role_takes_it_from_every_member)
{
	orgdb_cascade gone;
	must(orgdb_role_delete(txn, roles[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .member_roles = 4 });
	expect_totals((struct totals){ { 2, 2, 1, 2, 2, 2, 0, 2, 4, 4, 4 }, 4 });
	for (size_t i = 0; i < 4; i++) {
		orgdb_role found[2];
		size_t count;
		must(orgdb_member_roles(txn, organizations[i / 2], users[i % 2], 0, found, 2, &count));
		cr_assert_eq(count, 1);
		expect_text(found[0].id, roles[1]);
	}
	commit_and_check();
}

Test(cascade, deleting_what_nothing_is_joined_to_takes_nothing)
{
	const char *ids[ORGDB_ENTITY_KINDS] = {
		[ORGDB_KIND_CONNECTION] = create_connection("lonely", "auth0"),
		[ORGDB_KIND_APPLICATION] = create_application("lonely"),
		[ORGDB_KIND_ROLE] = create_role("lonely"),
		[ORGDB_KIND_USER] = create_user("lonely"),
		[ORGDB_KIND_ORGANIZATION] = create_organization("lonely"),
		[ORGDB_KIND_EMAIL_TEMPLATE] = create_template("lonely"),
		[ORGDB_KIND_INVITATION] = invite(0),
	};
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS; kind++) {
		orgdb_cascade gone;
		if (!ids[kind])
			continue;
		memset(&gone, 0xa5, sizeof(gone));
		must(orgdb_entity_delete(txn, kind, ids[kind], &gone));
		expect_gone(gone, (orgdb_cascade){ 0 });
	}
	expect_totals((struct totals){ { 2, 2, 2, 2, 2, 2, 0, 2, 4, 4, 4 }, 8 });
}

Test(cascade, deleting_everything_leaves_an_empty_store)
{
	const char *const *const ids[ORGDB_ENTITY_KINDS] = { connections, applications, roles, users, organizations,
		templates, NULL, invitations };
	for (uint32_t kind = ORGDB_ENTITY_KINDS; kind-- > 0;) /* The last kinds would go with the first. */
		for (size_t i = 0; ids[kind] && i < 2; i++)
			must(orgdb_entity_delete(txn, kind, ids[kind][i], NULL));
	expect_totals((struct totals){ { 0 }, 0 });
	commit_and_check();
}

Test(cascade, a_failed_delete_takes_nothing)
{
	static const char *const missing[ORGDB_ENTITY_KINDS] = { "con_zzzzzzzzzzzzzzzz", "zzz", "rol_zzzzzzzzzzzzzzzz",
		"auth0|zzz", "org_zzzzzzzzzzzzzzzz", "password_reset", "ord_zzzzzzzzzzzzzzzzzzzzzz", "uinv_zzzzzzzzzzzzzzzz" };
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS; kind++)
		expect_error(orgdb_entity_delete(txn, kind, missing[kind], NULL), ORGDB_NOT_FOUND, orgdb_schema_of(kind)->name);
	expect_totals((struct totals){ { 2, 2, 2, 2, 2, 2, 0, 2, 4, 4, 4 }, 8 });
}

Test(cascade, a_dropped_delete_takes_nothing)
{
	commit();
	begin_write();
	must(orgdb_organization_delete(txn, organizations[0], NULL));
	must(orgdb_connection_delete(txn, connections[1], NULL));
	end();
	begin_read();
	expect_totals((struct totals){ { 2, 2, 2, 2, 2, 2, 0, 2, 4, 4, 4 }, 8 });
	expect_sound_store();
}

Test(cascade, a_snapshot_before_the_delete_has_everything)
{
	commit();
	begin_read();
	orgdb_txn *writer;
	must(orgdb_begin_write(db, &writer));
	must(orgdb_organization_delete(writer, organizations[0], NULL));
	must(orgdb_commit(writer));
	expect_totals((struct totals){ { 2, 2, 2, 2, 2, 2, 0, 2, 4, 4, 4 }, 8 });
	orgdb_user found[2];
	size_t count;
	must(orgdb_organization_members(txn, organizations[0], 0, found, 2, &count));
	cr_expect_eq(count, 2);
}

/* Whoever is created again under the same id and name begins without edges. */

Test(cascade, a_recreated_organization_inherits_nothing)
{
	must(orgdb_organization_delete(txn, organizations[0], NULL));
	orgdb_organization again = ORGDB_ORGANIZATION_INIT;
	again.id = orgdb_string(organizations[0]);
	again.name = orgdb_string("first");
	must(orgdb_organization_create(txn, &again, NULL));
	uint64_t count;
	must(orgdb_organization_member_count(txn, organizations[0], &count));
	expect_number(count, 0);
	must(orgdb_enabled_connection_count(txn, organizations[0], &count));
	expect_number(count, 0);
	add_member(organizations[0], users[0]);
	orgdb_role role;
	size_t listed;
	must(orgdb_member_roles(txn, organizations[0], users[0], 0, &role, 1, &listed));
	cr_expect_eq(listed, 0);
	commit_and_check();
}

Test(cascade, a_recreated_user_inherits_nothing)
{
	must(orgdb_user_delete(txn, users[0], NULL));
	create_user("first");
	uint64_t count;
	must(orgdb_user_organization_count(txn, users[0], &count));
	expect_number(count, 0);
	bool is_member;
	must(orgdb_membership_contains(txn, organizations[0], users[0], &is_member));
	cr_expect(!is_member);
	add_member(organizations[0], users[0]);
	orgdb_role role;
	size_t listed;
	must(orgdb_member_roles(txn, organizations[0], users[0], 0, &role, 1, &listed));
	cr_expect_eq(listed, 0);
	commit_and_check();
}

Test(cascade, a_recreated_connection_inherits_nothing)
{
	must(orgdb_connection_delete(txn, connections[0], NULL));
	orgdb_connection again = ORGDB_CONNECTION_INIT;
	again.id = orgdb_string(connections[0]);
	again.name = orgdb_string("first");
	again.strategy = orgdb_string("samlp");
	must(orgdb_connection_create(txn, &again, NULL));
	cr_expect_eq(orgdb_application_connection_get(txn, applications[0], connections[0], NULL), ORGDB_NOT_FOUND);
	orgdb_enabled_connection edge;
	cr_expect_eq(orgdb_enabled_connection_get(txn, organizations[0], connections[0], &edge), ORGDB_NOT_FOUND);
	orgdb_organization organization;
	size_t count;
	must(orgdb_connection_organizations(txn, connections[0], 0, &organization, 1, &count));
	cr_expect_eq(count, 0);
	commit_and_check();
}

Test(cascade, a_recreated_application_inherits_nothing)
{
	must(orgdb_application_delete(txn, applications[0], NULL));
	orgdb_application again = ORGDB_APPLICATION_INIT;
	again.client_id = orgdb_string(applications[0]);
	again.name = orgdb_string("first");
	must(orgdb_application_create(txn, &again, NULL));
	orgdb_connection found;
	size_t count;
	must(orgdb_application_connections(txn, applications[0], 0, &found, 1, &count));
	cr_expect_eq(count, 0);
	commit_and_check();
}

Test(cascade, a_recreated_role_inherits_nothing)
{
	must(orgdb_role_delete(txn, roles[0], NULL));
	orgdb_role again = ORGDB_ROLE_INIT;
	again.id = orgdb_string(roles[0]);
	again.name = orgdb_string("first");
	must(orgdb_role_create(txn, &again, NULL));
	orgdb_user found;
	size_t count;
	must(orgdb_role_members(txn, organizations[0], roles[0], 0, &found, 1, &count));
	cr_expect_eq(count, 0);
	commit_and_check();
}

Test(cascade, extras_of_edges_go_too)
{
	orgdb_user user = ORGDB_USER_INIT;
	user.user_id = orgdb_string("auth0|extra");
	must(orgdb_user_create(txn, &user, NULL));
	orgdb_membership membership = { .fields = 0, .extra = VALUE({ "a" : 1 }) };
	must(orgdb_membership_add(txn, organizations[0], "auth0|extra", &membership));
	must(orgdb_membership_add(txn, organizations[1], "auth0|extra", &membership));
	must(orgdb_organization_delete(txn, organizations[0], NULL));
	must(orgdb_membership_get(txn, organizations[1], "auth0|extra", &membership));
	expect_value(membership.extra, { "a" : 1 });
	must(orgdb_user_delete(txn, "auth0|extra", NULL));
	commit_and_check(); /* Would find what is left behind. */
}

/* Sets of several chunks each. */

enum { MANY = 2500 };

Test(cascade, a_user_of_many_organizations)
{
	for (size_t i = 0; i < MANY; i++) {
		const char *id = create_organization(format("many-%zu", i));
		add_member(id, users[0]);
		add_member(id, users[1]);
		assign_role(id, users[0], roles[i % 2]);
	}
	orgdb_cascade gone;
	must(orgdb_user_delete(txn, users[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .memberships = MANY + 2, .member_roles = MANY + 4 });
	expect_totals((struct totals){ { 2, 2, 2, 1, MANY + 2, 2, 0, 2, 4, 4, MANY + 2 }, 4 });
	commit_and_check();
}

Test(cascade, a_connection_of_many_organizations_and_applications)
{
	for (size_t i = 0; i < MANY; i++) {
		orgdb_enabled_connection edge = { .fields = ORGDB_ENABLED_CONNECTION_ORGANIZATION_CONNECTION_NAME,
			.organization_connection_name = ORGDB_STR("Staff") };
		const char *id = create_organization(format("many-%zu", i));
		must(orgdb_enabled_connection_create(txn, id, connections[0], &edge));
		must(orgdb_enabled_connection_create(txn, id, connections[1], &edge));
		enable_for_application(create_application(format("many %zu", i)), connections[0]);
	}
	orgdb_cascade gone;
	must(orgdb_connection_delete(txn, connections[0], &gone));
	expect_gone(gone,
		(orgdb_cascade){ .enabled_connections = MANY + 2, .application_connections = MANY + 2, .invitations = 1 });
	expect_totals((struct totals){ { 1, MANY + 2, 2, 2, MANY + 2, 2, 0, 1, 2, MANY + 2, 4 }, 8 });
	commit_and_check();
}

Test(cascade, an_application_and_an_organization_of_many_connections)
{
	for (size_t i = 0; i < MANY; i++) {
		const char *id = create_connection(format("many-%zu", i), "samlp");
		enable_for_application(applications[0], id);
		enable_for_organization(organizations[0], id);
	}
	orgdb_cascade gone;
	must(orgdb_application_delete(txn, applications[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .application_connections = MANY + 2, .invitations = 1 });
	must(orgdb_organization_delete(txn, organizations[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .memberships = 2, .member_roles = 4, .enabled_connections = MANY + 2 });
	expect_totals((struct totals){ { MANY + 2, 1, 2, 2, 1, 2, 0, 1, 2, 2, 2 }, 4 });
	commit_and_check();
}

Test(cascade, a_role_of_many_members)
{
	for (size_t i = 0; i < MANY; i++) {
		const char *id = create_user(format("many-%zu", i));
		for (size_t j = 0; j < 2; j++) {
			add_member(organizations[j], id);
			assign_role(organizations[j], id, roles[0]);
			assign_role(organizations[j], id, roles[1]);
		}
	}
	orgdb_cascade gone;
	must(orgdb_role_delete(txn, roles[0], &gone));
	expect_gone(gone, (orgdb_cascade){ .member_roles = 2 * MANY + 4 });
	expect_totals((struct totals){ { 2, 2, 1, MANY + 2, 2, 2, 0, 2, 4, 4, 2 * MANY + 4 }, 2 * MANY + 4 });
	commit_and_check();
}

Test(cascade, an_organization_of_100000_members)
{
	enum { MEMBERS = 100000, WITH_ROLE = 1000 };
	orgdb_options options = ORGDB_OPTIONS_INIT; /* More room than the small map has. */
	options.map_size = 512 * MEBIBYTE;
	commit();
	close_store();
	open_store(&options);
	begin_write();
	char id[32];
	for (size_t i = 0; i < MEMBERS; i++) {
		snprintf(id, sizeof(id), "auth0|member-%06zu", i);
		orgdb_user user = { .fields = ORGDB_USER_ID, .user_id = orgdb_string(id) };
		must(orgdb_user_create(txn, &user, NULL));
		add_member(organizations[0], id);
		if (i % 1000 == 0)
			add_member(organizations[1], id);
		if (i < WITH_ROLE)
			assign_role(organizations[0], id, roles[0]);
	}
	commit_and_check();
	end();
	begin_write();
	orgdb_cascade gone;
	must(orgdb_organization_delete(txn, organizations[0], &gone));
	expect_gone(gone,
		(orgdb_cascade){
			.memberships = MEMBERS + 2, .member_roles = WITH_ROLE + 4, .enabled_connections = 2, .invitations = 1 });
	commit_and_check();
	expect_totals((struct totals){ { 2, 2, 2, MEMBERS + 2, 1, 2, 0, 1, 4, 2, 102 }, 4 });
}
