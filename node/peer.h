/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peer.h - somebody we talk to: its certificate, its channel, its paths, and what waits for it.
 */
#ifndef NODE_PEER_H
#define NODE_PEER_H

#include "core/bucket.h"
#include "core/cert.h"
#include "core/channel.h"
#include "core/heap.h"
#include "core/members.h"
#include "core/patience.h"
#include "core/spread.h"
#include "core/wire.h"
#include "node/hedge.h"
#include "node/aim.h"
#include "node/mesh.h"
#include "node/path.h"
#include "node/refusals.h"

#define PEER_PATHS_MAX 16
#define PEER_NO_PATH   (-1)

/* A peer that was heard or written to this recently is kept reachable while idle. */
#define PEER_WARM (300 * USEC_PER_SEC)

/* A packet that waits for a session. */
struct waiting {
	struct waiting *next;
	uint32_t len;
	uint8_t bytes[];
};

/*
 * What went wrong with a peer, kept for whoever asks why it is not connected. A session that comes
 * up ends all of it.
 */
struct peer_past {
	usec_t closed_at;
	usec_t gave_up_at; /* handshakes went unanswered to the end */
	usec_t unknown_at; /* no lighthouse had it registered */
	usec_t full_since; /* a relay has no room for one more circuit */
	uint8_t closed_for;  /* enum close_reason of its last CLOSE; 0: none */
	uint8_t full_at[32]; /* the key of that relay */
};

struct lighthouse;
struct told;

struct peer {
	struct heap_item timer;
	uint32_t at; /* place in the mesh's list */
	uint8_t key[32];
	struct cert cert;
	uint64_t valid_until; /* Unix seconds, of the chain */
	uint64_t own_until;   /* the same of our own: no session outlives either */
	bool stock;
	bool announce;	 /* it is to be told of our new certificate */
	bool superseded; /* another one has its name or an address of it */
	struct lighthouse *lighthouse; /* not NULL: one of the bundle's */
	struct channel *channel;

	struct path paths[PEER_PATHS_MAX];
	int best; /* the path that carries data, or PEER_NO_PATH */
	struct hedge hedge;
	uint32_t mtu;

	struct waiting *first;
	struct waiting **last;
	unsigned waiting_count;
	size_t waiting_bytes;

	usec_t used_at;	    /* data to or from it, 0 never */
	usec_t heard_at;    /* anything authentic */
	usec_t roamed_at;   /* when we moved, 0 never */
	usec_t told_roaming_at; /* when it said that it did */
	bool up;	    /* the log says that it is there */
	usec_t failing_since; /* no session, and handshakes go unanswered; 0: not so */
	usec_t unreachable_at; /* when the last "unreachable" was said, for its rate */

	/* Punching: bursts of probes to every candidate, ever more seldom while nothing is new. */
	usec_t punch_began; /* 0: nothing to punch */
	unsigned punch_step;  /* of the burst */
	uint32_t punch_sent;  /* paths that have had its packet of this step, by bit */
	usec_t punch_next;    /* when another one may have it; 0: the step is over */
	unsigned punch_round; /* bursts since something was new */
	bool punch_again;     /* there was news in the burst: another one follows at once */
	unsigned burst_packets;
	/* The introduction that lets us punch without a session. */
	uint8_t introduction[INTRODUCTION_ID_LEN];
	uint8_t open_key[32];
	usec_t introduced_until;

	/* CANDIDATES: told again a few times, there is no acknowledgement. */
	usec_t candidates_due;
	unsigned candidates_told;
	uint32_t candidates_seq; /* the newest that it sent */
	struct nat nat; /* how its NAT behaves, by its own word in CANDIDATES or a lighthouse's */
	bool has_nat;
	bool unseen;	/* by its own word or a lighthouse's: nobody outside sees it over UDP */
	struct addr seen;	 /* where a lighthouse saw it over IPv4; FAMILY_NONE: none told */
	struct attempt *attempt; /* to get through both NATs; NULL while there is none */
	struct aimed aimed;	 /* and what became of the ones before */

