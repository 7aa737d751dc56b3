/*
 * Benchmark: delete an organization that has very many members, in one durable transaction. See README.md.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "members.h"

static const char about[] = "usage: cascade [OPTION]...\n\n"
							"Measures deleting an organization; sizes are numbers of its members.";

static const struct member_store *const faces[] = { &members_orgdb, &members_sqlite, &members_sqlite_integer };

/* Number 0 is deleted. */
enum { ORGANIZATIONS = 101, IN_TRANSACTION = 10000, ROUNDS_MAX = 64 };

struct run {
	void *store;
	uint64_t bytes;
	double times[ROUNDS_MAX];
};

/* How many other organizations a user is in: shares like those of a large open-source community. */
static uint64_t others_of(uint64_t user)
{
	uint64_t share = (mix(user) >> 32) % 100;
	return share < 36 ? 0 : share < 93 ? 1 : 3;
}

static void add_to_first(const struct member_store *face, void *store, uint64_t size)
{
	struct member *members = allocate(IN_TRANSACTION, sizeof(*members));
	for (uint64_t user = 0; user < size;) {
		size_t count = 0;
		for (; user < size && count < IN_TRANSACTION; user++)
			members[count++] = (struct member){ 0, user };
		face->add(store, members, count);
	}
	free(members);
}

static void add_to_others(const struct member_store *face, void *store, uint64_t size)
{
	enum { OTHERS = ORGANIZATIONS - 1, APART = 33, MOST = 3 };
	struct member *members = allocate(IN_TRANSACTION + MOST, sizeof(*members));
	for (uint64_t user = 0; user < size;) {
		size_t count = 0;
		for (; user < size && count < IN_TRANSACTION; user++)
			for (uint64_t i = 0; i < others_of(user); i++)
				members[count++] = (struct member){ 1 + (mix(user) + i * APART) % OTHERS, user };
		face->add(store, members, count);
	}
	free(members);
}

static void *make_store(const struct settings *settings, const struct member_store *face, uint64_t size)
{
	void *store = face->open(scratch_path(settings, face->file).text);
	face->durable(store, false);
	add_all_entities(face, store, ORGANIZATIONS, size);
	add_to_others(face, store, size);
	return store;
}

/* Everything is on disk before, so the transaction pays for its own changes only. */
static double time_deletion(const struct member_store *face, void *store, uint64_t size)
{
	face->durable(store, true);
	if (face->settle)
		face->settle(store);
	sync();
	uint64_t start = now();
	uint64_t gone = face->delete_organization(store, 0);
	double time = (double)(now() - start);
	if (gone != size)
		fail("%s: %" PRIu64 " memberships are gone instead of %" PRIu64, face->name, gone, size);
	face->durable(store, false);
	return time;
}

static void report(const struct member_store *face, struct run *run, uint64_t size, uint32_t rounds)
{
	row_begin("cascade", face->name);
	row_text("mode", "delete_organization");
	row_count("organizations", ORGANIZATIONS);
	row_count("members", size);
	row_count("threads", 1);
	row_times(run->times, rounds, 1);
	row_count("bytes", run->bytes);
	row_end();
	double middle = median(run->times, rounds);
	printf("%-16s %10s %14.0f memberships/s %10.1f MB\n", face->name, time_text(middle).text,
		(double)size * 1e9 / middle, (double)run->bytes / 1e6);
}

static void run_size(const struct settings *settings, uint64_t size)
{
	struct run runs[COUNT_OF(faces)];
	printf("cascade: an organization of %" PRIu64 " members is deleted, median of %u\n", size, settings->rounds);
	for (size_t i = 0; i < COUNT_OF(faces); i++)
		runs[i].store = make_store(settings, faces[i], size);
	for (uint32_t round = 0; round < settings->rounds; round++)
		for (size_t i = 0; i < COUNT_OF(faces); i++) {
			if (round > 0)
				faces[i]->add_organizations(runs[i].store, 0, 1);
			add_to_first(faces[i], runs[i].store, size);
			if (faces[i]->settle)
				faces[i]->settle(runs[i].store);
			runs[i].bytes = disk_size(scratch_name(settings, faces[i]->file).text);
			runs[i].times[round] = time_deletion(faces[i], runs[i].store, size);
		}
	for (size_t i = 0; i < COUNT_OF(faces); i++) {
		report(faces[i], &runs[i], size, settings->rounds);
		faces[i]->close(runs[i].store);
		if (!settings->keep)
			scratch_path(settings, faces[i]->file);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	settings_parse(&settings, argc, argv, about);
	if (settings.size_count == 0)
		settings.sizes[settings.size_count++] = settings.full ? 1000000 : 200000;
	settings.rounds = settings.rounds ? settings.rounds : settings.full ? 5 : 3;
	if (settings.rounds > ROUNDS_MAX)
		fail("at most %d rounds", ROUNDS_MAX);
	results_open(&settings);
	for (size_t i = 0; i < settings.size_count; i++)
		run_size(&settings, settings.sizes[i]);
	return EXIT_SUCCESS;
}
