/*
 * Memory: where it comes from, a growing buffer for building records, and an arena for what lives as long as its
 * transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_MEMORY_H
#define ORGDB_MEMORY_H

#include "key.h"

/* From the allocator of the process; no other file of the library knows the C library's. NULL when out of memory, which
 * whoever asks has to record. */
void *orgdb__allocate(size_t size);
/* At a multiple of `alignment`, which divides `size`. Not to be reallocated. */
void *orgdb__allocate_aligned(size_t alignment, size_t size);
void *orgdb__allocate_zeroed(size_t size);
void *orgdb__reallocate(void *memory, size_t size);
char *orgdb__copy_text(const char *text);
/* Takes NULL. */
void orgdb__release(void *memory);
/* NULL for the C library's. Nothing may be allocated. */
void orgdb__use_allocator(const orgdb_allocator *given);

/* Zeroed is empty. */
struct buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

/* Make room for `size` bytes more; returns 0 or ORGDB_NO_MEMORY. */
int orgdb__buffer_reserve(struct buffer *buffer, size_t size);
/* Append; returns 0 or ORGDB_NO_MEMORY. */
int orgdb__buffer_append(struct buffer *buffer, const void *data, size_t size);
void orgdb__buffer_free(struct buffer *buffer);

/* Zeroed is empty. What it gives stays where it is until the arena is freed. */
struct arena {
	struct arena_block *blocks;
};

/* Aligned for anything, not initialized; NULL (and a recorded failure) when out of memory. */
void *orgdb__arena_allocate(struct arena *arena, size_t size);
/* A NUL-terminated copy. */
char *orgdb__arena_copy_text(struct arena *arena, orgdb_str text);
void orgdb__arena_free(struct arena *arena);

#endif
