/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * envelope.h - what host and authority say to each other through a lighthouse that cannot read it.
 *
 *	welcome  authority to any holder of the token: its certificates, and the name that waits
 *	plea     host to authority: an ordinary request for a certificate (core/request.h)
 *	answer   authority to that host: a bundle without a key, or why there is none
 *
 *	sealed = nonce (24) || XChaCha20-Poly1305(key, nonce, plaintext, ad = label || token id || ref)
 *
 * Welcome and plea are sealed under the token's enrol key. An answer is for one host, so its key
 * also takes the DH of host key and enrolment key: another holder of the token cannot read it, be
 * it the lighthouse itself. `ref` names a plea (the first 16 bytes of its HASH) and is zeros in
 * welcome and plea. docs/protocol.md, "Enrolment"; every length there is fixed here.
 */
#ifndef CORE_ENVELOPE_H
#define CORE_ENVELOPE_H

#include "core/cert.h"
#include "core/crypto.h"
#include "core/rng.h"
#include "core/token.h"
#include "core/wire_enrol.h"

#define ENVELOPE_OVERHEAD (CRYPTO_XNONCE + CRYPTO_TAG)

/* Who asks this authority is told this before. */
struct welcome {
	char name[NAME_MAX_LEN + 1]; /* that the certificate will have */
	struct blob root;	     /* whose fingerprint is in the token */
	struct blob issuing;	     /* the CA that signs, and is asked; absent: the root */
};

#define WELCOME_PLAIN_MAX (1 + NAME_MAX_LEN + 2 + CERT_ROOT_MAX + 2 + CERT_CA_MAX)

/* At most WIRE_WELCOME_MAX bytes: their number, or ERR_FULL. */
int welcome_seal(uint8_t *to, size_t cap, const struct token_keys *k, const struct rng *rng,
    const struct welcome *w) must_check;

/* What `ret` points to is in `plain`. 0; ERR_AUTH: not sealed by a holder of the token; ERR_FORMAT. */
int welcome_open(struct welcome *ret, uint8_t plain[static WELCOME_PLAIN_MAX],
    const struct token_keys *k, const uint8_t *sealed, size_t len) must_check;

/* `request` is a whole request (request_make). At most WIRE_PLEA_MAX bytes, or ERR_FULL. */
int plea_seal(uint8_t *to, size_t cap, const struct token_keys *k, const struct rng *rng,
    const uint8_t *request, size_t len) must_check;

/* The request's length, or ERR_AUTH, ERR_EXCESS. What it says is for request_verify(). */
int plea_open(uint8_t to[static CERT_REQUEST_MAX], const struct token_keys *k,
    const uint8_t *sealed, size_t len) must_check;

/* The name of a sealed plea. */
void plea_ref(uint8_t ret[static ENROL_REF_LEN], const uint8_t *sealed, size_t len);

/* Why there is no certificate. Numbers are on the wire: never reuse. */
enum refusal {
	REFUSAL_USED = 1,      /* the token has been used, by another key */
	REFUSAL_EXPIRED = 2,   /* the token has */
	REFUSAL_WITHDRAWN = 3, /* the token was, or its name has been revoked */
	REFUSAL_DENIED = 4,    /* by a person who was asked */
	REFUSAL_KEY = 5,       /* this key is certified under another name, or revoked */
	REFUSAL_UNABLE = 6,    /* the authority cannot sign it: no address is free, or its own end is near */
};

/* "the invitation was used already, by another host", ...: for a sentence. */
const char *refusal_phrase(uint8_t refusal);

/* A bundle of text (core/bundle.h), or why there is none. */
struct answer {
	uint8_t refusal; /* enum refusal; 0: the bundle follows */
	const char *bundle;
	size_t bundle_len; /* at most ANSWER_BUNDLE_MAX */
};

#define ANSWER_BUNDLE_MAX (WIRE_ANSWER_MAX - ENVELOPE_OVERHEAD - 1)

/*
 * `secret` and `public` are of the same DH from either side: the authority's enrolment secret and
 * the host's key, or the host's secret and the enrolment key of its CA. Writes at most
 * WIRE_ANSWER_MAX bytes: their number; ERR_FULL; ERR_CRYPTO for a key of low order.
 */
int answer_seal(uint8_t *to, size_t cap, const struct token_keys *k,
    const uint8_t ref[static ENROL_REF_LEN], const uint8_t secret[static 32],
    const uint8_t public[static 32], const struct rng *rng, const struct answer *a) must_check;

/* `plain` has room for `len` bytes, and keeps the bundle. 0, ERR_AUTH, ERR_FORMAT, ERR_CRYPTO. */
int answer_open(struct answer *ret, uint8_t *plain, const struct token_keys *k,
    const uint8_t ref[static ENROL_REF_LEN], const uint8_t secret[static 32],
    const uint8_t public[static 32], const uint8_t *sealed, size_t len) must_check;

#endif
