/*
 * The checker: walks every table and proves every invariant.
 *
 * First of all come the pages, which LMDB trusts; only where they are sound is anything asked of it.
 *
 * Each table has its own walk; what a walk cannot see from its side, the walk of the mirror table sees from the other. So
 * every owner of a set is looked up where it is an owner, and every ordinal in a set by finding its mirror half.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>

#include "attributes.h"
#include "edges.h"
#include "enabled_connection.h"
#include "entity.h"
#include "error.h"
#include "generations.h"
#include "index.h"
#include "invitation.h"
#include "log.h"
#include "owned.h"
#include "references.h"

enum { PROGRESS_EVERY = 16384, VERIFY_TRIES = 100 };

struct checker {
	orgdb_txn *txn;
	orgdb_check_report *report;
	struct counters counters;
	uint64_t total;                  /* Entries in all tables. */
	uint64_t walked[KV_PLACE_COUNT]; /* Of them, those seen. */
	uint64_t edges[EDGE_KINDS];      /* As found in forward halves. */
	uint64_t login_rows;
	enum kv_table table; /* The one being walked. */
	bool no_memory;      /* Something could not be judged. */
	/* Of the set whose chunks are being walked: */
	struct key owner;
	uint64_t in_chunks;
	uint64_t largest;
	bool ended;
};

static void problem(struct checker *checker, const char *format, ...) PRINTF_LIKE(2, 3);

static void problem(struct checker *checker, const char *format, ...)
{
	char message[400];
	va_list arguments;
	/* What memory did not suffice to judge is no problem of the store's. */
	if (orgdb_last_error()->code == ORGDB_NO_MEMORY) {
		checker->no_memory = true;
		return;
	}
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	checker->report->problems++;
	if (checker->report->problem) {
		orgdb_problem found = { orgdb__kv_table_name(checker->table), message };
		checker->report->problem(checker->report->context, &found);
	}
}

/* For "%llu". */
static unsigned long long number(uint64_t value)
{
	return value;
}

static bool exists(struct checker *checker, uint32_t kind, uint64_t ordinal)
{
	struct key key = key_of_number(ordinal);
	struct bytes record;
	return orgdb__kv_get(checker->txn->kv, orgdb__kind(kind)->records, key_bytes(&key), &record) == 0;
}

/* ---- Entities and indexes ---------------------------------------------------------------------------------------- */

/* What encodes differently from how it is stored was not written by orgdb. */
static bool is_canonical(struct checker *checker, const orgdb_schema *schema, const void *object, struct bytes record)
{
	struct buffer *scratch = &checker->txn->scratch;
	scratch->size = 0;
	return orgdb__schema_encode(schema, object, ((const struct head *)object)->fields, scratch) == 0 &&
		scratch->size == record.size && memcmp(scratch->data, record.data, record.size) == 0;
}

static void check_indexed(struct checker *checker, const struct kind *kind, const union entity *entity)
{
	for (size_t i = 0; i < kind->index_count; i++) {
		struct index_keys keys;
		size_t count = kind->indexes[i].keys(entity, &keys);
		for (size_t k = 0; k < count; k++) {
			uint64_t found = 0;
			int rc = orgdb__index_find(checker->txn, kind, &kind->indexes[i], keys.text[k], &found);
			orgdb_str shown = text_to_show(kind->indexes[i].field, keys.text[k]);
			if (rc != 0 || found != entity->head.ordinal)
				problem(checker, "%s %llu is not in %s under \"%.*s\"", kind->schema.name, number(entity->head.ordinal),
					orgdb__kv_table_name(kind->indexes[i].table), EXCERPT(shown));
		}
	}
}

/* Is it among what its owner owns? */
static void check_owned(struct checker *checker, const struct kind *kind, const union entity *entity)
{
	uint64_t owner;
	if (orgdb__owned_owner(checker->txn, kind, entity, &owner) != 0) {
		problem(checker, "%s %llu: %s", kind->schema.name, number(entity->head.ordinal), orgdb_last_error()->message);
		return;
	}
	struct half half = orgdb__owned_half(kind, owner, entity->head.ordinal);
	if (owner != 0 && orgdb__set_contains(checker->txn, &half) != 0)
		problem(checker, "%s %llu is not in %s of its owner", kind->schema.name, number(entity->head.ordinal),
			orgdb__kv_table_name(kind->owned));
}

