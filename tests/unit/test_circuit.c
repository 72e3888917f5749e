/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Circuits against a model that is a list, and the sharing of a relay's rate.
 */
#include "core/circuit.h"
#include "tests/unit/test.h"

#define NOW   (1000 * USEC_PER_SEC)
#define LIMIT 300

static struct rng_stream stream;

static const uint8_t *
key_of(unsigned who)
{
	static uint8_t keys[256][32];

	keys[who][0] = (uint8_t)who;
	keys[who][31] = 0x77;
	return keys[who];
}

static struct circuits *
fresh(uint32_t limit, uint64_t rate)
{
	struct rng rng;
	struct circuits *c;

	rng_stream_init(&stream, 1);
	rng = rng_stream_source(&stream);
	c = circuits_new(key_of(100), &rng, limit, rate);
	ASSERT(c != NULL);
	return c;
}

static bool
is_end(const struct circuit_end *e, unsigned who, uint32_t number)
{
	return memcmp(e->key, key_of(who), 32) == 0 && e->number == number;
}

TEST(a_number_says_which_of_the_two_relays)
{
	struct circuits *c = fresh(LIMIT, 0); /* key 100 */
	struct circuit_end end;

	ASSERT_EQ(circuits_open(c, NOW, key_of(200), 1, key_of(50), &end), 0);
	ASSERT_EQ(end.number & CIRCUIT_GREATER, CIRCUIT_GREATER);
	ASSERT_EQ(circuits_open(c, NOW, key_of(50), 1, key_of(200), &end), 0);
	ASSERT_EQ(end.number & CIRCUIT_GREATER, 0);
	ASSERT_EQ(circuit_side(key_of(100), key_of(50)), CIRCUIT_GREATER);
	ASSERT_EQ(circuit_side(key_of(50), key_of(100)), 0);
	circuits_free(c);
}

TEST(a_relay_that_stops_tells_both_ends_of_every_circuit)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end end, both[2];
	unsigned told = 0;

	for (unsigned i = 1; i < 20; i++)
		ASSERT_EQ(circuits_open(c, NOW, key_of(i), 7, key_of(i + 20), &end), 0);
	while (circuits_stop(c, both)) {
		ASSERT_EQ(both[0].number, 7);
		ASSERT(is_end(&both[1], both[0].key[0] + 20u, both[1].number));
		told++;
	}
	ASSERT_EQ(told, 19);
	ASSERT_EQ(circuits_count(c), 0);
	circuits_free(c);
}

TEST(what_one_sends_the_other_gets_under_its_own_number)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end callee;
	struct circuit_hop hop;

	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 7, key_of(2), &callee), 0);
	ASSERT(memcmp(callee.key, key_of(2), 32) == 0);
	ASSERT(callee.number & CIRCUIT_BY_RELAY);

	ASSERT_EQ(circuits_pass(c, NOW, key_of(1), 7, 100, &hop), 0);
	ASSERT(is_end(&hop.to, 2, callee.number));
	ASSERT_MEM(hop.from_key, key_of(1), 32);
	ASSERT_EQ(circuits_pass(c, NOW, key_of(2), callee.number, 100, &hop), 0);
	ASSERT(is_end(&hop.to, 1, 7));

	ASSERT_EQ(circuits_pass(c, NOW, key_of(2), 7, 100, &hop), ERR_UNKNOWN);
	ASSERT_EQ(circuits_pass(c, NOW, key_of(1), callee.number, 100, &hop), ERR_UNKNOWN);
	ASSERT_EQ(circuits_totals(c).packets, 2);
	ASSERT_EQ(circuits_totals(c).bytes, 200);
	circuits_free(c);
}

TEST(opening_again_is_the_same_circuit_and_a_number_serves_one_peer)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end one, two;

	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 7, key_of(2), &one), 0);
	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 7, key_of(2), &two), 0);
	ASSERT_EQ(one.number, two.number);
	ASSERT_EQ(circuits_count(c), 1);
	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 7, key_of(3), &two), ERR_CONFLICT);
	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 8, key_of(1), &two), ERR_DENIED);
	ASSERT_EQ(circuits_count(c), 1);
	circuits_free(c);
}

