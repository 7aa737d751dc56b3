/*
 * orgdb dump: a store as JSON Lines.
 *
 * One snapshot, every kind in the order in which `orgdb load` can read it, each kind in creation order, lists a page
 * at a time. So the same data gives the same bytes, and memory does not grow with the store.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "object.h"

#define PAGE 64

struct dump {
	orgdb_txn *txn;
	struct json_writer writer;
	orgdb_str *roles; /* of the membership being written */
	size_t role_count;
	size_t role_capacity;
};

/* What ends a walk early though the store is all right: standard output takes no more. */
enum { DUMP_STOPPED = 1 };

/* --- Lists -------------------------------------------------------------------------------------------------------- */

/* A list to walk: how to get a page of it, and what to do with each entry. */
struct list {
	int (*fill)(orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t *count);
	int (*visit)(struct dump *dump, const struct list *list, const void *entry);
	uint32_t kind;     /* of the entries */
	const char *owner; /* id of what the list belongs to; a member is an organization's user */
	const char *user;
};

static int walk(struct dump *dump, const struct list *list)
{
	union any_kind page[PAGE];
	size_t stride = orgdb_schema_of(list->kind)->struct_size;
	uint64_t after = 0;
	size_t count = PAGE;
	int code = ORGDB_OK;
	while (count == PAGE && code == ORGDB_OK) {
		code = list->fill(dump->txn, list, after, page, &count);
		for (size_t i = 0; code == ORGDB_OK && i < count; i++) {
			const void *entry = (const char *)page + i * stride;
			code = list->visit(dump, list, entry);
			after = *(const uint64_t *)entry; /* every struct begins with its ordinal */
		}
	}
	return code;
}

static int fill_entities(orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t *count)
{
	return orgdb_entity_list(txn, list->kind, after, page, PAGE, count);
}

static int fill_offers(orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t *count)
{
	return orgdb_application_connections(txn, list->owner, after, page, PAGE, count);
}

static int fill_enabled(orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t *count)
{
	return orgdb_enabled_connection_list(txn, list->owner, after, page, PAGE, count);
}

static int fill_members(orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t *count)
{
	return orgdb_organization_members(txn, list->owner, after, page, PAGE, count);
}

static int fill_roles(orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t *count)
{
	return orgdb_member_roles(txn, list->owner, list->user, after, page, PAGE, count);
}

/* --- Entries ------------------------------------------------------------------------------------------------------ */

static int write_object(struct dump *dump, uint32_t kind, const void *entity)
{
	object_write(&dump->writer, orgdb_schema_of(kind), entity, dump->roles, dump->role_count);
	return output_failed() ? DUMP_STOPPED : dump->writer.error;
}

static int write_entry(struct dump *dump, const struct list *list, const void *entry)
{
	return write_object(dump, list->kind, entry);
}

static int write_offer(struct dump *dump, const struct list *list, const void *entry)
{
	const orgdb_connection *connection = entry;
	struct id connection_id;
	orgdb_application_connection offer;
	int code = orgdb_application_connection_get(dump->txn, list->owner, id_of(connection->id, &connection_id), &offer);
	return code == ORGDB_OK ? write_object(dump, ORGDB_KIND_APPLICATION_CONNECTION, &offer) : code;
}

static int collect_role(struct dump *dump, const struct list *list, const void *entry)
{
	(void)list;
	const orgdb_role *role = entry;
	if (dump->role_count == dump->role_capacity) {
		size_t capacity = dump->role_capacity > 0 ? dump->role_capacity * 2 : PAGE;
		orgdb_str *roles = realloc(dump->roles, capacity * sizeof(*roles));
		if (!roles)
			return ORGDB_NO_MEMORY;
		dump->roles = roles;
		dump->role_capacity = capacity;
	}
	dump->roles[dump->role_count++] = role->id;
	return ORGDB_OK;
}

/* Role ids are of one length. */
static int compare_roles(const void *left, const void *right)
{
	const orgdb_str *a = left, *b = right;
	return memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
}

static int write_member(struct dump *dump, const struct list *list, const void *entry)
{
	const orgdb_user *user = entry;
	struct id user_id;
	orgdb_membership membership;
	struct list roles = { fill_roles, collect_role, ORGDB_KIND_ROLE, list->owner, id_of(user->user_id, &user_id) };
	int code = orgdb_membership_get(dump->txn, list->owner, user_id.text, &membership);
	if (code == ORGDB_OK)
		code = walk(dump, &roles);
	if (code == ORGDB_OK) {
		if (dump->role_count > 1)
			qsort(dump->roles, dump->role_count, sizeof(*dump->roles), compare_roles);
		code = write_object(dump, ORGDB_KIND_MEMBERSHIP, &membership);
	}
	dump->role_count = 0;
	return code;
}

