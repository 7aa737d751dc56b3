/*
 * The model test: random operations through the public API, each answer compared with that of a naive model.
 *
 *     model_test [--operations N] [--seed S] [--directory DIR] [--verbose]
 *
 * A plain program, so that it also runs under ThreadSanitizer and valgrind. The same seed and number of operations
 * replay exactly, but for the ids that the library makes up. Exits with 1 at the first difference.
 *
 * SPDX-License-Identifier: MIT
 */
#include "model_driver.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SNAPSHOTS 3
#define ATTEMPTS_MAX 40 /* To find room in a map that doubles; more would mean that it does not grow. */

#define CONNECTIONS (1u << ORGDB_KIND_CONNECTION)
#define APPLICATIONS (1u << ORGDB_KIND_APPLICATION)
#define USERS (1u << ORGDB_KIND_USER)
#define ORGANIZATIONS (1u << ORGDB_KIND_ORGANIZATION)

/* The pools: connections, applications, roles, users, organizations, email templates, discovery domains, invitations. */
static const struct shape shapes[] = {
	/* Few of each, so that everything meets: names and ids taken, edges there already. */
	{ "dense", 22, { 7, 4, 5, 9, 7, 14, 12, 10 }, 0, 0, 40, 25, 1024, 0 },
	/* Starts in the smallest map, so transactions run again and again until it has grown. */
	{ "cramped", 6, { 60, 60, 100, 2000, 400, 14, 150, 200 }, 0, 0, 100, 100, 1, 0 },
	/* One organization with thousands of members, so chunks split and merge. */
	{ "crowd", 20, { 6, 3, 6, 4000, 3, 14, 20, 900 }, ORGANIZATIONS, 1u << ORGDB_KIND_MEMBERSHIP, 6, 60, 1024,
		ORGDB_KIND_USER },
	/* One user in thousands of organizations. */
	{ "wanderer", 15, { 5, 3, 4, 4, 3500, 14, 300, 60 }, USERS, 1u << ORGDB_KIND_MEMBERSHIP, 6, 60, 1024,
		ORGDB_KIND_ORGANIZATION },
	/* A connection that thousands of organizations have enabled. */
	{ "popular", 15, { 6, 4, 3, 5, 3500, 14, 40, 300 }, CONNECTIONS, 1u << ORGDB_KIND_ENABLED_CONNECTION, 6, 60, 1024,
		ORGDB_KIND_ORGANIZATION },
	/* Many connections of many applications and of an organization, so merges are long. */
	{ "offers", 12, { 1600, 200, 3, 5, 5, 14, 20, 10 }, CONNECTIONS | APPLICATIONS | ORGANIZATIONS,
		1u << ORGDB_KIND_APPLICATION_CONNECTION | 1u << ORGDB_KIND_ENABLED_CONNECTION, 10, 60, 1024, 0 },
	/* As many roles as there may be for one member, and a role for many. */
	{ "titled", 10, { 3, 3, 150, 600, 3, 14, 20, 60 }, ORGANIZATIONS | USERS, 1u << MODEL_MEMBER_ROLE, 6, 60, 1024, 0 },
};

/* An old state: a read transaction, and a copy of the model from when it began. */
struct snapshot {
	orgdb_txn *txn;
	struct model model;
};

struct run {
	struct driver driver;
	struct snapshot snapshots[SNAPSHOTS];
	uint64_t transactions, reruns;
	uint64_t end;               /* The operation to stop at. */
	size_t peaks[MODEL_TABLES]; /* The most rows that each table ever had. */
};

/* ---- Transactions ------------------------------------------------------------------------------------------------ */

/* Work in a transaction on the model that it must agree with. */
static void enter(struct driver *driver, orgdb_txn *txn, const struct model *view, bool writing)
{
	driver->txn = txn;
	driver->view = view;
	driver->writing = writing;
	driver->map_full = false;
}

static void leave(struct driver *driver)
{
	driver->txn = NULL;
	driver->writing = false;
}

static void begin_read(struct driver *driver, const struct model *view)
{
	orgdb_txn *txn;
	driver_begin(driver, "begin to read");
	expect_result(driver, 0, orgdb_begin_read(driver->db, &txn));
	enter(driver, txn, view, false);
}

