/*
 * Damaged and hostile files: whatever is in a file, opening and checking it gives an error or an answer, and once a verified
 * open has accepted it, so does all reading and writing; and a salvage makes a sound store of what is left, or none. Never a
 * crash, never a loop. Where pages are only lost, what is salvaged was all there, and what is missing is counted as lost.
 *
 * usage: damaged_files [--cases N] [--seed N] [--first N] [--directory PATH] [--plant loss]
 *
 * Each case damages a store in a way that its number and the seed decide; the first ones cut it off at every page. They run
 * one after the other in a child process. When that dies or sits still for too long, the case that it was at has failed, and
 * another child goes on behind it. A case alone: --first its number --cases 1; its file is left behind.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exercise.h"
#include "objects.h"

enum { PATH_SIZE = 4096, PAGE_HEADER = 16, META_SIZE = 136, CASE_SECONDS = 20, FAILURES_MAX = 10, SALVAGE_EVERY = 5 };

/* What a case can come to. */
enum outcome { REFUSED, REFUSED_WHEN_VERIFIED, CHECK_FOUND_PROBLEMS, CLEAN, OUTCOMES };

/* And a salvage of it. */
enum { EVERYTHING, A_PART, NOTHING, SALVAGES };

/* A store's file as it is when it is whole. */
struct image {
	unsigned char *data;
	size_t size;
	size_t page_size;
	uint64_t digest;
	struct objects objects;
};

/* What parent and child both see. */
struct shared {
	volatile uint64_t next; /* The case that begins, or is under way. */
	volatile bool under_way;
	uint64_t outcomes[OUTCOMES];
	uint64_t salvages[SALVAGES], salvaged, of; /* Objects, and of how many. */
	char wrong[200];                           /* What was wrong with it, if it did not crash. */
};

static struct image images[2];
static struct shared *shared;
static uint64_t seed = 1;
static char store_path[PATH_SIZE], lock_path[PATH_SIZE], saved_path[PATH_SIZE], saved_lock_path[PATH_SIZE];
static bool plant_loss; /* One object more is lost than is said. */

/* ---- Numbers that are the same for the same seed ----------------------------------------------------------------- */

static uint64_t state;

