/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_relay.c - nodes that relay for others, and those that do not.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *r1, *r2, *one, *two;

/* Pairs between which nothing passes directly. */
static struct apart {
	struct house **a;
	struct house **b;
} aparts[4];

static unsigned asked; /* datagrams of the first node to the first relay */

static bool
is_between(const struct addr *from, const struct addr *to, const struct house *a,
    const struct house *b)
{
	return (addr_equal(from, &a->at) && addr_equal(to, &b->at)) ||
	    (addr_equal(from, &b->at) && addr_equal(to, &a->at));
}

static bool
pass(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)p;
	(void)len;
	asked += addr_equal(from, &one->at) && addr_equal(to, &r1->at);
	for (size_t i = 0; i < ARRAY_LEN(aparts); i++) {
		if (aparts[i].a != NULL && is_between(from, to, *aparts[i].a, *aparts[i].b))
			return false;
	}
	return true;
}

/* A lighthouse that relays nothing, two nodes with `flags`, and two others; who is apart is set. */
static void
begin(uint32_t flags)
{
	town_open();
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE);
	r1 = town_house("relay1", "10.87.0.11", "198.51.100.11", flags);
	r2 = town_house("relay2", "10.87.0.12", "198.51.100.12", flags);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	two = town_house("party2", "10.87.0.3", "198.51.100.3", 0);
	town.pass = pass;
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(3 * SEC);
}

static void
set_apart(const struct apart *list, size_t n)
{
	memset(aparts, 0, sizeof(aparts));
	for (size_t i = 0; i < n; i++)
		aparts[i] = list[i];
}

static const char *
relay_to(const struct house *h, const struct house *other)
{
	struct peer *p = house_peer(h, other);
	const struct path *best = p == NULL ? NULL : peer_best(p);

	return best == NULL ? "none" : best->relay == NULL ? "direct" : best->relay->cert.name;
}

static uint64_t
carried_by(const struct house *h)
{
	return carry_on(h->mesh) ? circuits_totals(h->mesh->carried).packets : 0;
}

TEST(a_node_that_is_certified_for_it_relays)
{
	set_apart((struct apart[]){ { &one, &two } }, 1);
	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	ASSERT(strncmp(relay_to(one, two), "relay", 5) == 0);
	ASSERT_STR(relay_to(one, two), relay_to(two, one));
	ASSERT(carried_by(r1) + carried_by(r2) > 0);
	town_close();
}

TEST(a_node_that_is_not_certified_relays_nothing)
{
	struct relay_open o = { .circuit = 1 };
	uint8_t frame[FRAME_MAX];

	set_apart((struct apart[]){ { &one, &two } }, 1);
	begin(0);
	ASSERT(!house_reaches(one, house_ip(two), 3 * SEC));
	ASSERT(house_reaches(one, house_ip(r1), SEC));
	memcpy(o.key, two->host.cert.key, sizeof(o.key));
	house_say(one, r1, frame, relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o));
	town_run(SEC);
	ASSERT(!carry_on(r1->mesh));
	ASSERT(house_peer(one, r1)->relays_not_until > town.now.mono); /* it was told so */
	town_close();
}

/* Each is the other's client on one session, and numbers begin where they like. */
TEST(two_relays_relay_for_each_other_at_once)
{
	uint64_t bytes;

	set_apart((struct apart[]){ { &r1, &one }, { &r2, &two } }, 2);
	begin(CERT_RELAY);
	for (int i = 0; i < 5; i++) {
		/* The same numbers on both sides would show. */
		r1->mesh->relaying.next_id = r2->mesh->relaying.next_id = 7;
		ASSERT(house_reaches(r1, house_ip(one), 3 * SEC));
		ASSERT(house_reaches(r2, house_ip(two), 3 * SEC));
	}
	ASSERT_STR(relay_to(r1, one), "relay2");
	ASSERT_STR(relay_to(r2, two), "relay1");
	ASSERT(circuits_of(r1->mesh->carried, r2->host.cert.key, &bytes) > 0 && bytes > 0);
	ASSERT(circuits_of(r2->mesh->carried, r1->host.cert.key, &bytes) > 0 && bytes > 0);
	town_close();
}

