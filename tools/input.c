/*
 * Lines of a file or pipe, any number of times over, in bounded memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

#define INPUT_CHUNK (256u << 10)

static ssize_t read_some(int fd, char *buffer, size_t size)
{
	ssize_t got;
	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

static enum input_result failed_with(struct input *input, int error)
{
	input->error = error;
	return INPUT_FAILED;
}

/* --- The temporary copy ------------------------------------------------------------------------------------------- */

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

/* Count the lines of a chunk. False if the one that is under way has grown too long; `length` is its length. */
static bool measure_lines(struct input *input, const char *data, size_t size, size_t *length)
{
	const char *end = data + size;
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		*length += (size_t)((newline ? newline : end) - data);
		if (*length > INPUT_LINE_MAX)
			return false;
		if (!newline)
			break;
		input->line++;
		*length = 0;
		data = newline + 1;
	}
	return true;
}

/* Copy everything to a temporary file and read from there. A line that is too long ends this early. */
static int make_copy(struct input *input)
{
	int copy = open_temporary();
	if (copy < 0) {
		complain("cannot make a temporary file in %s: %s", temporary_folder(), strerror(errno));
		advise("Set TMPDIR to a folder that has room for the input.");
		return STATUS_FAILED;
	}
	int from = input->fd;
	input->fd = copy;
	if (isatty(from))
		fputs("reading from the terminal; Ctrl-D ends the input\n", stderr);
	int status = STATUS_OK;
	struct progress progress;
	size_t length = 0;
	ssize_t got;
	progress_begin(&progress);
	input->line = 1;
	while (status == STATUS_OK && (got = read_some(from, input->buffer, input->capacity)) != 0) {
		if (progress_due(&progress))
			progress_show("reading: line %llu", (unsigned long long)input->line);
		if (got < 0) {
			status = input_failed(input, failed_with(input, errno));
		} else if (!measure_lines(input, input->buffer, (size_t)got, &length)) {
			status = input_failed(input, INPUT_TOO_LONG);
		} else if (!write_all(copy, input->buffer, (size_t)got)) {
			complain("cannot copy %s to a temporary file in %s: %s", input->name, temporary_folder(), strerror(errno));
			advise("Set TMPDIR to a folder that has room for the input. Nothing was loaded.");
			status = STATUS_FAILED;
		}
	}
	progress_end();
	if (from != STDIN_FILENO)
		close(from);
	return status;
}

/* --- Lines -------------------------------------------------------------------------------------------------------- */

int input_open(struct input *input, const char *path)
{
	bool is_standard = strcmp(path, "-") == 0;
	*input = (struct input){ .name = is_standard ? "standard input" : path, .capacity = INPUT_CHUNK };
	input->fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat about;
	if (input->fd < 0 || fstat(input->fd, &about) != 0) {
		complain("%s: cannot open it: %s", input->name, strerror(errno));
		advise("Check the path and that you may read the file. Nothing was loaded.");
		return STATUS_FAILED;
	}
	input->buffer = malloc(input->capacity);
	if (!input->buffer)
		return input_failed(input, failed_with(input, ENOMEM));
	input->first = S_ISREG(about.st_mode) ? lseek(input->fd, 0, SEEK_CUR) : 0;
	int status = S_ISREG(about.st_mode) ? STATUS_OK : make_copy(input);
	if (status == STATUS_OK && fstat(input->fd, &about) == 0)
		input->size = (uint64_t)(about.st_size - input->first);
	return status;
}

void input_close(struct input *input)
{
	free(input->buffer);
	if (input->fd > STDIN_FILENO)
		close(input->fd);
}

enum input_result input_rewind(struct input *input)
{
	input->line = input->done = 0;
	input->start = input->end = 0;
	return lseek(input->fd, input->first, SEEK_SET) >= 0 ? INPUT_LINE : failed_with(input, errno);
}

/* Read more behind what is in the buffer, which is moved to its beginning, and grown when it is full. */
static ssize_t fill(struct input *input)
{
	size_t held = input->end - input->start;
	memmove(input->buffer, input->buffer + input->start, held);
	input->start = 0;
	input->end = held;
	if (held == input->capacity) {
		size_t capacity = input->capacity * 2;
		char *buffer = realloc(input->buffer, capacity);
		if (!buffer)
			return -1;
		input->buffer = buffer;
		input->capacity = capacity;
	}
	ssize_t got = read_some(input->fd, input->buffer + held, input->capacity - held);
	if (got > 0)
		input->end += (size_t)got;
	return got;
}

enum input_result input_next(struct input *input, const char **line, size_t *size)
{
	size_t searched = 0;
	ssize_t got = 1;
	input->line++;
	while (got > 0) {
		const char *begin = input->buffer + input->start;
		size_t held = input->end - input->start;
		const char *newline = held > searched ? memchr(begin + searched, '\n', held - searched) : NULL;
		*line = begin;
		*size = newline ? (size_t)(newline - begin) : held;
		if (*size > INPUT_LINE_MAX)
			return INPUT_TOO_LONG;
		if (newline) {
			input->start += *size + 1;
			input->done += *size + 1;
			return INPUT_LINE;
		}
		searched = held;
		got = fill(input);
	}
	if (got < 0)
		return failed_with(input, errno);
	*line = input->buffer;
	input->start = input->end;
	input->done += *size;
	return *size > 0 ? INPUT_LINE : INPUT_END;
}

int input_failed(const struct input *input, enum input_result result)
{
	if (result == INPUT_TOO_LONG) {
		complain(
			"%s:%llu: the line is longer than " INPUT_LINE_MAX_WORDS, input->name, (unsigned long long)input->line);
		advise("Expected JSON Lines: one object on each line. Nothing was loaded.");
		return STATUS_REFUSED;
	}
	complain("%s: cannot read it: %s", input->name, strerror(input->error));
	advise("Nothing was loaded.");
	return STATUS_FAILED;
}
