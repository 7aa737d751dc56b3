/*
 * Invitations: made, found, accepted, revoked and swept.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"

#define TICKET "0123456789ABCDEFGHIJKLMNOPQRSTUV"
#define OTHER_TICKET "0123456789ABCDEFGHIJKLMNOPQRSTUW"
#define CREATED "2020-01-01T00:00:00Z"
#define CREATED_SECONDS UINT64_C(1577836800)
#define DAY UINT64_C(86400)

static const char *organization, *application, *connection, *role, *other_role, *user;

static void allow(const char *client_id, uint32_t usage)
{
	orgdb_application changes = { .fields = ORGDB_APPLICATION_ORGANIZATION_USAGE, .organization_usage = usage };
	must(orgdb_application_update(txn, client_id, &changes));
}

static void set_email(const char *user_id, const char *email)
{
	orgdb_user changes = { .fields = ORGDB_USER_EMAIL, .email = orgdb_string(email) };
	must(orgdb_user_update(txn, user_id, &changes));
}

/* An organization that invites, and a user with the address that is invited. */
static void setup(void)
{
	fixture_writing();
	organization = create_organization("acme");
	application = create_application("portal");
	connection = create_connection("acme-okta", "okta");
	role = create_role("admin");
	other_role = create_role("viewer");
	user = create_user("clerk");
	allow(application, ORGDB_USAGE_ALLOW);
	enable_for_organization(organization, connection);
	set_email(user, "clerk@example.com");
}

TestSuite(invitation, .init = setup, .fini = fixture_close, .timeout = 120);

static orgdb_invitation valid(void)
{
	return valid_invitation(organization, application);
}

static orgdb_value role_ids(const char *first, const char *second)
{
	const char *others = second ? format(", \"%s\"", second) : "";
	return value_of_json(format("[\"%s\"%s]", first, others));
}

static const char *create(const orgdb_invitation *given)
{
	orgdb_str id;
	must(orgdb_invitation_create(txn, given, &id));
	return copy(id);
}

static orgdb_invitation get(const char *id)
{
	orgdb_invitation found;
	must(orgdb_invitation_get(txn, id, &found));
	return found;
}

/* Made before, with this ticket, and valid for so many days. */
static const char *create_recorded(const char *ticket, uint64_t days)
{
	orgdb_invitation given = valid();
	given.created_at = orgdb_string(CREATED);
	given.ticket_id = orgdb_string(ticket);
	given.ttl_sec = days * DAY;
	return create(&given);
}

static bool is_member(const char *organization_id, const char *user_id)
{
	bool member;
	must(orgdb_membership_contains(txn, organization_id, user_id, &member));
	return member;
}

static uint64_t count(void)
{
	uint64_t counted;
	must(orgdb_invitation_count(txn, &counted));
	return counted;
}

static size_t roles_of(const char *user_id)
{
	orgdb_role roles[60];
	size_t listed;
	must(orgdb_member_roles(txn, organization, user_id, 0, roles, COUNT_OF(roles), &listed));
	return listed;
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

Test(invitation, keeps_every_field)
{
	orgdb_invitation given = ORGDB_INVITATION_INIT;
	given.id = orgdb_string("uinv_AZaz09AZaz09AZaz");
	given.organization_id = orgdb_string(organization);
	given.inviter = VALUE({ "name" : "The board", "unknown" : 1 });
	given.invitee = VALUE({ "email" : "clerk@example.com" });
	given.client_id = orgdb_string(application);
	given.connection_id = orgdb_string(connection);
	given.roles = role_ids(role, other_role);
	given.app_metadata = VALUE({ "plan" : { "seats" : 3 } });
	given.user_metadata = VALUE({ "language" : "de" });
	given.send_invitation_email = false;
	given.ttl_sec = 60;
	given.created_at = orgdb_string("2020-02-29T23:59:30.500Z");
	given.ticket_id = orgdb_string(TICKET);
	given.invitation_url = orgdb_string("https://login.example.com/?invitation=" TICKET);
	given.extra = VALUE({ "unknown" : [1] });
	orgdb_invitation found = get(create(&given));
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0x7fff, "%x", found.fields);
	expect_text(found.organization_id, organization);
	expect_value(found.inviter, { "name" : "The board", "unknown" : 1 });
	expect_value(found.invitee, { "email" : "clerk@example.com" });
	expect_text(found.client_id, application);
	expect_text(found.connection_id, connection);
	cr_expect(same_value(found.roles, role_ids(role, other_role)));
	expect_value(found.app_metadata, { "plan" : { "seats" : 3 } });
	expect_value(found.user_metadata, { "language" : "de" });
	cr_expect(!found.send_invitation_email);
	expect_number(found.ttl_sec, 60);
	expect_text(found.created_at, "2020-02-29T23:59:30.500Z");
	expect_text(found.expires_at, "2020-03-01T00:00:30.500Z");
	expect_text(found.ticket_id, TICKET);
	expect_text(found.invitation_url, "https://login.example.com/?invitation=" TICKET);
	expect_value(found.extra, { "unknown" : [1] });
	commit_and_check();
}

