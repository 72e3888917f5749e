/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun.h - the device through which this machine's own packets come and go.
 *
 * A TUN carries bare IP packets. It exists as long as somebody has it open, so a daemon that dies
 * leaves neither the device nor the addresses and routes that point to it.
 */
#ifndef HOST_TUN_H
#define HOST_TUN_H

#include <net/if.h>
#include <uv.h>

#include "core/err.h"
#include "core/outbox.h"

/* Packets taken from the device at one wake-up. */
#define TUN_BATCH 32

struct tun {
	int fd;			/* -1: closed */
	uint32_t ifindex;
	char name[IFNAMSIZ];
	uv_poll_t poll;
	void *ctx;
	void (*on_readable)(void *ctx, struct tun *t);

	uint64_t sent, received;
	uint64_t send_failed;	/* refused: malformed, or the device is down */

	uint8_t *buffers;	/* TUN_BATCH with head- and tailroom */
};

/*
 * Creates the device `name`; a name that ends in "%d" gets the first free number. It is down and
 * without addresses: see net.h. -EBUSY when another process has it, -EPERM without CAP_NET_ADMIN.
 */
int tun_open(struct tun *t, const char *name, struct err *err) must_check;

/* Calls `on_readable` from the loop whenever there is a packet to take. */
int tun_watch(struct tun *t, uv_loop_t *loop, void *ctx,
    void (*on_readable)(void *ctx, struct tun *t)) must_check;

/*
 * The next packets that this machine sends into the mesh; 0 when there are none. The bytes are
 * ours, with head- and tailroom, and valid until the next call. Their `from` is empty.
 */
size_t tun_receive(struct tun *t, struct packet ret[static TUN_BATCH]);

/* Gives this machine one IP packet. One that is refused is counted. */
void tun_send(struct tun *t, const uint8_t *data, size_t len);

/* Removes the device. If it was watched, `t` must live until the loop has turned once more. */
void tun_close(struct tun *t);

#endif
