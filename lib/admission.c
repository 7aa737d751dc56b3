/*
 * Admission: may a user log in, and does the login make a member?
 *
 * Judged in any transaction; only a write transaction can make the member, and a read transaction says that it would.
 *
 * SPDX-License-Identifier: MIT
 */
#include "access.h"
#include "edges.h"
#include "entity.h"
#include "error.h"

/* A login, and what becomes of it. */
struct attempt {
	orgdb_txn *txn;
	const char *organization_id; /* NULL: none is known. */
	const char *connection_id;
	const char *user_id;
	orgdb_login_options options;
	orgdb_login_result *result;
	uint64_t user;
	uint64_t organization; /* 0: not looked up. */
};

/* ---- The connection ---------------------------------------------------------------------------------------------- */

static struct login_entry entry_of(const struct login *login, uint64_t connection)
{
	bool there;
	uint32_t at = orgdb__login_search(login, connection, &there);
	return there ? login_at(login, at) : (struct login_entry){ 0 };
}

/* Without an application what the organization has enabled counts, and nothing else. */
static int judge_enabled(struct attempt *attempt, bool *assigns)
{
	struct login login;
	uint64_t connection;
	int rc = 0;
	if (attempt->organization_id)
		rc = orgdb__login_get(attempt->txn, orgdb_string(attempt->organization_id), &login);
	if (rc == 0)
		rc = orgdb__entity_find(attempt->txn, ORGDB_KIND_CONNECTION, attempt->connection_id, &connection);
	if (rc != 0 || !attempt->organization_id)
		return rc;
	attempt->organization = login.organization;
	struct login_entry entry = entry_of(&login, connection);
	*assigns = entry.options & LOGIN_ASSIGN_MEMBERSHIP;
	if (entry.options & LOGIN_ENABLED)
		return 0;
	return orgdb__refuse_one(ORGDB_RULE_CONNECTION_NOT_ENABLED, "connection", attempt->connection_id);
}

static int judge_connection(struct attempt *attempt, bool *assigns, orgdb_access *access)
{
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	orgdb_merged_connection entry;
	*assigns = false;
	if (!attempt->options.client_id)
		return judge_enabled(attempt, assigns);
	options.policy = attempt->options.policy;
	options.enforce_rules = true;
	options.access = access;
	int rc = orgdb_connection_allowed(
		attempt->txn, attempt->options.client_id, attempt->organization_id, attempt->connection_id, &options, &entry);
	if (rc == 0)
		*assigns = entry.assign_membership_on_login;
	return rc;
}

/* ---- The user ---------------------------------------------------------------------------------------------------- */

static int judge_user(struct attempt *attempt)
{
	orgdb_user user;
	int rc = orgdb__entity_get_by(attempt->txn, ORGDB_KIND_USER, 0, orgdb_string(attempt->user_id), &user);
	if (rc != 0)
		return rc;
	attempt->user = user.ordinal;
	return user.blocked ? orgdb__refuse_one(ORGDB_RULE_USER_BLOCKED, "user", attempt->user_id) : 0;
}

static int join(struct attempt *attempt, const struct edge *membership)
{
	attempt->result->outcome = ORGDB_LOGIN_WOULD_JOIN;
	if (!attempt->txn->write)
		return 0;
	attempt->result->outcome = ORGDB_LOGIN_JOINED;
	return orgdb__edge_add(attempt->txn, membership);
}

static int find_organization(struct attempt *attempt)
{
	struct login login;
	if (attempt->organization != 0)
		return 0;
	int rc = orgdb__login_get(attempt->txn, orgdb_string(attempt->organization_id), &login);
	if (rc == 0)
		attempt->organization = login.organization;
	return rc;
}

