/*
 * Environments: an LMDB environment as a store's file, its map, its lock file and its readers; and what LMDB's failures mean.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* O_TMPFILE */
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "aside.h"
#include "error.h"
#include "log.h"
#include "memory.h"

enum {
	STORE_MODE = 0600, /* Who may log in where is nobody else's business. */
	READER_CHECK_PAGES = 64,
	VERIFY_TRIES = 100,
};

#define MIB (UINT64_C(1) << 20)
/* Where address space is short (ulimit -v, valgrind) the map is halved down to this before giving up. */
#define MAP_SIZE_FALLBACK (16 * MIB)

/* ---- Failures ---------------------------------------------------------------------------------------------------- */

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
	/* GCOVR_EXCL_START: files are judged before LMDB sees them, so it finds little; and tests have no two containers. */
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
	case EAGAIN:
		return orgdb__fail_system(ORGDB_BUSY, rc,
			"%s: %s: another process with this one's id (in another container?) has the store open", path, what);
	/* GCOVR_EXCL_STOP */
	case MDB_PANIC:
		return orgdb__fail(ORGDB_PANIC, "", "%s: the store failed for good; close it and open it again", path);
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

int orgdb__lmdb_failed(const char *path, int rc, const char *what)
{
	return orgdb__log_trouble(name_failure(path, rc, what));
}

/* ---- Environments ------------------------------------------------------------------------------------------------ */

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

/*
 * Make the lock file, before LMDB does, which would follow a link that somebody has put there, and write into what it leads to.
 * Then see whether a store that is to be read only must do without. What else may be wrong, LMDB will say.
 */
static int choose_locking(struct kv *kv, bool read_only)
{
	char lock_path[PATH_MAX];
	int rc = name_lock_file(kv->path, lock_path);
	if (rc != 0)
		return rc;
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, STORE_MODE);
	int error = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (error == ELOOP)
		return orgdb__fail_system(ORGDB_PERMISSION, error, "%s is a symbolic link; remove it", lock_path);
	if (!read_only || (error != EACCES && error != EPERM && error != EROFS))
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
	kv->reader_age_max = UINT64_MAX;
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
	/* First the table that says whether this library knows the others. */
	if (!create) /* What opening reads, or all. */
		rc = orgdb__kv_verify(txn, kv->verify, NULL);
	if (rc == 0)
		rc = orgdb__kv_open_places(txn, create, PLACE_META, PLACE_META + 1);
	if (rc == 0)
		rc = use(txn, context);
	if (rc == 0)
		rc = orgdb__kv_open_places(txn, create, PLACE_META + 1, KV_PLACE_COUNT);
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
		rc = orgdb__lmdb_failed(path, rc, "cannot create the store");
	else
		rc = initialize(kv, true, fill, context);
	if (rc == 0) {
		/* LMDB writes its first meta pages without waiting for them. */
		int error = mdb_env_sync(kv->env, 1);
		if (error != 0)
			rc = orgdb__lmdb_failed(path, error, "cannot sync the new store");
	}
	orgdb__kv_close(kv);
	if (rc != 0)
		unlink(path);
	return rc;
}

int orgdb__environment_clear_readers(struct kv *kv)
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
		return orgdb__lmdb_failed(kv->path, rc, "cannot open the store");
	if (!settings->read_only)
		orgdb__environment_clear_readers(kv);
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
	if (settings->reader_age_max > 0)
		kv->reader_age_max = settings->reader_age_max;
	uint64_t map_size = round_to_mib(settings->map_size);
	kv->map_size_max = settings->map_size_max ? round_to_mib(settings->map_size_max) : UINT64_MAX / MIB * MIB;
	if (map_size > kv->map_size_max)
		map_size = kv->map_size_max;
	int rc = choose_locking(kv, settings->read_only);
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
	return rc == 0 ? 0 : orgdb__lmdb_failed(kv->path, rc, "cannot resize the map; close the store and open it again");
}

int orgdb__kv_may_grow(struct kv *kv)
{
	MDB_envinfo info;
	mdb_env_info(kv->env, &info);
	if (info.me_mapsize < kv->map_size_max)
		return 0;
	return orgdb__fail(ORGDB_MAP_FULL, "", "%s: the map is full at map_size_max, %llu bytes; open with a larger one",
		kv->path, (unsigned long long)kv->map_size_max);
}

