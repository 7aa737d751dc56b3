/*
 * What the fuzzers share.
 *
 * Each is a file that defines LLVMFuzzerTestOneInput(), which judges one input: it may refuse it or not, but must not crash,
 * and whatever it accepts must keep the promises that the target names. Built by clang with libFuzzer they look for inputs;
 * built by any compiler with replay.c they judge those that are in files.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_FUZZ_H
#define ORGDB_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

/* A promise that was broken: say which, and die. */
_Noreturn void fuzz_fail(const char *promise, const char *file, int line);
#define PROMISE(words, condition)                 \
	do {                                          \
		if (!(condition))                         \
			fuzz_fail(words, __FILE__, __LINE__); \
	} while (0)

/* Whether ORGDB_FUZZ_PLANT is set: the target then breaks a promise itself where it can, to show that it would notice. */
bool fuzz_planted(void);

/* Each target says whether the code under test writes to standard error what is not worth reading. */
extern const bool fuzz_is_noisy;

/* The path of a store of this process, in ORGDB_TEST_DIR, else in memory; removed at the end. Lives for ever. */
const char *fuzz_path(void);
/* Write a file anew. */
void fuzz_write(const char *file, const void *data, size_t size);
/* Remove a store and its lock file. */
void fuzz_remove_store(const char *store);

/* Bytes taken off the front of an input; zeros when there are no more. */
struct fuzz_bytes {
	const uint8_t *data;
	size_t size;
};
uint64_t fuzz_take(struct fuzz_bytes *bytes, size_t size);
/* A copy of up to `size` bytes, to be freed, without anything behind it. */
struct fuzz_bytes fuzz_take_copy(struct fuzz_bytes *bytes, size_t size);

#endif
