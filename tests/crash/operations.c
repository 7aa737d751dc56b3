/*
 * Every public call, as a table.
 *
 * SPDX-License-Identifier: MIT
 */
#include "operations.h"

#include <stdio.h>
#include <string.h>

#include "workload.h"

#define CONNECTION "con_0000000000000001"
#define OTHER_CONNECTION "con_0000000000000002"
#define APPLICATION "application-1"
#define OTHER_APPLICATION "application-2"
#define ORGANIZATION "org_0000000000000001"
#define OTHER_ORGANIZATION "org_0000000000000002"
#define ROLE "rol_0000000000000001"
#define OTHER_ROLE "rol_0000000000000002"
#define OWNED_ROLE "rol_0000000000000009"
#define DOMAIN "ord_0000000000000000000001"
#define OTHER_DOMAIN "ord_0000000000000000000002"
#define USER "auth0|1"
#define OTHER_USER "auth0|2"
#define INVITATION "uinv_0000000000000001"
#define OTHER_INVITATION "uinv_0000000000000002"
#define TICKET "00000000000000000000000000000001"
#define TEMPLATE "welcome_email"
#define OTHER_TEMPLATE "reset_email"

enum {
	MEMBERS = 120, /* Several pages; with large metadata, more than a mebibyte. */
	PAGE = 8,
};

/* Where answers go. */
static union model_any page[PAGE];
static orgdb_merged_connection merged[PAGE];
static orgdb_discovered discovered[PAGE];
static orgdb_discovery discovery;
static orgdb_table tables[40];
static orgdb_row rows[PAGE];
static orgdb_statistics statistics;
static orgdb_cascade gone;
static orgdb_access access_found;
static orgdb_login_result login_result;
static orgdb_str id;
static uint64_t number;
static size_t count;
static bool flag;

/* ---- What is created and changed --------------------------------------------------------------------------------- */

/* One that was made before: it may have expired, and be of an application that denies organizations. */
static int invite(orgdb_txn *txn, const char *new_id)
{
	static const char roles[] = "\x92\xb4" ROLE "\xb4" OTHER_ROLE;
	char ticket[40];
	orgdb_invitation invitation = ORGDB_INVITATION_INIT;
	snprintf(ticket, sizeof(ticket), "%032d", new_id[strlen(new_id) - 1] - '0');
	invitation.id = orgdb_string(new_id);
	invitation.organization_id = orgdb_string(ORGANIZATION);
	invitation.client_id = orgdb_string(APPLICATION);
	invitation.connection_id = orgdb_string(CONNECTION);
	invitation.inviter = (orgdb_value){ "\x81\xa4name\xa1x", 8 };
	invitation.invitee = (orgdb_value){ "\x81\xa5"
										"email\xa3"
										"a@b",
		11 };
	invitation.roles = (orgdb_value){ roles, sizeof(roles) - 1 };
	invitation.app_metadata = (orgdb_value){ "\x81\xa1k\xa1v", 5 };
	invitation.created_at = orgdb_string("2020-01-01T00:00:00Z");
	invitation.ticket_id = orgdb_string(ticket);
	return orgdb_invitation_create(txn, &invitation, &id);
}

static int create(orgdb_txn *txn, uint32_t kind, const char *new_id, const char *name)
{
	union model_any entity = model_initial(kind);
	orgdb_str given_id = orgdb_string(new_id), given_name = orgdb_string(name);
	switch (kind) {
	case ORGDB_KIND_CONNECTION:
		entity.connection.id = given_id;
		entity.connection.name = given_name;
		entity.connection.strategy = orgdb_string("samlp");
		return orgdb_connection_create(txn, &entity.connection, &id);
	case ORGDB_KIND_APPLICATION:
		entity.application.client_id = given_id;
		entity.application.name = given_name;
		return orgdb_application_create(txn, &entity.application, &id);
	case ORGDB_KIND_ROLE:
		entity.role.id = given_id;
		entity.role.name = given_name;
		return orgdb_role_create(txn, &entity.role, &id);
	case ORGDB_KIND_USER:
		entity.user.user_id = given_id;
		entity.user.name = given_name;
		return orgdb_user_create(txn, &entity.user, &id);
	case ORGDB_KIND_EMAIL_TEMPLATE:
		entity.email_template.name = given_id;
		entity.email_template.from = given_name;
		entity.email_template.subject = given_name;
		entity.email_template.body = given_name;
		return orgdb_email_template_create(txn, &entity.email_template, &id);
	case ORGDB_KIND_INVITATION:
		return invite(txn, new_id);
	default:
		entity.organization.id = given_id;
		entity.organization.name = given_name;
		return orgdb_organization_create(txn, &entity.organization, &id);
	}
}

