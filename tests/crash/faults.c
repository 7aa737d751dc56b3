/*
 * Faults: in every public call, the n-th request to the system fails, for every n until none is left to fail; once, or it
 * and all that follow. Requests for memory, opens, reads, writes, syncs, maps, links, renames, locks ...; for want of
 * memory, of space, of quota, of rights, or broken.
 *
 * Each time: the call says what went wrong, as the fault was; what the store holds is what it held before or, if the call
 * succeeded, what it must hold; the handle works on, or says that it must be opened again; opened again, the store is
 * sound and can be written; and nothing that was taken is kept: no memory, no file, no map.
 *
 * All of it runs in a child process, so that a crash and a dead end are told, too, with the fault that led there.
 *
 * usage: faults [--count N] [--directory DIR] [--plant FAULT]
 *
 * After the first N requests of a kind, ever fewer of them fail; by default, all.
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operations.h"
#include "system.h"
#include "trial.h"
#include "workload.h"

enum {
	PATIENCE = 60, /* Seconds for one fault. */
	LONG = 8,      /* Of what takes long so many n are tried, then ever fewer. */
};

/* What goes wrong. */
struct fault {
	const char *words;
	enum system_call call;
	enum system_verdict verdict;
	int error;
	bool full;    /* And statvfs() says that the disk is full. */
	int expected; /* What the public call must return, if it fails. */
};

static const struct fault faults[] = {
	{ "allocation: no memory", SYSTEM_MEMORY, SYSTEM_FAIL, ENOMEM, false, ORGDB_NO_MEMORY },
	{ "open: broken", SYSTEM_OPEN, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "open: no space", SYSTEM_OPEN, SYSTEM_FAIL, ENOSPC, true, ORGDB_DISK_FULL },
	{ "open: no quota", SYSTEM_OPEN, SYSTEM_FAIL, EDQUOT, false, ORGDB_DISK_FULL },
	{ "open: no right", SYSTEM_OPEN, SYSTEM_FAIL, EACCES, false, ORGDB_PERMISSION },
	{ "open: too many files", SYSTEM_OPEN, SYSTEM_FAIL, EMFILE, false, ORGDB_IO },
	{ "read: broken", SYSTEM_READ, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "write: broken", SYSTEM_WRITE, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "write: no space", SYSTEM_WRITE, SYSTEM_FAIL, ENOSPC, true, ORGDB_DISK_FULL },
	{ "write: no quota", SYSTEM_WRITE, SYSTEM_FAIL, EDQUOT, false, ORGDB_DISK_FULL },
	{ "write: cut short, no space", SYSTEM_WRITE, SYSTEM_SHORT, ENOSPC, true, ORGDB_DISK_FULL },
	{ "write: cut short, no quota", SYSTEM_WRITE, SYSTEM_SHORT, EDQUOT, false, ORGDB_DISK_FULL },
	{ "write: done, but broken", SYSTEM_WRITE, SYSTEM_LATE, EIO, false, ORGDB_IO },
	{ "sync: broken", SYSTEM_SYNC, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "sync: no space", SYSTEM_SYNC, SYSTEM_FAIL, ENOSPC, true, ORGDB_DISK_FULL },
	{ "sync: no quota", SYSTEM_SYNC, SYSTEM_FAIL, EDQUOT, false, ORGDB_DISK_FULL },
	{ "resize: broken", SYSTEM_RESIZE, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "resize: no space", SYSTEM_RESIZE, SYSTEM_FAIL, ENOSPC, true, ORGDB_DISK_FULL },
	{ "map: no memory", SYSTEM_MAP, SYSTEM_FAIL, ENOMEM, false, ORGDB_NO_MEMORY },
	{ "link: broken", SYSTEM_LINK, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "link: no space", SYSTEM_LINK, SYSTEM_FAIL, ENOSPC, true, ORGDB_DISK_FULL },
	{ "link: no quota", SYSTEM_LINK, SYSTEM_FAIL, EDQUOT, false, ORGDB_DISK_FULL },
	{ "rename: broken", SYSTEM_RENAME, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "rename: no space", SYSTEM_RENAME, SYSTEM_FAIL, ENOSPC, true, ORGDB_DISK_FULL },
	{ "unlink: broken", SYSTEM_UNLINK, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "stat: broken", SYSTEM_LOOK, SYSTEM_FAIL, EIO, false, ORGDB_IO },
	{ "lock: none left", SYSTEM_LOCK, SYSTEM_FAIL, ENOLCK, false, ORGDB_IO },
	{ "random numbers: broken", SYSTEM_RANDOM, SYSTEM_FAIL, EIO, false, ORGDB_IO },
};

