/*
 * The catalog: connections as merged lookups give them out, decoded once per transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_CATALOG_H
#define ORGDB_CATALOG_H

#include "store.h"

struct catalog;

/* Begin to use the transaction's catalog: what is out of date, because the transaction wrote, is forgotten. */
int orgdb__catalog_open(orgdb_txn *txn);
/* The connection of an ordinal that something points to; lives as views do. */
int orgdb__catalog_connection(orgdb_txn *txn, uint64_t ordinal, const orgdb_connection **out);
void orgdb__catalog_free(struct catalog *catalog);

#endif
