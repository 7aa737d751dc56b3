/*
 * orgdb enable and orgdb disable: which connections an organization or an application offers, and which applications an
 * organization's members may log in to.
 *
 * SPDX-License-Identifier: MIT
 */
#include "edit.h"

/* Each of the two commands has one more. */
enum { OPTION_APPLICATION, OPTION_MEMBER_ACCESS, OPTION_JSON, OPTION_KEEP = OPTION_JSON };

/* --- enable ------------------------------------------------------------------------------------------------------- */

struct enabling {
	struct given_object object;
	const char *const *ends; /* as they were given: the owner, the connection */
	struct edited edited;
};

/* The ids of both ends. */
static int find_ends(orgdb_txn *txn, const char *const *ends, struct edited *edited)
{
	bool for_application = edited->kind == ORGDB_KIND_APPLICATION_CONNECTION;
	bool an_application = edited->kind == ORGDB_KIND_ORGANIZATION_APPLICATION;
	uint32_t first = for_application ? ORGDB_KIND_APPLICATION : ORGDB_KIND_ORGANIZATION;
	uint32_t second = an_application ? ORGDB_KIND_APPLICATION : ORGDB_KIND_CONNECTION;
	int code = find_id(txn, first, ends[0], &edited->ids[0]);
	return code == ORGDB_OK ? find_id(txn, second, ends[1], &edited->ids[1]) : code;
}

/* Put the ids in the place of what was given for them. */
static void set_ends(struct enabling *enabling)
{
	char *entity = (char *)&enabling->object.reader.entity;
	for (size_t i = 0; i < 2; i++)
		*(orgdb_str *)(void *)(entity + enabling->object.schema->fields[i].offset) =
			orgdb_string(enabling->edited.ids[i].text);
}

/* What was kept but not offered is offered again, unless something else is asked for. */
static void offer_again(struct enabling *enabling, orgdb_txn *txn)
{
	orgdb_enabled_connection *given = &enabling->object.reader.entity.enabled_connection;
	orgdb_enabled_connection stored;
	if (enabling->edited.kind != ORGDB_KIND_ENABLED_CONNECTION || (given->fields & ORGDB_ENABLED_CONNECTION_IS_ENABLED))
		return;
	if (orgdb_enabled_connection_get(txn, enabling->edited.ids[0].text, enabling->edited.ids[1].text, &stored) == 0 &&
		!stored.is_enabled) {
		given->is_enabled = true;
		given->fields |= ORGDB_ENABLED_CONNECTION_IS_ENABLED;
	}
}

/* An application gets a place for its members' sake, unless something else is asked for. */
static void let_members_in(struct enabling *enabling)
{
	orgdb_organization_application *given = &enabling->object.reader.entity.organization_application;
	if (enabling->edited.kind != ORGDB_KIND_ORGANIZATION_APPLICATION ||
		(given->fields & ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS))
		return;
	given->use_for_member_access = true;
	given->fields |= ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS;
}

static int enable(orgdb_txn *txn, void *context)
{
	struct enabling *enabling = context;
	struct application application = { .txn = txn, .reader = &enabling->object.reader };
	given_object_rewind(&enabling->object);
	int code = find_ends(txn, enabling->ends, &enabling->edited);
	if (code != ORGDB_OK)
		return code;
	set_ends(enabling);
	offer_again(enabling, txn);
	let_members_in(enabling);
	code = apply_upsert(&application);
	enabling->edited.verb = application.outcome == OUTCOME_CREATED ? "created" : "updated";
	return code;
}

static uint32_t kind_of(const struct arguments *arguments)
{
	bool for_application = option_given(arguments, OPTION_APPLICATION);
	bool for_members = option_given(arguments, OPTION_MEMBER_ACCESS);
	if (for_application && for_members)
		misused(arguments->command, "--application and --member-access are different things");
	return for_application ? ORGDB_KIND_APPLICATION_CONNECTION
		: for_members      ? ORGDB_KIND_ORGANIZATION_APPLICATION
						   : ORGDB_KIND_ENABLED_CONNECTION;
}

static int run_enable(const struct arguments *arguments)
{
	const char *const ends[] = { arguments->operands[1], arguments->operands[2] };
	struct enabling enabling = { .ends = ends, .edited.kind = kind_of(arguments) };
	orgdb *db = NULL;
	enabling.object.schema = orgdb_schema_of(enabling.edited.kind);
	enabling.object.ends = ends;
	int status = given_object_begin(&enabling.object, arguments, 3);
	if (status == STATUS_OK)
		status = edit_store(arguments->operands[0], enable, &enabling, &db);
	if (status == STATUS_OK)
		status = print_edited(db, arguments, &enabling.edited, option_given(arguments, OPTION_JSON));
	orgdb_close(db);
	given_object_end(&enabling.object);
	return status;
}

