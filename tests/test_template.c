/*
 * Email templates: the fourteen names, what they hold, and its limits; and the variables that they have.
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

/* Variables. */

static char buffer[4 << 20];

static orgdb_value context_of(const char *name, const orgdb_template_options *options)
{
	orgdb_value context;
	must(orgdb_template_context(txn, name, options, buffer, sizeof(buffer), &context));
	return context;
}

static const char *variables(const char *name, const orgdb_template_options *options)
{
	static char text[8 << 20];
	orgdb_str out;
	must(orgdb_value_json(context_of(name, options), false, text, sizeof(text), &out));
	return copy(out);
}

#define expect_variables(name, options, expected) cr_expect_str_eq(variables(name, options), expected)

static int try(const char *name, const orgdb_template_options *options)
{
	orgdb_value context;
	return orgdb_template_context(txn, name, options, buffer, sizeof(buffer), &context);
}

static void give_organization(orgdb_value branding, orgdb_value metadata)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.id = orgdb_string("org_0000000000000001");
	organization.name = orgdb_string("acme");
	organization.display_name = orgdb_string("\"Acme\" <&> Söhne \xf0\x9f\x98\x80");
	organization.branding = branding;
	organization.metadata = metadata;
	must(orgdb_organization_create(txn, &organization, NULL));
}

Test(template, nothing_given_gives_no_variables)
{
	expect_variables("welcome_email", NULL, "{}");
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	for (size_t i = 0; i < EMAIL_TEMPLATES; i++)
		if (strcmp(email_templates[i], "user_invitation") != 0)
			expect_variables(email_templates[i], &options, "{}");
}

Test(template, an_organization_as_it_is)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	options.organization_id = "org_0000000000000001";
	give_organization(VALUE({
		"logo_url" : "https://example.com/a.png?x=1&y=2",
		"colors" : { "primary" : "#123", "page_background" : "#abcdef", "other" : 1 },
		"font" : "serif"
	}),
		VALUE({ "plan" : "<b>gold</b>", "none" : null }));
	expect_variables("welcome_email", &options,
		"{\"organization\": {\"id\": \"org_0000000000000001\", \"name\": \"acme\", \"display_name\": \"\\\"Acme\\\" <&> "
		"Söhne \xf0\x9f\x98\x80\", \"metadata\": {\"none\": null, \"plan\": \"<b>gold</b>\"}, \"branding\": {\"logo_url\": "
		"\"https://example.com/a.png?x=1&y=2\", \"colors\": {\"primary\": \"#123\", \"page_background\": \"#abcdef\"}}}}");
}

Test(template, what_an_organization_lacks_has_no_key)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	options.organization_id = create_organization("initech");
	expect_variables("welcome_email", &options,
		format("{\"organization\": {\"id\": \"%s\", \"name\": \"initech\"}}", options.organization_id));
	give_organization(VALUE({ "logo_url" : null }), VALUE({}));
	options.organization_id = "org_0000000000000001";
	cr_expect_null(strstr(variables("welcome_email", &options), "branding"));
	cr_expect_not_null(strstr(variables("welcome_email", &options), "\"metadata\": {}"));
}

static const char *application_with(orgdb_value callbacks)
{
	orgdb_application application = ORGDB_APPLICATION_INIT;
	application.name = orgdb_string("Portal & more");
	application.callbacks = callbacks;
	application.client_metadata = VALUE({ "team" : "web" });
	orgdb_str id;
	must(orgdb_application_create(txn, &application, &id));
	return copy(id);
}

Test(template, an_application_is_also_the_client)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	options.client_id =
		application_with(VALUE([ "https://portal.example.com/callback", "https://other.example.com/" ]));
	const char *expected = format("{\"name\": \"Portal & more\", \"clientID\": \"%s\", \"callback_domain\": "
								  "\"https://portal.example.com\", \"client_metadata\": {\"team\": \"web\"}}",
		options.client_id);
	expect_variables("reset_email", &options, format("{\"client\": %s, \"application\": %s}", expected, expected));
	options.for_result_url = true;
	options.url = "https://example.com/";
	options.organization_id = "not looked at";
	expect_variables("reset_email", &options,
		format("{\"application\": {\"name\": \"Portal & more\", \"clientID\": \"%s\", \"callback_domain\": "
			   "\"https://portal.example.com\"}}",
			options.client_id));
}