/* Larger than a page, so that its store takes pages of its own. */
static orgdb_value large_map(void)
{
	static unsigned char map[9000] = { 0x81, 0xa1, 'k', 0xda, (9000 - 6) >> 8, (9000 - 6) & 0xff };
	for (size_t i = 6; i < sizeof(map); i++)
		map[i] = 'x';
	return (orgdb_value){ map, sizeof(map) };
}

static orgdb_str large_text(void)
{
	orgdb_value map = large_map();
	return (orgdb_str){ (const char *)map.data + 6, map.size - 6 };
}

static int update(orgdb_txn *txn, uint32_t kind)
{
	union model_any changes = model_initial(kind);
	switch (kind) {
	case ORGDB_KIND_CONNECTION:
		changes.connection.fields = ORGDB_CONNECTION_OPTIONS;
		changes.connection.options = large_map();
		return orgdb_connection_update(txn, CONNECTION, &changes.connection);
	case ORGDB_KIND_APPLICATION:
		changes.application.fields = ORGDB_APPLICATION_NAME;
		changes.application.name = orgdb_string("changed");
		return orgdb_application_update(txn, APPLICATION, &changes.application);
	case ORGDB_KIND_ROLE:
		changes.role.fields = ORGDB_ROLE_NAME;
		changes.role.name = orgdb_string("changed");
		return orgdb_role_update(txn, ROLE, &changes.role);
	case ORGDB_KIND_USER:
		changes.user.fields = ORGDB_USER_APP_METADATA;
		changes.user.app_metadata = large_map();
		return orgdb_user_update(txn, USER, &changes.user);
	case ORGDB_KIND_EMAIL_TEMPLATE:
		changes.email_template.fields = ORGDB_EMAIL_TEMPLATE_BODY;
		changes.email_template.body = large_text();
		return orgdb_email_template_update(txn, TEMPLATE, &changes.email_template);
	case ORGDB_KIND_INVITATION:
		changes.invitation.fields = ORGDB_EXTRA;
		changes.invitation.extra = large_map();
		return orgdb_invitation_update(txn, INVITATION, &changes.invitation);
	default:
		changes.organization.fields = ORGDB_ORGANIZATION_NAME;
		changes.organization.name = orgdb_string("changed");
		return orgdb_organization_update(txn, ORGANIZATION, &changes.organization);
	}
}

static int change_enabled_connection(orgdb_txn *txn)
{
	orgdb_enabled_connection changes = ORGDB_ENABLED_CONNECTION_INIT;
	changes.fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED;
	changes.is_enabled = false;
	return orgdb_enabled_connection_update(txn, ORGANIZATION, CONNECTION, &changes);
}

static const orgdb_enabled_connection assigning = { .assign_membership_on_login = true, .is_enabled = true };
static const orgdb_organization_application member_access = { .use_for_member_access = true };

static int change_organization_application(orgdb_txn *txn)
{
	orgdb_organization_application changes = ORGDB_ORGANIZATION_APPLICATION_INIT;
	changes.fields = ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS;
	return orgdb_organization_application_update(txn, ORGANIZATION, APPLICATION, &changes);
}

/* A role that the organization owns. */
static int create_owned(orgdb_txn *txn, const char *new_id, const char *name)
{
	orgdb_role role = ORGDB_ROLE_INIT;
	role.id = orgdb_string(new_id);
	role.name = orgdb_string(name);
	role.type = ORGDB_ROLE_OF_ORGANIZATION;
	role.owner_id = orgdb_string(ORGANIZATION);
	return orgdb_role_create(txn, &role, &id);
}