static uint64_t next_random(void)
{
	uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static size_t random_below(size_t end)
{
	return (size_t)(next_random() % end);
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

/* Being damaged. */
struct file {
	unsigned char *data;
	size_t size;
	size_t page_size;
	bool only_cut;  /* So that, if it is accepted, nothing may be missing. */
	bool only_lost; /* Pages are: what is left is as it was. */
};

static size_t pages_of(const struct file *file)
{
	return file->size / file->page_size;
}

static uint64_t get(const unsigned char *at, size_t size)
{
	uint64_t number = 0;
	for (size_t i = 0; i < size; i++)
		number |= (uint64_t)at[i] << 8 * i;
	return number;
}

static void put(unsigned char *at, size_t size, uint64_t number)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (unsigned char)(number >> 8 * i);
}

/* Numbers at which bounds are got wrong. */
static uint64_t wild_number(const struct file *file, uint64_t now)
{
	const uint64_t numbers[] = { 0, 1, 2, now + 1, now - 1, now + 2, now - 2, now * 2, 15, 16, 17, 0x7f, 0xff, 0x7fff,
		0x8000, 0xfff0, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX, file->page_size,
		file->page_size - 1, file->page_size + 1, pages_of(file), pages_of(file) - 1, random_below(pages_of(file)),
		random_below(file->page_size), next_random() };
	return numbers[random_below(sizeof(numbers) / sizeof(numbers[0]))];
}

static void make_wild(struct file *file, size_t at, size_t size)
{
	if (at + size <= file->size)
		put(file->data + at, size, wild_number(file, get(file->data + at, size)));
}

/* Any page; flags 1 a branch, 2 a leaf, 4 the first of a large value. */
static size_t some_page(const struct file *file, uint64_t flags)
{
	size_t pages = pages_of(file), page = random_below(pages);
	for (size_t i = 0; i < pages; i++, page = (page + 1) % pages)
		if (get(file->data + page * file->page_size + 10, 2) == flags)
			break;
	return page * file->page_size;
}

static size_t some_kind_of_page(const struct file *file)
{
	static const uint64_t kinds[] = { 1, 1, 2, 2, 2, 4, 8 };
	return some_page(file, kinds[random_below(sizeof(kinds) / sizeof(kinds[0]))]);
}

/* One of a page's nodes; 0 if it seems to have none. */
static size_t some_node(const struct file *file, size_t page)
{
	size_t end = (size_t)get(file->data + page + 12, 2), count = end < PAGE_HEADER + 2 ? 0 : (end - PAGE_HEADER) / 2;
	if (count == 0 || end > file->page_size)
		return 0;
	size_t at = (size_t)get(file->data + page + PAGE_HEADER + 2 * random_below(count), 2);
	return at + PAGE_HEADER > file->page_size ? 0 : page + at;
}

static void damage_cut(struct file *file)
{
	file->size = random_below(file->size);
	file->only_cut = file->only_lost = true;
}

static void damage_zero(struct file *file)
{
	if (pages_of(file) > 2)
		memset(file->data + (2 + random_below(pages_of(file) - 2)) * file->page_size, 0, file->page_size);
	file->only_lost = true;
}

static void damage_meta(struct file *file)
{
	size_t at = PAGE_HEADER + 4 * random_below(META_SIZE / 4), size = (size_t)2 << random_below(3);
	size_t page = random_below(3); /* Both, so that none is the old one, or one. */
	if (page != 1)
		make_wild(file, at, size);
	if (page != 0)
		make_wild(file, file->page_size + at, size);
}

static void damage_header(struct file *file)
{
	static const size_t fields[][2] = { { 0, 8 }, { 8, 2 }, { 10, 2 }, { 12, 2 }, { 14, 2 }, { 12, 4 } };
	const size_t *field = fields[random_below(sizeof(fields) / sizeof(fields[0]))];
	make_wild(file, some_kind_of_page(file) + field[0], field[1]);
}

static void damage_offset(struct file *file)
{
	make_wild(file, some_page(file, 1 + random_below(2)) + PAGE_HEADER + 2 * random_below(20), 2);
}

static void damage_node(struct file *file)
{
	static const size_t fields[][2] = { { 0, 4 }, { 0, 2 }, { 2, 2 }, { 4, 2 }, { 6, 2 } };
	const size_t *field = fields[random_below(sizeof(fields) / sizeof(fields[0]))];
	size_t node = some_node(file, some_page(file, 1 + random_below(2)));
	if (node > 0)
		make_wild(file, node + field[0], field[1]);
}

/* Let a branch lead to any page, be it itself or one above it. */
static void damage_way(struct file *file)
{
	size_t branch = some_page(file, 1), node = some_node(file, branch);
	if (node > 0)
		put(file->data + node, 4, random_below(3) == 0 ? branch / file->page_size : random_below(pages_of(file)));
}

/* The inside of values: where a table begins, lists of free pages, and what is above LMDB. */
static void damage_value(struct file *file)
{
	size_t node = some_node(file, some_page(file, 2));
	size_t inside = node + 8 + (size_t)get(file->data + node + 6, 2) + 2 * random_below(24);
	if (node > 0)
		make_wild(file, inside, (size_t)1 << random_below(4));
}

static void damage_bits(struct file *file)
{
	size_t page = some_kind_of_page(file);
	for (size_t i = 1 + random_below(8); i > 0; i--)
		file->data[page + random_below(file->page_size)] ^= (unsigned char)(1 << random_below(8));
}

static void damage_run(struct file *file)
{
	size_t at = random_below(file->size), size = random_below(2000);
	int byte = (int)random_below(3) - 1;
	for (size_t i = at; i < file->size && i < at + size; i++)
		file->data[i] = (unsigned char)(byte < 0 ? (int)next_random() : byte * 255);
}

/* A page of another place, or of another time. */
static void damage_swap(struct file *file)
{
	size_t to = random_below(pages_of(file)), from = random_below(pages_of(file));
	memmove(file->data + to * file->page_size, file->data + from * file->page_size, file->page_size);
	if (random_below(2) == 0)
		put(file->data + to * file->page_size, 8, to);
}

static void damage_all(struct file *file)
{
	for (size_t i = random_below(2) ? 0 : PAGE_HEADER + META_SIZE; i < file->size; i++)
		if (i < file->page_size || i >= file->page_size + PAGE_HEADER + META_SIZE)
			file->data[i] = (unsigned char)next_random();
}

typedef void damage_fn(struct file *file);

static damage_fn *const damages[] = { damage_cut, damage_zero, damage_zero, damage_meta, damage_meta, damage_header,
	damage_header, damage_offset, damage_offset, damage_node, damage_node, damage_node, damage_way, damage_way,
	damage_value, damage_value, damage_bits, damage_bits, damage_run, damage_swap, damage_all };

static void damage(struct file *file, uint64_t number)
{
	size_t pages = pages_of(file);
	if (number / 2 < pages) {
		file->size = number / 2 * file->page_size;
		file->only_cut = file->only_lost = true;
		return;
	}
	state = seed * UINT64_C(0x2545f4914f6cdd1d) + number;
	size_t times = random_below(4) == 0 ? 2 : 1;
	for (size_t i = 0; i < times && file->size > 2 * file->page_size; i++)
		damages[random_below(sizeof(damages) / sizeof(damages[0]))](file);
	file->only_cut &= times == 1;
	file->only_lost &= times == 1;
}

/* ---- One case ---------------------------------------------------------------------------------------------------- */

static void write_store(const struct file *file)
{
	int fd = open(store_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, file->data, file->size) != (ssize_t)file->size || close(fd) != 0) {
		perror(store_path);
		_exit(2);
	}
}

