/*
 * Access: may an application be used in an organization, or without one?
 *
 * The rules follow from what the catalog knows of the application and the hot row of the organization. Only where an
 * organization lets applications in one by one is more read: the application's place in it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_ACCESS_H
#define ORGDB_ACCESS_H

#include "catalog.h"
#include "login.h"

/* What the rules ask of an application, for its copy in the catalog. */
struct access_traits orgdb__access_traits(const orgdb_application *application);

/*
 * Judge an application in `organization`, whose hot row has these flags, or without one (NULL). Fills in all of `access`;
 * what refuses is an answer, no failure.
 */
int orgdb__access_judge(orgdb_txn *txn, const struct catalog_application *application,
	const struct login_id *organization, uint32_t flags, orgdb_access *access);

/* ORGDB_FORBIDDEN that says which rule refuses. */
int orgdb__refuse(uint32_t rule);
/* The same, of a connection or a user with this id. */
int orgdb__refuse_one(uint32_t rule, const char *what, const char *id);

#endif
