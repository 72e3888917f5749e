/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * group.h - a multicast group, on every interface of this machine and no farther than its links.
 *
 * One socket a family, that hears the group where it was joined, and of IPv6 also what is sent to
 * its port alone; several programs on one machine may have it. Traffic here is a few datagrams a
 * minute: nothing is batched.
 */
#ifndef HOST_GROUP_H
#define HOST_GROUP_H

#include <uv.h>

#include "core/addr.h"
#include "core/err.h"
#include "core/outbox.h"

#define GROUP_INTERFACES_MAX 32

struct group {
	int fd; /* -1: closed; zeroed, the whole is */
	struct addr at;
	socket_id id; /* written into every packet */
	uint32_t joined[GROUP_INTERFACES_MAX]; /* interfaces */
	size_t joined_count;
	uv_poll_t poll;
	void *ctx;
	void (*on_readable)(void *ctx, struct group *g);
	uint8_t *buffer;
};

/* Opens and watches a socket for the group and port `at`, on no interface yet. */
int group_open(struct group *g, const struct addr *at, socket_id id, uv_loop_t *loop, void *ctx,
    void (*on_readable)(void *ctx, struct group *g), struct err *err) must_check;

/* From now on the group is joined on these interfaces, and on no other. */
void group_join(struct group *g, const uint32_t *interfaces, size_t n);

/* The next datagram, whose bytes are ours until the next call; false when there is none. */
bool group_receive(struct group *g, struct packet *ret);

/* Sends the TO_NET effects of `o` that name this socket, from each interface that was joined. */
void group_settle(struct group *g, const struct outbox *o);

/*
 * Leaves the group and closes. The memory of `g` must live until the loop has turned once more. One
 * that is not open is left alone.
 */
void group_close(struct group *g);

#endif
