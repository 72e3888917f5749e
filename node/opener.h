/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * opener.h - the first packet towards a NAT opens our own, and does not arrive.
 *
 * A Linux router without input policy takes what comes in before its own host has sent as a flow of
 * its own, and gives the host's flow another port for as long as it remembers. So both sides begin
 * with a packet whose hop limit ends behind their own NATs, and whichever of the packets that are
 * meant to arrive comes first then finds an entry of the router's own host.
 */
#ifndef NODE_OPENER_H
#define NODE_OPENER_H

#include "core/outbox.h"

struct mesh;
struct path;
struct peer;

/* A hop limit that takes a packet through our own NATs, as far as is known, and not to others. */
uint8_t opener_hops(const struct mesh *m);

/*
 * Something is about to be sent on `path`, which has not answered yet. True: an opener was sent
 * instead, or so lately that the other side's may be still under way; it has to wait.
 */
bool opener_first(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out);

/* When opener_tick has something to do, 0 for never. */
usec_t opener_due(const struct peer *peer);

/* The handshake that waited for openers goes out, if it still has no answer. */
void opener_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

#endif
