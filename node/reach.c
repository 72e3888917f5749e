/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reach.c - how we get to a peer: whom to ask, and where to try.
 *
 * Everything that is tried at once runs at once: the handshake goes to the relays and to every
 * candidate, the lighthouses introduce us, both sides punch (punch.c). The first path that works
 * carries data, and a better one takes over as soon as it has answered.
 */
#include "node/mesh_impl.h"

#define HANDSHAKE_WAYS_MAX 8
#define BURST_PACKETS_MAX  64


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

/* What was sealed for `peer` goes out on `path`. */
static void
carry(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint8_t *msg,
    size_t len, bool data, struct outbox *out)
{
	struct way way = way_of(path);
	bool first = path_sent(path, now.mono, len, channel_index(peer->channel),
	    le64(msg + DATA_COUNTER), data);

	/* While an answer is awaited the timer is set for it, and finds what else is due. */
	if (first || !data)
		upkeep_due(m, peer,
		    due_min(channel_next_due(peer->channel), path_due(path, true, m->keepalive)));
	reach_send(m, now, &way, msg, len, out);
}

int
reach_seal(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint8_t *p,
    size_t len, bool data, struct outbox *out)
{
	int n = channel_seal(peer->channel, now, p, len);

	if (n < 0)
		return n;
	carry(m, now, peer, path, p - DATA_HEADER, (size_t)n, data, out);
	return 0;
}

int
reach_seal_hedged(struct mesh *m, struct instant now, struct peer *peer, uint8_t *p, size_t len,
    bool data, struct outbox *out)
{
	struct path *ways[HEDGE_WAYS_MAX];
	size_t count = hedge_ways(peer, now.mono, len, ways);
	uint8_t *msg = p - DATA_HEADER, *copy;
	int n = channel_seal(peer->channel, now, p, len);

	if (n < 0)
		return n;
	if (count > 0)
		deferral_catch_up(m->deferral);
	for (size_t i = 0; i < count; i++) { /* copies first: a relay's frame is made in place */
		copy = outbox_room(out, (size_t)n);
		if (copy == NULL)
			break;
		memcpy(copy, msg, (size_t)n);
		m->counts[MESH_HEDGED]++;
		m->counts[MESH_HEDGED_BYTES] += (size_t)n;
		carry(m, now, peer, ways[i], copy, (size_t)n, false, out);
	}
	carry(m, now, peer, peer_best(peer), msg, (size_t)n, data, out);
	return 0;
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
	case ORIGIN_GUESS:
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

bool
reach_is_own(const struct mesh *m, const struct addr *at)
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
	unsigned worth;

	if (trust_in_overlay(m->trust, addr_ip(&p->remote)) || reach_is_own(m, &p->remote))
		return TARGET_NEVER;
	worth = target_worth(&ep, vouched_by(p->origin));
	return p->origin == ORIGIN_GUESS ? (unsigned)min_u64(worth, TARGET_ONCE) : worth;
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
	if (path_worth(m, &like) == TARGET_NEVER || add_path(peer, now.mono, &like) == NULL)
		return false;
	uplink_twins(m, now, peer, &like);
	return true;
}

void
reach_guess(struct mesh *m, struct instant now, struct peer *peer, uint16_t port)
{
	struct addr at = peer->seen;
	struct path like, *slot = peer_slot(peer, now.mono);

	at.port = port;
	if (at.family != FAMILY_V4 || peer_path_to(peer, SOCKET_V4, &at) != NULL || slot == NULL ||
	    (slot->state != PATH_FREE && slot->origin != ORIGIN_GUESS))
		return;
	path_init(&like, class_of(&at), ORIGIN_GUESS, SOCKET_V4, &at);
	if (path_worth(m, &like) != TARGET_NEVER)
		(void)add_path(peer, now.mono, &like);
}

