/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_punch.c - is the model of the network right? Without any engine.
 *
 * Two hosts that do nothing but simultaneous open, the least that can be done, must get through
 * for exactly the pairs of which the ladder says that it is enough. That checks NATs and ladder
 * against one another, before an engine is judged by either.
 */
#include "tests/sim/kinds.h"
#include "tests/sim/scene.h"

enum {
	PORT = 7717,
};

/* What the two say: "I am here", and "I heard you". */
enum word {
	WORD_CALL,
	WORD_ANSWER,
};

struct puncher {
	struct net *net;
	struct site site;
	struct station station;
	struct addr seen[2]; /* own endpoint as the mirror sees it, by family */
	struct addr peer[2]; /* the peer's, as the mirror told */
	bool heard_answer;
	unsigned calls;
	struct alarm next;
};

/* On the Internet; it tells everybody where they are. */
struct mirror {
	struct net *net;
	struct station station;
};

static size_t
row(const struct addr *a)
{
	return a->family == FAMILY_V6;
}

static void
speak(struct puncher *p, const struct addr *to, enum word what)
{
	struct addr from = to->family == FAMILY_V4 ? p->site.host_v4 : p->site.host_v6;
	uint8_t byte = (uint8_t)what;

	from.port = PORT;
	if (to->family != FAMILY_NONE && from.family == to->family)
		net_send(p->net, &p->station, from, *to, 0, &byte, 1);
}

static void
mirror_hears(void *ctx, struct datagram *f)
{
	struct mirror *m = ctx;

	net_send(m->net, &m->station, f->dst, f->src, 0, (const uint8_t *)&f->src, sizeof(f->src));
	datagram_free(f);
}

static void
puncher_hears(void *ctx, struct datagram *f)
{
	struct puncher *p = ctx;

	if (f->len == sizeof(struct addr))
		memcpy(&p->seen[row(&f->src)], f->data, sizeof(struct addr));
	else if (f->data[0] == WORD_CALL)
		speak(p, &f->src, WORD_ANSWER);
	else
		p->heard_answer = true;
	datagram_free(f);
}

/* Seven calls, ever further apart. */
static void
call(struct world *w, struct alarm *a)
{
	static const usec_t gaps_ms[] = { 20, 40, 90, 150, 300, 600 };
	struct puncher *p = CONTAINER_OF(a, struct puncher, next);

	speak(p, &p->peer[0], WORD_CALL);
	speak(p, &p->peer[1], WORD_CALL);
	if (p->calls < ARRAY_LEN(gaps_ms))
		world_at(w, &p->next, w->now + gaps_ms[p->calls++] * USEC_PER_MS);
}

static void
puncher_init(struct puncher *p, struct net *n, const struct kind *k, unsigned number)
{
	memset(p, 0, sizeof(*p));
	p->net = n;
	p->next.ring = call;
	site_build(&p->site, n, k, number);
	site_host(&p->site, n, &p->station, puncher_hears, p);
}

void
scene_punch(struct world *w, unsigned number)
{
	static struct net net;
	static struct puncher sides[2];
	static struct mirror mirror;
	enum technique t;
	unsigned a, b;

	kind_pair(number, &a, &b);
	t = technique_needed(&kinds[a], &kinds[b]);
	net_init(&net, w);
	mirror.net = &net;
	net_host(&net, &mirror.station, NULL, mirror_hears, &mirror);
	for (int i = 0; i < 2; i++) {
		struct addr at[] = { internet_v4(0), internet_v6(0) };

		puncher_init(&sides[i], &net, &kinds[i == 0 ? a : b], (unsigned)i);
		for (size_t k = 0; k < 2; k++) {
			at[k].port = PORT;
			net_address(&net, &mirror.station, at[k]);
			speak(&sides[i], &at[k], WORD_CALL);
		}
	}
	world_run(w, w->now + USEC_PER_SEC);
	for (int i = 0; i < 2; i++) {
		memcpy(sides[i].peer, sides[!i].seen, sizeof(sides[i].peer));
		world_at(w, &sides[i].next, w->now);
	}
	world_run(w, w->now + 5 * USEC_PER_SEC);
	/* An answer is a round trip: it proves both directions. */
	if ((sides[0].heard_answer || sides[1].heard_answer) !=
	    (t == TECHNIQUE_OPEN || t == TECHNIQUE_V6))
		world_fail(w, "%s and %s need %c, and simultaneous open gave %d and %d",
		    kinds[a].name, kinds[b].name, technique_letters[t], sides[0].heard_answer,
		    sides[1].heard_answer);
	net_free(&net);
}

/* What a puncher that knows every technique had needed, pair by pair, between real routers. */
void
scene_kinds(struct world *w, unsigned number)
{
	static const unsigned counted[TECHNIQUE_COUNT] = { 77, 3, 29, 8, 41, 13, 39 };
	unsigned count[TECHNIQUE_COUNT] = { 0 };

	(void)number;
	for (unsigned i = 0; i < KIND_PAIRS; i++) {
		unsigned a, b;

		kind_pair(i, &a, &b);
		count[technique_needed(&kinds[a], &kinds[b])]++;
	}
	for (unsigned t = 0; t < TECHNIQUE_COUNT; t++)
		if (count[t] != counted[t])
			world_fail(w, "%u pairs need %c, not %u", count[t], technique_letters[t],
			    counted[t]);
}
