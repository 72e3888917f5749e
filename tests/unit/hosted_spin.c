/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/spin.h"

#include "tests/unit/test.h"

#define LONGEST 50

TEST(a_packet_is_looked_out_for_until_the_time_is_over)
{
	struct spin s = { .longest = LONGEST };

	ASSERT(!spin_on(&s, 1000, 0));
	ASSERT(spin_on(&s, 1010, 1));
	ASSERT(spin_on(&s, 1010 + LONGEST - 1, 0));
	ASSERT(!spin_on(&s, 1010 + LONGEST, 0));
	ASSERT(!spin_on(&s, 1010 + LONGEST + 1, 0));
	ASSERT_EQ(s.unpaid, 1);
	ASSERT_EQ(s.paid, 0);
}

TEST(who_is_answered_at_once_never_sleeps)
{
	struct spin s = { .longest = LONGEST };

	for (usec_t now = 1000; now < 100000; now += 20) {
		ASSERT(spin_on(&s, now, 1));
		ASSERT(spin_on(&s, now + 10, 0));
	}
	ASSERT_EQ(s.unpaid, 0);
	ASSERT(s.paid > 4000);
}

TEST(who_is_answered_late_soon_sleeps)
{
	struct spin s = { .longest = LONGEST };
	unsigned looked = 0;
	usec_t now = 1000;

	for (int i = 0; i < 10000; i++, now += 10000)
		if (spin_on(&s, now, 1)) {
			looked++;
			ASSERT(!spin_on(&s, now + LONGEST, 0));
		}
	ASSERT_EQ(s.unpaid, looked);
	ASSERT(looked < 10000 / SPIN_REST_MAX + 10);
	/* And when the rhythm changes, it is found out. */
	for (int i = 0; i < 2 * SPIN_REST_MAX; i++, now += 10)
		(void)spin_on(&s, now, 1);
	ASSERT(s.paid > 0);
	ASSERT(spin_on(&s, now, 1));
}

TEST(bulk_is_not_looked_out_for)
{
	struct spin s = { .longest = LONGEST };

	ASSERT(!spin_on(&s, 1000, SPIN_FEW + 1));
	ASSERT(spin_on(&s, 1010, SPIN_FEW));
	ASSERT(!spin_on(&s, 1020, 1000));
}

TEST(without_a_time_there_is_no_looking_out)
{
	struct spin s = { 0 };

	for (usec_t now = 1; now < 1000; now++)
		ASSERT(!spin_on(&s, now, now % 3));
}
