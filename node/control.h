/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.h - a node's answers on its control socket; docs/control.md is their content.
 */
#ifndef NODE_CONTROL_H
#define NODE_CONTROL_H

#include "core/outbox.h"
#include "host/ctl.h"

struct node;

/* A ctl handler; `ctx` is the struct node. */
void node_control(void *ctx, const struct ctl_request *r);

/* Writes the name of the peer that has `ip`; leaves `to` as it is when there is none. */
void node_name_of(struct node *n, struct ip ip, char to[static 64]);

#endif
