/*
 * The pages of a store's file, read without LMDB.
 *
 * A page is an array of node offsets behind its header, sorted by key, and the nodes themselves, which are put in from the
 * end on. A leaf's node holds a key and a value, or the number of the first of a run of pages that hold the value; a
 * branch's node the number of a page and the key from which on that page is to be searched.
 *
 * SPDX-License-Identifier: MIT
 */
#include "pages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "error.h"
#include "little.h"
#include "memory.h"

enum {
	NODE_BIG = 1,      /* The value is in pages of its own, whose first is named instead. */
	NODE_TABLE = 2,    /* The value is a table's struct tree. */
	TREE_FLAGS = 0x7e, /* All that say how keys and values are kept. In the free list's tree others have other bits. */
	KEY_MAX = 511,
	TABLE_NAME_MAX = 63,
	MESSAGE_MAX = 200,
};

struct walk {
	struct pages *pages;
	const char *table;
	const struct tree *tree;
	/* Optional: called for each entry. False to stop. */
	bool (*visit)(struct walk *walk, struct bytes key, struct bytes value);
	unsigned node_flags; /* Those that a leaf's nodes may have. */
	size_t ways_min;     /* Of a branch. LMDB insists on two, but may leave one in its free list. */
	bool whole;          /* For visit_table(). */
	bool harvested;      /* Its leaf pages go to the harvest. */

	struct tree found; /* What there is, to be compared with what the tree says. */
	bool incomplete;   /* Pages were left out, so that comparing has no point. */
	uint64_t page;     /* Being looked at. */
	uint8_t *buffers;  /* A page for each level. */
	uint16_t *tiles;   /* For judge_nodes(): a number for every two bytes of a page. */
	struct bytes last; /* The key that must come before the next ... */
	bool leads;        /* ... or, as it is a branch's and leads there, be equal. */
	uint8_t last_of_leaf[KEY_MAX];
};

struct node {
	struct bytes key;
	const uint8_t *value;
	uint64_t number; /* A leaf's: bytes of the value. A branch's: the page. */
	unsigned flags;
	size_t size; /* In the page. */
};

/* ---- Problems ---------------------------------------------------------------------------------------------------- */

/* False if no more is wanted. */
static bool problem(struct walk *walk, const char *format, ...) PRINTF_LIKE(2, 3);

static bool problem(struct walk *walk, const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	const struct pages_sink *sink = walk->pages->sink;
	walk->pages->problems++;
	walk->incomplete = true;
	return sink->problem(sink->context, walk->table, message);
}

/* For "%llu". */
static unsigned long long number(uint64_t value)
{
	return value;
}

static bool page_problem(struct walk *walk, uint64_t page, const char *what)
{
	return problem(walk, "page %llu: %s", number(page), what);
}

/* ---- Reading and taking pages ------------------------------------------------------------------------------------ */

