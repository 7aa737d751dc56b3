/*
 * The rows of a store as they are stored.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RAW_H
#define RAW_H

#include <orgdb.h>

/* Write every row of every table to standard output, one object each. Returns the library's code. */
int dump_raw(orgdb_txn *txn, bool pretty);

#endif
