/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netcheck.h - what is known of the network that this node is in, in the words of RFC 4787.
 *
 * All of it is measured with the help of lighthouses, and none of it is believed for long: it is
 * measured again after every change of the network and every ten minutes.
 */
#ifndef NODE_NETCHECK_H
#define NODE_NETCHECK_H

#include "core/addr.h"
#include "core/base.h"
#include "core/wire.h"

#define NETCHECK_PUBLIC_MAX 4 /* addresses that one NAT is seen to have */

enum netcheck_fact {
	FACT_UNKNOWN,
	FACT_NO,
	FACT_YES,
};

struct netcheck {
	usec_t measured_at;          /* mono; 0: not yet in this network */
	enum netcheck_fact udp;      /* FACT_NO: no lighthouse answers over UDP */
	unsigned lighthouses;        /* that answered over IPv4; one alone cannot tell everything */
	struct nat nat;              /* IPv4's; what others are told of us is mesh.nat */
	enum netcheck_fact kept;     /* the outside port is the inside port */
	enum netcheck_fact hairpin;
	uint8_t hops;                /* the opening TTL: the least that passes our own outermost
	                                filter, 0: not known */
	struct addr public[NETCHECK_PUBLIC_MAX]; /* as lighthouses see the main socket */
	uint8_t public_count;
	uint8_t life_s;              /* a mapping was seen to live that long; 0: not measured */
	uint8_t life_below_s;        /* and not that long; 0: no limit was found */
	enum netcheck_fact v6;       /* lighthouses answer over IPv6 */
	enum netcheck_fact v6_translated;
	enum nat_filtering v6_filtering; /* NAT_FILTERING_UNKNOWN: not measured */
};

#endif
