/*
 * orgdb lookup --explain: why each connection is or is not offered.
 *
 * Whether it is, the library has said; here are the facts that it follows from.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "lookup.h"
#include "walk.h"

/* Every reason, in the order in which they are told: name, word for programs, words for people. */
#define REASONS(X)                                                                                                    \
	X(APPLICATION_HAS, "application_has", "the application has it")                                                   \
	X(APPLICATION_LACKS, "application_lacks", "the application does not have it")                                     \
	X(ORGANIZATION_HAS, "organization_has", "the organization has it enabled")                                        \
	X(ORGANIZATION_DISABLED, "organization_disabled", "the organization has it, but its is_enabled is false")         \
	X(ORGANIZATION_LACKS, "organization_lacks", "the organization does not have it")                                  \
	X(POLICY_ORGANIZATION, "policy_organization", "the policy wants what the organization has")                       \
	X(POLICY_INTERSECTION, "policy_intersection", "the policy wants what both have")                                  \
	X(ORGANIZATION_HIDES, "organization_hides", "the organization's show_as_button is false")                         \
	X(CONNECTION_HIDES, "connection_hides", "it is an enterprise connection, and its own show_as_button is not true") \
	X(VISIBLE_ONLY, "visible_only", "only what is visible was asked for")

enum reason {
#define REASON_VALUE(name, word, words) name,
	REASONS(REASON_VALUE)
#undef REASON_VALUE
		REASON_COUNT
};

static const struct {
	const char *word;
	const char *words;
} reasons[REASON_COUNT] = {
#define REASON_WORDS(name, word, words) [name] = { word, words },
	REASONS(REASON_WORDS)
#undef REASON_WORDS
};

/* A connection that one of the two has. */
struct candidate {
	orgdb_connection connection;
	bool of_application;
	bool of_organization;
	orgdb_enabled_connection enabled; /* the organization's */
};

struct candidates {
	orgdb_txn *txn;
	struct candidate *array;
	size_t count;
	size_t capacity;
};

/* --- Candidates --------------------------------------------------------------------------------------------------- */

static struct candidate *candidate_with(struct candidates *candidates, uint64_t ordinal)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->array[i].connection.ordinal == ordinal)
			return &candidates->array[i];
	return NULL;
}

static struct candidate *add_candidate(struct candidates *candidates)
{
	if (candidates->count == candidates->capacity) {
		size_t capacity = candidates->capacity > 0 ? candidates->capacity * 2 : 16;
		struct candidate *array = realloc(candidates->array, capacity * sizeof(*array));
		if (!array)
			return NULL;
		candidates->array = array;
		candidates->capacity = capacity;
	}
	struct candidate *candidate = &candidates->array[candidates->count++];
	memset(candidate, 0, sizeof(*candidate));
	return candidate;
}

static int add_of_application(void *context, const void *entry)
{
	struct candidate *candidate = add_candidate(context);
	if (!candidate)
		return ORGDB_NO_MEMORY;
	candidate->connection = *(const orgdb_connection *)entry;
	candidate->of_application = true;
	return ORGDB_OK;
}

static int add_of_organization(void *context, const void *entry)
{
	struct candidates *candidates = context;
	const orgdb_enabled_connection *enabled = entry;
	struct id id;
	struct candidate *candidate = candidate_with(candidates, enabled->ordinal);
	int code = ORGDB_OK;
	if (!candidate) {
		candidate = add_candidate(candidates);
		if (!candidate)
			return ORGDB_NO_MEMORY;
		code = orgdb_connection_get(candidates->txn, id_of(enabled->connection_id, &id), &candidate->connection);
	}
	candidate->of_organization = true;
	candidate->enabled = *enabled;
	return code;
}

static int compare_candidates(const void *left, const void *right)
{
	uint64_t a = ((const struct candidate *)left)->connection.ordinal;
	uint64_t b = ((const struct candidate *)right)->connection.ordinal;
	return (a > b) - (a < b);
}

static int collect(struct candidates *candidates, const struct lookup *lookup)
{
	struct id id;
	struct list offers = offers_of(lookup->client_id);
	int code = walk_list(candidates->txn, &offers, 0, add_of_application, candidates);
	if (code == ORGDB_OK && lookup->organization) {
		struct list enabled = enabled_connections_of(id_of(lookup->found.id, &id));
		code = walk_list(candidates->txn, &enabled, 0, add_of_organization, candidates);
	}
	if (candidates->count > 1)
		qsort(candidates->array, candidates->count, sizeof(*candidates->array), compare_candidates);
	return code;
}

/* --- Reasons ------------------------------------------------------------------------------------------------------ */

static const orgdb_merged_connection *offered_as(const struct lookup *lookup, const struct candidate *candidate)
{
	for (size_t i = 0; i < lookup->count; i++)
		if (lookup->entries[i].connection->ordinal == candidate->connection.ordinal)
			return &lookup->entries[i];
	return NULL;
}

