/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shoot.c - the parts of an attempt: a fresh socket is measured, ports are opened, sockets are, and
 * what is there is called.
 */
#include "node/aim_impl.h"

#define TICK	      (10 * USEC_PER_MS)
#define LINGER	      USEC_PER_SEC /* after the last packet */
#define MEASURE_AGAIN (100 * USEC_PER_MS)
#define MEASURE_TRIES 4
#define SWEEP_AT_ONCE 16		 /* ports a TICK */
#define SWEPT_AFTER   (50 * USEC_PER_MS) /* when the sweep is through, after its beginning */
#define OPEN_AT_ONCE  16
#define DOORS_GUESS   4

/*
 * A hop limit for many sockets at once, none of which is tried again: it has to take their packets
 * through all our NATs. Where that is not known it is guessed: seldom are there more in a row, and
 * seldom is somebody so near.
 */
static uint8_t
doors_hops(const struct mesh *m)
{
	return m->netcheck.hops != 0 ? m->netcheck.hops : DOORS_GUESS;
}

/* A PING that belongs to no path: where its answer comes from there will be one. */
static void
send_ping(struct instant now, struct peer *to, const struct ping *ping, socket_id socket,
    const struct addr *at, uint8_t ttl, struct outbox *out)
{
	uint8_t *room = outbox_room(out, PING_LEN);
	int n;

	if (room == NULL || !channel_ready(to->channel, now))
		return;
	n = ping_encode(room, PING_LEN, FRAME_PING, ping, PING_LEN);
	if (n > 0)
		n = channel_seal(to->channel, now, room, (size_t)n);
	if (n > 0)
		outbox_to_net_ttl(out, socket, at, room - DATA_HEADER, (uint32_t)n, ttl);
}

static void
call(struct mesh *m, struct instant now, struct peer *peer, socket_id socket,
    const struct addr *at, uint8_t ttl, struct outbox *out)
{
	struct ping ping = { .txid = rng_u64(&m->rng) | 1, .time_us = now.mono };

	send_ping(now, peer, &ping, socket, at, ttl, out);
}

/* The `i`th port that the other side may be at. */
static struct addr
their_port(const struct attempt *a, unsigned i)
{
	struct ports p = {
		.first = a->theirs.at.addr.port, .stride = a->theirs.stride, .n = a->theirs.ports
	};
	struct addr at = a->theirs.at.addr;

	at.port = predict_port(&p, i);
	return at;
}

static struct addr
their_scattered_port(const struct attempt *a, unsigned k)
{
	struct ports p = {
		.first = a->theirs.at.addr.port, .stride = a->theirs.stride, .n = a->theirs.ports
	};
	struct addr at = a->theirs.at.addr;

	at.port = predict_scattered(&p, a->chance, k);
	return at;
}

/* A lighthouse that answers over IPv4, and where. */
static struct peer *
measured_by(struct mesh *m, struct instant now, struct addr *at)
{
	struct lighthouse *order[MESH_LIGHTHOUSES_MAX];
	size_t n = reach_lighthouses(m, order);

	for (size_t i = 0; i < n; i++) {
		struct peer *l = order[i]->peer;

		for (size_t k = 0; k < PEER_PATHS_MAX && channel_ready(l->channel, now); k++) {
			const struct path *p = &l->paths[k];

			if (p->state == PATH_VALID && p->socket == SOCKET_V4 && path_is_udp(p)) {
				*at = p->remote;
				return l;
			}
		}
	}
	return NULL;
}

void
shoot_last(struct instant now, struct attempt *a)
{
	a->state = AIM_LAST;
	a->step = 0;
	a->due = now.mono;
}

void
shoot_measured(struct mesh *m, struct instant now, struct peer *peer, uint16_t seen,
    struct outbox *out)
{
	const struct extra_socket *e = sockets_find(&m->sockets, peer->attempt->socket);
	struct attempt *a = peer->attempt;
	struct ports p = predict_own(&m->nat, a->technique, seen, e->local.port);

	if (a->technique == AIM_SWEEP)
		/* Opens our NAT, without a word to theirs, which might mistake it. */
		call(m, now, peer, a->socket, &a->theirs.at.addr, opener_hops(m), out);
	attempt_ready(m, now, peer, &p, out);
	a->state = AIM_WAITING;
	a->step = 0;
	a->due = a->technique == AIM_SWEEP ? now.mono + attempt_one_way(peer) + SWEPT_AFTER : 0;
	if (a->technique == AIM_MEET && a->they_are)
		shoot_last(now, a);
	upkeep_due(m, peer, now.mono + 1);
}

