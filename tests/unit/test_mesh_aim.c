/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_aim.c - where a node aims because its peer asks for it, how much, and when it does not.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;

static struct addr victim;
static unsigned to_victim; /* datagrams */
static unsigned to_two;	   /* past the lighthouse, at whatever port */
static unsigned to_low_ports;

/* Between the two nothing passes but what goes by the lighthouse. */
static bool
apart(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)p;
	(void)len;
	to_victim += addr_same_ip(to, &victim);
	if (addr_equal(from, &one->at) && addr_same_ip(to, &two->at)) {
		to_two++;
		to_low_ports += to->port < 1024;
	}
	return addr_equal(from, &lh->at) || addr_equal(to, &lh->at);
}

/*
 * Two that reach each other by a relay, of which `one` takes itself to be behind a NAT that maps
 * independently of the endpoint, and can hide its packets.
 */
static void
begin(void)
{
	town_open();
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE | CERT_RELAY);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	two = town_house("party2", "10.87.0.3", "198.51.100.3", 0);
	victim = town_addr("203.0.113.1");
	town.pass = apart;
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(SEC);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_run(10 * SEC); /* bursts and measurements */
	one->mesh->nat = (struct nat){ .mapping = NAT_MAPPING_ENDPOINT,
		.filtering = NAT_FILTERING_PORT };
	one->mesh->netcheck.hops = 2;
	to_victim = to_two = to_low_ports = 0;
}

/* What `two` says, of itself at `at`. */
static void
say(uint32_t attempt, enum aim_step step, enum aim_technique technique, const struct addr *at,
    uint16_t ports)
{
	struct aim a = {
		.attempt = attempt,
		.step = (uint8_t)step,
		.technique = (uint8_t)technique,
		.stride = 1,
		.ports = ports,
		.at = { .kind = EP_REFLEXIVE, .addr = *at },
	};
	uint8_t frame[FRAME_MAX];

	house_say(two, one, frame, aim_encode(frame, sizeof(frame), &a));
}

static struct addr
port_of_two(uint16_t port)
{
	struct addr a = two->at;

	a.port = port;
	return a;
}

TEST(nobody_is_aimed_at_of_whom_only_a_frame_speaks)
{
	uint64_t before;

	begin();
	before = one->sent;
	for (uint32_t technique = AIM_SWEEP; technique <= AIM_LOUD; technique++) {
		say(technique, AIM_ASK, (enum aim_technique)technique, &victim, 64512);
		town_run(SEC);
		ASSERT(house_peer(one, two)->attempt == NULL);
	}
	ASSERT_EQ(to_victim, 0);
	ASSERT(one->sent - before < 100);
	town_close();
}

TEST(what_worked_before_does_not_wait_for_the_burst)
{
	struct instant *now = &town.now;
	struct peer *p;

	begin();
	p = house_peer(one, two);
	one->mesh->nat.flags = 0;
	one->mesh->nat.mapping = NAT_MAPPING_PORT;
	p->nat = (struct nat){ .mapping = NAT_MAPPING_ENDPOINT, .filtering = NAT_FILTERING_PORT };
	p->has_nat = true;
	p->used_at = now->mono;
	p->aimed = (struct aimed){ 0 };
	punch_begin(one->mesh, *now, p, 0, true);
	ASSERT_EQ(aim_plan(one->mesh, p).technique, AIM_BIRTHDAY);
	ASSERT(aim_due(one->mesh, *now, p) > now->mono);
	p->aimed.worked = AIM_BIRTHDAY;
	ASSERT_EQ(aim_due(one->mesh, *now, p), now->mono);
	p->aimed.birth_next = now->mono + SEC; /* and its limits hold */
	ASSERT_EQ(aim_due(one->mesh, *now, p), now->mono + SEC);
	aim_news(p); /* another network */
	ASSERT(aim_due(one->mesh, *now, p) > now->mono);
	town_close();
}

TEST(a_birthday_opens_as_many_ports_as_it_may_and_no_faster)
{
	struct addr at;

	begin();
	at = port_of_two(1024);
	say(1, AIM_ASK, AIM_BIRTHDAY, &at, 64512);
	town_run(SEC / 2);
	ASSERT(to_two > 400 && to_two <= AIM_SPRAY_RATE / 2 + 20);
	town_run(2 * SEC);
	ASSERT(to_two >= AIM_SPRAY && to_two <= AIM_SPRAY + 20);
	ASSERT_EQ(to_low_ports, 0);
	say(1, AIM_ASK, AIM_BIRTHDAY, &at, 64512); /* the same question */
	town_run(2 * SEC);
	ASSERT(to_two <= AIM_SPRAY + 20);
	town_close();
}

TEST(behind_a_carrier_fewer_ports_are_opened)
{
	struct addr at;

	begin();
	one->mesh->nat.flags |= NAT_CARRIER;
	at = port_of_two(1024);
	say(1, AIM_ASK, AIM_BIRTHDAY, &at, 64512);
	town_run(4 * SEC);
	ASSERT(to_two >= AIM_SPRAY_CARRIER && to_two <= AIM_SPRAY_CARRIER + 20);
	town_close();
}

TEST(who_asks_without_end_is_asked_to_wait)
{
	struct addr at;

	begin();
	at = port_of_two(1024);
	for (uint32_t i = 1; i <= 20; i++) {
		say(i, AIM_ASK, AIM_BIRTHDAY, &at, 64512);
		town_run(10 * SEC);
	}
	ASSERT(to_two >= AIM_SPRAY);
	ASSERT(to_two <= (AIM_PATIENCE + 1) * AIM_SPRAY + 300);
	town_close();
}