/* All that an entity refers to must be there and know of it. */
static void check_references(struct checker *checker, const struct kind *kind, const union entity *entity)
{
	for (size_t r = 0; r < kind->reference_count; r++) {
		const struct reference *reference = &kind->references[r];
		orgdb_str ids[REFERRED_MAX];
		size_t count = orgdb__reference_ids(reference, entity, ids);
		for (size_t i = 0; i < count; i++) {
			uint64_t referred = 0;
			int rc = orgdb__entity_find_text(checker->txn, reference->kind, ids[i], &referred);
			struct half half = orgdb__reference_half(reference, referred, entity->head.ordinal);
			if (rc == 0)
				rc = orgdb__set_contains(checker->txn, &half);
			if (rc != 0)
				problem(checker, "%s %llu is not in %s of \"%.*s\"", kind->schema.name, number(entity->head.ordinal),
					orgdb__kv_table_name(reference->reverse), EXCERPT(ids[i]));
		}
	}
}

static void check_invitation(struct checker *checker, const orgdb_invitation *invitation)
{
	struct key key;
	struct bytes value;
	if (orgdb__invitation_judge(checker->txn, invitation, false) != 0)
		problem(checker, "invitation %llu is invalid: %s", number(invitation->ordinal), orgdb_last_error()->message);
	else if (orgdb__invitation_expiry(invitation, &key) &&
		orgdb__kv_get(checker->txn->kv, TABLE_INVITATION_EXPIRIES, key_bytes(&key), &value) != 0)
		problem(checker, "invitation %llu is not in %s", number(invitation->ordinal),
			orgdb__kv_table_name(TABLE_INVITATION_EXPIRIES));
}

/* What goes with an entity that is valid by itself. */
static void check_surroundings(struct checker *checker, const struct kind *kind, const union entity *entity)
{
	check_indexed(checker, kind, entity);
	check_owned(checker, kind, entity);
	check_references(checker, kind, entity);
	if (kind->schema.kind == ORGDB_KIND_INVITATION)
		check_invitation(checker, &entity->invitation);
}

static void check_entity(struct checker *checker, struct bytes key, struct bytes record, const struct kind *kind)
{
	union entity entity;
	uint64_t ordinal;
	if (!key_take_number(&key, &ordinal) || key.size > 0) {
		problem(checker, "a key is no ordinal");
		return;
	}
	if (ordinal == 0 || ordinal >= checker->counters.next_ordinal[kind->schema.kind])
		problem(checker, "%s %llu has an ordinal that was not given out yet", kind->schema.name, number(ordinal));
	if (!orgdb__schema_decode(&kind->schema, record, &entity)) {
		problem(checker, "%s %llu does not decode", kind->schema.name, number(ordinal));
		return;
	}
	entity.head.ordinal = ordinal;
	if (orgdb__schema_validate(&kind->schema, &entity) != 0)
		problem(checker, "%s %llu is invalid: %s", kind->schema.name, number(ordinal), orgdb_last_error()->message);
	else if (!is_canonical(checker, &kind->schema, &entity, record))
		problem(checker, "%s %llu is not encoded as orgdb encodes", kind->schema.name, number(ordinal));
	else
		check_surroundings(checker, kind, &entity);
}

static bool stands_under(const struct index *index, const union entity *entity, struct bytes key)
{
	struct index_keys keys;
	size_t count = index->keys(entity, &keys);
	for (size_t i = 0; i < count; i++) {
		struct text_key expected;
		orgdb__index_key(index, keys.text[i], &expected);
		if (expected.size == key.size && memcmp(expected.data, key.data, key.size) == 0)
			return true;
	}
	return false;
}

