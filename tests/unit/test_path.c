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
	ASSERT_EQ(path_tick(&p, due, true, PATH_KEEPALIVE), PATH_WANTS_HELP);
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

	ASSERT_EQ(path_due(&p, false, 0), 0);
	ASSERT_EQ(path_due(&p, false, PATH_KEEPALIVE), 1000 * MS + PATH_KEEPALIVE);
	ASSERT_EQ(path_tick(&p, 1000 * MS + PATH_KEEPALIVE, false, PATH_KEEPALIVE), PATH_WANTS_PROBE);
}

/* How long the idle path sleeps before it is asked, where NATs are thought to allow `keepalive`. */
static usec_t
sleeps(const struct path *p, usec_t keepalive)
{
	return path_due(p, false, keepalive) - 1000 * MS;
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
	usec_t now = path_due(&p, false, PATH_KEEPALIVE);

	ASSERT_EQ(path_tick(&p, now, false, PATH_KEEPALIVE), PATH_WANTS_PROBE);
	path_probe(&p, now, 7);
	now = path_due(&p, false, PATH_KEEPALIVE);
	ASSERT_EQ(path_tick(&p, now, false, PATH_KEEPALIVE), PATH_WANTS_HELP);
	now = path_due(&p, false, PATH_KEEPALIVE);
	ASSERT_EQ(path_tick(&p, now, false, PATH_KEEPALIVE), PATH_WANTS_PROBE);
	ASSERT_EQ(p.state, PATH_SUSPECT);
	path_probe(&p, now, 8);
	now += 10 * MS;
	ASSERT(path_answered(&p, now, 8));
	ASSERT_EQ(path_due(&p, false, 18 * USEC_PER_SEC), now + 12 * USEC_PER_SEC);
}

TEST(direct_beats_relay_at_once_and_relay_never_beats_a_living_direct_path)
{
	struct path direct = proven(PATH_DIRECT, 1000 * MS, 300 * MS);
	struct path relay = proven(PATH_RELAY, 1000 * MS, 10 * MS);
	struct path streamed = proven(PATH_RELAY, 1000 * MS, 10 * MS);

	streamed.streamed = true;
	ASSERT(path_beats(&direct, &relay, 1000 * MS));
	ASSERT(path_beats(&relay, &streamed, 1000 * MS));
	ASSERT(!path_beats(&relay, &direct, 1000 * MS));
	ASSERT(!path_beats(&streamed, &relay, 1000 * MS));
	path_doubt(&direct, 2000 * MS);
	ASSERT(!path_beats(&relay, &direct, 2000 * MS));
}

TEST(a_path_that_died_answers_twice_before_it_takes_over_from_a_relay)
{
	struct path direct = proven(PATH_DIRECT, 1000 * MS, 10 * MS);
	struct path relay = proven(PATH_RELAY, 1000 * MS, 10 * MS);
	usec_t now;

	path_sent(&direct, 2000 * MS, 100, 7, 1, true);
	now = run_until_dead(&direct, 2000 * MS) + PATH_HOLD_MIN;
	ASSERT(path_loss_percent(&direct) > PATH_LOSSY);
	path_probe(&direct, now, 5);
	ASSERT(path_answered(&direct, now + 10 * MS, 5));
	ASSERT(!path_beats(&direct, &relay, now + 10 * MS));
	ASSERT_EQ(path_tick(&direct, now + 110 * MS, false, 0), PATH_WANTS_PROBE);
	path_probe(&direct, now + 110 * MS, 6);
	ASSERT(path_answered(&direct, now + 120 * MS, 6));
	ASSERT(path_beats(&direct, &relay, now + 120 * MS));
}

TEST(the_score_is_that_of_the_protocol)
{
	struct path direct = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	struct path lan = proven(PATH_LAN, 1000 * MS, 40 * MS);
	struct path relay = proven(PATH_RELAY, 1000 * MS, 40 * MS);

	ASSERT_EQ(path_score(&direct), 40 * MS);
	ASSERT_EQ(path_score(&lan), 35 * MS);
	ASSERT_EQ(path_score(&relay), (40 + 15 + 10) * MS);
	relay.streamed = true;
	ASSERT_EQ(path_score(&relay), (40 + 60 + 20) * MS);
	direct.remote.family = FAMILY_V6;
	direct.theirs = true;
	ASSERT_EQ(path_score(&direct), (40 - 3 - 2) * MS);
	direct.lost = 1;
	direct.history = 20;
	ASSERT_EQ(path_score(&direct), (40 - 3 - 2 + 50) * MS);
	direct.lost = UINT32_MAX;
	direct.history = 32;
	ASSERT_EQ(path_score(&direct), (40 - 3 - 2 + 300) * MS);
}

