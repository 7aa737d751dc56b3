/*
 * Benchmark: fill a store: JSON Lines through the command, and memberships through the interface. See README.md.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "members.h"

static const char about[] = "usage: bulk_load [OPTION]...\n\n"
							"Measures filling a store; sizes are numbers of memberships.";

static const struct member_store *const faces[] = { &members_orgdb, &members_sqlite, &members_sqlite_integer };

enum { EACH = 5, MEMBERS = 100, ROUNDS_MAX = 64 };

struct shape {
	uint64_t size, users, organizations;
};

struct run {
	double times[ROUNDS_MAX];
	uint64_t bytes;
	double bytes_each; /* of a membership; not finite: not known */
};

static void report(const char *engine, const char *mode, const struct shape *shape, struct run *run, uint32_t rounds,
	uint64_t operations, const char *what)
{
	row_begin("bulk_load", engine);
	row_text("mode", mode);
	row_count("organizations", shape->organizations);
	row_count("users", shape->users);
	row_count("memberships", shape->size);
	row_count("threads", 1);
	row_times(run->times, rounds, operations);
	row_count("bytes", run->bytes);
	row_number("bytes_per_membership", run->bytes_each);
	row_end();
	double rate = (double)operations * 1e9 / median(run->times, rounds);
	printf("%-16s %-6s %10.0f %s/s", engine, mode, rate, what);
	if (isfinite(run->bytes_each))
		printf(" %8.1f bytes a membership on disk", run->bytes_each);
	printf("\n");
}

/* --- Through the interface ---------------------------------------------------------------------------------------- */

static void run_interface(const struct settings *settings, const struct member_store *face, const struct shape *shape,
	struct run *run, uint32_t round)
{
	struct path path = scratch_path(settings, face->file);
	void *store = face->open(path.text);
	add_all_entities(face, store, shape->organizations, shape->users);
	if (face->settle)
		face->settle(store);
	sync();
	uint64_t before = disk_size(path.text), start = now();
	add_all_members(face, store, shape->organizations, shape->users, EACH);
	run->times[round] = (double)(now() - start);
	if (face->settle)
		face->settle(store);
	run->bytes = disk_size(path.text);
	run->bytes_each = (double)(run->bytes - before) / (double)shape->size;
	face->close(store);
	if (!settings->keep)
		scratch_path(settings, face->file);
}

/* --- Through the command ------------------------------------------------------------------------------------------ */

static void write_entities(FILE *file, const struct shape *shape)
{
	for (uint64_t i = 0; i < shape->organizations; i++) {
		struct member_names names = organization_names(i);
		fprintf(file, "{\"kind\":\"organization\",\"id\":\"%s\",\"name\":\"%s\",\"display_name\":\"%s\"}\n",
			organization_id(i).text, names.name, names.display_name);
	}
	for (uint64_t i = 0; i < shape->users; i++) {
		struct member_names names = user_names(i);
		fprintf(file, "{\"kind\":\"user\",\"user_id\":\"%s\",\"name\":\"%s\",\"email\":\"%s\"}\n", user_id(i).text,
			names.name, names.email);
	}
}

static void write_lines(const char *path, const struct shape *shape)
{
	FILE *file = fopen(path, "w");
	if (!file)
		fail("cannot write %s", path);
	write_entities(file, shape);
	for (uint64_t i = 0; i < shape->size; i++) {
		struct member member = member_at(shape->organizations, shape->users, EACH, i);
		fprintf(file, "{\"kind\":\"membership\",\"organization_id\":\"%s\",\"user_id\":\"%s\"}\n",
			organization_id(member.organization).text, user_id(member.user).text);
	}
	if (fclose(file) != 0)
		fail("cannot write %s", path);
}

extern char **environ;

static void run_command(char *const *arguments)
{
	pid_t pid;
	int status;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ) != 0)
		fail("cannot run %s; --command says where it is", arguments[0]);
	posix_spawn_file_actions_destroy(&actions);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		fail("%s load failed", arguments[0]);
}

static void run_lines(const struct settings *settings, const char *lines, struct run *run, uint32_t round)
{
	struct path store = scratch_path(settings, "loaded.orgdb"), input = scratch_name(settings, lines);
	struct path command;
	snprintf(command.text, sizeof(command.text), "%s", settings->command ? settings->command : "orgdb");
	char load[] = "load";
	char *arguments[] = { command.text, load, store.text, input.text, NULL };
	sync();
	uint64_t start = now();
	run_command(arguments);
	run->times[round] = (double)(now() - start);
	run->bytes = disk_size(store.text);
	run->bytes_each = (double)NAN;
	if (!settings->keep)
		scratch_path(settings, "loaded.orgdb");
}

static void run_size(const struct settings *settings, uint64_t size)
{
	static const char lines[] = "members.jsonl";
	struct shape shape = { size, size / EACH, size / MEMBERS };
	struct run interface[COUNT_OF(faces)], command;
	if (shape.organizations < EACH)
		fail("a size must be at least %d", EACH * MEMBERS);
	printf("bulk_load: %" PRIu64 " memberships of %" PRIu64 " users in %" PRIu64 " organizations, median of %u\n", size,
		shape.users, shape.organizations, settings->rounds);
	write_lines(scratch_path(settings, lines).text, &shape);
	for (uint32_t round = 0; round < settings->rounds; round++) {
		run_lines(settings, lines, &command, round);
		for (size_t i = 0; i < COUNT_OF(faces); i++)
			run_interface(settings, faces[i], &shape, &interface[i], round);
	}
	if (!settings->keep)
		scratch_path(settings, lines);
	report("orgdb", "jsonl", &shape, &command, settings->rounds, size + shape.users + shape.organizations, "lines");
	for (size_t i = 0; i < COUNT_OF(faces); i++)
		report(faces[i]->name, "api", &shape, &interface[i], settings->rounds, size, "memberships");
	printf("\n");
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	settings_parse(&settings, argc, argv, about);
	if (settings.size_count == 0)
		settings.sizes[settings.size_count++] = settings.full ? 10000000 : 200000;
	settings.rounds = settings.rounds ? settings.rounds : settings.full ? 5 : 2;
	if (settings.rounds > ROUNDS_MAX)
		fail("at most %d rounds", ROUNDS_MAX);
	results_open(&settings);
	for (size_t i = 0; i < settings.size_count; i++)
		run_size(&settings, settings.sizes[i]);
	return EXIT_SUCCESS;
}
