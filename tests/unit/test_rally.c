/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_rally.c - parties start together or not at all, and stop together.
 */
#include "tests/unit/rallies.h"

static void
all_come(unsigned parties)
{
	hall_open(parties);
	for (unsigned i = 0; i < parties; i++)
		party_comes(i, "sum.py");
}

/* Everybody's program ends well. */
static void
all_end(void)
{
	for (unsigned i = 0; i < hall.study.count; i++) {
		hall.party[i].running = false;
		rally_ended(hall.party[i].rally, hall.now, true, "");
	}
}

TEST(parties_start_when_all_are_there_and_end_when_all_have_ended)
{
	static const unsigned counts[] = { 1, 2, 3, 5, 10 };

	for (unsigned k = 0; k < ARRAY_LEN(counts); k++) {
		all_come(counts[k]);
		hall_run(SEC);
		ASSERT_EQ(hall_running(), counts[k]);
		all_end();
		ASSERT(counts[k] == 1 || !hall_is_over());
		hall_run(2 * SEC);
		ASSERT(hall_is_over());
		for (unsigned i = 0; i < counts[k]; i++)
			ASSERT(hall.party[i].ended && hall.party[i].starts == 1);
		hall_close();
	}
}

TEST(nobody_starts_without_the_last_one_however_late_it_comes)
{
	hall_open(3);
	party_comes(0, "sum.py");
	party_comes(2, "sum.py");
	hall_run(300 * SEC);
	ASSERT_EQ(hall_running(), 0);
	ASSERT_EQ(hall_sees(0, 1).phase, RUN_NOWHERE);
	ASSERT_EQ(hall_sees(0, 2).phase, RUN_HERE);
	party_comes(1, "sum.py");
	hall_run(SEC);
	ASSERT_EQ(hall_running(), 3);
	hall_close();
}

TEST(facts_that_differ_are_named_and_nobody_starts)
{
	struct rally_walk at = { 0 };
	struct rally_difference d;

	hall_open(3);
	party_comes(0, "sum.py");
	party_comes(1, "max.py");
	party_comes(2, "sum.py");
	hall_run(20 * SEC);
	ASSERT_EQ(hall_running(), 0);
	ASSERT_EQ(hall_sees(0, 1).differences, 1);
	ASSERT_EQ(hall_sees(0, 2).differences, 0);
	ASSERT_EQ(hall_sees(1, 0).differences, 1);
	ASSERT(rally_differs(hall.party[2].rally, 1, &at, &d));
	ASSERT_STR(d.name, "program");
	ASSERT_STR(d.ours, "sum.py");
	ASSERT_STR(d.theirs, "max.py");
	ASSERT(!rally_differs(hall.party[2].rally, 1, &at, &d));
	/* It is started again, as the others are. */
	party_comes(1, "sum.py");
	hall_run(SEC);
	ASSERT_EQ(hall_running(), 3);
	hall_close();
}

/* Facts as text: "name=value", "~name=value" for what is only told. */
static struct blob
facts_of(uint8_t *room, const char *const *texts, size_t n)
{
	struct run_fact facts[4] = { 0 };
	int len;

	for (size_t i = 0; i < n; i++) {
		const char *t = texts[i], *eq;

		facts[i].told = *t == '~';
		t += facts[i].told;
		eq = strchr(t, '=');
		memcpy(facts[i].name, t, (size_t)(eq - t));
		strcpy(facts[i].value, eq + 1);
	}
	len = run_facts_encode(room, RUN_FACTS_LEN_MAX, facts, n);
	ASSERT(len >= 0);
	return (struct blob){ room, (uint16_t)len };
}

