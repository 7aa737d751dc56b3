/*
 * orgdb load: JSON Lines into a store.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

enum {
	OPTION_BATCH,
	OPTION_FROM_LINE,
	OPTION_UPSERT,
	OPTION_SKIP,
	OPTION_DRY_RUN,
	OPTION_PROGRESS,
	OPTION_QUIET,
};

/* --- What was done ------------------------------------------------------------------------------------------------ */

static void print_count(const struct loader *loader, const char *what, uint64_t created, uint64_t updated)
{
	printf("%-24s %10" PRIu64, what, created + updated);
	if (loader->upsert)
		printf("  %10" PRIu64 " new %10" PRIu64 " there already", created, updated);
	putchar('\n');
}

static void print_counts(const struct loader *loader)
{
	const struct tally *tally = &loader->committed;
	uint64_t updated = 0;
	for (size_t i = 0; i < ORGDB_KINDS; i++) {
		uint32_t kind = kinds_in_order[i];
		print_count(loader, orgdb_schema_of(kind)->name, tally->created[kind], tally->updated[kind]);
		updated += tally->updated[kind];
	}
	print_count(loader, "total", tally->objects - updated, updated);
	for (const struct skip *skip = loader->skips; skip->kind; skip++)
		printf("%-24s %10" PRIu64 "  skipped\n", skip->kind, skip->count);
	if (tally->before > 0)
		printf("%-24s %10" PRIu64 "  skipped\n", "lines before the first", tally->before);
	if (loader->dry_run)
		puts("dry run: nothing was changed");
}

/* --- What was not ------------------------------------------------------------------------------------------------- */

/* Append a word of a command line, in quotes if a shell would take it for something else. */
static void append_word(FILE *line, const char *word)
{
	static const char *const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
	putc(' ', line);
	if (*word && word[strspn(word, plain)] == '\0') {
		fputs(word, line);
		return;
	}
	putc('\'', line);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", line);
		else
			putc(*word, line);
	putc('\'', line);
}

/* The command that goes on behind a line, to be freed; NULL if there is no memory. */
static char *resuming_command(const struct arguments *arguments, uint64_t from_line)
{
	char *text = NULL;
	size_t size;
	FILE *line = open_memstream(&text, &size);
	if (!line)
		return NULL;
	fprintf(line, "orgdb load --from-line %" PRIu64, from_line);
	for (size_t i = 0; arguments->command->options[i].name; i++) {
		const struct parameter *option = &arguments->command->options[i];
		const char *value;
		size_t at = 0;
		while (i != OPTION_FROM_LINE && (value = option_next(arguments, i, &at))) {
			fprintf(line, " --%s", option->name);
			if (option->value)
				append_word(line, value);
		}
	}
	for (size_t i = 0; i < arguments->operand_count; i++)
		append_word(line, arguments->operands[i]);
	fclose(line);
	return text;
}

static void say_what_is_left(struct loader *loader, const struct arguments *arguments)
{
	if (loader->committed_line == 0 || loader->dry_run) {
		advise("Nothing was loaded.");
		return;
	}
	waiting_rewind(&loader->waiting);
	for (size_t i = 0; i < loader->waiting.count; i++)
		advise("Line %" PRIu64 " is not loaded: it waits for the organization that owns its object.",
			loader->waiting.lines[i].number);
	advise("%s %" PRIu64 " to %" PRIu64 " are loaded. To go on behind them, from the same input:",
		loader->waiting.count > 0 ? "The other lines" : "Lines", loader->from_line, loader->committed_line);
	char *command = resuming_command(arguments, loader->committed_line + 1);
	advise("  %s", command ? command : "orgdb load --from-line");
	free(command);
}

/* --- The command -------------------------------------------------------------------------------------------------- */

/* The kinds to leave out; NULL if there is no memory. */
static struct skip *skips_of(const struct arguments *arguments)
{
	struct skip *skips = calloc(arguments->given_count + 1, sizeof(*skips));
	size_t at = 0;
	for (size_t i = 0; skips && (skips[i].kind = option_next(arguments, OPTION_SKIP, &at)); i++)
		continue;
	return skips;
}

