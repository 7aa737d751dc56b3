/*
 * Entities: connections, applications, roles, users and organizations, all kinds by the same tests where they are
 * alike, and each kind's own rules after that.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "fixture.h"

/* What tells the kinds apart in the common tests. */
struct kind_row {
	const char *id_field;
	const char *prefix; /* Of generated ids; NULL: none are. */
	size_t tail;        /* Characters after it. */
	const char *given;  /* An id that a caller may give. */
	const char *absent; /* A valid id that no test creates. */
	const char *text;   /* An optional text field. */
	bool name_is_unique;
	bool name_may_change;
};

static const struct kind_row kinds[OWNERLESS_KINDS] = {
	[ORGDB_KIND_CONNECTION] = { "id", "con_", 16, "con_0000000000000001", "con_zzzzzzzzzzzzzzzz", "display_name", true,
		false },
	[ORGDB_KIND_APPLICATION] = { "client_id", "", 32, "client-1", "absent", "description", false, true },
	[ORGDB_KIND_ROLE] = { "id", "rol_", 16, "rol_0000000000000001", "rol_zzzzzzzzzzzzzzzz", "description", true, true },
	[ORGDB_KIND_USER] = { "user_id", "auth0|", 24, "samlp|idp|user-1", "auth0|absent", "nickname", false, true },
	[ORGDB_KIND_ORGANIZATION] = { "id", "org_", 16, "org_0000000000000001", "org_zzzzzzzzzzzzzzzz", "display_name",
		true, true },
	[ORGDB_KIND_EMAIL_TEMPLATE] = { "template", NULL, 0, "user_invitation", "password_reset", "resultUrl", false,
		true },
};

static const char *noun(uint32_t kind)
{
	return orgdb_schema_of(kind)->name;
}

static const char *create(uint32_t kind, const char *label)
{
	any_entity entity = valid_entity(kind, label);
	orgdb_str id;
	must(orgdb_entity_create(txn, kind, &entity, &id));
	return copy(id);
}

static any_entity get(uint32_t kind, const char *id)
{
	any_entity entity;
	must(orgdb_entity_get(txn, kind, id, &entity));
	return entity;
}

static const char *create_with_id(uint32_t kind, const char *id, const char *label)
{
	any_entity entity = valid_entity(kind, label);
	*text_at(&entity, field_named(kind, kinds[kind].id_field)) = orgdb_string(id);
	must(orgdb_entity_create(txn, kind, &entity, NULL));
	return id;
}

static uint64_t count_of(uint32_t kind)
{
	uint64_t count;
	must(orgdb_entity_count(txn, kind, &count));
	return count;
}

/* Create with one more text field, then forget it again, so that a label can be used for every row of a table. */
static int try_text(uint32_t kind, const char *name, orgdb_str value)
{
	any_entity entity = valid_entity(kind, "probe");
	*text_at(&entity, field_named(kind, name)) = value;
	orgdb_str id;
	int rc = orgdb_entity_create(txn, kind, &entity, &id);
	if (rc == 0)
		must(orgdb_entity_delete(txn, kind, copy(id), NULL));
	return rc;
}

static int try_value(uint32_t kind, const char *name, orgdb_value value)
{
	any_entity entity = valid_entity(kind, "probe");
	*value_at(&entity, field_named(kind, name)) = value;
	orgdb_str id;
	int rc = orgdb_entity_create(txn, kind, &entity, &id);
	if (rc == 0)
		must(orgdb_entity_delete(txn, kind, copy(id), NULL));
	return rc;
}

static bool is_refusal(int rc)
{
	return rc == ORGDB_INVALID || rc == ORGDB_TOO_LARGE;
}

static bool is_in(const char *set, orgdb_str text, size_t from)
{
	for (size_t i = from; i < text.size; i++)
		if (!strchr(set, text.data[i]))
			return false;
	return true;
}

static const char letters_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

TestSuite(entity, .init = fixture_writing, .fini = fixture_close, .timeout = 120);

/* Create, get, delete. */

Test(entity, create_generates_an_id)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const struct kind_row *row = &kinds[kind];
		if (!row->prefix)
			continue;
		any_entity entity = valid_entity(kind, "acme");
		orgdb_str id;
		must(orgdb_entity_create(txn, kind, &entity, &id));
		size_t prefix = strlen(row->prefix);
		cr_assert_eq(id.size, prefix + row->tail, "%s: %s", noun(kind), copy(id));
		cr_expect_eq(memcmp(id.data, row->prefix, prefix), 0, "%s: %s", noun(kind), copy(id));
		const char *set = kind == ORGDB_KIND_USER ? "0123456789abcdef" : letters_and_digits;
		cr_expect(is_in(set, id, prefix), "%s: %s", noun(kind), copy(id));
	}
}

Test(entity, generated_ids_differ)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		if (!kinds[kind].prefix)
			continue;
		for (size_t i = 0; i < 500; i++)
			create(kind, format("label-%zu", i)); /* A repetition would be ORGDB_EXISTS. */
		cr_expect_eq(count_of(kind), 500, "%s", noun(kind));
	}
}

Test(entity, create_keeps_a_given_id)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = valid_entity(kind, "acme");
		const orgdb_field *field = field_named(kind, kinds[kind].id_field);
		*text_at(&entity, field) = orgdb_string(kinds[kind].given);
		orgdb_str id;
		must(orgdb_entity_create(txn, kind, &entity, &id));
		expect_text(id, kinds[kind].given);
		entity = get(kind, kinds[kind].given);
		expect_text(*text_at(&entity, field), kinds[kind].given);
	}
}

Test(entity, create_without_wanting_the_id)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = valid_entity(kind, "acme");
		must(orgdb_entity_create(txn, kind, &entity, NULL));
		cr_expect_eq(count_of(kind), 1, "%s", noun(kind));
	}
}

Test(entity, create_with_a_taken_id_reports_exists)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		create_with_id(kind, kinds[kind].given, "first");
		any_entity entity = valid_entity(kind, "second");
		*text_at(&entity, field_named(kind, kinds[kind].id_field)) = orgdb_string(kinds[kind].given);
		expect_error(orgdb_entity_create(txn, kind, &entity, NULL), ORGDB_EXISTS, kinds[kind].id_field);
		cr_expect_eq(count_of(kind), 1, "%s", noun(kind));
	}
	commit_and_check();
}

Test(entity, create_with_a_taken_name_reports_exists_where_names_are_unique)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		create(kind, "acme");
		any_entity entity = valid_entity(kind, "acme");
		int rc = orgdb_entity_create(txn, kind, &entity, NULL);
		cr_expect_eq(rc, kinds[kind].name_is_unique ? ORGDB_EXISTS : 0, "%s: %d", noun(kind), rc);
	}
	commit_and_check();
}

Test(entity, create_without_a_required_field_is_invalid)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			if (!(field->flags & ORGDB_FIELD_REQUIRED) || field->flags & ORGDB_FIELD_ID)
				continue;
			any_entity entity = valid_entity(kind, "acme");
			*text_at(&entity, field) = orgdb_string(NULL);
			expect_error(orgdb_entity_create(txn, kind, &entity, NULL), ORGDB_INVALID,
				format("%s.%s", schema->name, field->name));
		}
	}
}

Test(entity, a_required_field_must_be_in_the_mask)
{
	any_entity entity = valid_entity(ORGDB_KIND_ORGANIZATION, "acme");
	entity.organization.fields = ORGDB_ORGANIZATION_DISPLAY_NAME;
	entity.organization.display_name = orgdb_string("Acme");
	expect_error(orgdb_organization_create(txn, &entity.organization, NULL), ORGDB_INVALID, "organization.name");
}

Test(entity, get_of_a_missing_one_reports_not_found)
{
	static const char *const odd[] = { "", "x", "%", "org_", "\xff", "auth0|" };
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity;
		create(kind, "acme");
		expect_error(orgdb_entity_get(txn, kind, kinds[kind].absent, &entity), ORGDB_NOT_FOUND, noun(kind));
		for (size_t i = 0; i < COUNT_OF(odd); i++)
			expect_error(orgdb_entity_get(txn, kind, odd[i], &entity), ORGDB_NOT_FOUND, noun(kind));
		expect_error(orgdb_entity_get(txn, kind, repeat("long", 5000), &entity), ORGDB_NOT_FOUND, noun(kind));
	}
}

Test(entity, ids_are_no_names_and_names_are_no_ids)
{
	any_entity entity;
	const char *id = create_organization("acme");
	expect_error(orgdb_organization_get(txn, "acme", &entity.organization), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_organization_get_by_name(txn, id, &entity.organization), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_role_get(txn, id, &entity.role), ORGDB_NOT_FOUND, "role");
}

Test(entity, get_by_name_finds_connections_roles_and_organizations)
{
	const char *connection = create_connection("acme", "samlp");
	const char *role = create_role("acme");
	const char *organization = create_organization("acme");
	any_entity entity;
	must(orgdb_connection_get_by_name(txn, "acme", &entity.connection));
	expect_text(entity.connection.id, connection);
	must(orgdb_role_get_by_name(txn, "acme", &entity.role));
	expect_text(entity.role.id, role);
	must(orgdb_organization_get_by_name(txn, "acme", &entity.organization));
	expect_text(entity.organization.id, organization);
}

Test(entity, get_by_name_of_a_missing_one_reports_not_found)
{
	any_entity entity;
	create_organization("acme");
	static const char *const missing[] = { "", "acm", "acmee", "Acme" };
	for (size_t i = 0; i < COUNT_OF(missing); i++) {
		expect_error(
			orgdb_organization_get_by_name(txn, missing[i], &entity.organization), ORGDB_NOT_FOUND, "organization");
		expect_error(orgdb_connection_get_by_name(txn, missing[i], &entity.connection), ORGDB_NOT_FOUND, "connection");
		expect_error(orgdb_role_get_by_name(txn, missing[i], &entity.role), ORGDB_NOT_FOUND, "role");
	}
}

Test(entity, delete_frees_id_and_name)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		create_with_id(kind, kinds[kind].given, "acme");
		must(orgdb_entity_delete(txn, kind, kinds[kind].given, NULL));
		any_entity entity;
		expect_error(orgdb_entity_get(txn, kind, kinds[kind].given, &entity), ORGDB_NOT_FOUND, noun(kind));
		expect_error(orgdb_entity_delete(txn, kind, kinds[kind].given, NULL), ORGDB_NOT_FOUND, noun(kind));
		cr_expect_eq(count_of(kind), 0, "%s", noun(kind));
		create_with_id(kind, kinds[kind].given, "acme");
	}
	commit_and_check();
}

