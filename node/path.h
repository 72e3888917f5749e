/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.h - one way to a peer, and what is known of it.
 *
 * A path is a socket of ours and an address of theirs, or a circuit through a relay. It is told
 * what was sent and heard on it, and says when it wants to be probed and when it is dead. It
 * carries data only after it has answered a fresh PING, which proves both directions.
 *
 *	NEW -> PROBING -> VALID -> SUSPECT -> DEAD
 *	         ^          ^  <------'         |
 *	         '---------- answered ----------'
 *
 * Both directions are watched for themselves: what we hear proves theirs, and the highest counter
 * that the peer reports having heard on this path proves ours. After a death a path is held down
 * for a while before it may carry data again, so that a flapping link does not flap us.
 */
#ifndef NODE_PATH_H
#define NODE_PATH_H

#include "core/addr.h"
#include "core/base.h"
#include "core/outbox.h"
#include "node/mtu.h"

enum path_state {
	PATH_FREE, /* no path in this slot */
	PATH_NEW,
	PATH_PROBING,
	PATH_VALID,
	PATH_SUSPECT,
	PATH_DEAD,
};

/* Where we have the address from; it decides how often it may be tried. */
enum path_origin {
	ORIGIN_GUESS, /* nobody says so: the peer's own port, where a lighthouse sees it */
	ORIGIN_HEARD, /* an authenticated packet came from there */
	ORIGIN_HINT,  /* a lighthouse says so */
	ORIGIN_SEEN,  /* a lighthouse saw the peer there, or we have reached it there before */
	ORIGIN_PEER,  /* the peer says so, in session */
	ORIGIN_FIXED, /* of the bundle */
};

#define PATH_KEEPALIVE	   (20 * USEC_PER_SEC) /* where nothing on the way forgets */
#define PATH_KEEPALIVE_MIN (8 * USEC_PER_SEC) /* and until it is known what NATs allow */
#define PATH_KEEPALIVE_MAX (25 * USEC_PER_SEC)
#define PATH_STALE_AFTER   (50 * USEC_PER_SEC) /* two keepalives and a half unheard: not trusted */
#define PATH_ASK_EVERY	   (100 * USEC_PER_MS)
#define PATH_PROBES_MAX	   4		       /* outstanding at once */
#define PATH_DEATH_PROBES  3
#define PATH_STEADY_PROBES 3
#define PATH_HOLD_MIN	   (2 * USEC_PER_SEC)
#define PATH_HOLD_MAX	   (60 * USEC_PER_SEC)
#define PATH_HEALTHY_AFTER (120 * USEC_PER_SEC)
#define PATH_RTT_UNKNOWN   (200 * USEC_PER_MS) /* assumed for scores and timers until measured */
#define PATH_BETTER_FOR	   (10 * USEC_PER_SEC) /* before data moves between direct paths */
#define PATH_BETTER_TIMES  3
#define PATH_LOSS_NOISE	   15 /* percent: a smaller difference does not move data */
#define PATH_LOSSY	   5 /* percent: such a path answers twice before it takes over */
#define PATH_NEWS_AFTER	   (10 * USEC_PER_SEC) /* unheard for so long, it is heard anew */

/* An address that has not answered gets at most this many times the bytes that came from it. */
#define PATH_UNPROVEN_FACTOR 3

struct peer;

struct path {
	enum path_state state;
	enum path_class kind;
	enum path_origin origin;
	socket_id socket;
	struct addr remote;
	struct peer *relay; /* PATH_RELAY: whose circuit */
	uint32_t circuit;
	bool metered; /* traffic costs money: not while anything else works */

	struct {
		uint64_t txid; /* 0: none */
		usec_t sent;
	} probes[PATH_PROBES_MAX];
	unsigned unanswered; /* probes in a row */
	bool late;	     /* help was called for since the last probe */
	unsigned answers;    /* since it was not proven */
	unsigned tries;	     /* packets sent before the first answer of this burst */
	usec_t next_probe;

	usec_t srtt; /* RFC 6298, 0: not measured */
	usec_t rttvar;
	uint32_t lost; /* the last 32 probes, newest in bit 0: 1 is lost */
	unsigned history;

	bool mapped;	     /* its address is one that a router keeps open for the peer */
	bool precious;	     /* hard to come by: kept alive even while nobody uses it */
	bool theirs;	     /* the peer's data comes this way */
	bool streamed;	     /* its relay is reached over a stream */
	unsigned better;     /* samples in a row by which it beats the path in use */
	usec_t better_since;
	usec_t left_at;	     /* it was the path in use until then, 0 never */

	usec_t last_rx; /* anything authenticated */
	usec_t heard_since; /* without a break of PATH_NEWS_AFTER */
	usec_t last_tx;
	usec_t opened; /* our own NAT, on the way there: node/opener.h; 0 never */
	usec_t last_data_tx;
	usec_t expect_since; /* sent and not heard since; 0: nothing is expected */
	unsigned overslept; /* keepalives that came too late */
	uint16_t seen_port; /* our port as the peer saw it last, 0: not known */
	uint64_t rx_bytes;
	uint64_t tx_unproven; /* bytes sent while not answered */