/* The operation and the fault in hand; shared with the parent. */
struct scene {
	char words[200];
	uint64_t calls, tried, struck[COUNT_OF(faults)];
};
static struct scene *scene;

static const struct trial *trial;
static struct bytes pristine; /* A store that has been populated. */
static struct state populated;

/* ---- The fault ----------------------------------------------------------------------------------------------------- */

static struct {
	const struct fault *fault; /* NULL: nothing fails. */
	uint64_t first;            /* The n. */
	bool for_ever;
	uint64_t seen;
	bool links; /* The file system has hard links. */
	pthread_t thread;
} armed;

/* Does the fault happen now? */
static bool strikes(void)
{
	armed.seen++;
	/* What has not fitted does not fit later. */
	bool goes_on = armed.for_ever || armed.fault->verdict == SYSTEM_SHORT;
	return armed.seen == armed.first || (goes_on && armed.seen > armed.first);
}

static enum system_verdict strike(const struct system_event *event)
{
	/* A thread that LMDB starts takes memory only for the C library and the sanitizers, which cannot do without. */
	bool concerned = event->call != SYSTEM_MEMORY || pthread_equal(pthread_self(), armed.thread);
	if (armed.fault && event->call == armed.fault->call && concerned && strikes()) {
		system_error = armed.fault->error;
		return armed.seen > armed.first && armed.fault->verdict == SYSTEM_SHORT ? SYSTEM_FAIL : armed.fault->verdict;
	}
	if (!armed.links && event->call == SYSTEM_LINK) {
		system_error = EPERM;
		return SYSTEM_FAIL;
	}
	return SYSTEM_PASS;
}

static void arm(const struct fault *fault, uint64_t first, bool for_ever)
{
	system_full = fault->full;
	armed.first = first;
	armed.for_ever = for_ever;
	armed.seen = 0;
	armed.links = fault->call != SYSTEM_RENAME;
	armed.fault = fault;
}

/* Has it happened? */
static bool disarm(void)
{
	armed.fault = NULL;
	armed.links = true;
	system_full = false;
	return armed.seen >= armed.first;
}

/* ---- What it happens in -------------------------------------------------------------------------------------------- */

/* A public call with all around it, from a store to a store. */
struct subject {
	char name[80];
	int (*run)(const struct subject *subject, orgdb *db); /* Without a store, when `opens`. */
	const struct operation *operation;
	bool opens;
	bool from_nothing; /* There is no store before. */
	bool takes_long;   /* So that after the first n only some are tried. */
	struct state before, after;
};

static int open_store(orgdb **db)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 1 << 20;
	options.row_cache_size = 1 << 16;
	options.readers_max = 30; /* So that few are kept, and memory is asked for again. */
	return orgdb_open(trial->path, &options, db);
}

static int run_reading(const struct subject *subject, orgdb *db)
{
	orgdb_txn *txn;
	int rc = orgdb_begin_read(db, &txn);
	if (rc != 0)
		return rc;
	rc = subject->operation->run(txn);
	orgdb_end(txn);
	return rc;
}

/* A call that fails has either changed nothing, or nothing can be committed any more. */
static int run_writing(const struct subject *subject, orgdb *db)
{
	orgdb_txn *txn;
	int rc = orgdb_begin_write(db, &txn);
	if (rc != 0)
		return rc;
	rc = subject->operation->run(txn);
	int committed = orgdb_commit(txn);
	if (rc != 0 && committed != 0 && committed != rc)
		trial_fail("%s: it failed with %s, and the commit with %s", scene->words, orgdb_error_name(rc),
			orgdb_error_name(committed));
	return rc == 0 ? committed : rc;
}

