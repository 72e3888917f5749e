/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relays.h - which relays we know, keep a session with, and use to reach somebody.
 *
 * Lighthouses say which members relay, peers say through which they are reached. A relay is of use
 * only with a session, and only with one it can be measured: who needs relays tries a few, and
 * keeps the two that are nearest. Who needs none keeps one warm where no lighthouse would do.
 *
 * The way over a relay is as long as both its halves, of which we know one. So a relay that the
 * other side names comes first, by what the two of us think of it; after that, end-to-end PINGs
 * over each circuit decide, as among all paths.
 */
#ifndef NODE_RELAYS_H
#define NODE_RELAYS_H

#include "core/outbox.h"
#include "core/wire.h"

#define RELAYS_KNOWN_MAX 16
#define RELAYS_TRIED	 4 /* nodes called at a time, to be measured */
#define RELAYS_USED	 2 /* of all, for one peer */

/* The handshake goes through the second best relay this much later. */
#define RELAYS_SECOND_AFTER (200 * USEC_PER_MS)

struct mesh;
struct peer;
struct path;

/* A node that relays, as far as we were told. */
struct relay_known {
	uint8_t key[32];
	usec_t told_at;	   /* 0: a free row */
	usec_t called_at;  /* we are trying to reach it since; 0: we are not */
	usec_t rest_until; /* it did not answer: it is let alone until then */
	usec_t far_until;  /* others were nearer: likewise, as long as there are enough of them */
};

struct relays_known {
	struct relay_known row[RELAYS_KNOWN_MAX];
	struct relays own; /* through which we are reached, as we say it */
	usec_t due;
};

/* Somebody says that these nodes relay. */
void relays_told(struct mesh *m, struct instant now, const struct relays *told);

/* Something has changed that relays depend on: they are looked at after `delay` at the latest. */
void relays_look(struct mesh *m, struct instant now, usec_t delay);

/* What is due for `peer`, to whom relays have refused circuits: those that may be are asked again. */
void relays_ask_again(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* Somebody has no direct path: if that lasts, more relays are tried. */
#define RELAYS_PATIENCE USEC_PER_SEC

/*
 * The relays through which `peer` is to be reached, best first: those that can be used now, at most
 * RELAYS_USED. Returns how many; none for whom we have no business with, as a relay's client.
 */
size_t relays_for(struct mesh *m, struct instant now, const struct peer *peer,
    struct peer *ret[static RELAYS_USED]);

/* Is `path` of `peer` over its best relay, as relays_for() says, or direct? */
bool relays_best_first(struct mesh *m, struct instant now, const struct peer *peer,
    const struct path *path);

/* `relay` says that it does not relay. */
void relays_refused(struct mesh *m, struct instant now, struct peer *relay, struct outbox *out);

/* The session or the last path to `relay` is gone: what goes over it is doubted at once. */
void relays_lost(struct mesh *m, struct instant now, const struct peer *relay, struct outbox *out);

/* No path goes over `relay` any more: it is about to be freed. */
void relays_forget(struct mesh *m, struct instant now, const struct peer *relay,
    struct outbox *out);

/* Calls relays that are needed, lets go of those that are not, and tells everybody of a change. */
void relays_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t relays_due(const struct mesh *m);

#endif
