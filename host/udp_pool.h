/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp_pool.h - the sockets that an engine opens and closes as it goes.
 *
 * An engine names them by number (EFFECT_SOCKET) and sends by them in the same outbox, so they are
 * opened, used and closed in the order of its effects. What came of an opening is told afterwards.
 */
#ifndef HOST_UDP_POOL_H
#define HOST_UDP_POOL_H

#include "host/udp.h"

/* Sockets at once, and room for them beside a daemon's other descriptors. */
#define UDP_POOL_MAX	     320
#define UDP_POOL_DESCRIPTORS (UDP_POOL_MAX + 256)

struct udp_told {
	socket_id id;
	struct addr local; /* FAMILY_NONE: could not be opened */
};

struct udp_pool {
	uv_loop_t *loop;
	struct ip bind_to; /* FAMILY_NONE: all addresses */
	unsigned offloads; /* of sockets that are opened from now on; at first, all */
	void *ctx;
	void (*on_readable)(void *ctx, struct udp *u);
	struct udp *open[UDP_POOL_MAX];
	uint8_t *buffers;  /* of all of them; NULL until the first */
	struct udp_told told[UDP_POOL_MAX];
	size_t told_count;
};

/*
 * Sockets of `p` will be bound to `bind_to` where its family is theirs, and watched by `loop`.
 * Raises the limit of descriptors to UDP_POOL_DESCRIPTORS, if it may: without, fewer will open.
 */
void udp_pool_init(struct udp_pool *p, uv_loop_t *loop, const struct ip *bind_to, void *ctx,
    void (*on_readable)(void *ctx, struct udp *u));

/*
 * Carries out the SOCKET effects of an outbox, and the TO_NET effects of sockets that these ever
 * opened; others are passed over.
 */
void udp_pool_settle(struct udp_pool *p, const struct outbox *o);

/* The next opening to be told of; false: there is none. */
bool udp_pool_told(struct udp_pool *p, struct udp_told *ret);

/* The addresses of this machine have changed: udp_forget_sources() for each. */
void udp_pool_forget_sources(struct udp_pool *p);

/* Closes all of them, and forgets what was to be told. */
void udp_pool_clear(struct udp_pool *p);

/* The same, for good. Zeroed, there is nothing to do. */
void udp_pool_free(struct udp_pool *p);

#endif
