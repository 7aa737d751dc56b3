/*
 * A tenant of fixed contents, and programs of calls on any store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "exercise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIST_SIZE = 16,
	TEXT_SIZE = 4 * ORGDB_ID_LENGTH_MAX + 1,
	CONNECTIONS = 12,
	ORGANIZATIONS = 40,
	USERS = 260,
	INVITATIONS = 160
};

void exercise_must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, orgdb_last_error()->message);
	exit(2);
}

/* ---- The tenant -------------------------------------------------------------------------------------------------- */

struct id {
	char text[512];
};

static struct id id_of(const char *prefix, unsigned number)
{
	struct id id;
	snprintf(id.text, sizeof(id.text), "%s%016u", prefix, number);
	return id;
}

/* In no order, and some long: for deep trees. */
static struct id user_id_of(unsigned number)
{
	struct id id;
	int length = snprintf(id.text, sizeof(id.text), "auth0|%u-", number * 7919 % 10007);
	memset(id.text + length, 'u', sizeof(id.text) - (size_t)length);
	id.text[240] = '|';
	id.text[number % 3 == 0 ? length + 4 : 480] = '\0';
	return id;
}

static void create_connections(orgdb_txn *txn)
{
	static char large[9000];
	memset(large, 'x', sizeof(large));
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		char name[32], map[10000];
		struct id id = id_of("con_", i);
		orgdb_pair pair = { ORGDB_STR("certificate"), { large, i % 3 == 0 ? 5 : 3000 + 500 * (size_t)i } };
		orgdb_connection connection = ORGDB_CONNECTION_INIT;
		snprintf(name, sizeof(name), "connection-%u", i);
		connection.id = orgdb_string(id.text);
		connection.name = orgdb_string(name);
		connection.strategy = orgdb_string(i % 2 ? "samlp" : "auth0");
		exercise_must(orgdb_value_from_pairs(&pair, 1, map, sizeof(map), &connection.options), "options");
		exercise_must(orgdb_connection_create(txn, &connection, NULL), "connection");
	}
}

static void create_applications(orgdb_txn *txn)
{
	for (unsigned i = 0; i < 4; i++) {
		struct id id = id_of("client", i);
		orgdb_application application = ORGDB_APPLICATION_INIT;
		application.client_id = orgdb_string(id.text);
		application.name = orgdb_string("portal");
		application.organization_usage = ORGDB_USAGE_ALLOW;
		exercise_must(orgdb_application_create(txn, &application, NULL), "application");
		for (unsigned c = i; c < CONNECTIONS; c += 2)
			exercise_must(
				orgdb_application_connection_enable(txn, id.text, id_of("con_", c).text, NULL), "its connection");
	}
}

static void create_organizations(orgdb_txn *txn)
{
	for (unsigned i = 0; i < ORGANIZATIONS; i++) {
		char name[32], map[100];
		struct id id = id_of("org_", i);
		orgdb_pair pair = { ORGDB_STR("note"), ORGDB_STR("kept") };
		orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
		snprintf(name, sizeof(name), "organization-%u", i);
		organization.id = orgdb_string(id.text);
		organization.name = orgdb_string(name);
		exercise_must(orgdb_organization_create(txn, &organization, NULL), "organization");
		orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
		if (i % 4 == 0)
			exercise_must(orgdb_value_from_pairs(&pair, 1, map, sizeof(map), &edge.extra), "extra");
		orgdb_organization_application place = { .use_for_member_access = i % 2 };
		for (unsigned a = i % 3; a < 4; a++)
			exercise_must(
				orgdb_organization_application_add(txn, id.text, id_of("client", a).text, a == 3 ? NULL : &place),
				"application's place");
		for (unsigned c = i % 5; c < CONNECTIONS; c += 3)
			exercise_must(
				orgdb_enabled_connection_create(txn, id.text, id_of("con_", c).text, &edge), "enabled connection");
	}
}

