/*
 * The key-value layer: the tables of an environment, its transactions and their entries.
 *
 * SPDX-License-Identifier: MIT
 */
#include "kv.h"

#include <fcntl.h>
#include <string.h>

#include "environment.h"
#include "error.h"
#include "file.h"
#include "little.h"
#include "log.h"
#include "memory.h"
#include "search.h"

enum { RENEW_TRIES = 4 };

/* A transaction's own cursor in a table; see keep_cursor(). */
struct kept {
	const struct table *table;
	MDB_cursor *cursor;
	/* It stands on the first entry at or behind this key, if that is known and the key is short; else this is empty. */
	struct key asked;
};

struct kv_txn {
	struct kv *kv;
	MDB_txn *txn;
	bool write;
	int failure;       /* Of a write transaction only: a reader changes nothing that could be left half done. */
	char message[256]; /* What there was to say about it. */
	uint64_t changes;
	uint64_t placed; /* A bit for each table whose cursor belongs to this snapshot. */
	struct kept kept[KV_TABLE_COUNT];
	/* Of a read transaction: the table of hashes, as it is in one snapshot; 0: in none. */
	uint64_t hashes_of;
	struct search_tree hashes;
};

_Static_assert(KV_TABLE_COUNT <= 64, "a bit for each table");

struct kv_cursor {
	struct kv_txn *txn;
	uint8_t prefix;
	MDB_cursor *cursor;
};

static const struct table {
	const char *name;
	enum kv_place place;
	uint8_t prefix;
} tables[KV_TABLE_COUNT] = {
#define KV_TABLE_ROW(table, name, place, prefix) [table] = { name, place, prefix },
	KV_TABLES(KV_TABLE_ROW)
#undef KV_TABLE_ROW
};

static const char *const place_names[KV_PLACE_COUNT] = {
#define KV_PLACE_NAME(place, name) [place] = name,
	KV_PLACES(KV_PLACE_NAME)
#undef KV_PLACE_NAME
};

const char *orgdb__kv_table_name(enum kv_table table)
{
	return tables[table].name;
}

enum kv_place orgdb__kv_place_of(enum kv_table table)
{
	return tables[table].place;
}

const char *orgdb__kv_place_name(enum kv_place place)
{
	return place_names[place];
}

bool orgdb__kv_table_of(enum kv_place place, struct bytes *key, enum kv_table *table)
{
	for (int i = 0; i < KV_TABLE_COUNT; i++) {
		uint8_t prefix = tables[i].prefix;
		if (tables[i].place != place || (prefix != 0 && (key->size < 2 || key->data[0] != prefix)))
			continue;
		*table = (enum kv_table)i;
		key->data += prefix != 0;
		key->size -= prefix != 0;
		return true;
	}
	return false;
}

/* Hot rows are under hashes, which LMDB compares as numbers. */
static unsigned flags_of_place(enum kv_place place)
{
	return place == PLACE_ORGANIZATION_LOGIN ? MDB_INTEGERKEY : 0;
}

bool orgdb__kv_key_possible(enum kv_place place, size_t size)
{
	return flags_of_place(place) & MDB_INTEGERKEY ? size == sizeof(uint64_t) : size > 0 && size <= KEY_SIZE_MAX + 1;
}

int orgdb__kv_open_places(struct kv_txn *txn, bool create, int first, int end)
{
	struct kv *kv = txn->kv;
	unsigned flags = create ? MDB_CREATE : 0;
	for (int i = first; i < end; i++) {
		int rc = mdb_dbi_open(txn->txn, place_names[i], flags | flags_of_place((enum kv_place)i), &kv->places[i]);
		if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) {
			if (i == PLACE_META)
				return orgdb__fail(
					ORGDB_NOT_A_STORE, "", "%s: not an orgdb store: an LMDB file of something else", kv->path);
			return orgdb__log_trouble(orgdb__fail(
				ORGDB_CORRUPT, "", "%s: the table \"%s\" is missing; restore a backup", kv->path, place_names[i]));
		}
		unsigned found;
		if (rc == 0)
			rc = mdb_dbi_flags(txn->txn, kv->places[i], &found);
		if (rc == 0 && found != flags_of_place((enum kv_place)i))
			return orgdb__log_trouble(orgdb__fail(ORGDB_CORRUPT, "",
				"%s: the table \"%s\" is not of the kind that it should be; restore a backup", kv->path,
				place_names[i]));
		if (rc != 0)
			return orgdb__lmdb_failed(kv->path, rc, "cannot open a table");
	}
	return 0;
}