/* Seconds since 1970, of a text with milliseconds, by the C library. */
static uint64_t seconds_of(orgdb_str text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(copy(text), "%Y-%m-%dT%H:%M:%S", &tm);
	cr_assert(rest && strlen(rest) == strlen(".000Z"), "%s", copy(text));
	setenv("TZ", "UTC0", 1);
	return (uint64_t)mktime(&tm);
}

Test(invitation, times_and_a_ticket_are_made_up)
{
	static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *before = "";
	for (int i = 0; i < 100; i++) {
		orgdb_invitation given = valid();
		uint64_t now = (uint64_t)time(NULL);
		orgdb_invitation found = get(create(&given));
		cr_expect_eq(strspn(copy(found.ticket_id), letters), 32, "%s", copy(found.ticket_id));
		cr_expect_str_neq(copy(found.ticket_id), before);
		before = copy(found.ticket_id);
		cr_expect_leq(now, seconds_of(found.created_at));
		cr_expect_leq(seconds_of(found.created_at), now + 60);
		expect_number(seconds_of(found.expires_at), seconds_of(found.created_at) + 7 * DAY);
		cr_expect(!(found.fields & ORGDB_INVITATION_INVITATION_URL));
		cr_expect(found.send_invitation_email);
	}
	commit_and_check();
}

static int try_times(uint64_t ttl, const char *created, const char *expires)
{
	orgdb_invitation given = valid();
	given.ttl_sec = ttl;
	given.created_at = orgdb_string(created);
	given.expires_at = orgdb_string(expires);
	return orgdb_invitation_create(txn, &given, NULL);
}

Test(invitation, lasts_seven_days_unless_told_and_thirty_at_most)
{
	must(try_times(1, NULL, NULL));
	must(try_times(30 * DAY, NULL, NULL));
	must(try_times(0, CREATED, "2020-01-31T00:00:00Z"));
	must(try_times(0, CREATED, "2020-01-01T00:00:00.001Z"));
	must(try_times(DAY, CREATED, "2020-01-02T00:00:00.000Z"));
	expect_error(try_times(30 * DAY + 1, NULL, NULL), ORGDB_INVALID, "invitation.ttl_sec");
	expect_error(try_times(UINT64_MAX, CREATED, NULL), ORGDB_INVALID, "invitation.ttl_sec");
	expect_error(try_times(0, CREATED, CREATED), ORGDB_INVALID, "invitation.expires_at");
	expect_error(try_times(0, CREATED, "2019-12-31T00:00:00Z"), ORGDB_INVALID, "invitation.expires_at");
	expect_error(try_times(0, CREATED, "2020-01-31T00:00:00.001Z"), ORGDB_INVALID, "invitation.expires_at");
	expect_error(try_times(DAY, CREATED, "2020-01-02T00:00:00.001Z"), ORGDB_INVALID, "invitation.expires_at");
	expect_error(try_times(0, NULL, "2020-01-02T00:00:00Z"), ORGDB_INVALID, "invitation.expires_at");
	expect_error(try_times(0, "2020-01-01", NULL), ORGDB_INVALID, "invitation.created_at");
	expect_error(try_times(0, "yesterday", "2020-01-02T00:00:00Z"), ORGDB_INVALID, "invitation.created_at");
	expect_error(try_times(0, CREATED, "2020-01-32T00:00:00Z"), ORGDB_INVALID, "invitation.expires_at");
	expect_error(try_times(0, "9999-12-31T00:00:00Z", NULL), ORGDB_INVALID, "invitation.created_at");
	must(try_times(DAY - 1, "9999-12-31T00:00:00Z", NULL));
	orgdb_invitation given = valid();
	given.created_at = orgdb_string(CREATED);
	expect_text(get(create(&given)).expires_at, "2020-01-08T00:00:00.000Z");
	commit_and_check();
}

Test(invitation, what_it_refers_to_must_exist)
{
	orgdb_invitation given = valid();
	given.organization_id = orgdb_string("org_zzzzzzzzzzzzzzzz");
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_NOT_FOUND, "organization");
	given = valid();
	given.client_id = orgdb_string("nobody");
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_NOT_FOUND, "application");
	given = valid();
	given.connection_id = orgdb_string("con_zzzzzzzzzzzzzzzz");
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_NOT_FOUND, "connection");
	given = valid();
	given.roles = role_ids(role, "rol_zzzzzzzzzzzzzzzz");
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_NOT_FOUND, "role");
	expect_number(count(), 0);
	commit_and_check();
}

