/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Introductions by a lighthouse: who is told of whom, when, and how often.
 */
#include "tests/unit/parties.h"

TEST(an_introduction_gives_both_sides_the_same_id)
{
	struct query q = by_name(9, "party2", QUERY_INTRODUCE);
	struct reply r, again;
	struct punch p;
	struct frame f;

	begin_registered();
	r = ask(one, &q);
	ASSERT_EQ(r.status, REPLY_FOUND);
	ASSERT(!crypto_is_zero(r.introduction, sizeof(r.introduction)));
	ASSERT(got(two, FRAME_PUNCH, &f));
	ASSERT_EQ(punch_decode(&p, &f), 0);
	ASSERT_MEM(p.introduction, r.introduction, sizeof(r.introduction));
	ASSERT_MEM(p.contact.cert.p, parties[2].bytes, parties[2].len);
	ASSERT(addr_equal(&p.contact.eps.ep[0].addr, &one->at));

	/* The same question, whose answer was lost: the same introduction, told again. */
	again = ask(one, &q);
	ASSERT_MEM(again.introduction, r.introduction, sizeof(r.introduction));
	ASSERT(got(two, FRAME_PUNCH, &f));
	q.qid++;
	again = ask(one, &q);
	ASSERT(memcmp(again.introduction, r.introduction, sizeof(r.introduction)) != 0);
}

/* PUNCHes that `g` got. */
static unsigned
punches(const struct guest *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->count; i++)
		n += g->inbox[i % INBOX_MAX].bytes[1] == FRAME_PUNCH;
	return n;
}

/* What the one who asks and the one who is told are to wait, with these round trips. */
static void
delays(usec_t asker, usec_t told, uint16_t *reply, uint16_t *punch)
{
	struct query q = by_name(7, "party2", QUERY_INTRODUCE);
	struct punch p;
	struct frame f;

	begin_registered();
	client_get(scene.beacon, parties[2].cert.key)->places.rtt = asker;
	client_get(scene.beacon, parties[3].cert.key)->places.rtt = told;
	*reply = ask(one, &q).delay_ms;
	ASSERT(got(two, FRAME_PUNCH, &f));
	ASSERT_EQ(punch_decode(&p, &f), 0);
	*punch = p.delay_ms;
}

TEST(the_nearer_of_two_that_are_introduced_waits_for_half_of_the_difference)
{
	static const struct {
		unsigned asker, told; /* ms */
		uint16_t reply, punch;
	} t[] = {
		{ 20, 80, 30, 0 },
		{ 80, 20, 0, 30 },
		{ 20, 20, 0, 0 },
		{ 0, 80, 0, 0 }, /* not measured */
		{ 80, 0, 0, 0 },
		{ 10, 5000, 500, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		uint16_t reply, punch;

		delays(t[i].asker * USEC_PER_MS, t[i].told * USEC_PER_MS, &reply, &punch);
		ASSERT_EQ(reply, t[i].reply);
		ASSERT_EQ(punch, t[i].punch);
	}
}

TEST(the_round_trip_to_a_client_is_measured_where_it_is)
{
	struct places p = { 0 };
	struct place a = { .at = { .family = FAMILY_V4, .port = 7 } }, b = a;

	b.at.port = 8;
	ASSERT(places_ask(&p, START, &a, 11));
	ASSERT(!places_ask(&p, START + PLACE_ASK_EVERY - 1, &a, 12));
	ASSERT(places_ask(&p, START, &b, 13));
	ASSERT(!places_answer(&p, START + 20, &b, 11));
	ASSERT(!places_proven(&p, &a));
	ASSERT(places_answer(&p, START + 20, &a, 11));
	ASSERT(places_proven(&p, &a));
	ASSERT_EQ(p.rtt, 20);
	ASSERT(!places_answer(&p, START + 20, &a, 11));
	ASSERT(places_answer(&p, START + 100, &b, 13));
	ASSERT(!places_proven(&p, &a));
	ASSERT_EQ(p.rtt, 30);
}

TEST(a_question_that_comes_again_and_again_calls_the_other_a_few_times_only)
{
	struct query q = by_name(7, "party2", QUERY_INTRODUCE);

	begin_registered();
	for (unsigned i = 0; i < 20; i++)
		ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
	ASSERT_EQ(punches(two), 5); /* once, and the four times that a request is repeated */
}

TEST(introductions_of_a_pair_are_limited_and_the_answer_says_so)
{
	unsigned told = 0, limited = 0;

	begin_registered();
	for (uint32_t n = 0; n < 30; n++) {
		struct query q = by_name(n, "party2", QUERY_INTRODUCE);
		struct reply r = ask(one, &q);
		struct frame f;

		ASSERT(r.status == REPLY_FOUND || r.status == REPLY_LIMITED);
		ASSERT(r.contact.cert.len > 0);
		limited += r.status == REPLY_LIMITED;
		told += got(two, FRAME_PUNCH, &f);
	}
	ASSERT_EQ(told, INTRODUCE_PAIR);
	ASSERT_EQ(limited, 30 - INTRODUCE_PAIR);
}

TEST(a_question_about_oneself_is_answered_and_introduces_nobody)
{
	struct query q = by_name(1, "party1", QUERY_INTRODUCE);
	struct frame f;

	begin_registered();
	ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
	ASSERT(!got(one, FRAME_PUNCH, &f));
}
