/*
 * The operations of the model test: each makes one random call and expects what the model answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "model_driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- Whom to ask for --------------------------------------------------------------------------------------------- */

/* An id and, if there is such an entity, its row; valid until the model changes. */
struct target {
	char id[INPUT_ID_SIZE];
	const struct model_row *row;
};

static void pick_malformed(struct driver *driver, char *id)
{
	static const char *const malformed[] = { "", "nonsense", "org_", "con_ 0123456789abcde", "|", "\xc3\x28" };
	uint32_t choice = input_below(&driver->input, COUNT_OF(malformed) + 1);
	if (choice < COUNT_OF(malformed)) {
		strcpy(id, malformed[choice]);
	} else {
		memset(id, "x0a"[input_below(&driver->input, 3)], INPUT_ID_SIZE - 1);
		id[INPUT_ID_SIZE - 1] = '\0';
	}
}

static bool is_hub(const struct driver *driver, uint32_t kind)
{
	return driver->shape->hubs & 1u << kind;
}

/* Mostly an entity that is there, the hub or any; sometimes an id of the pool, whether there or not. */
static void pick_from(struct driver *driver, uint32_t kind, bool hub, struct target *target)
{
	const struct model_table *table = &driver->view->tables[kind];
	uint32_t choice = input_below(&driver->input, 100);
	if (table->count > 0 && choice < 93) {
		size_t index = hub ? 0 : input_below(&driver->input, (uint32_t)table->count);
		strcpy(target->id, model_id(table->rows[index].record));
	} else if (choice < 99) {
		input_id(kind, input_below(&driver->input, driver->shape->pool[kind]), target->id);
	} else {
		pick_malformed(driver, target->id);
	}
	target->row = model_find_id(driver->view, kind, target->id);
}

static void pick(struct driver *driver, uint32_t kind, struct target *target)
{
	pick_from(driver, kind, is_hub(driver, kind) && input_chance(&driver->input, 65), target);
}

static model_errors missing(const struct target *target)
{
	return target->row ? 0 : MODEL_ERROR(ORGDB_NOT_FOUND);
}

/* ---- The verbs of every kind ------------------------------------------------------------------------------------- */

struct verbs {
	int (*create)(orgdb_txn *txn, const void *entity, orgdb_str *id);
	int (*get)(orgdb_txn *txn, const char *id, void *out);
	int (*update)(orgdb_txn *txn, const char *id, const void *changes);
	int (*erase)(orgdb_txn *txn, const char *id, orgdb_cascade *gone);
	int (*count)(orgdb_txn *txn, uint64_t *count);
};

#define VERBS(noun)                                                                                             \
	static int noun##_create(orgdb_txn *txn, const void *entity, orgdb_str *id)                                 \
	{                                                                                                           \
		return orgdb_##noun##_create(txn, entity, id);                                                          \
	}                                                                                                           \
	static int noun##_get(orgdb_txn *txn, const char *id, void *out)                                            \
	{                                                                                                           \
		return orgdb_##noun##_get(txn, id, out);                                                                \
	}                                                                                                           \
	static int noun##_update(orgdb_txn *txn, const char *id, const void *changes)                               \
	{                                                                                                           \
		return orgdb_##noun##_update(txn, id, changes);                                                         \
	}                                                                                                           \
	static const struct verbs noun##_verbs = { noun##_create, noun##_get, noun##_update, orgdb_##noun##_delete, \
		orgdb_##noun##_count }
VERBS(connection);
VERBS(application);
VERBS(role);
VERBS(user);
VERBS(organization);
VERBS(discovery_domain);
VERBS(email_template);
VERBS(invitation);

static const struct verbs *const verbs_of[ORGDB_ENTITY_KINDS] = { &connection_verbs, &application_verbs, &role_verbs,
	&user_verbs, &organization_verbs, &email_template_verbs, &discovery_domain_verbs, &invitation_verbs };

/* Half of the calls go through the typed functions, half through the general ones. */
static int call_create(struct driver *driver, uint32_t kind, const void *entity, orgdb_str *id)
{
	return input_chance(&driver->input, 50) ? verbs_of[kind]->create(driver->txn, entity, id)
											: orgdb_entity_create(driver->txn, kind, entity, id);
}

static int call_get(struct driver *driver, uint32_t kind, const char *id, void *out)
{
	return input_chance(&driver->input, 50) ? verbs_of[kind]->get(driver->txn, id, out)
											: orgdb_entity_get(driver->txn, kind, id, out);
}

static int call_update(struct driver *driver, uint32_t kind, const char *id, const void *changes)
{
	return input_chance(&driver->input, 50) ? verbs_of[kind]->update(driver->txn, id, changes)
											: orgdb_entity_update(driver->txn, kind, id, changes);
}

static int call_delete(struct driver *driver, uint32_t kind, const char *id, orgdb_cascade *gone)
{
	return input_chance(&driver->input, 50) ? verbs_of[kind]->erase(driver->txn, id, gone)
											: orgdb_entity_delete(driver->txn, kind, id, gone);
}

static int call_count(struct driver *driver, uint32_t kind, uint64_t *count)
{
	return input_chance(&driver->input, 50) ? verbs_of[kind]->count(driver->txn, count)
											: orgdb_entity_count(driver->txn, kind, count);
}

static const char *name_of(uint32_t kind)
{
	return orgdb_schema_of(kind)->name;
}

static uint32_t some_kind(struct driver *driver)
{
	return input_below(&driver->input, ORGDB_ENTITY_KINDS);
}

/* ---- Entities ---------------------------------------------------------------------------------------------------- */

static void expect_get(struct driver *driver, uint32_t kind, const struct target *target)
{
	union model_any got;
	if (expect_result(driver, missing(target), call_get(driver, kind, target->id, &got)))
		expect_record(driver, target->row->record, target->row->key[0], &got);
}

/* The form of a generated id. */
static bool is_generated_id(uint32_t kind, const char *id)
{
	static const struct {
		const char *prefix, *letters;
		size_t count;
	} forms[] = {
		{ "con_", INPUT_LETTERS, 16 },
		{ "", INPUT_LETTERS, 32 },
		{ "rol_", INPUT_LETTERS, 16 },
		{ "auth0|", "0123456789abcdef", 24 },
		{ "org_", INPUT_LETTERS, 16 },
		[ORGDB_KIND_DISCOVERY_DOMAIN] = { "ord_", INPUT_LETTERS, 22 },
		[ORGDB_KIND_INVITATION] = { "uinv_", INPUT_LETTERS, 16 },
	};
	size_t prefix = strlen(forms[kind].prefix);
	return strncmp(id, forms[kind].prefix, prefix) == 0 && strlen(id) == prefix + forms[kind].count &&
		strspn(id + prefix, forms[kind].letters) == forms[kind].count;
}

/* Take over a text that the library made up. */
static void adopt_text(struct model_record *record, uint32_t bit, orgdb_str got)
{
	char text[64];
	size_t index = 0;
	while (record->schema->fields[index].bit != bit)
		index++;
	snprintf(text, sizeof(text), "%.*s", (int)got.size, got.data);
	if (!record->cells[index].stored)
		model_record_identify(record, index, text);
}

static void adopt_invitation(struct driver *driver, struct model_record *record, const orgdb_invitation *got)
{
	bool expiry_given = model_text(record, ORGDB_INVITATION_EXPIRES_AT).data;
	bool created_given = model_text(record, ORGDB_INVITATION_CREATED_AT).data;
	adopt_text(record, ORGDB_INVITATION_CREATED_AT, got->created_at);
	adopt_text(record, ORGDB_INVITATION_EXPIRES_AT, got->expires_at);
	adopt_text(record, ORGDB_INVITATION_TICKET_ID, got->ticket_id);
	orgdb_str ticket = model_text(record, ORGDB_INVITATION_TICKET_ID);
	if (ticket.size != 32 || strspn(ticket.data, INPUT_LETTERS) != 32)
		driver_diverged(driver, "a ticket is \"%s\"", ticket.data);
	uint64_t ttl = model_number(record, ORGDB_INVITATION_TTL_SEC);
	uint64_t created = model_moment(model_text(record, ORGDB_INVITATION_CREATED_AT));
	uint64_t now = (uint64_t)time(NULL) * 1000, hour = 3600000;
	if (!created_given && (created + hour < now || created > now + hour))
		driver_diverged(driver, "it was created at %.*s", (int)got->created_at.size, got->created_at.data);
	if (!expiry_given)
		expect_number(driver, "expires_at", created + (ttl ? ttl : 604800) * 1000,
			model_moment(model_text(record, ORGDB_INVITATION_EXPIRES_AT)));
}

