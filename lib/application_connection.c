/*
 * Application connections: which connections an application offers by itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ends.h"
#include "entity.h"

static const struct kind *kind(void)
{
	return orgdb__kind(ORGDB_KIND_APPLICATION_CONNECTION);
}

static int find_edge(
	orgdb_txn *txn, const char *client_id, const char *connection_id, struct ends *ends, struct edge *edge)
{
	int rc = orgdb__ends_find(txn, ORGDB_KIND_APPLICATION, client_id, ORGDB_KIND_CONNECTION, connection_id, ends);
	if (rc == 0)
		*edge = orgdb__edge_of_application_connection(ends->first, ends->second);
	return rc;
}

int orgdb_application_connection_enable(
	orgdb_txn *txn, const char *client_id, const char *connection_id, const orgdb_application_connection *attributes)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_edge(txn, client_id, connection_id, &ends, &edge);
	return rc == 0 ? orgdb__ends_add(txn, kind(), &edge, &ends, client_id, connection_id, attributes) : rc;
}

int orgdb_application_connection_get(
	orgdb_txn *txn, const char *client_id, const char *connection_id, orgdb_application_connection *out)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = find_edge(txn, client_id, connection_id, &ends, &edge);
	if (rc == 0)
		rc = orgdb__ends_exist(txn, kind(), &edge, client_id, connection_id);
	if (rc != 0 || !out)
		return rc;
	struct key key = key_of_pair(ends.first, ends.second);
	rc = orgdb__attributes_read(txn, kind(), &key, out);
	out->ordinal = ends.second;
	return rc == 0 ? orgdb__ends_name(txn, kind(), ORGDB_KIND_APPLICATION, ORGDB_KIND_CONNECTION, &ends, out) : rc;
}

int orgdb_application_connection_disable(orgdb_txn *txn, const char *client_id, const char *connection_id)
{
	struct ends ends;
	struct edge edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_edge(txn, client_id, connection_id, &ends, &edge);
	return rc == 0 ? orgdb__ends_remove(txn, kind(), &edge, &ends, client_id, connection_id) : rc;
}

int orgdb_application_connections(
	orgdb_txn *txn, const char *client_id, uint64_t after, orgdb_connection *array, size_t capacity, size_t *count)
{
	struct page page = { ORGDB_KIND_CONNECTION, after, array, capacity, count };
	return orgdb__ends_list_of(txn, ORGDB_KIND_APPLICATION, client_id, TABLE_CONNECTIONS_OF_APPLICATION, &page);
}

int orgdb_connection_applications(
	orgdb_txn *txn, const char *connection_id, uint64_t after, orgdb_application *array, size_t capacity, size_t *count)
{
	struct page page = { ORGDB_KIND_APPLICATION, after, array, capacity, count };
	return orgdb__ends_list_of(txn, ORGDB_KIND_CONNECTION, connection_id, TABLE_APPLICATIONS_OF_CONNECTION, &page);
}
