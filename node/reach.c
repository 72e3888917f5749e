/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reach.c - how we get to a peer: whom to ask, where to try, which path to take.
 *
 * Everything that is tried at once runs at once: the handshake goes to the relays and to every
 * candidate, the lighthouses introduce us, both sides punch. The first path that works carries
 * data, and a better one takes over as soon as it has answered.
 */
#include "node/mesh_impl.h"

#include <stdlib.h>

/* When the packets of a burst are sent, and how long after it the next burst begins. */
static const usec_t burst_at[] = {
	0,
	20 * USEC_PER_MS,
	60 * USEC_PER_MS,
	150 * USEC_PER_MS,
	300 * USEC_PER_MS,
	600 * USEC_PER_MS,
	1200 * USEC_PER_MS,
};
static const usec_t round_gaps[] = {
	5 * USEC_PER_SEC,
	15 * USEC_PER_SEC,
	30 * USEC_PER_SEC,
	60 * USEC_PER_SEC,
	120 * USEC_PER_SEC,
	300 * USEC_PER_SEC,
};

#define HANDSHAKE_WAYS_MAX 8
#define BURST_PACKETS_MAX  64
#define RELAYS_USED	   2

/* Inner packet sizes that are tried one after the other on a direct path. */
static const uint32_t mtu_ladder[] = { 1360, 1392, PEER_MTU_MAX };
#define MTU_TRIES 3
#define MTU_EVERY USEC_PER_SEC

struct trace_fact
fact_of(const struct peer *p, enum trace_what what, enum trace_level level)
{
	struct trace_fact f = { .what = what, .level = level };

	name_copy(f.name, p->cert.name);
	return f;
}

/*
 * Sending
 */

void
reach_send(struct mesh *m, struct instant now, const struct way *way, uint8_t *msg, size_t len,
    struct outbox *out)
{
	struct path *under;
	uint8_t *frame;

	if (way->relay == NULL) {
		outbox_to_net(out, way->socket, &way->addr, msg, (uint32_t)len);
		return;
	}
	under = peer_best(way->relay);
	if (under == NULL || under->kind == PATH_RELAY)
		return;
	frame = relay_data_wrap(msg, len, way->circuit);
	(void)reach_seal(m, now, way->relay, under, frame, RELAY_DATA_HEADER + len, true, out);
}

void
reach_send_copy(struct mesh *m, struct instant now, const struct way *way, const uint8_t *msg,
    size_t len, struct outbox *out)
{
	uint8_t *room = outbox_room(out, len);

	if (room == NULL)
		return;
	memcpy(room, msg, len);
	reach_send(m, now, way, room, len, out);
}

int
reach_seal(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint8_t *p,
    size_t len, bool data, struct outbox *out)
{
	struct way way = way_of(path);
	uint8_t *msg = p - DATA_HEADER;
	int n = channel_seal(peer->channel, now, p, len);

	if (n < 0)
		return n;
	path_sent(path, now.mono, (size_t)n, channel_index(peer->channel),
	    le64(msg + DATA_COUNTER), data);
	reach_due(m, peer, due_min(channel_next_due(peer->channel), path_due(path, true, true)));
	reach_send(m, now, &way, msg, (size_t)n, out);
	return 0;
}

/*
 * Peers
 */

struct peer *
reach_by_key(const struct mesh *m, const uint8_t key[static 32])
{
	return table_get(&m->by_key, key);
}

/* Adds or removes the host routes of a peer's addresses. */
static void
host_routes(const struct peer *p, bool add, struct outbox *out)
{
	for (uint32_t i = 0; i < p->cert.address_count; i++)
		outbox_route(out, p->cert.addresses[i], p->mtu, add);
}

static bool
accepts_routes_of(const struct mesh *m, const struct peer *p)
{
	for (size_t i = 0; i < m->settings.accept_route_count; i++) {
		if (strcmp(m->settings.accept_routes[i], p->cert.name) == 0)
			return true;
	}
	return false;
}

static struct peer *
make_peer(struct mesh *m, struct instant now, const struct member *member)
{
	struct channel_config c = {
		.self = &m->self,
		.rng = &m->rng,
		.stock = (member->flags & CERT_STOCK) != 0,
	};
	struct peer *p;

	memcpy(c.key, member->key, sizeof(c.key));
	memcpy(c.psk, m->psk, sizeof(c.psk));
	p = peer_new(member, now, &c);
	if (p == NULL)
		return NULL;
	if (heap_reserve(&m->timers, m->peer_count + 1) < 0 ||
	    table_put(&m->by_key, p->key, p) < 0) {
		peer_free(p);
		return NULL;
	}
	p->at = m->peer_count;
	m->peers[m->peer_count++] = p;
	return p;
}

