/*
 * Access: may an application be used in an organization, or without one?
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

static const char *portal, *acme, *open_to_all, *closed;

/* A domain connection and another one, both of which acme has enabled and portal offers. */
static void setup(void)
{
	fixture_writing();
	portal = create_application("portal");
	acme = create_organization("acme");
	closed = create_connection("closed", "samlp");
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string("open");
	connection.strategy = orgdb_string("oidc");
	connection.is_domain_connection = true;
	orgdb_str id;
	must(orgdb_connection_create(txn, &connection, &id));
	open_to_all = copy(id);
	enable_for_application(portal, closed);
	enable_for_application(portal, open_to_all);
	enable_for_organization(acme, closed);
	enable_for_organization(acme, open_to_all);
}

TestSuite(access, .init = setup, .fini = fixture_close, .timeout = 60);

static void set_usage(uint32_t usage, uint32_t behavior)
{
	orgdb_application changes = ORGDB_APPLICATION_INIT;
	changes.fields = ORGDB_APPLICATION_ORGANIZATION_USAGE | ORGDB_APPLICATION_ORGANIZATION_REQUIRE_BEHAVIOR;
	changes.organization_usage = usage;
	changes.organization_require_behavior = behavior;
	must(orgdb_application_update(txn, portal, &changes));
}

static void set_first_party(bool is_first_party)
{
	orgdb_application changes = ORGDB_APPLICATION_INIT;
	changes.fields = ORGDB_APPLICATION_IS_FIRST_PARTY;
	changes.is_first_party = is_first_party;
	must(orgdb_application_update(txn, portal, &changes));
}

static void set_organization(bool third_parties, bool entitlement)
{
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT;
	changes.fields = ORGDB_ORGANIZATION_THIRD_PARTY_CLIENT_ACCESS | ORGDB_ORGANIZATION_IS_APP_ENTITLEMENT_ACTIVE;
	changes.third_party_client_access = third_parties ? ORGDB_THIRD_PARTY_ALLOW : ORGDB_THIRD_PARTY_BLOCK;
	changes.is_app_entitlement_active = entitlement;
	must(orgdb_organization_update(txn, acme, &changes));
}

enum place { NO_PLACE, PLACE_WITHOUT_ACCESS, PLACE_WITH_ACCESS };

static void set_place(enum place place)
{
	orgdb_organization_application given = { .use_for_member_access = place == PLACE_WITH_ACCESS };
	int rc = orgdb_organization_application_remove(txn, acme, portal);
	cr_assert(rc == 0 || rc == ORGDB_NOT_FOUND);
	if (place != NO_PLACE)
		must(orgdb_organization_application_add(txn, acme, portal, &given));
}

static orgdb_access access_in(const char *organization_id)
{
	orgdb_access access = { 99, 99, 99, 99 };
	must(orgdb_access_get(txn, portal, organization_id, &access));
	return access;
}

static orgdb_merge_options enforcing(void)
{
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.enforce_rules = true;
	return options;
}

/* The rule that refuses a call with enforced rules; its error must be about the rule's own field. */
static uint32_t rule_of(int rc, const char *field)
{
	if (rc == 0)
		return ORGDB_RULE_NONE;
	expect_error(rc, ORGDB_FORBIDDEN, field);
	return orgdb_last_error()->rule;
}

/* ---- The organization_usage -------------------------------------------------------------------------------------- */

