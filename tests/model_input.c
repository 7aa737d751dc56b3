/*
 * Random input for the model test.
 *
 * SPDX-License-Identifier: MIT
 */
#include "model_input.h"

#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE (UINT32_C(4) << 20) /* The largest fault is somewhat more than one record: 1 MiB. */

/* ---- Random numbers ---------------------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t mix(uint64_t state)
{
	state = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	state = (state ^ (state >> 27)) * UINT64_C(0x94d049bb133111eb);
	return state ^ (state >> 31);
}

/* Two bytes, which is enough for nearly every choice. */
static uint64_t take_choice(struct input *input)
{
	uint64_t choice = *input->script++;
	if (--input->script_size == 0)
		return choice;
	input->script_size--;
	return choice << 8 | *input->script++;
}

uint64_t input_random(struct input *input)
{
	if (input->script_size > 0)
		return take_choice(input);
	return mix(input->state += UINT64_C(0x9e3779b97f4a7c15));
}

uint32_t input_below(struct input *input, uint32_t limit)
{
	return limit ? (uint32_t)(input_random(input) % limit) : 0;
}

bool input_chance(struct input *input, uint32_t percent)
{
	return input_below(input, 100) < percent;
}

/* Lengths are mostly short, and now and then just at a limit. */
static uint32_t some_length(struct input *input, uint32_t least, uint32_t most)
{
	switch (input_below(input, 20)) {
	case 0:
		return least;
	case 1:
		return most;
	default:
		return least + input_below(input, most - least < 12 ? most - least + 1 : 12);
	}
}

/* ---- The buffer -------------------------------------------------------------------------------------------------- */

void input_open(struct input *input, uint64_t seed)
{
	*input = (struct input){ .state = mix(seed), .buffer = malloc(BUFFER_SIZE) };
	if (!input->buffer)
		abort();
}

void input_close(struct input *input)
{
	free(input->buffer);
	input->buffer = NULL;
}

void input_reset(struct input *input)
{
	input->used = 0;
}

/* Append to the buffer; also the way in which msgpack-c writes. */
static int append(void *context, const char *data, size_t size)
{
	struct input *input = context;
	if (size > BUFFER_SIZE - input->used)
		abort();
	memcpy(input->buffer + input->used, data, size);
	input->used += size;
	return 0;
}

