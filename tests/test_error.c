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
	cr_expect_str_eq(orgdb_error_name(0), "ORGDB_OK");
	cr_expect_str_eq(orgdb_strerror(0), "success");
}

/* ---- What a management API answers ------------------------------------------------------------------------------- */

/* What the calls below are about; a domain connection, and one with a realm of its own. */
static const char *acme, *portal, *con, *somebody, *admin;

static const char no_org[] = "org_zzzzzzzzzzzzzzzz", no_con[] = "con_zzzzzzzzzzzzzzzz", no_user[] = "auth0|nobody";

static int create_domain_connection(const char *name, const char *realm)
{
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string(name);
	connection.strategy = orgdb_string("samlp");
	connection.is_domain_connection = true;
	if (realm)
		connection.realms = value_of_texts(1, realm);
	return orgdb_connection_create(txn, &connection, NULL);
}

static void create_subjects(void)
{
	acme = create_organization("acme");
	portal = create_application("portal");
	con = create_connection("con", "auth0");
	somebody = create_user("user");
	admin = create_role("role");
	must(create_domain_connection("domain", "realm"));
	enable_for_application(portal, con);
	enable_for_organization(acme, con);
	add_member(acme, somebody);
	assign_role(acme, somebody, admin);
	must(orgdb_organization_application_add(txn, acme, portal, NULL));
}

static int create_named(uint32_t kind, const char *name)
{
	any_entity entity = valid_entity(kind, name);
	return orgdb_entity_create(txn, kind, &entity, NULL);
}

static int create_with_id(uint32_t kind, const char *id)
{
	any_entity entity = valid_entity(kind, "another");
	*text_at(&entity, &orgdb_schema_of(kind)->fields[0]) = orgdb_string(id);
	return orgdb_entity_create(txn, kind, &entity, NULL);
}

static int get(uint32_t kind, const char *id)
{
	any_entity entity;
	return orgdb_entity_get(txn, kind, id, &entity);
}

static int delete_twice(uint32_t kind)
{
	orgdb_str id;
	any_entity entity = valid_entity(kind, "gone");
	must(orgdb_entity_create(txn, kind, &entity, &id));
	const char *kept = copy(id);
	must(orgdb_entity_delete(txn, kind, kept, NULL));
	return orgdb_entity_delete(txn, kind, kept, NULL);
}

static int rename_to(const char *id, const char *name)
{
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT;
	changes.fields = ORGDB_ORGANIZATION_NAME;
	changes.name = orgdb_string(name);
	return orgdb_organization_update(txn, id, &changes);
}

static int enable_with_signup(void)
{
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.fields = ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED;
	edge.is_signup_enabled = true;
	return orgdb_enabled_connection_update(txn, acme, con, &edge);
}

static int set_large_metadata(void)
{
	orgdb_user changes = ORGDB_USER_INIT;
	changes.fields = ORGDB_USER_USER_METADATA;
	changes.user_metadata = value_of_entries(1, repeat("x", ORGDB_RECORD_SIZE_MAX));
	return orgdb_user_update(txn, somebody, &changes);
}

static int change_nothing(void)
{
	orgdb_user changes = ORGDB_USER_INIT;
	return orgdb_user_update(txn, somebody, &changes);
}

static int get_by_name(uint32_t kind)
{
	any_entity entity;
	return kind == ORGDB_KIND_CONNECTION ? orgdb_connection_get_by_name(txn, "nobody", &entity.connection)
		: kind == ORGDB_KIND_ROLE        ? orgdb_role_get_by_name(txn, "nobody", &entity.role)
										 : orgdb_organization_get_by_name(txn, "nobody", &entity.organization);
}

static int merge_with_bad_size(void)
{
	orgdb_merge_options options = { .size = 1 };
	return orgdb_connection_allowed(txn, portal, acme, con, &options, NULL);
}

static int be_refused(void)
{
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.enforce_rules = true;
	return orgdb_connection_allowed(txn, portal, acme, con, &options, NULL);
}

static int open_nothing(void)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	orgdb *other;
	options.must_exist = true;
	return orgdb_open(path_in_directory("missing.orgdb"), &options, &other);
}

