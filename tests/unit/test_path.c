/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_path.c - when is a path believed, doubted, given up, preferred?
 */
#include "node/path.h"
#include "tests/unit/test.h"

#define MS USEC_PER_MS

static const struct addr somewhere = {
	.family = FAMILY_V4,
	.port = 7717,
	.ip = { 198, 18, 0, 1 },
};

/* A path that answered its first probe after `rtt`. */
static struct path
proven(enum path_class kind, usec_t now, usec_t rtt)
{
	struct path p;

	path_init(&p, kind, ORIGIN_SEEN, SOCKET_V4, &somewhere);
	path_probe(&p, now - rtt, 1);
	ASSERT(path_answered(&p, now, 1));
	return p;
}

TEST(a_new_path_carries_nothing_until_it_answers_a_fresh_probe)
{
	struct path p;

	path_init(&p, PATH_DIRECT, ORIGIN_SEEN, SOCKET_V4, &somewhere);
	ASSERT(!path_usable(&p, 1000 * MS));
	path_heard(&p, 1000 * MS, 100, 7, 1);
	ASSERT(!path_usable(&p, 1000 * MS));
	path_probe(&p, 1000 * MS, 42);
	ASSERT(!path_answered(&p, 1010 * MS, 41));
	ASSERT(!path_answered(&p, 1010 * MS, 0));
	ASSERT(!path_usable(&p, 1010 * MS));
	ASSERT(path_answered(&p, 1020 * MS, 42));
	ASSERT(path_usable(&p, 1020 * MS));
	ASSERT_EQ(p.srtt, 20 * MS);
}

TEST(one_answer_counts_once)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);

	ASSERT(!path_answered(&p, 1100 * MS, 1));
	ASSERT_EQ(p.srtt, 10 * MS);
}

/* Runs the path by its own deadlines, answering nothing, until it dies; returns when. */
static usec_t
run_until_dead(struct path *p, usec_t now)
{
	unsigned probes = 0;
	uint64_t txid = 100;

	for (int i = 0; i < 100; i++) {
		usec_t due = path_due(p, true, PATH_KEEPALIVE);
		enum path_want want;

		ASSERT(due != 0);
		now = max_u64(now, due);
		want = path_tick(p, now, true, PATH_KEEPALIVE);
		if (want == PATH_DIED) {
			ASSERT(probes >= PATH_DEATH_PROBES);
			return now;
		}
		if (want == PATH_WANTS_PROBE) {
			path_probe(p, now, txid++);
			probes++;
		}
	}
	ASSERT(!"it never dies");
	return 0;
}

TEST(an_active_path_that_falls_silent_is_dead_within_twelve_tenths_of_a_second)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	usec_t dead;

	path_sent(&p, 2000 * MS, 100, 7, 1, true);
	dead = run_until_dead(&p, 2000 * MS);
	ASSERT(dead - 2000 * MS <= 1200 * MS);
	ASSERT_EQ(p.state, PATH_DEAD);
	ASSERT(!path_usable(&p, dead));
}

TEST(an_answer_in_time_keeps_a_suspect_path)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	usec_t due;

	path_sent(&p, 2000 * MS, 100, 7, 1, true);
	due = path_due(&p, true, PATH_KEEPALIVE);
	ASSERT_EQ(path_tick(&p, due, true, PATH_KEEPALIVE), PATH_WANTS_PROBE);
	ASSERT_EQ(p.state, PATH_VALID); /* asked before it is doubted */
	path_probe(&p, due, 8);
	due = path_due(&p, true, PATH_KEEPALIVE);
	ASSERT_EQ(path_tick(&p, due, true, PATH_KEEPALIVE), PATH_WANTS_PROBE);
	ASSERT_EQ(p.state, PATH_SUSPECT);
	path_probe(&p, due, 9);
	ASSERT(path_answered(&p, due + 40 * MS, 9));
	ASSERT_EQ(p.state, PATH_VALID);
}

TEST(who_only_listens_is_asked_and_never_doubted)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	uint64_t txid = 10;
	usec_t answer = 0;

	for (usec_t now = 2000 * MS; now < 12000 * MS; now += 10 * MS) {
		path_sent(&p, now, 100, 7, now, true);
		if (answer != 0 && now >= answer) {
			path_heard(&p, now, 96, 7, txid);
			ASSERT(path_answered(&p, now, txid++));
			answer = 0;
		}
		if (path_tick(&p, now, true, PATH_KEEPALIVE) == PATH_WANTS_PROBE) {
			path_probe(&p, now, txid);
			answer = now + 40 * MS;
		}
		ASSERT_EQ(p.state, PATH_VALID);
	}
	ASSERT(txid <= 10 + 45); /* four a second at the most */
}

TEST(a_path_on_which_only_the_peer_is_heard_is_doubted_by_the_peers_report)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_sent(&p, 2000 * MS, 100, 7, 50, true);
	path_heard(&p, 2900 * MS, 100, 7, 9); /* theirs arrive */
	path_told(&p, 2950 * MS, 7, 49);      /* ours do not */
	ASSERT_EQ(p.state, PATH_SUSPECT);
}

TEST(a_report_of_what_was_sent_clears_the_path)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_sent(&p, 2000 * MS, 100, 7, 50, true);
	path_told(&p, 2950 * MS, 7, 50);
	ASSERT_EQ(p.state, PATH_VALID);
	path_told(&p, 2960 * MS, 7, 49); /* an older report, late */
	ASSERT_EQ(p.state, PATH_VALID);
}

TEST(a_report_about_another_keypair_says_nothing)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_sent(&p, 2000 * MS, 100, 7, 50, true);
	path_told(&p, 2950 * MS, 8, 0);
	ASSERT_EQ(p.state, PATH_VALID);
}

