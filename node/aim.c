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
#include "node/mesh_impl.h"

#include <stdlib.h>

#define ASK_AGAIN     (250 * USEC_PER_MS)
#define ASK_AGAIN_MAX (2 * USEC_PER_SEC)
#define TICK	      (10 * USEC_PER_MS)
#define SWEEP_TIME    (1500 * USEC_PER_MS)
#define BIRTHDAY_TIME (8 * USEC_PER_SEC) /* spray, sockets, and a while for answers */
#define LOUD_TIME     (16 * USEC_PER_SEC)
#define LINGER	      USEC_PER_SEC	 /* after the last packet */
#define BURST_BEFORE  (600 * USEC_PER_MS) /* a birthday waits for what simultaneous open does */
#define MEASURE_AGAIN (100 * USEC_PER_MS)
#define MEASURE_TRIES 4
#define SWEEP_AT_ONCE 16 /* ports a TICK */
#define SWEPT_AFTER   (50 * USEC_PER_MS) /* when the sweep is through, after its beginning */
#define OPEN_AT_ONCE  16
#define TTL_GUESS     4

static bool
is_birthday(uint8_t technique)
{
	return technique == AIM_BIRTHDAY || technique == AIM_LOUD;
}

/*
 * Where we are seen, and where we may aim
 */

/* How long what we say in session takes to get there. */
static usec_t
one_way(struct peer *peer)
{
	const struct path *best = peer_best(peer);

	return best == NULL ? 0 : best->srtt / 2;
}

/*
 * A hop limit that takes a packet through our own NATs and not to the other side's. Where it is not
 * known it is guessed: seldom are there more NATs in a row, and seldom is somebody so near.
 */
static uint8_t
opening_ttl(const struct mesh *m)
{
	return m->netcheck.hops != 0 ? m->netcheck.hops : TTL_GUESS;
}

/* As the nearest lighthouse sees our main IPv4 socket; FAMILY_NONE: none does. */
static struct addr
own_outside(struct mesh *m)
{
	struct lighthouse *order[MESH_LIGHTHOUSES_MAX];
	size_t n = reach_lighthouses(m, order);

	for (size_t i = 0; i < n; i++) {
		if (order[i]->observed[0].family == FAMILY_V4)
			return order[i]->observed[0];
	}
	return (struct addr){ 0 };
}

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

/*
 * May all of `a` be aimed at? Never a host that nobody but this frame speaks of; and where many
 * packets really arrive, only one that a lighthouse has seen the peer at.
 */
static bool
is_fair_target(struct mesh *m, const struct peer *peer, const struct aim *a)
{
	struct addr own = own_outside(m);
	const struct addr *at = &a->at.addr;

	return at->family == FAMILY_V4 && addr_class(at) == ADDR_CLASS_PUBLIC &&
	    at->port >= PREDICT_PORT_MIN && !trust_in_overlay(m->trust, addr_ip(at)) &&
	    !addr_same_ip(&own, at) && is_known_host(peer, at, a->technique == AIM_LOUD);
}

/*
 * Sending
 */

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

static void
say_ours(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	speak_aim(m, now, peer, &peer->attempt->ours, out);
}

/*
 * Beginning and ending
 */

static struct attempt *
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
	if (is_birthday(technique))
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
	if (is_birthday(technique)) {
		if (++d->births % AIM_BIRTHDAY_TRIES == 0)
			d->birth_next = now +
			    (d->births == AIM_BIRTHDAY_TRIES ? AIM_REST : AIM_REST_LONG);
	} else if (d->tries % AIM_SWEEP_TRIES == 0) {
		d->next = now + min_u64(AIM_SWEEP_REST << min_u64(d->tries / AIM_SWEEP_TRIES - 1, 8),
		    AIM_SWEEP_REST_MAX);
	}
}

static void
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
}