/* Where it was reached before is where it is tried first. */
static void
recall_endpoints(struct mesh *m, struct instant now, struct peer *p)
{
	const struct endpoints *e = table_get(&m->endpoints, p->key);

	for (size_t i = 0; e != NULL && i < e->count; i++)
		(void)reach_candidate(m, now, p, &e->at[i], ORIGIN_SEEN);
}

/* The peer that could be done without most easily, if there is one. */
static struct peer *
idle_peer(const struct mesh *m, usec_t now)
{
	struct peer *idle = NULL;

	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		if (p->lighthouse == NULL && !peer_is_warm(p, now) && p->first == NULL &&
		    (idle == NULL || p->heard_at < idle->heard_at))
			idle = p;
	}
	return idle;
}

struct peer *
reach_peer(struct mesh *m, struct instant now, const struct member *member, struct outbox *out)
{
	struct peer *p = reach_by_key(m, member->key);

	if (p != NULL || crypto_equal(member->key, m->self.public, sizeof(member->key)))
		return p;
	if (m->peer_count == m->peers_max) {
		struct peer *idle = idle_peer(m, now.mono);

		if (idle == NULL)
			return NULL;
		reach_forget(m, now, idle, out);
	}
	p = make_peer(m, now, member);
	if (p == NULL)
		return NULL;
	if (route_add(&m->routes, p, accepts_routes_of(m, p)) < 0) {
		reach_forget(m, now, p, out);
		return NULL;
	}
	host_routes(p, true, out);
	recall_endpoints(m, now, p);
	return p;
}

void
reach_retire(struct mesh *m, struct peer *peer)
{
	uint32_t index;

	while ((index = channel_retired(peer->channel)) != 0)
		table_del(&m->by_index, &index);
}

uint32_t
reach_index(struct mesh *m)
{
	uint32_t index;

	do {
		index = rng_u32(&m->rng);
	} while (index == 0 || table_get(&m->by_index, &index) != NULL);
	return index;
}

void
reach_end(struct mesh *m, struct peer *peer)
{
	door_forget(m->door, channel_accepted(peer->channel));
	channel_close(peer->channel);
	reach_retire(m, peer);
	peer->up = false;
}

/* Circuits and paths that go through `relay`, or lead to `peer`, are no more. */
static void
forget_circuits(struct mesh *m, const struct peer *peer)
{
	for (size_t i = m->relaying.count; i-- > 0;) {
		struct circuit *c = m->relaying.all[i];

		if (c->relay == peer || memcmp(c->key, peer->key, sizeof(c->key)) == 0)
			relay_close(&m->relaying, c);
	}
}

void
reach_forget(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	(void)now;
	assert(peer->lighthouse == NULL);
	reach_end(m, peer);
	forget_circuits(m, peer);
	route_remove(&m->routes, peer);
	host_routes(peer, false, out);
	table_del(&m->by_key, peer->key);
	(void)heap_set(&m->timers, &peer->timer, 0);
	m->peers[peer->at] = m->peers[--m->peer_count];
	m->peers[peer->at]->at = peer->at;
	peer_free(peer);
}

/* Has it a direct path that carries data? Then there is nothing left to punch. */
static bool
is_direct(const struct peer *peer)
{
	return peer->best != PEER_NO_PATH && peer->paths[peer->best].kind != PATH_RELAY;
}

/* Is there a path that works, beyond doubt? */
static bool
is_healthy(const struct peer *peer)
{
	return peer->best != PEER_NO_PATH && peer->paths[peer->best].state == PATH_VALID;
}

/*
 * Candidates and paths
 */

static enum vouched
vouched_by(enum path_origin origin)
{
	switch (origin) {
	case ORIGIN_SEEN:
		return VOUCHED_BY_LIGHTHOUSE;
	case ORIGIN_PEER:
	case ORIGIN_HEARD:
		return VOUCHED_BY_PEER;
	case ORIGIN_FIXED:
		return VOUCHED_BY_BUNDLE;
	case ORIGIN_HINT:
		break;
	}
	return VOUCHED_BY_NONE;
}

