/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delegation.h - what issuing CAs give is theirs: addresses and names that their root gives nobody.
 *
 * Everybody verifies that an issuing CA keeps to its own; that the root keeps away from there is up
 * to the root. Pure, as authority.h is. docs/certificates.md, "Issuing CAs".
 */
#ifndef CA_DELEGATION_H
#define CA_DELEGATION_H

#include "ca/numbers.h"

/* The issuing CAs below an authority. */
struct delegation {
	const struct cert *admitted;
	size_t count;
};

/* Who gives `ip`, or NULL. */
const struct cert *delegation_of_ip(const struct delegation *d, struct ip ip);

/* Who is called `name` or gives names that end as it does, or NULL. One that may give any has none. */
const struct cert *delegation_of_name(const struct delegation *d, const char *name);

/* What delegation_tenants() hands on; the caller keeps it. */
struct delegation_room {
	const struct delegation *delegation;
	const struct tenants *others;
};

/* `others`, and as if somebody held every address that an issuing CA gives. */
struct tenants delegation_tenants(struct delegation_room *room, const struct delegation *d,
    const struct tenants *others);

#endif
