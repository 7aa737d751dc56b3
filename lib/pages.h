/*
 * The pages of a store's file, read without LMDB, which believes all that they say: where they lie, it crashes, loops or
 * writes over what is in use.
 *
 * Here nothing is believed. Pages are copied with pread() and every number in them is bounded before it is used, so a walk
 * ends, whatever the file holds, and needs a page of memory for each level of a tree and a bit for each page of the file.
 * What a walk proves of a tree in which it finds no problem:
 *
 * - each page lies in the file, says its own number and is of the kind that its depth asks for;
 * - no page is in two places, or both in use and free;
 * - a page's nodes fill it from its upper bound to its end without overlap, with keys and values of sizes that LMDB writes;
 * - keys ascend through the whole tree, and what leads to a page is at most its first key and more than any key before;
 * - a large value's run of pages says how long it is, is long enough and lies in the file;
 * - the tree's counts of its pages and entries are right;
 * - the free list names each page once, in the order that LMDB relies on, under a transaction that has been.
 *
 * So LMDB can read and write such a tree. What a key or a value means is for others to judge, and pages have no checksums:
 * a flipped bit inside a value stays unseen here. The layout is LMDB 0.9's on 64-bit little-endian machines.
 *
 * The file must not change under a walk: see orgdb__file_verify().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_PAGES_H
#define ORGDB_PAGES_H

#include "key.h"

enum {
	PAGE_HEADER = 16, /* Page number (8), unused (2), flags (2), end of the node offsets (2), begin of the nodes (2). */
	PAGE_BRANCH = 1,
	PAGE_LEAF = 2,
	PAGE_OVERFLOW = 4,
	NODE_HEADER = 8,  /* Size or page number, low (2) and high (2), flags (2), key size (2). */
	TREE_NUMBERS = 8, /* Keys are numbers of eight bytes in the machine's order. */
	PAGES_DEPTH_MAX = 32,
};

#define NO_PAGE UINT64_MAX

/* A tree as meta pages and the table of tables describe it. */
struct tree {
	uint32_t unused; /* Of the free list's tree in a meta page: the page size. */
	uint16_t flags;
	uint16_t depth;
	uint64_t branch_pages;
	uint64_t leaf_pages;
	uint64_t overflow_pages;
	uint64_t entries;
	uint64_t root;
};

/* Who is told what a walk finds. */
struct pages_sink {
	/* `table` lives during the call. False: look no further. */
	bool (*problem)(void *context, const char *table, const char *message);
	void *context;
};

/* A leaf page of a damaged file. */
struct leaf {
	struct walk *walk;
	const uint8_t *page;
	uint64_t number;
	bool is_doubtful; /* Nothing leads to it, and it may be of the past, or the inside of a large value. */
};

/* Who takes what can be read of a damaged file. */
struct pages_harvest {
	/* `table` lives during the call; NULL: nothing has led to the page. False: it is not the table's after all. */
	bool (*leaf)(void *context, const char *table, struct leaf *leaf);
	/* How a table describes itself. */
	void (*table)(void *context, const char *table, const struct tree *tree);
	void *context;
};

/* What is known of one file. The first members are the caller's to set. */
struct pages {
	int fd;
	uint64_t page_size;
	uint64_t count; /* Whole pages in the file. */
	uint64_t
		last_page; /* Of the snapshot that is walked: pages up to it are in use or free, those behind it are not there. */
	uint64_t snapshot;
	const struct pages_sink *sink;
	const struct pages_harvest *harvest; /* Or NULL. */
	bool past_is_known;                  /* For the scan: all free pages are taken. */

	uint8_t *taken;        /* A bit for each page up to `last_page`: it was found in use or free. */
	uint64_t missing_free; /* Free pages that are not in the file, where they need not be. */
	uint64_t problems;
	int error; /* What kept the file from being read to its end: says nothing about the file. */
};

/* ORGDB_NO_MEMORY; else pages must be ended. */
int orgdb__pages_begin(struct pages *pages);
void orgdb__pages_end(struct pages *pages);

/* Exactly `size` bytes; else an errno, or -1 if the file ends before. */
int orgdb__pages_read(int fd, uint64_t at, void *out, size_t size);

/*
 * Walk the table of tables and, if `whole`, every table that it names, else only "meta". False if the sink wants to hear no
 * more, or `error` is set.
 */
bool orgdb__pages_walk_tables(struct pages *pages, const struct tree *tables, bool whole);
bool orgdb__pages_walk_free(struct pages *pages, const struct tree *free_list);

/*
 * Harvest the leaf pages that no walk has found: where what led to them is gone, they are still there. To be called after the
 * walks, of which that of the free list keeps pages of the past out.
 */
void orgdb__pages_scan(struct pages *pages);
/*
 * Call `visit` for each row of a leaf page that can be read, until it returns false. Values live during the call. To `keep`
 * the rows is to take the pages of their large values, which can be done once.
 */
void orgdb__leaf_rows(const struct leaf *leaf, bool keep,
	bool (*visit)(void *context, struct bytes key, struct bytes value), void *context);

#endif
