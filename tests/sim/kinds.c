/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kinds.c - the rows and columns of docs/matrix.md, and the ladder.
 */
#include "tests/sim/kinds.h"

#include <string.h>

#define BOTH_WAYS (NAT_REFRESH_OUT | NAT_REFRESH_IN)
#define SEC       USEC_PER_SEC

/* Timers of a well-behaved NAT (RFC 4787, REQ-5). */
#define PATIENT .refresh = BOTH_WAYS, .one_way = 120 * SEC, .two_way = 300 * SEC
/* Timers of Linux' connection tracking. */
#define LINUX_TIMERS                                                                               \
	.refresh = BOTH_WAYS, .one_way = 30 * SEC, .two_way = 120 * SEC, .settled = 2 * SEC

static const struct nat_behaviour firewall = {
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_SAME,
	LINUX_TIMERS,
};

static const struct nat_behaviour full_cone = {
	.filtering = NAT_ENDPOINT_INDEPENDENT,
	.ports = NAT_PORTS_KEEP,
	.hairpin = true,
	PATIENT,
};

static const struct nat_behaviour address_cone = {
	.filtering = NAT_ADDRESS_DEPENDENT,
	.ports = NAT_PORTS_KEEP,
	.hairpin = true,
	PATIENT,
};

static const struct nat_behaviour port_cone = {
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_KEEP,
	PATIENT,
};

static const struct nat_behaviour port_cone_random = {
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_RANDOM,
	PATIENT,
};

static const struct nat_behaviour masquerade = {
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_KEEP,
	LINUX_TIMERS,
};

static const struct nat_behaviour masquerade_open = {
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_KEEP,
	.open = true,
	LINUX_TIMERS,
};

static const struct nat_behaviour impatient = {
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_KEEP,
	.refresh = BOTH_WAYS,
	.one_way = 10 * SEC,
	.two_way = 10 * SEC,
};

static const struct nat_behaviour symmetric_address = {
	.mapping = NAT_ADDRESS_DEPENDENT,
	.filtering = NAT_ADDRESS_DEPENDENT,
	.ports = NAT_PORTS_RANDOM,
	PATIENT,
};

static const struct nat_behaviour symmetric_step = {
	.mapping = NAT_ADDRESS_PORT_DEPENDENT,
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_STEP,
	.step = 1,
	PATIENT,
};

static const struct nat_behaviour symmetric_random = {
	.mapping = NAT_ADDRESS_PORT_DEPENDENT,
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_RANDOM,
	PATIENT,
};

static const struct nat_behaviour symmetric_mapper = {
	.mapping = NAT_ADDRESS_PORT_DEPENDENT,
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_RANDOM,
	.maps = true,
	PATIENT,
};

static const struct nat_behaviour masquerade_random = {
	.mapping = NAT_ADDRESS_PORT_DEPENDENT,
	.filtering = NAT_ADDRESS_PORT_DEPENDENT,
	.ports = NAT_PORTS_RANDOM,
	LINUX_TIMERS,
};

static const struct nat_behaviour no_udp = {
	.ports = NAT_PORTS_KEEP,
	.udp_blocked = true,
};

const struct kind kinds[KIND_COUNT] = {
	[KIND_PUBLIC] = { "public", .v6 = true },
	[KIND_FW] = { "fw", &firewall },
	[KIND_FULLCONE] = { "fullcone", &full_cone },
	[KIND_ACONE] = { "acone", &address_cone },
	[KIND_PCONE] = { "pcone", &port_cone },
	[KIND_PCONE_RAND] = { "pcone-rand", &port_cone_random },
	[KIND_LINUX] = { "linux", &masquerade },
	[KIND_LINUX_OPEN] = { "linux-open", &masquerade_open },
	[KIND_SHORT] = { "short", &impatient },
	[KIND_SYM_ADDR] = { "sym-addr", &symmetric_address },
	[KIND_SYM_SEQ] = { "sym-seq", &symmetric_step },
	[KIND_SYM_RAND] = { "sym-rand", &symmetric_random },
	[KIND_LINUX_FRANDOM] = { "linux-frandom", &masquerade_random },
	[KIND_CGN_CONE] = { "cgn-cone", &masquerade, &port_cone },
	[KIND_CGN_SYM] = { "cgn-sym", &masquerade, &symmetric_random },
	[KIND_V6FW] = { "v6fw", &symmetric_random, .v6 = true },
	[KIND_UPNP] = { "upnp", &symmetric_mapper },
	[KIND_PCP] = { "pcp", &symmetric_mapper },
	[KIND_UDP_BLOCK] = { "udp-block", &no_udp },
	[KIND_TCP443] = { "tcp443", &no_udp },
};

