/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_netcheck.c - does a node find out what it sits behind?
 *
 * What it should find follows from the NATs of its site and from how many lighthouses there are to
 * measure with; there is no table of expected answers.
 */
#include "node/view.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC

/* Of one NAT, or of two in a row, each of which may only make it harder. */
struct model {
	enum nat_depends mapping;
	enum nat_depends filtering;
	bool translates;
	bool keeps;
	bool hairpin;
	bool blocked;
	unsigned routers;
	usec_t life; /* of a mapping that nobody answers; 0: there is nothing that forgets */
	int step;    /* of its ports, 0: they do not follow each other */
};

static enum nat_depends
stricter(enum nat_depends a, enum nat_depends b)
{
	return a > b ? a : b;
}

static void
put_in_row(struct model *m, const struct nat_behaviour *is)
{
	bool translates = is->ports != NAT_PORTS_SAME;

	m->mapping = stricter(m->mapping, is->mapping);
	m->filtering = stricter(m->filtering, is->filtering);
	m->translates |= translates;
	m->keeps &= !translates || is->ports == NAT_PORTS_KEEP;
	m->hairpin = is->hairpin && m->routers == 0;
	m->blocked |= is->udp_blocked;
	m->routers++;
	m->life = due_min(m->life, is->one_way);
	m->step = is->ports == NAT_PORTS_STEP ? is->step : 0;
}

static struct model
model_of(const struct kind *k)
{
	struct model m = { .keeps = true };

	if (k->home != NULL)
		put_in_row(&m, k->home);
	if (k->carrier != NULL)
		put_in_row(&m, k->carrier);
	return m;
}

/* One lighthouse cannot tell whether it is its address that counts. */
static enum nat_mapping
mapping_expected(const struct model *m, unsigned lighthouses)
{
	if (!m->translates)
		return NAT_MAPPING_NONE;
	switch (m->mapping) {
	case NAT_ENDPOINT_INDEPENDENT: return NAT_MAPPING_ENDPOINT;
	case NAT_ADDRESS_DEPENDENT:
		return lighthouses > 1 ? NAT_MAPPING_ADDRESS : NAT_MAPPING_ENDPOINT;
	case NAT_ADDRESS_PORT_DEPENDENT: break;
	}
	return NAT_MAPPING_PORT;
}

static enum nat_filtering
filtering_expected(const struct model *m, unsigned lighthouses)
{
	switch (m->filtering) {
	case NAT_ENDPOINT_INDEPENDENT:
		return lighthouses > 1 ? NAT_FILTERING_ENDPOINT : NAT_FILTERING_ADDRESS;
	case NAT_ADDRESS_DEPENDENT: return NAT_FILTERING_ADDRESS;
	case NAT_ADDRESS_PORT_DEPENDENT: break;
	}
	return NAT_FILTERING_PORT;
}

/* Only where a mapping is there for everybody, and an answer to an opener would be let in. */
static unsigned
hops_expected(const struct model *m, unsigned lighthouses)
{
	enum nat_mapping mapping = mapping_expected(m, lighthouses);
	enum nat_filtering filtering = filtering_expected(m, lighthouses);

	if (mapping != NAT_MAPPING_NONE && mapping != NAT_MAPPING_ENDPOINT)
		return 0;
	if (filtering == NAT_FILTERING_PORT ||
	    (filtering == NAT_FILTERING_ADDRESS && lighthouses > 1))
		return m->routers + 1;
	return 0;
}

static void
expect(struct world *w, const struct kind *k, const char *what, int found, int expected)
{
	if (found != expected)
		world_fail(w, "%s: %s is %d, not %d", k->name, what, found, expected);
}

static void
check_nat(struct world *w, const struct kind *k, const struct netcheck *n, unsigned lighthouses)
{
	struct model m = model_of(k);
	enum nat_mapping mapping = mapping_expected(&m, lighthouses);
	bool endpoint = mapping == NAT_MAPPING_ENDPOINT;
	bool sequential = mapping == NAT_MAPPING_PORT && m.step != 0;

	expect(w, k, "lighthouses", (int)n->lighthouses, (int)lighthouses);
	expect(w, k, "mapping", n->nat.mapping, mapping);
	expect(w, k, "filtering", n->nat.filtering, filtering_expected(&m, lighthouses));
	expect(w, k, "hops", n->hops, (int)hops_expected(&m, lighthouses));
	expect(w, k, "sequential", (n->nat.flags & NAT_SEQUENTIAL) != 0, sequential);
	expect(w, k, "step", n->nat.step, sequential ? m.step : 0);
	expect(w, k, "other flags", n->nat.flags & (NAT_BLOCK | NAT_FIRST_KEEPS | NAT_POOLED), 0);
	expect(w, k, "hairpin", (n->nat.flags & NAT_HAIRPIN) != 0, endpoint && m.hairpin);
	if (mapping == NAT_MAPPING_NONE || endpoint)
		expect(w, k, "port kept", n->kept == FACT_YES, m.keeps);
	expect(w, k, "addresses", n->public_count, 1 + k->v6);
	expect(w, k, "IPv6", n->v6 == FACT_YES, k->v6);
	if (k->v6) {
		expect(w, k, "IPv6 translated", n->v6_translated, FACT_NO);
		expect(w, k, "IPv6 filtering", n->v6_filtering,
		    k->home != NULL     ? NAT_FILTERING_PORT :
		    lighthouses > 1 ? NAT_FILTERING_ENDPOINT :
				      NAT_FILTERING_ADDRESS);
	}
}

