/*
 * What the guides' programs share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guide.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void must_at(const char *call, int rc)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s: %s\n", call, orgdb_error_name(rc), orgdb_last_error()->message);
	exit(1);
}

void expect_at(const char *condition, bool holds)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", condition);
	exit(1);
}

void remove_store(const char *path)
{
	char lock[4200];
	snprintf(lock, sizeof(lock), "%s-lock", path);
	unlink(path);
	unlink(lock);
}

const char *new_path(int argc, char **argv, const char *name)
{
	static char paths[4][4096];
	static int used;
	expect(argc > 1 && used < 4);
	char *path = paths[used++];
	snprintf(path, sizeof(paths[0]), "%s/guide-%s", argv[1], name);
	remove_store(path);
	return path;
}

static int add_connection(orgdb_txn *txn, const char *id, const char *name, const char *strategy)
{
	orgdb_connection connection = ORGDB_CONNECTION_INIT;
	connection.id = orgdb_string(id);
	connection.name = orgdb_string(name);
	connection.strategy = orgdb_string(strategy);
	return orgdb_connection_create(txn, &connection, NULL);
}

static int add_users(orgdb_txn *txn)
{
	int rc = 0;
	for (int i = 0; rc == 0 && i < 10; i++) {
		char id[32];
		snprintf(id, sizeof(id), "auth0|user-%d", i);
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(id);
		rc = orgdb_user_create(txn, &user, NULL);
	}
	return rc;
}

int fill(orgdb_txn *txn, void *context)
{
	(void)context;
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.client_id = orgdb_string(CLIENT_ID);
	application.name = orgdb_string("Portal");
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.id = orgdb_string(ORGANIZATION_ID);
	organization.name = orgdb_string("acme");
	int rc = add_connection(txn, "con_0000000000000001", "password", "auth0");
	if (rc == 0)
		rc = add_connection(txn, "con_0000000000000002", "google", "google-oauth2");
	if (rc == 0)
		rc = add_connection(txn, "con_0000000000000003", "acme-saml", "samlp");
	if (rc == 0)
		rc = orgdb_application_create(txn, &application, NULL);
	if (rc == 0)
		rc = orgdb_organization_create(txn, &organization, NULL);
	if (rc == 0)
		rc = orgdb_application_connection_enable(txn, CLIENT_ID, "con_0000000000000001", NULL);
	if (rc == 0)
		rc = orgdb_application_connection_enable(txn, CLIENT_ID, "con_0000000000000002", NULL);
	if (rc == 0)
		rc = orgdb_enabled_connection_create(txn, ORGANIZATION_ID, "con_0000000000000002", NULL);
	if (rc == 0)
		rc = orgdb_enabled_connection_create(txn, ORGANIZATION_ID, "con_0000000000000003", NULL);
	return rc == 0 ? add_users(txn) : rc;
}
