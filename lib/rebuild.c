/*
 * Salvage, the second step: what the rows mean, created anew by the ordinary calls.
 *
 * It goes table by table: first every kind of entity, then the edges from both of their sides. What an edge joins it joins by
 * ordinals, which the rows resolve to ids; in the new store everything gets an ordinal of its own, in the same order.
 *
 * The new store is written in parts, each of which may have to run again. So what a part has done is counted aside until it is
 * committed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <stdio.h>

#include "attributes.h"
#include "edges.h"
#include "enabled_connection.h"
#include "index.h"
#include "owned.h"
#include "salvage.h"

enum { PART = 5000, ENDS_MAX = 3 };

/* How far a part has come. */
struct progress {
	size_t pass;
	struct text_key after; /* The last row of the pass that was done; empty: none. */
	uint64_t saved[ORGDB_KINDS + 1], unkept[ORGDB_KINDS + 1];
	uint64_t problems;
};

enum { MEMBER_ROLES = ORGDB_KINDS }; /* Where those are counted. */

struct rebuild {
	struct salvage *salvage;
	orgdb_txn *rows;
	orgdb_txn *txn; /* Of the new store. */
	struct progress now, done;
	unsigned changes; /* In this part. */
	int failed;       /* A look at the rows: what it did not find may be there. */
};

/* One side of a relation: a table of sets, and which of an edge's ends are the owner and which the ordinal. */
struct side {
	enum kv_table table;
	uint8_t owner[2];
	uint8_t ordinal;
};

struct relation {
	uint32_t kind; /* Or MEMBER_ROLES. */
	enum edge_kind counted;
	uint32_t ends[ENDS_MAX];
	size_t end_count;
	struct side sides[2];
};

enum { OFFERS, MEMBERSHIPS, ROLES, PLACES, ENABLED };

static const struct relation relations[] = {
	[OFFERS] = { ORGDB_KIND_APPLICATION_CONNECTION, EDGE_APPLICATION_CONNECTION,
		{ ORGDB_KIND_APPLICATION, ORGDB_KIND_CONNECTION }, 2,
		{ { TABLE_CONNECTIONS_OF_APPLICATION, { 0 }, 1 }, { TABLE_APPLICATIONS_OF_CONNECTION, { 1 }, 0 } } },
	[MEMBERSHIPS] = { ORGDB_KIND_MEMBERSHIP, EDGE_MEMBERSHIP, { ORGDB_KIND_ORGANIZATION, ORGDB_KIND_USER }, 2,
		{ { TABLE_MEMBERS_OF_ORGANIZATION, { 0 }, 1 }, { TABLE_ORGANIZATIONS_OF_USER, { 1 }, 0 } } },
	[ROLES] = { MEMBER_ROLES, EDGE_MEMBER_ROLE, { ORGDB_KIND_ORGANIZATION, ORGDB_KIND_USER, ORGDB_KIND_ROLE }, 3,
		{ { TABLE_ROLES_OF_MEMBER, { 0, 1 }, 2 }, { TABLE_MEMBERS_OF_ROLE, { 2, 0 }, 1 } } },
	[PLACES] = { ORGDB_KIND_ORGANIZATION_APPLICATION, EDGE_ORGANIZATION_APPLICATION,
		{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_APPLICATION }, 2,
		{ { TABLE_APPLICATIONS_OF_ORGANIZATION, { 0 }, 1 }, { TABLE_ORGANIZATIONS_OF_APPLICATION, { 1 }, 0 } } },
	/* Its first side is the hot row, which has more to say than that there is an edge. */
	[ENABLED] = { ORGDB_KIND_ENABLED_CONNECTION, EDGE_ENABLED_CONNECTION,
		{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_CONNECTION }, 2,
		{ { TABLE_ORGANIZATION_LOGIN, { 0 }, 1 }, { TABLE_ORGANIZATIONS_OF_CONNECTION, { 1 }, 0 } } },
};

enum { RELATIONS = sizeof(relations) / sizeof(relations[0]) };

_Static_assert((int)RELATIONS == (int)EDGE_KINDS, "every edge is of a relation");

/* ---- What is lost ------------------------------------------------------------------------------------------------ */

/* Say what cannot be kept. A part that runs again must not say it again. */
static void unkept(struct rebuild *rebuild, uint32_t what, uint64_t count, enum kv_table table, const char *format, ...)
	PRINTF_LIKE(5, 6);

