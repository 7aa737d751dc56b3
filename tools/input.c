/*
 * Lines of a file or pipe, a part at a time, each part any number of times over, in bounded memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "signals.h"

#define INPUT_CHUNK (256u << 10)

static ssize_t read_some(int fd, char *buffer, size_t size)
{
	ssize_t got;
	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

static enum input_result failed_with(struct input *input, enum input_result result)
{
	input->error = errno;
	return result;
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

static bool make_buffer(struct input_buffer *buffer)
{
	*buffer = (struct input_buffer){ .data = malloc(INPUT_CHUNK), .capacity = INPUT_CHUNK };
	return buffer->data;
}

static int open_file(const char *path)
{
	return strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
}

int input_open(struct input *input, const char *path)
{
	int fd = open_file(path);
	*input = (struct input){ .name = fd == STDIN_FILENO ? "standard input" : path, .fd = fd, .pipe = -1 };
	struct stat about;
	if (fd < 0 || fstat(fd, &about) != 0) {
		complain("%s: cannot open it: %s", input->name, strerror(errno));
		advise("Check the path and that you may read the file.");
		return STATUS_FAILED;
	}
	if (!make_buffer(&input->buffer) || !make_buffer(&input->ahead))
		return input_failed(input, failed_with(input, INPUT_FAILED));
	if (S_ISREG(about.st_mode)) {
		input->first = lseek(fd, 0, SEEK_CUR);
		input->size = (uint64_t)(about.st_size - input->first);
	} else {
		input->pipe = fd;
		input->fd = -1;
	}
	return STATUS_OK;
}

void input_close(struct input *input)
{
	free(input->buffer.data);
	free(input->ahead.data);
	if (input->fd > STDIN_FILENO)
		close(input->fd);
	if (input->pipe > STDIN_FILENO)
		close(input->pipe);
}

/* --- The copy of a part of a pipe --------------------------------------------------------------------------------- */

static const char *temporary_folder(void)
{
	const char *folder = getenv("TMPDIR");
	return folder && *folder ? folder : "/var/tmp";
}

static int open_temporary(void)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/orgdb-load-" UNIQUE_ENDING, temporary_folder());
	int fd = mkstemp(path);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, data, size);
		if (put < 0 && errno != EINTR)
			return false;
		data += put > 0 ? put : 0;
		size -= put > 0 ? (size_t)put : 0;
	}
	return true;
}

static bool empty_copy(struct input *input)
{
	if (input->fd < 0) {
		input->fd = open_temporary();
		if (input->fd >= 0 && isatty(input->pipe))
			fputs("reading from the terminal; Ctrl-D ends the input\n", stderr);
	}
	return input->fd >= 0 && ftruncate(input->fd, 0) == 0 && lseek(input->fd, 0, SEEK_SET) == 0;
}

/* A pipe may be silent for long, so look every now and then whether to go on. */
static bool wait_for(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	while (poll(&wanted, 1, 500) <= 0)
		if (interrupted())
			return false;
	return true;
}

static enum input_result read_ahead(struct input *input)
{
	struct input_buffer *ahead = &input->ahead;
	if (ahead->start < ahead->end)
		return INPUT_LINE;
	if (!wait_for(input->pipe))
		return INPUT_INTERRUPTED;
	ssize_t got = read_some(input->pipe, ahead->data, ahead->capacity);
	if (got < 0)
		return failed_with(input, INPUT_FAILED);
	ahead->start = 0;
	ahead->end = (size_t)got;
	return got > 0 ? INPUT_LINE : INPUT_END;
}

/* What is being copied: up to which line, which one is under way, and how long that is so far. */
struct copying {
	uint64_t last_line;
	uint64_t line;
	size_t length;
};

/* How many of the bytes that were read ahead belong to the part. False if a line has grown too long. */
static bool measure(struct copying *copying, const struct input_buffer *ahead, size_t *size)
{
	const char *data = ahead->data + ahead->start;
	const char *at = data, *end = ahead->data + ahead->end;
	while (at < end && copying->line <= copying->last_line) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		copying->length += (size_t)((newline ? newline : end) - at);
		if (copying->length > INPUT_LINE_MAX)
			return false;
		at = newline ? newline + 1 : end;
		if (newline) {
			copying->line++;
			copying->length = 0;
		}
	}
	*size = (size_t)(at - data);
	return true;
}