static int open_store(bool verify, orgdb **db)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.must_exist = true;
	options.map_size = UINT64_C(16) << 20;
	options.row_cache_size = 1 << 16;
	options.durability = ORGDB_RELAXED;
	options.verify = verify;
	return orgdb_open(store_path, &options, db);
}

static void say_wrong(const char *what)
{
	snprintf(shared->wrong, sizeof(shared->wrong), "%s", what);
}

/* The pages are sound, so everything may be asked; whether that fails depends on what the rows hold. */
static enum outcome exercise(orgdb *db, bool clean, const struct image *whole)
{
	uint64_t digest;
	size_t failures = exercise_read(db);
	if (whole && (exercise_digest(db, &digest) != 0 || digest != whole->digest))
		say_wrong("it was cut off and accepted, and something is missing");
	failures += exercise_write(db);
	int rc = orgdb_check(db, NULL);
	if (clean && failures > 0)
		say_wrong("check found it clean, and something failed");
	if (clean && rc != 0)
		say_wrong("it was clean, and what was written spoiled it");
	return clean ? CLEAN : CHECK_FOUND_PROBLEMS;
}

/* ---- Salvaging it ------------------------------------------------------------------------------------------------ */

static void judge_loss(
	const struct objects *whole, const struct objects *saved, int rc, const orgdb_salvage_report *report)
{
	uint64_t missing[OBJECT_KINDS], invented[OBJECT_KINDS];
	objects_missing(whole, saved, missing);
	objects_missing(saved, whole, invented);
	for (uint32_t kind = 0; kind < OBJECT_KINDS; kind++) {
		uint64_t lost = kind == MEMBER_ROLES ? report->member_roles_lost : report->lost[kind];
		if (invented[kind] > 0)
			say_wrong("something was salvaged that was not there");
		if (missing[kind] > 0 && rc == 0)
			say_wrong("everything is said to be salvaged, and something is missing");
		if (missing[kind] > lost && !(report->uncounted >> kind & 1))
			say_wrong("more is missing than is said to be lost");
	}
}

