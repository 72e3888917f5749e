/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_pool.c - the table of streams, what is taken in, and what is told.
 */
#include "host/tls_pool.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/loop.h"
#include "host/sockaddr.h"

#define STRIDE	(PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM)
#define TICK_MS 500
#define QUEUE	64 /* connections that the kernel completes ahead of us */
/* Descriptors that a daemon needs beside its streams. */
#define OTHER_DESCRIPTORS 128

static void
tick(uv_timer_t *timer)
{
	struct tls_pool *p = timer->data;
	usec_t now = clock_now().mono;

	for (size_t i = 0; i < p->room; i++)
		if (p->open[i] != NULL)
			tls_stream_tick(p->open[i], now);
	tls_pool_deliver(p);
}

/* As many descriptors as streams may need, or as many streams as there may be descriptors. */
static size_t
room_for(size_t room)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return room;
	if (l.rlim_cur < room + OTHER_DESCRIPTORS) {
		l.rlim_cur = min_u64(l.rlim_max, room + OTHER_DESCRIPTORS);
		(void)setrlimit(RLIMIT_NOFILE, &l);
		(void)getrlimit(RLIMIT_NOFILE, &l);
	}
	return l.rlim_cur <= OTHER_DESCRIPTORS ? 1 : min_u64(room, l.rlim_cur - OTHER_DESCRIPTORS);
}

int
tls_pool_init(struct tls_pool *p, uv_loop_t *loop, struct ssl_ctx_st *ctx, size_t room, void *owner,
    void (*on_frames)(void *ctx, struct packet *packets, size_t n), void (*on_told)(void *ctx),
    struct err *err)
{
	*p = (struct tls_pool){
		.loop = loop,
		.ctx = ctx,
		.ctx_of_owner = owner,
		.on_frames = on_frames,
		.on_told = on_told,
		.room = room_for(room),
		.listeners = { { .fd = -1, .pool = p }, { .fd = -1, .pool = p } },
	};
	p->open = calloc(p->room, sizeof(struct tls_stream *));
	p->told = calloc(4 * p->room, sizeof(*p->told));
	p->slots = malloc((size_t)TLS_BATCH * STRIDE);
	uv_timer_init(loop, &p->timer);
	p->timer.data = p;
	if (p->open == NULL || p->told == NULL || p->slots == NULL) {
		tls_pool_free(p);
		return err_set(err, -ENOMEM, "no memory for streams");
	}
	return 0;
}

void
tls_pool_renew(struct tls_pool *p, struct ssl_ctx_st *ctx)
{
	tls_context_free(p->ctx);
	p->ctx = ctx;
}

/*
 * The table
 */

static struct tls_stream *
find(const struct tls_pool *p, socket_id id)
{
	size_t likely = p->room > 0 ? id % p->room : 0;

	if (p->room > 0 && p->open[likely] != NULL && p->open[likely]->id == id)
		return p->open[likely];
	for (size_t i = 0; i < p->room && p->room <= TLS_CLIENT_MAX; i++)
		if (p->open[i] != NULL && p->open[i]->id == id)
			return p->open[i];
	return NULL;
}

/* A free place; that of the number `id` if it is free. */
static size_t
free_place(const struct tls_pool *p, socket_id id)
{
	size_t place = id % p->room;

	for (size_t i = 0; i < p->room && p->open[place] != NULL; i++)
		place = (place + 1) % p->room;
	return place;
}

static void
add(struct tls_pool *p, struct tls_stream *s, size_t place)
{
	s->place = place;
	p->open[place] = s;
	if (p->count++ == 0)
		(void)uv_timer_start(&p->timer, tick, TICK_MS, TICK_MS);
	tls_stream_begin(s);
}

void
tls_pool_remove(struct tls_stream *s)
{
	struct tls_pool *p = s->pool;

	if (p->open[s->place] != s)
		return;
	p->open[s->place] = NULL;
	if (--p->count == 0)
		uv_timer_stop(&p->timer);
}

void
tls_pool_tell(struct tls_stream *s, enum stream_news news)
{
	struct tls_pool *p = s->pool;

	/* A lighthouse's engine knows only those by which it has spoken. */
	if (!s->client && !s->used)
		return;
	assert(p->told_count < 4 * p->room);
	p->told[p->told_count++] = (struct tls_told){ .id = s->id, .news = news };
}

