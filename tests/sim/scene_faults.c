/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_faults.c - one thing breaks at a time, and what a conversation notices of it.
 *
 * The limits are those of docs/matrix.md.
 */
#include "tests/sim/pair.h"
#include "tests/sim/scene.h"

#include <stdlib.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct pair pair;

/* Everybody is on and has talked for ten seconds. */
static struct pair *
pair_of(struct world *w, unsigned kind_a, unsigned kind_b)
{
	struct pair *p = &pair;

	pair_init(p, w, kind_a, kind_b);
	stage_on(&p->st);
	stage_run(&p->st, 3 * SEC);
	pair_talk(p, 10 * SEC);
	if (!p->flow.direct && outcome_expected(&kinds[kind_a], &kinds[kind_b]) == OUTCOME_DIRECT)
		world_fail(w, "not direct to begin with");
	flow_mark(&p->flow);
	return p;
}

/* Ends the story: nobody was without an answer for longer than `gap`, and all is well now. */
static void
pair_end(struct pair *p, usec_t gap, bool direct)
{
	pair_gap_at_most(p, gap);
	if (direct && !p->flow.direct)
		world_fail(p->st.w, "still relayed");
	stage_free(&p->st);
}

/* Kinds of pairs that the stories are told of. */
static const unsigned couples[][2] = {
	{ KIND_LINUX, KIND_LINUX },
	{ KIND_PUBLIC, KIND_SYM_RAND },
	{ KIND_PCONE, KIND_ACONE },
	{ KIND_SYM_RAND, KIND_SYM_RAND },
	{ KIND_V6FW, KIND_V6FW },
	{ KIND_CGN_CONE, KIND_SHORT },
};

static bool
couple_direct(unsigned number)
{
	return outcome_expected(&kinds[couples[number][0]], &kinds[couples[number][1]]) ==
	       OUTCOME_DIRECT;
}

static struct pair *
couple(struct world *w, unsigned number)
{
	if (number >= ARRAY_LEN(couples))
		world_fail(w, "there is no such case");
	return pair_of(w, couples[number][0], couples[number][1]);
}

void
scene_lighthouse_dies(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);
	struct box *c = stage_node(&p->st, KIND_LINUX);
	struct flow late;
	usec_t gap = couple_direct(number) ? 100 * MS : 1500 * MS;

	box_crash(p->st.lighthouses[1]);
	stage_run(&p->st, 10 * SEC);
	box_on(p->st.lighthouses[1]);
	stage_run(&p->st, 30 * SEC);
	box_crash(p->st.lighthouses[0]);
	stage_run(&p->st, 10 * SEC);
	box_on(c); /* and somebody new is not kept out */
	stage_run(&p->st, 3 * SEC);
	flow_start(&late, c, p->a, 50 * MS, 200);
	stage_run(&p->st, 10 * SEC);
	if (late.answered == 0 || late.first_answer - late.started > 1 * SEC)
		world_fail(w, "a newcomer had to wait");
	pair_end(p, gap, couple_direct(number));
}

void
scene_no_lighthouse(struct world *w, unsigned number)
{
	struct pair *p = pair_of(w, KIND_LINUX, KIND_PCONE);

	for (size_t i = 0; i < p->st.lighthouse_count; i++)
		box_crash(p->st.lighthouses[i]);
	stage_run(&p->st, 5 * SEC);
	box_crash(number == 0 ? p->a : p->b);
	stage_run(&p->st, 2 * SEC);
	box_on(number == 0 ? p->a : p->b);
	stage_run(&p->st, 20 * SEC);
	pair_end(p, 2 * SEC + 500 * MS, true);
}

void
scene_restart(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);

	box_crash(p->b);
	stage_run(&p->st, 3 * SEC);
	box_on(p->b);
	stage_run(&p->st, 10 * SEC);
	box_off(p->b);
	stage_run(&p->st, 3 * SEC);
	box_on(p->b);
	stage_run(&p->st, 10 * SEC);
	box_crash(p->a);
	stage_run(&p->st, 3 * SEC);
	box_on(p->a);
	stage_run(&p->st, 10 * SEC);
	pair_end(p, 4 * SEC, couple_direct(number));
}

/* Another public address: told by the system where it is the machine's own, else not. */
void
scene_new_address(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);

	stage_readdress(&p->st, p->a, 2);
	stage_run(&p->st, 5 * SEC);
	stage_readdress(&p->st, p->b, 3);
	stage_run(&p->st, 5 * SEC);
	pair_end(p, 1500 * MS, couple_direct(number));
}

static void
set_link(struct box *b, bool cut)
{
	struct station *edge = site_edge(&b->site, &b->station);

	edge->up.cut = edge->down.cut = cut;
}

/* The router of one site starts again and has forgotten everything; it takes a second. */
void
scene_nat_reboots(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);

	set_link(p->b, true);
	stage_reboot(&p->st, p->b);
	stage_run(&p->st, SEC);
	set_link(p->b, false);
	stage_run(&p->st, 10 * SEC);
	pair_end(p, SEC + 3 * SEC, couple_direct(number));
}

void
scene_one_way(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number / 2);
	struct box *from = number % 2 == 0 ? p->a : p->b;
	struct box *to = number % 2 == 0 ? p->b : p->a;

	stage_cut(&p->st, from, to);
	stage_run(&p->st, 10 * SEC);
	if (p->flow.direct)
		world_fail(w, "direct through a cut");
	stage_heal(&p->st, from, to);
	stage_run(&p->st, 30 * SEC);
	pair_end(p, 1500 * MS, couple_direct(number / 2));
}

