/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The TUN and netlink against a real kernel, in a network namespace of this process's own. Without
 * the right to make one there is nothing to test.
 */
#include "host/tun.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include "host/loop.h"
#include "host/net.h"
#include "host/offloads.h"
#include "host/udp.h"
#include "tests/unit/test.h"

static bool
in_namespace(void)
{
	static int state; /* 0 not tried, 1 inside, -1 refused */

	if (state == 0)
		state = unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK) == 0 ? 1 : -1;
	return state == 1;
}

static struct prefix
prefix(const char *text)
{
	struct prefix p = { 0 };
	char *slash, copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	*slash = '\0';
	ASSERT_EQ(ip_parse(&p.ip, copy), 0);
	p.len = (uint8_t)atoi(slash + 1);
	return p;
}

/* One address and one route of its own. */
static void
configure(struct tun *t, struct net *n)
{
	struct err err = { 0 };

	ASSERT_EQ(net_open(n, &err), 0);
	ASSERT_EQ(net_link_up(n, t->ifindex, 1420, &err), 0);
	ASSERT_EQ(net_address_add(n, t->ifindex, prefix("10.87.0.2/32"), &err), 0);
	ASSERT_EQ(net_route_add(n, t->ifindex, prefix("10.87.0.3/32"), 1280, &err), 0);
}

static void
start(struct tun *t, struct net *n)
{
	struct err err = { 0 };

	ASSERT_EQ(tun_open(t, "mpytest%d", OFFLOAD_ALL, &err), 0);
	configure(t, n);
}

static void
stop(struct tun *t, struct net *n)
{
	tun_close(t);
	net_close(n);
}

/* Gives the device one packet. */
static void
give(struct tun *t, uint8_t *data, uint32_t len)
{
	struct outbox o;

	ASSERT_EQ(outbox_init(&o, 1, 64), 0);
	outbox_to_tun(&o, data, len);
	tun_settle(t, &o);
	outbox_free(&o);
}

/* The next packet of the device that is IPv4; the kernel also sends its own IPv6 ones. */
static bool
next_v4(struct tun *t, struct packet *ret)
{
	struct packet p[TUN_BATCH];
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };

	while (poll(&pfd, 1, 1000) == 1) {
		size_t n = tun_receive(t, p);

		for (size_t i = 0; i < n; i++) {
			if (p[i].data[0] >> 4 == 4) {
				*ret = p[i];
				return true;
			}
		}
	}
	return false;
}

/* Swaps addresses and ports, so that a datagram goes back and every checksum stays right. */
static void
turn(uint8_t *p)
{
	uint8_t copy[12];

	memcpy(copy, p + 12, sizeof(copy));
	memcpy(p + 12, copy + 4, 4);
	memcpy(p + 16, copy, 4);
	memcpy(p + 20, copy + 10, 2);
	memcpy(p + 22, copy + 8, 2);
}

TEST(packets_for_a_route_come_out_of_the_device_and_answers_go_in)
{
	struct packet p;
	struct addr to;
	struct net n;
	struct tun t;
	struct udp u;
	uint8_t answer[64];

	if (!in_namespace())
		return;
	start(&t, &n);
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(addr_parse(&to, "10.87.0.3:9", 0), 0);
	udp_send(&u, &(struct udp_out){ (const uint8_t *)"ping", 4, to }, 1);
	ASSERT(next_v4(&t, &p));
	ASSERT_EQ(p.len, 32);
	ASSERT_MEM(p.data + 28, "ping", 4);

	memcpy(answer, p.data, p.len);
	turn(answer);
	give(&t, answer, p.len);
	ASSERT_EQ(t.sent, 1);
	struct packet back[UDP_BATCH];
	struct pollfd pfd = { .fd = u.fd, .events = POLLIN };
	ASSERT_EQ(poll(&pfd, 1, 1000), 1);
	ASSERT_EQ(udp_receive(&u, back), 1);
	ASSERT_MEM(back[0].data, "ping", 4);
	ASSERT(addr_equal(&back[0].from, &to));
	udp_close(&u);
	stop(&t, &n);
}

