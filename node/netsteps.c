/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netsteps.c - the steps of a measurement: what each asks, and what follows from the answers.
 *
 *	STEP_MAIN -> STEP_PORTS -> STEP_FILTERING -> STEP_HOPS -> STEP_HAIRPIN
 *
 * What peers wait for comes first. A step that has nothing to find out is passed over.
 */
#include "node/judge.h"
#include "node/netcheck_impl.h"

#include <string.h>

#define FRESH   (SLOT_LIFE - SLOT_FRESH)
#define TTL_MIN 2 /* with 1 nothing gets to our own router's outside */
#define TTL_MAX 8

/*
 * STEP_MAIN
 */

/* Each a little later than the one before it, so that NATs see the order. */
static void
ask_in_row(struct netcheck_run *r, usec_t now, unsigned slot, unsigned server, bool alt)
{
	netcheck_ask_plainly(
	    r, now + r->probe_count * SPACING, slot, server, alt, slot == SLOT_MAIN_V6);
}

static void
begin_main(struct netcheck_run *r, usec_t now)
{
	for (unsigned alt = 0; alt < 2; alt++)
		for (unsigned server = 0; server < r->server_count; server++) {
			ask_in_row(r, now, SLOT_MAIN_V4, server, alt != 0);
			ask_in_row(r, now, SLOT_MAIN_V6, server, alt != 0);
		}
}

/* How the main socket of one family was seen. Returns the set of servers that answered. */
static unsigned
sight(const struct netcheck_run *r, bool v6, struct sightings *ret)
{
	unsigned answered = 0;

	*ret = (struct sightings){ .own = true };
	for (unsigned i = 0; i < r->probe_count; i++) {
		const struct netcheck_probe *p = &r->probes[i];

		if (!p->answered || p->v6 != v6)
			continue;
		ret->at[p->server][p->alt] = p->seen;
		ret->own &= p->own;
		answered |= 1u << p->server;
	}
	return answered;
}

static void
add_public(struct netcheck *n, const struct sightings *s)
{
	for (unsigned i = 0; i < 4; i++) {
		const struct addr *at = &s->at[i / 2][i % 2];
		unsigned k = 0;

		while (k < n->public_count && !addr_same_ip(&n->public[k], at))
			k++;
		if (at->family != FAMILY_NONE && k == n->public_count && k < NETCHECK_PUBLIC_MAX)
			n->public[n->public_count++] = *at;
	}
}

static void
swap_servers(struct netcheck_run *r)
{
	struct netcheck_server first = r->servers[0];

	r->servers[0] = r->servers[1];
	r->servers[1] = first;
}

static void
conclude_main(struct netcheck_run *r)
{
	struct netcheck *n = &r->found;
	struct sightings v4, v6;
	unsigned answered_v4 = sight(r, false, &v4), answered_v6 = sight(r, true, &v6);

	n->lighthouses = (unsigned)__builtin_popcount(answered_v4);
	n->udp = (answered_v4 | answered_v6) != 0 ? FACT_YES : FACT_NO;
	n->nat.mapping = (uint8_t)judge_mapping(&v4);
	add_public(n, &v4);
	if (n->public_count > 1)
		n->nat.flags |= NAT_POOLED;
	if (n->nat.mapping == NAT_MAPPING_NONE)
		n->kept = FACT_YES;
	else if (n->nat.mapping == NAT_MAPPING_ENDPOINT)
		n->kept = n->public[0].port == r->main_port[0] ? FACT_YES : FACT_NO;
	if (r->server_count > 0 && has_server(r, 0, true))
		n->v6 = answered_v6 > 0 ? FACT_YES : FACT_NO;
	if (answered_v6 > 0) {
		n->v6_translated = v6.own ? FACT_NO : FACT_YES;
		add_public(n, &v6);
	}
	if (n->nat.mapping != NAT_MAPPING_UNKNOWN)
		r->knock_at[0] = n->public[0];
	/* What follows is asked of the first, so that is to be one that answers. */
	if ((answered_v4 != 0 ? answered_v4 : answered_v6) == 1u << 1)
		swap_servers(r);
}

/*
 * STEP_FILTERING: the port of a fresh socket of each family
 */

