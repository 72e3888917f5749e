/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cutting and joining compared with the kernel's own.
 *
 * In a network namespace the kernel forwards from one device to another. What goes into `feed` is a
 * super-packet, and what comes out of `plain`, a device that takes none, was cut by the kernel: it
 * is the model. `mesh` is the program's own device. The kernel counts a hop where we do not, which
 * is done to ours before they are compared.
 */
#include "host/tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "core/icmp.h"
#include "host/offloads.h"
#include "tests/unit/test.h"

#define PIECES_MAX 256
#define ROUNDS	   400
#define ROUND_MAX  100 /* packets that are joined at a time */

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum { FIN = 0x01, PSH = 0x08, ACK = 0x10, URG = 0x20, ECE = 0x40, CWR = 0x80 };

struct piece {
	size_t len;
	uint8_t bytes[PACKET_MAX];
};

struct pieces {
	size_t count;
	struct piece all[PIECES_MAX];
};

static struct {
	int feed;    /* with headers: what goes in is routed to `plain` */
	int feed_to; /* the same, to `mesh` */
	int plain;   /* without */
	struct pieces kernels, ours;
} lab;

/*
 * The namespace
 */

static void
sh(const char *command)
{
	if (system(command) != 0)
		test_fail(__FILE__, __LINE__, "%s", command);
}

static int
device(const char *name, bool headers)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (headers)
		ifr.ifr_flags |= IFF_VNET_HDR;
	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	ASSERT(fd >= 0 && ioctl(fd, TUNSETIFF, &ifr) == 0);
	return fd;
}

/* What comes from the one goes to the other. */
static void
lead(const char *from, const char *to, int table)
{
	char command[512];

	snprintf(command, sizeof(command),
	    "for f in -4 -6; do ip $f rule add iif %s lookup %d && ip $f route replace default dev %s "
	    "table %d || exit 1; done", from, table, to, table);
	sh(command);
}

static bool
begin(void)
{
	static int state; /* 0 not tried, 1 there, -1 refused */

	if (state != 0)
		return state == 1;
	state = unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK) == 0 ? 1 : -1;
	if (state != 1)
		return false;
	lab.feed = device("feed", true);
	lab.feed_to = device("feed_to", true);
	lab.plain = device("plain", false);
	sh("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
	   "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0");
	sh("for d in feed feed_to plain; do sysctl -q -w net.ipv4.conf.$d.rp_filter=0 && "
	   "ip link set $d mtu 9000 txqueuelen 2000 up || exit 1; done");
	lead("feed", "plain", 100);
	return true;
}

