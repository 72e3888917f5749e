/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rally_say.c - what a rally says, to whom, and when again.
 */
#include "node/rally_impl.h"

void
rally_owe(struct rally_peer *p, usec_t now)
{
	usec_t soonest = p->said_at != 0 ? max_u64(now, p->said_at + RALLY_ANSWER) : now;

	p->due = due_min(p->due, soonest);
}

void
rally_owe_all(struct rally *r, usec_t now)
{
	for (unsigned i = 0; i < r->study.count; i++) {
		if (i != r->self)
			rally_owe(&r->party[i], now);
	}
}

struct run_head
rally_head_for(const struct rally *r, const struct rally_peer *p)
{
	struct run_head h = {
		.number = r->number,
		.life = r->party[r->self].life,
		.yours = p->life,
		.seen = p->number == r->number ? p->phase : RUN_NOWHERE,
	};

	memcpy(h.study, r->study.hash, sizeof(h.study));
	return h;
}

/* A party that does not know our facts is told them, however far we are. */
static bool
wants_hello(const struct rally *r, const struct rally_peer *p)
{
	bool knows = p->yours == r->party[r->self].life && p->number == r->number &&
	    p->seen >= RUN_HERE;

	return r->phase == RUN_HERE || (r->phase == RUN_READY && !knows);
}

static int
encode_hello(const struct rally *r, const struct run_head *head, uint8_t *frame)
{
	struct run_hello h = {
		.head = *head,
		.name = { (const uint8_t *)r->study.name, (uint16_t)strlen(r->study.name) },
		.facts = rally_facts(&r->party[r->self]),
	};

	return run_hello_encode(frame, FRAME_MAX, &h);
}

static int
encode_abort(const struct rally *r, const struct run_head *head, uint8_t *frame)
{
	struct run_abort a = {
		.head = *head,
		.party = (uint8_t)r->culprit,
		.reason = (uint8_t)r->reason,
		.final = r->final,
		.begun = r->begun,
		.text = { (const uint8_t *)r->text, (uint16_t)strlen(r->text) },
	};

	return run_abort_encode(frame, FRAME_MAX, &a);
}

static int
encode_mark(const struct rally *r, const struct run_head *head, uint8_t *frame)
{
	static const enum frame_type types[] = {
		[RUN_READY] = FRAME_RUN_READY,
		[RUN_GOING] = FRAME_RUN_GO,
		[RUN_DONE] = FRAME_RUN_DONE,
	};
	struct run_mark m = { .head = *head };

	memcpy(m.agreement, r->agreement, sizeof(m.agreement));
	return run_mark_encode(frame, FRAME_MAX, types[r->phase], &m);
}

static size_t
say(const struct rally *r, const struct rally_peer *p, uint8_t *frame)
{
	struct run_head head = rally_head_for(r, p);
	int len;

	if (r->phase == RUN_ABORTED)
		len = encode_abort(r, &head, frame);
	else if (wants_hello(r, p))
		len = encode_hello(r, &head, frame);
	else
		len = encode_mark(r, &head, frame);
	assert(len > 0);
	return (size_t)len;
}

size_t
rally_say(struct rally *r, usec_t now, unsigned *to, uint8_t *frame)
{
	for (unsigned i = 0; i < r->study.count && !r->over; i++) {
		struct rally_peer *p = &r->party[i];

		if (i == r->self || p->lost || !due_reached(p->due, now))
			continue;
		p->said_at = now;
		p->due = now + (rally_is_known(r, p) ? RALLY_BEAT : RALLY_AGAIN);
		*to = i;
		return say(r, p, frame);
	}
	for (unsigned i = 0; i < r->study.count; i++) {
		if (due_reached(rally_row_due(r, i), now)) {
			*to = i;
			return rally_row_say(r, now, i, frame);
		}
	}
	return 0;
}
