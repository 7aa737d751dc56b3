/*
 * The tenant that merged lookups are asked about; see tenant.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tenant.h"

#include <inttypes.h>
#include <stdio.h>

#include "harness.h"
#include "orgdb.h"

/* --- Ids ---------------------------------------------------------------------------------------------------------- */

static void write_letters(char *text, size_t length, uint64_t number)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	uint64_t bits = 0;
	for (size_t i = 0; i < length; i++, bits /= 62) {
		if (i % 8 == 0)
			bits = number = mix(number);
		text[i] = letters[bits % 62];
	}
	text[length] = '\0';
}

struct organization_id organization_id(uint64_t organization)
{
	struct organization_id id = { "org_" };
	write_letters(id.text + 4, 16, organization);
	return id;
}

struct client_id client_id(uint64_t application)
{
	struct client_id id;
	write_letters(id.text, CLIENT_ID_LENGTH, UINT64_C(1) << 40 | application);
	return id;
}

struct user_id user_id(uint64_t user)
{
	struct user_id id;
	snprintf(id.text, sizeof(id.text), "auth0|%08" PRIx64 "%010" PRIx64 "%06" PRIx64, UINT64_C(0x60000000) + user,
		mix(user) >> 24, user & 0xffffff);
	return id;
}

/* --- Connections -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *strategy;
	const char *display_name;
	uint32_t kind;
} shared[TENANT_SHARED] = {
	{ "auth0", "Email and password", ORGDB_DATABASE },
	{ "google-oauth2", "Google", ORGDB_SOCIAL },
	{ "windowslive", "Microsoft", ORGDB_SOCIAL },
	{ "github", "GitHub", ORGDB_SOCIAL },
	{ "auth0", "Partner account", ORGDB_DATABASE },
	{ "email", "Code by email", ORGDB_PASSWORDLESS },
	{ "apple", "Apple", ORGDB_SOCIAL },
	{ "sms", "Code by phone", ORGDB_PASSWORDLESS },
};

static const char *const enterprise_strategies[] = { "samlp", "okta", "waad", "oidc" };

struct connection_fields tenant_connection(uint32_t connection)
{
	struct connection_fields fields = { "con_", "", "", NULL, ORGDB_ENTERPRISE, connection % 3 == 0 };
	write_letters(fields.id + 4, 16, UINT64_C(1) << 41 | connection);
	if (connection < TENANT_SHARED) {
		fields.strategy = shared[connection].strategy;
		fields.kind = shared[connection].kind;
		snprintf(fields.name, sizeof(fields.name), "shared-%s-%" PRIu32, fields.strategy, connection);
		snprintf(fields.display_name, sizeof(fields.display_name), "%s", shared[connection].display_name);
	} else {
		fields.strategy = enterprise_strategies[connection % COUNT_OF(enterprise_strategies)];
		snprintf(fields.name, sizeof(fields.name), "company-%" PRIu32 "-%s", connection, fields.strategy);
		snprintf(fields.display_name, sizeof(fields.display_name), "Company %" PRIu32 " staff", connection);
	}
	return fields;
}

/* --- Edges -------------------------------------------------------------------------------------------------------- */

/* Takes `count` of the shared connections, in ascending order. */
static size_t take_shared(struct edge *edges, size_t count, uint64_t *state)
{
	size_t taken = 0;
	for (uint32_t i = 0; i < TENANT_SHARED && taken < count; i++)
		if (random_below(state, TENANT_SHARED - i) < count - taken)
			edges[taken++] = (struct edge){ i, 0 };
	return taken;
}

size_t application_edges(const struct tenant *tenant, uint32_t application, struct edge *edges)
{
	uint64_t state = UINT64_C(1) << 42 | application;
	size_t count = 2 + random_below(&state, TENANT_APPLICATION_EDGES - 1);
	size_t taken = take_shared(edges, 1 + random_below(&state, count), &state);
	uint32_t enterprise = TENANT_SHARED;
	for (; taken < count; taken++) {
		enterprise += (uint32_t)random_below(&state, (tenant->connections - TENANT_SHARED) / TENANT_APPLICATION_EDGES);
		edges[taken] = (struct edge){ enterprise++, 0 };
	}
	return count;
}

/* Sign-up is for databases only, and only together with membership on login. */
static uint32_t edge_options(uint32_t connection, uint64_t *state)
{
	uint64_t bits = random_next(state);
	uint32_t options = bits & (EDGE_SHOW_AS_BUTTON | EDGE_ASSIGN_MEMBERSHIP);
	if ((bits >> 8 & 15) != 0)
		options |= EDGE_ENABLED;
	if (connection < TENANT_SHARED && shared[connection].kind == ORGDB_DATABASE && options & EDGE_ASSIGN_MEMBERSHIP)
		options |= bits & EDGE_SIGNUP;
	if (connection >= TENANT_SHARED)
		options |= (uint32_t)(bits >> 16 & 3) << EDGE_ACCESS_SHIFT;
	return options;
}

size_t organization_edges(const struct tenant *tenant, uint64_t organization, struct edge *edges)
{
	uint64_t state = UINT64_C(1) << 43 | organization;
	size_t count = 1 + random_below(&state, TENANT_ORGANIZATION_EDGES);
	bool enterprise = random_below(&state, 5) < 2;
	size_t taken = take_shared(edges, enterprise ? count - 1 : count, &state);
	if (enterprise)
		edges[taken++].connection = TENANT_SHARED + (uint32_t)random_below(&state, tenant->connections - TENANT_SHARED);
	for (size_t i = 0; i < taken; i++)
		edges[i].options = edge_options(edges[i].connection, &state);
	return taken;
}

/* A large prime is no divisor of the number of organizations, so each comes once before any comes again. */
struct new_membership new_membership(const struct tenant *tenant, uint64_t number)
{
	uint64_t again = number / tenant->organizations;
	uint64_t organization = number % tenant->organizations * UINT64_C(4294967291) % tenant->organizations;
	return (struct new_membership){ organization, (organization + again) % TENANT_USERS };
}
