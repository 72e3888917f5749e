/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * punch.c - bursts of probes to wherever the peer might be, from both sides at once.
 *
 * NATs on the way let in what answers a packet of their own side's, so each side sends before it
 * has heard anything.
 */
#include "node/mesh_impl.h"

/*
 * When the packets of a burst are sent, and how long after it the next burst begins.
 *
 * A Linux router without input policy takes what comes from outside before its own host has sent
 * as a flow of its own, and gives the host another port; it remembers that for 30 s. So the third
 * gap is longer than that, only one of the two sides begins bursts (the one with the smaller key),
 * and in turn it sends before it has the other told, or after.
 */
static const usec_t burst_at[] = {
	0,
	20 * USEC_PER_MS,
	60 * USEC_PER_MS,
	150 * USEC_PER_MS,
	300 * USEC_PER_MS,
	600 * USEC_PER_MS,
	1200 * USEC_PER_MS,
};
static const usec_t round_gaps[] = {
	5 * USEC_PER_SEC,
	15 * USEC_PER_SEC,
	35 * USEC_PER_SEC,
	60 * USEC_PER_SEC,
	120 * USEC_PER_SEC,
	300 * USEC_PER_SEC,
};

/* Between the packets to different candidates: NATs and links drop what comes all at once. */
#define CANDIDATE_GAP	   (2 * USEC_PER_MS)
#define FOLLOWER_GAP	   (120 * USEC_PER_SEC)
#define LATE_QUESTION	   (100 * USEC_PER_MS) /* we send, and then have the other side told */
#define LATE_BURST	   (300 * USEC_PER_MS) /* the other side is told, and then we send */

/* Does hardly anything stand for it, as a lighthouse's word? Then there is one try, not one a burst. */
static bool
is_hearsay(const struct path *p)
{
	return (p->origin == ORIGIN_HINT || p->origin == ORIGIN_GUESS) && p->kind == PATH_DIRECT;
}

void
punch_begin(struct mesh *m, struct instant now, struct peer *peer, usec_t delay, bool news)
{
	if (peer->stock || peer->lighthouse != NULL)
		return;
	if (news)
		peer->punch_round = 0;
	peer->punch_began = now.mono + delay;
	peer->punch_step = 0;
	peer->punch_next = 0;
	peer->punch_again = false;
	peer->burst_packets = 0;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (!is_hearsay(&peer->paths[i]))
			peer->paths[i].tries = 0;
	}
	upkeep_due(m, peer, peer->punch_began);
}

void
punch_news(struct mesh *m, struct instant now, struct peer *peer)
{
	if (peer->punch_began != 0 &&
	    (peer->punch_step < ARRAY_LEN(burst_at) || peer->punch_next != 0))
		peer->punch_again = true;
	else
		punch_begin(m, now, peer, 0, true);
}

/* Does our side begin the bursts after the first? */
static bool
leads(const struct mesh *m, const struct peer *peer)
{
	return memcmp(m->self.public, peer->key, sizeof(peer->key)) < 0;
}

usec_t
punch_due(const struct mesh *m, const struct peer *peer)
{
	usec_t at = peer->punch_began;

	if (at == 0)
		return 0;
	if (peer->punch_next != 0)
		return peer->punch_next;
	if (peer->punch_step < ARRAY_LEN(burst_at))
		return at + burst_at[peer->punch_step];
	at += burst_at[ARRAY_LEN(burst_at) - 1];
	if (!leads(m, peer)) /* the other side has been quiet for long */
		return at + FOLLOWER_GAP;
	return at + round_gaps[min_u64(peer->punch_round, ARRAY_LEN(round_gaps) - 1)];
}

static void
send_open(struct mesh *m, struct instant now, struct peer *peer, struct path *p,
    enum open_direction direction, struct outbox *out)
{
	struct way way = way_of(p);
	uint8_t msg[OPEN_LEN];

	noise_open_make(msg, peer->open_key, direction, peer->introduction);
	p->tries++;
	p->tx_unproven += sizeof(msg);
	reach_send_copy(m, now, &way, msg, sizeof(msg), out);
}

/*
 * A guess has one packet, which goes with the second of the others: by then the peer has opened its
 * NAT, and a router that would take it for a flow of its own has seen the peer's first.
 */
static bool
is_early(const struct peer *peer, const struct path *p)
{
	return p->origin == ORIGIN_GUESS && peer->punch_step != 2;
}

