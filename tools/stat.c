/*
 * orgdb stat: what is in a store, where its bytes are, and who is reading it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "object.h"

enum { OPTION_JSON, OPTION_OLD };

enum { TABLES_MAX = 64, READERS = 64 };

struct stat_report {
	const char *path;
	orgdb *db;
	orgdb_statistics statistics;
	uint64_t free_pages;
	orgdb_table tables[TABLES_MAX];
	size_t table_count;
};

static uint64_t table_size(const struct stat_report *report, const orgdb_table *table)
{
	return (table->branch_pages + table->leaf_pages + table->overflow_pages) * report->statistics.page_size;
}

/* --- Readers ------------------------------------------------------------------------------------------------------ */

/* Call `show` with each reader of other processes; the command's own come and go with it. */
static int walk_readers(orgdb *db, void (*show)(void *context, const orgdb_reader *reader), void *context)
{
	orgdb_reader readers[READERS];
	uint64_t after = 0;
	size_t count = READERS;
	int code = ORGDB_OK;
	while (count == READERS && code == ORGDB_OK) {
		code = orgdb_readers(db, after, readers, READERS, &count);
		for (size_t i = 0; i < count && code == ORGDB_OK; i++)
			if (readers[i].process != (uint64_t)getpid())
				show(context, &readers[i]);
		after += count;
	}
	return code;
}

/* --- For people --------------------------------------------------------------------------------------------------- */

static void print_number(const char *label, uint64_t number)
{
	printf("%-24s %14" PRIu64 "\n", label, number);
}

static void print_numbers(const struct stat_report *report)
{
	const orgdb_statistics *statistics = &report->statistics;
	printf("%-24s %s\n", "store", report->path);
	printf("%-24s %s\n", "uuid", statistics->uuid);
	print_number("format version", statistics->format_version);
	for (size_t i = 0; i < ORGDB_KINDS; i++)
		print_number(orgdb_schema_of(kinds_in_order[i])->name, statistics->count[kinds_in_order[i]]);
	print_number("member roles", statistics->member_roles);
	print_number("transactions (lsn)", statistics->lsn);
	print_number("file bytes", statistics->file_size);
	print_number("bytes in use", statistics->used_size);
	print_number("page bytes", statistics->page_size);
	print_number("free pages", report->free_pages);
	print_number("map bytes", statistics->map_size);
	printf("%-24s %13.3f%%\n", "map used", 100 * (double)statistics->used_size / (double)statistics->map_size);
	print_number("readers", statistics->readers);
	print_number("readers at most", statistics->readers_max);
}

static void print_tables(const struct stat_report *report)
{
	printf("\n%s%-28s %12s %5s %8s %10s %9s %14s%s\n", style(stdout, STYLE_HEADING), "TABLE", "ROWS", "DEPTH", "BRANCH",
		"LEAF", "OVERFLOW", "BYTES", style(stdout, STYLE_NONE));
	for (size_t i = 0; i < report->table_count; i++) {
		const orgdb_table *table = &report->tables[i];
		printf("%-28s %12" PRIu64 " %5" PRIu32 " %8" PRIu64 " %10" PRIu64 " %9" PRIu64 " %14" PRIu64 "\n", table->name,
			table->rows, table->depth, table->branch_pages, table->leaf_pages, table->overflow_pages,
			table_size(report, table));
	}
}

/* What makes text look bad, and ends that, if it is. */
static const char *bad(bool is_bad)
{
	return is_bad ? style(stdout, STYLE_BAD) : "";
}

static const char *good(bool was_bad)
{
	return was_bad ? style(stdout, STYLE_NONE) : "";
}

static void print_reader(void *context, const orgdb_reader *reader)
{
	bool *headed = context;
	const char *state = reader->is_old ? "old" : reader->is_active ? "active" : "idle";
	if (!*headed)
		printf("\n%s%-12s %18s  %-6s  %-6s %8s%s\n", style(stdout, STYLE_HEADING), "READER", "THREAD", "STATE", "STALE",
			"BEHIND", style(stdout, STYLE_NONE));
	*headed = true;
	printf("%-12" PRIu64 " %18" PRIx64 "  %s%-6s%s  %s%-6s%s %8" PRIu64 "\n", reader->process, reader->thread,
		bad(reader->is_old), state, good(reader->is_old), bad(reader->is_stale), reader->is_stale ? "yes" : "no",
		good(reader->is_stale), reader->behind);
}

static int print_for_people(const struct stat_report *report)
{
	bool headed = false;
	print_numbers(report);
	print_tables(report);
	int code = walk_readers(report->db, print_reader, &headed);
	if (code == ORGDB_OK && !headed)
		printf("\nNo other process has read it since it was opened.\n");
	return code;
}

/* --- As JSON ------------------------------------------------------------------------------------------------------ */

