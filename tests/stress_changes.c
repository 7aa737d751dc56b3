/*
 * Changes: what readers see while the store changes, whoever changes it. A plain program, so that it runs under
 * ThreadSanitizer.
 *
 * This process and another take turns to write. Four threads and two more processes read, each with a model of its own that it
 * brings to the state of each snapshot by itself (see stress_tenant.h), and compare every answer with it, field by field.
 *
 * usage: stress_changes FOLDER [--seed N] [--seconds N] [--changes N]
 *
 * It goes on for that many seconds in all, or for at least that many changes with each size of the row cache; and until
 * every reader has seen enough. The same seed makes the same changes; what is asked meanwhile depends on chance, too.
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* For MAP_ANONYMOUS. */
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress_tenant.h"

#define SECOND INT64_C(1000000000)

enum {
	THREADS = 4,
	PROCESSES = 2,
	READERS = THREADS + PROCESSES,
	WRITERS = 2, /* This process is the first. */

	ANSWERS_MIN = 1000, /* What a reader must have seen to mean anything. */
	ENTRIES_MIN = 1000,
	SNAPSHOTS_MIN = 50,
	HELD_MIN = 5,
	PATIENCE = 60, /* How many seconds it may take beyond the others. */
};

/* ---- The run ----------------------------------------------------------------------------------------------------- */

/* What a reader has seen; only it counts. */
struct progress {
	_Atomic uint64_t answers;
	_Atomic uint64_t entries;
	_Atomic uint64_t snapshots; /* Of different states. */
	_Atomic uint64_t held;      /* Asked again when there were newer ones. */
};

/* Shared by all processes. */
struct shared {
	pid_t parent;
	atomic_bool stop, failed;
	atomic_uint turn;              /* Which writer's. */
	_Atomic uint64_t acknowledged; /* The lsn of the last change that has been committed for certain. */
	_Atomic uint64_t changes[WRITERS];
	_Atomic uint64_t dropped;
	_Atomic uint64_t hits, misses;
	struct progress readers[READERS];
};

static struct shared *shared;
static uint64_t seed = 1, changes_min;
static int64_t seconds = 6, until; /* Nanoseconds of the clock. */
static uint64_t row_cache_size;
static char path[4096];

static void fail(const char *what, ...) __attribute__((format(printf, 1, 2), noreturn));
static void fail(const char *what, ...)
{
	va_list arguments;
	va_start(arguments, what);
	flockfile(stderr);
	fprintf(stderr, "stress_changes: seed %" PRIu64 ", row cache %" PRIu64 ", store %s: ", seed, row_cache_size, path);
	vfprintf(stderr, what, arguments);
	fputc('\n', stderr);
	fflush(stderr);
	va_end(arguments);
	atomic_store(&shared->failed, true);
	_exit(1);
}

static void must(int rc, const char *what)
{
	if (rc != 0)
		fail("%s: %s: %s", what, orgdb_error_name(rc), orgdb_last_error()->message);
}

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

static void pause_for(long microseconds)
{
	struct timespec time = { 0, microseconds * 1000 };
	nanosleep(&time, NULL);
}

/* End with the others: when one has failed nobody goes on, nor does anybody outlive the first process. */
static void heed_others(void)
{
	if (getpid() == shared->parent) {
		siginfo_t ended = { 0 };
		waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT);
		if (ended.si_pid != 0 && !atomic_load(&shared->stop))
			fail("a process has ended before its time");
	} else if (getppid() != shared->parent) {
		_exit(1);
	}
	if (atomic_load(&shared->failed))
		_exit(1);
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

/* Who asks, where, and what is true there. */
struct view {
	const char *name;
	orgdb_txn *txn;
	const struct tenant *tenant;
};

