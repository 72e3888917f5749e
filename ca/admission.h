/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * admission.h - an organisation becomes an issuing CA of a network.
 *
 * It makes its own keys and applies with a CA certificate that they sign themselves, of the network
 * and of path length 0: that proves the key, and nobody believes it. The root answers with a
 * certificate for the same keys that says what they may sign, never more than the root itself may.
 * Pure, as authority.h is. docs/certificates.md, "Issuing CAs".
 */
#ifndef CA_ADMISSION_H
#define CA_ADMISSION_H

#include "ca/authority.h"
#include "core/bundle.h"

#define APPLICATION_LIFETIME	   (90ULL * 86400)  /* seconds, to be admitted in */
#define AUTHORITY_ISSUING_LIFETIME (365ULL * 86400) /* of an issuing CA, unless said otherwise */

/*
 * Keys for an issuing CA called `name`, and its application to the network of `root`. 0, with `keys`
 * for the caller to wipe; ERR_FORMAT for a name that is none, ERR_DENIED when `root` admits nobody,
 * ERR_EXPIRED; each with a sentence.
 */
int application_make(struct issued *ret, struct ca_keys *keys, const char *name,
    const struct cert *root, uint64_t now, const struct rng *rng, struct err *e) must_check;

/* Is this CA certificate, which is decoded, an application? Only a root else signs itself. */
bool application_is(const struct cert *c);

/* Does `ca` stand for more than an application? 0; ERR_DENIED with what is missing. */
int application_admitted(const struct cert *ca, struct err *e) must_check;

/* What the root's operator lets an issuing CA sign. */
struct admission {
	uint64_t lifetime;     /* of its certificate, seconds; 0: AUTHORITY_ISSUING_LIFETIME */
	uint64_t max_lifetime; /* of its hosts; 0: AUTHORITY_HOST_LIFETIME */
	bool flagged;	       /* `flags` was said; else CERT_ENROL, and GATEWAY where there are routes */
	uint32_t flags;	       /* CERT_* */
	const char *suffix;    /* of its hosts' names; "": any name; NULL: a dot and its own name */
	size_t range_count;
	struct prefix ranges[CERT_ADDRESSES_MAX];
	size_t route_count;
	struct prefix routes[CERT_ROUTES_MAX];
	size_t group_count;
	char groups[CERT_GROUPS_MAX][CERT_GROUP_LEN + 1];
	bool replace; /* admit anew who is admitted; what is not said above stays as it is */
	bool shared;  /* it may have addresses and names that another issuing CA has */
	bool draft;   /* for co-signers; what comes back is signed by none of them */
};

/* What the ledger knows of it. */
struct admission_facts {
	uint64_t now;	 /* Unix seconds */
	uint64_t serial; /* never used before */
	bool key_revoked;
	bool is_host;		     /* a host has this name */
	const struct cert *holder;   /* the newest valid certificate of that name, or NULL */
	const struct cert *admitted; /* all that are valid, also superseded ones */
	size_t admitted_count;
};

/*
 * The certificate with which `root` admits `application`, complete but for the signature. To admit
 * anew, the certificate that `f->holder` is does as well as an application. 0; ERR_AUTH when it
 * does not prove its key; ERR_CONFLICT when name, key, addresses or names are another's;
 * ERR_UNKNOWN for a replacement of nothing; ERR_REVOKED; ERR_EXPIRED; ERR_DENIED for what `root` may
 * not give or another network; ERR_FORMAT; each with a sentence.
 */
int admission_decide(struct cert *ret, const struct cert *root, const struct issued *application,
    const struct admission *a, const struct admission_facts *f, struct err *e) must_check;

/* The same, signed. ERR_DENIED too where co-signers would have to. */
int admission_sign(struct issued *ret, const struct cert *root, const struct ca_keys *keys,
    const struct issued *application, const struct admission *a, const struct admission_facts *f,
    struct err *e) must_check;

/*
 * Takes what co-signers signed in the place of admission_sign(): a whole certificate of an issuing CA,
 * that may have what others have if `shared`. As admission_decide(); ERR_AUTH when too few signed it;
 * ERR_SUPERSEDED when it is older than the one that is there.
 */
int admission_take(struct issued *ret, const struct cert *root, const struct bundle_cert *object,
    bool shared, const struct admission_facts *f, struct err *e) must_check;

#endif
