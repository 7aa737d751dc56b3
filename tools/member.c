/*
 * orgdb add-member and orgdb remove-member: memberships and the roles in them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "edit.h"

struct member {
	const struct arguments *arguments;
	struct edited edited; /* the organization, the user */
	bool all;             /* no roles are named, so it is about the membership itself */
};

enum { OPTION_ROLE, OPTION_JSON };

static int find_organization_of(orgdb_txn *txn, struct member *member)
{
	id_of(orgdb_string(member->arguments->operands[2]), &member->edited.ids[1]);
	return find_id(txn, ORGDB_KIND_ORGANIZATION, member->arguments->operands[1], &member->edited.ids[0]);
}

typedef int role_fn(orgdb_txn *txn, const char *organization_id, const char *user_id, const char *role_id);

/* Do something with each role that is named. What `done` says is no failure. */
static int each_role(orgdb_txn *txn, const struct member *member, role_fn *change, int done)
{
	const char *name;
	struct id role;
	size_t at = 0;
	while ((name = option_next(member->arguments, OPTION_ROLE, &at))) {
		int code = find_role(txn, member->edited.ids[0].text, name, &role);
		if (code == ORGDB_OK)
			code = change(txn, member->edited.ids[0].text, member->edited.ids[1].text, role.text);
		if (code != ORGDB_OK && code != done)
			return code;
	}
	return ORGDB_OK;
}

/* Who is a member already gets the roles that are missing. */
static int add(orgdb_txn *txn, void *context)
{
	struct member *member = context;
	int code = find_organization_of(txn, member);
	if (code == ORGDB_OK)
		code = orgdb_membership_add(txn, member->edited.ids[0].text, member->edited.ids[1].text, NULL);
	member->edited.verb = code == ORGDB_OK ? "created" : "updated";
	if (code == ORGDB_EXISTS && !member->all)
		code = ORGDB_OK;
	return code == ORGDB_OK ? each_role(txn, member, orgdb_member_role_assign, ORGDB_EXISTS) : code;
}

static int take_away(orgdb_txn *txn, void *context)
{
	struct member *member = context;
	int code = find_organization_of(txn, member);
	if (code != ORGDB_OK)
		return code;
	if (member->all)
		return orgdb_membership_remove(txn, member->edited.ids[0].text, member->edited.ids[1].text);
	return each_role(txn, member, orgdb_member_role_remove, ORGDB_OK);
}

static int run(struct member *member, orgdb_write_fn *change, bool as_json)
{
	const char *path = member->arguments->operands[0];
	orgdb *db;
	member->edited.kind = ORGDB_KIND_MEMBERSHIP;
	member->all = !option_given(member->arguments, OPTION_ROLE);
	int status = edit_store(path, change, member, &db);
	if (status == STATUS_OK)
		status = print_edited(db, member->arguments, &member->edited, as_json);
	orgdb_close(db);
	return status;
}

static int run_add(const struct arguments *arguments)
{
	struct member member = { .arguments = arguments };
	return run(&member, add, option_given(arguments, OPTION_JSON));
}

static int run_remove(const struct arguments *arguments)
{
	struct member member = { .arguments = arguments };
	member.edited.verb = option_given(arguments, OPTION_ROLE) ? "updated" : "deleted";
	return run(&member, take_away, false);
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "ORGANIZATION", .help = "its id (org_...) or its name" },
	{ .name = "USER", .help = "the user's id" },
	{ 0 },
};

static const struct parameter add_options[] = {
	[OPTION_ROLE] = {
		.name = "role",
		.value = "ROLE",
		.help = "with this role, by its id (rol_...) or its name; may be given more than once. Who is a member already is "
				"given it, too",
		.repeatable = true,
	},
	[OPTION_JSON] = { .name = "json", .help = "write the membership as it is now, as JSON" },
	{ 0 },
};

static const struct parameter remove_options[] = {
	[OPTION_ROLE] = {
		.name = "role",
		.value = "ROLE",
		.help = "take only this role away, by its id (rol_...) or its name; may be given more than once",
		.repeatable = true,
	},
	{ 0 },
};

static const struct example add_examples[] = {
	{ "as a plain member", "orgdb add-member acme.orgdb harbor-clinic 'github|67066855'" },
	{ "with a role", "orgdb add-member acme.orgdb kitchen-garden 'github|67066855' --role Viewer" },
	{ 0 },
};

static const struct example remove_examples[] = {
	{ "take a role away", "orgdb remove-member acme.orgdb blue-whale-labs 'github|69840466' --role Editor" },
	{ "end a membership", "orgdb remove-member acme.orgdb blue-whale-labs 'github|69840466'" },
	{ 0 },
};

const struct command command_add_member = {
	.name = "add-member",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "make a user a member of an organization, or give a member roles",
	.help = "Make USER a member of ORGANIZATION. Who is a member already is refused, unless there are roles to give.\n",
	.operands = operands,
	.options = add_options,
	.examples = add_examples,
	.run = run_add,
};

const struct command command_remove_member = {
	.name = "remove-member",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "end a membership, or take roles away from a member",
	.help = "End USER's membership of ORGANIZATION; the roles in it go with it. The user stays.\n",
	.operands = operands,
	.options = remove_options,
	.examples = remove_examples,
	.run = run_remove,
};
