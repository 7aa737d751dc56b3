/*
 * orgdb stat and orgdb check: what is in a store, and whether it is sound.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "object.h"

/* --- stat --------------------------------------------------------------------------------------------------------- */

static void print_number(const char *label, uint64_t number)
{
	printf("%-24s %14" PRIu64 "\n", label, number);
}

static void print_statistics(const char *path, const orgdb_statistics *statistics)
{
	printf("%-24s %s\n", "store", path);
	printf("%-24s %s\n", "uuid", statistics->uuid);
	print_number("format version", statistics->format_version);
	for (size_t i = 0; i < ORGDB_KINDS; i++)
		print_number(orgdb_schema_of(kinds_in_order[i])->name, statistics->count[kinds_in_order[i]]);
	print_number("member roles", statistics->member_roles);
	print_number("transactions (lsn)", statistics->lsn);
	print_number("file bytes", statistics->file_size);
	print_number("bytes in use", statistics->used_size);
	print_number("map bytes", statistics->map_size);
	print_number("readers", statistics->readers);
	print_number("readers at most", statistics->readers_max);
}

static const struct parameter store_operand[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ 0 },
};

static int run_stat(const struct arguments *arguments)
{
	const char *path = arguments->operands[0];
	orgdb *db;
	orgdb_txn *txn;
	int status = open_snapshot(path, &db, &txn);
	if (status != STATUS_OK)
		return status;
	orgdb_statistics statistics;
	int code = orgdb_stat(txn, &statistics);
	if (code == ORGDB_OK)
		print_statistics(path, &statistics);
	else
		status = store_failed(code, path);
	orgdb_end(txn);
	orgdb_close(db);
	return status;
}

static const struct example stat_examples[] = {
	{ "all there is to know", "orgdb stat acme.orgdb" },
	{ 0 },
};

const struct command command_stat = {
	.name = "stat",
	.group = GROUP_LOOK,
	.summary = "show how many objects a store holds, and its sizes",
	.help = "Show STORE's own id, its format, how many objects of each kind it holds, how many transactions have "
			"changed it, and its sizes. 'map bytes' is address space that is reserved; it takes no room on the "
			"device.\n",
	.operands = store_operand,
	.examples = stat_examples,
	.run = run_stat,
};

/* --- check -------------------------------------------------------------------------------------------------------- */

static void print_problem(void *context, const orgdb_problem *problem)
{
	(void)context;
	progress_end();
	printf("%s: ", problem->table);
	print_text(stdout, problem->message, strlen(problem->message));
	putchar('\n');
	fflush(stdout); /* the next one may end the process */
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
	char words[PROGRESS_WORDS];
	struct progress *progress = context;
	if (progress_due(progress))
		progress_show("checking: %" PRIu64 " of %" PRIu64 " entries, %s", done, total,
			progress_left(progress, done, total, words));
}

static int check_store(orgdb *db, const char *path)
{
	struct progress progress;
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = print_problem;
	report.progress = show_progress;
	report.context = &progress;
	progress_begin(&progress);
	int code = orgdb_check(db, &report);
	progress_end();
	if (report.problems > 0) { /* whether the walk came to its end or not */
		printf("damaged: %" PRIu64 " problem%s, %" PRIu64 " entries checked\n", report.problems,
			report.problems == 1 ? "" : "s", report.entries);
		return STATUS_REFUSED;
	}
	if (code != ORGDB_OK)
		return store_failed(code, path);
	printf("clean: %" PRIu64 " entries checked\n", report.entries);
	return STATUS_OK;
}

static int check_path(const char *path)
{
	orgdb *db;
	int status = open_store(path, true, &db);
	if (status != STATUS_OK)
		return status;
	status = check_store(db, path);
	orgdb_close(db);
	return status;
}

/* A file whose very pages are damaged can lead LMDB to memory that is not there, so the check runs in a process of its
 * own, and its death is a finding too. */
static int run_check(const struct arguments *arguments)
{
	const char *path = arguments->operands[0];
	int result;
	pid_t child = fork();
	if (child == 0)
		exit(finish_output(check_path(path), false));
	if (child < 0 || waitpid(child, &result, 0) < 0) {
		complain("cannot run the check: %s", strerror(errno));
		return STATUS_FAILED;
	}
	if (WIFEXITED(result))
		return WEXITSTATUS(result);
	int number = WTERMSIG(result);
	if (number == SIGSEGV || number == SIGBUS || number == SIGABRT) {
		printf("damaged: the pages of the file lead nowhere\n");
		return STATUS_REFUSED;
	}
	signal(number, SIG_DFL);
	raise(number);
	return STATUS_FAILED;
}

static const struct example check_examples[] = {
	{ "is the store sound?", "orgdb check acme.orgdb" },
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
	.operands = store_operand,
	.examples = check_examples,
	.run = run_check,
};
