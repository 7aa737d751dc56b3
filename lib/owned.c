/*
 * What organizations own: entities that are listed with an organization and go with it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "owned.h"

#include "ends.h"
#include "entity.h"
#include "error.h"
#include "index.h"

/* ---- Both halves ------------------------------------------------------------------------------------------------- */

int orgdb__owned_owner(orgdb_txn *txn, const struct kind *kind, const union entity *entity, uint64_t *owner)
{
	*owner = 0;
	orgdb_str id = { NULL, 0 };
	if (kind->owner)
		id = *member_text(entity, kind->owner);
	if (!id.data)
		return 0;
	const struct kind *organizations = orgdb__kind(ORGDB_KIND_ORGANIZATION);
	int rc = orgdb__index_find(txn, organizations, &organizations->indexes[0], id, owner);
	if (rc != ORGDB_NOT_FOUND)
		return rc;
	char name[FIELD_NAME_MAX];
	orgdb__field_name(&kind->schema, kind->owner->name, name);
	return orgdb__fail(rc, name, "%s: no organization has the id \"%.*s\"", name, EXCERPT(id));
}

int orgdb__owned_find_room(orgdb_txn *txn, const struct kind *kind, const union entity *entity, uint64_t *owner)
{
	uint64_t count = 0;
	int rc = orgdb__owned_owner(txn, kind, entity, owner);
	if (rc != 0 || *owner == 0 || kind->owned_max == 0)
		return rc;
	struct key key = key_of_number(*owner);
	rc = orgdb__set_count(txn, kind->owned, &key, &count);
	if (rc != 0 || count < kind->owned_max)
		return rc;
	char name[FIELD_NAME_MAX];
	orgdb__field_name(&kind->schema, kind->owner->name, name);
	return orgdb__fail(ORGDB_TOO_LARGE, name, "%s: the organization has %llu of its own already, as many as it may",
		name, (unsigned long long)count);
}

struct half orgdb__owned_half(const struct kind *kind, uint64_t owner, uint64_t ordinal)
{
	return (struct half){ kind->owned, key_of_number(owner), ordinal };
}

int orgdb__owned_add(orgdb_txn *txn, const struct kind *kind, uint64_t owner, uint64_t ordinal)
{
	if (owner == 0)
		return 0;
	struct half half = orgdb__owned_half(kind, owner, ordinal);
	int rc = orgdb__set_insert(txn, &half);
	return rc == ORGDB_EXISTS ? orgdb__txn_corrupt(txn, kind->owned, "an owner has what is new already") : rc;
}

int orgdb__owned_remove(orgdb_txn *txn, const struct kind *kind, const union entity *entity)
{
	uint64_t owner;
	int rc = orgdb__owned_owner(txn, kind, entity, &owner);
	if (rc == 0 && owner != 0) {
		struct half half = orgdb__owned_half(kind, owner, entity->head.ordinal);
		rc = orgdb__set_remove(txn, &half);
	}
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, kind->owned, "an owner lacks what it owns") : rc;
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

int orgdb__owned_get_by(
	orgdb_txn *txn, uint32_t kind, size_t index, const char *organization_id, orgdb_str text, void *out)
{
	char room[INDEX_ROOM];
	uint64_t owner;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__entity_find(txn, ORGDB_KIND_ORGANIZATION, organization_id, &owner);
	if (rc != 0)
		return rc;
	/* What is too long to be in the index is not found. */
	orgdb_str key = orgdb__index_text(text, orgdb_string(organization_id), room);
	return orgdb__entity_get_by(txn, kind, index, key, out);
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

static int check_kind(uint32_t kind)
{
	if (kind < ORGDB_ENTITY_KINDS && orgdb__kind(kind)->owner)
		return 0;
	return orgdb__fail(ORGDB_INVALID, "kind", "kind must be one that organizations own, not %u", kind);
}

int orgdb_owned_list(orgdb_txn *txn, uint32_t kind, const char *organization_id, uint64_t after, void *array,
	size_t capacity, size_t *count)
{
	struct page page = { kind, after, array, capacity, count };
	*count = 0;
	int rc = check_kind(kind);
	return rc == 0 ? orgdb__ends_list_of(txn, ORGDB_KIND_ORGANIZATION, organization_id, orgdb__kind(kind)->owned, &page)
				   : rc;
}

int orgdb_owned_count(orgdb_txn *txn, uint32_t kind, const char *organization_id, uint64_t *count)
{
	int rc = check_kind(kind);
	return rc == 0 ? orgdb__ends_count(txn, ORGDB_KIND_ORGANIZATION, organization_id, orgdb__kind(kind)->owned, count)
				   : rc;
}
