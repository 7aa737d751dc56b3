/*
 * The typed faces of the entity kinds. They differ in nothing but types, so one macro makes them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "entity.h"
#include "owned.h"

#define FACE(noun, KIND)                                                                                         \
	int orgdb_##noun##_create(orgdb_txn *txn, const orgdb_##noun *noun, orgdb_str *id)                           \
	{                                                                                                            \
		return orgdb_entity_create(txn, KIND, noun, id);                                                         \
	}                                                                                                            \
	int orgdb_##noun##_get(orgdb_txn *txn, const char *id, orgdb_##noun *out)                                    \
	{                                                                                                            \
		return orgdb_entity_get(txn, KIND, id, out);                                                             \
	}                                                                                                            \
	int orgdb_##noun##_update(orgdb_txn *txn, const char *id, const orgdb_##noun *changes)                       \
	{                                                                                                            \
		return orgdb_entity_update(txn, KIND, id, changes);                                                      \
	}                                                                                                            \
	int orgdb_##noun##_delete(orgdb_txn *txn, const char *id, orgdb_cascade *gone)                               \
	{                                                                                                            \
		return orgdb_entity_delete(txn, KIND, id, gone);                                                         \
	}                                                                                                            \
	int orgdb_##noun##_list(orgdb_txn *txn, uint64_t after, orgdb_##noun *array, size_t capacity, size_t *count) \
	{                                                                                                            \
		return orgdb_entity_list(txn, KIND, after, array, capacity, count);                                      \
	}                                                                                                            \
	int orgdb_##noun##_count(orgdb_txn *txn, uint64_t *count)                                                    \
	{                                                                                                            \
		return orgdb_entity_count(txn, KIND, count);                                                             \
	}

FACE(connection, ORGDB_KIND_CONNECTION)
FACE(application, ORGDB_KIND_APPLICATION)
FACE(organization, ORGDB_KIND_ORGANIZATION)
FACE(user, ORGDB_KIND_USER)
FACE(role, ORGDB_KIND_ROLE)
FACE(email_template, ORGDB_KIND_EMAIL_TEMPLATE)
FACE(discovery_domain, ORGDB_KIND_DISCOVERY_DOMAIN)
FACE(invitation, ORGDB_KIND_INVITATION)

/* In the schema, a kind's name is its second index. */
#define FACE_BY_NAME(noun, KIND)                                                           \
	int orgdb_##noun##_get_by_name(orgdb_txn *txn, const char *name, orgdb_##noun *out)    \
	{                                                                                      \
		int rc = orgdb__txn_read(txn);                                                     \
		return rc == 0 ? orgdb__entity_get_by(txn, KIND, 1, orgdb_string(name), out) : rc; \
	}

FACE_BY_NAME(connection, ORGDB_KIND_CONNECTION)
FACE_BY_NAME(organization, ORGDB_KIND_ORGANIZATION)
FACE_BY_NAME(role, ORGDB_KIND_ROLE)

/* ---- What organizations own -------------------------------------------------------------------------------------- */

int orgdb_organization_roles(
	orgdb_txn *txn, const char *organization_id, uint64_t after, orgdb_role *array, size_t capacity, size_t *count)
{
	return orgdb_owned_list(txn, ORGDB_KIND_ROLE, organization_id, after, array, capacity, count);
}

int orgdb_organization_role_get_by_name(orgdb_txn *txn, const char *organization_id, const char *name, orgdb_role *out)
{
	return orgdb__owned_get_by(txn, ORGDB_KIND_ROLE, 1, organization_id, orgdb_string(name), out);
}

int orgdb_organization_discovery_domains(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_discovery_domain *array, size_t capacity, size_t *count)
{
	return orgdb_owned_list(txn, ORGDB_KIND_DISCOVERY_DOMAIN, organization_id, after, array, capacity, count);
}

int orgdb_discovery_domain_get_by_domain(
	orgdb_txn *txn, const char *organization_id, const char *domain, orgdb_discovery_domain *out)
{
	char room[DOMAIN_MAX];
	orgdb_str key = orgdb_string(domain);
	orgdb__domain_key(key, room, &key); /* What is too long is not found either way. */
	return orgdb__owned_get_by(txn, ORGDB_KIND_DISCOVERY_DOMAIN, 1, organization_id, key, out);
}
