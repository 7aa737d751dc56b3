/*
 * Memory: a growing buffer for building records, and an arena for what lives as long as its transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_MEMORY_H
#define ORGDB_MEMORY_H

#include "key.h"

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
