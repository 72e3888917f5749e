/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_nat.c - the simulator's NAT against the definitions of RFC 4787.
 */
#include "tests/unit/test.h"
/* The model belongs to the simulator; it is pure, so it is simply part of this program. */
#include "tests/sim/nat.c"

#define SEC USEC_PER_SEC

static struct rng_stream stream;

static struct addr
at(const char *text)
{
	struct addr a;

	ASSERT_EQ(addr_parse(&a, text, 0), 0);
	return a;
}

static struct nat_behaviour
usual(void)
{
	return (struct nat_behaviour){
		.ports = NAT_PORTS_RANDOM,
		.refresh = NAT_REFRESH_OUT | NAT_REFRESH_IN,
		.one_way = 30 * SEC,
		.two_way = 120 * SEC,
	};
}

static struct translator
nat_of(struct nat_behaviour is)
{
	struct translator n;

	rng_stream_init(&stream, test_rand());
	nat_init(&n, &is, at("198.18.0.1:1"), rng_stream_source(&stream));
	return n;
}

/* The outside port of a packet that is sent now. */
static uint16_t
send_out(struct translator *n, usec_t now, const char *from, const char *to)
{
	struct addr src = at(from), dst = at(to);

	ASSERT_EQ(nat_from_inside(n, now, &src, &dst), NAT_TO_OUTSIDE);
	ASSERT(addr_same_ip(&src, &n->outside));
	return src.port;
}

/* Does a packet to the outside port come in, and then to `inside`? */
static bool
comes_in(struct translator *n, usec_t now, const char *from, uint16_t port, const char *inside)
{
	struct addr src = at(from), dst = n->outside, want = at(inside);

	dst.port = port;
	if (nat_from_outside(n, now, &src, &dst) != NAT_TO_INSIDE)
		return false;
	ASSERT(addr_equal(&dst, &want));
	return true;
}

#define HOST  "192.168.1.2:7717"
#define OTHER "192.168.1.3:7717"
#define X1Y1  "203.0.113.1:1001"
#define X1Y2  "203.0.113.1:1002"
#define X2Y2  "203.0.113.2:1002"

