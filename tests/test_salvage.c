/*
 * Salvage: what is taken from a damaged store, and what must not be.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "image.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(salvage, .init = fixture_writing, .fini = fixture_close, .timeout = 60);

static const char *organization, *connection;
static orgdb_salvage_report report;
static const char *told; /* All problems, a line each. */

/* Two members of one organization with a role and a connection; and a user who is none. */
static void make_tenant(void)
{
	organization = create_organization("acme");
	connection = create_connection("idp", "samlp");
	create_user("ann");
	create_user("bob");
	create_user("cid");
	add_member(organization, "auth0|ann");
	add_member(organization, "auth0|bob");
	assign_role(organization, "auth0|bob", create_role("admin"));
	orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	edge.is_enabled = false;
	edge.organization_connection_name = orgdb_string("acme-idp");
	must(orgdb_enabled_connection_create(txn, organization, connection, &edge));
}

static void take_image(void)
{
	commit();
	close_store();
	image_load(store_path);
}

static void hear(void *context, const orgdb_problem *problem)
{
	(void)context;
	told = format("%s%s: %s\n", told, problem->table, problem->message);
}

/* Salvage the image, and read what came of it. */
static int salvage(uint32_t flags)
{
	const char *damaged = path_in_directory("damaged.orgdb"), *saved = path_in_directory("saved.orgdb");
	image_write(damaged);
	remove(saved);
	told = "";
	report = (orgdb_salvage_report)ORGDB_SALVAGE_REPORT_INIT;
	report.problem = hear;
	close_store();
	int rc = orgdb_salvage(damaged, saved, flags, &report);
	if (rc != 0 && rc != ORGDB_CORRUPT)
		return rc;
	must(orgdb_open(saved, NULL, &db));
	must(orgdb_check(db, NULL));
	begin_read();
	return rc;
}

static bool has_user(const char *id)
{
	orgdb_user user;
	return orgdb_user_get(txn, id, &user) == 0;
}

static bool has_member(const char *id)
{
	bool is_member = false;
	return orgdb_membership_contains(txn, organization, id, &is_member) == 0 && is_member;
}

/* The value of the row of a table whose key begins with these bytes; *size is of the value. */
static uint8_t *row(const char *table, const char *begin, size_t *size)
{
	uint8_t *page = first_leaf(table);
	for (size_t i = 0; i < node_count(page); i++) {
		uint8_t *node = node_at(page, i);
		if (little_get16(node + 6) >= strlen(begin) && memcmp(node + 8, begin, strlen(begin)) == 0) {
			*size = little_get32(node);
			return value_of(node);
		}
	}
	cr_assert_fail("no such row in %s", table);
	return NULL;
}

static uint8_t *find_bytes(uint8_t *in, size_t size, const char *text)
{
	for (size_t i = 0; i + strlen(text) <= size; i++)
		if (memcmp(in + i, text, strlen(text)) == 0)
			return in + i;
	cr_assert_fail("\"%s\" is not there", text);
	return NULL;
}

static void zero(uint8_t *page)
{
	memset(page, 0, PAGE);
}

/* ---- What is taken ----------------------------------------------------------------------------------------------- */

Test(salvage, a_sound_store_is_saved_whole)
{
	populate();
	take_image();
	orgdb_statistics before;
	must(orgdb_open(store_path, NULL, &db));
	begin_read();
	before = statistics();
	cr_expect_eq(salvage(0), 0);
	orgdb_statistics after = statistics();
	cr_expect_arr_eq(after.count, before.count, sizeof(after.count));
	cr_expect_arr_eq(report.saved, before.count, sizeof(report.saved));
	cr_expect_eq(after.member_roles, before.member_roles);
	cr_expect_eq(report.problems, 0, "%s", told);
	cr_expect_str_neq(after.uuid, before.uuid);
}

Test(salvage, what_one_side_of_an_edge_has_lost_the_other_knows)
{
	size_t size;
	make_tenant();
	take_image();
	row("edges", "\x04", &size)[0] = 0; /* Members of the organization: of no width. */
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect(has_member("auth0|ann") && has_member("auth0|bob") && !has_member("auth0|cid"));
	cr_expect_eq(report.lost[ORGDB_KIND_MEMBERSHIP], 0);
	cr_expect_eq(report.member_roles_saved, 1);
}

