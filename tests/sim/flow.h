/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow.h - a conversation: one box sends parcels at a steady pace, the other answers each at once.
 *
 * What a user would notice of the mesh is what a flow measures: when the first answer came, since
 * when answers come directly, and for how long there were none.
 */
#ifndef TESTS_SIM_FLOW_H
#define TESTS_SIM_FLOW_H

#include "tests/sim/world.h"

struct box;
struct parcel;

struct flow {
	struct box *a;
	struct box *b;
	usec_t every;
	size_t size; /* of a parcel */
	struct alarm next;
	usec_t started;
	usec_t first_answer; /* 0: none */
	usec_t first_direct; /* both ways without a relay, or 0 */
	usec_t last_answer;
	usec_t longest_gap; /* between answers, since flow_mark(); see flow_gap() */
	usec_t rtt;         /* of the last answer */
	bool direct;        /* was the last answer? */
	uint64_t sent;
	uint64_t answered;
};

/* Begins now. `f` must outlive the stage. */
void flow_start(struct flow *f, struct box *a, struct box *b, usec_t every, size_t size);
void flow_stop(struct flow *f);

/* After it was stopped: goes on now, and remembers what was. */
void flow_resume(struct flow *f);

/* From here on the longest gap counts anew. */
void flow_mark(struct flow *f);

/* The longest time without an answer since flow_mark(), the one that lasts now included. */
usec_t flow_gap(const struct flow *f);

/* A parcel of a flow came out at its end; answers it, or counts the answer. */
void flow_delivered(struct flow *f, uint32_t number);

#endif