Test(invitation, a_new_one_must_be_one_that_can_be_accepted)
{
	const char *sms = create_connection("sms", "sms"), *elsewhere = create_connection("elsewhere", "auth0");
	orgdb_enabled_connection off = { .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED };
	enable_for_organization(organization, sms);
	orgdb_invitation given = valid();
	given.connection_id = orgdb_string(sms);
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.connection_id");
	given.connection_id = orgdb_string(elsewhere);
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.connection_id");
	given.connection_id = orgdb_string(connection);
	must(orgdb_enabled_connection_update(txn, organization, connection, &off));
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.connection_id");
	given = valid();
	allow(application, ORGDB_USAGE_REQUIRE);
	create(&given);
	allow(application, ORGDB_USAGE_DENY);
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.client_id");
}

Test(invitation, one_that_was_made_before_may_have_become_unacceptable)
{
	orgdb_invitation given = valid();
	given.connection_id = orgdb_string(create_connection("elsewhere", "auth0"));
	allow(application, ORGDB_USAGE_DENY);
	given.ticket_id = orgdb_string(TICKET);
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "");
	given.ticket_id = orgdb_string(NULL);
	given.created_at = orgdb_string(CREATED);
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "");
	given.ticket_id = orgdb_string(TICKET);
	create(&given);
	given.connection_id = orgdb_string(create_connection("sms", "sms"));
	given.ticket_id = orgdb_string(OTHER_TICKET);
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.connection_id");
	commit_and_check();
}

