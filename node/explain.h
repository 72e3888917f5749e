/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain.h - deduces from an engine's state why a peer is reached as it is.
 *
 * Nothing is kept for it: whatever decides about paths leaves behind what it decided by, and here
 * that is read. So a reason cannot go stale, and asking for one changes nothing.
 */
#ifndef NODE_EXPLAIN_H
#define NODE_EXPLAIN_H

#include "core/base.h"
#include "node/why.h"

struct mesh;
struct peer;

/* The one reason that counts most, with what it carries. */
void explain_peer(const struct mesh *m, struct instant now, struct peer *peer, struct why *ret);

/* The reason why somebody called `name`, of whom we hold no certificate, is not connected. */
void explain_stranger(const struct mesh *m, struct instant now, const char *name,
    struct why *ret);

/*
 * The inside of the two above
 */

struct channel_view;

/* The part of explain_peer() that is about a peer without a session, or without a path. */
void explain_absent(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct channel_view *c, struct why *ret);

/* The addresses that were tried, and the packets that went there without an answer. */
void explain_count_tries(const struct peer *peer, struct why *ret);

/* How long it is from `from` to `to`; 0 when it is the other way round, or `from` is never. */
static inline usec_t
explain_span(usec_t from, usec_t to)
{
	return from != 0 && from < to ? to - from : 0;
}

#endif
