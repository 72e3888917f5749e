/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interrupt.c - the flag that SIGINT sets.
 */
#include "cli/interrupt.h"

#include <signal.h>

static volatile sig_atomic_t seen;

static void
on_signal(int sig)
{
	(void)sig;
	seen = 1;
}

void
interrupt_catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
}

bool
interrupt_seen(void)
{
	return seen != 0;
}

void
interrupt_clear(void)
{
	seen = 0;
}
