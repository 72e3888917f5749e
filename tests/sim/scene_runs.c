/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_runs.c - parties behind all kinds of NATs start a program together, and stop it together.
 *
 * A program here is a flag at a box: it runs from RALLY_GO until it is stopped or the story ends it.
 */
#include "core/crypto.h"
#include "node/runs.h"
#include "node/study.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

#define PARTIES 5

/* A box that takes part in one run, or in two. */
struct player {
	struct box *box;
	struct {
		int id; /* 0: it does not take part */
		bool running;
		unsigned starts;
		unsigned stops;
		bool ended;
	} run[2];
};

static struct stage st;
static struct player players[PARTIES];
static struct study studies[2];

static struct player *
player_of(const struct box *b)
{
	for (unsigned i = 0; i < PARTIES; i++)
		if (players[i].box == b)
			return &players[i];
	world_fail(st.w, "a run at who is no player");
	return NULL;
}

static void
on_run(struct box *b, int id)
{
	struct player *p = player_of(b);
	unsigned k = p->run[0].id == id ? 0 : 1;
	unsigned news = mesh_run_news(b->mesh, id);

	if (p->run[k].id != id)
		return;
	if ((news & RALLY_GO) != 0 && (news & RALLY_STOP) == 0) {
		p->run[k].running = true;
		p->run[k].starts++;
	}
	if ((news & RALLY_STOP) != 0) {
		p->run[k].stops += p->run[k].running;
		p->run[k].running = false;
		mesh_run_stopped(b->mesh, box_clock(b), id, &st.out);
		box_settle(b);
	}
	p->run[k].ended |= (news & RALLY_ENDED) != 0;
}

/* The study of the players `first` to `last` in their order, at this port. */
static void
propose(unsigned k, const char *name, unsigned first, unsigned last, uint16_t port)
{
	struct study *s = &studies[k];
	uint8_t bytes[STUDY_MAX];

	*s = (struct study){ .count = last - first + 1 };
	memcpy(s->network, st.ca.network, sizeof(s->network));
	strcpy(s->name, name);
	for (unsigned i = first; i <= last; i++) {
		struct study_party *p = &s->parties[i - first];

		strcpy(p->name, players[i].box->id.name);
		crypto_dh_public(p->key, players[i].box->id.private_key);
		p->address = players[i].box->id.addresses[0];
		p->port = port;
	}
	if (study_encode(s, bytes, sizeof(bytes), NULL) < 0)
		world_fail(st.w, "a study that is none");
}

static void
accept(unsigned i, unsigned k)
{
	struct box *b = players[i].box;
	struct err e = { "" };

	if (mesh_study_bring(b->mesh, box_clock(b), &studies[k], &st.out, &e) < 0)
		world_fail(st.w, "%s does not accept the study: %s", b->id.name, e.text);
	box_settle(b);
}

static void
join(unsigned i, unsigned k, const char *program, unsigned restarts)
{
	struct player *p = &players[i];
	struct run_fact f = { .name = "program" };
	uint8_t facts[RUN_FACTS_LEN_MAX];
	struct run_order o = { .restarts = restarts };
	struct err e = { "" };
	int len;

	strcpy(f.value, program);
	len = run_facts_encode(facts, sizeof(facts), &f, 1);
	o.facts = (struct blob){ facts, (uint16_t)len };
	memcpy(o.study, studies[k].hash, sizeof(o.study));
	memset(&p->run[k], 0, sizeof(p->run[k]));
	p->run[k].id = mesh_run_join(p->box->mesh, box_clock(p->box), &o, &st.out, &e);
	if (p->run[k].id < 0)
		world_fail(st.w, "%s does not take part: %s", p->box->id.name, e.text);
	box_settle(p->box);
}

static void
end_program(unsigned i, unsigned k, bool well)
{
	struct player *p = &players[i];

	p->run[k].running = false;
	mesh_run_ended(p->box->mesh, box_clock(p->box), p->run[k].id, well, "exited 1", &st.out);
	box_settle(p->box);
}

static void
begin(struct world *w, uint32_t loss)
{
	static const unsigned sites[PARTIES] = { KIND_LINUX, KIND_SYM_RAND, KIND_PUBLIC,
		KIND_CGN_SYM, KIND_TCP443 };

	stage_init(&st, w);
	memset(players, 0, sizeof(players));
	(void)stage_lighthouse(&st);
	(void)stage_lighthouse(&st);
	for (unsigned i = 0; i < PARTIES; i++) {
		players[i].box = stage_node(&st, sites[i]);
		players[i].box->on_run = on_run;
	}
	stage_on(&st);
	stage_run(&st, 10 * SEC);
	for (unsigned i = 0; i < PARTIES; i++) {
		struct station *s = site_edge(&players[i].box->site, &players[i].box->station);

		s->up.loss = s->down.loss = loss;
	}
	propose(0, "salaries", 0, PARTIES - 1, STUDY_PORT);
	for (unsigned i = 0; i < PARTIES; i++)
		accept(i, 0);
}

