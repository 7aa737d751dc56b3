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

TestSuite(damage, .init = fixture_writing, .fini = fixture_close, .timeout = 30);

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
	enum { FIRST_AT = 28, SECOND_AT = 36 };
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
