/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_retire.h - the end of a key that its host has changed for another.
 *
 * Who changes its key may do so because somebody else has the old one. So the old key's certificates
 * are revoked, with the key, as soon as it is certain that the host has its new certificate: when it
 * names that in a request. Not before, for it would be nobody until then. docs/certificates.md,
 * "Renewal".
 */
#ifndef CA_OFFICE_RETIRE_H
#define CA_OFFICE_RETIRE_H

#include "ca/office_clerk.h"

/* Keys of one host that states list. A host that changes its key all day crowds out nobody. */
#define RETIRED_MAX 8

/*
 * The host of `live`, which is its name's newest, has it: what it had under other keys is revoked,
 * in the caller's transaction. The state that says so is signed at once where that can be, and
 * `ret->state` is true then. 0, also when there was nothing left to revoke or no room for it.
 */
int office_retire(const struct clerk *c, const struct cert *live, struct clerk_answer *ret,
    struct err *e) must_check;

#endif
