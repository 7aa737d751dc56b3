/*
 * The key-value layer: one LMDB environment, its tables and its transactions. The only room that knows <lmdb.h>.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* O_TMPFILE */
#include "kv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "aside.h"
#include "error.h"
#include "file.h"
#include "little.h"
#include "log.h"
#include "memory.h"

enum {
	STORE_MODE = 0600, /* Who may log in where is nobody else's business. */
	RENEW_TRIES = 4,
	READER_CHECK_PAGES = 64,
	VERIFY_TRIES = 100,
};

#define MIB (UINT64_C(1) << 20)
#define MAP_SIZE_MIN (1 * MIB)
/* Where address space is short (ulimit -v, valgrind) the map is halved down to this before giving up. */
#define MAP_SIZE_FALLBACK (16 * MIB)

struct kv {
	MDB_env *env;
	char *path;
	uint64_t map_size_max;
	int lock_fd;          /* For looking at others' locks, or -1. Must outlive the environment: see open_lock_file(). */
	bool unlocked;        /* There is no lock file, or none that can be written. */
	bool verify;          /* Every page, while opening. */
	bool dead;            /* The map is gone: nothing can be read any more. */
	size_t readers_check; /* At this page look for dead readers again; only whoever has the turn to write uses it. */
	MDB_dbi places[KV_PLACE_COUNT];
};

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
	uint32_t placed; /* A bit for each table whose cursor belongs to this snapshot. */
	struct kept kept[KV_TABLE_COUNT];
};

_Static_assert(KV_TABLE_COUNT <= 32, "a bit for each table");

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

/* Hot rows are under hashes, which LMDB compares as numbers. */
static unsigned flags_of_place(enum kv_place place)
{
	return place == PLACE_ORGANIZATION_LOGIN ? MDB_INTEGERKEY : 0;
}

bool orgdb__kv_key_possible(enum kv_place place, size_t size)
{
	return flags_of_place(place) & MDB_INTEGERKEY ? size == sizeof(uint64_t) : size > 0 && size <= KEY_SIZE_MAX + 1;
}

/*
 * LMDB reports a write that was cut short as an I/O error. If a full disk did that statvfs() tells, but a quota shows only in
 * the next write: here of a file without a name.
 */
static bool disk_is_full(const char *path)
{
	static const char some[MIB / 16];
	struct statvfs fs;
	if (statvfs(path, &fs) == 0 && fs.f_bavail * fs.f_frsize < sizeof(some))
		return true;
	char folder[PATH_MAX];
	orgdb__folder_of(path, folder);
	int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, STORE_MODE);
	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT;
	ssize_t written = pwrite(fd, some, sizeof(some), 0);
	bool full = written < 0 ? errno == ENOSPC || errno == EDQUOT : written < (ssize_t)sizeof(some);
	close(fd);
	return full;
}

static int name_failure(const char *path, int rc, const char *what)
{
	switch (rc) {
	case MDB_NOTFOUND:
		return ORGDB_NOT_FOUND;
	case MDB_MAP_RESIZED:
		return KV_RESIZED;
	case MDB_MAP_FULL:
		return orgdb__fail(ORGDB_MAP_FULL, "", "%s: the map is full", path);
	case MDB_TXN_FULL:
		return orgdb__fail(ORGDB_TXN_FULL, "", "%s: the transaction changes more pages than LMDB can track", path);
	case MDB_READERS_FULL:
		return orgdb__fail(ORGDB_READERS_FULL, "",
			"%s: every reader slot is taken; end transactions sooner or open with a larger readers_max", path);
	case MDB_VERSION_MISMATCH:
		return orgdb__fail(ORGDB_VERSION_MISMATCH, "", "%s: written by an LMDB of another version", path);
	case MDB_INVALID:
		return orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store", path);
	case MDB_CORRUPTED:
	case MDB_INCOMPATIBLE: /* A table is not of the kind that it was. */
	case MDB_PAGE_NOTFOUND:
	case MDB_BAD_TXN: /* Failures of ours stick, so this is one that LMDB found before. */
	case MDB_CURSOR_FULL:
		return orgdb__fail(ORGDB_CORRUPT, "", "%s: %s: %s", path, what, mdb_strerror(rc));
	case MDB_PANIC:
		return orgdb__fail(ORGDB_PANIC, "", "%s: the store failed for good; close it and open it again", path);
	case EAGAIN:
		return orgdb__fail_system(ORGDB_BUSY, rc,
			"%s: %s: another process with this one's id (in another container?) has the store open", path, what);
	case EIO:
		if (disk_is_full(path))
			return orgdb__fail_system(ORGDB_DISK_FULL, ENOSPC, "%s: %s", path, what);
		return orgdb__fail_system(ORGDB_IO, rc, "%s: %s", path, what);
	default:
		if (rc > 0)
			return orgdb__fail_system(orgdb__code_of_errno(rc), rc, "%s: %s", path, what);
		return orgdb__fail(ORGDB_IO, "", "%s: %s: %s", path, what, mdb_strerror(rc));
	}
}

