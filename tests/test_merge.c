/*
 * Merged connections: which connections an application may offer inside an organization.
 *
 * First the rules one by one, then every combination of sources and options against the rules written down again as
 * plainly as possible, then what concerns the call and its snapshot.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "fixture.h"

static const char *portal, *acme;

static void setup(void)
{
	fixture_writing();
	portal = create_application("portal");
	acme = create_organization("acme");
}

TestSuite(merge, .init = setup, .fini = fixture_close, .timeout = 120);

static const uint32_t policies[] = { ORGDB_POLICY_UNION, ORGDB_POLICY_ORGANIZATION, ORGDB_POLICY_INTERSECTION };

static orgdb_merge_options with_policy(uint32_t policy)
{
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.policy = policy;
	return options;
}

/* Enable for acme with a mask and values, as a designated initializer gives them. */
static void enable(const char *connection_id, orgdb_enabled_connection edge)
{
	must(orgdb_enabled_connection_create(txn, acme, connection_id, &edge));
}

/* The names of what is merged, separated by blanks: what most of the tests compare. */
static const char *merged_names(const orgdb_merge_options *options)
{
	orgdb_merged_connection entries[20];
	size_t count;
	must(orgdb_merged_connections(txn, portal, acme, options, entries, 20, &count));
	const char *names = "";
	for (size_t i = 0; i < count; i++)
		names = format("%s%s%s", names, i ? " " : "", copy(entries[i].connection->name));
	return names;
}

static const char *id_of_connection(const char *name)
{
	orgdb_connection connection;
	must(orgdb_connection_get_by_name(txn, name, &connection));
	return copy(connection.id);
}

/* The one entry that there is. */
static orgdb_merged_connection only_entry(const char *organization_id)
{
	orgdb_merged_connection entry;
	size_t count = 0;
	must(orgdb_merged_connections(txn, portal, organization_id, NULL, &entry, 1, &count));
	cr_assert_eq(count, 1, "%zu entries", count);
	return entry;
}

/* Policies and sources. */

static void one_of_each_source(void)
{
	const char *from_application = create_connection("application", "auth0");
	const char *from_organization = create_connection("organization", "auth0");
	const char *from_both = create_connection("both", "auth0");
	const char *disabled = create_connection("disabled", "auth0");
	const char *disabled_in_both = create_connection("disabled-in-both", "auth0");
	create_connection("neither", "auth0");
	enable_for_application(portal, from_application);
	enable_for_application(portal, from_both);
	enable_for_application(portal, disabled_in_both);
	enable_for_organization(acme, from_organization);
	enable_for_organization(acme, from_both);
	enable(disabled, (orgdb_enabled_connection){ .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED });
	enable(disabled_in_both, (orgdb_enabled_connection){ .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED });
}

Test(merge, policies_choose_among_the_sources)
{
	static const char *const expected[] = {
		[ORGDB_POLICY_UNION] = "application organization both disabled-in-both",
		[ORGDB_POLICY_ORGANIZATION] = "organization both",
		[ORGDB_POLICY_INTERSECTION] = "both",
	};
	one_of_each_source();
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		orgdb_merge_options options = with_policy(policies[i]);
		cr_expect_str_eq(merged_names(&options), expected[policies[i]], "policy %u", policies[i]);
	}
	cr_expect_str_eq(merged_names(NULL), expected[ORGDB_POLICY_UNION], "the default");
}

Test(merge, entries_tell_where_they_come_from)
{
	static const uint32_t expected[] = { ORGDB_FROM_APPLICATION, ORGDB_FROM_ORGANIZATION,
		ORGDB_FROM_APPLICATION | ORGDB_FROM_ORGANIZATION, ORGDB_FROM_APPLICATION };
	one_of_each_source();
	orgdb_merged_connection entries[8];
	size_t count;
	must(orgdb_merged_connections(txn, portal, acme, NULL, entries, 8, &count));
	cr_assert_eq(count, 4);
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(entries[i].from, expected[i], "%s: %u", copy(entries[i].connection->name), entries[i].from);
}

Test(merge, a_connection_of_both_tells_both_under_every_policy)
{
	const char *connection = create_connection("both", "auth0");
	enable_for_application(portal, connection);
	enable_for_organization(acme, connection);
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		orgdb_merge_options options = with_policy(policies[i]);
		orgdb_merged_connection entry;
		size_t count;
		must(orgdb_merged_connections(txn, portal, acme, &options, &entry, 1, &count));
		cr_assert_eq(count, 1);
		cr_expect_eq(entry.from, ORGDB_FROM_APPLICATION | ORGDB_FROM_ORGANIZATION, "policy %u", policies[i]);
	}
}

Test(merge, nothing_enabled_is_an_empty_answer)
{
	create_connection("neither", "auth0");
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		orgdb_merge_options options = with_policy(policies[i]);
		cr_expect_str_eq(merged_names(&options), "", "policy %u", policies[i]);
	}
}

Test(merge, the_order_is_the_connections_creation_order)
{
	const char *ids[6];
	for (size_t i = 0; i < 6; i++)
		ids[i] = create_connection(format("c%zu", i), "auth0");
	static const size_t application_order[] = { 5, 2, 0 }, organization_order[] = { 4, 2, 1, 5 };
	for (size_t i = 0; i < COUNT_OF(application_order); i++)
		enable_for_application(portal, ids[application_order[i]]);
	for (size_t i = 0; i < COUNT_OF(organization_order); i++)
		enable_for_organization(acme, ids[organization_order[i]]);
	cr_expect_str_eq(merged_names(NULL), "c0 c1 c2 c4 c5");
}