/* The program's device, with these offloads, at the end of `feed_to`. */
static void
mesh_open(struct tun *t, unsigned offloads)
{
	struct err err = { "" };

	if (tun_open(t, "mesh", offloads, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	sh("sysctl -q -w net.ipv4.conf.mesh.rp_filter=0 && ip link set mesh mtu 9000 txqueuelen 2000 up");
	lead("feed_to", "mesh", 101);
	lead("mesh", "plain", 102);
}

static void
mesh_close(struct tun *t)
{
	tun_close(t); /* its routes go with it */
	sh("for f in -4 -6; do ip $f rule del lookup 101 && ip $f rule del lookup 102 || exit 1; done");
}

/*
 * Packets
 */

struct shape {
	bool v6, tcp;
	uint32_t options;      /* bytes of IP options or of a destination header */
	uint32_t tcp_options;
	uint16_t port;
};

static uint32_t
body_of(const struct shape *s)
{
	return (s->v6 ? 40 : 20) + s->options;
}

static uint32_t
header_of(const struct shape *s)
{
	return body_of(s) + (s->tcp ? 20 + s->tcp_options : 8);
}

static struct shape
any_shape(bool plain)
{
	return (struct shape){
		.v6 = test_below(2),
		.tcp = test_below(3) > 0,
		.options = plain || test_below(4) > 0 ? 0 : 8,
		.tcp_options = test_below(2) ? 12 : (uint32_t)test_below(11) * 4,
		.port = (uint16_t)(1000 + test_below(3)),
	};
}

static void
put_v4(uint8_t *p, const struct shape *s, size_t len, uint16_t id)
{
	static const uint8_t from[] = { 10, 1, 0, 2 }, to[] = { 10, 2, 0, 2 };

	p[0] = (uint8_t)(0x45 + s->options / 4);
	p[1] = (uint8_t)test_below(4);
	put_be16(p + 2, (uint16_t)len);
	put_be16(p + 4, id);
	put_be16(p + 6, 0x4000);
	p[8] = 64;
	p[9] = s->tcp ? 6 : 17;
	memcpy(p + 12, from, 4);
	memcpy(p + 16, to, 4);
	memset(p + 20, 1, s->options); /* no operation */
	inet_set_header_checksum(p, 20 + s->options);
}

static void
put_v6(uint8_t *p, const struct shape *s, size_t len)
{
	uint8_t next = s->tcp ? 6 : 17;

	put_be32(p, 0x60000000 | (uint32_t)test_below(4) << 20 | 0x12345);
	put_be16(p + 4, (uint16_t)(len - 40));
	p[6] = s->options > 0 ? 60 : next;
	p[7] = 64;
	memcpy(p + 8, (const uint8_t[16]){ 0xfd, 1, [15] = 2 }, 16);
	memcpy(p + 24, (const uint8_t[16]){ 0xfd, 2, [15] = 2 }, 16);
	if (s->options == 8)
		memcpy(p + 40, (const uint8_t[]){ next, 0, 1, 4, 0, 0, 0, 0 }, 8);
}

static void
put_transport(uint8_t *p, const struct shape *s, size_t len, uint32_t seq, uint8_t flags)
{
	put_be16(p, s->port);
	put_be16(p + 2, 2000);
	if (!s->tcp) {
		put_be16(p + 4, (uint16_t)len);
		return;
	}
	put_be32(p + 4, seq);
	put_be32(p + 8, 77);
	p[12] = (uint8_t)((20 + s->tcp_options) / 4 << 4);
	p[13] = flags;
	put_be16(p + 14, 500);
	put_be16(p + 18, flags & URG ? 3 : 0);
	memset(p + 20, 1, s->tcp_options);
}

static uint8_t *
checksum_at(uint8_t *p, const struct shape *s)
{
	return p + body_of(s) + (s->tcp ? OFFLOAD_TCP_CHECKSUM : OFFLOAD_UDP_CHECKSUM);
}

/* A packet with random payload and a partial checksum. Returns its length. */
static size_t
make(uint8_t *p, const struct shape *s, size_t payload, uint32_t seq, uint8_t flags, uint16_t id)
{
	size_t body = body_of(s), len = header_of(s) + payload;

	memset(p, 0, header_of(s));
	test_fill(p + len - payload, payload);
	if (s->v6)
		put_v6(p, s, len);
	else
		put_v4(p, s, len, id);
	put_transport(p + body, s, len - body, seq, flags);
	put_be16(checksum_at(p, s), inet_fold(inet_pseudo_sum(p, s->tcp ? 6 : 17, len - body)));
	return len;
}

/* One hop less to go, as the kernel says it. */
static void
hop(uint8_t *p)
{
	if (p[0] >> 4 == 6) {
		p[7]--;
		return;
	}
	p[8]--;
	inet_set_header_checksum(p, (size_t)(p[0] & 15) * 4);
}

/*
 * What goes through the kernel
 */

static void
feed(int fd, const struct shape *s, const uint8_t *p, size_t len, size_t size)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = !s->tcp ? VIRTIO_NET_HDR_GSO_UDP_L4
		    : s->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (uint16_t)header_of(s),
		.gso_size = (uint16_t)size,
		.csum_start = (uint16_t)body_of(s),
		.csum_offset = s->tcp ? OFFLOAD_TCP_CHECKSUM : OFFLOAD_UDP_CHECKSUM,
	};
	const struct iovec parts[] = { { &h, sizeof(h) }, { (void *)p, len } };

	if (writev(fd, parts, 2) != (ssize_t)(sizeof(h) + len))
		test_fail(__FILE__, __LINE__, "the kernel refuses a super-packet of %zu by %zu", len,
		    size);
}

/* Neither what the kernel says itself of its devices nor of its neighbours. */
static bool
is_of_ours(const uint8_t *p, size_t len)
{
	return len > 20 && (p[0] >> 4 == 4 || p[8] == 0xfd);
}

static void
keep(struct pieces *to, const uint8_t *p, size_t len)
{
	if (!is_of_ours(p, len))
		return;
	ASSERT(to->count < PIECES_MAX && len <= PACKET_MAX);
	to->all[to->count].len = len;
	memcpy(to->all[to->count++].bytes, p, len);
}

static bool
wait_for(int fd)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 2000) == 1;
}

