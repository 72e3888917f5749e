/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_matrix.c - every kind of site calls every kind of site.
 *
 * What comes of a call is computed from the two kinds alone (kinds.h) and compared pair by pair,
 * with the times that docs/paths.md, section 12, promises. Whether an answer came directly is
 * decided by the datagram that it came in, not by asking the node.
 */
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <stdio.h>

#define FIRST_ANSWER_MAX (500 * USEC_PER_MS)
#define DIRECT_MAX       USEC_PER_SEC
/* Between two answers once they flow, at one question every 50 ms: an upgrade is not noticed. */
#define GAP_MAX (200 * USEC_PER_MS)

struct call {
	bool tried;
	enum outcome outcome;
	usec_t first;  /* answer after */
	usec_t direct; /* after, 0: never */
};

static struct call calls[KIND_COUNT][KIND_COUNT];

static void
check_answers(struct world *w, const struct flow *f, enum outcome expected)
{
	usec_t first = f->first_answer - f->started;
	usec_t direct = f->first_direct - f->started;

	if (expected == OUTCOME_NOTHING) {
		if (f->answered > 0)
			world_fail(w, "answers where UDP is blocked");
		return;
	}
	if (f->answered == 0)
		world_fail(w, "no answer to %llu packets", (unsigned long long)f->sent);
	if (first > FIRST_ANSWER_MAX)
		world_fail(w, "the first answer took %.3f s", (double)first / 1e6);
	if (flow_gap(f) > GAP_MAX)
		world_fail(w, "%.3f s without an answer", (double)flow_gap(f) / 1e6);
	if (f->direct != (expected == OUTCOME_DIRECT))
		world_fail(w, "%s, not as the ladder says", f->direct ? "direct" : "relayed");
	if (expected == OUTCOME_DIRECT && direct > DIRECT_MAX)
		world_fail(w, "direct only after %.3f s", (double)direct / 1e6);
}

static void
note(struct call *c, const struct flow *f)
{
	c->tried = true;
	c->outcome = f->direct ? OUTCOME_DIRECT : OUTCOME_RELAYED;
	if (f->answered == 0)
		c->outcome = OUTCOME_NOTHING;
	c->first = f->answered > 0 ? f->first_answer - f->started : 0;
	c->direct = f->first_direct > 0 ? f->first_direct - f->started : 0;
}

void
scene_matrix(struct world *w, unsigned number)
{
	static struct stage st;
	static struct flow flow;
	unsigned from = number / KIND_COUNT, to = number % KIND_COUNT;
	struct box *a, *b;

	world_say(w, "%s calls %s", kinds[from].name, kinds[to].name);
	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	a = stage_node(&st, from);
	b = stage_node(&st, to);
	stage_on(&st);
	stage_run(&st, 3 * USEC_PER_SEC);
	flow_start(&flow, a, b, 50 * USEC_PER_MS, 200);
	stage_run(&st, USEC_PER_SEC);
	flow_mark(&flow);
	stage_run(&st, 7 * USEC_PER_SEC);
	note(&calls[from][to], &flow);
	check_answers(w, &flow, outcome_expected(&kinds[from], &kinds[to]));
	stage_free(&st);
}

/* One cell: how, first answer, direct after; in ms. */
static void
print_call(const struct call *c)
{
	if (!c->tried)
		printf(" |");
	else if (c->outcome == OUTCOME_NOTHING)
		printf(" - |");
	else if (c->outcome == OUTCOME_RELAYED)
		printf(" R %u |", (unsigned)(c->first / USEC_PER_MS));
	else
		printf(" **D** %u/%u |", (unsigned)(c->first / USEC_PER_MS),
		    (unsigned)(c->direct / USEC_PER_MS));
}

void
matrix_print(void)
{
	printf("| calls |");
	for (unsigned i = 0; i < KIND_COUNT; i++)
		printf(" %s |", kinds[i].name);
	printf("\n|---|");
	for (unsigned i = 0; i < KIND_COUNT; i++)
		printf("---|");
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		printf("\n| **%s** |", kinds[i].name);
		for (unsigned k = 0; k < KIND_COUNT; k++)
			print_call(&calls[i][k]);
	}
	printf("\n");
}
