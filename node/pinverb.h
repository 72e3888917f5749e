/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pinverb.h - the verbs `pins`, `pin` and `unpin`, and what other answers say of pins.
 */
#ifndef NODE_PINVERB_H
#define NODE_PINVERB_H

#include <jansson.h>

#include "core/pins.h"
#include "host/ctl.h"

struct node;

/* Verbs of node/control.c (host/verbs.h); `ctx` is the struct node. */
int pinverb_list(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int pinverb_pin(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);
int pinverb_unpin(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

/* Adds to the body of `status` how many there are, and what was refused for them. */
void pinverb_show(const struct node *n, json_t *body);

/* Appends to `warnings` a sentence for each pin that somebody goes against. */
void pinverb_warn(const struct node *n, json_t *warnings);

/*
 * Adds "pin" to the rows of `peers` that are pinned, and a row for every pin that somebody goes
 * against and that has none.
 */
void pinverb_peers(const struct node *n, json_t *peers);

/* The body of `pins` where no node runs: what its store has. */
json_t *pins_body(const struct pin_list *list);

#endif
