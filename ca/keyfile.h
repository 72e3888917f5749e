/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyfile.h - an authority's private keys at rest.
 *
 * Whoever has these keys is the network's authority, so they rest under a passphrase: Argon2id
 * makes a key from it, slowly and in much memory, and XChaCha20-Poly1305 seals them with the whole
 * header as associated data, so that no parameter can be changed without being noticed. Bytes in,
 * bytes out: where they lie is the ledger's business.
 *
 *	 0  "MPYK"
 *	 4  u8 version = 1
 *	 5  u8 kdf: 0 none, 1 Argon2id 1.3 with one lane
 *	 6  u16 0
 *	 8  u32 passes      (0 without a passphrase)
 *	12  u32 memory in KiB (likewise)
 *	16  16 salt         (likewise zeros)
 *	32  24 nonce
 *	56  64 sealed: Ed25519 seed, X25519 enrolment key
 *	120 16 tag
 *
 * Without a passphrase the key is zeros: the seal then only tells damage.
 */
#ifndef CA_KEYFILE_H
#define CA_KEYFILE_H

#include "core/base.h"
#include "core/err.h"
#include "core/rng.h"

#define KEYFILE_SIZE 136

/* What an authority alone holds. Lives in locked memory and is wiped by whoever made it. */
struct ca_keys {
	uint8_t seed[32];  /* Ed25519: signs */
	uint8_t enrol[32]; /* X25519: requests are proved to it */
};

/* How hard it is made to try a passphrase. No passes: there is none. */
struct keyfile_cost {
	uint32_t passes;
	uint32_t memory_kib;
};

/* A file that asks for more than this was not made by us, and would stop the machine. */
#define KEYFILE_PASSES_MAX     16
#define KEYFILE_MEMORY_KIB_MIN (8 * 1024)
#define KEYFILE_MEMORY_KIB_MAX (4 * 1024 * 1024)

/* Four passes over a quarter of `ram` bytes, but at most 1 GiB. */
struct keyfile_cost keyfile_cost_for(uint64_t ram);

/*
 * Seals `keys` under `passphrase`, which is empty when and only when `cost` has no passes. Salt and
 * nonce come from `rng`. 0, or -ENOMEM.
 */
int keyfile_seal(uint8_t to[static KEYFILE_SIZE], const struct ca_keys *keys,
    struct keyfile_cost cost, const char *passphrase, size_t passphrase_len,
    const struct rng *rng) must_check;

/* What opening will cost, without a passphrase. ERR_VERSION, ERR_FORMAT, ERR_SHORT, ERR_EXCESS. */
int keyfile_cost(struct keyfile_cost *ret, const uint8_t *file, size_t len) must_check;

/*
 * Opens `file`. ERR_AUTH when the passphrase is not the one, or the file is damaged; -ENOMEM;
 * else as keyfile_cost(). `*ret` is untouched on failure.
 */
int keyfile_open(struct ca_keys *ret, const uint8_t *file, size_t len, const char *passphrase,
    size_t passphrase_len) must_check;

#endif