struct path *
reach_path(struct mesh *m, struct instant now, struct peer *peer, const struct way *way, bool make)
{
	struct path *p = way->relay != NULL ?
	    peer_path_by(peer, way->relay, way->circuit) :
	    peer_path_to(peer, way->socket, &way->addr);
	struct path like;

	if (p != NULL && make && p->origin == ORIGIN_GUESS)
		p->origin = ORIGIN_HEARD;
	if (p != NULL || !make || way->socket >= SOCKET_STREAM)
		return p;
	if (way->relay != NULL) {
		if (peer->lighthouse != NULL)
			return NULL;
		path_init(&like, PATH_RELAY, ORIGIN_HEARD, 0, &way->addr);
		like.relay = way->relay;
		way->relay->has_relayed = true;
		like.circuit = way->circuit;
	} else {
		path_init(&like, class_of(&way->addr), ORIGIN_HEARD, way->socket, &way->addr);
		if (trust_in_overlay(m->trust, addr_ip(&way->addr)))
			return NULL;
	}
	return add_path(peer, now.mono, &like);
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

void
reach_add_relays(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct peer *relays[RELAYS_USED];
	size_t n;

	if (peer->lighthouse != NULL || peer->stock)
		return;
	n = relays_for(m, now, peer, relays);
	for (size_t i = 0; i < n; i++) {
		struct way way = { .relay = relays[i] };
		struct circuit *c =
		    relay_circuit_to(&m->relaying, now.mono, relays[i], peer->key);

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

/* Is there a path that works, beyond doubt? */
static bool
is_healthy(const struct peer *peer)
{
	return peer->best != PEER_NO_PATH && peer->paths[peer->best].state == PATH_VALID;
}

bool
reach_may_try(struct mesh *m, struct instant now, struct peer *peer, struct path *p, size_t len)
{
	unsigned worth;

	if (p->state == PATH_FREE)
		return false;
	if (!path_is_udp(p))
		return true;
	if (p->metered && is_healthy(peer))
		return false;
	worth = path_worth(m, p);
	/* A private address is a guess until it answers: the other site may use the same ones. */
	if (p->kind == PATH_LAN && p->origin != ORIGIN_HEARD && p->origin != ORIGIN_FIXED)
		worth = min_u64(worth, peer->same_site ? TARGET_HINT : TARGET_ONCE);
	if (worth != TARGET_FULL && p->tries >= worth)
		return false;
	if (!path_may_send(p, len) || peer->burst_packets >= BURST_PACKETS_MAX)
		return false;
	if (!target_allow(&m->targets, now.mono, &p->remote))
		return false;
	peer->burst_packets++;
	return true;
}

/* In the first moment the handshake goes through the best relay alone. */
static bool
waits_for_best(struct mesh *m, struct instant now, const struct peer *peer, const struct path *p)
{
	return now.mono < peer->second_relay_due && !relays_best_first(m, now, peer, p);
}

/*
 * The handshake's bytes go out on every path that might work, relays first. When there are more
 * than it may take, every other attempt begins with the last ones.
 */
static void
send_everywhere(struct mesh *m, struct instant now, struct peer *peer, const uint8_t *msg,
    size_t len, struct outbox *out)
{
	struct channel_view c;
	unsigned sent = 0;

	channel_view(peer->channel, now, &c);
	for (int relays = 1; relays >= 0; relays--) {
		for (size_t i = 0; i < PEER_PATHS_MAX && sent < HANDSHAKE_WAYS_MAX; i++) {
			size_t slot = c.attempts % 2 == 0 ? PEER_PATHS_MAX - 1 - i : i;
			struct path *p = &peer->paths[slot];
			struct way way = way_of(p);

			if (p->state == PATH_FREE || (p->kind == PATH_RELAY) != (relays == 1) ||
			    p->origin == ORIGIN_GUESS || /* its one packet is a burst's */
			    waits_for_best(m, now, peer, p))
				continue;
			if (!path_usable(p, now.mono) &&
			    (opener_first(m, now, peer, p, out) ||
				!reach_may_try(m, now, peer, p, len)))
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

void
reach_remember_clock(struct mesh *m, struct outbox *out)
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
		.state_version = spread_held(m->spread).version,
		.cert = { .p = m->cert_bytes.p, .len = m->cert_bytes.len },
		.ca = { .p = m->issuing.len > 0 ? m->issuing.p : NULL, .len = m->issuing.len },
	};

	memcpy(p.peer_prefix, peer->cert.fingerprint, sizeof(p.peer_prefix));
	return presentation_encode(to, PRESENT_PLAIN_MAX, &p);
}

static void
seek(struct mesh *m, usec_t at, const struct seek *like)
{
	struct seek *s = finder_seek(&m->finder, at, like);

	if (s != NULL && s->state == SEEK_NOTHING) { /* asked before, and it matters again */
		finder_drop(s);
		(void)finder_seek(&m->finder, at, like);
	}
}

void
reach_look_up(struct mesh *m, struct instant now, const uint8_t key[static 32])
{
	struct seek like = { .by = QUERY_BY_KEY, .introduce = true };

	memcpy(like.key, key, sizeof(like.key));
	seek(m, now.mono, &like);
}

void
reach_ask_for(struct mesh *m, struct instant now, const struct peer *peer, usec_t delay)
{
	struct instant then = { .mono = now.mono + delay, .wall = now.wall };

	if (peer->lighthouse == NULL && !peer->stock)
		reach_look_up(m, then, peer->key);
}

/* And who has its name now: a machine with another key may have taken its place. */
static void
ask_for_name(struct mesh *m, struct instant now, const struct peer *peer)
{
	struct seek like = { .by = QUERY_BY_NAME, .introduce = true };

	if (peer->lighthouse != NULL || peer->stock)
		return;
	name_copy(like.name, peer->cert.name);
	seek(m, now.mono, &like);
}

void
reach_initiate(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	uint8_t plain[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	uint32_t index = roster_index(m);
	struct channel_view view;
	const uint8_t *msg;
	int plain_len = make_presentation(m, peer, plain);
	int n;

	if (plain_len < 0 || table_put(&m->by_index, &index, peer) < 0)
		return;
	if (noise_clock_next(&m->clock, timestamp, now.wall))
		reach_remember_clock(m, out);
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
	reach_add_relays(m, now, peer, out);
	if (!peer_is_direct(peer)) {
		reach_ask_for(m, now, peer, 0);
		relays_look(m, now, RELAYS_PATIENCE);
	}
	if (view.attempts > 1) { /* no answer for REKEY_TIMEOUT */
		ask_for_name(m, now, peer);
		lan_look(m, now);
	} else {
		peer->second_relay_due = now.mono + RELAYS_SECOND_AFTER;
	}
	send_everywhere(m, now, peer, msg, (size_t)n, out);
}

void
reach_repeat(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	const uint8_t *msg;
	int n = channel_repeat(peer->channel, now.mono, &msg);

	if (n > 0) {
		reach_add_relays(m, now, peer, out);
		send_everywhere(m, now, peer, msg, (size_t)n, out);
	}
}

/* The handshake goes through every relay that has not had it since it `began`. */
static void
send_by_relays(struct mesh *m, struct instant now, struct peer *peer, usec_t began,
    struct outbox *out)
{
	const uint8_t *msg;
	int n = channel_attempt(peer->channel, now.mono, &msg);

	for (size_t i = 0; i < PEER_PATHS_MAX && n > 0; i++) {
		struct path *p = &peer->paths[i];
		struct way way = way_of(p);

		if (p->state == PATH_FREE || p->kind != PATH_RELAY || p->last_tx >= began)
			continue;
		p->last_tx = now.mono;
		reach_send_copy(m, now, &way, msg, (size_t)n, out);
	}
}

void
reach_second_relay(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	usec_t began = peer->second_relay_due - RELAYS_SECOND_AFTER;

	if (!due_reached(peer->second_relay_due, now.mono))
		return;
	peer->second_relay_due = 0;
	send_by_relays(m, now, peer, began, out);
}

void
reach_by_relays(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	reach_add_relays(m, now, peer, out);
	send_by_relays(m, now, peer, now.mono - RELAYS_SECOND_AFTER, out);
}

void
reach_want(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	channel_want(peer->channel, now.mono);
	upkeep_tick(m, now, peer, out);
}
