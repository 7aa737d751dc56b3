/*
 * One lookup: the question and what was found.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "json.h"

struct lookup {
	const char *store;
	const char *client_id;
	const char *organization; /* id or name, or NULL */
	orgdb_merge_options options;
	bool explained;
	bool as_json;

	orgdb_application application;
	orgdb_organization found; /* the organization, if one was asked for */
	orgdb_access access;
	orgdb_merged_connection *entries;
	size_t count;
};

/* Say what was found, for people; or write each connection as an object, by itself or in the array that was begun. */
void lookup_print(const struct lookup *lookup);
void lookup_write(const struct lookup *lookup, struct json_writer *writer);

/* The names of the policies, ended by NULL. */
extern const char *const policies[];

/* Say for each connection that the application or the organization has whether it is offered, and why. Returns the
 * library's code. */
int explain(const struct lookup *lookup, orgdb_txn *txn);

#endif
