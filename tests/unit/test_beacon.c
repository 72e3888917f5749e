/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A lighthouse and its members in virtual time: sessions, registrations, ends and restarts.
 */
#include "tests/unit/parties.h"

TEST(a_member_gets_a_session_and_a_stranger_gets_silence)
{
	struct authority other;
	struct host stranger;
	struct guest *g;
	unsigned sent;

	begin();
	ASSERT(guest_connect(&scene, one));
	scene_run(&scene, USEC_PER_SEC);
	ASSERT(channel_agreed(one->channel));
	ASSERT_EQ(totals().sessions, 1);
	ASSERT_EQ(totals().handshakes, 1);

	other = certs_root();
	stranger = certs_host(&other, "party1", "10.87.0.9/32", 99);
	g = guest_new(&scene, 99, stranger.secret,
	    (struct blob){ stranger.bytes, (uint16_t)stranger.len });
	sent = scene.sent;
	ASSERT(!guest_connect(&scene, g));
	ASSERT_EQ(scene.sent, sent);
	ASSERT_EQ(totals().refused, 1);
	scene_run(&scene, 20 * USEC_PER_SEC);
	ASSERT(!channel_ready(g->channel, scene.now));
	ASSERT_EQ(totals().sessions, 1);
}

TEST(who_registers_is_told_where_it_was_seen)
{
	struct reg_ack ack;
	struct frame f;

	begin();
	connect_all();
	enrol(one);
	ASSERT(got(one, FRAME_REG_ACK, &f));
	ASSERT_EQ(reg_ack_decode(&ack, &f), 0);
	ASSERT_EQ(ack.seq, 77);
	ASSERT(addr_equal(&ack.observed.addr, &one->at));
	ASSERT_EQ(ack.ttl, 90);
	ASSERT_EQ(totals().registrations, 1);
}

TEST(members_are_found_by_address_key_and_name_and_nobody_else_is)
{
	struct query q = { .qid = 5, .by = QUERY_BY_ADDRESS, .address = certs_ip("10.87.0.3") };
	struct reply r;

	begin_registered();
	r = ask(one, &q);
	ASSERT_EQ(r.status, REPLY_FOUND);
	ASSERT_EQ(r.contact.cert.len, parties[3].len);
	ASSERT_MEM(r.contact.cert.p, parties[3].bytes, parties[3].len);
	ASSERT_EQ(r.contact.ca.len, 0);
	ASSERT_EQ(r.contact.eps.n, 2);
	ASSERT(addr_equal(&r.contact.eps.ep[0].addr, &two->at));
	ASSERT_EQ(r.contact.relays.n, 1);
	ASSERT_EQ(r.contact.nat.mapping, NAT_MAPPING_PORT);
	ASSERT(crypto_is_zero(r.introduction, sizeof(r.introduction)));

	q.by = QUERY_BY_KEY;
	memcpy(q.key, parties[4].cert.key, 32);
	r = ask(one, &q);
	ASSERT_EQ(r.status, REPLY_FOUND);
	ASSERT_MEM(r.contact.cert.p, parties[4].bytes, parties[4].len);

	q = by_name(6, "party2", 0);
	ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);

	q = by_name(7, "party9", 0);
	ASSERT_EQ(ask(one, &q).status, REPLY_UNKNOWN);
	q = (struct query){ .by = QUERY_BY_ADDRESS, .address = certs_ip("10.87.0.77") };
	ASSERT_EQ(ask(one, &q).status, REPLY_UNKNOWN);
	q.by = QUERY_BY_KEY;
	ASSERT_EQ(ask(one, &q).status, REPLY_UNKNOWN);
	ASSERT_EQ(totals().queries, 6);
	ASSERT_EQ(totals().answers, 3);
}

TEST(a_lighthouse_that_restarts_knows_who_was_registered_and_calls_them)
{
	struct query q = by_name(1, "party2", QUERY_INTRODUCE);
	struct reply r;
	struct punch p;
	struct frame f;

	begin_registered();
	restart();
	ASSERT_EQ(totals().sessions, 0);
	ASSERT_EQ(totals().registrations, 3);

	/* One comes back; two does not know yet, and is called where it was. */
	guest_restart(&scene, one);
	ASSERT(guest_connect(&scene, one));
	r = ask(one, &q);
	ASSERT_EQ(r.status, REPLY_FOUND);
	ASSERT(addr_equal(&r.contact.eps.ep[0].addr, &two->at));
	ASSERT(got(two, FRAME_PUNCH, &f));
	ASSERT_EQ(punch_decode(&p, &f), 0);
	ASSERT_MEM(p.introduction, r.introduction, sizeof(r.introduction));
	scene_run(&scene, 3 * USEC_PER_SEC);
	ASSERT(channel_agreed(two->channel));
	ASSERT_EQ(totals().sessions, 2);
}

TEST(an_answer_that_comes_after_the_certificate_has_ended_makes_no_session)
{
	struct query q = by_name(1, "party2", QUERY_INTRODUCE);

	begin();
	parties[3].cert.not_after = CERTS_NOW + 60;
	certs_sign_host(&parties[3], &root);
	two->cert.len = (uint16_t)parties[3].len;
	connect_all();
	enrol(two);
	restart();
	guest_restart(&scene, one);
	ASSERT(guest_connect(&scene, one));
	/* The lighthouse calls party2 in the last moment of its certificate. */
	scene_run(&scene, CERTS_WALL + 61 * USEC_PER_SEC - 1000 - scene.now.wall);
	two->deaf = true;
	ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
	two->deaf = false;
	guest_restart(&scene, two);
	scene_run(&scene, 2 * USEC_PER_SEC);
	ASSERT_EQ(totals().sessions, 1);
}