/* A loss that nobody has heard of. */
static void lose_one(orgdb *db)
{
	orgdb_txn *txn;
	orgdb_role role;
	size_t count;
	char id[64];
	exercise_must(orgdb_begin_write(db, &txn), "begin to write");
	if (orgdb_role_list(txn, 0, &role, 1, &count) == 0 && count == 1) {
		snprintf(id, sizeof(id), "%.*s", (int)role.id.size, role.id.data);
		exercise_must(orgdb_role_delete(txn, id, NULL), "lose a role");
	}
	exercise_must(orgdb_commit(txn), "commit");
}

static void judge_saved(const struct file *file, const struct image *image, int rc, const orgdb_salvage_report *report)
{
	orgdb *db;
	struct objects saved = { 0 };
	if (orgdb_open(saved_path, NULL, &db) != 0) {
		say_wrong("what was salvaged cannot be opened");
		return;
	}
	if (plant_loss)
		lose_one(db);
	if (orgdb_check(db, NULL) != 0)
		say_wrong("what was salvaged is not sound");
	else if (objects_collect(db, &saved) != 0)
		say_wrong("what was salvaged cannot be read");
	else if (file->only_lost)
		judge_loss(&image->objects, &saved, rc, report);
	shared->salvaged += saved.count;
	shared->of += image->objects.count;
	objects_free(&saved);
	orgdb_close(db);
}

static void salvage(const struct file *file, const struct image *image)
{
	orgdb_salvage_report report = ORGDB_SALVAGE_REPORT_INIT;
	bool doubtful = !file->only_lost && random_below(2) == 0; /* The past was there, too, but is not now. */
	int rc = orgdb_salvage(store_path, saved_path, doubtful ? ORGDB_SALVAGE_DOUBTFUL : 0, &report);
	if (rc == 0 || rc == ORGDB_CORRUPT)
		judge_saved(file, image, rc, &report);
	else if (rc != ORGDB_NOT_FOUND && rc != ORGDB_VERSION_MISMATCH)
		say_wrong(orgdb_last_error()->message);
	else if (remove(saved_path) == 0)
		say_wrong("a salvage that failed leaves something behind");
	shared->salvages[rc == 0 ? EVERYTHING : rc == ORGDB_CORRUPT ? A_PART : NOTHING]++;
	remove(saved_path);
	remove(saved_lock_path);
}

/* ---- One case, as a whole ---------------------------------------------------------------------------------------- */

static enum outcome judge(const struct file *file, const struct image *image)
{
	orgdb *db;
	if (open_store(false, &db) != 0)
		return REFUSED;
	int checked = orgdb_check(db, NULL);
	orgdb_close(db);
	if (open_store(true, &db) != 0) {
		if (checked != ORGDB_CORRUPT)
			say_wrong("a verified open refuses what check found clean");
		return REFUSED_WHEN_VERIFIED;
	}
	enum outcome outcome = exercise(db, checked == 0, file->only_cut ? image : NULL);
	orgdb_close(db);
	return outcome;
}