/* The one place that translates LMDB's codes and the errnos that it passes on. */
static int translate(const char *path, int rc, const char *what)
{
	return orgdb__log_trouble(name_failure(path, rc, what));
}

/* ---- Environments ------------------------------------------------------------------------------------------------ */

/* From `first` to before `end`. */
static int open_places(struct kv *kv, MDB_txn *txn, unsigned flags, int first, int end)
{
	for (int i = first; i < end; i++) {
		int rc = mdb_dbi_open(txn, place_names[i], flags | flags_of_place((enum kv_place)i), &kv->places[i]);
		if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) {
			if (i == PLACE_META)
				return orgdb__fail(
					ORGDB_NOT_A_STORE, "", "%s: not an orgdb store: an LMDB file of something else", kv->path);
			return orgdb__log_trouble(orgdb__fail(
				ORGDB_CORRUPT, "", "%s: the table \"%s\" is missing; restore a backup", kv->path, place_names[i]));
		}
		unsigned found;
		if (rc == 0)
			rc = mdb_dbi_flags(txn, kv->places[i], &found);
		if (rc == 0 && found != flags_of_place((enum kv_place)i))
			return orgdb__log_trouble(orgdb__fail(ORGDB_CORRUPT, "",
				"%s: the table \"%s\" is not of the kind that it should be; restore a backup", kv->path,
				place_names[i]));
		if (rc != 0)
			return translate(kv->path, rc, "cannot open a table");
	}
	return 0;
}

static int name_lock_file(const char *path, char lock_path[PATH_MAX])
{
	if (snprintf(lock_path, PATH_MAX, "%s-lock", path) < PATH_MAX)
		return 0;
	return orgdb__fail_system(ORGDB_IO, ENAMETOOLONG, "%s", path);
}

/*
 * A reader that cannot write itself into the lock file is not seen by writers, which may then reuse the pages that it reads.
 * So it may do without only where nobody has the store open: every process that does holds a lock on the first byte.
 *
 * No lock of this process is lost by closing the file here: the store is not open in it.
 */
static int judge_unlocked(const char *path, const char *lock_path, int error)
{
	int fd = open(lock_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	bool seen = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0;
	if (fd >= 0)
		close(fd);
	if (seen && lock.l_type == F_UNLCK)
		return 0;
	if (seen)
		return orgdb__fail_system(ORGDB_PERMISSION, error,
			"%s: process %ld has the store open, and reading along takes writing to the lock file %s", path,
			(long)lock.l_pid, lock_path);
	return orgdb__fail_system(ORGDB_PERMISSION, error,
		"%s: the lock file %s can be neither written nor read, so nobody can tell whether the store is in use", path,
		lock_path);
}

/* Whether a store that is to be read only must do without its lock file. What else may be wrong with it, LMDB will say. */
static int choose_locking(struct kv *kv)
{
	char lock_path[PATH_MAX];
	int rc = name_lock_file(kv->path, lock_path);
	if (rc != 0)
		return rc;
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, STORE_MODE);
	int error = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (error != EACCES && error != EPERM && error != EROFS)
		return 0;
	kv->unlocked = true;
	rc = judge_unlocked(kv->path, lock_path, error);
	if (rc == 0)
		orgdb__log(ORGDB_LOG_WARNING, "%s: read without its lock file, so that no writer will notice", kv->path);
	return rc;
}

