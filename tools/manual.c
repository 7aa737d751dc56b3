/*
 * orgdb manual: the manual page, made when orgdb is built. Its prose is a template, tools/orgdb.1.in; what the commands
 * and the exit statuses are comes from their descriptions.
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Text that mdoc takes as it stands. A dash beside another is one to be typed; each sentence has a line of its own. */
static void put_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char before = i > 0 ? text[i - 1] : ' ';
		char next = i + 1 < size ? text[i + 1] : ' ';
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-' && (next == '-' || before == '-' || before == ' '))
			fputs("\\-", stdout);
		else if (text[i] == ' ' && before == '.' && isupper((unsigned char)next))
			putchar('\n');
		else if (strchr(".'", text[i]) && (i == 0 || before == '\n'))
			printf("\\&%c", text[i]);
		else
			putchar(text[i]);
	}
	putchar('\n');
}

static void put_option(const struct parameter *option, const char *macro)
{
	printf("%s Fl \\-%s", macro, option->name);
	if (option->value)
		printf(" Ar %s", option->value);
	putchar('\n');
}

static void put_synopsis(const struct command *command)
{
	printf(".Nm Cm %s\n", command->name);
	for (const struct parameter *option = command->options; option && option->name; option++)
		put_option(option, ".Op");
	for (const struct parameter *operand = command->operands; operand->name; operand++)
		printf(".%s %s%s\n", operand->optional ? "Op Ar" : "Ar", operand->name, operand->repeatable ? " ..." : "");
}

static void put_list(const struct parameter *parameters, bool are_options)
{
	if (!parameters || !parameters->name)
		return;
	puts(".Bl -tag -width Ds");
	for (; parameters->name; parameters++) {
		if (are_options)
			put_option(parameters, ".It");
		else
			printf(".It Ar %s\n", parameters->name);
		put_text(parameters->help, strlen(parameters->help));
	}
	puts(".El");
}

static void put_paragraphs(const char *help)
{
	bool in_list = false;
	for (const char *line = help; *line; line += strcspn(line, "\n") + 1) {
		size_t size = strcspn(line, "\n");
		const char *tab = memchr(line, '\t', size);
		if (in_list != (tab != NULL))
			puts(in_list ? ".El" : ".Bl -tag -width Ds");
		in_list = tab != NULL;
		if (tab) {
			printf(".It ");
			put_text(line, (size_t)(tab - line));
			put_text(tab + 1, size - (size_t)(tab + 1 - line));
		} else {
			puts(".Pp");
			put_text(line, size);
		}
	}
	if (in_list)
		puts(".El");
}

static void put_examples(const struct example *examples)
{
	if (!examples)
		return;
	puts(".Pp\nExamples:\n.Bd -literal -offset indent");
	for (; examples->line; examples++) {
		printf("# %s\n", examples->what);
		put_text(examples->line, strlen(examples->line));
	}
	puts(".Ed");
}

static void put_commands(void)
{
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->group == GROUP_HIDDEN)
			continue;
		printf(".Ss %s\n", commands[i]->name);
		put_synopsis(commands[i]);
		put_paragraphs(commands[i]->help);
		put_list(commands[i]->operands, false);
		put_list(commands[i]->options, true);
		put_examples(commands[i]->examples);
	}
}

static void put_statuses(void)
{
	puts(".Bl -tag -width Ds");
#define PUT_STATUS(name, value, text) \
	printf(".It %d\n", (int)name);    \
	put_text(text, strlen(text));
	STATUSES(PUT_STATUS)
#undef PUT_STATUS
	puts(".El");
}

static void put_line(const char *line)
{
	if (strcmp(line, "@commands@\n") == 0)
		put_commands();
	else if (strcmp(line, "@options@\n") == 0)
		put_list(common_options, true);
	else if (strcmp(line, "@statuses@\n") == 0)
		put_statuses();
	else
		fputs(line, stdout);
}

static int run(const struct arguments *arguments)
{
	char line[1024];
	FILE *template = fopen(arguments->operands[0], "r");
	if (!template) {
		complain("%s: %s", arguments->operands[0], strerror(errno));
		return STATUS_FAILED;
	}
	while (fgets(line, sizeof(line), template))
		put_line(line);
	fclose(template);
	return STATUS_OK;
}

static const struct parameter operands[] = {
	{ .name = "TEMPLATE", .type = VALUE_FILE, .help = "the page with places for what the commands say" },
	{ 0 },
};

const struct command command_manual = {
	.name = "manual",
	.group = GROUP_HIDDEN,
	.summary = "make the manual page",
	.help = "Write the manual page, from a template, to standard output.\n",
	.operands = operands,
	.run = run,
};
