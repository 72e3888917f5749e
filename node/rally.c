/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rally.c - how far a rally is, and when it goes on.
 *
 * Whatever has changed, rally_tick() looks at all of it anew, so that no order of arrival matters.
 */
#include "node/rally_impl.h"

#include <stdlib.h>

struct rally *
rally_new(const struct rally_config *c, usec_t now)
{
	struct rally *r = calloc(1, sizeof(*r));
	struct rally_peer *own;

	if (r == NULL)
		return NULL;
	assert(c->self < c->study->count && c->life != 0 && c->facts.len <= RUN_FACTS_LEN_MAX);
	r->study = *c->study;
	if (rally_rows_init(r) < 0) {
		free(r);
		return NULL;
	}
	r->self = c->self;
	r->restarts = c->restarts;
	r->absence = c->absence;
	r->number = 1;
	r->phase = RUN_HERE;
	own = &r->party[r->self];
	own->life = c->life;
	own->facts_len = c->facts.len;
	if (c->facts.len > 0)
		memcpy(own->facts, c->facts.p, c->facts.len);
	r->news = RALLY_CHANGED;
	rally_owe_all(r, now);
	rally_tick(r, now);
	return r;
}

void
rally_free(struct rally *r)
{
	if (r != NULL)
		rally_rows_free(r);
	free(r);
}

const struct study *
rally_study(const struct rally *r)
{
	return &r->study;
}

unsigned
rally_news(struct rally *r)
{
	unsigned news = r->news;

	r->news = 0;
	return news;
}

bool
rally_has_news(const struct rally *r)
{
	return r->news != 0;
}

bool
rally_is_over(const struct rally *r)
{
	return r->over;
}

static void
turn(struct rally *r, usec_t now, enum run_phase phase)
{
	r->phase = phase;
	r->news |= RALLY_CHANGED;
	rally_owe_all(r, now);
}

/*
 * Aborting
 */

