/*
 * Loading JSON Lines into a store, in one transaction or in one for every so many lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader.h"

#include <stdarg.h>
#include <string.h>

#include "signals.h"
#include "staging.h"

/* What ends a run besides the library's codes, which are negative. */
enum {
	RUN_REFUSED = 1, /* the input says no; `complaint` says why */
	RUN_NO_LINE,     /* the input gave no line; `input_result` says why */
	RUN_INTERRUPTED,
	RUN_NOTHING,       /* there is nothing to commit, or it is not to be committed */
	RUN_LACKS_OWNER,   /* of a line: its owner is not there */
	RUN_WAITING_FIRST, /* of a line: those that wait may go first now */
};

/* --- Complaints about the input ----------------------------------------------------------------------------------- */

#define ADVICE_ORDER "An object must come before the objects that refer to it."
#define ADVICE_LINE "Correct the line and load again."
#define ADVICE_KIND "'--skip KIND' leaves out the lines of a kind."

static int PRINTF_LIKE(3, 4) refuse(struct loader *loader, const char *advice, const char *format, ...)
{
	char *to = loader->complaint;
	size_t size = sizeof(loader->complaint);
	int used = snprintf(to, size, "%.512s", loader->input.name);
	if (loader->input.line > 0)
		used += snprintf(to + used, size - (size_t)used, ":%" PRIu64, loader->input.line);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(to + used, size - (size_t)used, format, arguments);
	va_end(arguments);
	loader->advice = advice;
	return RUN_REFUSED;
}

/* A library call refused an object, or the store failed. `field` is where in the object, unless the message says. */
static int refuse_code(struct loader *loader, int code, const char *field)
{
	const char *message = orgdb_last_error()->message;
	const char *between = *field ? ": " : "";
	switch (code) {
	case ORGDB_NOT_FOUND:
		return refuse(loader, ADVICE_ORDER, ": %s%s%s", field, between, message);
	case ORGDB_EXISTS:
		return refuse(loader, "Remove the line, let --upsert change what is there, or load into a new store.",
			": %s%s%s", field, between, message);
	case ORGDB_INVALID:
	case ORGDB_TOO_LARGE:
	case ORGDB_FORBIDDEN:
		return refuse(loader, ADVICE_LINE, ": %s%s%s", field, between, message);
	default:
		return code;
	}
}

/* --- One line ----------------------------------------------------------------------------------------------------- */

static bool is_skipped(struct loader *loader, const char *kind)
{
	for (struct skip *skip = loader->skips; skip->kind; skip++) {
		if (strcmp(skip->kind, kind) == 0) {
			skip->count++;
			loader->tally.skipped++;
			return true;
		}
	}
	return false;
}

static int refuse_kind(struct loader *loader, const char *kind)
{
	char names[256] = "";
	for (size_t i = 0, used = 0; i < ORGDB_KINDS && used < sizeof(names); i++)
		used += (size_t)snprintf(
			names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "", orgdb_schema_of(kinds_in_order[i])->name);
	return refuse(loader, ADVICE_KIND, ": unknown kind \"%.60s\"; expected one of %s", kind, names);
}

/* Does the organization lack that is to own the object? */
static bool lacks_owner(const orgdb_schema *schema, int code)
{
	const char *field = orgdb_last_error()->field;
	size_t size = strlen(schema->name);
	if (code != ORGDB_NOT_FOUND || strncmp(field, schema->name, size) != 0 || field[size] != '.')
		return false;
	for (size_t i = 0; i < schema->field_count; i++)
		if ((schema->fields[i].flags & ORGDB_FIELD_OWNER) && strcmp(field + size + 1, schema->fields[i].name) == 0)
			return true;
	return false;
}

