/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_chain.h - authorities beside the one that signs here: issuing CAs below it, roots before it,
 * and what admitted it if it is an issuing CA itself.
 *
 * docs/certificates.md, "Issuing CAs" and "Rotation".
 */
#ifndef CA_LEDGER_CHAIN_H
#define CA_LEDGER_CHAIN_H

#include "ca/ledger.h"
#include "core/rotation.h"

/*
 * Issuing CAs. They share the numbers of certificates, and a live name or key belongs to one.
 */

/* ERR_CONFLICT when name, key or serial is another's. */
int ledger_add_issuing(struct ledger *l, const struct cert *cert, const struct bundle_cert *object,
    struct err *e) must_check;

/* The newest of `name` that is valid at `now`, superseded or not: 1; 0 when there is none. */
int ledger_find_issuing(struct ledger *l, struct ledger_cert *ret, const char *name, uint64_t now,
    struct err *e) must_check;

/* As ledger_end_cert(). */
int ledger_end_issuing(struct ledger *l, uint64_t serial, enum ledger_status status,
    struct err *e) must_check;

/* All of them, and those that are valid: ledger_next() until it is not 1, then ledger_end(). */
int ledger_walk_issuing(struct ledger *l, struct ledger_walk *ret, struct err *e) must_check;
int ledger_walk_admitted(struct ledger *l, struct ledger_walk *ret, uint64_t now,
    struct err *e) must_check;

/* Was this key of an issuing CA revoked? 1 or 0. */
int ledger_issuing_revoked(struct ledger *l, const uint8_t key[static 32],
    struct err *e) must_check;

/* An address in `p` that a certificate of a host gives it at `now`: 1, or 0. */
int ledger_held_within(struct ledger *l, struct ip *ret, struct prefix p, uint64_t now,
    struct err *e) must_check;

/*
 * Every certificate under which this office signs or signed, the first one first. ledger_ca_next()
 * until it is not 1, then ledger_end().
 */
int ledger_walk_cas(struct ledger *l, struct ledger_walk *ret, struct err *e) must_check;
int ledger_ca_next(struct ledger_walk *w, struct cert *ret, struct bundle_cert *object,
    struct err *e) must_check;

/* The keys of all but the newest go: after a rotation nothing needs them. */
int ledger_forget_keys(struct ledger *l, struct err *e) must_check;

/*
 * Rotations: the statement by which a root named its successor, and until when itself is believed.
 */
struct ledger_rotation {
	uint64_t until; /* Unix seconds */
	uint8_t fingerprint[32];
	size_t len;
	uint8_t object[ROTATION_MAX];
};

int ledger_add_rotation(struct ledger *l, const struct ledger_rotation *r,
    struct err *e) must_check;

/* In order: ledger_rotation_next() until it is not 1, then ledger_end(). */
int ledger_walk_rotations(struct ledger *l, struct ledger_walk *ret, struct err *e) must_check;
int ledger_rotation_next(struct ledger_walk *w, struct ledger_rotation *ret,
    struct err *e) must_check;

/*
 * Roots that are believed beside this one until `until`.
 */
int ledger_add_anchor(struct ledger *l, const struct cert *cert, const struct bundle_cert *object,
    uint64_t until, struct err *e) must_check;

/* Those that are at `now`: ledger_anchor_next() until it is not 1, then ledger_end(). */
int ledger_walk_anchors(struct ledger *l, struct ledger_walk *ret, uint64_t now,
    struct err *e) must_check;
int ledger_anchor_next(struct ledger_walk *w, struct cert *ret, struct bundle_cert *object,
    struct err *e) must_check;

/*
 * The charter that admitted this office, as it was written (core/bundle.h): its length, or 0 when
 * there is none.
 */
int ledger_charter(struct ledger *l, char *to, size_t cap, struct err *e) must_check;
int ledger_set_charter(struct ledger *l, const char *text, size_t len, struct err *e) must_check;

/* What signs here has the network's pre-shared key from that charter; NULL: there is none. */
int ledger_set_psk(struct ledger *l, const uint8_t *psk, struct err *e) must_check;

#endif
