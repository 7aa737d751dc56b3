/*
 * Power cuts: what a store does is recorded, write by write and sync by sync; then the power fails at random instants of
 * it, and what may be left on the disk is opened and looked at.
 *
 * Always the store is sound and as some transaction made it. In durable mode every commit that had returned is there, in
 * relaxed mode every one but perhaps the last; and a store whose first orgdb_open() had returned is there. It can be
 * written again, and the power fail again: many recordings begin with what a cut has left.
 *
 * usage: power_cut [--seed S] [--count CUTS] [--directory DIR] [--plant FAULT]
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder.h"
#include "trial.h"
#include "workload.h"

enum {
	COMMITS = 40, /* Most in one recording. */
	CUTS_OF_A_RECORDING = 25,
	FIRST_MOMENTS = 24, /* Instants: the creation of a store and its first commit. */
	RELAXED_LOSS = 1,   /* Commits that relaxed mode may lose. */
};

/* A commit of the recording, and when it began to be made and had been made. */
struct commit {
	struct state state;
	size_t begun, made;
};

struct recording {
	const struct trial *trial;
	struct input input;
	uint32_t durability;
	char folder[3600], path[3700];
	struct state before;                /* What the store holds at the start; without a store, nothing. */
	bool exists;                        /* There is a store at the start. */
	size_t opened;                      /* When it was open. */
	struct commit commits[COMMITS + 1]; /* One more for what is written after a cut. */
	size_t count;
};

static struct {
	uint64_t cuts, without_store, lost, unacknowledged;
} tally;

/* ---- Recording --------------------------------------------------------------------------------------------------- */

static int open_store(const struct recording *recording, const char *path, orgdb **db)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = recording->durability;
	options.map_size = 1 << 20;
	options.row_cache_size = 1 << 16;
	return orgdb_open(path, &options, db);
}

/* Now and then, the first process to open it does not live to sync the folder. */
static orgdb *open_first(struct recording *recording)
{
	orgdb *db;
	if (!recording->exists && input_chance(&recording->input, 30)) {
		recorder_break_folder(true);
		if (open_store(recording, recording->path, &db) == 0)
			trial_fail("a store was created in a folder that cannot be synced");
		recorder_break_folder(false);
	}
	trial_must(open_store(recording, recording->path, &db), "open");
	recording->opened = recorder_now();
	return db;
}

static int change(orgdb_txn *txn, void *context)
{
	struct recording *recording = context;
	struct commit *commit = &recording->commits[recording->count];
	int rc = workload_change(txn, &recording->input);
	if (rc == 0)
		rc = workload_touch(txn, &recording->input);
	if (rc == 0)
		rc = state_of(txn, &commit->state);
	commit->state.lsn++;
	commit->begun = recorder_now();
	return rc;
}

static void record(struct recording *recording)
{
	enum recorder_gap gap = planted(recording->trial, "no-sync") ? RECORDER_NO_FILE_SYNC
		: planted(recording->trial, "no-folder-sync")            ? RECORDER_NO_FOLDER_SYNC
																 : RECORDER_WHOLE;
	recorder_start(recording->folder, gap);
	orgdb *db = open_first(recording);
	size_t commits = 1 + input_below(&recording->input, COMMITS);
	for (recording->count = 0; recording->count < commits; recording->count++) {
		trial_must(orgdb_write(db, change, recording), "write");
		recording->commits[recording->count].made = recorder_now();
		if (input_chance(&recording->input, 5)) {
			orgdb_close(db);
			trial_must(open_store(recording, recording->path, &db), "open again");
		}
	}
	orgdb_close(db);
	recorder_stop();
	if (!recorder_agrees())
		trial_fail("the recorder has missed something");
}

/* ---- Judgement --------------------------------------------------------------------------------------------------- */

/* What the store holds after so many commits of the recording. */
static struct state state_after(const struct recording *recording, size_t commits)
{
	return commits == 0 ? recording->before : recording->commits[commits - 1].state;
}

static uint64_t allowed_loss(const struct recording *recording)
{
	if (recording->durability == ORGDB_DURABLE || planted(recording->trial, "strict"))
		return 0;
	return RELAXED_LOSS;
}