/* Is it on a network that one of our own interfaces is on, as far as addresses can tell? */
static enum path_class
class_of(const struct addr *at)
{
	enum addr_class c = addr_class(at);

	return c == ADDR_CLASS_PRIVATE || c == ADDR_CLASS_LINK_LOCAL ? PATH_LAN : PATH_DIRECT;
}

static bool
is_own_address(const struct mesh *m, const struct addr *at)
{
	for (size_t i = 0; i < m->local_count; i++) {
		if (addr_equal(&m->local[i], at))
			return true;
	}
	return false;
}

/* Packets that may go to the path's address until it answers. */
static unsigned
path_worth(const struct mesh *m, const struct path *p)
{
	struct ep ep = { .kind = EP_HOST, .addr = p->remote };

	if (trust_in_overlay(m->trust, addr_ip(&p->remote)) || is_own_address(m, &p->remote))
		return TARGET_NEVER;
	return target_worth(&ep, vouched_by(p->origin));
}

static struct path *
add_path(struct peer *peer, usec_t now, const struct path *like)
{
	struct path *slot = peer_slot(peer, now);

	if (slot != NULL) {
		peer_drop_path(peer, slot);
		*slot = *like;
	}
	return slot;
}

bool
reach_candidate(struct mesh *m, struct instant now, struct peer *peer, const struct addr *at,
    enum path_origin origin)
{
	socket_id socket = at->family == FAMILY_V6 ? SOCKET_V6 : SOCKET_V4;
	struct path *p = peer_path_to(peer, socket, at);
	struct path like;

	if (p != NULL) {
		if (p->origin < origin)
			p->origin = origin;
		return false;
	}
	path_init(&like, class_of(at), origin, socket, at);
	return path_worth(m, &like) != TARGET_NEVER && add_path(peer, now.mono, &like) != NULL;
}

struct path *
reach_path(struct mesh *m, struct instant now, struct peer *peer, const struct way *way, bool make)
{
	struct path *p = way->relay != NULL ?
	    peer_path_by(peer, way->relay, way->circuit) :
	    peer_path_to(peer, way->socket, &way->addr);
	struct path like;

	if (p != NULL || !make)
		return p;
	if (way->relay != NULL) {
		if (peer->lighthouse != NULL)
			return NULL;
		path_init(&like, PATH_RELAY, ORIGIN_HEARD, 0, &way->addr);
		like.relay = way->relay;
		like.circuit = way->circuit;
	} else {
		path_init(&like, class_of(&way->addr), ORIGIN_HEARD, way->socket, &way->addr);
		if (trust_in_overlay(m->trust, addr_ip(&way->addr)))
			return NULL;
	}
	return add_path(peer, now.mono, &like);
}

/* Is the lighthouse a relay that can be used now? */
static bool
can_relay(const struct lighthouse *l, struct instant now)
{
	return l->peer != NULL && (l->peer->cert.flags & CERT_RELAY) != 0 &&
	    channel_ready(l->peer->channel, now) && l->peer->best != PEER_NO_PATH;
}

static usec_t
lighthouse_rtt(const struct lighthouse *l)
{
	const struct path *p = l->peer->best == PEER_NO_PATH ? NULL : peer_best(l->peer);

	return p == NULL || p->srtt == 0 ? USEC_NEVER : p->srtt;
}

size_t
reach_lighthouses(struct mesh *m, struct lighthouse *order[static MESH_LIGHTHOUSES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < m->lighthouse_count; i++) {
		struct lighthouse *l = &m->lighthouses[i];
		size_t at = n++;

		for (; at > 0 && lighthouse_rtt(order[at - 1]) > lighthouse_rtt(l); at--)
			order[at] = order[at - 1];
		order[at] = l;
	}
	return n;
}

/* A path through each of the nearest relays, so that it is there before it is needed. */
static void
add_relay_paths(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct lighthouse *order[MESH_LIGHTHOUSES_MAX];
	size_t n = reach_lighthouses(m, order), used = 0;

	if (peer->lighthouse != NULL || peer->stock)
		return;
	for (size_t i = 0; i < n && used < RELAYS_USED; i++) {
		struct way way = { .relay = order[i]->peer };
		struct circuit *c;

		if (!can_relay(order[i], now))
			continue;
		used++;
		c = relay_circuit_to(&m->relaying, now.mono, order[i]->peer, peer->key);
		if (c == NULL)
			continue;
		if (!c->incoming && c->tries == 0 && relay_asked(c, now.mono))
			speak_relay_open(m, now, c, out);
		way.circuit = c->id;
		(void)reach_path(m, now, peer, &way, true);
	}
}

