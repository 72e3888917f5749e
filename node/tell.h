/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tell.h - the two ends of a pair tell each other why they reach one another as they do.
 *
 * Each end knows only half: that its packets leave, and what comes in. So a person who asks one end
 * is shown both views, and an end that hears "not heard here" learns which direction is cut. What
 * was told is kept beside the peer, from the first word on, and believed in nothing else.
 */
#ifndef NODE_TELL_H
#define NODE_TELL_H

#include "core/outbox.h"
#include "core/wire.h"
#include "node/why.h"

/* A peer's questions are answered at most this often. */
#define TELL_EVERY (250 * USEC_PER_MS)

/* What a peer told us lately counts for this long. */
#define TOLD_HOLDS (60 * USEC_PER_SEC)

/* The view of the other end. */
struct told {
	usec_t heard_at;    /* mono, 0 never */
	usec_t answered_at; /* when it was last told ours */
	uint32_t ref;	    /* of our last question */
	bool asked;	    /* and it is not answered yet */
	struct why why;	    /* nat_me is its own NAT */
	enum path_class path;
	usec_t rtt;
	unsigned loss_percent;
};

struct mesh;
struct peer;

/* Asks `peer` with the number `ref`. ERR_STATE when it cannot be asked: no session, or STOCK. */
int tell_ask(struct mesh *m, struct instant now, struct peer *peer, uint32_t ref,
    struct outbox *out) must_check;

/* A WHY came from `peer`: kept, and answered if it asks. */
void tell_heard(struct mesh *m, struct instant now, struct peer *peer, const struct reason *r,
    struct outbox *out);

/* What the peer told lately, or NULL. */
const struct told *tell_lately(const struct peer *peer, usec_t now);

#endif
