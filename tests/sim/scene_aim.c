/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_aim.c - how often do prediction and the birthday paradox get through, how soon, and what
 * does it look like from outside?
 *
 * What is due to chance is judged over many seeds: at least the share that is stated, less three
 * standard deviations.
 */
#include "node/aim.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <math.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct stage st;
static struct flow flow;

/* Two nodes that know their networks, and nothing of each other yet. */
static void
begin(struct world *w, unsigned kind_a, unsigned kind_b, struct box **a, struct box **b)
{
	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	*a = stage_node(&st, kind_a);
	*b = stage_node(&st, kind_b);
}

/* From the first packet to the first direct answer within `patience`; USEC_NEVER: there was none. */
static usec_t
time_to_direct(struct box *a, struct box *b, usec_t warm_up, usec_t patience)
{
	stage_on(&st);
	stage_run(&st, warm_up);
	flow_start(&flow, a, b, 10 * MS, 100);
	stage_run(&st, patience);
	return flow.first_direct == 0 ? USEC_NEVER : flow.first_direct - flow.started;
}

/* Did `good` of `all` come out where `share` was to be expected? */
static void
check_share(struct world *w, const char *what, unsigned good, unsigned all, double share)
{
	double least = all * share - 3 * sqrt(all * share * (1 - share));

	if (good < least)
		world_fail(w, "%s: %u of %u, and it should be %.0f of 100", what, good, all,
		    share * 100);
}

/*
 * S: what was measured elsewhere, twenty times each, with as many foreign flows a second through
 * the NATs. Here it is the first attempt that counts, and it takes less than a second.
 */
static const struct {
	const char *name;
	unsigned a, b;
	bool first_keeps; /* the second one's first flow keeps its port, and others are random */
	unsigned noise;
	double share;
	unsigned block; /* its ports are random in a block of so many */
} predictions[] = {
	{ "sweep", KIND_LINUX, KIND_SYM_SEQ, false, 0, 1 },
	{ "sweep, 20 a second", KIND_PCONE, KIND_SYM_SEQ, false, 20, 1 },
	{ "sweep, 100 a second", KIND_LINUX_OPEN, KIND_SYM_SEQ, false, 100, 1 },
	{ "sweep of a port that is kept", KIND_LINUX, KIND_SYM_SEQ, true, 0, 1 },
	{ "meet a port that is kept, 20 a second", KIND_SYM_SEQ, KIND_SYM_SEQ, true, 20, 0.95 },
	{ "meet, 20 a second", KIND_SYM_SEQ, KIND_SYM_SEQ, false, 20, 1 },
	{ "meet, 100 a second", KIND_SYM_SEQ, KIND_SYM_SEQ, false, 100, 0.9 },
	{ "a birthday in a block", KIND_LINUX, KIND_SYM_RAND, false, 0, 1, 1024 },
};

void
scene_predict(struct world *w, unsigned number)
{
	static unsigned good, all;
	unsigned seeds = PREDICT_CASES / ARRAY_LEN(predictions), row = number / seeds;
	struct box *a, *b;

	if (number % seeds == 0)
		good = all = 0;
	begin(w, predictions[row].a, predictions[row].b, &a, &b);
	a->site.home->v4.is.noise = b->site.home->v4.is.noise = predictions[row].noise;
	if (predictions[row].first_keeps)
		b->site.home->v4.is.ports = NAT_PORTS_FIRST_KEEPS;
	if (predictions[row].block != 0) {
		b->site.home->v4.is.ports = NAT_PORTS_BLOCK;
		b->site.home->v4.is.block = predictions[row].block;
	}
	good += time_to_direct(a, b, 6 * SEC, predictions[row].block ? 3 * SEC : SEC) != USEC_NEVER;
	all++;
	stage_free(&st);
	if (all == seeds)
		check_share(w, predictions[row].name, good, all, predictions[row].share);
}

/* The chance that one of `sockets` random ports is one of those that were opened. */
static double
paradox(unsigned sockets)
{
	return 1 - pow(1 - (double)AIM_SPRAY / PREDICT_PORTS, sockets);
}

/*
 * Q: how long it takes tells how many sockets it took. Half is what 39 sockets give with 1150 ports
 * opened, 129 nine of ten, and 258 all but one of a hundred; we open 1024.
 */
void
scene_birthday(struct world *w, unsigned number)
{
	static const unsigned sockets[] = { 39, 129, AIM_SOCKETS };
	static unsigned good[ARRAY_LEN(sockets)], all;
	/* The burst before it, the question, the ports; then until an answer is answered. */
	usec_t before = 600 * MS + 80 * MS + SEC * AIM_SPRAY / AIM_SPRAY_RATE + 300 * MS, took;
	struct box *a, *b;

	if (number == 0)
		all = 0;
	begin(w, KIND_LINUX, KIND_SYM_RAND, &a, &b);
	took = time_to_direct(a, b, 5 * SEC, 5 * SEC);
	stage_free(&st);
	if (took > before + SEC * AIM_SOCKETS / AIM_SOCKETS_RATE && took != USEC_NEVER)
		world_fail(w, "it took %.2f s", (double)took / 1e6);
	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		if (all == 0)
			good[i] = 0;
		good[i] += took <= before + SEC * sockets[i] / AIM_SOCKETS_RATE;
	}
	if (++all < BIRTHDAY_CASES)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sockets); i++)
		check_share(w, "birthdays", good[i], all, paradox(sockets[i]));
}

/* The router of the side whose ports are guessed bans who sends 30 packets a second to closed ones. */
void
scene_guard(struct world *w, unsigned number)
{
	static const unsigned sprays[] = { KIND_FW, KIND_PCONE, KIND_LINUX, KIND_LINUX_OPEN,
		KIND_PCONE_RAND, KIND_CGN_CONE };
	uint64_t sent_a, sent_b;
	struct box *a, *b;
	usec_t took;

	begin(w, sprays[number], KIND_SYM_RAND, &a, &b);
	b->site.home->v4.is.guard = 30;
	stage_on(&st);
	stage_run(&st, 6 * SEC);
	sent_a = a->sent;
	sent_b = b->sent;
	took = time_to_direct(a, b, 0, 12 * SEC);
	if (took == USEC_NEVER)
		world_fail(w, "%s is still relayed", kinds[sprays[number]].name);
	if (b->site.home->v4.bans > 0)
		world_fail(w, "%s was banned", kinds[sprays[number]].name);
	/* Two attempts at the most, and what the flow and its pings take, one in 10 ms each. */
	if (a->sent - sent_a > 2 * AIM_SPRAY + 2 * 1200 + 400)
		world_fail(w, "%s sent %llu packets", kinds[sprays[number]].name,
		    (unsigned long long)(a->sent - sent_a));
	if (b->sent - sent_b > 2 * AIM_SOCKETS + 2 * 1200 + 400)
		world_fail(w, "its peer sent %llu packets",
		    (unsigned long long)(b->sent - sent_b));
	stage_free(&st);
}
