/*
 * Rows and records written by hand; see rows.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct row application_row(const struct tenant *tenant, uint32_t application)
{
	struct row row = { 0 };
	row.count = (uint32_t)application_edges(tenant, application, row.edges);
	return row;
}

struct row organization_row(const struct tenant *tenant, uint64_t organization)
{
	struct row row = { 0 };
	row.count = (uint32_t)organization_edges(tenant, organization, row.edges);
	return row;
}

static uint8_t append(char **end, const char *text)
{
	size_t size = strlen(text);
	memcpy(*end, text, size);
	*end += size;
	return (uint8_t)size;
}

struct record record_of(const struct connection_fields *fields)
{
	struct record record = { .kind = (uint8_t)fields->kind, .show_as_button = fields->show_as_button };
	char *end = record.text;
	record.id_size = append(&end, fields->id);
	record.name_size = append(&end, fields->name);
	record.display_name_size = append(&end, fields->display_name);
	record.strategy_size = append(&end, fields->strategy);
	return record;
}

void merged_explain(const struct merged *merged, struct answer *answer)
{
	const struct record *record = merged->record;
	struct answer_entry *entry = &answer->entries[answer->count++];
	const char *text = record->text;
	memcpy(entry->id, text, record->id_size);
	memcpy(entry->name, text += record->id_size, record->name_size);
	memcpy(entry->display_name, text += record->name_size, record->display_name_size);
	memcpy(entry->strategy, text += record->display_name_size, record->strategy_size);
	entry->kind = record->kind;
	entry->from = merged->from;
	entry->access = merged->options >> EDGE_ACCESS_SHIFT;
	entry->show_as_button = merged_show_as_button(merged);
	entry->visible = record->kind != ORGDB_ENTERPRISE || entry->show_as_button;
	entry->assign_membership = merged->options & EDGE_ASSIGN_MEMBERSHIP;
	entry->signup = merged->options & EDGE_SIGNUP;
}

struct display_name changed_name(uint32_t connection, uint32_t version)
{
	struct display_name name;
	snprintf(name.text, sizeof(name.text), "Connection %" PRIu32 ", change %" PRIu32, connection, version);
	return name;
}
