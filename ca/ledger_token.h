/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_token.h - invitations: certificates that are promised to whoever has a token.
 *
 * An invitation is good for one certificate. The tables hold that, whatever runs at the same time:
 * it is used in the transaction that keeps its certificate, and only an open one can be. What it
 * needs to be recognized and answered by is kept until it expires, so that a host whose answer was
 * lost can ask again, and then it is wiped. docs/certificates.md, "Invitations".
 */
#ifndef CA_LEDGER_TOKEN_H
#define CA_LEDGER_TOKEN_H

#include "ca/authority.h"
#include "ca/ledger.h"
#include "core/token.h"

enum token_status {
	TOKEN_OPEN,
	TOKEN_USED,
	TOKEN_WITHDRAWN,
	TOKEN_EXPIRED, /* before anybody used it */
};

const char *token_status_name(enum token_status s);

struct ledger_token {
	struct token_keys keys;	/* its id; the keys are zeros once they are wiped */
	uint8_t lighthouse[32];	/* static key of the one that it leads to */
	bool approve;		/* a person has to say yes to the host's key */
	uint64_t made;		/* Unix seconds */
	uint64_t expires;	/* the last one at which it is good */
	struct order order;	/* what the certificate will say, but for the key */
	enum token_status status;
	uint64_t serial;	/* of its certificate; 0: it has none */
};

/* Keeps an open invitation. ERR_CONFLICT when its name has one that is open, or its id is known. */
int ledger_token_add(struct ledger *l, const struct ledger_token *t, struct err *e) must_check;

/* The invitation with this id: 1; 0 when there never was one. */
int ledger_token_find(struct ledger *l, struct ledger_token *ret,
    const uint8_t id[static TOKEN_ID_LEN], struct err *e) must_check;

/* The open one of `name`: 1, or 0. */
int ledger_token_open(struct ledger *l, struct ledger_token *ret, const char *name,
    struct err *e) must_check;

/* It became the certificate `serial`, which is in the ledger. ERR_CONFLICT unless it is open. */
int ledger_token_use(struct ledger *l, const uint8_t id[static TOKEN_ID_LEN], uint64_t serial,
    struct err *e) must_check;

/* Nobody can use it any more, and its keys are wiped. ERR_CONFLICT unless it is open. */
int ledger_token_withdraw(struct ledger *l, const uint8_t id[static TOKEN_ID_LEN],
    struct err *e) must_check;

/* Those whose time is over are no longer open, and the keys of all of them are wiped. */
int ledger_token_expire(struct ledger *l, uint64_t now, struct err *e) must_check;

/* How many have their keys at `now`: who shows one of these is answered. */
int ledger_tokens_standing(struct ledger *l, int64_t *ret, uint64_t now, struct err *e) must_check;

/* All of them, oldest first: ledger_token_next() until it is not 1, then ledger_end(). */
int ledger_walk_tokens(struct ledger *l, struct ledger_walk *ret, struct err *e) must_check;
int ledger_token_next(struct ledger_walk *w, struct ledger_token *ret, struct err *e) must_check;

#endif