static void check_index_row(
	struct checker *checker, struct bytes key, struct bytes value, const struct kind *kind, const struct index *index)
{
	struct packed row;
	bool is_hash = key.size == KEY_SIZE_MAX || (index->field->flags & ORGDB_FIELD_SECRET);
	orgdb_str name = text_to_show(index->field, (orgdb_str){ (const char *)key.data, key.size });
	if (!packed_view(value, &row) || (row.count > 1 && !is_hash)) {
		problem(checker, "the row of \"%.*s\" is damaged", EXCERPT(name));
		return;
	}
	for (size_t i = 0; i < row.count; i++) {
		union entity entity;
		uint64_t ordinal = packed_at(row, i);
		if (!exists(checker, kind->schema.kind, ordinal))
			problem(checker, "\"%.*s\" points to %s %llu, which does not exist", EXCERPT(name), kind->schema.name,
				number(ordinal));
		else if (orgdb__entity_load(checker->txn, kind, ordinal, &entity) == 0 && !stands_under(index, &entity, key))
			problem(checker, "\"%.*s\" points to %s %llu, which has another %s", EXCERPT(name), kind->schema.name,
				number(ordinal), index->field->name);
	}
}

static void check_expiry(struct checker *checker, struct bytes key, struct bytes value)
{
	union entity entity;
	struct key expected;
	struct bytes rest = key;
	uint64_t expires, ordinal;
	if (!key_take_number(&rest, &expires) || !key_take_number(&rest, &ordinal) || rest.size > 0 || value.size > 0)
		problem(checker, "a row is damaged");
	else if (!exists(checker, ORGDB_KIND_INVITATION, ordinal))
		problem(checker, "invitation %llu, which does not exist, expires", number(ordinal));
	else if (orgdb__entity_load(checker->txn, orgdb__kind(ORGDB_KIND_INVITATION), ordinal, &entity) == 0 &&
		(!orgdb__invitation_expiry(&entity.invitation, &expected) || expected.size != key.size ||
			memcmp(expected.data, key.data, key.size) != 0))
		problem(checker, "invitation %llu expires at another time than it says", number(ordinal));
}

/* ---- Sets -------------------------------------------------------------------------------------------------------- */

/* A table of sets: who owns them, and which count of edges the forward ones add up to. */
struct set_table {
	enum kv_table table;
	uint32_t owner_kinds[2];
	size_t owner_numbers;
	int edge_kind;            /* Or -1 for reverse halves. */
	const struct kind *owned; /* Of what is owned, else NULL. */
};

static const struct set_table set_tables[] = {
	{ TABLE_MEMBERS_OF_ORGANIZATION, { ORGDB_KIND_ORGANIZATION }, 1, EDGE_MEMBERSHIP, NULL },
	{ TABLE_ORGANIZATIONS_OF_USER, { ORGDB_KIND_USER }, 1, -1, NULL },
	{ TABLE_CONNECTIONS_OF_APPLICATION, { ORGDB_KIND_APPLICATION }, 1, EDGE_APPLICATION_CONNECTION, NULL },
	{ TABLE_APPLICATIONS_OF_CONNECTION, { ORGDB_KIND_CONNECTION }, 1, -1, NULL },
	{ TABLE_ORGANIZATIONS_OF_CONNECTION, { ORGDB_KIND_CONNECTION }, 1, -1, NULL },
	{ TABLE_ROLES_OF_MEMBER, { ORGDB_KIND_ORGANIZATION, ORGDB_KIND_USER }, 2, EDGE_MEMBER_ROLE, NULL },
	{ TABLE_MEMBERS_OF_ROLE, { ORGDB_KIND_ROLE, ORGDB_KIND_ORGANIZATION }, 2, -1, NULL },
	{ TABLE_APPLICATIONS_OF_ORGANIZATION, { ORGDB_KIND_ORGANIZATION }, 1, EDGE_ORGANIZATION_APPLICATION, NULL },
	{ TABLE_ORGANIZATIONS_OF_APPLICATION, { ORGDB_KIND_APPLICATION }, 1, -1, NULL },
	{ TABLE_INVITATIONS_OF_APPLICATION, { ORGDB_KIND_APPLICATION }, 1, -1, NULL },
	{ TABLE_INVITATIONS_OF_CONNECTION, { ORGDB_KIND_CONNECTION }, 1, -1, NULL },
	{ TABLE_INVITATIONS_OF_ROLE, { ORGDB_KIND_ROLE }, 1, -1, NULL },
};

