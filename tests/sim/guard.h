/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.h - what no box may do to the rest of the Internet, whatever the story.
 *
 *  - Nothing goes to an address that no peer can have: loopback, broadcast, the overlay itself, a
 *    multicast group that is not that of announcements; nor to one that never was anybody's, nor to
 *    a privileged port of who has not spoken first.
 *  - An address that has said nothing for a minute gets GUARD_UNANSWERED datagrams in ten seconds
 *    from one box (64, but a box counts from beginnings of its own, and two of its spans may meet in
 *    one of ours); and where NATs have to be aimed at, GUARD_AIMED more, to which both ends
 *    agreed: two attempts of 300, or the first ten seconds of a loud one.
 *  - All such addresses together get GUARD_RATE datagrams a second from one box, which is 200 and
 *    another 200 at once after a pause; and GUARD_AIMED_RATE more that are aimed: sweeps have 64 at
 *    once and 100 a second, and there is one birthday at a time, with another 100.
 *  - What is sent with a TTL of its own, to open a NAT, ends on the Internet: it is heard by
 *    lighthouses at most.
 *
 * Each is looked at when a box sends, by what it has heard until then.
 */
#ifndef TESTS_SIM_GUARD_H
#define TESTS_SIM_GUARD_H

#include "core/table.h"
#include "tests/sim/net.h"
#include "tests/sim/world.h"

#define GUARD_UNANSWERED 128
#define GUARD_AIMED      600
#define GUARD_RATE       400
#define GUARD_AIMED_RATE 264

struct guard {
	struct world *w;
	const struct net *net;
	bool aims; /* some pair here needs to */
	struct table targets; /* of each box, each IP address */
	struct table boxes;   /* number -> what it sends in this second */
};

void guard_init(struct guard *g, struct world *w, const struct net *net);
void guard_free(struct guard *g);

/* Box `from` sends to `to`, with `ttl` if that is not 0. */
void guard_sent(struct guard *g, uint32_t from, const struct addr *to, unsigned ttl);

/* Box `from` says something to everybody on its LAN: the groups hear HERE and nothing else. */
void guard_announced(struct guard *g, uint32_t from, const struct addr *to, const uint8_t *p,
    size_t len);

/* Box `at` heard something from `from`. */
void guard_heard(struct guard *g, uint32_t at, const struct addr *from);

/* Is it the group of announcements? */
bool guard_is_announcement(const struct addr *to);

/* A datagram whose sender gave it a TTL has come to a host, or to the router before it. */
void guard_opener_seen(struct guard *g, const struct datagram *d);

#endif
