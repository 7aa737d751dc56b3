/*
 * A naive model of a store: what orgdb must answer, found in the simplest way.
 *
 * A model is plain arrays of rows, sorted by ordinals; every question is a search through them. It judges what
 * the header promises about the state (names taken, rules between fields, what goes with what, merged connections).
 * Whether one value by itself is well formed, such as a name's letters, is known to its maker: model_input.h.
 * Records never change once they are in a model, so copies of a model share them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_MODEL_H
#define ORGDB_TESTS_MODEL_H

#include "orgdb.h"

/* The tables: one for each #orgdb_kind, and one more. */
#define MODEL_MEMBER_ROLE ORGDB_KINDS
#define MODEL_TABLES (ORGDB_KINDS + 1)

/* Whatever kind of entity or edge. */
union model_any {
	orgdb_connection connection;
	orgdb_application application;
	orgdb_role role;
	orgdb_user user;
	orgdb_organization organization;
	orgdb_email_template email_template;
	orgdb_discovery_domain discovery_domain;
	orgdb_invitation invitation;
	orgdb_application_connection application_connection;
	orgdb_enabled_connection enabled_connection;
	orgdb_membership membership;
	orgdb_organization_application organization_application;
};

/** @name Records: what an entity or an edge holds */
/**@{*/

struct model_cell {
	bool stored;
	uint64_t number; /* Of a flag, a choice or a number. */
	size_t size;
	char *data; /* Of a text, NUL-terminated, or of a value, its keys in byte order. */
};

struct model_record {
	size_t references;
	const orgdb_schema *schema;
	struct model_cell extra;
	struct model_cell cells[]; /* As schema->fields. */
};

/* What creating a @p kind from @p input stores; NULL: nothing is given. */
struct model_record *model_record_created(uint32_t kind, const void *input);
/* What is stored when @p old has been updated with @p changes. */
struct model_record *model_record_updated(const struct model_record *old, const void *changes);
/* Set the id in field @p index. */
void model_record_identify(struct model_record *record, size_t index, const char *id);
void model_record_release(struct model_record *record);

/* A text or a number as a reader sees it: the default where nothing is stored. */
orgdb_str model_text(const struct model_record *record, uint32_t bit);
uint64_t model_number(const struct model_record *record, uint32_t bit);
/* An entity's id, NUL-terminated. */
const char *model_id(const struct model_record *record);

/* The struct that a kind's `_INIT` makes. */
union model_any model_initial(uint32_t kind);

/* Is @p got what a reader must see? If not, the first difference goes into @p difference, as "field: expected, got". */
bool model_record_matches(
	const struct model_record *record, uint64_t ordinal, const void *got, char *difference, size_t size);
/**@}*/

/** @name Models */
/**@{*/

struct model_row {
	/* An entity's ordinal, of an invitation with those of its organization and application; an edge's: (organization, user,
	 * role), as many as it joins. */
	uint64_t key[3];
	uint64_t hash;               /* An entity's: of its id. */
	struct model_record *record; /* NULL for a member's role. */
};

struct model_table {
	struct model_row *rows; /* In order of the keys. */
	size_t count, capacity;
};

struct model {
	struct model_table tables[MODEL_TABLES];
	uint64_t last_ordinal[ORGDB_ENTITY_KINDS];
	uint64_t lsn;
	bool changed; /* Since the last commit. */
};

void model_free(struct model *model);
/* Make @p copy, which is free or empty, equal to @p model. */
void model_copy(struct model *copy, const struct model *model);

/* Each returns NULL if there is no such row. Rows are valid until the model changes. */
const struct model_row *model_find(
	const struct model *model, uint32_t table, uint64_t first, uint64_t second, uint64_t third);
const struct model_row *model_find_id(const struct model *model, uint32_t kind, const char *id);
/* Of those that @p owner owns; NULL: that no organization owns. */
const struct model_row *model_find_name(
	const struct model *model, uint32_t kind, const struct model_row *owner, const char *name);
