/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tlskey.c - one key from another, and its hash as TLS knows it.
 */
#include "core/tlskey.h"

#include "core/crypto.h"

#include <string.h>

void
tlskey_seed(uint8_t ret[static 32], const uint8_t private[static 32])
{
	static const char context[24] = "mpynet tls key v1";
	uint8_t clamped[32];

	memcpy(clamped, private, sizeof(clamped));
	clamped[0] &= 0xf8;
	clamped[31] = (uint8_t)((clamped[31] & 0x7f) | 0x40);
	crypto_blake2b(ret, 32, clamped, sizeof(clamped), context, sizeof(context), NULL, 0);
	crypto_wipe(clamped, sizeof(clamped));
}

void
tlskey_pin(uint8_t ret[static 32], const uint8_t private[static 32])
{
	/* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes } up to the key. */
	uint8_t spki[44] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0 };
	uint8_t seed[32];

	tlskey_seed(seed, private);
	crypto_ed25519_public(spki + 12, seed);
	crypto_sha256(ret, spki, sizeof(spki));
	crypto_wipe(seed, sizeof(seed));
}
