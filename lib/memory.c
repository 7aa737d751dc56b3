/*
 * Memory: a growing buffer for building records, and an arena for what lives as long as its transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#include "memory.h"

#include <stdalign.h>
#include <stdlib.h>

#include "error.h"

int orgdb__buffer_reserve(struct buffer *buffer, size_t size)
{
	if (size <= buffer->capacity - buffer->size)
		return 0;
	size_t capacity = buffer->capacity ? buffer->capacity : 512;
	while (capacity - buffer->size < size)
		capacity *= 2;
	uint8_t *grown = realloc(buffer->data, capacity);
	if (!grown)
		return orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for %zu bytes", capacity);
	buffer->data = grown;
	buffer->capacity = capacity;
	return 0;
}

int orgdb__buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	if (size == 0)
		return 0;
	int rc = orgdb__buffer_reserve(buffer, size);
	if (rc != 0)
		return rc;
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	return 0;
}

void orgdb__buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t capacity;
	alignas(max_align_t) uint8_t data[];
};

enum { ARENA_BLOCK = 4000 };

void *orgdb__arena_allocate(struct arena *arena, size_t size)
{
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct arena_block *block = arena->blocks;
	if (!block || block->capacity - block->used < size) {
		size_t capacity = size > ARENA_BLOCK ? size : ARENA_BLOCK;
		block = malloc(sizeof(*block) + capacity);
		if (!block) {
			orgdb__fail(ORGDB_NO_MEMORY, "", "no memory for %zu bytes", capacity);
			return NULL;
		}
		*block = (struct arena_block){ .next = arena->blocks, .capacity = capacity };
		arena->blocks = block;
	}
	void *result = block->data + block->used;
	block->used += size;
	return result;
}

char *orgdb__arena_copy_text(struct arena *arena, orgdb_str text)
{
	char *copy = orgdb__arena_allocate(arena, text.size + 1);
	if (!copy)
		return NULL;
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return copy;
}

void orgdb__arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
}
