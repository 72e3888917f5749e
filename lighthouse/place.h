/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * place.h - where a client may be, and which of these places have been proven.
 *
 * A source address is what whoever sent the packet wrote there, and somebody on the way can send a
 * copy from elsewhere that comes first. So a client is somewhere when it has answered from there:
 * a handshake's response, or a PING. What was proven once for each family stays so, since a node
 * keeps both alive. The PING also measures the round trip.
 */
#ifndef LIGHTHOUSE_PLACE_H
#define LIGHTHOUSE_PLACE_H

#include "core/addr.h"
#include "core/outbox.h"

#define PLACES_ASKED    4
#define PLACES_ANSWERED 4
#define PLACE_ASK_EVERY (100 * USEC_PER_MS) /* one place, and again */
#define PLACE_RTT_EVERY (30 * USEC_PER_SEC)

struct place {
	struct addr at; /* FAMILY_NONE: nowhere */
	socket_id socket;
};

/* Zeroed, nothing is proven. */
struct places {
	struct place proven[2]; /* IPv4 and IPv6, the last one of each */
	struct place answered[PLACES_ANSWERED]; /* where responses went to; nothing else came of
	                                           them yet */
	unsigned next_answered;
	struct {
		struct place place;
		uint64_t txid; /* 0: free */
		usec_t sent;
	} asked[PLACES_ASKED];
	usec_t rtt;    /* smoothed, 0: not measured */
	usec_t rtt_at; /* when it was */
};

bool place_equal(const struct place *a, const struct place *b);

/* Is a packet from there from the client? Streams prove themselves: TCP has asked. */
bool places_proven(const struct places *p, const struct place *at);

void places_prove(struct places *p, const struct place *at);

/* A response to an initiation goes to `at`. */
void places_respond(struct places *p, const struct place *at);

/* The first packet of a session came from `at`: it is proven if the response went there. */
void places_confirm(struct places *p, const struct place *at);

/* May `at` be sent a PING with `txid` (not 0) at `now`? Then it is noted. */
bool places_ask(struct places *p, usec_t now, const struct place *at, uint64_t txid);

/* A PONG came from `at`. True: it was asked that, and is proven. */
bool places_answer(struct places *p, usec_t now, const struct place *at, uint64_t txid);

#endif
