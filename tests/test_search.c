/*
 * Searching a table of hashes in the map, against LMDB: in tables of all sizes, however their hashes are spread, it finds what
 * LMDB finds; in damaged ones it ends, and stays within the file.
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* For MAP_ANONYMOUS. */
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "search.h"

enum { PAGE = 4096, HASHES_MAX = 60000, BIG = 3000 };

static uint64_t state;
static uint64_t hashes[HASHES_MAX]; /* That are in the table, or were. */
static size_t hash_count;

static MDB_env *env;
static MDB_txn *lmdb;
static MDB_dbi table;

/* The file, followed by memory that nobody may touch. */
static uint8_t *map;
static size_t map_size;
static struct search_tree tree;

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static uint64_t spread_evenly(size_t i)
{
	return i == 0 ? 0 : i == 1 ? UINT64_MAX : next_random(&state);
}

/* As no good hash does it, so that every guess is wrong. */
static uint64_t count_up(size_t i)
{
	return i;
}

static uint64_t count_down(size_t i)
{
	return UINT64_MAX - i;
}

static uint64_t crowd_together(size_t i)
{
	return (uint64_t)(i % 5) << 61 | (next_random(&state) & 0xfffff);
}

static void must_lmdb(int rc)
{
	cr_assert_eq(rc, 0, "%s", mdb_strerror(rc));
}

static void begin_lmdb(unsigned flags)
{
	must_lmdb(mdb_txn_begin(env, NULL, flags, &lmdb));
	must_lmdb(mdb_dbi_open(lmdb, "hashes", flags & MDB_RDONLY ? 0 : MDB_CREATE | MDB_INTEGERKEY, &table));
}

static void open_lmdb(void)
{
	fixture_directory();
	state = 88172645463325252u;
	hash_count = 0;
	must_lmdb(mdb_env_create(&env));
	must_lmdb(mdb_env_set_mapsize(env, 64 * MEBIBYTE));
	must_lmdb(mdb_env_set_maxdbs(env, 4));
	must_lmdb(mdb_env_open(env, path_in_directory("hashes"), MDB_NOSUBDIR | MDB_NOSYNC, 0600));
}

static void close_lmdb(void)
{
	if (lmdb)
		mdb_txn_abort(lmdb);
	mdb_env_close(env);
	if (map)
		munmap(map, map_size + PAGE);
	fixture_close();
}

TestSuite(search, .init = open_lmdb, .fini = close_lmdb, .timeout = 120);

/* Values say whose they are. */
static void put(uint64_t hash, size_t size)
{
	MDB_val key = { sizeof(hash), &hash }, value = { size, NULL };
	must_lmdb(mdb_put(lmdb, table, &key, &value, MDB_RESERVE));
	memset(value.mv_data, (int)(hash % 251), size);
}

static void take_out(uint64_t hash)
{
	MDB_val key = { sizeof(hash), &hash };
	int rc = mdb_del(lmdb, table, &key, NULL);
	cr_assert(rc == 0 || rc == MDB_NOTFOUND);
}

static void fill(size_t count, uint64_t (*spread)(size_t i), size_t size_max)
{
	begin_lmdb(0);
	for (size_t i = 0; i < count; i++) {
		hashes[hash_count] = spread(i);
		put(hashes[hash_count++], next_random(&state) % (size_max + 1));
	}
	must_lmdb(mdb_txn_commit(lmdb));
}

/* Keep one in so many. */
static void thin_out(size_t kept)
{
	begin_lmdb(0);
	for (size_t i = 0; i < hash_count; i++)
		if (next_random(&state) % kept != 0)
			take_out(hashes[i]);
	must_lmdb(mdb_txn_commit(lmdb));
}

