/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_state.c - whoever is revoked is out, whatever lighthouses do about it.
 */
#include "core/netstate.h"
#include "lighthouse/beacon_impl.h"
#include "node/view.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <stdlib.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS
#define DAY (UINT64_C(24) * 3600)

static struct stage st;

/* What a lighthouse that withholds believes: nothing, so that it never holds a state. */
static struct trust *disbelief;

/*
 * The authority
 */

/* A state, and how the authority words it. */
struct decree {
	uint64_t version;
	uint64_t next_update; /* seconds from now; 0: a week */
	uint64_t expires;     /* likewise; 0: a month */
	bool required;
	const struct box *revoked; /* NULL: nobody */
	size_t len;
	uint8_t blob[NETSTATE_BLOB_MAX];
};

static void
proclaim(struct decree *d)
{
	static uint8_t object[NETSTATE_MAX];
	uint64_t now = (WORLD_EPOCH + st.w->now) / SEC;
	struct netstate_key key;
	struct netstate s = {
		.version = d->version,
		.issued = now,
		.next_update = now + (d->next_update != 0 ? d->next_update : 7 * DAY),
		.expires = now + (d->expires != 0 ? d->expires : 30 * DAY),
		.required = d->required,
		.keys = &key,
	};
	struct netstate_blob b = { .state.p = object };
	int n;

	memcpy(s.network, st.ca.network, sizeof(s.network));
	if (d->revoked != NULL) {
		crypto_dh_public(key.key, d->revoked->id.private_key);
		s.key_count = 1;
	}
	n = netstate_sign(&s, object, sizeof(object), st.ca_seed, NULL);
	if (n < 0)
		world_fail(st.w, "a network state cannot be signed");
	b.state.len = (size_t)n;
	n = netstate_blob_write(d->blob, sizeof(d->blob), &b);
	if (n < 0)
		world_fail(st.w, "a network state has no room");
	d->len = (size_t)n;
}

/* A person carries it there. */
static void
carry(struct box *to, const struct decree *d)
{
	struct err e = { "" };
	int rc;

	if (to->mesh != NULL)
		rc = mesh_bring_state(to->mesh, box_clock(to), d->blob, d->len, &st.out, &e);
	else
		rc = beacon_bring_state(to->beacon, box_clock(to), d->blob, d->len, &st.out, &e);
	if (rc < 0)
		world_fail(st.w, "%s does not take the state: %s", to->id.name, e.text);
	box_settle(to);
}

static struct spread_view
view_of(const struct box *b)
{
	struct view_state v = { .halted = false };

	if (b->mesh != NULL)
		view_state(b->mesh, box_clock(b), &v);
	else
		beacon_state_view(b->beacon, box_clock(b), &v.spread, &v.revoked);
	return v.spread;
}

static void
must_hold(const struct box *b, uint64_t version)
{
	uint64_t held = view_of(b).held.version;

	if (held != version)
		world_fail(st.w, "%s holds state %llu and not %llu", b->id.name,
		    (unsigned long long)held, (unsigned long long)version);
}

static void
withhold(const struct box *lighthouse)
{
	struct beacon *b = lighthouse->beacon;

	if (disbelief == NULL)
		disbelief = trust_new(&st.w->rng);
	spread_free(b->spread);
	b->spread = disbelief != NULL ? spread_new(disbelief) : NULL;
	if (b->spread == NULL)
		abort();
}

static void
end(void)
{
	stage_free(&st);
	trust_free(disbelief);
	disbelief = NULL;
}

/*
 * Conversations
 */

static void
must_be_silent(const struct flow *f, uint64_t answered)
{
	if (f->answered != answered)
		world_fail(st.w, "%llu answers to who is revoked",
		    (unsigned long long)(f->answered - answered));
}

static void
must_go_on(const struct flow *f, usec_t gap)
{
	if (f->answered == 0 || flow_gap(f) > gap)
		world_fail(st.w, "%.3f s of silence between two who are not revoked",
		    (double)flow_gap(f) / 1e6);
}

/*
 * Fifty nodes, one of which is revoked. Of two lighthouses one knows of no state, or neither does
 * and a node brings it: a second later everybody holds it, the sessions with the one are over and
 * stay so, and nobody else notices.
 */
