/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * introduction.c - who asks for somebody is told where that is, and that one who is about to call.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

#define HEAD_START_MAX 500 /* ms */

static const struct member *
find(const struct beacon *b, struct instant now, const struct query *q)
{
	char name[NAME_MAX_LEN + 1] = { 0 };

	switch (q->by) {
	case QUERY_BY_ADDRESS: return answer_current(b, now, members_by_ip(b->members, q->address));
	case QUERY_BY_KEY: return answer_current(b, now, members_get(b->members, q->key));
	case QUERY_BY_NAME:
		memcpy(name, q->name.p, q->name.len);
		return answer_current(b, now, members_by_name(b->members, name));
	}
	return NULL;
}

/* What others are told of `m`. False: nothing is known of where it is. */
static bool
contact_of(const struct beacon *b, const struct member *m, struct contact *ret)
{
	const struct registration *g = registry_get(b->registry, m->key);
	const struct client *cl = client_get(b, m->key);

	ret->cert = (struct blob){ member_host(m), m->host_len };
	ret->ca = (struct blob){ member_issuing(m), m->issuing_len };
	if (g != NULL) {
		registration_contact(ret, g);
		return true;
	}
	if (cl == NULL || cl->at.family == FAMILY_NONE)
		return false;
	ret->eps.n = 1;
	ret->eps.ep[0] = client_seen_at(cl->socket, &cl->at);
	ret->eps.ep[0].addr.scope = 0;
	return true;
}

/*
 * How long the nearer of two waits before its first packet, in ms, so that the words to both, which
 * leave here at once, are followed by first packets that leave at once.
 */
static uint16_t
head_start(const struct client *cl, const struct client *other)
{
	usec_t near = cl->places.rtt, far = other == NULL ? 0 : other->places.rtt;

	if (near == 0 || far <= near)
		return 0;
	return (uint16_t)min_u64((far - near) / 2 / USEC_PER_MS, HEAD_START_MAX);
}

/* Tells `cl` that the member with key `caller` is about to call. */
static void
send_punch(struct beacon *b, struct instant now, struct client *cl, const uint8_t caller[static 32],
    const uint8_t id[static INTRODUCTION_ID_LEN], struct outbox *out)
{
	const struct member *m = answer_current(b, now, members_get(b->members, caller));
	uint8_t frame[FRAME_MAX];
	struct punch p = { .delay_ms = head_start(cl, client_get(b, caller)) };

	if (m == NULL || !contact_of(b, m, &p.contact))
		return;
	memcpy(p.introduction, id, sizeof(p.introduction));
	client_send(b, now, cl, frame, punch_encode(frame, sizeof(frame), &p), out);
	b->totals.introductions++;
}

static void
wait_for(struct client *target, usec_t now, const struct client *caller, const uint8_t *id)
{
	struct waiting *w = target->waiting;

	while (w < target->waiting + CLIENT_WAITING && memcmp(w->id, id, sizeof(w->id)) != 0)
		w++;
	if (w == target->waiting + CLIENT_WAITING)
		w = &target->waiting[target->waiting_next++ % CLIENT_WAITING];
	memcpy(w->key, caller->key, sizeof(w->key));
	memcpy(w->id, id, sizeof(w->id));
	w->until = now + INTRODUCTION_TIME;
}

void
introduction_waiting(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	for (struct waiting *w = cl->waiting; w < cl->waiting + CLIENT_WAITING; w++) {
		if (w->until > now.mono)
			send_punch(b, now, cl, w->key, w->id, out);
		w->until = 0;
	}
}

/* The introduction that the same question led to a moment ago, or NULL. */
static struct asked *
asked_before(struct client *cl, usec_t now, const struct query *q, const struct member *target)
{
	for (struct asked *a = cl->asked; a < cl->asked + CLIENT_ASKED; a++)
		if (a->until > now && a->qid == q->qid &&
		    memcmp(a->target, target->key, sizeof(a->target)) == 0)
			return a;
	return NULL;
}

/* A new introduction, unless there are too many. */
static struct asked *
ask(struct beacon *b, usec_t now, struct client *cl, const struct query *q,
    const struct member *target)
{
	struct asked *a = &cl->asked[cl->asked_next % CLIENT_ASKED];

	if (!introduce_allow(&b->introduce, &cl->introductions, now, cl->key, target->key))
		return NULL;
	cl->asked_next++;
	a->qid = q->qid;
	memcpy(a->target, target->key, sizeof(a->target));
	rng_fill(&b->rng, a->id, sizeof(a->id));
	a->told = 0;
	a->until = now + INTRODUCTION_TIME;
	return a;
}

/*
 * Tells `target` that `cl` is about to call. One that has no session, as after our restart, is
 * called first where it was last heard. False: it cannot be told.
 */
static bool
tell(struct beacon *b, struct instant now, const struct client *cl, struct asked *a,
    const struct member *target, struct outbox *out)
{
	struct client *other = client_get(b, target->key);

	a->told++;
	if (other != NULL && client_reachable(other, now)) {
		send_punch(b, now, other, cl->key, a->id, out);
		return true;
	}
	client_wake(b, now, target, out);
	other = client_get(b, target->key);
	if (other != NULL)
		wait_for(other, now.mono, cl, a->id);
	return other != NULL;
}

/* Tells both sides. */
static enum reply_status
introduce(struct beacon *b, struct instant now, struct client *cl, const struct query *q,
    const struct member *target, uint8_t ret_id[static INTRODUCTION_ID_LEN], struct outbox *out)
{
	struct asked *a = asked_before(cl, now.mono, q, target);

	if (a == NULL)
		a = ask(b, now.mono, cl, q, target);
	if (a == NULL) {
		b->totals.limited++;
		return REPLY_LIMITED;
	}
	if (a->told < CLIENT_TOLD && !tell(b, now, cl, a, target, out))
		return REPLY_NOT_TOLD;
	memcpy(ret_id, a->id, INTRODUCTION_ID_LEN);
	return REPLY_FOUND;
}

int
introduction_on_query(struct beacon *b, const struct heard *h, struct client *cl,
    const struct frame *f, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct reply r = { .status = REPLY_UNKNOWN };
	const struct member *m;
	struct query q;

	if (query_decode(&q, f) < 0)
		return ERR_FORMAT;
	b->totals.queries++;
	r.qid = q.qid;
	m = find(b, h->now, &q);
	if (m != NULL && contact_of(b, m, &r.contact)) {
		b->totals.answers++;
		r.status = REPLY_FOUND;
		r.delay_ms = head_start(cl, client_get(b, m->key));
		if ((q.flags & QUERY_INTRODUCE) && memcmp(m->key, cl->key, sizeof(cl->key)) != 0)
			r.status = (uint8_t)introduce(b, h->now, cl, &q, m, r.introduction, out);
	} else {
		r.contact = (struct contact){ 0 };
	}
	answer_request(b, h, cl, frame, reply_encode(frame, sizeof(frame), &r), out);
	return 0;
}