static void write_numbers(struct json_writer *writer, const struct stat_report *report)
{
	const orgdb_statistics *statistics = &report->statistics;
	json_write_text(writer, "store", orgdb_string(report->path));
	json_write_text(writer, "uuid", orgdb_string(statistics->uuid));
	json_write_number(writer, "format_version", statistics->format_version);
	json_begin_member(writer, "objects");
	for (size_t i = 0; i < ORGDB_KINDS; i++)
		json_write_number(writer, orgdb_schema_of(kinds_in_order[i])->name, statistics->count[kinds_in_order[i]]);
	json_end_object(writer);
	json_write_number(writer, "member_roles", statistics->member_roles);
	json_write_number(writer, "lsn", statistics->lsn);
	json_write_number(writer, "file_size", statistics->file_size);
	json_write_number(writer, "used_size", statistics->used_size);
	json_write_number(writer, "page_size", statistics->page_size);
	json_write_number(writer, "free_pages", report->free_pages);
	json_write_number(writer, "map_size", statistics->map_size);
	json_write_number(writer, "readers_max", statistics->readers_max);
}

static void write_table(struct json_writer *writer, const struct stat_report *report, const orgdb_table *table)
{
	json_begin_object(writer);
	json_write_text(writer, "name", orgdb_string(table->name));
	json_write_number(writer, "rows", table->rows);
	json_write_number(writer, "depth", table->depth);
	json_write_number(writer, "branch_pages", table->branch_pages);
	json_write_number(writer, "leaf_pages", table->leaf_pages);
	json_write_number(writer, "overflow_pages", table->overflow_pages);
	json_write_number(writer, "size", table_size(report, table));
	json_end_object(writer);
}

static void write_reader(void *context, const orgdb_reader *reader)
{
	struct json_writer *writer = context;
	json_begin_object(writer);
	json_write_number(writer, "process", reader->process);
	json_write_number(writer, "thread", reader->thread);
	json_write_bool(writer, "is_active", reader->is_active);
	json_write_bool(writer, "is_old", reader->is_old);
	json_write_bool(writer, "is_stale", reader->is_stale);
	json_write_number(writer, "behind", reader->behind);
	json_end_object(writer);
}

static int print_as_json(const struct stat_report *report)
{
	struct json_writer writer = { .file = stdout };
	json_begin_object(&writer);
	write_numbers(&writer, report);
	json_begin_array(&writer, "tables");
	for (size_t i = 0; i < report->table_count; i++)
		write_table(&writer, report, &report->tables[i]);
	json_end_array(&writer);
	json_begin_array(&writer, "readers");
	int code = walk_readers(report->db, write_reader, &writer);
	json_end_array(&writer);
	json_end_object(&writer);
	return code;
}

/* --- The command -------------------------------------------------------------------------------------------------- */

static int fill_report(struct stat_report *report, orgdb_txn *txn)
{
	int code = orgdb_stat(txn, &report->statistics);
	if (code == ORGDB_OK)
		code = orgdb_free_pages(txn, &report->free_pages);
	return code == ORGDB_OK ? orgdb_tables(txn, 0, report->tables, TABLES_MAX, &report->table_count) : code;
}

static int run(const struct arguments *arguments)
{
	struct stat_report report = { .path = arguments->operands[0] };
	orgdb_txn *txn;
	orgdb_options how = ORGDB_OPTIONS_INIT;
	how.read_only = true;
	how.reader_age_max = option_number(arguments, OPTION_OLD, 0);
	int status = open_snapshot_with(report.path, &how, &report.db, &txn);
	if (status != STATUS_OK)
		return status;
	int code = fill_report(&report, txn);
	if (code == ORGDB_OK)
		code = option_given(arguments, OPTION_JSON) ? print_as_json(&report) : print_for_people(&report);
	if (code != ORGDB_OK)
		status = store_failed(code, report.path);
	orgdb_end(txn);
	orgdb_close(report.db);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_JSON] = {
		.name = "json",
		.help = "one JSON object, always with the same members: store, uuid, format_version, objects (a number for "
				"each kind), member_roles, lsn, file_size, used_size, page_size, free_pages, map_size, readers_max, "
				"tables (name, rows, depth, branch_pages, leaf_pages, overflow_pages, size), readers (process, "
				"thread, is_active, is_old, is_stale, behind); sizes are in bytes",
	},
	[OPTION_OLD] = {
		.name = "old",
		.value = "N",
		.type = VALUE_NUMBER,
		.help = "call a reader old when N transactions have changed the store since its snapshot; 10000 if not given",
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "all there is to know", "orgdb stat acme.orgdb" },
	{ "for monitoring", "orgdb stat acme.orgdb --json" },
	{ "who keeps the store from using freed space", "orgdb stat acme.orgdb --old 100" },
	{ 0 },
};

const struct command command_stat = {
	.name = "stat",
	.group = GROUP_LOOK,
	.summary = "show how many objects a store holds, its sizes and its readers",
	.help =
		"Show STORE's own id, its format, how many objects of each kind it holds, how many transactions have "
		"changed it, its sizes, its tables, and which processes have it open for reading.\n"
		"free pages\thold nothing; the next changes take them before the file grows\n"
		"map bytes\taddress space that is reserved; it takes no room on the device\n"
		"readers\tplaces taken for read transactions, this command's own included\n"
		"BEHIND\thow many transactions have changed the store since an active reader's snapshot; space that they "
		"freed cannot be used again while it lasts\n"
		"STATE\tidle: kept for the next transaction, and in nobody's way; active: in one; old: in one that should have "
		"ended long ago, for the store grows meanwhile\n"
		"STALE\tthe reader's process is gone; opening the store for writing clears it away\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
