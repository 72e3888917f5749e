/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - the shell of a lighthouse: readiness to packets, effects to system calls.
 */
#ifndef LIGHTHOUSE_RUN_H
#define LIGHTHOUSE_RUN_H

#include "core/err.h"
#include "host/daemon.h"

struct lighthouse_options {
	const char *state;   /* the state directory; its lighthouse/bundle.mpynet says who we are */
	bool foreground;     /* log to stderr instead of lighthouse/log */
};

/*
 * Runs a lighthouse until it is told to stop; 0 then. Otherwise why it did not start, with a
 * sentence: -EADDRINUSE when its port is taken, -EWOULDBLOCK when one runs on this state, -ENOENT
 * when the state has not joined. `ready` is told when it hears packets.
 */
int lighthouse_run(const struct lighthouse_options *o, struct ready *ready,
    struct err *err) must_check;

#endif
