/*
 * Counts this thread's calls of malloc and its kin, whoever makes them: orgdb, a peer, or a library below it. The
 * program's own definitions take the place of the C library's and hand on to it under its internal names, which glibc
 * has; elsewhere, and under sanitizers, which replace malloc themselves, nothing is counted.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>

#include "harness.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define BENCH_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BENCH_SANITIZED 1
#endif

#if defined(__GLIBC__) && !defined(BENCH_SANITIZED)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Thread_local uint64_t calls;

bool allocations_counted(void)
{
	return true;
}

uint64_t allocations(void)
{
	return calls;
}

void *malloc(size_t size)
{
	calls++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	calls++;
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	calls++;
	return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	calls++;
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	calls++;
	*memory = __libc_memalign(alignment, size);
	return *memory ? 0 : ENOMEM;
}

#else

bool allocations_counted(void)
{
	return false;
}

uint64_t allocations(void)
{
	return 0;
}

#endif
