/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mesh.c - the way of a packet through a node.
 *
 * From the network: type and length; what begins a session goes to greet.c; the session, found by
 * index, opens data in place; the path learns that it was heard; a frame goes to speak.c, an inner
 * packet past source check and firewall to the TUN. From the TUN: the route names the peer, its
 * channel seals in place, its best path carries it; where there is no session yet the packet waits
 * while reach.c makes one.
 */
#include "core/mss.h"
#include "node/ahead.h"
#include "node/mesh_impl.h"

#include <stdlib.h>

/* How many packets a copy may be behind, or somebody sends again what was sent long ago. */
#define COPY_AGE_MAX 1024

/*
 * To a peer
 */

/* The packet does not fit the path: its sender is told, and TCP sends smaller ones. */
static void
say_too_big(struct mesh *m, const struct peer *peer, const uint8_t *p, size_t len,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, ICMP_ERROR_MAX);
	struct inner in;
	size_t n;

	m->counts[MESH_TOO_BIG]++;
	if (room == NULL || inner_parse(&in, p, len) < 0)
		return;
	n = icmp_too_big_make(room, p, &in, peer_mtu(peer, in.src.family));
	if (n > 0)
		outbox_to_tun(out, room, (uint32_t)n);
}

void
mesh_to_peer(struct mesh *m, struct instant now, struct peer *peer, uint8_t *p, size_t len,
    struct outbox *out)
{
	struct path *best = peer_best(peer);

	peer->used_at = now.mono;
	if (len > peer_mtu(peer, p[0] >> 4)) {
		say_too_big(m, peer, p, len, out);
		return;
	}
	if (best == NULL || reach_seal_hedged(m, now, peer, p, len, true, out) < 0) {
		peer_wait(peer, p, (uint32_t)len);
		/* A session whose paths have all gone cold: ask them, and do not wait for more. */
		if (channel_ready(peer->channel, now) && peer->punch_began == 0)
			punch_begin(m, now, peer, 0, true);
		reach_want(m, now, peer, out);
		return;
	}
	mtu_sent(&best->mtu, now.mono, len);
	peer->tx_packets++;
	peer->tx_bytes += len;
	m->tx_bytes += len;
}

void
mesh_to_peer_copy(struct mesh *m, struct instant now, struct peer *peer, const uint8_t *p,
    size_t len, struct outbox *out)
{
	uint8_t *room = outbox_room(out, len);

	if (room == NULL)
		return;
	memcpy(room, p, len);
	mesh_to_peer(m, now, peer, room, len, out);
}

/* "Unreachable" for one packet, at most ten times a second for a peer. */
static void
say_unreachable(struct mesh *m, usec_t now, usec_t *last, const uint8_t *p, size_t len,
    struct outbox *out)
{
	uint8_t *room;
	struct inner in;
	size_t n;

	if (*last != 0 && now - *last < UNREACHABLE_EVERY)
		return;
	room = outbox_room(out, ICMP_ERROR_MAX);
	if (room == NULL || inner_parse(&in, p, len) < 0)
		return;
	n = icmp_unreachable_make(room, p, &in);
	if (n == 0)
		return;
	*last = now;
	m->counts[MESH_UNREACHABLE]++;
	outbox_to_tun(out, room, (uint32_t)n);
}

void
mesh_unreachable(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct waiting *w;

	while ((w = peer_next_waiting(peer)) != NULL) {
		say_unreachable(m, now.mono, &peer->unreachable_at, w->bytes, w->len, out);
		free(w);
	}
}

void
mesh_nobody_knows(struct mesh *m, struct instant now, struct seek *s, struct outbox *out)
{
	usec_t never = 0;

	if (s->first != NULL)
		say_unreachable(m, now.mono, &never, s->first->bytes, s->first->len, out);
	while (s->first != NULL) {
		struct waiting *w = s->first;

		s->first = w->next;
		free(w);
	}
	s->waiting_count = 0;
}

