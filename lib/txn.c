/*
 * Transactions: begin, commit, end; parked readers; growing the map and running again.
 *
 * Threads of one process take turns here before they queue for LMDB's own lock, so that the one whose turn it is can end
 * its transaction, move the map and begin again without anybody between.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "catalog.h"
#include "edges.h"
#include "error.h"
#include "generations.h"
#include "log.h"
#include "store.h"

/* How long moving the map waits for this process's transactions to end. */
enum { MOVE_WAIT_SECONDS = 10 };

/* ---- The map ----------------------------------------------------------------------------------------------------- */

/* Readers tell nobody that they end, so whoever moves the map looks now and then. */
static int wait_a_moment(struct orgdb *db)
{
	struct timespec moment;
	clock_gettime(CLOCK_MONOTONIC, &moment);
	moment.tv_nsec += 1000000;
	if (moment.tv_nsec >= 1000000000) {
		moment.tv_nsec -= 1000000000;
		moment.tv_sec++;
	}
	return pthread_cond_timedwait(&db->changed, &db->lock, &moment);
}

/* Keep new transactions waiting until none is live; false if that takes too long. */
static bool begin_moving(struct orgdb *db)
{
	uint64_t deadline = orgdb__milliseconds() + UINT64_C(1000) * MOVE_WAIT_SECONDS;
	pthread_mutex_lock(&db->lock);
	while (atomic_load(&db->moving) && orgdb__milliseconds() < deadline)
		wait_a_moment(db);
	bool mine = !atomic_load(&db->moving), still = false;
	if (mine) {
		atomic_store(&db->moving, true);
		while (!(still = !db->writer_live && orgdb__readers_idle(&db->readers)) && orgdb__milliseconds() < deadline)
			wait_a_moment(db);
		if (!still)
			atomic_store(&db->moving, false);
	}
	pthread_cond_broadcast(&db->changed);
	pthread_mutex_unlock(&db->lock);
	return mine && still;
}

static void end_moving(struct orgdb *db)
{
	pthread_mutex_lock(&db->lock);
	atomic_store(&db->moving, false);
	pthread_cond_broadcast(&db->changed);
	pthread_mutex_unlock(&db->lock);
}

/* What a parked transaction knows of where things are in the map. */
static void forget_addresses(orgdb_txn *txn)
{
	txn->generations = NULL;
	orgdb__kv_forget_addresses(txn->kv);
}

static int move_map(struct orgdb *db, int (*move)(struct kv *kv))
{
	uint64_t begin = orgdb__milliseconds();
	bool still = begin_moving(db);
	orgdb__log_wait(begin, db->path, "waiting for transactions to end, to move the map,");
	if (!still)
		return orgdb__fail(ORGDB_BUSY, "",
			"%s: the map must grow, but transactions of this process stayed open for %d seconds; end them sooner",
			db->path, MOVE_WAIT_SECONDS);
	int rc = move(db->kv);
	atomic_fetch_add(&db->map_moves, rc == 0);
	orgdb__readers_each(&db->readers, forget_addresses);
	end_moving(db);
	return rc;
}

/* Who wants to move it needs the lock to begin. */
void orgdb__store_hold_map(struct orgdb *db)
{
	pthread_mutex_lock(&db->lock);
	while (atomic_load(&db->moving))
		pthread_cond_wait(&db->changed, &db->lock);
}

void orgdb__store_let_go(struct orgdb *db)
{
	pthread_mutex_unlock(&db->lock);
}

static void wait_while_moving(struct orgdb *db)
{
	orgdb__store_hold_map(db);
	orgdb__store_let_go(db);
}

/* ---- Making and freeing ------------------------------------------------------------------------------------------ */

static int new_txn(struct orgdb *db, bool write, orgdb_txn **out)
{
	orgdb_txn *txn = orgdb__allocate_zeroed(sizeof(*txn));
	if (!txn)
		return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for a transaction");
	txn->db = db;
	txn->write = write;
	txn->tallies = &db->written;
	int rc = orgdb__kv_begin(db->kv, write, &txn->kv);
	if (rc != 0) {
		orgdb__release(txn);
		return rc;
	}
	*out = txn;
	return 0;
}

/* Without its LMDB transaction, which has ended. */
static void free_txn(orgdb_txn *txn)
{
	orgdb__local_catalog_free(txn->local);
	orgdb__arena_free(&txn->arena);
	orgdb__buffer_free(&txn->scratch);
	orgdb__buffer_free(&txn->previous);
	orgdb__buffer_free(&txn->run);
	orgdb__release(txn);
}

static void free_reader(orgdb_txn *txn)
{
	orgdb__kv_abort(txn->kv);
	free_txn(txn);
}