TEST(what_only_one_has_differs_and_what_is_only_told_does_not)
{
	static const char *const ours[] = { "a=1", "b=2", "~c=3", "e=5" };
	static const char *const theirs[] = { "b=2", "~c=4", "d=1", "e=6" };
	static uint8_t mine[RUN_FACTS_LEN_MAX], others[RUN_FACTS_LEN_MAX];
	struct rally_config c = { .study = &hall.study, .life = 1 };
	struct rally_walk at = { 0 };
	struct rally_difference d;
	struct rally *r;

	hall_open(2);
	c.facts = facts_of(mine, ours, 4);
	r = rally_new(&c, hall.now);
	r->party[1].facts_len = facts_of(others, theirs, 4).len;
	memcpy(r->party[1].facts, others, r->party[1].facts_len);
	ASSERT(rally_differs(r, 1, &at, &d));
	ASSERT(strcmp(d.name, "a") == 0 && d.we_have && !d.they_have);
	ASSERT(rally_differs(r, 1, &at, &d));
	ASSERT(strcmp(d.name, "d") == 0 && !d.we_have && d.they_have);
	ASSERT(rally_differs(r, 1, &at, &d));
	ASSERT(strcmp(d.name, "e") == 0 && strcmp(d.theirs, "6") == 0);
	ASSERT(!rally_differs(r, 1, &at, &d));
	rally_free(r);
	hall_close();
}

TEST(one_that_fails_stops_all_within_a_second_or_two)
{
	static const unsigned losses[] = { 0, 30 };

	for (unsigned k = 0; k < ARRAY_LEN(losses); k++) {
		all_come(5);
		hall_run(SEC);
		hall.loss = losses[k];
		hall.party[2].running = false;
		rally_ended(hall.party[2].rally, hall.now, false, "exited 1: ValueError\n");
		hall_run(losses[k] > 0 ? 5 * SEC : SEC / 2);
		ASSERT_EQ(hall_running(), 0);
		for (unsigned i = 0; i < 5; i++) {
			struct rally_view v;

			rally_view(hall.party[i].rally, &v);
			ASSERT(v.phase == RUN_ABORTED && v.party == 2 && v.reason == RUN_FAILED);
			ASSERT_STR(v.text, "exited 1: ValueError?");
			ASSERT(!v.again);
		}
		hall_run(12 * SEC);
		ASSERT(hall_is_over());
		hall_close();
	}
}

TEST(an_abort_reaches_who_has_no_path_to_its_party)
{
	all_come(3);
	hall_run(SEC);
	/* 2 fails, and is heard by 1 alone. */
	hall.party[0].silent = true;
	rally_ended(hall.party[2].rally, hall.now, false, "killed by signal 9");
	hall.party[2].running = false;
	hall_run(SEC);
	ASSERT(hall.party[0].running && hall.party[1].stops == 1);
	hall.party[0].silent = false;
	hall.party[2].silent = true;
	hall_run(SEC);
	ASSERT_EQ(hall_running(), 0);
	hall_close();
}

TEST(a_run_is_begun_again_as_often_as_was_said)
{
	hall_open(3);
	hall.restarts = 2;
	for (unsigned i = 0; i < 3; i++)
		party_comes(i, "sum.py");
	for (unsigned run = 1; run <= 3; run++) {
		hall_run(3 * SEC);
		ASSERT_EQ(hall_running(), 3);
		ASSERT_EQ(hall.party[run % 3].ran, run);
		hall.party[run % 3].running = false;
		rally_ended(hall.party[run % 3].rally, hall.now, false, "exited 1");
	}
	hall_run(15 * SEC);
	ASSERT(hall_running() == 0 && hall_is_over());
	hall_close();
}

TEST(who_begins_a_run_no_more_ends_it_for_all)
{
	hall_open(3);
	hall.restarts = 5;
	party_comes(0, "sum.py");
	party_comes(1, "sum.py");
	hall.restarts = 0;
	party_comes(2, "sum.py");
	hall_run(SEC);
	hall.party[0].running = false;
	rally_ended(hall.party[0].rally, hall.now, false, "exited 1");
	hall_run(20 * SEC);
	ASSERT(hall_running() == 0 && hall_is_over());
	hall_close();
}

