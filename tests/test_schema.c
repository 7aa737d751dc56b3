/*
 * The schema: the public table agrees with the structs, the bits and the defaults of the header.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "fixture.h"

struct member_row {
	uint32_t kind;
	const char *name;
	uint32_t bit;
	size_t offset;
	uint32_t type;
	uint32_t flags;
};

enum {
	ID = ORGDB_FIELD_ID,
	REQUIRED = ORGDB_FIELD_REQUIRED,
	IMMUTABLE = ORGDB_FIELD_IMMUTABLE,
	UNIQUE = ORGDB_FIELD_UNIQUE,
	OWNER = ORGDB_FIELD_OWNER,
	SECRET = ORGDB_FIELD_SECRET,
};

/* What the header says of each member. `kind##_` and the member's name in capitals is its bit. */
#define MEMBER(KIND, kind, MEMBER, member, type, flags)                                                               \
	{                                                                                                                 \
		ORGDB_KIND_##KIND, #member, ORGDB_##KIND##_##MEMBER, offsetof(orgdb_##kind, member), ORGDB_TYPE_##type, flags \
	}

/* A member whose name in JSON is another. */
#define NAMED(KIND, kind, MEMBER, member, name, type, flags)                                                       \
	{                                                                                                              \
		ORGDB_KIND_##KIND, name, ORGDB_##KIND##_##MEMBER, offsetof(orgdb_##kind, member), ORGDB_TYPE_##type, flags \
	}