static int run_again(orgdb_txn *txn, void *context)
{
	const struct subject *subject = context;
	return subject->operation->run(txn);
}

static int run_closure(const struct subject *subject, orgdb *db)
{
	return orgdb_write(db, run_again, (void *)(uintptr_t)subject);
}

static int run_opening(const struct subject *subject, orgdb *db)
{
	(void)subject;
	int rc = open_store(&db);
	if (rc == 0)
		orgdb_close(db);
	return rc;
}

static int run_opening_to_read(const struct subject *subject, orgdb *db)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.read_only = true;
	(void)subject;
	int rc = orgdb_open(trial->path, &options, &db);
	if (rc == 0)
		orgdb_close(db);
	return rc;
}

static int run_check(const struct subject *subject, orgdb *db)
{
	(void)subject;
	return orgdb_check(db, NULL);
}

static int run_readers(const struct subject *subject, orgdb *db)
{
	orgdb_reader readers[4];
	size_t count;
	(void)subject;
	return orgdb_readers(db, 0, readers, COUNT_OF(readers), &count);
}

static int run_metrics(const struct subject *subject, orgdb *db)
{
	orgdb_metrics metrics;
	(void)subject;
	return orgdb_metrics_get(db, &metrics);
}

static int run_login(const struct subject *subject, orgdb *db)
{
	(void)subject;
	return operations_log_in(db);
}

static int copy(orgdb *db, uint32_t flags)
{
	char path[sizeof(trial->path) + 5];
	snprintf(path, sizeof(path), "%s.copy", trial->path);
	return orgdb_copy(db, path, flags);
}

static int run_copy(const struct subject *subject, orgdb *db)
{
	(void)subject;
	return copy(db, 0);
}

static int run_compact(const struct subject *subject, orgdb *db)
{
	(void)subject;
	return copy(db, ORGDB_COPY_COMPACT);
}

/* Goes on without what it cannot read, and says so. */
static int run_salvage(const struct subject *subject, orgdb *db)
{
	char path[sizeof(trial->path) + 5];
	(void)subject;
	(void)db;
	snprintf(path, sizeof(path), "%s.copy", trial->path);
	int rc = orgdb_salvage(trial->path, path, 0, NULL);
	bool unread = armed.fault && armed.fault->call == SYSTEM_READ && (rc == ORGDB_CORRUPT || rc == ORGDB_NOT_FOUND);
	return unread ? 0 : rc;
}

/* ---- Judgement --------------------------------------------------------------------------------------------------- */

static void set_stage(const struct subject *subject)
{
	empty_folder(trial->folder);
	if (!subject->from_nothing)
		trial_write_file(trial->path, pristine);
}

static int touch(orgdb_txn *txn, void *context)
{
	return workload_touch(txn, context);
}

static void expect_state(const char *when, struct state got, struct state expected)
{
	if (got.lsn != expected.lsn || got.digest != expected.digest)
		trial_fail("%s: %s, the store is not as it should be: commit %" PRIu64 ", expected %" PRIu64, scene->words,
			when, got.lsn, expected.lsn);
}

static void expect_error(const struct fault *fault, int rc)
{
	const orgdb_error_info *info = orgdb_last_error();
	if (rc == 0)
		return;
	if (rc != fault->expected && rc != ORGDB_PANIC)
		trial_fail("%s: %s: %s; expected %s", scene->words, orgdb_error_name(rc), info->message,
			orgdb_error_name(fault->expected));
	if (info->code != rc || !*info->message)
		trial_fail("%s: %s, but the last error is %s: %s", scene->words, orgdb_error_name(rc),
			orgdb_error_name(info->code), info->message);
}

static void expect_call(const char *call, int rc)
{
	if (rc != 0)
		trial_fail("%s: afterwards, %s: %s: %s", scene->words, call, orgdb_error_name(rc), orgdb_last_error()->message);
}

