/*
 * Ids that share a key. This program's library is built with a hash that is always 0, so long ids collide as soon as they
 * begin alike, and the hot rows of all organizations share one entry.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdio.h>

enum { USERS = 40 };

TestSuite(collisions, .init = fixture_writing, .fini = fixture_close);

static const char *long_id(size_t i)
{
	return format("auth0|%s|%zu", repeat("long-", 150), i);
}

static void create_users(void)
{
	for (size_t i = 0; i < USERS; i++) {
		orgdb_user user = { .user_id = orgdb_string(long_id(i)), .name = orgdb_string(format("user %zu", i)) };
		must(orgdb_user_create(txn, &user, NULL));
	}
}

Test(collisions, each_id_finds_its_own_user)
{
	create_users();
	orgdb_user user;
	for (size_t i = 0; i < USERS; i++) {
		must(orgdb_user_get(txn, long_id(i), &user));
		expect_text(user.name, format("user %zu", i));
		expect_text(user.user_id, long_id(i));
	}
	expect_error(orgdb_user_get(txn, long_id(USERS), &user), ORGDB_NOT_FOUND, "user.user_id");
	commit_and_check();
}

Test(collisions, an_id_that_is_taken_is_refused)
{
	create_users();
	orgdb_user user = { .user_id = orgdb_string(long_id(7)) };
	expect_error(orgdb_user_create(txn, &user, NULL), ORGDB_EXISTS, "user.user_id");
	commit_and_check();
}

Test(collisions, deleting_one_leaves_the_others)
{
	create_users();
	orgdb_user user;
	for (size_t i = 0; i < USERS; i += 2)
		must(orgdb_user_delete(txn, long_id(i), NULL));
	for (size_t i = 0; i < USERS; i++) {
		if (i % 2 == 0)
			expect_error(orgdb_user_get(txn, long_id(i), &user), ORGDB_NOT_FOUND, "user.user_id");
		else
			must(orgdb_user_get(txn, long_id(i), &user));
	}
	for (size_t i = 1; i < USERS; i += 2)
		must(orgdb_user_delete(txn, long_id(i), NULL));
	uint64_t count;
	must(orgdb_user_count(txn, &count));
	expect_number(count, 0);
	commit_and_check();
}

/* Somebody could make ids collide on purpose: that is refused before it hurts, and those that are there can be used. */
Test(collisions, the_hundred_and_first_is_refused)
{
	for (size_t i = 0; i < 100; i++) {
		orgdb_user user = { .user_id = orgdb_string(long_id(i)) };
		must(orgdb_user_create(txn, &user, NULL));
	}
	orgdb_user user = { .user_id = orgdb_string(long_id(100)) };
	expect_error(orgdb_user_create(txn, &user, NULL), ORGDB_TOO_LARGE, "user_id");
	must(orgdb_user_get(txn, long_id(99), &user));
	must(orgdb_user_delete(txn, long_id(50), NULL));
	user = (orgdb_user){ .user_id = orgdb_string(long_id(100)) };
	must(orgdb_user_create(txn, &user, NULL));
	commit_and_check();
}

/* ---- Hot rows ---------------------------------------------------------------------------------------------------- */

enum { ORGANIZATIONS = 12, CONNECTIONS = 3 };

static const char *application, *organizations[ORGANIZATIONS], *connections[CONNECTIONS];

static void expect_merged(size_t organization, size_t expected)
{
	orgdb_merged_connection entries[CONNECTIONS];
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.policy = ORGDB_POLICY_ORGANIZATION;
	size_t count;
	must(orgdb_merged_connections(
		txn, application, organizations[organization], &options, entries, CONNECTIONS, &count));
	cr_assert_eq(count, expected, "organization %zu has %zu connections, not %zu", organization, count, expected);
	for (size_t i = 0; i < count; i++)
		expect_text(entries[i].connection->id, connections[i]);
}

/* Organization i has the first i % 4 connections. */
static void create_organizations(void)
{
	application = create_application("portal");
	for (size_t i = 0; i < CONNECTIONS; i++)
		connections[i] = create_connection(format("connection-%zu", i), "samlp");
	for (size_t i = 0; i < ORGANIZATIONS; i++)
		organizations[i] = create_organization(format("organization-%zu", i));
	for (size_t c = 0; c < CONNECTIONS; c++)
		for (size_t i = 0; i < ORGANIZATIONS; i++)
			if (c < i % 4)
				enable_for_organization(organizations[i], connections[c]);
}

Test(collisions, each_organization_finds_its_own_row)
{
	create_organizations();
	for (size_t i = 0; i < ORGANIZATIONS; i++)
		expect_merged(i, i % 4);
	commit_and_check();
	begin_read();
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ORGANIZATIONS; i++)
			expect_merged(i, i % 4);
	size_t count;
	expect_error(orgdb_merged_connections(txn, application, "org_nobodyhasthisid", NULL, NULL, 0, &count),
		ORGDB_NOT_FOUND, "organization.id");
	expect_error(orgdb_merged_connections(txn, application, "org_0000000000000000", NULL, NULL, 0, &count),
		ORGDB_NOT_FOUND, "organization.id");
}

Test(collisions, changing_one_row_leaves_the_others)
{
	create_organizations();
	must(orgdb_enabled_connection_delete(txn, organizations[3], connections[2]));
	orgdb_enabled_connection off = { .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED, .is_enabled = false };
	must(orgdb_enabled_connection_update(txn, organizations[7], connections[2], &off));
	must(orgdb_organization_delete(txn, organizations[0], NULL));
	must(orgdb_organization_delete(txn, organizations[11], NULL));
	must(orgdb_organization_delete(txn, organizations[6], NULL));
	for (size_t i = 1; i < 11; i++)
		if (i != 6)
			expect_merged(i, i == 3 || i == 7 ? 2 : i % 4);
	commit_and_check();
	begin_write();
	must(orgdb_connection_delete(txn, connections[2], NULL));
	for (size_t i = 1; i < 11; i++)
		if (i != 6)
			expect_merged(i, i % 4 == 3 ? 2 : i % 4);
	for (size_t i = 1; i < 11; i++)
		if (i != 6)
			must(orgdb_organization_delete(txn, organizations[i], NULL));
	commit_and_check();
}

/* ---- Tickets ----------------------------------------------------------------------------------------------------- */

static const char *ticket(size_t i)
{
	return format("%032zu", i);
}

Test(collisions, each_ticket_finds_its_own_invitation)
{
	const char *organization = create_organization("acme"), *client = create_application("portal");
	orgdb_application changes = { .fields = ORGDB_APPLICATION_ORGANIZATION_USAGE,
		.organization_usage = ORGDB_USAGE_ALLOW };
	orgdb_invitation found;
	must(orgdb_application_update(txn, client, &changes));
	for (size_t i = 0; i < 10; i++) {
		orgdb_invitation made = valid_invitation(organization, client);
		made.ticket_id = orgdb_string(ticket(i));
		must(orgdb_invitation_create(txn, &made, NULL));
	}
	for (size_t i = 0; i < 10; i++) {
		must(orgdb_invitation_get_by_ticket(txn, ticket(i), &found));
		expect_text(found.ticket_id, ticket(i));
	}
	expect_error(orgdb_invitation_get_by_ticket(txn, ticket(10), &found), ORGDB_NOT_FOUND, "invitation.ticket_id");
	expect_error(orgdb_invitation_get_by_ticket(txn, "0", &found), ORGDB_NOT_FOUND, "invitation.ticket_id");
	commit_and_check();
}
