/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pair.h - two lighthouses, and two nodes that talk while something happens to them.
 */
#ifndef TESTS_SIM_PAIR_H
#define TESTS_SIM_PAIR_H

#include "tests/sim/stage.h"

struct pair {
	struct stage st;
	struct box *a;
	struct box *b;
	struct flow flow; /* from a to b and back */
};

/* Sets them up, the nodes at sites of these kinds. Nobody is on, and the flow has not begun. */
void pair_init(struct pair *p, struct world *w, unsigned kind_a, unsigned kind_b);

/* Begins the conversation: an answer every 50 ms, for `span`. */
void pair_talk(struct pair *p, usec_t span);

/* Ends the world unless a was never without an answer for longer than `gap`, since flow_mark(). */
void pair_gap_at_most(const struct pair *p, usec_t gap);

#endif
