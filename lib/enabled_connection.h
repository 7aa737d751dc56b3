/*
 * Enabled connections, as the checker sees them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ENABLED_CONNECTION_H
#define ORGDB_ENABLED_CONNECTION_H

#include "login.h"

/* Judge a stored one: ORGDB_INVALID if it breaks a rule that creating it enforces. */
int orgdb__enabled_connection_judge(orgdb_txn *txn, const struct login *login, uint32_t at);

#endif
