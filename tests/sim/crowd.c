/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crowd.c - who talks with whom, when, and what that took.
 */
#include "tests/sim/crowd.h"
#include "lighthouse/beacon.h"
#include "node/mesh.h"
#include "node/view.h"
#include "tests/sim/stage.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

enum {
	WANTED_MIN = 3, /* whom a node calls; as many call it, on average */
	WANTED_MAX = 7,
	WANTED_LATER = 2, /* and when lighthouses have died */
	ABROAD = 5, /* one of so many conversations is with another region */
	QUESTIONS = 10, /* of a burst */
};

#define TURN_ON_TIME (20 * SEC) /* in which all nodes are turned on, one after another */
#define CALL_TIME    (20 * SEC) /* in which all conversations begin, some seconds later */
#define SETTLE_TIME  (25 * SEC) /* the youngest has found out how long its NAT's mappings live */
#define STEADY_EVERY (4 * SEC)
#define BURST_EVERY  (60 * SEC)
#define BURST_GAP    (200 * MS)
#define MEASURE_TIME (30 * SEC) /* at the end, for packets in a second */

/* What they are behind, as it might be: most at home, some mobile, some at work. */
static const unsigned mix[] = { KIND_LINUX, KIND_PCONE, KIND_CGN_CONE, KIND_UPNP, KIND_LINUX,
	KIND_FULLCONE, KIND_PCONE, KIND_SYM_RAND, KIND_ACONE, KIND_LINUX, KIND_PCP, KIND_SHORT,
	KIND_CGN_SYM, KIND_PCONE_RAND, KIND_FW, KIND_LINUX_OPEN, KIND_UPNP, KIND_SYM_SEQ,
	KIND_PUBLIC, KIND_V6FW, KIND_UDP_BLOCK };

struct want {
	struct flow flow;
	struct alarm turn;
	bool bursts;
	unsigned questions; /* left of the burst */
	uint64_t answered;  /* when it began */
};

struct crowd {
	struct stage st;
	struct box **nodes;
	unsigned node_count;
	struct want *wants;
	size_t want_count;
	unsigned regions; /* at least 1 */
};

static void
check_burst(struct world *w, const struct want *k)
{
	const struct flow *f = &k->flow;

	if (f->answered == k->answered && f->sent > 0)
		world_fail(w, "%s (%s) called %s (%s) and had no answer", f->a->id.name,
		    f->a->site.kind->name, f->b->id.name, f->b->site.kind->name);
}

/* A burst is some questions and a long silence. */
static void
take_turn(struct world *w, struct alarm *a)
{
	struct want *k = CONTAINER_OF(a, struct want, turn);

	if (k->questions == 0) {
		check_burst(w, k);
		k->answered = k->flow.answered;
		k->questions = QUESTIONS;
		flow_resume(&k->flow);
		world_at(w, a, w->now + (QUESTIONS - 1) * BURST_GAP + BURST_GAP / 2);
	} else {
		k->questions = 0;
		flow_stop(&k->flow);
		world_at(w, a, w->now + BURST_EVERY);
	}
}

static void
begin(struct crowd *c, struct want *k, unsigned from, unsigned to, bool bursts)
{
	*k = (struct want){ .turn.ring = take_turn, .bursts = bursts, .questions = QUESTIONS };
	flow_start(&k->flow, c->nodes[from], c->nodes[to], bursts ? BURST_GAP : STEADY_EVERY, 100);
	if (bursts)
		world_at(c->st.w, &k->turn,
		    c->st.w->now + (QUESTIONS - 1) * BURST_GAP + BURST_GAP / 2);
}

static unsigned
lighthouses(const struct crowd_plan *p)
{
	return p->lighthouses + p->regions * CROWD_REGION_LIGHTHOUSES;
}

/* Those that all know come first, then two of each region. */
static unsigned
first_of(const struct crowd_plan *p, unsigned region)
{
	return p->lighthouses + region * CROWD_REGION_LIGHTHOUSES;
}

static uint32_t
wards(const struct crowd_plan *p, unsigned region)
{
	uint32_t all = (UINT32_C(1) << p->lighthouses) - 1;
	uint32_t own = (UINT32_C(1) << CROWD_REGION_LIGHTHOUSES) - 1;

	return all | own << first_of(p, region);
}

