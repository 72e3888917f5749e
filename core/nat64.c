/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat64.c - IPv4 as a network sees it that has only IPv6 and translates (RFC 6052, 7050).
 */
#include "core/nat64.h"

/* Where the IPv4 address begins; octet 8 is always zero (RFC 6052, 2.2). */
#define EMBEDDED 12
#define U_OCTET	 8

static const uint8_t well_known[16] = { 0x00, 0x64, 0xff, 0x9b };

/* What ipv4only.arpa is in IPv4 (RFC 7050, 8.2). */
static const uint8_t known[2][4] = { { 192, 0, 0, 170 }, { 192, 0, 0, 171 } };

struct ip
nat64_well_known(void)
{
	return ip_v6(well_known);
}

int
nat64_prefix(struct ip *ret, struct ip answer)
{
	struct ip prefix = answer;

	if (answer.family != FAMILY_V6 || answer.b[U_OCTET] != 0 ||
	    (memcmp(answer.b + EMBEDDED, known[0], 4) != 0 &&
		memcmp(answer.b + EMBEDDED, known[1], 4) != 0))
		return ERR_UNKNOWN;
	memset(prefix.b + EMBEDDED, 0, 4);
	if (ip_class(prefix) != ADDR_CLASS_PUBLIC && ip_class(prefix) != ADDR_CLASS_PRIVATE)
		return ERR_UNKNOWN;
	*ret = prefix;
	return 0;
}

int
nat64_endpoint(struct addr *ret, struct ip prefix, const struct addr *v4)
{
	if (v4->family != FAMILY_V4 || addr_class(v4) != ADDR_CLASS_PUBLIC)
		return ERR_UNKNOWN;
	memcpy(prefix.b + EMBEDDED, v4->ip, 4);
	*ret = addr_from_ip(prefix, v4->port);
	return 0;
}
