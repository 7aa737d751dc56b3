/*
 * Random transactions for the crash tests.
 *
 * SPDX-License-Identifier: MIT
 */
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>

/* Few of each, so that ids meet again and the store stays small enough to be looked at whole after each transaction. */
enum { USERS = 400 };
static const uint32_t pool[ORGDB_ENTITY_KINDS] = { 6, 4, 5, USERS, 8, 5, 6, 12 };

void workload_open(struct input *input, uint64_t seed)
{
	input_open(input, seed);
	input->pool = pool;
}

static bool is_callers_fault(int rc)
{
	return rc == ORGDB_NOT_FOUND || rc == ORGDB_EXISTS || rc == ORGDB_INVALID || rc == ORGDB_TOO_LARGE ||
		rc == ORGDB_FORBIDDEN;
}

static const char *some_id(struct input *input, uint32_t kind, char out[INPUT_ID_SIZE])
{
	input_id(kind, input_below(input, pool[kind]), out);
	return out;
}

static orgdb_str *id_of(uint32_t kind, union model_any *entity)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	const orgdb_field *field = schema->fields;
	while (!(field->flags & ORGDB_FIELD_ID))
		field++;
	uint32_t *fields = (uint32_t *)((char *)entity + schema->fields_offset);
	if (*fields)
		*fields |= field->bit;
	return (orgdb_str *)((char *)entity + field->offset);
}

/* Nor may it make up a ticket or look at the clock. */
static void record(struct input *input, orgdb_invitation *invitation, char ticket[33])
{
	input_ticket(input, ticket);
	invitation->created_at = orgdb_string("2020-01-01T00:00:00Z");
	invitation->ticket_id = orgdb_string(ticket);
	if (invitation->fields)
		invitation->fields |= ORGDB_INVITATION_CREATED_AT | ORGDB_INVITATION_TICKET_ID;
}

static int create(orgdb_txn *txn, struct input *input, uint32_t kind, const char *id)
{
	union model_any entity;
	char ticket[33];
	input_entity(input, kind, &entity);
	*id_of(kind, &entity) = orgdb_string(id); /* Never one that the library makes: it could not be made again. */
	if (kind == ORGDB_KIND_INVITATION)
		record(input, &entity.invitation, ticket);
	int rc = orgdb_entity_create(txn, kind, &entity, NULL);
	input_reset(input);
	return rc;
}

static int change_entity(orgdb_txn *txn, struct input *input)
{
	char id[INPUT_ID_SIZE];
	union model_any changes;
	uint32_t kind = input_below(input, ORGDB_ENTITY_KINDS), choice = input_below(input, 10);
	some_id(input, kind, id);
	if (choice < 6)
		return create(txn, input, kind, id);
	if (choice < 7)
		return orgdb_entity_delete(txn, kind, id, NULL);
	input_changes(input, kind, &changes);
	int rc = orgdb_entity_update(txn, kind, id, &changes);
	input_reset(input);
	return rc;
}

static const orgdb_enabled_connection assigning = { .assign_membership_on_login = true,
	.show_as_button = true,
	.is_enabled = true };

static int change_edge(orgdb_txn *txn, struct input *input)
{
	char first[INPUT_ID_SIZE], second[INPUT_ID_SIZE], third[INPUT_ID_SIZE];
	orgdb_login_result result;
	bool add = input_chance(input, 70);
	some_id(input, ORGDB_KIND_ORGANIZATION, first);
	switch (input_below(input, 6)) {
	case 0:
		some_id(input, ORGDB_KIND_CONNECTION, second);
		return add ? orgdb_enabled_connection_create(txn, first, second, &assigning)
				   : orgdb_enabled_connection_delete(txn, first, second);
	case 1:
		some_id(input, ORGDB_KIND_APPLICATION, first);
		some_id(input, ORGDB_KIND_CONNECTION, second);
		return add ? orgdb_application_connection_enable(txn, first, second, NULL)
				   : orgdb_application_connection_disable(txn, first, second);
	case 2:
		some_id(input, ORGDB_KIND_USER, second);
		return add ? orgdb_membership_add(txn, first, second, NULL) : orgdb_membership_remove(txn, first, second);
	case 3:
		some_id(input, ORGDB_KIND_APPLICATION, second);
		return add ? orgdb_organization_application_add(txn, first, second, NULL)
				   : orgdb_organization_application_remove(txn, first, second);
	case 4:
		some_id(input, ORGDB_KIND_CONNECTION, second);
		some_id(input, ORGDB_KIND_USER, third);
		return orgdb_login(txn, first, second, third, NULL, &result);
	default:
		some_id(input, ORGDB_KIND_USER, second);
		some_id(input, ORGDB_KIND_ROLE, third);
		return add ? orgdb_member_role_assign(txn, first, second, third)
				   : orgdb_member_role_remove(txn, first, second, third);
	}
}

/* A new member, who may be a new user, with a role. */
static int add_member(orgdb_txn *txn, struct input *input, const char *organization, const char *role, uint32_t user)
{
	char id[INPUT_ID_SIZE];
	input_id(ORGDB_KIND_USER, user, id);
	int rc = create(txn, input, ORGDB_KIND_USER, id);
	if (rc == 0 || is_callers_fault(rc))
		rc = orgdb_membership_add(txn, organization, id, NULL);
	if (rc == 0 || is_callers_fault(rc))
		rc = orgdb_member_role_assign(txn, organization, id, role);
	return rc;
}

static int change_much(orgdb_txn *txn, struct input *input)
{
	char organization[INPUT_ID_SIZE], role[INPUT_ID_SIZE];
	uint32_t first = input_below(input, USERS), count = input_below(input, USERS / 2);
	some_id(input, ORGDB_KIND_ORGANIZATION, organization);
	some_id(input, ORGDB_KIND_ROLE, role);
	if (input_chance(input, 50))
		return orgdb_organization_delete(txn, organization, NULL);
	int rc = create(txn, input, ORGDB_KIND_ORGANIZATION, organization);
	for (uint32_t i = 0; i < count && (rc == 0 || is_callers_fault(rc)); i++)
		rc = add_member(txn, input, organization, role, (first + i) % USERS);
	return rc;
}

int workload_change(orgdb_txn *txn, struct input *input)
{
	uint32_t calls = 1 + input_below(input, 8);
	int rc = input_chance(input, 8) ? change_much(txn, input) : 0;
	for (uint32_t i = 0; i < calls && (rc == 0 || is_callers_fault(rc)); i++)
		rc = input_chance(input, 40) ? change_entity(txn, input) : change_edge(txn, input);
	return is_callers_fault(rc) ? 0 : rc;
}

int workload_touch(orgdb_txn *txn, struct input *input)
{
	static const char id[] = "auth0|witness";
	char name[20];
	snprintf(name, sizeof(name), "%" PRIx64, input_random(input));
	orgdb_user user = ORGDB_USER_INIT;
	user.nickname = orgdb_string(name);
	user.fields = ORGDB_USER_NICKNAME;
	int rc = orgdb_user_update(txn, id, &user);
	if (rc != ORGDB_NOT_FOUND)
		return rc;
	user.user_id = orgdb_string(id);
	user.fields |= ORGDB_USER_ID;
	return orgdb_user_create(txn, &user, NULL);
}