/* The handle works on, or says in every way that it must be opened again. */
static void expect_handle(orgdb *db, struct state expected)
{
	orgdb_txn *txn;
	struct state state;
	int reading = orgdb_begin_read(db, &txn);
	if (reading == 0) {
		expect_call("read everything", state_of(txn, &state));
		expect_state("with the same handle", state, expected);
		orgdb_end(txn);
	}
	int writing = orgdb_begin_write(db, &txn);
	if (writing == 0)
		orgdb_end(txn);
	if (reading != writing || (reading != 0 && reading != ORGDB_PANIC))
		trial_fail("%s: afterwards, reading gives %s and writing %s", scene->words, orgdb_error_name(reading),
			orgdb_error_name(writing));
}

static void expect_store(struct state expected)
{
	orgdb *db;
	struct input input;
	expect_call("open again", open_store(&db));
	expect_state("opened again", trial_look(db), expected);
	workload_open(&input, 1);
	expect_call("write", orgdb_write(db, touch, &input));
	input_close(&input);
	orgdb_close(db);
}

/* Nothing beside the store and its lock file. */
static void expect_no_litter(const struct fault *fault)
{
	DIR *folder = opendir(trial->folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (strstr(entry->d_name, ".new-") && fault->call != SYSTEM_UNLINK)
			trial_fail("%s: a file is left: %s", scene->words, entry->d_name);
	closedir(folder);
}

static void expect_usage(struct system_usage before, struct system_usage now)
{
	if (now.files != before.files || now.maps != before.maps)
		trial_fail(
			"%s: %ld files and %ld maps are kept", scene->words, now.files - before.files, now.maps - before.maps);
	if (system_counts_blocks() && now.blocks != before.blocks)
		trial_fail("%s: %ld blocks of memory are kept", scene->words, now.blocks - before.blocks);
}

/* ---- Trying ------------------------------------------------------------------------------------------------------ */

/* What must not be: the test must catch these. */
static int misbehave(orgdb *db, int rc)
{
	static void *volatile lost; /* To here, so that the allocation is made. */
	struct input input;
	if (rc == 0)
		return rc;
	if (planted(trial, "leak"))
		lost = malloc(10), (void)lost;
	if (planted(trial, "crash"))
		abort();
	if (planted(trial, "half") && db) {
		workload_open(&input, 1);
		trial_must(orgdb_write(db, touch, &input), "write");
		input_close(&input);
	}
	return planted(trial, "silence") ? 0 : rc;
}

/* A write that has failed, but was made all the same, may also have been the one that commits. */
static struct state expected_state(const struct subject *subject, const struct fault *fault, int rc, struct state got)
{
	bool either = fault->verdict == SYSTEM_LATE && rc != 0;
	if (either && got.lsn == subject->after.lsn)
		return subject->after;
	return rc == 0 ? subject->after : subject->before;
}

/* With the state that it has left. */
static struct state look_again(void)
{
	orgdb *db;
	expect_call("open again", open_store(&db));
	struct state state = trial_look(db);
	orgdb_close(db);
	return state;
}

/* Returns whether the fault happened. */
static bool try(struct subject *subject, const struct fault *fault, uint64_t first, bool for_ever)
{
	orgdb *db = NULL;
	snprintf(scene->words, sizeof(scene->words), "%s, %s %" PRIu64 "%s", subject->name, fault->words, first,
		for_ever ? " and all later ones" : "");
	alarm(PATIENCE);
	set_stage(subject);
	struct system_usage before = system_usage;
	if (!subject->opens)
		expect_call("open", open_store(&db));
	arm(fault, first, for_ever);
	int rc = subject->run(subject, db);
	bool happened = disarm();
	if (happened)
		expect_error(fault, rc);
	else
		expect_call("without a fault", rc);
	rc = misbehave(db, rc);
	struct state expected = expected_state(subject, fault, rc, subject->before);
	if (db && fault->verdict != SYSTEM_LATE)
		expect_handle(db, expected);
	orgdb_close(db);
	expect_usage(before, system_usage);
	expect_no_litter(fault);
	if (fault->verdict == SYSTEM_LATE)
		expected = expected_state(subject, fault, rc, look_again());
	expect_store(expected);
	scene->tried += happened;
	scene->struck[fault - faults] += happened;
	return happened;
}

static void try_all(struct subject *subject)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		for (int for_ever = 0; for_ever < 2; for_ever++)
			for (uint64_t first = 1; try(subject, &faults[i], first, for_ever);)
				first += 1 + first / (subject->takes_long && trial->count > LONG ? LONG : trial->count);
}