static void print_answer(const char *whose, const struct answer *answer, size_t capacity)
{
	fprintf(stderr, "%s: result %s, usage %u, %zu entries\n", whose, orgdb_error_name(answer->result), answer->usage,
		answer->count);
	bool filled = answer->result == ORGDB_OK || answer->result == ORGDB_TRUNCATED;
	for (size_t i = 0; filled && i < answer->count && i < capacity; i++) {
		const orgdb_merged_connection *entry = &answer->entries[i];
		const orgdb_connection *connection = entry->connection;
		fprintf(stderr, "  %.*s (%.*s, \"%.*s\", %.*s, kind %u, show %d) from %u, visible %d, show %d, assign %d, ",
			(int)connection->id.size, connection->id.data, (int)connection->name.size, connection->name.data,
			(int)connection->display_name.size, connection->display_name.data, (int)connection->strategy.size,
			connection->strategy.data, connection->kind, connection->show_as_button, entry->from, entry->visible,
			entry->show_as_button, entry->assign_membership_on_login);
		fprintf(stderr, "signup %d, access %u\n", entry->is_signup_enabled, entry->organization_access_level);
	}
}

static void mismatch(const struct view *view, const char *call, const struct question *question,
	const struct answer *expected, const struct answer *got) __attribute__((noreturn));
static void mismatch(const struct view *view, const char *call, const struct question *question,
	const struct answer *expected, const struct answer *got)
{
	const char *organization = organization_id_of(question);
	flockfile(stderr);
	print_answer("expected", expected, question->capacity);
	print_answer("got", got, question->capacity);
	fail("%s, lsn %" PRIu64 ": the wrong answer to %s(%s, %s, %s), policy %u, visible_only %d, enforce_rules %d, "
		 "capacity %zu; last error: %s",
		view->name, view->tenant->lsn, call, client_ids[question->application], organization ? organization : "none",
		connection_ids[question->connection], question->options.policy, question->options.visible_only,
		question->options.enforce_rules, question->capacity, orgdb_last_error()->message);
}

static bool same_connection(const orgdb_connection *a, const orgdb_connection *b)
{
	return orgdb_str_equal(a->id, b->id) && orgdb_str_equal(a->name, b->name) &&
		orgdb_str_equal(a->display_name, b->display_name) && orgdb_str_equal(a->strategy, b->strategy) &&
		a->kind == b->kind && a->show_as_button == b->show_as_button;
}

static bool same_entry(const orgdb_merged_connection *a, const orgdb_merged_connection *b)
{
	return same_connection(a->connection, b->connection) && a->from == b->from &&
		a->organization_access_level == b->organization_access_level && a->visible == b->visible &&
		a->show_as_button == b->show_as_button && a->assign_membership_on_login == b->assign_membership_on_login &&
		a->is_signup_enabled == b->is_signup_enabled;
}

static bool same_answer(const struct answer *expected, const struct answer *got, size_t capacity)
{
	if (expected->result != got->result || expected->usage != got->usage)
		return false;
	if (got->result != ORGDB_OK && got->result != ORGDB_TRUNCATED)
		return true;
	bool same = expected->count == got->count;
	for (size_t i = 0; same && i < got->count && i < capacity; i++)
		same = same_entry(&expected->entries[i], &got->entries[i]);
	return same;
}

static void compare(const struct view *view, const char *call, const struct question *question,
	const struct answer *expected, const struct answer *got)
{
	if (!same_answer(expected, got, question->capacity))
		mismatch(view, call, question, expected, got);
	for (size_t i = 1; got->result == 0 && i < got->count; i++)
		if (got->entries[i - 1].connection->ordinal >= got->entries[i].connection->ordinal)
			mismatch(view, call, question, expected, got);
}

/* Also compares what the error is about. */
static void compare_failure(const struct view *view, const char *call, const struct question *question,
	const struct answer *expected, const struct answer *got)
{
	if (got->result == ORGDB_NOT_FOUND && !tenant_lacks(view->tenant, question, orgdb_last_error()->field))
		mismatch(view, call, question, expected, got);
	compare(view, call, question, expected, got);
}

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

/* Questions that share their options. */
static void draw_options(uint64_t *random, orgdb_merge_options *options)
{
	*options = (orgdb_merge_options)ORGDB_MERGE_OPTIONS_INIT;
	options->policy = below(random, 3);
	options->visible_only = below(random, 3) == 0;
	options->enforce_rules = below(random, 4) == 0;
}

