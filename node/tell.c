/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tell.c - reasons as frames, there and back.
 */
#include "node/tell.h"
#include "node/explain.h"
#include "node/mesh_impl.h"

#include <errno.h>
#include <stdlib.h>

static_assert(WHY_NUMBERS <= REASON_NUMBERS_MAX, "every number of a reason fits its frame");
static_assert(PATH_STREAM == REASON_PATH_MAX, "path classes are numbers on the wire");

/* Made at the first word of either side, so that who never asks pays nothing. */
static struct told *
told_of(struct peer *peer)
{
	if (peer->told == NULL)
		peer->told = calloc(1, sizeof(*peer->told));
	return peer->told;
}

static void
fill_numbers(struct reason *r, const struct why *w)
{
	for (unsigned i = 0; i < WHY_NUMBERS; i++) {
		if (!why_has(w, (enum why_fact)i))
			continue;
		r->numbers[r->n].fact = (uint8_t)i;
		r->numbers[r->n].value = w->number[i];
		r->n++;
	}
}

/* Our view of `peer`. */
static struct reason
reason_of(const struct mesh *m, struct peer *peer, const struct why *w)
{
	const struct path *best = peer_best(peer);
	struct reason r = { .code = (uint16_t)w->code, .nat = m->nat };

	if (best != NULL) {
		r.path = (uint8_t)best->kind;
		r.loss_percent = (uint8_t)path_loss_percent(best);
		r.rtt_us = (uint32_t)min_u64(best->srtt, UINT32_MAX);
	}
	if (why_has(w, WHY_AT) && w->at.family != FAMILY_NONE)
		r.at = (struct ep){ .kind = EP_REFLEXIVE, .addr = w->at };
	r.at.addr.scope = 0;
	if (w->via[0] != '\0')
		r.via = (struct blob){ (const uint8_t *)w->via, (uint16_t)strlen(w->via) };
	fill_numbers(&r, w);
	return r;
}

static void
tell(struct mesh *m, struct instant now, struct peer *peer, uint32_t ref, uint8_t flags,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct path *best = peer_best(peer);
	struct reason r;
	struct why w;
	int n;

	if (room == NULL || best == NULL)
		return;
	explain_peer(m, now, peer, &w);
	r = reason_of(m, peer, &w);
	r.ref = ref;
	r.flags = flags;
	n = reason_encode(room, FRAME_MAX, &r);
	if (n > 0)
		(void)reach_seal(m, now, peer, best, room, (size_t)n, false, out);
}

int
tell_ask(struct mesh *m, struct instant now, struct peer *peer, uint32_t ref, struct outbox *out)
{
	struct told *t;

	if (peer->stock || peer->lighthouse != NULL || peer->best == PEER_NO_PATH ||
	    !channel_ready(peer->channel, now))
		return ERR_STATE;
	t = told_of(peer);
	if (t == NULL)
		return -ENOMEM;
	t->ref = ref;
	t->asked = true;
	tell(m, now, peer, ref, REASON_ASKS, out);
	return 0;
}

int
mesh_ask_why(struct mesh *m, struct instant now, const char *name, uint32_t ref,
    struct outbox *out)
{
	struct peer *peer = roster_by_name(m, name);

	return peer == NULL ? ERR_UNKNOWN : tell_ask(m, now, peer, ref, out);
}

/* A fact of a later version is passed over, as is one that our row of its code does not have. */
static void
keep(const struct mesh *m, struct instant now, struct told *t, const struct reason *r)
{
	t->heard_at = now.mono;
	t->path = (enum path_class)r->path;
	t->rtt = r->rtt_us;
	t->loss_percent = r->loss_percent;
	t->why = (struct why){
		.code = (enum why_code)r->code,
		.at = r->at.addr,
		.nat_me = r->nat,
		.nat_peer = m->nat,
	};
	for (size_t i = 0; i < r->n; i++) {
		if (r->numbers[i].fact < WHY_NUMBERS)
			t->why.number[r->numbers[i].fact] = r->numbers[i].value;
	}
	if (r->via.p != NULL)
		memcpy(t->why.via, r->via.p, r->via.len);
}

static void
say_answered(const struct peer *peer, uint32_t ref, struct outbox *out)
{
	struct event e = { .kind = EVENT_WHY_ANSWER, .token = ref };

	name_copy(e.peer, peer->cert.name);
	outbox_event(out, &e);
}

void
tell_heard(struct mesh *m, struct instant now, struct peer *peer, const struct reason *r,
    struct outbox *out)
{
	struct told *t = told_of(peer);

	if (t == NULL || peer->lighthouse != NULL)
		return;
	if (r->code != WHY_UNSAID)
		keep(m, now, t, r);
	if ((r->flags & REASON_ASKS) != 0) {
		if (t->answered_at != 0 && now.mono - t->answered_at < TELL_EVERY)
			return;
		t->answered_at = now.mono;
		tell(m, now, peer, r->ref, 0, out);
	} else if (t->asked && t->ref == r->ref) {
		t->asked = false;
		say_answered(peer, r->ref, out);
	}
}

const struct told *
tell_lately(const struct peer *peer, usec_t now)
{
	const struct told *t = peer->told;

	if (t == NULL || t->heard_at == 0 || now - t->heard_at > TOLD_HOLDS)
		return NULL;
	return t;
}
