/*
 * orgdb load: JSON Lines into a store, all or nothing.
 *
 * Everything is one transaction. It may run more than once (the map grows), so each run begins with a rewound input and
 * fresh counts, and what a run has to say about the input is kept until the last run is over.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "input.h"
#include "object.h"
#include "signals.h"
#include "staging.h"

/* What ends a run besides the library's codes, which are negative. */
enum {
	RUN_REFUSED = 1, /* the input says no; `complaint` says why */
	RUN_NO_LINE,     /* the input gave no line; `input_result` says why */
	RUN_INTERRUPTED,
};

struct skip {
	const char *kind;
	uint64_t count;
};

struct load {
	struct input input;
	const char *store;
	const char *opened; /* the path where it is being made, or `store` */
	struct skip *skips; /* ended by one without a kind */
	struct object_reader reader;
	struct progress progress;

	/* Of the run that is under way or was the last. */
	uint64_t counts[ORGDB_KINDS];
	uint64_t loaded;
	enum input_result input_result;
	char complaint[1024];
	const char *advice;
};

/* --- Complaints about the input ----------------------------------------------------------------------------------- */

#define ADVICE_LINE "Nothing was loaded. Correct the line and load again."
#define ADVICE_KIND "Nothing was loaded. '--skip KIND' leaves out the lines of a kind."

static int PRINTF_LIKE(3, 4) refuse(struct load *load, const char *advice, const char *format, ...)
{
	int used = snprintf(load->complaint, sizeof(load->complaint), "%.512s", load->input.name);
	if (load->input.line > 0)
		used += snprintf(load->complaint + used, sizeof(load->complaint) - (size_t)used, ":%" PRIu64, load->input.line);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(load->complaint + used, sizeof(load->complaint) - (size_t)used, format, arguments);
	va_end(arguments);
	load->advice = advice;
	return RUN_REFUSED;
}

/* A library call refused an object, or the store failed. `field` is where in the object, unless the message says. */
static int refuse_code(struct load *load, int code, const char *field)
{
	const char *message = orgdb_last_error()->message;
	const char *between = field ? ": " : "";
	field = field ? field : "";
	switch (code) {
	case ORGDB_NOT_FOUND:
		return refuse(load, "Nothing was loaded. An object must come before the objects that refer to it.", ": %s%s%s",
			field, between, message);
	case ORGDB_EXISTS:
		return refuse(load, "Nothing was loaded. Remove the line, or load into a new store.", ": %s%s%s", field,
			between, message);
	case ORGDB_INVALID:
	case ORGDB_TOO_LARGE:
	case ORGDB_FORBIDDEN:
		return refuse(load, ADVICE_LINE, ": %s%s%s", field, between, message);
	default:
		return code;
	}
}

/* --- One line ----------------------------------------------------------------------------------------------------- */

static int give_roles(struct load *load, orgdb_txn *txn, const orgdb_membership *membership)
{
	for (size_t i = 0; load->reader.roles && i < json_array_size(load->reader.roles); i++) {
		const char *role = json_string_value(json_array_get(load->reader.roles, i));
		int code = orgdb_member_role_assign(txn, membership->organization_id.data, membership->user_id.data, role);
		if (code != ORGDB_OK) {
			char field[64];
			snprintf(field, sizeof(field), "membership.roles[%zu]", i);
			return refuse_code(load, code, field);
		}
	}
	return ORGDB_OK;
}

/* Texts that were read are NUL-terminated, so they can serve as ids. */
static int create(struct load *load, orgdb_txn *txn)
{
	const union any_kind *entity = &load->reader.entity;
	const orgdb_application_connection *offer = &entity->application_connection;
	const orgdb_enabled_connection *enabled = &entity->enabled_connection;
	const orgdb_membership *membership = &entity->membership;
	uint32_t kind = load->reader.schema->kind;
	int code;
	switch (kind) {
	case ORGDB_KIND_APPLICATION_CONNECTION:
		code = orgdb_application_connection_enable(txn, offer->client_id.data, offer->connection_id.data, offer);
		break;
	case ORGDB_KIND_ENABLED_CONNECTION:
		code =
			orgdb_enabled_connection_create(txn, enabled->organization_id.data, enabled->connection_id.data, enabled);
		break;
	case ORGDB_KIND_MEMBERSHIP:
		code = orgdb_membership_add(txn, membership->organization_id.data, membership->user_id.data, membership);
		if (code == ORGDB_OK)
			return give_roles(load, txn, membership);
		break;
	default:
		code = orgdb_entity_create(txn, kind, entity, NULL);
	}
	return code == ORGDB_OK ? ORGDB_OK : refuse_code(load, code, NULL);
}

