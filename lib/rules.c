/*
 * Rules: what a field's content must obey beyond its type and length.
 *
 * SPDX-License-Identifier: MIT
 */
#include "rules.h"

#include <stdlib.h>

#include "error.h"
#include "moment.h"
#include "record.h"
#include "utf8.h"

/* ---- Strategies -------------------------------------------------------------------------------------------------- */

struct strategy {
	const char *name;
	orgdb_connection_kind kind;
};

/* In byte order of the names. */
static const struct strategy strategies[] = {
	{ "ad", ORGDB_ENTERPRISE },
	{ "adfs", ORGDB_ENTERPRISE },
	{ "amazon", ORGDB_SOCIAL },
	{ "apple", ORGDB_SOCIAL },
	{ "auth0", ORGDB_DATABASE },
	{ "auth0-adldap", ORGDB_ENTERPRISE },
	{ "auth0-oidc", ORGDB_ENTERPRISE },
	{ "baidu", ORGDB_SOCIAL },
	{ "bitbucket", ORGDB_SOCIAL },
	{ "bitly", ORGDB_SOCIAL },
	{ "box", ORGDB_SOCIAL },
	{ "custom", ORGDB_ENTERPRISE },
	{ "daccount", ORGDB_SOCIAL },
	{ "dropbox", ORGDB_SOCIAL },
	{ "dwolla", ORGDB_SOCIAL },
	{ "email", ORGDB_PASSWORDLESS },
	{ "evernote", ORGDB_SOCIAL },
	{ "evernote-sandbox", ORGDB_SOCIAL },
	{ "exact", ORGDB_SOCIAL },
	{ "facebook", ORGDB_SOCIAL },
	{ "fitbit", ORGDB_SOCIAL },
	{ "github", ORGDB_SOCIAL },
	{ "google-apps", ORGDB_ENTERPRISE },
	{ "google-oauth2", ORGDB_SOCIAL },
	{ "instagram", ORGDB_SOCIAL },
	{ "ip", ORGDB_ENTERPRISE },
	{ "line", ORGDB_SOCIAL },
	{ "linkedin", ORGDB_SOCIAL },
	{ "oauth1", ORGDB_SOCIAL },
	{ "oauth2", ORGDB_SOCIAL },
	{ "office365", ORGDB_ENTERPRISE },
	{ "oidc", ORGDB_ENTERPRISE },
	{ "okta", ORGDB_ENTERPRISE },
	{ "paypal", ORGDB_SOCIAL },
	{ "paypal-sandbox", ORGDB_SOCIAL },
	{ "pingfederate", ORGDB_ENTERPRISE },
	{ "planningcenter", ORGDB_SOCIAL },
	{ "salesforce", ORGDB_SOCIAL },
	{ "salesforce-community", ORGDB_SOCIAL },
	{ "salesforce-sandbox", ORGDB_SOCIAL },
	{ "samlp", ORGDB_ENTERPRISE },
	{ "sharepoint", ORGDB_ENTERPRISE },
	{ "shop", ORGDB_SOCIAL },
	{ "shopify", ORGDB_SOCIAL },
	{ "sms", ORGDB_PASSWORDLESS },
	{ "soundcloud", ORGDB_SOCIAL },
	{ "thirtysevensignals", ORGDB_SOCIAL },
	{ "twitter", ORGDB_SOCIAL },
	{ "untappd", ORGDB_SOCIAL },
	{ "vkontakte", ORGDB_SOCIAL },
	{ "waad", ORGDB_ENTERPRISE },
	{ "weibo", ORGDB_SOCIAL },
	{ "windowslive", ORGDB_SOCIAL },
	{ "wordpress", ORGDB_SOCIAL },
	{ "yahoo", ORGDB_SOCIAL },
	{ "yandex", ORGDB_SOCIAL },
};

static int compare_strategy(const void *key, const void *element)
{
	const orgdb_str *text = key;
	const char *name = ((const struct strategy *)element)->name;
	size_t size = strlen(name), shorter = text->size < size ? text->size : size;
	int order = memcmp(text->data, name, shorter);
	return order != 0 ? order : (text->size > size) - (text->size < size);
}

bool orgdb__strategy_kind(orgdb_str strategy, orgdb_connection_kind *kind)
{
	if (!strategy.data)
		return false;
	const struct strategy *found = bsearch(
		&strategy, strategies, sizeof(strategies) / sizeof(strategies[0]), sizeof(strategies[0]), compare_strategy);
	if (found)
		*kind = found->kind;
	return found != NULL;
}

