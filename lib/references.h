/*
 * References: fields of entities that hold the ids of others, and the sets in which those others find who refers to them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_REFERENCES_H
#define ORGDB_REFERENCES_H

#include "edges.h"
#include "schema.h"

/* The ids that a field of an entity holds; returns how many. */
size_t orgdb__reference_ids(const struct reference *reference, const void *entity, orgdb_str ids[REFERRED_MAX]);
/* The entity's place in the set of one that it refers to. */
struct half orgdb__reference_half(const struct reference *reference, uint64_t referred, uint64_t ordinal);

/* ORGDB_NOT_FOUND unless all that the entity refers to is there. */
int orgdb__references_find(orgdb_txn *txn, const struct kind *kind, const union entity *entity);
/* Put the entity into their sets, or take it out. */
int orgdb__references_add(orgdb_txn *txn, const struct kind *kind, const union entity *entity);
int orgdb__references_remove(orgdb_txn *txn, const struct kind *kind, const union entity *entity);

/* An entity of `kind` is about to go: so do those that refer to it, and arrays lose it. */
int orgdb__references_cascade(orgdb_txn *txn, uint32_t kind, const union entity *entity, orgdb_cascade *gone);

#endif
