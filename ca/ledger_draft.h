/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_draft.h - which statements co-signers were asked to sign for everybody, and the root that
 * follows meanwhile.
 *
 * What comes back is taken only if it was made here, and two states that are on their way never have
 * the same version. docs/certificates.md, section 15.
 */
#ifndef CA_LEDGER_DRAFT_H
#define CA_LEDGER_DRAFT_H

#include "ca/ledger.h"
#include "core/netstate.h"
#include "core/rotation.h"

/* Notes a state. ERR_CONFLICT unless its version is above that of every other. */
int ledger_draft_put(struct ledger *l, const uint8_t fingerprint[static 32], uint64_t version,
    struct err *e) must_check;

/* Was it noted? 1 or 0. */
int ledger_draft_known(struct ledger *l, const uint8_t fingerprint[static 32],
    struct err *e) must_check;

/* The highest version that was noted; 0: none. */
int ledger_draft_version(struct ledger *l, uint64_t *ret, struct err *e) must_check;

/*
 * A root that is to follow: all of it, but that old and new co-signers have yet to say so. What they
 * sign stands here before its signatures (algorithm 3), what one key signs is whole.
 */
struct ledger_successor {
	struct bundle_cert root;
	uint8_t keyfile[KEYFILE_SIZE]; /* its keys, sealed */
	uint64_t until;		       /* Unix seconds, the last one of the root before */
	size_t statement_len;
	uint8_t statement[ROTATION_MAX];
	size_t state_len;
	uint8_t state[NETSTATE_MAX]; /* its first */
};

/* The one that waits, in the place of another; whether there is one: 1 or 0; and none any more. */
int ledger_put_successor(struct ledger *l, const struct ledger_successor *s,
    struct err *e) must_check;
int ledger_successor(struct ledger *l, struct ledger_successor *ret, struct err *e) must_check;
int ledger_drop_successor(struct ledger *l, struct err *e) must_check;

#endif
