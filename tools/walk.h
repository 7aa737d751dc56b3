/*
 * Walks over a snapshot: lists of any length, a page at a time, so that memory does not grow with the store.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WALK_H
#define WALK_H

#include "object.h"

/* What a visitor returns to end a walk early, all being well. */
enum { WALK_STOPPED = 1 };

/* Called with each entry, a struct of its kind. ORGDB_OK goes on; anything else ends the walk, which returns that. */
typedef int visit_fn(void *context, const void *entry);

/* A list of the library's: how to get a page of it. */
struct list {
	int (*fill)(orgdb_txn *txn, const struct list *list, uint64_t after, void *page, size_t capacity, size_t *count);
	uint32_t kind;     /* of the entries */
	const char *owner; /* id of what the list belongs to; a member is an organization's user */
	const char *user;
};

struct list entities_of_kind(uint32_t kind);
struct list members_of(const char *organization_id); /* users */
struct list enabled_connections_of(const char *organization_id);
struct list organization_applications_of(const char *organization_id);
struct list offers_of(const char *client_id); /* connections */
struct list invitations_of(const char *organization_id);
struct list roles_of(const char *organization_id, const char *user_id);
struct list organizations_of(const char *user_id);
struct list owned_by(const char *organization_id, uint32_t kind); /* a kind that organizations own */

/* Walk a list from behind the entry with ordinal `after`, 0 being before all. */
int walk_list(orgdb_txn *txn, const struct list *list, uint64_t after, visit_fn *visit, void *context);

/* Walk all objects of any kind, edges too; edges in the order of those that own them. With an organization, only it,
 * its edges and what they point to: what it takes to load them elsewhere. */
int walk_kind(orgdb_txn *txn, uint32_t kind, const char *organization_id, visit_fn *visit, void *context);

/* Get an object of any kind by its id, an edge by its two. */
int find_object(orgdb_txn *txn, uint32_t kind, const char *id, const char *second_id, union any_kind *out);

/* --- Roles -------------------------------------------------------------------------------------------------------- */

/* A member's roles: what is not in the membership itself. Ids in byte order, valid as views are. */
struct roles {
	orgdb_str *ids;
	size_t count;
	size_t capacity;
};

int roles_read(struct roles *roles, orgdb_txn *txn, const orgdb_membership *membership);
void roles_free(struct roles *roles);

/* --- Objects out -------------------------------------------------------------------------------------------------- */

/* Writes objects to standard output, as `orgdb load` reads them. */
struct output {
	orgdb_txn *txn;
	struct json_writer writer;
	struct roles roles;
};

bool output_begin(struct output *output, orgdb_txn *txn);
void output_end(struct output *output);
/* A struct of the kind; WALK_STOPPED if standard output takes no more. */
int output_object(struct output *output, uint32_t kind, const void *entity);

#endif