static uint64_t round_to_mib(uint64_t size)
{
	return size > UINT64_MAX - MIB ? UINT64_MAX / MIB * MIB : (size + MIB - 1) / MIB * MIB;
}

static int open_environment(struct kv *kv, unsigned flags, uint64_t map_size, uint32_t readers_max)
{
	int rc = mdb_env_create(&kv->env);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(kv->env, KV_PLACE_COUNT);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(kv->env, readers_max);
	if (rc == 0)
		rc = mdb_env_set_mapsize(kv->env, map_size);
	if (rc == 0)
		rc = mdb_env_open(kv->env, kv->path, flags | MDB_NOSUBDIR | MDB_NOTLS, STORE_MODE);
	if (rc != 0) {
		mdb_env_close(kv->env); /* After a failed open LMDB asks for this. */
		kv->env = NULL;
	}
	return rc;
}

/* Where address space is short, take half of what is to be had: the process needs some for itself. */
static int open_within_limits(struct kv *kv, unsigned flags, uint64_t map_size, uint32_t readers_max)
{
	bool limited = false;
	int rc = open_environment(kv, flags, map_size, readers_max);
	while ((rc == ENOMEM || rc == EINVAL) && map_size > MAP_SIZE_FALLBACK) {
		limited = true;
		map_size = round_to_mib(map_size / 2);
		rc = open_environment(kv, flags, map_size, readers_max);
	}
	if (rc == 0 && limited && map_size > MAP_SIZE_FALLBACK) {
		mdb_env_close(kv->env);
		map_size = round_to_mib(map_size / 2);
		rc = open_environment(kv, flags, map_size, readers_max);
	}
	if (rc == 0 && limited)
		orgdb__log(ORGDB_LOG_WARNING, "%s: address space is limited: the map has %llu MiB", kv->path,
			(unsigned long long)(map_size / MIB));
	return rc;
}

static struct kv *new_kv(const char *path)
{
	struct kv *kv = orgdb__allocate_zeroed(sizeof(*kv));
	if (kv)
		kv->path = orgdb__copy_text(path);
	if (!kv || !kv->path) {
		orgdb__release(kv);
		orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for a store handle");
		return NULL;
	}
	kv->lock_fd = -1;
	return kv;
}

void orgdb__kv_close(struct kv *kv)
{
	if (!kv)
		return;
	if (kv->env)
		mdb_env_close(kv->env);
	if (kv->lock_fd >= 0)
		close(kv->lock_fd);
	orgdb__release(kv->path);
	orgdb__release(kv);
}

/* Begin a transaction, call `use`, which sees the meta table alone, open the other tables, commit: what is opened lasts as
 * long as the environment. */
static int initialize(struct kv *kv, bool create, int (*use)(struct kv_txn *txn, void *context), void *context)
{
	struct kv_txn *txn;
	int rc = orgdb__kv_begin(kv, create, &txn);
	if (rc != 0)
		return rc;
	/* First the one that says whether this library knows the others. */
	unsigned flags = create ? MDB_CREATE : 0;
	if (!create) /* What opening reads, or all. */
		rc = orgdb__kv_verify(txn, kv->verify, NULL);
	if (rc == 0)
		rc = open_places(kv, txn->txn, flags, PLACE_META, PLACE_META + 1);
	if (rc == 0)
		rc = use(txn, context);
	if (rc == 0)
		rc = open_places(kv, txn->txn, flags, PLACE_META + 1, KV_PLACE_COUNT);
	if (rc != 0) {
		orgdb__kv_abort(txn);
		return rc;
	}
	return orgdb__kv_commit(txn);
}