static const struct usage_row {
	uint32_t usage, behavior;
	bool within;
	uint32_t rule, prompt, discovery;
} usage_rows[] = {
	{ ORGDB_USAGE_DENY, ORGDB_NO_PROMPT, true, ORGDB_RULE_ORGANIZATION_DENIED, 0, 0 },
	{ ORGDB_USAGE_DENY, ORGDB_PRE_LOGIN_PROMPT, true, ORGDB_RULE_ORGANIZATION_DENIED, 0, 0 },
	{ ORGDB_USAGE_DENY, ORGDB_NO_PROMPT, false, 0, 0, 0 },
	{ ORGDB_USAGE_DENY, ORGDB_PRE_LOGIN_PROMPT, false, 0, 0, 0 },
	{ ORGDB_USAGE_DENY, ORGDB_POST_LOGIN_PROMPT, false, 0, 0, 0 },
	{ ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT, true, 0, 0, 0 },
	{ ORGDB_USAGE_ALLOW, ORGDB_PRE_LOGIN_PROMPT, true, 0, 0, 0 },
	{ ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT, false, 0, 0, 0 },
	{ ORGDB_USAGE_ALLOW, ORGDB_PRE_LOGIN_PROMPT, false, 0, ORGDB_PRE_LOGIN_PROMPT, ORGDB_DISCOVERY_EMAIL },
	{ ORGDB_USAGE_ALLOW, ORGDB_POST_LOGIN_PROMPT, false, 0, ORGDB_POST_LOGIN_PROMPT, 0 },
	{ ORGDB_USAGE_REQUIRE, ORGDB_NO_PROMPT, true, 0, 0, 0 },
	{ ORGDB_USAGE_REQUIRE, ORGDB_POST_LOGIN_PROMPT, true, 0, 0, 0 },
	{ ORGDB_USAGE_REQUIRE, ORGDB_NO_PROMPT, false, ORGDB_RULE_ORGANIZATION_REQUIRED, 0, 0 },
	{ ORGDB_USAGE_REQUIRE, ORGDB_PRE_LOGIN_PROMPT, false, ORGDB_RULE_ORGANIZATION_REQUIRED, ORGDB_PRE_LOGIN_PROMPT,
		ORGDB_DISCOVERY_EMAIL },
	{ ORGDB_USAGE_REQUIRE, ORGDB_POST_LOGIN_PROMPT, false, 0, ORGDB_POST_LOGIN_PROMPT, 0 },
};

static void expect_usage(const struct usage_row *row)
{
	size_t i = (size_t)(row - usage_rows);
	const char *organization_id = row->within ? acme : NULL;
	orgdb_access access = access_in(organization_id), told = { 99, 99, 99, 99 };
	orgdb_merge_options options = enforcing();
	orgdb_merged_connection entries[2];
	size_t count;
	cr_expect_eq(access.rule, row->rule, "row %zu: rule %u", i, access.rule);
	cr_expect_eq(access.usage, row->usage, "row %zu: usage %u", i, access.usage);
	cr_expect_eq(access.prompt, row->prompt, "row %zu: prompt %u", i, access.prompt);
	cr_expect_eq(access.discovery, row->discovery, "row %zu: discovery %u", i, access.discovery);
	options.access = &told;
	uint32_t rule = rule_of(orgdb_merged_connections(txn, portal, organization_id, &options, entries, 2, &count),
		"application.organization_usage");
	cr_expect_eq(rule, row->rule, "row %zu: merged by rule %u", i, rule);
	cr_expect_eq(memcmp(&told, &access, sizeof(told)), 0, "row %zu: merged tells something else", i);
	rule = rule_of(orgdb_connection_allowed(txn, portal, organization_id, closed, &options, NULL),
		"application.organization_usage");
	cr_expect_eq(rule, row->rule, "row %zu: allowed by rule %u", i, rule);
	must(orgdb_merged_connections(txn, portal, organization_id, NULL, entries, 2, &count)); /* Not enforced. */
	cr_expect_eq(count, 2);
}

Test(access, usage_and_prompt)
{
	for (size_t i = 0; i < COUNT_OF(usage_rows); i++) {
		set_usage(usage_rows[i].usage, usage_rows[i].behavior);
		expect_usage(&usage_rows[i]);
	}
	commit();
	for (size_t i = 0; i < COUNT_OF(usage_rows); i++) { /* By way of the caches. */
		begin_write();
		set_usage(usage_rows[i].usage, usage_rows[i].behavior);
		commit();
		begin_read();
		expect_usage(&usage_rows[i]);
		expect_usage(&usage_rows[i]);
		end();
	}
}

Test(access, discovery_methods)
{
	orgdb_application changes = ORGDB_APPLICATION_INIT;
	changes.fields = ORGDB_APPLICATION_ORGANIZATION_DISCOVERY_METHODS;
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_PRE_LOGIN_PROMPT);
	expect_number(access_in(NULL).discovery, ORGDB_DISCOVERY_EMAIL);
	changes.organization_discovery_methods = VALUE(["organization_name"]);
	must(orgdb_application_update(txn, portal, &changes));
	expect_number(access_in(NULL).discovery, ORGDB_DISCOVERY_NAME);
	changes.organization_discovery_methods = VALUE([ "organization_name", "email" ]);
	must(orgdb_application_update(txn, portal, &changes));
	expect_number(access_in(NULL).discovery, ORGDB_DISCOVERY_NAME | ORGDB_DISCOVERY_EMAIL);
	expect_number(access_in(acme).discovery, 0);
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_POST_LOGIN_PROMPT);
	expect_number(access_in(NULL).discovery, 0);
}

