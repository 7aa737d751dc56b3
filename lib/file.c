/*
 * Judging a file before LMDB maps and trusts it.
 *
 * A file may rightly be shorter than its newest meta page says: pages that a transaction took at the end and gave back
 * before its commit are counted and listed as free, but never written. So where pages are missing, the free list must name
 * every one of them. It is read here with pread(), because it may itself be what is missing.
 *
 * The layout is LMDB 0.9's on 64-bit little-endian machines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "little.h"
#include "memory.h"

enum {
	PAGE_HEADER = 16, /* Page number (8), unused (2), flags (2), end of the node offsets (2), begin of the nodes (2). */
	NODE_HEADER = 8,  /* Size or page number, low (2) and high (2), flags (2), key size (2). */
	PAGE_BRANCH = 1,
	PAGE_LEAF = 2,
	NODE_BIG = 1, /* The value is in pages of its own, whose first is named instead. */
	META_VERSION = 1,
	DEPTH_MAX = 32,
	JUDGE_TRIES = 10,
};

#define META_MAGIC UINT32_C(0xBEEFC0DE)
#define NO_PAGE UINT64_MAX

/* Each of the first two pages holds one, behind the page header. */
struct meta {
	uint32_t magic;
	uint32_t version;
	uint64_t address;
	uint64_t map_size;
	struct {
		uint32_t page_size; /* In the first entry; unused in the second. */
		uint16_t flags;
		uint16_t depth;
		uint64_t branch_pages;
		uint64_t leaf_pages;
		uint64_t overflow_pages;
		uint64_t entries;
		uint64_t root;
	} tables[2]; /* The free list, and the table of tables. */
	uint64_t last_page;
	uint64_t txn_id;
};

struct file {
	const char *path;
	int fd;
	uint64_t size;
	uint64_t page_size;
	uint64_t pages;     /* Whole ones in the file. */
	uint64_t last_page; /* Of the newest meta page. */
	uint8_t *missing;   /* A bit for each page from `pages` to `last_page`: set when the free list names it. */
	uint64_t found;     /* Bits set. */
	uint64_t visited;   /* Pages of the free list. */
	int error;          /* What kept the file from being read to its end: says nothing about the file. */
};