/*
 * The handshake
 */

/* May something be sent on a path that has not answered? Charges its allowances. */
static bool
may_try(struct mesh *m, struct instant now, struct peer *peer, struct path *p, size_t len)
{
	unsigned worth;

	if (p->state == PATH_FREE)
		return false;
	if (p->kind == PATH_RELAY)
		return true;
	worth = path_worth(m, p);
	/* A private address is a guess until it answers: the other site may use the same ones. */
	if (p->kind == PATH_LAN && p->origin != ORIGIN_HEARD && p->origin != ORIGIN_FIXED)
		worth = min_u64(worth, TARGET_HINT);
	if (worth != TARGET_FULL && p->tries >= worth)
		return false;
	if (!path_may_send(p, len) || peer->burst_packets >= BURST_PACKETS_MAX)
		return false;
	if (!target_allow(&m->targets, now.mono, &p->remote))
		return false;
	peer->burst_packets++;
	return true;
}

/* The handshake's bytes go out on every path that might work, relays first. */
static void
send_everywhere(struct mesh *m, struct instant now, struct peer *peer, const uint8_t *msg,
    size_t len, struct outbox *out)
{
	unsigned sent = 0;

	for (int relays = 1; relays >= 0; relays--) {
		for (size_t i = 0; i < PEER_PATHS_MAX && sent < HANDSHAKE_WAYS_MAX; i++) {
			struct path *p = &peer->paths[i];
			struct way way = way_of(p);

			if (p->state == PATH_FREE || (p->kind == PATH_RELAY) != (relays == 1))
				continue;
			if (!path_usable(p, now.mono) && !may_try(m, now, peer, p, len))
				continue;
			if (p->state != PATH_VALID && p->state != PATH_SUSPECT)
				p->tx_unproven += len;
			p->tries++;
			p->last_tx = now.mono;
			reach_send_copy(m, now, &way, msg, len, out);
			sent++;
		}
	}
}

static void
remember_clock(struct mesh *m, struct outbox *out)
{
	uint8_t row[16];
	uint8_t key = 0;

	put_le64(row, m->clock.reserved);
	put_le64(row + 8, trust_newest(m->trust));
	m->newest_remembered = trust_newest(m->trust);
	outbox_remember(out, MEMORY_CLOCK, &key, 1, row, sizeof(row), 0);
}

static int
make_presentation(struct mesh *m, const struct peer *peer, uint8_t to[static PRESENT_PLAIN_MAX])
{
	struct presentation p = {
		.cert = { .p = m->cert_bytes.p, .len = m->cert_bytes.len },
		.ca = { .p = m->issuing.len > 0 ? m->issuing.p : NULL, .len = m->issuing.len },
	};

	memcpy(p.peer_prefix, peer->cert.fingerprint, sizeof(p.peer_prefix));
	return presentation_encode(to, PRESENT_PLAIN_MAX, &p);
}

/* The lighthouses are asked where it is and to tell it of us. */
static void
ask_for(struct mesh *m, struct instant now, const struct peer *peer)
{
	struct seek like = { .by = QUERY_BY_KEY, .introduce = true };
	struct seek *s;

	if (peer->lighthouse != NULL || peer->stock)
		return;
	memcpy(like.key, peer->key, sizeof(like.key));
	s = finder_seek(&m->finder, now.mono, &like);
	if (s != NULL && s->state == SEEK_NOTHING) { /* asked before, and it matters again */
		finder_drop(s);
		(void)finder_seek(&m->finder, now.mono, &like);
	}
}