static const struct member_row members[] = {
	MEMBER(CONNECTION, connection, ID, id, TEXT, ID),
	MEMBER(CONNECTION, connection, NAME, name, TEXT, REQUIRED | IMMUTABLE | UNIQUE),
	MEMBER(CONNECTION, connection, STRATEGY, strategy, TEXT, REQUIRED | IMMUTABLE),
	MEMBER(CONNECTION, connection, DISPLAY_NAME, display_name, TEXT, 0),
	MEMBER(CONNECTION, connection, REALMS, realms, ARRAY, UNIQUE),
	MEMBER(CONNECTION, connection, IS_DOMAIN_CONNECTION, is_domain_connection, BOOL, 0),
	MEMBER(CONNECTION, connection, SHOW_AS_BUTTON, show_as_button, BOOL, 0),
	MEMBER(CONNECTION, connection, OPTIONS, options, MAP, 0),
	MEMBER(CONNECTION, connection, METADATA, metadata, MAP, 0),

	MEMBER(APPLICATION, application, CLIENT_ID, client_id, TEXT, ID),
	MEMBER(APPLICATION, application, NAME, name, TEXT, REQUIRED),
	MEMBER(APPLICATION, application, DESCRIPTION, description, TEXT, 0),
	MEMBER(APPLICATION, application, APP_TYPE, app_type, TEXT, 0),
	MEMBER(APPLICATION, application, IS_FIRST_PARTY, is_first_party, BOOL, 0),
	MEMBER(APPLICATION, application, CALLBACKS, callbacks, ARRAY, 0),
	MEMBER(APPLICATION, application, INITIATE_LOGIN_URI, initiate_login_uri, TEXT, 0),
	MEMBER(APPLICATION, application, GRANT_TYPES, grant_types, ARRAY, 0),
	MEMBER(APPLICATION, application, CLIENT_METADATA, client_metadata, MAP, 0),
	MEMBER(APPLICATION, application, DEFAULT_ORGANIZATION, default_organization, MAP, 0),
	MEMBER(APPLICATION, application, ORGANIZATION_USAGE, organization_usage, CHOICE, 0),
	MEMBER(APPLICATION, application, ORGANIZATION_REQUIRE_BEHAVIOR, organization_require_behavior, CHOICE, 0),
	MEMBER(APPLICATION, application, ORGANIZATION_DISCOVERY_METHODS, organization_discovery_methods, ARRAY, 0),

	MEMBER(ORGANIZATION, organization, ID, id, TEXT, ID),
	MEMBER(ORGANIZATION, organization, NAME, name, TEXT, REQUIRED | UNIQUE),
	MEMBER(ORGANIZATION, organization, DISPLAY_NAME, display_name, TEXT, 0),
	MEMBER(ORGANIZATION, organization, BRANDING, branding, MAP, 0),
	MEMBER(ORGANIZATION, organization, METADATA, metadata, MAP, 0),
	MEMBER(ORGANIZATION, organization, TOKEN_QUOTA, token_quota, MAP, 0),
	MEMBER(ORGANIZATION, organization, THIRD_PARTY_CLIENT_ACCESS, third_party_client_access, CHOICE, 0),
	MEMBER(ORGANIZATION, organization, IS_APP_ENTITLEMENT_ACTIVE, is_app_entitlement_active, BOOL, 0),

	MEMBER(USER, user, ID, user_id, TEXT, ID),
	MEMBER(USER, user, EMAIL, email, TEXT, 0),
	MEMBER(USER, user, EMAIL_VERIFIED, email_verified, BOOL, 0),
	MEMBER(USER, user, NAME, name, TEXT, 0),
	MEMBER(USER, user, GIVEN_NAME, given_name, TEXT, 0),
	MEMBER(USER, user, FAMILY_NAME, family_name, TEXT, 0),
	MEMBER(USER, user, NICKNAME, nickname, TEXT, 0),
	MEMBER(USER, user, USERNAME, username, TEXT, 0),
	MEMBER(USER, user, PICTURE, picture, TEXT, 0),
	MEMBER(USER, user, BLOCKED, blocked, BOOL, 0),
	MEMBER(USER, user, IDENTITIES, identities, ARRAY, 0),
	MEMBER(USER, user, APP_METADATA, app_metadata, MAP, 0),
	MEMBER(USER, user, USER_METADATA, user_metadata, MAP, 0),

	MEMBER(ROLE, role, ID, id, TEXT, ID),
	MEMBER(ROLE, role, NAME, name, TEXT, REQUIRED | UNIQUE),
	MEMBER(ROLE, role, DESCRIPTION, description, TEXT, 0),
	MEMBER(ROLE, role, TYPE, type, CHOICE, IMMUTABLE),
	MEMBER(ROLE, role, OWNER_ID, owner_id, TEXT, IMMUTABLE | OWNER),

	NAMED(EMAIL_TEMPLATE, email_template, NAME, name, "template", TEXT, ID),
	MEMBER(EMAIL_TEMPLATE, email_template, FROM, from, TEXT, REQUIRED),
	MEMBER(EMAIL_TEMPLATE, email_template, SUBJECT, subject, TEXT, REQUIRED),
	MEMBER(EMAIL_TEMPLATE, email_template, SYNTAX, syntax, TEXT, 0),
	MEMBER(EMAIL_TEMPLATE, email_template, BODY, body, TEXT, REQUIRED),
	MEMBER(EMAIL_TEMPLATE, email_template, ENABLED, enabled, BOOL, 0),
	NAMED(EMAIL_TEMPLATE, email_template, RESULT_URL, result_url, "resultUrl", TEXT, 0),
	NAMED(EMAIL_TEMPLATE, email_template, URL_LIFETIME_IN_SECONDS, url_lifetime_in_seconds, "urlLifetimeInSeconds",
		NUMBER, 0),
	NAMED(EMAIL_TEMPLATE, email_template, INCLUDE_EMAIL_IN_REDIRECT, include_email_in_redirect,
		"includeEmailInRedirect", BOOL, 0),

	MEMBER(DISCOVERY_DOMAIN, discovery_domain, ID, id, TEXT, ID),
	MEMBER(DISCOVERY_DOMAIN, discovery_domain, ORGANIZATION_ID, organization_id, TEXT, REQUIRED | IMMUTABLE | OWNER),
	MEMBER(DISCOVERY_DOMAIN, discovery_domain, DOMAIN, domain, TEXT, REQUIRED | IMMUTABLE | UNIQUE),
	MEMBER(DISCOVERY_DOMAIN, discovery_domain, STATUS, status, CHOICE, 0),
	MEMBER(DISCOVERY_DOMAIN, discovery_domain, USE_FOR_ORGANIZATION_DISCOVERY, use_for_organization_discovery, BOOL, 0),
	MEMBER(DISCOVERY_DOMAIN, discovery_domain, VERIFICATION_TXT, verification_txt, TEXT, IMMUTABLE),
	MEMBER(DISCOVERY_DOMAIN, discovery_domain, VERIFICATION_HOST, verification_host, TEXT, IMMUTABLE),
	MEMBER(INVITATION, invitation, ID, id, TEXT, ID),
	MEMBER(INVITATION, invitation, ORGANIZATION_ID, organization_id, TEXT, REQUIRED | IMMUTABLE | OWNER),
	MEMBER(INVITATION, invitation, INVITER, inviter, MAP, REQUIRED | IMMUTABLE),
	MEMBER(INVITATION, invitation, INVITEE, invitee, MAP, REQUIRED | IMMUTABLE),
	MEMBER(INVITATION, invitation, CLIENT_ID, client_id, TEXT, REQUIRED | IMMUTABLE),
	MEMBER(INVITATION, invitation, CONNECTION_ID, connection_id, TEXT, IMMUTABLE),
	MEMBER(INVITATION, invitation, ROLES, roles, ARRAY, IMMUTABLE),
	MEMBER(INVITATION, invitation, APP_METADATA, app_metadata, MAP, IMMUTABLE),
	MEMBER(INVITATION, invitation, USER_METADATA, user_metadata, MAP, IMMUTABLE),
	MEMBER(INVITATION, invitation, SEND_INVITATION_EMAIL, send_invitation_email, BOOL, IMMUTABLE),
	MEMBER(INVITATION, invitation, TTL_SEC, ttl_sec, NUMBER, IMMUTABLE),
	MEMBER(INVITATION, invitation, CREATED_AT, created_at, TEXT, IMMUTABLE),
	MEMBER(INVITATION, invitation, EXPIRES_AT, expires_at, TEXT, IMMUTABLE),
	MEMBER(INVITATION, invitation, TICKET_ID, ticket_id, TEXT, IMMUTABLE | UNIQUE | SECRET),
	MEMBER(INVITATION, invitation, INVITATION_URL, invitation_url, TEXT, IMMUTABLE | SECRET),

	MEMBER(APPLICATION_CONNECTION, application_connection, CLIENT_ID, client_id, TEXT, ID),
	MEMBER(APPLICATION_CONNECTION, application_connection, CONNECTION_ID, connection_id, TEXT, ID),

	MEMBER(ENABLED_CONNECTION, enabled_connection, ORGANIZATION_ID, organization_id, TEXT, ID),
	MEMBER(ENABLED_CONNECTION, enabled_connection, CONNECTION_ID, connection_id, TEXT, ID),
	MEMBER(ENABLED_CONNECTION, enabled_connection, ASSIGN_MEMBERSHIP_ON_LOGIN, assign_membership_on_login, BOOL, 0),
	MEMBER(ENABLED_CONNECTION, enabled_connection, SHOW_AS_BUTTON, show_as_button, BOOL, 0),
	MEMBER(ENABLED_CONNECTION, enabled_connection, IS_SIGNUP_ENABLED, is_signup_enabled, BOOL, 0),
	MEMBER(ENABLED_CONNECTION, enabled_connection, IS_ENABLED, is_enabled, BOOL, 0),
	MEMBER(ENABLED_CONNECTION, enabled_connection, ORGANIZATION_ACCESS_LEVEL, organization_access_level, CHOICE, 0),
	MEMBER(ENABLED_CONNECTION, enabled_connection, ORGANIZATION_CONNECTION_NAME, organization_connection_name, TEXT, 0),

	MEMBER(MEMBERSHIP, membership, ORGANIZATION_ID, organization_id, TEXT, ID),
	MEMBER(MEMBERSHIP, membership, USER_ID, user_id, TEXT, ID),

	MEMBER(ORGANIZATION_APPLICATION, organization_application, ORGANIZATION_ID, organization_id, TEXT, ID),
	MEMBER(ORGANIZATION_APPLICATION, organization_application, CLIENT_ID, client_id, TEXT, ID),
	MEMBER(ORGANIZATION_APPLICATION, organization_application, USE_FOR_MEMBER_ACCESS, use_for_member_access, BOOL, 0),
};

