/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The limits of core/introduce, core/patience and core/bucket, each reached.
 */
#include "core/introduce.h"
#include "core/patience.h"
#include "tests/unit/test.h"

#define NOW    (1000 * USEC_PER_SEC)
#define MINUTE (60 * USEC_PER_SEC)

static const uint8_t secret[16] = "not for guessing";
static struct introduce_limit limit;
static struct target_limit targets;

static struct addr
address(const char *text)
{
	struct addr a;

	ASSERT_EQ(addr_parse(&a, text, 7717), 0);
	return a;
}

TEST(a_bucket_gives_its_size_at_once_and_then_its_rate)
{
	struct bucket b = { 0 };
	usec_t now = NOW;
	unsigned given = 0;

	while (bucket_take(&b, now, 50, 100, 1))
		given++;
	ASSERT_EQ(given, 100);
	for (given = 0; now < NOW + 10 * USEC_PER_SEC; now += 777)
		given += bucket_take(&b, now, 50, 100, 1);
	ASSERT(given >= 499 && given <= 500);
	ASSERT(!bucket_take(&b, now, 50, 100, 101));
	ASSERT(bucket_take(&b, now + 1000 * USEC_PER_SEC, 50, 100, 100));
}

TEST(an_empty_bucket_without_a_rate_stays_empty)
{
	struct bucket b = { 0 };

	ASSERT(bucket_take(&b, NOW, 0, 5, 5));
	ASSERT(!bucket_take(&b, NOW + 1000 * MINUTE, 0, 5, 1));
}

TEST(a_pair_is_introduced_ten_times_a_minute_whoever_asks)
{
	struct bucket one = { 0 }, two = { 0 };
	uint8_t a[32] = { 1 }, b[32] = { 2 }, c[32] = { 3 };
	unsigned allowed = 0;
	usec_t now = NOW;

	introduce_limit_init(&limit, secret);
	for (unsigned n = 0; n < 40; n++)
		allowed += n % 2 ? introduce_allow(&limit, &one, now, a, b)
		                 : introduce_allow(&limit, &two, now, b, a);
	ASSERT_EQ(allowed, 10);
	ASSERT(introduce_allow(&limit, &one, now, a, c));
	for (allowed = 0; now < NOW + MINUTE; now += USEC_PER_SEC)
		allowed += introduce_allow(&limit, &one, now, a, b);
	ASSERT_EQ(allowed, 9);
}

TEST(a_requester_is_introduced_sixty_times_a_minute_whomever_it_asks_for)
{
	struct bucket own = { 0 };
	uint8_t a[32] = { 1 }, b[32] = { 2 };
	unsigned allowed = 0;

	introduce_limit_init(&limit, secret);
	for (unsigned n = 0; n < 200; n++) {
		b[1] = (uint8_t)n;
		allowed += introduce_allow(&limit, &own, NOW, a, b);
	}
	ASSERT_EQ(allowed, 60);
	ASSERT(introduce_allow(&limit, &own, NOW + USEC_PER_SEC, a, b));
}

TEST(a_refused_requester_does_not_spend_the_pairs_allowance)
{
	struct bucket own = { 0 }, fresh = { 0 };
	uint8_t a[32] = { 1 }, b[32] = { 2 };
	unsigned allowed = 0;

	introduce_limit_init(&limit, secret);
	ASSERT(bucket_take(&own, NOW, 60, 3600, 3600));
	for (unsigned n = 0; n < 20; n++)
		ASSERT(!introduce_allow(&limit, &own, NOW, a, b));
	for (unsigned n = 0; n < 20; n++)
		allowed += introduce_allow(&limit, &fresh, NOW, b, a);
	ASSERT_EQ(allowed, 10);
}

