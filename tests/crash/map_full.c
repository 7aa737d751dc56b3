/*
 * Map full: every call that changes something is made where the map has room for 0 pages, 1, 2 ... until it has room enough,
 * so that each page that the call or its commit takes is once the one too many.
 *
 * Each time the transaction fails as a whole, the map grows, and run again the transaction does what it does where there is
 * room from the start.
 *
 * usage: map_full [--count ROOM] [--directory DIR] [--plant FAULT]
 *
 * With more room than --count nothing is tried; a call that still does not fit by then is told.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../model_input.h"
#include "operations.h"
#include "system.h"
#include "trial.h"

enum {
	PAGE = 4096,
	MAP = 1 << 20, /* The least that a map can be. */
	ENOUGH = 1 << 26,
	BALLAST = 100, /* Pages, in the first try. */
	ROOM_MAX = 1000,
	RUNS_MAX = 20,
};

static const struct trial *trial;
static struct bytes images[ROOM_MAX]; /* Stores by the room that they leave. */

static void open_store(orgdb **db, uint64_t map_size)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = map_size;
	options.row_cache_size = 1 << 16;
	trial_must(orgdb_open(trial->path, &options, db), "open");
}

/* ---- Stores that leave so much room ------------------------------------------------------------------------------ */

static int populate(orgdb_txn *txn, void *context)
{
	static uint8_t map[MAP];
	size_t pages = *(const size_t *)context, size = pages * PAGE - 200; /* The record has more. */
	const uint8_t head[] = { 0x81, 0xa1, 'k', 0xdb, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
		(uint8_t)size };
	memset(map, 'x', sizeof(map));
	memcpy(map, head, sizeof(head));
	orgdb_user user = ORGDB_USER_INIT;
	user.user_id = orgdb_string("auth0|ballast");
	user.app_metadata = (orgdb_value){ map, sizeof(head) + size };
	int rc = operations_populate(txn);
	return rc == 0 ? orgdb_user_create(txn, &user, NULL) : rc;
}

/* A store with a record of so many pages and without free ones; returns how many it has in all. */
static size_t build(size_t ballast, struct bytes *image)
{
	orgdb *db;
	orgdb_txn *txn;
	orgdb_statistics statistics;
	char copy[sizeof(trial->path) + 5];
	snprintf(copy, sizeof(copy), "%s.copy", trial->path);
	empty_folder(trial->folder);
	open_store(&db, ENOUGH);
	trial_must(orgdb_write(db, populate, &ballast), "populate");
	trial_must(orgdb_copy(db, copy, ORGDB_COPY_COMPACT), "copy");
	orgdb_close(db);
	*image = trial_read_file(copy);
	trial_must(orgdb_open(copy, NULL, &db), "open the copy");
	trial_must(orgdb_begin_read(db, &txn), "begin to read");
	trial_must(orgdb_stat(txn, &statistics), "stat");
	orgdb_end(txn);
	orgdb_close(db);
	if (statistics.page_size != PAGE) {
		printf("SKIP map_full: pages have %" PRIu64 " bytes here\n", statistics.page_size);
		exit(77);
	}
	return statistics.used_size / PAGE;
}

static struct bytes image_with(size_t room)
{
	static size_t others; /* Pages beside the ballast. */
	struct bytes first;
	if (others == 0) {
		others = build(BALLAST, &first) - BALLAST;
		free(first.data);
	}
	size_t pages = MAP / PAGE - room;
	if (!images[room].data && build(pages - others, &images[room]) != pages)
		trial_fail("the store that is to leave %zu pages leaves others", room);
	return images[room];
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

struct call {
	const struct operation *operation;
	int runs;
};

static int run(orgdb_txn *txn, void *context)
{
	struct call *call = context;
	call->runs++;
	return call->runs > 1 && planted(trial, "half") ? 0 : call->operation->run(txn);
}

/* As callers do who take transactions into their own hands. */
static int run_until_done(orgdb *db, struct call *call)
{
	for (;;) {
		orgdb_txn *txn;
		int rc = orgdb_begin_write(db, &txn);
		if (rc != 0)
			return rc;
		rc = run(txn, call);
		if (rc == 0)
			rc = orgdb_commit(txn);
		else
			orgdb_end(txn);
		if (rc != ORGDB_MAP_FULL || call->runs > RUNS_MAX)
			return rc;
	}
}

static struct state make(struct call *call, struct bytes image, uint64_t map_size, bool explicitly)
{
	orgdb *db;
	call->runs = 0;
	empty_folder(trial->folder);
	trial_write_file(trial->path, image);
	open_store(&db, map_size);
	trial_must(explicitly ? run_until_done(db, call) : orgdb_write(db, run, call), call->operation->name);
	struct state state = trial_look(db);
	orgdb_close(db);
	return state;
}

/* True if the map was full. */
static bool try_with(const struct operation *operation, size_t room)
{
	struct call call = { .operation = operation };
	struct state expected = make(&call, image_with(room), ENOUGH, false);
	if (call.runs != 1)
		trial_fail("%s: run %d times where there is room enough", operation->name, call.runs);
	struct state got = make(&call, image_with(room), MAP, room % 2);
	if (got.lsn != expected.lsn || got.digest != expected.digest)
		trial_fail("%s with room for %zu pages: the store is not as it should be", operation->name, room);
	return call.runs > 1;
}

int main(int count, char **arguments)
{
	static const char *const plants[] = { "half", NULL };
	static struct trial options = { .count = 100 };
	size_t calls = 0, full = 0;
	system_rehearses = true;
	trial = &options;
	trial_open(&options, count, arguments, plants);
	size_t most = trial->count < ROOM_MAX / 5 ? trial->count : ROOM_MAX / 5;
	for (size_t i = 0; i < operation_count; i++) {
		size_t room = 0;
		if (!operations[i].writes)
			continue;
		while (room < most && try_with(&operations[i], room))
			room++;
		if (room == 0)
			trial_fail("%s: the map was never full", operations[i].name);
		if (room == most && !operations[i].several)
			trial_fail("%s: the map was full even with room for %zu pages", operations[i].name, room);
		calls++;
		full += room;
	}
	printf("%zu calls met a full map %zu times: it grew, and they were done\n", calls, full);
	for (size_t i = 0; i < ROOM_MAX; i++)
		free(images[i].data);
	trial_close(&options);
	return 0;
}
