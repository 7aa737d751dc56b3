/*
 * Benchmark: which connections may this application offer inside this organization? orgdb and its peers, see README.md.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heat.h"
#include "peer.h"

static const char about[] = "usage: merged_lookup [OPTION]...\n\n"
							"Measures merged lookups in orgdb and its peers; sizes are numbers of organizations.";

static const struct peer *const peers[] = {
	&peer_orgdb,
	&peer_orgdb_uncached,
	&peer_lmdb_two_gets,
	&peer_lmdb_one_get,
	&peer_lmdb_naive,
	&peer_sqlite_join,
	&peer_sqlite_best,
#ifdef BENCH_ROCKSDB
	&peer_rocksdb,
#endif
	&peer_hashmap,
};

enum {
	PEERS = COUNT_OF(peers),
	QUERIES = 1 << 20, /* of each distribution */
	COMMON = 256,
	EXPLAINED = 2000,
	WRITER_STRETCH = 3,
	MEMBERSHIPS_EACH = 10, /* in a transaction */
};

enum distribution { UNIFORM = 0, ZIPF };
enum writes { NO_WRITES = 0, MEMBERSHIP_WRITES, CONNECTION_WRITES };

static const char *const distribution_names[] = { "uniform", "zipf" };
static const char *const write_names[] = { "none", "memberships", "connections" };
static const uint64_t write_pauses[] = { 0, 10000000, 100000000 }; /* 1,000 memberships/s by 10; 10 connections/s */

/* --- Queries ------------------------------------------------------------------------------------------------------ */

struct questions {
	struct query *queries[2]; /* by distribution */
	struct zipf zipf;
	uint64_t organizations;
};

/* Popular organizations are spread over the order of creation; the prime makes it one to one. */
static uint64_t pick(const struct questions *questions, enum distribution distribution, uint64_t *state)
{
	if (distribution == UNIFORM)
		return random_below(state, questions->organizations);
	return zipf_next(&questions->zipf, state) * UINT64_C(4294967291) % questions->organizations;
}

static void prepare_queries(void *context, uint32_t round)
{
	struct questions *questions = context;
	uint64_t state = mix(round + 1);
	for (int distribution = UNIFORM; distribution <= ZIPF; distribution++)
		for (size_t i = 0; i < QUERIES; i++) {
			uint64_t organization = pick(questions, (enum distribution)distribution, &state);
			struct query *query = &questions->queries[distribution][i];
			query->organization = organization_id(organization);
			query->application = client_id(random_below(&state, TENANT_APPLICATIONS));
		}
}

static struct questions make_questions(uint64_t organizations)
{
	struct questions questions = { .zipf = zipf_make(organizations, 0.99), .organizations = organizations };
	for (int i = 0; i < 2; i++)
		questions.queries[i] = allocate(QUERIES, sizeof(struct query));
	prepare_queries(&questions, 0);
	return questions;
}

/* --- Stores and entries ------------------------------------------------------------------------------------------- */

struct field {
	struct tenant tenant;
	struct questions questions;
	void *stores[PEERS];
	uint64_t bytes[PEERS];
	void *sessions[PEERS][HEAT_THREADS_MAX];
};

/* What a contestant does, for its label and its calls. */
struct entry {
	const struct field *field;
	const struct peer *peer;
	void *session;
	enum distribution distribution;
	enum writes writes;
	uint32_t batch;
};

/* The first peer that has the same store. */
static size_t owner_of(size_t peer)
{
	size_t owner = 0;
	while (strcmp(peers[owner]->store, peers[peer]->store) != 0)
		owner++;
	return owner;
}

struct opening {
	struct field *field;
	size_t peer;
	struct path path;
	pthread_t thread;
};

static void *open_one(void *context)
{
	struct opening *opening = context;
	opening->field->stores[opening->peer] = peers[opening->peer]->open(&opening->field->tenant, opening->path.text);
	return NULL;
}

/* Different stores are made at the same time: that takes longest of all, and is not what is measured here. */
static void open_owned(struct field *field, const struct settings *settings, bool copies)
{
	struct opening openings[PEERS];
	size_t count = 0;
	for (size_t i = 0; i < PEERS; i++)
		if (owner_of(i) == i && peers[i]->copy == copies) {
			openings[count] = (struct opening){ .field = field, .peer = i };
			openings[count].path = scratch_path(settings, peers[i]->store);
			if (pthread_create(&openings[count].thread, NULL, open_one, &openings[count]) != 0)
				fail("cannot start a thread");
			count++;
		}
	for (size_t i = 0; i < count; i++)
		pthread_join(openings[i].thread, NULL);
}

