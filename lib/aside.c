/*
 * Files that appear whole or not at all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "id.h"

void orgdb__folder_of(const char *path, char *folder)
{
	snprintf(folder, PATH_MAX, "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash)
		strcpy(folder, ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
}

int orgdb__sync_folder(const char *path)
{
	char folder[PATH_MAX];
	orgdb__folder_of(path, folder);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? 0 : orgdb__fail_system(orgdb__code_of_errno(errno), errno, "%s", folder);
	int error = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
	close(fd);
	if (error == 0)
		return 0;
	return orgdb__fail_system(orgdb__code_of_errno(error), error, "%s: cannot sync the folder", folder);
}

/* link() does not replace: if another process was faster, its file stays. Nor does it follow a symbolic link. */
static int give_name(const char *aside, const char *path)
{
	if (link(aside, path) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP)
		return errno;
	struct stat info; /* A file system without hard links. */
	if (lstat(path, &info) == 0)
		return EEXIST;
	return rename(aside, path) == 0 ? 0 : errno;
}

int orgdb__aside_make(const char *path, int (*build)(const char *aside, void *context), void *context)
{
	char aside[PATH_MAX], random[9] = "";
	int rc = orgdb__random_text(random, 8, 36);
	if (rc != 0)
		return rc;
	if (snprintf(aside, sizeof(aside), "%s.new-%s", path, random) >= (int)sizeof(aside))
		return orgdb__fail_system(ORGDB_IO, ENAMETOOLONG, "%s", path);
	rc = build(aside, context);
	int error = rc == 0 ? give_name(aside, path) : 0;
	unlink(aside);
	if (rc != 0)
		return rc;
	if (error == EEXIST)
		return orgdb__fail_system(ORGDB_EXISTS, error, "%s", path);
	if (error != 0)
		return orgdb__fail_system(orgdb__code_of_errno(error), error, "%s", path);
	return orgdb__sync_folder(path);
}
