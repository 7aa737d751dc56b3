/*
 * What the model test expects: results, records, lists, and the whole of a store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "model_driver.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Operations and differences ---------------------------------------------------------------------------------- */

struct brief brief(const char *text)
{
	struct brief out;
	size_t size = strlen(text);
	const char *tail = size < sizeof(out.text) ? text : text + size - 24;
	while ((*tail & 0xc0) == 0x80)
		tail++; /* Not from the middle of a character. */
	snprintf(out.text, sizeof(out.text), "%s%s", tail == text ? "" : "...", tail);
	return out;
}

void driver_begin(struct driver *driver, const char *words, ...)
{
	va_list arguments;
	va_start(arguments, words);
	vsnprintf(driver->words, sizeof(driver->words), words, arguments);
	va_end(arguments);
	driver->operation++;
	if (driver->verbose)
		printf("%" PRIu64 ": %s\n", driver->operation, driver->words);
}

void driver_diverged(struct driver *driver, const char *difference, ...)
{
	va_list arguments;
	fflush(stdout);
	fprintf(stderr, "model_test: the store differs from the model\n");
	fprintf(stderr, "  seed %" PRIu64 ", run \"%s\", store %s\n", driver->seed, driver->shape->name, driver->path);
	fprintf(stderr, "  operation %" PRIu64 ": %s\n  ", driver->operation, driver->words);
	va_start(arguments, difference);
	vfprintf(stderr, difference, arguments);
	va_end(arguments);
	fprintf(stderr, "\n  again: model_test --seed %" PRIu64 " --operations %" PRIu64 " --verbose\n", driver->seed,
		driver->operations);
	exit(1);
}

/* The names of the errors in a set, for a message. */
static const char *names_of(model_errors errors)
{
	static char names[400];
	names[0] = '\0';
	for (int code = ORGDB_NOT_FOUND; code >= ORGDB_PANIC; code--)
		if (errors & MODEL_ERROR(code))
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", names[0] ? " or " : "",
				orgdb_error_name(code));
	return errors ? names : "success";
}

bool expect_result(struct driver *driver, model_errors errors, int result)
{
	if (result == ORGDB_MAP_FULL && driver->writing) {
		driver->map_full = true;
		return false;
	}
	bool expected = result == 0 ? errors == 0
								: result <= ORGDB_NOT_FOUND && result >= ORGDB_PANIC && (errors & MODEL_ERROR(result));
	const orgdb_error_info *info = orgdb_last_error();
	if (!expected)
		driver_diverged(driver, "expected %s, got %s (%s: %s)", names_of(errors),
			result ? orgdb_error_name(result) : "success", result ? info->field : "", result ? info->message : "");
	if (result != 0 && (info->code != result || info->message[0] == '\0'))
		driver_diverged(
			driver, "orgdb_last_error() says %d \"%s\" after %s", info->code, info->message, orgdb_error_name(result));
	return result == 0;
}

void expect_number(struct driver *driver, const char *what, uint64_t expected, uint64_t got)
{
	if (expected != got)
		driver_diverged(driver, "%s: expected %" PRIu64 ", got %" PRIu64, what, expected, got);
}

void expect_text(struct driver *driver, const char *what, orgdb_str expected, orgdb_str got)
{
	if (!orgdb_str_equal(expected, got))
		driver_diverged(driver, "%s: expected \"%.*s\", got \"%.*s\"", what, (int)expected.size,
			expected.data ? expected.data : "", (int)got.size, got.data ? got.data : "");
}

void expect_record(struct driver *driver, const struct model_record *record, uint64_t ordinal, const void *got)
{
	char difference[400];
	if (!model_record_matches(record, ordinal, got, difference, sizeof(difference)))
		driver_diverged(driver, "%s %s: %s", record->schema->name, brief(model_id(record)).text, difference);
}

/* ---- Every list -------------------------------------------------------------------------------------------------- */

#define LIST_OF_ALL(noun)                                                                                      \
	static int list_##noun##s(                                                                                 \
		orgdb_txn *txn, const char *const ids[2], uint64_t after, void *array, size_t capacity, size_t *count) \
	{                                                                                                          \
		(void)ids;                                                                                             \
		return orgdb_##noun##_list(txn, after, array, capacity, count);                                        \
	}