/* Without a fault, to learn what it makes of the store. */
static void rehearse(struct subject *subject)
{
	orgdb *db = NULL;
	snprintf(scene->words, sizeof(scene->words), "%s, without a fault", subject->name);
	set_stage(subject);
	subject->before = subject->from_nothing ? (struct state){ 0 } : populated;
	if (!subject->opens)
		expect_call("open", open_store(&db));
	expect_call("without a fault", subject->run(subject, db));
	orgdb_close(db);
	subject->after = look_again();
	if (subject->from_nothing)
		subject->before = subject->after; /* Nothing and an empty store are the same to whoever opens them. */
}

/* The address sanitizer's, where it is linked. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void try_subject(struct subject subject)
{
	scene->calls++;
	rehearse(&subject);
	try_all(&subject);
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
		trial_fail("%s: blocks of memory are kept", subject.name);
}

static void try_operations(void)
{
	for (size_t i = 0; i < operation_count; i++) {
		struct subject subject = { .operation = &operations[i] };
		snprintf(subject.name, sizeof(subject.name), "%s", operations[i].name);
		subject.run = operations[i].several ? run_closure : operations[i].writes ? run_writing : run_reading;
		try_subject(subject);
	}
}

static int populate(orgdb_txn *txn, void *context)
{
	(void)context;
	return operations_populate(txn);
}

static void prepare(void)
{
	orgdb *db;
	trial_must(open_store(&db), "open");
	trial_must(orgdb_write(db, populate, NULL), "populate");
	populated = trial_look(db);
	orgdb_close(db);
	pristine = trial_read_file(trial->path);
}

static void run_everything(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	system_rehearses = true;
	system_before = strike;
	armed.links = true;
	armed.thread = pthread_self();
	prepare();
	const struct subject stores[] = {
		{ .name = "create", .run = run_opening, .opens = true, .from_nothing = true },
		{ .name = "open", .run = run_opening, .opens = true },
		{ .name = "open to read", .run = run_opening_to_read, .opens = true },
		{ .name = "open twice", .run = run_opening },
		{ .name = "check", .run = run_check },
		{ .name = "readers", .run = run_readers },
		{ .name = "metrics", .run = run_metrics },
		{ .name = "login and join", .run = run_login },
		{ .name = "copy", .run = run_copy },
		{ .name = "copy compact", .run = run_compact },
		{ .name = "salvage", .run = run_salvage, .opens = true, .takes_long = true },
	};
	try_operations();
	for (size_t i = 0; i < COUNT_OF(stores); i++)
		try_subject(stores[i]);
	free(pristine.data);
}

int main(int count, char **arguments)
{
	static const char *const plants[] = { "leak", "crash", "half", "silence", NULL };
	struct trial options = { .count = UINT32_MAX };
	int status;
	trial_open(&options, count, arguments, plants);
	trial = &options;
	scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();
	if (child == 0) {
		run_everything();
		exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		trial_fail("%s: it never ends", scene->words);
	if (WIFSIGNALED(status))
		trial_fail("%s: it dies of signal %d", scene->words, WTERMSIG(status));
	if (status != 0)
		return 1;
	printf("%" PRIu64 " calls, %" PRIu64 " faults: each an error and nothing else\n", scene->calls, scene->tried);
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		printf("%7" PRIu64 "  %s\n", scene->struck[i], faults[i].words);
	trial_close(&options);
	return 0;
}
