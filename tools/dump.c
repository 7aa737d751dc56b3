/*
 * orgdb dump: a store, or part of it, as JSON Lines.
 *
 * One snapshot, every kind in the order in which `orgdb load` can read it, each kind in creation order. So the same
 * data gives the same bytes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "raw.h"
#include "walk.h"

enum { OPTION_KIND, OPTION_ORGANIZATION, OPTION_RAW, OPTION_PRETTY };

struct dump {
	struct output output;
	uint32_t kind; /* of the objects being visited */
	bool wanted[ORGDB_KINDS];
	const char *organization; /* id or name, or NULL */
	bool pretty;
};

static int write_entry(void *context, const void *entry)
{
	struct dump *dump = context;
	return output_object(&dump->output, dump->kind, entry);
}

static int dump_kinds(struct dump *dump, orgdb_txn *txn, const char *organization_id)
{
	int code = ORGDB_OK;
	for (size_t i = 0; i < ORGDB_KINDS && code == ORGDB_OK; i++) {
		dump->kind = kinds_in_order[i];
		if (dump->wanted[dump->kind])
			code = walk_kind(txn, dump->kind, organization_id, write_entry, dump);
	}
	return code == WALK_STOPPED ? ORGDB_OK : code;
}

static int dump_objects(struct dump *dump, orgdb_txn *txn)
{
	struct id id;
	orgdb_organization organization;
	if (dump->organization) {
		int code = find_organization(txn, dump->organization, &organization);
		if (code != ORGDB_OK)
			return code;
		id_of(organization.id, &id);
	}
	if (!output_begin(&dump->output, txn))
		return ORGDB_NO_MEMORY;
	dump->output.writer.pretty = dump->pretty;
	dump->output.writer.secrets = true; /* Else it would not load as the same store. */
	int code = dump_kinds(dump, txn, dump->organization ? id.text : NULL);
	output_end(&dump->output);
	return code;
}

static void read_options(struct dump *dump, const struct arguments *arguments)
{
	const char *kind;
	size_t at = 0;
	dump->organization = option_value(arguments, OPTION_ORGANIZATION);
	dump->pretty = option_given(arguments, OPTION_PRETTY);
	for (size_t i = 0; i < ORGDB_KINDS; i++)
		dump->wanted[i] = !option_given(arguments, OPTION_KIND);
	while ((kind = option_next(arguments, OPTION_KIND, &at)))
		dump->wanted[orgdb_schema_named(kind)->kind] = true;
	if (option_given(arguments, OPTION_RAW) && (option_given(arguments, OPTION_KIND) || dump->organization))
		misused(arguments->command, "--raw is of whole stores: without --kind and --organization");
}

static int run(const struct arguments *arguments)
{
	struct dump dump = { .organization = NULL };
	read_options(&dump, arguments);
	const char *path = arguments->operands[0];
	orgdb *db;
	orgdb_txn *txn;
	int status = open_snapshot(path, &db, &txn);
	if (status != STATUS_OK)
		return status;
	int code = option_given(arguments, OPTION_RAW) ? dump_raw(txn, dump.pretty) : dump_objects(&dump, txn);
	if (code != ORGDB_OK)
		status = store_failed(code, path);
	orgdb_end(txn);
	orgdb_close(db);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_KIND] = {
		.name = "kind",
		.value = "KIND",
		.type = VALUE_KIND,
		.help = "only objects of this kind; may be given more than once",
		.repeatable = true,
	},
	[OPTION_ORGANIZATION] = {
		.name = "organization",
		.value = "ORGANIZATION",
		.help = "only what belongs to the organization with this id (org_...) or name: itself, the connections that "
				"it has enabled, the applications that have a place in it, its members, their roles, what it owns and what "
				"its invitations name; the output loads by itself",
	},
	[OPTION_RAW] = {
		.name = "raw",
		.help = "what is stored instead of what it means: for each row one object with its \"table\", its \"key\" "
				"and \"value\" in hexadecimal, and, where the value is MessagePack, the same as text, \"msgpack\"; "
				"for looking into a damaged store, as it can change with any version",
	},
	[OPTION_PRETTY] = {
		.name = "pretty",
		.help = "each field on a line of its own, for people; 'orgdb load' cannot read that",
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "everything, as a file", "orgdb dump acme.orgdb > acme.jsonl" },
	{ "some kinds, for other programs", "orgdb dump acme.orgdb --kind organization --kind connection | wc -l" },
	{ "one organization as a store of its own",
		"orgdb dump acme.orgdb --organization harbor-clinic | orgdb load clinic.orgdb" },
	{ "the roles in use there", "orgdb dump acme.orgdb --organization harbor-clinic --kind role --pretty" },
	{ 0 },
};

const struct command command_dump = {
	.name = "dump",
	.group = GROUP_WHOLE,
	.summary = "write a store, or part of it, as JSON Lines",
	.help =
		"Write everything in STORE to standard output as JSON Lines, in an order that 'orgdb load' can read: "
		"connection, application, application_connection, user, organization, role, discovery_domain, "
		"enabled_connection, organization_application, membership, email_template, invitation; and each kind in creation "
		"order. It is one snapshot, whatever other programs write meanwhile. The same data gives the same bytes: a dump "
		"that is loaded and dumped again is the same file.\n"
		"Each object has the fields that are stored, known ones first, and no others. A membership without roles "
		"has no \"roles\". Secrets are among the fields, such as the tickets of invitations: keep the output where nobody "
		"else reads it.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
