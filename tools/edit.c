/*
 * What the commands that change a few things share: one transaction, and objects from the command line.
 *
 * SPDX-License-Identifier: MIT
 */
#include "edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "signals.h"
#include "walk.h"

/* --- One transaction ---------------------------------------------------------------------------------------------- */

enum { CHANGE_INTERRUPTED = INT32_MAX };

struct change {
	orgdb_write_fn *run;
	void *context;
};

static int run_change(orgdb_txn *txn, void *context)
{
	const struct change *change = context;
	signals_hold();
	int code = change->run(txn, change->context);
	return code == ORGDB_OK && interrupted() ? CHANGE_INTERRUPTED : code;
}

int edit_store(const char *path, orgdb_write_fn *change, void *context, orgdb **db)
{
	struct change wrapped = { change, context };
	int status = open_store(path, false, db);
	if (status != STATUS_OK) {
		*db = NULL;
		return status;
	}
	int code = orgdb_write(*db, run_change, &wrapped);
	if (code > 0 && interrupted()) {
		complain("interrupted; nothing was changed");
		return STATUS_FAILED;
	}
	if (!interrupted()) /* else it is done, and will be said before the process ends */
		signals_release();
	if (code > 0)
		return EDIT_DROPPED;
	return code == ORGDB_OK ? STATUS_OK : store_failed(code, path);
}

/* --- Objects from operands ---------------------------------------------------------------------------------------- */

static const orgdb_field *field_named(const orgdb_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (strcmp(schema->fields[i].name, name) == 0)
			return &schema->fields[i];
	return NULL;
}

