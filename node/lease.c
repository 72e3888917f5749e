/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lease.c - something that was granted for a time, and when to ask for more of it.
 */
#include "node/lease.h"

void
lease_grant(struct lease *l, usec_t now, usec_t lifetime, const struct rng *rng)
{
	l->expires = now + lifetime;
	lease_asked(l, now, rng);
}

void
lease_asked(struct lease *l, usec_t now, const struct rng *rng)
{
	usec_t left = l->expires > now ? l->expires - now : 0;
	usec_t wait = max_u64(left / 2 + rng_below(rng, left / 8 + 1), LEASE_RENEW_GAP);

	l->renew_due = wait < left ? now + wait : 0;
}