Test(entity, deleted_names_are_gone)
{
	any_entity entity;
	must(orgdb_connection_delete(txn, create_connection("acme", "samlp"), NULL));
	must(orgdb_role_delete(txn, create_role("acme"), NULL));
	must(orgdb_organization_delete(txn, create_organization("acme"), NULL));
	expect_error(orgdb_connection_get_by_name(txn, "acme", &entity.connection), ORGDB_NOT_FOUND, "connection");
	expect_error(orgdb_role_get_by_name(txn, "acme", &entity.role), ORGDB_NOT_FOUND, "role");
	expect_error(orgdb_organization_get_by_name(txn, "acme", &entity.organization), ORGDB_NOT_FOUND, "organization");
}

Test(entity, edges_and_other_numbers_are_no_entity_kinds)
{
	static const uint32_t others[] = { ORGDB_KIND_APPLICATION_CONNECTION, ORGDB_KIND_MEMBERSHIP, ORGDB_KINDS,
		UINT32_MAX };
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		any_entity entity = valid_entity(ORGDB_KIND_ROLE, "acme");
		uint64_t count;
		size_t listed;
		cr_expect_neq(orgdb_entity_create(txn, others[i], &entity, NULL), 0, "row %zu", i);
		cr_expect_neq(orgdb_entity_get(txn, others[i], "rol_0000000000000000", &entity), 0, "row %zu", i);
		cr_expect_neq(orgdb_entity_update(txn, others[i], "rol_0000000000000000", &entity), 0, "row %zu", i);
		cr_expect_neq(orgdb_entity_delete(txn, others[i], "rol_0000000000000000", NULL), 0, "row %zu", i);
		cr_expect_neq(orgdb_entity_list(txn, others[i], 0, &entity, 1, &listed), 0, "row %zu", i);
		cr_expect_neq(orgdb_entity_count(txn, others[i], &count), 0, "row %zu", i);
	}
	create_role("still-usable");
	commit_and_check();
}

/* Each typed function does what the verb for its kind does. */
#define TYPED_FACE_TEST(noun, KIND, id_member)                                              \
	Test(entity, typed_##noun##_functions_are_the_same_verbs)                               \
	{                                                                                       \
		any_entity entity = valid_entity(ORGDB_KIND_##KIND, "acme");                        \
		const char *text = kinds[ORGDB_KIND_##KIND].text;                                   \
		const orgdb_field *field = field_named(ORGDB_KIND_##KIND, text);                    \
		orgdb_##noun found[2];                                                              \
		orgdb_str view;                                                                     \
		uint64_t count;                                                                     \
		size_t listed;                                                                      \
		must(orgdb_##noun##_create(txn, &entity.noun, &view));                              \
		const char *id = copy(view);                                                        \
		must(orgdb_##noun##_get(txn, id, &found[0]));                                       \
		expect_text(found[0].id_member, id);                                                \
		entity = (any_entity){ .fields = field->bit };                                      \
		*text_at(&entity, field) = orgdb_string("changed");                                 \
		must(orgdb_##noun##_update(txn, id, &entity.noun));                                 \
		must(orgdb_##noun##_list(txn, 0, found, 2, &listed));                               \
		cr_assert_eq(listed, 1);                                                            \
		expect_text(*text_at(&found[0], field), "changed");                                 \
		must(orgdb_##noun##_count(txn, &count));                                            \
		cr_expect_eq(count, 1);                                                             \
		must(orgdb_##noun##_delete(txn, id, NULL));                                         \
		expect_error(orgdb_##noun##_get(txn, id, &found[0]), ORGDB_NOT_FOUND, #noun);       \
		expect_error(orgdb_##noun##_update(txn, id, &entity.noun), ORGDB_NOT_FOUND, #noun); \
		expect_error(orgdb_##noun##_delete(txn, id, NULL), ORGDB_NOT_FOUND, #noun);         \
	}

TYPED_FACE_TEST(connection, CONNECTION, id)
TYPED_FACE_TEST(application, APPLICATION, client_id)
TYPED_FACE_TEST(role, ROLE, id)
TYPED_FACE_TEST(user, USER, user_id)
TYPED_FACE_TEST(organization, ORGANIZATION, id)
TYPED_FACE_TEST(email_template, EMAIL_TEMPLATE, name)

/* Fields. */

Test(entity, connection_keeps_every_field)
{
	orgdb_connection given = ORGDB_CONNECTION_INIT, found;
	given.id = orgdb_string("con_AZaz09AZaz09AZaz");
	given.name = orgdb_string("Acme-SAML");
	given.strategy = orgdb_string("samlp");
	given.display_name = orgdb_string("Acme \xe2\x9c\x93");
	given.realms = VALUE([ "acme", "acme-staff" ]);
	given.is_domain_connection = true;
	given.show_as_button = true;
	given.options = VALUE({ "domain_aliases" : ["acme.example"], "signOutEndpoint" : null });
	given.metadata = VALUE({ "owner" : "it" });
	given.extra = VALUE({ "authentication" : { "active" : true } });
	must(orgdb_connection_create(txn, &given, NULL));
	must(orgdb_connection_get(txn, "con_AZaz09AZaz09AZaz", &found));
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0x1ff, "%x", found.fields);
	expect_text(found.id, "con_AZaz09AZaz09AZaz");
	expect_text(found.name, "Acme-SAML");
	expect_text(found.strategy, "samlp");
	expect_text(found.display_name, "Acme \xe2\x9c\x93");
	expect_value(found.realms, [ "acme", "acme-staff" ]);
	cr_expect(found.is_domain_connection && found.show_as_button);
	expect_value(found.options, { "domain_aliases" : ["acme.example"], "signOutEndpoint" : null });
	expect_value(found.metadata, { "owner" : "it" });
	expect_value(found.extra, { "authentication" : { "active" : true } });
	cr_expect_eq(found.kind, ORGDB_ENTERPRISE);
}

Test(entity, application_keeps_every_field)
{
	orgdb_application given = ORGDB_APPLICATION_INIT, found;
	given.client_id = orgdb_string("portal_1-A");
	given.name = orgdb_string("Portal");
	given.description = orgdb_string("For customers");
	given.app_type = orgdb_string("regular_web");
	given.is_first_party = false;
	given.callbacks = VALUE(["https://portal.example/callback"]);
	given.initiate_login_uri = orgdb_string("https://portal.example/login");
	given.grant_types = VALUE([ "authorization_code", "refresh_token" ]);
	given.client_metadata = VALUE({ "team" : "web" });
	given.default_organization =
		VALUE({ "flows" : ["client_credentials"], "organization_id" : "org_0000000000000000" });
	given.organization_usage = ORGDB_USAGE_REQUIRE;
	given.organization_require_behavior = ORGDB_POST_LOGIN_PROMPT;
	given.organization_discovery_methods = VALUE([ "email", "organization_name" ]);
	given.extra = VALUE({ "sso" : true });
	must(orgdb_application_create(txn, &given, NULL));
	must(orgdb_application_get(txn, "portal_1-A", &found));
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0x1fff, "%x", found.fields);
	expect_text(found.client_id, "portal_1-A");
	expect_text(found.name, "Portal");
	expect_text(found.description, "For customers");
	expect_text(found.app_type, "regular_web");
	cr_expect(!found.is_first_party);
	expect_value(found.callbacks, ["https://portal.example/callback"]);
	expect_text(found.initiate_login_uri, "https://portal.example/login");
	expect_value(found.grant_types, [ "authorization_code", "refresh_token" ]);
	expect_value(found.client_metadata, { "team" : "web" });
	expect_value(
		found.default_organization, { "flows" : ["client_credentials"], "organization_id" : "org_0000000000000000" });
	cr_expect_eq(found.organization_usage, ORGDB_USAGE_REQUIRE);
	cr_expect_eq(found.organization_require_behavior, ORGDB_POST_LOGIN_PROMPT);
	expect_value(found.organization_discovery_methods, [ "email", "organization_name" ]);
	expect_value(found.extra, { "sso" : true });
}

Test(entity, organization_keeps_every_field)
{
	orgdb_organization given = ORGDB_ORGANIZATION_INIT, found;
	given.id = orgdb_string("org_AZaz09AZaz09AZaz");
	given.name = orgdb_string("acme-1_a");
	given.display_name = orgdb_string("Acme");
	given.branding = VALUE({
		"colors" : { "page_background" : "#000", "primary" : "#FFaa09" },
		"logo_url" : "https://acme.example/logo.png"
	});
	given.metadata = VALUE({ "plan" : "gold", "region" : null });
	given.token_quota = VALUE({ "client_credentials" : { "enforce" : true, "per_day" : 10, "per_hour" : 1 } });
	given.third_party_client_access = ORGDB_THIRD_PARTY_ALLOW;
	given.is_app_entitlement_active = true;
	given.extra = VALUE({ "created_at" : "2024-01-01T00:00:00Z" });
	must(orgdb_organization_create(txn, &given, NULL));
	must(orgdb_organization_get_by_name(txn, "acme-1_a", &found));
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0xff, "%x", found.fields);
	expect_text(found.id, "org_AZaz09AZaz09AZaz");
	expect_text(found.name, "acme-1_a");
	expect_text(found.display_name, "Acme");
	cr_expect(same_value(found.branding, given.branding), "%s", show(found.branding));
	cr_expect(same_value(found.metadata, given.metadata), "%s", show(found.metadata));
	cr_expect(same_value(found.token_quota, given.token_quota), "%s", show(found.token_quota));
	cr_expect_eq(found.third_party_client_access, ORGDB_THIRD_PARTY_ALLOW);
	cr_expect(found.is_app_entitlement_active);
	expect_value(found.extra, { "created_at" : "2024-01-01T00:00:00Z" });
}

Test(entity, user_keeps_every_field)
{
	orgdb_user given = ORGDB_USER_INIT, found;
	given.user_id = orgdb_string("auth0|0123456789abcdef01234567");
	given.email = orgdb_string("user-01@acme.example");
	given.email_verified = true;
	given.name = orgdb_string("User One");
	given.given_name = orgdb_string("User");
	given.family_name = orgdb_string("One");
	given.nickname = orgdb_string("one");
	given.username = orgdb_string("user-01");
	given.picture = orgdb_string("https://acme.example/01.png");
	given.blocked = true;
	given.identities = VALUE([ { "isSocial" : false, "provider" : "auth0" } ]);
	given.app_metadata = VALUE({ "tier" : 3 });
	given.user_metadata = VALUE({ "likes" : [ "tea", { "with" : "milk" } ] });
	given.extra = VALUE({ "logins_count" : 7 });
	must(orgdb_user_create(txn, &given, NULL));
	must(orgdb_user_get(txn, "auth0|0123456789abcdef01234567", &found));
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0x1fff, "%x", found.fields);
	expect_text(found.user_id, "auth0|0123456789abcdef01234567");
	expect_text(found.email, "user-01@acme.example");
	cr_expect(found.email_verified && found.blocked);
	expect_text(found.name, "User One");
	expect_text(found.given_name, "User");
	expect_text(found.family_name, "One");
	expect_text(found.nickname, "one");
	expect_text(found.username, "user-01");
	expect_text(found.picture, "https://acme.example/01.png");
	expect_value(found.identities, [ { "isSocial" : false, "provider" : "auth0" } ]);
	expect_value(found.app_metadata, { "tier" : 3 });
	expect_value(found.user_metadata, { "likes" : [ "tea", { "with" : "milk" } ] });
	expect_value(found.extra, { "logins_count" : 7 });
}

Test(entity, role_keeps_every_field)
{
	orgdb_role given = ORGDB_ROLE_INIT, found;
	const char *owner = create_organization("owner");
	given.id = orgdb_string("rol_AZaz09AZaz09AZaz");
	given.name = orgdb_string("Organization Admin");
	given.description = orgdb_string("May do everything");
	given.type = ORGDB_ROLE_OF_ORGANIZATION;
	given.owner_id = orgdb_string(owner);
	given.extra = VALUE({ "is_default" : true });
	must(orgdb_role_create(txn, &given, NULL));
	must(orgdb_role_get(txn, "rol_AZaz09AZaz09AZaz", &found));
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0x1f, "%x", found.fields);
	expect_text(found.id, "rol_AZaz09AZaz09AZaz");
	expect_text(found.name, "Organization Admin");
	expect_text(found.description, "May do everything");
	cr_expect_eq(found.type, ORGDB_ROLE_OF_ORGANIZATION);
	expect_text(found.owner_id, owner);
	expect_value(found.extra, { "is_default" : true });
}

Test(entity, what_is_not_given_holds_its_default)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		any_entity entity = valid_entity(kind, "acme");
		orgdb_str id;
		must(orgdb_entity_create(txn, kind, &entity, &id));
		memset(&entity, 0xa5, sizeof(entity));
		must(orgdb_entity_get(txn, kind, copy(id), &entity));
		expect_absent(entity.extra);
		cr_expect(!(entity.fields & ORGDB_EXTRA), "%s", schema->name);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			if (field->type == ORGDB_TYPE_BOOL)
				cr_expect_eq(*flag_at(&entity, field), field->default_value, "%s.%s", schema->name, field->name);
			if (field->type == ORGDB_TYPE_CHOICE)
				cr_expect_eq(*choice_at(&entity, field), field->default_value, "%s.%s", schema->name, field->name);
			if (field->type == ORGDB_TYPE_NUMBER)
				cr_expect_eq(*number_at(&entity, field), field->default_value, "%s.%s", schema->name, field->name);
			if (field->type == ORGDB_TYPE_MAP || field->type == ORGDB_TYPE_ARRAY)
				cr_expect_null(value_at(&entity, field)->data, "%s.%s", schema->name, field->name);
		}
	}
}

Test(entity, display_name_of_a_connection_is_its_name_by_default)
{
	orgdb_connection connection;
	must(orgdb_connection_get(txn, create_connection("acme", "samlp"), &connection));
	expect_text(connection.display_name, "acme");
	cr_expect(!(connection.fields & ORGDB_CONNECTION_DISPLAY_NAME), "the default is not stored");
}

Test(entity, the_mask_tells_what_is_given)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.fields = ORGDB_ORGANIZATION_NAME;
	organization.name = orgdb_string("acme");
	organization.id = orgdb_string("not looked at");
	organization.display_name = orgdb_string("not looked at");
	organization.metadata = RAW("\xc1");
	organization.extra = RAW("\xc1");
	organization.is_app_entitlement_active = true;
	organization.third_party_client_access = 77;
	orgdb_str id;
	must(orgdb_organization_create(txn, &organization, &id));
	must(orgdb_organization_get(txn, copy(id), &organization));
	cr_expect_eq(organization.fields, ORGDB_ORGANIZATION_ID | ORGDB_ORGANIZATION_NAME, "%x", organization.fields);
	expect_absent(organization.display_name);
	expect_absent(organization.metadata);
	expect_absent(organization.extra);
	cr_expect(!organization.is_app_entitlement_active);
	cr_expect_eq(organization.third_party_client_access, ORGDB_THIRD_PARTY_BLOCK);
}

Test(entity, no_mask_gives_flags_and_choices_as_they_stand)
{
	any_entity entity;
	must(orgdb_organization_get(txn, create_organization("acme"), &entity.organization));
	uint32_t expected = ORGDB_ORGANIZATION_ID | ORGDB_ORGANIZATION_NAME | ORGDB_ORGANIZATION_THIRD_PARTY_CLIENT_ACCESS |
		ORGDB_ORGANIZATION_IS_APP_ENTITLEMENT_ACTIVE;
	cr_expect_eq(entity.organization.fields, expected, "%x", entity.organization.fields);
}

Test(entity, a_given_default_is_told_from_one_not_given)
{
	orgdb_user user = ORGDB_USER_INIT;
	user.fields = ORGDB_USER_BLOCKED;
	orgdb_str id;
	must(orgdb_user_create(txn, &user, &id));
	must(orgdb_user_get(txn, copy(id), &user));
	cr_expect_eq(user.fields, ORGDB_USER_ID | ORGDB_USER_BLOCKED, "%x", user.fields);
}

Test(entity, bits_that_mean_nothing_are_refused)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = valid_entity(kind, "acme");
		entity.fields = UINT32_C(1) << 30 | orgdb_schema_of(kind)->fields[1].bit;
		cr_expect_neq(orgdb_entity_create(txn, kind, &entity, NULL), 0, "%s", noun(kind));
		const char *id = create(kind, "acme");
		entity = (any_entity){ .fields = UINT32_C(1) << 30 };
		expect_error(orgdb_entity_update(txn, kind, id, &entity), ORGDB_INVALID, "");
	}
}

/* Update. */

Test(entity, update_changes_the_named_members_alone)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT, changes = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string("acme");
	organization.display_name = orgdb_string("Acme");
	organization.metadata = VALUE({ "plan" : "gold", "seats" : "10" });
	organization.extra = VALUE({ "x" : 1 });
	organization.is_app_entitlement_active = true;
	orgdb_str view;
	must(orgdb_organization_create(txn, &organization, &view));
	const char *id = copy(view);

	changes.fields = ORGDB_ORGANIZATION_METADATA;
	changes.metadata = VALUE({ "plan" : "silver" });
	changes.display_name = orgdb_string("not looked at");
	changes.extra = RAW("\xc1");
	must(orgdb_organization_update(txn, id, &changes));
	must(orgdb_organization_get(txn, id, &organization));
	expect_text(organization.name, "acme");
	expect_text(organization.display_name, "Acme");
	expect_value(organization.metadata, { "plan" : "silver" });
	expect_value(organization.extra, { "x" : 1 });
	cr_expect(organization.is_app_entitlement_active);
}

Test(entity, update_of_each_optional_member_and_its_removal)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_field *field = field_named(kind, kinds[kind].text);
		const char *id = create(kind, "acme");
		any_entity changes = { .fields = field->bit };
		*text_at(&changes, field) = orgdb_string("changed");
		must(orgdb_entity_update(txn, kind, id, &changes));
		any_entity entity = get(kind, id);
		expect_text(*text_at(&entity, field), "changed");
		cr_expect(entity.fields & field->bit, "%s", noun(kind));
		*text_at(&changes, field) = orgdb_string(NULL);
		must(orgdb_entity_update(txn, kind, id, &changes));
		entity = get(kind, id);
		cr_expect(!(entity.fields & field->bit), "%s: still there", noun(kind));
		must(orgdb_entity_update(txn, kind, id, &changes)); /* Gone already: no error. */
	}
	commit_and_check();
}

