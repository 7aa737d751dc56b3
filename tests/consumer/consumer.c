/*
 * What a program that uses the installed library needs at least: the header, a store, an error. Valid C and C++.
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>

#include <stdio.h>
#include <string.h>

static int add_organization(orgdb_txn *txn, void *context)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string((const char *)context);
	return orgdb_organization_create(txn, &organization, NULL);
}

int main(int argc, char **argv)
{
	orgdb *db = NULL;
	char name[] = "consumer";
	int rc = argc == 2 ? orgdb_open(argv[1], NULL, &db) : ORGDB_INVALID;
	if (rc == 0)
		rc = orgdb_write(db, add_organization, name);
	if (rc == 0 && orgdb_write(db, add_organization, name) != ORGDB_EXISTS)
		rc = ORGDB_PANIC;
	orgdb_close(db);
	char version[32];
	snprintf(version, sizeof(version), "%d.%d.%d", ORGDB_VERSION_MAJOR, ORGDB_VERSION_MINOR, ORGDB_VERSION_PATCH);
	if (strcmp(orgdb_version(), ORGDB_VERSION) != 0 || strcmp(version, ORGDB_VERSION) != 0)
		rc = ORGDB_VERSION_MISMATCH;
	printf("orgdb %s: %s\n", orgdb_version(), rc == 0 ? "works" : orgdb_strerror(rc));
	return rc != 0;
}