int orgdb__kv_grow(struct kv *kv)
{
	MDB_envinfo info;
	mdb_env_info(kv->env, &info);
	return resize(kv, info.me_mapsize > kv->map_size_max / 2 ? kv->map_size_max : round_to_mib(info.me_mapsize * 2));
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
		return orgdb__lmdb_failed(kv->path, MDB_PANIC, "");
	int rc = mdb_env_copyfd2(kv->env, fd, compact ? MDB_CP_COMPACT : 0);
	if (rc == MDB_INCOMPATIBLE)
		return orgdb__log_trouble(orgdb__fail(ORGDB_CORRUPT, "",
			"%s: the store has pages that are neither used nor free, or it is damaged; copy it as it is and check the copy",
			kv->path));
	if (rc > 0)
		return orgdb__fail_system(orgdb__code_of_errno(rc), rc, "%s: cannot write the copy", path);
	return rc == 0 ? 0 : orgdb__lmdb_failed(kv->path, rc, "cannot copy");
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

/* LMDB tells its readers only as lines of text: process, thread in hexadecimal, transaction or "-"; and a headline. */
static bool read_line(const char *line, uint64_t newest, struct kv_reader *reader)
{
	unsigned long long process, thread, snapshot;
	int fields = sscanf(line, "%llu %llx %llu", &process, &thread, &snapshot);
	if (fields < 2)
		return false;
	*reader = (struct kv_reader){ .process = process, .thread = thread, .active = fields == 3 };
	if (reader->active && snapshot < newest)
		reader->behind = newest - snapshot;
	return true;
}

struct reader_walk {
	struct kv *kv;
	uint64_t newest;
	bool (*visit)(const struct kv_reader *reader, void *context);
	void *context;
};

static int visit_line(const char *line, void *context)
{
	struct reader_walk *walk = context;
	struct kv_reader reader;
	if (!read_line(line, walk->newest, &reader))
		return 0;
	reader.old = reader.behind >= walk->kv->reader_age_max;
	reader.stale = is_gone(walk->kv, (long)reader.process);
	return walk->visit(&reader, walk->context) ? 0 : -1;
}

int orgdb__kv_readers(struct kv *kv, bool (*visit)(const struct kv_reader *reader, void *context), void *context)
{
	MDB_envinfo info;
	if (kv->unlocked)
		return 0;
	if (kv->dead)
		return orgdb__lmdb_failed(kv->path, MDB_PANIC, "");
	int rc = open_lock_file(kv);
	if (rc != 0)
		return rc;
	mdb_env_info(kv->env, &info);
	struct reader_walk walk = { kv, info.me_last_txnid, visit, context };
	mdb_reader_list(kv->env, visit_line, &walk); /* Its result is ours. */
	return 0;
}

/* ---- Readers that hold up space ---------------------------------------------------------------------------------- */

/* A process that died in a read transaction keeps space from being used again. Then the store grows, so look when it has. */
static void clear_after_growth(struct kv *kv, const MDB_envinfo *info)
{
	if (info->me_last_pgno < kv->readers_check)
		return;
	kv->readers_check = info->me_last_pgno + READER_CHECK_PAGES;
	orgdb__environment_clear_readers(kv);
}

struct age_walk {
	struct kv *kv;
	uint64_t newest, passed; /* The newest snapshot, and how many since the last look. */
};

/* Name a reader when it has become old, and each time that it has become as much older. */
static int name_if_old(const char *line, void *context)
{
	const struct age_walk *walk = context;
	struct kv_reader reader;
	if (!read_line(line, walk->newest, &reader))
		return 0;
	uint64_t age = walk->kv->reader_age_max, before = reader.behind > walk->passed ? reader.behind - walk->passed : 0;
	if (reader.behind / age != before / age)
		orgdb__log(ORGDB_LOG_WARNING,
			"%s: process %llu has a read transaction open since %llu changes (thread %llx); space that they freed cannot be "
			"used again until it ends",
			walk->kv->path, (unsigned long long)reader.process, (unsigned long long)reader.behind,
			(unsigned long long)reader.thread);
	return 0;
}

/* Often enough to be a quarter of the age late at most. */
static void name_old_readers(struct kv *kv, const MDB_envinfo *info)
{
	struct age_walk walk = { kv, info->me_last_txnid, info->me_last_txnid - kv->ages_seen };
	if (walk.passed <= kv->reader_age_max / 4)
		return;
	kv->ages_seen = info->me_last_txnid;
	mdb_reader_list(kv->env, name_if_old, &walk);
}

void orgdb__environment_tend_readers(struct kv *kv)
{
	MDB_envinfo info;
	mdb_env_info(kv->env, &info);
	clear_after_growth(kv, &info);
	name_old_readers(kv, &info);
}

/* ---- Taking turns ------------------------------------------------------------------------------------------------ */

/*
 * Writers of different processes queue here for LMDB's mutex. That survives the death of its owner, but a process that is
 * killed just after it was woken takes the wake-up with it, and who waits behind it sleeps on, it may be for ever. A file
 * lock has no such gap. It only keeps the mutex free of crowds: where it fails, writers still take turns.
 */
static void lock_turn(struct kv *kv, short type)
{
	mdb_filehandle_t fd;
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	mdb_env_get_fd(kv->env, &fd);
	while (fcntl(fd, F_SETLKW, &lock) != 0 && errno == EINTR)
		continue;
}

void orgdb__environment_queue(struct kv *kv)
{
	lock_turn(kv, F_WRLCK);
}

void orgdb__environment_leave(struct kv *kv)
{
	lock_turn(kv, F_UNLCK);
}
