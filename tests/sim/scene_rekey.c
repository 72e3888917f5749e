/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_rekey.c - a node gets another key while it talks, or keeps the one that it has.
 */
#include "core/crypto.h"
#include "node/renew.h"
#include "node/view.h"
#include "tests/sim/office.h"
#include "tests/sim/scene.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

#define LIFETIME 1200 /* seconds, of certificates */

static struct stage st;
static struct office office;
static struct box *authority, *a, *b;
static struct flow flow;
static uint8_t first_key[32]; /* of b, public */

static void
begin(struct world *w, unsigned kind_a, unsigned kind_b)
{
	stage_init(&st, w);
	st.lifetime = LIFETIME;
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	a = stage_node(&st, kind_a);
	b = stage_node(&st, kind_b);
	st.node_flags |= CERT_ENROL;
	authority = stage_node(&st, KIND_LINUX);
	office_open(&office, &st, authority, LIFETIME);
	crypto_dh_public(first_key, b->id.private_key);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&flow, a, b, 50 * MS, 200);
	stage_run(&st, 10 * SEC);
	if (flow.answered == 0)
		world_fail(w, "no answer to begin with");
	/* The stage's certificates are a day old, and followed at once by fresh ones. */
	memset(office.signed_for, 0, sizeof(office.signed_for));
	flow_mark(&flow);
}

static void
expect_gap(usec_t gap)
{
	if (flow_gap(&flow) > gap)
		world_fail(st.w, "%.3f s without an answer", (double)flow_gap(&flow) / 1e6);
}

/* Which key `a` knows `b` by; and that it is the one that b uses. */
static bool
is_rekeyed(void)
{
	struct view_peer v;
	uint8_t key[32];

	crypto_dh_public(key, b->id.private_key);
	if (view_peer(a->mesh, box_clock(a), b->id.name, &v) < 0 ||
	    memcmp(v.key, key, sizeof(key)) != 0)
		world_fail(st.w, "the other one knows another key than the one in use");
	return memcmp(key, first_key, sizeof(key)) != 0;
}

static void
expect_rekeyed(bool rekeyed)
{
	if (is_rekeyed() != rekeyed)
		world_fail(st.w, rekeyed ? "it has its old key still" : "it has another key");
}

/* So many keys were left; each is revoked by now, and the other one knows. */
static void
expect_left(unsigned keys)
{
	struct view_state v;

	if (office.revoked_count != keys)
		world_fail(st.w, "%u keys are revoked, not %u", office.revoked_count, keys);
	view_state(a->mesh, box_clock(a), &v);
	if (v.spread.held.version != office.version)
		world_fail(st.w, "the other one has not heard which keys are revoked");
	if (!crypto_is_zero(b->id.next_key, sizeof(b->id.next_key)))
		world_fail(st.w, "it does not know that its new key was heard of");
}

/* While both talk, directly or through a relay: a moment's pause, and again a while later. */
static void
while_talking(struct world *w, unsigned kind_a, unsigned kind_b)
{
	begin(w, kind_a, kind_b);
	for (unsigned i = 1; i <= 3; i++) {
		box_rekey(b);
		stage_run(&st, 60 * SEC);
		expect_rekeyed(true);
		expect_gap(500 * MS);
		office_expect(&office, b, i, i);
		expect_left(i);
		crypto_dh_public(first_key, b->id.private_key);
	}
	stage_run(&st, LIFETIME * SEC);
	expect_gap(500 * MS);
}

/* Both sides at once. */
static void
both(struct world *w)
{
	begin(w, KIND_LINUX, KIND_PCONE);
	box_rekey(a);
	box_rekey(b);
	stage_run(&st, 30 * SEC);
	expect_rekeyed(true);
	expect_gap(1500 * MS); /* each calls a key that is no more, until the state says so */
	office_expect(&office, a, 1, 1);
	office_expect(&office, b, 1, 1);
	expect_left(2);
	flow_mark(&flow);
	stage_run(&st, 300 * SEC);
	expect_gap(200 * MS);
}

/*
 * Power goes between the making of the key and its certificate, again and again, while that is asked
 * for, signed, and waits in the lighthouse: it is one certificate, and it comes.
 */
static void
interrupted(struct world *w)
{
	begin(w, KIND_LINUX, KIND_PCONE);
	box_crash(authority);
	box_rekey(b);
	for (unsigned i = 0; i < 6; i++) {
		stage_run(&st, (1 + i) * SEC);
		box_crash(b);
		if (i == 3) {
			box_on(authority);
			stage_run(&st, 20 * SEC);
			office_expect(&office, b, 1, 1);
			box_crash(authority);
		}
		box_on(b);
	}
	stage_run(&st, 30 * SEC);
	expect_rekeyed(true);
	office_expect(&office, b, 1, 1);
	flow_mark(&flow);
	box_on(authority);
	stage_run(&st, LIFETIME * SEC);
	expect_gap(200 * MS);
}

/* It is refused, or nobody says a word to it: the old key is renewed in time all the same. */
static void
denied(struct world *w, bool refused)
{
	begin(w, KIND_LINUX, KIND_PCONE);
	office.of_keys = refused ? NO_NEW_KEYS : NEW_KEYS_LATER;
	box_rekey(b);
	stage_run(&st, 3 * LIFETIME * SEC);
	expect_rekeyed(false);
	expect_gap(200 * MS);
	office_expect(&office, b, 2, 8);
	if (refused != crypto_is_zero(b->id.next_key, sizeof(b->id.next_key)))
		world_fail(w, "the next key is %s", refused ? "kept" : "forgotten");
	office.of_keys = NEW_KEYS;
	stage_run(&st, 2 * LIFETIME * SEC);
	expect_rekeyed(!refused);
}

void
scene_rekey(struct world *w, unsigned number)
{
	switch (number) {
	case 0: while_talking(w, KIND_LINUX, KIND_PCONE); break;
	case 1: while_talking(w, KIND_SYM_RAND, KIND_SYM_RAND); break;
	case 2: while_talking(w, KIND_PUBLIC, KIND_SYM_RAND); break;
	case 3: both(w); break;
	case 4: interrupted(w); break;
	default: denied(w, number % 2 == 1); break;
	}
	stage_free(&st);
}