void
scene_cut(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);

	stage_cut(&p->st, p->a, p->b);
	stage_cut(&p->st, p->b, p->a);
	stage_run(&p->st, 10 * SEC);
	stage_heal(&p->st, p->a, p->b);
	stage_heal(&p->st, p->b, p->a);
	stage_run(&p->st, 30 * SEC);
	pair_end(p, 1500 * MS, couple_direct(number));
}

/* Every session is renewed several times while somebody talks. */
void
scene_rekeys(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);

	stage_run(&p->st, 500 * SEC);
	pair_end(p, 150 * MS, couple_direct(number));
}

/* Nobody talks for an hour; then the first question is answered as quickly as ever. */
void
scene_silence(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);
	/* Who sits behind a router that forgets sooner is not called before its next keepalive. */
	bool forgotten = couples[number][1] == KIND_SHORT;
	usec_t limit = forgotten ? 20 * SEC : 500 * MS;

	flow_stop(&p->flow);
	stage_run(&p->st, 3600 * SEC);
	flow_start(&p->flow, p->a, p->b, 50 * MS, 200);
	stage_run(&p->st, 30 * SEC);
	if (p->flow.first_answer - p->flow.started > limit)
		world_fail(w, "the first answer took %.3f s",
		    (double)(p->flow.first_answer - p->flow.started) / 1e6);
	pair_end(p, limit, !forgotten && couple_direct(number));
}

/* A network that loses, doubles and reorders: what is lost is lost, and nothing more. */
void
scene_bad_links(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number % ARRAY_LEN(couples));
	struct box *boxes[] = { p->a, p->b };
	uint64_t sent = p->flow.sent, answered = p->flow.answered;

	for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
		struct station *edge = site_edge(&boxes[i]->site, &boxes[i]->station);

		boxes[i]->patience = 200;
		edge->up.jitter = edge->down.jitter = 5 * MS;
		edge->up.loss = edge->down.loss = 20000;
		edge->up.duplicate = edge->down.duplicate = 50000;
		edge->up.reorder = edge->down.reorder = 50000;
	}
	stage_run(&p->st, 60 * SEC);
	sent = p->flow.sent - sent;
	answered = p->flow.answered - answered;
	/* Four links there and back, two percent each, and a few while paths are weighed. */
	if (answered * 100 < sent * 85)
		world_fail(w, "%llu answers to %llu questions", (unsigned long long)answered,
		    (unsigned long long)sent);
	pair_end(p, 1500 * MS, false);
}

/* Two on one LAN talk there, even if their router cannot turn packets around. */
void
scene_same_lan(struct world *w, unsigned number)
{
	static const unsigned homes[] = { KIND_LINUX, KIND_SYM_RAND, KIND_FULLCONE, KIND_V6FW,
		KIND_CGN_SYM };
	static struct stage st;
	static struct flow f;
	struct box *a, *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, homes[number]);
	b = stage_neighbour(&st, a);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&f, a, b, 50 * MS, 200);
	stage_run(&st, 10 * SEC);
	if (!f.direct || f.rtt > 1 * MS)
		world_fail(w, "%s, %.3f ms", f.direct ? "direct" : "relayed", (double)f.rtt / 1e3);
	stage_free(&st);
}

/* Whoever bears another's address is not heard. */
void
scene_forger(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);
	struct box *c = stage_node(&p->st, KIND_PUBLIC);

	box_on(c);
	stage_run(&p->st, 3 * SEC);
	for (int i = 0; i < 100; i++) {
		stage_forge(c, p->a, p->b, 100);
		stage_forge(p->b, c, p->a, 100);
		stage_run(&p->st, 50 * MS);
	}
	pair_end(p, 150 * MS, couple_direct(number));
}

/* Clocks are wrong by minutes, or by a day before the certificates begin. */
void
scene_wrong_clocks(struct world *w, unsigned number)
{
	static const int64_t errors[] = { 200, -200, 1800, -1800, 64000, -64000 };
	static struct stage st;
	static struct flow f;
	struct box *a, *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, KIND_LINUX);
	b = stage_node(&st, KIND_PCONE);
	a->clock_error = errors[number] * (int64_t)SEC;
	b->clock_error = -a->clock_error / 4;
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&f, a, b, 50 * MS, 200);
	stage_run(&st, 10 * SEC);
	if (!f.direct)
		world_fail(w, "%llu answers, %s", (unsigned long long)f.answered,
		    f.direct ? "direct" : "relayed");
	stage_free(&st);
}

/* A lighthouse answers echo requests at its overlay address, and so does every node's kernel. */
void
scene_ping(struct world *w, unsigned number)
{
	struct pair *p = couple(w, number);

	box_ping(p->a, p->b->id.addresses[0]);
	box_ping(p->a, p->b->id.addresses[1]);
	for (size_t i = 0; i < p->st.lighthouse_count; i++) {
		box_ping(p->a, p->st.lighthouses[i]->id.addresses[0]);
		box_ping(p->a, p->st.lighthouses[i]->id.addresses[1]);
	}
	stage_run(&p->st, SEC);
	if (p->a->pings_answered != 2 + 2 * p->st.lighthouse_count)
		world_fail(w, "%llu pings were answered", (unsigned long long)p->a->pings_answered);
	pair_end(p, 150 * MS, couple_direct(number));
}
