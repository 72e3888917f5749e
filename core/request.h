/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.h - a host asks a CA to certify the key it made itself.
 *
 * A host's key is for Diffie-Hellman and cannot sign, so a request (a signed object of kind 4)
 * carries instead a BLAKE2b keyed with the DH of that key and the CA's enrolment key. Only who
 * holds one of the two could have made it: the CA learns that the asker has the key, and cannot
 * show that to anybody else. The request says whom it asks (network, issuer), so that it proves
 * nothing to another CA.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include "core/cert.h"

/*
 * Asks `ca` to certify the public key of `host_secret` under `name`. Writes the whole object, at
 * most CERT_REQUEST_MAX bytes, and returns their number; ERR_DENIED if `ca` is no CA certificate,
 * ERR_CRYPTO if its enrolment key has low order, or as cert_encode.
 */
int request_make(uint8_t *to, size_t cap, const struct cert *ca,
    const uint8_t host_secret[static 32], const char *name, enum breach *why) must_check;

/*
 * The same by a member, whose certificate from `ca` with this serial (not 0) is to be succeeded by
 * one for the same key. As long as that is the newest which the key has, it is to be renewed; if
 * there is a newer one, that is the answer, however often the request comes.
 */
int request_renew(uint8_t *to, size_t cap, const struct cert *ca,
    const uint8_t host_secret[static 32], const char *name, uint64_t serial,
    enum breach *why) must_check;

/*
 * The same for another key, `next_secret`, which is to take the place of `host_secret`: it proves
 * both. A lighthouse that passes it on can put no other key into it, and nobody who has only one of
 * the two can make it.
 */
int request_rekey(uint8_t *to, size_t cap, const struct cert *ca,
    const uint8_t host_secret[static 32], const uint8_t next_secret[static 32], const char *name,
    uint64_t serial, enum breach *why) must_check;

/* The key of the member that makes the request `c`: that which it has until it is answered. */
const uint8_t *request_member(const struct cert *c);

/*
 * Is `p` a request to `ca`, whose enrolment key is that of `enrol_secret`, by who holds the key in
 * it, and the one before if it names that? 0 with the request in `ret` (kind OBJECT_REQUEST: network,
 * issuer, key, name; serial 0 or of what is to be renewed; old_key). ERR_CANON or ERR_VERSION as cert_decode; ERR_DENIED: to another network or
 * CA, or another kind of object; ERR_AUTH: the proof does not hold.
 */
int request_verify(struct cert *ret, const uint8_t *p, size_t len, const struct cert *ca,
    const uint8_t enrol_secret[static 32], enum breach *why) must_check;

#endif
