/*
 * Generations: how caches know, without looking, that what they hold is still right.
 *
 * SPDX-License-Identifier: MIT
 */
#include "generations.h"

enum { ROW_SIZE = GENERATION_SHARDS * SHARD_SIZE };

static const struct bytes row_key = { (const uint8_t *)"generations", 11 };

static int read_row(orgdb_txn *txn, struct bytes *row)
{
	int rc = orgdb__kv_get(txn->kv, TABLE_META, row_key, row);
	if (rc == ORGDB_NOT_FOUND || (rc == 0 && row->size != ROW_SIZE))
		return orgdb__txn_corrupt(txn, TABLE_META, "the generations are missing or damaged");
	return rc;
}

int orgdb__generations_load(orgdb_txn *txn)
{
	uint64_t snapshot = orgdb__kv_snapshot(txn->kv);
	/* The same snapshot is the same pages, as long as the map stays where it is (see move_map). */
	if (txn->generations && txn->generations_of == snapshot)
		return 0;
	struct bytes row;
	int rc = read_row(txn, &row);
	if (rc != 0)
		return rc;
	txn->generations = row.data;
	txn->generations_of = snapshot;
	return 0;
}

int orgdb__generations_write(orgdb_txn *txn, uint64_t lsn)
{
	uint8_t copy[ROW_SIZE];
	struct bytes row = { 0 };
	for (unsigned shard = 0; shard < GENERATION_SHARDS; shard++) {
		if (!(txn->touched[shard / 8] >> (shard % 8) & 1))
			continue;
		if (!row.data) {
			int rc = read_row(txn, &row);
			if (rc != 0)
				return rc;
			memcpy(copy, row.data, sizeof(copy));
		}
		little_put(copy + SHARD_SIZE * (size_t)shard, lsn, SHARD_SIZE);
	}
	return row.data ? orgdb__kv_put(txn->kv, TABLE_META, row_key, (struct bytes){ copy, sizeof(copy) }) : 0;
}

int orgdb__generations_create(struct kv_txn *kv)
{
	uint8_t row[ROW_SIZE] = { 0 };
	return orgdb__kv_put(kv, TABLE_META, row_key, (struct bytes){ row, sizeof(row) });
}
