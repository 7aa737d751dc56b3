/*
 * orgdb get, list, members and organizations: single objects and lists of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "walk.h"

/* --- What they share ---------------------------------------------------------------------------------------------- */

/* A question to a snapshot; `find` of answer() returns the library's code. */
struct question {
	const struct arguments *arguments;
	orgdb_txn *txn;
	struct output output;
	uint32_t kind; /* of the entries of a list ... */
	uint64_t left; /* ... and how many more are wanted */
	bool as_json;
	struct id organization_id; /* of a member, or of a user's organization */
	struct id user_id;
};

static int answer(struct question *question, int (*find)(struct question *question))
{
	const char *path = question->arguments->operands[0];
	orgdb *db;
	int status = open_snapshot(path, &db, &question->txn);
	if (status != STATUS_OK)
		return status;
	int code = ORGDB_NO_MEMORY;
	if (output_begin(&question->output, question->txn)) {
		code = find(question);
		output_end(&question->output);
	}
	if (code != ORGDB_OK && code != WALK_STOPPED)
		status = store_failed(code, path);
	orgdb_end(question->txn);
	orgdb_close(db);
	return status;
}

static int organization_named(struct question *question, const char *name, orgdb_organization *out)
{
	int code = find_organization(question->txn, name, out);
	if (code == ORGDB_OK)
		id_of(out->id, &question->organization_id);
	return code;
}

/* --- Lists -------------------------------------------------------------------------------------------------------- */

/* What people know an entity by, in columns, as far as bytes tell: the first texts of its schema, the id being the
 * first of all. */
static void print_line(uint32_t kind, const void *entity)
{
	enum { CELLS = 3, WIDTH = 32 };
	const orgdb_schema *schema = orgdb_schema_of(kind);
	int cell = 0;
	size_t size = 0; /* of the cell before */
	for (size_t i = 0; i < schema->field_count && cell < CELLS; i++) {
		if (schema->fields[i].type != ORGDB_TYPE_TEXT)
			continue;
		const void *member = (const char *)entity + schema->fields[i].offset;
		orgdb_str text = *(const orgdb_str *)member;
		if (!text.data)
			text = orgdb_string("-");
		printf("%*s", cell == 0 ? 0 : size < WIDTH ? WIDTH - (int)size + 2 : 2, "");
		print_text(stdout, text.data, text.size);
		size = text.size;
		cell++;
	}
}

static int show_next(struct question *question, int code)
{
	if (code == ORGDB_OK && --question->left == 0)
		code = WALK_STOPPED;
	return code == ORGDB_OK && output_failed() ? WALK_STOPPED : code;
}

static int show_entity(void *context, const void *entity)
{
	struct question *question = context;
	if (question->as_json)
		return show_next(question, output_object(&question->output, question->kind, entity));
	print_line(question->kind, entity);
	putchar('\n');
	return show_next(question, ORGDB_OK);
}

/* The ordinal of the entity that an `--after` names, 0 without one. */
static int place_of(struct question *question, uint32_t kind, const char *id, uint64_t *ordinal)
{
	union any_kind entity;
	*ordinal = 0;
	if (!id)
		return ORGDB_OK;
	int code = kind == ORGDB_KIND_ORGANIZATION ? find_organization(question->txn, id, &entity.organization)
											   : orgdb_entity_get(question->txn, kind, id, &entity);
	if (code == ORGDB_OK)
		*ordinal = *(const uint64_t *)(const void *)&entity; /* every struct begins with it */
	return code;
}

enum { LIST_AFTER, LIST_LIMIT, LIST_JSON, LIST_SECRETS, LIST_ORGANIZATION };

static int show_list(struct question *question, const struct list *list, visit_fn *visit)
{
	const struct arguments *arguments = question->arguments;
	uint64_t after;
	question->kind = list->kind;
	question->left = option_number(arguments, LIST_LIMIT, UINT64_MAX);
	question->as_json = option_given(arguments, LIST_JSON);
	int code = place_of(question, list->kind, option_value(arguments, LIST_AFTER), &after);
	if (code != ORGDB_OK || question->left == 0)
		return code;
	return walk_list(question->txn, list, after, visit, question);
}

#define LIST_OPTIONS(json_help) \
	[LIST_AFTER] = {                                                                                         \
		.name = "after",                                                                                     \
		.value = "ID",                                                                                       \
		.help = "begin behind the one with this id, which must exist",                                       \
	},                                                                                                       \
	[LIST_LIMIT] = { .name = "limit", .value = "N", .type = VALUE_NUMBER, .help = "show N of them at most" }, \
	[LIST_JSON] = { .name = "json", .help = json_help }

/* --- get ---------------------------------------------------------------------------------------------------------- */

enum { GET_PRETTY, GET_SECRETS };

/* Where an organization's id is wanted, its name does, too. */
static bool begins_with_organization(uint32_t kind)
{
	return kind == ORGDB_KIND_ORGANIZATION || (kind >= ORGDB_ENTITY_KINDS && kind != ORGDB_KIND_APPLICATION_CONNECTION);
}

