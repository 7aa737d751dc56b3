/*
 * Salvage, the first step: the rows of a damaged store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aside.h"
#include "edges.h"
#include "file.h"
#include "login.h"
#include "schema.h"

static void tell(struct salvage *salvage, const char *table, const char *message)
{
	orgdb_problem found = { table, message };
	salvage->report->problems++;
	if (salvage->report->problem)
		salvage->report->problem(salvage->report->context, &found);
}

void orgdb__salvage_problem(struct salvage *salvage, const char *table, const char *format, ...)
{
	char message[400];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	tell(salvage, table, message);
}

bool orgdb__salvage_is_whole(const struct salvage *salvage, enum kv_place place)
{
	return salvage->found[place] >= salvage->expected[place];
}

/* ---- What rows must be ------------------------------------------------------------------------------------------- */

/* How well a row fits its table; 0: it is none of it. The rest tells tables apart whose rows are alike. */
enum { NO_ROW = 0, A_ROW = 1, LIKELY_ROW = 2, SURE_ROW = 3 };

static unsigned judge_record(const struct kind *kind, struct bytes key, struct bytes record)
{
	union entity entity;
	uint64_t ordinal;
	if (!key_take_number(&key, &ordinal) || key.size > 0 || ordinal == 0 || ordinal == UINT64_MAX ||
		!orgdb__schema_decode(&kind->schema, record, &entity) || orgdb__schema_validate(&kind->schema, &entity) != 0)
		return NO_ROW;
	size_t size = kind->id_prefix ? strlen(kind->id_prefix) : 0; /* Some ids are chosen, not made. */
	const orgdb_str *id = member_text(&entity, kind->id);
	return size > 0 && id->size > size && memcmp(id->data, kind->id_prefix, size) == 0 ? SURE_ROW : LIKELY_ROW;
}

static unsigned judge_attributes(const struct kind *kind, struct bytes key, struct bytes record)
{
	union edge_object object;
	uint64_t first, second;
	if (!key_take_number(&key, &first) || !key_take_number(&key, &second) || key.size > 0 ||
		!orgdb__schema_decode(&kind->schema, record, &object) || !orgdb__extra_is_right(&kind->schema, &object))
		return NO_ROW;
	return LIKELY_ROW;
}

/* Nearly anything could be one; but texts hardly ever have control characters, and other keys always do. */
static unsigned judge_index(struct bytes key, struct bytes value)
{
	struct packed packed;
	if (!packed_view(value, &packed) || (packed.count > 1 && key.size < KEY_SIZE_MAX))
		return NO_ROW;
	for (size_t i = 0; i < key.size; i++)
		if (key.data[i] < 0x20)
			return A_ROW;
	return LIKELY_ROW;
}

static unsigned judge_login(struct bytes key, struct bytes entry)
{
	struct login login;
	if (key.size != sizeof(uint64_t) || entry.size == 0)
		return NO_ROW;
	while (entry.size > 0)
		if (!orgdb__login_take(&entry, &login))
			return NO_ROW;
	return LIKELY_ROW;
}

static unsigned judge_set(size_t owner_numbers, struct bytes key, struct bytes value)
{
	struct chunk chunk;
	return orgdb__chunk_read(key, value, owner_numbers, &chunk) ? LIKELY_ROW : NO_ROW;
}

static unsigned judge_expiry(struct bytes key, struct bytes value)
{
	uint64_t expires_at, invitation;
	return key_take_number(&key, &expires_at) && key_take_number(&key, &invitation) && key.size == 0 && value.size == 0
		? LIKELY_ROW
		: NO_ROW;
}

