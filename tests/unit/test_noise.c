/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The handshake against an independent implementation, from both sides.
 */
#include "tests/unit/test.h"
#include "tests/unit/vectors.h"

#include "core/bytes.h"
#include "core/noise.h"

/* One block of handshake.txt or present.txt, and both sides' statics. */
struct scene {
	struct noise_identity initiator, responder;
	struct noise_remote to_responder;
	uint8_t ephemeral1[32], ephemeral2[32], psk[32], cookie[16], timestamp[NOISE_TIMESTAMP];
	const uint8_t *cookie_used;
	uint32_t index1, index2;
};

static void
scene_read(struct scene *s, const struct vectors *v)
{
	uint8_t private[32];

	memset(s, 0, sizeof(*s));
	vector_exact(v, "initiator_static", private, 32);
	ASSERT_EQ(noise_identity_init(&s->initiator, private), 0);
	vector_exact(v, "responder_static", private, 32);
	ASSERT_EQ(noise_identity_init(&s->responder, private), 0);
	ASSERT_EQ(noise_remote_init(&s->to_responder, &s->initiator, s->responder.public), 0);
	vector_exact(v, "initiator_ephemeral", s->ephemeral1, 32);
	vector_exact(v, "timestamp", s->timestamp, NOISE_TIMESTAMP);
	s->index1 = vector_int(v, "initiator_index");
	if (vector_has(v, "responder_ephemeral")) {
		vector_exact(v, "responder_ephemeral", s->ephemeral2, 32);
		vector_exact(v, "psk", s->psk, 32);
		s->index2 = vector_int(v, "responder_index");
	}
	if (vector_has(v, "cookie")) {
		vector_exact(v, "cookie", s->cookie, 16);
		s->cookie_used = s->cookie;
	}
}

static void
scene_random(struct scene *s)
{
	uint8_t private[32];

	memset(s, 0, sizeof(*s));
	test_fill(private, 32);
	ASSERT_EQ(noise_identity_init(&s->initiator, private), 0);
	test_fill(private, 32);
	ASSERT_EQ(noise_identity_init(&s->responder, private), 0);
	ASSERT_EQ(noise_remote_init(&s->to_responder, &s->initiator, s->responder.public), 0);
	test_fill(s->ephemeral1, 32);
	test_fill(s->ephemeral2, 32);
	test_fill(s->timestamp, NOISE_TIMESTAMP);
	s->index1 = 1;
	s->index2 = 2;
}

static void
scene_initiate(const struct scene *s, uint8_t msg1[static INITIATION_LEN], struct noise *n)
{
	ASSERT_EQ(noise_initiate(msg1, n, &s->initiator, &s->to_responder, s->index1, s->timestamp,
	    s->ephemeral1, s->cookie_used), 0);
}

TEST(an_initiator_writes_and_reads_what_the_vectors_say)
{
	struct vectors v = vectors_open("handshake.txt");
	int blocks = 0;

	while (vectors_next(&v)) {
		uint8_t want[INITIATION_LEN], msg[INITIATION_LEN], key[32];
		struct noise_keys keys;
		struct scene s;
		struct noise n;

		scene_read(&s, &v);
		scene_initiate(&s, msg, &n);
		vector_exact(&v, "initiation", want, sizeof(want));
		ASSERT_MEM(msg, want, sizeof(want));
		vector_exact(&v, "chaining_key_after_initiation", key, 32);
		ASSERT_MEM(n.chaining_key, key, 32);
		vector_exact(&v, "hash_after_initiation", key, 32);
		ASSERT_MEM(n.hash, key, 32);

		vector_exact(&v, "response", msg, RESPONSE_LEN);
		ASSERT_EQ(noise_finish(&keys, &n, &s.initiator, s.psk, msg), 0);
		vector_exact(&v, "key_initiator_to_responder", key, 32);
		ASSERT_MEM(keys.send, key, 32);
		vector_exact(&v, "key_responder_to_initiator", key, 32);
		ASSERT_MEM(keys.receive, key, 32);
		ASSERT_EQ(keys.local_index, s.index1);
		ASSERT_EQ(keys.remote_index, s.index2);
		blocks++;
	}
	ASSERT(blocks >= 3);
	vectors_close(&v);
}

