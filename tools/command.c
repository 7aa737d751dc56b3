/*
 * The command line, read by a command's description.
 *
 * SPDX-License-Identifier: MIT
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "object.h"

/* An option as it was given. */
struct given {
	size_t option;
	const char *value;
};

static const char *const colors[] = { "auto", "always", "never", NULL };

enum { COMMON_COLOR, COMMON_HELP, COMMON_OPTIONS };

const struct parameter common_options[] = {
	[COMMON_COLOR] = {
		.name = "color",
		.value = "WHEN",
		.type = VALUE_CHOICE,
		.choices = colors,
		.help = "color what people read: auto (the default), which is on terminals only and never when NO_COLOR is "
				"set, always or never",
	},
	[COMMON_HELP] = { .name = "help", .help = "show this help, also as -h" },
	{ 0 },
};

/* --- Parameters --------------------------------------------------------------------------------------------------- */

const char *parameter_choice(const struct parameter *parameter, size_t index)
{
	switch (parameter->type) {
	case VALUE_CHOICE:
		return parameter->choices[index];
	case VALUE_KIND:
	case VALUE_ANY_KIND:
		return index < ORGDB_KINDS ? orgdb_schema_of(kinds_in_order[index])->name : NULL;
	case VALUE_ENTITY:
		return index < ORGDB_ENTITY_KINDS ? orgdb_schema_of((uint32_t)index)->name : NULL;
	default:
		return NULL;
	}
}

static size_t count_parameters(const struct parameter *parameters)
{
	size_t count = 0;
	while (parameters && parameters[count].name)
		count++;
	return count;
}

/* --- Misuse ------------------------------------------------------------------------------------------------------- */

void misused(const struct command *command, const char *format, ...)
{
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	complain("%s: %s", command->name, message);
	fputs("  ", stderr);
	show_usage(stderr, command);
	advise("'orgdb %s --help' says more.", command->name);
	exit(STATUS_USAGE);
}

/* The place of `text` among the words that a parameter takes. */
static size_t choice_of(const struct command *command, const struct parameter *parameter, const char *text)
{
	char words[512] = "";
	size_t used = 0;
	size_t count = 0;
	const char *word;
	for (; (word = parameter_choice(parameter, count)); count++)
		if (strcmp(word, text) == 0)
			return count;
	for (size_t i = 0; i < count && used < sizeof(words); i++) {
		const char *before = i == 0 ? "" : i + 1 < count ? ", " : " or ";
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s", before, parameter_choice(parameter, i));
	}
	misused(command, "%s%s cannot be '%s'; expected %s", parameter->value ? "--" : "", parameter->name, text, words);
}

static uint64_t number_of(const struct command *command, const struct parameter *parameter, const char *text)
{
	char *end;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number > UINT64_MAX)
		misused(command, "--%s: expected a number, got '%s'", parameter->name, text);
	return number;
}

static void check_value(const struct command *command, const struct parameter *parameter, const char *text)
{
	if (parameter->type == VALUE_NUMBER)
		number_of(command, parameter, text);
	else if (parameter->type != VALUE_ANY_KIND && parameter_choice(parameter, 0))
		choice_of(command, parameter, text);
}

/* --- Options ------------------------------------------------------------------------------------------------------ */

/* getopt_long() answers with an option's place in the table above this, which is above every letter. */
enum { FIRST_OPTION = 256 };

/* What getopt_long() found wrong. An unknown short option may be in the middle of an argument, so it is named by its
 * letter. */
static _Noreturn void misused_option(const struct command *command, int problem, const char *argument)
{
	if (problem == ':')
		misused(command, "option '%s' needs a value", argument);
	if (optopt >= FIRST_OPTION)
		misused(command, "option '%s' takes no value", argument);
	if (optopt != 0)
		misused(command, "unknown option '-%c'", optopt);
	misused(command, "unknown option '%s'", argument);
}

