/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_inherit.h - what a state that this authority signed once revokes, though the ledger forgot.
 *
 * A ledger that was restored does not know the certificates that were signed after the backup. So
 * the state is kept that was in force when it was restored, and its entries go into each state from
 * then on, until what they revoke would have expired.
 */
#ifndef CA_LEDGER_INHERIT_H
#define CA_LEDGER_INHERIT_H

#include "ca/ledger.h"
#include "core/netstate.h"

/* Keeps it until `until` (Unix seconds), in the place of an earlier one. */
int ledger_inherit(struct ledger *l, const uint8_t *object, size_t len, uint64_t until,
    struct err *e) must_check;

/* What holds at `now`: 1, and netstate_free() is the caller's; 0 when nothing is inherited. */
int ledger_inherited(struct ledger *l, struct netstate *ret, uint64_t now, struct err *e) must_check;

#endif
