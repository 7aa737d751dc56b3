/*
 * Admission: may a user log in, and does the login make a member?
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>

#include "fixture.h"

static const char *portal, *acme, *initech, *google, *saml, *alone, *user, *blocked;

/* acme has google, which makes members, and saml, which does not; portal offers google and alone. */
static void setup(void)
{
	fixture_writing();
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.client_id = orgdb_string(portal = "portal");
	application.name = orgdb_string("Portal");
	application.organization_usage = ORGDB_USAGE_ALLOW;
	must(orgdb_application_create(txn, &application, NULL));
	acme = create_organization("acme");
	initech = create_organization("initech");
	google = create_connection("google", "google-oauth2");
	saml = create_connection("saml", "samlp");
	alone = create_connection("alone", "github");
	enable_for_application(portal, google);
	enable_for_application(portal, alone);
	orgdb_enabled_connection assigning = ORGDB_ENABLED_CONNECTION_INIT;
	assigning.assign_membership_on_login = true;
	must(orgdb_enabled_connection_create(txn, acme, google, &assigning));
	enable_for_organization(acme, saml);
	user = create_user("user");
	orgdb_user changes = { .fields = ORGDB_USER_BLOCKED, .blocked = true };
	blocked = create_user("blocked");
	must(orgdb_user_update(txn, blocked, &changes));
}

TestSuite(admission, .init = setup, .fini = fixture_close, .timeout = 60);

static orgdb_login_options in_portal(void)
{
	orgdb_login_options options = ORGDB_LOGIN_OPTIONS_INIT;
	options.client_id = portal;
	return options;
}

/* What becomes of a login that goes on. */
static orgdb_login_result login(
	const char *organization_id, const char *connection_id, const orgdb_login_options *options)
{
	orgdb_login_result result;
	memset(&result, 0x55, sizeof(result));
	must(orgdb_login(txn, organization_id, connection_id, user, options, &result));
	return result;
}

static void expect_outcome(orgdb_login_result result, uint32_t outcome, const char *organization_id)
{
	expect_number(result.outcome, outcome);
	cr_expect_str_eq(result.organization_id, organization_id);
}

/* The rule that refuses; the error must be about `field`. */
static uint32_t refused(const char *organization_id, const char *connection_id, const char *user_id,
	const orgdb_login_options *options, const char *field)
{
	orgdb_login_result result;
	expect_error(orgdb_login(txn, organization_id, connection_id, user_id, options, &result), ORGDB_FORBIDDEN, field);
	return orgdb_last_error()->rule;
}

static bool is_member(const char *organization_id)
{
	bool contains = false;
	must(orgdb_membership_contains(txn, organization_id, user, &contains));
	return contains;
}

static void read_now(void)
{
	commit();
	begin_read();
}

/* ---- In an organization ------------------------------------------------------------------------------------------ */

Test(admission, a_member_goes_on)
{
	orgdb_login_options options = in_portal();
	add_member(acme, user);
	for (int round = 0; round < 2; round++) {
		expect_outcome(login(acme, google, NULL), ORGDB_LOGIN_MEMBER, acme);
		expect_outcome(login(acme, saml, NULL), ORGDB_LOGIN_MEMBER, acme);
		expect_outcome(login(acme, saml, &options), ORGDB_LOGIN_MEMBER, acme);
		expect_outcome(login(acme, alone, &options), ORGDB_LOGIN_MEMBER, acme); /* The policy is union. */
		cr_expect(!login(acme, google, &options).ask_organization);
		if (round == 0)
			read_now();
	}
}

Test(admission, the_first_login_makes_a_member)
{
	uint64_t before, after;
	expect_outcome(login(acme, google, NULL), ORGDB_LOGIN_JOINED, acme);
	cr_expect(is_member(acme));
	expect_outcome(login(acme, google, NULL), ORGDB_LOGIN_MEMBER, acme);
	commit_and_check();
	must(orgdb_lsn(txn, &before));
	cr_expect(is_member(acme));
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 1);
	end();
	begin_write();
	expect_outcome(login(acme, google, NULL), ORGDB_LOGIN_MEMBER, acme);
	commit();
	begin_read();
	must(orgdb_lsn(txn, &after));
	cr_expect_eq(before, after, "a login that changed nothing was a change");
}

