/*
 * The key-value layer: one LMDB environment, its tables and its transactions.
 *
 * Two rooms, the only ones that know LMDB: environment.c has what is about the file as a whole, kv.c what is in it.
 *
 * They know nothing of what is stored. They translate LMDB's errors into orgdb's, keep the rules that LMDB leaves to its
 * users (one environment per file and process is the caller's, see store.c), and make a write transaction's first failure
 * stick: after it every call gives the same error, so a sequence of writes may be checked once.
 *
 * Only plain tables are used, all but one with byte-ordered keys: cursor deletes on sorted duplicates skip rows in LMDB
 * 0.9, and most other special table types have a trap of their own. The keys of organization_login are numbers in the
 * machine's own byte order, as everything is that LMDB itself writes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_KV_H
#define ORGDB_KV_H

#include "key.h"
#include "pages.h"

/*
 * LMDB's named tables. Each costs every transaction, which must learn anew where it begins, and the first look into it in
 * every transaction; so those that are of a kind share one: what is unique in the store, the attributes of edges, the sets
 * of edges.
 */
#define KV_PLACES(X)                                  \
	X(PLACE_META, "meta")                             \
	X(PLACE_CONNECTIONS, "connections")               \
	X(PLACE_APPLICATIONS, "applications")             \
	X(PLACE_ROLES, "roles")                           \
	X(PLACE_USERS, "users")                           \
	X(PLACE_ORGANIZATIONS, "organizations")           \
	X(PLACE_EMAIL_TEMPLATES, "email_templates")       \
	X(PLACE_DISCOVERY_DOMAINS, "discovery_domains")   \
	X(PLACE_INVITATIONS, "invitations")               \
	X(PLACE_ORGANIZATION_LOGIN, "organization_login") \
	X(PLACE_UNIQUE, "unique")                         \
	X(PLACE_ATTRIBUTES, "attributes")                 \
	X(PLACE_EDGES, "edges")

enum kv_place {
#define KV_PLACE_VALUE(place, name) place,
	KV_PLACES(KV_PLACE_VALUE)
#undef KV_PLACE_VALUE
		KV_PLACE_COUNT
};