static void
gather(struct crowd *c, const struct crowd_plan *p)
{
	c->node_count = p->nodes;
	c->regions = p->regions > 0 ? p->regions : 1;
	c->nodes = calloc(p->nodes, sizeof(*c->nodes));
	c->wants = calloc(p->nodes * (WANTED_MAX + WANTED_LATER), sizeof(*c->wants));
	if (c->nodes == NULL || c->wants == NULL)
		abort();
	for (unsigned i = 0; i < lighthouses(p); i++)
		stage_lighthouse(&c->st);
	stage_on(&c->st);
	for (unsigned i = 0; i < p->nodes; i++) {
		c->st.wards = p->regions > 0 ? wards(p, i % p->regions) : 0;
		c->nodes[i] = stage_node(&c->st, mix[i % ARRAY_LEN(mix)]);
		box_on(c->nodes[i]);
		stage_run(&c->st, TURN_ON_TIME / p->nodes);
	}
	stage_run(&c->st, SETTLE_TIME);
}

/* Somebody else than node `i`: of its region, or of any. */
static unsigned
choose(struct crowd *c, unsigned i)
{
	struct rng *rng = &c->st.w->rng;
	unsigned near = c->node_count / c->regions;

	if (c->regions == 1 || rng_below(rng, ABROAD) == 0)
		return (i + 1 + (unsigned)rng_below(rng, c->node_count - 1)) % c->node_count;
	return (i + c->regions * (1 + (unsigned)rng_below(rng, near - 1))) % c->node_count;
}

static void
call_others(struct crowd *c, unsigned least, unsigned most)
{
	for (unsigned i = 0; i < c->node_count; i++) {
		unsigned n = least + (unsigned)rng_below(&c->st.w->rng, most - least + 1);

		for (unsigned k = 0; k < n; k++)
			begin(c, &c->wants[c->want_count++], i, choose(c, i), k % 2 == 1);
		stage_run(&c->st, CALL_TIME / c->node_count);
	}
}

/* A lighthouse of each region dies, and one of all; and people go on meeting. */
static void
lose_lighthouses(struct crowd *c, const struct crowd_plan *p)
{
	stage_run(&c->st, CALL_TIME);
	box_crash(c->st.lighthouses[0]);
	for (unsigned r = 0; r < p->regions; r++)
		box_crash(c->st.lighthouses[first_of(p, r)]);
	call_others(c, WANTED_LATER, WANTED_LATER);
}

static uint64_t
sent_by_nodes(const struct crowd *c)
{
	uint64_t sent = 0;

	for (unsigned i = 0; i < c->node_count; i++)
		sent += c->nodes[i]->sent;
	return sent;
}

/* Is it certain that this pair gets a direct path, by what is not left to chance? */
static bool
must_be_direct(const struct flow *f)
{
	enum technique t = technique_needed(f->a->site.kind, f->b->site.kind);

	return t == TECHNIQUE_OPEN || t == TECHNIQUE_V6 || t == TECHNIQUE_MAP;
}

static void
check_flow(struct world *w, const struct want *k)
{
	const struct flow *f = &k->flow;
	usec_t silence = w->now - f->last_answer;

	if (f->answered == 0 || (!k->bursts && silence > 3 * STEADY_EVERY))
		world_fail(w, "%s (%s) has not heard %s (%s) for %.1f s", f->a->id.name,
		    f->a->site.kind->name, f->b->id.name, f->b->site.kind->name,
		    (double)silence / 1e6);
	if (!f->direct && must_be_direct(f))
		world_fail(w, "%s (%s) and %s (%s) are still relayed", f->a->id.name,
		    f->a->site.kind->name, f->b->id.name, f->b->site.kind->name);
}