static bool is_skipped(struct load *load, const char *kind)
{
	for (struct skip *skip = load->skips; skip->kind; skip++) {
		if (strcmp(skip->kind, kind) == 0) {
			skip->count++;
			return true;
		}
	}
	return false;
}

static int refuse_kind(struct load *load, const char *kind)
{
	char names[256] = "";
	for (size_t i = 0, used = 0; i < ORGDB_KINDS && used < sizeof(names); i++)
		used += (size_t)snprintf(
			names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "", orgdb_schema_of(kinds_in_order[i])->name);
	return refuse(load, ADVICE_KIND, ": unknown kind \"%.60s\"; expected one of %s", kind, names);
}

static int load_object(struct load *load, orgdb_txn *txn, json_t *json)
{
	char words[80];
	if (!json_is_object(json))
		return refuse(load, ADVICE_LINE, ": expected an object, such as {\"kind\": \"user\", ...}, got %s",
			json_describe(json, words, sizeof(words)));
	const json_t *kind = json_object_get(json, "kind");
	if (!kind)
		return refuse(load, ADVICE_LINE, ": kind: is missing; expected a member \"kind\", such as \"user\"");
	if (!json_is_text(kind))
		return refuse(load, ADVICE_LINE, ": kind: expected a text, such as \"user\", got %s",
			json_describe(kind, words, sizeof(words)));

	if (is_skipped(load, json_string_value(kind)))
		return ORGDB_OK;
	const orgdb_schema *schema = orgdb_schema_named(json_string_value(kind));
	if (!schema)
		return refuse_kind(load, json_string_value(kind));
	if (!object_read(&load->reader, schema, json))
		return refuse(load, ADVICE_LINE, ": %s", load->reader.problem);
	int code = create(load, txn);
	if (code == ORGDB_OK) {
		load->counts[schema->kind]++;
		load->loaded++;
	}
	return code;
}

static bool is_blank(const char *line, size_t size)
{
	return strspn(line, " \t\r") >= size;
}

