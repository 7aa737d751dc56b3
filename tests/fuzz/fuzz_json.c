/*
 * The loader of JSON Lines. The input is what would be in the file; but for its first byte, which chooses how to load.
 *
 * Promises: any text is loaded or refused with a message, and the store stays sound; a line that is JSON means the same when
 * it has been written and read again.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memfd_create() */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tools/json.h"
#include "../../tools/loader.h"
#include "fuzz.h"

const bool fuzz_is_noisy = true;

enum { LINE_MAX_SIZE = 1 << 16 };

/* ---- JSON as such ------------------------------------------------------------------------------------------------ */

static msgpack_sbuffer packed[2];

static bool pack(const char *text, size_t size, msgpack_sbuffer *buffer)
{
	struct json_problem problem;
	msgpack_packer packer;
	json_t *value = json_parse(text, size, &problem);
	msgpack_sbuffer_clear(buffer);
	if (value) {
		msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
		json_pack_value(&packer, value);
	} else {
		PROMISE("what is wrong with JSON is said", problem.column > 0 && problem.message[0] != '\0');
	}
	return value != NULL;
}

/* As {"v": VALUE}, for the writer writes members. */
static char *write_value(const msgpack_sbuffer *buffer, size_t *size)
{
	struct json_writer writer;
	char *text = NULL;
	FILE *file = open_memstream(&text, size);
	PROMISE("there is memory", file && json_writer_begin(&writer, file));
	json_begin_object(&writer);
	json_write_value(&writer, "v", (orgdb_value){ buffer->data, buffer->size });
	json_end_object(&writer);
	bool failed = writer.error != 0;
	json_writer_end(&writer);
	fclose(file);
	PROMISE("what was read can be written", !failed);
	return text;
}

static void judge_line(const char *line, size_t size)
{
	size_t written;
	if (!pack(line, size, &packed[0]))
		return;
	char *text = write_value(&packed[0], &written);
	if (fuzz_planted() && written > 8)
		text[written - 3] = text[written - 3] == '1' ? '2' : '1';
	PROMISE("what was written can be read", pack(text, written, &packed[1]));
	free(text);
	/* Less what is of {"v": ...}. */
	PROMISE("what is read again is the same",
		packed[1].size == packed[0].size + 3 && memcmp(packed[1].data + 3, packed[0].data, packed[0].size) == 0);
}

static void judge_lines(const char *text, size_t size)
{
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		if (length > 0 && length < LINE_MAX_SIZE)
			judge_line(text, length);
		length += end != NULL;
		text += length;
		size -= length;
	}
}

/* ---- The loader -------------------------------------------------------------------------------------------------- */

static const char *store;

static void make_store(void)
{
	orgdb *db;
	store = fuzz_path();
	fuzz_remove_store(store);
	PROMISE("a store can be made", orgdb_open(store, NULL, &db) == 0);
	/* Stays open, so that each load finds it so. */
}

static void load(uint8_t how, int fd)
{
	struct skip skips[2] = { { .kind = how & 1 ? "role" : NULL } };
	struct loader loader = {
		.store = store,
		.skips = skips,
		.batch = UINT64_MAX,
		.from_line = how & 2 ? 2 : 1,
		.upsert = how & 4,
		.dry_run = true,
		.input = { .name = "input", .fd = fd, .pipe = -1 },
	};
	off_t size = lseek(fd, 0, SEEK_END);
	loader.input.size = (uint64_t)size;
	loader.input.buffer = (struct input_buffer){ .data = malloc(512), .capacity = 512 };
	PROMISE("there is memory", loader.input.buffer.data != NULL);
	int status = loader_run(&loader);
	PROMISE("input is loaded or refused", status == STATUS_OK || status == STATUS_REFUSED);
	PROMISE("a dry run changes nothing", loader.committed.objects == 0 || loader.dry_run);
	free(loader.input.buffer.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	if (!store) {
		make_store();
		choose_progress(PROGRESS_NONE);
		fd = memfd_create("input", MFD_CLOEXEC);
	}
	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	judge_lines(text, size - 1);
	PROMISE("the input can be copied", ftruncate(fd, 0) == 0 && pwrite(fd, text, size - 1, 0) == (ssize_t)size - 1);
	load(data[0], fd);
	return 0;
}
