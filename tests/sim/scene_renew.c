/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_renew.c - certificates that end while people talk, and an authority that is there or not.
 */
#include "core/request.h"
#include "lighthouse/beacon.h"
#include "node/mesh.h"
#include "node/registrar.h"
#include "node/renew.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC  USEC_PER_SEC
#define MS   USEC_PER_MS
#define YEAR (365 * 86400 * (int64_t)USEC_PER_SEC)

#define HOSTS_MAX 8

static struct stage st;
static struct box *lighthouses[2], *authority, *a, *b;
static struct flow flow;

/* What the authority has signed for each box, by its number, and how it is minded. */
static struct {
	struct cert newest[HOSTS_MAX];
	uint8_t bytes[HOSTS_MAX][CERT_MAX];
	size_t len[HOSTS_MAX];
	uint64_t lifetime;
	unsigned signed_for[HOSTS_MAX];
	enum { SANE, ANOTHERS, STALE, GARBAGE } mind;
} office;

/*
 * The authority
 */

static uint64_t
unix_now(void)
{
	return (WORLD_EPOCH + st.w->now) / USEC_PER_SEC;
}

/* The successor of what box `i` has: same key, name and addresses, by the authority's record. */
static void
sign_next(unsigned i)
{
	struct cert *c = &office.newest[i];
	int len;

	c->serial = ++st.serial;
	c->not_before = unix_now() - CERT_BACKDATE;
	c->not_after = unix_now() + office.lifetime;
	len = cert_sign(c, office.bytes[i], sizeof(office.bytes[i]), st.ca_seed, NULL);
	if (len < 0)
		world_fail(st.w, "no certificate can be signed for box %u", i);
	office.len[i] = (size_t)len;
	office.signed_for[i]++;
}

/* Whose key is it? */
static unsigned
number_of(const uint8_t key[static 32])
{
	for (unsigned i = 0; i < st.box_count; i++)
		if (memcmp(office.newest[i].key, key, 32) == 0)
			return i;
	world_fail(st.w, "a stranger wants a renewal");
	return 0;
}

static void
on_petition(struct box *box, const struct petition *p)
{
	struct ruling r = { .kind = PETITION_RENEW, .status = RENEW_ISSUED };
	static uint8_t garbage[CERT_MAX];
	struct cert c;
	unsigned i;

	if (p->kind != PETITION_RENEW || request_verify(&c, p->bytes.p, p->bytes.len, &st.ca,
	    st.ca_seed, NULL) < 0)
		world_fail(st.w, "the authority was brought what is no request");
	i = number_of(c.key);
	if (office.mind == SANE && c.serial == office.newest[i].serial)
		sign_next(i);
	if (office.mind == ANOTHERS)
		i = a->number == i ? b->number : a->number;
	memcpy(garbage, office.bytes[i], office.len[i]);
	garbage[office.len[i] - 1] ^= office.mind == GARBAGE;
	r.cert = (struct blob){ garbage, (uint16_t)office.len[i] };
	memcpy(r.key, p->key, sizeof(r.key));
	memcpy(r.ref, p->ref, sizeof(r.ref));
	if (mesh_answer(box->mesh, box_clock(box), &r, &st.out) < 0)
		world_fail(st.w, "the engine takes no answer");
	box_settle(box);
}

/*
 * The stage: two lighthouses, an authority that is off, two nodes that talk
 */

static void
begin(struct world *w, unsigned kind_a, unsigned kind_b, uint64_t lifetime)
{
	stage_init(&st, w);
	memset(&office, 0, sizeof(office));
	office.lifetime = lifetime;
	st.lifetime = lifetime;
	lighthouses[0] = stage_lighthouse(&st);
	lighthouses[1] = stage_lighthouse(&st);
	a = stage_node(&st, kind_a);
	b = stage_node(&st, kind_b);
	st.node_flags |= CERT_ENROL;
	st.lifetime = 0;
	authority = stage_node(&st, KIND_LINUX);
	authority->on_petition = on_petition;
	for (unsigned i = 0; i < st.box_count; i++) {
		const struct identity *id = &st.boxes[i]->id;

		office.len[i] = id->cert_len;
		memcpy(office.bytes[i], id->cert, id->cert_len);
		if (cert_decode(&office.newest[i], id->cert, id->cert_len, NULL) < 0)
			world_fail(w, "a certificate of the stage is none");
	}
}

static void
talk(void)
{
	stage_run(&st, 3 * SEC);
	flow_start(&flow, a, b, 50 * MS, 200);
	stage_run(&st, 10 * SEC);
	if (flow.answered == 0)
		world_fail(st.w, "no answer to begin with");
	flow_mark(&flow);
}

static void
expect_signed(const struct box *box, unsigned least, unsigned most)
{
	unsigned n = office.signed_for[box->number];

	if (n < least || n > most)
		world_fail(st.w, "%s was given %u certificates, not %u to %u", box->id.name, n,
		    least, most);
}

