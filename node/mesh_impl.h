/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mesh_impl.h - the inside of a node, for the files that are its engine: mesh.c (the way of a
 * packet), greet.c (how a session begins), tick.c (what is due), life.c (beginning, memory, end),
 * roster.c (who our peers are), reach.c (how we get to one), punch.c and aim.c (through NATs),
 * upkeep.c (what it needs as time goes by), mapping.c (what routers pass on), relays.c (through
 * whom), carry.c (what we relay), acquaint.c (what we learn of others), vouch.c (what we tell of
 * them), lan.c (who is on our links), network.c (which network this is), speak.c (control frames),
 * pin.c (keys that are fixed), view.c (what a person sees), roam.c (when the ground moves), renew.c
 * (our own next certificate), study.c (with whom we compute), runs.c (what);
 * and the values hedge.c (what is sent twice) and mtu.c (how large it may be).
 */
#ifndef NODE_MESH_IMPL_H
#define NODE_MESH_IMPL_H

#include "core/door.h"
#include "core/introduce.h"
#include "core/spread.h"
#include "core/trace.h"
#include "node/carry.h"
#include "node/finder.h"
#include "node/firewall.h"
#include "node/lan.h"
#include "node/letters.h"
#include "node/lobby.h"
#include "node/mesh.h"
#include "node/netcheck.h"
#include "node/network.h"
#include "node/opener.h"
#include "node/peer.h"
#include "node/registrar.h"
#include "node/relay.h"
#include "node/rekey.h"
#include "node/relays.h"
#include "node/renew.h"
#include "node/route.h"
#include "node/runs.h"
#include "node/sockets.h"
#include "node/streams.h"
#include "node/vouch.h"

/* The shell is told to keep the rows of as many peers as we may have members. */
#define ENDPOINTS_MAX	    4096
#define ENDPOINTS_OF_PEER   4
#define RECENT_PEERS	    (600 * USEC_PER_SEC) /* called again at start */
#define ENDPOINT_SAVE_EVERY (120 * USEC_PER_SEC)
#define PINGS_MAX	    64
#define PEER_FORGET_AFTER   (900 * USEC_PER_SEC)
#define HOUSEKEEPING_EVERY  (10 * USEC_PER_SEC)
#define CANDIDATES_TELLS    4
#define UNREACHABLE_AFTER   (3 * USEC_PER_SEC)
#define UNREACHABLE_EVERY   (100 * USEC_PER_MS)
#define HELD_AFTER_SESSION  (900 * USEC_PER_SEC) /* a peer lately heard is never "unreachable" */

/* A lighthouse of the bundle, which is a peer too. */
struct lighthouse {
	struct peer *peer;
	bool registered;
	bool lost_said;
	uint32_t seq;	   /* of the last REGISTER */
	unsigned tries;	   /* of it */
	usec_t register_due;
	uint16_t ttl;
	struct addr observed[2]; /* by IPv4 and IPv6; FAMILY_NONE: not known */
	uint16_t tcp; /* the port of streams to it */
	struct stream stream;
};

/* The network is being measured, or will be. */
struct measuring {
	struct netcheck_run run;
	usec_t due; /* when it begins anew; 0: not before a lighthouse is there */
	struct peer *servers[NETCHECK_SERVERS];
	unsigned server_count;
	socket_id sockets[NETCHECK_SLOTS];
	uint32_t epoch; /* of the descriptor: networks that we have been in */
	struct ip life_of; /* where we were seen when mappings began to be timed */
};

/* What is sent by another interface than the preferred one. */
struct uplink_socket {
	struct uplink is;
	socket_id id; /* SOCKET_NONE: it could not be opened */
	bool open;
	struct addr observed; /* by a lighthouse; FAMILY_NONE: not known */
};

/* Where a datagram came from, or goes to. */
struct way {
	socket_id socket;
	struct addr addr;   /* direct */
	struct peer *relay; /* or not NULL, and then through this circuit */
	uint32_t circuit;
};

/* Where a peer was reached in this life or an earlier one. */
struct endpoints {
	uint8_t key[32];
	usec_t wall; /* when */
	uint8_t count;
	struct addr at[ENDPOINTS_OF_PEER];
};

