/*
 * Bytes that no orgdb ever wrote: planted below the engine, they must give ORGDB_CORRUPT, never a crash, a loop, or half of
 * a change.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"
#include "little.h"
#include "store.h"

#include <string.h>

TestSuite(damage, .init = fixture_writing, .fini = fixture_close, .timeout = 60);

static const char *organization, *user, *role, *application;

static void create_tenant(void)
{
	organization = create_organization("acme");
	user = create_user("someone");
	role = create_role("admin");
	application = create_application("portal");
	add_member(organization, user);
	assign_role(organization, user, role);
	commit();
	begin_write();
}

static struct bytes bytes(const void *data, size_t size)
{
	return (struct bytes){ data, size };
}

/* The last chunk of the set of owner 1. */
static void plant_chunk(enum kv_table table, const void *value, size_t size)
{
	static const uint8_t key[] = { 1, 1, KEY_INFINITY };
	must(orgdb__kv_put(txn->kv, table, bytes(key, sizeof(key)), bytes(value, size)));
	commit();
	begin_write();
}

/* Check finds something, and what is asked first of the store fails as damage does. */
static void expect_damage(int rc)
{
	cr_expect_eq(rc, ORGDB_CORRUPT, "%s", orgdb_error_name(rc));
	end();
	cr_expect_eq(orgdb_check(db, NULL), ORGDB_CORRUPT);
}

Test(damage, a_chunk_that_is_too_large)
{
	static uint8_t value[1 + 512 * 8] = { 8 };
	create_tenant();
	for (size_t i = 0; i < 512; i++)
		value[1 + 8 * i + (i < 255 ? 0 : 1)] = (uint8_t)(i < 255 ? i + 1 : i - 254);
	plant_chunk(TABLE_MEMBERS_OF_ORGANIZATION, value, sizeof(value));
	expect_damage(orgdb_membership_remove(txn, organization, user));
}

Test(damage, a_count_that_overflows)
{
	/* 2^62 - 200 ordinals are said to come before these 200. */
	static uint8_t value[9 + 400] = { 2 | 0x80, 0x38, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f };
	create_tenant();
	for (size_t i = 0; i < 200; i++)
		value[9 + 2 * i] = (uint8_t)(i + 1);
	plant_chunk(TABLE_CONNECTIONS_OF_APPLICATION, value, sizeof(value));
	orgdb_merged_connection entries[4];
	size_t count;
	expect_damage(orgdb_merged_connections(txn, application, NULL, NULL, entries, 4, &count));
}

Test(damage, a_chunk_whose_order_leads_in_circles)
{
	uint8_t value[1 + 512];
	create_tenant();
	memset(value, 2, sizeof(value));
	value[0] = 1;
	value[512] = 1;
	plant_chunk(TABLE_ORGANIZATIONS_OF_USER, value, sizeof(value));
	expect_damage(orgdb_user_delete(txn, user, NULL));
}

/* The cascade has happened when the missing row is found: nothing of it may be committed. */
Test(damage, a_missing_name_leaves_no_half_of_a_delete)
{
	create_tenant();
	must(orgdb__kv_delete(txn->kv, TABLE_ROLE_NAMES, bytes("admin", 5)));
	commit();
	begin_write();
	cr_expect_eq(orgdb_role_delete(txn, role, NULL), ORGDB_CORRUPT);
	cr_expect_eq(orgdb_commit(txn), ORGDB_CORRUPT);
	cr_expect_eq(orgdb_last_error()->code, ORGDB_CORRUPT, "the sticky failure is told again");
	txn = NULL;
	begin_read();
	orgdb_role found;
	size_t count;
	must(orgdb_role_get(txn, role, &found));
	must(orgdb_member_roles(txn, organization, user, 0, &found, 1, &count));
	cr_expect_eq(count, 1, "the member has the role still");
	expect_damage(ORGDB_CORRUPT);
}

Test(damage, missing_generations)
{
	create_tenant();
	must(orgdb__kv_delete(txn->kv, TABLE_META, bytes("generations", 11)));
	commit();
	begin_read();
	size_t count;
	expect_damage(orgdb_merged_connections(txn, application, organization, NULL, NULL, 0, &count));
}

