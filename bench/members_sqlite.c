/*
 * Memberships in SQLite; see members.h. Two ways to write the same schema: `sqlite` keeps ids as they come, as most do;
 * `sqlite_integer` gives organizations and users integer keys, which makes memberships small and needs two more look-ups
 * in most statements. Both have foreign keys with ON DELETE CASCADE and an index for the other direction.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "members.h"
#include "sqlite_help.h"

/* In all statements ?1 is an organization's id, ?2 a user's, and ?3 a user's number. */
struct statements {
	const char *schema;
	const char *add_organization, *add_user; /* ?4 name, ?5 display name or email */
	const char *add, *contains, *members, *organizations, *delete_organization;
};

static const struct statements with_text = {
	.schema =
		"CREATE TABLE organizations(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, display_name TEXT) WITHOUT ROWID;"
		"CREATE TABLE users(id TEXT PRIMARY KEY, name TEXT, email TEXT) WITHOUT ROWID;"
		"CREATE TABLE memberships("
		"	organization TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,"
		"	user TEXT NOT NULL REFERENCES users ON DELETE CASCADE,"
		"	PRIMARY KEY(organization, user)) WITHOUT ROWID;"
		"CREATE INDEX memberships_by_user ON memberships(user, organization)",
	.add_organization = "INSERT INTO organizations VALUES(?1, ?4, ?5)",
	.add_user = "INSERT INTO users VALUES(?2, ?4, ?5)",
	.add = "INSERT INTO memberships VALUES(?1, ?2)",
	.contains = "SELECT 1 FROM memberships WHERE organization = ?1 AND user = ?2",
	.members = "SELECT u.id, u.name, u.email FROM memberships m JOIN users u ON u.id = m.user"
			   " WHERE m.organization = ?1 AND m.user >= ?2 ORDER BY m.user LIMIT 50",
	.organizations = "SELECT o.id, o.name, o.display_name FROM memberships m JOIN organizations o"
					 " ON o.id = m.organization WHERE m.user = ?2",
	.delete_organization = "DELETE FROM organizations WHERE id = ?1",
};

static const struct statements with_integers = {
	.schema =
		"CREATE TABLE organizations(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,"
		"	display_name TEXT);"
		"CREATE TABLE users(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, email TEXT);"
		"CREATE TABLE memberships("
		"	organization INTEGER NOT NULL REFERENCES organizations ON DELETE CASCADE,"
		"	user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,"
		"	PRIMARY KEY(organization, user)) WITHOUT ROWID;"
		"CREATE INDEX memberships_by_user ON memberships(user, organization)",
	.add_organization = "INSERT INTO organizations(id, name, display_name) VALUES(?1, ?4, ?5)",
	.add_user = "INSERT INTO users VALUES(?3, ?2, ?4, ?5)",
	.add = "INSERT INTO memberships SELECT o.number, u.number FROM organizations o, users u"
		   " WHERE o.id = ?1 AND u.id = ?2",
	.contains = "SELECT 1 FROM memberships WHERE organization = (SELECT number FROM organizations WHERE id = ?1)"
				" AND user = (SELECT number FROM users WHERE id = ?2)",
	.members = "SELECT u.id, u.name, u.email FROM memberships m JOIN users u ON u.number = m.user"
			   " WHERE m.organization = (SELECT number FROM organizations WHERE id = ?1) AND m.user >= ?3"
			   " ORDER BY m.user LIMIT 50",
	.organizations = "SELECT o.id, o.name, o.display_name FROM memberships m JOIN organizations o"
					 " ON o.number = m.organization WHERE m.user = (SELECT number FROM users WHERE id = ?2)",
	.delete_organization = "DELETE FROM organizations WHERE id = ?1",
};

enum statement { BEGIN, COMMIT, ADD_ORGANIZATION, ADD_USER, ADD, CONTAINS, MEMBERS, ORGANIZATIONS, DELETE, STATEMENTS };

struct store {
	sqlite3 *db;
	sqlite3_stmt *prepared[STATEMENTS];
};

/* --- Opening ------------------------------------------------------------------------------------------------------ */

static void *open_store(const char *path, const struct statements *statements)
{
	const char *const texts[STATEMENTS] = { "BEGIN IMMEDIATE", "COMMIT", statements->add_organization,
		statements->add_user, statements->add, statements->contains, statements->members, statements->organizations,
		statements->delete_organization };
	struct store *store = allocate(1, sizeof(*store));
	store->db = sqlite_open(path);
	sqlite_run(store->db, statements->schema);
	for (size_t i = 0; i < STATEMENTS; i++)
		store->prepared[i] = sqlite_prepare(store->db, texts[i]);
	return store;
}

static void *open_text(const char *path)
{
	return open_store(path, &with_text);
}

static void *open_integer(const char *path)
{
	return open_store(path, &with_integers);
}

static void close_store(void *context)
{
	struct store *store = context;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->prepared[i]);
	sqlite3_close(store->db);
	free(store);
}

