/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * daemon.h - a process that goes on when the command that started it has returned.
 *
 * The command waits until the daemon says that it is ready or why it cannot be, so that "up" that
 * returned 0 means a mesh that is up, and an error is seen where it was made.
 */
#ifndef HOST_DAEMON_H
#define HOST_DAEMON_H

#include "core/err.h"

/* How a daemon tells that it is ready. */
struct ready {
	int fd;			/* -1: nobody waits */
};

/*
 * Runs `run(arg, ready, err)` in a new process that is nobody's child, without terminal, with / as
 * its directory and nothing open that was, and waits for its ready_tell(). Returns 0 then; or what
 * `run` returned before, with its sentence.
 */
int daemon_start(int (*run)(void *arg, struct ready *ready, struct err *err), void *arg,
    struct err *err) must_check;

/* To be called once, by the daemon. */
void ready_tell(struct ready *r);

/* For a daemon that stays in the foreground; a service manager that set NOTIFY_SOCKET is told. */
struct ready ready_foreground(void);

#endif
