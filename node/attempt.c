/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attempt.c - an attempt to get through two NATs: whom it may aim at, how it begins and ends.
 */
#include "node/aim_impl.h"

#include <stdlib.h>

#define SWEEP_TIME    (1500 * USEC_PER_MS)
#define BIRTHDAY_TIME (8 * USEC_PER_SEC) /* spray, sockets, and a while for answers */
#define LOUD_TIME     (16 * USEC_PER_SEC)

/* Has the peer itself named this host in session, or a lighthouse seen it there? */
static bool
is_known_host(const struct peer *peer, const struct addr *at, bool seen)
{
	if (addr_same_ip(&peer->seen, at))
		return true;
	for (size_t i = 0; i < PEER_PATHS_MAX && !seen; i++) {
		const struct path *p = &peer->paths[i];

		if (path_is_udp(p) && p->origin >= ORIGIN_SEEN &&
		    addr_same_ip(&p->remote, at))
			return true;
	}
	return false;
}

struct addr
attempt_outside(struct mesh *m)
{
	struct lighthouse *order[MESH_LIGHTHOUSES_MAX];
	size_t n = reach_lighthouses(m, order);

	for (size_t i = 0; i < n; i++) {
		if (order[i]->observed[0].family == FAMILY_V4)
			return order[i]->observed[0];
	}
	return (struct addr){ 0 };
}

usec_t
attempt_one_way(struct peer *peer)
{
	const struct path *best = peer_best(peer);

	return best == NULL ? 0 : best->srtt / 2;
}

bool
attempt_is_fair(struct mesh *m, const struct peer *peer, const struct aim *a)
{
	struct addr own = attempt_outside(m);
	const struct addr *at = &a->at.addr;

	return at->family == FAMILY_V4 && addr_class(at) == ADDR_CLASS_PUBLIC &&
	    at->port >= PREDICT_PORT_MIN && !trust_in_overlay(m->trust, addr_ip(at)) &&
	    !addr_same_ip(&own, at) && is_known_host(peer, at, a->technique == AIM_LOUD);
}

void
attempt_say(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	speak_aim(m, now, peer, &peer->attempt->ours, out);
}

struct attempt *
attempt_new(struct mesh *m, struct instant now, struct peer *peer, uint32_t number,
    uint8_t technique, bool asked)
{
	struct attempt *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->number = number;
	a->technique = technique;
	a->asked = asked;
	a->began = now.mono;
	a->chance = rng_u32(&m->rng);
	a->socket = SOCKET_NONE;
	a->deadline = now.mono +
	    (technique == AIM_LOUD ? LOUD_TIME :
		technique == AIM_BIRTHDAY ? BIRTHDAY_TIME : SWEEP_TIME);
	peer->attempt = a;
	if (peer->aimed.technique != technique)
		peer->aimed.tries = 0;
	peer->aimed.technique = technique;
	if (aim_is_birthday(technique))
		m->birthday = peer;
	return a;
}

/* Does a path of its peer end on this socket? `proven`: and is, or was, one that works? */
static bool
has_path(const struct extra_socket *e, bool proven)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &e->peer->paths[i];

		if (path_is_udp(p) && p->socket == e->id &&
		    (!proven || p->state == PATH_VALID || p->state == PATH_SUSPECT))
			return true;
	}
	return false;
}

/* With a socket go the paths that end on it. */
static void
close_socket(struct mesh *m, const struct extra_socket *e, struct outbox *out)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &e->peer->paths[i];

		if (path_is_udp(p) && p->socket == e->id)
			peer_drop_path(e->peer, p);
	}
	sockets_close(&m->sockets, e->id, out);
}

/* Sockets that led to a path stay with it; all others of the peer are closed. */
static void
keep_sockets(struct mesh *m, const struct peer *peer, struct outbox *out)
{
	for (size_t i = 0; i < m->sockets.room; i++) {
		struct extra_socket *e = &m->sockets.row[i];

		if (e->owner == SOCKET_OF_NOBODY || e->peer != peer || e->closing)
			continue;
		if (e->owner == SOCKET_OF_PUNCH && !has_path(e, true))
			close_socket(m, e, out);
		else
			e->owner = SOCKET_OF_PATH;
	}
}