/* ---- Transactions ------------------------------------------------------------------------------------------------ */

/*
 * LMDB's documentation warns that a reader may see a torn meta page if it is suspended at the wrong instant while
 * two commits pass. A snapshot that is the newest one right after it began cannot be torn.
 */
static bool is_newest(struct kv *kv, MDB_txn *txn)
{
	MDB_envinfo info;
	mdb_env_info(kv->env, &info);
	return info.me_last_txnid == mdb_txn_id(txn);
}

static int settle_snapshot(struct kv *kv, MDB_txn *txn)
{
	for (int i = 0; i < RENEW_TRIES && !is_newest(kv, txn); i++) {
		mdb_txn_reset(txn);
		int rc = mdb_txn_renew(txn);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int begin_to_read(struct kv *kv, MDB_txn **out)
{
	int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, out);
	if (rc == MDB_READERS_FULL && orgdb__environment_clear_readers(kv) > 0)
		rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, out);
	if (rc != 0)
		return rc;
	rc = settle_snapshot(kv, *out);
	if (rc != 0)
		mdb_txn_abort(*out);
	return rc;
}

static int begin_to_write(struct kv *kv, MDB_txn **out)
{
	orgdb__environment_tend_readers(kv);
	orgdb__environment_queue(kv);
	int rc = mdb_txn_begin(kv->env, NULL, 0, out);
	if (rc != 0)
		orgdb__environment_leave(kv);
	return rc;
}

int orgdb__kv_begin(struct kv *kv, bool write, struct kv_txn **out)
{
	if (kv->dead)
		return orgdb__lmdb_failed(kv->path, MDB_PANIC, "");
	struct kv_txn *txn = orgdb__allocate_zeroed(sizeof(*txn));
	if (!txn)
		return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for a transaction");
	txn->kv = kv;
	txn->write = write;
	int rc = write ? begin_to_write(kv, &txn->txn) : begin_to_read(kv, &txn->txn);
	if (rc != 0) {
		orgdb__release(txn);
		return orgdb__lmdb_failed(kv->path, rc, "cannot begin a transaction");
	}
	*out = txn;
	return 0;
}

void orgdb__kv_park(struct kv_txn *txn)
{
	txn->placed = 0;
	mdb_txn_reset(txn->txn);
}

int orgdb__kv_renew(struct kv_txn *txn)
{
	if (txn->kv->dead)
		return orgdb__lmdb_failed(txn->kv->path, MDB_PANIC, "");
	int rc = mdb_txn_renew(txn->txn);
	if (rc == 0)
		rc = settle_snapshot(txn->kv, txn->txn);
	return rc == 0 ? 0 : orgdb__lmdb_failed(txn->kv->path, rc, "cannot begin a transaction");
}

static void close_cursors(struct kv_txn *txn)
{
	for (int i = 0; i < KV_TABLE_COUNT; i++)
		if (txn->kept[i].cursor)
			mdb_cursor_close(txn->kept[i].cursor);
}

void orgdb__kv_forget_addresses(struct kv_txn *txn)
{
	txn->hashes_of = 0;
}

int orgdb__kv_commit(struct kv_txn *txn)
{
	struct kv *kv = txn->kv;
	int rc = orgdb__kv_failure(txn);
	if (rc != 0) {
		orgdb__kv_abort(txn);
		return rc;
	}
	close_cursors(txn);
	rc = mdb_txn_commit(txn->txn);
	if (txn->write)
		orgdb__environment_leave(kv);
	orgdb__release(txn);
	return rc == 0 ? 0 : orgdb__lmdb_failed(kv->path, rc, "cannot commit");
}