static void
expect_gap(usec_t gap)
{
	if (flow_gap(&flow) > gap)
		world_fail(st.w, "%.3f s without an answer", (double)flow_gap(&flow) / 1e6);
}

/* Everybody's certificate ends and is followed by the next, six times, and nobody notices. */
static void
undisturbed(struct world *w, unsigned kind_a, unsigned kind_b)
{
	begin(w, kind_a, kind_b, 600);
	stage_on(&st);
	talk();
	stage_run(&st, 3600 * SEC);
	expect_gap(200 * MS);
	expect_signed(a, 6, 12);
	expect_signed(b, 6, 12);
	expect_signed(lighthouses[0], 6, 12);
	expect_signed(lighthouses[1], 6, 12);
}

/*
 * The authority is there for 20 s in ten minutes; the lighthouses, which keep its mail, start again
 * in between, and so does a node that has just stored its certificate.
 */
static void
away(struct world *w)
{
	begin(w, KIND_LINUX, KIND_PCONE, 7200);
	stage_on(&st);
	talk();
	for (unsigned i = 0; i < 36; i++) {
		box_crash(authority);
		stage_run(&st, 290 * SEC);
		if (i % 6 == 2) {
			box_crash(lighthouses[i % 2]);
			stage_run(&st, SEC);
			box_on(lighthouses[i % 2]);
		}
		stage_run(&st, 290 * SEC);
		box_on(authority);
		stage_run(&st, 20 * SEC);
	}
	expect_gap(200 * MS);
	expect_signed(a, 3, 8);
	expect_signed(b, 3, 8);
	expect_signed(lighthouses[0], 3, 8);
}

/* It comes a second after the end: nothing more can be done without a person. */
static void
late(struct world *w)
{
	const struct renewal *r;
	uint64_t answered;

	begin(w, KIND_LINUX, KIND_PCONE, 600);
	stage_on(&st);
	box_crash(authority);
	talk();
	stage_run(&st, 601 * SEC - st.w->now);
	expect_gap(200 * MS);
	box_on(authority);
	answered = flow.answered;
	stage_run(&st, 600 * SEC);
	if (flow.answered != answered)
		world_fail(w, "%llu answers after the certificates had ended",
		    (unsigned long long)(flow.answered - answered));
	if (mesh_renewal_phase(a->mesh, box_clock(a), &r) != RENEWAL_OVER || r->total == 0)
		world_fail(w, "the end is not seen as such");
	expect_signed(a, 0, 0);
	expect_signed(b, 0, 0);
}

/* A node whose clock is a year behind is as good a member as any. */
static void
behind(struct world *w)
{
	begin(w, KIND_LINUX, KIND_PCONE, 600);
	b->clock_error = -YEAR;
	stage_on(&st);
	talk();
	stage_run(&st, 3600 * SEC);
	expect_gap(200 * MS);
	expect_signed(b, 6, 15);
}

/* One whose clock jumps a year ahead believes nobody, itself least; set right, it goes on. */
static void
ahead(struct world *w)
{
	const struct renewal *r;

	begin(w, KIND_LINUX, KIND_PCONE, 3600);
	stage_on(&st);
	talk();
	b->clock_error = YEAR;
	stage_run(&st, 120 * SEC);
	if (mesh_renewal_phase(b->mesh, box_clock(b), &r) != RENEWAL_OVER)
		world_fail(w, "the end is not seen as such");
	b->clock_error = 0;
	stage_run(&st, 60 * SEC);
	flow_mark(&flow);
	stage_run(&st, 7200 * SEC);
	expect_gap(200 * MS);
	expect_signed(b, 2, 8);
}

/* What is brought instead of a certificate is refused, and asked for again. */
static void
lies(struct world *w, unsigned mind)
{
	const struct renewal *r;

	begin(w, KIND_LINUX, KIND_PCONE, 1200);
	office.mind = mind;
	stage_on(&st);
	talk();
	stage_run(&st, 600 * SEC);
	expect_signed(a, 0, 0);
	if (mind != STALE && mesh_renewal_phase(a->mesh, box_clock(a), &r) != RENEWAL_TROUBLE)
		world_fail(w, "a lie is taken for the truth");
	office.mind = SANE;
	/* What was ruled wrongly stays with the authority's engine, until that starts again. */
	box_crash(authority);
	box_on(authority);
	stage_run(&st, 2400 * SEC);
	expect_gap(200 * MS);
	expect_signed(a, 2, 8);
	expect_signed(b, 2, 8);
}

void
scene_renew(struct world *w, unsigned number)
{
	switch (number) {
	case 0: undisturbed(w, KIND_LINUX, KIND_PCONE); break;
	case 1: undisturbed(w, KIND_SYM_RAND, KIND_SYM_RAND); break;
	case 2: away(w); break;
	case 3: late(w); break;
	case 4: behind(w); break;
	case 5: ahead(w); break;
	default: lies(w, ANOTHERS + (number - 6) % 3); break;
	}
	stage_free(&st);
}
