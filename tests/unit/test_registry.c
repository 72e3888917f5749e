/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registry against a model that is an array, and its rows through a restart.
 */
#include "lighthouse/registry.h"
#include "tests/unit/test.h"

#define NODES 40

static const struct instant start = { .mono = 1000 * USEC_PER_SEC, .wall = 1800000000000000 };
static struct rng_stream stream;
static struct outbox out;

static struct instant
later(usec_t span)
{
	return (struct instant){ start.mono + span, start.wall + span };
}

static struct registry *
fresh(uint32_t limit)
{
	struct rng rng;
	struct registry *r;

	outbox_free(&out);
	ASSERT_EQ(outbox_init(&out, 256, 1 << 19), 0);
	rng_stream_init(&stream, 1);
	rng = rng_stream_source(&stream);
	r = registry_new(&rng, limit);
	ASSERT(r != NULL);
	return r;
}

static struct addr
address(unsigned host, uint16_t port)
{
	struct addr a = { .family = FAMILY_V4, .port = port, .ip = { 198, 51, 100 } };

	a.ip[3] = (uint8_t)host;
	return a;
}

static const uint8_t *
key_of(unsigned node)
{
	static uint8_t keys[256][32];

	keys[node][0] = (uint8_t)node;
	keys[node][1] = 1;
	return keys[node];
}

static struct candidates
words(uint8_t eps, uint8_t relays)
{
	struct candidates c = { .seq = 7, .nat = { .mapping = NAT_MAPPING_PORT, .step = -2 } };

	for (c.eps.n = 0; c.eps.n < eps; c.eps.n++)
		c.eps.ep[c.eps.n] = (struct ep){ EP_HOST, address(c.eps.n, 7717) };
	for (c.relays.n = 0; c.relays.n < relays; c.relays.n++)
		c.relays.key[c.relays.n][0] = (uint8_t)(c.relays.n + 1);
	return c;
}

/* Registers node `n` at `now`. */
static int
put(struct registry *r, struct instant now, unsigned n)
{
	struct addr at = address(n, 4242);
	struct candidates c = words(2, 1);
	struct registration *g;
	int rc = registry_put(r, now, key_of(n), &at, false, &c, &out, &g);

	if (rc == 0)
		ASSERT(registry_get(r, key_of(n)) == g);
	return rc;
}

TEST(registry_keeps_what_it_knows_when_full)
{
	struct registry *r = fresh(10);

	for (unsigned n = 0; n < 10; n++)
		ASSERT_EQ(put(r, start, n), 0);
	ASSERT_EQ(put(r, start, 10), ERR_FULL);
	for (unsigned n = 0; n < 10; n++) {
		ASSERT(registry_get(r, key_of(n)) != NULL);
		ASSERT_EQ(put(r, later(1), n), 0);
	}
	ASSERT(registry_get(r, key_of(10)) == NULL);
	ASSERT_EQ(registry_count(r), 10);
	while (registry_expire(r, start.mono + 1 + REGISTRY_TTL, &out))
		;
	ASSERT_EQ(registry_count(r), 0);
	ASSERT_EQ(put(r, later(2), 10), 0);
	registry_free(r);
}

TEST(others_are_told_the_observed_address_first_and_no_address_twice)
{
	struct registry *r = fresh(10);
	struct candidates c = words(8, 4);
	struct addr at = address(3, 7717);
	struct registration *g;
	struct contact contact = { 0 };

	ASSERT_EQ(registry_put(r, start, key_of(1), &at, false, &c, &out, &g), 0);
	registration_contact(&contact, g);
	ASSERT_EQ(contact.eps.n, CONTACT_EPS);
	ASSERT(addr_equal(&contact.eps.ep[0].addr, &at));
	ASSERT_EQ(contact.eps.ep[0].kind, EP_REFLEXIVE);
	for (unsigned i = 1; i < CONTACT_EPS; i++) {
		struct addr want = address(i - 1 + (i > 3), 7717);

		ASSERT(addr_equal(&contact.eps.ep[i].addr, &want));
	}
	ASSERT_EQ(contact.relays.n, CONTACT_RELAYS);
	ASSERT_EQ(contact.nat.step, -2);

	at = address(200, 9999);
	registration_contact(&contact, g);
	ASSERT_EQ(contact.eps.n, CONTACT_EPS);
	registry_free(r);
}

TEST(a_row_is_written_when_it_says_something_new_and_now_and_then)
{
	struct registry *r = fresh(10);
	struct candidates c = words(2, 1);
	struct addr at = address(1, 1), moved = address(1, 2);
	struct registration *g;

	ASSERT_EQ(registry_put(r, start, key_of(1), &at, false, &c, &out, &g), 0);
	ASSERT_EQ(out.count, 1);
	ASSERT_EQ(registry_put(r, later(5), key_of(1), &at, false, &c, &out, &g), 0);
	registration_heard(g, later(6), &at, false, &out);
	ASSERT_EQ(out.count, 1);
	registration_heard(g, later(7), &moved, false, &out);
	ASSERT_EQ(out.count, 2);
	c.nat.epoch++;
	ASSERT_EQ(registry_put(r, later(8), key_of(1), &moved, false, &c, &out, &g), 0);
	ASSERT_EQ(out.count, 3);
	registration_heard(g, later(7 + REGISTRY_REWRITE), &moved, false, &out);
	ASSERT_EQ(out.count, 3);
	registration_heard(g, later(8 + REGISTRY_REWRITE), &moved, false, &out);
	ASSERT_EQ(out.count, 4);
	for (uint32_t i = 0; i < out.count; i++) {
		ASSERT_EQ(out.effects[i].kind, EFFECT_REMEMBER);
		ASSERT_EQ(out.effects[i].memory.table, MEMORY_REGISTRATION);
		ASSERT_MEM(out.effects[i].memory.key, key_of(1), 32);
	}
	ASSERT(registry_expire(r, start.mono + 8 + REGISTRY_REWRITE + REGISTRY_TTL, &out));
	ASSERT_EQ(out.effects[4].memory.value_len, 0);
	registry_free(r);
}

