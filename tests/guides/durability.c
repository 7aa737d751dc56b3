/*
 * The program of the guide "Choosing a durability": what a commit costs, and how few of them can do.
 *
 * usage: durability FOLDER [SECONDS]     how long each is measured; a tenth if not given
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "guide.h"

static orgdb *open_with(const char *path, orgdb_durability durability)
{
	orgdb *db;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = durability;
	must(orgdb_open(path, &options, &db));
	return db;
}

/* Many changes in one transaction: one wait for the disk. */
static int import_some(orgdb_txn *txn, void *context)
{
	int rc = 0, count = *(const int *)context;
	for (int i = 0; rc == 0 && i < count; i++) {
		orgdb_user user = ORGDB_USER_INIT;
		orgdb_str id;
		rc = orgdb_user_create(txn, &user, &id);
		if (rc == 0)
			rc = orgdb_membership_add(txn, ORGANIZATION_ID, id.data, NULL);
	}
	return rc;
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void measure(const char *path, orgdb_durability durability, int each, double seconds)
{
	long done = 0;
	remove_store(path);
	orgdb *db = open_with(path, durability);
	must(orgdb_write(db, fill, NULL));
	double begin = now(), took;
	do {
		must(orgdb_write(db, import_some, &each));
		done += each;
	} while ((took = now() - begin) < seconds);
	orgdb_close(db);
	printf("%-8s %5d in a transaction %10.0f a second\n", durability == ORGDB_DURABLE ? "durable" : "relaxed", each,
		(double)done / took);
}

int main(int argc, char **argv)
{
	const char *path = new_path(argc, argv, "durability");
	double seconds = argc > 2 ? atof(argv[2]) : 0.1;
	for (int each = 1; each <= 1000; each *= 1000) {
		measure(path, ORGDB_DURABLE, each, seconds);
		measure(path, ORGDB_RELAXED, each, seconds);
	}
	remove_store(path);
	return 0;
}
