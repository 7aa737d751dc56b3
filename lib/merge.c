/*
 * Merged connections: what an application may offer inside an organization.
 *
 * Two ascending runs of connection ordinals, the application's and the organization's, are merged like two sorted lists;
 * each entry is told where it came from.
 *
 * SPDX-License-Identifier: MIT
 */
#include "access.h"
#include "catalog.h"
#include "edges.h"
#include "entity.h"
#include "error.h"
#include "login_cache.h"

enum { SPARE = 16 }; /* Entries that are looked at and not handed out. */

/* What is being asked, found. */
struct question {
	orgdb_txn *txn;
	orgdb_str organization_id; /* Absent: none is asked about. */
	struct login_id organization;
	const struct catalog_application *application;
	const orgdb_merge_options *options;

	/* The merge, which goes on from where these are. */
	struct catalog_directory *directory;
	const uint32_t *own;              /* The application's connections, and the end. */
	const struct login_entry *theirs; /* The organization's, and the end. */
	uint32_t end;                     /* What comes from this ordinal on is left out. */
	uint32_t wanted;                  /* By the policy: a bit for each value of `from`. */
	bool hidden_too;
	bool domain_only; /* Leave out what is not open to third parties. */
	struct login_run run;
};

static const struct login_entry no_entries[] = { { LOGIN_END, 0 } };

static uint32_t wanted_by(uint32_t policy)
{
	const uint32_t both = ORGDB_FROM_APPLICATION | ORGDB_FROM_ORGANIZATION;
	switch (policy) {
	case ORGDB_POLICY_ORGANIZATION:
		return 1u << ORGDB_FROM_ORGANIZATION | 1u << both;
	case ORGDB_POLICY_INTERSECTION:
		return 1u << both;
	default:
		return 1u << ORGDB_FROM_APPLICATION | 1u << ORGDB_FROM_ORGANIZATION | 1u << both;
	}
}

/* The organization's options count where the connection comes from it, and are 0 where it does not. */
static inline orgdb_merged_connection make_entry(
	const struct catalog_connection *connection, uint32_t from, uint32_t options)
{
	bool own = !(from & ORGDB_FROM_ORGANIZATION);
	bool show = (bool)(options & LOGIN_SHOW_AS_BUTTON) | (own & connection->show_as_button);
	return (orgdb_merged_connection){
		.connection = &connection->connection,
		.from = from,
		.organization_access_level = (options & LOGIN_ACCESS_MASK) >> LOGIN_ACCESS_SHIFT,
		.visible = !connection->enterprise | show,
		.show_as_button = show,
		.assign_membership_on_login = options & LOGIN_ASSIGN_MEMBERSHIP,
		.is_signup_enabled = options & LOGIN_SIGNUP,
	};
}

/* Where the application's connections from `ordinal` on begin; there may be very many. */
static const uint32_t *skip_own(const struct question *question, const uint32_t *own, uint32_t ordinal)
{
	const uint32_t *end = question->application->connections + question->application->count;
	while (own < end) {
		const uint32_t *middle = own + (end - own) / 2;
		if (*middle < ordinal)
			own = middle + 1;
		else
			end = middle;
	}
	return own;
}

/* 1 if a <= b, else 0; as arithmetic, which compilers do not turn into a branch. */
static inline uint32_t at_most(uint32_t a, uint32_t b)
{
	return 1 - (uint32_t)(((uint64_t)b - a) >> 63);
}

/*
 * Fill in entries until the array is full or the end is reached; the next call goes on from there. Which run comes next is as
 * good as random, and so is which edge is not enabled: processors guess such branches wrong, so each step takes what is least
 * from both runs, without any.
 */
