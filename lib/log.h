/*
 * The log: what an operator should know and no caller is told, handed to the hook of the process.
 *
 * Failures that callers are told are their business. The log has them only where the store itself is in trouble, so that it
 * is known even if a caller drops the error.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_LOG_H
#define ORGDB_LOG_H

#include "error.h"

/* NULL for none. No store may be open. */
void orgdb__use_log(orgdb_log_fn *log, void *context);

/* One line; costs next to nothing if nobody listens. */
void orgdb__log(uint32_t level, const char *format, ...) PRINTF_LIKE(2, 3);

/* Log this thread's last failure if it has a code that says that the store is in trouble. Returns `code`. */
int orgdb__log_trouble(int code);

/* Milliseconds of a clock that never goes back. */
uint64_t orgdb__milliseconds(void);
/* Log how long something took, if that is long. */
void orgdb__log_wait(uint64_t begin, const char *path, const char *what);

#endif
