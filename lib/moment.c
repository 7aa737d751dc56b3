/*
 * Moments: times as texts, in the form of the service's API.
 *
 * The calendar is counted here: the C library's needs a time zone, which is the process's and may change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "moment.h"

#include <time.h>

enum {
	FIRST_YEAR = 1970,
	LAST_YEAR = 9999,
	DAY = 24 * 60 * 60,
};

static bool is_leap_year(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_year(unsigned year)
{
	return is_leap_year(year) ? 366 : 365;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/* Days from year 1 to a year's first, as if there had always been leap years. */
static unsigned days_before(unsigned year)
{
	unsigned past = year - 1;
	return past * 365 + past / 4 - past / 100 + past / 400;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* Take `digits` digits, and then `end` unless it is 0, off the front. */
static bool take(orgdb_str *rest, size_t digits, char end, unsigned *number)
{
	if (rest->size < digits + (end != 0))
		return false;
	*number = 0;
	for (size_t i = 0; i < digits; i++) {
		if (rest->data[i] < '0' || rest->data[i] > '9')
			return false;
		*number = *number * 10 + (unsigned)(rest->data[i] - '0');
	}
	if (end != 0 && rest->data[digits] != end)
		return false;
	rest->data += digits + (end != 0);
	rest->size -= digits + (end != 0);
	return true;
}

static bool take_day(orgdb_str *rest, uint64_t *day)
{
	unsigned year, month, date;
	if (!take(rest, 4, '-', &year) || !take(rest, 2, '-', &month) || !take(rest, 2, 'T', &date))
		return false;
	if (year < FIRST_YEAR || month < 1 || month > 12 || date < 1 || date > days_of_month(year, month))
		return false;
	*day = days_before(year) - days_before(FIRST_YEAR) + date - 1;
	while (--month > 0)
		*day += days_of_month(year, month);
	return true;
}

bool orgdb__moment_read(orgdb_str text, uint64_t *milliseconds)
{
	bool fraction = text.size == MOMENT_SIZE;
	uint64_t day;
	unsigned hour, minute, second, thousandth = 0;
	if (!take_day(&text, &day) || !take(&text, 2, ':', &hour) || !take(&text, 2, ':', &minute) ||
		!take(&text, 2, fraction ? '.' : 'Z', &second) || (fraction && !take(&text, 3, 'Z', &thousandth)))
		return false;
	if (hour > 23 || minute > 59 || second > 59 || text.size > 0)
		return false;
	*milliseconds = (((day * 24 + hour) * 60 + minute) * 60 + second) * MILLISECONDS + thousandth;
	return true;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* Write a number with `digits` digits and a character behind it. */
static char *put(char *text, unsigned number, int digits, char end)
{
	for (int i = digits; i > 0; i--, number /= 10)
		text[i - 1] = (char)('0' + number % 10);
	text[digits] = end;
	return text + digits + 1;
}

bool orgdb__moment_write(uint64_t milliseconds, char text[MOMENT_SIZE + 1])
{
	uint64_t seconds = milliseconds / MILLISECONDS, days = seconds / DAY;
	unsigned year = FIRST_YEAR, month = 1, second = (unsigned)(seconds % DAY);
	if (days >= days_before(LAST_YEAR + 1) - days_before(FIRST_YEAR))
		return false;
	for (; days >= days_of_year(year); year++)
		days -= days_of_year(year);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	text = put(text, year, 4, '-');
	text = put(text, month, 2, '-');
	text = put(text, (unsigned)days + 1, 2, 'T');
	text = put(text, second / 3600, 2, ':');
	text = put(text, second / 60 % 60, 2, ':');
	text = put(text, second % 60, 2, '.');
	text = put(text, (unsigned)(milliseconds % MILLISECONDS), 3, 'Z');
	*text = '\0';
	return true;
}

uint64_t orgdb__moment_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * MILLISECONDS + (uint64_t)now.tv_nsec / 1000000;
}