Test(template, callback_domains_are_scheme_host_and_port)
{
	static const struct {
		const char *callback, *expected;
	} rows[] = {
		{ "https://a.example.com", "https://a.example.com" },
		{ "http://localhost:3000/callback?x=https://b.example.com/", "http://localhost:3000" },
		{ "https://a.example.com?x", "https://a.example.com" },
		{ "https://a.example.com#x", "https://a.example.com" },
		{ "com.example.app://host/callback", "com.example.app://host" },
		{ "https://", NULL },
		{ "https:///callback", NULL },
		{ "/callback", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
		options.client_id = application_with(value_of_json(format("[\"%s\"]", rows[i].callback)));
		const char *got = variables("reset_email", &options);
		if (rows[i].expected)
			cr_expect_not_null(strstr(got, format("\"callback_domain\": \"%s\"", rows[i].expected)), "%s", got);
		else
			cr_expect_null(strstr(got, "callback_domain"), "%s", got);
	}
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	options.client_id = application_with(VALUE([]));
	cr_expect_null(strstr(variables("reset_email", &options), "callback_domain"));
}

static void give_user(void)
{
	orgdb_user user = ORGDB_USER_INIT;
	user.user_id = orgdb_string("auth0|someone");
	user.email = orgdb_string("someone@example.com");
	user.email_verified = true;
	user.given_name = orgdb_string("Some");
	user.username = orgdb_string("some");
	user.app_metadata = VALUE({ "deep" : [ { "er" : 1 } ] });
	must(orgdb_user_create(txn, &user, NULL));
}

/* Everything that there is to give. */
static orgdb_template_options everything(void)
{
	static const char *roles[1];
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	give_user();
	roles[0] = create_role("admin");
	options.organization_id = create_organization("acme");
	options.client_id = create_application("Portal");
	options.connection_id = create_connection("password", "auth0");
	options.user_id = "auth0|someone";
	options.user_email = "not-looked-at@example.com";
	options.inviter_name = "Inviter";
	options.role_ids = roles;
	options.role_count = 1;
	options.url = options.code = options.link = options.send = options.operation = "x";
	options.source_ip = options.city = options.country = "y";
	options.request_language = options.tenant = options.friendly_name = "z";
	options.support_email = options.support_url = "z";
	options.custom_domain = "login.example.com";
	options.custom_domain_metadata = VALUE({ "region" : "eu" });
	options.extra = VALUE({ "more" : 1 });
	return options;
}

/* The keys of a map, with spaces between. */
static const char *keys_of(orgdb_value map)
{
	const char *keys = "";
	static const char *const known[] = { "organization", "client", "application", "connection", "user", "custom_domain",
		"request_language", "tenant", "friendly_name", "support_email", "support_url", "url", "code", "link", "send",
		"operation", "inviter", "roles", "more", "email", "email_verified", "name", "given_name", "family_name",
		"nickname", "picture", "username", "app_metadata", "user_metadata", "source_ip", "city", "country" };
	orgdb_value found;
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (orgdb_value_find(map, known[i], &found) == 0)
			keys = format("%s %s", keys, known[i]);
	return keys;
}

#define BEFORE " organization client application"
#define BETWEEN " custom_domain request_language tenant friendly_name support_email support_url"
#define USER_KEYS " email email_verified given_name app_metadata"

Test(template, each_template_has_its_own_variables)
{
	static const struct {
		const char *name, *keys, *user;
	} rows[] = {
		{ "verify_email", BEFORE " connection user" BETWEEN " url more", USER_KEYS },
		{ "verify_email_by_code", BEFORE " connection user" BETWEEN " code more", USER_KEYS },
		{ "auth_email_by_code", BEFORE " connection user" BETWEEN " code link send operation more", " email" },
		{ "reset_email", BEFORE " connection user" BETWEEN " url more", USER_KEYS },
		{ "reset_email_by_code", BEFORE " connection user" BETWEEN " code more", USER_KEYS },
		{ "welcome_email", BEFORE " connection user" BETWEEN " more", USER_KEYS },
		{ "blocked_account", BEFORE " connection user" BETWEEN " url more", USER_KEYS " source_ip city country" },
		{ "stolen_credentials", BEFORE " connection user" BETWEEN " more", USER_KEYS },
		{ "enrollment_email", BEFORE " user" BETWEEN " link more", USER_KEYS },
		{ "mfa_oob_code", BEFORE " connection user" BETWEEN " code more", USER_KEYS },
		{ "user_invitation", BEFORE " connection user" BETWEEN " url inviter roles more", USER_KEYS },
		{ "async_approval", BEFORE " connection user" BETWEEN " more", USER_KEYS },
		{ "change_password", BEFORE " connection user" BETWEEN " url more", USER_KEYS },
		{ "password_reset", BEFORE " connection user" BETWEEN " url more", USER_KEYS },
	};
	orgdb_template_options options = everything();
	cr_assert_eq(COUNT_OF(rows), EMAIL_TEMPLATES);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		orgdb_value user, context = context_of(rows[i].name, &options);
		cr_expect_str_eq(keys_of(context), rows[i].keys, "%s", rows[i].name);
		must(orgdb_value_find(context, "user", &user));
		cr_expect_str_eq(keys_of(user), rows[i].user, "%s", rows[i].name);
	}
}