Test(invitation, values_obey_their_rules)
{
	static const struct {
		const char *field;
		const char *json;
		bool right;
	} rows[] = {
		{ "inviter", "{}", false },
		{ "inviter", "{\"name\": \"\"}", false },
		{ "inviter", "{\"name\": 7}", false },
		{ "inviter", "{\"name\": \"x\"}", true },
		{ "invitee", "{}", false },
		{ "invitee", "{\"email\": \"nobody\"}", false },
		{ "invitee", "{\"email\": null}", false },
		{ "invitee", "{\"email\": \"a@b\"}", true },
		{ "roles", "[]", false },
		{ "roles", "[1]", false },
		{ "roles", "[\"admin\"]", false },
		{ "roles", "[\"rol_0\"]", false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		any_entity given = { .invitation = valid() };
		const orgdb_field *field = field_named(ORGDB_KIND_INVITATION, rows[i].field);
		*value_at(&given, field) = value_of_json(rows[i].json);
		if (rows[i].right)
			must(orgdb_invitation_create(txn, &given.invitation, NULL));
		else
			expect_error(orgdb_invitation_create(txn, &given.invitation, NULL), ORGDB_INVALID, rows[i].field);
	}
	const char *const names[] = { repeat("x", 300), repeat("x", 301) };
	for (size_t i = 0; i < 2; i++) {
		orgdb_invitation given = valid();
		given.inviter = value_of_json(format("{\"name\": \"%s\"}", names[i]));
		cr_expect_eq(orgdb_invitation_create(txn, &given, NULL), i ? ORGDB_INVALID : 0);
	}
}

Test(invitation, has_fifty_roles_at_most_and_each_once)
{
	const char *json = "[";
	for (int i = 0; i < 51; i++) {
		orgdb_invitation given = valid();
		json = format("%s%s\"%s\"", json, i ? "," : "", create_role(format("role-%d", i)));
		given.roles = value_of_json(format("%s]", json));
		if (i == 49)
			cr_expect(same_value(get(create(&given)).roles, given.roles));
		if (i == 50)
			expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.roles");
	}
	orgdb_invitation twice = valid();
	twice.roles = role_ids(role, role);
	expect_error(orgdb_invitation_create(txn, &twice, NULL), ORGDB_INVALID, "invitation.roles");
	commit_and_check();
}

static const char *create_owned_role(const char *organization_id, const char *name)
{
	orgdb_role given = ORGDB_ROLE_INIT;
	orgdb_str id;
	given.name = orgdb_string(name);
	given.type = ORGDB_ROLE_OF_ORGANIZATION;
	given.owner_id = orgdb_string(organization_id);
	must(orgdb_role_create(txn, &given, &id));
	return copy(id);
}

Test(invitation, has_no_role_of_another_organization)
{
	orgdb_invitation given = valid();
	given.roles = role_ids(role, create_owned_role(create_organization("other"), "editor"));
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.roles");
	given.roles = role_ids(role, create_owned_role(organization, "editor"));
	given.ticket_id = orgdb_string(TICKET);
	create(&given);
	must(orgdb_invitation_accept(txn, TICKET, user, 0, NULL));
	cr_expect_eq(roles_of(user), 2);
	commit_and_check();
}

Test(invitation, an_organizations_own_roles_go_with_it_and_its_invitations)
{
	orgdb_cascade gone;
	orgdb_invitation given = valid();
	given.roles = role_ids(role, create_owned_role(organization, "editor"));
	create(&given);
	must(orgdb_organization_delete(txn, organization, &gone));
	expect_number(gone.invitations, 1);
	expect_number(gone.roles, 1);
	commit_and_check();
}

Test(invitation, nothing_of_it_changes_but_what_orgdb_does_not_know)
{
	const char *id = create_recorded(TICKET, 1);
	const orgdb_schema *schema = orgdb_schema_of(ORGDB_KIND_INVITATION);
	for (size_t i = 0; i < schema->field_count; i++) {
		any_entity changes = { .invitation = get(id) };
		changes.fields = schema->fields[i].bit;
		expect_error(orgdb_invitation_update(txn, id, &changes.invitation), ORGDB_INVALID, schema->fields[i].name);
	}
	orgdb_invitation changes = { .fields = ORGDB_EXTRA, .extra = VALUE({ "seen" : true }) };
	must(orgdb_invitation_update(txn, id, &changes));
	expect_value(get(id).extra, { "seen" : true });
	expect_error(orgdb_invitation_update(txn, "uinv_zzzzzzzzzzzzzzzz", &changes), ORGDB_NOT_FOUND, "invitation");
	commit_and_check();
}

Test(invitation, can_be_revoked)
{
	orgdb_cascade gone;
	const char *id = create_recorded(TICKET, 1);
	must(orgdb_invitation_delete(txn, id, &gone));
	expect_number(gone.invitations, 0);
	expect_number(count(), 0);
	expect_error(orgdb_invitation_delete(txn, id, NULL), ORGDB_NOT_FOUND, "invitation");
	expect_error(orgdb_invitation_accept(txn, TICKET, user, CREATED_SECONDS, NULL), ORGDB_NOT_FOUND, "ticket");
	cr_expect(!is_member(organization, user));
	create_recorded(TICKET, 1);
	commit_and_check();
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

Test(invitation, lists_are_those_of_an_organization_in_creation_order)
{
	const char *other = create_organization("other"), *ids[30];
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		ids[i] = create_invitation(i % 3 ? organization : other, application);
	must(orgdb_invitation_delete(txn, ids[4], NULL));
	orgdb_invitation page[3];
	uint64_t after = 0, counted;
	size_t seen = 0, listed;
	do {
		must(orgdb_organization_invitations(txn, organization, after, page, 3, &listed));
		for (size_t i = 0; i < listed; i++, seen++) {
			while (seen % 3 == 0 || seen == 4)
				seen++;
			expect_text(page[i].id, ids[seen]);
			expect_text(page[i].organization_id, organization);
			after = page[i].ordinal;
		}
	} while (listed == 3);
	cr_expect_eq(seen, 30);
	must(orgdb_organization_invitation_count(txn, organization, &counted));
	expect_number(counted, 19);
	must(orgdb_organization_invitation_count(txn, other, &counted));
	expect_number(counted, 10);
	expect_error(orgdb_organization_invitations(txn, "org_zzzzzzzzzzzzzzzz", 0, page, 3, &listed), ORGDB_NOT_FOUND,
		"organization");
	expect_error(orgdb_organization_invitation_count(txn, "nobody", &counted), ORGDB_NOT_FOUND, "organization");
	commit_and_check();
}

/* ---- Tickets ----------------------------------------------------------------------------------------------------- */

Test(invitation, is_found_by_its_whole_ticket_alone)
{
	static const char *const others[] = { "", "0", OTHER_TICKET, TICKET "0", "0123456789ABCDEFGHIJKLMNOPQRSTU",
		"1123456789ABCDEFGHIJKLMNOPQRSTUV", "0123456789abcdefghijklmnopqrstuv" };
	const char *id = create_recorded(TICKET, 1);
	orgdb_invitation found;
	must(orgdb_invitation_get_by_ticket(txn, TICKET, &found));
	expect_text(found.id, id);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		expect_error(orgdb_invitation_get_by_ticket(txn, others[i], &found), ORGDB_NOT_FOUND, "invitation.ticket_id");
	expect_error(orgdb_invitation_get_by_ticket(txn, repeat("long", 5000), &found), ORGDB_NOT_FOUND, "ticket");
	must(orgdb_invitation_delete(txn, id, NULL));
	expect_error(orgdb_invitation_get_by_ticket(txn, TICKET, &found), ORGDB_NOT_FOUND, "invitation.ticket_id");
}

static void expect_no_ticket_in_the_message(void)
{
	const char *message = orgdb_last_error()->message;
	cr_expect(message[0] && !strstr(message, "ABCDEF"), "%s", message);
}

Test(invitation, no_message_tells_a_ticket)
{
	orgdb_invitation given = valid(), found;
	create_recorded(TICKET, 1);
	given.ticket_id = orgdb_string(TICKET);
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_EXISTS, "invitation.ticket_id");
	expect_no_ticket_in_the_message();
	given.ticket_id = orgdb_string(TICKET "x");
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.ticket_id");
	expect_no_ticket_in_the_message();
	given.ticket_id = orgdb_string(OTHER_TICKET);
	given.invitation_url = orgdb_string(repeat("https://example.com/ABCDEF", 1000));
	expect_error(orgdb_invitation_create(txn, &given, NULL), ORGDB_INVALID, "invitation.invitation_url");
	expect_no_ticket_in_the_message();
	expect_error(orgdb_invitation_get_by_ticket(txn, OTHER_TICKET, &found), ORGDB_NOT_FOUND, "ticket");
	expect_no_ticket_in_the_message();
	expect_error(orgdb_invitation_accept(txn, TICKET, user, 0, NULL), ORGDB_FORBIDDEN, "");
	expect_no_ticket_in_the_message();
}

/* Who looks for a ticket must not be led to it byte by byte. */
Test(invitation, tickets_are_no_keys)
{
	orgdb_row rows[64];
	const void *after = NULL;
	size_t after_size = 0, listed;
	create_recorded(TICKET, 1);
	do {
		must(orgdb_table_rows(txn, "unique", after, after_size, rows, COUNT_OF(rows), &listed));
		for (size_t i = 0; i < listed; i++) {
			const unsigned char *key = rows[i].key;
			for (size_t at = 0; at + 4 <= rows[i].key_size; at++)
				cr_expect(memcmp(key + at, TICKET, 4) != 0, "row %zu", i);
			after = key;
			after_size = rows[i].key_size;
		}
	} while (listed == COUNT_OF(rows));
}

/* ---- Accepting --------------------------------------------------------------------------------------------------- */

Test(invitation, accepting_makes_a_member_with_roles)
{
	orgdb_invitation given = valid();
	orgdb_str joined;
	orgdb_user found;
	given.roles = role_ids(role, other_role);
	given.ticket_id = orgdb_string(TICKET);
	given.connection_id = orgdb_string(connection);
	create(&given);
	must(orgdb_invitation_accept(txn, TICKET, user, 0, &joined));
	expect_text(joined, organization);
	cr_expect_eq(joined.data[joined.size], '\0');
	cr_expect(is_member(organization, user));
	cr_expect_eq(roles_of(user), 2);
	must(orgdb_user_get(txn, user, &found));
	cr_expect(found.email_verified);
	expect_number(count(), 0);
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 1);
	expect_number(statistics().member_roles, 2);
	expect_error(orgdb_invitation_accept(txn, TICKET, user, 0, NULL), ORGDB_NOT_FOUND, "invitation.ticket_id");
	commit_and_check();
}

