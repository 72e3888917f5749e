/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * breach.h - the rules of signed objects, by name.
 *
 * An object is refused for one reason, and the reason is the first rule that it breaks: of its
 * encoding (core/cert.h), then of what its issuer may sign. Codes stay few, for programs; breaches
 * are many, for the person who has to find out what is wrong with a file.
 */
#ifndef CORE_BREACH_H
#define CORE_BREACH_H

#include "core/base.h"
#include "core/err.h"

/* The rule that an object breaks: of its encoding, then of what its issuer permits. */
enum breach {
	BREACH_NONE,
	BREACH_MAGIC,
	BREACH_KIND,          /* no such kind */
	BREACH_KIND_RESERVED, /* ERR_VERSION */
	BREACH_KIND_OTHER,    /* a known kind, but not one that belongs there */
	BREACH_ALG,           /* no such algorithm, or not for this kind */
	BREACH_RESERVED,      /* bytes 6 and 7 are not zero */
	BREACH_LENGTH,        /* the object's length is not what its header says */
	BREACH_TOO_LONG,      /* above CERT_HOST_MAX and its like */
	BREACH_FIELD_CUT,     /* a field runs past the end of the body */
	BREACH_ORDER,         /* tags not strictly ascending */
	BREACH_TAG,           /* an unknown tag that may not be ignored */
	BREACH_TAG_KIND,      /* a field that this kind does not have */
	BREACH_MISSING,       /* a field that this kind must have */
	BREACH_FIELD_LENGTH,  /* a field of another length than it has */
	BREACH_EMPTY_LIST,
	BREACH_LIST_LONG,  /* more entries than CERT_*_MAX */
	BREACH_LIST_ORDER, /* not sorted, or an entry twice */
	BREACH_SERIAL,     /* zero; of a network state its version */
	BREACH_TIME,       /* never valid, or beyond the year 9999 */
	BREACH_KEY,        /* low order, not on the curve, or not in its shortest form */
	BREACH_NAME,
	BREACH_PREFIX_LENGTH, /* above the bits of the family, or not whole in a host */
	BREACH_HOST_BITS,
	BREACH_ADDRESS,     /* loopback, multicast, link-local, v4-mapped, unspecified */
	BREACH_GROUP,       /* not a name, or "*" where it may not be */
	BREACH_FLAGS,       /* a bit without a meaning */
	BREACH_LIFETIME,    /* max lifetime zero */
	BREACH_PATH_LENGTH, /* above 1 */
	BREACH_SUFFIX,
	BREACH_TLS_PIN,    /* zero, or of who is no lighthouse */
	BREACH_COSIGNERS,  /* not 2 to 5 of them, or named by what is no root */
	BREACH_SIGNATURES, /* not 2 to 5 of co-signers, in the order of their keys */
	BREACH_RANGE,    /* of revoked serials: empty, or not merged with its neighbour */
	BREACH_ENDPOINT, /* of a lighthouse: none, or not in its one spelling */
	BREACH_ZERO,     /* zeros where a field that is left out would say the same */
	BREACH_NEW_ROOT, /* a rotation to what is no root, or to itself */
	BREACH_PARTIES,  /* of a study: none, or more than STUDY_PARTIES_MAX */
	BREACH_PARTY_TWICE, /* two with one name, key or address */
	BREACH_PORT,     /* of a party: zero */
	BREACH_BLOB,     /* what a state travels in: not [rotations] [issuing CA] state */

	BREACH_NOT_A_CA,      /* signed by what is no CA */
	BREACH_NOT_A_REQUEST, /* shown as a request, and is none */
	BREACH_NOT_A_HOST,    /* shown as a host's certificate, and is none */
	BREACH_NETWORK,       /* of another network than its issuer */
	BREACH_ISSUER,        /* names another issuer */
	BREACH_TOO_DEEP,      /* an issuing CA where the issuer may sign hosts only */
	BREACH_NOT_ADDRESS,   /* and what follows: the issuer may not give it */
	BREACH_NOT_ROUTE,
	BREACH_NOT_GROUP,
	BREACH_NOT_FLAG,
	BREACH_NOT_LIFETIME,
	BREACH_NOT_SUFFIX,
	BREACH_ROUTE_IN_OVERLAY, /* a route that overlaps the addresses of the network */
	BREACH_NOT_STATE,       /* a CA that may not sign the network state */
	BREACH_SUCCEEDED,       /* signed by a root that has been rotated */
	BREACH_OTHER_SUCCESSOR, /* a rotation to another root than the one that is known */
	BREACH_REVOKES_SIGNER,  /* a state that revokes who signed it */
	BREACH_COUNT,
};

/* "lacks a field that its kind must have": to stand after what names the object. Never NULL. */
const char *breach_phrase(enum breach b);

/* What to say of an answer `rc` (negative) that came with `b`: the rule, else err_phrase(rc). */
const char *breach_reason(int rc, enum breach b);

/*
 * Stores `b` in `why` (which may be NULL) and returns its code: 0 for BREACH_NONE, ERR_VERSION for
 * what is reserved, ERR_CANON for the rest of the encoding, ERR_DENIED for what the issuer may not.
 */
int breach_set(enum breach *why, enum breach b);

#endif