Test(entity, removal_brings_the_default_back)
{
	const char *id = create_connection("acme", "samlp");
	orgdb_connection changes = ORGDB_CONNECTION_INIT, found;
	changes.fields = ORGDB_CONNECTION_DISPLAY_NAME;
	changes.display_name = orgdb_string("Acme");
	must(orgdb_connection_update(txn, id, &changes));
	changes.display_name = orgdb_string(NULL);
	must(orgdb_connection_update(txn, id, &changes));
	must(orgdb_connection_get(txn, id, &found));
	expect_text(found.display_name, "acme");
}

Test(entity, update_of_flags_and_choices)
{
	const char *id = create_application("portal");
	orgdb_application changes = ORGDB_APPLICATION_INIT, found;
	changes.fields = ORGDB_APPLICATION_IS_FIRST_PARTY | ORGDB_APPLICATION_ORGANIZATION_USAGE;
	changes.is_first_party = false;
	changes.organization_usage = ORGDB_USAGE_ALLOW;
	changes.organization_require_behavior = ORGDB_PRE_LOGIN_PROMPT; /* Not named. */
	must(orgdb_application_update(txn, id, &changes));
	must(orgdb_application_get(txn, id, &found));
	cr_expect(!found.is_first_party);
	cr_expect_eq(found.organization_usage, ORGDB_USAGE_ALLOW);
	cr_expect_eq(found.organization_require_behavior, ORGDB_NO_PROMPT);
}

Test(entity, update_must_name_what_to_change)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const char *id = create(kind, "acme");
		any_entity changes = valid_entity(kind, "changed");
		expect_error(orgdb_entity_update(txn, kind, id, &changes), ORGDB_INVALID, noun(kind));
	}
}

Test(entity, update_of_a_missing_one_reports_not_found)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_field *field = field_named(kind, kinds[kind].text);
		any_entity changes = { .fields = field->bit };
		*text_at(&changes, field) = orgdb_string("changed");
		expect_error(orgdb_entity_update(txn, kind, kinds[kind].absent, &changes), ORGDB_NOT_FOUND, noun(kind));
		cr_expect_eq(count_of(kind), 0, "%s", noun(kind));
	}
}