static int walk_offers(struct dump *dump, const struct list *list, const void *entry)
{
	(void)list;
	const orgdb_application *application = entry;
	struct id id;
	struct list offers = { fill_offers, write_offer, ORGDB_KIND_CONNECTION, id_of(application->client_id, &id), NULL };
	return walk(dump, &offers);
}

static int walk_enabled(struct dump *dump, const struct list *list, const void *entry)
{
	(void)list;
	const orgdb_organization *organization = entry;
	struct id id;
	struct list enabled = { fill_enabled, write_entry, ORGDB_KIND_ENABLED_CONNECTION, id_of(organization->id, &id),
		NULL };
	return walk(dump, &enabled);
}

static int walk_members(struct dump *dump, const struct list *list, const void *entry)
{
	(void)list;
	const orgdb_organization *organization = entry;
	struct id id;
	struct list members = { fill_members, write_member, ORGDB_KIND_USER, id_of(organization->id, &id), NULL };
	return walk(dump, &members);
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

/* Each kind is written by a walk over entities: its own, or those that own its edges. */
static const struct list walks[ORGDB_KINDS] = {
	[ORGDB_KIND_CONNECTION] = { fill_entities, write_entry, ORGDB_KIND_CONNECTION, NULL, NULL },
	[ORGDB_KIND_APPLICATION] = { fill_entities, write_entry, ORGDB_KIND_APPLICATION, NULL, NULL },
	[ORGDB_KIND_APPLICATION_CONNECTION] = { fill_entities, walk_offers, ORGDB_KIND_APPLICATION, NULL, NULL },
	[ORGDB_KIND_ROLE] = { fill_entities, write_entry, ORGDB_KIND_ROLE, NULL, NULL },
	[ORGDB_KIND_USER] = { fill_entities, write_entry, ORGDB_KIND_USER, NULL, NULL },
	[ORGDB_KIND_ORGANIZATION] = { fill_entities, write_entry, ORGDB_KIND_ORGANIZATION, NULL, NULL },
	[ORGDB_KIND_ENABLED_CONNECTION] = { fill_entities, walk_enabled, ORGDB_KIND_ORGANIZATION, NULL, NULL },
	[ORGDB_KIND_MEMBERSHIP] = { fill_entities, walk_members, ORGDB_KIND_ORGANIZATION, NULL, NULL },
};

static int dump_all(orgdb_txn *txn)
{
	struct dump dump = { .txn = txn };
	if (!json_writer_begin(&dump.writer, stdout))
		return ORGDB_NO_MEMORY;
	int code = ORGDB_OK;
	for (size_t i = 0; i < ORGDB_KINDS && code == ORGDB_OK; i++)
		code = walk(&dump, &walks[kinds_in_order[i]]);
	json_writer_end(&dump.writer);
	free(dump.roles);
	return code == DUMP_STOPPED ? ORGDB_OK : code;
}

static int run(const struct arguments *arguments)
{
	const char *path = arguments->operands[0];
	orgdb *db;
	orgdb_txn *txn;
	int status = open_snapshot(path, &db, &txn);
	if (status != STATUS_OK)
		return status;
	int code = dump_all(txn);
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

static const struct example examples[] = {
	{ "keep a copy as text", "orgdb dump acme.orgdb > acme.jsonl" },
	{ "only the organizations", "orgdb dump acme.orgdb | grep '^{\"kind\": \"organization\"'" },
	{ 0 },
};

const struct command command_dump = {
	.name = "dump",
	.group = GROUP_WHOLE,
	.summary = "write a store as JSON Lines",
	.help = "Write everything in STORE to standard output as JSON Lines, in an order that 'orgdb load' can read: "
			"connection, application, application_connection, role, user, organization, enabled_connection, "
			"membership; each kind in creation order. It is one snapshot, whatever other programs write meanwhile. "
			"The same data gives the same bytes: a dump that is loaded and dumped again is the same file.\n"
			"Each object has the fields that are stored, known ones first, and no others. A membership without roles "
			"has no \"roles\".\n",
	.operands = operands,
	.examples = examples,
	.run = run,
};
