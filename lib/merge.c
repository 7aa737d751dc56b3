/*
 * Merged connections: what an application may offer inside an organization.
 *
 * Two ascending runs of connection ordinals, the application's and the organization's, are merged like two sorted lists;
 * each entry is told where it came from.
 *
 * SPDX-License-Identifier: MIT
 */
#include "catalog.h"
#include "edges.h"
#include "entity.h"
#include "error.h"
#include "login_cache.h"

/* An edge that is not enabled is not there. */
static uint64_t peek_login(const struct login *login, uint32_t *at, uint32_t *options)
{
	for (; *at < login->count; (*at)++) {
		struct login_entry entry = login_at(login, *at);
		if (entry.options & LOGIN_ENABLED) {
			*options = entry.options;
			return entry.connection;
		}
	}
	return UINT64_MAX;
}

static bool policy_wants(uint32_t policy, uint32_t from)
{
	switch (policy) {
	case ORGDB_POLICY_ORGANIZATION:
		return from & ORGDB_FROM_ORGANIZATION;
	case ORGDB_POLICY_INTERSECTION:
		return from == (ORGDB_FROM_APPLICATION | ORGDB_FROM_ORGANIZATION);
	default:
		return true;
	}
}

static orgdb_merged_connection make_entry(const orgdb_connection *connection, uint32_t from, uint32_t options)
{
	orgdb_merged_connection entry = { .connection = connection, .from = from };
	entry.show_as_button = connection->show_as_button;
	if (from & ORGDB_FROM_ORGANIZATION) {
		entry.show_as_button = options & LOGIN_SHOW_AS_BUTTON;
		entry.assign_membership_on_login = options & LOGIN_ASSIGN_MEMBERSHIP;
		entry.is_signup_enabled = options & LOGIN_SIGNUP;
		entry.organization_access_level = (options & LOGIN_ACCESS_MASK) >> LOGIN_ACCESS_SHIFT;
	}
	entry.visible = connection->kind != ORGDB_ENTERPRISE || entry.show_as_button;
	return entry;
}

/* Where the answer goes. */
struct answer {
	orgdb_merged_connection *array;
	size_t capacity;
	size_t count;
};

static int add_entry(orgdb_txn *txn, const orgdb_merge_options *options, uint64_t ordinal, uint32_t from,
	uint32_t edge_options, struct answer *answer)
{
	const orgdb_connection *connection;
	int rc = catalog_connection_of(txn, ordinal, &connection);
	if (rc != 0)
		return rc;
	orgdb_merged_connection entry = make_entry(connection, from, edge_options);
	if (options->visible_only && !entry.visible)
		return 0;
	if (answer->count < answer->capacity)
		answer->array[answer->count] = entry;
	answer->count++;
	return 0;
}

/* What is being asked, found. */
struct question {
	orgdb_txn *txn;
	const struct catalog_application *application;
	struct login login; /* Without an organization, empty. */
	struct login_copy copy;
	orgdb_merge_options options;
};

static int merge(const struct question *question, struct answer *answer)
{
	const struct catalog_application *application = question->application;
	uint32_t own = 0, at = 0, edge_options = 0;
	for (;;) {
		uint64_t a = own < application->count ? application->connections[own] : UINT64_MAX;
		uint64_t b = peek_login(&question->login, &at, &edge_options);
		uint64_t ordinal = a < b ? a : b;
		if (ordinal == UINT64_MAX)
			return 0;
		uint32_t from = (a == ordinal ? ORGDB_FROM_APPLICATION : 0u) | (b == ordinal ? ORGDB_FROM_ORGANIZATION : 0u);
		if (policy_wants(question->options.policy, from)) {
			int rc = add_entry(question->txn, &question->options, ordinal, from, edge_options, answer);
			if (rc != 0)
				return rc;
		}
		own += a == ordinal;
		at += b == ordinal;
	}
}

static int check_options(const orgdb_merge_options *given, orgdb_merge_options *options)
{
	*options = (orgdb_merge_options)ORGDB_MERGE_OPTIONS_INIT;
	if (!given)
		return 0;
	if (given->size != sizeof(*given))
		return orgdb__fail(ORGDB_INVALID, "options.size",
			"options.size must be %zu, as ORGDB_MERGE_OPTIONS_INIT sets it", sizeof(*given));
	if (given->policy > ORGDB_POLICY_INTERSECTION)
		return orgdb__fail(
			ORGDB_INVALID, "options.policy", "options.policy must be an orgdb_policy, not %u", given->policy);
	*options = *given;
	return 0;
}

static int check_usage(uint32_t usage, const char *organization_id)
{
	bool forbidden = organization_id ? usage == ORGDB_USAGE_DENY : usage == ORGDB_USAGE_REQUIRE;
	if (!forbidden)
		return 0;
	return orgdb__fail(ORGDB_FORBIDDEN, "application.organization_usage",
		"the application's organization_usage is \"%s\", so it may not be used %s an organization",
		orgdb_organization_usage_name(usage), organization_id ? "in" : "without");
}

/* A write transaction sees rows that the cache must not. */
static int find_login(struct question *question, orgdb_str id)
{
	if (question->txn->write)
		return orgdb__login_get(question->txn, id, &question->login);
	return orgdb__login_cached(question->txn, id, &question->copy, &question->login);
}

static int find_both(const char *client_id, const char *organization_id, struct question *question)
{
	orgdb_merge_options *options = &question->options;
	orgdb_str organization = orgdb_string(organization_id);
	if (organization_id && !question->txn->write)
		orgdb__login_prefetch(question->txn, organization);
	int rc = orgdb__catalog_open(question->txn);
	if (rc == 0)
		rc = orgdb__catalog_application(question->txn, orgdb_string(client_id), &question->application);
	if (rc != 0)
		return rc;
	if (options->usage)
		*options->usage = question->application->usage;
	if (organization_id)
		rc = find_login(question, organization);
	else
		options->policy = ORGDB_POLICY_UNION;
	return rc == 0 && options->enforce_usage ? check_usage(question->application->usage, organization_id) : rc;
}

int orgdb_merged_connections(orgdb_txn *txn, const char *client_id, const char *organization_id,
	const orgdb_merge_options *given, orgdb_merged_connection *array, size_t capacity, size_t *count)
{
	struct question question; /* Not zeroed: the copy is large and mostly unused. */
	struct answer answer = { array, capacity, 0 };
	int rc = orgdb__txn_read(txn);
	question.txn = txn;
	question.login = (struct login){ 0 };
	if (rc == 0)
		rc = check_options(given, &question.options);
	if (rc == 0)
		rc = find_both(client_id, organization_id, &question);
	if (rc == 0)
		rc = merge(&question, &answer);
	if (rc != 0)
		return rc;
	*count = answer.count;
	if (answer.count > capacity)
		return orgdb__fail(
			ORGDB_TRUNCATED, "", "there are %zu merged connections and room for %zu", answer.count, capacity);
	return 0;
}