#define LIST_OF_ONE(name, function)                                                                            \
	static int name(                                                                                           \
		orgdb_txn *txn, const char *const ids[2], uint64_t after, void *array, size_t capacity, size_t *count) \
	{                                                                                                          \
		return function(txn, ids[0], after, array, capacity, count);                                           \
	}
#define LIST_OF_TWO(name, function)                                                                            \
	static int name(                                                                                           \
		orgdb_txn *txn, const char *const ids[2], uint64_t after, void *array, size_t capacity, size_t *count) \
	{                                                                                                          \
		return function(txn, ids[0], ids[1], after, array, capacity, count);                                   \
	}
LIST_OF_ALL(connection)
LIST_OF_ALL(application)
LIST_OF_ALL(role)
LIST_OF_ALL(user)
LIST_OF_ALL(organization)
LIST_OF_ALL(discovery_domain)
LIST_OF_ALL(invitation)
LIST_OF_ONE(list_application_connections, orgdb_application_connections)
LIST_OF_ONE(list_connection_applications, orgdb_connection_applications)
LIST_OF_ONE(list_enabled_connections, orgdb_enabled_connection_list)
LIST_OF_ONE(list_connection_organizations, orgdb_connection_organizations)
LIST_OF_ONE(list_organization_members, orgdb_organization_members)
LIST_OF_ONE(list_user_organizations, orgdb_user_organizations)
LIST_OF_ONE(list_organization_applications, orgdb_organization_application_list)
LIST_OF_ONE(list_application_organizations, orgdb_application_organizations)
LIST_OF_ONE(list_organization_invitations, orgdb_organization_invitations)
LIST_OF_TWO(list_member_roles, orgdb_member_roles)
LIST_OF_TWO(list_role_members, orgdb_role_members)

#define CONNECTION ORGDB_KIND_CONNECTION
#define APPLICATION ORGDB_KIND_APPLICATION
#define ROLE ORGDB_KIND_ROLE
#define USER ORGDB_KIND_USER
#define ORGANIZATION ORGDB_KIND_ORGANIZATION
#define OFFERED ORGDB_KIND_APPLICATION_CONNECTION
#define ENABLED ORGDB_KIND_ENABLED_CONNECTION
#define MEMBERSHIP ORGDB_KIND_MEMBERSHIP
#define INVITATION ORGDB_KIND_INVITATION
#define PLACE ORGDB_KIND_ORGANIZATION_APPLICATION

const struct listing listings[] = {
	{ "connections", CONNECTION, CONNECTION, 0, 0, { { 0, 0 } }, list_connections },
	{ "applications", APPLICATION, APPLICATION, 0, 0, { { 0, 0 } }, list_applications },
	{ "roles", ROLE, ROLE, 0, 0, { { 0, 0 } }, list_roles },
	{ "users", USER, USER, 0, 0, { { 0, 0 } }, list_users },
	{ "organizations", ORGANIZATION, ORGANIZATION, 0, 0, { { 0, 0 } }, list_organizations },
	{ "discovery domains", ORGDB_KIND_DISCOVERY_DOMAIN, ORGDB_KIND_DISCOVERY_DOMAIN, 0, 0, { { 0, 0 } },
		list_discovery_domains },
	{ "invitations", INVITATION, INVITATION, 0, 0, { { 0, 0 } }, list_invitations },
	{ "invitations of organization", INVITATION, INVITATION, 0, 1, { { ORGANIZATION, 1 } },
		list_organization_invitations },
	{ "connections of application", CONNECTION, OFFERED, 1, 1, { { APPLICATION, 0 } }, list_application_connections },
	{ "applications of connection", APPLICATION, OFFERED, 0, 1, { { CONNECTION, 1 } }, list_connection_applications },
	{ "enabled connections of organization", ENABLED, ENABLED, 1, 1, { { ORGANIZATION, 0 } },
		list_enabled_connections },
	{ "organizations of connection", ORGANIZATION, ENABLED, 0, 1, { { CONNECTION, 1 } },
		list_connection_organizations },
	{ "members of organization", USER, MEMBERSHIP, 1, 1, { { ORGANIZATION, 0 } }, list_organization_members },
	{ "organizations of user", ORGANIZATION, MEMBERSHIP, 0, 1, { { USER, 1 } }, list_user_organizations },
	{ "applications of organization", PLACE, PLACE, 1, 1, { { ORGANIZATION, 0 } }, list_organization_applications },
	{ "organizations of application", ORGANIZATION, PLACE, 0, 1, { { APPLICATION, 1 } },
		list_application_organizations },
	{ "roles of member", ROLE, MODEL_MEMBER_ROLE, 2, 2, { { ORGANIZATION, 0 }, { USER, 1 } }, list_member_roles },
	{ "members with role", USER, MODEL_MEMBER_ROLE, 1, 2, { { ORGANIZATION, 0 }, { ROLE, 2 } }, list_role_members },
};
const size_t listing_count = COUNT_OF(listings);

