/*
 * Memory: where it comes from, a growing buffer for building records, and an arena for what lives as long as its
 * transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#include "memory.h"

#include <stdalign.h>
#include <stdlib.h>

#include "error.h"

/* ---- The allocator ----------------------------------------------------------------------------------------------- */

static orgdb_allocator allocator;
static bool replaced; /* Else the C library's, which knows how to zero much memory for nothing. */

void orgdb__use_allocator(const orgdb_allocator *given)
{
	replaced = given != NULL;
	allocator = given ? *given : (orgdb_allocator){ 0 };
}

static void *ask(size_t alignment, size_t size)
{
	if (size > SIZE_MAX - alignment)
		return NULL;
	return allocator.allocate(allocator.context, alignment, (size + alignment - 1) / alignment * alignment);
}

void *orgdb__allocate(size_t size)
{
	return replaced ? ask(alignof(max_align_t), size) : malloc(size);
}

void *orgdb__allocate_aligned(size_t alignment, size_t size)
{
	return replaced ? ask(alignment, size) : aligned_alloc(alignment, size);
}

void *orgdb__allocate_zeroed(size_t size)
{
	if (!replaced)
		return calloc(1, size);
	void *memory = ask(alignof(max_align_t), size);
	return memory ? memset(memory, 0, size) : NULL;
}

void *orgdb__reallocate(void *memory, size_t size)
{
	return replaced ? allocator.reallocate(allocator.context, memory, size) : realloc(memory, size);
}

char *orgdb__copy_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = orgdb__allocate(size);
	return copy ? memcpy(copy, text, size) : NULL;
}

void orgdb__release(void *memory)
{
	if (!replaced)
		free(memory);
	else if (memory)
		allocator.release(allocator.context, memory);
}

/* ---- Buffers ----------------------------------------------------------------------------------------------------- */

int orgdb__buffer_reserve(struct buffer *buffer, size_t size)
{
	if (size <= buffer->capacity - buffer->size)
		return 0;
	size_t capacity = buffer->capacity ? buffer->capacity : 512;
	while (capacity - buffer->size < size)
		capacity *= 2;
	uint8_t *grown = orgdb__reallocate(buffer->data, capacity);
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
	orgdb__release(buffer->data);
	*buffer = (struct buffer){ 0 };
}

/* ---- Arenas ------------------------------------------------------------------------------------------------------ */

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
		block = orgdb__allocate(sizeof(*block) + capacity);
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
		orgdb__release(block);
	}
}
