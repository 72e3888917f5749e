/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sandbox.h - gives up what a daemon does not need, before it hears the first packet.
 *
 * In two steps, because databases are opened between them: sandbox_enter() gives up the file
 * system, the user and the capabilities, sandbox_seal() the system calls.
 */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include "core/base.h"
#include "core/err.h"

struct sandbox {
	/* Capabilities that are kept by who has them. */
	bool network;	   /* CAP_NET_ADMIN, for the TUN, addresses and routes */
	/*
	 * As root: make `dir` the root of all paths and change to the user SANDBOX_USER, who
	 * gets `dir` and its files. NULL leaves files and user as they are.
	 */
	const char *dir;
};

#define SANDBOX_USER "nobody"

/*
 * *jailed tells whether `dir` is now "/". A process that is not root has little to give up and
 * succeeds.
 */
int sandbox_enter(const struct sandbox *s, bool *jailed, struct err *err) must_check;

/*
 * Leaves only the system calls that a running daemon makes; all others fail with ENOSYS. No
 * program can be started any more.
 */
int sandbox_seal(struct err *err) must_check;

#endif