	bool same_site;		  /* it seems to be where we are: its private addresses mean something */
	struct relays relays;	  /* through which it is reached, as it or a lighthouse says */
	bool relays_for_us;	  /* a session with it is kept for the sake of others */
	usec_t relays_not_until;  /* it said that it does not relay: not asked before */
	bool has_relayed;	  /* paths may go over it */
	usec_t opened_at;	  /* the handshake follows an opener that went out then, 0 never */
	usec_t second_relay_due;  /* the handshake is to go through the second best one, 0 never */
	struct refusals refusals; /* of circuits to it */
	usec_t circuit_due;	  /* relays are asked again for one, 0 never */
	struct bucket introductions; /* to others, that it asks of us */
	struct bucket introduces;    /* others to us */
	struct bucket wakes;	  /* of others that it has us call, as a relay */
	struct bucket complaints; /* RELAY_CLOSE about circuits that there are not */

	uint64_t tx_bytes;
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t rx_packets;
	char version[32];
	int64_t clock_apart;
	struct told *told; /* why it reaches us as it does, by its own word; NULL: never asked */
	struct peer_past past;
	struct spread_mark state; /* the network state that it has, as it says */
	bool clock_said;
	usec_t remembered_at; /* when its endpoints were, 0 never */
	bool remembered_direct;
	struct patience patience;
};

/*
 * The peer that `m` certifies, without paths; our own chain is valid until `own_until`. NULL
 * without memory, or for a low-order key.
 */
struct peer *peer_new(const struct member *m, struct instant now, uint64_t own_until,
    const struct channel_config *c);
void peer_free(struct peer *p);

/* Another certificate for the same key. */
void peer_renew(struct peer *p, struct instant now, const struct member *m);

/* Our own chain is valid until `own_until` from now on. */
void peer_own_until(struct peer *p, struct instant now, uint64_t own_until);

/* Has anybody had business with it lately? */
bool peer_is_warm(const struct peer *p, usec_t now);

/*
 * Keeps a copy of a packet until there is a session. The oldest make room beyond
 * MESH_QUEUE_PACKETS or MESH_QUEUE_BYTES.
 */
void peer_wait(struct peer *p, const uint8_t *bytes, uint32_t len);

/* The oldest waiting packet, to be freed by the caller; NULL when none waits. */
struct waiting *peer_next_waiting(struct peer *p);

/* The path on this socket to this address, or through this circuit of a relay; NULL: none. */
struct path *peer_path_to(struct peer *p, socket_id socket, const struct addr *remote);
struct path *peer_path_by(struct peer *p, const struct peer *relay, uint32_t circuit);

/* A slot for one more path: a free one, or that of the least useful path; NULL if all are in use. */
struct path *peer_slot(struct peer *p, usec_t now);

/* The path that carries data, or NULL. */
static inline struct path *
peer_best(struct peer *p)
{
	return p->best == PEER_NO_PATH ? NULL : &p->paths[p->best];
}

/* Has it a direct path that carries data? */
bool peer_is_direct(const struct peer *p);

/* Its data comes on `path`, which speaks for sending ours there. */
void peer_heard_data(struct peer *p, struct path *path);

/* The greatest counter that was heard of its keypair with our index `index`, on any path. */
uint64_t peer_heard_highest(const struct peer *p, uint32_t index);

/*
 * The largest inner packet of the family that may be sent to it. IPv6 has none that must be smaller
 * than 1280 (RFC 8200 5), and kernels refuse to send them; a narrower path may lose such packets.
 */
static inline uint32_t
peer_mtu(const struct peer *p, uint8_t family)
{
	return family == FAMILY_V6 && p->mtu < MTU_BASE ? MTU_BASE : p->mtu;
}

/* Forgets `path`. */
void peer_drop_path(struct peer *p, struct path *path);

/*
 * Chooses the path that is to carry data: the best that may, or one that is held down where there
 * is no other; that on which a STOCK peer was heard last; PEER_NO_PATH when none works. Returns
 * whether it is another one than before.
 */
bool peer_choose(struct peer *p, usec_t now);

#endif
