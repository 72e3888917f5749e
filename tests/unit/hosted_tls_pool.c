/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A node's pool and a lighthouse's in one loop, over loopback.
 */
#include "host/tls_pool.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/tlskey.h"
#include "host/loop.h"
#include "host/sockaddr.h"
#include "tests/unit/test.h"

struct side {
	struct tls_pool pool;
	struct outbox out;
	unsigned frames;
	uint8_t last[PACKET_MAX];
	size_t last_len;
	struct addr from;
	socket_id via;
	struct tls_told told[64];
	unsigned told_count;
	bool echo; /* sends back what comes */
};

static uv_loop_t loop;
static struct side node, lighthouse;
static struct err err;
static uint8_t secret[32];

static void
settle(struct side *s)
{
	tls_pool_settle(&s->pool, &s->out);
	outbox_reset(&s->out);
	while (s->told_count < 64 && tls_pool_told(&s->pool, &s->told[s->told_count]))
		s->told_count++;
}

static void
on_frames(void *ctx, struct packet *packets, size_t n)
{
	struct side *s = ctx;

	for (size_t i = 0; i < n; i++) {
		s->frames++;
		s->last_len = packets[i].len;
		s->from = packets[i].from;
		s->via = packets[i].socket;
		memcpy(s->last, packets[i].data, packets[i].len);
		if (s->echo)
			outbox_to_net(&s->out, packets[i].socket, &packets[i].from, packets[i].data,
			    packets[i].len);
	}
	settle(s);
}

static void
on_told(void *ctx)
{
	settle(ctx);
}

static void
side_init(struct side *s, struct ssl_ctx_st *ctx, size_t room)
{
	memset(s, 0, sizeof(*s));
	ASSERT(ctx != NULL);
	ASSERT_EQ(outbox_init(&s->out, 1024, 1 << 20), 0);
	ASSERT_EQ(tls_pool_init(&s->pool, &loop, ctx, room, s, on_frames, on_told, &err), 0);
}

static void
begin(void)
{
	const struct ip any = { .family = FAMILY_V4, .b = { 127, 0, 0, 1 } };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	uint8_t seed[32];

	ASSERT_EQ(uv_loop_init(&loop), 0);
	test_fill(secret, sizeof(secret));
	tlskey_seed(seed, secret);
	side_init(&lighthouse, tls_server_new(seed, &err), TLS_SERVER_MAX);
	side_init(&node, tls_client_new(&err), TLS_CLIENT_MAX);
	lighthouse.echo = true;
	ASSERT_EQ(tls_pool_listen(&lighthouse.pool, 0, &any, &err), 0);
	ASSERT_EQ(tls_pool_watch(&lighthouse.pool, &err), 0);
	ASSERT_EQ(getsockname(lighthouse.pool.listeners[0].fd, (struct sockaddr *)&ss, &len), 0);
	lighthouse.pool.port = addr_from_sockaddr(&ss).port;
}

static void
end(void)
{
	tls_pool_free(&node.pool);
	tls_pool_free(&lighthouse.pool);
	outbox_free(&node.out);
	outbox_free(&lighthouse.out);
	uv_run(&loop, UV_RUN_DEFAULT);
	ASSERT_EQ(uv_loop_close(&loop), 0);
}

static struct addr
here(uint16_t port)
{
	return (struct addr){ .family = FAMILY_V4, .port = port, .ip = { 127, 0, 0, 1 } };
}

static void
dial_by(socket_id id, uint16_t port, const struct proxy *proxy)
{
	struct stream_change c = { .id = id, .open = true, .to = here(port) };

	tlskey_pin(c.pin, secret);
	tls_pool_open(&node.pool, &c, "127.0.0.1", proxy);
	settle(&node);
}

static void
dial(socket_id id)
{
	dial_by(id, lighthouse.pool.port, &(struct proxy){ 0 });
}

/* Turns the loop until `*what` is at least `count`, for three seconds at most. */
static bool
comes_to(const unsigned *what, unsigned count)
{
	usec_t until = clock_now().mono + 3 * USEC_PER_SEC;

	while (*what < count && clock_now().mono < until) {
		uv_run(&loop, UV_RUN_NOWAIT);
		settle(&node);
	}
	return *what >= count;
}

static void
say(socket_id id, uint8_t fill, uint32_t len)
{
	uint8_t *p = outbox_room(&node.out, len);
	struct addr to = here(1);

	ASSERT(p != NULL);
	memset(p, fill, len);
	outbox_to_net(&node.out, id, &to, p, len);
	settle(&node);
}