static void create_users(orgdb_txn *txn)
{
	for (unsigned i = 0; i < 3; i++) {
		struct id id = id_of("rol_", i);
		orgdb_role role = ORGDB_ROLE_INIT;
		role.id = orgdb_string(id.text);
		role.name = orgdb_string(id.text + 10 + i);
		exercise_must(orgdb_role_create(txn, &role, NULL), "role");
	}
	for (unsigned i = 0; i < USERS; i++) {
		struct id id = user_id_of(i), organization = id_of("org_", i % ORGANIZATIONS), first = id_of("org_", 0);
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(id.text);
		user.email = orgdb_string("someone@example.com");
		exercise_must(orgdb_user_create(txn, &user, NULL), "user");
		exercise_must(orgdb_membership_add(txn, organization.text, id.text, NULL), "membership");
		if (i % ORGANIZATIONS != 0)
			exercise_must(orgdb_membership_add(txn, first.text, id.text, NULL), "membership");
		exercise_must(orgdb_member_role_assign(txn, first.text, id.text, id_of("rol_", i % 3).text), "role of member");
	}
}

/* What belongs to organizations, and what to nobody. */
static void create_others(orgdb_txn *txn)
{
	static const char *const templates[] = { "verify_email", "welcome_email", "blocked_account" };
	for (unsigned i = 0; i < ORGANIZATIONS; i += 3) {
		struct id organization = id_of("org_", i), id = id_of("rol_", 100 + i);
		orgdb_role role = ORGDB_ROLE_INIT;
		role.id = orgdb_string(id.text);
		role.name = orgdb_string("an organization's own");
		role.type = ORGDB_ROLE_OF_ORGANIZATION;
		role.owner_id = orgdb_string(organization.text);
		exercise_must(orgdb_role_create(txn, &role, NULL), "role of an organization");
	}
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		orgdb_email_template template = ORGDB_EMAIL_TEMPLATE_INIT;
		template.name = orgdb_string(templates[i]);
		template.from = template.subject = template.body = orgdb_string("{{ organization.name }}");
		exercise_must(orgdb_email_template_create(txn, &template, NULL), "email template");
	}
}

static const char ticket_letters[] = "0123456789abcdefghijklmnopqrstuv";

/* The ticket of the invitation with a number. */
static struct id ticket_of(unsigned number)
{
	struct id id;
	snprintf(id.text, sizeof(id.text), "%s%03u", ticket_letters, number);
	memmove(id.text, id.text + 3, sizeof(ticket_letters));
	return id;
}

static void create_invitations(orgdb_txn *txn)
{
	const orgdb_pair inviter = { ORGDB_STR("name"), ORGDB_STR("The board") };
	const orgdb_pair invitee = { ORGDB_STR("email"), ORGDB_STR("someone@example.com") };
	for (unsigned i = 0; i < INVITATIONS; i++) {
		struct id organization = id_of("org_", i % ORGANIZATIONS), client = id_of("client", i % 4),
				  ticket = ticket_of(i);
		struct id connection = id_of("con_", i % 5);
		char from[64], to[64], roles[64] = "\x91\xb4", created[32];
		orgdb_invitation invitation = ORGDB_INVITATION_INIT;
		memcpy(roles + 2, id_of("rol_", i % 3).text, 20);
		snprintf(created, sizeof(created), "2020-01-%02uT00:00:00Z", 1 + i % 30);
		invitation.organization_id = orgdb_string(organization.text);
		invitation.client_id = orgdb_string(client.text);
		invitation.connection_id = orgdb_string(i % 4 ? connection.text : NULL);
		invitation.roles = (orgdb_value){ roles, 22 };
		invitation.created_at = orgdb_string(created);
		invitation.ticket_id = orgdb_string(ticket.text);
		exercise_must(orgdb_value_from_pairs(&inviter, 1, from, sizeof(from), &invitation.inviter), "inviter");
		exercise_must(orgdb_value_from_pairs(&invitee, 1, to, sizeof(to), &invitation.invitee), "invitee");
		exercise_must(orgdb_invitation_create(txn, &invitation, NULL), "invitation");
	}
}

