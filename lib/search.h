/*
 * Searching a table of hashes in the map, without LMDB, whose binary search decides at each step what nothing foretells:
 * processors guess every second comparison wrong. Hashes are spread evenly, so where one is in a page can be computed from
 * what the page covers, and a few keys around that place are compared all at once.
 *
 * What is read here is not believed: each page must lie in the file, say its own number, be of the kind that its depth asks
 * for and have its nodes inside. Whatever is not as it should be, or not worth the code, is for LMDB to find, or to fail at.
 * The layout is that of pages.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_SEARCH_H
#define ORGDB_SEARCH_H

#include "pages.h"

/* A table in one snapshot. */
struct search_tree {
	const uint8_t *map;
	uint64_t page_size;
	uint64_t page_count; /* Pages from this number on are not there. */
	uint64_t root;       /* NO_PAGE: it is empty. */
	unsigned depth;
};

enum search_result {
	SEARCH_FOUND,
	SEARCH_ABSENT,
	SEARCH_UNSURE, /* Ask LMDB. */
};

/*
 * View the table that `described` describes: a value of LMDB's table of tables, where it lies in the map. False if it cannot
 * be searched here.
 */
bool orgdb__search_view(struct bytes described, uint64_t page_size, uint64_t page_count, struct search_tree *out);
/* The value lives as long as the snapshot. */
enum search_result orgdb__search(const struct search_tree *tree, uint64_t hash, struct bytes *value);

#endif