/* The rest of a row's key. */
static uint64_t referred(const struct model *model, uint32_t kind, const struct model_record *record, uint32_t bit)
{
	return model_find_id(model, kind, model_text(record, bit).data)->key[0];
}

/* The new entity is in the store: take its id and its ordinal over, and see that it is what was given. */
static void adopt_created(struct driver *driver, uint32_t kind, struct model_record *record, orgdb_str id)
{
	char text[INPUT_ID_SIZE];
	union model_any got;
	snprintf(text, sizeof(text), "%.*s", (int)id.size, id.data);
	if (record->cells[0].stored)
		expect_text(driver, "the new id", orgdb_string(model_id(record)), id);
	else if (!is_generated_id(kind, text))
		driver_diverged(driver, "a generated id is \"%s\"", text);
	model_record_identify(record, 0, text);
	if (!expect_result(driver, 0, call_get(driver, kind, text, &got)))
		return;
	uint64_t ordinal = got.role.ordinal; /* The first member of each. */
	if (ordinal <= driver->model.last_ordinal[kind])
		driver_diverged(
			driver, "the new ordinal %" PRIu64 " does not follow %" PRIu64, ordinal, driver->model.last_ordinal[kind]);
	driver->model.last_ordinal[kind] = ordinal;
	uint64_t key[3] = { ordinal, 0, 0 };
	if (kind == ORGDB_KIND_INVITATION) {
		adopt_invitation(driver, record, &got.invitation);
		key[1] = referred(&driver->model, ORGDB_KIND_ORGANIZATION, record, ORGDB_INVITATION_ORGANIZATION_ID);
		key[2] = referred(&driver->model, ORGDB_KIND_APPLICATION, record, ORGDB_INVITATION_CLIENT_ID);
	}
	expect_record(driver, record, ordinal, &got);
	model_put(&driver->model, kind, key, record);
}

/* What an invitation refers to. */
struct referred {
	struct target organization, application, connection;
};

/* Let it mostly refer to what is there. */
static void refer(struct driver *driver, orgdb_invitation *invitation, struct referred *referred)
{
	pick(driver, ORGDB_KIND_ORGANIZATION, &referred->organization);
	pick(driver, ORGDB_KIND_APPLICATION, &referred->application);
	pick(driver, ORGDB_KIND_CONNECTION, &referred->connection);
	if (referred->organization.row)
		invitation->organization_id = orgdb_string(referred->organization.id);
	if (referred->application.row)
		invitation->client_id = orgdb_string(referred->application.id);
	if (referred->connection.row && invitation->connection_id.data)
		invitation->connection_id = orgdb_string(referred->connection.id);
}

/* With this id; NULL: with one that the library makes up. */
static void create_entity(struct driver *driver, uint32_t kind, const char *id)
{
	union model_any entity;
	struct referred referred;
	input_entity(&driver->input, kind, &entity);
	if (kind == ORGDB_KIND_INVITATION)
		refer(driver, &entity.invitation, &referred);
	*(orgdb_str *)(void *)((char *)&entity + orgdb_schema_of(kind)->fields[0].offset) = orgdb_string(id);
	struct model_record *record = model_record_created(kind, &entity);
	model_errors errors = model_conflicts(&driver->model, record, 0);
	if (!id && kind == ORGDB_KIND_EMAIL_TEMPLATE) /* They have no others than those that there are. */
		errors |= MODEL_ERROR(ORGDB_INVALID);
	driver_begin(
		driver, "create %s %s, fields 0x%x", name_of(kind), id ? brief(id).text : "(generated)", entity.role.fields);
	orgdb_str got;
	if (expect_result(driver, errors, call_create(driver, kind, &entity, &got)))
		adopt_created(driver, kind, record, got);
	else
		model_record_release(record);
}

void operation_create(struct driver *driver, uint32_t kind, uint32_t index)
{
	char id[INPUT_ID_SIZE];
	input_reset(&driver->input);
	input_id(kind, index, id);
	create_entity(driver, kind, id);
}

static void delete_entity(struct driver *driver, uint32_t kind, const struct target *target)
{
	orgdb_cascade gone, expected;
	driver_begin(driver, "delete %s %s", name_of(kind), brief(target->id).text);
	bool counted = input_chance(&driver->input, 80);
	if (!expect_result(driver, missing(target), call_delete(driver, kind, target->id, counted ? &gone : NULL)))
		return;
	expected = model_delete(&driver->model, kind, target->row->key[0]);
	if (!counted)
		return;
	expect_number(driver, "memberships", expected.memberships, gone.memberships);
	expect_number(driver, "member roles", expected.member_roles, gone.member_roles);
	expect_number(driver, "enabled connections", expected.enabled_connections, gone.enabled_connections);
	expect_number(driver, "application connections", expected.application_connections, gone.application_connections);
	expect_number(driver, "invitations", expected.invitations, gone.invitations);
	expect_number(
		driver, "organization applications", expected.organization_applications, gone.organization_applications);
	expect_number(driver, "roles", expected.roles, gone.roles);
	expect_number(driver, "discovery domains", expected.discovery_domains, gone.discovery_domains);
}

/* Create or delete, so that the pool stays between half full and full. The hub goes only now and then. */
static void operate_population(struct driver *driver)
{
	uint32_t kind = some_kind(driver), pool = driver->shape->pool[kind];
	size_t there = driver->model.tables[kind].count;
	bool more = there < pool / 2 + 1 || (there < pool && input_chance(&driver->input, driver->growing ? 75 : 30));
	if (more || input_chance(&driver->input, 10)) {
		char id[INPUT_ID_SIZE];
		input_id(kind, input_below(&driver->input, pool), id);
		create_entity(driver, kind, input_chance(&driver->input, 75) ? id : NULL);
		return;
	}
	struct target target;
	pick(driver, kind, &target);
	bool hub = target.row == driver->model.tables[kind].rows && is_hub(driver, kind);
	if (!hub || input_chance(&driver->input, 5))
		delete_entity(driver, kind, &target);
}

/* An update must say what to change. */
static model_errors no_changes(const union model_any *changes)
{
	return changes->role.fields ? 0 : MODEL_ERROR(ORGDB_INVALID); /* The same member in each. */
}

static void update(struct driver *driver, uint32_t kind, const struct target *target, const union model_any *changes)
{
	struct model_record *record = target->row ? model_record_updated(target->row->record, changes) : NULL;
	model_errors errors = missing(target) | no_changes(changes);
	if (target->row)
		errors |= model_conflicts(&driver->model, record, target->row->key[0]);
	if (!expect_result(driver, errors, call_update(driver, kind, target->id, changes))) {
		model_record_release(record);
		return;
	}
	model_put(&driver->model, kind, target->row->key, record);
	expect_get(driver, kind, target);
}

static void operate_update(struct driver *driver)
{
	uint32_t kind = some_kind(driver);
	struct target target;
	union model_any changes;
	pick(driver, kind, &target);
	input_changes(&driver->input, kind, &changes);
	driver_begin(driver, "update %s %s, fields 0x%x", name_of(kind), brief(target.id).text, changes.role.fields);
	update(driver, kind, &target, &changes);
}

/* Give an entity what another has, as views into the store that is about to be written. */
static void operate_copy(struct driver *driver)
{
	uint32_t kind = some_kind(driver);
	const orgdb_schema *schema = orgdb_schema_of(kind);
	struct target from, to;
	union model_any got;
	pick(driver, kind, &from);
	pick(driver, kind, &to);
	driver_begin(driver, "copy %s %s to %s", name_of(kind), brief(from.id).text, brief(to.id).text);
	if (!expect_result(driver, missing(&from), call_get(driver, kind, from.id, &got)))
		return;
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].flags & (ORGDB_FIELD_IMMUTABLE | ORGDB_FIELD_UNIQUE))
			got.role.fields &= ~schema->fields[i].bit;
	update(driver, kind, &to, &got);
}

static void operate_get(struct driver *driver)
{
	uint32_t kind = some_kind(driver);
	struct target target;
	pick(driver, kind, &target);
	driver_begin(driver, "get %s %s", name_of(kind), brief(target.id).text);
	expect_get(driver, kind, &target);
}

