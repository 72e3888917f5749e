/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vouch.h - peers that introduce peers, where no lighthouse does.
 *
 * A node answers a QUERY of a peer about the members that it has a session with itself, and tells
 * those by PUNCH, as a lighthouse would and under the same limits. What it says proves itself where
 * it is a certificate, and is a hint where it is an address.
 */
#ifndef NODE_VOUCH_H
#define NODE_VOUCH_H

#include "core/outbox.h"
#include "core/wire.h"
#include "node/finder.h"

/* Peers that are asked in each round of a seek. */
#define VOUCH_ASKED 4

struct mesh;
struct peer;
struct vouching;

/* A peer asks us for somebody. */
void vouch_hear(struct mesh *m, struct instant now, struct peer *peer, const struct query *q,
    struct outbox *out);

/* Asks a few peers, others in each round, for whom no lighthouse finds for us. */
void vouch_ask(struct mesh *m, struct instant now, struct seek *s, struct outbox *out);

#endif