static unsigned
running(unsigned k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PARTIES; i++)
		n += players[i].run[k].running;
	return n;
}

/* Within `span` as many programs run. */
static void
comes_to(unsigned k, unsigned count, usec_t span)
{
	usec_t end = st.w->now + span;

	while (running(k) != count && st.w->now < end)
		stage_run(&st, 100 * MS);
	if (running(k) != count)
		world_fail(st.w, "%u programs run after %.1f s, not %u", running(k),
		    (double)span / 1e6, count);
}

/* And nothing changes. */
static void
stays(unsigned k, unsigned count, usec_t span)
{
	usec_t end = st.w->now + span;

	while (st.w->now < end) {
		stage_run(&st, 500 * MS);
		if (running(k) != count)
			world_fail(st.w, "%u programs run, not %u", running(k), count);
	}
}

/* Everybody knows how everybody reaches everybody, and both ends of a pair agree by which path. */
static void
all_know_paths(void)
{
	for (unsigned i = 0; i < PARTIES; i++) {
		const struct rally *r = mesh_run(players[i].box->mesh, players[i].run[0].id);

		for (unsigned k = 0; k < PARTIES; k++) {
			usec_t at;
			const struct run_cell *row = rally_row(r, k, &at);

			for (unsigned to = 0; row != NULL && to < PARTIES; to++)
				if (to != k && row[to].path == RUN_PATH_NONE)
					row = NULL;
			if (row == NULL)
				world_fail(st.w, "%s does not know how %s reaches the others",
				    players[i].box->id.name, players[k].box->id.name);
		}
	}
}

/* One fails, all stop within two seconds, begin again, and end well. */
static void
from_start_to_end(struct world *w, uint32_t loss, usec_t patience)
{
	begin(w, loss);
	for (unsigned i = 0; i < PARTIES; i++)
		join(i, 0, "sum.py", 1);
	comes_to(0, PARTIES, 10 * SEC + patience);
	stays(0, PARTIES, 5 * SEC + patience / 2);
	all_know_paths();
	end_program(3, 0, false);
	stage_run(&st, 2 * SEC + patience / 5);
	for (unsigned i = 0; i < PARTIES; i++)
		if (i != 3 && players[i].run[0].stops != 1)
			world_fail(w, "%s runs on after another has failed",
			    players[i].box->id.name);
	comes_to(0, PARTIES, 5 * SEC + patience);
	for (unsigned i = 0; i < PARTIES; i++)
		end_program(i, 0, true);
	stage_run(&st, 3 * SEC + patience);
	for (unsigned i = 0; i < PARTIES; i++)
		if (!players[i].run[0].ended || players[i].run[0].starts != 2)
			world_fail(w, "%s does not know that all have ended",
			    players[i].box->id.name);
}

/* One comes minutes late, with another program at first. */
static void
late_and_different(struct world *w)
{
	struct rally_party v;

	begin(w, 0);
	for (unsigned i = 0; i < PARTIES - 1; i++)
		join(i, 0, "sum.py", 0);
	stays(0, 0, 300 * SEC);
	join(PARTIES - 1, 0, "max.py", 0);
	stays(0, 0, 20 * SEC);
	rally_view_party(mesh_run(players[0].box->mesh, players[0].run[0].id),
	    box_clock(players[0].box).mono, PARTIES - 1, &v);
	if (v.differences != 1)
		world_fail(w, "the difference is not seen");
	mesh_run_leave(players[PARTIES - 1].box->mesh, box_clock(players[PARTIES - 1].box),
	    players[PARTIES - 1].run[0].id, &st.out);
	box_settle(players[PARTIES - 1].box);
	stays(0, 0, SEC);
	join(PARTIES - 1, 0, "sum.py", 0); /* while the end of the first is still being said */
	comes_to(0, PARTIES, 5 * SEC);
}

/* A machine loses its power while it computes, and comes back. */
static void
power_cut(struct world *w)
{
	begin(w, 0);
	for (unsigned i = 0; i < PARTIES; i++)
		join(i, 0, "sum.py", 3);
	comes_to(0, PARTIES, 10 * SEC);
	box_crash(players[2].box);
	players[2].run[0].running = false;
	stays(0, PARTIES - 1, 60 * SEC); /* what is silent may come back */
	box_on(players[2].box);
	stage_run(&st, 10 * SEC);
	for (unsigned i = 0; i < PARTIES; i++)
		if (i != 2 && players[i].run[0].stops == 0)
			world_fail(w, "%s waits for a process that went with its node",
			    players[i].box->id.name);
	join(2, 0, "sum.py", 3);
	comes_to(0, PARTIES, 15 * SEC);
	/* Another one is stopped as people do, and says so. */
	box_off(players[3].box);
	players[3].run[0].running = false;
	comes_to(0, 0, 2 * SEC);
}