Test(entity, required_fields_cannot_be_removed)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		const char *id = create(kind, "acme");
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			if (!(field->flags & ORGDB_FIELD_REQUIRED))
				continue;
			any_entity changes = { .fields = field->bit };
			expect_error(orgdb_entity_update(txn, kind, id, &changes), ORGDB_INVALID, field->name);
		}
	}
}

Test(entity, immutable_fields_cannot_be_changed)
{
	static const struct {
		uint32_t kind;
		const char *field;
		const char *value;
	} rows[] = {
		{ ORGDB_KIND_CONNECTION, "id", "con_0000000000000009" },
		{ ORGDB_KIND_CONNECTION, "name", "other" },
		{ ORGDB_KIND_CONNECTION, "strategy", "samlp" },
		{ ORGDB_KIND_APPLICATION, "client_id", "other" },
		{ ORGDB_KIND_ROLE, "id", "rol_0000000000000009" },
		{ ORGDB_KIND_USER, "user_id", "auth0|other" },
		{ ORGDB_KIND_ORGANIZATION, "id", "org_0000000000000009" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const orgdb_field *field = field_named(rows[i].kind, rows[i].field);
		const char *id = create(rows[i].kind, format("label-%zu", i));
		any_entity changes = { .fields = field->bit };
		*text_at(&changes, field) = orgdb_string(rows[i].value);
		expect_error(orgdb_entity_update(txn, rows[i].kind, id, &changes), ORGDB_INVALID, rows[i].field);
		*text_at(&changes, field) = orgdb_string(NULL);
		expect_error(orgdb_entity_update(txn, rows[i].kind, id, &changes), ORGDB_INVALID, rows[i].field);
		get(rows[i].kind, id);
	}
	commit_and_check();
}

Test(entity, rename_frees_the_old_name_and_takes_the_new)
{
	static const uint32_t renamed[] = { ORGDB_KIND_ORGANIZATION, ORGDB_KIND_ROLE };
	for (size_t i = 0; i < COUNT_OF(renamed); i++) {
		uint32_t kind = renamed[i];
		const orgdb_field *name = field_named(kind, "name");
		const char *id = create(kind, "old");
		any_entity changes = { .fields = name->bit };
		*text_at(&changes, name) = orgdb_string("new");
		must(orgdb_entity_update(txn, kind, id, &changes));
		create(kind, "old");
		any_entity entity = valid_entity(kind, "new");
		expect_error(orgdb_entity_create(txn, kind, &entity, NULL), ORGDB_EXISTS, "name");
		entity = get(kind, id);
		expect_text(*text_at(&entity, name), "new");
	}
	orgdb_organization organization;
	must(orgdb_organization_get_by_name(txn, "new", &organization));
	expect_text(organization.name, "new");
	commit_and_check();
}

Test(entity, rename_to_a_taken_name_reports_exists_and_changes_nothing)
{
	const char *id = create_organization("acme");
	create_organization("umbrella");
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT, found;
	changes.fields = ORGDB_ORGANIZATION_NAME | ORGDB_ORGANIZATION_DISPLAY_NAME;
	changes.name = orgdb_string("umbrella");
	changes.display_name = orgdb_string("Umbrella");
	expect_error(orgdb_organization_update(txn, id, &changes), ORGDB_EXISTS, "organization.name");
	must(orgdb_organization_get_by_name(txn, "acme", &found));
	expect_text(found.id, id);
	expect_absent(found.display_name);
	commit_and_check();
}

Test(entity, rename_to_the_same_name_is_no_change)
{
	const char *id = create_organization("acme");
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT, found;
	changes.fields = ORGDB_ORGANIZATION_NAME;
	changes.name = orgdb_string("acme");
	must(orgdb_organization_update(txn, id, &changes));
	must(orgdb_organization_get_by_name(txn, "acme", &found));
	expect_text(found.id, id);
	commit_and_check();
}

Test(entity, an_invalid_update_changes_nothing)
{
	const char *id = create_organization("acme");
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT, found;
	changes.fields = ORGDB_ORGANIZATION_NAME | ORGDB_ORGANIZATION_DISPLAY_NAME | ORGDB_ORGANIZATION_METADATA;
	changes.name = orgdb_string("umbrella");
	changes.display_name = orgdb_string("Umbrella");
	changes.metadata = VALUE({ "seats" : 10 });
	expect_error(orgdb_organization_update(txn, id, &changes), ORGDB_INVALID, "organization.metadata");
	must(orgdb_organization_get(txn, id, &found));
	expect_text(found.name, "acme");
	expect_absent(found.display_name);
	expect_absent(found.metadata);
	commit_and_check();
}

Test(entity, extra_is_kept_replaced_and_removed)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = valid_entity(kind, "acme");
		entity.extra = VALUE({ "unknown" : { "deep" : [ 1, null ] } });
		orgdb_str view;
		must(orgdb_entity_create(txn, kind, &entity, &view));
		const char *id = copy(view);
		entity = get(kind, id);
		cr_expect(entity.fields & ORGDB_EXTRA, "%s", noun(kind));
		expect_value(entity.extra, { "unknown" : { "deep" : [ 1, null ] } });
		any_entity changes = { .fields = ORGDB_EXTRA, .extra = VALUE({ "other" : 1 }) };
		must(orgdb_entity_update(txn, kind, id, &changes));
		entity = get(kind, id);
		expect_value(entity.extra, { "other" : 1 });
		changes.extra = (orgdb_value){ NULL, 0 };
		must(orgdb_entity_update(txn, kind, id, &changes));
		entity = get(kind, id);
		expect_absent(entity.extra);
		cr_expect(!(entity.fields & ORGDB_EXTRA), "%s", noun(kind));
	}
	commit_and_check();
}

Test(entity, extra_cannot_hide_a_known_field)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = valid_entity(kind, "acme");
		const orgdb_str shadow = ORGDB_STR("shadow");
		const orgdb_pair known = { orgdb_string(orgdb_schema_of(kind)->fields[1].name), shadow };
		char buffer[64];
		must(orgdb_value_from_pairs(&known, 1, buffer, sizeof(buffer), &entity.extra));
		expect_error(orgdb_entity_create(txn, kind, &entity, NULL), ORGDB_INVALID, "extra");
	}
}

/* Lists and counts. */

static void expect_listed(uint32_t kind, const char *const *ids, size_t expected, size_t page)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	const orgdb_field *id = field_named(kind, kinds[kind].id_field);
	char *array = keep(page * schema->struct_size);
	uint64_t after = 0;
	size_t seen = 0, count;
	do {
		must(orgdb_entity_list(txn, kind, after, array, page, &count));
		for (size_t i = 0; i < count; i++, seen++) {
			char *entity = array + i * schema->struct_size;
			cr_assert_lt(seen, expected, "%s: too many", schema->name);
			expect_text(*text_at(entity, id), ids[seen]);
			cr_assert_gt(*(uint64_t *)entity, after, "%s: ordinals rise", schema->name);
			after = *(uint64_t *)entity;
		}
	} while (count == page);
	cr_expect_eq(seen, expected, "%s in pages of %zu: %zu", schema->name, page, seen);
}

Test(entity, list_gives_creation_order_in_pages_of_any_size)
{
	static const size_t pages[] = { 1, 2, 7, 13, 14, 15, 24, 25, 26, 100 };
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const char *ids[25];
		size_t total = kinds[kind].prefix ? 25 : EMAIL_TEMPLATES;
		for (size_t i = 0; i < total; i++)
			ids[i] = create(kind, format("label-%zu", (i * 7) % 25));
		for (size_t i = 0; i < COUNT_OF(pages); i++)
			expect_listed(kind, ids, total, pages[i]);
	}
}

Test(entity, list_of_an_empty_store_is_empty)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++)
		expect_listed(kind, NULL, 0, 3);
}

Test(entity, list_into_no_array_gives_none)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		create(kind, "acme");
		size_t count = 7;
		must(orgdb_entity_list(txn, kind, 0, NULL, 0, &count));
		cr_expect_eq(count, 0, "%s", noun(kind));
	}
}

Test(entity, list_goes_on_after_a_deleted_one)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const char *ids[5];
		for (size_t i = 0; i < 5; i++)
			ids[i] = create(kind, format("label-%zu", i));
		any_entity page[2];
		char *array = keep(2 * orgdb_schema_of(kind)->struct_size);
		size_t count;
		must(orgdb_entity_list(txn, kind, 0, array, 2, &count));
		uint64_t last = *(uint64_t *)(array + orgdb_schema_of(kind)->struct_size);
		must(orgdb_entity_delete(txn, kind, ids[1], NULL));
		must(orgdb_entity_delete(txn, kind, ids[2], NULL));
		must(orgdb_entity_list(txn, kind, last, &page[0], 1, &count));
		cr_assert_eq(count, 1, "%s", noun(kind));
		expect_text(*text_at(&page[0], field_named(kind, kinds[kind].id_field)), ids[3]);
	}
}

Test(entity, list_after_the_end_is_empty)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		create(kind, "acme");
		any_entity entity;
		size_t count;
		must(orgdb_entity_list(txn, kind, UINT64_MAX, &entity, 1, &count));
		cr_expect_eq(count, 0, "%s", noun(kind));
		must(orgdb_entity_list(txn, kind, UINT64_MAX - 1, &entity, 1, &count));
		cr_expect_eq(count, 0, "%s", noun(kind));
	}
}

Test(entity, organizations_list_by_name_in_byte_order)
{
	static const char *const names[] = { "0", "a", "a-b", "a0", "a_b", "ab", "b", "zz", "zz0" }; /* Sorted. */
	size_t *order = shuffled(COUNT_OF(names), 3);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		create_organization(names[order[i]]);
	orgdb_organization page[2];
	const char *after = NULL;
	size_t seen = 0, count;
	do {
		must(orgdb_organization_list_by_name(txn, after, page, 2, &count));
		for (size_t i = 0; i < count; i++, seen++) {
			cr_assert_lt(seen, COUNT_OF(names));
			expect_text(page[i].name, names[seen]);
			after = copy(page[i].name);
		}
	} while (count == 2);
	cr_expect_eq(seen, COUNT_OF(names), "%zu", seen);
}

