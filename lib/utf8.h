/*
 * UTF-8: what is valid, and how many characters it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_UTF8_H
#define ORGDB_UTF8_H

#include "orgdb.h"

/* The length of the UTF-8 sequence at `text`, 0 if it is none: no overlong forms, surrogates or numbers past U+10FFFF. */
static inline size_t utf8_sequence(const char *text, size_t left)
{
	const unsigned char *at = (const unsigned char *)text;
	if (at[0] < 0x80)
		return 1;
	size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
		return 0;
	unsigned low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
	unsigned high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Valid UTF-8 without NUL, which C would take for the end. */
static inline bool utf8_is_valid(orgdb_str text)
{
	for (size_t i = 0; i < text.size;) {
		size_t length = utf8_sequence(text.data + i, text.size - i);
		if (length == 0 || text.data[i] == '\0')
			return false;
		i += length;
	}
	return true;
}

/* Characters in valid UTF-8. */
static inline size_t utf8_length(orgdb_str text)
{
	size_t length = 0;
	for (size_t i = 0; i < text.size; i++)
		length += (text.data[i] & 0xc0) != 0x80;
	return length;
}

#endif
