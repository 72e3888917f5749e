/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_matrix.c - every kind of site calls every kind of site.
 *
 * What comes of a call is computed from the two kinds alone (kinds.h) and compared pair by pair,
 * with the times that docs/matrix.md promises. Whether an answer came directly is
 * decided by the datagram that it came in, not by asking the node.
 */
#include "tests/sim/matrix.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

/* Between two answers once they flow, at one question every 50 ms: an upgrade is not noticed. */
#define GAP_MAX (200 * USEC_PER_MS)

/* A step of the burst, and a question later. */
#define OPEN_DIRECT_MAX (100 * USEC_PER_MS)

struct call matrix_calls[KIND_COUNT][KIND_COUNT];

static const char *const outcome_words[OUTCOME_COUNT] = {
	[OUTCOME_DIRECT] = "direct",
	[OUTCOME_RELAYED] = "relayed",
	[OUTCOME_TCP] = "relayed over TCP",
	[OUTCOME_NOTHING] = "not connected",
};

static void
check_answers(struct world *w, const struct flow *f, const struct call *c, enum outcome expected)
{
	usec_t first_max = expected == OUTCOME_TCP ? FIRST_TCP_MAX : FIRST_ANSWER_MAX;

	if (f->answered == 0)
		world_fail(w, "no answer to %llu packets", (unsigned long long)f->sent);
	if (c->first > first_max)
		world_fail(w, "the first answer took %.3f s", (double)c->first / 1e6);
	if (flow_gap(f) > GAP_MAX)
		world_fail(w, "%.3f s without an answer", (double)flow_gap(f) / 1e6);
	if (c->outcome != expected)
		world_fail(w, "%s, and by the ladder it should be %s", outcome_words[c->outcome],
		    outcome_words[expected]);
	if (expected == OUTCOME_DIRECT && !c->by_chance && c->direct > DIRECT_MAX)
		world_fail(w, "direct only after %.3f s", (double)c->direct / 1e6);
}

static void
note(struct call *c, const struct flow *f, bool tcp)
{
	c->tried = true;
	c->outcome = f->direct ? OUTCOME_DIRECT : tcp ? OUTCOME_TCP : OUTCOME_RELAYED;
	if (f->answered == 0)
		c->outcome = OUTCOME_NOTHING;
	c->first = f->answered > 0 ? f->first_answer - f->started : 0;
	c->direct = f->first_direct > 0 ? f->first_direct - f->started : 0;
}

static void
check_median(struct world *w)
{
	usec_t median = matrix_median();

	if (median > FIRST_ANSWER_MEDIAN)
		world_fail(w, "half of all first answers took more than %.3f s",
		    (double)median / 1e6);
}

/* Of the pairs that are direct by chance, nine of ten are so soon. */
static void
check_chance(struct world *w)
{
	unsigned all = 0, late = 0;

	for (unsigned i = 0; i < KIND_COUNT * KIND_COUNT; i++) {
		const struct call *c = &matrix_calls[i / KIND_COUNT][i % KIND_COUNT];
		bool loud = outcome_loud(&kinds[i / KIND_COUNT], &kinds[i % KIND_COUNT]);

		all += c->by_chance;
		late += c->by_chance && c->direct > (loud ? LOUD_MAX : CHANCE_MAX);
	}
	if (late * 10 > all)
		world_fail(w, "%u of %u birthdays took more than %u s, loud ones %u s", late, all,
		    (unsigned)(CHANCE_MAX / USEC_PER_SEC), (unsigned)(LOUD_MAX / USEC_PER_SEC));
}

/* A NAT that looked like another by chance is known for what it is when it is measured again. */
#define MEASURED_AGAIN (13 * 60 * USEC_PER_SEC)

/*
 * A pair is watched for a while, and where it takes a birthday until that has come. It does not come
 * before the next measuring in about one case of a hundred; how many may be late, check_chance says.
 */
static void
watch_call(struct stage *st, const struct flow *f, const struct call *c)
{
	stage_run(st, 7 * USEC_PER_SEC);
	for (usec_t waited = 0; c->by_chance && !f->direct && waited < MEASURED_AGAIN;
	     waited += USEC_PER_SEC)
		stage_run(st, USEC_PER_SEC);
	stage_run(st, USEC_PER_SEC);
}

void
scene_matrix(struct world *w, unsigned number)
{
	static struct stage st;
	static struct flow flow;
	unsigned from = number / KIND_COUNT, to = number % KIND_COUNT;
	struct call *c = &matrix_calls[from][to];
	struct box *a, *b;
	enum technique t;
	uint64_t frames;

	world_say(w, "%s calls %s", kinds[from].name, kinds[to].name);
	stage_init(&st, w);
	stage_lighthouse(&st);
	stage_lighthouse(&st);
	t = technique_needed(&kinds[from], &kinds[to]);
	st.guard.aims = t == TECHNIQUE_PREDICT || t == TECHNIQUE_BIRTHDAY || t == TECHNIQUE_NONE;
	a = stage_node(&st, from);
	b = stage_node(&st, to);
	stage_on(&st);
	stage_run(&st, 3 * USEC_PER_SEC);
	flow_start(&flow, a, b, 50 * USEC_PER_MS, 200);
	stage_run(&st, USEC_PER_SEC);
	flow_mark(&flow);
	frames = a->frames_sent + b->frames_sent;
	c->by_chance = outcome_by_chance(&kinds[from], &kinds[to]);
	watch_call(&st, &flow, c);
	note(c, &flow, a->frames_sent + b->frames_sent > frames);
	check_answers(w, &flow, c, outcome_expected(&kinds[from], &kinds[to]));
	stage_free(&st);
	if (number == KIND_COUNT * KIND_COUNT - 1) {
		check_median(w);
		check_chance(w);
	}
}

/*
 * A router without input policy, and lines without delay: whoever is told first where the other one
 * is would be there before that one has sent anything. Each end is called once.
 */
void
scene_open(struct world *w, unsigned number)
{
	static const unsigned others[] = { KIND_PUBLIC, KIND_FW, KIND_ACONE, KIND_PCONE,
		KIND_PCONE_RAND, KIND_LINUX, KIND_LINUX_OPEN, KIND_SHORT, KIND_CGN_CONE };
	unsigned other = others[number / 2];
	static struct stage st;
	static struct flow flow;
	struct box *a, *b;

	stage_init(&st, w);
	stage_lighthouse(&st);
	a = stage_node(&st, number % 2 == 0 ? other : KIND_LINUX_OPEN);
	b = stage_node(&st, number % 2 == 0 ? KIND_LINUX_OPEN : other);
	for (size_t i = 0; i < 2; i++) {
		struct box *at = i == 0 ? a : b;
		struct station *edge = site_edge(&at->site, &at->station);

		edge->up.delay = edge->down.delay = 0;
	}
	world_say(w, "%s calls %s", a->site.kind->name, b->site.kind->name);
	stage_on(&st);
	stage_run(&st, 3 * USEC_PER_SEC);
	flow_start(&flow, a, b, 50 * USEC_PER_MS, 200);
	stage_run(&st, 2 * USEC_PER_SEC);
	if (!flow.direct || flow.first_direct - flow.started > OPEN_DIRECT_MAX)
		world_fail(w, "%s and %s are not direct after %.3f s", a->site.kind->name,
		    b->site.kind->name, (double)OPEN_DIRECT_MAX / 1e6);
	stage_free(&st);
}
