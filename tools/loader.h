/*
 * Loading JSON Lines into a store, in one transaction or in one for every so many lines.
 *
 * A transaction may run more than once (the map grows), so each run begins with a rewound input and fresh counts, and
 * what a run has to say about the input is kept until the last run is over.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOADER_H
#define LOADER_H

#include <inttypes.h>

#include "apply.h"
#include "cli.h"
#include "input.h"
#include "waiting.h"

/* What has been loaded. */
struct tally {
	uint64_t created[ORGDB_KINDS];
	uint64_t updated[ORGDB_KINDS];
	uint64_t objects; /* all of them */
	uint64_t skipped;
	uint64_t before; /* lines in front of the first one wanted */
};

/* A kind whose lines are left out. */
struct skip {
	const char *kind;
	uint64_t count;
	uint64_t committed;
};

struct loader {
	/* What is wanted. */
	const char *store;
	struct skip *skips; /* ended by one without a kind */
	uint64_t batch;     /* lines of one transaction; UINT64_MAX for all */
	uint64_t from_line; /* the first line to load, from 1 */
	bool upsert;
	bool dry_run;

	struct input input;
	struct tally committed;
	uint64_t committed_line; /* the last line that is loaded; 0 if nothing is */

	const char *opened; /* the path where it is being made, or `store` */
	struct object_reader reader;
	struct progress progress;

	/* Of the transaction that is under way or was the last. */
	struct tally tally;
	struct waiting waiting;
	bool has_news; /* organizations have come since the waiting lines were tried */
	enum input_result input_result;
	char complaint[1024];
	const char *advice;
};

/* Load what is wanted from the input, which is open. Complains if that fails; what is committed stays, and
 * `committed_line` says up to where. Returns an exit status. */
int loader_run(struct loader *loader);

#endif