static orgdb_str keep_text(struct input *input, const char *text, size_t size)
{
	orgdb_str kept = { input->buffer + input->used, size };
	append(input, text, size);
	return kept;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

/* Write @p length characters, some of them of several bytes, and a NUL. Returns the bytes without it. */
static size_t write_text(struct input *input, uint32_t length, char *out)
{
	static const char *const others[] = { "\xc3\xa9", "\xc3\x9f", "\xe4\xb8\xad", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	size_t size = 0;
	for (uint32_t i = 0; i < length; i++) {
		uint64_t random = input_random(input);
		if (random % 8 == 0) {
			const char *other = others[random / 8 % COUNT_OF(others)];
			memcpy(out + size, other, strlen(other));
			size += strlen(other);
		} else {
			out[size++] = (char)('?' + random / 8 % ('~' - '?' + 1)); /* Without '<' and '>'. */
		}
	}
	out[size] = '\0';
	return size;
}

static void fill(char *out, size_t count, const char *letters, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		out[i] = letters[mix(seed + i) % strlen(letters)];
	out[count] = '\0';
}

static void repeat(char *out, size_t count, const char *unit)
{
	for (size_t i = 0; i < count; i++)
		memcpy(out + i * strlen(unit), unit, strlen(unit));
	out[count * strlen(unit)] = '\0';
}

/* ---- Ids and names ----------------------------------------------------------------------------------------------- */

static void client_id(uint32_t index, char *out)
{
	switch (index % 4) {
	case 0:
		sprintf(out, "%u", index);
		break;
	case 1:
		sprintf(out, "%064u", index);
		break;
	case 2:
		sprintf(out, "_client-%u", index);
		break;
	default:
		fill(out, 32, INPUT_LETTERS, index * UINT64_C(1000));
	}
}

/* The long ones share their beginning beyond the length of any key in the store. */
static void user_id(uint32_t index, char *out)
{
	static const char cjk[] = "\xe4\xb8\xad";
	switch (index % 6) {
	case 0: /* Both limits: 6 + 762 + 1 + 255 are 1024. */
		strcpy(out, "samlp|");
		repeat(out + strlen(out), 762, cjk);
		sprintf(out + strlen(out), "|%0255u", index);
		break;
	case 1:
		sprintf(out, "google-oauth2|%u", index);
		break;
	case 2:
		sprintf(out, "samlp|corporate|user-%u@example.com", index);
		break;
	case 3:
		sprintf(out, "oidc|%s%u", cjk, index);
		break;
	default:
		strcpy(out, "auth0|");
		fill(out + 6, 24, "0123456789abcdef", index * UINT64_C(1000));
	}
}

void input_id(uint32_t kind, uint32_t index, char *out)
{
	static const char *const prefixes[] = { "con_", "", "rol_", "", "org_" };
	static const char *const templates[] = { "verify_email", "verify_email_by_code", "auth_email_by_code",
		"reset_email", "reset_email_by_code", "welcome_email", "blocked_account", "stolen_credentials",
		"enrollment_email", "mfa_oob_code", "user_invitation", "async_approval", "change_password", "password_reset" };
	if (kind == ORGDB_KIND_APPLICATION) {
		client_id(index, out);
	} else if (kind == ORGDB_KIND_USER) {
		user_id(index, out);
	} else if (kind == ORGDB_KIND_DISCOVERY_DOMAIN) {
		strcpy(out, "ord_");
		fill(out + 4, 22, INPUT_LETTERS, index * UINT64_C(1000));
	} else if (kind == ORGDB_KIND_EMAIL_TEMPLATE) {
		strcpy(out, templates[index % COUNT_OF(templates)]);
	} else {
		strcpy(out, kind == ORGDB_KIND_INVITATION ? "uinv_" : prefixes[kind]);
		fill(out + strlen(out), 16, INPUT_LETTERS, index * UINT64_C(1000));
	}
}

void input_domain(uint32_t index, char *out)
{
	if (index % INPUT_DOMAINS == 0) /* The longest. */
		sprintf(out, "%063u.%063u.%063u.%063u", 0u, 0u, 0u, 0u);
	else
		sprintf(out, index & 1 ? "d-%u.example.com" : "D-%u.Example.com", index % INPUT_DOMAINS / 2);
}

void input_name(uint32_t kind, uint32_t index, char *out)
{
	bool longest = index % 5 == 0;
	switch (kind) {
	case ORGDB_KIND_CONNECTION:
		sprintf(out, longest ? "%0128u" : "Connection-%u", index);
		break;
	case ORGDB_KIND_ORGANIZATION:
		sprintf(out, longest ? "%050u" : index % 5 == 1 ? "%x" : "a-_%u", index);
		break;
	default:
		if (longest)
			repeat(out, 245, "\xf0\x9f\x98\x80");
		sprintf(longest ? out + strlen(out) : out, longest ? "%010u" : "Role <%u>", index);
	}
}

uint32_t input_name_index(struct input *input, uint32_t kind)
{
	return input_below(input, input->pool[kind] + input->pool[kind] / 2 + 1);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* A value in the making. */
static msgpack_packer packer_of(struct input *input)
{
	msgpack_packer packer;
	msgpack_packer_init(&packer, input, append);
	return packer;
}

static void pack_text(msgpack_packer *packer, const char *text)
{
	msgpack_pack_str_with_body(packer, text, strlen(text));
}

static void pack_some_text(struct input *input, msgpack_packer *packer, uint32_t least, uint32_t most)
{
	char text[4 * 255 + 1];
	size_t size = write_text(input, some_length(input, least, most), text);
	msgpack_pack_str_with_body(packer, text, size);
}

/* Keys that differ, in an order that is not theirs: some are the beginning of another, some longer but smaller. */
static void pack_key(struct input *input, msgpack_packer *packer, uint32_t index)
{
	static const char *const shapes[] = { "k%u", "k%u-", "\xc3\xa9%u", "A-long-beginning-%u", "%u" };
	char key[40];
	snprintf(key, sizeof(key), shapes[input_below(input, COUNT_OF(shapes))], index);
	pack_text(packer, key);
}

static void pack_any_map(struct input *input, msgpack_packer *packer, uint32_t depth);

static void pack_any(struct input *input, msgpack_packer *packer, uint32_t depth)
{
	uint32_t choice = input_below(input, depth > 0 ? 9 : 7);
	switch (choice) {
	case 0:
		msgpack_pack_nil(packer);
		break;
	case 1:
		input_chance(input, 50) ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
		break;
	case 2:
		msgpack_pack_uint64(packer, input_random(input) >> input_below(input, 64));
		break;
	case 3:
		msgpack_pack_int64(packer, -(int64_t)(input_random(input) >> (1 + input_below(input, 63))));
		break;
	case 4:
		msgpack_pack_double(packer, (double)input_below(input, 1000) / 8);
		break;
	case 7:
		msgpack_pack_array(packer, 2);
		pack_any(input, packer, depth - 1);
		pack_any(input, packer, depth - 1);
		break;
	case 8:
		pack_any_map(input, packer, depth - 1);
		break;
	default:
		pack_some_text(input, packer, 0, 255);
	}
}

static void pack_any_map(struct input *input, msgpack_packer *packer, uint32_t depth)
{
	uint32_t count = some_length(input, 0, 20), first = input_below(input, 12);
	msgpack_pack_map(packer, count);
	for (uint32_t i = 0; i < count; i++) {
		pack_key(input, packer, (first + 7 * i) % 23);
		pack_any(input, packer, depth);
	}
}

/* Maps inside one another, in the last one an array. */
static void pack_levels(msgpack_packer *packer, uint32_t levels)
{
	for (uint32_t i = 1; i < levels; i++) {
		msgpack_pack_map(packer, 1);
		pack_text(packer, "k");
	}
	msgpack_pack_array(packer, 0);
}

/* A map of one text of @p length letters. */
static void pack_long_text(struct input *input, msgpack_packer *packer, uint32_t length)
{
	msgpack_pack_map(packer, 1);
	pack_text(packer, "long");
	msgpack_pack_str(packer, length);
	memset(input->buffer + input->used, 'a', length);
	input->used += length;
}

/* ---- Makers: each writes one member ------------------------------------------------------------------------------ */

struct recipe;
typedef void maker(struct input *input, const struct recipe *recipe, void *member);

/* How to make one field well formed, and what the header says about it. */
struct recipe {
	uint32_t kind, bit;
	maker *make;
	uint32_t least, most; /* Characters or entries; or the number of choices; or the percentage of true. */
	uint32_t flags;       /* ORGDB_FIELD_... */
};

static void set_text(struct input *input, void *member, const char *text)
{
	*(orgdb_str *)member = keep_text(input, text, strlen(text));
}

static void make_id(struct input *input, const struct recipe *recipe, void *member)
{
	char id[INPUT_ID_SIZE];
	input_id(recipe->kind, input_below(input, input->pool[recipe->kind]), id);
	set_text(input, member, id);
}

static void make_name(struct input *input, const struct recipe *recipe, void *member)
{
	char name[INPUT_ID_SIZE];
	input_name(recipe->kind, input_name_index(input, recipe->kind), name);
	set_text(input, member, name);
}

static void make_text(struct input *input, const struct recipe *recipe, void *member)
{
	char *text = input->buffer + input->used;
	*(orgdb_str *)member =
		(orgdb_str){ text, write_text(input, some_length(input, recipe->least, recipe->most), text) };
	input->used += ((orgdb_str *)member)->size;
}

static void make_strategy(struct input *input, const struct recipe *recipe, void *member)
{
	static const char *const strategies[] = { "auth0", "google-oauth2", "github", "oauth2", "samlp", "oidc", "okta",
		"samlp", "email", "sms", "auth0" };
	(void)recipe;
	set_text(input, member, strategies[input_below(input, COUNT_OF(strategies))]);
}

static void make_email(struct input *input, const struct recipe *recipe, void *member)
{
	char text[320 + 1];
	uint32_t length = some_length(input, recipe->least, recipe->most);
	fill(text, length, INPUT_LETTERS "+.", input_random(input));
	text[length / 3] = '@';
	set_text(input, member, text);
}

static void make_uri(struct input *input, const struct recipe *recipe, void *member)
{
	char text[80];
	(void)recipe;
	snprintf(text, sizeof(text), "https://example.com/%u", input_below(input, 1000));
	set_text(input, member, text);
}

static void make_app_type(struct input *input, const struct recipe *recipe, void *member)
{
	char text[64 + 1];
	fill(text, some_length(input, recipe->least, recipe->most), "abcxyz019_", input_random(input));
	set_text(input, member, text);
}

static void make_flag(struct input *input, const struct recipe *recipe, void *member)
{
	*(bool *)member = input_chance(input, recipe->most);
}

static void make_choice(struct input *input, const struct recipe *recipe, void *member)
{
	*(uint32_t *)member = input_chance(input, 40) ? 0 : input_below(input, recipe->most);
}

/* Of every width. */
static void make_number(struct input *input, const struct recipe *recipe, void *member)
{
	(void)recipe;
	*(uint64_t *)member = input_random(input) >> input_below(input, 64);
}

/* An organization owns the role, or none does. */
static void make_role_owner(struct input *input, const struct recipe *recipe, void *member)
{
	orgdb_role *role = (orgdb_role *)(void *)((char *)member - offsetof(orgdb_role, owner_id));
	char id[INPUT_ID_SIZE];
	if (!input_chance(input, recipe->most))
		return;
	input_id(ORGDB_KIND_ORGANIZATION, input_below(input, input->pool[ORGDB_KIND_ORGANIZATION]), id);
	set_text(input, member, id);
	role->type = ORGDB_ROLE_OF_ORGANIZATION;
}

static void make_owner(struct input *input, const struct recipe *recipe, void *member)
{
	char id[INPUT_ID_SIZE];
	(void)recipe;
	input_id(ORGDB_KIND_ORGANIZATION, input_below(input, input->pool[ORGDB_KIND_ORGANIZATION]), id);
	set_text(input, member, id);
}

static void make_domain(struct input *input, const struct recipe *recipe, void *member)
{
	char domain[256];
	(void)recipe;
	input_domain(input_below(input, 2 * INPUT_DOMAINS), domain);
	set_text(input, member, domain);
}

static void make_verification_txt(struct input *input, const struct recipe *recipe, void *member)
{
	char text[32 + 1];
	(void)recipe;
	fill(text, 32, "0123456789abcdefABCDEF", input_random(input));
	set_text(input, member, text);
}

/* Of the domain that was made before. */
static void make_verification_host(struct input *input, const struct recipe *recipe, void *member)
{
	const orgdb_discovery_domain *made =
		(const void *)((const char *)member - offsetof(orgdb_discovery_domain, verification_host));
	char host[400];
	(void)recipe;
	snprintf(host, sizeof(host), "_ss-verification.%.*s.%.*s", (int)made->organization_id.size,
		made->organization_id.data, (int)made->domain.size, made->domain.data);
	set_text(input, member, host);
}

/* The id of another kind: `least`. */
static void make_reference(struct input *input, const struct recipe *recipe, void *member)
{
	char id[INPUT_ID_SIZE];
	input_id(recipe->least, input_below(input, input->pool[recipe->least]), id);
	set_text(input, member, id);
}

static void make_seconds(struct input *input, const struct recipe *recipe, void *member)
{
	*(uint64_t *)member = input_chance(input, 40) ? 0 : 1 + input_below(input, recipe->most);
}

/* On one of the days `least` to `most` of January 2020, with milliseconds or without. */
static void make_moment(struct input *input, const struct recipe *recipe, void *member)
{
	char text[32];
	uint32_t day = recipe->least + input_below(input, recipe->most - recipe->least + 1);
	snprintf(text, sizeof(text), input_chance(input, 50) ? "2020-01-%02uT%02u:00:00Z" : "2020-01-%02uT%02u:00:00.%03uZ",
		day, input_below(input, 24), input_below(input, 1000));
	set_text(input, member, text);
}

void input_ticket(struct input *input, char *out)
{
	fill(out, 32, INPUT_LETTERS, input_below(input, 2 * input->pool[ORGDB_KIND_INVITATION]) * UINT64_C(1000));
}

static void make_ticket(struct input *input, const struct recipe *recipe, void *member)
{
	char ticket[33];
	(void)recipe;
	input_ticket(input, ticket);
	set_text(input, member, ticket);
}

/* The value that was written since the buffer was at @p start. */
static void set_value(struct input *input, void *member, size_t start)
{
	*(orgdb_value *)member = (orgdb_value){ input->buffer + start, input->used - start };
}

static void make_map(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	(void)recipe;
	if (input_chance(input, 2))
		pack_levels(&packer, ORGDB_VALUE_DEPTH_MAX);
	else if (input_below(input, 400) == 0)
		pack_long_text(input, &packer, 65500 + input_below(input, 70));
	else
		pack_any_map(input, &packer, 3);
	set_value(input, member, start);
}

static void make_array(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t count = some_length(input, 0, 20);
	(void)recipe;
	msgpack_pack_array(&packer, count);
	for (uint32_t i = 0; i < count; i++)
		pack_any(input, &packer, 3);
	set_value(input, member, start);
}

static void make_text_map(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t count = some_length(input, recipe->least, recipe->most);
	msgpack_pack_map(&packer, count);
	for (uint32_t i = 0; i < count; i++) {
		pack_key(input, &packer, (7 * i) % 29);
		if (recipe->kind == ORGDB_KIND_ORGANIZATION && input_chance(input, 10))
			msgpack_pack_nil(&packer);
		else
			pack_some_text(input, &packer, 0, 255);
	}
	set_value(input, member, start);
}

static void make_texts(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t count = some_length(input, recipe->least, recipe->most);
	msgpack_pack_array(&packer, count);
	for (uint32_t i = 0; i < count; i++)
		pack_some_text(input, &packer, 0, 255);
	set_value(input, member, start);
}

/* From the pool of connection names, because a name stands for a realm where there is none. */
static void make_realms(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t count = input_chance(input, 90) ? 1 + input_below(input, 2) : recipe->most;
	uint32_t first = input_name_index(input, recipe->kind);
	msgpack_pack_array(&packer, count);
	for (uint32_t i = 0; i < count; i++) {
		char name[INPUT_ID_SIZE];
		input_name(recipe->kind, first + i, name);
		pack_text(&packer, name);
	}
	set_value(input, member, start);
}

static void make_options(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t count = input_chance(input, 98) ? input_below(input, 3) : 1000;
	(void)recipe;
	msgpack_pack_map(&packer, 3);
	pack_text(&packer, "scope");
	pack_any(input, &packer, 2);
	pack_text(&packer, "domain_aliases");
	msgpack_pack_array(&packer, count);
	for (uint32_t i = 0; i < count; i++)
		pack_text(&packer, "login.example.com");
	pack_text(&packer, "a");
	pack_any(input, &packer, 3);
	set_value(input, member, start);
}

static void make_branding(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t logo = input_below(input, 3), colors = input_below(input, 2);
	(void)recipe;
	msgpack_pack_map(&packer, (logo > 0) + colors);
	if (logo > 0)
		pack_text(&packer, "logo_url");
	if (logo == 1)
		msgpack_pack_nil(&packer);
	if (logo == 2)
		pack_text(&packer, "https://example.com/logo.png");
	if (colors) {
		pack_text(&packer, "colors");
		msgpack_pack_map(&packer, 2);
		pack_text(&packer, "primary");
		pack_text(&packer, input_chance(input, 50) ? "#0aF" : "#00aaFF");
		pack_text(&packer, "page_background");
		pack_text(&packer, "#ffffff");
	}
	set_value(input, member, start);
}

static void make_token_quota(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	(void)recipe;
	msgpack_pack_map(&packer, 1);
	pack_text(&packer, "client_credentials");
	msgpack_pack_map(&packer, 3);
	pack_text(&packer, "per_hour");
	msgpack_pack_uint32(&packer, 1 + input_below(input, INT32_MAX));
	pack_text(&packer, "per_day");
	msgpack_pack_uint32(&packer, INT32_MAX);
	pack_text(&packer, "enforce");
	input_chance(input, 50) ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer);
	set_value(input, member, start);
}

static void make_discovery_methods(struct input *input, const struct recipe *recipe, void *member)
{
	static const char *const methods[] = { "organization_name", "email" };
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t count = 1 + input_below(input, 2), first = input_below(input, 2);
	(void)recipe;
	msgpack_pack_array(&packer, count);
	for (uint32_t i = 0; i < count; i++)
		pack_text(&packer, methods[(first + i) % 2]);
	set_value(input, member, start);
}

static void make_inviter(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	bool more = input_chance(input, 20);
	msgpack_pack_map(&packer, 1 + more);
	if (more) {
		pack_text(&packer, "since");
		pack_any(input, &packer, 2);
	}
	pack_text(&packer, "name");
	pack_some_text(input, &packer, recipe->least, recipe->most);
	set_value(input, member, start);
}

/* One of a few, so that it may be a user's. */
static void make_invitee(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	char email[40];
	snprintf(email, sizeof(email), "Invitee-%u@example.com", input_below(input, recipe->most));
	msgpack_pack_map(&packer, 1);
	pack_text(&packer, "email");
	pack_text(&packer, email);
	set_value(input, member, start);
}

static void make_role_ids(struct input *input, const struct recipe *recipe, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	uint32_t pool = input->pool[ORGDB_KIND_ROLE], most = pool < recipe->most ? pool : recipe->most;
	uint32_t count = input_chance(input, 90) ? 1 + input_below(input, most < 2 ? most : 2) : most;
	uint32_t first = input_below(input, pool);
	msgpack_pack_array(&packer, count);
	for (uint32_t i = 0; i < count; i++) {
		char id[INPUT_ID_SIZE];
		input_id(ORGDB_KIND_ROLE, (first + i) % pool, id);
		pack_text(&packer, id);
	}
	set_value(input, member, start);
}

/* ---- Every field as the header has it ---------------------------------------------------------------------------- */

#define FIXED ORGDB_FIELD_IMMUTABLE
#define REQUIRED ORGDB_FIELD_REQUIRED
#define CONNECTION(field) ORGDB_KIND_CONNECTION, ORGDB_CONNECTION_##field
#define APPLICATION(field) ORGDB_KIND_APPLICATION, ORGDB_APPLICATION_##field
#define ORGANIZATION(field) ORGDB_KIND_ORGANIZATION, ORGDB_ORGANIZATION_##field
#define USER(field) ORGDB_KIND_USER, ORGDB_USER_##field
#define ROLE(field) ORGDB_KIND_ROLE, ORGDB_ROLE_##field
#define INVITATION(field) ORGDB_KIND_INVITATION, ORGDB_INVITATION_##field
#define TEMPLATE(field) ORGDB_KIND_EMAIL_TEMPLATE, ORGDB_EMAIL_TEMPLATE_##field
#define DOMAIN(field) ORGDB_KIND_DISCOVERY_DOMAIN, ORGDB_DISCOVERY_DOMAIN_##field
#define PLACE(field) ORGDB_KIND_ORGANIZATION_APPLICATION, ORGDB_ORGANIZATION_APPLICATION_##field
#define ENABLED(field) ORGDB_KIND_ENABLED_CONNECTION, ORGDB_ENABLED_CONNECTION_##field

static const struct recipe recipes[] = {
	{ CONNECTION(ID), make_id, 0, 0, FIXED },
	{ CONNECTION(NAME), make_name, 0, 0, REQUIRED | FIXED },
	{ CONNECTION(STRATEGY), make_strategy, 0, 0, REQUIRED | FIXED },
	{ CONNECTION(DISPLAY_NAME), make_text, 1, 128, 0 },
	{ CONNECTION(REALMS), make_realms, 1, 10, 0 },
	{ CONNECTION(IS_DOMAIN_CONNECTION), make_flag, 0, 20, 0 },
	{ CONNECTION(SHOW_AS_BUTTON), make_flag, 0, 50, 0 },
	{ CONNECTION(OPTIONS), make_options, 0, 0, 0 },
	{ CONNECTION(METADATA), make_text_map, 0, 10, 0 },

	{ APPLICATION(CLIENT_ID), make_id, 0, 0, FIXED },
	{ APPLICATION(NAME), make_text, 1, 255, REQUIRED },
	{ APPLICATION(DESCRIPTION), make_text, 0, 140, 0 },
	{ APPLICATION(APP_TYPE), make_app_type, 1, 64, 0 },
	{ APPLICATION(IS_FIRST_PARTY), make_flag, 0, 50, 0 },
	{ APPLICATION(CALLBACKS), make_texts, 0, 30, 0 },
	{ APPLICATION(INITIATE_LOGIN_URI), make_uri, 0, 0, 0 },
	{ APPLICATION(GRANT_TYPES), make_texts, 0, 5, 0 },
	{ APPLICATION(CLIENT_METADATA), make_text_map, 0, 10, 0 },
	{ APPLICATION(DEFAULT_ORGANIZATION), make_map, 0, 0, 0 },
	{ APPLICATION(ORGANIZATION_USAGE), make_choice, 0, 3, 0 },
	{ APPLICATION(ORGANIZATION_REQUIRE_BEHAVIOR), make_choice, 0, 3, 0 },
	{ APPLICATION(ORGANIZATION_DISCOVERY_METHODS), make_discovery_methods, 1, 2, 0 },

	{ ROLE(ID), make_id, 0, 0, FIXED },
	{ ROLE(NAME), make_name, 0, 0, REQUIRED },
	{ ROLE(DESCRIPTION), make_text, 0, 1024, 0 },
	{ ROLE(TYPE), make_choice, 0, 1, FIXED }, /* Of the tenant, unless an owner follows. */
	{ ROLE(OWNER_ID), make_role_owner, 0, 30, FIXED },

	{ USER(ID), make_id, 0, 0, FIXED },
	{ USER(EMAIL), make_email, 3, 320, 0 },
	{ USER(EMAIL_VERIFIED), make_flag, 0, 50, 0 },
	{ USER(NAME), make_text, 1, 300, 0 },
	{ USER(GIVEN_NAME), make_text, 1, 150, 0 },
	{ USER(FAMILY_NAME), make_text, 1, 150, 0 },
	{ USER(NICKNAME), make_text, 1, 300, 0 },
	{ USER(USERNAME), make_text, 1, 128, 0 },
	{ USER(PICTURE), make_text, 0, 8192, 0 },
	{ USER(BLOCKED), make_flag, 0, 50, 0 },
	{ USER(IDENTITIES), make_array, 0, 0, 0 },
	{ USER(APP_METADATA), make_map, 0, 0, 0 },
	{ USER(USER_METADATA), make_map, 0, 0, 0 },

	{ ORGANIZATION(ID), make_id, 0, 0, FIXED },
	{ ORGANIZATION(NAME), make_name, 0, 0, REQUIRED },
	{ ORGANIZATION(DISPLAY_NAME), make_text, 1, 255, 0 },
	{ ORGANIZATION(BRANDING), make_branding, 0, 0, 0 },
	{ ORGANIZATION(METADATA), make_text_map, 0, 25, 0 },
	{ ORGANIZATION(TOKEN_QUOTA), make_token_quota, 0, 0, 0 },
	{ ORGANIZATION(THIRD_PARTY_CLIENT_ACCESS), make_choice, 0, 2, 0 },
	{ ORGANIZATION(IS_APP_ENTITLEMENT_ACTIVE), make_flag, 0, 50, 0 },

	{ INVITATION(ID), make_id, 0, 0, FIXED },
	{ INVITATION(ORGANIZATION_ID), make_reference, ORGDB_KIND_ORGANIZATION, 0, REQUIRED | FIXED },
	{ INVITATION(INVITER), make_inviter, 1, 255, REQUIRED | FIXED },
	{ INVITATION(INVITEE), make_invitee, 0, 4, REQUIRED | FIXED },
	{ INVITATION(CLIENT_ID), make_reference, ORGDB_KIND_APPLICATION, 0, REQUIRED | FIXED },
	{ INVITATION(CONNECTION_ID), make_reference, ORGDB_KIND_CONNECTION, 0, FIXED },
	{ INVITATION(ROLES), make_role_ids, 1, 50, FIXED },
	{ INVITATION(APP_METADATA), make_map, 0, 0, FIXED },
	{ INVITATION(USER_METADATA), make_map, 0, 0, FIXED },
	{ INVITATION(SEND_INVITATION_EMAIL), make_flag, 0, 50, FIXED },
	{ INVITATION(TTL_SEC), make_seconds, 0, 30 * 24 * 60 * 60, FIXED },
	{ INVITATION(CREATED_AT), make_moment, 2, 10, FIXED },
	{ INVITATION(EXPIRES_AT), make_moment, 9, 30, FIXED },
	{ INVITATION(TICKET_ID), make_ticket, 0, 0, FIXED },
	{ INVITATION(INVITATION_URL), make_uri, 0, 0, FIXED },

	{ TEMPLATE(NAME), make_id, 0, 0, FIXED },
	{ TEMPLATE(FROM), make_text, 0, 320, REQUIRED },
	{ TEMPLATE(SUBJECT), make_text, 0, 1000, REQUIRED },
	{ TEMPLATE(SYNTAX), make_text, 1, 64, 0 },
	{ TEMPLATE(BODY), make_text, 0, 30000, REQUIRED },
	{ TEMPLATE(ENABLED), make_flag, 0, 50, 0 },
	{ TEMPLATE(RESULT_URL), make_uri, 0, 0, 0 },
	{ TEMPLATE(URL_LIFETIME_IN_SECONDS), make_number, 0, 0, 0 },
	{ TEMPLATE(INCLUDE_EMAIL_IN_REDIRECT), make_flag, 0, 50, 0 },

	{ DOMAIN(ID), make_id, 0, 0, FIXED },
	{ DOMAIN(ORGANIZATION_ID), make_owner, 0, 0, REQUIRED | FIXED },
	{ DOMAIN(DOMAIN), make_domain, 0, 0, REQUIRED | FIXED },
	{ DOMAIN(STATUS), make_choice, 0, 2, 0 },
	{ DOMAIN(USE_FOR_ORGANIZATION_DISCOVERY), make_flag, 0, 80, 0 },
	{ DOMAIN(VERIFICATION_TXT), make_verification_txt, 0, 0, FIXED },
	{ DOMAIN(VERIFICATION_HOST), make_verification_host, 0, 0, FIXED },

	{ ENABLED(ASSIGN_MEMBERSHIP_ON_LOGIN), make_flag, 0, 70, 0 },
	{ ENABLED(SHOW_AS_BUTTON), make_flag, 0, 50, 0 },
	{ ENABLED(IS_SIGNUP_ENABLED), make_flag, 0, 20, 0 },
	{ ENABLED(IS_ENABLED), make_flag, 0, 75, 0 },
	{ ENABLED(ORGANIZATION_ACCESS_LEVEL), make_choice, 0, 4, 0 },
	{ ENABLED(ORGANIZATION_CONNECTION_NAME), make_text, 1, 50, 0 },

	{ PLACE(USE_FOR_MEMBER_ACCESS), make_flag, 0, 60, 0 },
};

static const orgdb_field *field_of(uint32_t kind, uint32_t bit)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].bit == bit)
			return &schema->fields[i];
	return NULL;
}