/* Every table: its name, where it is, and the byte that its keys there begin with; 0: it is alone. */
#define KV_TABLES(X)                                                                                 \
	X(TABLE_META, "meta", PLACE_META, 0)                                                             \
	X(TABLE_CONNECTIONS, "connections", PLACE_CONNECTIONS, 0)                                        \
	X(TABLE_CONNECTION_IDS, "connection_ids", PLACE_UNIQUE, 1)                                       \
	X(TABLE_CONNECTION_NAMES, "connection_names", PLACE_UNIQUE, 2)                                   \
	X(TABLE_CONNECTION_REALMS, "connection_realms", PLACE_UNIQUE, 3)                                 \
	X(TABLE_DOMAIN_CONNECTIONS, "domain_connections", PLACE_UNIQUE, 4)                               \
	X(TABLE_APPLICATIONS, "applications", PLACE_APPLICATIONS, 0)                                     \
	X(TABLE_APPLICATION_IDS, "application_ids", PLACE_UNIQUE, 5)                                     \
	X(TABLE_ROLES, "roles", PLACE_ROLES, 0)                                                          \
	X(TABLE_ROLE_IDS, "role_ids", PLACE_UNIQUE, 6)                                                   \
	X(TABLE_ROLE_NAMES, "role_names", PLACE_UNIQUE, 7)                                               \
	X(TABLE_USERS, "users", PLACE_USERS, 0)                                                          \
	X(TABLE_USER_IDS, "user_ids", PLACE_UNIQUE, 8)                                                   \
	X(TABLE_ORGANIZATIONS, "organizations", PLACE_ORGANIZATIONS, 0)                                  \
	X(TABLE_ORGANIZATION_IDS, "organization_ids", PLACE_UNIQUE, 9)                                   \
	X(TABLE_ORGANIZATION_NAMES, "organization_names", PLACE_UNIQUE, 10)                              \
	X(TABLE_EMAIL_TEMPLATES, "email_templates", PLACE_EMAIL_TEMPLATES, 0)                            \
	X(TABLE_EMAIL_TEMPLATE_NAMES, "email_template_names", PLACE_UNIQUE, 15)                          \
	X(TABLE_DISCOVERY_DOMAINS, "discovery_domains", PLACE_DISCOVERY_DOMAINS, 0)                      \
	X(TABLE_DISCOVERY_DOMAIN_IDS, "discovery_domain_ids", PLACE_UNIQUE, 12)                          \
	X(TABLE_DISCOVERY_DOMAIN_NAMES, "discovery_domain_names", PLACE_UNIQUE, 13)                      \
	X(TABLE_DISCOVERY, "discovery", PLACE_UNIQUE, 14)                                                \
	X(TABLE_INVITATIONS, "invitations", PLACE_INVITATIONS, 0)                                        \
	X(TABLE_INVITATION_IDS, "invitation_ids", PLACE_UNIQUE, 20)                                      \
	X(TABLE_INVITATION_TICKETS, "invitation_tickets", PLACE_UNIQUE, 21)                              \
	X(TABLE_INVITATION_EXPIRIES, "invitation_expiries", PLACE_UNIQUE, 22)                            \
	X(TABLE_ORGANIZATION_LOGIN, "organization_login", PLACE_ORGANIZATION_LOGIN, 0)                   \
	X(TABLE_ENABLED_CONNECTIONS, "enabled_connections", PLACE_ATTRIBUTES, 1)                         \
	X(TABLE_ORGANIZATIONS_OF_CONNECTION, "organizations_of_connection", PLACE_EDGES, 1)              \
	X(TABLE_APPLICATION_CONNECTIONS, "application_connections", PLACE_ATTRIBUTES, 2)                 \
	X(TABLE_CONNECTIONS_OF_APPLICATION, "connections_of_application", PLACE_EDGES, 2)                \
	X(TABLE_APPLICATIONS_OF_CONNECTION, "applications_of_connection", PLACE_EDGES, 3)                \
	X(TABLE_MEMBERSHIPS, "memberships", PLACE_ATTRIBUTES, 3)                                         \
	X(TABLE_MEMBERS_OF_ORGANIZATION, "members_of_organization", PLACE_EDGES, 4)                      \
	X(TABLE_ORGANIZATIONS_OF_USER, "organizations_of_user", PLACE_EDGES, 5)                          \
	X(TABLE_ROLES_OF_MEMBER, "roles_of_member", PLACE_EDGES, 6)                                      \
	X(TABLE_MEMBERS_OF_ROLE, "members_of_role", PLACE_EDGES, 7)                                      \
	X(TABLE_ORGANIZATION_APPLICATIONS, "organization_applications", PLACE_ATTRIBUTES, 4)             \
	X(TABLE_APPLICATIONS_OF_ORGANIZATION, "applications_of_organization", PLACE_EDGES, 8)            \
	X(TABLE_ORGANIZATIONS_OF_APPLICATION, "organizations_of_application", PLACE_EDGES, 9)            \
	X(TABLE_ROLES_OF_ORGANIZATION, "roles_of_organization", PLACE_EDGES, 10)                         \
	X(TABLE_DISCOVERY_DOMAINS_OF_ORGANIZATION, "discovery_domains_of_organization", PLACE_EDGES, 11) \
	X(TABLE_INVITATIONS_OF_ORGANIZATION, "invitations_of_organization", PLACE_EDGES, 20)             \
	X(TABLE_INVITATIONS_OF_APPLICATION, "invitations_of_application", PLACE_EDGES, 21)               \
	X(TABLE_INVITATIONS_OF_CONNECTION, "invitations_of_connection", PLACE_EDGES, 22)                 \
	X(TABLE_INVITATIONS_OF_ROLE, "invitations_of_role", PLACE_EDGES, 23)

