/*
 * What the commands share: how they are described, their options, messages, exit statuses, progress.
 *
 * Results go to standard output, everything else to standard error. Whatever is written to standard error, and text
 * of a store that is written for people, passes through here, so that no control character of it reaches a terminal.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>
#include <orgdb.h>
#include <stdio.h>
#include <time.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#else
#define PRINTF_LIKE(at, first)
#endif

/* Exit statuses; `orgdb --help` explains them. */
enum status {
	STATUS_OK = 0,
	STATUS_REFUSED = 1, /* the input or the store says no */
	STATUS_USAGE = 2,
	STATUS_FAILED = 3, /* could not run */
};

/* One command. run() gets what getopt_long() gets, and answers with a status. */
struct command {
	const char *name;
	const char *synopsis; /* what follows the name: "STORE KIND ID" */
	const char *summary;  /* one line */
	const char *help;
	int operands_min;
	int operands_max;
	int (*run)(const struct command *command, int argc, char **argv);
	bool changes_store;
};

extern const struct command command_load;
extern const struct command command_dump;
extern const struct command command_lookup;
extern const struct command command_stat;
extern const struct command command_check;
extern const struct command command_delete;

/* Every command's table of options has this one; the `val` of every other is above its. */
enum { OPTION_HELP = 256 };
#define HELP_OPTION                            \
	{                                          \
		"help", no_argument, NULL, OPTION_HELP \
	}

/* The next option's `val`, or -1 when none is left and `optind` is at the operands, whose number is right.
 * Answers --help and reports misuse by itself, and exits: commands read their options before they open anything. */
int next_option(const struct command *command, const struct option *options, int argc, char **argv);

/* Has standard output failed? */
bool output_failed(void);

/* Write out what is left and turn a failure into an exit status. A pipe that was closed early ends the process as it
 * ends every other, by SIGPIPE; but only here, where the store is closed, so that no reader stays registered in it. */
int finish_output(int status, bool store_changed);

/* Report misuse of a command and exit. */
_Noreturn void misused(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* Say on standard error what is wrong, as "orgdb: ..."; say below it what to do about it. */
void complain(const char *format, ...) PRINTF_LIKE(1, 2);
void advise(const char *format, ...) PRINTF_LIKE(1, 2);

/* Report the failed library call that returned `code` on the store at `path`. Returns the exit status. The second is
 * for a store that was opened at another path than the one to show. */
int store_failed(int code, const char *path);
int store_failed_as(int code, const char *opened, const char *shown);

/* Open an existing store; complains if that fails. */
int open_store(const char *path, bool read_only, orgdb **out);

/* Open an existing store and begin a snapshot of it; complains if that fails. */
int open_snapshot(const char *path, orgdb **db, orgdb_txn **txn);

/* Get an organization by its id, which begins with "org_", or by its name, which does not. */
int find_organization(orgdb_txn *txn, const char *id_or_name, orgdb_organization *out);

/* Write text for people: control characters are escaped. */
void print_text(FILE *file, const char *data, size_t size);

/* The ending of a path that mkstemp() and mkdtemp() make unique. */
#define UNIQUE_ENDING \
	"XX"              \
	"XX"              \
	"XX"

/* A NUL-terminated copy of a view, in room for the longest id. */
struct id {
	char text[4 * ORGDB_ID_LENGTH_MAX + 1];
};
const char *id_of(orgdb_str view, struct id *copy);

/* A line on standard error that says how far the work is, only where that is a terminal. */
struct progress {
	bool enabled;
	struct timespec begun;
	struct timespec last;
};
void progress_begin(struct progress *progress);
/* True now and then, when it is time to show the line again. */
bool progress_due(struct progress *progress);
double progress_seconds(const struct progress *progress);
void progress_show(const char *format, ...) PRINTF_LIKE(1, 2);
/* Take the line away; messages do so by themselves. */
void progress_end(void);

#endif
