/*
 * What is different on a terminal: colors, a line that says how far the work is, questions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "command.h"

/* --- Colors ------------------------------------------------------------------------------------------------------- */

enum color {
	COLOR_AUTO, /* on terminals, unless NO_COLOR is set or the terminal is a dumb one */
	COLOR_ALWAYS,
	COLOR_NEVER,
};
void choose_color(enum color when);

enum style {
	STYLE_NONE, /* ends the others */
	STYLE_HEADING,
	STYLE_TERM,
	STYLE_FAINT,
	STYLE_GOOD,
	STYLE_BAD,
};
/* What to write to `file` to begin a style; "" where there are no colors. */
const char *style(FILE *file, enum style wanted);

/* --- Progress ----------------------------------------------------------------------------------------------------- */

/* How to say how far the work is, on standard error. */
enum progress_mode {
	PROGRESS_AUTO,  /* a line that changes in place on a terminal; else a line now and then once it takes long */
	PROGRESS_LINES, /* a line every second */
	PROGRESS_NONE,
};
void choose_progress(enum progress_mode mode);

struct progress {
	struct timespec begun;
	struct timespec last;
};
void progress_begin(struct progress *progress);
/* True now and then, when it is time to show the line again. Cheap. */
bool progress_due(struct progress *progress);
double progress_seconds(const struct progress *progress);
void progress_show(const char *format, ...) PRINTF_LIKE(1, 2);
/* Take the line away; messages do so by themselves. */
void progress_end(void);
/* The same, for a signal handler. */
void progress_vanish(void);

/* Room for progress_left()'s words. */
enum { PROGRESS_WORDS = 48 };
/* Say "45%, 12 s left", from how much of the whole is done. Returns `words`. */
const char *progress_left(const struct progress *progress, uint64_t done, uint64_t total, char words[PROGRESS_WORDS]);

/* --- Questions ---------------------------------------------------------------------------------------------------- */

/* Is there somebody to ask? */
bool can_ask(void);
/* Ask on standard error and read a line of standard input; true if it says yes. */
bool ask(const char *question);

#endif
