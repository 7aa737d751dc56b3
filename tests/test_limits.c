/*
 * Limits: the longest ids and names, the largest records, very many of what one thing can have, and numbers near their ends.
 *
 * With ORGDB_TEST_LARGE in the environment there are as many as the service has at most, and more; else fewer.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"
#include "little.h"
#include "store.h"

/* Enough address space for whatever there is here. */
static void setup(void)
{
	fixture_directory();
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.map_size = 4096 * MEBIBYTE;
	options.durability = ORGDB_RELAXED;
	open_store(&options);
	begin_write();
}

TestSuite(limits, .init = setup, .fini = fixture_close, .timeout = 600);

static size_t many(size_t usual, size_t large)
{
	return getenv("ORGDB_TEST_LARGE") ? large : usual;
}

/* Say how long something took since the last time this was called. */
static void took(const char *what, size_t count)
{
	static struct timespec last;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (count > 0)
		fprintf(stderr, "%s, %zu: %.2f s\n", what, count,
			(double)(now.tv_sec - last.tv_sec) + 1e-9 * (double)(now.tv_nsec - last.tv_nsec));
	last = now;
}

/* ---- Long texts and large records -------------------------------------------------------------------------------- */

/* 1024 characters of 4 bytes each, told apart by the last. */
static const char *longest_user_id(char last)
{
	return format("%s|%s%c", repeat("\xf0\x9f\x98\x80", 768), repeat("\xf0\x9f\x98\x80", 254), last);
}

Test(limits, the_longest_ids_and_names)
{
	const char *users[2] = { longest_user_id('a'), longest_user_id('b') };
	const char *role = create_role(repeat("\xf0\x9f\x98\x80", 255));
	const char *connection = create_connection(repeat("c", 128), "samlp"), *application = repeat("A", 64);
	const char *organization = create_organization(repeat("o", 50));
	orgdb_application given = ORGDB_APPLICATION_INIT;
	given.client_id = orgdb_string(application);
	given.name = orgdb_string(repeat("\xf0\x9f\x98\x80", 255));
	must(orgdb_application_create(txn, &given, NULL));
	for (size_t i = 0; i < 2; i++) {
		orgdb_user user = { .fields = ORGDB_USER_ID, .user_id = orgdb_string(users[i]) };
		must(orgdb_user_create(txn, &user, NULL));
		expect_error(orgdb_user_create(txn, &user, NULL), ORGDB_EXISTS, "user_id");
		add_member(organization, users[i]);
		assign_role(organization, users[i], role);
	}
	orgdb_user longer = { .fields = ORGDB_USER_ID, .user_id = orgdb_string(format("\xf0\x9f\x98\x80%s", users[0])) };
	expect_error(orgdb_user_create(txn, &longer, NULL), ORGDB_INVALID, "user_id");
	enable_for_application(application, connection);
	enable_for_organization(organization, connection);
	commit_and_check();
	orgdb_user members[3];
	orgdb_role found;
	size_t count;
	must(orgdb_role_get_by_name(txn, repeat("\xf0\x9f\x98\x80", 255), &found));
	must(orgdb_organization_members(txn, organization, 0, members, 3, &count));
	cr_assert_eq(count, 2);
	for (size_t i = 0; i < 2; i++)
		expect_text(members[i].user_id, users[i]);
	must(orgdb_connection_allowed(txn, application, organization, connection, NULL, NULL));
	end();
	begin_write();
	must(orgdb_user_delete(txn, users[0], NULL));
	commit_and_check();
	cr_expect_eq(orgdb_user_get(txn, users[0], members), ORGDB_NOT_FOUND);
	must(orgdb_membership_get(txn, organization, users[1], NULL));
}

static int create_with_text(size_t size, orgdb_str *id)
{
	const uint8_t head[] = { 0x81, 0xa0, 0xdb, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
		(uint8_t)size };
	char *map = keep(sizeof(head) + size);
	memcpy(map, head, sizeof(head));
	memset(map + sizeof(head), 'x', size);
	orgdb_user user = ORGDB_USER_INIT;
	user.user_metadata = (orgdb_value){ map, sizeof(head) + size };
	return orgdb_user_create(txn, &user, id);
}