/* Is VALUE of FIELD=VALUE to be read as JSON? What is neither true nor false is left for the schema to complain of. */
static bool is_json(const orgdb_field *field, const char *value)
{
	if (!field || field->type == ORGDB_TYPE_TEXT || field->type == ORGDB_TYPE_CHOICE)
		return false;
	return field->type != ORGDB_TYPE_BOOL || strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

/* Write the member that an operand gives. */
static int write_member(
	struct json_writer *writer, const orgdb_schema *schema, const struct command *command, const char *operand)
{
	struct id name;
	const char *equals = strchr(operand, '=');
	bool any = equals && equals > operand && equals[-1] == ':';
	size_t size = equals ? (size_t)(equals - operand) - any : 0;
	if (size == 0 || size >= sizeof(name.text))
		misused(command, "expected FIELD=VALUE, FIELD:=JSON, {...}, @FILE or -, got '%s'", operand);
	id_of((orgdb_str){ operand, size }, &name);
	const char *value = equals + 1;
	if (!any && !is_json(field_named(schema, name.text), value)) {
		json_write_text(writer, name.text, orgdb_string(value));
		return STATUS_OK;
	}
	struct json_problem problem;
	if (!json_parse(value, strlen(value), &problem)) {
		complain("%s.%s: cannot read it as JSON: %d: %s", schema->name, name.text, problem.column, problem.message);
		return STATUS_REFUSED;
	}
	json_write_key(writer, name.text, size);
	fputs(value, writer->file);
	return STATUS_OK;
}

static int write_members(FILE *to, const orgdb_schema *schema, const struct arguments *arguments, size_t first)
{
	struct json_writer writer = { .file = to };
	int status = STATUS_OK;
	json_begin_object(&writer);
	for (size_t i = first; status == STATUS_OK && i < arguments->operand_count; i++)
		status = write_member(&writer, schema, arguments->command, arguments->operands[i]);
	json_end_object(&writer);
	return status;
}

/* Copy a file, or standard input for "-". One that is too long to be an object is cut off, and so is none. */
static int copy_file(FILE *to, const char *path)
{
	char part[4096];
	size_t got, size = 0;
	bool standard = strcmp(path, "-") == 0;
	FILE *from = standard ? stdin : fopen(path, "r");
	while (from && size <= INPUT_LINE_MAX && (got = fread(part, 1, sizeof(part), from)) > 0)
		size += fwrite(part, 1, got, to);
	bool failed = !from || ferror(from);
	if (failed)
		complain("%s: cannot read it: %s", standard ? "standard input" : path, strerror(errno));
	if (from && !standard)
		fclose(from);
	return failed ? STATUS_FAILED : STATUS_OK;
}

static int write_object(FILE *to, const orgdb_schema *schema, const struct arguments *arguments, size_t first)
{
	const char *operand = arguments->operands[first];
	bool is_file = operand && (operand[0] == '@' || strcmp(operand, "-") == 0);
	if (!operand || (!is_file && operand[0] != '{'))
		return write_members(to, schema, arguments, first);
	if (arguments->operand_count > first + 1)
		misused(arguments->command, "there is no use for '%s'; an object was given as a whole",
			arguments->operands[first + 1]);
	if (is_file)
		return copy_file(to, operand + (operand[0] == '@'));
	fputs(operand, to);
	return STATUS_OK;
}

/* An edge's two ids are operands of their own. */
static const char *add_ends(struct given_object *object, json_t *json)
{
	for (size_t i = 0; object->ends && i < 2; i++) {
		const char *name = object->schema->fields[i].name;
		if (json_object_get(json, name))
			return name;
		json_object_set_new(json, name, json_string(object->ends[i]));
	}
	return NULL;
}

/* Read the text; what is wrong with it goes to `problem`. */
static bool read_text(struct given_object *object, char *problem, size_t size)
{
	struct json_problem json_problem;
	char words[80];
	json_t *json = json_parse(object->text, object->size, &json_problem);
	const json_t *kind = json_object_get(json, "kind");
	const char *twice = NULL;
	if (!json)
		snprintf(problem, size, "cannot read it as JSON: %d: %s", json_problem.column, json_problem.message);
	else if (!json_is_object(json))
		snprintf(problem, size, "expected an object, got %s", json_describe(json, words, sizeof(words)));
	else if (kind && (!json_is_text(kind) || strcmp(json_string_value(kind), object->schema->name) != 0))
		snprintf(problem, size, "kind: expected \"%s\", got %s", object->schema->name,
			json_describe(kind, words, sizeof(words)));
	else if ((twice = add_ends(object, json)))
		snprintf(problem, size, "%s: is an operand of its own", twice);
	else if (!object_read(&object->reader, object->schema, json))
		snprintf(problem, size, "%s", object->reader.problem);
	else
		return true;
	return false;
}

int given_object_begin(struct given_object *object, const struct arguments *arguments, size_t first)
{
	char problem[sizeof(object->reader.problem)];
	object_reader_begin(&object->reader);
	FILE *to = open_memstream(&object->text, &object->size);
	int status = to ? write_object(to, object->schema, arguments, first) : STATUS_FAILED;
	if (!to || fclose(to) != 0) {
		complain("%s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	if (status == STATUS_OK && !read_text(object, problem, sizeof(problem))) {
		complain("%s", problem);
		advise("'orgdb %s --help' says how an object is given. Nothing was changed.", arguments->command->name);
		status = STATUS_REFUSED;
	}
	return status;
}

void given_object_rewind(struct given_object *object)
{
	char problem[sizeof(object->reader.problem)];
	read_text(object, problem, sizeof(problem));
}

void given_object_end(struct given_object *object)
{
	object_reader_end(&object->reader);
	free(object->text);
	json_end();
}

/* --- Saying what was done ----------------------------------------------------------------------------------------- */

static void print_ids(const struct edited *edited)
{
	printf("%s %s ", edited->verb, orgdb_schema_of(edited->kind)->name);
	print_text(stdout, edited->ids[0].text, strlen(edited->ids[0].text));
	if (edited->kind >= ORGDB_ENTITY_KINDS) {
		putchar(' ');
		print_text(stdout, edited->ids[1].text, strlen(edited->ids[1].text));
	}
	putchar('\n');
}

static int print_object(orgdb_txn *txn, const struct edited *edited)
{
	union any_kind object;
	struct output output;
	int code = find_object(txn, edited->kind, edited->ids[0].text, edited->ids[1].text, &object);
	if (code != ORGDB_OK || !output_begin(&output, txn))
		return code != ORGDB_OK ? code : ORGDB_NO_MEMORY;
	output.writer.secrets = edited->secrets;
	code = output_object(&output, edited->kind, &object);
	output_end(&output);
	return code == WALK_STOPPED ? ORGDB_OK : code;
}

int print_edited(orgdb *db, const struct arguments *arguments, const struct edited *edited, bool as_json)
{
	orgdb_txn *txn;
	if (!as_json) {
		print_ids(edited);
		return STATUS_OK;
	}
	int code = orgdb_begin_read(db, &txn);
	if (code == ORGDB_OK) {
		code = print_object(txn, edited);
		orgdb_end(txn);
	}
	return code == ORGDB_OK ? STATUS_OK : store_failed(code, arguments->operands[0]);
}