/* ---- Third parties and places ------------------------------------------------------------------------------------ */

static const struct {
	bool first_party, third_parties, entitlement;
	enum place place;
	uint32_t rule;
	const char *field;
} place_rows[] = {
	{ true, false, false, NO_PLACE, 0, "" },
	{ true, true, false, NO_PLACE, 0, "" },
	{ true, false, false, PLACE_WITHOUT_ACCESS, 0, "" }, /* It does not count yet. */
	{ true, false, true, NO_PLACE, ORGDB_RULE_NO_MEMBER_ACCESS, "use_for_member_access" },
	{ true, true, true, NO_PLACE, ORGDB_RULE_NO_MEMBER_ACCESS, "use_for_member_access" },
	{ true, false, true, PLACE_WITHOUT_ACCESS, ORGDB_RULE_NO_MEMBER_ACCESS, "use_for_member_access" },
	{ true, false, true, PLACE_WITH_ACCESS, 0, "" },
	{ false, false, false, NO_PLACE, ORGDB_RULE_THIRD_PARTY_BLOCKED, "third_party_client_access" },
	{ false, true, false, NO_PLACE, 0, "" },
	{ false, false, false, PLACE_WITH_ACCESS, ORGDB_RULE_THIRD_PARTY_BLOCKED, "third_party_client_access" },
	{ false, true, true, NO_PLACE, 0, "" },
	{ false, false, true, NO_PLACE, ORGDB_RULE_THIRD_PARTY_BLOCKED, "third_party_client_access" },
	{ false, false, true, PLACE_WITH_ACCESS, 0, "" },
	{ false, true, true, PLACE_WITHOUT_ACCESS, ORGDB_RULE_NO_MEMBER_ACCESS, "use_for_member_access" },
};

static void expect_place(size_t i)
{
	orgdb_merge_options options = enforcing();
	uint32_t rule = access_in(acme).rule;
	cr_expect_eq(rule, place_rows[i].rule, "row %zu: rule %s", i, orgdb_rule_name(rule));
	rule = rule_of(orgdb_connection_allowed(txn, portal, acme, open_to_all, &options, NULL), place_rows[i].field);
	cr_expect_eq(rule, place_rows[i].rule, "row %zu: allowed by rule %s", i, orgdb_rule_name(rule));
	cr_expect_eq(access_in(NULL).rule, 0, "row %zu: without an organization", i);
}

Test(access, third_parties_and_places)
{
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT);
	commit();
	for (size_t i = 0; i < COUNT_OF(place_rows); i++) {
		begin_write();
		set_first_party(place_rows[i].first_party);
		set_organization(place_rows[i].third_parties, place_rows[i].entitlement);
		set_place(place_rows[i].place);
		expect_place(i);
		commit();
		begin_read();
		expect_place(i); /* Cold, ... */
		expect_place(i); /* ... and from the caches. */
		end();
	}
	expect_sound_store();
}

/* A reader goes on seeing what it saw. */
Test(access, snapshots_keep_their_flags)
{
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT);
	commit();
	orgdb_txn *old;
	orgdb_access access;
	must(orgdb_begin_read(db, &old));
	must(orgdb_access_get(old, portal, acme, &access));
	expect_number(access.rule, ORGDB_RULE_NONE);
	begin_write();
	set_organization(false, true);
	commit();
	begin_read();
	expect_number(access_in(acme).rule, ORGDB_RULE_NO_MEMBER_ACCESS);
	must(orgdb_access_get(old, portal, acme, &access));
	expect_number(access.rule, ORGDB_RULE_NONE);
	orgdb_end(old);
}

/* An organization with more connections than a cell of the cache holds. */
Test(access, flags_of_large_rows_count)
{
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT);
	for (size_t i = 0; i < 20; i++)
		enable_for_organization(acme, create_connection(format("more-%zu", i), "samlp"));
	set_organization(false, true);
	commit_and_check();
	expect_number(access_in(acme).rule, ORGDB_RULE_NO_MEMBER_ACCESS);
	expect_number(access_in(acme).rule, ORGDB_RULE_NO_MEMBER_ACCESS);
}

