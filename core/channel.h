/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel.h - one conversation with one static key: handshake, retry, rekey, keepalive, hello.
 *
 * A channel holds the keys that two nodes share and knows what is due and when, by WireGuard's
 * timers. It knows no addresses and sends nothing: it makes bytes and consumes bytes, and the
 * engine decides where they go. The engine says what happened (a response came, a packet is to be
 * sealed) and asks channel_tick() what is due; work stays due until it was done.
 *
 * Local indices, by which a datagram finds its channel, belong to the engine: it hands in one that
 * is free and gets it back from channel_retired(), to be asked after each call until it says 0.
 *
 * Where both sides call at once, the initiation of the smaller static key stands: its owner keeps
 * waiting for the response, the other drops its own. A STOCK peer does not know that rule, so
 * nothing is dropped for it and the two sessions exist side by side until the next rekey.
 */
#ifndef CORE_CHANNEL_H
#define CORE_CHANNEL_H

#include "core/cookie.h"
#include "core/noise.h"
#include "core/rng.h"
#include "core/session.h"

#define REKEY_TIMEOUT	      (5 * USEC_PER_SEC)
#define REKEY_TIMEOUT_JITTER  (USEC_PER_SEC / 3)
#define REKEY_ATTEMPT_TIME    (90 * USEC_PER_SEC)
#define KEEPALIVE_TIMEOUT     (10 * USEC_PER_SEC)


/* Copies of an accepted initiation that are answered, for as long as an initiator may send them. */
#define CHANNEL_COPIES_MAX  8
#define CHANNEL_COPIES_TIME (REKEY_TIMEOUT + REKEY_TIMEOUT_JITTER)

/* Attempts begin at least this far apart, whatever asks for them. */
#define CHANNEL_ATTEMPTS_APART USEC_PER_SEC

/* HELLOs sent in one keypair at the most. */
#define CHANNEL_HELLOS_MAX 8

struct channel;

/* What channel_tick() finds due: do all of it. */
enum {
	CHANNEL_INITIATE = 1,  /* channel_initiate(), and send that everywhere */
	CHANNEL_REPEAT = 2,    /* channel_repeat(), the same bytes again */
	CHANNEL_KEEPALIVE = 4, /* channel_seal() nothing */
	CHANNEL_HELLO = 8,     /* seal a HELLO, then channel_hello_sent() */
	CHANNEL_GAVE_UP = 16,  /* 90 s without an answer: drop what waits. Said once. */
	CHANNEL_WIPED = 32,    /* the last session has ended, its keys are gone. Said once. */
};

/* Has the processor fetch the channel; and then, from what has come by then, its current session. */
void channel_prefetch(const struct channel *ch);
void channel_prefetch_session(const struct channel *ch);

/* What must hold for as long as the channel lives, and what may change in between. */
struct channel_config {
	const struct noise_identity *self; /* must outlive the channel */
	const struct rng *rng;		   /* must outlive the channel */
	uint8_t key[32];		   /* the other side's static public key */
	uint8_t psk[32];		   /* zeros: none */
	bool stock;			   /* speaks WireGuard and nothing else */
	uint32_t caps;			   /* CAP_* that we have; of no meaning if stock */
	struct deferral *deferral;	   /* must outlive the channel; NULL: nothing is deferred */
};

/* NULL without memory, or when the key has low order. Costs one DH. Copies `c`. */
struct channel *channel_new(const struct channel_config *c);

/* Wipes every key. NULL is allowed. Indices are not handed back: the engine forgets the channel. */
void channel_free(struct channel *ch);

/*
 * Sessions, also those that there are, end after the wall time `not_after` (Unix seconds), the last
 * second of the shorter-lived of both certificates. Until this is called they end by age alone.
 */
void channel_set_not_after(struct channel *ch, struct instant now, uint64_t not_after);

/* OPEN and cookies need what was derived from the other side's key. */
const struct noise_remote *channel_remote(const struct channel *ch);

/* A local index that the channel uses no more, or 0. */
uint32_t channel_retired(struct channel *ch) must_check;

/*
 * Time
 */

/* Ends what is over, and returns what is due, a set of CHANNEL_*. */
unsigned channel_tick(struct channel *ch, struct instant now);

/* When channel_tick() has something to say; 0: never. */
usec_t channel_next_due(const struct channel *ch);

/*
 * The handshake, as initiator
 */

/*
 * There is something to say: an initiation becomes due, unless there is a session to say it in or
 * an attempt is under way; that is then not given up for another REKEY_ATTEMPT_TIME.
 */
void channel_want(struct channel *ch, usec_t now);

/*
 * All paths failed, or the peer has lost its keys: an initiation becomes due although there is a
 * session, unless an attempt is under way.
 */
void channel_want_fresh(struct channel *ch, usec_t now);

/* There is reason to hope: the initiation under way, if there is one, is repeated from now on. */
void channel_hurry(struct channel *ch, usec_t now);

/*
 * Makes a fresh initiation under the free index `index`: a PRESENT with the plaintext
 * `presentation` (of presentation_encode), or type 1 if the peer is STOCK. Sets `*ret` to its
 * bytes, which stay until the next call, and returns their length, or ERR_CRYPTO or -ENOMEM;
 * then `index` was not taken.
 */
int channel_initiate(struct channel *ch, struct instant now, uint32_t index,
    const uint8_t timestamp[static NOISE_TIMESTAMP], const uint8_t *presentation,
    size_t presentation_len, const uint8_t **ret) must_check;