static void judge_state(const struct recording *recording, size_t instant, struct state found)
{
	size_t begun = 0, made = 0;
	while (begun < recording->count && recording->commits[begun].begun <= instant)
		begun++;
	while (made < recording->count && recording->commits[made].made <= instant)
		made++;
	uint64_t least = state_after(recording, made).lsn, most = state_after(recording, begun).lsn;
	if (found.lsn + allowed_loss(recording) < least)
		trial_fail("commits are lost: %" PRIu64 " had returned, %" PRIu64 " is left", least, found.lsn);
	if (found.lsn < recording->before.lsn || found.lsn > most)
		trial_fail("commit %" PRIu64 " was never made", found.lsn);
	struct state expected = state_after(recording, (size_t)(found.lsn - recording->before.lsn));
	if (found.lsn > 0 && found.digest != expected.digest)
		trial_fail("commit %" PRIu64 " is not as it was made", found.lsn);
	if (found.lsn < least && least - found.lsn > tally.lost)
		tally.lost = least - found.lsn;
	tally.unacknowledged += found.lsn > least;
}

/* Cut, look, and go on. Returns whether there is a store in @p folder, which then holds *state. */
static bool cut(struct recording *recording, const char *folder, struct state *state)
{
	bool early = input_chance(&recording->input, 25);
	size_t instant = input_below(&recording->input, early ? FIRST_MOMENTS : (uint32_t)recorder_now() + 1);
	char path[3700];
	snprintf(path, sizeof(path), "%s/store.orgdb", folder);
	empty_folder(folder);
	recorder_cut(instant, &recording->input, folder);
	tally.cuts++;
	bool must_exist = recording->exists || recording->opened <= instant;
	if (access(path, F_OK) != 0) {
		if (must_exist)
			trial_fail("the store is gone: cut at %zu, opened at %zu", instant, recording->opened);
		tally.without_store++;
		return false;
	}
	orgdb *db;
	trial_must(open_store(recording, path, &db), "open after the cut");
	judge_state(recording, instant, trial_look(db));
	trial_must(orgdb_write(db, change, recording), "write after the cut");
	*state = trial_look(db);
	orgdb_close(db);
	return true;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static void place(struct recording *recording, uint64_t which)
{
	snprintf(recording->folder, sizeof(recording->folder), "%s/%" PRIu64, recording->trial->folder, which % 2);
	snprintf(recording->path, sizeof(recording->path), "%s/store.orgdb", recording->folder);
}

/* One recording in one folder, its cuts in the other; with the last cut's the next may begin. */
static void run(struct recording *recording, uint64_t which)
{
	struct recording other = { .trial = recording->trial };
	place(recording, which);
	place(&other, which + 1);
	if (!recording->exists) {
		empty_folder(recording->folder);
		recording->before = (struct state){ 0 };
	}
	recording->durability = input_chance(&recording->input, 70) ? ORGDB_DURABLE : ORGDB_RELAXED;
	record(recording);
	struct state left = { 0 };
	bool exists = false;
	for (int i = 0; i < CUTS_OF_A_RECORDING; i++)
		exists = cut(recording, other.folder, &left);
	recording->exists = exists && input_chance(&recording->input, 60);
	recording->before = left;
}

int main(int count, char **arguments)
{
	static const char *const plants[] = { "no-sync", "no-folder-sync", "strict", NULL };
	static struct recording recording;
	struct trial trial = { .count = 500 };
	trial_open(&trial, count, arguments, plants);
	recording.trial = &trial;
	workload_open(&recording.input, trial.seed);
	for (uint64_t i = 0; i < 2; i++) {
		place(&recording, i);
		mkdir(recording.folder, 0700);
	}
	for (uint64_t i = 0; tally.cuts < trial.count; i++)
		run(&recording, i);
	printf("%" PRIu64 " power cuts: every store sound; %" PRIu64 " before there was one; %" PRIu64
		   " with a commit that had not returned yet;\nlost in durable mode: none; in relaxed mode: at most %" PRIu64
		   " commit that had returned\n",
		tally.cuts, tally.without_store, tally.unacknowledged, tally.lost);
	input_close(&recording.input);
	trial_close(&trial);
	return 0;
}
