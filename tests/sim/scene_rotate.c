/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_rotate.c - the root is succeeded by another one while people talk, and while they sleep.
 *
 * The new root's word comes in a network state, and only who has that believes certificates of the
 * new root. So whoever was away has to be told by somebody whose new certificate means nothing to
 * it; and what it asks of the old root nobody answers any more.
 */
#include "lighthouse/beacon.h"
#include "node/renew.h"
#include "tests/sim/office.h"
#include "tests/sim/scene.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

#define LIFETIME 1200 /* seconds, of certificates */
#define OVERLAP	 1800

static struct stage st;
static struct office office;
static struct box *lighthouses[2], *authority, *a, *b;
static struct flow flow;

/* Two lighthouses, an authority, and two nodes that talk. */
static void
begin(struct world *w, uint64_t lifetime)
{
	stage_init(&st, w);
	st.lifetime = lifetime;
	lighthouses[0] = stage_lighthouse(&st);
	lighthouses[1] = stage_lighthouse(&st);
	a = stage_node(&st, KIND_LINUX);
	b = stage_node(&st, KIND_SYM_RAND);
	st.node_flags |= CERT_ENROL;
	authority = stage_node(&st, KIND_LINUX);
	office_open(&office, &st, authority, lifetime);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&flow, a, b, 50 * MS, 200);
	stage_run(&st, 10 * SEC);
	if (flow.answered == 0)
		world_fail(w, "no answer to begin with");
	flow_mark(&flow);
}

static void
rotate(uint64_t overlap)
{
	office_rotate(&office, overlap);
	office_tell(&office, authority);
}

static void
expect_gap(usec_t gap)
{
	if (flow_gap(&flow) > gap)
		world_fail(st.w, "%.3f s without an answer", (double)flow_gap(&flow) / 1e6);
}

/* A person at each of them wants it at once: they have moved, but for `but`. */
static void
move_all_but(const struct box *but)
{
	stage_run(&st, 10 * SEC); /* the state is with everybody */
	for (uint32_t i = 0; i < st.box_count; i++) {
		struct box *box = st.boxes[i];

		if (box->mesh != NULL && box != but)
			mesh_renew(box->mesh, box_clock(box), &st.out);
		if (box->beacon != NULL && box != but)
			beacon_renew(box->beacon, box_clock(box), &st.out);
		box_settle(box);
	}
	stage_run(&st, 20 * SEC);
	for (uint32_t i = 0; i < st.box_count; i++)
		if (box_is_on(st.boxes[i]) && st.boxes[i] != but &&
		    !office_signed(&office, st.boxes[i]))
			world_fail(st.w, "%s does not move when it should",
			    st.boxes[i]->id.name);
}

/* Everybody has a certificate of the new root. */
static void
expect_moved(void)
{
	for (uint32_t i = 0; i < st.box_count; i++)
		if (!office_signed(&office, st.boxes[i]))
			world_fail(st.w, "%s has not moved to the new root",
			    st.boxes[i]->id.name);
}

/* All move within the overlap, and when the old root goes nobody needs it; twice. */
static void
moves(struct world *w)
{
	begin(w, LIFETIME);
	for (unsigned i = 0; i < 2; i++) {
		stage_run(&st, 300 * SEC);
		rotate(OVERLAP);
		stage_run(&st, OVERLAP * SEC);
		expect_moved();
		stage_run(&st, LIFETIME * SEC);
	}
	expect_gap(200 * MS);
}

/* The old root goes long before the certificates that it signed would end: they are not waited for. */
static void
hurried(struct world *w)
{
	begin(w, 86400);
	rotate(400);
	stage_run(&st, 400 * SEC);
	expect_moved();
	stage_run(&st, 600 * SEC);
	expect_gap(200 * MS);
	office_expect(&office, a, 1, 2);
}

/* One is not given another certificate: its sessions end with the old root, to the second. */
static void
left_behind(struct world *w)
{
	uint64_t answered;

	begin(w, 7200);
	office.ignored = b;
	rotate(600);
	stage_run(&st, 599 * SEC);
	expect_gap(200 * MS);
	stage_run(&st, 3 * SEC);
	answered = flow.answered;
	stage_run(&st, 300 * SEC);
	if (flow.answered != answered)
		world_fail(w, "a certificate outlives the root that signed it");
}

/*
 * A node is away, switched off or asleep, from before the rotation until all others have moved. Back
 * again, it is told, asks the new root, and goes on when the old one is gone.
 */
static void
sleeper(struct world *w, bool off)
{
	begin(w, 7200);
	if (off)
		box_crash(b);
	else
		box_sleep(b);
	rotate(3600);
	move_all_but(b);
	stage_run(&st, 1770 * SEC);
	if (off)
		box_on(b);
	else
		box_wake(b);
	stage_run(&st, 60 * SEC);
	flow_mark(&flow);
	stage_run(&st, 1740 * SEC);
	expect_moved();
	stage_run(&st, 600 * SEC);
	expect_gap(200 * MS);
}

/* It is still away when the overlap ends: it is over for it, and it says so. */
static void
overslept(struct world *w)
{
	const struct renewal *r;

	begin(w, 7200);
	box_crash(b);
	rotate(600);
	stage_run(&st, 1000 * SEC);
	box_on(b);
	office_tell(&office, b);
	stage_run(&st, 60 * SEC);
	if (mesh_renewal_phase(b->mesh, box_clock(b), &r) != RENEWAL_OVER)
		world_fail(w, "the end is not seen as such");
	if (office_signed(&office, b) || flow_gap(&flow) < 500 * SEC)
		world_fail(w, "who has ended with the old root goes on");
}

/*
 * The lighthouses are away while all others are told and move. What these present then means
 * nothing to them, but the keys are those of members that they know, who bring the state.
 */
static void
lighthouses_away(struct world *w)
{
	begin(w, 7200);
	box_crash(lighthouses[0]);
	rotate(3600);
	move_all_but(NULL);
	stage_run(&st, 600 * SEC);
	box_crash(lighthouses[1]);
	stage_run(&st, 10 * SEC);
	box_on(lighthouses[0]);
	stage_run(&st, 3000 * SEC);
	box_on(lighthouses[1]);
	stage_run(&st, 600 * SEC);
	expect_gap(200 * MS);
	if (!office_signed(&office, lighthouses[0]))
		world_fail(w, "the lighthouse was not told");
}

/*
 * What was asked of the old root, while nobody was there to answer, waits in lighthouses when the
 * authority comes with the new one.
 */
static void
asked_before(struct world *w)
{
	begin(w, LIFETIME);
	box_crash(authority);
	stage_run(&st, LIFETIME * 4 / 5 * SEC);
	box_on(authority);
	office_rotate(&office, OVERLAP);
	office_tell(&office, authority);
	stage_run(&st, LIFETIME / 5 * SEC);
	expect_moved();
	stage_run(&st, OVERLAP * SEC);
	expect_gap(200 * MS);
}

void
scene_rotate(struct world *w, unsigned number)
{
	switch (number) {
	case 0: moves(w); break;
	case 1: hurried(w); break;
	case 2: sleeper(w, true); break;
	case 3: sleeper(w, false); break;
	case 4: overslept(w); break;
	case 5: lighthouses_away(w); break;
	case 6: left_behind(w); break;
	default: asked_before(w); break;
	}
	stage_free(&st);
}
