/*
 * Access: may an application be used in an organization, or without one?
 *
 * SPDX-License-Identifier: MIT
 */
#include "access.h"

#include "attributes.h"
#include "edges.h"
#include "error.h"

/* ---- The rules' names -------------------------------------------------------------------------------------------- */

static const struct {
	uint32_t rule;
	const char *name;
	const char *field;
	const char *text;
} rules[] = {
#define RULE_ROW(rule, value, name, field, text) { rule, name, field, text },
	ORGDB_RULES(RULE_ROW)
#undef RULE_ROW
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

/* Rules are numbered from 1 on. */
static bool is_rule(uint32_t rule)
{
	return rule - 1 < RULES && rules[rule - 1].rule == rule;
}

const char *orgdb_rule_name(uint32_t rule)
{
	return is_rule(rule) ? rules[rule - 1].name : rule == ORGDB_RULE_NONE ? "none" : "unknown";
}

const char *orgdb_rule_text(uint32_t rule)
{
	return is_rule(rule) ? rules[rule - 1].text : rule == ORGDB_RULE_NONE ? "nothing refuses" : "unknown rule";
}

int orgdb__refuse(uint32_t rule)
{
	return orgdb__fail_rule(rule, rules[rule - 1].field, "%s", rules[rule - 1].text);
}

int orgdb__refuse_one(uint32_t rule, const char *what, const char *id)
{
	return orgdb__fail_rule(
		rule, rules[rule - 1].field, "the %s \"%.60s\" is refused: %s", what, id, rules[rule - 1].text);
}

/* ---- What the catalog keeps -------------------------------------------------------------------------------------- */

/* How a prompt before the login may find the organization: by email, unless the application says otherwise. */
static uint8_t discovery_of(const orgdb_application *application)
{
	struct bytes rest = { application->organization_discovery_methods.data,
		application->organization_discovery_methods.size };
	uint32_t count;
	uint8_t methods = 0;
	orgdb_str method;
	if (!rest.data || !orgdb__record_take_array(&rest, &count))
		return ORGDB_DISCOVERY_EMAIL;
	for (; count > 0 && orgdb__record_take_text(&rest, &method); count--)
		methods |= orgdb_str_equal(method, orgdb_string("email")) ? ORGDB_DISCOVERY_EMAIL : ORGDB_DISCOVERY_NAME;
	return methods;
}

struct access_traits orgdb__access_traits(const orgdb_application *application)
{
	return (struct access_traits){
		.usage = (uint8_t)application->organization_usage,
		.behavior = (uint8_t)application->organization_require_behavior,
		.discovery = discovery_of(application),
		.third_party = !application->is_first_party,
	};
}

/* ---- The rules --------------------------------------------------------------------------------------------------- */

/* Without an organization: must it be asked for, and is that too late? */
static void judge_without(const struct access_traits *traits, orgdb_access *access)
{
	if (traits->usage == ORGDB_USAGE_DENY)
		return;
	access->prompt = traits->behavior;
	if (access->prompt == ORGDB_PRE_LOGIN_PROMPT)
		access->discovery = traits->discovery;
	if (traits->usage == ORGDB_USAGE_REQUIRE && access->prompt != ORGDB_POST_LOGIN_PROMPT)
		access->rule = ORGDB_RULE_ORGANIZATION_REQUIRED;
}

/* The application's place in the organization: has it one, and are members let in? */
static int find_place(orgdb_txn *txn, const struct catalog_application *application,
	const struct login_id *organization, bool *there, orgdb_organization_application *place)
{
	const struct kind *kind = orgdb__kind(ORGDB_KIND_ORGANIZATION_APPLICATION);
	struct login login;
	int rc = orgdb__login_find(txn, organization, &login);
	if (rc == ORGDB_NOT_FOUND)
		return orgdb__txn_corrupt(txn, TABLE_ORGANIZATION_LOGIN, "a row is missing");
	if (rc != 0)
		return rc;
	struct edge edge = orgdb__edge_of_organization_application(login.organization, application->ordinal);
	rc = orgdb__edge_exists(txn, &edge);
	*there = rc == 0;
	if (rc != 0)
		return rc == ORGDB_NOT_FOUND ? 0 : rc;
	struct key key = key_of_pair(login.organization, application->ordinal);
	return orgdb__attributes_read(txn, kind, &key, place);
}

/* A place decides, where places count; else who made the application does. */
static int judge_within(orgdb_txn *txn, const struct catalog_application *application,
	const struct login_id *organization, uint32_t flags, orgdb_access *access)
{
	orgdb_organization_application place;
	bool there = false;
	int rc = 0;
	if (application->traits.usage == ORGDB_USAGE_DENY) {
		access->rule = ORGDB_RULE_ORGANIZATION_DENIED;
		return 0;
	}
	if (flags & LOGIN_ENTITLEMENT)
		rc = find_place(txn, application, organization, &there, &place);
	if (rc != 0)
		return rc;
	if (there)
		access->rule = place.use_for_member_access ? ORGDB_RULE_NONE : ORGDB_RULE_NO_MEMBER_ACCESS;
	else if (application->traits.third_party)
		access->rule = flags & LOGIN_THIRD_PARTY ? ORGDB_RULE_NONE : ORGDB_RULE_THIRD_PARTY_BLOCKED;
	else
		access->rule = flags & LOGIN_ENTITLEMENT ? ORGDB_RULE_NO_MEMBER_ACCESS : ORGDB_RULE_NONE;
	return 0;
}

int orgdb__access_judge(orgdb_txn *txn, const struct catalog_application *application,
	const struct login_id *organization, uint32_t flags, orgdb_access *access)
{
	*access = (orgdb_access){ .usage = application->traits.usage };
	if (organization)
		return judge_within(txn, application, organization, flags, access);
	judge_without(&application->traits, access);
	return 0;
}
