/*
 * Generations: how caches know, without looking, that what they hold is still right.
 *
 * What merged lookups depend on, organizations' hot rows, connections and applications with their connections, is divided
 * into shards by ordinal. For each shard one row of the meta table holds the lsn of the transaction that last changed
 * something in it. A decoded copy that remembers its shard's generation is right in every snapshot that shows the same one.
 *
 * Memberships, users and roles touch no shard, so logins and invitations cost the caches nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_GENERATIONS_H
#define ORGDB_GENERATIONS_H

#include "little.h"
#include "store.h"

enum {
	ORGANIZATION_SHARDS = 256,
	CONNECTION_SHARDS = 128,
	APPLICATION_SHARDS = 128,
	SHARD_SIZE = 8, /* Bytes in the row, least significant first. */
};

_Static_assert(
	ORGANIZATION_SHARDS + CONNECTION_SHARDS + APPLICATION_SHARDS == GENERATION_SHARDS, "a bit for each shard");

static inline unsigned shard_of_organization(uint64_t ordinal)
{
	return (unsigned)(ordinal % ORGANIZATION_SHARDS);
}

static inline unsigned shard_of_connection(uint64_t ordinal)
{
	return ORGANIZATION_SHARDS + (unsigned)(ordinal % CONNECTION_SHARDS);
}

static inline unsigned shard_of_application(uint64_t ordinal)
{
	return ORGANIZATION_SHARDS + CONNECTION_SHARDS + (unsigned)(ordinal % APPLICATION_SHARDS);
}

/* Say, in a write transaction, that something in a shard changes. */
static inline void touch_shard(orgdb_txn *txn, unsigned shard)
{
	txn->touched[shard / 8] |= (uint8_t)(1 << (shard % 8));
}

/* Make the read transaction's generations readable: for nothing if its snapshot is the one it had before. */
int orgdb__generations_load(orgdb_txn *txn);

static inline uint64_t generation_of(const orgdb_txn *txn, unsigned shard)
{
	return little_get64(txn->generations + SHARD_SIZE * (size_t)shard);
}

/* Write the generations of the shards that the transaction touched. */
int orgdb__generations_write(orgdb_txn *txn, uint64_t lsn);
/* The row of a new store. */
int orgdb__generations_create(struct kv_txn *kv);

#endif