Test(access, an_organization_is_created_with_its_flags)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	orgdb_str id;
	organization.name = orgdb_string("strict");
	organization.is_app_entitlement_active = true;
	must(orgdb_organization_create(txn, &organization, &id));
	const char *strict = copy(id);
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT);
	expect_number(access_in(strict).rule, ORGDB_RULE_NO_MEMBER_ACCESS);
	commit_and_check();
	expect_number(access_in(strict).rule, ORGDB_RULE_NO_MEMBER_ACCESS);
}

/* ---- Connections of third parties -------------------------------------------------------------------------------- */

static size_t merged_count(const char *organization_id, const orgdb_merge_options *options)
{
	orgdb_merged_connection entries[40];
	size_t count;
	must(orgdb_merged_connections(txn, portal, organization_id, options, entries, 40, &count));
	for (size_t i = 0; options && options->enforce_rules && i < count; i++)
		cr_expect(entries[i].connection->is_domain_connection, "entry %zu is not open to third parties", i);
	return count;
}

Test(access, third_parties_use_domain_connections_alone)
{
	orgdb_merge_options options = enforcing();
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT);
	set_first_party(false);
	set_organization(true, false);
	for (int round = 0; round < 3; round++) { /* Writing, cold, from the caches. */
		expect_number(merged_count(acme, NULL), 2);
		expect_number(merged_count(acme, &options), 1);
		expect_number(merged_count(NULL, &options), 1);
		must(orgdb_connection_allowed(txn, portal, acme, open_to_all, &options, NULL));
		must(orgdb_connection_allowed(txn, portal, NULL, open_to_all, &options, NULL));
		uint32_t rule =
			rule_of(orgdb_connection_allowed(txn, portal, acme, closed, &options, NULL), "is_domain_connection");
		expect_number(rule, ORGDB_RULE_NO_DOMAIN_CONNECTION);
		rule = rule_of(orgdb_connection_allowed(txn, portal, NULL, closed, &options, NULL), "is_domain_connection");
		expect_number(rule, ORGDB_RULE_NO_DOMAIN_CONNECTION);
		if (round == 0) {
			commit();
			begin_read();
		}
	}
}

Test(access, third_parties_use_what_the_organization_has_enabled)
{
	orgdb_merge_options options = enforcing();
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT);
	set_first_party(false);
	set_organization(true, false);
	must(orgdb_enabled_connection_delete(txn, acme, open_to_all));
	expect_number(merged_count(acme, &options), 0);
	uint32_t rule =
		rule_of(orgdb_connection_allowed(txn, portal, acme, open_to_all, &options, NULL), "enabled_connection");
	expect_number(rule, ORGDB_RULE_CONNECTION_NOT_ENABLED);
	must(orgdb_connection_allowed(txn, portal, acme, open_to_all, NULL, NULL));
	set_first_party(true);
	must(orgdb_connection_allowed(txn, portal, acme, open_to_all, &options, NULL));
}

/* What is left out must not make room that is taken for the end. */
Test(access, what_is_left_out_does_not_end_the_list)
{
	enum { MANY = 200 };
	orgdb_merge_options options = enforcing();
	orgdb_merged_connection entries[3];
	size_t count;
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_NO_PROMPT);
	set_first_party(false);
	set_organization(true, false);
	for (size_t i = 0; i < MANY; i++) {
		const char *id = create_connection(format("other-%zu", i), "samlp");
		enable_for_application(portal, id);
		enable_for_organization(acme, id);
	}
	static const char *const strategies[] = { "samlp", "waad", "adfs" };
	for (size_t i = 0; i < COUNT_OF(strategies); i++) {
		orgdb_connection connection = ORGDB_CONNECTION_INIT;
		connection.name = orgdb_string(format("domain-%zu", i));
		connection.strategy = orgdb_string(strategies[i]);
		connection.is_domain_connection = true;
		orgdb_str id;
		must(orgdb_connection_create(txn, &connection, &id));
		enable_for_organization(acme, copy(id));
	}
	expect_number(merged_count(acme, &options), 4);
	int rc = orgdb_merged_connections(txn, portal, acme, &options, entries, 3, &count);
	cr_expect_eq(rc, ORGDB_TRUNCATED);
	expect_number(count, 4);
	must(orgdb_connection_allowed(txn, portal, acme, copy(entries[2].connection->id), &options, NULL));
}

/* ---- Refused connections ----------------------------------------------------------------------------------------- */

