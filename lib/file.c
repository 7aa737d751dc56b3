/*
 * Judging a file before LMDB maps and trusts it, and what it maps before it is used.
 *
 * A file may rightly be shorter than its newest meta page says: pages that a transaction took at the end and gave back
 * before its commit are counted and listed as free, but never written. So where pages are missing, the free list must name
 * every one of them. It may itself be what is missing.
 *
 * The layout is LMDB 0.9's on 64-bit little-endian machines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "little.h"
#include "pages.h"

enum {
	META_VERSION = 1,
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 32768, /* LMDB's own limit. */
	FITTING_MAX = 64,
	JUDGE_TRIES = 10,
};

#define META_MAGIC UINT32_C(0xBEEFC0DE)
#define TXN_ID_MAX (UINT64_MAX >> 1)

/* Each of the first two pages holds one, behind the page header. */
struct meta {
	uint32_t magic;
	uint32_t version;
	uint64_t address;
	uint64_t map_size;
	struct tree free_list;
	struct tree tables;
	uint64_t last_page;
	uint64_t txn_id;
};

struct file {
	const char *path;
	int fd;
	uint64_t page_size;
	struct meta metas[2];
};

/* ---- Meta pages -------------------------------------------------------------------------------------------------- */

static uint64_t page_size_of(const struct meta *meta)
{
	return meta->free_list.unused;
}

static bool page_size_is_sane(uint64_t size)
{
	return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0;
}

static bool tree_is_sane(const struct tree *tree, uint64_t last_page)
{
	return tree->depth <= PAGES_DEPTH_MAX && (tree->root == NO_PAGE || (tree->root >= 2 && tree->root <= last_page));
}

static int damaged_meta(const char *path, int which)
{
	return orgdb__fail(ORGDB_CORRUPT, "", "%s: meta page %d is damaged; restore a backup", path, which);
}

/* Only the newest has to be: when writing one has failed, LMDB gives it an old number and leaves the rest as it may be. */
static bool newest_is_sane(const struct meta *meta)
{
	return meta->last_page >= 1 && meta->last_page <= INT64_MAX / page_size_of(meta) - 1 &&
		meta->txn_id <= TXN_ID_MAX && tree_is_sane(&meta->free_list, meta->last_page) &&
		tree_is_sane(&meta->tables, meta->last_page);
}

static int judge_meta(const struct file *file, const struct meta *meta, int which)
{
	if (meta->magic != META_MAGIC)
		return orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store", file->path);
	if (meta->version != META_VERSION)
		return orgdb__fail(
			ORGDB_VERSION_MISMATCH, "", "%s: written by an LMDB of data version %u", file->path, meta->version);
	return page_size_is_sane(page_size_of(meta)) ? 0 : damaged_meta(file->path, which);
}

static int read_meta(const struct file *file, uint64_t at, int which, struct meta *meta)
{
	int error = orgdb__pages_read(file->fd, at + PAGE_HEADER, meta, sizeof(*meta));
	if (error > 0)
		return orgdb__fail_system(orgdb__code_of_errno(error), error, "%s: cannot read it", file->path);
	if (error < 0)
		return orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store: the file is too short", file->path);
	return judge_meta(file, meta, which);
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static int read_metas(struct file *file)
{
	int rc = read_meta(file, 0, 0, &file->metas[0]);
	if (rc != 0)
		return rc;
	file->page_size = page_size_of(&file->metas[0]);
	rc = read_meta(file, file->page_size, 1, &file->metas[1]);
	if (rc == 0 && page_size_of(&file->metas[1]) != file->page_size)
		rc = orgdb__fail(ORGDB_CORRUPT, "", "%s: the meta pages disagree; restore a backup", file->path);
	return rc;
}

/* LMDB takes transactions' meta pages in turn, and looks for one where its number says that it should be. */
static int choose_newest(const struct file *file, const struct meta **newest)
{
	int which = file->metas[1].txn_id > file->metas[0].txn_id;
	*newest = &file->metas[which];
	if (!newest_is_sane(*newest))
		return damaged_meta(file->path, which);
	if (((*newest)->txn_id & 1) == (uint64_t)which)
		return 0;
	return orgdb__fail(ORGDB_CORRUPT, "", "%s: the meta pages are in each other's place; restore a backup", file->path);
}

/* ---- Missing pages ----------------------------------------------------------------------------------------------- */

static bool want_no_more(void *context, const char *table, const char *message)
{
	(void)context;
	(void)table;
	(void)message;
	return false;
}

/* After the metas: the file only grows, and before a meta page says so. */
static int measure(int fd, const char *path, const struct snapshot *snapshot, struct pages *pages)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return orgdb__fail_system(ORGDB_IO, errno, "%s", path);
	pages->fd = fd;
	pages->page_size = snapshot->page_size;
	pages->count = (uint64_t)info.st_size / snapshot->page_size;
	pages->last_page = snapshot->last_page;
	pages->snapshot = snapshot->id;
	pages->error = 0;
	return 0;
}