/* Measures `p` every five seconds for `times` times, and weighs it. */
static usec_t
weigh_often(struct path *p, const struct path *current, usec_t now, unsigned times)
{
	for (unsigned i = 0; i < times; i++, now += 5000 * MS)
		path_weigh(p, current, now);
	return now - 5000 * MS;
}

TEST(between_direct_paths_data_moves_for_a_clear_and_lasting_gain_only)
{
	struct path a = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	struct path close = proven(PATH_DIRECT, 1000 * MS, 38 * MS);
	struct path better = proven(PATH_DIRECT, 1000 * MS, 20 * MS);
	usec_t now = weigh_often(&close, &a, 2000 * MS, 10);

	ASSERT(!path_beats(&close, &a, now));
	now = weigh_often(&better, &a, 2000 * MS, 2);
	ASSERT(!path_beats(&better, &a, now + 60000 * MS)); /* two samples are not three */
	path_weigh(&better, &a, 10000 * MS);
	ASSERT(!path_beats(&better, &a, 10000 * MS)); /* nor eight seconds ten */
	ASSERT(path_beats(&better, &a, 12000 * MS));
	a.srtt = 20 * MS;
	path_weigh(&better, &a, 13000 * MS);
	ASSERT(!path_beats(&better, &a, 13000 * MS)); /* one that is not, and all begins anew */
}

TEST(a_lan_is_taken_at_once)
{
	struct path outside = proven(PATH_DIRECT, 1000 * MS, 20 * MS);
	struct path lan = proven(PATH_LAN, 1000 * MS, 1 * MS);
	struct path far = proven(PATH_LAN, 1000 * MS, 30 * MS);

	ASSERT(path_beats(&lan, &outside, 1000 * MS));
	ASSERT(!path_beats(&far, &outside, 1000 * MS));
}

TEST(after_a_change_of_network_the_first_to_answer_carries_data)
{
	struct path a = proven(PATH_DIRECT, 1000 * MS, 10 * MS);
	struct path b = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_doubt(&a, 2000 * MS);
	path_doubt(&b, 2000 * MS);
	ASSERT(!path_beats(&b, &a, 2000 * MS));
	path_probe(&b, 2000 * MS, 3);
	ASSERT(path_answered(&b, 2040 * MS, 3));
	ASSERT(path_beats(&b, &a, 2040 * MS));
}

TEST(a_suspicion_alone_does_not_move_data_to_another_direct_path)
{
	struct path a = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	struct path b = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_sent(&a, 2000 * MS, 100, 7, 1, true);
	(void)path_tick(&a, 2500 * MS, true, 0);
	ASSERT_EQ(a.state, PATH_SUSPECT);
	ASSERT(!path_beats(&b, &a, 2500 * MS));
}

TEST(what_is_heard_defends_a_path_whose_answers_get_lost)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);
	struct path silent = p;
	usec_t began, dead;

	path_sent(&silent, 2000 * MS, 100, 7, 1, true);
	dead = run_until_dead(&silent, 2000 * MS) - silent.suspect_since;
	path_sent(&p, 2000 * MS, 100, 7, 1, true);
	(void)path_tick(&p, 2500 * MS, true, 0);
	began = p.suspect_since;
	path_heard(&p, began + 10 * MS, 100, 7, 9);
	ASSERT(run_until_dead(&p, began) - began >= 1000 * MS);
	ASSERT(dead < 1000 * MS);
}

TEST(one_lost_answer_is_no_suspicion_while_other_packets_come)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_probe(&p, 2000 * MS, 5);
	path_heard(&p, 2050 * MS, 100, 7, 1);
	ASSERT_EQ(path_tick(&p, 2150 * MS, true, 0), PATH_WANTS_PROBE); /* and asked again soon */
	ASSERT_EQ(p.state, PATH_VALID);
	path_probe(&p, 2150 * MS, 6);
	path_heard(&p, 2200 * MS, 100, 7, 2);
	ASSERT_EQ(path_tick(&p, 2300 * MS, true, 0), PATH_WANTS_PROBE);
	ASSERT_EQ(p.state, PATH_SUSPECT);
}