/* An address that we do not know: kept while the lighthouses are asked. */
static void
to_unknown(struct mesh *m, struct instant now, const struct inner *in, const uint8_t *p,
    struct outbox *out)
{
	struct seek like = { .by = QUERY_BY_ADDRESS, .address = in->dst, .introduce = true };
	usec_t never = 0;
	struct seek *s;

	if (!trust_in_overlay(m->trust, in->dst)) {
		m->counts[MESH_NO_ROUTE]++;
		say_unreachable(m, now.mono, &never, p, in->len, out);
		return;
	}
	s = finder_seek(&m->finder, now.mono, &like);
	if (s != NULL && s->state == SEEK_ASKING) {
		seek_wait(s, p, in->len);
		return;
	}
	m->counts[MESH_NO_ROUTE]++;
	say_unreachable(m, now.mono, &never, p, in->len, out);
}

/* The peer of an inner address: one that we talk to, or one whose certificate we hold. */
static struct peer *
peer_of(struct mesh *m, struct instant now, struct ip dst, struct outbox *out)
{
	struct peer *peer = route_to(&m->routes, dst);
	const struct member *member;

	if (peer != NULL)
		return peer;
	member = members_by_ip(m->members, dst);
	return member == NULL ? NULL : roster_peer(m, now, member, out);
}

static bool
is_own_source(const struct mesh *m, struct ip src)
{
	if (cert_has_address(&m->cert, src))
		return true;
	for (uint32_t i = 0; i < m->cert.route_count; i++) {
		if (prefix_contains(m->cert.routes[i], src))
			return true;
	}
	return false;
}

/* Returns the peer that the packet went to, or NULL. */
static struct peer *
from_tun(struct mesh *m, struct instant now, struct packet *pk, struct outbox *out)
{
	enum addr_class to;
	struct inner in;
	struct peer *peer;

	if (inner_parse(&in, pk->data, pk->len) < 0) {
		m->counts[MESH_BAD_INNER]++;
		return NULL;
	}
	if (!is_own_source(m, in.src)) {
		m->counts[MESH_BAD_SOURCE]++;
		return NULL;
	}
	to = ip_class(in.dst);
	if (to == ADDR_CLASS_UNUSABLE || to == ADDR_CLASS_LINK_LOCAL) {
		m->counts[MESH_NO_ROUTE]++;
		return NULL;
	}
	peer = peer_of(m, now, in.dst, out);
	(void)mss_clamp(pk->data, &in, peer != NULL ? peer->mtu : MTU_BASE);
	firewall_sent(&m->firewall, now.mono, &in, peer != NULL ? &peer->cert : NULL);
	if (peer == NULL)
		to_unknown(m, now, &in, pk->data, out);
	else
		mesh_to_peer(m, now, peer, pk->data, in.len, out);
	return peer;
}

void
mesh_from_tun(struct mesh *m, struct instant now, struct packet *packets, size_t n,
    struct outbox *out)
{
	bool many = m->by_index.count > AHEAD_PEERS;
	struct peer *peer = NULL;

	roam_called(m, now, out);
	for (size_t i = 0; i < n; i++) {
		struct packet *pk = &packets[i];

		if (many && i % AHEAD_GROUP == 0)
			ahead_tun(m, pk, min_u64(n - i, AHEAD_GROUP));

		if (peer != NULL && (pk->meta & META_FOLLOWS) != 0)
			mesh_to_peer(m, now, peer, pk->data, pk->len, out);
		else
			peer = from_tun(m, now, pk, out);
	}
}

int
mesh_ping(struct mesh *m, struct instant now, struct ip to, uint16_t token, uint16_t seq,
    size_t payload_len, struct outbox *out)
{
	struct ping_sent *sent = &m->pings[m->ping_next++ % PINGS_MAX];
	struct packet pk = { 0 };
	struct ip from = { 0 };

	for (uint32_t i = 0; i < m->cert.address_count; i++) {
		if (m->cert.addresses[i].ip.family == to.family)
			from = m->cert.addresses[i].ip;
	}
	if (from.family == FAMILY_NONE || !trust_in_overlay(m->trust, to))
		return ERR_UNKNOWN;
	pk.data = outbox_room(out, ICMP_ECHO_OVERHEAD + payload_len);
	if (pk.data == NULL)
		return ERR_FULL;
	pk.len = (uint32_t)icmp_echo_make(pk.data, from, to, token, seq, payload_len);
	*sent = (struct ping_sent){
		.used = true, .token = token, .seq = seq, .to = to, .at = now.mono
	};
	(void)from_tun(m, now, &pk, out);
	return 0;
}

