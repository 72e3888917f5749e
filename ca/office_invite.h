/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_invite.h - an authority invites hosts.
 *
 * An invitation is a promise: one certificate, of a name and with a content that are fixed now, for
 * whoever shows its token first. Nothing is signed, so making one needs no passphrase.
 * docs/certificates.md, "Invitations".
 */
#ifndef CA_OFFICE_INVITE_H
#define CA_OFFICE_INVITE_H

#include "ca/ledger_token.h"
#include "ca/office.h"

#define INVITE_LIFETIME	    (24ULL * 3600) /* seconds */
#define INVITE_LIFETIME_MAX (366ULL * 86400)

/*
 * So many stand at once, since a node offers no more to its lighthouses: those that are open, and
 * those that were used and have not expired, whose hosts may ask again.
 */
#define INVITATIONS_MAX 1024

struct invitation {
	struct order order;	/* name and content; its key is not looked at */
	bool approve;		/* a person has to say yes to the host's key */
	uint64_t lifetime;	/* seconds, 0: INVITE_LIFETIME */
	char lighthouse[NAME_MAX_LEN + 1]; /* that the token leads to; "": the oldest live one */
};

/*
 * Makes an invitation, and its token, which is not kept: token_wipe() it. 0; ERR_CONFLICT when the
 * name has a live certificate or an open invitation; ERR_UNKNOWN when there is no lighthouse, or
 * not this one; ERR_FULL when INVITATIONS_MAX stand; ERR_FORMAT or ERR_DENIED for what this
 * authority would not sign.
 */
int office_invite(struct office *o, const struct invitation *i, struct token *ret,
    struct err *e) must_check;

/* Nobody can use the open invitation of `name` any more. ERR_UNKNOWN when it has none. */
int office_uninvite(struct office *o, const char *name, struct err *e) must_check;

#endif
