/*
 * What the commands share: options, messages, exit statuses, progress.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static bool progress_shown;

static void clear_progress(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

static void PRINTF_LIKE(2, 0) print_message(const char *prefix, const char *format, va_list arguments)
{
	char message[8192];
	clear_progress();
	vsnprintf(message, sizeof(message), format, arguments);
	fputs(prefix, stderr);
	print_text(stderr, message, strlen(message));
	putc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print_message("orgdb: ", format, arguments);
	va_end(arguments);
}

void advise(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print_message("  ", format, arguments);
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

/* --- Options ------------------------------------------------------------------------------------------------------ */

static void show_help(const struct command *command)
{
	printf("usage: orgdb %s %s\n\n%s", command->name, command->synopsis, command->help);
}

void misused(const struct command *command, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print_message("orgdb: ", format, arguments);
	va_end(arguments);
	advise("usage: orgdb %s %s", command->name, command->synopsis);
	advise("'orgdb %s --help' says more.", command->name);
	exit(STATUS_USAGE);
}

/* What getopt_long() found wrong. An unknown short option may be in the middle of an argument, so it is named by its
 * letter; every long option's `val` is above the letters. */
static _Noreturn void misused_option(const struct command *command, int problem, const char *argument)
{
	if (problem == ':')
		misused(command, "%s: option '%s' needs a value", command->name, argument);
	if (optopt >= OPTION_HELP)
		misused(command, "%s: option '%s' takes no value", command->name, argument);
	if (optopt != 0)
		misused(command, "%s: unknown option '-%c'", command->name, optopt);
	misused(command, "%s: unknown option '%s'", command->name, argument);
}

int next_option(const struct command *command, const struct option *options, int argc, char **argv)
{
	opterr = 0;
	int option = getopt_long(argc, argv, ":h", options, NULL);
	switch (option) {
	case 'h':
	case OPTION_HELP:
		show_help(command);
		exit(finish_output(STATUS_OK, false));
	case '?':
	case ':':
		misused_option(command, option, argv[optind - 1]);
	case -1:
		if (argc - optind < command->operands_min)
			misused(command, "%s: an operand is missing", command->name);
		if (argc - optind > command->operands_max)
			misused(command, "%s: there is no use for '%s'", command->name, argv[optind + command->operands_max]);
		return -1;
	default:
		return option;
	}
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
		return "Keep a copy of the damaged file; 'orgdb check' says what is wrong with it.";
	case ORGDB_PERMISSION:
	case ORGDB_READ_ONLY:
		return "Run as a user who may read and write the store, its lock file and their folder.";
	case ORGDB_DISK_FULL:
		return "Nothing was changed. Make room on the device and run the command again.";
	case ORGDB_READERS_FULL:
	case ORGDB_BUSY:
		return "Run the command again when other programs have let go of the store.";
	case ORGDB_NO_MEMORY:
		return "Nothing was changed. Give the command more memory ('ulimit -v').";
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

int open_store(const char *path, bool read_only, orgdb **out)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = read_only;
	options.must_exist = true;
	int code = orgdb_open(path, &options, out);
	return code == ORGDB_OK ? STATUS_OK : store_failed(code, path);
}

int open_snapshot(const char *path, orgdb **db, orgdb_txn **txn)
{
	int status = open_store(path, true, db);
	if (status != STATUS_OK)
		return status;
	int code = orgdb_begin_read(*db, txn);
	if (code == ORGDB_OK)
		return STATUS_OK;
	orgdb_close(*db);
	return store_failed(code, path);
}

int find_organization(orgdb_txn *txn, const char *id_or_name, orgdb_organization *out)
{
	bool is_id = strncmp(id_or_name, "org_", 4) == 0;
	return is_id ? orgdb_organization_get(txn, id_or_name, out) : orgdb_organization_get_by_name(txn, id_or_name, out);
}

const char *id_of(orgdb_str view, struct id *copy)
{
	size_t size = view.size < sizeof(copy->text) ? view.size : sizeof(copy->text) - 1;
	if (size > 0)
		memcpy(copy->text, view.data, size);
	copy->text[size] = '\0';
	return copy->text;
}

/* --- Progress ----------------------------------------------------------------------------------------------------- */

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

void progress_begin(struct progress *progress)
{
	progress->enabled = isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &progress->begun);
	progress->last = progress->begun;
}

bool progress_due(struct progress *progress)
{
	if (!progress->enabled)
		return false;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds_between(&progress->last, &now) < 0.2)
		return false;
	progress->last = now;
	return true;
}

double progress_seconds(const struct progress *progress)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return seconds_between(&progress->begun, &now);
}

void progress_show(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fflush(stderr);
	progress_shown = true;
}

void progress_end(void)
{
	clear_progress();
}
