/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_introducer.c - all lighthouses are gone, and two find each other through a third.
 */
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

/* Nobody has met but each of the two with the third, when the lighthouses go. */
static void
meet_through_a_third(struct stage *st, struct box *a, struct box *b, struct box *c, bool relays)
{
	static struct flow with_a, with_b, late;

	flow_start(&with_a, a, c, 100 * MS, 200);
	flow_start(&with_b, b, c, 100 * MS, 200);
	stage_run(st, 5 * SEC);
	for (size_t i = 0; i < st->lighthouse_count; i++)
		box_crash(st->lighthouses[i]);
	stage_run(st, 5 * SEC);
	flow_start(&late, a, b, 50 * MS, 200);
	stage_run(st, 20 * SEC);
	if (late.first_answer == 0 || late.first_answer - late.started > 2 * SEC)
		world_fail(st->w, "no introduction");
	if (!late.direct && !relays)
		world_fail(st->w, "not direct");
}

/* They knew each other once, and both have gone elsewhere: one by one, and the first restarts. */
static void
meet_again(struct stage *st, struct box *a, struct box *b, struct box *c)
{
	static struct flow flow, with_b;

	flow_start(&flow, a, b, 100 * MS, 200);
	flow_start(&with_b, b, c, 100 * MS, 200);
	stage_run(st, 5 * SEC);
	box_ping(a, c->id.addresses[0]);
	stage_run(st, 5 * SEC);
	for (size_t i = 0; i < st->lighthouse_count; i++)
		box_crash(st->lighthouses[i]);
	stage_run(st, 5 * SEC);
	box_crash(a);
	stage_readdress(st, b, 2);
	stage_readdress(st, a, 3);
	stage_run(st, 30 * SEC);
	box_on(a);
	stage_run(st, 3 * SEC);
	flow_mark(&flow);
	stage_run(st, 20 * SEC);
	if (flow_gap(&flow) > 3 * SEC || !flow.direct)
		world_fail(st->w, "%.3f s without an answer, %s", (double)flow_gap(&flow) / 1e6,
		    flow.direct ? "direct" : "relayed");
}

void
scene_introducer(struct world *w, unsigned number)
{
	static const unsigned kinds_of[][2] = {
		{ KIND_LINUX, KIND_LINUX },
		{ KIND_PUBLIC, KIND_SYM_RAND },
		{ KIND_SYM_RAND, KIND_SYM_RAND }, /* the third relays for them, too */
		{ KIND_LINUX, KIND_PCONE },
	};
	static struct stage st;
	struct box *a, *b, *c;

	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	a = stage_node(&st, kinds_of[number][0]);
	b = stage_node(&st, kinds_of[number][1]);
	st.node_flags = number == 2 ? CERT_RELAY : 0;
	c = stage_node(&st, KIND_PUBLIC);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	if (number < 3)
		meet_through_a_third(&st, a, b, c, number == 2);
	else
		meet_again(&st, a, b, c);
	st.node_flags = 0;
	stage_free(&st);
}