/* Options and visibility. */

Test(merge, an_entry_shows_the_whole_connection)
{
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string("acme-saml");
	connection.strategy = orgdb_string("samlp");
	connection.display_name = orgdb_string("Acme");
	connection.options = VALUE({ "domain_aliases" : ["acme.example"] });
	connection.metadata = VALUE({ "owner" : "it" });
	connection.extra = VALUE({ "authentication" : { "active" : true } });
	connection.is_domain_connection = true;
	orgdb_str view;
	must(orgdb_connection_create(txn, &connection, &view));
	const char *id = copy(view);
	enable_for_application(portal, id);
	commit_and_check();
	must(orgdb_connection_get(txn, id, &connection));
	const orgdb_connection *found = only_entry(acme).connection;
	expect_text(found->id, id);
	expect_text(found->name, "acme-saml");
	expect_text(found->strategy, "samlp");
	expect_text(found->display_name, "Acme");
	cr_expect_eq(found->kind, ORGDB_ENTERPRISE);
	expect_value(found->options, { "domain_aliases" : ["acme.example"] });
	expect_value(found->metadata, { "owner" : "it" });
	expect_value(found->extra, { "authentication" : { "active" : true } });
	cr_expect(found->is_domain_connection);
	cr_expect_eq(found->ordinal, connection.ordinal);
	cr_expect_eq(found->fields, connection.fields);
}

Test(merge, display_names_default_to_names_here_too)
{
	enable_for_application(portal, create_connection("plain", "auth0"));
	expect_text(only_entry(acme).connection->display_name, "plain");
}

Test(merge, the_organizations_options_are_given)
{
	enable(create_connection("database", "auth0"),
		(orgdb_enabled_connection){ .assign_membership_on_login = true,
			.is_signup_enabled = true,
			.is_enabled = true,
			.organization_access_level = ORGDB_ACCESS_LIMITED,
			.organization_connection_name = ORGDB_STR("Staff") });
	orgdb_merged_connection entry = only_entry(acme);
	cr_expect(entry.assign_membership_on_login);
	cr_expect(entry.is_signup_enabled);
	cr_expect(!entry.show_as_button);
	cr_expect(entry.visible, "a database connection always is");
	cr_expect_eq(entry.organization_access_level, ORGDB_ACCESS_LIMITED);
}

Test(merge, the_applications_own_have_no_options_of_an_organization)
{
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string("staff");
	connection.strategy = orgdb_string("samlp");
	connection.show_as_button = true;
	orgdb_str id;
	must(orgdb_connection_create(txn, &connection, &id));
	enable_for_application(portal, copy(id));
	orgdb_merged_connection entry = only_entry(acme);
	cr_expect(!entry.assign_membership_on_login && !entry.is_signup_enabled);
	cr_expect_eq(entry.organization_access_level, ORGDB_ACCESS_NONE);
	cr_expect(entry.show_as_button && entry.visible, "the connection's own");
}

struct button_row {
	const char *strategy;
	bool connections; /* The connection's own show_as_button. */
	bool in_organization;
	bool organizations; /* The enabled connection's. */
	bool visible;
};

static const struct button_row buttons[] = {
	{ "samlp", false, false, false, false },
	{ "samlp", true, false, false, true },
	{ "samlp", false, true, false, false },
	{ "samlp", false, true, true, true },
	{ "samlp", true, true, false, false },
	{ "samlp", true, true, true, true },
	{ "auth0", false, false, false, true },
	{ "auth0", false, true, false, true },
	{ "google-oauth2", false, false, false, true },
	{ "google-oauth2", true, true, false, true },
	{ "sms", false, false, false, true },
	{ "email", false, true, false, true },
};

Test(merge, only_enterprise_connections_need_a_button_to_be_visible)
{
	for (size_t i = 0; i < COUNT_OF(buttons); i++) {
		const struct button_row *row = &buttons[i];
		orgdb_connection connection = ORGDB_CONNECTION_INIT;
		connection.name = orgdb_string("probe");
		connection.strategy = orgdb_string(row->strategy);
		connection.show_as_button = row->connections;
		orgdb_str view;
		must(orgdb_connection_create(txn, &connection, &view));
		const char *id = copy(view);
		enable_for_application(portal, id);
		if (row->in_organization)
			enable(id,
				(orgdb_enabled_connection){
					.fields = ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON, .show_as_button = row->organizations });
		orgdb_merged_connection entry = only_entry(acme);
		cr_expect_eq(entry.visible, row->visible, "row %zu", i);
		cr_expect_eq(entry.show_as_button, row->in_organization ? row->organizations : row->connections, "row %zu", i);
		must(orgdb_connection_delete(txn, id, NULL));
	}
}

Test(merge, visible_only_leaves_out_what_is_not)
{
	const char *hidden = create_connection("hidden", "samlp"), *shown = create_connection("shown", "samlp");
	enable_for_application(portal, hidden);
	enable_for_organization(acme, shown); /* With a button, by default. */
	cr_expect_str_eq(merged_names(NULL), "hidden shown");
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.visible_only = true;
	cr_expect_str_eq(merged_names(&options), "shown");
	size_t count;
	orgdb_merged_connection entry;
	must(orgdb_merged_connections(txn, portal, acme, &options, &entry, 1, &count));
	cr_expect_eq(count, 1, "what is left out does not count: %zu", count);
}