void
scene_revocation(struct world *w, unsigned number)
{
	static struct decree d;
	static struct box *nodes[50];
	static struct flow with_it[6], others[6];
	static uint64_t answered[6];
	struct box *bad;

	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	for (unsigned i = 0; i < ARRAY_LEN(nodes); i++)
		nodes[i] = stage_node(&st, i % 3 == 0 ? KIND_LINUX : i % 3 == 1 ? KIND_SYM_RAND :
								       KIND_PUBLIC);
	stage_on(&st);
	withhold(st.lighthouses[1]);
	if (number % 2 == 1)
		withhold(st.lighthouses[0]);
	stage_run(&st, 5 * SEC);
	bad = nodes[0];
	for (unsigned i = 0; i < ARRAY_LEN(with_it); i++) {
		if (i % 2 == 0)
			flow_start(&with_it[i], bad, nodes[i + 1], 50 * MS, 200);
		else
			flow_start(&with_it[i], nodes[i + 1], bad, 50 * MS, 200);
		flow_start(&others[i], nodes[10 + i], nodes[1 + i], 50 * MS, 200);
	}
	/* Where lighthouses withhold, peers tell peers: each speaks with the next. */
	for (unsigned i = 1; i < ARRAY_LEN(nodes) && number % 2 == 1; i++)
		box_ping(nodes[i], nodes[i == 49 ? 1 : i + 1]->id.addresses[0]);
	stage_run(&st, 20 * SEC);
	for (unsigned i = 0; i < ARRAY_LEN(with_it); i++)
		flow_mark(&others[i]);
	d = (struct decree){ .version = 5, .revoked = bad };
	proclaim(&d);
	carry(number % 2 == 1 ? nodes[20] : st.lighthouses[0], &d);
	stage_run(&st, number % 2 == 1 ? 12 * SEC : SEC);
	for (unsigned i = 1; i < ARRAY_LEN(nodes); i++)
		must_hold(nodes[i], 5);
	for (unsigned i = 0; i < ARRAY_LEN(with_it); i++)
		answered[i] = with_it[i].answered;
	stage_run(&st, 200 * SEC);
	for (unsigned i = 0; i < ARRAY_LEN(with_it); i++) {
		must_be_silent(&with_it[i], answered[i]);
		must_go_on(&others[i], 200 * MS);
	}
	end();
}

/* Two nodes and two lighthouses, and a conversation with who is to be revoked. */
static struct box *a, *b, *bad;
static struct flow good, with_bad;

static void
begin(struct world *w)
{
	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	a = stage_node(&st, KIND_LINUX);
	b = stage_node(&st, KIND_PCONE);
	bad = stage_node(&st, KIND_PUBLIC);
	stage_on(&st);
	stage_run(&st, 5 * SEC);
	flow_start(&good, a, b, 50 * MS, 200);
	flow_start(&with_bad, a, bad, 50 * MS, 200);
	stage_run(&st, 20 * SEC);
	if (with_bad.answered == 0)
		world_fail(w, "no answer to begin with");
	flow_mark(&good);
}

/* The row of the state in force on a disk, to be put back there. */
static struct row *
row_of(const struct box *box)
{
	struct row_key key = { .table = MEMORY_STATE, .len = 1 };
	const struct row *r = table_get(&box->disk, &key);
	struct row *copy = r != NULL ? malloc(sizeof(*r) + r->len) : NULL;

	if (copy == NULL)
		world_fail(st.w, "%s has not written the state", box->id.name);
	memcpy(copy, r, sizeof(*r) + r->len);
	return copy;
}

/*
 * A lighthouse is restored from an old copy of its disk: nobody goes back with it, everybody says
 * who has, and it is given the new state by those whom it should have told of it.
 */
void
scene_rollback(struct world *w, unsigned number)
{
	static struct decree old, new;
	struct box *lh;
	struct row *r;

	(void)number;
	begin(w);
	lh = st.lighthouses[0];
	old = (struct decree){ .version = 5 };
	new = (struct decree){ .version = 6, .revoked = bad };
	proclaim(&old);
	carry(lh, &old);
	stage_run(&st, 2 * SEC);
	r = row_of(lh);
	proclaim(&new);
	carry(lh, &new);
	stage_run(&st, 2 * SEC);
	must_hold(b, 6);
	box_crash(lh);
	free(table_del(&lh->disk, &r->key));
	if (table_put(&lh->disk, &r->key, r) < 0)
		abort();
	box_on(lh);
	must_hold(lh, 5);
	stage_run(&st, 30 * SEC);
	must_hold(lh, 6);
	must_hold(a, 6);
	if (view_of(a).rollbacks == 0 || strcmp(view_of(a).culprit, lh->id.name) != 0)
		world_fail(w, "nobody says that %s went back", lh->id.name);
	must_go_on(&good, 200 * MS);
	end();
}

