/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rally_hear.c - what a rally hears.
 *
 * A frame counts only for the processes that it was said by and to (`life`, `yours`), and for the
 * run that we are at.
 */
#include "node/rally_impl.h"

/*
 * A life of before is heard again. Late, if it is soon; else two processes speak for one party; and
 * where the other one is silent, it was that one that came late, and long after its end.
 */
static bool
is_former(struct rally_peer *p, usec_t now, uint64_t life)
{
	for (unsigned i = 0; i < RALLY_FORMER; i++) {
		if (p->former[i].life != life || !rally_is_fresh(p, now))
			continue;
		if (now > p->former[i].until + RALLY_FRESH)
			p->twice_at = now;
		return true;
	}
	return false;
}

/* The party has begun from nothing. */
static void
take_life(struct rally *r, usec_t now, unsigned from, uint64_t life)
{
	struct rally_peer *p = &r->party[from];
	usec_t said_at = p->said_at;

	if (p->life != 0) {
		p->former[p->former_next].life = p->life;
		p->former[p->former_next].until = now;
		p->former_next = (p->former_next + 1) % RALLY_FORMER;
	}
	p->life = life;
	p->number = 0;
	p->phase = RUN_NOWHERE;
	p->yours = 0;
	p->seen = RUN_NOWHERE;
	p->said_at = said_at;
	p->row_at = 0;
	p->row_due = now;
	p->row_next = 0;
}

/*
 * Is this frame one of the process that speaks for the party? `hello`: it may be of a new one.
 * While we are aborted nobody new is taken in: what we say is for those who were in the run.
 */
static bool
is_of_its_life(struct rally *r, usec_t now, unsigned from, const struct run_head *h, bool hello)
{
	struct rally_peer *p = &r->party[from];

	if (h->life == p->life)
		return h->number >= p->number;
	if (!hello || r->phase == RUN_ABORTED || r->over_at != 0 || is_former(p, now, h->life))
		return false;
	if (rally_runs(r)) {
		rally_abort_run(r, now, from, RUN_BEGAN_ANEW, "", false);
		return false;
	}
	take_life(r, now, from, h->life);
	return true;
}

/* The party is at a later run than we are. */
static void
follow(struct rally *r, usec_t now, unsigned from, uint32_t number)
{
	if (r->phase == RUN_ABORTED)
		r->next = max_u64(r->next, number);
	else if (rally_runs(r))
		rally_abort_run(r, now, from, RUN_WENT_ON, "", false);
	else if (r->over_at == 0)
		rally_begin(r, now, number);
}

/* What every frame tells. False: it is of another process or run, and nothing more of it counts. */
static bool
take_head(struct rally *r, usec_t now, unsigned from, const struct run_head *h, bool hello)
{
	struct rally_peer *p = &r->party[from];

	if (p->lost || !is_of_its_life(r, now, from, h, hello))
		return false;
	if (h->number > p->number) {
		p->number = h->number;
		p->phase = RUN_NOWHERE;
	}
	p->heard_at = now;
	p->yours = h->yours;
	p->seen = h->yours == r->party[r->self].life ? (enum run_phase)h->seen : RUN_NOWHERE;
	p->other_study = false;
	if (h->number > r->number)
		follow(r, now, from, h->number);
	return h->number == r->number;
}

/* The party is in this phase of the run. It goes back from READY only. */
static void
take_phase(struct rally *r, usec_t now, unsigned from, enum run_phase phase)
{
	struct rally_peer *p = &r->party[from];

	if (phase == p->phase || (phase < p->phase && p->phase > RUN_READY))
		return;
	p->phase = phase;
	r->news |= RALLY_CHANGED;
	rally_owe(p, now); /* so that it knows that we know */
}

static int
hear_hello(struct rally *r, usec_t now, unsigned from, const struct frame *f)
{
	struct rally_peer *p = &r->party[from];
	struct run_hello h;
	int rc = run_hello_decode(&h, f);

	if (rc < 0)
		return rc;
	if (!take_head(r, now, from, &h.head, true))
		return 0;
	if (p->phase <= RUN_READY) {
		p->facts_len = h.facts.len;
		if (h.facts.len > 0)
			memcpy(p->facts, h.facts.p, h.facts.len);
	}
	take_phase(r, now, from, RUN_HERE);
	return 0;
}

