/*
 * Pages judged without LMDB: each thing that a walk proves, broken once, is named by a verified open and found by check,
 * neither of which may crash. What plain opening reads is judged by it, too; the rest it accepts.
 *
 * SPDX-License-Identifier: MIT
 */
#include "exercise.h"
#include "fixture.h"
#include "image.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void take_compact_image(void)
{
	fixture_directory();
	image_take(true);
}

static void take_changed_image(void)
{
	fixture_directory();
	image_take(false);
}

TestSuite(pages, .init = take_compact_image, .fini = fixture_close, .timeout = 60);
TestSuite(free_list, .init = take_changed_image, .fini = fixture_close, .timeout = 60);

/* A value's pages, and the leaf's node that names them. */
static uint8_t *large_node(void)
{
	uint8_t *page = first_leaf("connections");
	for (size_t i = 0; i < node_count(page); i++)
		if (little_get16(node_at(page, i) + 4) == 1)
			return node_at(page, i);
	cr_assert_fail("no large value");
	return NULL;
}

static uint8_t *large_page(void)
{
	return page_at(little_get64(value_of(large_node())));
}

/* ---- Breaking it ------------------------------------------------------------------------------------------------- */

static int try_open(bool verify, orgdb **opened)
{
	const char *path = path_in_directory("damaged.orgdb");
	image_write(path);
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = MEBIBYTE;
	options.must_exist = true;
	options.verify = verify;
	return orgdb_open(path, &options, opened);
}

static void remember_first(void *context, const orgdb_problem *problem)
{
	const char **first = context;
	if (!*first)
		*first = format("%s: %s", problem->table, problem->message);
}

/* A verified open names `message`; an open that is not does so only if opening reads it; check does so in any case. */
static void expect_damage(bool when_opening, const char *message)
{
	orgdb *damaged;
	const char *first = NULL;
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = remember_first;
	report.context = &first;
	cr_assert_eq(try_open(true, &damaged), ORGDB_CORRUPT, "%s: accepted when verified", message);
	cr_expect_not_null(
		strstr(orgdb_last_error()->message, message), "not %s, but %s", message, orgdb_last_error()->message);
	int rc = try_open(false, &damaged);
	cr_expect_eq(rc, when_opening ? ORGDB_CORRUPT : 0, "%s: opening gave %s", message, orgdb_error_name(rc));
	if (rc != 0)
		return;
	cr_expect_eq(orgdb_check(damaged, &report), ORGDB_CORRUPT, "%s: check found it clean", message);
	cr_expect(first && strstr(first, message), "check found not %s, but %s", message, first ? first : "nothing");
	orgdb_close(damaged);
}

/* The same with `value` in `size` bytes at `at`, which then get back what they held. */
static void expect_found(bool when_opening, uint8_t *at, size_t size, uint64_t value, const char *message)
{
	uint64_t before = little_get(at, size);
	little_put(at, value, size);
	expect_damage(when_opening, message);
	little_put(at, before, size);
}

Test(pages, whole_stores_are_accepted)
{
	orgdb *whole;
	must(try_open(true, &whole));
	must(orgdb_check(whole, NULL));
	orgdb_close(whole);
	image_take(false);
	must(try_open(true, &whole));
	must(orgdb_check(whole, NULL));
	orgdb_close(whole);
}

Test(pages, the_image_is_worth_damaging)
{
	cr_assert_eq(little_get16(table_tree("unique") + offsetof(struct tree, depth)), 3);
	cr_assert_eq(little_get16(root_of(table_tree("unique")) + 10), 1);
	cr_assert_eq(little_get16(large_page() + 10), 4);
}

Test(pages, headers)
{
	uint8_t *leaf = first_leaf("unique"), *branch = root_of(table_tree("unique"));
	size_t end = little_get16(leaf + 12), begin = little_get16(leaf + 14);
	expect_found(false, leaf, 8, little_get64(leaf) + 1, "another page's number");
	expect_found(false, leaf + 10, 2, 1, "it should be a leaf page");
	expect_found(false, leaf + 10, 2, 0x12, "it should be a leaf page"); /* As if LMDB were changing it. */
	expect_found(false, leaf + 10, 2, 0x22, "it should be a leaf page");
	expect_found(false, branch + 10, 2, 2, "it should be a branch page");
	expect_found(false, leaf + 12, 2, PAGE_HEADER, "bounds");
	expect_found(false, leaf + 12, 2, end + 1, "bounds");
	expect_found(false, leaf + 12, 2, begin + 2, "bounds");
	expect_found(false, leaf + 12, 2, 0, "bounds");
	expect_found(false, leaf + 14, 2, begin + 1, "bounds");
	expect_found(false, leaf + 14, 2, PAGE + 2, "bounds");
	expect_found(false, leaf + 14, 2, begin - 2, "overlap or leave gaps");
	expect_found(false, branch + 12, 2, PAGE_HEADER + 2, "bounds"); /* One way is no branch. */
}

