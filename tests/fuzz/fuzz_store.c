/*
 * Files of stores. The input says how a sound one is damaged: first two bytes how many pages are left of it, if any is cut
 * off; then, as often as there is more, where (4 bytes), how many bytes (1), and these.
 *
 * Promises: opening a file gives an error or a store; a verified open accepts only what can be read, checked and changed
 * without a crash, and refuses nothing that a check finds clean; what is salvaged is sound, and of a clean store it is something.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../exercise.h"
#include "fuzz.h"

const bool fuzz_is_noisy = false;

enum { PAGE = 4096, EDITS_MAX = 64 };

static uint8_t *whole, *damaged;
static size_t whole_size;
static const char *store;

/* FUZZ_BASE is where the golden store is. */
static void read_whole(void)
{
	FILE *file = fopen(FUZZ_BASE, "rb");
	PROMISE("the golden store is there", file && fseek(file, 0, SEEK_END) == 0);
	whole_size = (size_t)ftell(file);
	whole = malloc(whole_size);
	damaged = malloc(whole_size);
	rewind(file);
	PROMISE("the golden store can be read", whole && damaged && fread(whole, 1, whole_size, file) == whole_size);
	fclose(file);
	store = fuzz_path();
}

static size_t damage(struct fuzz_bytes input)
{
	memcpy(damaged, whole, whole_size);
	size_t pages = fuzz_take(&input, 2), size = pages == 0 || pages * PAGE > whole_size ? whole_size : pages * PAGE;
	for (size_t edits = 0; input.size > 0 && edits < EDITS_MAX; edits++) {
		size_t at = fuzz_take(&input, 4) % whole_size, count = 1 + fuzz_take(&input, 1) % 32;
		for (; count > 0 && at < whole_size && input.size > 0; count--)
			damaged[at++] = (uint8_t)fuzz_take(&input, 1);
	}
	return size;
}

static int open_store(bool verify, orgdb **db)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.must_exist = true;
	options.map_size = UINT64_C(16) << 20;
	options.row_cache_size = 1 << 12;
	options.durability = ORGDB_RELAXED;
	options.verify = verify;
	return orgdb_open(store, &options, db);
}

static void exercise(orgdb *db, bool clean)
{
	size_t failures = exercise_read(db);
	failures += exercise_write(db);
	int rc = orgdb_check(db, NULL);
	PROMISE("in a clean store nothing fails", !clean || failures == 0);
	PROMISE("a clean store stays clean", !clean || rc == 0);
}

static bool salvage(uint32_t flags)
{
	char saved[4096];
	orgdb *db;
	snprintf(saved, sizeof(saved), "%s-saved", store);
	int rc = orgdb_salvage(store, saved, flags, NULL);
	if (rc == 0 || rc == ORGDB_CORRUPT) {
		PROMISE("what is salvaged opens", orgdb_open(saved, NULL, &db) == 0);
		PROMISE("what is salvaged is sound", orgdb_check(db, NULL) == 0);
		orgdb_close(db);
	} else {
		PROMISE("nothing is salvaged for a reason", rc == ORGDB_NOT_FOUND || rc == ORGDB_VERSION_MISMATCH);
	}
	fuzz_remove_store(saved);
	return rc == 0 || rc == ORGDB_CORRUPT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	orgdb *db;
	if (!store)
		read_whole();
	size_t left = damage((struct fuzz_bytes){ data, size });
	fuzz_write(store, damaged, left);
	bool salvaged = salvage(size % 2 == 0 ? 0 : ORGDB_SALVAGE_DOUBTFUL);
	if (open_store(false, &db) != 0)
		return 0;
	int checked = orgdb_check(db, NULL);
	orgdb_close(db);
	if (fuzz_planted())
		checked = 0;
	PROMISE("a clean store can be salvaged", salvaged || checked != 0);
	int rc = open_store(true, &db);
	PROMISE("a verified open refuses only what check does", rc == 0 || checked == ORGDB_CORRUPT);
	if (rc == 0) {
		exercise(db, checked == 0);
		orgdb_close(db);
	}
	return 0;
}