static int
hear_mark(struct rally *r, usec_t now, unsigned from, const struct frame *f)
{
	static const enum run_phase phases[] = {
		[FRAME_RUN_READY - FRAME_RUN_READY] = RUN_READY,
		[FRAME_RUN_GO - FRAME_RUN_READY] = RUN_GOING,
		[FRAME_RUN_DONE - FRAME_RUN_READY] = RUN_DONE,
	};
	enum run_phase phase = phases[f->type - FRAME_RUN_READY];
	struct rally_peer *p = &r->party[from];
	struct run_mark m;
	bool ours;
	int rc = run_mark_decode(&m, f);

	if (rc < 0)
		return rc;
	if (!take_head(r, now, from, &m.head, false))
		return 0;
	ours = r->phase >= RUN_READY && r->phase <= RUN_DONE &&
	    memcmp(m.agreement, r->agreement, sizeof(m.agreement)) == 0;
	if (phase == RUN_READY || ours) {
		take_phase(r, now, from, phase);
		if (p->phase == phase)
			memcpy(p->agreement, m.agreement, sizeof(p->agreement));
	}
	if (ours && from == 0 && phase >= RUN_GOING && r->phase == RUN_READY)
		rally_go(r, now);
	return 0;
}

/*
 * Does this end the run that we are in? Also one that began without us, because GO was lost. Before
 * a run has begun it means no more than that its sender is not there.
 */
static bool
is_ours(const struct rally *r, const struct run_abort *a)
{
	return a->begun && a->head.yours == r->party[r->self].life &&
	    (rally_runs(r) || r->phase == RUN_READY || r->phase == RUN_HERE);
}

/*
 * We have gone on to the next run and wait for whoever has ended its part with the one before:
 * there will be no next one.
 */
static bool
ends_waiting(const struct rally *r, const struct rally_peer *p, const struct run_abort *a)
{
	return a->final && a->head.life == p->life && a->head.number < r->number && is_ours(r, a) &&
	    !rally_runs(r);
}

static int
hear_abort(struct rally *r, usec_t now, unsigned from, const struct frame *f)
{
	struct rally_peer *p = &r->party[from];
	struct run_abort a;
	bool counts;
	int rc = run_abort_decode(&a, f);

	if (rc < 0)
		return rc;
	counts = take_head(r, now, from, &a.head, false);
	if (a.party >= r->study.count || (!counts && !ends_waiting(r, p, &a)))
		return 0;
	if (counts)
		take_phase(r, now, from, RUN_ABORTED);
	p->reason = (enum run_reason)a.reason;
	rally_copy_text(p->text, (const char *)a.text.p, a.text.len);
	if (is_ours(r, &a)) {
		r->begun = true;
		rally_abort_run(r, now, a.party, p->reason, p->text, a.final);
	}
	return 0;
}

static int
hear_row(struct rally *r, usec_t now, unsigned from, const struct frame *f)
{
	struct run_row row;
	int rc = run_row_decode(&row, f);

	if (rc == 0 && take_head(r, now, from, &row.head, false))
		rally_rows_take(r, now, from, &row);
	return rc;
}

int
rally_hear(struct rally *r, usec_t now, unsigned from, const struct frame *f)
{
	struct rally_peer *p = &r->party[from];
	struct run_head h;
	int rc;

	assert(from < r->study.count && from != r->self);
	switch (f->type) {
	case FRAME_RUN_HELLO: rc = hear_hello(r, now, from, f); break;
	case FRAME_RUN_READY:
	case FRAME_RUN_GO:
	case FRAME_RUN_DONE: rc = hear_mark(r, now, from, f); break;
	case FRAME_RUN_ABORT: rc = hear_abort(r, now, from, f); break;
	case FRAME_RUN_ROW: rc = hear_row(r, now, from, f); break;
	default: return ERR_UNKNOWN;
	}
	if (rc < 0)
		return rc;
	rally_tick(r, now);
	rc = run_head_decode(&h, f);
	/* It does not know yet: from then on it need not say so again. */
	if (rc == 0 && h.life == p->life && h.number == r->number && !rally_is_known(r, p))
		rally_owe(p, now);
	return 0;
}

void
rally_hear_other(struct rally *r, usec_t now, unsigned from)
{
	struct rally_peer *p = &r->party[from];

	if (rally_runs(r) || r->phase == RUN_ABORTED || r->over_at != 0 || rally_is_fresh(p, now))
		return;
	if (!p->other_study)
		r->news |= RALLY_CHANGED;
	p->other_study = true;
	p->heard_at = now;
	rally_tick(r, now);
}