static void
initiate(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	uint8_t plain[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	uint32_t index = reach_index(m);
	struct channel_view view;
	const uint8_t *msg;
	int plain_len = make_presentation(m, peer, plain);
	int n;

	if (plain_len < 0 || table_put(&m->by_index, &index, peer) < 0)
		return;
	if (noise_clock_next(&m->clock, timestamp, now.wall))
		remember_clock(m, out);
	n = channel_initiate(peer->channel, now, index, timestamp, plain, (size_t)plain_len, &msg);
	if (n < 0) {
		table_del(&m->by_index, &index);
		return;
	}
	channel_view(peer->channel, now, &view);
	if (peer->failing_since == 0 && !view.ready)
		peer->failing_since = now.mono;
	if (view.attempts == 3 && peer->lighthouse == NULL) {
		struct trace_fact f =
		    fact_of(peer, TRACE_HANDSHAKE_NO_ANSWER, TRACE_INFO);

		f.number = 2;
		f.number2 = REKEY_TIMEOUT;
		f.at = peer->paths[0].remote;
		outbox_trace(out, &f);
	}
	if (is_healthy(peer) && view.attempts <= 1) { /* a rekey */
		struct way way = way_of(peer_best(peer));

		reach_send_copy(m, now, &way, msg, (size_t)n, out);
		return;
	}
	peer->burst_packets = 0;
	add_relay_paths(m, now, peer, out);
	if (!is_direct(peer))
		ask_for(m, now, peer);
	send_everywhere(m, now, peer, msg, (size_t)n, out);
}

/* The attempt under way, or its repetition, goes to all paths once more. */
static void
repeat(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	const uint8_t *msg;
	int n = channel_repeat(peer->channel, now.mono, &msg);

	if (n > 0) {
		add_relay_paths(m, now, peer, out);
		send_everywhere(m, now, peer, msg, (size_t)n, out);
	}
}

void
reach_want(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	channel_want(peer->channel, now.mono);
	reach_tick(m, now, peer, out);
}

/*
 * Punching
 */

void
reach_punch(struct mesh *m, struct instant now, struct peer *peer, usec_t delay, bool news)
{
	if (peer->stock || peer->lighthouse != NULL)
		return;
	if (news)
		peer->punch_round = 0;
	peer->punch_began = now.mono + delay;
	peer->punch_step = 0;
	peer->burst_packets = 0;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		peer->paths[i].tries = 0;
	reach_due(m, peer, peer->punch_began);
}

static usec_t
punch_due(const struct peer *peer)
{
	usec_t at = peer->punch_began;

	if (at == 0)
		return 0;
	if (peer->punch_step < ARRAY_LEN(burst_at))
		return at + burst_at[peer->punch_step];
	return at + burst_at[ARRAY_LEN(burst_at) - 1] +
	    round_gaps[min_u64(peer->punch_round, ARRAY_LEN(round_gaps) - 1)];
}

static void
send_open(struct mesh *m, struct instant now, struct peer *peer, struct path *p,
    enum open_direction direction, struct outbox *out)
{
	struct way way = way_of(p);
	uint8_t msg[OPEN_LEN];

	noise_open_make(msg, peer->open_key, direction, peer->introduction);
	p->tries++;
	p->tx_unproven += sizeof(msg);
	reach_send_copy(m, now, &way, msg, sizeof(msg), out);
}

/* One packet to every path that does not work yet. */
static void
punch(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool session = channel_ready(peer->channel, now);

	if (session)
		add_relay_paths(m, now, peer, out);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &peer->paths[i];

		if (p->state == PATH_FREE || path_works(p, now.mono) || p->state == PATH_SUSPECT)
			continue;
		if (session && may_try(m, now, peer, p, PING_LEN + DATA_MIN))
			speak_ping(m, now, peer, p, PING_LEN, out);
		else if (!session && p->kind != PATH_RELAY && now.mono < peer->introduced_until &&
		    may_try(m, now, peer, p, OPEN_LEN))
			send_open(m, now, peer, p, OPEN_CALL, out);
	}
}

/*
 * The next packet of a burst, or the next burst: for that the lighthouses tell the other side, so
 * that both send at once.
 */
static void
punch_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool wanted = peer_is_warm(peer, now.mono) || now.mono < peer->introduced_until;

	if (!due_reached(punch_due(peer), now.mono))
		return;
	if (!wanted || (is_direct(peer) && peer->punch_step >= ARRAY_LEN(burst_at))) {
		peer->punch_began = 0;
	} else if (peer->punch_step < ARRAY_LEN(burst_at)) {
		peer->punch_step++;
		punch(m, now, peer, out);
	} else {
		peer->punch_round++;
		ask_for(m, now, peer);
		reach_punch(m, now, peer, 0, false);
	}
}

/*
 * Paths
 */

static void
flush_waiting(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	unsigned n = peer->waiting_count;
	struct waiting *w;

	while (n-- > 0 && (w = peer_next_waiting(peer)) != NULL) {
		mesh_to_peer_copy(m, now, peer, w->bytes, w->len, out);
		free(w);
	}
}

