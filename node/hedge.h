/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hedge.h - what a path in doubt may lose goes over another one too.
 *
 * A path that falls silent is given up only after about a second, because most silences are a lost
 * packet. Meanwhile the peer need not notice anything: while the path in use is SUSPECT, what goes
 * out on it goes out on the next best one as well, in the same sealed bytes, and the peer's replay
 * window drops the copy that comes second. Small packets, the rounds of a computation, are copied
 * as soon as an answer is late, and for a moment after every change of path.
 *
 * An address that the peer was only heard from may be where it is now. It gets copies too, of at
 * most three times the bytes that came from there.
 *
 * Copies are paid for from an allowance, so that a bulk transfer does not flood a relay.
 */
#ifndef NODE_HEDGE_H
#define NODE_HEDGE_H

#include "core/base.h"
#include "core/outbox.h"

#define HEDGE_SMALL	   256 /* bytes of an inner packet */
#define HEDGE_AFTER_SWITCH (500 * USEC_PER_MS)
#define HEDGE_BURST	   (128 * 1024) /* bytes, and as many more each second */
#define HEDGE_WAYS_MAX	   2

struct mesh;
struct path;
struct peer;

struct hedge {
	usec_t switched_at; /* 0 never */
	usec_t elsewhere_at; /* heard on another path than that in use, 0 never */
	usec_t empty_at;    /* the allowance was, or would have been, spent then */
	uint64_t packets;   /* copies sent */
	uint64_t bytes;
};

/* The path in use has changed. */
void hedge_switched(struct hedge *h, usec_t now);

/* The peer was heard on another path than that in use: without that there is no rumour of one. */
void hedge_elsewhere(struct hedge *h, usec_t now);

/*
 * The paths on which a packet of `len` inner bytes is to go out beside the one in use, at most
 * HEDGE_WAYS_MAX: the next best that works, and an address that was heard later than the path in
 * use. Charges the allowance. Returns how many.
 */
size_t hedge_ways(struct peer *peer, usec_t now, size_t len,
    struct path *ways[static HEDGE_WAYS_MAX]);

/* The best of the other paths that work and are in no doubt themselves; NULL: there is none. */
struct path *hedge_second(struct peer *peer, usec_t now);

#endif
