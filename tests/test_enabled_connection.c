/*
 * Enabled connections: which connections an organization offers, and how.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#define FIELD(name) ORGDB_ENABLED_CONNECTION_##name

static const char *acme;
static const char *database, *social, *enterprise, *passwordless;

static void setup(void)
{
	fixture_writing();
	acme = create_organization("acme");
	database = create_connection("database", "auth0");
	social = create_connection("social", "google-oauth2");
	enterprise = create_connection("enterprise", "samlp");
	passwordless = create_connection("passwordless", "sms");
}

TestSuite(enabled_connection, .init = setup, .fini = fixture_close, .timeout = 60);

static orgdb_enabled_connection get(const char *connection_id)
{
	orgdb_enabled_connection edge;
	must(orgdb_enabled_connection_get(txn, acme, connection_id, &edge));
	return edge;
}

static int update(const char *connection_id, orgdb_enabled_connection changes)
{
	return orgdb_enabled_connection_update(txn, acme, connection_id, &changes);
}

static uint64_t count(const char *organization_id)
{
	uint64_t count;
	must(orgdb_enabled_connection_count(txn, organization_id, &count));
	return count;
}

Test(enabled_connection, create_without_options_holds_the_defaults)
{
	must(orgdb_enabled_connection_create(txn, acme, enterprise, NULL));
	orgdb_enabled_connection edge = get(enterprise);
	expect_text(edge.organization_id, acme);
	expect_text(edge.connection_id, enterprise);
	cr_expect(!edge.assign_membership_on_login);
	cr_expect(edge.show_as_button);
	cr_expect(!edge.is_signup_enabled);
	cr_expect(edge.is_enabled);
	cr_expect_eq(edge.organization_access_level, ORGDB_ACCESS_NONE);
	expect_absent(edge.organization_connection_name);
	expect_absent(edge.extra);
	orgdb_connection connection;
	must(orgdb_connection_get(txn, enterprise, &connection));
	cr_expect_eq(edge.ordinal, connection.ordinal);
	commit_and_check();
}

Test(enabled_connection, create_keeps_every_option)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.assign_membership_on_login = true;
	edge.show_as_button = false;
	edge.is_signup_enabled = true;
	edge.is_enabled = false;
	edge.organization_access_level = ORGDB_ACCESS_LIMITED;
	edge.organization_connection_name = orgdb_string("Acme staff");
	edge.extra = VALUE({ "note" : [1] });
	must(orgdb_enabled_connection_create(txn, acme, database, &edge));
	edge = get(database);
	cr_expect(edge.assign_membership_on_login && !edge.show_as_button && edge.is_signup_enabled && !edge.is_enabled);
	cr_expect_eq(edge.organization_access_level, ORGDB_ACCESS_LIMITED);
	expect_text(edge.organization_connection_name, "Acme staff");
	expect_value(edge.extra, { "note" : [1] });
	cr_expect_eq(edge.fields, ORGDB_EXTRA | 0xff, "%x", edge.fields);
	commit_and_check();
}

Test(enabled_connection, the_mask_tells_which_options_are_given)
{
	orgdb_enabled_connection edge = { .fields = FIELD(ASSIGN_MEMBERSHIP_ON_LOGIN),
		.assign_membership_on_login = true,
		.is_signup_enabled = true,
		.organization_access_level = 99,
		.organization_connection_name = ORGDB_STR("\xff") };
	must(orgdb_enabled_connection_create(txn, acme, enterprise, &edge));
	edge = get(enterprise);
	uint32_t expected = FIELD(ORGANIZATION_ID) | FIELD(CONNECTION_ID) | FIELD(ASSIGN_MEMBERSHIP_ON_LOGIN);
	cr_expect_eq(edge.fields, expected, "%x", edge.fields);
	cr_expect(edge.assign_membership_on_login);
	cr_expect(edge.show_as_button && edge.is_enabled, "not given: the defaults");
	cr_expect(!edge.is_signup_enabled);
	cr_expect_eq(edge.organization_access_level, ORGDB_ACCESS_NONE);
	expect_absent(edge.organization_connection_name);
}

Test(enabled_connection, every_kind_of_connection_can_be_enabled)
{
	const char *const all[] = { database, social, enterprise, passwordless };
	for (size_t i = 0; i < COUNT_OF(all); i++)
		must(orgdb_enabled_connection_create(txn, acme, all[i], NULL));
	expect_number(count(acme), 4);
}

Test(enabled_connection, create_twice_reports_exists)
{
	enable_for_organization(acme, enterprise);
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.show_as_button = false;
	expect_error(orgdb_enabled_connection_create(txn, acme, enterprise, &edge), ORGDB_EXISTS, "");
	cr_expect(get(enterprise).show_as_button);
	expect_number(count(acme), 1);
	commit_and_check();
}

Test(enabled_connection, both_ends_must_exist_and_the_missing_one_is_named)
{
	static const char no_organization[] = "org_zzzzzzzzzzzzzzzz", no_connection[] = "con_zzzzzzzzzzzzzzzz";
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	orgdb_organization organization;
	uint64_t number;
	size_t listed;
	edge.fields = FIELD(IS_ENABLED);
	expect_error(orgdb_enabled_connection_create(txn, no_organization, social, NULL), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_enabled_connection_create(txn, acme, no_connection, NULL), ORGDB_NOT_FOUND, "connection");
	expect_error(orgdb_enabled_connection_update(txn, no_organization, social, &edge), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_enabled_connection_update(txn, acme, no_connection, &edge), ORGDB_NOT_FOUND, "connection");
	expect_error(orgdb_enabled_connection_get(txn, no_organization, social, &edge), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_enabled_connection_get(txn, acme, no_connection, &edge), ORGDB_NOT_FOUND, "connection");
	expect_error(orgdb_enabled_connection_delete(txn, no_organization, social), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_enabled_connection_delete(txn, acme, no_connection), ORGDB_NOT_FOUND, "connection");
	expect_error(
		orgdb_enabled_connection_list(txn, no_organization, 0, &edge, 1, &listed), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_enabled_connection_count(txn, no_organization, &number), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_connection_organizations(txn, no_connection, 0, &organization, 1, &listed), ORGDB_NOT_FOUND,
		"connection");
	cr_expect_eq(statistics().count[ORGDB_KIND_ENABLED_CONNECTION], 0);
}

Test(enabled_connection, what_is_not_enabled_is_not_found)
{
	enable_for_organization(acme, social);
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.fields = FIELD(IS_ENABLED);
	expect_error(orgdb_enabled_connection_get(txn, acme, enterprise, &edge), ORGDB_NOT_FOUND, "");
	expect_error(orgdb_enabled_connection_update(txn, acme, enterprise, &edge), ORGDB_NOT_FOUND, "");
	expect_error(orgdb_enabled_connection_delete(txn, acme, enterprise), ORGDB_NOT_FOUND, "");
	expect_number(count(acme), 1);
}

/* Rules. */

