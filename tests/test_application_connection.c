/*
 * Application connections: which connections an application offers by itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

static const char *portal, *console;
static const char *connections[5]; /* In creation order. */

static void setup(void)
{
	fixture_writing();
	portal = create_application("portal");
	console = create_application("console");
	for (size_t i = 0; i < COUNT_OF(connections); i++)
		connections[i] = create_connection(format("connection-%zu", i), "samlp");
}

TestSuite(application_connection, .init = setup, .fini = fixture_close, .timeout = 60);

static bool is_enabled(const char *client_id, const char *connection_id)
{
	int rc = orgdb_application_connection_get(txn, client_id, connection_id, NULL);
	cr_expect(rc == 0 || rc == ORGDB_NOT_FOUND, "%s", orgdb_error_name(rc));
	return rc == 0;
}

Test(application_connection, enable_and_disable)
{
	cr_expect(!is_enabled(portal, connections[0]));
	must(orgdb_application_connection_enable(txn, portal, connections[0], NULL));
	cr_expect(is_enabled(portal, connections[0]));
	cr_expect(!is_enabled(portal, connections[1]));
	cr_expect(!is_enabled(console, connections[0]));
	must(orgdb_application_connection_disable(txn, portal, connections[0]));
	cr_expect(!is_enabled(portal, connections[0]));
	commit_and_check();
}

Test(application_connection, enable_twice_reports_exists)
{
	enable_for_application(portal, connections[0]);
	expect_error(orgdb_application_connection_enable(txn, portal, connections[0], NULL), ORGDB_EXISTS, "");
	cr_expect_eq(statistics().count[ORGDB_KIND_APPLICATION_CONNECTION], 1);
	commit_and_check();
}

Test(application_connection, disable_of_what_is_not_enabled_reports_not_found)
{
	enable_for_application(portal, connections[0]);
	expect_error(orgdb_application_connection_disable(txn, portal, connections[1]), ORGDB_NOT_FOUND, "");
	expect_error(orgdb_application_connection_disable(txn, console, connections[0]), ORGDB_NOT_FOUND, "");
	must(orgdb_application_connection_disable(txn, portal, connections[0]));
	expect_error(orgdb_application_connection_disable(txn, portal, connections[0]), ORGDB_NOT_FOUND, "");
}

Test(application_connection, both_ends_must_exist_and_the_missing_one_is_named)
{
	static const char no_application[] = "nobody", no_connection[] = "con_zzzzzzzzzzzzzzzz";
	orgdb_application_connection edge;
	orgdb_application applications[1];
	orgdb_connection found[1];
	size_t count;
	expect_error(
		orgdb_application_connection_enable(txn, no_application, connections[0], NULL), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_application_connection_enable(txn, portal, no_connection, NULL), ORGDB_NOT_FOUND, "connection");
	expect_error(
		orgdb_application_connection_get(txn, no_application, connections[0], &edge), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_application_connection_get(txn, portal, no_connection, &edge), ORGDB_NOT_FOUND, "connection");
	expect_error(
		orgdb_application_connection_disable(txn, no_application, connections[0]), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_application_connection_disable(txn, portal, no_connection), ORGDB_NOT_FOUND, "connection");
	expect_error(
		orgdb_application_connections(txn, no_application, 0, found, 1, &count), ORGDB_NOT_FOUND, "application");
	expect_error(
		orgdb_connection_applications(txn, no_connection, 0, applications, 1, &count), ORGDB_NOT_FOUND, "connection");
	cr_expect_eq(statistics().count[ORGDB_KIND_APPLICATION_CONNECTION], 0);
}

Test(application_connection, get_tells_both_ends)
{
	enable_for_application(portal, connections[2]);
	orgdb_application_connection edge;
	orgdb_connection connection;
	must(orgdb_application_connection_get(txn, portal, connections[2], &edge));
	must(orgdb_connection_get(txn, connections[2], &connection));
	expect_text(edge.client_id, portal);
	expect_text(edge.connection_id, connections[2]);
	expect_absent(edge.extra);
	cr_expect_eq(edge.ordinal, connection.ordinal);
}