/* Exactly `size` bytes: nobody should be cutting the file meanwhile. */
static bool read_at(struct file *file, uint64_t at, void *out, size_t size)
{
	uint8_t *to = out;
	while (size > 0) {
		ssize_t got = pread(file->fd, to, size, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			file->error = errno;
		if (got <= 0)
			return false;
		to += got;
		at += (uint64_t)got;
		size -= (size_t)got;
	}
	return true;
}

static void *allocate(struct file *file, size_t size)
{
	void *memory = orgdb__allocate_zeroed(size);
	if (!memory)
		file->error = ENOMEM;
	return memory;
}

/* What is missing, unless it only could not be read. */
static int cut_off(const struct file *file, int code, const char *what)
{
	if (file->error != 0)
		return orgdb__fail_system(orgdb__code_of_errno(file->error), file->error, "%s: cannot read it", file->path);
	return orgdb__fail(code, "", "%s: %s", file->path, what);
}

/* ---- Meta pages -------------------------------------------------------------------------------------------------- */

static bool page_size_is_sane(uint64_t size)
{
	return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* Only the newest has to be: when writing one has failed, LMDB gives it an old number and leaves the rest as it may be. */
static bool newest_is_sane(const struct file *file, const struct meta *meta)
{
	if (meta->last_page < 1 || meta->last_page > INT64_MAX / file->page_size - 1)
		return false;
	for (int i = 0; i < 2; i++) {
		uint64_t root = meta->tables[i].root;
		if (meta->tables[i].depth > DEPTH_MAX || (root != NO_PAGE && (root < 2 || root > meta->last_page)))
			return false;
	}
	return true;
}

static int damaged_meta(const struct file *file, int which)
{
	return orgdb__fail(ORGDB_CORRUPT, "", "%s: meta page %d is damaged; restore a backup", file->path, which);
}

static int judge_meta(const struct file *file, const struct meta *meta, int which)
{
	if (meta->magic != META_MAGIC)
		return orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store", file->path);
	if (meta->version != META_VERSION)
		return orgdb__fail(
			ORGDB_VERSION_MISMATCH, "", "%s: written by an LMDB of data version %u", file->path, meta->version);
	return page_size_is_sane(meta->tables[0].page_size) ? 0 : damaged_meta(file, which);
}

static int read_meta(struct file *file, uint64_t at, int which, struct meta *meta)
{
	if (!read_at(file, at + PAGE_HEADER, meta, sizeof(*meta)))
		return cut_off(file, ORGDB_NOT_A_STORE, "not an orgdb store: the file is too short");
	return judge_meta(file, meta, which);
}

/* ---- The free list ----------------------------------------------------------------------------------------------- */

static void mark_free(struct file *file, uint64_t page)
{
	if (page < file->pages || page > file->last_page)
		return;
	uint64_t i = page - file->pages;
	file->found += !(file->missing[i / 8] >> (i % 8) & 1);
	file->missing[i / 8] |= (uint8_t)(1 << (i % 8));
}

/* A value of the free list: how many pages, then their numbers, 8 bytes each. */
static bool mark_numbers(struct file *file, const uint8_t *value, uint64_t size)
{
	if (size < 8 || little_get(value, 8) > size / 8 - 1)
		return false;
	for (uint64_t i = little_get(value, 8); i > 0; i--)
		mark_free(file, little_get(value + 8 * i, 8));
	return true;
}

static bool mark_big_value(struct file *file, uint64_t page, uint64_t size)
{
	if (page < 2 || page >= file->pages || size > file->size)
		return false;
	uint8_t *value = allocate(file, size);
	bool right =
		value && read_at(file, page * file->page_size + PAGE_HEADER, value, size) && mark_numbers(file, value, size);
	orgdb__release(value);
	return right;
}

static bool mark_subtree(struct file *file, uint64_t page, int depth);

static bool mark_node(struct file *file, const uint8_t *page, size_t at, bool leaf, int depth)
{
	if (at < PAGE_HEADER || at + NODE_HEADER > file->page_size)
		return false;
	const uint8_t *node = page + at;
	uint64_t number = little_get(node, 4), flags = little_get(node + 4, 2), key_size = little_get(node + 6, 2);
	if (!leaf)
		return mark_subtree(file, number | flags << 32, depth - 1);
	size_t value = at + NODE_HEADER + key_size;
	size_t inside = flags & NODE_BIG ? 8 : number;
	if (value + inside > file->page_size)
		return false;
	return flags & NODE_BIG ? mark_big_value(file, little_get(page + value, 8), number)
							: mark_numbers(file, page + value, number);
}

static bool mark_nodes(struct file *file, const uint8_t *page, int depth)
{
	uint64_t flags = little_get(page + 10, 2), end = little_get(page + 12, 2);
	bool leaf = flags & PAGE_LEAF;
	if (!(flags & (PAGE_LEAF | PAGE_BRANCH)) || end < PAGE_HEADER || end > file->page_size)
		return false;
	for (size_t at = PAGE_HEADER; at + 2 <= end; at += 2)
		if (!mark_node(file, page, little_get(page + at, 2), leaf, depth))
			return false;
	return true;
}

/* `depth` bounds the recursion, whatever loops a damaged file holds. */
static bool mark_subtree(struct file *file, uint64_t page, int depth)
{
	if (depth == 0 || page < 2 || page >= file->pages || ++file->visited > file->pages)
		return false;
	uint8_t *bytes = allocate(file, file->page_size);
	bool right =
		bytes && read_at(file, page * file->page_size, bytes, file->page_size) && mark_nodes(file, bytes, depth);
	orgdb__release(bytes);
	return right;
}

static bool missing_pages_are_free(struct file *file, const struct meta *meta)
{
	uint64_t missing = file->last_page - file->pages + 1;
	file->missing = allocate(file, missing / 8 + 1);
	bool all_free = file->missing && meta->tables[0].root != NO_PAGE &&
		mark_subtree(file, meta->tables[0].root, meta->tables[0].depth) && file->found == missing;
	orgdb__release(file->missing);
	return all_free;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static int read_metas(struct file *file, struct meta metas[2])
{
	int rc = read_meta(file, 0, 0, &metas[0]);
	if (rc != 0)
		return rc;
	file->page_size = metas[0].tables[0].page_size;
	rc = read_meta(file, file->page_size, 1, &metas[1]);
	if (rc == 0 && metas[1].tables[0].page_size != file->page_size)
		rc = orgdb__fail(ORGDB_CORRUPT, "", "%s: the meta pages disagree; restore a backup", file->path);
	return rc;
}

static int judge_once(struct file *file, uint64_t *txn_id)
{
	struct meta metas[2];
	struct stat info;
	int rc = read_metas(file, metas);
	if (rc != 0)
		return rc;
	/* After the metas: the file only grows, and before a meta page says so. */
	if (fstat(file->fd, &info) != 0)
		return orgdb__fail_system(ORGDB_IO, errno, "%s", file->path);
	int which = metas[1].txn_id > metas[0].txn_id;
	const struct meta *newest = &metas[which];
	if (!newest_is_sane(file, newest))
		return damaged_meta(file, which);
	*txn_id = newest->txn_id;
	file->size = (uint64_t)info.st_size;
	file->pages = file->size / file->page_size;
	file->last_page = newest->last_page;
	file->found = file->visited = 0;
	if (file->pages > file->last_page || missing_pages_are_free(file, newest))
		return 0;
	char what[96];
	snprintf(what, sizeof(what), "cut off: it has %llu pages and needs %llu; restore a backup",
		(unsigned long long)file->pages, (unsigned long long)file->last_page + 1);
	return cut_off(file, ORGDB_CORRUPT, what);
}

/* Another process may be writing meanwhile: what looks damaged only counts if nothing was committed while it was read. */
static int judge(struct file *file)
{
	uint64_t before = 0, now = 0;
	int rc = judge_once(file, &before);
	for (int i = 0; rc == ORGDB_CORRUPT && i < JUDGE_TRIES; i++) {
		rc = judge_once(file, &now);
		if (now == before)
			break;
		before = now;
	}
	return rc;
}

int orgdb__file_judge(const char *path)
{
	struct file file = { .path = path };
	struct stat info;
	int rc;
	file.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* A pipe must not keep us waiting. */
	if (file.fd < 0)
		return orgdb__fail_system(orgdb__code_of_errno(errno), errno, "%s", path);
	if (fstat(file.fd, &info) != 0)
		rc = orgdb__fail_system(ORGDB_IO, errno, "%s", path);
	else if (!S_ISREG(info.st_mode))
		rc = orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store: not a regular file", path);
	else if (info.st_size == 0)
		rc = orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store: the file is empty", path);
	else
		rc = judge(&file);
	close(file.fd);
	return rc;
}