Test(entity, list_by_name_goes_on_after_a_name_that_is_gone)
{
	create_organization("a");
	const char *b = create_organization("b");
	create_organization("c");
	must(orgdb_organization_delete(txn, b, NULL));
	orgdb_organization page[2];
	size_t count;
	must(orgdb_organization_list_by_name(txn, "b", page, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].name, "c");
	must(orgdb_organization_list_by_name(txn, "", page, 2, &count));
	cr_assert_eq(count, 2);
	expect_text(page[0].name, "a");
	must(orgdb_organization_list_by_name(txn, "zzz", page, 2, &count));
	cr_expect_eq(count, 0);
	must(orgdb_organization_list_by_name(txn, repeat("b", 5000), page, 2, &count));
	cr_assert_eq(count, 1);
	expect_text(page[0].name, "c");
}

Test(entity, renamed_organizations_list_under_the_new_name)
{
	const char *id = create_organization("a");
	create_organization("b");
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT, page[3];
	changes.fields = ORGDB_ORGANIZATION_NAME;
	changes.name = orgdb_string("c");
	must(orgdb_organization_update(txn, id, &changes));
	size_t count;
	must(orgdb_organization_list_by_name(txn, NULL, page, 3, &count));
	cr_assert_eq(count, 2);
	expect_text(page[0].name, "b");
	expect_text(page[1].name, "c");
	must(orgdb_organization_list(txn, 0, page, 3, &count));
	cr_assert_eq(count, 2);
	expect_text(page[0].name, "c");
}

Test(entity, count_follows_create_and_delete)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		cr_expect_eq(count_of(kind), 0, "%s", noun(kind));
		const char *first = create(kind, "label-1");
		create(kind, "label-2");
		cr_expect_eq(count_of(kind), 2, "%s", noun(kind));
		must(orgdb_entity_delete(txn, kind, first, NULL));
		cr_expect_eq(count_of(kind), 1, "%s", noun(kind));
		cr_expect_eq(statistics().count[kind], 1, "%s", noun(kind));
	}
}

Test(entity, ordinals_are_never_used_again)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const char *id = create(kind, "acme");
		uint64_t first = get(kind, id).ordinal;
		cr_expect_gt(first, 0, "%s: 0 begins a list", noun(kind));
		must(orgdb_entity_delete(txn, kind, id, NULL));
		uint64_t second = get(kind, create(kind, "acme")).ordinal;
		cr_expect_gt(second, first, "%s", noun(kind));
	}
}

Test(entity, ordinals_are_not_used_again_after_opening_anew)
{
	uint64_t first[OWNERLESS_KINDS];
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const char *id = create(kind, "acme");
		first[kind] = get(kind, id).ordinal;
		must(orgdb_entity_delete(txn, kind, id, NULL));
	}
	commit();
	close_store();
	open_store(NULL);
	begin_write();
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++)
		cr_expect_gt(get(kind, create(kind, "acme")).ordinal, first[kind], "%s", noun(kind));
}

Test(entity, ordinal_is_ignored_on_input)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = valid_entity(kind, "acme");
		entity.ordinal = 12345678;
		orgdb_str id;
		must(orgdb_entity_create(txn, kind, &entity, &id));
		cr_expect_lt(get(kind, copy(id)).ordinal, 12345678, "%s", noun(kind));
	}
}

Test(entity, everything_is_there_after_opening_anew)
{
	const char *ids[OWNERLESS_KINDS];
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++)
		ids[kind] = create(kind, "acme");
	commit();
	close_store();
	open_store(NULL);
	begin_read();
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entity = get(kind, ids[kind]);
		const char *labelled = kind == ORGDB_KIND_EMAIL_TEMPLATE ? "subject" : "name";
		expect_text(*text_at(&entity, field_named(kind, labelled)), "acme");
	}
	expect_sound_store();
}

/* Limits of texts. */

struct limit_row {
	uint32_t kind;
	const char *field;
	size_t max;
	bool ascii; /* Has a pattern that allows no other. */
	bool may_be_empty;
};

static const struct limit_row limits[] = {
	{ ORGDB_KIND_CONNECTION, "name", 128, true, false },
	{ ORGDB_KIND_CONNECTION, "display_name", 128, false, false },
	{ ORGDB_KIND_APPLICATION, "client_id", 64, true, false },
	{ ORGDB_KIND_APPLICATION, "name", 255, false, false },
	{ ORGDB_KIND_APPLICATION, "description", 140, false, true },
	{ ORGDB_KIND_APPLICATION, "app_type", 64, true, false },
	{ ORGDB_KIND_ROLE, "name", 255, false, false },
	{ ORGDB_KIND_ROLE, "description", 1024, false, true },
	{ ORGDB_KIND_USER, "name", 300, false, false },
	{ ORGDB_KIND_USER, "given_name", 150, false, false },
	{ ORGDB_KIND_USER, "family_name", 150, false, false },
	{ ORGDB_KIND_USER, "nickname", 300, false, false },
	{ ORGDB_KIND_USER, "username", 128, false, false },
	{ ORGDB_KIND_USER, "picture", 8192, false, true },
	{ ORGDB_KIND_ORGANIZATION, "name", 50, true, false },
	{ ORGDB_KIND_ORGANIZATION, "display_name", 255, false, false },
};

Test(entity, texts_are_limited_in_characters)
{
	static const char *const characters[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		const struct limit_row *row = &limits[i];
		for (size_t j = 0; j < (row->ascii ? 1 : COUNT_OF(characters)); j++) {
			int rc = try_text(row->kind, row->field, orgdb_string(repeat(characters[j], row->max)));
			cr_expect_eq(rc, 0, "%s.%s of %zu: %s", noun(row->kind), row->field, row->max, orgdb_error_name(rc));
			rc = try_text(row->kind, row->field, orgdb_string(repeat(characters[j], row->max + 1)));
			cr_expect(
				is_refusal(rc), "%s.%s of %zu: %s", noun(row->kind), row->field, row->max + 1, orgdb_error_name(rc));
			cr_expect(rc == 0 || strstr(orgdb_last_error()->field, row->field), "%s.%s: about \"%s\"", noun(row->kind),
				row->field, orgdb_last_error()->field);
		}
	}
}

Test(entity, empty_texts_are_refused_where_one_character_is_needed)
{
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		const struct limit_row *row = &limits[i];
		int rc = try_text(row->kind, row->field, orgdb_string(""));
		cr_expect_eq(
			rc, row->may_be_empty ? 0 : ORGDB_INVALID, "%s.%s: %s", noun(row->kind), row->field, orgdb_error_name(rc));
	}
}

Test(entity, empty_is_not_absent)
{
	const char *id = create_role("admin");
	orgdb_role changes = ORGDB_ROLE_INIT, role;
	changes.fields = ORGDB_ROLE_DESCRIPTION;
	changes.description = orgdb_string("");
	must(orgdb_role_update(txn, id, &changes));
	must(orgdb_role_get(txn, id, &role));
	expect_text(role.description, "");
	cr_expect(role.fields & ORGDB_ROLE_DESCRIPTION);
}

Test(entity, texts_are_utf8)
{
	static const char *const invalid[] = { "\xff", "a\xff", "\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xf0\x9f\x98", "\xfe", "a\xc3(" };
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			if (schema->fields[i].type != ORGDB_TYPE_TEXT)
				continue;
			const char *name = schema->fields[i].name;
			for (size_t j = 0; j < COUNT_OF(invalid); j++) {
				int rc = try_text(kind, name, orgdb_string(invalid[j]));
				cr_expect_eq(rc, ORGDB_INVALID, "%s.%s, row %zu: %s", schema->name, name, j, orgdb_error_name(rc));
			}
		}
	}
}

Test(entity, every_plane_of_unicode_is_kept)
{
	static const char *const valid[] = { "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbd", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xcc\x81", "\xe2\x80\xae" };
	const char *id = create_organization("acme");
	for (size_t i = 0; i < COUNT_OF(valid); i++) {
		orgdb_organization changes = ORGDB_ORGANIZATION_INIT, found;
		changes.fields = ORGDB_ORGANIZATION_DISPLAY_NAME;
		changes.display_name = orgdb_string(valid[i]);
		must(orgdb_organization_update(txn, id, &changes));
		must(orgdb_organization_get(txn, id, &found));
		expect_text(found.display_name, valid[i]);
	}
}

Test(entity, ids_and_names_hold_no_nul)
{
	static const struct {
		uint32_t kind;
		const char *field;
		orgdb_str value;
	} rows[] = {
		{ ORGDB_KIND_CONNECTION, "name", ORGDB_STR("a\0b") },
		{ ORGDB_KIND_CONNECTION, "id", ORGDB_STR("con_0000000\00000000") },
		{ ORGDB_KIND_CONNECTION, "strategy", ORGDB_STR("auth0\0") },
		{ ORGDB_KIND_APPLICATION, "client_id", ORGDB_STR("a\0b") },
		{ ORGDB_KIND_ROLE, "name", ORGDB_STR("a\0b") },
		{ ORGDB_KIND_ROLE, "name", ORGDB_STR("a\0") },
		{ ORGDB_KIND_ROLE, "name", ORGDB_STR("\0") },
		{ ORGDB_KIND_USER, "user_id", ORGDB_STR("auth0|a\0b") },
		{ ORGDB_KIND_USER, "user_id", ORGDB_STR("au\0th0|ab") },
		{ ORGDB_KIND_ORGANIZATION, "name", ORGDB_STR("a\0b") },
		{ ORGDB_KIND_ORGANIZATION, "id", ORGDB_STR("org_000000000000000\0") },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int rc = try_text(rows[i].kind, rows[i].field, rows[i].value);
		cr_expect_eq(rc, ORGDB_INVALID, "row %zu: %s", i, orgdb_error_name(rc));
	}
}

Test(entity, no_text_holds_nul)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			if (schema->fields[i].type != ORGDB_TYPE_TEXT)
				continue;
			int rc = try_text(kind, schema->fields[i].name, (orgdb_str)ORGDB_STR("a@b\0c"));
			cr_expect_eq(rc, ORGDB_INVALID, "%s.%s: %s", schema->name, schema->fields[i].name, orgdb_error_name(rc));
		}
	}
}

Test(entity, texts_need_no_nul_behind_them)
{
	char name[4] = { 'a', 'c', 'm', 'e' };
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT, found;
	organization.name = (orgdb_str){ name, sizeof(name) };
	must(orgdb_organization_create(txn, &organization, NULL));
	must(orgdb_organization_get_by_name(txn, "acme", &found));
}

