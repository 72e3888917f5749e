/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runs_past.c - what a node answers for processes of its own that are no more.
 *
 * A party that was cut off when a run ended here, or that still waits for a process which ended with
 * the node that had it, goes on saying GO or DONE to that process, by its life. Nobody else could
 * tell it: so the node does, in the name of that life.
 */
#include "node/mesh_impl.h"

#include <string.h>

void
runs_remember(struct mesh *m, const struct rally *r)
{
	struct run_past *p = &m->runs.past[m->runs.past_next];

	m->runs.past_next = (m->runs.past_next + 1) % RUNS_PAST;
	rally_past(r, p);
}

static const struct run_past *
find(const struct mesh *m, uint64_t life)
{
	for (size_t i = 0; i < RUNS_PAST; i++)
		if (m->runs.past[i].life == life)
			return &m->runs.past[i];
	return NULL;
}

/* In the name of the process that the other one knows, to the process that said so. */
static struct run_head
head_for(const struct run_head *heard)
{
	struct run_head h = *heard;

	h.life = heard->yours;
	h.yours = heard->life;
	h.seen = RUN_GOING;
	return h;
}

static int
encode(uint8_t *frame, const struct run_head *heard, const struct run_past *past, unsigned self)
{
	static const char lost[] = "it ended with its node";
	struct run_mark done = { .head = head_for(heard) };
	struct run_abort a = { .head = done.head, .party = (uint8_t)self,
		.reason = RUN_FAILED, .begun = true };

	if (past == NULL) {
		a.text = (struct blob){ (const uint8_t *)lost, sizeof(lost) - 1 };
		return run_abort_encode(frame, FRAME_MAX, &a);
	}
	if (past->number != heard->number)
		return 0;
	if (past->phase == RUN_DONE) {
		memcpy(done.agreement, past->agreement, sizeof(done.agreement));
		return run_mark_encode(frame, FRAME_MAX, FRAME_RUN_DONE, &done);
	}
	a.party = (uint8_t)past->culprit;
	a.reason = (uint8_t)past->reason;
	a.final = past->final;
	return run_abort_encode(frame, FRAME_MAX, &a);
}

void
runs_answer_past(struct mesh *m, struct instant now, struct peer *peer, const struct frame *f,
    const struct run_head *heard, struct outbox *out)
{
	const struct lobby_study *l = lobby_find(m->lobby, heard->study);
	uint8_t frame[FRAME_MAX], *room;
	int from = l != NULL ? study_index_of(&l->study, peer->key) : -1, len;

	if ((f->type != FRAME_RUN_GO && f->type != FRAME_RUN_DONE) || heard->yours == 0 ||
	    from < 0 || (unsigned)from == l->self || peer_best(peer) == NULL)
		return;
	len = encode(frame, heard, find(m, heard->yours), l->self);
	room = len > 0 && !outbox_half_full(out) ? outbox_room(out, FRAME_MAX) : NULL;
	if (room == NULL)
		return;
	memcpy(room, frame, (size_t)len);
	(void)reach_seal(m, now, peer, peer_best(peer), room, (size_t)len, true, out);
}
