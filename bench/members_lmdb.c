/*
 * Memberships in LMDB by hand; see members.h. Writes only: what a durable commit costs below orgdb.
 *
 * - lmdb: a membership is a composite key in two tables, one for each direction, with nothing else kept or checked.
 * - lmdb_one_put: a key in one table, the least that a commit can change.
 *
 * SPDX-License-Identifier: MIT
 */
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "members.h"

struct store {
	MDB_env *env;
	MDB_dbi members, organizations_of_user;
	bool both;
};

static void check(int code)
{
	if (code != 0)
		fail("LMDB: %s", mdb_strerror(code));
}

static void *open_store(const char *path, bool both)
{
	struct store *store = allocate(1, sizeof(*store));
	MDB_txn *txn;
	store->both = both;
	check(mdb_env_create(&store->env));
	check(mdb_env_set_mapsize(store->env, (size_t)64 << 30));
	check(mdb_env_set_maxdbs(store->env, 2));
	check(mdb_env_open(store->env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600));
	check(mdb_txn_begin(store->env, NULL, 0, &txn));
	check(mdb_dbi_open(txn, "members", MDB_CREATE, &store->members));
	check(mdb_dbi_open(txn, "organizations_of_user", MDB_CREATE, &store->organizations_of_user));
	check(mdb_txn_commit(txn));
	return store;
}

static void *open_both(const char *path)
{
	return open_store(path, true);
}

static void *open_one(const char *path)
{
	return open_store(path, false);
}

static void close_store(void *context)
{
	struct store *store = context;
	mdb_env_close(store->env);
	free(store);
}

static void make_durable(void *context, bool durable)
{
	struct store *store = context;
	check(mdb_env_set_flags(store->env, MDB_NOSYNC, !durable));
	check(mdb_env_sync(store->env, 1));
}

/* There is nothing of them but their numbers. */
static void add_none(void *context, uint64_t first, uint64_t end)
{
	(void)context, (void)first, (void)end;
}

static void put(MDB_txn *txn, MDB_dbi table, uint64_t owner, uint64_t other)
{
	unsigned char bytes[16]; /* big-endian, so that an owner's keys are together and in order */
	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (unsigned char)(owner >> (56 - 8 * i));
		bytes[8 + i] = (unsigned char)(other >> (56 - 8 * i));
	}
	MDB_val key = { sizeof(bytes), bytes }, nothing = { 0, bytes };
	check(mdb_put(txn, table, &key, &nothing, MDB_NOOVERWRITE));
}

static void add(void *context, const struct member *members, size_t count)
{
	struct store *store = context;
	MDB_txn *txn;
	check(mdb_txn_begin(store->env, NULL, 0, &txn));
	for (size_t i = 0; i < count; i++) {
		put(txn, store->members, members[i].organization, members[i].user);
		if (store->both)
			put(txn, store->organizations_of_user, members[i].user, members[i].organization);
	}
	check(mdb_txn_commit(txn));
}

const struct member_store members_lmdb = { "lmdb", "members.lmdb", open_both, close_store, make_durable, add_none,
	add_none, add, NULL, NULL, NULL, NULL, NULL };

const struct member_store members_lmdb_one_put = { "lmdb_one_put", "members-one.lmdb", open_one, close_store,
	make_durable, add_none, add_none, add, NULL, NULL, NULL, NULL, NULL };