Test(limits, the_largest_record)
{
	/* As large as it can be, found by halves. */
	size_t fits = 1000000, too_large = ORGDB_RECORD_SIZE_MAX;
	while (too_large - fits > 1) {
		size_t middle = fits + (too_large - fits) / 2;
		orgdb_str tried;
		int rc = create_with_text(middle, &tried);
		if (rc == 0)
			must(orgdb_user_delete(txn, copy(tried), NULL));
		else
			cr_assert_eq(rc, ORGDB_TOO_LARGE, "%s", orgdb_error_name(rc));
		*(rc == 0 ? &fits : &too_large) = middle;
	}
	cr_expect_gt(fits, ORGDB_RECORD_SIZE_MAX - 200, "%zu", fits);
	orgdb_str id;
	orgdb_user user;
	must(create_with_text(fits, &id));
	const char *user_id = copy(id);
	commit_and_check();
	must(orgdb_user_get(txn, user_id, &user));
	cr_expect_eq(user.user_metadata.size, fits + 7);
	end();
	begin_write();
	orgdb_user changes = { .fields = ORGDB_USER_EMAIL_VERIFIED | ORGDB_USER_NAME,
		.name = ORGDB_STR("a few bytes more") };
	expect_error(orgdb_user_update(txn, user_id, &changes), ORGDB_TOO_LARGE, "");
	must(orgdb_user_get(txn, user_id, &user));
	cr_expect_eq(user.user_metadata.size, fits + 7);
	must(orgdb_user_delete(txn, user_id, NULL));
	commit_and_check();
}

/* ---- Very many --------------------------------------------------------------------------------------------------- */

enum { BATCH = 100000, PAGE = 1000 };

/* Commit now and then, as those do who write much. */
static void commit_batch(size_t i)
{
	if ((i + 1) % BATCH == 0) {
		commit();
		begin_write();
	}
}

static const char *user_number(size_t i)
{
	static char id[32];
	snprintf(id, sizeof(id), "auth0|%07zu", i);
	return id;
}

static void expect_members(const char *organization, size_t expected, size_t step)
{
	static orgdb_user page[PAGE];
	uint64_t after = 0, counted;
	size_t seen = 0, count;
	must(orgdb_organization_member_count(txn, organization, &counted));
	expect_number(counted, expected);
	do {
		must(orgdb_organization_members(txn, organization, after, page, PAGE, &count));
		for (size_t i = 0; i < count; i++, seen++)
			cr_assert(orgdb_str_equal(page[i].user_id, orgdb_string(user_number(seen * step))), "member %zu", seen);
		after = count ? page[count - 1].ordinal : 0;
	} while (count == PAGE);
	cr_expect_eq(seen, expected, "%zu members", seen);
}

Test(limits, an_organization_of_a_million_members)
{
	size_t members = many(20000, 1000000);
	const char *organization = create_organization("acme"), *role = create_role("admin");
	took("", 0);
	for (size_t i = 0; i < members; i++) {
		orgdb_user user = { .fields = ORGDB_USER_ID, .user_id = orgdb_string(user_number(i)) };
		must(orgdb_user_create(txn, &user, NULL));
		add_member(organization, user_number(i));
		commit_batch(i);
	}
	took("users created and made members", members);
	for (size_t i = 0; i < members; i += 100)
		assign_role(organization, user_number(i), role);
	expect_members(organization, members, 1);
	took("members listed", members);
	for (size_t i = 1; i < members; i += 2)
		must(orgdb_membership_remove(txn, organization, user_number(i)));
	took("members removed", members / 2);
	commit_and_check();
	took("check", members);
	expect_members(organization, members / 2, 2);
	end();
	begin_write();
	orgdb_cascade gone;
	took("", 0);
	must(orgdb_organization_delete(txn, organization, &gone));
	commit();
	took("organization deleted with members", members / 2);
	expect_number(gone.memberships, members / 2);
	expect_number(gone.member_roles, members / 100);
	expect_sound_store();
	begin_read();
	expect_number(statistics().count[ORGDB_KIND_USER], members);
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 0);
}

