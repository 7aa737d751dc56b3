/*
 * Organization applications: which applications an organization's members may log in to.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

static const char *acme, *initech;
static const char *applications[5]; /* In creation order. */

static void setup(void)
{
	fixture_writing();
	acme = create_organization("acme");
	initech = create_organization("initech");
	for (size_t i = 0; i < COUNT_OF(applications); i++)
		applications[i] = create_application(format("application %zu", i));
}

TestSuite(organization_application, .init = setup, .fini = fixture_close, .timeout = 60);

static const orgdb_organization_application member_access = { .use_for_member_access = true };

static void add(const char *organization_id, const char *client_id)
{
	must(orgdb_organization_application_add(txn, organization_id, client_id, &member_access));
}

static bool has_place(const char *organization_id, const char *client_id)
{
	int rc = orgdb_organization_application_get(txn, organization_id, client_id, NULL);
	cr_expect(rc == 0 || rc == ORGDB_NOT_FOUND, "%s", orgdb_error_name(rc));
	return rc == 0;
}

static uint64_t count_of(const char *organization_id)
{
	uint64_t count = 0;
	must(orgdb_organization_application_count(txn, organization_id, &count));
	return count;
}

Test(organization_application, add_and_remove)
{
	cr_expect(!has_place(acme, applications[0]));
	add(acme, applications[0]);
	cr_expect(has_place(acme, applications[0]));
	cr_expect(!has_place(acme, applications[1]));
	cr_expect(!has_place(initech, applications[0]));
	expect_number(statistics().count[ORGDB_KIND_ORGANIZATION_APPLICATION], 1);
	must(orgdb_organization_application_remove(txn, acme, applications[0]));
	cr_expect(!has_place(acme, applications[0]));
	expect_number(statistics().count[ORGDB_KIND_ORGANIZATION_APPLICATION], 0);
	commit_and_check();
}

Test(organization_application, add_twice_reports_exists)
{
	add(acme, applications[0]);
	expect_error(
		orgdb_organization_application_add(txn, acme, applications[0], NULL), ORGDB_EXISTS, "organization_application");
	orgdb_organization_application place;
	must(orgdb_organization_application_get(txn, acme, applications[0], &place));
	cr_expect(place.use_for_member_access, "the refused one changed it");
	expect_number(count_of(acme), 1);
	commit_and_check();
}

Test(organization_application, both_ends_must_exist_and_the_missing_one_is_named)
{
	static const char nobody[] = "nobody", nowhere[] = "org_zzzzzzzzzzzzzzzz";
	orgdb_organization_application place = ORGDB_ORGANIZATION_APPLICATION_INIT;
	orgdb_organization organization;
	uint64_t number;
	size_t count;
	place.fields = ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS;
	expect_error(
		orgdb_organization_application_add(txn, nowhere, applications[0], NULL), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_organization_application_add(txn, acme, nobody, NULL), ORGDB_NOT_FOUND, "application");
	expect_error(
		orgdb_organization_application_get(txn, nowhere, applications[0], &place), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_organization_application_get(txn, acme, nobody, &place), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_organization_application_update(txn, acme, nobody, &place), ORGDB_NOT_FOUND, "application");
	expect_error(orgdb_organization_application_remove(txn, acme, nobody), ORGDB_NOT_FOUND, "application");
	expect_error(
		orgdb_organization_application_list(txn, nowhere, 0, &place, 1, &count), ORGDB_NOT_FOUND, "organization");
	expect_error(orgdb_organization_application_count(txn, nowhere, &number), ORGDB_NOT_FOUND, "organization");
	expect_error(
		orgdb_application_organizations(txn, nobody, 0, &organization, 1, &count), ORGDB_NOT_FOUND, "application");
	commit_and_check();
	expect_number(statistics().count[ORGDB_KIND_ORGANIZATION_APPLICATION], 0);
}