Test(entity, a_record_is_limited_as_a_whole)
{
	orgdb_user user = ORGDB_USER_INIT;
	orgdb_str id;
	user.user_metadata = value_of_json(format("{\"note\":\"%s\"}", repeat("x", 1000000)));
	must(orgdb_user_create(txn, &user, &id));
	must(orgdb_user_get(txn, copy(id), &user));
	cr_expect_eq(user.user_metadata.size, 1000000 + 1 + 5 + 5, "%zu", user.user_metadata.size);

	user = (orgdb_user)ORGDB_USER_INIT;
	user.user_metadata = value_of_json(format("{\"note\":\"%s\"}", repeat("x", ORGDB_RECORD_SIZE_MAX)));
	expect_error(orgdb_user_create(txn, &user, NULL), ORGDB_TOO_LARGE, "");
	user.user_metadata = value_of_json(format("{\"note\":\"%s\"}", repeat("x", 600000)));
	user.app_metadata = user.user_metadata;
	expect_error(orgdb_user_create(txn, &user, NULL), ORGDB_TOO_LARGE, "");
	cr_expect_eq(count_of(ORGDB_KIND_USER), 1);
	commit_and_check();
}

/* Patterns: names, ids and other texts that are not free. */

struct pattern_row {
	uint32_t kind;
	const char *field;
	bool valid;
	const char *value;
};

static const struct pattern_row patterns[] = {
	{ ORGDB_KIND_ORGANIZATION, "name", true, "a" },
	{ ORGDB_KIND_ORGANIZATION, "name", true, "0" },
	{ ORGDB_KIND_ORGANIZATION, "name", true, "a-b_c-_d" },
	{ ORGDB_KIND_ORGANIZATION, "name", true, "org" },
	{ ORGDB_KIND_ORGANIZATION, "name", true, "org-a" },
	{ ORGDB_KIND_ORGANIZATION, "name", true, "organization" },
	{ ORGDB_KIND_ORGANIZATION, "name", true, "my-org_a" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "org_a" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "org_" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "A" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "aB" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "-a" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "a-" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "_a" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "a_" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "-" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "a b" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "a.b" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "a\n" },
	{ ORGDB_KIND_ORGANIZATION, "name", false, "\xc3\xa9" },
	{ ORGDB_KIND_ORGANIZATION, "id", true, "org_0123456789abcdEF" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "org_0123456789abcdE" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "org_0123456789abcdEFG" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "org_0123456789abcdE-" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "con_0123456789abcdEF" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "ORG_0123456789abcdEF" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "org-0123456789abcdEF" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "0123456789abcdEF" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "org_0123456789abcd\xc3\xa9" },
	{ ORGDB_KIND_ORGANIZATION, "id", false, "" },
	{ ORGDB_KIND_CONNECTION, "id", true, "con_0123456789abcdEF" },
	{ ORGDB_KIND_CONNECTION, "id", false, "org_0123456789abcdEF" },
	{ ORGDB_KIND_CONNECTION, "id", false, "con_" },
	{ ORGDB_KIND_CONNECTION, "name", true, "a" },
	{ ORGDB_KIND_CONNECTION, "name", true, "Username-Password-Authentication" },
	{ ORGDB_KIND_CONNECTION, "name", true, "0-Z" },
	{ ORGDB_KIND_CONNECTION, "name", false, "-a" },
	{ ORGDB_KIND_CONNECTION, "name", false, "a-" },
	{ ORGDB_KIND_CONNECTION, "name", false, "a--b" },
	{ ORGDB_KIND_CONNECTION, "name", false, "a_b" },
	{ ORGDB_KIND_CONNECTION, "name", false, "a b" },
	{ ORGDB_KIND_CONNECTION, "name", false, "a.b" },
	{ ORGDB_KIND_CONNECTION, "name", false, "\xc3\xa9" },
	{ ORGDB_KIND_CONNECTION, "strategy", true, "google-oauth2" },
	{ ORGDB_KIND_CONNECTION, "strategy", false, "" },
	{ ORGDB_KIND_CONNECTION, "strategy", false, "Auth0" },
	{ ORGDB_KIND_CONNECTION, "strategy", false, "auth" },
	{ ORGDB_KIND_CONNECTION, "strategy", false, "auth00" },
	{ ORGDB_KIND_ROLE, "id", true, "rol_0123456789abcdEF" },
	{ ORGDB_KIND_ROLE, "id", false, "role_0123456789abcdEF" },
	{ ORGDB_KIND_ROLE, "name", true, " " },
	{ ORGDB_KIND_ROLE, "name", true, "Any <text> at all" },
	{ ORGDB_KIND_APPLICATION, "client_id", true, "a" },
	{ ORGDB_KIND_APPLICATION, "client_id", true, "-_Az09" },
	{ ORGDB_KIND_APPLICATION, "client_id", false, "a b" },
	{ ORGDB_KIND_APPLICATION, "client_id", false, "a|b" },
	{ ORGDB_KIND_APPLICATION, "client_id", false, "\xc3\xa9" },
	{ ORGDB_KIND_APPLICATION, "name", true, "\303\234ber 'quoted' & more" },
	{ ORGDB_KIND_APPLICATION, "name", false, "a<b" },
	{ ORGDB_KIND_APPLICATION, "name", false, "a>b" },
	{ ORGDB_KIND_APPLICATION, "app_type", true, "regular_web" },
	{ ORGDB_KIND_APPLICATION, "app_type", true, "sso_integration2" },
	{ ORGDB_KIND_APPLICATION, "app_type", false, "Native" },
	{ ORGDB_KIND_APPLICATION, "app_type", false, "regular-web" },
	{ ORGDB_KIND_APPLICATION, "initiate_login_uri", true, "https://portal.example/login" },
	{ ORGDB_KIND_APPLICATION, "initiate_login_uri", true, "https://portal.example:8443/?a=b" },
	{ ORGDB_KIND_APPLICATION, "initiate_login_uri", false, "http://portal.example/login" },
	{ ORGDB_KIND_APPLICATION, "initiate_login_uri", false, "portal.example/login" },
	{ ORGDB_KIND_APPLICATION, "initiate_login_uri", false, "javascript:alert(1)" },
	{ ORGDB_KIND_APPLICATION, "initiate_login_uri", false, "https://" },
	{ ORGDB_KIND_APPLICATION, "initiate_login_uri", false, "https://portal.example/a b" },
	{ ORGDB_KIND_USER, "user_id", true, "auth0|0" },
	{ ORGDB_KIND_USER, "user_id", true, "samlp|acme|user@acme.example" },
	{ ORGDB_KIND_USER, "user_id", true, "a||b" },
	{ ORGDB_KIND_USER, "user_id", true, "auth0|\xc3\xa9" },
	{ ORGDB_KIND_USER, "user_id", false, "" },
	{ ORGDB_KIND_USER, "user_id", false, "auth0" },
	{ ORGDB_KIND_USER, "user_id", false, "auth0|" },
	{ ORGDB_KIND_USER, "user_id", false, "|a" },
	{ ORGDB_KIND_USER, "user_id", false, "|" },
	{ ORGDB_KIND_USER, "user_id", false, "auth0|a b" },
	{ ORGDB_KIND_USER, "user_id", false, "auth0|a\tb" },
	{ ORGDB_KIND_USER, "user_id", false, "auth0|a\n" },
	{ ORGDB_KIND_USER, "email", true, "a@b" },
	{ ORGDB_KIND_USER, "email", true, "user.01+tag@mail.acme.example" },
	{ ORGDB_KIND_USER, "email", false, "" },
	{ ORGDB_KIND_USER, "email", false, "a" },
	{ ORGDB_KIND_USER, "email", false, "@b" },
	{ ORGDB_KIND_USER, "email", false, "a@" },
};

Test(entity, texts_match_their_patterns)
{
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		const struct pattern_row *row = &patterns[i];
		int rc = try_text(row->kind, row->field, orgdb_string(row->value));
		cr_expect_eq(rc, row->valid ? 0 : ORGDB_INVALID, "row %zu: %s.%s \"%s\": %s", i, noun(row->kind), row->field,
			row->value, orgdb_error_name(rc));
	}
}

Test(entity, an_email_is_limited_in_characters)
{
	int rc = try_text(ORGDB_KIND_USER, "email", orgdb_string(format("%s@acme.example", repeat("a", 307))));
	cr_expect_eq(rc, 0, "320 characters: %s", orgdb_error_name(rc));
	rc = try_text(ORGDB_KIND_USER, "email", orgdb_string(format("%s@acme.example", repeat("a", 308))));
	cr_expect(is_refusal(rc), "321 characters: %s", orgdb_error_name(rc));
	rc = try_text(ORGDB_KIND_USER, "email", orgdb_string(format("%s@acme.example", repeat("\xc3\xa9", 307))));
	cr_expect_eq(rc, 0, "320 characters in 627 bytes: %s", orgdb_error_name(rc));
}

Test(entity, emails_are_not_unique)
{
	for (size_t i = 0; i < 2; i++) {
		orgdb_user user = ORGDB_USER_INIT;
		user.email = orgdb_string("user-01@acme.example");
		must(orgdb_user_create(txn, &user, NULL));
	}
	cr_expect_eq(count_of(ORGDB_KIND_USER), 2);
}

/* Long user ids, which no LMDB key can hold. */

static const char *long_user_id(const char *character, size_t length, const char *tail)
{
	/* 255 characters may follow the last bar. */
	size_t tail_length = strlen(tail);
	return format("%s|%s%s", repeat(character, length - 1 - 255), repeat("x", 255 - tail_length), tail);
}

Test(entity, a_user_id_may_have_1024_characters)
{
	static const char *const characters[] = { "p", "\xc3\xa9", "\xf0\x9f\x98\x80" };
	for (size_t i = 0; i < COUNT_OF(characters); i++) {
		const char *id = create_with_id(ORGDB_KIND_USER, long_user_id(characters[i], ORGDB_ID_LENGTH_MAX, ""), "long");
		any_entity entity = get(ORGDB_KIND_USER, id);
		expect_text(entity.user.user_id, id);
		int rc = try_text(
			ORGDB_KIND_USER, "user_id", orgdb_string(long_user_id(characters[i], ORGDB_ID_LENGTH_MAX + 1, "")));
		cr_expect(is_refusal(rc), "row %zu: %s", i, orgdb_error_name(rc));
	}
	commit_and_check();
}