Test(template, everything_of_an_invitation)
{
	orgdb_template_options options = everything();
	orgdb_value context = context_of("user_invitation", &options), found, inner;
	must(orgdb_value_find(context, "inviter", &found));
	expect_value(found, { "name" : "Inviter" });
	must(orgdb_value_find(context, "roles", &found));
	cr_expect_str_eq(
		show(found), show(value_of_json(format("[{\"id\": \"%s\", \"name\": \"admin\"}]", options.role_ids[0]))));
	must(orgdb_value_find(context, "connection", &found));
	expect_value(found, { "name" : "password" });
	must(orgdb_value_find(context, "custom_domain", &found));
	must(orgdb_value_find(found, "domain_metadata", &inner));
	expect_value(inner, { "region" : "eu" });
	must(orgdb_value_find(context, "user", &found));
	must(orgdb_value_find(found, "app_metadata", &inner));
	expect_value(inner, { "deep" : [ { "er" : 1 } ] });
	must(orgdb_value_find(context, "more", &found));
	expect_value(found, 1);
}

Test(template, somebody_who_is_no_user_yet_has_an_address)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	options.user_email = "new@example.com";
	expect_variables("welcome_email", &options, "{\"user\": {\"email\": \"new@example.com\"}}");
	expect_variables("auth_email_by_code", &options, "{\"user\": {\"email\": \"new@example.com\"}}");
}

Test(template, an_invitation_needs_an_organization)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	expect_error(try("user_invitation", NULL), ORGDB_INVALID, "organization_id");
	options.organization_id = create_organization("acme");
	must(try("user_invitation", &options));
}

Test(template, what_is_missing_is_named)
{
	static const char *const roles[] = { "rol_zzzzzzzzzzzzzzzz" };
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	options.organization_id = create_organization("acme");
	options.role_ids = roles;
	options.role_count = 1;
	expect_error(try("user_invitation", &options), ORGDB_NOT_FOUND, "role.id");
	must(try("welcome_email", &options));
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.organization_id = "org_zzzzzzzzzzzzzzzz";
	expect_error(try("welcome_email", &options), ORGDB_NOT_FOUND, "organization.id");
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.client_id = "zzz";
	expect_error(try("welcome_email", &options), ORGDB_NOT_FOUND, "application.client_id");
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.connection_id = "con_zzzzzzzzzzzzzzzz";
	expect_error(try("welcome_email", &options), ORGDB_NOT_FOUND, "connection.id");
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.user_id = "auth0|zzz";
	expect_error(try("welcome_email", &options), ORGDB_NOT_FOUND, "user.user_id");
}