static int apply(struct loader *loader, orgdb_txn *txn, uint32_t kind)
{
	struct application application = { .txn = txn, .reader = &loader->reader };
	int code = loader->upsert ? apply_upsert(&application) : apply_create(&application);
	if (lacks_owner(loader->reader.schema, code))
		return RUN_LACKS_OWNER;
	if (code != ORGDB_OK)
		return refuse_code(loader, code, application.field);
	loader->has_news |= kind == ORGDB_KIND_ORGANIZATION;
	if (application.outcome == OUTCOME_CREATED)
		loader->tally.created[kind]++;
	else
		loader->tally.updated[kind]++;
	loader->tally.objects++;
	return ORGDB_OK;
}

static int load_object(struct loader *loader, orgdb_txn *txn, json_t *json)
{
	char words[80];
	if (!json_is_object(json))
		return refuse(loader, ADVICE_LINE, ": expected an object, such as {\"kind\": \"user\", ...}, got %s",
			json_describe(json, words, sizeof(words)));
	const json_t *kind = json_object_get(json, "kind");
	if (!kind)
		return refuse(loader, ADVICE_LINE, ": kind: is missing; expected a member \"kind\", such as \"user\"");
	if (!json_is_text(kind))
		return refuse(loader, ADVICE_LINE, ": kind: expected a text, such as \"user\", got %s",
			json_describe(kind, words, sizeof(words)));

	if (is_skipped(loader, json_string_value(kind)))
		return ORGDB_OK;
	const orgdb_schema *schema = orgdb_schema_named(json_string_value(kind));
	if (!schema)
		return refuse_kind(loader, json_string_value(kind));
	if (loader->waiting.count > 0 && loader->has_news && schema->kind != ORGDB_KIND_ORGANIZATION)
		return RUN_WAITING_FIRST;
	if (!object_read(&loader->reader, schema, json))
		return refuse(loader, ADVICE_LINE, ": %s", loader->reader.problem);
	return apply(loader, txn, schema->kind);
}

static bool is_blank(const char *line, size_t size)
{
	return strspn(line, " \t\r") >= size;
}

