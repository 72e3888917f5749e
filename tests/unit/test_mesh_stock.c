/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_stock.c - a node and a WireGuard that knows nothing of meshes.
 */
#include "tests/unit/meshes.h"

/* The stock peer: a channel, and what came to it. */
static struct {
	struct noise_identity self;
	struct noise_clock clock;
	struct channel *channel;
	uint32_t next_index;
	unsigned frames; /* control frames, which it cannot read */
	unsigned echoes; /* answers to its requests */
} phone;

static struct house *node, *home;

static void
phone_seal(const uint8_t *p, size_t len)
{
	uint8_t buf[DATA_HEADER + PACKET_MAX + PACKET_TAILROOM];
	int n;

	memcpy(buf + DATA_HEADER, p, len);
	n = channel_seal(phone.channel, town.now, buf + DATA_HEADER, len);
	if (n > 0)
		town_send(&home->at, &node->at, buf, (size_t)n);
}

static void
phone_tick(void)
{
	uint8_t timestamp[NOISE_TIMESTAMP];
	unsigned due = channel_tick(phone.channel, town.now);
	const uint8_t *msg;
	int n;

	if (due & CHANNEL_INITIATE) {
		(void)noise_clock_next(&phone.clock, timestamp, town.now.wall);
		n = channel_initiate(
		    phone.channel, town.now, ++phone.next_index, timestamp, NULL, 0, &msg);
		ASSERT_EQ(n, INITIATION_LEN);
		town_send(&home->at, &node->at, msg, (size_t)n);
	}
	if (due & CHANNEL_KEEPALIVE)
		phone_seal((const uint8_t *)"", 0);
	while (channel_retired(phone.channel) != 0)
		;
}

/* The node calls. */
static void
phone_called(const uint8_t *msg)
{
	uint8_t timestamp[NOISE_TIMESTAMP], response[RESPONSE_LEN], hash[16] = { 1 };
	struct noise n;

	ASSERT_EQ(noise_read_static(&n, &phone.self, msg), 0);
	ASSERT_EQ(noise_read_timestamp(timestamp, &n, &phone.self, msg), 0);
	ASSERT_EQ(channel_accept(phone.channel, town.now, ++phone.next_index, &n, hash, response),
	    0);
	town_send(&home->at, &node->at, response, sizeof(response));
}

static void
phone_opened(const struct channel_opened *o)
{
	struct inner in;

	phone.frames += frame_is(o->p, o->len);
	if (o->len == 0 || inner_parse(&in, o->p, o->len) < 0)
		return;
	phone.echoes += in.icmp == ICMP_ECHO_REPLY;
	if (in.icmp != ICMP_ECHO)
		return;
	icmp_echo_turn(o->p, &in);
	phone_seal(o->p, in.len);
}

static void
phone_receive(const struct addr *from, uint8_t *p, size_t len)
{
	struct channel_opened o;

	(void)from;
	switch (outer_check(p, len)) {
	case OUTER_INITIATION: phone_called(p); break;
	case OUTER_RESPONSE: ASSERT_EQ(channel_response(phone.channel, town.now, p), 0); break;
	case OUTER_DATA:
		if (channel_open(phone.channel, town.now, p, len, &o) == 0)
			phone_opened(&o);
		break;
	default: ASSERT(false);
	}
	phone_tick();
}

/* An echo request to the node; phone.echoes tells. */
static void
phone_ping(void)
{
	uint8_t p[ICMP_ECHO_OVERHEAD + 32];
	size_t n = icmp_echo_make(p, house_ip(home), house_ip(node), 1, 1, 32);

	channel_want(phone.channel, town.now.mono);
	phone_tick();
	town_run(3 * HOP);
	phone_seal(p, n);
	town_run(3 * HOP);
}

/* A node that was told of the phone, and where it is called if `called`. */
static void
begin(bool called)
{
	struct channel_config c = { .self = &phone.self, .rng = &town.rng, .stock = true };
	struct err e;

	town_open();
	channel_free(phone.channel);
	memset(&phone, 0, sizeof(phone));
	node = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	home = town_house("phone", "10.87.0.9", "198.51.100.9", CERT_STOCK);
	home->receive = phone_receive;
	ASSERT_EQ(noise_identity_init(&phone.self, home->host.secret), 0);
	memcpy(c.key, node->host.cert.key, sizeof(c.key));
	phone.channel = channel_new(&c);
	house_on(node);
	ASSERT_EQ(mesh_add_member(node->mesh, town.now, home->host.bytes, home->host.len, NULL, 0,
		      &town.out, &e),
	    0);
	if (called)
		ASSERT_EQ(mesh_add_endpoint(node->mesh, town.now, "phone", &home->at, &town.out),
		    0);
	town_settle(node);
}

static void
end(void)
{
	ASSERT_EQ(phone.frames, 0);
	town_close();
}

TEST(a_stock_peer_is_called_at_its_endpoint_and_calls)
{
	begin(true);
	ASSERT(house_reaches(node, house_ip(home), 100 * USEC_PER_MS));
	end();
	begin(false);
	phone_ping();
	ASSERT_EQ(phone.echoes, 1);
	ASSERT(house_reaches(node, house_ip(home), 100 * USEC_PER_MS));
	end();
}

TEST(a_stock_peer_is_answered_where_it_was_heard_last)
{
	begin(false);
	phone_ping();
	home->at = town_addr("203.0.113.77:4711");
	phone_ping();
	ASSERT_EQ(phone.echoes, 2);
	ASSERT(house_reaches(node, house_ip(home), 100 * USEC_PER_MS));
	home->at = town_addr("198.51.100.9");
	phone_ping();
	ASSERT_EQ(phone.echoes, 3);
	end();
}

TEST(a_stock_peer_that_was_silent_is_still_where_it_was)
{
	begin(false);
	phone_ping();
	town_run(100 * USEC_PER_SEC);
	ASSERT(house_reaches(node, house_ip(home), 100 * USEC_PER_MS));
	end();
}

TEST(a_stock_peer_costs_no_work_while_nobody_speaks)
{
	begin(true);
	ASSERT(house_reaches(node, house_ip(home), 100 * USEC_PER_MS));
	node->ticks = 0;
	town_run(60 * USEC_PER_SEC);
	ASSERT(node->ticks < 20);
	end();
}

TEST(a_stock_peer_is_not_the_one_that_makes_room)
{
	struct host other;
	struct member *m;
	struct verified v = { 0 };

	begin(true);
	ASSERT(house_reaches(node, house_ip(home), 100 * USEC_PER_MS));
	town_run(PEER_WARM + USEC_PER_SEC);
	node->mesh->peers_max = node->mesh->peer_count;
	other = certs_host(&town.root, "party3", "10.87.0.30", ++town.serial);
	v.cert = other.cert;
	v.valid_until = other.cert.not_after;
	ASSERT_EQ(members_learn(node->mesh->members, &v, other.bytes, other.len, CERTS_NOW, NULL,
		      &m, NULL),
	    LEARNED_NEW);
	ASSERT(roster_peer(node->mesh, town.now, m, &town.out) == NULL);
	ASSERT(house_reaches(node, house_ip(home), 100 * USEC_PER_MS));
	end();
}
