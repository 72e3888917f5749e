/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_netcheck.c - measuring NATs that the simulator's sites do not have, and lighthouses that do
 * not help. One node, one NAT by the model of RFC 4787, two lighthouses; packets take a while.
 */
#include "node/netcheck.h"
#include "tests/unit/test.h"
/* The model belongs to the simulator; it is pure, so it is simply part of this program. */
#include "tests/sim/nat.c"

#define SEC       USEC_PER_SEC
#define MS        USEC_PER_MS
#define START     (1000 * SEC)
#define PORT_MAIN 7717
#define LETTERS   64

/* A datagram on its way to the node, behind the NAT already or not. */
struct mail {
	usec_t arrives; /* 0: free */
	uint64_t txid;  /* 0: a knock */
	struct addr from, to, seen;
};

static struct {
	struct rng_stream stream;
	struct rng rng;
	struct translator nat;
	struct netcheck_run run;
	struct netcheck_server servers[2];
	usec_t now;
	usec_t rtt;
	bool no_alt;  /* lighthouses could not open their second ports */
	bool dead[2];
	uint16_t ports[NETCHECK_SLOTS]; /* 0: closed */
	uint16_t next_port;
	struct mail letters[LETTERS];
	unsigned opened, closed;
	uint16_t block; /* of the node's, as the NAT has it */
	struct netcheck found;
	bool done;
} world;

static struct addr
at(const char *text, uint16_t port)
{
	struct addr a;

	ASSERT_EQ(addr_parse(&a, text, port), 0);
	return a;
}

static void
begin(struct nat_behaviour is)
{
	static const uint16_t main_port[2] = { PORT_MAIN, PORT_MAIN };

	memset(&world, 0, sizeof(world));
	rng_stream_init(&world.stream, test_rand());
	world.rng = rng_stream_source(&world.stream);
	is.refresh = NAT_REFRESH_IN | NAT_REFRESH_OUT;
	is.one_way = is.one_way != 0 ? is.one_way : 30 * SEC;
	is.two_way = 120 * SEC;
	nat_init(&world.nat, &is, at("198.18.4.1", 1), world.rng);
	world.servers[0] = (struct netcheck_server){ .id = 0, .v4 = at("198.18.0.1", PORT_MAIN) };
	world.servers[1] = (struct netcheck_server){ .id = 1, .v4 = at("198.18.0.2", PORT_MAIN) };
	world.now = START;
	world.rtt = 40 * MS;
	world.next_port = 40000;
	world.ports[SLOT_MAIN_V4] = PORT_MAIN;
	netcheck_begin(&world.run, world.now, world.servers, 2, main_port, &world.rng);
}

static void
post(usec_t arrives, uint64_t txid, struct addr from, struct addr to, struct addr seen)
{
	struct mail *l = world.letters;

	while (l->arrives != 0)
		ASSERT(++l < world.letters + LETTERS);
	*l = (struct mail){ arrives, txid, from, to, seen };
}

/* A lighthouse has the PING. */
static void
serve(unsigned server, const struct addr *src, const struct addr *dst, const struct netcheck_do *d)
{
	const struct ping *ping = &d->ping;
	struct addr from = *dst, to = *src;
	bool other = (ping->flags & PING_OTHER_PORT) != 0 && !world.no_alt;
	uint16_t first = world.servers[server].v4.port;

	ASSERT_EQ(d->server, server);
	if (world.dead[server] || (dst->port != first && world.no_alt))
		return;
	if (other)
		from.port = dst->port == first ? (uint16_t)(first + 1) : first;
	if (ping->observed.addr.family != FAMILY_NONE) {
		ASSERT(addr_same_ip(&ping->observed.addr, src));
		to.port = ping->observed.addr.port;
	}
	post(world.now + world.rtt + ping->delay_s * SEC, ping->txid, from, to, *src);
}

static void
send(const struct netcheck_do *d)
{
	struct addr src = at("192.168.1.2", world.ports[d->slot]), dst = d->to;
	enum nat_verdict v;

	ASSERT(src.port != 0);
	v = nat_from_inside(&world.nat, world.now, &src, &dst);
	if (v == NAT_TO_INSIDE)
		post(world.now + MS, 0, src, dst, src);
	if (v != NAT_TO_OUTSIDE || d->ttl != 0 || d->what != NETCHECK_ASK)
		return; /* an opener ends behind the NAT */
	for (unsigned i = 0; i < 2; i++)
		if (addr_same_ip(&dst, &world.servers[i].v4))
			serve(i, &src, &dst, d);
}