static const struct recipe *recipe_of(uint32_t kind, uint32_t bit)
{
	for (size_t i = 0; i < COUNT_OF(recipes); i++)
		if (recipes[i].kind == kind && recipes[i].bit == bit)
			return &recipes[i];
	return NULL;
}

const char *input_schema_disagreement(void)
{
	static char words[200];
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			const struct recipe *recipe = recipe_of(kind, field->bit);
			bool joined = kind >= ORGDB_ENTITY_KINDS && (field->flags & ORGDB_FIELD_ID);
			bool required = field->flags & REQUIRED && !(field->flags & ORGDB_FIELD_ID);
			if (joined == !recipe &&
				(joined || (recipe->flags == ((required ? REQUIRED : 0) | (field->flags & FIXED)))))
				continue;
			snprintf(words, sizeof(words), "the schema's %s.%s is not as in the header", schema->name, field->name);
			return words;
		}
	}
	for (size_t i = 0; i < COUNT_OF(recipes); i++)
		if (!field_of(recipes[i].kind, recipes[i].bit))
			return "the schema lacks a field of the header";
	return NULL;
}

/* ---- Entities and edges ------------------------------------------------------------------------------------------ */

static void *member_of(uint32_t kind, uint32_t bit, union model_any *entity)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	size_t offset = bit == ORGDB_EXTRA ? schema->extra_offset : field_of(kind, bit)->offset;
	return (char *)entity + offset;
}