TEST(a_suspect_path_is_cleared_by_a_report_of_what_was_sent_since)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_sent(&p, 2000 * MS, 100, 7, 50, true);
	path_told(&p, 2800 * MS, 7, 49);
	ASSERT_EQ(p.state, PATH_SUSPECT);
	path_told(&p, 2850 * MS, 7, 50); /* of before: it proves nothing of now */
	ASSERT_EQ(p.state, PATH_SUSPECT);
	path_sent(&p, 2860 * MS, 100, 7, 60, true);
	path_told(&p, 2900 * MS, 7, 60);
	ASSERT_EQ(p.state, PATH_VALID);
}

TEST(a_dead_path_that_once_worked_is_asked_ever_more_seldom)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 10 * MS);
	usec_t now, last;

	path_sent(&p, 2000 * MS, 100, 7, 1, true);
	last = run_until_dead(&p, 2000 * MS);
	ASSERT_EQ(path_due(&p, true, 0), 0); /* but not when nobody cares */
	for (int i = 0; i < 100; i++) {
		now = path_due(&p, false, PATH_KEEPALIVE);
		ASSERT(now - last <= 10000 * MS);
		ASSERT_EQ(path_tick(&p, now, false, PATH_KEEPALIVE), PATH_WANTS_PROBE);
		path_probe(&p, now, 100 + (uint64_t)i);
		ASSERT(i > 0 || now - last <= 1000 * MS);
		last = now;
	}
	ASSERT_EQ(path_due(&p, false, PATH_KEEPALIVE) - last, 10000 * MS);
	ASSERT_EQ(path_due(&p, true, PATH_KEEPALIVE) - last, 500 * MS); /* it is needed */
	path_doubt(&p, last + 100 * MS);
	ASSERT_EQ(path_due(&p, false, PATH_KEEPALIVE), last + 100 * MS);
}

TEST(a_copy_speaks_for_the_path_on_which_it_came_once)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_heard(&p, 1100 * MS, 100, 7, 5);
	path_heard_copy(&p, 1200 * MS, 100, 7, 6);
	ASSERT_EQ(p.last_rx, 1200 * MS);
	ASSERT_EQ(p.heard_highest, 6);
	path_heard_copy(&p, 1300 * MS, 100, 7, 6);
	path_heard_copy(&p, 1300 * MS, 100, 8, 7);
	ASSERT_EQ(p.last_rx, 1200 * MS);
}

TEST(a_path_is_in_doubt_as_soon_as_an_answer_is_late)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_probe(&p, 2000 * MS, 5);
	ASSERT(!path_in_doubt(&p, 2050 * MS));
	ASSERT(path_in_doubt(&p, 2200 * MS));
	path_heard(&p, 2210 * MS, 100, 7, 1);
	ASSERT(path_in_doubt(&p, 2220 * MS)); /* that says nothing of our own direction */
	ASSERT(path_answered(&p, 2230 * MS, 5));
	ASSERT(!path_in_doubt(&p, 2240 * MS));
}

TEST(a_path_is_in_doubt_when_the_peer_does_not_report_what_it_should_have_heard)
{
	struct path p = proven(PATH_DIRECT, 1000 * MS, 40 * MS);

	path_sent(&p, 2000 * MS, 100, 7, 50, true);
	path_told(&p, 2050 * MS, 7, 49); /* it may be on its way */
	ASSERT(!path_in_doubt(&p, 2050 * MS));
	path_told(&p, 2250 * MS, 7, 49);
	ASSERT(path_in_doubt(&p, 2250 * MS));
	ASSERT_EQ(p.state, PATH_VALID);
	path_told(&p, 2260 * MS, 7, 50);
	ASSERT(!path_in_doubt(&p, 2260 * MS));
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

TEST(udp_takes_over_from_a_stream_when_three_answers_in_a_row_have_come)
{
	struct path stream = proven(PATH_STREAM, 1000 * MS, 10 * MS);
	struct path udp = proven(PATH_DIRECT, 1000 * MS, 200 * MS);

	ASSERT(!path_beats(&udp, &stream, 1000 * MS));
	ASSERT(!path_beats(&stream, &udp, 1000 * MS));
	for (uint64_t i = 2; i <= PATH_STEADY_PROBES; i++) {
		ASSERT(!path_is_steady(&udp));
		ASSERT(!path_beats(&udp, &stream, 1000 * MS));
		path_probe(&udp, 1000 * MS, i);
		ASSERT(path_answered(&udp, 1200 * MS, i));
	}
	ASSERT(path_is_steady(&udp));
	ASSERT(path_beats(&udp, &stream, 1200 * MS));
	ASSERT(!path_beats(&stream, &udp, 1200 * MS));
}
