/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_reach.c - where a node sends to because somebody says so, and how much.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;

/* Between the two nothing passes but what goes by the lighthouse. */
static bool
apart(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)p;
	(void)len;
	return addr_equal(from, &lh->at) || addr_equal(to, &lh->at);
}

/* A lighthouse, with these flags, and two nodes that have nothing to say yet. */
static void
begin(uint32_t flags)
{
	town_of_two(&lh, &one, &two, flags, SEC);
}

/* An OPEN call as party2 would make it to party1, for the introduction `id`. */
static void
open_call(uint8_t to[static OPEN_LEN], const uint8_t id[static INTRODUCTION_ID_LEN])
{
	uint8_t key[32];

	noise_open_key(key, channel_remote(house_peer(two, one)->channel), id);
	noise_open_make(to, key, OPEN_CALL, id);
}

TEST(a_replayed_open_aims_no_storm_at_anybody)
{
	struct addr victim = town_addr("203.0.113.1");
	uint8_t msg[OPEN_LEN];
	unsigned n;

	begin(0);
	town.pass = apart;
	house_ping(one, house_ip(two));
	town_run(SEC);
	ASSERT(!channel_ready(house_peer(one, two)->channel, town.now));
	open_call(msg, house_peer(one, two)->introduction);
	town.pass = NULL;
	for (n = 0; n < 100; n++) {
		victim.ip[3] = (uint8_t)(1 + n);
		house_receive(one, &victim, msg, sizeof(msg));
	}
	/* Some answers, and the handshake to as many addresses as it may go to. */
	ASSERT(town.sent_to_nobody > 0);
	ASSERT(town.sent_to_nobody <= n * sizeof(msg) + 8 * PRESENT_MAX);
	town_close();
}

TEST(an_open_is_good_for_any_introduction_that_lasts)
{
	uint8_t before[INTRODUCTION_ID_LEN], later[INTRODUCTION_ID_LEN], msg[OPEN_LEN];
	struct peer *p;
	uint64_t bad;

	begin(0);
	town.pass = apart;
	house_ping(one, house_ip(two));
	town_run(SEC);
	/* Another lighthouse introduces the same two: who heard of it later calls by the other. */
	p = house_peer(one, two);
	memcpy(before, p->introduction, sizeof(before));
	test_fill(later, sizeof(later));
	ASSERT(introductions_add(&one->mesh->introductions, town.now.mono, later, p->key) != NULL);
	memcpy(p->introduction, later, sizeof(later));
	noise_open_key(p->open_key, channel_remote(p->channel), later);
	bad = one->mesh->counts[MESH_BAD_OPEN];
	open_call(msg, before);
	house_receive(one, &two->at, msg, sizeof(msg));
	open_call(msg, later);
	house_receive(one, &two->at, msg, sizeof(msg));
	ASSERT_EQ(one->mesh->counts[MESH_BAD_OPEN], bad);
	town_close();
}

#define VICTIM "203.0.113.99"

static unsigned aimed; /* datagrams to the victim */

static bool
aims(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	struct addr victim = town_addr(VICTIM);

	aimed += addr_same_ip(to, &victim);
	return apart(from, to, p, len);
}

/* party2 says that it might be at seven ports of the victim. */
static void
register_victim(void)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 1000 };

	for (uint16_t n = 0; n < 7; n++) {
		c.eps.ep[c.eps.n] = (struct ep){ EP_HOST, town_addr(VICTIM) };
		c.eps.ep[c.eps.n++].addr.port = (uint16_t)(2000 + n);
	}
	house_say(two, lh, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c));
	town_run(3 * HOP);
}

TEST(an_address_that_only_a_lighthouse_names_gets_three_packets)
{
	begin(0);
	register_victim();
	town.pass = aims;
	aimed = 0;
	for (unsigned n = 0; n < 30; n++) {
		house_ping(one, house_ip(two));
		town_run(2 * SEC);
	}
	ASSERT(aimed > 0);
	ASSERT(aimed <= 7 * TARGET_HINT);
	town_close();
}

static unsigned guessed; /* datagrams to party2's local port, where the lighthouse sees party2 */

static bool
guesses(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	guessed += addr_equal(from, &one->at) && addr_same_ip(to, &two->at) && to->port == 9000;
	return apart(from, to, p, len);
}

