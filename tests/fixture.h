/*
 * The fixture of the tests: a fresh store for each, and the shortest way to fill it and to look at it.
 *
 * A suite names one of the openers as its `.init` and fixture_close() as its `.fini`. Every test runs in a process of
 * its own, so what it has open is kept in variables here and the functions below work on those. Whatever they return
 * lives until the test ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_FIXTURE_H
#define ORGDB_TESTS_FIXTURE_H

#include <criterion/criterion.h>
#include <sys/types.h>

#include "orgdb.h"

#define MEBIBYTE (UINT64_C(1) << 20)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

extern const char *test_directory; /* The test's own, removed with everything in it at the end. */
extern const char *store_path;
extern orgdb *db;
extern orgdb_txn *txn;

/** @name Setting up and tearing down */
/**@{*/
void fixture_directory(void); /* Only the directory. */
void fixture_store(void);     /* And an open, empty store. */
void fixture_writing(void);   /* And a write transaction. */
void fixture_close(void);
/* Leave the test and say why; Criterion alone would be silent, and leave the directory behind. */
void skip(const char *reason);

void open_store(const orgdb_options *options); /* At store_path; NULL: a small map. */
void close_store(void);                        /* Ends the transaction, too. */
void begin_read(void);
void begin_write(void);
void commit(void);
void end(void);
/* Commit what is open, prove that the store is sound, and begin to read. */
void commit_and_check(void);
void expect_sound_store(void);
/**@}*/

/** @name Other processes */
/**@{*/
/* Fork; returns when the child has done `act`, which must succeed. The child then waits for end_process() to kill it. */
pid_t process_that(bool (*act)(void));
void end_process(pid_t process);
/**@}*/

/** @name Memory that lives as long as the test */
/**@{*/
void *keep(size_t size);
const char *format(const char *template, ...) __attribute__((format(printf, 1, 2)));
const char *repeat(const char *text, size_t times);
const char *copy(orgdb_str text); /* "(absent)" for absent text. */
const char *path_in_directory(const char *name);
size_t files_in_directory(void);
uint64_t file_size(const char *path);
/**@}*/

/** @name Values */
/**@{*/
/* The MessagePack of JSON that is written in place: VALUE({ "primary": "#fff" }). */
#define VALUE(...) value_of_json(#__VA_ARGS__)
/* A string literal's bytes, whatever they are. */
#define RAW(literal) ((orgdb_value){ literal, sizeof(literal) - 1 })
orgdb_value value_of_json(const char *json);
/* `depth` maps inside one another, the last one empty. */
orgdb_value value_of_depth(size_t depth);
/* A map of `count` entries "k0": text, "k1": text ... */
orgdb_value value_of_entries(size_t count, const char *text);
/* An array of `count` texts "prefix-0", "prefix-1" ... */
orgdb_value value_of_texts(size_t count, const char *prefix);
/* For messages. */
const char *show(orgdb_value value);
bool same_value(orgdb_value a, orgdb_value b);
/**@}*/

/** @name Expectations
 * The ones that end in _at are called through the macros, which add the place. */
/**@{*/
#define must(call) must_at(__FILE__, __LINE__, #call, (call))
/* The call fails with `code`, and the last error says so, about a field whose name contains `field`. */
#define expect_error(call, code, field) expect_error_at(__FILE__, __LINE__, #call, (call), (code), (field))
#define expect_text(actual, expected) expect_text_at(__FILE__, __LINE__, #actual, (actual), (expected))
#define expect_absent(actual) cr_expect_null((actual).data, #actual " is there")
/* Equal as data; the expected one is JSON with its keys in byte order. */
#define expect_value(actual, ...) expect_value_at(__FILE__, __LINE__, #actual, (actual), value_of_json(#__VA_ARGS__))
#define expect_number(actual, expected) expect_number_at(__FILE__, __LINE__, #actual, (actual), (expected))
void must_at(const char *file, int line, const char *call, int rc);
void expect_error_at(const char *file, int line, const char *call, int rc, int code, const char *field);
void expect_text_at(const char *file, int line, const char *what, orgdb_str actual, const char *expected);
void expect_value_at(const char *file, int line, const char *what, orgdb_value actual, orgdb_value expected);
void expect_number_at(const char *file, int line, const char *what, uint64_t actual, uint64_t expected);
/**@}*/

/** @name Contents
 * In the open write transaction; they return the new entity's id. */
/**@{*/
const char *create_connection(const char *name, const char *strategy);
const char *create_application(const char *name);
const char *create_organization(const char *name);
const char *create_user(const char *name); /* "auth0|" and the name. */
const char *create_role(const char *name);
const char *create_role_of(const char *organization_id, const char *name);  /* It owns the role; NULL: the tenant. */
const char *create_domain(const char *organization_id, const char *domain); /* Verified. */
const char *create_template(const char *subject);                           /* With a name that no other has yet. */
orgdb_invitation valid_invitation(const char *organization_id, const char *client_id); /* Of clerk@example.com. */
const char *create_invitation(const char *organization_id, const char *client_id);
void enable_for_application(const char *client_id, const char *connection_id);
void enable_for_organization(const char *organization_id, const char *connection_id);
void add_member(const char *organization_id, const char *user_id);
void assign_role(const char *organization_id, const char *user_id, const char *role_id);
/* A little of everything, so that every table has entries: for tests of whole stores. */
void populate(void);
orgdb_statistics statistics(void);
/**@}*/

/** @name Any kind */
/**@{*/
/* From this kind on an organization owns each entity; what they have in common with others they have with those before. */
#define OWNERLESS_KINDS ORGDB_KIND_DISCOVERY_DOMAIN
#define INVITING "org_fixtureinvites00"
#define INVITING_CLIENT "fixture-invites"
#define EMAIL_TEMPLATES 14
extern const char *const email_templates[EMAIL_TEMPLATES];

typedef union any_entity {
	orgdb_connection connection;
	orgdb_application application;
	orgdb_role role;
	orgdb_user user;
	orgdb_organization organization;
	orgdb_email_template email_template;
	orgdb_discovery_domain discovery_domain;
	orgdb_invitation invitation;
	struct {
		uint64_t ordinal;
		uint32_t fields;
		orgdb_value extra;
		orgdb_str id;
	};
} any_entity;

/* A valid new entity; its unique texts are made of `label`, which is of letters, digits and single inner `-`. An email
 * template has a name that no other has yet: there are EMAIL_TEMPLATES of them. An invitation is from INVITING, which is
 * created with its application if it is not there. */
any_entity valid_entity(uint32_t kind, const char *label);
/* The field must exist. */
const orgdb_field *field_named(uint32_t kind, const char *name);
orgdb_str *text_at(void *entity, const orgdb_field *field);
orgdb_value *value_at(void *entity, const orgdb_field *field);
bool *flag_at(void *entity, const orgdb_field *field);
uint32_t *choice_at(void *entity, const orgdb_field *field);
uint64_t *number_at(void *entity, const orgdb_field *field);
/**@}*/

/* A small generator for tests that want disorder: the same numbers for the same seed. */
uint64_t next_random(uint64_t *state);
/* Shuffle indices 0..count-1. */
size_t *shuffled(size_t count, uint64_t seed);

#endif