TEST(hold_down_doubles_to_a_minute_and_is_forgotten_in_health)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);
	usec_t now = 2000 * MS, expected = PATH_HOLD_MIN;

	for (int i = 0; i < 8; i++) {
		path_sent(&p, now, 100, 7, 1, true);
		now = run_until_dead(&p, now);
		ASSERT_EQ(p.held_until - now, expected);
		path_probe(&p, now, 5);
		ASSERT(path_answered(&p, now + 10 * MS, 5));
		ASSERT(!path_usable(&p, now + 10 * MS));
		now = p.held_until;
		path_heard(&p, now, 10, 7, 1);
		ASSERT(path_usable(&p, now));
		expected = min_u64(2 * expected, PATH_HOLD_MAX);
	}
	now += PATH_HEALTHY_AFTER + USEC_PER_SEC;
	path_probe(&p, now, 6);
	ASSERT(path_answered(&p, now, 6));
	ASSERT_EQ(p.hold, 0);
}

TEST(an_idle_warm_path_is_asked_every_twenty_seconds_and_a_cold_one_never)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);

	ASSERT_EQ(path_due(&p, true, 0), 0);
	ASSERT_EQ(path_due(&p, true, PATH_KEEPALIVE), 1000 * MS + PATH_KEEPALIVE);
	ASSERT_EQ(path_tick(&p, 1000 * MS + PATH_KEEPALIVE, true, PATH_KEEPALIVE), PATH_WANTS_PROBE);
}

/* How long the idle path sleeps before it is asked, where NATs are thought to allow `keepalive`. */
static usec_t
sleeps(const struct path *p, usec_t keepalive)
{
	return path_due(p, true, keepalive) - 1000 * MS;
}

TEST(a_path_that_a_nat_forgot_sleeps_less_and_less)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);

	path_seen(&p, 4000);
	path_seen(&p, 4000);
	ASSERT_EQ(sleeps(&p, 24 * USEC_PER_SEC), 24 * USEC_PER_SEC);
	path_seen(&p, 4001);
	ASSERT_EQ(sleeps(&p, 24 * USEC_PER_SEC), 16 * USEC_PER_SEC);
	for (uint16_t port = 4002; port < 4020; port++)
		path_seen(&p, port);
	ASSERT_EQ(sleeps(&p, 24 * USEC_PER_SEC), PATH_KEEPALIVE_MIN);
	ASSERT_EQ(sleeps(&p, PATH_KEEPALIVE_MIN), PATH_KEEPALIVE_MIN);
}

TEST(a_keepalive_without_an_answer_makes_the_next_ones_more_frequent)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);
	usec_t now = path_due(&p, true, PATH_KEEPALIVE);

	ASSERT_EQ(path_tick(&p, now, true, PATH_KEEPALIVE), PATH_WANTS_PROBE);
	path_probe(&p, now, 7);
	now = path_due(&p, true, PATH_KEEPALIVE);
	ASSERT_EQ(path_tick(&p, now, true, PATH_KEEPALIVE), PATH_WANTS_PROBE);
	ASSERT_EQ(p.state, PATH_SUSPECT);
	path_probe(&p, now, 8);
	now += 10 * MS;
	ASSERT(path_answered(&p, now, 8));
	ASSERT_EQ(path_due(&p, true, 18 * USEC_PER_SEC), now + 12 * USEC_PER_SEC);
}

TEST(direct_beats_relay_at_once_and_relay_never_beats_a_living_direct_path)
{
	struct path direct = proven(PATH_DIRECT, 1000 * MS, 300 * MS);
	struct path relay = proven(PATH_RELAY, 1000 * MS, 10 * MS);

	ASSERT(path_beats(&direct, &relay));
	ASSERT(!path_beats(&relay, &direct));
}

TEST(between_direct_paths_a_small_gain_does_not_move_data)
{
	struct path a = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	struct path b = proven(PATH_DIRECT, 1000 * MS, 38 * MS);
	struct path c = proven(PATH_DIRECT, 1000 * MS, 20 * MS);

	ASSERT(!path_beats(&b, &a));
	ASSERT(path_beats(&c, &a));
	ASSERT(!path_beats(&a, &c));
}

TEST(an_address_that_only_spoke_gets_three_times_what_it_sent)
{
	struct path p;

	path_init(&p, PATH_DIRECT, ORIGIN_HEARD, SOCKET_V4, &somewhere);
	ASSERT(!path_may_send(&p, 1));
	path_heard(&p, 1000 * MS, 100, 7, 1);
	ASSERT(path_may_send(&p, 300));
	ASSERT(!path_may_send(&p, 301));
	path_sent(&p, 1000 * MS, 250, 7, 1, false);
	ASSERT(!path_may_send(&p, 51));
	path_probe(&p, 1000 * MS, 3);
	ASSERT(path_answered(&p, 1010 * MS, 3));
	ASSERT(path_may_send(&p, 10000));
}

TEST(a_path_unheard_for_long_is_not_trusted_with_data)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);

	ASSERT(path_usable(&p, 1000 * MS + PATH_STALE_AFTER - 1));
	ASSERT(!path_usable(&p, 1000 * MS + PATH_STALE_AFTER));
}

TEST(loss_counts_the_probes_that_were_forgotten_unanswered)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);

	ASSERT_EQ(path_loss_percent(&p), 0);
	for (uint64_t i = 0; i < PATH_PROBES_MAX + 3; i++)
		path_probe(&p, 2000 * MS + i * MS, 10 + i);
	ASSERT_EQ(path_loss_percent(&p), 75); /* three lost of four judged */
}
