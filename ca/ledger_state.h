/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_state.h - the network's state, as it was last signed, and what the next one will list.
 *
 * Of states the newest is kept; the log has the fingerprint of each that was signed. What is
 * revoked is not a list of its own but the status of certificates, so that the two cannot differ.
 */
#ifndef CA_LEDGER_STATE_H
#define CA_LEDGER_STATE_H

#include "ca/ledger.h"

#define LEDGER_STATE_MAX     65536 /* the object */

struct ledger_state {
	uint64_t version;
	uint8_t fingerprint[32];
	size_t len;
	uint8_t object[LEDGER_STATE_MAX];
};

/* The newest: 1; 0 when none was ever signed. */
int ledger_state(struct ledger *l, struct ledger_state *ret, struct err *e) must_check;

/* Takes its place. ERR_CONFLICT unless its version is higher. */
int ledger_state_put(struct ledger *l, const struct ledger_state *s, struct err *e) must_check;

/* What states say beside what is revoked. */
struct ledger_policy {
	uint64_t min_not_before; /* Unix seconds: what was signed before is revoked; 0: nothing */
	bool state_required;	 /* nodes refuse new sessions when the state has expired */
};

int ledger_policy(struct ledger *l, struct ledger_policy *ret, struct err *e) must_check;
int ledger_set_policy(struct ledger *l, const struct ledger_policy *p, struct err *e) must_check;

/* Something that is revoked and would else be valid. */
struct ledger_revoked {
	bool ca;      /* an issuing CA: by its key, and everything below it */
	bool key_too; /* of a host: its key as well as the serial number */
	struct cert cert;
};

/*
 * All of it at `now`, CAs first, then what others issued, and what ends last before what ends first:
 * ledger_revoked_next() until it is not 1, then ledger_end().
 */
int ledger_walk_revoked(struct ledger *l, struct ledger_walk *ret, uint64_t now,
    struct err *e) must_check;
int ledger_revoked_next(struct ledger_walk *w, struct ledger_revoked *ret,
    struct err *e) must_check;

/* Is this key of a host revoked, whatever certificate had it? 1 or 0. */
int ledger_key_revoked(struct ledger *l, const uint8_t key[static 32], struct err *e) must_check;

/* Has another certificate than `serial`, which is valid at `now`, this key? 1 or 0. */
int ledger_key_shared(struct ledger *l, const uint8_t key[static 32], uint64_t serial,
    uint64_t now, struct err *e) must_check;

/* Revokes a certificate of the network that another authority issued. ERR_CONFLICT when it is. */
int ledger_disown(struct ledger *l, const struct cert *cert, const struct bundle_cert *object,
    struct err *e) must_check;

#endif
