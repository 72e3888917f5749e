/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_relay.c - pairs that no direct path joins, and nodes that pass on for them.
 *
 * Lighthouses relay nothing here unless a case says so. A relay is a node on the Internet itself,
 * as far from everybody as its station's delay.
 */
#include "node/mesh.h"
#include "node/view.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <string.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

#define RELAYS_MAX 4

static struct theatre {
	struct stage st;
	struct box *relays[RELAYS_MAX];
	struct box *a;
	struct box *b;
	struct flow flow;
} theatre;

/* A relay this far from the Internet's middle, one way. */
static struct box *
relay_at(struct theatre *t, usec_t delay)
{
	struct box *r;

	t->st.node_flags = CERT_RELAY;
	r = stage_node(&t->st, KIND_PUBLIC);
	t->st.node_flags = 0;
	r->station.up.delay = r->station.down.delay = delay;
	return r;
}

/* Two lighthouses, `n` relays, and two nodes behind the hardest NATs; everybody is on. */
static struct theatre *
open_theatre(struct world *w, bool lighthouses_relay, size_t n, const usec_t *delay)
{
	struct theatre *t = &theatre;

	memset(t, 0, sizeof(*t));
	stage_init(&t->st, w);
	t->st.no_relay = !lighthouses_relay;
	stage_lighthouse(&t->st);
	stage_lighthouse(&t->st);
	for (size_t i = 0; i < n; i++)
		t->relays[i] = relay_at(t, delay[i]);
	t->a = stage_node(&t->st, KIND_SYM_RAND);
	t->b = stage_node(&t->st, KIND_SYM_RAND);
	stage_on(&t->st);
	stage_run(&t->st, 5 * SEC);
	return t;
}

/* The relay by which `a` sends to `b`, or "" where it needs none. */
static const char *
relay_between(const struct box *a, const struct box *b)
{
	static struct view_peer p;

	if (view_peer(a->mesh, box_clock(a), b->id.name, &p) < 0)
		return "nothing";
	for (size_t i = 0; i < p.path_count; i++)
		if (p.paths[i].in_use)
			return p.paths[i].relay;
	return "nothing";
}

static void
demand_relay(struct theatre *t, const struct box *relay)
{
	if (strcmp(relay_between(t->a, t->b), relay->id.name) != 0 ||
	    strcmp(relay_between(t->b, t->a), relay->id.name) != 0)
		world_fail(t->st.w, "by %s and back by %s, not by %s", relay_between(t->a, t->b),
		    relay_between(t->b, t->a), relay->id.name);
}

/* The first answer came within `first`, and none was missed for longer than `gap` since the mark. */
static void
demand_flow(struct theatre *t, usec_t first, usec_t gap)
{
	const struct flow *f = &t->flow;

	if (f->first_answer == 0 || f->first_answer - f->started > first)
		world_fail(t->st.w, "the first answer took %.3f s",
		    f->first_answer == 0 ? -1.0 : (double)(f->first_answer - f->started) / 1e6);
	if (flow_gap(f) > gap)
		world_fail(t->st.w, "%.3f s without an answer", (double)flow_gap(f) / 1e6);
}

/* Nothing but a node relays: it is found, and the first answer comes after two round trips. */
void
scene_node_relay(struct world *w, unsigned number)
{
	static const usec_t near_by[] = { 10 * MS, 10 * MS };
	/* A lookup, and both messages of the handshake and the data through the relay. */
	struct theatre *t = open_theatre(w, false, 1 + number % 2, near_by);

	if (number >= 2) { /* the relay comes when everybody is there */
		box_crash(t->relays[0]);
		stage_run(&t->st, 120 * SEC);
		box_on(t->relays[0]);
		stage_run(&t->st, 60 * SEC);
	}
	flow_start(&t->flow, t->a, t->b, 50 * MS, 200);
	stage_run(&t->st, 20 * SEC);
	demand_flow(t, 200 * MS, 200 * MS);
	flow_stop(&t->flow);
	stage_run(&t->st, 400 * SEC); /* idle long enough for everything to be let go */
	flow_start(&t->flow, t->b, t->a, 50 * MS, 200);
	stage_run(&t->st, 20 * SEC);
	demand_flow(t, 300 * MS, 300 * MS);
	stage_free(&t->st);
}