/*
 * From a peer
 */

static void
say_ping_answer(const struct peer *peer, const struct path *path, const struct ping_sent *sent,
    usec_t now, struct outbox *out)
{
	struct event e = {
		.kind = EVENT_PING_ANSWER,
		.token = sent->token,
		.seq = sent->seq,
		.rtt = now - sent->at,
		.path = path->kind,
		.at = path->remote,
	};

	name_copy(e.peer, peer->cert.name);
	if (path->relay != NULL) {
		const struct path *under = peer_best(path->relay);

		name_copy(e.relay, path->relay->cert.name);
		if (under != NULL)
			e.at = under->remote;
	}
	outbox_event(out, &e);
}

/* Is it the answer to a ping of mesh_ping? Then it ends here. */
static bool
is_ping_answer(struct mesh *m, struct instant now, const struct peer *peer,
    const struct path *path, const struct inner *in, struct outbox *out)
{
	if (in->icmp != ICMP_ECHO_REPLY)
		return false;
	for (size_t i = 0; i < PINGS_MAX; i++) {
		struct ping_sent *s = &m->pings[i];

		if (!s->used || s->token != in->sport || s->seq != in->seq ||
		    !ip_equal(s->to, in->src))
			continue;
		s->used = false;
		say_ping_answer(peer, path, s, now.mono, out);
		return true;
	}
	return false;
}

/* Who answers this must not send more than fits the way back. */
static void
to_tun(const struct peer *peer, uint8_t *p, const struct inner *in, struct outbox *out)
{
	(void)mss_clamp(p, in, peer->mtu);
	outbox_to_tun(out, p, in->len);
}

static void
from_peer(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    uint8_t *p, size_t len, struct outbox *out)
{
	struct inner in;

	if (inner_parse(&in, p, len) < 0) {
		m->counts[MESH_BAD_INNER]++;
		return;
	}
	peer_heard_data(peer, path);
	peer->used_at = now.mono;
	peer->rx_packets++;
	peer->rx_bytes += in.len;
	m->rx_bytes += in.len;
	if (!route_from(&m->routes, peer, in.src))
		m->counts[MESH_BAD_SOURCE]++;
	else if (!is_own_source(m, in.dst))
		m->counts[MESH_NOT_FOR_US]++;
	else if (is_ping_answer(m, now, peer, path, &in, out))
		return;
	else if (!firewall_admits(&m->firewall, now.mono, &in, p, &peer->cert))
		m->counts[MESH_FILTERED]++;
	else
		to_tun(peer, p, &in, out);
}

/* What the peer sent on two paths came on the second: that speaks for it as for the first. */
static void
on_copy(struct mesh *m, struct instant now, struct peer *peer, const struct way *way,
    const uint8_t *msg, size_t len)
{
	struct path *path = reach_path(m, now, peer, way, false);
	uint32_t index = le32(msg + DATA_RECEIVER);
	uint64_t counter = le64(msg + DATA_COUNTER);

	if (path != NULL && counter + COPY_AGE_MAX > peer_heard_highest(peer, index))
		path_heard_copy(path, now.mono, len, index, counter);
}

static void
on_data(struct mesh *m, struct instant now, const struct way *way, uint8_t *msg, size_t len,
    struct outbox *out)
{
	uint32_t index = le32(msg + DATA_RECEIVER);
	struct peer *peer = table_get(&m->by_index, &index);
	struct channel_opened o;
	struct path *path;
	bool frame;
	int r;