TEST(a_local_port_is_called_once_where_a_lighthouse_sees_the_peer)
{
	struct candidates c = { .seq = 1000 };
	uint8_t frame[FRAME_MAX];

	begin(0);
	c.eps.ep[c.eps.n++] = (struct ep){ EP_HOST, town_addr("192.168.7.2:9000") };
	house_say(two, lh, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c));
	town_run(3 * HOP);
	town.pass = guesses;
	guessed = 0;
	for (unsigned n = 0; n < 30; n++) {
		house_ping(one, house_ip(two));
		town_run(2 * SEC);
	}
	ASSERT_EQ(guessed, 1);
	town_close();
}

/* A lighthouse sees party2 at 40000, and it answers at the port that it is bound to. */
TEST(a_local_port_that_a_router_keeps_is_a_path)
{
	struct path *p;

	begin(CERT_RELAY);
	town.pass = apart;
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_run(3 * SEC);
	p = peer_path_to(house_peer(one, two), SOCKET_V4, &two->at);
	ASSERT(p != NULL && p->state != PATH_VALID);
	peer_drop_path(house_peer(one, two), p);
	house_peer(one, two)->seen = two->at;
	house_peer(one, two)->seen.port = 40000;
	reach_guess(one->mesh, town.now, house_peer(one, two), two->at.port);
	town.pass = NULL;
	punch_begin(one->mesh, town.now, house_peer(one, two), 0, true);
	town_run(SEC);
	ASSERT(peer_is_direct(house_peer(one, two)));
	town_close();
}

/* party2 says in session that it might be at `count` addresses, others for each `seq`. */
static void
claim(uint32_t seq, uint8_t count)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = seq };

	for (uint8_t n = 0; n < count; n++) {
		c.eps.ep[c.eps.n] = (struct ep){ EP_HOST, town_addr(VICTIM) };
		c.eps.ep[c.eps.n].addr.ip[1] = (uint8_t)(seq >> 8);
		c.eps.ep[c.eps.n].addr.ip[2] = (uint8_t)seq;
		c.eps.ep[c.eps.n++].addr.ip[3] = n;
	}
	house_say(two, one, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_CANDIDATES, &c));
}

static struct addr called_last;
static usec_t called_at;
static unsigned called_closely, called;

static bool
calls(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	if (addr_equal(from, &one->at) && !addr_equal(to, &lh->at)) {
		called++;
		if (!addr_equal(to, &called_last) && town.now.mono - called_at < 2 * USEC_PER_MS)
			called_closely++;
		called_last = *to;
		called_at = town.now.mono;
	}
	return apart(from, to, p, len);
}

TEST(candidates_are_called_one_by_one)
{
	begin(CERT_RELAY);
	town.pass = apart;
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_run(3 * SEC);
	claim(1000, 6);
	town_run(3 * SEC);
	town.pass = calls;
	called = called_closely = 0;
	punch_begin(one->mesh, town.now, house_peer(one, two), 0, true);
	town_run(USEC_PER_MS);
	ASSERT_EQ(called, 1); /* where it was seen, at once */
	ASSERT(addr_same_ip(&called_last, &two->at));
	town_run(15 * USEC_PER_MS);
	ASSERT_EQ(called, 7);
	town_run(1300 * USEC_PER_MS);
	ASSERT(called > 7 * 3 && called <= 7 * 7);
	ASSERT_EQ(called_closely, 0);
	town_close();
}

TEST(the_far_end_of_a_stream_is_never_called)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 1000, .eps.n = 1 };

	begin(CERT_RELAY);
	c.eps.ep[0] = (struct ep){ EP_TCP, town_addr(VICTIM) };
	house_say(two, lh, frame, candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c));
	town_run(3 * HOP);
	town.pass = aims;
	aimed = 0;
	ASSERT(house_reaches(one, house_ip(two), SEC));
	house_say(two, one, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_CANDIDATES, &c));
	town_run(10 * SEC);
	ASSERT_EQ(aimed, 0);
	town_close();
}

TEST(a_peer_that_was_restarted_counts_its_candidates_anew)
{
	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	claim(1000, 1);
	town_run(3 * HOP);
	ASSERT_EQ(house_peer(one, two)->candidates_seq, 1000);
	house_off(two);
	house_on(two);
	town_run(SEC);
	ASSERT(house_reaches(two, house_ip(one), SEC));
	ASSERT_EQ(house_peer(one, two)->candidates_seq, two->mesh->candidates_seq);
	town_close();
}