/* A plain TCP connection to the lighthouse. */
static int
stranger(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_storage ss;
	struct addr to = here(lighthouse.pool.port);
	socklen_t len = addr_to_sockaddr(&ss, &to);

	ASSERT(fd >= 0 && connect(fd, (struct sockaddr *)&ss, len) == 0);
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	return fd;
}

TEST(frames_pass_both_ways_once_the_key_is_the_right_one)
{
	begin();
	dial(SOCKET_STREAM + 3);
	ASSERT(comes_to(&node.told_count, 1));
	ASSERT_EQ(node.told[0].id, SOCKET_STREAM + 3);
	ASSERT_EQ(node.told[0].news, STREAM_UP);
	for (unsigned i = 1; i <= 200; i++) {
		say(SOCKET_STREAM + 3, (uint8_t)i, 32 + 7 * i);
		ASSERT(comes_to(&node.frames, i));
		ASSERT_EQ(node.last_len, 32 + 7 * i);
		ASSERT_EQ(node.last[31 + 7 * i], (uint8_t)i);
	}
	ASSERT_EQ(node.via, SOCKET_STREAM + 3);
	ASSERT(lighthouse.via >= SOCKET_STREAM);
	say(SOCKET_STREAM + 4, 1, 100); /* nobody's: dropped */
	ASSERT_EQ(lighthouse.told_count, 0);
	tls_pool_close(&node.pool, SOCKET_STREAM + 3);
	ASSERT(comes_to(&lighthouse.told_count, 1)); /* the engine had spoken by it */
	ASSERT_EQ(lighthouse.told[0].news, STREAM_ENDED);
	ASSERT_EQ(lighthouse.told[0].id, lighthouse.via);
	ASSERT_EQ(lighthouse.pool.count, 0);
	end();
}

TEST(another_key_is_told_from_no_tls_and_from_nobody)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr any = here(0);
	uint16_t port;
	int fd;

	begin();
	secret[9] ^= 1; /* the lighthouse has another one than the certificate says */
	dial(SOCKET_STREAM);
	ASSERT(comes_to(&node.told_count, 1));
	ASSERT_EQ(node.told[0].news, STREAM_WRONG_KEY);
	ASSERT_EQ(lighthouse.frames, 0);

	fd = socket(AF_INET, SOCK_STREAM, 0);
	len = addr_to_sockaddr(&ss, &any);
	ASSERT(bind(fd, (struct sockaddr *)&ss, len) == 0);
	len = sizeof(ss);
	ASSERT(getsockname(fd, (struct sockaddr *)&ss, &len) == 0);
	port = addr_from_sockaddr(&ss).port;
	dial_by(SOCKET_STREAM + 1, port, &(struct proxy){ 0 });
	ASSERT(comes_to(&node.told_count, 2));
	ASSERT_EQ(node.told[1].news, STREAM_UNREACHED);

	ASSERT(listen(fd, 4) == 0);
	dial_by(SOCKET_STREAM + 2, port, &(struct proxy){ 0 });
	close(accept(fd, NULL, NULL)); /* hangs up on who greets it */
	ASSERT(comes_to(&node.told_count, 3));
	ASSERT_EQ(node.told[2].news, STREAM_NO_TLS);
	close(fd);
	ASSERT_EQ(node.pool.count, 0);
	end();
}

TEST(a_proxy_that_is_not_there_or_refuses_is_said)
{
	static const char answer[] = "HTTP/1.1 407 No\r\n\r\n";
	struct proxy proxy = { .host = "127.0.0.1" };
	struct sockaddr_storage ss;
	struct addr any = here(0);
	socklen_t len = addr_to_sockaddr(&ss, &any);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), client = -1;
	usec_t until = clock_now().mono + 3 * USEC_PER_SEC;

	begin();
	ASSERT(bind(fd, (struct sockaddr *)&ss, len) == 0);
	len = sizeof(ss);
	ASSERT(getsockname(fd, (struct sockaddr *)&ss, &len) == 0);
	proxy.port = addr_from_sockaddr(&ss).port;
	dial_by(SOCKET_STREAM, lighthouse.pool.port, &proxy);
	ASSERT(comes_to(&node.told_count, 1));
	ASSERT_EQ(node.told[0].news, STREAM_PROXY_FAILED);
	ASSERT(strstr(node.pool.trouble, "refused") != NULL);

	ASSERT(listen(fd, 4) == 0);
	dial_by(SOCKET_STREAM + 1, lighthouse.pool.port, &proxy);
	while (client < 0 && clock_now().mono < until) { /* a thread looks the name up */
		uv_run(&loop, UV_RUN_NOWAIT);
		client = accept(fd, NULL, NULL);
	}
	ASSERT(client >= 0 && write(client, answer, sizeof(answer) - 1) > 0);
	ASSERT(comes_to(&node.told_count, 2));
	ASSERT_EQ(node.told[1].news, STREAM_PROXY_FAILED);
	ASSERT(strstr(node.pool.trouble, "407") != NULL);
	close(client);
	close(fd);
	end();
}

