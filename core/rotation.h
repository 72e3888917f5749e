/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rotation.h - a root names its successor.
 *
 * A statement (object.h, kind 6) that the old root signs and that holds the new root's certificate.
 * Whoever believes the old root believes the new one from then on, and the old one until the
 * overlap ends: long enough for everybody's next renewal. A root has one successor; another
 * statement by the same root is refused. Network states are the new root's at once, so that whoever
 * may have stolen the old key cannot take back what the new root says. docs/certificates.md,
 * section 14.
 */
#ifndef CORE_ROTATION_H
#define CORE_ROTATION_H

#include "core/base.h"
#include "core/cert.h"

#define ROTATION_MAX 960 /* the whole object */

struct rotation {
	uint8_t network[16];
	uint8_t issuer[16]; /* key id of the old root */
	uint64_t from;      /* Unix seconds, when it was signed */
	uint64_t until;     /* the last one of the old root; not before `from` */
	struct cert root;   /* the new root, of the same network, with another key */
	size_t root_len;
	uint8_t root_bytes[CERT_MAX];
	uint8_t fingerprint[32];
};

/*
 * One whole object of kind 6 with a whole root certificate in it; that it signed itself is looked
 * at, who signed the statement is not. 0; ERR_VERSION or ERR_CANON with the rule in `why` (may be
 * NULL), which may be one of the certificate; ERR_AUTH if that does not verify.
 */
int rotation_decode(struct rotation *ret, const uint8_t *p, size_t len, enum breach *why) must_check;

/*
 * Fills network, issuer and fingerprint of `r` (times and root_bytes set) under the key of the old
 * root and writes the whole object. The number of bytes, else as rotation_decode; ERR_FULL.
 */
int rotation_sign(struct rotation *r, uint8_t *to, size_t cap, const uint8_t seed[static 32],
    enum breach *why) must_check;

#endif
