/*
 * What the benchmarks share: settings, the clock, random numbers, histograms, files and the rows of results.
 * What alternates and measures is in heat.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* --- Failing: nothing in a benchmark should, and if something does its reason is all that is worth saying --------- */

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A call of orgdb's must succeed. */
void must(int code);
/* Zeroed memory, or the end. */
void *allocate(size_t count, size_t size);

/* --- Settings ----------------------------------------------------------------------------------------------------- */

enum { SIZES_MAX = 8, PATH_SIZE = 4096 };

struct settings {
	const char *scratch; /* where stores are made */
	const char *results; /* rows are appended here; NULL: only shown */
	const char *command; /* the command orgdb */
	bool full;
	bool keep; /* leave the stores */
	uint64_t sizes[SIZES_MAX];
	size_t size_count;
	uint32_t rounds;
	uint32_t turn; /* milliseconds */
	uint64_t connections;
	uint64_t row_cache; /* MiB */
};

/* Reads the command line; `about` is the first line of --help. Ends the program if there is nothing to run. */
void settings_parse(struct settings *settings, int argc, char **argv, const char *about);

/* --- Time and chance ---------------------------------------------------------------------------------------------- */

/* Nanoseconds of the monotonic clock. */
uint64_t now(void);
void sleep_until(uint64_t time);
/* What one reading of the clock costs, in nanoseconds: the median of many. */
uint64_t clock_cost(void);

/* A good mix of the bits of a number: equal in every run. */
uint64_t mix(uint64_t number);
uint64_t random_next(uint64_t *state);
uint64_t random_below(uint64_t *state, uint64_t limit);

/* Zipf's law over 0 .. count-1, by rejection-inversion (Hoermann and Derflinger, 1996): exact, no tables. */
struct zipf {
	double count, exponent, low, high, cut;
};

struct zipf zipf_make(uint64_t count, double exponent);
uint64_t zipf_next(const struct zipf *zipf, uint64_t *state);

/* --- Histograms --------------------------------------------------------------------------------------------------- */

/* Counts of times: below 64 ns each its own bucket, above 64 buckets for each power of two. A bucket stands for its
 * middle, so a time is told within 0.8 %. */
enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * 36 };

struct histogram {
	uint64_t total;
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *to, const struct histogram *from);
/* The value that a share (0 .. 1) of the values does not exceed. */
double histogram_quantile(const struct histogram *histogram, double share);

double median(double *values, size_t count); /* sorts them */

/* --- Allocations -------------------------------------------------------------------------------------------------- */

/* True if this program counts calls of malloc and its kin, whoever makes them (allocations.c). */
bool allocations_counted(void);
/* Those of this thread so far. */
uint64_t allocations(void);

/* --- Files -------------------------------------------------------------------------------------------------------- */

/* Bytes that a file or everything in a folder takes on disk; 0 if it is not there. */
uint64_t disk_size(const char *path);
void copy_file(const char *from, const char *to);
/* A file or a folder with all in it; no error if it is not there. */
void remove_all(const char *path);
/* "<scratch>/<name>". */
struct path {
	char text[PATH_SIZE];
};
struct path scratch_name(const struct settings *settings, const char *name);
/* The same, after removing what is there, with the files that stores have beside them. */
struct path scratch_path(const struct settings *settings, const char *name);

/* --- Rows of results ---------------------------------------------------------------------------------------------- */

/* One row: row_begin, fields, row_end. It goes to the file of results and is remembered nowhere. */
void results_open(const struct settings *settings);
void row_begin(const char *bench, const char *engine);
void row_text(const char *name, const char *value);
void row_count(const char *name, uint64_t value);
void row_number(const char *name, double value); /* one that is not finite is written as null */
void row_numbers(const char *name, const double *values, size_t count);
/* What is done only a few times, each measured as a whole in nanoseconds, of `operations` each. */
void row_times(const double *times, size_t count, uint64_t operations);
void row_end(void);

/* A short text for a number of nanoseconds, such as "1.234 us". */
struct short_text {
	char text[24];
};
struct short_text time_text(double nanoseconds);

#endif
