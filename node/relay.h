/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay.h - circuits through relays: which number on whose session leads to whom.
 *
 * Whoever opens a circuit on a session picks its number: ours have bit 31 clear, those that a relay
 * announces to us have it set; bit 30 tells them from circuits through us (core/wire.h). Data may follow a RELAY_OPEN at once; if the relay
 * says later that it cannot, the circuit is gone.
 */
#ifndef NODE_RELAY_H
#define NODE_RELAY_H

#include "core/base.h"
#include "core/err.h"
#include "core/rng.h"
#include "core/table.h"

/* Circuits at the most, all relays together. */
#define CIRCUITS_MAX 1024

/* Of one relay, to whom is no peer of ours: each may be about to become one. */
#define RELAY_STRAYS_MAX 32

/* An unanswered RELAY_OPEN is sent again after 0.25, 0.5, 1 and 2 s, and then given up. */
#define CIRCUIT_TRIES 5

struct peer;

struct circuit {
	uint32_t id;
	struct peer *relay;
	uint8_t key[32]; /* who is at the other end */
	bool incoming;
	bool open;     /* ours: the relay has confirmed it */
	unsigned tries;
	usec_t due;    /* ours: when to ask again */
	size_t at;
};

struct relaying {
	uint8_t self[32];
	struct table by_id;
	struct circuit **all; /* at most CIRCUITS_MAX */
	size_t count;
	size_t room;
	uint32_t next_id;
	usec_t due; /* no circuit is due before; 0: none is */
};

void relay_init(struct relaying *c, const uint8_t self[static 32],
    const uint8_t hash_key[static 16], const struct rng *rng);
void relay_wipe(struct relaying *c);

/*
 * The circuit to `key` at `relay`, whoever opened it, or one that we open: then RELAY_OPEN is due.
 * NULL when there may be no more.
 */
struct circuit *relay_circuit_to(
    struct relaying *c, usec_t now, struct peer *relay, const uint8_t key[static 32]);

/* A relay announced circuit `id` from `key`: added, or what is there already. NULL as above. */
struct circuit *relay_announced(
    struct relaying *c, struct peer *relay, uint32_t id, const uint8_t key[static 32]);

struct circuit *relay_get(const struct relaying *c, const struct peer *relay, uint32_t id);

void relay_close(struct relaying *c, struct circuit *circuit);

/*
 * A circuit whose RELAY_OPEN is due at `now`, or NULL; relay_asked() before the next call.
 */
struct circuit *relay_next_due(struct relaying *c, usec_t now);

/* RELAY_OPEN was sent. False: it was the last try, and the circuit should be closed. */
bool relay_asked(struct circuit *circuit, usec_t now);

/* When relay_next_due() is to be asked again, 0 for never. */
static inline usec_t
relay_due(const struct relaying *c)
{
	return c->due;
}

#endif