static void draw_question(uint64_t *random, const orgdb_merge_options *options, struct question *question)
{
	question->options = *options;
	question->application = below(random, 32) ? below(random, APPLICATIONS) : APPLICATIONS;
	question->connection = below(random, CONNECTIONS + 1);
	question->organization = below(random, 16) ? draw_organization(random) : STRANGER + below(random, 3);
	question->capacity = below(random, 8) ? CONNECTIONS : below(random, CONNECTIONS);
}

static size_t ask_merged(const struct view *view, struct question *question, struct answer *got)
{
	struct answer expected;
	tenant_merged(view->tenant, question, &expected);
	orgdb_access access = { .usage = UNKNOWN_USAGE };
	question->options.access = &access;
	got->result = orgdb_merged_connections(view->txn, client_ids[question->application], organization_id_of(question),
		&question->options, got->entries, question->capacity, &got->count);
	got->usage = access.usage;
	compare_failure(view, "merged_connections", question, &expected, got);
	return got->result == 0 ? got->count : 0;
}

static size_t ask_allowed(const struct view *view, struct question *question)
{
	struct answer expected, got = { .count = 1 };
	orgdb_access access = { .usage = UNKNOWN_USAGE };
	question->capacity = CONNECTIONS;
	tenant_allowed(view->tenant, question, &expected);
	question->options.access = &access;
	got.result = orgdb_connection_allowed(view->txn, client_ids[question->application], organization_id_of(question),
		connection_ids[question->connection], &question->options, &got.entries[0]);
	got.usage = access.usage;
	compare_failure(view, "connection_allowed", question, &expected, &got);
	return got.result == 0;
}

enum { BATCH_MAX = 20 };

static size_t ask_batch(const struct view *view, uint64_t *random, size_t count)
{
	struct question questions[BATCH_MAX];
	struct answer got[BATCH_MAX], expected;
	orgdb_merge_question asked[BATCH_MAX];
	orgdb_merge_options options;
	size_t entries = 0;
	int first = 0;
	draw_options(random, &options);
	for (size_t i = 0; i < count; i++) {
		draw_question(random, &options, &questions[i]);
		asked[i] = (orgdb_merge_question){
			.client_id = client_ids[questions[i].application],
			.organization_id = organization_id_of(&questions[i]),
			.array = got[i].entries,
			.capacity = questions[i].capacity,
			.usage = UNKNOWN_USAGE,
		};
	}
	int result = orgdb_merged_connections_batch(view->txn, asked, count, &options);
	for (size_t i = 0; i < count; i++) {
		tenant_merged(view->tenant, &questions[i], &expected);
		got[i].result = asked[i].result;
		got[i].count = asked[i].count;
		got[i].usage = asked[i].usage;
		compare(view, "merged_connections_batch", &questions[i], &expected, &got[i]);
		first = first == 0 ? expected.result : first;
		entries += got[i].result == 0 ? got[i].count : 0;
	}
	if (result != first)
		fail("%s, lsn %" PRIu64 ": a batch returned %s and its first failure is %s", view->name, view->tenant->lsn,
			orgdb_error_name(result), orgdb_error_name(first));
	return entries;
}

