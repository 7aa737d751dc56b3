/*
 * orgdb template-context and orgdb render: what an email template may say, and what it says then.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liquid.h"

/* --- What is asked for -------------------------------------------------------------------------------------------- */

enum {
	OPTION_ORGANIZATION,
	OPTION_APPLICATION,
	OPTION_CONNECTION,
	OPTION_USER,
	OPTION_EMAIL,
	OPTION_INVITER,
	OPTION_ROLE,
	OPTION_SET,
	OPTION_OWN, /* the first of a command's own */
};

/* The library's options, and what they point to. */
struct asked {
	const struct arguments *arguments;
	const char *name; /* the template's */
	orgdb_txn *txn;
	orgdb_template_options options;
	struct id organization;
	struct id connection;
	struct id *roles;
	const char **role_ids;
	msgpack_sbuffer members; /* of `extra`, which they become when all are known */
	size_t member_count;
	msgpack_sbuffer extra;
	msgpack_sbuffer metadata;
	char *memory; /* of the variables */
	orgdb_value variables;
};

/* What --set gives to the library; the others go to `extra`. */
static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "url", offsetof(orgdb_template_options, url) },
	{ "code", offsetof(orgdb_template_options, code) },
	{ "link", offsetof(orgdb_template_options, link) },
	{ "send", offsetof(orgdb_template_options, send) },
	{ "operation", offsetof(orgdb_template_options, operation) },
	{ "source_ip", offsetof(orgdb_template_options, source_ip) },
	{ "city", offsetof(orgdb_template_options, city) },
	{ "country", offsetof(orgdb_template_options, country) },
	{ "request_language", offsetof(orgdb_template_options, request_language) },
	{ "tenant", offsetof(orgdb_template_options, tenant) },
	{ "friendly_name", offsetof(orgdb_template_options, friendly_name) },
	{ "support_email", offsetof(orgdb_template_options, support_email) },
	{ "support_url", offsetof(orgdb_template_options, support_url) },
	{ "custom_domain", offsetof(orgdb_template_options, custom_domain) },
};

static const char **known_text(struct asked *asked, const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strlen(texts[i].name) == size && memcmp(texts[i].name, name, size) == 0)
			return (const char **)(void *)((char *)&asked->options + texts[i].offset);
	return NULL;
}

/* Where a value of --set goes; its key, if it has one, is there already. */
static msgpack_sbuffer *place_for(struct asked *asked, const char *name, size_t size)
{
	msgpack_packer packer;
	if (size == strlen("custom_domain_metadata") && memcmp(name, "custom_domain_metadata", size) == 0) {
		msgpack_sbuffer_clear(&asked->metadata);
		return &asked->metadata;
	}
	msgpack_packer_init(&packer, &asked->members, msgpack_sbuffer_write);
	json_pack_text(&packer, name, size);
	asked->member_count++;
	return &asked->members;
}

/* NAME=TEXT or NAME:=JSON. */
static void take_setting(struct asked *asked, const char *setting)
{
	const struct command *command = asked->arguments->command;
	const char *equals = strchr(setting, '=');
	bool any = equals && equals > setting && equals[-1] == ':';
	size_t size = equals ? (size_t)(equals - setting) - any : 0;
	struct json_problem problem;
	msgpack_packer packer;
	json_t *json = NULL;
	if (size == 0)
		misused(command, "--set: expected NAME=TEXT or NAME:=JSON, got '%s'", setting);
	const char *value = equals + 1;
	const char **known = known_text(asked, setting, size);
	if (any && known)
		misused(command, "--set: %.*s is a text; give it as %.*s=TEXT", (int)size, setting, (int)size, setting);
	if (known) {
		*known = value;
		return;
	}
	if (any && !(json = json_parse(value, strlen(value), &problem)))
		misused(
			command, "--set: cannot read %.*s as JSON: %d: %s", (int)size, setting, problem.column, problem.message);
	msgpack_packer_init(&packer, place_for(asked, setting, size), msgpack_sbuffer_write);
	if (json)
		json_pack_value(&packer, json);
	else
		json_pack_text(&packer, value, strlen(value));
}

static orgdb_value value_in(const msgpack_sbuffer *buffer)
{
	return (orgdb_value){ buffer->size > 0 ? buffer->data : NULL, buffer->size };
}