static void map_file(void)
{
	struct stat info;
	int fd = open(path_in_directory("hashes"), O_RDONLY);
	cr_assert(fd >= 0 && fstat(fd, &info) == 0);
	map_size = (size_t)info.st_size / PAGE * PAGE;
	map = mmap(NULL, map_size + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(mmap(map, map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0), map);
	close(fd);
}

/* The table's description, in our own map of the file. */
static struct bytes description(void)
{
	MDB_val name = { 6, "hashes" }, value;
	must_lmdb(mdb_get(lmdb, 1, &name, &value));
	size_t in_page = (uintptr_t)value.mv_data % PAGE;
	uint64_t number;
	memcpy(&number, (const uint8_t *)value.mv_data - in_page, sizeof(number));
	return (struct bytes){ map + number * PAGE + in_page, value.mv_size };
}

static void view(void)
{
	if (map)
		munmap(map, map_size + PAGE);
	map_file();
	begin_lmdb(MDB_RDONLY);
	cr_assert(orgdb__search_view(description(), PAGE, map_size / PAGE, &tree));
}

/* ---- What LMDB finds --------------------------------------------------------------------------------------------- */

static void expect_same(uint64_t hash)
{
	MDB_val key = { sizeof(hash), &hash }, value;
	struct bytes found;
	int rc = mdb_get(lmdb, table, &key, &value);
	enum search_result result = orgdb__search(&tree, hash, &found);
	if (rc == 0 && (uintptr_t)value.mv_data % PAGE == PAGE_HEADER) { /* It begins pages of its own. */
		cr_assert_eq(result, SEARCH_UNSURE);
		return;
	}
	cr_assert_eq(result, rc == 0 ? SEARCH_FOUND : SEARCH_ABSENT, "%016llx", (unsigned long long)hash);
	if (rc == 0)
		cr_assert(found.size == value.mv_size && memcmp(found.data, value.mv_data, found.size) == 0);
}

static void expect_all_the_same(void)
{
	view();
	for (size_t i = 0; i < hash_count; i++) {
		expect_same(hashes[i]);
		expect_same(hashes[i] + 1);
		expect_same(hashes[i] - 1);
		expect_same(next_random(&state));
	}
	expect_same(0);
	expect_same(UINT64_MAX);
	mdb_txn_abort(lmdb);
	lmdb = NULL;
}

static void expect_all_the_same_in(uint64_t (*spread)(size_t i))
{
	static const size_t counts[] = { 1, 5, 3, 60, 500, 9000, 40000 };
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		fill(counts[i], spread, 100);
		expect_all_the_same();
	}
	for (int i = 0; i < 4; i++) {
		thin_out(3);
		expect_all_the_same();
	}
}

Test(search, finds_what_lmdb_finds_where_hashes_are_spread_evenly)
{
	expect_all_the_same_in(spread_evenly);
	cr_expect_geq(tree.depth, 2);
}

Test(search, finds_what_lmdb_finds_where_every_guess_is_wrong)
{
	expect_all_the_same_in(crowd_together);
}

Test(search, finds_what_lmdb_finds_among_small_numbers)
{
	expect_all_the_same_in(count_up);
}

Test(search, finds_what_lmdb_finds_among_large_numbers)
{
	expect_all_the_same_in(count_down);
}

Test(search, leaves_large_values_to_lmdb)
{
	fill(2000, spread_evenly, BIG);
	expect_all_the_same();
}

Test(search, finds_nothing_in_an_empty_table)
{
	fill(0, spread_evenly, 0);
	view();
	struct bytes value;
	cr_expect_eq(orgdb__search(&tree, 7, &value), SEARCH_ABSENT);
}

/* ---- What is damaged --------------------------------------------------------------------------------------------- */

Test(search, views_only_a_table_of_numbers)
{
	fill(100, spread_evenly, 20);
	view();
	struct bytes described = description(), shorter = { described.data, described.size - 1 };
	uint8_t *flags = map + (described.data - map) + 4;
	cr_expect(!orgdb__search_view(shorter, PAGE, map_size / PAGE, &tree));
	cr_expect(!orgdb__search_view(described, PAGE, 2, &tree), "its page is not in the file");
	*flags = 0;
	cr_expect(!orgdb__search_view(described, PAGE, map_size / PAGE, &tree));
}