model_errors listing_errors(
	const struct driver *driver, const struct listing *listing, const struct model_row *const owners[2])
{
	for (size_t i = 0; i < listing->owner_count; i++)
		if (!owners[i])
			return MODEL_ERROR(ORGDB_NOT_FOUND);
	bool of_member = listing->call == list_member_roles;
	if (of_member && !model_find(driver->view, MEMBERSHIP, owners[0]->key[0], owners[1]->key[0], 0))
		return MODEL_ERROR(ORGDB_NOT_FOUND);
	return 0;
}

static bool belongs(const struct listing *listing, const struct model_row *row, const struct model_row *const owners[2])
{
	for (size_t i = 0; i < listing->owner_count; i++)
		if (row->key[listing->owners[i].part] != owners[i]->key[0])
			return false;
	return true;
}

/* The rows of what must be listed, at most @p capacity of them. The table's order is the list's order, too: by the
 * first part of the key that is not the same in all. */
static size_t collect(const struct model *model, const struct listing *listing, const struct model_row *const owners[2],
	uint64_t after, const struct model_row **rows, size_t capacity)
{
	const struct model_table *table = &model->tables[listing->table];
	size_t count = 0;
	for (size_t i = 0; i < table->count && count < capacity; i++)
		if (table->rows[i].key[listing->part] > after && belongs(listing, &table->rows[i], owners))
			rows[count++] = &table->rows[i];
	return count;
}

/* The record of what a row lists. */
static const struct model_record *listed_record(
	const struct model *model, const struct listing *listing, const struct model_row *row)
{
	if (listing->kind == listing->table)
		return row->record;
	return model_find(model, listing->kind, row->key[listing->part], 0, 0)->record;
}

/* Room for a page of the longest entries. */
static union model_any page[PAGE_MAX];

size_t expect_page(struct driver *driver, const struct listing *listing, const struct model_row *const owners[2],
	const char *const ids[2], uint64_t *after, size_t capacity)
{
	const struct model_row *rows[PAGE_MAX];
	size_t count, size = orgdb_schema_of(listing->kind)->struct_size;
	model_errors errors = listing_errors(driver, listing, owners);
	if (!expect_result(driver, errors, listing->call(driver->txn, ids, *after, page, capacity, &count)))
		return 0;
	size_t expected = collect(driver->view, listing, owners, *after, rows, capacity);
	for (size_t i = 0; i < count && i < expected; i++) {
		uint64_t ordinal = rows[i]->key[listing->part];
		expect_record(driver, listed_record(driver->view, listing, rows[i]), ordinal, (char *)page + i * size);
		*after = ordinal;
	}
	expect_number(driver, "entries", expected, count);
	return count;
}

static int compare_names(const void *a, const void *b)
{
	orgdb_str left = model_text((*(const struct model_row *const *)a)->record, ORGDB_ORGANIZATION_NAME);
	orgdb_str right = model_text((*(const struct model_row *const *)b)->record, ORGDB_ORGANIZATION_NAME);
	return strcmp(left.data, right.data);
}