/* What fails, the status and the error code. */
#define ANSWERS(X)                                                                           \
	X(get(ORGDB_KIND_ORGANIZATION, no_org), 404, "")                                         \
	X(get_by_name(ORGDB_KIND_ORGANIZATION), 404, "")                                         \
	X(delete_twice(ORGDB_KIND_ORGANIZATION), 404, "")                                        \
	X(get(ORGDB_KIND_USER, no_user), 404, "inexistent_user")                                 \
	X(delete_twice(ORGDB_KIND_USER), 404, "inexistent_user")                                 \
	X(get(ORGDB_KIND_APPLICATION, "nobody"), 404, "inexistent_client")                       \
	X(get(ORGDB_KIND_CONNECTION, no_con), 404, "inexistent_connection")                      \
	X(get_by_name(ORGDB_KIND_CONNECTION), 404, "inexistent_connection")                      \
	X(get(ORGDB_KIND_ROLE, "rol_zzzzzzzzzzzzzzzz"), 404, "")                                 \
	X(get_by_name(ORGDB_KIND_ROLE), 404, "")                                                 \
	X(orgdb_enabled_connection_delete(txn, acme, no_con), 404, "inexistent_connection")      \
	X(orgdb_enabled_connection_delete(txn, no_org, con), 404, "")                            \
	X(orgdb_enabled_connection_delete(txn, create_organization("empty"), con), 404, "")      \
	X(orgdb_application_connection_disable(txn, create_application("empty"), con), 404, "")  \
	X(orgdb_application_connection_disable(txn, "nobody", con), 404, "inexistent_client")    \
	X(orgdb_membership_add(txn, acme, no_user, NULL), 404, "inexistent_user")                \
	X(orgdb_membership_add(txn, no_org, somebody, NULL), 404, "")                            \
	X(orgdb_membership_remove(txn, acme, create_user("stranger")), 404, "")                  \
	X(orgdb_member_role_remove(txn, acme, somebody, create_role("other")), 404, "")          \
	X(orgdb_organization_application_remove(txn, acme, "nobody"), 404, "inexistent_client")  \
	X(orgdb_organization_application_remove(txn, acme, create_application("none")), 404, "") \
	X(open_nothing(), 404, "")                                                               \
	X(create_named(ORGDB_KIND_ORGANIZATION, "acme"), 409, "organization_conflict")           \
	X(create_with_id(ORGDB_KIND_ORGANIZATION, acme), 409, "organization_conflict")           \
	X(rename_to(create_organization("initech"), "acme"), 409, "organization_conflict")       \
	X(create_named(ORGDB_KIND_CONNECTION, "con"), 409, "connection_conflict")                \
	X(create_with_id(ORGDB_KIND_CONNECTION, con), 409, "")                                   \
	X(create_domain_connection("new", "realm"), 409, "")                                     \
	X(create_domain_connection("new", NULL), 409, "")                                        \
	X(create_named(ORGDB_KIND_ROLE, "role"), 409, "")                                        \
	X(create_with_id(ORGDB_KIND_APPLICATION, portal), 409, "")                               \
	X(create_with_id(ORGDB_KIND_USER, somebody), 409, "")                                    \
	X(orgdb_enabled_connection_create(txn, acme, con, NULL), 409, "")                        \
	X(orgdb_application_connection_enable(txn, portal, con, NULL), 409, "")                  \
	X(orgdb_organization_application_add(txn, acme, portal, NULL), 409, "")                  \
	X(orgdb_membership_add(txn, acme, somebody, NULL), 409, "")                              \
	X(orgdb_member_role_assign(txn, acme, somebody, admin), 409, "")                         \
	X(create_named(ORGDB_KIND_ORGANIZATION, "Not A Name"), 400, "invalid_body")              \
	X(create_with_id(ORGDB_KIND_USER, "nonsense"), 400, "invalid_body")                      \
	X(enable_with_signup(), 400, "invalid_body")                                             \
	X(change_nothing(), 400, "invalid_body")                                                 \
	X(merge_with_bad_size(), 400, "")                                                        \
	X(be_refused(), 403, "")                                                                 \
	X(set_large_metadata(), 413, "")

static void expect_answer(const char *call, int rc, int status, const char *service_code)
{
	const orgdb_error_info *info = orgdb_last_error();
	cr_expect(rc < 0 && info->code == rc, "%s: %s", call, orgdb_error_name(rc));
	cr_expect_eq(orgdb_error_http_status(rc), status, "%s: %d", call, orgdb_error_http_status(rc));
	cr_expect_str_eq(orgdb_error_service_code(info), service_code, "%s: \"%s\"", call, orgdb_error_service_code(info));
}

Test(error, statuses_and_codes_are_the_services)
{
	create_subjects();
#define EXPECT_ANSWER(call, status, service_code) expect_answer(#call, call, status, service_code);
	ANSWERS(EXPECT_ANSWER)
#undef EXPECT_ANSWER
}

Test(error, codes_follow_from_the_whole_name_of_the_kind)
{
	static const struct {
		int code;
		const char *field, *service_code;
	} rows[] = {
		{ ORGDB_NOT_FOUND, "invitation.id", "inexistent_invitation" },
		{ ORGDB_NOT_FOUND, "user", "inexistent_user" },
		{ ORGDB_NOT_FOUND, "user_group.id", "" },
		{ ORGDB_NOT_FOUND, "application_connection", "" },
		{ ORGDB_NOT_FOUND, "", "" },
		{ ORGDB_EXISTS, "organization_application", "" },
		{ ORGDB_EXISTS, "connection.name_of_something", "" },
		{ ORGDB_EXISTS, "user.user_id", "" },
		{ ORGDB_INVALID, "options.policy", "" },
		{ ORGDB_INVALID, "membership.extra", "invalid_body" },
		{ ORGDB_FORBIDDEN, "user.blocked", "" },
		{ ORGDB_OK, "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		orgdb_error_info info = { .code = rows[i].code, .field = rows[i].field, .message = "" };
		cr_expect_str_eq(orgdb_error_service_code(&info), rows[i].service_code, "row %zu", i);
	}
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
