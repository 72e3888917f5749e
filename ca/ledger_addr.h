/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_addr.h - whose an address is.
 *
 * An address belongs to one name until the last certificate that gives it to that name expires. Its
 * row stays afterwards and is marked as over, so that every address below the highest one has a row:
 * then the lowest free one is found without looking at those that are held.
 */
#ifndef CA_LEDGER_ADDR_H
#define CA_LEDGER_ADDR_H

#include "ca/ledger.h"
#include "ca/numbers.h"

/* For whom is asked, and when. */
struct ledger_tenancy {
	struct ledger *ledger;
	const char *name;
	uint64_t now;
};

/*
 * The addresses that other names hold, in a transaction that did ledger_expire() before. Keeps `of`
 * while it is used.
 */
struct tenants ledger_tenants(struct ledger_tenancy *of);

/* `cert` has `ip` from now on. ERR_CONFLICT when that is another's. */
int ledger_hold(struct ledger *l, struct ip ip, const struct cert *cert, uint64_t now,
    struct err *e) must_check;

/* Marks what is over. */
int ledger_release(struct ledger *l, uint64_t now, struct err *e) must_check;

#endif
