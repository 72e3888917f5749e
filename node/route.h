/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route.h - which peer has which inner address.
 *
 * An address belongs to the peer whose certificate names it. Subnets behind a peer (the routes of
 * its certificate) count only where the operator said so; the longest prefix wins, and they never
 * overlap the overlay, which the authority has checked.
 */
#ifndef NODE_ROUTE_H
#define NODE_ROUTE_H

#include "core/table.h"
#include "node/peer.h"

#define ROUTE_SUBNETS_MAX 256

struct subnet {
	struct prefix to;
	struct peer *via;
};

struct routes {
	struct table hosts; /* struct ip -> struct peer */
	struct subnet *subnets; /* at most ROUTE_SUBNETS_MAX */
	size_t subnet_count;
	size_t subnet_room;
	struct ip last; /* packets come in rows: the last address that was looked up */
	struct peer *last_peer; /* and where it led */
};

void route_init(struct routes *r, const uint8_t hash_key[static 16], uint32_t peers_max);
void route_wipe(struct routes *r);

/*
 * The addresses of `p`'s certificate lead to it, and with `subnets` also its routes. 0; ERR_FULL;
 * -ENOMEM. An address that leads to another peer is taken over: members.h has decided that.
 */
int route_add(struct routes *r, struct peer *p, bool subnets) must_check;
void route_remove(struct routes *r, const struct peer *p);

/* The peer that a packet to `dst` goes to, or NULL. */
struct peer *route_to(struct routes *r, struct ip dst);

/* May `p` send packets from `src`? */
bool route_from(struct routes *r, const struct peer *p, struct ip src);

#endif
