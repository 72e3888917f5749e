/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_events.c - what the network does to a conversation, and for how long it is noticed.
 *
 * Two parties have talked for a while, a question every 20 ms; something happens, lasts, and is
 * over. What counts is the longest time without an answer, beyond the time in which nothing could
 * have come through, and how soon after it answers come directly again.
 */
#include "tests/sim/events.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <stdio.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct talk {
	struct stage st;
	struct box *a;
	struct box *b;
	struct flow flow;
} talk;

/* Pairs of kinds, of which the first calls; things happen to the second. */
static const unsigned couples[][2] = {
	{ KIND_LINUX, KIND_LINUX },
	{ KIND_PUBLIC, KIND_SYM_RAND },
	{ KIND_PCONE, KIND_ACONE },
	{ KIND_FULLCONE, KIND_PCONE_RAND },
	{ KIND_V6FW, KIND_V6FW },
	{ KIND_CGN_CONE, KIND_SHORT },
	{ KIND_PUBLIC, KIND_FW },
	{ KIND_SYM_RAND, KIND_SYM_RAND },
};

static struct station *
edge(struct box *b)
{
	return site_edge(&b->site, &b->station);
}

static void
set_link(struct box *b, bool cut)
{
	edge(b)->up.cut = edge(b)->down.cut = cut;
}

static void
forget_flows(struct box *b)
{
	struct router *routers[] = { b->site.home, b->site.carrier };

	for (size_t i = 0; i < ARRAY_LEN(routers); i++) {
		if (routers[i] == NULL)
			continue;
		nat_flush(&routers[i]->v4);
		nat_flush(&routers[i]->v6);
	}
}

/*
 * What happens
 */

static void
address_of_caller(struct talk *t)
{
	stage_readdress(&t->st, t->a, 2);
}

static void
address_of_called(struct talk *t)
{
	stage_readdress(&t->st, t->b, 3);
}

static void
rebound(struct talk *t)
{
	forget_flows(t->b);
}

static void
router_off(struct talk *t)
{
	set_link(t->b, true);
	forget_flows(t->b);
}

static void
link_up(struct talk *t)
{
	set_link(t->b, false);
}

static void
cable_out(struct talk *t)
{
	set_link(t->b, true);
	box_net_lost(t->b);
}

static void
cable_out_unsaid(struct talk *t)
{
	set_link(t->b, true);
}

static void
cable_in(struct talk *t)
{
	set_link(t->b, false);
	box_net_changed(t->b);
}

static void
cut(struct talk *t)
{
	stage_cut(&t->st, t->a, t->b);
	stage_cut(&t->st, t->b, t->a);
}

static void
cut_there(struct talk *t)
{
	stage_cut(&t->st, t->a, t->b);
}

static void
cut_back(struct talk *t)
{
	stage_cut(&t->st, t->b, t->a);
}

static void
heal(struct talk *t)
{
	stage_heal(&t->st, t->a, t->b);
	stage_heal(&t->st, t->b, t->a);
}

static void
asleep(struct talk *t)
{
	box_sleep(t->b);
	forget_flows(t->b);
}

static void
awake(struct talk *t)
{
	box_wake(t->b);
}

static void
first_dies(struct talk *t)
{
	box_crash(t->st.lighthouses[0]);
}

static void
second_dies(struct talk *t)
{
	box_crash(t->st.lighthouses[1]);
}

static void
all_back(struct talk *t)
{
	for (size_t i = 0; i < t->st.lighthouse_count; i++)
		if (!box_is_on(t->st.lighthouses[i]))
			box_on(t->st.lighthouses[i]);
}

