/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_stream.c - connecting, shaking hands, frames in and frames out.
 */
#include "host/tls_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/loop.h"
#include "host/sockaddr.h"
#include "host/tls_pool.h"

/* One TLS record, and how many of them are read before others get their turn. */
#define READ_SIZE   (16 << 10)
#define READS_AT_ONCE 32
/* What the kernel holds that it has not sent: more would only wait there instead of here. */
#define UNSENT_MAX  (16 << 10)
#define KEEPALIVE_S 20

static void
on_closed(uv_handle_t *handle)
{
	struct tls_stream *s = CONTAINER_OF((uv_poll_t *)handle, struct tls_stream, poll);

	tls_free(s->ssl);
	backlog_free(&s->out);
	sodium_memzero(&s->proxy, sizeof(s->proxy));
	free(s);
}

/* Lets go of it. A look-up that still runs frees it when it is done. */
static void
release(struct tls_stream *s)
{
	s->step = TLS_OVER;
	if (s->looking) {
		uv_cancel((uv_req_t *)&s->lookup);
		return;
	}
	if (s->fd < 0) {
		tls_free(s->ssl);
		backlog_free(&s->out);
		free(s);
		return;
	}
	uv_close((uv_handle_t *)&s->poll, on_closed);
	close(s->fd);
	s->fd = -1;
}

void
tls_stream_close(struct tls_stream *s)
{
	if (s->step == TLS_OVER)
		return;
	if (s->step == TLS_OPEN)
		tls_bye(s->ssl);
	tls_pool_remove(s);
	release(s);
}

static void
end(struct tls_stream *s, enum stream_news news)
{
	if (s->step == TLS_OVER)
		return;
	tls_pool_tell(s, s->step == TLS_OPEN ? STREAM_ENDED : news);
	tls_stream_close(s);
}

static void on_poll(uv_poll_t *handle, int status, int events);

static void
watch(struct tls_stream *s, int waits)
{
	s->waits = waits;
	(void)uv_poll_start(&s->poll, UV_READABLE | waits, on_poll);
}

static void
enter(struct tls_stream *s, enum tls_step step, usec_t patience)
{
	s->step = step;
	s->deadline = clock_now().mono + patience;
}

/*
 * Data
 */

void
tls_stream_put(struct tls_stream *s, usec_t now, const uint8_t *p, size_t len)
{
	if (s->step != TLS_OPEN || len > FRAME_BODY_MAX)
		return;
	s->used = true;
	s->dirty |= backlog_put(&s->out, now, p, len);
}

void
tls_stream_flush(struct tls_stream *s, usec_t now)
{
	const uint8_t *p;
	size_t len;
	int n = 1;

	s->dirty = false;
	while (s->step == TLS_OPEN && n > 0 && (p = backlog_next(&s->out, &len)) != NULL) {
		n = tls_write(s->ssl, p, min_u64(len, READ_SIZE));
		if (n < 0)
			end(s, STREAM_ENDED);
		else
			backlog_written(&s->out, now, (size_t)n);
	}
	if (s->step == TLS_OPEN && (s->waits != 0) != (n == 0))
		watch(s, n == 0 ? UV_WRITABLE : 0);
}

/* Cuts frames out of what was read. False: there are none in it, and never will be. */
static bool
take(struct tls_stream *s, const uint8_t *p, size_t len)
{
	while (len > 0) {
		int n = frame_take(&s->in, p, len);

		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
		if (frame_whole(&s->in)) {
			tls_pool_frame(s, s->in.body, s->in.len);
			frame_next(&s->in);
		}
		if (s->step == TLS_OVER)
			return true;
	}
	return true;
}

static void
receive(struct tls_stream *s)
{
	uint8_t buf[READ_SIZE];

	for (int i = 0; i < READS_AT_ONCE && s->step == TLS_OPEN; i++) {
		int n = tls_read(s->ssl, buf, sizeof(buf));

		if (n == 0)
			return;
		s->heard = clock_now().mono;
		if (n < 0 || !take(s, buf, (size_t)n))
			end(s, STREAM_ENDED);
	}
}

/*
 * The handshake
 */