static void change_history(orgdb *db)
{
	for (unsigned i = 0; i < 12; i++) {
		orgdb_txn *txn;
		exercise_must(orgdb_begin_write(db, &txn), "write");
		for (unsigned u = i; u < USERS; u += 24)
			exercise_must(orgdb_user_delete(txn, user_id_of(u).text, NULL), "delete a user");
		exercise_must(orgdb_organization_delete(txn, id_of("org_", 5 + i).text, NULL), "delete an organization");
		exercise_must(orgdb_commit(txn), "commit");
	}
}

static void create_tenant(const char *path, bool changed)
{
	orgdb *db;
	orgdb_txn *txn;
	void (*const steps[])(orgdb_txn *) = { create_connections, create_applications, create_organizations, create_users,
		create_others, create_invitations };
	exercise_must(orgdb_open(path, NULL, &db), "open");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		exercise_must(orgdb_begin_write(db, &txn), "write");
		steps[i](txn);
		exercise_must(orgdb_commit(txn), "commit");
	}
	if (changed)
		change_history(db);
	orgdb_close(db);
}

void exercise_create(const char *path, bool compact)
{
	char other[4096];
	orgdb *db;
	snprintf(other, sizeof(other), "%s-other", path);
	create_tenant(compact ? other : path, !compact);
	if (!compact)
		return;
	exercise_must(orgdb_open(other, NULL, &db), "open");
	exercise_must(orgdb_copy(db, path, ORGDB_COPY_COMPACT), "copy");
	orgdb_close(db);
	remove(other);
	strcat(other, "-lock");
	remove(other);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* What is counted as a failure. */
static size_t failed(int rc)
{
	return rc != 0 && rc != ORGDB_NOT_FOUND && rc != ORGDB_TRUNCATED && rc != ORGDB_FORBIDDEN;
}

static const char *text_of(orgdb_str view, char text[TEXT_SIZE])
{
	snprintf(text, TEXT_SIZE, "%.*s", (int)(view.size < TEXT_SIZE ? view.size : TEXT_SIZE - 1), view.data);
	return text;
}

static size_t read_organization(orgdb_txn *txn, const char *id)
{
	char user[TEXT_SIZE], client[] = "client0000000000000001";
	orgdb_enabled_connection edges[LIST_SIZE];
	orgdb_organization_application places[LIST_SIZE];
	orgdb_access access;
	orgdb_login_result result;
	orgdb_merged_connection merged[LIST_SIZE];
	orgdb_user members[LIST_SIZE];
	orgdb_role roles[LIST_SIZE];
	orgdb_discovery_domain domains[LIST_SIZE];
	size_t count = LIST_SIZE, unused, failures = 0;
	failures += failed(orgdb_organization_roles(txn, id, 0, roles, LIST_SIZE, &unused));
	failures += failed(orgdb_organization_discovery_domains(txn, id, 0, domains, LIST_SIZE, &unused));
	failures += failed(orgdb_merged_connections(txn, client, id, NULL, merged, LIST_SIZE, &unused));
	failures += failed(orgdb_enabled_connection_list(txn, id, 0, edges, LIST_SIZE, &unused));
	failures += failed(orgdb_organization_application_list(txn, id, 0, places, LIST_SIZE, &unused));
	failures += failed(orgdb_access_get(txn, client, id, &access));
	failures += failed(orgdb_login(txn, id, id_of("con_", 3).text, user_id_of(7).text, NULL, &result));
	orgdb_invitation invitations[LIST_SIZE];
	failures += failed(orgdb_organization_invitations(txn, id, 0, invitations, LIST_SIZE, &unused));
	for (uint64_t after = 0; count == LIST_SIZE; after = members[LIST_SIZE - 1].ordinal) {
		int rc = orgdb_organization_members(txn, id, after, members, LIST_SIZE, &count);
		failures += failed(rc);
		if (rc != 0)
			break;
		for (size_t i = 0; i < count; i++)
			failures +=
				failed(orgdb_member_roles(txn, id, text_of(members[i].user_id, user), 0, roles, LIST_SIZE, &unused));
	}
	return failures;
}

static size_t read_connection(orgdb_txn *txn, const char *id)
{
	orgdb_application applications[LIST_SIZE];
	orgdb_organization organizations[LIST_SIZE];
	size_t unused;
	return failed(orgdb_connection_applications(txn, id, 0, applications, LIST_SIZE, &unused)) +
		failed(orgdb_connection_organizations(txn, id, 0, organizations, LIST_SIZE, &unused));
}

static size_t read_discovery(orgdb_txn *txn)
{
	orgdb_discovered found[LIST_SIZE];
	orgdb_merged_connection merged[LIST_SIZE];
	orgdb_discovery discovery;
	char client[] = "client0000000000000001";
	size_t unused;
	return failed(orgdb_discover(txn, "a@domain-0.example.com", NULL, found, LIST_SIZE, &unused)) +
		failed(orgdb_discovered_connections(
			txn, client, "a@domain-0.example.com", NULL, &discovery, merged, LIST_SIZE, &unused));
}

/* By its ticket, too. */
static size_t read_invitation(orgdb_txn *txn, const char *id)
{
	orgdb_invitation invitation, again;
	char ticket[TEXT_SIZE];
	int rc = orgdb_invitation_get(txn, id, &invitation);
	return rc == 0 ? failed(orgdb_invitation_get_by_ticket(txn, text_of(invitation.ticket_id, ticket), &again))
				   : failed(rc);
}

static size_t read_others(orgdb_txn *txn, uint32_t kind, const char *id)
{
	orgdb_organization organizations[LIST_SIZE];
	orgdb_connection connections[LIST_SIZE];
	orgdb_user users[LIST_SIZE];
	size_t unused;
	switch (kind) {
	case ORGDB_KIND_USER:
		return failed(orgdb_user_organizations(txn, id, 0, organizations, LIST_SIZE, &unused));
	case ORGDB_KIND_ROLE:
		return failed(orgdb_role_members(txn, "org_0000000000000000", id, 0, users, LIST_SIZE, &unused));
	case ORGDB_KIND_APPLICATION:
		return failed(orgdb_application_connections(txn, id, 0, connections, LIST_SIZE, &unused)) +
			failed(orgdb_application_organizations(txn, id, 0, organizations, LIST_SIZE, &unused));
	case ORGDB_KIND_CONNECTION:
		return read_connection(txn, id);
	case ORGDB_KIND_EMAIL_TEMPLATE:
		return 0;
	case ORGDB_KIND_DISCOVERY_DOMAIN:
		return read_discovery(txn);
	case ORGDB_KIND_INVITATION:
		return read_invitation(txn, id);
	default:
		return read_organization(txn, id);
	}
}

union any {
	struct {
		uint64_t ordinal;
	} head;
	orgdb_connection connection;
	orgdb_application application;
	orgdb_role role;
	orgdb_user user;
	orgdb_organization organization;
	orgdb_email_template email_template;
	orgdb_discovery_domain discovery_domain;
	orgdb_invitation invitation;
};

static size_t read_kind(orgdb_txn *txn, uint32_t kind)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	char id[TEXT_SIZE];
	size_t count = 1, failures = 0;
	union any entity, again;
	for (uint64_t after = 0; count == 1; after = entity.head.ordinal) {
		int rc = orgdb_entity_list(txn, kind, after, &entity, 1, &count);
		failures += failed(rc);
		if (rc != 0)
			return failures;
		if (count == 0)
			break;
		orgdb_str view;
		memcpy(&view, (const char *)&entity + schema->fields[0].offset, sizeof(view));
		failures += failed(orgdb_entity_get(txn, kind, text_of(view, id), &again));
		failures += read_others(txn, kind, id);
	}
	return failures;
}

