/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * safe.h - bytes at rest under a passphrase.
 *
 * The key file and the backup of an authority are both a header, which says what opening costs, and
 * what is sealed, with the whole header as associated data, so that no parameter can be changed
 * without being noticed. They differ in their first four bytes.
 *
 *	 0  4 bytes that say what it is
 *	 4  u8 version = 1
 *	 5  u8 kdf: 0 none, 1 Argon2id 1.3 with one lane
 *	 6  u16 0
 *	 8  u32 passes      (0 without a passphrase)
 *	12  u32 memory in KiB (likewise)
 *	16  16 salt         (likewise zeros)
 *	32  24 nonce
 *	56  XChaCha20-Poly1305 of the content, its tag last
 *
 * Without a passphrase the key is zeros: the seal then only tells damage.
 */
#ifndef CA_SAFE_H
#define CA_SAFE_H

#include "ca/keyfile.h"

#define SAFE_HEADER   56
#define SAFE_OVERHEAD (SAFE_HEADER + 16)

/*
 * Writes `len` + SAFE_OVERHEAD bytes. The passphrase is empty when and only when `cost` has no
 * passes. 0, or -ENOMEM.
 */
int safe_seal(uint8_t *to, const uint8_t magic[static 4], const void *content, size_t len,
    struct keyfile_cost cost, const char *passphrase, size_t passphrase_len,
    const struct rng *rng) must_check;

/*
 * What opening will cost. ERR_FORMAT for another magic and for parameters that we would not have
 * written, ERR_VERSION, ERR_SHORT.
 */
int safe_cost(struct keyfile_cost *ret, const uint8_t magic[static 4], const uint8_t *safe,
    size_t len) must_check;

/*
 * Writes the content, `len` - SAFE_OVERHEAD bytes; `to` may be safe + SAFE_HEADER. ERR_AUTH when
 * the passphrase is not the one, or the file is damaged, and then nothing of use is in `to`;
 * -ENOMEM; else as safe_cost().
 */
int safe_open(void *to, const uint8_t magic[static 4], const uint8_t *safe, size_t len,
    const char *passphrase, size_t passphrase_len) must_check;

#endif