TEST(strangers_are_few_and_do_not_stay)
{
	usec_t later = clock_now().mono + TLS_SHAKE_MAX + USEC_PER_SEC;
	int fds[TLS_STRANGERS_OF_SOURCE + 4];
	char byte;

	begin();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = stranger();
		usleep(USEC_PER_SEC / LIMIT_RATE); /* not so often that this alone is too much */
	}
	ASSERT_EQ(lighthouse.pool.count, TLS_STRANGERS_OF_SOURCE);
	ASSERT_EQ(lighthouse.pool.refused, 4);
	for (size_t i = 0; i < TLS_SERVER_MAX && i < lighthouse.pool.room; i++)
		if (lighthouse.pool.open[i] != NULL)
			tls_stream_tick(lighthouse.pool.open[i], later);
	ASSERT_EQ(lighthouse.pool.count, 0);
	ASSERT_EQ(lighthouse.told_count, 0); /* the engine never knew of them */
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		ASSERT(recv(fds[i], &byte, 1, MSG_DONTWAIT) <= 0); /* nothing was said */
		close(fds[i]);
	}
	end();
}

TEST(who_comes_too_often_waits)
{
	int fds[2 * LIMIT_BURST];

	begin();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i] = stranger());
	ASSERT(lighthouse.pool.taken < ARRAY_LEN(fds));
	usleep(2 * USEC_PER_SEC / LIMIT_RATE);
	dial(SOCKET_STREAM);
	ASSERT(comes_to(&node.told_count, 1));
	ASSERT_EQ(node.told[0].news, STREAM_UP);
	end();
}

TEST(who_speaks_something_else_is_let_go)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd;

	begin();
	fd = stranger();
	ASSERT_EQ(lighthouse.pool.count, 1);
	ASSERT(write(fd, http, sizeof(http) - 1) > 0);
	for (int i = 0; i < 50 && lighthouse.pool.count > 0; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	ASSERT_EQ(lighthouse.pool.count, 0);
	close(fd);

	/* One that speaks TLS, but has nothing to say that the engine answers. */
	lighthouse.echo = false;
	dial(SOCKET_STREAM);
	ASSERT(comes_to(&node.told_count, 1));
	say(SOCKET_STREAM, 1, 100);
	ASSERT(comes_to(&lighthouse.frames, 1));
	for (size_t i = 0; i < lighthouse.pool.room; i++)
		if (lighthouse.pool.open[i] != NULL)
			tls_stream_tick(lighthouse.pool.open[i],
			    clock_now().mono + TLS_UNUSED_MAX + USEC_PER_SEC);
	ASSERT_EQ(lighthouse.pool.count, 0);
	ASSERT(comes_to(&node.told_count, 2));
	ASSERT_EQ(node.told[1].news, STREAM_ENDED);
	end();
}

TEST(a_reader_that_stops_costs_frames_and_no_memory)
{
	struct tls_stream *s = NULL;

	begin();
	lighthouse.echo = false;
	dial(SOCKET_STREAM);
	ASSERT(comes_to(&node.told_count, 1));
	for (unsigned i = 0; i < 20000; i++) /* 40 MB, and nobody reads */
		say(SOCKET_STREAM, 1, FRAME_BODY_MAX);
	for (size_t i = 0; i < node.pool.room; i++)
		if (node.pool.open[i] != NULL)
			s = node.pool.open[i];
	ASSERT(s != NULL && s->out.dropped > 0);
	ASSERT(s->out.cap <= BACKLOG_BYTES);
	ASSERT(comes_to(&lighthouse.frames, 100)); /* what was taken arrives */
	end();
}
