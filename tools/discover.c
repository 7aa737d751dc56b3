/*
 * orgdb discover: where an email address leads, for people and for programs.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lookup.h"

enum { PAGE = 16 };

struct discover {
	const char *address;
	const char *client_id; /* or NULL */
	bool as_json;
	orgdb_txn *txn;
	struct json_writer writer;
	size_t count; /* organizations shown */
	orgdb_discovery discovery;
	struct lookup lookup; /* the application's question */
	struct id id;         /* of its organization */
};

static size_t connections_of(const orgdb_discovered *found)
{
	size_t room = sizeof(found->connections) / sizeof(found->connections[0]);
	return found->connection_count < room ? found->connection_count : room;
}

/* --- Organizations ------------------------------------------------------------------------------------------------ */

static void print_organization(const orgdb_discovered *found)
{
	print_text(stdout, found->organization.name.data, found->organization.name.size);
	printf(" (%.*s)\n", (int)found->organization.id.size, found->organization.id.data);
	for (size_t i = 0; i < connections_of(found); i++) {
		const orgdb_connection *connection = found->connections[i];
		printf("  %.*s  %.*s  %.*s\n", (int)connection->name.size, connection->name.data,
			(int)connection->strategy.size, connection->strategy.data, (int)connection->id.size, connection->id.data);
	}
	if (found->connection_count > connections_of(found))
		printf("  and %zu more enterprise connections\n", found->connection_count - connections_of(found));
	if (found->connection_count == 0)
		printf("  no enterprise connections\n");
}