struct ping_sent {
	bool used;
	uint16_t token;
	uint16_t seq;
	struct ip to;
	usec_t at;
};

enum mesh_count {
	MESH_BAD_OUTER,	      /* datagrams of no type or length that is spoken */
	MESH_NO_SESSION,      /* addressed to an index that nobody has */
	MESH_NOT_AUTHENTIC,
	MESH_REPLAYED,
	MESH_BAD_INNER,	      /* decrypted, and no packet */
	MESH_BAD_SOURCE,      /* an inner source that its sender may not use */
	MESH_NOT_FOR_US,
	MESH_FILTERED,	      /* by the firewall */
	MESH_NO_ROUTE,	      /* from the TUN to nobody */
	MESH_TOO_BIG,
	MESH_UNREACHABLE,
	MESH_BAD_FRAMES,
	MESH_MUTED_FRAMES,
	MESH_UNKNOWN_FRAMES,
	MESH_BAD_OPEN,
	MESH_NO_CIRCUIT,
	MESH_HANDSHAKES,      /* sessions that came up */
	MESH_SWITCHES,	      /* changes of the path that carries data to a peer */
	MESH_HEDGED,	      /* packets sent on one more path (hedge.h) */
	MESH_HEDGED_BYTES,
	MESH_COUNT,
};

/* Everybody is looked at, since another network state is in force. */
struct state_walk {
	uint32_t turn;	/* spread_turn() that it is for */
	uint32_t peers; /* still to be looked at */
	uint32_t members;
	usec_t due; /* the next slice; 0: it is over */
};

/* A run that this host takes part in. */
struct run_slot {
	struct rally *rally; /* NULL: a free slot */
	int id;
	unsigned self; /* our place in its study */
	bool left;     /* by its owner; what is left is to let the others know */
	bool told;     /* the owner knows that there is news, and has not asked */
	usec_t seek_due;
	usec_t measure_due;
};

/* So many that are over are answered for. */
#define RUNS_PAST 4

struct runs {
	struct run_slot slot[RUNS_MAX];
	struct run_past past[RUNS_PAST]; /* the life of a free row is 0 */
	unsigned past_next;
	int last_id;
};

struct mesh {
	struct rng rng;
	struct noise_identity self;
	struct noise_clock clock;
	struct trust *trust;
	struct members *members;
	struct door *door;
	struct spread *spread;
	struct state_walk walk;
	bool revoked; /* our own certificate is, and the log has said so */
	struct cert cert; /* our own */
	uint64_t valid_until; /* Unix seconds, of its chain */
	struct cert_bytes cert_bytes;
	struct cert_bytes issuing;
	struct renewal renewal;
	struct renewed renewed;	       /* our next certificate, until it is stored */
	struct lighthouse *renewed_by; /* who brought it */
	struct rekeying rekeying;
	uint8_t psk[32];
	uint32_t caps; /* CAP_* that we have */
	bool allow_all;
	char accept_routes[ACCEPT_ROUTES_MAX][NAME_MAX_LEN + 1];
	size_t accept_route_count;

	struct heap timers;
	struct peer **peers;
	uint32_t peer_count;
	size_t peer_room;
	uint32_t peers_max;
	struct deferral *deferral; /* NULL: the engine seals and opens by itself */
	bool any_superseded; /* of the peers: they go at the next roster_sweep() */
	struct table by_key;
	struct table by_index;
	struct routes routes;
	struct firewall firewall;
	struct lobby *lobby;
	struct letters letters;
	struct runs runs;
	struct relaying relaying;
	struct relays_known relays;
	struct links lan;
	struct circuits *carried; /* for others; NULL: we do not relay */
	struct finder finder;
	struct introductions introductions;
	struct vouching *vouching; /* for peers to peers; NULL until one has asked */
	struct target_limit targets;
	struct table endpoints; /* key -> struct endpoints */
	struct sockets sockets;
	struct peer *birthday; /* whose attempt needs many ports: one at a time; or NULL */
	struct bucket aiming; /* what sweeps and meetings send */
	struct streams streams;
	struct registrar *registrar; /* NULL: we speak for no authority, or were not asked */
	struct networks networks;

