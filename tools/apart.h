/*
 * Work in a process of its own. A file whose very pages are damaged can lead LMDB to memory that is not there, so what
 * reads all of a file runs apart, and its death is a finding too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef APART_H
#define APART_H

#include <stdbool.h>

/* `act` returns an exit status; its process ends with it, output and all. */
struct apart {
	int (*act)(void *context);
	void (*meanwhile)(void *context); /* optional: called now and then in this process */
	void *context;
	bool crashed; /* out: it was led astray by the file */
};

/* Returns the exit status of `act`; STATUS_REFUSED if it crashed. */
int run_apart(struct apart *apart);

#endif