TEST(a_person_ends_it_for_all_and_not_only_this_time)
{
	hall_open(3);
	hall.restarts = 5;
	for (unsigned i = 0; i < 3; i++)
		party_comes(i, "sum.py");
	hall_run(SEC);
	rally_abort(hall.party[1].rally, hall.now, RUN_INTERRUPTED, "");
	hall_run(2 * SEC);
	ASSERT_EQ(hall_running(), 0);
	hall_run(12 * SEC);
	ASSERT(hall_is_over());
	hall_close();
}

TEST(who_leaves_before_the_start_is_waited_for)
{
	hall_open(3);
	party_comes(0, "sum.py");
	party_comes(1, "sum.py");
	hall_run(SEC);
	rally_abort(hall.party[1].rally, hall.now, RUN_INTERRUPTED, "");
	hall_run(SEC);
	ASSERT_EQ(hall_sees(0, 1).phase, RUN_ABORTED);
	ASSERT_EQ(hall_sees(0, 1).reason, RUN_INTERRUPTED);
	ASSERT_EQ(hall.party[0].rally->phase, RUN_HERE);
	party_comes(1, "sum.py");
	party_comes(2, "sum.py");
	hall_run(SEC);
	ASSERT_EQ(hall_running(), 3);
	hall_close();
}

TEST(who_is_killed_before_the_start_is_not_counted)
{
	hall_open(3);
	party_comes(1, "sum.py");
	party_comes(2, "sum.py");
	hall_run(SEC);
	party_dies(1);
	hall_run(RALLY_FRESH + SEC);
	party_comes(0, "sum.py");
	hall_run(20 * SEC);
	ASSERT_EQ(hall_running(), 0);
	ASSERT_EQ(hall_sees(0, 1).phase, RUN_NOWHERE);
	hall_close();
}

TEST(who_is_killed_and_comes_again_ends_the_run)
{
	for (unsigned killed = 0; killed < 3; killed++) {
		hall_open(3);
		hall.restarts = 1;
		for (unsigned i = 0; i < 3; i++)
			party_comes(i, "sum.py");
		hall_run(SEC);
		party_dies(killed);
		hall_run(30 * SEC);
		ASSERT_EQ(hall_running(), 2); /* TCP outlives a silence, so nobody stops */
		party_comes(killed, "sum.py");
		hall_run(SEC / 2);
		hall_run(4 * SEC);
		ASSERT_EQ(hall_running(), 3);
		ASSERT_EQ(hall.party[killed].ran, 2);
		hall_close();
	}
}

TEST(silence_fails_a_run_only_where_that_was_asked_for)
{
	hall_open(3);
	hall.absence = 20 * SEC;
	for (unsigned i = 0; i < 3; i++)
		party_comes(i, "sum.py");
	hall_run(SEC);
	party_dies(1);
	hall_run(18 * SEC);
	ASSERT_EQ(hall_running(), 2);
	hall_run(4 * SEC);
	ASSERT_EQ(hall_running(), 0);
	ASSERT_EQ(hall.party[0].rally->reason, RUN_ABSENT);
	ASSERT_EQ(hall.party[0].rally->culprit, 1);
	hall_close();
}

TEST(who_is_revoked_ends_the_run_and_is_not_waited_for)
{
	all_come(3);
	hall_run(SEC);
	rally_lost(hall.party[0].rally, hall.now, 2);
	hall_run(SEC);
	ASSERT_EQ(hall_running(), 0);
	ASSERT_EQ(hall.party[1].rally->reason, RUN_REVOKED);
	ASSERT_EQ(hall.party[1].rally->culprit, 2);
	hall_close();
}

TEST(two_processes_for_one_party_are_noticed)
{
	struct rally *first;

	hall_open(3);
	party_comes(0, "sum.py");
	party_comes(1, "sum.py");
	hall_run(SEC);
	first = hall.party[1].rally;
	hall.party[1].rally = NULL;
	party_comes(1, "sum.py");
	for (unsigned i = 0; i < 20; i++) {
		uint8_t frame[FRAME_MAX];
		size_t len;
		unsigned to;

		while ((len = rally_say(first, hall.now, &to, frame)) > 0)
			post(1, to, frame, len);
		hall_run(SEC / 2);
	}
	ASSERT(hall_sees(0, 1).twice);
	party_comes(2, "sum.py");
	hall_run(SEC);
	ASSERT_EQ(hall_running(), 0);
	/* One of them is stopped. */
	rally_free(first);
	hall_run(RALLY_FRESH + 2 * SEC);
	ASSERT_EQ(hall_running(), 3);
	hall_close();
}

