/*
 * The schema: one table that says everything about every kind. The spine of the engine.
 *
 * SPDX-License-Identifier: MIT
 */
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "id.h"
#include "invitation.h"
#include "rules.h"
#include "utf8.h"

/* ---- The tables -------------------------------------------------------------------------------------------------- */

#define REQUIRED (ORGDB_FIELD_REQUIRED)
#define FIXED (ORGDB_FIELD_REQUIRED | ORGDB_FIELD_IMMUTABLE)
#define CONSTANT (ORGDB_FIELD_IMMUTABLE)
#define UNIQUE (ORGDB_FIELD_UNIQUE)
#define SECRET (ORGDB_FIELD_SECRET)
#define ID (ORGDB_FIELD_ID | FIXED | UNIQUE)
#define JOINED (ORGDB_FIELD_ID | FIXED)
#define VERIFICATION_PREFIX "_ss-verification."
#define OWNER (ORGDB_FIELD_OWNER | ORGDB_FIELD_IMMUTABLE)

#define FIELD(type_, object, member, name_, bit_, flags_, min, max, rule_, expectation_, choices_, default_) \
	{                                                                                                        \
		.name = name_, .bit = bit_, .type = type_, .flags = flags_, .offset = offsetof(object, member),      \
		.length_min = min, .length_max = max, .expectation = expectation_, .choices = choices_,              \
		.default_value = default_, .rule = rule_,                                                            \
	}
/* A member whose name in JSON is another. */
#define TEXT_NAMED(object, member, name, bit, flags, min, max, rule, expectation) \
	FIELD(ORGDB_TYPE_TEXT, object, member, name, bit, flags, min, max, rule, expectation, NULL, 0)
