/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netcheck.h - how the network that this node is in behaves, in the words of RFC 4787, and how
 * that is measured.
 *
 * Lighthouses are asked, in session, how they see a packet: from the main socket at both ports of
 * two of them, from fresh sockets one after the other, with an answer from a port that the socket
 * has never sent to, by an address that it has never sent to, after a while. What is seen decides
 * (RFC 5780 asks the same of a STUN server that has two addresses). One lighthouse alone cannot
 * tell everything; `lighthouses` says how many there were.
 *
 * struct netcheck is what came of it. struct netcheck_run measures: a value without clock, socket
 * or session. It says what to do (netcheck_next) and is told what was heard.
 */
#ifndef NODE_NETCHECK_H
#define NODE_NETCHECK_H

#include "core/addr.h"
#include "core/base.h"
#include "core/rng.h"
#include "core/wire.h"

#define NETCHECK_PUBLIC_MAX 4 /* addresses that one NAT is seen to have */

enum netcheck_fact {
	FACT_UNKNOWN,
	FACT_NO,
	FACT_YES,
};

/* How long a mapping lives that only we use. */
struct netcheck_life {
	uint8_t s;       /* one was seen to live that long; 0: none was */
	uint8_t below_s; /* and one not that long; 0: no limit was found */
	bool known;      /* both are final */
};

struct netcheck {
	usec_t measured_at;        /* mono; 0: not yet in this network */
	enum netcheck_fact udp;    /* FACT_NO: no lighthouse answers over UDP */
	unsigned lighthouses;      /* that answered over IPv4 */
	struct nat nat;            /* IPv4's; what others are told of us is mesh.nat */
	enum netcheck_fact kept;   /* the outside port is the inside port */
	enum netcheck_fact hairpin;
	uint8_t hops;              /* the opening TTL: the least that passes our own outermost
	                              filter; 0: not known */
	struct addr public[NETCHECK_PUBLIC_MAX]; /* as lighthouses see the main socket */
	uint8_t public_count;
	struct netcheck_life life;
	enum netcheck_fact v6;     /* lighthouses answer over IPv6 */
	enum netcheck_fact v6_translated;
	enum nat_filtering v6_filtering; /* NAT_FILTERING_UNKNOWN: not measured */
};

/*
 * Measuring
 */

#define NETCHECK_SERVERS 2
#define NETCHECK_PROBES  16
#define NETCHECK_LIVES   6

/* Sockets by what they are for; those of one row are opened fresh for each use. */
enum {
	SLOT_MAIN_V4,
	SLOT_MAIN_V6,
	SLOT_FRESH, /* and the next ones: eight that a step may use */
	SLOT_LIFE = SLOT_FRESH + 8,
	NETCHECK_SLOTS = SLOT_LIFE + NETCHECK_LIVES,
};

/* A lighthouse that can be asked: its first port, for each family; FAMILY_NONE: not over that. */
struct netcheck_server {
	unsigned id; /* by which the caller knows it */
	usec_t rtt;  /* as far as it is known */
	struct addr v4;
	struct addr v6;
};

enum netcheck_step {
	STEP_REST,
	STEP_MAIN,      /* the main socket at every port: mapping, public addresses */
	STEP_PORTS,     /* fresh sockets in a row: which ports they are given */
	STEP_FILTERING, /* may a port, an address that was never written to answer? */
	STEP_HOPS,      /* which TTL opens our own filter */
	STEP_HAIRPIN,
};

struct netcheck_probe {
	uint8_t slot;
	uint8_t server;
	bool alt;               /* asks its second port */
	bool v6;
	uint8_t flags;          /* of the PING */
	uint8_t delay_s;
	uint8_t ttl;            /* not 0: before each try an opener goes from the answer's slot */
	bool opened;            /* it has gone */
	struct addr opens;      /* to there */
	struct addr answer_to;  /* FAMILY_NONE: where the question comes from */
	uint8_t answer_slot;
	uint8_t sent;           /* times */
	usec_t begun;
	usec_t due;             /* the next time, or it is given up; 0: neither */
	usec_t sent_at;
	bool answered;
	bool own;               /* it was seen at an address of this machine itself */
	bool same_port;         /* the answer did not come from another port, as asked */
	struct addr seen;
	uint16_t local_port;
};