static void
begin_filtering(struct netcheck_run *r, usec_t now)
{
	if (r->found.nat.mapping != NAT_MAPPING_UNKNOWN)
		netcheck_ask_plainly(r, now, SLOT_FRESH, 0, false, false);
	if (r->found.v6 == FACT_YES)
		netcheck_ask_plainly(r, now + SPACING, SLOT_FRESH + 1, 0, false, true);
}

/* Two servers at different addresses answer over this family. */
static bool
has_other_address(const struct netcheck_run *r, bool v6)
{
	return has_server(r, 1, v6) && !addr_same_ip(server_at(r, 0, v6), server_at(r, 1, v6)) &&
	       (v6 || r->found.lighthouses == 2);
}

/*
 * Now that it is known where the fresh socket is seen: the server that it has written to answers
 * from its other port, and the one that it has not is told by the main socket to answer there.
 */
static void
go_on_filtering(struct netcheck_run *r, usec_t now, const struct netcheck_probe *known)
{
	struct netcheck_probe port = {
		.slot = known->slot,
		.answer_slot = known->slot,
		.v6 = known->v6,
		.flags = PING_OTHER_PORT,
	};
	struct netcheck_probe address = {
		.slot = known->v6 ? SLOT_MAIN_V6 : SLOT_MAIN_V4,
		.answer_slot = known->slot,
		.server = 1,
		.v6 = known->v6,
		.answer_to = known->seen,
	};

	(void)netcheck_ask(r, now, &port);
	if (has_other_address(r, known->v6))
		(void)netcheck_ask(r, now + SPACING, &address);
}

static enum nat_filtering
filtering(const struct netcheck_run *r, unsigned slot)
{
	enum nat_filtering f = NAT_FILTERING_PORT;

	if (netcheck_seen_at(r, slot) == NULL)
		return NAT_FILTERING_UNKNOWN;
	for (unsigned i = 0; i < r->probe_count; i++) {
		const struct netcheck_probe *p = &r->probes[i];

		if (p->answer_slot != slot || !p->answered)
			continue;
		if (p->answer_to.family != FAMILY_NONE)
			return NAT_FILTERING_ENDPOINT;
		if (p->flags == PING_OTHER_PORT)
			f = p->same_port ? NAT_FILTERING_UNKNOWN : NAT_FILTERING_ADDRESS;
	}
	return f;
}

static void
conclude_filtering(struct netcheck_run *r)
{
	r->found.nat.filtering = (uint8_t)filtering(r, SLOT_FRESH);
	r->found.v6_filtering = filtering(r, SLOT_FRESH + 1);
}

/*
 * STEP_PORTS
 */

static void
begin_ports(struct netcheck_run *r, usec_t now)
{
	if (r->found.nat.mapping != NAT_MAPPING_ADDRESS && r->found.nat.mapping != NAT_MAPPING_PORT)
		return;
	for (unsigned i = 0; i < FRESH; i++)
		ask_in_row(r, now, SLOT_FRESH + i, 0, false);
	ask_in_row(r, now, SLOT_FRESH, 0, true);
	ask_in_row(r, now, SLOT_FRESH, 1, false);
	ask_in_row(r, now, SLOT_FRESH, 1, true);
}

/* Was `p` seen where one that asked before it from the same socket was? */
static bool
is_old_mapping(const struct netcheck_run *r, const struct netcheck_probe *p)
{
	for (const struct netcheck_probe *q = r->probes; q < p; q++)
		if (q->slot == p->slot && q->answered && addr_equal(&q->seen, &p->seen))
			return true;
	return false;
}

static void
conclude_ports(struct netcheck_run *r)
{
	struct allocation all[NETCHECK_PROBES];
	unsigned n = 0;

	for (unsigned i = 0; i < r->probe_count; i++) {
		const struct netcheck_probe *p = &r->probes[i];

		if (!p->answered || is_old_mapping(r, p))
			continue;
		all[n++] = (struct allocation){
			.inside = p->local_port,
			.outside = p->seen.port,
			.first = i < FRESH,
			.late = p->sent > 1,
		};
	}
	judge_ports(&r->found.nat, all, n);
	r->news = r->found.udp == FACT_YES;
}

/*
 * STEP_HOPS: the first TTL with which a packet opens all our own filters on its way
 */