static bool is_in_hot_row(struct checker *checker, uint64_t organization, uint64_t connection)
{
	orgdb_organization entity;
	struct login login;
	bool there;
	const struct kind *kind = orgdb__kind(ORGDB_KIND_ORGANIZATION);
	if (orgdb__entity_load(checker->txn, kind, organization, &entity) != 0 ||
		orgdb__login_get(checker->txn, entity.id, &login) != 0)
		return false;
	orgdb__login_search(&login, connection, &there);
	return there;
}

/* Does the entity say that it is owned by who owns the set? */
static bool is_owned_by(struct checker *checker, const struct kind *kind, uint64_t owner, uint64_t ordinal)
{
	union entity entity;
	uint64_t said = 0;
	return exists(checker, kind->schema.kind, ordinal) &&
		orgdb__entity_load(checker->txn, kind, ordinal, &entity) == 0 &&
		orgdb__owned_owner(checker->txn, kind, &entity, &said) == 0 && said == owner;
}

/* The reference whose sets are in the table being walked, and who refers; NULL if none are. */
static const struct reference *reference_of_table(const struct checker *checker, const struct kind **by)
{
	for (uint32_t k = 0; k < ORGDB_ENTITY_KINDS; k++) {
		*by = orgdb__kind(k);
		for (size_t r = 0; r < (*by)->reference_count; r++)
			if ((*by)->references[r].reverse == checker->table)
				return &(*by)->references[r];
	}
	return NULL;
}

static bool refers(
	struct checker *checker, const struct kind *by, const struct reference *reference, uint64_t owner, uint64_t ordinal)
{
	union entity entity;
	orgdb_str ids[REFERRED_MAX];
	if (!exists(checker, by->schema.kind, ordinal) || orgdb__entity_load(checker->txn, by, ordinal, &entity) != 0)
		return false;
	size_t count = orgdb__reference_ids(reference, &entity, ids);
	for (size_t i = 0; i < count; i++) {
		uint64_t referred;
		if (orgdb__entity_find_text(checker->txn, reference->kind, ids[i], &referred) == 0 && referred == owner)
			return true;
	}
	return false;
}

/* Does the other half of the edge exist? */
static bool has_mirror(struct checker *checker, const struct set_table *sets, const uint64_t owner[2], uint64_t ordinal)
{
	struct edge edge;
	struct half *half = &edge.forward;
	if (sets->owned)
		return is_owned_by(checker, sets->owned, owner[0], ordinal);
	const struct kind *by;
	const struct reference *reference = reference_of_table(checker, &by);
	if (reference)
		return refers(checker, by, reference, owner[0], ordinal);
	switch (checker->table) {
	case TABLE_MEMBERS_OF_ORGANIZATION:
		edge = orgdb__edge_of_membership(owner[0], ordinal);
		half = &edge.reverse;
		break;
	case TABLE_ORGANIZATIONS_OF_USER:
		edge = orgdb__edge_of_membership(ordinal, owner[0]);
		break;
	case TABLE_CONNECTIONS_OF_APPLICATION:
		edge = orgdb__edge_of_application_connection(owner[0], ordinal);
		half = &edge.reverse;
		break;
	case TABLE_APPLICATIONS_OF_CONNECTION:
		edge = orgdb__edge_of_application_connection(ordinal, owner[0]);
		break;
	case TABLE_ROLES_OF_MEMBER:
		edge = orgdb__edge_of_member_role(owner[0], owner[1], ordinal);
		half = &edge.reverse;
		break;
	case TABLE_MEMBERS_OF_ROLE:
		edge = orgdb__edge_of_member_role(owner[1], ordinal, owner[0]);
		break;
	case TABLE_APPLICATIONS_OF_ORGANIZATION:
		edge = orgdb__edge_of_organization_application(owner[0], ordinal);
		half = &edge.reverse;
		break;
	case TABLE_ORGANIZATIONS_OF_APPLICATION:
		edge = orgdb__edge_of_organization_application(ordinal, owner[0]);
		break;
	default:
		return is_in_hot_row(checker, ordinal, owner[0]);
	}
	return orgdb__set_contains(checker->txn, half) == 0;
}