static uint32_t *fields_of(uint32_t kind, union model_any *entity)
{
	return (uint32_t *)(void *)((char *)entity + orgdb_schema_of(kind)->fields_offset);
}

static void make_member(struct input *input, const struct recipe *recipe, union model_any *entity)
{
	recipe->make(input, recipe, member_of(recipe->kind, recipe->bit, entity));
}

static const struct recipe extra_recipe = { 0, ORGDB_EXTRA, make_map, 0, 0, 0 };

static void make_extra(struct input *input, uint32_t kind, union model_any *entity)
{
	make_map(input, &extra_recipe, member_of(kind, ORGDB_EXTRA, entity));
}

/* As one that was made before: the library makes nothing up, and asks less. */
static uint32_t record_invitation(struct input *input, union model_any *entity)
{
	make_member(input, recipe_of(INVITATION(CREATED_AT)), entity);
	make_member(input, recipe_of(INVITATION(TICKET_ID)), entity);
	return ORGDB_INVITATION_CREATED_AT | ORGDB_INVITATION_TICKET_ID;
}

/* Members whose bit is not set must not count, so some of them get a value all the same. */
static void make_entity(struct input *input, uint32_t kind, union model_any *entity)
{
	*entity = model_initial(kind);
	entity->role.ordinal = input_random(input); /* The first member of each. */
	bool all = input_chance(input, 40);
	uint32_t fields = 0, plenty = input_chance(input, 20) ? 80 : 20;
	for (size_t i = 0; i < COUNT_OF(recipes); i++) {
		if (recipes[i].kind != kind)
			continue;
		/* What never changes can only be given now; of invitations that is everything. */
		bool now = kind == ORGDB_KIND_INVITATION ? recipes[i].make == make_id : recipes[i].flags & FIXED;
		bool given = now || recipes[i].flags & REQUIRED || input_chance(input, plenty);
		if (given || (!all && input_chance(input, 10)))
			make_member(input, &recipes[i], entity);
		if (given || (!recipes[i].flags && input_chance(input, 3)))
			fields |= recipes[i].bit;
	}
	if (input_chance(input, 15)) {
		make_extra(input, kind, entity);
		fields |= ORGDB_EXTRA;
	}
	if (kind == ORGDB_KIND_INVITATION && input_chance(input, 60))
		fields |= record_invitation(input, entity);
	if (kind == ORGDB_KIND_INVITATION && input_chance(input, 85)) /* Two ways to say one thing, mostly differently. */
		entity->invitation.expires_at = (orgdb_str){ NULL, 0 };
	*fields_of(kind, entity) = all ? 0 : fields;
}

