/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * noise.h - the handshake, and nothing about networks.
 *
 * WireGuard's Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (paper, 5.4), byte for byte, in steps small
 * enough that a responder can stop after each of them: read_static costs one DH and says who it
 * claims to be, read_timestamp costs another and proves it. What mpynet adds hangs on the side:
 * the presentation is sealed under a key derived from the chaining key after the timestamp, and
 * OPEN is authenticated under one derived from the static keys; the handshake does not change.
 *
 * Every function is given its randomness and the time. Outputs are untouched on failure, and a
 * struct noise that failed is wiped by its owner.
 */
#ifndef CORE_NOISE_H
#define CORE_NOISE_H

#include "core/crypto.h"
#include "core/wire.h"

#define NOISE_TIMESTAMP 12 /* TAI64N, big-endian: compares as bytes */

/* Our own side: the static key pair and what is derived from it once. */
struct noise_identity {
	uint8_t private[32];
	uint8_t public[32];
	uint8_t hash[32];	/* HASH(HASH(HASH(construction), identifier), public) */
	uint8_t mac1_key[32];
	uint8_t cookie_key[32];
};

/* Somebody else's side. */
struct noise_remote {
	uint8_t public[32];
	uint8_t static_static[32]; /* DH of the two static keys */
	uint8_t hash[32];
	uint8_t mac1_key[32];
	uint8_t cookie_key[32];
};

/* A handshake under way. */
struct noise {
	uint8_t chaining_key[32];
	uint8_t hash[32];
	uint8_t ephemeral[32];	/* initiator: own private; responder: the initiator's public */
	uint8_t remote[32];	/* static public key of the other side */
	uint32_t local_index;	/* 0 in a responder until noise_respond() */
	uint32_t remote_index;	/* 0 in an initiator until noise_finish() */
};

/* What a handshake results in. */
struct noise_keys {
	uint8_t send[32];
	uint8_t receive[32];
	uint32_t local_index;
	uint32_t remote_index;
	bool initiator;
};

/* 0, or ERR_CRYPTO for a private key whose public key has low order. */
int noise_identity_init(struct noise_identity *i, const uint8_t private[static 32]) must_check;
void noise_identity_wipe(struct noise_identity *i);

/* 0, or ERR_CRYPTO for a key of low order. Costs one DH. */
int noise_remote_init(struct noise_remote *r, const struct noise_identity *self,
    const uint8_t public[static 32]) must_check;
void noise_remote_wipe(struct noise_remote *r);

void noise_wipe(struct noise *n);
void noise_keys_wipe(struct noise_keys *k);

/*
 * The initiator
 */

/*
 * Writes message 1 of INITIATION_LEN bytes. `index` is ours, unique in the engine; `ephemeral` 32
 * fresh random bytes; `cookie` 16 bytes or NULL, then mac2 is zeros.
 */
int noise_initiate(uint8_t *ret, struct noise *n, const struct noise_identity *self,
    const struct noise_remote *remote, uint32_t index,
    const uint8_t timestamp[static NOISE_TIMESTAMP], const uint8_t ephemeral[static 32],
    const uint8_t *cookie) must_check;

/*
 * Writes a PRESENT: the initiation `msg1` that `n` has just made, and `plain`, sealed. `plain_len`
 * is a multiple of PRESENT_BLOCK, 1 to PRESENT_BLOCKS of them (presentation_encode). Returns the
 * message's length, at most PRESENT_MAX.
 */
int noise_present(uint8_t ret[static PRESENT_MAX], const struct noise *n,
    const uint8_t msg1[static INITIATION_LEN], const uint8_t *plain, size_t plain_len);

/*
 * Reads message 2 of RESPONSE_LEN bytes, whose mac1 is checked before anything else. `n` stays as
 * it was, so that a forged response disturbs nothing. 0, ERR_AUTH or ERR_CRYPTO.
 */
int noise_finish(struct noise_keys *ret, const struct noise *n, const struct noise_identity *self,
    const uint8_t psk[static 32], const uint8_t msg2[static RESPONSE_LEN]) must_check;

/*
 * The responder, in the order of its work
 */

/* Was mac1 made by somebody who knows our public key? `msg` is an initiation or a response. */
bool noise_mac1_valid(const struct noise_identity *self, const uint8_t *msg,
    size_t len) must_check;

/* es: decrypts n->remote, which proves nothing yet. 0, ERR_AUTH or ERR_CRYPTO. */
int noise_read_static(struct noise *n, const struct noise_identity *self,
    const uint8_t msg1[static INITIATION_LEN]) must_check;

/* ss: proves that n->remote has made this message, at some time. 0, ERR_AUTH or ERR_CRYPTO. */
int noise_read_timestamp(uint8_t ret[static NOISE_TIMESTAMP], struct noise *n,
    const struct noise_identity *self, const uint8_t msg1[static INITIATION_LEN]) must_check;

/* Opens what noise_present() sealed. Returns the plaintext's length, or ERR_AUTH. */
int noise_read_presentation(uint8_t ret[static PRESENT_PLAIN_MAX], const struct noise *n,
    const uint8_t *present, size_t len) must_check;

/* Writes message 2 of RESPONSE_LEN bytes. `n` is wiped on success. 0 or ERR_CRYPTO. */
int noise_respond(uint8_t *ret, struct noise_keys *keys, struct noise *n, uint32_t index,
    const uint8_t ephemeral[static 32], const uint8_t psk[static 32],
    const uint8_t *cookie) must_check;

/*
 * OPEN: a punch without a session
 */

/* The key of both directions for the introduction `id`, of INTRODUCTION_ID_LEN bytes. */
void noise_open_key(uint8_t ret[static 32], const struct noise_remote *remote,
    const uint8_t id[static INTRODUCTION_ID_LEN]);

/* Writes an OPEN of OPEN_LEN bytes. */
void noise_open_make(uint8_t ret[static OPEN_LEN], const uint8_t key[static 32],
    enum open_direction direction, const uint8_t id[static INTRODUCTION_ID_LEN]);

/* `msg` has passed outer_check(), and its id has led to `key`. */
bool noise_open_valid(const uint8_t key[static 32], const uint8_t msg[static OPEN_LEN]) must_check;

/*
 * Timestamps
 *
 * TAI64N in steps of 2^24 ns, so that nobody learns more of our clock than 17 ms, and never twice
 * the same. The step counts from the Unix epoch, 60 a second.
 */
struct noise_clock {
	uint64_t step;	   /* the last one used */
	uint64_t reserved; /* every step up to here may have been used, says the disk */
};

/*
 * How far ahead steps are reserved, so that the disk is written once a minute at most. A host that lost
 * what it remembered is not heard before its clock has passed the block that it had.
 */
#define NOISE_CLOCK_BLOCK (60 * 60)

/* After a restart: nothing up to `reserved` is used again. 0 when nothing is known. */
void noise_clock_init(struct noise_clock *c, uint64_t reserved);

/*
 * The next timestamp, later than all before it. True when c->reserved has moved: the caller
 * remembers it (MEMORY_CLOCK), ideally before the timestamp leaves.
 */
bool noise_clock_next(struct noise_clock *c, uint8_t ret[static NOISE_TIMESTAMP], usec_t wall);

/* There is no next one before a restart: what is left of the block is given back, and remembered. */
void noise_clock_settle(struct noise_clock *c);

/* Unix microseconds of a timestamp; 0 for one before 1970, USEC_NEVER for one out of range. */
usec_t noise_timestamp_usec(const uint8_t timestamp[static NOISE_TIMESTAMP]);

#endif