/* Near and far relays, nodes and lighthouses: the nearest one carries the data. */
void
scene_relay_choice(struct world *w, unsigned number)
{
	static const usec_t far_first[] = { 80 * MS, 40 * MS, 5 * MS };
	struct theatre *t = open_theatre(w, number == 1, ARRAY_LEN(far_first), far_first);

	if (number == 1) { /* both lighthouses are farther away than any of them */
		for (size_t i = 0; i < t->st.lighthouse_count; i++) {
			struct station *s = &t->st.lighthouses[i]->station;

			s->up.delay = s->down.delay = 100 * MS;
		}
		stage_run(&t->st, 60 * SEC);
	}
	flow_start(&t->flow, t->a, t->b, 50 * MS, 200);
	stage_run(&t->st, 2 * SEC);
	flow_mark(&t->flow);
	stage_run(&t->st, 28 * SEC);
	/* A question to a lighthouse, and two round trips by way of it or of the nearest node. */
	demand_flow(t, number == 1 ? 1200 * MS : 300 * MS, 500 * MS);
	demand_relay(t, t->relays[2]);
	stage_free(&t->st);
}

/* The relay in use is switched off without a word; another one, node or lighthouse, is there. */
void
scene_relay_dies(struct world *w, unsigned number)
{
	static const usec_t delays[] = { 5 * MS, 15 * MS, 15 * MS };
	struct theatre *t = open_theatre(w, number % 2 == 1, number % 2 == 1 ? 1 : 3, delays);

	flow_start(&t->flow, t->a, t->b, 50 * MS, 200);
	stage_run(&t->st, 30 * SEC);
	demand_relay(t, number % 2 == 1 ? t->st.lighthouses[0] : t->relays[0]);
	flow_mark(&t->flow);
	box_crash(number % 2 == 1 ? t->st.lighthouses[0] : t->relays[0]);
	stage_run(&t->st, 30 * SEC);
	demand_flow(t, 500 * MS, 1500 * MS);
	stage_free(&t->st);
}

/* It says goodbye, or its operator has it relay no more. */
void
scene_relay_stops(struct world *w, unsigned number)
{
	static const usec_t delays[] = { 5 * MS, 15 * MS };
	static struct mesh_settings settings;
	struct theatre *t = open_theatre(w, false, ARRAY_LEN(delays), delays);
	struct stage *st = &t->st;

	flow_start(&t->flow, t->a, t->b, 50 * MS, 200);
	stage_run(st, 30 * SEC);
	demand_relay(t, t->relays[0]);
	flow_mark(&t->flow);
	if (number == 0) {
		box_off(t->relays[0]);
	} else {
		settings = (struct mesh_settings){ .no_relay = true };
		mesh_configure(t->relays[0]->mesh, box_clock(t->relays[0]), &settings, &st->out);
		box_settle(t->relays[0]);
	}
	stage_run(st, 500 * MS);
	demand_relay(t, t->relays[1]); /* both were told */
	stage_run(st, 30 * SEC);
	demand_flow(t, 500 * MS, 1000 * MS);
	demand_relay(t, t->relays[1]);
	stage_free(st);
}

/*
 * One pair floods a relay that may pass 100 kB/s, another says little: who says little has all of
 * it answered, and who floods has about half of the relay.
 */
void
scene_relay_shares(struct world *w, unsigned number)
{
	static const usec_t near_by[] = { 5 * MS };
	static struct mesh_settings settings;
	static struct flow flood;
	struct theatre *t = open_theatre(w, false, 1, near_by);
	struct stage *st = &t->st;
	struct box *c = stage_node(st, KIND_SYM_RAND), *d = stage_node(st, KIND_SYM_RAND);

	(void)number;
	stage_on(st);
	settings = (struct mesh_settings){ .relay_rate = 100000 };
	mesh_configure(t->relays[0]->mesh, box_clock(t->relays[0]), &settings, &st->out);
	box_settle(t->relays[0]);
	stage_run(st, 3 * SEC);
	flow_start(&flood, c, d, 2 * MS, 1000); /* half a megabyte a second, each way */
	stage_run(st, 10 * SEC);
	flow_start(&t->flow, t->a, t->b, 50 * MS, 200);
	stage_run(st, 20 * SEC);
	demand_flow(t, 500 * MS, 500 * MS);
	if (t->flow.answered * 100 < t->flow.sent * 95)
		world_fail(w, "%llu of %llu answered", (unsigned long long)t->flow.answered,
		    (unsigned long long)t->flow.sent);
	if (flood.answered == 0 || flood.answered * 2 > flood.sent)
		world_fail(w, "%llu of %llu of the flood answered",
		    (unsigned long long)flood.answered, (unsigned long long)flood.sent);
	stage_free(st);
}