Test(admission, a_reader_says_that_it_would_join_and_changes_nothing)
{
	orgdb_login_options options = in_portal();
	read_now();
	expect_outcome(login(acme, google, NULL), ORGDB_LOGIN_WOULD_JOIN, acme);
	expect_outcome(login(acme, google, &options), ORGDB_LOGIN_WOULD_JOIN, acme);
	cr_expect(!is_member(acme));
}

Test(admission, an_abort_takes_the_membership_back)
{
	commit();
	begin_write();
	expect_outcome(login(acme, google, NULL), ORGDB_LOGIN_JOINED, acme);
	end();
	begin_read();
	cr_expect(!is_member(acme));
}

Test(admission, who_is_no_member_is_refused_where_none_are_made)
{
	for (int round = 0; round < 2; round++) {
		expect_number(refused(acme, saml, user, NULL, "membership"), ORGDB_RULE_NOT_A_MEMBER);
		cr_expect(!is_member(acme));
		if (round == 0)
			read_now();
	}
}

Test(admission, the_applications_own_connection_makes_no_members)
{
	orgdb_login_options options = in_portal();
	enable_for_organization(initech, google); /* Without the option. */
	expect_number(refused(initech, google, user, &options, "membership"), ORGDB_RULE_NOT_A_MEMBER);
	expect_number(refused(initech, alone, user, &options, "membership"), ORGDB_RULE_NOT_A_MEMBER);
}

Test(admission, a_connection_that_is_not_enabled_is_refused)
{
	orgdb_enabled_connection off = { .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED };
	add_member(acme, user);
	expect_number(refused(acme, alone, user, NULL, "enabled_connection"), ORGDB_RULE_CONNECTION_NOT_ENABLED);
	must(orgdb_enabled_connection_update(txn, acme, saml, &off));
	expect_number(refused(acme, saml, user, NULL, "enabled_connection"), ORGDB_RULE_CONNECTION_NOT_ENABLED);
	must(orgdb_enabled_connection_update(txn, acme, google, &off));
	expect_number(refused(acme, google, user, NULL, "enabled_connection"), ORGDB_RULE_CONNECTION_NOT_ENABLED);
	orgdb_login_options options = in_portal();
	expect_outcome(login(acme, google, &options), ORGDB_LOGIN_MEMBER, acme); /* The application's own. */
}

Test(admission, the_policy_counts)
{
	orgdb_login_options options = in_portal();
	add_member(acme, user);
	options.policy = ORGDB_POLICY_ORGANIZATION;
	expect_number(refused(acme, alone, user, &options, "enabled_connection"), ORGDB_RULE_CONNECTION_NOT_ENABLED);
	expect_outcome(login(acme, saml, &options), ORGDB_LOGIN_MEMBER, acme);
	options.policy = ORGDB_POLICY_INTERSECTION;
	expect_number(refused(acme, saml, user, &options, "application_connection"), ORGDB_RULE_CONNECTION_NOT_OFFERED);
	expect_outcome(login(acme, google, &options), ORGDB_LOGIN_MEMBER, acme);
}

Test(admission, a_blocked_user_is_refused)
{
	orgdb_login_options options = in_portal();
	add_member(acme, blocked);
	expect_number(refused(acme, google, blocked, NULL, "user.blocked"), ORGDB_RULE_USER_BLOCKED);
	expect_number(refused(acme, google, blocked, &options, "user.blocked"), ORGDB_RULE_USER_BLOCKED);
	expect_number(refused(NULL, google, blocked, &options, "user.blocked"), ORGDB_RULE_USER_BLOCKED);
	expect_number(refused(NULL, google, blocked, NULL, "user.blocked"), ORGDB_RULE_USER_BLOCKED);
}