void
reach_mtu(struct peer *peer, struct outbox *out)
{
	const struct path *best = peer_best(peer);
	uint32_t mtu = best == NULL ? peer->mtu : max_u64(PEER_MTU_MIN, best->mtu_proved);

	if (peer->stock)
		mtu = PEER_MTU_MAX;
	if (mtu == peer->mtu)
		return;
	peer->mtu = mtu;
	host_routes(peer, true, out);
}

static void
say_path(struct peer *peer, struct outbox *out)
{
	const struct path *best = peer_best(peer);
	struct event e = { .kind = EVENT_PEER_CHANGED };
	struct trace_fact f;

	name_copy(e.peer, peer->cert.name);
	outbox_event(out, &e);
	if (best == NULL || peer->lighthouse != NULL)
		return;
	f = fact_of(peer, best->kind == PATH_RELAY ? TRACE_PATH_RELAY : TRACE_PATH_DIRECT,
	    TRACE_INFO);
	f.at = best->remote;
	f.number = (int64_t)best->srtt;
	if (best->relay != NULL)
		name_copy(f.other, best->relay->cert.name);
	outbox_trace(out, &f);
}

void
reach_choose(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool had = peer->best != PEER_NO_PATH;

	if (!peer_choose(peer, now.mono))
		return;
	m->counts[MESH_SWITCHES] += had && peer->best != PEER_NO_PATH;
	reach_mtu(peer, out);
	say_path(peer, out);
	if (peer->best != PEER_NO_PATH && channel_ready(peer->channel, now))
		flush_waiting(m, now, peer, out);
	if (!is_direct(peer) && channel_ready(peer->channel, now) && peer->punch_began == 0 &&
	    peer_is_warm(peer, now.mono))
		reach_punch(m, now, peer, 0, true);
}

void
reach_proven(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out)
{
	if (path->kind != PATH_RELAY)
		target_answered(&m->targets, &path->remote);
	reach_choose(m, now, peer, out);
	if (peer->lighthouse == NULL &&
	    (peer->remembered_at == 0 || (is_direct(peer) && !peer->remembered_direct) ||
		now.mono - peer->remembered_at > ENDPOINT_SAVE_EVERY))
		reach_remember(now, peer, out);
}

void
reach_session(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	m->counts[MESH_HANDSHAKES]++;
	if (!peer->up) {
		struct trace_fact f = fact_of(peer, TRACE_PEER_UP, TRACE_INFO);
		const struct path *best = peer_best(peer);

		if (best != NULL)
			f.at = best->relay != NULL ? best->relay->paths[0].remote : best->remote;
		outbox_trace(out, &f);
	}
	peer->up = true;
	peer->failing_since = 0;
	if (peer->lighthouse != NULL && !peer->lighthouse->registered) {
		peer->lighthouse->register_due = now.mono;
	} else if (peer->lighthouse == NULL && !peer->stock) {
		peer->candidates_told = 0;
		peer->candidates_due = now.mono;
		if (!is_direct(peer))
			reach_punch(m, now, peer, 0, true);
	}
	reach_tick(m, now, peer, out); /* HELLO first */
	flush_waiting(m, now, peer, out);
}

void
reach_remember(struct instant now, struct peer *peer, struct outbox *out)
{
	uint8_t row[8 + 1 + ENDPOINTS_OF_PEER * EP_LEN];
	struct wr w = wr_init(row, sizeof(row));
	uint8_t *count;

	peer->remembered_at = now.mono;
	peer->remembered_direct = is_direct(peer);
	wr_u64(&w, now.wall);
	count = wr_room(&w, 1);
	*count = 0;
	for (size_t i = 0; i < PEER_PATHS_MAX && *count < ENDPOINTS_OF_PEER; i++) {
		const struct path *p = &peer->paths[i];

		if (!path_usable(p, now.mono) || p->state == PATH_FREE || p->kind == PATH_RELAY)
			continue;
		wr_u8(&w, p->remote.family);
		wr_u8(&w, 0);
		wr_u16(&w, p->remote.port);
		wr_bytes(&w, p->remote.ip, sizeof(p->remote.ip));
		(*count)++;
	}
	if (wr_end(&w) > 0)
		outbox_remember(out, MEMORY_ENDPOINT, peer->key, sizeof(peer->key), row,
		    (uint32_t)wr_end(&w), 0);
}