struct kind_row {
	const char *name;
	size_t struct_size;
	size_t fields_offset;
	size_t extra_offset;
	const void *initial;
};

#define KIND(KIND, kind, ...)                                                            \
	[ORGDB_KIND_##KIND] = { #kind, sizeof(orgdb_##kind), offsetof(orgdb_##kind, fields), \
		offsetof(orgdb_##kind, extra), &(const orgdb_##kind)__VA_ARGS__ }

/* Edges without options have no _INIT of their own: all their members are absent. */
static const struct kind_row kinds[ORGDB_KINDS] = {
	KIND(CONNECTION, connection, ORGDB_CONNECTION_INIT),
	KIND(APPLICATION, application, ORGDB_APPLICATION_INIT),
	KIND(ROLE, role, ORGDB_ROLE_INIT),
	KIND(USER, user, ORGDB_USER_INIT),
	KIND(ORGANIZATION, organization, ORGDB_ORGANIZATION_INIT),
	KIND(EMAIL_TEMPLATE, email_template, ORGDB_EMAIL_TEMPLATE_INIT),
	KIND(DISCOVERY_DOMAIN, discovery_domain, ORGDB_DISCOVERY_DOMAIN_INIT),
	KIND(INVITATION, invitation, ORGDB_INVITATION_INIT),
	KIND(APPLICATION_CONNECTION, application_connection, { 0 }),
	KIND(ENABLED_CONNECTION, enabled_connection, ORGDB_ENABLED_CONNECTION_INIT),
	KIND(MEMBERSHIP, membership, { 0 }),
	KIND(ORGANIZATION_APPLICATION, organization_application, ORGDB_ORGANIZATION_APPLICATION_INIT),
};

/* The size of a member of a type. */
static const size_t type_size[] = {
	[ORGDB_TYPE_TEXT] = sizeof(orgdb_str),
	[ORGDB_TYPE_BOOL] = sizeof(bool),
	[ORGDB_TYPE_CHOICE] = sizeof(uint32_t),
	[ORGDB_TYPE_MAP] = sizeof(orgdb_value),
	[ORGDB_TYPE_ARRAY] = sizeof(orgdb_value),
	[ORGDB_TYPE_NUMBER] = sizeof(uint64_t),
};

TestSuite(schema, .timeout = 60);

Test(schema, every_kind_has_one)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		cr_assert_not_null(schema, "kind %u", kind);
		cr_expect_eq(schema->kind, kind, "kind %u", kind);
		cr_expect_str_eq(schema->name, kinds[kind].name, "kind %u", kind);
		cr_expect_eq(schema->struct_size, kinds[kind].struct_size, "%s", schema->name);
		cr_expect_eq(schema->fields_offset, kinds[kind].fields_offset, "%s", schema->name);
		cr_expect_eq(schema->extra_offset, kinds[kind].extra_offset, "%s", schema->name);
		cr_expect_eq(orgdb_schema_named(schema->name), schema, "%s", schema->name);
	}
}

