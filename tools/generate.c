/*
 * orgdb generate: a synthetic tenant of any size as JSON Lines.
 *
 * Everything about an object follows from the seed and its number, so nothing has to be remembered: memory stays flat,
 * and the same options give the same bytes everywhere.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli.h"

struct tenant {
	uint64_t seed;
	uint64_t organizations;
	uint64_t users;
	uint64_t memberships;
	uint64_t connections; /* that many organizations share */
	uint64_t enterprise;  /* connections of the first organizations, one for each */
	uint64_t applications;
	uint64_t roles;     /* of the tenant's */
	uint64_t own_roles; /* of the first organizations, one for each ... */
	uint64_t domains;   /* ... and so are discovery domains */
	uint64_t next_user; /* while organizations are passed by with their own users, who are numbered in this order */
};

/* --- Chance ------------------------------------------------------------------------------------------------------- */

/* What a number is drawn for, so that draws for different purposes have nothing to do with each other. */
enum purpose {
	FOR_ORGANIZATION,
	FOR_USER,
	FOR_CONNECTION,
	FOR_APPLICATION,
	FOR_ROLE,
	FOR_STRATEGY,
	FOR_OFFER,
	FOR_ENABLED,
	FOR_GUESTS,
	FOR_ROLES_OF_MEMBER,
	FOR_OWN_ROLE,
	FOR_DOMAIN,
};