static void take_settings(struct asked *asked)
{
	const char *setting;
	size_t at = 0;
	msgpack_packer packer;
	while ((setting = option_next(asked->arguments, OPTION_SET, &at)))
		take_setting(asked, setting);
	json_end();
	if (asked->member_count > 0) {
		msgpack_packer_init(&packer, &asked->extra, msgpack_sbuffer_write);
		msgpack_pack_map(&packer, asked->member_count);
		msgpack_sbuffer_write(&asked->extra, asked->members.data, asked->members.size);
	}
	asked->options.extra = value_in(&asked->extra);
	asked->options.custom_domain_metadata = value_in(&asked->metadata);
}

static void asked_begin(struct asked *asked, const struct arguments *arguments)
{
	memset(asked, 0, sizeof(*asked));
	asked->arguments = arguments;
	asked->name = arguments->operands[1];
	asked->options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	asked->options.client_id = option_value(arguments, OPTION_APPLICATION);
	asked->options.user_id = option_value(arguments, OPTION_USER);
	asked->options.user_email = option_value(arguments, OPTION_EMAIL);
	asked->options.inviter_name = option_value(arguments, OPTION_INVITER);
	msgpack_sbuffer_init(&asked->members);
	msgpack_sbuffer_init(&asked->extra);
	msgpack_sbuffer_init(&asked->metadata);
	take_settings(asked);
}

static void asked_end(struct asked *asked)
{
	msgpack_sbuffer_destroy(&asked->members);
	msgpack_sbuffer_destroy(&asked->extra);
	msgpack_sbuffer_destroy(&asked->metadata);
	free(asked->roles);
	free(asked->role_ids);
	free(asked->memory);
}

/* --- The answer --------------------------------------------------------------------------------------------------- */

static int find_roles(struct asked *asked)
{
	const char *name;
	size_t at = 0, count = 0;
	while (option_next(asked->arguments, OPTION_ROLE, &at))
		count++;
	asked->roles = calloc(count + 1, sizeof(*asked->roles));
	asked->role_ids = calloc(count + 1, sizeof(*asked->role_ids));
	if (!asked->roles || !asked->role_ids)
		return ORGDB_NO_MEMORY;
	asked->options.role_ids = asked->role_ids;
	for (at = 0; (name = option_next(asked->arguments, OPTION_ROLE, &at)); asked->options.role_count++) {
		size_t i = asked->options.role_count;
		int code = find_role(asked->txn, asked->options.organization_id, name, &asked->roles[i]);
		if (code != ORGDB_OK)
			return code;
		asked->role_ids[i] = asked->roles[i].text;
	}
	return ORGDB_OK;
}

static int find_named(struct asked *asked, size_t option, uint32_t kind, struct id *id, const char **found)
{
	const char *name = option_value(asked->arguments, option);
	int code = name ? find_id(asked->txn, kind, name, id) : ORGDB_OK;
	*found = name ? id->text : NULL;
	return code;
}

/* The variables, in memory of their own. */
static int find_variables(struct asked *asked)
{
	int code = find_named(
		asked, OPTION_ORGANIZATION, ORGDB_KIND_ORGANIZATION, &asked->organization, &asked->options.organization_id);
	if (code == ORGDB_OK)
		code = find_named(
			asked, OPTION_CONNECTION, ORGDB_KIND_CONNECTION, &asked->connection, &asked->options.connection_id);
	if (code == ORGDB_OK)
		code = find_roles(asked);
	if (code != ORGDB_OK)
		return code;
	asked->variables.size = 4096;
	do {
		size_t size = asked->variables.size;
		free(asked->memory);
		asked->memory = malloc(size);
		if (!asked->memory)
			return ORGDB_NO_MEMORY;
		code = orgdb_template_context(asked->txn, asked->name, &asked->options, asked->memory, size, &asked->variables);
	} while (code == ORGDB_TRUNCATED);
	return code;
}

/* Ask a snapshot; `find` returns the library's code. */
static int answer(struct asked *asked, int (*find)(struct asked *asked))
{
	const char *path = asked->arguments->operands[0];
	orgdb *db;
	int status = open_snapshot(path, &db, &asked->txn);
	if (status != STATUS_OK)
		return status;
	int code = find(asked);
	if (code != ORGDB_OK)
		status = store_failed(code, path);
	orgdb_end(asked->txn);
	orgdb_close(db);
	return status;
}

