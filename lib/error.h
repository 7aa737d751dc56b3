/*
 * Errors: the codes' names and texts, and this thread's last error.
 *
 * Every function that detects a failure says so once, through orgdb__fail(), and callers pass the code on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ERROR_H
#define ORGDB_ERROR_H

#include <stdarg.h>

#include "orgdb.h"

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#else
#define PRINTF_LIKE(at, first)
#endif

/* How text of unknown length is put into messages: "%.*s" with EXCERPT(str). */
enum { EXCERPT_MAX = 60 };
#define EXCERPT(str) excerpt_size(str), excerpt_data(str)

static inline int excerpt_size(orgdb_str str)
{
	return str.size > EXCERPT_MAX ? EXCERPT_MAX : (int)str.size;
}

static inline const char *excerpt_data(orgdb_str str)
{
	return str.data ? str.data : "";
}

/* A thread's last error, for calls that fail inside and not as a whole. */
struct last_error {
	orgdb_error_info info;
	char field[96];
	char message[512];
};
void orgdb__error_keep(struct last_error *kept);
void orgdb__error_restore(const struct last_error *kept);

/* Record a failure and return `code`. `field` is "" where no field is at fault. */
int orgdb__fail(int code, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);

/* ORGDB_FORBIDDEN, by an orgdb_rule. */
int orgdb__fail_rule(uint32_t rule, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same as orgdb__fail(), with the errno behind it; its text is appended to the message. */
int orgdb__fail_system(int code, int system_error, const char *format, ...) PRINTF_LIKE(3, 4);

/* The code for an errno of a file operation. */
int orgdb__code_of_errno(int system_error);

#endif