#define OWNER_OPERANDS                                                                                       \
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },                                            \
		{ .name = "ORGANIZATION", .help = "its id (org_...) or its name; with --application, a client_id" }, \
	{                                                                                                        \
		.name = "CONNECTION", .help = "its id (con_...) or its name; with --member-access, a client_id"      \
	}

#define APPLICATION_OPTION                                                             \
	{                                                                                  \
		.name = "application", .help = "for an application instead of an organization" \
	}

#define MEMBER_ACCESS_OPTION                                                          \
	{                                                                                 \
		.name = "member-access",                                                      \
		.help = "an application, which its members may log in to, instead of a "      \
				"connection; counts if the organization's is_app_entitlement_active " \
				"is true"                                                             \
	}

static const struct parameter enable_operands[] = {
	OWNER_OPERANDS,
	{ .name = "FIELD", .help = "FIELD=VALUE and so on, see below", .optional = true, .repeatable = true },
	{ 0 },
};

static const struct parameter enable_options[] = {
	[OPTION_APPLICATION] = APPLICATION_OPTION,
	[OPTION_MEMBER_ACCESS] = MEMBER_ACCESS_OPTION,
	[OPTION_JSON] = { .name = "json", .help = "write the enabled connection as it is now, as JSON" },
	{ 0 },
};

static const struct example enable_examples[] = {
	{ "let an organization's users log in with Google", "orgdb enable acme.orgdb harbor-clinic google-oauth2" },
	{ "with Github, but without a button", "orgdb enable acme.orgdb harbor-clinic github show_as_button=false" },
	{ 0 },
};

const struct command command_enable = {
	.name = "enable",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "let an organization, or an application, offer a connection",
	.help = "Enable CONNECTION for ORGANIZATION. If it is enabled already, change the options that are given; if it is "
			"kept but not offered, offer it again.\n" GIVEN_OBJECT_HELP,
	.operands = enable_operands,
	.options = enable_options,
	.examples = enable_examples,
	.run = run_enable,
};

/* --- disable ------------------------------------------------------------------------------------------------------ */

struct disabling {
	const char *const *ends;
	bool keep;
	struct edited edited;
};

static int disable(orgdb_txn *txn, void *context)
{
	struct disabling *disabling = context;
	struct edited *edited = &disabling->edited;
	orgdb_enabled_connection kept = { .fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED, .is_enabled = false };
	orgdb_organization_application barred = { .fields = ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS };
	int code = find_ends(txn, disabling->ends, edited);
	if (code != ORGDB_OK)
		return code;
	const char *first = edited->ids[0].text, *second = edited->ids[1].text;
	if (edited->kind == ORGDB_KIND_APPLICATION_CONNECTION)
		return orgdb_application_connection_disable(txn, first, second);
	if (edited->kind == ORGDB_KIND_ORGANIZATION_APPLICATION)
		return disabling->keep ? orgdb_organization_application_update(txn, first, second, &barred)
							   : orgdb_organization_application_remove(txn, first, second);
	if (disabling->keep)
		return orgdb_enabled_connection_update(txn, first, second, &kept);
	return orgdb_enabled_connection_delete(txn, first, second);
}

static int run_disable(const struct arguments *arguments)
{
	const char *const ends[] = { arguments->operands[1], arguments->operands[2] };
	struct disabling disabling = {
		.ends = ends,
		.keep = option_given(arguments, OPTION_KEEP),
		.edited.kind = kind_of(arguments),
	};
	orgdb *db;
	if (disabling.keep && disabling.edited.kind == ORGDB_KIND_APPLICATION_CONNECTION)
		misused(arguments->command, "--keep is for organizations only");
	disabling.edited.verb = disabling.keep ? "updated" : "deleted";
	int status = edit_store(arguments->operands[0], disable, &disabling, &db);
	if (status == STATUS_OK)
		status = print_edited(db, arguments, &disabling.edited, false);
	orgdb_close(db);
	return status;
}

static const struct parameter disable_operands[] = { OWNER_OPERANDS, { 0 } };

static const struct parameter disable_options[] = {
	[OPTION_APPLICATION] = APPLICATION_OPTION,
	[OPTION_MEMBER_ACCESS] = MEMBER_ACCESS_OPTION,
	[OPTION_KEEP] = { .name = "keep",
		.help = "keep the options and do not offer it: is_enabled, or use_for_member_access, becomes false" },
	{ 0 },
};

static const struct example disable_examples[] = {
	{ "for a while", "orgdb disable --keep acme.orgdb cedar-credit-union cedar-okta" },
	{ "for good", "orgdb disable acme.orgdb cedar-credit-union cedar-okta" },
	{ 0 },
};

const struct command command_disable = {
	.name = "disable",
	.group = GROUP_CHANGE,
	.changes_store = true,
	.summary = "end that an organization, or an application, offers a connection",
	.help = "Disable CONNECTION for ORGANIZATION; its options there go with it. Memberships that it has made stay.\n",
	.operands = disable_operands,
	.options = disable_options,
	.examples = disable_examples,
	.run = run_disable,
};
