/*
 * Email templates: the fourteen names, what they hold, and its limits.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "fixture.h"

static orgdb_email_template new_template(const char *name)
{
	orgdb_email_template made = ORGDB_EMAIL_TEMPLATE_INIT;
	made.name = orgdb_string(name);
	made.from = made.subject = made.body = orgdb_string("");
	return made;
}

static orgdb_email_template get(const char *name)
{
	orgdb_email_template found;
	must(orgdb_email_template_get(txn, name, &found));
	return found;
}

TestSuite(template, .init = fixture_writing, .fini = fixture_close, .timeout = 120);

Test(template, there_is_one_of_each_name)
{
	for (size_t i = 0; i < EMAIL_TEMPLATES; i++) {
		orgdb_email_template made = new_template(email_templates[i]);
		orgdb_str name;
		must(orgdb_email_template_create(txn, &made, &name));
		expect_text(name, email_templates[i]);
		expect_error(orgdb_email_template_create(txn, &made, NULL), ORGDB_EXISTS, "email_template.template");
	}
	uint64_t count;
	must(orgdb_email_template_count(txn, &count));
	expect_number(count, EMAIL_TEMPLATES);
	commit_and_check();
}

Test(template, other_names_are_refused)
{
	static const char *const others[] = { "", "welcome", "welcome_emai", "welcome_email_", "Welcome_email", "sms" };
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		orgdb_email_template made = new_template(others[i]);
		expect_error(orgdb_email_template_create(txn, &made, NULL), ORGDB_INVALID, "email_template.template");
	}
}

Test(template, a_name_is_required_and_not_made_up)
{
	orgdb_email_template made = new_template(NULL);
	expect_error(orgdb_email_template_create(txn, &made, NULL), ORGDB_INVALID, "email_template.template");
	made = new_template("welcome_email");
	made.fields = ORGDB_EMAIL_TEMPLATE_FROM | ORGDB_EMAIL_TEMPLATE_SUBJECT | ORGDB_EMAIL_TEMPLATE_BODY;
	expect_error(orgdb_email_template_create(txn, &made, NULL), ORGDB_INVALID, "email_template.template");
}

Test(template, what_is_not_given_has_the_services_defaults)
{
	orgdb_email_template made = new_template("welcome_email");
	made.fields = ORGDB_EMAIL_TEMPLATE_NAME | ORGDB_EMAIL_TEMPLATE_FROM | ORGDB_EMAIL_TEMPLATE_SUBJECT |
		ORGDB_EMAIL_TEMPLATE_BODY;
	must(orgdb_email_template_create(txn, &made, NULL));
	orgdb_email_template found = get("welcome_email");
	cr_expect_eq(found.fields, made.fields, "%x", found.fields);
	expect_text(found.from, "");
	expect_text(found.subject, "");
	expect_text(found.body, "");
	expect_text(found.syntax, "liquid");
	cr_expect(!found.enabled);
	expect_absent(found.result_url);
	expect_number(found.url_lifetime_in_seconds, 432000);
	cr_expect(found.include_email_in_redirect);
}

Test(template, what_is_given_is_kept)
{
	orgdb_email_template made = new_template("reset_email");
	made.from = orgdb_string("{{ friendly_name }} <no-reply@example.com>");
	made.subject = orgdb_string("Reset \xf0\x9f\x94\x91");
	made.syntax = orgdb_string("other");
	made.body = orgdb_string("<html>\n\t\"{{ url }}\"\r\n</html>\n");
	made.enabled = true;
	made.result_url = orgdb_string("{{ application.callback_domain }}/done");
	made.url_lifetime_in_seconds = 0;
	made.include_email_in_redirect = false;
	made.extra = VALUE({ "engine" : 1 });
	must(orgdb_email_template_create(txn, &made, NULL));
	commit_and_check();
	orgdb_email_template found = get("reset_email");
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0x1ff, "%x", found.fields);
	expect_text(found.from, made.from.data);
	expect_text(found.subject, made.subject.data);
	expect_text(found.syntax, "other");
	expect_text(found.body, made.body.data);
	cr_expect(found.enabled && !found.include_email_in_redirect);
	expect_text(found.result_url, made.result_url.data);
	expect_number(found.url_lifetime_in_seconds, 0);
	expect_value(found.extra, { "engine" : 1 });
}

Test(template, lifetimes_may_have_any_width)
{
	static const uint64_t lifetimes[] = { 0, 1, 127, 128, 432000, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX };
	create_template("first");
	for (size_t i = 0; i < COUNT_OF(lifetimes); i++) {
		orgdb_email_template changes = ORGDB_EMAIL_TEMPLATE_INIT;
		changes.fields = ORGDB_EMAIL_TEMPLATE_URL_LIFETIME_IN_SECONDS;
		changes.url_lifetime_in_seconds = lifetimes[i];
		must(orgdb_email_template_update(txn, email_templates[0], &changes));
		expect_number(get(email_templates[0]).url_lifetime_in_seconds, lifetimes[i]);
	}
	commit_and_check();
}

Test(template, an_update_changes_what_it_names)
{
	orgdb_email_template made = new_template("welcome_email"), changes = ORGDB_EMAIL_TEMPLATE_INIT;
	made.result_url = orgdb_string("https://example.com/");
	made.syntax = orgdb_string("other");
	must(orgdb_email_template_create(txn, &made, NULL));
	changes.fields = ORGDB_EMAIL_TEMPLATE_BODY | ORGDB_EMAIL_TEMPLATE_RESULT_URL | ORGDB_EMAIL_TEMPLATE_SYNTAX;
	changes.body = orgdb_string("changed");
	must(orgdb_email_template_update(txn, "welcome_email", &changes));
	orgdb_email_template found = get("welcome_email");
	expect_text(found.body, "changed");
	expect_absent(found.result_url);
	expect_text(found.syntax, "liquid");
	changes.fields = ORGDB_EMAIL_TEMPLATE_SUBJECT;
	expect_error(orgdb_email_template_update(txn, "welcome_email", &changes), ORGDB_INVALID, "email_template.subject");
	changes.fields = ORGDB_EMAIL_TEMPLATE_NAME;
	changes.name = orgdb_string("reset_email");
	expect_error(orgdb_email_template_update(txn, "welcome_email", &changes), ORGDB_INVALID, "email_template.template");
}

Test(template, a_body_may_fill_a_record_and_no_more)
{
	static const uint32_t given = ORGDB_EMAIL_TEMPLATE_NAME | ORGDB_EMAIL_TEMPLATE_FROM | ORGDB_EMAIL_TEMPLATE_SUBJECT |
		ORGDB_EMAIL_TEMPLATE_BODY;
	orgdb_email_template made = new_template("welcome_email");
	made.fields = given;
	/* What surrounds it: the map, four tags, the name and the two empty texts with their sizes, its own size. */
	size_t size = ORGDB_RECORD_SIZE_MAX - (1 + 4 + 1 + strlen("welcome_email") + 1 + 1 + 5);
	made.body = (orgdb_str){ repeat("x", ORGDB_RECORD_SIZE_MAX + 1), size + 1 };
	expect_error(orgdb_email_template_create(txn, &made, NULL), ORGDB_TOO_LARGE, "email_template");
	made.body.size = ORGDB_RECORD_SIZE_MAX + 1;
	expect_error(orgdb_email_template_create(txn, &made, NULL), ORGDB_INVALID, "email_template.body");
	made.body.size = size;
	must(orgdb_email_template_create(txn, &made, NULL));
	cr_expect(orgdb_str_equal(get("welcome_email").body, made.body));
	commit_and_check();
}
