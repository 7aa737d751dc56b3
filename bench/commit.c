/*
 * Benchmark: durable transactions that change one thing: a user becomes a member. See README.md.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "heat.h"
#include "members.h"

static const char about[] = "usage: commit [OPTION]...\n\n"
							"Measures durable transactions of one change; sizes are memberships that are there before.";

static const struct member_store *const faces[] = { &members_orgdb, &members_lmdb, &members_lmdb_one_put,
	&members_sqlite, &members_sqlite_integer };

enum { ORGANIZATIONS = 2000, EACH = 5, ROUNDS = 7, TURN = 200 };

struct session {
	const struct member_store *face;
	void *store;
	uint64_t users, size, next;
};

static uint64_t commit_one(void *context, uint64_t at, size_t count)
{
	(void)at, (void)count;
	struct session *session = context;
	if (session->next == session->users * ORGANIZATIONS)
		fail("no membership is left to add");
	struct member member = member_at(ORGANIZATIONS, session->users, EACH, session->next++);
	session->face->add(session->store, &member, 1);
	return 0;
}

static void label(const struct contestant *contestant, bool show)
{
	const struct session *session = contestant ? contestant->label : NULL;
	if (!show) {
		row_text("mode", "one_membership");
		row_count("memberships", session->size);
	}
}

static void open_session(struct session *session, const struct settings *settings, uint64_t size)
{
	session->size = size;
	session->users = size / EACH;
	session->store = session->face->open(scratch_path(settings, session->face->file).text);
	session->face->durable(session->store, false);
	add_all_entities(session->face, session->store, ORGANIZATIONS, session->users);
	add_all_members(session->face, session->store, ORGANIZATIONS, session->users, EACH);
	session->next = session->users * EACH;
	session->face->durable(session->store, true);
	if (session->face->settle)
		session->face->settle(session->store);
	sync();
}

static void run_size(const struct settings *settings, uint64_t size)
{
	struct session sessions[COUNT_OF(faces)];
	struct heat heat = { .bench = "commit",
		.rounds = settings->rounds,
		.warm_up = true,
		.turn = (uint64_t)settings->turn * 1000000,
		.label = label };
	for (size_t i = 0; i < COUNT_OF(faces); i++) {
		sessions[i].face = faces[i];
		open_session(&sessions[i], settings, size);
		struct contestant *contestant = heat_enter(&heat, faces[i]->name, commit_one, &sessions[i]);
		contestant->label = &sessions[i];
		contestant->bytes = disk_size(scratch_name(settings, faces[i]->file).text);
	}
	printf("commit: one membership in each durable transaction, %" PRIu64 " there before\n", size);
	heat_run(&heat);
	heat_report(&heat);
	heat_end(&heat);
	for (size_t i = 0; i < COUNT_OF(faces); i++) {
		faces[i]->close(sessions[i].store);
		if (!settings->keep)
			scratch_path(settings, faces[i]->file);
	}
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	settings_parse(&settings, argc, argv, about);
	if (settings.size_count == 0)
		settings.sizes[settings.size_count++] = settings.full ? 1000000 : 100000;
	settings.rounds = settings.rounds ? settings.rounds : settings.full ? 3 * ROUNDS : ROUNDS;
	settings.turn = settings.turn ? settings.turn : TURN;
	results_open(&settings);
	for (size_t i = 0; i < settings.size_count; i++)
		run_size(&settings, settings.sizes[i]);
	return EXIT_SUCCESS;
}