/* A private address of another site is a guess: the same ones may be in use where we are. */
static bool
is_guess(const struct peer *peer, const struct path *p)
{
	return p->origin == ORIGIN_GUESS ||
	    (p->kind == PATH_LAN && !peer->same_site && p->origin != ORIGIN_HEARD &&
		p->origin != ORIGIN_FIXED);
}

/* In which order candidates are called: the same link, where it was seen, what is said, guesses. */
static unsigned
rank(const struct peer *peer, const struct path *p)
{
	if (is_guess(peer, p))
		return 3;
	if (p->kind == PATH_LAN)
		return 0;
	return p->origin == ORIGIN_HINT || p->origin == ORIGIN_PEER ? 2 : 1;
}

static bool
is_called(const struct peer *peer, const struct path *p, usec_t now)
{
	return p->state != PATH_FREE && !path_works(p, now) && p->state != PATH_SUSPECT &&
	    !is_early(peer, p);
}

/* Who has the next packet of this step; NULL: all have had it. */
static struct path *
next_candidate(struct peer *peer, usec_t now)
{
	struct path *next = NULL;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &peer->paths[i];

		if ((peer->punch_sent & 1u << i) == 0 && path_is_udp(p) &&
		    is_called(peer, p, now) &&
		    (next == NULL || rank(peer, p) < rank(peer, next)))
			next = p;
	}
	return next;
}

static bool
call(struct mesh *m, struct instant now, struct peer *peer, struct path *p, struct outbox *out)
{
	if (opener_first(m, now, peer, p, out))
		return true;
	if (channel_ready(peer->channel, now)) {
		if (!reach_may_try(m, now, peer, p, PING_LEN + DATA_MIN))
			return false;
		speak_ping(m, now, peer, p, PING_LEN, out);
		return true;
	}
	if (now.mono >= peer->introduced_until || !reach_may_try(m, now, peer, p, OPEN_LEN))
		return false;
	send_open(m, now, peer, p, OPEN_CALL, out);
	return true;
}

/* One packet to the next path that does not work yet, if there is one. */
static void
fire(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct path *p;
	bool sent = false;

	while (!sent && (p = next_candidate(peer, now.mono)) != NULL) {
		peer->punch_sent |= 1u << (p - peer->paths);
		sent = call(m, now, peer, p, out);
	}
	peer->punch_next = sent ? now.mono + CANDIDATE_GAP : 0;
}

/* The next step of a burst. What goes through relays meets no NAT, and need not wait. */
static void
step(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool session = channel_ready(peer->channel, now);

	peer->punch_step++;
	peer->punch_sent = 0;
	if (session)
		reach_add_relays(m, now, peer, out);
	for (size_t i = 0; i < PEER_PATHS_MAX && session; i++) {
		struct path *p = &peer->paths[i];

		if (!path_is_udp(p) && is_called(peer, p, now.mono))
			(void)call(m, now, peer, p, out);
	}
	fire(m, now, peer, out);
}

/*
 * The next packet of a burst, or the next burst: for that the lighthouses tell the other side, so
 * that both send at once.
 */
void
punch_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool wanted = peer_is_warm(peer, now.mono) || now.mono < peer->introduced_until;

	/* Somebody uses it again, over a relay that outlived the bursts. */
	if (peer->punch_began == 0 && peer->best != PEER_NO_PATH && !peer_is_direct(peer) &&
	    peer_is_warm(peer, now.mono) && channel_ready(peer->channel, now))
		punch_begin(m, now, peer, 0, true);
	if (!due_reached(punch_due(m, peer), now.mono))
		return;
	if (!wanted || (peer_is_direct(peer) && peer->punch_next == 0 &&
			   peer->punch_step >= ARRAY_LEN(burst_at))) {
		peer->punch_began = peer->punch_next = 0;
	} else if (peer->punch_next != 0) {
		fire(m, now, peer, out);
	} else if (peer->punch_step < ARRAY_LEN(burst_at)) {
		step(m, now, peer, out);
	} else {
		bool first = ++peer->punch_round % 2 == 0;

		reach_ask_for(m, now, peer, first ? LATE_QUESTION : 0);
		punch_begin(m, now, peer, first ? 0 : LATE_BURST, false);
	}
	if (peer->punch_again && peer->punch_step == ARRAY_LEN(burst_at) && peer->punch_next == 0)
		punch_begin(m, now, peer, 0, true);
}
