/*
 * Keys: how numbers and text become LMDB keys whose byte order is their own order.
 *
 * A number is its length in bytes, then the bytes, most significant first: 0 is {0}, 300 is {2, 1, 44}. Longer numbers
 * are larger, so memcmp() orders them, no key is a prefix of another, and keys can be strung together. Small numbers,
 * which most ordinals are, stay small.
 *
 * Text is itself, up to KEY_TEXT_MAX bytes. Longer text is its beginning and a hash, KEY_SIZE_MAX bytes in all; two
 * texts may then share a key, so whoever looks one up compares the whole text (see index.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_KEY_H
#define ORGDB_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "orgdb.h"

enum {
	KEY_SIZE_MAX = 510, /* LMDB's own limit is one more: see kv.c. */
	KEY_TEXT_MAX = 501,
	KEY_INFINITY = 0xff, /* Sorts behind every number. */
};

/* Bytes that belong to someone else. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

/* A key of up to three numbers, small enough to pass around. */
struct key {
	uint8_t size;
	uint8_t data[31];
};

struct text_key {
	size_t size;
	uint8_t data[KEY_SIZE_MAX];
};

static inline struct bytes key_bytes(const struct key *key)
{
	return (struct bytes){ key->data, key->size };
}

static inline struct bytes text_key_bytes(const struct text_key *key)
{
	return (struct bytes){ key->data, key->size };
}

static inline void key_append_number(struct key *key, uint64_t number)
{
	uint8_t length = 0;
	while (length < 8 && number >> (8 * length))
		length++;
	key->data[key->size++] = length;
	for (uint8_t i = length; i > 0; i--)
		key->data[key->size++] = (uint8_t)(number >> (8 * (i - 1)));
}

static inline struct key key_of_number(uint64_t number)
{
	struct key key;
	key.size = 0;
	key_append_number(&key, number);
	return key;
}

static inline struct key key_of_pair(uint64_t first, uint64_t second)
{
	struct key key = key_of_number(first);
	key_append_number(&key, second);
	return key;
}

/* Take a number off the front of `rest`; false if none is there or it is not in its shortest form. */
static inline bool key_take_number(struct bytes *rest, uint64_t *number)
{
	if (rest->size == 0 || rest->data[0] > 8 || rest->size < 1u + rest->data[0])
		return false;
	size_t length = rest->data[0];
	if (length > 0 && rest->data[1] == 0)
		return false;
	*number = 0;
	for (size_t i = 1; i <= length; i++)
		*number = *number << 8 | rest->data[i];
	rest->data += 1 + length;
	rest->size -= 1 + length;
	return true;
}

static inline bool key_has_prefix(struct bytes key, struct bytes prefix)
{
	return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

static inline void key_append_hash(struct text_key *key, orgdb_str text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	for (size_t i = 0; i < text.size; i++)
		hash = (hash ^ (uint8_t)text.data[i]) * UINT64_C(0x100000001b3);
#ifdef ORGDB_WEAK_KEY_HASH /* Tests make texts share a key. */
	hash &= ORGDB_WEAK_KEY_HASH;
#endif
	for (size_t i = 0; i < sizeof(hash); i++)
		key->data[key->size++] = (uint8_t)(hash >> (8 * i));
}

/* The key of `text`; true if no other text has the same. Empty text has no key: LMDB allows none. */
static inline bool key_of_text(struct text_key *key, orgdb_str text)
{
	if (text.size <= KEY_TEXT_MAX) {
		if (text.size > 0)
			memcpy(key->data, text.data, text.size);
		key->size = text.size;
		return true;
	}
	key->size = KEY_SIZE_MAX - sizeof(uint64_t);
	memcpy(key->data, text.data, key->size);
	key_append_hash(key, text);
	return false;
}

/* A hash for tables in memory; never stored. Eight bytes at a time. */
static inline uint64_t hash_of_text(orgdb_str text)
{
	const uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t hash = text.size * multiplier, word;
	size_t i = 0;
	for (; i + sizeof(word) <= text.size; i += sizeof(word)) {
		memcpy(&word, text.data + i, sizeof(word));
		hash = (hash ^ word) * multiplier;
		hash ^= hash >> 29;
	}
	word = 0;
	if (i < text.size)
		memcpy(&word, text.data + i, text.size - i);
	hash = (hash ^ word) * multiplier;
	return hash ^ hash >> 32;
}

#endif
