/*
 * Edges seen through the ids of their ends: what the public functions on edges share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ENDS_H
#define ORGDB_ENDS_H

#include "attributes.h"
#include "edges.h"

/* The ordinals that two ids stand for. */
struct ends {
	uint64_t first;
	uint64_t second;
};

/* ORGDB_NOT_FOUND says which is missing. */
int orgdb__ends_find(orgdb_txn *txn, uint32_t first_kind, const char *first, uint32_t second_kind, const char *second,
	struct ends *ends);
/* Let the first two fields of an edge's object, its ends' ids, view the entities' own. */
int orgdb__ends_name(orgdb_txn *txn, const struct kind *kind, uint32_t first_kind, uint32_t second_kind,
	const struct ends *ends, void *object);

/* The bits of what an edge's object holds besides its ends' ids. */
uint32_t orgdb__ends_attributes(const struct kind *kind);
/* Add an edge both of whose halves are in sets; `given`, its object, may be NULL. */
int orgdb__ends_add(orgdb_txn *txn, const struct kind *kind, const struct edge *edge, const struct ends *ends,
	const char *first, const char *second, const void *given);
/* Remove it, attributes and all. */
int orgdb__ends_remove(orgdb_txn *txn, const struct kind *kind, const struct edge *edge, const struct ends *ends,
	const char *first, const char *second);
/* ORGDB_NOT_FOUND, naming both, if there is no such edge. */
int orgdb__ends_exist(
	orgdb_txn *txn, const struct kind *kind, const struct edge *edge, const char *first, const char *second);

/* Where a list goes: an array of the kind's struct. */
struct page {
	uint32_t kind;
	uint64_t after;
	void *array;
	size_t capacity;
	size_t *count;
};

/* List the entities in the set of `owner`. */
int orgdb__ends_list(orgdb_txn *txn, enum kv_table table, const struct key *owner, const struct page *page);
/* The same for the set whose owner is one entity: a whole public function. */
int orgdb__ends_list_of(
	orgdb_txn *txn, uint32_t owner_kind, const char *owner_id, enum kv_table table, const struct page *page);
/* How many entities are in it: another one. */
int orgdb__ends_count(orgdb_txn *txn, uint32_t owner_kind, const char *owner_id, enum kv_table table, uint64_t *count);

#endif
