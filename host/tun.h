/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun.h - the device through which this machine's own packets come and go.
 *
 * A TUN carries bare IP packets. It exists as long as somebody has it open, so a daemon that dies
 * leaves neither the device nor the addresses and routes that point to it.
 *
 * Where the kernel can, each read gives and each write takes many packets of a flow as one
 * super-packet (core/offload.h) behind a header that says so. None of that is seen from outside:
 * packets come cut, and those of one outbox are put together.
 */
#ifndef HOST_TUN_H
#define HOST_TUN_H

#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/uio.h>
#include <uv.h>

#include "core/err.h"
#include "core/offload.h"
#include "core/outbox.h"

/* Packets taken from the device at once: two full super-packets at the MTU of our devices. */
#define TUN_BATCH 96
/* Flows whose packets are put together at the same time. */
#define TUN_FLOWS 8
/* Queues beside the first, where packets pass each other. */
#define TUN_LANES 8

/* Packets of one flow on their way into the device. */
struct tun_flow {
	struct coalescer packets;
	struct virtio_net_hdr header;
	struct iovec parts[1 + OFFLOAD_PACKETS_MAX]; /* the header, a packet, further payloads */
};

struct tun {
	int fd;			/* -1: closed */
	uint32_t ifindex;
	char name[IFNAMSIZ];
	unsigned offloads;	/* OFFLOAD_ flags that this kernel has; 0: no header is spoken */
	bool several;		/* the device has more queues than this one */
	bool more;		/* the last tun_receive stopped before the device was empty */
	uv_poll_t poll;
	void *ctx;
	void (*on_readable)(void *ctx, struct tun *t);

	uint64_t sent, received; /* packets, after cutting and before putting together */
	uint64_t reads, writes;	/* system calls that carried some */
	uint64_t send_failed;	/* refused: malformed, or the device is down */
	uint64_t refused;	/* read, but no packet that we could carry */

	uint8_t *buffers;	/* TUN_BATCH with head- and tailroom, and one super-packet */
	bool borrowed;		/* the buffers are the first queue's */
	struct segmenter cutting; /* the one in hand; len 0: there is none */
	struct tun_flow flows[TUN_FLOWS];
	size_t flow_count;
};

/*
 * Creates the device `name`; a name that ends in "%d" gets the first free number. Of `offloads`
 * (host/offloads.h) it uses what the kernel has. It is down and without addresses: see net.h.
 * -EBUSY when another process has it, -EPERM without CAP_NET_ADMIN.
 */
int tun_open(struct tun *t, const char *name, unsigned offloads, struct err *err) must_check;

/*
 * The same for a device that is to have several queues, between which the kernel divides flows:
 * those of one are in order. tun_join() makes `t` another hand at the device of `first`, for
 * another thread: with a queue of its own, or on that of `first`, which takes nothing from it then.
 */
int tun_open_several(struct tun *t, const char *name, unsigned offloads, struct err *err) must_check;
int tun_join(struct tun *t, const struct tun *first, bool own_queue, struct err *err) must_check;

/*
 * Gives a device that is to have several queues `count` more of them for the thread that has `t`, so
 * that who sends little does not wait behind a bulk transfer: flows of TCP are divided between the
 * lanes, and all else stays with `t`. Returns how many there are; fewer than asked for, or 0, where
 * the kernel does not want to, which costs nothing but that wait. All packets are written to `t`.
 *
 * A lane reads to the buffers of `t`, so what one gave is used and tun_rest() taken before another
 * is read. Lanes are closed before `t`.
 */
size_t tun_open_lanes(struct tun *t, struct tun *lanes, size_t count);

/* One of them. */
int tun_join_lane(struct tun *t, const struct tun *first) must_check;

/* Calls `on_readable` from the loop whenever there is a packet to take. */
int tun_watch(struct tun *t, uv_loop_t *loop, void *ctx,
    void (*on_readable)(void *ctx, struct tun *t)) must_check;

/*
 * The next packets that this machine sends into the mesh; 0 when there are none. The bytes are
 * ours, with head- and tailroom, and valid until the next call. Their `from` is empty; those cut
 * from the same super-packet as the one before are META_FOLLOWS.
 */
size_t tun_receive(struct tun *t, struct packet ret[static TUN_BATCH]);

/*
 * The same without asking the device: what is left of the super-packet in hand. Whoever leaves off
 * before `more` is false takes it, since the device wakes nobody for what it no longer has.
 */
size_t tun_rest(struct tun *t, struct packet ret[static TUN_BATCH]);

/*
 * Gives this machine the TO_TUN packets of an outbox, those of a flow in their order. Their bytes
 * are written to. What is refused is counted.
 */
void tun_settle(struct tun *t, const struct outbox *o);

/* Removes the device. If it was watched, `t` must live until the loop has turned once more. */
void tun_close(struct tun *t);

#endif