static void check_owner(struct checker *checker, const struct set_table *sets, const uint64_t owner[2])
{
	for (size_t i = 0; i < sets->owner_numbers; i++)
		if (!exists(checker, sets->owner_kinds[i], owner[i]))
			problem(checker, "a set belongs to %s %llu, which does not exist",
				orgdb__kind(sets->owner_kinds[i])->schema.name, number(owner[i]));
	struct edge membership = orgdb__edge_of_membership(owner[0], owner[1]);
	if (sets->table == TABLE_ROLES_OF_MEMBER && orgdb__set_contains(checker->txn, &membership.forward) != 0)
		problem(checker, "user %llu has roles in organization %llu without being a member", number(owner[1]),
			number(owner[0]));
}

/* An organization's own role may be given to its members only. */
static void check_given_role(struct checker *checker, uint64_t organization, uint64_t role)
{
	const struct kind *kind = orgdb__kind(ORGDB_KIND_ROLE);
	union entity entity;
	uint64_t owner = 0;
	if (exists(checker, ORGDB_KIND_ROLE, role) && orgdb__entity_load(checker->txn, kind, role, &entity) == 0 &&
		orgdb__owned_owner(checker->txn, kind, &entity, &owner) == 0 && owner != 0 && owner != organization)
		problem(checker, "a member of organization %llu has role %llu, which organization %llu owns",
			number(organization), number(role), number(owner));
}

static bool same_owner(const struct checker *checker, const struct chunk *chunk)
{
	return checker->owner.size == chunk->owner_size &&
		memcmp(checker->owner.data, chunk->key.data, chunk->owner_size) == 0;
}

/* Chunks come in key order: one set's after another's, each set's ending with its last. */
static void end_set(struct checker *checker)
{
	if (checker->owner.size > 0 && !checker->ended)
		problem(checker, "a set has no last chunk");
	checker->owner.size = 0;
}

static void begin_set(
	struct checker *checker, const struct set_table *sets, const struct chunk *chunk, const uint64_t owner[2])
{
	end_set(checker);
	memcpy(checker->owner.data, chunk->key.data, chunk->owner_size);
	checker->owner.size = chunk->owner_size;
	checker->in_chunks = 0;
	checker->largest = 0;
	checker->ended = false;
	check_owner(checker, sets, owner);
}

static void check_chunk(struct checker *checker, struct bytes key, struct bytes value, const struct set_table *sets)
{
	struct chunk chunk;
	uint64_t owner[2];
	if (!orgdb__chunk_read(key, value, sets->owner_numbers, &chunk)) {
		problem(checker, "a chunk is damaged");
		return;
	}
	orgdb__chunk_owner(&chunk, owner);
	if (!same_owner(checker, &chunk))
		begin_set(checker, sets, &chunk, owner);
	if (packed_size(chunk.ordinals, chunk.count) > CHUNK_SIZE_MAX)
		problem(checker, "a chunk of owner %llu is too large", number(owner[0]));
	if (chunk.ordinals[0] <= checker->largest)
		problem(checker, "chunks of owner %llu overlap", number(owner[0]));
	if (chunk.last && chunk.before != checker->in_chunks)
		problem(checker, "the set of owner %llu counts %llu before its last chunk and has %llu", number(owner[0]),
			number(chunk.before), number(checker->in_chunks));
	for (size_t i = 0; i < chunk.count; i++)
		if (!has_mirror(checker, sets, owner, chunk.ordinals[i]))
			problem(
				checker, "the edge from owner %llu to %llu has no mirror", number(owner[0]), number(chunk.ordinals[i]));
	for (size_t i = 0; sets->table == TABLE_ROLES_OF_MEMBER && i < chunk.count; i++)
		check_given_role(checker, owner[0], chunk.ordinals[i]);
	checker->in_chunks += chunk.count;
	checker->largest = chunk.ordinals[chunk.count - 1];
	checker->ended = chunk.last;
	if (sets->edge_kind >= 0)
		checker->edges[sets->edge_kind] += chunk.count;
}

/* ---- Hot rows ---------------------------------------------------------------------------------------------------- */