/* Somebody at a site of each kind, with one lighthouse or two, over good links and bad ones. */
void
scene_netcheck(struct world *w, unsigned number)
{
	const struct kind *k = &kinds[number % KIND_COUNT];
	unsigned lighthouses = 1 + number / KIND_COUNT % 2;
	bool bad = number / KIND_COUNT >= 2;
	static struct stage st;
	struct view_netcheck v;
	struct station *edge;
	struct box *b;

	stage_init(&st, w);
	for (unsigned i = 0; i < lighthouses; i++)
		stage_lighthouse(&st);
	b = stage_node(&st, number % KIND_COUNT);
	edge = site_edge(&b->site, &b->station);
	edge->up.loss = edge->down.loss = bad ? 50000 : 0;
	stage_on(&st);
	stage_run(&st, bad ? 12 * SEC : 3 * SEC);
	view_netcheck(b->mesh, &v);
	if (model_of(k).blocked)
		expect(w, k, "UDP", v.found.udp, FACT_NO);
	else
		check_nat(w, k, &v.found, lighthouses);
	stage_free(&st);
}

/* The longest of the spans that are tried which the NATs of a kind allow; 0: none. */
static unsigned
life_expected(const struct model *m)
{
	static const unsigned tried[] = { 9, 14, 19, 28, 58, 118 };
	unsigned longest = 0;

	for (size_t i = 0; i < ARRAY_LEN(tried); i++)
		if (m->life == 0 || tried[i] * SEC < m->life)
			longest = tried[i];
	return longest;
}

/* May each lighthouse send to `b` at any time, as far as its router goes? */
static bool
is_open(const struct stage *st, const struct box *b)
{
	for (size_t i = 0; i < st->lighthouse_count; i++) {
		if (!nat_keeps(&b->site.home->v4, st->w->now, BOX_PORT,
			&st->lighthouses[i]->site.host_v4))
			return false;
	}
	return true;
}

/*
 * How long mappings live is found out, and they are kept from the beginning: an idle node is found
 * by a lighthouse where it was.
 */
void
scene_mapping_life(struct world *w, unsigned number)
{
	static const unsigned homes[] = { KIND_SHORT, KIND_LINUX, KIND_CGN_CONE, KIND_PCONE };
	const struct kind *k = &kinds[homes[number]];
	struct model m = model_of(k);
	static struct stage st;
	struct view_netcheck v;
	struct addr before;
	struct box *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	b = stage_node(&st, homes[number]);
	stage_on(&st);
	stage_run(&st, 2 * SEC);
	for (unsigned i = 2; i < 130; i++) {
		stage_run(&st, SEC);
		if (!is_open(&st, b))
			world_fail(w, "%s: after %u s a lighthouse cannot call", k->name, i);
	}
	view_netcheck(b->mesh, &v);
	expect(w, k, "life known", v.found.life.known, true);
	expect(w, k, "life", v.found.life.s, (int)life_expected(&m));
	if (v.keepalive >= m.life)
		world_fail(w, "%s: asked every %llu s", k->name,
		    (unsigned long long)(v.keepalive / SEC));
	before = v.found.public[0];
	for (unsigned i = 0; i < 20; i++) {
		stage_run(&st, 10 * SEC);
		if (!is_open(&st, b))
			world_fail(w, "%s: the mapping was lost", k->name);
	}
	view_netcheck(b->mesh, &v);
	expect(w, k, "same place", addr_equal(&before, &v.found.public[0]), true);
	stage_free(&st);
}

/*
 * How long mappings live is asked once in each network: who comes back knows it at once, and all
 * that others were told of the network before is of another epoch.
 */
void
scene_networks(struct world *w, unsigned number)
{
	static const unsigned homes[] = { KIND_SHORT, KIND_LINUX, KIND_SYM_RAND };
	const struct kind *k = &kinds[homes[number]];
	struct model m = model_of(k);
	static struct stage st;
	struct view_netcheck v;
	uint32_t epoch = 0;
	struct box *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	b = stage_node(&st, homes[number]);
	stage_on(&st);
	for (unsigned i = 1; i <= 3; i++) { /* one network, another, and the first again */
		stage_readdress(&st, b, 2 - i % 2);
		stage_run(&st, i < 3 ? 160 * SEC : 40 * SEC);
		view_netcheck(b->mesh, &v);
		expect(w, k, "life known", v.found.life.known, true);
		expect(w, k, "life", v.found.life.s, (int)life_expected(&m));
		expect(w, k, "another epoch", i == 1 || v.told.epoch > epoch, true);
		epoch = v.told.epoch;
	}
	stage_free(&st);
}
