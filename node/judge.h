/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.h - what follows from how lighthouses saw us: mapping and port allocation of a NAT
 * (RFC 4787, sections 4.1 and 4.2).
 */
#ifndef NODE_JUDGE_H
#define NODE_JUDGE_H

#include "core/addr.h"
#include "core/wire.h"

/* How one socket was seen at each port of two servers; FAMILY_NONE: not answered. */
struct sightings {
	struct addr at[2][2]; /* [server][second port] */
	bool own;             /* everywhere at an address of the machine itself */
};

/*
 * NAT_MAPPING_*. Of one server the answer is NAT_MAPPING_ENDPOINT also where the mapping is
 * address-dependent, which is rare, and NAT_MAPPING_PORT where nothing tells it from that.
 */
enum nat_mapping judge_mapping(const struct sightings *s);

#define JUDGE_PORTS_MAX 16

/* A new mapping: the port inside, the port that it was given, and the order of asking. */
struct allocation {
	uint16_t inside; /* 0: not known */
	uint16_t outside;
	bool first; /* of its socket */
	bool late;  /* asked more than once, so that its place in the order is not certain */
};

/*
 * How ports are allocated, into flags, step and base_port of `nat` (docs/protocol.md, "NAT
 * descriptor"), given `n` mappings in the order in which they were asked for. None of the flags:
 * at random, or too little was answered.
 */
void judge_ports(struct nat *nat, const struct allocation *all, unsigned n);

#endif