static bool
is_expected(const struct tls_stream *s)
{
	uint8_t pin[32];

	return !s->client || (tls_peer_pin(s->ssl, pin) && sodium_memcmp(pin, s->pin, 32) == 0);
}

static void
shake(struct tls_stream *s)
{
	int rc = tls_shake(s->ssl);

	if (rc < 0) {
		end(s, STREAM_NO_TLS);
		return;
	}
	if (rc != TLS_DONE) {
		watch(s, rc == TLS_WAITS_TO_WRITE ? UV_WRITABLE : 0);
		return;
	}
	if (!is_expected(s)) {
		end(s, STREAM_WRONG_KEY);
		return;
	}
	enter(s, TLS_OPEN, TLS_UNUSED_MAX);
	s->heard = clock_now().mono;
	watch(s, 0);
	if (s->client) {
		s->deadline = 0;
		tls_pool_tell(s, STREAM_UP);
	}
	receive(s);
}

/* A name is shown to the server as browsers show it; an address is none (RFC 6066 3). */
static bool
is_name(const char *host)
{
	struct in6_addr any;

	return *host != '\0' && inet_pton(AF_INET, host, &any) != 1 &&
	    inet_pton(AF_INET6, host, &any) != 1;
}

static void
begin_tls(struct tls_stream *s)
{
	s->ssl = tls_new(s->pool->ctx, s->fd, s->client, is_name(s->host) ? s->host : NULL);
	if (s->ssl == NULL) {
		end(s, STREAM_NO_TLS);
		return;
	}
	enter(s, TLS_SHAKING, TLS_SHAKE_MAX);
	shake(s);
}

/*
 * Connecting
 */

static void
proxy_failed(struct tls_stream *s, const char *why)
{
	snprintf(s->pool->trouble, sizeof(s->pool->trouble), "proxy %.120s:%u: %.150s",
	    s->proxy.host, s->proxy.port, why);
	end(s, STREAM_PROXY_FAILED);
}

static void
ask_proxy(struct tls_stream *s)
{
	char request[PROXY_REQUEST_MAX];
	size_t len = proxy_request(request, &s->proxy, s->host, s->remote.port);
	ssize_t n = send(s->fd, request, len, MSG_NOSIGNAL);

	sodium_memzero(request, sizeof(request));
	enter(s, TLS_ASKING, TLS_ASK_MAX);
	if (n != (ssize_t)len)
		proxy_failed(s, "it takes no request");
	else
		watch(s, 0);
}

static void
hear_proxy(struct tls_stream *s)
{
	char buf[512];
	ssize_t n = recv(s->fd, buf, sizeof(buf), 0);
	int taken;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		proxy_failed(s, "it closed the connection");
		return;
	}
	taken = proxy_answer_take(&s->answer, buf, (size_t)n);
	if (taken < 0)
		proxy_failed(s, "its answer is not HTTP");
	else if (s->answer.over && s->answer.status / 100 != 2)
		proxy_failed(s, proxy_phrase(s->answer.status));
	else if (s->answer.over && taken != n)
		proxy_failed(s, "it speaks before it is spoken to");
	else if (s->answer.over)
		begin_tls(s);
}

static void
connected(struct tls_stream *s)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0 && s->proxy.host[0] != '\0')
		proxy_failed(s, strerror(error));
	else if (error != 0)
		end(s, STREAM_UNREACHED);
	else if (s->proxy.host[0] != '\0')
		ask_proxy(s);
	else
		begin_tls(s);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct tls_stream *s = handle->data;
	struct tls_pool *pool = s->pool;

	(void)status;	/* a failure is met by the call that it concerns */
	switch (s->step) {
	case TLS_CONNECTING: connected(s); break;
	case TLS_ASKING: hear_proxy(s); break;
	case TLS_SHAKING: shake(s); break;
	case TLS_OPEN:
		if (events & UV_WRITABLE)
			tls_stream_flush(s, clock_now().mono);
		if (s->step == TLS_OPEN)
			receive(s);
		break;
	case TLS_LOOKING_UP:
	case TLS_OVER: break;
	}
	tls_pool_deliver(pool);
}