/* Every combination. */

struct combination {
	uint32_t kind;
	bool in_organization;
	bool in_application;
	bool is_enabled;
	bool edge_button;
	bool own_button;
	bool assign;
};

enum { COMBINATIONS = 4 << 6 };

static struct combination combination(size_t i)
{
	return (struct combination){ i & 3, i & 4, i & 8, i & 16, i & 32, i & 64, i & 128 };
}

static void create_combination(size_t i)
{
	static const char *const strategies[] = { [ORGDB_DATABASE] = "auth0",
		[ORGDB_SOCIAL] = "github",
		[ORGDB_ENTERPRISE] = "oidc",
		[ORGDB_PASSWORDLESS] = "email" };
	struct combination c = combination(i);
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string(format("c%zu", i));
	connection.strategy = orgdb_string(strategies[c.kind]);
	connection.show_as_button = c.own_button;
	must(orgdb_connection_create(txn, &connection, NULL));
}

static void join_combination(size_t i)
{
	struct combination c = combination(i);
	const char *id = id_of_connection(format("c%zu", i));
	if (c.in_application)
		enable_for_application(portal, id);
	if (c.in_organization)
		enable(id,
			(orgdb_enabled_connection){ .is_enabled = c.is_enabled,
				.show_as_button = c.edge_button,
				.assign_membership_on_login = c.assign,
				.is_signup_enabled = c.assign && c.kind == ORGDB_DATABASE,
				.organization_access_level = i % 3,
				.organization_connection_name = ORGDB_STR("Staff") });
}

/* The rules again. False: not offered. */
static bool expected_entry(size_t i, uint32_t policy, bool visible_only, orgdb_merged_connection *out)
{
	struct combination c = combination(i);
	bool organizations = c.in_organization && c.is_enabled;
	bool offered = policy == ORGDB_POLICY_UNION ? c.in_application || organizations
		: policy == ORGDB_POLICY_ORGANIZATION   ? organizations
												: c.in_application && organizations;
	*out = (orgdb_merged_connection){ .show_as_button = c.own_button };
	if (organizations) {
		out->show_as_button = c.edge_button;
		out->assign_membership_on_login = c.assign;
		out->is_signup_enabled = c.assign && c.kind == ORGDB_DATABASE;
		out->organization_access_level = i % 3;
	}
	out->from = (c.in_application ? ORGDB_FROM_APPLICATION : 0u) | (organizations ? ORGDB_FROM_ORGANIZATION : 0u);
	out->visible = c.kind != ORGDB_ENTERPRISE || out->show_as_button;
	return offered && (out->visible || !visible_only);
}

/* What is asked about by itself is as it is among all. */
static void expect_allowed_combination(size_t i, const orgdb_merge_options *options, uint32_t from)
{
	orgdb_merged_connection entry = { 0 };
	const char *id = id_of_connection(format("c%zu", i));
	int rc = orgdb_connection_allowed(txn, portal, acme, id, options, &entry);
	cr_expect_eq(
		rc, from ? 0 : ORGDB_FORBIDDEN, "combination %zu, policy %u: %s", i, options->policy, orgdb_error_name(rc));
	cr_expect_eq(entry.from, from, "combination %zu, policy %u: from %u", i, options->policy, entry.from);
	cr_expect(!from || orgdb_str_equal(entry.connection->id, orgdb_string(id)));
}

/* However few of them fit, all are counted. */
static void expect_count(const orgdb_merge_options *options, size_t expected)
{
	orgdb_merged_connection *entries = keep(COMBINATIONS * sizeof(*entries));
	for (size_t capacity = 0; capacity <= expected; capacity++) {
		size_t count = 0;
		int rc = orgdb_merged_connections(txn, portal, acme, options, entries, capacity, &count);
		cr_expect_eq(
			rc, capacity < expected ? ORGDB_TRUNCATED : 0, "policy %u, capacity %zu", options->policy, capacity);
		cr_expect_eq(count, expected, "policy %u, capacity %zu: %zu", options->policy, capacity, count);
	}
}

static void expect_combinations(uint32_t policy, bool visible_only)
{
	orgdb_merge_options options = with_policy(policy);
	options.visible_only = visible_only;
	orgdb_merged_connection *entries = keep(COMBINATIONS * sizeof(*entries)), expected;
	size_t count, next = 0;
	must(orgdb_merged_connections(txn, portal, acme, &options, entries, COMBINATIONS, &count));
	for (size_t i = 0; i < COMBINATIONS; i++) {
		bool offered = expected_entry(i, policy, visible_only, &expected);
		expect_allowed_combination(i, &options, offered ? expected.from : 0);
		if (!offered)
			continue;
		const char *what = format("combination %zu, policy %u, visible_only %d", i, policy, visible_only);
		cr_assert_lt(next, count, "%s: %zu entries", what, count);
		const orgdb_merged_connection *found = &entries[next++];
		cr_assert(orgdb_str_equal(found->connection->name, orgdb_string(format("c%zu", i))), "%s: found %s", what,
			copy(found->connection->name));
		cr_expect_eq(found->connection->kind, combination(i).kind, "%s", what);
		cr_expect_eq(found->from, expected.from, "%s: from %u", what, found->from);
		cr_expect_eq(found->visible, expected.visible, "%s", what);
		cr_expect_eq(found->show_as_button, expected.show_as_button, "%s", what);
		cr_expect_eq(found->assign_membership_on_login, expected.assign_membership_on_login, "%s", what);
		cr_expect_eq(found->is_signup_enabled, expected.is_signup_enabled, "%s", what);
		cr_expect_eq(found->organization_access_level, expected.organization_access_level, "%s", what);
	}
	cr_expect_eq(next, count, "policy %u: %zu entries, not %zu", policy, count, next);
	expect_count(&options, count);
}

