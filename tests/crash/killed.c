/*
 * Killed: processes that open, write, read and close a store die by kill -9 at random moments: alone, one after the other
 * in crowds, and all at once.
 *
 * Inside each transaction a writer tells its parent, over a pipe, what the store will hold; after the commit, that it has
 * returned; a reader tells what it sees. Whatever was killed when: the store is sound, it is as one of these transactions
 * was to make it, none whose commit has returned is missing, and no reader has seen anything else. The same store lives
 * through many rounds, then a new one is created under fire.
 *
 * Killed readers, then, must hold up nobody and keep no space: after one has died with a snapshot the file stops growing.
 *
 * usage: killed [--seed S] [--count KILLS] [--directory DIR] [--plant FAULT]
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "trial.h"
#include "workload.h"

enum {
	CROWD = 5, /* Processes in a crowd; the last two of them read. */
	CROWD_READERS = 2,
	ROUNDS_OF_A_STORE = 15,
	EARLY = 20000,    /* Microseconds between a commit that is acknowledged too early and the commit. */
	STUCK = 10000000, /* Microseconds after which who has not committed is stuck. */
	DEAD_READERS = 3,
	SETTLING_COMMITS = 100, /* After these, a dead reader's space is in use again. */
	FURTHER_COMMITS = 400,
	GROWTH_MAX = 1 << 20, /* Bytes. */
};

enum what { OPENED, WILL_COMMIT, COMMITTED, SEEN };

/* Short enough to pass through a pipe in one piece. */
struct message {
	enum what what;
	int process; /* Its place in the round. */
	struct state state;
};

struct round {
	const struct trial *trial;
	struct input input;
	struct state before; /* What the store held; lsn 0: nothing at all. */
	bool exists;         /* Some process has opened it. */
	pid_t processes[CROWD];
	int count, alive;
	int pipe[2];
	struct message *messages;
	size_t message_count, capacity;
};

struct tally {
	uint64_t kills, commits, seen, in_doubt, kept;
};

static struct tally tally;

/* ---- The processes that are killed ------------------------------------------------------------------------------- */

struct process {
	const struct trial *trial;
	struct input input;
	struct message message;
	int pipe;
};

static void die_if(int rc, const char *call)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s: %s\n", call, orgdb_error_name(rc), orgdb_last_error()->message);
	_exit(1);
}

static void tell(struct process *process, enum what what)
{
	process->message.what = what;
	if (write(process->pipe, &process->message, sizeof(process->message)) != (ssize_t)sizeof(process->message))
		_exit(1);
}

static void pass_time(uint32_t microseconds)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)microseconds * 1000 }, NULL);
}

static int change(orgdb_txn *txn, void *context)
{
	struct process *process = context;
	struct state *state = &process->message.state;
	int rc = workload_change(txn, &process->input);
	if (rc == 0)
		rc = workload_touch(txn, &process->input);
	if (rc == 0)
		rc = state_of(txn, state);
	if (rc != 0)
		return rc;
	state->lsn++;
	tell(process, WILL_COMMIT);
	if (planted(process->trial, "early")) {
		tell(process, COMMITTED);
		pass_time(EARLY); /* Else it would take luck to be killed just then. */
	}
	return planted(process->trial, "half") ? workload_touch(txn, &process->input) : 0;
}

static void write_for_ever(struct process *process, orgdb *db)
{
	for (;;) {
		die_if(orgdb_write(db, change, process), "write");
		tell(process, COMMITTED);
	}
}

static void read_once(struct process *process, orgdb *db, uint32_t microseconds)
{
	orgdb_txn *txn;
	die_if(orgdb_begin_read(db, &txn), "begin to read");
	die_if(state_of(txn, &process->message.state), "read everything");
	tell(process, SEEN);
	pass_time(input_below(&process->input, microseconds));
	orgdb_end(txn);
}

static void read_for_ever(struct process *process, orgdb *db)
{
	for (;;)
		read_once(process, db, 3000);
}

static orgdb *open_store(const struct trial *trial, uint32_t durability)
{
	orgdb *db;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 1 << 20; /* So that it grows now and then. */
	options.readers_max = 16;   /* So that dead readers would soon be too many. */
	options.row_cache_size = 1 << 16;
	options.durability = durability;
	die_if(orgdb_open(trial->path, &options, &db), "open");
	return db;
}

/* A handle for each transaction: the locks of a file come and go with those who have it open. */
static void come_and_go(struct process *process, orgdb *db)
{
	for (;;) {
		if (input_chance(&process->input, 50)) {
			die_if(orgdb_write(db, change, process), "write");
			tell(process, COMMITTED);
		} else {
			read_once(process, db, 300);
		}
		orgdb_close(db);
		db = open_store(process->trial, ORGDB_DURABLE);
	}
}

