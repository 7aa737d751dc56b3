/*
 * A new store that is made aside: at its path there is nothing before it is whole.
 *
 * SPDX-License-Identifier: MIT
 */
#include "staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "signals.h"

/* --- The folder --------------------------------------------------------------------------------------------------- */

static char *joined(const char *text, const char *ending)
{
	size_t size = strlen(text) + strlen(ending) + 1;
	char *whole = malloc(size);
	if (whole)
		snprintf(whole, size, "%s%s", text, ending);
	return whole;
}

int staging_begin(struct staging *staging, const char *path)
{
	*staging = (struct staging){ .path = path, .folder = joined(path, ".new-" UNIQUE_ENDING) };
	signals_hold();
	if (!staging->folder || !mkdtemp(staging->folder)) {
		complain("%s: cannot make a store there: %s", path, strerror(errno));
		advise("The folder must exist and you must be allowed to write in it. Nothing was changed.");
		free(staging->folder);
		staging->folder = NULL;
		return STATUS_FAILED;
	}
	staging->store = joined(staging->folder, "/store");
	if (staging->store)
		return STATUS_OK;
	complain("%s: %s", path, strerror(ENOMEM));
	return STATUS_FAILED;
}

/* A new name lasts through a power cut when its folder is synchronized. */
static bool synchronize_folder_of(const char *path)
{
	char *copy = joined(path, "");
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool done = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	free(copy);
	return done;
}

int staging_publish(const struct staging *staging)
{
	if (link(staging->store, staging->path) != 0) {
		complain("%s: cannot put the new store there: %s", staging->path, strerror(errno));
		if (errno == EEXIST)
			advise("Something has that path by now. See what it is, then run the command again.");
		return STATUS_FAILED;
	}
	if (!synchronize_folder_of(staging->path)) {
		complain("%s: the store is there, but may not outlast a power cut: %s", staging->path, strerror(errno));
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

/* Beside the store: its lock file, and what a process that was ended left behind. */
static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(path);
}

void staging_end(struct staging *staging)
{
	if (staging->folder)
		remove_folder(staging->folder);
	free(staging->store);
	free(staging->folder);
	*staging = (struct staging){ 0 };
	signals_release();
}