Test(salvage, rows_are_found_without_what_leads_to_them)
{
	make_tenant();
	take_image();
	zero(root_of(meta_tree(1)));
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect(has_member("auth0|ann") && has_member("auth0|bob") && has_user("auth0|cid"));
	cr_expect(report.uncounted & 1u << ORGDB_KIND_USER);
}

Test(salvage, a_branch_alone_costs_nothing)
{
	for (unsigned i = 0; i < 500; i++)
		create_user(format("%04u", i));
	take_image();
	cr_assert_eq(little_get16(root_of(table_tree("users")) + 10), 1);
	zero(root_of(table_tree("users")));
	cr_expect_eq(salvage(0), 0);
	cr_expect_eq(statistics().count[ORGDB_KIND_USER], 500);
	cr_expect(report.problems > 0);
}

enum { MANY = 6000 };

/* A crowd: sets of many chunks, tables with branches, and more than is written at once. */
static void make_crowd(void)
{
	organization = create_organization("acme");
	create_role("admin");
	for (unsigned i = 0; i < MANY; i++) {
		const char *id = create_user(format("%04u", i));
		add_member(organization, id);
	}
	take_image();
}

static void expect_crowd(int rc)
{
	cr_expect_eq(salvage(0), rc, "%s", told);
	orgdb_statistics after = statistics();
	cr_expect_eq(after.count[ORGDB_KIND_USER], MANY);
	cr_expect_eq(after.count[ORGDB_KIND_MEMBERSHIP], MANY);
	cr_expect_eq(after.count[ORGDB_KIND_ROLE], 1);
}

Test(salvage, a_crowd)
{
	make_crowd();
	expect_crowd(0);
}

Test(salvage, what_one_chunk_of_many_has_lost_the_other_side_knows)
{
	size_t size;
	make_crowd();
	row("edges", "\x04", &size)[0] = 0;
	expect_crowd(ORGDB_CORRUPT);
}

Test(salvage, trees_that_lie_about_their_depth)
{
	make_crowd();
	uint8_t *depth = table_tree("users") + offsetof(struct tree, depth);
	little_put(depth, little_get16(depth) + 1u, 2);
	expect_crowd(0);
}

Test(salvage, branches_that_lead_into_another_table)
{
	make_crowd();
	uint8_t *way = node_at(root_of(table_tree("edges")), 1);
	little_put(way, little_get64(first_leaf("users")), 4);
	expect_crowd(0);
}

/* ---- What must not be -------------------------------------------------------------------------------------------- */

Test(salvage, a_membership_that_only_one_side_claims_is_not_believed)
{
	size_t size;
	make_tenant();
	take_image();
	uint8_t *members = row("edges", "\x04", &size);
	cr_assert(size == 3 && members[0] == 1 && members[2] == 2);
	members[2] = 3; /* Not bob, but cid. */
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect(has_member("auth0|ann") && !has_member("auth0|bob") && !has_member("auth0|cid"));
	cr_expect_not_null(strstr(told, "only one of their ends knows of them"), "%s", told);
	cr_expect_eq(report.lost[ORGDB_KIND_MEMBERSHIP], 2);
}

Test(salvage, nobody_becomes_somebody_else)
{
	make_tenant();
	take_image();
	memcpy(find_bytes(first_leaf("users"), PAGE, "auth0|bob"), "auth0|eve", 9);
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect(!has_user("auth0|eve") && !has_user("auth0|bob") && has_member("auth0|ann"));
	cr_expect_not_null(strstr(told, "user \"auth0|bob\" is lost"), "%s", told);
	cr_expect_eq(report.lost[ORGDB_KIND_USER], 1);
	cr_expect_eq(statistics().count[ORGDB_KIND_MEMBERSHIP], 1);
}

/* A role of one organization's own. */
static const char *make_owned_role(const char *owner)
{
	orgdb_role role = ORGDB_ROLE_INIT;
	orgdb_str id;
	role.name = orgdb_string("own");
	role.type = ORGDB_ROLE_OF_ORGANIZATION;
	role.owner_id = orgdb_string(owner);
	must(orgdb_role_create(txn, &role, &id));
	return copy(id);
}

