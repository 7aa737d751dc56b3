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
#include "signals.h"

#define COMMAND_ADDRESS(name) &command_##name,
const struct command *const commands[] = { COMMANDS(COMMAND_ADDRESS) NULL };
#undef COMMAND_ADDRESS

/* Were a standard file closed, the store might be opened in its place, and messages written into it. */
static void hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			abort();
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments;
	arguments_begin(&arguments, command, argc, argv);
	int status = command->run(&arguments);
	arguments_end(&arguments);
	status = finish_output(status, command->changes_store);
	signals_release();
	return status;
}

int main(int argc, char **argv)
{
	hold_standard_files();
	signal(SIGPIPE, SIG_IGN);
	signals_begin();
	if (argc < 2) {
		complain("a command is missing");
		advise("usage: orgdb COMMAND [OPTION]... OPERAND...");
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
	const struct command *command = command_named(argv[1]);
	if (command)
		return run_command(command, argc - 1, argv + 1);
	complain("there is no command '%s'", argv[1]);
	advise("'orgdb --help' lists the commands.");
	return STATUS_USAGE;
}
