/*
 * Records: the bounded reader against msgpack-c as the judge, hostile bytes, canonical form.
 *
 * SPDX-License-Identifier: MIT
 */
#include <msgpack.h>

#include "fixture.h"
#include "record.h"
#include "utf8.h"

#define BYTES(literal) ((struct bytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })

static int canonical(struct bytes value, struct buffer *out)
{
	out->size = 0;
	return orgdb__record_put_canonical(out, value, "test.field");
}

static bool buffer_is(const struct buffer *buffer, struct bytes expected)
{
	return buffer->size == expected.size && memcmp(buffer->data, expected.data, expected.size) == 0;
}

Test(record, hostile_bytes_are_refused)
{
	static const struct {
		const char *what;
		struct bytes bytes;
	} rows[] = {
		{ "nothing", { (const uint8_t *)"", 0 } },
		{ "a map that claims 4 billion pairs", { (const uint8_t *)"\xdf\xff\xff\xff\xff", 5 } },
		{ "an array that claims 64 million items", { (const uint8_t *)"\xdd\x04\x00\x00\x00\x01", 6 } },
		{ "text that claims 4 GB", { (const uint8_t *)"\xdb\xff\xff\xff\xff\x61", 6 } },
		{ "text cut off", { (const uint8_t *)"\xa3\x61\x62", 3 } },
		{ "a map without its last value", { (const uint8_t *)"\x81\xa1\x61", 3 } },
		{ "trailing bytes", { (const uint8_t *)"\x01\x01", 2 } },
		{ "binary", { (const uint8_t *)"\xc4\x01\x00", 3 } },
		{ "an extension", { (const uint8_t *)"\xd4\x01\x00", 3 } },
		{ "the type that does not exist", { (const uint8_t *)"\xc1", 1 } },
		{ "a key that is no text", { (const uint8_t *)"\x81\x01\x01", 3 } },
		{ "a key twice", { (const uint8_t *)"\x82\xa1\x61\x01\xa1\x61\x02", 7 } },
		{ "an overlong form of /", { (const uint8_t *)"\xa2\xc0\xaf", 3 } },
		{ "half a surrogate pair", { (const uint8_t *)"\xa3\xed\xa0\x80", 4 } },
		{ "past the last character", { (const uint8_t *)"\xa4\xf4\x90\x80\x80", 5 } },
		{ "infinity", { (const uint8_t *)"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", 9 } },
		{ "not a number", { (const uint8_t *)"\xca\x7f\xc0\x00\x00", 5 } },
		{ "a float cut off", { (const uint8_t *)"\xca\x7f\xc0", 3 } },
	};
	struct buffer out = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect(canonical(rows[i].bytes, &out) == ORGDB_INVALID, "%s", rows[i].what);
	orgdb__buffer_free(&out);
}

Test(record, canonical_form_sorts_keys_and_shortens_numbers)
{
	struct buffer out = { 0 };
	cr_assert(canonical(BYTES("\xde\x00\x03\xa2"
							  "ab\xcd\x00\x05\xd9\x01"
							  "b\xd3\xff\xff\xff\xff\xff\xff\xff\xff\xa1"
							  "a\xca\x3f\x80\x00\x00"),
				  &out) == 0);
	cr_assert(buffer_is(&out,
		BYTES("\x83\xa1"
			  "a\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xa2"
			  "ab\x05\xa1"
			  "b\xff")));
	orgdb__buffer_free(&out);
}

Test(record, canonical_form_of_itself_is_itself)
{
	struct buffer once = { 0 }, twice = { 0 };
	cr_assert(canonical(BYTES("\x82\xa1z\x92\xc0\xc3\xa1y\x81\xa0\xc2"), &once) == 0);
	cr_assert(canonical((struct bytes){ once.data, once.size }, &twice) == 0);
	cr_assert(buffer_is(&twice, (struct bytes){ once.data, once.size }));
	orgdb__buffer_free(&once);
	orgdb__buffer_free(&twice);
}

Test(record, depth_is_bounded)
{
	uint8_t nested[ORGDB_VALUE_DEPTH_MAX + 2];
	memset(nested, 0x91, sizeof(nested));
	struct buffer out = { 0 };
	nested[ORGDB_VALUE_DEPTH_MAX] = 0xc0;
	cr_assert(canonical((struct bytes){ nested, ORGDB_VALUE_DEPTH_MAX + 1 }, &out) == 0);
	nested[ORGDB_VALUE_DEPTH_MAX] = 0x91;
	nested[ORGDB_VALUE_DEPTH_MAX + 1] = 0xc0;
	cr_assert(canonical((struct bytes){ nested, sizeof(nested) }, &out) == ORGDB_INVALID);
	orgdb__buffer_free(&out);
}

/* Mostly markers and small bytes, so that many of them are well-formed. */
static size_t random_message(uint64_t *state, uint8_t *data, size_t capacity)
{
	size_t size = 1 + next_random(state) % (capacity - 1);
	for (size_t i = 0; i < size; i++) {
		uint64_t r = next_random(state);
		data[i] =
			r & 1 ? (uint8_t)(r >> 8) % 16 + (uint8_t[]){ 0x80, 0x90, 0xa0, 0xc0 }[r >> 20 & 3] : (uint8_t)(r >> 8);
	}
	return size;
}

/* msgpack-c allocates what counts ask for, so it is only asked about short messages without 32-bit counts. */
Test(record, skipping_agrees_with_msgpack_c)
{
	uint64_t state = 1;
	size_t accepted = 0;
	for (int round = 0; round < 200000; round++) {
		uint8_t data[24];
		size_t size = random_message(&state, data, sizeof(data));
		struct bytes rest = { data, size }, value;
		bool ours = orgdb__record_skip(&rest, &value);
		bool plain = true;
		for (size_t i = 0; i < size; i++)
			plain &= data[i] != 0xdd && data[i] != 0xdf && data[i] != 0xdb && data[i] != 0xc1 &&
				!(data[i] >= 0xc4 && data[i] <= 0xcb) && !(data[i] >= 0xd4 && data[i] <= 0xd8);
		if (!plain)
			continue;
		msgpack_unpacked result;
		msgpack_unpacked_init(&result);
		size_t offset = 0;
		msgpack_unpack_return theirs = msgpack_unpack_next(&result, (const char *)data, size, &offset);
		msgpack_unpacked_destroy(&result);
		cr_assert(
			(theirs == MSGPACK_UNPACK_SUCCESS || theirs == MSGPACK_UNPACK_EXTRA_BYTES) == ours, "round %d", round);
		if (ours)
			cr_assert(value.size == offset, "round %d", round);
		accepted += ours;
	}
	cr_assert(accepted > 10000, "only %zu messages were well-formed", accepted);
}

Test(record, find_looks_at_one_level)
{
	struct bytes value;
	struct bytes map = BYTES("\x82\xa1"
							 "a\x81\xa1"
							 "b\x01\xa1"
							 "c\x02");
	cr_assert(orgdb__record_find(map, orgdb_string("c"), &value) && value.size == 1 && value.data[0] == 2);
	cr_assert(!orgdb__record_find(map, orgdb_string("b"), &value));
	cr_assert(!orgdb__record_find(BYTES("\x01"), orgdb_string("a"), &value));
}

Test(record, utf8_length_counts_characters)
{
	cr_assert(utf8_length(orgdb_string("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")) == 4);
	cr_assert(utf8_is_valid(orgdb_string("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")));
	cr_assert(!utf8_is_valid(orgdb_string("\x80")));
	cr_assert(!utf8_is_valid(orgdb_string("\xe2\x82")));
}