bool
tls_pool_told(struct tls_pool *p, struct tls_told *ret)
{
	if (p->told_count == 0)
		return false;
	*ret = p->told[0];
	memmove(p->told, p->told + 1, --p->told_count * sizeof(*p->told));
	return true;
}

/*
 * Frames
 */

static void
hand_over(struct tls_pool *p)
{
	size_t n = p->batch_count;

	p->batch_count = 0;
	if (n > 0)
		p->on_frames(p->ctx_of_owner, p->batch, n);
}

void
tls_pool_frame(struct tls_stream *s, const uint8_t *body, size_t len)
{
	struct tls_pool *p = s->pool;
	uint8_t *slot = p->slots + p->batch_count * STRIDE + PACKET_HEADROOM;

	memcpy(slot, body, len);
	p->batch[p->batch_count++] = (struct packet){
		.data = slot,
		.len = (uint32_t)len,
		.socket = s->id,
		.from = s->remote,
	};
	if (p->batch_count == TLS_BATCH)
		hand_over(p);
}

void
tls_pool_deliver(struct tls_pool *p)
{
	hand_over(p);
	if (p->told_count > 0)
		p->on_told(p->ctx_of_owner);
}

void
tls_pool_settle(struct tls_pool *p, const struct outbox *o)
{
	usec_t now = 0;

	if (p->count == 0)
		return;
	for (uint32_t i = 0; i < o->count; i++) {
		const struct effect *e = &o->effects[i];
		struct tls_stream *s;

		if (e->kind != EFFECT_TO_NET || e->socket < SOCKET_STREAM)
			continue;
		if (now == 0)
			now = clock_now().mono;
		s = find(p, e->socket);
		if (s != NULL)
			tls_stream_put(s, now, e->data, e->len);
	}
	for (size_t i = 0; i < p->room && now != 0; i++)
		if (p->open[i] != NULL && p->open[i]->dirty)
			tls_stream_flush(p->open[i], now);
}

/*
 * Opening
 */

void
tls_pool_refuse(struct tls_pool *p, socket_id id, enum stream_news why)
{
	if (p->told != NULL && p->told_count < 4 * p->room)
		p->told[p->told_count++] = (struct tls_told){ .id = id, .news = why };
}

void
tls_pool_open(struct tls_pool *p, const struct stream_change *c, const char *host,
    const struct proxy *proxy)
{
	struct tls_stream *s = NULL;

	if (p->ctx != NULL && p->count < p->room)
		s = tls_stream_connect(p, c->id, &c->to, host, proxy, c->pin);
	if (s != NULL)
		add(p, s, free_place(p, c->id));
	else
		tls_pool_refuse(p, c->id, STREAM_UNREACHED);
}

void
tls_pool_close(struct tls_pool *p, socket_id id)
{
	struct tls_stream *s = find(p, id);

	if (s != NULL)
		tls_stream_close(s);
}

static bool
same_source(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, a->family == FAMILY_V6 ? 8 : 4) == 0;
}

/* May one more from there come in? */
static bool
is_welcome(const struct tls_pool *p, const struct addr *from)
{
	unsigned strangers = 0, of_source = 0, strangers_of_source = 0;

	if (p->ctx == NULL || p->count == p->room)
		return false;
	for (size_t i = 0; i < p->room; i++) {
		const struct tls_stream *s = p->open[i];
		bool same;

		if (s == NULL)
			continue;
		same = same_source(&s->remote, from);
		strangers += !s->used;
		of_source += same;
		strangers_of_source += same && !s->used;
	}
	return strangers < TLS_STRANGERS_MAX && of_source < TLS_SOURCE_MAX &&
	    strangers_of_source < TLS_STRANGERS_OF_SOURCE;
}

/* A handshake costs us more than it costs who asks for it. */
static bool
is_too_often(struct tls_pool *p, const struct addr *from)
{
	struct source source = source_direct(from);
	usec_t now = clock_now().mono;

	return !limit_allow(&p->limit, now, &source) ||
	    !bucket_take(&p->all, now, TLS_RATE, TLS_BURST, 1);
}

