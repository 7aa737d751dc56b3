/*
 * Template variables: what an email template may say about whom and what a mail is about.
 *
 * They are one map, put together from the store and from what the caller knows. What is absent has no key, so that
 * templates can ask for it; what a template must not know (see the occasions in rules.c) is left out. Text is as it is:
 * escaping it for HTML is the template's business.
 *
 * SPDX-License-Identifier: MIT
 */
#include "entity.h"
#include "error.h"
#include "rules.h"
#include "utf8.h"

/* ---- Maps in the making ------------------------------------------------------------------------------------------ */

/* The members as they will stand behind the map's header. The first failure sticks. */
struct map {
	struct buffer members;
	uint32_t count;
	int rc;
};

static void put_key(struct map *map, const char *key)
{
	map->count++;
	if (map->rc == 0)
		map->rc = orgdb__record_put_text(&map->members, orgdb_string(key));
}

static void put_text(struct map *map, const char *key, orgdb_str text)
{
	if (!text.data)
		return;
	if (map->rc == 0 && !utf8_is_valid(text))
		map->rc = orgdb__fail(ORGDB_INVALID, key, "%s must be UTF-8 text without NUL", key);
	put_key(map, key);
	if (map->rc == 0)
		map->rc = orgdb__record_put_text(&map->members, text);
}

static void put_bool(struct map *map, const char *key, bool truth)
{
	put_key(map, key);
	if (map->rc == 0)
		map->rc = orgdb__record_put_bool(&map->members, truth);
}

/* A value from the store, which is in canonical form. */
static void put_value(struct map *map, const char *key, orgdb_value value)
{
	if (!value.data)
		return;
	put_key(map, key);
	if (map->rc == 0)
		map->rc = orgdb__buffer_append(&map->members, value.data, value.size);
}

/* As one value, behind what `buffer` holds. */
static int append_map(struct buffer *buffer, const struct map *map)
{
	int rc = map->rc == 0 ? orgdb__record_put_map(buffer, map->count) : map->rc;
	return rc == 0 ? orgdb__buffer_append(buffer, map->members.data, map->members.size) : rc;
}

/* A map that has no members is absent. */
static void put_map(struct map *map, const char *key, const struct map *inner)
{
	if (map->rc == 0)
		map->rc = inner->rc;
	if (inner->count == 0)
		return;
	put_key(map, key);
	if (map->rc == 0)
		map->rc = append_map(&map->members, inner);
}

static void put_and_free(struct map *map, const char *key, struct map *inner)
{
	put_map(map, key, inner);
	orgdb__buffer_free(&inner->members);
}

static bool has_key(const struct map *map, orgdb_str key)
{
	struct bytes rest = { map->members.data, map->members.size }, value;
	orgdb_str found;
	while (orgdb__record_take_text(&rest, &found) && orgdb__record_skip(&rest, &value))
		if (orgdb_str_equal(found, key))
			return true;
	return false;
}

/* ---- The parts --------------------------------------------------------------------------------------------------- */

struct context {
	orgdb_txn *txn;
	const orgdb_template_options *options;
	uint32_t variables; /* Those that the template has. */
	struct map top;
};

static orgdb_value member_of(orgdb_value map, const char *key)
{
	struct bytes found;
	if (!map.data || !orgdb__record_find((struct bytes){ map.data, map.size }, orgdb_string(key), &found))
		return (orgdb_value){ NULL, 0 };
	return (orgdb_value){ found.data, found.size };
}

/* Absent for what is no text, such as the null that a logo may be. */
static orgdb_str text_of(orgdb_value value)
{
	struct bytes rest = { value.data, value.size };
	orgdb_str text;
	return value.data && orgdb__record_take_text(&rest, &text) ? text : (orgdb_str){ NULL, 0 };
}

static void put_branding(struct map *map, orgdb_value branding)
{
	static const char *const names[] = { "primary", "page_background" };
	struct map made = { 0 }, colors = { 0 };
	put_text(&made, "logo_url", text_of(member_of(branding, "logo_url")));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_text(&colors, names[i], text_of(member_of(member_of(branding, "colors"), names[i])));
	put_and_free(&made, "colors", &colors);
	put_and_free(map, "branding", &made);
}

static void add_organization(struct context *context)
{
	orgdb_organization organization;
	struct map map = { 0 };
	if (!context->options->organization_id) {
		if (context->variables & VARIABLE_INVITATION)
			context->top.rc = orgdb__fail(
				ORGDB_INVALID, "organization_id", "organization_id is required: an invitation is to an organization");
		return;
	}
	map.rc = orgdb_organization_get(context->txn, context->options->organization_id, &organization);
	if (map.rc == 0) {
		put_text(&map, "id", organization.id);
		put_text(&map, "name", organization.name);
		put_text(&map, "display_name", organization.display_name);
		put_value(&map, "metadata", organization.metadata);
		put_branding(&map, organization.branding);
	}
	put_and_free(&context->top, "organization", &map);
}

