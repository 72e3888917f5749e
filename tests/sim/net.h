/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * net.h - the network below: LANs, the links that lead to them, routers with NATs, hosts.
 *
 * Everything that sends is a station on a LAN, and the Internet is the LAN that has no way out. A
 * datagram leaves by its station's uplink, is looked up on the LAN, and arrives by the downlink of
 * the station that has the address, or at the LAN's way out. A router is two stations with a NAT
 * (or firewall) for each family between them, so NATs behind NATs need nothing more.
 *
 * Addresses that are not translated are known on every LAN on the way up to the Internet.
 *
 * A datagram may go through as many routers as its TTL says. One that has too few left ends in
 * silence where it is: before the NAT of the router that takes the last, behind that of one it still
 * went through. The Internet itself is INTERNET_HOPS routers, so that a datagram can open the NATs
 * of its own side and be seen by nobody else.
 *
 * What is sent to a multicast group reaches the other hosts of the same LAN, and on the Internet
 * nobody.
 */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include "core/addr.h"
#include "core/table.h"
#include "tests/sim/nat.h"
#include "tests/sim/world.h"

/* One direction of a cable. Probabilities are in millionths. */
struct link {
	usec_t delay;
	usec_t jitter; /* up to this much more */
	uint32_t loss;
	uint32_t duplicate;
	uint32_t reorder; /* held back for up to ten times delay and jitter */
	uint32_t mtu;     /* of the UDP payload; 0: any */
	uint64_t rate;    /* bytes a second; 0: any. What would wait 100 ms is dropped */
	bool cut;
	usec_t busy_until;
};

/* Routers between any two places on the Internet. */
#define INTERNET_HOPS 5
/* What a system gives a datagram of which nobody says more. */
#define TTL_DEFAULT 64

struct router;
struct lan;
struct station;
struct tap;
struct guard;

/* A datagram on its way. `data` has PACKET_HEADROOM and PACKET_TAILROOM around it. */
struct datagram {
	struct alarm arrival;
	struct net *net;
	const struct station *from; /* the host that sent it */
	struct station *to;         /* the next station on its way */
	struct addr src;
	struct addr dst;
	uint32_t stream; /* a frame of this one, by the receiver's number; 0: of none */
	bool opener;  /* its sender gave it a TTL */
	unsigned ttl; /* routers that it may still go through, and the host that it is for */
	uint32_t len;
	uint8_t *data;
};

/* `d` is the receiver's: datagram_free() it. */
typedef void receive_fn(void *ctx, struct datagram *d);

struct station {
	struct lan *lan;
	struct link up;
	struct link down;
	struct router *router; /* NULL for a host */
	receive_fn *receive;   /* of a host; NULL: whatever comes is lost */
	void *ctx;
	struct station *next; /* host of its LAN */
};

struct lan {
	struct table stations; /* struct ip -> struct station */
	struct station *hosts;
	struct station *way_out; /* a router's inner station; NULL on the Internet */
};

struct router {
	struct station outer;
	struct station inner;
	struct lan inside;
	struct translator v4;
	struct translator v6;
	struct router *next; /* of the net, to be freed */
};

/* Between two stations of one LAN nothing passes in this direction. */
struct cut {
	const struct station *from;
	const struct station *to;
};

#define NET_CUTS_MAX 64

struct net {
	struct world *w;
	struct lan internet;
	struct router *routers;
	struct table known; /* struct ip: every address that ever was somebody's */
	struct cut cuts[NET_CUTS_MAX];
	size_t cut_count;
	struct tap *tap;    /* or NULL; see tap.h */
	struct guard *guard; /* or NULL; see guard.h */
	uint64_t sent;      /* datagrams, since the start */
	uint64_t delivered; /* to hosts */
	uint64_t lost;      /* by links and cuts, refused by NATs, out of hops, to nobody */
};

void net_init(struct net *n, struct world *w);
void net_free(struct net *n);

/*
 * A router on `outer`, or on the Internet if that is NULL. `address` is its IPv4 address there.
 * It belongs to the net.
 */
struct router *net_router(struct net *n, struct router *outer, struct addr address,
    const struct nat_behaviour *v4, const struct nat_behaviour *v6);

/* Puts a host behind `r`, or on the Internet if that is NULL, without an address yet. */
void net_host(struct net *n, struct station *s, struct router *r, receive_fn *receive, void *ctx);

/* Gives a host an address, and takes one away. */
void net_address(struct net *n, struct station *s, struct addr a);
void net_forget(struct net *n, struct station *s, struct addr a);

/* The router's provider gave it another IPv4 address. */
void net_readdress(struct net *n, struct router *r, struct addr a);

/* From now on nothing passes from `from` to `to`; and again. */
void net_cut(struct net *n, const struct station *from, const struct station *to);
void net_heal(struct net *n, const struct station *from, const struct station *to);

/* Sends a copy of `len` bytes, with TTL_DEFAULT for a `ttl` of 0. */
void net_send(struct net *n, struct station *from, struct addr src, struct addr dst, unsigned ttl,
    const uint8_t *data, uint32_t len);

/* Does nothing at all pass from `from` to `to`, of which each is how a site is on the Internet? */
bool net_is_cut(const struct net *n, const struct station *from, const struct station *to);

/* A frame of a stream arrives at the host `to` at `when`, whatever is between the two. */
void net_frame(struct net *n, const struct station *from, struct station *to, struct addr src,
    struct addr dst, uint32_t stream, usec_t when, const uint8_t *data, uint32_t len);

/* Has the address ever been somebody's, whatever the port? */
bool net_knows(const struct net *n, const struct addr *a);

void datagram_free(struct datagram *d);

#endif
