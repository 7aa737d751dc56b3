/*
 * Benchmark: questions about memberships: is a user a member, a page of an organization's members, and all of a user's
 * organizations. See README.md.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heat.h"
#include "members.h"

static const char about[] = "usage: membership [OPTION]...\n\n"
							"Measures questions about memberships; sizes are numbers of memberships.";

static const struct member_store *const faces[] = { &members_orgdb, &members_sqlite, &members_sqlite_integer };

enum { EACH = 5, MEMBERS = 100, QUESTIONS = 1 << 18, COMMON = 64 };

enum question { CONTAINS = 0, MEMBERS_PAGE, USER_ORGANIZATIONS, KINDS };

static const char *const question_names[] = { "is_member", "members_page", "user_organizations" };

struct field {
	uint64_t size, users, organizations;
	struct member *questions;
	void *stores[COUNT_OF(faces)];
	uint64_t bytes[COUNT_OF(faces)];
};

struct entry {
	const struct member_store *face;
	void *store;
	const struct field *field;
	enum question question;
};

/* Every other question is about a member. */
static void prepare_questions(void *context, uint32_t round)
{
	struct field *field = context;
	uint64_t state = mix(round + 1);
	for (size_t i = 0; i < QUESTIONS; i++) {
		field->questions[i] =
			member_at(field->organizations, field->users, EACH, random_below(&state, field->users * EACH));
		if (i % 2)
			field->questions[i].organization = random_below(&state, field->organizations);
	}
}

static uint64_t ask(void *session, uint64_t at, size_t count)
{
	(void)count;
	const struct entry *entry = session;
	struct member member = entry->field->questions[at & (QUESTIONS - 1)];
	switch (entry->question) {
	case CONTAINS:
		return entry->face->contains(entry->store, member);
	case MEMBERS_PAGE:
		return entry->face->members(entry->store, member.organization, member.user / 2);
	default:
		return entry->face->organizations(entry->store, member.user);
	}
}

static void label(const struct contestant *contestant, bool show)
{
	if (!contestant) {
		printf(" %-18s", "question");
		return;
	}
	const struct entry *entry = contestant->label;
	if (show) {
		printf(" %-18s", question_names[entry->question]);
		return;
	}
	row_text("mode", question_names[entry->question]);
	row_count("memberships", entry->field->size);
	row_count("organizations", entry->field->organizations);
}

static void open_stores(struct field *field, const struct settings *settings)
{
	for (size_t i = 0; i < COUNT_OF(faces); i++) {
		uint64_t start = now();
		void *store = field->stores[i] = faces[i]->open(scratch_path(settings, faces[i]->file).text);
		faces[i]->durable(store, false);
		add_all_entities(faces[i], store, field->organizations, field->users);
		add_all_members(faces[i], store, field->organizations, field->users, EACH);
		faces[i]->durable(store, true);
		if (faces[i]->settle)
			faces[i]->settle(store);
		field->bytes[i] = disk_size(scratch_name(settings, faces[i]->file).text);
		printf("  %-16s made in %6.1f s, %8.1f MB\n", faces[i]->name, (double)(now() - start) / 1e9,
			(double)field->bytes[i] / 1e6);
		fflush(stdout);
	}
	sync();
}

/* Contestants whose questions are the same are compared with one another: one heat for each question. */
static void run_question(const struct settings *settings, struct field *field, enum question question)
{
	struct entry entries[COUNT_OF(faces)];
	struct heat heat = { .bench = "membership",
		.rounds = settings->rounds,
		.warm_up = true,
		.common = COMMON,
		.span = QUESTIONS,
		.turn = (uint64_t)settings->turn * 1000000,
		.prepare = prepare_questions,
		.context = field,
		.label = label };
	for (size_t i = 0; i < COUNT_OF(faces); i++) {
		entries[i] = (struct entry){ faces[i], field->stores[i], field, question };
		struct contestant *contestant = heat_enter(&heat, faces[i]->name, ask, &entries[i]);
		contestant->label = &entries[i];
		contestant->compared = true;
		contestant->bytes = field->bytes[i];
	}
	heat_run(&heat);
	heat_report(&heat);
	heat_end(&heat);
}

static void run_size(const struct settings *settings, uint64_t size)
{
	struct field field = { .size = size, .users = size / EACH, .organizations = size / MEMBERS };
	if (field.organizations < EACH)
		fail("a size must be at least %d", EACH * MEMBERS);
	field.questions = allocate(QUESTIONS, sizeof(*field.questions));
	printf("membership: %" PRIu64 " memberships of %" PRIu64 " users in %" PRIu64 " organizations\n", size, field.users,
		field.organizations);
	open_stores(&field, settings);
	for (int question = 0; question < KINDS; question++)
		run_question(settings, &field, (enum question)question);
	for (size_t i = 0; i < COUNT_OF(faces); i++) {
		faces[i]->close(field.stores[i]);
		if (!settings->keep)
			scratch_path(settings, faces[i]->file);
	}
	free(field.questions);
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	settings_parse(&settings, argc, argv, about);
	if (settings.size_count == 0)
		settings.sizes[settings.size_count++] = settings.full ? 10000000 : 1000000;
	settings.rounds = settings.rounds ? settings.rounds : settings.full ? 21 : 7;
	settings.turn = settings.turn ? settings.turn : settings.full ? 200 : 60;
	results_open(&settings);
	for (size_t i = 0; i < settings.size_count; i++)
		run_size(&settings, settings.sizes[i]);
	return EXIT_SUCCESS;
}