void
rally_copy_text(char to[static RUN_TEXT_MAX + 1], const char *text, size_t len)
{
	len = min_u64(len, RUN_TEXT_MAX);
	if (len > 0)
		memcpy(to, text, len);
	to[len] = '\0';
	for (char *c = to; *c != '\0'; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
}

/* What a person or the study's owner ends is not begun again by itself. */
static bool
is_for_good(enum run_reason reason)
{
	return reason == RUN_INTERRUPTED || reason == RUN_REVOKED || reason == RUN_CLOSED ||
	    reason == RUN_DIFFERENT;
}

void
rally_abort_run(struct rally *r, usec_t now, unsigned culprit, enum run_reason reason, const char *text,
    bool final)
{
	r->culprit = culprit;
	r->reason = reason;
	rally_copy_text(r->text, text, strlen(text));
	r->final = final || is_for_good(reason) || r->restarts == 0 || r->number == RUN_NUMBER_MAX;
	r->stopped = false;
	r->next = r->number + 1;
	r->news |= RALLY_STOP;
	turn(r, now, RUN_ABORTED);
}

void
rally_abort(struct rally *r, usec_t now, enum run_reason reason, const char *text)
{
	if (r->phase != RUN_ABORTED && r->over_at == 0)
		rally_abort_run(r, now, r->self, reason, text, true);
}

void
rally_close(struct rally *r, usec_t now, const char *text)
{
	rally_abort(r, now, RUN_INTERRUPTED, text);
	for (unsigned i = 0; i < r->study.count; i++)
		r->party[i].due = now;
}

void
rally_ended(struct rally *r, usec_t now, bool well, const char *text)
{
	if (r->phase != RUN_GOING)
		return;
	if (well)
		turn(r, now, RUN_DONE);
	else
		rally_abort_run(r, now, r->self, RUN_FAILED, text, false);
	rally_tick(r, now);
}

void
rally_lost(struct rally *r, usec_t now, unsigned i)
{
	struct rally_peer *p = &r->party[i];

	p->lost = true;
	r->news |= RALLY_CHANGED;
	if (rally_runs(r) && p->phase != RUN_DONE)
		rally_abort_run(r, now, i, RUN_REVOKED, "", true);
	rally_tick(r, now);
}

void
rally_begin(struct rally *r, usec_t now, uint32_t number)
{
	r->number = number;
	r->begun = false;
	rally_rows_forget(r);
	turn(r, now, RUN_HERE);
}

void
rally_stopped(struct rally *r, usec_t now)
{
	if (r->phase != RUN_ABORTED || r->stopped)
		return;
	r->stopped = true;
	if (r->final) {
		r->over_at = now + RALLY_LINGER;
	} else {
		r->restarts--;
		rally_begin(r, now, r->next);
	}
	rally_tick(r, now);
}

/*
 * Going on
 */

/* Are all there, at this run, with facts that agree? */
static bool
all_agree(const struct rally *r, usec_t now)
{
	for (unsigned i = 0; i < r->study.count; i++) {
		const struct rally_peer *p = &r->party[i];

		if (i == r->self)
			continue;
		if (!rally_is_fresh(p, now) || p->other_study || rally_is_twice(p, now) || p->number != r->number ||
		    (p->phase != RUN_HERE && p->phase != RUN_READY && p->phase != RUN_GOING &&
		    p->phase != RUN_DONE) || rally_differences(r, i) > 0)
			return false;
	}
	return true;
}

static bool
all_others(const struct rally *r, enum run_phase phase)
{
	for (unsigned i = 0; i < r->study.count; i++) {
		const struct rally_peer *p = &r->party[i];

		if (i != r->self && (p->phase != phase || p->number != r->number ||
		    memcmp(p->agreement, r->agreement, sizeof(p->agreement)) != 0))
			return false;
	}
	return true;
}

void
rally_go(struct rally *r, usec_t now)
{
	r->begun = true;
	r->news |= RALLY_GO;
	rally_rows_begin(r);
	turn(r, now, RUN_GOING);
}

/* Ready or not, before the start. */
static void
settle_waiting(struct rally *r, usec_t now)
{
	uint8_t agreement[RUN_AGREEMENT_LEN];

	if (!all_agree(r, now)) {
		if (r->phase == RUN_READY)
			turn(r, now, RUN_HERE);
		return;
	}
	rally_agreement(r, agreement);
	if (r->phase == RUN_HERE || memcmp(agreement, r->agreement, sizeof(agreement)) != 0) {
		memcpy(r->agreement, agreement, sizeof(agreement));
		turn(r, now, RUN_READY);
	}
	if (r->self == 0 && all_others(r, RUN_READY))
		rally_go(r, now);
}

/* All have ended well: what is left is that everybody knows. */
static void
settle_done(struct rally *r, usec_t now)
{
	if (r->over_at != 0 || !all_others(r, RUN_DONE))
		return;
	r->over_at = now + RALLY_LINGER;
	r->news |= RALLY_ENDED | RALLY_CHANGED;
}

/* A party that was silent for longer than is allowed. */
static void
settle_absence(struct rally *r, usec_t now)
{
	for (unsigned i = 0; i < r->study.count && r->absence != 0 && rally_runs(r); i++) {
		const struct rally_peer *p = &r->party[i];

		if (i != r->self && p->phase != RUN_DONE && now - p->heard_at >= r->absence)
			rally_abort_run(r, now, i, RUN_ABSENT, "", false);
	}
}

/* Does everybody who could be told know how it has ended? */
static bool
all_know(const struct rally *r)
{
	for (unsigned i = 0; i < r->study.count; i++) {
		const struct rally_peer *p = &r->party[i];

		if (i != r->self && p->life != 0 && !p->lost && !rally_is_known(r, p) &&
		    p->number <= r->number)
			return false;
	}
	return true;
}

void
rally_tick(struct rally *r, usec_t now)
{
	if (r->phase == RUN_HERE || r->phase == RUN_READY)
		settle_waiting(r, now);
	settle_absence(r, now);
	if (r->phase == RUN_DONE)
		settle_done(r, now);
	if (r->over_at != 0 && !r->over && (due_reached(r->over_at, now) || all_know(r))) {
		r->over = true;
		r->news |= RALLY_CHANGED;
	}
}

usec_t
rally_due(const struct rally *r)
{
	usec_t due = r->over ? 0 : r->over_at;

	for (unsigned i = 0; i < r->study.count && !r->over; i++) {
		const struct rally_peer *p = &r->party[i];

		if (i == r->self || p->lost)
			continue;
		due = due_min(due, due_min(p->due, rally_row_due(r, i)));
		if (r->absence != 0 && rally_runs(r) && p->phase != RUN_DONE)
			due = due_min(due, p->heard_at + r->absence);
	}
	return due;
}

/*
 * Looking
 */

void
rally_view(const struct rally *r, struct rally_view *ret)
{
	*ret = (struct rally_view){ .phase = r->phase, .number = r->number };
	if (r->phase != RUN_ABORTED)
		return;
	ret->again = !r->final;
	ret->party = r->culprit;
	ret->reason = r->reason;
	memcpy(ret->text, r->text, sizeof(ret->text));
}

void
rally_past(const struct rally *r, struct run_past *ret)
{
	*ret = (struct run_past){
		.life = r->party[r->self].life,
		.number = r->number,
		.phase = r->phase,
		.reason = r->reason,
		.culprit = r->culprit,
		.final = r->final,
	};
	memcpy(ret->agreement, r->agreement, sizeof(ret->agreement));
}

void
rally_view_party(const struct rally *r, usec_t now, unsigned i, struct rally_party *ret)
{
	const struct rally_peer *p = &r->party[i];
	bool before = r->phase == RUN_HERE || r->phase == RUN_READY;

	*ret = (struct rally_party){
		.phase = p->number == r->number ? p->phase : RUN_NOWHERE,
		.heard_at = p->heard_at,
		.other_study = p->other_study,
		.twice = rally_is_twice(p, now),
		.lost = p->lost,
	};
	if (i == r->self) {
		ret->phase = r->phase;
		return;
	}
	if (before && !rally_is_fresh(p, now) && ret->phase != RUN_ABORTED)
		ret->phase = RUN_NOWHERE;
	if (p->life != 0)
		ret->differences = rally_differences(r, i);
	if (ret->phase == RUN_ABORTED) {
		ret->reason = p->reason;
		memcpy(ret->text, p->text, sizeof(ret->text));
	}
}
