/*
 * SQLite in the merged lookup. One database for both:
 *
 * - sqlite_join: the one statement that most people would write.
 * - sqlite_best: what SQLite can do with effort: two statements in a transaction, which give edges and nothing else,
 *   merged in C, connections from a decoded copy in memory. The copy is checked the cheapest way there is: SQLite's own data
 *   version, and only if that has moved a generation that changes of connections count up.
 *
 * Edges are in WITHOUT ROWID tables under the ids that lookups come with, and name connections by integer.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "sqlite_help.h"

enum { ORGANIZATIONS_IN_TRANSACTION = 50000 };

struct store {
	char path[PATH_SIZE];
	struct tenant tenant;
	sqlite3 *writer;
	sqlite3_stmt *begin, *commit, *add_membership, *change, *count_up;
};

struct session {
	sqlite3 *db;
	uint32_t connections;
	sqlite3_stmt *begin, *commit, *join, *application, *organization, *generation, *read_connections;
	struct record *records;
	uint32_t data_version;
	sqlite3_int64 records_generation;
};

/* --- Building ----------------------------------------------------------------------------------------------------- */

static const char schema[] =
	"CREATE TABLE connections(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,"
	"	display_name TEXT, strategy TEXT NOT NULL, kind INT NOT NULL, show_as_button INT NOT NULL);"
	"CREATE TABLE application_connections(client_id TEXT, connection INT REFERENCES connections,"
	"	PRIMARY KEY(client_id, connection)) WITHOUT ROWID;"
	"CREATE TABLE enabled_connections(organization_id TEXT, connection INT REFERENCES connections, options INT NOT NULL,"
	"	PRIMARY KEY(organization_id, connection)) WITHOUT ROWID;"
	"CREATE TABLE memberships(organization_id TEXT, user_id TEXT, PRIMARY KEY(organization_id, user_id)) WITHOUT ROWID;"
	"CREATE INDEX memberships_by_user ON memberships(user_id, organization_id);"
	"CREATE TABLE generation(number INT);"
	"INSERT INTO generation VALUES(1);";

static void insert_connections(sqlite3 *db, const struct tenant *tenant)
{
	sqlite3_stmt *insert = sqlite_prepare(db, "INSERT INTO connections VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	for (uint32_t i = 0; i < tenant->connections; i++) {
		struct connection_fields fields = tenant_connection(i);
		sqlite3_bind_int64(insert, 1, i);
		sqlite_bind_view(insert, 2, fields.id, -1);
		sqlite_bind_view(insert, 3, fields.name, -1);
		sqlite_bind_view(insert, 4, fields.display_name, -1);
		sqlite_bind_view(insert, 5, fields.strategy, -1);
		sqlite3_bind_int(insert, 6, (int)fields.kind);
		sqlite3_bind_int(insert, 7, fields.show_as_button);
		sqlite_do(db, insert);
	}
	sqlite3_finalize(insert);
}

static void insert_applications(sqlite3 *db, const struct tenant *tenant)
{
	sqlite3_stmt *insert = sqlite_prepare(db, "INSERT INTO application_connections VALUES(?1, ?2)");
	for (uint32_t i = 0; i < TENANT_APPLICATIONS; i++) {
		struct client_id id = client_id(i);
		struct row row = application_row(tenant, i);
		for (uint32_t j = 0; j < row.count; j++) {
			sqlite_bind_view(insert, 1, id.text, CLIENT_ID_LENGTH);
			sqlite3_bind_int64(insert, 2, row.edges[j].connection);
			sqlite_do(db, insert);
		}
	}
	sqlite3_finalize(insert);
}

static void insert_organization(sqlite3 *db, sqlite3_stmt *insert, const struct tenant *tenant, uint64_t number)
{
	struct organization_id id = organization_id(number);
	struct row row = organization_row(tenant, number);
	for (uint32_t j = 0; j < row.count; j++) {
		sqlite_bind_view(insert, 1, id.text, ORGANIZATION_ID_LENGTH);
		sqlite3_bind_int64(insert, 2, row.edges[j].connection);
		sqlite3_bind_int64(insert, 3, row.edges[j].options);
		sqlite_do(db, insert);
	}
}

