/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session against the vectors, its replay window against a model, and its limits.
 */
#include "tests/unit/test.h"
#include "tests/unit/vectors.h"

#include "core/bytes.h"
#include "core/session.h"

#define NOW	   (1000 * USEC_PER_SEC)
#define WINDOW	   REPLAY_WINDOW
#define LIM	   (WINDOW + 1)
#define REJECT	   REJECT_AFTER_MESSAGES
#define BUFFER_MAX 4096

/* Two ends of one session. */
struct pair {
	struct session a, b;
};

static void
pair_init(struct pair *p)
{
	struct noise_keys k = { .local_index = 1, .remote_index = 2, .initiator = true }, r;

	test_fill(k.send, sizeof(k.send));
	test_fill(k.receive, sizeof(k.receive));
	r = (struct noise_keys){ .local_index = 2, .remote_index = 1 };
	memcpy(r.send, k.receive, 32);
	memcpy(r.receive, k.send, 32);
	session_init(&p->a, &k, NOW, 0);
	session_init(&p->b, &r, NOW, 0);
}

static void
pair_wipe(struct pair *p)
{
	session_wipe(&p->a);
	session_wipe(&p->b);
}

static void
packets_are_those_of(const char *file, bool aes)
{
	struct vectors v = vectors_open(file);
	int blocks = 0;

	while (vectors_next(&v)) {
		uint8_t buf[BUFFER_MAX], want[BUFFER_MAX], packet[BUFFER_MAX];
		struct noise_keys k = { 0 };
		struct session s;
		size_t len, want_len;
		uint64_t counter;

		vector_exact(&v, "key", k.send, 32);
		memcpy(k.receive, k.send, 32);
		k.remote_index = vector_int(&v, "receiver_index");
		counter = vector_int(&v, "counter");
		len = vector(&v, "packet", packet, sizeof(packet));
		want_len = vector(&v, "message", want, sizeof(want));
		session_init(&s, &k, NOW, 0);
		if (aes) {
			session_open_aes(&s);
			session_seal_aes(&s);
			ASSERT_EQ(vector(&v, "key_aes", want, 32), 32);
			ASSERT_MEM(s.aes_sealing.key, want, 32);
			ASSERT_EQ(vector(&v, "message", want, sizeof(want)), want_len);
		}
		s.counter = counter;
		memcpy(buf + DATA_HEADER, packet, len);
		ASSERT_EQ(session_seal(&s, NOW, buf + DATA_HEADER, len), want_len);
		ASSERT_MEM(buf, want, want_len);
		ASSERT_EQ(session_open(&s, NOW, buf, want_len), want_len - DATA_MIN);
		ASSERT_MEM(buf + DATA_HEADER, packet, len);
		session_wipe(&s);
		blocks++;
	}
	ASSERT(blocks >= 4);
	vectors_close(&v);
}

TEST(packets_are_those_of_the_vectors)
{
	packets_are_those_of("transport.txt", false);
	packets_are_those_of("transport_aes.txt", true);
}

/* The list of the kernel's drivers/net/wireguard/selftest/counter.c, with its numbers. */
TEST(the_window_answers_the_kernels_list)
{
	static const struct {
		uint64_t counter;
		bool accepted;
	} list[] = {
		{ 0, true }, { 1, true }, { 1, false }, { 9, true }, { 8, true }, { 7, true },
		{ 7, false }, { LIM, true }, { LIM - 1, true }, { LIM - 1, false },
		{ LIM - 2, true }, { 2, true }, { 2, false }, { LIM + 16, true }, { 3, false },
		{ LIM + 16, false }, { LIM * 4, true }, { LIM * 4 - (LIM - 1), true },
		{ 10, false }, { LIM * 4 - LIM, false }, { LIM * 4 - (LIM + 1), false },
		{ LIM * 4 - (LIM - 2), true }, { LIM * 4 + 1 - LIM, false }, { 0, false },
		{ REJECT, false }, { REJECT - 1, true }, { REJECT, false },
		{ REJECT - 1, false }, { REJECT - 2, true }, { REJECT + 1, false },
		{ REJECT + 2, false }, { REJECT - 2, false }, { REJECT - 3, true }, { 0, false },
	};
	struct replay r = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (replay_accept(&r, list[i].counter) != list[i].accepted)
			test_fail(__FILE__, __LINE__, "line %zu of the list", i + 1);
}