static void
refuse(struct mesh *m, struct instant now, struct peer *peer, const struct aim *asked,
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

/* Our part cannot be done after all. */
static void
give_up(struct mesh *m, struct instant now, struct peer *peer, uint8_t code, struct outbox *out)
{
	struct attempt *a = peer->attempt;

	a->code = code;
	if (!a->asked)
		refuse(m, now, peer, &a->theirs, code, out);
	attempt_over(m, now, peer, false, out);
}

/* Sets what we say of ourselves: ports of our own outside. */
static void
ours_are(struct mesh *m, struct attempt *a, uint8_t step, const struct ports *p)
{
	a->ours = (struct aim){
		.attempt = a->number,
		.step = step,
		.technique = a->technique,
		.stride = p->stride,
		.ports = p->n,
		.at = { .kind = EP_REFLEXIVE, .addr = own_outside(m) },
	};
	a->ours.at.addr.port = p->first;
}

static void
say_ready(struct mesh *m, struct instant now, struct peer *peer, const struct ports *p,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;

	ours_are(m, a, AIM_READY, p);
	a->is_ready = true;
	say_ours(m, now, peer, out);
}

/*
 * Measuring a fresh socket
 */

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

static void
begin_last(struct instant now, struct attempt *a)
{
	a->state = AIM_LAST;
	a->step = 0;
	a->due = now.mono;
}

/* It is known where the fresh socket is seen: `seen`, 0 if that need not be asked. */
static void
measured(struct mesh *m, struct instant now, struct peer *peer, uint16_t seen, struct outbox *out)
{
	const struct extra_socket *e = sockets_find(&m->sockets, peer->attempt->socket);
	struct attempt *a = peer->attempt;
	struct ports p = predict_own(&m->nat, a->technique, seen, e->local.port);

	if (a->technique == AIM_SWEEP)
		/* Opens our NAT, without a word to theirs, which might mistake it. */
		call(m, now, peer, a->socket, &a->theirs.at.addr, opening_ttl(m), out);
	say_ready(m, now, peer, &p, out);
	a->state = AIM_WAITING;
	a->step = 0;
	a->due = a->technique == AIM_SWEEP ? now.mono + one_way(peer) + SWEPT_AFTER : 0;
	if (a->technique == AIM_MEET && a->they_are)
		begin_last(now, a);
	upkeep_due(m, peer, now.mono + 1);
}

static void
seen_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	const struct extra_socket *e = sockets_find(&m->sockets, a->socket);
	struct ping ping = { .txid = a->txid, .time_us = now.mono, .flags = PING_MEASURE };
	struct addr at;
	struct peer *by;

	if (e == NULL || a->step == MEASURE_TRIES) {
		give_up(m, now, peer, AIM_CANNOT, out);
		return;
	}
	a->due = now.mono + MEASURE_AGAIN;
	if (!predict_measures(&m->nat)) {
		if (e->local.family != FAMILY_NONE)
			measured(m, now, peer, 0, out);
		else
			a->due = now.mono + TICK;
		return;
	}
	by = measured_by(m, now, &at);
	if (by == NULL) {
		give_up(m, now, peer, AIM_CANNOT, out);
		return;
	}
	a->step++;
	send_ping(now, by, &ping, a->socket, &at, 0, out);
}

static void
begin_measuring(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;

	a->state = AIM_MEASURING;
	a->step = 0;
	a->due = now.mono;
	a->txid = rng_u64(&m->rng) | 1;
	a->socket = sockets_open(&m->sockets, SOCKET_OF_PUNCH, peer, FAMILY_V4, 0, out);
	seen_tick(m, now, peer, out);
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
		measured(m, now, target, pong.observed.addr.port, out);
	return true;
}

/*
 * The parts
 */

/* The ports of a sweep, twice. */
static void
sweep_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct attempt *a = peer->attempt;
	unsigned n = (unsigned)min_u64(a->theirs.ports, PREDICT_SWEEP);

	for (unsigned i = 0; i < SWEEP_AT_ONCE && a->step < 2 * n; i++, a->step++) {
		struct addr at = their_port(a, a->step % n);

		call(m, now, peer, SOCKET_V4, &at, 0, out);
	}
	a->due = now.mono + TICK;
	if (a->step == n)
		a->due = now.mono + 100 * USEC_PER_MS;
	if (a->step == 2 * n) {
		a->state = AIM_WAITING;
		a->due = 0;
	}
}

/*
 * Who was swept calls from its socket once the other side's NAT is open for it: a router of Linux
 * takes what comes sooner for a flow of its own. And again, since packets get lost.
 */
static void
swept_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
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

	for (unsigned i = 0; i < AIM_SPRAY_RATE / 100 && a->step < n; i++, a->step++) {
		struct addr at = their_scattered_port(a, a->step);

		call(m, now, peer, SOCKET_V4, &at, m->netcheck.hops, out);
	}
	a->due = now.mono + TICK;
	if (a->step < n)
		return;
	main.first = own_outside(m).port;
	say_ready(m, now, peer, &main, out);
	a->state = AIM_WAITING;
	a->due = 0;
}

/* Our own ports, as far as they are known, for the other side to choose from. */
static struct ports
all_own_ports(const struct nat *own)
{
	(void)own;
	return (struct ports){ .first = PREDICT_PORT_MIN, .stride = 1, .n = PREDICT_PORTS };
}

static unsigned
sockets_wanted(const struct mesh *m)
{
	return (m->nat.flags & NAT_BLOCK) != 0 ? AIM_SOCKETS_BLOCK : AIM_SOCKETS;
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
	struct ports all = all_own_ports(&m->nat);

	if (peer->aimed.tries % 2 == 0)
		sockets_tick(m, now, peer, opening_ttl(m), OPEN_AT_ONCE, out);
	else /* the guess may be wrong: so that they can be seen, and slowly */
		sockets_tick(m, now, peer, 0, 1, out);
	if (a->step < sockets_wanted(m))
		return;
	say_ready(m, now, peer, &all, out);
	a->state = AIM_WAITING;
	a->due = 0;
}