static void open_stores(struct field *field, const struct settings *settings)
{
	open_owned(field, settings, false);
	open_owned(field, settings, true);
	for (size_t i = 0; i < PEERS; i++) {
		field->stores[i] = field->stores[owner_of(i)];
		field->bytes[i] = disk_size(scratch_name(settings, peers[i]->store).text);
		for (size_t j = 0; j < HEAT_THREADS_MAX; j++)
			field->sessions[i][j] = peers[i]->session_open(field->stores[i]);
	}
}

static void close_stores(struct field *field, const struct settings *settings)
{
	for (size_t i = 0; i < PEERS; i++)
		for (size_t j = 0; j < HEAT_THREADS_MAX; j++)
			peers[i]->session_close(field->sessions[i][j]);
	for (size_t i = 0; i < PEERS; i++) {
		if (owner_of(i) != i)
			continue;
		peers[i]->close(field->stores[i]);
		if (!settings->keep)
			scratch_path(settings, peers[i]->store);
	}
	free(field->questions.queries[UNIFORM]);
	free(field->questions.queries[ZIPF]);
}

/* Every peer that resolves must give the first one's answers, field by field. */
static void compare_answers(const struct field *field)
{
	static struct answer expected, got;
	for (size_t i = 0; i < EXPLAINED; i++) {
		const struct query *query = &field->questions.queries[UNIFORM][i];
		memset(&expected, 0, sizeof(expected));
		peers[0]->explain(field->sessions[0][0], query, &expected);
		for (size_t j = 1; j < PEERS; j++) {
			if (!peers[j]->resolves)
				continue;
			memset(&got, 0, sizeof(got));
			peers[j]->explain(field->sessions[j][0], query, &got);
			if (memcmp(&expected, &got, sizeof(got)) != 0)
				fail("%s and %s differ about %s in %s", peers[0]->name, peers[j]->name, query->application.text,
					query->organization.text);
		}
	}
}

/* Each peer is asked about every organization twice, caches grow meanwhile, or for as long as `limit` says. */
static void warm_up(const struct field *field, uint64_t limit)
{
	for (size_t i = 0; i < PEERS; i++) {
		uint64_t start = now();
		for (uint64_t j = 0; j < 2 * field->tenant.organizations && now() - start < limit; j++) {
			struct query query = { organization_id(j % field->tenant.organizations),
				client_id(j % TENANT_APPLICATIONS) };
			peers[i]->look_up(field->sessions[i][0], &query, 1);
		}
	}
}

/* --- Writers ------------------------------------------------------------------------------------------------------ */

struct writer {
	const struct peer *peer;
	void *store;
	enum writes writes;
	uint64_t *next; /* the store's next membership */
	uint32_t connections;
	uint32_t version;
	atomic_bool stop;
	pthread_t thread;
};

static void *write_on(void *context)
{
	struct writer *writer = context;
	for (uint64_t time = now(); !atomic_load(&writer->stop); sleep_until(time)) {
		if (writer->writes == MEMBERSHIP_WRITES) {
			writer->peer->add_memberships(writer->store, *writer->next, MEMBERSHIPS_EACH);
			*writer->next += MEMBERSHIPS_EACH;
		} else {
			writer->version++;
			writer->peer->change_connection(writer->store, writer->version % writer->connections, writer->version);
		}
		time += write_pauses[writer->writes];
	}
	return NULL;
}

static void run_writer(void *context, bool running)
{
	struct writer *writer = context;
	atomic_store(&writer->stop, !running);
	if (!running)
		pthread_join(writer->thread, NULL);
	else if (pthread_create(&writer->thread, NULL, write_on, writer) != 0)
		fail("cannot start a thread");
}

/* --- Contestants -------------------------------------------------------------------------------------------------- */

static uint64_t operate(void *session, uint64_t at, size_t count)
{
	const struct entry *entry = session;
	/* A batch never goes past the end: QUERIES is a multiple of its size, so round its beginning down. */
	size_t place = (size_t)(at & (QUERIES - 1)) & ~(count - 1);
	return entry->peer->look_up(entry->session, &entry->field->questions.queries[entry->distribution][place], count);
}

static void label(const struct contestant *contestant, bool show)
{
	if (!contestant) {
		printf(" %-8s %-8s %-12s", "mode", "asked", "writer");
		return;
	}
	const struct entry *entry = contestant->label;
	const char *mode = entry->batch == 1 ? "single" : "batch64";
	if (show) {
		printf(" %-8s %-8s %-12s", mode, distribution_names[entry->distribution], write_names[entry->writes]);
		return;
	}
	row_text("mode", mode);
	row_count("organizations", entry->field->tenant.organizations);
	row_count("connections", entry->field->tenant.connections);
	row_text("distribution", distribution_names[entry->distribution]);
	row_text("writer", write_names[entry->writes]);
	if (entry->peer == &peer_orgdb)
		row_count("row_cache", peer_orgdb_row_cache);
}

