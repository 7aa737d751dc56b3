/*
 * The tenant of stress_changes: a naive model of it, the changes that it goes through, and the answers that are right.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress_tenant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint32_t below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)(next_random(state) >> 32) % limit;
}

static const struct strategy {
	const char *name;
	uint32_t kind;
} strategies[] = {
	{ "auth0", ORGDB_DATABASE },
	{ "google-oauth2", ORGDB_SOCIAL },
	{ "samlp", ORGDB_ENTERPRISE },
	{ "oidc", ORGDB_ENTERPRISE },
};

char client_ids[APPLICATIONS + 1][24];
char connection_ids[CONNECTIONS + 1][24];
char organization_ids[NOWHERE][24];
static char connection_names[CONNECTIONS][24];
static char organization_names[ORGANIZATIONS][24];
static char user_ids[USERS][24];

void tenant_make_ids(void)
{
	for (int i = 0; i <= APPLICATIONS; i++)
		snprintf(client_ids[i], sizeof(client_ids[i]), "application-%d", i);
	for (int i = 0; i <= CONNECTIONS; i++)
		snprintf(connection_ids[i], sizeof(connection_ids[i]), "con_%016d", i);
	for (int i = 0; i < CONNECTIONS; i++)
		snprintf(connection_names[i], sizeof(connection_names[i]), "connection-%d", i);
	for (int i = 0; i <= STRANGER; i++)
		snprintf(organization_ids[i], sizeof(organization_ids[i]), "org_%016d", i);
	snprintf(organization_ids[MISFIT], sizeof(organization_ids[MISFIT]), "org_%d", MISFIT);
	for (int i = 0; i < ORGANIZATIONS; i++)
		snprintf(organization_names[i], sizeof(organization_names[i]), "organization-%d", i);
	for (int i = 0; i < USERS; i++)
		snprintf(user_ids[i], sizeof(user_ids[i]), "auth0|%d", i);
}

/* ---- Changes ----------------------------------------------------------------------------------------------------- */

/* A change in the making: in the model, and in the store if there is a transaction. Both draw the same. */
struct step {
	struct tenant *tenant;
	orgdb_txn *txn;
	uint64_t random;
	int rc; /* The store's first failure. */
};

#define IN_STORE(step, call) ((step)->txn && (step)->rc == 0 ? (void)((step)->rc = (call)) : (void)0)

/* Signing up needs a database and membership on login. */
static uint8_t legal_options(uint32_t strategy, uint32_t options)
{
	bool may_sign_up = strategies[strategy].kind == ORGDB_DATABASE && options & EDGE_ASSIGN;
	return (uint8_t)(may_sign_up ? options : options & ~(uint32_t)EDGE_SIGNUP);
}

/* Create, update or, for 0, delete it. */
static void set_edge(struct step *step, uint32_t o, uint32_t c, uint32_t wanted)
{
	uint8_t *edge = &step->tenant->organizations[o].edges[c];
	uint8_t options = legal_options(step->tenant->connections[c].strategy, wanted), before = *edge;
	orgdb_enabled_connection values = ORGDB_ENABLED_CONNECTION_INIT;
	values.fields = ORGDB_ENABLED_CONNECTION_IS_ENABLED | ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON |
		ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN | ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED |
		ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL | ORGDB_ENABLED_CONNECTION_ORGANIZATION_CONNECTION_NAME;
	values.is_enabled = options & EDGE_ENABLED;
	values.show_as_button = options & EDGE_SHOW;
	values.assign_membership_on_login = options & EDGE_ASSIGN;
	values.is_signup_enabled = options & EDGE_SIGNUP;
	values.organization_access_level = options >> EDGE_ACCESS_SHIFT;
	values.organization_connection_name = orgdb_string("ours");
	*edge = options;
	const char *organization = organization_ids[o], *connection = connection_ids[c];
	if (options == 0)
		IN_STORE(step, orgdb_enabled_connection_delete(step->txn, organization, connection));
	else if (before != 0)
		IN_STORE(step, orgdb_enabled_connection_update(step->txn, organization, connection, &values));
	else
		IN_STORE(step, orgdb_enabled_connection_create(step->txn, organization, connection, &values));
}

/* Three of four are enabled. */
static void add_edge(struct step *step, uint32_t o, uint32_t c)
{
	uint32_t options = EDGE | (below(&step->random, 128) & EDGE_OPTIONS);
	set_edge(step, o, c, below(&step->random, 2) ? options | EDGE_ENABLED : options);
}

