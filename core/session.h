/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - a pair of keys in use: seal, open, the replay window, and when it is worn out.
 *
 * They work in place: a packet has SESSION_HEADROOM bytes before it and SESSION_TAILROOM after it.
 * The ciphers' part may be left to another thread than the engine's (core/sealing.h).
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "core/noise.h"
#include "core/outbox.h"
#include "core/sealing.h"

#define SESSION_HEADROOM DATA_HEADER
#define SESSION_TAILROOM 32 /* padding and tag */

/* Padding never makes a packet longer than this, the MTU of the device. */
#define SESSION_PAD_LIMIT 1420

#define REKEY_AFTER_MESSAGES  ((uint64_t)1 << 60)
#define REJECT_AFTER_MESSAGES (UINT64_MAX - REPLAY_WINDOW - 1)
#define REKEY_AFTER_TIME      (120 * USEC_PER_SEC)
#define REJECT_AFTER_TIME     (180 * USEC_PER_SEC)

/*
 * Which counters were seen: RFC 6479 with 8192 bits, of which one word is always being cleared, as
 * in the Linux kernel.
 */
#define REPLAY_BITS   8192
#define REPLAY_WINDOW (REPLAY_BITS - 64)

struct replay {
	uint64_t next; /* one above the greatest counter accepted; 0: none was */
	uint64_t seen[REPLAY_BITS / 64];
};

/* Is `counter` new? If so it is noted. To be asked only about authentic packets. */
bool replay_accept(struct replay *r, uint64_t counter) must_check;

struct session {
	struct cipher sealing;
	struct cipher opening;
	struct cipher aes_sealing;
	struct cipher aes_opening;
	bool opens_aes;		/* session_open_aes() was called */
	bool seals_aes;		/* session_seal_aes() was called */
	uint64_t counter;	/* of the next packet sent */
	uint32_t local_index;
	uint32_t remote_index;
	bool initiator;		/* we made message 1: rekeying is our business */
	usec_t born;
	usec_t until;		/* born + REJECT_AFTER_TIME, or the end of a certificate */
	struct replay replay;
	struct deferral *deferral; /* NULL: seals and opens at once, always */
	struct keyring *keys;	   /* for that */
};

/* Copies the keys; the caller wipes `k`. `until` 0: REJECT_AFTER_TIME from now. */
void session_init(struct session *s, const struct noise_keys *k, usec_t now, usec_t until);

/*
 * From now on the ciphers' work may be done by the threads of `d`, which outlives the session; `k`
 * as in session_init(). 0 or -ENOMEM.
 */
int session_defer(struct session *s, const struct noise_keys *k, struct deferral *d) must_check;

/*
 * AES-256-GCM beside ChaCha20-Poly1305 (docs/protocol.md, "AES"): from now on OUTER_DATA_AES is
 * opened, too; and, once the other side is known to do the same, sealed, instead of OUTER_DATA.
 * Its keys are derived from those of the session, so that no key is used with two ciphers; counter
 * and replay window are those of the session.
 */
void session_open_aes(struct session *s);
void session_seal_aes(struct session *s);

/* Wipes keys and releases what they held; what is under way with them elsewhere is finished. */
void session_wipe(struct session *s);

/* May it still be used in either direction? */
static inline bool
session_alive(const struct session *s, usec_t now)
{
	return now < s->until && s->counter < REJECT_AFTER_MESSAGES;
}

/*
 * Seals the `len` bytes at `p` (0: keepalive) as a data message that begins DATA_HEADER bytes
 * before `p`. Returns the message's length, or ERR_EXPIRED; then nothing was written. Where sealing
 * is deferred, the header is there, and the rest until the thread's jobs are done is not.
 */
int session_seal(struct session *s, usec_t now, uint8_t *p, size_t len) must_check;

/*
 * Might a part of what this message holds, sealed again where it lies, be longer than it was, and
 * write over its neighbour? Only where it has META_TIGHT and was padded less than we do.
 */
bool session_outgrows(const struct packet *pk) must_check;

/*
 * Opens the data message of `len` bytes at `msg`, whose receiver index is ours. Returns the length
 * of what now lies DATA_HEADER bytes after `msg`, padding included (0: keepalive); or ERR_SHORT,
 * ERR_EXPIRED, ERR_VERSION (a type not agreed on), ERR_AUTH or ERR_REPLAY, and then the bytes are of
 * no use.
 */
int session_open(struct session *s, usec_t now, uint8_t *msg, size_t len) must_check;

#endif
