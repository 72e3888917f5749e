/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netverb.h - the verb `netcheck`: what was measured of the network, in a body.
 */
#ifndef NODE_NETVERB_H
#define NODE_NETVERB_H

#include "host/ctl.h"

/* A verb of node/control.c (host/verbs.h); `ctx` is the struct node. */
int netverb_run(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

#endif
