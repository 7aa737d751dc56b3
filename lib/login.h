/*
 * Hot rows: what a login page needs to know of an organization, in one row under a hash of its id.
 *
 * A key of eight bytes, compared as a number, is found in half the time of the id itself. Organizations whose ids hash
 * alike share an entry, their rows one after the other; so each row begins with its id, and whoever looks for it compares.
 * Fixed layout, least significant bytes first:
 *
 *     0   16  the organization's id, without "org_"
 *     16  8   its ordinal
 *     24  4   count
 *     28  4   flags: what the rules of access ask of the organization
 *     32  8   for each enabled connection, ascending: the connection's ordinal (4), its options (4)
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

/* What a row says of its organization. */
enum {
	LOGIN_THIRD_PARTY = 1 << 0, /* third_party_client_access is to allow. */
	LOGIN_ENTITLEMENT = 1 << 1, /* is_app_entitlement_active. */
};

/* An organization's id, taken apart once for all who look it up. */
struct login_id {
	uint64_t hash;     /* Of one store: two stores hash ids differently, so nobody can prepare ids that hash alike. */
	uint64_t words[2]; /* What follows "org_". */
	bool possible;     /* Else no organization can have such an id. */
};

/* A view of a hot row. */
struct login {
	const uint8_t *id;
	uint64_t organization;
	uint32_t count;
	uint32_t flags;
	const uint8_t *entries;
};

struct login_entry {
	uint32_t connection;
	uint32_t options;
};

/* No connection's ordinal: what a run of connections in memory ends with, so that merging them need not count. */
#define LOGIN_END UINT32_MAX

static inline struct login_entry login_at(const struct login *login, uint32_t i)
{
	const uint8_t *at = login->entries + 8 * (size_t)i;
	struct login_entry entry;
	entry.connection = little_get32(at);
	entry.options = little_get32(at + 4);
	return entry;
}

static inline uint64_t login_hash(uint64_t seed, const uint64_t words[2])
{
	uint64_t hash = (words[0] ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 32;
	hash = (hash ^ words[1]) * UINT64_C(0xd6e8feb86659fd93);
	hash = (hash ^ hash >> 32) * UINT64_C(0x94d049bb133111eb); /* Else ids that end differently alone begin alike. */
	hash ^= hash >> 32;
#ifdef ORGDB_WEAK_KEY_HASH /* Tests make ids share a key. */
	hash &= ORGDB_WEAK_KEY_HASH;
#endif
	return hash;
}

static inline struct login_id login_id_of(const struct orgdb *db, orgdb_str id)
{
	struct login_id taken = { .possible = id.size == 4 + sizeof(taken.words) && memcmp(id.data, "org_", 4) == 0 };
	if (taken.possible) {
		memcpy(taken.words, id.data + 4, sizeof(taken.words));
		taken.hash = login_hash(db->hash_seed, taken.words);
	}
	return taken;
}

/* Where a connection is, or would be. */
uint32_t orgdb__login_search(const struct login *login, uint64_t connection, bool *there);

/* Take the next row off an entry; false if its shape is damaged. */
bool orgdb__login_take(struct bytes *rest, struct login *login);
/* ORGDB_NOT_FOUND records no failure. */
int orgdb__login_find(orgdb_txn *txn, const struct login_id *id, struct login *login);
int orgdb__login_missing(orgdb_str organization_id);
/* ORGDB_NOT_FOUND names the organization. */
int orgdb__login_get(orgdb_txn *txn, orgdb_str organization_id, struct login *login);
/* View a copy in `row`, which the caller frees: what the map holds moves when the transaction writes. */
int orgdb__login_copy(orgdb_txn *txn, orgdb_str organization_id, struct buffer *row, struct login *login);

/* An organization's first row, without connections. */
int orgdb__login_create(orgdb_txn *txn, const orgdb_organization *organization);
/* Bring the row's flags to what the organization is now. */
int orgdb__login_update(orgdb_txn *txn, const orgdb_organization *organization);
uint32_t orgdb__login_flags(const orgdb_organization *organization);
int orgdb__login_delete(orgdb_txn *txn, orgdb_str organization_id, uint64_t ordinal);
/* Add, replace or (with NULL) remove the entry of a connection. */
int orgdb__login_set(orgdb_txn *txn, orgdb_str organization_id, uint64_t connection, const struct login_entry *entry);

#endif