TEST(a_late_word_of_a_process_that_is_no_more_does_not_last)
{
	uint8_t frame[FRAME_MAX];
	struct rally *first;
	size_t len;
	unsigned to;

	hall_open(2);
	party_comes(0, "sum.py");
	party_comes(1, "sum.py");
	first = hall.party[1].rally;
	hall.party[1].rally = NULL;
	len = rally_say(first, hall.now, &to, frame);
	ASSERT(len > 0);
	hall.dies = 0;
	party_comes(1, "max.py"); /* so that nobody starts */
	hall_run(SEC);
	hall.delay = 0;
	post(1, 0, frame, len);
	rally_free(first);
	hall_run(RALLY_FRESH + 2 * SEC);
	ASSERT_EQ(hall.party[0].rally->party[1].life, hall.party[1].life);
	ASSERT(!hall_sees(0, 1).twice);
	hall_close();
}

TEST(another_study_of_the_same_name_is_said)
{
	hall_open(3);
	party_comes(0, "sum.py");
	rally_hear_other(hall.party[0].rally, hall.now, 1);
	ASSERT(hall_sees(0, 1).other_study);
	ASSERT(!hall_sees(0, 2).other_study);
	party_comes(1, "sum.py");
	party_comes(2, "sum.py");
	hall_run(SEC);
	ASSERT(!hall_sees(0, 1).other_study);
	ASSERT_EQ(hall_running(), 3);
	rally_hear_other(hall.party[0].rally, hall.now, 1);
	ASSERT(!hall_sees(0, 1).other_study);
	hall_close();
}

TEST(go_that_is_of_other_processes_starts_nobody)
{
	uint8_t frame[FRAME_MAX];
	struct run_mark m = { 0 };
	struct rally *r;
	struct frame f;
	int len;

	hall_open(3);
	party_comes(0, "sum.py");
	party_comes(1, "sum.py");
	party_comes(2, "sum.py");
	for (unsigned n = 0; n < 400 && hall.party[1].rally->phase != RUN_READY; n++)
		hall_run(10 * MS);
	r = hall.party[1].rally;
	ASSERT_EQ(r->phase, RUN_READY);
	m.head = (struct run_head){ .number = 1, .life = hall.party[0].life,
		.yours = hall.party[1].life, .seen = RUN_READY };
	memcpy(m.head.study, hall.study.hash, sizeof(m.head.study));
	test_fill(m.agreement, sizeof(m.agreement));
	len = run_mark_encode(frame, sizeof(frame), FRAME_RUN_GO, &m);
	ASSERT_EQ(frame_open(&f, frame, (size_t)len), FRAME_SPOKEN);
	ASSERT_EQ(rally_hear(r, hall.now, 0, &f), 0);
	ASSERT_EQ(r->phase, RUN_READY);
	/* Nor does one of a party that is not the first. */
	memcpy(m.agreement, r->agreement, sizeof(m.agreement));
	m.head.life = hall.party[2].life;
	len = run_mark_encode(frame, sizeof(frame), FRAME_RUN_GO, &m);
	ASSERT_EQ(frame_open(&f, frame, (size_t)len), FRAME_SPOKEN);
	ASSERT_EQ(rally_hear(r, hall.now, 2, &f), 0);
	ASSERT_EQ(r->phase, RUN_READY);
	hall_close();
}

TEST(waiting_and_running_cost_little)
{
	all_come(5);
	hall_run(5 * SEC);
	hall.said = 0;
	hall_run(100 * SEC);
	/* Each of 20 directions once a second. */
	ASSERT(hall.said <= 20 * 101);
	hall_close();
}

