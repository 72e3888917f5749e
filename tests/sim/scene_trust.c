/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_trust.c - strangers who replay, certificates that end, and machines that take a place.
 */
#include "lighthouse/beacon.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"
#include "tests/sim/tap.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct stage st;

/* Two nodes and what they say. */
static struct box *a, *b;
static struct flow flow;

static void
begin(struct world *w, unsigned kind_a, unsigned kind_b)
{
	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	a = stage_node(&st, kind_a);
	b = stage_node(&st, kind_b);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	flow_start(&flow, a, b, 50 * MS, 200);
	stage_run(&st, 10 * SEC);
	if (flow.answered == 0)
		world_fail(w, "no answer to begin with");
	flow_mark(&flow);
}

static void
end(usec_t gap)
{
	if (flow_gap(&flow) > gap)
		world_fail(st.w, "%.3f s without an answer", (double)flow_gap(&flow) / 1e6);
	stage_free(&st);
}

/*
 * Whoever sees every datagram sends some of them again, through two renewals of every session:
 * under the sender's address or under his own, and in the last cases so quickly that his copy comes
 * first. Nothing comes of it, least of all for him.
 */
void
scene_replay(struct world *w, unsigned number)
{
	static const struct {
		unsigned a, b;
		usec_t age;
	} rows[] = {
		{ KIND_PUBLIC, KIND_PUBLIC, 100 * MS },
		{ KIND_FULLCONE, KIND_LINUX, 100 * MS },
		{ KIND_SYM_RAND, KIND_SYM_SEQ, 100 * MS },
		{ KIND_PUBLIC, KIND_PUBLIC, 0 },
		{ KIND_FULLCONE, KIND_ACONE, 0 },
	};
	static struct tap tap;
	unsigned row = number / 2 % ARRAY_LEN(rows);
	struct addr at = internet_v4(66);
	bool own = number % 2 == 1;

	begin(w, rows[row].a, rows[row].b);
	at.port = 666;
	tap_open(&st.net, &tap, at);
	for (int i = 0; i < 260 * 50; i++) {
		tap_replay(&st.net, rows[row].age, own);
		stage_run(&st, 20 * MS);
	}
	if (tap.heard_bytes > tap.sent_bytes)
		world_fail(w, "%llu bytes in answer to %llu", (unsigned long long)tap.heard_bytes,
		    (unsigned long long)tap.sent_bytes);
	if (flow.direct !=
	    (outcome_expected(&kinds[rows[row].a], &kinds[rows[row].b]) == OUTCOME_DIRECT))
		world_fail(w, "the path has moved");
	end(200 * MS);
}

/* A session ends with the first of the two certificates, whichever side looks. */
void
scene_expiry(struct world *w, unsigned number)
{
	static const unsigned lifetime = 60;
	struct box *short_lived;
	uint64_t answered;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, KIND_LINUX);
	st.lifetime = lifetime;
	short_lived = b = stage_node(&st, number < 2 ? KIND_PCONE : KIND_SYM_RAND);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	if (number % 2 == 0)
		flow_start(&flow, a, short_lived, 50 * MS, 200);
	else
		flow_start(&flow, short_lived, a, 50 * MS, 200);
	stage_run(&st, 2 * SEC);
	flow_mark(&flow);
	stage_run(&st, (lifetime - 8) * SEC);
	if (flow_gap(&flow) > 200 * MS)
		world_fail(w, "the session did not last as long as the certificate");
	stage_run(&st, 5 * SEC);
	answered = flow.answered;
	stage_run(&st, 300 * SEC);
	if (flow.answered != answered)
		world_fail(w, "%llu answers after the certificate had ended",
		    (unsigned long long)(flow.answered - answered));
	stage_free(&st);
}

/* A machine is replaced: the newer certificate has its name and addresses, and the older nothing.
 */
void
scene_successor(struct world *w, unsigned number)
{
	static const unsigned sites[][2] = {
		{ KIND_LINUX, KIND_PCONE },
		{ KIND_SYM_RAND, KIND_SYM_RAND },
	};
	struct flow again, stale;
	struct box *c;

	begin(w, sites[number][0], sites[number][1]);
	flow_stop(&flow);
	box_crash(b);
	c = stage_successor(&st, b);
	box_on(c);
	stage_run(&st, 3 * SEC);
	flow_start(&again, a, c, 50 * MS, 200);
	stage_run(&st, 20 * SEC);
	/* One second of silence, then a handshake that nobody answers for REKEY_TIMEOUT. */
	if (again.answered == 0 || again.first_answer - again.started > 4 * SEC)
		world_fail(w, "the successor is not reached");
	box_on(b); /* which does not know yet */
	flow_start(&stale, b, a, 50 * MS, 200);
	flow_mark(&again);
	stage_run(&st, 30 * SEC);
	if (stale.answered > 0)
		world_fail(w, "who was replaced still has %llu answers",
		    (unsigned long long)stale.answered);
	if (flow_gap(&again) > 200 * MS)
		world_fail(w, "who was replaced disturbs its successor for %.3f s",
		    (double)flow_gap(&again) / 1e6);
	stage_free(&st);
}

/* So little is load here that everybody must prove their address by a cookie all the time. */
void
scene_load(struct world *w, unsigned number)
{
	static struct flow flows[6];
	struct box *nodes[6];
	struct beacon_totals t;

	(void)number;
	stage_init(&st, w);
	st.handshake_rate = 1;
	stage_lighthouse(&st);
	for (unsigned i = 0; i < ARRAY_LEN(nodes); i++)
		nodes[i] = stage_node(&st, i % 2 == 0 ? KIND_LINUX : KIND_SYM_RAND);
	stage_on(&st);
	stage_run(&st, 20 * SEC);
	for (unsigned i = 0; i < ARRAY_LEN(nodes); i++)
		flow_start(&flows[i], nodes[i], nodes[(i + 1) % ARRAY_LEN(nodes)], 50 * MS, 200);
	stage_run(&st, 20 * SEC);
	for (unsigned i = 0; i < ARRAY_LEN(nodes); i++)
		if (flows[i].answered == 0)
			world_fail(w, "%s does not reach its neighbour", nodes[i]->id.name);
	beacon_totals(st.lighthouses[0]->beacon, &t);
	if (t.cookies == 0)
		world_fail(w, "nobody was asked for a cookie");
	stage_free(&st);
}
