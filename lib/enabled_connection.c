/*
 * Enabled connections: which connections an organization offers, and how.
 *
 * The options that a login page needs are in the organization's hot row; the others are attributes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "enabled_connection.h"

#include "ends.h"
#include "entity.h"
#include "error.h"
#include "login.h"

enum {
	COLD_FIELDS = ORGDB_ENABLED_CONNECTION_ORGANIZATION_CONNECTION_NAME,
	ID_FIELDS = ORGDB_ENABLED_CONNECTION_ORGANIZATION_ID | ORGDB_ENABLED_CONNECTION_CONNECTION_ID,
};

static const struct kind *kind(void)
{
	return orgdb__kind(ORGDB_KIND_ENABLED_CONNECTION);
}

/* ---- Options as bits --------------------------------------------------------------------------------------------- */

static uint32_t pack_flag(bool value, uint32_t bit, bool given, uint32_t given_bit)
{
	return (value ? bit : 0) | (given ? given_bit : 0);
}

static uint32_t pack_options(const orgdb_enabled_connection *edge)
{
	uint32_t given = edge->fields;
	uint32_t options = edge->organization_access_level << LOGIN_ACCESS_SHIFT;
	options |= pack_flag(edge->assign_membership_on_login, LOGIN_ASSIGN_MEMBERSHIP,
		given & ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN, LOGIN_ASSIGN_MEMBERSHIP_GIVEN);
	options |= pack_flag(edge->show_as_button, LOGIN_SHOW_AS_BUTTON, given & ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON,
		LOGIN_SHOW_AS_BUTTON_GIVEN);
	options |= pack_flag(
		edge->is_signup_enabled, LOGIN_SIGNUP, given & ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED, LOGIN_SIGNUP_GIVEN);
	options |=
		pack_flag(edge->is_enabled, LOGIN_ENABLED, given & ORGDB_ENABLED_CONNECTION_IS_ENABLED, LOGIN_ENABLED_GIVEN);
	options |= pack_flag(false, 0, given & ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL, LOGIN_ACCESS_GIVEN);
	options |= pack_flag(false, 0, given & (COLD_FIELDS | ORGDB_EXTRA), LOGIN_HAS_RECORD);
	return options;
}

static void unpack_options(uint32_t options, orgdb_enabled_connection *edge)
{
	edge->assign_membership_on_login = options & LOGIN_ASSIGN_MEMBERSHIP;
	edge->show_as_button = options & LOGIN_SHOW_AS_BUTTON;
	edge->is_signup_enabled = options & LOGIN_SIGNUP;
	edge->is_enabled = options & LOGIN_ENABLED;
	edge->organization_access_level = (options & LOGIN_ACCESS_MASK) >> LOGIN_ACCESS_SHIFT;
	edge->fields |=
		(options & LOGIN_ASSIGN_MEMBERSHIP_GIVEN ? ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN : 0) |
		(options & LOGIN_SHOW_AS_BUTTON_GIVEN ? ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON : 0) |
		(options & LOGIN_SIGNUP_GIVEN ? ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED : 0) |
		(options & LOGIN_ENABLED_GIVEN ? ORGDB_ENABLED_CONNECTION_IS_ENABLED : 0) |
		(options & LOGIN_ACCESS_GIVEN ? ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL : 0);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* An organization and a connection, and what the hot row says of them. */
struct place {
	struct ends ends;
	struct login login;
	uint32_t at;
	bool there;
};

static int find_place(orgdb_txn *txn, const char *organization_id, const char *connection_id, struct place *place)
{
	int rc = orgdb__login_get(txn, orgdb_string(organization_id), &place->login);
	if (rc == 0)
		rc = orgdb__entity_find(txn, ORGDB_KIND_CONNECTION, connection_id, &place->ends.second);
	if (rc != 0)
		return rc;
	place->ends.first = place->login.organization;
	place->at = orgdb__login_search(&place->login, place->ends.second, &place->there);
	return 0;
}

static int find_existing(orgdb_txn *txn, const char *organization_id, const char *connection_id, struct place *place)
{
	int rc = find_place(txn, organization_id, connection_id, place);
	if (rc == 0 && !place->there)
		return orgdb__fail(ORGDB_NOT_FOUND, "enabled_connection",
			"the organization \"%.60s\" has not enabled \"%.60s\"", organization_id, connection_id);
	return rc;
}

int orgdb__enabled_connection_read(
	orgdb_txn *txn, const struct login *login, uint32_t at, orgdb_enabled_connection *out)
{
	struct login_entry entry = login_at(login, at);
	struct ends ends = { login->organization, entry.connection };
	int rc = 0;
	orgdb__schema_defaults(&kind()->schema, out);
	if (entry.options & LOGIN_HAS_RECORD) {
		struct key key = key_of_pair(ends.first, ends.second);
		rc = orgdb__attributes_read(txn, kind(), &key, out);
	}
	if (rc == 0)
		rc = orgdb__ends_name(txn, kind(), ORGDB_KIND_ORGANIZATION, ORGDB_KIND_CONNECTION, &ends, out);
	out->ordinal = ends.second;
	unpack_options(entry.options, out);
	return rc;
}

int orgdb_enabled_connection_get(
	orgdb_txn *txn, const char *organization_id, const char *connection_id, orgdb_enabled_connection *out)
{
	struct place place;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, connection_id, &place);
	return rc == 0 ? orgdb__enabled_connection_read(txn, &place.login, place.at, out) : rc;
}

