/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verdict.c - the ladder of symmetric NATs (docs/paths.md), from one side of it.
 */
#include "node/verdict.h"

#include <stdio.h>

static bool
is_easy(const struct netcheck *n)
{
	return n->nat.mapping == NAT_MAPPING_NONE || n->nat.mapping == NAT_MAPPING_ENDPOINT;
}

static const char *
of_easy(const struct netcheck *n)
{
	if (n->nat.filtering == NAT_FILTERING_ENDPOINT)
		return "Anybody can reach this host directly.";
	if (n->nat.filtering == NAT_FILTERING_ADDRESS)
		return "Paths to others are direct, whatever NAT they are behind.";
	return "Paths to most others are direct at once, to symmetric NATs after a moment: those "
	       "with sequential ports are predicted, those with random ones searched for.";
}

static const char *
of_hard(const struct netcheck *n)
{
	if ((n->nat.flags & (NAT_SEQUENTIAL | NAT_FIRST_KEEPS)) != 0)
		return "This is a symmetric NAT, whose ports can be predicted: paths are direct to "
		       "all but symmetric NATs with random ports, which need a relay.";
	return "This is a symmetric NAT: paths are direct to who lets in by address, after a "
	       "search of some seconds to other endpoint-independent NATs, and to symmetric NATs "
	       "they need a relay. A port that the router maps (UPnP, NAT-PMP, PCP) would help.";
}

static const char *
of_v4(const struct netcheck *n, bool mapped)
{
	if (n->nat.mapping == NAT_MAPPING_UNKNOWN)
		return "Nothing was measured over IPv4.";
	if (mapped && (!is_easy(n) || n->nat.filtering == NAT_FILTERING_PORT))
		return "The router maps a port, so that anybody can reach this host directly.";
	return is_easy(n) ? of_easy(n) : of_hard(n);
}

static const char *
plainly(char to[static VERDICT_TEXT_MAX], const char *text)
{
	snprintf(to, VERDICT_TEXT_MAX, "%s", text);
	return to;
}

const char *
verdict_text(char to[static VERDICT_TEXT_MAX], const struct netcheck *n, bool mapped)
{
	const char *v6 = "";

	if (n->udp == FACT_UNKNOWN)
		return plainly(to, "No lighthouse has answered, so nothing could be measured.");
	if (n->udp == FACT_NO)
		return plainly(to, "UDP gets no answer in this network: others are reached "
		    "through relays, over TCP.");
	if (n->v6 == FACT_YES && n->v6_translated == FACT_NO)
		v6 = " Over IPv6 it is direct to everybody who has it.";
	snprintf(to, VERDICT_TEXT_MAX, "%s%s", of_v4(n, mapped), v6);
	return to;
}

const char *
verdict_ports(char to[static VERDICT_TEXT_MAX], const struct netcheck *n)
{
	if ((n->nat.flags & NAT_SEQUENTIAL) != 0)
		snprintf(to, VERDICT_TEXT_MAX, "sequential, by %d", n->nat.step);
	else if ((n->nat.flags & NAT_FIRST_KEEPS) != 0)
		return plainly(to, "preserved for the first flow of a socket");
	else if ((n->nat.flags & NAT_BLOCK) != 0)
		snprintf(to, VERDICT_TEXT_MAX, "random in a block of %u from %u",
		    1u << n->nat.step, n->nat.base_port);
	else if (is_easy(n))
		return plainly(to, n->kept == FACT_YES ? "preserved" : "not preserved");
	else
		return plainly(to, n->nat.mapping == NAT_MAPPING_UNKNOWN ? "unknown" : "random");
	return to;
}

const char *
verdict_doubt(const struct netcheck *n)
{
	bool mapping = n->nat.mapping == NAT_MAPPING_ENDPOINT;
	bool filtering = n->nat.filtering == NAT_FILTERING_ADDRESS;

	if (n->lighthouses != 1 || (!mapping && !filtering))
		return NULL;
	return mapping && filtering ?
	    "One lighthouse answered: mapping and filtering may each be endpoint-independent or "
	    "address-dependent." :
	    mapping ?
	    "One lighthouse answered: the mapping may also be address-dependent." :
	    "One lighthouse answered: the filtering may also be endpoint-independent.";
}