Test(damage, attributes_that_are_no_map)
{
	static const uint8_t key[] = { 1, 1, 1, 1 }, record[] = { 0x81, 31, 5 };
	create_tenant();
	must(orgdb__kv_put(txn->kv, TABLE_MEMBERSHIPS, bytes(key, sizeof(key)), bytes(record, sizeof(record))));
	commit();
	expect_damage(ORGDB_CORRUPT);
}

/* Where email_verified, a flag, should be. */
Test(damage, a_record_of_the_wrong_type)
{
	static const uint8_t key[] = { 1, 1 }, record[] = { 0x82, 0, 0xa1, 'x', 2, 5 };
	create_tenant();
	must(orgdb__kv_put(txn->kv, TABLE_USERS, bytes(key, sizeof(key)), bytes(record, sizeof(record))));
	commit();
	begin_read();
	orgdb_user found;
	expect_damage(orgdb_user_get(txn, user, &found));
}

/* The organization's hot row, with these ordinals in place of its two connections. */
static void plant_connections(uint32_t first, uint32_t second)
{
	enum { FIRST_AT = 32, SECOND_AT = 40 };
	static const uint64_t least;
	struct bytes key, row;
	begin_write();
	must(orgdb__kv_seek(txn->kv, TABLE_ORGANIZATION_LOGIN, bytes(&least, sizeof(least)), &key, &row));
	uint64_t hash;
	uint8_t *damaged = keep(row.size);
	memcpy(&hash, key.data, sizeof(hash));
	memcpy(damaged, row.data, row.size);
	little_put(damaged + FIRST_AT, first, 4);
	little_put(damaged + SECOND_AT, second, 4);
	must(orgdb__kv_put(txn->kv, TABLE_ORGANIZATION_LOGIN, bytes(&hash, sizeof(hash)), bytes(damaged, row.size)));
	commit();
}

Test(damage, hot_rows_out_of_order)
{
	static const uint32_t rows[][2] = { { 2, 1 }, { 1, 1 }, { 0, 1 }, { 1, UINT32_MAX } };
	orgdb_merged_connection entries[2];
	size_t count;
	create_tenant();
	enable_for_organization(organization, create_connection("first", "auth0"));
	enable_for_organization(organization, create_connection("second", "auth0"));
	commit();
	plant_connections(1, 2);
	expect_sound_store();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		plant_connections(rows[i][0], rows[i][1]);
		begin_read();
		expect_damage(orgdb_merged_connections(txn, application, organization, NULL, entries, 2, &count));
	}
}

/* Whatever it is then, it is not opened. */
Test(damage, a_format_row_that_is_too_short)
{
	orgdb *none;
	must(orgdb__kv_put(txn->kv, TABLE_META, bytes("format", 6), bytes("short", 5)));
	commit();
	close_store();
	expect_error(orgdb_open(store_path, NULL, &none), ORGDB_CORRUPT, "");
}

Test(damage, a_store_without_a_format_row)
{
	orgdb *none;
	must(orgdb__kv_delete(txn->kv, TABLE_META, bytes("format", 6)));
	commit();
	close_store();
	expect_error(orgdb_open(store_path, NULL, &none), ORGDB_NOT_A_STORE, "");
}

/* ---- What check looks for, one by one ---------------------------------------------------------------------------- */

#define B(literal) literal, sizeof(literal) - 1

/* A row to write or, without a value, to delete. */
struct plant {
	enum kv_table table;
	const char *key;
	size_t key_size;
	const char *value;
	size_t value_size;
};

