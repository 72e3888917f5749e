/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_lists.h - what the next network state will list, from what the ledger knows.
 */
#ifndef CA_OFFICE_LISTS_H
#define CA_OFFICE_LISTS_H

#include "ca/office.h"
#include "core/netstate.h"

/* Begins as zeros. */
struct office_lists {
	struct netstate_range *ranges;
	struct netstate_key *keys;
	size_t cap; /* of both */
	uint32_t range_count;
	uint32_t key_count;
	struct netstate_ca cas[NETSTATE_ENTRIES_MAX];
	uint32_t ca_count;
	struct netstate_lighthouse lighthouses[NETSTATE_LIGHTHOUSES_MAX];
	uint32_t lighthouse_count;
};

/* What is revoked at `now`, and the lighthouses. Everything but the keys is sorted. */
int office_lists_fill(struct office *o, struct office_lists *d, uint64_t now,
    struct err *e) must_check;

/*
 * A state has room for so many entries. Serial numbers and CAs have to be in it (else ERR_FULL); keys
 * as far as there is room, in the order in which they are missed: those that another authority
 * certified, and could again, and then those of certificates that end last. This authority certifies
 * a revoked key never again, listed or not.
 */
int office_lists_fit(struct office_lists *d, struct err *e) must_check;

/* NULL is fine. */
void office_lists_free(struct office_lists *d);

#endif