Test(enabled_connection, signup_needs_a_database_connection_and_membership_on_login)
{
	const char *const all[] = { database, social, enterprise, passwordless };
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		for (int assign = 0; assign < 2; assign++) {
			orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
			edge.is_signup_enabled = true;
			edge.assign_membership_on_login = assign;
			int rc = orgdb_enabled_connection_create(txn, acme, all[i], &edge);
			int expected = i == 0 && assign ? 0 : ORGDB_INVALID;
			cr_expect_eq(rc, expected, "row %zu, assign %d: %s", i, assign, orgdb_error_name(rc));
			if (rc == ORGDB_INVALID)
				cr_expect_str_eq(orgdb_last_error()->field, "enabled_connection.is_signup_enabled");
		}
	}
	expect_number(count(acme), 1);
}

Test(enabled_connection, update_keeps_the_rules_of_signup)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	must(orgdb_enabled_connection_create(txn, acme, database, &edge));
	enable_for_organization(acme, enterprise);
	orgdb_enabled_connection signup = { .fields = FIELD(IS_SIGNUP_ENABLED), .is_signup_enabled = true };
	orgdb_enabled_connection both = { .fields = FIELD(IS_SIGNUP_ENABLED) | FIELD(ASSIGN_MEMBERSHIP_ON_LOGIN),
		.is_signup_enabled = true,
		.assign_membership_on_login = true };
	expect_error(update(database, signup), ORGDB_INVALID, "is_signup_enabled");
	expect_error(update(enterprise, both), ORGDB_INVALID, "is_signup_enabled");
	must(update(database, both));
	orgdb_enabled_connection no_assign = { .fields = FIELD(ASSIGN_MEMBERSHIP_ON_LOGIN) };
	expect_error(update(database, no_assign), ORGDB_INVALID, "enabled_connection");
	cr_expect(get(database).assign_membership_on_login && get(database).is_signup_enabled);
	both.is_signup_enabled = both.assign_membership_on_login = false;
	must(update(database, both));
	commit_and_check();
}

