/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing and opening beside the engine: the same bytes as in it, in the same order, and keys that
 * live no longer than what is under way with them.
 */
#include "tests/unit/meshes.h"

#include "core/session.h"

#define NOW (1000 * USEC_PER_SEC)
#define SEC USEC_PER_SEC

/* Two ends of one session, of which `a` and `b` are deferred and `plain` is as `a`. */
static struct ends {
	struct deferral deferral;
	struct sealing sealing;
	struct session a, b, plain;
} ends;

static void
ends_open(size_t jobs, size_t openings)
{
	struct noise_keys k = { .local_index = 1, .remote_index = 2, .initiator = true }, r;

	memset(&ends, 0, sizeof(ends));
	ends.deferral.threads = 1;
	ASSERT_EQ(sealing_init(&ends.sealing, 0, jobs, openings), 0);
	test_fill(k.send, sizeof(k.send));
	test_fill(k.receive, sizeof(k.receive));
	r = (struct noise_keys){ .local_index = 2, .remote_index = 1 };
	memcpy(r.send, k.receive, 32);
	memcpy(r.receive, k.send, 32);
	session_init(&ends.a, &k, NOW, 0);
	session_init(&ends.plain, &k, NOW, 0);
	session_init(&ends.b, &r, NOW, 0);
	ASSERT_EQ(session_defer(&ends.a, &k, &ends.deferral), 0);
	ASSERT_EQ(session_defer(&ends.b, &r, &ends.deferral), 0);
	if (test_below(2) == 0)
		return;
	session_open_aes(&ends.b);
	session_seal_aes(&ends.a);
	session_seal_aes(&ends.plain);
}

static void
ends_close(void)
{
	session_wipe(&ends.a);
	session_wipe(&ends.b);
	session_wipe(&ends.plain);
	sealing_free(&ends.sealing);
}

struct message {
	uint8_t bytes[DATA_HEADER + 1500 + SESSION_TAILROOM];
	int len;
};

/* The session seals a payload of any length, deferred if `here`. */
static void
seal(struct session *s, struct message *m, const uint8_t *p, size_t len, bool here)
{
	memcpy(m->bytes + DATA_HEADER, p, len);
	ends.deferral.here = here ? &ends.sealing : NULL;
	m->len = session_seal(s, NOW, m->bytes + DATA_HEADER, len);
	ends.deferral.here = NULL;
	ASSERT(m->len > 0);
}

static int
open_here(struct message *m)
{
	int r;

	ends.deferral.here = &ends.sealing;
	r = session_open(&ends.b, NOW, m->bytes, (size_t)m->len);
	ends.deferral.here = NULL;
	return r;
}

TEST(what_is_put_off_has_the_same_bytes_in_the_end)
{
	static struct message later[40], at_once;
	static uint8_t p[40][1500];
	size_t len[40];

	ends_open(7, 4); /* fewer than there are messages: some are sealed to make room */
	for (int i = 0; i < 40; i++) {
		len[i] = test_below(1421);
		test_fill(p[i], len[i]);
		seal(&ends.a, &later[i], p[i], len[i], test_below(4) != 0);
	}
	sealing_run(&ends.sealing);
	for (int i = 0; i < 40; i++) {
		seal(&ends.plain, &at_once, p[i], len[i], false);
		ASSERT_EQ(later[i].len, at_once.len);
		ASSERT_MEM(later[i].bytes, at_once.bytes, (size_t)at_once.len);
	}
	ends_close();
}

TEST(an_envelope_is_sealed_before_the_one_around_it)
{
	static struct message m, inner, want;
	uint8_t p[100];

	ends_open(4, 4);
	test_fill(p, sizeof(p));
	seal(&ends.plain, &inner, p, sizeof(p), false);
	seal(&ends.plain, &want, inner.bytes, (size_t)inner.len, false);
	memcpy(m.bytes + 2 * DATA_HEADER, p, sizeof(p));
	ends.deferral.here = &ends.sealing;
	m.len = session_seal(&ends.a, NOW, m.bytes + 2 * DATA_HEADER, sizeof(p));
	m.len = session_seal(&ends.a, NOW, m.bytes + DATA_HEADER, (size_t)m.len);
	ends.deferral.here = NULL;
	sealing_run(&ends.sealing);
	ASSERT_EQ(m.len, want.len);
	ASSERT_MEM(m.bytes, want.bytes, (size_t)want.len);
	ends_close();
}