TEST(the_window_has_exactly_its_size)
{
	struct replay r = { 0 };

	for (uint64_t i = 1; i <= WINDOW; i++)
		ASSERT(replay_accept(&r, i));
	ASSERT(replay_accept(&r, 0));
	ASSERT(!replay_accept(&r, 0));

	memset(&r, 0, sizeof(r));
	for (uint64_t i = 2; i <= WINDOW + 1; i++)
		ASSERT(replay_accept(&r, i));
	ASSERT(replay_accept(&r, 1));
	ASSERT(!replay_accept(&r, 0));

	memset(&r, 0, sizeof(r));
	for (uint64_t i = WINDOW + 1; i-- > 0;)
		ASSERT(replay_accept(&r, i));

	memset(&r, 0, sizeof(r));
	for (uint64_t i = WINDOW + 2; i-- > 1;)
		ASSERT(replay_accept(&r, i));
	ASSERT(!replay_accept(&r, 0));

	memset(&r, 0, sizeof(r));
	for (uint64_t i = WINDOW + 1; i-- > 1;)
		ASSERT(replay_accept(&r, i));
	ASSERT(replay_accept(&r, WINDOW + 1));
	ASSERT(!replay_accept(&r, 0));
}

/* A model too simple to be wrong: a flag for each number, and the greatest so far. */
TEST(the_window_agrees_with_a_list_of_all_numbers)
{
	enum { NUMBERS = 200000 };
	static bool seen[NUMBERS];
	struct replay r = { 0 };
	uint64_t greatest = 0;
	bool any = false;

	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < 300000; i++) {
		uint64_t around = greatest + 40 > 9000 ? greatest + 40 - test_below(9000) :
							 test_below(greatest + 40);
		uint64_t n = test_below(2000) == 0 ? greatest + test_below(12000) : around;
		bool want;

		if (n >= NUMBERS)
			break;
		want = !seen[n] && (!any || n + WINDOW >= greatest);
		ASSERT_EQ(replay_accept(&r, n), want);
		if (want) {
			seen[n] = any = true;
			greatest = max_u64(greatest, n);
		}
	}
}

TEST(what_is_sealed_is_opened_once)
{
	uint8_t buf[BUFFER_MAX], copy[BUFFER_MAX];
	struct pair p;

	pair_init(&p);
	for (size_t len = 0; len < 1500; len += 1 + test_below(40)) {
		uint8_t packet[1500];
		int n;

		test_fill(packet, len);
		memcpy(buf + DATA_HEADER, packet, len);
		n = session_seal(&p.a, NOW, buf + DATA_HEADER, len);
		ASSERT(n >= (int)(len + DATA_MIN) && n < (int)(len + DATA_MIN + 16));
		ASSERT(n <= (int)(max_u64(len, SESSION_PAD_LIMIT) + DATA_MIN));
		memcpy(copy, buf, n);
		ASSERT_EQ(session_open(&p.b, NOW, buf, n), n - (int)DATA_MIN);
		ASSERT_MEM(buf + DATA_HEADER, packet, len);
		ASSERT_EQ(session_open(&p.b, NOW, copy, n), ERR_REPLAY);
	}
	pair_wipe(&p);
}

TEST(both_ciphers_share_one_session)
{
	uint8_t buf[BUFFER_MAX], copy[BUFFER_MAX], packet[1500];
	struct pair p;

	pair_init(&p);
	session_open_aes(&p.b);
	session_seal_aes(&p.a);
	for (int i = 0; i < 200; i++) {
		size_t len = test_below(sizeof(packet));
		uint64_t counter = p.a.counter;
		int n;

		/* The sender may go to and fro; what counts is the counter, and there is one. */
		p.a.seals_aes = test_below(2);
		test_fill(packet, len);
		memcpy(buf + DATA_HEADER, packet, len);
		n = session_seal(&p.a, NOW, buf + DATA_HEADER, len);
		ASSERT_EQ(le32(buf), p.a.seals_aes ? OUTER_DATA_AES : OUTER_DATA);
		ASSERT_EQ(p.a.counter, counter + 1);
		memcpy(copy, buf, n);
		/* One type's bytes are nothing in the other, and touch no window. */
		put_le32(copy, p.a.seals_aes ? OUTER_DATA : OUTER_DATA_AES);
		ASSERT_EQ(session_open(&p.b, NOW, copy, n), ERR_AUTH);
		memcpy(copy, buf, n);
		copy[DATA_SEALED + test_below(n - DATA_SEALED)] ^= (uint8_t)(1 << test_below(8));
		ASSERT_EQ(session_open(&p.b, NOW, copy, n), ERR_AUTH);
		memcpy(copy, buf, n);
		ASSERT_EQ(session_open(&p.b, NOW, buf, n), n - (int)DATA_MIN);
		ASSERT_MEM(buf + DATA_HEADER, packet, len);
		ASSERT_EQ(session_open(&p.b, NOW, copy, n), ERR_REPLAY);
	}
	pair_wipe(&p);
}

