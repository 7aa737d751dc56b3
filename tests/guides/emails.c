/*
 * The program of the guide "Emails that are the organization's own": a template, and the variables that an engine renders
 * it with.
 *
 * usage: emails FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guide.h"

/* The variables of a mail as JSON, to be freed; NULL if there are none, and orgdb_last_error() says why. */
static char *mail_variables(orgdb_txn *txn, const char *name, const orgdb_template_options *options)
{
	orgdb_value variables = { NULL, 4096 };
	orgdb_str json = { NULL, 8192 };
	char *packed = NULL, *text = NULL;
	int rc;
	do { /* Too small a buffer is told the size. */
		size_t size = variables.size;
		free(packed);
		packed = malloc(size);
		rc = packed ? orgdb_template_context(txn, name, options, packed, size, &variables) : ORGDB_NO_MEMORY;
	} while (rc == ORGDB_TRUNCATED);
	if (rc == 0) {
		do {
			size_t size = json.size;
			free(text);
			text = malloc(size + 1);
			rc = text ? orgdb_value_json(variables, false, text, size, &json) : ORGDB_NO_MEMORY;
		} while (rc == ORGDB_TRUNCATED);
	}
	free(packed);
	if (rc != 0) {
		free(text);
		return NULL;
	}
	text[json.size] = '\0';
	return text;
}

static int add_template(orgdb_txn *txn, void *context)
{
	(void)context;
	orgdb_email_template welcome = ORGDB_EMAIL_TEMPLATE_INIT;
	welcome.name = orgdb_string("welcome_email");
	welcome.from = orgdb_string("no-reply@example.com");
	welcome.subject = orgdb_string("Welcome to {{ organization.display_name | default: application.name }}");
	welcome.body = orgdb_string("{% if organization.branding.logo_url %}"
								"<img src=\"{{ organization.branding.logo_url | escape }}\">{% endif %}"
								"<p>Welcome, {{ user.name | default: user.email | escape }}!</p>");
	welcome.enabled = true;
	return orgdb_email_template_create(txn, &welcome, NULL);
}

/* What a server does when somebody has signed up. */
static char *welcome_mail(orgdb *db, const char *organization_id, const char *user_id)
{
	orgdb_txn *txn;
	orgdb_email_template welcome;
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	char *variables = NULL;
	options.organization_id = organization_id; /* NULL where it happens outside of any. */
	options.client_id = CLIENT_ID;
	options.user_id = user_id;
	options.support_email = "help@example.com";
	if (orgdb_begin_read(db, &txn) != 0)
		return NULL;
	if (orgdb_email_template_get(txn, "welcome_email", &welcome) == 0 && welcome.enabled)
		variables = mail_variables(txn, "welcome_email", &options);
	/* Here welcome.subject, welcome.body and the variables go to the engine. */
	orgdb_end(txn);
	return variables;
}

int main(int argc, char **argv)
{
	orgdb *db;
	const char *path = new_path(argc, argv, "emails");
	must(orgdb_open(path, NULL, &db));
	must(orgdb_write(db, fill, NULL));
	must(orgdb_write(db, add_template, NULL));
	char *inside = welcome_mail(db, ORGANIZATION_ID, "auth0|user-1");
	char *outside = welcome_mail(db, NULL, "auth0|user-1");
	expect(inside && strstr(inside, "\"organization\": {\"id\": \"" ORGANIZATION_ID "\""));
	expect(outside && !strstr(outside, "organization") && strstr(outside, "help@example.com"));
	expect(!welcome_mail(db, "org_zzzzzzzzzzzzzzzz", "auth0|user-1"));
	puts(inside);
	free(inside);
	free(outside);
	orgdb_close(db);
	remove_store(path);
	return 0;
}