Test(schema, other_kinds_and_names_have_none)
{
	cr_expect_null(orgdb_schema_of(ORGDB_KINDS));
	cr_expect_null(orgdb_schema_of(UINT32_MAX));
	cr_expect_null(orgdb_schema_named(""));
	cr_expect_null(orgdb_schema_named("organizations"));
	cr_expect_null(orgdb_schema_named("Organization"));
}

Test(schema, holds_what_the_header_declares)
{
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		const struct member_row *row = &members[i];
		const orgdb_field *field = field_named(row->kind, row->name);
		const char *what = format("%s.%s", kinds[row->kind].name, row->name);
		cr_expect_eq(field->bit, row->bit, "%s: bit %x", what, field->bit);
		cr_expect_eq(field->offset, row->offset, "%s: offset %zu", what, field->offset);
		cr_expect_eq(field->type, row->type, "%s: type %u", what, field->type);
		/* Ids are unique, given on create and immutable by being ids; whether flags say so again is free. */
		uint32_t ignored = row->flags & ID ? REQUIRED | IMMUTABLE | UNIQUE : 0;
		cr_expect_eq(field->flags & ~ignored, row->flags, "%s: flags %x", what, field->flags);
	}
}

Test(schema, holds_nothing_else)
{
	size_t total = 0;
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		total += orgdb_schema_of(kind)->field_count;
	cr_expect_eq(total, COUNT_OF(members), "%zu fields", total);
}

Test(schema, names_and_bits_are_unique)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		uint32_t seen = ORGDB_EXTRA;
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			cr_expect(field->bit && !(field->bit & (field->bit - 1)), "%s.%s: not one bit", schema->name, field->name);
			cr_expect(!(seen & field->bit), "%s.%s: its bit is another's", schema->name, field->name);
			seen |= field->bit;
			for (size_t j = 0; j < i; j++)
				cr_expect_str_neq(field->name, schema->fields[j].name, "%s", schema->name);
		}
	}
}