static void toggle_use(struct step *step, uint32_t a, uint32_t c)
{
	uint32_t *connections = &step->tenant->applications[a].connections;
	*connections ^= UINT32_C(1) << c;
	if (*connections >> c & 1)
		IN_STORE(step, orgdb_application_connection_enable(step->txn, client_ids[a], connection_ids[c], NULL));
	else
		IN_STORE(step, orgdb_application_connection_disable(step->txn, client_ids[a], connection_ids[c]));
}

/* Whatever is created begins with about half of the edges that it can have. */
static void create_connection(struct step *step, uint32_t c)
{
	struct tenant *tenant = step->tenant;
	struct connection *connection = &tenant->connections[c];
	*connection = (struct connection){ .place = ++tenant->places };
	connection->strategy = below(&step->random, COUNT_OF(strategies));
	connection->show_as_button = below(&step->random, 2);
	orgdb_connection values = ORGDB_CONNECTION_INIT;
	values.id = orgdb_string(connection_ids[c]);
	values.name = orgdb_string(connection_names[c]);
	values.strategy = orgdb_string(strategies[connection->strategy].name);
	values.show_as_button = connection->show_as_button;
	IN_STORE(step, orgdb_connection_create(step->txn, &values, NULL));
	for (uint32_t a = 0; a < APPLICATIONS; a++)
		if (tenant->applications[a].there && below(&step->random, 2))
			toggle_use(step, a, c);
	for (uint32_t o = 0; o < BUSY; o++)
		if (tenant->organizations[o].there && below(&step->random, 2))
			add_edge(step, o, c);
}

static void create_application(struct step *step, uint32_t a)
{
	struct application *application = &step->tenant->applications[a];
	*application = (struct application){ .there = true, .usage = below(&step->random, 3) };
	orgdb_application values = ORGDB_APPLICATION_INIT;
	values.client_id = orgdb_string(client_ids[a]);
	values.name = orgdb_string(client_ids[a]);
	values.organization_usage = application->usage;
	IN_STORE(step, orgdb_application_create(step->txn, &values, NULL));
	for (uint32_t c = 0; c < CONNECTIONS; c++)
		if (step->tenant->connections[c].place && below(&step->random, 2))
			toggle_use(step, a, c);
}

static void create_organization(struct step *step, uint32_t o)
{
	step->tenant->organizations[o] = (struct organization){ .there = true };
	orgdb_organization values = ORGDB_ORGANIZATION_INIT;
	values.id = orgdb_string(organization_ids[o]);
	values.name = orgdb_string(organization_names[o]);
	IN_STORE(step, orgdb_organization_create(step->txn, &values, NULL));
	for (uint32_t c = 0; c < CONNECTIONS; c++)
		if (step->tenant->connections[c].place && below(&step->random, 2))
			add_edge(step, o, c);
}

static void delete_connection(struct step *step, uint32_t c)
{
	step->tenant->connections[c] = (struct connection){ 0 };
	for (uint32_t a = 0; a < APPLICATIONS; a++)
		step->tenant->applications[a].connections &= ~(UINT32_C(1) << c);
	for (uint32_t o = 0; o < ORGANIZATIONS; o++)
		step->tenant->organizations[o].edges[c] = 0;
	IN_STORE(step, orgdb_connection_delete(step->txn, connection_ids[c], NULL));
}

static void delete_application(struct step *step, uint32_t a)
{
	step->tenant->applications[a] = (struct application){ 0 };
	for (uint32_t o = 0; o < ORGANIZATIONS; o++)
		step->tenant->organizations[o].places &= ~(1u << a);
	IN_STORE(step, orgdb_application_delete(step->txn, client_ids[a], NULL));
}

static void delete_organization(struct step *step, uint32_t o)
{
	step->tenant->organizations[o] = (struct organization){ 0 };
	IN_STORE(step, orgdb_organization_delete(step->txn, organization_ids[o], NULL));
}

uint32_t draw_organization(uint64_t *random)
{
	return below(random, below(random, 4) ? BUSY : ORGANIZATIONS);
}

/* One that is there, now at the latest. */
static uint32_t some_connection(struct step *step)
{
	uint32_t c = below(&step->random, CONNECTIONS);
	if (!step->tenant->connections[c].place)
		create_connection(step, c);
	return c;
}

