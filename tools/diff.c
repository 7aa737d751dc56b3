/*
 * orgdb diff: what differs between two stores.
 *
 * Objects are the same if their ids are, whatever the order in which they were made. So each store is walked, and each
 * object looked up in the other: memory stays as it is, however large they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "walk.h"

enum { OPTION_SECRETS };

/* One of the two objects that are compared. */
struct side {
	orgdb_txn *txn;
	const char *key; /* what its fields stand under */
	const void *object;
	struct roles roles;
};

struct diff {
	struct side before;
	struct side after;
	const struct side *reading; /* the side that is at fault when something cannot be read */
	const orgdb_schema *schema; /* of the kind that is walked */
	struct json_writer writer;
	bool secrets;
	bool differs;
};

/* --- Comparing ---------------------------------------------------------------------------------------------------- */

static uint32_t stored_fields(const orgdb_schema *schema, const void *object)
{
	const void *fields = (const char *)object + schema->fields_offset;
	return *(const uint32_t *)fields;
}

static orgdb_value extra_of(const orgdb_schema *schema, const void *object)
{
	const void *extra = (const char *)object + schema->extra_offset;
	return *(const orgdb_value *)extra;
}

/* Values have one form only, so bytes tell. */
static bool same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
	return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool same_field(const orgdb_field *field, const void *a_object, const void *b_object)
{
	const void *a = (const char *)a_object + field->offset;
	const void *b = (const char *)b_object + field->offset;
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		return orgdb_str_equal(*(const orgdb_str *)a, *(const orgdb_str *)b);
	case ORGDB_TYPE_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case ORGDB_TYPE_CHOICE:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	case ORGDB_TYPE_NUMBER:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	default:
		return same_bytes(((const orgdb_value *)a)->data, ((const orgdb_value *)a)->size,
			((const orgdb_value *)b)->data, ((const orgdb_value *)b)->size);
	}
}

static bool same_roles(const struct roles *a, const struct roles *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!orgdb_str_equal(a->ids[i], b->ids[i]))
			return false;
	return true;
}

