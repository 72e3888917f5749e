/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tlskey.h - the key that a lighthouse's TLS is spoken with.
 *
 * It is made from the host's own private key, so that wherever that was made there is nothing else
 * to make, to keep or to hand over, and it lasts as long. Clients know its hash from the
 * certificate of the lighthouse and ask nobody else whether it is the right one.
 */
#ifndef CORE_TLSKEY_H
#define CORE_TLSKEY_H

#include "core/base.h"

/*
 * The Ed25519 seed of the host with the X25519 key `private`: BLAKE2b-256 keyed with that key,
 * clamped (RFC 7748 5), over "mpynet tls key v1" and zeros to 24 bytes. The caller wipes it.
 */
void tlskey_seed(uint8_t ret[static 32], const uint8_t private[static 32]);

/* What its certificate has: SHA-256 of the SubjectPublicKeyInfo (RFC 7469 2.4, RFC 8410 4). */
void tlskey_pin(uint8_t ret[static 32], const uint8_t private[static 32]);

#endif
