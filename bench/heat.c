/*
 * Contestants taking turns; see heat.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "heat.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The clock is looked at about this often while running at full speed. */
#define LOOK_EVERY 50000

/* One thread's part of a turn. */
struct runner {
	struct contestant *contestant;
	void *session;
	uint64_t at;
	uint64_t duration;
	uint64_t common;
	pthread_barrier_t *barrier;

	uint64_t digest;
	uint64_t unread; /* digests of what is not compared */
	uint64_t operations;
	uint64_t elapsed;
	uint64_t allocations;
	struct histogram latencies;
};

static void call(struct runner *runner)
{
	struct contestant *contestant = runner->contestant;
	runner->unread += contestant->operate(runner->session, runner->at, contestant->batch);
	runner->at += contestant->batch;
}

static void run_common(struct runner *runner)
{
	struct contestant *contestant = runner->contestant;
	for (uint64_t at = 0; at < runner->common; at += contestant->batch)
		runner->digest += contestant->operate(runner->session, at, contestant->batch);
}

static void run_at_full_speed(struct runner *runner)
{
	uint64_t allocated = allocations(), start = now(), last = start, calls = 1;
	while (last - start < runner->duration) {
		for (uint64_t i = 0; i < calls; i++)
			call(runner);
		runner->operations += calls * runner->contestant->batch;
		uint64_t time = now();
		if (time - last < LOOK_EVERY)
			calls *= 2;
		else if (time - last > LOOK_EVERY * 4 && calls > 1)
			calls /= 2;
		last = time;
	}
	runner->elapsed = last - start;
	runner->allocations = allocations() - allocated;
}

static void run_timed(struct runner *runner)
{
	uint64_t cost = clock_cost(), start = now(), last = start;
	while (last - start < runner->duration) {
		call(runner);
		uint64_t time = now(), spent = time - last;
		spent = spent > cost ? spent - cost : 0;
		histogram_add(&runner->latencies, spent / runner->contestant->batch);
		last = time;
	}
}

static void *run_turn(void *argument)
{
	struct runner *runner = argument;
	run_common(runner);
	pthread_barrier_wait(runner->barrier);
	run_at_full_speed(runner);
	pthread_barrier_wait(runner->barrier);
	run_timed(runner);
	return NULL;
}

static void start_and_join(struct runner *runners, uint32_t threads)
{
	pthread_t others[HEAT_THREADS_MAX];
	for (uint32_t i = 1; i < threads; i++)
		if (pthread_create(&others[i], NULL, run_turn, &runners[i]) != 0)
			fail("cannot start a thread");
	run_turn(&runners[0]);
	for (uint32_t i = 1; i < threads; i++)
		pthread_join(others[i], NULL);
}

/* One contestant's turn; gives the digest of the common part. */
static uint64_t take_turn(const struct heat *heat, struct contestant *contestant, size_t place, uint32_t round)
{
	/* Numbers far apart: one must not find in the processor's caches what another has just fetched. */
	uint32_t threads = contestant->threads;
	struct runner *runners = allocate(threads, sizeof(*runners));
	pthread_barrier_t barrier;
	pthread_barrier_init(&barrier, NULL, threads);
	for (uint32_t i = 0; i < threads; i++)
		runners[i] = (struct runner){ .contestant = contestant,
			.session = contestant->sessions[i],
			.at = heat->common + (place + i * heat->count) * heat->span / (heat->count * HEAT_THREADS_MAX),
			.duration = heat->turn / 2 * (contestant->stretch ? contestant->stretch : 1),
			.common = heat->common,
			.barrier = &barrier };
	if (contestant->background)
		contestant->background(contestant->background_context, true);
	start_and_join(runners, threads);
	if (contestant->background)
		contestant->background(contestant->background_context, false);
	for (uint32_t i = 0; i < threads; i++) {
		contestant->rates[round] += (double)runners[i].operations * 1e9 / (double)runners[i].elapsed;
		contestant->operations += runners[i].operations;
		contestant->allocations += runners[i].allocations;
		histogram_merge(&contestant->latencies, &runners[i].latencies);
	}
	uint64_t digest = runners[0].digest;
	pthread_barrier_destroy(&barrier);
	free(runners);
	return digest;
}

