/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * beacon_impl.h - the inside of a lighthouse, for the files that are the engine: beacon.c (the
 * way of a packet, and time), handshake.c (how a session begins), life.c (beginning, memory, end),
 * client.c (conversations), answer.c (control frames), introduction.c (who is where), relaying.c
 * (circuits), referral.c (which relays a node is told of), desk.c (authorities), enrolment.c (hosts
 * that have no certificate), renewals.c (members' next ones), renew.c (our own next one), state.c
 * (the network state), view.c (what a person sees).
 */
#ifndef LIGHTHOUSE_BEACON_IMPL_H
#define LIGHTHOUSE_BEACON_IMPL_H

#include "core/bucket.h"
#include "core/channel.h"
#include "core/circuit.h"
#include "core/door.h"
#include "core/heap.h"
#include "core/introduce.h"
#include "core/limit.h"
#include "core/members.h"
#include "core/patience.h"
#include "core/spread.h"
#include "core/table.h"
#include "core/trace.h"
#include "core/trust.h"
#include "lighthouse/beacon.h"
#include "lighthouse/letters.h"
#include "lighthouse/mailbox.h"
#include "lighthouse/place.h"
#include "lighthouse/quarantine.h"
#include "lighthouse/registry.h"

#define CLIENT_INDICES 8 /* the sessions and attempts of one channel */
#define CLIENT_ASKED   4 /* introductions whose id is known, should the question come again */
#define CLIENT_TOLD    5 /* times that the other side hears of one: requests come so often */
#define CLIENT_WAITING 4 /* introductions that wait for a session with the one asked for */
#define CLIENT_LATER   8 /* PONGs that were asked to be late */

#define BEACON_RELAYS_MAX 64 /* nodes that relay and that others are told of */
#define BEACON_DESKS_MAX  8  /* nodes that speak for an authority */

#define BEACON_EXPIRE_EVERY (10 * USEC_PER_SEC) /* members, and what is kept for hosts */

/* Somebody with a conversation, or whom we try to reach. */
struct client {
	uint8_t key[32];
	char name[NAME_MAX_LEN + 1];
	struct channel *channel;
	uint32_t index[CLIENT_INDICES]; /* ours, by which datagrams find the channel */
	unsigned index_count;
	size_t place; /* in beacon.clients */
	struct heap_item timer;

	struct addr at; /* where it is; FAMILY_NONE until an authentic packet came */
	socket_id socket;
	struct places places; /* where else it was heard */
	uint32_t at_index; /* the packet that told us */
	uint64_t at_counter;
	usec_t heard;
	bool up;        /* a session was confirmed */
	bool show_cert; /* it does not hold our certificate: HELLO carries it */
	usec_t announce_due; /* when it is told that we have another one; 0: it need not be */
	struct spread_mark state; /* the network state that it has, as it says */

	struct patience patience;
	struct bucket introductions; /* core/introduce.h */
	struct bucket complaints;    /* RELAY_CLOSE about circuits that there are not */
	uint32_t said_index;         /* the packet of its last REGISTER */
	uint64_t said_counter;

	struct asked {
		uint32_t qid;
		uint8_t target[32];
		uint8_t id[INTRODUCTION_ID_LEN];
		usec_t until; /* 0: free */
		unsigned told; /* times that the other side was */
	} asked[CLIENT_ASKED];
	unsigned asked_next;

	struct waiting {
		uint8_t key[32]; /* who asked */
		uint8_t id[INTRODUCTION_ID_LEN];
		usec_t until; /* 0: free */
	} waiting[CLIENT_WAITING];
	unsigned waiting_next;

	struct later {
		usec_t due; /* 0: free */
		struct ping pong;
		struct addr to;
		socket_id socket;
	} later[CLIENT_LATER];
};

/* Everybody is looked at, since another network state is in force. */
struct state_walk {
	uint32_t turn;	  /* spread_turn() that it is for */
	uint32_t clients; /* still to be looked at */
	uint32_t members;
	usec_t due; /* the next slice; 0: it is over */
};

struct beacon {
	struct rng rng;
	struct noise_identity self;
	struct noise_clock clock;
	struct verified own; /* our certificate */
	struct renewal renewal;
	struct renewed renewed; /* our next one, until it is stored */
	uint8_t cert[CERT_HOST_MAX];
	struct blob cert_bytes;
	struct blob issuing_bytes;
	uint8_t psk[32];
	bool relay;
	bool stun;
	bool alt_port;

	struct trust *trust;
	struct members *members;
	struct door *door;
	struct registry *registry;
	struct circuits *circuits;
	struct spread *spread;
	struct state_walk walk;
	bool revoked; /* our own certificate is, and the log has said so */
	struct introduce_limit introduce;
	struct limit stun_limit;

	struct table by_key;
	struct table by_index;
	struct client **clients; /* in the order of their coming, holes filled by the last */
	uint32_t client_count;
	uint32_t clients_max;
	struct client *relays[BEACON_RELAYS_MAX]; /* those certified RELAY */
	size_t relay_count;
	struct client *desks[BEACON_DESKS_MAX]; /* those certified ENROL */
	size_t desk_count;
	struct bucket matters; /* what they are asked */
	usec_t asks_held;   /* they were asked enough, until then */
	struct quarantine quarantine;
	usec_t quarantine_due;
	struct mailbox *mailbox;
	struct letters *letters;
	struct heap timers;
	usec_t expire_due;       /* members whose certificates ended */
	uint64_t newest_written; /* of trust_newest() */
	usec_t load_said;
	struct beacon_totals totals;
};

/* Our timestamps are reserved up to b->clock.reserved, and the newest issue time was seen. */
void beacon_remember_clock(struct beacon *b, struct outbox *out);

/* A packet that was opened, and how it came. */
struct heard {
	struct instant now;
	const struct packet *packet;
	struct channel_opened opened;
	bool unproven; /* nothing shows that its sender is where it came from */
	size_t owed;   /* bytes that may go back there all the same */
};

/*
 * client.c: conversations
 */

struct client *client_get(const struct beacon *b, const uint8_t key[static 32]);
struct client *client_by_index(const struct beacon *b, uint32_t index);

/* No session of its outlives our own certificate. */
void client_own_until(const struct beacon *b, struct instant now, struct client *cl);

/*
 * We have another certificate: all who have a session are sent it in a HELLO, one after the other.
 * Whoever misses that sees it in the next handshake.
 */
void clients_announce(struct beacon *b, struct instant now);

/* The client with this certificate, made if there is none. NULL when there may be no more. */
struct client *client_of(struct beacon *b, struct instant now, const struct member *m);

/* Ends a conversation without a word, and the circuits that used it. */
void client_free(struct beacon *b, struct instant now, struct client *cl, struct outbox *out);

/* An index that nobody's session has, a guest's neither. */
uint32_t client_index_draw(struct beacon *b);

/* A free index of ours for a handshake with `cl`, or 0. client_settle() afterwards. */
uint32_t client_index_new(struct beacon *b, struct client *cl);
void client_index_drop(struct beacon *b, struct client *cl, uint32_t index);

/* To be called after the channel was used: takes retired indices back and sets the timer. */
void client_settle(struct beacon *b, struct client *cl);

/* Is it at the far end of a stream? Then it has no address at which anybody else reaches it. */
static inline bool
client_in_stream(const struct client *cl)
{
	return cl->socket >= SOCKET_STREAM;
}

/* How we see whoever sent something by `socket` from `at`. */
static inline struct ep
client_seen_at(socket_id socket, const struct addr *at)
{
	return (struct ep){
		.kind = socket >= SOCKET_STREAM ? EP_TCP : EP_REFLEXIVE,
		.addr = *at,
	};
}

/* Can a frame be sent to it now? */
bool client_reachable(const struct client *cl, struct instant now);

/* Seals `len` bytes that lie in a packet or in the outbox, and sends them to where `cl` is. */
void client_seal(struct beacon *b, struct instant now, struct client *cl, uint8_t *p, size_t len,
    struct outbox *out);

/* The same for a frame that lies elsewhere; an encoder's failure (`len` < 0) is not sent. */
void client_send(struct beacon *b, struct instant now, struct client *cl, const uint8_t *frame,
    int len, struct outbox *out);
void client_send_to(struct beacon *b, struct instant now, struct client *cl, socket_id socket,
    const struct addr *to, const uint8_t *frame, int len, struct outbox *out);

/* The client is where this packet came from, as far as that is the newest. */
void client_move(struct client *cl, const struct heard *h);

/*
 * A PING to where this packet came from: is the client there, and how far is that? False: it is
 * none that can be asked, or was asked a moment ago.
 */
bool client_ask_there(struct beacon *b, const struct heard *h, struct client *cl,
    struct outbox *out);
#define CLIENT_ASK_LEN (PING_LEN + DATA_MIN)

/* Says why, and ends the conversation. */
void client_dismiss(struct beacon *b, struct instant now, struct client *cl, enum close_reason why,
    struct outbox *out);

/* There is something to tell `m`, who is registered but has no session: calls where it was. */
void client_wake(struct beacon *b, struct instant now, const struct member *m, struct outbox *out);

/* What is due for one client. It may be freed. */
void client_tick(struct beacon *b, struct instant now, struct client *cl, struct outbox *out);

/* A fact about `cl`, to be completed and given to outbox_trace(). */
struct trace_fact
client_fact(const struct client *cl, enum trace_what what, enum trace_level level);

/*
 * referral.c: nodes that relay
 */

void referral_add(struct beacon *b, struct client *cl);
void referral_drop(struct beacon *b, const struct client *cl);

/* Those that `cl` is told of, which are registered and can be reached; `ret` is empty before. */
void referral_for(const struct beacon *b, struct instant now, const struct client *cl,
    struct relays *ret);

/*
 * state.c: the network state
 */

/* `cl` holds `id`, as its HELLO says. */
void beacon_state_said(struct beacon *b, struct instant now, struct client *cl,
    const struct state_id *id, struct outbox *out);

void beacon_state_tick(struct beacon *b, struct instant now, struct outbox *out);
usec_t beacon_state_due(const struct beacon *b);

/*
 * desk.c: authorities
 */

void desk_add(struct beacon *b, struct client *cl);
void desk_drop(struct beacon *b, const struct client *cl);

/*
 * The member behind `cl`, if it may speak now for the authority that signed it, through whatever
 * rotations; else NULL.
 */
const struct member *desk_member(const struct beacon *b, struct instant now,
    const struct client *cl);

/* Who speaks for the authority `issuer` and can be asked now, or NULL. */
struct client *desk_of(const struct beacon *b, struct instant now,
    const uint8_t issuer[static ISSUER_LEN]);

/* Is nobody here whom `e` could be asked, or was it asked in vain? */
bool desk_silent(const struct beacon *b, struct instant now, const struct matter *e);

/* Asks what is to be asked of the authority of `e`, and says when again. */
void desk_ask(struct beacon *b, struct instant now, struct matter *e, struct outbox *out);

/* A session with `cl` came up, the first if `fresh`: what waits for a desk is asked of it. */
void desk_here(struct beacon *b, struct instant now, struct client *cl, bool fresh,
    struct outbox *out);

/* Does what is due; desk_next_due() is later then, or the outbox half full. */
void desk_tick(struct beacon *b, struct instant now, struct outbox *out);
usec_t desk_next_due(const struct beacon *b);

/*
 * enrolment.c: hosts that have a token, and authorities that answer them
 */

/* Somebody showed a token. The newcomer's handshake is wiped. */
void enrolment_knock(struct beacon *b, struct instant now, const struct packet *pk,
    struct newcomer *n, struct outbox *out);

/* A data message of no client: is it a guest's? */
bool enrolment_data(struct beacon *b, struct instant now, struct packet *pk,
    struct outbox *out) must_check;

/* Ends sessions whose time is up; b->quarantine_due is when. */
void enrolment_tick(struct beacon *b, struct instant now);

/*
 * renewals.c: members that want their next certificate
 */

/* A session with `cl` came up: what is kept for it is not kept longer. */
void renewals_here(struct beacon *b, struct instant now, struct client *cl, struct outbox *out);

/*
 * handshake.c: how a session begins
 */

/* Messages of the length that their type has. */
void handshake_initiation(struct beacon *b, struct instant now, const struct packet *pk,
    struct outbox *out);
void handshake_response(struct beacon *b, struct instant now, const struct packet *pk,
    struct outbox *out);
void handshake_cookie(struct beacon *b, struct instant now, const struct packet *pk,
    struct outbox *out);

/* The first packet in a session that `cl` began: it has the keys. */
void handshake_confirmed(struct beacon *b, const struct heard *h, struct client *cl,
    struct outbox *out);

/*
 * answer.c: control frames
 */

/*
 * What a control frame of a client leads to: 0, or negative for a malformed one. The client may be
 * gone afterwards. Those of other files:
 */
typedef int answer_fn(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out);

answer_fn introduction_on_query; /* QUERY */
answer_fn relaying_on_open;	/* RELAY_OPEN */
answer_fn relaying_on_close;	/* RELAY_CLOSE */
answer_fn relaying_on_data;	/* RELAY_DATA */
answer_fn enrolment_on_result;	/* ENROL_RESULT */
answer_fn renewals_on_ask;	/* RENEW */
answer_fn renewals_on_result;	/* RENEW_RESULT */
answer_fn enrolment_on_token;	/* TOKEN */
answer_fn post_on_letter;	/* LETTER */
answer_fn post_on_ack;		/* LETTER_ACK */
answer_fn beacon_state_adv;	/* STATE_ADV */
answer_fn beacon_state_req;	/* BLOB_REQ */
answer_fn beacon_state_part;	/* BLOB */

/* The decrypted payload `h->opened` is a control frame of `cl`, which may be freed. */
void answer_frame(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out);

/* `loser`'s name belongs to another key now. */
void answer_superseded(struct beacon *b, struct instant now, const struct member *loser,
    struct outbox *out);

/*
 * Answers a request: where it came from, if the client is there or if so little may go to where it
 * may not be.
 */
void answer_request(struct beacon *b, const struct heard *h, struct client *cl,
    const uint8_t *frame, int len, struct outbox *out);

/* An ERROR about a frame of `type`, and the thing `ref` in it. */
void answer_error(struct beacon *b, const struct heard *h, struct client *cl, enum error_code code,
    uint8_t type, uint32_t ref, struct outbox *out);

/* `m` (or NULL), unless it is superseded or its certificate has ended; NULL then. */
const struct member *answer_current(const struct beacon *b, struct instant now,
    const struct member *m);

/*
 * introduction.c: who is where
 */

/* A session with `cl` came up: says what waited for it. */
void introduction_waiting(struct beacon *b, struct instant now, struct client *cl,
    struct outbox *out);

/*
 * relaying.c: circuits
 */

/* RELAY_CLOSE to the end of a circuit with the client `other`, if its own client can be told. */
void relaying_circuit_over(struct beacon *b, struct instant now, const struct circuit_end *end,
    const uint8_t other[static 32], enum relay_code code, struct outbox *out);

/*
 * post.c: letters
 */

/* `cl` is there: what was left for it goes to it. */
void post_deliver(struct beacon *b, struct instant now, struct client *cl, struct outbox *out);

/*
 * renew.c: our own next certificate
 */

void own_renewal_begin(struct beacon *b, struct instant now, bool again);

/* Another network state is in force, which may have rotated the root that we stand on. */
void own_renewal_rotated(struct beacon *b, struct instant now);
void own_renewal_tick(struct beacon *b, struct instant now, struct outbox *out);
usec_t own_renewal_due(const struct beacon *b);

/* An authority has said something of `row`, which is ours. */
void own_renewal_heard(struct beacon *b, struct instant now, struct renewal_row *row,
    struct outbox *out);

#endif
