/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_revoke.h - ending certificates before their time.
 *
 * What is revoked and the state that says so are one transaction: after it there is a state that
 * lists it, before it nothing has happened. docs/certificates.md, section 13.
 */
#ifndef CA_OFFICE_REVOKE_H
#define CA_OFFICE_REVOKE_H

#include "ca/office_cosign.h"

/* Whose certificates end. One of these is set. */
struct revoking {
	const char *name;	       /* all of this host, or of this issuing CA */
	uint64_t serial;	       /* this one */
	const struct bundle_cert *cert; /* this one, which another authority of the network issued */
	uint64_t before;	       /* all that was signed before, Unix seconds */
};

#define REVOKED_MAX 16 /* shown of one revocation */

struct revoked {
	size_t count; /* of certificates that ended; the first REVOKED_MAX of them are here */
	struct bundle_cert certs[REVOKED_MAX];
	bool invitation; /* an open one was withdrawn too */
	bool proclaimed; /* a state that says so was signed; */
	bool drafted;    /* or is to be signed by co-signers; else only the root can */
	struct proclaimed state;
	struct draft draft; /* of that state, if it is drafted; draft_free() is the caller's */
};

/*
 * Could `r` be revoked? 0; ERR_UNKNOWN when there is nothing valid to revoke, ERR_DENIED for what
 * only another authority may; so that nobody types a passphrase for nothing.
 */
int office_may_revoke(struct office *o, const struct revoking *r, struct err *e) must_check;

/*
 * Revokes all `count` of them, and signs or drafts one state. What office_may_revoke() and
 * office_state_sign() say; on failure nothing has happened.
 */
int office_revoke(struct office *o, const struct ca_keys *keys, const struct revoking *r,
    size_t count, struct revoked *ret, struct err *e) must_check;

#endif