/* Stafford's thirteenth mix of multiplications and shifts: one to one, so that ids do not collide. */
static uint64_t mix(uint64_t number)
{
	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

static uint64_t draw(const struct tenant *tenant, enum purpose purpose, uint64_t number)
{
	return mix(number + mix(tenant->seed + mix((uint64_t)purpose + 1)));
}

/* --- Shares ------------------------------------------------------------------------------------------------------- */

/* The part of `total` that falls to number `index` of `parts`, as even as can be. No factor is above 10^9. */
static uint64_t part(uint64_t total, uint64_t parts, uint64_t index)
{
	uint64_t rest = total % parts;
	return total / parts + (index + 1) * rest / parts - index * rest / parts;
}

static uint64_t octave_of(uint64_t number)
{
	uint64_t octave = 0;
	while (number >> (octave + 1) > 0)
		octave++;
	return octave;
}

/* The share of `total` that falls to number `index` of `count`. Sizes follow Zipf's law, by steps: the first one, the
 * next two, the next four and so on all have the same, which each of them divides evenly. */
static uint64_t share(uint64_t total, uint64_t count, uint64_t index)
{
	uint64_t octave = octave_of(index + 1);
	uint64_t octaves = octave_of(count) + 1;
	uint64_t first = (UINT64_C(1) << octave) - 1;
	uint64_t length = octave + 1 == octaves ? count - first : first + 1;
	return part(part(total, octaves, octave), length, index - first);
}

/* How many users are an organization's own. Each has an administrator at least, while users last. */
static uint64_t own_users(const struct tenant *tenant, uint64_t organization)
{
	if (tenant->users < tenant->organizations)
		return organization < tenant->users;
	return 1 + share(tenant->users - tenant->organizations, tenant->organizations, organization);
}

/* Memberships beyond those of the own users: of users that belong to more than one organization. */
static uint64_t all_guests(const struct tenant *tenant)
{
	return tenant->memberships > tenant->users ? tenant->memberships - tenant->users : 0;
}

/* --- Names -------------------------------------------------------------------------------------------------------- */

#define WORDS 16

static const char *const sectors[WORDS] = { "clinic", "bank", "school", "library", "foundry", "shipyard", "bakery",
	"museum", "theater", "airport", "harbor", "dairy", "brewery", "railway", "studio", "laboratory" };
static const char *const functions[WORDS] = { "auditor", "buyer", "clerk", "designer", "engineer", "guide", "inspector",
	"librarian", "manager", "nurse", "operator", "planner", "receptionist", "secretary", "teacher", "technician" };
static const char *const tasks[WORDS] = { "admin", "editor", "viewer", "billing", "support", "publisher", "auditor",
	"approver", "importer", "exporter", "translator", "scheduler", "reporter", "reviewer", "keeper", "guest" };
static const char *const uses[WORDS] = { "portal", "console", "mobile", "kiosk", "intranet", "shop", "wiki", "desk",
	"mail", "calendar", "archive", "reports", "training", "billing", "status", "api" };

static const char *const shared_strategies[] = { "auth0", "google-oauth2", "github", "email", "windowslive", "apple",
	"linkedin", "sms" };
#define SHARED_STRATEGIES (sizeof(shared_strategies) / sizeof(shared_strategies[0]))

static const char *const enterprise_strategies[] = { "samlp", "okta", "waad", "oidc", "adfs", "google-apps" };
#define ENTERPRISE_STRATEGIES (sizeof(enterprise_strategies) / sizeof(enterprise_strategies[0]))

/* "clinic-3" is the third clinic. */
#define NAME "%s-%" PRIu64
#define NAME_OF(words, number) (words)[(number) % WORDS], (number) / WORDS + 1

#define SIXTEEN "%016" PRIx64

/* Shared connections come first, then those of organizations. */
static uint64_t connection_id(const struct tenant *tenant, uint64_t connection)
{
	return draw(tenant, FOR_CONNECTION, connection);
}

/* Users have logged in first in different ways. */
static void print_user_id(const struct tenant *tenant, uint64_t user)
{
	uint64_t id = draw(tenant, FOR_USER, user);
	static const char *const providers[] = { "auth0|00000000", "google-oauth2|", "samlp|staff|", "waad|" };
	printf("\"user_id\": \"%s" SIXTEEN "\"", providers[user % 4], id);
}

/* --- Entities ----------------------------------------------------------------------------------------------------- */

static void print_shared_connection(struct tenant *tenant, uint64_t i)
{
	const char *strategy = shared_strategies[i % SHARED_STRATEGIES];
	printf("{\"kind\": \"connection\", \"id\": \"con_" SIXTEEN "\", \"name\": \"%s-%" PRIu64
		   "\", \"strategy\": \"%s\"}\n",
		connection_id(tenant, i), strategy, i / SHARED_STRATEGIES + 1, strategy);
}

static void print_enterprise_connection(struct tenant *tenant, uint64_t i)
{
	uint64_t chance = draw(tenant, FOR_STRATEGY, i);
	printf("{\"kind\": \"connection\", \"id\": \"con_" SIXTEEN "\", \"name\": \"" NAME
		   "-staff\", \"strategy\": \"%s\", "
		   "\"options\": {\"domain_aliases\": [\"" NAME ".example\"]}}\n",
		connection_id(tenant, tenant->connections + i), NAME_OF(sectors, i),
		enterprise_strategies[chance % ENTERPRISE_STRATEGIES], NAME_OF(sectors, i));
}

static void print_application(struct tenant *tenant, uint64_t i)
{
	static const char *const usages[] = { "allow", "require", "deny" };
	printf("{\"kind\": \"application\", \"client_id\": \"" SIXTEEN "\", \"name\": \"" NAME "\", \"callbacks\": "
		   "[\"https://" NAME ".example/callback\"], \"organization_usage\": \"%s\"}\n",
		draw(tenant, FOR_APPLICATION, i), NAME_OF(uses, i), NAME_OF(uses, i), usages[i % 3]);
}

/* Every application offers the first connection, and most of the others. */
static void print_offers(struct tenant *tenant, uint64_t application)
{
	for (uint64_t i = 0; i < tenant->connections && !output_failed(); i++)
		if (i == 0 || draw(tenant, FOR_OFFER, application * tenant->connections + i) % 4 > 0)
			printf("{\"kind\": \"application_connection\", \"client_id\": \"" SIXTEEN
				   "\", \"connection_id\": \"con_" SIXTEEN "\"}\n",
				draw(tenant, FOR_APPLICATION, application), connection_id(tenant, i));
}

static void print_role(struct tenant *tenant, uint64_t i)
{
	printf("{\"kind\": \"role\", \"id\": \"rol_" SIXTEEN "\", \"name\": \"" NAME "\"}\n", draw(tenant, FOR_ROLE, i),
		NAME_OF(tasks, i));
}

static void print_own_role(struct tenant *tenant, uint64_t organization)
{
	printf("{\"kind\": \"role\", \"id\": \"rol_" SIXTEEN "\", \"name\": \"" NAME
		   "\", \"type\": \"organization\", \"owner_id\": \"org_" SIXTEEN "\"}\n",
		draw(tenant, FOR_OWN_ROLE, organization), NAME_OF(tasks, organization),
		draw(tenant, FOR_ORGANIZATION, organization));
}

/* The domain of its users' addresses; of one organization in eight it was not verified yet. */
static void print_domain(struct tenant *tenant, uint64_t organization)
{
	uint64_t id = draw(tenant, FOR_DOMAIN, organization), owner = draw(tenant, FOR_ORGANIZATION, organization);
	printf("{\"kind\": \"discovery_domain\", \"id\": \"ord_000000" SIXTEEN "\", \"organization_id\": \"org_" SIXTEEN
		   "\", \"domain\": \"" NAME ".example\", \"status\": \"%s\", \"verification_txt\": \"" SIXTEEN SIXTEEN
		   "\", \"verification_host\": \"_ss-verification.org_" SIXTEEN "." NAME ".example\"}\n",
		id, owner, NAME_OF(sectors, organization), id % 8 > 0 ? "verified" : "pending", mix(id), mix(~id), owner,
		NAME_OF(sectors, organization));
}

static void print_user(const struct tenant *tenant, uint64_t user)
{
	fputs("{\"kind\": \"user\", ", stdout);
	print_user_id(tenant, user);
	printf(", \"email\": \"" NAME "@", NAME_OF(functions, user));
}

/* The users of an organization have its domain. */
static void print_own_users(struct tenant *tenant, uint64_t organization)
{
	for (uint64_t own = own_users(tenant, organization); own > 0 && !output_failed(); own--) {
		print_user(tenant, tenant->next_user);
		printf(NAME ".example\", \"email_verified\": %s}\n", NAME_OF(sectors, organization),
			tenant->next_user++ % 8 > 0 ? "true" : "false");
	}
}

static void print_free_user(struct tenant *tenant, uint64_t user)
{
	print_user(tenant, user);
	puts("users.example\"}");
}

static void print_organization(struct tenant *tenant, uint64_t i)
{
	static const char *const plans[] = { "free", "team", "business", "enterprise" };
	printf("{\"kind\": \"organization\", \"id\": \"org_" SIXTEEN "\", \"name\": \"" NAME
		   "\", \"display_name\": \"The " NAME "\", \"metadata\": {\"plan\": \"%s\"}}\n",
		draw(tenant, FOR_ORGANIZATION, i), NAME_OF(sectors, i), NAME_OF(sectors, i),
		plans[draw(tenant, FOR_ENABLED, i) / 3 % 4]);
}

/* --- Edges -------------------------------------------------------------------------------------------------------- */

static void print_enabled(const struct tenant *tenant, uint64_t organization, uint64_t connection, const char *options)
{
	printf("{\"kind\": \"enabled_connection\", \"organization_id\": \"org_" SIXTEEN
		   "\", \"connection_id\": \"con_" SIXTEEN "\"%s}\n",
		draw(tenant, FOR_ORGANIZATION, organization), connection_id(tenant, connection), options);
}

/* None to two of those that are shared, and its own. */
static void print_enabled_connections(struct tenant *tenant, uint64_t organization)
{
	uint64_t chance = draw(tenant, FOR_ENABLED, organization);
	for (uint64_t i = 0; i < chance % 3 && i < tenant->connections; i++)
		print_enabled(tenant, organization, (chance / 16 + i) % tenant->connections, "");
	if (organization < tenant->enterprise)
		print_enabled(
			tenant, organization, tenant->connections + organization, ", \"assign_membership_on_login\": true");
}

/* Half of all members have a role, a quarter has two. */
static void print_member(const struct tenant *tenant, uint64_t organization, uint64_t user)
{
	static const uint64_t how_many[] = { 0, 1, 1, 2 };
	uint64_t chance = draw(tenant, FOR_ROLES_OF_MEMBER, mix(organization) + user);
	printf("{\"kind\": \"membership\", \"organization_id\": \"org_" SIXTEEN "\", ",
		draw(tenant, FOR_ORGANIZATION, organization));
	print_user_id(tenant, user);
	for (uint64_t i = 0; i < how_many[chance % 4] && i < tenant->roles; i++)
		printf("%s\"rol_" SIXTEEN "\"", i == 0 ? ", \"roles\": [" : ", ",
			draw(tenant, FOR_ROLE, (chance / 4 + i) % tenant->roles));
	puts(chance % 4 > 0 && tenant->roles > 0 ? "]}" : "}");
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	return b == 0 ? a : greatest_common_divisor(b, a % b);
}

/* Members from elsewhere: a walk through all users that comes by each once, which leaves out the own ones, from `first`
 * up to `end`. */
static void print_guests(const struct tenant *tenant, uint64_t organization, uint64_t first, uint64_t end)
{
	uint64_t left = share(all_guests(tenant), tenant->organizations, organization);
	uint64_t chance = draw(tenant, FOR_GUESTS, organization);
	uint64_t user = chance % tenant->users;
	uint64_t step = 1 + mix(chance) % tenant->users;
	while (greatest_common_divisor(step, tenant->users) != 1)
		step++;
	for (; left > 0 && !output_failed(); user = (user + step) % tenant->users) {
		if (user >= first && user < end)
			continue;
		print_member(tenant, organization, user);
		left--;
	}
}

static void print_members(struct tenant *tenant, uint64_t organization)
{
	uint64_t first = tenant->next_user;
	for (uint64_t own = own_users(tenant, organization); own > 0 && !output_failed(); own--, tenant->next_user++)
		if (tenant->next_user < tenant->memberships)
			print_member(tenant, organization, tenant->next_user);
	if (all_guests(tenant) > 0)
		print_guests(tenant, organization, first, tenant->next_user);
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

static void each(struct tenant *tenant, uint64_t count, void (*print)(struct tenant *, uint64_t))
{
	tenant->next_user = 0;
	for (uint64_t i = 0; i < count && !output_failed(); i++)
		print(tenant, i);
}

static void generate(struct tenant *tenant)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 18);
	each(tenant, tenant->connections, print_shared_connection);
	each(tenant, tenant->enterprise, print_enterprise_connection);
	each(tenant, tenant->applications, print_application);
	each(tenant, tenant->applications, print_offers);
	if (tenant->organizations > 0)
		each(tenant, tenant->organizations, print_own_users);
	else
		each(tenant, tenant->users, print_free_user);
	each(tenant, tenant->organizations, print_organization);
	each(tenant, tenant->roles, print_role);
	each(tenant, tenant->own_roles, print_own_role);
	each(tenant, tenant->domains, print_domain);
	each(tenant, tenant->organizations, print_enabled_connections);
	each(tenant, tenant->organizations, print_members);
}