/* The next `n` IPv4 packets of the device, turned around and given back as one outbox. */
static void
give_back(struct tun *t, size_t n)
{
	static uint8_t bytes[TUN_BATCH][PACKET_MAX];
	struct packet p[TUN_BATCH];
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };
	struct outbox o;
	size_t got = 0;

	ASSERT_EQ(outbox_init(&o, TUN_BATCH, 64), 0);
	while (got < n && poll(&pfd, 1, 1000) == 1) {
		size_t count = tun_receive(t, p);

		for (size_t i = 0; i < count && got < TUN_BATCH; i++) {
			if (p[i].data[0] >> 4 != 4)
				continue;
			ASSERT((p[i].meta & META_FOLLOWS) == 0 || i > 0);
			memcpy(bytes[got], p[i].data, p[i].len);
			turn(bytes[got]);
			outbox_to_tun(&o, bytes[got++], p[i].len);
		}
	}
	ASSERT_EQ(got, n);
	tun_settle(t, &o);
	outbox_free(&o);
}

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Ten datagrams, the last of which is shorter, by way of the device and back. */
static void
datagrams_come_back(unsigned offloads)
{
	static uint8_t payload[9 * 1000 + 300], back[2000];
	struct err err = { 0 };
	struct addr to;
	struct net n;
	struct tun t;
	struct udp u;
	struct pollfd pfd;

	ASSERT_EQ(tun_open(&t, "mpytest%d", offloads, &err), 0);
	ASSERT_EQ(t.offloads & ~offloads, 0);
	configure(&t, &n);
	test_fill(payload, sizeof(payload));
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	udp_offload(&u, 0); /* we receive ourselves */
	ASSERT_EQ(addr_parse(&to, "10.87.0.3:9", 0), 0);
	ASSERT_EQ(setsockopt(u.fd, IPPROTO_UDP, UDP_SEGMENT, &(int){ 1000 }, sizeof(int)), 0);
	udp_send(&u, &(struct udp_out){ payload, sizeof(payload), to }, 1);
	ASSERT_EQ(u.send_failed, 0);
	give_back(&t, 10);
	ASSERT_EQ(t.sent, 10);
	ASSERT_EQ(t.writes, t.offloads & OFFLOAD_USO ? 1 : 10);
	pfd = (struct pollfd){ .fd = u.fd, .events = POLLIN };
	for (size_t i = 0; i < 10; i++) {
		size_t len = i < 9 ? 1000 : 300;

		ASSERT_EQ(poll(&pfd, 1, 1000), 1);
		ASSERT_EQ(recv(u.fd, back, sizeof(back), MSG_DONTWAIT), len);
		ASSERT_MEM(back, payload + i * 1000, len);
	}
	udp_close(&u);
	stop(&t, &n);
}

TEST(datagrams_of_one_send_come_and_go_whatever_the_kernel_does_for_us)
{
	if (!in_namespace())
		return;
	datagrams_come_back(OFFLOAD_ALL);
	datagrams_come_back(OFFLOAD_CHECKSUM | OFFLOAD_TSO);
	datagrams_come_back(OFFLOAD_CHECKSUM);
	datagrams_come_back(0);
}

/* `n` datagrams of ten bytes each, from one send. */
static void
send_joined(struct udp *u, const struct addr *to, size_t n)
{
	static const uint8_t payload[10 * 64];

	udp_send(u, &(struct udp_out){ payload, 10 * n, *to }, 1);
	ASSERT_EQ(u->send_failed, 0);
}

TEST(what_is_left_of_a_super_packet_can_be_had_without_another_read)
{
	struct packet p[TUN_BATCH];
	struct pollfd pfd;
	struct addr to;
	struct net n;
	struct tun t;
	struct udp u;
	size_t first, rest;

	if (!in_namespace())
		return;
	start(&t, &n);
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(addr_parse(&to, "10.87.0.3:9", 0), 0);
	ASSERT_EQ(setsockopt(u.fd, IPPROTO_UDP, UDP_SEGMENT, &(int){ 10 }, sizeof(int)), 0);
	while (tun_receive(&t, p) > 0)	/* what the kernel says at the beginning */
		;
	send_joined(&u, &to, 40);
	send_joined(&u, &to, 64);
	send_joined(&u, &to, 2);
	first = tun_receive(&t, p);
	ASSERT(t.more);
	rest = tun_rest(&t, p);
	if (t.offloads & OFFLOAD_USO) {
		ASSERT_EQ(first, TUN_BATCH);
		ASSERT(rest >= 40 + 64 - TUN_BATCH);
		ASSERT((p[0].meta & META_FOLLOWS) == 0 && (p[1].meta & META_FOLLOWS) != 0);
	} else {
		ASSERT_EQ(rest, 0);
	}
	ASSERT_EQ(tun_rest(&t, p), 0);
	pfd = (struct pollfd){ .fd = t.fd, .events = POLLIN };
	ASSERT_EQ(poll(&pfd, 1, 0), 1);
	udp_close(&u);
	stop(&t, &n);
}

