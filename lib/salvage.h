/*
 * Salvage: what can be read of a damaged store, in a new one.
 *
 * It is done in two steps. First, in salvage.c, the rows: pages are read without LMDB (see pages.h), each row is judged by
 * what its table's rows must be, and kept in a store of rows that serves nothing else. Then, in rebuild.c, what the rows mean:
 * entities and edges are created in the new store by the ordinary calls, which judge them again.
 *
 * Nothing is made up: what is not wholly known is lost, and said to be. Where two rows that must agree do not, and neither can
 * have lost its counterpart, what they say is not believed: better a membership too few than one that never was.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_SALVAGE_H
#define ORGDB_SALVAGE_H

#include "error.h"
#include "store.h"

struct salvage {
	const char *path;
	bool doubtful; /* Is taken, too. */
	orgdb_salvage_report *report;
	orgdb *rows; /* The store of rows. */

	/* Of the damaged store: */
	uint64_t expected[KV_PLACE_COUNT]; /* Rows, as the tables say themselves; UINT64_MAX: unknown. */
	uint64_t found[KV_PLACE_COUNT];    /* Different ones. */
	struct counters counters;
	bool counted;       /* `counters` were found. */
	bool may_be_older;  /* A newer snapshot may have been lost. */
	bool took_doubtful; /* Rows of which nobody knows whether they still count. */
	uint64_t refused;   /* Rows that make no sense. */
	int rc;             /* What keeps the salvage from going on. */
	orgdb_txn *txn;     /* In which rows are kept. */
	uint32_t needed;    /* The format version that the store asks for, if this library does not know it; or 0. */
};

/* Tell whoever wants to know. The table's name lives for ever. */
void orgdb__salvage_problem(struct salvage *salvage, const char *table, const char *format, ...) PRINTF_LIKE(3, 4);

/* Were all rows of a place found? */
bool orgdb__salvage_is_whole(const struct salvage *salvage, enum kv_place place);

/* Create in a new store at `path` what the rows mean; the report says what was and what could not be. `*whole` says whether
 * nothing was lost. */
int orgdb__rebuild(struct salvage *salvage, const char *path, bool *whole);

#endif