static int create_domain(orgdb_txn *txn, const char *new_id, const char *organization, const char *domain)
{
	orgdb_discovery_domain created = ORGDB_DISCOVERY_DOMAIN_INIT;
	created.id = orgdb_string(new_id);
	created.organization_id = orgdb_string(organization);
	created.domain = orgdb_string(domain);
	created.status = ORGDB_DOMAIN_VERIFIED;
	created.verification_txt = orgdb_string("0123456789abcdef0123456789abcdef"); /* The same each time. */
	return orgdb_discovery_domain_create(txn, &created, &id);
}

static int update_domain(orgdb_txn *txn)
{
	orgdb_discovery_domain changes = ORGDB_DISCOVERY_DOMAIN_INIT;
	changes.fields = ORGDB_DISCOVERY_DOMAIN_STATUS;
	return orgdb_discovery_domain_update(txn, DOMAIN, &changes);
}

static int create_generic(orgdb_txn *txn)
{
	orgdb_role role = ORGDB_ROLE_INIT;
	role.id = orgdb_string("rol_0000000000000003");
	role.name = orgdb_string("third");
	return orgdb_entity_create(txn, ORGDB_KIND_ROLE, &role, &id);
}

static int update_generic(orgdb_txn *txn)
{
	orgdb_role role = ORGDB_ROLE_INIT;
	role.fields = ORGDB_ROLE_DESCRIPTION;
	role.description = orgdb_string("changed");
	return orgdb_entity_update(txn, ORGDB_KIND_ROLE, ROLE, &role);
}

static int ask_twice(orgdb_txn *txn)
{
	orgdb_merge_question questions[] = {
		{ .client_id = APPLICATION, .organization_id = ORGANIZATION, .array = merged, .capacity = PAGE },
		{ .client_id = APPLICATION, .array = merged, .capacity = PAGE },
	};
	return orgdb_merged_connections_batch(txn, questions, COUNT_OF(questions), NULL);
}

static int ask_context(orgdb_txn *txn)
{
	static const char *const roles[] = { ROLE };
	static char buffer[20000], json[20000];
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	orgdb_value context;
	orgdb_str text;
	options.organization_id = ORGANIZATION;
	options.client_id = APPLICATION;
	options.connection_id = CONNECTION;
	options.user_id = USER;
	options.role_ids = roles;
	options.role_count = COUNT_OF(roles);
	options.extra = large_map();
	int rc = orgdb_template_context(txn, "user_invitation", &options, buffer, sizeof(buffer), &context);
	return rc == 0 ? orgdb_value_json(context, false, json, sizeof(json), &text) : rc;
}

/* With attributes, a new user, and the roles that go with the membership: a transaction of many calls. */
static int change_several(orgdb_txn *txn)
{
	orgdb_membership attributes = { .extra = { "\x81\xa1k\xa1v", 5 } };
	int rc = create(txn, ORGDB_KIND_USER, "auth0|new", "new");
	if (rc == 0)
		rc = orgdb_membership_add(txn, OTHER_ORGANIZATION, "auth0|new", &attributes);
	if (rc == 0)
		rc = orgdb_member_role_assign(txn, OTHER_ORGANIZATION, "auth0|new", ROLE);
	if (rc == 0)
		rc = orgdb_user_delete(txn, USER, &gone);
	return rc == 0 ? orgdb_connection_delete(txn, CONNECTION, &gone) : rc;
}

static int add_members(orgdb_txn *txn, const char *organization, const char *prefix, orgdb_value metadata)
{
	int rc = 0;
	for (int i = 0; i < MEMBERS && rc == 0; i++) {
		char user_id[32];
		snprintf(user_id, sizeof(user_id), "%s|%d", prefix, i);
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(user_id);
		user.app_metadata = metadata;
		user.email = orgdb_string("a@b");
		rc = orgdb_user_create(txn, &user, NULL);
		if (rc == 0)
			rc = orgdb_membership_add(txn, organization, user_id, NULL);
	}
	return rc;
}

