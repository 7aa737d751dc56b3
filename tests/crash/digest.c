/*
 * The digest of all that a transaction sees.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "workload.h"

enum { PAGE = 64 };

struct digest {
	orgdb_txn *txn;
	uint64_t sum; /* FNV-1a. */
};

static void add(struct digest *digest, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < size; i++)
		digest->sum = (digest->sum ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static void add_number(struct digest *digest, uint64_t number)
{
	add(digest, &number, sizeof(number));
}

/* With its size, so that neighbours cannot pass bytes to one another. Absent is not empty. */
static void add_bytes(struct digest *digest, const void *data, size_t size)
{
	add_number(digest, data ? size : UINT64_MAX);
	add(digest, data, data ? size : 0);
}

static void add_field(struct digest *digest, const orgdb_field *field, const void *member)
{
	if (field->type == ORGDB_TYPE_BOOL)
		add_number(digest, *(const bool *)member);
	else if (field->type == ORGDB_TYPE_CHOICE)
		add_number(digest, *(const uint32_t *)member);
	else if (field->type == ORGDB_TYPE_NUMBER)
		add_number(digest, *(const uint64_t *)member);
	else /* orgdb_str and orgdb_value begin alike. */
		add_bytes(digest, ((const orgdb_value *)member)->data, ((const orgdb_value *)member)->size);
}

static uint64_t ordinal_of(const void *entry)
{
	return *(const uint64_t *)entry; /* The first member of every kind. */
}

static void add_entry(struct digest *digest, const orgdb_schema *schema, const void *entry)
{
	const char *bytes = entry;
	const orgdb_value *extra = (const void *)(bytes + schema->extra_offset);
	add_number(digest, ordinal_of(entry));
	add_number(digest, *(const uint32_t *)(const void *)(bytes + schema->fields_offset));
	add_bytes(digest, extra->data, extra->size);
	for (size_t i = 0; i < schema->field_count; i++)
		add_field(digest, &schema->fields[i], bytes + schema->fields[i].offset);
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

/* What follows from each entry of a list: the lists of its own. */
typedef int follow_fn(struct digest *digest, const void *entry);

static const char *text(orgdb_str id, char out[INPUT_ID_SIZE])
{
	memcpy(out, id.data, id.size);
	out[id.size] = '\0';
	return out;
}

static int add_roles(struct digest *digest, const char *organization, const orgdb_user *user)
{
	char id[INPUT_ID_SIZE];
	orgdb_role roles[PAGE];
	orgdb_membership membership;
	size_t count;
	text(user->user_id, id);
	int rc = orgdb_membership_get(digest->txn, organization, id, &membership);
	if (rc == 0)
		rc = orgdb_member_roles(digest->txn, organization, id, 0, roles, PAGE, &count);
	if (rc != 0)
		return rc;
	add_entry(digest, orgdb_schema_of(ORGDB_KIND_MEMBERSHIP), &membership);
	for (size_t i = 0; i < count; i++)
		add_number(digest, roles[i].ordinal);
	return 0;
}

static int add_members(struct digest *digest, const char *organization)
{
	orgdb_user users[PAGE];
	uint64_t after = 0;
	size_t count;
	int rc;
	do {
		rc = orgdb_organization_members(digest->txn, organization, after, users, PAGE, &count);
		for (size_t i = 0; rc == 0 && i < count; i++) {
			after = users[i].ordinal;
			rc = add_roles(digest, organization, &users[i]);
		}
	} while (rc == 0 && count == PAGE);
	return rc;
}

static int add_organization(struct digest *digest, const void *entry)
{
	const orgdb_organization *organization = entry;
	orgdb_enabled_connection enabled[PAGE];
	orgdb_organization_application places[PAGE];
	char id[INPUT_ID_SIZE];
	size_t count;
	text(organization->id, id);
	int rc = orgdb_enabled_connection_list(digest->txn, id, 0, enabled, PAGE, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		add_entry(digest, orgdb_schema_of(ORGDB_KIND_ENABLED_CONNECTION), &enabled[i]);
	if (rc == 0)
		rc = orgdb_organization_application_list(digest->txn, id, 0, places, PAGE, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		add_entry(digest, orgdb_schema_of(ORGDB_KIND_ORGANIZATION_APPLICATION), &places[i]);
	return rc == 0 ? add_members(digest, id) : rc;
}

static int add_application(struct digest *digest, const void *entry)
{
	const orgdb_application *application = entry;
	orgdb_connection connections[PAGE];
	char id[INPUT_ID_SIZE];
	size_t count;
	text(application->client_id, id);
	int rc = orgdb_application_connections(digest->txn, id, 0, connections, PAGE, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		add_number(digest, connections[i].ordinal);
	return rc;
}

static int add_kind(struct digest *digest, uint32_t kind, follow_fn *follow)
{
	union model_any page[PAGE];
	const orgdb_schema *schema = orgdb_schema_of(kind);
	uint64_t after = 0;
	size_t count;
	int rc;
	add_number(digest, kind);
	do {
		rc = orgdb_entity_list(digest->txn, kind, after, page, PAGE, &count);
		for (size_t i = 0; rc == 0 && i < count; i++) {
			const char *entry = (const char *)page + i * schema->struct_size;
			add_entry(digest, schema, entry);
			after = ordinal_of(entry);
			rc = follow ? follow(digest, entry) : 0;
		}
	} while (rc == 0 && count == PAGE);
	return rc;
}

int digest_of(orgdb_txn *txn, uint64_t *out)
{
	static follow_fn *const follow[ORGDB_ENTITY_KINDS] = {
		[ORGDB_KIND_APPLICATION] = add_application,
		[ORGDB_KIND_ORGANIZATION] = add_organization,
	};
	struct digest digest = { txn, UINT64_C(0xcbf29ce484222325) };
	int rc = 0;
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS && rc == 0; kind++)
		rc = add_kind(&digest, kind, follow[kind]);
	*out = digest.sum;
	return rc;
}
