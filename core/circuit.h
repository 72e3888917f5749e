/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * circuit.h - who relays for whom: circuits and their quotas.
 *
 * A circuit joins two clients of a relay. Each end has a number on its own session: the opener
 * picked one, and the relay picks another for the other side. Ends belong to static keys and not to
 * sessions, so circuits survive rekeys and changes of address. What passes is sealed end to end;
 * the relay opens its own session with one client and seals into its own session with the other.
 *
 * What a relay can pass is shared fairly: every client that relays at the moment has an equal part
 * of the relay's rate, and spends it on what it sends. Somebody who is alone has all of it.
 *
 * This module keeps the books. Whether a client may open circuits at all, and is there, its caller
 * has asked before.
 */
#ifndef CORE_CIRCUIT_H
#define CORE_CIRCUIT_H

#include "core/base.h"
#include "core/err.h"
#include "core/rng.h"
#include "core/wire.h"

#include <string.h>

#define CIRCUITS_OF_CLIENT 64 /* at either end */
#define CIRCUIT_IDLE       (180 * USEC_PER_SEC)
/* Until the other side has used a circuit, RELAY_INCOMING comes again with the data, so often. */
#define CIRCUIT_ANNOUNCE (250 * USEC_PER_MS)
/* A client's share is never less, so that a handshake always passes. Bytes a second. */
#define CIRCUIT_SHARE_MIN 16384
/* What a client may send at once: a quarter of a second of its share, and at least this. */
#define CIRCUIT_BURST_MIN (256 * 1024)

struct circuits;

/* One end of a circuit: what a client calls it. */
struct circuit_end {
	uint8_t key[32];
	uint32_t number;
};

/* What bit 30 of a circuit's number is between this relay and this client. */
static inline uint32_t
circuit_side(const uint8_t relay[static 32], const uint8_t client[static 32])
{
	return memcmp(relay, client, 32) > 0 ? CIRCUIT_GREATER : 0;
}

/*
 * At most `limit` circuits through the relay with the static key `self`, which share `rate` bytes a
 * second. NULL without memory. `rng` is used here only.
 */
struct circuits *circuits_new(const uint8_t self[static 32], const struct rng *rng, uint32_t limit,
    uint64_t rate);
void circuits_free(struct circuits *c);

/* From now on they share another rate. */
void circuits_set_rate(struct circuits *c, uint64_t rate);

/*
 * The client `opener` asks for a circuit to `other` under its own `number` (bit 31 clear). 0, with
 * the other end in `ret`, to which RELAY_INCOMING goes; asking again changes nothing, but for the
 * number if that is another one: who opens has one circuit to each other client.
 * ERR_CONFLICT: the number is in use for somebody else. ERR_FULL: one of them has
 * CIRCUITS_OF_CLIENT, or all are taken. ERR_DENIED: to itself. -ENOMEM.
 */
int circuits_open(struct circuits *c, usec_t now, const uint8_t opener[static 32], uint32_t number,
    const uint8_t other[static 32], struct circuit_end *ret) must_check;

/* What the client is told of what circuits_open() returned. */
enum relay_code circuits_code(int r);

/* Where a datagram goes. */
struct circuit_hop {
	struct circuit_end to;
	const uint8_t *from_key; /* for RELAY_INCOMING; valid until the next call */
	bool announce; /* say RELAY_INCOMING first, the other side may not have heard it */
};

/*
 * A RELAY_DATA of `len` bytes came from the client `key` on its circuit `number`. 0: pass it on to
 * `ret`. ERR_UNKNOWN: no such circuit. ERR_LIMITED: over its share, drop it.
 */
int circuits_pass(struct circuits *c, usec_t now, const uint8_t key[static 32], uint32_t number,
    size_t len, struct circuit_hop *ret) must_check;

/*
 * The client `key` ends its circuit `number` with `code`. 0: tell the other end, in `ret`.
 * ERR_UNKNOWN: there was none. ERR_STATE: it said RELAY_NO_SUCH of a circuit that it was told of
 * and never used; the circuit stays, and RELAY_INCOMING comes with the next datagram.
 */
int circuits_close(struct circuits *c, const uint8_t key[static 32], uint32_t number,
    enum relay_code code, struct circuit_end *ret) must_check;

/*
 * Closes one of the circuits of the client `key`, whose session is gone. True: tell the other end,
 * in `ret`, and call again.
 */
bool circuits_leave(struct circuits *c, const uint8_t key[static 32],
    struct circuit_end *ret) must_check;

/* Closes one circuit that was idle. True: tell both ends, and call again. */
bool circuits_expire(struct circuits *c, usec_t now, struct circuit_end ret[static 2]) must_check;

/* Closes any one circuit: the relay stops. True: tell both ends, and call again. */
bool circuits_stop(struct circuits *c, struct circuit_end ret[static 2]) must_check;

/* When circuits_expire() has something to do; 0: never. */
usec_t circuits_next_due(const struct circuits *c);

uint32_t circuits_count(const struct circuits *c);

/* Circuits with the client `key` at an end, and bytes that it has sent through them. */
uint32_t circuits_of(const struct circuits *c, const uint8_t key[static 32], uint64_t *bytes);

struct circuits_totals {
	uint64_t packets;
	uint64_t bytes;
	uint64_t dropped; /* over the share */
};

struct circuits_totals circuits_totals(const struct circuits *c);

#endif
