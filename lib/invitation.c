/*
 * Invitations: made, found by their ticket, accepted, swept.
 *
 * The table of expiries has a row for each, under the millisecond at which it expires and its ordinal, with nothing in it: so
 * a sweep reads from the front and stops at the first that has not expired.
 *
 * SPDX-License-Identifier: MIT
 */
#include "invitation.h"

#include "edges.h"
#include "entity.h"
#include "error.h"
#include "id.h"
#include "login.h"
#include "references.h"

enum {
	TTL_DEFAULT = 7 * 24 * 60 * 60,
	TICKET_SIZE = 32,
	TICKET_LETTERS = 62,
};

static const struct kind *kind(void)
{
	return orgdb__kind(ORGDB_KIND_INVITATION);
}

/* What the caller gives for now, in milliseconds. */
static uint64_t moment_of(uint64_t now)
{
	if (now == 0)
		return orgdb__moment_now();
	return now > UINT64_MAX / MILLISECONDS ? UINT64_MAX : now * MILLISECONDS;
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static int bad_time(const char *field, const char *expected)
{
	return orgdb__fail(ORGDB_INVALID, field, "%s must be %s", field, expected);
}

/* Where what is made up is put. */
struct made {
	char created_at[MOMENT_SIZE + 1];
	char expires_at[MOMENT_SIZE + 1];
	char ticket[TICKET_SIZE];
};

_Static_assert(sizeof(struct made) <= GENERATED_MAX, "it has room");

/* What is not well formed stays as it is, for the schema to complain of. */
static int make_times(orgdb_invitation *invitation, uint32_t *mask, struct made *made)
{
	uint64_t created = orgdb__moment_now();
	uint64_t ttl = (*mask & ORGDB_INVITATION_TTL_SEC) && invitation->ttl_sec > 0 ? invitation->ttl_sec : TTL_DEFAULT;
	if (!(*mask & ORGDB_INVITATION_CREATED_AT)) {
		orgdb__moment_write(created, made->created_at);
		invitation->created_at = orgdb_string(made->created_at);
		*mask |= ORGDB_INVITATION_CREATED_AT;
	} else if (!orgdb__moment_read(invitation->created_at, &created)) {
		return 0;
	}
	if ((*mask & ORGDB_INVITATION_EXPIRES_AT) || ttl > INVITATION_TTL_MAX)
		return 0;
	if (!orgdb__moment_write(created + ttl * MILLISECONDS, made->expires_at))
		return bad_time("invitation.created_at", "so early that it expires before the year 10000");
	invitation->expires_at = orgdb_string(made->expires_at);
	*mask |= ORGDB_INVITATION_EXPIRES_AT;
	return 0;
}

int orgdb__invitation_generate(void *entity, uint32_t *mask, char room[GENERATED_MAX])
{
	orgdb_invitation *invitation = entity;
	struct made *made = (struct made *)(void *)room; /* Of characters alone. */
	int rc = make_times(invitation, mask, made);
	if (rc == 0 && !(*mask & ORGDB_INVITATION_TICKET_ID)) {
		rc = orgdb__random_text(made->ticket, TICKET_SIZE, TICKET_LETTERS);
		invitation->ticket_id = (orgdb_str){ made->ticket, TICKET_SIZE };
		*mask |= ORGDB_INVITATION_TICKET_ID;
	}
	return rc;
}

bool orgdb__invitation_is_recorded(uint32_t given)
{
	return (given & ORGDB_INVITATION_CREATED_AT) && (given & ORGDB_INVITATION_TICKET_ID);
}

/* ---- Judging ----------------------------------------------------------------------------------------------------- */

int orgdb__invitation_judge_times(const void *entity)
{
	const orgdb_invitation *invitation = entity;
	const uint64_t most = (uint64_t)INVITATION_TTL_MAX * MILLISECONDS;
	uint64_t created, expires;
	if (!orgdb__moment_read(invitation->created_at, &created) || !orgdb__moment_read(invitation->expires_at, &expires))
		return bad_time("invitation.expires_at", "a time, as created_at must");
	if (expires <= created || expires - created > most)
		return bad_time("invitation.expires_at", "after created_at, and at most 30 days after it");
	if (invitation->ttl_sec > 0 && expires - created != invitation->ttl_sec * MILLISECONDS)
		return bad_time("invitation.expires_at", "ttl_sec after created_at, where both are given");
	return 0;
}

static int load_named(orgdb_txn *txn, uint32_t of, orgdb_str id, union entity *out)
{
	return orgdb__entity_get_by(txn, of, 0, id, out);
}

static int judge_kind_of_connection(orgdb_txn *txn, const orgdb_invitation *invitation)
{
	union entity entity;
	if (!invitation->connection_id.data)
		return 0;
	int rc = load_named(txn, ORGDB_KIND_CONNECTION, invitation->connection_id, &entity);
	if (rc == 0 && entity.connection.kind == ORGDB_PASSWORDLESS)
		rc = orgdb__fail(ORGDB_INVALID, "invitation.connection_id",
			"invitation.connection_id must not name a passwordless connection, as \"%.*s\" is",
			EXCERPT(invitation->connection_id));
	return rc;
}

/* An organization's own roles are for its members alone. */
static int judge_owners_of_roles(orgdb_txn *txn, const orgdb_invitation *invitation)
{
	orgdb_str ids[REFERRED_MAX];
	size_t count = orgdb__reference_ids(&kind()->references[INVITATION_ROLES], invitation, ids);
	for (size_t i = 0; i < count; i++) {
		union entity entity;
		int rc = load_named(txn, ORGDB_KIND_ROLE, ids[i], &entity);
		if (rc != 0)
			return rc;
		if (entity.role.owner_id.data && !orgdb_str_equal(entity.role.owner_id, invitation->organization_id))
			return orgdb__fail(ORGDB_INVALID, "invitation.roles",
				"invitation.roles must be the tenant's or the organization's own, and \"%.*s\" is another's",
				EXCERPT(ids[i]));
	}
	return 0;
}

/* Would a log-in as the invitation has it be let in? If not, `code` is the failure. */
static int judge_usage(orgdb_txn *txn, const orgdb_invitation *invitation, int code)
{
	union entity entity;
	int rc = load_named(txn, ORGDB_KIND_APPLICATION, invitation->client_id, &entity);
	if (rc == 0 && entity.application.organization_usage == ORGDB_USAGE_DENY)
		rc = orgdb__fail(code, "invitation.client_id",
			"the application \"%.*s\" does not allow organizations: its organization_usage is \"deny\"",
			EXCERPT(invitation->client_id));
	return rc;
}

static int judge_enablement(orgdb_txn *txn, const orgdb_invitation *invitation, int code)
{
	struct login login;
	uint64_t connection;
	bool there;
	if (!invitation->connection_id.data)
		return 0;
	int rc = orgdb__entity_find_text(txn, ORGDB_KIND_CONNECTION, invitation->connection_id, &connection);
	if (rc == 0)
		rc = orgdb__login_get(txn, invitation->organization_id, &login);
	if (rc != 0)
		return rc;
	uint32_t at = orgdb__login_search(&login, connection, &there);
	if (there && (login_at(&login, at).options & LOGIN_ENABLED))
		return 0;
	return orgdb__fail(code, "invitation.connection_id",
		"the connection \"%.*s\" is not enabled for the organization \"%.*s\"", EXCERPT(invitation->connection_id),
		EXCERPT(invitation->organization_id));
}

static int judge_policy(orgdb_txn *txn, const orgdb_invitation *invitation, int code)
{
	int rc = judge_usage(txn, invitation, code);
	return rc == 0 ? judge_enablement(txn, invitation, code) : rc;
}

int orgdb__invitation_judge(orgdb_txn *txn, const orgdb_invitation *invitation, bool is_new)
{
	int rc = judge_kind_of_connection(txn, invitation);
	if (rc == 0)
		rc = judge_owners_of_roles(txn, invitation);
	return rc == 0 && is_new ? judge_policy(txn, invitation, ORGDB_INVALID) : rc;
}

/* ---- Expiry ------------------------------------------------------------------------------------------------------ */

bool orgdb__invitation_expiry(const orgdb_invitation *invitation, struct key *key)
{
	uint64_t expires;
	if (!orgdb__moment_read(invitation->expires_at, &expires))
		return false;
	*key = key_of_pair(expires, invitation->ordinal);
	return true;
}

static int without_expiry(orgdb_txn *txn)
{
	return orgdb__txn_corrupt(txn, TABLE_INVITATIONS, "an invitation never expires");
}

int orgdb__invitation_attach(orgdb_txn *txn, const orgdb_invitation *invitation)
{
	struct key key;
	if (!orgdb__invitation_expiry(invitation, &key))
		return without_expiry(txn);
	return orgdb__kv_put(txn->kv, TABLE_INVITATION_EXPIRIES, key_bytes(&key), (struct bytes){ (const uint8_t *)"", 0 });
}

int orgdb__invitation_detach(orgdb_txn *txn, const orgdb_invitation *invitation)
{
	struct key key;
	if (!orgdb__invitation_expiry(invitation, &key))
		return without_expiry(txn);
	int rc = orgdb__kv_delete(txn->kv, TABLE_INVITATION_EXPIRIES, key_bytes(&key));
	return rc == ORGDB_NOT_FOUND ? orgdb__txn_corrupt(txn, TABLE_INVITATION_EXPIRIES, "a row is missing") : rc;
}

/* The first that has expired; ORGDB_NOT_FOUND if none has. */
static int first_expired(orgdb_txn *txn, uint64_t now, uint64_t *ordinal)
{
	struct key least = key_of_number(0);
	struct bytes key, value;
	uint64_t expires;
	int rc = orgdb__kv_seek(txn->kv, TABLE_INVITATION_EXPIRIES, key_bytes(&least), &key, &value);
	if (rc != 0)
		return rc;
	if (!key_take_number(&key, &expires) || !key_take_number(&key, ordinal) || key.size > 0)
		return orgdb__txn_corrupt(txn, TABLE_INVITATION_EXPIRIES, "a key is damaged");
	return expires <= now ? 0 : ORGDB_NOT_FOUND;
}

int orgdb_invitation_sweep(orgdb_txn *txn, uint64_t now, size_t limit, size_t *removed)
{
	struct buffer copy = { 0 };
	*removed = 0;
	int rc = orgdb__txn_write(txn);
	uint64_t moment = moment_of(now), ordinal = 0;
	while (rc == 0 && *removed < limit) {
		rc = first_expired(txn, moment, &ordinal);
		if (rc == 0)
			rc = orgdb__entity_delete_at(txn, kind(), ordinal, &copy);
		*removed += rc == 0;
	}
	orgdb__buffer_free(&copy);
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

/* ---- Lists and tickets ------------------------------------------------------------------------------------------- */

static int find_ticket(orgdb_txn *txn, const char *ticket_id, orgdb_invitation *out)
{
	int rc = orgdb__entity_get_by(txn, ORGDB_KIND_INVITATION, 1, orgdb_string(ticket_id), out);
	if (rc == ORGDB_NOT_FOUND)
		return orgdb__fail(rc, "invitation.ticket_id",
			"no invitation has this ticket: it was accepted, revoked or swept, or never was");
	return rc;
}

int orgdb_invitation_get_by_ticket(orgdb_txn *txn, const char *ticket_id, orgdb_invitation *out)
{
	int rc = orgdb__txn_read(txn);
	return rc == 0 ? find_ticket(txn, ticket_id, out) : rc;
}

int orgdb_organization_invitations(orgdb_txn *txn, const char *organization_id, uint64_t after, orgdb_invitation *array,
	size_t capacity, size_t *count)
{
	return orgdb_owned_list(txn, ORGDB_KIND_INVITATION, organization_id, after, array, capacity, count);
}

int orgdb_organization_invitation_count(orgdb_txn *txn, const char *organization_id, uint64_t *count)
{
	return orgdb_owned_count(txn, ORGDB_KIND_INVITATION, organization_id, count);
}

/* ---- Accepting --------------------------------------------------------------------------------------------------- */

/* Find it by its ticket, and copy it: what the map holds moves when the transaction writes. */
static int take_ticket(orgdb_txn *txn, const char *ticket_id, orgdb_invitation *out)
{
	struct bytes record;
	int rc = find_ticket(txn, ticket_id, out);
	if (rc == 0)
		rc = orgdb__entity_record(txn, kind(), out->ordinal, &record);
	if (rc != 0)
		return rc;
	uint8_t *copy = orgdb__arena_allocate(&txn->arena, record.size);
	if (!copy)
		return ORGDB_NO_MEMORY;
	memcpy(copy, record.data, record.size);
	return orgdb__entity_decode(txn, kind(), (struct bytes){ copy, record.size }, out->ordinal, out);
}

static int judge_expiry(orgdb_txn *txn, const orgdb_invitation *invitation, uint64_t now)
{
	uint64_t expires;
	if (!orgdb__moment_read(invitation->expires_at, &expires))
		return without_expiry(txn);
	if (expires > now)
		return 0;
	return orgdb__fail(ORGDB_FORBIDDEN, "invitation.expires_at", "the invitation \"%.*s\" expired at %.*s",
		EXCERPT(invitation->id), EXCERPT(invitation->expires_at));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_email(orgdb_str a, orgdb_str b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

static int judge_email(const orgdb_invitation *invitation, const orgdb_user *user)
{
	struct bytes invitee = { invitation->invitee.data, invitation->invitee.size }, value;
	orgdb_str email = { NULL, 0 };
	if (orgdb__record_find(invitee, orgdb_string("email"), &value) && orgdb__record_take_text(&value, &email) &&
		same_email(email, user->email))
		return 0;
	return orgdb__fail(ORGDB_FORBIDDEN, "invitation.invitee",
		"the invitation \"%.*s\" is for another email than that of the user \"%.*s\"", EXCERPT(invitation->id),
		EXCERPT(user->user_id));
}

/* Lay what the invitation has for the user over what the user has. */
static int overlay(
	struct buffer *buffer, orgdb_value under, orgdb_value over, uint32_t bit, orgdb_value *member, uint32_t *fields)
{
	if (!over.data)
		return 0;
	int rc = orgdb__record_put_overlaid(
		buffer, (struct bytes){ under.data, under.size }, (struct bytes){ over.data, over.size });
	*member = (orgdb_value){ buffer->data, buffer->size };
	*fields |= bit;
	return rc;
}

/* Fails, if at all, before anything is written. */
static int change_user(orgdb_txn *txn, const char *user_id, const orgdb_user *user, const orgdb_invitation *invitation)
{
	struct buffer app = { 0 }, own = { 0 };
	orgdb_user changes = { .fields = user->email_verified ? 0 : ORGDB_USER_EMAIL_VERIFIED, .email_verified = true };
	int rc = overlay(&app, user->app_metadata, invitation->app_metadata, ORGDB_USER_APP_METADATA, &changes.app_metadata,
		&changes.fields);
	if (rc == 0)
		rc = overlay(&own, user->user_metadata, invitation->user_metadata, ORGDB_USER_USER_METADATA,
			&changes.user_metadata, &changes.fields);
	if (rc == 0 && changes.fields != 0)
		rc = orgdb_user_update(txn, user_id, &changes);
	orgdb__buffer_free(&app);
	orgdb__buffer_free(&own);
	return rc;
}

/* Whom an acceptance is about. */
struct joining {
	const orgdb_invitation *invitation;
	uint64_t organization;
	uint64_t user;
};

/* Call `act` for each role's edge to the member. */
static int each_role(orgdb_txn *txn, const struct joining *joining,
	int (*act)(orgdb_txn *txn, const struct edge *edge, void *context), void *context)
{
	orgdb_str ids[REFERRED_MAX];
	size_t count = orgdb__reference_ids(&kind()->references[INVITATION_ROLES], joining->invitation, ids);
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		uint64_t role;
		rc = orgdb__entity_find_text(txn, ORGDB_KIND_ROLE, ids[i], &role);
		if (rc == ORGDB_NOT_FOUND)
			return orgdb__txn_corrupt(txn, TABLE_INVITATIONS, "a role is missing");
		struct edge edge = orgdb__edge_of_member_role(joining->organization, joining->user, role);
		if (rc == 0)
			rc = act(txn, &edge, context);
	}
	return rc;
}

static int count_missing(orgdb_txn *txn, const struct edge *edge, void *context)
{
	int rc = orgdb__edge_exists(txn, edge);
	*(uint64_t *)context += rc == ORGDB_NOT_FOUND;
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}

/* Who is a member already may have too many roles for more. */
static int judge_roles(orgdb_txn *txn, const struct joining *joining)
{
	struct key member = key_of_pair(joining->organization, joining->user);
	uint64_t has, missing = 0;
	int rc = orgdb__set_count(txn, TABLE_ROLES_OF_MEMBER, &member, &has);
	if (rc == 0)
		rc = each_role(txn, joining, count_missing, &missing);
	unsigned long long roles = rc == 0 ? has + missing : 0;
	if (roles > ORGDB_MEMBER_ROLES_MAX)
		rc = orgdb__fail(ORGDB_TOO_LARGE, "membership.roles",
			"membership.roles: the user would have %llu roles in \"%.*s\", of at most %d", roles,
			EXCERPT(joining->invitation->organization_id), ORGDB_MEMBER_ROLES_MAX);
	return rc;
}

static int add_if_missing(orgdb_txn *txn, const struct edge *edge, void *context)
{
	(void)context;
	int rc = orgdb__edge_add(txn, edge);
	return rc == ORGDB_EXISTS ? 0 : rc;
}

/* Nothing here can fail for a reason of the caller's. */
static int join(orgdb_txn *txn, const struct joining *joining)
{
	struct buffer copy = { 0 };
	struct edge membership = orgdb__edge_of_membership(joining->organization, joining->user);
	int rc = orgdb__entity_delete_at(txn, kind(), joining->invitation->ordinal, &copy);
	orgdb__buffer_free(&copy);
	if (rc == 0)
		rc = add_if_missing(txn, &membership, NULL);
	if (rc == 0)
		rc = each_role(txn, joining, add_if_missing, NULL);
	return rc == 0 ? 0 : orgdb__kv_poison(txn->kv, rc);
}

/* May the user accept the invitation? */
static int judge_acceptance(orgdb_txn *txn, const orgdb_invitation *invitation, const orgdb_user *user, uint64_t now)
{
	int rc = judge_expiry(txn, invitation, now);
	if (rc == 0)
		rc = judge_email(invitation, user);
	return rc == 0 ? judge_policy(txn, invitation, ORGDB_FORBIDDEN) : rc;
}

int orgdb_invitation_accept(
	orgdb_txn *txn, const char *ticket_id, const char *user_id, uint64_t now, orgdb_str *organization_id)
{
	orgdb_invitation invitation;
	union entity user;
	struct joining joining = { .invitation = &invitation };
	int rc = orgdb__txn_write(txn);
	if (rc == 0)
		rc = take_ticket(txn, ticket_id, &invitation);
	if (rc == 0)
		rc = orgdb__entity_get_by(txn, ORGDB_KIND_USER, 0, orgdb_string(user_id), &user);
	if (rc == 0)
		rc = judge_acceptance(txn, &invitation, &user.user, moment_of(now));
	if (rc == 0)
		rc = orgdb__entity_find_text(txn, ORGDB_KIND_ORGANIZATION, invitation.organization_id, &joining.organization);
	joining.user = rc == 0 ? user.head.ordinal : 0;
	if (rc == 0)
		rc = judge_roles(txn, &joining);
	if (rc == 0 && organization_id) {
		const char *copy = orgdb__arena_copy_text(&txn->arena, invitation.organization_id);
		*organization_id = (orgdb_str){ copy, invitation.organization_id.size };
		rc = copy ? 0 : ORGDB_NO_MEMORY;
	}
	if (rc == 0)
		rc = change_user(txn, user_id, &user.user, &invitation);
	return rc == 0 ? join(txn, &joining) : rc;
}
