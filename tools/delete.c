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

static uint32_t entity_kind_named(const struct command *command, const char *name)
{
	const orgdb_schema *schema = orgdb_schema_named(name);
	if (!schema || schema->kind >= ORGDB_ENTITY_KINDS)
		misused(command, "unknown kind '%s'; expected connection, application, organization, user or role", name);
	return schema->kind;
}

static int run(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = { HELP_OPTION, { 0 } };
	while (next_option(command, options, argc, argv) != -1)
		continue;
	const char *path = argv[optind];
	struct deletion deletion = {
		.kind = entity_kind_named(command, argv[optind + 1]),
		.operand = argv[optind + 2],
	};
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

const struct command command_delete = {
	.name = "delete",
	.synopsis = "STORE KIND ID",
	.summary = "delete an entity and all that refers to it",
	.help = "Delete one entity from STORE and, in the same transaction, what refers to it:\n"
			"  organization   its memberships, its members' roles in it, its enabled\n"
			"                 connections\n"
			"  connection     every application's and organization's use of it\n"
			"  application    its use of connections\n"
			"  user           its memberships and the roles in them\n"
			"  role           every member's having it\n"
			"Nothing else goes: users, roles, connections and applications outlive an\n"
			"organization. Say what went. ID is the entity's id; for an organization its\n"
			"name will do.\n"
			"\n"
			"examples:\n"
			"  orgdb delete acme.orgdb user 'auth0|623d96f03ffb638c3f7ea0d6'\n"
			"  orgdb delete acme.orgdb organization cedar-credit-union\n",
	.operands_min = 3,
	.operands_max = 3,
	.run = run,
	.changes_store = true,
};
