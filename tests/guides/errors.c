/*
 * The program of the guide "What to do with each error": one function that decides for all of them.
 *
 * usage: errors FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <stdio.h>

#include "guide.h"

enum action {
	GO_ON,
	TELL_CALLER,   /* The request is at fault: answer with the status and the message. */
	TRY_AGAIN,     /* It may work in a moment: answer 503, or run the transaction again. */
	FIX_PROGRAM,   /* No request and no disk can cause it. */
	CALL_OPERATOR, /* The machine needs somebody; the store is as its last commit made it. */
	STOP_USING,    /* Close the store; open it again, or restore a backup. */
};

static enum action action_for(orgdb_error code)
{
	switch (code) {
	case ORGDB_OK:
		return GO_ON;
	case ORGDB_NOT_FOUND:
	case ORGDB_EXISTS:
	case ORGDB_INVALID:
	case ORGDB_TOO_LARGE:
	case ORGDB_FORBIDDEN:
	case ORGDB_TXN_FULL:
		return TELL_CALLER;
	case ORGDB_BUSY:
	case ORGDB_READERS_FULL:
	case ORGDB_MAP_FULL:
	case ORGDB_NO_MEMORY:
		return TRY_AGAIN;
	case ORGDB_TRUNCATED:
	case ORGDB_MISUSE:
	case ORGDB_READ_ONLY:
	case ORGDB_FORKED:
		return FIX_PROGRAM;
	case ORGDB_NO_STORE:
	case ORGDB_NOT_A_STORE:
	case ORGDB_VERSION_MISMATCH:
	case ORGDB_DISK_FULL:
	case ORGDB_PERMISSION:
	case ORGDB_IO:
		return CALL_OPERATOR;
	case ORGDB_CORRUPT:
	case ORGDB_PANIC:
		return STOP_USING;
	}
	return CALL_OPERATOR; /* Of a newer library. */
}

/* Plain text; in JSON the message needs escapes, for it may quote what the caller sent. */
static void answer(int code, char *body, size_t size)
{
	const orgdb_error_info *info = orgdb_last_error();
	if (action_for((orgdb_error)code) == TELL_CALLER)
		snprintf(body, size, "%d %s: %s", orgdb_error_http_status(code), orgdb_error_service_code(info), info->message);
	else /* What is inside is nobody's business. */
		snprintf(body, size, "%d unavailable", orgdb_error_http_status(code));
}

int main(int argc, char **argv)
{
	orgdb *db;
	orgdb_txn *txn;
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	char body[512];
	const char *path = new_path(argc, argv, "errors");
	must(orgdb_open(path, NULL, &db));
	must(orgdb_begin_write(db, &txn));
	organization.name = orgdb_string("No Spaces");
	int rc = orgdb_organization_create(txn, &organization, NULL);
	expect(action_for((orgdb_error)rc) == TELL_CALLER);
	answer(rc, body, sizeof(body));
	puts(body);
	organization.name = orgdb_string("no-spaces");
	must(orgdb_organization_create(txn, &organization, NULL)); /* The transaction is as good as before. */
	must(orgdb_commit(txn));
	orgdb_close(db);
	remove_store(path);
	return 0;
}
