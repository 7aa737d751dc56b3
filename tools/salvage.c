/*
 * orgdb salvage: what can be read of a damaged store, in a new one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "apart.h"
#include "check.h"
#include "cli.h"
#include "object.h"
#include "staging.h"

enum { OPTION_DOUBTFUL };

struct salvaging {
	const char *damaged;
	const char *destination;
	uint32_t flags;
	struct staging staging;
};

/* --- What was found ----------------------------------------------------------------------------------------------- */

static void show_problem(void *context, const orgdb_problem *problem)
{
	(void)context;
	printf("%s: ", problem->table);
	print_text(stdout, problem->message, strlen(problem->message));
	putchar('\n');
	fflush(stdout);
}

static void print_counts(const char *what, uint64_t saved, uint64_t lost, bool counted)
{
	printf("  %-24s %10" PRIu64 " saved %10" PRIu64 " lost%s\n", what, saved, lost, counted ? "" : ", or more");
}

static void print_report(const orgdb_salvage_report *report, bool whole)
{
	printf("%s%s%s\n", style(stdout, whole ? STYLE_GOOD : STYLE_BAD), whole ? "everything is saved" : "a part is saved",
		style(stdout, STYLE_NONE));
	for (size_t i = 0; i < ORGDB_KINDS; i++) {
		uint32_t kind = kinds_in_order[i];
		print_counts(
			orgdb_schema_of(kind)->name, report->saved[kind], report->lost[kind], !(report->uncounted >> kind & 1));
	}
	print_counts("role of a member", report->member_roles_saved, report->member_roles_lost,
		!(report->uncounted >> ORGDB_KINDS & 1));
}

/* --- The salvage -------------------------------------------------------------------------------------------------- */

static int fail(const struct salvaging *salvaging, int code)
{
	complain("%s", orgdb_last_error()->message);
	if (code == ORGDB_NOT_FOUND && salvaging->flags == 0)
		advise("'--doubtful' also takes what may be of the past. Nothing was written to %s.", salvaging->destination);
	else
		advise("Nothing was written to %s.", salvaging->destination);
	return STATUS_FAILED;
}

static int salvage_in_child(void *context)
{
	struct salvaging *salvaging = context;
	orgdb_salvage_report report = ORGDB_SALVAGE_REPORT_INIT;
	report.problem = show_problem;
	int code = orgdb_salvage(salvaging->damaged, salvaging->staging.store, salvaging->flags, &report);
	if (code != ORGDB_OK && code != ORGDB_CORRUPT)
		return fail(salvaging, code);
	print_report(&report, code == ORGDB_OK);
	if (code == ORGDB_OK)
		return STATUS_OK;
	complain("%s: not everything in it could be saved", salvaging->damaged);
	return STATUS_REFUSED;
}

static int salvage_aside(struct salvaging *salvaging)
{
	struct apart apart = { .act = salvage_in_child, .context = salvaging };
	int status = run_apart(&apart);
	if (!apart.crashed)
		return status;
	complain("%s: the salvage came to an early end", salvaging->damaged);
	advise("Nothing was written to %s.", salvaging->destination);
	return STATUS_FAILED;
}

static int check_new(const struct salvaging *salvaging)
{
	struct check check = { .path = salvaging->staging.store, .shown = salvaging->destination, .quiet = true };
	if (check_store(&check) == STATUS_OK)
		return STATUS_OK;
	complain("%s: the new store is damaged, so it is not kept", salvaging->destination);
	advise("Suspect the device.");
	return STATUS_FAILED;
}

static int salvage(struct salvaging *salvaging)
{
	int status = staging_begin(&salvaging->staging, salvaging->destination);
	if (status == STATUS_OK)
		status = salvage_aside(salvaging);
	if (status == STATUS_OK || status == STATUS_REFUSED) {
		int checked = check_new(salvaging);
		if (checked == STATUS_OK)
			checked = staging_publish(&salvaging->staging);
		if (checked != STATUS_OK)
			status = STATUS_FAILED;
	}
	staging_end(&salvaging->staging);
	return status;
}

/* --- The command -------------------------------------------------------------------------------------------------- */

static int run(const struct arguments *arguments)
{
	struct salvaging salvaging = {
		.damaged = arguments->operands[0],
		.destination = arguments->operands[1],
		.flags = option_given(arguments, OPTION_DOUBTFUL) ? ORGDB_SALVAGE_DOUBTFUL : 0,
	};
	struct stat info;
	if (lstat(salvaging.destination, &info) != 0)
		return salvage(&salvaging);
	complain("%s: cannot salvage to it: %s", salvaging.destination, strerror(EEXIST));
	advise("A salvage never replaces anything. Choose another path, or move away what is there.");
	return STATUS_FAILED;
}

static const struct parameter operands[] = {
	{ .name = "DAMAGED", .type = VALUE_FILE, .help = "the damaged store" },
	{ .name = "NEW", .type = VALUE_FILE, .help = "where the new store is to be; nothing may be there" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_DOUBTFUL] = {
		.name = "doubtful",
		.help = "take what may be of the past, too, where nobody can tell: what was deleted or changed may come back as it "
				"was",
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "save what can be read", "orgdb salvage acme.orgdb saved.orgdb" },
	{ 0 },
};

const struct command command_salvage = {
	.name = "salvage",
	.group = GROUP_WHOLE,
	.summary = "save what can be read of a damaged store in a new one",
	.help =
		"Copy what can be read of DAMAGED, which no program may have open, to NEW, a new store; print each thing that is "
		"damaged or lost, by its id where that is known, and how many of each kind are saved and lost. DAMAGED is only "
		"read. NEW appears when it is whole, checked and on the device, readable by its owner alone.\n"
		"A backup is better, if there is one: see 'orgdb copy'. What is not wholly known is lost: without its record a "
		"user is, and with it its memberships. Rows that contradict each other are not taken. Pages have no checksums, so "
		"a text or number that was changed into another valid one is saved as it is.\n"
		"The exit status is 0 if everything is saved, 1 if a part is, 3 if nothing is.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