Test(schema, members_lie_inside_the_struct_and_apart)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		bool *taken = keep(schema->struct_size);
		memset(taken, 0, schema->struct_size);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			cr_assert_lt(field->type, COUNT_OF(type_size), "%s.%s", schema->name, field->name);
			cr_assert_leq(
				field->offset + type_size[field->type], schema->struct_size, "%s.%s", schema->name, field->name);
			for (size_t j = 0; j < type_size[field->type]; j++) {
				cr_expect(!taken[field->offset + j], "%s.%s: overlaps", schema->name, field->name);
				taken[field->offset + j] = true;
			}
		}
	}
}

Test(schema, initializers_hold_the_defaults)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		char *entity = keep(schema->struct_size);
		memcpy(entity, kinds[kind].initial, schema->struct_size);
		cr_expect_eq(*(uint32_t *)(entity + schema->fields_offset), 0, "%s", schema->name);
		cr_expect_null(((orgdb_value *)(entity + schema->extra_offset))->data, "%s", schema->name);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			if (field->type == ORGDB_TYPE_BOOL)
				cr_expect_eq(*flag_at(entity, field), field->default_value, "%s.%s", schema->name, field->name);
			else if (field->type == ORGDB_TYPE_CHOICE)
				cr_expect_eq(*choice_at(entity, field), field->default_value, "%s.%s", schema->name, field->name);
			else if (field->type == ORGDB_TYPE_NUMBER)
				cr_expect_eq(*number_at(entity, field), field->default_value, "%s.%s", schema->name, field->name);
			else if (field->type == ORGDB_TYPE_TEXT)
				cr_expect_null(text_at(entity, field)->data, "%s.%s", schema->name, field->name);
			else
				cr_expect_null(value_at(entity, field)->data, "%s.%s", schema->name, field->name);
		}
	}
}

Test(schema, flags_that_default_to_true_are_these)
{
	static const char *const expected[] = { "application.is_first_party", "email_template.includeEmailInRedirect",
		"discovery_domain.use_for_organization_discovery", "invitation.send_invitation_email",
		"enabled_connection.show_as_button", "enabled_connection.is_enabled" };
	size_t found = 0;
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			if (schema->fields[i].type != ORGDB_TYPE_BOOL || !schema->fields[i].default_value)
				continue;
			const char *name = format("%s.%s", schema->name, schema->fields[i].name);
			cr_assert_lt(found, COUNT_OF(expected), "%s", name);
			cr_expect_str_eq(name, expected[found++]);
		}
	}
	cr_expect_eq(found, COUNT_OF(expected));
}

static void expect_choices(uint32_t kind, const char *name, const char *const *expected)
{
	const char *const *choices = field_named(kind, name)->choices;
	cr_assert_not_null(choices, "%s", name);
	size_t i = 0;
	for (; expected[i] && choices[i]; i++)
		cr_expect_str_eq(choices[i], expected[i], "%s", name);
	cr_expect(!expected[i] && !choices[i], "%s: %zu choices", name, i);
}

Test(schema, choices_have_the_services_names)
{
	static const char *const usage[] = { "deny", "allow", "require", NULL };
	static const char *const behavior[] = { "no_prompt", "pre_login_prompt", "post_login_prompt", NULL };
	static const char *const access[] = { "block", "allow", NULL };
	static const char *const status[] = { "pending", "verified", NULL };
	static const char *const type[] = { "tenant", "organization", NULL };
	static const char *const level[] = { "none", "readonly", "limited", "full", NULL };
	expect_choices(ORGDB_KIND_APPLICATION, "organization_usage", usage);
	expect_choices(ORGDB_KIND_APPLICATION, "organization_require_behavior", behavior);
	expect_choices(ORGDB_KIND_ORGANIZATION, "third_party_client_access", access);
	expect_choices(ORGDB_KIND_ROLE, "type", type);
	expect_choices(ORGDB_KIND_DISCOVERY_DOMAIN, "status", status);
	expect_choices(ORGDB_KIND_ENABLED_CONNECTION, "organization_access_level", level);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_str_eq(orgdb_organization_usage_name(i), usage[i]);
}

Test(schema, only_choices_have_choices)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			cr_expect_eq(field->type == ORGDB_TYPE_CHOICE, field->choices != NULL, "%s.%s", schema->name, field->name);
		}
	}
}

Test(schema, every_limit_and_expectation_makes_sense)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			cr_expect(field->expectation && field->expectation[0], "%s.%s: no expectation", schema->name, field->name);
			cr_expect(field->length_max == 0 || field->length_min <= field->length_max, "%s.%s: %u..%u", schema->name,
				field->name, field->length_min, field->length_max);
		}
	}
}
