/*
 * Between a program and its system. See system.h. Compiled without sanitizers, which allocate before they are ready.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum system_verdict (*system_before)(const struct system_event *event);
void (*system_after)(const struct system_event *event);
int system_error;
bool system_full;
bool system_rehearses;
struct system_usage system_usage;

static enum system_verdict judge(const struct system_event *event)
{
	enum system_verdict verdict = system_before ? system_before(event) : SYSTEM_PASS;
	if (verdict == SYSTEM_FAIL)
		errno = system_error;
	return verdict;
}

/* What the caller is told. */
static long finish(const struct system_event *event, enum system_verdict verdict, long result)
{
	if (result >= 0 && system_after)
		system_after(event);
	if (verdict != SYSTEM_LATE)
		return result;
	errno = system_error;
	return -1;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	struct system_event event = { .call = SYSTEM_OPEN, .path = path, .flags = flags };
	if (judge(&event) == SYSTEM_FAIL)
		return -1;
	event.fd = (int)syscall(SYS_openat, AT_FDCWD, path, system_rehearses ? flags & ~O_DSYNC : flags, mode);
	if (event.fd >= 0)
		system_usage.files++;
	return (int)finish(&event, SYSTEM_PASS, event.fd);
}

int close(int fd)
{
	system_usage.files--;
	return (int)syscall(SYS_close, fd);
}

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
	struct system_event event = { .call = SYSTEM_READ, .fd = fd, .at = at, .size = size };
	return judge(&event) == SYSTEM_FAIL ? -1 : syscall(SYS_pread64, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	struct system_event event = { .call = SYSTEM_WRITE, .fd = fd, .data = data, .size = size, .at = at };
	enum system_verdict verdict = judge(&event);
	if (verdict == SYSTEM_FAIL)
		return -1;
	if (verdict == SYSTEM_SHORT)
		event.size = size / 2;
	return finish(&event, verdict, syscall(SYS_pwrite64, fd, data, event.size, at));
}

ssize_t write(int fd, const void *data, size_t size)
{
	struct system_event event = { .call = SYSTEM_WRITE, .fd = fd, .data = data, .size = size };
	event.at = system_before || system_after ? lseek(fd, 0, SEEK_CUR) : 0;
	enum system_verdict verdict = judge(&event);
	if (verdict == SYSTEM_FAIL)
		return -1;
	if (verdict == SYSTEM_SHORT)
		event.size = size / 2;
	return finish(&event, verdict, syscall(SYS_write, fd, data, event.size));
}

/* One block after the other, as whoever watches sees it. One judgement is for all. */
ssize_t writev(int fd, const struct iovec *blocks, int count)
{
	struct system_event event = { .call = SYSTEM_WRITE, .fd = fd, .at = lseek(fd, 0, SEEK_CUR) };
	enum system_verdict verdict = judge(&event);
	ssize_t written = 0;
	if (verdict == SYSTEM_FAIL)
		return -1;
	for (int i = 0; i < (verdict == SYSTEM_SHORT ? count / 2 : count); i++) {
		event.data = blocks[i].iov_base;
		event.size = blocks[i].iov_len;
		ssize_t now = syscall(SYS_write, fd, event.data, event.size);
		if (now < 0)
			return written ? written : now;
		finish(&event, SYSTEM_PASS, now);
		event.at += now;
		written += now;
	}
	return finish(&(struct system_event){ .call = SYSTEM_WRITE, .fd = fd }, verdict, written);
}

static int sync_file(long number, int fd)
{
	struct system_event event = { .call = SYSTEM_SYNC, .fd = fd };
	enum system_verdict verdict = judge(&event);
	if (verdict == SYSTEM_FAIL)
		return -1;
	return (int)finish(&event, verdict, system_rehearses ? 0 : syscall(number, fd));
}

