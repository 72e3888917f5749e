/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network.h - which network this is, and what was found in those that we have been in.
 *
 * Homes look alike: the next one has the same 192.168.1.5 for us. What differs is the router, whose
 * link-layer address the shell looks up; where there is none (a point-to-point link) or it is not
 * known yet, our own addresses have to do. The public address is no part of the name: where UDP is
 * blocked, which is what has to be remembered of such a network, nobody tells it to us. What was
 * measured of its NATs is kept for the two together.
 */
#ifndef NODE_NETWORK_H
#define NODE_NETWORK_H

#include "core/addr.h"
#include "core/outbox.h"
#include "node/netcheck.h"

#define NETWORK_ID_LEN	    16
#define NETWORK_GATEWAY_LEN 6 /* an Ethernet address, as Wi-Fi has too */

/* Networks that are remembered, the oldest makes room; and how long each finding is believed. */
#define NETWORKS_MAX 16
#define NETWORK_KEPT (30 * 86400 * USEC_PER_SEC)

struct network {
	uint8_t id[NETWORK_ID_LEN]; /* with `life`: of it and the public address that it has */
	usec_t blocked_at; /* wall: when UDP was last found blocked; 0: it was not */
	usec_t timed_at;   /* wall: when the life of mappings was found; 0: it was not */
	struct netcheck_life life;
};

struct networks {
	uint8_t id[NETWORK_ID_LEN]; /* the one that we are in */
	bool has_gateway;
	uint8_t gateway[NETWORK_GATEWAY_LEN];
	struct network known[NETWORKS_MAX]; /* free: both times are 0 */
};

struct mesh;

/* Our addresses are others: who the gateway is has to be told again. */
void network_changed(struct mesh *m);

/* Was UDP found blocked in this network? */
bool network_is_blocked(const struct mesh *m, usec_t wall);

void network_blocked(struct mesh *m, usec_t wall, struct outbox *out);
void network_unblocked(struct mesh *m, usec_t wall, struct outbox *out);

/*
 * How long mappings live in this network where it is seen at `public`, if that was measured; else
 * NULL. One router may have another NAT behind it from one day to the next.
 */
const struct netcheck_life *network_life(const struct mesh *m, usec_t wall, struct ip public);

void network_timed(struct mesh *m, usec_t wall, struct ip public, const struct netcheck_life *life,
    struct outbox *out);

/* MEMORY_NETWORK: 0 or ERR_FORMAT. */
int network_recall(struct mesh *m, const uint8_t *key, size_t key_len, const uint8_t *value,
    size_t value_len) must_check;

#endif