Test(admission, the_rules_of_access_count)
{
	orgdb_login_options options = in_portal();
	orgdb_organization changes = { .fields = ORGDB_ORGANIZATION_IS_APP_ENTITLEMENT_ACTIVE,
		.is_app_entitlement_active = true };
	must(orgdb_organization_update(txn, acme, &changes));
	expect_number(refused(acme, google, user, &options, "use_for_member_access"), ORGDB_RULE_NO_MEMBER_ACCESS);
	cr_expect(!is_member(acme));
	expect_outcome(login(acme, google, NULL), ORGDB_LOGIN_JOINED, acme); /* No application is asked about. */
	orgdb_application deny = { .fields = ORGDB_APPLICATION_ORGANIZATION_USAGE, .organization_usage = ORGDB_USAGE_DENY };
	must(orgdb_application_update(txn, portal, &deny));
	expect_number(refused(acme, google, user, &options, "organization_usage"), ORGDB_RULE_ORGANIZATION_DENIED);
}

/* ---- Without an organization ------------------------------------------------------------------------------------- */

static void set_usage(uint32_t usage, uint32_t behavior)
{
	orgdb_application changes = ORGDB_APPLICATION_INIT;
	changes.fields = ORGDB_APPLICATION_ORGANIZATION_USAGE | ORGDB_APPLICATION_ORGANIZATION_REQUIRE_BEHAVIOR;
	changes.organization_usage = usage;
	changes.organization_require_behavior = behavior;
	must(orgdb_application_update(txn, portal, &changes));
}

Test(admission, without_an_organization)
{
	orgdb_login_options options = in_portal();
	expect_outcome(login(NULL, google, &options), ORGDB_LOGIN_OUTSIDE, "");
	expect_outcome(login(NULL, saml, NULL), ORGDB_LOGIN_OUTSIDE, "");
	cr_expect(!login(NULL, google, &options).ask_organization);
	expect_number(refused(NULL, saml, user, &options, "application_connection"), ORGDB_RULE_CONNECTION_NOT_OFFERED);
	cr_expect(!is_member(acme));
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_NO_PROMPT);
	expect_number(refused(NULL, google, user, &options, "organization_usage"), ORGDB_RULE_ORGANIZATION_REQUIRED);
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_PRE_LOGIN_PROMPT);
	expect_number(refused(NULL, google, user, &options, "organization_usage"), ORGDB_RULE_ORGANIZATION_REQUIRED);
}

Test(admission, credentials_first_join_the_one_organization_that_lets_them)
{
	orgdb_login_options options = in_portal();
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_POST_LOGIN_PROMPT);
	enable_for_organization(initech, google); /* Which does not assign. */
	read_now();
	expect_outcome(login(NULL, google, &options), ORGDB_LOGIN_WOULD_JOIN, acme);
	end();
	begin_write();
	orgdb_login_result result = login(NULL, google, &options);
	expect_outcome(result, ORGDB_LOGIN_JOINED, acme);
	cr_expect(result.ask_organization);
	cr_expect(is_member(acme));
	cr_expect(!is_member(initech));
	result = login(NULL, google, &options); /* Then it is for the user to choose. */
	expect_outcome(result, ORGDB_LOGIN_OUTSIDE, "");
	cr_expect(result.ask_organization);
	commit_and_check();
}

Test(admission, credentials_first_join_none_of_two)
{
	orgdb_login_options options = in_portal();
	orgdb_enabled_connection assigning = { .assign_membership_on_login = true, .is_enabled = true };
	set_usage(ORGDB_USAGE_ALLOW, ORGDB_POST_LOGIN_PROMPT);
	must(orgdb_enabled_connection_create(txn, initech, google, &assigning));
	orgdb_login_result result = login(NULL, google, &options);
	expect_outcome(result, ORGDB_LOGIN_OUTSIDE, "");
	cr_expect(result.ask_organization);
	orgdb_enabled_connection off = { .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED };
	must(orgdb_enabled_connection_update(txn, acme, google, &off)); /* What is off does not count. */
	expect_outcome(login(NULL, google, &options), ORGDB_LOGIN_JOINED, initech);
}