static void
take_in(struct tls_pool *p, int fd, const struct addr *from)
{
	struct tls_stream *s;
	size_t place;

	if (!is_welcome(p, from) || is_too_often(p, from)) {
		p->refused++;
		close(fd);
		return;
	}
	/* Numbers are never used twice, and lead to a place. */
	place = free_place(p, p->taken);
	s = tls_stream_accept(p, (socket_id)(SOCKET_STREAM - SOCKET_STREAM % p->room + p->room +
	    p->taken++ % (1u << 19) * p->room + place), fd, from);
	if (s != NULL)
		add(p, s, place);
}

static void
on_connection(uv_poll_t *handle, int status, int events)
{
	struct tls_listener *l = handle->data;
	struct tls_pool *p = l->pool;

	(void)status;
	(void)events;
	for (int i = 0; i < TLS_ACCEPTS; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct addr from;
		int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			break;
		from = addr_from_sockaddr(&ss);
		take_in(p, fd, &from);
	}
	tls_pool_deliver(p);
}

static int
listen_on(struct tls_listener *l, uint8_t family, uint16_t port, const struct ip *only)
{
	struct addr local = { .family = family, .port = port };
	struct sockaddr_storage ss;
	socklen_t len;
	int one = 1, fd;

	if (only->family == family)
		local = addr_from_ip(*only, port);
	len = addr_to_sockaddr(&ss, &local);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    (family == FAMILY_V6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
	    bind(fd, (struct sockaddr *)&ss, len) < 0 || listen(fd, QUEUE) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	l->fd = fd;
	return 0;
}

int
tls_pool_listen(struct tls_pool *p, uint16_t port, const struct ip *only, struct err *err)
{
	static const uint8_t families[] = { FAMILY_V4, FAMILY_V6 };
	struct rng rng = kernel_rng();
	uint8_t key[16];

	rng_fill(&rng, key, sizeof(key));
	limit_init(&p->limit, key);

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		int rc;

		if (only->family != FAMILY_NONE && only->family != families[i])
			continue;
		rc = listen_on(&p->listeners[i], families[i], port, only);
		/* A machine may have no IPv6. */
		if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL)
			continue;
		if (rc < 0)
			return err_set(err, rc, "TCP port %u: %s", port, rc == -EADDRINUSE ?
			    "another program has it; stop that one, or say `set tcp no`" :
			    err_phrase(rc));
	}
	p->port = port;
	return 0;
}

int
tls_pool_watch(struct tls_pool *p, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(p->listeners); i++) {
		struct tls_listener *l = &p->listeners[i];
		int rc;

		if (l->fd < 0 || p->loop == NULL)
			continue;
		rc = uv_poll_init(p->loop, &l->poll, l->fd);
		if (rc == 0) {
			l->watched = true;
			l->poll.data = l;
			rc = uv_poll_start(&l->poll, UV_READABLE, on_connection);
		}
		if (rc < 0)
			return err_set(err, rc, "cannot watch a socket: %s", uv_strerror(rc));
	}
	return 0;
}

void
tls_pool_clear(struct tls_pool *p)
{
	for (size_t i = 0; i < p->room && p->open != NULL; i++)
		if (p->open[i] != NULL)
			tls_stream_close(p->open[i]);
	p->told_count = 0;
	p->batch_count = 0;
}

void
tls_pool_free(struct tls_pool *p)
{
	if (p->loop == NULL)
		return;
	tls_pool_clear(p);
	for (size_t i = 0; i < ARRAY_LEN(p->listeners); i++) {
		if (p->listeners[i].watched)
			uv_close((uv_handle_t *)&p->listeners[i].poll, NULL);
		if (p->listeners[i].fd >= 0)
			close(p->listeners[i].fd);
	}
	uv_close((uv_handle_t *)&p->timer, NULL);
	tls_context_free(p->ctx);
	limit_wipe(&p->limit);
	free(p->open);
	free(p->told);
	free(p->slots);
	p->open = NULL;
	p->told = NULL;
	p->slots = NULL;
	p->ctx = NULL;
	p->room = p->count = p->told_count = 0;
	p->loop = NULL;
}
