/*
 * The driver of the model test: one store, the model of it, and the transaction in hand.
 *
 * model_test.c runs transactions, model_operation.c makes one random call and asks the model for the answer,
 * model_expect.c compares the two. A difference ends the process.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_MODEL_DRIVER_H
#define ORGDB_TESTS_MODEL_DRIVER_H

#include "model.h"
#include "model_input.h"

#define PAGE_MAX 128 /* Entries of the longest list that is asked for at once. */

/* What a run is like. */
struct shape {
	const char *name;
	uint32_t share;                    /* Of all operations, in percent. */
	uint32_t pool[ORGDB_ENTITY_KINDS]; /* How many of each kind there are at most, more or less. */
	uint32_t hubs;                     /* Bits of the kinds whose first entity is used more than the others. */
	uint32_t relations;                /* Bits of the tables of edges that are used more than the others. */
	uint32_t turnover;                 /* How often entities come and go. */
	uint32_t transaction;              /* Operations in the longest transaction. */
	uint32_t map_mebibytes;
	uint32_t aged; /* The kind that has had almost 65,536 entities before, so that ordinals grow wider; 0: none. */
};

struct driver {
	const struct shape *shape;
	struct input input;
	struct model model; /* What is committed and what the write transaction has done since. */
	orgdb *db;
	orgdb_txn *txn;           /* The transaction in hand ... */
	const struct model *view; /* ... and what it must see: `model`, or what was when it began. */
	bool writing;             /* It may write. */
	bool map_full;            /* It has failed for want of room: to be run again. */
	bool growing;             /* More is added than removed; or the other way round. */
	uint64_t seed, operation, operations;
	bool verbose;
	char path[4096];
	char words[400]; /* The operation in words. */
};

/** @name Expectations */
/**@{*/

/* Begin the next operation. */
void driver_begin(struct driver *driver, const char *words, ...) __attribute__((format(printf, 2, 3)));
/* Say what differs and exit. */
void driver_diverged(struct driver *driver, const char *difference, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* The result must be one of @p errors, or success if there are none. Returns whether it is success. */
bool expect_result(struct driver *driver, model_errors errors, int result);
void expect_number(struct driver *driver, const char *what, uint64_t expected, uint64_t got);
void expect_text(struct driver *driver, const char *what, orgdb_str expected, orgdb_str got);
void expect_record(struct driver *driver, const struct model_record *record, uint64_t ordinal, const void *got);
/**@}*/

/** @name Lists */
/**@{*/

/* A list that the library has: what it lists, of whom, and how to ask for it. */
struct listing {
	const char *words;
	uint32_t kind;      /* Of what is listed. */
	uint32_t table;     /* The model's table that has it. */
	size_t part;        /* Of the table's key: the ordinal of what is listed. */
	size_t owner_count; /* Whose list it is: */
	struct {
		uint32_t kind;
		size_t part; /* Of the table's key. */
	} owners[2];
	int (*call)(orgdb_txn *txn, const char *const ids[2], uint64_t after, void *array, size_t capacity, size_t *count);
};

extern const struct listing listings[];
extern const size_t listing_count;

/* Does the library find whose list it is? */
model_errors listing_errors(
	const struct driver *driver, const struct listing *listing, const struct model_row *const owners[2]);
/* Ask for one page and compare it. Returns how many there were. */
size_t expect_page(struct driver *driver, const struct listing *listing, const struct model_row *const owners[2],
	const char *const ids[2], uint64_t *after, size_t capacity);
/* The same for organizations by name; @p after_name is NULL or has room for the last name. */
size_t expect_page_by_name(struct driver *driver, const char *after_name, size_t capacity, char *last_name);

/* Everything that the transaction in hand can see. */
void expect_everything(struct driver *driver);
/* Every count, and the lsn. */
void expect_statistics(struct driver *driver);
/* orgdb_check() finds nothing. */
void expect_sound(struct driver *driver);
/**@}*/

/** @name Operations */
/**@{*/
/* Create the entity of this kind that has id number @p index. */
void operation_create(struct driver *driver, uint32_t kind, uint32_t index);
/* Any operation that fits the transaction in hand. */
void operation_random(struct driver *driver);
/* One merged look-up of these ids. */
void operation_merge(struct driver *driver, const char *client_id, const char *organization_id);
/**@}*/

/* A short form of an id for the operation's words. */
struct brief {
	char text[48];
};
struct brief brief(const char *text);

#endif