/* Calls one port after the other. */
static void
calls_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool slow = !predict_by_address(&peer->nat);
	unsigned n = slow ? AIM_CALLS_SLOW : AIM_CALLS;
	struct attempt *a = peer->attempt;
	struct addr at = their_scattered_port(a, a->step);

	call(m, now, peer, SOCKET_V4, &at, 0, out);
	a->due = now.mono + USEC_PER_SEC / (slow ? AIM_CALLS_SLOW_RATE : AIM_CALLS_RATE);
	if (++a->step < min_u64(n, a->theirs.ports))
		return;
	a->state = AIM_WAITING;
	a->due = 0;
	a->deadline = min_u64(a->deadline, now.mono + LINGER);
}

static void
first_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	if (peer->attempt->technique == AIM_BIRTHDAY)
		spray_tick(m, now, peer, out);
	else
		doors_tick(m, now, peer, out);
}

static void
last_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	switch (peer->attempt->technique) {
	case AIM_SWEEP: sweep_tick(m, now, peer, out); break;
	case AIM_MEET: meet_tick(m, now, peer, out); break;
	case AIM_BIRTHDAY: born_tick(m, now, peer, out); break;
	case AIM_LOUD: calls_tick(m, now, peer, out); break;
	}
}

/*
 * Asking and being asked
 */

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
	if (p->late)
		after = PUNCH_BURST_TIME;
	else if (is_birthday(p->technique))
		after = BURST_BEFORE;
	return max_u64(peer->punch_began + after, 1);
}

/* We ask. */
static void
begin(struct mesh *m, struct instant now, struct peer *peer, uint8_t technique,
    struct outbox *out)
{
	struct ports p = { .first = own_outside(m).port, .n = 1 };
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
		p = all_own_ports(&m->nat);
	ours_are(m, a, AIM_ASK, &p);
	say_ours(m, now, peer, out);
	a->state = AIM_ASKING;
	a->again = now.mono + ASK_AGAIN;
	if (technique == AIM_MEET) /* both measure at the same moment: half a round trip from now */
		a->due = now.mono + one_way(peer) + 1;
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
	if (peer->attempt != NULL || (is_birthday(asked->technique) && m->birthday != NULL))
		return AIM_BUSY;
	if (is_birthday(asked->technique) && d->births >= AIM_PATIENCE &&
	    now.mono < d->birth_next)
		return AIM_SOON;
	return is_fair_target(m, peer, asked) && own_outside(m).port != 0 ? 0 : AIM_CANNOT;
}

static void
hear_ask(struct mesh *m, struct instant now, struct peer *peer, const struct aim *asked,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;
	uint8_t code;

	if (a != NULL && !a->asked && a->number == asked->attempt) {
		if (a->is_ready)
			say_ours(m, now, peer, out);
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
		refuse(m, now, peer, asked, code, out);
		return;
	}
	a = attempt_new(m, now, peer, asked->attempt, asked->technique, false);
	if (a == NULL)
		return;
	peer->aimed.theirs = asked->attempt;
	a->theirs = *asked;
	if (is_birthday(a->technique)) {
		a->state = AIM_FIRST;
		a->due = now.mono;
	} else {
		begin_measuring(m, now, peer, out);
	}
}

static void
hear_ready(struct mesh *m, struct instant now, struct peer *peer, const struct aim *ready,
    struct outbox *out)
{
	struct attempt *a = peer->attempt;

	if (a->they_are || (a->technique != AIM_MEET && !a->asked))
		return;
	if (!is_fair_target(m, peer, ready)) {
		give_up(m, now, peer, AIM_CANNOT, out);
		return;
	}
	a->they_are = true;
	a->theirs = *ready;
	a->again = 0;
	if (a->technique != AIM_MEET || a->is_ready)
		begin_last(now, a);
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

/*
 * Time
 */

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
		say_ours(m, now, peer, out);
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
	case AIM_ASKING: begin_measuring(m, now, peer, out); break;
	case AIM_MEASURING: seen_tick(m, now, peer, out); break;
	case AIM_FIRST: first_tick(m, now, peer, out); break;
	case AIM_WAITING: swept_tick(m, now, peer, out); break;
	case AIM_LAST: last_tick(m, now, peer, out); break;
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
	if ((is_birthday(p.technique) && m->birthday != NULL) || /* one at a time */
	    (p.technique == AIM_LOUD && may_yet_hide(m)))
		return now.mono + 500 * USEC_PER_MS;
	if (plan_due(peer, &p) == 0)
		return 0;
	return max_u64(plan_due(peer, &p),
	    is_birthday(p.technique) ? max_u64(peer->aimed.next, peer->aimed.birth_next) :
				       peer->aimed.next);
}