/* --- What both take ----------------------------------------------------------------------------------------------- */

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "TEMPLATE", .help = "its name, such as welcome_email, reset_email or user_invitation" },
	{ 0 },
};

#define ASKING_OPTIONS \
	[OPTION_ORGANIZATION] = {                                                                                        \
		.name = "organization",                                                                                      \
		.value = "ORGANIZATION",                                                                                     \
		.help = "the organization in which the mail is sent, by id (org_...) or name",                              \
	},                                                                                                               \
	[OPTION_APPLICATION] = { .name = "application", .value = "CLIENT_ID", .help = "the application, by client_id" }, \
	[OPTION_CONNECTION] = { .name = "connection", .value = "CONNECTION", .help = "the connection, by id or name" },  \
	[OPTION_USER] = { .name = "user", .value = "USER_ID", .help = "the user to whom the mail goes" },                \
	[OPTION_EMAIL] = {                                                                                               \
		.name = "email",                                                                                             \
		.value = "ADDRESS",                                                                                          \
		.help = "the address to which the mail goes, of somebody who is no user yet",                               \
	},                                                                                                               \
	[OPTION_INVITER] = { .name = "inviter", .value = "NAME", .help = "the name of the person who invites" },         \
	[OPTION_ROLE] = {                                                                                                \
		.name = "role",                                                                                              \
		.value = "ROLE",                                                                                             \
		.help = "a role that an invitation gives, by id or name; may be given many times",                          \
		.repeatable = true,                                                                                          \
	},                                                                                                               \
	[OPTION_SET] = {                                                                                                 \
		.name = "set",                                                                                               \
		.value = "NAME=TEXT",                                                                                        \
		.help = "another variable, or NAME:=JSON if it is no text; may be given many times",                        \
		.repeatable = true,                                                                                          \
	}

#define VARIABLES_HELP                                                                                                \
	"organization\tid, name, display_name, metadata, branding (logo_url, colors), of --organization\n"                \
	"application\tname, clientID, client_metadata, callback_domain, of --application; client is the same\n"           \
	"connection\tname, of --connection; not in enrollment_email\n"                                                    \
	"user\temail, and of a --user all that is known; in auth_email_by_code only email\n"                              \
	"inviter, roles\tof an invitation\n"                                                                              \
	"--set gives the others: url, code, link, send, operation, source_ip, city, country, request_language, tenant, "  \
	"friendly_name, support_email, support_url, custom_domain, custom_domain_metadata, and whatever else a template " \
	"asks for. What is given and TEMPLATE has no variable for is left out.\n"

/* --- template-context --------------------------------------------------------------------------------------------- */

enum { CONTEXT_RESULT_URL = OPTION_OWN, CONTEXT_PRETTY };

static int print_json(const struct asked *asked)
{
	bool pretty = option_given(asked->arguments, CONTEXT_PRETTY);
	orgdb_str text = { NULL, 4096 };
	char *memory = NULL;
	int code = ORGDB_TRUNCATED;
	while (code == ORGDB_TRUNCATED) {
		size_t size = text.size;
		free(memory);
		memory = malloc(size);
		code = memory ? orgdb_value_json(asked->variables, pretty, memory, size, &text) : ORGDB_NO_MEMORY;
	}
	if (code == ORGDB_OK) {
		fwrite(text.data, 1, text.size, stdout);
		putchar('\n');
	}
	free(memory);
	return code == ORGDB_OK ? STATUS_OK : store_failed(code, asked->arguments->operands[0]);
}

static int run_context(const struct arguments *arguments)
{
	struct asked asked;
	asked_begin(&asked, arguments);
	asked.options.for_result_url = option_given(arguments, CONTEXT_RESULT_URL);
	int status = answer(&asked, find_variables);
	if (status == STATUS_OK)
		status = print_json(&asked);
	asked_end(&asked);
	return status;
}

static const struct parameter context_options[] = {
	ASKING_OPTIONS,
	[CONTEXT_RESULT_URL] = { .name = "result-url", .help = "what its resultUrl may say, instead" },
	[CONTEXT_PRETTY] = { .name = "pretty", .help = "each variable on a line of its own" },
	{ 0 },
};

static const struct example context_examples[] = {
	{ "what a mail about a new password may say",
		"orgdb template-context acme.orgdb reset_email --set url=https://example.com/" },
	{ "what an invitation may", "orgdb template-context acme.orgdb user_invitation --organization harbor-clinic" },
	{ 0 },
};

