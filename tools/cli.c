/*
 * What the commands share: messages, output, stores.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- Messages ----------------------------------------------------------------------------------------------------- */

void print_text(FILE *file, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)data[i];
		unsigned char next = i + 1 < size ? (unsigned char)data[i + 1] : 0;
		if (byte < 0x20 || byte == 0x7f) {
			fprintf(file, "\\x%02x", byte);
		} else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) { /* U+0080..U+009F, control characters too */
			fprintf(file, "\\x%02x", next);
			i++;
		} else {
			putc(byte, file);
		}
	}
}

static void PRINTF_LIKE(1, 0) print_message(const char *format, va_list arguments)
{
	char message[8192];
	vsnprintf(message, sizeof(message), format, arguments);
	print_text(stderr, message, strlen(message));
	putc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list arguments;
	progress_end();
	fprintf(stderr, "%sorgdb:%s ", style(stderr, STYLE_BAD), style(stderr, STYLE_NONE));
	va_start(arguments, format);
	print_message(format, arguments);
	va_end(arguments);
}

void advise(const char *format, ...)
{
	va_list arguments;
	progress_end();
	fputs("  ", stderr);
	va_start(arguments, format);
	print_message(format, arguments);
	va_end(arguments);
}

/* --- Output ------------------------------------------------------------------------------------------------------- */

static int output_error; /* the first errno */

bool output_failed(void)
{
	if (ferror(stdout) && output_error == 0)
		output_error = errno;
	return output_error != 0;
}

int finish_output(int status, bool store_changed)
{
	if (!output_failed() && fclose(stdout) != 0)
		output_error = errno;
	if (output_error == 0)
		return status;
	if (output_error == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	complain("cannot write to standard output: %s", strerror(output_error));
	if (status == STATUS_OK && store_changed)
		advise("The store was changed all the same.");
	return STATUS_FAILED;
}

/* --- Stores ------------------------------------------------------------------------------------------------------- */

static const char *advice(int code)
{
	switch (code) {
	case ORGDB_NO_STORE:
		return "Check the path. 'orgdb load STORE FILE' makes a store.";
	case ORGDB_NOT_A_STORE:
		return "Check the path. Nothing was changed.";
	case ORGDB_VERSION_MISMATCH:
		return "Use that version of orgdb. Nothing was changed.";
	case ORGDB_CORRUPT:
		return "Keep the damaged file as it is; 'orgdb check' says what is wrong with it, and what to do.";
	case ORGDB_PERMISSION:
	case ORGDB_READ_ONLY:
		return "Run as a user who may read and write the store, its lock file and their folder.";
	case ORGDB_DISK_FULL:
		return "Make room on the device and run the command again.";
	case ORGDB_READERS_FULL:
	case ORGDB_BUSY:
		return "Run the command again when other programs have let go of the store.";
	case ORGDB_NO_MEMORY:
		return "Give the command more memory ('ulimit -v').";
	default:
		return NULL;
	}
}

static int status_of(int code)
{
	switch (code) {
	case ORGDB_NOT_FOUND:
	case ORGDB_EXISTS:
	case ORGDB_INVALID:
	case ORGDB_TOO_LARGE:
	case ORGDB_FORBIDDEN:
	case ORGDB_CORRUPT:
		return STATUS_REFUSED;
	default:
		return STATUS_FAILED;
	}
}

/* The library's messages about a file begin with its path, as it sees it. Text behind that, or all of it. */
static const char *without_path(const char *message, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *colon = strstr(message, ": ");
	size_t size = strlen(name);
	bool begins_with_path = colon && (size_t)(colon - message) >= size && memcmp(colon - size, name, size) == 0;
	return begins_with_path ? colon + 2 : message;
}

int store_failed_as(int code, const char *opened, const char *shown)
{
	const orgdb_error_info *last = orgdb_last_error();
	complain("%s: %s", shown, last->code == code ? without_path(last->message, opened) : orgdb_strerror(code));
	if (advice(code))
		advise("%s", advice(code));
	return status_of(code);
}

int store_failed(int code, const char *path)
{
	return store_failed_as(code, path, path);
}

static int open_with(const char *path, const orgdb_options *options, orgdb **out)
{
	int code = orgdb_open(path, options, out);
	return code == ORGDB_OK ? STATUS_OK : store_failed(code, path);
}

int open_store(const char *path, bool read_only, orgdb **out)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = read_only;
	options.must_exist = true;
	return open_with(path, &options, out);
}

int open_snapshot_with(const char *path, const orgdb_options *options, orgdb **db, orgdb_txn **txn)
{
	int status = open_with(path, options, db);
	if (status != STATUS_OK)
		return status;
	int code = orgdb_begin_read(*db, txn);
	if (code == ORGDB_OK)
		return STATUS_OK;
	orgdb_close(*db);
	return store_failed(code, path);
}

int open_snapshot(const char *path, orgdb **db, orgdb_txn **txn)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = true;
	return open_snapshot_with(path, &options, db, txn);
}

int find_organization(orgdb_txn *txn, const char *id_or_name, orgdb_organization *out)
{
	bool is_id = strncmp(id_or_name, "org_", 4) == 0;
	return is_id ? orgdb_organization_get(txn, id_or_name, out) : orgdb_organization_get_by_name(txn, id_or_name, out);
}

int find_id(orgdb_txn *txn, uint32_t kind, const char *id_or_name, struct id *id)
{
	orgdb_organization organization;
	orgdb_connection connection;
	orgdb_role role;
	orgdb_str found = orgdb_string(id_or_name);
	int code = ORGDB_OK;
	if (kind == ORGDB_KIND_ORGANIZATION) {
		code = find_organization(txn, id_or_name, &organization);
		found = organization.id;
	} else if (kind == ORGDB_KIND_CONNECTION && strncmp(id_or_name, "con_", 4) != 0) {
		code = orgdb_connection_get_by_name(txn, id_or_name, &connection);
		found = connection.id;
	} else if (kind == ORGDB_KIND_ROLE && strncmp(id_or_name, "rol_", 4) != 0) {
		code = orgdb_role_get_by_name(txn, id_or_name, &role);
		found = role.id;
	}
	if (code == ORGDB_OK)
		id_of(found, id);
	return code;
}

int find_role(orgdb_txn *txn, const char *organization_id, const char *id_or_name, struct id *id)
{
	orgdb_role role;
	bool named = organization_id && strncmp(id_or_name, "rol_", 4) != 0;
	int code = named ? orgdb_organization_role_get_by_name(txn, organization_id, id_or_name, &role) : ORGDB_NOT_FOUND;
	if (code == ORGDB_OK)
		id_of(role.id, id);
	return code == ORGDB_NOT_FOUND ? find_id(txn, ORGDB_KIND_ROLE, id_or_name, id) : code;
}

const char *id_of(orgdb_str view, struct id *copy)
{
	size_t size = view.size < sizeof(copy->text) ? view.size : sizeof(copy->text) - 1;
	if (size > 0)
		memcpy(copy->text, view.data, size);
	copy->text[size] = '\0';
	return copy->text;
}