int orgdb_strategy_kind(const char *strategy, orgdb_connection_kind *out)
{
	if (orgdb__strategy_kind(orgdb_string(strategy), out))
		return 0;
	return orgdb__fail(ORGDB_NOT_FOUND, "connection.strategy", "unknown strategy \"%.60s\"", strategy);
}

const char *orgdb_connection_kind_name(uint32_t kind)
{
	static const char *const names[] = { "database", "social", "enterprise", "passwordless" };
	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

/* ---- Email templates --------------------------------------------------------------------------------------------- */

/* What most may say. */
#define COMMON (VARIABLE_USER | VARIABLE_CONNECTION)

/* Each occasion for a mail. */
static const struct {
	const char *name;
	uint32_t variables;
} occasions[] = {
	{ "verify_email", COMMON | VARIABLE_URL },
	{ "verify_email_by_code", COMMON | VARIABLE_CODE },
	{ "auth_email_by_code", VARIABLE_CONNECTION | VARIABLE_CODE | VARIABLE_LINK | VARIABLE_OPERATION },
	{ "reset_email", COMMON | VARIABLE_URL },
	{ "reset_email_by_code", COMMON | VARIABLE_CODE },
	{ "welcome_email", COMMON },
	{ "blocked_account", COMMON | VARIABLE_URL | VARIABLE_PLACE },
	{ "stolen_credentials", COMMON },
	{ "enrollment_email", VARIABLE_USER | VARIABLE_LINK },
	{ "mfa_oob_code", COMMON | VARIABLE_CODE },
	{ "user_invitation", COMMON | VARIABLE_URL | VARIABLE_INVITATION },
	{ "async_approval", COMMON },
	{ "change_password", COMMON | VARIABLE_URL },
	{ "password_reset", COMMON | VARIABLE_URL },
};

bool orgdb__email_template_variables(orgdb_str name, uint32_t *variables)
{
	for (size_t i = 0; i < sizeof(occasions) / sizeof(occasions[0]); i++)
		if (orgdb_str_equal(name, orgdb_string(occasions[i].name))) {
			*variables = occasions[i].variables;
			return true;
		}
	return false;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_hexadecimal(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_white_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool starts_with(orgdb_str text, const char *prefix)
{
	size_t size = strlen(prefix);
	return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

/* Is every character from `from` on alphanumeric or in `others`? */
static bool consists_of(orgdb_str text, size_t from, bool (*letter)(char), const char *others)
{
	for (size_t i = from; i < text.size; i++)
		if (!letter(text.data[i]) && !strchr(others, text.data[i]))
			return false;
	return true;
}

static bool is_lower_or_digit(char c)
{
	return is_lower(c) || is_digit(c);
}

static bool is_prefixed_id(orgdb_str text, const char *prefix)
{
	return starts_with(text, prefix) && consists_of(text, strlen(prefix), is_alphanumeric, "");
}

static bool is_connection_name(orgdb_str text)
{
	if (text.data[0] == '-' || text.data[text.size - 1] == '-')
		return false;
	for (size_t i = 1; i < text.size; i++)
		if (text.data[i] == '-' && text.data[i - 1] == '-')
			return false;
	return consists_of(text, 0, is_alphanumeric, "-");
}

static bool is_organization_name(orgdb_str text)
{
	return !starts_with(text, "org_") && is_lower_or_digit(text.data[0]) &&
		is_lower_or_digit(text.data[text.size - 1]) && consists_of(text, 0, is_lower_or_digit, "-_");
}

static bool is_user_id(orgdb_str text)
{
	size_t bar = text.size;
	while (bar > 0 && text.data[bar - 1] != '|')
		bar--;
	if (bar < 2)
		return false;
	orgdb_str local = { text.data + bar, text.size - bar };
	for (size_t i = 0; i < local.size; i++)
		if (is_white_space(local.data[i]))
			return false;
	size_t length = utf8_length(local);
	return length >= 1 && length <= 255;
}

static bool has_no_space_or_control(orgdb_str text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] <= 0x20 || text.data[i] == 0x7f)
			return false;
	return true;
}

static bool is_https_uri(orgdb_str text)
{
	return starts_with(text, "https://") && text.size > strlen("https://") && has_no_space_or_control(text);
}

static bool is_email(orgdb_str text)
{
	const char *at = memchr(text.data, '@', text.size);
	return at && at > text.data && at < text.data + text.size - 1 && has_no_space_or_control(text);
}

/* A label of a domain: up to 63 letters, digits and inner '-'. */
static bool is_label(orgdb_str label)
{
	return label.size >= 1 && label.size <= 63 && label.data[0] != '-' && label.data[label.size - 1] != '-' &&
		consists_of(label, 0, is_alphanumeric, "-");
}

/* Two labels or more. */
static bool is_domain(orgdb_str text)
{
	const char *end = text.data + text.size, *dot = memchr(text.data, '.', text.size);
	if (!dot)
		return false;
	for (; dot; dot = memchr(text.data, '.', text.size)) {
		if (!is_label((orgdb_str){ text.data, (size_t)(dot - text.data) }))
			return false;
		text = (orgdb_str){ dot + 1, (size_t)(end - dot - 1) };
	}
	return is_label(text);
}

static bool has_no_angle_brackets(orgdb_str text)
{
	return !memchr(text.data, '<', text.size) && !memchr(text.data, '>', text.size);
}

bool orgdb__text_obeys(uint32_t rule, orgdb_str text)
{
	switch (rule) {
	case RULE_CONNECTION_ID:
		return is_prefixed_id(text, "con_");
	case RULE_ORGANIZATION_ID:
		return is_prefixed_id(text, "org_");
	case RULE_ROLE_ID:
		return is_prefixed_id(text, "rol_");
	case RULE_DISCOVERY_DOMAIN_ID:
		return is_prefixed_id(text, "ord_");
	case RULE_INVITATION_ID:
		return is_prefixed_id(text, "uinv_");
	case RULE_CLIENT_ID:
		return consists_of(text, 0, is_alphanumeric, "-_");
	case RULE_USER_ID:
		return is_user_id(text);
	case RULE_CONNECTION_NAME:
		return is_connection_name(text);
	case RULE_ORGANIZATION_NAME:
		return is_organization_name(text);
	case RULE_STRATEGY: {
		orgdb_connection_kind kind;
		return orgdb__strategy_kind(text, &kind);
	}
	case RULE_IDENTIFIER:
		return consists_of(text, 0, is_lower_or_digit, "_");
	case RULE_NO_ANGLE_BRACKETS:
		return has_no_angle_brackets(text);
	case RULE_HTTPS_URI_OR_EMPTY:
		return text.size == 0 || is_https_uri(text);
	case RULE_EMAIL:
		return is_email(text);
	case RULE_EMAIL_TEMPLATE:
		return orgdb__email_template_variables(text, &(uint32_t){ 0 });
	case RULE_DOMAIN:
		return is_domain(text);
	case RULE_HEXADECIMAL:
		return consists_of(text, 0, is_hexadecimal, "");
	case RULE_MOMENT: {
		uint64_t milliseconds;
		return orgdb__moment_read(text, &milliseconds);
	}
	case RULE_TICKET:
		return consists_of(text, 0, is_alphanumeric, "");
	default:
		return true;
	}
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static bool length_between(orgdb_str text, size_t least, size_t most)
{
	size_t length = utf8_length(text);
	return length >= least && length <= most;
}

/* An array of at most `most` texts, each of `least_length` to `most_length` characters. */
static bool is_texts(struct bytes value, uint32_t most, size_t least_length, size_t most_length)
{
	uint32_t count;
	if (!orgdb__record_take_array(&value, &count) || count > most)
		return false;
	orgdb_str text;
	for (uint32_t i = 0; i < count; i++)
		if (!orgdb__record_take_text(&value, &text) || !length_between(text, least_length, most_length))
			return false;
	return true;
}

/* Quadratic, for arrays of a handful. */
static bool texts_differ(struct bytes value)
{
	uint32_t count;
	if (!orgdb__record_take_array(&value, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		orgdb_str text, other;
		if (!orgdb__record_take_text(&value, &text))
			return false;
		struct bytes rest = value;
		for (uint32_t j = i + 1; j < count; j++)
			if (!orgdb__record_take_text(&rest, &other) || orgdb_str_equal(text, other))
				return false;
	}
	return true;
}

static bool is_metadata(struct bytes value)
{
	uint32_t count;
	if (!orgdb__record_take_map(&value, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		orgdb_str key;
		struct record_item item;
		if (!orgdb__record_take_text(&value, &key) || !length_between(key, 0, 255) ||
			!orgdb__record_take(&value, &item))
			return false;
		bool text = item.type == RECORD_TEXT && length_between(item.as.text, 0, 255);
		if (!text && item.type != RECORD_NIL)
			return false;
	}
	return true;
}

static bool find(struct bytes map, const char *key, struct bytes *value)
{
	return orgdb__record_find(map, orgdb_string(key), value);
}

static bool is_connection_options(struct bytes value)
{
	struct bytes aliases;
	return !find(value, "domain_aliases", &aliases) || is_texts(aliases, 1000, 0, 255);
}

static bool is_discovery_methods(struct bytes value)
{
	struct bytes rest = value;
	uint32_t count;
	if (!texts_differ(value) || !orgdb__record_take_array(&rest, &count))
		return false;
	orgdb_str text;
	for (uint32_t i = 0; i < count; i++)
		if (!orgdb__record_take_text(&rest, &text) ||
			(!orgdb_str_equal(text, orgdb_string("email")) &&
				!orgdb_str_equal(text, orgdb_string("organization_name"))))
			return false;
	return true;
}

static bool is_color(struct bytes map, const char *key)
{
	struct bytes value;
	orgdb_str text;
	if (!find(map, key, &value) || !orgdb__record_take_text(&value, &text))
		return false;
	return (text.size == 4 || text.size == 7) && text.data[0] == '#' && consists_of(text, 1, is_hexadecimal, "");
}

static bool is_branding(struct bytes value)
{
	struct bytes logo, colors;
	struct record_item item;
	if (find(value, "logo_url", &logo) &&
		(!orgdb__record_take(&logo, &item) ||
			(item.type != RECORD_NIL && (item.type != RECORD_TEXT || !is_https_uri(item.as.text)))))
		return false;
	return !find(value, "colors", &colors) || (is_color(colors, "primary") && is_color(colors, "page_background"));
}

static bool is_quota_limit(struct bytes map, const char *key, bool *there)
{
	struct bytes value;
	uint64_t limit;
	if (!find(map, key, &value))
		return true;
	*there = true;
	return orgdb__record_take_number(&value, &limit) && limit >= 1 && limit <= INT32_MAX;
}

static bool is_token_quota(struct bytes value)
{
	struct bytes credentials, enforce;
	struct record_item item;
	uint32_t count;
	if (!find(value, "client_credentials", &credentials))
		return false;
	struct bytes rest = credentials;
	if (!orgdb__record_take_map(&rest, &count))
		return false;
	bool there = find(credentials, "enforce", &enforce);
	if (there && (!orgdb__record_take(&enforce, &item) || item.type != RECORD_BOOL))
		return false;
	return is_quota_limit(credentials, "per_day", &there) && is_quota_limit(credentials, "per_hour", &there) && there;
}

static bool find_text(struct bytes map, const char *key, orgdb_str *text)
{
	struct bytes value;
	return find(map, key, &value) && orgdb__record_take_text(&value, text);
}

static bool is_inviter(struct bytes value)
{
	orgdb_str name;
	return find_text(value, "name", &name) && length_between(name, 1, 300);
}

static bool is_invitee(struct bytes value)
{
	orgdb_str email;
	return find_text(value, "email", &email) && length_between(email, 3, 320) && is_email(email);
}

static bool are_role_ids(struct bytes value)
{
	struct bytes rest = value;
	uint32_t count;
	if (!orgdb__record_take_array(&rest, &count))
		return false;
	orgdb_str id;
	for (uint32_t i = 0; i < count; i++)
		if (!orgdb__record_take_text(&rest, &id) || id.size != 20 || !is_prefixed_id(id, "rol_"))
			return false;
	return texts_differ(value);
}

bool orgdb__value_obeys(uint32_t rule, struct bytes value)
{
	switch (rule) {
	case RULE_TEXTS:
		return is_texts(value, UINT32_MAX, 0, SIZE_MAX);
	case RULE_REALMS:
		return is_texts(value, UINT32_MAX, 1, 255) && texts_differ(value);
	case RULE_METADATA:
		return is_metadata(value);
	case RULE_CONNECTION_OPTIONS:
		return is_connection_options(value);
	case RULE_DISCOVERY_METHODS:
		return is_discovery_methods(value);
	case RULE_BRANDING:
		return is_branding(value);
	case RULE_TOKEN_QUOTA:
		return is_token_quota(value);
	case RULE_INVITER:
		return is_inviter(value);
	case RULE_INVITEE:
		return is_invitee(value);
	case RULE_ROLE_IDS:
		return are_role_ids(value);
	default:
		return true;
	}
}
