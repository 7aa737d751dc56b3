/*
 * Backups: a copy of a store that is in use.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aside.h"
#include "error.h"
#include "store.h"

struct copying {
	struct orgdb *db;
	const char *destination;
	bool compact;
};

static int fail_to_write(const struct copying *copying, int error)
{
	return orgdb__fail_system(orgdb__code_of_errno(error), error, "%s: cannot write the copy", copying->destination);
}

/* The read transaction keeps the map where it is: LMDB's own, in which it copies, is none that movers know of. */
static int copy_snapshot(const struct copying *copying, int fd)
{
	orgdb_txn *txn;
	int rc = orgdb_begin_read(copying->db, &txn);
	if (rc != 0)
		return rc;
	rc = orgdb__kv_copy(copying->db->kv, fd, copying->destination, copying->compact);
	orgdb_end(txn);
	return rc;
}

/* When another process grows the map in the middle, the next transaction follows it. */
static int copy_into(const struct copying *copying, int fd)
{
	int rc = copy_snapshot(copying, fd);
	while (rc == KV_RESIZED) { /* GCOVR_EXCL_START: it must grow within these microseconds. */
		if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) < 0)
			return fail_to_write(copying, errno);
		rc = copy_snapshot(copying, fd);
	} /* GCOVR_EXCL_STOP */
	return rc;
}

static int build_copy(const char *aside, void *context)
{
	const struct copying *copying = context;
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_to_write(copying, errno);
	int rc = copy_into(copying, fd);
	if (rc == 0 && fsync(fd) != 0)
		rc = fail_to_write(copying, errno);
	if (close(fd) != 0 && rc == 0)
		rc = fail_to_write(copying, errno);
	return rc;
}

static int check_arguments(orgdb *db, const char *destination, uint32_t flags)
{
	struct stat info;
	if (flags & ~(uint32_t)ORGDB_COPY_COMPACT)
		return orgdb__fail(ORGDB_INVALID, "flags", "flags must be 0 or ORGDB_COPY_COMPACT");
	if (!destination || !*destination)
		return orgdb__fail(ORGDB_INVALID, "destination", "destination must name a file");
	if (lstat(destination, &info) == 0) /* Better now than after a long copy. */
		return orgdb__fail_system(ORGDB_EXISTS, EEXIST, "%s", destination);
	return orgdb__store_refuse_writer(db);
}

int orgdb_copy(orgdb *db, const char *destination, uint32_t flags)
{
	struct copying copying = { db, destination, flags & ORGDB_COPY_COMPACT };
	int rc = orgdb__store_usable(db);
	if (rc == 0)
		rc = check_arguments(db, destination, flags);
	return rc == 0 ? orgdb__aside_make(destination, build_copy, &copying) : rc;
}
