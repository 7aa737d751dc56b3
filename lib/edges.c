/*
 * Edges: many-to-many relations, kept in both directions as packed sorted chunks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "edges.h"

#include "error.h"
#include "generations.h"

/* The first byte of a value. */
enum {
	WIDTH_BITS = 0x0f,
	FREE_SHIFT = 4, /* And three bits. */
	FREE_MAX = 7,
	BEFORE_FLAG = 0x80,
};

enum {
	BEFORE_SIZE = 8,
	HEAD_SIZE_MAX = 1 + BEFORE_SIZE,
	VALUE_SIZE_MAX = BEFORE_SIZE + CHUNK_SIZE_MAX,
};

/* A chunk where it lies. */
struct view {
	struct bytes key;
	struct bytes value;
	bool last;
	uint64_t before;
	size_t head;          /* Bytes of the value before the places. */
	size_t free;          /* Places behind the ordinals. */
	struct packed packed; /* The ordinals. */
};

/* ---- Chunks as bytes --------------------------------------------------------------------------------------------- */

static struct key key_with_bound(const struct key *owner, uint64_t bound)
{
	struct key key = *owner;
	key_append_number(&key, bound);
	return key;
}

static struct key key_of_last(const struct key *owner)
{
	struct key key = *owner;
	key.data[key.size++] = KEY_INFINITY;
	return key;
}

static bool view_value(struct bytes value, struct view *view)
{
	if (value.size < 2)
		return false;
	size_t width = value.data[0] & WIDTH_BITS;
	view->value = value;
	view->free = value.data[0] >> FREE_SHIFT & FREE_MAX;
	view->head = value.data[0] & BEFORE_FLAG ? HEAD_SIZE_MAX : 1;
	if (width < 1 || width > 8 || value.size <= view->head)
		return false;
	size_t size = value.size - view->head, places = size / width;
	if (size % width != 0 || size >= CHUNK_SIZE_MAX || places > CHUNK_COUNT_MAX || places <= view->free)
		return false;
	view->before = view->head > 1 ? little_get64(value.data + 1) : 0;
	view->packed = (struct packed){ value.data + view->head, width, places - view->free };
	return true;
}

/* View a chunk whose key has `owner_size` bytes before the bound. */
static bool view_chunk(struct bytes key, struct bytes value, size_t owner_size, struct view *view, uint64_t *bound)
{
	struct bytes rest = { key.data + owner_size, key.size - owner_size };
	*bound = UINT64_MAX;
	view->key = key;
	view->last = rest.size == 1 && rest.data[0] == KEY_INFINITY;
	if (!view->last && (!key_take_number(&rest, bound) || rest.size != 0))
		return false;
	return view_value(value, view) && (view->last || view->head == 1);
}

static bool free_places_are_zero(const struct view *view)
{
	for (size_t i = view->value.size - view->free * view->packed.width; i < view->value.size; i++)
		if (view->value.data[i] != 0)
			return false;
	return true;
}

bool orgdb__chunk_read(struct bytes key, struct bytes value, size_t owner_numbers, struct chunk *chunk)
{
	struct bytes rest = key;
	struct view view;
	uint64_t number, bound;
	for (size_t i = 0; i < owner_numbers; i++)
		if (!key_take_number(&rest, &number))
			return false;
	chunk->owner_size = (uint8_t)(key.size - rest.size);
	if (!view_chunk(key, value, chunk->owner_size, &view, &bound) || !free_places_are_zero(&view))
		return false;
	memcpy(chunk->key.data, key.data, key.size);
	chunk->key.size = (uint8_t)key.size;
	chunk->last = view.last;
	chunk->before = view.before;
	chunk->count = view.packed.count;
	packed_read(view.packed, chunk->ordinals);
	for (size_t i = 1; i < chunk->count; i++)
		if (chunk->ordinals[i] <= chunk->ordinals[i - 1])
			return false;
	return chunk->ordinals[chunk->count - 1] <= bound;
}

void orgdb__chunk_owner(const struct chunk *chunk, uint64_t numbers[2])
{
	struct bytes rest = { chunk->key.data, chunk->owner_size };
	for (int i = 0; i < 2; i++)
		if (!key_take_number(&rest, &numbers[i]))
			numbers[i] = 0;
}

