/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crypto.h - the primitives, behind one door.
 *
 * Names are those of the WireGuard paper where it has one. Whoever calls never sees a library:
 * libsodium does curves, short messages and BLAKE2b; libcrypto does long ChaCha20-Poly1305, where
 * it is twice as fast, and BLAKE2s, which libsodium lacks. libcrypto's functions can fail only for
 * want of memory, and then the process ends: there is no sensible answer to half a handshake.
 */
#ifndef CORE_CRYPTO_H
#define CORE_CRYPTO_H

#include "core/base.h"
#include "core/err.h"

#define CRYPTO_KEY	  32 /* X25519 and symmetric keys, BLAKE2s results */
#define CRYPTO_TAG	  16
#define CRYPTO_MAC	  16
#define CRYPTO_XNONCE	  24
#define CRYPTO_SIGN_SEED  32
#define CRYPTO_SIGN_KEY	  32
#define CRYPTO_SIGNATURE  64

/* Overwrites `len` bytes in a way that the compiler keeps. */
void crypto_wipe(void *p, size_t len);

/* In a time that depends only on `len`. */
bool crypto_equal(const void *a, const void *b, size_t len) must_check;
bool crypto_is_zero(const void *p, size_t len) must_check;

/*
 * Curves
 */

/* The X25519 public key of 32 random bytes, which are clamped on use (RFC 7748). */
void crypto_dh_public(uint8_t ret[static 32], const uint8_t private[static 32]);

/* 0, or ERR_CRYPTO when `public` has low order, so that the result would be known to everybody. */
int crypto_dh(uint8_t ret[static 32], const uint8_t private[static 32],
    const uint8_t public[static 32]) must_check;

/* Is `public` a point of low order, on which no agreement can be built? */
bool crypto_dh_low_order(const uint8_t public[static 32]) must_check;

/*
 * Below 2^255 - 19, with the top bit clear, and not of low order: X25519 itself takes other
 * spellings of a key, and what names a key is to have one.
 */
bool crypto_x25519_key_good(const uint8_t public[static 32]) must_check;

/* Ed25519 (RFC 8032). A private key is its 32-byte seed. */
void crypto_ed25519_public(uint8_t ret[static 32], const uint8_t seed[static 32]);

/* A point of the curve's main subgroup in its one encoding: what every honest key is. */
bool crypto_ed25519_key_good(const uint8_t public[static 32]) must_check;

void crypto_ed25519_sign(uint8_t ret[static 64], const void *p, size_t len,
    const uint8_t seed[static 32]);
bool crypto_ed25519_valid(const uint8_t signature[static 64], const void *p, size_t len,
    const uint8_t public[static 32]) must_check;

/*
 * Authenticated encryption
 */

/*
 * ChaCha20-Poly1305 of RFC 8439 for one message, the nonce being four zeros and `counter`. Writes
 * `len` + CRYPTO_TAG bytes; `ret` may be `plain`.
 */
void crypto_seal(uint8_t *ret, const uint8_t key[static 32], uint64_t counter, const uint8_t *plain,
    size_t len, const void *ad, size_t ad_len);

/*
 * Writes `len` - CRYPTO_TAG bytes; `ret` may be `sealed`, and after ERR_AUTH holds nothing of use.
 * 0, ERR_SHORT or ERR_AUTH.
 */
int crypto_open(uint8_t *ret, const uint8_t key[static 32], uint64_t counter, const uint8_t *sealed,
    size_t len, const void *ad, size_t ad_len) must_check;

/* XChaCha20-Poly1305, likewise, with a random nonce. */
void crypto_xseal(uint8_t *ret, const uint8_t key[static 32], const uint8_t nonce[static 24],
    const uint8_t *plain, size_t len, const void *ad, size_t ad_len);
int crypto_xopen(uint8_t *ret, const uint8_t key[static 32], const uint8_t nonce[static 24],
    const uint8_t *sealed, size_t len, const void *ad, size_t ad_len) must_check;

/*
 * The same ChaCha20-Poly1305 for many messages under one key, in one direction, without associated
 * data; or AES-256-GCM (NIST SP 800-38D), likewise. For one thread at a time.
 */
struct cipher {
	uint8_t key[32];
	void *bulk; /* libcrypto's context */
	bool seals;
	bool aes;
};

/* Copies the key. Released and wiped by cipher_wipe(), which is for ciphers that are zeros too. */
void cipher_init(struct cipher *c, const uint8_t key[static 32], bool seals);
void cipher_wipe(struct cipher *c);

/*
 * AES-256-GCM for the same direction of the same session as the ChaCha20-Poly1305 `from`, with a
 * key derived from its key (docs/protocol.md, section 7): the two may be used side by side.
 */
void cipher_beside(struct cipher *c, const struct cipher *from);

/* Encrypts `len` bytes in place and writes CRYPTO_TAG bytes after them. */
void cipher_seal(struct cipher *c, uint64_t counter, uint8_t *p, size_t len);

/* Decrypts `len` bytes, the tag being the last CRYPTO_TAG, in place. 0, ERR_SHORT or ERR_AUTH. */
int cipher_open(struct cipher *c, uint64_t counter, uint8_t *p, size_t len) must_check;

/*
 * Hashes
 */

/* HASH: BLAKE2s-256 of `a` and then `b`. Either may be empty. */
void crypto_hash2(uint8_t ret[static 32], const void *a, size_t a_len, const void *b, size_t b_len);

/* MAC: BLAKE2s-128 keyed with 16 or 32 bytes. */
void crypto_mac(uint8_t ret[static 16], const uint8_t *key, size_t key_len, const void *p,
    size_t len);

/* KDF_1, KDF_2, KDF_3: HKDF over HMAC-BLAKE2s. Results may be the key itself; `len` <= 256. */
void crypto_kdf1(uint8_t ret1[static 32], const uint8_t key[static 32], const void *p, size_t len);
void crypto_kdf2(uint8_t ret1[static 32], uint8_t ret2[static 32], const uint8_t key[static 32],
    const void *p, size_t len);
void crypto_kdf3(uint8_t ret1[static 32], uint8_t ret2[static 32], uint8_t ret3[static 32],
    const uint8_t key[static 32], const void *p, size_t len);

/*
 * BLAKE2b of `a` and then `b`, 1 to 64 bytes long; keyed if `key_len` is 16 to 64, else `key` is
 * NULL and `key_len` 0.
 */
void crypto_blake2b(uint8_t *ret, size_t ret_len, const void *key, size_t key_len, const void *a,
    size_t a_len, const void *b, size_t b_len);

/* SHA-256, for what others than us compute too. */
void crypto_sha256(uint8_t ret[static 32], const void *p, size_t len);

/*
 * Argon2id (RFC 9106) with one lane, for keys from what people remember: slow and in much memory by
 * design. 0, or -ENOMEM when there is not that much.
 */
int crypto_argon2id(uint8_t ret[static 32], const void *passphrase, size_t len,
    const uint8_t salt[static 16], uint32_t passes, uint32_t memory_kib) must_check;

#endif