Test(invitation, metadata_is_laid_over_the_users_key_by_key)
{
	orgdb_user changes = { .fields = ORGDB_USER_APP_METADATA | ORGDB_USER_EMAIL_VERIFIED, .email_verified = true },
			   found;
	orgdb_invitation given = valid();
	changes.app_metadata = VALUE({ "a" : 1, "c" : { "x" : 1 }, "e" : 5 });
	must(orgdb_user_update(txn, user, &changes));
	given.app_metadata = VALUE({ "f" : 6, "c" : { "y" : 2 }, "b" : null, "aa" : [] });
	given.user_metadata = VALUE({ "language" : "de" });
	given.ticket_id = orgdb_string(TICKET);
	create(&given);
	must(orgdb_invitation_accept(txn, TICKET, user, 0, NULL));
	must(orgdb_user_get(txn, user, &found));
	expect_value(found.app_metadata, { "a" : 1, "aa" : [], "b" : null, "c" : { "y" : 2 }, "e" : 5, "f" : 6 });
	expect_value(found.user_metadata, { "language" : "de" });
	commit_and_check();
}

Test(invitation, a_member_gets_the_roles_that_are_missing)
{
	orgdb_invitation given = valid();
	add_member(organization, user);
	assign_role(organization, user, role);
	given.roles = role_ids(role, other_role);
	given.ticket_id = orgdb_string(TICKET);
	create(&given);
	must(orgdb_invitation_accept(txn, TICKET, user, 0, NULL));
	cr_expect_eq(roles_of(user), 2);
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 1);
	expect_number(statistics().member_roles, 2);
	expect_number(count(), 0);
	commit_and_check();
}