TEST(a_peer_with_ever_new_candidates_leaves_room_for_others)
{
	unsigned before;

	begin(CERT_RELAY);
	town.pass = aims;
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_run(20 * SEC);
	before = (unsigned)one->sent;
	for (uint32_t n = 0; n < 400; n++) {
		claim(1000 + n, 16);
		town_run(25 * USEC_PER_MS);
	}
	/* Ten seconds, in which all silent hosts together may get 2000 packets. */
	ASSERT(one->sent - before < 1000);
	town_close();
}

/* A relay that hears everything but RELAY_OPEN, and never answers one. */
TEST(a_relay_that_opens_no_circuit_is_no_path)
{
	struct circuit *c;
	struct peer *p;

	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	p = house_peer(one, two);
	house_off(lh);
	c = relay_circuit_to(&one->mesh->relaying, town.now.mono, house_peer(one, lh), p->key);
	ASSERT(c != NULL);
	if (c->open) { /* it is there already: as if it were new */
		c->open = false;
		c->tries = 0;
		c->due = one->mesh->relaying.due = town.now.mono;
	}
	ASSERT(peer_path_by(p, c->relay, c->id) != NULL);
	town_run(10 * SEC);
	ASSERT_EQ(one->mesh->relaying.count, 0);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		ASSERT(p->paths[i].state == PATH_FREE || p->paths[i].kind != PATH_RELAY);
	town_close();
}

/* For a while IPv4 takes longer. */
static bool
six_first(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	(void)from;
	(void)p;
	(void)len;
	return to->family == FAMILY_V6 || town.now.mono > TOWN_START + SEC;
}

TEST(a_lighthouse_sees_us_over_both_families_and_says_so_once)
{
	uint32_t seq;

	town_open();
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE | CERT_RELAY);
	lh->at6 = town_addr("[2001:db8::1]");
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	one->at6 = town_addr("[2001:db8::2]");
	house_on(lh);
	town.pass = six_first;
	house_on(one);
	town_run(60 * SEC);
	ASSERT(addr_equal(&one->mesh->lighthouses[0].observed[0], &one->at));
	ASSERT(addr_equal(&one->mesh->lighthouses[0].observed[1], &one->at6));
	seq = one->mesh->candidates_seq;
	lh->remembered = 0;
	town_run(120 * SEC);
	ASSERT_EQ(one->mesh->candidates_seq, seq);
	ASSERT(lh->remembered < 5);
	town_close();
}

TEST(circuits_from_nobody_make_room)
{
	uint8_t key[32];

	begin(CERT_RELAY);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	for (uint32_t id = 100; one->mesh->relaying.count < CIRCUITS_MAX; id++) {
		test_fill(key, sizeof(key));
		ASSERT(relay_announced(&one->mesh->relaying, house_peer(one, lh),
			   id | CIRCUIT_BY_RELAY, key) != NULL);
	}
	town_run(HOUSEKEEPING_EVERY + SEC);
	ASSERT(one->mesh->relaying.count <= CIRCUITS_MAX / 2);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_close();
}

TEST(a_peer_that_cannot_be_reached_is_given_up_although_it_is_registered)
{
	struct channel_view c;

	begin(0);
	town.pass = apart;
	house_ping(one, house_ip(two));
	town_run(150 * SEC);
	channel_view(house_peer(one, two)->channel, town.now, &c);
	ASSERT(!c.attempting);
	ASSERT_EQ(c.next_attempt, 0);
	town_close();
}

TEST(what_waits_for_a_peer_that_there_is_no_room_for_goes)
{
	begin(CERT_RELAY);
	one->mesh->peers_max = one->mesh->peer_count;
	ASSERT(!house_reaches(one, house_ip(two), SEC));
	ASSERT(house_peer(one, two) == NULL);
	town_close();
}

TEST(an_overlay_may_have_ipv6_only)
{
	struct peer *p;

	town_open();
	lh = town_house("lh", "fd87::1", "198.51.100.1", CERT_LIGHTHOUSE | CERT_RELAY);
	one = town_house("party1", "fd87::2", "198.51.100.2", 0);
	two = town_house("party2", "fd87::3", "198.51.100.3", 0);
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(SEC);
	ASSERT(house_reaches(one, house_ip(lh), SEC));
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town.pass = apart;
	town_run(20 * SEC);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	p = house_peer(one, two);
	ASSERT(!peer_is_direct(p));
	ASSERT_EQ(p->mtu, MTU_MAX);
	town_close();
}
