/*
 * Refused: every public call, in a transaction that has failed, gives that failure again; in a process that has inherited the
 * transaction by fork(), ORGDB_FORKED. Neither changes anything.
 *
 * usage: refused [--directory DIR] [--plant FAULT]
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../model_input.h"
#include "operations.h"
#include "trial.h"

static const struct trial *trial;

static int populate(orgdb_txn *txn, void *context)
{
	(void)context;
	return operations_populate(txn);
}

static orgdb *open_store(void)
{
	orgdb *db;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = options.map_size_max = 1 << 20;
	trial_must(orgdb_open(trial->path, &options, &db), "open");
	return db;
}

/* How many calls there were. */
static size_t expect_refusal(orgdb_txn *txn, int expected, const char *when)
{
	for (size_t i = 0; i < operation_count; i++) {
		int rc = operations[i].run(txn);
		const orgdb_error_info *info = orgdb_last_error();
		if (rc != expected || info->code != expected)
			trial_fail("%s %s: %s (the last error: %s), not %s", operations[i].name, when, orgdb_error_name(rc),
				orgdb_error_name(info->code), orgdb_error_name(expected));
	}
	return operation_count;
}

/* The map has not room for what this writes, and must not grow. */
static void fail_by_a_full_map(orgdb_txn *txn)
{
	for (size_t i = 0; i < operation_count; i++)
		if (strcmp(operations[i].name, "many_changes") == 0 && operations[i].run(txn) != ORGDB_MAP_FULL)
			trial_fail("the map is not full");
}

static size_t try_failed_transaction(orgdb *db)
{
	orgdb_txn *txn;
	trial_must(orgdb_begin_write(db, &txn), "begin to write");
	if (!planted(trial, "whole"))
		fail_by_a_full_map(txn);
	size_t calls = expect_refusal(txn, ORGDB_MAP_FULL, "in a transaction that has failed");
	if (orgdb_commit(txn) != ORGDB_MAP_FULL)
		trial_fail("what has failed can be committed");
	return calls;
}

/* Everything that takes a handle, where no transaction does. */
static void expect_forked_handle(orgdb *db)
{
	orgdb_txn *txn;
	orgdb_metrics metrics;
	orgdb_reader reader;
	size_t count;
	const int results[] = { orgdb_begin_read(db, &txn), orgdb_begin_write(db, &txn), orgdb_metrics_get(db, &metrics),
		orgdb_readers(db, 0, &reader, 1, &count), orgdb_check(db, NULL), orgdb_copy(db, "copy", 0),
		orgdb_write(db, populate, NULL) };
	for (size_t i = 0; i < COUNT_OF(results); i++)
		if (results[i] != ORGDB_FORKED)
			trial_fail("call %zu on a handle of before fork(): %s", i, orgdb_error_name(results[i]));
}

static void try_fork(orgdb *db)
{
	orgdb_txn *reader, *writer;
	int status;
	trial_must(orgdb_begin_read(db, &reader), "begin to read");
	trial_must(orgdb_begin_write(db, &writer), "begin to write");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		expect_refusal(reader, ORGDB_FORKED, "in a reader of before fork()");
		expect_refusal(writer, ORGDB_FORKED, "in a writer of before fork()");
		expect_forked_handle(db);
		if (orgdb_commit(writer) != ORGDB_FORKED)
			trial_fail("a transaction of before fork() can be committed");
		orgdb_end(reader);
		orgdb_end(writer);
		orgdb_close(db);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		trial_fail("the child has failed");
	orgdb_end(reader);
	trial_must(orgdb_commit(writer), "commit");
}

int main(int count, char **arguments)
{
	static const char *const plants[] = { "whole", NULL };
	static struct trial options;
	trial = &options;
	trial_open(&options, count, arguments, plants);
	orgdb *db = open_store();
	trial_must(orgdb_write(db, populate, NULL), "populate");
	struct state before = trial_look(db);
	size_t calls = try_failed_transaction(db);
	try_fork(db);
	struct state after = trial_look(db);
	if (after.lsn != before.lsn || after.digest != before.digest)
		trial_fail("the store is not as it was");
	orgdb_close(db);
	printf("%zu calls were refused in a transaction that has failed, and after fork()\n", calls);
	trial_close(&options);
	return 0;
}