static int call_get_by_name(
	struct driver *driver, uint32_t kind, const struct target *owner, const char *name, union model_any *out)
{
	if (owner)
		return orgdb_organization_role_get_by_name(driver->txn, owner->id, name, &out->role);
	switch (kind) {
	case ORGDB_KIND_CONNECTION:
		return orgdb_connection_get_by_name(driver->txn, name, &out->connection);
	case ORGDB_KIND_ROLE:
		return orgdb_role_get_by_name(driver->txn, name, &out->role);
	default:
		return orgdb_organization_get_by_name(driver->txn, name, &out->organization);
	}
}

static void operate_get_by_name(struct driver *driver)
{
	static const uint32_t named[] = { ORGDB_KIND_CONNECTION, ORGDB_KIND_ROLE, ORGDB_KIND_ORGANIZATION };
	uint32_t kind = named[input_below(&driver->input, COUNT_OF(named))];
	struct target target, owner = { "", NULL };
	bool owned = kind == ORGDB_KIND_ROLE && input_chance(&driver->input, 50);
	union model_any got;
	if (owned)
		pick(driver, ORGDB_KIND_ORGANIZATION, &owner);
	if (input_chance(&driver->input, 98))
		input_name(kind, input_name_index(&driver->input, kind), target.id);
	else
		pick_malformed(driver, target.id);
	target.row = owned && !owner.row ? NULL : model_find_name(driver->view, kind, owner.row, target.id);
	driver_begin(driver, "get %s by name %s %s", name_of(kind), brief(target.id).text, brief(owner.id).text);
	int result = call_get_by_name(driver, kind, owned ? &owner : NULL, target.id, &got);
	if (expect_result(driver, missing(&target), result))
		expect_record(driver, target.row->record, target.row->key[0], &got);
}

static void operate_count(struct driver *driver)
{
	uint32_t kind = some_kind(driver);
	uint64_t count;
	driver_begin(driver, "count %s", name_of(kind));
	if (expect_result(driver, 0, call_count(driver, kind, &count)))
		expect_number(driver, "count", driver->view->tables[kind].count, count);
}

/* ---- Invitations ------------------------------------------------------------------------------------------------- */

static void pick_ticket(struct driver *driver, struct target *target)
{
	const struct model_table *table = &driver->view->tables[ORGDB_KIND_INVITATION];
	if (table->count > 0 && input_chance(&driver->input, 90)) {
		const struct model_row *row = &table->rows[input_below(&driver->input, (uint32_t)table->count)];
		strcpy(target->id, model_text(row->record, ORGDB_INVITATION_TICKET_ID).data);
	} else if (input_chance(&driver->input, 90)) {
		input_ticket(&driver->input, target->id);
	} else {
		pick_malformed(driver, target->id);
	}
	target->row = model_find_ticket(driver->view, target->id);
}

/* In seconds, mostly of January 2020, when some invitations have expired; or 0, for the clock. */
static uint64_t some_now(struct driver *driver)
{
	return input_chance(&driver->input, 10) ? 0 : UINT64_C(1577836800) + input_below(&driver->input, 40 * 86400);
}

static uint64_t milliseconds_of(uint64_t now)
{
	return now ? now * 1000 : (uint64_t)time(NULL) * 1000;
}

static void operate_ticket(struct driver *driver)
{
	struct target target;
	orgdb_invitation got;
	pick_ticket(driver, &target);
	driver_begin(driver, "find the ticket %s", brief(target.id).text);
	if (expect_result(driver, missing(&target), orgdb_invitation_get_by_ticket(driver->txn, target.id, &got)))
		expect_record(driver, target.row->record, target.row->key[0], &got);
}

static void accept_as(struct driver *driver, const struct target *ticket, const struct target *user, uint64_t now)
{
	orgdb_str joined = { NULL, 0 };
	bool told = input_chance(&driver->input, 70);
	model_errors errors = missing(ticket) | missing(user);
	if (!errors)
		errors = model_acceptance_errors(&driver->model, ticket->row, user->row, milliseconds_of(now));
	driver_begin(driver, "accept %s as %s at %" PRIu64, brief(ticket->id).text, brief(user->id).text, now);
	if (!expect_result(
			driver, errors, orgdb_invitation_accept(driver->txn, ticket->id, user->id, now, told ? &joined : NULL)))
		return;
	uint64_t organization = ticket->row->key[1];
	const char *id = model_id(model_find(&driver->model, ORGDB_KIND_ORGANIZATION, organization, 0, 0)->record);
	if (told)
		expect_text(driver, "organization", orgdb_string(id), joined);
	model_accept(&driver->model, ticket->row, user->row);
	struct target changed = *user;
	changed.row = model_find_id(&driver->model, ORGDB_KIND_USER, user->id);
	expect_get(driver, ORGDB_KIND_USER, &changed);
}

/* Mostly by a user who is given the email first. */
static void operate_accept(struct driver *driver)
{
	struct target ticket, user;
	pick_ticket(driver, &ticket);
	pick(driver, ORGDB_KIND_USER, &user);
	if (user.row && input_chance(&driver->input, 80)) {
		char email[40];
		union model_any changes = { .user = { .fields = ORGDB_USER_EMAIL } };
		snprintf(email, sizeof(email), "invitee-%u@EXAMPLE.com", input_below(&driver->input, 4));
		changes.user.email = orgdb_string(email);
		driver_begin(driver, "give %s the email %s", brief(user.id).text, email);
		update(driver, ORGDB_KIND_USER, &user, &changes);
		if (driver->map_full)
			return;
		user.row = model_find_id(&driver->model, ORGDB_KIND_USER, user.id);
	}
	accept_as(driver, &ticket, &user, some_now(driver));
}

static void operate_sweep(struct driver *driver)
{
	uint64_t now = some_now(driver);
	size_t limit = input_below(&driver->input, 12), removed;
	driver_begin(driver, "sweep %zu at %" PRIu64, limit, now);
	if (expect_result(driver, 0, orgdb_invitation_sweep(driver->txn, now, limit, &removed)))
		expect_number(driver, "removed", model_sweep(&driver->model, milliseconds_of(now), limit), removed);
}

/* ---- Edges ------------------------------------------------------------------------------------------------------- */

/* How a table of edges is changed. The ids are those of its key, in order. */
struct relation {
	uint32_t table;
	const char *words;
	size_t count;
	uint32_t kinds[3];
	int (*add)(orgdb_txn *txn, const char *const ids[3], const void *attributes);
	int (*remove)(orgdb_txn *txn, const char *const ids[3]);
	int (*get)(orgdb_txn *txn, const char *const ids[3], void *out);
	int (*update)(orgdb_txn *txn, const char *const ids[3], const void *changes);
};

#define ADD(name, function)                                                           \
	static int name(orgdb_txn *txn, const char *const ids[3], const void *attributes) \
	{                                                                                 \
		return function(txn, ids[0], ids[1], attributes);                             \
	}
#define REMOVE(name, function)                                \
	static int name(orgdb_txn *txn, const char *const ids[3]) \
	{                                                         \
		return function(txn, ids[0], ids[1]);                 \
	}
#define GET(name, function)                                              \
	static int name(orgdb_txn *txn, const char *const ids[3], void *out) \
	{                                                                    \
		return function(txn, ids[0], ids[1], out);                       \
	}
ADD(add_application_connection, orgdb_application_connection_enable)
ADD(add_enabled_connection, orgdb_enabled_connection_create)
ADD(add_membership, orgdb_membership_add)
ADD(add_organization_application, orgdb_organization_application_add)
REMOVE(remove_application_connection, orgdb_application_connection_disable)
REMOVE(remove_enabled_connection, orgdb_enabled_connection_delete)
REMOVE(remove_membership, orgdb_membership_remove)
REMOVE(remove_organization_application, orgdb_organization_application_remove)
GET(get_application_connection, orgdb_application_connection_get)
GET(get_enabled_connection, orgdb_enabled_connection_get)
GET(get_membership, orgdb_membership_get)
GET(get_organization_application, orgdb_organization_application_get)
ADD(update_enabled_connection, orgdb_enabled_connection_update)
ADD(update_organization_application, orgdb_organization_application_update)

static int add_member_role(orgdb_txn *txn, const char *const ids[3], const void *attributes)
{
	(void)attributes;
	return orgdb_member_role_assign(txn, ids[0], ids[1], ids[2]);
}

static int remove_member_role(orgdb_txn *txn, const char *const ids[3])
{
	return orgdb_member_role_remove(txn, ids[0], ids[1], ids[2]);
}