/* Does the run begin in a map that is too small for it? */
static bool must_grow(const struct driver *driver)
{
	return driver->shape->map_mebibytes == 1;
}

/* What a write transaction does: `count` random operations; or, to fill a pool, create so many from `first` on. */
struct work {
	struct run *run;
	uint32_t count;
	bool fill;
	uint32_t kind, first;
	bool drop;          /* Undo it all at the end. */
	bool tells;         /* Of a full map by the closure's result; else the commit must notice. */
	struct model model; /* As it was before, to be gone back to ... */
	struct input input; /* ... with the same random numbers. */
	uint64_t operation;
	bool saved, begun;
	uint32_t attempts;
};

static void save(struct work *work)
{
	struct driver *driver = &work->run->driver;
	work->saved = work->drop || must_grow(driver);
	if (work->saved)
		model_copy(&work->model, &driver->model);
	work->input = driver->input;
	work->operation = driver->operation;
}

static void go_back(struct work *work)
{
	struct driver *driver = &work->run->driver;
	if (!work->saved)
		driver_diverged(driver, "the map is full, but %u MiB should do", driver->shape->map_mebibytes);
	model_free(&driver->model);
	model_copy(&driver->model, &work->model);
}

/* Go back in order to do the same again. */
static void run_again(struct work *work)
{
	struct driver *driver = &work->run->driver;
	go_back(work);
	driver->input = work->input;
	driver->operation = work->operation;
	work->run->reruns++;
	if (++work->attempts > ATTEMPTS_MAX)
		driver_diverged(driver, "the map is full after %d attempts", ATTEMPTS_MAX);
}

static void do_work(struct work *work, orgdb_txn *txn)
{
	struct driver *driver = &work->run->driver;
	uint64_t lsn;
	enter(driver, txn, &driver->model, true);
	for (uint32_t i = 0; i < work->count && !driver->map_full; i++)
		if (work->fill)
			operation_create(driver, work->kind, work->first + i);
		else
			operation_random(driver);
	if (!driver->map_full && expect_result(driver, 0, orgdb_lsn(txn, &lsn)))
		expect_number(driver, "lsn before the commit", driver->model.lsn, lsn);
	leave(driver);
}

/* Begin and commit, or end, until there is room. */
static void write_plainly(struct work *work)
{
	struct driver *driver = &work->run->driver;
	orgdb_txn *txn;
	driver_begin(driver, "begin to write");
	expect_result(driver, 0, orgdb_begin_write(driver->db, &txn));
	do_work(work, txn);
	driver_begin(driver, work->drop ? "end without commit" : "commit");
	if (work->drop) {
		orgdb_end(txn);
		return;
	}
	int result = orgdb_commit(txn);
	if (result == ORGDB_MAP_FULL) {
		run_again(work);
		write_plainly(work);
		return;
	}
	expect_result(driver, driver->map_full ? MODEL_ERROR(ORGDB_MAP_FULL) : 0, result);
}

#define CHANGED_MY_MIND 77

static int closure(orgdb_txn *txn, void *context)
{
	struct work *work = context;
	struct driver *driver = &work->run->driver;
	if (work->begun)
		run_again(work);
	work->begun = true;
	do_work(work, txn);
	if (driver->map_full && work->tells)
		return ORGDB_MAP_FULL;
	return work->drop && !driver->map_full ? CHANGED_MY_MIND : 0;
}

static void write_by_closure(struct work *work)
{
	struct driver *driver = &work->run->driver;
	int result = orgdb_write(driver->db, closure, work);
	driver_begin(driver, "the end of a closure that %s", work->drop ? "fails" : "succeeds");
	if (work->drop)
		expect_number(driver, "its result", CHANGED_MY_MIND, (uint64_t)result);
	else
		expect_result(driver, 0, result);
}

/* One committed transaction that changed something is one lsn. */
static void expect_lsn(struct driver *driver)
{
	uint64_t lsn = 0;
	begin_read(driver, &driver->model);
	driver_begin(driver, "lsn after the transaction");
	expect_result(driver, 0, orgdb_lsn(driver->txn, &lsn));
	orgdb_end(driver->txn);
	leave(driver);
	driver->model.lsn += driver->model.changed;
	driver->model.changed = false;
	expect_number(driver, "lsn", driver->model.lsn, lsn);
}