int orgdb__kv_create(const char *path, int (*fill)(struct kv_txn *txn, void *context), void *context)
{
	struct kv *kv = new_kv(path);
	if (!kv)
		return ORGDB_NO_MEMORY;
	/* Nobody else knows the file yet, so it needs no lock file. */
	int rc = open_environment(kv, MDB_NOLOCK, MAP_SIZE_FALLBACK, 1);
	if (rc != 0)
		rc = translate(path, rc, "cannot create the store");
	else
		rc = initialize(kv, true, fill, context);
	if (rc == 0) {
		/* LMDB writes its first meta pages without waiting for them. */
		int error = mdb_env_sync(kv->env, 1);
		if (error != 0)
			rc = translate(path, error, "cannot sync the new store");
	}
	orgdb__kv_close(kv);
	if (rc != 0)
		unlink(path);
	return rc;
}

/* Slots that processes left behind when they died. */
static int clear_stale_readers(struct kv *kv)
{
	int dead = 0;
	mdb_reader_check(kv->env, &dead);
	if (dead > 0)
		orgdb__log(ORGDB_LOG_WARNING, "%s: cleared %d readers of processes that have died", kv->path, dead);
	return dead;
}

/* Who only looks leaves stale readers for all to see. */
static int open_as_set(struct kv *kv, const struct kv_settings *settings, uint64_t map_size)
{
	unsigned flags = (settings->read_only ? MDB_RDONLY : 0) | (settings->relaxed ? MDB_NOMETASYNC : 0) |
		(kv->unlocked ? MDB_NOLOCK : 0);
	int rc = open_within_limits(kv, flags, map_size, settings->readers_max);
	if (rc != 0)
		return translate(kv->path, rc, "cannot open the store");
	if (!settings->read_only)
		clear_stale_readers(kv);
	return 0;
}

/* Other processes may grow the map or commit meanwhile. */
static int initialize_existing(struct kv *kv, int (*look)(struct kv_txn *txn, void *context), void *context)
{
	for (int i = 0; i < VERIFY_TRIES; i++) {
		int rc = initialize(kv, false, look, context);
		if (rc == KV_RESIZED)
			rc = orgdb__kv_adopt_size(kv);
		else if (rc == 0)
			return 0;
		if (rc != 0 && rc != KV_MOVED)
			return rc;
	}
	return orgdb__fail(ORGDB_BUSY, "", "%s: commits follow each other too fast; try again", kv->path);
}

int orgdb__kv_open(
	const struct kv_settings *settings, int (*look)(struct kv_txn *txn, void *context), void *context, struct kv **out)
{
	struct kv *kv = new_kv(settings->path);
	if (!kv)
		return ORGDB_NO_MEMORY;
	kv->verify = settings->verify;
	uint64_t map_size = round_to_mib(settings->map_size);
	kv->map_size_max = settings->map_size_max ? round_to_mib(settings->map_size_max) : UINT64_MAX / MIB * MIB;
	if (map_size > kv->map_size_max)
		map_size = kv->map_size_max;
	int rc = settings->read_only ? choose_locking(kv) : 0;
	if (rc == 0)
		rc = open_as_set(kv, settings, map_size);
	if (rc == 0)
		rc = initialize_existing(kv, look, context);
	if (rc != 0) {
		orgdb__kv_close(kv);
		return rc;
	}
	*out = kv;
	return 0;
}

/*
 * LMDB lets go of the old map before it takes the new one, and after a failure has none, nor a way to get one but to open the
 * file again. Only EINVAL comes before.
 */
static int resize(struct kv *kv, uint64_t size)
{
	MDB_envinfo info;
	int rc = mdb_env_set_mapsize(kv->env, size);
	kv->dead = rc != 0 && rc != EINVAL;
	if (rc == 0 && mdb_env_info(kv->env, &info) == 0)
		orgdb__log(ORGDB_LOG_NOTICE, "%s: the map has grown to %llu MiB%s", kv->path,
			(unsigned long long)(info.me_mapsize / MIB), size == 0 ? ", as another process made it" : "");
	if (kv->dead)
		orgdb__log(ORGDB_LOG_ERROR, "%s: the map is lost; close the store and open it again", kv->path);
	return rc == 0 ? 0 : translate(kv->path, rc, "cannot resize the map; close the store and open it again");
}

