/*
 * Random input for the model test: ids and names from small pools so that they meet again, entities whose every field
 * keeps what the header asks, and faults, each of which breaks exactly one of those rules.
 *
 * Everything follows from the seed. What is made lives until input_reset().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_MODEL_INPUT_H
#define ORGDB_TESTS_MODEL_INPUT_H

#include "model.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define INPUT_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define INPUT_DOMAINS 24                            /* Of which discovery domains are. */
#define INPUT_ID_SIZE (4 * ORGDB_ID_LENGTH_MAX + 1) /* Room for any id or name and a NUL. */

struct input {
	uint64_t state;       /* Of the random numbers: the same state makes the same input. */
	const uint32_t *pool; /* How many ids there are to draw from, for each kind of entity. */
	char *buffer;         /* What is made. */
	size_t used;
	const uint8_t *script; /* Choices instead of random numbers, until there are no more ... */
	size_t script_size;    /* ... bytes. */
};

void input_open(struct input *input, uint64_t seed);
void input_close(struct input *input);
void input_reset(struct input *input);

/** @name Random numbers */
/**@{*/
uint64_t input_random(struct input *input);
/* 0 .. limit - 1; 0 for 0. */
uint32_t input_below(struct input *input, uint32_t limit);
bool input_chance(struct input *input, uint32_t percent);
/**@}*/

/** @name Ids and names */
/**@{*/
/* The id number @p index of a kind; @p out has room for INPUT_ID_SIZE. */
void input_id(uint32_t kind, uint32_t index, char *out);
/* A domain, as an organization may have it: there are few, and of each two that differ in the case of a letter. */
void input_domain(uint32_t index, char *out);
/* The unique name number @p index of a kind. */
void input_name(uint32_t kind, uint32_t index, char *out);
/* Some invitation's ticket: 32 letters and a NUL. */
void input_ticket(struct input *input, char *out);
/* The index of some name: there are somewhat more than ids, so that most names are free. */
uint32_t input_name_index(struct input *input, uint32_t kind);
/**@}*/

/** @name Entities and edges */
/**@{*/
/* Something to create; with or without an id of its own. */
void input_entity(struct input *input, uint32_t kind, union model_any *entity);
/* Changes for an update: some fields set, some removed. */
void input_changes(struct input *input, uint32_t kind, union model_any *changes);
/* Does the schema have just the fields that the header has? The disagreement in words; NULL if there is none. */
const char *input_schema_disagreement(void);
/**@}*/

/** @name Faults */
/**@{*/
enum input_fault_form {
	FAULT_TEXT,    /* The field is this text. */
	FAULT_LENGTH,  /* It is a text of `number` letters. */
	FAULT_VALUE,   /* It is this MessagePack, of `number` bytes. */
	FAULT_ENTRIES, /* It is a map or array of `number` texts. */
	FAULT_DEPTH,   /* It has `number` levels. */
	FAULT_NUMBER,  /* The choice is `number`. */
	FAULT_ABSENT,  /* It is required, and absent. */
	FAULT_FIXED,   /* It is well formed, but must not be updated. */
};

struct input_fault {
	uint32_t kind, bit;
	enum input_fault_form form;
	const char *data;
	uint32_t number;
};

const struct input_fault *input_fault(struct input *input);
/* Put the fault into something to create or into changes. */
void input_break(struct input *input, const struct input_fault *fault, bool create, union model_any *entity);
bool input_fault_fits_create(const struct input_fault *fault);
bool input_fault_fits_update(const struct input_fault *fault);
/* The errors that the header has for it. */
model_errors input_fault_errors(const struct input_fault *fault);
/* "organization.name" */
void input_fault_field(const struct input_fault *fault, char *out, size_t size);
/* What is wrong, in words. */
void input_fault_words(const struct input_fault *fault, char *out, size_t size);
/**@}*/

#endif