static enum input_result make_copy(struct input *input)
{
	struct copying copying = { .last_line = input->last_line, .line = input->line + 1 };
	struct progress progress;
	enum input_result result = empty_copy(input) ? INPUT_LINE : failed_with(input, INPUT_NO_COPY);
	size_t size;
	input->first = 0;
	progress_begin(&progress);
	while (result == INPUT_LINE && copying.line <= copying.last_line && (result = read_ahead(input)) == INPUT_LINE) {
		if (progress_due(&progress))
			progress_show("reading: line %" PRIu64, copying.line);
		if (!measure(&copying, &input->ahead, &size)) {
			input->line = copying.line;
			result = INPUT_TOO_LONG;
		} else if (!write_all(input->fd, input->ahead.data + input->ahead.start, size)) {
			result = failed_with(input, INPUT_NO_COPY);
		} else {
			input->ahead.start += size;
			input->size += size;
		}
	}
	progress_end();
	return result == INPUT_END ? INPUT_LINE : result;
}

/* --- Parts -------------------------------------------------------------------------------------------------------- */

enum input_result input_hold(struct input *input, uint64_t lines)
{
	input->first += (off_t)(input->done - input->first_done);
	input->first_done = input->done;
	input->first_line = input->line;
	input->last_line = lines < UINT64_MAX - input->line ? input->line + lines : UINT64_MAX;
	return input->pipe < 0 ? INPUT_LINE : make_copy(input);
}

bool input_has_more(struct input *input)
{
	return input->pipe < 0 ? input->done < input->size : read_ahead(input) != INPUT_END;
}

enum input_result input_rewind(struct input *input)
{
	input->line = input->first_line;
	input->done = input->first_done;
	input->buffer.start = input->buffer.end = 0;
	return lseek(input->fd, input->first, SEEK_SET) >= 0 ? INPUT_LINE : failed_with(input, INPUT_FAILED);
}

/* --- Lines -------------------------------------------------------------------------------------------------------- */

/* Read more behind what is in the buffer, which is moved to its beginning, and grown when it is full. */
static ssize_t fill(struct input *input)
{
	struct input_buffer *buffer = &input->buffer;
	size_t held = buffer->end - buffer->start;
	memmove(buffer->data, buffer->data + buffer->start, held);
	buffer->start = 0;
	buffer->end = held;
	if (held == buffer->capacity) {
		size_t capacity = buffer->capacity * 2;
		char *data = realloc(buffer->data, capacity);
		if (!data)
			return -1;
		buffer->data = data;
		buffer->capacity = capacity;
	}
	ssize_t got = read_some(input->fd, buffer->data + held, buffer->capacity - held);
	if (got > 0)
		buffer->end += (size_t)got;
	return got;
}

enum input_result input_next(struct input *input, const char **line, size_t *size)
{
	struct input_buffer *buffer = &input->buffer;
	size_t searched = 0;
	ssize_t got = 1;
	if (input->line == input->last_line)
		return INPUT_END;
	input->line++;
	while (got > 0) {
		const char *begin = buffer->data + buffer->start;
		size_t held = buffer->end - buffer->start;
		const char *newline = held > searched ? memchr(begin + searched, '\n', held - searched) : NULL;
		*line = begin;
		*size = newline ? (size_t)(newline - begin) : held;
		if (*size > INPUT_LINE_MAX)
			return INPUT_TOO_LONG;
		if (newline) {
			buffer->start += *size + 1;
			input->done += *size + 1;
			return INPUT_LINE;
		}
		searched = held;
		got = fill(input);
	}
	if (got < 0)
		return failed_with(input, INPUT_FAILED);
	*line = buffer->data;
	buffer->start = buffer->end;
	input->done += *size;
	if (*size == 0)
		input->line--;
	return *size > 0 ? INPUT_LINE : INPUT_END;
}

int input_failed(const struct input *input, enum input_result result)
{
	switch (result) {
	case INPUT_TOO_LONG:
		complain("%s:%" PRIu64 ": the line is longer than " INPUT_LINE_MAX_WORDS, input->name, input->line);
		advise("Expected JSON Lines: one object on each line.");
		return STATUS_REFUSED;
	case INPUT_INTERRUPTED:
		complain("interrupted");
		return STATUS_FAILED;
	case INPUT_NO_COPY:
		complain(
			"cannot copy %s to a temporary file in %s: %s", input->name, temporary_folder(), strerror(input->error));
		advise("Set TMPDIR to a folder that has room for the input.");
		return STATUS_FAILED;
	default:
		complain("%s: cannot read it: %s", input->name, strerror(input->error));
		return STATUS_FAILED;
	}
}