int orgdb__kv_grow(struct kv *kv)
{
	MDB_envinfo info;
	mdb_env_info(kv->env, &info);
	if (info.me_mapsize >= kv->map_size_max)
		return orgdb__fail(ORGDB_MAP_FULL, "",
			"%s: the map is full at map_size_max, %llu bytes; open with a larger one", kv->path,
			(unsigned long long)kv->map_size_max);
	uint64_t size = info.me_mapsize > kv->map_size_max / 2 ? kv->map_size_max : round_to_mib(info.me_mapsize * 2);
	return resize(kv, size);
}

int orgdb__kv_adopt_size(struct kv *kv)
{
	return resize(kv, 0);
}

void orgdb__kv_stat(struct kv *kv, struct kv_statistics *out)
{
	MDB_envinfo info = { 0 };
	MDB_stat stat = { 0 };
	if (!kv->dead) {
		mdb_env_info(kv->env, &info);
		mdb_env_stat(kv->env, &stat);
	}
	out->page_size = stat.ms_psize;
	out->used_size = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	out->map_size = info.me_mapsize;
	out->readers = info.me_numreaders;
	out->readers_max = info.me_maxreaders;
}

int orgdb__kv_copy(struct kv *kv, int fd, const char *path, bool compact)
{
	if (kv->dead)
		return translate(kv->path, MDB_PANIC, "");
	int rc = mdb_env_copyfd2(kv->env, fd, compact ? MDB_CP_COMPACT : 0);
	if (rc == MDB_INCOMPATIBLE)
		return orgdb__log_trouble(orgdb__fail(ORGDB_CORRUPT, "",
			"%s: the store has pages that are neither used nor free, or it is damaged; copy it as it is and check the copy",
			kv->path));
	if (rc > 0)
		return orgdb__fail_system(orgdb__code_of_errno(rc), rc, "%s: cannot write the copy", path);
	return rc == 0 ? 0 : translate(kv->path, rc, "cannot copy");
}

/* ---- Readers ----------------------------------------------------------------------------------------------------- */

/*
 * Once this process closes the lock file, it loses every lock that it has on it, and others would take its readers for dead.
 * So the file is opened once and closed after the environment.
 */
static int open_lock_file(struct kv *kv)
{
	char lock_path[PATH_MAX];
	int rc = name_lock_file(kv->path, lock_path);
	if (rc != 0 || kv->lock_fd >= 0)
		return rc;
	kv->lock_fd = open(lock_path, O_RDONLY | O_CLOEXEC);
	if (kv->lock_fd < 0)
		return orgdb__fail_system(orgdb__code_of_errno(errno), errno, "%s", lock_path);
	return 0;
}

/* A process that has readers holds a lock on the byte whose number is its own; nobody sees locks of his own. */
static bool is_gone(struct kv *kv, long process)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = process, .l_len = 1 };
	return process != getpid() && fcntl(kv->lock_fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

struct reader_walk {
	struct kv *kv;
	uint64_t newest;
	bool (*visit)(const struct kv_reader *reader, void *context);
	void *context;
};

/* LMDB tells its readers only as lines of text: process, thread in hexadecimal, transaction or "-"; and a headline. */
static int visit_line(const char *line, void *context)
{
	struct reader_walk *walk = context;
	long process;
	unsigned long long thread, snapshot;
	int fields = sscanf(line, "%ld %llx %llu", &process, &thread, &snapshot);
	if (fields < 2)
		return 0;
	struct kv_reader reader = { (uint64_t)process, thread, fields == 3, 0, is_gone(walk->kv, process) };
	if (reader.active && snapshot < walk->newest)
		reader.behind = walk->newest - snapshot;
	return walk->visit(&reader, walk->context) ? 0 : -1;
}

int orgdb__kv_readers(struct kv *kv, bool (*visit)(const struct kv_reader *reader, void *context), void *context)
{
	MDB_envinfo info;
	if (kv->unlocked)
		return 0;
	if (kv->dead)
		return translate(kv->path, MDB_PANIC, "");
	int rc = open_lock_file(kv);
	if (rc != 0)
		return rc;
	mdb_env_info(kv->env, &info);
	struct reader_walk walk = { kv, info.me_last_txnid, visit, context };
	mdb_reader_list(kv->env, visit_line, &walk); /* Its result is ours. */
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

/* A process that died in a read transaction keeps space from being used again. Then the store grows, so look when it has. */
static void free_dead_readers(struct kv *kv)
{
	MDB_envinfo info;
	mdb_env_info(kv->env, &info);
	if (info.me_last_pgno < kv->readers_check)
		return;
	kv->readers_check = info.me_last_pgno + READER_CHECK_PAGES;
	clear_stale_readers(kv);
}

static int begin_to_read(struct kv *kv, MDB_txn **out)
{
	int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, out);
	if (rc == MDB_READERS_FULL && clear_stale_readers(kv) > 0)
		rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, out);
	if (rc != 0)
		return rc;
	rc = settle_snapshot(kv, *out);
	if (rc != 0)
		mdb_txn_abort(*out);
	return rc;
}