int orgdb_enabled_connection_list(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_enabled_connection *array, size_t capacity, size_t *count)
{
	struct login login;
	*count = 0;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__login_get(txn, orgdb_string(organization_id), &login);
	if (rc != 0)
		return rc;
	bool there;
	uint32_t at = orgdb__login_search(&login, after, &there);
	for (at += there; at < login.count && *count < capacity; at++) {
		rc = orgdb__enabled_connection_read(txn, &login, at, &array[*count]);
		if (rc != 0)
			return rc;
		(*count)++;
	}
	return 0;
}

int orgdb_enabled_connection_count(orgdb_txn *txn, const char *organization_id, uint64_t *count)
{
	struct login login;
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = orgdb__login_get(txn, orgdb_string(organization_id), &login);
	if (rc == 0)
		*count = login.count;
	return rc;
}

int orgdb_connection_organizations(orgdb_txn *txn, const char *connection_id, uint64_t after, orgdb_organization *array,
	size_t capacity, size_t *count)
{
	struct page page = { ORGDB_KIND_ORGANIZATION, after, array, capacity, count };
	return orgdb__ends_list_of(txn, ORGDB_KIND_CONNECTION, connection_id, TABLE_ORGANIZATIONS_OF_CONNECTION, &page);
}

/* ---- Changing ---------------------------------------------------------------------------------------------------- */

/* What the fields must obey together. */
static int check_rules(orgdb_txn *txn, uint64_t connection_ordinal, const orgdb_enabled_connection *edge)
{
	if (edge->is_signup_enabled) {
		orgdb_connection connection;
		int rc = orgdb__entity_load(txn, orgdb__kind(ORGDB_KIND_CONNECTION), connection_ordinal, &connection);
		if (rc != 0)
			return rc;
		if (connection.kind != ORGDB_DATABASE || !edge->assign_membership_on_login)
			return orgdb__fail(ORGDB_INVALID, "enabled_connection.is_signup_enabled",
				"enabled_connection.is_signup_enabled needs a database connection (this one is %s) and "
				"assign_membership_on_login (which is %s)",
				orgdb_connection_kind_name(connection.kind), edge->assign_membership_on_login ? "true" : "false");
	}
	if (edge->organization_access_level != ORGDB_ACCESS_NONE && !edge->organization_connection_name.data)
		return orgdb__fail(ORGDB_INVALID, "enabled_connection.organization_access_level",
			"enabled_connection.organization_access_level other than none needs an organization_connection_name");
	return 0;
}

static int prepare(orgdb_txn *txn, const struct ends *ends, const char *organization_id, const char *connection_id,
	orgdb_enabled_connection *edge)
{
	edge->organization_id = orgdb_string(organization_id);
	edge->connection_id = orgdb_string(connection_id);
	int rc = orgdb__attributes_prepare(txn, kind(), edge->fields | ID_FIELDS, edge);
	return rc == 0 ? check_rules(txn, ends->second, edge) : rc;
}

