/*
 * What the benchmarks share; see harness.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orgdb.h"

/* --- Failing ------------------------------------------------------------------------------------------------------ */

void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(EXIT_FAILURE);
}

void must(int code)
{
	if (code != 0)
		fail("%s: %s", orgdb_error_name(code), orgdb_last_error()->message);
}

void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);
	if (!memory)
		fail("out of memory: %zu times %zu bytes", count, size);
	return memory;
}

/* --- Settings ----------------------------------------------------------------------------------------------------- */

static uint64_t parse_number(const char *option, const char *text)
{
	char *end;
	errno = 0;
	uint64_t number = strtoull(text, &end, 10);
	if (errno || end == text || number == 0 || number > UINT32_MAX)
		fail("%s takes a whole number above 0, not '%s'", option, text);
	return number;
}

static void parse_sizes(struct settings *settings, char *text)
{
	settings->size_count = 0;
	for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
		if (settings->size_count == SIZES_MAX)
			fail("--sizes takes at most %d numbers", SIZES_MAX);
		settings->sizes[settings->size_count++] = parse_number("--sizes", part);
	}
}

static _Noreturn void show_help(const char *about)
{
	printf("%s\n\noptions:\n"
		   "  --full           the large sizes, and more rounds\n"
		   "  --sizes N,N      other sizes\n"
		   "  --connections N  of the tenant, for merged lookups (default: 200)\n"
		   "  --row-cache MIB  of orgdb, for merged lookups (default: orgdb's own)\n"
		   "  --rounds N       how often each contestant has its turn\n"
		   "  --turn MS        how long a turn is\n"
		   "  --scratch DIR    where stores are made (default: the current folder)\n"
		   "  --results FILE   append the results, one JSON object a line\n"
		   "  --command FILE   the command orgdb\n"
		   "  --keep           leave the stores\n",
		about);
	exit(EXIT_SUCCESS);
}

static bool parse_flag(struct settings *settings, const char *option, const char *about)
{
	if (strcmp(option, "--help") == 0)
		show_help(about);
	if (strcmp(option, "--full") == 0)
		return settings->full = true;
	if (strcmp(option, "--keep") == 0)
		return settings->keep = true;
	return false;
}

static void parse_option(struct settings *settings, const char *option, char *value)
{
	if (!value)
		fail("%s: no such option, or its value is missing; --help lists them", option);
	if (strcmp(option, "--scratch") == 0)
		settings->scratch = value;
	else if (strcmp(option, "--results") == 0)
		settings->results = value;
	else if (strcmp(option, "--command") == 0)
		settings->command = value;
	else if (strcmp(option, "--sizes") == 0)
		parse_sizes(settings, value);
	else if (strcmp(option, "--connections") == 0)
		settings->connections = parse_number(option, value);
	else if (strcmp(option, "--row-cache") == 0)
		settings->row_cache = parse_number(option, value);
	else if (strcmp(option, "--rounds") == 0)
		settings->rounds = (uint32_t)parse_number(option, value);
	else if (strcmp(option, "--turn") == 0)
		settings->turn = (uint32_t)parse_number(option, value);
	else
		fail("there is no option %s; --help lists them", option);
}

void settings_parse(struct settings *settings, int argc, char **argv, const char *about)
{
	settings->scratch = ".";
	for (int i = 1; i < argc; i++) {
		if (parse_flag(settings, argv[i], about))
			continue;
		parse_option(settings, argv[i], argv[i + 1]);
		i++;
	}
}

/* --- Time and chance ---------------------------------------------------------------------------------------------- */

uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void sleep_until(uint64_t time)
{
	struct timespec when = { (time_t)(time / 1000000000), (long)(time % 1000000000) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		continue;
}

uint64_t clock_cost(void)
{
	static uint64_t cost;
	if (cost)
		return cost;
	struct histogram *histogram = allocate(1, sizeof(*histogram));
	uint64_t last = now();
	for (int i = 0; i < 100000; i++) {
		uint64_t time = now();
		histogram_add(histogram, time - last);
		last = time;
	}
	cost = (uint64_t)histogram_quantile(histogram, 0.5);
	free(histogram);
	return cost;
}

uint64_t mix(uint64_t z)
{
	z += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t random_next(uint64_t *state)
{
	uint64_t number = mix(*state);
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return number;
}

/* The high half of a product spreads as evenly as a remainder does, without a division. */
uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return ((random_next(state) >> 32) * limit) >> 32;
}

static double ratio_log1p(double x)
{
	return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x * (1 / 3.0 - x * 0.25));
}

static double ratio_expm1(double x)
{
	return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x * 0.5 * (1 + x / 3.0 * (1 + x * 0.25));
}

/* The law's density, its integral, and that one's inverse. */
static double zipf_density(double exponent, double x)
{
	return exp(-exponent * log(x));
}

static double zipf_integral(double exponent, double x)
{
	return ratio_expm1((1 - exponent) * log(x)) * log(x);
}

static double zipf_inverse(double exponent, double x)
{
	return exp(ratio_log1p(fmax(x * (1 - exponent), -1)) * x);
}

struct zipf zipf_make(uint64_t count, double exponent)
{
	struct zipf zipf = { .count = (double)count, .exponent = exponent };
	zipf.low = zipf_integral(exponent, 1.5) - 1;
	zipf.high = zipf_integral(exponent, zipf.count + 0.5);
	zipf.cut = 2 - zipf_inverse(exponent, zipf_integral(exponent, 2.5) - zipf_density(exponent, 2));
	return zipf;
}

uint64_t zipf_next(const struct zipf *zipf, uint64_t *state)
{
	for (;;) {
		double share = (double)(random_next(state) >> 11) * 0x1p-53;
		double u = zipf->high + share * (zipf->low - zipf->high);
		double x = zipf_inverse(zipf->exponent, u);
		double k = fmin(fmax(floor(x + 0.5), 1), zipf->count);
		if (k - x <= zipf->cut || u >= zipf_integral(zipf->exponent, k + 0.5) - zipf_density(zipf->exponent, k))
			return (uint64_t)k - 1;
	}
}

/* --- Histograms --------------------------------------------------------------------------------------------------- */

static size_t bucket_of(uint64_t value)
{
	if (value < HISTOGRAM_STEPS)
		return (size_t)value;
	unsigned shift = 63u - (unsigned)__builtin_clzll(value) - 6; /* leaves seven bits: a one and the step */
	size_t bucket = (size_t)shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static double middle_of(size_t bucket)
{
	if (bucket < HISTOGRAM_STEPS * 2)
		return (double)bucket;
	size_t shift = bucket / HISTOGRAM_STEPS - 1;
	return ldexp((double)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS) + 0.5, (int)shift);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->counts[bucket_of(value)]++;
	histogram->total++;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	to->total += from->total;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->counts[i] += from->counts[i];
}

double histogram_quantile(const struct histogram *histogram, double share)
{
	if (histogram->total == 0)
		return NAN;
	uint64_t rank = (uint64_t)ceil(share * (double)histogram->total), seen = 0;
	size_t bucket = 0;
	for (; bucket < HISTOGRAM_BUCKETS - 1; bucket++) {
		seen += histogram->counts[bucket];
		if (seen >= rank && seen > 0)
			break;
	}
	return middle_of(bucket);
}

static int compare_numbers(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

double median(double *values, size_t count)
{
	if (count == 0)
		return NAN;
	qsort(values, count, sizeof(*values), compare_numbers);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}