static const struct relation relations[] = {
	{ ORGDB_KIND_APPLICATION_CONNECTION, "application connection", 2, { ORGDB_KIND_APPLICATION, ORGDB_KIND_CONNECTION },
		add_application_connection, remove_application_connection, get_application_connection, NULL },
	{ ORGDB_KIND_ENABLED_CONNECTION, "enabled connection", 2, { ORGDB_KIND_ORGANIZATION, ORGDB_KIND_CONNECTION },
		add_enabled_connection, remove_enabled_connection, get_enabled_connection, update_enabled_connection },
	{ ORGDB_KIND_MEMBERSHIP, "membership", 2, { ORGDB_KIND_ORGANIZATION, ORGDB_KIND_USER }, add_membership,
		remove_membership, get_membership, NULL },
	{ MODEL_MEMBER_ROLE, "member role", 3, { ORGDB_KIND_ORGANIZATION, ORGDB_KIND_USER, ORGDB_KIND_ROLE },
		add_member_role, remove_member_role, NULL, NULL },
	{ ORGDB_KIND_ORGANIZATION_APPLICATION, "organization application", 2,
		{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_APPLICATION }, add_organization_application,
		remove_organization_application, get_organization_application, update_organization_application },
};

static const struct relation *relation_of(uint32_t table)
{
	const struct relation *relation = relations;
	while (relation->table != table)
		relation++;
	return relation;
}

static const struct relation *some_relation(struct driver *driver)
{
	const struct relation *relation;
	bool often = driver->shape->relations && input_chance(&driver->input, 85);
	do
		relation = &relations[input_below(&driver->input, COUNT_OF(relations))];
	while (often && !(driver->shape->relations & 1u << relation->table));
	return relation;
}

/* The ends of an edge, whether or not there is one. */
struct ends {
	struct target targets[3];
	const char *ids[3];
	uint64_t key[3];
};

static void name_ends(struct driver *driver, const struct relation *relation, struct ends *ends, const char *verb)
{
	for (size_t i = 0; i < 3; i++) {
		ends->ids[i] = ends->targets[i].id;
		ends->key[i] = i < relation->count && ends->targets[i].row ? ends->targets[i].row->key[0] : 0;
	}
	driver_begin(driver, "%s %s %s %s %s", verb, relation->words, brief(ends->ids[0]).text, brief(ends->ids[1]).text,
		relation->count == 3 ? brief(ends->ids[2]).text : "");
}

/* Often hubs, but for one end, or else it would be one edge over and over. */
static void pick_ends(struct driver *driver, const struct relation *relation, struct ends *ends)
{
	size_t any = input_chance(&driver->input, 50) ? relation->count - 1 : 0;
	for (size_t i = 0; i < relation->count; i++) {
		bool hub = i != any && is_hub(driver, relation->kinds[i]) && input_chance(&driver->input, 80);
		pick_from(driver, relation->kinds[i], hub, &ends->targets[i]);
	}
}

/* The ends of an edge that there is, if there is any. */
static void pick_edge(struct driver *driver, const struct relation *relation, struct ends *ends)
{
	const struct model_table *table = &driver->view->tables[relation->table];
	if (table->count == 0 || input_chance(&driver->input, 10)) {
		pick_ends(driver, relation, ends);
		return;
	}
	const struct model_row *edge = &table->rows[input_below(&driver->input, (uint32_t)table->count)];
	for (size_t i = 0; i < relation->count; i++) {
		ends->targets[i].row = model_find(driver->view, relation->kinds[i], edge->key[i], 0, 0);
		strcpy(ends->targets[i].id, model_id(ends->targets[i].row->record));
	}
}

/* Is something missing at the ends, or between them? */
static model_errors ends_errors(const struct driver *driver, const struct relation *relation, const struct ends *ends)
{
	model_errors errors = 0;
	for (size_t i = 0; i < relation->count; i++)
		errors |= missing(&ends->targets[i]);
	if (!errors && relation->table == MODEL_MEMBER_ROLE &&
		!model_find(driver->view, ORGDB_KIND_MEMBERSHIP, ends->key[0], ends->key[1], 0))
		errors |= MODEL_ERROR(ORGDB_NOT_FOUND);
	return errors;
}

static const struct model_row *find_edge(
	const struct driver *driver, const struct relation *relation, const struct ends *ends)
{
	return model_find(driver->view, relation->table, ends->key[0], ends->key[1], ends->key[2]);
}

static model_errors edge_errors(const struct driver *driver, const struct relation *relation, const struct ends *ends)
{
	model_errors errors = ends_errors(driver, relation, ends);
	return errors || find_edge(driver, relation, ends) ? errors : MODEL_ERROR(ORGDB_NOT_FOUND);
}

static void expect_edge(struct driver *driver, const struct relation *relation, const struct ends *ends)
{
	union model_any got;
	bool optional = relation->table != ORGDB_KIND_ENABLED_CONNECTION && input_chance(&driver->input, 30);
	model_errors errors = edge_errors(driver, relation, ends);
	if (!expect_result(driver, errors, relation->get(driver->txn, ends->ids, optional ? NULL : &got)) || optional)
		return;
	expect_record(driver, find_edge(driver, relation, ends)->record, ends->key[1], &got);
}

/* What adding an edge stores, and why it may fail; a member's role stores nothing. */
static struct model_record *edge_record(
	const struct relation *relation, const struct ends *ends, const void *attributes, model_errors *errors)
{
	if (relation->table == MODEL_MEMBER_ROLE)
		return NULL;
	struct model_record *record = model_record_created(relation->table, attributes);
	model_record_identify(record, 0, ends->ids[0]);
	model_record_identify(record, 1, ends->ids[1]);
	if (relation->table == ORGDB_KIND_ENABLED_CONNECTION && ends->targets[1].row)
		*errors |= model_option_errors(record, ends->targets[1].row->record);
	return record;
}

static void add_edge(struct driver *driver, const struct relation *relation, struct ends *ends)
{
	union model_any attributes;
	bool given = relation->get && input_chance(&driver->input, relation->update ? 80 : 20);
	if (given)
		input_entity(&driver->input, relation->table, &attributes);
	name_ends(driver, relation, ends, "add");
	model_errors errors = ends_errors(driver, relation, ends);
	if (!errors && find_edge(driver, relation, ends))
		errors |= MODEL_ERROR(ORGDB_EXISTS);
	else if (!errors && relation->table == MODEL_MEMBER_ROLE)
		errors |= model_assignment_errors(&driver->model, ends->key[0], ends->key[1], ends->key[2]);
	struct model_record *record = edge_record(relation, ends, given ? &attributes : NULL, &errors);
	if (!expect_result(driver, errors, relation->add(driver->txn, ends->ids, given ? &attributes : NULL))) {
		model_record_release(record);
		return;
	}
	model_put(&driver->model, relation->table, ends->key, record);
	if (relation->get)
		expect_edge(driver, relation, ends);
}

static void remove_edge(struct driver *driver, const struct relation *relation, struct ends *ends)
{
	name_ends(driver, relation, ends, "remove");
	if (!expect_result(driver, edge_errors(driver, relation, ends), relation->remove(driver->txn, ends->ids)))
		return;
	if (relation->table == ORGDB_KIND_MEMBERSHIP)
		model_end_membership(&driver->model, ends->key[0], ends->key[1]);
	else
		model_erase(&driver->model, relation->table, ends->key);
}

static void operate_edge(struct driver *driver)
{
	const struct relation *relation = some_relation(driver);
	struct ends ends;
	if (input_chance(&driver->input, driver->growing ? 85 : 20)) {
		pick_ends(driver, relation, &ends);
		add_edge(driver, relation, &ends);
	} else {
		pick_edge(driver, relation, &ends);
		remove_edge(driver, relation, &ends);
	}
}

/* Add or remove the edges from some ends to entities that follow one another, so that whole chunks fill and empty. */
static void operate_edges_in_order(struct driver *driver)
{
	const struct relation *relation = some_relation(driver);
	struct ends ends;
	size_t last = relation->count - 1;
	const struct model_table *table = &driver->model.tables[relation->kinds[last]];
	bool add = input_chance(&driver->input, driver->growing ? 85 : 20);
	size_t from = input_below(&driver->input, (uint32_t)table->count), count = 1 + input_below(&driver->input, 40);
	pick_ends(driver, relation, &ends);
	for (size_t i = from; i < from + count && i < table->count && !driver->map_full; i++) {
		ends.targets[last].row = &table->rows[i];
		strcpy(ends.targets[last].id, model_id(table->rows[i].record));
		input_reset(&driver->input);
		if (add)
			add_edge(driver, relation, &ends);
		else
			remove_edge(driver, relation, &ends);
	}
}