static inline int fill_any(struct question *question, orgdb_merged_connection *array, size_t capacity, size_t *count)
{
	const uint32_t *own = question->own;
	const struct login_entry *theirs = question->theirs;
	const uint32_t end = question->end;
	size_t filled = 0;
	int rc = 0;
	while (filled < capacity && rc == 0) {
		uint32_t a = *own, b = theirs->connection;
		uint32_t take_a = at_most(a, b), take_b = at_most(b, a);
		uint32_t ordinal = b ^ ((a ^ b) & (0 - take_a));
		if (ordinal >= end)
			break;
		uint32_t options = theirs->options & (0 - take_b);
		options &= 0 - (options / LOGIN_ENABLED & 1); /* An edge that is not enabled is not there. */
		uint32_t from = take_a * ORGDB_FROM_APPLICATION | (options / LOGIN_ENABLED & 1) * ORGDB_FROM_ORGANIZATION;
		own += take_a;
		theirs += take_b;
		bool wanted = question->wanted >> from & 1;
		if (!wanted && from == ORGDB_FROM_APPLICATION) { /* Then it wants none that the application alone has. */
			own = skip_own(question, own, theirs->connection);
			continue;
		}
		const struct catalog_connection *connection =
			catalog_connection_of(question->txn, question->directory, ordinal, &rc);
		if (connection) {
			array[filled] = make_entry(connection, from, options);
			filled += (array[filled].visible | question->hidden_too) & wanted;
		}
	}
	question->own = own;
	question->theirs = theirs;
	*count = filled;
	return rc;
}

/*
 * How many entries are still to come where even hidden ones count: then nobody need look at the connections, of which there
 * may be very many.
 */
static size_t count_rest(const struct question *question)
{
	const uint32_t *own = question->own;
	size_t own_alone = (size_t)(question->application->connections + question->application->count - own);
	size_t of[4] = { 0 }; /* By `from`. */
	for (const struct login_entry *theirs = question->theirs; theirs->connection != LOGIN_END; theirs++) {
		if (!(theirs->options & LOGIN_ENABLED))
			continue;
		own = skip_own(question, own, theirs->connection);
		of[ORGDB_FROM_ORGANIZATION | (*own == theirs->connection ? ORGDB_FROM_APPLICATION : 0)]++;
	}
	of[ORGDB_FROM_APPLICATION] = own_alone - of[ORGDB_FROM_APPLICATION | ORGDB_FROM_ORGANIZATION];
	size_t count = 0;
	for (uint32_t from = 0; from < 4; from++)
		count += question->wanted >> from & 1 ? of[from] : 0;
	return count;
}

/* The same with those alone that are open to third parties; kept apart from what is asked for all the time. */
static __attribute__((noinline)) int fill_domain(
	struct question *question, orgdb_merged_connection *array, size_t capacity, size_t *count)
{
	size_t filled = 0, got;
	int rc;
	do {
		size_t kept = filled, wanted = capacity - filled;
		rc = fill_any(question, array + filled, wanted, &got);
		for (size_t i = kept; i < kept + got; i++)
			if (array[i].connection->is_domain_connection)
				array[filled++] = array[i];
		if (got < wanted)
			break;
	} while (rc == 0 && filled < capacity);
	*count = filled;
	return rc;
}

static inline int fill(struct question *question, orgdb_merged_connection *array, size_t capacity, size_t *count)
{
	return question->domain_only ? fill_domain(question, array, capacity, count)
								 : fill_any(question, array, capacity, count);
}

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

static const orgdb_merge_options default_options = ORGDB_MERGE_OPTIONS_INIT;

static int check_options(const orgdb_merge_options **options)
{
	const orgdb_merge_options *given = *options;
	if (!given)
		*options = &default_options;
	else if (given->size != sizeof(*given))
		return orgdb__fail(ORGDB_INVALID, "options.size",
			"options.size must be %zu, as ORGDB_MERGE_OPTIONS_INIT sets it", sizeof(*given));
	else if (given->policy > ORGDB_POLICY_INTERSECTION)
		return orgdb__fail(
			ORGDB_INVALID, "options.policy", "options.policy must be an orgdb_policy, not %u", given->policy);
	return 0;
}

/* What the rules say of the question; enforced, they also bound what may be answered. Kept apart, too. */
static __attribute__((noinline)) int judge(struct question *question)
{
	const orgdb_merge_options *options = question->options;
	bool in_organization = question->organization_id.data != NULL;
	orgdb_access access;
	int rc = orgdb__access_judge(question->txn, question->application, in_organization ? &question->organization : NULL,
		in_organization ? question->run.flags : 0, &access);
	if (rc == 0 && options->access)
		*options->access = access;
	if (rc != 0 || !options->enforce_rules)
		return rc;
	question->domain_only = question->application->traits.third_party;
	if (question->domain_only && in_organization)
		question->wanted &= wanted_by(ORGDB_POLICY_ORGANIZATION);
	return access.rule == ORGDB_RULE_NONE ? 0 : orgdb__refuse(access.rule);
}

