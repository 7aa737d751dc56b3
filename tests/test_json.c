/*
 * JSON out of values: exact for scalars, and read back by jansson for whatever else.
 *
 * SPDX-License-Identifier: MIT
 */
#include <locale.h>
#include <string.h>

#include "fixture.h"

static char buffer[1 << 20];

static const char *json_of(orgdb_value value, bool pretty)
{
	orgdb_str text;
	must(orgdb_value_json(value, pretty, buffer, sizeof(buffer), &text));
	cr_expect(text.data == buffer);
	return copy(text);
}

static void expect_refused(orgdb_value value)
{
	orgdb_str text;
	expect_error(orgdb_value_json(value, false, buffer, sizeof(buffer), &text), ORGDB_INVALID, "value");
}

TestSuite(json, .init = fixture_directory, .fini = fixture_close, .timeout = 60);

Test(json, scalars_are_written_so)
{
	static const struct {
		orgdb_value value;
		const char *expected;
	} rows[] = {
		{ { "\xc0", 1 }, "null" },
		{ { "\xc2", 1 }, "false" },
		{ { "\xc3", 1 }, "true" },
		{ { "\x00", 1 }, "0" },
		{ { "\x7f", 1 }, "127" },
		{ { "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9 }, "18446744073709551615" },
		{ { "\xff", 1 }, "-1" },
		{ { "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9 }, "-9223372036854775808" },
		{ { "\xa0", 1 }, "\"\"" },
		{ { "\x90", 1 }, "[]" },
		{ { "\x80", 1 }, "{}" },
		{ { "\x93\x01\xa1x\x80", 5 }, "[1, \"x\", {}]" },
		{ { "\x82\xa1"
			"b\x01\xa1"
			"a\x91\xc0",
			  8 },
			"{\"b\": 1, \"a\": [null]}" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		cr_expect_str_eq(json_of(rows[i].value, false), rows[i].expected, "row %zu", i);
}

static orgdb_value value_of_real(double real)
{
	unsigned char *bytes = keep(9);
	uint64_t bits;
	memcpy(&bits, &real, sizeof(bits));
	bytes[0] = 0xcb;
	for (int i = 0; i < 8; i++)
		bytes[1 + i] = (unsigned char)(bits >> (56 - 8 * i));
	return (orgdb_value){ bytes, 9 };
}

static const struct {
	double real;
	const char *expected;
} reals[] = {
	{ 0.0, "0.0" },
	{ -0.0, "-0.0" },
	{ 1.0, "1.0" },
	{ -1.5, "-1.5" },
	{ 0.1, "0.1" },
	{ 0.30000000000000004, "0.30000000000000004" },
	{ 100.0, "100.0" },
	{ 123.456, "123.456" },
	{ 1e15, "1000000000000000.0" },
	{ 1234567890123456.0, "1234567890123456.0" },
	{ 1e16, "1.0e16" },
	{ 1.5e300, "1.5e300" },
	{ 0.0001, "0.0001" },
	{ 0.00012, "0.00012" },
	{ 0.01, "0.01" },
	{ 0.00001, "1.0e-5" },
	{ 5e-324, "5.0e-324" },
	{ -1.7976931348623157e308, "-1.7976931348623157e308" },
};

Test(json, reals_are_the_shortest_that_read_back_and_never_look_like_integers)
{
	for (size_t i = 0; i < COUNT_OF(reals); i++)
		cr_expect_str_eq(json_of(value_of_real(reals[i].real), false), reals[i].expected, "row %zu", i);
}

/* In a locale whose decimal point is a comma, if there is one here. */
Test(json, reals_do_not_follow_the_locale)
{
	static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR.utf8" };
	const char *set = NULL;
	for (size_t i = 0; i < COUNT_OF(names) && !set; i++)
		set = setlocale(LC_NUMERIC, names[i]);
	if (!set || localeconv()->decimal_point[0] == '.')
		skip("no locale here writes a comma");
	for (size_t i = 0; i < COUNT_OF(reals); i++)
		cr_expect_str_eq(json_of(value_of_real(reals[i].real), false), reals[i].expected, "row %zu", i);
}

Test(json, random_reals_read_back)
{
	uint64_t state = 1;
	for (size_t i = 0; i < 20000; i++) {
		double real, back;
		uint64_t bits = next_random(&state);
		memcpy(&real, &bits, sizeof(real));
		if (real - real != 0)
			continue; /* Infinite, or no number. */
		const char *text = json_of(value_of_real(real), false);
		back = strtod(text, NULL);
		cr_assert(memcmp(&back, &real, sizeof(real)) == 0, "%s is not %a", text, real);
		cr_assert(strpbrk(text, ".e"), "%s", text);
	}
}

Test(json, texts_are_escaped_where_they_must_be)
{
	static const struct {
		orgdb_value value;
		const char *expected;
	} rows[] = {
		{ { "\xa6\"\\/<>&", 7 }, "\"\\\"\\\\/<>&\"" },
		{ { "\xa5\b\t\n\f\r", 6 }, "\"\\b\\t\\n\\f\\r\"" },
		{ { "\xa4\x00\x01\x1f\x7f", 5 }, "\"\\u0000\\u0001\\u001f\x7f\"" },
		{ { "\xa9\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10 }, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ { "\x81\xa3\"\n'\xa0", 6 }, "{\"\\\"\\n'\": \"\"}" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		cr_expect_str_eq(json_of(rows[i].value, false), rows[i].expected, "row %zu", i);
}

/* All that JSON cannot say, and all that is not one whole value. */
Test(json, what_json_has_not_is_refused)
{
	static const orgdb_value rows[] = {
		{ NULL, 0 }, { "", 0 }, { "\xc1", 1 }, { "\xc4\x01x", 3 }, /* Binary. */
		{ "\xd4\x01x", 3 },                                        /* An extension. */
		{ "\xca\x7f\x80\x00\x00", 5 },                             /* Infinity. */
		{ "\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 9 },             /* No number. */
		{ "\x01\x01", 2 },                                         /* Two values. */
		{ "\x91", 1 },                                             /* An element is missing. */
		{ "\x81\xa1k", 3 },                                        /* A member is. */
		{ "\xdf\xff\xff\xff\xff", 5 },                             /* Four billion are. */
		{ "\x81\x01\x01", 3 },                                     /* A number for a key. */
		{ "\xa2\xc3\x28", 3 },                                     /* No UTF-8 ... */
		{ "\xa3\xed\xa0\x80", 4 },                                 /* ... half of a pair ... */
		{ "\xa2\xc0\x80", 3 },                                     /* ... too long ... */
		{ "\xa3\xf0\x9f\x98", 4 },                                 /* ... cut off ... */
		{ "\x81\xa1\xff\x01", 4 },                                 /* ... and in a key. */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_refused(rows[i]);
}

static bool has_long_number(const char *text)
{
	for (; *text; text += strspn(text, "0123456789"), text += *text != '\0')
		if (strspn(text, "0123456789") >= 19)
			return true;
	return false;
}

/* Whatever the bytes are: an error, or JSON that means the same. */
Test(json, any_bytes_give_valid_json_or_an_error)
{
	uint64_t state = 7;
	size_t written = 0;
	for (size_t i = 0; i < 200000; i++) {
		unsigned char bytes[24];
		size_t size = 1 + next_random(&state) % sizeof(bytes);
		for (size_t j = 0; j < size; j++)
			bytes[j] =
				(unsigned char)(next_random(&state) % 3 ? 0x80 + next_random(&state) % 0x30 : next_random(&state));
		orgdb_str text;
		if (orgdb_value_json((orgdb_value){ bytes, size }, i % 2, buffer, sizeof(buffer), &text) != 0)
			continue;
		written++;
		if (strstr(copy(text), "u0000") || has_long_number(copy(text)))
			continue; /* jansson has neither U+0000 in keys nor integers of 64 bits without a sign. */
		cr_assert_not_null(value_of_json(copy(text)).data, "%s", copy(text));
	}
	cr_expect_gt(written, 1000);
}

Test(json, values_read_back_the_same)
{
	static const char *const texts[] = {
		"{\"a\": [1, -2, 3.5, null, true, {\"b\": \"c\"}], \"\\u00e9\": \"\\\"\\\\\\n\\u0001\"}",
		"[[], {}, [[]], [{}], \"\", 1e100, 0.001, -0.5, 9007199254740993]",
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		orgdb_value value = value_of_json(texts[i]);
		cr_expect(same_value(value_of_json(json_of(value, false)), value), "%s", json_of(value, false));
		cr_expect(same_value(value_of_json(json_of(value, true)), value), "%s", json_of(value, true));
	}
}

Test(json, pretty_has_a_line_for_each)
{
	cr_expect_str_eq(json_of(VALUE({ "a" : [ 1, {} ], "b" : { "c" : [] } }), true),
		"{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
	cr_expect_str_eq(json_of(VALUE([]), true), "[]");
}

Test(json, depth_is_bounded)
{
	size_t most = 2 * ORGDB_VALUE_DEPTH_MAX;
	json_of(value_of_depth(most), false);
	expect_refused(value_of_depth(most + 1));
	const char *arrays = repeat("\x91", 100000);
	expect_refused((orgdb_value){ arrays, 100000 });
}

Test(json, too_small_a_buffer_says_what_it_takes)
{
	orgdb_value value = VALUE({ "key" : "text" });
	orgdb_str text;
	memset(buffer, '#', 100);
	expect_error(orgdb_value_json(value, false, buffer, 14, &text), ORGDB_TRUNCATED, "");
	cr_expect_null(text.data);
	expect_number(text.size, 15);
	cr_expect_eq(buffer[0], '#');
	expect_error(orgdb_value_json(value, false, NULL, 0, &text), ORGDB_TRUNCATED, "");
	expect_number(text.size, 15);
	must(orgdb_value_json(value, false, buffer, 15, &text));
	expect_text(text, "{\"key\": \"text\"}");
	cr_expect_eq(buffer[15], '#');
}
