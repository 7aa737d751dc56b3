/*
 * Lines of a file or pipe, a part at a time, each part any number of times over, in bounded memory.
 *
 * A transaction may have to run again, so of what cannot be rewound the part that it takes in is copied to a temporary
 * file first. That also keeps the store's other writers from waiting for a slow pipe.
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
	INPUT_NO_COPY,  /* so does it; of a temporary file */
	INPUT_INTERRUPTED,
};

struct input {
	const char *name; /* for messages */
	int fd;           /* what is read: the file, or the copy of a part of the pipe */
	int pipe;         /* where more comes from, or -1 */
	uint64_t size;    /* bytes in all, as far as that is known */
	uint64_t done;    /* bytes of the lines given so far */
	uint64_t line;    /* the number of the last line given */
	int error;        /* the errno of INPUT_FAILED */

	/* The part that is held. */
	off_t first;         /* where it begins in `fd` */
	uint64_t first_done; /* `done` and `line` there */
	uint64_t first_line;
	uint64_t last_line;

	/* What was read and not given yet: of the part, and of the pipe behind it. */
	struct input_buffer {
		char *data;
		size_t capacity;
		size_t start;
		size_t end;
	} buffer, ahead;
};

/* Open the file at `path`, or standard input for "-". Complains if that fails. Returns an exit status; input_close()
 * is due in any case. */
int input_open(struct input *input, const char *path);
void input_close(struct input *input);

/* Hold the next `lines` lines, or those that there are, for reading. Reads a pipe until it has them. */
enum input_result input_hold(struct input *input, uint64_t lines);

/* Is there something behind the part that is held, which was read to its end? */
bool input_has_more(struct input *input);

/* Begin the part that is held (again). Returns INPUT_LINE if there may be one. */
enum input_result input_rewind(struct input *input);

/* The next line of the part, without its newline; valid until the next call. */
enum input_result input_next(struct input *input, const char **line, size_t *size);

/* Say why the line behind the last one could not be read. Returns an exit status. */
int input_failed(const struct input *input, enum input_result result);

#endif
