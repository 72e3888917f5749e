/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lease.h - something that was granted for a time, and when to ask for more of it.
 *
 * The times are those of RFC 6887, 11.2.1, which serve NAT-PMP and UPnP as well: the first renewal
 * comes after a half of the lifetime and a random part of an eighth; each one that is not answered
 * is followed by another when half of what is left has passed, likewise.
 */
#ifndef NODE_LEASE_H
#define NODE_LEASE_H

#include "core/base.h"
#include "core/rng.h"

/* Renewals are at least this far apart. */
#define LEASE_RENEW_GAP (4 * USEC_PER_SEC)

struct lease {
	usec_t expires;	  /* 0: nothing is held */
	usec_t renew_due; /* 0: there is no time for one more */
};

/* Granted at `now`, for `lifetime`, which is not 0. */
void lease_grant(struct lease *l, usec_t now, usec_t lifetime, const struct rng *rng);

/* A renewal was asked for at `now`: when the next one is due if that is not answered. */
void lease_asked(struct lease *l, usec_t now, const struct rng *rng);

/* Has it run out? */
static inline bool
lease_over(const struct lease *l, usec_t now)
{
	return due_reached(l->expires, now);
}

/* When there is something to do, 0 for never. */
static inline usec_t
lease_due(const struct lease *l)
{
	return due_min(l->renew_due, l->expires);
}

#endif
