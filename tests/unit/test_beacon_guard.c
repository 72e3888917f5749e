/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a lighthouse does not answer, or not so often: strangers, floods, frames that are none.
 */
#include "core/icmp.h"
#include "core/patience.h"
#include "tests/unit/parties.h"

#include <malloc.h>

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
	ASSERT_EQ(error_for(0x5e), ERROR_RESERVED);
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