TEST(an_address_is_worth_what_vouches_for_it)
{
	static const struct {
		const char *text;
		unsigned none, lighthouse;
	} cases[] = {
		{ "198.51.100.7:4242", TARGET_HINT, TARGET_FULL },
		{ "198.51.100.7:53", TARGET_NEVER, TARGET_FULL },
		{ "192.168.1.5:7717", TARGET_HINT, TARGET_FULL },
		{ "[2001:db8::7]:7717", TARGET_HINT, TARGET_FULL },
		{ "127.0.0.1:7717", TARGET_NEVER, TARGET_NEVER },
		{ "0.0.0.0:7717", TARGET_NEVER, TARGET_NEVER },
		{ "224.0.0.1:7717", TARGET_NEVER, TARGET_NEVER },
		{ "255.255.255.255:7717", TARGET_NEVER, TARGET_NEVER },
		{ "[::1]:7717", TARGET_NEVER, TARGET_NEVER },
		{ "[ff02::1]:7717", TARGET_NEVER, TARGET_NEVER },
		{ "[::ffff:10.0.0.1]:7717", TARGET_NEVER, TARGET_NEVER },
		{ "[fe80::1]:7717", TARGET_NEVER, TARGET_NEVER },
		{ "[fe80::1%2]:7717", TARGET_HINT, TARGET_FULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ep ep = { .kind = EP_REFLEXIVE, .addr = address(cases[i].text) };

		ASSERT_EQ(target_worth(&ep, VOUCHED_BY_NONE), cases[i].none);
		ASSERT_EQ(target_worth(&ep, VOUCHED_BY_LIGHTHOUSE), cases[i].lighthouse);
		ASSERT_EQ(target_worth(&ep, VOUCHED_BY_PEER), cases[i].lighthouse);
		ep.kind = EP_TCP;
		ASSERT_EQ(target_worth(&ep, VOUCHED_BY_PEER), TARGET_NEVER);
	}
}

TEST(a_silent_host_gets_64_packets_in_ten_seconds_on_all_its_ports_together)
{
	struct addr to = address("198.51.100.7:1025"), other = address("198.51.100.8:1025");
	unsigned sent = 0;
	usec_t now = NOW;

	target_limit_init(&targets, secret);
	for (; now < NOW + TARGET_TIME; now += 20 * USEC_PER_MS) {
		to.port++;
		sent += target_allow(&targets, now, &to);
	}
	ASSERT_EQ(sent, TARGET_FULL);
	ASSERT(target_allow(&targets, now, &other));
	ASSERT(target_allow(&targets, now, &to));
	for (sent = 0; target_allow(&targets, now, &to);)
		sent++;
	ASSERT_EQ(sent, TARGET_FULL - 1);
	target_answered(&targets, now, &to);
	ASSERT(target_allow(&targets, now, &to));
}

TEST(no_host_pays_for_others_that_are_silent)
{
	struct addr to = address("198.51.100.0:7717");
	usec_t now = NOW;

	target_limit_init(&targets, secret);
	for (unsigned n = 0; n < 30; n++) {
		to.ip[3] = (uint8_t)n;
		for (unsigned i = 0; i < TARGET_FULL; i++, now += USEC_PER_SEC / TARGET_RATE)
			ASSERT(target_allow(&targets, now, &to));
		ASSERT(!target_allow(&targets, now, &to));
	}
	for (unsigned n = 30; n < 130; n++, now += USEC_PER_SEC / TARGET_RATE) {
		to.ip[3] = (uint8_t)n;
		ASSERT(target_allow(&targets, now, &to));
	}
}

TEST(all_silent_hosts_together_get_200_packets_a_second)
{
	struct addr to = address("198.51.100.0:7717");
	unsigned sent = 0;

	target_limit_init(&targets, secret);
	for (unsigned n = 0; n < 1000; n++) {
		to.ip[2] = (uint8_t)(n >> 8);
		to.ip[3] = (uint8_t)n;
		sent += target_allow(&targets, NOW, &to);
	}
	ASSERT_EQ(sent, TARGET_RATE);
}

TEST(an_introduction_is_found_by_its_id_for_thirty_seconds)
{
	static struct introductions is;
	uint8_t id[8] = { 1 }, zero[8] = { 0 }, key[32] = { 9 };
	struct introduction *i = introductions_add(&is, NOW, id, key);

	ASSERT(introductions_add(&is, NOW + 5, id, key) == i);
	ASSERT(introductions_find(&is, NOW + INTRODUCTION_TIME - 1, id) == i);
	ASSERT(introductions_find(&is, NOW + INTRODUCTION_TIME, id) == NULL);
	ASSERT(introductions_find(&is, NOW, zero) == NULL);
	for (unsigned n = 1; n <= INTRODUCTIONS_MAX; n++) {
		id[1] = (uint8_t)n;
		id[2] = (uint8_t)(n >> 8);
		introductions_add(&is, NOW, id, key);
		ASSERT(introductions_find(&is, NOW, id) != NULL);
	}
	memset(id + 1, 0, 7);
	ASSERT(introductions_find(&is, NOW, id) == NULL); /* the oldest made room */
	introductions_wipe(&is);
}

TEST(a_peer_says_100_frames_at_once_and_50_a_second_but_relays_and_probes_apart)
{
	struct patience p = { 0 };
	unsigned heard = 0, probes = 0;

	for (unsigned n = 0; n < 1000; n++)
		heard += patience_allow(&p, NOW, FRAME_QUERY, 20);
	ASSERT_EQ(heard, PATIENCE_BURST);
	for (unsigned n = 0; n < 5000; n++) {
		ASSERT(patience_allow(&p, NOW, FRAME_RELAY_DATA, 1400));
		probes += patience_allow(&p, NOW, FRAME_PING, PING_LEN);
	}
	ASSERT_EQ(probes, PATIENCE_PROBE_BURST / PING_LEN);
	for (usec_t now = NOW, end = NOW + MINUTE; now < end; now += USEC_PER_MS)
		heard += patience_allow(&p, now, FRAME_QUERY, 20);
	ASSERT(heard >= 3099 && heard <= 3100);
}

TEST(the_seventeenth_bad_frame_of_a_minute_mutes_for_the_next)
{
	struct patience p = { 0 };
	usec_t now = NOW;

	for (unsigned n = 0; n < PATIENCE_BAD; n++)
		ASSERT(!patience_bad(&p, now));
	ASSERT(patience_allow(&p, now, FRAME_QUERY, 20));
	ASSERT(patience_bad(&p, now));
	ASSERT(!patience_allow(&p, now, FRAME_QUERY, 20));
	ASSERT(!patience_allow(&p, now + PATIENCE_MUTE - 1, FRAME_PING, PING_LEN));
	ASSERT(patience_allow(&p, now, FRAME_RELAY_DATA, 1400));
	ASSERT(patience_allow(&p, now + PATIENCE_MUTE, FRAME_QUERY, 20));
}

TEST(bad_frames_that_come_rarely_are_forgiven)
{
	struct patience p = { 0 };

	for (usec_t now = NOW; now < NOW + 100 * MINUTE; now += 4 * USEC_PER_SEC)
		ASSERT(!patience_bad(&p, now));
}
