/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aim.c - getting through NATs that give every flow a port of its own.
 *
 * Which technique, and who asks, follows from both descriptors (predict.h). Then:
 *
 *   sweep      Who was asked takes a fresh socket, has a lighthouse say where it is seen, opens its
 *              NAT for the other side and tells at which ports it may appear; the other side sends
 *              to each.
 *   meet       Both take fresh sockets, tell where a later one will be seen, and then send to there
 *              from many: one of each will be at the place that the other aims at.
 *   birthday   Who was asked sends to a thousand ports of the other side, with a hop limit at which
 *              the packets end behind its own NAT: nobody sees them, and its NAT is open for a
 *              thousand. The other side opens sockets until one of them is seen at such a port.
 *   loud       In the other order, where packets cannot be hidden or a filter has no use for them:
 *              first the sockets, and then the ports are called.
 *
 * Nothing here decides that a path works: whatever is heard is asked, as always, and the attempt
 * has won when the peer is reached directly.
 */
#include "node/aim_impl.h"

#define ASK_AGAIN     (250 * USEC_PER_MS)
#define ASK_AGAIN_MAX (2 * USEC_PER_SEC)
#define BURST_BEFORE  (600 * USEC_PER_MS) /* a birthday waits for what simultaneous open does */

static bool
hides(const struct mesh *m)
{
	return m->netcheck.hops != 0;
}

/* Whether we can hide packets is the last that is found out of a network. */
static bool
may_yet_hide(const struct mesh *m)
{
	return !hides(m) && m->netcheck.measured_at == 0;
}

struct plan
aim_plan(const struct mesh *m, const struct peer *peer)
{
	if (!peer->has_nat)
		return (struct plan){ 0 };
	return predict_plan(&m->nat, &peer->nat, hides(m),
	    memcmp(m->self.public, peer->key, sizeof(peer->key)) < 0);
}

/* When the attempt that is planned may begin, as far as the burst is concerned; 0: not yet. */
static usec_t
plan_due(const struct peer *peer, const struct plan *p)
{
	usec_t after = 0;

	if (p->technique == 0 || !p->asks)
		return 0;
	if (p->technique == peer->aimed.worked) /* a burst was not enough for these two NATs */
		after = 0;
	else if (p->late)
		after = PUNCH_BURST_TIME;
	else if (aim_is_birthday(p->technique))
		after = BURST_BEFORE;
	return max_u64(peer->punch_began + after, 1);
}

/* We ask. */
static void
begin(struct mesh *m, struct instant now, struct peer *peer, uint8_t technique,
    struct outbox *out)
{
	struct ports p = { .first = attempt_outside(m).port, .n = 1 };
	struct attempt *a;

	if (p.first == 0) {
		peer->aimed.next = now.mono + USEC_PER_SEC;
		return;
	}
	if (peer->aimed.number == 0) /* or an earlier life's would be taken for ours */
		peer->aimed.number = rng_u32(&m->rng);
	a = attempt_new(m, now, peer, ++peer->aimed.number, technique, true);
	if (a == NULL)
		return;
	if (technique == AIM_BIRTHDAY)
		p = predict_all(&m->nat);
	attempt_ours_are(m, a, AIM_ASK, &p);
	attempt_say(m, now, peer, out);
	a->state = AIM_ASKING;
	a->again = now.mono + ASK_AGAIN;
	if (technique == AIM_MEET) /* both measure at the same moment: half a round trip from now */
		a->due = now.mono + attempt_one_way(peer) + 1;
}

/* An honest peer asks thrice and then rests. */
static bool
may_ask(struct peer *peer, usec_t now)
{
	return bucket_take(
	    &peer->aimed.asks, now, 1, AIM_ASKS * AIM_ASKS_EVERY, AIM_ASKS_EVERY);
}

/* Why we do not do our part of what was asked; 0: we do. */
static uint8_t
refusal(struct mesh *m, struct instant now, struct peer *peer, const struct aim *asked)
{
	const struct aimed *d = &peer->aimed;
	uint8_t code = predict_refuses(&m->nat, asked->technique, hides(m));

	if (code == AIM_CANNOT && may_yet_hide(m))
		return AIM_BUSY;
	if (code != 0)
		return code;
	if (peer->attempt != NULL || (aim_is_birthday(asked->technique) && m->birthday != NULL))
		return AIM_BUSY;
	if (aim_is_birthday(asked->technique) && d->births >= AIM_PATIENCE &&
	    now.mono < d->birth_next)
		return AIM_SOON;
	if (!attempt_is_fair(m, peer, asked) || attempt_outside(m).port == 0)
		return AIM_CANNOT;
	return aim_is_birthday(asked->technique) || may_ask(peer, now.mono) ? 0 : AIM_SOON;
}