enum {
	OPTION_ORGANIZATIONS,
	OPTION_USERS,
	OPTION_MEMBERSHIPS,
	OPTION_CONNECTIONS,
	OPTION_ENTERPRISE,
	OPTION_APPLICATIONS,
	OPTION_ROLES,
	OPTION_OWN_ROLES,
	OPTION_DOMAINS,
	OPTION_SEED,
};

#define COUNT_MAX UINT64_C(1000000000)

static uint64_t count_of(const struct arguments *arguments, size_t option, uint64_t otherwise, uint64_t most)
{
	const struct command *command = arguments->command;
	uint64_t count = option_number(arguments, option, otherwise);
	if (count > most)
		misused(
			command, "--%s: expected at most %" PRIu64 ", got %" PRIu64, command->options[option].name, most, count);
	return count;
}

/* An organization's guests must be users that are not its own; none has many more of either than the first. */
static uint64_t memberships_max(const struct tenant *tenant)
{
	if (tenant->users == 0 || tenant->organizations == 0)
		return 0;
	uint64_t own = own_users(tenant, 0) + 1;
	uint64_t others = tenant->users > own ? tenant->users - own : 0;
	uint64_t most = tenant->users + (octave_of(tenant->organizations) + 1) * others;
	return most < COUNT_MAX ? most : COUNT_MAX;
}

