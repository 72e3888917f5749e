/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mesh_vouch.c - what a peer may say of another, and what it is worth.
 */
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two, *three;

/* A lighthouse and three nodes; one and two have talked to three, and then the lighthouse goes. */
static void
begin(void)
{
	town_open();
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	two = town_house("party2", "10.87.0.3", "198.51.100.3", 0);
	three = town_house("party3", "10.87.0.4", "198.51.100.4", 0);
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(SEC);
	ASSERT(house_reaches(one, house_ip(three), SEC));
	ASSERT(house_reaches(two, house_ip(three), SEC));
	house_off(lh);
	town_run(5 * SEC);
}

TEST(a_peer_that_both_have_introduces_them)
{
	begin();
	ASSERT(house_peer(one, two) == NULL);
	ASSERT(house_reaches(one, house_ip(two), SEC));
	town_close();
}

TEST(a_node_says_nothing_of_whom_it_has_no_session_with)
{
	begin();
	roster_end(three->mesh, house_peer(three, two));
	ASSERT(!house_reaches(one, house_ip(two), 3 * SEC));
	town_close();
}

TEST(nobody_is_asked_where_a_lighthouse_answers)
{
	struct house *four;
	uint64_t before;

	begin();
	house_on(lh);
	four = town_house("party4", "10.87.0.5", "198.51.100.5", 0);
	house_on(four);
	town_run(60 * SEC);
	before = three->sent;
	ASSERT(house_reaches(one, house_ip(four), SEC));
	ASSERT(three->sent - before < 10); /* keepalives */
	ASSERT(three->mesh->vouching == NULL);
	town_close();
}

/* Who says that somebody is at an address where nobody is. */
TEST(a_peers_word_is_worth_a_few_packets)
{
	uint8_t frame[FRAME_MAX];
	struct punch p = { 0 };
	uint64_t before;

	begin();
	p.contact.cert = (struct blob){ two->host.bytes, (uint16_t)two->host.len };
	p.contact.eps.n = 1;
	p.contact.eps.ep[0] = (struct ep){ EP_REFLEXIVE, town_addr("203.0.113.9") };
	test_fill(p.introduction, sizeof(p.introduction));
	before = town.sent_to_nobody;
	house_say(three, one, frame, punch_encode(frame, sizeof(frame), &p));
	town_run(20 * SEC);
	ASSERT(town.sent_to_nobody > before);
	ASSERT(town.sent_to_nobody - before <= 3 * PRESENT_MAX);
	town_close();
}

TEST(introductions_by_peers_are_limited)
{
	uint8_t frame[FRAME_MAX];
	struct query q = { .by = QUERY_BY_KEY, .flags = QUERY_INTRODUCE };

	begin();
	ASSERT(house_reaches(one, house_ip(two), SEC));
	memcpy(q.key, two->host.cert.key, sizeof(q.key));
	for (q.qid = 1000; q.qid < 1100; q.qid++) {
		house_say(one, three, frame, query_encode(frame, sizeof(frame), &q));
		town_run(100 * USEC_PER_MS);
	}
	/* Ten a minute for the two, whichever of them asks; both lighthouse and peer made one. */
	ASSERT(two->mesh->introductions.count > 2);
	ASSERT(two->mesh->introductions.count <= INTRODUCE_PAIR + 3);
	town_close();
}

static int
punch_about(uint8_t frame[static FRAME_MAX], const struct host *who)
{
	struct punch p = { 0 };

	p.contact.cert = (struct blob){ who->bytes, (uint16_t)who->len };
	test_fill(p.introduction, sizeof(p.introduction));
	return punch_encode(frame, FRAME_MAX, &p);
}

/* It has a new key and a newer certificate, and says so in the session of the old one. */
TEST(who_brings_the_certificate_of_his_successor_is_forgotten)
{
	uint8_t frame[FRAME_MAX];
	struct host heir;

	begin();
	heir = certs_host(&town.root, "party3", "10.87.0.4", ++town.serial);
	house_say(three, one, frame, punch_about(frame, &heir));
	town_run(100 * USEC_PER_MS);
	ASSERT(house_peer(one, three) == NULL);
	ASSERT(route_to(&one->mesh->routes, house_ip(three)) ==
	    roster_by_key(one->mesh, heir.cert.key));
	town_close();
}

TEST(nobody_makes_room_for_whom_he_speaks_of)
{
	uint8_t frame[FRAME_MAX];

	begin();
	house_peer(one, three)->used_at = 0;
	one->mesh->peers_max = one->mesh->peer_count;
	house_say(three, one, frame, punch_about(frame, &two->host));
	town_run(100 * USEC_PER_MS);
	ASSERT(house_peer(one, three) != NULL);
	ASSERT(house_peer(one, two) == NULL);
	town_close();
}

/* Questions are numbered in their order: who was asked one knows the number of the next. */
TEST(an_answer_of_a_peer_that_was_not_asked_ends_no_search)
{
	uint8_t frame[FRAME_MAX];
	struct reply r = { .status = REPLY_FOUND };

	begin();
	house_on(lh);
	town_run(60 * SEC);
	r.qid = one->mesh->finder.next_qid;
	r.contact.cert = (struct blob){ two->host.bytes, (uint16_t)two->host.len };
	house_ping(one, house_ip(two));
	house_say(three, one, frame, reply_encode(frame, sizeof(frame), &r));
	town_run(HOP);
	ASSERT(finder_by_qid(&one->mesh->finder, r.qid) != NULL);
	town_run(2 * HOP);
	ASSERT(house_peer(one, two) != NULL);
	town_close();
}
