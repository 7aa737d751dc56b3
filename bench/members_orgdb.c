/*
 * Memberships in orgdb; see members.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>

#include "members.h"
#include "orgdb.h"

struct store {
	orgdb *db;
	char path[PATH_SIZE];
};

static void *open_store(const char *path)
{
	struct store *store = allocate(1, sizeof(*store));
	snprintf(store->path, sizeof(store->path), "%s", path);
	must(orgdb_open(path, NULL, &store->db));
	return store;
}

static void close_store(void *context)
{
	struct store *store = context;
	orgdb_close(store->db);
	free(store);
}

/* A store is as durable as it was opened. */
static void make_durable(void *context, bool durable)
{
	struct store *store = context;
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = durable ? ORGDB_DURABLE : ORGDB_RELAXED;
	orgdb_close(store->db);
	must(orgdb_open(store->path, &options, &store->db));
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

struct part {
	uint64_t first, end;
	const struct member *members;
};

static int create_organizations(orgdb_txn *txn, void *context)
{
	const struct part *part = context;
	for (uint64_t i = part->first; i < part->end; i++) {
		struct organization_id id = organization_id(i);
		struct member_names names = organization_names(i);
		orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
		organization.id = orgdb_string(id.text);
		organization.name = orgdb_string(names.name);
		organization.display_name = orgdb_string(names.display_name);
		must(orgdb_organization_create(txn, &organization, NULL));
	}
	return 0;
}

static int create_users(orgdb_txn *txn, void *context)
{
	const struct part *part = context;
	for (uint64_t i = part->first; i < part->end; i++) {
		struct user_id id = user_id(i);
		struct member_names names = user_names(i);
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(id.text);
		user.name = orgdb_string(names.name);
		user.email = orgdb_string(names.email);
		must(orgdb_user_create(txn, &user, NULL));
	}
	return 0;
}

static int add_members(orgdb_txn *txn, void *context)
{
	const struct part *part = context;
	for (uint64_t i = part->first; i < part->end; i++)
		must(orgdb_membership_add(
			txn, organization_id(part->members[i].organization).text, user_id(part->members[i].user).text, NULL));
	return 0;
}

static void add_organizations(void *context, uint64_t first, uint64_t end)
{
	struct store *store = context;
	must(orgdb_write(store->db, create_organizations, &(struct part){ first, end, NULL }));
}

static void add_users(void *context, uint64_t first, uint64_t end)
{
	struct store *store = context;
	must(orgdb_write(store->db, create_users, &(struct part){ first, end, NULL }));
}

static void add(void *context, const struct member *members, size_t count)
{
	struct store *store = context;
	must(orgdb_write(store->db, add_members, &(struct part){ 0, count, members }));
}

static uint64_t delete_organization(void *context, uint64_t organization)
{
	struct store *store = context;
	orgdb_txn *txn;
	orgdb_cascade gone;
	must(orgdb_begin_write(store->db, &txn));
	must(orgdb_organization_delete(txn, organization_id(organization).text, &gone));
	must(orgdb_commit(txn));
	return gone.memberships;
}

/* --- Asking ------------------------------------------------------------------------------------------------------- */

static bool contains(void *context, struct member member)
{
	struct store *store = context;
	orgdb_txn *txn;
	bool is_member;
	must(orgdb_begin_read(store->db, &txn));
	must(orgdb_membership_contains(
		txn, organization_id(member.organization).text, user_id(member.user).text, &is_member));
	orgdb_end(txn);
	return is_member;
}

static uint64_t digest_text(orgdb_str text)
{
	return text.size + (unsigned char)text.data[text.size - 1];
}

/* A page begins behind an ordinal; users got theirs one after another, the first one 1. */
static uint64_t members(void *context, uint64_t organization, uint64_t after)
{
	struct store *store = context;
	orgdb_user page[PAGE];
	orgdb_txn *txn;
	size_t count;
	uint64_t sum = 0;
	must(orgdb_begin_read(store->db, &txn));
	must(orgdb_organization_members(txn, organization_id(organization).text, after, page, PAGE, &count));
	for (size_t i = 0; i < count; i++)
		sum += digest_text(page[i].user_id) + digest_text(page[i].name) + digest_text(page[i].email);
	orgdb_end(txn);
	return sum;
}

static uint64_t organizations(void *context, uint64_t user)
{
	struct store *store = context;
	orgdb_organization page[PAGE];
	orgdb_txn *txn;
	size_t count;
	uint64_t sum = 0, after = 0;
	must(orgdb_begin_read(store->db, &txn));
	do {
		must(orgdb_user_organizations(txn, user_id(user).text, after, page, PAGE, &count));
		for (size_t i = 0; i < count; i++)
			sum += digest_text(page[i].id) + digest_text(page[i].name) + digest_text(page[i].display_name);
		after = count > 0 ? page[count - 1].ordinal : 0;
	} while (count == PAGE);
	orgdb_end(txn);
	return sum;
}

const struct member_store members_orgdb = { "orgdb", "members.orgdb", open_store, close_store, make_durable,
	add_organizations, add_users, add, contains, members, organizations, delete_organization, NULL };