static void make_changes(struct input *input, uint32_t kind, union model_any *changes)
{
	*changes = model_initial(kind);
	uint32_t fields = 0;
	for (size_t i = 0; i < COUNT_OF(recipes); i++) {
		if (recipes[i].kind != kind || recipes[i].flags & FIXED)
			continue;
		bool chosen = input_chance(input, 20);
		if (input_chance(input, chosen ? (recipes[i].flags & REQUIRED ? 100 : 75) : 5))
			make_member(input, &recipes[i], changes);
		if (chosen)
			fields |= recipes[i].bit;
	}
	if (input_chance(input, 15)) {
		if (input_chance(input, 70))
			make_extra(input, kind, changes);
		fields |= ORGDB_EXTRA;
	}
	*fields_of(kind, changes) = fields;
}

/* A script chooses what is done to which; of what is in it all follows from one choice. */
static void follow_one_choice(
	struct input *input, void (*make)(struct input *, uint32_t, union model_any *), uint32_t kind, union model_any *any)
{
	if (input->script_size > 0)
		input->state = mix(input_random(input));
	size_t left = input->script_size;
	input->script_size = 0;
	make(input, kind, any);
	input->script_size = left;
}

void input_entity(struct input *input, uint32_t kind, union model_any *entity)
{
	follow_one_choice(input, make_entity, kind, entity);
}

