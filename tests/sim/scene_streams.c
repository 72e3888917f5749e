/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_streams.c - UDP is blocked, or stops, or comes back; TCP is cut, or not there either.
 */
#include "tests/sim/pair.h"
#include "tests/sim/scene.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct pair pair;

static struct pair *
pair_of(struct world *w, unsigned kind_a, unsigned kind_b)
{
	struct pair *p = &pair;

	pair_init(p, w, kind_a, kind_b);
	return p;
}

static void
talk(struct pair *p, usec_t span)
{
	pair_talk(p, span);
	if (p->flow.answered == 0)
		world_fail(p->st.w, "they do not talk");
	flow_mark(&p->flow);
}

/* Streams that there are; each is known to both of its ends. */
static unsigned
streams_of(const struct pair *p)
{
	return p->st.streams.count / 2;
}

static void
block_udp(struct box *b, bool blocked)
{
	b->site.home->v4.is.udp_blocked = blocked;
	if (blocked)
		nat_flush(&b->site.home->v4);
}

/* Both are on at the same moment: the first answer is there within a second of it. */
static void
from_nothing(struct world *w)
{
	struct pair *p = pair_of(w, KIND_UDP_BLOCK, KIND_TCP443);

	stage_on(&p->st);
	talk(p, SEC);
	if (p->flow.first_answer - p->flow.started > 900 * MS)
		world_fail(w, "the first answer took too long");
	stage_run(&p->st, 300 * SEC);
	pair_gap_at_most(p, 150 * MS);
	stage_free(&p->st);
}

/* A network that blocked UDP before is not waited for. */
static void
remembered(struct world *w)
{
	struct pair *p = pair_of(w, KIND_PCONE, KIND_PUBLIC);

	block_udp(p->a, true);
	stage_on(&p->st);
	stage_run(&p->st, 20 * SEC);
	box_crash(p->a);
	stage_run(&p->st, SEC);
	box_on(p->a);
	stage_run(&p->st, 50 * MS);
	if (streams_of(p) != 2)
		world_fail(w, "%u streams, and there should be 2", streams_of(p));
	block_udp(p->a, false);
	stage_run(&p->st, 130 * SEC);
	if (streams_of(p) != 0)
		world_fail(w, "UDP works, and there are still streams");
	box_crash(p->a);
	stage_run(&p->st, SEC);
	box_on(p->a);
	stage_run(&p->st, 50 * MS);
	if (streams_of(p) != 0)
		world_fail(w, "it still believes that UDP is blocked");
	stage_free(&p->st);
}

/* UDP stops while two talk that are relayed, and comes back. */
static void
dies_and_returns(struct world *w, unsigned kind)
{
	struct pair *p = pair_of(w, kind, KIND_SYM_RAND);

	stage_on(&p->st);
	stage_run(&p->st, 3 * SEC);
	talk(p, 10 * SEC);
	block_udp(p->a, true);
	stage_run(&p->st, 30 * SEC);
	pair_gap_at_most(p, 2500 * MS);
	if (streams_of(p) != 2)
		world_fail(w, "%u streams, and there should be 2", streams_of(p));
	flow_mark(&p->flow);
	block_udp(p->a, false);
	stage_run(&p->st, 130 * SEC);
	pair_gap_at_most(p, 200 * MS);
	if (streams_of(p) != 0)
		world_fail(w, "UDP works, and there are still streams");
	stage_free(&p->st);
}

/* The lighthouse that carries them is cut off: the other one's stream is there already. */
static void
one_is_cut(struct world *w)
{
	struct pair *p = pair_of(w, KIND_TCP443, KIND_UDP_BLOCK);

	stage_on(&p->st);
	stage_run(&p->st, 3 * SEC);
	talk(p, 10 * SEC);
	for (unsigned i = 0; i < 2; i++) {
		stage_cut(&p->st, p->a, p->st.lighthouses[i]);
		stage_cut(&p->st, p->st.lighthouses[i], p->a);
		stage_run(&p->st, 10 * SEC);
		pair_gap_at_most(p, 2500 * MS);
		stage_heal(&p->st, p->a, p->st.lighthouses[i]);
		stage_heal(&p->st, p->st.lighthouses[i], p->a);
		stage_run(&p->st, 90 * SEC);
		flow_mark(&p->flow);
	}
	stage_free(&p->st);
}

/* Something between ends TLS at first. What is tried in vain is tried ever more seldom. */
static void
wrong_key(struct world *w)
{
	struct pair *p = pair_of(w, KIND_UDP_BLOCK, KIND_LINUX);

	for (unsigned i = 0; i < 2; i++)
		p->st.lighthouses[i]->id.tls_pin[5] ^= 1;
	stage_on(&p->st);
	stage_run(&p->st, 300 * SEC);
	if (p->st.stream_count > 60)
		world_fail(w, "%u connections in five minutes", p->st.stream_count);
	for (unsigned i = 0; i < 2; i++)
		p->st.lighthouses[i]->id.tls_pin[5] ^= 1;
	stage_run(&p->st, 67 * SEC);
	talk(p, SEC);
	stage_free(&p->st);
}

void
scene_streams(struct world *w, unsigned number)
{
	switch (number) {
	case 0: from_nothing(w); break;
	case 1: remembered(w); break;
	case 2: dies_and_returns(w, KIND_SYM_RAND); break;
	case 3: dies_and_returns(w, KIND_LINUX); break;
	case 4: one_is_cut(w); break;
	case 5: wrong_key(w); break;
	}
}
