/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_rotate.h - the office goes on under a new root.
 *
 * The new root, the old one's statement about it, and a state of the network signed by the new one
 * are one transaction, and with it the old keys are gone: nothing needs them any more. Certificates
 * of the old root are good until they end or the overlap does; whoever renews gets one of the new.
 * docs/certificates.md, "Rotation".
 */
#ifndef CA_OFFICE_ROTATE_H
#define CA_OFFICE_ROTATE_H

#include "ca/office_cosign.h"

/* Longer than a host's certificate lives, so that everybody has renewed before it ends. */
#define OFFICE_OVERLAP (AUTHORITY_HOST_LIFETIME + 30ULL * 86400)

struct rotating {
	uint64_t overlap;  /* seconds; 0: OFFICE_OVERLAP. Never longer than the old root lives. */
	uint64_t lifetime; /* of the new root, seconds; 0: AUTHORITY_ROOT_LIFETIME */
	struct secret secret; /* how the new keys rest; its psk is not looked at */
	bool reseat;	   /* other co-signers than before: */
	struct cosigners cosigners; /* those, in any order, or none */
	bool cosigns;	   /* the new root's own key is one of them, and not among these */
};

struct rotated {
	struct cert old;
	uint64_t until; /* Unix seconds, the last one of the old root */
	size_t invitations; /* that were withdrawn, because they name the old root */
	struct proclaimed state;
	size_t draft_count; /* 0: it is done */
	struct draft drafts[2]; /* what co-signers have to sign first; draft_free() each */
};

/*
 * Rotates. `o` is under the new root afterwards. What succession_sign() says; on failure nothing has
 * happened. Where the old root or the new one has co-signers nothing changes yet: `ret` has what they
 * are to sign, the statement for the old ones and the first state for the new ones, and the new root
 * waits in the ledger, in the place of another one that did.
 */
int office_rotate(struct office *o, const struct ca_keys *keys, const struct rotating *r,
    struct rotated *ret, struct err *e) must_check;

/* Is `root` the one that waits? 1 or 0. */
int office_is_successor(struct office *o, const struct cert *root, struct err *e) must_check;

/*
 * Rotates to the root that waits, with what co-signers signed of it. ERR_UNKNOWN when none waits;
 * ERR_STATE when there are too few signatures; ERR_CONFLICT when a draft is missing, or another
 * state was signed since. On failure nothing has happened.
 */
int office_take_rotation(struct office *o, const struct draft *drafts, size_t count,
    struct rotated *ret, struct err *e) must_check;

#endif