/*
 * The authority's key signs two states of one version, one for each lighthouse. Everybody keeps the
 * first, both as evidence, and says so; and one that is newer ends it.
 */
void
scene_fork(struct world *w, unsigned number)
{
	static struct decree one, other, next;
	struct row_key key = { .table = MEMORY_STATE, .len = 1, .bytes = { 2 } };

	(void)number;
	begin(w);
	one = (struct decree){ .version = 5 };
	other = (struct decree){ .version = 5, .revoked = bad };
	next = (struct decree){ .version = 6, .revoked = bad };
	proclaim(&one);
	proclaim(&other);
	carry(st.lighthouses[0], &one);
	carry(st.lighthouses[1], &other);
	stage_run(&st, 150 * SEC); /* every HELLO has been said again */
	must_hold(a, 5);
	if (view_of(a).fork.version != 5 || view_of(a).forks == 0)
		world_fail(w, "nobody says that there are two");
	if (table_get(&a->disk, &key) == NULL)
		world_fail(w, "the evidence is not kept");
	proclaim(&next);
	carry(st.lighthouses[0], &next);
	stage_run(&st, 3 * SEC);
	for (uint32_t i = 0; i < st.box_count; i++)
		if (st.boxes[i] != bad)
			must_hold(st.boxes[i], 6);
	must_go_on(&good, 200 * MS);
	end();
}

/*
 * Nobody brings a successor: it is said, first that it is late, then that it has expired; and where
 * the state demands it, no session is made from then on, until a newer state comes.
 */
void
scene_freeze(struct world *w, unsigned number)
{
	static struct decree old, new;
	bool required = number % 2 == 1;
	uint64_t answered;

	begin(w);
	old = (struct decree){ .version = 5, .next_update = 300, .expires = 600 };
	old.required = required;
	proclaim(&old);
	carry(st.lighthouses[0], &old);
	stage_run(&st, 200 * SEC);
	if (view_of(a).late || view_of(a).expired)
		world_fail(w, "it is late too soon");
	stage_run(&st, 200 * SEC);
	if (!view_of(a).late)
		world_fail(w, "nobody says that it is late");
	stage_run(&st, 400 * SEC);
	if (!view_of(a).expired)
		world_fail(w, "nobody says that it has expired");
	answered = good.answered;
	stage_run(&st, 20 * SEC);
	if ((good.answered == answered) != required)
		world_fail(w, required ? "sessions are made all the same" : "sessions have ended");
	new = (struct decree){ .version = 6 };
	proclaim(&new);
	carry(st.lighthouses[1], &new);
	stage_run(&st, 30 * SEC);
	must_hold(a, 6);
	must_hold(b, 6);
	if (good.answered == answered)
		world_fail(w, "no session is made when a newer state is there");
	end();
}

/*
 * A node is away while somebody is revoked: cut off from all who know of it, or switched off. When
 * it is back it hears of it, and it remembers without anybody's help.
 */
void
scene_absent(struct world *w, unsigned number)
{
	static struct decree d;
	bool off = number % 2 == 1;
	uint64_t answered;

	begin(w);
	d = (struct decree){ .version = 5, .revoked = bad };
	proclaim(&d);
	if (off)
		box_crash(a);
	for (size_t i = 0; i < 2; i++)
		stage_cut(&st, a, st.lighthouses[i]);
	stage_cut(&st, a, b);
	stage_cut(&st, bad, st.lighthouses[0]);
	carry(st.lighthouses[0], &d);
	stage_run(&st, 10 * SEC);
	if (off)
		box_on(a);
	else
		must_hold(a, 0);
	for (size_t i = 0; i < 2; i++)
		stage_heal(&st, a, st.lighthouses[i]);
	stage_heal(&st, a, b);
	stage_run(&st, 20 * SEC);
	must_hold(a, 5);
	answered = with_bad.answered;
	for (size_t i = 0; i < 2; i++)
		box_crash(st.lighthouses[i]);
	box_crash(a);
	box_on(a);
	must_hold(a, 5);
	stage_run(&st, 200 * SEC);
	must_be_silent(&with_bad, answered);
	end();
}