/* CHANNEL_REPEAT is done: as channel_initiate(), the same bytes. ERR_STATE when none is due. */
int channel_repeat(struct channel *ch, usec_t now, const uint8_t **ret) must_check;

/*
 * The initiation under way, for a path that came up meanwhile: the same bytes, for
 * REKEY_TIMEOUT after they were made. ERR_STATE when there is none.
 */
int channel_attempt(const struct channel *ch, usec_t now, const uint8_t **ret) must_check;

/*
 * A response to our index came. 0: there is a new session, send what waits (the first packet
 * confirms it to the other side: HELLO is due, or a keepalive to STOCK). ERR_STATE: nothing was
 * asked, or it was answered before; ERR_AUTH, ERR_CRYPTO: not an answer; -ENOMEM.
 */
int channel_response(struct channel *ch, struct instant now,
    const uint8_t msg[static RESPONSE_LEN]) must_check;

/*
 * A cookie reply to our index came. 0: a fresh initiation with mac2 is due at once. ERR_STATE,
 * ERR_AUTH; ERR_LIMITED: kept for the next attempt.
 */
int channel_cookie(struct channel *ch, usec_t now, const uint8_t msg[static COOKIE_LEN]) must_check;

/*
 * The handshake, as responder
 */

/*
 * Answers an initiation that core/door.h let in: `n` is the handshake (wiped), `hash` names the
 * whole message. Writes RESPONSE_LEN bytes to `ret`; the new session serves as soon as a packet in
 * it has come. 0, ERR_CRYPTO or -ENOMEM; then `index` was not taken.
 */
int channel_accept(struct channel *ch, struct instant now, uint32_t index, struct noise *n,
    const uint8_t hash[static 16], uint8_t ret[static RESPONSE_LEN]) must_check;

/*
 * The 16 bytes that name the last initiation answered, for door_forget() before the next
 * channel_accept() and before channel_free(); NULL: none.
 */
const uint8_t *channel_accepted(const struct channel *ch);

/*
 * The same initiation came on another path: writes the same RESPONSE_LEN bytes. 0; ERR_LIMITED
 * after CHANNEL_COPIES_MAX times or CHANNEL_COPIES_TIME; ERR_STATE for another one.
 */
int channel_copy(struct channel *ch, usec_t now, const uint8_t hash[static 16],
    uint8_t ret[static RESPONSE_LEN]) must_check;

/*
 * Data
 */

/* Is there a session to send in? */
bool channel_ready(const struct channel *ch, struct instant now);

/*
 * Seals `len` bytes at `p` in the current session, in place: the message begins DATA_HEADER bytes
 * before `p`. Returns its length; ERR_STATE when there is no session: channel_want() then.
 */
int channel_seal(struct channel *ch, struct instant now, uint8_t *p, size_t len) must_check;

/* The keys of the session with our index `index`, for sealing_expect(); NULL: there is none. */
struct keyring *channel_keyring(const struct channel *ch, uint32_t index);

/* Our index of the session that channel_seal() uses, by which its counters are known; 0: none. */
uint32_t channel_index(const struct channel *ch);

struct channel_opened {
	uint8_t *p; /* the plaintext, in place, with padding */
	size_t len; /* 0: keepalive */
	uint64_t counter;
	uint32_t index;
	uint32_t caps; /* CAP_* that both sides of the session have, as far as was heard */
	bool first; /* it confirms a session that they began: their timestamp is worth the disk */
	bool due;   /* channel_next_due() may be sooner than it was */
};

/*
 * Opens the data message of `len` bytes at `msg`, addressed to one of our indices. 0, or as
 * session_open(), or ERR_UNKNOWN for an index whose session has ended.
 */
int channel_open(struct channel *ch, struct instant now, uint8_t *msg, size_t len,
    struct channel_opened *ret) must_check;

/*
 * HELLO, once for each keypair: due at once, and again after 0.25, 0.5, 1, 2, 4 s until the peer
 * says that it has seen it. Never due to STOCK.
 */

/* Has theirs been seen in the current session? This is HELLO_SEEN_YOURS of the next one. */
bool channel_hello_seen(const struct channel *ch);

void channel_hello_sent(struct channel *ch, usec_t now);

/*
 * A valid HELLO with these `caps` came in the session with our index `index`. What the first HELLO
 * of a session says of them holds until its end.
 */
void channel_hello_heard(struct channel *ch, usec_t now, uint32_t index, bool seen_yours,
    uint32_t caps);

/* Has the current session's HELLO been heard and ours been seen: optional features may be used. */
bool channel_agreed(const struct channel *ch);

/* CAP_* to be used in the current session: those of both sides, once that is agreed; else 0. */
uint32_t channel_caps(const struct channel *ch);

/*
 * The conversation is over: CLOSE came or went, or a certificate does not hold any more. Sessions
 * and attempt are wiped, what was accepted is forgotten (door_forget() before), nothing is due;
 * the channel may start again.
 */
void channel_close(struct channel *ch);

/*
 * What a person may know
 */

struct channel_view {
	bool ready;
	bool attempting;
	unsigned attempts;     /* initiations made since the last success */
	usec_t next_attempt;   /* 0: none */
	usec_t since;	       /* mono, when the current session began; 0: none */
	bool initiator;
	usec_t last_heard;     /* mono, last authentic packet; 0: never */
	usec_t last_handshake; /* mono; 0: never */
};

void channel_view(const struct channel *ch, struct instant now, struct channel_view *ret);

#endif