static void
hear_ask(struct mesh *m, struct instant now, struct peer *peer, const struct aim *asked,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;
	uint8_t code;

	if (a != NULL && !a->asked && a->number == asked->attempt) {
		if (a->is_ready)
			attempt_say(m, now, peer, out);
		return;
	}
	if (peer_is_direct(peer) || asked->attempt == peer->aimed.theirs)
		return;
	/* Who asks anew has given up the last; who asks for less than we do cannot do more. */
	if (a != NULL && (!a->asked ||
			     (a->technique == AIM_BIRTHDAY && asked->technique == AIM_LOUD)))
		attempt_over(m, now, peer, false, out);
	code = refusal(m, now, peer, asked);
	if (code != 0) {
		attempt_refuse(m, now, peer, asked, code, out);
		return;
	}
	a = attempt_new(m, now, peer, asked->attempt, asked->technique, false);
	if (a == NULL)
		return;
	peer->aimed.theirs = asked->attempt;
	a->theirs = *asked;
	if (aim_is_birthday(a->technique)) {
		a->state = AIM_FIRST;
		a->due = now.mono;
	} else {
		shoot_measure(m, now, peer, out);
	}
}

static void
hear_ready(struct mesh *m, struct instant now, struct peer *peer, const struct aim *ready,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;

	if (a->they_are || (a->technique != AIM_MEET && !a->asked))
		return;
	if (!attempt_is_fair(m, peer, ready)) {
		attempt_give_up(m, now, peer, AIM_CANNOT, out);
		return;
	}
	a->they_are = true;
	a->theirs = *ready;
	a->again = 0;
	if (a->technique != AIM_MEET || a->is_ready)
		shoot_last(now, a);
}

void
aim_hear(struct mesh *m, struct instant now, struct peer *peer, const struct aim *said,
    struct outbox *out)
{
	const struct attempt *a = peer->attempt;
	bool of_this = a != NULL && a->number == said->attempt &&
	    a->technique == said->technique;

	if (peer->lighthouse != NULL)
		return;
	if (said->step == AIM_ASK) {
		hear_ask(m, now, peer, said, out);
	} else if (of_this && said->step == AIM_READY) {
		hear_ready(m, now, peer, said, out);
	} else if (of_this && a->asked) {
		peer->attempt->code = said->code;
		attempt_over(m, now, peer, false, out);
	}
	upkeep_due(m, peer, now.mono + 1);
}

bool
aim_takes(struct mesh *m, struct instant now, const struct peer *peer, const struct way *way,
    uint8_t *p, size_t len, struct outbox *out)
{
	const struct extra_socket *e =
	    way->relay == NULL ? sockets_find(&m->sockets, way->socket) : NULL;
	struct peer *target = e == NULL ? NULL : e->peer;
	const struct attempt *a = target == NULL ? NULL : target->attempt;
	struct frame f = { 0 };
	struct ping pong;

	if (peer->lighthouse == NULL || target == NULL)
		return false;
	if (frame_open(&f, p, len) == FRAME_SPOKEN && f.type == FRAME_PONG &&
	    ping_decode(&pong, &f) == 0 && a != NULL && a->state == AIM_MEASURING &&
	    a->socket == e->id && a->txid == pong.txid &&
	    pong.observed.addr.family == FAMILY_V4)
		shoot_measured(m, now, target, pong.observed.addr.port, out);
	return true;
}

/* The question is asked again while nothing is heard. */
static void
ask_again(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	usec_t waited = now.mono - a->began;

	if (!due_reached(a->again, now.mono))
		return;
	a->again = now.mono + min_u64(waited, ASK_AGAIN_MAX);
	if (!a->is_ready)
		attempt_say(m, now, peer, out);
}

static void
attempt_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;

	if (peer_is_direct(peer) || now.mono >= a->deadline ||
	    !channel_ready(peer->channel, now)) {
		attempt_over(m, now, peer, peer_is_direct(peer), out);
		return;
	}
	ask_again(m, now, peer, out);
	if (!due_reached(a->due, now.mono))
		return;
	switch (a->state) {
	case AIM_ASKING: shoot_measure(m, now, peer, out); break;
	case AIM_MEASURING: shoot_measure_tick(m, now, peer, out); break;
	case AIM_FIRST: shoot_first_tick(m, now, peer, out); break;
	case AIM_WAITING: shoot_swept_tick(m, now, peer, out); break;
	case AIM_LAST: shoot_last_tick(m, now, peer, out); break;
	}
}

void
aim_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct plan p;

	if (peer->attempt != NULL) {
		attempt_tick(m, now, peer, out);
		return;
	}
	if (!due_reached(aim_due(m, now, peer), now.mono))
		return;
	p = aim_plan(m, peer);
	begin(m, now, peer, p.technique, out);
}

usec_t
aim_due(const struct mesh *m, struct instant now, const struct peer *peer)
{
	const struct attempt *a = peer->attempt;
	struct plan p;

	if (a != NULL)
		return due_min(due_min(a->due, a->again), a->deadline);
	if (peer->stock || peer->lighthouse != NULL || peer_is_direct(peer) ||
	    peer->best == PEER_NO_PATH || !peer_is_warm(peer, now.mono) ||
	    !channel_ready(peer->channel, now))
		return 0;
	p = aim_plan(m, peer);
	if ((aim_is_birthday(p.technique) && m->birthday != NULL) || /* one at a time */
	    (p.technique == AIM_LOUD && may_yet_hide(m)))
		return now.mono + 500 * USEC_PER_MS;
	if (plan_due(peer, &p) == 0)
		return 0;
	return max_u64(plan_due(peer, &p),
	    aim_is_birthday(p.technique) ? max_u64(peer->aimed.next, peer->aimed.birth_next) :
				       peer->aimed.next);
}
