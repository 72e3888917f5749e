/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * members.h - every host certificate that this engine holds.
 *
 * One member for each static key, found by key, by name and by inner address. What is kept here
 * outlives sessions and restarts: the certificate, so that a peer can be reached while every
 * lighthouse is down, and the last TAI64N timestamp that its key used, so that an old initiation
 * stays old. A member goes when its certificate has expired, never before.
 *
 * Who may have a name or an address is decided here:
 *  - for one (issuer, name) the highest serial wins, also with another key: the issuer has spoken
 *    again; and a root's word takes over that of the roots that it has followed, whatever the
 *    serials. The earlier key keeps its member until it expires, for its timestamp, but no longer its
 *    name and addresses (member.superseded), and whoever has sessions with it ends them.
 *  - a lower serial than the one held for its (issuer, name) is ERR_SUPERSEDED.
 *  - a pin (core/pins.h) stands above that: what contradicts one is ERR_PINNED, whoever signed it.
 *  - everything else that claims the key, the name or an address of another live member, or of this
 *    host itself (members_reserve), is ERR_CONFLICT: who was here first stays.
 */
#ifndef CORE_MEMBERS_H
#define CORE_MEMBERS_H

#include "core/base.h"
#include "core/cert.h"
#include "core/outbox.h"
#include "core/pins.h"
#include "core/rng.h"
#include "core/trust.h"

#define MEMBERS_NODE_MAX       65536
#define MEMBERS_LIGHTHOUSE_MAX 1000000

#define MEMBER_TIMESTAMP_LEN 12
#define MEMBER_ROW_MAX       (1 + MEMBER_TIMESTAMP_LEN + 4 + CERT_HOST_MAX + CERT_CA_MAX)

struct member {
	uint8_t key[32];         /* the static key */
	uint8_t fingerprint[32]; /* of the host certificate */
	uint8_t issuer[16];
	uint64_t serial;
	uint64_t valid_from; /* of the chain, Unix seconds */
	uint64_t valid_until;
	uint32_t flags;  /* CERT_* */
	bool superseded; /* a newer certificate has its name; answers members_get only */
	char name[NAME_MAX_LEN + 1];
	uint8_t timestamp[MEMBER_TIMESTAMP_LEN]; /* last TAI64N accepted; zeros: none */
	uint16_t host_len;
	uint16_t issuing_len; /* 0: a root signed it */
	uint32_t index;       /* members' own: its place in the order */
	uint8_t *bytes;       /* host_len, then issuing_len */
};

static inline const uint8_t *
member_host(const struct member *m)
{
	return m->bytes;
}

/* NULL if a root signed it. */
static inline const uint8_t *
member_issuing(const struct member *m)
{
	return m->issuing_len > 0 ? m->bytes + m->host_len : NULL;
}

/* What the certificate says; it was verified when it came. */
void member_cert(const struct member *m, struct cert *ret);

struct members;

/* At most `limit` members. Draws the keys of its tables from `rng`. NULL without memory. */
struct members *members_new(const struct rng *rng, uint32_t limit);
void members_free(struct members *ms);

/*
 * Nobody else may have the key, name and addresses of `own`, this host's certificate, which is no
 * member. Takes the place of what was reserved before.
 */
void members_reserve(struct members *ms, const struct cert *own);

/*
 * What is pinned from now on. 1 when that is news and 0 when it is not; -ENOMEM, and nothing has
 * changed. Whoever is held against a pin stays until the caller has removed it
 * (members_against_pins(), members_drop()), and then calls members_revive().
 */
int members_pin(struct members *ms, const struct pin_list *list) must_check;
const struct pins *members_pins(const struct members *ms);

/*
 * Does a pin speak against `c`? Then that is noted with the pin, and said (TRACE_PIN_KEY,
 * TRACE_PIN_NAME), not too often; `o` may be NULL. 0 or ERR_PINNED.
 */
int members_against_pins(struct members *ms, const struct cert *c, uint64_t now,
    struct outbox *o) must_check;

/* Whoever was superseded, is pinned, and finds its name free has it again, and its addresses. */
void members_revive(struct members *ms);

/* What members_learn did. */
enum learned {
	LEARNED_NOTHING,  /* this certificate was here already */
	LEARNED_NEW,      /* a key not seen before */
	LEARNED_RENEWED,  /* a newer certificate for a key that was here */
	LEARNED_REPLACED, /* a new key, which took its name from an earlier one: `*loser` */
};

/*
 * Keeps a certificate that trust_verify accepted; `host` are its bytes. `now` is trust_now's. An
 * enum learned, with the member in `*ret` and, for LEARNED_REPLACED, in `*loser` the member that
 * was superseded. ERR_SUPERSEDED, ERR_CONFLICT (see above; `*loser` is then who has it, NULL: we
 * do), ERR_PINNED (which is noted with the pin, and said), ERR_FULL (after the expired ones were
 * removed), -ENOMEM. `ret` and `loser` may be NULL.
 *
 * A member stays where it is until it is removed, and a renewal changes it in place; it is removed
 * only when expired, by members_learn and members_expire, which have its row forgotten through `o`.
 * Whoever needs a member later keeps its key, not the pointer.
 */
int
members_learn(struct members *ms, const struct verified *v, const uint8_t *host, size_t host_len,
    uint64_t now, struct outbox *o, struct member **ret, struct member **loser) must_check;

/* By static key. Also a superseded one, also an expired one that was not yet removed. */
struct member *members_get(const struct members *ms, const uint8_t key[static 32]);
struct member *members_by_name(const struct members *ms, const char *name);
struct member *members_by_ip(const struct members *ms, struct ip ip);

/* For a door: the key of a live STOCK certificate, to which and from which type 1 is spoken. */
bool members_is_stock(const struct members *ms, const uint8_t key[static 32], uint64_t now);

/* `timestamp` was used by `m`'s key: kept if it is later than the one held. */
void members_stamp(struct member *m, const uint8_t timestamp[static MEMBER_TIMESTAMP_LEN]);

uint32_t members_count(const struct members *ms);

/*
 * Member `i` of members_count: in the order of arrival, but that the last one takes the place of
 * one that is removed. The same calls give the same order.
 */
struct member *members_at(const struct members *ms, uint32_t i);

/*
 * Looks at no more than `max` members, going round, removes those whose certificate expired before
 * `now`, and has their rows forgotten. Returns how many were removed.
 */
uint32_t members_expire(struct members *ms, uint64_t now, uint32_t max, struct outbox *o);

/* Removes `m`, whose certificate is revoked, and has its row forgotten. */
void members_drop(struct members *ms, struct member *m, struct outbox *o);

/* Appends the member's row (MEMORY_MEMBER) to `o`. */
void members_remember(const struct member *m, struct outbox *o);

/*
 * Takes a row back after a restart. It is parsed and verified like input from the network; one
 * that no longer holds is refused, and the caller may forget it. As members_learn and trust_verify;
 * also ERR_SHORT, ERR_EXCESS, ERR_FORMAT for the row itself.
 */
int members_recall(struct members *ms, struct trust *t, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len, usec_t wall, struct member **ret) must_check;

#endif
