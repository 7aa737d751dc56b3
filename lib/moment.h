/*
 * Moments: times as texts, in the form of the service's API: RFC 3339 in UTC, with milliseconds or without.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_MOMENT_H
#define ORGDB_MOMENT_H

#include "key.h"

enum {
	MOMENT_SIZE = 24, /* "2026-11-24T02:00:00.000Z" */
	MILLISECONDS = 1000,
};

/* Milliseconds since 1970. False if `text` is no such time, or of another year than 1970 to 9999. */
bool orgdb__moment_read(orgdb_str text, uint64_t *milliseconds);
/* With milliseconds, NUL-terminated. False if it is of a later year than 9999. */
bool orgdb__moment_write(uint64_t milliseconds, char text[MOMENT_SIZE + 1]);
uint64_t orgdb__moment_now(void);

#endif