static uint32_t rule_by(uint32_t policy, bool visible_only, const char *organization_id, const char *connection_id)
{
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.policy = policy;
	options.visible_only = visible_only;
	return rule_of(orgdb_connection_allowed(txn, portal, organization_id, connection_id, &options, NULL), "connection");
}

Test(access, a_connection_is_refused_by_a_rule)
{
	const char *nobodys = create_connection("nobodys", "github"), *theirs = create_connection("theirs", "samlp");
	orgdb_enabled_connection hidden = { .is_enabled = true, .show_as_button = false };
	must(orgdb_enabled_connection_create(txn, acme, theirs, &hidden));
	must(orgdb_enabled_connection_delete(txn, acme, closed)); /* The application's alone. */
	for (int round = 0; round < 2; round++) {
		expect_number(rule_by(ORGDB_POLICY_UNION, false, acme, nobodys), ORGDB_RULE_CONNECTION_NOT_ENABLED);
		expect_number(rule_by(ORGDB_POLICY_UNION, false, NULL, nobodys), ORGDB_RULE_CONNECTION_NOT_OFFERED);
		expect_number(rule_by(ORGDB_POLICY_UNION, false, NULL, theirs), ORGDB_RULE_CONNECTION_NOT_OFFERED);
		expect_number(rule_by(ORGDB_POLICY_UNION, false, acme, theirs), ORGDB_RULE_NONE);
		expect_number(rule_by(ORGDB_POLICY_UNION, true, acme, theirs), ORGDB_RULE_CONNECTION_HIDDEN);
		expect_number(rule_by(ORGDB_POLICY_INTERSECTION, false, acme, theirs), ORGDB_RULE_CONNECTION_NOT_OFFERED);
		expect_number(rule_by(ORGDB_POLICY_INTERSECTION, false, acme, closed), ORGDB_RULE_CONNECTION_NOT_ENABLED);
		expect_number(rule_by(ORGDB_POLICY_ORGANIZATION, false, acme, closed), ORGDB_RULE_CONNECTION_NOT_ENABLED);
		expect_number(rule_by(ORGDB_POLICY_ORGANIZATION, false, NULL, closed), ORGDB_RULE_NONE);
		if (round == 0) {
			commit();
			begin_read();
		}
	}
}

/* ---- What goes wrong --------------------------------------------------------------------------------------------- */

Test(access, what_is_missing_is_named)
{
	orgdb_access access;
	expect_error(orgdb_access_get(txn, "nobody", acme, &access), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_access_get(txn, portal, "org_zzzzzzzzzzzzzzzz", &access), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_access_get(txn, portal, "nonsense", &access), ORGDB_NOT_FOUND, "organization");
	expect_number(orgdb_last_error()->rule, ORGDB_RULE_NONE);
}

Test(access, a_later_failure_has_no_rule)
{
	orgdb_merge_options options = enforcing();
	orgdb_organization organization;
	expect_error(
		orgdb_connection_allowed(txn, portal, acme, closed, &options, NULL), ORGDB_FORBIDDEN, "organization_usage");
	expect_number(orgdb_last_error()->rule, ORGDB_RULE_ORGANIZATION_DENIED);
	expect_error(orgdb_organization_get(txn, "nonsense", &organization), ORGDB_NOT_FOUND, "organization");
	expect_number(orgdb_last_error()->rule, ORGDB_RULE_NONE);
}

Test(access, every_rule_has_a_name_and_words)
{
	static const struct {
		uint32_t rule;
		const char *name, *text;
	} rules[] = {
#define RULE_ROW(rule, value, name, field, text) { rule, name, text },
		ORGDB_RULES(RULE_ROW)
#undef RULE_ROW
	};
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		cr_expect_eq(rules[i].rule, i + 1, "rules are numbered in their order: row %zu", i);
		cr_expect_str_eq(orgdb_rule_name(rules[i].rule), rules[i].name);
		cr_expect_str_eq(orgdb_rule_text(rules[i].rule), rules[i].text);
		for (size_t j = 0; j < i; j++)
			cr_expect_str_neq(rules[i].name, rules[j].name);
	}
	cr_expect_str_eq(orgdb_rule_name(ORGDB_RULE_NONE), "none");
	cr_expect_str_eq(orgdb_rule_name(COUNT_OF(rules) + 1), "unknown");
	cr_expect_str_eq(orgdb_rule_name(UINT32_MAX), "unknown");
	cr_expect_str_eq(orgdb_rule_text(UINT32_MAX), "unknown rule");
}