TEST(aes_is_not_opened_before_it_is_agreed_on)
{
	uint8_t buf[64] = { 0 }, copy[64];
	struct pair p;
	int n;

	pair_init(&p);
	session_seal_aes(&p.a);
	n = session_seal(&p.a, NOW, buf + DATA_HEADER, 5);
	memcpy(copy, buf, n);
	ASSERT_EQ(session_open(&p.b, NOW, copy, n), ERR_VERSION);
	session_open_aes(&p.b);
	ASSERT_EQ(session_open(&p.b, NOW, buf, n), 16);
	/* No key serves two ciphers or two directions. */
	ASSERT(memcmp(p.a.aes_sealing.key, p.a.sealing.key, 32) != 0);
	session_seal_aes(&p.b);
	ASSERT(memcmp(p.a.aes_sealing.key, p.b.aes_sealing.key, 32) != 0);
	pair_wipe(&p);
	ASSERT(crypto_is_zero(&p, sizeof(p)));
}

TEST(a_forged_packet_does_not_move_the_window)
{
	uint8_t buf[64], forged[64];
	struct pair p;
	int n;

	pair_init(&p);
	n = session_seal(&p.a, NOW, buf + DATA_HEADER, 0);
	ASSERT_EQ(n, DATA_MIN);
	memcpy(forged, buf, n);
	put_le64(forged + DATA_COUNTER, 1 << 20);
	ASSERT_EQ(session_open(&p.b, NOW, forged, n), ERR_AUTH);
	ASSERT_EQ(session_open(&p.b, NOW, buf, n), 0);
	for (int len = 0; len < (int)DATA_MIN; len++)
		ASSERT_EQ(session_open(&p.b, NOW, buf, len), ERR_SHORT);
	pair_wipe(&p);
}

TEST(a_session_ends_by_its_age_and_by_its_counter)
{
	uint8_t buf[64] = { 0 };
	struct pair p;
	int n;

	pair_init(&p);
	n = session_seal(&p.a, NOW + REJECT_AFTER_TIME - 1, buf + DATA_HEADER, 0);
	ASSERT_EQ(n, DATA_MIN);
	ASSERT_EQ(session_open(&p.b, NOW + REJECT_AFTER_TIME, buf, n), ERR_EXPIRED);
	ASSERT_EQ(session_open(&p.b, NOW + REJECT_AFTER_TIME - 1, buf, n), 0);
	ASSERT_EQ(session_seal(&p.a, NOW + REJECT_AFTER_TIME, buf + DATA_HEADER, 0), ERR_EXPIRED);

	p.a.counter = REJECT_AFTER_MESSAGES - 1;
	n = session_seal(&p.a, NOW, buf + DATA_HEADER, 0);
	ASSERT_EQ(session_open(&p.b, NOW, buf, n), 0);
	ASSERT_EQ(session_seal(&p.a, NOW, buf + DATA_HEADER, 0), ERR_EXPIRED);
	pair_wipe(&p);
}

TEST(a_session_ends_with_the_certificate)
{
	struct noise_keys k = { 0 };
	struct session s;

	session_init(&s, &k, NOW, NOW + 7 * USEC_PER_SEC);
	ASSERT(session_alive(&s, NOW + 7 * USEC_PER_SEC - 1));
	ASSERT(!session_alive(&s, NOW + 7 * USEC_PER_SEC));
	session_wipe(&s);
	ASSERT(crypto_is_zero(&s, sizeof(s)));
}

/* Whatever part of it is passed on: a message that is said not to outgrow its place does not. */
TEST(what_is_passed_on_from_between_others_stays_in_its_place)
{
	uint8_t buf[DATA_HEADER + 2048] = { 0 };
	struct pair p;

	pair_init(&p);
	for (uint32_t len = DATA_MIN; len < DATA_MIN + 1500; len++) {
		struct packet pk = { .len = len, .meta = META_TIGHT };
		bool outgrows = false;

		for (size_t part = 0; part <= len - DATA_MIN; part++) {
			uint64_t counter = p.a.counter;

			outgrows |= session_seal(&p.a, NOW, buf + DATA_HEADER, part) > (int)len;
			p.a.counter = counter;
			part += part < (len - DATA_MIN) / 16 * 16 ? 15 : 0;
		}
		ASSERT_EQ(session_outgrows(&pk), outgrows);
		pk.meta = 0;
		ASSERT(!session_outgrows(&pk));
	}
	pair_wipe(&p);
}