enum kv_table {
#define KV_TABLE_VALUE(table, name, place, prefix) table,
	KV_TABLES(KV_TABLE_VALUE)
#undef KV_TABLE_VALUE
		KV_TABLE_COUNT
};

const char *orgdb__kv_table_name(enum kv_table table);
enum kv_place orgdb__kv_place_of(enum kv_table table);
const char *orgdb__kv_place_name(enum kv_place place);
/* Whose row a key in a place is; takes off what tells the tables there apart. False if it is none's. */
bool orgdb__kv_table_of(enum kv_place place, struct bytes *key, enum kv_table *table);
/* Whether keys in a place can have this size. Keys that cannot must not be looked for. */
bool orgdb__kv_key_possible(enum kv_place place, size_t size);

struct kv;
struct kv_txn;

struct kv_settings {
	const char *path;
	bool read_only;
	bool relaxed;
	bool verify; /* Every page before any is used. */
	uint64_t map_size;
	uint64_t map_size_max;
	uint32_t readers_max;
	uint64_t reader_age_max; /* A reader that so many commits have followed is old; 0: none is. */
};

struct kv_statistics {
	uint64_t page_size;
	uint64_t used_size;
	uint64_t map_size;
	uint32_t readers;
	uint32_t readers_max;
};

struct kv_place_statistics {
	uint64_t entries;
	uint64_t depth;
	uint64_t branch_pages;
	uint64_t leaf_pages;
	uint64_t overflow_pages;
};

/* A slot of the lock file that some process has taken. */
struct kv_reader {
	uint64_t process;
	uint64_t thread; /* pthread_self() there. */
	bool active;     /* It holds a snapshot ... */
	uint64_t behind; /* ... which this many commits followed ... */
	bool old;        /* ... which are too many. */
	bool stale;      /* The process is gone. */
};

enum {
	KV_RESIZED = 1, /* From orgdb__kv_begin() and orgdb__kv_renew(): another process has grown the map. */
	KV_MOVED = 2,   /* From orgdb__kv_verify(): something was committed just now; try again. */
};

/*
 * Build a new environment with all tables in file `path`, which must not exist, and sync it. `fill` writes what it is
 * to hold. On failure the file is removed.
 */
int orgdb__kv_create(const char *path, int (*fill)(struct kv_txn *txn, void *context), void *context);

/* Open an environment; `look` may read, and refuse it. */
int orgdb__kv_open(
	const struct kv_settings *settings, int (*look)(struct kv_txn *txn, void *context), void *context, struct kv **out);
/* All transactions must have ended. */
void orgdb__kv_close(struct kv *kv);

/* ORGDB_MAP_FULL if the map is as large as map_size_max. */
int orgdb__kv_may_grow(struct kv *kv);
/* Double the map, up to map_size_max. No transaction of this process may be live. */
int orgdb__kv_grow(struct kv *kv);
/* Take over the size that another process gave the map. No transaction of this process may be live. */
int orgdb__kv_adopt_size(struct kv *kv);

int orgdb__kv_begin(struct kv *kv, bool write, struct kv_txn **out);
/* A read transaction can be parked, holding no snapshot, and renewed for next to nothing. */
void orgdb__kv_park(struct kv_txn *txn);
int orgdb__kv_renew(struct kv_txn *txn);
/* To be called for those that are parked when the map has moved. */
void orgdb__kv_forget_addresses(struct kv_txn *txn);
/* Ends the transaction, whatever it returns. */
int orgdb__kv_commit(struct kv_txn *txn);
void orgdb__kv_abort(struct kv_txn *txn);