/* In a tenant of one of each kind, with the ordinal 1, all joined: numbers in keys are their length and their bytes. */
static const struct broken {
	struct plant plants[2];
	const char *words; /* Of a problem in the first plant's table, which need not change anything. */
} broken[] = {
	{ { { TABLE_USERS, B("\x09"), B("x") } }, "a key is no ordinal" },
	{ { { TABLE_USERS, B("\1\1\0"), B("x") } }, "a key is no ordinal" },
	{ { { TABLE_USERS, B("\1\x4d"), B("x") } }, "user 77 has an ordinal that was not given out yet" },
	{ { { TABLE_USERS, B("\0"), B("x") } }, "user 0 has an ordinal that was not given out yet" },
	{ { { TABLE_USERS, B("\1\1"),
		  B("\xde\0\1\0\xad"
			"auth0|someone") } },
		"user 1 is not encoded as orgdb encodes" },
	{ { { TABLE_ROLES, B("\1\2"), NULL, 0 }, { TABLE_ROLE_NAMES, B("admin"), NULL, 0 } },
		"role 1 is not in role_names under \"admin\"" },
	{ { { TABLE_ROLE_NAMES, B("admin"), B("\1") } }, "the row of \"admin\" is damaged" },
	{ { { TABLE_ROLE_NAMES, B("admin"), B("\1\1\2") } }, "the row of \"admin\" is damaged" },
	{ { { TABLE_ROLE_NAMES, B("ghost"), B("\1\x63") } }, "\"ghost\" points to role 99, which does not exist" },
	{ { { TABLE_ROLE_NAMES, B("other"), B("\1\1") } }, "\"other\" points to role 1, which has another name" },
	{ { { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\x63\xff"), B("\1\1") } },
		"a set belongs to organization 99, which does not exist" },
	{ { { TABLE_ROLES_OF_MEMBER, B("\1\1\1\2\xff"), B("\1\1") } },
		"user 2 has roles in organization 1 without being a member" },
	{ { { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\1\5"), B("\1\5") },
		  { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), NULL, 0 } },
		"a set has no last chunk" },
	{ { { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\1\5"), B("\1\5") },
		  { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\x81\1\0\0\0\0\0\0\0\1") } },
		"chunks of owner 1 overlap" },
	{ { { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\x81\1\0\0\0\0\0\0\0\1") } },
		"counts 1 before its last chunk" },
	{ { { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\1\1\2") } }, "the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_ORGANIZATIONS_OF_USER, B("\1\1\xff"), B("\1\1\2") } }, "the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_CONNECTIONS_OF_APPLICATION, B("\1\1\xff"), B("\1\1\2") } },
		"the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_APPLICATIONS_OF_CONNECTION, B("\1\1\xff"), B("\1\1\2") } },
		"the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_ORGANIZATIONS_OF_CONNECTION, B("\1\1\xff"), B("\1\1\2") } },
		"the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_ROLES_OF_MEMBER, B("\1\1\1\1\xff"), B("\1\1\2") } }, "the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_MEMBERS_OF_ROLE, B("\1\1\1\1\xff"), B("\1\1\2") } }, "the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_MEMBERS_OF_ROLE, B("\1\1\1\1\xff"), B("\1") } }, "a chunk is damaged" },
	{ { { TABLE_MEMBERS_OF_ROLE, B("\1\1\1\1\xff"), B("\x0f\1") } }, "a chunk is damaged" },
	{ { { TABLE_MEMBERS_OF_ROLE, B("\1\1\1\1\xff"), B("\0\1") } }, "a chunk is damaged" },
	{ { { TABLE_MEMBERS_OF_ROLE, B("\1\1\1\1\xff\1"), B("\1\1") } }, "a chunk is damaged" },
	{ { { TABLE_MEMBERSHIPS, B("\x09"), B("\x80") } }, "a key is no pair of ordinals" },
	{ { { TABLE_MEMBERSHIPS, B("\1\1"), B("\x80") } }, "a key is no pair of ordinals" },
	{ { { TABLE_MEMBERSHIPS, B("\1\1\1\1\0"), B("\x80") } }, "a key is no pair of ordinals" },
	{ { { TABLE_MEMBERSHIPS, B("\1\1\1\2"), B("\x80") } }, "the attributes of 1 and 2 belong to no membership" },
	{ { { TABLE_MEMBERSHIPS, B("\1\1\1\1"), B("\xde\0\0") } }, "the attributes of 1 and 1 are" },
	{ { { TABLE_APPLICATION_CONNECTIONS, B("\1\1\1\2"), B("\x80") } }, "belong to no application_connection" },
	{ { { TABLE_ENABLED_CONNECTIONS, B("\1\1\1\2"), B("\x80") } }, "belong to no enabled_connection" },
	{ { { TABLE_ORGANIZATION_LOGIN, B("\0\0\0\0\0\0\0\0"), B("") } }, "an entry is empty" },
	{ { { TABLE_ORGANIZATION_LOGIN, B("\0\0\0\0\0\0\0\0"), B("x") } }, "a row is damaged" },
	{ { { TABLE_ORGANIZATION_LOGIN, B("\0\0\0\0\0\0\0\0"), B("0000000000000000\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") } },
		"the row of org_0000000000000000 belongs to organization 1, which is another or none" },
	{ { { TABLE_META, B("generations"), B("short") } }, "generations" },
	/* What is owned: organization 1 owns role 2 and discovery domain 1, organization 2 owns role 3. */
	{ { { TABLE_ROLES, B("\1\5"), NULL, 0 }, { TABLE_ROLES_OF_ORGANIZATION, B("\1\1\xff"), NULL, 0 } },
		"role 2 is not in roles_of_organization of its owner" },
	{ { { TABLE_ROLES_OF_ORGANIZATION, B("\1\1\xff"), B("\1\1\2") } }, "the edge from owner 1 to 1 has no mirror" },
	{ { { TABLE_ROLES_OF_ORGANIZATION, B("\1\1\xff"), B("\1\2\3") } }, "the edge from owner 1 to 3 has no mirror" },
	{ { { TABLE_ROLES_OF_ORGANIZATION, B("\1\x63\xff"), B("\1\2") } },
		"a set belongs to organization 99, which does not exist" },
	{ { { TABLE_ROLES_OF_MEMBER, B("\1\1\1\1\xff"), B("\1\1\3") } },
		"a member of organization 1 has role 3, which organization 2 owns" },
	{ { { TABLE_DISCOVERY_DOMAINS_OF_ORGANIZATION, B("\1\1\xff"), B("\1\1\2") } },
		"the edge from owner 1 to 2 has no mirror" },
	{ { { TABLE_DISCOVERY, B("other.example"), B("\1\1") } },
		"\"other.example\" points to discovery_domain 1, which has another domain" },
};

/* Make the change, and remember how to undo it. */
static void plant(const struct plant *plant, struct plant *undo)
{
	struct bytes key = bytes(plant->key, plant->key_size), old;
	*undo = *plant;
	undo->value = NULL;
	if (orgdb__kv_get(txn->kv, plant->table, key, &old) == 0) {
		char *copy_of_old = keep(old.size + 1);
		memcpy(copy_of_old, old.data, old.size);
		undo->value = copy_of_old;
		undo->value_size = old.size;
	}
	if (plant->value)
		must(orgdb__kv_put(txn->kv, plant->table, key, bytes(plant->value, plant->value_size)));
	else if (undo->value)
		must(orgdb__kv_delete(txn->kv, plant->table, key));
}

struct expected {
	const char *table, *words;
	bool found;
	const char *others;
};

static void compare_problem(void *context, const orgdb_problem *problem)
{
	struct expected *expected = context;
	if (strcmp(problem->table, expected->table) == 0 && strstr(problem->message, expected->words))
		expected->found = true;
	expected->others = format("%s\n%s: %s", expected->others, problem->table, problem->message);
}

static void expect_problem(const struct broken *what)
{
	struct plant undo[2];
	size_t count = what->plants[1].key ? 2 : 1;
	begin_write();
	for (size_t i = 0; i < count; i++)
		plant(&what->plants[i], &undo[i]);
	commit();
	struct expected expected = { orgdb__kv_table_name(what->plants[0].table), what->words, false, "" };
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = compare_problem;
	report.context = &expected;
	cr_expect_eq(orgdb_check(db, &report), ORGDB_CORRUPT, "%s", what->words);
	cr_expect(expected.found, "%s: \"%s\" is not found, but%s", expected.table, what->words, expected.others);
	begin_write();
	for (size_t i = count; i > 0; i--) {
		struct plant unwanted;
		plant(&undo[i - 1], &unwanted);
	}
	commit();
}

Test(damage, check_finds_whatever_is_broken)
{
	create_tenant();
	const char *connection = create_connection("first", "samlp");
	enable_for_application(application, connection);
	enable_for_organization(organization, connection);
	create_role_of(organization, "own");
	create_domain(organization, "acme.example");
	create_role_of(create_organization("other"), "own");
	commit();
	expect_sound_store();
	for (size_t i = 0; i < COUNT_OF(broken); i++)
		expect_problem(&broken[i]);
	expect_sound_store();
}

/* ---- What meets it ----------------------------------------------------------------------------------------------- */

static const char *connection, *second_connection, *second_user;

static int get_user(void)
{
	orgdb_user found;
	return orgdb_user_get(txn, user, &found);
}

static int get_application(void)
{
	orgdb_application found;
	return orgdb_application_get(txn, application, &found);
}

static int list_by_name(void)
{
	orgdb_organization found[2];
	size_t count;
	return orgdb_organization_list_by_name(txn, NULL, found, 2, &count);
}

static int list_users(void)
{
	orgdb_user found[4];
	size_t count;
	return orgdb_user_list(txn, 0, found, 4, &count);
}

static int list_members(void)
{
	orgdb_user found[4];
	size_t count;
	return orgdb_organization_members(txn, organization, 0, found, 4, &count);
}

static int count_members(void)
{
	uint64_t count;
	return orgdb_organization_member_count(txn, organization, &count);
}

static int add_member_again(void)
{
	return orgdb_membership_add(txn, organization, user, NULL);
}

static int add_second_member(void)
{
	return orgdb_membership_add(txn, organization, second_user, NULL);
}

static int remove_member(void)
{
	return orgdb_membership_remove(txn, organization, user);
}

static int get_member(void)
{
	orgdb_membership found;
	return orgdb_membership_get(txn, organization, user, &found);
}

static int delete_organization(void)
{
	return orgdb_organization_delete(txn, organization, NULL);
}

static int enable_second(void)
{
	return orgdb_enabled_connection_create(txn, organization, second_connection, NULL);
}

static int disable_first(void)
{
	return orgdb_enabled_connection_delete(txn, organization, connection);
}

static int create_same_role(void)
{
	orgdb_role given = ORGDB_ROLE_INIT;
	given.name = orgdb_string("admin");
	return orgdb_role_create(txn, &given, NULL);
}

static int get_role_by_name(void)
{
	orgdb_role found;
	return orgdb_role_get_by_name(txn, "admin", &found);
}

static const char *own_role;

static int delete_own_role(void)
{
	return orgdb_role_delete(txn, own_role, NULL);
}

static int assign_own_role(void)
{
	return orgdb_member_role_assign(txn, organization, user, own_role);
}

static int list_own_roles(void)
{
	orgdb_role found[4];
	size_t count;
	return orgdb_organization_roles(txn, organization, 0, found, 4, &count);
}

static int discover(void)
{
	orgdb_discovered found[4];
	size_t count;
	return orgdb_discover(txn, "somebody@acme.example", NULL, found, 4, &count);
}

static const struct {
	struct plant plant;
	int (*meet)(void);
} met[] = {
	/* Records: not a map, cut off, a key that is no number, a value that is none, of the wrong type, a field twice, one that
	 * does not exist, more than a record. */
	{ { TABLE_USERS, B("\1\1"), B("\xc0") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x81") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x81\xa1x\1") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x81\0\xc1") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x81\0\5") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x82\0\xa1x\0\xa1y") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x81\x1e\5") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x81\x1f") }, get_user },
	{ { TABLE_USERS, B("\1\1"), B("\x81\0\xa1xy") }, get_user },
	{ { TABLE_USERS, B("\1\1"), NULL, 0 }, get_user },
	{ { TABLE_USERS, B("\x09"), B("\x80") }, list_users },
	{ { TABLE_USERS, B("\1\1\1"), B("\x80") }, list_users },
	{ { TABLE_APPLICATIONS, B("\1\1"), B("\x81\x0a\xa1x") }, get_application },
	{ { TABLE_APPLICATIONS, B("\1\1"), B("\x81\x0a\xcf\1\0\0\0\0\0\0\0") }, get_application },
	{ { TABLE_APPLICATIONS, B("\1\1"), B("\x81\4\5") }, get_application },
	{ { TABLE_MEMBERSHIPS, B("\1\1\1\1"), B("\xc0") }, get_member },
	/* Rows of indexes. */
	{ { TABLE_ORGANIZATION_NAMES, B("acme"), B("\1") }, list_by_name },
	{ { TABLE_ORGANIZATION_NAMES, B("acme"), B("\1\x63") }, list_by_name },
	{ { TABLE_ROLE_NAMES, B("admin"), B("\1") }, get_role_by_name },
	{ { TABLE_ROLE_NAMES, B("admin"), B("\1\x63") }, get_role_by_name },
	{ { TABLE_ROLE_NAMES, B("admin"), B("\1") }, create_same_role },
	/* Chunks. */
	{ { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\0\1") }, list_members },
	{ { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\0\1") }, count_members },
	{ { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\0\1") }, add_second_member },
	{ { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\0\1") }, remove_member },
	{ { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\0\1") }, delete_organization },
	{ { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), B("\1\1\x63") }, list_members },
	/* Edges of which one half is missing. */
	{ { TABLE_MEMBERS_OF_ORGANIZATION, B("\1\1\xff"), NULL, 0 }, add_member_again },
	{ { TABLE_ORGANIZATIONS_OF_USER, B("\1\1\xff"), NULL, 0 }, remove_member },
	{ { TABLE_ORGANIZATIONS_OF_USER, B("\1\1\xff"), NULL, 0 }, delete_organization },
	{ { TABLE_ORGANIZATIONS_OF_CONNECTION, B("\1\2\xff"), B("\1\1") }, enable_second },
	{ { TABLE_ORGANIZATIONS_OF_CONNECTION, B("\1\1\xff"), NULL, 0 }, disable_first },
	{ { TABLE_ORGANIZATIONS_OF_CONNECTION, B("\1\1\xff"), NULL, 0 }, delete_organization },
	/* What is owned: role 2 and discovery domain 1. */
	{ { TABLE_ROLES_OF_ORGANIZATION, B("\1\1\xff"), NULL, 0 }, delete_own_role },
	{ { TABLE_ROLES_OF_ORGANIZATION, B("\1\1\xff"), B("\0\2") }, delete_own_role },
	{ { TABLE_ROLES_OF_ORGANIZATION, B("\1\1\xff"), B("\1\x63") }, delete_organization },
	{ { TABLE_ROLES_OF_ORGANIZATION, B("\1\1\xff"), B("\1\x63") }, list_own_roles },
	{ { TABLE_ROLES, B("\1\2"), B("\xc0") }, assign_own_role },
	{ { TABLE_DISCOVERY, B("acme.example\0x"), B("\1\1") }, discover },
	{ { TABLE_DISCOVERY, B("acme.example\0org_zzzzzzzzzzzzzzzz"), B("\1\1") }, discover },
	{ { TABLE_DISCOVERY, B("acme.example\0xxx_zzzzzzzzzzzzzzzz"), B("\1\1") }, discover },
};

/* Whatever meets it says so, and a transaction that was to change something cannot be committed. */
Test(damage, what_meets_it_says_so)
{
	create_tenant();
	second_user = create_user("other");
	connection = create_connection("first", "samlp");
	second_connection = create_connection("second", "samlp");
	enable_for_application(application, connection);
	enable_for_organization(organization, connection);
	own_role = create_role_of(organization, "own");
	create_domain(organization, "acme.example");
	commit();
	for (size_t i = 0; i < COUNT_OF(met); i++) {
		struct plant undo, unwanted;
		begin_write();
		plant(&met[i].plant, &undo);
		commit();
		begin_write();
		cr_expect_eq(met[i].meet(), ORGDB_CORRUPT, "row %zu: %s", i, orgdb_last_error()->message);
		orgdb_txn *ending = txn;
		txn = NULL;
		cr_expect_eq(orgdb_commit(ending), ORGDB_CORRUPT, "row %zu", i);
		begin_write();
		plant(&undo, &unwanted);
		commit();
	}
	expect_sound_store();
}