static void
act(const struct netcheck_do *d)
{
	switch (d->what) {
	case NETCHECK_OPEN:
		ASSERT_EQ(world.ports[d->slot], 0);
		world.ports[d->slot] = world.next_port++;
		world.opened++;
		break;
	case NETCHECK_CLOSE:
		ASSERT(world.ports[d->slot] != 0);
		world.ports[d->slot] = 0;
		world.closed++;
		break;
	case NETCHECK_ASK:
	case NETCHECK_KNOCK: send(d); break;
	case NETCHECK_DONE:
	case NETCHECK_NEWS:
		world.done |= d->what == NETCHECK_DONE;
		world.found = world.run.found;
		break;
	case NETCHECK_LIFE: world.found.life = world.run.life; break;
	}
}

static void
deliver(struct mail *l)
{
	struct netcheck_answer a = { .txid = l->txid, .seen = l->seen, .slot = NETCHECK_SLOTS };
	bool inside = l->txid == 0;

	l->arrives = 0;
	a.from = l->from;
	if (!inside && nat_from_outside(&world.nat, world.now, &l->from, &l->to) != NAT_TO_INSIDE)
		return;
	for (unsigned slot = 0; slot < NETCHECK_SLOTS; slot++)
		if (world.ports[slot] == l->to.port)
			a.slot = slot;
	if (a.slot == NETCHECK_SLOTS)
		return;
	a.local_port = world.ports[a.slot];
	if (inside)
		(void)netcheck_knocked(&world.run, world.run.knock);
	else
		(void)netcheck_heard(&world.run, world.now, &a);
}

/* Lets time pass until `end`. */
static void
run(usec_t end)
{
	struct netcheck_do d;

	for (;;) {
		usec_t due = netcheck_due(&world.run);

		for (unsigned i = 0; i < LETTERS; i++)
			due = due_min(due, world.letters[i].arrives);
		if (due == 0 || due > end)
			break;
		world.now = max_u64(world.now, due);
		for (unsigned i = 0; i < LETTERS; i++)
			if (due_reached(world.letters[i].arrives, world.now))
				deliver(&world.letters[i]);
		while (netcheck_next(&world.run, world.now, &d))
			act(&d);
	}
	world.now = end;
}

/* What a whole run finds. */
static const struct netcheck *
measured(struct nat_behaviour is)
{
	begin(is);
	run(START + 20 * SEC);
	ASSERT(world.done);
	ASSERT(!netcheck_runs(&world.run));
	ASSERT_EQ(world.opened, world.closed);
	ASSERT_EQ(netcheck_due(&world.run), 0);
	world.block = world.nat.blocks[0].base;
	nat_free(&world.nat);
	return &world.found;
}

TEST(a_nat_whose_first_flows_keep_their_ports_is_told_from_one_in_sequence)
{
	const struct netcheck *n = measured((struct nat_behaviour){
	    .mapping = NAT_ADDRESS_PORT_DEPENDENT,
	    .filtering = NAT_ADDRESS_PORT_DEPENDENT,
	    .ports = NAT_PORTS_FIRST_KEEPS,
	});

	ASSERT_EQ(n->nat.mapping, NAT_MAPPING_PORT);
	ASSERT_EQ(n->nat.flags, NAT_FIRST_KEEPS);
	ASSERT_EQ(n->hops, 0);
}

TEST(a_step_is_found_in_either_direction_and_through_the_noise_of_others)
{
	static const struct {
		int step;
		unsigned noise;
	} t[] = { { 1, 0 }, { 2, 20 }, { -1, 0 }, { -4, 50 }, { 16, 0 }, { 1, 100 } };

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct nat_behaviour is = {
			.mapping = NAT_ADDRESS_PORT_DEPENDENT,
			.filtering = NAT_ADDRESS_PORT_DEPENDENT,
			.ports = NAT_PORTS_STEP,
			.step = t[i].step,
			.noise = t[i].noise,
		};
		const struct netcheck *n = measured(is);

		ASSERT_EQ(n->nat.flags, NAT_SEQUENTIAL);
		/* The step may be a multiple when others have used all the ports between. */
		ASSERT_EQ(n->nat.step % t[i].step, 0);
		ASSERT((n->nat.step > 0) == (t[i].step > 0));
	}
}

TEST(the_block_of_a_carrier_is_found)
{
	for (unsigned block = 512; block <= 4096; block *= 2) {
		const struct netcheck *n = measured((struct nat_behaviour){
		    .mapping = NAT_ADDRESS_PORT_DEPENDENT,
		    .filtering = NAT_ADDRESS_PORT_DEPENDENT,
		    .ports = NAT_PORTS_BLOCK,
		    .block = block,
		});

		ASSERT_EQ(n->nat.flags, NAT_BLOCK);
		ASSERT(1u << n->nat.step <= block);
		ASSERT_EQ(n->nat.base_port / block * block, world.block);
	}
}