/* More than the map has room for. */
static int add_many(orgdb_txn *txn)
{
	return add_members(txn, OTHER_ORGANIZATION, "samlp", large_map());
}

static int allow_organizations(orgdb_txn *txn)
{
	orgdb_application changes = ORGDB_APPLICATION_INIT;
	changes.fields = ORGDB_APPLICATION_ORGANIZATION_USAGE;
	changes.organization_usage = ORGDB_USAGE_ALLOW;
	return orgdb_application_update(txn, APPLICATION, &changes);
}

int operations_populate(orgdb_txn *txn)
{
	static const char *const ids[ORGDB_ENTITY_KINDS][2] = { { CONNECTION, OTHER_CONNECTION },
		{ APPLICATION, OTHER_APPLICATION }, { ROLE, OTHER_ROLE }, { 0 }, { ORGANIZATION, OTHER_ORGANIZATION },
		{ TEMPLATE, OTHER_TEMPLATE }, { 0 }, { INVITATION, OTHER_INVITATION } };
	static const char *const names[] = { "first", "second" };
	int rc = 0;
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS; kind++)
		for (int i = 0; i < 2 && rc == 0 && ids[kind][i]; i++)
			rc = create(txn, kind, ids[kind][i], names[i]);
	if (rc == 0)
		rc = add_members(txn, ORGANIZATION, "auth0", (orgdb_value){ NULL, 0 });
	if (rc == 0)
		rc = orgdb_member_role_assign(txn, ORGANIZATION, USER, ROLE);
	if (rc == 0)
		rc = create_owned(txn, OWNED_ROLE, "owned");
	if (rc == 0)
		rc = orgdb_member_role_assign(txn, ORGANIZATION, USER, OWNED_ROLE);
	if (rc == 0)
		rc = create_domain(txn, DOMAIN, ORGANIZATION, "example.com");
	if (rc == 0)
		rc = create_domain(txn, OTHER_DOMAIN, OTHER_ORGANIZATION, "example.org");
	if (rc == 0)
		rc = orgdb_enabled_connection_create(txn, ORGANIZATION, CONNECTION, NULL);
	if (rc == 0)
		rc = orgdb_enabled_connection_create(txn, OTHER_ORGANIZATION, CONNECTION, &assigning);
	if (rc == 0)
		rc = orgdb_organization_application_add(txn, ORGANIZATION, APPLICATION, &member_access);
	if (rc == 0)
		rc = allow_organizations(txn);
	return rc == 0 ? orgdb_application_connection_enable(txn, APPLICATION, CONNECTION, NULL) : rc;
}