static int load_line(struct load *load, orgdb_txn *txn, const char *line, size_t size)
{
	if (load->input.line == 1 && size >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		return refuse(load, "Nothing was loaded. Save the file as UTF-8 without a byte order mark.",
			":1: the file begins with a byte order mark; expected a JSON object");
	if (is_blank(line, size))
		return ORGDB_OK;
	struct json_problem problem;
	json_t *json = json_parse(line, size, &problem);
	if (!json)
		return refuse(load, ADVICE_LINE, ":%d: cannot read it as JSON: %s", problem.column, problem.message);
	return load_object(load, txn, json);
}

/* --- One run ------------------------------------------------------------------------------------------------------ */

static void show_progress(struct load *load)
{
	char words[PROGRESS_WORDS];
	double rate = (double)load->loaded / progress_seconds(&load->progress);
	progress_show("loading: %" PRIu64 " objects, %.0f/s, %s", load->loaded, rate,
		progress_left(&load->progress, load->input.done, load->input.size, words));
}

static bool is_empty(const struct load *load)
{
	uint64_t objects = load->loaded;
	for (const struct skip *skip = load->skips; skip->kind; skip++)
		objects += skip->count;
	return objects == 0;
}

static void begin_run(struct load *load)
{
	memset(load->counts, 0, sizeof(load->counts));
	load->loaded = 0;
	load->complaint[0] = '\0';
	for (struct skip *skip = load->skips; skip->kind; skip++)
		skip->count = 0;
}

static int run_load(orgdb_txn *txn, void *context)
{
	struct load *load = context;
	signals_hold();
	begin_run(load);
	load->input_result = input_rewind(&load->input);
	if (load->input_result != INPUT_LINE)
		return RUN_NO_LINE;
	const char *line;
	size_t size;
	while ((load->input_result = input_next(&load->input, &line, &size)) == INPUT_LINE) {
		int code = load_line(load, txn, line, size);
		if (code != ORGDB_OK)
			return code;
		if (interrupted())
			return RUN_INTERRUPTED;
		if (progress_due(&load->progress))
			show_progress(load);
	}
	if (load->input_result != INPUT_END)
		return RUN_NO_LINE;
	if (is_empty(load)) {
		load->input.line = 0;
		return refuse(load, "Nothing was loaded. Check that this is the right file.",
			": the input is empty; expected JSON Lines, one object on each line");
	}
	return ORGDB_OK;
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

/* Closes the store too. */
static int run_transaction(struct load *load, orgdb *db)
{
	progress_begin(&load->progress);
	int code = orgdb_write(db, run_load, load);
	orgdb_close(db);
	progress_end();
	switch (code) {
	case ORGDB_OK:
		return STATUS_OK;
	case RUN_REFUSED:
		complain("%s", load->complaint);
		advise("%s", load->advice);
		return STATUS_REFUSED;
	case RUN_NO_LINE:
		return input_failed(&load->input, load->input_result);
	case RUN_INTERRUPTED:
		complain("interrupted; nothing was loaded");
		return STATUS_FAILED;
	default:
		return store_failed_as(code, load->opened, load->store);
	}
}

static int load_into_new(struct load *load)
{
	struct staging staging;
	int status = staging_begin(&staging, load->store);
	if (status == STATUS_OK) {
		orgdb *db;
		load->opened = staging.store;
		int code = orgdb_open(staging.store, NULL, &db);
		status = code == ORGDB_OK ? run_transaction(load, db) : store_failed_as(code, load->opened, load->store);
	}
	if (status == STATUS_OK)
		status = staging_publish(&staging);
	staging_end(&staging);
	return status;
}

static int load_into_existing(struct load *load, orgdb *db)
{
	load->opened = load->store;
	int status = run_transaction(load, db);
	signals_release();
	return status;
}

static int load_into_store(struct load *load)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.must_exist = true;
	orgdb *db;
	int code = orgdb_open(load->store, &options, &db);
	if (code == ORGDB_NO_STORE)
		return load_into_new(load);
	return code == ORGDB_OK ? load_into_existing(load, db) : store_failed(code, load->store);
}

static void print_counts(const struct load *load)
{
	for (size_t i = 0; i < ORGDB_KINDS; i++)
		printf("%-24s %10" PRIu64 "\n", orgdb_schema_of(kinds_in_order[i])->name, load->counts[kinds_in_order[i]]);
	printf("%-24s %10" PRIu64 "\n", "total", load->loaded);
	for (const struct skip *skip = load->skips; skip->kind; skip++)
		printf("%-24s %10" PRIu64 "  skipped\n", skip->kind, skip->count);
}

enum { OPTION_SKIP };

/* The kinds to leave out; NULL if there is no memory. */
static struct skip *skips_of(const struct arguments *arguments)
{
	struct skip *skips = calloc(arguments->given_count + 1, sizeof(*skips));
	size_t at = 0;
	for (size_t i = 0; skips && (skips[i].kind = option_next(arguments, OPTION_SKIP, &at)); i++)
		continue;
	return skips;
}

static int run(const struct arguments *arguments)
{
	struct load load = { .store = arguments->operands[0], .skips = skips_of(arguments) };
	if (!load.skips) {
		complain("%s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	int status = input_open(&load.input, arguments->operand_count > 1 ? arguments->operands[1] : "-");
	if (status == STATUS_OK) {
		object_reader_begin(&load.reader);
		status = load_into_store(&load);
		object_reader_end(&load.reader);
		json_end();
	}
	input_close(&load.input);
	if (status == STATUS_OK)
		print_counts(&load);
	free(load.skips);
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store; it is made if it is not there" },
	{ .name = "FILE", .type = VALUE_FILE, .help = "JSON Lines; standard input if - or left out", .optional = true },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_SKIP] = {
		.name = "skip",
		.value = "KIND",
		.type = VALUE_ANY_KIND,
		.help = "leave out the lines of this kind and say how many there were; may be given more than once",
		.repeatable = true,
	},
	{ 0 },
};

static const struct example examples[] = {
	{ "make a store from a file", "orgdb load new.orgdb tenant.jsonl" },
	{ "leave out what orgdb does not know", "orgdb load --skip email_template filtered.orgdb tenant.jsonl" },
	{ "copy a store", "orgdb dump acme.orgdb | orgdb load copy.orgdb" },
	{ 0 },
};

const struct command command_load = {
	.name = "load",
	.group = GROUP_WHOLE,
	.changes_store = true,
	.summary = "put JSON Lines into a store, all or nothing",
	.help = "Load the objects of FILE, or of standard input, into STORE, which is made if it is not there. It is one "
			"transaction: if a line is refused, nothing is loaded, and a store that was not there is not left behind. "
			"(While a new store is being made it is in a folder STORE.load-..., to be removed by hand should the "
			"command be killed by SIGKILL.)\n"
			"Each line is one JSON object. Its \"kind\" says what it is: connection, application, "
			"application_connection, role, user, organization, enabled_connection or membership. Its other members "
			"are fields. An object comes before those that refer to it. Fields that orgdb does not know are kept and "
			"given back. For a known field null is the same as absent. A membership may have \"roles\", an array of "
			"role ids; an empty one is the same as none. Blank lines do not count. An input without objects is "
			"refused. A line has at most " INPUT_LINE_MAX_WORDS ".\n"
			"What comes from a pipe is first copied to a temporary file, in $TMPDIR or /var/tmp.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
