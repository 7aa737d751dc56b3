/*
 * orgdb delete: an entity and everything that goes with it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <string.h>

#include "cli.h"
#include "object.h"

struct deletion {
	uint32_t kind;
	const char *operand; /* an id, or an organization's name */
	struct id id;        /* of what was deleted */
	orgdb_cascade gone;
};

/* May be run again, so it finds the id anew each time. */
static int delete_entity(orgdb_txn *txn, void *context)
{
	struct deletion *deletion = context;
	id_of(orgdb_string(deletion->operand), &deletion->id);
	if (deletion->kind == ORGDB_KIND_ORGANIZATION) {
		orgdb_organization organization;
		int code = find_organization(txn, deletion->operand, &organization);
		if (code != ORGDB_OK)
			return code;
		id_of(organization.id, &deletion->id);
	}
	return orgdb_entity_delete(txn, deletion->kind, deletion->id.text, &deletion->gone);
}

static void print_gone(const struct deletion *deletion)
{
	printf("deleted %s ", orgdb_schema_of(deletion->kind)->name);
	print_text(stdout, deletion->id.text, strlen(deletion->id.text));
	printf("\nand with it:\n");
	printf("  %-24s %10" PRIu64 "\n", "memberships", deletion->gone.memberships);
	printf("  %-24s %10" PRIu64 "\n", "member roles", deletion->gone.member_roles);
	printf("  %-24s %10" PRIu64 "\n", "enabled connections", deletion->gone.enabled_connections);
	printf("  %-24s %10" PRIu64 "\n", "application connections", deletion->gone.application_connections);
}

static int run(const struct arguments *arguments)
{
	const char *path = arguments->operands[0];
	struct deletion deletion = { .kind = operand_kind(arguments, 1), .operand = arguments->operands[2] };
	orgdb *db;
	int status = open_store(path, false, &db);
	if (status != STATUS_OK)
		return status;
	int code = orgdb_write(db, delete_entity, &deletion);
	orgdb_close(db);
	if (code != ORGDB_OK)
		return store_failed(code, path);
	print_gone(&deletion);
	return STATUS_OK;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "KIND", .type = VALUE_ENTITY, .help = "connection, application, role, user or organization" },
	{ .name = "ID", .help = "the entity's id; for an organization its name will do" },
	{ 0 },
};

static const struct example examples[] = {
	{ "a user", "orgdb delete acme.orgdb user 'auth0|623d96f03ffb638c3f7ea0d6'" },
	{ "an organization, by its name", "orgdb delete acme.orgdb organization cedar-credit-union" },
	{ 0 },
};

const struct command command_delete = {
	.name = "delete",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "delete an entity and all that refers to it",
	.help = "Delete one entity from STORE and, in the same transaction, what refers to it:\n"
			"organization\tits memberships, its members' roles in it, its enabled connections\n"
			"connection\tevery application's and organization's use of it\n"
			"application\tits use of connections\n"
			"user\tits memberships and the roles in them\n"
			"role\tevery member's having it\n"
			"Nothing else goes: users, roles, connections and applications outlive an organization. Say what went.\n",
	.operands = operands,
	.examples = examples,
	.run = run,
};
