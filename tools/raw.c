/*
 * The rows of a store as they are stored: bytes in hexadecimal, and MessagePack in a notation that shows what JSON could
 * not: {1: "a", 2: h'ff'}. What is stored may be damaged, so nothing that it says of itself is believed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "raw.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"

enum { PAGE = 64, DEPTH_MAX = 64, KEY_MAX = 511 };

/* --- MessagePack -------------------------------------------------------------------------------------------------- */

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	FILE *out;
};

static void show_bytes(FILE *out, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char text[256];
	size_t used = 0;
	for (size_t i = 0; i < size; i++) {
		text[used++] = digits[bytes[i] >> 4];
		text[used++] = digits[bytes[i] & 15];
		if (used == sizeof(text) || i + 1 == size) {
			fwrite(text, 1, used, out);
			used = 0;
		}
	}
}

static void show_text(FILE *out, const uint8_t *text, size_t size)
{
	putc('"', out);
	for (size_t i = 0; i < size; i++)
		if (text[i] == '"' || text[i] == '\\')
			fprintf(out, "\\%c", text[i]);
		else if (text[i] < 0x20 || text[i] > 0x7e)
			fprintf(out, "\\x%02x", text[i]);
		else
			putc(text[i], out);
	putc('"', out);
}

/* A number of `size` bytes, most significant first. */
static bool take_number(struct reader *reader, size_t size, uint64_t *number)
{
	if ((size_t)(reader->end - reader->at) < size)
		return false;
	*number = 0;
	for (size_t i = 0; i < size; i++)
		*number = *number << 8 | *reader->at++;
	return true;
}

static bool take_bytes(struct reader *reader, uint64_t size, bool is_text)
{
	if ((uint64_t)(reader->end - reader->at) < size)
		return false;
	if (is_text) {
		show_text(reader->out, reader->at, size);
	} else {
		fputs("h'", reader->out);
		show_bytes(reader->out, reader->at, size);
		putc('\'', reader->out);
	}
	reader->at += size;
	return true;
}

static bool take_extension(struct reader *reader, uint64_t size)
{
	uint64_t type;
	if (!take_number(reader, 1, &type))
		return false;
	fprintf(reader->out, "ext(%d, ", (int8_t)type);
	bool right = take_bytes(reader, size, false);
	putc(')', reader->out);
	return right;
}

static bool take_value(struct reader *reader, int depth);

static bool take_array(struct reader *reader, uint64_t count, int depth)
{
	putc('[', reader->out);
	for (uint64_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "", reader->out);
		if (!take_value(reader, depth + 1))
			return false;
	}
	putc(']', reader->out);
	return true;
}

static bool take_map(struct reader *reader, uint64_t count, int depth)
{
	putc('{', reader->out);
	for (uint64_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "", reader->out);
		if (!take_value(reader, depth + 1))
			return false;
		fputs(": ", reader->out);
		if (!take_value(reader, depth + 1))
			return false;
	}
	putc('}', reader->out);
	return true;
}

static void show_real(struct reader *reader, uint64_t bits, size_t size)
{
	uint32_t half = (uint32_t)bits;
	float single;
	double number;
	memcpy(&single, &half, sizeof(single));
	memcpy(&number, &bits, sizeof(number));
	fprintf(reader->out, "%.17g", size == sizeof(single) ? (double)single : number);
}

/* The value of `size` bytes as a signed number. */
static int64_t sign_extended(uint64_t number, size_t size)
{
	unsigned unused = (unsigned)(64 - 8 * size);
	return (int64_t)(number << unused) >> unused;
}

/* What begins with 0xc4 and above: a number of 1, 2, 4 or 8 bytes, which is the value or how much of it follows. */
static bool take_long(struct reader *reader, uint8_t first, int depth)
{
	static const uint8_t sizes[] = { 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2,
		4 };
	uint64_t number;
	size_t size = sizes[first - 0xc4];
	if (!take_number(reader, size, &number))
		return false;
	if (first <= 0xc6)
		return take_bytes(reader, number, false);
	if (first <= 0xc9)
		return take_extension(reader, number);
	if (first >= 0xd4 && first <= 0xd8)
		return take_extension(reader, UINT64_C(1) << (first - 0xd4));
	if (first >= 0xd9 && first <= 0xdb)
		return take_bytes(reader, number, true);
	if (first >= 0xdc)
		return first <= 0xdd ? take_array(reader, number, depth) : take_map(reader, number, depth);
	if (first <= 0xcb)
		show_real(reader, number, size);
	else if (first <= 0xcf)
		fprintf(reader->out, "%" PRIu64, number);
	else
		fprintf(reader->out, "%" PRId64, sign_extended(number, size));
	return true;
}