Test(enabled_connection, an_access_level_needs_a_name)
{
	for (uint32_t level = ORGDB_ACCESS_READONLY; level <= ORGDB_ACCESS_FULL; level++) {
		orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
		edge.organization_access_level = level;
		expect_error(orgdb_enabled_connection_create(txn, acme, enterprise, &edge), ORGDB_INVALID, "organization_");
		edge.organization_connection_name = orgdb_string("Staff");
		must(orgdb_enabled_connection_create(txn, acme, enterprise, &edge));
		cr_expect_eq(get(enterprise).organization_access_level, level);
		must(orgdb_enabled_connection_delete(txn, acme, enterprise));
	}
}

Test(enabled_connection, update_keeps_the_rule_of_access_levels)
{
	enable_for_organization(acme, enterprise);
	orgdb_enabled_connection level = { .fields = FIELD(ORGANIZATION_ACCESS_LEVEL),
		.organization_access_level = ORGDB_ACCESS_FULL };
	expect_error(update(enterprise, level), ORGDB_INVALID, "organization_");
	orgdb_enabled_connection name = { .fields = FIELD(ORGANIZATION_CONNECTION_NAME),
		.organization_connection_name = ORGDB_STR("Staff") };
	must(update(enterprise, name));
	must(update(enterprise, level));
	name.organization_connection_name = orgdb_string(NULL);
	expect_error(update(enterprise, name), ORGDB_INVALID, "organization_");
	expect_text(get(enterprise).organization_connection_name, "Staff");
	level.organization_access_level = ORGDB_ACCESS_NONE;
	must(update(enterprise, level));
	must(update(enterprise, name));
	expect_absent(get(enterprise).organization_connection_name);
	commit_and_check();
}

Test(enabled_connection, access_levels_out_of_range_are_invalid)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.organization_connection_name = orgdb_string("Staff");
	edge.organization_access_level = ORGDB_ACCESS_FULL + 1;
	expect_error(
		orgdb_enabled_connection_create(txn, acme, enterprise, &edge), ORGDB_INVALID, "organization_access_level");
}

Test(enabled_connection, its_name_is_limited_in_characters)
{
	static const char *const characters[] = { "a", "\xc3\xa9", "\xf0\x9f\x98\x80" };
	enable_for_organization(acme, enterprise);
	orgdb_enabled_connection edge = { .fields = FIELD(ORGANIZATION_CONNECTION_NAME) };
	for (size_t i = 0; i < COUNT_OF(characters); i++) {
		edge.organization_connection_name = orgdb_string(repeat(characters[i], 50));
		must(update(enterprise, edge));
		edge.organization_connection_name = orgdb_string(repeat(characters[i], 51));
		int rc = update(enterprise, edge);
		cr_expect(rc == ORGDB_INVALID || rc == ORGDB_TOO_LARGE, "row %zu: %s", i, orgdb_error_name(rc));
		expect_text(get(enterprise).organization_connection_name, repeat(characters[i], 50));
	}
	edge.organization_connection_name = orgdb_string("");
	expect_error(update(enterprise, edge), ORGDB_INVALID, "organization_connection_name");
	edge.organization_connection_name = orgdb_string("\xff");
	expect_error(update(enterprise, edge), ORGDB_INVALID, "organization_connection_name");
}

Test(enabled_connection, malformed_extra_is_refused)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.extra = RAW("\x81\xa1x");
	expect_error(orgdb_enabled_connection_create(txn, acme, enterprise, &edge), ORGDB_INVALID, "extra");
	expect_number(count(acme), 0);
	enable_for_organization(acme, enterprise);
	edge.fields = ORGDB_EXTRA;
	expect_error(update(enterprise, edge), ORGDB_INVALID, "extra");
	commit_and_check();
}