static int
by_time(const void *a, const void *b)
{
	const usec_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
look_at_flows(const struct crowd *c, struct crowd_report *r)
{
	usec_t *first = calloc(c->want_count, sizeof(*first));
	usec_t *direct = calloc(c->want_count, sizeof(*direct));

	if (first == NULL || direct == NULL)
		abort();
	r->pairs = (unsigned)c->want_count;
	for (size_t i = 0; i < c->want_count; i++) {
		const struct flow *f = &c->wants[i].flow;

		check_flow(c->st.w, &c->wants[i]);
		first[i] = f->first_answer - f->started;
		if (f->direct)
			direct[r->direct++] = f->first_direct - f->started;
	}
	qsort(first, c->want_count, sizeof(*first), by_time);
	qsort(direct, r->direct, sizeof(*direct), by_time);
	r->first_median = first[c->want_count / 2];
	r->first_99 = first[c->want_count - 1 - c->want_count / 100];
	r->first_worst = first[c->want_count - 1];
	if (r->direct > 0)
		r->direct_99 = direct[r->direct - 1 - r->direct / 100];
	free(first);
	free(direct);
}

static uint64_t
counted(const struct box *b, const char *name)
{
	struct view_counter rows[64];
	size_t n = min_u64(view_counters(b->mesh, rows, ARRAY_LEN(rows)), ARRAY_LEN(rows));

	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	return 0;
}

static size_t
allocated(void)
{
	struct mallinfo2 all = mallinfo2();

	return all.uordblks + all.hblkhd;
}

/* What an engine held is what is there again when it has been freed. */
static size_t
memory_of(struct box *b)
{
	size_t before = allocated(), after;

	mesh_free(b->mesh);
	beacon_free(b->beacon);
	b->mesh = NULL;
	b->beacon = NULL;
	after = allocated();
	return before > after ? before - after : 0; /* sanitizers' allocators do not say */
}

static void
look_at_nodes(struct crowd *c, const struct crowd_plan *p, struct crowd_report *r)
{
	uint64_t handshakes = 0, peers = 0;
	size_t memory = 0;

	for (unsigned i = 0; i < c->node_count; i++) {
		struct view_status status;
		size_t held;

		view_status(c->nodes[i]->mesh, box_clock(c->nodes[i]), &status);
		peers += status.peers_connected;
		handshakes += counted(c->nodes[i], "handshakes");
		held = memory_of(c->nodes[i]);
		memory += held;
		r->memory_most = max_u64(r->memory_most, held);
	}
	r->memory = memory / c->node_count;
	r->memory_lighthouse = memory_of(c->st.lighthouses[p->lighthouses - 1]);
	r->handshakes = (double)handshakes / c->node_count;
	r->peers = (double)peers / c->node_count;
}

void
crowd_run(struct world *w, const struct crowd_plan *p, struct crowd_report *r)
{
	const struct box *box_all, *box_region;
	uint64_t sent, for_all, for_region;
	static struct crowd c;

	memset(&c, 0, sizeof(c));
	memset(r, 0, sizeof(*r));
	stage_init(&c.st, w);
	gather(&c, p);
	/* Those that go on to the end. */
	box_all = c.st.lighthouses[p->lighthouses - 1];
	box_region = c.st.lighthouses[lighthouses(p) - 1];
	call_others(&c, WANTED_MIN, WANTED_MAX);
	if (p->regions > 0)
		lose_lighthouses(&c, p);
	stage_run(&c.st, p->span - (w->now - SEC) - MEASURE_TIME);
	sent = sent_by_nodes(&c);
	for_all = box_all->received;
	for_region = box_region->received;
	stage_run(&c.st, MEASURE_TIME);
	r->for_all = (double)(box_all->received - for_all) / (double)(MEASURE_TIME / SEC);
	r->for_region = p->regions == 0 ? 0 :
	    (double)(box_region->received - for_region) / (double)(MEASURE_TIME / SEC);
	r->packets = (double)(sent_by_nodes(&c) - sent) / c.node_count /
	             (double)(MEASURE_TIME / SEC);
	r->datagrams = c.st.net.sent;
	look_at_flows(&c, r);
	look_at_nodes(&c, p, r);
	stage_free(&c.st);
	free(c.nodes);
	free(c.wants);
}

void
crowd_print(const struct crowd_plan *p, const struct crowd_report *r)
{
	printf("  %u nodes, %u lighthouses", p->nodes, lighthouses(p));
	if (p->regions > 0)
		printf(", %u regions", p->regions);
	printf(", %u s of virtual time, %llu datagrams\n", (unsigned)(p->span / SEC),
	    (unsigned long long)r->datagrams);
	printf("  conversations     %u, all answered, %u direct\n", r->pairs, r->direct);
	printf("  first answer      median %.0f ms, 99 %% %.0f ms, worst %.0f ms\n",
	    (double)r->first_median / 1e3, (double)r->first_99 / 1e3, (double)r->first_worst / 1e3);
	printf("  direct after      99 %% %.0f ms\n", (double)r->direct_99 / 1e3);
	printf("  of a node         %.1f peers, %.1f handshakes, %.2f packets a second\n", r->peers,
	    r->handshakes, r->packets);
	printf("  memory            %zu KB a node, %zu KB the largest, %.1f KB for each node at a "
	       "lighthouse\n",
	    r->memory / 1000, r->memory_most / 1000,
	    (double)r->memory_lighthouse / 1000 / p->nodes);
	printf("  a lighthouse      takes %.0f packets a second", r->for_all);
	if (p->regions > 0)
		printf(" if it is for all, %.0f if for a region", r->for_region);
	printf("\n");
}
