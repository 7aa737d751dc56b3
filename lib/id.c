/*
 * Ids: random letters and digits from the system's source.
 *
 * SPDX-License-Identifier: MIT
 */
#include "id.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "error.h"

int orgdb__random_bytes(void *out, size_t size)
{
	uint8_t *at = out;
	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);
		if (got < 0 && errno != EINTR)
			return orgdb__fail_system(ORGDB_IO, errno, "the system's random source failed");
		if (got > 0) {
			at += got;
			size -= (size_t)got;
		}
	}
	return 0;
}

int orgdb__random_text(char *out, size_t size, unsigned letters)
{
	static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	/* Bytes past the last whole multiple are thrown away, or the first letters would come too often. */
	unsigned limit = 256 / letters * letters;
	for (size_t filled = 0; filled < size;) {
		uint8_t bytes[64];
		int rc = orgdb__random_bytes(bytes, sizeof(bytes));
		if (rc != 0)
			return rc;
		for (size_t i = 0; i < sizeof(bytes) && filled < size; i++)
			if (bytes[i] < limit)
				out[filled++] = alphabet[bytes[i] % letters];
	}
	return 0;
}

int orgdb__random_uuid(char out[37])
{
	uint8_t b[16];
	int rc = orgdb__random_bytes(b, sizeof(b));
	if (rc != 0)
		return rc;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
		b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}