static void operate_edge_get(struct driver *driver)
{
	const struct relation *relation = some_relation(driver);
	struct ends ends;
	if (!relation->get)
		relation = relation_of(ORGDB_KIND_MEMBERSHIP);
	if (input_chance(&driver->input, 50))
		pick_ends(driver, relation, &ends);
	else
		pick_edge(driver, relation, &ends);
	name_ends(driver, relation, &ends, "get");
	expect_edge(driver, relation, &ends);
	bool contains;
	if (relation->table != ORGDB_KIND_MEMBERSHIP)
		return;
	model_errors errors = ends_errors(driver, relation, &ends);
	if (expect_result(driver, errors, orgdb_membership_contains(driver->txn, ends.ids[0], ends.ids[1], &contains)))
		expect_number(driver, "contains", find_edge(driver, relation, &ends) != NULL, contains);
}

static void operate_edge_update(struct driver *driver)
{
	bool enabled = input_chance(&driver->input, 75);
	const struct relation *relation =
		relation_of(enabled ? ORGDB_KIND_ENABLED_CONNECTION : ORGDB_KIND_ORGANIZATION_APPLICATION);
	struct ends ends;
	union model_any changes;
	pick_edge(driver, relation, &ends);
	input_changes(&driver->input, relation->table, &changes);
	name_ends(driver, relation, &ends, "update");
	const struct model_row *edge = find_edge(driver, relation, &ends);
	struct model_record *record = edge ? model_record_updated(edge->record, &changes) : NULL;
	model_errors errors = edge_errors(driver, relation, &ends) | no_changes(&changes);
	if (edge && enabled)
		errors |= model_option_errors(record, ends.targets[1].row->record);
	if (!expect_result(driver, errors, relation->update(driver->txn, ends.ids, &changes))) {
		model_record_release(record);
		return;
	}
	model_put(&driver->model, relation->table, ends.key, record);
	expect_edge(driver, relation, &ends);
}

/* ---- Lists and counts -------------------------------------------------------------------------------------------- */

/* Mostly near an entity, there or deleted; else anywhere. */
static uint64_t some_position(struct driver *driver, uint32_t kind)
{
	switch (input_below(&driver->input, 10)) {
	case 0:
	case 1:
		return 0;
	case 2:
		return input_random(&driver->input);
	default:
		return input_below(&driver->input, (uint32_t)driver->view->last_ordinal[kind] + 3);
	}
}

static size_t some_capacity(struct driver *driver)
{
	return input_below(&driver->input, input_chance(&driver->input, 5) ? PAGE_MAX + 1 : 12);
}

/* The kind of the entities whose ordinals an entry of a list has. */
static uint32_t listed_entity(const struct listing *listing)
{
	if (listing->kind < ORGDB_ENTITY_KINDS)
		return listing->kind;
	return listing->kind == ORGDB_KIND_ENABLED_CONNECTION ? ORGDB_KIND_CONNECTION : ORGDB_KIND_APPLICATION;
}

static void operate_list(struct driver *driver)
{
	const struct listing *listing = &listings[input_below(&driver->input, (uint32_t)listing_count)];
	struct target targets[2] = { { "", NULL }, { "", NULL } };
	for (size_t i = 0; i < listing->owner_count; i++)
		pick(driver, listing->owners[i].kind, &targets[i]);
	const struct model_row *owners[2] = { targets[0].row, targets[1].row };
	const char *ids[2] = { targets[0].id, targets[1].id };
	uint64_t after = some_position(driver, listed_entity(listing));
	size_t capacity = some_capacity(driver);
	driver_begin(driver, "list %zu %s %s %s after %" PRIu64, capacity, listing->words, brief(ids[0]).text,
		brief(ids[1]).text, after);
	expect_page(driver, listing, owners, ids, &after, capacity);
}

static void operate_list_by_name(struct driver *driver)
{
	char after[INPUT_ID_SIZE], last[INPUT_ID_SIZE];
	if (input_chance(&driver->input, 90))
		input_name(ORGDB_KIND_ORGANIZATION, input_name_index(&driver->input, ORGDB_KIND_ORGANIZATION), after);
	else
		pick_malformed(driver, after);
	bool begin = input_chance(&driver->input, 20);
	size_t capacity = some_capacity(driver);
	driver_begin(driver, "list %zu organizations by name after %s", capacity, begin ? "(begin)" : brief(after).text);
	expect_page_by_name(driver, begin ? NULL : after, capacity, last);
}

static void operate_owner_count(struct driver *driver)
{
	static const struct {
		const char *words;
		uint32_t table, owner;
		size_t part;
		int (*call)(orgdb_txn *txn, const char *id, uint64_t *count);
	} counts[] = {
		{ "members", ORGDB_KIND_MEMBERSHIP, ORGDB_KIND_ORGANIZATION, 0, orgdb_organization_member_count },
		{ "organizations", ORGDB_KIND_MEMBERSHIP, ORGDB_KIND_USER, 1, orgdb_user_organization_count },
		{ "enabled connections", ORGDB_KIND_ENABLED_CONNECTION, ORGDB_KIND_ORGANIZATION, 0,
			orgdb_enabled_connection_count },
		{ "invitations", ORGDB_KIND_INVITATION, ORGDB_KIND_ORGANIZATION, 1, orgdb_organization_invitation_count },
		{ "applications", ORGDB_KIND_ORGANIZATION_APPLICATION, ORGDB_KIND_ORGANIZATION, 0,
			orgdb_organization_application_count },
	};
	size_t which = input_below(&driver->input, COUNT_OF(counts));
	struct target target;
	uint64_t count, expected = 0;
	pick(driver, counts[which].owner, &target);
	driver_begin(driver, "count %s of %s", counts[which].words, brief(target.id).text);
	if (!expect_result(driver, missing(&target), counts[which].call(driver->txn, target.id, &count)))
		return;
	const struct model_table *table = &driver->view->tables[counts[which].table];
	for (size_t i = 0; i < table->count; i++)
		expected += table->rows[i].key[counts[which].part] == target.row->key[0];
	expect_number(driver, "count", expected, count);
}

/* What an organization owns: a page of it, and how much it is. */
static void operate_owned(struct driver *driver)
{
	static union model_any got[PAGE_MAX];
	static const uint32_t owned[] = { ORGDB_KIND_ROLE, ORGDB_KIND_DISCOVERY_DOMAIN };
	uint32_t kind = owned[input_below(&driver->input, COUNT_OF(owned))];
	struct target owner;
	pick(driver, ORGDB_KIND_ORGANIZATION, &owner);
	uint64_t after = some_position(driver, kind), number = 0, expected = 0;
	size_t capacity = some_capacity(driver), count, listed = 0, size = orgdb_schema_of(kind)->struct_size;
	driver_begin(driver, "list %zu %ss of %s after %" PRIu64, capacity, name_of(kind), brief(owner.id).text, after);
	expect_result(driver, missing(&owner), orgdb_owned_count(driver->txn, kind, owner.id, &number));
	if (!expect_result(
			driver, missing(&owner), orgdb_owned_list(driver->txn, kind, owner.id, after, got, capacity, &count)))
		return;
	const struct model_table *table = &driver->view->tables[kind];
	for (size_t i = 0; i < table->count; i++) {
		if (model_owner(driver->view, table->rows[i].record) != owner.row)
			continue;
		expected++;
		if (table->rows[i].key[0] > after && listed < capacity && listed < count)
			expect_record(driver, table->rows[i].record, table->rows[i].key[0], (char *)got + listed * size);
		listed += table->rows[i].key[0] > after && listed < capacity;
	}
	expect_number(driver, "entries", listed, count);
	expect_number(driver, "count", expected, number);
}

/* ---- Merged connections ------------------------------------------------------------------------------------------ */

static void expect_merged(
	struct driver *driver, const struct model_merged *expected, const orgdb_merged_connection *got)
{
	expect_record(driver, expected->connection->record, expected->connection->key[0], got->connection);
	expect_number(driver, "from", expected->from, got->from);
	expect_number(driver, "access level", expected->organization_access_level, got->organization_access_level);
	expect_number(driver, "visible", expected->visible, got->visible);
	expect_number(driver, "show_as_button", expected->show_as_button, got->show_as_button);
	expect_number(driver, "assign_membership", expected->assign_membership_on_login, got->assign_membership_on_login);
	expect_number(driver, "is_signup_enabled", expected->is_signup_enabled, got->is_signup_enabled);
}