TEST(a_responder_reads_and_writes_what_the_vectors_say)
{
	struct vectors v = vectors_open("handshake.txt");

	while (vectors_next(&v)) {
		uint8_t msg1[INITIATION_LEN], msg2[RESPONSE_LEN], want[RESPONSE_LEN], key[32];
		uint8_t timestamp[NOISE_TIMESTAMP];
		struct noise_keys keys;
		struct scene s;
		struct noise n;

		scene_read(&s, &v);
		vector_exact(&v, "initiation", msg1, sizeof(msg1));
		ASSERT(noise_mac1_valid(&s.responder, msg1, sizeof(msg1)));
		ASSERT_EQ(noise_read_static(&n, &s.responder, msg1), 0);
		ASSERT_MEM(n.remote, s.initiator.public, 32);
		ASSERT_EQ(n.remote_index, s.index1);
		ASSERT_EQ(noise_read_timestamp(timestamp, &n, &s.responder, msg1), 0);
		ASSERT_MEM(timestamp, s.timestamp, sizeof(timestamp));

		ASSERT_EQ(noise_respond(msg2, &keys, &n, s.index2, s.ephemeral2, s.psk,
		    NULL), 0);
		vector_exact(&v, "response", want, sizeof(want));
		ASSERT_MEM(msg2, want, sizeof(want));
		vector_exact(&v, "key_initiator_to_responder", key, 32);
		ASSERT_MEM(keys.receive, key, 32);
		vector_exact(&v, "key_responder_to_initiator", key, 32);
		ASSERT_MEM(keys.send, key, 32);
		ASSERT(crypto_is_zero(&n, sizeof(n)));
	}
	vectors_close(&v);
}

TEST(a_presentation_is_sealed_and_opened_as_the_vectors_say)
{
	struct vectors v = vectors_open("present.txt");
	int blocks = 0;

	while (vectors_next(&v)) {
		uint8_t msg1[INITIATION_LEN], got[PRESENT_MAX], want[PRESENT_MAX];
		uint8_t plain[PRESENT_PLAIN_MAX], opened[PRESENT_PLAIN_MAX];
		uint8_t timestamp[NOISE_TIMESTAMP];
		size_t len, plain_len;
		struct scene s;
		struct noise n;

		scene_read(&s, &v);
		scene_initiate(&s, msg1, &n);
		plain_len = vector(&v, "plain", plain, sizeof(plain));
		len = vector(&v, "message", want, sizeof(want));
		ASSERT_EQ(noise_present(got, &n, msg1, plain, plain_len), len);
		ASSERT_MEM(got, want, len);

		ASSERT_EQ(noise_read_static(&n, &s.responder, want + PRESENT_INITIATION), 0);
		ASSERT_EQ(noise_read_timestamp(timestamp, &n, &s.responder,
		    want + PRESENT_INITIATION), 0);
		ASSERT_EQ(noise_read_presentation(opened, &n, want, len), plain_len);
		ASSERT_MEM(opened, plain, plain_len);
		blocks++;
	}
	ASSERT(blocks >= 3);
	vectors_close(&v);
}

TEST(open_is_what_the_vectors_say)
{
	struct vectors v = vectors_open("open.txt");

	while (vectors_next(&v)) {
		uint8_t private[32], public[32], id[8], key[32], want[32], got[32];
		struct noise_identity self;
		struct noise_remote other;

		vector_exact(&v, "static", private, 32);
		vector_exact(&v, "other_public", public, 32);
		vector_exact(&v, "introduction", id, 8);
		ASSERT_EQ(noise_identity_init(&self, private), 0);
		ASSERT_EQ(noise_remote_init(&other, &self, public), 0);
		noise_open_key(key, &other, id);
		vector_exact(&v, "key", want, 32);
		ASSERT_MEM(key, want, 32);
		vector_exact(&v, "message", want, OPEN_LEN);
		noise_open_make(got, key, le32(want + OPEN_DIRECTION), id);
		ASSERT_MEM(got, want, OPEN_LEN);
		ASSERT(noise_open_valid(key, got));
		got[test_below(OPEN_LEN)] ^= 1 << test_below(8);
		ASSERT(!noise_open_valid(key, got));
	}
	vectors_close(&v);
}

