/*
 * Edges seen through the ids of their ends: what the public functions on edges share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ends.h"

#include "entity.h"
#include "error.h"

int orgdb__ends_find(
	orgdb_txn *txn, uint32_t first_kind, const char *first, uint32_t second_kind, const char *second, struct ends *ends)
{
	int rc = orgdb__entity_find(txn, first_kind, first, &ends->first);
	return rc == 0 ? orgdb__entity_find(txn, second_kind, second, &ends->second) : rc;
}

static int name_end(orgdb_txn *txn, uint32_t kind, uint64_t ordinal, void *object, const orgdb_field *field)
{
	union entity entity;
	const struct kind *k = orgdb__kind(kind);
	int rc = orgdb__entity_load(txn, k, ordinal, &entity);
	if (rc == 0) {
		*member_text(object, field) = *member_text(&entity, k->id);
		((struct head *)object)->fields |= field->bit;
	}
	return rc;
}

int orgdb__ends_name(orgdb_txn *txn, const struct kind *kind, uint32_t first_kind, uint32_t second_kind,
	const struct ends *ends, void *object)
{
	int rc = name_end(txn, first_kind, ends->first, object, &kind->schema.fields[0]);
	return rc == 0 ? name_end(txn, second_kind, ends->second, object, &kind->schema.fields[1]) : rc;
}

static int already(const struct kind *kind, const char *first, const char *second)
{
	return orgdb__fail(ORGDB_EXISTS, kind->schema.name, "there is a %s of \"%.60s\" and \"%.60s\" already",
		kind->schema.name, first, second);
}

static int missing(const struct kind *kind, const char *first, const char *second)
{
	return orgdb__fail(ORGDB_NOT_FOUND, kind->schema.name, "there is no %s of \"%.60s\" and \"%.60s\"",
		kind->schema.name, first, second);
}

uint32_t orgdb__ends_attributes(const struct kind *kind)
{
	return ~(kind->schema.fields[0].bit | kind->schema.fields[1].bit);
}

/* Judge the attributes given for an edge. */
static int prepare(orgdb_txn *txn, const struct kind *kind, const char *first, const char *second, const void *given,
	union edge_object *object)
{
	uint32_t mask = 0;
	memcpy(object, given, kind->schema.struct_size);
	const orgdb_field *fields = kind->schema.fields;
	*member_text(object, &fields[0]) = orgdb_string(first);
	*member_text(object, &fields[1]) = orgdb_string(second);
	int rc = orgdb__schema_given(&kind->schema, given, &mask);
	return rc == 0 ? orgdb__attributes_prepare(txn, kind, mask | fields[0].bit | fields[1].bit, object) : rc;
}

int orgdb__ends_add(orgdb_txn *txn, const struct kind *kind, const struct edge *edge, const struct ends *ends,
	const char *first, const char *second, const void *given)
{
	union edge_object object;
	int rc = given ? prepare(txn, kind, first, second, given, &object) : 0;
	if (rc == 0)
		rc = orgdb__edge_add(txn, edge);
	if (rc == ORGDB_EXISTS)
		return already(kind, first, second);
	uint32_t attributes = orgdb__ends_attributes(kind);
	if (rc != 0 || !given || !(object.head.fields & attributes))
		return rc;
	struct key key = key_of_pair(ends->first, ends->second);
	return orgdb__attributes_write(txn, kind, &key, &object, attributes);
}

int orgdb__ends_remove(orgdb_txn *txn, const struct kind *kind, const struct edge *edge, const struct ends *ends,
	const char *first, const char *second)
{
	int rc = orgdb__edge_remove(txn, edge);
	if (rc == ORGDB_NOT_FOUND)
		return missing(kind, first, second);
	struct key key = key_of_pair(ends->first, ends->second);
	return rc == 0 ? orgdb__attributes_delete(txn, kind, &key) : rc;
}

int orgdb__ends_exist(
	orgdb_txn *txn, const struct kind *kind, const struct edge *edge, const char *first, const char *second)
{
	int rc = orgdb__edge_exists(txn, edge);
	return rc == ORGDB_NOT_FOUND ? missing(kind, first, second) : rc;
}

enum { LIST_PART = 128 };

int orgdb__ends_list(orgdb_txn *txn, enum kv_table table, const struct key *owner, const struct page *page)
{
	const struct kind *kind = orgdb__kind(page->kind);
	uint64_t part[LIST_PART], after = page->after;
	*page->count = 0;
	while (*page->count < page->capacity) {
		size_t left = page->capacity - *page->count;
		size_t wanted = left < LIST_PART ? left : LIST_PART, got;
		char *into = (char *)page->array + *page->count * kind->schema.struct_size;
		int rc = orgdb__set_list(txn, table, owner, after, part, wanted, &got);
		if (rc == 0)
			rc = orgdb__entity_load_all(txn, kind, part, got, into);
		if (rc != 0)
			return rc;
		*page->count += got;
		if (got < wanted)
			return 0;
		after = part[got - 1];
	}
	return 0;
}

static int find_owner(orgdb_txn *txn, uint32_t kind, const char *id, struct key *owner)
{
	uint64_t ordinal;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__entity_find(txn, kind, id, &ordinal);
	if (rc == 0)
		*owner = key_of_number(ordinal);
	return rc;
}

int orgdb__ends_list_of(
	orgdb_txn *txn, uint32_t owner_kind, const char *owner_id, enum kv_table table, const struct page *page)
{
	struct key owner;
	*page->count = 0;
	int rc = find_owner(txn, owner_kind, owner_id, &owner);
	return rc == 0 ? orgdb__ends_list(txn, table, &owner, page) : rc;
}

int orgdb__ends_count(orgdb_txn *txn, uint32_t owner_kind, const char *owner_id, enum kv_table table, uint64_t *count)
{
	struct key owner;
	int rc = find_owner(txn, owner_kind, owner_id, &owner);
	return rc == 0 ? orgdb__set_count(txn, table, &owner, count) : rc;
}