static void expect_access(struct driver *driver, const orgdb_access *expected, const orgdb_access *got)
{
	expect_number(driver, "rule", expected->rule, got->rule);
	expect_number(driver, "usage", expected->usage, got->usage);
	expect_number(driver, "prompt", expected->prompt, got->prompt);
	expect_number(driver, "discovery", expected->discovery, got->discovery);
}

/* What is asked: an application, an organization unless it is NULL, and how. */
struct asked {
	const struct target *application, *organization;
	const orgdb_merge_options *options; /* Or NULL. */
	struct model_question question;     /* Meaningless if something is missing. */
	model_errors errors;                /* Why nothing is merged; */
	uint32_t rule;                      /* by which rule. */
};

static struct asked ask(struct driver *driver, const struct target *application, const struct target *organization,
	const orgdb_merge_options *options)
{
	struct asked asked = { .application = application, .organization = organization, .options = options };
	asked.question = (struct model_question){ application->row, organization ? organization->row : NULL,
		options ? options->policy : 0, options && options->visible_only, options && options->enforce_rules };
	asked.errors = missing(application) | (organization ? missing(organization) : 0);
	if (asked.question.enforced && !asked.errors)
		asked.rule = model_access(driver->view, &asked.question).rule;
	if (asked.rule != ORGDB_RULE_NONE)
		asked.errors |= MODEL_ERROR(ORGDB_FORBIDDEN);
	if (options && options->policy > ORGDB_POLICY_INTERSECTION)
		asked.errors = MODEL_ERROR(ORGDB_INVALID);
	return asked;
}

/* Is it refused by the rule that refuses it? */
static void expect_rule(struct driver *driver, uint32_t rule, int result)
{
	if (result == ORGDB_FORBIDDEN)
		expect_number(driver, "rule of the error", rule, orgdb_last_error()->rule);
}

static void merge(struct driver *driver, const struct asked *asked, size_t capacity)
{
	static struct model_merged expected[PAGE_MAX];
	static orgdb_merged_connection got[PAGE_MAX];
	const char *organization_id = asked->organization ? asked->organization->id : NULL;
	model_errors errors = asked->errors;
	size_t count = 0, wanted = 0;
	if (!errors)
		wanted = model_merge(driver->view, &asked->question, expected, capacity);
	if (wanted > capacity)
		errors |= MODEL_ERROR(ORGDB_TRUNCATED);
	int result = orgdb_merged_connections(
		driver->txn, asked->application->id, organization_id, asked->options, got, capacity, &count);
	bool answered = expect_result(driver, errors, result) || result == ORGDB_TRUNCATED;
	expect_rule(driver, asked->rule, result);
	if ((answered || result == ORGDB_FORBIDDEN) && asked->options && asked->options->access) {
		orgdb_access access = model_access(driver->view, &asked->question);
		expect_access(driver, &access, asked->options->access);
	}
	if (!answered)
		return;
	expect_number(driver, "merged connections", wanted, count);
	for (size_t i = 0; i < count && i < capacity; i++)
		expect_merged(driver, &expected[i], &got[i]);
}

void operation_merge(struct driver *driver, const char *client_id, const char *organization_id)
{
	struct target application, organization;
	strcpy(application.id, client_id);
	strcpy(organization.id, organization_id);
	application.row = model_find_id(driver->view, ORGDB_KIND_APPLICATION, client_id);
	organization.row = model_find_id(driver->view, ORGDB_KIND_ORGANIZATION, organization_id);
	driver_begin(driver, "merge %s and %s", brief(client_id).text, brief(organization_id).text);
	struct asked asked = ask(driver, &application, &organization, NULL);
	merge(driver, &asked, PAGE_MAX);
}

static orgdb_merge_options some_options(struct driver *driver)
{
	struct input *input = &driver->input;
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.policy = input_below(input, 3);
	options.visible_only = input_chance(input, 30);
	options.enforce_rules = input_chance(input, 50);
	return options;
}

static void operate_merge(struct driver *driver)
{
	struct input *input = &driver->input;
	struct target application, organization;
	orgdb_access access;
	orgdb_merge_options options = some_options(driver);
	pick(driver, ORGDB_KIND_APPLICATION, &application);
	pick(driver, ORGDB_KIND_ORGANIZATION, &organization);
	bool alone = input_chance(input, 10), given = input_chance(input, 80);
	/* A bad policy is refused where a policy counts. */
	if (!alone && input_chance(input, 1))
		options.policy = 3;
	options.access = input_chance(input, 50) ? &access : NULL;
	size_t capacity = input_chance(input, 20) ? input_below(input, 4) : PAGE_MAX;
	driver_begin(driver, "merge %s and %s%s, policy %u, visible_only %d, enforce_rules %d, capacity %zu",
		brief(application.id).text, alone ? "none" : brief(organization.id).text, given ? "" : ", no options",
		options.policy, options.visible_only, options.enforce_rules, capacity);
	struct asked asked = ask(driver, &application, alone ? NULL : &organization, given ? &options : NULL);
	merge(driver, &asked, capacity);
}

static void operate_access(struct driver *driver)
{
	struct target application, organization;
	orgdb_access got;
	pick(driver, ORGDB_KIND_APPLICATION, &application);
	pick(driver, ORGDB_KIND_ORGANIZATION, &organization);
	bool alone = input_chance(&driver->input, 30);
	driver_begin(
		driver, "access of %s in %s", brief(application.id).text, alone ? "none" : brief(organization.id).text);
	struct asked asked = ask(driver, &application, alone ? NULL : &organization, NULL);
	if (!expect_result(
			driver, asked.errors, orgdb_access_get(driver->txn, application.id, alone ? NULL : organization.id, &got)))
		return;
	orgdb_access expected = model_access(driver->view, &asked.question);
	expect_access(driver, &expected, &got);
}

static void operate_allowed(struct driver *driver)
{
	struct target application, organization, connection;
	orgdb_merge_options options = some_options(driver);
	orgdb_merged_connection got;
	pick(driver, ORGDB_KIND_APPLICATION, &application);
	pick(driver, ORGDB_KIND_ORGANIZATION, &organization);
	pick(driver, ORGDB_KIND_CONNECTION, &connection);
	bool alone = input_chance(&driver->input, 20);
	driver_begin(driver, "may %s use %s in %s, policy %u, visible_only %d, enforce_rules %d",
		brief(application.id).text, brief(connection.id).text, alone ? "none" : brief(organization.id).text,
		options.policy, options.visible_only, options.enforce_rules);
	struct asked asked = ask(driver, &application, alone ? NULL : &organization, &options);
	if (!asked.errors)
		asked.errors = missing(&connection);
	if (!asked.errors)
		asked.rule = model_refusal(driver->view, &asked.question, connection.row);
	if (!asked.errors && asked.rule != ORGDB_RULE_NONE)
		asked.errors = MODEL_ERROR(ORGDB_FORBIDDEN);
	int result = orgdb_connection_allowed(
		driver->txn, application.id, alone ? NULL : organization.id, connection.id, &options, &got);
	if (expect_result(driver, asked.errors, result))
		expect_record(driver, connection.row->record, connection.row->key[0], got.connection);
	expect_rule(driver, asked.rule, result);
}

/* ---- Template variables ------------------------------------------------------------------------------------------ */

/* What a template may say of an entity: a member of the map of this name is one of its texts. */
static const struct {
	uint32_t kind, bit;
	const char *map, *member;
} variables[] = {
	{ ORGDB_KIND_ORGANIZATION, ORGDB_ORGANIZATION_DISPLAY_NAME, "organization", "display_name" },
	{ ORGDB_KIND_APPLICATION, ORGDB_APPLICATION_NAME, "application", "name" },
	{ ORGDB_KIND_CONNECTION, ORGDB_CONNECTION_NAME, "connection", "name" },
	{ ORGDB_KIND_USER, ORGDB_USER_EMAIL, "user", "email" },
	{ ORGDB_KIND_ROLE, 0, NULL, NULL },
};