int fsync(int fd)
{
	return sync_file(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_file(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
	struct system_event event = { .call = SYSTEM_RESIZE, .fd = fd, .at = size };
	return judge(&event) == SYSTEM_FAIL ? -1 : (int)finish(&event, SYSTEM_PASS, syscall(SYS_ftruncate, fd, size));
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t at)
{
	struct system_event event = { .call = SYSTEM_MAP, .fd = fd, .size = size };
	if (judge(&event) == SYSTEM_FAIL)
		return MAP_FAILED;
	long result = syscall(SYS_mmap, address, size, protection, flags, fd, at);
	system_usage.maps += result != -1;
	return (void *)result;
}

int munmap(void *address, size_t size)
{
	system_usage.maps--;
	return (int)syscall(SYS_munmap, address, size);
}

int fcntl(int fd, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *); /* A number passes just as well. */
	va_end(arguments);
	struct system_event event = { .call = SYSTEM_LOCK, .fd = fd };
	bool sets_lock = command == F_SETLK || command == F_SETLKW;
	return sets_lock && judge(&event) == SYSTEM_FAIL ? -1 : (int)syscall(SYS_fcntl, fd, command, argument);
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static int name_call(long number, enum system_call call, const char *path, const char *other)
{
	struct system_event event = { .call = call, .path = path, .other = other };
	enum system_verdict verdict = judge(&event);
	return verdict == SYSTEM_FAIL ? -1 : (int)finish(&event, verdict, syscall(number, path, other));
}

int link(const char *from, const char *to)
{
	return name_call(SYS_link, SYSTEM_LINK, from, to);
}

int rename(const char *from, const char *to)
{
	return name_call(SYS_rename, SYSTEM_RENAME, from, to);
}

int unlink(const char *path)
{
	return name_call(SYS_unlink, SYSTEM_UNLINK, path, NULL);
}

int stat(const char *path, struct stat *out)
{
	struct system_event event = { .call = SYSTEM_LOOK, .path = path };
	return judge(&event) == SYSTEM_FAIL ? -1 : (int)syscall(SYS_stat, path, out);
}

int fstat(int fd, struct stat *out)
{
	struct system_event event = { .call = SYSTEM_LOOK, .fd = fd };
	return judge(&event) == SYSTEM_FAIL ? -1 : (int)syscall(SYS_fstat, fd, out);
}

int statvfs(const char *path, struct statvfs *out)
{
	(void)path;
	*out = (struct statvfs){ .f_bsize = 4096, .f_frsize = 4096, .f_bavail = system_full ? 0 : 1 << 20 };
	return 0;
}

ssize_t getrandom(void *out, size_t size, unsigned flags)
{
	struct system_event event = { .call = SYSTEM_RANDOM, .size = size };
	if (judge(&event) == SYSTEM_FAIL)
		return -1;
	return system_rehearses ? memset(out, 7, size), (ssize_t)size : syscall(SYS_getrandom, out, size, flags);
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* A sanitizer has its functions under these names, too; they stand before the C library's. */
#define ALLOCATOR(result, name, ...)                                \
	result __interceptor_##name(__VA_ARGS__) __attribute__((weak)); \
	result __libc_##name(__VA_ARGS__)

ALLOCATOR(void *, malloc, size_t);
ALLOCATOR(void *, calloc, size_t, size_t);
ALLOCATOR(void *, realloc, void *, size_t);
ALLOCATOR(void *, memalign, size_t, size_t);
ALLOCATOR(void, free, void *);
#define BEHIND(name) (__interceptor_##name ? __interceptor_##name : __libc_##name)

bool system_counts_blocks(void)
{
	return __interceptor_malloc == NULL;
}

static bool memory_fails(size_t size)
{
	struct system_event event = { .call = SYSTEM_MEMORY, .size = size };
	if (judge(&event) != SYSTEM_FAIL)
		return false;
	errno = ENOMEM;
	return true;
}

static void *given(void *block)
{
	system_usage.blocks += block != NULL;
	return block;
}

void *malloc(size_t size)
{
	return memory_fails(size) ? NULL : given(BEHIND(malloc)(size));
}

void *calloc(size_t count, size_t size)
{
	return memory_fails(count * size) ? NULL : given(BEHIND(calloc)(count, size));
}

void *realloc(void *block, size_t size)
{
	if (memory_fails(size))
		return NULL;
	void *moved = BEHIND(realloc)(block, size);
	return block ? moved : given(moved);
}

void *memalign(size_t alignment, size_t size)
{
	return memory_fails(size) ? NULL : given(BEHIND(memalign)(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	*out = memalign(alignment, size);
	return *out ? 0 : ENOMEM;
}

void free(void *block)
{
	system_usage.blocks -= block != NULL;
	BEHIND(free)(block);
}
