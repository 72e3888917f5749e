/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * swap.h - a lighthouse's renewed certificate: onto the disk, then into the engine.
 *
 * Where the disk does not take it, the old one stays in use, and it is tried again every minute.
 */
#ifndef LIGHTHOUSE_SWAP_H
#define LIGHTHOUSE_SWAP_H

#include "host/ctl.h"

struct lighthouse;

/* When there is something to swap, on clock_now().mono; 0: nothing is there. */
usec_t lighthouse_swap_due(const struct lighthouse *l);

/* Does it, if it is due, when nothing of the engine is under way. */
void lighthouse_swap_tick(struct lighthouse *l);

/* The member "renewal" of `status`, and a warning if there is reason for one. */
void lighthouse_swap_show(struct lighthouse *l, struct instant now, json_t *body,
    json_t *warnings);

/* The verb `renew` (host/verbs.h): it is asked for now; never for another key. */
int lighthouse_swap_verb(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err);

#endif