static void
set_int(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* Without one of these a stream is slower to notice things, and that is all. */
static void
set_options(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, KEEPALIVE_S * 1000);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_S);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

static int
adopt(struct tls_stream *s, int fd)
{
	int rc = uv_poll_init(s->pool->loop, &s->poll, fd);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	s->fd = fd;
	s->poll.data = s;
	set_options(fd);
	return 0;
}

static void
dial(struct tls_stream *s, const struct addr *to)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, to);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	enter(s, TLS_CONNECTING, TLS_CONNECT_MAX);
	if (fd < 0 || adopt(s, fd) < 0) {
		end(s, STREAM_UNREACHED);
		return;
	}
	if (connect(fd, (struct sockaddr *)&ss, len) < 0 && errno != EINPROGRESS) {
		if (s->proxy.host[0] != '\0')
			proxy_failed(s, strerror(errno));
		else
			end(s, STREAM_UNREACHED);
		return;
	}
	watch(s, UV_WRITABLE);
}

static void
on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct tls_stream *s = request->data;
	struct tls_pool *pool = s->pool;
	struct sockaddr_storage ss = { 0 };
	struct addr to;

	s->looking = false;
	if (s->step == TLS_OVER) {
		uv_freeaddrinfo(found);
		release(s);
		return;
	}
	if (status == 0 && found != NULL) {
		memcpy(&ss, found->ai_addr, found->ai_addrlen);
		to = addr_from_sockaddr(&ss);
		dial(s, &to);
	} else {
		proxy_failed(s, "its name leads nowhere");
	}
	uv_freeaddrinfo(found);
	tls_pool_deliver(pool);
}

static void
look_up(struct tls_stream *s)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	char port[8];

	snprintf(port, sizeof(port), "%u", s->proxy.port);
	s->lookup.data = s;
	enter(s, TLS_LOOKING_UP, TLS_LOOK_UP_MAX);
	s->looking = uv_getaddrinfo(s->pool->loop, &s->lookup, on_looked_up, s->proxy.host, port,
	    &hints) == 0;
	if (!s->looking)
		proxy_failed(s, "its name cannot be looked up");
}

static struct tls_stream *
stream_new(struct tls_pool *p, socket_id id, const struct addr *remote)
{
	struct tls_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->pool = p;
	s->id = id;
	s->remote = *remote;
	s->fd = -1;
	return s;
}

struct tls_stream *
tls_stream_connect(struct tls_pool *p, socket_id id, const struct addr *remote, const char *host,
    const struct proxy *proxy, const uint8_t pin[static 32])
{
	struct tls_stream *s = stream_new(p, id, remote);

	if (s == NULL)
		return NULL;
	s->client = true;
	memcpy(s->pin, pin, sizeof(s->pin));
	snprintf(s->host, sizeof(s->host), "%.255s", host);
	s->proxy = *proxy;
	return s;
}

void
tls_stream_begin(struct tls_stream *s)
{
	if (!s->client)
		begin_tls(s);
	else if (s->proxy.host[0] != '\0')
		look_up(s);
	else if (s->remote.family == FAMILY_NONE)
		end(s, STREAM_UNREACHED);
	else
		dial(s, &s->remote);
}

struct tls_stream *
tls_stream_accept(struct tls_pool *p, socket_id id, int fd, const struct addr *remote)
{
	struct tls_stream *s = stream_new(p, id, remote);

	if (s == NULL)
		close(fd);
	else if (adopt(s, fd) < 0) {
		free(s);
		s = NULL;
	}
	return s;
}

void
tls_stream_tick(struct tls_stream *s, usec_t now)
{
	bool settled = s->step == TLS_OPEN && (s->client || s->used);

	if (s->step == TLS_OPEN && now > s->heard + TLS_IDLE_MAX)
		end(s, STREAM_ENDED);
	else if (settled || !due_reached(s->deadline, now))
		return;
	else if (s->step == TLS_SHAKING)
		end(s, STREAM_NO_TLS);
	else if (s->client && s->proxy.host[0] != '\0')
		proxy_failed(s, "no answer");
	else
		end(s, STREAM_UNREACHED);
}