Test(invitation, a_member_who_would_have_too_many_roles_changes_nothing)
{
	orgdb_user found;
	orgdb_invitation given = valid();
	add_member(organization, user);
	for (int i = 0; i < ORGDB_MEMBER_ROLES_MAX - 1; i++)
		assign_role(organization, user, create_role(format("role-%d", i)));
	given.roles = role_ids(role, other_role);
	given.ticket_id = orgdb_string(TICKET);
	create(&given);
	expect_error(orgdb_invitation_accept(txn, TICKET, user, 0, NULL), ORGDB_TOO_LARGE, "membership.roles");
	cr_expect_eq(roles_of(user), ORGDB_MEMBER_ROLES_MAX - 1);
	must(orgdb_user_get(txn, user, &found));
	cr_expect(!found.email_verified);
	expect_number(count(), 1);
	assign_role(organization, user, role);
	expect_error(orgdb_invitation_accept(txn, TICKET, user, 0, NULL), ORGDB_TOO_LARGE, "membership.roles");
	must(orgdb_member_role_remove(txn, organization, user, role));
	must(orgdb_role_delete(txn, other_role, NULL));
	must(orgdb_invitation_accept(txn, TICKET, user, 0, NULL));
	cr_expect_eq(roles_of(user), ORGDB_MEMBER_ROLES_MAX);
	commit_and_check();
}

static void expect_refused(const char *user_id, uint64_t now, int code, const char *field)
{
	orgdb_str joined;
	expect_error(orgdb_invitation_accept(txn, TICKET, user_id, now, &joined), code, field);
	cr_expect(orgdb_last_error()->message[0] != '\0');
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 0);
	expect_number(statistics().member_roles, 0);
	orgdb_invitation found;
	must(orgdb_invitation_get_by_ticket(txn, TICKET, &found));
}

Test(invitation, is_accepted_until_it_expires)
{
	create_recorded(TICKET, 1);
	expect_refused(user, 0, ORGDB_FORBIDDEN, "invitation.expires_at");
	expect_refused(user, UINT64_MAX, ORGDB_FORBIDDEN, "invitation.expires_at");
	expect_refused(user, CREATED_SECONDS + DAY, ORGDB_FORBIDDEN, "invitation.expires_at");
	cr_expect(strstr(orgdb_last_error()->message, "2020-01-02T00:00:00.000Z"), "%s", orgdb_last_error()->message);
	must(orgdb_invitation_accept(txn, TICKET, user, CREATED_SECONDS + DAY - 1, NULL));
	commit_and_check();
}

Test(invitation, is_for_the_email_that_was_invited)
{
	const uint64_t now = CREATED_SECONDS + 1;
	const char *nameless = create_user("nameless"), *other = create_user("other");
	set_email(other, "clerk@example.org");
	create_recorded(TICKET, 1);
	expect_refused(nameless, now, ORGDB_FORBIDDEN, "invitation.invitee");
	expect_refused(other, now, ORGDB_FORBIDDEN, "invitation.invitee");
	set_email(other, "clerk@example.co");
	expect_refused(other, now, ORGDB_FORBIDDEN, "invitation.invitee");
	expect_refused("auth0|nobody", now, ORGDB_NOT_FOUND, "user");
	set_email(other, "Clerk@Example.COM");
	must(orgdb_invitation_accept(txn, TICKET, other, now, NULL));
	cr_expect(is_member(organization, other) && !is_member(organization, user));
}

Test(invitation, rules_that_have_changed_count_when_it_is_accepted)
{
	const uint64_t now = CREATED_SECONDS + 1;
	orgdb_enabled_connection changes = { .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED };
	orgdb_invitation given = valid();
	given.connection_id = orgdb_string(connection);
	given.created_at = orgdb_string(CREATED);
	given.ticket_id = orgdb_string(TICKET);
	create(&given);
	must(orgdb_enabled_connection_update(txn, organization, connection, &changes));
	expect_refused(user, now, ORGDB_FORBIDDEN, "invitation.connection_id");
	must(orgdb_enabled_connection_delete(txn, organization, connection));
	expect_refused(user, now, ORGDB_FORBIDDEN, "invitation.connection_id");
	enable_for_organization(organization, connection);
	allow(application, ORGDB_USAGE_DENY);
	expect_refused(user, now, ORGDB_FORBIDDEN, "invitation.client_id");
	allow(application, ORGDB_USAGE_ALLOW);
	must(orgdb_invitation_accept(txn, TICKET, user, now, NULL));
	commit_and_check();
}

