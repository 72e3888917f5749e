/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_admit.h - a root's office admits issuing CAs, and hands out their charters.
 *
 * A charter (bundle_read_charter) is all that an organisation's office needs to certify hosts: the
 * roots, its certificate, the lighthouses, the network's pre-shared key. It holds no private key, so
 * unlike a host's file it can be made anew from the ledger at any time.
 * docs/certificates.md, "Issuing CAs".
 */
#ifndef CA_OFFICE_ADMIT_H
#define CA_OFFICE_ADMIT_H

#include "ca/admission.h"
#include "ca/office.h"

/* What admission_decide() would say now, so that nobody types a passphrase for nothing. */
int office_may_admit(struct office *o, const struct issued *application, const struct admission *a,
    struct err *e) must_check;

/* Signs and stores. What admission_sign() says; on failure nothing has happened. */
int office_admit(struct office *o, const struct ca_keys *keys, const struct issued *application,
    const struct admission *a, struct issued *ret, struct err *e) must_check;

/*
 * Where co-signers sign: what office_admit() would, for draft_make(), and noted in the log, so that
 * its serial number is given to nobody else; and its storing once enough have signed, which may
 * overlap with what others have if `shared`.
 */
int office_draft_admission(struct office *o, const struct ca_keys *keys,
    const struct issued *application, const struct admission *a, struct issued *ret,
    struct err *e) must_check;
int office_take_admission(struct office *o, const struct bundle_cert *cosigned, bool shared,
    struct issued *ret, struct err *e) must_check;

/*
 * The charter of the issuing CA `name`: text without NUL, at most BUNDLE_TEXT_MAX, that may hold
 * the network's pre-shared key. Its length; ERR_UNKNOWN when nobody of that name is admitted.
 */
int office_charter(struct office *o, char *to, const char *name, struct err *e) must_check;

/*
 * The issuing CAs that this office admitted and that are valid at `now`, superseded certificates
 * too: in fresh memory that the caller frees, or NULL when there are none.
 */
int office_admitted(struct office *o, struct cert **ret, size_t *count, uint64_t now,
    struct err *e) must_check;

#endif
