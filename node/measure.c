/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measure.c - when the network is measured, with which lighthouses, and what is done with it.
 *
 * What netcheck.c asks goes out in the session with a lighthouse, from the main socket or from one
 * that is opened for it. Its answers are no business of any path: they are taken here, before the
 * engine looks from where they came.
 */
#include "node/mesh_impl.h"

#define MEASURE_EVERY  (600 * USEC_PER_SEC)
#define MEASURE_SPREAD 5 /* a fifth up or down, so that many nodes do not ask at once */
#define MEASURE_SOON   (150 * USEC_PER_MS) /* other lighthouses may come, or change again */

/*
 * Beginning
 */

/* Where this lighthouse is reached over a family; one that has answered there comes first. */
static struct addr
endpoint_of(const struct peer *peer, uint8_t family)
{
	struct addr at = { .family = FAMILY_NONE };

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &peer->paths[i];

		if (p->state == PATH_FREE || p->origin != ORIGIN_FIXED ||
		    p->remote.family != family || p->socket > SOCKET_V6 ||
		    p->remote.port == UINT16_MAX)
			continue;
		if (at.family == FAMILY_NONE || p->state == PATH_VALID)
			at = p->remote;
	}
	return at;
}

static usec_t
rtt_of(struct peer *peer)
{
	const struct path *best = peer_best(peer);

	return best == NULL ? 0 : best->srtt;
}

/* The two nearest lighthouses; of those with one address in common, the first. */
static unsigned
choose_servers(struct mesh *m, struct instant now, struct netcheck_server *to)
{
	struct lighthouse *order[MESH_LIGHTHOUSES_MAX];
	size_t n = reach_lighthouses(m, order);
	unsigned count = 0;

	for (size_t i = 0; i < n && count < NETCHECK_SERVERS; i++) {
		struct netcheck_server s = {
			.id = count,
			.rtt = rtt_of(order[i]->peer),
			.v4 = endpoint_of(order[i]->peer, FAMILY_V4),
			.v6 = endpoint_of(order[i]->peer, FAMILY_V6),
		};

		if (!channel_ready(order[i]->peer->channel, now) ||
		    (s.v4.family == FAMILY_NONE && s.v6.family == FAMILY_NONE) ||
		    (count > 0 && addr_same_ip(&s.v4, &to[0].v4)))
			continue;
		m->measuring.servers[count] = order[i]->peer;
		to[count++] = s;
	}
	return count;
}

static void
begin(struct mesh *m, struct instant now)
{
	struct netcheck_server servers[NETCHECK_SERVERS];
	unsigned n = choose_servers(m, now, servers);
	uint16_t port[2] = { 0, 0 };

	m->measuring.due = 0;
	if (n == 0) /* the next session with one begins it */
		return;
	for (size_t i = 0; i < m->local_count; i++)
		port[m->local[i].family == FAMILY_V6] = m->local[i].port;
	m->measuring.server_count = n;
	netcheck_begin(&m->measuring.run, now.mono, servers, n, port, &m->rng);
}

void
measure_soon(struct mesh *m, struct instant now)
{
	m->measuring.due = now.mono + MEASURE_SOON;
}

void
measure_session(struct mesh *m, struct instant now)
{
	const struct measuring *w = &m->measuring;

	if (m->netcheck.measured_at == 0 || w->server_count < NETCHECK_SERVERS)
		measure_soon(m, now);
}

void
measure_anew(struct mesh *m, struct instant now)
{
	netcheck_stop(&m->measuring.run);
	m->netcheck = (struct netcheck){ 0 };
	m->measuring.epoch++;
	for (uint32_t i = 0; i < m->peer_count; i++)
		aim_news(m->peers[i]);
	m->keepalive = PATH_KEEPALIVE_MIN;
	measure_soon(m, now);
}

/*
 * What came of it
 */

static void
take_life(struct mesh *m, struct instant now, const struct netcheck_life *life)
{
	usec_t before = m->keepalive;

	m->netcheck.life = *life;
	m->keepalive = netcheck_keepalive(&m->netcheck);
	/* Whose next keepalive is set already would get it too late. */
	for (uint32_t i = 0; m->keepalive < before && i < m->peer_count; i++)
		upkeep_due(m, m->peers[i], now.mono);
}

