/*
 * Indexes: from unique text, an id or a name, to the ordinal of the one entity that has it.
 *
 * A row holds a packed set of ordinals: one, but for texts longer than a key, of which several may share a row; there the
 * entities themselves are compared.
 *
 * A secret stands under a hash of it, and is compared in a time that does not depend on where it differs: so whoever tries
 * secrets and times the answers learns 64 bits of the hash at most, and has most of the secret still to guess.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_INDEX_H
#define ORGDB_INDEX_H

#include "schema.h"
#include "store.h"

/* The key of `text`; true if no other text has the same. */
bool orgdb__index_key(const struct index *index, orgdb_str text, struct text_key *key);
/* ORGDB_NOT_FOUND without recording a failure. */
int orgdb__index_find(
	orgdb_txn *txn, const struct kind *kind, const struct index *index, orgdb_str text, uint64_t *ordinal);
/* ORGDB_TOO_LARGE if one more text could not be added, because too many long ones share a row. */
int orgdb__index_room(orgdb_txn *txn, const struct index *index, orgdb_str text);
/* `text` must not be in the index. */
int orgdb__index_add(orgdb_txn *txn, const struct index *index, orgdb_str text, uint64_t ordinal);
/* `text` must be in the index with `ordinal`. */
int orgdb__index_remove(orgdb_txn *txn, const struct index *index, orgdb_str text, uint64_t ordinal);

#endif