static uint32_t some_application(struct step *step)
{
	uint32_t a = below(&step->random, APPLICATIONS);
	if (!step->tenant->applications[a].there)
		create_application(step, a);
	return a;
}

static uint32_t some_organization(struct step *step)
{
	uint32_t o = draw_organization(&step->random);
	if (!step->tenant->organizations[o].there)
		create_organization(step, o);
	return o;
}

/* ---- Each kind of change, which always changes something --------------------------------------------------------- */

static void change_edge(struct step *step)
{
	uint32_t c = some_connection(step), o = some_organization(step);
	if (step->tenant->organizations[o].edges[c])
		set_edge(step, o, c, 0);
	else
		add_edge(step, o, c);
}

static void change_options(struct step *step)
{
	uint32_t c = some_connection(step), o = some_organization(step);
	uint8_t before = step->tenant->organizations[o].edges[c];
	if (!before) {
		add_edge(step, o, c);
		return;
	}
	uint32_t options = before ^ (below(&step->random, 128) & EDGE_OPTIONS);
	options = legal_options(step->tenant->connections[c].strategy, options);
	set_edge(step, o, c, options == before ? options ^ EDGE_ENABLED : options);
}

static void change_use(struct step *step)
{
	uint32_t c = some_connection(step), a = some_application(step);
	toggle_use(step, a, c);
}

static void change_display_name(struct step *step)
{
	uint32_t c = some_connection(step);
	struct connection *connection = &step->tenant->connections[c];
	if (connection->display_name[0] && below(&step->random, 4) == 0)
		connection->display_name[0] = '\0';
	else
		snprintf(
			connection->display_name, sizeof(connection->display_name), "Named by %" PRIu64, step->tenant->lsn + 1);
	orgdb_connection changes = ORGDB_CONNECTION_INIT;
	changes.fields = ORGDB_CONNECTION_DISPLAY_NAME;
	if (connection->display_name[0])
		changes.display_name = orgdb_string(connection->display_name);
	IN_STORE(step, orgdb_connection_update(step->txn, connection_ids[c], &changes));
}

static void change_button(struct step *step)
{
	uint32_t c = some_connection(step);
	struct connection *connection = &step->tenant->connections[c];
	connection->show_as_button = !connection->show_as_button;
	orgdb_connection changes = ORGDB_CONNECTION_INIT;
	changes.fields = ORGDB_CONNECTION_SHOW_AS_BUTTON;
	changes.show_as_button = connection->show_as_button;
	IN_STORE(step, orgdb_connection_update(step->txn, connection_ids[c], &changes));
}

static void change_usage(struct step *step)
{
	uint32_t a = some_application(step);
	struct application *application = &step->tenant->applications[a];
	application->usage = (application->usage + 1 + below(&step->random, 2)) % 3;
	orgdb_application changes = ORGDB_APPLICATION_INIT;
	changes.fields = ORGDB_APPLICATION_ORGANIZATION_USAGE;
	changes.organization_usage = application->usage;
	IN_STORE(step, orgdb_application_update(step->txn, client_ids[a], &changes));
}

/* In the organization's row, which the caches keep. */
static void change_guard(struct step *step)
{
	uint32_t o = some_organization(step);
	struct organization *organization = &step->tenant->organizations[o];
	organization->guarded = !organization->guarded;
	orgdb_organization changes = ORGDB_ORGANIZATION_INIT;
	changes.fields = ORGDB_ORGANIZATION_IS_APP_ENTITLEMENT_ACTIVE;
	changes.is_app_entitlement_active = organization->guarded;
	IN_STORE(step, orgdb_organization_update(step->txn, organization_ids[o], &changes));
}

static void change_place(struct step *step)
{
	orgdb_organization_application place = { .use_for_member_access = true };
	uint32_t a = some_application(step), o = some_organization(step);
	uint32_t *places = &step->tenant->organizations[o].places;
	*places ^= 1u << a;
	if (*places >> a & 1)
		IN_STORE(step, orgdb_organization_application_add(step->txn, organization_ids[o], client_ids[a], &place));
	else
		IN_STORE(step, orgdb_organization_application_remove(step->txn, organization_ids[o], client_ids[a]));
}

