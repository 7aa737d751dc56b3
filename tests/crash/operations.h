/*
 * Every public call that can fail for want of memory or by the disk, as a table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_CRASH_OPERATIONS_H
#define ORGDB_TESTS_CRASH_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "orgdb.h"

struct operation {
	const char *name;
	int (*run)(orgdb_txn *txn); /* Succeeds in a store that operations_populate() has filled. */
	bool writes;
	bool several; /* Calls, of which some may have been made when it fails; or so much that the map must grow. */
};

extern const struct operation operations[];
extern const size_t operation_count;

int operations_populate(orgdb_txn *txn);
/* The one public call on a store that reads and then writes. */
int operations_log_in(orgdb *db);

#endif