size_t expect_page_by_name(struct driver *driver, const char *after_name, size_t capacity, char *last_name)
{
	const struct model_table *table = &driver->view->tables[ORGANIZATION];
	orgdb_organization *array = &page[0].organization;
	size_t count, expected = 0;
	if (!expect_result(driver, 0, orgdb_organization_list_by_name(driver->txn, after_name, array, capacity, &count)))
		return 0;
	const struct model_row **rows = malloc((table->count + 1) * sizeof(struct model_row *));
	for (size_t i = 0; i < table->count; i++)
		if (!after_name || strcmp(model_text(table->rows[i].record, ORGDB_ORGANIZATION_NAME).data, after_name) > 0)
			rows[expected++] = &table->rows[i];
	qsort(rows, expected, sizeof(rows[0]), compare_names);
	expect_number(driver, "entries", expected < capacity ? expected : capacity, count);
	for (size_t i = 0; i < count; i++)
		expect_record(driver, rows[i]->record, rows[i]->key[0], &array[i]);
	if (count > 0)
		strcpy(last_name, model_text(rows[count - 1]->record, ORGDB_ORGANIZATION_NAME).data);
	free(rows);
	return count;
}

/* ---- Everything -------------------------------------------------------------------------------------------------- */

/* One whole list, page by page. */
static void expect_list(
	struct driver *driver, const struct listing *listing, const struct model_row *first, const struct model_row *second)
{
	const struct model_row *owners[2] = { first, second };
	const char *ids[2] = { first ? model_id(first->record) : NULL, second ? model_id(second->record) : NULL };
	size_t capacity = 1 + input_below(&driver->input, PAGE_MAX);
	uint64_t after = 0;
	driver_begin(driver, "list all %s %s %s", listing->words, ids[0] ? brief(ids[0]).text : "",
		ids[1] ? brief(ids[1]).text : "");
	while (expect_page(driver, listing, owners, ids, &after, capacity) == capacity)
		continue;
}

static void expect_lists(struct driver *driver, const struct listing *listing)
{
	const struct model_table *tables = driver->view->tables;
	const struct model_table *firsts = &tables[listing->owners[0].kind], *seconds = &tables[listing->owners[1].kind];
	if (listing->owner_count == 0)
		expect_list(driver, listing, NULL, NULL);
	for (size_t i = 0; listing->owner_count == 1 && i < firsts->count; i++)
		expect_list(driver, listing, &firsts->rows[i], NULL);
	for (size_t i = 0; listing->owner_count == 2 && i < firsts->count; i++)
		for (size_t j = 0; j < seconds->count; j++) {
			const struct model_row *owners[2] = { &firsts->rows[i], &seconds->rows[j] };
			if (listing_errors(driver, listing, owners) == 0)
				expect_list(driver, listing, owners[0], owners[1]);
		}
}

static void expect_names(struct driver *driver)
{
	char name[INPUT_ID_SIZE];
	size_t capacity = 1 + input_below(&driver->input, PAGE_MAX);
	driver_begin(driver, "list all organizations by name");
	size_t count = expect_page_by_name(driver, NULL, capacity, name);
	while (count == capacity)
		count = expect_page_by_name(driver, name, capacity, name);
}

static void expect_every_id(struct driver *driver, uint32_t kind)
{
	const struct model_table *table = &driver->view->tables[kind];
	driver_begin(driver, "get every %s", orgdb_schema_of(kind)->name);
	for (size_t i = 0; i < table->count; i++) {
		union model_any got;
		if (expect_result(driver, 0, orgdb_entity_get(driver->txn, kind, model_id(table->rows[i].record), &got)))
			expect_record(driver, table->rows[i].record, table->rows[i].key[0], &got);
	}
}

static void expect_every_ticket(struct driver *driver)
{
	const struct model_table *table = &driver->view->tables[INVITATION];
	driver_begin(driver, "find every ticket");
	for (size_t i = 0; i < table->count; i++) {
		const char *ticket = model_text(table->rows[i].record, ORGDB_INVITATION_TICKET_ID).data;
		orgdb_invitation got;
		if (expect_result(driver, 0, orgdb_invitation_get_by_ticket(driver->txn, ticket, &got)))
			expect_record(driver, table->rows[i].record, table->rows[i].key[0], &got);
	}
}

