/*
 * Checking a store, for whoever needs one that is sound.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

struct check {
	const char *path;  /* of the store */
	const char *shown; /* what to call it */
	bool as_json;
	bool quiet; /* no summary of a clean store */
};

/* Check the store apart, and say on standard output what is wrong with it. STATUS_REFUSED if it is damaged. */
int check_store(const struct check *check);

#endif
