/*
 * A tenant of fixed contents, and programs of calls that read and change all kinds of things in any store: for tests that
 * hand the library stores which may be damaged. No call may crash; what each returns is its own business.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_EXERCISE_H
#define ORGDB_TESTS_EXERCISE_H

#include <orgdb.h>

/* End the program, saying why, unless `rc` is 0. */
void exercise_must(int rc, const char *what);

/*
 * Create a new store: trees of three levels, values that take pages of their own and, unless it is to be `compact`, a history
 * that has left free pages behind.
 */
void exercise_create(const char *path, bool compact);

/* Read everything that can be reached. Returns how many calls failed, NOT_FOUND aside. */
size_t exercise_read(orgdb *db);
/* Change something of every kind and commit. Returns how many calls failed. */
size_t exercise_write(orgdb *db);
/* A number made of every row of every table. */
int exercise_digest(orgdb *db, uint64_t *digest);

#endif
