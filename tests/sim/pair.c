/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pair.c - two nodes and a conversation.
 */
#include "tests/sim/pair.h"

void
pair_init(struct pair *p, struct world *w, unsigned kind_a, unsigned kind_b)
{
	stage_init(&p->st, w);
	stage_lighthouse(&p->st);
	stage_lighthouse(&p->st);
	p->a = stage_node(&p->st, kind_a);
	p->b = stage_node(&p->st, kind_b);
}

void
pair_talk(struct pair *p, usec_t span)
{
	flow_start(&p->flow, p->a, p->b, 50 * USEC_PER_MS, 200);
	stage_run(&p->st, span);
}

void
pair_gap_at_most(const struct pair *p, usec_t gap)
{
	if (flow_gap(&p->flow) > gap)
		world_fail(p->st.w, "%.3f s without an answer, not %.3f",
		    (double)flow_gap(&p->flow) / 1e6, (double)gap / 1e6);
}