TEST(a_relay_calls_who_is_wanted_and_not_there)
{
	struct relay_open o = { 0 };
	uint8_t frame[FRAME_MAX];
	uint32_t before;

	set_apart((struct apart[]){ { &one, &two } }, 1);
	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(r1), SEC));
	o.circuit = circuit_side(r1->host.cert.key, one->host.cert.key) | 77;
	memcpy(o.key, two->host.cert.key, sizeof(o.key));
	if (house_peer(r1, two) != NULL)
		roster_end(r1->mesh, house_peer(r1, two));
	house_say(one, r1, frame, relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o));
	before = circuits_count(r1->mesh->carried);
	town_run(SEC);
	ASSERT_EQ(circuits_count(r1->mesh->carried), before);
	ASSERT(house_peer(r1, two) != NULL);
	ASSERT(channel_ready(house_peer(r1, two)->channel, town.now));
	house_say(one, r1, frame, relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o));
	town_run(100 * USEC_PER_MS);
	ASSERT_EQ(circuits_count(r1->mesh->carried), before + 1);

	o.circuit ^= CIRCUIT_GREATER; /* would be a circuit of its own */
	house_say(one, r1, frame, relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o));
	town_run(100 * USEC_PER_MS);
	ASSERT_EQ(circuits_count(r1->mesh->carried), before + 1);
	town_close();
}

/* The peer is gone, and somebody goes on talking to it. */
TEST(a_relay_that_refuses_is_left_alone)
{
	set_apart((struct apart[]){ { &one, &two } }, 1);
	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	house_off(two);
	for (unsigned i = 0; i < 2; i++) {
		struct house *r = i == 0 ? r1 : r2;

		if (house_peer(r, two) != NULL)
			roster_end(r->mesh, house_peer(r, two));
	}
	asked = 0;
	for (unsigned i = 0; i < 100; i++) {
		house_ping(one, house_ip(two));
		town_run(100 * USEC_PER_MS);
	}
	ASSERT(asked > 0 && asked <= 40); /* keepalives, and questions at 0.25, 0.5, 1, 2, 2 s */
	ASSERT_STR(relay_to(one, two), "none");
	house_on(two);
	ASSERT(house_reaches(one, house_ip(two), 5 * SEC));
	town_close();
}

TEST(a_relay_that_is_forgotten_leaves_no_path)
{
	set_apart((struct apart[]){ { &one, &two } }, 1);
	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	for (unsigned i = 0; i < 2; i++) {
		struct house *r = i == 0 ? r1 : r2;

		if (house_peer(one, r) != NULL)
			roster_forget(one->mesh, town.now, house_peer(one, r), &town.out);
	}
	town_settle(one);
	ASSERT_STR(relay_to(one, two), "none");
	ASSERT(house_reaches(one, house_ip(two), 5 * SEC)); /* they are found again */
	town_close();
}

/* Circuits that lead nowhere, to `of`, or to somebody else each time. */
static void
announce(struct house *relay, struct house *to, const struct house *of)
{
	struct relay_open o = { 0 };
	uint8_t frame[FRAME_MAX];

	for (uint32_t i = 0; i < 2 * CIRCUITS_MAX; i++) {
		o.circuit = (i & ~(CIRCUIT_BY_RELAY | CIRCUIT_GREATER)) | CIRCUIT_BY_RELAY |
		    circuit_side(relay->host.cert.key, to->host.cert.key);
		if (of != NULL)
			memcpy(o.key, of->host.cert.key, sizeof(o.key));
		else
			test_fill(o.key, sizeof(o.key));
		house_say(relay, to, frame,
		    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_INCOMING, &o));
		if (i % 50 == 0)
			town_run(2 * SEC);
	}
}

TEST(a_relay_does_not_use_up_the_circuits_of_others)
{
	set_apart(NULL, 0);
	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(r1), SEC));
	ASSERT(house_reaches(one, house_ip(two), SEC));
	announce(r1, one, two);
	ASSERT(one->mesh->relaying.count <= 8);
	announce(r1, one, NULL);
	ASSERT(one->mesh->relaying.count <= 8 + RELAY_STRAYS_MAX);
	town_close();
}