static void check_login_entry(struct checker *checker, const struct login *login, uint32_t at, orgdb_str id)
{
	struct login_entry entry = login_at(login, at);
	struct half reverse = orgdb__half_of_enabled_connection(login->organization, entry.connection);
	struct key key = key_of_pair(login->organization, entry.connection);
	struct bytes record;
	bool recorded = orgdb__kv_get(checker->txn->kv, TABLE_ENABLED_CONNECTIONS, key_bytes(&key), &record) == 0;
	if (at > 0 && login_at(login, at - 1).connection >= entry.connection)
		problem(checker, "the row of %.*s is not sorted", EXCERPT(id));
	if (!exists(checker, ORGDB_KIND_CONNECTION, entry.connection))
		problem(checker, "%.*s has enabled connection %u, which does not exist", EXCERPT(id), entry.connection);
	else if (orgdb__set_contains(checker->txn, &reverse) != 0)
		problem(checker, "the edge from %.*s to connection %u has no mirror", EXCERPT(id), entry.connection);
	else if (recorded != ((entry.options & LOGIN_HAS_RECORD) != 0))
		problem(
			checker, "%.*s and connection %u disagree on whether there is more to know", EXCERPT(id), entry.connection);
	else if (entry.options & ~(uint32_t)LOGIN_KNOWN)
		problem(checker, "%.*s has connection %u with unknown options", EXCERPT(id), entry.connection);
	else if (orgdb__enabled_connection_judge(checker->txn, login, at) != 0)
		problem(checker, "%.*s has connection %u with invalid options: %s", EXCERPT(id), entry.connection,
			orgdb_last_error()->message);
}

static void check_login_row(struct checker *checker, struct bytes key, const struct login *login)
{
	const struct kind *kind = orgdb__kind(ORGDB_KIND_ORGANIZATION);
	char text[21] = "org_";
	memcpy(text + 4, login->id, 16);
	orgdb_str id = { text, 20 };
	orgdb_organization organization;
	struct login_id taken = login_id_of(checker->txn->db, id);
	uint64_t ordinal = 0;
	if (orgdb__index_find(checker->txn, kind, &kind->indexes[0], id, &ordinal) != 0 || ordinal != login->organization)
		problem(checker, "the row of %.*s belongs to organization %llu, which is another or none", EXCERPT(id),
			number(login->organization));
	else if (orgdb__entity_load(checker->txn, kind, ordinal, &organization) == 0 &&
		orgdb__login_flags(&organization) != login->flags)
		problem(checker, "the row of %.*s has flags that the organization has not", EXCERPT(id));
	if (key.size != sizeof(taken.hash) || memcmp(key.data, &taken.hash, sizeof(taken.hash)) != 0)
		problem(checker, "the row of %.*s is not where it would be looked for", EXCERPT(id));
	for (uint32_t i = 0; i < login->count; i++)
		check_login_entry(checker, login, i, id);
	checker->edges[EDGE_ENABLED_CONNECTION] += login->count;
	checker->login_rows++;
}

static void check_login(struct checker *checker, struct bytes key, struct bytes entry)
{
	struct login login;
	if (entry.size == 0)
		problem(checker, "an entry is empty");
	while (entry.size > 0) {
		if (!orgdb__login_take(&entry, &login)) {
			problem(checker, "a row is damaged");
			return;
		}
		check_login_row(checker, key, &login);
	}
}

/* ---- Attributes -------------------------------------------------------------------------------------------------- */

static bool edge_exists(struct checker *checker, uint32_t kind, uint64_t first, uint64_t second)
{
	struct edge edge;
	switch (kind) {
	case ORGDB_KIND_APPLICATION_CONNECTION:
		edge = orgdb__edge_of_application_connection(first, second);
		break;
	case ORGDB_KIND_MEMBERSHIP:
		edge = orgdb__edge_of_membership(first, second);
		break;
	case ORGDB_KIND_ORGANIZATION_APPLICATION:
		edge = orgdb__edge_of_organization_application(first, second);
		break;
	default:
		return is_in_hot_row(checker, first, second);
	}
	return orgdb__set_contains(checker->txn, &edge.forward) == 0;
}

static void check_attributes(struct checker *checker, struct bytes key, struct bytes record, const struct kind *kind)
{
	union edge_object object;
	uint64_t first, second;
	if (!key_take_number(&key, &first) || !key_take_number(&key, &second) || key.size > 0)
		problem(checker, "a key is no pair of ordinals");
	else if (!edge_exists(checker, kind->schema.kind, first, second))
		problem(checker, "the attributes of %llu and %llu belong to no %s", number(first), number(second),
			kind->schema.name);
	else if (!orgdb__schema_decode(&kind->schema, record, &object) ||
		!is_canonical(checker, &kind->schema, &object, record) || !orgdb__extra_is_right(&kind->schema, &object))
		problem(checker, "the attributes of %llu and %llu are damaged", number(first), number(second));
}

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

