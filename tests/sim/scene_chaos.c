/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_chaos.c - everything breaks at random; and then, for a while, nothing.
 *
 * Safety is watched all the time (watch.h, box.c). Liveness is asked at the end: some time after
 * the faults have stopped every pair that can talk does.
 */
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

enum {
	LIGHTHOUSES = 3,
	NODES = 7,
};

/*
 * How long faults last, and how long after them everybody must talk: the longest that a node may
 * wait before it punches again, and some more.
 */
#define FAULTS (100 * SEC)
#define CALM   (330 * SEC)

struct chaos {
	struct stage st;
	struct box *nodes[NODES];
	struct flow flows[NODES][NODES];
};

static struct chaos chaos;

static uint64_t
draw(struct chaos *c, uint64_t below)
{
	return rng_below(&c->st.w->rng, below);
}

/* Of those that can use UDP. */
static unsigned
draw_kind(struct chaos *c)
{
	return (unsigned)draw(c, KIND_UDP_BLOCK);
}

static struct station *
edge_of(struct box *b)
{
	return site_edge(&b->site, &b->station);
}

static void
spoil(struct chaos *c, struct link *l)
{
	l->jitter = draw(c, 10 * MS);
	l->loss = (uint32_t)draw(c, 60000);
	l->duplicate = (uint32_t)draw(c, 60000);
	l->reorder = (uint32_t)draw(c, 60000);
}

static void
mend(struct link *l)
{
	l->jitter = l->loss = l->duplicate = l->reorder = 0;
	l->cut = false;
}

static void
toggle(struct chaos *c, struct box *b)
{
	if (!box_is_on(b))
		box_on(b);
	else if (draw(c, 2) == 0)
		box_crash(b);
	else
		box_off(b);
}

static void
break_something(struct chaos *c)
{
	struct box *b = c->nodes[draw(c, NODES)], *other = c->nodes[draw(c, NODES)];
	struct station *edge = edge_of(b);

	switch (draw(c, 10)) {
	case 0: toggle(c, b); break;
	case 1: toggle(c, c->st.lighthouses[draw(c, LIGHTHOUSES)]); break;
	case 2: stage_reboot(&c->st, b); break;
	case 3: stage_readdress(&c->st, b, 1 + (unsigned)draw(c, 3)); break;
	case 4: edge->up.cut = !edge->up.cut; break;
	case 5: edge->down.cut = !edge->down.cut; break;
	case 6:
		if (c->st.net.cut_count < NET_CUTS_MAX)
			stage_cut(&c->st, b, other);
		break;
	case 7: c->st.net.cut_count = 0; break;
	case 8: spoil(c, draw(c, 2) == 0 ? &edge->up : &edge->down); break;
	case 9:
		if (b != other)
			stage_forge(b, other, c->nodes[draw(c, NODES)], 100);
		break;
	}
}

static void
mend_everything(struct chaos *c)
{
	c->st.net.cut_count = 0;
	for (size_t i = 0; i < NODES; i++) {
		struct station *edge = edge_of(c->nodes[i]);

		mend(&edge->up);
		mend(&edge->down);
	}
	stage_on(&c->st);
}

/*
 * An open router lets a stranger's packet take the tuple that its own host needs (kinds.h), and
 * which of two comes first is chance here.
 */
static bool
must_be_direct(const struct kind *a, const struct kind *b)
{
	const struct kind *open = &kinds[KIND_LINUX_OPEN];

	return a != open && b != open && outcome_expected(a, b) == OUTCOME_DIRECT &&
	       !outcome_by_chance(a, b);
}

static void
check_pair(struct chaos *c, unsigned i, unsigned k)
{
	const struct box *a = c->nodes[i], *b = c->nodes[k];
	const struct flow *f = &c->flows[i][k];

	if (flow_gap(f) > 2 * SEC)
		world_fail(c->st.w, "%s (%s) hears nothing from %s (%s) for %.1f s", a->id.name,
		    a->site.kind->name, b->id.name, b->site.kind->name, (double)flow_gap(f) / 1e6);
	if (must_be_direct(a->site.kind, b->site.kind) && !f->direct)
		world_fail(c->st.w, "%s (%s) and %s (%s) are still relayed", a->id.name,
		    a->site.kind->name, b->id.name, b->site.kind->name);
}

static void
for_pairs(struct chaos *c, void (*each)(struct chaos *c, unsigned i, unsigned k))
{
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < NODES; k++)
			if (i != k)
				each(c, i, k);
}

static void
start_pair(struct chaos *c, unsigned i, unsigned k)
{
	flow_start(&c->flows[i][k], c->nodes[i], c->nodes[k], 200 * MS + draw(c, 100 * MS), 200);
}

static void
stop_pair(struct chaos *c, unsigned i, unsigned k)
{
	flow_stop(&c->flows[i][k]);
}

static void
mark_pair(struct chaos *c, unsigned i, unsigned k)
{
	flow_mark(&c->flows[i][k]);
}

void
scene_chaos(struct world *w, unsigned number)
{
	struct chaos *c = &chaos;
	usec_t end;

	(void)number;
	stage_init(&c->st, w);
	c->st.has_psk = draw(c, 2) == 0;
	if (c->st.has_psk)
		rng_fill(&w->rng, c->st.psk, sizeof(c->st.psk));
	for (int i = 0; i < LIGHTHOUSES; i++)
		stage_lighthouse(&c->st);
	for (int i = 0; i < NODES; i++) {
		c->nodes[i] = stage_node(&c->st, draw_kind(c));
		c->nodes[i]->patience = draw(c, 2) * 200;
		c->nodes[i]->clock_error = (int64_t)draw(c, 200 * SEC) - (int64_t)(100 * SEC);
		world_say(w, "%s is %s", c->nodes[i]->id.name, c->nodes[i]->site.kind->name);
	}
	stage_on(&c->st);
	for_pairs(c, start_pair);
	for (end = w->now + FAULTS; w->now < end;) {
		break_something(c);
		stage_run(&c->st, draw(c, 2 * SEC));
	}
	mend_everything(c);
	for_pairs(c, stop_pair);
	stage_run(&c->st, CALM - 20 * SEC);
	for_pairs(c, start_pair);
	stage_run(&c->st, 20 * SEC);
	for_pairs(c, mark_pair);
	stage_run(&c->st, 10 * SEC);
	for_pairs(c, check_pair);
	stage_free(&c->st);
}
