/*
 * Moments: times as texts.
 *
 * SPDX-License-Identifier: MIT
 */
#include <criterion/criterion.h>
#include <string.h>

#include "moment.h"

TestSuite(moment, .timeout = 60);

static const struct {
	const char *text;
	uint64_t milliseconds;
	const char *written;
} known[] = {
	{ "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z" },
	{ "1970-01-01T00:00:00.001Z", 1, "1970-01-01T00:00:00.001Z" },
	{ "1999-12-31T23:59:59.999Z", 946684799999, "1999-12-31T23:59:59.999Z" },
	{ "2000-02-29T12:34:56.789Z", 951827696789, "2000-02-29T12:34:56.789Z" },
	{ "2026-11-24T02:00:00Z", 1795485600000, "2026-11-24T02:00:00.000Z" },
	{ "2100-03-01T00:00:00Z", 4107542400000, "2100-03-01T00:00:00.000Z" },
	{ "9999-12-31T23:59:59.999Z", 253402300799999, "9999-12-31T23:59:59.999Z" },
};

Test(moment, known_times_are_read_and_written)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char text[MOMENT_SIZE + 1];
		uint64_t milliseconds = 7;
		cr_expect(orgdb__moment_read(orgdb_string(known[i].text), &milliseconds), "%s", known[i].text);
		cr_expect_eq(milliseconds, known[i].milliseconds, "%s: %llu", known[i].text, (unsigned long long)milliseconds);
		cr_assert(orgdb__moment_write(known[i].milliseconds, text), "%s", known[i].text);
		cr_expect_str_eq(text, known[i].written);
	}
}

Test(moment, what_is_written_is_read_and_sorts_as_time_does)
{
	char before[MOMENT_SIZE + 1] = "", text[MOMENT_SIZE + 1];
	for (uint64_t moment = 0; moment <= known[6].milliseconds; moment += 97 * UINT64_C(86399123)) {
		uint64_t read;
		cr_assert(orgdb__moment_write(moment, text));
		cr_assert_eq(strlen(text), MOMENT_SIZE);
		cr_assert(orgdb__moment_read(orgdb_string(text), &read) && read == moment, "%s", text);
		cr_assert(strcmp(before, text) < 0, "%s is not behind %s", text, before);
		memcpy(before, text, sizeof(text));
	}
}

Test(moment, every_day_of_four_centuries_follows_the_one_before)
{
	enum { DAYS = 146097 };
	char last[MOMENT_SIZE + 1];
	for (uint64_t day = 0; day < DAYS; day++) {
		char text[MOMENT_SIZE + 1];
		uint64_t read;
		cr_assert(orgdb__moment_write(day * 86400000, text));
		cr_assert(orgdb__moment_read(orgdb_string(text), &read) && read == day * 86400000, "%s", text);
	}
	orgdb__moment_write(DAYS * UINT64_C(86400000), last);
	cr_expect_str_eq(last, "2370-01-01T00:00:00.000Z");
}

Test(moment, what_is_no_time_is_refused)
{
	static const char *const others[] = { "", "2026", "2026-11-24", "2026-11-24T02:00:00", "2026-11-24 02:00:00Z",
		"2026-11-24t02:00:00Z", "2026-11-24T02:00:00z", "2026-11-24T02:00:00+00:00", "2026-11-24T02:00:00.Z",
		"2026-11-24T02:00:00.0Z", "2026-11-24T02:00:00.0000Z", "2026-11-24T02:00:00,000Z", "2026-11-24T02:00:00.00aZ",
		"2026-00-24T02:00:00Z", "2026-13-24T02:00:00Z", "2026-11-00T02:00:00Z", "2026-11-31T02:00:00Z",
		"2026-02-29T02:00:00Z", "2100-02-29T02:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T02:60:00Z",
		"2026-11-24T02:00:60Z", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "-026-11-24T02:00:00Z",
		"2026-11-24T02:00:00Z ", " 2026-11-24T02:00:00Z", "2026-11-24T02:00:00.000ZZ", "+2026-1-24T02:00:00Z" };
	uint64_t milliseconds;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		cr_expect(!orgdb__moment_read(orgdb_string(others[i]), &milliseconds), "\"%s\"", others[i]);
	cr_expect(!orgdb__moment_read((orgdb_str){ "2026-11-24T02:00:00Z", 19 }, &milliseconds), "one byte short");
}

Test(moment, there_is_no_year_10000)
{
	char text[MOMENT_SIZE + 1];
	cr_expect(!orgdb__moment_write(known[6].milliseconds + 1, text));
	cr_expect(!orgdb__moment_write(UINT64_MAX, text));
}

Test(moment, now_is_after_this_was_written)
{
	uint64_t now = orgdb__moment_now();
	cr_expect_gt(now, known[4].milliseconds - 86400000);
	cr_expect_lt(now, known[5].milliseconds);
}