Test(entity, at_most_255_characters_follow_the_last_bar)
{
	cr_expect_eq(try_text(ORGDB_KIND_USER, "user_id", orgdb_string(format("p|%s", repeat("x", 255)))), 0);
	cr_expect_eq(try_text(ORGDB_KIND_USER, "user_id", orgdb_string(format("p|%s", repeat("\xc3\xa9", 255)))), 0);
	int rc = try_text(ORGDB_KIND_USER, "user_id", orgdb_string(format("p|%s", repeat("x", 256))));
	cr_expect(is_refusal(rc), "%s", orgdb_error_name(rc));
	cr_expect_eq(try_text(ORGDB_KIND_USER, "user_id", orgdb_string(format("p|%s|x", repeat("x", 256)))), 0);
}

Test(entity, long_ids_that_differ_at_the_last_character_are_two)
{
	const char *a = create_with_id(ORGDB_KIND_USER, long_user_id("p", ORGDB_ID_LENGTH_MAX, "a"), "user-a");
	const char *b = long_user_id("p", ORGDB_ID_LENGTH_MAX, "b");
	any_entity entity;
	expect_error(orgdb_user_get(txn, b, &entity.user), ORGDB_NOT_FOUND, "user");
	create_with_id(ORGDB_KIND_USER, b, "user-b");
	entity = get(ORGDB_KIND_USER, a);
	expect_text(entity.user.name, "user-a");
	entity = get(ORGDB_KIND_USER, b);
	expect_text(entity.user.name, "user-b");
	must(orgdb_user_delete(txn, a, NULL));
	expect_error(orgdb_user_get(txn, a, &entity.user), ORGDB_NOT_FOUND, "user");
	get(ORGDB_KIND_USER, b);
	commit_and_check();
}

Test(entity, long_ids_with_a_common_beginning_are_all_found)
{
	enum { USERS = 500 };
	const char *ids[USERS];
	for (size_t i = 0; i < USERS; i++)
		ids[i] = create_with_id(ORGDB_KIND_USER, long_user_id("p", 600 + i % 3, format("%03zu", i)), format("%zu", i));
	for (size_t i = 0; i < USERS; i += 2)
		must(orgdb_user_delete(txn, ids[i], NULL));
	for (size_t i = 0; i < USERS; i++) {
		orgdb_user user;
		int rc = orgdb_user_get(txn, ids[i], &user);
		cr_expect_eq(rc, i % 2 ? 0 : ORGDB_NOT_FOUND, "row %zu: %s", i, orgdb_error_name(rc));
		if (rc == 0)
			expect_text(user.name, format("%zu", i));
	}
	commit_and_check();
}

Test(entity, ids_around_the_longest_key_are_found)
{
	/* Keys have at most 511 bytes; whatever is done beyond must not be seen. */
	for (size_t length = 495; length <= 520; length++)
		create_with_id(ORGDB_KIND_USER, long_user_id("p", length, ""), format("%zu", length));
	for (size_t length = 495; length <= 520; length++) {
		any_entity entity = get(ORGDB_KIND_USER, long_user_id("p", length, ""));
		expect_text(entity.user.name, format("%zu", length));
		any_entity again = valid_entity(ORGDB_KIND_USER, "again");
		again.user.user_id = entity.user.user_id;
		again.user.user_id.data = copy(entity.user.user_id);
		expect_error(orgdb_user_create(txn, &again.user, NULL), ORGDB_EXISTS, "user_id");
	}
	commit_and_check();
}

Test(entity, long_role_names_are_unique_as_a_whole)
{
	const char *beginning = repeat("\xf0\x9f\x98\x80", 254);
	const char *a = create_role(format("%sa", beginning)), *b = create_role(format("%sb", beginning));
	orgdb_role role = ORGDB_ROLE_INIT;
	role.name = orgdb_string(format("%sa", beginning));
	expect_error(orgdb_role_create(txn, &role, NULL), ORGDB_EXISTS, "role.name");
	must(orgdb_role_get_by_name(txn, format("%sb", beginning), &role));
	expect_text(role.id, b);
	must(orgdb_role_delete(txn, b, NULL));
	must(orgdb_role_get_by_name(txn, format("%sa", beginning), &role));
	expect_text(role.id, a);
	commit_and_check();
}

/* Maps and arrays with rules. */

struct value_row {
	uint32_t kind;
	const char *field;
	bool valid;
	const char *json;
};

static const struct value_row value_rows[] = {
	{ ORGDB_KIND_ORGANIZATION, "branding", true, "{}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", true, "{\"logo_url\":\"https://a.example/logo.png\"}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", true, "{\"logo_url\":null}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", true,
		"{\"colors\":{\"primary\":\"#fff\",\"page_background\":\"#A0b1C2\"}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"logo_url\":\"http://a.example/logo.png\"}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"logo_url\":\"logo.png\"}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"logo_url\":\"\"}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"logo_url\":7}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":[]}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":\"#fff\"}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{\"primary\":\"#fff\"}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{\"page_background\":\"#fff\"}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{\"primary\":\"#ffff\",\"page_background\":\"#fff\"}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{\"primary\":\"#ggg\",\"page_background\":\"#fff\"}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{\"primary\":\"fff\",\"page_background\":\"#fff\"}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{\"primary\":\"#fff\",\"page_background\":null}}" },
	{ ORGDB_KIND_ORGANIZATION, "branding", false, "{\"colors\":{\"primary\":\"#fff\",\"page_background\":\"red\"}}" },
	{ ORGDB_KIND_ORGANIZATION, "metadata", true, "{}" },
	{ ORGDB_KIND_ORGANIZATION, "metadata", true, "{\"a\":\"\",\"b\":null}" },
	{ ORGDB_KIND_ORGANIZATION, "metadata", false, "{\"a\":1}" },
	{ ORGDB_KIND_ORGANIZATION, "metadata", false, "{\"a\":true}" },
	{ ORGDB_KIND_ORGANIZATION, "metadata", false, "{\"a\":{}}" },
	{ ORGDB_KIND_ORGANIZATION, "metadata", false, "{\"a\":[\"b\"]}" },
	{ ORGDB_KIND_ORGANIZATION, "token_quota", true,
		"{\"client_credentials\":{\"enforce\":true,\"per_day\":1000,\"per_hour\":100}}" },
	{ ORGDB_KIND_ORGANIZATION, "token_quota", false, "{\"client_credentials\":\"none\"}" },
	{ ORGDB_KIND_CONNECTION, "metadata", true, "{\"a\":\"b\"}" },
	{ ORGDB_KIND_CONNECTION, "metadata", false, "{\"a\":1}" },
	{ ORGDB_KIND_CONNECTION, "metadata", false, "{\"a\":{}}" },
	{ ORGDB_KIND_CONNECTION, "options", true, "{\"anything\":[1,{\"goes\":null}]}" },
	{ ORGDB_KIND_CONNECTION, "options", true, "{\"domain_aliases\":[]}" },
	{ ORGDB_KIND_CONNECTION, "options", false, "{\"domain_aliases\":\"acme.example\"}" },
	{ ORGDB_KIND_CONNECTION, "options", false, "{\"domain_aliases\":[7]}" },
	{ ORGDB_KIND_CONNECTION, "realms", true, "[\"acme\"]" },
	{ ORGDB_KIND_CONNECTION, "realms", false, "[1]" },
	{ ORGDB_KIND_CONNECTION, "realms", false, "[null]" },
	{ ORGDB_KIND_CONNECTION, "realms", false, "[[\"acme\"]]" },
	{ ORGDB_KIND_APPLICATION, "callbacks", true, "[]" },
	{ ORGDB_KIND_APPLICATION, "callbacks", true, "[\"https://a.example\",\"app://b\"]" },
	{ ORGDB_KIND_APPLICATION, "callbacks", false, "[1]" },
	{ ORGDB_KIND_APPLICATION, "callbacks", false, "[\"https://a.example\",null]" },
	{ ORGDB_KIND_APPLICATION, "grant_types", true, "[\"implicit\"]" },
	{ ORGDB_KIND_APPLICATION, "grant_types", false, "[{}]" },
	{ ORGDB_KIND_APPLICATION, "client_metadata", true, "{\"a\":\"b\"}" },
	{ ORGDB_KIND_APPLICATION, "client_metadata", false, "{\"a\":2.5}" },
	{ ORGDB_KIND_APPLICATION, "default_organization", true, "{\"organization_id\":\"org_0000000000000000\"}" },
	{ ORGDB_KIND_APPLICATION, "organization_discovery_methods", true, "[\"email\"]" },
	{ ORGDB_KIND_APPLICATION, "organization_discovery_methods", true, "[\"organization_name\",\"email\"]" },
	{ ORGDB_KIND_APPLICATION, "organization_discovery_methods", false, "[]" },
	{ ORGDB_KIND_APPLICATION, "organization_discovery_methods", false, "[\"other\"]" },
	{ ORGDB_KIND_APPLICATION, "organization_discovery_methods", false, "[1]" },
	{ ORGDB_KIND_USER, "identities", true, "[{\"provider\":\"auth0\"}]" },
	{ ORGDB_KIND_USER, "app_metadata", true, "{\"a\":{\"b\":[1,2,3]}}" },
	{ ORGDB_KIND_USER, "user_metadata", true, "{}" },
};

Test(entity, values_follow_their_rules)
{
	for (size_t i = 0; i < COUNT_OF(value_rows); i++) {
		const struct value_row *row = &value_rows[i];
		int rc = try_value(row->kind, row->field, value_of_json(row->json));
		cr_expect_eq(rc, row->valid ? 0 : ORGDB_INVALID, "row %zu: %s.%s %s: %s", i, noun(row->kind), row->field,
			row->json, orgdb_error_name(rc));
		cr_expect(rc == 0 || strstr(orgdb_last_error()->field, row->field), "row %zu: about \"%s\"", i,
			orgdb_last_error()->field);
	}
}

