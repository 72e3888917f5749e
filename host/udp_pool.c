/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * udp_pool.c - sockets by number.
 */
#include "host/udp_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/err.h"
#include "host/offloads.h"

static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= UDP_POOL_DESCRIPTORS)
		return;
	limit.rlim_cur = min_u64(limit.rlim_max, UDP_POOL_DESCRIPTORS);
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void
udp_pool_init(struct udp_pool *p, uv_loop_t *loop, const struct ip *bind_to, void *ctx,
    void (*on_readable)(void *ctx, struct udp *u))
{
	*p = (struct udp_pool){
		.loop = loop,
		.bind_to = *bind_to,
		.offloads = OFFLOAD_ALL,
		.ctx = ctx,
		.on_readable = on_readable,
	};
	raise_limit();
}

/* The place of a number; an engine's numbers that are open at once have places of their own. */
static struct udp **
slot_of(struct udp_pool *p, socket_id id)
{
	return &p->open[(id - SOCKET_EXTRA) % UDP_POOL_MAX];
}

static struct udp *
find(struct udp_pool *p, socket_id id)
{
	struct udp *u = id < SOCKET_EXTRA ? NULL : *slot_of(p, id);

	return u != NULL && u->id == id ? u : NULL;
}

/* A socket that is bound and watched. 0, or a negative number. */
static int
open_one(struct udp_pool *p, const struct socket_change *c, struct udp **ret)
{
	struct udp *u;
	int rc;

	if (!p->buffers)
		p->buffers = malloc(UDP_BUFFERS);
	u = calloc(1, sizeof(*u));
	if (!u || !p->buffers) {
		free(u);
		return -ENOMEM;
	}
	rc = udp_open_one_of_many(u, c->family, c->port, &p->bind_to, c->id, p->buffers, NULL);
	if (rc < 0) {
		free(u);
		return rc;
	}
	if (c->ifindex != 0 && setsockopt(u->fd, SOL_SOCKET, SO_BINDTOIFINDEX, &c->ifindex,
	    sizeof(c->ifindex)) < 0)
		rc = -errno;
	udp_offload(u, p->offloads);
	if (rc == 0)
		rc = udp_watch(u, p->loop, p->ctx, p->on_readable);
	if (rc < 0) {
		udp_close_free(u);
		return rc;
	}
	*ret = u;
	return 0;
}

static void
close_one(struct udp **slot)
{
	struct udp *u = *slot;

	*slot = NULL;
	udp_close_free(u);
}

static void
change(struct udp_pool *p, const struct socket_change *c)
{
	struct udp_told told = { .id = c->id };
	struct udp **slot = slot_of(p, c->id);

	if (!c->open) {
		if (find(p, c->id))
			close_one(slot);
		return;
	}
	if (*slot)
		close_one(slot);
	if (open_one(p, c, slot) == 0)
		told.local = (struct addr){ .family = c->family, .port = (*slot)->port };
	if (p->told_count < UDP_POOL_MAX)
		p->told[p->told_count++] = told;
}

void
udp_pool_settle(struct udp_pool *p, const struct outbox *o)
{
	struct udp_queue queue;

	udp_queue_init(&queue);
	for (uint32_t i = 0; i < o->count; i++) {
		const struct effect *e = &o->effects[i];
		struct udp *u = e->kind == EFFECT_TO_NET ? find(p, e->socket) : NULL;

		if (u) {
			udp_queue_put(&queue, u, e);
		} else if (e->kind == EFFECT_SOCKET) {
			udp_queue_flush(&queue);
			change(p, &e->change);
		}
	}
	udp_queue_flush(&queue);
}

bool
udp_pool_told(struct udp_pool *p, struct udp_told *ret)
{
	if (p->told_count == 0)
		return false;
	*ret = p->told[--p->told_count];
	return true;
}

void
udp_pool_forget_sources(struct udp_pool *p)
{
	for (size_t i = 0; i < UDP_POOL_MAX; i++)
		if (p->open[i])
			udp_forget_sources(p->open[i]);
}

void
udp_pool_clear(struct udp_pool *p)
{
	p->told_count = 0;
	for (size_t i = 0; i < UDP_POOL_MAX; i++)
		if (p->open[i])
			close_one(&p->open[i]);
}

void
udp_pool_free(struct udp_pool *p)
{
	udp_pool_clear(p);
	free(p->buffers);
	p->buffers = NULL;
}
