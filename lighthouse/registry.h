/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry.h - where every node was last heard from.
 *
 * One row for each static key: the address that it was observed at, what it says of its own
 * addresses and its NAT, and when it was last heard. A row lives REGISTRY_TTL beyond the last
 * packet. When the table is full, a newcomer waits until somebody is gone: who is registered stays.
 *
 * What a node says is kept in the bytes of its frame, about a hundred where the values that they
 * mean take six times as many: of a million rows one is asked for at a time.
 *
 * Rows outlive the lighthouse's process, so that after a restart a question can be answered before
 * everybody has registered again.
 */
#ifndef LIGHTHOUSE_REGISTRY_H
#define LIGHTHOUSE_REGISTRY_H

#include "core/base.h"
#include "core/heap.h"
#include "core/outbox.h"
#include "core/rng.h"
#include "core/wire.h"

/* Three keepalives of a node and half a minute. */
#define REGISTRY_TTL (90 * USEC_PER_SEC)
/* A row that is read back is worth nothing if it is older: NATs have forgotten. */
#define REGISTRY_RECALL (3600 * USEC_PER_SEC)
/* How often a row that says nothing new is written again. */
#define REGISTRY_REWRITE (600 * USEC_PER_SEC)

struct registration {
	uint8_t key[32];
	struct addr observed;   /* stamped by the lighthouse */
	bool in_stream;         /* at the far end of a stream: only here it is reached */
	uint16_t said_len;
	uint8_t *said;          /* what the node says, a CANDIDATES frame: registration_said() */
	usec_t heard;           /* mono */
	usec_t seen;            /* mono, when at `observed` or another address of its family */
	usec_t written;         /* mono, when it was last asked to be remembered */
	struct heap_item expiry;
};

struct registry;

/* At most `limit` rows. NULL without memory. `rng` is used here only. */
struct registry *registry_new(const struct rng *rng, uint32_t limit);
void registry_free(struct registry *r);

/*
 * The node `key`, seen at `observed` or at the far end of a stream there, said `c`. 0 with the row in
 * `ret`; it is written to `out` if it says something new. ERR_FULL, -ENOMEM.
 */
int registry_put(struct registry *r, struct instant now, const uint8_t key[static 32],
    const struct addr *observed, bool in_stream, const struct candidates *c, struct outbox *out,
    struct registration **ret) must_check;

/* The row of `key`, or NULL. Valid until it expires. */
struct registration *registry_get(const struct registry *r, const uint8_t key[static 32]);

/*
 * An authentic packet of this node came from `at`. Written to `out` when that is new. An address of
 * the other family is taken only when nothing came over the first one for half a REGISTRY_TTL.
 */
void registration_heard(struct registration *g, struct instant now, const struct addr *at,
    bool in_stream, struct outbox *out);

/*
 * What others are told: the observed address, then what the node said and is not the same, at most
 * CONTACT_EPS and CONTACT_RELAYS. `ret`'s certificates are left alone.
 */
void registration_contact(struct contact *ret, const struct registration *g);

/* What the node says of itself, at most CONTACT_EPS and CONTACT_RELAYS of it. */
void registration_said(const struct registration *g, struct candidates *ret);

/* From now on it says `said`. 1 if that is something new, else 0; -ENOMEM, and nothing changed. */
int registration_say(struct registration *g, const struct candidates *said) must_check;

/* The node has said goodbye: forgets its row. */
void registry_drop(struct registry *r, const uint8_t key[static 32], struct outbox *out);

/* Forgets one row that expired, also in the store. True: call again. */
bool registry_expire(struct registry *r, usec_t now, struct outbox *out) must_check;

/* When registry_expire() has something to do; 0: never. */
usec_t registry_next_due(const struct registry *r);

uint32_t registry_count(const struct registry *r);

/* Walks the rows, as table_next(). */
struct registration *registry_next(const struct registry *r, size_t *cursor);

/*
 * Takes back a row that was written to MEMORY_REGISTRATION; it lives REGISTRY_TTL from `now`
 * unless the node is heard. 0; ERR_SHORT, ERR_EXCESS, ERR_FORMAT, ERR_VERSION for bytes that are
 * no row; ERR_EXPIRED; ERR_FULL; -ENOMEM.
 */
int registry_recall(struct registry *r, struct instant now, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len) must_check;

#endif