Test(entity, metadata_is_limited_in_entries)
{
	static const struct {
		uint32_t kind;
		const char *field;
		size_t max;
	} rows[] = {
		{ ORGDB_KIND_ORGANIZATION, "metadata", 25 },
		{ ORGDB_KIND_CONNECTION, "metadata", 10 },
		{ ORGDB_KIND_APPLICATION, "client_metadata", 10 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int rc = try_value(rows[i].kind, rows[i].field, value_of_entries(rows[i].max, "v"));
		cr_expect_eq(rc, 0, "row %zu: %s", i, orgdb_error_name(rc));
		rc = try_value(rows[i].kind, rows[i].field, value_of_entries(rows[i].max + 1, "v"));
		cr_expect(is_refusal(rc), "row %zu, one more: %s", i, orgdb_error_name(rc));
		for (size_t j = 0; j < 2; j++) {
			const char *character = j ? "\xe2\x82\xac" : "v";
			rc = try_value(rows[i].kind, rows[i].field, value_of_entries(1, repeat(character, 255)));
			cr_expect_eq(rc, 0, "row %zu, 255 characters: %s", i, orgdb_error_name(rc));
			rc = try_value(rows[i].kind, rows[i].field, value_of_entries(1, repeat(character, 256)));
			cr_expect(is_refusal(rc), "row %zu, 256 characters: %s", i, orgdb_error_name(rc));
		}
	}
}

Test(entity, metadata_keys_are_limited_in_characters)
{
	for (size_t i = 0; i < 2; i++) {
		const char *character = i ? "\xe2\x82\xac" : "k";
		int rc = try_value(
			ORGDB_KIND_ORGANIZATION, "metadata", value_of_json(format("{\"%s\":\"v\"}", repeat(character, 255))));
		cr_expect_eq(rc, 0, "255 characters: %s", orgdb_error_name(rc));
		rc = try_value(
			ORGDB_KIND_ORGANIZATION, "metadata", value_of_json(format("{\"%s\":\"v\"}", repeat(character, 256))));
		cr_expect(is_refusal(rc), "256 characters: %s", orgdb_error_name(rc));
	}
}

Test(entity, arrays_are_limited_in_entries)
{
	cr_expect_eq(try_value(ORGDB_KIND_CONNECTION, "realms", value_of_texts(10, "realm")), 0);
	int rc = try_value(ORGDB_KIND_CONNECTION, "realms", value_of_texts(11, "realm"));
	cr_expect(is_refusal(rc), "11 realms: %s", orgdb_error_name(rc));
	for (size_t count = 1000; count <= 1001; count++) {
		orgdb_value aliases = value_of_texts(count, "alias");
		char *bytes = keep(16 + aliases.size);
		memcpy(bytes, "\201\256domain_aliases", 16);
		memcpy(bytes + 16, aliases.data, aliases.size);
		rc = try_value(ORGDB_KIND_CONNECTION, "options", (orgdb_value){ bytes, 16 + aliases.size });
		cr_expect(count == 1000 ? rc == 0 : is_refusal(rc), "%zu aliases: %s", count, orgdb_error_name(rc));
	}
}

Test(entity, choices_out_of_range_are_invalid)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			if (field->type != ORGDB_TYPE_CHOICE)
				continue;
			uint32_t choices = 0;
			while (field->choices[choices])
				choices++;
			const uint32_t beyond[] = { choices, 255, UINT32_MAX };
			for (size_t j = 0; j < COUNT_OF(beyond); j++) {
				any_entity entity = valid_entity(kind, "acme");
				*choice_at(&entity, field) = beyond[j];
				expect_error(orgdb_entity_create(txn, kind, &entity, NULL), ORGDB_INVALID, field->name);
			}
		}
	}
}

/* Connections: strategies, realms, domain connections. */

static const struct {
	orgdb_connection_kind kind;
	const char *strategies[48];
} strategy_table[] = {
	{ ORGDB_DATABASE, { "auth0" } },
	{ ORGDB_ENTERPRISE,
		{ "ad", "auth0-adldap", "adfs", "google-apps", "ip", "office365", "oidc", "okta", "pingfederate", "samlp",
			"sharepoint", "waad", "auth0-oidc", "custom" } },
	{ ORGDB_PASSWORDLESS, { "email", "sms" } },
	{ ORGDB_SOCIAL,
		{ "amazon", "apple", "baidu", "bitbucket", "bitly", "box", "daccount", "dropbox", "dwolla", "evernote",
			"evernote-sandbox", "exact", "facebook", "fitbit", "github", "google-oauth2", "instagram", "line",
			"linkedin", "oauth1", "oauth2", "paypal", "paypal-sandbox", "planningcenter", "salesforce",
			"salesforce-community", "salesforce-sandbox", "shop", "shopify", "soundcloud", "thirtysevensignals",
			"twitter", "untappd", "vkontakte", "weibo", "windowslive", "wordpress", "yahoo", "yandex" } },
};

Test(entity, every_strategy_has_its_kind)
{
	size_t total = 0;
	for (size_t i = 0; i < COUNT_OF(strategy_table); i++) {
		for (const char *const *strategy = strategy_table[i].strategies; *strategy; strategy++, total++) {
			orgdb_connection_kind kind = ORGDB_DATABASE;
			int rc = orgdb_strategy_kind(*strategy, &kind);
			cr_expect(rc == 0 && kind == strategy_table[i].kind, "%s: %d, kind %d", *strategy, rc, (int)kind);
			orgdb_connection connection;
			must(orgdb_connection_get(txn, create_connection(format("c%zu", total), *strategy), &connection));
			cr_expect_eq(connection.kind, (uint32_t)strategy_table[i].kind, "%s", *strategy);
			expect_text(connection.strategy, *strategy);
		}
	}
	cr_expect_eq(total, 56, "%zu strategies", total);
}

Test(entity, unknown_strategies_have_no_kind)
{
	static const char *const unknown[] = { "", "AUTH0", "auth", "samlp2", "database", "yande", "yandexx", "ac" };
	orgdb_connection_kind kind;
	for (size_t i = 0; i < COUNT_OF(unknown); i++)
		cr_expect_eq(orgdb_strategy_kind(unknown[i], &kind), ORGDB_NOT_FOUND, "row %zu", i);
}

Test(entity, connection_kinds_have_names)
{
	cr_expect_str_eq(orgdb_connection_kind_name(ORGDB_DATABASE), "database");
	cr_expect_str_eq(orgdb_connection_kind_name(ORGDB_SOCIAL), "social");
	cr_expect_str_eq(orgdb_connection_kind_name(ORGDB_ENTERPRISE), "enterprise");
	cr_expect_str_eq(orgdb_connection_kind_name(ORGDB_PASSWORDLESS), "passwordless");
}

static int create_with_realms(const char *name, const char *json)
{
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string(name);
	connection.strategy = orgdb_string("auth0");
	connection.realms = value_of_json(json);
	return orgdb_connection_create(txn, &connection, NULL);
}

static const char *connection_named(const char *name)
{
	orgdb_connection connection;
	must(orgdb_connection_get_by_name(txn, name, &connection));
	return copy(connection.id);
}

static int update_realms(const char *name, orgdb_value realms)
{
	orgdb_connection changes = ORGDB_CONNECTION_INIT;
	changes.fields = ORGDB_CONNECTION_REALMS;
	changes.realms = realms;
	return orgdb_connection_update(txn, connection_named(name), &changes);
}

Test(entity, realms_are_unique_in_the_store)
{
	must(create_with_realms("one", "[\"a\",\"b\"]"));
	expect_error(create_with_realms("two", "[\"c\",\"b\"]"), ORGDB_EXISTS, "connection.realms");
	must(create_with_realms("two", "[\"c\"]")); /* The failure took no realm. */
	expect_error(update_realms("two", VALUE(["a"])), ORGDB_EXISTS, "connection.realms");
	commit_and_check();
}

Test(entity, a_connections_name_is_its_realm_unless_it_has_others)
{
	create_connection("one", "auth0");
	expect_error(create_with_realms("two", "[\"one\"]"), ORGDB_EXISTS, "connection.realms");
	must(create_with_realms("three", "[\"four\"]"));
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string("four");
	connection.strategy = orgdb_string("auth0");
	expect_error(orgdb_connection_create(txn, &connection, NULL), ORGDB_EXISTS, "connection");
	must(create_with_realms("five", "[\"three\"]"));
	commit_and_check();
}

Test(entity, realms_are_freed_by_update_and_delete)
{
	must(create_with_realms("one", "[\"a\",\"b\"]"));
	must(update_realms("one", VALUE([ "b", "c" ])));
	must(create_with_realms("two", "[\"a\"]"));
	expect_error(create_with_realms("three", "[\"c\"]"), ORGDB_EXISTS, "connection.realms");
	must(orgdb_connection_delete(txn, connection_named("one"), NULL));
	must(create_with_realms("three", "[\"b\",\"c\"]"));
	must(update_realms("three", (orgdb_value){ NULL, 0 }));
	must(create_with_realms("four", "[\"b\"]"));
	expect_error(update_realms("four", VALUE(["three"])), ORGDB_EXISTS, "connection.realms");
	commit_and_check();
}

Test(entity, a_realm_may_be_given_anew_to_the_same_connection)
{
	must(create_with_realms("one", "[\"a\",\"one\"]"));
	must(update_realms("one", VALUE([ "one", "a" ])));
	must(update_realms("one", VALUE([ "one", "a" ])));
	commit_and_check();
}

Test(entity, a_realm_twice_in_one_connection_is_refused)
{
	cr_expect_neq(create_with_realms("one", "[\"a\",\"a\"]"), 0);
	create_connection("one", "auth0");
	commit_and_check();
}

static int create_domain_connection(const char *name, const char *strategy, bool is_domain_connection)
{
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.name = orgdb_string(name);
	connection.strategy = orgdb_string(strategy);
	connection.is_domain_connection = is_domain_connection;
	return orgdb_connection_create(txn, &connection, NULL);
}

static int update_domain_connection(const char *name, bool is_domain_connection)
{
	orgdb_connection changes = ORGDB_CONNECTION_INIT;
	changes.fields = ORGDB_CONNECTION_IS_DOMAIN_CONNECTION;
	changes.is_domain_connection = is_domain_connection;
	return orgdb_connection_update(txn, connection_named(name), &changes);
}

Test(entity, a_strategy_has_one_domain_connection)
{
	must(create_domain_connection("one", "samlp", true));
	must(create_domain_connection("two", "samlp", false));
	must(create_domain_connection("other", "oidc", true));
	expect_error(create_domain_connection("three", "samlp", true), ORGDB_EXISTS, "connection.is_domain_connection");
	expect_error(update_domain_connection("two", true), ORGDB_EXISTS, "connection.is_domain_connection");
	must(update_domain_connection("one", true));
	commit_and_check();
}

Test(entity, a_strategys_domain_connection_is_freed_by_update_and_delete)
{
	must(create_domain_connection("one", "samlp", true));
	must(update_domain_connection("one", false));
	must(create_domain_connection("two", "samlp", true));
	expect_error(update_domain_connection("one", true), ORGDB_EXISTS, "connection.is_domain_connection");
	must(orgdb_connection_delete(txn, connection_named("two"), NULL));
	must(update_domain_connection("one", true));
	commit_and_check();
}