static void expect_all_combinations(void)
{
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		expect_combinations(policies[i], false);
		expect_combinations(policies[i], true);
	}
}

Test(merge, every_combination_of_sources_and_options)
{
	for (size_t i = 0; i < COMBINATIONS; i++)
		create_combination(i);
	size_t *order = shuffled(COMBINATIONS, 9);
	for (size_t i = 0; i < COMBINATIONS; i++)
		join_combination(order[i]);
	expect_all_combinations(); /* Inside the transaction that made them, */
	commit_and_check();
	expect_all_combinations(); /* after it, */
	close_store();
	open_store(NULL);
	begin_read();
	expect_all_combinations(); /* and from the file alone. */
}

Test(merge, thousands_of_connections)
{
	enum { MANY = 2500 };
	for (size_t i = 0; i < MANY; i++) {
		const char *id = create_connection(format("c%zu", i), "auth0");
		if (i % 2)
			enable_for_application(portal, id);
		if (i % 3)
			enable_for_organization(acme, id);
	}
	orgdb_merged_connection *entries = keep(MANY * sizeof(*entries));
	size_t count, next = 0;
	must(orgdb_merged_connections(txn, portal, acme, NULL, entries, MANY, &count));
	for (size_t i = 0; i < MANY; i++) {
		uint32_t from = (i % 2 ? ORGDB_FROM_APPLICATION : 0u) | (i % 3 ? ORGDB_FROM_ORGANIZATION : 0u);
		if (!from)
			continue;
		cr_assert_lt(next, count, "%zu entries", count);
		expect_text(entries[next].connection->name, format("c%zu", i));
		cr_expect_eq(entries[next++].from, from, "connection %zu", i);
	}
	cr_expect_eq(next, count, "%zu entries, not %zu", count, next);
}

/* The call. */

Test(merge, too_small_an_array_gets_the_beginning_and_the_true_count)
{
	const char *ids[5];
	for (size_t i = 0; i < 5; i++) {
		ids[i] = create_connection(format("c%zu", i), "auth0");
		if (i % 2)
			enable_for_application(portal, ids[i]);
		else
			enable_for_organization(acme, ids[i]);
	}
	for (size_t capacity = 0; capacity < 5; capacity++) {
		orgdb_merged_connection entries[6];
		memset(entries, 0xa5, sizeof(entries));
		orgdb_merged_connection untouched = entries[5];
		size_t count = 99;
		expect_error(orgdb_merged_connections(txn, portal, acme, NULL, entries, capacity, &count), ORGDB_TRUNCATED, "");
		cr_expect_eq(count, 5, "capacity %zu: %zu", capacity, count);
		for (size_t i = 0; i < capacity; i++)
			expect_text(entries[i].connection->id, ids[i]);
		cr_expect_eq(memcmp(&entries[capacity], &untouched, sizeof(untouched)), 0, "capacity %zu: beyond", capacity);
	}
	size_t count;
	expect_error(orgdb_merged_connections(txn, portal, acme, NULL, NULL, 0, &count), ORGDB_TRUNCATED, "");
	cr_expect_eq(count, 5);
}

Test(merge, an_array_of_exactly_the_size_is_enough)
{
	enable_for_application(portal, create_connection("one", "auth0"));
	orgdb_merged_connection entry;
	size_t count;
	must(orgdb_merged_connections(txn, portal, acme, NULL, &entry, 1, &count));
	cr_expect_eq(count, 1);
}

Test(merge, no_array_is_enough_for_nothing)
{
	size_t count = 99;
	must(orgdb_merged_connections(txn, portal, acme, NULL, NULL, 0, &count));
	cr_expect_eq(count, 0);
}

Test(merge, an_unknown_application_or_organization_is_named)
{
	orgdb_merged_connection entry;
	size_t count;
	expect_error(
		orgdb_merged_connections(txn, "nobody", acme, NULL, &entry, 1, &count), ORGDB_NOT_FOUND, "application");
	expect_error(
		orgdb_merged_connections(txn, "nobody", NULL, NULL, &entry, 1, &count), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_merged_connections(txn, portal, "org_zzzzzzzzzzzzzzzz", NULL, &entry, 1, &count),
		ORGDB_NOT_FOUND, "organization");
	static const char *const odd[] = { "", "acme", "org_", "\xff" };
	for (size_t i = 0; i < COUNT_OF(odd); i++)
		expect_error(
			orgdb_merged_connections(txn, portal, odd[i], NULL, &entry, 1, &count), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_merged_connections(txn, portal, repeat("x", 5000), NULL, &entry, 1, &count), ORGDB_NOT_FOUND,
		"organization");
	expect_error(orgdb_merged_connections(txn, repeat("x", 5000), acme, NULL, &entry, 1, &count), ORGDB_NOT_FOUND,
		"application");
}