/* Write the forward half: the hot row's entry, and the attributes. */
static int write_forward(orgdb_txn *txn, const struct ends *ends, const orgdb_enabled_connection *edge)
{
	struct login_entry entry = { (uint32_t)ends->second, pack_options(edge) };
	struct key key = key_of_pair(ends->first, ends->second);
	int rc = orgdb__login_set(txn, edge->organization_id, ends->second, &entry);
	return rc == 0 ? orgdb__attributes_write(txn, kind(), &key, edge, COLD_FIELDS | ORGDB_EXTRA) : rc;
}

int orgdb__enabled_connection_judge(orgdb_txn *txn, const struct login *login, uint32_t at)
{
	orgdb_enabled_connection edge;
	int rc = orgdb__enabled_connection_read(txn, login, at, &edge);
	if (rc == 0)
		rc = orgdb__schema_validate(&kind()->schema, &edge);
	return rc == 0 ? check_rules(txn, login_at(login, at).connection, &edge) : rc;
}

int orgdb_enabled_connection_create(
	orgdb_txn *txn, const char *organization_id, const char *connection_id, const orgdb_enabled_connection *options)
{
	struct place place;
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_place(txn, organization_id, connection_id, &place);
	if (rc == 0 && place.there)
		rc = orgdb__fail(ORGDB_EXISTS, "enabled_connection", "the organization \"%.60s\" has enabled \"%.60s\" already",
			organization_id, connection_id);
	if (rc == 0 && options) {
		uint32_t given = 0;
		rc = orgdb__schema_given(&kind()->schema, options, &given);
		edge = *options;
		edge.fields = given;
	}
	if (rc == 0)
		rc = prepare(txn, &place.ends, organization_id, connection_id, &edge);
	if (rc == 0)
		rc = write_forward(txn, &place.ends, &edge);
	if (rc != 0)
		return rc;
	struct half reverse = orgdb__half_of_enabled_connection(place.ends.first, place.ends.second);
	rc = orgdb__set_insert(txn, &reverse);
	if (rc == ORGDB_EXISTS)
		return orgdb__txn_corrupt(txn, reverse.table, "an edge has only one of its halves");
	return rc == 0 ? orgdb__edges_counted(txn, EDGE_ENABLED_CONNECTION, 1, 0) : rc;
}

int orgdb_enabled_connection_update(
	orgdb_txn *txn, const char *organization_id, const char *connection_id, const orgdb_enabled_connection *changes)
{
	struct place place;
	orgdb_enabled_connection edge;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, connection_id, &place);
	if (rc == 0)
		rc = orgdb__enabled_connection_read(txn, &place.login, place.at, &edge);
	if (rc == 0)
		rc = orgdb__schema_overlay(&kind()->schema, &edge, changes);
	if (rc == 0)
		rc = prepare(txn, &place.ends, organization_id, connection_id, &edge);
	return rc == 0 ? write_forward(txn, &place.ends, &edge) : rc;
}

int orgdb_enabled_connection_delete(orgdb_txn *txn, const char *organization_id, const char *connection_id)
{
	struct place place;
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = find_existing(txn, organization_id, connection_id, &place);
	if (rc == 0)
		rc = orgdb__login_set(txn, orgdb_string(organization_id), place.ends.second, NULL);
	if (rc != 0)
		return rc;
	struct key key = key_of_pair(place.ends.first, place.ends.second);
	struct half reverse = orgdb__half_of_enabled_connection(place.ends.first, place.ends.second);
	rc = orgdb__attributes_delete(txn, kind(), &key);
	if (rc == 0)
		rc = orgdb__set_remove(txn, &reverse);
	if (rc == ORGDB_NOT_FOUND)
		return orgdb__txn_corrupt(txn, reverse.table, "an edge has only one of its halves");
	return rc == 0 ? orgdb__edges_counted(txn, EDGE_ENABLED_CONNECTION, 0, 1) : rc;
}