/* What can be done before anything is read: memory begins to bring the organization's row. */
static inline void prepare(
	struct question *question, orgdb_txn *txn, const char *organization_id, const orgdb_merge_options *options)
{
	question->txn = txn;
	question->application = NULL;
	question->options = options;
	question->organization_id = orgdb_string(organization_id);
	if (!organization_id)
		return;
	question->organization = login_id_of(txn->db, question->organization_id);
	if (!txn->write)
		orgdb__login_prefetch(txn, &question->organization);
}

/* Begin the merge; in a transaction whose catalog is open. */
static inline int find_both(struct question *question, const char *client_id)
{
	const orgdb_merge_options *options = question->options;
	bool in_organization = question->organization_id.data != NULL;
	tally(question->txn->tallies, TALLY_LOOKUPS);
	int rc = orgdb__catalog_application(question->txn, orgdb_string(client_id), &question->application);
	if (rc != 0)
		return rc;
	question->directory = catalog_directory_of(question->txn);
	question->own = question->application->connections;
	question->theirs = no_entries;
	question->end = LOGIN_END;
	question->hidden_too = !options->visible_only;
	question->wanted = wanted_by(in_organization ? options->policy : ORGDB_POLICY_UNION);
	question->domain_only = false;
	if (options->access)
		*options->access = (orgdb_access){ .usage = question->application->traits.usage };
	if (in_organization) {
		rc = orgdb__login_run(question->txn, &question->organization, &question->run, &question->theirs);
		if (rc == ORGDB_NOT_FOUND)
			return orgdb__login_missing(question->organization_id);
	}
	return rc == 0 && (options->enforce_rules || options->access) ? judge(question) : rc;
}

/* Which connections are visible, or open to third parties, they themselves must tell. */
static int count_filled(struct question *question, size_t *count)
{
	orgdb_merged_connection spare[SPARE];
	size_t more;
	int rc;
	do {
		rc = fill(question, spare, SPARE, &more);
		*count += more;
	} while (rc == 0 && more == SPARE);
	return rc;
}

static inline int answer(struct question *question, orgdb_merged_connection *array, size_t capacity, size_t *count)
{
	int rc = fill(question, array, capacity, count);
	if (rc != 0 || *count < capacity)
		return rc;
	if (question->hidden_too && !question->domain_only)
		*count += count_rest(question);
	else
		rc = count_filled(question, count);
	if (rc == 0 && *count > capacity)
		return orgdb__fail(ORGDB_TRUNCATED, "", "there are %zu merged connections and room for %zu", *count, capacity);
	return rc;
}

/* What every public function here begins with. */
static inline int begin(orgdb_txn *txn, const orgdb_merge_options **options)
{
	int rc = orgdb__txn_read(txn);
	if (rc == 0)
		rc = check_options(options);
	return rc == 0 ? orgdb__catalog_open(txn) : rc;
}

int orgdb_merged_connections(orgdb_txn *txn, const char *client_id, const char *organization_id,
	const orgdb_merge_options *options, orgdb_merged_connection *array, size_t capacity, size_t *count)
{
	struct question question; /* Not zeroed: it is large and mostly unused. */
	int rc = begin(txn, &options);
	if (rc != 0)
		return rc;
	prepare(&question, txn, organization_id, options);
	rc = find_both(&question, client_id);
	return rc == 0 ? answer(&question, array, capacity, count) : rc;
}

/* How many questions ahead memory is asked for rows: enough to hide how long it takes, few enough to stay in the caches. */
enum { AHEAD = 8 };

int orgdb_merged_connections_batch(
	orgdb_txn *txn, orgdb_merge_question *questions, size_t count, const orgdb_merge_options *options)
{
	struct question prepared[AHEAD];
	int first = 0, rc = begin(txn, &options);
	if (rc == 0 && options->access)
		rc = orgdb__fail(ORGDB_INVALID, "options.access", "options.access must be NULL: there are many questions");
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < count && i < AHEAD; i++)
		prepare(&prepared[i], txn, questions[i].organization_id, options);
	for (size_t i = 0; i < count; i++) {
		orgdb_merge_question *asked = &questions[i];
		struct question *question = &prepared[i % AHEAD];
		asked->count = 0;
		rc = find_both(question, asked->client_id);
		if (question->application)
			asked->usage = question->application->traits.usage;
		if (rc == 0)
			rc = answer(question, asked->array, asked->capacity, &asked->count);
		asked->result = rc;
		if (first == 0)
			first = rc;
		if (count - i > AHEAD)
			prepare(question, txn, questions[i + AHEAD].organization_id, options);
	}
	return first;
}

