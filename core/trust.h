/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust.h - whom this engine believes.
 *
 * An engine belongs to one network and holds its root certificates. From outside come a host
 * certificate and, unless a root signed it, the certificate of the issuing CA; trust_verify says
 * whether the chain holds now, and until when. There is at most one CA between root and host.
 *
 * Signatures that were verified are not verified again: a bounded cache knows chains by the hash
 * of all their bytes, signatures included. Time is always looked at anew.
 *
 * The effective clock is the system's, or the newest issue time that was seen if that is later, so
 * that a machine whose clock fell back does not accept what has expired. What the operator gave
 * (roots, the own certificate) may set it forward; what comes from outside only up to what it says
 * already, or an issuing CA could turn everybody's clock until all other certificates have expired.
 *
 * There may be a network state (netstate.h), which revokes and which rotates roots. Whether a chain
 * is revoked is looked at every time, also for one that was verified before.
 */
#ifndef CORE_TRUST_H
#define CORE_TRUST_H

#include "core/base.h"
#include "core/cert.h"
#include "core/err.h"
#include "core/rng.h"
#include "core/state_id.h"

#define TRUST_ROOTS_MAX   4
#define TRUST_ISSUING_MAX 256  /* issuing CAs remembered; a chain that brings its own needs none */
#define TRUST_CACHE_MAX   8192 /* verified chains remembered */

struct netstate;

/* A host certificate that verified. */
struct verified {
	struct cert cert;
	uint64_t valid_from; /* Unix seconds: the intersection of the chain */
	uint64_t valid_until;
	bool issued_by_root;
	/* The roots that its issuer has followed, latest first: whose word the issuer's takes over. */
	uint32_t follows_count;
	uint8_t follows[TRUST_ROOTS_MAX - 1][16]; /* key ids */
	uint8_t issuing[CERT_CA_MAX]; /* the issuing CA's certificate that was used */
	size_t issuing_len;           /* 0: a root signed it */
};

struct trust;

/* Draws the keys of its hash tables from `rng`. NULL without memory. */
struct trust *trust_new(const struct rng *rng);
void trust_free(struct trust *t);

/*
 * Adds a CA certificate that the operator gave (bundle, own store): a root is believed because it
 * was given, an issuing CA must verify under a root that was added before it. The first root sets
 * the network. Adding it again changes nothing. 0; as trust_verify; ERR_DENIED with BREACH_NETWORK
 * for another network; ERR_FULL. `why` may be NULL.
 */
int
trust_add(struct trust *t, const uint8_t *ca, size_t len, usec_t wall, enum breach *why) must_check;

/*
 * Does the chain hold at `wall`? `issuing` is the issuing CA's certificate that came with it, or
 * NULL with length 0: then it must be signed by a root, or by an issuing CA that was seen before.
 *
 * 0, with everything in `ret`. ERR_VERSION, ERR_CANON: the encoding, see cert_decode. ERR_UNKNOWN:
 * the issuer is not known here. ERR_AUTH: a signature does not verify. ERR_DENIED: not permitted by
 * its issuer, of another network, or a chain that is none. ERR_NOT_YET, ERR_EXPIRED: by the
 * effective clock. ERR_REVOKED: by the network state, the host or a CA above it. `why` (may be
 * NULL) names the rule for ERR_CANON, ERR_VERSION and ERR_DENIED.
 */
int trust_verify(struct trust *t, const uint8_t *host, size_t host_len, const uint8_t *issuing,
    size_t issuing_len, usec_t wall, struct verified *ret, enum breach *why) must_check;

/*
 * The same for this host's own certificate, which is never too early: its issuer's clock is better
 * than one that says so, and sets it forward.
 */
int trust_own(struct trust *t, const uint8_t *host, size_t host_len, const uint8_t *issuing,
    size_t issuing_len, usec_t wall, struct verified *ret, enum breach *why) must_check;

/* Unix seconds by the effective clock. */
uint64_t trust_now(const struct trust *t, usec_t wall);

/* The newest issue time, to be remembered over a restart and given back. It never goes back. */
uint64_t trust_newest(const struct trust *t);
void trust_saw(struct trust *t, uint64_t unix_seconds);

