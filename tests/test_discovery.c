/*
 * Discovery domains, and where they lead: from an email address to organizations and to their connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const char *acme, *other;

static void setup(void)
{
	fixture_writing();
	acme = create_organization("acme");
	other = create_organization("other");
}

TestSuite(discovery_domain, .init = setup, .fini = fixture_close, .timeout = 120);
TestSuite(discover, .init = setup, .fini = fixture_close, .timeout = 120);
TestSuite(discovered_connections, .init = setup, .fini = fixture_close, .timeout = 120);

static orgdb_discovery_domain domain_of(const char *organization_id, const char *domain)
{
	orgdb_discovery_domain made = ORGDB_DISCOVERY_DOMAIN_INIT;
	made.organization_id = orgdb_string(organization_id);
	made.domain = orgdb_string(domain);
	return made;
}

static int try_domain(const char *organization_id, const char *domain)
{
	orgdb_discovery_domain made = domain_of(organization_id, domain);
	return orgdb_discovery_domain_create(txn, &made, NULL);
}

static orgdb_discovery_domain get(const char *id)
{
	orgdb_discovery_domain found;
	must(orgdb_discovery_domain_get(txn, id, &found));
	return found;
}

static void change(const char *id, uint32_t status, bool use)
{
	orgdb_discovery_domain changes = ORGDB_DISCOVERY_DOMAIN_INIT;
	changes.fields = ORGDB_DISCOVERY_DOMAIN_STATUS | ORGDB_DISCOVERY_DOMAIN_USE_FOR_ORGANIZATION_DISCOVERY;
	changes.status = status;
	changes.use_for_organization_discovery = use;
	must(orgdb_discovery_domain_update(txn, id, &changes));
}

/* The domains. */

Test(discovery_domain, makes_what_is_not_given)
{
	orgdb_discovery_domain made = domain_of(acme, "Example.com");
	orgdb_str id;
	must(orgdb_discovery_domain_create(txn, &made, &id));
	const char *first = copy(id);
	orgdb_discovery_domain found = get(first);
	cr_expect_eq(id.size, 26, "%s", first);
	cr_expect_eq(strncmp(first, "ord_", 4), 0, "%s", first);
	expect_text(found.organization_id, acme);
	expect_text(found.domain, "Example.com");
	cr_expect_eq(found.status, ORGDB_DOMAIN_PENDING);
	cr_expect(found.use_for_organization_discovery);
	cr_expect_eq(found.verification_txt.size, 32);
	cr_expect_eq(strspn(copy(found.verification_txt), "0123456789abcdef"), 32, "%s", copy(found.verification_txt));
	expect_text(found.verification_host, format("_ss-verification.%s.Example.com", acme));
	const char *txt = copy(found.verification_txt);
	orgdb_discovery_domain second = get(create_domain(acme, "example.org"));
	cr_expect_str_neq(copy(second.verification_txt), txt);
	commit_and_check();
}

Test(discovery_domain, keeps_what_is_given)
{
	orgdb_discovery_domain made = domain_of(acme, "example.com");
	const char *host = format("_ss-verification.%s.example.com", acme);
	made.id = orgdb_string("ord_0123456789abcdefABCDEF");
	made.status = ORGDB_DOMAIN_VERIFIED;
	made.use_for_organization_discovery = false;
	made.verification_txt = orgdb_string("0123456789abcdefABCDEF0123456789");
	made.verification_host = orgdb_string(host);
	made.extra = VALUE({ "created_at" : "today" });
	must(orgdb_discovery_domain_create(txn, &made, NULL));
	orgdb_discovery_domain found = get("ord_0123456789abcdefABCDEF");
	cr_expect_eq(found.fields, ORGDB_EXTRA | 0x7f, "%x", found.fields);
	cr_expect_eq(found.status, ORGDB_DOMAIN_VERIFIED);
	cr_expect(!found.use_for_organization_discovery);
	expect_text(found.verification_txt, "0123456789abcdefABCDEF0123456789");
	expect_text(found.verification_host, host);
	expect_value(found.extra, { "created_at" : "today" });
	commit_and_check();
}

