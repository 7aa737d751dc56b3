/*
 * An object that was read, into a store.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef APPLY_H
#define APPLY_H

#include "object.h"

/* What became of the object. */
enum outcome {
	OUTCOME_CREATED,
	OUTCOME_UPDATED, /* or it was like that already */
};

struct application {
	orgdb_txn *txn;
	struct object_reader *reader; /* holds the object, which is used up */
	enum outcome outcome;
	orgdb_str *id;  /* optional, out: of a new entity */
	char field[64]; /* out: where in the object the library refused something, if its message does not say; or "" */
};

/* Create it. Returns the library's code. */
int apply_create(struct application *application);

/* Create it, or change the one that is there: what is given replaces what is stored, null for a known field removes it,
 * the rest stays. An entity is found by its id or, if none is given, by its unique name; an edge by its ends. */
int apply_upsert(struct application *application);

/* Change the entity `id`, which must be there. Null removes unknown fields too. */
int apply_update(struct application *application, const char *id);

#endif
