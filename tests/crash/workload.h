/*
 * What the crash tests do to a store: random transactions, small and large, that follow from a seed; and a digest of all
 * that a transaction sees, by which states of a store are told apart.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_CRASH_WORKLOAD_H
#define ORGDB_TESTS_CRASH_WORKLOAD_H

#include "../model_input.h"
#include "orgdb.h"

void workload_open(struct input *input, uint64_t seed);
/* Create, change and delete a few things; now and then, hundreds of members at once, or an organization with all of them.
 * What cannot be done, because something is there or is not, is left out. Returns 0 or a failure of the store. */
int workload_change(orgdb_txn *txn, struct input *input);
/* A change that no other transaction makes, so that every state differs from every other. */
int workload_touch(orgdb_txn *txn, struct input *input);

/* Every entity and edge with every field, in order. Returns 0 or a failure of the store. */
int digest_of(orgdb_txn *txn, uint64_t *digest);

#endif