static orgdb_value large_map(const char *key)
{
	return value_of_json(format("{\"%s\": \"%s\"}", key, repeat("x", 700000)));
}

Test(invitation, a_user_who_would_be_too_large_changes_nothing)
{
	orgdb_user changes = { .fields = ORGDB_USER_APP_METADATA, .app_metadata = large_map("a") }, found;
	orgdb_invitation given = valid();
	must(orgdb_user_update(txn, user, &changes));
	given.app_metadata = large_map("b");
	given.roles = role_ids(role, NULL);
	given.ticket_id = orgdb_string(TICKET);
	create(&given);
	expect_refused(user, 0, ORGDB_TOO_LARGE, "user");
	must(orgdb_user_get(txn, user, &found));
	cr_expect(!found.email_verified);
	changes.app_metadata = large_map("b");
	must(orgdb_user_update(txn, user, &changes));
	must(orgdb_invitation_accept(txn, TICKET, user, 0, NULL));
	commit_and_check();
}

Test(invitation, only_one_of_two_acceptances_succeeds)
{
	const char *twin = create_user("twin");
	set_email(twin, "clerk@example.com");
	create_recorded(TICKET, 1);
	must(orgdb_invitation_accept(txn, TICKET, twin, CREATED_SECONDS, NULL));
	expect_error(orgdb_invitation_accept(txn, TICKET, user, CREATED_SECONDS, NULL), ORGDB_NOT_FOUND, "ticket");
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 1);
	end();
	begin_read();
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 0);
}

Test(invitation, readers_neither_accept_nor_sweep)
{
	size_t removed;
	create_recorded(TICKET, 1);
	commit();
	begin_read();
	expect_error(orgdb_invitation_accept(txn, TICKET, user, CREATED_SECONDS, NULL), ORGDB_READ_ONLY, "");
	expect_error(orgdb_invitation_sweep(txn, 0, 10, &removed), ORGDB_READ_ONLY, "");
	orgdb_invitation found;
	must(orgdb_invitation_get_by_ticket(txn, TICKET, &found));
}

/* ---- Sweeping ---------------------------------------------------------------------------------------------------- */

/* One for each of 20 days, in disorder. */
static void create_twenty(void)
{
	const size_t *order = shuffled(20, 5);
	for (size_t i = 0; i < 20; i++)
		create_recorded(format("%032zu", order[i]), order[i] + 1);
}

static size_t sweep(uint64_t now, size_t limit)
{
	size_t removed;
	must(orgdb_invitation_sweep(txn, now, limit, &removed));
	return removed;
}

static bool is_there(size_t number)
{
	orgdb_invitation found;
	int rc = orgdb_invitation_get_by_ticket(txn, format("%032zu", number), &found);
	cr_assert(rc == 0 || rc == ORGDB_NOT_FOUND);
	return rc == 0;
}

Test(invitation, sweeps_take_the_expired_in_order_and_no_more_than_told)
{
	create_twenty();
	cr_expect_eq(sweep(CREATED_SECONDS + DAY - 1, 100), 0);
	cr_expect_eq(sweep(CREATED_SECONDS + 100 * DAY, 0), 0);
	cr_expect_eq(sweep(CREATED_SECONDS + DAY, 100), 1);
	cr_expect_eq(sweep(CREATED_SECONDS + 10 * DAY + 1, 5), 5);
	for (size_t i = 0; i < 20; i++)
		cr_expect_eq(is_there(i), i >= 6, "%zu", i);
	cr_expect_eq(sweep(CREATED_SECONDS + 10 * DAY, 5), 4);
	expect_number(count(), 10);
	commit_and_check();
	end();
	begin_write();
	cr_expect_eq(sweep(0, 100), 10);
	cr_expect_eq(sweep(UINT64_MAX, 100), 0);
	expect_number(count(), 0);
	commit_and_check();
}

Test(invitation, sweeps_leave_what_is_valid_by_the_clock)
{
	create_invitation(organization, application);
	create_twenty();
	cr_expect_eq(sweep(0, 1000), 20);
	expect_number(count(), 1);
	cr_expect_eq(sweep((uint64_t)time(NULL) + 8 * DAY, 1000), 1);
}

Test(invitation, a_deleted_one_is_not_swept)
{
	must(orgdb_invitation_delete(txn, create_recorded(TICKET, 1), NULL));
	must(orgdb_invitation_accept(
		txn, copy(get(create_recorded(OTHER_TICKET, 1)).ticket_id), user, CREATED_SECONDS, NULL));
	cr_expect_eq(sweep(0, 100), 0);
	commit_and_check();
}