static void run_case(uint64_t number)
{
	const struct image *image = &images[number % 2];
	struct file file = { malloc(image->size), image->size, image->page_size, false, false };
	if (!file.data)
		_exit(2);
	memcpy(file.data, image->data, image->size);
	damage(&file, number);
	write_store(&file);
	if (file.only_lost || number % SALVAGE_EVERY == 0) /* It makes two stores, which takes long. */
		salvage(&file, image);
	shared->outcomes[judge(&file, image)]++;
	free(file.data);
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

static void run_cases(uint64_t end)
{
	while (shared->next < end && !*shared->wrong) {
		alarm(CASE_SECONDS);
		shared->under_way = true;
		run_case(shared->next);
		if (!*shared->wrong) {
			shared->next++;
			shared->under_way = false;
		}
	}
	_exit(0);
}

/* Returns whether no case failed. */
static bool run_child(uint64_t end)
{
	int result;
	pid_t child = fork();
	if (child == 0)
		run_cases(end);
	if (child < 0 || waitpid(child, &result, 0) < 0) {
		perror("fork");
		exit(2);
	}
	if (!shared->under_way)
		return WIFEXITED(result) && WEXITSTATUS(result) == 0;
	printf("FAILED: case %" PRIu64 " of seed %" PRIu64 ": %s\n", shared->next, seed,
		*shared->wrong                                           ? shared->wrong
			: WIFSIGNALED(result) && WTERMSIG(result) == SIGALRM ? "it takes for ever"
																 : "it crashed");
	*shared->wrong = '\0';
	shared->under_way = false;
	shared->next++;
	return false;
}

static void make_image(struct image *image, bool compact)
{
	struct stat info;
	orgdb *db;
	exercise_create(store_path, compact);
	exercise_must(open_store(true, &db), "verify");
	exercise_must(orgdb_check(db, NULL), "check");
	exercise_must(exercise_digest(db, &image->digest), "digest");
	exercise_must(objects_collect(db, &image->objects), "collect");
	orgdb_close(db);
	FILE *file = fopen(store_path, "rb");
	if (!file || fstat(fileno(file), &info) != 0 || !(image->data = malloc((size_t)info.st_size)) ||
		fread(image->data, 1, (size_t)info.st_size, file) != (size_t)info.st_size) {
		perror(store_path);
		exit(2);
	}
	fclose(file);
	image->size = (size_t)info.st_size;
	image->page_size = (size_t)get(image->data + 40, 4);
	remove(store_path);
}

static void prepare(const char *directory)
{
	snprintf(store_path, sizeof(store_path), "%s/damaged-%ld.orgdb", directory, (long)getpid());
	snprintf(lock_path, sizeof(lock_path), "%s/damaged-%ld.orgdb-lock", directory, (long)getpid());
	snprintf(saved_path, sizeof(saved_path), "%s/salvaged-%ld.orgdb", directory, (long)getpid());
	snprintf(saved_lock_path, sizeof(saved_lock_path), "%s/salvaged-%ld.orgdb-lock", directory, (long)getpid());
	int zero = open("/dev/zero", O_RDWR);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
	if (zero < 0 || shared == MAP_FAILED) {
		perror("/dev/zero");
		exit(2);
	}
	close(zero);
	make_image(&images[0], true);
	make_image(&images[1], false);
}

int main(int argc, char **argv)
{
	const char *directory = ".";
	uint64_t cases = 1000, first = 0, failures = 0;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--directory") == 0)
			directory = argv[i + 1];
		else if (strcmp(argv[i], "--cases") == 0)
			cases = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--first") == 0)
			first = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--plant") == 0)
			plant_loss = strcmp(argv[i + 1], "loss") == 0;
	}
	prepare(directory);
	shared->next = first;
	while (shared->next < first + cases && failures < FAILURES_MAX)
		failures += !run_child(first + cases);
	printf("%" PRIu64 " cases of seed %" PRIu64 ", files of %zu and %zu pages: %" PRIu64 " refused, %" PRIu64
		   " refused when verified, %" PRIu64 " in which check finds problems, %" PRIu64 " clean\n",
		shared->next - first, seed, images[0].size / images[0].page_size, images[1].size / images[1].page_size,
		shared->outcomes[REFUSED], shared->outcomes[REFUSED_WHEN_VERIFIED], shared->outcomes[CHECK_FOUND_PROBLEMS],
		shared->outcomes[CLEAN]);
	printf("salvaged: everything %" PRIu64 " times, a part %" PRIu64 ", nothing %" PRIu64 "; %" PRIu64 " of %" PRIu64
		   " objects\n",
		shared->salvages[EVERYTHING], shared->salvages[A_PART], shared->salvages[NOTHING], shared->salvaged,
		shared->of);
	if (cases > 1) {
		remove(store_path);
		remove(lock_path);
	}
	for (size_t i = 0; i < 2; i++) {
		free(images[i].data);
		objects_free(&images[i].objects);
	}
	return failures > 0;
}