static void read_tenant(struct tenant *tenant, const struct arguments *arguments)
{
	tenant->seed = option_number(arguments, OPTION_SEED, 1);
	tenant->organizations = count_of(arguments, OPTION_ORGANIZATIONS, 100, COUNT_MAX);
	uint64_t ten_each = tenant->organizations < COUNT_MAX / 10 ? 10 * tenant->organizations : COUNT_MAX;
	tenant->users = count_of(arguments, OPTION_USERS, ten_each, COUNT_MAX);
	tenant->connections = count_of(arguments, OPTION_CONNECTIONS, 4, COUNT_MAX);
	tenant->enterprise = count_of(arguments, OPTION_ENTERPRISE, tenant->organizations, tenant->organizations);
	tenant->applications = count_of(arguments, OPTION_APPLICATIONS, 3, COUNT_MAX);
	tenant->roles = count_of(arguments, OPTION_ROLES, 8, COUNT_MAX);
	tenant->own_roles = count_of(arguments, OPTION_OWN_ROLES, 0, tenant->organizations);
	tenant->domains = count_of(arguments, OPTION_DOMAINS, 0, tenant->organizations);
	uint64_t most = memberships_max(tenant);
	uint64_t usual = tenant->users + tenant->users / 4;
	tenant->memberships = count_of(arguments, OPTION_MEMBERSHIPS, usual < most ? usual : most, most);
}