/* All that comes out of `plain`, at least `count` packets unless they do not come. */
static void
drain_plain(struct pieces *to, size_t count)
{
	uint8_t p[OFFLOAD_MAX];
	ssize_t len;

	to->count = 0;
	while (to->count < count && wait_for(lab.plain))
		while ((len = read(lab.plain, p, sizeof(p))) > 0)
			keep(to, p, (size_t)len);
}

static void
drain_mesh(struct tun *t, struct pieces *to, size_t count)
{
	static struct packet packets[TUN_BATCH];
	size_t n;

	to->count = 0;
	while (to->count < count && wait_for(t->fd))
		while ((n = tun_receive(t, packets)) > 0)
			for (size_t i = 0; i < n; i++)
				keep(to, packets[i].data, packets[i].len);
}

static void
expect_same(const struct pieces *ours, const struct pieces *kernels)
{
	ASSERT_EQ(ours->count, kernels->count);
	for (size_t i = 0; i < ours->count; i++) {
		ASSERT_EQ(ours->all[i].len, kernels->all[i].len);
		ASSERT_MEM(ours->all[i].bytes, kernels->all[i].bytes, ours->all[i].len);
	}
}

/*
 * Cutting
 */

struct super {
	struct shape shape;
	size_t size, len, count; /* of a packet's payload, of all, packets */
	uint8_t bytes[OFFLOAD_MAX];
};

/* More than one packet's payload; flags that a kernel sends so, and others. */
static void
any_super(struct super *u)
{
	static const uint8_t flags[] = { ACK, ACK | PSH, ACK | FIN, ACK | CWR, ACK | PSH | FIN | CWR,
		ACK | ECE, ACK | ECE | CWR, ACK | URG };
	size_t most;

	u->shape = any_shape(false);
	u->size = test_below(2) ? 1380 : 1 + test_below(1400);
	most = min_u64(OFFLOAD_MAX - header_of(&u->shape), u->size * OFFLOAD_PACKETS_MAX);
	most = u->size + 1 + test_below(most - u->size);
	if (test_below(4) == 0)
		most -= most % u->size;
	most = most <= u->size ? u->size * 2 : most;
	u->len = make(u->bytes, &u->shape, most, (uint32_t)test_rand(),
	    flags[test_below(ARRAY_LEN(flags))], (uint16_t)test_rand());
	u->count = (most + u->size - 1) / u->size;
}

static void
cut(const struct super *u, struct pieces *to)
{
	static uint8_t p[PACKET_MAX];
	struct segmenter s;
	size_t len;

	to->count = 0;
	ASSERT_EQ(segmenter_begin(&s, u->bytes, u->len, u->size), 0);
	while ((len = segmenter_next(&s, p)) > 0) {
		hop(p);
		keep(to, p, len);
	}
}

TEST(what_is_cut_here_is_what_the_kernel_cuts)
{
	static struct super u;

	if (!begin())
		return;
	for (int i = 0; i < ROUNDS; i++) {
		any_super(&u);
		feed(lab.feed, &u.shape, u.bytes, u.len, u.size);
		drain_plain(&lab.kernels, u.count);
		ASSERT_EQ(lab.kernels.count, u.count);
		cut(&u, &lab.ours);
		expect_same(&lab.ours, &lab.kernels);
	}
}

static const unsigned ladder[] = {
	OFFLOAD_ALL,
	OFFLOAD_CHECKSUM | OFFLOAD_TSO,
	OFFLOAD_CHECKSUM,
	0,
};

TEST(what_the_device_gives_is_what_the_kernel_cuts_whoever_cuts_it)
{
	static struct super u;
	struct tun t;

	if (!begin())
		return;
	for (size_t l = 0; l < ARRAY_LEN(ladder); l++) {
		mesh_open(&t, ladder[l]);
		for (int i = 0; i < ROUNDS / 4; i++) {
			any_super(&u);
			feed(lab.feed, &u.shape, u.bytes, u.len, u.size);
			drain_plain(&lab.kernels, u.count);
			feed(lab.feed_to, &u.shape, u.bytes, u.len, u.size);
			drain_mesh(&t, &lab.ours, u.count);
			expect_same(&lab.ours, &lab.kernels);
		}
		mesh_close(&t);
	}
}

/*
 * Joining
 */

struct flow {
	struct shape shape;
	uint32_t seq;
	uint16_t id;
	size_t size;
};

static struct flow
any_flow(uint16_t port)
{
	struct flow f = { .shape = any_shape(test_below(8) > 0), .seq = (uint32_t)test_rand(),
		.id = (uint16_t)test_rand(), .size = 1 + test_below(1380) };

	f.shape.port = port;
	return f;
}