static void transact(struct work *work)
{
	struct driver *driver = &work->run->driver;
	work->tells = input_chance(&driver->input, 50);
	bool by_closure = input_chance(&driver->input, 40);
	save(work);
	if (by_closure)
		write_by_closure(work);
	else
		write_plainly(work);
	if (work->drop)
		go_back(work);
	if (work->saved)
		model_free(&work->model);
	work->run->transactions++;
	for (size_t i = 0; i < MODEL_TABLES; i++)
		if (driver->model.tables[i].count > work->run->peaks[i])
			work->run->peaks[i] = driver->model.tables[i].count;
	expect_lsn(driver);
}

static void write_randomly(struct run *run)
{
	struct driver *driver = &run->driver;
	bool drop = input_chance(&driver->input, 12);
	uint32_t most = input_chance(&driver->input, 30) ? 3 : driver->shape->transaction;
	struct work work = { .run = run, .count = input_below(&driver->input, most + 1), .drop = drop };
	transact(&work);
}

static void read_randomly(struct driver *driver, uint32_t most)
{
	for (uint32_t count = 1 + input_below(&driver->input, most); count > 0; count--)
		operation_random(driver);
}

static void read_now(struct driver *driver)
{
	begin_read(driver, &driver->model);
	read_randomly(driver, driver->shape->transaction);
	driver_begin(driver, "end reading");
	if (input_chance(&driver->input, 20))
		expect_result(driver, 0, orgdb_commit(driver->txn));
	else
		orgdb_end(driver->txn);
	leave(driver);
}

/* ---- Snapshots --------------------------------------------------------------------------------------------------- */

static void end_snapshot(struct run *run, size_t which)
{
	struct snapshot *snapshot = &run->snapshots[which];
	orgdb_end(snapshot->txn);
	model_free(&snapshot->model);
	snapshot->txn = NULL;
}

static void end_snapshots(struct run *run)
{
	for (size_t i = 0; i < SNAPSHOTS; i++)
		end_snapshot(run, i);
}

static void keep_snapshot(struct run *run, size_t which)
{
	struct driver *driver = &run->driver;
	struct snapshot *snapshot = &run->snapshots[which];
	model_copy(&snapshot->model, &driver->model);
	begin_read(driver, &snapshot->model);
	snapshot->txn = driver->txn;
	leave(driver);
}

/* Does not count as work. */
static void expect_all(struct run *run)
{
	uint64_t before = run->driver.operation;
	expect_everything(&run->driver);
	run->end += run->driver.operation - before;
}

static void read_snapshot(struct run *run, size_t which)
{
	struct driver *driver = &run->driver;
	struct snapshot *snapshot = &run->snapshots[which];
	driver_begin(driver, "look at snapshot %zu", which);
	enter(driver, snapshot->txn, &snapshot->model, false);
	read_randomly(driver, 10);
	if (driver->model.tables[ORGDB_KIND_USER].count < 10 && input_chance(&driver->input, 3))
		expect_all(run);
	leave(driver);
}

/* Keep a snapshot, or look at one that was kept, or end it. A map cannot grow while this process has one. */
static void use_snapshot(struct run *run)
{
	struct driver *driver = &run->driver;
	if (must_grow(driver))
		return;
	size_t which = input_below(&driver->input, SNAPSHOTS);
	if (!run->snapshots[which].txn) {
		keep_snapshot(run, which);
		return;
	}
	read_snapshot(run, which);
	if (input_chance(&driver->input, 25))
		end_snapshot(run, which);
}

/* ---- The store --------------------------------------------------------------------------------------------------- */

static void open_store(struct driver *driver, bool must_exist)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.must_exist = must_exist;
	options.durability = ORGDB_RELAXED;
	options.map_size = (uint64_t)driver->shape->map_mebibytes << 20;
	driver_begin(driver, "open %s", driver->path);
	expect_result(driver, 0, orgdb_open(driver->path, &options, &driver->db));
}

