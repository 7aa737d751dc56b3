/*
 * orgdb copy: a backup of a store that is in use.
 *
 * The copy is made and checked aside, so that what appears at its path is whole, durable and sound.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apart.h"
#include "check.h"
#include "cli.h"
#include "staging.h"

enum { OPTION_COMPACT };

struct copying {
	const char *store;
	const char *destination;
	uint32_t flags;
	struct staging staging;
	struct progress progress;
	uint64_t total;
};

static uint64_t size_of(const char *path)
{
	struct stat info;
	return lstat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* In the process of its own. */
static int copy_store(void *context)
{
	const struct copying *copying = context;
	orgdb *db;
	int status = open_store(copying->store, true, &db);
	if (status != STATUS_OK)
		return status;
	int code = orgdb_copy(db, copying->staging.store, copying->flags);
	if (code == ORGDB_CORRUPT)
		status = store_failed(code, copying->store);
	else if (code != ORGDB_OK)
		status = store_failed_as(code, copying->staging.store, copying->destination);
	orgdb_close(db);
	return status;
}

/* The file has another name until it is whole; whatever is in the folder is part of it. */
static uint64_t size_so_far(const struct copying *copying)
{
	uint64_t size = 0;
	struct dirent *entry;
	char path[8192];
	DIR *folder = opendir(copying->staging.folder);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' &&
			snprintf(path, sizeof(path), "%s/%s", copying->staging.folder, entry->d_name) < (int)sizeof(path))
			size += size_of(path);
	if (folder)
		closedir(folder);
	return size;
}

static void show_progress(void *context)
{
	char words[PROGRESS_WORDS];
	struct copying *copying = context;
	if (!progress_due(&copying->progress))
		return;
	uint64_t done = size_so_far(copying);
	progress_show("copying: %.1f of %.1f MB, %s", (double)done / 1e6, (double)copying->total / 1e6,
		progress_left(&copying->progress, done, copying->total, words));
}

static int copy_aside(struct copying *copying)
{
	struct apart apart = { .act = copy_store, .meanwhile = show_progress, .context = copying };
	copying->total = size_of(copying->store);
	progress_begin(&copying->progress);
	int status = run_apart(&apart);
	if (apart.crashed) {
		complain("%s: the store is damaged: its pages lead nowhere", copying->store);
		advise("'orgdb check' says more. Nothing was copied.");
	}
	return status;
}

static int check_copy(const struct copying *copying)
{
	struct check check = { .path = copying->staging.store, .shown = copying->store, .quiet = true };
	int status = check_store(&check);
	if (status == STATUS_REFUSED) {
		complain("%s: the copy is damaged, so it is not kept", copying->destination);
		advise("The store itself may be: 'orgdb check' says so. If it is not, suspect the device.");
	}
	return status;
}

static int copy(struct copying *copying)
{
	int status = staging_begin(&copying->staging, copying->destination);
	if (status == STATUS_OK)
		status = copy_aside(copying);
	if (status == STATUS_OK)
		status = check_copy(copying);
	if (status == STATUS_OK)
		status = staging_publish(&copying->staging);
	staging_end(&copying->staging);
	return status;
}

static int run(const struct arguments *arguments)
{
	struct copying copying = {
		.store = arguments->operands[0],
		.destination = arguments->operands[1],
		.flags = option_given(arguments, OPTION_COMPACT) ? ORGDB_COPY_COMPACT : 0,
	};
	struct stat info;
	if (lstat(copying.destination, &info) == 0) {
		complain("%s: cannot copy to it: %s", copying.destination, strerror(EEXIST));
		advise("A copy never replaces anything. Choose another path, or move away what is there.");
		return STATUS_REFUSED;
	}
	int status = copy(&copying);
	if (status == STATUS_OK)
		printf("copied and checked: %" PRIu64 " bytes\n", size_of(copying.destination));
	return status;
}

static const struct parameter operands[] = {
	{ .name = "STORE", .type = VALUE_FILE, .help = "the store" },
	{ .name = "DEST", .type = VALUE_FILE, .help = "where the copy is to be; nothing may be there" },
	{ 0 },
};

static const struct parameter options[] = {
	[OPTION_COMPACT] = { .name = "compact", .help = "leave out free pages and put the others in order" },
	{ 0 },
};

static const struct example examples[] = {
	{ "a backup, while servers use the store", "orgdb copy acme.orgdb backup.orgdb" },
	{ "as small as it can be", "orgdb copy acme.orgdb small.orgdb --compact" },
	{ 0 },
};

const struct command command_copy = {
	.name = "copy",
	.group = GROUP_WHOLE,
	.summary = "make a backup of a store that is in use",
	.help = "Copy one snapshot of STORE to DEST, whatever other programs do to it meanwhile, and check the copy. DEST "
			"appears when the copy is whole, sound and on the device, readable by its owner alone; if anything "
			"fails, nothing is left behind. The copy is a store like any other: to restore it, put it where the "
			"store was, when no program has that open.\n"
			"A copy that is not compact begins when no write transaction is open.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
