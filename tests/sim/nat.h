/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat.h - a NAT, or a stateful firewall, by the definitions of RFC 4787.
 *
 * Everything that tells one NAT from another is two keys and a choice. A flow from inside belongs
 * to the mapping with the same inside endpoint and the same mapping key; a packet from outside
 * comes in by a session with the same outside endpoint and the same filter key; and what port a
 * new mapping gets is the choice. So a NAT is a list of sessions, and a mapping is the sessions
 * that share a port: it lives as long as one of them.
 *
 * A value with no clock, no socket and no chance of its own. It looks at endpoints only, so that
 * the same model serves a simulated network and one made of real packets.
 */
#ifndef TESTS_SIM_NAT_H
#define TESTS_SIM_NAT_H

#include "core/addr.h"
#include "core/rng.h"

/* How much of the remote endpoint a key holds: sections 4.1 (mapping) and 5 (filtering). */
enum nat_depends {
	NAT_ENDPOINT_INDEPENDENT,
	NAT_ADDRESS_DEPENDENT,
	NAT_ADDRESS_PORT_DEPENDENT,
};

/* What outside port a new mapping gets: section 4.2. */
enum nat_ports {
	NAT_PORTS_SAME,        /* nothing is translated: a stateful firewall */
	NAT_PORTS_KEEP,        /* the inside port, or a random one when another host has it */
	NAT_PORTS_FIRST_KEEPS, /* the first mapping of an inside endpoint keeps, others are random
	                        */
	NAT_PORTS_STEP,        /* the last one plus `step` */
	NAT_PORTS_RANDOM,
	NAT_PORTS_BLOCK, /* random within the aligned block of its inside host */
};

/* Which packets put a session's end off: section 4.3. */
enum {
	NAT_REFRESH_OUT = 1,
	NAT_REFRESH_IN = 2,
};

struct nat_behaviour {
	enum nat_depends mapping;
	enum nat_depends filtering;
	enum nat_ports ports;
	int step;         /* NAT_PORTS_STEP: 1 to 64, or negative */
	unsigned noise;   /* NAT_PORTS_STEP: mappings that others make, a second */
	unsigned block;   /* NAT_PORTS_BLOCK: ports a host has, a power of two */
	unsigned refresh; /* NAT_REFRESH_* */
	usec_t one_way;   /* how long a session lives that nobody answered */
	usec_t two_way;   /* and one that was */
	usec_t settled;   /* ... and was still in use this long after it began */
	bool hairpin;     /* inside hosts reach one another at their outside endpoints */
	bool open;        /* Linux without an input policy: a stranger's packet takes its tuple */
	bool maps;        /* gives its inside hosts ports when they ask for them */
	bool udp_blocked;
	unsigned guard; /* refused packets a second after which a stranger is banned; 0: no guard */
};

/* Sessions at the most; beyond them new flows are dropped. */
#define NAT_SESSIONS 8192
/* Tuples that strangers took, at the most (`open`); the oldest makes room. */
#define NAT_TAKEN 64
/* Strangers whose refused packets are counted, at the most. */
#define NAT_STRANGERS 32
/* How long one is banned. */
#define NAT_BAN (60 * USEC_PER_SEC)
/* Hosts with a port block of their own, at the most. */
#define NAT_BLOCKS 64
/* Ports that were asked for, at the most. */
#define NAT_MAPPED 16

struct nat_session {
	struct addr inside;
	struct addr to;   /* mapping key */
	struct addr peer; /* filter key */
	uint16_t port;    /* outside */
	uint16_t alias;   /* by which inside knows the port of `peer`; 0: by its own */
	bool answered;
	usec_t began;
	usec_t expires;
};

struct nat_taken {
	struct addr by;
	uint16_t port;
	usec_t expires;
};

/* Somebody outside whose packets were refused. */
struct nat_stranger {
	struct addr who; /* port 0 */
	usec_t since;
	unsigned refused; /* in that second */
	usec_t banned_until;
};

struct nat_block {
	struct addr host;
	uint16_t base;
};

/* A port that an inside host asked for. */
struct nat_mapped {
	struct addr inside;
	uint16_t port;
	usec_t expires;
};

struct translator {
	struct nat_behaviour is;
	struct addr outside; /* its address; the port is 0 */
	struct rng rng;
	struct nat_session *sessions;
	uint32_t count;
	uint32_t room;
	struct nat_taken taken[NAT_TAKEN];
	struct nat_block blocks[NAT_BLOCKS];
	uint32_t block_count;
	struct nat_stranger strangers[NAT_STRANGERS];
	uint32_t bans; /* since the start */
	struct nat_mapped mapped[NAT_MAPPED];
	uint16_t last_port; /* NAT_PORTS_STEP */
	usec_t last_made;
};

enum nat_verdict {
	NAT_DROP,
	NAT_TO_OUTSIDE,
	NAT_TO_INSIDE,
};

/* `outside` is the address that inside hosts have in common; ignored with NAT_PORTS_SAME. */
void
nat_init(struct translator *n, const struct nat_behaviour *is, struct addr outside, struct rng rng);
void nat_free(struct translator *n);

/* What a flow to `remote` shares its mapping with: `remote` with the rest of it zeroed. */
struct addr nat_mapping_key(const struct nat_behaviour *is, const struct addr *remote);

/* What a packet from `remote` must have in common with one that was sent. */
struct addr nat_filter_key(const struct nat_behaviour *is, const struct addr *remote);

/* A datagram from inside: rewrites the endpoints and says where it goes on. */
enum nat_verdict
nat_from_inside(struct translator *n, usec_t now, struct addr *src, struct addr *dst);

/* A datagram from outside. NAT_TO_INSIDE with the endpoints rewritten, or NAT_DROP. */
enum nat_verdict
nat_from_outside(struct translator *n, usec_t now, struct addr *src, struct addr *dst);

/*
 * `inside` asks that strangers reach it, until `lifetime` from now, at an outside port: if it can be
 * had, the one that it has inside. The port, or 0 when the NAT gives none. A `lifetime` of 0 gives
 * it back.
 *
 * As with a router of Linux this rewrites packets that come in, and what answers them. Flows that
 * begin inside get the ports that they always got, and a stranger to whom `inside` has such a flow
 * comes in by the mapped port with a port that is not its own, so that the two can be told apart.
 */
uint16_t
nat_map(struct translator *n, usec_t now, const struct addr *inside, usec_t lifetime);

/* Forgets every session, and what was asked for, as a reboot does. */
void nat_flush(struct translator *n);

/* The provider gave another address: all sessions are void. */
void nat_readdress(struct translator *n, struct addr outside);

/* Sessions that are alive at `now`. */
uint32_t nat_alive(const struct translator *n, usec_t now);

/* May the host at `remote` still send to the port `inside` of a host here, by one of them? */
bool nat_keeps(const struct translator *n, usec_t now, uint16_t inside, const struct addr *remote);

#endif
