/*
 * The naive model of a store. Slow on purpose wherever that makes it plainer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "model.h"

#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static void *must(void *memory)
{
	if (!memory) {
		fputs("model: out of memory\n", stderr);
		abort();
	}
	return memory;
}

/* ---- Values in canonical form ------------------------------------------------------------------------------------ */

static int compare_keys(const void *a, const void *b)
{
	const msgpack_object_str *left = &((const msgpack_object_kv *)a)->key.via.str;
	const msgpack_object_str *right = &((const msgpack_object_kv *)b)->key.via.str;
	int order = memcmp(left->ptr, right->ptr, left->size < right->size ? left->size : right->size);
	return order != 0 ? order : (left->size > right->size) - (left->size < right->size);
}

static void sort_maps(msgpack_object *object)
{
	if (object->type == MSGPACK_OBJECT_ARRAY) {
		for (uint32_t i = 0; i < object->via.array.size; i++)
			sort_maps(&object->via.array.ptr[i]);
	} else if (object->type == MSGPACK_OBJECT_MAP && object->via.map.size > 0) {
		qsort(object->via.map.ptr, object->via.map.size, sizeof(msgpack_object_kv), compare_keys);
		for (uint32_t i = 0; i < object->via.map.size; i++)
			sort_maps(&object->via.map.ptr[i].val);
	}
}

static void unpack(msgpack_unpacked *unpacked, const void *data, size_t size)
{
	msgpack_unpacked_init(unpacked);
	if (msgpack_unpack_next(unpacked, data, size, NULL) != MSGPACK_UNPACK_SUCCESS) {
		fputs("model: a value that was said to be good is not MessagePack\n", stderr);
		abort();
	}
}

static void set_value(struct model_cell *cell, const void *data, size_t size)
{
	msgpack_unpacked unpacked;
	unpack(&unpacked, data, size);
	sort_maps(&unpacked.data);
	msgpack_sbuffer buffer;
	msgpack_sbuffer_init(&buffer);
	msgpack_packer packer;
	msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
	msgpack_pack_object(&packer, unpacked.data);
	*cell = (struct model_cell){ .stored = true, .size = buffer.size, .data = must(msgpack_sbuffer_release(&buffer)) };
	msgpack_unpacked_destroy(&unpacked);
}

/* ---- Records ----------------------------------------------------------------------------------------------------- */

static const void *member(const void *object, size_t offset)
{
	return (const char *)object + offset;
}

static void set_text(struct model_cell *cell, const char *data, size_t size)
{
	free(cell->data);
	*cell = (struct model_cell){ .stored = true, .size = size, .data = must(malloc(size + 1)) };
	memcpy(cell->data, data, size);
	cell->data[size] = '\0';
}

static void copy_cell(struct model_cell *cell, const struct model_cell *from)
{
	*cell = *from;
	if (from->data) {
		cell->data = NULL;
		set_text(cell, from->data, from->size);
	}
}

static void set_extra(struct model_cell *cell, const orgdb_value *value)
{
	if (value->data)
		set_value(cell, value->data, value->size);
}

static void set_cell(struct model_cell *cell, const orgdb_field *field, const void *object)
{
	const void *from = member(object, field->offset);
	switch (field->type) {
	case ORGDB_TYPE_TEXT:
		if (((const orgdb_str *)from)->data)
			set_text(cell, ((const orgdb_str *)from)->data, ((const orgdb_str *)from)->size);
		break;
	case ORGDB_TYPE_BOOL:
		*cell = (struct model_cell){ .stored = true, .number = *(const bool *)from };
		break;
	case ORGDB_TYPE_CHOICE:
		*cell = (struct model_cell){ .stored = true, .number = *(const uint32_t *)from };
		break;
	case ORGDB_TYPE_NUMBER:
		*cell = (struct model_cell){ .stored = true, .number = *(const uint64_t *)from };
		break;
	default:
		set_extra(cell, from);
	}
}

/* The fields in @p mask as in @p input, the others as in @p base. */
static struct model_record *make_record(
	const orgdb_schema *schema, const struct model_record *base, const void *input, uint32_t mask)
{
	struct model_record *record = must(calloc(1, sizeof(*record) + schema->field_count * sizeof(struct model_cell)));
	record->references = 1;
	record->schema = schema;
	for (size_t i = 0; i < schema->field_count; i++)
		if (mask & schema->fields[i].bit)
			set_cell(&record->cells[i], &schema->fields[i], input);
		else if (base)
			copy_cell(&record->cells[i], &base->cells[i]);
	if (mask & ORGDB_EXTRA)
		set_extra(&record->extra, member(input, schema->extra_offset));
	else if (base)
		copy_cell(&record->extra, &base->extra);
	return record;
}

static uint32_t given_fields(const orgdb_schema *schema, const void *input)
{
	return *(const uint32_t *)member(input, schema->fields_offset);
}

struct model_record *model_record_created(uint32_t kind, const void *input)
{
	const orgdb_schema *schema = orgdb_schema_of(kind);
	uint32_t given = input ? given_fields(schema, input) : 0;
	return make_record(schema, NULL, input, input && given == 0 ? UINT32_MAX : given);
}

struct model_record *model_record_updated(const struct model_record *old, const void *changes)
{
	return make_record(old->schema, old, changes, given_fields(old->schema, changes));
}

void model_record_identify(struct model_record *record, size_t index, const char *id)
{
	set_text(&record->cells[index], id, strlen(id));
}

void model_record_release(struct model_record *record)
{
	if (!record || --record->references > 0)
		return;
	for (size_t i = 0; i < record->schema->field_count; i++)
		free(record->cells[i].data);
	free(record->extra.data);
	free(record);
}