/* Ask about as many things as that, in one way or another. */
static void ask(const struct view *view, uint64_t *random, size_t count, struct progress *progress)
{
	size_t entries = 0;
	for (size_t i = 0; i < count; i++) {
		struct question question;
		struct answer got;
		orgdb_merge_options options;
		draw_options(random, &options);
		draw_question(random, &options, &question);
		entries += i % 2 ? ask_allowed(view, &question) : ask_merged(view, &question, &got);
	}
	size_t batch = 1 + below(random, BATCH_MAX);
	entries += ask_batch(view, random, batch);
	if (progress) {
		atomic_fetch_add(&progress->answers, count + batch);
		atomic_fetch_add(&progress->entries, entries);
	}
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

struct writer {
	unsigned number;
	orgdb *db;
	uint64_t random; /* Of what does not matter to the changes. */
	struct tenant tenant, after;
	bool drop;
};

enum { DROPPED = 1 };

static int write_change(orgdb_txn *txn, void *context)
{
	struct writer *writer = context;
	uint64_t lsn;
	must(orgdb_lsn(txn, &lsn), "lsn");
	if (lsn != writer->tenant.lsn)
		fail("writer %u: a transaction after change %" PRIu64 " sees lsn %" PRIu64, writer->number, writer->tenant.lsn,
			lsn);
	/* What it sees of its own changes nobody else does, nor did itself before. */
	bool look = below(&writer->random, 4) == 0;
	struct view view = { "the writer", txn, &writer->tenant };
	if (look)
		ask(&view, &writer->random, 4, NULL);
	writer->after = writer->tenant;
	view.tenant = &writer->after;
	int rc = tenant_change(&writer->after, txn, writer->drop ? 1 + below(&writer->random, 1000) : 0);
	if (rc == 0 && look)
		ask(&view, &writer->random, 4, NULL);
	return rc == 0 && writer->drop ? DROPPED : rc;
}

static void write_one(struct writer *writer)
{
	writer->drop = below(&writer->random, 10) == 0;
	int rc = orgdb_write(writer->db, write_change, writer);
	if (rc == DROPPED) {
		atomic_fetch_add(&shared->dropped, 1);
		return;
	}
	must(rc, "change");
	writer->tenant = writer->after;
	atomic_store(&shared->acknowledged, writer->tenant.lsn);
	atomic_fetch_add(&shared->changes[writer->number], 1);
}

static bool has_seen_enough(const struct progress *progress)
{
	return atomic_load(&progress->answers) >= ANSWERS_MIN && atomic_load(&progress->entries) >= ENTRIES_MIN &&
		atomic_load(&progress->snapshots) >= SNAPSHOTS_MIN && atomic_load(&progress->held) >= HELD_MIN;
}

static bool have_all_seen_enough(void)
{
	for (unsigned i = 0; i < READERS; i++) {
		const struct progress *progress = &shared->readers[i];
		if (has_seen_enough(progress))
			continue;
		if (now() > until + PATIENCE * SECOND)
			fail("reader %u has seen too little: %" PRIu64 " answers with %" PRIu64 " entries in %" PRIu64
				 " snapshots, of which it held %" PRIu64,
				i, atomic_load(&progress->answers), atomic_load(&progress->entries), atomic_load(&progress->snapshots),
				atomic_load(&progress->held));
		return false;
	}
	return true;
}

static bool is_over(const struct writer *writer)
{
	if (changes_min > 0 ? writer->tenant.lsn <= changes_min : now() < until)
		return false;
	return atomic_load(&shared->changes[1 - writer->number]) > 0 && have_all_seen_enough();
}

/* Stretches of changes, some at full speed; then it is the other writer's turn. */
static void write_changes(orgdb *db, unsigned number)
{
	static struct writer writer;
	writer = (struct writer){ .number = number, .db = db, .random = seed + 1000 + number, .tenant.seed = seed };
	while (!atomic_load(&shared->stop)) {
		heed_others();
		if (atomic_load(&shared->turn) != number) {
			pause_for(50);
			continue;
		}
		tenant_advance(&writer.tenant, atomic_load(&shared->acknowledged));
		uint32_t stretch = 1 + below(&writer.random, 30);
		long moment = 150 * below(&writer.random, 4);
		for (uint32_t i = 0; i < stretch; i++) {
			write_one(&writer);
			if (moment > 0)
				pause_for(moment);
		}
		if (is_over(&writer))
			atomic_store(&shared->stop, true);
		atomic_store(&shared->turn, (number + 1) % WRITERS);
	}
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

struct reader {
	struct progress *progress;
	char name[24];
	orgdb *db;
	uint64_t random;
	struct tenant tenant; /* Of the newest snapshot. */

	/* An older one, and what it answered at first. */
	struct view held;
	struct tenant held_tenant;
	struct question question;
	struct answer answer;
	uint64_t hold_until_lsn;
	int64_t hold_until;
};

/* A snapshot that begins after a commit, whoever's, holds it. */
static orgdb_txn *begin(struct reader *reader)
{
	orgdb_txn *txn;
	uint64_t lsn, earliest = atomic_load(&shared->acknowledged);
	must(orgdb_begin_read(reader->db, &txn), "begin");
	must(orgdb_lsn(txn, &lsn), "lsn");
	uint64_t latest = atomic_load(&shared->acknowledged) + 1;
	if (lsn < earliest || lsn > latest || lsn < reader->tenant.lsn)
		fail("%s: a snapshot has lsn %" PRIu64 ", which must be %" PRIu64 " to %" PRIu64 " and was %" PRIu64,
			reader->name, lsn, earliest, latest, reader->tenant.lsn);
	if (lsn > reader->tenant.lsn)
		atomic_fetch_add(&reader->progress->snapshots, 1);
	tenant_advance(&reader->tenant, lsn);
	return txn;
}

static void hold(struct reader *reader, orgdb_txn *txn)
{
	reader->held_tenant = reader->tenant;
	reader->held = (struct view){ reader->name, txn, &reader->held_tenant };
	orgdb_merge_options options;
	draw_options(&reader->random, &options);
	draw_question(&reader->random, &options, &reader->question);
	ask_merged(&reader->held, &reader->question, &reader->answer);
	reader->hold_until_lsn = reader->tenant.lsn + 1 + below(&reader->random, 40);
	reader->hold_until = now() + SECOND / 20;
}

/* What was handed out at first must be there to the end. */
static void let_go(struct reader *reader)
{
	struct answer expected;
	tenant_merged(&reader->held_tenant, &reader->question, &expected);
	compare(&reader->held, "merged_connections, at first", &reader->question, &expected, &reader->answer);
	orgdb_end(reader->held.txn);
	reader->held.txn = NULL;
}

static void ask_held(struct reader *reader)
{
	ask(&reader->held, &reader->random, 4, reader->progress);
	bool is_old = reader->tenant.lsn > reader->held_tenant.lsn;
	if (reader->tenant.lsn < reader->hold_until_lsn && now() < reader->hold_until)
		return;
	atomic_fetch_add(&reader->progress->held, is_old);
	let_go(reader);
}

static void read_once(struct reader *reader)
{
	uint64_t before = reader->tenant.lsn;
	orgdb_txn *txn = begin(reader);
	struct view view = { reader->name, txn, &reader->tenant };
	ask(&view, &reader->random, below(&reader->random, 10), reader->progress);
	if (reader->held.txn) {
		/* Older and newer by turns. */
		ask_held(reader);
		ask(&view, &reader->random, 2, reader->progress);
	}
	if (!reader->held.txn && below(&reader->random, 4) == 0)
		hold(reader, txn);
	else
		orgdb_end(txn);
	if (view.tenant->lsn == before)
		pause_for(200); /* Nothing new: let the writers go on. */
}

static void read_changes(orgdb *db, unsigned number)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	if (!reader)
		fail("no memory");
	reader->progress = &shared->readers[number];
	reader->db = db;
	reader->random = seed + 2000 + number;
	reader->tenant.seed = seed;
	snprintf(reader->name, sizeof(reader->name), "%s %u", number < THREADS ? "thread" : "process", number);
	bool last;
	do {
		heed_others();
		last = atomic_load(&shared->stop);
		read_once(reader);
	} while (!last);
	if (reader->held.txn)
		let_go(reader);
	free(reader);
}

/* ---- All together ------------------------------------------------------------------------------------------------ */

static orgdb *open_store(void)
{
	orgdb *db;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	/* Large enough to stay where it is: no map moves while a thread that holds one snapshot begins another. */
	options.map_size = UINT64_C(1) << 30;
	options.durability = ORGDB_RELAXED;
	options.row_cache_size = row_cache_size;
	must(orgdb_open(path, &options, &db), "open");
	return db;
}

static void close_store(orgdb *db)
{
	orgdb_txn *txn;
	orgdb_statistics statistics;
	must(orgdb_begin_read(db, &txn), "begin");
	must(orgdb_stat(txn, &statistics), "statistics");
	orgdb_end(txn);
	atomic_fetch_add(&shared->hits, statistics.row_cache_hits);
	atomic_fetch_add(&shared->misses, statistics.row_cache_misses);
	orgdb_close(db);
}

static void create_store(void)
{
	static struct writer writer;
	orgdb *db = open_store();
	writer = (struct writer){ .db = db, .tenant.seed = seed };
	must(orgdb_write(db, write_change, &writer), "populate");
	atomic_store(&shared->acknowledged, 1);
	orgdb_close(db);
}

static void start_process(void (*work)(orgdb *db, unsigned number), unsigned number)
{
	pid_t child = fork();
	if (child < 0)
		fail("cannot start a process");
	if (child > 0)
		return;
	orgdb *db = open_store();
	work(db, number);
	close_store(db);
	exit(0);
}

struct thread {
	pthread_t id;
	orgdb *db;
	unsigned number;
};

static void *thread_main(void *context)
{
	struct thread *thread = context;
	read_changes(thread->db, thread->number);
	return NULL;
}

static void work_here(void)
{
	struct thread threads[THREADS];
	orgdb *db = open_store();
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i].db = db;
		threads[i].number = i;
		if (pthread_create(&threads[i].id, NULL, thread_main, &threads[i]) != 0)
			fail("cannot start a thread");
	}
	write_changes(db, 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	for (int i = 0, status; i < PROCESSES + WRITERS - 1; i++)
		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail("a process has failed");
	must(orgdb_check(db, NULL), "check");
	close_store(db);
}

