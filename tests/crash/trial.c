/*
 * What the crash tests share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

static const struct trial *current;

void empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	char file[PATH_MAX + NAME_MAX];
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] == '.' || unlink(file) == 0)
			continue;
		empty_folder(file);
		rmdir(file);
	}
	if (folder)
		closedir(folder);
}

void trial_close(const struct trial *trial)
{
	empty_folder(trial->folder);
	rmdir(trial->folder);
}

void trial_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fflush(stdout);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nagain: %s --seed %" PRIu64 " --count %" PRIu64, current->program, current->seed, current->count);
	if (current->plant) { /* So this was expected. */
		fprintf(stderr, " --plant %s\n", current->plant);
		trial_close(current);
	} else {
		fprintf(stderr, "; what was left: %s\n", current->folder);
	}
	exit(1);
}

void trial_must(int rc, const char *call)
{
	if (rc != 0)
		trial_fail("%s: %s: %s", call, orgdb_error_name(rc), orgdb_last_error()->message);
}

bool planted(const struct trial *trial, const char *plant)
{
	return trial->plant && strcmp(trial->plant, plant) == 0;
}

/* ---- Options ----------------------------------------------------------------------------------------------------- */

static bool parse_number(const char *text, uint64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static bool parse_option(struct trial *trial, const char *name, char *value, const char *const *plants)
{
	if (strcmp(name, "--seed") == 0)
		return parse_number(value, &trial->seed);
	if (strcmp(name, "--count") == 0)
		return parse_number(value, &trial->count);
	if (strcmp(name, "--directory") == 0)
		return snprintf(trial->directory, sizeof(trial->directory), "%s", value) < (int)sizeof(trial->directory);
	trial->plant = value;
	while (*plants && strcmp(*plants, value) != 0)
		plants++;
	return strcmp(name, "--plant") == 0 && *plants;
}

static void refuse_options(const struct trial *trial, const char *const *plants)
{
	fprintf(stderr, "usage: %s [--seed S] [--count N] [--directory DIR] [--plant FAULT], a FAULT being one of:\n",
		trial->program);
	for (; *plants; plants++)
		fprintf(stderr, "    %s\n", *plants);
	exit(2);
}

static uint64_t a_seed(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return ((uint64_t)time.tv_sec * 1000003 + (uint64_t)time.tv_nsec + (uint64_t)getpid()) % 1000000000;
}

void trial_open(struct trial *trial, int count, char **arguments, const char *const *plants)
{
	current = trial;
	trial->program = arguments[0];
	trial->seed = a_seed();
	strcpy(trial->directory, "/tmp");
	for (int i = 1; i < count; i += 2)
		if (i + 1 >= count || !parse_option(trial, arguments[i], arguments[i + 1], plants))
			refuse_options(trial, plants);
	/* The store must have one name, links resolved: it is how the tests know the store's files. */
	char real[PATH_MAX];
	if (!realpath(trial->directory, real) ||
		snprintf(trial->folder, sizeof(trial->folder), "%s/crash-XXXXXX", real) >= (int)sizeof(trial->folder) ||
		!mkdtemp(trial->folder)) {
		fprintf(stderr, "%s: %s: cannot make a folder there\n", trial->program, trial->directory);
		exit(2);
	}
	snprintf(trial->path, sizeof(trial->path), "%s/store.orgdb", trial->folder);
	printf("seed %" PRIu64 "\n", trial->seed);
	fflush(stdout);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

struct bytes trial_read_file(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &info) != 0)
		trial_fail("%s: %s", path, strerror(errno));
	struct bytes bytes = { malloc((size_t)info.st_size + 1), (size_t)info.st_size };
	if (!bytes.data || pread(fd, bytes.data, bytes.size, 0) != info.st_size)
		trial_fail("%s: cannot be read", path);
	close(fd);
	return bytes;
}

void trial_write_file(const char *path, struct bytes bytes)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (fd < 0 || (bytes.size > 0 && write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size))
		trial_fail("%s: %s", path, strerror(errno));
	close(fd);
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

int state_of(orgdb_txn *txn, struct state *out)
{
	int rc = orgdb_lsn(txn, &out->lsn);
	return rc == 0 ? digest_of(txn, &out->digest) : rc;
}

static void print_problem(void *context, const orgdb_problem *problem)
{
	(void)context;
	fprintf(stderr, "check: %s: %s\n", problem->table, problem->message);
}

struct state trial_look(orgdb *db)
{
	struct state state;
	orgdb_txn *txn;
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = print_problem;
	trial_must(orgdb_check(db, &report), "check");
	trial_must(orgdb_begin_read(db, &txn), "begin to read");
	trial_must(state_of(txn, &state), "read everything");
	orgdb_end(txn);
	return state;
}
