/*
 * What the commands share: messages, output, stores.
 *
 * Results go to standard output, everything else to standard error. Whatever is written to standard error, and text
 * of a store that is written for people, passes through here, so that no control character of it reaches a terminal.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_H
#define CLI_H

#include <orgdb.h>
#include <stdio.h>

#include "command.h"
#include "terminal.h"

/* Has standard output failed? */
bool output_failed(void);

/* Write out what is left and turn a failure into an exit status. A pipe that was closed early ends the process as it
 * ends every other, by SIGPIPE; but only here, where the store is closed, so that no reader stays registered in it. */
int finish_output(int status, bool store_changed);

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
int open_snapshot_with(const char *path, const orgdb_options *options, orgdb **db, orgdb_txn **txn);

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

/* Find the id of an entity that may be named: an organization, a connection or a role, whose ids begin with "org_",
 * "con_" and "rol_". For other kinds it is the id that was given. */
int find_id(orgdb_txn *txn, uint32_t kind, const char *id_or_name, struct id *id);

/* Find the id of a role for members of an organization: of a name, its own role comes before the tenant's. Without an
 * organization (NULL) only the tenant's have names. */
int find_role(orgdb_txn *txn, const char *organization_id, const char *id_or_name, struct id *id);

#endif
