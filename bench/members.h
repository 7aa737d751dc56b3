/*
 * A store of memberships, for the benchmarks that make, ask about and delete many: orgdb and its peers behind one face.
 * Organizations and users are numbers here and ids in the store (tenant.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_MEMBERS_H
#define BENCH_MEMBERS_H

#include "harness.h"
#include "tenant.h"

enum { PAGE = 50, USER_ORGANIZATIONS_MAX = 1000 };

struct member {
	uint64_t organization, user;
};

struct member_store {
	const char *name;
	const char *file;
	void *(*open)(const char *path);
	void (*close)(void *store);
	/* How durable commits are: until told otherwise, as durable as they can be. */
	void (*durable)(void *store, bool durable);

	/* Each in one transaction: first .. end-1. */
	void (*add_organizations)(void *store, uint64_t first, uint64_t end);
	void (*add_users)(void *store, uint64_t first, uint64_t end);
	void (*add)(void *store, const struct member *members, size_t count);

	/* Questions, each in a snapshot of its own; NULL: the store is for writing only. */
	bool (*contains)(void *store, struct member member);
	/* A page of an organization's members after a user; and all of a user's organizations. Both give a digest of ids, names
	 * and, of users, emails. */
	uint64_t (*members)(void *store, uint64_t organization, uint64_t after);
	uint64_t (*organizations)(void *store, uint64_t user);

	/* Delete an organization with all its memberships, durably; gives how many these were. */
	uint64_t (*delete_organization)(void *store, uint64_t organization);
	/* Have everything in the file, so that its size tells what the data take; optional. */
	void (*settle)(void *store);
};

extern const struct member_store members_orgdb;
extern const struct member_store members_sqlite;         /* ids as they come: text keys */
extern const struct member_store members_sqlite_integer; /* integer keys */
extern const struct member_store members_lmdb;           /* by hand, writes only */
extern const struct member_store members_lmdb_one_put;   /* a floor for a commit */

/* Fields that organizations and users have besides their ids. */
struct member_names {
	char name[40], display_name[48], email[64];
};
struct member_names organization_names(uint64_t organization);
struct member_names user_names(uint64_t user);

/* The memberships of `users` users in `organizations` organizations, `each` for every user, no two the same, spread as
 * evenly as may be; number `i` of `users * each`. */
struct member member_at(uint64_t organizations, uint64_t users, uint64_t each, uint64_t i);

/* All organizations and users, in transactions of some ten thousand, and then the memberships. */
void add_all_entities(const struct member_store *face, void *store, uint64_t organizations, uint64_t users);
void add_all_members(
	const struct member_store *face, void *store, uint64_t organizations, uint64_t users, uint64_t each);

#endif