static int judge_membership(struct attempt *attempt, bool assigns)
{
	int rc = find_organization(attempt);
	if (rc != 0)
		return rc;
	struct edge membership = orgdb__edge_of_membership(attempt->organization, attempt->user);
	attempt->result->outcome = ORGDB_LOGIN_MEMBER;
	memcpy(attempt->result->organization_id, attempt->organization_id, sizeof(attempt->result->organization_id));
	rc = orgdb__edge_exists(attempt->txn, &membership);
	if (rc == ORGDB_NOT_FOUND)
		rc =
			assigns ? join(attempt, &membership) : orgdb__refuse_one(ORGDB_RULE_NOT_A_MEMBER, "user", attempt->user_id);
	return rc;
}

/* ---- In an organization ------------------------------------------------------------------------------------------ */

static int judge_within(struct attempt *attempt)
{
	orgdb_access access;
	bool assigns;
	int rc = judge_connection(attempt, &assigns, &access);
	if (rc == 0)
		rc = judge_user(attempt);
	return rc == 0 ? judge_membership(attempt, assigns) : rc;
}

/* ---- Without one ------------------------------------------------------------------------------------------------- */

/* What organizations do with a connection, as far as they were looked at. */
struct use {
	bool enabled;             /* Some organization has enabled it. */
	unsigned assigning;       /* So many let it make members; 2 for more. */
	char organization_id[21]; /* One of those. */
};

static int look_at(orgdb_txn *txn, uint64_t organization, uint64_t connection, struct use *use)
{
	orgdb_organization entity;
	struct login login;
	int rc = orgdb__entity_load(txn, orgdb__kind(ORGDB_KIND_ORGANIZATION), organization, &entity);
	if (rc == 0)
		rc = orgdb__login_get(txn, entity.id, &login);
	if (rc != 0)
		return rc;
	uint32_t options = entry_of(&login, connection).options;
	if (!(options & LOGIN_ENABLED))
		return 0;
	use->enabled = true;
	if (options & LOGIN_ASSIGN_MEMBERSHIP) {
		use->assigning++;
		memcpy(use->organization_id, entity.id.data, sizeof(use->organization_id) - 1);
	}
	return 0;
}