/* Scheme, host and port of the first callback. */
static orgdb_str callback_domain(orgdb_value callbacks)
{
	struct bytes rest = { callbacks.data, callbacks.size };
	uint32_t count;
	orgdb_str uri;
	if (!callbacks.data || !orgdb__record_take_array(&rest, &count) || count == 0 ||
		!orgdb__record_take_text(&rest, &uri))
		return (orgdb_str){ NULL, 0 };
	size_t host = 0;
	while (host < uri.size && (host < 3 || memcmp(uri.data + host - 3, "://", 3) != 0))
		host++;
	size_t end = host;
	while (end < uri.size && !strchr("/?#", uri.data[end]))
		end++;
	return end > host ? (orgdb_str){ uri.data, end } : (orgdb_str){ NULL, 0 };
}

static void add_application(struct context *context)
{
	orgdb_application application;
	struct map map = { 0 };
	if (!context->options->client_id)
		return;
	map.rc = orgdb_application_get(context->txn, context->options->client_id, &application);
	if (map.rc == 0) {
		put_text(&map, "name", application.name);
		put_text(&map, "clientID", application.client_id);
		put_text(&map, "callback_domain", callback_domain(application.callbacks));
		if (!context->options->for_result_url) {
			put_value(&map, "client_metadata", application.client_metadata);
			put_map(&context->top, "client", &map); /* Its name of old. */
		}
	}
	put_and_free(&context->top, "application", &map);
}

static void add_connection(struct context *context)
{
	orgdb_connection connection;
	struct map map = { 0 };
	if (!context->options->connection_id || !(context->variables & VARIABLE_CONNECTION))
		return;
	map.rc = orgdb_connection_get(context->txn, context->options->connection_id, &connection);
	if (map.rc == 0)
		put_text(&map, "name", connection.name);
	put_and_free(&context->top, "connection", &map);
}

static void put_user(struct map *map, const orgdb_user *user)
{
	put_bool(map, "email_verified", user->email_verified);
	put_text(map, "name", user->name);
	put_text(map, "given_name", user->given_name);
	put_text(map, "family_name", user->family_name);
	put_text(map, "nickname", user->nickname);
	put_text(map, "picture", user->picture);
	put_value(map, "app_metadata", user->app_metadata);
	put_value(map, "user_metadata", user->user_metadata);
}

static void add_user(struct context *context)
{
	const orgdb_template_options *options = context->options;
	orgdb_user user = ORGDB_USER_INIT;
	struct map map = { 0 };
	user.email = orgdb_string(options->user_email);
	if (options->user_id)
		map.rc = orgdb_user_get(context->txn, options->user_id, &user);
	if (map.rc == 0)
		put_text(&map, "email", user.email);
	if (map.rc == 0 && options->user_id && (context->variables & VARIABLE_USER))
		put_user(&map, &user);
	if (context->variables & VARIABLE_PLACE) {
		put_text(&map, "source_ip", orgdb_string(options->source_ip));
		put_text(&map, "city", orgdb_string(options->city));
		put_text(&map, "country", orgdb_string(options->country));
	}
	put_and_free(&context->top, "user", &map);
}

/* A map of the caller's, in canonical form behind what `buffer` holds; `map` views it. */
static int take_map(struct buffer *buffer, orgdb_value given, const char *name, struct bytes *map)
{
	struct record_item item;
	int rc = orgdb__record_put_canonical(buffer, (struct bytes){ given.data, given.size }, name);
	struct bytes rest = *map = (struct bytes){ buffer->data, buffer->size };
	if (rc == 0 && (!orgdb__record_take(&rest, &item) || item.type != RECORD_MAP))
		rc = orgdb__fail(ORGDB_INVALID, name, "%s must be a map", name);
	return rc;
}

static void add_custom_domain(struct context *context)
{
	orgdb_value metadata = context->options->custom_domain_metadata;
	struct map map = { 0 };
	struct buffer buffer = { 0 };
	struct bytes taken;
	put_text(&map, "domain", orgdb_string(context->options->custom_domain));
	if (metadata.data && map.rc == 0) {
		map.rc = take_map(&buffer, metadata, "custom_domain_metadata", &taken);
		put_value(&map, "domain_metadata", (orgdb_value){ taken.data, taken.size });
	}
	orgdb__buffer_free(&buffer);
	put_and_free(&context->top, "custom_domain", &map);
}

/* Variables that are what the caller says, and what a template must have to be told. */
static const struct {
	const char *name;
	size_t offset;
	uint32_t needs;
} texts[] = {
	{ "request_language", offsetof(orgdb_template_options, request_language), 0 },
	{ "tenant", offsetof(orgdb_template_options, tenant), 0 },
	{ "friendly_name", offsetof(orgdb_template_options, friendly_name), 0 },
	{ "support_email", offsetof(orgdb_template_options, support_email), 0 },
	{ "support_url", offsetof(orgdb_template_options, support_url), 0 },
	{ "url", offsetof(orgdb_template_options, url), VARIABLE_URL },
	{ "code", offsetof(orgdb_template_options, code), VARIABLE_CODE },
	{ "link", offsetof(orgdb_template_options, link), VARIABLE_LINK },
	{ "send", offsetof(orgdb_template_options, send), VARIABLE_OPERATION },
	{ "operation", offsetof(orgdb_template_options, operation), VARIABLE_OPERATION },
};