void orgdb__kv_abort(struct kv_txn *txn)
{
	close_cursors(txn);
	mdb_txn_abort(txn->txn);
	if (txn->write)
		orgdb__environment_leave(txn->kv);
	orgdb__release(txn);
}

int orgdb__kv_failure(const struct kv_txn *txn)
{
	if (txn->failure != 0)
		orgdb__fail(txn->failure, "", "%s", txn->message);
	return txn->failure;
}

int orgdb__kv_poison(struct kv_txn *txn, int code)
{
	if (txn->write && txn->failure == 0) {
		txn->failure = code;
		strncpy(txn->message, orgdb_last_error()->message, sizeof(txn->message) - 1);
	}
	return code;
}

uint64_t orgdb__kv_snapshot(const struct kv_txn *txn)
{
	return mdb_txn_id(txn->txn);
}

uint64_t orgdb__kv_changes(const struct kv_txn *txn)
{
	return txn->changes;
}

/* The first problem is the message. */
static bool refuse(void *context, const char *table, const char *message)
{
	const struct kv *kv = context;
	orgdb__fail(
		ORGDB_CORRUPT, "", "%s: %s: %s; restore a backup, or salvage what can be read", kv->path, table, message);
	return false;
}

/* A meta page counts if its snapshot is given to readers still after it was read: see orgdb__file_snapshot(). */
int orgdb__kv_verify(struct kv_txn *txn, bool whole, const struct pages_sink *sink)
{
	struct kv *kv = txn->kv;
	const struct pages_sink first = { refuse, kv };
	struct snapshot snapshot;
	mdb_filehandle_t fd;
	MDB_stat stat;
	uint64_t id = mdb_txn_id(txn->txn);
	mdb_env_get_fd(kv->env, &fd);
	mdb_env_stat(kv->env, &stat);
	int found = orgdb__file_snapshot(fd, kv->path, stat.ms_psize, id, &snapshot);
	orgdb__kv_park(txn);
	int rc = orgdb__kv_renew(txn);
	if (rc != 0)
		return rc;
	if (mdb_txn_id(txn->txn) != id)
		return KV_MOVED;
	return found == 0 ? orgdb__file_verify(fd, kv->path, &snapshot, whole, sink ? sink : &first) : found;
}

/* ---- Entries ----------------------------------------------------------------------------------------------------- */

/* A key with the byte that tells its table from others in the same place. */
struct full_key {
	uint8_t data[1 + KEY_SIZE_MAX];
};

static MDB_val val_of(struct bytes bytes)
{
	return (MDB_val){ bytes.size, (void *)(uintptr_t)bytes.data };
}

static MDB_val val_of_key(uint8_t prefix, struct bytes key, struct full_key *full)
{
	if (prefix == 0)
		return val_of(key);
	full->data[0] = prefix;
	if (key.size > 0)
		memcpy(full->data + 1, key.data, key.size);
	return (MDB_val){ 1 + key.size, full->data };
}

static struct bytes bytes_of_val(MDB_val val)
{
	return (struct bytes){ val.mv_data, val.mv_size };
}

/* False if the key is another table's. */
static bool take_prefix(uint8_t prefix, struct bytes *key)
{
	if (prefix == 0)
		return true;
	if (key->data[0] != prefix)
		return false;
	key->data++;
	key->size--;
	return true;
}

static int fail(struct kv_txn *txn, int rc, const char *what)
{
	int code = orgdb__lmdb_failed(txn->kv->path, rc, what);
	return code == ORGDB_NOT_FOUND ? code : orgdb__kv_poison(txn, code);
}

int orgdb__kv_get(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes *value)
{
	if (txn->failure != 0)
		return orgdb__kv_failure(txn);
	if (key.size == 0)
		return ORGDB_NOT_FOUND;
	struct full_key full;
	MDB_val k = val_of_key(tables[table].prefix, key, &full), v;
	int rc = mdb_get(txn->txn, txn->kv->places[tables[table].place], &k, &v);
	if (rc != 0)
		return fail(txn, rc, "cannot read");
	*value = bytes_of_val(v);
	return 0;
}