Test(invitation, a_sweep_that_is_dropped_takes_nothing)
{
	create_twenty();
	commit();
	begin_write();
	cr_expect_eq(sweep(0, 7), 7);
	end();
	begin_read();
	expect_number(count(), 20);
	expect_sound_store();
}

/* ---- What it refers to goes -------------------------------------------------------------------------------------- */

static const char *create_with_everything(const char *ticket)
{
	orgdb_invitation given = valid();
	given.connection_id = orgdb_string(connection);
	given.roles = role_ids(role, other_role);
	given.created_at = orgdb_string(CREATED);
	given.ticket_id = orgdb_string(ticket);
	return create(&given);
}

/* One that refers to nothing of the other's stays. */
static const char *create_apart(void)
{
	const char *client_id = create_application("apart");
	allow(client_id, ORGDB_USAGE_ALLOW);
	return create_invitation(create_organization("apart"), client_id);
}

static void expect_only(const char *id)
{
	expect_number(count(), 1);
	get(id);
	commit_and_check();
}

Test(invitation, goes_with_its_organization)
{
	orgdb_cascade gone;
	const char *apart = create_apart();
	create_with_everything(TICKET);
	must(orgdb_organization_delete(txn, organization, &gone));
	expect_number(gone.invitations, 1);
	expect_only(apart);
}

Test(invitation, goes_with_its_application)
{
	orgdb_cascade gone;
	const char *apart = create_apart();
	create_with_everything(TICKET);
	must(orgdb_application_delete(txn, application, &gone));
	expect_number(gone.invitations, 1);
	expect_only(apart);
}

Test(invitation, goes_with_its_connection)
{
	orgdb_cascade gone;
	const char *apart = create_apart();
	create_with_everything(TICKET);
	must(orgdb_connection_delete(txn, connection, &gone));
	expect_number(gone.invitations, 1);
	expect_only(apart);
}

Test(invitation, loses_a_role_that_goes)
{
	orgdb_cascade gone;
	const char *id = create_with_everything(TICKET);
	must(orgdb_role_delete(txn, role, &gone));
	expect_number(gone.invitations, 0);
	cr_expect(same_value(get(id).roles, role_ids(other_role, NULL)));
	commit_and_check();
	end();
	begin_write();
	must(orgdb_role_delete(txn, other_role, &gone));
	expect_absent(get(id).roles);
	cr_expect(!(get(id).fields & ORGDB_INVITATION_ROLES));
	must(orgdb_invitation_accept(txn, TICKET, user, CREATED_SECONDS, NULL));
	cr_expect_eq(roles_of(user), 0);
	commit_and_check();
}

Test(invitation, does_not_go_with_a_user)
{
	create_with_everything(TICKET);
	must(orgdb_user_delete(txn, user, NULL));
	expect_number(count(), 1);
}

/* More than one chunk of the sets. */
Test(invitation, thousands_go_with_what_they_refer_to)
{
	enum { MANY = 3000 };
	const char *other = create_organization("other");
	for (size_t i = 0; i < MANY; i++) {
		orgdb_invitation given = valid_invitation(i % 2 ? organization : other, application);
		given.connection_id = orgdb_string(i % 3 ? connection : NULL);
		given.roles = i % 5 ? role_ids(role, NULL) : (orgdb_value){ NULL, 0 };
		given.created_at = orgdb_string(CREATED);
		given.ticket_id = orgdb_string(format("%032zu", i));
		must(orgdb_invitation_create(txn, &given, NULL));
	}
	orgdb_cascade gone;
	must(orgdb_role_delete(txn, role, &gone));
	expect_number(gone.invitations, 0);
	must(orgdb_connection_delete(txn, connection, &gone));
	expect_number(gone.invitations, MANY * 2 / 3);
	must(orgdb_organization_delete(txn, other, &gone));
	expect_number(gone.invitations, MANY / 6);
	expect_number(count(), MANY / 6);
	commit_and_check();
	end();
	begin_write();
	must(orgdb_application_delete(txn, application, &gone));
	expect_number(gone.invitations, MANY / 6);
	expect_number(count(), 0);
	commit_and_check();
}

Test(invitation, everything_is_there_after_opening_anew)
{
	const char *id = create_with_everything(TICKET);
	commit();
	close_store();
	open_store(NULL);
	begin_write();
	orgdb_invitation found;
	must(orgdb_invitation_get_by_ticket(txn, TICKET, &found));
	expect_text(found.id, id);
	cr_expect_eq(sweep(0, 10), 1);
	commit_and_check();
}