static uint64_t count_missing(const struct pages *pages)
{
	return pages->count <= pages->last_page ? pages->last_page + 1 - pages->count : 0;
}

/* Each of them takes eight bytes in the free list, so more than so many cannot be in it. */
static bool too_many_missing(const struct pages *pages)
{
	return count_missing(pages) > pages->count * (pages->page_size / 8);
}

/* Pages are missing, unless they only could not be read. */
static int fail_cut_off(const char *path, const struct pages *pages)
{
	if (pages->error != 0)
		return orgdb__fail_system(orgdb__code_of_errno(pages->error), pages->error, "%s: cannot read it", path);
	return orgdb__fail(ORGDB_CORRUPT, "", "%s: cut off: it has %llu pages and needs %llu; restore a backup", path,
		(unsigned long long)pages->count, (unsigned long long)pages->last_page + 1);
}

static int judge_missing(const struct file *file, const struct meta *meta)
{
	static const struct pages_sink sink = { want_no_more, NULL };
	struct snapshot snapshot = { file->page_size, meta->txn_id, meta->last_page, meta->free_list, meta->tables };
	struct pages pages = { .sink = &sink };
	int rc = measure(file->fd, file->path, &snapshot, &pages);
	if (rc != 0 || count_missing(&pages) == 0)
		return rc;
	if (too_many_missing(&pages))
		return fail_cut_off(file->path, &pages);
	rc = orgdb__pages_begin(&pages);
	if (rc != 0)
		return rc;
	if (!orgdb__pages_walk_free(&pages, &snapshot.free_list) || pages.missing_free != count_missing(&pages))
		rc = fail_cut_off(file->path, &pages);
	orgdb__pages_end(&pages);
	return rc;
}

/* ---- Judging before the map -------------------------------------------------------------------------------------- */