static size_t count_with(const struct model_table *table, size_t part, uint64_t ordinal)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++)
		count += table->rows[i].key[part] == ordinal;
	return count;
}

static void expect_counts(struct driver *driver)
{
	const struct model_table *tables = driver->view->tables;
	uint64_t count;
	driver_begin(driver, "count the members and connections of every organization");
	for (size_t i = 0; i < tables[ORGANIZATION].count; i++) {
		const struct model_row *row = &tables[ORGANIZATION].rows[i];
		if (expect_result(driver, 0, orgdb_organization_member_count(driver->txn, model_id(row->record), &count)))
			expect_number(driver, model_id(row->record), count_with(&tables[MEMBERSHIP], 0, row->key[0]), count);
		if (expect_result(driver, 0, orgdb_enabled_connection_count(driver->txn, model_id(row->record), &count)))
			expect_number(driver, model_id(row->record), count_with(&tables[ENABLED], 0, row->key[0]), count);
		if (expect_result(driver, 0, orgdb_organization_application_count(driver->txn, model_id(row->record), &count)))
			expect_number(driver, model_id(row->record), count_with(&tables[PLACE], 0, row->key[0]), count);
	}
	for (size_t i = 0; i < tables[ORGANIZATION].count; i++) {
		const struct model_row *row = &tables[ORGANIZATION].rows[i];
		if (expect_result(driver, 0, orgdb_organization_invitation_count(driver->txn, model_id(row->record), &count)))
			expect_number(driver, model_id(row->record), count_with(&tables[INVITATION], 1, row->key[0]), count);
	}
	driver_begin(driver, "count the organizations of every user");
	for (size_t i = 0; i < tables[USER].count; i++) {
		const struct model_row *row = &tables[USER].rows[i];
		if (expect_result(driver, 0, orgdb_user_organization_count(driver->txn, model_id(row->record), &count)))
			expect_number(driver, model_id(row->record), count_with(&tables[MEMBERSHIP], 1, row->key[0]), count);
	}
}

/* Every pair where there are few, else some. */
static void expect_merges(struct driver *driver)
{
	const struct model_table *applications = &driver->view->tables[APPLICATION];
	const struct model_table *organizations = &driver->view->tables[ORGANIZATION];
	for (size_t i = 0; i < applications->count && i < 12; i++)
		for (size_t j = 0; j < organizations->count && j < 12; j++)
			operation_merge(driver, model_id(applications->rows[i].record), model_id(organizations->rows[j].record));
}

void expect_statistics(struct driver *driver)
{
	orgdb_statistics statistics;
	driver_begin(driver, "statistics");
	if (!expect_result(driver, 0, orgdb_stat(driver->txn, &statistics)))
		return;
	for (uint32_t kind = 0; kind < ORGDB_KINDS; kind++)
		expect_number(driver, orgdb_schema_of(kind)->name, driver->view->tables[kind].count, statistics.count[kind]);
	expect_number(driver, "member roles", driver->view->tables[MODEL_MEMBER_ROLE].count, statistics.member_roles);
	expect_number(driver, "lsn", driver->view->lsn, statistics.lsn);
}

void expect_everything(struct driver *driver)
{
	expect_statistics(driver);
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS; kind++)
		expect_every_id(driver, kind);
	expect_every_ticket(driver);
	for (size_t i = 0; i < listing_count; i++)
		expect_lists(driver, &listings[i]);
	expect_names(driver);
	expect_counts(driver);
	expect_merges(driver);
}

static void print_problem(void *context, const orgdb_problem *problem)
{
	(void)context;
	fprintf(stderr, "check: %s: %s\n", problem->table, problem->message);
}

void expect_sound(struct driver *driver)
{
	orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	report.problem = print_problem;
	driver_begin(driver, "check");
	expect_result(driver, 0, orgdb_check(driver->db, &report));
	expect_number(driver, "problems", 0, report.problems);
}
