/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_watch.c - runs a command again and again.
 */
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define EVERY_DEFAULT 2

/* Draws over what was there, and removes what was longer. */
static void
clear_screen(const struct context *c)
{
	if (c->out.terminal)
		fputs("\033[H\033[2J", c->out.to);
	fflush(c->out.to);
}

int
cmd_watch(struct context *c, const struct args *a, struct err *e)
{
	size_t n = arg_count(a, "command");
	uint64_t every = EVERY_DEFAULT;
	char *words[ARGS_MAX], shown[64];
	int r = EXIT_DONE;

	for (size_t i = 0; i < n; i++)
		words[i] = (char *)arg_nth(a, "command", i);
	if (strcmp(words[0], "watch") == 0)
		return err_set(e, -EINVAL, "watch does not watch itself");
	if (arg(a, "--every") != NULL &&
	    (text_duration(&every, arg(a, "--every")) < 0 || every == 0))
		return err_set(e, -EINVAL, "--every %s: it is a time such as 5s or 1m",
		    output_escape(shown, sizeof(shown), arg(a, "--every")));
	interrupt_catch();
	while (!interrupt_seen()) {
		clear_screen(c);
		r = command_run(c, words, n);
		if (r == EXIT_USAGE)
			break;
		nanosleep(&(struct timespec){ .tv_sec = (time_t)every }, NULL);
	}
	return r;
}
