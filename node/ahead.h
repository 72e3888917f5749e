/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ahead.h - fetching what the next packets of a batch will need, while there are many peers.
 *
 * With few peers everything is in the processor's caches. With thousands each packet is another
 * peer's, and what it needs lies behind a row of pointers: table, peer, channel, session. For one
 * packet after the other these are waits in a row; for a group at once, step by step, they overlap.
 */
#ifndef NODE_AHEAD_H
#define NODE_AHEAD_H

#include "node/mesh.h"

#define AHEAD_GROUP 16	/* packets at a time */
#define AHEAD_PEERS 2000 /* sessions, from which on it is worth it */

/* At most AHEAD_GROUP packets from the network or the TUN. Nothing changes by it but time. */
void ahead_net(const struct mesh *m, const struct packet *packets, size_t n);
void ahead_tun(const struct mesh *m, const struct packet *packets, size_t n);

#endif