int operations_log_in(orgdb *db)
{
	return orgdb_login_and_join(db, OTHER_ORGANIZATION, CONNECTION, USER, NULL, &login_result);
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

#define READING(X)                                                                                                     \
	X(lsn, orgdb_lsn(txn, &number))                                                                                    \
	X(stat, orgdb_stat(txn, &statistics))                                                                              \
	X(connection_get, orgdb_connection_get(txn, CONNECTION, &page->connection))                                        \
	X(connection_get_by_name, orgdb_connection_get_by_name(txn, "first", &page->connection))                           \
	X(connection_list, orgdb_connection_list(txn, 0, &page->connection, 2, &count))                                    \
	X(connection_count, orgdb_connection_count(txn, &number))                                                          \
	X(application_get, orgdb_application_get(txn, APPLICATION, &page->application))                                    \
	X(application_list, orgdb_application_list(txn, 0, &page->application, 2, &count))                                 \
	X(application_count, orgdb_application_count(txn, &number))                                                        \
	X(organization_get, orgdb_organization_get(txn, ORGANIZATION, &page->organization))                                \
	X(organization_get_by_name, orgdb_organization_get_by_name(txn, "first", &page->organization))                     \
	X(organization_list, orgdb_organization_list(txn, 0, &page->organization, 2, &count))                              \
	X(organization_list_by_name, orgdb_organization_list_by_name(txn, "f", &page->organization, 2, &count))            \
	X(organization_count, orgdb_organization_count(txn, &number))                                                      \
	X(organization_roles, orgdb_organization_roles(txn, ORGANIZATION, 0, &page->role, 2, &count))                      \
	X(organization_role_get_by_name, orgdb_organization_role_get_by_name(txn, ORGANIZATION, "owned", &page->role))     \
	X(user_get, orgdb_user_get(txn, USER, &page->user))                                                                \
	X(user_list, orgdb_user_list(txn, 0, &page->user, PAGE, &count))                                                   \
	X(user_count, orgdb_user_count(txn, &number))                                                                      \
	X(role_get, orgdb_role_get(txn, ROLE, &page->role))                                                                \
	X(role_get_by_name, orgdb_role_get_by_name(txn, "first", &page->role))                                             \
	X(role_list, orgdb_role_list(txn, 0, &page->role, 2, &count))                                                      \
	X(role_count, orgdb_role_count(txn, &number))                                                                      \
	X(email_template_get, orgdb_email_template_get(txn, TEMPLATE, &page->email_template))                              \
	X(email_template_list, orgdb_email_template_list(txn, 0, &page->email_template, 2, &count))                        \
	X(email_template_count, orgdb_email_template_count(txn, &number))                                                  \
	X(invitation_get, orgdb_invitation_get(txn, INVITATION, &page->invitation))                                        \
	X(invitation_get_by_ticket, orgdb_invitation_get_by_ticket(txn, TICKET, &page->invitation))                        \
	X(invitation_list, orgdb_invitation_list(txn, 0, &page->invitation, 2, &count))                                    \
	X(invitation_count, orgdb_invitation_count(txn, &number))                                                          \
	X(organization_invitations, orgdb_organization_invitations(txn, ORGANIZATION, 0, &page->invitation, 2, &count))    \
	X(organization_invitation_count, orgdb_organization_invitation_count(txn, ORGANIZATION, &number))                  \
	X(application_connection_get,                                                                                      \
		orgdb_application_connection_get(txn, APPLICATION, CONNECTION, &page->application_connection))                 \
	X(application_connections, orgdb_application_connections(txn, APPLICATION, 0, &page->connection, 2, &count))       \
	X(connection_applications, orgdb_connection_applications(txn, CONNECTION, 0, &page->application, 2, &count))       \
	X(enabled_connection_get, orgdb_enabled_connection_get(txn, ORGANIZATION, CONNECTION, &page->enabled_connection))  \
	X(enabled_connection_list,                                                                                         \
		orgdb_enabled_connection_list(txn, ORGANIZATION, 0, &page->enabled_connection, 2, &count))                     \
	X(enabled_connection_count, orgdb_enabled_connection_count(txn, ORGANIZATION, &number))                            \
	X(connection_organizations, orgdb_connection_organizations(txn, CONNECTION, 0, &page->organization, 2, &count))    \
	X(organization_application_get,                                                                                    \
		orgdb_organization_application_get(txn, ORGANIZATION, APPLICATION, &page->organization_application))           \
	X(organization_application_list,                                                                                   \
		orgdb_organization_application_list(txn, ORGANIZATION, 0, &page->organization_application, 2, &count))         \
	X(organization_application_count, orgdb_organization_application_count(txn, ORGANIZATION, &number))                \
	X(application_organizations, orgdb_application_organizations(txn, APPLICATION, 0, &page->organization, 2, &count)) \
	X(membership_get, orgdb_membership_get(txn, ORGANIZATION, USER, &page->membership))                                \
	X(membership_contains, orgdb_membership_contains(txn, ORGANIZATION, USER, &flag))                                  \
	X(organization_members, orgdb_organization_members(txn, ORGANIZATION, 0, &page->user, PAGE, &count))               \
	X(organization_member_count, orgdb_organization_member_count(txn, ORGANIZATION, &number))                          \
	X(user_organizations, orgdb_user_organizations(txn, USER, 0, &page->organization, 2, &count))                      \
	X(user_organization_count, orgdb_user_organization_count(txn, USER, &number))                                      \
	X(member_roles, orgdb_member_roles(txn, ORGANIZATION, USER, 0, &page->role, 2, &count))                            \
	X(role_members, orgdb_role_members(txn, ORGANIZATION, ROLE, 0, &page->user, 2, &count))                            \
	X(merged_connections, orgdb_merged_connections(txn, APPLICATION, ORGANIZATION, NULL, merged, PAGE, &count))        \
	X(merged_connections_batch, ask_twice(txn))                                                                        \
	X(connection_allowed, orgdb_connection_allowed(txn, APPLICATION, ORGANIZATION, CONNECTION, NULL, merged))          \
	X(template_context, ask_context(txn))                                                                              \
	X(access_get, orgdb_access_get(txn, APPLICATION, ORGANIZATION, &access_found))                                     \
	X(login_as_member, orgdb_login(txn, ORGANIZATION, CONNECTION, USER, NULL, &login_result))                          \
	X(login_of_stranger, orgdb_login(txn, OTHER_ORGANIZATION, CONNECTION, USER, NULL, &login_result))                  \
	X(free_pages, orgdb_free_pages(txn, &number))                                                                      \
	X(tables, orgdb_tables(txn, 0, tables, COUNT_OF(tables), &count))                                                  \
	X(table_rows, orgdb_table_rows(txn, "users", NULL, 0, rows, PAGE, &count))                                         \
	X(entity_get, orgdb_entity_get(txn, ORGDB_KIND_ROLE, ROLE, page))                                                  \
	X(entity_list, orgdb_entity_list(txn, ORGDB_KIND_ROLE, 0, page, 2, &count))                                        \
	X(entity_count, orgdb_entity_count(txn, ORGDB_KIND_ROLE, &number))                                                 \
	X(discovery_domain_get, orgdb_discovery_domain_get(txn, DOMAIN, &page->discovery_domain))                          \
	X(discovery_domain_get_by_domain,                                                                                  \
		orgdb_discovery_domain_get_by_domain(txn, ORGANIZATION, "example.com", &page->discovery_domain))               \
	X(discovery_domain_list, orgdb_discovery_domain_list(txn, 0, &page->discovery_domain, 2, &count))                  \
	X(discovery_domain_count, orgdb_discovery_domain_count(txn, &number))                                              \
	X(organization_discovery_domains,                                                                                  \
		orgdb_organization_discovery_domains(txn, ORGANIZATION, 0, &page->discovery_domain, 2, &count))                \
	X(discover, orgdb_discover(txn, "a@example.com", NULL, discovered, PAGE, &count))                                  \
	X(discovered_connections,                                                                                          \
		orgdb_discovered_connections(txn, APPLICATION, "a@example.com", NULL, &discovery, merged, PAGE, &count))       \
	X(owned_list, orgdb_owned_list(txn, ORGDB_KIND_ROLE, ORGANIZATION, 0, page, 2, &count))                            \
	X(owned_count, orgdb_owned_count(txn, ORGDB_KIND_ROLE, ORGANIZATION, &number))

#define WRITING(X)                                                                                                  \
	X(connection_create, create(txn, ORGDB_KIND_CONNECTION, "con_0000000000000003", "third"))                       \
	X(connection_update, update(txn, ORGDB_KIND_CONNECTION))                                                        \
	X(connection_delete, orgdb_connection_delete(txn, CONNECTION, &gone))                                           \
	X(application_create, create(txn, ORGDB_KIND_APPLICATION, "application-3", "third"))                            \
	X(application_update, update(txn, ORGDB_KIND_APPLICATION))                                                      \
	X(application_delete, orgdb_application_delete(txn, APPLICATION, &gone))                                        \
	X(organization_create, create(txn, ORGDB_KIND_ORGANIZATION, "org_0000000000000003", "third"))                   \
	X(organization_update, update(txn, ORGDB_KIND_ORGANIZATION))                                                    \
	X(organization_delete, orgdb_organization_delete(txn, ORGANIZATION, &gone))                                     \
	X(user_create, create(txn, ORGDB_KIND_USER, NULL, "new"))                                                       \
	X(user_update, update(txn, ORGDB_KIND_USER))                                                                    \
	X(user_delete, orgdb_user_delete(txn, USER, &gone))                                                             \
	X(role_create, create(txn, ORGDB_KIND_ROLE, "rol_0000000000000003", "third"))                                   \
	X(owned_create, create_owned(txn, "rol_0000000000000003", "third"))                                             \
	X(discovery_domain_create, create_domain(txn, "ord_0000000000000000000003", ORGANIZATION, "example.org"))       \
	X(discovery_domain_update, update_domain(txn))                                                                  \
	X(discovery_domain_delete, orgdb_discovery_domain_delete(txn, DOMAIN, &gone))                                   \
	X(owned_delete, orgdb_role_delete(txn, OWNED_ROLE, &gone))                                                      \
	X(role_update, update(txn, ORGDB_KIND_ROLE))                                                                    \
	X(role_delete, orgdb_role_delete(txn, ROLE, &gone))                                                             \
	X(email_template_create, create(txn, ORGDB_KIND_EMAIL_TEMPLATE, "user_invitation", "third"))                    \
	X(email_template_update, update(txn, ORGDB_KIND_EMAIL_TEMPLATE))                                                \
	X(email_template_delete, orgdb_email_template_delete(txn, TEMPLATE, &gone))                                     \
	X(invitation_create, create(txn, ORGDB_KIND_INVITATION, "uinv_0000000000000003", NULL))                         \
	X(invitation_update, update(txn, ORGDB_KIND_INVITATION))                                                        \
	X(invitation_delete, orgdb_invitation_delete(txn, INVITATION, &gone))                                           \
	X(invitation_accept, orgdb_invitation_accept(txn, TICKET, OTHER_USER, 1577836800, &id))                         \
	X(invitation_sweep, orgdb_invitation_sweep(txn, 0, 2, &count))                                                  \
	X(application_connection_enable, orgdb_application_connection_enable(txn, APPLICATION, OTHER_CONNECTION, NULL)) \
	X(application_connection_disable, orgdb_application_connection_disable(txn, APPLICATION, CONNECTION))           \
	X(enabled_connection_create, orgdb_enabled_connection_create(txn, ORGANIZATION, OTHER_CONNECTION, NULL))        \
	X(enabled_connection_update, change_enabled_connection(txn))                                                    \
	X(enabled_connection_delete, orgdb_enabled_connection_delete(txn, ORGANIZATION, CONNECTION))                    \
	X(organization_application_add, orgdb_organization_application_add(txn, ORGANIZATION, OTHER_APPLICATION, NULL)) \
	X(organization_application_update, change_organization_application(txn))                                        \
	X(organization_application_remove, orgdb_organization_application_remove(txn, ORGANIZATION, APPLICATION))       \
	X(membership_add, orgdb_membership_add(txn, OTHER_ORGANIZATION, USER, NULL))                                    \
	X(login_and_join, orgdb_login(txn, OTHER_ORGANIZATION, CONNECTION, USER, NULL, &login_result))                  \
	X(membership_remove, orgdb_membership_remove(txn, ORGANIZATION, USER))                                          \
	X(member_role_assign, orgdb_member_role_assign(txn, ORGANIZATION, OTHER_USER, OTHER_ROLE))                      \
	X(member_role_remove, orgdb_member_role_remove(txn, ORGANIZATION, USER, ROLE))                                  \
	X(entity_create, create_generic(txn))                                                                           \
	X(entity_update, update_generic(txn))                                                                           \
	X(entity_delete, orgdb_entity_delete(txn, ORGDB_KIND_ROLE, ROLE, &gone))

#define WRITING_SEVERAL(X)                  \
	X(several_changes, change_several(txn)) \
	X(many_changes, add_many(txn))

#define DEFINE(name, call)                \
	static int run_##name(orgdb_txn *txn) \
	{                                     \
		return call;                      \
	}
READING(DEFINE)
WRITING(DEFINE)
WRITING_SEVERAL(DEFINE)

const struct operation operations[] = {
#define READING_ROW(name, call) { #name, run_##name, false, false },
#define WRITING_ROW(name, call) { #name, run_##name, true, false },
#define SEVERAL_ROW(name, call) { #name, run_##name, true, true },
	WRITING(WRITING_ROW) WRITING_SEVERAL(SEVERAL_ROW) READING(READING_ROW)
};
const size_t operation_count = COUNT_OF(operations);
