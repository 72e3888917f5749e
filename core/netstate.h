/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netstate.h - the network state: what the authority says of everybody at once.
 *
 * Above all who is revoked. It is a signed object (object.h, kind 3) of the root, or of the one
 * issuing CA that holds its STATE flag. There is one at a time: a higher version takes the place of
 * a lower one, nobody goes back, and two of the same version are a fork, which is an alarm. Whether
 * it is believed is trust_state_judge()'s answer; here are its bytes and what they say. The format
 * is in docs/certificates.md, section 13.
 *
 * What travels and is kept is a state blob: the state, before it the rotations that lead from
 * earlier roots to the one that signed it, so that a node that slept through them can follow, and
 * the issuing CA's certificate if it is the signer:
 *
 *	[u16 len, rotation statement]*  [u16 len, CA certificate]  u16 len, state
 */
#ifndef CORE_NETSTATE_H
#define CORE_NETSTATE_H

#include "core/base.h"
#include "core/breach.h"
#include "core/bundle.h"
#include "core/err.h"
#include "core/state_id.h"

#define NETSTATE_ENTRIES_MAX     1000  /* ranges, keys and CAs together */
#define NETSTATE_LIGHTHOUSES_MAX 16
#define NETSTATE_MAX             61000 /* one object */
#define NETSTATE_ROTATIONS_MAX   4
#define NETSTATE_BLOB_MAX        65536

/* Certificates of hosts and of issuing CAs, by who signed them. */
struct netstate_range {
	uint8_t issuer[16]; /* key id */
	uint64_t first;     /* serial numbers; `last` is one of them */
	uint64_t last;
};

/* A key of a host, which no certificate helps any more. */
struct netstate_key {
	uint8_t key[32];
};

/* A CA by its key id: what it signed, and what an issuing CA below it signed, is revoked. */
struct netstate_ca {
	uint8_t key_id[16];
};

struct netstate_lighthouse {
	uint8_t key[32]; /* X25519 */
	struct bundle_lighthouse where; /* at least one endpoint; its cert is not looked at */
};

/*
 * Lists are sorted as their bytes compare, ranges by issuer and number; none has an entry twice, and
 * ranges that touch are one.
 */
struct netstate {
	uint8_t network[16];
	uint8_t issuer[16]; /* key id of the signer */
	uint64_t version;   /* max(that of the last one + 1, Unix seconds) */
	uint64_t issued;    /* Unix seconds */
	uint64_t expires;
	uint64_t next_update;   /* when another one is due: after `issued`, at most `expires` */
	uint8_t previous[32];   /* fingerprint of the state before; zeros: this is the first */
	uint8_t log_head[32];   /* of the authority's log; zeros: not said */
	uint64_t min_not_before; /* certificates of hosts from before are revoked; 0: none */
	bool required;           /* CERT_STATE_REQUIRED: no new sessions after `expires` */
	uint32_t lighthouse_count;
	const struct netstate_lighthouse *lighthouses;
	uint32_t range_count;
	const struct netstate_range *ranges;
	uint32_t key_count;
	const struct netstate_key *keys;
	uint32_t ca_count;
	const struct netstate_ca *cas;

	/* Set by netstate_decode and netstate_sign. */
	uint8_t fingerprint[32];
	void *lists; /* netstate_decode's memory, which netstate_free() frees */
};

/*
 * One whole object of kind 3; nothing is said about who signed it. 0, and then netstate_free() is
 * the caller's; ERR_VERSION, ERR_CANON with the rule in `why` (may be NULL); -ENOMEM.
 */
int netstate_decode(struct netstate *ret, const uint8_t *p, size_t len, enum breach *why) must_check;

/* Frees the lists of what was decoded and makes them empty. */
void netstate_free(struct netstate *s);

/*
 * Sorts, drops what is there twice and merges ranges, in place, for those who build a state. The
 * counts become smaller.
 */
void netstate_sort_ranges(struct netstate_range *ranges, uint32_t *count);
void netstate_sort_keys(struct netstate_key *keys, uint32_t *count);
void netstate_sort_cas(struct netstate_ca *cas, uint32_t *count);
void netstate_sort_lighthouses(struct netstate_lighthouse *lighthouses, uint32_t *count);

/* BREACH_LIST_ORDER, BREACH_RANGE or BREACH_NONE: may `next` stand behind `last` in a list? */
enum breach netstate_range_follows(const struct netstate_range *last,
    const struct netstate_range *next) must_check;

/*
 * Fills issuer and fingerprint of `s` (everything else set, lists sorted) under the Ed25519 key of
 * `seed` and writes the whole object. The number of bytes; ERR_CANON with the rule for what
 * netstate_decode would not take; ERR_FULL if `cap` is less; -ENOMEM.
 */
int netstate_sign(struct netstate *s, uint8_t *to, size_t cap, const uint8_t seed[static 32],
    enum breach *why) must_check;

/* The whole object with `signature` at the end; the issuer must be set. Else as netstate_sign. */
int netstate_encode(const struct netstate *s, uint8_t *to, size_t cap,
    const uint8_t signature[static OBJECT_SIGNATURE], enum breach *why) must_check;

struct state_id netstate_id(const struct netstate *s);

bool netstate_has_serial(const struct netstate *s, const uint8_t issuer[static 16], uint64_t serial);
bool netstate_has_key(const struct netstate *s, const uint8_t key[static 32]);
bool netstate_has_ca(const struct netstate *s, const uint8_t key_id[static 16]);

/* A state blob taken apart; everything points into it. */
struct netstate_part {
	const uint8_t *p;
	size_t len;
};

struct netstate_blob {
	uint32_t rotation_count;
	struct netstate_part rotations[NETSTATE_ROTATIONS_MAX];
	struct netstate_part ca; /* len 0: a root signed the state */
	struct netstate_part state;
};

/*
 * Parts, order and limits; what the parts say is not looked at. 0, or ERR_CANON with BREACH_BLOB or
 * BREACH_TOO_LONG.
 */
int netstate_blob_open(struct netstate_blob *ret, const uint8_t *p, size_t len,
    enum breach *why) must_check;

/* The one blob of these parts: its length, at most NETSTATE_BLOB_MAX, or ERR_FULL. */
int netstate_blob_write(uint8_t *to, size_t cap, const struct netstate_blob *b) must_check;

#endif
