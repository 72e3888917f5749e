/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * introduce.h - checks and limits of introductions, so that nobody can have others aim for them.
 *
 * An introduction makes two nodes send packets to addresses that somebody named: that is what it is
 * for, and what an attacker would want it for. A lighthouse therefore limits how often it passes
 * one on, and a node sends to a named address only what the address's origin is worth: nothing at
 * all to addresses that no peer can have, three packets to a public address that nobody vouches
 * for, and never many without an answer.
 */
#ifndef CORE_INTRODUCE_H
#define CORE_INTRODUCE_H

#include "core/addr.h"
#include "core/base.h"
#include "core/bucket.h"
#include "core/wire.h"

/*
 * The lighthouse's side: how often
 */

#define INTRODUCE_PAIR      10 /* a minute, between the same two */
#define INTRODUCE_REQUESTER 60 /* a minute, whoever is asked for */
#define INTRODUCE_ROWS      4096

/* Fixed in size: pairs whose keyed hash is the same share an allowance. */
struct introduce_limit {
	uint8_t key[16];
	struct bucket pairs[INTRODUCE_ROWS];
};

/* `key` is 16 bytes that clients cannot know. */
void introduce_limit_init(struct introduce_limit *l, const uint8_t key[static 16]);

/*
 * May `requester`, whose own allowance is `own`, be introduced to `target` at `now`? If so, both
 * are charged. The order of the two does not matter to the pair.
 */
bool introduce_allow(struct introduce_limit *l, struct bucket *own, usec_t now,
    const uint8_t requester[static 32], const uint8_t target[static 32]) must_check;

/*
 * The node's side: where to
 */

/* Who says that the peer is at an address. */
enum vouched {
	VOUCHED_BY_NONE,       /* a lighthouse passed on what was registered there */
	VOUCHED_BY_LIGHTHOUSE, /* it has observed the peer at this address: the first EP of a REPLY
	                        */
	VOUCHED_BY_PEER,       /* CANDIDATES, or authentic packets from there */
	VOUCHED_BY_BUNDLE,     /* a static endpoint of our own configuration */
};

/* Packets that may be sent to an address until it answers. */
#define TARGET_NEVER 0
#define TARGET_ONCE  1 /* a private address of another site, as it seems */
#define TARGET_HINT  3
#define TARGET_FULL  64

/*
 * How many packets `ep` is worth. Never: multicast, broadcast, loopback, unspecified, link-local
 * without a scope, a TCP endpoint, ports below 1024 that only a stranger vouches for. That it is
 * not inside the overlay is the caller's to check (trust_in_overlay).
 */
unsigned target_worth(const struct ep *ep, enum vouched by);

/*
 * Packets sent to addresses that have not answered: at most TARGET_FULL in TARGET_TIME to one IP
 * address, and at most TARGET_RATE a second to all. Fixed in size: a keyed hash leads to a few rows,
 * and addresses share the first of them only when all were taken in the last TARGET_TIME.
 */
#define TARGET_TIME (10 * USEC_PER_SEC)
#define TARGET_RATE 200
#define TARGET_ROWS 1024
#define TARGET_WAYS 4 /* rows in which an address may be */

struct target_limit {
	uint8_t key[16];
	struct bucket all;
	struct target_row {
		uint32_t since_ms; /* of the mono clock, as far as it fits */
		uint16_t tag; /* tells those apart that may be in the same rows */
		uint16_t sent;
	} rows[TARGET_ROWS];
};

void target_limit_init(struct target_limit *l, const uint8_t key[static 16]);

/* May one more packet go to `to`, which has not answered yet? If so, it is charged. */
bool target_allow(struct target_limit *l, usec_t now, const struct addr *to) must_check;

/* An authentic packet came from there: its count starts anew. */
void target_answered(struct target_limit *l, usec_t now, const struct addr *from);

/*
 * Introductions under way, by the id that both sides were given; for OPEN
 */

#define INTRODUCTION_TIME (30 * USEC_PER_SEC)
#define INTRODUCTIONS_MAX 256

struct introduction {
	uint8_t id[INTRODUCTION_ID_LEN];
	uint8_t key[32];                 /* static key of the other side */
	usec_t until;
	uint8_t answers;  /* OPEN calls that were answered */
	uint8_t attempts; /* handshakes that were sent where an OPEN came from */
};

/* The oldest makes room for the newest. Zeroed, it is empty. */
struct introductions {
	struct introduction **row; /* at most INTRODUCTIONS_MAX */
	size_t count;
	size_t room;
	uint32_t next; /* the oldest, when there may be no more */
};

/*
 * Notes an introduction to the peer `key`; again, with the same id, prolongs nothing. NULL without
 * memory.
 */
struct introduction *introductions_add(struct introductions *is, usec_t now,
    const uint8_t id[static INTRODUCTION_ID_LEN], const uint8_t key[static 32]);

/* The introduction with this id, or NULL when there is none or it is over. */
struct introduction *introductions_find(struct introductions *is, usec_t now,
    const uint8_t id[static INTRODUCTION_ID_LEN]);

void introductions_wipe(struct introductions *is);

#endif
