/*
 * The public helpers for text and values.
 *
 * SPDX-License-Identifier: MIT
 */
#include "error.h"
#include "record.h"

orgdb_str orgdb_string(const char *text)
{
	return (orgdb_str){ text, text ? strlen(text) : 0 };
}

bool orgdb_str_equal(orgdb_str a, orgdb_str b)
{
	if (!a.data || !b.data)
		return !a.data && !b.data;
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static int put_pairs(struct buffer *buffer, const orgdb_pair *pairs, size_t count)
{
	int rc = orgdb__record_put_map(buffer, (uint32_t)count);
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = orgdb__record_put_text(buffer, pairs[i].key);
		if (rc == 0)
			rc = pairs[i].value.data ? orgdb__record_put_text(buffer, pairs[i].value) : orgdb__record_put_nil(buffer);
	}
	return rc;
}

int orgdb_value_from_pairs(const orgdb_pair *pairs, size_t count, void *buffer, size_t capacity, orgdb_value *out)
{
	if (count > UINT32_MAX)
		return orgdb__fail(ORGDB_TOO_LARGE, "", "a map holds at most %u pairs", UINT32_MAX);
	struct buffer encoded = { 0 };
	int rc = put_pairs(&encoded, pairs, count);
	if (rc == 0 && encoded.size > capacity)
		rc = orgdb__fail(ORGDB_TOO_LARGE, "", "the map needs %zu bytes and the buffer has %zu", encoded.size, capacity);
	if (rc == 0) {
		memcpy(buffer, encoded.data, encoded.size);
		*out = (orgdb_value){ buffer, encoded.size };
	}
	orgdb__buffer_free(&encoded);
	return rc;
}

int orgdb_value_find(orgdb_value map, const char *key, orgdb_value *out)
{
	struct bytes bytes = { map.data, map.size }, rest = bytes, found;
	uint32_t count;
	if (map.data && !orgdb__record_take_map(&rest, &count))
		return orgdb__fail(ORGDB_INVALID, "", "the value is not a map");
	if (!map.data || !orgdb__record_find(bytes, orgdb_string(key), &found))
		return orgdb__fail(ORGDB_NOT_FOUND, "", "the map has no key \"%s\"", key);
	*out = (orgdb_value){ found.data, found.size };
	return 0;
}

int orgdb_value_text(orgdb_value value, orgdb_str *out)
{
	struct bytes rest = { value.data, value.size };
	if (!value.data || !orgdb__record_take_text(&rest, out))
		return orgdb__fail(ORGDB_INVALID, "", "the value is not a text");
	return 0;
}
