/*
 * Entities: create, get, update, delete, list and count for any kind, driven by the schema.
 *
 * Every change to an entity passes here, in domain terms, before it becomes rows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ENTITY_H
#define ORGDB_ENTITY_H

#include "schema.h"
#include "store.h"

/* The ordinal of the entity with an id; ORGDB_NOT_FOUND names the kind and the id. */
int orgdb__entity_find(orgdb_txn *txn, uint32_t kind, const char *id, uint64_t *ordinal);
int orgdb__entity_find_text(orgdb_txn *txn, uint32_t kind, orgdb_str id, uint64_t *ordinal);
/* Read the entity of an ordinal that something points to: if it is not there the store is damaged. */
int orgdb__entity_load(orgdb_txn *txn, const struct kind *kind, uint64_t ordinal, void *out);
/* The same for several, into an array of the kind's struct. */
int orgdb__entity_load_all(
	orgdb_txn *txn, const struct kind *kind, const uint64_t *ordinals, size_t count, void *array);
/* Its two halves: view the record, and view that as an entity. */
int orgdb__entity_record(orgdb_txn *txn, const struct kind *kind, uint64_t ordinal, struct bytes *record);
int orgdb__entity_decode(orgdb_txn *txn, const struct kind *kind, struct bytes record, uint64_t ordinal, void *out);
/* Take an entity out of its indexes and of the sets of what it refers to, and away; everything else that knows it must have
 * gone. */
int orgdb__entity_erase(orgdb_txn *txn, const struct kind *kind, const union entity *entity);
/* Delete the entity of an ordinal, with all that goes with it; `copy` is for its record. A failure sticks to the
 * transaction. */
int orgdb__entity_delete_at(orgdb_txn *txn, const struct kind *kind, uint64_t ordinal, struct buffer *copy);
/* Write the record of an entity that was changed in members that no index knows of. It may view the old record. */
int orgdb__entity_rewrite(orgdb_txn *txn, const struct kind *kind, const union entity *entity);
/* The entity with a unique text; ORGDB_NOT_FOUND names it. `index` is the index's place in the kind. */
int orgdb__entity_get_by(orgdb_txn *txn, uint32_t kind, size_t index, orgdb_str text, void *out);

#endif