/* A network of any quality starts everybody, once, in the same run. */
TEST(all_start_whatever_the_network_does)
{
	for (unsigned n = 0; n < 30; n++) {
		unsigned parties = 2 + (unsigned)test_below(5);

		hall_open(parties);
		hall.loss = (unsigned)test_below(50);
		hall.twice = (unsigned)test_below(50);
		hall.jitter = test_below(SEC);
		for (unsigned i = 0; i < parties; i++) {
			party_comes(i, "sum.py");
			hall_run(test_below(SEC));
		}
		hall_run(60 * SEC);
		ASSERT_EQ(hall_running(), parties);
		for (unsigned i = 0; i < parties; i++)
			ASSERT_EQ(hall.party[i].starts, 1);
		hall_close();
	}
}

/* Parties come, fail and are killed at any moment; when that ends, all run, or none does. */
TEST(whatever_happens_nobody_runs_alone_for_long)
{
	for (unsigned n = 0; n < 30; n++) {
		unsigned parties = 2 + (unsigned)test_below(4);

		hall_open(parties);
		hall.loss = (unsigned)test_below(40);
		hall.twice = (unsigned)test_below(40);
		hall.jitter = test_below(SEC);
		hall.restarts = 1000;
		hall.dies = test_below(3 * SEC);
		for (unsigned k = 0; k < 40; k++) {
			unsigned i = (unsigned)test_below(parties);
			struct party *p = &hall.party[i];

			if (p->rally == NULL || test_below(3) == 0)
				party_comes(i, "sum.py");
			else if (test_below(3) == 0)
				party_dies(i);
			else if (p->running && p->stopping == 0) {
				p->running = false;
				rally_ended(p->rally, hall.now, false, "exited 1");
			}
			hall_run(test_below(4 * SEC));
		}
		for (unsigned i = 0; i < parties; i++) {
			if (hall.party[i].rally == NULL)
				party_comes(i, "sum.py");
		}
		hall.loss = 10;
		hall_run(60 * SEC);
		ASSERT_EQ(hall_running(), parties);
		hall_close();
	}
}

/*
 * Rows
 */

static struct run_cell
cell_of(unsigned from, unsigned to, uint64_t traffic)
{
	return (struct run_cell){ .path = RUN_PATH_DIRECT, .rtt_us = 1000 * from + to + 1,
		.loss_percent = (uint8_t)from, .tx_bytes = traffic, .tx_packets = traffic };
}

static void
all_measure(uint64_t traffic)
{
	for (unsigned i = 0; i < hall.study.count; i++) {
		for (unsigned k = 0; k < hall.study.count; k++) {
			struct run_cell c = cell_of(i, k, traffic + i);

			if (k != i)
				rally_measure(hall.party[i].rally, hall.now, k, &c);
		}
	}
}

/* Does every party know of each how it reaches all, with this traffic? */
static void
all_know_rows(uint64_t traffic)
{
	unsigned n = hall.study.count;
	usec_t at;

	for (unsigned i = 0; i < n * n * n; i++) {
		unsigned who = i / n / n, of = i / n % n, to = i % n;
		const struct run_cell *row = rally_row(hall.party[who].rally, of, &at);
		struct run_cell want = cell_of(of, to, traffic);

		ASSERT(row != NULL && at != 0);
		if (to == of)
			want = (struct run_cell){ 0 };
		ASSERT(memcmp(&row[to], &want, sizeof(want)) == 0);
	}
}

TEST(everybody_learns_how_everybody_reaches_everybody)
{
	usec_t at;

	hall_open(4);
	hall.loss = 20;
	for (unsigned i = 0; i < 4; i++)
		party_comes(i, "sum.py");
	ASSERT(rally_row(hall.party[0].rally, 0, &at) == NULL);
	all_measure(500); /* before the run: it does not count */
	hall_run(10 * SEC);
	ASSERT_EQ(hall_running(), 4);
	all_know_rows(0);
	all_measure(700);
	hall_run(20 * SEC);
	all_know_rows(200);
	all_measure(0); /* counters began again at 0, and have come to i */
	all_measure(50);
	hall_run(20 * SEC);
	for (unsigned i = 0; i < 4; i++) {
		const struct run_cell *row = rally_row(hall.party[3].rally, i, &at);

		ASSERT_EQ(row[(i + 1) % 4].tx_bytes, 250 + i);
	}
	hall_close();
}

