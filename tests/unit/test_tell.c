/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_tell.c - two nodes tell each other why they reach one another as they do.
 */
#include "node/explain.h"
#include "node/tell.h"
#include "tests/unit/meshes.h"

#define SEC USEC_PER_SEC

static struct house *lh, *one, *two;

/* A lighthouse and two nodes that have talked. */
static void
begin(void)
{
	town_open();
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE | CERT_RELAY);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	two = town_house("party2", "10.87.0.3", "198.51.100.3", 0);
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	town_run(SEC);
	ASSERT(house_reaches(one, house_ip(two), 5 * SEC));
	town_run(SEC);
}

static enum why_code
code_at(struct house *h, const struct house *other)
{
	struct why w;

	explain_peer(h->mesh, town.now, house_peer(h, other), &w);
	return w.code;
}

static int
ask(struct house *from, const char *name, uint32_t ref)
{
	int r = mesh_ask_why(from->mesh, town.now, name, ref, &town.out);

	town_settle(from);
	return r;
}

TEST(a_peer_that_is_asked_tells_its_reason)
{
	const struct told *t;

	begin();
	ASSERT(tell_lately(house_peer(one, two), town.now.mono) == NULL);
	ASSERT_EQ(ask(one, "party2", 7), 0);
	town_run(SEC);
	t = tell_lately(house_peer(one, two), town.now.mono);
	ASSERT(t != NULL && !t->asked);
	ASSERT_EQ(t->why.code, code_at(two, one));
	ASSERT(why_is_direct(&t->why) && t->path == PATH_DIRECT);
	ASSERT_EQ(t->why.at.ip[3], 2); /* 198.51.100.2: where it sees us */
	/* The question told it ours. */
	t = tell_lately(house_peer(two, one), town.now.mono);
	ASSERT(t != NULL && t->why.code == code_at(one, two));
	town_close();
}

TEST(what_was_told_a_minute_ago_counts_no_more)
{
	begin();
	ASSERT_EQ(ask(one, "party2", 7), 0);
	town_run(SEC);
	ASSERT(tell_lately(house_peer(one, two), town.now.mono) != NULL);
	town_run(TOLD_HOLDS);
	ASSERT(tell_lately(house_peer(one, two), town.now.mono) == NULL);
	town_close();
}

TEST(who_has_no_session_or_is_unknown_cannot_be_asked)
{
	begin();
	ASSERT_EQ(ask(one, "party9", 7), ERR_UNKNOWN);
	ASSERT_EQ(ask(one, "lh", 8), ERR_STATE);
	house_off(two);
	town_run(400 * SEC);
	ASSERT_EQ(ask(one, "party2", 9), ERR_STATE);
	town_close();
}

TEST(questions_are_answered_four_times_a_second)
{
	const struct told *t;
	usec_t answered;

	begin();
	ASSERT_EQ(ask(one, "party2", 1), 0);
	town_run(50 * USEC_PER_MS);
	t = house_peer(two, one)->told;
	answered = t->answered_at;
	for (uint32_t i = 0; i < 3; i++) {
		ASSERT_EQ(ask(one, "party2", 2 + i), 0);
		town_run(50 * USEC_PER_MS);
	}
	ASSERT_EQ(t->answered_at, answered);
	town_run(TELL_EVERY);
	ASSERT_EQ(ask(one, "party2", 9), 0);
	town_run(50 * USEC_PER_MS);
	ASSERT(t->answered_at > answered);
	town_close();
}

/* A frame of a later version, or of a liar: what is not known is kept out, and nothing breaks. */
TEST(a_reason_that_is_not_known_is_kept_as_its_number)
{
	struct reason r = { .ref = 1, .code = 999, .n = 2 };
	uint8_t frame[FRAME_MAX];
	const struct told *t;

	begin();
	r.numbers[0].fact = 250;
	r.numbers[1].fact = WHY_TRIES;
	r.numbers[1].value = UINT64_MAX;
	house_say(two, one, frame, reason_encode(frame, sizeof(frame), &r));
	town_run(SEC);
	t = tell_lately(house_peer(one, two), town.now.mono);
	ASSERT(t != NULL && t->why.code == 999);
	ASSERT_EQ(t->why.number[WHY_TRIES], UINT64_MAX);
	ASSERT_STR(why_word(t->why.code), "other");
	town_close();
}
