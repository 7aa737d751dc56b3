/*
 * Liquid, by the engine that is installed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "liquid.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

extern char **environ;

enum { NO_ENGINE = 69, BAD_TEMPLATE = 65, PARTS_MAX = 4 };

/* Reads all of its input before it writes. On a terminal no control character of a template's gets through. */
static const char script[] = "require 'json'\n"
							 "begin\n"
							 "  require 'liquid'\n"
							 "rescue LoadError\n"
							 "  exit 69\n"
							 "end\n"
							 "name, *parts = ARGV\n"
							 "input = JSON.parse($stdin.binmode.read.force_encoding('UTF-8'))\n"
							 "texts = parts.map do |part|\n"
							 "  begin\n"
							 "    Liquid::Template.parse(input[part]).render!(input['variables'])\n"
							 "  rescue Liquid::Error => problem\n"
							 "    warn \"orgdb: #{name}.#{part}: #{problem.message.gsub(/[[:cntrl:]]/, ' ')}\"\n"
							 "    exit 65\n"
							 "  end\n"
							 "end\n"
							 "texts[0] = \"Subject: #{texts[0].split.join(' ')}\\n\" if texts.size > 1\n"
							 "text = texts.join(\"\\n\")\n"
							 "text = text.gsub(/[[:cntrl:]&&[^\\n\\t]]/, '?') if $stdout.tty?\n"
							 "text += \"\\n\" unless text.end_with?(\"\\n\")\n"
							 "begin\n"
							 "  $stdout.binmode.write(text)\n"
							 "  $stdout.flush\n"
							 "rescue SystemCallError => problem\n"
							 "  warn \"orgdb: cannot write to standard output: #{problem.message}\"\n"
							 "  exit! 74\n"
							 "end\n";

static int no_engine(void)
{
	complain("render takes Ruby and its library Liquid, which are not both here");
	advise(
		"On Debian, install ruby and ruby-liquid. 'orgdb template-context' gives the variables to any other engine.");
	return STATUS_FAILED;
}

static int status_of(int ended)
{
	if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
		return STATUS_OK;
	if (WIFEXITED(ended) && WEXITSTATUS(ended) == BAD_TEMPLATE)
		return STATUS_REFUSED;
	if (WIFEXITED(ended) && WEXITSTATUS(ended) == NO_ENGINE)
		return no_engine();
	complain("render: Ruby could not do it");
	return STATUS_FAILED;
}

/* Start the engine with `input` as its standard input; returns an errno. */
static int start(const char *const arguments[], const int ends[2], pid_t *process)
{
	posix_spawn_file_actions_t actions;
	int code = posix_spawn_file_actions_init(&actions);
	if (code != 0)
		return code;
	code = posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	if (code == 0)
		code = posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (code == 0)
		code = posix_spawn_file_actions_addclose(&actions, ends[1]);
	if (code == 0)
		code = posix_spawnp(process, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

/* An engine that ends early says so by how it ends. */
static void feed(int to, const char *input, size_t size)
{
	while (size > 0) {
		ssize_t written = write(to, input, size);
		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			input += written;
			size -= (size_t)written;
		}
	}
}

int liquid_render(const char *name, const char *const parts[], const char *input, size_t size)
{
	const char *arguments[6 + PARTS_MAX + 1] = { "ruby", "-EUTF-8:UTF-8", "-e", script, "--", name };
	int ends[2], ended = 0;
	pid_t process;
	for (size_t i = 0; i < PARTS_MAX && parts[i]; i++)
		arguments[6 + i] = parts[i];
	if (pipe(ends) != 0) {
		complain("cannot make a pipe: %s", strerror(errno));
		return STATUS_FAILED;
	}
	int code = start(arguments, ends, &process);
	close(ends[0]);
	if (code == 0)
		feed(ends[1], input, size);
	close(ends[1]);
	if (code == ENOENT)
		return no_engine();
	while (code == 0 && waitpid(process, &ended, 0) < 0)
		code = errno == EINTR ? 0 : errno;
	if (code == 0)
		return status_of(ended);
	complain("cannot run ruby: %s", strerror(code));
	return STATUS_FAILED;
}
