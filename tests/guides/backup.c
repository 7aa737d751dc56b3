/*
 * The program of the guide "Back up and restore": a copy of a store that is in use, checked, and put in its place.
 *
 * usage: backup FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <stdio.h>

#include "guide.h"

/* A backup that nobody has looked at is a hope. */
static int check_backup(const char *path)
{
	orgdb *copy;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = true;
	int rc = orgdb_open(path, &options, &copy);
	if (rc != 0)
		return rc;
	rc = orgdb_check(copy, NULL);
	orgdb_close(copy);
	return rc;
}

/* In the server, in a thread of its own: requests go on meanwhile. */
static int back_up(orgdb *db, const char *path)
{
	int rc = orgdb_copy(db, path, ORGDB_COPY_COMPACT);
	return rc == 0 ? check_backup(path) : rc;
}

/* When no process has the store open. The damaged one is kept: somebody may want to know why. */
static int restore(const char *store, const char *backup, const char *damaged)
{
	if (rename(store, damaged) != 0 || rename(backup, store) != 0)
		return ORGDB_IO;
	return 0;
}

static uint64_t lsn_of(orgdb *db)
{
	orgdb_txn *txn;
	uint64_t lsn;
	must(orgdb_begin_read(db, &txn));
	must(orgdb_lsn(txn, &lsn));
	orgdb_end(txn);
	return lsn;
}

static int join(orgdb_txn *txn, void *context)
{
	return orgdb_membership_add(txn, ORGANIZATION_ID, context, NULL);
}

int main(int argc, char **argv)
{
	orgdb *db;
	char late[] = "auth0|user-1";
	const char *store = new_path(argc, argv, "backup"), *backup = new_path(argc, argv, "backup.copy"),
			   *damaged = new_path(argc, argv, "backup.damaged");
	must(orgdb_open(store, NULL, &db));
	must(orgdb_write(db, fill, NULL));
	must(back_up(db, backup));
	must(orgdb_write(db, join, late));
	expect(lsn_of(db) == 2);
	orgdb_close(db);
	must(restore(store, backup, damaged));
	must(orgdb_open(store, NULL, &db));
	expect(lsn_of(db) == 1);
	must(orgdb_write(db, join, late));
	orgdb_close(db);
	remove_store(store);
	remove_store(backup);
	remove_store(damaged);
	printf("backed up and restored\n");
	return 0;
}