static void add_texts(struct context *context)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const void *member = (const char *)context->options + texts[i].offset;
		if ((context->variables & texts[i].needs) == texts[i].needs)
			put_text(&context->top, texts[i].name, orgdb_string(*(const char *const *)member));
	}
}

static int append_role(struct context *context, struct buffer *buffer, const char *id)
{
	orgdb_role role;
	struct map map = { 0 };
	map.rc = orgdb_role_get(context->txn, id, &role);
	if (map.rc == 0) {
		put_text(&map, "id", role.id);
		put_text(&map, "name", role.name);
		put_text(&map, "description", role.description);
	}
	int rc = append_map(buffer, &map);
	orgdb__buffer_free(&map.members);
	return rc;
}

static void add_invitation(struct context *context)
{
	const orgdb_template_options *options = context->options;
	struct map *top = &context->top, inviter = { 0 };
	if (!(context->variables & VARIABLE_INVITATION))
		return;
	put_text(&inviter, "name", orgdb_string(options->inviter_name));
	put_and_free(top, "inviter", &inviter);
	if (options->role_count == 0)
		return;
	put_key(top, "roles");
	if (top->rc == 0)
		top->rc = orgdb__record_put_array(&top->members, (uint32_t)options->role_count);
	for (size_t i = 0; i < options->role_count && top->rc == 0; i++)
		top->rc = append_role(context, &top->members, options->role_ids[i]);
}

/* Last, when it is known what is there already. */
static void add_extra(struct context *context)
{
	struct map *top = &context->top;
	struct buffer buffer = { 0 };
	struct bytes rest, value;
	uint32_t count = 0;
	orgdb_str key;
	if (!context->options->extra.data)
		return;
	top->rc = take_map(&buffer, context->options->extra, "extra", &rest);
	if (top->rc == 0)
		orgdb__record_take_map(&rest, &count);
	for (struct bytes at = rest; count > 0 && orgdb__record_take_text(&at, &key) && orgdb__record_skip(&at, &value);)
		if (has_key(top, key))
			top->rc = orgdb__fail(
				ORGDB_INVALID, "extra", "extra must not hold \"%.*s\", which is a variable of its own", EXCERPT(key));
	if (top->rc == 0)
		top->rc = orgdb__buffer_append(&top->members, rest.data, rest.size);
	top->count += count;
	orgdb__buffer_free(&buffer);
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

static int check_options(const char *template_name, const orgdb_template_options *options, uint32_t *variables)
{
	if (options->size != sizeof(*options))
		return orgdb__fail(ORGDB_INVALID, "options.size",
			"options.size must be %zu, as ORGDB_TEMPLATE_OPTIONS_INIT sets it", sizeof(*options));
	if (options->role_count > UINT16_MAX)
		return orgdb__fail(ORGDB_TOO_LARGE, "role_count", "role_count must be at most %d", UINT16_MAX);
	if (!orgdb__email_template_variables(orgdb_string(template_name), variables))
		return orgdb__fail(ORGDB_INVALID, "template", "template must be the name of an email template, not \"%.*s\"",
			EXCERPT(orgdb_string(template_name)));
	return 0;
}

static void put_together(struct context *context)
{
	static void (*const parts[])(struct context * context) = { add_organization, add_application, add_connection,
		add_user, add_custom_domain, add_texts, add_invitation, add_extra };
	if (context->options->for_result_url) {
		add_application(context);
		return;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && context->top.rc == 0; i++)
		parts[i](context);
}

static int hand_out(const struct buffer *made, void *buffer, size_t capacity, orgdb_value *out)
{
	*out = (orgdb_value){ NULL, made->size };
	if (made->size > capacity)
		return orgdb__fail(
			ORGDB_TRUNCATED, "", "the variables need %zu bytes and the buffer has %zu", made->size, capacity);
	memcpy(buffer, made->data, made->size);
	out->data = buffer;
	return 0;
}

int orgdb_template_context(orgdb_txn *txn, const char *template_name, const orgdb_template_options *given, void *buffer,
	size_t capacity, orgdb_value *out)
{
	const orgdb_template_options none = ORGDB_TEMPLATE_OPTIONS_INIT;
	struct context context = { .txn = txn, .options = given ? given : &none };
	struct buffer made = { 0 };
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = check_options(template_name, context.options, &context.variables);
	if (rc != 0)
		return rc;
	put_together(&context);
	rc = append_map(&made, &context.top);
	if (rc == 0)
		rc = hand_out(&made, buffer, capacity, out);
	orgdb__buffer_free(&context.top.members);
	orgdb__buffer_free(&made);
	return rc;
}
