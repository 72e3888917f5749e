/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_draft.h - which statements co-signers were asked to sign for everybody.
 *
 * What comes back is taken only if it was made here, and two states that are on their way never have
 * the same version. docs/certificates.md, section 15.
 */
#ifndef CA_LEDGER_DRAFT_H
#define CA_LEDGER_DRAFT_H

#include "ca/ledger.h"

/* Notes a state. ERR_CONFLICT unless its version is above that of every other. */
int ledger_draft_put(struct ledger *l, const uint8_t fingerprint[static 32], uint64_t version,
    struct err *e) must_check;

/* Was it noted? 1 or 0. */
int ledger_draft_known(struct ledger *l, const uint8_t fingerprint[static 32],
    struct err *e) must_check;

/* The highest version that was noted; 0: none. */
int ledger_draft_version(struct ledger *l, uint64_t *ret, struct err *e) must_check;

#endif
