/*
 * Every object of a store, each as a number: to see what two stores have in common.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_OBJECTS_H
#define ORGDB_TESTS_OBJECTS_H

#include <orgdb.h>

#define MEMBER_ROLES ORGDB_KINDS /* Roles of members count as a kind of their own. */
#define OBJECT_KINDS (ORGDB_KINDS + 1)

struct objects {
	struct object {
		uint32_t kind;
		uint64_t
			digest; /* Of its ids and fields; not of its ordinal, nor of an edge's `extra`, which may get lost alone. */
	} * data;
	size_t count, capacity;
};

/* Collect them, sorted. 0, or what the first call returned that failed. */
int objects_collect(orgdb *db, struct objects *out);
void objects_free(struct objects *objects);

/* How many of each kind `some` has and `others` have not. */
void objects_missing(const struct objects *some, const struct objects *others, uint64_t missing[OBJECT_KINDS]);

#endif
