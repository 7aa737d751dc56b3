/*
 * orgdb completion: what a shell needs to complete command lines, made from the commands' descriptions.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "cli.h"

/*
 * What the script knows of a command, as variables of the shell:
 *   options   every option
 *   valued    those that take a value
 *   operands  for each operand its words
 *   words     for the option in $option, the words of its value
 * Words are separated by blanks; @file stands for the names of files.
 */

static void print_words(const struct parameter *parameter)
{
	if (parameter->type == VALUE_FILE)
		fputs("@file", stdout);
	for (size_t i = 0; parameter_choice(parameter, i); i++)
		printf("%s%s", i > 0 ? " " : "", parameter_choice(parameter, i));
}

static void print_options(const struct parameter *options, bool valued_only)
{
	for (; options && options->name; options++)
		if (options->value || !valued_only)
			printf(" --%s", options->name);
}

static void print_all_options(const struct command *command, const char *variable, bool valued_only)
{
	printf("\t\t%s='", variable);
	print_options(command->options, valued_only);
	print_options(common_options, valued_only);
	puts("'");
}

static void print_option_words(const struct parameter *options)
{
	for (; options && options->name; options++) {
		if (!options->value)
			continue;
		printf("\t\t\t--%s) words='", options->name);
		print_words(options);
		puts("' ;;");
	}
}

static void print_command(const struct command *command)
{
	printf("\t%s)\n", command->name);
	print_all_options(command, "options", false);
	print_all_options(command, "valued", true);
	fputs("\t\toperands=(", stdout);
	for (const struct parameter *operand = command->operands; operand->name; operand++) {
		fputs(operand == command->operands ? "'" : " '", stdout);
		print_words(operand);
		putchar('\'');
		if (operand->repeatable)
			fputs(" @more", stdout);
	}
	puts(")\n\t\tcase $option in");
	print_option_words(command->options);
	print_option_words(common_options);
	puts("\t\tesac\n\t\t;;");
}

static const char bash_before[] = "# Completion of the orgdb command for bash; made by 'orgdb completion bash'.\n"
								  "\n"
								  "# Set what is known of the command $1, and of the value of its option $2.\n"
								  "_orgdb_describe()\n"
								  "{\n"
								  "\tlocal option=$2\n"
								  "\toptions= valued= operands=() words=\n"
								  "\tcase $1 in";

static const char bash_between[] = "\tesac\n"
								   "}\n"
								   "\n"
								   "_orgdb_commands='";

static const char bash_after[] = "--help --version'\n"
								 "\n"
								 "# How many operands stand before the word being completed?\n"
								 "_orgdb_operands_before()\n"
								 "{\n"
								 "\tlocal i word\n"
								 "\tcount=0\n"
								 "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
								 "\t\tword=${COMP_WORDS[i]}\n"
								 "\t\tif [[ ${COMP_WORDS[i + 1]-} == = ]]; then\n"
								 "\t\t\t((i += 2))\n"
								 "\t\telif [[ \" $valued \" == *\" $word \"* ]]; then\n"
								 "\t\t\t((i++))\n"
								 "\t\telif [[ $word != -?* ]]; then\n"
								 "\t\t\t((count++))\n"
								 "\t\tfi\n"
								 "\tdone\n"
								 "}\n"
								 "\n"
								 "_orgdb()\n"
								 "{\n"
								 "\tlocal options valued operands words count last word=$2 option=$3\n"
								 "\tCOMPREPLY=()\n"
								 "\tif ((COMP_CWORD == 1)); then\n"
								 "\t\tmapfile -t COMPREPLY < <(compgen -W \"$_orgdb_commands\" -- \"$word\")\n"
								 "\t\treturn\n"
								 "\tfi\n"
								 "\t[[ $word == = ]] && word=\n"
								 "\t[[ $option == = || ${COMP_WORDS[COMP_CWORD]} == = ]] &&\n"
								 "\t\toption=${COMP_WORDS[COMP_CWORD - 1 - (${#word} > 0)]}\n"
								 "\t_orgdb_describe \"${COMP_WORDS[1]}\" \"$option\"\n"
								 "\tif [[ \" $valued \" != *\" $option \"* ]]; then\n"
								 "\t\t_orgdb_operands_before\n"
								 "\t\tlast=$((${#operands[@]} - 1))\n"
								 "\t\tif ((last > 0)) && [[ ${operands[last]} == @more ]] && ((count >= last)); then\n"
								 "\t\t\tcount=$((last - 1))\n"
								 "\t\tfi\n"
								 "\t\twords=${operands[count]-}\n"
								 "\t\t[[ $word == -* ]] && words=$options\n"
								 "\tfi\n"
								 "\tif [[ $words == @file ]]; then\n"
								 "\t\tcompopt -o filenames 2>/dev/null\n"
								 "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
								 "\telse\n"
								 "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
								 "\tfi\n"
								 "}\n"
								 "\n"
								 "complete -F _orgdb orgdb";

static void print_bash(void)
{
	puts(bash_before);
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->group != GROUP_HIDDEN)
			print_command(commands[i]);
	fputs(bash_between, stdout);
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->group != GROUP_HIDDEN)
			printf("%s ", commands[i]->name);
	puts(bash_after);
}

static int run(const struct arguments *arguments)
{
	(void)arguments;
	print_bash();
	return STATUS_OK;
}

static const char *const shells[] = { "bash", NULL };

static const struct parameter operands[] = {
	{ .name = "SHELL", .type = VALUE_CHOICE, .choices = shells, .help = "bash" },
	{ 0 },
};

static const struct example examples[] = {
	{ "for this shell only; installing orgdb does it for all", "eval \"$(orgdb completion bash)\"" },
	{ 0 },
};

const struct command command_completion = {
	.name = "completion",
	.group = GROUP_MORE,
	.summary = "write what a shell needs to complete orgdb's command lines",
	.help = "Write a script for SHELL that completes commands, options, kinds and files.\n",
	.operands = operands,
	.examples = examples,
	.run = run,
};
