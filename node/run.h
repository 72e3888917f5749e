/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run.h - the shell of a mesh node: readiness to packets, effects to system calls. The same node
 * without a device is the one that speaks for an authority (node/desk.h).
 */
#ifndef NODE_RUN_H
#define NODE_RUN_H

#include "core/err.h"
#include "host/daemon.h"
#include "host/home.h"

struct desk;

struct node_options {
	const char *state;   /* the state directory; the role's bundle.mpynet says who we are */
	bool foreground;     /* log to stderr instead of the role's log */
	/*
	 * HOME_NODE; or HOME_AUTHORITY, which has no device and needs no root: packets for this
	 * machine go nowhere. It listens on any port, so that it is in nobody's way.
	 */
	enum home_role role;
	/*
	 * The device is in a network namespace of its own: no root is needed, nothing on this
	 * machine's network changes, and only programs that enter it (node/attach.h) have the mesh.
	 */
	bool own_namespace;
	/* Ends when the last program that is attached ends, or when none comes for ATTACH_WAIT_MS. */
	bool transient;
	const struct desk *desk; /* who answers for an authority; NULL: nobody. Outlives the call */
};

/*
 * Runs a node until it is told to stop; 0 then. Otherwise why it did not start, with a sentence:
 * -EPERM without CAP_NET_ADMIN (HOME_NODE) or where no namespace may be made, -EWOULDBLOCK when one runs on this state, -ENOENT when
 * the state has not joined. `ready` is told when packets can flow.
 */
int node_run(const struct node_options *o, struct ready *ready, struct err *err) must_check;

#endif