Test(template, bad_options_are_refused)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	expect_error(try("no_such_email", &options), ORGDB_INVALID, "template");
	expect_error(try("", &options), ORGDB_INVALID, "template");
	options.size--;
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "options.size");
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.role_count = SIZE_MAX;
	expect_error(try("welcome_email", &options), ORGDB_TOO_LARGE, "role_count");
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.friendly_name = "broken \xc3\x28";
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "friendly_name");
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.user_email = "\xff";
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "email");
	options = (orgdb_template_options)ORGDB_TEMPLATE_OPTIONS_INIT;
	options.custom_domain_metadata = VALUE([]);
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "custom_domain_metadata");
}

Test(template, extra_adds_variables_and_replaces_none)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	options.tenant = "acme";
	options.extra = VALUE({ "b" : { "c" : [1.5] }, "a" : null });
	expect_variables("welcome_email", &options, "{\"tenant\": \"acme\", \"a\": null, \"b\": {\"c\": [1.5]}}");
	options.extra = VALUE({ "tenant" : "other" });
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "extra");
	options.tenant = NULL;
	must(try("welcome_email", &options));
	options.extra = VALUE(["tenant"]);
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "extra");
	options.extra = RAW("\x81\xa1k");
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "extra");
	options.extra = RAW("\x81\xa1k\xa2\xc3\x28");
	expect_error(try("welcome_email", &options), ORGDB_INVALID, "extra");
	options.extra = VALUE({});
	expect_variables("welcome_email", &options, "{}");
}

Test(template, too_small_a_buffer_says_what_it_takes)
{
	orgdb_template_options options = everything();
	orgdb_value whole, cut;
	must(orgdb_template_context(txn, "user_invitation", &options, buffer, sizeof(buffer), &whole));
	char *exact = keep(whole.size);
	expect_error(orgdb_template_context(txn, "user_invitation", &options, NULL, 0, &cut), ORGDB_TRUNCATED, "");
	expect_number(cut.size, whole.size);
	memset(exact, '#', whole.size);
	expect_error(
		orgdb_template_context(txn, "user_invitation", &options, exact, whole.size - 1, &cut), ORGDB_TRUNCATED, "");
	cr_expect(!cut.data && exact[0] == '#');
	must(orgdb_template_context(txn, "user_invitation", &options, exact, whole.size, &cut));
	cr_expect(same_value(cut, whole));
}

/* More than one record's worth, and deeper than one value: of two entities together. */
Test(template, what_entities_hold_at_most_fits)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	orgdb_user user = ORGDB_USER_INIT;
	const orgdb_pair large = { ORGDB_STR("k"), { repeat("\"", 1000000), 1000000 } };
	orgdb_value metadata, context;
	orgdb_str id, text;
	must(orgdb_value_from_pairs(&large, 1, keep(1000100), 1000100, &metadata));
	user.app_metadata = metadata;
	user.user_metadata = value_of_depth(ORGDB_VALUE_DEPTH_MAX);
	must(orgdb_user_create(txn, &user, &id));
	options.user_id = id.data;
	options.extra = value_of_json(format("{\"k\": \"%s\"}", repeat("x", 1000000)));
	context = context_of("welcome_email", &options);
	cr_expect_gt(context.size, 2000000);
	char *json = keep(4 << 20);
	must(orgdb_value_json(context, false, json, 4 << 20, &text));
	cr_expect_not_null(value_of_json(copy(text)).data);
}

Test(template, a_snapshot_gives_its_own_variables)
{
	orgdb_template_options options = ORGDB_TEMPLATE_OPTIONS_INIT;
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT;
	options.organization_id = create_organization("before");
	commit();
	begin_read();
	orgdb_txn *old = txn;
	begin_write();
	changes.fields = ORGDB_ORGANIZATION_NAME;
	changes.name = orgdb_string("after");
	must(orgdb_organization_update(txn, options.organization_id, &changes));
	cr_expect_not_null(strstr(variables("welcome_email", &options), "\"name\": \"after\""));
	commit();
	txn = old;
	cr_expect_not_null(strstr(variables("welcome_email", &options), "\"name\": \"before\""));
}