static void unkept(struct rebuild *rebuild, uint32_t what, uint64_t count, enum kv_table table, const char *format, ...)
{
	char message[400];
	va_list arguments;
	if (orgdb_last_error()->code == ORGDB_NO_MEMORY)
		rebuild->failed = ORGDB_NO_MEMORY;
	rebuild->now.unkept[what] += count;
	if (rebuild->now.problems++ < rebuild->salvage->report->problems)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	orgdb__salvage_problem(rebuild->salvage, orgdb__kv_table_name(table), "%s", message);
}

/* For "%llu". */
static unsigned long long number(uint64_t value)
{
	return value;
}

/* Count what was created, or say why it could not be; only a failure of the new store ends the work. */
static int settle(struct rebuild *rebuild, int rc, uint32_t what, enum kv_table table)
{
	switch (rc) {
	case 0:
		rebuild->now.saved[what]++;
		rebuild->changes++;
		return 0;
	case ORGDB_NOT_FOUND:
	case ORGDB_EXISTS:
	case ORGDB_INVALID:
	case ORGDB_TOO_LARGE:
		unkept(rebuild, what, 1, table, "%s", orgdb_last_error()->message);
		return 0;
	default:
		return rc;
	}
}

/* ---- Looking at the rows ----------------------------------------------------------------------------------------- */

static bool is_there(struct rebuild *rebuild, int rc)
{
	if (rc != 0 && rc != ORGDB_NOT_FOUND)
		rebuild->failed = rc;
	return rc == 0;
}

static bool find_row(struct rebuild *rebuild, enum kv_table table, struct bytes key, struct bytes *value)
{
	return is_there(rebuild, orgdb__kv_get(rebuild->rows->kv, table, key, value));
}

static bool has_half(struct rebuild *rebuild, const struct half *half)
{
	return is_there(rebuild, orgdb__set_contains(rebuild->rows, half));
}

/* ---- Entities ---------------------------------------------------------------------------------------------------- */

/* Under its id the index has this ordinal; or it has lost rows, of which that may be one. */
static bool is_indexed(struct rebuild *rebuild, const struct kind *kind, const union entity *entity)
{
	const struct index *index = &kind->indexes[0];
	struct text_key key;
	struct bytes value;
	struct packed row;
	key_of_text(&key, *member_text(entity, kind->id));
	if (!find_row(rebuild, index->table, text_key_bytes(&key), &value) || !packed_view(value, &row))
		return !orgdb__salvage_is_whole(rebuild->salvage, orgdb__kv_place_of(index->table));
	for (size_t i = 0; i < row.count; i++)
		if (packed_at(row, i) == entity->head.ordinal)
			return true;
	return false;
}

/* Find the entity with an ordinal, if it is one that is kept. */
static bool find_entity(struct rebuild *rebuild, uint32_t kind, uint64_t ordinal, union entity *entity)
{
	const struct kind *k = orgdb__kind(kind);
	struct key key = key_of_number(ordinal);
	struct bytes record;
	if (!find_row(rebuild, k->records, key_bytes(&key), &record) || !orgdb__schema_decode(&k->schema, record, entity))
		return false;
	entity->head.ordinal = ordinal;
	return is_indexed(rebuild, k, entity);
}

static bool is_complete_set(struct rebuild *rebuild, const struct half *half);

/* Its owner's set has it, too; or may have lost it. */
static bool is_owned_rightly(struct rebuild *rebuild, const struct kind *kind, const union entity *entity)
{
	uint64_t owner;
	if (!is_there(rebuild, orgdb__owned_owner(rebuild->rows, kind, entity, &owner)) || owner == 0)
		return true; /* Creating it will tell. */
	struct half half = orgdb__owned_half(kind, owner, entity->head.ordinal);
	return has_half(rebuild, &half) || !is_complete_set(rebuild, &half);
}

static int rebuild_entity(struct rebuild *rebuild, const struct kind *kind, struct bytes key)
{
	union entity entity;
	uint64_t ordinal = 0;
	key_take_number(&key, &ordinal);
	if (find_entity(rebuild, kind->schema.kind, ordinal, &entity) && is_owned_rightly(rebuild, kind, &entity))
		return settle(rebuild, orgdb_entity_create(rebuild->txn, kind->schema.kind, &entity, NULL), kind->schema.kind,
			kind->records);
	/* Counted as that other one, or as a row that nothing came of. */
	unkept(rebuild, kind->schema.kind, 0, kind->records, "%s %llu says that it is another", kind->schema.name,
		number(ordinal));
	return 0;
}