/*
 * Writers of different processes queue here for LMDB's mutex. That survives the death of its owner, but a process that is
 * killed just after it was woken takes the wake-up with it, and who waits behind it sleeps on, it may be for ever. A file
 * lock has no such gap. It only keeps the mutex free of crowds: where it fails, writers still take turns.
 */
static void queue_to_write(struct kv *kv, short type)
{
	mdb_filehandle_t fd;
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	mdb_env_get_fd(kv->env, &fd);
	while (fcntl(fd, F_SETLKW, &lock) != 0 && errno == EINTR)
		continue;
}

static int begin_to_write(struct kv *kv, MDB_txn **out)
{
	free_dead_readers(kv);
	queue_to_write(kv, F_WRLCK);
	int rc = mdb_txn_begin(kv->env, NULL, 0, out);
	if (rc != 0)
		queue_to_write(kv, F_UNLCK);
	return rc;
}

int orgdb__kv_begin(struct kv *kv, bool write, struct kv_txn **out)
{
	if (kv->dead)
		return translate(kv->path, MDB_PANIC, "");
	struct kv_txn *txn = orgdb__allocate_zeroed(sizeof(*txn));
	if (!txn)
		return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for a transaction");
	txn->kv = kv;
	txn->write = write;
	int rc = write ? begin_to_write(kv, &txn->txn) : begin_to_read(kv, &txn->txn);
	if (rc != 0) {
		orgdb__release(txn);
		return translate(kv->path, rc, "cannot begin a transaction");
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
		return translate(txn->kv->path, MDB_PANIC, "");
	int rc = mdb_txn_renew(txn->txn);
	if (rc == 0)
		rc = settle_snapshot(txn->kv, txn->txn);
	return rc == 0 ? 0 : translate(txn->kv->path, rc, "cannot begin a transaction");
}

static void close_cursors(struct kv_txn *txn)
{
	for (int i = 0; i < KV_TABLE_COUNT; i++)
		if (txn->kept[i].cursor)
			mdb_cursor_close(txn->kept[i].cursor);
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
		queue_to_write(kv, F_UNLCK);
	orgdb__release(txn);
	return rc == 0 ? 0 : translate(kv->path, rc, "cannot commit");
}

void orgdb__kv_abort(struct kv_txn *txn)
{
	if (!txn)
		return;
	close_cursors(txn);
	mdb_txn_abort(txn->txn);
	if (txn->write)
		queue_to_write(txn->kv, F_UNLCK);
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
	int code = translate(txn->kv->path, rc, what);
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
	uint32_t bit = UINT32_C(1) << table;
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
		return translate(txn->kv->path, rc, "cannot read the free list");
	*count = 0;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0 && value.mv_size >= sizeof(uint64_t))
		*count += little_get64(value.mv_data);
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 : translate(txn->kv->path, rc, "cannot read the free list");
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
