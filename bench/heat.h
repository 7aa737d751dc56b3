/*
 * A heat: contestants that do the same kind of work take turns, round after round, in one process. What disturbs the
 * machine disturbs them all, so their ratios hold where their times do not.
 *
 * A turn has three parts: operations that are the same for all and whose digests are compared; operations at full speed,
 * for the rate; and operations that are timed one by one, for the quantiles.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_HEAT_H
#define BENCH_HEAT_H

#include "harness.h"

enum { HEAT_THREADS_MAX = 2, HEAT_CONTESTANTS_MAX = 96, HEAT_ROUNDS_MAX = 64 };

/* Do the operations numbered at, at + 1 .. at + count - 1, and digest the answers: equal answers, equal digests. */
typedef uint64_t operate_fn(void *session, uint64_t at, size_t count);

struct contestant {
	const char *engine;
	operate_fn *operate;
	void *sessions[HEAT_THREADS_MAX]; /* one for each thread */
	uint32_t threads;
	uint32_t batch;   /* operations in each call */
	uint32_t stretch; /* turns are so many times longer; 0 is 1 */
	bool compared;
	/* Called before and after each turn; optional. */
	void (*background)(void *context, bool running);
	void *background_context;
	const void *label; /* the owner's, for heat.label */
	uint64_t bytes;    /* on disk; 0: none, null in the results */

	/* Measured. */
	double rates[HEAT_ROUNDS_MAX]; /* operations a second, all threads together, by round */
	struct histogram latencies;    /* of one operation */
	uint64_t operations;           /* at full speed */
	uint64_t allocations;          /* in these */
};

struct heat {
	const char *bench;
	uint32_t rounds;
	uint64_t turn;   /* nanoseconds */
	uint64_t common; /* operations whose digests are compared in each turn */
	uint64_t span;   /* numbers of operations mean something modulo this; contestants begin spread over it */
	bool warm_up;    /* a round before, which does not count */
	void (*prepare)(void *context, uint32_t round); /* optional: called before each round */
	void *context;
	/* Writes the workload's fields of a row; `show` prints them instead. */
	void (*label)(const struct contestant *contestant, bool show);
	struct contestant *contestants[HEAT_CONTESTANTS_MAX];
	size_t count;
};

/* A zeroed contestant of the heat, with one thread and a batch of 1; freed by heat_end(). */
struct contestant *heat_enter(struct heat *heat, const char *engine, operate_fn *operate, void *session);
void heat_run(struct heat *heat);
/* A line in the table and a row in the results for each contestant. */
void heat_report(const struct heat *heat);
void heat_end(struct heat *heat);

#endif