Test(discovery_domain, refuses_what_is_no_domain)
{
	const char *label = repeat("x", 63);
	const char *const wrong[] = { "", "a", "ab", "abc", "example", ".example", "example.", "a..b", "-a.example",
		"a-.example", "a_b.example", "b\xc3\xbc.example", "a b.example", "*.example", format("%sx.example", label),
		format("%s.%s.%s.%s.x", label, label, label, label) };
	const char *const right[] = { "a.b", "xn--bcher-kva.example", "A-1.Example", format("%s.example", label),
		format("%s.%s.%s.%s", label, label, label, repeat("y", 63)) };
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		expect_error(try_domain(acme, wrong[i]), ORGDB_INVALID, "discovery_domain.domain");
	for (size_t i = 0; i < COUNT_OF(right); i++)
		must(try_domain(acme, right[i]));
	commit_and_check();
}

Test(discovery_domain, refuses_other_members_that_are_wrong)
{
	orgdb_discovery_domain made = domain_of(NULL, "example.com");
	expect_error(orgdb_discovery_domain_create(txn, &made, NULL), ORGDB_INVALID, "discovery_domain.organization_id");
	expect_error(
		try_domain("org_zzzzzzzzzzzzzzzz", "example.com"), ORGDB_NOT_FOUND, "discovery_domain.organization_id");
	expect_error(try_domain(acme, NULL), ORGDB_INVALID, "discovery_domain.domain");
	expect_error(try_domain(repeat("x", 5000), "example.com"), ORGDB_INVALID, "discovery_domain.organization_id");
	expect_error(try_domain(acme, repeat("x", 5000)), ORGDB_INVALID, "discovery_domain.domain");
	made = domain_of(acme, "example.com");
	made.verification_txt = orgdb_string("0123456789abcdef0123456789abcdeg");
	expect_error(orgdb_discovery_domain_create(txn, &made, NULL), ORGDB_INVALID, "discovery_domain.verification_txt");
	const char *const hosts[] = { "", "_ss-verification.", "example.com",
		format("_ss-verification.%s.example.co", acme), format("_ss-verification.%s.example.comm", acme),
		format("_ss-verification.%s.example.com", other) };
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		made = domain_of(acme, "example.com");
		made.verification_host = orgdb_string(hosts[i]);
		expect_error(orgdb_discovery_domain_create(txn, &made, NULL), ORGDB_INVALID, "verification_host");
	}
	expect_number(statistics().count[ORGDB_KIND_DISCOVERY_DOMAIN], 0);
}

Test(discovery_domain, is_unique_in_its_organization)
{
	orgdb_discovery_domain found;
	const char *id = create_domain(acme, "example.com"), *theirs = create_domain(other, "EXAMPLE.com");
	expect_error(try_domain(acme, "example.com"), ORGDB_EXISTS, "discovery_domain.domain");
	expect_error(try_domain(acme, "eXample.com"), ORGDB_EXISTS, "discovery_domain.domain");
	must(orgdb_discovery_domain_get_by_domain(txn, acme, "Example.COM", &found));
	expect_text(found.id, id);
	must(orgdb_discovery_domain_get_by_domain(txn, other, "example.com", &found));
	expect_text(found.id, theirs);
	expect_error(orgdb_discovery_domain_get_by_domain(txn, acme, "example.org", &found), ORGDB_NOT_FOUND, "domain");
	expect_error(orgdb_discovery_domain_get_by_domain(txn, acme, repeat("x", 5000), &found), ORGDB_NOT_FOUND, "domain");
	expect_error(orgdb_discovery_domain_get_by_domain(txn, "org_zzzzzzzzzzzzzzzz", "example.com", &found),
		ORGDB_NOT_FOUND, "organization");
	must(orgdb_discovery_domain_delete(txn, id, NULL));
	must(try_domain(acme, "example.com"));
	commit_and_check();
}