static void build(sqlite3 *db, const struct tenant *tenant)
{
	sqlite_durable(db, false);
	sqlite_run(db, schema);
	sqlite_run(db, "PRAGMA foreign_keys = OFF; BEGIN");
	insert_connections(db, tenant);
	insert_applications(db, tenant);
	sqlite3_stmt *insert = sqlite_prepare(db, "INSERT INTO enabled_connections VALUES(?1, ?2, ?3)");
	for (uint64_t i = 0; i < tenant->organizations; i++) {
		insert_organization(db, insert, tenant, i);
		if (i % ORGANIZATIONS_IN_TRANSACTION == ORGANIZATIONS_IN_TRANSACTION - 1)
			sqlite_run(db, "COMMIT; BEGIN");
	}
	sqlite3_finalize(insert);
	sqlite_run(db, "COMMIT; PRAGMA foreign_keys = ON; ANALYZE");
	sqlite_checkpoint(db);
	sqlite_durable(db, true);
}

static void *open_store(const struct tenant *tenant, const char *path)
{
	struct store *store = allocate(1, sizeof(*store));
	snprintf(store->path, sizeof(store->path), "%s", path);
	store->tenant = *tenant;
	sqlite3 *db = store->writer = sqlite_open(path);
	build(db, tenant);
	store->begin = sqlite_prepare(db, "BEGIN IMMEDIATE");
	store->commit = sqlite_prepare(db, "COMMIT");
	store->add_membership = sqlite_prepare(db, "INSERT INTO memberships VALUES(?1, ?2)");
	store->change = sqlite_prepare(db, "UPDATE connections SET display_name = ?2 WHERE number = ?1");
	store->count_up = sqlite_prepare(db, "UPDATE generation SET number = number + 1");
	return store;
}

static void close_store(void *context)
{
	struct store *store = context;
	sqlite3_stmt *all[] = { store->begin, store->commit, store->add_membership, store->change, store->count_up };
	for (size_t i = 0; i < COUNT_OF(all); i++)
		sqlite3_finalize(all[i]);
	sqlite3_close(store->writer);
	free(store);
}

/* --- Sessions ----------------------------------------------------------------------------------------------------- */

static const char join_statement[] =
	"SELECT c.id, c.name, c.display_name, c.strategy, c.kind, c.show_as_button, sum(e.source), max(e.options)"
	" FROM (SELECT connection, 1 AS source, 0 AS options FROM application_connections WHERE client_id = ?1"
	"	UNION ALL SELECT connection, 2, options FROM enabled_connections WHERE organization_id = ?2 AND options & 1) e"
	" JOIN connections c ON c.number = e.connection GROUP BY c.number ORDER BY c.number";

static const char application_statement[] = "SELECT connection, 0 FROM application_connections WHERE client_id = ?1";
static const char organization_statement[] =
	"SELECT connection, options FROM enabled_connections WHERE organization_id = ?2";

static void *open_session(void *context)
{
	const struct store *store = context;
	struct session *session = allocate(1, sizeof(*session));
	sqlite3 *db = session->db = sqlite_open(store->path);
	session->connections = store->tenant.connections;
	session->records = allocate(session->connections, sizeof(*session->records));
	session->begin = sqlite_prepare(db, "BEGIN");
	session->commit = sqlite_prepare(db, "COMMIT");
	session->join = sqlite_prepare(db, join_statement);
	session->application = sqlite_prepare(db, application_statement);
	session->organization = sqlite_prepare(db, organization_statement);
	session->generation = sqlite_prepare(db, "SELECT number FROM generation");
	session->read_connections =
		sqlite_prepare(db, "SELECT number, id, name, display_name, strategy, kind, show_as_button FROM connections");
	return session;
}

static void close_session(void *context)
{
	struct session *session = context;
	sqlite3_stmt *all[] = { session->begin, session->commit, session->join, session->application, session->organization,
		session->generation, session->read_connections };
	for (size_t i = 0; i < COUNT_OF(all); i++)
		sqlite3_finalize(all[i]);
	sqlite3_close(session->db);
	free(session->records);
	free(session);
}

