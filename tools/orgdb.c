/*
 * The orgdb command: picks the subcommand.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct command *const commands[] = {
	&command_load,
	&command_dump,
	&command_lookup,
	&command_stat,
	&command_check,
	&command_delete,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void show_help(void)
{
	printf("orgdb " ORGDB_VERSION " - look into stores of organizations, fill them and check them\n"
		   "\n"
		   "usage: orgdb COMMAND [OPTION]... STORE ...\n"
		   "       orgdb --help | --version\n"
		   "\n"
		   "commands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n"
		   "'orgdb COMMAND --help' says more. Options may stand before or after operands;\n"
		   "'--' ends them.\n"
		   "\n"
		   "exit status:\n"
		   "  0   done; for check: clean\n"
		   "  1   the input or the store says no: invalid, not found, exists, damaged\n"
		   "  2   the command line is wrong\n"
		   "  3   could not run: no such file or store, not a store, no permission,\n"
		   "      no room, input or output failed\n"
		   "\n"
		   "Whatever fails changes nothing.\n");
}

/* Were a standard file closed, the store might be opened in its place, and messages written into it. */
static void hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			abort();
}

static int run_command(int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, argv[1]) == 0)
			return finish_output(commands[i]->run(commands[i], argc - 1, argv + 1), commands[i]->changes_store);
	complain("there is no command '%s'", argv[1]);
	advise("'orgdb --help' lists the commands.");
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	hold_standard_files();
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		complain("a command is missing");
		advise("usage: orgdb COMMAND [OPTION]... STORE ...");
		advise("'orgdb --help' lists the commands.");
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		show_help();
		return finish_output(STATUS_OK, false);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("orgdb %s\n", orgdb_version());
		return finish_output(STATUS_OK, false);
	}
	return run_command(argc, argv);
}