TEST(a_datagram_that_is_too_long_for_the_device_is_no_reason_to_stop_cutting)
{
	static const uint8_t bytes[1500];
	struct udp_out out[3];
	struct addr to;
	struct net n;
	struct tun t;
	struct udp u;

	if (!in_namespace())
		return;
	start(&t, &n);
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(addr_parse(&to, "10.87.0.3:9", 0), 0);
	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		out[i] = (struct udp_out){ bytes, i < 2 ? sizeof(bytes) : 100, to };
	ASSERT(u.cuts);
	udp_send(&u, out, ARRAY_LEN(out));
	ASSERT_EQ(u.sent, 1);
	ASSERT_EQ(u.send_failed, 2);
	ASSERT(u.cuts);
	udp_close(&u);
	stop(&t, &n);
}

TEST(a_route_has_an_mtu_of_its_own_until_it_is_removed)
{
	struct err err = { 0 };
	struct addr to;
	struct net n;
	struct tun t;
	struct udp u;
	static uint8_t big[1300];

	if (!in_namespace())
		return;
	start(&t, &n);
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(setsockopt(u.fd, IPPROTO_IP, IP_MTU_DISCOVER, &(int){ IP_PMTUDISC_DO },
	    sizeof(int)), 0);
	ASSERT_EQ(addr_parse(&to, "10.87.0.3:9", 0), 0);
	udp_send(&u, &(struct udp_out){ big, 1253, to }, 1);
	ASSERT_EQ(u.send_failed, 1);
	ASSERT_EQ(net_route_add(&n, t.ifindex, prefix("10.87.0.3/32"), 1400, &err), 0);
	udp_send(&u, &(struct udp_out){ big, 1253, to }, 1);
	ASSERT_EQ(u.send_failed, 1);
	ASSERT_EQ(net_route_del(&n, t.ifindex, prefix("10.87.0.3/32"), &err), 0);
	ASSERT_EQ(net_route_del(&n, t.ifindex, prefix("10.87.0.3/32"), &err), -ESRCH);
	udp_send(&u, &(struct udp_out){ big, 10, to }, 1);
	ASSERT_EQ(u.send_failed, 2);
	udp_close(&u);
	stop(&t, &n);
}

TEST(both_families_are_configured_and_doing_it_twice_is_fine)
{
	struct err err = { 0 };
	struct net n;
	struct tun t;

	if (!in_namespace())
		return;
	start(&t, &n);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(net_address_add(&n, t.ifindex, prefix("10.87.0.2/32"), &err), 0);
		ASSERT_EQ(net_address_add(&n, t.ifindex, prefix("fd12::2/128"), &err), 0);
		ASSERT_EQ(net_route_add(&n, t.ifindex, prefix("fd12::3/128"), 1280, &err), 0);
	}
	stop(&t, &n);
}

TEST(own_addresses_are_listed_without_the_mesh_and_loopback)
{
	struct net_address a[NET_ADDRESSES_MAX];
	struct ip ip;
	struct net n;
	struct tun t;

	if (!in_namespace())
		return;
	start(&t, &n);
	ASSERT_EQ(net_addresses(&n, t.ifindex, a, NULL), 0);
	ASSERT_EQ(net_addresses(&n, 0, a, NULL), 1);
	ASSERT_EQ(ip_parse(&ip, "10.87.0.2"), 0);
	ASSERT(ip_equal(a[0].ip, ip));
	ASSERT_EQ(a[0].ifindex, t.ifindex);
	stop(&t, &n);
}

TEST(a_device_in_use_and_a_long_name_are_said_in_a_sentence)
{
	struct tun a, b;
	struct err err = { 0 };

	if (!in_namespace())
		return;
	ASSERT_EQ(tun_open(&a, "mpybusy", OFFLOAD_ALL, &err), 0);
	ASSERT_EQ(tun_open(&b, "mpybusy", OFFLOAD_ALL, &err), -EBUSY);
	ASSERT(strstr(err.text, "mpybusy"));
	ASSERT_EQ(tun_open(&b, "a-name-that-is-far-too-long", OFFLOAD_ALL, &err), -ENAMETOOLONG);
	tun_close(&a);
}

/* Packets that are in the device's queue. */
static size_t
count_in(struct tun *t)
{
	struct packet got[TUN_BATCH];
	size_t sum = 0, n;

	while ((n = tun_receive(t, got)) > 0)
		sum += n;
	return sum;
}

