/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * beacon.h - the lighthouse as a value: packets in, effects out.
 *
 * A lighthouse answers the handshakes of its network's members, remembers where each of them was
 * last heard from, answers who asks, tells both sides of an introduction about each other, and
 * passes datagrams between two members that cannot reach one another. It takes no part in what they
 * say: their sessions are end to end, and all that it says of them is signed by the authority.
 *
 * The engine owns neither socket nor clock nor file. Effects appended to the outbox are TO_NET,
 * REMEMBER and TRACE.
 */
#ifndef LIGHTHOUSE_BEACON_H
#define LIGHTHOUSE_BEACON_H

#include "core/addr.h"
#include "core/base.h"
#include "core/err.h"
#include "core/outbox.h"
#include "core/renewal.h"
#include "core/rng.h"
#include "core/wire.h"

#define BEACON_AUTHORITIES_MAX 4
#define BEACON_CLIENTS_MAX     65536

/* Where the second port is, and STUN, is known by the socket that a packet came in on. */
struct beacon_config {
	uint8_t key[32]; /* private; wiped by beacon_free */
	uint8_t psk[32]; /* of the network; zeros: none */
	struct blob cert;
	struct blob authorities[BEACON_AUTHORITIES_MAX]; /* roots and issuing CAs of the bundle */
	size_t authority_count;
	uint32_t clients_max;    /* sessions and registrations; 0: BEACON_CLIENTS_MAX */
	uint32_t handshake_rate; /* a second; more in the last second is load. 0: 400 */
	uint64_t relay_rate;     /* bytes a second, shared fairly by who relays. 0: 125,000,000 */
	bool relay;              /* false: refuse circuits, whatever the certificate says */
	bool stun;               /* answer RFC 8489 Binding requests of strangers */
	bool alt_port;           /* SOCKET_ALT_* are open */
};

struct beacon;

/*
 * Checks that the certificate is valid for the key, chains to one of the authorities, and has the
 * flag LIGHTHOUSE. What `c` points to is copied. `rng` must outlive the engine.
 * 0, -ENOMEM, or one of ours with a sentence in `e`. beacon_free() wipes and frees.
 */
int beacon_new(struct beacon **ret, const struct beacon_config *c, struct rng rng,
    struct instant now, struct err *e) must_check;
void beacon_free(struct beacon *b);

/*
 * A row that an earlier run asked to be remembered (MEMORY_STATE first, MEMORY_TOKEN before
 * MEMORY_PLEA, the others in any order), before the first packet. It is judged like input from the
 * network: 0, or why it was not taken; then the caller may delete it.
 */
int beacon_recall(struct beacon *b, struct instant now, const struct memory *row);

/*
 * `n` datagrams as they came, each with PACKET_HEADROOM and PACKET_TAILROOM around it; they are
 * overwritten, and TO_NET effects may point into them.
 */
void beacon_from_net(struct beacon *b, struct instant now, struct packet *pk, size_t n,
    struct outbox *out);

/*
 * The stream `id` of a client has ended. New ones need no word: their frames come in as datagrams
 * with the id as socket, SOCKET_STREAM or above, and each id is used once.
 */
void beacon_stream_ended(struct beacon *b, struct instant now, socket_id id, struct outbox *out);

/* Does what is due at `now`. After it beacon_next_due() is later than `now`, or the outbox half
 * full. */
void beacon_tick(struct beacon *b, struct instant now, struct outbox *out);

/* When to call beacon_tick(), on the clock of instant.mono; 0: not before the next packet. */
usec_t beacon_next_due(const struct beacon *b);

/*
 * Says CLOSE to whoever has a session, as many as the outbox holds. True: there are more, settle
 * and call again.
 */
bool beacon_close(struct beacon *b, struct instant now, struct outbox *out);

/* The row with this ticket (EFFECT_REMEMBER) is on the disk. */
void beacon_written(struct beacon *b, struct instant now, uint64_t ticket, struct outbox *out);

/* A blob of the network state that somebody brought: as spread_bring (core/spread.h). */
int beacon_bring_state(struct beacon *b, struct instant now, const uint8_t *blob, size_t len,
    struct outbox *out, struct err *e) must_check;

/*
 * Its own next certificate (core/renewal.h), which it asks for in time by itself. It has come when
 * beacon_renewal() is not NULL; the shell stores it and says so by beacon_renewed(), from when on it
 * is used: 0; ERR_STATE when there is none; ERR_CONFLICT when it takes a new engine (addresses or
 * roles are new in it). beacon_renew(): a person wants it now.
 */
const struct renewed *beacon_renewal(const struct beacon *b);
int beacon_renewed(struct beacon *b, struct instant now, struct outbox *out) must_check;
void beacon_renew(struct beacon *b, struct instant now, struct outbox *out);
enum renewal_phase beacon_renewal_phase(const struct beacon *b, struct instant now,
    const struct renewal **ret);

/*
 * What `status` shows
 */

/* The network state (core/spread.h), and whether it revokes our own certificate. */
struct spread_view;
void beacon_state_view(const struct beacon *b, struct instant now, struct spread_view *ret,
    bool *revoked);

struct beacon_totals {
	uint32_t sessions;
	uint32_t registrations;
	uint32_t circuits;
	uint64_t handshakes;  /* completed */
	uint64_t refused;     /* certificates that were not accepted */
	uint64_t unauthentic; /* datagrams dropped before they could be told from noise */
	uint64_t cookies;     /* cookie replies sent, under load */
	uint64_t queries;
	uint64_t answers; /* REPLYs that found somebody */
	uint64_t introductions;
	uint64_t relayed_packets;
	uint64_t relayed_bytes;
	uint64_t relay_dropped; /* over a client's share */
	uint64_t bad_frames;
	uint64_t limited; /* frames over a limit */
	uint64_t stun;
	uint32_t tokens;	/* that stand */
	uint32_t pleas;		/* of hosts with a token, not answered yet */
	uint32_t renewals;	/* of members, not answered yet */
	uint32_t mail;		/* answers of both kinds that nobody has fetched */
	uint32_t letters;	/* of parties of a study, for others that are away */
};

void beacon_totals(const struct beacon *b, struct beacon_totals *ret);

/* One member that has a session here or is registered. */
struct beacon_client {
	char name[64];
	uint8_t key[32];
	struct ip address;    /* the first of its certificate */
	struct addr observed; /* FAMILY_NONE: never registered */
	struct nat nat;
	uint8_t eps;
	bool session;
	bool in_stream;       /* reached over TCP */
	usec_t heard;       /* microseconds ago */
	uint64_t not_after; /* Unix seconds, of its certificate */
	uint32_t circuits;
	uint64_t relayed_bytes; /* from it, since the start */
};

/* Walks the clients: start with *cursor = 0; false at the end. Valid until the next engine call. */
bool beacon_next_client(const struct beacon *b, struct instant now, size_t *cursor,
    struct beacon_client *ret);

#endif
