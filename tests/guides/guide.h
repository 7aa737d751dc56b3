/*
 * What the guides' programs share and their readers need not see: a folder to work in, a small tenant, and an end when
 * something fails that should not.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_GUIDE_H
#define ORGDB_TESTS_GUIDE_H

#include <orgdb.h>

#define CLIENT_ID "portal"
#define ORGANIZATION_ID "org_00000000000000A1"

/* The path of `name` in the folder that the program was given, the same each time for the same name; and no file there. */
const char *new_path(int argc, char **argv, const char *name);
void remove_store(const char *path);

/* End the program, with the last error, unless a call succeeded. */
#define must(call) must_at(#call, (call))
void must_at(const char *call, int rc);
/* End the program unless this holds. */
#define expect(condition) expect_at(#condition, (condition))
void expect_at(const char *condition, bool holds);

/* For orgdb_write(): an application and an organization with two connections each, of which one is the same; users
 * "auth0|user-0" to "auth0|user-9". */
int fill(orgdb_txn *txn, void *context);

#endif