Test(admission, credentials_first_take_what_some_organization_has_enabled)
{
	orgdb_login_options options = in_portal();
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_POST_LOGIN_PROMPT);
	expect_outcome(login(NULL, saml, &options), ORGDB_LOGIN_OUTSIDE, "");
	expect_outcome(login(NULL, alone, &options), ORGDB_LOGIN_OUTSIDE, "");
	const char *nobodys = create_connection("nobodys", "oidc");
	expect_number(refused(NULL, nobodys, user, &options, "application_connection"), ORGDB_RULE_CONNECTION_NOT_OFFERED);
	orgdb_enabled_connection off = { .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED };
	must(orgdb_enabled_connection_update(txn, acme, saml, &off));
	expect_number(refused(NULL, saml, user, &options, "application_connection"), ORGDB_RULE_CONNECTION_NOT_OFFERED);
}

Test(admission, credentials_first_of_third_parties_take_domain_connections)
{
	orgdb_login_options options = in_portal();
	orgdb_application third = { .fields = ORGDB_APPLICATION_IS_FIRST_PARTY, .is_first_party = false };
	orgdb_connection domain = { .fields = ORGDB_CONNECTION_IS_DOMAIN_CONNECTION, .is_domain_connection = true };
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_POST_LOGIN_PROMPT);
	must(orgdb_application_update(txn, portal, &third));
	expect_number(refused(NULL, saml, user, &options, "is_domain_connection"), ORGDB_RULE_NO_DOMAIN_CONNECTION);
	expect_number(refused(NULL, google, user, &options, "is_domain_connection"), ORGDB_RULE_NO_DOMAIN_CONNECTION);
	must(orgdb_connection_update(txn, saml, &domain));
	must(orgdb_connection_update(txn, google, &domain));
	expect_outcome(login(NULL, saml, &options), ORGDB_LOGIN_OUTSIDE, "");
	/* The one organization that would make members lets no third parties in. */
	expect_outcome(login(NULL, google, &options), ORGDB_LOGIN_OUTSIDE, "");
	cr_expect(!is_member(acme));
	expect_number(orgdb_last_error()->rule, ORGDB_RULE_NO_DOMAIN_CONNECTION); /* The last that failed as a whole. */
	orgdb_organization open = { .fields = ORGDB_ORGANIZATION_THIRD_PARTY_CLIENT_ACCESS,
		.third_party_client_access = ORGDB_THIRD_PARTY_ALLOW };
	must(orgdb_organization_update(txn, acme, &open));
	expect_outcome(login(NULL, google, &options), ORGDB_LOGIN_JOINED, acme);
}

/* Nobody knows of more organizations than are looked at whether there is only one. */
Test(admission, the_only_one_is_sought_among_so_many)
{
	orgdb_login_options options = in_portal();
	set_usage(ORGDB_USAGE_REQUIRE, ORGDB_POST_LOGIN_PROMPT);
	for (size_t i = 1; i < ORGDB_LOGIN_ORGANIZATIONS_MAX; i++)
		enable_for_organization(create_organization(format("more-%zu", i)), google);
	read_now();
	expect_outcome(login(NULL, google, &options), ORGDB_LOGIN_WOULD_JOIN, acme);
	end();
	begin_write();
	enable_for_organization(create_organization("one-more"), google);
	read_now();
	expect_outcome(login(NULL, google, &options), ORGDB_LOGIN_OUTSIDE, "");
}

/* ---- Read first, then write -------------------------------------------------------------------------------------- */

static uint64_t writes(void)
{
	orgdb_metrics metrics;
	must(orgdb_metrics_get(db, &metrics));
	return metrics.write_transactions;
}

Test(admission, only_the_first_login_writes)
{
	orgdb_login_options options = in_portal();
	orgdb_login_result result;
	commit();
	uint64_t before = writes();
	must(orgdb_login_and_join(db, acme, google, user, &options, &result));
	expect_outcome(result, ORGDB_LOGIN_JOINED, acme);
	expect_number(writes(), before + 1);
	for (int i = 0; i < 3; i++) {
		must(orgdb_login_and_join(db, acme, google, user, &options, &result));
		expect_outcome(result, ORGDB_LOGIN_MEMBER, acme);
	}
	expect_number(writes(), before + 1);
	begin_read();
	cr_expect(is_member(acme));
	expect_sound_store();
}