Test(merge, deleted_ones_are_unknown)
{
	orgdb_merged_connection entry;
	size_t count;
	const char *console = create_application("console"), *umbrella = create_organization("umbrella");
	must(orgdb_merged_connections(txn, console, umbrella, NULL, &entry, 1, &count));
	must(orgdb_organization_delete(txn, umbrella, NULL));
	expect_error(
		orgdb_merged_connections(txn, console, umbrella, NULL, &entry, 1, &count), ORGDB_NOT_FOUND, "organization");
	must(orgdb_application_delete(txn, console, NULL));
	expect_error(orgdb_merged_connections(txn, console, acme, NULL, &entry, 1, &count), ORGDB_NOT_FOUND, "application");
}

Test(merge, without_an_organization_it_is_the_applications_own)
{
	one_of_each_source();
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		orgdb_merge_options options = with_policy(policies[i]);
		orgdb_merged_connection entries[8];
		size_t count;
		must(orgdb_merged_connections(txn, portal, NULL, &options, entries, 8, &count));
		cr_assert_eq(count, 3, "policy %u: %zu", policies[i], count);
		for (size_t j = 0; j < 3; j++)
			cr_expect_eq(entries[j].from, ORGDB_FROM_APPLICATION, "policy %u", policies[i]);
		expect_text(entries[0].connection->name, "application");
		expect_text(entries[1].connection->name, "both");
		expect_text(entries[2].connection->name, "disabled-in-both");
	}
}

Test(merge, without_an_organization_the_connections_own_button_counts)
{
	const char *hidden = create_connection("hidden", "samlp");
	enable_for_application(portal, hidden);
	enable_for_organization(acme, hidden);
	cr_expect(only_entry(acme).visible);
	cr_expect(!only_entry(NULL).visible);
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.visible_only = true;
	orgdb_merged_connection entry;
	size_t count;
	must(orgdb_merged_connections(txn, portal, NULL, &options, &entry, 1, &count));
	cr_expect_eq(count, 0);
}

Test(merge, invalid_options_are_refused)
{
	orgdb_merged_connection entry;
	size_t count;
	orgdb_merge_options options = with_policy(3);
	expect_error(orgdb_merged_connections(txn, portal, acme, &options, &entry, 1, &count), ORGDB_INVALID, "policy");
	options = with_policy(UINT32_MAX);
	expect_error(orgdb_merged_connections(txn, portal, acme, &options, &entry, 1, &count), ORGDB_INVALID, "policy");
	options = with_policy(ORGDB_POLICY_UNION);
	options.size = 1;
	expect_error(orgdb_merged_connections(txn, portal, acme, &options, &entry, 1, &count), ORGDB_INVALID, "size");
}

/* The application's organization_usage. */

static const struct {
	uint32_t usage;
	bool with_organization;
	int expected; /* When it is enforced. */
} usages[] = {
	{ ORGDB_USAGE_DENY, true, ORGDB_FORBIDDEN },
	{ ORGDB_USAGE_DENY, false, 0 },
	{ ORGDB_USAGE_ALLOW, true, 0 },
	{ ORGDB_USAGE_ALLOW, false, 0 },
	{ ORGDB_USAGE_REQUIRE, true, 0 },
	{ ORGDB_USAGE_REQUIRE, false, ORGDB_FORBIDDEN },
};

Test(merge, usage_is_told_and_enforced_on_demand)
{
	enable_for_application(portal, create_connection("one", "auth0"));
	for (size_t i = 0; i < COUNT_OF(usages); i++) {
		orgdb_application changes = ORGDB_APPLICATION_INIT;
		changes.fields = ORGDB_APPLICATION_ORGANIZATION_USAGE;
		changes.organization_usage = usages[i].usage;
		must(orgdb_application_update(txn, portal, &changes));
		for (int enforce = 0; enforce < 2; enforce++) {
			orgdb_access access = { .usage = 99 };
			orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
			options.enforce_rules = enforce;
			options.access = &access;
			orgdb_merged_connection entry;
			size_t count;
			int rc = orgdb_merged_connections(
				txn, portal, usages[i].with_organization ? acme : NULL, &options, &entry, 1, &count);
			int expected = enforce ? usages[i].expected : 0;
			cr_expect_eq(rc, expected, "row %zu, enforce %d: %s", i, enforce, orgdb_error_name(rc));
			cr_expect(rc != 0 || access.usage == usages[i].usage, "row %zu: told %u", i, access.usage);
			cr_expect(rc != 0 || count == 1, "row %zu: %zu entries", i, count);
		}
	}
}

Test(merge, an_unknown_organization_is_not_found_whatever_the_usage)
{
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	orgdb_merged_connection entry;
	size_t count;
	expect_error(
		orgdb_merged_connections(txn, "nobody", acme, &options, &entry, 1, &count), ORGDB_NOT_FOUND, "application");
	orgdb_application changes = ORGDB_APPLICATION_INIT;
	changes.fields = ORGDB_APPLICATION_ORGANIZATION_USAGE;
	changes.organization_usage = ORGDB_USAGE_ALLOW;
	must(orgdb_application_update(txn, portal, &changes));
	options.enforce_rules = true;
	expect_error(orgdb_merged_connections(txn, portal, "org_zzzzzzzzzzzzzzzz", &options, &entry, 1, &count),
		ORGDB_NOT_FOUND, "organization");
}

