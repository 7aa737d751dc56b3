/*
 * orgdb check: is a store sound?
 *
 * SPDX-License-Identifier: MIT
 */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "apart.h"
#include "cli.h"
#include "json.h"

enum { OPTION_JSON };

enum { TABLES_MAX = 64 };

/* A check under way, in the process of its own. */
struct checking {
	const struct check *check;
	struct json_writer writer;
	struct progress progress;
	struct {
		const char *name;
		uint64_t problems;
	} tables[TABLES_MAX]; /* those with problems, ended by one without a name */
};

/* --- Problems ----------------------------------------------------------------------------------------------------- */

static void count_problem(struct checking *checking, const char *table)
{
	size_t i = 0;
	while (i + 1 < TABLES_MAX && checking->tables[i].name && strcmp(checking->tables[i].name, table) != 0)
		i++;
	checking->tables[i].name = table;
	checking->tables[i].problems++;
}

/* Each is written out at once: the next one may end the process. */
static void show_problem(void *context, const orgdb_problem *problem)
{
	struct checking *checking = context;
	count_problem(checking, problem->table);
	progress_end();
	if (checking->check->as_json) {
		json_begin_object(&checking->writer);
		json_write_text(&checking->writer, "table", orgdb_string(problem->table));
		json_write_text(&checking->writer, "message", orgdb_string(problem->message));
		json_end_object(&checking->writer);
	} else {
		printf("%s: ", problem->table);
		print_text(stdout, problem->message, strlen(problem->message));
		putchar('\n');
	}
	fflush(stdout);
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
	char words[PROGRESS_WORDS];
	struct checking *checking = context;
	if (progress_due(&checking->progress))
		progress_show("checking: %" PRIu64 " of %" PRIu64 " entries, %s", done, total,
			progress_left(&checking->progress, done, total, words));
}

/* --- The summary -------------------------------------------------------------------------------------------------- */

static void print_json_summary(bool clean, const orgdb_check_report *report)
{
	struct json_writer writer = { .file = stdout };
	json_begin_object(&writer);
	json_write_text(&writer, "result", orgdb_string(clean ? "clean" : "damaged"));
	if (report) {
		json_write_number(&writer, "problems", report->problems);
		json_write_number(&writer, "entries", report->entries);
	}
	json_end_object(&writer);
}

static void print_verdict(enum style look, const char *verdict)
{
	printf("%s%s%s: ", style(stdout, look), verdict, style(stdout, STYLE_NONE));
}

/* What to do is the same whatever is damaged: there is no repair in place. */
static void print_remedy(const char *path)
{
	printf("Keep the file as it is and stop writing to it. Restore a backup; 'orgdb copy' makes\n"
		   "them. Without one, save what can still be read:\n"
		   "  orgdb salvage ");
	print_text(stdout, path, strlen(path));
	printf(" saved.orgdb\n");
}

/* The check itself cannot go on; standard error has said why. */
static void print_dead_end(const struct check *check)
{
	if (check->as_json) {
		print_json_summary(false, NULL);
		return;
	}
	print_verdict(STYLE_BAD, "damaged");
	printf("the check cannot go on\n");
	print_remedy(check->shown);
}

static void print_damage(const struct checking *checking, const orgdb_check_report *report)
{
	print_verdict(STYLE_BAD, "damaged");
	printf("%" PRIu64 " problem%s, %" PRIu64 " entries checked\n", report->problems, report->problems == 1 ? "" : "s",
		report->entries);
	for (size_t i = 0; i < TABLES_MAX && checking->tables[i].name; i++)
		printf("  %-28s %8" PRIu64 "\n", checking->tables[i].name, checking->tables[i].problems);
	print_remedy(checking->check->shown);
}

static void print_summary(const struct checking *checking, const orgdb_check_report *report)
{
	bool clean = report->problems == 0;
	if (clean && checking->check->quiet)
		return;
	if (checking->check->as_json) {
		print_json_summary(clean, report);
	} else if (clean) {
		print_verdict(STYLE_GOOD, "clean");
		printf("%" PRIu64 " entries checked\n", report->entries);
	} else {
		print_damage(checking, report);
	}
}

/* --- The check ---------------------------------------------------------------------------------------------------- */

static int cannot_check(const struct check *check, int code)
{
	int status = store_failed_as(code, check->path, check->shown);
	if (code == ORGDB_CORRUPT)
		print_dead_end(check);
	return status;
}

static int check_open_store(struct checking *checking, orgdb *db)
{
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = show_problem;
	report.progress = show_progress;
	report.context = checking;
	progress_begin(&checking->progress);
	int code = orgdb_check(db, &report);
	progress_end();
	if (code != ORGDB_OK && report.problems == 0) /* else the walk came to its end or not, there is damage */
		return cannot_check(checking->check, code);
	print_summary(checking, &report);
	return report.problems > 0 ? STATUS_REFUSED : STATUS_OK;
}

static int check_in_child(void *context)
{
	struct checking checking = { .check = context, .writer = { .file = stdout } };
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = true;
	orgdb *db;
	int code = orgdb_open(checking.check->path, &options, &db);
	if (code != ORGDB_OK)
		return cannot_check(checking.check, code);
	int status = check_open_store(&checking, db);
	orgdb_close(db);
	return status;
}

int check_store(const struct check *check)
{
	struct check copy = *check;
	struct apart apart = { .act = check_in_child, .context = &copy };
	int status = run_apart(&apart);
	if (apart.crashed) {
		complain("%s: the pages of the file lead nowhere", check->shown);
		print_dead_end(check);
	}
	return status;
}

/* --- The command -------------------------------------------------------------------------------------------------- */

static int run(const struct arguments *arguments)
{
	const char *path = arguments->operands[0];
	return check_store(&(struct check){ path, path, option_given(arguments, OPTION_JSON), false });
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_JSON] = {
		.name = "json",
		.help = "one JSON object a line for each problem, with its table and message, and a last one with the result "
				"(clean or damaged), and unless the check itself came to an early end, problems and entries",
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "is the store sound?", "orgdb check acme.orgdb" },
	{ "for monitoring", "orgdb check acme.orgdb --json | tail -n 1" },
	{ 0 },
};

const struct command command_check = {
	.name = "check",
	.group = GROUP_LOOK,
	.summary = "prove that a store is sound",
	.help = "Walk all of STORE and prove that it is sound: every record can be read, every edge is there from both "
			"ends and points to something, names and ids are unique, counts are right. Print each problem and a "
			"summary; change nothing.\n"
			"The exit status is 0 if it is clean, 1 if it is damaged, 3 if the check could not run.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
