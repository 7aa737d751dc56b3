/*
 * What a store looks like from inside: its tables, their rows as they are stored, its free pages and its readers.
 *
 * It shows what other rooms own and knows nothing of what it means.
 *
 * SPDX-License-Identifier: MIT
 */
#include "error.h"
#include "schema.h"
#include "store.h"

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static bool holds_objects(enum kv_place place)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		if (orgdb__kv_place_of(orgdb__kind(kind)->records) == place)
			return true;
	return false;
}

static int describe_table(orgdb_txn *txn, enum kv_place table, orgdb_table *out)
{
	struct kv_place_statistics found;
	int rc = orgdb__kv_place_stat(txn->kv, table, &found);
	if (rc == 0)
		*out = (orgdb_table){
			.ordinal = (uint64_t)table + 1,
			.name = orgdb__kv_place_name(table),
			.holds_objects = holds_objects(table),
			.depth = (uint32_t)found.depth,
			.rows = found.entries,
			.branch_pages = found.branch_pages,
			.leaf_pages = found.leaf_pages,
			.overflow_pages = found.overflow_pages,
		};
	return rc;
}

int orgdb_tables(orgdb_txn *txn, uint64_t after, orgdb_table *array, size_t capacity, size_t *count)
{
	int rc = orgdb__txn_read(txn);
	*count = 0;
	for (uint64_t table = after; rc == 0 && table < KV_PLACE_COUNT && *count < capacity; table++) {
		rc = describe_table(txn, (enum kv_place)table, &array[*count]);
		*count += rc == 0;
	}
	return rc;
}

int orgdb_free_pages(orgdb_txn *txn, uint64_t *count)
{
	int rc = orgdb__txn_read(txn);
	if (rc == 0 && txn->write) /* It takes and frees pages itself. */
		rc = orgdb__fail(ORGDB_MISUSE, "", "free pages can be counted in a read transaction only");
	return rc == 0 ? orgdb__kv_free_pages(txn->kv, count) : rc;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static enum kv_place find_table(const char *name)
{
	int table = 0;
	while (table < KV_PLACE_COUNT && strcmp(orgdb__kv_place_name((enum kv_place)table), name) != 0)
		table++;
	return (enum kv_place)table;
}

static int collect_rows(struct kv_cursor *cursor, struct bytes after, orgdb_row *array, size_t capacity, size_t *count)
{
	struct bytes key, value;
	int rc = orgdb__kv_cursor_seek(cursor, after, &key, &value);
	if (rc == 0 && after.size > 0 && key.size == after.size && memcmp(key.data, after.data, key.size) == 0)
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	while (rc == 0 && *count < capacity) {
		array[(*count)++] = (orgdb_row){ key.data, key.size, value.data, value.size };
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb_table_rows(orgdb_txn *txn, const char *name, const void *after, size_t after_size, orgdb_row *array,
	size_t capacity, size_t *count)
{
	enum kv_place table = find_table(name);
	struct kv_cursor *cursor;
	int rc = orgdb__txn_read(txn);
	*count = 0;
	if (rc == 0 && table == KV_PLACE_COUNT)
		rc = orgdb__fail(ORGDB_NOT_FOUND, "table", "there is no table \"%.60s\"", name);
	if (rc == 0 && after && !orgdb__kv_key_possible(table, after_size))
		rc = orgdb__fail(ORGDB_INVALID, "after", "after must be the key of a row, not %zu bytes", after_size);
	if (rc == 0)
		rc = orgdb__kv_cursor_open_place(txn->kv, table, &cursor);
	if (rc != 0)
		return rc;
	rc = collect_rows(cursor, (struct bytes){ after, after ? after_size : 0 }, array, capacity, count);
	orgdb__kv_cursor_close(cursor);
	return rc;
}

/* ---- Readers ----------------------------------------------------------------------------------------------------- */

struct reader_list {
	uint64_t after;
	uint64_t seen;
	orgdb_reader *array;
	size_t capacity;
	size_t count;
};

static bool collect_reader(const struct kv_reader *reader, void *context)
{
	struct reader_list *list = context;
	if (++list->seen <= list->after)
		return true;
	if (list->count == list->capacity)
		return false;
	list->array[list->count++] = (orgdb_reader){
		.ordinal = list->seen,
		.process = reader->process,
		.thread = reader->thread,
		.behind = reader->behind,
		.is_active = reader->active,
		.is_old = reader->old,
		.is_stale = reader->stale,
	};
	return true;
}

int orgdb_readers(orgdb *db, uint64_t after, orgdb_reader *array, size_t capacity, size_t *count)
{
	struct reader_list list = { .after = after, .array = array, .capacity = capacity };
	int rc = orgdb__store_usable(db);
	if (rc != 0)
		return rc;
	orgdb__store_hold_map(db);
	rc = orgdb__kv_readers(db->kv, collect_reader, &list);
	orgdb__store_let_go(db);
	*count = list.count;
	return rc;
}