	if (peer == NULL) {
		m->counts[MESH_NO_SESSION]++;
		return;
	}
	r = channel_open(peer->channel, now, msg, len, &o);
	if (r < 0) {
		if (r == ERR_REPLAY)
			on_copy(m, now, peer, way, msg, len);
		m->counts[r == ERR_REPLAY ? MESH_REPLAYED : MESH_NOT_AUTHENTIC]++;
		return;
	}
	if (!o.first && peer->lighthouse != NULL &&
	    (aim_takes(m, now, peer, way, o.p, o.len, out) ||
		measure_takes(m, now, peer, way, o.p, o.len))) {
		peer->heard_at = now.mono;
		return;
	}
	path = reach_path(m, now, peer, way, true);
	if (path == NULL)
		return;
	frame = o.len > 0 && frame_is(o.p, o.len);
	path_heard(path, now.mono, len, o.index, o.counter);
	if (path != peer_best(peer))
		hedge_elsewhere(&peer->hedge, now.mono);
	peer->heard_at = now.mono;
	if (o.first)
		greet_confirmed(m, now, peer, path, out);
	if (frame)
		speak_heard(m, now, peer, path, o.index, o.p, o.len, out);
	else if (o.len > 0)
		from_peer(m, now, peer, path, o.p, o.len, out);
	if (path->state != PATH_VALID && path->state != PATH_FREE)
		greet_path(m, now, peer, path, out);
	else if (peer->stock)
		upkeep_choose(m, now, peer, out);
	if (o.due || frame)
		upkeep_due(m, peer, channel_next_due(peer->channel));
}

/* By no way but the link itself, whose addresses are what it is about. */
static void
on_here(struct mesh *m, struct instant now, const struct way *way, uint8_t *msg, size_t len,
    struct outbox *out)
{
	if (way->relay == NULL && way->socket < SOCKET_EXTRA)
		lan_heard(m, now, &way->addr, msg, len, out);
	else
		m->counts[MESH_BAD_OUTER]++;
}

/* Does the group's socket hear what it is for? */
static bool
is_for_group(const struct way *way, const uint8_t *msg, size_t len)
{
	bool group = way->socket == SOCKET_LAN_V4 || way->socket == SOCKET_LAN_V6;

	return !group || outer_check(msg, len) == OUTER_HERE;
}

void
mesh_datagram(struct mesh *m, struct instant now, const struct way *way, uint8_t *msg, size_t len,
    struct outbox *out)
{
	if (!is_for_group(way, msg, len)) {
		m->counts[MESH_BAD_OUTER]++;
		return;
	}
	switch (outer_check(msg, len)) {
	case OUTER_DATA:
	case OUTER_DATA_AES:
		on_data(m, now, way, msg, len, out);
		break;
	case OUTER_INITIATION:
	case OUTER_PRESENT:
		greet_initiation(m, now, way, msg, len, out);
		break;
	case OUTER_RESPONSE:
		greet_response(m, now, way, msg, out);
		break;
	case OUTER_COOKIE:
		greet_cookie(m, now, msg, out);
		break;
	case OUTER_OPEN:
		greet_open(m, now, way, msg, out);
		break;
	case OUTER_HERE:
		on_here(m, now, way, msg, len, out);
		break;
	default:
		m->counts[MESH_BAD_OUTER]++;
		break;
	}
}

void
mesh_from_net(struct mesh *m, struct instant now, struct packet *packets, size_t n,
    struct outbox *out)
{
	bool many = m->by_index.count > AHEAD_PEERS;

	roam_called(m, now, out);
	for (size_t i = 0; i < n; i++) {
		struct way way = { .socket = packets[i].socket, .addr = packets[i].from };

		if (many && i % AHEAD_GROUP == 0)
			ahead_net(m, &packets[i], min_u64(n - i, AHEAD_GROUP));
		if (way.socket >= SOCKET_STREAM && !streams_way(m, &way))
			continue;
		if (session_outgrows(&packets[i]) && !outbox_loosen(out, &packets[i]))
			continue;
		mesh_datagram(m, now, &way, packets[i].data, packets[i].len, out);
		roster_sweep(m, now, out);
	}
}