size_t orgdb__owner_numbers(enum kv_table table)
{
	return table == TABLE_ROLES_OF_MEMBER || table == TABLE_MEMBERS_OF_ROLE ? 2 : 1;
}

static int damaged(orgdb_txn *txn, enum kv_table table)
{
	return orgdb__txn_corrupt(txn, table, "a chunk is damaged");
}

/* Merged lookups keep copies of applications with their connections. */
static void touch_owner(orgdb_txn *txn, enum kv_table table, const struct key *key)
{
	struct bytes rest = key_bytes(key);
	uint64_t owner;
	if (table == TABLE_CONNECTIONS_OF_APPLICATION && key_take_number(&rest, &owner))
		touch_shard(txn, shard_of_application(owner));
}

static int write_chunk(orgdb_txn *txn, enum kv_table table, const struct chunk *chunk)
{
	uint8_t value[VALUE_SIZE_MAX];
	size_t skip = chunk->before > 0 ? BEFORE_SIZE : 0;
	size_t size = skip + packed_write(chunk->ordinals, chunk->count, value + skip);
	if (skip > 0) {
		value[0] = value[skip] | BEFORE_FLAG;
		little_put(value + 1, chunk->before, BEFORE_SIZE);
	}
	return orgdb__kv_put(txn->kv, table, key_bytes(&chunk->key), (struct bytes){ value, size });
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

/* View the chunk that holds the ordinal or would; ORGDB_NOT_FOUND if the set is empty. */
static int find_chunk(orgdb_txn *txn, const struct half *half, struct view *view)
{
	struct key wanted = key_with_bound(&half->owner, half->ordinal);
	struct bytes key, value;
	uint64_t bound;
	int rc = orgdb__kv_seek(txn->kv, half->table, key_bytes(&wanted), &key, &value);
	if (rc != 0)
		return rc;
	if (!key_has_prefix(key, key_bytes(&half->owner)))
		return ORGDB_NOT_FOUND;
	return view_chunk(key, value, half->owner.size, view, &bound) ? 0 : damaged(txn, half->table);
}

int orgdb__set_contains(orgdb_txn *txn, const struct half *half)
{
	struct view view;
	bool there;
	int rc = find_chunk(txn, half, &view);
	if (rc != 0)
		return rc;
	packed_search(view.packed, half->ordinal, &there);
	return there ? 0 : ORGDB_NOT_FOUND;
}

static int find_last(orgdb_txn *txn, enum kv_table table, const struct key *owner, struct view *view)
{
	struct key key = key_of_last(owner);
	struct bytes value;
	int rc = orgdb__kv_get(txn->kv, table, key_bytes(&key), &value);
	return rc == 0 && !view_value(value, view) ? damaged(txn, table) : rc;
}

int orgdb__set_count(orgdb_txn *txn, enum kv_table table, const struct key *owner, uint64_t *count)
{
	struct view last;
	int rc = find_last(txn, table, owner, &last);
	*count = rc == 0 ? last.before + last.packed.count : 0;
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

static int list_from(orgdb_txn *txn, struct kv_cursor *cursor, enum kv_table table, const struct key *owner,
	uint64_t after, uint64_t *ordinals, size_t capacity, size_t *count)
{
	struct key wanted = key_with_bound(owner, after);
	struct bytes key, value;
	int rc = orgdb__kv_cursor_seek(cursor, key_bytes(&wanted), &key, &value);
	while (rc == 0 && key_has_prefix(key, key_bytes(owner))) {
		struct view view;
		bool there;
		if (!view_value(value, &view))
			return damaged(txn, table);
		size_t i = packed_search(view.packed, after, &there) + there;
		for (; i < view.packed.count; i++) {
			if (*count == capacity)
				return 0;
			uint64_t ordinal = packed_at(view.packed, i);
			if (ordinal <= after) /* Whoever asks goes on behind the last, and would go in circles. */
				return damaged(txn, table);
			after = ordinals[(*count)++] = ordinal;
		}
		rc = orgdb__kv_cursor_next(cursor, &key, &value);
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

int orgdb__set_list(orgdb_txn *txn, enum kv_table table, const struct key *owner, uint64_t after, uint64_t *ordinals,
	size_t capacity, size_t *count)
{
	*count = 0;
	struct kv_cursor *cursor;
	if (capacity == 0)
		return 0;
	int rc = orgdb__kv_cursor_open(txn->kv, table, &cursor);
	if (rc != 0)
		return rc;
	rc = list_from(txn, cursor, table, owner, after, ordinals, capacity, count);
	orgdb__kv_cursor_close(cursor);
	return rc;
}

/* A chunk before the last one gained or lost ordinals: the last one keeps the count. */
static int recount(orgdb_txn *txn, const struct half *half, uint64_t gained, uint64_t lost)
{
	struct view last;
	uint8_t edited[VALUE_SIZE_MAX];
	int rc = find_last(txn, half->table, &half->owner, &last);
	if (rc == ORGDB_NOT_FOUND || (rc == 0 && (last.head == 1 || last.before < lost)))
		return damaged(txn, half->table);
	if (rc != 0)
		return rc;
	memcpy(edited, last.value.data, last.value.size);
	little_put(edited + 1, last.before + gained - lost, BEFORE_SIZE);
	struct key key = key_of_last(&half->owner);
	return orgdb__kv_put(txn->kv, half->table, key_bytes(&key), (struct bytes){ edited, last.value.size });
}

/* ---- Changing a chunk where it lies ------------------------------------------------------------------------------- */

static int write_edited(orgdb_txn *txn, const struct half *half, const struct view *view, struct bytes edited,
	uint64_t gained, uint64_t lost)
{
	struct key key = { .size = (uint8_t)view->key.size }; /* The viewed one lies on the page that is about to change. */
	memcpy(key.data, view->key.data, key.size);
	int rc = orgdb__kv_put(txn->kv, half->table, key_bytes(&key), edited);
	return rc == 0 && !view->last ? recount(txn, half, gained, lost) : rc;
}

/* Whether an ordinal can be put into a chunk without making its places wider or splitting it. */
static bool has_place_for(const struct view *view, uint64_t ordinal)
{
	size_t grown = 1 + view->value.size - view->head + view->packed.width;
	return packed_width(ordinal) <= view->packed.width && (view->free > 0 || grown <= CHUNK_SIZE_MAX);
}

static int insert_in_place(orgdb_txn *txn, const struct half *half, const struct view *view, size_t position)
{
	uint8_t edited[VALUE_SIZE_MAX];
	size_t width = view->packed.width, at = view->head + position * width;
	size_t size = view->value.size + (view->free > 0 ? 0 : width);
	memcpy(edited, view->value.data, at);
	little_put(edited + at, half->ordinal, width);
	memcpy(edited + at + width, view->value.data + at, size - at - width);
	if (view->free > 0)
		edited[0] -= 1 << FREE_SHIFT;
	return write_edited(txn, half, view, (struct bytes){ edited, size }, 1, 0);
}

static bool is_whole_set(const struct view *view)
{
	return view->last && view->before == 0;
}

/* Whether an ordinal can be taken out of a chunk without leaving it empty, or so small that it should be joined. */
static bool can_do_with_less(const struct view *view)
{
	size_t left = view->packed.count - 1;
	return left > 0 && (is_whole_set(view) || 1 + left * view->packed.width >= CHUNK_SIZE_MIN);
}

/* The place becomes free; where too many are, all go. */
static int remove_in_place(orgdb_txn *txn, const struct half *half, const struct view *view, size_t position)
{
	uint8_t edited[VALUE_SIZE_MAX];
	size_t width = view->packed.width, at = view->head + position * width;
	size_t size = view->value.size - width;
	memcpy(edited, view->value.data, at);
	memcpy(edited + at, view->value.data + at + width, size - at);
	if (view->free < FREE_MAX) {
		edited[0] += 1 << FREE_SHIFT;
		memset(edited + size, 0, width);
		size += width;
	} else {
		edited[0] -= FREE_MAX << FREE_SHIFT;
		size -= FREE_MAX * width;
	}
	return write_edited(txn, half, view, (struct bytes){ edited, size }, 0, 1);
}

/* ---- Changing a chunk unpacked: widening, splitting and joining --------------------------------------------------- */

static int unpack(orgdb_txn *txn, const struct half *half, const struct view *view, struct chunk *chunk)
{
	bool sound = orgdb__chunk_read(view->key, view->value, orgdb__owner_numbers(half->table), chunk);
	return sound ? 0 : damaged(txn, half->table);
}

/* The first `count` ordinals of `chunk` move to a new chunk in front of it, which may have to be split again. */
static int write_front(orgdb_txn *txn, enum kv_table table, const struct chunk *chunk, size_t from, size_t count)
{
	while (packed_size(chunk->ordinals + from, count) > CHUNK_SIZE_MAX) {
		/* GCOVR_EXCL_START: only damaged chunks are that large; then it must be right all the same. */
		int rc = write_front(txn, table, chunk, from, count / 2);
		if (rc != 0)
			return rc;
		from += count / 2;
		count -= count / 2;
		/* GCOVR_EXCL_STOP */
	}
	struct chunk front = { .owner_size = chunk->owner_size, .count = count };
	memcpy(front.key.data, chunk->key.data, chunk->owner_size);
	front.key.size = chunk->owner_size;
	key_append_number(&front.key, chunk->ordinals[from + count - 1]);
	memcpy(front.ordinals, chunk->ordinals + from, count * sizeof(uint64_t));
	return write_chunk(txn, table, &front);
}

/*
 * Write a chunk that gained the ordinal at `position`, splitting it where it has grown too large. What grows at its end,
 * as sets of new entities do, leaves full chunks behind; others are halved.
 */
static int write_grown(orgdb_txn *txn, const struct half *half, struct chunk *chunk, size_t position)
{
	size_t moved = 0;
	bool at_end = chunk->last && position == chunk->count - 1;
	while (packed_size(chunk->ordinals + moved, chunk->count - moved) > CHUNK_SIZE_MAX) {
		size_t left = chunk->count - moved;
		size_t part = at_end ? left - 1 : left / 2;
		int rc = write_front(txn, half->table, chunk, moved, part);
		if (rc != 0)
			return rc;
		moved += part;
	}
	chunk->count -= moved;
	memmove(chunk->ordinals, chunk->ordinals + moved, chunk->count * sizeof(uint64_t));
	if (chunk->last)
		chunk->before += moved;
	int rc = write_chunk(txn, half->table, chunk);
	return rc == 0 && !chunk->last ? recount(txn, half, 1, 0) : rc;
}

static int insert_unpacked(orgdb_txn *txn, const struct half *half, const struct view *view, size_t position)
{
	struct chunk chunk;
	int rc = unpack(txn, half, view, &chunk);
	if (rc != 0)
		return rc;
	memmove(chunk.ordinals + position + 1, chunk.ordinals + position, (chunk.count - position) * sizeof(uint64_t));
	chunk.ordinals[position] = half->ordinal;
	chunk.count++;
	return write_grown(txn, half, &chunk, position);
}

/* The chunk that a small one can be joined with: the next one, or for the last chunk the one before. */
static int load_neighbor(orgdb_txn *txn, enum kv_table table, const struct chunk *chunk, struct chunk *neighbor)
{
	struct bytes key, value;
	struct key wanted = chunk->key;
	int rc;
	if (chunk->last) {
		rc = orgdb__kv_seek_before(txn->kv, table, key_bytes(&wanted), &key, &value);
	} else {
		wanted.data[wanted.size++] = 0; /* Just behind. */
		rc = orgdb__kv_seek(txn->kv, table, key_bytes(&wanted), &key, &value);
	}
	if (rc == ORGDB_NOT_FOUND)
		return damaged(txn, table);
	if (rc != 0)
		return rc;
	if (!orgdb__chunk_read(key, value, orgdb__owner_numbers(table), neighbor) ||
		neighbor->owner_size != chunk->owner_size ||
		memcmp(neighbor->key.data, chunk->key.data, chunk->owner_size) != 0)
		return damaged(txn, table);
	return 0;
}

/* Append the later chunk's ordinals to the earlier one's under the later one's key, and drop the earlier one. */
static int join(orgdb_txn *txn, enum kv_table table, const struct chunk *earlier, struct chunk *later)
{
	memmove(later->ordinals + earlier->count, later->ordinals, later->count * sizeof(uint64_t));
	memcpy(later->ordinals, earlier->ordinals, earlier->count * sizeof(uint64_t));
	later->count += earlier->count;
	int rc = orgdb__kv_delete(txn->kv, table, key_bytes(&earlier->key));
	return rc == 0 ? write_chunk(txn, table, later) : rc;
}

static bool joins_well(const struct chunk *earlier, const struct chunk *later)
{
	if (earlier->count == 0 || later->count == 0)
		return true;
	size_t count = earlier->count + later->count;
	return count <= CHUNK_COUNT_MAX &&
		1 + count * packed_width(later->ordinals[later->count - 1]) <= CHUNK_SIZE_MAX * 3 / 4;
}

/* Write a chunk that lost an ordinal and has become small, joined with its neighbor where both fit well; an empty one
 * always is. */
static int write_shrunk(orgdb_txn *txn, const struct half *half, struct chunk *chunk)
{
	enum kv_table table = half->table;
	struct chunk neighbor;
	int rc = chunk->last ? 0 : recount(txn, half, 0, 1);
	if (rc == 0)
		rc = load_neighbor(txn, table, chunk, &neighbor);
	if (rc != 0)
		return rc;
	struct chunk *earlier = chunk->last ? &neighbor : chunk, *later = chunk->last ? chunk : &neighbor;
	if (!joins_well(earlier, later))
		return write_chunk(txn, table, chunk);
	if (later->last) {
		if (later->before < earlier->count)
			return damaged(txn, table);
		later->before -= earlier->count;
	}
	return join(txn, table, earlier, later);
}

static int remove_unpacked(orgdb_txn *txn, const struct half *half, const struct view *view, size_t position)
{
	struct chunk chunk;
	int rc = unpack(txn, half, view, &chunk);
	if (rc != 0)
		return rc;
	chunk.count--;
	memmove(chunk.ordinals + position, chunk.ordinals + position + 1, (chunk.count - position) * sizeof(uint64_t));
	return write_shrunk(txn, half, &chunk);
}

/* ---- Changing sets ----------------------------------------------------------------------------------------------- */

static int begin_set(orgdb_txn *txn, const struct half *half)
{
	uint8_t value[1 + 8];
	struct key key = key_of_last(&half->owner);
	size_t size = packed_write(&half->ordinal, 1, value);
	return orgdb__kv_put(txn->kv, half->table, key_bytes(&key), (struct bytes){ value, size });
}

static int end_set(orgdb_txn *txn, const struct half *half)
{
	struct key key = key_of_last(&half->owner);
	return orgdb__kv_delete(txn->kv, half->table, key_bytes(&key));
}

int orgdb__set_insert(orgdb_txn *txn, const struct half *half)
{
	struct view view;
	bool there;
	touch_owner(txn, half->table, &half->owner);
	int rc = find_chunk(txn, half, &view);
	if (rc == ORGDB_NOT_FOUND)
		return begin_set(txn, half);
	if (rc != 0)
		return rc;
	size_t position = packed_search(view.packed, half->ordinal, &there);
	if (there)
		return ORGDB_EXISTS;
	if (has_place_for(&view, half->ordinal))
		return insert_in_place(txn, half, &view, position);
	return insert_unpacked(txn, half, &view, position);
}

int orgdb__set_remove(orgdb_txn *txn, const struct half *half)
{
	struct view view;
	bool there;
	touch_owner(txn, half->table, &half->owner);
	int rc = find_chunk(txn, half, &view);
	if (rc != 0)
		return rc;
	size_t position = packed_search(view.packed, half->ordinal, &there);
	if (!there)
		return ORGDB_NOT_FOUND;
	if (can_do_with_less(&view))
		return remove_in_place(txn, half, &view, position);
	return is_whole_set(&view) ? end_set(txn, half) : remove_unpacked(txn, half, &view, position);
}

int orgdb__chunk_take(
	orgdb_txn *txn, enum kv_table table, const struct key *prefix, size_t numbers, struct chunk *chunk)
{
	struct bytes key, value;
	int rc = orgdb__kv_seek(txn->kv, table, key_bytes(prefix), &key, &value);
	if (rc != 0)
		return rc;
	if (!key_has_prefix(key, key_bytes(prefix)))
		return ORGDB_NOT_FOUND;
	if (!orgdb__chunk_read(key, value, numbers, chunk))
		return damaged(txn, table);
	return orgdb__kv_delete(txn->kv, table, key_bytes(&chunk->key));
}

/* ---- Both halves ------------------------------------------------------------------------------------------------- */

struct edge orgdb__edge_of_application_connection(uint64_t application, uint64_t connection)
{
	return (struct edge){
		.kind = EDGE_APPLICATION_CONNECTION,
		.forward = { TABLE_CONNECTIONS_OF_APPLICATION, key_of_number(application), connection },
		.reverse = { TABLE_APPLICATIONS_OF_CONNECTION, key_of_number(connection), application },
	};
}

struct edge orgdb__edge_of_membership(uint64_t organization, uint64_t user)
{
	return (struct edge){
		.kind = EDGE_MEMBERSHIP,
		.forward = { TABLE_MEMBERS_OF_ORGANIZATION, key_of_number(organization), user },
		.reverse = { TABLE_ORGANIZATIONS_OF_USER, key_of_number(user), organization },
	};
}

/* The reverse half is owned by (role, organization): all members of an organization with a role lie together, and
 * deleting the organization drops them at once. */
struct edge orgdb__edge_of_member_role(uint64_t organization, uint64_t user, uint64_t role)
{
	return (struct edge){
		.kind = EDGE_MEMBER_ROLE,
		.forward = { TABLE_ROLES_OF_MEMBER, key_of_pair(organization, user), role },
		.reverse = { TABLE_MEMBERS_OF_ROLE, key_of_pair(role, organization), user },
	};
}

struct edge orgdb__edge_of_organization_application(uint64_t organization, uint64_t application)
{
	return (struct edge){
		.kind = EDGE_ORGANIZATION_APPLICATION,
		.forward = { TABLE_APPLICATIONS_OF_ORGANIZATION, key_of_number(organization), application },
		.reverse = { TABLE_ORGANIZATIONS_OF_APPLICATION, key_of_number(application), organization },
	};
}

struct half orgdb__half_of_enabled_connection(uint64_t organization, uint64_t connection)
{
	return (struct half){ TABLE_ORGANIZATIONS_OF_CONNECTION, key_of_number(connection), organization };
}

int orgdb__edges_counted(orgdb_txn *txn, enum edge_kind kind, uint64_t added, uint64_t removed)
{
	struct counters *counters;
	int rc = orgdb__txn_counters(txn, &counters);
	if (rc == 0)
		counters->edges[kind] += added - removed;
	return rc;
}

int orgdb__edge_exists(orgdb_txn *txn, const struct edge *edge)
{
	return orgdb__set_contains(txn, &edge->forward);
}

/* The halves must agree, or the store is damaged. */
static int disagree(orgdb_txn *txn, const struct edge *edge)
{
	return orgdb__txn_corrupt(txn, edge->reverse.table, "an edge has only one of its halves");
}

int orgdb__edge_add(orgdb_txn *txn, const struct edge *edge)
{
	int rc = orgdb__set_insert(txn, &edge->forward);
	if (rc != 0)
		return rc;
	rc = orgdb__set_insert(txn, &edge->reverse);
	if (rc == ORGDB_EXISTS)
		return disagree(txn, edge);
	return rc == 0 ? orgdb__edges_counted(txn, edge->kind, 1, 0) : rc;
}

int orgdb__edge_remove(orgdb_txn *txn, const struct edge *edge)
{
	int rc = orgdb__set_remove(txn, &edge->forward);
	if (rc != 0)
		return rc;
	rc = orgdb__set_remove(txn, &edge->reverse);
	if (rc == ORGDB_NOT_FOUND)
		return disagree(txn, edge);
	return rc == 0 ? orgdb__edges_counted(txn, edge->kind, 0, 1) : rc;
}