TEST(one_birthday_at_a_time)
{
	struct addr at;

	begin();
	one->mesh->birthday = house_peer(one, lh); /* of another peer */
	at = port_of_two(1024);
	say(1, AIM_ASK, AIM_BIRTHDAY, &at, 64512);
	town_run(SEC);
	ASSERT(house_peer(one, two)->attempt == NULL);
	ASSERT(to_two < 20);
	town_close();
}

TEST(ports_are_called_only_where_a_lighthouse_has_seen_the_peer)
{
	for (int seen = 0; seen < 2; seen++) {
		struct peer *p;

		begin();
		p = house_peer(one, two);
		two->mesh->nat = p->nat = (struct nat){ .mapping = NAT_MAPPING_ADDRESS,
			.filtering = NAT_FILTERING_ADDRESS };
		p->has_nat = true;
		one->mesh->nat.mapping = NAT_MAPPING_PORT;
		if (!seen)
			p->seen = (struct addr){ 0 };
		p->used_at = town.now.mono;
		p->punch_began = town.now.mono - SEC;
		p->aimed.next = 0;
		aim_forget(one->mesh, p);
		aim_forget(two->mesh, house_peer(two, one));
		house_peer(two, one)->aimed.next = town.now.mono + 100 * SEC;
		house_peer(two, one)->seen = one->at;
		upkeep_due(one->mesh, p, town.now.mono + 1);
		town_run(HOP);
		ASSERT(p->attempt != NULL && p->attempt->technique == AIM_LOUD);
		to_two = 0;
		town_run(2 * SEC);
		ASSERT(seen ? to_two > AIM_CALLS_RATE && to_two < 2 * AIM_CALLS_RATE + 30 : to_two < 20);
		town_close();
	}
}

/* `one` asks for a sweep with the number `attempt`, and nobody but us answers for `two`. */
static struct peer *
ask_for_sweep(uint32_t attempt)
{
	struct peer *p = house_peer(one, two), *back = house_peer(two, one);

	p->nat = (struct nat){ .mapping = NAT_MAPPING_PORT, .flags = NAT_SEQUENTIAL, .step = 1 };
	p->has_nat = true;
	aim_forget(one->mesh, p);
	aim_forget(two->mesh, back);
	back->aimed.next = town.now.mono + 100 * SEC;
	back->aimed.theirs = attempt;
	p->used_at = town.now.mono;
	p->punch_began = town.now.mono - SEC;
	p->aimed = (struct aimed){ .number = attempt - 1 };
	upkeep_due(one->mesh, p, town.now.mono + 1);
	town_run(HOP);
	return p;
}

TEST(sweeps_begin_at_once_and_go_on_at_their_pace)
{
	struct addr at;

	begin();
	at = port_of_two(5000);
	for (uint32_t attempt = 11; attempt <= 20; attempt++) {
		struct peer *p = ask_for_sweep(attempt);

		ASSERT(p->attempt != NULL && p->attempt->technique == AIM_SWEEP);
		say(attempt, AIM_READY, AIM_SWEEP, &at, PREDICT_SWEEP);
		town_run(SEC / 5 - HOP);
		if (attempt == 11)
			ASSERT(to_two >= PREDICT_SWEEP);
	}
	ASSERT(to_two > AIM_PACE && to_two <= AIM_AT_ONCE + 2 * AIM_PACE + 20);
	town_close();
}

TEST(nothing_is_sprayed_that_cannot_be_hidden_any_more)
{
	struct addr at;
	unsigned before;

	begin();
	at = port_of_two(1024);
	say(1, AIM_ASK, AIM_BIRTHDAY, &at, 64512);
	town_run(SEC / 4);
	ASSERT(to_two > 150);
	one->mesh->netcheck.hops = 0; /* the network has changed */
	before = to_two;
	town_run(SEC);
	ASSERT(to_two - before < 20);
	ASSERT(house_peer(one, two)->attempt == NULL);
	town_close();
}

TEST(a_frame_about_no_attempt_does_nothing)
{
	struct addr at;

	begin();
	at = port_of_two(5000);
	say(7, AIM_READY, AIM_SWEEP, &at, 32);
	say(8, AIM_READY, AIM_LOUD, &at, 64512);
	town_run(SEC);
	ASSERT(house_peer(one, two)->attempt == NULL);
	ASSERT(to_two < 20);
	town_close();
}

TEST(who_asks_for_sweeps_without_end_is_asked_to_wait)
{
	unsigned begun = 0;
	struct addr at;

	begin();
	at = port_of_two(5000);
	for (uint32_t i = 1; i <= 40; i++) {
		say(i, AIM_ASK, AIM_SWEEP, &at, 32);
		town_run(100 * USEC_PER_MS);
		begun += house_peer(one, two)->aimed.theirs == i;
	}
	ASSERT(begun >= 2 * AIM_SWEEP_TRIES);
	ASSERT(begun <= AIM_ASKS + 1);
	town_close();
}

TEST(who_says_again_and_again_that_its_nat_is_another_is_not_tried_each_time)
{
	struct candidates c = { 0 };
	uint8_t frame[FRAME_MAX];
	unsigned reset = 0;

	begin();
	for (uint32_t i = 1; i <= 40; i++) {
		struct aimed *d = &house_peer(one, two)->aimed;

		d->births = 9;
		c.seq = house_peer(one, two)->candidates_seq + 1;
		c.nat = (struct nat){ .mapping = NAT_MAPPING_PORT,
			.filtering = NAT_FILTERING_PORT, .step = (int8_t)(i % 2) };
		house_say(two, one, frame,
		    candidates_encode(frame, sizeof(frame), FRAME_CANDIDATES, &c));
		town_run(100 * USEC_PER_MS);
		reset += d->births != 9;
	}
	ASSERT(reset >= 1);
	ASSERT(reset <= AIM_NEWS + 1);
	town_close();
}