int orgdb__pages_read(int fd, uint64_t at, void *out, size_t size)
{
	uint8_t *to = out;
	while (size > 0) {
		ssize_t got = pread(fd, to, size, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : -1;
		to += got;
		at += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int orgdb__pages_begin(struct pages *pages)
{
	pages->problems = pages->missing_free = 0;
	pages->taken = orgdb__allocate_zeroed(pages->last_page / 8 + 1);
	return pages->taken ? 0 : orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for looking at the pages of a store");
}

void orgdb__pages_end(struct pages *pages)
{
	orgdb__release(pages->taken);
}

/* False, and no more can be said, if what should be there cannot be read. */
static bool read_pages(struct walk *walk, uint64_t at, void *out, size_t size)
{
	int error = orgdb__pages_read(walk->pages->fd, at, out, size);
	if (error != 0)
		walk->pages->error = error < 0 ? EIO : error;
	return error == 0;
}

static void *allocate(struct walk *walk, size_t size)
{
	void *memory = orgdb__allocate(size);
	if (!memory)
		walk->pages->error = ENOMEM;
	return memory;
}

static bool is_taken(const struct pages *pages, uint64_t page)
{
	return pages->taken[page / 8] >> (page % 8) & 1;
}

/* A page may be found once; the first two are meta pages. */
static bool take(struct pages *pages, uint64_t page)
{
	if (page < 2 || page > pages->last_page || is_taken(pages, page))
		return false;
	pages->taken[page / 8] |= (uint8_t)(1 << (page % 8));
	return true;
}

static void give_back(struct pages *pages, uint64_t page)
{
	pages->taken[page / 8] &= (uint8_t) ~(1u << (page % 8));
}

/* Take a page and read it, or the beginning of it. False unless there it is; `*on` tells whether to go on. */
static bool take_page(struct walk *walk, uint64_t page, void *out, size_t size, bool *on)
{
	struct pages *pages = walk->pages;
	const char *wrong = NULL;
	if (page < 2 || page > pages->last_page)
		wrong = "there is no such page";
	else if (page >= pages->count)
		wrong = "it is behind the end of the file";
	else if (!take(pages, page))
		wrong = "it is in use elsewhere, too";
	if (wrong) {
		*on = page_problem(walk, page, wrong);
		return false;
	}
	*on = read_pages(walk, page * pages->page_size, out, size);
	if (*on || !pages->harvest)
		return *on;
	pages->error = 0; /* A bad sector is no reason to leave the others. */
	*on = page_problem(walk, page, "it cannot be read");
	return false;
}

/* ---- The shape of a page ----------------------------------------------------------------------------------------- */

static const char *judge_header(const struct walk *walk, const uint8_t *page, bool leaf)
{
	uint64_t end = little_get16(page + 12), begin = little_get16(page + 14);
	if (little_get64(page) != walk->page)
		return "it holds another page's number";
	if (little_get16(page + 10) != (leaf ? PAGE_LEAF : PAGE_BRANCH))
		return leaf ? "it should be a leaf page" : "it should be a branch page";
	size_t least = leaf ? 1 : walk->ways_min;
	if (end < PAGE_HEADER + 2 * least || (end | begin) % 2 != 0 || end > begin || begin > walk->pages->page_size)
		return "its bounds are wrong";
	return NULL;
}

static size_t node_count(const uint8_t *page)
{
	return ((size_t)little_get16(page + 12) - PAGE_HEADER) / 2;
}

/* LMDB moves values that would leave no room for a second node out of the page. */
static size_t node_size_max(uint64_t page_size)
{
	return (size_t)((page_size - PAGE_HEADER) / 2 & ~(uint64_t)1) - 2;
}

static bool key_size_is_right(const struct walk *walk, size_t size, bool may_be_empty)
{
	if (size == 0)
		return may_be_empty;
	return walk->tree->flags & TREE_NUMBERS ? size == sizeof(uint64_t) : size <= KEY_MAX;
}

/* View node `i`; false unless it is within the page, behind the offsets, and as LMDB makes them. */
static bool view_node(const struct walk *walk, const uint8_t *page, size_t i, bool leaf, struct node *node)
{
	size_t page_size = walk->pages->page_size, begin = little_get16(page + 14);
	size_t at = little_get16(page + PAGE_HEADER + 2 * i);
	if (at < begin || at % 2 != 0 || at > page_size - NODE_HEADER)
		return false;
	const uint8_t *data = page + at;
	node->flags = little_get16(data + 4);
	node->number = little_get32(data);
	node->key = (struct bytes){ data + NODE_HEADER, little_get16(data + 6) };
	node->value = node->key.data + node->key.size;
	node->size = NODE_HEADER + node->key.size;
	if (!leaf) {
		node->number |= (uint64_t)node->flags << 32;
	} else if (node->flags & ~walk->node_flags) {
		return false;
	} else {
		node->size += node->flags & NODE_BIG ? sizeof(uint64_t) : node->number;
		if (node->size > node_size_max(page_size))
			return false;
	}
	node->size += node->size % 2;
	return key_size_is_right(walk, node->key.size, !leaf && i == 0) && node->size <= page_size - at;
}

/* Laid one behind the other the nodes must fill the page from its upper bound to its end: LMDB moves them about as such. */
static const char *judge_nodes(const struct walk *walk, const uint8_t *page, bool leaf)
{
	size_t page_size = walk->pages->page_size, count = node_count(page), at = little_get16(page + 14);
	struct node node;
	memset(walk->tiles, 0, page_size / 2 * sizeof(*walk->tiles));
	for (size_t i = 0; i < count; i++) {
		if (!view_node(walk, page, i, leaf, &node))
			return "a node is not where or as it should be";
		walk->tiles[little_get16(page + PAGE_HEADER + 2 * i) / 2] = (uint16_t)node.size;
	}
	for (; at < page_size && walk->tiles[at / 2] != 0; count--)
		at += walk->tiles[at / 2];
	return at == page_size && count == 0 ? NULL : "its nodes overlap or leave gaps";
}

/* ---- Order ------------------------------------------------------------------------------------------------------- */

static int compare(const struct walk *walk, struct bytes a, struct bytes b)
{
	if (walk->tree->flags & TREE_NUMBERS) {
		uint64_t x = little_get64(a.data), y = little_get64(b.data);
		return (x > y) - (x < y);
	}
	int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool next_key(struct walk *walk, struct bytes key, bool leads)
{
	int order = walk->last.size == 0 ? -1 : compare(walk, walk->last, key);
	bool right = order < 0 || (order == 0 && walk->leads);
	walk->last = key;
	walk->leads = leads;
	return right || page_problem(walk, walk->page, "its keys are out of order");
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* What is wrong with the run of pages that begins with this header and should hold `size` bytes. */
static const char *judge_run(
	const struct pages *pages, const uint8_t header[PAGE_HEADER], uint64_t first, uint64_t size)
{
	uint64_t run = little_get32(header + 12), needed = (PAGE_HEADER - 1 + size) / pages->page_size + 1;
	if (little_get64(header) != first || little_get16(header + 10) != PAGE_OVERFLOW)
		return "it should begin a large value";
	if (run < needed || run > pages->count - first)
		return "it says that a large value is of fewer or more pages than it can be";
	return NULL;
}

/* Take a large value's run of pages. False unless it is as it should be; `*on` tells whether to go on. */
static bool take_run(struct walk *walk, uint64_t first, uint64_t size, bool *on)
{
	struct pages *pages = walk->pages;
	uint8_t header[PAGE_HEADER];
	if (!take_page(walk, first, header, sizeof(header), on))
		return false;
	uint64_t run = little_get32(header + 12);
	const char *wrong = judge_run(pages, header, first, size);
	for (uint64_t page = first + 1; !wrong && page < first + run; page++)
		if (!take(pages, page))
			wrong = "pages of the large value that begins here are in use elsewhere, too";
	walk->found.overflow_pages += run;
	if (wrong)
		*on = page_problem(walk, first, wrong);
	return !wrong;
}

static bool visit_large(struct walk *walk, struct bytes key, uint64_t first, uint64_t size)
{
	uint8_t *value = allocate(walk, size + 1);
	bool on = value && read_pages(walk, first * walk->pages->page_size + PAGE_HEADER, value, size) &&
		walk->visit(walk, key, (struct bytes){ value, size });
	orgdb__release(value);
	return on;
}

static bool visit_node(struct walk *walk, const struct node *node)
{
	walk->found.entries++;
	if (!(node->flags & NODE_BIG))
		return !walk->visit || walk->visit(walk, node->key, (struct bytes){ node->value, node->number });
	uint64_t first = little_get64(node->value);
	bool on = true;
	if (!take_run(walk, first, node->number, &on) || !walk->visit)
		return on;
	return visit_large(walk, node->key, first, node->number);
}

/* ---- Trees ------------------------------------------------------------------------------------------------------- */

static bool harvest_leaf(struct walk *walk, const char *table, const uint8_t *page, bool is_doubtful);

/* In a page with problems the nodes that are fine still count. */
static bool walk_leaf(struct walk *walk, const uint8_t *page)
{
	bool on = true;
	if (walk->harvested)
		return harvest_leaf(walk, walk->table, page, false);
	walk->found.leaf_pages++;
	for (size_t i = 0; i < node_count(page) && on; i++) {
		struct node node;
		if (view_node(walk, page, i, true, &node))
			on = next_key(walk, node.key, false) && visit_node(walk, &node);
	}
	if (walk->last.size > 0) { /* The next leaf page takes this one's place in memory. */
		memcpy(walk->last_of_leaf, walk->last.data, walk->last.size);
		walk->last.data = walk->last_of_leaf;
	}
	return on;
}

static bool walk_page(struct walk *walk, uint64_t number, unsigned level);

/* The key of the first node counts for nothing. */
static bool walk_branch(struct walk *walk, const uint8_t *page, unsigned level)
{
	bool on = true;
	walk->found.branch_pages++;
	for (size_t i = 0; i < node_count(page) && on; i++) {
		struct node node;
		walk->page = little_get64(page);
		if (!view_node(walk, page, i, false, &node))
			continue;
		on = i == 0 || walk->harvested || next_key(walk, node.key, true);
		if (on)
			on = walk_page(walk, node.number, level + 1);
	}
	return on;
}

/* `level` counts from the root on, and never reaches the tree's depth: that bounds the recursion. */
static bool walk_page(struct walk *walk, uint64_t number, unsigned level)
{
	uint8_t *page = walk->buffers + level * walk->pages->page_size;
	bool leaf = level + 1u == walk->tree->depth, on = true;
	walk->page = number;
	if (!take_page(walk, number, page, walk->pages->page_size, &on))
		return on;
	const char *wrong = judge_header(walk, page, leaf);
	if (wrong) {
		if (walk->harvested) /* Who led here may be wrong. */
			give_back(walk->pages, number);
		return page_problem(walk, number, wrong);
	}
	wrong = judge_nodes(walk, page, leaf);
	if (wrong && !page_problem(walk, number, wrong))
		return false;
	return leaf ? walk_leaf(walk, page) : walk_branch(walk, page, level);
}

static bool judge_counts(struct walk *walk)
{
	const struct tree *found = &walk->found, *tree = walk->tree;
	if (walk->incomplete || walk->harvested ||
		(found->branch_pages == tree->branch_pages && found->leaf_pages == tree->leaf_pages &&
			found->overflow_pages == tree->overflow_pages && found->entries == tree->entries))
		return true;
	return problem(walk, "it counts its pages or entries wrongly: %llu entries, and it has %llu", number(tree->entries),
		number(found->entries));
}

static const char *judge_tree(const struct pages *pages, const struct tree *tree)
{
	if (tree->root == NO_PAGE)
		return tree->depth == 0 ? NULL : "it has levels but no pages";
	if (tree->depth < 1 || tree->depth > PAGES_DEPTH_MAX)
		return "it says that it has no levels, or too many";
	return tree->root < 2 || tree->root > pages->last_page ? "its first page is none of this file" : NULL;
}

static bool walk_tree(struct walk *walk)
{
	const struct tree *tree = walk->tree;
	uint64_t page_size = walk->pages->page_size;
	const char *wrong = judge_tree(walk->pages, tree);
	if (wrong)
		return problem(walk, "%s", wrong);
	walk->buffers = allocate(walk, (tree->depth + 1) * page_size);
	if (!walk->buffers)
		return false;
	walk->tiles = (uint16_t *)(void *)(walk->buffers + tree->depth * page_size);
	bool on = (tree->root == NO_PAGE || walk_page(walk, tree->root, 0)) && judge_counts(walk);
	orgdb__release(walk->buffers);
	return on;
}

/* ---- The trees that there are ------------------------------------------------------------------------------------ */

static bool visit_table(struct walk *walk, struct bytes key, struct bytes value)
{
	char name[TABLE_NAME_MAX + 1] = "";
	struct tree tree;
	if (value.size != sizeof(tree) || key.size > TABLE_NAME_MAX)
		return page_problem(walk, walk->page, "it does not describe a table");
	memcpy(name, key.data, key.size);
	memcpy(&tree, value.data, sizeof(tree));
	struct walk table = { .pages = walk->pages, .table = name, .tree = &tree, .node_flags = NODE_BIG, .ways_min = 2 };
	const char *wrong = judge_tree(walk->pages, &tree);
	if (!wrong && (tree.flags & ~TREE_NUMBERS))
		wrong = "it is of a kind that no orgdb makes";
	if (wrong)
		return problem(&table, "%s", wrong);
	const struct pages_harvest *harvest = walk->pages->harvest;
	table.harvested = harvest != NULL;
	if (harvest)
		harvest->table(harvest->context, name, &tree);
	return (walk->whole || strcmp(name, "meta") == 0) ? walk_tree(&table) : true;
}

bool orgdb__pages_walk_tables(struct pages *pages, const struct tree *tables, bool whole)
{
	struct walk walk = { .pages = pages,
		.table = "tables",
		.tree = tables,
		.visit = visit_table,
		.node_flags = NODE_TABLE,
		.ways_min = 2,
		.whole = whole };
	if (tables->flags & TREE_FLAGS)
		return problem(&walk, "they are of a kind that no orgdb makes");
	return walk_tree(&walk);
}

/* A transaction's number, and the pages that it freed: how many, then their numbers, descending. */
static bool visit_freed(struct walk *walk, struct bytes key, struct bytes value)
{
	struct pages *pages = walk->pages;
	uint64_t txn = little_get64(key.data), count = value.size < 8 ? 0 : little_get64(value.data);
	if (txn == 0 || txn > pages->snapshot)
		return page_problem(walk, walk->page, "it names a transaction that has not been");
	if (value.size < 8 || value.size % 8 != 0 || count > value.size / 8 - 1)
		return page_problem(walk, walk->page, "it says that more pages are free than it names");
	for (uint64_t i = 1, before = NO_PAGE; i <= count; i++) {
		uint64_t page = little_get64(value.data + 8 * i);
		if (page >= before || !take(pages, page))
			return problem(walk, "page %llu: it cannot be free", number(page));
		pages->missing_free += page >= pages->count;
		before = page;
	}
	return true;
}

bool orgdb__pages_walk_free(struct pages *pages, const struct tree *free_list)
{
	struct walk walk = { .pages = pages,
		.table = "free list",
		.tree = free_list,
		.visit = visit_freed,
		.node_flags = NODE_BIG,
		.ways_min = 1 };
	if ((free_list->flags & TREE_FLAGS) != TREE_NUMBERS)
		return problem(&walk, "it is of a kind that no orgdb makes");
	return walk_tree(&walk);
}

/* ---- Harvesting -------------------------------------------------------------------------------------------------- */

/* What is inside a large value is no page of anything, whatever it looks like. */
static void take_inside(struct pages *pages, uint64_t first, const uint8_t header[PAGE_HEADER])
{
	uint64_t run = little_get32(header + 12);
	if (!judge_run(pages, header, first, 0))
		for (uint64_t page = first + 1; page < first + run; page++)
			take(pages, page);
}

/* Read a large value; NULL if it cannot be. */
static uint8_t *read_large(struct pages *pages, uint64_t first, uint64_t size, bool keep)
{
	uint8_t header[PAGE_HEADER];
	if (first < 2 || first >= pages->count || first > pages->last_page || is_taken(pages, first) ||
		size > pages->count * pages->page_size ||
		orgdb__pages_read(pages->fd, first * pages->page_size, header, sizeof(header)) != 0 ||
		judge_run(pages, header, first, size))
		return NULL;
	uint8_t *value = orgdb__allocate(size + 1);
	if (!value) {
		pages->error = ENOMEM;
		return NULL;
	}
	if (orgdb__pages_read(pages->fd, first * pages->page_size + PAGE_HEADER, value, size) != 0) {
		orgdb__release(value);
		return NULL;
	}
	if (keep) {
		take(pages, first);
		take_inside(pages, first, header);
	}
	return value;
}

void orgdb__leaf_rows(const struct leaf *leaf, bool keep,
	bool (*visit)(void *context, struct bytes key, struct bytes value), void *context)
{
	bool on = true;
	for (size_t i = 0; i < node_count(leaf->page) && on; i++) {
		struct node node;
		if (!view_node(leaf->walk, leaf->page, i, true, &node))
			continue;
		if (!(node.flags & NODE_BIG)) {
			on = visit(context, node.key, (struct bytes){ node.value, node.number });
			continue;
		}
		uint8_t *value = read_large(leaf->walk->pages, little_get64(node.value), node.number, keep);
		if (value)
			on = visit(context, node.key, (struct bytes){ value, node.number });
		orgdb__release(value);
	}
}

static bool harvest_leaf(struct walk *walk, const char *table, const uint8_t *page, bool is_doubtful)
{
	const struct pages_harvest *harvest = walk->pages->harvest;
	struct leaf leaf = { walk, page, walk->page, is_doubtful };
	if (!harvest->leaf(harvest->context, table, &leaf))
		give_back(walk->pages, walk->page);
	return walk->pages->error == 0;
}

/* Returns whether it can be told what the page is. */
static bool scan_page(struct walk *walk, const uint8_t *page, bool is_doubtful)
{
	uint64_t flags = little_get16(page + 10);
	if (little_get64(page) != walk->page)
		return false;
	if (flags == PAGE_OVERFLOW)
		take_inside(walk->pages, walk->page, page);
	else if (flags == PAGE_LEAF && !judge_header(walk, page, true) && !judge_nodes(walk, page, true))
		return harvest_leaf(walk, NULL, page, is_doubtful);
	return flags == PAGE_OVERFLOW || flags == PAGE_BRANCH;
}

/* Behind what cannot be told anything may be the inside of a large value, up to the next page that is in use. */
void orgdb__pages_scan(struct pages *pages)
{
	static const struct tree none;
	struct walk walk = { .pages = pages, .tree = &none, .node_flags = NODE_BIG, .ways_min = 2 };
	bool is_behind_wreck = false;
	uint8_t *page = allocate(&walk, 2 * pages->page_size);
	if (!page)
		return;
	walk.tiles = (uint16_t *)(void *)(page + pages->page_size);
	for (walk.page = 2; walk.page < pages->count && walk.page <= pages->last_page && pages->error == 0; walk.page++) {
		if (is_taken(pages, walk.page))
			is_behind_wreck = false;
		else if (orgdb__pages_read(pages->fd, walk.page * pages->page_size, page, pages->page_size) != 0)
			is_behind_wreck = true;
		else
			is_behind_wreck |= !scan_page(&walk, page, is_behind_wreck || !pages->past_is_known);
	}
	orgdb__release(page);
}