Test(discovery_domain, changes_its_status_and_use_only)
{
	const char *id = create_domain(acme, "example.com");
	orgdb_discovery_domain changes = domain_of(other, "example.org");
	const uint32_t fixed[] = { ORGDB_DISCOVERY_DOMAIN_ID, ORGDB_DISCOVERY_DOMAIN_ORGANIZATION_ID,
		ORGDB_DISCOVERY_DOMAIN_DOMAIN, ORGDB_DISCOVERY_DOMAIN_VERIFICATION_TXT,
		ORGDB_DISCOVERY_DOMAIN_VERIFICATION_HOST };
	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		changes.fields = fixed[i];
		expect_error(orgdb_discovery_domain_update(txn, id, &changes), ORGDB_INVALID, "discovery_domain");
	}
	change(id, ORGDB_DOMAIN_PENDING, false);
	orgdb_discovery_domain found = get(id);
	cr_expect_eq(found.status, ORGDB_DOMAIN_PENDING);
	cr_expect(!found.use_for_organization_discovery);
	commit_and_check();
}

Test(discovery_domain, an_organization_has_so_many_at_most_and_they_go_with_it)
{
	orgdb_discovery_domain page[ORGDB_ORGANIZATION_DOMAINS_MAX + 1];
	size_t count;
	orgdb_cascade gone;
	for (size_t i = 0; i < ORGDB_ORGANIZATION_DOMAINS_MAX; i++)
		must(try_domain(acme, format("d-%zu.example.com", i)));
	expect_error(try_domain(acme, "more.example.com"), ORGDB_TOO_LARGE, "discovery_domain.organization_id");
	must(try_domain(other, "d-7.example.com"));
	must(orgdb_organization_discovery_domains(txn, acme, 0, page, COUNT_OF(page), &count));
	expect_number(count, ORGDB_ORGANIZATION_DOMAINS_MAX);
	for (size_t i = 0; i < count; i++)
		expect_text(page[i].domain, format("d-%zu.example.com", i));
	must(orgdb_organization_delete(txn, acme, &gone));
	expect_number(gone.discovery_domains, ORGDB_ORGANIZATION_DOMAINS_MAX);
	expect_number(statistics().count[ORGDB_KIND_DISCOVERY_DOMAIN], 1);
	commit_and_check();
}

/* From an address to organizations. */

/* The names of those that an address leads to, in the order of their ids, and a space behind each. */
static const char *names_of(const char *address)
{
	orgdb_discovered found[8];
	size_t count;
	const char *names = "";
	must(orgdb_discover(txn, address, NULL, found, COUNT_OF(found), &count));
	for (size_t i = 0; i < count; i++)
		names = format("%s%s ", names, copy(found[i].organization.name));
	return names;
}

static void expect_leads(const char *address, const char *names)
{
	cr_expect_str_eq(names_of(address), names, "%s leads to %s", address, names_of(address));
}

Test(discover, follows_domains_that_are_verified_and_wanted)
{
	const char *id = create_domain(acme, "example.com");
	create_domain(other, "example.org");
	expect_leads("somebody@example.com", "acme ");
	change(id, ORGDB_DOMAIN_PENDING, true);
	expect_leads("somebody@example.com", "");
	change(id, ORGDB_DOMAIN_VERIFIED, false);
	expect_leads("somebody@example.com", "");
	change(id, ORGDB_DOMAIN_VERIFIED, true);
	expect_leads("somebody@example.com", "acme ");
	commit_and_check();
	expect_leads("somebody@example.com", "acme ");
	expect_leads("somebody@example.org", "other ");
	end();
	begin_write();
	must(orgdb_organization_delete(txn, acme, NULL));
	expect_leads("somebody@example.com", "");
	expect_leads("somebody@example.org", "other ");
	commit_and_check();
}

