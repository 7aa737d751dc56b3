/*
 * What is different on a terminal: colors, a line that says how far the work is, questions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "terminal.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* --- Colors ------------------------------------------------------------------------------------------------------- */

static enum color color_when;

void choose_color(enum color when)
{
	color_when = when;
}

static bool has_color(FILE *file)
{
	const char *unwanted = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	if (color_when != COLOR_AUTO)
		return color_when == COLOR_ALWAYS;
	if (unwanted && *unwanted)
		return false;
	return isatty(fileno(file)) && terminal && strcmp(terminal, "dumb") != 0;
}

const char *style(FILE *file, enum style wanted)
{
	static const char *const codes[] = {
		[STYLE_NONE] = "\033[0m",
		[STYLE_HEADING] = "\033[1m",
		[STYLE_TERM] = "\033[36m",
		[STYLE_FAINT] = "\033[2m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_BAD] = "\033[1;31m",
	};
	return has_color(file) ? codes[wanted] : "";
}

/* --- Progress ----------------------------------------------------------------------------------------------------- */

#define CLEAR_LINE "\r\033[K"

static enum progress_mode progress_chosen;
static bool in_place;                        /* on a terminal, as a line that changes */
static volatile sig_atomic_t progress_shown; /* is there a line to take away? */

void choose_progress(enum progress_mode mode)
{
	progress_chosen = mode;
}

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

void progress_begin(struct progress *progress)
{
	in_place = progress_chosen == PROGRESS_AUTO && isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &progress->begun);
	progress->last = progress->begun;
}

bool progress_due(struct progress *progress)
{
	if (progress_chosen == PROGRESS_NONE)
		return false;
	double interval = in_place ? 0.2 : progress_chosen == PROGRESS_LINES ? 1 : 10;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds_between(&progress->last, &now) < interval)
		return false;
	progress->last = now;
	return true;
}

double progress_seconds(const struct progress *progress)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return seconds_between(&progress->begun, &now);
}

void progress_show(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	progress_end();
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	progress_shown = in_place;
	if (!progress_shown)
		putc('\n', stderr);
	fflush(stderr);
}

void progress_end(void)
{
	if (progress_shown)
		fputs(CLEAR_LINE, stderr);
	progress_shown = false;
}

void progress_vanish(void)
{
	if (progress_shown && write(STDERR_FILENO, CLEAR_LINE, sizeof(CLEAR_LINE) - 1) < 0)
		return;
	progress_shown = false;
}

const char *progress_left(const struct progress *progress, uint64_t done, uint64_t total, char words[PROGRESS_WORDS])
{
	double share = done < total ? (double)done / (double)total : 1;
	double seconds = share > 0 ? progress_seconds(progress) * (1 - share) / share : 0;
	if (share <= 0)
		snprintf(words, PROGRESS_WORDS, "0%%");
	else if (seconds < 120)
		snprintf(words, PROGRESS_WORDS, "%.0f%%, %.0f s left", share * 100, seconds);
	else if (seconds < 7200)
		snprintf(words, PROGRESS_WORDS, "%.0f%%, %.0f min left", share * 100, seconds / 60);
	else
		snprintf(words, PROGRESS_WORDS, "%.0f%%, %.0f h left", share * 100, seconds / 3600);
	return words;
}

/* --- Questions ---------------------------------------------------------------------------------------------------- */

bool can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ask(const char *question)
{
	char answer[80];
	fflush(stdout);
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin)) {
		putc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}
