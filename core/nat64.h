/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat64.h - IPv4 as a network sees it that has only IPv6 and translates (RFC 6052, 7050).
 *
 * The network has a prefix, and an IPv4 address is reached at the prefix with that address in its
 * last 32 bits. Prefixes of /96 are understood, which all but a few are.
 */
#ifndef CORE_NAT64_H
#define CORE_NAT64_H

#include "core/addr.h"

/* The name that only a translating network has an IPv6 address for. */
#define NAT64_NAME "ipv4only.arpa"

/* 64:ff9b::/96, where nobody has said anything else. */
struct ip nat64_well_known(void);

/*
 * The prefix in an address of NAT64_NAME, its last 32 bits zero. 0, or ERR_UNKNOWN when `answer` is
 * not made of one of the two addresses that the name has in IPv4, or the prefix is not a /96.
 */
int nat64_prefix(struct ip *ret, struct ip answer) must_check;

/*
 * An IPv4 endpoint behind `prefix`. 0; ERR_UNKNOWN for what is no public IPv4 address, which the
 * translator would not know.
 */
int nat64_endpoint(struct addr *ret, struct ip prefix, const struct addr *v4) must_check;

#endif