TEST(sockets_of_an_address_dependent_nat_have_a_sequence_too)
{
	const struct netcheck *n = measured((struct nat_behaviour){
	    .mapping = NAT_ADDRESS_DEPENDENT,
	    .filtering = NAT_ADDRESS_DEPENDENT,
	    .ports = NAT_PORTS_STEP,
	    .step = 1,
	});

	ASSERT_EQ(n->nat.mapping, NAT_MAPPING_ADDRESS);
	ASSERT_EQ(n->nat.filtering, NAT_FILTERING_ADDRESS);
	ASSERT_EQ(n->nat.flags, NAT_SEQUENTIAL);
}

static struct nat_behaviour
home(void)
{
	return (struct nat_behaviour){
		.filtering = NAT_ADDRESS_PORT_DEPENDENT,
		.ports = NAT_PORTS_KEEP,
	};
}

TEST(a_lighthouse_without_a_second_port_is_not_taken_for_an_open_filter)
{
	begin(home());
	world.no_alt = true;
	run(START + 20 * SEC);
	ASSERT(world.done);
	ASSERT_EQ(world.found.nat.mapping, NAT_MAPPING_ENDPOINT);
	ASSERT_EQ(world.found.nat.filtering, NAT_FILTERING_UNKNOWN);
	ASSERT_EQ(world.found.hops, 0);
	nat_free(&world.nat);
}

/* All is found out although one of two lighthouses is dead. */
static void
expect_one_is_enough(unsigned dead)
{
	begin(home());
	world.dead[dead] = true;
	run(START + 20 * SEC);
	ASSERT(world.done);
	ASSERT_EQ(world.found.lighthouses, 1);
	ASSERT_EQ(world.found.nat.mapping, NAT_MAPPING_ENDPOINT);
	ASSERT_EQ(world.found.nat.filtering, NAT_FILTERING_PORT);
	nat_free(&world.nat);
}

TEST(a_lighthouse_that_dies_counts_for_nothing)
{
	expect_one_is_enough(1);
}

TEST(the_first_lighthouse_may_die_as_well)
{
	expect_one_is_enough(0);
}

TEST(nobody_who_answers_means_no_udp)
{
	begin(home());
	world.dead[0] = world.dead[1] = true;
	run(START + 20 * SEC);
	ASSERT(world.done);
	ASSERT_EQ(world.found.udp, FACT_NO);
	ASSERT_EQ(world.found.nat.mapping, NAT_MAPPING_UNKNOWN);
	ASSERT_EQ(world.opened, 0);
	nat_free(&world.nat);
}

TEST(over_a_satellite_the_same_is_found)
{
	begin(home());
	world.rtt = world.run.rtt = 700 * MS;
	run(START + 40 * SEC);
	ASSERT(world.done);
	ASSERT_EQ(world.found.nat.mapping, NAT_MAPPING_ENDPOINT);
	ASSERT_EQ(world.found.nat.filtering, NAT_FILTERING_PORT);
	ASSERT_EQ(world.found.hops, 2);
	nat_free(&world.nat);
}

TEST(a_mapping_lives_as_long_as_the_last_answer_that_came)
{
	static const struct {
		unsigned life; /* seconds */
		uint8_t lives, below;
		unsigned keepalive; /* ms */
	} t[] = {
		{ 5, 0, 9, 8000 },
		{ 10, 9, 14, 8000 },
		{ 15, 14, 19, 11200 },
		{ 30, 28, 58, 22400 },
		{ 60, 58, 118, 25000 },
		{ 300, 118, 0, 25000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct nat_behaviour is = home();

		is.one_way = t[i].life * SEC;
		begin(is);
		run(START + 20 * SEC);
		netcheck_begin_life(&world.run, world.now, &world.rng);
		run(world.now + 125 * SEC);
		ASSERT(world.found.life.known);
		ASSERT_EQ(world.found.life.s, t[i].lives);
		ASSERT_EQ(world.found.life.below_s, t[i].below);
		ASSERT_EQ(netcheck_keepalive(&world.found), t[i].keepalive * MS);
		ASSERT_EQ(world.opened, world.closed);
		nat_free(&world.nat);
	}
}

TEST(what_is_given_up_leaves_no_socket_behind)
{
	for (usec_t when = 0; when < 6 * SEC; when += 137 * MS) {
		begin(home());
		netcheck_begin_life(&world.run, world.now, &world.rng);
		run(START + when);
		netcheck_stop(&world.run);
		run(START + 20 * SEC);
		ASSERT_EQ(world.opened, world.closed);
		ASSERT_EQ(netcheck_due(&world.run), 0);
		ASSERT(!netcheck_runs(&world.run));
		nat_free(&world.nat);
	}
}