/* LMDB's second table is the one that describes the others. Apart from the search, as it is rare. */
static __attribute__((noinline)) bool view_hashes(struct kv_txn *txn, enum kv_place place, uint64_t snapshot)
{
	const MDB_dbi descriptions = 1;
	const char *name = place_names[place];
	MDB_val k = { strlen(name), (void *)(uintptr_t)name }, v;
	MDB_envinfo info;
	MDB_stat stat;
	mdb_env_info(txn->kv->env, &info);
	mdb_env_stat(txn->kv->env, &stat);
	bool viewed = mdb_get(txn->txn, descriptions, &k, &v) == 0 &&
		orgdb__search_view(bytes_of_val(v), stat.ms_psize, info.me_last_pgno + 1, &txn->hashes);
	txn->hashes_of = viewed ? snapshot : 0;
	return viewed;
}

int orgdb__kv_get_hashed(struct kv_txn *txn, enum kv_table table, uint64_t hash, struct bytes *value)
{
	enum search_result result = SEARCH_UNSURE;
	if (!txn->write) {
		uint64_t snapshot = mdb_txn_id(txn->txn);
		if (txn->hashes_of == snapshot || view_hashes(txn, tables[table].place, snapshot))
			result = orgdb__search(&txn->hashes, hash, value);
	}
	if (result != SEARCH_UNSURE)
		return result == SEARCH_FOUND ? 0 : ORGDB_NOT_FOUND;
	return orgdb__kv_get(txn, table, (struct bytes){ (const uint8_t *)&hash, sizeof(hash) }, value);
}

static int cursor_get(struct kv_txn *txn, MDB_cursor *cursor, uint8_t prefix, MDB_val k, MDB_cursor_op op,
	struct bytes *found, struct bytes *value)
{
	MDB_val v;
	int rc = mdb_cursor_get(cursor, &k, &v, op);
	if (rc != 0)
		return fail(txn, rc, "cannot read");
	*found = bytes_of_val(k);
	*value = bytes_of_val(v);
	return take_prefix(prefix, found) ? 0 : ORGDB_NOT_FOUND;
}

static int cursor_seek(
	struct kv_txn *txn, MDB_cursor *cursor, uint8_t prefix, struct bytes key, struct bytes *found, struct bytes *value)
{
	struct full_key full;
	MDB_val k = val_of_key(prefix, key, &full);
	return cursor_get(txn, cursor, prefix, k, k.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE, found, value);
}

/*
 * A transaction keeps one cursor for each table, for whatever needs none of its own. LMDB looks on the cursor's page before
 * it searches the tree, and seek() looks at the next entry before that, so what comes in key order finds its place for next
 * to nothing.
 */
static int keep_cursor(struct kv_txn *txn, enum kv_table table, struct kept **out)
{
	struct kept *kept = *out = &txn->kept[table];
	uint64_t bit = UINT64_C(1) << table;
	if (txn->failure != 0)
		return orgdb__kv_failure(txn);
	if (txn->placed & bit)
		return 0;
	int rc = kept->cursor ? mdb_cursor_renew(txn->txn, kept->cursor)
						  : mdb_cursor_open(txn->txn, txn->kv->places[tables[table].place], &kept->cursor);
	if (rc != 0)
		return fail(txn, rc, "cannot read");
	kept->table = &tables[table];
	kept->asked.size = 0;
	txn->placed |= bit;
	return 0;
}

