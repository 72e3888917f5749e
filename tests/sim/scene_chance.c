/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_chance.c - pairs that are direct by chance, often enough to say how often.
 *
 * Each case is one call of one such pair; pairs take turns, so a pair's tries are those of as many
 * seeds. After a few of them, and after a hundred (`make check-long`), the share that was direct in
 * time must be what is promised, less three standard deviations.
 */
#include "tests/sim/matrix.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <math.h>

enum {
	PAIRS = 41, /* counted elsewhere, see scene_kinds() */
	TRIES_MAX = 100,
	TRIES_FEW = 3,
};

#define SHARE 0.9 /* within CHANCE_MAX or LOUD_MAX */

/* When each try was direct, in microseconds after the first packet; 0: not. */
static usec_t direct_after[PAIRS][TRIES_MAX];

/* The `nth` pair that needs a birthday. */
static void
chance_pair(unsigned nth, unsigned *a, unsigned *b)
{
	for (unsigned i = 0; i < KIND_PAIRS; i++) {
		kind_pair(i, a, b);
		if (outcome_by_chance(&kinds[*a], &kinds[*b]) && nth-- == 0)
			return;
	}
}

static usec_t
soon(unsigned a, unsigned b)
{
	return outcome_loud(&kinds[a], &kinds[b]) ? LOUD_MAX : CHANCE_MAX;
}

static usec_t
call(struct world *w, unsigned a, unsigned b)
{
	static struct stage st;
	static struct flow flow;
	struct box *from, *to;

	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	from = stage_node(&st, a);
	to = stage_node(&st, b);
	stage_on(&st);
	stage_run(&st, 3 * USEC_PER_SEC);
	flow_start(&flow, from, to, 50 * USEC_PER_MS, 200);
	stage_run(&st, soon(a, b) + USEC_PER_SEC);
	stage_free(&st);
	if (flow.answered == 0)
		world_fail(w, "%s had no answer from %s", kinds[a].name, kinds[b].name);
	return flow.first_direct == 0 ? 0 : flow.first_direct - flow.started;
}

static void
check_share(struct world *w, unsigned pair, unsigned tries)
{
	double least = tries * SHARE - 3 * sqrt(tries * SHARE * (1 - SHARE));
	unsigned a, b, good = 0;

	chance_pair(pair, &a, &b);
	for (unsigned i = 0; i < tries; i++)
		good += direct_after[pair][i] != 0 && direct_after[pair][i] <= soon(a, b);
	if (good < least)
		world_fail(w, "of %u calls between %s and %s only %u were direct within %u s", tries,
		    kinds[a].name, kinds[b].name, good, (unsigned)(soon(a, b) / USEC_PER_SEC));
}

void
scene_chance(struct world *w, unsigned number)
{
	unsigned pair = number % PAIRS, nth = number / PAIRS % TRIES_MAX, a, b;

	chance_pair(pair, &a, &b);
	world_say(w, "%s calls %s", kinds[a].name, kinds[b].name);
	/* Each of the two calls in turn. */
	direct_after[pair][nth] = nth % 2 == 0 ? call(w, a, b) : call(w, b, a);
	if (nth + 1 == TRIES_FEW || nth + 1 == TRIES_MAX)
		check_share(w, pair, nth + 1);
}