/* A statement that has only one of the places does not take the other, which is no harm. */
static void ask(sqlite3_stmt *statement, const struct query *query)
{
	sqlite_bind_view(statement, 1, query->application.text, CLIENT_ID_LENGTH);
	sqlite_bind_view(statement, 2, query->organization.text, ORGANIZATION_ID_LENGTH);
}

/* --- The statement that most people would write ------------------------------------------------------------------- */

/* One row of the join. */
struct joined {
	const char *id, *name, *display_name, *strategy;
	size_t name_size;
	uint32_t kind, from, options;
	bool show_as_button, visible;
};

static inline const char *text_of(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static struct joined read_joined(sqlite3_stmt *statement)
{
	struct joined joined = {
		.id = text_of(statement, 0),
		.name = text_of(statement, 1),
		.display_name = text_of(statement, 2),
		.strategy = text_of(statement, 3),
		.name_size = (size_t)sqlite3_column_bytes(statement, 1),
		.kind = (uint32_t)sqlite3_column_int(statement, 4),
		.from = (uint32_t)sqlite3_column_int(statement, 6),
		.options = (uint32_t)sqlite3_column_int(statement, 7),
	};
	bool own = sqlite3_column_int(statement, 5) != 0;
	joined.show_as_button = joined.from & ORGDB_FROM_ORGANIZATION ? joined.options & EDGE_SHOW_AS_BUTTON : own;
	joined.visible = joined.kind != ORGDB_ENTERPRISE || joined.show_as_button;
	return joined;
}

static uint64_t join(void *context, const struct query *queries, size_t count)
{
	struct session *session = context;
	uint64_t sum = 0;
	if (count > 1) /* one statement is a snapshot by itself */
		sqlite_do(session->db, session->begin);
	for (size_t i = 0; i < count; i++) {
		ask(session->join, &queries[i]);
		while (sqlite_row(session->db, session->join)) {
			struct joined row = read_joined(session->join);
			sum += digest_entry(row.from, row.kind, row.visible, row.options >> EDGE_ACCESS_SHIFT,
				row.options & EDGE_ASSIGN_MEMBERSHIP, row.options & EDGE_SIGNUP, row.id[DIGEST_LETTER], row.name_size);
		}
		sqlite3_reset(session->join);
	}
	if (count > 1)
		sqlite_do(session->db, session->commit);
	return sum;
}

static void explain_join(void *context, const struct query *query, struct answer *answer)
{
	struct session *session = context;
	ask(session->join, query);
	while (sqlite_row(session->db, session->join)) {
		struct joined row = read_joined(session->join);
		struct answer_entry *entry = &answer->entries[answer->count++];
		snprintf(entry->id, sizeof(entry->id), "%s", row.id);
		snprintf(entry->name, sizeof(entry->name), "%s", row.name);
		snprintf(entry->display_name, sizeof(entry->display_name), "%s", row.display_name);
		snprintf(entry->strategy, sizeof(entry->strategy), "%s", row.strategy);
		entry->kind = row.kind;
		entry->from = row.from;
		entry->access = row.options >> EDGE_ACCESS_SHIFT;
		entry->visible = row.visible;
		entry->show_as_button = row.show_as_button;
		entry->assign_membership = row.options & EDGE_ASSIGN_MEMBERSHIP;
		entry->signup = row.options & EDGE_SIGNUP;
	}
	sqlite3_reset(session->join);
}

/* --- What SQLite can do with effort ------------------------------------------------------------------------------- */

static void read_connections(struct session *session)
{
	sqlite3_stmt *read = session->read_connections;
	while (sqlite_row(session->db, read)) {
		struct connection_fields fields = { .kind = (uint32_t)sqlite3_column_int(read, 5) };
		snprintf(fields.id, sizeof(fields.id), "%s", text_of(read, 1));
		snprintf(fields.name, sizeof(fields.name), "%s", text_of(read, 2));
		snprintf(fields.display_name, sizeof(fields.display_name), "%s", text_of(read, 3));
		fields.strategy = text_of(read, 4);
		fields.show_as_button = sqlite3_column_int(read, 6);
		session->records[sqlite3_column_int(read, 0)] = record_of(&fields);
	}
	sqlite3_reset(read);
}

/* To be called inside a snapshot: what is looked at here is of that snapshot, too. */
static void refresh(struct session *session)
{
	uint32_t version = 0;
	sqlite3_file_control(session->db, "main", SQLITE_FCNTL_DATA_VERSION, &version);
	if (version == session->data_version)
		return;
	session->data_version = version;
	if (!sqlite_row(session->db, session->generation))
		fail("SQLite: no generation");
	sqlite3_int64 generation = sqlite3_column_int64(session->generation, 0);
	sqlite3_reset(session->generation);
	if (generation == session->records_generation)
		return;
	session->records_generation = generation;
	read_connections(session);
}

static size_t read_edges(sqlite3 *db, sqlite3_stmt *statement, const struct query *query, struct edge *edges)
{
	size_t count = 0;
	ask(statement, query);
	while (sqlite_row(db, statement))
		edges[count++] =
			(struct edge){ (uint32_t)sqlite3_column_int(statement, 0), (uint32_t)sqlite3_column_int(statement, 1) };
	sqlite3_reset(statement);
	return count;
}

static size_t merge(struct session *session, const struct query *query, struct merged *merged)
{
	struct edge own[TENANT_APPLICATION_EDGES], enabled[TENANT_ORGANIZATION_EDGES];
	size_t own_count = read_edges(session->db, session->application, query, own);
	size_t enabled_count = read_edges(session->db, session->organization, query, enabled);
	refresh(session);
	size_t found = rows_merge(own, own_count, enabled, enabled_count, merged);
	for (size_t i = 0; i < found; i++)
		merged[i].record = &session->records[merged[i].connection];
	return found;
}

static uint64_t best(void *context, const struct query *queries, size_t count)
{
	struct session *session = context;
	struct merged merged[ANSWER_MAX];
	uint64_t sum = 0;
	sqlite_do(session->db, session->begin);
	for (size_t i = 0; i < count; i++) {
		size_t found = merge(session, &queries[i], merged);
		for (size_t j = 0; j < found; j++)
			sum += merged_digest(&merged[j]);
	}
	sqlite_do(session->db, session->commit);
	return sum;
}

static void explain_best(void *context, const struct query *query, struct answer *answer)
{
	struct session *session = context;
	struct merged merged[ANSWER_MAX];
	sqlite_do(session->db, session->begin);
	size_t found = merge(session, query, merged);
	for (size_t i = 0; i < found; i++)
		merged_explain(&merged[i], answer);
	sqlite_do(session->db, session->commit);
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static void add_memberships(void *context, uint64_t first, uint64_t count)
{
	struct store *store = context;
	sqlite_do(store->writer, store->begin);
	for (uint64_t i = first; i < first + count; i++) {
		struct new_membership membership = new_membership(&store->tenant, i);
		struct organization_id organization = organization_id(membership.organization);
		struct user_id user = user_id(membership.user);
		sqlite_bind_view(store->add_membership, 1, organization.text, ORGANIZATION_ID_LENGTH);
		sqlite_bind_view(store->add_membership, 2, user.text, USER_ID_LENGTH);
		sqlite_do(store->writer, store->add_membership);
	}
	sqlite_do(store->writer, store->commit);
}

static void change_connection(void *context, uint32_t number, uint32_t version)
{
	struct store *store = context;
	struct display_name name = changed_name(number, version);
	sqlite_do(store->writer, store->begin);
	sqlite3_bind_int64(store->change, 1, number);
	sqlite_bind_view(store->change, 2, name.text, -1);
	sqlite_do(store->writer, store->change);
	sqlite_do(store->writer, store->count_up);
	sqlite_do(store->writer, store->commit);
}

const struct peer peer_sqlite_join = { "sqlite_join", true, open_store, close_store, "peer.sqlite", false, open_session,
	close_session, join, explain_join, add_memberships, change_connection };

const struct peer peer_sqlite_best = { "sqlite_best", true, open_store, close_store, "peer.sqlite", false, open_session,
	close_session, best, explain_best, add_memberships, change_connection };