size_t exercise_read(orgdb *db)
{
	orgdb_txn *txn;
	orgdb_statistics statistics;
	uint64_t free_pages;
	size_t failures;
	if (orgdb_begin_read(db, &txn) != 0)
		return 1;
	failures = failed(orgdb_stat(txn, &statistics)) + failed(orgdb_free_pages(txn, &free_pages));
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS; kind++)
		failures += read_kind(txn, kind);
	orgdb_end(txn);
	return failures;
}

/* ---- Changing ---------------------------------------------------------------------------------------------------- */

static size_t change_something(orgdb_txn *txn)
{
	struct id kept = id_of("org_", 0), gone = id_of("org_", 3), connection = id_of("con_", 4), user = user_id_of(7);
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	orgdb_user someone = ORGDB_USER_INIT;
	orgdb_str id = { NULL, 0 };
	size_t failures = 0;
	organization.name = orgdb_string("a-new-one");
	failures += failed(orgdb_organization_create(txn, &organization, &id));
	if (id.data) {
		failures += failed(orgdb_membership_add(txn, id.data, user.text, NULL));
		failures += failed(orgdb_organization_application_add(txn, id.data, id_of("client", 1).text, NULL));
		failures += failed(orgdb_enabled_connection_create(txn, id.data, connection.text, NULL));
	}
	for (unsigned i = 0; i < 40; i++) {
		struct id another = user_id_of(5000 + i);
		someone.user_id = orgdb_string(another.text);
		failures += failed(orgdb_user_create(txn, &someone, NULL));
		failures += failed(orgdb_membership_add(txn, kept.text, another.text, NULL));
	}
	for (unsigned i = 100; i < 140; i++)
		failures += failed(orgdb_user_delete(txn, user_id_of(i).text, NULL));
	size_t swept;
	int rc = orgdb_invitation_accept(txn, ticket_of(44).text, user_id_of(200).text, 1577836800, NULL);
	failures += rc == ORGDB_FORBIDDEN ? 0 : failed(rc);
	failures += failed(orgdb_invitation_sweep(txn, 1578787200, 20, &swept));
	failures += failed(orgdb_organization_delete(txn, gone.text, NULL));
	failures += failed(orgdb_connection_delete(txn, connection.text, NULL));
	failures += failed(orgdb_role_delete(txn, id_of("rol_", 1).text, NULL));
	return failures + failed(orgdb_application_delete(txn, id_of("client", 2).text, NULL));
}

