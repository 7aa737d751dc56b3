/*
 * orgdb accept and orgdb sweep: how invitations end. They are made and revoked as all entities are.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <string.h>

#include "edit.h"

#define NOW_OPTION                                                                                       \
	{                                                                                                    \
		.name = "now", .value = "SECONDS", .type = VALUE_NUMBER,                                         \
		.help = "what time it is, in seconds since 1970 in UTC, instead of what the system's clock says" \
	}

/* --- accept ------------------------------------------------------------------------------------------------------- */

enum { ACCEPT_NOW, ACCEPT_JSON };

struct acceptance {
	const char *ticket;
	const char *user;
	uint64_t now;
	struct edited edited; /* the membership */
};

static int accept_invitation(orgdb_txn *txn, void *context)
{
	struct acceptance *acceptance = context;
	orgdb_str organization;
	int code = orgdb_invitation_accept(txn, acceptance->ticket, acceptance->user, acceptance->now, &organization);
	if (code == ORGDB_OK)
		id_of(organization, &acceptance->edited.ids[0]);
	id_of(orgdb_string(acceptance->user), &acceptance->edited.ids[1]);
	return code;
}

/* A ticket on the command line is seen by whoever lists processes. */
static int read_ticket(const char *operand, char *ticket, size_t size)
{
	if (strcmp(operand, "-") != 0) {
		snprintf(ticket, size, "%s", operand);
		return STATUS_OK;
	}
	if (!fgets(ticket, (int)size, stdin)) {
		complain("standard input: expected a ticket, got nothing");
		return STATUS_REFUSED;
	}
	ticket[strcspn(ticket, "\r\n")] = '\0';
	return STATUS_OK;
}

static int run_accept(const struct arguments *arguments)
{
	char ticket[256];
	struct acceptance acceptance = {
		.ticket = ticket,
		.user = arguments->operands[2],
		.now = option_number(arguments, ACCEPT_NOW, 0),
		.edited = { .verb = "accepted", .kind = ORGDB_KIND_MEMBERSHIP },
	};
	orgdb *db = NULL;
	int status = read_ticket(arguments->operands[1], ticket, sizeof(ticket));
	if (status == STATUS_OK)
		status = edit_store(arguments->operands[0], accept_invitation, &acceptance, &db);
	if (status == STATUS_OK)
		status = print_edited(db, arguments, &acceptance.edited, option_given(arguments, ACCEPT_JSON));
	orgdb_close(db);
	return status;
}

static const struct parameter accept_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "TICKET",
		.help = "the invitation's ticket_id; - reads it from standard input, where nobody else sees it" },
	{ .name = "USER", .help = "the user's id" },
	{ 0 },
};

static const struct parameter accept_options[] = {
	[ACCEPT_NOW] = NOW_OPTION,
	[ACCEPT_JSON] = { .name = "json", .help = "write the membership as it is now, as JSON" },
	{ 0 },
};

static const struct example accept_examples[] = {
	{ "a ticket", "grep -o '\"ticket_id\": \"[^\"]*' tenant.jsonl | cut -d'\"' -f4 >ticket" },
	{ "let in who has it, while it was valid", "orgdb accept acme.orgdb - 'github|67066855' --now 1746200000 <ticket" },
	{ 0 },
};

const struct command command_accept = {
	.name = "accept",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "accept an invitation by its ticket",
	.help = "Make USER a member of the organization that has sent the invitation, with the roles that the invitation "
			"has. The user must have the email that was invited, which is verified thereby, and takes over the "
			"invitation's metadata. The invitation is gone then. Who is a member already gets the roles that are "
			"missing.\n",
	.operands = accept_operands,
	.options = accept_options,
	.examples = accept_examples,
	.run = run_accept,
};

/* --- sweep -------------------------------------------------------------------------------------------------------- */

enum { SWEEP_NOW, SWEEP_LIMIT, SWEEP_JSON };

enum { BATCH = 1000 };

struct sweep {
	uint64_t now;
	size_t limit; /* of one transaction */
	size_t removed;
};

static int sweep_step(orgdb_txn *txn, void *context)
{
	struct sweep *step = context;
	return orgdb_invitation_sweep(txn, step->now, step->limit, &step->removed);
}

/* One transaction after the other, so that other writers get their turns. */
static int sweep_all(const char *path, struct sweep *step, uint64_t limit, uint64_t *removed)
{
	int status = STATUS_OK;
	do {
		orgdb *db;
		step->limit = limit - *removed < BATCH ? (size_t)(limit - *removed) : BATCH;
		status = edit_store(path, sweep_step, step, &db);
		orgdb_close(db);
		*removed += status == STATUS_OK ? step->removed : 0;
	} while (status == STATUS_OK && step->removed == step->limit && *removed < limit);
	return status;
}

static int run_sweep(const struct arguments *arguments)
{
	struct sweep step = { .now = option_number(arguments, SWEEP_NOW, 0) };
	uint64_t removed = 0;
	int status = sweep_all(arguments->operands[0], &step, option_number(arguments, SWEEP_LIMIT, UINT64_MAX), &removed);
	if (status != STATUS_OK)
		return status;
	if (option_given(arguments, SWEEP_JSON)) {
		struct json_writer writer = { .file = stdout };
		json_begin_object(&writer);
		json_write_number(&writer, "removed", removed);
		json_end_object(&writer);
	} else {
		printf("removed %" PRIu64 " expired invitation%s\n", removed, removed == 1 ? "" : "s");
	}
	return STATUS_OK;
}

static const struct parameter sweep_operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ 0 },
};

static const struct parameter sweep_options[] = {
	[SWEEP_NOW] = NOW_OPTION,
	[SWEEP_LIMIT] = { .name = "limit", .value = "N", .type = VALUE_NUMBER, .help = "remove N of them at most" },
	[SWEEP_JSON] = { .name = "json", .help = "say how many went as one JSON object: removed" },
	{ 0 },
};

static const struct example sweep_examples[] = {
	{ "once a day", "orgdb sweep acme.orgdb" },
	{ 0 },
};

const struct command command_sweep = {
	.name = "sweep",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "remove invitations that have expired",
	.help =
		"Remove the invitations that have expired, the earliest first, in transactions of at most 1000. Others are not "
		"looked at, so it takes as long as there is to remove.\n",
	.operands = sweep_operands,
	.options = sweep_options,
	.examples = sweep_examples,
	.run = run_sweep,
};