	/* Counters are of one keypair, known by its local index. */
	uint32_t heard_index;
	uint64_t heard_highest;
	uint32_t mark_index; /* a packet sent at mark_at, that the peer should report */
	uint64_t mark_counter;
	usec_t mark_at;

	usec_t suspect_since;
	bool missed;  /* the peer should have heard more of us there */
	bool deaf;    /* the suspicion: the peer does not hear us there */
	bool doubted; /* the suspicion: the network changed below */
	usec_t held_until;
	usec_t hold; /* the last hold-down's length */
	usec_t valid_since;
	struct mtu mtu;
};

/* A path in state NEW. For relays `remote` is the relay's and `socket` unused. */
void path_init(struct path *p, enum path_class kind, enum path_origin origin, socket_id socket,
    const struct addr *remote);

/*
 * We sent `len` bytes as packet `counter` of the keypair `index`. `data`: worth an answer. Returns
 * whether none was awaited before: then path_due() may be sooner than it was.
 */
bool path_sent(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter, bool data);

/*
 * Something was heard on a path that does not carry data: may it be asked back? Not more often than
 * PATH_ASK_EVERY, or two sides that ask each other would never stop, and forget each question
 * before it is answered.
 */
bool path_may_ask(const struct path *p, usec_t now);

/* An authenticated packet came in on it. */
void path_heard(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter);

/*
 * What came in on it was heard before, over another path. It is as good a sign as any, if it is
 * later than all that was heard on this one.
 */
void path_heard_copy(struct path *p, usec_t now, size_t len, uint32_t index, uint64_t counter);

/* A PING with `txid` (not 0) goes out on it. */
void path_probe(struct path *p, usec_t now, uint64_t txid);

/*
 * A PONG came back. True when `txid` is of an outstanding probe: then the path is proven in both
 * directions, and measured.
 */
bool path_answered(struct path *p, usec_t now, uint64_t txid);

/*
 * A handshake was completed on it, which proves as much as a PONG; and since it is a beginning,
 * nothing that the path did before is held against it.
 */
void path_handshaken(struct path *p, usec_t now);

/*
 * The peer reports `highest` of keypair `index` as the last that it heard on this path. When what
 * we sent long ago is missing the path becomes SUSPECT, however much we hear on it.
 */
void path_told(struct path *p, usec_t now, uint32_t index, uint64_t highest);

enum path_want {
	PATH_WANTS_NOTHING,
	PATH_WANTS_PROBE,
	PATH_WANTS_HELP, /* an answer is late: the path that would take its place is to be asked */
	PATH_DIED, /* it is DEAD from now on */
};

/*
 * What is due. `active`: data flows to this peer, and the path is to be measured; `keepalive`: how
 * long it may be idle, 0 for ever, and then it is not looked after when it is dead either. To be
 * called until it wants nothing (a probe must be sent and told before the next call).
 */
enum path_want path_tick(struct path *p, usec_t now, bool active, usec_t keepalive);

/* When path_tick has something to say, 0 for never. */
usec_t path_due(const struct path *p, bool active, usec_t keepalive);

/*
 * The peer sees us at this port. When it is another one than before a NAT has forgotten us while
 * we were idle: the next keepalives come a third sooner, down to PATH_KEEPALIVE_MIN, as they do
 * when one is not answered.
 */
void path_seen(struct path *p, uint16_t port);

/* The network changed below: believe nothing, ask at once. What it is remains. */
void path_doubt(struct path *p, usec_t now);

/* Has it been proven, and heard from lately? Then it carries data if there is no better one. */
bool path_works(const struct path *p, usec_t now);

/* May it carry data at `now`? It works, and it is not held down. */
bool path_usable(const struct path *p, usec_t now);

/*
 * Is something wrong with a path that works? SUSPECT, or an answer on it is late, or its peer
 * does not report what it should have heard. In that time small packets are worth sending twice.
 */
bool path_in_doubt(const struct path *p, usec_t now);

/* May `len` more bytes be sent to an address that has not answered yet? */
bool path_may_send(const struct path *p, size_t len);

/* Has it answered often enough to take over from a worse class? */
bool path_is_firm(const struct path *p);

/*
 * Lower is better, in microseconds: RTT, loss, and what its kind costs (paths of relays are
 * somebody else's bandwidth).
 */
uint64_t path_score(const struct path *p);

/* `p`, which is not in use, was measured: does it go on being better than `current`? */
void path_weigh(struct path *p, const struct path *current, usec_t now);

/*
 * Should data move from `current`, which may carry it, to `candidate`? From a relay to a direct path
 * at once; never the other way, which only a death is a reason for. Between paths of one class when
 * the candidate was clearly better for a while, or when the network changed below and it is the
 * first to answer.
 */
bool path_beats(const struct path *candidate, const struct path *current, usec_t now);

unsigned path_loss_percent(const struct path *p);

/* Datagrams of ours, neither relayed nor in a stream? */
static inline bool
path_is_udp(const struct path *p)
{
	return p->kind == PATH_LAN || p->kind == PATH_DIRECT;
}

/* Were its last PATH_STEADY_PROBES probes answered? Only then UDP takes over from a stream. */
bool path_is_steady(const struct path *p);

#endif