/* Memberships are none of the caches' business. */
static void change_membership(struct step *step)
{
	uint32_t o = some_organization(step), u = below(&step->random, USERS);
	uint8_t *members = &step->tenant->organizations[o].members;
	*members ^= (uint8_t)(1 << u);
	if (*members >> u & 1)
		IN_STORE(step, orgdb_membership_add(step->txn, organization_ids[o], user_ids[u], NULL));
	else
		IN_STORE(step, orgdb_membership_remove(step->txn, organization_ids[o], user_ids[u]));
}

/* Half of the time the same id comes back in the same transaction. */
static void replace_connection(struct step *step)
{
	uint32_t c = some_connection(step);
	delete_connection(step, c);
	if (below(&step->random, 2))
		create_connection(step, c);
}

static void replace_application(struct step *step)
{
	uint32_t a = some_application(step);
	delete_application(step, a);
	if (below(&step->random, 2))
		create_application(step, a);
}

static void replace_organization(struct step *step)
{
	uint32_t o = some_organization(step);
	delete_organization(step, o);
	if (below(&step->random, 2))
		create_organization(step, o);
}

static const struct {
	uint32_t share; /* In percent. */
	void (*change)(struct step *step);
} kinds_of_change[] = {
	{ 19, change_edge },
	{ 17, change_options },
	{ 16, change_use },
	{ 9, change_display_name },
	{ 6, change_button },
	{ 5, change_usage },
	{ 4, change_guard },
	{ 2, change_place },
	{ 8, change_membership },
	{ 3, replace_connection },
	{ 3, replace_application },
	{ 8, replace_organization },
};

static void populate(struct step *step)
{
	for (int u = 0; u < USERS; u++) {
		orgdb_user user = ORGDB_USER_INIT;
		user.user_id = orgdb_string(user_ids[u]);
		IN_STORE(step, orgdb_user_create(step->txn, &user, NULL));
	}
	for (uint32_t c = 0; c < CONNECTIONS; c++)
		create_connection(step, c);
	for (uint32_t a = 0; a < APPLICATIONS; a++)
		create_application(step, a);
	for (uint32_t o = 0; o < ORGANIZATIONS; o++)
		create_organization(step, o);
}

/* Make the next change, or one like it for another @p salt, in the model and, if @p txn is given, in the store. */
int tenant_change(struct tenant *tenant, orgdb_txn *txn, uint64_t salt)
{
	struct step step = { tenant, txn, tenant->seed ^ salt << 32, 0 };
	step.random = next_random(&step.random) + tenant->lsn * UINT64_C(0xd1342543de82ef95);
	if (tenant->lsn == 0) {
		populate(&step);
	} else {
		do {
			uint32_t chance = below(&step.random, 100), i = 0;
			while (chance >= kinds_of_change[i].share)
				chance -= kinds_of_change[i++].share;
			kinds_of_change[i].change(&step);
		} while (below(&step.random, 8) == 0);
	}
	tenant->lsn++;
	return step.rc;
}