void input_changes(struct input *input, uint32_t kind, union model_any *changes)
{
	follow_one_choice(input, make_changes, kind, changes);
}

/* ---- Faults ------------------------------------------------------------------------------------------------------ */

#define TEXT(text) FAULT_TEXT, text, 0
#define LENGTH(characters) FAULT_LENGTH, NULL, characters
#define VALUE(bytes) FAULT_VALUE, bytes, sizeof(bytes) - 1
#define ENTRIES(count) FAULT_ENTRIES, NULL, count
#define DEPTH(levels) FAULT_DEPTH, NULL, levels
#define NUMBER(number) FAULT_NUMBER, NULL, number
#define ABSENT FAULT_ABSENT, NULL, 0
#define UNCHANGEABLE FAULT_FIXED, NULL, 0
#define BROKEN_UTF8 "broken \xc3\x28"
#define A_MAP VALUE("\x81\xa1k\xa1v")
#define AN_ARRAY VALUE("\x91\xa1v")
#define A_MAP_OF_NUMBERS VALUE("\x81\xa1k\x01")
#define AN_ARRAY_OF_NUMBERS VALUE("\x91\x01")

static const struct input_fault faults[] = {
	{ CONNECTION(ID), TEXT("con_0123456789abcde") },
	{ CONNECTION(ID), TEXT("org_0123456789abcdef") },
	{ CONNECTION(ID), TEXT("con_0123456789abcdef0") },
	{ CONNECTION(ID), TEXT("con_0123456789abcde-") },
	{ CONNECTION(ID), UNCHANGEABLE },
	{ CONNECTION(NAME), ABSENT },
	{ CONNECTION(NAME), TEXT("") },
	{ CONNECTION(NAME), TEXT("two--hyphens") },
	{ CONNECTION(NAME), TEXT("-begins") },
	{ CONNECTION(NAME), TEXT("ends-") },
	{ CONNECTION(NAME), TEXT("under_score") },
	{ CONNECTION(NAME), LENGTH(129) },
	{ CONNECTION(NAME), UNCHANGEABLE },
	{ CONNECTION(STRATEGY), ABSENT },
	{ CONNECTION(STRATEGY), TEXT("no-such-strategy") },
	{ CONNECTION(STRATEGY), UNCHANGEABLE },
	{ CONNECTION(DISPLAY_NAME), TEXT("") },
	{ CONNECTION(DISPLAY_NAME), LENGTH(129) },
	{ CONNECTION(REALMS), ENTRIES(11) },
	{ CONNECTION(REALMS), AN_ARRAY_OF_NUMBERS },
	{ CONNECTION(REALMS), A_MAP },
	{ CONNECTION(OPTIONS), AN_ARRAY },
	{ CONNECTION(OPTIONS), VALUE("\x81\xaetrailing bytes\x01\x01") },
	{ CONNECTION(OPTIONS), VALUE("\x81\xaetoo few bytes.") },
	{ CONNECTION(OPTIONS), VALUE("\xdf\xff\xff\xff\xff") },
	{ CONNECTION(OPTIONS), VALUE("\x81\xa1k\xc1") },
	{ CONNECTION(OPTIONS),
		VALUE("\x81\xae"
			  "domain_aliases\xa1x") },
	{ CONNECTION(OPTIONS),
		VALUE("\x81\xae"
			  "domain_aliases\x91\x01") },
	{ CONNECTION(OPTIONS), VALUE("\x81\xa1k\xa2\xc3\x28") },
	{ CONNECTION(OPTIONS), VALUE("\x81\xa2\xc3\x28\xa1v") },
	{ CONNECTION(OPTIONS), VALUE("") },
	{ CONNECTION(OPTIONS), DEPTH(ORGDB_VALUE_DEPTH_MAX + 1) },
	{ CONNECTION(METADATA), ENTRIES(11) },
	{ CONNECTION(METADATA), A_MAP_OF_NUMBERS },

	{ APPLICATION(CLIENT_ID), TEXT("") },
	{ APPLICATION(CLIENT_ID), TEXT("a b") },
	{ APPLICATION(CLIENT_ID), LENGTH(65) },
	{ APPLICATION(CLIENT_ID), UNCHANGEABLE },
	{ APPLICATION(NAME), ABSENT },
	{ APPLICATION(NAME), TEXT("") },
	{ APPLICATION(NAME), TEXT("a < b") },
	{ APPLICATION(NAME), LENGTH(256) },
	{ APPLICATION(DESCRIPTION), LENGTH(141) },
	{ APPLICATION(APP_TYPE), TEXT("SPA") },
	{ APPLICATION(APP_TYPE), TEXT("") },
	{ APPLICATION(APP_TYPE), LENGTH(65) },
	{ APPLICATION(CALLBACKS), A_MAP },
	{ APPLICATION(CALLBACKS), AN_ARRAY_OF_NUMBERS },
	{ APPLICATION(INITIATE_LOGIN_URI), TEXT("http://example.com/") },
	{ APPLICATION(GRANT_TYPES), AN_ARRAY_OF_NUMBERS },
	{ APPLICATION(CLIENT_METADATA), ENTRIES(11) },
	{ APPLICATION(CLIENT_METADATA), AN_ARRAY },
	{ APPLICATION(DEFAULT_ORGANIZATION), AN_ARRAY },
	{ APPLICATION(ORGANIZATION_USAGE), NUMBER(3) },
	{ APPLICATION(ORGANIZATION_REQUIRE_BEHAVIOR), NUMBER(3) },
	{ APPLICATION(ORGANIZATION_DISCOVERY_METHODS), VALUE("\x90") },
	{ APPLICATION(ORGANIZATION_DISCOVERY_METHODS), VALUE("\x91\xa5phone") },

	{ ROLE(ID), TEXT("rol_") },
	{ ROLE(ID), UNCHANGEABLE },
	{ ROLE(NAME), ABSENT },
	{ ROLE(NAME), TEXT("") },
	{ ROLE(NAME), TEXT(BROKEN_UTF8) },
	{ ROLE(NAME), LENGTH(256) },
	{ ROLE(DESCRIPTION), LENGTH(1025) },
	{ ROLE(TYPE), NUMBER(2) },
	{ ROLE(TYPE), UNCHANGEABLE },
	{ ROLE(OWNER_ID), TEXT("rol_0123456789abcdef") },
	{ ROLE(OWNER_ID), UNCHANGEABLE },
	{ ORGDB_KIND_ROLE, ORGDB_EXTRA, AN_ARRAY },
	{ ORGDB_KIND_ROLE, ORGDB_EXTRA, VALUE("\x81\xa4name\xa1x") },
	{ ORGDB_KIND_USER, ORGDB_EXTRA, VALUE("\x82\xa1k\x01\xa1k\x02") },
	{ ORGDB_KIND_USER, ORGDB_EXTRA, VALUE("\x81\x01\x02") },

	{ USER(ID), TEXT("without-a-bar") },
	{ USER(ID), TEXT("auth0|") },
	{ USER(ID), TEXT("auth0|white space") },
	{ USER(ID), LENGTH(1025) },
	{ USER(ID), UNCHANGEABLE },
	{ USER(EMAIL), TEXT("nobody") },
	{ USER(EMAIL), TEXT("@example.com") },
	{ USER(EMAIL), TEXT("nobody@") },
	{ USER(EMAIL), LENGTH(321) },
	{ USER(NAME), TEXT("") },
	{ USER(NAME), LENGTH(301) },
	{ USER(GIVEN_NAME), LENGTH(151) },
	{ USER(FAMILY_NAME), LENGTH(151) },
	{ USER(NICKNAME), TEXT(BROKEN_UTF8) },
	{ USER(NICKNAME), LENGTH(301) },
	{ USER(USERNAME), TEXT("") },
	{ USER(USERNAME), LENGTH(129) },
	{ USER(PICTURE), LENGTH(8193) },
	{ USER(IDENTITIES), A_MAP },
	{ USER(APP_METADATA), AN_ARRAY },
	{ USER(USER_METADATA), LENGTH(ORGDB_RECORD_SIZE_MAX) },      /* Too large by itself; */
	{ USER(USER_METADATA), LENGTH(ORGDB_RECORD_SIZE_MAX - 20) }, /* too large with the rest. */
	{ USER(USER_METADATA), DEPTH(ORGDB_VALUE_DEPTH_MAX + 1) },
	{ USER(USER_METADATA), DEPTH(100000) },

	{ ORGANIZATION(ID), TEXT("con_0123456789abcdef") },
	{ ORGANIZATION(ID), TEXT("") },
	{ ORGANIZATION(ID), UNCHANGEABLE },
	{ ORGANIZATION(NAME), ABSENT },
	{ ORGANIZATION(NAME), TEXT("") },
	{ ORGANIZATION(NAME), TEXT("Upper") },
	{ ORGANIZATION(NAME), TEXT("org_x") },
	{ ORGANIZATION(NAME), TEXT("-a") },
	{ ORGANIZATION(NAME), TEXT("a_") },
	{ ORGANIZATION(NAME), TEXT("a b") },
	{ ORGANIZATION(NAME), LENGTH(51) },
	{ ORGANIZATION(DISPLAY_NAME), TEXT("") },
	{ ORGANIZATION(DISPLAY_NAME), LENGTH(256) },
	{ ORGANIZATION(BRANDING), AN_ARRAY },
	{ ORGANIZATION(BRANDING), VALUE("\x81\xa8logo_url\xb3http://example.com/") },
	{ ORGANIZATION(BRANDING),
		VALUE("\x81\xa6"
			  "colors\x81\xa7primary\xa4#fff") },
	{ ORGANIZATION(BRANDING),
		VALUE("\x81\xa6"
			  "colors\x82\xa7primary\xa4#ffg\xafpage_background\xa4#fff") },
	{ ORGANIZATION(METADATA), ENTRIES(26) },
	{ ORGANIZATION(METADATA), A_MAP_OF_NUMBERS },
	{ ORGANIZATION(METADATA), AN_ARRAY },
	{ ORGANIZATION(TOKEN_QUOTA), A_MAP },
	{ ORGANIZATION(THIRD_PARTY_CLIENT_ACCESS), NUMBER(2) },

	{ INVITATION(ID), TEXT("uinv_0123456789abcde") },
	{ INVITATION(ID), TEXT("inv_0123456789abcdef0") },
	{ INVITATION(ID), UNCHANGEABLE },
	{ INVITATION(ORGANIZATION_ID), ABSENT },
	{ INVITATION(ORGANIZATION_ID), TEXT("org_") },
	{ INVITATION(ORGANIZATION_ID), UNCHANGEABLE },
	{ INVITATION(INVITER), AN_ARRAY },
	{ INVITATION(INVITER), A_MAP },
	{ INVITATION(INVITER), VALUE("\x81\xa4name\xa0") },
	{ INVITATION(INVITER), UNCHANGEABLE },
	{ INVITATION(INVITEE), A_MAP },
	{ INVITATION(INVITEE),
		VALUE("\x81\xa5"
			  "email\xa6nobody") },
	{ INVITATION(CLIENT_ID), ABSENT },
	{ INVITATION(CLIENT_ID), TEXT("a b") },
	{ INVITATION(CONNECTION_ID), TEXT("con_") },
	{ INVITATION(CONNECTION_ID), UNCHANGEABLE },
	{ INVITATION(ROLES), VALUE("\x90") },
	{ INVITATION(ROLES), AN_ARRAY },
	{ INVITATION(ROLES), ENTRIES(51) },
	{ INVITATION(APP_METADATA), AN_ARRAY },
	{ INVITATION(USER_METADATA), DEPTH(ORGDB_VALUE_DEPTH_MAX + 1) },
	{ INVITATION(CREATED_AT), TEXT("2020-01-01") },
	{ INVITATION(CREATED_AT), TEXT("2019-02-29T00:00:00Z") },
	{ INVITATION(EXPIRES_AT), TEXT("2020-01-01T24:00:00Z") },
	{ INVITATION(TICKET_ID), TEXT("0123456789abcdefghijklmnopqrstu") },
	{ INVITATION(TICKET_ID), TEXT("0123456789abcdefghijklmnopqrstu-") },
	{ INVITATION(TICKET_ID), UNCHANGEABLE },
	{ INVITATION(INVITATION_URL), LENGTH(8193) },

	{ TEMPLATE(NAME), TEXT("no_such_email") },
	{ TEMPLATE(NAME), TEXT("Welcome_email") },
	{ TEMPLATE(NAME), ABSENT },
	{ TEMPLATE(NAME), UNCHANGEABLE },
	{ TEMPLATE(FROM), ABSENT },
	{ TEMPLATE(FROM), TEXT(BROKEN_UTF8) },
	{ TEMPLATE(SUBJECT), ABSENT },
	{ TEMPLATE(SYNTAX), LENGTH(65) },
	{ TEMPLATE(BODY), ABSENT },
	{ TEMPLATE(BODY), LENGTH(ORGDB_RECORD_SIZE_MAX + 1) }, /* Too large by itself; */
	{ TEMPLATE(BODY), LENGTH(ORGDB_RECORD_SIZE_MAX) },     /* too large with the rest. */
	{ ORGDB_KIND_EMAIL_TEMPLATE, ORGDB_EXTRA, VALUE("\x81\xa9resultUrl\xa1x") },

	{ DOMAIN(ID), TEXT("ord_0123456789abcdef") },
	{ DOMAIN(ID), UNCHANGEABLE },
	{ DOMAIN(ORGANIZATION_ID), ABSENT },
	{ DOMAIN(ORGANIZATION_ID), TEXT("acme") },
	{ DOMAIN(ORGANIZATION_ID), UNCHANGEABLE },
	{ DOMAIN(DOMAIN), ABSENT },
	{ DOMAIN(DOMAIN), TEXT("localhost") },
	{ DOMAIN(DOMAIN), TEXT("a..b") },
	{ DOMAIN(DOMAIN), TEXT("b\xc3\xbc.example") },
	{ DOMAIN(DOMAIN), LENGTH(256) },
	{ DOMAIN(DOMAIN), UNCHANGEABLE },
	{ DOMAIN(STATUS), NUMBER(2) },
	{ DOMAIN(VERIFICATION_TXT), TEXT("0123456789abcdef") },
	{ DOMAIN(VERIFICATION_TXT), UNCHANGEABLE },
	{ DOMAIN(VERIFICATION_HOST), TEXT("example.com") },
	{ DOMAIN(VERIFICATION_HOST), UNCHANGEABLE },

	{ ENABLED(ORGANIZATION_ACCESS_LEVEL), NUMBER(4) },
	{ ENABLED(ORGANIZATION_CONNECTION_NAME), TEXT("") },
	{ ENABLED(ORGANIZATION_CONNECTION_NAME), LENGTH(51) },
};

