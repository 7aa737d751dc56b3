/*
 * Long ids that share a key. This program's library is built with a hash that is always 0, so ids longer than a key collide
 * as soon as they begin alike.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdio.h>

enum { USERS = 40 };

TestSuite(collisions, .init = fixture_writing, .fini = fixture_close);

static const char *long_id(size_t i)
{
	return format("auth0|%s|%zu", repeat("long-", 150), i);
}

static void create_users(void)
{
	for (size_t i = 0; i < USERS; i++) {
		orgdb_user user = { .user_id = orgdb_string(long_id(i)), .name = orgdb_string(format("user %zu", i)) };
		must(orgdb_user_create(txn, &user, NULL));
	}
}

Test(collisions, each_id_finds_its_own_user)
{
	create_users();
	orgdb_user user;
	for (size_t i = 0; i < USERS; i++) {
		must(orgdb_user_get(txn, long_id(i), &user));
		expect_text(user.name, format("user %zu", i));
		expect_text(user.user_id, long_id(i));
	}
	expect_error(orgdb_user_get(txn, long_id(USERS), &user), ORGDB_NOT_FOUND, "user.user_id");
	commit_and_check();
}

Test(collisions, an_id_that_is_taken_is_refused)
{
	create_users();
	orgdb_user user = { .user_id = orgdb_string(long_id(7)) };
	expect_error(orgdb_user_create(txn, &user, NULL), ORGDB_EXISTS, "user.user_id");
	commit_and_check();
}

Test(collisions, deleting_one_leaves_the_others)
{
	create_users();
	orgdb_user user;
	for (size_t i = 0; i < USERS; i += 2)
		must(orgdb_user_delete(txn, long_id(i), NULL));
	for (size_t i = 0; i < USERS; i++) {
		if (i % 2 == 0)
			expect_error(orgdb_user_get(txn, long_id(i), &user), ORGDB_NOT_FOUND, "user.user_id");
		else
			must(orgdb_user_get(txn, long_id(i), &user));
	}
	for (size_t i = 1; i < USERS; i += 2)
		must(orgdb_user_delete(txn, long_id(i), NULL));
	uint64_t count;
	must(orgdb_user_count(txn, &count));
	expect_number(count, 0);
	commit_and_check();
}

/* Somebody could make ids collide on purpose: that is refused before it hurts, and those that are there can be used. */
Test(collisions, the_hundred_and_first_is_refused)
{
	for (size_t i = 0; i < 100; i++) {
		orgdb_user user = { .user_id = orgdb_string(long_id(i)) };
		must(orgdb_user_create(txn, &user, NULL));
	}
	orgdb_user user = { .user_id = orgdb_string(long_id(100)) };
	expect_error(orgdb_user_create(txn, &user, NULL), ORGDB_TOO_LARGE, "user_id");
	must(orgdb_user_get(txn, long_id(99), &user));
	must(orgdb_user_delete(txn, long_id(50), NULL));
	user = (orgdb_user){ .user_id = orgdb_string(long_id(100)) };
	must(orgdb_user_create(txn, &user, NULL));
	commit_and_check();
}
