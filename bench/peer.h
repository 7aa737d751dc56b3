/*
 * A peer answers the question of the merged lookup: for (application, organization) each connection's id, name, display
 * name, strategy, kind, options and where it comes from. Each has a file of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "harness.h"
#include "orgdb.h"
#include "tenant.h"

/* An answer spelled out, for comparing peers; zeroed first, so memcmp compares. */
struct answer_entry {
	char id[24], name[40], display_name[48], strategy[24];
	uint32_t kind, from, access;
	bool visible, show_as_button, assign_membership, signup;
};

struct answer {
	size_t count;
	struct answer_entry entries[ANSWER_MAX];
};

/* What every answer is boiled down to while it is measured: a little of each entry is looked at, as a caller would. */
static inline uint64_t digest_entry(uint32_t from, uint32_t kind, bool visible, uint32_t access, bool assign,
	bool signup, char letter, size_t name_size)
{
	return from + kind * 4u + visible * 16u + access * 32u + assign * 128u + signup * 256u + name_size * 512u +
		((uint64_t)(unsigned char)letter << 20);
}

#define DIGEST_LETTER 4 /* of the id: the first that is not the same in all */

enum { BATCH = 64 }; /* Questions at once, at most. */

struct peer {
	const char *name;
	bool resolves; /* false: a floor, which answers less */

	/* Make the tenant's store in `path` and open it for lookups; several peers may share one store. */
	void *(*open)(const struct tenant *tenant, const char *path);
	void (*close)(void *store);
	const char *store; /* its name; peers with the same name share it */
	bool copy;         /* opened after all that are not copies */

	/* What a thread needs to look up. */
	void *(*session_open)(void *store);
	void (*session_close)(void *session);
	/* Begin, answer `count` questions, end; gives the sum of the digests. */
	uint64_t (*look_up)(void *session, const struct query *queries, size_t count);
	void (*explain)(void *session, const struct query *query, struct answer *answer); /* NULL: does not resolve */

	/* Writers, in one durable transaction each; NULL: none. */
	void (*add_memberships)(void *store, uint64_t first, uint64_t count);
	void (*change_connection)(void *store, uint32_t connection, uint32_t version);
};

extern const struct peer peer_orgdb, peer_orgdb_uncached;
extern uint64_t peer_orgdb_row_cache; /* bytes, of the first; orgdb's default unless set */
extern const struct peer peer_lmdb_two_gets, peer_lmdb_one_get, peer_lmdb_naive;
extern const struct peer peer_sqlite_join, peer_sqlite_best;
extern const struct peer peer_rocksdb;
extern const struct peer peer_hashmap;

/* The new display name that change_connection gives. */
struct display_name {
	char text[48];
};
struct display_name changed_name(uint32_t connection, uint32_t version);

#endif
