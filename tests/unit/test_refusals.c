/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_refusals.c - how long a relay that refuses is left alone.
 */
#include "node/refusals.h"
#include "tests/unit/test.h"

#define MS  USEC_PER_MS
#define SEC USEC_PER_SEC

static const uint8_t relays[REFUSALS_MAX + 1][32] = { { 1 }, { 2 }, { 3 }, { 4 }, { 5 } };

TEST(a_relay_that_refuses_is_asked_ever_more_seldom)
{
	static const usec_t rests[] = { 250 * MS, 500 * MS, 1000 * MS, 2000 * MS, 2000 * MS };
	struct refusals r = { 0 };
	usec_t now = 100 * SEC;

	ASSERT(!refusals_hold(&r, now, relays[0]));
	for (size_t i = 0; i < ARRAY_LEN(rests); i++) {
		refusals_note(&r, now, relays[0]);
		ASSERT_EQ(refusals_due(&r, now), now + rests[i]);
		ASSERT(refusals_hold(&r, now + rests[i] - 1, relays[0]));
		now += rests[i];
		ASSERT(!refusals_hold(&r, now, relays[0]));
		ASSERT_EQ(refusals_due(&r, now), 0);
	}
	now += 10 * SEC;
	refusals_note(&r, now, relays[0]);
	ASSERT_EQ(refusals_due(&r, now), now + 250 * MS); /* long ago */
}

TEST(a_relay_answers_for_itself_alone)
{
	struct refusals r = { 0 };

	refusals_note(&r, SEC, relays[0]);
	refusals_note(&r, SEC + MS, relays[1]);
	refusals_note(&r, SEC + 300 * MS, relays[0]);
	ASSERT(refusals_hold(&r, SEC + 300 * MS, relays[0]));
	ASSERT(!refusals_hold(&r, SEC + 300 * MS, relays[1]));
	ASSERT(!refusals_hold(&r, SEC + 300 * MS, relays[2]));
}

TEST(the_relay_that_refused_longest_ago_makes_room)
{
	struct refusals r = { 0 };

	for (unsigned i = 0; i <= REFUSALS_MAX; i++)
		refusals_note(&r, SEC + i * MS, relays[i]);
	ASSERT(!refusals_hold(&r, SEC + 10 * MS, relays[0]));
	for (unsigned i = 1; i <= REFUSALS_MAX; i++)
		ASSERT(refusals_hold(&r, SEC + 10 * MS, relays[i]));
	ASSERT_EQ(refusals_due(&r, SEC + 10 * MS), SEC + 251 * MS);
}
