/*
 * Lines of a load that wait for the organization which owns their object.
 *
 * SPDX-License-Identifier: MIT
 */
#include "waiting.h"

#include <stdlib.h>
#include <string.h>

bool waiting_is_full(const struct waiting *waiting, size_t size)
{
	return size > WAITING_SIZE_MAX - waiting->size;
}

bool waiting_add(struct waiting *waiting, uint64_t number, const char *text, size_t size)
{
	if (waiting->count == waiting->capacity) {
		size_t capacity = waiting->capacity > 0 ? 2 * waiting->capacity : 64;
		struct waiting_line *lines = realloc(waiting->lines, capacity * sizeof(*lines));
		if (!lines)
			return false;
		waiting->lines = lines;
		waiting->capacity = capacity;
	}
	struct waiting_line *line = &waiting->lines[waiting->count];
	*line = (struct waiting_line){ .number = number, .text = malloc(size), .size = size };
	if (!line->text)
		return false;
	memcpy(line->text, text, size);
	waiting->count++;
	waiting->size += size;
	return true;
}

const struct waiting_line *waiting_first(const struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->count; i++)
		if (!waiting->lines[i].loaded)
			return &waiting->lines[i];
	return NULL;
}

static void forget(struct waiting *waiting, size_t i)
{
	waiting->size -= waiting->lines[i].size;
	free(waiting->lines[i].text);
}

void waiting_rewind(struct waiting *waiting)
{
	while (waiting->count > waiting->committed)
		forget(waiting, --waiting->count);
	for (size_t i = 0; i < waiting->count; i++)
		waiting->lines[i].loaded = false;
}

void waiting_commit(struct waiting *waiting)
{
	size_t kept = 0;
	for (size_t i = 0; i < waiting->count; i++)
		if (waiting->lines[i].loaded)
			forget(waiting, i);
		else
			waiting->lines[kept++] = waiting->lines[i];
	waiting->count = waiting->committed = kept;
}

void waiting_end(struct waiting *waiting)
{
	waiting->committed = 0;
	waiting_rewind(waiting);
	free(waiting->lines);
}