static int run(const struct arguments *arguments)
{
	struct tenant tenant = { 0 };
	read_tenant(&tenant, arguments);
	generate(&tenant);
	return STATUS_OK;
}

static const struct parameter operands[] = { { 0 } };

#define COUNT(option, what)                                              \
	{                                                                    \
		.name = option, .value = "N", .type = VALUE_NUMBER, .help = what \
	}

static const struct parameter options[] = {
	[OPTION_ORGANIZATIONS] = COUNT("organizations", "how many organizations; 100 if not given"),
	[OPTION_USERS] = COUNT("users", "how many users; if not given, ten times the organizations"),
	[OPTION_MEMBERSHIPS] = COUNT("memberships", "how many memberships; if not given, a quarter more than users"),
	[OPTION_CONNECTIONS] = COUNT("connections", "how many connections that organizations share; 4 if not given"),
	[OPTION_ENTERPRISE] = COUNT("enterprise",
		"how many organizations have an enterprise connection of their own; if not "
		"given, all"),
	[OPTION_APPLICATIONS] = COUNT("applications", "how many applications; 3 if not given"),
	[OPTION_ROLES] = COUNT("roles", "how many roles of the tenant's; 8 if not given"),
	[OPTION_OWN_ROLES] = COUNT("own-roles", "how many organizations have a role of their own; none if not given"),
	[OPTION_DOMAINS] = COUNT("domains", "how many organizations have a discovery domain; none if not given"),
	[OPTION_SEED] = COUNT("seed", "another number makes another tenant of the same size; 1 if not given"),
	{ 0 },
};

static const struct example examples[] = {
	{ "a tenant to try things out", "orgdb generate | orgdb load toy.orgdb" },
	{ "many organizations, few users", "orgdb generate --organizations 5000 --users 100 | orgdb load wide.orgdb" },
	{ 0 },
};

const struct command command_generate = {
	.name = "generate",
	.group = GROUP_WHOLE,
	.summary = "make up a tenant of any size, to try things out",
	.help =
		"Write a synthetic tenant to standard output as JSON Lines that 'orgdb load' can read. The same options give "
		"the same bytes. Names are words and numbers, domains end in .example.\n"
		"Organizations are large and small as in life: the first has about as many members as the next two "
		"together, and these as many as the next four. Each has an administrator and an enterprise connection of "
		"its own, and up to two of the shared connections; some users belong to several.\n"
		"Nothing is kept in memory, so it may be of any size; each number is at most 1000000000.\n",
	.operands = operands,
	.options = options,
	.examples = examples,
	.run = run,
};