/* Ids whose records are not there, or are another's. */
static int name_lost(struct rebuild *rebuild, const struct kind *kind, struct bytes key, struct bytes value)
{
	struct packed row = { 0 };
	orgdb_str id = { (const char *)key.data, key.size };
	packed_view(value, &row);
	for (size_t i = 0; i < row.count; i++) {
		union entity entity;
		struct text_key own = { 0 };
		if (find_entity(rebuild, kind->schema.kind, packed_at(row, i), &entity))
			key_of_text(&own, *member_text(&entity, kind->id));
		if (own.size != key.size || memcmp(own.data, key.data, key.size) != 0)
			unkept(rebuild, kind->schema.kind, 1, kind->records, "%s \"%.*s\" is lost", kind->schema.name, EXCERPT(id));
	}
	return 0;
}

/* ---- Edges ------------------------------------------------------------------------------------------------------- */

static struct half half_of(const struct side *side, const uint64_t ends[ENDS_MAX])
{
	struct half half = { .table = side->table, .owner = key_of_number(ends[side->owner[0]]) };
	if (orgdb__owner_numbers(side->table) == 2)
		key_append_number(&half.owner, ends[side->owner[1]]);
	half.ordinal = ends[side->ordinal];
	return half;
}

/* Does the owner's set say that it lacks nothing? Its last chunk counts the others. */
static bool is_complete_set(struct rebuild *rebuild, const struct half *half)
{
	struct kv_cursor *cursor;
	struct bytes key, value;
	struct chunk chunk;
	uint64_t before = 0;
	bool any = false, complete = false;
	int rc = orgdb__kv_cursor_open(rebuild->rows->kv, half->table, &cursor);
	if (!is_there(rebuild, rc))
		return true;
	rc = orgdb__kv_cursor_seek(cursor, key_bytes(&half->owner), &key, &value);
	for (; rc == 0 && key_has_prefix(key, key_bytes(&half->owner)); any = true) {
		if (!orgdb__chunk_read(key, value, orgdb__owner_numbers(half->table), &chunk))
			break;
		complete = chunk.last && chunk.before == before;
		before += chunk.count;
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	}
	orgdb__kv_cursor_close(cursor);
	return any ? complete : orgdb__salvage_is_whole(rebuild->salvage, orgdb__kv_place_of(half->table));
}

/* An edge that only one side knows counts if the other may have lost it. */
static bool is_believed(struct rebuild *rebuild, const struct side *other, const uint64_t ends[ENDS_MAX])
{
	struct half half = half_of(other, ends);
	return has_half(rebuild, &half) || !is_complete_set(rebuild, &half);
}

/* An edge's ends by their ids, NUL-terminated. */
struct named {
	char ids[ENDS_MAX][4 * ORGDB_ID_LENGTH_MAX + 1];
};

static bool name_ends(
	struct rebuild *rebuild, const struct relation *relation, const uint64_t ends[ENDS_MAX], struct named *named)
{
	for (size_t i = 0; i < relation->end_count; i++) {
		union entity entity;
		if (!find_entity(rebuild, relation->ends[i], ends[i], &entity))
			return false;
		const orgdb_str *id = member_text(&entity, orgdb__kind(relation->ends[i])->id);
		if (id->size >= sizeof(named->ids[i]))
			return false;
		memcpy(named->ids[i], id->data, id->size);
		named->ids[i][id->size] = '\0';
	}
	return true;
}

static int create_edge(
	struct rebuild *rebuild, const struct relation *relation, const uint64_t ends[ENDS_MAX], const struct named *named)
{
	const char *first = named->ids[0], *second = named->ids[1];
	union edge_object object = { 0 };
	if (relation->kind == MEMBER_ROLES)
		return orgdb_member_role_assign(rebuild->txn, first, second, named->ids[2]);
	struct key key = key_of_pair(ends[0], ends[1]);
	int rc = orgdb__attributes_read(rebuild->rows, orgdb__kind(relation->kind), &key, &object);
	if (rc != 0)
		return rc;
	switch (relation->kind) {
	case ORGDB_KIND_MEMBERSHIP:
		return orgdb_membership_add(rebuild->txn, first, second, &object.membership);
	case ORGDB_KIND_ORGANIZATION_APPLICATION:
		return orgdb_organization_application_add(rebuild->txn, first, second, &object.organization_application);
	default:
		return orgdb_application_connection_enable(rebuild->txn, first, second, &object.application_connection);
	}
}