static int compare_keys(struct bytes a, struct bytes b)
{
	int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Numbers have another order than the bytes that they are made of, and come in none anyway. */
static void remember(struct kept *kept, struct bytes key)
{
	bool known = key.size <= sizeof(kept->asked.data) && flags_of_place(kept->table->place) == 0;
	kept->asked.size = known ? (uint8_t)key.size : 0;
	memcpy(kept->asked.data, key.data, kept->asked.size);
}

/* Find the first entry at or behind `key` if it is the cursor's or the next one. */
static bool look_nearby(struct kept *kept, struct bytes key, struct bytes *found, struct bytes *value)
{
	static const MDB_cursor_op near[] = { MDB_GET_CURRENT, MDB_NEXT };
	if (kept->asked.size == 0 || compare_keys(key_bytes(&kept->asked), key) > 0)
		return false;
	for (int i = 0; i < 2; i++) {
		MDB_val k, v;
		if (mdb_cursor_get(kept->cursor, &k, &v, near[i]) != 0)
			return false;
		*found = bytes_of_val(k);
		*value = bytes_of_val(v);
		if (!take_prefix(kept->table->prefix, found))
			return false;
		if (compare_keys(*found, key) >= 0)
			return true;
	}
	return false;
}

static int seek(struct kv_txn *txn, struct kept *kept, struct bytes key, struct bytes *found, struct bytes *value)
{
	int rc = look_nearby(kept, key, found, value)
		? 0
		: cursor_seek(txn, kept->cursor, kept->table->prefix, key, found, value);
	if (rc == 0)
		remember(kept, key);
	else
		kept->asked.size = 0;
	return rc;
}

int orgdb__kv_seek(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes *found, struct bytes *value)
{
	struct kept *kept;
	int rc = keep_cursor(txn, table, &kept);
	return rc == 0 ? seek(txn, kept, key, found, value) : rc;
}

int orgdb__kv_seek_before(
	struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes *found, struct bytes *value)
{
	struct kept *kept;
	int rc = keep_cursor(txn, table, &kept);
	if (rc != 0)
		return rc;
	uint8_t prefix = kept->table->prefix;
	struct full_key full;
	MDB_val k = val_of_key(prefix, key, &full), v;
	rc = mdb_cursor_get(kept->cursor, &k, &v, MDB_SET_RANGE);
	kept->asked.size = 0;
	if (rc != 0 && rc != MDB_NOTFOUND)
		return fail(txn, rc, "cannot read");
	/* Whichever table's that entry is, the one before it may be this one's. */
	return cursor_get(txn, kept->cursor, prefix, (MDB_val){ 0 }, rc == 0 ? MDB_PREV : MDB_LAST, found, value);
}

static int put(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes value, unsigned flags)
{
	struct kept *kept;
	int rc = keep_cursor(txn, table, &kept);
	if (rc != 0)
		return rc;
	struct full_key full;
	MDB_val k = val_of_key(kept->table->prefix, key, &full), v = val_of(value);
	rc = mdb_cursor_put(kept->cursor, &k, &v, flags);
	if (rc == MDB_KEYEXIST) /* Only from MDB_APPEND, whose caller knows of no later key. */
		return orgdb__kv_poison(txn,
			orgdb__fail(
				ORGDB_CORRUPT, "", "%s: table %s holds entries of the future", txn->kv->path, kept->table->name));
	if (rc != 0)
		return fail(txn, rc, "cannot write");
	remember(kept, key);
	txn->changes++;
	return 0;
}

int orgdb__kv_put(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes value)
{
	return put(txn, table, key, value, 0);
}

int orgdb__kv_append(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes value)
{
	return put(txn, table, key, value, MDB_APPEND);
}

/* The cursor's entry; then it stands on the next one. */
static int delete_current(struct kv_txn *txn, struct kept *kept)
{
	int rc = mdb_cursor_del(kept->cursor, 0);
	if (rc != 0)
		return fail(txn, rc, "cannot delete");
	txn->changes++;
	return 0;
}

int orgdb__kv_delete(struct kv_txn *txn, enum kv_table table, struct bytes key)
{
	struct kept *kept;
	struct bytes found = { 0 }, value;
	int rc = keep_cursor(txn, table, &kept);
	if (rc == 0)
		rc = seek(txn, kept, key, &found, &value);
	if (rc != 0)
		return rc;
	return compare_keys(found, key) == 0 ? delete_current(txn, kept) : ORGDB_NOT_FOUND;
}

int orgdb__kv_delete_prefix(struct kv_txn *txn, enum kv_table table, struct bytes prefix)
{
	struct kept *kept;
	struct bytes found = { 0 }, value;
	int rc = keep_cursor(txn, table, &kept);
	if (rc == 0)
		rc = seek(txn, kept, prefix, &found, &value);
	while (rc == 0 && key_has_prefix(found, prefix)) {
		rc = delete_current(txn, kept);
		if (rc == 0)
			rc = cursor_get(txn, kept->cursor, kept->table->prefix, (MDB_val){ 0 }, MDB_NEXT, &found, &value);
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb__kv_place_stat(struct kv_txn *txn, enum kv_place place, struct kv_place_statistics *out)
{
	if (txn->failure != 0)
		return orgdb__kv_failure(txn);
	MDB_stat stat;
	int rc = mdb_stat(txn->txn, txn->kv->places[place], &stat);
	if (rc != 0)
		return fail(txn, rc, "cannot read");
	*out = (struct kv_place_statistics){ stat.ms_entries, stat.ms_depth, stat.ms_branch_pages, stat.ms_leaf_pages,
		stat.ms_overflow_pages };
	return 0;
}

int orgdb__kv_entries(struct kv_txn *txn, enum kv_table table, uint64_t *count)
{
	struct kv_place_statistics statistics = { 0 };
	int rc = orgdb__kv_place_stat(txn, tables[table].place, &statistics);
	if (rc == 0)
		*count = statistics.entries;
	return rc;
}

/* LMDB's first table is its free list; each value is how many pages, then their numbers. */
int orgdb__kv_free_pages(struct kv_txn *txn, uint64_t *count)
{
	const MDB_dbi free_list = 0;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn->txn, free_list, &cursor);
	if (rc != 0)
		return orgdb__lmdb_failed(txn->kv->path, rc, "cannot read the free list");
	*count = 0;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0 && value.mv_size >= sizeof(uint64_t))
		*count += little_get64(value.mv_data);
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 : orgdb__lmdb_failed(txn->kv->path, rc, "cannot read the free list");
}

static int open_cursor(struct kv_txn *txn, enum kv_place place, uint8_t prefix, struct kv_cursor **out)
{
	if (txn->failure != 0)
		return orgdb__kv_failure(txn);
	struct kv_cursor *cursor = orgdb__allocate(sizeof(*cursor));
	*out = NULL;
	if (!cursor)
		return orgdb__kv_poison(txn, orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for a cursor"));
	cursor->txn = txn;
	cursor->prefix = prefix;
	int rc = mdb_cursor_open(txn->txn, txn->kv->places[place], &cursor->cursor);
	if (rc != 0) {
		orgdb__release(cursor);
		return fail(txn, rc, "cannot read");
	}
	*out = cursor;
	return 0;
}

int orgdb__kv_cursor_open(struct kv_txn *txn, enum kv_table table, struct kv_cursor **out)
{
	return open_cursor(txn, tables[table].place, tables[table].prefix, out);
}

int orgdb__kv_cursor_open_place(struct kv_txn *txn, enum kv_place place, struct kv_cursor **out)
{
	return open_cursor(txn, place, 0, out);
}

int orgdb__kv_cursor_seek(struct kv_cursor *cursor, struct bytes key, struct bytes *found, struct bytes *value)
{
	return cursor_seek(cursor->txn, cursor->cursor, cursor->prefix, key, found, value);
}

int orgdb__kv_cursor_next(struct kv_cursor *cursor, struct bytes *found, struct bytes *value)
{
	return cursor_get(cursor->txn, cursor->cursor, cursor->prefix, (MDB_val){ 0 }, MDB_NEXT, found, value);
}

void orgdb__kv_cursor_close(struct kv_cursor *cursor)
{
	mdb_cursor_close(cursor->cursor);
	orgdb__release(cursor);
}
