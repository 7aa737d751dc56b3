/*
 * Discovery: which organizations an email address leads to, and how one may log in there.
 *
 * The domains that lead somewhere have an index of their own. Its keys are the domain in small letters, NUL, and the id of an
 * organization, so the organizations of a domain lie together in the order of their ids, and their hot rows are found
 * without reading anything else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "catalog.h"
#include "entity.h"
#include "error.h"
#include "login_cache.h"

enum { ID_LENGTH = 20 }; /* Of an organization's id. */

/* Where in the index an email address or a domain leads. */
struct place {
	size_t domain; /* Bytes of the key that say the domain, NUL included; 0: it leads nowhere. */
	size_t size;
	char key[DOMAIN_MAX + 1 + ID_LENGTH + 1];
};

/* What is no domain is not in the index. */
static void find_domain(const char *email_or_domain, struct place *place)
{
	orgdb_str key, domain = orgdb_string(email_or_domain);
	for (size_t i = domain.size; i > 0; i--)
		if (domain.data[i - 1] == '@') {
			domain = (orgdb_str){ domain.data + i, domain.size - i };
			break;
		}
	place->domain = place->size = 0;
	if (domain.size == 0 || !orgdb__domain_key(domain, place->key, &key))
		return;
	place->key[key.size] = '\0';
	place->domain = place->size = key.size + 1;
}

/* Go on behind an organization; one whose id no organization can have comes before all or behind all. */
static void go_behind(struct place *place, orgdb_str id)
{
	size_t size = id.size < ID_LENGTH ? id.size : ID_LENGTH;
	memcpy(place->key + place->domain, id.data, size);
	place->size = place->domain + size;
	place->key[place->size++] = '\0';
}

/* The next organization's id; ORGDB_NOT_FOUND at the end, without recording a failure. */
static int next_organization(orgdb_txn *txn, struct place *place, orgdb_str *id)
{
	struct bytes found, row;
	struct bytes key = { (const uint8_t *)place->key, place->size };
	if (place->domain == 0)
		return ORGDB_NOT_FOUND;
	int rc = orgdb__kv_seek(txn->kv, TABLE_DISCOVERY, key, &found, &row);
	if (rc != 0)
		return rc;
	if (!key_has_prefix(found, (struct bytes){ key.data, place->domain }))
		return ORGDB_NOT_FOUND;
	if (found.size != place->domain + ID_LENGTH)
		return orgdb__txn_corrupt(txn, TABLE_DISCOVERY, "a key is damaged");
	*id = (orgdb_str){ (const char *)found.data + place->domain, ID_LENGTH };
	go_behind(place, *id);
	return 0;
}

/* ---- Organizations of an address --------------------------------------------------------------------------------- */

static int add_connections(orgdb_txn *txn, const struct login_entry *entries, orgdb_discovered *out)
{
	struct catalog_directory *directory = catalog_directory_of(txn);
	int rc = 0;
	for (; entries->connection != LOGIN_END && rc == 0; entries++) {
		if (!(entries->options & LOGIN_ENABLED))
			continue;
		const struct catalog_connection *found = catalog_connection_of(txn, directory, entries->connection, &rc);
		if (!found || !found->enterprise)
			continue;
		if (out->connection_count < ORGDB_DISCOVERED_CONNECTIONS_MAX)
			out->connections[out->connection_count] = &found->connection;
		out->connection_count++;
	}
	return rc;
}

static int describe(orgdb_txn *txn, orgdb_str id, orgdb_discovered *out)
{
	struct login_run run;
	const struct login_entry *entries;
	struct login_id taken = login_id_of(txn->db, id);
	out->connection_count = 0;
	int rc = taken.possible ? orgdb__login_run(txn, &taken, &run, &entries) : ORGDB_NOT_FOUND;
	if (rc == 0)
		rc = add_connections(txn, entries, out);
	if (rc == 0)
		rc = orgdb__entity_get_by(txn, ORGDB_KIND_ORGANIZATION, 0, id, &out->organization);
	return rc == ORGDB_NOT_FOUND
		? orgdb__txn_corrupt(txn, TABLE_DISCOVERY, "a domain leads to an organization that does not exist")
		: rc;
}

int orgdb_discover(orgdb_txn *txn, const char *email_or_domain, const char *after_id, orgdb_discovered *array,
	size_t capacity, size_t *count)
{
	struct place place;
	orgdb_str id;
	*count = 0;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__catalog_open(txn);
	if (rc != 0)
		return rc;
	find_domain(email_or_domain, &place);
	if (after_id && place.domain > 0)
		go_behind(&place, orgdb_string(after_id));
	while (*count < capacity && (rc = next_organization(txn, &place, &id)) == 0) {
		rc = describe(txn, id, &array[*count]);
		if (rc != 0)
			return rc;
		(*count)++;
	}
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

/* ---- Connections of an address ----------------------------------------------------------------------------------- */

int orgdb_discovered_connections(orgdb_txn *txn, const char *client_id, const char *email_or_domain,
	const orgdb_merge_options *options, orgdb_discovery *discovery, orgdb_merged_connection *array, size_t capacity,
	size_t *count)
{
	struct place place;
	orgdb_str id, another;
	char organization_id[ID_LENGTH + 1];
	*count = 0;
	int rc = orgdb__txn_read(txn);
	if (rc != 0)
		return rc;
	find_domain(email_or_domain, &place);
	rc = next_organization(txn, &place, &id);
	if (rc == ORGDB_NOT_FOUND) {
		*discovery = (orgdb_discovery){ .organizations = ORGDB_DISCOVERED_NONE };
		return orgdb_merged_connections(txn, client_id, NULL, options, array, capacity, count);
	}
	if (rc != 0)
		return rc;
	memcpy(organization_id, id.data, ID_LENGTH);
	organization_id[ID_LENGTH] = '\0';
	rc = next_organization(txn, &place, &another);
	if (rc == ORGDB_NOT_FOUND) {
		*discovery = (orgdb_discovery){ .organizations = ORGDB_DISCOVERED_ONE, .organization_id = id };
		return orgdb_merged_connections(txn, client_id, organization_id, options, array, capacity, count);
	}
	*discovery = (orgdb_discovery){ .organizations = ORGDB_DISCOVERED_SEVERAL };
	const struct catalog_application *unused;
	if (rc == 0)
		rc = orgdb__catalog_open(txn);
	return rc == 0 ? orgdb__catalog_application(txn, orgdb_string(client_id), &unused) : rc;
}
