/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/udp_pool.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/err.h"
#include "tests/unit/test.h"

static uv_loop_t loop;
static struct udp_pool pool;
static struct outbox out;
static unsigned readable;

static void
on_readable(void *ctx, struct udp *u)
{
	struct packet packets[UDP_BATCH];

	(void)ctx;
	while (udp_receive(u, packets) > 0)
		readable++;
}

static void
begin(void)
{
	const struct ip any = { 0 };

	readable = 0;
	ASSERT_EQ(uv_loop_init(&loop), 0);
	ASSERT_EQ(outbox_init(&out, 1024, 65536), 0);
	udp_pool_init(&pool, &loop, &any, NULL, on_readable);
}

static void
end(void)
{
	udp_pool_free(&pool);
	outbox_free(&out);
	uv_run(&loop, UV_RUN_DEFAULT);
	ASSERT_EQ(uv_loop_close(&loop), 0);
}

static void
change(socket_id id, bool open, uint16_t port)
{
	struct socket_change c = {
		.id = id, .open = open, .family = FAMILY_V4, .port = port
	};

	ASSERT(outbox_socket(&out, &c));
}

static struct addr
here(uint16_t port)
{
	return (struct addr){ .family = FAMILY_V4, .port = port, .ip = { 127, 0, 0, 1 } };
}

static void
settle(void)
{
	udp_pool_settle(&pool, &out);
	outbox_reset(&out);
}

TEST(what_is_sent_behind_an_opening_goes_out_and_hears_the_answer)
{
	struct packet got[UDP_BATCH];
	uint8_t bytes[] = "one";
	struct udp_told told;
	struct udp other;
	struct udp_out answer;
	struct addr to;

	begin();
	ASSERT_EQ(udp_open(&other, FAMILY_V4, 0, NULL, 0, NULL), 0);
	change(SOCKET_EXTRA + 5, true, 0);
	to = here(other.port);
	outbox_to_net(&out, SOCKET_EXTRA + 5, &to, bytes, 3);
	settle();
	ASSERT(udp_pool_told(&pool, &told));
	ASSERT_EQ(told.id, SOCKET_EXTRA + 5);
	ASSERT(told.local.port != 0);
	ASSERT(!udp_pool_told(&pool, &told));
	ASSERT_EQ(poll(&(struct pollfd){ .fd = other.fd, .events = POLLIN }, 1, 1000), 1);
	ASSERT_EQ(udp_receive(&other, got), 1);
	ASSERT_EQ(got[0].from.port, told.local.port);
	answer = (struct udp_out){ bytes, 3, got[0].from, 0 };
	udp_send(&other, &answer, 1);
	while (readable == 0)
		uv_run(&loop, UV_RUN_ONCE);
	udp_close(&other);
	end();
}

TEST(a_port_that_is_taken_is_told)
{
	struct udp_told told;
	struct udp other;

	begin();
	ASSERT_EQ(udp_open(&other, FAMILY_V4, 0, NULL, 0, NULL), 0);
	change(SOCKET_EXTRA, true, other.port);
	settle();
	ASSERT(udp_pool_told(&pool, &told));
	ASSERT_EQ(told.local.family, FAMILY_NONE);
	udp_close(&other);
	end();
}

TEST(all_open_close_and_open_again_within_one_turn_of_the_loop)
{
	struct udp_told told;
	unsigned opened = 0;

	begin();
	for (int round = 0; round < 2; round++) {
		for (socket_id i = 0; i < UDP_POOL_MAX; i++)
			change(SOCKET_EXTRA + (socket_id)round * UDP_POOL_MAX + i, true, 0);
		settle();
		while (udp_pool_told(&pool, &told))
			opened += told.local.family == FAMILY_V4;
		for (socket_id i = 0; i < UDP_POOL_MAX; i++)
			change(SOCKET_EXTRA + (socket_id)round * UDP_POOL_MAX + i, false, 0);
		settle();
	}
	ASSERT_EQ(opened, 2 * UDP_POOL_MAX);
	end();
}

TEST(a_datagram_leaves_with_the_hop_limit_that_was_asked_for)
{
	static const uint8_t families[] = { FAMILY_V4, FAMILY_V6 };

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		bool v6 = families[i] == FAMILY_V6;
		struct udp a, b;
		struct addr to = { .family = families[i] };
		struct udp_out o = { .data = (const uint8_t *)"x", .len = 1, .ttl = 3 };
		union {
			struct cmsghdr align;
			uint8_t bytes[256];
		} control;
		struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };
		int on = 1, ttl = 0;

		if (udp_open(&a, families[i], 0, NULL, 0, NULL) < 0)
			continue; /* no IPv6 on this machine */
		ASSERT_EQ(udp_open(&b, families[i], 0, NULL, 0, NULL), 0);
		to.port = b.port;
		to.ip[v6 ? 15 : 0] = v6 ? 1 : 127;
		to.ip[v6 ? 14 : 3] = v6 ? 0 : 1;
		o.to = to;
		ASSERT_EQ(setsockopt(b.fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		    v6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof(on)), 0);
		udp_send(&a, &o, 1);
		if (a.send_failed == 0) { /* else IPv6 has no loopback here */
			ASSERT_EQ(poll(&(struct pollfd){ .fd = b.fd, .events = POLLIN }, 1, 1000), 1);
			ASSERT(recvmsg(b.fd, &msg, 0) >= 0);
			for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
				if (c->cmsg_type == (v6 ? IPV6_HOPLIMIT : IP_TTL))
					memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
			ASSERT_EQ(ttl, 3);
		}
		udp_close(&a);
		udp_close(&b);
	}
}