/* Why edges of a chunk are not kept, and how many for each reason. */
enum { IS_CONTRADICTED, IS_DANGLING, REASONS };

static int rebuild_edge(struct rebuild *rebuild, const struct relation *relation, int side,
	const uint64_t ends[ENDS_MAX], unsigned left_out[REASONS])
{
	struct named named;
	struct half first = half_of(&relation->sides[0], ends);
	if (side == 1 && has_half(rebuild, &first))
		return 0; /* Is done already. */
	if (!is_believed(rebuild, &relation->sides[1 - side], ends)) {
		left_out[IS_CONTRADICTED]++;
		return 0;
	}
	if (!name_ends(rebuild, relation, ends, &named)) {
		left_out[IS_DANGLING]++;
		return 0;
	}
	return settle(rebuild, create_edge(rebuild, relation, ends, &named), relation->kind, relation->sides[side].table);
}

static void tell_unkept(struct rebuild *rebuild, const struct relation *relation, const struct side *side,
	uint64_t owner, const unsigned left_out[REASONS])
{
	static const char *const reasons[REASONS] = { "only one of their ends knows of them", "what they join is lost" };
	for (int i = 0; i < REASONS; i++)
		if (left_out[i] > 0)
			unkept(rebuild, relation->kind, left_out[i], side->table, "%u edges of owner %llu: %s", left_out[i],
				number(owner), reasons[i]);
}

static int rebuild_set(
	struct rebuild *rebuild, const struct relation *relation, int which, struct bytes key, struct bytes value)
{
	const struct side *side = &relation->sides[which];
	struct chunk chunk;
	uint64_t owner[2], ends[ENDS_MAX] = { 0 };
	unsigned left_out[REASONS] = { 0 };
	size_t owner_numbers = orgdb__owner_numbers(side->table);
	int rc = 0;
	if (!orgdb__chunk_read(key, value, owner_numbers, &chunk))
		return 0;
	orgdb__chunk_owner(&chunk, owner);
	for (size_t i = 0; i < owner_numbers; i++)
		ends[side->owner[i]] = owner[i];
	for (size_t i = 0; i < chunk.count && rc == 0; i++) {
		ends[side->ordinal] = chunk.ordinals[i];
		rc = rebuild_edge(rebuild, relation, which, ends, left_out);
	}
	tell_unkept(rebuild, relation, side, owner[0], left_out);
	return rc;
}

/* ---- Hot rows ---------------------------------------------------------------------------------------------------- */

/* Its options are known only as a whole: without the rest of them it may be enabled for whom it should not. */
static bool has_its_record(struct rebuild *rebuild, const struct login *login, struct login_entry entry)
{
	struct key key = key_of_pair(login->organization, entry.connection);
	struct bytes record;
	return !(entry.options & LOGIN_HAS_RECORD) ||
		find_row(rebuild, TABLE_ENABLED_CONNECTIONS, key_bytes(&key), &record);
}

static int rebuild_enabled(struct rebuild *rebuild, const struct login *login, uint32_t at)
{
	const struct relation *relation = &relations[ENABLED];
	struct login_entry entry = login_at(login, at);
	uint64_t ends[ENDS_MAX] = { login->organization, entry.connection };
	orgdb_enabled_connection edge;
	struct named named;
	if (!name_ends(rebuild, relation, ends, &named) || memcmp(named.ids[0] + 4, login->id, 16) != 0 ||
		!has_its_record(rebuild, login, entry) || !is_believed(rebuild, &relation->sides[1], ends)) {
		unkept(rebuild, relation->kind, 1, TABLE_ORGANIZATION_LOGIN,
			"enabled connection of org_%.16s and connection %u: part of what it takes is lost", (const char *)login->id,
			entry.connection);
		return 0;
	}
	int rc = orgdb__enabled_connection_read(rebuild->rows, login, at, &edge);
	if (rc == 0)
		rc = orgdb_enabled_connection_create(rebuild->txn, named.ids[0], named.ids[1], &edge);
	return settle(rebuild, rc, relation->kind, TABLE_ORGANIZATION_LOGIN);
}

