/*
 * The program of the guide "A server with processes": workers that share a store, one of which is killed.
 *
 * usage: prefork FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guide.h"

enum { WORKERS = 4 };

/* Answer requests; ends when the server does. */
static void serve(orgdb *db, int number)
{
	orgdb_txn *txn;
	orgdb_merged_connection entries[4];
	size_t count;
	for (int i = 0; i < 1000; i++) {
		must(orgdb_begin_read(db, &txn));
		must(orgdb_merged_connections(txn, CLIENT_ID, ORGANIZATION_ID, NULL, entries, 4, &count));
		expect(count == 3);
		orgdb_end(txn);
	}
	must(orgdb_begin_read(db, &txn));
	if (number == 0)
		raise(SIGKILL); /* In the middle of a transaction. */
	orgdb_end(txn);
}

static pid_t start_worker(const char *path, int number)
{
	pid_t worker = fork();
	if (worker != 0)
		return worker;
	orgdb *db;
	must(orgdb_open(path, NULL, &db));
	serve(db, number);
	orgdb_close(db);
	_exit(0);
}

/* Create or check the store while nobody else is there; keep nothing open that fork() would copy. */
static void prepare(const char *path)
{
	orgdb *db;
	must(orgdb_open(path, NULL, &db));
	must(orgdb_write(db, fill, NULL));
	orgdb_close(db);
}

int main(int argc, char **argv)
{
	const char *path = new_path(argc, argv, "prefork");
	prepare(path);
	for (int i = 0; i < WORKERS; i++)
		expect(start_worker(path, i) > 0);
	int ended = 0, status;
	while (wait(&status) > 0) {
		ended++;
		if (WIFSIGNALED(status)) /* Start another; what the dead one had open hurts nobody. */
			expect(start_worker(path, WORKERS) > 0);
		else
			expect(WEXITSTATUS(status) == 0);
	}
	expect(ended == WORKERS + 1);
	orgdb *db;
	must(orgdb_open(path, NULL, &db));
	must(orgdb_check(db, NULL));
	orgdb_close(db);
	remove_store(path);
	printf("%d workers, one of them killed\n", ended);
	return 0;
}