static const struct happening {
	const char *name;
	void (*begin)(struct talk *t);
	usec_t lasts;
	void (*end)(struct talk *t); /* or NULL */
	bool silent;	  /* nothing can come through while it lasts */
	usec_t gap;	  /* longest time without an answer beyond that */
	usec_t gap_direct; /* the same for a pair that talks directly; 0: as `gap` */
	usec_t direct;	  /* then answers are direct again, after the end */
} events[] = {
	{ "the caller's public address changes", address_of_caller, 0, NULL, false, 600 * MS, 0,
	    SEC },
	{ "the other's public address changes", address_of_called, 0, NULL, false, 600 * MS, 0,
	    SEC },
	{ "its router forgets all flows", rebound, 0, NULL, false, 600 * MS, 0, SEC },
	{ "its router starts again, 1 s", router_off, SEC, link_up, true, 600 * MS, 0,
	    2500 * MS },
	{ "its router starts again, 30 s", router_off, 30 * SEC, link_up, true, 2 * SEC, 0,
	    3 * SEC },
	{ "its link is down, 5 s", cable_out, 5 * SEC, cable_in, true, 300 * MS, 0, SEC },
	{ "its link is down and nobody says so, 5 s", cable_out_unsaid, 5 * SEC, link_up, true,
	    SEC, 0, 3 * SEC },
	{ "the direct path is cut, 10 s", cut, 10 * SEC, heal, false, 800 * MS, 0, 10 * SEC },
	{ "the direct path is cut, 10 min", cut, 600 * SEC, heal, false, 800 * MS, 0, 12 * SEC },
	{ "it is cut towards the other, 10 s", cut_there, 10 * SEC, heal, false, 800 * MS, 0,
	    10 * SEC },
	{ "it is cut towards the caller, 10 s", cut_back, 10 * SEC, heal, false, 800 * MS, 0,
	    10 * SEC },
	{ "the other sleeps, 10 min", asleep, 600 * SEC, awake, true, SEC, 0, 2 * SEC },
	{ "a lighthouse dies, 10 s", first_dies, 10 * SEC, all_back, false, SEC, 60 * MS, 0 },
	{ "the other lighthouse dies, 10 s", second_dies, 10 * SEC, all_back, false, SEC, 60 * MS,
	    0 },
};

#define EVENTS	ARRAY_LEN(events)
#define COUPLES ARRAY_LEN(couples)

static_assert(EVENTS * COUPLES == EVENT_CASES, "as many cases as the table of scenes says");

static struct outcome_of {
	bool tried;
	bool was_direct;
	usec_t gap;
	usec_t direct;
} results[EVENTS][COUPLES];

static struct talk *
begin(struct world *w, const unsigned kind[2])
{
	struct talk *t = &talk;

	stage_init(&t->st, w);
	stage_lighthouse(&t->st);
	stage_lighthouse(&t->st);
	t->a = stage_node(&t->st, kind[0]);
	t->b = stage_node(&t->st, kind[1]);
	stage_on(&t->st);
	stage_run(&t->st, 3 * SEC);
	flow_start(&t->flow, t->a, t->b, 20 * MS, 200);
	stage_run(&t->st, 20 * SEC);
	return t;
}

/* What came of an event that began at `from` and was over at `to`. */
static void
note(struct talk *t, struct outcome_of *r, const struct happening *e, usec_t to)
{
	usec_t gap = flow_gap(&t->flow), down = e->silent ? e->lasts : 0;

	r->tried = true;
	r->gap = gap > down ? gap - down : 0;
	r->direct = t->flow.direct ? max_u64(t->flow.first_direct, to) - to : 0;
}

void
scene_events(struct world *w, unsigned number)
{
	const struct happening *e = &events[number / COUPLES];
	const unsigned *kind = couples[number % COUPLES];
	struct outcome_of *r = &results[number / COUPLES][number % COUPLES];
	struct talk *t = begin(w, kind);
	usec_t limit, over;

	r->was_direct = t->flow.direct;
	flow_mark(&t->flow);
	e->begin(t);
	stage_run(&t->st, e->lasts);
	if (e->end != NULL)
		e->end(t);
	over = w->now;
	t->flow.first_direct = 0;
	stage_run(&t->st, 30 * SEC);
	note(t, r, e, over);
	limit = r->was_direct && e->gap_direct != 0 ? e->gap_direct : e->gap;
	if (r->gap > limit)
		world_fail(w, "%s and %s: %s: %.3f s without an answer, not %.3f",
		    kinds[kind[0]].name, kinds[kind[1]].name, e->name, (double)r->gap / 1e6,
		    (double)limit / 1e6);
	if (r->was_direct && (!t->flow.direct || (e->direct != 0 && r->direct > e->direct)))
		world_fail(w, "%s and %s: %s: direct again after %.3f s", kinds[kind[0]].name,
		    kinds[kind[1]].name, e->name, t->flow.direct ? (double)r->direct / 1e6 : 30.0);
	stage_free(&t->st);
}