static void make_durable(void *context, bool durable)
{
	struct store *store = context;
	sqlite_durable(store->db, durable);
}

static void settle(void *context)
{
	struct store *store = context;
	sqlite_checkpoint(store->db);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static void run(struct store *store, enum statement statement)
{
	sqlite_do(store->db, store->prepared[statement]);
}

static void bind_organization(sqlite3_stmt *statement, const struct organization_id *id)
{
	sqlite_bind_view(statement, 1, id->text, ORGANIZATION_ID_LENGTH);
}

static void bind_user(sqlite3_stmt *statement, const struct user_id *id)
{
	sqlite_bind_view(statement, 2, id->text, USER_ID_LENGTH);
}

static void add_organizations(void *context, uint64_t first, uint64_t end)
{
	struct store *store = context;
	sqlite3_stmt *insert = store->prepared[ADD_ORGANIZATION];
	run(store, BEGIN);
	for (uint64_t i = first; i < end; i++) {
		struct organization_id id = organization_id(i);
		struct member_names names = organization_names(i);
		bind_organization(insert, &id);
		sqlite_bind_view(insert, 4, names.name, -1);
		sqlite_bind_view(insert, 5, names.display_name, -1);
		run(store, ADD_ORGANIZATION);
	}
	run(store, COMMIT);
}

static void add_users(void *context, uint64_t first, uint64_t end)
{
	struct store *store = context;
	sqlite3_stmt *insert = store->prepared[ADD_USER];
	run(store, BEGIN);
	for (uint64_t i = first; i < end; i++) {
		struct user_id id = user_id(i);
		struct member_names names = user_names(i);
		bind_user(insert, &id);
		sqlite3_bind_int64(insert, 3, (sqlite3_int64)i);
		sqlite_bind_view(insert, 4, names.name, -1);
		sqlite_bind_view(insert, 5, names.email, -1);
		run(store, ADD_USER);
	}
	run(store, COMMIT);
}

static void add(void *context, const struct member *members, size_t count)
{
	struct store *store = context;
	run(store, BEGIN);
	for (size_t i = 0; i < count; i++) {
		struct organization_id organization = organization_id(members[i].organization);
		struct user_id user = user_id(members[i].user);
		bind_organization(store->prepared[ADD], &organization);
		bind_user(store->prepared[ADD], &user);
		run(store, ADD);
	}
	run(store, COMMIT);
}

static uint64_t delete_organization(void *context, uint64_t organization)
{
	struct store *store = context;
	struct organization_id id = organization_id(organization);
	int before = sqlite3_total_changes(store->db);
	run(store, BEGIN);
	bind_organization(store->prepared[DELETE], &id);
	run(store, DELETE);
	run(store, COMMIT);
	return (uint64_t)(sqlite3_total_changes(store->db) - before - 1); /* the organization itself */
}

/* --- Asking: a statement is a snapshot by itself ------------------------------------------------------------------ */

static bool contains(void *context, struct member member)
{
	struct store *store = context;
	sqlite3_stmt *select = store->prepared[CONTAINS];
	struct organization_id organization = organization_id(member.organization);
	struct user_id user = user_id(member.user);
	bind_organization(select, &organization);
	bind_user(select, &user);
	bool is_member = sqlite_row(store->db, select);
	sqlite3_reset(select);
	return is_member;
}

static uint64_t digest_rows(struct store *store, sqlite3_stmt *select)
{
	uint64_t sum = 0;
	while (sqlite_row(store->db, select))
		for (int column = 0; column < 3; column++) {
			const unsigned char *text = sqlite3_column_text(select, column);
			int size = sqlite3_column_bytes(select, column);
			sum += (uint64_t)size + text[size - 1];
		}
	sqlite3_reset(select);
	return sum;
}

static uint64_t members(void *context, uint64_t organization, uint64_t after)
{
	struct store *store = context;
	sqlite3_stmt *select = store->prepared[MEMBERS];
	struct organization_id id = organization_id(organization);
	struct user_id user = user_id(after);
	bind_organization(select, &id);
	bind_user(select, &user);
	sqlite3_bind_int64(select, 3, (sqlite3_int64)after);
	return digest_rows(store, select);
}

static uint64_t organizations(void *context, uint64_t user)
{
	struct store *store = context;
	struct user_id id = user_id(user);
	bind_user(store->prepared[ORGANIZATIONS], &id);
	return digest_rows(store, store->prepared[ORGANIZATIONS]);
}

const struct member_store members_sqlite = { "sqlite", "members.sqlite", open_text, close_store, make_durable,
	add_organizations, add_users, add, contains, members, organizations, delete_organization, settle };

const struct member_store members_sqlite_integer = { "sqlite_integer", "members-integer.sqlite", open_integer,
	close_store, make_durable, add_organizations, add_users, add, contains, members, organizations, delete_organization,
	settle };