#define TEXT(object, member, bit, flags, min, max, rule, expectation) \
	TEXT_NAMED(object, member, #member, bit, flags, min, max, rule, expectation)
#define MAP(object, member, bit, max, rule, expectation) \
	FIELD(ORGDB_TYPE_MAP, object, member, #member, bit, 0, 0, max, rule, expectation, NULL, 0)
#define ARRAY(object, member, bit, flags, min, max, rule, expectation) \
	FIELD(ORGDB_TYPE_ARRAY, object, member, #member, bit, flags, min, max, rule, expectation, NULL, 0)
#define BOOL_NAMED(object, member, name, bit, standard) \
	FIELD(ORGDB_TYPE_BOOL, object, member, name, bit, 0, 0, 0, RULE_NONE, "true or false", NULL, standard)
#define BOOL(object, member, bit, standard) BOOL_NAMED(object, member, #member, bit, standard)
#define CHOICE(object, member, bit, flags, names, expectation) \
	FIELD(ORGDB_TYPE_CHOICE, object, member, #member, bit, flags, 0, 0, RULE_NONE, expectation, names, 0)
#define NUMBER_NAMED(object, member, name, bit, min, max, standard, expectation) \
	FIELD(ORGDB_TYPE_NUMBER, object, member, name, bit, 0, min, max, RULE_NONE, expectation, NULL, standard)

static const orgdb_field connection_fields[] = {
	TEXT(
		orgdb_connection, id, ORGDB_CONNECTION_ID, ID, 20, 20, RULE_CONNECTION_ID, "\"con_\" and 16 letters or digits"),
	TEXT(orgdb_connection, name, ORGDB_CONNECTION_NAME, FIXED | UNIQUE, 1, 128, RULE_CONNECTION_NAME,
		"1 to 128 letters, digits and single '-' between them"),
	TEXT(orgdb_connection, strategy, ORGDB_CONNECTION_STRATEGY, FIXED, 1, 64, RULE_STRATEGY,
		"a known strategy, such as \"auth0\", \"google-oauth2\" or \"samlp\""),
	TEXT(orgdb_connection, display_name, ORGDB_CONNECTION_DISPLAY_NAME, 0, 1, 128, RULE_NONE, "1 to 128 characters"),
	ARRAY(orgdb_connection, realms, ORGDB_CONNECTION_REALMS, UNIQUE, 0, INDEX_KEYS_MAX, RULE_REALMS,
		"an array of at most 10 different texts of 1 to 255 characters"),
	BOOL(orgdb_connection, is_domain_connection, ORGDB_CONNECTION_IS_DOMAIN_CONNECTION, false),
	BOOL(orgdb_connection, show_as_button, ORGDB_CONNECTION_SHOW_AS_BUTTON, false),
	MAP(orgdb_connection, options, ORGDB_CONNECTION_OPTIONS, 0, RULE_CONNECTION_OPTIONS,
		"a map whose domain_aliases, if any, is an array of at most 1000 texts of at most 255 characters"),
	MAP(orgdb_connection, metadata, ORGDB_CONNECTION_METADATA, 10, RULE_METADATA,
		"a map of at most 10 texts or nulls, keys and texts of at most 255 characters"),
};

static const char *const usages[] = { "deny", "allow", "require", NULL };
static const char *const require_behaviors[] = { "no_prompt", "pre_login_prompt", "post_login_prompt", NULL };
static const char *const third_party_accesses[] = { "block", "allow", NULL };
static const char *const access_levels[] = { "none", "readonly", "limited", "full", NULL };
static const char *const domain_statuses[] = { "pending", "verified", NULL };
static const char *const role_types[] = { "tenant", "organization", NULL };

static const orgdb_field application_fields[] = {
	TEXT(orgdb_application, client_id, ORGDB_APPLICATION_CLIENT_ID, ID, 1, 64, RULE_CLIENT_ID,
		"1 to 64 letters, digits, '-' or '_'"),
	TEXT(orgdb_application, name, ORGDB_APPLICATION_NAME, REQUIRED, 1, 255, RULE_NO_ANGLE_BRACKETS,
		"1 to 255 characters other than '<' and '>'"),
	TEXT(orgdb_application, description, ORGDB_APPLICATION_DESCRIPTION, 0, 0, 140, RULE_NONE, "at most 140 characters"),
	TEXT(orgdb_application, app_type, ORGDB_APPLICATION_APP_TYPE, 0, 1, 64, RULE_IDENTIFIER,
		"1 to 64 of a-z, 0-9 and '_', such as \"regular_web\""),
	BOOL(orgdb_application, is_first_party, ORGDB_APPLICATION_IS_FIRST_PARTY, true),
	ARRAY(orgdb_application, callbacks, ORGDB_APPLICATION_CALLBACKS, 0, 0, 0, RULE_TEXTS, "an array of texts"),
	TEXT(orgdb_application, initiate_login_uri, ORGDB_APPLICATION_INITIATE_LOGIN_URI, 0, 0, 2048,
		RULE_HTTPS_URI_OR_EMPTY, "an https URI, or empty"),
	ARRAY(orgdb_application, grant_types, ORGDB_APPLICATION_GRANT_TYPES, 0, 0, 0, RULE_TEXTS, "an array of texts"),
	MAP(orgdb_application, client_metadata, ORGDB_APPLICATION_CLIENT_METADATA, 10, RULE_METADATA,
		"a map of at most 10 texts or nulls, keys and texts of at most 255 characters"),
	MAP(orgdb_application, default_organization, ORGDB_APPLICATION_DEFAULT_ORGANIZATION, 0, RULE_NONE, "a map"),
	CHOICE(orgdb_application, organization_usage, ORGDB_APPLICATION_ORGANIZATION_USAGE, 0, usages,
		"\"deny\", \"allow\" or \"require\""),
	CHOICE(orgdb_application, organization_require_behavior, ORGDB_APPLICATION_ORGANIZATION_REQUIRE_BEHAVIOR, 0,
		require_behaviors, "\"no_prompt\", \"pre_login_prompt\" or \"post_login_prompt\""),
	ARRAY(orgdb_application, organization_discovery_methods, ORGDB_APPLICATION_ORGANIZATION_DISCOVERY_METHODS, 0, 1, 2,
		RULE_DISCOVERY_METHODS, "an array of \"email\", \"organization_name\" or both"),
};

static const orgdb_field organization_fields[] = {
	TEXT(orgdb_organization, id, ORGDB_ORGANIZATION_ID, ID, 20, 20, RULE_ORGANIZATION_ID,
		"\"org_\" and 16 letters or digits"),
	TEXT(orgdb_organization, name, ORGDB_ORGANIZATION_NAME, REQUIRED | UNIQUE, 1, 50, RULE_ORGANIZATION_NAME,
		"1 to 50 of a-z, 0-9, '-' and '_', first and last a-z or 0-9, not beginning \"org_\""),
	TEXT(
		orgdb_organization, display_name, ORGDB_ORGANIZATION_DISPLAY_NAME, 0, 1, 255, RULE_NONE, "1 to 255 characters"),
	MAP(orgdb_organization, branding, ORGDB_ORGANIZATION_BRANDING, 0, RULE_BRANDING,
		"a map whose logo_url is an https URI or null, and whose colors has both primary and page_background as #rgb or "
		"#rrggbb"),
	MAP(orgdb_organization, metadata, ORGDB_ORGANIZATION_METADATA, 25, RULE_METADATA,
		"a map of at most 25 texts or nulls, keys and texts of at most 255 characters"),
	MAP(orgdb_organization, token_quota, ORGDB_ORGANIZATION_TOKEN_QUOTA, 0, RULE_TOKEN_QUOTA,
		"a map whose client_credentials has one or more of enforce (true or false), per_day and per_hour (1 to 2147483647)"),
	CHOICE(orgdb_organization, third_party_client_access, ORGDB_ORGANIZATION_THIRD_PARTY_CLIENT_ACCESS, 0,
		third_party_accesses, "\"block\" or \"allow\""),
	BOOL(orgdb_organization, is_app_entitlement_active, ORGDB_ORGANIZATION_IS_APP_ENTITLEMENT_ACTIVE, false),
};

static const orgdb_field user_fields[] = {
	TEXT(orgdb_user, user_id, ORGDB_USER_ID, ID, 3, ORGDB_ID_LENGTH_MAX, RULE_USER_ID,
		"provider|id, at most 1024 characters, after the last '|' 1 to 255 without white space"),
	TEXT(orgdb_user, email, ORGDB_USER_EMAIL, 0, 3, 320, RULE_EMAIL, "an email address, local@domain"),
	BOOL(orgdb_user, email_verified, ORGDB_USER_EMAIL_VERIFIED, false),
	TEXT(orgdb_user, name, ORGDB_USER_NAME, 0, 1, 300, RULE_NONE, "1 to 300 characters"),
	TEXT(orgdb_user, given_name, ORGDB_USER_GIVEN_NAME, 0, 1, 150, RULE_NONE, "1 to 150 characters"),
	TEXT(orgdb_user, family_name, ORGDB_USER_FAMILY_NAME, 0, 1, 150, RULE_NONE, "1 to 150 characters"),
	TEXT(orgdb_user, nickname, ORGDB_USER_NICKNAME, 0, 1, 300, RULE_NONE, "1 to 300 characters"),
	TEXT(orgdb_user, username, ORGDB_USER_USERNAME, 0, 1, 128, RULE_NONE, "1 to 128 characters"),
	TEXT(orgdb_user, picture, ORGDB_USER_PICTURE, 0, 0, 8192, RULE_NONE, "at most 8192 characters"),
	BOOL(orgdb_user, blocked, ORGDB_USER_BLOCKED, false),
	ARRAY(orgdb_user, identities, ORGDB_USER_IDENTITIES, 0, 0, 0, RULE_NONE, "an array"),
	MAP(orgdb_user, app_metadata, ORGDB_USER_APP_METADATA, 0, RULE_NONE, "a map"),
	MAP(orgdb_user, user_metadata, ORGDB_USER_USER_METADATA, 0, RULE_NONE, "a map"),
};

static const orgdb_field role_fields[] = {
	TEXT(orgdb_role, id, ORGDB_ROLE_ID, ID, 20, 20, RULE_ROLE_ID, "\"rol_\" and 16 letters or digits"),
	TEXT(orgdb_role, name, ORGDB_ROLE_NAME, REQUIRED | UNIQUE, 1, 255, RULE_NONE, "1 to 255 characters"),
	TEXT(orgdb_role, description, ORGDB_ROLE_DESCRIPTION, 0, 0, 1024, RULE_NONE, "at most 1024 characters"),
	CHOICE(orgdb_role, type, ORGDB_ROLE_TYPE, ORGDB_FIELD_IMMUTABLE, role_types, "\"tenant\" or \"organization\""),
	TEXT(orgdb_role, owner_id, ORGDB_ROLE_OWNER_ID, OWNER, 20, 20, RULE_ORGANIZATION_ID, "the id of an organization"),
};

static const orgdb_field email_template_fields[] = {
	TEXT_NAMED(orgdb_email_template, name, "template", ORGDB_EMAIL_TEMPLATE_NAME, ID, 1, 64, RULE_EMAIL_TEMPLATE,
		"the name of an email template, such as \"welcome_email\", \"reset_email\" or \"user_invitation\""),
	TEXT(orgdb_email_template, from, ORGDB_EMAIL_TEMPLATE_FROM, REQUIRED, 0, 0, RULE_NONE, "a text, may be empty"),
	TEXT(
		orgdb_email_template, subject, ORGDB_EMAIL_TEMPLATE_SUBJECT, REQUIRED, 0, 0, RULE_NONE, "a text, may be empty"),
	TEXT(orgdb_email_template, syntax, ORGDB_EMAIL_TEMPLATE_SYNTAX, 0, 1, 64, RULE_NONE,
		"1 to 64 characters, such as \"liquid\""),
	TEXT(orgdb_email_template, body, ORGDB_EMAIL_TEMPLATE_BODY, REQUIRED, 0, 0, RULE_NONE, "a text, may be empty"),
	BOOL(orgdb_email_template, enabled, ORGDB_EMAIL_TEMPLATE_ENABLED, false),
	TEXT_NAMED(
		orgdb_email_template, result_url, "resultUrl", ORGDB_EMAIL_TEMPLATE_RESULT_URL, 0, 0, 0, RULE_NONE, "a text"),
	NUMBER_NAMED(orgdb_email_template, url_lifetime_in_seconds, "urlLifetimeInSeconds",
		ORGDB_EMAIL_TEMPLATE_URL_LIFETIME_IN_SECONDS, 0, 0, 432000, "a whole number of seconds, 0 or more"),
	BOOL_NAMED(orgdb_email_template, include_email_in_redirect, "includeEmailInRedirect",
		ORGDB_EMAIL_TEMPLATE_INCLUDE_EMAIL_IN_REDIRECT, true),
};

static const orgdb_field discovery_domain_fields[] = {
	TEXT(orgdb_discovery_domain, id, ORGDB_DISCOVERY_DOMAIN_ID, ID, 26, 26, RULE_DISCOVERY_DOMAIN_ID,
		"\"ord_\" and 22 letters or digits"),
	TEXT(orgdb_discovery_domain, organization_id, ORGDB_DISCOVERY_DOMAIN_ORGANIZATION_ID, OWNER | REQUIRED, 20, 20,
		RULE_ORGANIZATION_ID, "the id of an organization"),
	TEXT(orgdb_discovery_domain, domain, ORGDB_DISCOVERY_DOMAIN_DOMAIN, FIXED | UNIQUE, 3, DOMAIN_MAX, RULE_DOMAIN,
		"a domain of 3 to 255 letters, digits, '-' and '.', such as \"example.com\""),
	CHOICE(orgdb_discovery_domain, status, ORGDB_DISCOVERY_DOMAIN_STATUS, 0, domain_statuses,
		"\"pending\" or \"verified\""),
	BOOL(orgdb_discovery_domain, use_for_organization_discovery, ORGDB_DISCOVERY_DOMAIN_USE_FOR_ORGANIZATION_DISCOVERY,
		true),
	TEXT(orgdb_discovery_domain, verification_txt, ORGDB_DISCOVERY_DOMAIN_VERIFICATION_TXT, ORGDB_FIELD_IMMUTABLE, 32,
		32, RULE_HEXADECIMAL, "32 hexadecimal digits"),
	TEXT(orgdb_discovery_domain, verification_host, ORGDB_DISCOVERY_DOMAIN_VERIFICATION_HOST, ORGDB_FIELD_IMMUTABLE, 1,
		0, RULE_NONE, "\"" VERIFICATION_PREFIX "\", the organization's id, '.' and the domain"),
};

/* Nothing of an invitation changes. */
#define CONSTANT_MAP(object, member, bit, flags, rule, expectation) \
	FIELD(ORGDB_TYPE_MAP, object, member, #member, bit, CONSTANT | (flags), 0, 0, rule, expectation, NULL, 0)

static const orgdb_field invitation_fields[] = {
	TEXT(orgdb_invitation, id, ORGDB_INVITATION_ID, ID, 21, 21, RULE_INVITATION_ID,
		"\"uinv_\" and 16 letters or digits"),
	TEXT(orgdb_invitation, organization_id, ORGDB_INVITATION_ORGANIZATION_ID, OWNER | REQUIRED, 20, 20,
		RULE_ORGANIZATION_ID, "the id of an organization"),
	CONSTANT_MAP(orgdb_invitation, inviter, ORGDB_INVITATION_INVITER, REQUIRED, RULE_INVITER,
		"a map with a name of 1 to 300 characters"),
	CONSTANT_MAP(orgdb_invitation, invitee, ORGDB_INVITATION_INVITEE, REQUIRED, RULE_INVITEE,
		"a map with an email, local@domain"),
	TEXT(orgdb_invitation, client_id, ORGDB_INVITATION_CLIENT_ID, FIXED, 1, 64, RULE_CLIENT_ID,
		"the client_id of an application"),
	TEXT(orgdb_invitation, connection_id, ORGDB_INVITATION_CONNECTION_ID, CONSTANT, 20, 20, RULE_CONNECTION_ID,
		"the id of a connection"),
	ARRAY(orgdb_invitation, roles, ORGDB_INVITATION_ROLES, CONSTANT, 1, REFERRED_MAX, RULE_ROLE_IDS,
		"an array of 1 to 50 different ids of roles"),
	CONSTANT_MAP(orgdb_invitation, app_metadata, ORGDB_INVITATION_APP_METADATA, 0, RULE_NONE, "a map"),
	CONSTANT_MAP(orgdb_invitation, user_metadata, ORGDB_INVITATION_USER_METADATA, 0, RULE_NONE, "a map"),
	FIELD(ORGDB_TYPE_BOOL, orgdb_invitation, send_invitation_email, "send_invitation_email",
		ORGDB_INVITATION_SEND_INVITATION_EMAIL, CONSTANT, 0, 0, RULE_NONE, "true or false", NULL, true),
	FIELD(ORGDB_TYPE_NUMBER, orgdb_invitation, ttl_sec, "ttl_sec", ORGDB_INVITATION_TTL_SEC, CONSTANT, 0,
		INVITATION_TTL_MAX, RULE_NONE, "a whole number of seconds, 0 to 2592000", NULL, 0),
	TEXT(orgdb_invitation, created_at, ORGDB_INVITATION_CREATED_AT, CONSTANT, 20, 24, RULE_MOMENT,
		"a time in UTC, such as \"2026-11-24T02:00:00.000Z\""),
	TEXT(orgdb_invitation, expires_at, ORGDB_INVITATION_EXPIRES_AT, CONSTANT, 20, 24, RULE_MOMENT,
		"a time in UTC, such as \"2026-11-24T02:00:00.000Z\""),
	TEXT(orgdb_invitation, ticket_id, ORGDB_INVITATION_TICKET_ID, CONSTANT | UNIQUE | SECRET, 32, 32, RULE_TICKET,
		"32 letters or digits"),
	TEXT(orgdb_invitation, invitation_url, ORGDB_INVITATION_INVITATION_URL, CONSTANT | SECRET, 0, 8192, RULE_NONE,
		"at most 8192 characters"),
};

static const orgdb_field application_connection_fields[] = {
	TEXT(orgdb_application_connection, client_id, ORGDB_APPLICATION_CONNECTION_CLIENT_ID, JOINED, 1, 64, RULE_CLIENT_ID,
		"the client_id of an application"),
	TEXT(orgdb_application_connection, connection_id, ORGDB_APPLICATION_CONNECTION_CONNECTION_ID, JOINED, 20, 20,
		RULE_CONNECTION_ID, "the id of a connection"),
};

static const orgdb_field enabled_connection_fields[] = {
	TEXT(orgdb_enabled_connection, organization_id, ORGDB_ENABLED_CONNECTION_ORGANIZATION_ID, JOINED, 20, 20,
		RULE_ORGANIZATION_ID, "the id of an organization"),
	TEXT(orgdb_enabled_connection, connection_id, ORGDB_ENABLED_CONNECTION_CONNECTION_ID, JOINED, 20, 20,
		RULE_CONNECTION_ID, "the id of a connection"),
	BOOL(orgdb_enabled_connection, assign_membership_on_login, ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN,
		false),
	BOOL(orgdb_enabled_connection, show_as_button, ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON, true),
	BOOL(orgdb_enabled_connection, is_signup_enabled, ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED, false),
	BOOL(orgdb_enabled_connection, is_enabled, ORGDB_ENABLED_CONNECTION_IS_ENABLED, true),
	CHOICE(orgdb_enabled_connection, organization_access_level, ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL, 0,
		access_levels, "\"none\", \"readonly\", \"limited\" or \"full\""),
	TEXT(orgdb_enabled_connection, organization_connection_name, ORGDB_ENABLED_CONNECTION_ORGANIZATION_CONNECTION_NAME,
		0, 1, 50, RULE_NONE, "1 to 50 characters"),
};

static const orgdb_field membership_fields[] = {
	TEXT(orgdb_membership, organization_id, ORGDB_MEMBERSHIP_ORGANIZATION_ID, JOINED, 20, 20, RULE_ORGANIZATION_ID,
		"the id of an organization"),
	TEXT(orgdb_membership, user_id, ORGDB_MEMBERSHIP_USER_ID, JOINED, 3, ORGDB_ID_LENGTH_MAX, RULE_USER_ID,
		"the user_id of a user"),
};

static const orgdb_field organization_application_fields[] = {
	TEXT(orgdb_organization_application, organization_id, ORGDB_ORGANIZATION_APPLICATION_ORGANIZATION_ID, JOINED, 20,
		20, RULE_ORGANIZATION_ID, "the id of an organization"),
	TEXT(orgdb_organization_application, client_id, ORGDB_ORGANIZATION_APPLICATION_CLIENT_ID, JOINED, 1, 64,
		RULE_CLIENT_ID, "the client_id of an application"),
	BOOL(orgdb_organization_application, use_for_member_access, ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS,
		false),
};

/* ---- What each unique index stands for --------------------------------------------------------------------------- */

orgdb_str orgdb__index_text(orgdb_str text, orgdb_str owner, char room[INDEX_ROOM])
{
	if (!owner.data)
		return text;
	size_t size = text.size + 1 + owner.size;
	if (text.size >= INDEX_ROOM || size > INDEX_ROOM)
		return (orgdb_str){ NULL, 0 };
	memcpy(room, text.data, text.size);
	room[text.size] = '\0';
	memcpy(room + text.size + 1, owner.data, owner.size);
	return (orgdb_str){ room, size };
}

#define TEXT_KEYS(object, member)                                                       \
	static size_t object##_##member##_keys(const void *entity, struct index_keys *keys) \
	{                                                                                   \
		keys->text[0] = ((const orgdb_##object *)entity)->member;                       \
		return 1;                                                                       \
	}
TEXT_KEYS(connection, id)
TEXT_KEYS(connection, name)
TEXT_KEYS(application, client_id)
TEXT_KEYS(organization, id)
TEXT_KEYS(organization, name)
TEXT_KEYS(user, user_id)
TEXT_KEYS(role, id)
TEXT_KEYS(email_template, name)
TEXT_KEYS(invitation, id)
TEXT_KEYS(invitation, ticket_id)

/* Unique among the tenant's, and among each organization's. */
static size_t role_name_keys(const void *entity, struct index_keys *keys)
{
	const orgdb_role *role = entity;
	keys->text[0] = orgdb__index_text(role->name, role->owner_id, keys->room);
	return keys->text[0].data ? 1 : 0;
}

bool orgdb__domain_key(orgdb_str domain, char room[DOMAIN_MAX], orgdb_str *key)
{
	if (domain.size > DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < domain.size; i++) {
		char c = domain.data[i];
		room[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	*key = (orgdb_str){ room, domain.size };
	return true;
}

TEXT_KEYS(discovery_domain, id)

/* Each organization may claim a domain once. */
static size_t discovery_domain_domain_keys(const void *entity, struct index_keys *keys)
{
	const orgdb_discovery_domain *domain = entity;
	char room[DOMAIN_MAX];
	orgdb_str key;
	if (!orgdb__domain_key(domain->domain, room, &key))
		return 0;
	keys->text[0] = orgdb__index_text(key, domain->organization_id, keys->room);
	return keys->text[0].data ? 1 : 0;
}

/* What leads from a domain to organizations; see discovery.c. */
static size_t discovery_keys(const void *entity, struct index_keys *keys)
{
	const orgdb_discovery_domain *domain = entity;
	bool leads = domain->status == ORGDB_DOMAIN_VERIFIED && domain->use_for_organization_discovery;
	return leads ? discovery_domain_domain_keys(entity, keys) : 0;
}

/* A connection without realms has its name for one. */
static size_t connection_realms_keys(const void *entity, struct index_keys *keys)
{
	const orgdb_connection *connection = entity;
	if (!connection->realms.data)
		return connection_name_keys(entity, keys);
	struct bytes rest = { connection->realms.data, connection->realms.size };
	uint32_t count, filled = 0;
	if (!orgdb__record_take_array(&rest, &count))
		return 0;
	while (filled < count && filled < INDEX_KEYS_MAX && orgdb__record_take_text(&rest, &keys->text[filled]))
		filled++;
	return filled;
}

static size_t connection_domain_keys(const void *entity, struct index_keys *keys)
{
	const orgdb_connection *connection = entity;
	keys->text[0] = connection->strategy;
	return connection->is_domain_connection ? 1 : 0;
}

static void complete_connection(void *entity)
{
	orgdb_connection *connection = entity;
	if (!connection->display_name.data)
		connection->display_name = connection->name;
	orgdb_connection_kind kind = ORGDB_DATABASE;
	orgdb__strategy_kind(connection->strategy, &kind);
	connection->kind = (uint32_t)kind;
}

static void complete_email_template(void *entity)
{
	orgdb_email_template *email_template = entity;
	if (!email_template->syntax.data)
		email_template->syntax = orgdb_string("liquid");
}

/* ---- What members must obey together ----------------------------------------------------------------------------- */

static int judge_role(const void *entity)
{
	const orgdb_role *role = entity;
	bool owned = role->owner_id.data;
	if (owned == (role->type == ORGDB_ROLE_OF_ORGANIZATION))
		return 0;
	if (owned)
		return orgdb__fail(ORGDB_INVALID, "role.type", "role.type must be \"organization\" where there is an owner_id");
	return orgdb__fail(ORGDB_INVALID, "role.owner_id",
		"role.owner_id is required where role.type is \"organization\": the id of an organization");
}

/* The verification host, in parts. */
struct host {
	orgdb_str parts[4];
};

static struct host host_of(const orgdb_discovery_domain *domain)
{
	return (struct host){ { ORGDB_STR(VERIFICATION_PREFIX), domain->organization_id, ORGDB_STR("."), domain->domain } };
}

static int judge_discovery_domain(const void *entity)
{
	const orgdb_discovery_domain *domain = entity;
	struct host host = host_of(domain);
	orgdb_str rest = domain->verification_host;
	bool same = true;
	for (int i = 0; i < 4 && same && rest.data; i++) {
		orgdb_str part = host.parts[i];
		same = rest.size >= part.size && memcmp(rest.data, part.data, part.size) == 0;
		rest = (orgdb_str){ rest.data + (same ? part.size : 0), rest.size - (same ? part.size : 0) };
	}
	if (!rest.data || (same && rest.size == 0))
		return 0;
	return orgdb__fail(ORGDB_INVALID, "discovery_domain.verification_host",
		"discovery_domain.verification_host must be \"%s%.*s.%.*s\", or not given", VERIFICATION_PREFIX,
		EXCERPT(domain->organization_id), EXCERPT(domain->domain));
}

static int generate_discovery_domain(void *entity, uint32_t *mask, char room[GENERATED_MAX])
{
	enum { TXT_SIZE = 32 };
	orgdb_discovery_domain *domain = entity;
	struct host host = host_of(domain);
	size_t size = 0;
	if (!(*mask & ORGDB_DISCOVERY_DOMAIN_VERIFICATION_TXT)) {
		int rc = orgdb__random_text(room, TXT_SIZE, 16);
		if (rc != 0)
			return rc;
		domain->verification_txt = (orgdb_str){ room, TXT_SIZE };
		*mask |= ORGDB_DISCOVERY_DOMAIN_VERIFICATION_TXT;
	}
	if (*mask & ORGDB_DISCOVERY_DOMAIN_VERIFICATION_HOST)
		return 0;
	room += TXT_SIZE;
	for (int i = 0; i < 4; i++) {
		if (!host.parts[i].data || host.parts[i].size > GENERATED_MAX - TXT_SIZE - size)
			return 0; /* What it is made of is refused later. */
		memcpy(room + size, host.parts[i].data, host.parts[i].size);
		size += host.parts[i].size;
	}
	domain->verification_host = (orgdb_str){ room, size };
	*mask |= ORGDB_DISCOVERY_DOMAIN_VERIFICATION_HOST;
	return 0;
}

/* ---- The kinds --------------------------------------------------------------------------------------------------- */

#define SCHEMA(kind_, object)                                                                               \
	{                                                                                                       \
		.name = #object, .kind = kind_, .struct_size = sizeof(orgdb_##object), .fields = object##_fields,   \
		.field_count = sizeof(object##_fields) / sizeof(object##_fields[0]),                                \
		.extra_offset = offsetof(orgdb_##object, extra), .fields_offset = offsetof(orgdb_##object, fields), \
	}

static const struct kind kinds[ORGDB_KINDS] = {
	[ORGDB_KIND_CONNECTION] = {
		.schema = SCHEMA(ORGDB_KIND_CONNECTION, connection),
		.records = TABLE_CONNECTIONS,
		.indexes = {
			{ TABLE_CONNECTION_IDS, &connection_fields[0], connection_id_keys },
			{ TABLE_CONNECTION_NAMES, &connection_fields[1], connection_name_keys },
			{ TABLE_CONNECTION_REALMS, &connection_fields[4], connection_realms_keys },
			{ TABLE_DOMAIN_CONNECTIONS, &connection_fields[5], connection_domain_keys },
		},
		.index_count = 4,
		.id = &connection_fields[0],
		.id_prefix = "con_",
		.id_random = 16,
		.complete = complete_connection,
	},
	[ORGDB_KIND_APPLICATION] = {
		.schema = SCHEMA(ORGDB_KIND_APPLICATION, application),
		.records = TABLE_APPLICATIONS,
		.indexes = { { TABLE_APPLICATION_IDS, &application_fields[0], application_client_id_keys } },
		.index_count = 1,
		.id = &application_fields[0],
		.id_prefix = "",
		.id_random = 32,
	},
	[ORGDB_KIND_ROLE] = {
		.schema = SCHEMA(ORGDB_KIND_ROLE, role),
		.records = TABLE_ROLES,
		.indexes = {
			{ TABLE_ROLE_IDS, &role_fields[0], role_id_keys },
			{ TABLE_ROLE_NAMES, &role_fields[1], role_name_keys },
		},
		.index_count = 2,
		.id = &role_fields[0],
		.id_prefix = "rol_",
		.id_random = 16,
		.owner = &role_fields[4],
		.owned = TABLE_ROLES_OF_ORGANIZATION,
		.owned_max = ORGDB_ORGANIZATION_ROLES_MAX,
		.owned_gone = offsetof(orgdb_cascade, roles),
		.judge = judge_role,
	},
	[ORGDB_KIND_USER] = {
		.schema = SCHEMA(ORGDB_KIND_USER, user),
		.records = TABLE_USERS,
		.indexes = { { TABLE_USER_IDS, &user_fields[0], user_user_id_keys } },
		.index_count = 1,
		.id = &user_fields[0],
		.id_prefix = "auth0|",
		.id_random = 24,
	},
	[ORGDB_KIND_ORGANIZATION] = {
		.schema = SCHEMA(ORGDB_KIND_ORGANIZATION, organization),
		.records = TABLE_ORGANIZATIONS,
		.indexes = {
			{ TABLE_ORGANIZATION_IDS, &organization_fields[0], organization_id_keys },
			{ TABLE_ORGANIZATION_NAMES, &organization_fields[1], organization_name_keys },
		},
		.index_count = 2,
		.id = &organization_fields[0],
		.id_prefix = "org_",
		.id_random = 16,
	},
	[ORGDB_KIND_EMAIL_TEMPLATE] = {
		.schema = SCHEMA(ORGDB_KIND_EMAIL_TEMPLATE, email_template),
		.records = TABLE_EMAIL_TEMPLATES,
		.indexes = { { TABLE_EMAIL_TEMPLATE_NAMES, &email_template_fields[0], email_template_name_keys } },
		.index_count = 1,
		.id = &email_template_fields[0],
		.complete = complete_email_template,
	},
	[ORGDB_KIND_DISCOVERY_DOMAIN] = {
		.schema = SCHEMA(ORGDB_KIND_DISCOVERY_DOMAIN, discovery_domain),
		.records = TABLE_DISCOVERY_DOMAINS,
		.indexes = {
			{ TABLE_DISCOVERY_DOMAIN_IDS, &discovery_domain_fields[0], discovery_domain_id_keys },
			{ TABLE_DISCOVERY_DOMAIN_NAMES, &discovery_domain_fields[2], discovery_domain_domain_keys },
			{ TABLE_DISCOVERY, &discovery_domain_fields[2], discovery_keys },
		},
		.index_count = 3,
		.id = &discovery_domain_fields[0],
		.id_prefix = "ord_",
		.id_random = 22,
		.owner = &discovery_domain_fields[1],
		.owned = TABLE_DISCOVERY_DOMAINS_OF_ORGANIZATION,
		.owned_max = ORGDB_ORGANIZATION_DOMAINS_MAX,
		.owned_gone = offsetof(orgdb_cascade, discovery_domains),
		.generate = generate_discovery_domain,
		.judge = judge_discovery_domain,
	},
	[ORGDB_KIND_INVITATION] = {
		.schema = SCHEMA(ORGDB_KIND_INVITATION, invitation),
		.records = TABLE_INVITATIONS,
		.indexes = {
			{ TABLE_INVITATION_IDS, &invitation_fields[0], invitation_id_keys },
			{ TABLE_INVITATION_TICKETS, &invitation_fields[13], invitation_ticket_id_keys },
		},
		.index_count = 2,
		.references = {
			{ &invitation_fields[4], ORGDB_KIND_APPLICATION, TABLE_INVITATIONS_OF_APPLICATION },
			{ &invitation_fields[5], ORGDB_KIND_CONNECTION, TABLE_INVITATIONS_OF_CONNECTION },
			{ &invitation_fields[6], ORGDB_KIND_ROLE, TABLE_INVITATIONS_OF_ROLE },
		},
		.reference_count = 3,
		.id = &invitation_fields[0],
		.id_prefix = "uinv_",
		.id_random = 16,
		.owner = &invitation_fields[1],
		.owned = TABLE_INVITATIONS_OF_ORGANIZATION,
		.owned_gone = offsetof(orgdb_cascade, invitations),
		.generate = orgdb__invitation_generate,
		.judge = orgdb__invitation_judge_times,
	},
	[ORGDB_KIND_APPLICATION_CONNECTION] = {
		.schema = SCHEMA(ORGDB_KIND_APPLICATION_CONNECTION, application_connection),
		.records = TABLE_APPLICATION_CONNECTIONS,
	},
	[ORGDB_KIND_ENABLED_CONNECTION] = {
		.schema = SCHEMA(ORGDB_KIND_ENABLED_CONNECTION, enabled_connection),
		.records = TABLE_ENABLED_CONNECTIONS,
	},
	[ORGDB_KIND_MEMBERSHIP] = {
		.schema = SCHEMA(ORGDB_KIND_MEMBERSHIP, membership),
		.records = TABLE_MEMBERSHIPS,
	},
	[ORGDB_KIND_ORGANIZATION_APPLICATION] = {
		.schema = SCHEMA(ORGDB_KIND_ORGANIZATION_APPLICATION, organization_application),
		.records = TABLE_ORGANIZATION_APPLICATIONS,
	},
};

const struct kind *orgdb__kind(uint32_t kind)
{
	return &kinds[kind];
}

const orgdb_schema *orgdb_schema_of(uint32_t kind)
{
	return kind < ORGDB_KINDS ? &kinds[kind].schema : NULL;
}

const orgdb_schema *orgdb_schema_named(const char *name)
{
	for (int i = 0; i < ORGDB_KINDS; i++)
		if (strcmp(kinds[i].schema.name, name) == 0)
			return &kinds[i].schema;
	return NULL;
}

const char *orgdb_organization_usage_name(uint32_t usage)
{
	return usage <= ORGDB_USAGE_REQUIRE ? usages[usage] : "unknown";
}

/* ---- Members ----------------------------------------------------------------------------------------------------- */

/* Every struct begins alike, so any of them can be seen as its head. */
#define HEAD_IS_COMMON(object)                                                    \
	_Static_assert(offsetof(object, ordinal) == offsetof(struct head, ordinal) && \
			offsetof(object, fields) == offsetof(struct head, fields) &&          \
			offsetof(object, extra) == offsetof(struct head, extra),              \
		#object " must begin with the common members")
HEAD_IS_COMMON(orgdb_connection);
HEAD_IS_COMMON(orgdb_application);
HEAD_IS_COMMON(orgdb_organization);
HEAD_IS_COMMON(orgdb_user);
HEAD_IS_COMMON(orgdb_role);
HEAD_IS_COMMON(orgdb_email_template);
HEAD_IS_COMMON(orgdb_discovery_domain);
HEAD_IS_COMMON(orgdb_invitation);
HEAD_IS_COMMON(orgdb_application_connection);
HEAD_IS_COMMON(orgdb_enabled_connection);
HEAD_IS_COMMON(orgdb_membership);
HEAD_IS_COMMON(orgdb_organization_application);

static uint32_t *fields_of(const orgdb_schema *schema, const void *object)
{
	return (uint32_t *)((char *)(uintptr_t)object + schema->fields_offset);
}

static orgdb_value *extra_of(const orgdb_schema *schema, const void *object)
{
	return (orgdb_value *)((char *)(uintptr_t)object + schema->extra_offset);
}

static bool *member_bool(const void *object, const orgdb_field *field)
{
	return (bool *)((char *)(uintptr_t)object + field->offset);
}

static uint32_t *member_choice(const void *object, const orgdb_field *field)
{
	return (uint32_t *)((char *)(uintptr_t)object + field->offset);
}

static uint64_t *member_number(const void *object, const orgdb_field *field)
{
	return (uint64_t *)((char *)(uintptr_t)object + field->offset);
}

static bool member_is_there(const void *object, const orgdb_field *field)
{
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		return member_text(object, field)->data != NULL;
	case ORGDB_TYPE_MAP:
	case ORGDB_TYPE_ARRAY:
		return member_value(object, field)->data != NULL;
	default:
		return true;
	}
}

static void copy_member(void *to, const void *from, const orgdb_field *field)
{
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		*member_text(to, field) = *member_text(from, field);
		break;
	case ORGDB_TYPE_BOOL:
		*member_bool(to, field) = *member_bool(from, field);
		break;
	case ORGDB_TYPE_CHOICE:
		*member_choice(to, field) = *member_choice(from, field);
		break;
	case ORGDB_TYPE_NUMBER:
		*member_number(to, field) = *member_number(from, field);
		break;
	default:
		*member_value(to, field) = *member_value(from, field);
	}
}

void orgdb__field_name(const orgdb_schema *schema, const char *field, char name[FIELD_NAME_MAX])
{
	snprintf(name, FIELD_NAME_MAX, "%s.%s", schema->name, field);
}

static int unexpected(const orgdb_schema *schema, const orgdb_field *field, const void *object)
{
	char name[FIELD_NAME_MAX];
	orgdb__field_name(schema, field->name, name);
	if (field->type != ORGDB_TYPE_TEXT)
		return orgdb__fail(ORGDB_INVALID, name, "%s must be %s", name, field->expectation);
	orgdb_str got = text_to_show(field, *member_text(object, field));
	return orgdb__fail(ORGDB_INVALID, name, "%s must be %s, not \"%.*s\"%s", name, field->expectation, EXCERPT(got),
		got.size > EXCERPT_MAX ? "..." : "");
}

static uint32_t known_bits(const orgdb_schema *schema)
{
	uint32_t bits = ORGDB_EXTRA;
	for (size_t i = 0; i < schema->field_count; i++)
		bits |= schema->fields[i].bit;
	return bits;
}

static int check_bits(const orgdb_schema *schema, uint32_t bits)
{
	char name[FIELD_NAME_MAX];
	orgdb__field_name(schema, "fields", name);
	if (bits & ~known_bits(schema))
		return orgdb__fail(
			ORGDB_INVALID, name, "%s has bits that no field has: 0x%x", name, bits & ~known_bits(schema));
	return 0;
}

int orgdb__schema_given(const orgdb_schema *schema, const void *object, uint32_t *given)
{
	uint32_t bits = *fields_of(schema, object);
	int rc = check_bits(schema, bits);
	if (rc != 0)
		return rc;
	if (bits == 0)
		bits = known_bits(schema);
	*given = bits;
	for (size_t i = 0; i < schema->field_count; i++)
		if (!member_is_there(object, &schema->fields[i]))
			*given &= ~schema->fields[i].bit;
	if (!extra_of(schema, object)->data)
		*given &= ~ORGDB_EXTRA;
	return 0;
}

int orgdb__schema_overlay(const orgdb_schema *schema, void *object, const void *changes)
{
	uint32_t bits = *fields_of(schema, changes);
	char name[FIELD_NAME_MAX];
	int rc = check_bits(schema, bits);
	if (rc != 0)
		return rc;
	if (bits == 0) {
		orgdb__field_name(schema, "fields", name);
		return orgdb__fail(ORGDB_INVALID, name, "%s must name the fields to change", name);
	}
	for (size_t i = 0; i < schema->field_count; i++) {
		const orgdb_field *field = &schema->fields[i];
		if (!(bits & field->bit))
			continue;
		orgdb__field_name(schema, field->name, name);
		if (field->flags & ORGDB_FIELD_IMMUTABLE)
			return orgdb__fail(ORGDB_INVALID, name, "%s never changes", name);
		copy_member(object, changes, field);
		*fields_of(schema, object) |= field->bit;
		if (!member_is_there(object, field))
			*fields_of(schema, object) &= ~field->bit;
	}
	if (bits & ORGDB_EXTRA) {
		*extra_of(schema, object) = *extra_of(schema, changes);
		*fields_of(schema, object) |= ORGDB_EXTRA;
		if (!extra_of(schema, object)->data)
			*fields_of(schema, object) &= ~ORGDB_EXTRA;
	}
	return 0;
}

void orgdb__schema_defaults(const orgdb_schema *schema, void *object)
{
	memset(object, 0, schema->struct_size);
	for (size_t i = 0; i < schema->field_count; i++) {
		const orgdb_field *field = &schema->fields[i];
		if (field->type == ORGDB_TYPE_BOOL)
			*member_bool(object, field) = field->default_value != 0;
		else if (field->type == ORGDB_TYPE_CHOICE)
			*member_choice(object, field) = field->default_value;
		else if (field->type == ORGDB_TYPE_NUMBER)
			*member_number(object, field) = field->default_value;
	}
}

/* ---- Encoding ---------------------------------------------------------------------------------------------------- */

static uint32_t tag_of(const orgdb_field *field)
{
	uint32_t tag = 0;
	while (field->bit >> tag > 1)
		tag++;
	return tag;
}

static int encode_value(struct buffer *buffer, const orgdb_schema *schema, const char *field, orgdb_value value)
{
	char name[FIELD_NAME_MAX];
	orgdb__field_name(schema, field, name);
	return orgdb__record_put_canonical(buffer, (struct bytes){ value.data, value.size }, name);
}

static int encode_member(
	struct buffer *buffer, const orgdb_schema *schema, const void *object, const orgdb_field *field)
{
	int rc = orgdb__record_put_number(buffer, tag_of(field));
	if (rc != 0)
		return rc;
	switch (field->type) {
	case ORGDB_TYPE_TEXT: {
		orgdb_str text = *member_text(object, field);
		if (text.size > ORGDB_RECORD_SIZE_MAX) /* Before copying it. */
			return unexpected(schema, field, object);
		return orgdb__record_put_text(buffer, text);
	}
	case ORGDB_TYPE_BOOL:
		return orgdb__record_put_bool(buffer, *member_bool(object, field));
	case ORGDB_TYPE_CHOICE:
		return orgdb__record_put_number(buffer, *member_choice(object, field));
	case ORGDB_TYPE_NUMBER:
		return orgdb__record_put_number(buffer, *member_number(object, field));
	default:
		return encode_value(buffer, schema, field->name, *member_value(object, field));
	}
}

int orgdb__schema_encode(const orgdb_schema *schema, const void *object, uint32_t mask, struct buffer *buffer)
{
	uint32_t count = 0;
	for (uint32_t bits = mask; bits; bits &= bits - 1)
		count++;
	int rc = orgdb__record_put_map(buffer, count);
	for (size_t i = 0; i < schema->field_count && rc == 0; i++)
		if (mask & schema->fields[i].bit)
			rc = encode_member(buffer, schema, object, &schema->fields[i]);
	if (rc == 0 && (mask & ORGDB_EXTRA)) {
		rc = orgdb__record_put_number(buffer, TAG_EXTRA);
		if (rc == 0)
			rc = encode_value(buffer, schema, "extra", *extra_of(schema, object));
	}
	if (rc == 0 && buffer->size > ORGDB_RECORD_SIZE_MAX)
		rc = orgdb__fail(ORGDB_TOO_LARGE, schema->name, "the %s needs %zu bytes; at most %d are allowed", schema->name,
			buffer->size, ORGDB_RECORD_SIZE_MAX);
	return rc;
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

static bool decode_member(struct bytes *rest, void *object, const orgdb_field *field)
{
	struct bytes value;
	if (!orgdb__record_skip(rest, &value))
		return false;
	struct bytes inside = value;
	struct record_item item;
	if (!orgdb__record_take(&inside, &item))
		return false;
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		if (item.type != RECORD_TEXT)
			return false;
		*member_text(object, field) = item.as.text;
		return true;
	case ORGDB_TYPE_BOOL:
		if (item.type != RECORD_BOOL)
			return false;
		*member_bool(object, field) = item.as.boolean;
		return true;
	case ORGDB_TYPE_CHOICE:
		if (item.type != RECORD_UNSIGNED || item.as.number > UINT32_MAX)
			return false;
		*member_choice(object, field) = (uint32_t)item.as.number;
		return true;
	case ORGDB_TYPE_NUMBER:
		if (item.type != RECORD_UNSIGNED)
			return false;
		*member_number(object, field) = item.as.number;
		return true;
	default:
		/* What it is may be the caller's mistake, so validation judges it. */
		*member_value(object, field) = (orgdb_value){ value.data, value.size };
		return true;
	}
}

static const orgdb_field *field_tagged(const orgdb_schema *schema, uint64_t tag)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (tag < TAG_EXTRA && schema->fields[i].bit == UINT32_C(1) << tag)
			return &schema->fields[i];
	return NULL;
}

bool orgdb__schema_decode(const orgdb_schema *schema, struct bytes record, void *object)
{
	orgdb__schema_defaults(schema, object);
	uint32_t *fields = fields_of(schema, object);
	uint32_t count;
	if (!orgdb__record_take_map(&record, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t tag;
		if (!orgdb__record_take_number(&record, &tag))
			return false;
		if (tag == TAG_EXTRA) {
			struct bytes extra;
			if (!orgdb__record_skip(&record, &extra))
				return false;
			*extra_of(schema, object) = (orgdb_value){ extra.data, extra.size };
			*fields |= ORGDB_EXTRA;
			continue;
		}
		const orgdb_field *field = field_tagged(schema, tag);
		if (!field || (*fields & field->bit) || !decode_member(&record, object, field))
			return false;
		*fields |= field->bit;
	}
	if (kinds[schema->kind].complete)
		kinds[schema->kind].complete(object);
	return record.size == 0;
}

/* ---- Validation -------------------------------------------------------------------------------------------------- */

static bool length_is_right(const orgdb_field *field, uint64_t length)
{
	return length >= field->length_min && (field->length_max == 0 || length <= field->length_max);
}

static bool text_is_right(const orgdb_field *field, orgdb_str text)
{
	return utf8_is_valid(text) && !memchr(text.data, 0, text.size) && length_is_right(field, utf8_length(text)) &&
		orgdb__text_obeys(field->rule, text);
}

static bool value_is_right(const orgdb_field *field, orgdb_value value)
{
	struct bytes rest = { value.data, value.size };
	struct record_item item;
	enum record_type type = field->type == ORGDB_TYPE_MAP ? RECORD_MAP : RECORD_ARRAY;
	return orgdb__record_take(&rest, &item) && item.type == type && length_is_right(field, item.as.count) &&
		orgdb__value_obeys(field->rule, (struct bytes){ value.data, value.size });
}

static uint32_t choice_count(const orgdb_field *field)
{
	uint32_t count = 0;
	while (field->choices[count])
		count++;
	return count;
}

static bool member_is_right(const void *object, const orgdb_field *field)
{
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		return text_is_right(field, *member_text(object, field));
	case ORGDB_TYPE_BOOL:
		return true;
	case ORGDB_TYPE_CHOICE:
		return *member_choice(object, field) < choice_count(field);
	case ORGDB_TYPE_NUMBER:
		return length_is_right(field, *member_number(object, field));
	default:
		return value_is_right(field, *member_value(object, field));
	}
}

/* Unknown fields must stay unknown: one that has a known field's name would come back as that field. */
static int validate_extra(const orgdb_schema *schema, orgdb_value extra)
{
	char name[FIELD_NAME_MAX];
	orgdb__field_name(schema, "extra", name);
	struct bytes rest = { extra.data, extra.size }, value;
	uint32_t count;
	if (!orgdb__record_take_map(&rest, &count))
		return orgdb__fail(ORGDB_INVALID, name, "%s must be a map", name);
	for (uint32_t i = 0; i < count; i++) {
		orgdb_str key;
		if (!orgdb__record_take_text(&rest, &key) || !orgdb__record_skip(&rest, &value))
			return orgdb__fail(ORGDB_INVALID, name, "%s must be a map", name);
		/* In JSON a line has a kind, and a membership its roles. */
		bool known = orgdb_str_equal(key, orgdb_string("kind")) ||
			(schema->kind == ORGDB_KIND_MEMBERSHIP && orgdb_str_equal(key, orgdb_string("roles")));
		for (size_t f = 0; f < schema->field_count; f++)
			known |= orgdb_str_equal(key, orgdb_string(schema->fields[f].name));
		if (known)
			return orgdb__fail(
				ORGDB_INVALID, name, "%s must not hold \"%.*s\", which is a field of its own", name, EXCERPT(key));
	}
	return 0;
}

bool orgdb__extra_is_right(const orgdb_schema *schema, const void *object)
{
	bool there = *fields_of(schema, object) & ORGDB_EXTRA;
	return !there || validate_extra(schema, *extra_of(schema, object)) == 0;
}

static int missing(const orgdb_schema *schema, const orgdb_field *field)
{
	char name[FIELD_NAME_MAX];
	orgdb__field_name(schema, field->name, name);
	return orgdb__fail(ORGDB_INVALID, name, "%s is required: %s", name, field->expectation);
}

int orgdb__schema_validate(const orgdb_schema *schema, const void *object)
{
	uint32_t stored = *fields_of(schema, object);
	for (size_t i = 0; i < schema->field_count; i++) {
		const orgdb_field *field = &schema->fields[i];
		bool given = stored & field->bit;
		if (given && !member_is_right(object, field))
			return unexpected(schema, field, object);
		if (!given && (field->flags & ORGDB_FIELD_REQUIRED))
			return missing(schema, field);
	}
	int rc = (stored & ORGDB_EXTRA) ? validate_extra(schema, *extra_of(schema, object)) : 0;
	return rc == 0 && kinds[schema->kind].judge ? kinds[schema->kind].judge(object) : rc;
}