static void
begin_hops(struct netcheck_run *r, usec_t now)
{
	const struct nat *nat = &r->found.nat;
	bool filters = nat->filtering == NAT_FILTERING_PORT ||
	    (nat->filtering == NAT_FILTERING_ADDRESS && has_other_address(r, false));

	if (!filters ||
	    (nat->mapping != NAT_MAPPING_NONE && nat->mapping != NAT_MAPPING_ENDPOINT))
		return;
	for (unsigned i = 0; i <= TTL_MAX - TTL_MIN; i++)
		netcheck_ask_plainly(r, now + i * SPACING, SLOT_FRESH + i, 0, false, false);
}

/*
 * An opener goes to a port that the socket has never written to, with a TTL that may not get it
 * there, and then somebody is asked to answer from that port. Where a filter tells addresses apart
 * and not ports, it has to be the other server's.
 */
static void
go_on_hops(struct netcheck_run *r, usec_t now, const struct netcheck_probe *known)
{
	struct netcheck_probe p = {
		.slot = known->slot,
		.answer_slot = known->slot,
		.ttl = (uint8_t)(TTL_MIN + known->slot - SLOT_FRESH),
		.flags = PING_OTHER_PORT,
		.opens = second_port(&r->servers[0].v4),
	};

	if (r->found.nat.filtering == NAT_FILTERING_ADDRESS) {
		p.slot = SLOT_MAIN_V4;
		p.server = 1;
		p.flags = 0;
		p.answer_to = known->seen;
		p.opens = r->servers[1].v4;
	}
	(void)netcheck_ask(r, now, &p);
}

/* It got in: greater TTLs need not be tried. */
static void
settle_hops(struct netcheck_run *r, const struct netcheck_probe *in)
{
	for (unsigned i = 0; i < r->probe_count; i++)
		if (r->probes[i].answer_slot > in->answer_slot)
			r->probes[i].due = 0;
	if (r->found.hops == 0 || in->ttl < r->found.hops)
		r->found.hops = in->ttl;
}

/*
 * STEP_HAIRPIN: the main socket and a fresh one write to each other's outside
 */

static void
begin_hairpin(struct netcheck_run *r, usec_t now)
{
	r->knocks = 0;
	if (r->found.nat.mapping == NAT_MAPPING_ENDPOINT)
		netcheck_ask_plainly(r, now, SLOT_FRESH, 0, false, false);
}

static void
go_on_hairpin(struct netcheck_run *r, usec_t now, const struct netcheck_probe *known)
{
	r->knock_at[1] = known->seen;
	r->knock_due = now;
	r->found.hairpin = FACT_NO;
}

/*
 * All of them
 */

void
netsteps_begin(struct netcheck_run *r, usec_t now)
{
	switch (r->step) {
	case STEP_MAIN: begin_main(r, now); break;
	case STEP_FILTERING: begin_filtering(r, now); break;
	case STEP_PORTS: begin_ports(r, now); break;
	case STEP_HOPS: begin_hops(r, now); break;
	case STEP_HAIRPIN: begin_hairpin(r, now); break;
	case STEP_REST: break;
	}
}

void
netsteps_go_on(struct netcheck_run *r, usec_t now, const struct netcheck_probe *p)
{
	bool plain = p->flags == 0 && p->answer_to.family == FAMILY_NONE;

	if (r->step == STEP_FILTERING && plain)
		go_on_filtering(r, now, p);
	else if (r->step == STEP_HOPS && plain)
		go_on_hops(r, now, p);
	else if (r->step == STEP_HOPS)
		settle_hops(r, p);
	else if (r->step == STEP_HAIRPIN)
		go_on_hairpin(r, now, p);
}

void
netsteps_conclude(struct netcheck_run *r, usec_t now)
{
	switch (r->step) {
	case STEP_MAIN: conclude_main(r); break;
	case STEP_FILTERING: conclude_filtering(r); break;
	case STEP_PORTS: conclude_ports(r); break;
	case STEP_HAIRPIN:
		if (r->found.hairpin == FACT_YES)
			r->found.nat.flags |= NAT_HAIRPIN;
		r->found.measured_at = now;
		r->news = r->over = true;
		break;
	case STEP_HOPS: r->news = r->found.udp == FACT_YES; break;
	case STEP_REST: break;
	}
}
