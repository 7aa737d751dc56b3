/*
 * Stores: open, create, share, close; and the format row that says who may read a file.
 *
 * LMDB must not have a file open twice in one process: closing one would drop the other's locks, and the next process
 * would take live readers for dead. So there is a registry of open stores, by device and inode.
 *
 * SPDX-License-Identifier: MIT
 */
#include "store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aside.h"
#include "catalog.h"
#include "error.h"
#include "file.h"
#include "generations.h"
#include "id.h"
#include "little.h"
#include "log.h"
#include "login_cache.h"

enum { READERS_DEFAULT = 1022, READER_AGE_DEFAULT = 10000 };
#define MAP_SIZE_DEFAULT (UINT64_C(64) << 30)

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct orgdb *registry;
static unsigned fork_generation;

/* ---- fork -------------------------------------------------------------------------------------------------------- */

static void before_fork(void)
{
	pthread_mutex_lock(&registry_lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&registry_lock);
}

/* The child shares the parent's reader slots and locks in name only, so it must open its stores anew. */
static void after_fork_in_child(void)
{
	fork_generation++;
	registry = NULL;
	pthread_mutex_unlock(&registry_lock);
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

int orgdb__store_usable(const struct orgdb *db)
{
	if (db->fork_generation != fork_generation)
		return orgdb__fail(ORGDB_FORKED, "", "%s was opened before fork(); open it in this process", db->path);
	return 0;
}

/* ---- The format row ---------------------------------------------------------------------------------------------- */

/*
 * In the meta table under "format", least significant bytes first:
 *
 *     0   4   format version that wrote the store
 *     4   4   least version that may read it
 *     8   4   least version that may write it
 *     12  36  uuid, as text
 */
enum { FORMAT_SIZE = 48 };

static const struct bytes format_key = { (const uint8_t *)"format", 6 };

static int fill_new_store(struct kv_txn *kv, void *context)
{
	(void)context;
	char uuid[37];
	int rc = orgdb__random_uuid(uuid);
	if (rc != 0)
		return rc;
	uint8_t row[FORMAT_SIZE];
	for (size_t i = 0; i < 3; i++)
		little_put(row + 4 * i, FORMAT_VERSION, 4);
	memcpy(row + 12, uuid, 36);
	rc = orgdb__kv_put(kv, TABLE_META, format_key, (struct bytes){ row, sizeof(row) });
	if (rc == 0)
		rc = orgdb__generations_create(kv);
	return rc == 0 ? orgdb__counters_create(kv) : rc;
}

static int judge_format(struct orgdb *db, struct bytes row)
{
	if (row.size < FORMAT_SIZE)
		return orgdb__log_trouble(orgdb__fail(ORGDB_CORRUPT, "", "%s: the format row is damaged", db->path));
	db->format_version = little_get32(row.data);
	uint32_t needed = little_get32(row.data + (db->read_only ? 4 : 8));
	if (needed > FORMAT_VERSION)
		return orgdb__fail(ORGDB_VERSION_MISMATCH, "",
			"%s: to %s this store takes a library of format version %u; this one, orgdb %s, knows version %d", db->path,
			db->read_only ? "read" : "write", needed, ORGDB_VERSION, FORMAT_VERSION);
	memcpy(db->uuid, row.data + 12, 36);
	uint64_t words[2];
	memcpy(words, db->uuid, sizeof(words));
	db->hash_seed = login_hash(0, words);
	return 0;
}

static int read_format(struct kv_txn *kv, void *context)
{
	struct orgdb *db = context;
	struct bytes row;
	int rc = orgdb__kv_get(kv, TABLE_META, format_key, &row);
	if (rc == ORGDB_NOT_FOUND)
		return orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store: it has no format row", db->path);
	return rc == 0 ? judge_format(db, row) : rc;
}

/* ---- Creation ---------------------------------------------------------------------------------------------------- */

static int build_store(const char *aside, void *context)
{
	(void)context;
	return orgdb__kv_create(aside, fill_new_store, NULL);
}

/* A crash leaves no half of a store; and if another process was faster, its store stays. */
static int create_store(const char *path)
{
	int rc = orgdb__aside_make(path, build_store, NULL);
	if (rc == 0)
		orgdb__log(ORGDB_LOG_NOTICE, "%s: created", path);
	if (rc == 0 || rc == ORGDB_EXISTS)
		return 0;
	/* The message may name the file aside, which nobody asked for. */
	return orgdb__fail_system(rc, orgdb_last_error()->system_error, "%s: cannot create the store", path);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static int check_options(const orgdb_options *given, orgdb_options *options)
{
	*options = (orgdb_options)ORGDB_OPTIONS_INIT;
	if (given) {
		if (given->size != sizeof(*given))
			return orgdb__fail(ORGDB_INVALID, "options.size", "options.size must be %zu, as ORGDB_OPTIONS_INIT sets it",
				sizeof(*given));
		*options = *given;
	}
	if (options->durability > ORGDB_RELAXED)
		return orgdb__fail(ORGDB_INVALID, "options.durability", "options.durability must be an orgdb_durability");
	if (options->map_size > UINT64_C(1) << 46 || options->readers_max > 100000)
		return orgdb__fail(
			ORGDB_INVALID, "options", "options.map_size must be at most 64 TiB and options.readers_max at most 100000");
	if (options->read_only)
		options->must_exist = true;
	if (options->map_size == 0)
		options->map_size = MAP_SIZE_DEFAULT;
	if (options->readers_max == 0)
		options->readers_max = READERS_DEFAULT;
	if (options->reader_age_max == 0)
		options->reader_age_max = READER_AGE_DEFAULT;
	return 0;
}

static struct orgdb *find_open(const struct stat *info)
{
	for (struct orgdb *db = registry; db; db = db->next)
		if (db->device == info->st_dev && db->inode == info->st_ino)
			return db;
	return NULL;
}

/* How many stores were let go of while they had transactions. */
static atomic_uint lingering;

/* The file of an open store was replaced: LMDB would take the same lock file for both. */
static bool is_replaced(const char *path, const struct stat *info)
{
	for (struct orgdb *db = registry; db; db = db->next)
		if (strcmp(db->path, path) == 0 && (db->device != info->st_dev || db->inode != info->st_ino))
			return true;
	return false;
}

static int share(struct orgdb *db, const orgdb_options *options, orgdb **out)
{
	if (db->read_only && !options->read_only)
		return orgdb__fail(
			ORGDB_BUSY, "", "%s is open in this process for reading only; close it to open it for writing", db->path);
	if (db->relaxed && options->durability == ORGDB_DURABLE && !options->read_only)
		return orgdb__fail(ORGDB_BUSY, "",
			"%s is open in this process with relaxed durability; close it to open it durably", db->path);
	if (db->references++ == 0)
		atomic_fetch_sub(&lingering, 1);
	*out = db;
	return 0;
}

static void free_memory(struct orgdb *db)
{
	if (!db)
		return;
	orgdb__login_cache_free(db->login_cache);
	orgdb__catalog_free(db->catalog);
	orgdb__release(db->path);
	orgdb__release(db);
}

static void free_store(struct orgdb *db)
{
	orgdb__txn_free_readers(db);
	orgdb__kv_close(db->kv);
	pthread_mutex_destroy(&db->lock);
	pthread_cond_destroy(&db->changed);
	free_memory(db);
}

static struct orgdb *new_store(const char *path, const struct stat *info, const orgdb_options *options)
{
	struct orgdb *db = orgdb__allocate_zeroed(sizeof(*db));
	if (db) {
		db->path = orgdb__copy_text(path);
		db->catalog = orgdb__catalog_new();
		db->login_cache = orgdb__login_cache_new(options->row_cache_size);
	}
	if (!db || !db->path || !db->catalog || !db->login_cache) {
		free_memory(db);
		orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for a store handle");
		return NULL;
	}
	db->device = info->st_dev;
	db->inode = info->st_ino;
	db->read_only = options->read_only;
	db->relaxed = options->durability == ORGDB_RELAXED;
	db->fork_generation = fork_generation;
	db->references = 1;
	atomic_init(&db->readers.epoch, 1);
	db->readers.keep = 1 + options->readers_max / 16;
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&db->lock, NULL);
	pthread_cond_init(&db->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return db;
}

static int open_new(const char *path, const struct stat *info, const orgdb_options *options, orgdb **out)
{
	struct orgdb *db = new_store(path, info, options);
	if (!db)
		return ORGDB_NO_MEMORY;
	struct kv_settings settings = {
		.path = path,
		.read_only = options->read_only,
		.relaxed = options->durability == ORGDB_RELAXED,
		.verify = options->verify,
		.map_size = options->map_size,
		.map_size_max = options->map_size_max,
		.readers_max = options->readers_max,
		.reader_age_max = options->reader_age_max,
	};
	int rc = orgdb__kv_open(&settings, read_format, db, &db->kv);
	if (rc != 0) {
		free_store(db);
		return rc;
	}
	db->next = registry;
	registry = db;
	*out = db;
	return 0;
}

/* The lock file's name follows from the path that LMDB is given, so every process must give the same one. */
static int open_existing(const char *path, const orgdb_options *options, orgdb **out)
{
	struct stat info;
	int rc;
	char real[PATH_MAX];
	struct orgdb *db = NULL;
	if (!realpath(path, real) || stat(real, &info) != 0)
		rc = orgdb__fail_system(orgdb__code_of_errno(errno), errno, "%s", path);
	else if ((db = find_open(&info)))
		rc = share(db, options, out);
	else if (is_replaced(real, &info))
		rc = orgdb__fail(
			ORGDB_BUSY, "", "%s: the file was replaced while this process has it open; close it first", path);
	else
		rc = orgdb__log_trouble(orgdb__file_judge(real));
	/* A commit is safe only if the file's name is, and whoever created the file may have died before it saw to that. */
	if (rc == 0 && !db && !options->read_only)
		rc = orgdb__sync_folder(real);
	if (rc == 0 && !db)
		rc = open_new(real, &info, options, out);
	return rc;
}

int orgdb_open(const char *path, const orgdb_options *given, orgdb **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, watch_forks);
	orgdb_options options;
	int rc = check_options(given, &options);
	if (rc != 0)
		return rc;
	if (!path || !*path)
		return orgdb__fail(ORGDB_INVALID, "path", "path must name a file");
	pthread_mutex_lock(&registry_lock);
	struct stat info;
	if (stat(path, &info) != 0) {
		if (errno != ENOENT || options.must_exist)
			rc = orgdb__fail_system(orgdb__code_of_errno(errno), errno, "%s", path);
		else
			rc = create_store(path);
	}
	if (rc == 0)
		rc = open_existing(path, &options, out);
	pthread_mutex_unlock(&registry_lock);
	return rc;
}

/* ---- Hooks ------------------------------------------------------------------------------------------------------- */

/* Takes the registry's lock, whatever it returns. */
static int begin_hooking(void)
{
	pthread_mutex_lock(&registry_lock);
	return registry ? orgdb__fail(ORGDB_BUSY, "", "hooks cannot be set while a store is open") : 0;
}

int orgdb_set_allocator(const orgdb_allocator *allocator)
{
	if (allocator && !(allocator->allocate && allocator->reallocate && allocator->release))
		return orgdb__fail(ORGDB_INVALID, "allocator", "allocator must have all three functions");
	int rc = begin_hooking();
	if (rc == 0)
		orgdb__use_allocator(allocator);
	pthread_mutex_unlock(&registry_lock);
	return rc;
}

int orgdb_set_log(orgdb_log_fn *log, void *context)
{
	int rc = begin_hooking();
	if (rc == 0)
		orgdb__use_log(log, context);
	pthread_mutex_unlock(&registry_lock);
	return rc;
}

/* ---- Closing ----------------------------------------------------------------------------------------------------- */

/* Only looks at what nobody can be changing: without references no new transaction can begin. */
static bool is_unused(struct orgdb *db)
{
	if (db->references > 0)
		return false;
	pthread_mutex_lock(&db->lock);
	bool unused = !db->writing && orgdb__readers_idle(&db->readers);
	pthread_mutex_unlock(&db->lock);
	return unused;
}

/* Under the registry's lock, so that nobody opens a file before LMDB has closed it. */
static void reap(void)
{
	for (struct orgdb **at = &registry; *at;) {
		struct orgdb *db = *at;
		if (is_unused(db)) {
			*at = db->next;
			atomic_fetch_sub(&lingering, 1);
			free_store(db);
		} else {
			at = &db->next;
		}
	}
}

void orgdb__stores_reap(void)
{
	if (atomic_load(&lingering) == 0)
		return;
	pthread_mutex_lock(&registry_lock);
	reap();
	pthread_mutex_unlock(&registry_lock);
}

void orgdb_close(orgdb *db)
{
	if (!db || db->fork_generation != fork_generation)
		return;
	pthread_mutex_lock(&registry_lock);
	if (--db->references == 0) {
		atomic_fetch_add(&lingering, 1);
		reap();
	}
	pthread_mutex_unlock(&registry_lock);
}