/* Every bit of both messages but those that only find somebody is authenticated. */
TEST(a_changed_bit_is_refused_wherever_it_is)
{
	static const uint8_t no_psk[32];
	uint8_t msg1[INITIATION_LEN], msg2[RESPONSE_LEN], timestamp[NOISE_TIMESTAMP];
	struct noise_keys keys;
	struct noise n, r;
	struct scene s;

	scene_random(&s);
	scene_initiate(&s, msg1, &n);
	for (size_t i = 0; i < INITIATION_MAC2; i++) {
		uint8_t bad[INITIATION_LEN];
		bool opened;

		memcpy(bad, msg1, sizeof(bad));
		bad[i] ^= 1 << test_below(8);
		ASSERT(!noise_mac1_valid(&s.responder, bad, sizeof(bad)));
		opened = noise_read_static(&r, &s.responder, bad) == 0 &&
		    noise_read_timestamp(timestamp, &r, &s.responder, bad) == 0;
		ASSERT_EQ(opened, i < INITIATION_EPHEMERAL || i >= INITIATION_MAC1);
	}

	ASSERT_EQ(noise_read_static(&r, &s.responder, msg1), 0);
	ASSERT_EQ(noise_read_timestamp(timestamp, &r, &s.responder, msg1), 0);
	ASSERT_EQ(noise_respond(msg2, &keys, &r, 2, s.ephemeral2, no_psk, NULL), 0);
	for (size_t i = 0; i < RESPONSE_MAC2; i++) {
		uint8_t bad[RESPONSE_LEN];

		memcpy(bad, msg2, sizeof(bad));
		bad[i] ^= 1 << test_below(8);
		ASSERT_EQ(noise_finish(&keys, &n, &s.initiator, no_psk, bad), ERR_AUTH);
	}
	ASSERT_EQ(noise_finish(&keys, &n, &s.initiator, no_psk, msg2), 0);
}

TEST(another_psk_finishes_nothing)
{
	uint8_t msg1[INITIATION_LEN], msg2[RESPONSE_LEN], timestamp[NOISE_TIMESTAMP];
	uint8_t psk[32];
	struct noise_keys keys = { .local_index = 77 };
	struct noise n, r;
	struct scene s;

	scene_random(&s);
	scene_initiate(&s, msg1, &n);
	ASSERT_EQ(noise_read_static(&r, &s.responder, msg1), 0);
	ASSERT_EQ(noise_read_timestamp(timestamp, &r, &s.responder, msg1), 0);
	ASSERT_EQ(noise_respond(msg2, &keys, &r, 2, s.ephemeral2, s.psk, NULL), 0);
	keys.local_index = 77;
	test_fill(psk, sizeof(psk));
	ASSERT_EQ(noise_finish(&keys, &n, &s.initiator, psk, msg2), ERR_AUTH);
	ASSERT_EQ(keys.local_index, 77);
}