void
shoot_measure_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	const struct extra_socket *e = sockets_find(&m->sockets, a->socket);
	struct ping ping = { .txid = a->txid, .time_us = now.mono, .flags = PING_MEASURE };
	struct addr at;
	struct peer *by;

	if (e == NULL || a->step == MEASURE_TRIES) {
		attempt_give_up(m, now, peer, AIM_CANNOT, out);
		return;
	}
	a->due = now.mono + MEASURE_AGAIN;
	if (!predict_measures(&m->nat)) {
		if (e->local.family != FAMILY_NONE)
			shoot_measured(m, now, peer, 0, out);
		else
			a->due = now.mono + TICK;
		return;
	}
	by = measured_by(m, now, &at);
	if (by == NULL) {
		attempt_give_up(m, now, peer, AIM_CANNOT, out);
		return;
	}
	a->step++;
	send_ping(now, by, &ping, a->socket, &at, 0, out);
}

void
shoot_measure(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;

	a->state = AIM_MEASURING;
	a->step = 0;
	a->due = now.mono;
	a->txid = rng_u64(&m->rng) | 1;
	a->socket = sockets_open(&m->sockets, SOCKET_OF_PUNCH, peer, FAMILY_V4, 0, out);
	shoot_measure_tick(m, now, peer, out);
}

/* May a sweep or a meeting send `n` more packets? Then they are counted. */
static bool
may_shoot(struct mesh *m, usec_t now, unsigned n)
{
	return bucket_take(&m->aiming, now, AIM_PACE, AIM_AT_ONCE, n);
}

/* The ports of a sweep, twice. */
static void
sweep_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	unsigned n = (unsigned)min_u64(a->theirs.ports, PREDICT_SWEEP);

	for (unsigned i = 0; i < SWEEP_AT_ONCE && a->step < 2 * n && may_shoot(m, now.mono, 1); i++) {
		struct addr at = their_port(a, a->step++ % n);

		call(m, now, peer, SOCKET_V4, &at, 0, out);
		if (a->step == n) /* the rest is for what was lost */
			break;
	}
	a->due = now.mono + (a->step == n ? 100 * USEC_PER_MS : TICK);
	if (a->step == 2 * n) {
		a->state = AIM_WAITING;
		a->due = 0;
	}
}

void
shoot_swept_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;

	call(m, now, peer, a->socket, &a->theirs.at.addr, 0, out);
	a->due = ++a->step < 5 ? now.mono + (60 * USEC_PER_MS << a->step) : 0;
}

/* Many sockets send to where one of the other side's will be; and all once more. */
static void
meet_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool many = predict_rung(&m->nat) == RUNG_STEP;
	struct attempt *a = peer->attempt;

	/* All of a volley or nothing: between its flows the NAT shall not give ports to others. */
	if (!may_shoot(m, now.mono, many ? PREDICT_MEET : 1)) {
		a->due = now.mono + TICK;
		return;
	}
	for (unsigned i = 0; many && a->step == 0 && i < PREDICT_MEET; i++)
		(void)sockets_open(&m->sockets, SOCKET_OF_PUNCH, peer, FAMILY_V4, 0, out);
	for (size_t i = 0; i < m->sockets.room; i++) {
		const struct extra_socket *e = &m->sockets.row[i];

		if (e->owner == SOCKET_OF_PUNCH && e->peer == peer && !e->closing &&
		    (e->id != a->socket || !many))
			call(m, now, peer, e->id, &a->theirs.at.addr, 0, out);
	}
	a->due = ++a->step < 3 ? now.mono + 120 * USEC_PER_MS : 0;
	if (a->due == 0)
		a->state = AIM_WAITING;
}

