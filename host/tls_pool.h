/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_pool.h - the streams of a daemon: those that a node's engine asks for, or those that a
 * lighthouse takes in.
 *
 * Anybody can connect to a lighthouse, so there are limits: in all, for one source, and narrower
 * ones for those that have not been of use yet. Beyond them a connection is closed as it comes, and
 * one that is silent, or slow, or speaks something else, when its time is up. Memory is bounded by
 * the number of streams.
 */
#ifndef HOST_TLS_POOL_H
#define HOST_TLS_POOL_H

#include "core/bucket.h"
#include "core/limit.h"
#include "host/tls_stream.h"

#define TLS_CLIENT_MAX	  16
#define TLS_SERVER_MAX	  1024
#define TLS_SOURCE_MAX	  64  /* of one IPv4 address, or one IPv6 /64 */
#define TLS_STRANGERS_MAX 128 /* that have not been of use */
#define TLS_STRANGERS_OF_SOURCE 8
#define TLS_RATE	  200 /* handshakes a second; core/limit.h has that of one source */
#define TLS_BURST	  400
#define TLS_BATCH	  32 /* frames handed over at once */
#define TLS_ACCEPTS	  16 /* connections taken before others get their turn */

struct tls_told {
	socket_id id;
	enum stream_news news;
};

struct tls_listener {
	int fd; /* -1: none */
	uv_poll_t poll;
	bool watched;
	struct tls_pool *pool;
};

struct tls_pool {
	uv_loop_t *loop;
	struct ssl_ctx_st *ctx; /* NULL: there is no TLS */
	void *ctx_of_owner;
	/* Frames, with room around them as an engine wants it; they are overwritten. */
	void (*on_frames)(void *ctx, struct packet *packets, size_t n);
	/* tls_pool_told() has something. */
	void (*on_told)(void *ctx);
	struct tls_stream **open; /* `room` places */
	size_t room;
	size_t count;
	struct tls_listener listeners[2];
	uint16_t port; /* of the listeners */
	struct limit limit; /* how often one source may come */
	struct bucket all;
	uint32_t taken; /* connections, for their numbers */
	uint64_t refused; /* connections, over a limit */
	uv_timer_t timer;
	struct tls_told *told;
	size_t told_count;
	char trouble[320]; /* with a proxy: a sentence to be logged, or empty */
	uint8_t *slots;	   /* TLS_BATCH packets */
	struct packet batch[TLS_BATCH];
	size_t batch_count;
};

/* Zeroed, a pool has no streams and takes none. `ctx` becomes the pool's, NULL is none. */
int tls_pool_init(struct tls_pool *p, uv_loop_t *loop, struct ssl_ctx_st *ctx, size_t room,
    void *owner, void (*on_frames)(void *ctx, struct packet *packets, size_t n),
    void (*on_told)(void *ctx), struct err *err) must_check;

/* Listens on `port` of both families, or of the one of `only`. -EADDRINUSE, -EACCES.. */
int tls_pool_listen(struct tls_pool *p, uint16_t port, const struct ip *only,
    struct err *err) must_check;

/* From now on connections are taken. */
int tls_pool_watch(struct tls_pool *p, struct err *err) must_check;

/* Another key: who is connected stays so. */
void tls_pool_renew(struct tls_pool *p, struct ssl_ctx_st *ctx);

/* The stream `c` says, by `proxy` if its host is not empty; what comes of it is told. */
void tls_pool_open(struct tls_pool *p, const struct stream_change *c, const char *host,
    const struct proxy *proxy);
void tls_pool_close(struct tls_pool *p, socket_id id);

/* Instead of tls_pool_open(): it cannot even be tried. */
void tls_pool_refuse(struct tls_pool *p, socket_id id, enum stream_news why);

/* Carries out the TO_NET effects that name streams, and passes over all others. */
void tls_pool_settle(struct tls_pool *p, const struct outbox *o);

/* The next that is to be told; false: there is none. */
bool tls_pool_told(struct tls_pool *p, struct tls_told *ret);

/* Closes all streams, and forgets what was to be told. */
void tls_pool_clear(struct tls_pool *p);

/*
 * The same for good, with the listeners. The memory of `p` must live until the loop has turned once
 * more.
 */
void tls_pool_free(struct tls_pool *p);

/*
 * For tls_stream.c
 */

/* `s` has something to tell; after anything but STREAM_UP it is taken off the list. */
void tls_pool_tell(struct tls_stream *s, enum stream_news news);
void tls_pool_remove(struct tls_stream *s);

/* A whole frame of `s`. */
void tls_pool_frame(struct tls_stream *s, const uint8_t *body, size_t len);

/* Hands over the frames that were gathered, and lets the owner hear what is to be told. */
void tls_pool_deliver(struct tls_pool *p);

#endif