TEST(rows_survive_a_restart_and_live_on_only_if_the_node_is_heard)
{
	struct registry *r = fresh(10), *again;
	struct rng rng = rng_stream_source(&stream);
	struct candidates c = words(CONTACT_EPS, CONTACT_RELAYS);
	struct addr at = address(77, 4242);
	struct contact before = { 0 }, after = { 0 };
	struct registration *g;
	const struct memory *m;

	ASSERT_EQ(registry_put(r, start, key_of(1), &at, false, &c, &out, &g), 0);
	registration_contact(&before, g);
	m = &out.effects[0].memory;

	again = registry_new(&rng, 10);
	ASSERT_EQ(
	    registry_recall(again, later(USEC_PER_SEC), m->key, m->key_len, m->value, m->value_len),
	    0);
	ASSERT_EQ(
	    registry_recall(again, later(USEC_PER_SEC), m->key, m->key_len, m->value, m->value_len),
	    ERR_CONFLICT);
	g = registry_get(again, key_of(1));
	ASSERT(g != NULL && addr_equal(&g->observed, &at));
	registration_contact(&after, g);
	ASSERT_EQ(after.eps.n, before.eps.n);
	for (size_t i = 0; i < after.eps.n; i++) {
		ASSERT_EQ(after.eps.ep[i].kind, before.eps.ep[i].kind);
		ASSERT(addr_equal(&after.eps.ep[i].addr, &before.eps.ep[i].addr));
	}
	ASSERT_EQ(after.relays.n, 2);
	ASSERT_EQ(registry_next_due(again), start.mono + USEC_PER_SEC + REGISTRY_TTL);
	ASSERT(registry_expire(again, start.mono + USEC_PER_SEC + REGISTRY_TTL, &out));
	registry_free(again);
	registry_free(r);
}

TEST(bytes_that_are_no_row_are_refused)
{
	struct registry *r = fresh(10), *again;
	struct rng rng = rng_stream_source(&stream);
	uint8_t row[1300];
	const struct memory *m;
	struct instant now = later(USEC_PER_SEC);

	ASSERT_EQ(put(r, start, 1), 0);
	m = &out.effects[0].memory;
	again = registry_new(&rng, 10);
	memcpy(row, m->value, m->value_len);
	for (size_t len = 0; len < m->value_len; len++)
		ASSERT(registry_recall(again, now, m->key, 32, row, len) < 0);
	ASSERT(registry_recall(again, now, m->key, 31, row, m->value_len) < 0);
	ASSERT(registry_recall(again, now, m->key, 32, row, sizeof(row)) < 0);
	row[0] = 2;
	ASSERT_EQ(registry_recall(again, now, m->key, 32, row, m->value_len), ERR_VERSION);
	row[0] = 1;
	now = later(REGISTRY_RECALL + USEC_PER_SEC);
	ASSERT_EQ(registry_recall(again, now, m->key, 32, row, m->value_len), ERR_EXPIRED);
	ASSERT_EQ(registry_count(again), 0);
	registry_free(again);
	registry_free(r);
}

TEST(registry_does_what_an_array_would)
{
	struct registry *r = fresh(NODES / 2);
	usec_t heard[NODES] = { 0 }; /* 0: not there */
	usec_t at = 0;
	unsigned count = 0;

	for (int n = 0; n < 50000; n++) {
		unsigned who = (unsigned)test_below(NODES);
		struct registration *g;
		int rc;

		outbox_reset(&out);
		at += test_below(5 * USEC_PER_SEC);
		while (registry_expire(r, later(at).mono, &out))
			;
		for (unsigned i = 0; i < NODES; i++)
			if (heard[i] != 0 && later(at).mono - heard[i] >= REGISTRY_TTL) {
				heard[i] = 0;
				count--;
			}
		ASSERT_EQ(registry_count(r), count);
		g = registry_get(r, key_of(who));
		ASSERT_EQ(g != NULL, heard[who] != 0);
		if (g != NULL && test_below(2)) {
			registration_heard(g, later(at), &g->observed, false, &out);
		} else {
			rc = put(r, later(at), who);
			ASSERT_EQ(rc, heard[who] == 0 && count == NODES / 2 ? ERR_FULL : 0);
			if (rc < 0)
				continue;
			count += heard[who] == 0;
		}
		heard[who] = later(at).mono;
	}
	registry_free(r);
}