/* In ten minutes, of both together. */
#define FLAPS_MAX 6
#define TWICE_MAX 5 /* percent of the bytes that were sent */

static uint64_t
count(const struct talk *t, const char *name)
{
	return box_count(t->a, name) + box_count(t->b, name);
}

/*
 * A link loses one packet in twenty and delays the others as it likes, and there is a second path
 * as good as the first: data does not go back and forth between them, nor to the relay.
 */
void
scene_flaps(struct world *w, unsigned number)
{
	static const unsigned pairs[][2] = { { KIND_PUBLIC, KIND_PUBLIC }, { KIND_LINUX, KIND_LINUX },
		{ KIND_V6FW, KIND_V6FW }, { KIND_FULLCONE, KIND_SHORT } };
	struct talk *t = begin(w, pairs[number]);
	uint64_t switches = count(t, "path-switches"), twice = count(t, "hedged-bytes");
	uint64_t sent = t->flow.sent + t->flow.answered;

	for (size_t i = 0; i < 2; i++) {
		struct station *e = edge(i == 0 ? t->a : t->b);

		e->up.loss = e->down.loss = 50000 / 2; /* two links each way */
		e->up.jitter = e->down.jitter = 10 * MS;
	}
	stage_run(&t->st, 600 * SEC);
	switches = count(t, "path-switches") - switches;
	twice = count(t, "hedged-bytes") - twice;
	sent = (t->flow.sent + t->flow.answered - sent) * t->flow.size;
	world_say(w, "%llu changes of path; %llu bytes sent, %llu of them twice",
	    (unsigned long long)switches, (unsigned long long)sent, (unsigned long long)twice);
	if (switches > FLAPS_MAX)
		world_fail(w, "the path was changed %llu times in ten minutes",
		    (unsigned long long)switches);
	if (twice * 100 > sent * TWICE_MAX)
		world_fail(w, "of %llu bytes %llu were sent twice", (unsigned long long)sent,
		    (unsigned long long)twice);
	if (!t->flow.direct)
		world_fail(w, "relayed");
	stage_free(&t->st);
}

void
events_print(void)
{
	printf("# What the network does, and what is noticed of it\n\n"
	       "Made by `build/sim --events`, and checked by `make check-sim`. Two parties, each 10 ms from\n"
	       "the Internet, talk: a question every 20 ms, answered at once. A cell is the longest time\n"
	       "without an answer in milliseconds, beyond the time in which nothing could come through, and\n"
	       "in **bold** when the first answer came directly again after the event was over. `*`: the\n"
	       "pair is relayed.\n\n|");
	for (size_t c = 0; c < COUPLES; c++)
		printf(" | %s, %s", kinds[couples[c][0]].name, kinds[couples[c][1]].name);
	printf(" |\n|---|");
	for (size_t c = 0; c < COUPLES; c++)
		printf("---|");
	for (size_t i = 0; i < EVENTS; i++) {
		printf("\n| %s |", events[i].name);
		for (size_t c = 0; c < COUPLES; c++) {
			const struct outcome_of *r = &results[i][c];

			printf(" %.0f", (double)r->gap / 1e3);
			if (!r->was_direct)
				printf(" * |");
			else
				printf(" **%.0f** |", (double)r->direct / 1e3);
		}
	}
	printf("\n");
}
