/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * harden.c - what a process that holds keys denies the rest of the machine.
 */
#include "host/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void
harden_process(void)
{
#ifndef SANITIZED	/* whose report of leaks attaches to the process */
	static const struct rlimit none = { 0, 0 };

	/* The limit is for files; a core that is piped to a collector heeds only the second. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