Test(pages, nodes)
{
	uint8_t *leaf = first_leaf("users"), *first = offset_of_node(leaf, 0);
	uint8_t *node = node_at(leaf, 0);
	const char *message = "a node is not where or as it should be";
	expect_found(false, first, 2, 0, message);
	expect_found(false, first, 2, little_get16(first) + 1u, message);
	expect_found(false, first, 2, little_get16(leaf + 14) - 2u, message);
	expect_found(false, first, 2, PAGE - 6, message);
	expect_found(false, first, 2, 0xfff0, message);
	expect_found(false, first, 2, little_get16(first + 2), "overlap or leave gaps");
	expect_found(false, node, 2, 0xffff, message);
	expect_found(false, node + 2, 2, 1, message); /* A value of more than 64 KB. */
	expect_found(false, node, 2, little_get16(node) - 4u, "overlap or leave gaps");
	expect_found(false, node + 4, 2, 2, message);
	expect_found(false, node + 4, 2, 4, message);
	expect_found(false, node + 6, 2, 0, message);
	expect_found(false, node + 6, 2, 600, message);
	expect_found(false, node + 6, 2, 0xffff, message);
	uint8_t *login = node_at(first_leaf("organization_login"), 0);
	expect_found(false, login + 6, 2, 7, message); /* Its keys are numbers. */
}

/* One node that fills a leaf of the table but for `room` bytes. */
static void expect_node(size_t key_size, size_t room, const char *message)
{
	uint8_t before[PAGE], *leaf = first_leaf("users"), *node = leaf + PAGE_HEADER + 2 + room;
	memcpy(before, leaf, PAGE);
	memset(leaf + PAGE_HEADER, 1, PAGE - PAGE_HEADER);
	little_put(leaf + 12, PAGE_HEADER + 2, 2);
	little_put(leaf + 14, (uint64_t)(node - leaf), 2);
	little_put(leaf + PAGE_HEADER, (uint64_t)(node - leaf), 2);
	little_put(node, PAGE - PAGE_HEADER - 2 - room - 8 - key_size, 4);
	little_put(node + 4, 0, 2);
	little_put(node + 6, key_size, 2);
	expect_damage(false, message);
	memcpy(leaf, before, PAGE);
}

Test(pages, nodes_that_lmdb_would_not_make)
{
	enum { SIZE_MAX_INSIDE = (PAGE - PAGE_HEADER) / 2 - 2, FITTING = PAGE - PAGE_HEADER - 2 - SIZE_MAX_INSIDE };
	expect_node(2, FITTING, "counts its pages or entries wrongly"); /* The node itself is fine. */
	expect_node(2, FITTING - 2, "a node is not where or as it should be");
	expect_node(511, FITTING, "counts its pages or entries wrongly");
	expect_node(512, FITTING, "a node is not where or as it should be");
}

Test(pages, one_node_twice)
{
	uint8_t *leaf = first_leaf("users");
	size_t end = little_get16(leaf + 12);
	cr_assert_leq(end + 2, little_get16(leaf + 14));
	little_put(leaf + 12, end + 2, 2);
	little_put(leaf + end, little_get16(leaf + end - 2), 2);
	expect_damage(false, "overlap or leave gaps");
}

Test(pages, one_key_twice)
{
	uint8_t *leaf = first_leaf("users"), *first = node_at(leaf, 0), *second = node_at(leaf, 1);
	cr_assert_eq(little_get16(first + 6), little_get16(second + 6));
	memcpy(second + 8, first + 8, little_get16(first + 6));
	expect_damage(false, "out of order");
}

