/*
 * Ids: random letters and digits from the system's source.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ID_H
#define ORGDB_ID_H

#include <stddef.h>
#include <stdint.h>

/* Each returns 0 or ORGDB_IO. */
int orgdb__random_bytes(void *out, size_t size);
/* `size` characters drawn evenly from the first `letters` of 0-9a-zA-Z; no NUL behind them. */
int orgdb__random_text(char *out, size_t size, unsigned letters);
/* A version 4 UUID, NUL-terminated. */
int orgdb__random_uuid(char out[37]);

#endif
