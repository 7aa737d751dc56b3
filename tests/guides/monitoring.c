/*
 * The program of the guide "Watching a store": metrics as text, the log, and memory that is counted.
 *
 * usage: monitoring FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <orgdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "guide.h"

static void write_metric(FILE *out, const char *name, const char *type, uint64_t value)
{
	fprintf(out, "# TYPE orgdb_%s %s\norgdb_%s %" PRIu64 "\n", name, type, name, value);
}

static int write_metrics(orgdb *db, FILE *out)
{
	orgdb_metrics metrics;
	int rc = orgdb_metrics_get(db, &metrics);
	if (rc != 0)
		return rc;
	write_metric(out, "lookups_total", "counter", metrics.lookups);
	write_metric(out, "row_cache_misses_total", "counter", metrics.row_cache_misses);
	write_metric(out, "commits_total", "counter", metrics.commits);
	write_metric(out, "aborts_total", "counter", metrics.aborts);
	write_metric(out, "file_bytes", "gauge", metrics.file_size);
	write_metric(out, "oldest_reader_changes", "gauge", metrics.oldest_reader);
	return 0;
}

static void log_line(void *context, uint32_t level, const char *message)
{
	static const char *const levels[] = { "error", "warning", "notice" };
	fprintf(context, "orgdb: %s: %s\n", levels[level], message);
}

static atomic_long pieces;

static void *allocate(void *context, size_t alignment, size_t size)
{
	(void)context;
	atomic_fetch_add(&pieces, 1);
	return aligned_alloc(alignment, size);
}

static void *reallocate(void *context, void *memory, size_t size)
{
	(void)context;
	atomic_fetch_add(&pieces, memory == NULL);
	return realloc(memory, size);
}

static void release(void *context, void *memory)
{
	(void)context;
	atomic_fetch_sub(&pieces, 1);
	free(memory);
}

/* First of all in main(). */
static void set_hooks(void)
{
	static const orgdb_allocator allocator = { NULL, allocate, reallocate, release };
	must(orgdb_set_log(log_line, stderr));
	must(orgdb_set_allocator(&allocator));
}

int main(int argc, char **argv)
{
	orgdb *db;
	const char *path = new_path(argc, argv, "monitoring");
	set_hooks();
	must(orgdb_open(path, NULL, &db));
	must(orgdb_write(db, fill, NULL));
	expect(atomic_load(&pieces) > 0);
	must(write_metrics(db, stdout));
	orgdb_close(db);
	expect(atomic_load(&pieces) == 0);
	remove_store(path);
	return 0;
}