static int get(struct question *question)
{
	uint32_t kind = operand_kind(question->arguments, 1);
	char *const *ids = question->arguments->operands + 2;
	const char *id = ids[0];
	orgdb_organization organization;
	union any_kind found;
	int code = ORGDB_OK;
	if (begins_with_organization(kind)) {
		code = organization_named(question, id, &organization);
		id = question->organization_id.text;
	}
	if (code == ORGDB_OK)
		code = find_object(question->txn, kind, id, ids[1], &found);
	question->output.writer.pretty = option_given(question->arguments, GET_PRETTY);
	question->output.writer.secrets = option_given(question->arguments, GET_SECRETS);
	return code == ORGDB_OK ? output_object(&question->output, kind, &found) : code;
}

static int run_get(const struct arguments *arguments)
{
	bool is_edge = operand_kind(arguments, 1) >= ORGDB_ENTITY_KINDS;
	if (is_edge != (arguments->operand_count > 3))
		misused(arguments->command, is_edge ? "%s has two ids" : "%s has one id", arguments->operands[1]);
	struct question question = { .arguments = arguments };
	return answer(&question, get);
}

static const struct parameter get_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "KIND", .type = VALUE_KIND, .help = "the kind of object" },
	{ .name = "ID", .help = "its id; an edge's first; of an organization the name, too" },
	{ .name = "SECOND_ID", .help = "an edge's second id", .optional = true },
	{ 0 },
};

static const struct parameter get_options[] = {
	[GET_PRETTY] = { .name = "pretty", .help = "each field on a line of its own" },
	[GET_SECRETS] = { .name = "secrets", .help = "show secrets, such as the ticket of an invitation" },
	{ 0 },
};

static const struct example get_examples[] = {
	{ "an organization to read", "orgdb get acme.orgdb organization harbor-clinic --pretty" },
	{ "how a connection is enabled there",
		"orgdb get acme.orgdb enabled_connection harbor-clinic con_13ubedvVMeGkfgT6" },
	{ 0 },
};

const struct command command_get = {
	.name = "get",
	.group = GROUP_LOOK,
	.summary = "show one object as JSON",
	.help = "Show the object of KIND with ID, as 'orgdb dump' does. Edges have two ids, in this order:\n"
			"application_connection\tthe application's and the connection's\n"
			"enabled_connection\tthe organization's and the connection's\n"
			"organization_application\tthe organization's and the application's\n"
			"membership\tthe organization's and the user's\n",
	.operands = get_operands,
	.options = get_options,
	.examples = get_examples,
	.run = run_get,
};

/* --- list --------------------------------------------------------------------------------------------------------- */

static int list_entities(struct question *question)
{
	uint32_t kind = operand_kind(question->arguments, 1);
	const char *owner = option_value(question->arguments, LIST_ORGANIZATION);
	struct list list = entities_of_kind(kind);
	orgdb_organization organization;
	if (owner) {
		int code = organization_named(question, owner, &organization);
		if (code != ORGDB_OK)
			return code;
		list = owned_by(question->organization_id.text, kind);
	}
	question->output.writer.secrets = option_given(question->arguments, LIST_SECRETS);
	return show_list(question, &list, show_entity);
}

static bool has_owner(const orgdb_schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].flags & ORGDB_FIELD_OWNER)
			return true;
	return false;
}

static int run_list(const struct arguments *arguments)
{
	struct question question = { .arguments = arguments };
	const orgdb_schema *schema = orgdb_schema_of(operand_kind(arguments, 1));
	if (option_given(arguments, LIST_ORGANIZATION) && !has_owner(schema))
		misused(arguments->command, "--organization: organizations own no %ss", schema->name);
	return answer(&question, list_entities);
}

static const struct parameter list_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "KIND", .type = VALUE_ENTITY, .help = "the kind of object" },
	{ 0 },
};

static const struct parameter list_options[] = {
	LIST_OPTIONS("one JSON object a line, as 'orgdb dump' writes it, with all its fields"),
	[LIST_SECRETS] = { .name = "secrets", .help = "with --json, show secrets, such as the tickets of invitations" },
	[LIST_ORGANIZATION] = {
		.name = "organization",
		.value = "ORGANIZATION",
		.help = "only what the organization with this id (org_...) or name owns",
	},
	{ 0 },
};

static const struct example list_examples[] = {
	{ "all organizations", "orgdb list acme.orgdb organization" },
	{ "the roles of an organization's own", "orgdb list acme.orgdb role --organization harbor-clinic" },
	{ "ten users, from a place on", "orgdb list acme.orgdb user --after 'okta|cedar-okta|teller-01' --limit 10" },
	{ 0 },
};

const struct command command_list = {
	.name = "list",
	.group = GROUP_LOOK,
	.summary = "list the objects of a kind",
	.help = "List the objects of KIND in creation order: id, name and what else is telling, one a line. The edges of "
			"a kind are in 'orgdb dump --kind'.\n",
	.operands = list_operands,
	.options = list_options,
	.examples = list_examples,
	.run = run_list,
};

