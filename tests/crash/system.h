/*
 * Between a program and its system: the calls by which orgdb and LMDB use files and memory pass through here, where a test
 * can watch them or make them fail.
 *
 * system.c defines these functions anew; linked into a program it stands before the C library, for shared libraries, too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_CRASH_SYSTEM_H
#define ORGDB_TESTS_CRASH_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum system_call {
	SYSTEM_MEMORY, /* malloc, calloc, realloc, aligned_alloc ... */
	SYSTEM_OPEN,
	SYSTEM_READ,
	SYSTEM_WRITE,
	SYSTEM_SYNC,
	SYSTEM_RESIZE, /* ftruncate */
	SYSTEM_MAP,
	SYSTEM_LINK,
	SYSTEM_RENAME,
	SYSTEM_UNLINK,
	SYSTEM_LOOK,   /* stat, fstat */
	SYSTEM_LOCK,   /* fcntl */
	SYSTEM_RANDOM, /* getrandom */
	SYSTEM_CALLS,
};

/* One call that is about to be made, or has succeeded. What it does not use is 0. */
struct system_event {
	enum system_call call;
	int fd;
	int flags;                /* Of open. */
	const char *path, *other; /* `other`: the new name. */
	const void *data;
	size_t size;
	off_t at;
};

enum system_verdict {
	SYSTEM_PASS,
	SYSTEM_FAIL,  /* Do nothing, and fail with system_error. */
	SYSTEM_SHORT, /* Write half of it, and say so. */
	SYSTEM_LATE,  /* Do it, and fail nevertheless. */
};

/* Both optional. They must make no such calls themselves. */
extern enum system_verdict (*system_before)(const struct system_event *event);
extern void (*system_after)(const struct system_event *event);
extern int system_error; /* The errno of calls that are made to fail. */
extern bool system_full; /* statvfs() says that the disk is full. */
/* Nothing is really synced, which takes long, and random numbers are always the same. */
extern bool system_rehearses;

/* What is in use: everything that was given less everything that was returned. */
struct system_usage {
	_Atomic long blocks, files, maps; /* Copying a store takes a second thread. */
};
extern struct system_usage system_usage;
/* Under a sanitizer blocks also come from elsewhere, and cannot be counted. */
bool system_counts_blocks(void);

#endif
