/*
 * What a careful engineer writes by hand over a key-value store: rows of edges and records of connections in a fixed
 * layout, and the merge of two rows. The peers on LMDB, RocksDB, SQLite (the fast one) and the hash map share it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "peer.h"

/* A row of edges, as stored. */
struct row {
	uint32_t count;
	struct edge edges[TENANT_APPLICATION_EDGES];
};

static inline size_t row_size(const struct row *row)
{
	return sizeof(row->count) + row->count * sizeof(row->edges[0]);
}

struct row application_row(const struct tenant *tenant, uint32_t application);
struct row organization_row(const struct tenant *tenant, uint64_t organization);

/* A connection, as stored: sizes, then the texts one after another. */
struct record {
	uint8_t kind, show_as_button;
	uint8_t id_size, name_size, display_name_size, strategy_size;
	char text[160];
};

struct record record_of(const struct connection_fields *fields);

static inline size_t record_size(const struct record *record)
{
	return offsetof(struct record, text) + record->id_size + record->name_size + record->display_name_size +
		record->strategy_size;
}

/* One connection of a merged answer; `record` is for the peer to find. */
struct merged {
	uint32_t connection, from, options;
	const struct record *record;
};

static inline bool merged_show_as_button(const struct merged *merged)
{
	return merged->from & ORGDB_FROM_ORGANIZATION ? merged->options & EDGE_SHOW_AS_BUTTON
												  : merged->record->show_as_button;
}

/* Merge an application's and an organization's edges, leaving out what is not enabled. */
static inline size_t rows_merge(const struct edge *application, size_t application_count,
	const struct edge *organization, size_t organization_count, struct merged *out)
{
	size_t a = 0, b = 0, count = 0;
	for (;;) {
		while (b < organization_count && !(organization[b].options & EDGE_ENABLED))
			b++;
		uint32_t left = a < application_count ? application[a].connection : UINT32_MAX;
		uint32_t right = b < organization_count ? organization[b].connection : UINT32_MAX;
		uint32_t least = left < right ? left : right;
		if (least == UINT32_MAX)
			return count;
		uint32_t from = (left == least ? ORGDB_FROM_APPLICATION : 0u) | (right == least ? ORGDB_FROM_ORGANIZATION : 0u);
		out[count++] = (struct merged){ least, from, right == least ? organization[b].options : 0, NULL };
		a += left == least;
		b += right == least;
	}
}

static inline uint64_t merged_digest(const struct merged *merged)
{
	const struct record *record = merged->record;
	bool visible = record->kind != ORGDB_ENTERPRISE || merged_show_as_button(merged);
	return digest_entry(merged->from, record->kind, visible, merged->options >> EDGE_ACCESS_SHIFT,
		merged->options & EDGE_ASSIGN_MEMBERSHIP, merged->options & EDGE_SIGNUP, record->text[DIGEST_LETTER],
		record->name_size);
}

void merged_explain(const struct merged *merged, struct answer *answer);

#endif
