/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_join.h - an organisation's office, from its application to its charter.
 *
 * It applies under the roots that its operator named, and believes no others: a charter is taken
 * only if each of its roots is one of those. From then on it is what the office stands on: its
 * bundles carry the charter's roots and lighthouses.
 * docs/certificates.md, "Issuing CAs".
 */
#ifndef CA_OFFICE_JOIN_H
#define CA_OFFICE_JOIN_H

#include "ca/office.h"

/*
 * The charter that this office stands on, in locked memory for the caller to sodium_free(); NULL,
 * and 0, where it is a root's or is not admitted.
 */
int office_standing(struct office *o, struct bundle **ret, struct err *e) must_check;

/*
 * The root under which this office signs: its own certificate, or the one that admitted it. `object`
 * may be NULL.
 */
int office_root(struct office *o, struct cert *ret, struct bundle_cert *object,
    struct err *e) must_check;

/*
 * Takes a charter that verifies (bundle_check_charter), also a newer one in the place of the one
 * that is there. `roots` are more roots that the operator names, after a rotation. `o` is what it
 * says afterwards. 0, or 1 when nothing but roots and lighthouses may have changed; ERR_DENIED when
 * it is for another key or network, or this office is a root's; ERR_UNKNOWN for a root that nobody
 * named here; ERR_SUPERSEDED when it is older than what is there; on failure nothing has happened.
 */
int office_join(struct office *o, const struct bundle *charter, const struct bundle_cert *roots,
    size_t root_count, struct err *e) must_check;

#endif