/* Update and delete. */

Test(enabled_connection, update_changes_the_named_members_alone)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.assign_membership_on_login = true;
	edge.organization_connection_name = orgdb_string("Staff");
	edge.extra = VALUE({ "note" : 1 });
	must(orgdb_enabled_connection_create(txn, acme, enterprise, &edge));
	edge = (orgdb_enabled_connection){ .fields = FIELD(SHOW_AS_BUTTON) };
	must(update(enterprise, edge));
	edge = get(enterprise);
	cr_expect(!edge.show_as_button);
	cr_expect(edge.assign_membership_on_login && edge.is_enabled);
	expect_text(edge.organization_connection_name, "Staff");
	expect_value(edge.extra, { "note" : 1 });
	commit_and_check();
}

Test(enabled_connection, update_of_each_flag)
{
	static const struct {
		uint32_t bit;
		size_t offset;
	} flags[] = {
		{ FIELD(ASSIGN_MEMBERSHIP_ON_LOGIN), offsetof(orgdb_enabled_connection, assign_membership_on_login) },
		{ FIELD(SHOW_AS_BUTTON), offsetof(orgdb_enabled_connection, show_as_button) },
		{ FIELD(IS_ENABLED), offsetof(orgdb_enabled_connection, is_enabled) },
	};
	enable_for_organization(acme, enterprise);
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		orgdb_enabled_connection before = get(enterprise), changes = { .fields = flags[i].bit };
		bool wanted = !*(bool *)((char *)&before + flags[i].offset);
		*(bool *)((char *)&changes + flags[i].offset) = wanted;
		must(update(enterprise, changes));
		orgdb_enabled_connection after = get(enterprise);
		for (size_t j = 0; j < COUNT_OF(flags); j++) {
			bool was = *(bool *)((char *)&before + flags[j].offset), is = *(bool *)((char *)&after + flags[j].offset);
			cr_expect_eq(is, i == j ? wanted : was, "flag %zu after update of %zu", j, i);
		}
	}
}

Test(enabled_connection, extra_is_replaced_and_removed)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.extra = VALUE({ "a" : 1 });
	edge.organization_connection_name = orgdb_string("Staff");
	must(orgdb_enabled_connection_create(txn, acme, enterprise, &edge));
	must(update(enterprise, (orgdb_enabled_connection){ .fields = ORGDB_EXTRA, .extra = VALUE({ "b" : 2 }) }));
	expect_value(get(enterprise).extra, { "b" : 2 });
	must(update(enterprise, (orgdb_enabled_connection){ .fields = ORGDB_EXTRA }));
	expect_absent(get(enterprise).extra);
	expect_text(get(enterprise).organization_connection_name, "Staff");
	commit_and_check();
}

Test(enabled_connection, its_ends_cannot_be_changed)
{
	enable_for_organization(acme, enterprise);
	orgdb_enabled_connection edge = { .fields = FIELD(CONNECTION_ID), .connection_id = orgdb_string(social) };
	expect_error(update(enterprise, edge), ORGDB_INVALID, "connection_id");
	edge = (orgdb_enabled_connection){ .fields = FIELD(ORGANIZATION_ID), .organization_id = orgdb_string(acme) };
	expect_error(update(enterprise, edge), ORGDB_INVALID, "organization_id");
	expect_text(get(enterprise).connection_id, enterprise);
}

Test(enabled_connection, delete_removes_it_with_its_options)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.organization_connection_name = orgdb_string("Staff");
	edge.extra = VALUE({ "a" : 1 });
	edge.show_as_button = false;
	must(orgdb_enabled_connection_create(txn, acme, enterprise, &edge));
	must(orgdb_enabled_connection_delete(txn, acme, enterprise));
	expect_number(count(acme), 0);
	enable_for_organization(acme, enterprise);
	edge = get(enterprise);
	cr_expect(edge.show_as_button);
	expect_absent(edge.organization_connection_name);
	expect_absent(edge.extra);
	commit_and_check();
}

