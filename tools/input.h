/*
 * Lines of a file or pipe, any number of times over, in bounded memory.
 *
 * A transaction may have to run again, so what cannot be rewound is copied to a temporary file first. That also keeps
 * the store's other writers from waiting for a slow pipe.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define INPUT_LINE_MAX (16u << 20) /* bytes of the longest line that is read */
#define INPUT_LINE_MAX_WORDS "16 MiB"

enum input_result {
	INPUT_LINE,
	INPUT_END,
	INPUT_TOO_LONG, /* the line is longer than INPUT_LINE_MAX */
	INPUT_FAILED,   /* `error` says why */
};

struct input {
	const char *name; /* for messages */
	int fd;
	off_t first;   /* where in the file the input begins */
	uint64_t size; /* bytes in all */
	uint64_t done; /* bytes of the lines given so far */
	uint64_t line; /* the number of the last line given */
	int error;     /* the errno of INPUT_FAILED */
	char *buffer;
	size_t capacity;
	size_t start; /* of what is in the buffer and was not given yet */
	size_t end;
};

/* Open the file at `path`, or standard input for "-". Complains if that fails. Returns an exit status. */
int input_open(struct input *input, const char *path);
void input_close(struct input *input);

/* Begin (again). Returns INPUT_LINE if there may be one. */
enum input_result input_rewind(struct input *input);

/* The next line, without its newline; valid until the next call. */
enum input_result input_next(struct input *input, const char **line, size_t *size);

/* Say why line number `line` could not be read. Returns an exit status. */
int input_failed(const struct input *input, enum input_result result);

#endif