/* A second open of the same file gives the same handle, if that promises as much. */
static void open_twice(struct driver *driver)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	orgdb *again = NULL;
	options.durability = ORGDB_RELAXED;
	driver_begin(driver, "open twice");
	expect_result(driver, 0, orgdb_open(driver->path, &options, &again));
	expect_number(driver, "the same handle", 1, again == driver->db);
	orgdb_close(again);
}

static void open_read_only(struct driver *driver)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	orgdb_txn *txn;
	orgdb *again;
	options.read_only = true;
	options.map_size = UINT64_C(1) << 30;
	driver_begin(driver, "open to read only");
	expect_result(driver, 0, orgdb_open(driver->path, &options, &driver->db));
	driver_begin(driver, "begin to write in a store that is open to read only");
	expect_result(driver, MODEL_ERROR(ORGDB_READ_ONLY), orgdb_begin_write(driver->db, &txn));
	driver_begin(driver, "open for writing a store that is open to read only");
	expect_result(driver, MODEL_ERROR(ORGDB_BUSY), orgdb_open(driver->path, NULL, &again));
	read_now(driver);
	orgdb_close(driver->db);
}

/* Close and open again, at times with a snapshot that outlives the handle. */
static void reopen(struct run *run)
{
	struct driver *driver = &run->driver;
	bool with_snapshots = input_chance(&driver->input, 50);
	driver_begin(driver, "close, with%s snapshots", with_snapshots ? "" : "out");
	if (!with_snapshots)
		end_snapshots(run);
	orgdb_close(driver->db);
	if (!with_snapshots && input_chance(&driver->input, 30))
		open_read_only(driver);
	for (size_t i = 0; i < SNAPSHOTS; i++)
		if (run->snapshots[i].txn)
			read_snapshot(run, i);
	open_store(driver, true);
}

static void remove_store(const struct driver *driver)
{
	char lock[sizeof(driver->path) + 8];
	snprintf(lock, sizeof(lock), "%s-lock", driver->path);
	unlink(driver->path);
	unlink(lock);
}

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

/* Create and delete `count` entities. */
static void make_mayflies(struct driver *driver, uint32_t kind, uint32_t count)
{
	orgdb_txn *txn;
	union model_any any = model_initial(kind);
	if (kind == ORGDB_KIND_ORGANIZATION)
		any.organization.name = orgdb_string("mayfly");
	driver_begin(driver, "create and delete %u of %s", count, orgdb_schema_of(kind)->name);
	expect_result(driver, 0, orgdb_begin_write(driver->db, &txn));
	for (uint32_t i = 0; i < count; i++) {
		char id[INPUT_ID_SIZE];
		orgdb_str created;
		expect_result(driver, 0, orgdb_entity_create(txn, kind, &any, &created));
		snprintf(id, sizeof(id), "%.*s", (int)created.size, created.data);
		expect_result(driver, 0, orgdb_entity_delete(txn, kind, id, NULL));
	}
	expect_result(driver, 0, orgdb_commit(txn));
	driver->model.changed = true;
	driver->model.last_ordinal[kind] += count;
	expect_lsn(driver);
}

/* Let so many have lived before that the ordinals grow wider in the middle of the run. */
static void age(struct driver *driver)
{
	uint32_t kind = driver->shape->aged, before = 65536 - driver->shape->pool[kind] / 2;
	for (uint32_t done = 0; done < before; done += 2000)
		make_mayflies(driver, kind, before - done < 2000 ? before - done : 2000);
}

static void fill_pool(struct run *run, uint32_t kind, uint32_t count)
{
	for (uint32_t first = 0; first < count; first += 100) {
		uint32_t left = count - first;
		struct work work = { .run = run, .fill = true, .kind = kind, .first = first, .count = left < 100 ? left : 100 };
		transact(&work);
	}
}

/* Most of each pool, if there are operations enough. */
static void fill_pools(struct run *run)
{
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS; kind++) {
		uint64_t most = run->end / 20, wanted = run->driver.shape->pool[kind] * UINT64_C(3) / 4;
		fill_pool(run, kind, (uint32_t)(wanted < most ? wanted : most));
	}
}

