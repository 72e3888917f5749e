/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_safety.c - somebody lies about where peers are, so that a bystander is called by all.
 *
 * What any one box may send to who is silent is checked all the time (guard.h). Here it is made to
 * try, and what the bystander gets in the end is counted.
 */
#include "lighthouse/beacon.h"
#include "lighthouse/beacon_impl.h"
#include "node/mesh.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <stdlib.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

enum {
	NODES = 8,
	FLOWS = NODES * (NODES - 1),
	CROWD = 70,
	VICTIM = 76, /* see internet_v4() */
};

/* Kinds with which nobody has to aim. */
static const unsigned mix[] = { KIND_PUBLIC, KIND_FW, KIND_PCONE, KIND_LINUX };

struct bystander {
	struct station station;
	uint64_t heard;
};

static struct stage st;
static struct box *nodes[CROWD];
static struct flow flows[FLOWS];
static struct bystander victim;

static void
victim_hears(void *ctx, struct datagram *d)
{
	struct bystander *b = ctx;

	b->heard++;
	datagram_free(d);
}

static struct addr
victim_at(uint16_t port)
{
	struct addr a = internet_v4(VICTIM);

	a.port = port;
	return a;
}

static void
begin(struct world *w, unsigned count)
{
	stage_init(&st, w);
	st.guard.aims = false;
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	victim.heard = 0;
	net_host(&st.net, &victim.station, NULL, victim_hears, &victim);
	net_address(&st.net, &victim.station, internet_v4(VICTIM));
	for (unsigned i = 0; i < count; i++)
		nodes[i] = stage_node(&st, mix[i % ARRAY_LEN(mix)]);
}

/* In the memory of a lighthouse the victim is everybody's address, on many ports. */
static void
poison(struct beacon *b)
{
	struct registration *g;
	struct candidates said;
	size_t cursor = 0;

	while ((g = registry_next(b->registry, &cursor)) != NULL) {
		g->observed = victim_at((uint16_t)(5000 + g->key[0]));
		registration_said(g, &said);
		for (size_t i = 0; i < said.eps.n; i++)
			said.eps.ep[i].addr = victim_at((uint16_t)(6000 + 16 * g->key[0] + i));
		if (registration_say(g, &said) < 0)
			abort();
	}
}

struct liar {
	struct alarm alarm;
	unsigned lighthouses; /* that lie */
};

static void
lie(struct world *w, struct alarm *a)
{
	const struct liar *l = CONTAINER_OF(a, struct liar, alarm);

	for (unsigned i = 0; i < l->lighthouses; i++)
		poison(st.lighthouses[i]->beacon);
	world_at(w, a, w->now + 2 * MS);
}

/* One lighthouse lies, or all do. Who relays honestly is not asked where anybody is. */
void
scene_liar(struct world *w, unsigned number)
{
	static struct liar liar;
	uint64_t early;
	size_t n = 0;

	liar = (struct liar){ .alarm.ring = lie, .lighthouses = 1 + number };
	begin(w, NODES);
	stage_on(&st);
	stage_run(&st, 2 * SEC);
	world_at(w, &liar.alarm, w->now);
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < NODES; k++)
			if (i != k)
				flow_start(&flows[n++], nodes[i], nodes[k], SEC / 5, 100);
	stage_run(&st, 10 * SEC);
	early = victim.heard;
	stage_run(&st, 50 * SEC);
	if (victim.heard == 0)
		world_fail(w, "nobody believed the lie: this proves nothing");
	if (early > NODES * TARGET_FULL)
		world_fail(w, "%u nodes sent %llu datagrams to the bystander in 10 s", NODES,
		    (unsigned long long)early);
	if (victim.heard - early > NODES * TARGET_FULL)
		world_fail(w, "they went on, and sent %llu more in 50 s",
		    (unsigned long long)(victim.heard - early));
	for (size_t i = 0; i < n; i++)
		if (flow_gap(&flows[i]) > 2 * SEC)
			world_fail(w, "%s and %s were kept apart", flows[i].a->id.name,
			    flows[i].b->id.name);
	world_never(w, &liar.alarm);
	stage_free(&st);
}

/* A node registers the bystander's addresses as its own, and is gone when it is called. */
void
scene_false_address(struct world *w, unsigned number)
{
	struct mapping mapped = { .method = MAPPING_PCP, .internal_port = BOX_PORT };
	struct addr local[MESH_LOCAL_MAX];
	struct box *liar;
	unsigned n = 0;

	begin(w, NODES);
	liar = nodes[0];
	stage_on(&st);
	stage_run(&st, SEC);
	mapped.external = victim_at(7000);
	mesh_mapped(liar->mesh, box_clock(liar), &mapped, 1, &st.out);
	box_settle(liar);
	for (unsigned i = 0; i < MESH_LOCAL_MAX; i++)
		local[i] = victim_at((uint16_t)(5000 + i));
	mesh_net_changed(liar->mesh, box_clock(liar), local, MESH_LOCAL_MAX, &st.out);
	box_settle(liar);
	stage_run(&st, SEC);
	if (number == 0)
		box_crash(liar);
	for (unsigned i = 1; i < NODES; i++)
		flow_start(&flows[n++], nodes[i], liar, SEC / 5, 100);
	stage_run(&st, 10 * SEC);
	if (victim.heard > (NODES - 1) * (number == 0 ? MESH_LOCAL_MAX * TARGET_HINT : TARGET_FULL))
		world_fail(w, "%u nodes sent %llu datagrams to the bystander", NODES - 1,
		    (unsigned long long)victim.heard);
	stage_free(&st);
}

/* One node wants everybody: a lighthouse introduces it to as many as it may. */
void
scene_introductions(struct world *w, unsigned number)
{
	static struct flow many[CROWD];
	struct beacon_totals t;

	(void)number;
	begin(w, CROWD);
	stage_on(&st);
	stage_run(&st, 5 * SEC);
	for (unsigned i = 1; i < CROWD; i++) {
		flow_start(&many[i], nodes[0], nodes[i], SEC, 100);
		stage_run(&st, 50 * MS);
	}
	for (size_t i = 0; i < st.lighthouse_count; i++) {
		beacon_totals(st.lighthouses[i]->beacon, &t);
		if (t.introductions < INTRODUCE_REQUESTER / 2 ||
		    t.introductions > INTRODUCE_REQUESTER + 5)
			world_fail(w, "a lighthouse introduced one node %llu times at once",
			    (unsigned long long)t.introductions);
	}
	stage_run(&st, 70 * SEC);
	for (unsigned i = 1; i < CROWD; i++)
		if (many[i].answered == 0)
			world_fail(w, "%s was never reached", many[i].b->id.name);
	stage_free(&st);
}