	struct mesh_lighthouse pinned[MESH_LIGHTHOUSES_MAX]; /* the bundle's */
	size_t pinned_count;
	struct lighthouse lighthouses[MESH_LIGHTHOUSES_MAX];
	size_t lighthouse_count;
	struct addr local[MESH_LOCAL_MAX];
	size_t local_count;
	struct uplink_socket uplinks[MESH_UPLINKS_MAX];
	size_t uplink_count;
	struct mapping mapped[MESH_MAPPINGS_MAX];
	size_t mapped_count;
	uint32_t candidates_seq; /* grows whenever our own candidates change */
	struct netcheck netcheck; /* what was measured of the network that we are in */
	struct nat nat;		  /* our own descriptor, as others are told it */
	struct measuring measuring;
	usec_t keepalive;	  /* how long our NAT lets a path be idle */

	struct ping_sent pings[PINGS_MAX];
	size_t ping_next;
	usec_t housekeeping_due;
	usec_t called_at; /* with packets or a tick */
	usec_t shaken_at; /* when routes or links changed last */
	uint64_t newest_remembered;
	bool started;
	uint64_t counts[MESH_COUNT];
	uint64_t tx_bytes;
	uint64_t rx_bytes;
};

static inline struct way
way_of(const struct path *p)
{
	return (struct way){
		.socket = p->socket,
		.addr = p->remote,
		.relay = p->relay,
		.circuit = p->circuit,
	};
}

static inline void
name_copy(char to[static NAME_MAX_LEN + 1], const char *name)
{
	memcpy(to, name, strlen(name) + 1);
}

/* A fact about `p`, to be completed and given to outbox_trace(). */
struct trace_fact fact_of(const struct peer *p, enum trace_what what, enum trace_level level);

/*
 * roster.c: who our peers are
 */

/*
 * The peer with this certificate, made if there is none yet. NULL when there may be no more, or it
 * is our own certificate.
 */
struct peer *roster_peer(struct mesh *m, struct instant now, const struct member *member,
    struct outbox *out);

/* The peer whose certificate has this name, or NULL. */
struct peer *roster_by_name(const struct mesh *m, const char *name);

struct peer *roster_by_key(const struct mesh *m, const uint8_t key[static 32]);

/* Another certificate for the same key: routes lead to the addresses that it has now. */
void roster_renew(struct mesh *m, struct instant now, struct peer *peer,
    const struct member *member, struct outbox *out);

/* The sessions with a peer are over; it may begin again. */
void roster_end(struct mesh *m, struct peer *peer);

/*
 * Somebody else has what `peer` was certified for: its routes end now, and the rest of it when
 * nothing that came from it or by it is being worked on any more.
 */
void roster_supersede(struct mesh *m, struct peer *peer, struct outbox *out);

/* Forgets whoever was superseded. */
void roster_sweep(struct mesh *m, struct instant now, struct outbox *out);

