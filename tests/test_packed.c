/*
 * The encodings: ordered keys and packed ordinals.
 *
 * SPDX-License-Identifier: MIT
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "packed.h"

static const uint64_t interesting[] = { 0, 1, 2, 254, 255, 256, 257, 300, 65535, 65536, 0xffffff, 0x1000000, 0xffffffff,
	0x100000000, UINT64_C(0xffffffffffffff), UINT64_C(0x100000000000000), UINT64_MAX - 1, UINT64_MAX };

enum { INTERESTING = sizeof(interesting) / sizeof(interesting[0]) };

static int compare(struct bytes a, struct bytes b)
{
	size_t shorter = a.size < b.size ? a.size : b.size;
	int order = memcmp(a.data, b.data, shorter);
	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

Test(key, numbers_sort_as_numbers)
{
	for (size_t i = 0; i + 1 < INTERESTING; i++) {
		struct key low = key_of_number(interesting[i]), high = key_of_number(interesting[i + 1]);
		cr_assert(compare(key_bytes(&low), key_bytes(&high)) < 0, "row %zu", i);
		uint8_t infinity = KEY_INFINITY;
		cr_assert(compare(key_bytes(&high), (struct bytes){ &infinity, 1 }) < 0, "row %zu", i);
	}
}

Test(key, numbers_come_back)
{
	for (size_t i = 0; i < INTERESTING; i++) {
		struct key key = key_of_pair(interesting[i], interesting[INTERESTING - 1 - i]);
		struct bytes rest = key_bytes(&key);
		uint64_t first, second;
		cr_assert(key_take_number(&rest, &first) && key_take_number(&rest, &second));
		cr_assert(
			first == interesting[i] && second == interesting[INTERESTING - 1 - i] && rest.size == 0, "row %zu", i);
	}
}

Test(key, pairs_sort_by_their_first_number_first)
{
	struct key low = key_of_pair(1, UINT64_MAX), high = key_of_pair(2, 0);
	cr_assert(compare(key_bytes(&low), key_bytes(&high)) < 0);
}

Test(key, damaged_numbers_are_refused)
{
	static const struct {
		uint8_t data[10];
		size_t size;
	} rows[] = { { { 0 }, 0 }, { { 1 }, 1 }, { { 2, 1 }, 2 }, { { 9, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 10 },
		{ { 2, 0, 1 }, 3 }, { { KEY_INFINITY }, 1 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes rest = { rows[i].data, rows[i].size };
		uint64_t number;
		cr_expect(!key_take_number(&rest, &number), "row %zu", i);
	}
}

Test(key, text_is_its_own_key_up_to_the_limit)
{
	char text[KEY_TEXT_MAX + 10];
	memset(text, 'a', sizeof(text));
	struct text_key key;
	cr_assert(key_of_text(&key, (orgdb_str){ text, KEY_TEXT_MAX }));
	cr_assert(key.size == KEY_TEXT_MAX && memcmp(key.data, text, key.size) == 0);
	cr_assert(!key_of_text(&key, (orgdb_str){ text, KEY_TEXT_MAX + 1 }));
	cr_assert(key.size == KEY_SIZE_MAX);
}

Test(key, long_texts_differ_by_their_ends)
{
	char text[1024];
	memset(text, 'a', sizeof(text));
	struct text_key a, b;
	key_of_text(&a, (orgdb_str){ text, sizeof(text) });
	text[sizeof(text) - 1] = 'b';
	key_of_text(&b, (orgdb_str){ text, sizeof(text) });
	cr_assert(memcmp(a.data, b.data, KEY_SIZE_MAX) != 0);
}

Test(packed, sets_come_back_in_the_fewest_bytes)
{
	for (size_t count = 1; count <= INTERESTING; count++) {
		uint8_t data[1 + 8 * INTERESTING];
		size_t size = packed_write(interesting, count, data);
		cr_assert(size == packed_size(interesting, count));
		cr_assert(size == 1 + count * packed_width(interesting[count - 1]));
		struct packed packed = { 0 };
		cr_assert(packed_view((struct bytes){ data, size }, &packed) && packed.count == count);
		for (size_t i = 0; i < count; i++)
			cr_assert(packed_at(packed, i) == interesting[i], "%zu of %zu", i, count);
	}
}

/* Numbers of every width, in sets of every size around that of a wide load; the last one is as wide as can be. */
Test(packed, sets_are_read_and_written_within_their_bytes)
{
	enum { COUNT = 20, GUARD = 8 };
	for (size_t width = 1; width <= 8; width++) {
		for (size_t count = 1; count <= COUNT; count++) {
			uint64_t numbers[COUNT], back[COUNT];
			for (size_t i = 0; i < count; i++)
				numbers[i] = (UINT64_MAX >> (64 - 8 * width)) - (count - 1 - i);
			size_t size = packed_size(numbers, count);
			uint8_t *data = malloc(size + GUARD);
			memset(data, 0xaa, size + GUARD);
			cr_assert(packed_write(numbers, count, data) == size);
			for (size_t i = 0; i < GUARD; i++)
				cr_assert(data[size + i] == 0xaa, "width %zu, count %zu", width, count);
			uint8_t *exact = malloc(size); /* so that reading behind it is noticed */
			memcpy(exact, data, size);
			packed_read((struct packed){ exact + 1, width, count }, back);
			cr_assert(memcmp(numbers, back, count * sizeof(*back)) == 0, "width %zu, count %zu", width, count);
			free(exact);
			free(data);
		}
	}
}

Test(packed, search_finds_what_is_there_and_where_the_rest_would_be)
{
	static const uint64_t numbers[] = { 3, 5, 1000, 70000 };
	uint8_t data[64];
	struct packed packed = { 0 };
	cr_assert(packed_view((struct bytes){ data, packed_write(numbers, 4, data) }, &packed));
	static const struct {
		uint64_t number;
		size_t at;
		bool there;
	} rows[] = { { 0, 0, false }, { 3, 0, true }, { 4, 1, false }, { 5, 1, true }, { 999, 2, false }, { 1000, 2, true },
		{ 70000, 3, true }, { UINT64_MAX, 4, false } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool there;
		cr_expect(packed_search(packed, rows[i].number, &there) == rows[i].at && there == rows[i].there, "row %zu", i);
	}
}

Test(packed, damaged_sets_are_refused)
{
	static const struct {
		uint8_t data[4];
		size_t size;
	} rows[] = { { { 0 }, 0 }, { { 1 }, 1 }, { { 0, 1 }, 2 }, { { 9, 1 }, 2 }, { { 2, 1 }, 2 }, { { 2, 1, 1, 1 }, 4 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packed packed = { 0 };
		cr_expect(!packed_view((struct bytes){ rows[i].data, rows[i].size }, &packed), "row %zu", i);
	}
}