TEST(a_flow_stays_in_one_of_several_queues)
{
	struct tun first, a, b, other;
	struct err err = { 0 };
	size_t in_a, in_b;
	struct net n;
	struct udp u;

	if (!in_namespace())
		return;
	ASSERT_EQ(tun_open_several(&first, "mpyqueues", OFFLOAD_ALL, &err), 0);
	ASSERT_EQ(tun_open_several(&other, "mpyqueues", OFFLOAD_ALL, &err), -EBUSY);
	ASSERT_EQ(tun_join(&a, &first, false, &err), 0);
	ASSERT_EQ(tun_join(&b, &first, true, &err), 0);
	ASSERT_EQ(b.offloads, first.offloads);
	ASSERT_EQ(net_open(&n, &err), 0);
	ASSERT_EQ(net_link_up(&n, first.ifindex, 1420, &err), 0);
	ASSERT_EQ(net_address_add(&n, first.ifindex, prefix("10.87.0.2/32"), &err), 0);
	ASSERT_EQ(net_route_add(&n, first.ifindex, prefix("10.87.0.3/32"), 1280, &err), 0);
	(void)count_in(&a);
	(void)count_in(&b);
	for (int flow = 0; flow < 40; flow++) {
		struct addr to;

		ASSERT_EQ(addr_parse(&to, "10.87.0.3", 7000), 0);
		ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
		for (int i = 0; i < 3; i++)
			udp_send(&u, &(struct udp_out){ (const uint8_t *)"x", 1, to }, 1);
		udp_close(&u);
		in_a = count_in(&a);
		in_b = count_in(&b);
		ASSERT(in_a == 0 || in_b == 0 || in_a + in_b > 3); /* IPv6 has its own packets */
		ASSERT(in_a + in_b >= 3);
	}
	tun_close(&b);
	tun_close(&a);
	stop(&first, &n);
}

/* A TCP socket that has sent a packet of its handshake to nobody. */
static int
knock(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7000) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	inet_pton(AF_INET, "10.87.0.3", &to.sin_addr);
	ASSERT(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0);
	return fd;
}

