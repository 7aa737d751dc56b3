/*
 * The decoders of rows with a layout of their own. The first byte chooses one, the second says how long the key is; the key
 * and the value follow.
 *
 * Promises: what is read as a chunk of edges is sorted, within its bound and of the owner that its key names, and written
 * again reads the same; a packed set gives each of its numbers back; a hot row's entries lie within it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "edges.h"
#include "fuzz.h"
#include "login.h"

const bool fuzz_is_noisy = false;

static void judge_packed(struct bytes value)
{
	static uint64_t numbers[CHUNK_COUNT_MAX];
	struct packed packed;
	bool there;
	if (!packed_view(value, &packed) || packed.count > CHUNK_COUNT_MAX)
		return;
	packed_read(packed, numbers);
	bool sorted = true;
	for (size_t i = 0; i < packed.count; i++) {
		PROMISE("numbers are the same one by one", numbers[i] == packed_at(packed, i));
		sorted &= i == 0 || numbers[i - 1] < numbers[i];
	}
	for (size_t i = 0; i < packed.count && sorted; i++)
		PROMISE("a search finds each number", packed_search(packed, numbers[i], &there) == i && there);
	packed_search(packed, UINT64_MAX, &there);
}

static void judge_repacked(struct chunk *chunk)
{
	static uint8_t again[8 * CHUNK_COUNT_MAX + 1];
	struct packed packed;
	size_t size = packed_write(chunk->ordinals, chunk->count, again);
	if (fuzz_planted())
		again[size - 1]++;
	PROMISE("chunks are as large as they say", size == packed_size(chunk->ordinals, chunk->count));
	PROMISE("chunks are written as they are read",
		packed_view((struct bytes){ again, size }, &packed) && packed.count == chunk->count);
	for (size_t i = 0; i < chunk->count; i++)
		PROMISE("chunks give back what they hold", packed_at(packed, i) == chunk->ordinals[i]);
}

static void judge_chunk(struct bytes key, struct bytes value, size_t owner_numbers)
{
	static struct chunk chunk;
	uint64_t owner[2], bound;
	if (!orgdb__chunk_read(key, value, owner_numbers, &chunk))
		return;
	PROMISE("a chunk holds something, and not too much", chunk.count >= 1 && chunk.count <= CHUNK_COUNT_MAX);
	for (size_t i = 1; i < chunk.count; i++)
		PROMISE("a chunk is sorted", chunk.ordinals[i - 1] < chunk.ordinals[i]);
	orgdb__chunk_owner(&chunk, owner);
	struct key again = owner_numbers == 1 ? key_of_number(owner[0]) : key_of_pair(owner[0], owner[1]);
	PROMISE("a chunk knows its owner", key_has_prefix(key, key_bytes(&again)) && again.size == chunk.owner_size);
	struct bytes rest = { key.data + again.size, key.size - again.size };
	PROMISE("a chunk keeps its bound",
		chunk.last || (key_take_number(&rest, &bound) && chunk.ordinals[chunk.count - 1] <= bound));
	PROMISE("only the last chunk counts those before it", chunk.last || chunk.before == 0);
	judge_repacked(&chunk);
}

static void judge_login(struct bytes entry)
{
	struct login login;
	bool there;
	const uint8_t *begin = entry.data, *end = entry.data + entry.size;
	while (entry.size > 0 && orgdb__login_take(&entry, &login)) {
		PROMISE("a hot row lies in its entry", login.id >= begin && entry.data <= end);
		uint64_t sum = 0;
		for (uint32_t i = 0; i < login.count; i++)
			sum += login_at(&login, i).connection + login_at(&login, i).options;
		orgdb__login_search(&login, sum, &there);
	}
}

static void judge_key(struct bytes key)
{
	struct key again = { .size = 0 };
	uint64_t numbers[3];
	struct bytes rest = key;
	size_t count = 0;
	while (count < 3 && key_take_number(&rest, &numbers[count]))
		key_append_number(&again, numbers[count++]);
	PROMISE("numbers in keys have one form",
		again.size == key.size - rest.size && memcmp(again.data, key.data, again.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes input = { data, size };
	uint64_t which = fuzz_take(&input, 1), key_size = fuzz_take(&input, 1);
	struct fuzz_bytes key_copy = fuzz_take_copy(&input, key_size), value_copy = fuzz_take_copy(&input, SIZE_MAX);
	struct bytes key = { key_copy.data, key_copy.size }, value = { value_copy.data, value_copy.size };
	switch (which % 4) {
	case 0:
	case 1:
		judge_chunk(key, value, which % 4 + 1);
		break;
	case 2:
		judge_packed(value);
		break;
	default:
		judge_login(value);
	}
	judge_key(key);
	free((void *)(uintptr_t)key.data);
	free((void *)(uintptr_t)value.data);
	return 0;
}
