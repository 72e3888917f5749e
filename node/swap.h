/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * swap.h - a node's renewed certificate: onto the disk, then into the engine (node/renew.h).
 *
 * Where the disk does not take it, the old one stays in use, and it is tried again every minute.
 */
#ifndef NODE_SWAP_H
#define NODE_SWAP_H

#include "host/ctl.h"

struct node;

/* When there is something to swap, on clock_now().mono; 0: nothing is there. */
usec_t swap_due(const struct node *n);

/* Does it, if it is due. By the loop's own thread, when nothing of the engine is under way. */
void swap_tick(struct node *n);

/* The engine has started: a key that waits for its certificate (host/identity.h) is asked for again. */
void swap_started(struct node *n);

/* The member "renewal" of `status`, and a warning if there is reason for one. */
void swap_show(struct node *n, struct instant now, json_t *body, json_t *warnings);

/* The verb `renew` (host/verbs.h): it is asked for now, perhaps for another key. */
int swap_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

#endif