void
aim_sweep(struct mesh *m, struct outbox *out)
{
	for (size_t i = 0; i < m->sockets.room; i++) {
		struct extra_socket *e = &m->sockets.row[i];

		if (e->owner == SOCKET_OF_PATH && !e->closing && !has_path(e, false))
			sockets_close(&m->sockets, e->id, out);
	}
}

/* Another one of this technique has failed: when may the next be made? */
static void
rest(struct aimed *d, usec_t now, uint8_t technique)
{
	d->next = now + 100 * USEC_PER_MS;
	d->tries++;
	if (aim_is_birthday(technique)) {
		if (++d->births % AIM_BIRTHDAY_TRIES == 0)
			d->birth_next = now +
			    (d->births == AIM_BIRTHDAY_TRIES ? AIM_REST : AIM_REST_LONG);
	} else if (d->tries % AIM_SWEEP_TRIES == 0) {
		d->next = now + min_u64(AIM_SWEEP_REST << min_u64(d->tries / AIM_SWEEP_TRIES - 1, 8),
		    AIM_SWEEP_REST_MAX);
	}
}

void
attempt_over(struct mesh *m, struct instant now, struct peer *peer, bool won, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	struct aimed *d = &peer->aimed;
	struct path *best = peer_best(peer);

	d->code = a->code;
	d->won = won;
	d->began = a->began;
	d->took = now.mono - a->began;
	if (won) {
		d->tries = d->births = 0;
		d->next = d->birth_next = 0;
		if (a->is_ready || a->they_are)
			d->worked = a->technique;
		best->precious = true;
	} else if (a->code == AIM_BUSY) {
		d->next = now.mono + 500 * USEC_PER_MS + rng_below(&m->rng, USEC_PER_SEC);
	} else if (a->code != 0 && a->asked) {
		d->next = now.mono + AIM_REFUSED_REST;
	} else {
		rest(d, now.mono, a->technique);
	}
	if (m->birthday == peer)
		m->birthday = NULL;
	free(a);
	peer->attempt = NULL;
	keep_sockets(m, peer, out);
}

void
aim_forget(struct mesh *m, struct peer *peer)
{
	if (m->birthday == peer)
		m->birthday = NULL;
	free(peer->attempt);
	peer->attempt = NULL;
}

void
aim_news(struct peer *peer)
{
	peer->aimed.tries = peer->aimed.births = 0;
	peer->aimed.next = peer->aimed.birth_next = 0;
	peer->aimed.worked = 0;
}

void
aim_told_news(struct peer *peer, usec_t now)
{
	if (bucket_take(&peer->aimed.news, now, 1, AIM_NEWS * AIM_NEWS_EVERY, AIM_NEWS_EVERY))
		aim_news(peer);
}

void
attempt_refuse(struct mesh *m, struct instant now, struct peer *peer, const struct aim *asked,
    uint8_t code, struct outbox *out)
{
	struct aim a = {
		.attempt = asked->attempt,
		.step = AIM_REFUSED,
		.technique = asked->technique,
		.code = code,
	};

	speak_aim(m, now, peer, &a, out);
}

void
attempt_give_up(struct mesh *m, struct instant now, struct peer *peer, uint8_t code,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;

	a->code = code;
	if (!a->asked)
		attempt_refuse(m, now, peer, &a->theirs, code, out);
	attempt_over(m, now, peer, false, out);
}

void
attempt_ours_are(struct mesh *m, struct attempt *a, uint8_t step, const struct ports *p)
{
	a->ours = (struct aim){
		.attempt = a->number,
		.step = step,
		.technique = a->technique,
		.stride = p->stride,
		.ports = p->n,
		.at = { .kind = EP_REFLEXIVE, .addr = attempt_outside(m) },
	};
	a->ours.at.addr.port = p->first;
}

void
attempt_ready(struct mesh *m, struct instant now, struct peer *peer, const struct ports *p,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;

	attempt_ours_are(m, a, AIM_READY, p);
	a->is_ready = true;
	attempt_say(m, now, peer, out);
}