static unsigned judge_meta(struct bytes key)
{
	static const char *const names[] = { "format", "counters", "generations" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (key.size == strlen(names[i]) && memcmp(key.data, names[i], key.size) == 0)
			return SURE_ROW;
	return NO_ROW;
}

static unsigned judge_row(enum kv_table table, struct bytes key, struct bytes value)
{
	for (uint32_t k = 0; k < ORGDB_KINDS; k++) {
		const struct kind *kind = orgdb__kind(k);
		if (kind->records == table)
			return k < ORGDB_ENTITY_KINDS ? judge_record(kind, key, value) : judge_attributes(kind, key, value);
		for (size_t i = 0; i < kind->index_count; i++)
			if (kind->indexes[i].table == table)
				return judge_index(key, value);
	}
	switch (table) {
	case TABLE_META:
		return judge_meta(key);
	case TABLE_ORGANIZATION_LOGIN:
		return judge_login(key, value);
	case TABLE_INVITATION_EXPIRIES:
		return judge_expiry(key, value);
	default:
		return judge_set(orgdb__owner_numbers(table), key, value);
	}
}

/* ---- Keeping rows ------------------------------------------------------------------------------------------------ */

/* A leaf page, as a page of some place. */
struct reading {
	struct salvage *salvage;
	enum kv_place place;
	unsigned score;
	unsigned kept, refused;
};

static void read_meta_row(struct salvage *salvage, struct bytes key, struct bytes value)
{
	if (orgdb__counters_read(key, value, &salvage->counters))
		salvage->counted = true;
	else if (key.size == 6 && value.size >= 8 && little_get32(value.data + 4) > FORMAT_VERSION)
		salvage->needed = little_get32(value.data + 4);
}

/* The first row with a key is the one that a tree led to. */
static int keep(struct reading *reading, enum kv_table table, struct bytes key, struct bytes value)
{
	struct salvage *salvage = reading->salvage;
	struct bytes there;
	if (table == TABLE_META) {
		read_meta_row(salvage, key, value);
		reading->kept++;
		salvage->found[PLACE_META]++;
		return 0;
	}
	int rc = orgdb__kv_get(salvage->txn->kv, table, key, &there);
	if (rc == 0)
		reading->refused++;
	if (rc != ORGDB_NOT_FOUND)
		return rc;
	rc = orgdb__kv_put(salvage->txn->kv, table, key, value);
	reading->kept++;
	salvage->found[reading->place]++;
	return rc;
}

/* What memory did not suffice to judge may be a row all the same. */
static bool ran_out_of_memory(struct salvage *salvage)
{
	if (orgdb_last_error()->code == ORGDB_NO_MEMORY)
		salvage->rc = ORGDB_NO_MEMORY;
	return salvage->rc != 0;
}

static bool keep_row(void *context, struct bytes key, struct bytes value)
{
	struct reading *reading = context;
	enum kv_table table;
	if (orgdb__kv_table_of(reading->place, &key, &table) && judge_row(table, key, value) != NO_ROW)
		reading->salvage->rc = keep(reading, table, key, value);
	else if (!ran_out_of_memory(reading->salvage))
		reading->refused++;
	return reading->salvage->rc == 0;
}

static bool score_row(void *context, struct bytes key, struct bytes value)
{
	struct reading *reading = context;
	enum kv_table table;
	if (orgdb__kv_table_of(reading->place, &key, &table))
		reading->score += judge_row(table, key, value);
	return true;
}

/* Whose page is it? Places that have all their rows need no more. KV_PLACE_COUNT: nobody's. */
static enum kv_place find_place(struct salvage *salvage, const struct leaf *leaf)
{
	enum kv_place best = KV_PLACE_COUNT;
	unsigned best_score = 0;
	for (int place = 0; place < KV_PLACE_COUNT; place++) {
		struct reading reading = { .salvage = salvage, .place = (enum kv_place)place };
		if (orgdb__salvage_is_whole(salvage, reading.place))
			continue;
		orgdb__leaf_rows(leaf, false, score_row, &reading);
		if (reading.score > best_score) {
			best_score = reading.score;
			best = reading.place;
		}
	}
	return best;
}

static enum kv_place place_named(const char *name)
{
	int place = 0;
	while (place < KV_PLACE_COUNT && strcmp(orgdb__kv_place_name((enum kv_place)place), name) != 0)
		place++;
	return (enum kv_place)place;
}

static bool has_rows_of(struct salvage *salvage, const struct leaf *leaf, enum kv_place place)
{
	struct reading reading = { .salvage = salvage, .place = place };
	orgdb__leaf_rows(leaf, false, score_row, &reading);
	return reading.score > 0;
}

static bool read_leaf(void *context, const char *name, struct leaf *leaf)
{
	struct salvage *salvage = context;
	unsigned long long number = leaf->number;
	enum kv_place place = name ? place_named(name) : find_place(salvage, leaf);
	if (ran_out_of_memory(salvage) || place == KV_PLACE_COUNT)
		return false;
	const char *table = orgdb__kv_place_name(place);
	if (leaf->is_doubtful && !salvage->doubtful) {
		orgdb__salvage_problem(salvage, table, "page %llu: it may be of the past, and is left out", number);
		return false;
	}
	bool is_right = !name || has_rows_of(salvage, leaf, place);
	if (ran_out_of_memory(salvage))
		return false;
	if (!is_right) {
		orgdb__salvage_problem(salvage, table, "page %llu: it holds rows of another table", number);
		return false;
	}
	struct reading reading = { .salvage = salvage, .place = place };
	orgdb__leaf_rows(leaf, true, keep_row, &reading);
	salvage->took_doubtful |= leaf->is_doubtful;
	salvage->refused += reading.refused;
	if (reading.refused > 0)
		orgdb__salvage_problem(salvage, table, "page %llu: %u of its rows make no sense", number, reading.refused);
	return true;
}

static void read_table(void *context, const char *name, const struct tree *tree)
{
	struct salvage *salvage = context;
	enum kv_place place = place_named(name);
	if (place < KV_PLACE_COUNT && !(salvage->may_be_older && salvage->doubtful))
		salvage->expected[place] = tree->entries;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static bool page_problem(void *context, const char *name, const char *message)
{
	struct salvage *salvage = context;
	enum kv_place place = place_named(name);
	tell(salvage, place < KV_PLACE_COUNT ? orgdb__kv_place_name(place) : "pages", message);
	return salvage->rc == 0;
}

static struct snapshot choose_snapshot(struct salvage *salvage, int fd)
{
	struct snapshot snapshots[2] = { 0 };
	size_t found = orgdb__file_find_snapshots(fd, snapshots);
	salvage->may_be_older = found < 2;
	if (found == 0)
		tell(salvage, "pages", "both meta pages are damaged: what is free and what is not cannot be told");
	else if (found == 1)
		tell(salvage, "pages", "a meta page is damaged: if it was the newer one, the last change is lost");
	return snapshots[0];
}

static int read_file(struct salvage *salvage, int fd)
{
	const struct pages_sink sink = { page_problem, salvage };
	const struct pages_harvest harvest = { read_leaf, read_table, salvage };
	struct snapshot snapshot = choose_snapshot(salvage, fd);
	for (int place = 0; place < KV_PLACE_COUNT; place++)
		salvage->expected[place] = UINT64_MAX;
	int rc = orgdb_begin_write(salvage->rows, &salvage->txn);
	if (rc != 0)
		return rc;
	orgdb__fail(ORGDB_OK, "", "nothing has failed yet"); /* For keep_row(). */
	rc = orgdb__file_harvest(fd, salvage->path, &snapshot, !salvage->may_be_older, &sink, &harvest);
	if (rc == 0)
		rc = salvage->rc;
	if (rc == 0 && salvage->needed > 0)
		rc = orgdb__fail(ORGDB_VERSION_MISMATCH, "",
			"%s: to read this store takes a library of format version %u; this one, orgdb %s, knows version %d",
			salvage->path, salvage->needed, ORGDB_VERSION, FORMAT_VERSION);
	if (rc == 0)
		return orgdb_commit(salvage->txn);
	orgdb_end(salvage->txn);
	return rc;
}

static int open_damaged(const char *path, int *fd, struct stat *info)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return orgdb__fail_system(orgdb__code_of_errno(errno), errno, "%s", path);
	int rc = 0;
	if (fstat(*fd, info) != 0)
		rc = orgdb__fail_system(ORGDB_IO, errno, "%s", path);
	else if (!S_ISREG(info->st_mode))
		rc = orgdb__fail(ORGDB_NOT_A_STORE, "", "%s: not an orgdb store: not a regular file", path);
	if (rc != 0)
		close(*fd);
	return rc;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static void remove_store(const char *path)
{
	char lock[PATH_MAX];
	unlink(path);
	if (snprintf(lock, sizeof(lock), "%s-lock", path) < (int)sizeof(lock))
		unlink(lock);
}

/* Rows take no more room than they did, unless pages that were full are half so. */
static int open_rows(struct salvage *salvage, const char *path, uint64_t file_size)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = ORGDB_RELAXED;
	options.map_size = 4 * file_size + (64 << 20);
	options.row_cache_size = 0;
	return orgdb_open(path, &options, &salvage->rows);
}

static int salvage_into(struct salvage *salvage, const char *rows_path, const char *path, bool *whole)
{
	struct stat info;
	int fd, rc = open_damaged(salvage->path, &fd, &info);
	if (rc != 0)
		return rc;
	rc = open_rows(salvage, rows_path, (uint64_t)info.st_size);
	if (rc == 0) {
		rc = read_file(salvage, fd);
		if (rc == 0)
			rc = orgdb__rebuild(salvage, path, whole);
		orgdb_close(salvage->rows);
	}
	close(fd);
	return rc;
}

struct building {
	struct salvage salvage;
	bool whole;
};

/* Beside the new store, and as it under a name that nobody has. */
static int build(const char *aside, void *context)
{
	struct building *building = context;
	char rows_path[PATH_MAX];
	if (snprintf(rows_path, sizeof(rows_path), "%s-rows", aside) >= (int)sizeof(rows_path))
		return orgdb__fail_system(ORGDB_IO, ENAMETOOLONG, "%s", aside);
	int rc = salvage_into(&building->salvage, rows_path, aside, &building->whole);
	char lock[PATH_MAX];
	remove_store(rows_path);
	if (snprintf(lock, sizeof(lock), "%s-lock", aside) < (int)sizeof(lock))
		unlink(lock);
	return rc;
}

static int check_arguments(
	const char *path, const char *destination, uint32_t flags, const orgdb_salvage_report *report)
{
	struct stat info;
	if (!path || !*path || !destination || !*destination)
		return orgdb__fail(ORGDB_INVALID, "destination", "path and destination must name files");
	if (flags & ~(uint32_t)ORGDB_SALVAGE_DOUBTFUL)
		return orgdb__fail(ORGDB_INVALID, "flags", "flags must be 0 or ORGDB_SALVAGE_DOUBTFUL");
	if (report->size != sizeof(*report))
		return orgdb__fail(ORGDB_INVALID, "report.size",
			"report.size must be %zu, as ORGDB_SALVAGE_REPORT_INIT sets it", sizeof(*report));
	if (lstat(destination, &info) == 0)
		return orgdb__fail_system(ORGDB_EXISTS, EEXIST, "%s", destination);
	return 0;
}

int orgdb_salvage(const char *path, const char *destination, uint32_t flags, orgdb_salvage_report *given)
{
	orgdb_salvage_report unwanted = ORGDB_SALVAGE_REPORT_INIT;
	orgdb_salvage_report *report = given ? given : &unwanted;
	int rc = check_arguments(path, destination, flags, report);
	if (rc != 0)
		return rc;
	*report = (orgdb_salvage_report){ .size = sizeof(*report), .problem = report->problem, .context = report->context };
	struct building building = { .salvage = { .path = path, .doubtful = flags != 0, .report = report } };
	rc = orgdb__aside_make(destination, build, &building);
	if (rc == 0 && !building.whole)
		rc = orgdb__fail(
			ORGDB_CORRUPT, "", "%s: not everything could be salvaged; what could is at %s", path, destination);
	return rc;
}