/* --- members and organizations ------------------------------------------------------------------------------------ */

static int print_role(void *context, const void *entry)
{
	bool *first = context;
	const orgdb_role *role = entry;
	printf("%s", *first ? "  [" : ", ");
	print_text(stdout, role->name.data, role->name.size);
	*first = false;
	return ORGDB_OK;
}

static int write_role(void *context, const void *entry)
{
	struct json_writer *writer = context;
	const orgdb_role *role = entry;
	json_begin_object(writer);
	json_write_text(writer, "id", role->id);
	json_write_text(writer, "name", role->name);
	json_end_object(writer);
	return ORGDB_OK;
}

static void write_optional(struct json_writer *writer, const char *key, orgdb_str text)
{
	if (text.data)
		json_write_text(writer, key, text);
}

static void write_summary(struct json_writer *writer, uint32_t kind, const void *entity)
{
	if (kind == ORGDB_KIND_USER) {
		const orgdb_user *user = entity;
		json_write_text(writer, "user_id", user->user_id);
		write_optional(writer, "email", user->email);
		write_optional(writer, "name", user->name);
	} else {
		const orgdb_organization *organization = entity;
		json_write_text(writer, "id", organization->id);
		json_write_text(writer, "name", organization->name);
		write_optional(writer, "display_name", organization->display_name);
	}
}

/* A user or an organization, and the user's roles in it. */
static int show_end(struct question *question, const void *entity)
{
	struct json_writer *writer = &question->output.writer;
	struct list roles = roles_of(question->organization_id.text, question->user_id.text);
	int code;
	if (question->as_json) {
		json_begin_object(writer);
		write_summary(writer, question->kind, entity);
		json_begin_array(writer, "roles");
		code = walk_list(question->txn, &roles, 0, write_role, writer);
		json_end_array(writer);
		json_end_object(writer);
	} else {
		bool first = true;
		print_line(question->kind, entity);
		code = walk_list(question->txn, &roles, 0, print_role, &first);
		puts(first ? "" : "]");
	}
	return show_next(question, code);
}

static int show_member(void *context, const void *entry)
{
	struct question *question = context;
	const orgdb_user *user = entry;
	id_of(user->user_id, &question->user_id);
	return show_end(question, entry);
}

static int list_members(struct question *question)
{
	orgdb_organization organization;
	int code = organization_named(question, question->arguments->operands[1], &organization);
	struct list list = members_of(question->organization_id.text);
	return code == ORGDB_OK ? show_list(question, &list, show_member) : code;
}

static int run_members(const struct arguments *arguments)
{
	struct question question = { .arguments = arguments };
	return answer(&question, list_members);
}

static const struct parameter members_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "ORGANIZATION", .help = "its id (org_...) or its name" },
	{ 0 },
};

static const struct parameter members_options[] = {
	LIST_OPTIONS("one JSON object a line: user_id, email and name if there are any, roles (id, name)"),
	{ 0 },
};

static const struct example members_examples[] = {
	{ "who belongs to it", "orgdb members acme.orgdb harbor-clinic" },
	{ "the addresses of its members",
		"orgdb members acme.orgdb harbor-clinic --json | grep -o '\"email\": \"[^\"]*\"'" },
	{ 0 },
};

const struct command command_members = {
	.name = "members",
	.group = GROUP_LOOK,
	.summary = "list an organization's members and their roles",
	.help = "List the members of an organization in creation order of the users: id, address, name, and the names of "
			"their roles in it.\n",
	.operands = members_operands,
	.options = members_options,
	.examples = members_examples,
	.run = run_members,
};

static int show_organization(void *context, const void *entry)
{
	struct question *question = context;
	const orgdb_organization *organization = entry;
	id_of(organization->id, &question->organization_id);
	return show_end(question, entry);
}

static int list_organizations(struct question *question)
{
	const char *user_id = question->arguments->operands[1];
	id_of(orgdb_string(user_id), &question->user_id);
	struct list list = organizations_of(user_id);
	return show_list(question, &list, show_organization);
}

static int run_organizations(const struct arguments *arguments)
{
	struct question question = { .arguments = arguments };
	return answer(&question, list_organizations);
}

static const struct parameter organizations_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "USER", .help = "its id" },
	{ 0 },
};

static const struct parameter organizations_options[] = {
	LIST_OPTIONS("one JSON object a line: id, name, display_name if there is one, roles (id, name)"),
	{ 0 },
};

static const struct example organizations_examples[] = {
	{ "where a user belongs", "orgdb organizations acme.orgdb 'samlp|harbor-clinic-saml|HC1000'" },
	{ 0 },
};

const struct command command_organizations = {
	.name = "organizations",
	.group = GROUP_LOOK,
	.summary = "list a user's organizations and its roles there",
	.help = "List the organizations that a user is a member of, in creation order: id, name, display name, and the "
			"names of the user's roles there.\n",
	.operands = organizations_operands,
	.options = organizations_options,
	.examples = organizations_examples,
	.run = run_organizations,
};