TEST(an_old_initiation_stays_old_over_a_restart)
{
	uint8_t msg[PRESENT_MAX];
	const uint8_t *p;
	struct presentation pr = { 0 };
	uint8_t plain[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	unsigned sent;
	int len;

	begin();
	pr.cert = one->cert;
	len = presentation_encode(plain, sizeof(plain), &pr);
	(void)noise_clock_next(&one->clock, timestamp, scene.now.wall);
	len = channel_initiate(one->channel, scene.now, 9, timestamp, plain, (size_t)len, &p);
	ASSERT(len > 0);
	memcpy(msg, p, (size_t)len);
	scene_run(&scene, 2 * USEC_PER_SEC);
	channel_close(one->channel);
	while (channel_retired(one->channel) != 0)
		;
	ASSERT(guest_connect(&scene, one));
	restart();
	sent = scene.sent;
	guest_send(&scene, one, msg, (size_t)len);
	ASSERT_EQ(scene.sent, sent);
}

TEST(who_says_close_is_forgotten_and_who_is_silent_is_forgotten_later)
{
	struct query q2 = by_name(1, "party2", 0), q3 = by_name(2, "party3", 0);
	struct close bye = { CLOSE_STOP };
	uint8_t frame[FRAME_MAX];

	begin_registered();
	ASSERT(guest_say(&scene, two, frame, close_encode(frame, sizeof(frame), &bye)));
	channel_close(two->channel);
	ASSERT_EQ(ask(one, &q2).status, REPLY_UNKNOWN);
	ASSERT_EQ(ask(one, &q3).status, REPLY_FOUND);
	ASSERT_EQ(totals().sessions, 2);
	three->deaf = true;
	channel_close(three->channel);
	for (int n = 0; n < 60; n++) {
		scene_run(&scene, 10 * USEC_PER_SEC);
		enrol(one);
	}
	ASSERT_EQ(ask(one, &q3).status, REPLY_UNKNOWN);
	ASSERT_EQ(totals().sessions, 1);
	ASSERT_EQ(totals().registrations, 1);
}

TEST(a_lighthouse_that_stops_says_so_to_everybody)
{
	struct frame f;

	begin_registered();
	ASSERT(!beacon_close(scene.beacon, scene.now, &scene.out));
	scene_settle(&scene);
	for (unsigned g = 0; g < scene.guest_count; g++)
		ASSERT(got(scene.guests[g], FRAME_CLOSE, &f));
	ASSERT_EQ(totals().sessions, 0);
}

TEST(a_lighthouse_is_full_at_its_limit_and_serves_who_is_there)
{
	struct query q = by_name(1, "party2", 0);

	begin();
	config.clients_max = 2;
	restart();
	ASSERT(guest_connect(&scene, one));
	ASSERT(guest_connect(&scene, two));
	ASSERT(!guest_connect(&scene, three));
	enrol(one);
	enrol(two);
	ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
	ASSERT_EQ(totals().sessions, 2);
}

TEST(a_newer_certificate_with_the_same_name_takes_its_place)
{
	struct query q = by_name(1, "party2", 0);
	struct host again;
	struct guest *g;
	struct frame f;

	begin_registered();
	again = certs_host(&root, "party2", "10.87.0.3/32", 100);
	g = guest_new(&scene, 50, again.secret, (struct blob){ again.bytes, (uint16_t)again.len });
	ASSERT(guest_connect(&scene, g));
	enrol(g);
	ASSERT(got(two, FRAME_CLOSE, &f));
	ASSERT(addr_equal(&ask(one, &q).contact.eps.ep[0].addr, &g->at));
}

TEST(the_view_shows_every_client_once)
{
	struct beacon_client c;
	size_t cursor = 0;
	unsigned seen = 0;

	begin_registered();
	restart();
	guest_restart(&scene, two);
	ASSERT(guest_connect(&scene, two));
	while (beacon_next_client(scene.beacon, scene.now, &cursor, &c)) {
		ASSERT_EQ(c.session, strcmp(c.name, "party2") == 0);
		ASSERT_EQ(strncmp(c.name, "party", 5), 0);
		ASSERT_EQ(c.address.b[3], c.name[5] - '1' + 2);
		ASSERT_EQ(c.observed.ip[3], c.address.b[3]);
		ASSERT_EQ(c.not_after, CERTS_NOW + 30 * CERTS_DAY);
		seen |= 1u << c.address.b[3];
	}
	ASSERT_EQ(seen, 1u << 2 | 1u << 3 | 1u << 4);
}

TEST(a_lighthouse_refuses_to_be_what_its_certificate_does_not_say)
{
	struct beacon *b;
	struct err e;

	begin();
	config.key[3] ^= 1;
	ASSERT_EQ(beacon_new(&b, &config, scene.rng, scene.now, &e), ERR_AUTH);
	config.key[3] ^= 1;
	config.cert = (struct blob){ parties[2].bytes, (uint16_t)parties[2].len };
	memcpy(config.key, parties[2].secret, 32);
	ASSERT_EQ(beacon_new(&b, &config, scene.rng, scene.now, &e), ERR_DENIED);
	ASSERT(strstr(e.text, "--lighthouse") != NULL);
	config.authority_count = 0;
	ASSERT(beacon_new(&b, &config, scene.rng, scene.now, &e) < 0);
	ASSERT(e.text[0] != '\0');
}