/* The failure that has ended a write transaction's usefulness, recorded again as the last error; or 0. */
int orgdb__kv_failure(const struct kv_txn *txn);
/* Let a failure that was found above this layer, such as a damaged record, stick to a write transaction. Returns `code`. */
int orgdb__kv_poison(struct kv_txn *txn, int code);
/* A number that tells snapshots of this environment apart: it grows with each commit. */
uint64_t orgdb__kv_snapshot(const struct kv_txn *txn);
/* How many puts and deletes there were. */
uint64_t orgdb__kv_changes(const struct kv_txn *txn);

/*
 * ORGDB_NOT_FOUND from these records no failure: it is an answer. Values live until the next change. In a table whose keys
 * are asked for and changed in ascending order, most are found without a search.
 */
int orgdb__kv_get(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes *value);
/* The same in the table of hashes. */
int orgdb__kv_get_hashed(struct kv_txn *txn, enum kv_table table, uint64_t hash, struct bytes *value);
/* The first entry at or behind `key`. */
int orgdb__kv_seek(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes *found, struct bytes *value);
/* The last entry before `key`. */
int orgdb__kv_seek_before(
	struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes *found, struct bytes *value);
int orgdb__kv_put(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes value);
/* Put behind all other keys, which packs pages full. */
int orgdb__kv_append(struct kv_txn *txn, enum kv_table table, struct bytes key, struct bytes value);
int orgdb__kv_delete(struct kv_txn *txn, enum kv_table table, struct bytes key);
/* Delete, in key order, every entry whose key begins with `prefix`. */
int orgdb__kv_delete_prefix(struct kv_txn *txn, enum kv_table table, struct bytes prefix);
/* Of a table that is alone. */
int orgdb__kv_entries(struct kv_txn *txn, enum kv_table table, uint64_t *count);

/* A walk in key order. The table must not change while it lasts, and it must end before its transaction. */
struct kv_cursor;
int orgdb__kv_cursor_open(struct kv_txn *txn, enum kv_table table, struct kv_cursor **out);
/* Over all that a place holds, with the bytes that tell its tables apart. */
int orgdb__kv_cursor_open_place(struct kv_txn *txn, enum kv_place place, struct kv_cursor **out);
/* The first entry at or behind `key`; with an empty key the first of all. */
int orgdb__kv_cursor_seek(struct kv_cursor *cursor, struct bytes key, struct bytes *found, struct bytes *value);
int orgdb__kv_cursor_next(struct kv_cursor *cursor, struct bytes *found, struct bytes *value);
void orgdb__kv_cursor_close(struct kv_cursor *cursor);

/* The map must stay where it is meanwhile: in a transaction, or as the caller sees to it. */
void orgdb__kv_stat(struct kv *kv, struct kv_statistics *out);
int orgdb__kv_place_stat(struct kv_txn *txn, enum kv_place place, struct kv_place_statistics *out);
/* Pages that hold nothing; of a read transaction only. */
int orgdb__kv_free_pages(struct kv_txn *txn, uint64_t *count);
/* Call `visit` for each slot that is taken, until it returns false. One thread at a time, while the map stays where it is. */
int orgdb__kv_readers(struct kv *kv, bool (*visit)(const struct kv_reader *reader, void *context), void *context);

/*
 * Verify the pages of a read transaction that has just begun: all, or those that opening reads. It may be given a newer
 * snapshot, and must be ended unless this returns 0. ORGDB_CORRUPT if the sink was told of problems or the meta page is
 * damaged; KV_MOVED; KV_RESIZED. Without a sink the first problem becomes the last error.
 */
int orgdb__kv_verify(struct kv_txn *txn, bool whole, const struct pages_sink *sink);

/*
 * Write the newest snapshot into the empty file `fd`, called `path` in messages. Begins a transaction of its own, so another
 * read transaction must be live to keep the map where it is. Unless it is to be compact, it waits for a writer to end.
 */
int orgdb__kv_copy(struct kv *kv, int fd, const char *path, bool compact);

#endif