static void spawn(struct round *round, void (*work)(struct process *process, orgdb *db), uint32_t durability)
{
	uint64_t seed = input_random(&round->input);
	pid_t pid = fork();
	if (pid < 0)
		trial_fail("fork: %s", strerror(errno));
	if (pid == 0) {
		struct process process = { .trial = round->trial, .pipe = round->pipe[1], .message.process = round->count };
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* Nobody is left behind when the test fails. */
		close(round->pipe[0]);
		workload_open(&process.input, seed);
		orgdb *db = open_store(round->trial, durability);
		tell(&process, OPENED);
		work(&process, db);
		_exit(0);
	}
	round->processes[round->count++] = pid;
	round->alive++;
}

/* ---- Their parent ------------------------------------------------------------------------------------------------ */

static int64_t microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void keep(struct round *round, const struct message *message)
{
	if (round->message_count == round->capacity) {
		round->capacity = round->capacity ? 2 * round->capacity : 1024;
		round->messages = realloc(round->messages, round->capacity * sizeof(*message));
		if (!round->messages)
			abort();
	}
	round->messages[round->message_count++] = *message;
	tally.commits += message->what == COMMITTED;
	tally.seen += message->what == SEEN;
}

/* The next message; false if none came in time, or none will come any more. */
static bool listen(struct round *round, int64_t until)
{
	struct pollfd poll_fd = { .fd = round->pipe[0], .events = POLLIN };
	struct message message;
	int64_t left = until - microseconds();
	if (left < 0 || poll(&poll_fd, 1, (int)((left + 999) / 1000)) <= 0)
		return false;
	if (read(round->pipe[0], &message, sizeof(message)) != (ssize_t)sizeof(message))
		return false;
	keep(round, &message);
	return true;
}

static bool listen_for(struct round *round, enum what what, int count)
{
	int64_t until = microseconds() + STUCK;
	while (count > 0 && listen(round, until))
		count -= round->messages[round->message_count - 1].what == what;
	return count == 0;
}

static void kill_process(struct round *round, int which)
{
	int status;
	pid_t pid = round->processes[which];
	if (pid == 0)
		return;
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		trial_fail("process %d of %d ended by itself: status %x", which, round->count, (unsigned)status);
	round->processes[which] = 0;
	round->alive--;
	tally.kills++;
}

static void begin_round(struct round *round)
{
	round->count = round->alive = 0;
	round->message_count = 0;
	if (pipe(round->pipe) != 0)
		trial_fail("pipe: %s", strerror(errno));
}

/* Kill who is left, and hear what they had to say. */
static void end_round(struct round *round)
{
	for (int i = 0; i < round->count; i++)
		kill_process(round, i);
	close(round->pipe[1]);
	while (listen(round, microseconds() + STUCK))
		continue;
	close(round->pipe[0]);
}

/* ---- Judgement --------------------------------------------------------------------------------------------------- */

/* Was this state announced by a transaction that may have been committed? */
static bool is_expected(const struct round *round, struct state state)
{
	if (state.lsn == round->before.lsn)
		return state.lsn == 0 || state.digest == round->before.digest;
	for (size_t i = 0; i < round->message_count; i++) {
		const struct message *message = &round->messages[i];
		if (message->what == WILL_COMMIT && message->state.lsn == state.lsn && message->state.digest == state.digest)
			return true;
	}
	return false;
}

static void judge_messages(struct round *round, struct state after)
{
	uint64_t announced = 0;
	for (size_t i = 0; i < round->message_count; i++) {
		const struct message *message = &round->messages[i];
		if (message->what == WILL_COMMIT && message->state.lsn > announced)
			announced = message->state.lsn;
		if (message->what == COMMITTED && message->state.lsn > after.lsn)
			trial_fail(
				"acknowledged commit %" PRIu64 " is lost: the store is at %" PRIu64, message->state.lsn, after.lsn);
		if (message->what == COMMITTED && message->state.lsn == after.lsn && message->state.digest != after.digest)
			trial_fail("commit %" PRIu64 " is not what was acknowledged", after.lsn);
		if (message->what == SEEN && !is_expected(round, message->state))
			trial_fail("a reader saw what no transaction made of commit %" PRIu64, message->state.lsn);
	}
	const struct message *last = round->message_count ? &round->messages[round->message_count - 1] : NULL;
	tally.in_doubt += last && last->what == WILL_COMMIT;
	tally.kept += last && last->what == WILL_COMMIT && announced == after.lsn;
}

static void judge(struct round *round)
{
	orgdb *db;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.must_exist = true;
	for (size_t i = 0; i < round->message_count; i++)
		round->exists |= round->messages[i].what == OPENED;
	int rc = orgdb_open(round->trial->path, &options, &db);
	if (rc == ORGDB_NO_STORE && !round->exists)
		return;
	trial_must(rc, "open what is left");
	struct state after = trial_look(db);
	orgdb_close(db);
	if (!is_expected(round, after))
		trial_fail("commit %" PRIu64 " is half done, or was never made", after.lsn);
	judge_messages(round, after);
	round->before = after;
	round->exists = true;
}

/* ---- Rounds ------------------------------------------------------------------------------------------------------ */