static void read_options(struct loader *loader, const struct arguments *arguments)
{
	loader->store = arguments->operands[0];
	loader->batch = option_number(arguments, OPTION_BATCH, UINT64_MAX);
	loader->from_line = option_number(arguments, OPTION_FROM_LINE, 1);
	loader->upsert = option_given(arguments, OPTION_UPSERT);
	loader->dry_run = option_given(arguments, OPTION_DRY_RUN);
	if (loader->batch == 0 || loader->from_line == 0)
		misused(arguments->command, "--%s: expected at least 1, got 0", loader->batch == 0 ? "batch" : "from-line");
	if (loader->dry_run) /* what is not committed is one transaction, or the parts could not refer to each other */
		loader->batch = UINT64_MAX;
	if (option_given(arguments, OPTION_QUIET))
		choose_progress(PROGRESS_NONE);
	else if (option_given(arguments, OPTION_PROGRESS))
		choose_progress(PROGRESS_LINES);
}

static int run(const struct arguments *arguments)
{
	struct loader loader = { 0 };
	read_options(&loader, arguments);
	loader.skips = skips_of(arguments);
	if (!loader.skips) {
		complain("%s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	int status = input_open(&loader.input, arguments->operand_count > 1 ? arguments->operands[1] : "-");
	if (status == STATUS_OK)
		status = loader_run(&loader);
	input_close(&loader.input);
	if (status == STATUS_OK)
		print_counts(&loader);
	else
		say_what_is_left(&loader, arguments);
	waiting_end(&loader.waiting);
	free(loader.skips);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store; it is made if it is not there" },
	{ .name = "FILE", .type = VALUE_FILE, .help = "JSON Lines; standard input if - or left out", .optional = true },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_BATCH] = {
		.name = "batch",
		.value = "N",
		.type = VALUE_NUMBER,
		.help = "a transaction for every N lines instead of one for all: others may write in between, and what is "
				"committed stays if the load fails or is interrupted, which then says how to go on",
	},
	[OPTION_FROM_LINE] = {
		.name = "from-line",
		.value = "N",
		.type = VALUE_NUMBER,
		.help = "begin with line N of the input",
	},
	[OPTION_UPSERT] = {
		.name = "upsert",
		.help = "change objects that are there already instead of refusing them: what a line gives replaces what is "
				"stored, null for a known field removes it, the rest stays; a membership's roles are replaced as a whole",
	},
	[OPTION_SKIP] = {
		.name = "skip",
		.value = "KIND",
		.type = VALUE_ANY_KIND,
		.help = "leave out the lines of this kind and say how many there were; may be given more than once",
		.repeatable = true,
	},
	[OPTION_DRY_RUN] = {
		.name = "dry-run",
		.help = "try everything, as one transaction, and say what would be loaded, but change nothing",
	},
	[OPTION_PROGRESS] = {
		.name = "progress",
		.help = "say every second how far the load is, also where standard error is not a terminal; otherwise it is said "
				"there every ten seconds",
	},
	[OPTION_QUIET] = { .name = "quiet", .help = "never say how far the load is" },
	{ 0 },
};

static const struct example examples[] = {
	{ "make a store from a file", "orgdb load new.orgdb tenant.jsonl" },
	{ "leave out what orgdb does not know", "orgdb load --skip email_template filtered.orgdb tenant.jsonl" },
	{ "copy a store", "orgdb dump acme.orgdb | orgdb load copy.orgdb" },
	{ "a large file, beside other writers", "orgdb load --batch 10000 --upsert acme.orgdb tenant.jsonl" },
	{ 0 },
};

const struct command command_load = {
	.name = "load",
	.group = GROUP_WHOLE,
	.changes_store = true,
	.summary = "put JSON Lines into a store",
	.help =
		"Load the objects of FILE, or of standard input, into STORE, which is made if it is not there. It is one "
		"transaction, unless --batch says otherwise: if a line is refused, nothing is loaded, and a store that was "
		"not there is not left behind. (While a new store is being made it is in a "
		"folder STORE.new-..., to be removed by hand should the command be killed by SIGKILL.)\n"
		"Each line is one JSON object. Its \"kind\" says what it is: connection, application, "
		"application_connection, user, organization, role, discovery_domain, enabled_connection, organization_application, "
		"membership or email_template. Its other members are fields. An object comes before those that refer to it; only what an organization owns may come before "
		"the organization: it waits, in up to " WAITING_SIZE_MAX_WORDS
		" of memory. Fields that orgdb does not know are kept and "
		"given back. For a known field null is the same as absent. A membership may have \"roles\", an array of "
		"role ids; an empty one is the same as none. Blank lines do not count. An input without objects is "
		"refused. A line has at most " INPUT_LINE_MAX_WORDS ".\n"
		"With --upsert an entity is found by its id or, if none is given, by its unique name; an edge by its two ends. "
		"Unknown fields that are not given stay, too.\n"
		"What comes from a pipe is first copied to a temporary file, in $TMPDIR or /var/tmp; with --batch, one part "
		"after the other.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
