/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ranges.c - which addresses a new network takes when nobody says.
 */
#include "cli/ranges.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>

#define PREFERRED 87 /* 10.87.0.0/16 */

/* Does an address of this machine lie in `p`? */
static bool
has_address(struct prefix p)
{
	struct ifaddrs *all, *i;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (i = all; i != NULL && !found; i = i->ifa_next) {
		const struct sockaddr_in *sin = (const void *)i->ifa_addr;

		if (sin != NULL && sin->sin_family == AF_INET)
			found = prefix_contains(p, ip_v4((const uint8_t *)&sin->sin_addr));
	}
	freeifaddrs(all);
	return found;
}

/* How many leading ones a mask has. */
static uint8_t
mask_length(uint32_t mask)
{
	return mask == 0 ? 0 : (uint8_t)(32 - __builtin_ctz(mask));
}

/* Does a route of this machine lead into `p`, other than one to everywhere or to all of 10/8? */
static bool
has_route(struct prefix p)
{
	FILE *f = fopen("/proc/net/route", "re");
	char line[256];
	bool found = false;

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
		unsigned to, mask;
		struct prefix r;

		/* Iface Destination Gateway Flags RefCnt Use Metric Mask, in memory's byte order */
		if (sscanf(line, "%*s %x %*x %*x %*u %*u %*u %x", &to, &mask) != 2)
			continue;
		r = (struct prefix){
			.ip = ip_v4((const uint8_t *)&to),
			.len = mask_length(ntohl(mask)),
		};
		found = r.len > 8 && prefix_overlap(r, p);
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static struct prefix
v4_range(unsigned second)
{
	const uint8_t b[4] = { 10, (uint8_t)second };

	return (struct prefix){ .ip = ip_v4(b), .len = 16 };
}

void
ranges_default(struct prefix ret[static 2], const struct rng *rng)
{
	uint8_t v6[16] = { 0xfd };

	rng_fill(rng, v6 + 1, 5);
	ret[0] = v4_range(PREFERRED);
	ret[1] = (struct prefix){ .ip = ip_v6(v6), .len = 48 };
	for (unsigned i = 0; i < 256; i++) {
		struct prefix p = v4_range((PREFERRED + i) % 256);

		if (has_address(p) || has_route(p))
			continue;
		ret[0] = p;
		return;
	}
}
