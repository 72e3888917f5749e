/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attach.h - programs that use the node's device as long as their connection to its control socket
 * stands: verb `attach` (docs/control.md).
 *
 * A node that was started for them alone (node_options.transient) ends with the last of them.
 */
#ifndef NODE_ATTACH_H
#define NODE_ATTACH_H

#include <uv.h>

#include "host/ctl.h"

/* How long a transient node waits for the first of them. */
#define ATTACH_WAIT_MS 10000

struct node;

struct attach {
	bool transient;
	uv_timer_t timer; /* until the first has come */
	bool ticking;
	uint64_t clients[CTL_CLIENTS_MAX]; /* 0: free */
	size_t count;
};

/* The verb: tells where the device is, and counts the client until it leaves. */
int attach_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

/*
 * The verb with which a client leaves that wants to know when all is put away: `ends` says that the
 * node stops with it, and then the connection closes at the very end.
 */
int detach_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

/* From here on clients that leave are noticed. The loop runs. */
int attach_watch(struct node *n, struct err *err) must_check;

/* What it adds to `status`. */
void attach_show(const struct node *n, json_t *body);

/* Before the loop is freed. */
void attach_close(struct node *n);

#endif