static void prove(struct run *run)
{
	struct driver *driver = &run->driver;
	begin_read(driver, &driver->model);
	expect_all(run);
	orgdb_end(driver->txn);
	leave(driver);
	expect_sound(driver);
}

static void step(struct run *run)
{
	struct driver *driver = &run->driver;
	uint32_t choice = input_below(&driver->input, 1000);
	if (choice < 650)
		write_randomly(run);
	else if (choice < 900)
		read_now(driver);
	else if (choice < 985)
		use_snapshot(run);
	else if (choice < 990)
		open_twice(driver);
	else if (choice < 992)
		expect_sound(driver);
	else if (choice < 994)
		reopen(run);
}

static void summarize(const struct run *run, uint64_t operations, double seconds)
{
	printf("%-9s %8" PRIu64 " operations %7" PRIu64 " transactions %4" PRIu64 " run again, lsn %6" PRIu64 ", at most",
		run->driver.shape->name, operations, run->transactions, run->reruns, run->driver.model.lsn);
	for (size_t i = 0; i < MODEL_TABLES; i++)
		printf(" %zu", run->peaks[i]);
	printf(", %.1f s\n", seconds);
	fflush(stdout);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Grow and shrink in turns, and prove everything now and then. */
static void work_until_end(struct run *run)
{
	struct driver *driver = &run->driver;
	uint64_t turn = run->end / 6 + 1, next = turn;
	driver->growing = true;
	while (driver->operation < run->end) {
		step(run);
		if (driver->operation < next)
			continue;
		driver->growing = !driver->growing;
		prove(run);
		next = driver->operation + turn;
	}
}

static void run_shape(const struct driver *settings, const struct shape *shape, uint64_t seed)
{
	struct run run = { .driver = *settings, .end = settings->operations * shape->share / 100 };
	struct driver *driver = &run.driver;
	uint64_t operations = run.end;
	double begin = now();
	driver->shape = shape;
	input_open(&driver->input, seed);
	driver->input.pool = shape->pool;
	remove_store(driver);
	open_store(driver, false);
	if (shape->aged && operations >= 50000)
		age(driver);
	fill_pools(&run);
	work_until_end(&run);
	reopen(&run);
	prove(&run);
	end_snapshots(&run);
	orgdb_close(driver->db);
	summarize(&run, operations, now() - begin);
	remove_store(driver);
	model_free(&driver->model);
	input_close(&driver->input);
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static uint64_t a_seed(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return ((uint64_t)time.tv_sec * 1000003 + (uint64_t)time.tv_nsec + (uint64_t)getpid()) % 1000000000;
}

static bool parse_number(const char *text, uint64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static bool parse(int count, char **arguments, struct driver *settings, const char **directory)
{
	for (int i = 1; i < count; i++) {
		const char *value = i + 1 < count ? arguments[i + 1] : "";
		if (strcmp(arguments[i], "--verbose") == 0)
			settings->verbose = true;
		else if (strcmp(arguments[i], "--operations") == 0 && parse_number(value, &settings->operations))
			i++;
		else if (strcmp(arguments[i], "--seed") == 0 && parse_number(value, &settings->seed))
			i++;
		else if (strcmp(arguments[i], "--directory") == 0 && *value)
			*directory = arguments[++i];
		else
			return false;
	}
	return true;
}

int main(int count, char **arguments)
{
	const char *directory = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	struct driver settings = { .operations = 1000000, .seed = a_seed() };
	if (!parse(count, arguments, &settings, &directory)) {
		fprintf(stderr, "usage: model_test [--operations N] [--seed S] [--directory DIR] [--verbose]\n");
		return 2;
	}
	if (input_schema_disagreement()) {
		fprintf(stderr, "model_test: %s\n", input_schema_disagreement());
		return 1;
	}
	snprintf(settings.path, sizeof(settings.path), "%s/model_test-%ld.orgdb", directory, (long)getpid());
	printf("seed %" PRIu64 ", %" PRIu64 " operations\n", settings.seed, settings.operations);
	fflush(stdout);
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		run_shape(&settings, &shapes[i], settings.seed * COUNT_OF(shapes) + i);
	printf("no difference\n");
	return 0;
}
