/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A lighthouse and the scripted clients around it, in virtual time.
 */
#include "core/circuit.h"
#include "core/icmp.h"
#include "core/introduce.h"
#include "core/patience.h"
#include "lighthouse/beacon_impl.h"
#include "tests/unit/certs.h"
#include "tests/unit/guest.h"

#include <malloc.h>

#define START (5000 * USEC_PER_SEC)

static struct scene scene;
static struct authority root;
static struct host lighthouse;
static struct host parties[GUESTS_MAX];
static struct guest *one, *two, *three;
static struct beacon_config config;

static void
light(void)
{
	struct err e = { "" };

	if (beacon_new(&scene.beacon, &config, scene.rng, scene.now, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
}

static struct guest *
arrive(const char *name, uint8_t n)
{
	char ip[32];

	snprintf(ip, sizeof(ip), "10.87.0.%u/32", n);
	parties[n] = certs_host(&root, name, ip, 10 + n);
	return guest_new(&scene, n, parties[n].secret,
	    (struct blob){ parties[n].bytes, (uint16_t)parties[n].len });
}

/* A lighthouse that relays, and three members who are not yet connected. */
static void
begin(void)
{
	scene_free(&scene);
	ASSERT_EQ(outbox_init(&scene.out, 512, 1 << 20), 0);
	scene.now = (struct instant){ .mono = START, .wall = CERTS_WALL };
	scene.rng = certs_rng();
	root = certs_root();
	lighthouse = certs_host(&root, "lighthouse", "10.87.0.1/32", 2);
	lighthouse.cert.flags = CERT_LIGHTHOUSE | CERT_RELAY;
	lighthouse.cert.addresses[lighthouse.cert.address_count++] = certs_prefix("fd87::1/128");
	certs_sign_host(&lighthouse, &root);
	memcpy(scene.lighthouse_key, lighthouse.cert.key, 32);
	config = (struct beacon_config){
		.cert = { lighthouse.bytes, (uint16_t)lighthouse.len },
		.authorities = { { root.bytes, (uint16_t)root.len } },
		.authority_count = 1,
		.relay = true,
		.alt_port = true,
	};
	memcpy(config.key, lighthouse.secret, 32);
	light();
	one = arrive("party1", 2);
	two = arrive("party2", 3);
	three = arrive("party3", 4);
}

static void
connect_all(void)
{
	for (unsigned g = 0; g < scene.guest_count; g++)
		ASSERT(guest_connect(&scene, scene.guests[g]));
	scene_run(&scene, 2 * USEC_PER_SEC);
}

static void
enrol(struct guest *g)
{
	uint8_t frame[FRAME_MAX];
	struct candidates c = { .seq = 77, .nat = { .mapping = NAT_MAPPING_PORT } };

	c.eps.ep[c.eps.n++] = (struct ep){ EP_HOST, { FAMILY_V4, 0, 7717, 0, { 192, 168, 1, 2 } } };
	memcpy(c.relays.key[c.relays.n++], scene.lighthouse_key, 32);
	ASSERT(guest_say(&scene, g, frame,
	    candidates_encode(frame, sizeof(frame), FRAME_REGISTER, &c)));
}

/* All three with sessions and registered, inboxes empty. */
static void
begin_registered(void)
{
	begin();
	connect_all();
	for (unsigned g = 0; g < scene.guest_count; g++) {
		enrol(scene.guests[g]);
		scene.guests[g]->count = 0;
	}
}

static void
restart(void)
{
	beacon_free(scene.beacon);
	light();
	for (unsigned r = 0; r < scene.row_count; r++)
		if (scene.rows[r].memory.value_len > 0)
			ASSERT_EQ(beacon_recall(scene.beacon, scene.now, &scene.rows[r].memory), 0);
}

static bool
got(struct guest *g, enum frame_type type, struct frame *f)
{
	return guest_got(g, (uint8_t)type, f, NULL);
}

static struct query
by_name(uint32_t qid, const char *name, uint8_t flags)
{
	struct query q = { .qid = qid, .by = QUERY_BY_NAME, .flags = flags };

	q.name = (struct blob){ (const uint8_t *)name, (uint16_t)strlen(name) };
	return q;
}

/* Asks, and returns the answer. */
static struct reply
ask(struct guest *g, const struct query *q)
{
	static uint8_t frame[FRAME_MAX];
	struct reply r;
	struct frame f;

	ASSERT(guest_say(&scene, g, frame, query_encode(frame, sizeof(frame), q)));
	ASSERT(got(g, FRAME_REPLY, &f));
	ASSERT_EQ(reply_decode(&r, &f), 0);
	ASSERT_EQ(r.qid, q->qid);
	return r;
}

static struct relay_end
open_circuit(struct guest *g, uint32_t number, const struct host *to)
{
	uint8_t frame[64];
	struct relay_open o = { .circuit = number };
	struct relay_end e = { 0 };
	struct frame f;

	memcpy(o.key, to->cert.key, 32);
	ASSERT(guest_say(&scene, g, frame,
	    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o)));
	ASSERT(got(g, FRAME_RELAY_OPENED, &f));
	ASSERT_EQ(relay_end_decode(&e, &f), 0);
	ASSERT_EQ(e.circuit, number);
	return e;
}

/* Sends an outer message of `len` bytes through a circuit. */
static void
relay(struct guest *g, uint32_t circuit, size_t len, uint8_t fill)
{
	uint8_t buf[PACKET_HEADROOM + PACKET_MAX];
	uint8_t *datagram = buf + PACKET_HEADROOM;

	memset(datagram, fill, len);
	put_le32(datagram, OUTER_DATA);
	ASSERT(guest_say(&scene, g, relay_data_wrap(datagram, len, circuit),
	    (int)(RELAY_DATA_HEADER + len)));
}

/* What came through a circuit: its number, and its length; 0: nothing came. */
static size_t
relayed(struct guest *g, uint32_t *circuit, uint8_t fill)
{
	struct relay_data d;
	struct frame f;

	if (!got(g, FRAME_RELAY_DATA, &f))
		return 0;
	ASSERT_EQ(relay_data_decode(&d, &f), 0);
	ASSERT_EQ(le32(d.datagram), OUTER_DATA);
	for (size_t i = 4; i < d.len; i++)
		ASSERT_EQ(d.datagram[i], fill);
	*circuit = d.circuit;
	return d.len;
}

static struct beacon_totals
totals(void)
{
	struct beacon_totals t;

	beacon_totals(scene.beacon, &t);
	return t;
}

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

TEST(an_introduction_gives_both_sides_the_same_id)
{
	struct query q = by_name(9, "party2", QUERY_INTRODUCE);
	struct reply r, again;
	struct punch p;
	struct frame f;

	begin_registered();
	r = ask(one, &q);
	ASSERT_EQ(r.status, REPLY_FOUND);
	ASSERT(!crypto_is_zero(r.introduction, sizeof(r.introduction)));
	ASSERT(got(two, FRAME_PUNCH, &f));
	ASSERT_EQ(punch_decode(&p, &f), 0);
	ASSERT_MEM(p.introduction, r.introduction, sizeof(r.introduction));
	ASSERT_MEM(p.contact.cert.p, parties[2].bytes, parties[2].len);
	ASSERT(addr_equal(&p.contact.eps.ep[0].addr, &one->at));

	/* The same question, whose answer was lost: the same introduction, told again. */
	again = ask(one, &q);
	ASSERT_MEM(again.introduction, r.introduction, sizeof(r.introduction));
	ASSERT(got(two, FRAME_PUNCH, &f));
	q.qid++;
	again = ask(one, &q);
	ASSERT(memcmp(again.introduction, r.introduction, sizeof(r.introduction)) != 0);
}

/* PUNCHes that `g` got. */
static unsigned
punches(const struct guest *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->count; i++)
		n += g->inbox[i % INBOX_MAX].bytes[1] == FRAME_PUNCH;
	return n;
}