/* Ends and frees a peer. */
void roster_forget(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* Adds (or changes the MTU of) the host routes of a peer's addresses, or removes them. */
void roster_routes(const struct peer *p, bool add, struct outbox *out);

/* A local index that no session has, and those of sessions that have ended taken back. */
uint32_t roster_index(struct mesh *m);
void roster_retire(struct mesh *m, struct peer *peer);

/*
 * reach.c: how we get to a peer
 */

/* A datagram that lies in a packet or the outbox goes out. */
void reach_send(struct mesh *m, struct instant now, const struct way *way, uint8_t *msg, size_t len,
    struct outbox *out);

/* The same for bytes that lie elsewhere. */
void reach_send_copy(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    size_t len, struct outbox *out);

/*
 * Seals `len` bytes at `p` for `peer` and sends them on `path`. `data`: an answer is expected.
 * ERR_STATE when there is no session.
 */
int reach_seal(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint8_t *p,
    size_t len, bool data, struct outbox *out);

/* The same on the path in use, which there is, and on others while that is in doubt (hedge.h). */
int reach_seal_hedged(struct mesh *m, struct instant now, struct peer *peer, uint8_t *p, size_t len,
    bool data, struct outbox *out);

/* Our lighthouses, the nearest first. Returns how many. */
size_t reach_lighthouses(struct mesh *m, struct lighthouse *order[static MESH_LIGHTHOUSES_MAX]);

/* The lighthouses are asked for the member with this key, and to introduce us. */
void reach_look_up(struct mesh *m, struct instant now, const uint8_t key[static 32]);

/* There is something to say to `peer`: a session is made if there is none. */
void reach_want(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* A fresh initiation, or the last one again, goes wherever the peer might be. */
void reach_initiate(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
void reach_repeat(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* The handshake that the best relay has had for a moment goes through the others too, when due. */
void reach_second_relay(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* Relays are asked for circuits, and get the handshake that is under way. */
void reach_by_relays(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* What of our timestamps and of the network's time must survive a restart. */
void reach_remember_clock(struct mesh *m, struct outbox *out);

/* `peer` may be at `at`. True when that is new; an address that may not be tried never is. */
bool reach_candidate(struct mesh *m, struct instant now, struct peer *peer, const struct addr *at,
    enum path_origin origin);

/*
 * `peer` may be where a lighthouse sees it, with its own `port`: a NAT may keep that for the first
 * flow of a socket and not for the one by which it is seen. No other candidate makes room for it.
 */
void reach_guess(struct mesh *m, struct instant now, struct peer *peer, uint16_t port);

/* Is it an address of this machine, with the port of a main socket? */
bool reach_is_own(const struct mesh *m, const struct addr *at);

/* The path of `peer` that `way` is; made if an authentic packet came from there. NULL: no room. */
struct path *reach_path(struct mesh *m, struct instant now, struct peer *peer,
    const struct way *way, bool make);

/* A path through each of the nearest relays, so that it is there before it is needed. */
void reach_add_relays(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* May something be sent on a path that has not answered? Charges its allowances. */
bool reach_may_try(struct mesh *m, struct instant now, struct peer *peer, struct path *p,
    size_t len);

/* In `delay` from now the lighthouses are asked where it is, and to tell it of us. */
void reach_ask_for(struct mesh *m, struct instant now, const struct peer *peer, usec_t delay);

/*
 * punch.c: bursts of probes
 */

/*
 * A burst to all candidates, beginning after `delay`; it is followed by others until one works.
 * `news`: there is reason to hope, so the next ones follow soon again.
 */
void punch_begin(struct mesh *m, struct instant now, struct peer *peer, usec_t delay, bool news);

/* There is reason to hope: a burst begins, or another follows the one that is under way. */
void punch_news(struct mesh *m, struct instant now, struct peer *peer);

void punch_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
usec_t punch_due(const struct mesh *m, const struct peer *peer);

/* How long a burst takes. */
#define PUNCH_BURST_TIME (1200 * USEC_PER_MS)

/*
 * aim.c: through NATs that give every flow a port of its own
 */

/* The other side speaks of an attempt. */
void aim_hear(struct mesh *m, struct instant now, struct peer *peer, const struct aim *said,
    struct outbox *out);

/*
 * `len` bytes that were opened at `p` came from `peer` by `way`. True: a lighthouse was asked for
 * them by a socket that is meant for somebody else, and no path has to do with them.
 */
bool aim_takes(struct mesh *m, struct instant now, const struct peer *peer, const struct way *way,
    uint8_t *p, size_t len, struct outbox *out);

/* Our network is another one: what failed before may do now. */
void aim_news(struct peer *peer);

/* The same of the peer's, as we are told: believed so often and no more. */
void aim_told_news(struct peer *peer, usec_t now);

/* Ends the attempt that is under way. */
void aim_forget(struct mesh *m, struct peer *peer);

/* Closes the sockets of paths that are no more. */
void aim_sweep(struct mesh *m, struct outbox *out);

/* What would get through the NATs of both, as far as they are known. */
struct plan aim_plan(const struct mesh *m, const struct peer *peer);

void aim_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
usec_t aim_due(const struct mesh *m, struct instant now, const struct peer *peer);

/*
 * roam.c: the ground moves
 */

/* This machine's addresses are others now. */
void roam_changed(struct mesh *m, struct instant now, struct outbox *out);

/* They are the same, but its routes or links have changed. */
void roam_shaken(struct mesh *m, struct instant now);

/* Before anything else that is due: has this machine slept? */
void roam_called(struct mesh *m, struct instant now, struct outbox *out);

/* Did we move a moment ago? Then our PINGs say so. */
bool roam_is_news(const struct peer *peer, usec_t now);

/* A PING that came on `path` says that `peer` has moved. */
void roam_told(struct mesh *m, struct instant now, struct peer *peer, const struct path *path);

/*
 * `path` was proven. When it is where the peer's data comes from now, and nothing came on the path
 * in use since, then the peer has moved, whether it knows or not.
 */
void roam_proven(struct mesh *m, struct instant now, struct peer *peer, const struct path *path);

/*
 * upkeep.c: what a peer needs as time goes by
 */

/* `path` has just been proven. */
void upkeep_proven(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out);

/* A session with `peer` came up. */
void upkeep_session(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* Chooses the path anew, says so if it changed, and sends what waited for one. */
void upkeep_choose(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* The routes' MTU follows that of the path in use. */
void upkeep_mtu(struct peer *peer, struct outbox *out);

/* Does all that is due for `peer` and sets its timer. */
void upkeep_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* Something is due for `peer` at `due` at the latest. */
void upkeep_due(struct mesh *m, struct peer *peer, usec_t due);

/* Our own candidates have changed: everybody is told. */
void upkeep_candidates_changed(struct mesh *m, struct instant now, struct outbox *out);

/*
 * measure.c: what network are we in?
 */

/* A session with a lighthouse came up: there may be more to measure with. */
void measure_session(struct mesh *m, struct instant now);

/* It is measured again in a moment; what was found stands until then. */
void measure_soon(struct mesh *m, struct instant now);

/* We are in another network: nothing that was found is true any more. */
void measure_anew(struct mesh *m, struct instant now);

/* Is it being measured, or about to be? */
bool measure_runs(const struct mesh *m);

void measure_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t measure_due(const struct mesh *m);

/*
 * `len` bytes that were opened at `p` came from the lighthouse `peer` by `way`. True: they were
 * (or once would have been) the answer to a measurement, and no path has to do with them.
 */
bool measure_takes(struct mesh *m, struct instant now, struct peer *peer, const struct way *way,
    uint8_t *p, size_t len);

/* Have we sent this OPEN ourselves? */
bool measure_knocked(struct mesh *m, const uint8_t *msg);

/*
 * speak.c: control frames
 */

/* A frame came from `peer` in a session with our index `index`, on `path`. */
void speak_heard(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    uint32_t index, uint8_t *p, size_t len, struct outbox *out);

/*
 * Sends the frame of `n` bytes at `room` on the path in use; nothing if there is none, or the frame
 * could not be encoded (`n` not positive). `data`: an answer is expected.
 */
void speak_frame(struct mesh *m, struct instant now, struct peer *peer, uint8_t *room, int n,
    bool data, struct outbox *out);

void speak_hello(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
void speak_candidates(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);
void speak_register(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out);
void speak_query(struct mesh *m, struct instant now, struct peer *to, const struct seek *s,
    struct outbox *out);
void speak_relay_open(struct mesh *m, struct instant now, const struct circuit *c,
    struct outbox *out);

/* The circuit `id` of `relay` is gone, and with it the path over it. */
void speak_circuit_over(struct mesh *m, struct instant now, const struct peer *relay, uint32_t id,
    struct outbox *out);

void speak_close(struct mesh *m, struct instant now, struct peer *peer, enum close_reason reason,
    struct outbox *out);

void speak_aim(struct mesh *m, struct instant now, struct peer *peer, const struct aim *a,
    struct outbox *out);

/* A PING of `len` bytes (PING_LEN, or more to probe the MTU) on `path`. */
void speak_ping(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    size_t len, struct outbox *out);

/* A PING to a lighthouse that asks whether `path` works, and must not move us there. */
void speak_measure(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out);

/*
 * acquaint.c: what we learn of others
 */

/* Who lost name and addresses to a newer certificate (or NULL) has no business here any more. */
void acquaint_loser(struct mesh *m, struct instant now, const struct member *loser,
    struct outbox *out);

/* Verifies and keeps a certificate that somebody brought; the member, or NULL. */
struct member *acquaint_learn(struct mesh *m, struct instant now, struct blob cert, struct blob ca,
    struct outbox *out);

/*
 * REPLY and PUNCH from a lighthouse, or from a peer, whose word is worth less: where it says that
 * somebody is, a few packets may go.
 */
void acquaint_reply(struct mesh *m, struct instant now, struct peer *from, const struct reply *r,
    struct outbox *out);
void acquaint_punch(struct mesh *m, struct instant now, struct peer *from, const struct punch *p,
    struct outbox *out);

/* `member` was found otherwise: questions for its address or name are answered. */
void acquaint_found(struct mesh *m, struct instant now, const struct member *member,
    struct outbox *out);

/* What `peer` says of itself. */
void acquaint_candidates(struct mesh *m, struct instant now, struct peer *peer,
    const struct candidates *c);

/*
 * state.c: the network state
 */

void state_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t state_due(const struct mesh *m);

/*
 * Are new sessions with the holder of a certificate with `flags` not to be made, because the state
 * has expired and demands that? Not with those that may bring a newer one.
 */
bool state_halts(const struct mesh *m, struct instant now, uint32_t flags);

/* `peer` holds `id`, as its HELLO or STATE_ADV says; a lighthouse some `version`, by REG_ACK. */
void state_said(struct mesh *m, struct instant now, struct peer *peer, const struct state_id *id,
    struct outbox *out);
void state_registered(struct mesh *m, struct instant now, const struct peer *lighthouse,
    uint64_t version);

/* BLOB_REQ and BLOB of `peer`. */
void state_asked(struct mesh *m, struct instant now, struct peer *peer, const struct blob_req *q,
    struct outbox *out);
void state_came(struct mesh *m, struct instant now, const struct peer *peer,
    const struct blob_part *part, struct outbox *out);

/*
 * `member` is not to be known any more: its session is ended with a word in the log (`what`) and
 * one to it (`reason`), and so is what is remembered of it.
 */
void state_put_out(struct mesh *m, struct instant now, struct member *member, enum trace_what what,
    enum close_reason reason, struct outbox *out);

/*
 * landmarks.c: the lighthouses of the bundle
 */

/*
 * One of them. If its certificate has expired it is let pass: it has renewed it by now, and a row that
 * is recalled may hold the new one. Else as trust_verify(); ERR_DENIED for what is no lighthouse,
 * ERR_CONFLICT for this node itself.
 */
int landmarks_take(struct mesh *m, const struct mesh_lighthouse *c, struct instant now,
    struct err *e) must_check;

/*
 * Those that were taken are peers with fixed addresses, as far as their certificates hold and no pin
 * speaks against them; also one that was put out, when that has changed.
 */
void landmarks_add(struct mesh *m, struct instant now, struct outbox *out);

/*
 * runs.c: what we compute
 */

void runs_wipe(struct mesh *m);
void runs_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t runs_due(const struct mesh *m);

/* A frame RUN_*. Negative: it is malformed. */
int runs_hear(struct mesh *m, struct instant now, struct peer *peer, const struct frame *f,
    struct outbox *out) must_check;

/* Whoever has the key is not known any more: revoked, or against a pin. */
void runs_lost(struct mesh *m, struct instant now, const uint8_t key[static 32],
    struct outbox *out);

/* The peer has ended the session because it does not take our certificate any more: we are lost. */
void runs_refused(struct mesh *m, struct instant now, const struct peer *peer,
    enum close_reason reason, struct outbox *out);

/* The node ends, and with it whatever runs here: the others are told once. */
void runs_close(struct mesh *m, struct instant now, struct outbox *out);

/* runs_past.c: a run is over here, and will be answered for. */
void runs_remember(struct mesh *m, const struct rally *r);

/* The peer speaks of a study that does not run here, perhaps to a process that is no more. */
void runs_answer_past(struct mesh *m, struct instant now, struct peer *peer, const struct frame *f,
    const struct run_head *heard, struct outbox *out);

/*
 * study.c: with whom we compute
 */

void study_tick(struct mesh *m, struct instant now, struct outbox *out);

/* A session with the holder of this key is wanted, whoever has its name by now. */
void study_seek(struct mesh *m, struct instant now, const uint8_t key[static 32],
    struct outbox *out);

/* STUDY and STUDY_REQ of `peer`. */
void study_said(struct mesh *m, struct instant now, struct peer *peer,
    const struct study_says *says, struct outbox *out);
void study_asked(struct mesh *m, struct instant now, struct peer *peer, const struct study_req *q,
    struct outbox *out);

/*
 * registrar.c: what we do for an authority
 */

void registrar_free(struct registrar *r);

/* Frames of a lighthouse. False: they are not for us. */
bool registrar_hear_enrol(struct mesh *m, struct instant now, struct peer *peer,
    const struct enrol *e, struct outbox *out);
bool registrar_hear_renew(struct mesh *m, struct instant now, struct peer *peer,
    const struct renew *n, struct outbox *out);
void registrar_hear_ack(struct mesh *m, struct instant now, struct peer *peer,
    const struct offer_ack *a);

/* A lighthouse has us registered, perhaps in another life: it hears everything again. */
void registrar_here(struct mesh *m, struct instant now, const struct lighthouse *l);

void registrar_tick(struct mesh *m, struct instant now, struct outbox *out);
usec_t registrar_due(const struct mesh *m);

/*
 * uplink.c: interfaces beside the preferred one
 */

/* `p` is a new path of a main socket: it gets its twins. */
void uplink_twins(struct mesh *m, struct instant now, struct peer *peer, const struct path *p);

/* The socket `id` was opened, or could not be. */
void uplink_opened(struct mesh *m, struct instant now, socket_id id, const struct addr *local);

/* A lighthouse sees us at `seen` by this path. False: it is not an uplink's. */
bool uplink_observed(struct mesh *m, struct instant now, const struct path *path,
    const struct addr *seen, struct outbox *out);

/* Appends where lighthouses see us by uplinks. */
void uplink_candidates(const struct mesh *m, struct eps *to);

/* Is the path one by an uplink's socket? */
bool uplink_is(const struct mesh *m, const struct path *path);

/*
 * mapping.c: what routers pass on to us
 */

/*
 * The mapping with double NAT judged by what is known now: its outside is private, or no lighthouse
 * sees us there although some see us.
 */
struct mapping mapping_judged(const struct mesh *m, const struct mapping *mapped);

/* Appends mapped endpoints to `to`: those behind one NAT, or those behind two. */
void mapping_candidates(const struct mesh *m, bool double_nat, struct eps *to);

/*
 * mesh.c: the way of a packet
 */

/* An inner packet for `peer` that lies in a packet or the outbox; kept if there is no session. */
void mesh_to_peer(struct mesh *m, struct instant now, struct peer *peer, uint8_t *p, size_t len,
    struct outbox *out);

/* The same for a copy that waited. */
void mesh_to_peer_copy(struct mesh *m, struct instant now, struct peer *peer, const uint8_t *p,
    size_t len, struct outbox *out);

/* A datagram of any type from `way`. */
void mesh_datagram(struct mesh *m, struct instant now, const struct way *way, uint8_t *msg,
    size_t len, struct outbox *out);

/* What waits for `peer` cannot be delivered: the senders are told by ICMP. */
void mesh_unreachable(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out);

/* The same for what waits for an address that nobody knows. */
void mesh_nobody_knows(struct mesh *m, struct instant now, struct seek *s, struct outbox *out);

/*
 * greet.c: how a session begins
 */

/* Messages of the length that their type has, from `way`. */
void greet_initiation(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    size_t len, struct outbox *out);
void greet_response(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    struct outbox *out);
void greet_cookie(struct mesh *m, struct instant now, const uint8_t *msg, struct outbox *out);

/* A punch without a session: where the peer is, or at least its NAT. */
void greet_open(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    struct outbox *out);

/* The first packet of a keypair that the other side made: it proves the path, both ways. */
void greet_confirmed(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out);

/* A path that was heard for the first time, or again after its death, is asked whether it works. */
void greet_path(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out);

#endif
