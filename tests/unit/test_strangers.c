/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A million packets from strangers: made up, cut, changed, forged and replayed.
 *
 * Node and lighthouse each have one session with a member, and a stranger who saw all of it. What
 * he sends may draw the two answers that the protocol allows, a cookie and the response that an
 * initiation drew before, and nothing else; never more bytes than 0.70 of what he sent; and leaves
 * live memory as it was.
 */
#include "tests/unit/certs.h"
#include "tests/unit/live.h"
#include "tests/unit/test.h"

#include "core/bytes.h"
#include "core/channel.h"
#include "core/outbox.h"
#include "core/wire.h"
#include "lighthouse/beacon.h"
#include "node/mesh.h"

#ifdef SANITIZED
#define PACKETS 50000
#else
#define PACKETS 500000 /* to each of two engines */
#endif

#define MONO	 (1000 * USEC_PER_SEC)
#define SEEN_MAX 32
#define PSK	 { 9, 9, 9 }

/* The engine that strangers write to: one of the two. */
struct victim {
	struct mesh *mesh;
	struct beacon *beacon;
	uint8_t key[32];
	struct noise_remote remote;
};

/* A packet that passed between the member and the victim, in either direction. */
struct seen {
	size_t len;
	uint8_t bytes[PACKET_MAX];
};

struct scene {
	struct rng rng;
	struct authority root;
	struct host host;
	struct host member;
	struct host stranger; /* certified by somebody else */
	struct noise_identity member_self;
	struct noise_identity stranger_self;
	struct noise_clock clock;
	struct channel *channel;
	struct victim victim;
	struct instant now;
	struct outbox out;
	struct addr home; /* the member's */
	struct seen seen[SEEN_MAX];
	size_t seen_count;
	uint64_t in, out_bytes, cookies, responses;
};

static struct scene scene;