static bool take_one(
	const orgdb_merged_connection *entries, size_t count, const char *connection_id, orgdb_merged_connection *entry)
{
	orgdb_str id = orgdb_string(connection_id);
	for (size_t i = 0; i < count; i++)
		if (orgdb_str_equal(entries[i].connection->id, id)) {
			*entry = entries[i];
			return true;
		}
	return false;
}

/* Fill in one connection alone, if it is still to come. */
static int fill_one(struct question *question, uint32_t ordinal, orgdb_merged_connection *entry, size_t *count)
{
	question->own = skip_own(question, question->own, ordinal);
	while (question->theirs->connection < ordinal)
		question->theirs++;
	question->end = ordinal + 1;
	return fill(question, entry, 1, count);
}

/* The rule by which a connection that there is is not among the merged ones; `theirs` is the organization's run. */
static int refuse(struct question *question, const struct login_entry *theirs, uint32_t ordinal, const char *id)
{
	bool of_organization = false;
	for (; theirs->connection <= ordinal && theirs->connection != LOGIN_END; theirs++)
		of_organization = theirs->connection == ordinal && (theirs->options & LOGIN_ENABLED);
	bool of_application = *skip_own(question, question->application->connections, ordinal) == ordinal;
	uint32_t from = (of_application ? ORGDB_FROM_APPLICATION : 0) | (of_organization ? ORGDB_FROM_ORGANIZATION : 0);
	uint32_t rule = ORGDB_RULE_CONNECTION_HIDDEN;
	int rc = 0;
	if (!(question->wanted >> from & 1)) {
		bool theirs_counts = question->organization_id.data != NULL && !of_organization;
		rule = theirs_counts ? ORGDB_RULE_CONNECTION_NOT_ENABLED : ORGDB_RULE_CONNECTION_NOT_OFFERED;
	} else if (question->domain_only) {
		const struct catalog_connection *connection =
			catalog_connection_of(question->txn, question->directory, ordinal, &rc);
		if (connection && !connection->connection.is_domain_connection)
			rule = ORGDB_RULE_NO_DOMAIN_CONNECTION;
	}
	return rc == 0 ? orgdb__refuse_one(rule, "connection", id) : rc;
}

/* Mostly there are few, and looking at those costs less than looking up the connection that is asked about. */
static int find_allowed(struct question *question, const char *connection_id, orgdb_merged_connection *entry)
{
	orgdb_merged_connection entries[SPARE];
	const struct login_entry *theirs = question->theirs;
	bool many = question->application->count > SPARE;
	uint64_t ordinal;
	size_t count = 0;
	int rc = many ? 0 : fill(question, entries, SPARE, &count);
	if (rc == 0 && take_one(entries, count, connection_id, entry))
		return 0;
	if (rc == 0)
		rc = orgdb__entity_find(question->txn, ORGDB_KIND_CONNECTION, connection_id, &ordinal);
	if (rc == 0 && (many || count == SPARE)) {
		rc = fill_one(question, (uint32_t)ordinal, entries, &count);
		if (rc == 0 && take_one(entries, count, connection_id, entry))
			return 0;
	}
	return rc == 0 ? refuse(question, theirs, (uint32_t)ordinal, connection_id) : rc;
}

int orgdb_connection_allowed(orgdb_txn *txn, const char *client_id, const char *organization_id,
	const char *connection_id, const orgdb_merge_options *options, orgdb_merged_connection *entry)
{
	orgdb_merged_connection unwanted;
	struct question question;
	int rc = begin(txn, &options);
	if (rc != 0)
		return rc;
	prepare(&question, txn, organization_id, options);
	rc = find_both(&question, client_id);
	return rc == 0 ? find_allowed(&question, connection_id, entry ? entry : &unwanted) : rc;
}

int orgdb_access_get(orgdb_txn *txn, const char *client_id, const char *organization_id, orgdb_access *out)
{
	struct question question;
	orgdb_merge_options asked = ORGDB_MERGE_OPTIONS_INIT;
	asked.access = out;
	const orgdb_merge_options *options = &asked;
	int rc = begin(txn, &options);
	if (rc != 0)
		return rc;
	prepare(&question, txn, organization_id, options);
	return find_both(&question, client_id);
}