/* The columns of the ladder. */
enum rung {
	RUNG_EASY,       /* endpoint-independent mapping, lets strangers in by address at most */
	RUNG_RESTRICTED, /* endpoint-independent mapping, filters by address and port */
	RUNG_FIRST,      /* the first flow keeps its port */
	RUNG_STEP,
	RUNG_BLOCK,
	RUNG_RANDOM,
	RUNG_COUNT,
};

static enum nat_depends
stricter(enum nat_depends a, enum nat_depends b)
{
	return a > b ? a : b;
}

/* All NATs of a kind as one: each may only make it harder. */
static enum rung
rung(const struct kind *k)
{
	const struct nat_behaviour *nats[] = { k->home, k->carrier };
	enum nat_depends mapping = NAT_ENDPOINT_INDEPENDENT;
	enum nat_depends filtering = NAT_ENDPOINT_INDEPENDENT;
	enum rung hard = RUNG_RANDOM;

	for (size_t i = 0; i < ARRAY_LEN(nats); i++) {
		if (nats[i] == NULL)
			continue;
		mapping = stricter(mapping, nats[i]->mapping);
		filtering = stricter(filtering, nats[i]->filtering);
		if (nats[i]->mapping == NAT_ENDPOINT_INDEPENDENT)
			continue;
		switch (nats[i]->ports) {
		case NAT_PORTS_FIRST_KEEPS: hard = RUNG_FIRST; break;
		case NAT_PORTS_STEP: hard = RUNG_STEP; break;
		case NAT_PORTS_BLOCK: hard = RUNG_BLOCK; break;
		default: hard = RUNG_RANDOM; break;
		}
	}
	if (mapping != NAT_ENDPOINT_INDEPENDENT)
		return hard;
	return filtering == NAT_ADDRESS_PORT_DEPENDENT ? RUNG_RESTRICTED : RUNG_EASY;
}

static bool
blocked(const struct kind *k)
{
	return k->home != NULL && k->home->udp_blocked;
}

bool
kind_maps(const struct kind *k)
{
	return k->home != NULL && k->home->maps && k->carrier == NULL;
}

/* A NAT that tells remote addresses apart but not their ports, both ways. */
static bool
by_address(const struct kind *k)
{
	return k->home != NULL && k->home->mapping == NAT_ADDRESS_DEPENDENT &&
	       k->home->filtering == NAT_ADDRESS_DEPENDENT;
}

const char technique_letters[TECHNIQUE_COUNT + 1] = "B6MSQRT";

enum technique
technique_needed(const struct kind *a, const struct kind *b)
{
	enum {
		B = TECHNIQUE_OPEN,
		S = TECHNIQUE_PREDICT,
		Q = TECHNIQUE_BIRTHDAY,
		R = TECHNIQUE_NONE,
	};
	/* What the two rungs take together. */
	static const uint8_t ladder[RUNG_COUNT][RUNG_COUNT] = {
		[RUNG_EASY] = { B, B, B, B, B, B },
		[RUNG_RESTRICTED] = { B, B, S, S, Q, Q },
		[RUNG_FIRST] = { B, S, S, S, R, R },
		[RUNG_STEP] = { B, S, S, S, R, R },
		[RUNG_BLOCK] = { B, Q, R, R, R, R },
		[RUNG_RANDOM] = { B, Q, R, R, R, R },
	};
	enum technique t;

	if (blocked(a) || blocked(b))
		return TECHNIQUE_TCP;
	if (a->v6 && b->v6)
		return TECHNIQUE_V6;
	t = (enum technique)ladder[rung(a)][rung(b)];
	if (t == TECHNIQUE_OPEN)
		return t;
	if (kind_maps(a) || kind_maps(b))
		return TECHNIQUE_MAP;
	if (t == TECHNIQUE_NONE && (by_address(a) || by_address(b)))
		return TECHNIQUE_BIRTHDAY;
	return t;
}

