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

#include "ca/office_state.h"

/* Longer than a host's certificate lives, so that everybody has renewed before it ends. */
#define OFFICE_OVERLAP (AUTHORITY_HOST_LIFETIME + 30ULL * 86400)

struct rotating {
	uint64_t overlap;  /* seconds; 0: OFFICE_OVERLAP. Never longer than the old root lives. */
	uint64_t lifetime; /* of the new root, seconds; 0: AUTHORITY_ROOT_LIFETIME */
	struct secret secret; /* how the new keys rest; its psk is not looked at */
};

struct rotated {
	struct cert old;
	uint64_t until; /* Unix seconds, the last one of the old root */
	size_t invitations; /* that were withdrawn, because they name the old root */
	struct proclaimed state;
};

/*
 * Rotates. `o` is under the new root afterwards. What succession_sign() says; on failure nothing has
 * happened.
 */
int office_rotate(struct office *o, const struct ca_keys *keys, const struct rotating *r,
    struct rotated *ret, struct err *e) must_check;

#endif
