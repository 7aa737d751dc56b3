/*
 * How a command describes itself. From the description come what the command line accepts, `--help`, the manual page
 * and the completion of shells, so that each option is described once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#else
#define PRINTF_LIKE(at, first)
#endif

/* Every command, in the order of the help. A new one is a line here and a `const struct command command_NAME`. */
#define COMMANDS(X)     \
	X(load)             \
	X(dump)             \
	X(generate)         \
	X(copy)             \
	X(salvage)          \
	X(get)              \
	X(list)             \
	X(members)          \
	X(organizations)    \
	X(lookup)           \
	X(discover)         \
	X(template_context) \
	X(render)           \
	X(diff)             \
	X(stat)             \
	X(check)            \
	X(create)           \
	X(update)           \
	X(delete)           \
	X(enable)           \
	X(disable)          \
	X(add_member)       \
	X(remove_member)    \
	X(login)            \
	X(accept)           \
	X(sweep)            \
	X(completion)       \
	X(manual)

/* Exit statuses: name, value, what it tells. */
#define STATUSES(X)                                                                            \
	X(STATUS_OK, 0, "done; for check: clean; for diff: nothing differs")                       \
	X(STATUS_REFUSED, 1,                                                                       \
		"the input, the store or the person who was asked says no: invalid, not found, "       \
		"exists, damaged; for diff: something differs")                                        \
	X(STATUS_USAGE, 2, "the command line is wrong")                                            \
	X(STATUS_FAILED, 3,                                                                        \
		"could not run: no such file or store, not a store, no permission, no room, input or " \
		"output failed")

enum status {
#define STATUS_VALUE(name, value, text) name = value,
	STATUSES(STATUS_VALUE)
#undef STATUS_VALUE
};

/* What an operand or the value of an option is: what is accepted, and what a shell offers for it. */
enum value_type {
	VALUE_TEXT,
	VALUE_NUMBER,   /* decimal digits, at most UINT64_MAX */
	VALUE_CHOICE,   /* one of `choices` */
	VALUE_KIND,     /* a kind of object */
	VALUE_ENTITY,   /* a kind of entity */
	VALUE_ANY_KIND, /* any text; shells offer the kinds */
	VALUE_FILE,     /* a store's is one too */
};

/* An operand or an option. */
struct parameter {
	const char *name;  /* operand: "STORE"; option: "policy" */
	const char *value; /* option: what its value is called, "POLICY", or NULL if it takes none */
	enum value_type type;
	const char *const *choices; /* ended by NULL */
	const char *help;           /* option: what it does, no capital, no full stop */
	bool optional;              /* operand: may be left out, and those behind it */
	bool repeatable;            /* operand: the last; option: each time counts, else the last time */
};

/* Its examples run as they stand, in this order, where acme.orgdb holds the sample tenant and tenant.jsonl is it; a
 * test does so. */
struct example {
	const char *what;
	const char *line;
};

/* Headings in `orgdb --help`. */
enum command_group {
	GROUP_WHOLE, /* data in and out */
	GROUP_LOOK,
	GROUP_CHANGE,
	GROUP_MORE,
	GROUP_HIDDEN, /* for building orgdb */
};

struct arguments;

struct command {
	const char *name;
	enum command_group group;
	bool changes_store;
	const char *summary; /* one line */
	/* Each line is a paragraph of any length; a line "TERM\tmeaning" is an entry of a list. */
	const char *help;
	const struct parameter *operands; /* each table is ended by one without a name */
	const struct parameter *options;  /* or NULL; --help and --color are every command's */
	const struct example *examples;
	int (*run)(const struct arguments *arguments); /* returns a status */
};

#define COMMAND_DECLARATION(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARATION)
#undef COMMAND_DECLARATION

/* All of them, ended by NULL. */
extern const struct command *const commands[];

/* What every command has. */
extern const struct parameter common_options[];

/* --- The command line --------------------------------------------------------------------------------------------- */

/* What was given, and fits the description. Options are named by their place in the command's table. */
struct arguments {
	const struct command *command;
	char *const *operands; /* ended by NULL, so those that were left out at the end are NULL */
	size_t operand_count;
	struct given *given;
	size_t given_count;
};

/* Read the command line, `argv[0]` being the command's name. Answers --help and reports misuse by itself, and exits:
 * nothing is open yet. */
void arguments_begin(struct arguments *arguments, const struct command *command, int argc, char **argv);
void arguments_end(struct arguments *arguments);

bool option_given(const struct arguments *arguments, size_t option);
/* The value, the last one if there are many; NULL if the option was not given. */
const char *option_value(const struct arguments *arguments, size_t option);
/* The value behind the first `*at` things given, for a repeatable option; begin with 0. NULL if there is no more. */
const char *option_next(const struct arguments *arguments, size_t option, size_t *at);
uint64_t option_number(const struct arguments *arguments, size_t option, uint64_t otherwise);
/* The place of the value among the option's choices. */
size_t option_choice(const struct arguments *arguments, size_t option, size_t otherwise);
/* The kind that an operand names. */
uint32_t operand_kind(const struct arguments *arguments, size_t operand);

/* Report misuse of a command and exit. */
_Noreturn void misused(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- The description ---------------------------------------------------------------------------------------------- */

/* One of the words that a parameter takes, or that a shell offers for it; NULL if there are no more. */
const char *parameter_choice(const struct parameter *parameter, size_t index);

/* `orgdb --help` and `orgdb COMMAND --help`, on standard output, and the latter's first line. */
void show_help(void);
void show_command_help(const struct command *command);
void show_usage(FILE *file, const struct command *command);

#endif
