/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust_impl.h - what trust.c and trust_state.c share.
 */
#ifndef CORE_TRUST_IMPL_H
#define CORE_TRUST_IMPL_H

#include "core/netstate.h"
#include "core/table.h"
#include "core/trust.h"

#define DIGEST_LEN 32

/* A root, and whether another one has taken its place. */
struct root {
	struct cert cert;
	bool succeeded;
	uint64_t until;         /* the end of the overlap, if it has a successor */
	uint8_t successor[32];  /* its fingerprint */
};

struct roots {
	size_t count;
	struct root all[TRUST_ROOTS_MAX];
};

/* An issuing CA that verified. */
struct issuing {
	uint8_t key_id[16];
	uint64_t serial;
	uint64_t valid_until;
	size_t len;
	uint8_t bytes[CERT_CA_MAX];
};

/*
 * A chain that verified: its signatures and permissions, which neither time nor a network state
 * change. Whether it is revoked, and whether its root still counts, is looked at anew.
 */
struct chain {
	uint8_t digest[DIGEST_LEN]; /* of all its bytes */
	uint64_t valid_from;
	uint64_t valid_until;
	uint8_t root[16];        /* key id */
	uint64_t issuing_serial; /* 0: the root signed the host */
};

struct trust {
	struct roots roots;
	struct issuing *issuing; /* at most TRUST_ISSUING_MAX */
	size_t issuing_count;
	size_t issuing_room;
	struct table chains; /* digest -> struct chain */
	struct chain **ring; /* at most TRUST_CACHE_MAX; when that is full the oldest is at `next` */
	size_t ring_count;
	size_t ring_room;
	size_t next;
	uint64_t newest;
	bool has_state;
	struct netstate state;
};

struct root *trust_find_root(struct roots *roots, const uint8_t key_id[static 16]);

/* Fills in `v->follows` for its issuer. */
void trust_fill_follows(const struct trust *t, struct verified *v);

/* Decodes an issuing CA certificate and verifies it under one of `roots`, which comes back. */
int trust_verify_issuing(struct roots *roots, struct cert *ret, struct root **root,
    const uint8_t *ca, size_t len, enum breach *why) must_check;

/*
 * Is the host `c` revoked: by serial, key or age, or the issuing CA between it and the root with
 * this key id (`issuing_serial`, 0: there is none), or that root?
 */
bool trust_state_revokes(const struct netstate *s, const struct cert *c,
    const uint8_t root[static 16], uint64_t issuing_serial);

/* Is the issuing CA `ca` revoked, or the root that signed it? */
bool trust_state_revokes_ca(const struct netstate *s, const struct cert *ca);

#endif