static int rebuild_login(struct rebuild *rebuild, struct bytes entry)
{
	struct login login;
	int rc = 0;
	while (rc == 0 && entry.size > 0 && orgdb__login_take(&entry, &login))
		for (uint32_t i = 0; i < login.count && rc == 0; i++)
			rc = rebuild_enabled(rebuild, &login, i);
	return rc;
}

/* ---- Passes ------------------------------------------------------------------------------------------------------ */

/* A table, and what becomes of its rows. */
struct pass {
	enum kv_table table;
	const struct kind *kind;         /* Of its entities or ids; or NULL. */
	const struct relation *relation; /* Of its sets; or NULL. */
	int side;
};

enum { SET_RELATIONS = ENABLED, PASSES = 2 * ORGDB_ENTITY_KINDS + 2 * SET_RELATIONS + 1 };

/* Owners come before what they own. `i` is one of as many as there are kinds. */
static const struct kind *entity_kind_at(size_t i)
{
	bool owned = false;
	for (uint32_t kind = 0;; kind++) {
		if (kind == ORGDB_ENTITY_KINDS) {
			owned = true;
			kind = 0;
		}
		if ((orgdb__kind(kind)->owner != NULL) == owned && i-- == 0)
			return orgdb__kind(kind);
	}
}

/* Entities, lost ones, hot rows, sets. */
static struct pass pass_at(size_t i)
{
	if (i < ORGDB_ENTITY_KINDS)
		return (struct pass){ entity_kind_at(i)->records, entity_kind_at(i), NULL, 0 };
	i -= ORGDB_ENTITY_KINDS;
	if (i < ORGDB_ENTITY_KINDS)
		return (struct pass){ entity_kind_at(i)->indexes[0].table, entity_kind_at(i), NULL, 1 };
	i -= ORGDB_ENTITY_KINDS;
	if (i == 0)
		return (struct pass){ TABLE_ORGANIZATION_LOGIN, NULL, NULL, 0 };
	const struct relation *relation = &relations[(i - 1) / 2];
	int side = (int)((i - 1) % 2);
	return (struct pass){ relation->sides[side].table, NULL, relation, side };
}

static int rebuild_row(struct rebuild *rebuild, const struct pass *pass, struct bytes key, struct bytes value)
{
	if (pass->relation)
		return rebuild_set(rebuild, pass->relation, pass->side, key, value);
	if (!pass->kind)
		return rebuild_login(rebuild, value);
	return pass->side == 0 ? rebuild_entity(rebuild, pass->kind, key) : name_lost(rebuild, pass->kind, key, value);
}

