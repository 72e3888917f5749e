/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cookies against the vectors, and both sides against each other.
 */
#include "tests/unit/test.h"
#include "tests/unit/vectors.h"

#include "core/bytes.h"
#include "core/cookie.h"

#define NOW (1000 * USEC_PER_SEC)

/* Hands out what a vector says. */
static void
fill_from(void *ctx, uint8_t *p, size_t n)
{
	const uint8_t **next = ctx;

	memcpy(p, *next, n);
	*next += n;
}

static struct source
source_read(const struct vectors *v)
{
	struct addr at = { 0 };
	uint8_t port[2];

	at.family = vector(v, "address", at.ip, sizeof(at.ip)) == 4 ? FAMILY_V4 : FAMILY_V6;
	vector_exact(v, "port", port, sizeof(port));
	at.port = be16(port);
	return source_direct(&at);
}

TEST(both_sides_do_what_the_vectors_say)
{
	struct vectors v = vectors_open("cookie.txt");
	int blocks = 0;

	while (vectors_next(&v)) {
		uint8_t chance[32 + 24], msg[INITIATION_LEN], want[COOKIE_LEN], reply[COOKIE_LEN];
		uint8_t private[32] = { 1 }, public[32], with_mac2[INITIATION_LEN];
		const uint8_t *next = chance;
		struct rng rng = { fill_from, &next };
		struct noise_identity self;
		struct noise_remote remote;
		struct cookie_maker m;
		struct cookie c = { 0 };
		struct source from = source_read(&v);

		/* Only what is derived from the public key is used here. */
		ASSERT_EQ(noise_identity_init(&self, private), 0);
		vector_exact(&v, "responder_static_public", public, 32);
		ASSERT_EQ(noise_remote_init(&remote, &self, public), 0);
		memcpy(self.cookie_key, remote.cookie_key, 32);

		vector_exact(&v, "secret", chance, 32);
		vector_exact(&v, "nonce", chance + 32, 24);
		vector_exact(&v, "message", msg, sizeof(msg));
		vector_exact(&v, "reply", want, sizeof(want));
		cookie_maker_init(&m);
		cookie_reply(reply, &m, NOW, &rng, &self, &from, msg);
		ASSERT_MEM(reply, want, sizeof(want));

		ASSERT_EQ(cookie_take(&c, NOW, &remote, msg + INITIATION_MAC1, reply), 0);
		vector_exact(&v, "cookie", want, COOKIE_SIZE);
		ASSERT_MEM(cookie_value(&c, NOW), want, COOKIE_SIZE);

		vector_exact(&v, "message_with_mac2", with_mac2, sizeof(with_mac2));
		ASSERT(cookie_shown(&m, NOW, &rng, &from, with_mac2));
		ASSERT(!cookie_shown(&m, NOW, &rng, &from, msg));
		from.at.port++;
		ASSERT(!cookie_shown(&m, NOW, &rng, &from, with_mac2));
		blocks++;
	}
	ASSERT(blocks >= 2);
	vectors_close(&v);
}

/* A responder, an initiator, and the message that made the responder ask for a cookie. */
struct scene {
	struct rng_stream stream;
	struct rng rng;
	struct noise_identity initiator, responder;
	struct noise_remote to_responder;
	struct cookie_maker maker;
	uint8_t msg[INITIATION_LEN];
};

static void
scene_init(struct scene *s)
{
	uint8_t private[32];

	rng_stream_init(&s->stream, test_rand());
	s->rng = rng_stream_source(&s->stream);
	rng_fill(&s->rng, private, 32);
	ASSERT_EQ(noise_identity_init(&s->initiator, private), 0);
	rng_fill(&s->rng, private, 32);
	ASSERT_EQ(noise_identity_init(&s->responder, private), 0);
	ASSERT_EQ(noise_remote_init(&s->to_responder, &s->initiator, s->responder.public), 0);
	cookie_maker_init(&s->maker);
}

static void
scene_message(struct scene *s, const uint8_t *cookie)
{
	uint8_t ephemeral[32], timestamp[NOISE_TIMESTAMP] = { 0 };
	struct noise n;

	rng_fill(&s->rng, ephemeral, sizeof(ephemeral));
	ASSERT_EQ(noise_initiate(s->msg, &n, &s->initiator, &s->to_responder, 1, timestamp,
	    ephemeral, cookie), 0);
}

TEST(a_cookie_is_good_for_one_source_and_two_minutes)
{
	uint8_t relay[32] = { 1 }, peer[32] = { 2 };
	struct source from = source_relayed(relay, peer), other = source_relayed(peer, relay);
	uint8_t reply[COOKIE_LEN];
	struct cookie c = { 0 };
	struct scene s;

	scene_init(&s);
	scene_message(&s, NULL);
	ASSERT(cookie_value(&c, NOW) == NULL);
	cookie_reply(reply, &s.maker, NOW, &s.rng, &s.responder, &from, s.msg);
	ASSERT_EQ(cookie_take(&c, NOW, &s.to_responder, s.msg + INITIATION_MAC1, reply), 0);

	scene_message(&s, cookie_value(&c, NOW));
	ASSERT(cookie_shown(&s.maker, NOW, &s.rng, &from, s.msg));
	ASSERT(!cookie_shown(&s.maker, NOW, &s.rng, &other, s.msg));
	ASSERT(cookie_shown(&s.maker, NOW + COOKIE_SECRET_AGE - 1, &s.rng, &from, s.msg));
	ASSERT(!cookie_shown(&s.maker, NOW + COOKIE_SECRET_AGE, &s.rng, &from, s.msg));

	ASSERT(cookie_value(&c, NOW + COOKIE_SECRET_AGE - COOKIE_LATENCY - 1) != NULL);
	ASSERT(cookie_value(&c, NOW + COOKIE_SECRET_AGE - COOKIE_LATENCY) == NULL);
}

TEST(a_forged_reply_leaves_the_cookie_that_was_there)
{
	struct source from = source_relayed((uint8_t[32]){ 1 }, (uint8_t[32]){ 2 });
	uint8_t reply[COOKIE_LEN], value[COOKIE_SIZE];
	struct cookie c = { 0 };
	struct scene s;

	scene_init(&s);
	scene_message(&s, NULL);
	cookie_reply(reply, &s.maker, NOW, &s.rng, &s.responder, &from, s.msg);
	ASSERT_EQ(cookie_take(&c, NOW, &s.to_responder, s.msg + INITIATION_MAC1, reply), 0);
	memcpy(value, c.value, sizeof(value));

	for (size_t i = COOKIE_NONCE; i < COOKIE_LEN; i++) {
		reply[i] ^= 1 << test_below(8);
		ASSERT_EQ(cookie_take(&c, NOW, &s.to_responder, s.msg + INITIATION_MAC1, reply),
		    ERR_AUTH);
	}
	ASSERT_MEM(c.value, value, sizeof(value));
}

/* It is bound to the message that it answers by mac1. */
TEST(the_reply_to_another_message_is_no_cookie)
{
	struct source from = source_relayed((uint8_t[32]){ 1 }, (uint8_t[32]){ 2 });
	uint8_t reply[COOKIE_LEN];
	struct cookie c = { 0 };
	struct scene s;

	scene_init(&s);
	scene_message(&s, NULL);
	cookie_reply(reply, &s.maker, NOW, &s.rng, &s.responder, &from, s.msg);
	scene_message(&s, NULL);
	ASSERT_EQ(cookie_take(&c, NOW, &s.to_responder, s.msg + INITIATION_MAC1, reply), ERR_AUTH);
	ASSERT(cookie_value(&c, NOW) == NULL);
}