Test(salvage, what_is_owned_comes_back_to_its_owner)
{
	orgdb_role role;
	make_tenant();
	const char *own = make_owned_role(organization);
	orgdb_organization_application place = ORGDB_ORGANIZATION_APPLICATION_INIT;
	place.use_for_member_access = true;
	const char *client = create_application("portal");
	must(orgdb_organization_application_add(txn, organization, client, &place));
	take_image();
	cr_expect_eq(salvage(0), 0, "%s", told);
	must(orgdb_role_get(txn, own, &role));
	expect_text(role.owner_id, organization);
	must(orgdb_organization_application_get(txn, organization, client, &place));
	cr_expect(place.use_for_member_access);
}

Test(salvage, nothing_changes_its_owner)
{
	orgdb_role role;
	make_tenant();
	const char *other = create_organization("other"), *own = make_owned_role(organization);
	take_image();
	memcpy(find_bytes(first_leaf("roles"), PAGE, organization), other, strlen(other));
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect_eq(orgdb_role_get(txn, own, &role), ORGDB_NOT_FOUND);
	cr_expect_eq(report.lost[ORGDB_KIND_ROLE], 1);
}

Test(salvage, without_all_its_options_nothing_is_enabled)
{
	size_t size;
	make_tenant();
	take_image();
	row("attributes", "\x01", &size)[0] = 0xc1; /* No MessagePack. */
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect_eq(statistics().count[ORGDB_KIND_ENABLED_CONNECTION], 0);
	cr_expect_eq(report.lost[ORGDB_KIND_ENABLED_CONNECTION], 1);
}

Test(salvage, a_lost_entity_takes_its_edges_with_it)
{
	make_tenant();
	take_image();
	zero(first_leaf("organizations"));
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect_not_null(strstr(told, format("organization \"%s\" is lost", organization)), "%s", told);
	cr_expect_eq(report.lost[ORGDB_KIND_ORGANIZATION], 1);
	cr_expect_eq(report.lost[ORGDB_KIND_MEMBERSHIP], 2);
	cr_expect_eq(report.lost[ORGDB_KIND_ENABLED_CONNECTION], 1);
	cr_expect_eq(report.member_roles_lost, 1);
	cr_expect_eq(statistics().count[ORGDB_KIND_USER], 3);
}

/* Bob was deleted, and then the page of the users got lost; earlier versions of it are still in the file. */
static void delete_bob_and_lose_users(void)
{
	make_tenant();
	commit();
	begin_write();
	must(orgdb_user_delete(txn, "auth0|bob", NULL));
	take_image();
	zero(first_leaf("users"));
}

Test(salvage, who_was_deleted_does_not_come_back)
{
	delete_bob_and_lose_users();
	cr_expect_eq(salvage(ORGDB_SALVAGE_DOUBTFUL), ORGDB_CORRUPT);
	cr_expect(!has_user("auth0|bob") && !has_user("auth0|ann"));
}

Test(salvage, where_the_past_cannot_be_told_it_is_taken_only_on_demand)
{
	delete_bob_and_lose_users();
	zero(root_of(meta_tree(0)));
	cr_expect_eq(salvage(0), ORGDB_CORRUPT);
	cr_expect(!has_user("auth0|bob") && !has_user("auth0|ann"));
	cr_expect_not_null(strstr(told, "it may be of the past"), "%s", told);
	cr_expect_eq(salvage(ORGDB_SALVAGE_DOUBTFUL), ORGDB_CORRUPT);
	cr_expect(has_member("auth0|ann") && !has_user("auth0|bob")); /* Whom the index does not know any more. */
}

/* A page of earlier has the same users, of whom one was not yet blocked. */
Test(salvage, what_a_tree_leads_to_counts_before_what_may_be_of_the_past)
{
	orgdb_user user = ORGDB_USER_INIT;
	for (unsigned i = 0; i < 300; i++)
		create_user(format("%04u", i));
	commit();
	begin_write();
	user.fields = ORGDB_USER_BLOCKED;
	user.blocked = true;
	must(orgdb_user_update(txn, "auth0|0000", &user));
	take_image();
	uint8_t *branch = root_of(table_tree("users"));
	cr_assert_eq(little_get16(branch + 10), 1);
	zero(page_at(little_get32(node_at(branch, 1)))); /* So that rows are missing ... */
	zero(root_of(meta_tree(0)));                     /* ... and free pages cannot be told. */
	cr_expect_eq(salvage(ORGDB_SALVAGE_DOUBTFUL), ORGDB_CORRUPT);
	must(orgdb_user_get(txn, "auth0|0000", &user));
	cr_expect(user.blocked);
}