Test(pages, order)
{
	uint8_t *leaf = first_leaf("unique"), *branch = root_of(table_tree("unique"));
	uint8_t *key = node_at(leaf, 1) + 8, *way = node_at(branch, 1) + 8;
	expect_found(false, key, 1, 0, "out of order");
	expect_found(false, key, 1, 0xff, "out of order");
	expect_found(false, way, 1, 0, "out of order");
	expect_found(false, way, 1, 0xff, "out of order");
	uint8_t *login = node_at(first_leaf("organization_login"), 0) + 8;
	expect_found(false, login, 8, UINT64_MAX, "out of order");
}

Test(pages, ways)
{
	uint8_t *branch = root_of(table_tree("unique")), *way = node_at(branch, 1);
	expect_found(false, way, 4, little_get64(branch), "in use elsewhere"); /* In circles. */
	expect_found(false, way, 4, little_get32(node_at(branch, 0)), "in use elsewhere");
	expect_found(false, way, 4, 0, "there is no such page");
	expect_found(false, way, 4, image_size / PAGE, "there is no such page");
	expect_found(false, way + 4, 2, 0x7fff, "there is no such page");
	expect_found(false, node_at(branch, 0), 4, little_get64(first_leaf("users")), "it should be a branch page");
}

Test(pages, large_values)
{
	uint8_t *page = large_page(), *node = large_node();
	expect_found(false, page, 8, 3, "should begin a large value");
	expect_found(false, page + 10, 2, 2, "should begin a large value");
	expect_found(false, page + 12, 4, 0, "fewer or more pages");
	expect_found(false, page + 12, 4, little_get32(page + 12) - 1, "fewer or more pages");
	expect_found(false, page + 12, 4, UINT32_MAX, "fewer or more pages");
	expect_found(false, page + 12, 4, little_get32(page + 12) + 1, "in use elsewhere");
	expect_found(false, node, 4, UINT32_MAX, "fewer or more pages");
	expect_found(false, value_of(node), 8, 0, "there is no such page");
	expect_found(false, value_of(node), 8, UINT64_MAX, "there is no such page");
	expect_found(false, value_of(node), 8, little_get64(page) + 1, "in use elsewhere");
}

Test(pages, tables)
{
	uint8_t *tree = table_tree("unique");
	expect_found(true, tree + offsetof(struct tree, flags), 2, 4, "of a kind");
	expect_found(true, tree + offsetof(struct tree, depth), 2, 0, "no levels, or too many");
	expect_found(true, tree + offsetof(struct tree, depth), 2, 33, "no levels, or too many");
	expect_found(true, tree + offsetof(struct tree, root), 8, 1, "none of this file");
	expect_found(true, tree + offsetof(struct tree, root), 8, image_size / PAGE, "none of this file");
	expect_found(true, tree + offsetof(struct tree, root), 8, UINT64_MAX, "levels but no pages");
	expect_found(false, tree + offsetof(struct tree, depth), 2, 2, "it should be a leaf page");
	expect_found(false, tree + offsetof(struct tree, depth), 2, 4, "it should be a branch page");
	static const size_t counts[] = { offsetof(struct tree, branch_pages), offsetof(struct tree, leaf_pages),
		offsetof(struct tree, overflow_pages), offsetof(struct tree, entries) };
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		expect_found(
			false, tree + counts[i], 8, little_get64(tree + counts[i]) + 1, "counts its pages or entries wrongly");
	expect_found(true, table_tree("organization_login") + offsetof(struct tree, flags), 2, 0, "organization_login");
}

/* What opening reads is sound, or the store does not open. */
Test(pages, what_opening_reads)
{
	uint8_t *tables = root_of(meta_tree(1)), *meta = first_leaf("meta");
	expect_found(true, tables, 8, 3, "another page's number");
	expect_found(true, tables + 12, 2, 0xfffe, "bounds");
	expect_found(true, node_at(tables, 0), 2, 47, "it does not describe a table");
	expect_found(true, node_at(tables, 0) + 4, 2, 1, "a node is not where or as it should be");
	expect_found(true, meta + 14, 2, 0xfffe, "bounds");
	expect_found(true, node_at(meta, 0), 4, UINT32_MAX, "a node is not where or as it should be");
	expect_found(true, meta_tree(1) + offsetof(struct tree, flags), 2, 8, "of a kind");
	expect_found(true, meta_tree(1) + offsetof(struct tree, depth), 2, 3, "it should be a branch page");
	expect_found(true, meta_tree(1) + offsetof(struct tree, entries), 8, 3, "counts its pages or entries wrongly");
}