TEST(a_message_that_was_opened_beside_is_judged_in_the_engine)
{
	static struct message m[4], copy;
	uint8_t p[600];

	ends_open(4, 3); /* the last finds no room and is opened in the engine */
	test_fill(p, sizeof(p));
	for (int i = 0; i < 4; i++)
		seal(&ends.a, &m[i], p, sizeof(p), false);
	copy = m[0];
	m[1].bytes[100] ^= 1;
	for (int i = 0; i < 4; i++)
		sealing_expect(&ends.sealing, ends.b.keys, m[i].bytes, (size_t)m[i].len);
	sealing_open(&ends.sealing);
	ASSERT_EQ(open_here(&m[0]), 608);
	ASSERT_MEM(m[0].bytes + DATA_HEADER, p, sizeof(p));
	ASSERT_EQ(open_here(&m[1]), ERR_AUTH);
	ASSERT_EQ(open_here(&m[2]), 608);
	ASSERT_EQ(open_here(&m[3]), 608);
	ASSERT_MEM(m[3].bytes + DATA_HEADER, p, sizeof(p));
	sealing_done(&ends.sealing);

	sealing_expect(&ends.sealing, ends.b.keys, copy.bytes, (size_t)copy.len);
	sealing_open(&ends.sealing);
	ASSERT_EQ(open_here(&copy), ERR_REPLAY);
	sealing_done(&ends.sealing);
	ends_close();
}

/* The index is another session's by the time that the message is open. */
TEST(what_other_keys_have_opened_is_not_authentic)
{
	static struct message m;
	uint8_t p[50];

	ends_open(4, 4);
	test_fill(p, sizeof(p));
	seal(&ends.a, &m, p, sizeof(p), false);
	sealing_expect(&ends.sealing, ends.a.keys, m.bytes, (size_t)m.len);
	sealing_open(&ends.sealing);
	ends.sealing.openings[0].rc = 0;
	ASSERT_EQ(open_here(&m), ERR_AUTH);
	sealing_done(&ends.sealing);
	ends_close();
}

TEST(what_is_under_way_outlives_its_session)
{
	static struct message m, want;
	uint8_t p[700];

	ends_open(4, 4);
	test_fill(p, sizeof(p));
	seal(&ends.plain, &want, p, sizeof(p), false);
	seal(&ends.a, &m, p, sizeof(p), true);
	session_wipe(&ends.a);
	sealing_run(&ends.sealing);
	ASSERT_MEM(m.bytes, want.bytes, (size_t)want.len);

	sealing_expect(&ends.sealing, ends.b.keys, m.bytes, (size_t)m.len);
	session_wipe(&ends.b);
	sealing_open(&ends.sealing);
	ASSERT_MEM(m.bytes + DATA_HEADER, p, sizeof(p));
	sealing_done(&ends.sealing);
	ends_close();
}

/*
 * Whole engines
 */

static struct house *lh, *relay, *one, *two;
static uint8_t digest[32];
static uint64_t heard;

/* One and two never hear each other; whatever is sent is remembered. */
static bool
pass(const struct addr *from, const struct addr *to, const uint8_t *p, size_t len)
{
	crypto_hash2(digest, digest, sizeof(digest), p, len);
	crypto_hash2(digest, digest, sizeof(digest), to->ip, sizeof(to->ip));
	heard++;
	return !(addr_equal(from, &one->at) && addr_equal(to, &two->at)) &&
	    !(addr_equal(from, &two->at) && addr_equal(to, &one->at));
}

static void
ping(struct house *from, const struct house *to, int seq)
{
	int r;

	house_enter(from);
	r = mesh_ping(from->mesh, town.now, house_ip(to), 7, (uint16_t)seq, 32, &town.out);
	house_leave(from);
	ASSERT_EQ(r, 0);
	town_settle(from);
}

/* A story with relays, sessions that are renewed, and one that ends; how many pings came back. */
static unsigned
live_through(bool deferred)
{
	unsigned answered;

	tests.state = tests.seed;
	memset(digest, 0, sizeof(digest));
	heard = 0;
	town_open();
	town.deferred = deferred;
	town.pass = pass;
	lh = town_house("lh", "10.87.0.1", "198.51.100.1", CERT_LIGHTHOUSE);
	relay = town_house("relay1", "10.87.0.11", "198.51.100.11", CERT_RELAY);
	one = town_house("party1", "10.87.0.2", "198.51.100.2", 0);
	two = town_house("party2", "10.87.0.3", "198.51.100.3", 0);
	for (unsigned i = 0; i < town.count; i++)
		house_on(&town.houses[i]);
	for (int i = 0; i < 100; i++) {
		ping(one, i % 3 == 0 ? relay : two, i);
		ping(two, i % 5 == 0 ? relay : one, i);
		town_run(4 * SEC);
		if (i == 50)
			roster_end(relay->mesh, house_peer(relay, two));
	}
	answered = one->pings_answered + two->pings_answered;
	town_close();
	return answered;
}

TEST(an_engine_whose_ciphers_work_beside_it_says_the_same)
{
	uint8_t at_once[32];
	uint64_t count;
	unsigned answered = live_through(false);

	memcpy(at_once, digest, sizeof(digest));
	count = heard;
	ASSERT(answered > 150 && count > 1000);
	ASSERT_EQ(live_through(true), answered);
	ASSERT_EQ(heard, count);
	ASSERT_MEM(digest, at_once, sizeof(digest));
}