/*
 * The last word of who has ended is lost, for longer than it is said: it is not waited for, and the
 * end is the right one.
 */
static void
cut_at_the_end(struct world *w, bool well)
{
	begin(w, 0);
	for (unsigned i = 0; i < PARTIES; i++)
		join(i, 0, "sum.py", 0);
	comes_to(0, PARTIES, 10 * SEC);
	for (unsigned i = 1; i < PARTIES && well; i++)
		end_program(i, 0, true);
	stage_run(&st, 3 * SEC);
	for (unsigned i = 1; i < PARTIES; i++)
		stage_cut(&st, players[0].box, players[i].box);
	box_crash(st.lighthouses[0]);
	box_crash(st.lighthouses[1]);
	end_program(0, 0, well);
	mesh_run_leave(players[0].box->mesh, box_clock(players[0].box), players[0].run[0].id,
	    &st.out);
	box_settle(players[0].box);
	stage_run(&st, 60 * SEC);
	for (unsigned i = 1; i < PARTIES; i++) {
		stage_heal(&st, players[0].box, players[i].box);
		if (players[i].run[0].ended || players[i].run[0].stops != 0)
			world_fail(w, "%s has heard the end", players[i].box->id.name);
	}
	box_on(st.lighthouses[0]);
	stage_run(&st, 90 * SEC);
	for (unsigned i = 1; i < PARTIES; i++)
		if (well ? !players[i].run[0].ended : players[i].run[0].stops == 0)
			world_fail(w, "%s waits for a process that has ended",
			    players[i].box->id.name);
}

/* What happens to the network below stops nobody. */
static void
weather(struct world *w)
{
	begin(w, 0);
	for (unsigned i = 0; i < PARTIES; i++)
		join(i, 0, "sum.py", 0);
	comes_to(0, PARTIES, 10 * SEC);
	stage_reboot(&st, players[0].box);
	stage_run(&st, 10 * SEC);
	box_crash(st.lighthouses[0]);
	stage_run(&st, 10 * SEC);
	stage_cut(&st, players[0].box, players[2].box);
	stays(0, PARTIES, 60 * SEC);
	stage_heal(&st, players[0].box, players[2].box);
	end_program(1, 0, false);
	comes_to(0, 0, 3 * SEC);
}

/* Two studies at once, with two parties in both; the end of one is nothing to the other. */
static void
two_at_once(struct world *w)
{
	begin(w, 0);
	propose(0, "salaries", 0, 2, 11365);
	propose(1, "ages", 1, 4, 11366);
	for (unsigned i = 0; i <= 2; i++)
		accept(i, 0);
	for (unsigned i = 1; i <= 4; i++)
		accept(i, 1);
	for (unsigned i = 0; i <= 2; i++)
		join(i, 0, "sum.py", 0);
	for (unsigned i = 1; i <= 4; i++)
		join(i, 1, "max.py", 0);
	comes_to(0, 3, 10 * SEC);
	comes_to(1, 4, 10 * SEC);
	end_program(1, 0, false);
	comes_to(0, 0, 3 * SEC);
	stays(1, 4, 10 * SEC);
}

/* The study is closed at one party: that is the end of the run. */
static void
closed(struct world *w)
{
	struct box *b;

	begin(w, 0);
	for (unsigned i = 0; i < PARTIES; i++)
		join(i, 0, "sum.py", 9);
	comes_to(0, PARTIES, 10 * SEC);
	b = players[4].box;
	if (mesh_study_decide(b->mesh, box_clock(b), studies[0].hash, STANCE_CLOSED, &st.out) < 0)
		world_fail(w, "the study cannot be closed");
	box_settle(b);
	comes_to(0, 0, 4 * SEC);
	stays(0, 0, 20 * SEC);
}

void
scene_runs(struct world *w, unsigned number)
{
	switch (number) {
	case 0: from_start_to_end(w, 0, 0); break;
	case 1: from_start_to_end(w, 200000, 20 * SEC); break;
	case 2: late_and_different(w); break;
	case 3: power_cut(w); break;
	case 4: weather(w); break;
	case 5: two_at_once(w); break;
	case 6: closed(w); break;
	default: cut_at_the_end(w, number == 7); break;
	}
	stage_free(&st);
}
