/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_renew.c - certificates that end while people talk, and an authority that is there or not.
 */
#include "lighthouse/beacon.h"
#include "node/renew.h"
#include "node/view.h"
#include "tests/sim/office.h"
#include "tests/sim/scene.h"

#define SEC  USEC_PER_SEC
#define MS   USEC_PER_MS
#define YEAR (365 * 86400 * (int64_t)USEC_PER_SEC)

static struct stage st;
static struct office office;
static struct box *lighthouses[2], *authority, *a, *b;
static struct flow flow;

/*
 * The stage: two lighthouses, an authority that is off, two nodes that talk
 */

static void
begin(struct world *w, unsigned kind_a, unsigned kind_b, uint64_t lifetime)
{
	stage_init(&st, w);
	st.lifetime = lifetime;
	lighthouses[0] = stage_lighthouse(&st);
	lighthouses[1] = stage_lighthouse(&st);
	a = stage_node(&st, kind_a);
	b = stage_node(&st, kind_b);
	st.node_flags |= CERT_ENROL;
	st.lifetime = 0;
	authority = stage_node(&st, KIND_LINUX);
	office_open(&office, &st, authority, lifetime);
	office.one = a;
	office.other = b;
}

static void
talk(void)
{
	stage_run(&st, 3 * SEC);
	flow_start(&flow, a, b, 50 * MS, 200);
	stage_run(&st, 10 * SEC);
	if (flow.answered == 0)
		world_fail(st.w, "no answer to begin with");
	flow_mark(&flow);
}

static void
expect_gap(usec_t gap)
{
	if (flow_gap(&flow) > gap)
		world_fail(st.w, "%.3f s without an answer", (double)flow_gap(&flow) / 1e6);
}

/* Everybody's certificate ends and is followed by the next, six times, and nobody notices. */
static void
undisturbed(struct world *w, unsigned kind_a, unsigned kind_b)
{
	begin(w, kind_a, kind_b, 600);
	stage_on(&st);
	talk();
	stage_run(&st, 3600 * SEC);
	expect_gap(200 * MS);
	office_expect(&office, a, 6, 12);
	office_expect(&office, b, 6, 12);
	office_expect(&office, lighthouses[0], 6, 12);
	office_expect(&office, lighthouses[1], 6, 12);
}

/*
 * The authority is there for 20 s in ten minutes; the lighthouses, which keep its mail, start again
 * in between, and so does a node that has just stored its certificate.
 */
static void
away(struct world *w)
{
	begin(w, KIND_LINUX, KIND_PCONE, 7200);
	stage_on(&st);
	talk();
	for (unsigned i = 0; i < 36; i++) {
		box_crash(authority);
		stage_run(&st, 290 * SEC);
		if (i % 6 == 2) {
			box_crash(lighthouses[i % 2]);
			stage_run(&st, SEC);
			box_on(lighthouses[i % 2]);
		}
		stage_run(&st, 290 * SEC);
		box_on(authority);
		stage_run(&st, 20 * SEC);
	}
	expect_gap(200 * MS);
	office_expect(&office, a, 3, 8);
	office_expect(&office, b, 3, 8);
	office_expect(&office, lighthouses[0], 3, 8);
}

/* It comes a second after the end: nothing more can be done without a person. */
static void
late(struct world *w)
{
	const struct renewal *r;
	uint64_t answered;

	begin(w, KIND_LINUX, KIND_PCONE, 600);
	stage_on(&st);
	box_crash(authority);
	talk();
	stage_run(&st, 601 * SEC - st.w->now);
	expect_gap(200 * MS);
	box_on(authority);
	answered = flow.answered;
	stage_run(&st, 600 * SEC);
	if (flow.answered != answered)
		world_fail(w, "%llu answers after the certificates had ended",
		    (unsigned long long)(flow.answered - answered));
	if (mesh_renewal_phase(a->mesh, box_clock(a), &r) != RENEWAL_OVER || r->total == 0)
		world_fail(w, "the end is not seen as such");
	office_expect(&office, a, 0, 0);
	office_expect(&office, b, 0, 0);
}

/* A node whose clock is a year behind is as good a member as any. */
static void
behind(struct world *w)
{
	begin(w, KIND_LINUX, KIND_PCONE, 600);
	b->clock_error = -YEAR;
	stage_on(&st);
	talk();
	stage_run(&st, 3600 * SEC);
	expect_gap(200 * MS);
	office_expect(&office, b, 6, 15);
}

/* One whose clock jumps a year ahead believes nobody, itself least; set right, it goes on. */
static void
ahead(struct world *w)
{
	const struct renewal *r;

	begin(w, KIND_LINUX, KIND_PCONE, 3600);
	stage_on(&st);
	talk();
	b->clock_error = YEAR;
	stage_run(&st, 120 * SEC);
	if (mesh_renewal_phase(b->mesh, box_clock(b), &r) != RENEWAL_OVER)
		world_fail(w, "the end is not seen as such");
	b->clock_error = 0;
	stage_run(&st, 60 * SEC);
	flow_mark(&flow);
	stage_run(&st, 7200 * SEC);
	expect_gap(200 * MS);
	office_expect(&office, b, 2, 8);
}

/* What is brought instead of a certificate is refused, and asked for again. */
static void
lies(struct world *w, unsigned mind)
{
	const struct renewal *r;

	begin(w, KIND_LINUX, KIND_PCONE, 1200);
	office.mind = mind;
	stage_on(&st);
	talk();
	stage_run(&st, 600 * SEC);
	office_expect(&office, a, 0, 0);
	if (mind != STALE && mesh_renewal_phase(a->mesh, box_clock(a), &r) != RENEWAL_TROUBLE)
		world_fail(w, "a lie is taken for the truth");
	office.mind = SANE;
	/* What was ruled wrongly stays with the authority's engine, until that starts again. */
	box_crash(authority);
	box_on(authority);
	stage_run(&st, 2400 * SEC);
	expect_gap(200 * MS);
	office_expect(&office, a, 2, 8);
	office_expect(&office, b, 2, 8);
}

/* A lighthouse that was renewed says so at once, to all who are there. */
static void
announced(struct world *w)
{
	struct view_peer v;

	begin(w, KIND_LINUX, KIND_PCONE, 86400);
	stage_on(&st);
	talk();
	beacon_renew(lighthouses[0]->beacon, box_clock(lighthouses[0]), &st.out);
	box_settle(lighthouses[0]);
	stage_run(&st, 4 * SEC);
	office_expect(&office, lighthouses[0], 1, 1);
	for (uint32_t i = 2; i < st.box_count; i++) {
		if (view_peer(st.boxes[i]->mesh, box_clock(st.boxes[i]), lighthouses[0]->id.name,
			&v) < 0 ||
		    v.serial != office.newest[lighthouses[0]->number].serial)
			world_fail(w, "%s has not heard of a lighthouse's new certificate",
			    st.boxes[i]->id.name);
	}
	expect_gap(200 * MS);
}

void
scene_renew(struct world *w, unsigned number)
{
	switch (number) {
	case 0: undisturbed(w, KIND_LINUX, KIND_PCONE); break;
	case 1: undisturbed(w, KIND_SYM_RAND, KIND_SYM_RAND); break;
	case 2: away(w); break;
	case 3: late(w); break;
	case 4: behind(w); break;
	case 5: ahead(w); break;
	case 6: announced(w); break;
	default: lies(w, ANOTHERS + (number - 7) % 3); break;
	}
	stage_free(&st);
}