Test(limits, a_user_of_a_hundred_thousand_organizations)
{
	size_t organizations = many(5000, 100000), count, seen = 0;
	static orgdb_organization page[PAGE];
	const char *user = create_user("somebody");
	took("", 0);
	for (size_t i = 0; i < organizations; i++) {
		char name[32], id[32];
		snprintf(name, sizeof(name), "organization-%zu", i);
		snprintf(id, sizeof(id), "org_%016zu", i);
		orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
		organization.id = orgdb_string(id);
		organization.name = orgdb_string(name);
		must(orgdb_organization_create(txn, &organization, NULL));
		add_member(id, user);
		commit_batch(i);
	}
	took("organizations created with a member", organizations);
	uint64_t after = 0, counted;
	must(orgdb_user_organization_count(txn, user, &counted));
	expect_number(counted, organizations);
	do {
		must(orgdb_user_organizations(txn, user, after, page, PAGE, &count));
		for (size_t i = 0; i < count; i++, seen++)
			cr_assert(page[i].ordinal > after, "organization %zu", seen);
		after = count ? page[count - 1].ordinal : 0;
	} while (count == PAGE);
	cr_expect_eq(seen, organizations);
	took("organizations of a user listed", organizations);
	orgdb_cascade gone;
	must(orgdb_user_delete(txn, user, &gone));
	expect_number(gone.memberships, organizations);
	took("user deleted", organizations);
	commit_and_check();
	expect_number(statistics().count[ORGDB_KIND_MEMBERSHIP], 0);
}

static void expect_merged(const char *application, const char *organization, size_t expected)
{
	orgdb_merged_connection *entries = keep(expected * sizeof(*entries));
	size_t count;
	must(orgdb_merged_connections(txn, application, organization, NULL, entries, expected, &count));
	cr_expect_eq(count, expected, "%zu merged", count);
	for (size_t i = 1; i < count; i++)
		cr_assert(entries[i - 1].connection->ordinal < entries[i].connection->ordinal);
}

/* They are enabled in disorder, which is the dearest. */
Test(limits, an_organization_of_ten_thousand_connections)
{
	size_t connections = many(1000, 10000);
	const char *organization = create_organization("acme"), *application = create_application("portal");
	const char **ids = keep(connections * sizeof(*ids));
	for (size_t i = 0; i < connections; i++)
		ids[i] = create_connection(format("connection-%zu", i), "oidc");
	size_t *order = shuffled(connections, 1);
	took("", 0);
	for (size_t i = 0; i < connections; i++)
		enable_for_organization(organization, ids[order[i]]);
	took("connections enabled in one transaction", connections);
	for (size_t i = 0; i < connections; i += 2)
		enable_for_application(application, ids[i]);
	took("connections enabled for an application", connections / 2);
	commit_and_check();
	took("", 0);
	expect_merged(application, organization, connections);
	took("merged for the first time", connections);
	expect_merged(application, organization, connections);
	took("merged again", connections);
	end();
	for (size_t i = 0; i < 100; i++) {
		begin_write();
		must(orgdb_enabled_connection_delete(txn, organization, ids[order[i]]));
		commit();
	}
	took("connections disabled, a transaction for each", 100);
	begin_write();
	for (size_t i = 100; i < connections / 2; i++)
		must(orgdb_enabled_connection_delete(txn, organization, ids[order[i]]));
	commit_and_check();
	uint64_t left;
	must(orgdb_enabled_connection_count(txn, organization, &left));
	expect_number(left, connections - connections / 2);
	end();
	begin_write();
	orgdb_cascade gone;
	must(orgdb_organization_delete(txn, organization, &gone));
	expect_number(gone.enabled_connections, left);
	commit_and_check();
}

/* ---- Numbers near their ends ------------------------------------------------------------------------------------- */

