/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refusals.h - which relays have just refused a circuit to a peer.
 *
 * A relay refuses a circuit when the peer is not there, when it may not, or when it is full; and
 * what it says now it will say again a moment later. So it is left alone for 0.25 s after the first
 * refusal, and then for 0.5, 1 and 2 s. One that has not refused for a while begins anew.
 *
 * A refusal is about one peer: the same relay may have room for everybody else.
 */
#ifndef NODE_REFUSALS_H
#define NODE_REFUSALS_H

#include "core/base.h"

#define REFUSALS_MAX	4 /* relays, the ones that refused last */
#define REFUSALS_FIRST	(250 * USEC_PER_MS)
#define REFUSALS_DOUBLE 3 /* times: 2 s at the longest */
#define REFUSALS_ANEW	(10 * USEC_PER_SEC) /* since the last one */

struct refusals {
	struct refusal {
		uint8_t relay[32]; /* its key */
		uint8_t times;
		usec_t until; /* it is not asked before; 0: a free row */
		usec_t at;    /* it refused last */
	} row[REFUSALS_MAX];
};

/* The relay refuses, at `now`. Zeroed, `r` knows of none. */
void refusals_note(struct refusals *r, usec_t now, const uint8_t relay[static 32]);

/* Is the relay to be left alone at `now`? */
bool refusals_hold(const struct refusals *r, usec_t now, const uint8_t relay[static 32]);

/* When the next of those that are left alone may be asked again, later than `now`; 0: there is none. */
usec_t refusals_due(const struct refusals *r, usec_t now);

#endif