static void compare(
	const struct contestant *contestant, uint64_t digest, const struct contestant **first, uint64_t *expected)
{
	if (!contestant->compared)
		return;
	if (!*first) {
		*first = contestant;
		*expected = digest;
	}
	if (digest != *expected)
		fail("%s and %s give different answers to the same questions", (*first)->engine, contestant->engine);
}

struct contestant *heat_enter(struct heat *heat, const char *engine, operate_fn *operate, void *session)
{
	if (heat->count == HEAT_CONTESTANTS_MAX)
		fail("too many contestants");
	struct contestant *contestant = allocate(1, sizeof(*contestant));
	contestant->engine = engine;
	contestant->operate = operate;
	contestant->sessions[0] = session;
	contestant->threads = contestant->batch = 1;
	return heat->contestants[heat->count++] = contestant;
}

static void run_round(struct heat *heat, uint32_t round)
{
	const struct contestant *first = NULL;
	uint64_t expected = 0;
	if (heat->prepare)
		heat->prepare(heat->context, round);
	for (size_t i = 0; i < heat->count; i++) {
		size_t place = (i + round) % heat->count; /* another one begins each round */
		struct contestant *contestant = heat->contestants[place];
		compare(contestant, take_turn(heat, contestant, place, round), &first, &expected);
	}
}

static void forget(struct contestant *contestant)
{
	memset(contestant->rates, 0, sizeof(contestant->rates));
	memset(&contestant->latencies, 0, sizeof(contestant->latencies));
	contestant->operations = contestant->allocations = 0;
}

void heat_run(struct heat *heat)
{
	if (heat->rounds > HEAT_ROUNDS_MAX)
		fail("at most %d rounds", HEAT_ROUNDS_MAX);
	clock_cost();
	if (heat->warm_up) {
		run_round(heat, 0);
		for (size_t i = 0; i < heat->count; i++)
			forget(heat->contestants[i]);
	}
	for (uint32_t round = 0; round < heat->rounds; round++)
		run_round(heat, round);
}

static void write_row(const struct heat *heat, const struct contestant *contestant, double rate)
{
	row_begin(heat->bench, contestant->engine);
	heat->label(contestant, false);
	row_count("threads", contestant->threads);
	row_number("ns_per_op", contestant->threads * 1e9 / rate);
	row_number("ns_median", histogram_quantile(&contestant->latencies, 0.5));
	row_number("ns_p99", histogram_quantile(&contestant->latencies, 0.99));
	row_number("ns_p999", histogram_quantile(&contestant->latencies, 0.999));
	row_number("ops_per_s", rate);
	row_number("allocations_per_op",
		allocations_counted() ? (double)contestant->allocations / (double)contestant->operations : (double)NAN);
	if (contestant->bytes)
		row_count("bytes", contestant->bytes);
	else
		row_number("bytes", (double)NAN);
	row_count("samples", contestant->latencies.total);
	row_numbers("rates", contestant->rates, heat->rounds);
	row_end();
}

static void show_line(const struct heat *heat, const struct contestant *contestant, double rate)
{
	printf("%-16s", contestant->engine);
	heat->label(contestant, true);
	printf(" %2u %10s %10s %10s %10s %12.0f", contestant->threads, time_text(contestant->threads * 1e9 / rate).text,
		time_text(histogram_quantile(&contestant->latencies, 0.5)).text,
		time_text(histogram_quantile(&contestant->latencies, 0.99)).text,
		time_text(histogram_quantile(&contestant->latencies, 0.999)).text, rate);
	if (allocations_counted())
		printf(" %8.2f", (double)contestant->allocations / (double)contestant->operations);
	printf("\n");
}

void heat_report(const struct heat *heat)
{
	printf("%-16s", "engine");
	heat->label(NULL, true);
	printf(" %2s %10s %10s %10s %10s %12s %8s\n", "th", "mean", "median", "p99", "p99.9", "per second", "allocs");
	for (size_t i = 0; i < heat->count; i++) {
		const struct contestant *contestant = heat->contestants[i];
		double rates[HEAT_ROUNDS_MAX];
		memcpy(rates, contestant->rates, sizeof(rates));
		double rate = median(rates, heat->rounds);
		write_row(heat, contestant, rate);
		show_line(heat, contestant, rate);
	}
	printf("\n");
	fflush(stdout);
}

void heat_end(struct heat *heat)
{
	for (size_t i = 0; i < heat->count; i++)
		free(heat->contestants[i]);
	heat->count = 0;
}