/* The paths that are kept alive while nothing flows: the two best direct ones and one relay. */
static bool
is_kept(struct peer *peer, const struct path *p)
{
	unsigned better = 0;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *other = &peer->paths[i];

		if (other == p || other->state != PATH_VALID ||
		    (other->kind == PATH_RELAY) != (p->kind == PATH_RELAY))
			continue;
		if (other == peer_best(peer) || path_score(other) < path_score(p) ||
		    (path_score(other) == path_score(p) && other < p))
			better++;
	}
	return better < (p->kind == PATH_RELAY ? 1 : 2) || p == peer_best(peer);
}

static void
path_lost(struct mesh *m, struct instant now, struct peer *peer, struct path *p,
    struct outbox *out)
{
	struct trace_fact f = fact_of(peer, TRACE_PATH_LOST, TRACE_INFO);

	f.at = p->remote;
	if (p->kind == PATH_RELAY)
		name_copy(f.other, p->relay->cert.name);
	f.number = (int64_t)(now.mono - p->last_rx);
	outbox_trace(out, &f);
	reach_choose(m, now, peer, out);
	/* A peer in use gets all that can be tried at once: other paths, and a new handshake. */
	if (peer->best == PEER_NO_PATH && peer_is_warm(peer, now.mono))
		channel_want_fresh(peer->channel, now.mono);
	if (!is_direct(peer) && peer_is_warm(peer, now.mono))
		reach_punch(m, now, peer, 0, true);
}

/* The path whose MTU is to be found: the one that carries data, while its ladder goes on. */
static struct path *
mtu_path(struct peer *peer)
{
	struct path *best = peer_best(peer);

	if (best == NULL || best->kind == PATH_RELAY || best->state != PATH_VALID ||
	    peer->lighthouse != NULL || peer->stock || !channel_agreed(peer->channel))
		return NULL;
	return best->mtu_proved < PEER_MTU_MAX && best->mtu_tries < MTU_TRIES ? best : NULL;
}

/* The next size of the ladder is tried. A larger one than the path takes is simply lost. */
static void
mtu_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct path *p = mtu_path(peer);

	if (p == NULL || now.mono < p->mtu_due)
		return;
	for (size_t i = 0; i < ARRAY_LEN(mtu_ladder); i++) {
		if (mtu_ladder[i] <= p->mtu_proved)
			continue;
		p->mtu_tries++;
		p->mtu_due = now.mono + MTU_EVERY;
		speak_ping(m, now, peer, p, mtu_ladder[i], out);
		return;
	}
}

static void
paths_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool warm = peer_is_warm(peer, now.mono);

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &peer->paths[i];

		switch (path_tick(p, now.mono, true, warm && is_kept(peer, p))) {
		case PATH_WANTS_PROBE:
			speak_ping(m, now, peer, p, PING_LEN, out);
			break;
		case PATH_DIED:
			path_lost(m, now, peer, p, out);
			break;
		case PATH_WANTS_NOTHING:
			break;
		}
	}
}

/*
 * Lighthouses
 */

static void
lighthouse_tick(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct peer *p = l->peer;
	bool ready = channel_ready(p->channel, now) && p->best != PEER_NO_PATH;

	if (ready && due_reached(l->register_due, now.mono)) {
		if (l->tries >= 4 && l->registered)
			l->registered = false;
		speak_register(m, now, l, out);
	}
	if (ready)
		return;
	if (l->registered && !l->lost_said) {
		struct trace_fact f = fact_of(p, TRACE_LIGHTHOUSE_DOWN, TRACE_NOTICE);

		f.at = p->paths[0].remote;
		f.number = (int64_t)(now.mono - p->heard_at);
		outbox_trace(out, &f);
		l->lost_said = true;
	}
	l->registered = false;
	l->register_due = now.mono;
	channel_want(p->channel, now.mono);
}

static usec_t
lighthouse_due(const struct peer *p, struct instant now)
{
	if (channel_ready(p->channel, now) && p->best != PEER_NO_PATH)
		return p->lighthouse->register_due;
	return now.mono + USEC_PER_SEC;
}

/*
 * Time
 */

/* What channel_tick() says, but for the initiation. */
static void
channel_work(struct mesh *m, struct instant now, struct peer *peer, unsigned work,
    struct outbox *out)
{
	struct path *best = peer_best(peer);