Test(application_connection, extra_is_kept)
{
	orgdb_application_connection edge = { .fields = 0, .extra = VALUE({ "status" : true, "by" : null }) };
	must(orgdb_application_connection_enable(txn, portal, connections[0], &edge));
	must(orgdb_application_connection_get(txn, portal, connections[0], &edge));
	expect_value(edge.extra, { "by" : null, "status" : true });
	cr_expect(edge.fields & ORGDB_EXTRA);
	must(orgdb_application_connection_disable(txn, portal, connections[0]));
	enable_for_application(portal, connections[0]);
	must(orgdb_application_connection_get(txn, portal, connections[0], &edge));
	expect_absent(edge.extra);
	commit_and_check();
}

Test(application_connection, malformed_extra_is_refused)
{
	orgdb_application_connection edge = { .fields = 0, .extra = RAW("\x81\xa1x") };
	expect_error(orgdb_application_connection_enable(txn, portal, connections[0], &edge), ORGDB_INVALID, "extra");
	cr_expect(!is_enabled(portal, connections[0]));
	commit_and_check();
}

Test(application_connection, connections_list_in_their_creation_order)
{
	static const size_t enabled[] = { 4, 0, 3, 1 };
	static const size_t listed[] = { 0, 1, 3, 4 };
	for (size_t i = 0; i < COUNT_OF(enabled); i++)
		enable_for_application(portal, connections[enabled[i]]);
	enable_for_application(console, connections[2]);
	orgdb_connection page[3];
	size_t count;
	must(orgdb_application_connections(txn, portal, 0, page, 3, &count));
	cr_assert_eq(count, 3);
	for (size_t i = 0; i < 3; i++)
		expect_text(page[i].id, connections[listed[i]]);
	expect_text(page[0].name, "connection-0"); /* The whole connection. */
	must(orgdb_application_connections(txn, portal, page[2].ordinal, page, 3, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].id, connections[4]);
	must(orgdb_application_connections(txn, portal, page[0].ordinal, page, 3, &count));
	cr_expect_eq(count, 0);
}

Test(application_connection, applications_list_in_their_creation_order)
{
	enable_for_application(console, connections[0]);
	enable_for_application(portal, connections[0]);
	orgdb_application page[3];
	size_t count;
	must(orgdb_connection_applications(txn, connections[0], 0, page, 3, &count));
	cr_assert_eq(count, 2);
	expect_text(page[0].client_id, portal);
	expect_text(page[1].client_id, console);
	must(orgdb_connection_applications(txn, connections[0], page[0].ordinal, page, 3, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].client_id, console);
	must(orgdb_connection_applications(txn, connections[1], 0, page, 3, &count));
	cr_expect_eq(count, 0);
}

Test(application_connection, many_of_each)
{
	enum { MANY = 600 };
	const char *many[MANY];
	for (size_t i = 0; i < MANY; i++)
		many[i] = create_application(format("application %zu", i));
	size_t *order = shuffled(MANY, 11);
	for (size_t i = 0; i < MANY; i++)
		enable_for_application(many[order[i]], connections[1]);
	orgdb_application *page = keep((MANY + 1) * sizeof(*page));
	size_t count;
	must(orgdb_connection_applications(txn, connections[1], 0, page, MANY + 1, &count));
	cr_assert_eq(count, MANY);
	for (size_t i = 0; i < MANY; i++)
		expect_text(page[i].client_id, many[i]);
	for (size_t i = 0; i < MANY; i += 2)
		must(orgdb_application_connection_disable(txn, many[i], connections[1]));
	must(orgdb_connection_applications(txn, connections[1], 0, page, MANY + 1, &count));
	cr_assert_eq(count, MANY / 2);
	for (size_t i = 0; i < MANY / 2; i++)
		expect_text(page[i].client_id, many[2 * i + 1]);
	cr_expect_eq(statistics().count[ORGDB_KIND_APPLICATION_CONNECTION], MANY / 2);
	commit_and_check();
}
