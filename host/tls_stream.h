/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_stream.h - one TLS connection that carries frames, from its first packet to its end.
 *
 *	LOOKING_UP -> CONNECTING -> ASKING -> SHAKING -> OPEN -> OVER
 *
 * A client looks up its proxy if that has a name, connects, asks the proxy to connect it further,
 * shakes hands and compares the server's key; a server begins with the handshake. Each step has its
 * deadline. Nothing blocks, and nobody is called back from within a call: what became of a stream
 * waits in its pool (tls_pool.h) until it is asked for.
 */
#ifndef HOST_TLS_STREAM_H
#define HOST_TLS_STREAM_H

#include <uv.h>

#include "core/addr.h"
#include "host/frames.h"
#include "host/proxy.h"
#include "host/tls.h"

#define TLS_LOOK_UP_MAX (4 * USEC_PER_SEC)
#define TLS_CONNECT_MAX (3 * USEC_PER_SEC)
#define TLS_ASK_MAX	(5 * USEC_PER_SEC)
#define TLS_SHAKE_MAX	(5 * USEC_PER_SEC)
#define TLS_UNUSED_MAX	(10 * USEC_PER_SEC)  /* of a server: until its engine says something */
#define TLS_IDLE_MAX	(120 * USEC_PER_SEC) /* some keepalives */

enum tls_step {
	TLS_LOOKING_UP,
	TLS_CONNECTING,
	TLS_ASKING,
	TLS_SHAKING,
	TLS_OPEN,
	TLS_OVER, /* freed as soon as the loop has turned */
};

struct tls_pool;

struct tls_stream {
	struct tls_pool *pool;
	socket_id id;
	size_t place; /* in the pool */
	enum tls_step step;
	bool client;
	bool used; /* the engine has sent something by it */
	bool dirty; /* there is something to flush */
	struct addr remote; /* as its engine knows it */
	int fd;
	uv_poll_t poll;
	int waits; /* UV_WRITABLE when that is waited for */
	struct ssl_st *ssl;
	usec_t deadline; /* of this step; 0: none */
	usec_t heard;
	struct frame_in in;
	struct backlog out;

	/* Of a client. */
	uint8_t pin[32];
	char host[PROXY_HOST_MAX]; /* whom the proxy is asked for */
	struct proxy proxy;
	struct proxy_answer answer;
	uv_getaddrinfo_t lookup;
	bool looking;
};

/*
 * One that is to connect to `remote`, or by `proxy`, if its host is not empty, to `host`; packets
 * will come from `remote` in any case. NULL without memory.
 */
struct tls_stream *tls_stream_connect(struct tls_pool *p, socket_id id, const struct addr *remote,
    const char *host, const struct proxy *proxy, const uint8_t pin[static 32]);

/* One that was accepted: takes over the descriptor, also when it fails with NULL. */
struct tls_stream *tls_stream_accept(struct tls_pool *p, socket_id id, int fd,
    const struct addr *remote);

/* Begins, once the pool knows it; it may be over at once. */
void tls_stream_begin(struct tls_stream *s);

/* Queues a frame, or drops it; tls_stream_flush() then sends. */
void tls_stream_put(struct tls_stream *s, usec_t now, const uint8_t *p, size_t len);
void tls_stream_flush(struct tls_stream *s, usec_t now);

/* Is it over at `now`, because a step took too long or nothing was heard? Then it ends. */
void tls_stream_tick(struct tls_stream *s, usec_t now);

/* Ends it without a word to the engine. */
void tls_stream_close(struct tls_stream *s);

#endif