static void check_row_of(struct checker *checker, struct bytes key, struct bytes value, const struct kind *kind)
{
	if (kind->records == checker->table) {
		if (kind->schema.kind < ORGDB_ENTITY_KINDS)
			check_entity(checker, key, value, kind);
		else
			check_attributes(checker, key, value, kind);
	}
	if (kind->owner && kind->owned == checker->table) {
		const struct set_table sets = { kind->owned, { ORGDB_KIND_ORGANIZATION }, 1, -1, kind };
		check_chunk(checker, key, value, &sets);
	}
	for (size_t i = 0; i < kind->index_count; i++)
		if (kind->indexes[i].table == checker->table)
			check_index_row(checker, key, value, kind, &kind->indexes[i]);
}

static void check_entry(struct checker *checker, struct bytes key, struct bytes value)
{
	for (size_t i = 0; i < sizeof(set_tables) / sizeof(set_tables[0]); i++)
		if (set_tables[i].table == checker->table) {
			check_chunk(checker, key, value, &set_tables[i]);
			return;
		}
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		check_row_of(checker, key, value, orgdb__kind(kind));
	if (checker->table == TABLE_ORGANIZATION_LOGIN)
		check_login(checker, key, value);
	else if (checker->table == TABLE_INVITATION_EXPIRIES)
		check_expiry(checker, key, value);
}

/* A shard that claims to have been changed later than anything was would make caches trust what is old. */
static void check_generations(struct checker *checker)
{
	checker->table = TABLE_META;
	if (orgdb__generations_load(checker->txn) != 0) {
		problem(checker, "%s", orgdb_last_error()->message);
		return;
	}
	for (unsigned shard = 0; shard < GENERATION_SHARDS; shard++)
		if (generation_of(checker->txn, shard) > checker->counters.lsn)
			problem(checker, "the generation of shard %u is later than the lsn", shard);
}

static void show_progress(struct checker *checker)
{
	if (checker->report->progress)
		checker->report->progress(checker->report->context, checker->report->entries, checker->total);
}

static int check_table(struct checker *checker, enum kv_table table)
{
	struct kv_cursor *cursor;
	struct bytes key, value;
	checker->table = table;
	int rc = orgdb__kv_cursor_open(checker->txn->kv, table, &cursor);
	if (rc != 0)
		return rc;
	rc = orgdb__kv_cursor_seek(cursor, (struct bytes){ NULL, 0 }, &key, &value);
	uint64_t walked = 0;
	for (; rc == 0; walked++) {
		check_entry(checker, key, value);
		if (++checker->report->entries % PROGRESS_EVERY == 0)
			show_progress(checker);
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	}
	orgdb__kv_cursor_close(cursor);
	end_set(checker);
	checker->walked[orgdb__kv_place_of(table)] += walked;
	if (rc == ORGDB_CORRUPT)
		problem(checker, "the table cannot be read to its end: %s", orgdb_last_error()->message);
	return rc == ORGDB_NOT_FOUND || rc == ORGDB_CORRUPT ? 0 : rc;
}

/* What LMDB counts, and whether anything lies between the tables of a place. */
static void check_places(struct checker *checker)
{
	for (int table = 0; table < KV_TABLE_COUNT; table++) {
		enum kv_place place = orgdb__kv_place_of((enum kv_table)table);
		struct kv_place_statistics found;
		checker->table = (enum kv_table)table;
		if (orgdb__kv_place_stat(checker->txn->kv, place, &found) == 0 && found.entries != checker->walked[place])
			problem(checker, "%s counts %llu entries, and %llu were found", orgdb__kv_place_name(place),
				number(found.entries), number(checker->walked[place]));
		checker->walked[place] = found.entries; /* Said once. */
	}
}

/* ---- Pages ------------------------------------------------------------------------------------------------------- */

/* A name that lives forever, by one that does not. */
static const char *lasting_name(const char *name)
{
	for (int place = 0; place < KV_PLACE_COUNT; place++)
		if (strcmp(orgdb__kv_place_name((enum kv_place)place), name) == 0)
			return orgdb__kv_place_name((enum kv_place)place);
	return "pages";
}

