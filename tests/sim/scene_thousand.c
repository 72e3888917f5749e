/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_thousand.c - a thousand nodes, each of which wants ten others.
 */
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <malloc.h>
#include <stdio.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

enum {
	NODES = 1000,
	WANTED = 10,
	LIGHTHOUSES = 2,
};

/* What they are behind, as it might be: most at home, some at work, a few mobile. */
static const unsigned mix[] = { KIND_LINUX, KIND_LINUX, KIND_PCONE, KIND_PCONE, KIND_FULLCONE,
	KIND_ACONE, KIND_FW, KIND_SYM_RAND, KIND_CGN_SYM, KIND_PUBLIC };

static struct stage st;
static struct flow flows[NODES][WANTED];

static void
check_all(struct world *w)
{
	unsigned direct = 0, relayed = 0;

	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < WANTED; k++) {
			const struct flow *f = &flows[i][k];

			if (f->answered == 0)
				world_fail(w, "%s (%s) has not reached %s (%s)", f->a->id.name,
				    f->a->site.kind->name, f->b->id.name, f->b->site.kind->name);
			*(f->direct ? &direct : &relayed) += 1;
			if (!f->direct &&
			    outcome_expected(f->a->site.kind, f->b->site.kind) == OUTCOME_DIRECT)
				world_fail(w, "%s (%s) and %s (%s) are still relayed",
				    f->a->id.name, f->a->site.kind->name, f->b->id.name,
				    f->b->site.kind->name);
		}
	printf("  %u direct, %u relayed", direct, relayed);
}

static uint64_t
sent_by_nodes(void)
{
	uint64_t sent = 0;

	for (uint32_t i = 0; i < st.box_count; i++)
		sent += st.boxes[i]->is_lighthouse ? 0 : st.boxes[i]->sent;
	return sent;
}

/* What is allocated, but for what the world itself needs. */
static size_t
memory_in_use(const struct world *w)
{
	struct mallinfo2 all = mallinfo2();
	size_t world = st.watch.sealed_room * sizeof(struct sealed) +
	               st.watch.parcel_room * sizeof(struct parcel) +
	               w->agenda.cap * sizeof(struct heap_item *);
	size_t used = all.uordblks + all.hblkhd;

	return used > world ? used - world : 0; /* sanitizers have an allocator that does not say */
}

void
scene_thousand(struct world *w, unsigned number)
{
	struct box *nodes[NODES];
	size_t before, memory;
	uint64_t sent;

	(void)number;
	stage_init(&st, w);
	for (int i = 0; i < LIGHTHOUSES; i++)
		stage_lighthouse(&st);
	for (int i = 0; i < NODES; i++)
		nodes[i] = stage_node(&st, mix[i % ARRAY_LEN(mix)]);
	before = memory_in_use(w);
	stage_on(&st);
	stage_run(&st, 5 * SEC);
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < WANTED; k++) {
			unsigned other = (i + 1 + (unsigned)rng_below(&w->rng, NODES - 1)) % NODES;

			flow_start(&flows[i][k], nodes[i], nodes[other], SEC, 100);
			stage_run(&st, MS);
		}
	stage_run(&st, 5 * SEC);
	memory = memory_in_use(w) - before;
	check_all(w);
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < WANTED; k++)
			flow_stop(&flows[i][k]);
	sent = sent_by_nodes();
	stage_run(&st, 20 * SEC);
	printf("; a node holds %zu KB and sent %llu packets, then idle %.2f a second\n",
	    memory / NODES / 1000, (unsigned long long)(sent / NODES),
	    (double)(sent_by_nodes() - sent) / NODES / 20);
	stage_free(&st);
}
