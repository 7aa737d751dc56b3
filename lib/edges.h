/*
 * Edges: many-to-many relations, kept in both directions as packed sorted chunks.
 *
 * An edge has two halves, such as "user 7 among the members of organization 3" and "organization 3 among the organizations
 * of user 7". Each half is an ordinal in a *set*: all ordinals under one owner in one table. Always both halves exist.
 *
 * A set is a run of chunks, each about 1 KB at most:
 *
 *     key      owner (one number or two), bound: the chunk holds what is above the chunk before and at most `bound`;
 *              the last chunk's bound is infinity, so adding at the end never renames a chunk
 *     value    packed ordinals (see packed.h), whose width byte says more: bits 4 to 6, how many of the last places are
 *              free, and zero; bit 7, in the last chunk of a set of several, that 8 bytes follow it, least significant
 *              first: how many ordinals the chunks before it hold
 *
 * So a set is counted by reading its last chunk, and small sets, which most are, cost a few bytes. An ordinal that goes
 * leaves its place free for another: LMDB overwrites a value with one of the same size for a quarter of what it costs to
 * make it shorter.
 * This room does not know what an ordinal stands for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_EDGES_H
#define ORGDB_EDGES_H

#include "packed.h"
#include "store.h"

enum {
	CHUNK_SIZE_MAX = 1000, /* Of the packed ordinals: four such chunks fill an LMDB page of 4 KiB. */
	CHUNK_SIZE_MIN = 250,  /* A smaller one is joined with its neighbor where both fit well. */
	CHUNK_COUNT_MAX = 512, /* No chunk can hold more: 256 of one byte, 499 of two, 333 of three ... */
};

enum edge_kind {
	EDGE_APPLICATION_CONNECTION,
	EDGE_ENABLED_CONNECTION,
	EDGE_MEMBERSHIP,
	EDGE_MEMBER_ROLE,
	EDGE_ORGANIZATION_APPLICATION,
};

/* One ordinal in one set. */
struct half {
	enum kv_table table;
	struct key owner;
	uint64_t ordinal;
};

struct edge {
	enum edge_kind kind;
	struct half forward;
	struct half reverse;
};

/* The edges there are, by what they join. An enabled connection's forward half is in its organization's hot row. */
struct edge orgdb__edge_of_application_connection(uint64_t application, uint64_t connection);
struct edge orgdb__edge_of_membership(uint64_t organization, uint64_t user);
struct edge orgdb__edge_of_member_role(uint64_t organization, uint64_t user, uint64_t role);
struct edge orgdb__edge_of_organization_application(uint64_t organization, uint64_t application);
struct half orgdb__half_of_enabled_connection(uint64_t organization, uint64_t connection);

/* ORGDB_EXISTS or ORGDB_NOT_FOUND without recording a failure: the caller knows the names. */
int orgdb__edge_add(orgdb_txn *txn, const struct edge *edge);
int orgdb__edge_remove(orgdb_txn *txn, const struct edge *edge);
int orgdb__edge_exists(orgdb_txn *txn, const struct edge *edge);

/* The same for one half; the caller sees to the other, and to the count of edges. */
int orgdb__set_insert(orgdb_txn *txn, const struct half *half);
int orgdb__set_remove(orgdb_txn *txn, const struct half *half);
int orgdb__set_contains(orgdb_txn *txn, const struct half *half);

/* Add to the store's count of edges of a kind, or take away. */
int orgdb__edges_counted(orgdb_txn *txn, enum edge_kind kind, uint64_t added, uint64_t removed);

int orgdb__set_count(orgdb_txn *txn, enum kv_table table, const struct key *owner, uint64_t *count);
/* Up to `capacity` ordinals above `after`. */
int orgdb__set_list(orgdb_txn *txn, enum kv_table table, const struct key *owner, uint64_t after, uint64_t *ordinals,
	size_t capacity, size_t *count);

/* A chunk, unpacked. */
struct chunk {
	struct key key;
	uint8_t owner_size; /* Of the key; the bound follows. */
	bool last;
	uint64_t before; /* Ordinals in the chunks before it; counted in the last one only. */
	size_t count;
	uint64_t ordinals[CHUNK_COUNT_MAX + 1];
};

/* How many numbers the owners in `table` are of. */
size_t orgdb__owner_numbers(enum kv_table table);
/* Unpack a stored chunk. `owner_numbers` is how many numbers its owner is of. False if it is damaged. */
bool orgdb__chunk_read(struct bytes key, struct bytes value, size_t owner_numbers, struct chunk *chunk);
/* Take away the first chunk whose key begins with `prefix`: for emptying sets in key order. ORGDB_NOT_FOUND at the end. */
int orgdb__chunk_take(
	orgdb_txn *txn, enum kv_table table, const struct key *prefix, size_t owner_numbers, struct chunk *chunk);
/* The numbers of a chunk's owner. */
void orgdb__chunk_owner(const struct chunk *chunk, uint64_t numbers[2]);

#endif