/* What the one who asks and the one who is told are to wait, with these round trips. */
static void
delays(usec_t asker, usec_t told, uint16_t *reply, uint16_t *punch)
{
	struct query q = by_name(7, "party2", QUERY_INTRODUCE);
	struct punch p;
	struct frame f;

	begin_registered();
	client_get(scene.beacon, parties[2].cert.key)->places.rtt = asker;
	client_get(scene.beacon, parties[3].cert.key)->places.rtt = told;
	*reply = ask(one, &q).delay_ms;
	ASSERT(got(two, FRAME_PUNCH, &f));
	ASSERT_EQ(punch_decode(&p, &f), 0);
	*punch = p.delay_ms;
}

TEST(the_nearer_of_two_that_are_introduced_waits_for_half_of_the_difference)
{
	static const struct {
		unsigned asker, told; /* ms */
		uint16_t reply, punch;
	} t[] = {
		{ 20, 80, 30, 0 },
		{ 80, 20, 0, 30 },
		{ 20, 20, 0, 0 },
		{ 0, 80, 0, 0 }, /* not measured */
		{ 80, 0, 0, 0 },
		{ 10, 5000, 500, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		uint16_t reply, punch;

		delays(t[i].asker * USEC_PER_MS, t[i].told * USEC_PER_MS, &reply, &punch);
		ASSERT_EQ(reply, t[i].reply);
		ASSERT_EQ(punch, t[i].punch);
	}
}

TEST(the_round_trip_to_a_client_is_measured_where_it_is)
{
	struct places p = { 0 };
	struct place a = { .at = { .family = FAMILY_V4, .port = 7 } }, b = a;

	b.at.port = 8;
	ASSERT(places_ask(&p, START, &a, 11));
	ASSERT(!places_ask(&p, START + PLACE_ASK_EVERY - 1, &a, 12));
	ASSERT(places_ask(&p, START, &b, 13));
	ASSERT(!places_answer(&p, START + 20, &b, 11));
	ASSERT(!places_proven(&p, &a));
	ASSERT(places_answer(&p, START + 20, &a, 11));
	ASSERT(places_proven(&p, &a));
	ASSERT_EQ(p.rtt, 20);
	ASSERT(!places_answer(&p, START + 20, &a, 11));
	ASSERT(places_answer(&p, START + 100, &b, 13));
	ASSERT(!places_proven(&p, &a));
	ASSERT_EQ(p.rtt, 30);
}

TEST(a_question_that_comes_again_and_again_calls_the_other_a_few_times_only)
{
	struct query q = by_name(7, "party2", QUERY_INTRODUCE);

	begin_registered();
	for (unsigned i = 0; i < 20; i++)
		ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
	ASSERT_EQ(punches(two), 5); /* once, and the four times that a request is repeated */
}

TEST(introductions_of_a_pair_are_limited_and_the_answer_says_so)
{
	unsigned told = 0, limited = 0;

	begin_registered();
	for (uint32_t n = 0; n < 30; n++) {
		struct query q = by_name(n, "party2", QUERY_INTRODUCE);
		struct reply r = ask(one, &q);
		struct frame f;

		ASSERT(r.status == REPLY_FOUND || r.status == REPLY_LIMITED);
		ASSERT(r.contact.cert.len > 0);
		limited += r.status == REPLY_LIMITED;
		told += got(two, FRAME_PUNCH, &f);
	}
	ASSERT_EQ(told, INTRODUCE_PAIR);
	ASSERT_EQ(limited, 30 - INTRODUCE_PAIR);
}

TEST(a_question_about_oneself_is_answered_and_introduces_nobody)
{
	struct query q = by_name(1, "party1", QUERY_INTRODUCE);
	struct frame f;

	begin_registered();
	ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
	ASSERT(!got(one, FRAME_PUNCH, &f));
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

TEST(what_one_relays_the_other_gets_both_ways)
{
	struct relay_open incoming;
	uint32_t circuit;
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	ASSERT(got(two, FRAME_RELAY_INCOMING, &f));
	ASSERT_EQ(relay_open_decode(&incoming, &f), 0);
	ASSERT_MEM(incoming.key, parties[2].cert.key, 32);
	for (size_t len = 32; len <= 1472; len += 32) {
		scene_run(&scene, USEC_PER_MS);
		relay(one, 5, len, (uint8_t)len);
		ASSERT_EQ(relayed(two, &circuit, (uint8_t)len), len);
		ASSERT_EQ(circuit, incoming.circuit);
		relay(two, incoming.circuit, len, 0x5a);
		ASSERT_EQ(relayed(one, &circuit, 0x5a), len);
		ASSERT_EQ(circuit, 5);
	}
	ASSERT_EQ(totals().relayed_packets, 92);
	ASSERT_EQ(totals().circuits, 1);
	ASSERT_EQ(relayed(three, &circuit, 0), 0);
}

TEST(a_circuit_outlives_rekeys_and_changes_of_address_and_ends_when_it_is_idle)
{
	struct relay_end end;
	uint32_t circuit;
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	for (int n = 0; n < 60; n++) {
		scene_run(&scene, 10 * USEC_PER_SEC);
		relay(one, 5, 100, 1);
		ASSERT_EQ(relayed(two, &circuit, 1), 100);
		relay(two, circuit, 100, 2);
		ASSERT_EQ(relayed(one, &circuit, 2), 100);
		if (n == 30) {
			two->at.port++;
			enrol(two);
		}
	}
	ASSERT(totals().handshakes > 6);
	for (int n = 0; n < 20; n++) {
		scene_run(&scene, 10 * USEC_PER_SEC);
		enrol(one);
		enrol(two);
	}
	ASSERT(got(one, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.circuit, 5);
	ASSERT_EQ(end.code, RELAY_IDLE);
	ASSERT(got(two, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(totals().circuits, 0);
}

TEST(a_circuit_ends_with_either_client_and_the_other_is_told)
{
	uint8_t frame[FRAME_MAX];
	struct relay_end end = { .circuit = 5, .code = RELAY_CLOSED };
	struct close bye = { CLOSE_STOP };
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	ASSERT(guest_say(&scene, one, frame,
	    relay_end_encode(frame, sizeof(frame), FRAME_RELAY_CLOSE, &end)));
	ASSERT(got(two, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.code, RELAY_CLOSED);

	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	ASSERT(guest_say(&scene, two, frame, close_encode(frame, sizeof(frame), &bye)));
	ASSERT(got(one, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.code, RELAY_ABSENT);
	ASSERT_EQ(totals().circuits, 0);
}

TEST(a_relay_says_why_it_does_not_relay)
{
	struct host nobody = { 0 };
	struct relay_end end;
	uint8_t frame[64];
	struct relay_open o = { .circuit = 1 };
	struct error e;
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 1, &nobody).code, RELAY_ABSENT);
	ASSERT_EQ(open_circuit(one, 1, &parties[2]).code, RELAY_DENIED);
	ASSERT_EQ(open_circuit(one, 1, &parties[3]).code, RELAY_OK);
	ASSERT_EQ(open_circuit(one, 1, &parties[3]).code, RELAY_OK);
	ASSERT_EQ(open_circuit(one, 1, &parties[4]).code, RELAY_DENIED);

	relay(three, 1, 64, 1);
	ASSERT(got(three, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.code, RELAY_NO_SUCH);

	config.relay = false;
	restart();
	config.relay = true;
	guest_restart(&scene, one);
	ASSERT(guest_connect(&scene, one));
	memcpy(o.key, parties[3].cert.key, 32);
	ASSERT(guest_say(&scene, one, frame,
	    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o)));
	ASSERT(got(one, FRAME_ERROR, &f));
	ASSERT_EQ(error_decode(&e, &f), 0);
	ASSERT_EQ(e.code, ERROR_NOT_HERE);
	ASSERT_EQ(e.type, FRAME_RELAY_OPEN);
	ASSERT_EQ(e.ref, 1);
}

TEST(a_client_over_its_share_loses_packets_and_nothing_else)
{
	uint32_t circuit;
	unsigned through = 0;

	begin_registered();
	config.relay_rate = 100000;
	restart();
	config.relay_rate = 0;
	for (unsigned g = 0; g < 2; g++) {
		guest_restart(&scene, scene.guests[g]);
		ASSERT(guest_connect(&scene, scene.guests[g]));
	}
	ASSERT_EQ(open_circuit(one, 1, &parties[3]).code, RELAY_OK);
	for (int n = 0; n < 1000; n++) {
		scene_run(&scene, USEC_PER_MS);
		relay(one, 1, 1000, 7);
		through += relayed(two, &circuit, 7) > 0;
	}
	ASSERT(through >= 100 && through <= 125);
	ASSERT_EQ(totals().relay_dropped, 1000 - through);
	enrol(one);
	ASSERT_EQ(totals().registrations, 3);
}

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

/* What the error says that one frame of this type draws; 0: nothing came. */
static int
error_for(uint8_t type)
{
	uint8_t frame[] = { FRAME_MAGIC, type, 0, 0 };
	struct error e;
	struct frame f;

	ASSERT(guest_say(&scene, one, frame, sizeof(frame)));
	if (!got(one, FRAME_ERROR, &f))
		return 0;
	ASSERT_EQ(error_decode(&e, &f), 0);
	ASSERT_EQ(e.type, type);
	return e.code;
}

TEST(reserved_and_unknown_frames_draw_what_the_protocol_says)
{
	begin_registered();
	ASSERT_EQ(error_for(0x5d), ERROR_RESERVED);
	ASSERT_EQ(error_for(0x7f), 0);
	ASSERT_EQ(error_for(0x00), 0);
	ASSERT_EQ(error_for(0x80), ERROR_UNKNOWN);
	ASSERT_EQ(error_for(0xff), ERROR_UNKNOWN);
	ASSERT_EQ(totals().bad_frames, 0);
}

TEST(bad_frames_mute_a_client_for_a_minute_and_its_session_stays)
{
	uint8_t bad[] = { FRAME_MAGIC, FRAME_QUERY, 1, 0, 9 };
	struct query q = by_name(1, "party2", 0);
	uint8_t frame[FRAME_MAX];
	struct error e;
	struct frame f;

	begin_registered();
	for (int n = 0; n < PATIENCE_BAD; n++)
		ASSERT(guest_say(&scene, one, bad, sizeof(bad)));
	ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
	ASSERT(guest_say(&scene, one, bad, sizeof(bad)));
	ASSERT(got(one, FRAME_ERROR, &f));
	ASSERT_EQ(error_decode(&e, &f), 0);
	ASSERT_EQ(e.code, ERROR_MALFORMED);
	ASSERT_EQ(totals().bad_frames, PATIENCE_BAD + 1);
	ASSERT(guest_say(&scene, one, frame, query_encode(frame, sizeof(frame), &q)));
	ASSERT(!got(one, FRAME_REPLY, &f));
	ASSERT_EQ(ask(two, &q).status, REPLY_FOUND);
	scene_run(&scene, PATIENCE_MUTE);
	ASSERT_EQ(ask(one, &q).status, REPLY_FOUND);
}

TEST(frames_beyond_the_limit_are_dropped)
{
	struct query q = by_name(1, "party2", 0);
	uint8_t frame[FRAME_MAX];
	unsigned answered = 0;
	struct frame f;

	begin_registered();
	for (int n = 0; n < 400; n++) {
		ASSERT(guest_say(&scene, one, frame, query_encode(frame, sizeof(frame), &q)));
		answered += got(one, FRAME_REPLY, &f);
	}
	ASSERT(answered >= PATIENCE_BURST - 5 && answered <= PATIENCE_BURST);
	ASSERT_EQ(totals().limited, 400 - answered);
}

static size_t
echo(struct guest *g, const char *from, const char *to)
{
	uint8_t p[256];
	size_t len = icmp_echo_make(p, certs_ip(from), certs_ip(to), 7, 8, 56);
	struct inner in;

	g->count = 0;
	ASSERT(guest_say(&scene, g, p, (int)len));
	if (g->count == 0)
		return 0;
	ASSERT_EQ(inner_parse(&in, g->inbox[0].bytes, g->inbox[0].len), 0);
	ASSERT_EQ(in.icmp, ICMP_ECHO_REPLY);
	ASSERT(ip_equal(in.src, certs_ip(to)) && ip_equal(in.dst, certs_ip(from)));
	return in.len;
}

TEST(an_echo_to_the_lighthouse_is_answered_and_nothing_else_that_is_ip)
{
	uint8_t udp[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 87, 0, 2, 10, 87, 0, 1 };

	begin();
	parties[2].cert.addresses[parties[2].cert.address_count++] = certs_prefix("fd87::2/128");
	certs_sign_host(&parties[2], &root);
	one->cert.len = (uint16_t)parties[2].len;
	connect_all();
	ASSERT_EQ(echo(one, "10.87.0.2", "10.87.0.1"), 84);
	ASSERT_EQ(echo(one, "fd87::2", "fd87::1"), 104);
	ASSERT_EQ(echo(one, "10.87.0.3", "10.87.0.1"), 0); /* two's address */
	ASSERT_EQ(echo(one, "10.87.0.2", "10.87.0.3"), 0); /* forwards nothing */
	ASSERT_EQ(echo(two, "fd87::2", "fd87::1"), 0);
	one->count = 0;
	ASSERT(guest_say(&scene, one, udp, sizeof(udp)));
	ASSERT_EQ(one->count, 0);
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

TEST(strangers_draw_nothing_whatever_they_send)
{
	uint8_t p[1500];
	struct addr from = { .family = FAMILY_V4, .port = 1, .ip = { 203, 0, 113, 5 } };
	static const uint32_t kinds[] = { 1, 2, 3, 4, 0x50, 0x52, 0, 0x51 };
	static const uint16_t lengths[] = { 148, 92, 64, 80, 236, 32 };
	unsigned sent;

	begin_registered();
	sent = scene.sent;
	for (int n = 0; n < 20000; n++) {
		size_t len = test_below(3) ? lengths[test_below(6)] : test_below(sizeof(p));

		test_fill(p, len);
		if (len >= 4)
			put_le32(p, kinds[test_below(8)]);
		if (len == 236) {
			put_le32(p + 4, 80);
			put_le32(p + 8, 1);
		}
		scene_from_net(&scene, &from, SOCKET_V4, p, len);
	}
	ASSERT_EQ(scene.sent, sent);
	ASSERT_EQ(totals().sessions, 3);
}

/* Something that was sent before: as it was, from elsewhere, cut, with a bit turned. */
static size_t
spoil(uint8_t *p, struct addr *from)
{
	const struct taped *t = &scene.tape[test_below(min_u64(scene.taped, TAPE_MAX))];
	size_t len = t->len;

	memcpy(p, t->bytes, len);
	*from = t->from;
	if (test_below(2))
		from->ip[3] = (uint8_t)(200 + test_below(50));
	switch (test_below(4)) {
	case 0: return test_below(len + 1);
	case 1: return len;
	case 2: test_fill(p + test_below(len), 1); return len;
	default: p[test_below(len)] ^= (uint8_t)(1u << test_below(8)); return len;
	}
}

TEST(spoiled_and_replayed_packets_draw_cookies_and_copies_at_most_and_take_no_memory)
{
	uint8_t p[PACKET_MAX];
	uint64_t in = 0, out;
	struct beacon_totals before, after;
	size_t memory;

	begin();
	scene.tape = calloc(TAPE_MAX, sizeof(*scene.tape));
	connect_all();
	for (unsigned g = 0; g < scene.guest_count; g++)
		enrol(scene.guests[g]);
	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	for (uint8_t n = 0; n < 50; n++)
		relay(one, 5, 100, n);
	before = totals();
	for (unsigned g = 0; g < scene.guest_count; g++)
		scene.guests[g]->deaf = true;
	memory = mallinfo2().uordblks;
	out = scene.sent_bytes;
	for (int n = 0; n < 100000; n++) {
		struct addr from;
		size_t len = spoil(p, &from);

		in += len;
		scene_from_net(&scene, &from, SOCKET_V4, p, len);
	}
	out = scene.sent_bytes - out;
	ASSERT_EQ(mallinfo2().uordblks, memory);
	after = totals();
	ASSERT(out <= scene.guest_count * CHANNEL_COPIES_MAX * RESPONSE_LEN +
			  (after.cookies - before.cookies) * COOKIE_LEN);
	ASSERT(out * 10 < in * 7);
	ASSERT_EQ(after.sessions, before.sessions);
	ASSERT_EQ(after.registrations, before.registrations);
	ASSERT_EQ(after.circuits, before.circuits);
	ASSERT_EQ(after.handshakes, before.handshakes);
	ASSERT_EQ(after.queries, before.queries);
	ASSERT_EQ(after.bad_frames, before.bad_frames);
	ASSERT_EQ(after.relayed_packets, before.relayed_packets);
}

TEST(stun_is_answered_where_it_is_switched_on)
{
	uint8_t p[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3 };
	struct addr from = { .family = FAMILY_V4, .port = 1, .ip = { 203, 0, 113, 5 } };
	unsigned sent;

	begin();
	sent = scene.sent;
	scene_from_net(&scene, &from, SOCKET_V4, p, sizeof(p));
	ASSERT_EQ(scene.sent, sent);
	config.stun = true;
	restart();
	config.stun = false;
	for (int n = 0; n < 50; n++)
		scene_from_net(&scene, &from, SOCKET_V4, p, sizeof(p));
	ASSERT_EQ(scene.sent, sent + LIMIT_BURST);
	ASSERT_EQ(totals().stun, LIMIT_BURST);
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