const struct command command_template_context = {
	.name = "template-context",
	.group = GROUP_LOOK,
	.summary = "show what an email template may say, as JSON",
	.help =
		"Show the variables of an email template, as one JSON object for any Liquid engine. TEMPLATE need not be in "
		"STORE.\n" VARIABLES_HELP,
	.operands = operands,
	.options = context_options,
	.examples = context_examples,
	.run = run_context,
};

/* --- render ------------------------------------------------------------------------------------------------------- */

enum { RENDER_PART = OPTION_OWN };

static const char *const part_names[] = { "mail", "subject", "body", "from", "resultUrl", NULL };
enum part { PART_MAIL, PART_SUBJECT, PART_BODY, PART_FROM, PART_RESULT_URL };

struct rendering {
	struct asked asked; /* the first member */
	enum part part;
	bool is_liquid;
	char *input; /* of the engine */
	size_t size;
};

static int write_input(struct rendering *rendering, const orgdb_email_template *email_template)
{
	struct json_writer writer;
	FILE *to = open_memstream(&rendering->input, &rendering->size);
	if (!to || !json_writer_begin(&writer, to)) {
		if (to)
			fclose(to);
		return ORGDB_NO_MEMORY;
	}
	json_begin_object(&writer);
	json_write_text(&writer, "from", email_template->from);
	json_write_text(&writer, "subject", email_template->subject);
	json_write_text(&writer, "body", email_template->body);
	json_write_text(&writer, "resultUrl", email_template->result_url);
	json_write_value(&writer, "variables", rendering->asked.variables);
	json_end_object(&writer);
	json_writer_end(&writer);
	bool failed = ferror(to);
	return fclose(to) != 0 || failed ? ORGDB_NO_MEMORY : writer.error;
}

/* What to render and with what, so that the store is closed before the engine begins. */
static int find_input(struct asked *asked)
{
	struct rendering *rendering = (struct rendering *)asked;
	orgdb_email_template email_template;
	int code = find_variables(asked);
	if (code == ORGDB_OK)
		code = orgdb_email_template_get(asked->txn, asked->name, &email_template);
	if (code != ORGDB_OK)
		return code;
	rendering->is_liquid = orgdb_str_equal(email_template.syntax, orgdb_string("liquid"));
	return write_input(rendering, &email_template);
}

static int run_render(const struct arguments *arguments)
{
	struct rendering rendering = { 0 };
	asked_begin(&rendering.asked, arguments);
	rendering.part = (enum part)option_choice(arguments, RENDER_PART, PART_MAIL);
	rendering.asked.options.for_result_url = rendering.part == PART_RESULT_URL;
	int status = answer(&rendering.asked, find_input);
	if (status == STATUS_OK && !rendering.is_liquid) {
		complain("%s: its syntax is not liquid, so it cannot be rendered", rendering.asked.name);
		status = STATUS_REFUSED;
	} else if (status == STATUS_OK) {
		bool mail = rendering.part == PART_MAIL;
		const char *parts[] = { mail ? "subject" : part_names[rendering.part], mail ? "body" : NULL, NULL };
		status = liquid_render(rendering.asked.name, parts, rendering.input, rendering.size);
	}
	free(rendering.input);
	asked_end(&rendering.asked);
	return status;
}

static const struct parameter render_options[] = {
	ASKING_OPTIONS,
	[RENDER_PART] = {
		.name = "part",
		.value = "PART",
		.type = VALUE_CHOICE,
		.choices = part_names,
		.help = "what to show: mail (the default), which is the subject in one line, an empty line and the body, or "
				"one of subject, body, from and resultUrl alone",
	},
	{ 0 },
};

static const struct example render_examples[] = {
	{ "the mail that a new member gets", "orgdb render acme.orgdb welcome_email --organization harbor-clinic" },
	{ "its body, for a browser", "orgdb render acme.orgdb welcome_email --email a@b.example --part body > mail" },
	{ 0 },
};

const struct command command_render = {
	.name = "render",
	.group = GROUP_LOOK,
	.summary = "show the mail that an email template makes",
	.help =
		"Show what TEMPLATE makes of its variables, enabled or not. It takes the Liquid engine of Ruby, which must be "
		"installed; on Debian it is in ruby-liquid.\n" VARIABLES_HELP,
	.operands = operands,
	.options = render_options,
	.examples = render_examples,
	.run = run_render,
};