/* Opens our NAT for many of their ports, and nobody sees it. */
static void
spray_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool carrier = (m->nat.flags & NAT_CARRIER) != 0;
	struct attempt *a = peer->attempt;
	unsigned n = (unsigned)min_u64(
	    carrier ? AIM_SPRAY_CARRIER : AIM_SPRAY, a->theirs.ports);
	struct ports main = { .n = 1 };

	if (m->netcheck.hops == 0) { /* another network than at its beginning */
		attempt_give_up(m, now, peer, AIM_CANNOT, out);
		return;
	}
	for (unsigned i = 0; i < AIM_SPRAY_RATE / 100 && a->step < n; i++, a->step++) {
		struct addr at = their_scattered_port(a, a->step);

		call(m, now, peer, SOCKET_V4, &at, m->netcheck.hops, out);
	}
	a->due = now.mono + TICK;
	if (a->step < n)
		return;
	main.first = attempt_outside(m).port;
	attempt_ready(m, now, peer, &main, out);
	a->state = AIM_WAITING;
	a->due = 0;
}

/* Where a subscriber has few ports, he keeps most of them for himself. */
static unsigned
sockets_wanted(const struct mesh *m)
{
	if ((m->nat.flags & NAT_BLOCK) == 0)
		return AIM_SOCKETS;
	return (unsigned)min_u64(AIM_SOCKETS_BLOCK,
	    max_u64(predict_all(&m->nat).n / AIM_BLOCK_SHARE, 1));
}

/* Has one of the sockets been answered? Then no more are opened while it is asked. */
static bool
is_heard(const struct peer *peer, usec_t now)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &peer->paths[i];

		if (path_is_udp(p) && p->socket >= SOCKET_EXTRA &&
		    p->last_rx != 0 && now - p->last_rx < LINGER)
			return true;
	}
	return false;
}

/* One more socket that calls where the other side's NAT is open for some of our ports. */
static void
sockets_tick(struct mesh *m, struct instant now, struct peer *peer, uint8_t ttl, unsigned at_once,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;
	unsigned n = sockets_wanted(m);

	for (unsigned i = 0; i < at_once && a->step < n; i++, a->step++) {
		socket_id id =
		    sockets_open(&m->sockets, SOCKET_OF_PUNCH, peer, FAMILY_V4, 0, out);

		if (id == SOCKET_NONE) { /* no more are to be had */
			a->step = n;
			break;
		}
		call(m, now, peer, id, &a->theirs.at.addr, ttl, out);
	}
	a->due = now.mono + USEC_PER_SEC / AIM_SOCKETS_RATE;
}

static void
born_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;

	if (is_heard(peer, now.mono)) {
		a->due = now.mono + TICK;
		return;
	}
	sockets_tick(m, now, peer, 0, 1, out);
	if (a->step >= sockets_wanted(m)) {
		a->state = AIM_WAITING;
		a->due = 0;
		a->deadline = min_u64(a->deadline, now.mono + LINGER);
	}
}

/* The sockets of a loud birthday are all opened before the first is called. */
static void
doors_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	struct ports all = predict_all(&m->nat);

	if (peer->aimed.tries % 2 == 0)
		sockets_tick(m, now, peer, doors_hops(m), OPEN_AT_ONCE, out);
	else /* the guess may be wrong: so that they can be seen, and slowly */
		sockets_tick(m, now, peer, 0, 1, out);
	if (a->step < sockets_wanted(m))
		return;
	attempt_ready(m, now, peer, &all, out);
	a->state = AIM_WAITING;
	a->due = 0;
}

/* Calls one port after the other. */
static void
calls_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	struct addr at = their_scattered_port(a, a->step);

	call(m, now, peer, SOCKET_V4, &at, 0, out);
	a->due = now.mono + USEC_PER_SEC / AIM_CALLS_RATE;
	if (++a->step < min_u64(AIM_CALLS, a->theirs.ports))
		return;
	a->state = AIM_WAITING;
	a->due = 0;
	a->deadline = min_u64(a->deadline, now.mono + LINGER);
}

void
shoot_first_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	if (peer->attempt->technique == AIM_BIRTHDAY)
		spray_tick(m, now, peer, out);
	else
		doors_tick(m, now, peer, out);
}

void
shoot_last_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	switch (peer->attempt->technique) {
	case AIM_SWEEP: sweep_tick(m, now, peer, out); break;
	case AIM_MEET: meet_tick(m, now, peer, out); break;
	case AIM_BIRTHDAY: born_tick(m, now, peer, out); break;
	case AIM_LOUD: calls_tick(m, now, peer, out); break;
	}
}
