/*
 * orgdb login: may a user log in, and does the login make a member?
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "edit.h"
#include "lookup.h"

enum { OPTION_APPLICATION, OPTION_POLICY, OPTION_DRY_RUN, OPTION_JSON };

struct attempt {
	const char *const *operands; /* the store, the organization, the connection, the user */
	orgdb_login_options options;
	orgdb_login_result result;
	uint32_t rule; /* that refuses */
};

/* For people and for programs. */
static const char *const outcomes[][2] = {
	[ORGDB_LOGIN_OUTSIDE] = { "goes on without an organization", "outside" },
	[ORGDB_LOGIN_MEMBER] = { "goes on as a member", "member" },
	[ORGDB_LOGIN_JOINED] = { "goes on: a member as from now", "joined" },
	[ORGDB_LOGIN_WOULD_JOIN] = { "would go on, and make a member", "would_join" },
};

/* --- Judging ------------------------------------------------------------------------------------------------------ */

/* What is named is found anew each time, for a transaction that changes something may run again. */
static int judge(orgdb_txn *txn, void *context)
{
	struct attempt *attempt = context;
	struct id organization, connection;
	const char *const *operands = attempt->operands;
	bool outside = strcmp(operands[1], "-") == 0;
	attempt->rule = ORGDB_RULE_NONE;
	int code = outside ? ORGDB_OK : find_id(txn, ORGDB_KIND_ORGANIZATION, operands[1], &organization);
	if (code == ORGDB_OK)
		code = find_id(txn, ORGDB_KIND_CONNECTION, operands[2], &connection);
	if (code == ORGDB_OK)
		code = orgdb_login(
			txn, outside ? NULL : organization.text, connection.text, operands[3], &attempt->options, &attempt->result);
	if (code == ORGDB_FORBIDDEN)
		attempt->rule = orgdb_last_error()->rule;
	return code;
}

static int judge_snapshot(struct attempt *attempt)
{
	const char *path = attempt->operands[0];
	orgdb *db;
	orgdb_txn *txn;
	int status = open_snapshot(path, &db, &txn);
	if (status != STATUS_OK)
		return status;
	int code = judge(txn, attempt);
	if (code != ORGDB_OK)
		status = store_failed(code, path);
	orgdb_end(txn);
	orgdb_close(db);
	return status;
}

/* Most logins change nothing; so it is only read first. */
static int judge_and_join(struct attempt *attempt)
{
	orgdb *db;
	int status = judge_snapshot(attempt);
	if (status != STATUS_OK || attempt->result.outcome != ORGDB_LOGIN_WOULD_JOIN)
		return status;
	status = edit_store(attempt->operands[0], judge, attempt, &db);
	orgdb_close(db);
	return status;
}

/* --- Saying it ---------------------------------------------------------------------------------------------------- */

static void print_for_people(const struct attempt *attempt)
{
	const orgdb_login_result *result = &attempt->result;
	printf("%s\n", outcomes[result->outcome][0]);
	if (result->organization_id[0])
		printf("%-20s %s\n", "organization", result->organization_id);
	if (result->ask_organization)
		printf("%-20s %s\n", "next", "ask for the organization");
}

static void print_as_json(const struct attempt *attempt)
{
	struct json_writer writer = { .file = stdout };
	const orgdb_login_result *result = &attempt->result;
	bool refused = attempt->rule != ORGDB_RULE_NONE;
	json_begin_object(&writer);
	json_write_text(&writer, "outcome", orgdb_string(refused ? "refused" : outcomes[result->outcome][1]));
	json_write_text(&writer, "rule", orgdb_string(orgdb_rule_name(attempt->rule)));
	json_write_text(&writer, "organization_id", orgdb_string(refused ? "" : result->organization_id));
	json_write_bool(&writer, "ask_organization", !refused && result->ask_organization);
	json_end_object(&writer);
}

/* --- The command -------------------------------------------------------------------------------------------------- */

static int run(const struct arguments *arguments)
{
	struct attempt attempt = { .operands = (const char *const *)arguments->operands };
	bool dry = option_given(arguments, OPTION_DRY_RUN);
	attempt.options = (orgdb_login_options)ORGDB_LOGIN_OPTIONS_INIT;
	attempt.options.client_id = option_value(arguments, OPTION_APPLICATION);
	attempt.options.policy = (uint32_t)option_choice(arguments, OPTION_POLICY, ORGDB_POLICY_UNION);
	int status = (dry ? judge_snapshot : judge_and_join)(&attempt);
	if (option_given(arguments, OPTION_JSON) && (status == STATUS_OK || attempt.rule != ORGDB_RULE_NONE))
		print_as_json(&attempt);
	else if (status == STATUS_OK)
		print_for_people(&attempt);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "ORGANIZATION", .help = "its id (org_...) or its name; - for none" },
	{ .name = "CONNECTION", .help = "its id (con_...) or its name" },
	{ .name = "USER", .help = "the user's id" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_APPLICATION] = {
		.name = "application",
		.value = "CLIENT_ID",
		.help = "the application that the user logs in to: its connections count, and the rules of access",
	},
	[OPTION_POLICY] = {
		.name = "policy",
		.value = "POLICY",
		.type = VALUE_CHOICE,
		.choices = policies,
		.help = "which connections will do, with an application: union (the default), organization or intersection, as "
				"'orgdb lookup' has them",
	},
	[OPTION_DRY_RUN] = { .name = "dry-run", .help = "only say what would become of it" },
	[OPTION_JSON] = {
		.name = "json",
		.help = "one JSON object, also for a login that is refused: outcome (outside, member, joined, would_join or "
				"refused), rule, organization_id, ask_organization",
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "as the server does it", "orgdb login acme.orgdb blue-whale-labs github 'github|95760025'" },
	{ "only to see, without an organization", "orgdb login --dry-run --json acme.orgdb - github 'github|95760025'" },
	{ 0 },
};

const struct command command_login = {
	.name = "login",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "let a user log in, who may become a member by it",
	.help =
		"Judge the login of USER through CONNECTION to ORGANIZATION, as a server does whose users log in: the connection "
		"must be enabled, the user not blocked, and a member, or made one by the connection's "
		"assign_membership_on_login. That is a change, and the only one. A refusal names its rule.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
