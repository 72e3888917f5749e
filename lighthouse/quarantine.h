/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * quarantine.h - sessions of hosts that have a token and no certificate yet.
 *
 * A guest has shown the id of a token in a PRESENT, and completes its handshake only if it knows
 * the token's pre-shared key. Until its first packet has come it is nobody, and takes a row for a
 * few seconds. Then it may send GUEST_FRAMES frames within GUEST_TIME, from the address that it
 * called from and from no other, and is answered there alone; nothing else of a lighthouse exists
 * for it. It is no member, is registered nowhere, and is told of nobody.
 *
 * There are at most QUARANTINE_MAX rows, and QUARANTINE_OF_TOKEN for each token: what one stolen
 * token can take from the others is that much. docs/protocol.md, "Enrolment".
 */
#ifndef LIGHTHOUSE_QUARANTINE_H
#define LIGHTHOUSE_QUARANTINE_H

#include "core/door.h"
#include "core/outbox.h"
#include "core/session.h"
#include "core/wire_enrol.h"

#define QUARANTINE_MAX	    256
#define QUARANTINE_OF_TOKEN 32
#define GUEST_FRAMES	    64
#define GUEST_TIME	    (60 * USEC_PER_SEC)
#define GUEST_HALF_OPEN	    (5 * USEC_PER_SEC)

struct guest_row {
	uint8_t token[WIRE_TOKEN_ID];
	uint8_t key[32];	/* static, proven */
	struct session session;
	bool confirmed;		/* its first packet has come: it knows the token's secret */
	unsigned frames;	/* that it may still send */
	usec_t until;
	struct addr at;
	socket_id socket;
	uint8_t timestamp[NOISE_TIMESTAMP];
	uint8_t hash[16]; /* of its initiation */
	uint8_t response[RESPONSE_LEN];
};

/*
 * A data message of an unknown index is looked up here, and anybody can send many: so the indices
 * lie beside each other, and a row is touched only where its index was found.
 */
struct quarantine {
	uint32_t index[QUARANTINE_MAX]; /* of the rows' sessions; 0: the row is free */
	struct guest_row *rows;		/* QUARANTINE_MAX, from the first guest on */
	uint32_t count;			/* rows that are looked at: what follows is free */
};

/* Wipes every key. A zeroed struct quarantine is an empty one. */
void quarantine_wipe(struct quarantine *q);

/* The guest, confirmed or not, whose session has our index `index`; NULL: it is none's. */
struct guest_row *quarantine_find(const struct quarantine *q, uint32_t index) must_check;

/*
 * A newcomer whose token stands, with pre-shared key `psk`, called from `pk`. `index` is new in the
 * engine. Returns the RESPONSE_LEN bytes to answer with, valid until the next call; NULL where
 * silence is the answer: it is an old call, there is no room or memory, or its key is of low order.
 * The same call again has the same answer. A later call of the same key ends the session before.
 */
const uint8_t *quarantine_admit(struct quarantine *q, struct instant now, struct newcomer *n,
    const uint8_t psk[static 32], const uint8_t ephemeral[static 32], uint32_t index,
    const struct packet *pk);

/*
 * Opens in place a data message whose index has led to `g`. True: a frame of `*len` bytes is now at
 * `*p`. False for what is to be dropped: a time that is over, no authentic packet, another address,
 * an empty one, or one more frame than may be.
 */
bool quarantine_open(struct guest_row *g, struct instant now, struct packet *pk, uint8_t **p,
    size_t *len) must_check;

/* Sends it a frame; an encoder's failure (`len` < 0) is not sent. */
void quarantine_send(struct guest_row *g, struct instant now, const uint8_t *frame, int len,
    struct outbox *out);

/* The confirmed guest `key` of this token, or NULL. */
struct guest_row *quarantine_guest(struct quarantine *q, struct instant now,
    const uint8_t token[static WIRE_TOKEN_ID], const uint8_t key[static 32]);

/* Ends all whose time is up, and says when the next one's is; 0: there is none. */
usec_t quarantine_expire(struct quarantine *q, usec_t now);

/* Confirmed guests. */
uint32_t quarantine_guests(const struct quarantine *q);

#endif
