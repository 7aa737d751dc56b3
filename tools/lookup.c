/*
 * orgdb lookup: the merged connections of an application and an organization, for people and for programs.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lookup.h"
#include "object.h"

const char *const policies[] = {
	[ORGDB_POLICY_UNION] = "union",
	[ORGDB_POLICY_ORGANIZATION] = "organization",
	[ORGDB_POLICY_INTERSECTION] = "intersection",
	NULL,
};

static const char *origin(uint32_t from)
{
	switch (from) {
	case ORGDB_FROM_APPLICATION:
		return "application";
	case ORGDB_FROM_ORGANIZATION:
		return "organization";
	default:
		return "both";
	}
}

static const char *access_level(uint32_t level)
{
	const orgdb_schema *schema = orgdb_schema_of(ORGDB_KIND_ENABLED_CONNECTION);
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].bit == ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL)
			return choice_name(&schema->fields[i], level);
	return "";
}

/* --- As a table --------------------------------------------------------------------------------------------------- */

enum { COLUMNS = 6 };

struct row {
	char cells[COLUMNS][160];
};

static void add_word(char *cell, size_t size, const char *word)
{
	size_t used = strlen(cell);
	snprintf(cell + used, size - used, "%s%s", used > 0 ? "," : "", word);
}

static void fill_options(char *cell, size_t size, const orgdb_merged_connection *entry)
{
	if (entry->show_as_button)
		add_word(cell, size, "show_as_button");
	if (entry->assign_membership_on_login)
		add_word(cell, size, "assign_membership_on_login");
	if (entry->is_signup_enabled)
		add_word(cell, size, "is_signup_enabled");
	if (entry->organization_access_level != ORGDB_ACCESS_NONE) {
		add_word(cell, size, "organization_access_level=");
		strncat(cell, access_level(entry->organization_access_level), size - strlen(cell) - 1);
	}
	if (*cell == '\0')
		add_word(cell, size, "-");
}

static void fill_row(struct row *row, const orgdb_merged_connection *entry)
{
	const orgdb_connection *connection = entry->connection;
	size_t size = sizeof(row->cells[0]);
	memset(row, 0, sizeof(*row));
	snprintf(row->cells[0], size, "%.*s", (int)connection->name.size, connection->name.data);
	snprintf(row->cells[1], size, "%.*s", (int)connection->strategy.size, connection->strategy.data);
	snprintf(row->cells[2], size, "%s", orgdb_connection_kind_name(connection->kind));
	snprintf(row->cells[3], size, "%s", origin(entry->from));
	snprintf(row->cells[4], size, "%s", entry->visible ? "yes" : "no");
	fill_options(row->cells[5], size, entry);
}

/* Names and strategies are ASCII, so that bytes count columns. */
static void print_row(const struct row *row, const size_t widths[COLUMNS])
{
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		printf("%-*s  ", (int)widths[i], row->cells[i]);
	printf("%s\n", row->cells[COLUMNS - 1]);
}

