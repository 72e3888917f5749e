/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authority.h - what an authority signs, and what it refuses to.
 *
 * Pure: facts in, objects out. The office brings what the ledger knows at this moment, the
 * authority decides, and the office stores the result in the same transaction. Nothing is signed
 * that its own verification would refuse.
 */
#ifndef CA_AUTHORITY_H
#define CA_AUTHORITY_H

#include "ca/delegation.h"
#include "ca/keyfile.h"
#include "ca/numbers.h"
#include "core/bundle.h"
#include "core/cert.h"
#include "core/err.h"
#include "core/rng.h"

#define AUTHORITY_ROOT_LIFETIME (10ULL * 365 * 86400)
#define AUTHORITY_HOST_LIFETIME (90ULL * 86400)

/* Ranges of one network, both families together. */
#define AUTHORITY_RANGES_MAX 8

/* A network that is to be; or, with `root`, an issuing CA of one, of which the name counts. */
struct founding {
	char name[NAME_MAX_LEN + 1];
	uint64_t now;	   /* Unix seconds */
	uint64_t lifetime; /* seconds, 0: AUTHORITY_ROOT_LIFETIME */
	size_t range_count; /* at least 1 */
	struct prefix ranges[AUTHORITY_RANGES_MAX];
	struct cosigners cosigners; /* who signs with it, in any order; or none */
	bool cosigns;               /* its own key is one of them, and not among these */
	struct bundle_cert root;    /* of the network that an issuing CA applies to; or none */
};

/* A certificate as bytes, and what they say. */
struct issued {
	struct cert cert;
	size_t len;
	uint8_t bytes[CERT_MAX];
};

/*
 * Makes a root with new keys and a new network id. 0; ERR_FORMAT with a sentence when `f` is not a
 * network that can be.
 */
int authority_found(struct issued *ret, struct ca_keys *keys, const struct founding *f,
    const struct rng *rng, struct err *e) must_check;

/*
 * Gives the root `c` these co-signers, in any order, and its own key as one of them if `own`. 0, or
 * ERR_FULL.
 */
int authority_seat(struct cert *c, const struct cosigners *of, bool own,
    struct err *e) must_check;

/* Do these keys belong to this CA certificate? */
bool authority_owns(const struct cert *ca, const struct ca_keys *keys);

/* What the operator wants signed. */
struct order {
	char name[NAME_MAX_LEN + 1];
	uint8_t key[32];	/* X25519, of the host */
	uint8_t old_key[32];	/* of a renewal: the key that `key` takes the place of; zeros: of none */
	uint8_t tls_pin[32];	/* for who becomes a lighthouse; zeros: not known */
	uint32_t flags;		/* CERT_*; GATEWAY comes with routes */
	bool replace;		/* take the place of the live certificate of that name */
	bool draft;		/* for co-signers; what comes back is signed by none of them */
	bool renew;		/* the same, and it stays valid until its end: no host changed */
	uint64_t lifetime;	/* seconds, 0: AUTHORITY_HOST_LIFETIME, of a renewal as before */
	size_t address_count;	/* those asked for; families that are missing are allocated */
	struct ip addresses[CERT_ADDRESSES_MAX];
	size_t route_count;
	struct prefix routes[CERT_ROUTES_MAX];
	size_t group_count;
	char groups[CERT_GROUPS_MAX][CERT_GROUP_LEN + 1];
};

/* What the ledger knows of it. */
struct facts {
	uint64_t now;		   /* Unix seconds */
	uint64_t serial;	   /* the next one, never used before */
	const struct cert *holder; /* the live certificate of that name, or NULL */
	const char *key_holder;	   /* another name that an unexpired certificate gives this key */
	bool key_revoked;	   /* nobody may have this key again */
	const struct cert *root;   /* of the network; NULL: the authority itself */
	struct tenants tenants;	   /* the addresses of unexpired certificates of other names */
	struct delegation delegated; /* what issuing CAs below give */
};

/*
 * May this name have a certificate now? Looks at nothing of `facts` but `holder`. 0, ERR_FORMAT,
 * ERR_CONFLICT, or ERR_UNKNOWN for a replacement of nothing.
 */
int authority_may_name(const struct order *order, const struct facts *facts,
    struct err *e) must_check;

/*
 * Signs. A replacement inherits addresses, routes, groups and roles that the order does not name.
 * 0; ERR_CONFLICT when name, key or an address belongs to another; ERR_FULL when no address is
 * free; ERR_FORMAT or ERR_DENIED for what no CA or not this one may sign, or not alone; each with a
 * sentence.
 */
int authority_sign(struct issued *ret, const struct cert *ca, const struct ca_keys *keys,
    const struct order *order, const struct facts *facts, struct err *e) must_check;

/*
 * Takes what co-signers signed in the place of authority_sign(): a whole host certificate, of which
 * name and key are the order's. As authority_sign(); ERR_AUTH when too few signed it; ERR_EXPIRED.
 */
int authority_take(struct issued *ret, const struct cert *ca, const uint8_t *object, size_t len,
    const struct order *order, const struct facts *facts, struct err *e) must_check;

#endif