enum outcome
outcome_expected(const struct kind *a, const struct kind *b)
{
	switch (technique_needed(a, b)) {
	case TECHNIQUE_OPEN:
	case TECHNIQUE_V6:
	case TECHNIQUE_MAP:
	case TECHNIQUE_PREDICT:
	case TECHNIQUE_BIRTHDAY: return OUTCOME_DIRECT;
	case TECHNIQUE_TCP: return OUTCOME_TCP;
	default: return OUTCOME_RELAYED;
	}
}

bool
outcome_by_chance(const struct kind *a, const struct kind *b)
{
	return technique_needed(a, b) == TECHNIQUE_BIRTHDAY;
}

bool
outcome_loud(const struct kind *a, const struct kind *b)
{
	return outcome_by_chance(a, b) && rung(a) != RUNG_RESTRICTED && rung(b) != RUNG_RESTRICTED;
}

void
kind_pair(unsigned number, unsigned *a, unsigned *b)
{
	*a = 0;
	while (number >= KIND_COUNT - *a)
		number -= KIND_COUNT - (*a)++;
	*b = *a + number;
}

static struct addr
v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return (struct addr){
		.family = FAMILY_V4,
		.ip = { (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d },
	};
}

static struct addr
v6(unsigned net, unsigned host)
{
	return (struct addr){
		.family = FAMILY_V6,
		.ip = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, (uint8_t)(net >> 8),
		    (uint8_t)net, [14] = (uint8_t)(host >> 8), [15] = (uint8_t)host },
	};
}

/* 198.18.0.0/15 is ours, four addresses a site. */
static struct addr
site_v4(unsigned number, unsigned nth)
{
	unsigned at = 1024 + 4 * number + nth;

	return v4(198, 18 + (at >> 16), at >> 8 & 0xff, at & 0xff);
}

struct addr
internet_v4(unsigned number)
{
	return v4(198, 18, 0, 1 + number);
}

struct addr
internet_v6(unsigned number)
{
	return v6(0xffff, 1 + number);
}

static void
delay(struct station *s)
{
	s->up.delay = s->down.delay = SITE_DELAY;
}

void
site_build(struct site *s, struct net *n, const struct kind *k, unsigned number)
{
	struct addr outside = site_v4(number, 0);
	struct router *above = NULL;

	memset(s, 0, sizeof(*s));
	s->kind = k;
	s->number = number;
	s->host_v4 = k->home == NULL ? outside : v4(192, 168, 1, 2);
	if (k->v6)
		s->host_v6 = v6(number, 2);
	if (k->carrier != NULL) {
		above = s->carrier = net_router(n, NULL, outside, k->carrier, &firewall);
		delay(&s->carrier->outer);
		outside = v4(100, 64, 0, 2);
	}
	if (k->home != NULL && k->home->ports == NAT_PORTS_SAME) {
		s->host_v4 = site_v4(number, 1);
		s->home = net_router(n, above, outside, k->home, &firewall);
	} else if (k->home != NULL) {
		s->home = net_router(n, above, outside, k->home, &firewall);
	}
	if (s->home != NULL && above == NULL)
		delay(&s->home->outer);
}

void
site_host(struct site *s, struct net *n, struct station *host, receive_fn *receive, void *ctx)
{
	net_host(n, host, s->home, receive, ctx);
	if (s->home == NULL)
		delay(host);
	net_address(n, host, s->host_v4);
	if (s->host_v6.family != FAMILY_NONE)
		net_address(n, host, s->host_v6);
}

struct station *
site_edge(struct site *s, struct station *host)
{
	return s->carrier != NULL ? &s->carrier->outer : s->home != NULL ? &s->home->outer : host;
}

void
site_readdress(struct site *s, struct net *n, struct station *host, unsigned nth)
{
	struct addr a = site_v4(s->number, nth);
	struct router *r = s->carrier != NULL ? s->carrier : s->home;

	if (r != NULL && r->v4.is.ports != NAT_PORTS_SAME) {
		net_readdress(n, r, a);
		return;
	}
	net_forget(n, host, s->host_v4);
	s->host_v4 = a;
	net_address(n, host, a);
}
