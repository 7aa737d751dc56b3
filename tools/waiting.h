/*
 * Lines of a load that wait for the organization which owns their object, because they come before it.
 *
 * Some services list the roles of organizations with all other roles, before the organizations. The text of such lines is
 * kept, up to a limit. A transaction may run again, so what a run does here counts when it is committed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WAITING_H
#define WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAITING_SIZE_MAX (64u << 20)
#define WAITING_SIZE_MAX_WORDS "64 MiB"

struct waiting_line {
	uint64_t number;
	char *text;
	size_t size;
	bool loaded; /* waits no more, once that is committed */
};

struct waiting {
	struct waiting_line *lines;
	size_t count;
	size_t capacity;
	size_t size;      /* bytes of their text */
	size_t committed; /* how many were there before the transaction */
};

/* Is one more of this size too much? */
bool waiting_is_full(const struct waiting *waiting, size_t size);
/* Copy a line; false if there is no memory. */
bool waiting_add(struct waiting *waiting, uint64_t number, const char *text, size_t size);
/* The first line that still waits, or NULL. */
const struct waiting_line *waiting_first(const struct waiting *waiting);

/* Back to what was committed: for a transaction that runs anew. */
void waiting_rewind(struct waiting *waiting);
/* Forget what was loaded. */
void waiting_commit(struct waiting *waiting);
void waiting_end(struct waiting *waiting);

#endif