static void write_organization(struct json_writer *writer, const orgdb_discovered *found)
{
	json_begin_object(writer);
	json_write_text(writer, "id", found->organization.id);
	json_write_text(writer, "name", found->organization.name);
	if (found->organization.display_name.data)
		json_write_text(writer, "display_name", found->organization.display_name);
	json_begin_array(writer, "connections");
	for (size_t i = 0; i < connections_of(found); i++) {
		json_begin_object(writer);
		json_write_text(writer, "id", found->connections[i]->id);
		json_write_text(writer, "name", found->connections[i]->name);
		json_write_text(writer, "strategy", found->connections[i]->strategy);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_write_number(writer, "connection_count", found->connection_count);
	json_end_object(writer);
}

static int show_organizations(struct discover *discover)
{
	orgdb_discovered page[PAGE];
	struct id after;
	size_t count = PAGE;
	int code = ORGDB_OK;
	while (count == PAGE && !output_failed()) {
		code = orgdb_discover(
			discover->txn, discover->address, discover->count > 0 ? after.text : NULL, page, PAGE, &count);
		if (code != ORGDB_OK)
			return code;
		for (size_t i = 0; i < count; i++)
			if (discover->as_json)
				write_organization(&discover->writer, &page[i]);
			else
				print_organization(&page[i]);
		if (count > 0)
			id_of(page[count - 1].organization.id, &after);
		discover->count += count;
	}
	return code;
}

/* --- With an application ------------------------------------------------------------------------------------------ */

static int merge(struct discover *discover)
{
	struct lookup *lookup = &discover->lookup;
	size_t capacity = 64;
	int code;
	do {
		orgdb_merged_connection *entries = realloc(lookup->entries, capacity * sizeof(*entries));
		if (!entries)
			return ORGDB_NO_MEMORY;
		lookup->entries = entries;
		code = orgdb_discovered_connections(discover->txn, discover->client_id, discover->address, &lookup->options,
			&discover->discovery, entries, capacity, &lookup->count);
		capacity = lookup->count;
	} while (code == ORGDB_TRUNCATED);
	return code;
}

static int find(struct discover *discover)
{
	struct lookup *lookup = &discover->lookup;
	int code = orgdb_application_get(discover->txn, discover->client_id, &lookup->application);
	if (code == ORGDB_OK)
		code = merge(discover);
	if (code != ORGDB_OK || discover->discovery.organizations != ORGDB_DISCOVERED_ONE)
		return code;
	lookup->organization = id_of(discover->discovery.organization_id, &discover->id);
	return orgdb_organization_get(discover->txn, lookup->organization, &lookup->found);
}

static const char *const outcomes[] = {
	[ORGDB_DISCOVERED_NONE] = "none",
	[ORGDB_DISCOVERED_ONE] = "one",
	[ORGDB_DISCOVERED_SEVERAL] = "several",
};

static int show_connections(struct discover *discover)
{
	uint32_t outcome = discover->discovery.organizations;
	printf("%-20s %s\n", "organizations", outcomes[outcome]);
	if (outcome != ORGDB_DISCOVERED_SEVERAL) {
		lookup_print(&discover->lookup);
		return ORGDB_OK;
	}
	puts("the user chooses among:");
	return show_organizations(discover);
}

static int write_connections(struct discover *discover)
{
	struct json_writer *writer = &discover->writer;
	uint32_t outcome = discover->discovery.organizations;
	int code = ORGDB_OK;
	json_begin_object(writer);
	json_write_text(writer, "organizations", orgdb_string(outcomes[outcome]));
	if (outcome == ORGDB_DISCOVERED_ONE)
		json_write_text(writer, "organization_id", discover->discovery.organization_id);
	json_begin_array(writer, "choices");
	if (outcome == ORGDB_DISCOVERED_SEVERAL)
		code = show_organizations(discover);
	json_end_array(writer);
	json_begin_array(writer, "connections");
	lookup_write(&discover->lookup, writer);
	json_end_array(writer);
	json_end_object(writer);
	return code;
}

/* --- The command -------------------------------------------------------------------------------------------------- */

enum { OPTION_APPLICATION, OPTION_JSON };

static int answer(struct discover *discover)
{
	if (!discover->client_id) {
		int code = show_organizations(discover);
		if (code == ORGDB_OK && discover->count == 0 && !discover->as_json)
			puts("it leads to no organization");
		return code;
	}
	int code = find(discover);
	if (code != ORGDB_OK)
		return code;
	return discover->as_json ? write_connections(discover) : show_connections(discover);
}

static int run(const struct arguments *arguments)
{
	struct discover discover = {
		.address = arguments->operands[1],
		.client_id = option_value(arguments, OPTION_APPLICATION),
		.as_json = option_given(arguments, OPTION_JSON),
		.writer = { .file = stdout },
		.lookup = { .options = ORGDB_MERGE_OPTIONS_INIT },
	};
	const char *path = arguments->operands[0];
	orgdb *db;
	int status = open_snapshot(path, &db, &discover.txn);
	if (status != STATUS_OK)
		return status;
	discover.lookup.options.access = &discover.lookup.access;
	int code = answer(&discover);
	if (code != ORGDB_OK)
		status = store_failed(code, path);
	free(discover.lookup.entries);
	orgdb_end(discover.txn);
	orgdb_close(db);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "EMAIL", .help = "an email address, or a domain by itself" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_APPLICATION] = {
		.name = "application",
		.value = "CLIENT_ID",
		.help = "show what this application's login page offers next: one organization's merged connections; if there "
				"is none, the application's own; if there are several, the organizations to choose among",
	},
	[OPTION_JSON] = {
		.name = "json",
		.help = "one JSON object a line for each organization; with --application one object: organizations (none, one "
				"or several), organization_id, choices, connections",
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "where an address leads", "orgdb discover acme.orgdb nurse@harbor-clinic.example" },
	{ "for programs", "orgdb discover acme.orgdb harbor-clinic.example --json" },
	{ 0 },
};

const struct command command_discover = {
	.name = "discover",
	.group = GROUP_LOOK,
	.summary = "show which organizations an email address leads to",
	.help = "Show the organizations that have the domain of EMAIL as a discovery domain which is verified and used for "
			"organization discovery, in the order of their ids, and the enterprise connections that each has "
			"enabled.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
