/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spawn.h - runs a program that uses the mesh.
 */
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include "core/base.h"
#include "core/err.h"

#include <sys/types.h>

/* What a shell says too when a program was not run, or cannot be found. */
#define EXIT_NOT_RUN   126
#define EXIT_NOT_FOUND 127

struct spawn {
	char *const *argv; /* ended by NULL; the program is looked for in PATH */
	pid_t holder;	   /* of the network namespace to run in (host/netns.h); 0: ours */
	int out, err;	   /* descriptors for what it prints; -1: ours */
};

/*
 * Starts it and returns when it runs: its pid, in the process group of its own if `out` is given,
 * so that a signal for us is not one for it. It ends when we do. EXIT_NOT_RUN or EXIT_NOT_FOUND
 * negated, with a sentence; or why it cannot be forked.
 */
pid_t spawn_start(const struct spawn *s, struct err *e) must_check;

/*
 * Waits until it ends, and hands SIGTERM and SIGHUP on to it; SIGINT and SIGQUIT of a terminal
 * reach it by themselves. When `watched`, a descriptor or -1, is closed at its other end, `lost` is
 * called once. The exit code, of a signal 128 and its number.
 */
int spawn_wait(pid_t pid, int watched, void (*lost)(void *ctx), void *ctx);

#endif
