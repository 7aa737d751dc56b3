/*
 * SIGINT, SIGTERM and SIGHUP.
 *
 * SPDX-License-Identifier: MIT
 */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

#include "terminal.h"

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };
#define ENDING_SIGNALS (sizeof(ending_signals) / sizeof(ending_signals[0]))

static volatile sig_atomic_t held;
static volatile sig_atomic_t caught;

static void end_by(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

static void handle(int number)
{
	if (held && !caught) {
		caught = number;
		return;
	}
	progress_vanish();
	end_by(number);
}

/* A signal that the parent process chose to ignore (nohup) stays ignored. */
void signals_begin(void)
{
	struct sigaction old, new = { .sa_handler = handle, .sa_flags = SA_RESTART };
	sigemptyset(&new.sa_mask);
	for (size_t i = 0; i < ENDING_SIGNALS; i++) {
		sigaction(ending_signals[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(ending_signals[i], &new, NULL);
	}
}

void signals_hold(void)
{
	held = true;
}

bool interrupted(void)
{
	return caught != 0;
}

void signals_release(void)
{
	held = false;
	if (caught)
		end_by(caught);
}
