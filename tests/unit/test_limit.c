/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often a source may make us work.
 */
#include "tests/unit/test.h"

#include "core/limit.h"

#define NOW   (1000 * USEC_PER_SEC)
#define EVERY (USEC_PER_SEC / LIMIT_RATE)

static struct limit limit;

/* With one key for all, so that no two sources below happen to share a row. */
static void
start(void)
{
	static const uint8_t key[16] = { 1 };

	limit_wipe(&limit);
	limit_init(&limit, key);
}

static struct source
source(const char *text)
{
	struct addr at;

	ASSERT_EQ(addr_parse(&at, text, 7717), 0);
	return source_direct(&at);
}

/* In the manner of the kernel's drivers/net/wireguard/selftest/ratelimiter.c. */
TEST(a_burst_passes_and_then_one_at_a_time)
{
	static const struct {
		usec_t wait;
		bool allowed;
	} list[] = {
		{ 0, true }, { 0, true }, { 0, true }, { 0, true }, { 0, true }, { 0, false },
		{ EVERY, true }, { 0, false }, { EVERY - 1, false }, { 1, true },
		{ 2 * EVERY, true }, { 0, true }, { 0, false },
		{ 100 * EVERY, true }, { 0, true }, { 0, true }, { 0, true }, { 0, true },
		{ 0, false },
	};
	struct source s = source("192.0.2.1");
	usec_t now = NOW;

	start();
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		now += list[i].wait;
		if (limit_allow(&limit, now, &s) != list[i].allowed)
			test_fail(__FILE__, __LINE__, "line %zu of the list", i + 1);
	}
}

/* The model: a bucket that tokens drip into. */
TEST(a_source_gets_what_a_token_bucket_gives)
{
	usec_t now = NOW, level = LIMIT_BURST * EVERY;
	struct source s = source("192.0.2.1");

	start();
	for (int i = 0; i < 100000; i++) {
		usec_t wait = test_below(3) ? test_below(EVERY * 2) : test_below(1000);
		bool want;

		now += wait;
		level = min_u64(level + wait, LIMIT_BURST * EVERY);
		want = level >= EVERY;
		if (want)
			level -= EVERY;
		ASSERT_EQ(limit_allow(&limit, now, &s), want);
	}
}

/* Uses up what `who` has. */
static void
exhaust(const struct source *who)
{
	for (int i = 0; i < LIMIT_BURST; i++)
		ASSERT(limit_allow(&limit, NOW, who));
	ASSERT(!limit_allow(&limit, NOW, who));
}

TEST(ports_and_the_lower_half_of_ipv6_do_not_help)
{
	struct source s;

	start();
	s = source("192.0.2.1:1000");
	exhaust(&s);
	s = source("192.0.2.1:1001");
	ASSERT(!limit_allow(&limit, NOW, &s));
	s = source("[2001:db8:1:2::1]:7");
	exhaust(&s);
	s = source("[2001:db8:1:2:ffff::2]:8");
	ASSERT(!limit_allow(&limit, NOW, &s));
}

TEST(others_are_not_in_the_way)
{
	uint8_t relay[32] = { 1 }, peer[32] = { 2 }, other[32] = { 3 };
	struct source s;
	int served = 0;

	start();
	s = source("192.0.2.1");
	exhaust(&s);
	s = source("[2001:db8:1:2::1]:7");
	exhaust(&s);
	s = source("[2001:db8:1:3::1]:7");
	exhaust(&s);
	s = source_relayed(relay, peer);
	exhaust(&s);
	s = source_relayed(relay, other);
	exhaust(&s);

	/* Of a thousand hosts only those are refused that share a row with another. */
	for (uint32_t i = 0; i < 1000; i++) {
		s = source("198.51.100.0");
		put_be32(s.at.ip, 0xc6000000 + i);
		for (int j = 0; j < LIMIT_BURST; j++)
			served += limit_allow(&limit, NOW, &s);
	}
	ASSERT(served > 1000 * LIMIT_BURST * 7 / 10);
}
