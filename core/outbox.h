/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outbox.h - packets on their way in, and what an engine wants done.
 *
 * An engine call appends effects to an outbox that the caller owns, and the caller carries them
 * out in order (settle). Nothing is called back. An outbox has a fixed number of effects and a
 * fixed arena of bytes; what does not fit is dropped and counted, as a full queue of a network
 * card would.
 *
 * Packets are referenced, not copied. Whoever hands a packet to an engine leaves PACKET_HEADROOM
 * bytes before it and PACKET_TAILROOM after it, both writable, so that it is sealed and opened in
 * place; and keeps the buffer until the outbox is settled.
 */
#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H

#include "core/addr.h"
#include "core/base.h"

/* Two transport headers, a relay frame between them, and alignment. */
#define PACKET_HEADROOM 64
/* Two times padding to 16 and a tag. */
#define PACKET_TAILROOM 64
/* The largest datagram handled: an inner packet of 1500 in two envelopes, with room to spare. */
#define PACKET_MAX	2048

/* A path's own socket, by the number that the shell gave it. */
typedef uint32_t socket_id;
enum {
	SOCKET_V4 = 0,	   /* the main sockets, one a family */
	SOCKET_V6 = 1,
	SOCKET_ALT_V4 = 2, /* a lighthouse's second port */
	SOCKET_ALT_V6 = 3,
	SOCKET_LAN_V4 = 4, /* a multicast group, on every interface: HERE and nothing else */
	SOCKET_LAN_V6 = 5,
	SOCKET_EXTRA = 16, /* and above: opened by EFFECT_SOCKET, for a path or a measurement */
	SOCKET_STREAM = 0x40000000, /* and above: a TLS stream; each of its frames is a datagram */
};

/* No socket. */
#define SOCKET_NONE UINT32_MAX

/*
 * The word beside a datagram. Bits 0-1: ECN of the outer header, on arrival. Bits 8-15: TTL or hop
 * limit that it is sent with, 0 for the system's.
 *
 * META_FOLLOWS marks a packet from the TUN that was cut from the same super-packet as the packet
 * before it in the array: its IP and transport headers are the same but for lengths, sequence,
 * identification, flags of TCP and checksums, so that what was decided for that one (route,
 * firewall, path) holds for this one. The first of an array is never marked.
 *
 * META_TIGHT marks a datagram that lies right between two others and has no head- and tailroom of
 * its own. It may be opened where it lies; what is to be sealed there again must not be longer than
 * it was, or it is moved first (outbox_loosen).
 */
#define META_ECN(meta)	   ((meta) & 3)
#define META_TTL(ttl)	   ((uint32_t)(ttl) << 8)
#define META_TTL_OF(meta)  ((uint8_t)((meta) >> 8))
#define META_FOLLOWS	   ((uint32_t)1 << 16)
#define META_TIGHT	   ((uint32_t)1 << 17)

struct packet {
	uint8_t *data;
	uint32_t len;
	uint32_t meta;	  /* META_ECN, META_FOLLOWS, META_TIGHT */
	socket_id socket; /* where it came in */
	struct addr from; /* who sent it; FAMILY_NONE for packets from the TUN */
};

enum effect_kind {
	EFFECT_TO_NET,
	EFFECT_TO_TUN,
	EFFECT_ROUTE,
	EFFECT_REMEMBER,
	EFFECT_EVENT,
	EFFECT_TRACE,
	EFFECT_STREAM,
	EFFECT_SOCKET,
};

/* The rows that an engine wants to find again after a restart. Numbers are on disk: never reuse. */
enum memory_table {
	MEMORY_MEMBER = 1,	 /* static key -> certificates, last timestamp (core/members.h) */
	MEMORY_ENDPOINT = 2,	 /* static key -> where it was last reached (node) */
	MEMORY_REGISTRATION = 3, /* static key -> last REGISTER (lighthouse) */
	MEMORY_STATE = 4,	 /* u8 which -> a blob of the network state (core/spread.h) */
	MEMORY_CLOCK = 5,	 /* own TAI64N reserved up to here; newest issue time seen */
	MEMORY_NETWORK = 6,	 /* a network's name -> what was found in it (node/network.h) */
	MEMORY_TOKEN = 7,	 /* a token's id -> its key and welcome (lighthouse/mailbox.h) */
	MEMORY_PLEA = 8,	 /* token id, ref -> a host's plea and its answer (likewise) */
	MEMORY_RENEWAL = 9,	 /* static key -> a member's request and its result (likewise) */
	MEMORY_STUDY = 10,	 /* a study's hash -> how parties stand to it, and it (node/lobby.c) */
	MEMORY_LETTER = 11,	 /* a hash of whose it is -> a letter (lighthouse/letters.h) */
};

#define MEMORY_KEY_MAX 40

struct memory {
	enum memory_table table;
	uint32_t key_len;
	uint32_t value_len; /* 0: forget the row */
	uint8_t key[MEMORY_KEY_MAX];
	const uint8_t *value;
	uint64_t ticket; /* not 0: the engine waits to be told that this is on disk */
};

struct route_change {
	struct prefix to;
	uint32_t mtu;
	bool add; /* else remove */
};