static void
learn_life(struct mesh *m, struct instant now, struct outbox *out)
{
	const struct netcheck_life *life = &m->measuring.run.life;

	take_life(m, now, life);
	if (life->known && life->s > 0) /* nothing came: perhaps nobody answered */
		network_timed(m, now.wall, m->measuring.life_of, life, out);
}

/*
 * Begins to ask how long a mapping lives, where there are mappings and it is not known: that is
 * once in each network.
 */
static void
want_life(struct mesh *m, struct instant now)
{
	const struct netcheck *n = &m->netcheck;
	struct ip public = addr_ip(&n->public[0]);
	const struct netcheck_life *known = network_life(m, now.wall, public);
	bool timed = n->nat.mapping > NAT_MAPPING_NONE || n->nat.filtering > NAT_FILTERING_ENDPOINT;

	if (!timed && n->nat.mapping == NAT_MAPPING_NONE)
		m->keepalive = PATH_KEEPALIVE;
	if (!timed || n->lighthouses == 0)
		return;
	if (known != NULL) {
		take_life(m, now, known);
		return;
	}
	m->measuring.life_of = public;
	netcheck_begin_life(&m->measuring.run, now.mono, &m->rng);
}

static bool
same_nat(const struct nat *a, const struct nat *b)
{
	return a->mapping == b->mapping && a->filtering == b->filtering && a->step == b->step &&
	    a->flags == b->flags && a->base_port == b->base_port && a->epoch == b->epoch;
}

/* Carriers' own addresses, of RFC 6598. */
static bool
is_shared(const struct addr *at)
{
	return at->family == FAMILY_V4 && at->ip[0] == 100 && (at->ip[1] & 0xc0) == 64;
}

/*
 * Is there a carrier's NAT behind our router's? It is when the router's own outside is not where
 * lighthouses see us, or when this machine itself has one of the carrier's addresses.
 */
static bool
has_carrier(const struct mesh *m)
{
	bool carrier = false;

	for (size_t i = 0; i < m->mapped_count; i++)
		carrier |= mapping_judged(m, &m->mapped[i]).double_nat;
	for (size_t i = 0; i < m->local_count; i++)
		carrier |= is_shared(&m->local[i]);
	return carrier;
}

/* What others are told of us. */
static void
tell(struct mesh *m, struct instant now, struct outbox *out)
{
	struct nat nat = m->netcheck.nat;

	nat.epoch = m->measuring.epoch;
	if (nat.mapping > NAT_MAPPING_NONE && has_carrier(m))
		nat.flags |= NAT_CARRIER;
	if (same_nat(&nat, &m->nat))
		return;
	m->nat = nat;
	upkeep_candidates_changed(m, now, out);
}

static void
take_found(struct mesh *m, struct instant now, bool done, struct outbox *out)
{
	struct netcheck_life life = m->netcheck.life;
	usec_t before = m->netcheck.measured_at;

	m->netcheck = m->measuring.run.found;
	m->netcheck.life = life;
	if (!done)
		m->netcheck.measured_at = before;
	tell(m, now, out);
	if (!done)
		return;
	m->measuring.due = now.mono + MEASURE_EVERY - MEASURE_EVERY / MEASURE_SPREAD +
	    rng_below(&m->rng, 2 * MEASURE_EVERY / MEASURE_SPREAD);
	if (!life.known)
		want_life(m, now);
}

/*
 * Doing
 */

static socket_id
socket_of(const struct mesh *m, unsigned slot)
{
	switch (slot) {
	case SLOT_MAIN_V4: return SOCKET_V4;
	case SLOT_MAIN_V6: return SOCKET_V6;
	}
	return m->measuring.sockets[slot];
}

static void
send_ping(struct mesh *m, struct instant now, const struct netcheck_do *d, struct outbox *out)
{
	struct peer *peer = m->measuring.servers[d->server];
	socket_id socket = socket_of(m, d->slot);
	uint8_t *room = outbox_room(out, PING_LEN);
	int n;

	if (room == NULL || socket == SOCKET_NONE)
		return;
	n = ping_encode(room, PING_LEN, FRAME_PING, &d->ping, PING_LEN);
	if (n > 0)
		n = channel_seal(peer->channel, now, room, (size_t)n);
	if (n > 0)
		outbox_to_net_ttl(out, socket, &d->to, room - DATA_HEADER, (uint32_t)n, d->ttl);
	upkeep_due(m, peer, channel_next_due(peer->channel));
}