Test(admission, who_is_refused_writes_nothing)
{
	orgdb_login_result result;
	commit();
	uint64_t before = writes();
	expect_error(orgdb_login_and_join(db, acme, saml, user, NULL, &result), ORGDB_FORBIDDEN, "membership");
	expect_error(orgdb_login_and_join(db, acme, google, blocked, NULL, &result), ORGDB_FORBIDDEN, "user.blocked");
	expect_error(orgdb_login_and_join(db, acme, google, "auth0|nobody", NULL, &result), ORGDB_NOT_FOUND, "user");
	expect_number(writes(), before);
}

enum { THREADS = 8 };

static void *log_in(void *context)
{
	orgdb_login_result *result = context;
	if (orgdb_login_and_join(db, acme, google, user, NULL, result) != 0)
		result->outcome = 99;
	return NULL;
}

Test(admission, of_many_at_once_one_joins)
{
	pthread_t threads[THREADS];
	orgdb_login_result results[THREADS];
	size_t joined = 0, members = 0;
	commit();
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, log_in, &results[i]), 0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		joined += results[i].outcome == ORGDB_LOGIN_JOINED;
		members += results[i].outcome == ORGDB_LOGIN_MEMBER;
	}
	expect_number(joined, 1);
	expect_number(members, THREADS - 1);
	begin_read();
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 1);
}

Test(admission, a_store_that_cannot_be_written_admits_members_alone)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	orgdb_login_result result;
	add_member(acme, user);
	commit();
	close_store();
	options.read_only = true;
	open_store(&options);
	must(orgdb_login_and_join(db, acme, google, user, NULL, &result));
	expect_outcome(result, ORGDB_LOGIN_MEMBER, acme);
	close_store();
	open_store(NULL);
	begin_write();
	must(orgdb_membership_remove(txn, acme, user));
	commit();
	close_store();
	open_store(&options);
	expect_error(orgdb_login_and_join(db, acme, google, user, NULL, &result), ORGDB_READ_ONLY, "");
}

/* ---- What goes wrong --------------------------------------------------------------------------------------------- */

Test(admission, what_is_missing_is_named)
{
	orgdb_login_options options = in_portal();
	orgdb_login_result result;
	static const char nowhere[] = "org_zzzzzzzzzzzzzzzz", nothing[] = "con_zzzzzzzzzzzzzzzz", nobody[] = "auth0|nobody";
	for (int i = 0; i < 2; i++) {
		const orgdb_login_options *given = i ? &options : NULL;
		expect_error(orgdb_login(txn, nowhere, google, user, given, &result), ORGDB_NOT_FOUND, "organization");
		expect_error(orgdb_login(txn, acme, nothing, user, given, &result), ORGDB_NOT_FOUND, "connection");
		expect_error(orgdb_login(txn, acme, google, nobody, given, &result), ORGDB_NOT_FOUND, "user");
		expect_error(orgdb_login(txn, NULL, nothing, user, given, &result), ORGDB_NOT_FOUND, "connection");
		expect_error(orgdb_login(txn, NULL, google, nobody, given, &result), ORGDB_NOT_FOUND, "user");
		expect_error(orgdb_login(txn, acme, google, NULL, given, &result), ORGDB_NOT_FOUND, "user");
	}
	options.client_id = "nobody";
	expect_error(orgdb_login(txn, acme, google, user, &options, &result), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_login(txn, NULL, google, user, &options, &result), ORGDB_NOT_FOUND, "application");
}

Test(admission, options_are_judged)
{
	orgdb_login_options options = in_portal();
	orgdb_login_result result;
	options.policy = 3;
	expect_error(orgdb_login(txn, acme, google, user, &options, &result), ORGDB_INVALID, "options.policy");
	options = in_portal();
	options.size = 1;
	expect_error(orgdb_login(txn, acme, google, user, &options, &result), ORGDB_INVALID, "options.size");
}
