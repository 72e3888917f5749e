/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_here.c - announcements on a link: raw messages, and any plaintext under the right seal.
 *
 * The first byte of an input says which of the two the rest is. What is accepted is exactly what
 * would be written.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/here.h"
#include "core/outbox.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static const uint8_t root[32] = { 1 }, psk[32] = { 2 };

/* A message with this plaintext, as only a member can make one. Its length. */
static size_t
seal(uint8_t *msg, const uint8_t key[static 32], const uint8_t *plain, size_t len)
{
	static const uint8_t nonce[24] = { 3 };

	put_le32(msg, OUTER_HERE);
	memcpy(msg + HERE_NONCE, nonce, sizeof(nonce));
	crypto_xseal(msg + HERE_SEALED, key, nonce, plain, len, msg, HERE_NONCE);
	return HERE_SEALED + len + CRYPTO_TAG;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t key[32], msg[PACKET_MAX], again[HERE_PLAIN_MAX];
	bool sealed = size > 0 && data[0] != 0;
	struct here h;
	size_t len;
	int n;

	if (size == 0 || size - 1 > PACKET_MAX - HERE_SEALED - CRYPTO_TAG)
		return 0;
	here_key(key, root, psk);
	len = size - 1;
	if (sealed)
		len = seal(msg, key, data + 1, len);
	else
		memcpy(msg, data + 1, len);
	if (outer_check(msg, len) != OUTER_HERE)
		return 0;
	n = here_open(&h, key, msg, len);
	assert(sealed || n == ERR_AUTH);
	if (n < 0)
		return 0;
	n = here_encode(again, sizeof(again), &h);
	assert(n == (int)(size - 1) && memcmp(again, data + 1, size - 1) == 0);
	return 0;
}
