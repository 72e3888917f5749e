/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp.h - datagrams, in batches, from one socket.
 *
 * The descriptor is ours, behind uv_poll, because libuv's own UDP gives no ancillary data. A
 * socket speaks one family; a daemon has one of each on the same port. Datagrams are never
 * fragmented on their way (DF), and an answer leaves from the address that was asked: a host
 * with several addresses would else answer from one that the other side's NAT does not expect.
 */
#ifndef HOST_UDP_H
#define HOST_UDP_H

#include <pthread.h>
#include <uv.h>

#include "core/addr.h"
#include "core/outbox.h"

/* Datagrams that the kernel cuts from one message or joins to one (UDP_SEGMENT, UDP_GRO). */
#define UDP_JOINED_MAX 64
/* Datagrams received by one call at the most; it looks for no more when it has so many. */
#define UDP_BATCH  (8 * UDP_JOINED_MAX)
#define UDP_ENOUGH 64
/* Remote addresses for which the local one is remembered; more share rows. */
#define UDP_SOURCES 1024
#define UDP_SOURCES_FEW 8	/* of a socket that leads to one peer */
/* What we ask of the kernel; its default loses bursts. */
#define UDP_BUFFER (4 << 20)

struct udp_source {
	struct addr remote;
	struct addr local;	/* port 0; scope: the interface */
};

struct udp {
	int fd;			/* -1: closed */
	uint8_t family;		/* FAMILY_* */
	uint16_t port;		/* the local one */
	struct addr local;	/* what it is bound to */
	socket_id id;		/* written into every packet */
	uv_poll_t poll;
	void *ctx;
	void (*on_readable)(void *ctx, struct udp *u);

	uint64_t sent, received;
	uint64_t send_failed;	/* refused by the kernel and not repeated */
	uint64_t too_long;	/* arrived larger than PACKET_MAX */
	bool cuts;		/* UDP_SEGMENT, until it is refused */
	bool joins;		/* UDP_GRO */
	bool drained;		/* the last udp_receive left nothing behind */

	struct udp_source *sources;
	size_t source_rows;
	pthread_mutex_t *sources_lock; /* of several threads' sockets; NULL: one thread's own */
	struct udp *first;	/* whose table and lock these are; NULL: ours */
	uint8_t *buffers;	/* UDP_BUFFERS */
	bool borrowed;		/* the buffers are several sockets' */
};

/* Bytes of a socket's buffers. */
#define UDP_BUFFERS (UDP_ENOUGH * ((size_t)PACKET_HEADROOM + 65536 + PACKET_TAILROOM))

/*
 * Opens a socket of `family` on `port` of all addresses, or of `bind_to` when its family is not
 * FAMILY_NONE; port 0 takes a free one. -EADDRINUSE when somebody has it.
 */
int udp_open(struct udp *u, uint8_t family, uint16_t port, const struct ip *bind_to, socket_id id,
    struct err *err) must_check;

/*
 * The same for one of many, which takes in what it hears at `buffers`, UDP_BUFFERS bytes that are
 * used by no other while the packets that udp_receive gave are.
 */
int udp_open_one_of_many(struct udp *u, uint8_t family, uint16_t port, const struct ip *bind_to,
    socket_id id, uint8_t *buffers, struct err *err) must_check;

/*
 * Opens an IPv4 and an IPv6 socket on one port: `port`, or, when that is taken and `fallback`
 * allows it, a free one. A machine without IPv6 gets the first only; v6->fd is then -1.
 */
int udp_open_pair(struct udp *v4, struct udp *v6, uint16_t port, bool fallback, socket_id first,
    struct err *err) must_check;

/*
 * Makes `u` another hand at the address and port of `first`, for another thread, with `first`'s
 * number: either a socket of its own, between which and the others the kernel divides who sends to
 * us, each remote address to one (SO_REUSEPORT); or on `first`'s own, which receives nothing then.
 * All of them answer each remote from where it was heard by any. `first` is closed last.
 */
int udp_join(struct udp *u, struct udp *first, bool own_socket, struct err *err) must_check;

/*
 * Of `offloads` (host/offloads.h) the socket uses what the kernel has; after opening, all of them.
 * Not between udp_receive() and the end of what it gave.
 */
void udp_offload(struct udp *u, unsigned offloads);

/* Calls `on_readable` from the loop whenever there is something to receive. */
int udp_watch(struct udp *u, uv_loop_t *loop, void *ctx,
    void (*on_readable)(void *ctx, struct udp *u)) must_check;

/*
 * The next datagrams, at most UDP_BATCH; 0 when there are none. The bytes are ours and valid until
 * the next call, with head- and tailroom as an engine wants them but for those with META_TIGHT,
 * which came joined and lie one behind the other.
 */
size_t udp_receive(struct udp *u, struct packet ret[static UDP_BATCH]);

/* One datagram of a batch on its way out. */
struct udp_out {
	const uint8_t *data;
	size_t len;
	struct addr to;
	uint8_t ttl;		/* or hop limit; 0: the system's */
};

/*
 * Sends `n` datagrams in order. One that the kernel refuses (no route, too large, a full queue) is
 * counted and passed over: what we send is repeated by who needs it.
 */
void udp_send(struct udp *u, const struct udp_out *out, size_t n);

/* What has been put and not yet sent, all of it by one socket. */
#define UDP_QUEUE_MAX 256

struct udp_queue {
	struct udp *udp;
	size_t count;
	struct udp_out out[UDP_QUEUE_MAX];
};

void udp_queue_init(struct udp_queue *q);
/* The TO_NET effect `e` goes out by `u`, in order, at the latest with the next flush. */
void udp_queue_put(struct udp_queue *q, struct udp *u, const struct effect *e);
void udp_queue_flush(struct udp_queue *q);

/*
 * Carries out the TO_NET effects of an outbox: each leaves through the socket of its id among the
 * `n` in `sockets`, those of one socket in order. What names a closed or unknown one is dropped.
 */
void udp_settle(struct udp *sockets, size_t n, const struct outbox *o);

/* The address of ours that `remote` last spoke to, by any hand (udp_join); FAMILY_NONE: not known. */
struct addr udp_source(const struct udp *u, const struct addr *remote);
/* That it is `local` now; FAMILY_NONE: whichever the route says. */
void udp_note_source(struct udp *u, const struct addr *remote, const struct addr *local);

/* Forgets from which local address each remote was answered: the addresses have changed. */
void udp_forget_sources(struct udp *u);

/*
 * Stops watching and closes. Where it was watched, the memory of `u` must live until the loop has
 * turned once more: libuv lets go of a handle only then.
 */
void udp_close(struct udp *u);

/* The same for a socket from malloc, which is freed as soon as it may be. */
void udp_close_free(struct udp *u);

#endif
