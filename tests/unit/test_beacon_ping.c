/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PINGs to a lighthouse: where somebody is, and what measures that and moves nobody.
 */
#include "tests/unit/parties.h"

TEST(a_ping_is_answered_from_where_it_asks_and_moves_nobody_from_the_second_port)
{
	uint8_t frame[PING_LEN];
	struct ping ping = { .txid = 42, .path = 3, .time_us = 1234 }, pong;
	struct query q = by_name(1, "party1", 0);
	struct addr before;
	socket_id from;
	struct frame f;

	begin_registered();
	for (int n = 0; n < 4; n++) {
		one->via = n & 1 ? SOCKET_ALT_V4 : SOCKET_V4;
		ping.flags = n & 2 ? PING_OTHER_PORT : 0;
		ASSERT(guest_say(&scene, one, frame,
		    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
		ASSERT(guest_got(one, FRAME_PONG, &f, &from));
		ASSERT_EQ(ping_decode(&pong, &f), 0);
		ASSERT_EQ(from, (n & 1) != (n >> 1) ? SOCKET_ALT_V4 : SOCKET_V4);
		ASSERT_EQ(pong.txid, 42);
		ASSERT_EQ(pong.path, 3);
		ASSERT_EQ(pong.time_us, 1234);
		ASSERT(addr_equal(&pong.observed.addr, &one->at));
	}
	before = one->at;
	one->at.port = 999;
	one->via = SOCKET_ALT_V4;
	ASSERT(guest_say(&scene, one, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
	ASSERT(got(one, FRAME_PONG, &f));
	ASSERT(addr_equal(&ask(two, &q).contact.eps.ep[0].addr, &before));
	one->via = SOCKET_V4;
	ASSERT(guest_say(&scene, one, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
	ASSERT(addr_equal(&ask(two, &q).contact.eps.ep[0].addr, &one->at));
}

/* Says PING, as a keepalive does. */
static void
keep_alive(struct guest *g)
{
	struct ping ping = { .txid = 42 };
	uint8_t frame[PING_LEN];

	ASSERT(guest_say(&scene, g, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
}

TEST(a_client_is_somewhere_else_when_it_has_answered_from_there)
{
	struct query q = by_name(1, "party1", 0);
	struct addr before;

	begin_registered();
	before = one->at;
	one->at.port = 999;
	one->no_pong = true;
	keep_alive(one);
	ASSERT(addr_equal(&ask(two, &q).contact.eps.ep[0].addr, &before));
	one->no_pong = false;
	scene_run(&scene, PLACE_ASK_EVERY);
	keep_alive(one);
	ASSERT(addr_equal(&ask(two, &q).contact.eps.ep[0].addr, &one->at));
	/* Of one family one place is proven: who goes back is asked again. */
	one->at = before;
	keep_alive(one);
	ASSERT(addr_equal(&ask(two, &q).contact.eps.ep[0].addr, &before));
}

TEST(where_nobody_is_proven_gets_three_times_what_came_from_there)
{
	struct query q = by_name(1, "party2", 0);
	uint8_t frame[FRAME_MAX];
	int len = query_encode(frame, sizeof(frame), &q);

	begin_registered();
	one->at.port = 999;
	one->no_pong = true;
	for (int n = 0; n < 100; n++) {
		uint64_t sent = one->sent_bytes, heard = one->heard_bytes;

		scene_run(&scene, n % 2 * PLACE_ASK_EVERY);
		if (n % 3 == 0)
			enrol(one);
		else
			ASSERT(guest_say(&scene, one, frame, len));
		ASSERT(one->heard_bytes - heard <= 3 * (one->sent_bytes - sent));
	}
	ASSERT(one->heard_bytes > 0);
}

TEST(a_client_that_moves_is_answered_at_once)
{
	struct reg_ack ack;
	struct frame f;

	begin_registered();
	one->at.port = 999;
	enrol(one);
	ASSERT(got(one, FRAME_REG_ACK, &f));
	ASSERT_EQ(reg_ack_decode(&ack, &f), 0);
	ASSERT(addr_equal(&ack.observed.addr, &one->at));
}

TEST(a_ping_that_measures_is_answered_and_moves_nobody)
{
	uint8_t frame[PING_LEN];
	struct ping ping = { .txid = 42, .flags = PING_MEASURE }, pong;
	struct query q = by_name(1, "party1", 0);
	struct addr before;
	struct frame f;

	begin_registered();
	before = one->at;
	one->at.port = 999;
	ASSERT(guest_say(&scene, one, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
	ASSERT(got(one, FRAME_PONG, &f));
	ASSERT_EQ(ping_decode(&pong, &f), 0);
	ASSERT(addr_equal(&pong.observed.addr, &one->at));
	ASSERT(addr_equal(&ask(two, &q).contact.eps.ep[0].addr, &before));
}

TEST(a_ping_that_measures_is_answered_at_another_port_and_at_no_other_address)
{
	uint8_t frame[PING_LEN];
	struct ping ping = { .txid = 42, .observed = { EP_REFLEXIVE, { 0 } } };
	unsigned sent;
	struct frame f;

	begin_registered();
	ping.observed.addr = one->at;
	ping.observed.addr.port = 999;
	for (ping.flags = 0; ping.flags <= PING_MEASURE; ping.flags += PING_MEASURE) {
		sent = scene.sent;
		ASSERT(guest_say(&scene, one, frame,
		    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
		ASSERT_EQ(scene.sent, sent + 1);
		ASSERT_EQ(got(one, FRAME_PONG, &f), ping.flags == 0);
	}
	ping.flags = PING_MEASURE;
	ping.observed.addr = two->at;
	sent = scene.sent;
	ASSERT(guest_say(&scene, one, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
	ASSERT_EQ(scene.sent, sent);
}

TEST(a_late_answer_that_is_asked_for_again_is_put_off_and_comes_once)
{
	uint8_t frame[PING_LEN];
	struct ping ping = { .txid = 42, .flags = PING_MEASURE, .delay_s = 9 };
	struct frame f;

	begin_registered();
	for (int n = 0; n < 2; n++) {
		ASSERT(guest_say(&scene, one, frame,
		    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
		scene_run(&scene, 5 * USEC_PER_SEC);
	}
	ASSERT(!got(one, FRAME_PONG, &f));
	scene_run(&scene, 5 * USEC_PER_SEC);
	ASSERT(got(one, FRAME_PONG, &f));
	scene_run(&scene, 20 * USEC_PER_SEC);
	ASSERT(!got(one, FRAME_PONG, &f));
}

TEST(who_is_heard_at_the_second_port_only_is_answered_from_there)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 1 };

	begin();
	one->via = SOCKET_ALT_V4;
	ASSERT(guest_connect(&scene, one));
	scene_run(&scene, 5 * USEC_PER_SEC);
	ASSERT(channel_agreed(one->channel));
	/* What expects an answer is answered by a keepalive, and that is not due for ever. */
	ASSERT(guest_say(&scene, one, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_CANDIDATES, &c)));
	scene_run(&scene, 11 * USEC_PER_SEC);
	ASSERT(beacon_next_due(scene.beacon) > scene.now.mono + 100 * USEC_PER_MS);
}

#define STREAM (SOCKET_STREAM + 5)

TEST(who_comes_in_a_stream_is_answered_in_it_and_called_by_nobody)
{
	struct query q = by_name(1, "party1", 0);
	struct contact contact;
	struct reg_ack ack;
	socket_id socket;
	struct frame f;

	begin_registered();
	one->via = STREAM;
	enrol(one);
	ASSERT(guest_got(one, FRAME_REG_ACK, &f, &socket));
	ASSERT_EQ(reg_ack_decode(&ack, &f), 0);
	ASSERT_EQ(socket, STREAM);
	ASSERT_EQ(ack.observed.kind, EP_TCP);
	contact = ask(two, &q).contact;
	ASSERT_EQ(contact.eps.ep[0].kind, EP_TCP);
	for (size_t i = 1; i < contact.eps.n; i++)
		ASSERT(!addr_equal(&contact.eps.ep[i].addr, &one->at));
	restart();
	guest_restart(&scene, two);
	ASSERT(guest_connect(&scene, two));
	ASSERT_EQ(ask(two, &q).contact.eps.ep[0].kind, EP_TCP);
	one->via = SOCKET_V4;
	guest_restart(&scene, one);
	ASSERT(guest_connect(&scene, one));
	enrol(one);
	q.qid++;
	ASSERT_EQ(ask(two, &q).contact.eps.ep[0].kind, EP_REFLEXIVE);
}

TEST(nothing_is_sent_to_a_stream_that_has_ended)
{
	struct query q = by_name(1, "party1", QUERY_INTRODUCE);
	uint64_t before;
	struct frame f;

	begin_registered();
	one->via = STREAM;
	enrol(one);
	beacon_stream_ended(scene.beacon, scene.now, STREAM + 1, &scene.out);
	(void)ask(two, &q);
	ASSERT(got(one, FRAME_PUNCH, &f));
	one->count = 0;
	beacon_stream_ended(scene.beacon, scene.now, STREAM, &scene.out);
	before = one->heard_bytes;
	q.qid++;
	(void)ask(two, &q);
	scene_run(&scene, 10 * USEC_PER_SEC);
	ASSERT_EQ(one->heard_bytes, before);
	one->via = STREAM + 1;
	keep_alive(one);
	q.qid++;
	(void)ask(two, &q);
	ASSERT(got(one, FRAME_PUNCH, &f));
}

TEST(a_ping_with_a_delay_is_answered_then_and_eight_at_most_wait)
{
	uint8_t frame[PING_LEN];
	struct ping ping = { .delay_s = 9 }, pong;
	struct frame f;
	unsigned answered = 0;

	begin_registered();
	for (ping.txid = 1; ping.txid <= 12; ping.txid++)
		ASSERT(guest_say(&scene, one, frame,
		    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN)));
	scene_run(&scene, 9 * USEC_PER_SEC - 1);
	ASSERT(!got(one, FRAME_PONG, &f));
	scene_run(&scene, 1);
	for (; got(one, FRAME_PONG, &f); answered++) {
		ASSERT_EQ(ping_decode(&pong, &f), 0);
		ASSERT(pong.txid >= 1 && pong.txid <= 8);
	}
	ASSERT_EQ(answered, 8);
}