/* To our own outside. Nobody who sees it can tell it from any other OPEN. */
static void
send_knock(struct mesh *m, const struct netcheck_do *d, struct outbox *out)
{
	socket_id socket = socket_of(m, d->slot);
	uint8_t *msg = outbox_room(out, OPEN_LEN);

	if (msg == NULL || socket == SOCKET_NONE)
		return;
	rng_fill(&m->rng, msg, OPEN_LEN);
	put_le32(msg, OUTER_OPEN);
	put_le32(msg + OPEN_DIRECTION, OPEN_CALL);
	memcpy(msg + OPEN_ID, m->measuring.run.knock, INTRODUCTION_ID_LEN);
	outbox_to_net(out, socket, &d->to, msg, OPEN_LEN);
}

static void
do_one(struct mesh *m, struct instant now, const struct netcheck_do *d, struct outbox *out)
{
	socket_id *socket = &m->measuring.sockets[d->slot];

	switch (d->what) {
	case NETCHECK_OPEN:
		*socket = sockets_open(&m->sockets, SOCKET_OF_NETCHECK, NULL, d->family, 0, out);
		break;
	case NETCHECK_CLOSE:
		sockets_close(&m->sockets, *socket, out);
		*socket = SOCKET_NONE;
		break;
	case NETCHECK_ASK: send_ping(m, now, d, out); break;
	case NETCHECK_KNOCK: send_knock(m, d, out); break;
	case NETCHECK_NEWS: take_found(m, now, false, out); break;
	case NETCHECK_DONE: take_found(m, now, true, out); break;
	case NETCHECK_LIFE: learn_life(m, now, out); break;
	}
}

bool
measure_runs(const struct mesh *m)
{
	return netcheck_runs(&m->measuring.run) ||
	    (m->measuring.due != 0 && m->netcheck.measured_at == 0);
}

void
measure_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct netcheck_do d = { 0 };

	if (due_reached(m->measuring.due, now.mono))
		begin(m, now);
	while (!outbox_half_full(out) && netcheck_next(&m->measuring.run, now.mono, &d))
		do_one(m, now, &d, out);
}

void
mesh_measure(struct mesh *m, struct instant now, struct outbox *out)
{
	if (!netcheck_runs(&m->measuring.run))
		begin(m, now);
	measure_tick(m, now, out);
}

usec_t
measure_due(const struct mesh *m)
{
	return due_min(m->measuring.due, netcheck_due(&m->measuring.run));
}

/*
 * Hearing
 */

/* The slot of a socket; NETCHECK_SLOTS when it is none of ours. */
static unsigned
slot_of(const struct mesh *m, socket_id socket)
{
	unsigned slot = 0;

	while (slot < NETCHECK_SLOTS && (socket_of(m, slot) != socket || socket == SOCKET_NONE))
		slot++;
	return slot;
}

bool
measure_takes(struct mesh *m, struct instant now, struct peer *peer, const struct way *way,
    uint8_t *p, size_t len)
{
	const struct extra_socket *s = sockets_find(&m->sockets, way->socket);
	struct frame f = { 0 };
	struct ping pong;

	if (peer->lighthouse == NULL || way->relay != NULL)
		return false;
	if (frame_open(&f, p, len) == FRAME_SPOKEN && f.type == FRAME_PONG &&
	    ping_decode(&pong, &f) == 0) {
		struct netcheck_answer a = {
			.txid = pong.txid,
			.slot = slot_of(m, way->socket),
			.from = way->addr,
			.seen = pong.observed.addr,
			.own = reach_is_own(m, &pong.observed.addr),
			.local_port = s != NULL ? s->local.port : 0,
		};

		if (netcheck_heard(&m->measuring.run, now.mono, &a))
			return true;
		/* A path has asked it, or it is the late answer to what we have given up. */
		return peer_path_to(peer, way->socket, &way->addr) == NULL;
	}
	return s != NULL && s->owner == SOCKET_OF_NETCHECK;
}

bool
measure_knocked(struct mesh *m, const uint8_t *msg)
{
	return netcheck_knocked(&m->measuring.run, msg + OPEN_ID);
}
