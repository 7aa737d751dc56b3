/*
 * What the fuzzers share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static int messages = STDERR_FILENO;
static bool planted;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	messages = dup(STDERR_FILENO);
	planted = getenv("ORGDB_FUZZ_PLANT") != NULL;
	return 0;
}

bool fuzz_planted(void)
{
	return planted;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static char path[PATH_SIZE];

static void remove_store(void)
{
	fuzz_remove_store(path);
}

const char *fuzz_path(void)
{
	const char *directory = getenv("ORGDB_TEST_DIR");
	if (*path)
		return path;
	if (!directory || !*directory)
		directory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(path, sizeof(path), "%s/fuzz-%ld.orgdb", directory, (long)getpid());
	atexit(remove_store);
	return path;
}

void fuzz_write(const char *file, const void *data, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	PROMISE("files can be written", fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

void fuzz_remove_store(const char *store)
{
	char lock[PATH_SIZE + 8];
	snprintf(lock, sizeof(lock), "%s-lock", store);
	remove(store);
	remove(lock);
}

/* ---- Promises -------------------------------------------------------------------------------------------------- */

void fuzz_fail(const char *promise, const char *file, int line)
{
	dprintf(messages, "%s:%d: broken promise: %s\n", file, line, promise);
	remove_store();
	if (planted) /* As was to be shown; nobody wants the core. */
		_exit(1);
	abort();
}

/* ---- Bytes ------------------------------------------------------------------------------------------------------- */

uint64_t fuzz_take(struct fuzz_bytes *bytes, size_t size)
{
	uint64_t number = 0;
	for (size_t i = 0; i < size && bytes->size > 0; i++, bytes->data++, bytes->size--)
		number |= (uint64_t)*bytes->data << 8 * i;
	return number;
}

struct fuzz_bytes fuzz_take_copy(struct fuzz_bytes *bytes, size_t size)
{
	if (size > bytes->size)
		size = bytes->size;
	uint8_t *copy = malloc(size > 0 ? size : 1);
	PROMISE("there is memory", copy != NULL);
	memcpy(copy, bytes->data, size);
	bytes->data += size;
	bytes->size -= size;
	return (struct fuzz_bytes){ copy, size };
}