const struct input_fault *input_fault(struct input *input)
{
	return &faults[input_below(input, COUNT_OF(faults))];
}

bool input_fault_fits_create(const struct input_fault *fault)
{
	return fault->form != FAULT_FIXED;
}

bool input_fault_fits_update(const struct input_fault *fault)
{
	const struct recipe *recipe = recipe_of(fault->kind, fault->bit);
	return fault->form == FAULT_FIXED || !recipe || !(recipe->flags & FIXED);
}

static void break_length(struct input *input, const struct input_fault *fault, void *member)
{
	char *text = input->buffer + input->used;
	if (fault->kind == ORGDB_KIND_USER && fault->bit == ORGDB_USER_USER_METADATA) {
		msgpack_packer packer = packer_of(input);
		size_t start = input->used;
		pack_long_text(input, &packer, fault->number);
		set_value(input, member, start);
		return;
	}
	memset(text, 'a', fault->number);
	if (fault->kind == ORGDB_KIND_USER && (fault->bit == ORGDB_USER_ID || fault->bit == ORGDB_USER_EMAIL))
		text[fault->number - 20] = fault->bit == ORGDB_USER_ID ? '|' : '@';
	*(orgdb_str *)member = (orgdb_str){ text, fault->number };
	input->used += fault->number;
}

