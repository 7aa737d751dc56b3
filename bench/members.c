/*
 * What stores of memberships share; see members.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "members.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { IN_TRANSACTION = 10000 };

struct member_names organization_names(uint64_t organization)
{
	struct member_names names = { 0 };
	snprintf(names.name, sizeof(names.name), "organization-%" PRIu64, organization);
	snprintf(names.display_name, sizeof(names.display_name), "Organization %" PRIu64, organization);
	return names;
}

struct member_names user_names(uint64_t user)
{
	struct member_names names = { 0 };
	snprintf(names.name, sizeof(names.name), "User %" PRIu64, user);
	snprintf(names.email, sizeof(names.email), "user-%" PRIu64 "@company-%" PRIu64 ".example", user, user % 1000);
	return names;
}

/* A user's organizations are a run in an order that a prime has mixed; runs of different users begin anywhere. */
struct member member_at(uint64_t organizations, uint64_t users, uint64_t each, uint64_t i)
{
	uint64_t user = i % users, place = (mix(user) >> 32) % organizations + i / users;
	if (each > organizations)
		fail("%" PRIu64 " organizations are too few", organizations);
	return (struct member){ place % organizations * UINT64_C(4294967291) % organizations, user };
}

static uint64_t end_of(uint64_t first, uint64_t count)
{
	return first + IN_TRANSACTION < count ? first + IN_TRANSACTION : count;
}

void add_all_entities(const struct member_store *face, void *store, uint64_t organizations, uint64_t users)
{
	for (uint64_t i = 0; i < organizations; i += IN_TRANSACTION)
		face->add_organizations(store, i, end_of(i, organizations));
	for (uint64_t i = 0; i < users; i += IN_TRANSACTION)
		face->add_users(store, i, end_of(i, users));
}

void add_all_members(
	const struct member_store *face, void *store, uint64_t organizations, uint64_t users, uint64_t each)
{
	struct member *members = allocate(IN_TRANSACTION, sizeof(*members));
	for (uint64_t first = 0; first < users * each; first += IN_TRANSACTION) {
		uint64_t end = end_of(first, users * each);
		for (uint64_t i = first; i < end; i++)
			members[i - first] = member_at(organizations, users, each, i);
		face->add(store, members, (size_t)(end - first));
	}
	free(members);
}