/* The organization that an entity says owns it; NULL if it says none or there is none. */
const struct model_row *model_owner(const struct model *model, const struct model_record *record);

/* Insert a row, or replace its record. The model owns @p record then. */
void model_put(struct model *model, uint32_t table, const uint64_t key[3], struct model_record *record);
void model_erase(struct model *model, uint32_t table, const uint64_t key[3]);
/* Delete an entity, every edge of it and what it owns. */
orgdb_cascade model_delete(struct model *model, uint32_t kind, uint64_t ordinal);
/* End a membership and its roles. */
void model_end_membership(struct model *model, uint64_t organization, uint64_t user);
/* Accept an invitation, which may be. */
void model_accept(struct model *model, const struct model_row *invitation, const struct model_row *user);
/* Remove invitations that have expired at @p now, in milliseconds; returns how many. */
size_t model_sweep(struct model *model, uint64_t now, size_t limit);
/**@}*/

/** @name Judgement */
/**@{*/

/* A set of errors. A call that has reasons to fail must fail with one of them; a call that has none must succeed. */
typedef uint32_t model_errors;
#define MODEL_ERROR(code) (UINT32_C(1) << (ORGDB_NOT_FOUND - (code)))

/* Why the store cannot hold @p record as the entity with this ordinal, or as a new one: 0. */
model_errors model_conflicts(const struct model *model, const struct model_record *record, uint64_t ordinal);
/* Why a member of @p organization cannot be given one more role. */
model_errors model_assignment_errors(const struct model *model, uint64_t organization, uint64_t user, uint64_t role);
/* Why an organization cannot enable @p connection with these options. */
model_errors model_option_errors(const struct model_record *options, const struct model_record *connection);

/* Milliseconds since 1970 of a time of the years 2020 to 2100; 0 of none. */
uint64_t model_moment(orgdb_str text);
/* Why a user cannot accept an invitation at @p now, in milliseconds. */
model_errors model_acceptance_errors(
	const struct model *model, const struct model_row *invitation, const struct model_row *user, uint64_t now);
/* Has an invitation this ticket? NULL if none has. */
const struct model_row *model_find_ticket(const struct model *model, const char *ticket);

struct model_merged {
	const struct model_row *connection;
	uint32_t from, organization_access_level;
	bool visible, show_as_button, assign_membership_on_login, is_signup_enabled;
};

/* A question about an application in an organization, which may be NULL. */
struct model_question {
	const struct model_row *application, *organization;
	uint32_t policy;
	bool visible_only, enforced;
};

/* The merged connections. Fills in at most @p capacity and returns how many there are. */
size_t model_merge(
	const struct model *model, const struct model_question *question, struct model_merged *array, size_t capacity);
/* What the rules say; `policy` and so on do not count. */
orgdb_access model_access(const struct model *model, const struct model_question *question);
/* The rule by which a connection is not among the merged ones, 0 if it is; what the rules say of the application aside. */
uint32_t model_refusal(
	const struct model *model, const struct model_question *question, const struct model_row *connection);

/* A login. There may be no application and no organization; a user that is NULL is not there. */
struct model_login {
	const struct model_row *application, *organization, *connection, *user;
	uint32_t policy;
};

/* What becomes of it. */
struct model_verdict {
	uint32_t rule;                        /* That refuses; the rest is meaningless then. */
	uint32_t outcome;                     /* Of a reader. */
	const struct model_row *organization; /* NULL outside. */
	bool ask;
};

struct model_verdict model_login(const struct model *model, const struct model_login *login);

/* The organizations that a domain leads to, in the order of their ids. Fills in at most @p capacity and returns how many. */
size_t model_discover(
	const struct model *model, const char *domain, const struct model_row **organizations, size_t capacity);
/* Is it an enterprise connection that this organization has enabled? */
bool model_is_discovered(
	const struct model *model, const struct model_row *organization, const struct model_row *connection);
/**@}*/

#endif
