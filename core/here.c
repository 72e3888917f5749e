/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * here.c - HERE of docs/protocol.md: type, nonce, and the sealed plaintext of core/wire.
 */
#include "core/here.h"
#include "core/bytes.h"
#include "core/crypto.h"

#include <string.h>

static const char label[] = "mpynet here v1";

void
here_key(uint8_t ret[static 32], const uint8_t root[static 32], const uint8_t psk[static 32])
{
	uint8_t input[32 + sizeof(label) - 1];

	memcpy(input, psk, 32);
	memcpy(input + 32, label, sizeof(label) - 1);
	crypto_kdf1(ret, root, input, sizeof(input));
	crypto_wipe(input, sizeof(input));
}

int
here_seal(uint8_t *to, size_t cap, const uint8_t key[static 32], const struct rng *rng,
    const struct here *h)
{
	uint8_t plain[HERE_PLAIN_MAX];
	int n = here_encode(plain, sizeof(plain), h);

	if (n < 0 || cap < HERE_SEALED + (size_t)n + CRYPTO_TAG)
		return ERR_FULL;
	put_le32(to, OUTER_HERE);
	rng_fill(rng, to + HERE_NONCE, HERE_SEALED - HERE_NONCE);
	crypto_xseal(to + HERE_SEALED, key, to + HERE_NONCE, plain, (size_t)n, to, HERE_NONCE);
	return HERE_SEALED + n + CRYPTO_TAG;
}

int
here_open(struct here *ret, const uint8_t key[static 32], uint8_t *msg, size_t len)
{
	uint8_t plain[HERE_PLAIN_MAX];
	size_t n = len - HERE_SEALED - CRYPTO_TAG;
	int r;

	assert(len >= HERE_MIN && len <= HERE_MAX);
	r = crypto_xopen(plain, key, msg + HERE_NONCE, msg + HERE_SEALED, len - HERE_SEALED, msg,
	    HERE_NONCE);
	if (r < 0)
		return r;
	memcpy(msg + HERE_SEALED, plain, n);
	return here_decode(ret, msg + HERE_SEALED, n);
}