/* Section 4.1: what of X:x is the same when it is sent to X1:y1, X1:y2 and X2:y2. */
TEST(a_mapping_is_reused_as_far_as_its_key_says)
{
	static const struct {
		enum nat_depends mapping;
		bool same_address, other_address;
	} rows[] = {
		{ NAT_ENDPOINT_INDEPENDENT, true, true },
		{ NAT_ADDRESS_DEPENDENT, true, false },
		{ NAT_ADDRESS_PORT_DEPENDENT, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nat_behaviour is = usual();
		struct translator n;
		uint16_t a, b, c;

		is.mapping = rows[i].mapping;
		n = nat_of(is);
		a = send_out(&n, SEC, HOST, X1Y1);
		b = send_out(&n, SEC, HOST, X1Y2);
		c = send_out(&n, SEC, HOST, X2Y2);
		ASSERT_EQ(a == b, rows[i].same_address);
		ASSERT_EQ(a == c, rows[i].other_address);
		ASSERT_EQ(send_out(&n, 2 * SEC, HOST, X1Y1), a);
		ASSERT(send_out(&n, 2 * SEC, OTHER, X1Y1) != a);
		nat_free(&n);
	}
}

/* Section 5: after X:x has sent to X1:y1, who may send to its mapping. */
TEST(a_filter_lets_in_as_far_as_its_key_says)
{
	static const struct {
		enum nat_depends filtering;
		bool same_address, other_address;
	} rows[] = {
		{ NAT_ENDPOINT_INDEPENDENT, true, true },
		{ NAT_ADDRESS_DEPENDENT, true, false },
		{ NAT_ADDRESS_PORT_DEPENDENT, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nat_behaviour is = usual();
		struct translator n;
		uint16_t port;

		is.filtering = rows[i].filtering;
		n = nat_of(is);
		port = send_out(&n, SEC, HOST, X1Y1);
		ASSERT(comes_in(&n, SEC, X1Y1, port, HOST));
		ASSERT_EQ(comes_in(&n, SEC, X1Y2, port, HOST), rows[i].same_address);
		ASSERT_EQ(comes_in(&n, SEC, X2Y2, port, HOST), rows[i].other_address);
		ASSERT(!comes_in(&n, SEC, X1Y1, port ^ 1, HOST));
		nat_free(&n);
	}
}

/* Every pair of mapping and filtering against a list of what was sent, too simple to be wrong. */
TEST(random_traffic_agrees_with_a_list_of_everything_sent)
{
	static const char *const remotes[] = { X1Y1, X1Y2, X2Y2, "203.0.113.2:1001" };
	static const char *const hosts[] = { HOST, OTHER, "192.168.1.2:7718" };

	for (int kind = 0; kind < 9; kind++) {
		struct {
			size_t host, remote;
			uint16_t port;
		} sent[200];
		struct nat_behaviour is = usual();
		struct translator n;
		size_t count = 0;

		is.mapping = (enum nat_depends)(kind / 3);
		is.filtering = (enum nat_depends)(kind % 3);
		n = nat_of(is);
		while (count < ARRAY_LEN(sent)) {
			size_t h = test_below(3), r = test_below(4), from = test_below(4);
			uint16_t port = send_out(&n, SEC, hosts[h], remotes[r]);
			bool may = false;

			sent[count].host = h;
			sent[count].remote = r;
			sent[count++].port = port;
			for (size_t i = 0; i < count; i++) {
				struct addr a = at(remotes[sent[i].remote]), b = at(remotes[from]);

				if (sent[i].port != port)
					continue;
				ASSERT_EQ(sent[i].host, h);
				may |= is.filtering == NAT_ENDPOINT_INDEPENDENT ||
				       (is.filtering == NAT_ADDRESS_DEPENDENT &&
					   addr_same_ip(&a, &b)) ||
				       addr_equal(&a, &b);
			}
			ASSERT_EQ(comes_in(&n, SEC, remotes[from], port, hosts[h]), may);
		}
		nat_free(&n);
	}
}

TEST(ports_are_chosen_as_the_behaviour_says)
{
	struct nat_behaviour is = usual();
	struct translator n;
	uint16_t a, b;

	is.ports = NAT_PORTS_KEEP;
	n = nat_of(is);
	ASSERT_EQ(send_out(&n, SEC, HOST, X1Y1), 7717);
	ASSERT(send_out(&n, SEC, OTHER, X1Y1) != 7717);
	nat_free(&n);

	is.mapping = NAT_ADDRESS_PORT_DEPENDENT;
	is.ports = NAT_PORTS_FIRST_KEEPS;
	n = nat_of(is);
	ASSERT_EQ(send_out(&n, SEC, HOST, X1Y1), 7717);
	ASSERT(send_out(&n, SEC, HOST, X1Y2) != 7717);
	nat_free(&n);

	is.ports = NAT_PORTS_STEP;
	is.step = -3;
	n = nat_of(is);
	a = send_out(&n, SEC, HOST, X1Y1);
	ASSERT_EQ(send_out(&n, SEC, HOST, X1Y2), a - 3);
	ASSERT_EQ(send_out(&n, SEC, HOST, X2Y2), a - 6);
	nat_free(&n);

	is.step = 1;
	is.noise = 20;
	n = nat_of(is);
	a = send_out(&n, SEC, HOST, X1Y1);
	b = send_out(&n, 2 * SEC, HOST, X1Y2);
	ASSERT(b - a == 21 || b - a == 22);
	nat_free(&n);

	is.ports = NAT_PORTS_BLOCK;
	is.block = 512;
	n = nat_of(is);
	a = send_out(&n, SEC, HOST, X1Y1);
	b = send_out(&n, SEC, HOST, X1Y2);
	ASSERT(a != b);
	ASSERT_EQ(a / 512, b / 512);
	nat_free(&n);
}

/* Section 4.3: how long a session lives, and what puts its end off. */
TEST(a_session_ends_when_its_time_is_over)
{
	struct nat_behaviour is = usual();
	struct translator n;
	uint16_t port;

	is.settled = 2 * SEC;
	n = nat_of(is);
	port = send_out(&n, 1 * SEC, HOST, X1Y1);
	ASSERT(comes_in(&n, 30 * SEC, X1Y1, port, HOST)); /* answered: 120 s */
	ASSERT(comes_in(&n, 149 * SEC, X1Y1, port, HOST));
	ASSERT(!comes_in(&n, 270 * SEC, X1Y1, port, HOST));
	ASSERT(send_out(&n, 270 * SEC, HOST, X1Y1) != port);
	nat_free(&n);

	n = nat_of(is);
	port = send_out(&n, 1 * SEC, HOST, X1Y1);
	ASSERT(comes_in(&n, 2 * SEC, X1Y1, port, HOST)); /* too early to count as a stream */
	ASSERT(!comes_in(&n, 33 * SEC, X1Y1, port, HOST));
	nat_free(&n);

	is.settled = 0;
	is.refresh = NAT_REFRESH_OUT;
	n = nat_of(is);
	port = send_out(&n, 1 * SEC, HOST, X1Y1);
	ASSERT(comes_in(&n, 30 * SEC, X1Y1, port, HOST));
	ASSERT(!comes_in(&n, 31 * SEC, X1Y1, port, HOST)); /* inbound did not put it off */
	nat_free(&n);
}

/* Section 6: a packet to our own outside address comes back, from the outside endpoint. */
TEST(hairpin_shows_the_outside_endpoint_of_the_sender)
{
	struct nat_behaviour is = usual();
	struct addr src = at(HOST), dst, want = at(OTHER);
	struct translator n;
	uint16_t port;

	is.hairpin = true;
	n = nat_of(is);
	port = send_out(&n, SEC, OTHER, X1Y1);
	dst = n.outside;
	dst.port = port;
	ASSERT_EQ(nat_from_inside(&n, SEC, &src, &dst), NAT_TO_INSIDE);
	ASSERT(addr_equal(&dst, &want));
	ASSERT(addr_same_ip(&src, &n.outside));
	nat_free(&n);

	is.hairpin = false;
	n = nat_of(is);
	src = at(HOST);
	dst = n.outside;
	dst.port = send_out(&n, SEC, OTHER, X1Y1);
	ASSERT_EQ(nat_from_inside(&n, SEC, &src, &dst), NAT_DROP);
	nat_free(&n);
}

TEST(a_firewall_changes_no_endpoint)
{
	struct nat_behaviour is = usual();
	struct addr src, dst, host = at("[2001:db8::2]:7717"), peer = at("[2001:db8:1::1]:9");
	struct translator n;

	is.ports = NAT_PORTS_SAME;
	is.filtering = NAT_ADDRESS_PORT_DEPENDENT;
	n = nat_of(is);
	dst = host;
	ASSERT_EQ(nat_from_outside(&n, SEC, &peer, &dst), NAT_DROP);
	src = host, dst = peer;
	ASSERT_EQ(nat_from_inside(&n, SEC, &src, &dst), NAT_TO_OUTSIDE);
	ASSERT(addr_equal(&src, &host));
	dst = host;
	ASSERT_EQ(nat_from_outside(&n, SEC, &peer, &dst), NAT_TO_INSIDE);
	ASSERT(addr_equal(&dst, &host));
	nat_free(&n);
}

TEST(a_stranger_who_comes_first_takes_the_tuple_of_an_open_router)
{
	struct nat_behaviour is = usual();
	struct translator n;

	is.ports = NAT_PORTS_KEEP;
	is.filtering = NAT_ADDRESS_PORT_DEPENDENT;
	for (int open = 0; open < 2; open++) {
		is.open = open;
		n = nat_of(is);
		ASSERT_EQ(send_out(&n, SEC, HOST, X2Y2), 7717);
		ASSERT(!comes_in(&n, SEC, X1Y1, 7717, HOST));
		ASSERT_EQ(send_out(&n, SEC, HOST, X1Y2), 7717);
		ASSERT_EQ(send_out(&n, SEC, HOST, X1Y1) == 7717, !open);
		nat_free(&n);
	}
}

TEST(a_reboot_and_a_new_address_end_every_session)
{
	struct translator n = nat_of(usual());
	uint16_t port = send_out(&n, SEC, HOST, X1Y1);

	nat_flush(&n);
	ASSERT(!comes_in(&n, SEC, X1Y1, port, HOST));
	port = send_out(&n, SEC, HOST, X1Y1);
	nat_readdress(&n, at("198.18.0.2:1"));
	ASSERT(!comes_in(&n, SEC, X1Y1, port, HOST));
	send_out(&n, SEC, HOST, X1Y1); /* which looks at the address */
	nat_free(&n);
}

TEST(a_full_table_drops_new_flows_and_keeps_the_old)
{
	struct nat_behaviour is = usual();
	struct addr src, dst = at(X1Y1);
	struct translator n;

	is.mapping = is.filtering = NAT_ADDRESS_PORT_DEPENDENT;
	is.ports = NAT_PORTS_STEP;
	is.step = 1;
	n = nat_of(is);
	for (uint32_t i = 0; i < NAT_SESSIONS; i++) {
		src = at(HOST);
		dst.port = (uint16_t)(1 + i);

		ASSERT_EQ(nat_from_inside(&n, SEC, &src, &dst), NAT_TO_OUTSIDE);
	}
	src = at(OTHER);
	ASSERT_EQ(nat_from_inside(&n, SEC, &src, &dst), NAT_DROP);
	src = at(HOST);
	dst.port = 1;
	ASSERT_EQ(nat_from_inside(&n, SEC, &src, &dst), NAT_TO_OUTSIDE);
	ASSERT_EQ(nat_alive(&n, SEC), NAT_SESSIONS);
	nat_free(&n);
}

TEST(nothing_passes_where_udp_is_blocked)
{
	struct nat_behaviour is = usual();
	struct addr src = at(HOST), dst = at(X1Y1);
	struct translator n;

	is.udp_blocked = true;
	n = nat_of(is);
	ASSERT_EQ(nat_from_inside(&n, SEC, &src, &dst), NAT_DROP);
	dst = n.outside;
	ASSERT_EQ(nat_from_outside(&n, SEC, &src, &dst), NAT_DROP);
	nat_free(&n);
}

static uint16_t
ask_for(struct translator *n, usec_t now, const char *inside, usec_t lifetime)
{
	struct addr a = at(inside);

	return nat_map(n, now, &a, lifetime);
}

TEST(strangers_come_in_by_a_port_that_was_asked_for)
{
	struct nat_behaviour is = usual();
	struct addr src, dst = at(X1Y1);
	struct translator n;
	uint16_t port;

	is.mapping = is.filtering = NAT_ADDRESS_PORT_DEPENDENT;
	n = nat_of(is);
	ASSERT_EQ(ask_for(&n, SEC, HOST, 60 * SEC), 0);
	nat_free(&n);

	is.maps = true;
	n = nat_of(is);
	port = ask_for(&n, SEC, HOST, 60 * SEC);
	ASSERT_EQ(port, 7717);
	ASSERT(ask_for(&n, SEC, OTHER, 60 * SEC) != port);
	ASSERT_EQ(ask_for(&n, 2 * SEC, HOST, 60 * SEC), port);
	ASSERT(comes_in(&n, 2 * SEC, X1Y1, port, HOST));
	/* What answers it goes the same way, and what does not answer goes its own. */
	src = at(HOST);
	ASSERT_EQ(nat_from_inside(&n, 2 * SEC, &src, &dst), NAT_TO_OUTSIDE);
	ASSERT_EQ(src.port, port);
	ASSERT(send_out(&n, 2 * SEC, HOST, X2Y2) != port);
	/* Whom inside has called already is known there by another port. */
	src = at(X2Y2);
	dst = n.outside;
	dst.port = port;
	ASSERT_EQ(nat_from_outside(&n, 2 * SEC, &src, &dst), NAT_TO_INSIDE);
	ASSERT(src.port != at(X2Y2).port);
	ASSERT_EQ(nat_from_inside(&n, 2 * SEC, &dst, &src), NAT_TO_OUTSIDE);
	ASSERT_EQ(dst.port, port);
	ASSERT_EQ(src.port, at(X2Y2).port);
	/* Until it is given back, or its time is over. */
	ASSERT(!comes_in(&n, 90 * SEC, X1Y2, port, HOST));
	ASSERT_EQ(ask_for(&n, 500 * SEC, HOST, 60 * SEC), 7717);
	ask_for(&n, 501 * SEC, HOST, 0);
	ASSERT(!comes_in(&n, 501 * SEC, X1Y2, 7717, HOST));
	nat_free(&n);
}

TEST(no_more_ports_are_given_than_there_is_room_for)
{
	struct nat_behaviour is = usual();
	struct translator n;
	struct addr a = at(HOST);

	is.maps = true;
	n = nat_of(is);
	for (unsigned i = 0; i < NAT_MAPPED; i++, a.port++)
		ASSERT_EQ(nat_map(&n, SEC, &a, SEC), a.port);
	ASSERT_EQ(nat_map(&n, SEC, &a, SEC), 0);
	ASSERT_EQ(nat_map(&n, 3 * SEC, &a, SEC), a.port);
	nat_free(&n);
}