static void report(void)
{
	uint64_t hits = atomic_load(&shared->hits), misses = atomic_load(&shared->misses);
	uint64_t answers = 0, entries = 0, snapshots = 0, held = 0;
	if (row_cache_size > 0 ? hits == 0 || misses == 0 : hits + misses > 0)
		fail("%" PRIu64 " hits and %" PRIu64 " misses of the row cache", hits, misses);
	for (unsigned i = 0; i < READERS; i++) {
		answers += atomic_load(&shared->readers[i].answers);
		entries += atomic_load(&shared->readers[i].entries);
		snapshots += atomic_load(&shared->readers[i].snapshots);
		held += atomic_load(&shared->readers[i].held);
	}
	printf("row cache %" PRIu64 ": %" PRIu64 " + %" PRIu64 " changes, %" PRIu64 " dropped; ", row_cache_size,
		atomic_load(&shared->changes[0]), atomic_load(&shared->changes[1]), atomic_load(&shared->dropped));
	printf("%" PRIu64 " answers with %" PRIu64 " entries in %" PRIu64 " snapshots, %" PRIu64 " held; ", answers,
		entries, snapshots, held);
	printf("%" PRIu64 " hits, %" PRIu64 " misses\n", hits, misses);
}

static void run(const char *folder, uint64_t size)
{
	row_cache_size = size;
	snprintf(path, sizeof(path), "%s/stress-changes-%ld.orgdb", folder, (long)getpid());
	memset(shared, 0, sizeof(*shared));
	shared->parent = getpid();
	create_store();
	until = now() + seconds * SECOND / 3;
	fflush(stdout);
	/* While this process has no threads and no handle. */
	for (unsigned i = THREADS; i < READERS; i++)
		start_process(read_changes, i);
	start_process(write_changes, 1);
	work_here();
	report();
	unlink(path);
	strcat(path, "-lock");
	unlink(path);
}

static int usage(void)
{
	fprintf(stderr, "usage: stress_changes FOLDER [--seed N] [--seconds N] [--changes N]\n");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc % 2 != 0)
		return usage();
	for (int i = 2; i < argc; i += 2) {
		uint64_t number = strtoull(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--seed") == 0)
			seed = number;
		else if (strcmp(argv[i], "--seconds") == 0)
			seconds = (int64_t)number;
		else if (strcmp(argv[i], "--changes") == 0)
			changes_min = number;
		else
			return usage();
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return perror("mmap"), 1;
	tenant_make_ids();
	run(argv[1], ORGDB_ROW_CACHE_SIZE);
	run(argv[1], 4096);
	run(argv[1], 0);
	munmap(shared, sizeof(*shared));
	return 0;
}