Test(discover, takes_what_follows_the_last_at_sign)
{
	create_domain(acme, "Example.com");
	static const char *const leading[] = { "example.com", "EXAMPLE.COM", "a@eXample.com", "\"a@b\"@example.com",
		"@example.com" };
	static const char *const others[] = { "", "@", "a@", "example", "xexample.com", "example.com.", "a@sub.example.com",
		"example.co", "example.comm", "example.com@", "a@example.com@b", " example.com", "example.com ", "\xff" };
	for (size_t i = 0; i < COUNT_OF(leading); i++)
		expect_leads(leading[i], "acme ");
	for (size_t i = 0; i < COUNT_OF(others); i++)
		expect_leads(others[i], "");
	expect_leads(repeat("x", 256), "");
	expect_leads(repeat("x.", 5000), "");
	expect_leads(format("%s@example.com", repeat("x", 5000)), "acme ");
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

Test(discover, lists_all_that_claim_a_domain_in_pages_of_any_size)
{
	enum { MANY = 40 };
	const char *ids[MANY];
	for (size_t i = 0; i < MANY; i++) {
		ids[i] = create_organization(format("many-%zu", i));
		create_domain(ids[i], "shared.example.com");
		create_domain(ids[i], format("own-%zu.example.com", i));
	}
	create_domain(acme, "shared.example.co");
	create_domain(other, "shared.example.como");
	qsort(ids, MANY, sizeof(ids[0]), compare_texts);
	for (size_t size = 1; size <= MANY + 1; size += 3) {
		orgdb_discovered page[MANY + 1];
		const char *after = NULL;
		size_t seen = 0, count = size;
		for (; count == size; seen += count) {
			must(orgdb_discover(txn, "a@shared.example.com", after, page, size, &count));
			for (size_t i = 0; i < count; i++) {
				cr_assert_lt(seen + i, MANY);
				expect_text(page[i].organization.id, ids[seen + i]);
			}
			after = count > 0 ? copy(page[count - 1].organization.id) : after;
		}
		expect_number(seen, MANY);
	}
	orgdb_discovered page[1];
	size_t count;
	must(orgdb_discover(txn, "shared.example.com", "", page, 1, &count));
	expect_number(count, 1);
	must(orgdb_discover(txn, "shared.example.com", "zzzz", page, 1, &count));
	expect_number(count, 0);
	must(orgdb_discover(txn, "shared.example.com", repeat("o", 5000), page, 1, &count));
	must(orgdb_discover(txn, "shared.example.com", NULL, page, 0, &count));
	expect_number(count, 0);
}

Test(discover, tells_each_ones_enterprise_connections)
{
	const char *social = create_connection("social", "google-oauth2"), *hidden = create_connection("hidden", "samlp");
	const char *off = create_connection("off", "oidc"), *shown = create_connection("shown", "okta");
	orgdb_enabled_connection options = ORGDB_ENABLED_CONNECTION_INIT;
	orgdb_discovered found[2];
	size_t count;
	create_domain(acme, "example.com");
	enable_for_organization(acme, social);
	options.show_as_button = false;
	must(orgdb_enabled_connection_create(txn, acme, hidden, &options));
	options.is_enabled = false;
	must(orgdb_enabled_connection_create(txn, acme, off, &options));
	enable_for_organization(acme, shown);
	for (int i = 0; i < 2; i++) { /* Before the commit and after it. */
		must(orgdb_discover(txn, "a@example.com", NULL, found, 2, &count));
		expect_number(count, 1);
		expect_text(found[0].organization.name, "acme");
		cr_assert_eq(found[0].connection_count, 2);
		expect_text(found[0].connections[0]->id, hidden);
		expect_text(found[0].connections[1]->id, shown);
		commit_and_check();
	}
}

Test(discover, counts_connections_that_have_no_room)
{
	enum { MANY = ORGDB_DISCOVERED_CONNECTIONS_MAX + 15 };
	const char *ids[MANY];
	orgdb_discovered found;
	size_t count;
	create_domain(acme, "example.com");
	for (size_t i = 0; i < MANY; i++) {
		ids[i] = create_connection(format("c-%zu", i), "samlp");
		enable_for_organization(acme, ids[i]);
	}
	commit_and_check();
	must(orgdb_discover(txn, "a@example.com", NULL, &found, 1, &count));
	expect_number(found.connection_count, MANY);
	for (size_t i = 0; i < ORGDB_DISCOVERED_CONNECTIONS_MAX; i++)
		expect_text(found.connections[i]->id, ids[i]);
}

/* From an address to connections. */

static const char *application, *own, *theirs;

/* An application with a connection of its own, and an organization with another, reached by example.com. */
static void offer(uint32_t usage)
{
	orgdb_application made = ORGDB_APPLICATION_INIT;
	orgdb_str id;
	made.name = orgdb_string("portal");
	made.organization_usage = usage;
	must(orgdb_application_create(txn, &made, &id));
	application = copy(id);
	own = create_connection("own", "auth0");
	theirs = create_connection("theirs", "samlp");
	enable_for_application(application, own);
	enable_for_organization(acme, theirs);
	create_domain(acme, "example.com");
}

static int ask(const char *address, const orgdb_merge_options *options, orgdb_discovery *discovery, size_t *count)
{
	orgdb_merged_connection entries[4];
	*discovery = (orgdb_discovery){ 99, { NULL, 0 } };
	int rc = orgdb_discovered_connections(txn, application, address, options, discovery, entries, 4, count);
	if (rc == 0 && discovery->organizations == ORGDB_DISCOVERED_ONE && *count == 2) {
		expect_text(entries[0].connection->id, own);
		expect_text(entries[1].connection->id, theirs);
		cr_expect_eq(entries[1].from, ORGDB_FROM_ORGANIZATION);
	}
	if (rc == 0 && discovery->organizations == ORGDB_DISCOVERED_NONE && *count == 1)
		expect_text(entries[0].connection->id, own);
	return rc;
}

Test(discovered_connections, are_the_organizations_if_there_is_one)
{
	orgdb_discovery discovery;
	size_t count;
	offer(ORGDB_USAGE_ALLOW);
	commit_and_check();
	must(ask("a@example.com", NULL, &discovery, &count));
	cr_expect_eq(discovery.organizations, ORGDB_DISCOVERED_ONE);
	expect_text(discovery.organization_id, acme);
	expect_number(count, 2);
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.policy = ORGDB_POLICY_ORGANIZATION;
	must(ask("a@example.com", &options, &discovery, &count));
	expect_number(count, 1);
	orgdb_merged_connection entry;
	expect_error(orgdb_discovered_connections(txn, application, "example.com", NULL, &discovery, &entry, 1, &count),
		ORGDB_TRUNCATED, "");
	cr_expect_eq(discovery.organizations, ORGDB_DISCOVERED_ONE);
	expect_number(count, 2);
}

Test(discovered_connections, are_the_applications_if_there_is_none)
{
	orgdb_discovery discovery;
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	size_t count;
	offer(ORGDB_USAGE_REQUIRE);
	must(ask("a@example.org", NULL, &discovery, &count));
	cr_expect_eq(discovery.organizations, ORGDB_DISCOVERED_NONE);
	expect_absent(discovery.organization_id);
	expect_number(count, 1);
	options.enforce_rules = true;
	expect_error(ask("a@example.org", &options, &discovery, &count), ORGDB_FORBIDDEN, "organization_usage");
	cr_expect_eq(discovery.organizations, ORGDB_DISCOVERED_NONE);
	must(ask("a@example.com", &options, &discovery, &count));
	expect_number(count, 2);
}

Test(discovered_connections, are_none_if_there_are_several)
{
	orgdb_discovery discovery;
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	size_t count;
	offer(ORGDB_USAGE_DENY);
	create_domain(other, "example.com");
	must(ask("a@example.com", NULL, &discovery, &count));
	cr_expect_eq(discovery.organizations, ORGDB_DISCOVERED_SEVERAL);
	expect_absent(discovery.organization_id);
	expect_number(count, 0);
	options.enforce_rules = true;
	must(ask("a@example.com", &options, &discovery, &count)); /* The rules wait for the choice. */
	expect_number(count, 0);
	application = "no-such-application";
	expect_error(ask("a@example.com", NULL, &discovery, &count), ORGDB_NOT_FOUND, "application");
	expect_error(ask("a@example.org", NULL, &discovery, &count), ORGDB_NOT_FOUND, "application");
}