static void expect_variable(struct driver *driver, orgdb_value context, size_t index, const struct model_row *row)
{
	orgdb_value map, member;
	orgdb_str got = { NULL, 0 };
	if (orgdb_value_find(context, variables[index].map, &map) != 0)
		driver_diverged(driver, "there is no variable %s", variables[index].map);
	if (orgdb_value_find(map, variables[index].member, &member) == 0 && orgdb_value_text(member, &got) != 0)
		driver_diverged(driver, "%s.%s is no text", variables[index].map, variables[index].member);
	expect_text(driver, variables[index].map, model_text(row->record, variables[index].bit), got);
}

static void operate_template_context(struct driver *driver)
{
	static char buffer[1 << 20], json[2 << 20];
	struct target targets[COUNT_OF(variables)];
	const char *ids[COUNT_OF(variables)] = { NULL };
	bool invitation = input_chance(&driver->input, 30);
	model_errors errors = 0;
	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		pick(driver, variables[i].kind, &targets[i]);
		if (!input_chance(&driver->input, 75))
			continue;
		ids[i] = targets[i].id;
		if (variables[i].map || invitation)
			errors |= missing(&targets[i]);
	}
	if (invitation && !ids[0])
		errors |= MODEL_ERROR(ORGDB_INVALID);
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	orgdb_value context;
	orgdb_str text;
	options.organization_id = ids[0];
	options.client_id = ids[1];
	options.connection_id = ids[2];
	options.user_id = ids[3];
	options.role_ids = &ids[4];
	options.role_count = ids[4] ? 1 : 0;
	driver_begin(driver, "variables of %s, %s, %s, %s, %s", brief(targets[0].id).text, brief(targets[1].id).text,
		brief(targets[2].id).text, brief(targets[3].id).text, invitation ? "an invitation" : "a welcome");
	if (!expect_result(driver, errors,
			orgdb_template_context(driver->txn, invitation ? "user_invitation" : "welcome_email", &options, buffer,
				sizeof(buffer), &context)))
		return;
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		if (ids[i] && variables[i].map)
			expect_variable(driver, context, i, targets[i].row);
	expect_result(driver, 0, orgdb_value_json(context, false, json, sizeof(json), &text));
}

/* ---- Logins ------------------------------------------------------------------------------------------------------ */

/* Who logs in where, as the ids say; an application and an organization may be left out. */
struct visitor {
	struct target application, organization, connection, user;
	bool direct, outside;
	uint32_t policy;
};

/* Mostly through a connection that some organization has enabled, or nearly all would be refused. */
static void pick_visitor(struct driver *driver, struct visitor *visitor)
{
	struct ends edge;
	visitor->direct = input_chance(&driver->input, 40);
	visitor->outside = input_chance(&driver->input, 30);
	visitor->policy = input_below(&driver->input, 3);
	pick(driver, ORGDB_KIND_APPLICATION, &visitor->application);
	pick(driver, ORGDB_KIND_ORGANIZATION, &visitor->organization);
	pick(driver, ORGDB_KIND_CONNECTION, &visitor->connection);
	pick(driver, ORGDB_KIND_USER, &visitor->user);
	if (input_chance(&driver->input, 30))
		return;
	pick_edge(driver, relation_of(ORGDB_KIND_ENABLED_CONNECTION), &edge);
	visitor->organization = edge.targets[0];
	visitor->connection = edge.targets[1];
}

/* What is said, in the order in which it is judged. */
static model_errors visitor_errors(
	struct driver *driver, const struct visitor *visitor, uint32_t *rule, struct model_verdict *verdict)
{
	const struct target *organization = visitor->outside ? NULL : &visitor->organization;
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.enforce_rules = true;
	struct asked asked = { .errors = organization ? missing(organization) : 0 };
	if (!visitor->direct)
		asked = ask(driver, &visitor->application, organization, &options);
	*rule = asked.rule;
	if (asked.errors || missing(&visitor->connection))
		return asked.errors ? asked.errors : missing(&visitor->connection);
	struct model_login login = { visitor->direct ? NULL : visitor->application.row,
		organization ? organization->row : NULL, visitor->connection.row, visitor->user.row, visitor->policy };
	*verdict = model_login(driver->view, &login);
	*rule = verdict->rule;
	return verdict->rule != ORGDB_RULE_NONE ? MODEL_ERROR(ORGDB_FORBIDDEN) : missing(&visitor->user);
}

static void adopt_member(struct driver *driver, const struct model_row *organization, const struct target *user)
{
	struct model_record *record = model_record_created(ORGDB_KIND_MEMBERSHIP, NULL);
	model_record_identify(record, 0, model_id(organization->record));
	model_record_identify(record, 1, user->id);
	model_put(&driver->model, ORGDB_KIND_MEMBERSHIP, (const uint64_t[3]){ organization->key[0], user->row->key[0], 0 },
		record);
}

static void operate_login(struct driver *driver)
{
	struct visitor visitor;
	struct model_verdict verdict = { 0 };
	orgdb_login_result got;
	orgdb_login_options options = ORGDB_LOGIN_OPTIONS_INIT;
	uint32_t rule;
	pick_visitor(driver, &visitor);
	options.client_id = visitor.direct ? NULL : visitor.application.id;
	options.policy = visitor.policy;
	driver_begin(driver, "log %s in to %s in %s by %s, policy %u", brief(visitor.user.id).text,
		visitor.direct ? "none" : brief(visitor.application.id).text,
		visitor.outside ? "none" : brief(visitor.organization.id).text, brief(visitor.connection.id).text,
		visitor.policy);
	model_errors errors = visitor_errors(driver, &visitor, &rule, &verdict);
	int result = orgdb_login(driver->txn, visitor.outside ? NULL : visitor.organization.id, visitor.connection.id,
		visitor.user.id, &options, &got);
	expect_rule(driver, rule, result);
	if (!expect_result(driver, errors, result))
		return;
	bool joins = verdict.outcome == ORGDB_LOGIN_WOULD_JOIN;
	expect_number(driver, "outcome", joins && driver->writing ? ORGDB_LOGIN_JOINED : verdict.outcome, got.outcome);
	expect_number(driver, "ask_organization", verdict.ask, got.ask_organization);
	expect_text(driver, "organization",
		orgdb_string(verdict.organization ? model_id(verdict.organization->record) : ""),
		orgdb_string(got.organization_id));
	if (joins && driver->writing)
		adopt_member(driver, verdict.organization, &visitor.user);
}

/* ---- Discovery --------------------------------------------------------------------------------------------------- */

static void expect_discovered(
	struct driver *driver, const struct model_row *organization, const orgdb_discovered *discovered)
{
	const struct model_table *connections = &driver->view->tables[ORGDB_KIND_CONNECTION];
	size_t count = 0;
	expect_record(driver, organization->record, organization->key[0], &discovered->organization);
	for (size_t i = 0; i < connections->count; i++) {
		const struct model_row *connection = &connections->rows[i];
		if (!model_is_discovered(driver->view, organization, connection))
			continue;
		if (count < ORGDB_DISCOVERED_CONNECTIONS_MAX && count < discovered->connection_count)
			expect_record(driver, connection->record, connection->key[0], discovered->connections[count]);
		count++;
	}
	expect_number(driver, "enterprise connections", count, discovered->connection_count);
}

static void operate_discover(struct driver *driver)
{
	static const struct model_row *rows[4096];
	orgdb_discovered got[12];
	char address[300] = "somebody@";
	struct target after = { "", NULL };
	size_t count, capacity = input_below(&driver->input, COUNT_OF(got)), skipped = 0;
	input_domain(input_below(&driver->input, 2 * INPUT_DOMAINS), address + strlen(address));
	bool begin = input_chance(&driver->input, 60);
	if (!begin)
		pick(driver, ORGDB_KIND_ORGANIZATION, &after);
	driver_begin(driver, "discover %zu of %s after %s", capacity, brief(address).text, brief(after.id).text);
	if (!expect_result(driver, 0, orgdb_discover(driver->txn, address, begin ? NULL : after.id, got, capacity, &count)))
		return;
	if (!begin && !after.row) /* No id, so where it would be among them is not promised. */
		return;
	size_t total = model_discover(driver->view, address + strlen("somebody@"), rows, COUNT_OF(rows));
	while (skipped < total && !begin && strcmp(model_id(rows[skipped]->record), after.id) <= 0)
		skipped++;
	expect_number(driver, "organizations", total - skipped < capacity ? total - skipped : capacity, count);
	for (size_t i = 0; i < count; i++)
		expect_discovered(driver, rows[skipped + i], &got[i]);
}