static bool same_cell(const struct model_cell *a, const struct model_cell *b)
{
	return a->stored == b->stored && a->number == b->number && a->size == b->size &&
		(a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static bool same_record(const struct model_record *a, const struct model_record *b)
{
	bool same = same_cell(&a->extra, &b->extra);
	for (size_t i = 0; same && i < a->schema->field_count; i++)
		same = same_cell(&a->cells[i], &b->cells[i]);
	return same;
}

/* ---- What a reader sees ------------------------------------------------------------------------------------------ */

union model_any model_initial(uint32_t kind)
{
	switch (kind) {
	case ORGDB_KIND_CONNECTION:
		return (union model_any){ .connection = ORGDB_CONNECTION_INIT };
	case ORGDB_KIND_APPLICATION:
		return (union model_any){ .application = ORGDB_APPLICATION_INIT };
	case ORGDB_KIND_ROLE:
		return (union model_any){ .role = ORGDB_ROLE_INIT };
	case ORGDB_KIND_USER:
		return (union model_any){ .user = ORGDB_USER_INIT };
	case ORGDB_KIND_ORGANIZATION:
		return (union model_any){ .organization = ORGDB_ORGANIZATION_INIT };
	case ORGDB_KIND_DISCOVERY_DOMAIN:
		return (union model_any){ .discovery_domain = ORGDB_DISCOVERY_DOMAIN_INIT };
	case ORGDB_KIND_EMAIL_TEMPLATE:
		return (union model_any){ .email_template = ORGDB_EMAIL_TEMPLATE_INIT };
	case ORGDB_KIND_INVITATION:
		return (union model_any){ .invitation = ORGDB_INVITATION_INIT };
	case ORGDB_KIND_ENABLED_CONNECTION:
		return (union model_any){ .enabled_connection = ORGDB_ENABLED_CONNECTION_INIT };
	case ORGDB_KIND_ORGANIZATION_APPLICATION:
		return (union model_any){ .organization_application = ORGDB_ORGANIZATION_APPLICATION_INIT };
	default: {
		union model_any zero;
		memset(&zero, 0, sizeof(zero));
		return zero;
	}
	}
}

static size_t field_index(const orgdb_schema *schema, uint32_t bit)
{
	size_t i = 0;
	while (schema->fields[i].bit != bit)
		i++;
	return i;
}

orgdb_str model_text(const struct model_record *record, uint32_t bit)
{
	const struct model_cell *cell = &record->cells[field_index(record->schema, bit)];
	if (!cell->stored && record->schema->kind == ORGDB_KIND_CONNECTION && bit == ORGDB_CONNECTION_DISPLAY_NAME)
		return model_text(record, ORGDB_CONNECTION_NAME);
	if (!cell->stored && record->schema->kind == ORGDB_KIND_EMAIL_TEMPLATE && bit == ORGDB_EMAIL_TEMPLATE_SYNTAX)
		return orgdb_string("liquid");
	return (orgdb_str){ cell->data, cell->size };
}

static uint64_t read_number(const orgdb_field *field, const void *object)
{
	const void *from = member(object, field->offset);
	if (field->type == ORGDB_TYPE_NUMBER)
		return *(const uint64_t *)from;
	return field->type == ORGDB_TYPE_BOOL ? *(const bool *)from : *(const uint32_t *)from;
}

uint64_t model_number(const struct model_record *record, uint32_t bit)
{
	size_t index = field_index(record->schema, bit);
	if (record->cells[index].stored)
		return record->cells[index].number;
	union model_any initial = model_initial(record->schema->kind);
	return read_number(&record->schema->fields[index], &initial);
}

const char *model_id(const struct model_record *record)
{
	return record->cells[0].data;
}

/* The kind of the strategies that the test uses. */
static uint32_t strategy_kind(orgdb_str strategy)
{
	static const struct {
		const char *name;
		uint32_t kind;
	} known[] = {
		{ "auth0", ORGDB_DATABASE },
		{ "google-oauth2", ORGDB_SOCIAL },
		{ "github", ORGDB_SOCIAL },
		{ "oauth2", ORGDB_SOCIAL },
		{ "samlp", ORGDB_ENTERPRISE },
		{ "oidc", ORGDB_ENTERPRISE },
		{ "okta", ORGDB_ENTERPRISE },
		{ "email", ORGDB_PASSWORDLESS },
		{ "sms", ORGDB_PASSWORDLESS },
	};
	size_t i = 0;
	while (!orgdb_str_equal(strategy, orgdb_string(known[i].name)))
		i++;
	return known[i].kind;
}

static bool bytes_match(const char *name, const void *expected, size_t expected_size, const void *got, size_t got_size,
	char *difference, size_t size)
{
	if (!expected == !got && expected_size == got_size && (!got || memcmp(expected, got, got_size) == 0))
		return true;
	snprintf(difference, size, "%s: expected %zu bytes \"%.60s\", got %zu bytes \"%.*s\"", name, expected_size,
		expected ? (const char *)expected : "(absent)", got_size, got ? (int)(got_size < 60 ? got_size : 60) : 8,
		got ? (const char *)got : "(absent)");
	return false;
}

static bool number_matches(const char *name, uint64_t expected, uint64_t got, char *difference, size_t size)
{
	if (expected != got)
		snprintf(difference, size, "%s: expected %llu (0x%llx), got %llu (0x%llx)", name, (unsigned long long)expected,
			(unsigned long long)expected, (unsigned long long)got, (unsigned long long)got);
	return expected == got;
}

static bool cell_matches(
	const struct model_record *record, size_t index, const void *got, char *difference, size_t size)
{
	const orgdb_field *field = &record->schema->fields[index];
	if (field->type == ORGDB_TYPE_BOOL || field->type == ORGDB_TYPE_CHOICE || field->type == ORGDB_TYPE_NUMBER)
		return number_matches(field->name, model_number(record, field->bit), read_number(field, got), difference, size);
	if (field->type == ORGDB_TYPE_TEXT) {
		orgdb_str expected = model_text(record, field->bit);
		const orgdb_str *text = member(got, field->offset);
		return bytes_match(field->name, expected.data, expected.size, text->data, text->size, difference, size);
	}
	const struct model_cell *cell = &record->cells[index];
	const orgdb_value *value = member(got, field->offset);
	return bytes_match(field->name, cell->data, cell->size, value->data, value->size, difference, size);
}

static uint32_t stored_fields(const struct model_record *record)
{
	uint32_t fields = record->extra.stored ? ORGDB_EXTRA : 0;
	for (size_t i = 0; i < record->schema->field_count; i++)
		if (record->cells[i].stored)
			fields |= record->schema->fields[i].bit;
	return fields;
}

bool model_record_matches(
	const struct model_record *record, uint64_t ordinal, const void *got, char *difference, size_t size)
{
	const orgdb_schema *schema = record->schema;
	const orgdb_value *extra = member(got, schema->extra_offset);
	bool same = number_matches("ordinal", ordinal, *(const uint64_t *)got, difference, size) &&
		number_matches("fields", stored_fields(record), given_fields(schema, got), difference, size) &&
		bytes_match("extra", record->extra.data, record->extra.size, extra->data, extra->size, difference, size);
	for (size_t i = 0; same && i < schema->field_count; i++)
		same = cell_matches(record, i, got, difference, size);
	if (same && schema->kind == ORGDB_KIND_CONNECTION)
		same = number_matches("kind", strategy_kind(model_text(record, ORGDB_CONNECTION_STRATEGY)),
			((const orgdb_connection *)got)->kind, difference, size);
	return same;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

static int compare_key(const uint64_t a[3], const uint64_t b[3])
{
	for (int i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* The position of the first row that is not before @p key. */
static size_t position_of(const struct model_table *table, const uint64_t key[3])
{
	size_t low = 0, high = table->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_key(table->rows[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct model_row *find_row(const struct model_table *table, const uint64_t key[3])
{
	size_t position = position_of(table, key);
	bool found = position < table->count && compare_key(table->rows[position].key, key) == 0;
	return found ? &table->rows[position] : NULL;
}

const struct model_row *model_find(
	const struct model *model, uint32_t table, uint64_t first, uint64_t second, uint64_t third)
{
	return find_row(&model->tables[table], (const uint64_t[3]){ first, second, third });
}

const struct model_row *model_find_id(const struct model *model, uint32_t kind, const char *id)
{
	const struct model_table *table = &model->tables[kind];
	uint64_t hash = hash_of(id);
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].hash == hash && strcmp(model_id(table->rows[i].record), id) == 0)
			return &table->rows[i];
	return NULL;
}

/* The bit of a kind's unique name. */
static uint32_t name_bit(uint32_t kind)
{
	return kind == ORGDB_KIND_CONNECTION ? ORGDB_CONNECTION_NAME
		: kind == ORGDB_KIND_ROLE        ? ORGDB_ROLE_NAME
										 : ORGDB_ORGANIZATION_NAME;
}

/* The bit of the field that holds an owner's id; 0: nobody owns the kind. */
static uint32_t owner_bit(uint32_t kind)
{
	return kind == ORGDB_KIND_ROLE            ? ORGDB_ROLE_OWNER_ID
		: kind == ORGDB_KIND_DISCOVERY_DOMAIN ? ORGDB_DISCOVERY_DOMAIN_ORGANIZATION_ID
											  : 0;
}

static orgdb_str owner_id(const struct model_record *record)
{
	uint32_t bit = owner_bit(record->schema->kind);
	return bit ? model_text(record, bit) : orgdb_string(NULL);
}

const struct model_row *model_owner(const struct model *model, const struct model_record *record)
{
	orgdb_str id = owner_id(record);
	return id.data ? model_find_id(model, ORGDB_KIND_ORGANIZATION, id.data) : NULL;
}

const struct model_row *model_find_name(
	const struct model *model, uint32_t kind, const struct model_row *owner, const char *name)
{
	const struct model_table *table = &model->tables[kind];
	for (size_t i = 0; i < table->count; i++)
		if (orgdb_str_equal(model_text(table->rows[i].record, name_bit(kind)), orgdb_string(name)) &&
			model_owner(model, table->rows[i].record) == owner)
			return &table->rows[i];
	return NULL;
}

static void insert_row(struct model_table *table, size_t position, struct model_row row)
{
	if (table->count == table->capacity) {
		table->capacity = table->capacity ? 2 * table->capacity : 16;
		table->rows = must(realloc(table->rows, table->capacity * sizeof(struct model_row)));
	}
	memmove(&table->rows[position + 1], &table->rows[position], (table->count - position) * sizeof(struct model_row));
	table->rows[position] = row;
	table->count++;
}

void model_put(struct model *model, uint32_t table, const uint64_t key[3], struct model_record *record)
{
	struct model_row *row = find_row(&model->tables[table], key);
	if (!row) {
		struct model_row new = { { key[0], key[1], key[2] }, table < ORGDB_ENTITY_KINDS ? hash_of(model_id(record)) : 0,
			record };
		insert_row(&model->tables[table], position_of(&model->tables[table], key), new);
		model->changed = true;
		return;
	}
	model->changed |= !same_record(row->record, record);
	model_record_release(row->record);
	row->record = record;
}

/* Erase the rows from which on @p count parts of the key are as in @p key; @p from is the first part to compare. */
static uint64_t erase_where(struct model *model, uint32_t which, const uint64_t key[3], size_t from, size_t count)
{
	struct model_table *table = &model->tables[which];
	size_t kept = 0;
	for (size_t i = 0; i < table->count; i++) {
		if (memcmp(&table->rows[i].key[from], &key[from], count * sizeof(key[0])) == 0)
			model_record_release(table->rows[i].record);
		else
			table->rows[kept++] = table->rows[i];
	}
	uint64_t erased = table->count - kept;
	table->count = kept;
	model->changed |= erased > 0;
	return erased;
}

void model_erase(struct model *model, uint32_t table, const uint64_t key[3])
{
	erase_where(model, table, key, 0, 3);
}

void model_end_membership(struct model *model, uint64_t organization, uint64_t user)
{
	uint64_t key[3] = { organization, user, 0 };
	erase_where(model, ORGDB_KIND_MEMBERSHIP, key, 0, 2);
	erase_where(model, MODEL_MEMBER_ROLE, key, 0, 2);
}

/* Which edges go with an entity: those in this table that have it in this part of their key. */
static const struct {
	uint32_t kind, table;
	size_t part, count_offset;
} cascades[] = {
	{ ORGDB_KIND_CONNECTION, ORGDB_KIND_APPLICATION_CONNECTION, 1, offsetof(orgdb_cascade, application_connections) },
	{ ORGDB_KIND_CONNECTION, ORGDB_KIND_ENABLED_CONNECTION, 1, offsetof(orgdb_cascade, enabled_connections) },
	{ ORGDB_KIND_APPLICATION, ORGDB_KIND_APPLICATION_CONNECTION, 0, offsetof(orgdb_cascade, application_connections) },
	{ ORGDB_KIND_APPLICATION, ORGDB_KIND_ORGANIZATION_APPLICATION, 1,
		offsetof(orgdb_cascade, organization_applications) },
	{ ORGDB_KIND_ROLE, MODEL_MEMBER_ROLE, 2, offsetof(orgdb_cascade, member_roles) },
	{ ORGDB_KIND_USER, ORGDB_KIND_MEMBERSHIP, 1, offsetof(orgdb_cascade, memberships) },
	{ ORGDB_KIND_USER, MODEL_MEMBER_ROLE, 1, offsetof(orgdb_cascade, member_roles) },
	{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_ENABLED_CONNECTION, 0, offsetof(orgdb_cascade, enabled_connections) },
	{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_MEMBERSHIP, 0, offsetof(orgdb_cascade, memberships) },
	{ ORGDB_KIND_ORGANIZATION, MODEL_MEMBER_ROLE, 0, offsetof(orgdb_cascade, member_roles) },
	{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_INVITATION, 1, offsetof(orgdb_cascade, invitations) },
	{ ORGDB_KIND_APPLICATION, ORGDB_KIND_INVITATION, 2, offsetof(orgdb_cascade, invitations) },
	{ ORGDB_KIND_ORGANIZATION, ORGDB_KIND_ORGANIZATION_APPLICATION, 0,
		offsetof(orgdb_cascade, organization_applications) },
};

/* What an organization owns goes, each with its own edges. */
static uint64_t delete_owned(struct model *model, uint32_t kind, uint64_t organization, orgdb_cascade *gone)
{
	struct model_table *table = &model->tables[kind];
	uint64_t deleted = 0;
	for (size_t i = 0; i < table->count;) {
		const struct model_row *owner = model_owner(model, table->rows[i].record);
		if (!owner || owner->key[0] != organization) {
			i++;
			continue;
		}
		gone->member_roles += model_delete(model, kind, table->rows[i].key[0]).member_roles;
		deleted++;
	}
	return deleted;
}

/* The ids that an array holds; returns how many. */
static size_t ids_in(const struct model_record *record, uint32_t bit, orgdb_str ids[64])
{
	const struct model_cell *cell = &record->cells[field_index(record->schema, bit)];
	msgpack_unpacked unpacked;
	size_t count = 0;
	if (!cell->stored)
		return 0;
	unpack(&unpacked, cell->data, cell->size); /* Texts stay where they are. */
	for (; count < unpacked.data.via.array.size && count < 64; count++) {
		const msgpack_object_str *id = &unpacked.data.via.array.ptr[count].via.str;
		ids[count] = (orgdb_str){ id->ptr, id->size };
	}
	msgpack_unpacked_destroy(&unpacked);
	return count;
}

/* An invitation without one of its roles; NULL if it does not have it. */
static struct model_record *without_role(const struct model_record *invitation, const char *id)
{
	orgdb_str ids[64];
	size_t count = ids_in(invitation, ORGDB_INVITATION_ROLES, ids), left = 0;
	for (size_t i = 0; i < count; i++)
		if (!orgdb_str_equal(ids[i], orgdb_string(id)))
			ids[left++] = ids[i];
	if (left == count)
		return NULL;
	struct model_record *record = make_record(invitation->schema, invitation, NULL, 0);
	struct model_cell *cell = &record->cells[field_index(record->schema, ORGDB_INVITATION_ROLES)];
	msgpack_sbuffer buffer;
	msgpack_packer packer;
	msgpack_sbuffer_init(&buffer);
	msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
	msgpack_pack_array(&packer, left);
	for (size_t i = 0; i < left; i++)
		msgpack_pack_str_with_body(&packer, ids[i].data, ids[i].size);
	free(cell->data);
	*cell = (struct model_cell){ 0 };
	if (left > 0)
		set_value(cell, buffer.data, buffer.size);
	msgpack_sbuffer_destroy(&buffer);
	return record;
}

/* What is not in an invitation's key: its connection, with which it goes, and its roles, which it loses. */
static uint64_t leave_invitations(struct model *model, uint32_t kind, const char *id)
{
	const struct model_table *table = &model->tables[ORGDB_KIND_INVITATION];
	uint64_t gone = 0;
	for (size_t i = table->count; i-- > 0;) {
		const struct model_row *row = &table->rows[i];
		uint64_t key[3] = { row->key[0], row->key[1], row->key[2] };
		if (kind == ORGDB_KIND_ROLE) {
			struct model_record *record = without_role(row->record, id);
			if (record)
				model_put(model, ORGDB_KIND_INVITATION, key, record);
		} else if (orgdb_str_equal(model_text(row->record, ORGDB_INVITATION_CONNECTION_ID), orgdb_string(id))) {
			model_erase(model, ORGDB_KIND_INVITATION, key);
			gone++;
		}
	}
	return gone;
}

orgdb_cascade model_delete(struct model *model, uint32_t kind, uint64_t ordinal)
{
	orgdb_cascade gone = { 0 };
	if (kind == ORGDB_KIND_ROLE || kind == ORGDB_KIND_CONNECTION) {
		const struct model_row *row = model_find(model, kind, ordinal, 0, 0);
		gone.invitations = leave_invitations(model, kind, model_id(row->record));
	}
	const uint64_t everywhere[3] = { ordinal, ordinal, ordinal };
	for (size_t i = 0; i < sizeof(cascades) / sizeof(cascades[0]); i++)
		if (cascades[i].kind == kind)
			*(uint64_t *)((char *)&gone + cascades[i].count_offset) =
				erase_where(model, cascades[i].table, everywhere, cascades[i].part, 1);
	if (kind == ORGDB_KIND_ORGANIZATION)
		gone.discovery_domains = delete_owned(model, ORGDB_KIND_DISCOVERY_DOMAIN, ordinal, &gone);
	if (kind == ORGDB_KIND_ORGANIZATION)
		gone.roles = delete_owned(model, ORGDB_KIND_ROLE, ordinal, &gone);
	erase_where(model, kind, everywhere, 0, 1);
	return gone;
}

void model_free(struct model *model)
{
	for (size_t i = 0; i < MODEL_TABLES; i++) {
		for (size_t j = 0; j < model->tables[i].count; j++)
			model_record_release(model->tables[i].rows[j].record);
		free(model->tables[i].rows);
	}
	memset(model, 0, sizeof(*model));
}

void model_copy(struct model *copy, const struct model *model)
{
	*copy = *model;
	for (size_t i = 0; i < MODEL_TABLES; i++) {
		struct model_table *table = &copy->tables[i];
		table->capacity = table->count;
		table->rows = table->count ? must(malloc(table->count * sizeof(struct model_row))) : NULL;
		if (table->count)
			memcpy(table->rows, model->tables[i].rows, table->count * sizeof(struct model_row));
		for (size_t j = 0; j < table->count; j++)
			if (table->rows[j].record)
				table->rows[j].record->references++;
	}
}

/* ---- Judgement --------------------------------------------------------------------------------------------------- */

static bool same_text(const struct model_record *a, const struct model_record *b, uint32_t bit)
{
	return orgdb_str_equal(model_text(a, bit), model_text(b, bit));
}

static bool has_realm(const struct model_record *connection, const char *data, size_t size)
{
	const struct model_cell *realms = &connection->cells[field_index(connection->schema, ORGDB_CONNECTION_REALMS)];
	if (!realms->stored)
		return orgdb_str_equal(model_text(connection, ORGDB_CONNECTION_NAME), (orgdb_str){ data, size });
	msgpack_unpacked unpacked;
	unpack(&unpacked, realms->data, realms->size);
	bool found = false;
	for (uint32_t i = 0; i < unpacked.data.via.array.size; i++) {
		const msgpack_object_str *realm = &unpacked.data.via.array.ptr[i].via.str;
		found |= realm->size == size && memcmp(realm->ptr, data, size) == 0;
	}
	msgpack_unpacked_destroy(&unpacked);
	return found;
}

static bool share_a_realm(const struct model_record *a, const struct model_record *b)
{
	const struct model_cell *realms = &a->cells[field_index(a->schema, ORGDB_CONNECTION_REALMS)];
	if (!realms->stored) {
		orgdb_str name = model_text(a, ORGDB_CONNECTION_NAME);
		return has_realm(b, name.data, name.size);
	}
	msgpack_unpacked unpacked;
	unpack(&unpacked, realms->data, realms->size);
	bool shared = false;
	for (uint32_t i = 0; i < unpacked.data.via.array.size; i++) {
		const msgpack_object_str *realm = &unpacked.data.via.array.ptr[i].via.str;
		shared |= has_realm(b, realm->ptr, realm->size);
	}
	msgpack_unpacked_destroy(&unpacked);
	return shared;
}

static bool connections_conflict(const struct model_record *a, const struct model_record *b)
{
	bool both_domain = model_number(a, ORGDB_CONNECTION_IS_DOMAIN_CONNECTION) &&
		model_number(b, ORGDB_CONNECTION_IS_DOMAIN_CONNECTION);
	return same_text(a, b, ORGDB_CONNECTION_NAME) || share_a_realm(a, b) ||
		(both_domain && same_text(a, b, ORGDB_CONNECTION_STRATEGY));
}

/* Letters count the same, capital or small. */
static bool same_domain(const struct model_record *a, const char *domain)
{
	return strcasecmp(model_text(a, ORGDB_DISCOVERY_DOMAIN_DOMAIN).data, domain) == 0;
}

static bool records_conflict(const struct model_record *a, const struct model_record *b)
{
	if (a->cells[0].stored && strcmp(model_id(a), model_id(b)) == 0)
		return true;
	switch (a->schema->kind) {
	case ORGDB_KIND_CONNECTION:
		return connections_conflict(a, b);
	case ORGDB_KIND_ROLE:
		return same_text(a, b, ORGDB_ROLE_NAME) && orgdb_str_equal(owner_id(a), owner_id(b));
	case ORGDB_KIND_ORGANIZATION:
		return same_text(a, b, ORGDB_ORGANIZATION_NAME);
	case ORGDB_KIND_DISCOVERY_DOMAIN:
		return same_domain(a, model_text(b, ORGDB_DISCOVERY_DOMAIN_DOMAIN).data) &&
			orgdb_str_equal(owner_id(a), owner_id(b));
	case ORGDB_KIND_INVITATION:
		return model_text(a, ORGDB_INVITATION_TICKET_ID).data && same_text(a, b, ORGDB_INVITATION_TICKET_ID);
	default:
		return false;
	}
}

/* ---- Invitations -------------------------------------------------------------------------------------------------- */

uint64_t model_moment(orgdb_str text)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year, month, day, hour, minute, second, thousandth = 0;
	if (!text.data || sscanf(text.data, "%4u-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &minute, &second) != 6)
		return 0;
	if (text.size == strlen("2020-01-01T00:00:00.000Z"))
		sscanf(text.data + strlen("2020-01-01T00:00:00."), "%3u", &thousandth);
	uint64_t past = day - 1;
	for (unsigned i = 1970; i < year; i++)
		past += i % 4 == 0 ? 366 : 365; /* 2000 was one, too. */
	for (unsigned i = 1; i < month; i++)
		past += days[i - 1] + (i == 2 && year % 4 == 0);
	return (((past * 24 + hour) * 60 + minute) * 60 + second) * 1000 + thousandth;
}

static bool has_cell(const struct model_record *record, uint32_t bit)
{
	return record->cells[field_index(record->schema, bit)].stored;
}

static model_errors time_errors(const struct model_record *invitation)
{
	const uint64_t day = 86400000, ttl = model_number(invitation, ORGDB_INVITATION_TTL_SEC) * 1000;
	uint64_t created = has_cell(invitation, ORGDB_INVITATION_CREATED_AT)
		? model_moment(model_text(invitation, ORGDB_INVITATION_CREATED_AT))
		: (uint64_t)time(NULL) * 1000;
	uint64_t expires = has_cell(invitation, ORGDB_INVITATION_EXPIRES_AT)
		? model_moment(model_text(invitation, ORGDB_INVITATION_EXPIRES_AT))
		: created + (ttl ? ttl : 7 * day);
	bool right = expires > created && expires - created <= 30 * day && (ttl == 0 || expires == created + ttl);
	return right ? 0 : MODEL_ERROR(ORGDB_INVALID);
}

/* Is a log-in as the invitation has it not let in? */
static bool breaks_policy(const struct model *model, const struct model_record *invitation)
{
	const struct model_row *application =
		model_find_id(model, ORGDB_KIND_APPLICATION, model_text(invitation, ORGDB_INVITATION_CLIENT_ID).data);
	if (model_number(application->record, ORGDB_APPLICATION_ORGANIZATION_USAGE) == ORGDB_USAGE_DENY)
		return true;
	if (!has_cell(invitation, ORGDB_INVITATION_CONNECTION_ID))
		return false;
	const struct model_row *organization =
		model_find_id(model, ORGDB_KIND_ORGANIZATION, model_text(invitation, ORGDB_INVITATION_ORGANIZATION_ID).data);
	const struct model_row *connection =
		model_find_id(model, ORGDB_KIND_CONNECTION, model_text(invitation, ORGDB_INVITATION_CONNECTION_ID).data);
	const struct model_row *enabled =
		model_find(model, ORGDB_KIND_ENABLED_CONNECTION, organization->key[0], connection->key[0], 0);
	return !enabled || !model_number(enabled->record, ORGDB_ENABLED_CONNECTION_IS_ENABLED);
}

static bool is_missing(const struct model *model, const struct model_record *invitation, uint32_t kind, uint32_t bit)
{
	return has_cell(invitation, bit) && !model_find_id(model, kind, model_text(invitation, bit).data);
}

static const struct model_row *find_role(const struct model *model, orgdb_str view)
{
	char id[64];
	snprintf(id, sizeof(id), "%.*s", (int)view.size, view.data);
	return model_find_id(model, ORGDB_KIND_ROLE, id);
}

/* A role must be there, and another organization's own must not be had. */
static model_errors role_errors(const struct model *model, const struct model_record *invitation)
{
	orgdb_str ids[64];
	size_t count = ids_in(invitation, ORGDB_INVITATION_ROLES, ids);
	model_errors errors = 0;
	for (size_t i = 0; i < count; i++) {
		const struct model_row *role = find_role(model, ids[i]);
		const struct model_row *owner = role ? model_owner(model, role->record) : NULL;
		if (!role)
			errors |= MODEL_ERROR(ORGDB_NOT_FOUND);
		if (owner &&
			!orgdb_str_equal(
				model_text(invitation, ORGDB_INVITATION_ORGANIZATION_ID), orgdb_string(model_id(owner->record))))
			errors |= MODEL_ERROR(ORGDB_INVALID);
	}
	return errors;
}

/* Why it cannot be made. */
static model_errors invitation_errors(const struct model *model, const struct model_record *invitation)
{
	model_errors errors = time_errors(invitation) | role_errors(model, invitation);
	if (is_missing(model, invitation, ORGDB_KIND_ORGANIZATION, ORGDB_INVITATION_ORGANIZATION_ID) ||
		is_missing(model, invitation, ORGDB_KIND_APPLICATION, ORGDB_INVITATION_CLIENT_ID) ||
		is_missing(model, invitation, ORGDB_KIND_CONNECTION, ORGDB_INVITATION_CONNECTION_ID))
		return errors | MODEL_ERROR(ORGDB_NOT_FOUND);
	if (has_cell(invitation, ORGDB_INVITATION_CONNECTION_ID)) {
		const struct model_row *connection =
			model_find_id(model, ORGDB_KIND_CONNECTION, model_text(invitation, ORGDB_INVITATION_CONNECTION_ID).data);
		if (strategy_kind(model_text(connection->record, ORGDB_CONNECTION_STRATEGY)) == ORGDB_PASSWORDLESS)
			errors |= MODEL_ERROR(ORGDB_INVALID);
	}
	bool made_before =
		has_cell(invitation, ORGDB_INVITATION_CREATED_AT) && has_cell(invitation, ORGDB_INVITATION_TICKET_ID);
	if (!made_before && breaks_policy(model, invitation))
		errors |= MODEL_ERROR(ORGDB_INVALID);
	return errors;
}

static bool is_for(const struct model_record *invitation, const struct model_record *user)
{
	const struct model_cell *cell = &invitation->cells[field_index(invitation->schema, ORGDB_INVITATION_INVITEE)];
	orgdb_str email = model_text(user, ORGDB_USER_EMAIL);
	msgpack_unpacked unpacked;
	bool same = false;
	unpack(&unpacked, cell->data, cell->size);
	const msgpack_object_map *map = &unpacked.data.via.map;
	for (uint32_t i = 0; i < map->size; i++) {
		const msgpack_object_str *key = &map->ptr[i].key.via.str, *text = &map->ptr[i].val.via.str;
		if (key->size == 5 && memcmp(key->ptr, "email", 5) == 0)
			same = email.data && text->size == email.size && strncasecmp(text->ptr, email.data, text->size) == 0;
	}
	msgpack_unpacked_destroy(&unpacked);
	return same;
}

/* Would the member have more than it may? */
static model_errors too_many_roles(
	const struct model *model, const struct model_row *invitation, const struct model_row *user)
{
	const struct model_table *table = &model->tables[MODEL_MEMBER_ROLE];
	orgdb_str ids[64];
	size_t given = ids_in(invitation->record, ORGDB_INVITATION_ROLES, ids), count = 0;
	for (size_t i = 0; i < table->count; i++)
		count += table->rows[i].key[0] == invitation->key[1] && table->rows[i].key[1] == user->key[0];
	for (size_t i = 0; i < given; i++)
		count +=
			!model_find(model, MODEL_MEMBER_ROLE, invitation->key[1], user->key[0], find_role(model, ids[i])->key[0]);
	return count > ORGDB_MEMBER_ROLES_MAX ? MODEL_ERROR(ORGDB_TOO_LARGE) : 0;
}

model_errors model_acceptance_errors(
	const struct model *model, const struct model_row *invitation, const struct model_row *user, uint64_t now)
{
	bool expired = model_moment(model_text(invitation->record, ORGDB_INVITATION_EXPIRES_AT)) <= now;
	bool refused = expired || !is_for(invitation->record, user->record) || breaks_policy(model, invitation->record);
	return (refused ? MODEL_ERROR(ORGDB_FORBIDDEN) : 0) | too_many_roles(model, invitation, user);
}

const struct model_row *model_find_ticket(const struct model *model, const char *ticket)
{
	const struct model_table *table = &model->tables[ORGDB_KIND_INVITATION];
	for (size_t i = 0; i < table->count; i++)
		if (orgdb_str_equal(model_text(table->rows[i].record, ORGDB_INVITATION_TICKET_ID), orgdb_string(ticket)))
			return &table->rows[i];
	return NULL;
}

static bool holds_key(const msgpack_object_map *map, const msgpack_object *key)
{
	for (uint32_t i = 0; i < map->size; i++)
		if (msgpack_object_equal(map->ptr[i].key, *key))
			return true;
	return false;
}

/* Lay a map over that of a user, key by key. */
static void lay_over(struct model_record *user, uint32_t bit, const struct model_record *invitation, uint32_t over_bit)
{
	struct model_cell *cell = &user->cells[field_index(user->schema, bit)];
	const struct model_cell *over = &invitation->cells[field_index(invitation->schema, over_bit)];
	msgpack_unpacked below, above;
	if (!over->stored)
		return;
	unpack(&below, cell->stored ? cell->data : "\x80", cell->stored ? cell->size : 1);
	unpack(&above, over->data, over->size);
	const msgpack_object_map *under = &below.data.via.map, *upper = &above.data.via.map;
	msgpack_sbuffer buffer;
	msgpack_packer packer;
	msgpack_sbuffer_init(&buffer);
	msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < under->size; i++)
		kept += !holds_key(upper, &under->ptr[i].key);
	msgpack_pack_map(&packer, kept + upper->size);
	for (uint32_t i = 0; i < under->size + upper->size; i++) {
		const msgpack_object_kv *pair = i < under->size ? &under->ptr[i] : &upper->ptr[i - under->size];
		if (i < under->size && holds_key(upper, &pair->key))
			continue;
		msgpack_pack_object(&packer, pair->key);
		msgpack_pack_object(&packer, pair->val);
	}
	char *old = cell->data;
	set_value(cell, buffer.data, buffer.size);
	msgpack_sbuffer_destroy(&buffer);
	msgpack_unpacked_destroy(&above);
	msgpack_unpacked_destroy(&below);
	free(old);
}

static void join(struct model *model, uint64_t organization, const struct model_row *user)
{
	const uint64_t key[3] = { organization, user->key[0], 0 };
	if (model_find(model, ORGDB_KIND_MEMBERSHIP, key[0], key[1], 0))
		return;
	struct model_record *membership = model_record_created(ORGDB_KIND_MEMBERSHIP, NULL);
	model_record_identify(
		membership, 0, model_id(model_find(model, ORGDB_KIND_ORGANIZATION, organization, 0, 0)->record));
	model_record_identify(membership, 1, model_id(user->record));
	model_put(model, ORGDB_KIND_MEMBERSHIP, key, membership);
}

void model_accept(struct model *model, const struct model_row *invitation, const struct model_row *user)
{
	struct model_record *record = invitation->record;
	const uint64_t key[3] = { invitation->key[0], invitation->key[1], invitation->key[2] };
	const uint64_t user_key[3] = { user->key[0], 0, 0 };
	orgdb_str ids[64];
	record->references++;
	join(model, key[1], user);
	size_t count = ids_in(record, ORGDB_INVITATION_ROLES, ids);
	for (size_t i = 0; i < count; i++) {
		const uint64_t role = find_role(model, ids[i])->key[0];
		if (!model_find(model, MODEL_MEMBER_ROLE, key[1], user_key[0], role))
			model_put(model, MODEL_MEMBER_ROLE, (const uint64_t[3]){ key[1], user_key[0], role }, NULL);
	}
	struct model_record *changed = make_record(user->record->schema, user->record, NULL, 0);
	changed->cells[field_index(changed->schema, ORGDB_USER_EMAIL_VERIFIED)] =
		(struct model_cell){ .stored = true, .number = true };
	lay_over(changed, ORGDB_USER_APP_METADATA, record, ORGDB_INVITATION_APP_METADATA);
	lay_over(changed, ORGDB_USER_USER_METADATA, record, ORGDB_INVITATION_USER_METADATA);
	model_put(model, ORGDB_KIND_USER, user_key, changed);
	model_erase(model, ORGDB_KIND_INVITATION, key);
	model_record_release(record);
}

/* The one that expires first; NULL if there is none. */
static const struct model_row *first_to_expire(const struct model *model)
{
	const struct model_table *table = &model->tables[ORGDB_KIND_INVITATION];
	const struct model_row *first = NULL;
	uint64_t least = UINT64_MAX;
	for (size_t i = 0; i < table->count; i++) {
		uint64_t expires = model_moment(model_text(table->rows[i].record, ORGDB_INVITATION_EXPIRES_AT));
		if (expires >= least)
			continue;
		least = expires;
		first = &table->rows[i];
	}
	return first;
}

size_t model_sweep(struct model *model, uint64_t now, size_t limit)
{
	size_t removed = 0;
	for (; removed < limit; removed++) {
		const struct model_row *first = first_to_expire(model);
		if (!first || model_moment(model_text(first->record, ORGDB_INVITATION_EXPIRES_AT)) > now)
			break;
		const uint64_t key[3] = { first->key[0], first->key[1], first->key[2] };
		model_erase(model, ORGDB_KIND_INVITATION, key);
	}
	return removed;
}

/* ---- Conflicts ---------------------------------------------------------------------------------------------------- */

model_errors model_conflicts(const struct model *model, const struct model_record *record, uint64_t ordinal)
{
	bool is_new_invitation = record->schema->kind == ORGDB_KIND_INVITATION && ordinal == 0;
	model_errors errors = is_new_invitation ? invitation_errors(model, record) : 0;
	const struct model_table *table = &model->tables[record->schema->kind];
	bool lacks_owner = owner_id(record).data && !model_owner(model, record);
	if (lacks_owner)
		errors |= MODEL_ERROR(ORGDB_NOT_FOUND);
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].key[0] != ordinal && records_conflict(record, table->rows[i].record))
			return errors | MODEL_ERROR(ORGDB_EXISTS);
	return errors;
}

model_errors model_assignment_errors(const struct model *model, uint64_t organization, uint64_t user, uint64_t role)
{
	const struct model_table *table = &model->tables[MODEL_MEMBER_ROLE];
	const struct model_row *owner = model_owner(model, model_find(model, ORGDB_KIND_ROLE, role, 0, 0)->record);
	size_t count = 0;
	for (size_t i = position_of(table, (const uint64_t[3]){ organization, user, 0 });
		 i < table->count && table->rows[i].key[0] == organization && table->rows[i].key[1] == user; i++)
		count++;
	return (owner && owner->key[0] != organization ? MODEL_ERROR(ORGDB_FORBIDDEN) : 0) |
		(count >= ORGDB_MEMBER_ROLES_MAX ? MODEL_ERROR(ORGDB_TOO_LARGE) : 0);
}

model_errors model_option_errors(const struct model_record *options, const struct model_record *connection)
{
	bool database = strategy_kind(model_text(connection, ORGDB_CONNECTION_STRATEGY)) == ORGDB_DATABASE;
	bool assigns = model_number(options, ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN);
	bool named = model_text(options, ORGDB_ENABLED_CONNECTION_ORGANIZATION_CONNECTION_NAME).data != NULL;
	if (model_number(options, ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED) && !(database && assigns))
		return MODEL_ERROR(ORGDB_INVALID);
	if (model_number(options, ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL) != ORGDB_ACCESS_NONE && !named)
		return MODEL_ERROR(ORGDB_INVALID);
	return 0;
}

/* ---- Merged connections ------------------------------------------------------------------------------------------ */

/* One entry: what a connection is to the application and, with these options, to the organization. */
static struct model_merged merge_one(
	const struct model_row *connection, bool of_application, const struct model_record *options)
{
	struct model_merged entry = { .connection = connection, .from = of_application ? ORGDB_FROM_APPLICATION : 0 };
	entry.show_as_button = model_number(connection->record, ORGDB_CONNECTION_SHOW_AS_BUTTON);
	if (options) {
		entry.from |= ORGDB_FROM_ORGANIZATION;
		entry.show_as_button = model_number(options, ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON);
		entry.assign_membership_on_login = model_number(options, ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN);
		entry.is_signup_enabled = model_number(options, ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED);
		entry.organization_access_level = model_number(options, ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL);
	}
	orgdb_str strategy = model_text(connection->record, ORGDB_CONNECTION_STRATEGY);
	entry.visible = strategy_kind(strategy) != ORGDB_ENTERPRISE || entry.show_as_button;
	return entry;
}

/* As the question sees a connection. */
static struct model_merged merge_in(
	const struct model *model, const struct model_question *question, const struct model_row *connection)
{
	const struct model_row *enabled = NULL;
	bool offered =
		model_find(model, ORGDB_KIND_APPLICATION_CONNECTION, question->application->key[0], connection->key[0], 0);
	if (question->organization)
		enabled =
			model_find(model, ORGDB_KIND_ENABLED_CONNECTION, question->organization->key[0], connection->key[0], 0);
	if (enabled && !model_number(enabled->record, ORGDB_ENABLED_CONNECTION_IS_ENABLED))
		enabled = NULL;
	return merge_one(connection, offered, enabled ? enabled->record : NULL);
}

static bool is_third_party(const struct model_question *question)
{
	return !model_number(question->application->record, ORGDB_APPLICATION_IS_FIRST_PARTY);
}

uint32_t model_refusal(
	const struct model *model, const struct model_question *question, const struct model_row *connection)
{
	struct model_merged entry = merge_in(model, question, connection);
	bool third = question->enforced && is_third_party(question);
	bool of_application = entry.from & ORGDB_FROM_APPLICATION, of_organization = entry.from & ORGDB_FROM_ORGANIZATION;
	if (!question->organization && !of_application)
		return ORGDB_RULE_CONNECTION_NOT_OFFERED;
	if (question->organization && !of_organization &&
		(third || question->policy != ORGDB_POLICY_UNION || !of_application))
		return ORGDB_RULE_CONNECTION_NOT_ENABLED;
	if (question->organization && question->policy == ORGDB_POLICY_INTERSECTION && !of_application)
		return ORGDB_RULE_CONNECTION_NOT_OFFERED;
	if (third && !model_number(connection->record, ORGDB_CONNECTION_IS_DOMAIN_CONNECTION))
		return ORGDB_RULE_NO_DOMAIN_CONNECTION;
	return question->visible_only && !entry.visible ? ORGDB_RULE_CONNECTION_HIDDEN : ORGDB_RULE_NONE;
}

size_t model_merge(
	const struct model *model, const struct model_question *question, struct model_merged *array, size_t capacity)
{
	const struct model_table *connections = &model->tables[ORGDB_KIND_CONNECTION];
	size_t count = 0;
	for (size_t i = 0; i < connections->count; i++) {
		if (model_refusal(model, question, &connections->rows[i]) != ORGDB_RULE_NONE)
			continue;
		if (count < capacity)
			array[count] = merge_in(model, question, &connections->rows[i]);
		count++;
	}
	return count;
}

/* ---- Access ------------------------------------------------------------------------------------------------------ */

static bool has_method(const struct model_record *application, const char *method)
{
	size_t index = field_index(application->schema, ORGDB_APPLICATION_ORGANIZATION_DISCOVERY_METHODS);
	const struct model_cell *methods = &application->cells[index];
	if (!methods->stored)
		return strcmp(method, "email") == 0;
	for (size_t i = 0; i + strlen(method) <= methods->size; i++)
		if (memcmp(methods->data + i, method, strlen(method)) == 0)
			return true;
	return false;
}

static uint32_t rule_within(const struct model *model, const struct model_question *question)
{
	const struct model_record *organization = question->organization->record;
	bool entitled = model_number(organization, ORGDB_ORGANIZATION_IS_APP_ENTITLEMENT_ACTIVE);
	bool open = model_number(organization, ORGDB_ORGANIZATION_THIRD_PARTY_CLIENT_ACCESS) == ORGDB_THIRD_PARTY_ALLOW;
	const struct model_row *place = model_find(
		model, ORGDB_KIND_ORGANIZATION_APPLICATION, question->organization->key[0], question->application->key[0], 0);
	if (entitled && place)
		return model_number(place->record, ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS)
			? ORGDB_RULE_NONE
			: ORGDB_RULE_NO_MEMBER_ACCESS;
	if (is_third_party(question))
		return open ? ORGDB_RULE_NONE : ORGDB_RULE_THIRD_PARTY_BLOCKED;
	return entitled ? ORGDB_RULE_NO_MEMBER_ACCESS : ORGDB_RULE_NONE;
}

orgdb_access model_access(const struct model *model, const struct model_question *question)
{
	const struct model_record *application = question->application->record;
	orgdb_access access = { .usage = model_number(application, ORGDB_APPLICATION_ORGANIZATION_USAGE) };
	if (question->organization) {
		access.rule = access.usage == ORGDB_USAGE_DENY ? ORGDB_RULE_ORGANIZATION_DENIED : rule_within(model, question);
		return access;
	}
	if (access.usage != ORGDB_USAGE_DENY)
		access.prompt = model_number(application, ORGDB_APPLICATION_ORGANIZATION_REQUIRE_BEHAVIOR);
	if (access.usage == ORGDB_USAGE_REQUIRE && access.prompt != ORGDB_POST_LOGIN_PROMPT)
		access.rule = ORGDB_RULE_ORGANIZATION_REQUIRED;
	if (access.prompt == ORGDB_PRE_LOGIN_PROMPT)
		access.discovery = (has_method(application, "email") ? ORGDB_DISCOVERY_EMAIL : 0) |
			(has_method(application, "organization_name") ? ORGDB_DISCOVERY_NAME : 0);
	return access;
}

/* ---- Logins ------------------------------------------------------------------------------------------------------ */

/* What organizations do with a connection. */
struct use {
	bool enabled;
	size_t assigning;
	const struct model_row *organization; /* The last that lets it assign memberships. */
};

/* Beyond the first organizations nobody looks, so that none is the only one. */
static struct use use_of(const struct model *model, const struct model_row *connection)
{
	const struct model_table *table = &model->tables[ORGDB_KIND_ENABLED_CONNECTION];
	struct use use = { 0 };
	for (size_t i = 0, seen = 0; i < table->count; i++) {
		const struct model_row *edge = &table->rows[i];
		if (edge->key[1] != connection->key[0])
			continue;
		if (seen++ == ORGDB_LOGIN_ORGANIZATIONS_MAX)
			return (struct use){ .enabled = use.enabled };
		if (!model_number(edge->record, ORGDB_ENABLED_CONNECTION_IS_ENABLED))
			continue;
		use.enabled = true;
		if (!model_number(edge->record, ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN))
			continue;
		use.assigning++;
		use.organization = model_find(model, ORGDB_KIND_ORGANIZATION, edge->key[0], 0, 0);
	}
	return use;
}

/* The rule that refuses the application or the connection. */
static uint32_t rule_before_user(
	const struct model *model, const struct model_login *login, const struct use *use, bool *assigns, bool *ask)
{
	struct model_question question = { login->application, login->organization, login->policy, false, true };
	const struct model_row *edge = NULL;
	if (login->organization)
		edge =
			model_find(model, ORGDB_KIND_ENABLED_CONNECTION, login->organization->key[0], login->connection->key[0], 0);
	if (edge && !model_number(edge->record, ORGDB_ENABLED_CONNECTION_IS_ENABLED))
		edge = NULL;
	*ask = false;
	*assigns = edge && model_number(edge->record, ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN);
	if (!login->application)
		return edge || !login->organization ? ORGDB_RULE_NONE : ORGDB_RULE_CONNECTION_NOT_ENABLED;
	orgdb_access access = model_access(model, &question);
	if (access.rule != ORGDB_RULE_NONE)
		return access.rule;
	*ask = !login->organization && access.prompt == ORGDB_POST_LOGIN_PROMPT;
	uint32_t rule = model_refusal(model, &question, login->connection);
	if (rule != ORGDB_RULE_CONNECTION_NOT_OFFERED || !*ask || !use->enabled)
		return rule;
	bool open = model_number(login->connection->record, ORGDB_CONNECTION_IS_DOMAIN_CONNECTION);
	return is_third_party(&question) && !open ? ORGDB_RULE_NO_DOMAIN_CONNECTION : ORGDB_RULE_NONE;
}

/* Without an organization, and the only one that may make a member of the user. */
static struct model_verdict verdict_outside(
	const struct model *model, const struct model_login *login, const struct use *use, bool ask)
{
	struct model_verdict outside = { .ask = ask };
	if (!ask || use->assigning != 1)
		return outside;
	struct model_login within = *login;
	within.organization = use->organization;
	struct model_verdict verdict = model_login(model, &within);
	verdict.ask = true;
	return verdict.rule == ORGDB_RULE_NONE && verdict.outcome == ORGDB_LOGIN_WOULD_JOIN ? verdict : outside;
}

struct model_verdict model_login(const struct model *model, const struct model_login *login)
{
	bool assigns, ask;
	struct use use = use_of(model, login->connection);
	struct model_verdict verdict = { .rule = rule_before_user(model, login, &use, &assigns, &ask) };
	if (verdict.rule != ORGDB_RULE_NONE || !login->user)
		return verdict;
	if (model_number(login->user->record, ORGDB_USER_BLOCKED))
		return (struct model_verdict){ .rule = ORGDB_RULE_USER_BLOCKED };
	if (!login->organization)
		return verdict_outside(model, login, &use, ask);
	verdict.organization = login->organization;
	verdict.outcome = ORGDB_LOGIN_MEMBER;
	if (model_find(model, ORGDB_KIND_MEMBERSHIP, login->organization->key[0], login->user->key[0], 0))
		return verdict;
	verdict.outcome = ORGDB_LOGIN_WOULD_JOIN;
	verdict.rule = assigns ? ORGDB_RULE_NONE : ORGDB_RULE_NOT_A_MEMBER;
	return verdict;
}

/* ---- Discovery --------------------------------------------------------------------------------------------------- */

static int compare_rows_by_id(const void *a, const void *b)
{
	return strcmp(model_id((*(const struct model_row *const *)a)->record),
		model_id((*(const struct model_row *const *)b)->record));
}

size_t model_discover(
	const struct model *model, const char *domain, const struct model_row **organizations, size_t capacity)
{
	const struct model_table *table = &model->tables[ORGDB_KIND_DISCOVERY_DOMAIN];
	size_t count = 0;
	for (size_t i = 0; i < table->count && count < capacity; i++) {
		const struct model_record *record = table->rows[i].record;
		if (same_domain(record, domain) &&
			model_number(record, ORGDB_DISCOVERY_DOMAIN_STATUS) == ORGDB_DOMAIN_VERIFIED &&
			model_number(record, ORGDB_DISCOVERY_DOMAIN_USE_FOR_ORGANIZATION_DISCOVERY))
			organizations[count++] = model_owner(model, record);
	}
	qsort(organizations, count, sizeof(organizations[0]), compare_rows_by_id);
	return count;
}

bool model_is_discovered(
	const struct model *model, const struct model_row *organization, const struct model_row *connection)
{
	const struct model_row *enabled =
		model_find(model, ORGDB_KIND_ENABLED_CONNECTION, organization->key[0], connection->key[0], 0);
	orgdb_str strategy = model_text(connection->record, ORGDB_CONNECTION_STRATEGY);
	return enabled && model_number(enabled->record, ORGDB_ENABLED_CONNECTION_IS_ENABLED) &&
		strategy_kind(strategy) == ORGDB_ENTERPRISE;
}
