/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_exec.c - runs a program in the mesh, where that is.
 */
#include "cli/attach.h"
#include "cli/cmd.h"
#include "cli/spawn.h"

static void
say_lost(void *ctx)
{
	(void)ctx;
	fprintf(stderr, "mpynet: the node has ended, and the program has no mesh any more\n");
}

int
cmd_exec(struct context *c, const struct args *a, struct err *e)
{
	char *argv[ARGS_MAX + 1] = { NULL };
	struct attachment at;
	struct spawn s = { argv, .out = -1, .err = -1 };
	pid_t pid;
	int r;

	for (size_t i = 0; i < arg_count(a, "program"); i++)
		argv[i] = (char *)arg_nth(a, "program", i);
	r = attach(&at, c, e);
	if (r != 0)
		return r;
	s.holder = at.holder;
	pid = spawn_start(&s, e);
	r = pid < 0 ? -pid : spawn_wait(pid, at.attached ? at.talk.fd : -1, say_lost, NULL);
	attach_end(&at);
	return r;
}
