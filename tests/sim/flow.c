/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow.c - ask, answer, and look at the clock.
 */
#include "tests/sim/flow.h"
#include "tests/sim/stage.h"

#include <string.h>

static void
ask(struct world *w, struct alarm *a)
{
	struct flow *f = CONTAINER_OF(a, struct flow, next);

	f->sent++;
	world_at(w, &f->next, w->now + f->every);
	stage_send(f->a, f->b, f->size, f, PARCEL_NONE);
}

void
flow_start(struct flow *f, struct box *a, struct box *b, usec_t every, size_t size)
{
	struct world *w = a->stage->w;

	*f = (struct flow){
		.a = a,
		.b = b,
		.every = every,
		.size = size,
		.next.ring = ask,
		.started = w->now,
		.last_answer = w->now,
	};
	world_at(w, &f->next, w->now);
}

void
flow_stop(struct flow *f)
{
	world_never(f->a->stage->w, &f->next);
}

void
flow_resume(struct flow *f)
{
	world_at(f->a->stage->w, &f->next, f->a->stage->w->now);
}

void
flow_mark(struct flow *f)
{
	f->longest_gap = 0;
	f->last_answer = f->a->stage->w->now;
}

usec_t
flow_gap(const struct flow *f)
{
	return max_u64(f->longest_gap, f->a->stage->w->now - f->last_answer);
}

static void
answered(struct flow *f, const struct parcel *answer, const struct parcel *question)
{
	usec_t now = f->a->stage->w->now;

	f->answered++;
	f->rtt = now - question->sent;
	f->direct = answer->direct && question->direct;
	if (f->first_answer == 0)
		f->first_answer = now;
	if (f->first_direct == 0 && f->direct)
		f->first_direct = now;
	f->longest_gap = flow_gap(f);
	f->last_answer = now;
}

void
flow_delivered(struct flow *f, uint32_t number)
{
	struct stage *st = f->a->stage;
	const struct parcel *p = &st->watch.parcels[number];

	if (p->answers != PARCEL_NONE) {
		answered(f, p, &st->watch.parcels[p->answers]);
		return;
	}
	stage_send(f->b, f->a, f->size, f, number);
}