static void measure(const struct row *row, size_t widths[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (strlen(row->cells[i]) > widths[i])
			widths[i] = strlen(row->cells[i]);
}

static void print_table(const struct lookup *lookup)
{
	static const struct row head = { { "NAME", "STRATEGY", "KIND", "FROM", "VISIBLE", "OPTIONS" } };
	size_t widths[COLUMNS] = { 0 };
	struct row row;
	measure(&head, widths);
	for (size_t i = 0; i < lookup->count; i++) {
		fill_row(&row, &lookup->entries[i]);
		measure(&row, widths);
	}
	print_row(&head, widths);
	for (size_t i = 0; i < lookup->count; i++) {
		fill_row(&row, &lookup->entries[i]);
		print_row(&row, widths);
	}
}

static void print_subject(const char *label, orgdb_str name, orgdb_str id)
{
	printf("%-20s ", label);
	print_text(stdout, name.data, name.size);
	printf(" (%.*s)\n", (int)id.size, id.data);
}

/* What the rules of access say: what refuses a login, and what a page must ask for. */
static void print_access(const orgdb_access *access)
{
	static const char *const prompts[] = { "", "before the login", "after the login" };
	if (access->rule != ORGDB_RULE_NONE)
		printf("%-20s %s: %s\n", "refused", orgdb_rule_name(access->rule), orgdb_rule_text(access->rule));
	if (access->prompt != ORGDB_NO_PROMPT)
		printf("%-20s %s\n", "organization prompt", prompts[access->prompt]);
	if (access->discovery != 0)
		printf("%-20s %s%s%s\n", "discovery", access->discovery & ORGDB_DISCOVERY_EMAIL ? "email" : "",
			access->discovery == (ORGDB_DISCOVERY_EMAIL | ORGDB_DISCOVERY_NAME) ? ", " : "",
			access->discovery & ORGDB_DISCOVERY_NAME ? "organization_name" : "");
}

static void print_head(const struct lookup *lookup)
{
	print_subject("application", lookup->application.name, lookup->application.client_id);
	printf("%-20s %s\n", "organization_usage", orgdb_organization_usage_name(lookup->access.usage));
	if (lookup->organization) {
		print_subject("organization", lookup->found.name, lookup->found.id);
		printf("%-20s %s\n", "policy", policies[lookup->options.policy]);
	}
	print_access(&lookup->access);
	printf("%-20s %zu\n", "connections", lookup->count);
}

void lookup_print(const struct lookup *lookup)
{
	print_head(lookup);
	if (lookup->count > 0) {
		putchar('\n');
		print_table(lookup);
	}
}

/* --- As JSON ------------------------------------------------------------------------------------------------------ */

static void print_entry(struct json_writer *writer, const orgdb_merged_connection *entry, const char *usage)
{
	const orgdb_connection *connection = entry->connection;
	json_begin_object(writer);
	json_write_text(writer, "id", connection->id);
	json_write_text(writer, "name", connection->name);
	json_write_text(writer, "display_name", connection->display_name);
	json_write_text(writer, "strategy", connection->strategy);
	json_write_text(writer, "kind", orgdb_string(orgdb_connection_kind_name(connection->kind)));
	json_write_text(writer, "from", orgdb_string(origin(entry->from)));
	json_write_bool(writer, "visible", entry->visible);
	json_write_bool(writer, "show_as_button", entry->show_as_button);
	json_write_bool(writer, "assign_membership_on_login", entry->assign_membership_on_login);
	json_write_bool(writer, "is_signup_enabled", entry->is_signup_enabled);
	json_write_text(writer, "organization_access_level", orgdb_string(access_level(entry->organization_access_level)));
	json_write_text(writer, "organization_usage", orgdb_string(usage));
	json_end_object(writer);
}

void lookup_write(const struct lookup *lookup, struct json_writer *writer)
{
	for (size_t i = 0; i < lookup->count; i++)
		print_entry(writer, &lookup->entries[i], orgdb_organization_usage_name(lookup->access.usage));
}

/* --- The question ------------------------------------------------------------------------------------------------- */

static int merge(struct lookup *lookup, orgdb_txn *txn)
{
	struct id id;
	const char *organization_id = lookup->organization ? id_of(lookup->found.id, &id) : NULL;
	size_t capacity = 64;
	int code;
	do {
		orgdb_merged_connection *entries = realloc(lookup->entries, capacity * sizeof(*entries));
		if (!entries)
			return ORGDB_NO_MEMORY;
		lookup->entries = entries;
		code = orgdb_merged_connections(
			txn, lookup->client_id, organization_id, &lookup->options, entries, capacity, &lookup->count);
		capacity = lookup->count;
	} while (code == ORGDB_TRUNCATED);
	return code;
}

static int find(struct lookup *lookup, orgdb_txn *txn)
{
	int code = orgdb_application_get(txn, lookup->client_id, &lookup->application);
	if (code == ORGDB_OK && lookup->organization)
		code = find_organization(txn, lookup->organization, &lookup->found);
	return code == ORGDB_OK ? merge(lookup, txn) : code;
}

enum { OPTION_POLICY, OPTION_VISIBLE, OPTION_EXPLAIN, OPTION_JSON };

static void read_arguments(struct lookup *lookup, const struct arguments *arguments)
{
	lookup->options.policy = (uint32_t)option_choice(arguments, OPTION_POLICY, ORGDB_POLICY_UNION);
	lookup->options.visible_only = option_given(arguments, OPTION_VISIBLE);
	lookup->options.access = &lookup->access;
	lookup->explained = option_given(arguments, OPTION_EXPLAIN);
	lookup->as_json = option_given(arguments, OPTION_JSON);
	lookup->store = arguments->operands[0];
	lookup->client_id = arguments->operands[1];
	lookup->organization = arguments->operand_count > 2 ? arguments->operands[2] : NULL;
}

static int print_answer(const struct lookup *lookup, orgdb_txn *txn)
{
	if (lookup->explained && !lookup->as_json)
		print_head(lookup);
	if (lookup->explained)
		return explain(lookup, txn);
	struct json_writer writer = { .file = stdout };
	if (lookup->as_json)
		lookup_write(lookup, &writer);
	else
		lookup_print(lookup);
	return ORGDB_OK;
}

static int run(const struct arguments *arguments)
{
	struct lookup lookup = { .options = ORGDB_MERGE_OPTIONS_INIT };
	read_arguments(&lookup, arguments);
	orgdb *db;
	orgdb_txn *txn;
	int status = open_snapshot(lookup.store, &db, &txn);
	if (status != STATUS_OK)
		return status;
	int code = find(&lookup, txn);
	if (code == ORGDB_OK)
		code = print_answer(&lookup, txn);
	if (code != ORGDB_OK)
		status = store_failed(code, lookup.store);
	free(lookup.entries);
	orgdb_end(txn);
	orgdb_close(db);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "CLIENT_ID", .help = "the application" },
	{ .name = "ORGANIZATION", .help = "its id (org_...) or its name", .optional = true },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_POLICY] = {
		.name = "policy",
		.value = "POLICY",
		.type = VALUE_CHOICE,
		.choices = policies,
		.help = "union (the default): the application's and the organization's; organization: only the "
				"organization's; intersection: only those that both have",
	},
	[OPTION_VISIBLE] = { .name = "visible", .help = "leave out what is not visible" },
	[OPTION_EXPLAIN] = {
		.name = "explain",
		.help = "for each connection that the application or the organization has, say whether it is offered and why, "
				"and which rule, if any, would refuse a login through it; with --json the members id, name, strategy, "
				"kind, rule, offered, visible and reasons, an array of words",
	},
	[OPTION_JSON] = {
		.name = "json",
		.help = "one JSON object a line for each connection, always with the same members",
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "what the login page offers", "orgdb lookup acme.orgdb FieldnoteWeb00000000000000000001 harbor-clinic" },
	{ "why a connection is there, or is not", "orgdb lookup acme.orgdb FieldnoteWeb00000000000000000001 --explain" },
	{ "for programs", "orgdb lookup acme.orgdb FieldnoteWeb00000000000000000001 harbor-clinic --json" },
	{ 0 },
};

const struct command command_lookup = {
	.name = "lookup",
	.group = GROUP_LOOK,
	.summary = "show which connections an application offers inside an organization",
	.help = "Show the merged connections of an application and an organization; without an organization, the "
			"application's own. For each connection: where it comes from (application, organization or both), "
			"whether it is visible as a button, and the options that count. And what the rules of access say of the "
			"application there: which rule refuses it, and whether the organization is to be asked for.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