/* The network's id, or NULL before the first root. */
const uint8_t *trust_network(const struct trust *t);

/*
 * Root `i` of the network: successors before the roots that they follow, else in the order of
 * their adding; NULL past the last. Valid until the next trust_add() or trust_state_install().
 */
const struct cert *trust_root(const struct trust *t, size_t i);

/*
 * The root that speaks for the network in the place of the one with this key id, through all
 * rotations that are known here: itself if it has no successor; NULL if it is no root. Valid as
 * that of trust_root().
 */
const struct cert *trust_heir(const struct trust *t, const uint8_t key_id[static 16]);

/* Are `a` and `b` key ids of one CA, or of roots of which one has followed the other? */
bool trust_same_line(const struct trust *t, const uint8_t a[static 16], const uint8_t b[static 16]);

/*
 * The newest issuing CA certificate seen with this key id: its bytes (valid until the next call
 * that is not const) and their number, or 0.
 */
size_t trust_issuing(const struct trust *t, const uint8_t key_id[static 16], const uint8_t **ret);

/* Is `ip` an address of the network, that is, in a range that a root permits? */
bool trust_in_overlay(const struct trust *t, struct ip ip);

/* Does `p` overlap a range of the network? */
bool trust_overlaps_overlay(const struct trust *t, struct prefix p);

/* The ranges of the network, each once, at most `max` of them; returns how many were written. */
size_t trust_overlay(const struct trust *t, struct prefix *to, size_t max);

/*
 * The network state
 */

/* Where a state blob stands beside what is installed. */
enum state_verdict {
	STATE_NEWER, /* a higher version, or there is none yet: to be installed */
	STATE_SAME,
	STATE_OLDER, /* believed, and not gone back to */
	STATE_FORK,  /* the same version with other words: its signer has signed twice */
};

/*
 * Verifies a state blob (netstate.h) as if from a stranger: its rotations from a root that is known
 * here, who signed it, and that they may. Changes nothing. An enum state_verdict, with the
 * state's identity in `ret_id` (may be NULL). Else negative: ERR_CANON and ERR_VERSION for the
 * encoding; ERR_UNKNOWN: signed by nobody known here; ERR_AUTH: a signature does not verify;
 * ERR_DENIED: of another network, or signed by who may not; ERR_EXPIRED: signed outside of its
 * signer's validity; ERR_REVOKED: its signer is revoked by the state that is installed; ERR_FULL:
 * no room for another root; -ENOMEM. `why` (may be NULL) as in trust_verify.
 *
 * A state never moves the clock forward, and one that has expired is still newer than an older
 * one: what is revoked stays so.
 */
int trust_state_judge(const struct trust *t, const uint8_t *blob, size_t len, usec_t wall,
    struct state_id *ret_id, enum breach *why) must_check;

/*
 * Judges it again, and from here on it is what trust_verify() goes by. Of its bytes nothing is
 * kept: whoever spreads the blob keeps it. 0, also for STATE_SAME; ERR_SUPERSEDED for STATE_OLDER;
 * ERR_CONFLICT for STATE_FORK; else as trust_state_judge, and nothing has changed.
 *
 * Afterwards whoever holds sessions asks trust_verify() about each: their chains are found in the
 * cache, so this is quick.
 */
int trust_state_install(struct trust *t, const uint8_t *blob, size_t len, usec_t wall,
    enum breach *why) must_check;

/* What is installed, until the next trust_state_install(); NULL: nothing. */
const struct netstate *trust_state(const struct trust *t);

/* Its identity; the version is 0 when nothing is. */
struct state_id trust_state_id(const struct trust *t);

/* How old the state is. */
enum state_age {
	STATE_NONE,    /* there is none */
	STATE_FRESH,   /* before its next_update */
	STATE_LATE,    /* past it: somebody may be keeping a newer one away */
	STATE_EXPIRED, /* past its end; it stays in force */
};

enum state_age trust_state_age(const struct trust *t, usec_t wall);

/* Are new sessions to be refused, because the state has expired and asks for that? */
bool trust_state_halts(const struct trust *t, usec_t wall);

#endif