/* Snapshots: what is shared between readers must never show another transaction's state. */

/* In any transaction. */
static const char *button_text(orgdb_txn *reader)
{
	orgdb_merged_connection entry;
	size_t count;
	must(orgdb_merged_connections(reader, portal, acme, NULL, &entry, 1, &count));
	return count ? copy(entry.connection->display_name) : "";
}

static void rename_button(const char *id, const char *text)
{
	orgdb_connection changes = ORGDB_CONNECTION_INIT;
	changes.fields = ORGDB_CONNECTION_DISPLAY_NAME;
	changes.display_name = orgdb_string(text);
	must(orgdb_connection_update(txn, id, &changes));
}

static const char *committed_button(const char *text)
{
	const char *id = create_connection("button", "auth0");
	rename_button(id, text);
	enable_for_organization(acme, id);
	commit();
	return id;
}

Test(merge, a_reader_keeps_its_view_and_a_new_one_sees_the_change)
{
	const char *id = committed_button("old");
	orgdb_txn *before, *after;
	must(orgdb_begin_read(db, &before));
	cr_expect_str_eq(button_text(before), "old");
	begin_write();
	rename_button(id, "new");
	cr_expect_str_eq(button_text(txn), "new", "the writer sees its own change");
	cr_expect_str_eq(button_text(before), "old");
	commit();
	must(orgdb_begin_read(db, &after));
	cr_expect_str_eq(button_text(after), "new");
	cr_expect_str_eq(button_text(before), "old");
	orgdb_end(before);
	cr_expect_str_eq(button_text(after), "new");
	orgdb_end(after);
}

Test(merge, a_reader_that_looks_late_still_sees_its_own_snapshot)
{
	const char *id = committed_button("old");
	orgdb_txn *before, *after;
	must(orgdb_begin_read(db, &before)); /* Looks nothing up yet. */
	begin_write();
	rename_button(id, "new");
	commit();
	must(orgdb_begin_read(db, &after));
	cr_expect_str_eq(button_text(after), "new");
	cr_expect_str_eq(button_text(before), "old");
	cr_expect_str_eq(button_text(after), "new");
	orgdb_end(before);
	orgdb_end(after);
}

Test(merge, dropped_changes_are_never_seen)
{
	const char *id = committed_button("old");
	for (int round = 0; round < 3; round++) {
		begin_write();
		rename_button(id, "dropped");
		cr_expect_str_eq(button_text(txn), "dropped");
		end();
		begin_read();
		cr_expect_str_eq(button_text(txn), "old", "round %d", round);
		end();
	}
	begin_write();
	cr_expect_str_eq(button_text(txn), "old", "the next writer");
}

Test(merge, a_writer_sees_each_of_its_changes)
{
	const char *id = committed_button("0");
	begin_write();
	for (int i = 1; i < 10; i++) {
		rename_button(id, format("%d", i));
		cr_expect_str_eq(button_text(txn), format("%d", i));
	}
	must(orgdb_enabled_connection_delete(txn, acme, id));
	cr_expect_str_eq(button_text(txn), "");
	enable_for_application(portal, id);
	cr_expect_str_eq(button_text(txn), "9");
	must(orgdb_connection_delete(txn, id, NULL));
	cr_expect_str_eq(button_text(txn), "");
	end();
	begin_read();
	cr_expect_str_eq(button_text(txn), "0");
}

Test(merge, a_recreated_connection_is_another)
{
	const char *id = committed_button("old");
	begin_read();
	cr_expect_str_eq(button_text(txn), "old");
	end();
	begin_write();
	must(orgdb_connection_delete(txn, id, NULL));
	orgdb_connection again = ORGDB_CONNECTION_INIT;
	again.id = orgdb_string(id);
	again.name = orgdb_string("button");
	again.strategy = orgdb_string("samlp");
	again.display_name = orgdb_string("again");
	must(orgdb_connection_create(txn, &again, NULL));
	commit();
	begin_read();
	cr_expect_str_eq(button_text(txn), "", "it is not enabled");
	end();
	begin_write();
	enable_for_organization(acme, id);
	commit();
	begin_read();
	cr_expect_str_eq(button_text(txn), "again");
}

Test(merge, usage_follows_the_applications_change)
{
	commit();
	static const uint32_t sequence[] = { ORGDB_USAGE_ALLOW, ORGDB_USAGE_REQUIRE, ORGDB_USAGE_DENY };
	for (size_t i = 0; i < COUNT_OF(sequence); i++) {
		begin_write();
		orgdb_application changes = ORGDB_APPLICATION_INIT;
		changes.fields = ORGDB_APPLICATION_ORGANIZATION_USAGE;
		changes.organization_usage = sequence[i];
		must(orgdb_application_update(txn, portal, &changes));
		commit();
		begin_read();
		orgdb_access access = { .usage = 99 };
		orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
		options.access = &access;
		size_t count;
		must(orgdb_merged_connections(txn, portal, acme, &options, NULL, 0, &count));
		cr_expect_eq(access.usage, sequence[i], "row %zu: %u", i, access.usage);
		end();
	}
}

