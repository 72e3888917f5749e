/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - mpynet.
 */
#include "cli/command.h"

int
main(int argc, char **argv)
{
	struct context c;

	context_init(&c, commands, stdout);
	return command_run(&c, argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
}