/* The command's own options, and behind them those of every command. */
static struct option *make_table(const struct command *command, size_t own)
{
	struct option *table = calloc(own + COMMON_OPTIONS + 1, sizeof(*table));
	for (size_t i = 0; table && i < own + COMMON_OPTIONS; i++) {
		const struct parameter *parameter = i < own ? &command->options[i] : &common_options[i - own];
		table[i] = (struct option){
			.name = parameter->name,
			.has_arg = parameter->value ? required_argument : no_argument,
			.val = FIRST_OPTION + (int)i,
		};
	}
	return table;
}

static void take_option(struct arguments *arguments, size_t own, size_t place)
{
	const struct command *command = arguments->command;
	if (place == own + COMMON_COLOR) {
		choose_color((enum color)choice_of(command, &common_options[COMMON_COLOR], optarg));
	} else {
		if (optarg)
			check_value(command, &command->options[place], optarg);
		arguments->given[arguments->given_count++] = (struct given){ place, optarg };
	}
}

static void check_operands(const struct arguments *arguments)
{
	const struct command *command = arguments->command;
	const struct parameter *operands = command->operands;
	size_t most = count_parameters(operands);
	if (arguments->operand_count > most && !(most > 0 && operands[most - 1].repeatable))
		misused(command, "there is no use for '%s'", arguments->operands[most]);
	for (size_t i = 0; i < most; i++) {
		if (i < arguments->operand_count)
			check_value(command, &operands[i], arguments->operands[i]);
		else if (!operands[i].optional)
			misused(command, "%s is missing", operands[i].name);
	}
}

/* What is asked for wins over what is wrong, as long as nothing wrong comes before it. */
static void read_options(struct arguments *arguments, int argc, char **argv, const struct option *table, size_t own)
{
	int option;
	bool help = false;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		if (option == '?' || option == ':')
			misused_option(arguments->command, option, argv[optind - 1]);
		if (option == 'h' || option == FIRST_OPTION + (int)own + COMMON_HELP)
			help = true;
		else
			take_option(arguments, own, (size_t)(option - FIRST_OPTION));
	}
	if (help) {
		show_command_help(arguments->command);
		exit(finish_output(STATUS_OK, false));
	}
}

void arguments_begin(struct arguments *arguments, const struct command *command, int argc, char **argv)
{
	size_t own = count_parameters(command->options);
	struct option *table = make_table(command, own);
	*arguments = (struct arguments){ .command = command, .given = calloc((size_t)argc, sizeof(struct given)) };
	if (!table || !arguments->given) {
		complain("%s", strerror(ENOMEM));
		exit(STATUS_FAILED);
	}
	read_options(arguments, argc, argv, table, own);
	free(table);
	arguments->operands = argv + optind;
	arguments->operand_count = (size_t)(argc - optind);
	check_operands(arguments);
}

void arguments_end(struct arguments *arguments)
{
	free(arguments->given);
}

/* --- What was given ----------------------------------------------------------------------------------------------- */

const char *option_next(const struct arguments *arguments, size_t option, size_t *at)
{
	while (*at < arguments->given_count) {
		const struct given *given = &arguments->given[(*at)++];
		if (given->option == option)
			return given->value ? given->value : "";
	}
	return NULL;
}

const char *option_value(const struct arguments *arguments, size_t option)
{
	const char *value = NULL;
	const char *next;
	size_t at = 0;
	while ((next = option_next(arguments, option, &at)))
		value = next;
	return value;
}

bool option_given(const struct arguments *arguments, size_t option)
{
	return option_value(arguments, option) != NULL;
}

uint64_t option_number(const struct arguments *arguments, size_t option, uint64_t otherwise)
{
	const struct command *command = arguments->command;
	const char *value = option_value(arguments, option);
	return value ? number_of(command, &command->options[option], value) : otherwise;
}

size_t option_choice(const struct arguments *arguments, size_t option, size_t otherwise)
{
	const struct command *command = arguments->command;
	const char *value = option_value(arguments, option);
	return value ? choice_of(command, &command->options[option], value) : otherwise;
}

uint32_t operand_kind(const struct arguments *arguments, size_t operand)
{
	return orgdb_schema_named(arguments->operands[operand])->kind;
}