Test(organization_application, what_is_not_there_is_neither_updated_nor_removed)
{
	orgdb_organization_application changes = ORGDB_ORGANIZATION_APPLICATION_INIT;
	changes.fields = ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS;
	add(acme, applications[0]);
	expect_error(orgdb_organization_application_update(txn, acme, applications[1], &changes), ORGDB_NOT_FOUND,
		"organization_application");
	expect_error(orgdb_organization_application_remove(txn, initech, applications[0]), ORGDB_NOT_FOUND,
		"organization_application");
	expect_number(count_of(acme), 1);
}

Test(organization_application, use_for_member_access_is_false_by_default)
{
	orgdb_organization_application place, given = ORGDB_ORGANIZATION_APPLICATION_INIT;
	cr_expect(!given.use_for_member_access);
	must(orgdb_organization_application_add(txn, acme, applications[0], NULL));
	must(orgdb_organization_application_get(txn, acme, applications[0], &place));
	cr_expect(!place.use_for_member_access);
	cr_expect(!(place.fields & ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS), "not given, and stored");
	must(orgdb_organization_application_add(txn, acme, applications[1], &given));
	must(orgdb_organization_application_get(txn, acme, applications[1], &place));
	cr_expect(!place.use_for_member_access);
	cr_expect(place.fields & ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS, "given, and not stored");
}

Test(organization_application, get_tells_everything)
{
	orgdb_organization_application place, given = { .use_for_member_access = true, .extra = VALUE({ "since" : 2024 }) };
	must(orgdb_organization_application_add(txn, acme, applications[2], &given));
	commit_and_check();
	must(orgdb_organization_application_get(txn, acme, applications[2], &place));
	expect_text(place.organization_id, acme);
	expect_text(place.client_id, applications[2]);
	cr_expect(place.use_for_member_access);
	expect_value(place.extra, { "since" : 2024 });
	orgdb_application application;
	must(orgdb_application_get(txn, applications[2], &application));
	expect_number(place.ordinal, application.ordinal);
	expect_number(place.fields,
		ORGDB_ORGANIZATION_APPLICATION_ORGANIZATION_ID | ORGDB_ORGANIZATION_APPLICATION_CLIENT_ID |
			ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS | ORGDB_EXTRA);
}

Test(organization_application, update_changes_what_is_named_alone)
{
	orgdb_organization_application place, given = { .use_for_member_access = true, .extra = VALUE({ "a" : 1 }) };
	orgdb_organization_application changes = ORGDB_ORGANIZATION_APPLICATION_INIT;
	must(orgdb_organization_application_add(txn, acme, applications[0], &given));
	changes.fields = ORGDB_EXTRA;
	must(orgdb_organization_application_update(txn, acme, applications[0], &changes));
	must(orgdb_organization_application_get(txn, acme, applications[0], &place));
	cr_expect(place.use_for_member_access);
	expect_absent(place.extra);
	changes.fields = ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS;
	must(orgdb_organization_application_update(txn, acme, applications[0], &changes));
	commit_and_check();
	must(orgdb_organization_application_get(txn, acme, applications[0], &place));
	cr_expect(!place.use_for_member_access);
}

Test(organization_application, update_refuses_ids_and_nothing_at_all)
{
	orgdb_organization_application changes = ORGDB_ORGANIZATION_APPLICATION_INIT;
	add(acme, applications[0]);
	expect_error(orgdb_organization_application_update(txn, acme, applications[0], &changes), ORGDB_INVALID,
		"organization_application.fields");
	changes.fields = ORGDB_ORGANIZATION_APPLICATION_CLIENT_ID;
	changes.client_id = orgdb_string(applications[1]);
	expect_error(orgdb_organization_application_update(txn, acme, applications[0], &changes), ORGDB_INVALID,
		"organization_application.client_id");
	changes.fields = 1 << 20;
	expect_error(orgdb_organization_application_update(txn, acme, applications[0], &changes), ORGDB_INVALID,
		"organization_application.fields");
}