static void lose_root(const char *table)
{
	little_put64(table_tree(table) + offsetof(struct tree, root), 1);
}

/* A user's large value, which its row does not lead to any more, holds what looks like a page of users, in its own place. */
static uint8_t *forge_page(void)
{
	orgdb_user user = ORGDB_USER_INIT;
	size_t size;
	user.user_id = orgdb_string("auth0|large");
	user.app_metadata = value_of_entries(1, repeat("x", 3 * PAGE));
	must(orgdb_user_create(txn, &user, NULL));
	create_user("eve");
	take_image();
	uint64_t first = little_get64(row("users", "\x01\x01", &size));
	cr_assert_eq(little_get16(page_at(first) + 10), 4);
	memcpy(page_at(first + 1), first_leaf("users"), PAGE);
	little_put64(page_at(first + 1), first + 1);
	memcpy(find_bytes(page_at(first + 1), PAGE, "auth0|eve"), "auth0|mal", 9);
	little_put64(row("users", "\x01\x01", &size), 0);
	row("users", "\x01\x02", &size)[0] = 0xc1; /* Eve does not stand in the way. */
	lose_root("unique");                       /* Which would know better. */
	lose_root("users");
	return page_at(first);
}

Test(salvage, the_inside_of_a_value_is_no_page)
{
	forge_page();
	cr_expect_eq(salvage(ORGDB_SALVAGE_DOUBTFUL), ORGDB_NOT_FOUND);
}

Test(salvage, what_may_be_the_inside_of_a_value_is_doubtful)
{
	zero(forge_page());
	cr_expect_eq(salvage(0), ORGDB_NOT_FOUND);
	cr_expect_eq(salvage(ORGDB_SALVAGE_DOUBTFUL), ORGDB_CORRUPT);
	cr_expect(has_user("auth0|mal"));
}

/* ---- Where it goes ----------------------------------------------------------------------------------------------- */

Test(salvage, nothing_is_replaced)
{
	make_tenant();
	take_image();
	const char *taken = path_in_directory("taken"), *link = path_in_directory("link");
	fclose(fopen(taken, "wb"));
	cr_assert_eq(symlink(path_in_directory("nowhere"), link), 0);
	size_t files = files_in_directory();
	expect_error(orgdb_salvage(store_path, taken, 0, NULL), ORGDB_EXISTS, "");
	expect_error(orgdb_salvage(store_path, link, 0, NULL), ORGDB_EXISTS, "");
	expect_error(orgdb_salvage(store_path, store_path, 0, NULL), ORGDB_EXISTS, "");
	cr_expect_eq(files_in_directory(), files);
	cr_expect_eq(file_size(taken), 0);
}

Test(salvage, the_new_store_is_its_owners_alone)
{
	struct stat info;
	make_tenant();
	take_image();
	umask(0);
	size_t files = files_in_directory();
	const char *saved = path_in_directory("saved.orgdb");
	must(orgdb_salvage(store_path, saved, 0, NULL));
	cr_assert_eq(stat(saved, &info), 0);
	cr_expect_eq(info.st_mode & 07777, 0600);
	cr_expect_eq(files_in_directory(), files + 1);
}

Test(salvage, arguments)
{
	orgdb_salvage_report small = ORGDB_SALVAGE_REPORT_INIT;
	const char *saved = path_in_directory("saved.orgdb");
	take_image();
	small.size--;
	expect_error(orgdb_salvage(store_path, saved, 2, NULL), ORGDB_INVALID, "flags");
	expect_error(orgdb_salvage(store_path, saved, 0, &small), ORGDB_INVALID, "report.size");
	expect_error(orgdb_salvage(store_path, "", 0, NULL), ORGDB_INVALID, "destination");
	expect_error(orgdb_salvage(path_in_directory("none"), saved, 0, NULL), ORGDB_NO_STORE, "");
	expect_error(orgdb_salvage(test_directory, saved, 0, NULL), ORGDB_NOT_A_STORE, "");
	must(orgdb_salvage(store_path, saved, 0, NULL)); /* An empty one is a whole one. */
}
