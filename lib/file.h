/*
 * Judging a file before LMDB maps and trusts it: LMDB believes what a file says of itself, and a process that reads past a
 * file's end through a map dies.
 *
 * It is done in three steps, each of which costs more than the one before:
 *
 * 1. orgdb__file_judge(), before the file is mapped: that it is a regular file, both meta pages, and that no page that may
 *    be read is missing.
 * 2. orgdb__file_verify(), not `whole`: all of the table of tables and of the table "meta", and how each other table
 *    describes itself. That is all that opening a store reads, so opening it is safe.
 * 3. orgdb__file_verify(), `whole`: every page in use and the free list, after which reading and writing are.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_FILE_H
#define ORGDB_FILE_H

#include "pages.h"

/* 0; ORGDB_NOT_A_STORE, ORGDB_VERSION_MISMATCH, ORGDB_CORRUPT or a system error. */
int orgdb__file_judge(const char *path);

/* What a meta page says of one transaction's state of the store. */
struct snapshot {
	uint64_t page_size;
	uint64_t id;
	uint64_t last_page;
	struct tree free_list;
	struct tree tables;
};

/*
 * Read what the file says of a snapshot. Its meta page is written again two commits later; so whatever came out, it counts
 * only if the snapshot is still the newest one that readers are given.
 */
int orgdb__file_snapshot(int fd, const char *path, uint64_t page_size, uint64_t id, struct snapshot *out);

/*
 * What a damaged file seems to say of its snapshots, the newest first; returns how many, 0 to 2. None of it is believed by who
 * harvests them. Without any, `out[0]` has the page size that most pages fit, and no trees.
 */
size_t orgdb__file_find_snapshots(int fd, struct snapshot out[2]);

/*
 * Harvest a snapshot of a damaged file: the trees of its tables, then what nothing leads to. What can be told of the past is
 * left out; where a newer snapshot may be lost that is nothing. 0; ORGDB_NO_MEMORY or a system error.
 */
int orgdb__file_harvest(int fd, const char *path, const struct snapshot *snapshot, bool is_newest,
	const struct pages_sink *sink, const struct pages_harvest *harvest);

/*
 * Verify a snapshot of the file `fd`, called `path` in messages. While it lasts a read transaction must keep its pages from
 * being used again. ORGDB_CORRUPT if the sink was told of problems, or so many pages are missing that none can be looked at.
 */
int orgdb__file_verify(
	int fd, const char *path, const struct snapshot *snapshot, bool whole, const struct pages_sink *sink);

#endif
