/*
 * Metrics: what a server may want to export, gathered from where it is counted.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/stat.h>

#include "store.h"

static bool count_reader(const struct kv_reader *reader, void *context)
{
	orgdb_metrics *out = context;
	out->readers_active += reader->active;
	if (reader->active && reader->behind > out->oldest_reader)
		out->oldest_reader = reader->behind;
	return true;
}

static void copy_counts(struct orgdb *db, orgdb_metrics *out)
{
	*out = (orgdb_metrics){
		.read_transactions = orgdb__readers_tally(&db->readers, TALLY_BEGUN),
		.write_transactions = atomic_load(&db->written.of[TALLY_BEGUN]),
		.commits = atomic_load(&db->commits),
		.aborts = atomic_load(&db->aborts),
		.lookups = orgdb__store_tally(db, TALLY_LOOKUPS),
		.row_cache_hits = orgdb__store_tally(db, TALLY_ROW_HITS),
		.row_cache_misses = orgdb__store_tally(db, TALLY_ROW_MISSES),
		.catalog_copies = orgdb__store_tally(db, TALLY_CATALOG_COPIES),
		.map_moves = atomic_load(&db->map_moves),
	};
}

int orgdb_metrics_get(orgdb *db, orgdb_metrics *out)
{
	struct kv_statistics kv;
	struct stat info;
	int rc = orgdb__store_usable(db);
	if (rc != 0)
		return rc;
	copy_counts(db, out);
	orgdb__store_hold_map(db);
	orgdb__kv_stat(db->kv, &kv);
	rc = orgdb__kv_readers(db->kv, count_reader, out);
	orgdb__store_let_go(db);
	out->map_size = kv.map_size;
	out->used_size = kv.used_size;
	out->readers = kv.readers;
	out->readers_max = kv.readers_max;
	if (stat(db->path, &info) == 0)
		out->file_size = (uint64_t)info.st_size;
	return rc;
}