struct line_up {
	struct heat heat;
	struct field *field;
	struct entry entries[HEAT_CONTESTANTS_MAX][HEAT_THREADS_MAX];
	struct writer writers[HEAT_CONTESTANTS_MAX];
	uint64_t next_memberships[PEERS]; /* by peer, of the store that it owns */
};

static void enter(struct line_up *up, size_t peer, uint32_t batch, uint32_t threads, enum distribution distribution,
	enum writes writes)
{
	size_t place = up->heat.count;
	struct contestant *contestant = heat_enter(&up->heat, peers[peer]->name, operate, NULL);
	for (uint32_t i = 0; i < threads; i++) {
		up->entries[place][i] =
			(struct entry){ up->field, peers[peer], up->field->sessions[peer][i], distribution, writes, batch };
		contestant->sessions[i] = &up->entries[place][i];
	}
	contestant->label = &up->entries[place][0];
	contestant->threads = threads;
	contestant->batch = batch;
	contestant->bytes = up->field->bytes[peer];
	contestant->compared = peers[peer]->resolves && distribution == UNIFORM;
	contestant->stretch = writes ? WRITER_STRETCH : 1;
	if (writes) {
		up->writers[place] = (struct writer){ .peer = peers[peer],
			.store = up->field->stores[peer],
			.writes = writes,
			.next = &up->next_memberships[owner_of(peer)],
			.connections = up->field->tenant.connections };
		contestant->background = run_writer;
		contestant->background_context = &up->writers[place];
	}
}

/* Lookups with writers: orgdb's and those of the peers that a server would rather use. */
static bool has_writers(const struct peer *peer)
{
	return peer->add_memberships && peer->resolves && peer != &peer_sqlite_join;
}

static void enter_readers(struct line_up *up)
{
	for (size_t i = 0; i < PEERS; i++)
		enter(up, i, 1, 1, UNIFORM, NO_WRITES);
	for (size_t i = 0; i < PEERS; i++)
		enter(up, i, BATCH, 1, UNIFORM, NO_WRITES);
	for (size_t i = 0; i < PEERS; i++)
		enter(up, i, 1, 2, UNIFORM, NO_WRITES);
	for (size_t i = 0; i < PEERS; i++)
		enter(up, i, 1, 1, ZIPF, NO_WRITES);
}

static void enter_with_writers(struct line_up *up)
{
	for (size_t i = 0; i < PEERS; i++)
		if (has_writers(peers[i])) {
			enter(up, i, 1, 1, UNIFORM, MEMBERSHIP_WRITES);
			enter(up, i, 1, 1, UNIFORM, CONNECTION_WRITES);
		}
}

/* Lookups with writers come after all others: what writers leave behind must not be in the others' way. */
static void run_heat(const struct settings *settings, struct field *field, void (*enter_all)(struct line_up *up))
{
	struct line_up *up = allocate(1, sizeof(*up));
	up->field = field;
	up->heat = (struct heat){ .bench = "merged_lookup",
		.rounds = settings->rounds,
		.common = COMMON,
		.span = QUERIES,
		.turn = (uint64_t)settings->turn * 1000000,
		.prepare = prepare_queries,
		.context = &field->questions,
		.label = label };
	enter_all(up);
	heat_run(&up->heat);
	heat_report(&up->heat);
	heat_end(&up->heat);
	free(up);
}

static void run_size(const struct settings *settings, uint64_t organizations)
{
	struct field *field = allocate(1, sizeof(*field));
	field->tenant = (struct tenant){ organizations, (uint32_t)settings->connections };
	field->questions = make_questions(organizations);
	printf("merged_lookup: %" PRIu64 " organizations, %" PRIu64 " connections\n", organizations, settings->connections);
	fflush(stdout);
	open_stores(field, settings);
	compare_answers(field);
	warm_up(field, settings->full ? 30000000000 : 2500000000);
	run_heat(settings, field, enter_readers);
	run_heat(settings, field, enter_with_writers);
	close_stores(field, settings);
	free(field);
}

int main(int argc, char **argv)
{
	struct settings settings = { .connections = 200 };
	settings_parse(&settings, argc, argv, about);
	if (settings.connections < 2 * TENANT_SHARED)
		fail("--connections must be at least %d", 2 * TENANT_SHARED);
	if (settings.row_cache > 0)
		peer_orgdb_row_cache = settings.row_cache << 20;
	static const uint64_t sizes[] = { 10000, 100000, 1000000, 10000000 };
	if (settings.size_count == 0) {
		settings.size_count = settings.full ? 4 : 3;
		memcpy(settings.sizes, sizes, settings.size_count * sizeof(sizes[0]));
	}
	settings.rounds = settings.rounds ? settings.rounds : settings.full ? 21 : 7;
	settings.turn = settings.turn ? settings.turn : settings.full ? 100 : 25;
	results_open(&settings);
	for (size_t i = 0; i < settings.size_count; i++)
		run_size(&settings, settings.sizes[i]);
	return EXIT_SUCCESS;
}