void orgdb__txn_free_readers(struct orgdb *db)
{
	orgdb__readers_each(&db->readers, free_reader);
	orgdb__readers_free(&db->readers);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* A slot, taken while the map stays where it is. */
static struct reader_slot *take_slot(struct orgdb *db, struct reader_slot *(*take)(struct readers *readers))
{
	for (;;) {
		struct reader_slot *slot = take(&db->readers);
		if (!slot || !atomic_load(&db->moving))
			return slot;
		orgdb__readers_leave(slot);
		wait_while_moving(db);
	}
}

static int renew_or_begin(struct orgdb *db, struct reader_slot *slot)
{
	orgdb_txn *txn = atomic_load_explicit(&slot->txn, memory_order_relaxed);
	int rc;
	if (txn) {
		rc = orgdb__kv_renew(txn->kv);
		txn->counted = false;
	} else {
		rc = new_txn(db, false, &txn);
		if (rc == 0) {
			txn->slot = slot;
			txn->tallies = &slot->tallies;
			atomic_store(&slot->txn, txn);
		}
	}
	if (rc == 0)
		tally(&slot->tallies, TALLY_BEGUN);
	else
		orgdb__readers_leave(slot);
	return rc;
}

static int begin_in_slot(struct orgdb *db, struct reader_slot **slot)
{
	*slot = take_slot(db, orgdb__readers_take);
	if (!*slot)
		return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for a read transaction");
	int rc = renew_or_begin(db, *slot);
	if (rc == ORGDB_READERS_FULL) {
		/* LMDB's slots are all taken; those of ours that keep one may be free. */
		*slot = take_slot(db, orgdb__readers_take_kept);
		if (*slot)
			rc = renew_or_begin(db, *slot);
	}
	return rc;
}

int orgdb_begin_read(orgdb *db, orgdb_txn **out)
{
	int rc = orgdb__store_usable(db);
	while (rc == 0) {
		struct reader_slot *slot;
		rc = begin_in_slot(db, &slot);
		if (rc == 0) {
			*out = slot->txn;
			return 0;
		}
		if (rc == KV_RESIZED) /* By another process: follow it. */
			rc = move_map(db, orgdb__kv_adopt_size);
	}
	return rc;
}

static void finish_read(orgdb_txn *txn)
{
	orgdb__kv_park(txn->kv);
	if (txn->local) {
		orgdb__local_catalog_free(txn->local);
		txn->local = NULL;
	}
	if (txn->arena.blocks)
		orgdb__arena_free(&txn->arena);
	struct reader_slot *slot = txn->slot;
	if (!slot->keeps) {
		atomic_store(&slot->txn, NULL);
		free_reader(txn);
	}
	orgdb__readers_leave(slot);
	orgdb__stores_reap();
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* Else it would wait for itself. The lock is held. */
static int refuse_writer(struct orgdb *db)
{
	if (db->writing && pthread_equal(db->writer, pthread_self()))
		return orgdb__fail(ORGDB_BUSY, "", "this thread has a write transaction open already");
	return 0;
}

int orgdb__store_refuse_writer(struct orgdb *db)
{
	pthread_mutex_lock(&db->lock);
	int rc = refuse_writer(db);
	pthread_mutex_unlock(&db->lock);
	return rc;
}

static int take_turn(struct orgdb *db)
{
	pthread_mutex_lock(&db->lock);
	int rc = refuse_writer(db);
	while (rc == 0 && db->writing)
		pthread_cond_wait(&db->changed, &db->lock);
	if (rc == 0) {
		db->writing = true;
		db->writer = pthread_self();
	}
	pthread_mutex_unlock(&db->lock);
	return rc;
}

/* After this the store may be gone. */
static void pass_turn(struct orgdb *db)
{
	pthread_mutex_lock(&db->lock);
	db->writing = false;
	pthread_cond_broadcast(&db->changed);
	pthread_mutex_unlock(&db->lock);
	orgdb__stores_reap();
}

static void set_writer_live(struct orgdb *db, bool live)
{
	pthread_mutex_lock(&db->lock);
	while (live && atomic_load(&db->moving))
		pthread_cond_wait(&db->changed, &db->lock);
	db->writer_live = live;
	pthread_cond_broadcast(&db->changed);
	pthread_mutex_unlock(&db->lock);
}

static int begin_in_turn(struct orgdb *db, orgdb_txn **out)
{
	for (;;) {
		set_writer_live(db, true);
		int rc = new_txn(db, true, out);
		if (rc == 0) {
			tally(&db->written, TALLY_BEGUN);
			return 0;
		}
		set_writer_live(db, false);
		if (rc == KV_RESIZED)
			rc = move_map(db, orgdb__kv_adopt_size);
		if (rc != 0)
			return rc;
	}
}

int orgdb_begin_write(orgdb *db, orgdb_txn **out)
{
	int rc = orgdb__store_usable(db);
	if (rc != 0)
		return rc;
	if (db->read_only)
		return orgdb__fail(ORGDB_READ_ONLY, "", "%s is open for reading only", db->path);
	uint64_t begin = orgdb__milliseconds();
	rc = take_turn(db);
	if (rc != 0)
		return rc;
	rc = begin_in_turn(db, out);
	if (rc != 0)
		pass_turn(db);
	else
		orgdb__log_wait(begin, db->path, "waiting to write");
	return rc;
}

static int write_counters(struct kv_txn *kv, const struct counters *counters);

static int count_transaction(orgdb_txn *txn)
{
	struct counters *counters;
	int rc = orgdb__txn_counters(txn, &counters);
	if (rc == 0 && counters->lsn == UINT64_MAX)
		rc = orgdb__fail(
			ORGDB_TOO_LARGE, "", "%s: this store has had all the transactions that it can ever have", txn->db->path);
	if (rc != 0)
		return orgdb__kv_poison(txn->kv, rc);
	counters->lsn++;
	rc = orgdb__generations_write(txn, counters->lsn);
	return rc == 0 ? write_counters(txn->kv, counters) : rc;
}

static int commit_changes(orgdb_txn *txn)
{
	if (orgdb__kv_failure(txn->kv) == 0 && orgdb__kv_changes(txn->kv) > 0)
		count_transaction(txn);
	/* A failure above sticks, and is what commit returns. */
	uint64_t begin = orgdb__milliseconds();
	int rc = orgdb__kv_commit(txn->kv);
	orgdb__log_wait(begin, txn->db->path, "a commit");
	return rc;
}

/* End a write transaction. If the map was full it has grown afterwards, and *grown says so. */
static int finish_write(orgdb_txn *txn, bool commit, bool *grown)
{
	struct orgdb *db = txn->db;
	int rc = orgdb__kv_failure(txn->kv);
	if (commit)
		rc = commit_changes(txn);
	else
		orgdb__kv_abort(txn->kv);
	atomic_fetch_add(commit && rc == 0 ? &db->commits : &db->aborts, 1);
	free_txn(txn);
	bool full = rc == ORGDB_MAP_FULL;
	if (full)
		rc = orgdb__kv_may_grow(db->kv);
	set_writer_live(db, false);
	*grown = false;
	if (full && rc == 0) {
		rc = move_map(db, orgdb__kv_grow);
		*grown = rc == 0;
		if (*grown)
			rc = orgdb__fail(
				ORGDB_MAP_FULL, "", "%s: the map was full and has grown; run the transaction again", db->path);
	}
	pass_turn(db);
	return rc;
}

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

static int check_owner(orgdb_txn *txn)
{
	int rc = orgdb__store_usable(txn->db);
	if (rc == 0 && txn->write && !pthread_equal(txn->db->writer, pthread_self()))
		rc = orgdb__fail(ORGDB_MISUSE, "", "a write transaction belongs to the thread that began it");
	return rc;
}

int orgdb_commit(orgdb_txn *txn)
{
	int rc = check_owner(txn);
	if (rc != 0)
		return rc;
	bool grown;
	if (txn->write)
		return finish_write(txn, true, &grown);
	finish_read(txn);
	return 0;
}

void orgdb_end(orgdb_txn *txn)
{
	bool grown;
	if (!txn || check_owner(txn) != 0)
		return;
	if (txn->write)
		finish_write(txn, false, &grown);
	else
		finish_read(txn);
}

int orgdb_write(orgdb *db, orgdb_write_fn *fn, void *context)
{
	for (;;) {
		orgdb_txn *txn;
		int rc = orgdb_begin_write(db, &txn);
		if (rc != 0)
			return rc;
		rc = fn(txn, context);
		bool full = orgdb__kv_failure(txn->kv) == ORGDB_MAP_FULL, grown;
		int ended = finish_write(txn, rc == 0 && !full, &grown);
		if (grown)
			continue;
		return rc == 0 || full ? ended : rc;
	}
}

/* ---- Inside ------------------------------------------------------------------------------------------------------ */

int orgdb__txn_read(orgdb_txn *txn)
{
	int rc = check_owner(txn);
	return rc == 0 ? orgdb__kv_failure(txn->kv) : rc;
}

int orgdb__txn_write(orgdb_txn *txn)
{
	int rc = check_owner(txn);
	if (rc == 0 && !txn->write)
		rc = orgdb__fail(ORGDB_READ_ONLY, "", "the transaction is for reading only");
	return rc == 0 ? orgdb__kv_failure(txn->kv) : rc;
}

int orgdb__txn_corrupt(orgdb_txn *txn, enum kv_table table, const char *what)
{
	int rc = orgdb__fail(ORGDB_CORRUPT, "", "%s: table %s: %s; `orgdb check` tells more", txn->db->path,
		orgdb__kv_table_name(table), what);
	return orgdb__kv_poison(txn->kv, orgdb__log_trouble(rc));
}

/* In the meta table under "counters": each number in 8 bytes, least significant first, in the struct's order. */
enum { COUNTERS = 1 + ORGDB_ENTITY_KINDS + EDGE_KINDS };
_Static_assert(sizeof(struct counters) == COUNTERS * sizeof(uint64_t), "counters are an array of numbers");

static const struct bytes counters_key = { (const uint8_t *)"counters", 8 };

static int write_counters(struct kv_txn *kv, const struct counters *counters)
{
	uint64_t numbers[COUNTERS];
	uint8_t row[sizeof(numbers)];
	memcpy(numbers, counters, sizeof(numbers));
	for (size_t i = 0; i < COUNTERS; i++)
		little_put(row + 8 * i, numbers[i], 8);
	return orgdb__kv_put(kv, TABLE_META, counters_key, (struct bytes){ row, sizeof(row) });
}

int orgdb__counters_create(struct kv_txn *kv)
{
	struct counters counters = { 0 };
	for (int i = 0; i < ORGDB_ENTITY_KINDS; i++)
		counters.next_ordinal[i] = 1;
	return write_counters(kv, &counters);
}

bool orgdb__counters_read(struct bytes key, struct bytes row, struct counters *counters)
{
	uint64_t numbers[COUNTERS];
	if (key.size != counters_key.size || memcmp(key.data, counters_key.data, key.size) != 0 ||
		row.size != sizeof(numbers))
		return false;
	for (size_t i = 0; i < COUNTERS; i++)
		numbers[i] = little_get64(row.data + 8 * i);
	memcpy(counters, numbers, sizeof(numbers));
	return true;
}

int orgdb__txn_counters(orgdb_txn *txn, struct counters **out)
{
	*out = &txn->counters;
	if (txn->counted)
		return 0;
	struct bytes row;
	int rc = orgdb__kv_get(txn->kv, TABLE_META, counters_key, &row);
	if (rc == ORGDB_NOT_FOUND || (rc == 0 && !orgdb__counters_read(counters_key, row, &txn->counters)))
		return orgdb__txn_corrupt(txn, TABLE_META, "the counters are missing or damaged");
	if (rc != 0)
		return rc;
	txn->counted = true;
	return 0;
}

int orgdb_lsn(orgdb_txn *txn, uint64_t *lsn)
{
	struct counters *counters;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__txn_counters(txn, &counters);
	if (rc == 0)
		*lsn = counters->lsn;
	return rc;
}

uint64_t orgdb__store_tally(struct orgdb *db, enum tally what)
{
	return orgdb__readers_tally(&db->readers, what) + atomic_load_explicit(&db->written.of[what], memory_order_relaxed);
}

int orgdb_stat(orgdb_txn *txn, orgdb_statistics *out)
{
	int rc = orgdb__txn_read(txn);
	struct counters *counters;
	if (rc == 0)
		rc = orgdb__txn_counters(txn, &counters);
	if (rc != 0)
		return rc;
	*out = (orgdb_statistics){ .lsn = counters->lsn, .format_version = txn->db->format_version };
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS && rc == 0; kind++)
		rc = orgdb_entity_count(txn, kind, &out->count[kind]);
	out->count[ORGDB_KIND_APPLICATION_CONNECTION] = counters->edges[EDGE_APPLICATION_CONNECTION];
	out->count[ORGDB_KIND_ENABLED_CONNECTION] = counters->edges[EDGE_ENABLED_CONNECTION];
	out->count[ORGDB_KIND_MEMBERSHIP] = counters->edges[EDGE_MEMBERSHIP];
	out->count[ORGDB_KIND_ORGANIZATION_APPLICATION] = counters->edges[EDGE_ORGANIZATION_APPLICATION];
	out->member_roles = counters->edges[EDGE_MEMBER_ROLE];
	struct kv_statistics kv;
	orgdb__kv_stat(txn->db->kv, &kv);
	out->page_size = kv.page_size;
	out->used_size = kv.used_size;
	out->map_size = kv.map_size;
	out->readers = kv.readers;
	out->readers_max = kv.readers_max;
	memcpy(out->uuid, txn->db->uuid, sizeof(out->uuid));
	out->row_cache_hits = orgdb__store_tally(txn->db, TALLY_ROW_HITS);
	out->row_cache_misses = orgdb__store_tally(txn->db, TALLY_ROW_MISSES);
	struct stat info;
	if (stat(txn->db->path, &info) == 0)
		out->file_size = (uint64_t)info.st_size;
	return rc;
}