/* A stream to a lighthouse that is to be opened or closed (docs/protocol.md, "Streams"). */
struct stream_change {
	socket_id id; /* SOCKET_STREAM or above, chosen by the engine and never used twice */
	bool open;    /* else close, and nothing more is said about it */
	struct addr to;	     /* FAMILY_NONE: by whatever name the shell knows it, and this port */
	uint8_t pin[32];     /* what SHA-256 of its SubjectPublicKeyInfo must be */
	char lighthouse[64]; /* its name */
};

/* What became of a stream. */
enum stream_news {
	STREAM_UP,	     /* frames pass */
	STREAM_UNREACHED,    /* no connection: refused, no route, no answer, no such name */
	STREAM_PROXY_FAILED, /* the proxy would not connect us */
	STREAM_NO_TLS,	     /* whoever answered does not speak TLS 1.3 */
	STREAM_WRONG_KEY,    /* nor is it the lighthouse: something between us ends TLS */
	STREAM_ENDED,	     /* it was up, and is no more */
};

/*
 * A socket is opened, on `port` or any free one, or closed. The TO_NET effects behind an opening
 * go out by it; whether it could be opened is told once the outbox is settled (node/mesh.h).
 */
struct socket_change {
	socket_id id;
	bool open; /* else close */
	uint8_t family;
	uint16_t port; /* 0: any */
	uint32_t ifindex; /* sends and hears by this interface only; 0: by any */
};

enum event_kind {
	EVENT_PING_ANSWER = 1, /* an ICMP echo of ours was answered */
	EVENT_WHY_ANSWER,      /* `peer` told why it reaches us as it does */
	EVENT_PEER_CHANGED,    /* a peer came, went, or changed its path: redraw */
	EVENT_SEEN_ELSEWHERE,  /* a lighthouse sees us at `at`, which is news: a NAT may be new */
	EVENT_RUN,	       /* there is news of the run whose id is `token` (node/runs.h) */
	EVENT_PETITION,	       /* somebody wants a certificate: `petition` (node/registrar.h) */
};

enum path_class {
	PATH_NONE,
	PATH_LAN,
	PATH_DIRECT,
	PATH_RELAY,
	PATH_STREAM, /* to a lighthouse, over TCP */
};

struct petition;

struct event {
	enum event_kind kind;
	const struct petition *petition; /* in the arena, as the event; else NULL */
	uint64_t token; /* of the request that this answers, else 0 */
	usec_t rtt;
	uint16_t seq;
	enum path_class path;
	struct addr at;		/* endpoint, of the relay if relayed */
	char peer[64];		/* name */
	char relay[64];		/* name, if relayed */
};

/* A fact worth a line in the log; see trace.h. */
struct trace_fact;

struct effect {
	enum effect_kind kind;
	socket_id socket;  /* TO_NET */
	struct addr to;	   /* TO_NET */
	uint8_t *data;	   /* TO_NET, TO_TUN */
	uint32_t len;
	uint32_t meta;	   /* TO_NET: META_TTL */
	union {
		struct route_change route;
		struct socket_change change;
		struct memory memory;
		const struct event *event;
		const struct trace_fact *fact;
		const struct stream_change *stream;
	};
};

struct outbox {
	struct effect *effects;
	uint32_t count;
	uint32_t cap;
	uint8_t *arena;
	size_t used;
	size_t size;
	uint64_t dropped; /* effects that did not fit, since outbox_init */
};

/*
 * An outbox of `cap` effects and `size` bytes of arena. 0 or -ENOMEM; outbox_free() releases it.
 */
int outbox_init(struct outbox *o, uint32_t cap, size_t size) must_check;
void outbox_free(struct outbox *o);

/* Forgets all effects. What the arena held is no longer valid. */
void outbox_reset(struct outbox *o);

/* At least half of effects and arena are taken: an engine's tick stops and stays due. */
bool outbox_half_full(const struct outbox *o);

/*
 * Room for a packet of `len` bytes with head- and tailroom, valid until reset; NULL (and counted
 * as dropped) when there is none.
 */
uint8_t *outbox_room(struct outbox *o, size_t len);

/* A packet with META_TIGHT gets head- and tailroom. False: there is no room, and it was counted. */
bool outbox_loosen(struct outbox *o, struct packet *pk) must_check;

/* `len` plain bytes of arena, aligned to 16, valid until reset; NULL when there are none. */
void *outbox_alloc(struct outbox *o, size_t len);

/* `data` must stay until the outbox is settled: a packet handed in, or outbox_room(). */
void outbox_to_net(struct outbox *o, socket_id socket, const struct addr *to, uint8_t *data,
    uint32_t len);
/* The same with a TTL or hop limit of its own, 0 for the system's. */
void outbox_to_net_ttl(struct outbox *o, socket_id socket, const struct addr *to, uint8_t *data,
    uint32_t len, uint8_t ttl);
void outbox_to_tun(struct outbox *o, uint8_t *data, uint32_t len);

/* Whether there was room: who is not heard must not believe that it has the socket. */
bool outbox_socket(struct outbox *o, const struct socket_change *change);
void outbox_route(struct outbox *o, struct prefix to, uint32_t mtu, bool add);

/* Copies key and value. `value_len` 0 forgets the row. */
void outbox_remember(struct outbox *o, enum memory_table table, const void *key, uint32_t key_len,
    const void *value, uint32_t value_len, uint64_t ticket);
void outbox_event(struct outbox *o, const struct event *e);
void outbox_trace(struct outbox *o, const struct trace_fact *f);
void outbox_stream(struct outbox *o, const struct stream_change *s);

#endif