struct netcheck_run {
	enum netcheck_step step;
	bool news;             /* `found` is worth telling */
	bool life_news;        /* and `life` */
	bool over;             /* and all that was to be found */
	struct netcheck found; /* so far in this run, but for its life */
	struct netcheck_life life;
	struct netcheck_server servers[NETCHECK_SERVERS];
	unsigned server_count;
	uint16_t main_port[2]; /* of the main sockets, IPv4 and IPv6 */
	usec_t rtt;            /* the longest that was measured */
	uint64_t txid;         /* of the first probe of the step; the others follow */
	struct netcheck_probe probes[NETCHECK_PROBES];
	unsigned probe_count;
	uint64_t life_txid;
	struct netcheck_probe lives[NETCHECK_LIVES];
	uint8_t sockets[NETCHECK_SLOTS]; /* enum slot_state */
	uint8_t knock[INTRODUCTION_ID_LEN];
	struct addr knock_at[2]; /* outside, of the main and of the fresh socket */
	unsigned knocks;         /* times that each sent one to the other */
	usec_t knock_due;
};

enum netcheck_act {
	NETCHECK_OPEN,  /* a fresh socket of `family` for `slot` */
	NETCHECK_CLOSE, /* the one of `slot` */
	NETCHECK_ASK,   /* from `slot` to `to` with `ttl` (0: the system's): the PING, in session
	                   with the server */
	NETCHECK_KNOCK, /* from `slot` to `to`: an OPEN with the id run.knock */
	NETCHECK_NEWS,  /* run.found may be told as it is now */
	NETCHECK_DONE,  /* and is all that could be measured */
	NETCHECK_LIFE,  /* run.life has changed */
};

struct netcheck_do {
	enum netcheck_act what;
	unsigned slot;
	uint8_t family;  /* OPEN */
	unsigned server; /* ASK: its id */
	struct addr to;
	uint8_t ttl;
	struct ping ping;
};

/*
 * Begins to measure with `n` servers, the nearest first; whatever was being measured is given up.
 * `main_port` are those of the main sockets. `rng` is used in the call only.
 */
void netcheck_begin(struct netcheck_run *r, usec_t now, const struct netcheck_server *servers,
    unsigned n, const uint16_t main_port[static 2], const struct rng *rng);

/*
 * Begins to find out how long a mapping lives, beside what netcheck_begin() has begun: six sockets
 * ask its first server for one answer each, ever later, the last after 118 s.
 */
void netcheck_begin_life(struct netcheck_run *r, usec_t now, const struct rng *rng);

/* Gives up what is measured. The sockets are still to be closed (netcheck_next). */
void netcheck_stop(struct netcheck_run *r);

/* Is anything being measured but the life of mappings; and that? */
bool netcheck_runs(const struct netcheck_run *r);
bool netcheck_times(const struct netcheck_run *r);

/* What is to be done at `now`; false when nothing more is. */
bool netcheck_next(struct netcheck_run *r, usec_t now, struct netcheck_do *ret);

/* When netcheck_next() has something to say, 0 for never. */
usec_t netcheck_due(const struct netcheck_run *r);

/* An answer from a lighthouse. */
struct netcheck_answer {
	uint64_t txid;
	unsigned slot;      /* that it came in at; NETCHECK_SLOTS: none of ours */
	struct addr from;
	struct addr seen;   /* what it says of us */
	bool own;           /* that is an address and port of this machine itself */
	uint16_t local_port; /* of the slot, 0: not known */
};

/* Is `txid` of a question of ours? Then the answer is taken, and nobody else's. */
bool netcheck_heard(struct netcheck_run *r, usec_t now, const struct netcheck_answer *a);

/* An OPEN with this id came in. True: it was ours. */
bool netcheck_knocked(struct netcheck_run *r, const uint8_t id[static INTRODUCTION_ID_LEN]);

/* How long a path may be idle where mappings live so: the least when that is not known yet. */
usec_t netcheck_keepalive(const struct netcheck *n);

#endif