Test(enabled_connection, delete_leaves_memberships)
{
	enable_for_organization(acme, enterprise);
	const char *user = create_user("user-01");
	add_member(acme, user);
	must(orgdb_enabled_connection_delete(txn, acme, enterprise));
	bool is_member;
	must(orgdb_membership_contains(txn, acme, user, &is_member));
	cr_expect(is_member);
}

/* Lists. */

Test(enabled_connection, lists_in_creation_order_of_the_connections)
{
	const char *const enabled[] = { passwordless, database, enterprise, social };
	const char *const listed[] = { database, social, enterprise, passwordless };
	for (size_t i = 0; i < 4; i++) {
		orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
		edge.organization_connection_name = orgdb_string(enabled[i]);
		must(orgdb_enabled_connection_create(txn, acme, enabled[i], &edge));
	}
	orgdb_enabled_connection page[3];
	size_t filled;
	must(orgdb_enabled_connection_list(txn, acme, 0, page, 3, &filled));
	cr_assert_eq(filled, 3);
	for (size_t i = 0; i < 3; i++) {
		expect_text(page[i].connection_id, listed[i]);
		expect_text(page[i].organization_id, acme);
		expect_text(page[i].organization_connection_name, listed[i]);
	}
	must(orgdb_enabled_connection_list(txn, acme, page[2].ordinal, page, 3, &filled));
	cr_assert_eq(filled, 1);
	expect_text(page[0].connection_id, listed[3]);
}

Test(enabled_connection, lists_what_is_not_enabled_now)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.is_enabled = false;
	must(orgdb_enabled_connection_create(txn, acme, enterprise, &edge));
	size_t filled;
	must(orgdb_enabled_connection_list(txn, acme, 0, &edge, 1, &filled));
	cr_assert_eq(filled, 1);
	cr_expect(!edge.is_enabled);
	expect_number(count(acme), 1);
}

Test(enabled_connection, organizations_have_their_own)
{
	const char *umbrella = create_organization("umbrella");
	enable_for_organization(acme, social);
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.show_as_button = false;
	must(orgdb_enabled_connection_create(txn, umbrella, social, &edge));
	cr_expect(get(social).show_as_button);
	must(orgdb_enabled_connection_delete(txn, umbrella, social));
	expect_number(count(acme), 1);
	expect_number(count(umbrella), 0);
}

Test(enabled_connection, a_connection_of_1000_organizations)
{
	enum { MANY = 1000 };
	const char *many[MANY];
	for (size_t i = 0; i < MANY; i++)
		many[i] = create_organization(format("organization-%zu", i));
	size_t *order = shuffled(MANY, 5);
	for (size_t i = 0; i < MANY; i++)
		enable_for_organization(many[order[i]], social);
	orgdb_organization *page = keep(300 * sizeof(*page));
	uint64_t after = 0;
	size_t seen = 0, filled;
	do {
		must(orgdb_connection_organizations(txn, social, after, page, 300, &filled));
		for (size_t i = 0; i < filled; i++)
			expect_text(page[i].id, many[seen++]);
		after = filled ? page[filled - 1].ordinal : after;
	} while (filled == 300);
	cr_expect_eq(seen, MANY, "%zu", seen);
	cr_expect_eq(statistics().count[ORGDB_KIND_ENABLED_CONNECTION], MANY);
	commit_and_check();
}

Test(enabled_connection, an_organization_of_300_connections)
{
	enum { MANY = 300 };
	const char *many[MANY];
	for (size_t i = 0; i < MANY; i++)
		many[i] = create_connection(format("connection-%zu", i), "samlp");
	size_t *order = shuffled(MANY, 6);
	for (size_t i = 0; i < MANY; i++)
		enable_for_organization(acme, many[order[i]]);
	for (size_t i = 0; i < MANY; i += 3)
		must(orgdb_enabled_connection_delete(txn, acme, many[i]));
	expect_number(count(acme), 200);
	orgdb_enabled_connection *page = keep(MANY * sizeof(*page));
	size_t filled;
	must(orgdb_enabled_connection_list(txn, acme, 0, page, MANY, &filled));
	cr_assert_eq(filled, 200);
	for (size_t i = 0; i < 200; i++)
		expect_text(page[i].connection_id, many[i / 2 * 3 + 1 + i % 2]);
	commit_and_check();
}
