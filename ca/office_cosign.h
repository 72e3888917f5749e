/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_cosign.h - what co-signers are to sign for this office, and what it does with it then.
 *
 * Under a root that names co-signers the ledger changes as under any other; but what everybody is
 * to believe leaves as a draft and counts once it is back with enough signatures.
 * docs/certificates.md, section 15.
 */
#ifndef CA_OFFICE_COSIGN_H
#define CA_OFFICE_COSIGN_H

#include "ca/office_state.h"
#include "core/draft.h"

/*
 * A draft of a host's certificate, decided as office_sign() does and noted in the log, so that its
 * serial number is given to nobody else. It has the signature of the office's key if that is one of
 * the co-signers'. It counts for nothing before it comes back as commission.cosigned. draft_free().
 */
int office_draft_host(struct office *o, const struct ca_keys *keys, const struct order *order,
    struct draft *ret, struct err *e) must_check;

/* A draft of what office_issue() or office_draft_admission() made for one. draft_free(). */
int office_draft_issued(struct office *o, const struct ca_keys *keys, const struct issued *issued,
    struct draft *ret, struct err *e) must_check;

/*
 * The certificate that a draft becomes, for commission.cosigned or office_take_admission(). ERR_STATE
 * when there are too few signatures.
 */
int office_finish_cert(struct bundle_cert *ret, const struct draft *d, struct err *e) must_check;

/*
 * Is this draft the next certificate of a host that has one, for the same key or because the host
 * asked for it? 1 or 0. Such a draft takes nothing from the one before.
 */
int office_is_renewal(struct office *o, const struct draft *d, struct err *e) must_check;

/*
 * Stores it, and answers the host's request if that waits. As office_sign(); ERR_STATE when there
 * are too few signatures.
 */
int office_take_renewal(struct office *o, const struct draft *d, struct issued *ret,
    struct err *e) must_check;

/*
 * A draft of a state that says what the ledger does: in a transaction of its own, and in one of
 * the caller's. Its version is above that of every other draft.
 */
int office_draft_state(struct office *o, const struct ca_keys *keys, struct draft *ret,
    struct err *e) must_check;
int office_draft_state_now(struct office *o, const struct ca_keys *keys, uint64_t now,
    struct draft *ret, struct err *e) must_check;

/*
 * Could this draft of a state, with enough signatures, become the newest one? 0; ERR_DENIED when it
 * was made elsewhere; ERR_CONFLICT when it is installed, or another one is since it was made.
 */
int office_may_take_state(struct office *o, const struct draft *d, struct err *e) must_check;

/* Installs it. As office_may_take_state(); ERR_STATE when there are too few signatures. */
int office_take_state(struct office *o, const struct draft *d, struct proclaimed *ret,
    struct err *e) must_check;

/* A draft for any root whose own keys are `keys`, as office_draft_host() makes one. */
int office_make_draft(struct draft *ret, const struct bundle_cert *root, const struct ca_keys *keys,
    const uint8_t *object, size_t len, struct err *e) must_check;

#endif