static void break_entries(struct input *input, const struct input_fault *fault, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	bool map = field_of(fault->kind, fault->bit)->type == ORGDB_TYPE_MAP;
	if (map)
		msgpack_pack_map(&packer, fault->number);
	else
		msgpack_pack_array(&packer, fault->number);
	for (uint32_t i = 0; i < fault->number; i++) {
		char text[24];
		snprintf(text, sizeof(text), "entry-%u", i);
		pack_text(&packer, text);
		if (map)
			pack_text(&packer, "text");
	}
	set_value(input, member, start);
}

static void break_depth(struct input *input, const struct input_fault *fault, void *member)
{
	size_t start = input->used;
	msgpack_packer packer = packer_of(input);
	pack_levels(&packer, fault->number);
	set_value(input, member, start);
}

void input_break(struct input *input, const struct input_fault *fault, bool create, union model_any *entity)
{
	void *member = member_of(fault->kind, fault->bit, entity);
	uint32_t *fields = fields_of(fault->kind, entity);
	if (!create || *fields != 0)
		*fields |= fault->bit;
	switch (fault->form) {
	case FAULT_TEXT:
		set_text(input, member, fault->data);
		break;
	case FAULT_LENGTH:
		break_length(input, fault, member);
		break;
	case FAULT_VALUE:
		*(orgdb_value *)member = (orgdb_value){ fault->data, fault->number };
		break;
	case FAULT_ENTRIES:
		break_entries(input, fault, member);
		break;
	case FAULT_DEPTH:
		break_depth(input, fault, member);
		break;
	case FAULT_NUMBER:
		*(uint32_t *)member = fault->number;
		break;
	case FAULT_ABSENT:
		*(orgdb_str *)member = (orgdb_str){ NULL, 0 };
		break;
	case FAULT_FIXED:
		make_member(input, recipe_of(fault->kind, fault->bit), entity);
	}
}

model_errors input_fault_errors(const struct input_fault *fault)
{
	bool beyond = fault->form == FAULT_LENGTH || fault->form == FAULT_ENTRIES || fault->form == FAULT_DEPTH;
	return MODEL_ERROR(ORGDB_INVALID) | (beyond ? MODEL_ERROR(ORGDB_TOO_LARGE) : 0);
}

void input_fault_field(const struct input_fault *fault, char *out, size_t size)
{
	const char *field = fault->bit == ORGDB_EXTRA ? "extra" : field_of(fault->kind, fault->bit)->name;
	snprintf(out, size, "%s.%s", orgdb_schema_of(fault->kind)->name, field);
}

void input_fault_words(const struct input_fault *fault, char *out, size_t size)
{
	static const char *const forms[] = { "text", "length", "bytes", "entries", "depth", "number", "absent", "fixed" };
	input_fault_field(fault, out, size);
	size_t used = strlen(out);
	snprintf(out + used, size - used, " (%s %s%u)", forms[fault->form], fault->form == FAULT_TEXT ? fault->data : "",
		fault->number);
}