static int judge_once(struct file *file, uint64_t *txn_id)
{
	const struct meta *newest;
	int rc = read_metas(file);
	if (rc == 0)
		rc = choose_newest(file, &newest);
	if (rc != 0)
		return rc;
	*txn_id = newest->txn_id;
	return judge_missing(file, newest);
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

/* ---- Verifying what is mapped ------------------------------------------------------------------------------------ */

int orgdb__file_snapshot(int fd, const char *path, uint64_t page_size, uint64_t id, struct snapshot *out)
{
	struct file file = { .path = path, .fd = fd, .page_size = page_size };
	int which = (int)(id & 1);
	struct meta *meta = &file.metas[which];
	int rc = read_meta(&file, (uint64_t)which * page_size, which, meta);
	if (rc == 0 && (meta->txn_id != id || page_size_of(meta) != page_size || !newest_is_sane(meta)))
		rc = damaged_meta(path, which);
	*out = (struct snapshot){ page_size, id, meta->last_page, meta->free_list, meta->tables };
	return rc;
}

int orgdb__file_verify(
	int fd, const char *path, const struct snapshot *snapshot, bool whole, const struct pages_sink *sink)
{
	struct pages pages = { .sink = sink };
	int rc = measure(fd, path, snapshot, &pages);
	if (rc == 0 && too_many_missing(&pages))
		rc = fail_cut_off(path, &pages);
	if (rc == 0)
		rc = orgdb__pages_begin(&pages);
	if (rc != 0)
		return rc;
	if (orgdb__pages_walk_tables(&pages, &snapshot->tables, whole) && whole)
		orgdb__pages_walk_free(&pages, &snapshot->free_list);
	orgdb__pages_end(&pages);
	if (pages.error != 0)
		return orgdb__fail_system(orgdb__code_of_errno(pages.error), pages.error, "%s: cannot read it", path);
	return pages.problems == 0 ? 0 : ORGDB_CORRUPT;
}

/* ---- Harvesting what is damaged ---------------------------------------------------------------------------------- */

/* Their trees may be wrong: a walk will say so, and what they led to may be found without them. */
static bool find_snapshot(int fd, uint64_t at, int which, struct snapshot *out)
{
	struct meta meta;
	if (orgdb__pages_read(fd, at + PAGE_HEADER, &meta, sizeof(meta)) != 0 || meta.magic != META_MAGIC ||
		meta.version != META_VERSION || !page_size_is_sane(page_size_of(&meta)) ||
		(which == 1 && page_size_of(&meta) != at) || meta.last_page < 1 ||
		meta.last_page > INT64_MAX / page_size_of(&meta) - 1 || meta.txn_id > TXN_ID_MAX ||
		(meta.txn_id & 1) != (uint64_t)which)
		return false;
	*out = (struct snapshot){ page_size_of(&meta), meta.txn_id, meta.last_page, meta.free_list, meta.tables };
	return true;
}

/* How many of the first pages say their own number, if pages are of this size. */
static unsigned count_fitting(int fd, uint64_t page_size)
{
	uint8_t number[sizeof(uint64_t)];
	unsigned fitting = 0;
	for (uint64_t page = 2; page < 2 + FITTING_MAX; page++)
		fitting += orgdb__pages_read(fd, page * page_size, number, sizeof(number)) == 0 && little_get64(number) == page;
	return fitting;
}

/* No trees, and every page up to the last one may be anything. */
static struct snapshot guess_snapshot(int fd)
{
	struct snapshot guess = { .page_size = 4096, .last_page = INT32_MAX };
	unsigned best = count_fitting(fd, guess.page_size);
	for (uint64_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
		unsigned fitting = count_fitting(fd, size);
		if (fitting > best) {
			best = fitting;
			guess.page_size = size;
		}
	}
	guess.free_list.root = guess.tables.root = NO_PAGE;
	return guess;
}

size_t orgdb__file_find_snapshots(int fd, struct snapshot out[2])
{
	size_t found = find_snapshot(fd, 0, 0, &out[0]);
	struct snapshot second;
	bool there = false;
	for (uint64_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX && !there; size *= 2)
		there = find_snapshot(fd, size, 1, &second);
	if (there && found > 0 && second.id < out[0].id)
		out[1] = second;
	else if (there) {
		out[1] = out[0];
		out[0] = second;
	}
	found += there;
	if (found == 0)
		out[0] = guess_snapshot(fd);
	return found;
}

int orgdb__file_harvest(int fd, const char *path, const struct snapshot *snapshot, bool is_newest,
	const struct pages_sink *sink, const struct pages_harvest *harvest)
{
	struct pages pages = { .sink = sink, .harvest = harvest };
	int rc = measure(fd, path, snapshot, &pages);
	if (rc == 0 && too_many_missing(&pages))
		pages.last_page = pages.count + pages.count * (pages.page_size / 8);
	if (!is_newest && pages.last_page < pages.count)
		pages.last_page = pages.count;
	if (rc == 0)
		rc = orgdb__pages_begin(&pages);
	if (rc != 0)
		return rc;
	if (snapshot->id > 0 && orgdb__pages_walk_tables(&pages, &snapshot->tables, true)) {
		uint64_t problems = pages.problems;
		bool is_sound = orgdb__pages_walk_free(&pages, &snapshot->free_list) && pages.problems == problems;
		pages.past_is_known = is_newest && is_sound;
	}
	if (pages.error == 0)
		orgdb__pages_scan(&pages);
	orgdb__pages_end(&pages);
	if (pages.error != 0)
		return orgdb__fail_system(orgdb__code_of_errno(pages.error), pages.error, "%s: cannot read it", path);
	return 0;
}