/* Go on behind the last row that was done, until the pass or the part is. */
static int run_pass(struct rebuild *rebuild, const struct pass *pass, struct kv_cursor *cursor)
{
	struct bytes key, value;
	struct text_key *after = &rebuild->now.after;
	int rc = orgdb__kv_cursor_seek(cursor, text_key_bytes(after), &key, &value);
	if (rc == 0 && after->size > 0)
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	while (rc == 0 && rebuild->changes < PART) {
		rc = rebuild_row(rebuild, pass, key, value);
		if (rc == 0 && rebuild->failed != 0)
			rc = orgdb__fail(rebuild->failed, "", "%s: what was found cannot be looked at", rebuild->salvage->path);
		if (rc != 0)
			return rc;
		memcpy(after->data, key.data, key.size);
		after->size = key.size;
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	}
	if (rc == ORGDB_NOT_FOUND) {
		rebuild->now.pass++;
		after->size = 0;
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

static int run_part(orgdb_txn *txn, void *context)
{
	struct rebuild *rebuild = context;
	int rc = 0;
	rebuild->txn = txn;
	rebuild->now = rebuild->done;
	rebuild->changes = 0;
	while (rc == 0 && rebuild->now.pass < PASSES && rebuild->changes < PART) {
		struct pass pass = pass_at(rebuild->now.pass);
		struct kv_cursor *cursor;
		rc = orgdb__kv_cursor_open(rebuild->rows->kv, pass.table, &cursor);
		if (rc != 0)
			return rc;
		rc = run_pass(rebuild, &pass, cursor);
		orgdb__kv_cursor_close(cursor);
	}
	return rc;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

/* What was counted or is known to have been there, less what is there now. */
static uint64_t count_lost(const struct rebuild *rebuild, uint32_t what, uint64_t expected, bool known)
{
	if (!known)
		rebuild->salvage->report->uncounted |= UINT32_C(1) << what;
	uint64_t saved = rebuild->done.saved[what], lost = rebuild->done.unkept[what];
	return known && expected > saved && expected - saved > lost ? expected - saved : lost;
}

static uint64_t lost_entities(const struct rebuild *rebuild, uint32_t kind)
{
	uint64_t expected = rebuild->salvage->expected[orgdb__kv_place_of(orgdb__kind(kind)->records)];
	return count_lost(rebuild, kind, expected, expected != UINT64_MAX);
}

static uint64_t lost_edges(const struct rebuild *rebuild, const struct relation *relation)
{
	const struct salvage *salvage = rebuild->salvage;
	return count_lost(rebuild, relation->kind, salvage->counters.edges[relation->counted], salvage->counted);
}

/* Fields that orgdb does not know show nowhere else. */
static void tell_missing_rows(struct salvage *salvage)
{
	for (int place = PLACE_META + 1; place < KV_PLACE_COUNT; place++) {
		uint64_t expected = salvage->expected[place], found = salvage->found[place];
		if (expected != UINT64_MAX && found < expected)
			orgdb__salvage_problem(salvage, orgdb__kv_place_name((enum kv_place)place), "%llu of %llu rows are missing",
				number(expected - found), number(expected));
	}
}

/* Returns whether nothing is lost. */
static bool sum_up(const struct rebuild *rebuild)
{
	struct salvage *salvage = rebuild->salvage;
	orgdb_salvage_report *report = salvage->report;
	bool whole = salvage->refused == 0 && !salvage->may_be_older && !salvage->took_doubtful;
	for (int place = PLACE_META + 1; place < KV_PLACE_COUNT; place++)
		whole &= orgdb__salvage_is_whole(salvage, (enum kv_place)place);
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++) {
		report->saved[kind] = rebuild->done.saved[kind];
		if (kind < ORGDB_ENTITY_KINDS) {
			report->lost[kind] = lost_entities(rebuild, kind);
			whole &= report->lost[kind] == 0;
		}
	}
	for (int i = 0; i < RELATIONS; i++) {
		uint64_t lost = lost_edges(rebuild, &relations[i]);
		if (relations[i].kind == MEMBER_ROLES)
			report->member_roles_lost = lost;
		else
			report->lost[relations[i].kind] = lost;
		whole &= lost == 0;
	}
	report->member_roles_saved = rebuild->done.saved[MEMBER_ROLES];
	return whole;
}

static int run_parts(struct rebuild *rebuild, orgdb *db)
{
	int rc = 0;
	while (rc == 0 && rebuild->done.pass < PASSES) {
		rc = orgdb_write(db, run_part, rebuild);
		if (rc == 0)
			rebuild->done = rebuild->now;
	}
	return rc;
}

static bool is_anything_saved(const struct rebuild *rebuild)
{
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		if (rebuild->done.saved[kind] > 0)
			return true;
	return false;
}

int orgdb__rebuild(struct salvage *salvage, const char *path, bool *whole)
{
	struct rebuild rebuild = { .salvage = salvage };
	orgdb_options options = ORGDB_OPTIONS_INIT;
	orgdb *db;
	options.row_cache_size = 0;
	rebuild.done.problems = salvage->report->problems;
	int rc = orgdb_open(path, &options, &db);
	if (rc != 0)
		return rc;
	orgdb__fail(ORGDB_OK, "", "nothing has failed yet"); /* For unkept(). */
	rc = orgdb_begin_read(salvage->rows, &rebuild.rows);
	if (rc == 0) {
		rc = run_parts(&rebuild, db);
		orgdb_end(rebuild.rows);
	}
	orgdb_close(db);
	if (rc != 0)
		return rc;
	tell_missing_rows(salvage);
	*whole = sum_up(&rebuild);
	if (!*whole && !is_anything_saved(&rebuild))
		return orgdb__fail(ORGDB_NOT_FOUND, "", "%s: nothing in it can be salvaged", salvage->path);
	return 0;
}