	if ((work & CHANNEL_HELLO) != 0 && best != NULL)
		speak_hello(m, now, peer, out);
	if ((work & CHANNEL_KEEPALIVE) != 0 && best != NULL) {
		uint8_t *room = outbox_room(out, 0);

		if (room != NULL)
			(void)reach_seal(m, now, peer, best, room, 0, false, out);
	}
	if ((work & CHANNEL_GAVE_UP) != 0) {
		struct trace_fact f = fact_of(peer, TRACE_PEER_DOWN, TRACE_INFO);

		f.number = REKEY_ATTEMPT_TIME / USEC_PER_SEC;
		outbox_trace(out, &f);
		peer->up = false;
		mesh_unreachable(m, now, peer, out);
	}
}

/* A peer whose handshakes fail for a while is said to be unreachable, unless it was there lately. */
static bool
gives_hope(const struct peer *peer, usec_t now)
{
	return peer->failing_since == 0 || now - peer->failing_since < UNREACHABLE_AFTER ||
	    (peer->heard_at != 0 && now - peer->heard_at < HELD_AFTER_SESSION);
}

static usec_t
peer_due(struct peer *peer, struct instant now)
{
	bool warm = peer_is_warm(peer, now.mono);
	const struct path *growing = mtu_path(peer);
	usec_t due = due_min(channel_next_due(peer->channel), punch_due(peer));
	const struct path *best = peer_best(peer);

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &peer->paths[i];

		due = due_min(due, path_due(p, true, warm && is_kept(peer, p)));
		if (p->state == PATH_VALID && p->held_until > now.mono)
			due = due_min(due, p->held_until);
	}
	if (best != NULL && !peer->stock)
		due = due_min(due, best->last_rx + PATH_STALE_AFTER);
	if (growing != NULL)
		due = due_min(due, max_u64(growing->mtu_due, now.mono + 1));
	if (peer->lighthouse != NULL)
		due = due_min(due, lighthouse_due(peer, now));
	if (channel_ready(peer->channel, now))
		due = due_min(due, peer->candidates_due);
	if (peer->first != NULL && peer->failing_since != 0 && gives_hope(peer, now.mono))
		due = due_min(due, peer->failing_since + UNREACHABLE_AFTER);
	return due;
}

void
reach_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	unsigned work;
	usec_t due;

	if (!peer->stock)
		paths_tick(m, now, peer, out);
	reach_choose(m, now, peer, out);
	if (peer->lighthouse != NULL)
		lighthouse_tick(m, now, peer->lighthouse, out);
	work = channel_tick(peer->channel, now);
	reach_retire(m, peer);
	channel_work(m, now, peer, work, out);
	if ((work & CHANNEL_INITIATE) != 0)
		initiate(m, now, peer, out);
	else if ((work & CHANNEL_REPEAT) != 0)
		repeat(m, now, peer, out);
	if (due_reached(peer->candidates_due, now.mono) && channel_ready(peer->channel, now) &&
	    peer->best != PEER_NO_PATH)
		speak_candidates(m, now, peer, out);
	punch_tick(m, now, peer, out);
	mtu_tick(m, now, peer, out);
	if (peer->first != NULL && !gives_hope(peer, now.mono))
		mesh_unreachable(m, now, peer, out);
	reach_retire(m, peer);
	due = peer_due(peer, now);
	/* Whatever could not be done now, for want of room or path, is not tried without end. */
	if (due != 0 && due <= now.mono && !outbox_half_full(out))
		due = now.mono + 10 * USEC_PER_MS;
	(void)heap_set(&m->timers, &peer->timer, due);
}

void
reach_due(struct mesh *m, struct peer *peer, usec_t due)
{
	if (due != 0 && (peer->timer.due == 0 || due < peer->timer.due))
		(void)heap_set(&m->timers, &peer->timer, due);
}

void
reach_candidates_changed(struct mesh *m, struct instant now, struct outbox *out)
{
	(void)out;
	m->candidates_seq++;
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		m->lighthouses[i].register_due = now.mono;
		m->lighthouses[i].tries = 0;
		reach_due(m, m->lighthouses[i].peer, now.mono);
	}
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		if (p->lighthouse != NULL || p->stock || !channel_ready(p->channel, now))
			continue;
		p->candidates_told = 0;
		p->candidates_due = now.mono;
		reach_due(m, p, now.mono);
	}
}
