/*
 * Attributes: what an edge carries besides its two ends, in a record under both ends' ordinals.
 *
 * Most edges carry nothing, and have no record.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ATTRIBUTES_H
#define ORGDB_ATTRIBUTES_H

#include "schema.h"
#include "store.h"

/* Let `object` view what is stored under `key`; without a record, the defaults. */
int orgdb__attributes_read(orgdb_txn *txn, const struct kind *kind, const struct key *key, void *object);
/* Copy the members in `mask` to the transaction's scratch buffer, let `object` view that, and judge it. */
int orgdb__attributes_prepare(orgdb_txn *txn, const struct kind *kind, uint32_t mask, void *object);
/* Store those members of a prepared object that are in `mask`; delete the record if there are none. */
int orgdb__attributes_write(
	orgdb_txn *txn, const struct kind *kind, const struct key *key, const void *object, uint32_t mask);
int orgdb__attributes_delete(orgdb_txn *txn, const struct kind *kind, const struct key *key);

#endif