Test(merge, views_of_a_reader_outlive_later_commits)
{
	const char *id = committed_button("kept");
	begin_read();
	const orgdb_connection *connection = only_entry(acme).connection;
	for (int i = 0; i < 20; i++) {
		orgdb_txn *writer, *reader;
		orgdb_connection changes = ORGDB_CONNECTION_INIT;
		const char *text = format("changed %d", i);
		changes.fields = ORGDB_CONNECTION_DISPLAY_NAME;
		changes.display_name = orgdb_string(text);
		must(orgdb_begin_write(db, &writer));
		must(orgdb_connection_update(writer, id, &changes));
		must(orgdb_commit(writer));
		must(orgdb_begin_read(db, &reader));
		cr_expect_str_eq(button_text(reader), text);
		orgdb_end(reader);
	}
	expect_text(connection->display_name, "kept");
	cr_expect_str_eq(button_text(txn), "kept");
}

/* A writer moves the organization from one connection to the other, in one transaction each time; whoever looks must
 * find exactly one, under the name that it was given when it was enabled. */

enum { READERS = 4, LOOKUPS = 3000 };

static atomic_bool writing;
static atomic_int mistakes;

static void *look_up(void *context)
{
	(void)context;
	for (int i = 0; i < LOOKUPS || atomic_load(&writing); i++) {
		orgdb_txn *reader;
		orgdb_merged_connection entries[3];
		size_t count = 0;
		if (orgdb_begin_read(db, &reader) != 0) {
			atomic_fetch_add(&mistakes, 1);
			return NULL;
		}
		int rc = orgdb_merged_connections(reader, portal, acme, NULL, entries, 3, &count);
		if (rc != 0 || count != 1 || !orgdb_str_equal(entries[0].connection->display_name, orgdb_string("enabled")))
			atomic_fetch_add(&mistakes, 1);
		orgdb_end(reader);
	}
	return NULL;
}

Test(merge, concurrent_readers_see_whole_transactions)
{
	const char *ids[2] = { create_connection("one", "auth0"), create_connection("two", "auth0") };
	rename_button(ids[0], "enabled");
	enable_for_organization(acme, ids[0]);
	commit();
	atomic_store(&writing, true);
	pthread_t threads[READERS];
	for (size_t i = 0; i < READERS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, look_up, NULL), 0);
	for (size_t i = 0; i < 200; i++) {
		begin_write();
		must(orgdb_enabled_connection_delete(txn, acme, ids[i % 2]));
		rename_button(ids[i % 2], "disabled");
		rename_button(ids[(i + 1) % 2], "enabled");
		enable_for_organization(acme, ids[(i + 1) % 2]);
		commit();
	}
	atomic_store(&writing, false);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	cr_expect_eq(atomic_load(&mistakes), 0, "%d mistakes", atomic_load(&mistakes));
	expect_sound_store();
}

/* May this login go on? */

static int allowed(
	const char *client_id, const char *organization_id, const char *connection_id, const orgdb_merge_options *options)
{
	return orgdb_connection_allowed(txn, client_id, organization_id, connection_id, options, NULL);
}

/* Against the answer of the merge itself, whatever the policy. */
static void expect_allowed_as_merged(const char *organization_id, const orgdb_merge_options *options)
{
	orgdb_merged_connection entries[20], entry;
	orgdb_connection connections[20];
	size_t merged, count;
	must(orgdb_merged_connections(txn, portal, organization_id, options, entries, 20, &merged));
	must(orgdb_connection_list(txn, 0, connections, 20, &count));
	for (size_t i = 0; i < count; i++) {
		const char *id = copy(connections[i].id);
		const orgdb_merged_connection *expected = NULL;
		for (size_t j = 0; j < merged; j++)
			if (orgdb_str_equal(entries[j].connection->id, orgdb_string(id)))
				expected = &entries[j];
		int rc = orgdb_connection_allowed(txn, portal, organization_id, id, options, &entry);
		cr_assert_eq(rc, expected ? 0 : ORGDB_FORBIDDEN, "%s: %s", copy(connections[i].name), orgdb_error_name(rc));
		if (!expected)
			continue;
		cr_expect(entry.from == expected->from && entry.visible == expected->visible &&
			entry.show_as_button == expected->show_as_button &&
			entry.assign_membership_on_login == expected->assign_membership_on_login &&
			entry.is_signup_enabled == expected->is_signup_enabled &&
			entry.organization_access_level == expected->organization_access_level);
		expect_text(entry.connection->id, id);
	}
}

Test(merge, allowed_is_what_is_merged)
{
	one_of_each_source();
	enable(create_connection("hidden", "samlp"),
		(orgdb_enabled_connection){
			.fields = ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON | ORGDB_ENABLED_CONNECTION_IS_ENABLED,
			.is_enabled = true });
	for (int round = 0; round < 2; round++) { /* In a write transaction, then in a read transaction. */
		for (size_t i = 0; i < COUNT_OF(policies); i++)
			for (int visible_only = 0; visible_only < 2; visible_only++) {
				orgdb_merge_options options = with_policy(policies[i]);
				options.visible_only = visible_only;
				expect_allowed_as_merged(acme, &options);
				expect_allowed_as_merged(NULL, &options);
			}
		if (round == 0) {
			commit();
			begin_read();
		}
	}
}