/* Set one of the store's counters, see struct counters, in a transaction of its own. */
static void set_counter(size_t place, uint64_t value)
{
	static const uint8_t key[] = "counters";
	uint8_t row[sizeof(struct counters)];
	struct bytes found;
	must(orgdb__kv_get(txn->kv, TABLE_META, (struct bytes){ key, 8 }, &found));
	cr_assert_eq(found.size, sizeof(row));
	memcpy(row, found.data, sizeof(row));
	little_put(row + 8 * place, value, 8);
	must(orgdb__kv_put(txn->kv, TABLE_META, (struct bytes){ key, 8 }, (struct bytes){ row, sizeof(row) }));
	commit();
	begin_write();
}

static size_t place_of(size_t offset)
{
	return offset / sizeof(uint64_t);
}

/* What everybody sees at every lsn: as many connections as were enabled. */
static void expect_enabled(const char *application, const char *organization, size_t expected)
{
	begin_read();
	size_t count;
	orgdb_merged_connection entries[8];
	must(orgdb_merged_connections(txn, application, organization, NULL, entries, 8, &count));
	cr_expect_eq(count, expected, "%zu are seen, not %zu", count, expected);
	end();
}

Test(limits, the_last_transactions)
{
	const char *organization = create_organization("acme"), *application = create_application("portal");
	commit();
	begin_write();
	set_counter(place_of(offsetof(struct counters, lsn)), UINT64_MAX - 4); /* That itself is a change. */
	end();
	uint64_t lsn;
	for (size_t i = 1; i <= 3; i++) {
		begin_write();
		enable_for_organization(organization, create_connection(format("c%zu", i), "oidc"));
		commit();
		expect_enabled(application, organization, i);
		expect_sound_store();
	}
	begin_read();
	must(orgdb_lsn(txn, &lsn));
	cr_expect_eq(lsn, UINT64_MAX);
	end();
	begin_write();
	commit(); /* Nothing was changed. */
	begin_write();
	create_user("one-too-many");
	orgdb_txn *ending = txn;
	txn = NULL;
	expect_error(orgdb_commit(ending), ORGDB_TOO_LARGE, "");
	expect_sound_store();
	expect_enabled(application, organization, 3);
	begin_read();
	expect_number(statistics().count[ORGDB_KIND_USER], 0);
}

/* There is no place for those that valid_entity() makes invitations from. */
static any_entity entity_beside(const char *ids[ORGDB_ENTITY_KINDS][2], uint32_t kind, const char *name)
{
	any_entity entity = valid_entity(kind, name);
	if (kind == ORGDB_KIND_APPLICATION)
		entity.application.organization_usage = ORGDB_USAGE_ALLOW;
	if (kind == ORGDB_KIND_INVITATION) {
		entity.invitation.organization_id = orgdb_string(ids[ORGDB_KIND_ORGANIZATION][0]);
		entity.invitation.client_id = orgdb_string(ids[ORGDB_KIND_APPLICATION][0]);
	}
	return entity;
}

/* The first of each kind has ordinal 1, the second has the last there is, and there is no third. */
static void create_last_ones(const char *ids[ORGDB_ENTITY_KINDS][2])
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		uint64_t last = kind == ORGDB_KIND_CONNECTION ? UINT32_MAX - 1 : UINT64_MAX - 1;
		for (size_t i = 0; i < 2; i++) {
			any_entity entity = entity_beside(ids, kind, i ? "last" : "first");
			orgdb_str id;
			must(orgdb_entity_create(txn, kind, &entity, &id));
			ids[kind][i] = copy(id);
			must(orgdb_entity_get(txn, kind, ids[kind][i], &entity));
			expect_number(entity.ordinal, i ? last : 1);
			if (i == 0) {
				commit();
				begin_write();
				set_counter(place_of(offsetof(struct counters, next_ordinal)) + kind, last);
			}
		}
		any_entity third = entity_beside(ids, kind, "third");
		expect_error(orgdb_entity_create(txn, kind, &third, NULL), ORGDB_TOO_LARGE, "");
	}
}

