/*
 * Organization applications: which applications an organization's members may log in to.
 *
 * What they mean for a login is for access.c to say.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ends.h"
#include "entity.h"

static const struct kind *kind(void)
{
	return orgdb__kind(ORGDB_KIND_ORGANIZATION_APPLICATION);
}

static int find_edge(
	orgdb_txn *txn, const char *organization_id, const char *client_id, struct ends *ends, struct edge *edge)
{
	int rc = orgdb__ends_find(txn, ORGDB_KIND_ORGANIZATION, organization_id, ORGDB_KIND_APPLICATION, client_id, ends);
	if (rc == 0)
		*edge = orgdb__edge_of_organization_application(ends->first, ends->second);
	return rc;
}

static int find_existing(orgdb_txn *txn, const char *organization_id, const char *client_id, struct ends *ends)
{
	struct edge edge;
	int rc = find_edge(txn, organization_id, client_id, ends, &edge);
	return rc == 0 ? orgdb__ends_exist(txn, kind(), &edge, organization_id, client_id) : rc;
}

static int read_edge(orgdb_txn *txn, const struct ends *ends, orgdb_organization_application *out)
{
	struct key key = key_of_pair(ends->first, ends->second);
	int rc = orgdb__attributes_read(txn, kind(), &key, out);
	out->ordinal = ends->second;
	return rc == 0 ? orgdb__ends_name(txn, kind(), ORGDB_KIND_ORGANIZATION, ORGDB_KIND_APPLICATION, ends, out) : rc;
}

int orgdb_organization_application_add(orgdb_txn *txn, const char *organization_id, const char *client_id,
	const orgdb_organization_application *attributes)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_edge(txn, organization_id, client_id, &ends, &edge);
	return rc == 0 ? orgdb__ends_add(txn, kind(), &edge, &ends, organization_id, client_id, attributes) : rc;
}

int orgdb_organization_application_get(
	orgdb_txn *txn, const char *organization_id, const char *client_id, orgdb_organization_application *out)
{
	struct ends ends;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, client_id, &ends);
	return rc == 0 && out ? read_edge(txn, &ends, out) : rc;
}

int orgdb_organization_application_update(
	orgdb_txn *txn, const char *organization_id, const char *client_id, const orgdb_organization_application *changes)
{
	struct ends ends;
	orgdb_organization_application edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, client_id, &ends);
	if (rc == 0)
		rc = read_edge(txn, &ends, &edge);
	if (rc == 0)
		rc = orgdb__schema_overlay(&kind()->schema, &edge, changes);
	if (rc == 0)
		rc = orgdb__attributes_prepare(txn, kind(), edge.fields, &edge);
	if (rc != 0)
		return rc;
	struct key key = key_of_pair(ends.first, ends.second);
	return orgdb__attributes_write(txn, kind(), &key, &edge, orgdb__ends_attributes(kind()));
}

int orgdb_organization_application_remove(orgdb_txn *txn, const char *organization_id, const char *client_id)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_edge(txn, organization_id, client_id, &ends, &edge);
	return rc == 0 ? orgdb__ends_remove(txn, kind(), &edge, &ends, organization_id, client_id) : rc;
}

enum { LIST_PART = 128 };

int orgdb_organization_application_list(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_organization_application *array, size_t capacity, size_t *count)
{
	struct ends ends;
	*count = 0;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__entity_find(txn, ORGDB_KIND_ORGANIZATION, organization_id, &ends.first);
	if (rc != 0)
		return rc;
	struct key owner = key_of_number(ends.first);
	uint64_t part[LIST_PART];
	size_t got = LIST_PART;
	while (*count < capacity && got == LIST_PART) {
		size_t left = capacity - *count;
		rc = orgdb__set_list(
			txn, TABLE_APPLICATIONS_OF_ORGANIZATION, &owner, after, part, left < LIST_PART ? left : LIST_PART, &got);
		for (size_t i = 0; i < got && rc == 0; i++) {
			ends.second = after = part[i];
			rc = read_edge(txn, &ends, &array[*count]);
			*count += rc == 0;
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

int orgdb_organization_application_count(orgdb_txn *txn, const char *organization_id, uint64_t *count)
{
	return orgdb__ends_count(txn, ORGDB_KIND_ORGANIZATION, organization_id, TABLE_APPLICATIONS_OF_ORGANIZATION, count);
}

int orgdb_application_organizations(
	orgdb_txn *txn, const char *client_id, uint64_t after, orgdb_organization *array, size_t capacity, size_t *count)
{
	struct page page = { ORGDB_KIND_ORGANIZATION, after, array, capacity, count };
	return orgdb__ends_list_of(txn, ORGDB_KIND_APPLICATION, client_id, TABLE_ORGANIZATIONS_OF_APPLICATION, &page);
}