size_t exercise_write(orgdb *db)
{
	orgdb_txn *txn;
	if (orgdb_begin_write(db, &txn) != 0)
		return 1;
	size_t failures = change_something(txn);
	return failures + failed(orgdb_commit(txn));
}

/* ---- Everything as one number ------------------------------------------------------------------------------------ */

static void digest_bytes(uint64_t *digest, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	*digest = (*digest ^ size) * UINT64_C(0x100000001b3); /* FNV-1a */
	for (size_t i = 0; i < size; i++)
		*digest = (*digest ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static int digest_table(orgdb_txn *txn, const char *name, uint64_t *digest)
{
	orgdb_row row = { 0 };
	size_t count = 1;
	int rc = 0;
	while (rc == 0 && count == 1) {
		rc = orgdb_table_rows(txn, name, row.key, row.key_size, &row, 1, &count);
		if (rc == 0 && count == 1) {
			digest_bytes(digest, row.key, row.key_size);
			digest_bytes(digest, row.value, row.value_size);
		}
	}
	return rc;
}

int exercise_digest(orgdb *db, uint64_t *digest)
{
	orgdb_txn *txn;
	orgdb_table table = { 0 };
	size_t count = 1;
	*digest = UINT64_C(0xcbf29ce484222325);
	int rc = orgdb_begin_read(db, &txn);
	if (rc != 0)
		return rc;
	while (rc == 0 && count == 1) {
		rc = orgdb_tables(txn, table.ordinal, &table, 1, &count);
		if (rc == 0 && count == 1)
			rc = digest_table(txn, table.name, digest);
	}
	orgdb_end(txn);
	return rc;
}
