/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - mpynet: a command from argv, or the shell when there is none.
 */
#include "cli/command.h"
#include "cli/shell.h"
#include "host/harden.h"

int
main(int argc, char **argv)
{
	size_t n = argc > 0 ? (size_t)argc - 1 : 0;
	struct context c;
	struct err e;
	int r;

	harden_process();
	context_init(&c, commands, stdout);
	r = context_options(&c, argv + 1, n, &e);
	if (r == ERR_UNKNOWN)
		return command_run(&c, argv + 1, n);
	if (r == 0)
		return shell_run(&c, stdin);
	fprintf(stderr, "mpynet: %s\n", e.text);
	return exit_code_of(r);
}
