/*
 * Packed ordinals: a sorted set of numbers in few bytes, searchable where it lies.
 *
 *     byte 0        width: bytes of each number, 1 to 8: when written, as few as the largest needs
 *     then          the numbers, ascending, least significant byte first
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_PACKED_H
#define ORGDB_PACKED_H

#include "key.h"
#include "little.h"

/* A view of a packed set. */
struct packed {
	const uint8_t *data;
	size_t width;
	size_t count;
};

static inline size_t packed_width(uint64_t largest)
{
	size_t width = 1;
	while (width < 8 && largest >> (8 * width))
		width++;
	return width;
}

static inline uint64_t packed_at(struct packed packed, size_t i)
{
	return little_get(packed.data + i * packed.width, packed.width);
}

/* View the set in `bytes`; false if they are not one, for which only its shape is looked at. */
static inline bool packed_view(struct bytes bytes, struct packed *packed)
{
	if (bytes.size < 2 || bytes.data[0] < 1 || bytes.data[0] > 8 || (bytes.size - 1) % bytes.data[0] != 0)
		return false;
	*packed = (struct packed){ bytes.data + 1, bytes.data[0], (bytes.size - 1) / bytes.data[0] };
	return true;
}

/* How many of the numbers lie eight bytes or more before the end, so that each is one load or store. */
static inline size_t packed_wide(size_t count, size_t width)
{
	return count * width < 8 ? 0 : (count * width - 8) / width + 1;
}

/* Unpack all of them. */
static inline void packed_read(struct packed packed, uint64_t *numbers)
{
	uint64_t mask = UINT64_MAX >> (64 - 8 * packed.width);
	size_t i = 0;
	for (size_t wide = packed_wide(packed.count, packed.width); i < wide; i++)
		numbers[i] = little_get64(packed.data + i * packed.width) & mask;
	for (; i < packed.count; i++)
		numbers[i] = packed_at(packed, i);
}

/* Where `number` is, or would be; `*there` says which. */
static inline size_t packed_search(struct packed packed, uint64_t number, bool *there)
{
	size_t low = 0, high = packed.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (packed_at(packed, middle) < number)
			low = middle + 1;
		else
			high = middle;
	}
	*there = low < packed.count && packed_at(packed, low) == number;
	return low;
}

static inline size_t packed_size(const uint64_t *numbers, size_t count)
{
	return count == 0 ? 1 : 1 + count * packed_width(numbers[count - 1]);
}

/* Pack ascending numbers, at least one, into `out`; returns the size. */
static inline size_t packed_write(const uint64_t *numbers, size_t count, uint8_t *out)
{
	size_t width = packed_width(numbers[count - 1]);
	*out++ = (uint8_t)width;
	size_t i = 0;
	for (size_t wide = packed_wide(count, width); i < wide; i++) /* What is written too much is overwritten. */
		little_put64(out + i * width, numbers[i]);
	for (; i < count; i++)
		little_put(out + i * width, numbers[i], width);
	return 1 + count * width;
}

#endif
