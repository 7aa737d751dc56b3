/*
 * Files and rows of results; see harness.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"

/* --- Files -------------------------------------------------------------------------------------------------------- */

static uint64_t walked_size;

static int add_size(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)path, (void)type, (void)place;
	if (S_ISREG(status->st_mode))
		walked_size += (uint64_t)status->st_blocks * 512;
	return 0;
}

uint64_t disk_size(const char *path)
{
	walked_size = 0;
	nftw(path, add_size, 16, FTW_PHYS);
	return walked_size;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

void remove_all(const char *path)
{
	nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

void copy_file(const char *from, const char *to)
{
	static char buffer[1 << 20];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	if (!in || !out)
		fail("copying %s to %s: %s", from, to, strerror(errno));
	size_t size;
	while ((size = fread(buffer, 1, sizeof(buffer), in)) > 0)
		if (fwrite(buffer, 1, size, out) != size)
			fail("writing %s: %s", to, strerror(errno));
	if (ferror(in) || fclose(out) != 0)
		fail("copying %s to %s: %s", from, to, strerror(errno));
	fclose(in);
}

struct path scratch_name(const struct settings *settings, const char *name)
{
	struct path path;
	snprintf(path.text, sizeof(path.text), "%s/%s", settings->scratch, name);
	return path;
}

struct path scratch_path(const struct settings *settings, const char *name)
{
	static const char *const besides[] = { "", "-lock", "-wal", "-shm" };
	struct path beside;
	for (size_t i = 0; i < COUNT_OF(besides); i++) {
		snprintf(beside.text, sizeof(beside.text), "%s/%s%s", settings->scratch, name, besides[i]);
		remove_all(beside.text);
	}
	return scratch_name(settings, name);
}

/* --- Rows of results ---------------------------------------------------------------------------------------------- */

static FILE *results;

void results_open(const struct settings *settings)
{
	results = settings->results ? fopen(settings->results, "a") : NULL;
	if (settings->results && !results)
		fail("%s: %s", settings->results, strerror(errno));
}

void row_begin(const char *bench, const char *engine)
{
	if (results)
		fprintf(results, "{\"bench\":\"%s\",\"engine\":\"%s\"", bench, engine);
}

/* Values are words of our own, so nothing in them needs escaping. */
void row_text(const char *name, const char *value)
{
	if (results)
		fprintf(results, ",\"%s\":\"%s\"", name, value);
}

void row_count(const char *name, uint64_t value)
{
	if (results)
		fprintf(results, ",\"%s\":%" PRIu64, name, value);
}

static void write_number(double value)
{
	if (isfinite(value))
		fprintf(results, "%.6g", value);
	else
		fputs("null", results);
}

void row_number(const char *name, double value)
{
	if (!results)
		return;
	fprintf(results, ",\"%s\":", name);
	write_number(value);
}

void row_numbers(const char *name, const double *values, size_t count)
{
	if (!results)
		return;
	fprintf(results, ",\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputc(',', results);
		write_number(values[i]);
	}
	fputc(']', results);
}

void row_times(const double *times, size_t count, uint64_t operations)
{
	double sorted[64];
	if (count > COUNT_OF(sorted))
		fail("too many times");
	memcpy(sorted, times, count * sizeof(*times));
	double middle = median(sorted, count);
	row_number("ns_per_op", middle / (double)operations);
	row_number("ns_median", middle / (double)operations);
	row_number("ns_p99", (double)NAN);
	row_number("ns_p999", (double)NAN);
	row_number("ops_per_s", (double)operations * 1e9 / middle);
	row_number("allocations_per_op", (double)NAN);
	row_count("samples", count);
	row_numbers("times", times, count);
}

void row_end(void)
{
	if (results && (fputs("}\n", results) < 0 || fflush(results) != 0))
		fail("writing the results: %s", strerror(errno));
}

struct short_text time_text(double nanoseconds)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	struct short_text text;
	size_t unit = 0;
	while (nanoseconds >= 10000 && unit + 1 < COUNT_OF(units)) {
		nanoseconds /= 1000;
		unit++;
	}
	snprintf(text.text, sizeof(text.text), "%.4g %s", nanoseconds, units[unit]);
	return text;
}