TEST(a_presentation_belongs_to_its_initiation_alone)
{
	uint8_t msg1[INITIATION_LEN], plain[PRESENT_BLOCK] = { 1 }, one[PRESENT_MAX];
	uint8_t two[PRESENT_MAX], opened[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	struct scene s;
	struct noise n;
	int len;

	scene_random(&s);
	scene_initiate(&s, msg1, &n);
	len = noise_present(one, &n, msg1, plain, sizeof(plain));
	ASSERT_EQ(len, PRESENT_MIN);
	test_fill(s.ephemeral1, 32);
	scene_initiate(&s, msg1, &n);
	ASSERT_EQ(noise_present(two, &n, msg1, plain, sizeof(plain)), len);

	/* The presentation of one behind the initiation of the other. */
	memcpy(one + PRESENT_INITIATION, two + PRESENT_INITIATION, INITIATION_LEN);
	ASSERT_EQ(noise_read_static(&n, &s.responder, one + PRESENT_INITIATION), 0);
	ASSERT_EQ(noise_read_timestamp(timestamp, &n, &s.responder, one + PRESENT_INITIATION), 0);
	ASSERT_EQ(noise_read_presentation(opened, &n, one, len), ERR_AUTH);
	ASSERT_EQ(noise_read_presentation(opened, &n, two, len), PRESENT_BLOCK);
	two[PRESENT_ZERO] ^= 1;
	ASSERT_EQ(noise_read_presentation(opened, &n, two, len), ERR_AUTH);
}

TEST(a_key_of_low_order_is_no_partner)
{
	static const uint8_t zero[32], one[32] = { 1 };
	struct noise_remote remote;
	struct scene s;

	scene_random(&s);
	ASSERT_EQ(noise_remote_init(&remote, &s.initiator, zero), ERR_CRYPTO);
	ASSERT_EQ(noise_remote_init(&remote, &s.initiator, one), ERR_CRYPTO);
}

TEST(timestamps_grow_whatever_the_clock_does)
{
	uint8_t last[NOISE_TIMESTAMP] = { 0 }, next[NOISE_TIMESTAMP];
	usec_t wall = 1700000000 * USEC_PER_SEC;
	struct noise_clock c;
	uint64_t reserved = 0;

	noise_clock_init(&c, 0);
	for (int i = 0; i < 20000; i++) {
		switch (test_below(4)) {
		case 0: wall += test_below(USEC_PER_SEC); break;
		case 1: wall -= test_below(USEC_PER_SEC); break;
		case 2: wall += test_below(100); break;
		case 3: break;
		}
		if (test_below(1000) == 0)
			noise_clock_init(&c, reserved);
		if (noise_clock_next(&c, next, wall))
			reserved = c.reserved;
		ASSERT(memcmp(next, last, sizeof(next)) > 0);
		ASSERT_EQ(be32(next + 8) % (1 << 24), 0);
		ASSERT(be32(next + 8) < 1000000000);
		memcpy(last, next, sizeof(last));
	}
}

TEST(a_clock_that_settled_goes_on_with_the_wall)
{
	uint8_t t[NOISE_TIMESTAMP];
	usec_t wall = 1700000000 * USEC_PER_SEC;
	struct noise_clock c;

	noise_clock_init(&c, 0);
	ASSERT(noise_clock_next(&c, t, wall));
	noise_clock_settle(&c);
	noise_clock_init(&c, c.reserved);
	ASSERT(noise_clock_next(&c, t, wall + USEC_PER_SEC));
	ASSERT(noise_timestamp_usec(t) <= wall + USEC_PER_SEC);
	ASSERT(noise_timestamp_usec(t) > wall);
}

TEST(a_timestamp_says_the_time_to_a_step)
{
	struct vectors v = vectors_open("primitives.txt");
	usec_t wall = 1700000000 * USEC_PER_SEC + 999999, got;
	uint8_t t[NOISE_TIMESTAMP];
	struct noise_clock c;

	noise_clock_init(&c, 0);
	ASSERT(noise_clock_next(&c, t, wall));
	got = noise_timestamp_usec(t);
	ASSERT(got <= wall && wall - got < 16778);
	ASSERT(!noise_clock_next(&c, t, wall));

	vectors_find(&v, "tai64n of 1700000000.999999999");
	vector_exact(&v, "output", t, sizeof(t));
	ASSERT_EQ(noise_timestamp_usec(t), wall);
	vectors_find(&v, "tai64n of 0.000000000");
	vector_exact(&v, "output", t, sizeof(t));
	ASSERT_EQ(noise_timestamp_usec(t), 0);
	memset(t, 0, sizeof(t));
	ASSERT_EQ(noise_timestamp_usec(t), 0);
	memset(t, 0xff, sizeof(t));
	ASSERT(noise_timestamp_usec(t) == USEC_NEVER);
	vectors_close(&v);
}
