/*
 * Numbers as bytes, least significant first, as fixed layouts on disk have them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_LITTLE_H
#define ORGDB_LITTLE_H

#include <stddef.h>
#include <stdint.h>

/* Of 1 to 8 bytes. */
static inline uint64_t little_get(const uint8_t *at, size_t size)
{
	uint64_t number = 0;
	for (size_t i = 0; i < size; i++)
		number |= (uint64_t)at[i] << (8 * i);
	return number;
}

/* Compilers make one load of each of these. */
static inline uint64_t little_get64(const uint8_t *at)
{
	return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
		(uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

static inline uint16_t little_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t little_get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline void little_put(uint8_t *out, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(number >> (8 * i));
}

/* One store. */
static inline void little_put64(uint8_t *out, uint64_t number)
{
	out[0] = (uint8_t)number;
	out[1] = (uint8_t)(number >> 8);
	out[2] = (uint8_t)(number >> 16);
	out[3] = (uint8_t)(number >> 24);
	out[4] = (uint8_t)(number >> 32);
	out[5] = (uint8_t)(number >> 40);
	out[6] = (uint8_t)(number >> 48);
	out[7] = (uint8_t)(number >> 56);
}

#endif