static bool same_object(const struct diff *diff)
{
	const void *before = diff->before.object, *after = diff->after.object;
	if (stored_fields(diff->schema, before) != stored_fields(diff->schema, after))
		return false;
	for (size_t i = 0; i < diff->schema->field_count; i++)
		if (!same_field(&diff->schema->fields[i], before, after))
			return false;
	orgdb_value a = extra_of(diff->schema, before), b = extra_of(diff->schema, after);
	return same_bytes(a.data, a.size, b.data, b.size) && same_roles(&diff->before.roles, &diff->after.roles);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* Does the side have a field that the other one lacks or has otherwise? */
static bool is_news(const struct diff *diff, const orgdb_field *field, const void *object, const void *other)
{
	if ((field->flags & ORGDB_FIELD_ID) || !(stored_fields(diff->schema, object) & field->bit))
		return false;
	return !other || !(stored_fields(diff->schema, other) & field->bit) || !same_field(field, object, other);
}

static void write_side(struct diff *diff, const struct side *side, const struct side *other)
{
	const orgdb_value nothing = { NULL, 0 };
	json_begin_member(&diff->writer, side->key);
	for (size_t i = 0; i < diff->schema->field_count; i++)
		if (is_news(diff, &diff->schema->fields[i], side->object, other->object))
			object_write_field(&diff->writer, &diff->schema->fields[i], side->object);
	if (side->roles.count > 0 && (!other->object || !same_roles(&side->roles, &other->roles)))
		json_write_texts(&diff->writer, "roles", side->roles.ids, side->roles.count);
	json_write_members_unlike(&diff->writer, extra_of(diff->schema, side->object),
		other->object ? extra_of(diff->schema, other->object) : nothing);
	json_end_object(&diff->writer);
}

static int write_difference(struct diff *diff)
{
	const void *object = diff->before.object ? diff->before.object : diff->after.object;
	const char *change = !diff->before.object ? "added" : !diff->after.object ? "removed" : "changed";
	diff->differs = true;
	json_begin_object(&diff->writer);
	json_write_text(&diff->writer, "change", orgdb_string(change));
	json_write_text(&diff->writer, "kind", orgdb_string(diff->schema->name));
	for (size_t i = 0; i < diff->schema->field_count; i++)
		if (diff->schema->fields[i].flags & ORGDB_FIELD_ID)
			object_write_field(&diff->writer, &diff->schema->fields[i], object);
	if (diff->before.object)
		write_side(diff, &diff->before, &diff->after);
	if (diff->after.object)
		write_side(diff, &diff->after, &diff->before);
	json_end_object(&diff->writer);
	return output_failed() ? WALK_STOPPED : diff->writer.error;
}

/* --- Walking ------------------------------------------------------------------------------------------------------ */

static int read_roles(const struct diff *diff, struct side *side)
{
	side->roles.count = 0;
	if (diff->schema->kind != ORGDB_KIND_MEMBERSHIP || !side->object)
		return ORGDB_OK;
	return roles_read(&side->roles, side->txn, side->object);
}

/* Look an object up in the store that it is not of; NULL there if it has none. */
static int find_counterpart(struct diff *diff, const void *object, struct side *side, union any_kind *room)
{
	struct id ids[2];
	size_t count = 0;
	for (size_t i = 0; i < diff->schema->field_count && count < 2; i++) {
		const void *member = (const char *)object + diff->schema->fields[i].offset;
		if (diff->schema->fields[i].flags & ORGDB_FIELD_ID)
			id_of(*(const orgdb_str *)member, &ids[count++]);
	}
	const struct side *walked = diff->reading;
	diff->reading = side;
	int code = find_object(side->txn, diff->schema->kind, ids[0].text, ids[1].text, room);
	side->object = code == ORGDB_OK ? room : NULL;
	if (code == ORGDB_NOT_FOUND)
		code = ORGDB_OK;
	if (code == ORGDB_OK)
		code = read_roles(diff, side);
	if (code == ORGDB_OK)
		diff->reading = walked;
	return code;
}

static int visit_before(void *context, const void *entry)
{
	struct diff *diff = context;
	union any_kind room;
	diff->before.object = entry;
	int code = find_counterpart(diff, entry, &diff->after, &room);
	if (code == ORGDB_OK)
		code = read_roles(diff, &diff->before);
	if (code != ORGDB_OK || (diff->after.object && same_object(diff)))
		return code;
	return write_difference(diff);
}

/* What is in both, the other walk has compared. */
static int visit_after(void *context, const void *entry)
{
	struct diff *diff = context;
	union any_kind room;
	diff->after.object = entry;
	int code = find_counterpart(diff, entry, &diff->before, &room);
	if (code != ORGDB_OK || diff->before.object)
		return code;
	code = read_roles(diff, &diff->after);
	return code == ORGDB_OK ? write_difference(diff) : code;
}

static int diff_kinds(struct diff *diff)
{
	int code = ORGDB_OK;
	for (size_t i = 0; i < ORGDB_KINDS && code == ORGDB_OK; i++) {
		diff->schema = orgdb_schema_of(kinds_in_order[i]);
		diff->reading = &diff->before;
		code = walk_kind(diff->before.txn, kinds_in_order[i], NULL, visit_before, diff);
		if (code != ORGDB_OK)
			break;
		diff->reading = &diff->after;
		code = walk_kind(diff->after.txn, kinds_in_order[i], NULL, visit_after, diff);
	}
	return code;
}

static int diff_snapshots(struct diff *diff, const char *before, const char *after)
{
	int code = ORGDB_NO_MEMORY;
	if (json_writer_begin(&diff->writer, stdout)) {
		diff->writer.secrets = diff->secrets;
		code = diff_kinds(diff);
		json_writer_end(&diff->writer);
	}
	roles_free(&diff->before.roles);
	roles_free(&diff->after.roles);
	if (code != ORGDB_OK && code != WALK_STOPPED)
		return store_failed(code, diff->reading == &diff->after ? after : before);
	return diff->differs ? STATUS_REFUSED : STATUS_OK;
}

static int run(const struct arguments *arguments)
{
	const char *before = arguments->operands[0], *after = arguments->operands[1];
	struct diff diff = {
		.before.key = "before",
		.after.key = "after",
		.secrets = option_given(arguments, OPTION_SECRETS),
	};
	orgdb *before_db, *after_db;
	int status = open_snapshot(before, &before_db, &diff.before.txn);
	if (status != STATUS_OK)
		return status;
	status = open_snapshot(after, &after_db, &diff.after.txn);
	if (status == STATUS_OK) {
		status = diff_snapshots(&diff, before, after);
		orgdb_end(diff.after.txn);
		orgdb_close(after_db);
	}
	orgdb_end(diff.before.txn);
	orgdb_close(before_db);
	return status;
}

static const struct parameter options[] = {
	[OPTION_SECRETS] = { .name = "secrets", .help = "show secrets, such as the tickets of invitations" },
	{ 0 },
};

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the one before" },
	{ .name = "OTHER", .type = VALUE_FILE, .help = "the one after" },
	{ 0 },
};

static const struct example examples[] = {
	{ "what has changed since the backup",
		"orgdb copy acme.orgdb yesterday.orgdb && orgdb diff yesterday.orgdb acme.orgdb" },
	{ 0 },
};

const struct command command_diff = {
	.name = "diff",
	.group = GROUP_LOOK,
	.summary = "show what differs between two stores",
	.help = "Compare the objects of two stores, by their ids. Each that differs is one JSON object a line, with these "
			"members; nothing is written if none does:\n"
			"change\tremoved (only STORE has it), added (only OTHER has it) or changed\n"
			"kind\tits kind; its id or ids come next, under their names\n"
			"before\tits other fields in STORE, if it is there; if it was changed, only those that differ\n"
			"after\tthe same in OTHER\n"
			"The exit status is 0 if nothing differs, 1 if something does, 3 if the stores could not be compared.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
