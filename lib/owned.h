/*
 * What organizations own: entities that are listed with an organization and go with it, such as its roles.
 *
 * A kind whose entities may be owned names, in the schema, the field that holds the owner's id and the table of sets from an
 * owner to what it owns. The field is one half of that relation, the set is the other; here and in the cascade they are kept
 * alike.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_OWNED_H
#define ORGDB_OWNED_H

#include "edges.h"
#include "schema.h"

/* The ordinal of the organization that owns an entity; 0 if none does. ORGDB_NOT_FOUND names the field and the id. */
int orgdb__owned_owner(orgdb_txn *txn, const struct kind *kind, const union entity *entity, uint64_t *owner);
/* The same, of an entity that it is to own: ORGDB_TOO_LARGE if it has as many as it may. */
int orgdb__owned_find_room(orgdb_txn *txn, const struct kind *kind, const union entity *entity, uint64_t *owner);

/* The entity with a text that is unique among what an organization owns. `index` is the index's place in the kind. */
int orgdb__owned_get_by(
	orgdb_txn *txn, uint32_t kind, size_t index, const char *organization_id, orgdb_str text, void *out);

struct half orgdb__owned_half(const struct kind *kind, uint64_t owner, uint64_t ordinal);
/* An `owner` of 0 is none. */
int orgdb__owned_add(orgdb_txn *txn, const struct kind *kind, uint64_t owner, uint64_t ordinal);
int orgdb__owned_remove(orgdb_txn *txn, const struct kind *kind, const union entity *entity);

#endif