static void
open_mesh(struct scene *s, unsigned load)
{
	static struct mesh_config c;
	struct err e = { 0 };

	memset(&c, 0, sizeof(c));
	memcpy(c.private_key, s->host.secret, 32);
	c.cert = cert_bytes_of(s->host.bytes, s->host.len);
	c.roots[0] = cert_bytes_of(s->root.bytes, s->root.len);
	c.root_count = 1;
	c.has_psk = true;
	memcpy(c.psk, (uint8_t[32])PSK, 32);
	c.peers_max = 100;
	c.handshakes_per_second = load;
	c.settings.allow_all = true;
	if (mesh_new(&s->victim.mesh, &c, &s->rng, s->now, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
	mesh_start(s->victim.mesh, s->now, &s->out);
}

static void
open_beacon(struct scene *s, unsigned load)
{
	struct beacon_config c = {
		.psk = PSK,
		.cert = { s->host.bytes, (uint16_t)s->host.len },
		.authorities = { { s->root.bytes, (uint16_t)s->root.len } },
		.authority_count = 1,
		.clients_max = 100,
		.handshake_rate = load,
		.relay = true,
	};
	struct err e = { 0 };

	memcpy(c.key, s->host.secret, 32);
	if (beacon_new(&s->victim.beacon, &c, s->rng, s->now, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
}

static void
to_victim(struct scene *s, const struct addr *from, uint8_t *p, size_t len)
{
	struct packet pk = { .data = p, .len = (uint32_t)len, .socket = SOCKET_V4, .from = *from };

	outbox_reset(&s->out);
	if (s->victim.mesh != NULL)
		mesh_from_net(s->victim.mesh, s->now, &pk, 1, &s->out);
	else
		beacon_from_net(s->victim.beacon, s->now, &pk, 1, &s->out);
}

static void
remember(struct scene *s, const uint8_t *p, size_t len)
{
	ASSERT(s->seen_count < SEEN_MAX && len <= PACKET_MAX);
	s->seen[s->seen_count].len = len;
	memcpy(s->seen[s->seen_count++].bytes, p, len);
}

/* Gives the victim's datagrams to the member; returns how many PONGs were among them. */
static int
member_reads(struct scene *s)
{
	int pongs = 0;

	for (uint32_t i = 0; i < s->out.count; i++) {
		struct effect *e = &s->out.effects[i];
		struct channel_opened o;

		if (e->kind != EFFECT_TO_NET || !addr_equal(&e->to, &s->home))
			continue;
		if (s->seen_count < SEEN_MAX)
			remember(s, e->data, e->len);
		if (le32(e->data) == OUTER_RESPONSE)
			ASSERT_EQ(channel_response(s->channel, s->now, e->data), 0);
		if (le32(e->data) == OUTER_DATA &&
		    channel_open(s->channel, s->now, e->data, e->len, &o) == 0 &&
		    frame_is(o.p, o.len) && o.p[1] == FRAME_PONG)
			pongs++;
	}
	return pongs;
}

static void
member_calls(struct scene *s)
{
	uint8_t timestamp[NOISE_TIMESTAMP], plain[PRESENT_PLAIN_MAX], msg[PRESENT_MAX + 128];
	struct presentation p = { .cert = { s->member.bytes, (uint16_t)s->member.len } };
	const uint8_t *made;
	int len;

	noise_clock_next(&s->clock, timestamp, s->now.wall);
	len = presentation_encode(plain, sizeof(plain), &p);
	ASSERT(len > 0);
	len = channel_initiate(s->channel, s->now, 4711, timestamp, plain, (size_t)len, &made);
	ASSERT(len > 0);
	remember(s, made, (size_t)len);
	memcpy(msg + 64, made, (size_t)len);
	to_victim(s, &s->home, msg + 64, (size_t)len);
	member_reads(s);
	ASSERT(channel_ready(s->channel, s->now));
}

static int
member_says(struct scene *s, const uint8_t *frame, size_t len)
{
	uint8_t buf[PACKET_MAX];
	int n;

	memcpy(buf + PACKET_HEADROOM, frame, len);
	n = channel_seal(s->channel, s->now, buf + PACKET_HEADROOM, len);
	ASSERT(n > 0);
	if (s->seen_count < SEEN_MAX)
		remember(s, buf + PACKET_HEADROOM - DATA_HEADER, (size_t)n);
	to_victim(s, &s->home, buf + PACKET_HEADROOM - DATA_HEADER, (size_t)n);
	return member_reads(s);
}

static int
member_pings(struct scene *s)
{
	struct ping ping = { .txid = test_rand(), .time_us = s->now.mono };
	uint8_t frame[PING_LEN];

	ASSERT_EQ(ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN), PING_LEN);
	return member_says(s, frame, PING_LEN);
}

static void
member_greets(struct scene *s)
{
	struct hello hello = {
		.proto_min = HELLO_PROTO,
		.proto_max = HELLO_PROTO,
		.unix_time = s->now.wall / USEC_PER_SEC,
		.max_inner = 1420,
	};
	uint8_t frame[FRAME_MAX];
	int len;

	memcpy(hello.fingerprint, s->member.cert.fingerprint, 32);
	len = hello_encode(frame, sizeof(frame), &hello);
	ASSERT(len > 0);
	member_says(s, frame, (size_t)len);
}

static struct scene *
scene_open(bool lighthouse, unsigned load)
{
	struct scene *s = &scene;
	struct channel_config c = { .self = &s->member_self, .rng = &s->rng, .psk = PSK };
	struct authority other;

	memset(s, 0, sizeof(*s));
	s->rng = certs_rng();
	s->now = (struct instant){ .mono = MONO, .wall = CERTS_WALL };
	s->root = certs_root();
	other = certs_root();
	s->host = certs_host(&s->root, "here", "10.87.0.1", 10);
	s->host.cert.flags = lighthouse ? CERT_LIGHTHOUSE | CERT_RELAY : 0;
	certs_sign_host(&s->host, &s->root);
	s->member = certs_host(&s->root, "party2", "10.87.0.2", 11);
	s->stranger = certs_host(&other, "party3", "10.87.0.3", 12);
	ASSERT_EQ(noise_identity_init(&s->member_self, s->member.secret), 0);
	ASSERT_EQ(noise_identity_init(&s->stranger_self, s->stranger.secret), 0);
	ASSERT_EQ(outbox_init(&s->out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES), 0);
	ASSERT_EQ(addr_parse(&s->home, "198.51.100.7:7717", 0), 0);
	if (lighthouse)
		open_beacon(s, load);
	else
		open_mesh(s, load);
	memcpy(c.key, s->host.cert.key, 32);
	ASSERT_EQ(noise_remote_init(&s->victim.remote, &s->stranger_self, c.key), 0);
	s->channel = channel_new(&c);
	ASSERT(s->channel != NULL);
	member_calls(s);
	member_greets(s);
	ASSERT_EQ(member_pings(s), 1);
	return s;
}

static void
scene_close(struct scene *s)
{
	mesh_free(s->victim.mesh);
	beacon_free(s->victim.beacon);
	channel_free(s->channel);
	outbox_free(&s->out);
}

/* A PRESENT under a right key and a certificate that nobody here believes. */
static size_t
make_foreign(struct scene *s, uint8_t *to)
{
	uint8_t timestamp[NOISE_TIMESTAMP], plain[PRESENT_PLAIN_MAX], msg1[INITIATION_LEN];
	struct presentation p = { .cert = { s->stranger.bytes, (uint16_t)s->stranger.len } };
	uint8_t ephemeral[32];
	struct noise n;
	int len;

	test_fill(ephemeral, sizeof(ephemeral));
	noise_clock_next(&s->clock, timestamp, s->now.wall);
	ASSERT_EQ(noise_initiate(msg1, &n, &s->stranger_self, &s->victim.remote, 1, timestamp,
	    ephemeral, NULL), 0);
	len = presentation_encode(plain, sizeof(plain), &p);
	ASSERT(len > 0);
	return (size_t)noise_present(to, &n, msg1, plain, (size_t)len);
}

/* Whoever knows our public key can make mac1 right. */
static void
forge_mac1(const struct scene *s, uint8_t *p)
{
	uint8_t *msg1 = p + (le32(p) == OUTER_PRESENT ? PRESENT_INITIATION : 0);

	if (le32(p) == OUTER_PRESENT || le32(p) == OUTER_INITIATION)
		crypto_mac(msg1 + INITIATION_MAC1, s->victim.remote.mac1_key, 32, msg1,
		    INITIATION_MAC1);
}

static size_t
right_length(uint32_t type)
{
	switch (type) {
	case OUTER_INITIATION: return INITIATION_LEN;
	case OUTER_RESPONSE: return RESPONSE_LEN;
	case OUTER_COOKIE: return COOKIE_LEN;
	case OUTER_OPEN: return OPEN_LEN;
	case OUTER_PRESENT: return PRESENT_MIN + PRESENT_BLOCK * test_below(PRESENT_BLOCKS);
	default: return DATA_MIN + 16 * test_below(80);
	}
}

static size_t
make_packet(struct scene *s, uint8_t *to)
{
	static const uint32_t types[] = { 1, 2, 3, 4, 0x50, 0x51, 0x52 };
	const struct seen *seen = &s->seen[test_below(s->seen_count)];
	uint32_t type = types[test_below(ARRAY_LEN(types))];
	size_t len = right_length(type), dice = test_below(1000);

	if (dice < 200) {
		len = test_below(PACKET_MAX);
		test_fill(to, len);
		return len;
	}
	if (dice < 400) { /* the right shape */
		test_fill(to, len);
		put_le32(to, type);
		if (type == OUTER_PRESENT)
			put_le32(to + PRESENT_SEALED_LEN, (uint32_t)(len - PRESENT_SEALED));
		if (dice < 210)
			forge_mac1(s, to);
		return len;
	}
	if (dice < 402)
		return make_foreign(s, to);
	memcpy(to, seen->bytes, seen->len);
	if (dice < 600) /* as it was */
		return seen->len;
	if (dice < 700)
		return test_below(seen->len);
	to[test_below(seen->len)] ^= 1 << test_below(8);
	if (dice < 705)
		forge_mac1(s, to);
	return seen->len;
}

static void
stranger_sends(struct scene *s)
{
	static uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct addr from = s->home;
	size_t len = make_packet(s, buf + PACKET_HEADROOM);

	if (test_below(4))
		put_be32(from.ip, (uint32_t)(0x0b000000 + test_below(1 << 16)));
	s->now.mono += 20;
	s->now.wall += 20;
	s->in += len;
	to_victim(s, &from, buf + PACKET_HEADROOM, len);
	for (uint32_t i = 0; i < s->out.count; i++) {
		const struct effect *e = &s->out.effects[i];
		uint32_t type;

		ASSERT(e->kind == EFFECT_TO_NET || e->kind == EFFECT_TRACE);
		if (e->kind == EFFECT_TRACE)
			continue;
		type = le32(e->data);
		ASSERT(addr_equal(&e->to, &from));
		ASSERT((type == OUTER_RESPONSE && e->len == RESPONSE_LEN) ||
		    (type == OUTER_COOKIE && e->len == COOKIE_LEN));
		*(type == OUTER_COOKIE ? &s->cookies : &s->responses) += 1;
		s->out_bytes += e->len;
	}
}

static void
a_million(bool lighthouse, unsigned load)
{
	struct scene *s = scene_open(lighthouse, load);
	struct live before = { 0 };

	for (int i = 0; i < PACKETS; i++) {
		if (i == PACKETS / 50) /* what is made once was made */
			before = live();
		stranger_sends(s);
	}
	ASSERT_EQ(live().blocks, before.blocks);
	ASSERT_EQ(live().bytes, before.bytes);
	ASSERT(s->responses <= CHANNEL_COPIES_MAX);
	ASSERT(s->out_bytes * 10 <= s->in * 7);
	ASSERT_EQ(s->cookies > 0, load < 1000);
	ASSERT_EQ(member_pings(s), 1);
	scene_close(s);
}

TEST(strangers_leave_a_node_as_it_was)
{
	a_million(false, 1000000);
}

TEST(strangers_leave_a_lighthouse_as_it_was)
{
	a_million(true, 1000000);
}

TEST(strangers_hear_of_cookies_under_load)
{
	a_million(false, 50);
	a_million(true, 50);
}