static bool page_problem(void *context, const char *table, const char *message)
{
	orgdb_check_report *report = context;
	orgdb_problem found = { lasting_name(table), message };
	report->problems++;
	if (report->problem)
		report->problem(report->context, &found);
	return true;
}

/* Begin to read a snapshot whose pages are sound, so that LMDB may be asked about the rest. */
static int begin_verified(orgdb *db, orgdb_check_report *report, orgdb_txn **txn)
{
	const struct pages_sink sink = { page_problem, report };
	for (int i = 0; i < VERIFY_TRIES; i++) {
		int rc = orgdb_begin_read(db, txn);
		if (rc != 0)
			return rc;
		rc = orgdb__kv_verify((*txn)->kv, true, &sink);
		if (rc == 0)
			return 0;
		orgdb_end(*txn);
		if (rc != KV_MOVED && rc != KV_RESIZED)
			return rc;
	}
	return orgdb__fail(ORGDB_BUSY, "", "%s: commits follow each other too fast; try again", db->path);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

/* What only the whole can tell. */
static int check_totals(struct checker *checker)
{
	static const char *const edge_names[EDGE_KINDS] = { "application connections", "enabled connections", "memberships",
		"roles of members", "organization applications" };
	uint64_t organizations;
	int rc = orgdb__kv_entries(checker->txn->kv, TABLE_ORGANIZATIONS, &organizations);
	if (rc != 0)
		return rc;
	checker->table = TABLE_ORGANIZATION_LOGIN;
	if (organizations != checker->login_rows)
		problem(checker, "%llu organizations have %llu rows", number(organizations), number(checker->login_rows));
	checker->table = TABLE_META;
	for (int i = 0; i < EDGE_KINDS; i++)
		if (checker->edges[i] != checker->counters.edges[i])
			problem(checker, "%llu %s are counted and %llu are there", number(checker->counters.edges[i]),
				edge_names[i], number(checker->edges[i]));
	return 0;
}

static int check_all(struct checker *checker)
{
	struct counters *counters;
	int rc = orgdb__txn_counters(checker->txn, &counters);
	if (rc == ORGDB_CORRUPT) {
		checker->table = TABLE_META;
		problem(checker, "%s", orgdb_last_error()->message);
	} else if (rc != 0) {
		return rc;
	} else {
		checker->counters = *counters;
	}
	for (int place = 0; place < KV_PLACE_COUNT; place++) {
		struct kv_place_statistics found;
		rc = orgdb__kv_place_stat(checker->txn->kv, (enum kv_place)place, &found);
		if (rc != 0)
			return rc;
		checker->total += found.entries;
	}
	for (int table = 0; table < KV_TABLE_COUNT; table++) {
		rc = check_table(checker, (enum kv_table)table);
		if (rc != 0)
			return rc;
	}
	show_progress(checker);
	check_places(checker);
	check_generations(checker);
	return check_totals(checker);
}

int orgdb_check(orgdb *db, orgdb_check_report *given)
{
	orgdb_check_report unwanted = ORGDB_CHECK_REPORT_INIT;
	orgdb_check_report *report = given ? given : &unwanted;
	if (report->size != sizeof(*report))
		return orgdb__fail(ORGDB_INVALID, "report.size", "report.size must be %zu, as ORGDB_CHECK_REPORT_INIT sets it",
			sizeof(*report));
	report->entries = report->problems = 0;
	struct checker checker = { .report = report };
	int rc = begin_verified(db, report, &checker.txn);
	if (rc == 0) {
		orgdb__fail(ORGDB_OK, "", "nothing has failed yet"); /* For problem(). */
		rc = check_all(&checker);
		orgdb_end(checker.txn);
	}
	if (rc == 0 && checker.no_memory)
		rc = orgdb__fail(ORGDB_NO_MEMORY, "", "%s: no memory to check the whole store", db->path);
	if ((rc == 0 || rc == ORGDB_CORRUPT) && report->problems > 0)
		rc = orgdb__log_trouble(
			orgdb__fail(ORGDB_CORRUPT, "", "%s: %llu problems found", db->path, number(report->problems)));
	return rc;
}
