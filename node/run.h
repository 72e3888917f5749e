/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - the shell of a mesh node: readiness to packets, effects to system calls.
 */
#ifndef NODE_RUN_H
#define NODE_RUN_H

#include "core/err.h"
#include "host/daemon.h"

struct node_options {
	const char *state;   /* the state directory; its node/bundle.mpynet says who we are */
	bool foreground;     /* log to stderr instead of node/log */
};

/*
 * Runs a node until it is told to stop; 0 then. Otherwise why it did not start, with a sentence:
 * -EPERM without CAP_NET_ADMIN, -EWOULDBLOCK when one runs on this state, -ENOENT when the state
 * has not joined. `ready` is told when packets can flow.
 */
int node_run(const struct node_options *o, struct ready *ready, struct err *err) must_check;

#endif