Test(merge, allowed_finds_the_last_of_many)
{
	const char *last = NULL;
	for (size_t i = 0; i < 100; i++) {
		last = create_connection(format("connection-%zu", i), "auth0");
		if (i % 2)
			enable_for_application(portal, last);
		else
			enable_for_organization(acme, last);
		must(allowed(portal, acme, last, NULL));
	}
	expect_error(allowed(portal, acme, create_connection("other", "auth0"), NULL), ORGDB_FORBIDDEN, "connection");
	must(allowed(portal, acme, id_of_connection("connection-0"), NULL));
	must(allowed(portal, acme, last, NULL));
}

Test(merge, allowed_names_what_is_missing)
{
	const char *connection = create_connection("connection", "auth0");
	enable_for_organization(acme, connection);
	must(allowed(portal, acme, connection, NULL));
	expect_error(allowed("nobody", acme, connection, NULL), ORGDB_NOT_FOUND, "client_id");
	expect_error(allowed(portal, "org_0000000000000000", connection, NULL), ORGDB_NOT_FOUND, "organization.id");
	expect_error(allowed(portal, acme, "con_0000000000000000", NULL), ORGDB_NOT_FOUND, "connection.id");
	expect_error(allowed(portal, acme, "", NULL), ORGDB_NOT_FOUND, "connection.id");
	expect_error(allowed(portal, acme, NULL, NULL), ORGDB_NOT_FOUND, "connection.id");
	orgdb_merge_options options = with_policy(7);
	expect_error(allowed(portal, acme, connection, &options), ORGDB_INVALID, "options.policy");
	orgdb_application deny = { .fields = ORGDB_APPLICATION_ORGANIZATION_USAGE, .organization_usage = ORGDB_USAGE_DENY };
	must(orgdb_application_update(txn, portal, &deny));
	must(allowed(portal, acme, connection, NULL));
	options = with_policy(ORGDB_POLICY_UNION);
	options.enforce_rules = true;
	expect_error(allowed(portal, acme, connection, &options), ORGDB_FORBIDDEN, "organization_usage");
}

/* Many questions at once. */

enum { QUESTIONS = 37 }; /* More than are prepared ahead, and no multiple of that. */

static void ask_each_and_all(const char *const *organizations, size_t organization_count, const char *denied)
{
	static orgdb_merged_connection arrays[QUESTIONS][8], expected[8];
	orgdb_merge_question questions[QUESTIONS];
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.enforce_rules = true;
	for (size_t i = 0; i < QUESTIONS; i++) {
		const char *client_id = i % 11 == 5 ? "nobody" : i % 7 == 3 ? denied : portal;
		const char *organization_id = i % 5 == 4 ? NULL : organizations[i % organization_count];
		questions[i] = (orgdb_merge_question){ client_id, organization_id, arrays[i], i % 4 == 1 ? 2 : 8, 99, 99, 99 };
	}
	int first = orgdb_merged_connections_batch(txn, questions, QUESTIONS, &options), first_expected = 0;
	for (size_t i = 0; i < QUESTIONS; i++) {
		orgdb_merge_question *asked = &questions[i];
		orgdb_access access = { .usage = 99 };
		size_t count = 0;
		options.access = &access;
		int rc = orgdb_merged_connections(
			txn, asked->client_id, asked->organization_id, &options, expected, asked->capacity, &count);
		cr_assert_eq(asked->result, rc, "question %zu: %s", i, orgdb_error_name(asked->result));
		cr_expect_eq(asked->count, count, "question %zu", i);
		cr_expect_eq(asked->usage, access.usage, "question %zu", i);
		size_t filled = count < asked->capacity ? count : asked->capacity;
		for (size_t j = 0; j < filled && (rc == 0 || rc == ORGDB_TRUNCATED); j++) {
			cr_expect(orgdb_str_equal(asked->array[j].connection->id, expected[j].connection->id));
			cr_expect_eq(asked->array[j].from, expected[j].from);
		}
		first_expected = first_expected == 0 ? rc : first_expected;
	}
	cr_expect_neq(first_expected, 0);
	cr_expect_eq(first, first_expected);
}

Test(merge, a_batch_answers_as_single_questions_do)
{
	const char *organizations[6] = { acme, "org_0000000000000000", "nonsense" };
	one_of_each_source();
	const char *denied = create_application("denied");
	orgdb_application deny = { .fields = ORGDB_APPLICATION_ORGANIZATION_USAGE, .organization_usage = ORGDB_USAGE_DENY };
	must(orgdb_application_update(txn, denied, &deny));
	for (size_t i = 3; i < COUNT_OF(organizations); i++) {
		organizations[i] = create_organization(format("organization-%zu", i));
		for (size_t c = 0; c < 4 * (i - 3); c++)
			enable_for_organization(organizations[i], create_connection(format("c-%zu-%zu", i, c), "samlp"));
	}
	ask_each_and_all(organizations, COUNT_OF(organizations), denied);
	commit();
	for (int round = 0; round < 2; round++) { /* Cold, then from the caches. */
		begin_read();
		ask_each_and_all(organizations, COUNT_OF(organizations), denied);
		end();
	}
}

Test(merge, a_batch_may_be_empty_and_has_options)
{
	orgdb_access access;
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	must(orgdb_merged_connections_batch(txn, NULL, 0, NULL));
	options.access = &access;
	expect_error(orgdb_merged_connections_batch(txn, NULL, 0, &options), ORGDB_INVALID, "options.access");
	options = with_policy(3);
	expect_error(orgdb_merged_connections_batch(txn, NULL, 0, &options), ORGDB_INVALID, "options.policy");
}
