/*
 * Hot rows: what a login page needs to know of an organization, in one row under its id.
 *
 * Fixed layout, least significant bytes first:
 *
 *     0   8   the organization's ordinal
 *     8   4   count
 *     12  8   for each enabled connection, ascending: the connection's ordinal (4), its options (4)
 *
 * The row is the forward half of the edge organization-connection; only administrators' changes touch it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_LOGIN_H
#define ORGDB_LOGIN_H

#include "little.h"
#include "store.h"

/* The options of an enabled connection in 32 bits. The `_GIVEN` ones say that a field is stored, not only its default. */
enum {
	LOGIN_ASSIGN_MEMBERSHIP = 1 << 0,
	LOGIN_SHOW_AS_BUTTON = 1 << 1,
	LOGIN_SIGNUP = 1 << 2,
	LOGIN_ENABLED = 1 << 3,
	LOGIN_ACCESS_SHIFT = 4,
	LOGIN_ACCESS_MASK = 3 << LOGIN_ACCESS_SHIFT,
	LOGIN_ASSIGN_MEMBERSHIP_GIVEN = 1 << 8,
	LOGIN_SHOW_AS_BUTTON_GIVEN = 1 << 9,
	LOGIN_SIGNUP_GIVEN = 1 << 10,
	LOGIN_ENABLED_GIVEN = 1 << 11,
	LOGIN_ACCESS_GIVEN = 1 << 12,
	LOGIN_HAS_RECORD = 1 << 16, /* More is in the table of enabled connections. */
	LOGIN_KNOWN = 0x3f | 0x1f00 | LOGIN_HAS_RECORD,
};

/* A view of a hot row. */
struct login {
	uint64_t organization;
	uint32_t count;
	const uint8_t *entries;
};

struct login_entry {
	uint32_t connection;
	uint32_t options;
};

static inline struct login_entry login_at(const struct login *login, uint32_t i)
{
	const uint8_t *at = login->entries + 8 * (size_t)i;
	struct login_entry entry;
	entry.connection = little_get32(at);
	entry.options = little_get32(at + 4);
	return entry;
}

/* Where a connection is, or would be. */
uint32_t orgdb__login_search(const struct login *login, uint64_t connection, bool *there);

/* View `row`; false if its shape is damaged. */
bool orgdb__login_view(struct bytes row, struct login *login);
/* ORGDB_NOT_FOUND names the organization. */
int orgdb__login_get(orgdb_txn *txn, orgdb_str organization_id, struct login *login);
/* View a copy in `row`, which the caller frees: what the map holds moves when the transaction writes. */
int orgdb__login_copy(orgdb_txn *txn, orgdb_str organization_id, struct buffer *row, struct login *login);

/* An organization's first row, without connections. */
int orgdb__login_create(orgdb_txn *txn, orgdb_str organization_id, uint64_t ordinal);
int orgdb__login_delete(orgdb_txn *txn, orgdb_str organization_id, uint64_t ordinal);
/* Add, replace or (with NULL) remove the entry of a connection. */
int orgdb__login_set(orgdb_txn *txn, orgdb_str organization_id, uint64_t connection, const struct login_entry *entry);

#endif
