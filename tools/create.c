/*
 * orgdb create and orgdb update: one object.
 *
 * SPDX-License-Identifier: MIT
 */
#include "edit.h"

struct edit {
	struct given_object object;
	const char *id_or_name; /* of the entity to update, or NULL */
	struct edited edited;
};

/* What was created is told from what was given, but for an id that was made. */
static void keep_ids(struct edit *edit, orgdb_str made)
{
	const orgdb_schema *schema = edit->object.schema;
	const char *given = (const char *)&edit->object.reader.entity;
	for (size_t i = 0; i < 2; i++)
		if (schema->kind >= ORGDB_ENTITY_KINDS)
			id_of(*(const orgdb_str *)(const void *)(given + schema->fields[i].offset), &edit->edited.ids[i]);
	if (schema->kind < ORGDB_ENTITY_KINDS)
		id_of(made, &edit->edited.ids[0]);
}

static int create(orgdb_txn *txn, void *context)
{
	struct edit *edit = context;
	orgdb_str id = { NULL, 0 };
	struct application application = { .txn = txn, .reader = &edit->object.reader, .id = &id };
	given_object_rewind(&edit->object);
	int code = apply_create(&application);
	if (code == ORGDB_OK)
		keep_ids(edit, id);
	return code;
}

static int update(orgdb_txn *txn, void *context)
{
	struct edit *edit = context;
	struct application application = { .txn = txn, .reader = &edit->object.reader };
	given_object_rewind(&edit->object);
	int code = find_id(txn, edit->edited.kind, edit->id_or_name, &edit->edited.ids[0]);
	return code == ORGDB_OK ? apply_update(&application, edit->edited.ids[0].text) : code;
}

enum { OPTION_JSON, OPTION_SECRETS };

/* The object is given by the operands from number `first` on. */
static int run(const struct arguments *arguments, struct edit *edit, orgdb_write_fn *change, size_t first)
{
	const char *path = arguments->operands[0];
	orgdb *db = NULL;
	edit->edited.kind = operand_kind(arguments, 1);
	edit->object.schema = orgdb_schema_of(edit->edited.kind);
	int status = given_object_begin(&edit->object, arguments, first);
	if (status == STATUS_OK)
		status = edit_store(path, change, edit, &db);
	if (status == STATUS_OK)
		status = print_edited(db, arguments, &edit->edited, option_given(arguments, OPTION_JSON));
	orgdb_close(db);
	given_object_end(&edit->object);
	return status;
}

static int run_create(const struct arguments *arguments)
{
	struct edit edit = { .edited = { .verb = "created", .secrets = option_given(arguments, OPTION_SECRETS) } };
	return run(arguments, &edit, create, 2);
}

static int run_update(const struct arguments *arguments)
{
	struct edit edit = { .edited.verb = "updated", .id_or_name = arguments->operands[2] };
	return run(arguments, &edit, update, 3);
}

#define JSON_OPTION [OPTION_JSON] = { .name = "json", .help = "write the object as it is now, as JSON" }

/* --- create ------------------------------------------------------------------------------------------------------- */

static const struct parameter create_options[] = {
	JSON_OPTION,
	[OPTION_SECRETS] = { .name = "secrets", .help = "with --json, show secrets, such as the ticket of an invitation" },
	{ 0 },
};

static const struct parameter create_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "KIND", .type = VALUE_KIND, .help = "what to create" },
	{ .name = "FIELD", .help = "FIELD=VALUE and so on, see below", .optional = true, .repeatable = true },
	{ 0 },
};

static const struct example create_examples[] = {
	{ "an organization", "orgdb create acme.orgdb organization name=depot metadata='{\"plan\": \"b\"}'" },
	{ "a user, for programs", "orgdb create acme.orgdb user email=clerk@depot.example --json" },
	{ "from what another program writes", "echo '{\"name\": \"Guest\"}' | orgdb create acme.orgdb role -" },
	{ 0 },
};

const struct command command_create = {
	.name = "create",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "create one object",
	.help = "Create one object. An entity without an id gets one, which is said.\n" GIVEN_OBJECT_HELP,
	.operands = create_operands,
	.options = create_options,
	.examples = create_examples,
	.run = run_create,
};

/* --- update ------------------------------------------------------------------------------------------------------- */

static const struct parameter update_options[] = { JSON_OPTION, { 0 } };

static const struct parameter update_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "KIND",
		.type = VALUE_ENTITY,
		.help = "any that is no edge: connection, application, user, organization, role ..." },
	{ .name = "ID", .help = "the entity's id; for an organization, a connection or a role its name will do" },
	{ .name = "FIELD", .help = "FIELD=VALUE and so on, see below", .repeatable = true },
	{ 0 },
};

static const struct example update_examples[] = {
	{ "rename an organization", "orgdb update acme.orgdb organization harbor-clinic name=port-clinic" },
	{ "block a user", "orgdb update acme.orgdb user 'auth0|623d96f03ffb638c3f7ea0d6' blocked=true" },
	{ "remove a field", "orgdb update acme.orgdb organization port-clinic branding:=null --json" },
	{ 0 },
};

const struct command command_update = {
	.name = "update",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "change fields of an entity",
	.help =
		"Change the fields that are given; the others stay. An object or array is replaced as a whole.\n" GIVEN_OBJECT_HELP,
	.operands = update_operands,
	.options = update_options,
	.examples = update_examples,
	.run = run_update,
};