Test(organization_application, extra_must_not_hold_known_fields)
{
	orgdb_organization_application given = { .extra = VALUE({ "use_for_member_access" : true }) };
	expect_error(orgdb_organization_application_add(txn, acme, applications[0], &given), ORGDB_INVALID,
		"organization_application.extra");
	cr_expect(!has_place(acme, applications[0]));
	commit_and_check();
}

Test(organization_application, they_list_in_creation_order_of_the_applications)
{
	orgdb_organization_application page[3];
	size_t count;
	for (size_t i = COUNT_OF(applications); i-- > 0;)
		add(acme, applications[i]);
	must(orgdb_organization_application_list(txn, acme, 0, page, 3, &count));
	cr_assert_eq(count, 3);
	for (size_t i = 0; i < 3; i++) {
		expect_text(page[i].client_id, applications[i]);
		expect_text(page[i].organization_id, acme);
		cr_expect(page[i].use_for_member_access);
	}
	must(orgdb_organization_application_list(txn, acme, page[2].ordinal, page, 3, &count));
	cr_assert_eq(count, 2);
	expect_text(page[1].client_id, applications[4]);
	must(orgdb_organization_application_list(txn, initech, 0, page, 3, &count));
	cr_expect_eq(count, 0);
	must(orgdb_organization_application_list(txn, acme, 0, page, 0, &count));
	cr_expect_eq(count, 0);
}

/* More than what is read at once. */
enum { MANY = 300 };

Test(organization_application, many_of_each)
{
	static const char *many[MANY], *organizations[MANY];
	static orgdb_organization_application places[MANY + 1];
	static orgdb_organization found[MANY + 1];
	size_t count;
	for (size_t i = 0; i < MANY; i++) {
		add(acme, many[i] = create_application(format("many %zu", i)));
		add(organizations[i] = create_organization(format("many-%zu", i)), applications[0]);
	}
	must(orgdb_organization_application_list(txn, acme, 0, places, MANY + 1, &count));
	cr_assert_eq(count, MANY);
	must(orgdb_application_organizations(txn, applications[0], 0, found, MANY + 1, &count));
	cr_assert_eq(count, MANY);
	for (size_t i = 0; i < MANY; i++) {
		expect_text(places[i].client_id, many[i]);
		expect_text(found[i].id, organizations[i]);
	}
	must(orgdb_organization_application_list(txn, acme, 0, places, MANY, &count));
	cr_expect_eq(count, MANY);
	commit_and_check();
}

static orgdb_cascade delete_of(uint32_t kind, const char *id)
{
	orgdb_cascade gone;
	must(orgdb_entity_delete(txn, kind, id, &gone));
	return gone;
}

Test(organization_application, an_organization_takes_its_places_with_it)
{
	for (size_t i = 0; i < 3; i++) {
		add(acme, applications[i]);
		add(initech, applications[i]);
	}
	expect_number(delete_of(ORGDB_KIND_ORGANIZATION, acme).organization_applications, 3);
	commit_and_check();
	expect_number(count_of(initech), 3);
	expect_number(statistics().count[ORGDB_KIND_APPLICATION], COUNT_OF(applications));
	expect_number(statistics().count[ORGDB_KIND_ORGANIZATION_APPLICATION], 3);
}

Test(organization_application, an_application_takes_its_places_with_it)
{
	for (size_t i = 0; i < 3; i++) {
		add(acme, applications[i]);
		add(initech, applications[i]);
	}
	expect_number(delete_of(ORGDB_KIND_APPLICATION, applications[1]).organization_applications, 2);
	commit_and_check();
	expect_number(count_of(acme), 2);
	expect_number(count_of(initech), 2);
	expect_number(statistics().count[ORGDB_KIND_ORGANIZATION], 2);
	expect_number(statistics().count[ORGDB_KIND_ORGANIZATION_APPLICATION], 4);
}
