/*
 * `--help`: a command's description as text of 80 columns.
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "command.h"

#define WIDTH 79
#define TERM_WIDTH_MAX 24 /* a longer term has a line of its own */

/* --- Lines -------------------------------------------------------------------------------------------------------- */

/* Columns, not bytes, of UTF-8 text without wide characters. */
static int columns_of(const char *text, size_t size)
{
	int columns = 0;
	for (size_t i = 0; i < size; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

/* Write words from `column` on, further lines indented, and end the line. */
static void print_wrapped(const char *text, size_t size, int column, int indent)
{
	const char *end = text + size;
	bool first = true;
	while (text < end) {
		size_t length = strcspn(text, " \n");
		if (length > (size_t)(end - text))
			length = (size_t)(end - text);
		int columns = columns_of(text, length);
		if (!first && column + 1 + columns > WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)length, text);
		column += columns;
		first = false;
		text += length + (text + length < end);
	}
	putchar('\n');
}

/* A term, and what it means in a column of its own. */
static void print_entry(const char *term, size_t term_size, const char *meaning, size_t size, int width)
{
	int columns = columns_of(term, term_size);
	printf("  %s%.*s%s", style(stdout, STYLE_TERM), (int)term_size, term, style(stdout, STYLE_NONE));
	if (columns > width)
		printf("\n%*s", width + 5, "");
	else
		printf("%*s", width - columns + 3, "");
	print_wrapped(meaning, size, width + 5, width + 5);
}

static int widest(int width, int columns)
{
	return columns > width && columns <= TERM_WIDTH_MAX ? columns : width;
}

static void print_heading(const char *heading)
{
	printf("\n%s%s:%s\n", style(stdout, STYLE_HEADING), heading, style(stdout, STYLE_NONE));
}

/* --- A command ---------------------------------------------------------------------------------------------------- */

void show_usage(FILE *file, const struct command *command)
{
	fprintf(
		file, "%susage:%s orgdb %s [OPTION]...", style(file, STYLE_HEADING), style(file, STYLE_NONE), command->name);
	for (const struct parameter *operand = command->operands; operand->name; operand++)
		fprintf(file, " %s%s%s%s", operand->optional ? "[" : "", operand->name, operand->optional ? "]" : "",
			operand->repeatable ? "..." : "");
	putc('\n', file);
}

/* The size of the term that a line of help begins with; 0 if the line is a paragraph. */
static size_t term_size_of(const char *line, size_t size)
{
	const char *tab = memchr(line, '\t', size);
	return tab ? (size_t)(tab - line) : 0;
}

static void print_paragraphs(const char *help)
{
	int width = 0;
	bool in_list = false;
	for (const char *line = help; *line; line += strcspn(line, "\n") + 1)
		width = widest(width, columns_of(line, term_size_of(line, strcspn(line, "\n"))));
	for (const char *line = help; *line; line += strcspn(line, "\n") + 1) {
		size_t size = strcspn(line, "\n");
		size_t term = term_size_of(line, size);
		if (!in_list || term == 0)
			putchar('\n');
		in_list = term > 0;
		if (in_list)
			print_entry(line, term, line + term + 1, size - term - 1, width);
		else
			print_wrapped(line, size, 0, 0);
	}
}

/* "--policy POLICY" */
static size_t option_term(const struct parameter *option, char *term, size_t size)
{
	const char *value = option->value ? option->value : "";
	return (size_t)snprintf(term, size, "--%s%s%s", option->name, *value ? " " : "", value);
}

static int options_width(const struct parameter *options, int width)
{
	char term[80];
	for (; options && options->name; options++)
		width = widest(width, (int)option_term(options, term, sizeof(term)));
	return width;
}

static void print_options(const struct parameter *options, int width)
{
	char term[80];
	for (; options && options->name; options++) {
		size_t size = option_term(options, term, sizeof(term));
		print_entry(term, size, options->help, strlen(options->help), width);
	}
}

static void print_operands(const struct parameter *operands)
{
	int width = 0;
	for (const struct parameter *operand = operands; operand->name; operand++)
		width = widest(width, columns_of(operand->name, strlen(operand->name)));
	if (operands->name)
		putchar('\n');
	for (const struct parameter *operand = operands; operand->name; operand++)
		print_entry(operand->name, strlen(operand->name), operand->help, strlen(operand->help), width);
}

static void print_examples(const struct example *examples)
{
	if (!examples)
		return;
	print_heading("examples");
	for (const struct example *example = examples; example->line; example++)
		printf(
			"  %s# %s%s\n  %s\n", style(stdout, STYLE_FAINT), example->what, style(stdout, STYLE_NONE), example->line);
}

void show_command_help(const struct command *command)
{
	int width = options_width(common_options, options_width(command->options, 0));
	show_usage(stdout, command);
	print_operands(command->operands);
	print_paragraphs(command->help);
	print_heading("options");
	print_options(command->options, width);
	print_options(common_options, width);
	print_examples(command->examples);
}

/* --- All of them -------------------------------------------------------------------------------------------------- */

static const char *const group_headings[] = {
	[GROUP_WHOLE] = "data in and out",
	[GROUP_LOOK] = "look into a store",
	[GROUP_CHANGE] = "change a store",
	[GROUP_MORE] = "more",
};

static void print_group(enum command_group group, int width)
{
	bool headed = false;
	for (size_t i = 0; commands[i]; i++) {
		const struct command *command = commands[i];
		if (command->group != group)
			continue;
		if (!headed)
			print_heading(group_headings[group]);
		headed = true;
		print_entry(command->name, strlen(command->name), command->summary, strlen(command->summary), width);
	}
}

static void print_statuses(void)
{
	char number[4];
#define PRINT_STATUS(name, value, text)                \
	snprintf(number, sizeof(number), "%d", (int)name); \
	print_entry(number, strlen(number), text, strlen(text), 1);
	STATUSES(PRINT_STATUS)
#undef PRINT_STATUS
}

void show_help(void)
{
	int width = 0;
	for (size_t i = 0; commands[i]; i++)
		width = widest(width, columns_of(commands[i]->name, strlen(commands[i]->name)));
	printf("orgdb " ORGDB_VERSION " - look into stores of organizations, fill them and check them\n\n"
		   "%susage:%s orgdb COMMAND [OPTION]... OPERAND...\n"
		   "       orgdb --help | --version\n",
		style(stdout, STYLE_HEADING), style(stdout, STYLE_NONE));
	for (enum command_group group = 0; group < GROUP_HIDDEN; group++)
		print_group(group, width);
	printf("\n'orgdb COMMAND --help' says more, with examples, and 'man orgdb' all. Options\n"
		   "may stand before or after operands; '--' ends them.\n");
	print_heading("exit status");
	print_statuses();
	printf("\nWhat fails changes nothing; of load --batch, the parts before stay.\n");
}