TEST(lanes_take_tcp_and_leave_the_rest)
{
	struct tun t, lanes[TUN_LANES];
	size_t count, used = 0, in_lanes = 0;
	struct err err = { 0 };
	int fds[40];
	struct net n;

	if (!in_namespace())
		return;
	ASSERT_EQ(tun_open_several(&t, "mpylanes", OFFLOAD_ALL, &err), 0);
	count = tun_open_lanes(&t, lanes, TUN_LANES);
	configure(&t, &n);
	(void)count_in(&t);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = knock();
	for (size_t i = 0; i < count; i++) {
		size_t some = count_in(&lanes[i]);

		used += some > 0;
		in_lanes += some;
	}
	/* Without the right to load a program there are none, and the device has them all. */
	if (count > 0) {
		ASSERT_EQ(count, TUN_LANES);
		ASSERT(used > 1);
		ASSERT(in_lanes >= ARRAY_LEN(fds));
	} else {
		ASSERT(count_in(&t) >= ARRAY_LEN(fds));
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	for (size_t i = 0; i < count; i++)
		tun_close(&lanes[i]);
	stop(&t, &n);
}

struct watcher {
	struct loop loop;
	int changes;
	int gateways;
};

static void
on_change(void *ctx)
{
	((struct watcher *)ctx)->changes++;
}

static void
on_gateway(void *ctx)
{
	((struct watcher *)ctx)->gateways++;
}

static void
on_due(void *ctx)
{
	loop_stop(&((struct watcher *)ctx)->loop);
}

static void
on_signal(void *ctx, int signum)
{
	(void)ctx;
	(void)signum;
}

static void
run_for(struct watcher *w, usec_t span)
{
	loop_wake_at(&w->loop, clock_now().mono + span);
	loop_run(&w->loop);
}

TEST(many_changes_are_told_once_and_our_own_never)
{
	struct watcher w = { 0 };
	struct err err = { 0 };
	struct tun own, other;
	struct net n;

	if (!in_namespace())
		return;
	start(&own, &n);
	ASSERT_EQ(tun_open(&other, "mpyother", OFFLOAD_ALL, &err), 0);
	ASSERT_EQ(loop_init(&w.loop, &w, on_due, on_signal, NULL), 0);
	ASSERT_EQ(net_watch(&n, &w.loop.uv, own.ifindex, &w, on_change, on_gateway,
	    &err), 0);

	ASSERT_EQ(net_route_add(&n, own.ifindex, prefix("10.87.0.9/32"), 0, &err), 0);
	run_for(&w, 120 * USEC_PER_MS);
	ASSERT_EQ(w.changes, 0);

	ASSERT_EQ(net_link_up(&n, other.ifindex, 1400, &err), 0);
	ASSERT_EQ(net_address_add(&n, other.ifindex, prefix("192.0.2.1/24"), &err), 0);
	ASSERT_EQ(net_address_add(&n, other.ifindex, prefix("192.0.2.2/24"), &err), 0);
	for (int i = 0; i < 600 && w.changes == 0; i++)
		run_for(&w, 100 * USEC_PER_MS);
	run_for(&w, 300 * USEC_PER_MS);
	ASSERT_EQ(w.changes, 1);

	tun_close(&other);
	stop(&own, &n);
	loop_free(&w.loop);
}

static void
shell(const char *command)
{
	if (system(command) != 0)
		test_fail(__FILE__, __LINE__, "%s", command);
}

TEST(a_gateway_is_known_by_its_link_address)
{
	static const uint8_t first[NET_LINK_LEN] = { 2, 0, 0, 0, 0, 1 };
	static const uint8_t second[NET_LINK_LEN] = { 2, 0, 0, 0, 0, 2 };
	struct net_gateway found[NET_GATEWAYS_MAX];
	uint8_t link[NET_LINK_LEN];
	struct watcher w = { 0 };
	struct err err = { 0 };
	struct net n;

	if (!in_namespace() || system("ip link add mpyin type veth peer mpyout") != 0)
		return;
	shell("ip link set mpyin up && ip link set mpyout up && "
	      "ip address add 192.0.2.9/24 dev mpyin && "
	      "ip route add default via 192.0.2.1 dev mpyin");
	ASSERT_EQ(net_open(&n, &err), 0);
	ASSERT_EQ(loop_init(&w.loop, &w, on_due, on_signal, NULL), 0);
	ASSERT_EQ(net_watch(&n, &w.loop.uv, 0, &w, on_change, on_gateway, &err), 0);
	ASSERT_EQ(net_gateways(&n, FAMILY_V4, 0, found, &err), 1);
	ASSERT_EQ(net_link_address(&n, &found[0], link), -ENOENT);

	shell("ip neigh replace 192.0.2.2 dev mpyin lladdr 02:00:00:00:00:77");
	run_for(&w, 100 * USEC_PER_MS);
	ASSERT_EQ(w.gateways, 0);
	shell("ip neigh replace 192.0.2.1 dev mpyin lladdr 02:00:00:00:00:01");
	run_for(&w, 100 * USEC_PER_MS);
	ASSERT_EQ(w.gateways, 1);
	ASSERT_EQ(net_link_address(&n, &found[0], link), 0);
	ASSERT_MEM(link, first, sizeof(link));
	shell("ip neigh replace 192.0.2.1 dev mpyin lladdr 02:00:00:00:00:02");
	run_for(&w, 100 * USEC_PER_MS);
	ASSERT_EQ(w.gateways, 2);
	ASSERT_EQ(net_link_address(&n, &found[0], link), 0);
	ASSERT_MEM(link, second, sizeof(link));

	shell("ip link del mpyin");
	net_close(&n);
	loop_free(&w.loop);
}

TEST(a_full_queue_is_no_reason_to_leave_from_another_address)
{
	static const uint8_t bytes[1400];
	struct addr to, home, source;
	struct udp u;

	if (!in_namespace() || system("ip link add mpyin type veth peer mpyout") != 0)
		return;
	shell("ip link set mpyin up && ip link set mpyout up && "
	      "ip address add 192.0.2.9/24 dev mpyin");
	ASSERT_EQ(addr_parse(&to, "192.0.2.77:9", 0), 0);
	ASSERT_EQ(addr_parse(&home, "192.0.2.9", 1), 0);
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	ASSERT_EQ(setsockopt(u.fd, SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int)), 0);
	udp_note_source(&u, &to, &home);
	/* They wait, and take their room, until somebody says that he is the address. */
	for (int i = 0; i < 20; i++)
		udp_send(&u, &(struct udp_out){ bytes, sizeof(bytes), to }, 1);
	ASSERT(u.send_failed > 0);
	source = udp_source(&u, &to);
	ASSERT_EQ(source.family, FAMILY_V4);
	udp_close(&u);
	shell("ip link del mpyin");
}