static void operate_discovered_connections(struct driver *driver)
{
	static struct model_merged expected[PAGE_MAX];
	static orgdb_merged_connection got[PAGE_MAX];
	const struct model_row *rows[2];
	orgdb_discovery discovery;
	struct target application;
	char domain[300];
	size_t count;
	input_domain(input_below(&driver->input, 2 * INPUT_DOMAINS), domain);
	pick(driver, ORGDB_KIND_APPLICATION, &application);
	driver_begin(driver, "connections of %s that %s leads to", brief(application.id).text, brief(domain).text);
	size_t total = model_discover(driver->view, domain, rows, 2), wanted = 0;
	model_errors errors = missing(&application);
	struct model_question question = { .application = application.row, .organization = total == 1 ? rows[0] : NULL };
	if (!errors && total < 2)
		wanted = model_merge(driver->view, &question, expected, PAGE_MAX);
	if (wanted > PAGE_MAX)
		errors = MODEL_ERROR(ORGDB_TRUNCATED);
	if (!expect_result(driver, errors,
			orgdb_discovered_connections(driver->txn, application.id, domain, NULL, &discovery, got, PAGE_MAX, &count)))
		return;
	expect_number(driver, "outcome", total, discovery.organizations);
	expect_text(
		driver, "organization", orgdb_string(total == 1 ? model_id(rows[0]->record) : NULL), discovery.organization_id);
	expect_number(driver, "connections", wanted, count);
	for (size_t i = 0; i < count; i++)
		expect_merged(driver, &expected[i], &got[i]);
}

/* ---- Faults and misuse ------------------------------------------------------------------------------------------- */

/* The fault is told, and told at the right field; for a record that is too large as a whole, at the kind. */
static void expect_fault(struct driver *driver, const struct input_fault *fault, model_errors others, int result)
{
	char field[100];
	expect_result(driver, input_fault_errors(fault) | others, result);
	if (others || driver->map_full || fault->bit == ORGDB_EXTRA)
		return;
	input_fault_field(fault, field, sizeof(field));
	bool whole = result == ORGDB_TOO_LARGE && strcmp(orgdb_last_error()->field, name_of(fault->kind)) == 0;
	if (!whole && strncmp(orgdb_last_error()->field, field, strlen(field)) != 0)
		driver_diverged(driver, "the error is at \"%s\", not at \"%s\"", orgdb_last_error()->field, field);
}

static void begin_fault(struct driver *driver, const struct input_fault *fault, const char *verb, const char *id)
{
	char words[200];
	input_fault_words(fault, words, sizeof(words));
	driver_begin(driver, "%s with a fault in %s: %s", verb, words, brief(id).text);
}

static void create_faulty(struct driver *driver, const struct input_fault *fault)
{
	union model_any entity;
	orgdb_str id;
	input_entity(&driver->input, fault->kind, &entity);
	struct model_record *record = model_record_created(fault->kind, &entity);
	model_errors others = model_conflicts(&driver->model, record, 0);
	model_record_release(record);
	input_break(&driver->input, fault, true, &entity);
	begin_fault(driver, fault, "create", "");
	expect_fault(driver, fault, others, call_create(driver, fault->kind, &entity, &id));
}

static void update_faulty(struct driver *driver, const struct input_fault *fault)
{
	struct target target;
	union model_any changes;
	pick(driver, fault->kind, &target);
	input_changes(&driver->input, fault->kind, &changes);
	model_errors others = missing(&target);
	if (target.row) {
		struct model_record *record = model_record_updated(target.row->record, &changes);
		others |= model_conflicts(&driver->model, record, target.row->key[0]);
		model_record_release(record);
	}
	input_break(&driver->input, fault, false, &changes);
	begin_fault(driver, fault, "update", target.id);
	expect_fault(driver, fault, others, call_update(driver, fault->kind, target.id, &changes));
}

static void enable_faulty(struct driver *driver, const struct input_fault *fault)
{
	const struct relation *relation = relation_of(fault->kind);
	union model_any attributes;
	struct ends ends;
	pick_edge(driver, relation, &ends);
	name_ends(driver, relation, &ends, "enable");
	bool there = find_edge(driver, relation, &ends) != NULL;
	attributes.enabled_connection = (orgdb_enabled_connection)ORGDB_ENABLED_CONNECTION_INIT;
	input_break(&driver->input, fault, !there, &attributes);
	begin_fault(driver, fault, there ? "update" : "enable", ends.ids[0]);
	expect_fault(driver, fault, ends_errors(driver, relation, &ends),
		there ? orgdb_enabled_connection_update(driver->txn, ends.ids[0], ends.ids[1], &attributes.enabled_connection)
			  : relation->add(driver->txn, ends.ids, &attributes));
}

static void operate_fault(struct driver *driver)
{
	const struct input_fault *fault = input_fault(&driver->input);
	bool create_it =
		input_fault_fits_create(fault) && (!input_fault_fits_update(fault) || input_chance(&driver->input, 50));
	if (fault->kind >= ORGDB_ENTITY_KINDS)
		enable_faulty(driver, fault);
	else if (create_it)
		create_faulty(driver, fault);
	else
		update_faulty(driver, fault);
}

static void operate_begin_again(struct driver *driver)
{
	orgdb_txn *txn;
	driver_begin(driver, "begin to write while writing");
	expect_result(driver, MODEL_ERROR(ORGDB_BUSY), orgdb_begin_write(driver->db, &txn));
}

static void operate_write_while_reading(struct driver *driver)
{
	const struct relation *relation = some_relation(driver);
	struct ends ends;
	pick_edge(driver, relation, &ends);
	name_ends(driver, relation, &ends, "remove, in a read transaction,");
	model_errors errors = edge_errors(driver, relation, &ends) | MODEL_ERROR(ORGDB_READ_ONLY);
	expect_result(driver, errors, relation->remove(driver->txn, ends.ids));
}

static void operate_lsn(struct driver *driver)
{
	uint64_t lsn;
	driver_begin(driver, "lsn");
	if (expect_result(driver, 0, orgdb_lsn(driver->txn, &lsn)))
		expect_number(driver, "lsn", driver->view->lsn, lsn);
}

/* ---- The choice -------------------------------------------------------------------------------------------------- */

enum when { ANY, WRITING, READING };

static const struct {
	void (*operate)(struct driver *driver);
	enum when when;
	uint32_t weight;
} operations[] = {
	{ operate_update, WRITING, 90 },
	{ operate_copy, WRITING, 15 },
	{ operate_edge, WRITING, 400 },
	{ operate_edges_in_order, WRITING, 20 },
	{ operate_edge_update, WRITING, 45 },
	{ operate_fault, WRITING, 30 },
	{ operate_accept, WRITING, 20 },
	{ operate_sweep, WRITING, 2 },
	{ operate_begin_again, WRITING, 1 },
	{ operate_ticket, ANY, 15 },
	{ operate_write_while_reading, READING, 5 },
	{ operate_get, ANY, 60 },
	{ operate_get_by_name, ANY, 30 },
	{ operate_count, ANY, 10 },
	{ operate_edge_get, ANY, 60 },
	{ operate_list, ANY, 100 },
	{ operate_list_by_name, ANY, 15 },
	{ operate_owner_count, ANY, 30 },
	{ operate_owned, ANY, 20 },
	{ operate_merge, ANY, 80 },
	{ operate_template_context, ANY, 15 },
	{ operate_discover, ANY, 20 },
	{ operate_discovered_connections, ANY, 20 },
	{ operate_allowed, ANY, 40 },
	{ operate_access, ANY, 15 },
	{ operate_login, ANY, 50 },
	{ operate_lsn, ANY, 5 },
	{ expect_statistics, ANY, 3 },
};

static bool fits(const struct driver *driver, enum when when)
{
	return when == ANY || (when == WRITING) == driver->writing;
}

void operation_random(struct driver *driver)
{
	uint32_t total = 0;
	input_reset(&driver->input);
	if (driver->writing && input_below(&driver->input, 1000) < driver->shape->turnover) {
		operate_population(driver);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(operations); i++)
		total += fits(driver, operations[i].when) ? operations[i].weight : 0;
	uint32_t choice = input_below(&driver->input, total);
	for (size_t i = 0; i < COUNT_OF(operations); i++) {
		uint32_t weight = fits(driver, operations[i].when) ? operations[i].weight : 0;
		if (choice < weight) {
			operations[i].operate(driver);
			return;
		}
		choice -= weight;
	}
}
