/*
 * Enabled connections, as those see them who look at hot rows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ENABLED_CONNECTION_H
#define ORGDB_ENABLED_CONNECTION_H

#include "login.h"

/* Judge a stored one: ORGDB_INVALID if it breaks a rule that creating it enforces. */
int orgdb__enabled_connection_judge(orgdb_txn *txn, const struct login *login, uint32_t at);

/* View a stored one whose ends exist. */
int orgdb__enabled_connection_read(
	orgdb_txn *txn, const struct login *login, uint32_t at, orgdb_enabled_connection *out);

#endif