void tenant_advance(struct tenant *tenant, uint64_t lsn)
{
	while (tenant->lsn < lsn)
		tenant_change(tenant, NULL, 0);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

/* The connection that was created next after @p place; NULL if there is none. */
static const struct connection *next_created(const struct tenant *tenant, uint64_t place)
{
	const struct connection *found = NULL;
	for (int c = 0; c < CONNECTIONS; c++) {
		const struct connection *connection = &tenant->connections[c];
		if (connection->place > place && (!found || connection->place < found->place))
			found = connection;
	}
	return found;
}

static orgdb_connection view_connection(const struct tenant *tenant, const struct connection *connection)
{
	size_t c = (size_t)(connection - tenant->connections);
	orgdb_connection view = ORGDB_CONNECTION_INIT;
	view.id = orgdb_string(connection_ids[c]);
	view.name = orgdb_string(connection_names[c]);
	view.display_name = connection->display_name[0] ? orgdb_string(connection->display_name) : view.name;
	view.strategy = orgdb_string(strategies[connection->strategy].name);
	view.kind = strategies[connection->strategy].kind;
	view.show_as_button = connection->show_as_button;
	return view;
}

/* One connection's entry, without the connection; its `from` is 0 if there is none. */
static orgdb_merged_connection judge(
	const struct tenant *tenant, const struct question *question, const struct connection *connection)
{
	size_t c = (size_t)(connection - tenant->connections);
	uint8_t edge = question->organization < ORGANIZATIONS ? tenant->organizations[question->organization].edges[c] : 0;
	orgdb_merged_connection entry = { .show_as_button = connection->show_as_button };
	if (tenant->applications[question->application].connections >> c & 1)
		entry.from |= ORGDB_FROM_APPLICATION;
	if (edge & EDGE_ENABLED) {
		entry.from |= ORGDB_FROM_ORGANIZATION;
		entry.show_as_button = edge & EDGE_SHOW;
		entry.assign_membership_on_login = edge & EDGE_ASSIGN;
		entry.is_signup_enabled = edge & EDGE_SIGNUP;
		entry.organization_access_level = (uint32_t)edge >> EDGE_ACCESS_SHIFT;
	}
	entry.visible = strategies[connection->strategy].kind != ORGDB_ENTERPRISE || entry.show_as_button;
	return entry;
}

static bool is_wanted(const struct question *question, const orgdb_merged_connection *entry)
{
	uint32_t policy = question->organization == NOWHERE ? ORGDB_POLICY_UNION : question->options.policy;
	if (entry->from == 0 || (question->options.visible_only && !entry->visible))
		return false;
	if (policy == ORGDB_POLICY_ORGANIZATION)
		return entry->from & ORGDB_FROM_ORGANIZATION;
	return policy == ORGDB_POLICY_UNION || entry->from == (ORGDB_FROM_APPLICATION | ORGDB_FROM_ORGANIZATION);
}

/* Whether the question can be asked at all. */
static int judge_question(const struct tenant *tenant, const struct question *question)
{
	uint32_t o = question->organization;
	if (question->application == APPLICATIONS || !tenant->applications[question->application].there)
		return ORGDB_NOT_FOUND;
	if (o == STRANGER || o == MISFIT || (o < ORGANIZATIONS && !tenant->organizations[o].there))
		return ORGDB_NOT_FOUND;
	uint32_t forbidden = o == NOWHERE ? ORGDB_USAGE_REQUIRE : ORGDB_USAGE_DENY;
	bool is_forbidden = tenant->applications[question->application].usage == forbidden;
	if (o < ORGANIZATIONS && tenant->organizations[o].guarded)
		is_forbidden |= !(tenant->organizations[o].places >> question->application & 1);
	return question->options.enforce_rules && is_forbidden ? ORGDB_FORBIDDEN : ORGDB_OK;
}

void tenant_merged(const struct tenant *tenant, const struct question *question, struct answer *answer)
{
	uint32_t a = question->application;
	bool found = a < APPLICATIONS && tenant->applications[a].there;
	answer->count = 0;
	answer->usage = found ? tenant->applications[a].usage : UNKNOWN_USAGE;
	answer->result = judge_question(tenant, question);
	if (answer->result != 0)
		return;
	const struct connection *connection = NULL;
	while ((connection = next_created(tenant, connection ? connection->place : 0))) {
		orgdb_merged_connection entry = judge(tenant, question, connection);
		if (!is_wanted(question, &entry))
			continue;
		answer->connections[answer->count] = view_connection(tenant, connection);
		entry.connection = &answer->connections[answer->count];
		answer->entries[answer->count++] = entry;
	}
	if (answer->count > question->capacity)
		answer->result = ORGDB_TRUNCATED;
}

void tenant_allowed(const struct tenant *tenant, const struct question *question, struct answer *answer)
{
	uint32_t c = question->connection;
	tenant_merged(tenant, question, answer);
	if (answer->result != 0)
		return;
	for (size_t i = 0; i < answer->count; i++)
		if (orgdb_str_equal(answer->entries[i].connection->id, orgdb_string(connection_ids[c]))) {
			answer->entries[0] = answer->entries[i];
			answer->count = 1;
			return;
		}
	answer->result = c < CONNECTIONS && tenant->connections[c].place ? ORGDB_FORBIDDEN : ORGDB_NOT_FOUND;
}

const char *organization_id_of(const struct question *question)
{
	return question->organization == NOWHERE ? NULL : organization_ids[question->organization];
}

/* Does the error name something that is missing? */
bool tenant_lacks(const struct tenant *tenant, const struct question *question, const char *field)
{
	uint32_t a = question->application, o = question->organization, c = question->connection;
	if (strncmp(field, "application", 11) == 0)
		return a == APPLICATIONS || !tenant->applications[a].there;
	if (strncmp(field, "organization", 12) == 0)
		return o == STRANGER || o == MISFIT || (o < ORGANIZATIONS && !tenant->organizations[o].there);
	return strncmp(field, "connection", 10) == 0 && (c == CONNECTIONS || !tenant->connections[c].place);
}