static void join_all(const char *ids[ORGDB_ENTITY_KINDS][2])
{
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++) {
			enable_for_application(ids[ORGDB_KIND_APPLICATION][i], ids[ORGDB_KIND_CONNECTION][k]);
			enable_for_organization(ids[ORGDB_KIND_ORGANIZATION][i], ids[ORGDB_KIND_CONNECTION][k]);
			must(orgdb_organization_application_add(
				txn, ids[ORGDB_KIND_ORGANIZATION][i], ids[ORGDB_KIND_APPLICATION][k], NULL));
			add_member(ids[ORGDB_KIND_ORGANIZATION][i], ids[ORGDB_KIND_USER][k]);
			assign_role(ids[ORGDB_KIND_ORGANIZATION][i], ids[ORGDB_KIND_USER][k], ids[ORGDB_KIND_ROLE][k]);
		}
}

#define LIST(name, type, call)                                                                      \
	static int name(const char *owner, uint64_t after, void *array, size_t capacity, size_t *count) \
	{                                                                                               \
		return call(txn, owner, after, (type *)array, capacity, count);                             \
	}
LIST(list_members, orgdb_user, orgdb_organization_members)
LIST(list_organizations_of_user, orgdb_organization, orgdb_user_organizations)
LIST(list_connections_of_application, orgdb_connection, orgdb_application_connections)
LIST(list_applications_of_connection, orgdb_application, orgdb_connection_applications)
LIST(list_organizations_of_connection, orgdb_organization, orgdb_connection_organizations)

static const struct list {
	uint32_t owner, listed;
	int (*list)(const char *owner, uint64_t after, void *array, size_t capacity, size_t *count);
} lists[] = {
	{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_USER, list_members },
	{ ORGDB_KIND_USER, ORGDB_KIND_ORGANIZATION, list_organizations_of_user },
	{ ORGDB_KIND_APPLICATION, ORGDB_KIND_CONNECTION, list_connections_of_application },
	{ ORGDB_KIND_CONNECTION, ORGDB_KIND_APPLICATION, list_applications_of_connection },
	{ ORGDB_KIND_CONNECTION, ORGDB_KIND_ORGANIZATION, list_organizations_of_connection },
};

/* Both are listed, at once and one by one, and then nothing more. */
static void expect_both(const struct list *list, const char *owner)
{
	any_entity entities[3];
	size_t count;
	uint64_t after = 0, last = list->listed == ORGDB_KIND_CONNECTION ? UINT32_MAX - 1 : UINT64_MAX - 1;
	must(list->list(owner, 0, entities, 3, &count));
	cr_expect_eq(count, 2, "%zu of %s", count, owner);
	for (size_t i = 0; i < 2; i++) {
		must(list->list(owner, after, entities, 1, &count));
		cr_assert_eq(count, 1, "%s", owner);
		after = entities[0].ordinal;
		expect_number(after, i ? last : 1);
	}
	must(list->list(owner, after, entities, 1, &count));
	cr_expect_eq(count, 0, "%s", owner);
}

Test(limits, the_last_ordinals)
{
	const char *ids[ORGDB_ENTITY_KINDS][2];
	create_last_ones(ids);
	join_all(ids);
	commit_and_check();
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (size_t k = 0; k < 2; k++)
			expect_both(&lists[i], ids[lists[i].owner][k]);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			expect_merged(ids[ORGDB_KIND_APPLICATION][i], ids[ORGDB_KIND_ORGANIZATION][k], 2);
	end();
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		any_entity entities[3];
		size_t count;
		begin_write();
		must(orgdb_entity_delete(txn, kind, ids[kind][1], NULL));
		commit_and_check();
		must(orgdb_entity_list(txn, kind, 0, entities, 3, &count));
		cr_expect_eq(count, 1);
		end();
	}
	begin_read();
	expect_merged(ids[ORGDB_KIND_APPLICATION][0], ids[ORGDB_KIND_ORGANIZATION][0], 1);
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		expect_number(statistics().count[kind], kind < OWNERLESS_KINDS || kind >= ORGDB_ENTITY_KINDS);
}
