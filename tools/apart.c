/*
 * Work in a process of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "apart.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "signals.h"

/* Longer and longer, so that short work does not wait. */
static void wait_a_moment(long *nanoseconds)
{
	struct timespec moment = { .tv_nsec = *nanoseconds };
	nanosleep(&moment, NULL);
	if (*nanoseconds < 50000000)
		*nanoseconds += *nanoseconds / 2;
}

/* A signal that this process holds back ends the other one: there is nothing left to wait for then. */
static pid_t wait_for(pid_t child, const struct apart *apart, int *result)
{
	pid_t ended;
	long nanoseconds = 1000000;
	if (!apart->meanwhile)
		return waitpid(child, result, 0);
	while ((ended = waitpid(child, result, WNOHANG)) == 0) {
		if (interrupted())
			kill(child, SIGTERM);
		apart->meanwhile(apart->context);
		wait_a_moment(&nanoseconds);
	}
	progress_end();
	return ended;
}

static int judge_death(struct apart *apart, int number)
{
	apart->crashed = number == SIGSEGV || number == SIGBUS || number == SIGABRT;
	if (apart->crashed)
		return STATUS_REFUSED;
	if (!interrupted())
		complain("the work was ended by signal %d: %s", number, strsignal(number));
	return STATUS_FAILED;
}

int run_apart(struct apart *apart)
{
	int result;
	fflush(stdout); /* else both processes would write what is in its buffer */
	pid_t child = fork();
	if (child == 0) {
		signals_release();
		exit(finish_output(apart->act(apart->context), false));
	}
	if (child < 0 || wait_for(child, apart, &result) < 0) {
		complain("cannot start another process: %s", strerror(errno));
		return STATUS_FAILED;
	}
	if (WIFEXITED(result))
		return WEXITSTATUS(result);
	return judge_death(apart, WTERMSIG(result));
}