TEST(one_client_opens_one_circuit_to_another_whatever_it_calls_it)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end one, two;
	struct circuit_hop hop;
	uint32_t n;

	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 7, key_of(2), &one), 0);
	for (n = 8; n < 1000; n++) {
		ASSERT_EQ(circuits_open(c, NOW, key_of(1), n, key_of(2), &two), 0);
		ASSERT_EQ(two.number, one.number);
	}
	ASSERT_EQ(circuits_count(c), 1);
	ASSERT_EQ(circuits_pass(c, NOW, key_of(1), 7, 100, &hop), ERR_UNKNOWN);
	ASSERT_EQ(circuits_pass(c, NOW, key_of(1), 999, 100, &hop), 0);
	ASSERT_EQ(circuits_pass(c, NOW, key_of(2), one.number, 100, &hop), 0);
	ASSERT(is_end(&hop.to, 1, 999));
	/* The other side may open one too. */
	ASSERT_EQ(circuits_open(c, NOW, key_of(2), 1, key_of(1), &two), 0);
	ASSERT_EQ(circuits_count(c), 2);
	circuits_free(c);
}

TEST(a_client_has_64_circuits_at_either_end_and_all_have_the_limit)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end e;
	uint64_t bytes;
	unsigned n;

	for (n = 0; n < CIRCUITS_OF_CLIENT; n++)
		ASSERT_EQ(circuits_open(c, NOW, key_of(1), n, key_of(20 + n), &e), 0);
	ASSERT_EQ(circuits_open(c, NOW, key_of(1), n, key_of(9), &e), ERR_FULL);
	ASSERT_EQ(circuits_open(c, NOW, key_of(9), n, key_of(1), &e), ERR_FULL);
	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 0, key_of(20), &e), 0);
	ASSERT_EQ(circuits_of(c, key_of(1), &bytes), CIRCUITS_OF_CLIENT);
	ASSERT_EQ(circuits_of(c, key_of(9), &bytes), 0);
	for (n = CIRCUITS_OF_CLIENT; n < LIMIT; n++)
		ASSERT_EQ(circuits_open(c, NOW, key_of(100 + n % 50), n, key_of(150 + n / 50), &e),
		    0);
	ASSERT_EQ(circuits_open(c, NOW, key_of(4), n, key_of(5), &e), ERR_FULL);
	ASSERT_EQ(circuits_count(c), LIMIT);
	circuits_free(c);
}

TEST(a_circuit_that_is_used_stays_and_one_that_is_idle_goes)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end e, over[2];
	struct circuit_hop hop;
	usec_t now = NOW;

	ASSERT_EQ(circuits_open(c, now, key_of(1), 1, key_of(2), &e), 0);
	ASSERT_EQ(circuits_open(c, now, key_of(1), 2, key_of(3), &e), 0);
	now += CIRCUIT_IDLE - 1;
	ASSERT_EQ(circuits_pass(c, now, key_of(1), 1, 50, &hop), 0);
	ASSERT(!circuits_expire(c, now, over));
	ASSERT_EQ(circuits_next_due(c), NOW + CIRCUIT_IDLE);
	now++;
	ASSERT(circuits_expire(c, now, over));
	ASSERT(is_end(&over[0], 1, 2));
	ASSERT(is_end(&over[1], 3, e.number));
	ASSERT(!circuits_expire(c, now, over));
	ASSERT_EQ(circuits_next_due(c), now - 1 + CIRCUIT_IDLE);
	ASSERT(circuits_expire(c, now - 1 + CIRCUIT_IDLE, over));
	ASSERT_EQ(circuits_next_due(c), 0);
	ASSERT_EQ(circuits_count(c), 0);
	circuits_free(c);
}