/* The next packet of a flow, with a whole checksum: mostly as the others, sometimes not. */
static size_t
next_of(struct flow *f, uint8_t *p)
{
	const struct shape *s = &f->shape;
	size_t payload = test_below(20) == 0 ? test_below(f->size + 1) : f->size;
	uint8_t flags = ACK | (test_below(20) == 0 ? PSH : 0);
	size_t len;

	if (test_below(30) == 0)
		flags |= (uint8_t[]){ FIN, CWR, ECE, URG }[test_below(4)];
	if (test_below(30) == 0)
		f->seq += (uint32_t)test_below(3000);
	len = make(p, s, payload, f->seq, flags, f->id);
	ASSERT_EQ(offload_complete(p, len, body_of(s),
		      s->tcp ? OFFLOAD_TCP_CHECKSUM : OFFLOAD_UDP_CHECKSUM), 0);
	if (test_below(30) == 0)
		p[8 - s->v6]--; /* from another way: TTL */
	if (!s->v6)
		inet_set_header_checksum(p, 20 + s->options);
	f->seq += (uint32_t)payload;
	f->id++;
	return len;
}

/* What no checksum of ours may bless. */
static void
spoil(const struct flow *f, uint8_t *p, size_t len)
{
	if (len > header_of(&f->shape) && test_below(30) == 0)
		p[len - 1] ^= 1;
	else if (!f->shape.tcp && !f->shape.v6 && test_below(30) == 0)
		put_be16(checksum_at(p, &f->shape), 0);
}

/* Of one flow, told by its ports. */
static void
pick(struct pieces *to, const struct pieces *from, const struct flow *f)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++) {
		const struct piece *p = &from->all[i];

		if (be16(p->bytes + body_of(&f->shape)) == f->shape.port)
			keep(to, p->bytes, p->len);
	}
}

/* The packets of each flow have their order; flows among each other need not. */
static void
expect_flows(const struct flow *flows, size_t n)
{
	static struct pieces ours, kernels;

	ASSERT_EQ(lab.ours.count, lab.kernels.count);
	for (size_t i = 0; i < n; i++) {
		pick(&ours, &lab.ours, &flows[i]);
		pick(&kernels, &lab.kernels, &flows[i]);
		expect_same(&ours, &kernels);
	}
}

/* Some flows of one family, whose packets come in runs. */
static void
any_flows(struct flow *flows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		flows[i] = any_flow((uint16_t)(3000 + i));
		flows[i].shape.v6 = flows[0].shape.v6;
		flows[i].shape.options = flows[0].shape.options;
	}
}

/* They are remembered as they have to come out, before the device has its way with them. */
static void
send_round(struct outbox *o, struct flow *flows, size_t n)
{
	size_t count = 1 + test_below(ROUND_MAX), which = 0;

	lab.ours.count = 0;
	outbox_reset(o);
	for (size_t i = 0; i < count; i++) {
		uint8_t *p = outbox_room(o, PACKET_MAX);
		struct piece *kept = &lab.ours.all[lab.ours.count];
		size_t len;

		if (test_below(5) == 0)
			which = test_below(n);
		len = next_of(&flows[which], p);
		spoil(&flows[which], p, len);
		outbox_to_tun(o, p, (uint32_t)len);
		keep(&lab.ours, p, len);
		hop(kept->bytes);
	}
}

TEST(what_is_joined_is_cut_by_the_kernel_into_what_it_was)
{
	struct flow flows[12];
	struct outbox o;
	struct tun t;

	if (!begin())
		return;
	ASSERT_EQ(outbox_init(&o, ROUND_MAX, ROUND_MAX * (PACKET_MAX + 256)), 0);
	for (size_t l = 0; l < ARRAY_LEN(ladder); l++) {
		uint64_t writes;

		mesh_open(&t, ladder[l]);
		for (int i = 0; i < ROUNDS / 4; i++) {
			size_t n = 1 + test_below(ARRAY_LEN(flows));

			any_flows(flows, n);
			send_round(&o, flows, n);
			tun_settle(&t, &o);
			ASSERT_EQ(t.send_failed, 0);
			drain_plain(&lab.kernels, lab.ours.count);
			expect_flows(flows, n);
		}
		writes = t.writes;
		ASSERT(ladder[l] & OFFLOAD_TSO ? writes < t.sent : writes == t.sent);
		mesh_close(&t);
	}
	outbox_free(&o);
}