static bool take_value(struct reader *reader, int depth)
{
	static const char *const words[] = { "null", NULL, "false", "true" };
	uint64_t first;
	if (depth > DEPTH_MAX || !take_number(reader, 1, &first))
		return false;
	if (first >= 0xc4 && first < 0xe0)
		return take_long(reader, (uint8_t)first, depth);
	if (first >= 0xc0 && first < 0xc4) {
		fputs(words[first - 0xc0] ? words[first - 0xc0] : "", reader->out);
		return words[first - 0xc0] != NULL;
	}
	if (first >= 0xa0 && first < 0xc0)
		return take_bytes(reader, first & 0x1f, true);
	if (first >= 0x90 && first < 0xa0)
		return take_array(reader, first & 0x0f, depth);
	if (first >= 0x80 && first < 0x90)
		return take_map(reader, first & 0x0f, depth);
	fprintf(reader->out, "%d", (int)(int8_t)first);
	return true;
}

/* --- Rows --------------------------------------------------------------------------------------------------------- */

struct raw {
	orgdb_txn *txn;
	struct json_writer writer;
	uint8_t after[KEY_MAX]; /* the last row's key */
	size_t after_size;
};

static void write_bytes(struct raw *raw, const char *key, const void *bytes, size_t size)
{
	json_write_key(&raw->writer, key, strlen(key));
	putc('"', raw->writer.file);
	show_bytes(raw->writer.file, bytes, size);
	putc('"', raw->writer.file);
}

/* Nothing if the value is no MessagePack. */
static int write_msgpack(struct raw *raw, const orgdb_row *row)
{
	char *text = NULL;
	size_t size;
	const uint8_t *value = row->value;
	struct reader reader = { value, value + row->value_size, open_memstream(&text, &size) };
	if (!reader.out)
		return ORGDB_NO_MEMORY;
	bool right = take_value(&reader, 0) && reader.at == reader.end;
	bool complete = fclose(reader.out) == 0;
	if (right && complete)
		json_write_text(&raw->writer, "msgpack", (orgdb_str){ text, size });
	free(text);
	return complete ? ORGDB_OK : ORGDB_NO_MEMORY;
}

static int write_row(struct raw *raw, const orgdb_table *table, const orgdb_row *row)
{
	json_begin_object(&raw->writer);
	json_write_text(&raw->writer, "table", orgdb_string(table->name));
	write_bytes(raw, "key", row->key, row->key_size);
	write_bytes(raw, "value", row->value, row->value_size);
	int code = table->holds_objects ? write_msgpack(raw, row) : ORGDB_OK;
	json_end_object(&raw->writer);
	return code;
}

static int dump_table(struct raw *raw, const orgdb_table *table)
{
	orgdb_row rows[PAGE];
	size_t count = PAGE;
	int code = ORGDB_OK;
	raw->after_size = 0;
	while (count == PAGE && code == ORGDB_OK && !output_failed()) {
		const void *after = raw->after_size > 0 ? raw->after : NULL;
		code = orgdb_table_rows(raw->txn, table->name, after, raw->after_size, rows, PAGE, &count);
		for (size_t i = 0; i < count && code == ORGDB_OK; i++)
			code = write_row(raw, table, &rows[i]);
		if (count > 0) {
			raw->after_size = rows[count - 1].key_size;
			memcpy(raw->after, rows[count - 1].key, raw->after_size);
		}
	}
	return code;
}

int dump_raw(orgdb_txn *txn, bool pretty)
{
	struct raw raw = { .txn = txn };
	orgdb_table table;
	uint64_t after = 0;
	size_t count = 1;
	if (!json_writer_begin(&raw.writer, stdout))
		return ORGDB_NO_MEMORY;
	raw.writer.pretty = pretty;
	int code = ORGDB_OK;
	while (code == ORGDB_OK && count > 0) {
		code = orgdb_tables(txn, after++, &table, 1, &count);
		if (code == ORGDB_OK && count > 0)
			code = dump_table(&raw, &table);
	}
	json_writer_end(&raw.writer);
	return code;
}