static bool is_hidden(const struct candidate *candidate, bool counts)
{
	bool shown = counts ? candidate->enabled.show_as_button : candidate->connection.show_as_button;
	return candidate->connection.kind == ORGDB_ENTERPRISE && !shown;
}

/* Set a bit for each reason. */
static uint32_t reasons_for(const struct lookup *lookup, const struct candidate *candidate)
{
	uint32_t found = 1u << (candidate->of_application ? APPLICATION_HAS : APPLICATION_LACKS);
	bool counts = candidate->of_organization && candidate->enabled.is_enabled;
	if (lookup->organization)
		found |= 1u << (counts                        ? ORGANIZATION_HAS
						 : candidate->of_organization ? ORGANIZATION_DISABLED
													  : ORGANIZATION_LACKS);
	if (lookup->organization && lookup->options.policy == ORGDB_POLICY_ORGANIZATION && !counts)
		found |= 1u << POLICY_ORGANIZATION;
	if (lookup->organization && lookup->options.policy == ORGDB_POLICY_INTERSECTION &&
		!(counts && candidate->of_application))
		found |= 1u << POLICY_INTERSECTION;
	if (!is_hidden(candidate, counts) || !(counts || candidate->of_application))
		return found;
	found |= 1u << (counts ? ORGANIZATION_HIDES : CONNECTION_HIDES);
	return lookup->options.visible_only ? found | 1u << VISIBLE_ONLY : found;
}

/* The rule that would refuse a login through the connection. */
static uint32_t rule_for(const struct lookup *lookup, orgdb_txn *txn, const struct candidate *candidate)
{
	struct id organization, connection;
	orgdb_merge_options options = ORGDB_MERGE_OPTIONS_INIT;
	options.policy = lookup->options.policy;
	options.enforce_rules = true;
	int code = orgdb_connection_allowed(txn, lookup->client_id,
		lookup->organization ? id_of(lookup->found.id, &organization) : NULL,
		id_of(candidate->connection.id, &connection), &options, NULL);
	return code == ORGDB_FORBIDDEN ? orgdb_last_error()->rule : ORGDB_RULE_NONE;
}

/* --- Telling ------------------------------------------------------------------------------------------------------ */

static void tell_people(const struct lookup *lookup, const struct candidate *candidate, uint32_t rule)
{
	const orgdb_merged_connection *entry = offered_as(lookup, candidate);
	uint32_t found = reasons_for(lookup, candidate);
	enum style look = !entry ? STYLE_BAD : entry->visible ? STYLE_GOOD : STYLE_TERM;
	putchar('\n');
	print_text(stdout, candidate->connection.name.data, candidate->connection.name.size);
	printf(" (%.*s): %s%s%s\n", (int)candidate->connection.id.size, candidate->connection.id.data, style(stdout, look),
		!entry               ? "not offered"
			: entry->visible ? "offered"
							 : "offered, but not visible",
		style(stdout, STYLE_NONE));
	for (int reason = 0; reason < REASON_COUNT; reason++)
		if (found & 1u << reason)
			printf("  - %s\n", reasons[reason].words);
	if (rule != ORGDB_RULE_NONE)
		printf("  - a login is refused, %s: %s\n", orgdb_rule_name(rule), orgdb_rule_text(rule));
}

static void tell_programs(const struct lookup *lookup, const struct candidate *candidate, uint32_t rule)
{
	struct json_writer writer = { .file = stdout };
	const orgdb_merged_connection *entry = offered_as(lookup, candidate);
	uint32_t found = reasons_for(lookup, candidate);
	orgdb_str words[REASON_COUNT];
	size_t count = 0;
	for (int reason = 0; reason < REASON_COUNT; reason++)
		if (found & 1u << reason)
			words[count++] = orgdb_string(reasons[reason].word);
	json_begin_object(&writer);
	json_write_text(&writer, "id", candidate->connection.id);
	json_write_text(&writer, "name", candidate->connection.name);
	json_write_text(&writer, "strategy", candidate->connection.strategy);
	json_write_text(&writer, "kind", orgdb_string(orgdb_connection_kind_name(candidate->connection.kind)));
	json_write_text(&writer, "rule", orgdb_string(orgdb_rule_name(rule)));
	json_write_bool(&writer, "offered", entry != NULL);
	json_write_bool(&writer, "visible", entry && entry->visible);
	json_write_texts(&writer, "reasons", words, count);
	json_end_object(&writer);
}

int explain(const struct lookup *lookup, orgdb_txn *txn)
{
	struct candidates candidates = { .txn = txn };
	int code = collect(&candidates, lookup);
	for (size_t i = 0; code == ORGDB_OK && i < candidates.count; i++) {
		const struct candidate *candidate = &candidates.array[i];
		(lookup->as_json ? tell_programs : tell_people)(lookup, candidate, rule_for(lookup, txn, candidate));
	}
	free(candidates.array);
	return code;
}
