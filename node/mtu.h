/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mtu.h - the largest inner packet that a path carries in our direction, found by asking.
 *
 * This is RFC 8899 (DPLPMTUD) with a ladder of sizes: a probe is a PING of the size in question
 * whose answer is small, and no ICMP of the network below is read. A small PING goes with it: only
 * where that is answered and the large one is not, the size is at fault. MTU_BASE is assumed at
 * once and asked first. From there the search goes up until a size stays unanswered, or, where even
 * the base is lost, down until one is answered.
 *
 * A size that was proved is asked again while packets that need it are sent. Where it gets lost
 * there is a black hole: the path falls back to the base, and searches anew.
 */
#ifndef NODE_MTU_H
#define NODE_MTU_H

#include "core/base.h"

#define MTU_BASE 1280 /* with two envelopes it fits any IPv6 path with room */
#define MTU_MAX	 1420

#define MTU_PROBES	  3 /* lost one after the other: the size is too large */
#define MTU_CONFIRM_EVERY USEC_PER_SEC	       /* while large packets are sent */
#define MTU_AGAIN	  (30 * USEC_PER_SEC) /* while anything is: confirm, and try a larger one */

struct mtu {
	uint8_t rung;	/* of the ladder, what packets may have; see mtu_size() */
	bool proved;	/* has that been answered? */
	uint8_t asked;	/* the rung of the probe under way */
	uint64_t txid;	/* of it; 0: none is */
	usec_t asked_at;
	unsigned lost;	/* probes of the present rung, one after the other */
	unsigned refused; /* of the next one */
	usec_t again_at;  /* before that it is not tried once more; 0: the search goes on */
	usec_t large_at; /* when data was last sent that the next smaller size would not carry */
	usec_t confirmed_at;
};

/* What the search has to know of its path. */
struct mtu_path {
	usec_t patience; /* how long an answer may take */
	usec_t heard_at; /* anything on this path: small packets pass */
	bool busy;	 /* data flows */
};

void mtu_init(struct mtu *m);

/* The largest inner packet to be sent now. */
uint32_t mtu_size(const struct mtu *m);

/* An inner packet of `len` bytes goes out. */
void mtu_sent(struct mtu *m, usec_t now, size_t len);

/*
 * The size of the PING that is to be sent now, as long as the inner packet that it stands for, and
 * with a small one; 0 for none. Judges the one before. mtu_asked() must follow if it is sent.
 */
uint32_t mtu_tick(struct mtu *m, usec_t now, const struct mtu_path *path);

/* When mtu_tick has something to do; 0 for never. */
usec_t mtu_due(const struct mtu *m, const struct mtu_path *path);

/* A probe of `len` bytes goes out with `txid`, which is not 0. */
void mtu_asked(struct mtu *m, usec_t now, uint32_t len, uint64_t txid);

/* A PONG came back. True when it is the answer to the probe. */
bool mtu_answered(struct mtu *m, usec_t now, uint64_t txid);

/* The network changed below: what is in use is confirmed before it is relied upon. */
void mtu_doubt(struct mtu *m);

#endif