Test(free_list, entries)
{
	uint8_t *tree = meta_tree(0), *node = node_at(root_of(tree), 0);
	uint8_t *value = value_of(node);
	cr_assert_eq(little_get16(tree + offsetof(struct tree, depth)), 1);
	cr_assert_eq(little_get16(node + 4), 0);
	cr_assert_geq(little_get64(value), 2);
	expect_found(false, value, 8, little_get32(node) / 8, "more pages are free than it names");
	expect_found(false, value, 8, UINT64_MAX, "more pages are free than it names");
	expect_found(false, value + 8, 8, 1, "it cannot be free");
	expect_found(false, value + 8, 8, UINT64_MAX, "it cannot be free");
	expect_found(false, value + 8, 8, little_get64(root_of(tree)), "it cannot be free");
	expect_found(false, value + 8, 8, little_get64(first_leaf("users")), "it cannot be free");
	expect_found(false, value + 8, 8, little_get64(value + 16), "it cannot be free");
	expect_found(
		false, value + 8, 8, little_get64(value + 16) - 1, "it cannot be free"); /* In use, and out of order. */
	expect_found(false, node + 8, 8, 0, "a transaction that has not been");
	expect_found(false, node_at(root_of(tree), node_count(root_of(tree)) - 1) + 8, 8, 1 << 20,
		"a transaction that has not been");
	expect_found(false, node + 6, 2, 4, "node");
	expect_found(false, tree + offsetof(struct tree, flags), 2, 0x400c, "of a kind");
	expect_found(false, root_of(tree) + 10, 2, 0x12, "it should be a leaf page");
}

Test(free_list, order)
{
	uint8_t *value = value_of(node_at(root_of(meta_tree(0)), 0)), *last = value + 8 * little_get64(value);
	uint64_t first = little_get64(value + 8), used = little_get64(first_leaf("meta"));
	cr_assert_lt(used, little_get64(last - 8));
	expect_found(false, last, 8, used, "it cannot be free");
	little_put(value + 8, little_get64(value + 16), 8);
	little_put(value + 16, first, 8);
	expect_damage(false, "it cannot be free");
}

/* A meta page is looked for where its transaction's number says. */
Test(free_list, meta_pages_in_each_others_place)
{
	orgdb *damaged;
	uint8_t first[PAGE];
	memcpy(first, image + PAGE_HEADER, PAGE - PAGE_HEADER);
	memcpy(image + PAGE_HEADER, image + PAGE + PAGE_HEADER, PAGE - PAGE_HEADER);
	memcpy(image + PAGE + PAGE_HEADER, first, PAGE - PAGE_HEADER);
	cr_assert_eq(try_open(false, &damaged), ORGDB_CORRUPT);
	cr_assert_not_null(strstr(orgdb_last_error()->message, "in each other's place"));
}

/* ---- Beside a writer --------------------------------------------------------------------------------------------- */

TestSuite(beside, .init = fixture_store, .fini = fixture_close, .timeout = 60);

/* Until it is killed. */
static void write_for_ever(void)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = ORGDB_RELAXED;
	orgdb *own;
	orgdb_txn *writer;
	must(orgdb_open(store_path, &options, &own));
	for (unsigned i = 0;; i++) {
		const char *id = format("auth0|%u", i);
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(id);
		must(orgdb_begin_write(own, &writer));
		must(orgdb_user_create(writer, &user, NULL));
		if (i >= 50) /* Pages become free and are used again. */
			must(orgdb_user_delete(writer, format("auth0|%u", i - 50), NULL));
		must(orgdb_commit(writer));
	}
}

Test(beside, pages_are_verified_while_another_process_writes)
{
	begin_write();
	populate();
	commit();
	close_store();
	pid_t writer = fork();
	if (writer == 0) {
		alarm(60);
		write_for_ever();
	}
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.verify = true;
	for (uint64_t lsn = 0; lsn < 300; close_store()) {
		open_store(&options);
		expect_sound_store();
		begin_read();
		must(orgdb_lsn(txn, &lsn));
	}
	cr_expect_eq(waitpid(writer, NULL, WNOHANG), 0, "it wrote all the time");
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	open_store(&options);
	expect_sound_store();
}