TEST(a_row_too_long_for_one_frame_comes_in_pieces)
{
	const unsigned n = STUDY_PARTIES_MAX;
	uint8_t facts[1], frame[FRAME_MAX];
	struct rally_config c = { .study = &hall.study, .life = 7, .facts = { facts, 0 } };
	struct rally *r;
	unsigned to, rows = 0, cells = 0;
	size_t len;

	hall_open(n);
	r = rally_new(&c, hall.now);
	ASSERT(r != NULL);
	for (unsigned i = 1; i < n; i++) {
		struct run_cell cell = cell_of(0, i, 0);

		rally_measure(r, hall.now, i, &cell);
	}
	/* Nobody has been heard: nobody is told. */
	while ((len = rally_say(r, hall.now, &to, frame)) > 0)
		ASSERT(frame[1] == FRAME_RUN_HELLO);
	r->party[5].life = 9;
	r->party[5].row_due = hall.now;
	while (rally_say(r, hall.now, &to, frame) > 0) /* it does not know us */
		ASSERT(frame[1] == FRAME_RUN_HELLO);
	r->party[5].yours = c.life;
	while ((len = rally_say(r, hall.now, &to, frame)) > 0) {
		struct run_row row;
		struct frame f;

		ASSERT_EQ(frame_open(&f, frame, len), FRAME_SPOKEN);
		ASSERT(f.type == FRAME_RUN_ROW && to == 5 && run_row_decode(&row, &f) == 0);
		ASSERT_EQ(row.first, cells);
		cells += row.count;
		rows++;
	}
	ASSERT(rows == 3 && cells == n);
	ASSERT_EQ(rally_row_due(r, 5), hall.now + RALLY_ROW);
	rally_free(r);
	hall_close();
}

TEST(a_row_says_nothing_about_a_party_that_there_is_not)
{
	struct run_row row = { .head = { .number = 1, .life = 0, .yours = 0 }, .first = 2, .count = 2 };
	uint8_t bytes[FRAME_MAX];
	struct frame f;
	usec_t at;

	hall_open(3);
	for (unsigned i = 0; i < 3; i++)
		party_comes(i, "sum.py");
	hall_run(SEC);
	memcpy(row.head.study, hall.study.hash, STUDY_HASH_LEN);
	row.head.life = hall.party[1].life;
	ASSERT_EQ(frame_open(&f, bytes, (size_t)run_row_encode(bytes, sizeof(bytes), &row)),
	    FRAME_SPOKEN);
	ASSERT_EQ(rally_hear(hall.party[0].rally, hall.now, 1, &f), 0);
	ASSERT(rally_row(hall.party[0].rally, 1, &at) == NULL);
	row.first = 1;
	ASSERT_EQ(frame_open(&f, bytes, (size_t)run_row_encode(bytes, sizeof(bytes), &row)),
	    FRAME_SPOKEN);
	ASSERT_EQ(rally_hear(hall.party[0].rally, hall.now, 1, &f), 0);
	ASSERT(rally_row(hall.party[0].rally, 1, &at) != NULL);
	/* Of an earlier life it is nobody's word. */
	row.head.life ^= 2;
	row.cells[0].rtt_us = 77;
	ASSERT_EQ(frame_open(&f, bytes, (size_t)run_row_encode(bytes, sizeof(bytes), &row)),
	    FRAME_SPOKEN);
	ASSERT_EQ(rally_hear(hall.party[0].rally, hall.now, 1, &f), 0);
	ASSERT_EQ(rally_row(hall.party[0].rally, 1, &at)[1].rtt_us, 0);
	hall_close();
}