TEST(closing_tells_the_other_end_and_leaving_closes_all)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end e, other;
	struct circuit_hop hop;
	unsigned told = 0;

	ASSERT_EQ(circuits_open(c, NOW, key_of(1), 1, key_of(2), &e), 0);
	ASSERT_EQ(circuits_close(c, key_of(2), e.number, RELAY_CLOSED, &other), 0);
	ASSERT(is_end(&other, 1, 1));
	ASSERT_EQ(circuits_close(c, key_of(2), e.number, RELAY_CLOSED, &other), ERR_UNKNOWN);

	for (unsigned n = 0; n < 10; n++)
		ASSERT_EQ(
		    circuits_open(c, NOW, key_of(n % 2 ? 1 : 2 + n), n, key_of(n % 2 ? 2 + n : 1),
			&e),
		    0);
	while (circuits_leave(c, key_of(1), &other))
		told++;
	ASSERT_EQ(told, 10);
	ASSERT_EQ(circuits_count(c), 0);
	ASSERT_EQ(circuits_pass(c, NOW, key_of(2), 0, 50, &hop), ERR_UNKNOWN);
	circuits_free(c);
}

TEST(a_lost_announcement_is_repeated_until_the_other_side_has_spoken)
{
	struct circuits *c = fresh(LIMIT, 0);
	struct circuit_end e, other;
	struct circuit_hop hop;
	usec_t now = NOW;

	ASSERT_EQ(circuits_open(c, now, key_of(1), 1, key_of(2), &e), 0);
	ASSERT_EQ(circuits_pass(c, now, key_of(1), 1, 50, &hop), 0);
	ASSERT(!hop.announce);
	now += CIRCUIT_ANNOUNCE;
	ASSERT_EQ(circuits_pass(c, now, key_of(1), 1, 50, &hop), 0);
	ASSERT(hop.announce);
	ASSERT_EQ(circuits_pass(c, now, key_of(1), 1, 50, &hop), 0);
	ASSERT(!hop.announce);

	ASSERT_EQ(circuits_close(c, key_of(2), e.number, RELAY_NO_SUCH, &other), ERR_STATE);
	ASSERT_EQ(circuits_pass(c, now, key_of(1), 1, 50, &hop), 0);
	ASSERT(hop.announce);

	ASSERT_EQ(circuits_pass(c, now, key_of(2), e.number, 50, &hop), 0);
	now += CIRCUIT_ANNOUNCE;
	ASSERT_EQ(circuits_pass(c, now, key_of(1), 1, 50, &hop), 0);
	ASSERT(!hop.announce);
	ASSERT_EQ(circuits_close(c, key_of(2), e.number, RELAY_NO_SUCH, &other), 0);
	circuits_free(c);
}

/* Sends 1000-byte packets from client `who` as fast as it may; returns the bytes that passed. */
static uint64_t
push(struct circuits *c, usec_t now, unsigned who)
{
	struct circuit_hop hop;
	uint64_t passed = 0;

	while (circuits_pass(c, now, key_of(who), who, 1000, &hop) == 0)
		passed += 1000;
	return passed;
}

TEST(those_who_relay_share_the_rate_and_one_alone_has_all_of_it)
{
	struct circuits *c = fresh(LIMIT, 10000000);
	struct circuit_end e;
	uint64_t passed[8] = { 0 };
	usec_t now = NOW;

	for (unsigned who = 0; who < 8; who++)
		ASSERT_EQ(circuits_open(c, now, key_of(who), who, key_of(100), &e), 0);
	push(c, now, 0);
	for (; now < NOW + 10 * USEC_PER_SEC; now += 10 * USEC_PER_MS)
		passed[0] += push(c, now, 0);
	ASSERT(passed[0] > 99000000 && passed[0] < 103000000);

	/* All eight for ten seconds: the first second finds out, the rest is fair. */
	memset(passed, 0, sizeof(passed));
	for (; now < NOW + 20 * USEC_PER_SEC; now += 10 * USEC_PER_MS)
		for (unsigned who = 0; who < 8; who++)
			passed[who] += push(c, now, who);
	for (unsigned who = 0; who < 8; who++)
		ASSERT(passed[who] > 11500000 && passed[who] < 14000000);
	ASSERT(circuits_totals(c).dropped > 0);
	circuits_free(c);
}