/* Wait for some moment: any, or just about the time of a commit. */
static void wait_for_some_moment(struct round *round)
{
	if (input_chance(&round->input, 50)) {
		int64_t until = microseconds() + input_below(&round->input, 15000);
		while (listen(round, until))
			continue;
	} else if (listen_for(round, WILL_COMMIT, 1 + (int)input_below(&round->input, 10))) {
		pass_time(input_below(&round->input, 300));
	} else {
		trial_fail("nobody writes any more");
	}
}

static void kill_one(struct round *round)
{
	begin_round(round);
	spawn(round, write_for_ever, ORGDB_DURABLE);
	wait_for_some_moment(round);
	end_round(round);
	judge(round);
}

/* One after the other, while the others must go on. */
static void kill_in_crowd(struct round *round)
{
	begin_round(round);
	for (int i = 0; i < CROWD; i++)
		spawn(round, i < CROWD - CROWD_READERS ? write_for_ever : read_for_ever, ORGDB_DURABLE);
	if (!listen_for(round, COMMITTED, 1))
		trial_fail("the crowd never commits");
	static const int order[] = { 0, CROWD - 1, 1 }; /* Two writers and a reader; one of each is left. */
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		wait_for_some_moment(round);
		kill_process(round, order[i]);
		if (!listen_for(round, COMMITTED, 3))
			trial_fail("the others are stuck after process %d was killed", order[i]);
	}
	end_round(round);
	judge(round);
}

static void kill_at_once(struct round *round)
{
	begin_round(round);
	for (int i = 0; i < CROWD; i++)
		spawn(round, come_and_go, ORGDB_DURABLE);
	if (!listen_for(round, COMMITTED, CROWD))
		trial_fail("those who come and go commit nothing any more");
	wait_for_some_moment(round);
	for (int i = 0; i < CROWD; i++)
		kill(round->processes[i], SIGKILL);
	end_round(round);
	judge(round);
}

static void begin_new_store(struct round *round)
{
	empty_folder(round->trial->folder);
	round->before = (struct state){ 0 };
	round->exists = false;
}

/* ---- Dead readers ------------------------------------------------------------------------------------------------ */

static int touch(orgdb_txn *txn, void *context)
{
	return workload_touch(txn, context);
}

static void touch_for_ever(struct process *process, orgdb *db)
{
	for (;;) {
		die_if(orgdb_write(db, touch, &process->input), "write");
		tell(process, COMMITTED);
	}
}

static void hold_snapshot(struct process *process, orgdb *db)
{
	orgdb_txn *txn;
	die_if(orgdb_begin_read(db, &txn), "begin to read");
	tell(process, SEEN);
	pause();
	orgdb_end(txn);
}

static int64_t file_size(const struct trial *trial)
{
	struct stat info;
	return stat(trial->path, &info) == 0 ? info.st_size : 0;
}

static void expect_commits(struct round *round, int count)
{
	if (!listen_for(round, COMMITTED, count))
		trial_fail("a writer is stuck behind a reader");
}

static void kill_reader_with_snapshot(struct round *round)
{
	spawn(round, hold_snapshot, ORGDB_RELAXED);
	if (!listen_for(round, SEEN, 1))
		trial_fail("a reader cannot begin");
	expect_commits(round, SETTLING_COMMITS);
	if (!planted(round->trial, "hold"))
		kill_process(round, round->count - 1);
	expect_commits(round, SETTLING_COMMITS);
	int64_t before = file_size(round->trial);
	expect_commits(round, FURTHER_COMMITS);
	int64_t growth = file_size(round->trial) - before;
	if (growth > GROWTH_MAX)
		trial_fail("the file goes on growing after a reader's death: %" PRId64 " bytes", growth);
}

static void kill_readers(struct round *round)
{
	begin_new_store(round);
	begin_round(round);
	spawn(round, touch_for_ever, ORGDB_RELAXED);
	for (int i = 0; i < DEAD_READERS; i++)
		kill_reader_with_snapshot(round);
	int64_t size = file_size(round->trial);
	end_round(round);
	printf("%d readers killed with a snapshot: the file has %" PRId64 " KiB\n", DEAD_READERS, size / 1024);
}

int main(int count, char **arguments)
{
	static const char *const plants[] = { "early", "half", "hold", NULL };
	struct trial trial = { .count = 200 };
	trial_open(&trial, count, arguments, plants);
	struct round round = { .trial = &trial };
	workload_open(&round.input, trial.seed);
	for (uint64_t i = 0; tally.kills < trial.count; i++) {
		if (i % ROUNDS_OF_A_STORE == 0)
			begin_new_store(&round);
		if (input_chance(&round.input, 15))
			kill_in_crowd(&round);
		else if (input_chance(&round.input, 10))
			kill_at_once(&round);
		else
			kill_one(&round);
	}
	printf("%" PRIu64 " kills: %" PRIu64 " acknowledged commits, none lost; %" PRIu64
		   " states seen by readers, each whole;\n"
		   "%" PRIu64 " commits cut off in the middle, of which %" PRIu64 " were made and the others not at all\n",
		tally.kills, tally.commits, tally.seen, tally.in_doubt, tally.kept);
	fflush(stdout);
	kill_readers(&round);
	free(round.messages);
	input_close(&round.input);
	trial_close(&trial);
	return 0;
}
