/*
 * Searching a table of hashes in the map.
 *
 * SPDX-License-Identifier: MIT
 */
#include "search.h"

#include "little.h"

enum {
	WINDOW = 8, /* Keys that are compared at once. */
	NODE_SIZE_MIN = NODE_HEADER + sizeof(uint64_t),
};

/* A page, and the hashes that it covers. */
struct range {
	uint64_t page;
	uint64_t first;
	uint64_t last;
};

bool orgdb__search_view(struct bytes described, uint64_t page_size, uint64_t page_count, struct search_tree *out)
{
	struct tree tree;
	if (described.size != sizeof(tree))
		return false;
	memcpy(&tree, described.data, sizeof(tree));
	const uint8_t *page = described.data - (uintptr_t)described.data % page_size;
	uint64_t number = little_get64(page);
	*out = (struct search_tree){ page - number * page_size, page_size, page_count, tree.root, tree.depth };
	return number < page_count && little_get16(page + 10) == PAGE_LEAF && tree.flags == TREE_NUMBERS;
}

/* The page, if it is of this kind and has nodes. */
static inline const uint8_t *page_of(const struct search_tree *tree, uint64_t number, unsigned kind, size_t *count)
{
	if (number >= tree->page_count)
		return NULL;
	const uint8_t *page = tree->map + number * tree->page_size;
	size_t end = little_get16(page + 12);
	*count = (end - PAGE_HEADER) / 2;
	bool right = little_get64(page) == number && little_get16(page + 10) == kind && end >= PAGE_HEADER + 2 &&
		end <= tree->page_size;
	return right ? page : NULL;
}

static inline size_t node_at(const uint8_t *page, size_t i)
{
	return little_get16(page + PAGE_HEADER + 2 * i);
}

/* How many of `n` nodes from `first` on have hashes that are at most `hash`; those of misplaced nodes may be any. */
static inline size_t count_at_most(const uint8_t *page, size_t limit, size_t first, size_t n, uint64_t hash)
{
	size_t count = 0;
	for (size_t i = first; i < first + n; i++) {
		size_t at = node_at(page, i);
		count += little_get64(page + (at < limit ? at : limit) + NODE_HEADER) <= hash;
	}
	return count;
}

/* Where among `count` hashes that are spread evenly over the range this one would be. Halved, as signed numbers convert fast. */
static inline size_t guess(const struct range *range, uint64_t hash, size_t count)
{
	double share =
		(double)(int64_t)((hash - range->first) / 2) / ((double)(int64_t)((range->last - range->first) / 2) + 1);
	return (size_t)(int64_t)(share * (double)(int64_t)count);
}

/*
 * The last of `count` nodes whose hash is at most `hash`; 0 if there is none. Node 0 is not looked at: in a branch it has no
 * hash, and in a leaf it is the one if no other is. Neighboring windows share a node, so that a search which turns back ends.
 */
static inline size_t last_at_most(
	const uint8_t *page, size_t limit, size_t count, const struct range *range, uint64_t hash)
{
	if (count <= WINDOW)
		return count_at_most(page, limit, 1, count - 1, hash);
	size_t first = guess(range, hash, count), last_first = count - WINDOW;
	first = first > WINDOW / 2 ? first - WINDOW / 2 + 1 : 1;
	for (;;) {
		first = first < last_first ? first : last_first;
		size_t found = count_at_most(page, limit, first, WINDOW, hash);
		if (found == 0 && first > 1)
			first = first > WINDOW ? first - WINDOW + 1 : 1;
		else if (found == WINDOW && first < last_first)
			first += WINDOW - 1;
		else
			return first + found - 1;
	}
}

/* Go on to the page that covers `hash`. */
static inline bool descend(const struct search_tree *tree, uint64_t hash, struct range *range)
{
	size_t count, limit = tree->page_size - NODE_SIZE_MIN;
	const uint8_t *page = page_of(tree, range->page, PAGE_BRANCH, &count);
	if (!page)
		return false;
	size_t i = last_at_most(page, limit, count, range, hash), at = node_at(page, i);
	if (at > limit + (i == 0 ? sizeof(uint64_t) : 0))
		return false;
	range->page = little_get32(page + at) | (uint64_t)little_get16(page + at + 4) << 32;
	if (i > 0)
		range->first = little_get64(page + at + NODE_HEADER);
	if (i + 1 < count && node_at(page, i + 1) <= limit)
		range->last = little_get64(page + node_at(page, i + 1) + NODE_HEADER) - 1;
	return range->first <= hash && hash <= range->last;
}

enum search_result orgdb__search(const struct search_tree *tree, uint64_t hash, struct bytes *value)
{
	struct range range = { tree->root, 0, UINT64_MAX };
	size_t count, limit = tree->page_size - NODE_SIZE_MIN;
	if (tree->root == NO_PAGE)
		return SEARCH_ABSENT;
	for (unsigned level = 1; level < tree->depth; level++)
		if (!descend(tree, hash, &range))
			return SEARCH_UNSURE;
	const uint8_t *page = page_of(tree, range.page, PAGE_LEAF, &count);
	if (!page)
		return SEARCH_UNSURE;
	size_t at = node_at(page, last_at_most(page, limit, count, &range, hash));
	if (at > limit || little_get16(page + at + 6) != sizeof(uint64_t))
		return SEARCH_UNSURE;
	if (little_get64(page + at + NODE_HEADER) != hash)
		return SEARCH_ABSENT;
	*value = (struct bytes){ page + at + NODE_SIZE_MIN, little_get32(page + at) };
	/* A large value has flags, and pages of its own. */
	return little_get16(page + at + 4) == 0 && value->size <= limit - at ? SEARCH_FOUND : SEARCH_UNSURE;
}