/* There may be very many, so only the first ones are looked at; if that are not all, none can be the only one. */
static int find_use(orgdb_txn *txn, uint64_t connection, struct use *use)
{
	struct key owner = key_of_number(connection);
	uint64_t organizations[CHUNK_COUNT_MAX], after = 0;
	size_t count = CHUNK_COUNT_MAX, seen = 0;
	while (count == CHUNK_COUNT_MAX && use->assigning < 2) {
		int rc = orgdb__set_list(
			txn, TABLE_ORGANIZATIONS_OF_CONNECTION, &owner, after, organizations, CHUNK_COUNT_MAX, &count);
		for (size_t i = 0; i < count && rc == 0 && use->assigning < 2; i++, seen++) {
			if (seen == ORGDB_LOGIN_ORGANIZATIONS_MAX) {
				use->assigning = 2;
				return 0;
			}
			after = organizations[i];
			rc = look_at(txn, after, connection, use);
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* A connection that the application does not offer will do if some organization has enabled it. */
static int judge_foreign(struct attempt *attempt, const orgdb_connection *connection, const struct use *use)
{
	orgdb_application application;
	if (!use->enabled)
		return orgdb__refuse_one(ORGDB_RULE_CONNECTION_NOT_OFFERED, "connection", attempt->connection_id);
	int rc = orgdb__entity_get_by(
		attempt->txn, ORGDB_KIND_APPLICATION, 0, orgdb_string(attempt->options.client_id), &application);
	if (rc == 0 && !application.is_first_party && !connection->is_domain_connection)
		return orgdb__refuse_one(ORGDB_RULE_NO_DOMAIN_CONNECTION, "connection", attempt->connection_id);
	return rc;
}

/* One organization alone lets the connection make members: if it admits this login, it makes one. */
static int join_sole(struct attempt *attempt, const char *organization_id)
{
	struct attempt within = *attempt;
	struct last_error before;
	within.organization_id = organization_id;
	orgdb__error_keep(&before);
	int rc = judge_within(&within);
	if (rc == ORGDB_FORBIDDEN)
		orgdb__error_restore(&before);
	if (rc == ORGDB_FORBIDDEN || attempt->result->outcome == ORGDB_LOGIN_MEMBER)
		*attempt->result = (orgdb_login_result){ .outcome = ORGDB_LOGIN_OUTSIDE };
	return rc == ORGDB_FORBIDDEN ? 0 : rc;
}

/* The application asks for the organization after the login. */
static int judge_before_organization(struct attempt *attempt, bool offered)
{
	orgdb_connection connection;
	struct use use = { 0 };
	int rc =
		orgdb__entity_get_by(attempt->txn, ORGDB_KIND_CONNECTION, 0, orgdb_string(attempt->connection_id), &connection);
	if (rc == 0)
		rc = find_use(attempt->txn, connection.ordinal, &use);
	if (rc == 0 && !offered)
		rc = judge_foreign(attempt, &connection, &use);
	if (rc == 0)
		rc = judge_user(attempt);
	if (rc == 0 && use.assigning == 1)
		rc = join_sole(attempt, use.organization_id);
	attempt->result->ask_organization = true;
	return rc;
}

static int judge_without(struct attempt *attempt)
{
	orgdb_access access = { 0 };
	struct last_error before;
	bool assigns;
	orgdb__error_keep(&before);
	int rc = judge_connection(attempt, &assigns, &access);
	bool not_offered = rc == ORGDB_FORBIDDEN && orgdb_last_error()->rule == ORGDB_RULE_CONNECTION_NOT_OFFERED;
	if (access.prompt != ORGDB_POST_LOGIN_PROMPT || (rc != 0 && !not_offered))
		return rc == 0 ? judge_user(attempt) : rc;
	orgdb__error_restore(&before);
	return judge_before_organization(attempt, rc == 0);
}

/* ---- The public functions ---------------------------------------------------------------------------------------- */

static int check_options(const orgdb_login_options *options)
{
	if (options && options->size != sizeof(*options))
		return orgdb__fail(ORGDB_INVALID, "options.size",
			"options.size must be %zu, as ORGDB_LOGIN_OPTIONS_INIT sets it", sizeof(*options));
	return 0;
}

int orgdb_login(orgdb_txn *txn, const char *organization_id, const char *connection_id, const char *user_id,
	const orgdb_login_options *options, orgdb_login_result *result)
{
	struct attempt attempt = { txn, organization_id, connection_id, user_id, ORGDB_LOGIN_OPTIONS_INIT, result, 0, 0 };
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = check_options(options);
	if (rc != 0)
		return rc;
	if (options)
		attempt.options = *options;
	*result = (orgdb_login_result){ .outcome = ORGDB_LOGIN_OUTSIDE };
	return organization_id ? judge_within(&attempt) : judge_without(&attempt);
}

/* The arguments of orgdb_login(). */
struct login_call {
	const char *organization_id, *connection_id, *user_id;
	const orgdb_login_options *options;
	orgdb_login_result *result;
};

static int login_again(orgdb_txn *txn, void *context)
{
	const struct login_call *call = context;
	return orgdb_login(txn, call->organization_id, call->connection_id, call->user_id, call->options, call->result);
}

int orgdb_login_and_join(orgdb *db, const char *organization_id, const char *connection_id, const char *user_id,
	const orgdb_login_options *options, orgdb_login_result *result)
{
	struct login_call call = { organization_id, connection_id, user_id, options, result };
	orgdb_txn *txn;
	int rc = orgdb_begin_read(db, &txn);
	if (rc != 0)
		return rc;
	rc = login_again(txn, &call);
	orgdb_end(txn);
	return rc == 0 && result->outcome == ORGDB_LOGIN_WOULD_JOIN ? orgdb_write(db, login_again, &call) : rc;
}
