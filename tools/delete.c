/*
 * orgdb delete: an entity and everything that goes with it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <string.h>

#include "edit.h"

struct deletion {
	uint32_t kind;
	const char *operand; /* an id or a name */
	struct id id;        /* of what was deleted */
	orgdb_cascade gone;
	orgdb_cascade expected; /* what was shown to the person who said yes */
	bool dry;               /* only to see what would go */
	bool was_shown;
};

/* What drops the transaction. */
enum { DELETE_DRY = 1, DELETE_DIFFERS };

/* May be run again, so it finds the id anew each time. */
static int delete_entity(orgdb_txn *txn, void *context)
{
	struct deletion *deletion = context;
	int code = find_id(txn, deletion->kind, deletion->operand, &deletion->id);
	if (code == ORGDB_OK)
		code = orgdb_entity_delete(txn, deletion->kind, deletion->id.text, &deletion->gone);
	if (code != ORGDB_OK)
		return code;
	if (deletion->was_shown && memcmp(&deletion->gone, &deletion->expected, sizeof(deletion->gone)) != 0)
		return DELETE_DIFFERS;
	return deletion->dry ? DELETE_DRY : ORGDB_OK;
}

/* --- Saying it ---------------------------------------------------------------------------------------------------- */

static void print_gone(FILE *file, const char *verb, const struct deletion *deletion)
{
	const orgdb_cascade *gone = &deletion->gone;
	fprintf(file, "%s %s ", verb, orgdb_schema_of(deletion->kind)->name);
	print_text(file, deletion->id.text, strlen(deletion->id.text));
	fprintf(file, "\nand with it:\n");
	fprintf(file, "  %-24s %10" PRIu64 "\n", "memberships", gone->memberships);
	fprintf(file, "  %-24s %10" PRIu64 "\n", "member roles", gone->member_roles);
	fprintf(file, "  %-24s %10" PRIu64 "\n", "enabled connections", gone->enabled_connections);
	fprintf(file, "  %-24s %10" PRIu64 "\n", "application connections", gone->application_connections);
	fprintf(file, "  %-24s %10" PRIu64 "\n", "organization applications", gone->organization_applications);
	fprintf(file, "  %-24s %10" PRIu64 "\n", "roles", gone->roles);
	fprintf(file, "  %-24s %10" PRIu64 "\n", "discovery domains", gone->discovery_domains);
	fprintf(file, "  %-24s %10" PRIu64 "\n", "invitations", gone->invitations);
}

static void print_gone_as_json(const struct deletion *deletion)
{
	struct json_writer writer = { .file = stdout };
	json_begin_object(&writer);
	json_write_text(&writer, "kind", orgdb_string(orgdb_schema_of(deletion->kind)->name));
	json_write_text(&writer, "id", orgdb_string(deletion->id.text));
	json_write_number(&writer, "memberships", deletion->gone.memberships);
	json_write_number(&writer, "member_roles", deletion->gone.member_roles);
	json_write_number(&writer, "enabled_connections", deletion->gone.enabled_connections);
	json_write_number(&writer, "application_connections", deletion->gone.application_connections);
	json_write_number(&writer, "organization_applications", deletion->gone.organization_applications);
	json_write_number(&writer, "roles", deletion->gone.roles);
	json_write_number(&writer, "discovery_domains", deletion->gone.discovery_domains);
	json_write_number(&writer, "invitations", deletion->gone.invitations);
	json_write_bool(&writer, "deleted", !deletion->dry);
	json_end_object(&writer);
}

/* --- Asking ------------------------------------------------------------------------------------------------------- */

static int delete_from(const char *path, struct deletion *deletion)
{
	orgdb *db;
	int status = edit_store(path, delete_entity, deletion, &db);
	orgdb_close(db);
	if (status != EDIT_DROPPED || deletion->dry)
		return status == EDIT_DROPPED ? STATUS_OK : status;
	complain("what refers to it has changed since you were asked; nothing was deleted");
	advise("Run the command again to see what would go now.");
	return STATUS_REFUSED;
}

/* Nobody waits for the answer: what would go is found in a transaction that is dropped, and must still be the same in
 * the one that deletes. */
static int ask_first(const char *path, struct deletion *deletion)
{
	deletion->dry = true;
	int status = delete_from(path, deletion);
	if (status != STATUS_OK)
		return status;
	print_gone(stderr, "this would delete", deletion);
	if (!can_ask()) {
		complain("there is nobody to ask, for standard input or standard error is no terminal");
		advise("--yes deletes without asking. Nothing was deleted.");
		return STATUS_USAGE;
	}
	if (!ask("Delete all of this?")) {
		advise("Nothing was deleted.");
		return STATUS_REFUSED;
	}
	deletion->dry = false;
	deletion->was_shown = true;
	deletion->expected = deletion->gone;
	return STATUS_OK;
}

/* --- The command -------------------------------------------------------------------------------------------------- */

enum { OPTION_YES, OPTION_DRY_RUN, OPTION_JSON };

static int run(const struct arguments *arguments)
{
	const char *path = arguments->operands[0];
	struct deletion deletion = {
		.kind = operand_kind(arguments, 1),
		.operand = arguments->operands[2],
		.dry = option_given(arguments, OPTION_DRY_RUN),
	};
	int status = STATUS_OK;
	if (!deletion.dry && !option_given(arguments, OPTION_YES))
		status = ask_first(path, &deletion);
	if (status == STATUS_OK)
		status = delete_from(path, &deletion);
	if (status == STATUS_OK && option_given(arguments, OPTION_JSON))
		print_gone_as_json(&deletion);
	else if (status == STATUS_OK)
		print_gone(stdout, deletion.dry ? "would delete" : "deleted", &deletion);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "KIND",
		.type = VALUE_ENTITY,
		.help = "any that is no edge: connection, application, user, organization, role ..." },
	{ .name = "ID", .help = "the entity's id; for an organization, a connection or a role its name will do" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_YES] = { .name = "yes", .help = "do not ask" },
	[OPTION_DRY_RUN] = { .name = "dry-run", .help = "only say what would go" },
	[OPTION_JSON] = { .name = "json",
		.help =
			"say what went as one JSON object: kind, id, memberships, member_roles, enabled_connections, application_connections, organization_applications, invitations, deleted" },
	{ 0 },
};

static const struct example examples[] = {
	{ "what would go?", "orgdb delete --dry-run acme.orgdb organization cedar-credit-union" },
	{ "an organization, by its name", "orgdb delete --yes acme.orgdb organization cedar-credit-union" },
	{ "a user", "orgdb delete --yes acme.orgdb user 'auth0|623d96f03ffb638c3f7ea0d6'" },
	{ 0 },
};

const struct command command_delete = {
	.name = "delete",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "delete an entity and all that refers to it",
	.help =
		"Delete one entity from STORE and, in the same transaction, what refers to it:\n"
		"organization\tits memberships, its members' roles in it, its enabled connections, its applications' places in it, its "
		"invitations\n"
		"connection\tevery application's and organization's use of it, invitations to log in through it\n"
		"application\tits use of connections, its places in organizations, invitations to it\n"
		"user\tits memberships and the roles in them\n"
		"role\tevery member's having it; invitations lose it and stay\n"
		"invitation\tnothing\n"
		"Nothing else goes: users, roles, connections and applications outlive an organization.\n"
		"On a terminal it says what would go and asks first; should that change before the answer, nothing is deleted. "
		"Without a terminal it takes --yes. What went is said.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
