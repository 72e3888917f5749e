/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * succession.h - a root's successor: the same network, ranges and permissions under new keys.
 *
 * Pure, as authority.h is. docs/certificates.md, "Rotation".
 */
#ifndef CA_SUCCESSION_H
#define CA_SUCCESSION_H

#include "ca/authority.h"
#include "core/rotation.h"

struct succession {
	uint64_t now;	   /* Unix seconds */
	uint64_t until;	   /* the last one at which the old root is believed; at least `now` */
	uint64_t lifetime; /* seconds, of the new root; 0: AUTHORITY_ROOT_LIFETIME */
	uint64_t serial;   /* never used before */
	bool reseat;	   /* other co-signers than before: */
	struct cosigners cosigners; /* those, in any order, or none */
	bool cosigns;	   /* its own key is one of them, and not among these */
};

/*
 * Makes the root that follows `old`, with new keys, and the statement by which `old`, whose keys are
 * `old_keys`, names it: at most ROTATION_MAX bytes. The statement's length; ERR_EXPIRED when the old
 * root's word is worth nothing any more, ERR_DENIED for what is no root; each with a sentence. Under a
 * root with co-signers the statement counts for nothing yet: draft_make() takes it. `keys` are the
 * caller's to wipe.
 */
int succession_sign(struct issued *ret, struct ca_keys *keys, uint8_t statement[static ROTATION_MAX],
    const struct cert *old, const struct ca_keys *old_keys, const struct succession *s,
    const struct rng *rng, struct err *e) must_check;

#endif
