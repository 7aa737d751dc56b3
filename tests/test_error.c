/*
 * Errors: every code has its name, text and HTTP status, and the last error tells what and where.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <string.h>

#include "fixture.h"

struct code_row {
	int code;
	const char *name;
	const char *text;
	int http;
};

static const struct code_row codes[] = {
#define CODE_ROW(name, value, text, http) { value, #name, text, http },
	ORGDB_ERRORS(CODE_ROW)
#undef CODE_ROW
};

TestSuite(error, .init = fixture_writing, .fini = fixture_close, .timeout = 60);

Test(error, every_code_has_its_name_text_and_status)
{
	cr_expect_eq(COUNT_OF(codes), 22, "a new code needs a look at this test");
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		const struct code_row *row = &codes[i];
		cr_expect_str_eq(orgdb_error_name(row->code), row->name, "row %zu", i);
		cr_expect_str_eq(orgdb_strerror(row->code), row->text, "row %zu", i);
		cr_expect_eq(orgdb_error_http_status(row->code), row->http, "row %zu", i);
	}
}

Test(error, codes_are_distinct_and_clear_of_errno_and_lmdb)
{
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		cr_expect(codes[i].code <= -1001 && codes[i].code > -2000, "%s", codes[i].name);
		for (size_t j = 0; j < i; j++)
			cr_expect_neq(codes[i].code, codes[j].code, "%s and %s", codes[i].name, codes[j].name);
	}
}

Test(error, statuses_are_what_a_management_api_answers)
{
	cr_expect_eq(orgdb_error_http_status(ORGDB_NOT_FOUND), 404);
	cr_expect_eq(orgdb_error_http_status(ORGDB_EXISTS), 409);
	cr_expect_eq(orgdb_error_http_status(ORGDB_INVALID), 400);
	cr_expect_eq(orgdb_error_http_status(ORGDB_TOO_LARGE), 413);
	cr_expect_eq(orgdb_error_http_status(ORGDB_FORBIDDEN), 403);
	cr_expect_eq(orgdb_error_http_status(0), 200);
}

Test(error, other_numbers_are_unknown)
{
	static const int unknown[] = { 1, -1, -1000, -1023, -30798, 2147483647, -2147483647 - 1 };
	for (size_t i = 0; i < COUNT_OF(unknown); i++) {
		cr_expect_str_eq(orgdb_strerror(unknown[i]), "unknown error", "row %zu", i);
		cr_expect_str_eq(orgdb_error_name(unknown[i]), "ORGDB_UNKNOWN", "row %zu", i);
		cr_expect_eq(orgdb_error_http_status(unknown[i]), 500, "row %zu", i);
	}
}

Test(error, version_is_the_headers)
{
	cr_expect_str_eq(orgdb_version(), ORGDB_VERSION);
	cr_expect_str_eq(
		orgdb_version(), format("%d.%d.%d", ORGDB_VERSION_MAJOR, ORGDB_VERSION_MINOR, ORGDB_VERSION_PATCH));
}

/* In a new thread nothing has failed yet. */
static void *last_error_of_a_new_thread(void *context)
{
	const orgdb_error_info *info = orgdb_last_error();
	*(bool *)context = info && info->code == 0 && info->system_error == 0 && info->field[0] == '\0' && info->message;
	return NULL;
}

Test(error, last_error_belongs_to_the_thread)
{
	orgdb_organization organization;
	expect_error(orgdb_organization_get(txn, "org_0000000000000000", &organization), ORGDB_NOT_FOUND, "organization");
	bool untouched = false;
	pthread_t thread;
	cr_assert_eq(pthread_create(&thread, NULL, last_error_of_a_new_thread, &untouched), 0);
	pthread_join(thread, NULL);
	cr_expect(untouched, "a new thread has a last error");
	cr_expect_eq(orgdb_last_error()->code, ORGDB_NOT_FOUND);
}

Test(error, success_leaves_the_last_error)
{
	orgdb_organization organization;
	expect_error(orgdb_organization_get(txn, "org_0000000000000000", &organization), ORGDB_NOT_FOUND, "organization");
	create_organization("acme");
	cr_expect_eq(orgdb_last_error()->code, ORGDB_NOT_FOUND);
}

Test(error, a_later_failure_replaces_the_last_error)
{
	orgdb_organization organization;
	orgdb_role role;
	expect_error(orgdb_organization_get(txn, "org_0000000000000000", &organization), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_role_get(txn, "rol_0000000000000000", &role), ORGDB_NOT_FOUND, "role");
}

Test(error, an_invalid_field_is_named_with_the_expectation)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string("Not A Name");
	expect_error(orgdb_organization_create(txn, &organization, NULL), ORGDB_INVALID, "organization.name");
	const char *expectation = field_named(ORGDB_KIND_ORGANIZATION, "name")->expectation;
	cr_expect(strstr(orgdb_last_error()->message, expectation), "\"%s\" does not say \"%s\"",
		orgdb_last_error()->message, expectation);
}

Test(error, a_taken_name_is_named)
{
	create_organization("acme");
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string("acme");
	expect_error(orgdb_organization_create(txn, &organization, NULL), ORGDB_EXISTS, "organization.name");
	cr_expect(strstr(orgdb_last_error()->message, "acme"), "\"%s\"", orgdb_last_error()->message);
}

Test(error, a_system_error_is_kept)
{
	orgdb *other;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.must_exist = true;
	expect_error(orgdb_open(path_in_directory("missing.orgdb"), &options, &other), ORGDB_NO_STORE, "");
	cr_expect(strstr(orgdb_last_error()->message, "missing.orgdb"), "\"%s\"", orgdb_last_error()->message);
}

Test(error, messages_quote_hostile_input_safely)
{
	static const char *const hostile[] = { "%s%s%n", "\x1b[2J", "a\nb", "\xff\xfe", "\xed\xa0\x80" };
	const char *names[COUNT_OF(hostile) + 1];
	for (size_t i = 0; i < COUNT_OF(hostile); i++)
		names[i] = hostile[i];
	names[COUNT_OF(hostile)] = repeat("long", 100000);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
		organization.name = orgdb_string(names[i]);
		int rc = orgdb_organization_create(txn, &organization, NULL);
		cr_expect(rc == ORGDB_INVALID || rc == ORGDB_TOO_LARGE, "row %zu gave %d", i, rc);
		const char *message = orgdb_last_error()->message;
		cr_expect(strlen(message) < 2000, "row %zu: %zu bytes", i, strlen(message));
		for (const char *c = message; *c; c++)
			cr_expect((unsigned char)*c >= 0x20 && *c != 0x7f, "row %zu: a control character", i);
	}
}