/* Damage some bytes of a page, mostly of its header and its nodes' offsets. */
static void damage(uint8_t *page)
{
	for (uint64_t edits = 1 + next_random(&state) % 4; edits > 0; edits--) {
		size_t within = next_random(&state) % 3 == 0 ? PAGE : 64;
		page[next_random(&state) % within] = (uint8_t)next_random(&state);
	}
}

static void expect_to_stay_inside(void)
{
	struct bytes value;
	for (int i = 0; i < 40; i++) {
		uint64_t hash = i % 2 == 0 ? hashes[next_random(&state) % hash_count] : next_random(&state);
		if (orgdb__search(&tree, hash, &value) == SEARCH_FOUND)
			cr_assert(value.data >= map && value.data + value.size <= map + map_size);
	}
}

/* Pages come to lie at the end of the file, too, behind which reading is death. */
Test(search, stays_within_a_damaged_file)
{
	fill(20000, spread_evenly, 60);
	view();
	uint8_t whole[PAGE];
	for (int i = 0; i < 30000; i++) {
		uint64_t number = 2 + next_random(&state) % (map_size / PAGE - 2);
		uint8_t *page = map + number * PAGE;
		struct search_tree sound = tree;
		memcpy(whole, page, PAGE);
		damage(page);
		if (i % 3 == 0) /* So that the damage is met. */
			tree = (struct search_tree){ map, PAGE, map_size / PAGE, number, 1 + (unsigned)(next_random(&state) % 3) };
		expect_to_stay_inside();
		tree = sound;
		memcpy(page, whole, PAGE);
	}
}

static enum search_result search_with(uint8_t *at, uint8_t byte)
{
	uint8_t before = *at;
	struct bytes value;
	*at = byte;
	enum search_result result = orgdb__search(&tree, hashes[0], &value);
	*at = before;
	return result;
}

/* Each thing that is looked at before it is believed. */
Test(search, is_unsure_of_what_is_not_as_it_should_be)
{
	fill(1, spread_evenly, 0);
	view();
	uint8_t *page = map + tree.root * PAGE;
	uint8_t *node = page + (page[PAGE_HEADER] | page[PAGE_HEADER + 1] << 8);
	cr_assert_eq(search_with(page + 8, 0), SEARCH_FOUND);
	cr_expect_eq(search_with(page, 0xee), SEARCH_UNSURE, "another page's number");
	cr_expect_eq(search_with(page + 10, PAGE_BRANCH), SEARCH_UNSURE, "another kind");
	cr_expect_eq(search_with(page + 12, PAGE_HEADER), SEARCH_UNSURE, "no nodes");
	cr_expect_eq(search_with(page + 13, 0xff), SEARCH_UNSURE, "more nodes than fit");
	cr_expect_eq(search_with(page + PAGE_HEADER + 1, 0xff), SEARCH_UNSURE, "a node behind the page's end");
	cr_expect_eq(search_with(node, 0xff), SEARCH_UNSURE, "a value behind the page's end");
	cr_expect_eq(search_with(node + 4, NODE_HEADER), SEARCH_UNSURE, "a node of another kind");
	cr_expect_eq(search_with(node + 6, 9), SEARCH_UNSURE, "a key of another size");
	tree.root = map_size / PAGE;
	cr_expect_eq(search_with(page + 8, 0), SEARCH_UNSURE, "no such page");
}

/* A way back up is no way down: the depth bounds it. */
Test(search, ends_where_pages_lead_in_circles)
{
	fill(9000, spread_evenly, 60);
	view();
	uint8_t *root = map + tree.root * PAGE;
	for (size_t i = 0; i < (size_t)(root[12] | root[13] << 8) / 2 - PAGE_HEADER / 2; i++) {
		uint8_t *node = root + (root[PAGE_HEADER + 2 * i] | root[PAGE_HEADER + 2 * i + 1] << 8);
		memcpy(node, &tree.root, 6);
	}
	struct bytes value;
	for (size_t i = 0; i < hash_count; i++)
		cr_expect_eq(orgdb__search(&tree, hashes[i], &value), SEARCH_UNSURE);
}