static int load_line(struct loader *loader, orgdb_txn *txn, const char *line, size_t size)
{
	if (loader->input.line == 1 && size >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		return refuse(loader, "Save the file as UTF-8 without a byte order mark.",
			":1: the file begins with a byte order mark; expected a JSON object");
	if (is_blank(line, size))
		return ORGDB_OK;
	struct json_problem problem;
	json_t *json = json_parse(line, size, &problem);
	if (!json)
		return refuse(loader, ADVICE_LINE, ":%d: cannot read it as JSON: %s", problem.column, problem.message);
	return load_object(loader, txn, json);
}

/* --- Lines that come before their owners -------------------------------------------------------------------------- */

/* They are tried again when organizations have come and another kind follows, so before what refers to them, and at the
 * end. The line that is refused stays the input's. */
static int load_waiting(struct loader *loader, orgdb_txn *txn)
{
	uint64_t number = loader->input.line;
	loader->has_news = false;
	for (size_t i = 0; i < loader->waiting.count; i++) {
		struct waiting_line *line = &loader->waiting.lines[i];
		if (line->loaded)
			continue;
		loader->input.line = line->number;
		int code = load_line(loader, txn, line->text, line->size);
		line->loaded = code == ORGDB_OK;
		if (code != ORGDB_OK && code != RUN_LACKS_OWNER)
			return code;
	}
	loader->input.line = number;
	return ORGDB_OK;
}

/* For the last time. */
static int finish_waiting(struct loader *loader, orgdb_txn *txn)
{
	int code = load_waiting(loader, txn);
	const struct waiting_line *first = waiting_first(&loader->waiting);
	if (code != ORGDB_OK || !first)
		return code;
	/* What is wrong with the first has to be found out once more, for the last error is the last one's. */
	loader->input.line = first->number;
	load_line(loader, txn, first->text, first->size);
	return refuse_code(loader, ORGDB_NOT_FOUND, "");
}

static int let_wait(struct loader *loader, const char *line, size_t size)
{
	if (waiting_is_full(&loader->waiting, size))
		return refuse(loader, ADVICE_ORDER, ": more than " WAITING_SIZE_MAX_WORDS " of lines come before their owners");
	return waiting_add(&loader->waiting, loader->input.line, line, size) ? ORGDB_OK : ORGDB_NO_MEMORY;
}

static int load_next(struct loader *loader, orgdb_txn *txn, const char *line, size_t size)
{
	int code = load_line(loader, txn, line, size);
	if (code == RUN_WAITING_FIRST) {
		code = load_waiting(loader, txn);
		if (code == ORGDB_OK)
			code = load_line(loader, txn, line, size);
	}
	return code == RUN_LACKS_OWNER ? let_wait(loader, line, size) : code;
}

/* --- One transaction ---------------------------------------------------------------------------------------------- */

static void show_progress(struct loader *loader)
{
	char words[PROGRESS_WORDS];
	const struct input *input = &loader->input;
	double rate = (double)loader->tally.objects / progress_seconds(&loader->progress);
	bool is_whole_known = input->pipe < 0 || loader->batch == UINT64_MAX;
	progress_show("loading: %" PRIu64 " objects, %.0f/s%s%s", loader->tally.objects, rate, is_whole_known ? ", " : "",
		is_whole_known ? progress_left(&loader->progress, input->done, input->size, words) : "");
}

static void begin_run(struct loader *loader)
{
	loader->tally = loader->committed;
	loader->complaint[0] = '\0';
	loader->has_news = false;
	waiting_rewind(&loader->waiting);
	for (struct skip *skip = loader->skips; skip->kind; skip++)
		skip->count = skip->committed;
}

static int run_lines(orgdb_txn *txn, void *context)
{
	struct loader *loader = context;
	const char *line;
	size_t size;
	signals_hold();
	begin_run(loader);
	loader->input_result = input_rewind(&loader->input);
	if (loader->input_result != INPUT_LINE)
		return RUN_NO_LINE;
	while ((loader->input_result = input_next(&loader->input, &line, &size)) == INPUT_LINE) {
		int code = load_next(loader, txn, line, size);
		if (code != ORGDB_OK)
			return code;
		if (interrupted())
			return RUN_INTERRUPTED;
		if (progress_due(&loader->progress))
			show_progress(loader);
	}
	if (loader->input_result != INPUT_END)
		return RUN_NO_LINE;
	int code = ORGDB_OK;
	if (loader->batch == UINT64_MAX)
		code = finish_waiting(loader, txn);
	else if (loader->has_news) /* A later part may bring what others wait for. */
		code = load_waiting(loader, txn);
	if (code != ORGDB_OK)
		return code;
	bool is_empty =
		loader->tally.objects == loader->committed.objects && loader->tally.skipped == loader->committed.skipped;
	return is_empty || loader->dry_run ? RUN_NOTHING : ORGDB_OK;
}

static void keep_run(struct loader *loader)
{
	loader->committed = loader->tally;
	loader->committed_line = loader->input.line;
	waiting_commit(&loader->waiting);
	for (struct skip *skip = loader->skips; skip->kind; skip++)
		skip->committed = skip->count;
}

/* Say why the transaction did not end well. */
static int report(struct loader *loader, int code)
{
	progress_end();
	switch (code) {
	case RUN_REFUSED:
		complain("%s", loader->complaint);
		advise("%s", loader->advice);
		return STATUS_REFUSED;
	case RUN_NO_LINE:
		return input_failed(&loader->input, loader->input_result);
	case RUN_INTERRUPTED:
		complain("interrupted");
		return STATUS_FAILED;
	default:
		return store_failed_as(code, loader->opened, loader->store);
	}
}

/* Load the part of the input that is held. `*committed` says whether there was something to commit. */
static int run_transaction(struct loader *loader, orgdb *db, bool *committed)
{
	int code = orgdb_write(db, run_lines, loader);
	*committed = code == ORGDB_OK;
	if (code != ORGDB_OK && code != RUN_NOTHING)
		return report(loader, code);
	keep_run(loader);
	return STATUS_OK;
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

/* The first transaction makes the store; before that there is none. */
static int load_into_new(struct loader *loader)
{
	struct staging staging;
	bool committed = false;
	int status = staging_begin(&staging, loader->store);
	if (status == STATUS_OK) {
		orgdb *db;
		loader->opened = staging.store;
		int code = orgdb_open(staging.store, NULL, &db);
		status = code == ORGDB_OK ? run_transaction(loader, db, &committed)
								  : store_failed_as(code, loader->opened, loader->store);
		if (code == ORGDB_OK)
			orgdb_close(db);
	}
	if (status == STATUS_OK && committed)
		status = staging_publish(&staging);
	if (status != STATUS_OK) {
		loader->committed_line = 0;
		if (interrupted())
			advise("Nothing was loaded.");
	}
	staging_end(&staging);
	return status;
}

static int load_part(struct loader *loader, orgdb **db)
{
	bool committed;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.must_exist = true;
	loader->input_result = input_hold(&loader->input, loader->batch);
	if (loader->input_result != INPUT_LINE)
		return report(loader, RUN_NO_LINE);
	int code = *db ? ORGDB_OK : orgdb_open(loader->store, &options, db);
	if (code == ORGDB_NO_STORE)
		return load_into_new(loader);
	if (code != ORGDB_OK)
		return store_failed(code, loader->store);
	loader->opened = loader->store;
	return run_transaction(loader, *db, &committed);
}

/* Pass by the lines in front of the first one wanted, in parts that a temporary file has room for. */
static int pass_by(struct loader *loader)
{
	enum { PART = 100000 };
	const char *line;
	size_t size;
	enum input_result result = INPUT_LINE;
	while (result == INPUT_LINE && loader->input.line + 1 < loader->from_line && input_has_more(&loader->input)) {
		uint64_t left = loader->from_line - 1 - loader->input.line;
		result = input_hold(&loader->input, left < PART ? left : PART);
		if (result == INPUT_LINE)
			result = input_rewind(&loader->input);
		while (result == INPUT_LINE)
			result = input_next(&loader->input, &line, &size);
		if (result == INPUT_END)
			result = INPUT_LINE;
	}
	loader->committed.before = loader->input.line;
	return result == INPUT_LINE ? STATUS_OK : input_failed(&loader->input, result);
}

static int refuse_empty(struct loader *loader)
{
	loader->input.line = 0;
	if (loader->from_line > 1)
		refuse(loader, "Check that this is the right file and line.", ": there are no objects from line %" PRIu64 " on",
			loader->from_line);
	else
		refuse(loader, "Check that this is the right file.",
			": the input is empty; expected JSON Lines, one object on each line");
	return report(loader, RUN_REFUSED);
}

/* What still waits behind the last part: a transaction of its own, which says what is wrong if it does not get what it waits
 * for. */
static int load_last(struct loader *loader, orgdb **db)
{
	loader->batch = UINT64_MAX;
	return load_part(loader, db);
}

static int load_parts(struct loader *loader)
{
	orgdb *db = NULL;
	int status = pass_by(loader);
	bool more = status == STATUS_OK;
	while (more) {
		status = interrupted() ? report(loader, RUN_INTERRUPTED) : load_part(loader, &db);
		more = status == STATUS_OK && input_has_more(&loader->input);
	}
	if (status == STATUS_OK && loader->waiting.count > 0)
		status = load_last(loader, &db);
	if (status == STATUS_OK && loader->committed.objects + loader->committed.skipped == 0)
		status = refuse_empty(loader);
	orgdb_close(db);
	return status;
}

int loader_run(struct loader *loader)
{
	object_reader_begin(&loader->reader);
	progress_begin(&loader->progress);
	int status = load_parts(loader);
	progress_end();
	object_reader_end(&loader->reader);
	json_end();
	return status;
}
