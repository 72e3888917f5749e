/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kinds.h - the twenty kinds of site that users sit behind, and what two of them need.
 *
 * A kind is its NATs. What a pair needs to talk directly follows from them alone, by the ladder in
 * kinds.c: no list of pairs is kept anywhere.
 */
#ifndef TESTS_SIM_KINDS_H
#define TESTS_SIM_KINDS_H

#include "tests/sim/net.h"

enum {
	KIND_PUBLIC,
	KIND_FW,
	KIND_FULLCONE,
	KIND_ACONE,
	KIND_PCONE,
	KIND_PCONE_RAND,
	KIND_LINUX,
	KIND_LINUX_OPEN,
	KIND_SHORT,
	KIND_SYM_ADDR,
	KIND_SYM_SEQ,
	KIND_SYM_RAND,
	KIND_LINUX_FRANDOM,
	KIND_CGN_CONE,
	KIND_CGN_SYM,
	KIND_V6FW,
	KIND_UPNP,
	KIND_PCP,
	KIND_UDP_BLOCK,
	KIND_TCP443,
	KIND_COUNT,
};

/* Pairs of kinds, with themselves. */
#define KIND_PAIRS (KIND_COUNT * (KIND_COUNT + 1) / 2)

struct kind {
	const char *name;
	const struct nat_behaviour *home;    /* NULL: none, the host is on the Internet itself */
	const struct nat_behaviour *carrier; /* in front of it; NULL: none */
	bool v6; /* has a public IPv6 address, behind a firewall where there is a router */
};

extern const struct kind kinds[KIND_COUNT];

/* Does its router map ports when asked (UPnP-IGD, NAT-PMP, PCP), and to some avail? */
bool kind_maps(const struct kind *k);

/* What the cheapest way to a direct path takes. */
enum technique {
	TECHNIQUE_OPEN,     /* B: simultaneous open */
	TECHNIQUE_V6,       /* 6: the same, over IPv6 */
	TECHNIQUE_MAP,      /* M: a mapped port */
	TECHNIQUE_PREDICT,  /* S: predictable ports */
	TECHNIQUE_BIRTHDAY, /* Q */
	TECHNIQUE_NONE,     /* R: a relay for ever */
	TECHNIQUE_TCP,      /* T: a relay, reached over TCP */
	TECHNIQUE_COUNT,
};

/* One letter for each. */
extern const char technique_letters[TECHNIQUE_COUNT + 1];

enum technique technique_needed(const struct kind *a, const struct kind *b);

/* What a pair comes to. */
enum outcome {
	OUTCOME_DIRECT,
	OUTCOME_RELAYED,
	OUTCOME_TCP,     /* relayed, by a relay that one of them reaches over TCP */
	OUTCOME_NOTHING, /* no answer */
	OUTCOME_COUNT,
};

enum outcome outcome_expected(const struct kind *a, const struct kind *b);

/*
 * Is it direct by chance? Then it may take more than one attempt, and a host makes one at a time.
 */
bool outcome_by_chance(const struct kind *a, const struct kind *b);

/* And has one side to call many ports of the other, slowly, since neither can be found quietly? */
bool outcome_loud(const struct kind *a, const struct kind *b);

/* The pair with this number, below KIND_PAIRS. */
void kind_pair(unsigned number, unsigned *a, unsigned *b);

/*
 * A place of one kind on the Internet, 10 ms from it. Several may share a router or not: each call
 * makes routers of its own, with addresses that follow from `number`.
 */
struct site {
	const struct kind *kind;
	unsigned number;
	struct router *home;
	struct router *carrier;
	struct addr host_v4; /* of its host, port 0 */
	struct addr host_v6; /* FAMILY_NONE: it has none */
};

#define SITE_DELAY (10 * USEC_PER_MS)

void site_build(struct site *s, struct net *n, const struct kind *k, unsigned number);

/* Attaches the site's host, with its addresses. */
void site_host(struct site *s, struct net *n, struct station *host, receive_fn *receive, void *ctx);

/* The station by which the site is on the Internet. */
struct station *site_edge(struct site *s, struct station *host);

/* Its provider gives it another IPv4 address: the `nth`, not 0. For a site without NAT, the host's.
 */
void site_readdress(struct site *s, struct net *n, struct station *host, unsigned nth);

/* An IPv4 address of the Internet that no site has: a lighthouse's. */
struct addr internet_v4(unsigned number);
struct addr internet_v6(unsigned number);

#endif