TEST(a_client_that_comes_anew_has_no_fresh_allowance)
{
	struct circuits *c = fresh(LIMIT, 1000000);
	struct circuit_end e;
	uint64_t passed = 0;

	for (unsigned n = 0; n < 20; n++) {
		ASSERT_EQ(circuits_open(c, NOW, key_of(1), 1, key_of(2), &e), 0);
		passed += push(c, NOW, 1);
		ASSERT_EQ(circuits_close(c, key_of(1), 1, RELAY_CLOSED, &e), 0);
	}
	ASSERT(passed <= 20 * CIRCUIT_SHARE_MIN);
	circuits_free(c);
}

/* The model: a plain list. */
struct pair {
	unsigned a, b;
	uint32_t na, nb;
	usec_t last;
};

static struct pair model[LIMIT];
static unsigned model_count;

static struct pair *
model_find(unsigned who, uint32_t number)
{
	for (unsigned i = 0; i < model_count; i++)
		if ((model[i].a == who && model[i].na == number) ||
		    (model[i].b == who && model[i].nb == number))
			return &model[i];
	return NULL;
}

/* What `a` has opened to `b`. */
static struct pair *
model_between(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < model_count; i++)
		if (model[i].a == a && model[i].b == b)
			return &model[i];
	return NULL;
}

static void
model_remove(struct pair *p)
{
	*p = model[--model_count];
}

TEST(circuits_do_what_a_list_would)
{
	struct circuits *c = fresh(40, (uint64_t)1 << 39);
	struct circuit_end e, over[2];
	struct circuit_hop hop;
	usec_t now = NOW;

	model_count = 0;
	for (int n = 0; n < 100000; n++) {
		unsigned a = (unsigned)test_below(8), b = (unsigned)test_below(8);
		uint32_t number = (uint32_t)test_below(12);
		struct pair *p;

		now += test_below(6 * USEC_PER_SEC);
		while (circuits_expire(c, now, over)) {
			p = model_find(over[0].key[0], over[0].number);
			ASSERT(p != NULL && p->nb == over[1].number);
			ASSERT(now - p->last >= CIRCUIT_IDLE);
			model_remove(p);
		}
		for (unsigned i = 0; i < model_count; i++)
			ASSERT(now - model[i].last < CIRCUIT_IDLE);
		if (test_below(2) && model_count > 0)
			number = model[test_below(model_count)].nb;
		p = model_find(a, number);
		switch (test_below(3)) {
		case 0: {
			int r;

			number &= 15;
			p = model_find(a, number);
			if (p == NULL && (p = model_between(a, b)) != NULL)
				p->na = number;
			r = circuits_open(c, now, key_of(a), number, key_of(b), &e);
			if (a == b)
				ASSERT_EQ(r, ERR_DENIED);
			else if (p != NULL && p->b != b)
				ASSERT_EQ(r, ERR_CONFLICT);
			else if (p == NULL && model_count == 40)
				ASSERT_EQ(r, ERR_FULL);
			else
				ASSERT_EQ(r, 0);
			if (r < 0)
				break;
			if (p == NULL) {
				ASSERT(model_find(b, e.number) == NULL);
				model[model_count++] = (struct pair){ a, b, number, e.number, now };
			} else {
				ASSERT_EQ(e.number, p->nb);
			}
			break;
		}
		case 1:
			ASSERT_EQ(circuits_pass(c, now, key_of(a), number, 10, &hop),
			    p == NULL ? ERR_UNKNOWN : 0);
			if (p == NULL)
				break;
			ASSERT(p->a == a && p->na == number ? is_end(&hop.to, p->b, p->nb)
							    : is_end(&hop.to, p->a, p->na));
			p->last = now;
			break;
		default:
			if (test_below(4) > 0)
				break;
			ASSERT_EQ(circuits_close(c, key_of(a), number, RELAY_CLOSED, &e),
			    p == NULL ? ERR_UNKNOWN : 0);
			if (p != NULL)
				model_remove(p);
		}
		ASSERT_EQ(circuits_count(c), model_count);
	}
	circuits_free(c);
}
