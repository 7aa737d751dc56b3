/*
 * The log.
 *
 * SPDX-License-Identifier: MIT
 */
#include "log.h"

#include <stdio.h>
#include <time.h>

enum { LONG_WAIT = 1000 }; /* Milliseconds. */

static struct {
	orgdb_log_fn *log;
	void *context;
} hook;

void orgdb__use_log(orgdb_log_fn *log, void *context)
{
	hook.log = log;
	hook.context = context;
}

void orgdb__log(uint32_t level, const char *format, ...)
{
	char message[512];
	va_list arguments;
	if (!hook.log)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	hook.log(hook.context, level, message);
}

int orgdb__log_trouble(int code)
{
	if (code == ORGDB_CORRUPT || code == ORGDB_IO || code == ORGDB_DISK_FULL || code == ORGDB_PANIC)
		orgdb__log(ORGDB_LOG_ERROR, "%s", orgdb_last_error()->message);
	return code;
}

uint64_t orgdb__milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void orgdb__log_wait(uint64_t begin, const char *path, const char *what)
{
	uint64_t took = orgdb__milliseconds() - begin;
	if (took >= LONG_WAIT)
		orgdb__log(ORGDB_LOG_WARNING, "%s: %s took %llu.%llu s", path, what, (unsigned long long)(took / 1000),
			(unsigned long long)(took / 100 % 10));
}
