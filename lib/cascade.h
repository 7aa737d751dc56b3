/*
 * Cascades: what goes when something goes, as one table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_CASCADE_H
#define ORGDB_CASCADE_H

#include "schema.h"
#include "store.h"

/* Remove every edge to an entity that is about to be deleted, and what it owns, and count them. A failure sticks to the transaction. */
int orgdb__cascade(orgdb_txn *txn, uint32_t kind, const union entity *entity, orgdb_cascade *gone);

/* The same for a membership that is about to be removed: its roles go. */
int orgdb__cascade_member(orgdb_txn *txn, uint64_t organization, uint64_t user);

#endif
