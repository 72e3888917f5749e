/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * letter.h - how a party that has accepted a study says so to one that is away: sealed for that one,
 * and left with a lighthouse, which can neither read it nor write one (docs/protocol.md, section 21).
 *
 *	plaintext = u64 since || u16 len || certificate || u16 len || issuing CA || study
 *	letter    = nonce (24) || XChaCha20-Poly1305(seal key, nonce, plaintext, ad = no bytes)
 *
 * Both keys of a letter come from the DH of the static keys of the two, and from who writes to whom;
 * so who opens it knows who wrote it, as far as nobody has the private key of either. The nonce is a
 * keyed hash of the plaintext, and so the letter written twice is the same twice. Its id is a keyed
 * hash of the study: another letter of the same study between the two takes its place.
 */
#ifndef CORE_LETTER_H
#define CORE_LETTER_H

#include "core/cert.h"
#include "core/crypto.h"
#include "core/study.h"
#include "core/wire.h"

#define LETTER_ID_LEN	16
#define LETTER_OVERHEAD (CRYPTO_XNONCE + CRYPTO_TAG)
#define LETTER_MIN	(LETTER_OVERHEAD + 8 + 2 + 2 + STUDY_MIN)
#define LETTER_MAX	(LETTER_OVERHEAD + 8 + 2 + WIRE_CERT_MAX + 2 + WIRE_CA_MAX + STUDY_MAX)

struct letter_keys {
	uint8_t seal[32];
	uint8_t name[32];
};

/*
 * Those of letters `from` -> `to`, public keys; `secret` is the private key of one and `other` the
 * public key of the other. 0, or ERR_CRYPTO for a key of low order. To be wiped by the caller.
 */
int letter_keys(struct letter_keys *ret, const uint8_t secret[static 32],
    const uint8_t other[static 32], const uint8_t from[static 32],
    const uint8_t to[static 32]) must_check;

void letter_id(uint8_t ret[static LETTER_ID_LEN], const struct letter_keys *k,
    const uint8_t hash[static STUDY_HASH_LEN]);

/* What it says; who wrote it has accepted the study. */
struct letter {
	uint64_t since;	   /* Unix seconds: when that began to tell of it */
	struct blob cert;  /* of who wrote it */
	struct blob ca;	   /* that has issued it; absent: a root */
	struct blob study; /* its bytes */
};

/* At most LETTER_MAX bytes: their number, or ERR_FULL. */
int letter_seal(uint8_t *to, size_t cap, const struct letter_keys *k,
    const struct letter *l) must_check;

/* What `ret` points to is in `plain`, of `len` bytes. 0, ERR_AUTH, ERR_FORMAT. */
int letter_open(struct letter *ret, uint8_t *plain, const struct letter_keys *k,
    const uint8_t *sealed, size_t len) must_check;

#endif
