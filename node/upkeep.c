/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * upkeep.c - what a peer that we talk to needs as time goes by: its paths asked whether they live,
 * the best one chosen, its MTU found, its keys renewed, its lighthouse told where we are.
 */
#include "node/mesh_impl.h"

#include <stdlib.h>

#define ACTIVE_FOR	  (10 * USEC_PER_SEC) /* after data was sent */
#define WARM_AFTER_SWITCH (30 * USEC_PER_SEC)

/* Dead paths that are asked whether they live again. */
#define REVIVED_MAX 2

/* How long the answer to an MTU probe may take. */
#define MTU_PATIENCE_MIN (200 * USEC_PER_MS)

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
upkeep_mtu(struct peer *peer, struct outbox *out)
{
	const struct path *best = peer_best(peer);
	uint32_t mtu = best == NULL ? peer->mtu : mtu_size(&best->mtu);

	if (peer->stock)
		mtu = MTU_MAX;
	if (mtu == peer->mtu)
		return;
	peer->mtu = mtu;
	roster_routes(peer, true, out);
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
upkeep_choose(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	bool had = peer->best != PEER_NO_PATH;

	if (!peer_choose(peer, now.mono))
		return;
	m->counts[MESH_SWITCHES] +=
	    had && peer->best != PEER_NO_PATH && peer->lighthouse == NULL;
	if (peer->lighthouse != NULL)
		streams_switched(m, now, peer->lighthouse, out);
	upkeep_mtu(peer, out);
	say_path(peer, out);
	if (peer->best != PEER_NO_PATH && channel_ready(peer->channel, now))
		flush_waiting(m, now, peer, out);
	if (!peer_is_direct(peer) && channel_ready(peer->channel, now) && peer->punch_began == 0 &&
	    peer_is_warm(peer, now.mono))
		punch_begin(m, now, peer, 0, true);
}

/* Where the peer was reached is where it is tried first after a restart. */
static void
remember_endpoints(struct instant now, struct peer *peer, struct outbox *out)
{
	uint8_t row[8 + 1 + ENDPOINTS_OF_PEER * EP_LEN];
	struct wr w = wr_init(row, sizeof(row));
	uint8_t *count;

	peer->remembered_at = now.mono;
	peer->remembered_direct = peer_is_direct(peer);
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

void
upkeep_proven(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out)
{
	const struct path *best = peer_best(peer);

	if (path_is_udp(path))
		target_answered(&m->targets, now.mono, &path->remote);
	if (best != NULL && best != path)
		path_weigh(path, best, now.mono);
	roam_proven(m, now, peer, path);
	if (peer->lighthouse != NULL)
		streams_poke(m, now);
	upkeep_choose(m, now, peer, out);
	if (peer->lighthouse == NULL &&
	    (peer->remembered_at == 0 || (peer_is_direct(peer) && !peer->remembered_direct) ||
		now.mono - peer->remembered_at > ENDPOINT_SAVE_EVERY))
		remember_endpoints(now, peer, out);
}

void
upkeep_session(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	m->counts[MESH_HANDSHAKES]++;
	if (!peer->up) {
		struct trace_fact f = fact_of(peer, TRACE_PEER_UP, TRACE_INFO);
		const struct path *best = peer_best(peer);

		if (best != NULL)
			f.at = best->relay != NULL ? best->relay->paths[0].remote : best->remote;
		outbox_trace(out, &f);
		lobby_met(m->lobby, now.mono, peer->key);
	}
	peer->up = true;
	peer->past = (struct peer_past){ 0 };
	peer->failing_since = 0;
	if (peer->lighthouse != NULL && !peer->lighthouse->registered) {
		peer->lighthouse->register_due = now.mono;
		measure_session(m, now);
	} else if (peer->lighthouse == NULL && !peer->stock) {
		peer->candidates_told = 0;
		peer->candidates_due = now.mono;
		peer->candidates_seq = 0; /* it may have begun a new life, and counts anew */
		if (!peer_is_direct(peer)) {
			punch_begin(m, now, peer, 0, true);
			relays_look(m, now, RELAYS_PATIENCE);
		}
	}
	upkeep_tick(m, now, peer, out); /* HELLO first */
	flush_waiting(m, now, peer, out);
}

/* Is it one of the direct paths that died last? They may come back. */
static bool
is_missed(const struct peer *peer, const struct path *p)
{
	unsigned later = 0;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *other = &peer->paths[i];

		later += other->state == PATH_DEAD && path_is_udp(other) &&
		    other->last_rx > p->last_rx;
	}
	return path_is_udp(p) && later < REVIVED_MAX;
}

/*
 * The paths that are kept alive while nothing flows: the two best direct ones, one relay (two
 * where there is nothing else), and for a while the one that was in use before.
 */
static bool
is_kept(struct peer *peer, const struct path *p, usec_t now)
{
	const struct path *best = peer_best(peer);
	uint64_t score;
	unsigned better = 0;

	if (p->state == PATH_FREE)
		return false;
	if (p->state == PATH_DEAD)
		return is_missed(peer, p);
	if (p == best)
		return true;
	if (p->metered)
		return false;
	if (p->left_at != 0 && now - p->left_at < WARM_AFTER_SWITCH)
		return true;
	score = path_score(p);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *other = &peer->paths[i];

		if (other == p || other->state != PATH_VALID ||
		    (other->kind == PATH_RELAY) != (p->kind == PATH_RELAY))
			continue;
		if (other == best || path_score(other) < score ||
		    (path_score(other) == score && other < p))
			better++;
	}
	return better < (p->kind == PATH_RELAY && peer_is_direct(peer) ? 1 : 2);
}

/*
 * Is it measured every few seconds? While data flows: the path in use, and its rivals; and where
 * there is none, all that may come back.
 */
static bool
is_measured(struct peer *peer, const struct path *p, usec_t now)
{
	const struct path *best = peer_best(peer);

	if (best == NULL)
		return peer->lighthouse != NULL ||
		    (peer->used_at != 0 && now - peer->used_at < ACTIVE_FOR);
	if (best->last_data_tx == 0 || now - best->last_data_tx >= ACTIVE_FOR)
		return false;
	return p == best ||
	    (p->state != PATH_DEAD && (p->kind != PATH_RELAY || best->kind == PATH_RELAY) &&
		is_kept(peer, p, now));
}

/* How long a path may be idle; 0: nobody minds if its NATs forget it. */
static usec_t
keepalive_of(const struct mesh *m, usec_t now, struct peer *peer, const struct path *p)
{
	return (peer_is_warm(peer, now) || p->precious) && is_kept(peer, p, now) ? m->keepalive :
										   0;
}

static void
path_lost(struct mesh *m, struct instant now, struct peer *peer, struct path *p,
    struct outbox *out)
{
	bool relayed = p->kind == PATH_RELAY;
	struct trace_fact f =
	    fact_of(peer, relayed ? TRACE_PATH_LOST_RELAY : TRACE_PATH_LOST, TRACE_INFO);

	f.at = p->remote;
	if (relayed)
		name_copy(f.other, p->relay->cert.name);
	f.number = (int64_t)(now.mono - p->last_rx);
	outbox_trace(out, &f);
	if (peer->lighthouse != NULL)
		streams_poke(m, now);
	upkeep_choose(m, now, peer, out);
	if (peer->best == PEER_NO_PATH)
		relays_lost(m, now, peer, out);
	/* A peer in use gets all that can be tried at once: other paths, and a new handshake. */
	if (peer->best == PEER_NO_PATH && peer_is_warm(peer, now.mono))
		channel_want_fresh(peer->channel, now.mono);
	if (!peer_is_direct(peer) && peer_is_warm(peer, now.mono))
		punch_begin(m, now, peer, 0, true);
}

/* The path whose MTU is to be found and watched: the one that carries data. */
static struct path *
mtu_path(struct peer *peer)
{
	struct path *best = peer_best(peer);

	return best == NULL || best->state != PATH_VALID || peer->lighthouse != NULL ||
			peer->stock || !channel_agreed(peer->channel) ?
	    NULL :
	    best;
}

static struct mtu_path
mtu_facts(const struct path *p, usec_t now)
{
	usec_t rtt = p->srtt != 0 ? p->srtt : PATH_RTT_UNKNOWN;

	return (struct mtu_path){
		.patience = max_u64(MTU_PATIENCE_MIN, 2 * rtt + 4 * p->rttvar),
		.heard_at = p->last_rx,
		.busy = p->last_data_tx != 0 && now - p->last_data_tx < MTU_AGAIN,
	};
}

/* A size that the path may carry is tried, and a small packet beside it that it surely does. */
static void
mtu_work(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct path *p = mtu_path(peer);
	struct mtu_path facts;
	uint32_t size;

	if (p == NULL)
		return;
	facts = mtu_facts(p, now.mono);
	size = mtu_tick(&p->mtu, now.mono, &facts);
	upkeep_mtu(peer, out);
	if (size == 0)
		return;
	speak_ping(m, now, peer, p, size, out);
	speak_ping(m, now, peer, p, PING_LEN, out);
}

/* Paths are asked within a session, and by somebody who answers. */
static bool
asks_paths(const struct peer *peer, struct instant now)
{
	return !peer->stock && channel_ready(peer->channel, now);
}

/*
 * The path in use has fallen silent. The one that would take its place is asked as well: it may be
 * as dead, or its NAT has forgotten it.
 */
static void
ask_second(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	struct path *second = hedge_second(peer, now.mono);

	if (second != NULL)
		speak_ping(m, now, peer, second, PING_LEN, out);
}

static void
paths_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	if (!asks_paths(peer, now))
		return;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &peer->paths[i];

		switch (path_tick(p, now.mono, is_measured(peer, p, now.mono),
		    keepalive_of(m, now.mono, peer, p))) {
		case PATH_WANTS_PROBE:
			speak_ping(m, now, peer, p, PING_LEN, out);
			break;
		case PATH_WANTS_HELP:
			if (p == peer_best(peer))
				ask_second(m, now, peer, out);
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

/*
 * The handshake proved one way to a lighthouse. The others are asked now and then, since over
 * another family it sees us at another address, and since they may be needed.
 */
static void
ask_other_ways(struct mesh *m, struct instant now, struct peer *p, struct outbox *out)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths[i];

		if (path->origin == ORIGIN_FIXED && path_is_udp(path) && path->state != PATH_FREE &&
		    path->state != PATH_VALID && path->state != PATH_SUSPECT && !path->metered &&
		    target_allow(&m->targets, now.mono, &path->remote))
			speak_ping(m, now, p, path, PING_LEN, out);
	}
}

static void
lighthouse_tick(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct peer *p = l->peer;
	bool ready = channel_ready(p->channel, now) && p->best != PEER_NO_PATH;

	if (p->best != PEER_NO_PATH && peer_best(p)->state == PATH_SUSPECT &&
	    m->streams.silent_since == 0)
		streams_poke(m, now);
	if (ready && due_reached(l->register_due, now.mono)) {
		if (l->tries >= 4 && l->registered)
			l->registered = false;
		if (l->tries == 0 && path_is_udp(peer_best(p)))
			ask_other_ways(m, now, p, out);
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
	/* A session without a path is as good as none; after the certificate's end none would live. */
	if (p->valid_until >= trust_now(m->trust, now.wall))
		channel_want_fresh(p->channel, now.mono);
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

	if (((work & CHANNEL_HELLO) != 0 || peer->announce) && best != NULL)
		speak_hello(m, now, peer, out);
	peer->announce = false;
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
		peer->past.gave_up_at = now.mono;
		peer->failing_since = 0; /* the next call is a new hope */
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
peer_due(const struct mesh *m, struct peer *peer, struct instant now)
{
	const struct path *measured = mtu_path(peer);
	usec_t due = due_min(channel_next_due(peer->channel), punch_due(m, peer));
	const struct path *best = peer_best(peer);

	due = due_min(due, aim_due(m, now, peer));
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &peer->paths[i];

		if (asks_paths(peer, now))
			due = due_min(due,
			    path_due(p, is_measured(peer, p, now.mono),
				keepalive_of(m, now.mono, peer, p)));
		if (p->state == PATH_VALID && p->held_until > now.mono)
			due = due_min(due, p->held_until);
	}
	due = due_min(due, peer->second_relay_due);
	due = due_min(due, peer->circuit_due);
	due = due_min(due, opener_due(peer));
	if (best != NULL && !peer->stock)
		due = due_min(due, best->last_rx + PATH_STALE_AFTER);
	if (measured != NULL) {
		struct mtu_path facts = mtu_facts(measured, now.mono);

		due = due_min(due, mtu_due(&measured->mtu, &facts));
	}
	if (peer->lighthouse != NULL)
		due = due_min(due, lighthouse_due(peer, now));
	if (channel_ready(peer->channel, now))
		due = due_min(due, peer->candidates_due);
	if (peer->first != NULL && peer->failing_since != 0 && gives_hope(peer, now.mono))
		due = due_min(due, peer->failing_since + UNREACHABLE_AFTER);
	return due;
}

void
upkeep_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	unsigned work;
	usec_t due;

	paths_tick(m, now, peer, out);
	upkeep_choose(m, now, peer, out);
	if (peer->lighthouse != NULL)
		lighthouse_tick(m, now, peer->lighthouse, out);
	work = channel_tick(peer->channel, now);
	roster_retire(m, peer);
	channel_work(m, now, peer, work, out);
	if ((work & CHANNEL_INITIATE) != 0)
		reach_initiate(m, now, peer, out);
	else if ((work & CHANNEL_REPEAT) != 0)
		reach_repeat(m, now, peer, out);
	reach_second_relay(m, now, peer, out);
	relays_ask_again(m, now, peer, out);
	opener_tick(m, now, peer, out);
	if (due_reached(peer->candidates_due, now.mono) && channel_ready(peer->channel, now) &&
	    peer->best != PEER_NO_PATH)
		speak_candidates(m, now, peer, out);
	punch_tick(m, now, peer, out);
	aim_tick(m, now, peer, out);
	mtu_work(m, now, peer, out);
	if (peer->first != NULL && !gives_hope(peer, now.mono))
		mesh_unreachable(m, now, peer, out);
	roster_retire(m, peer);
	due = peer_due(m, peer, now);
	/* Whatever could not be done now, for want of room or path, is not tried without end. */
	if (due != 0 && due <= now.mono && !outbox_half_full(out))
		due = now.mono + 10 * USEC_PER_MS;
	(void)heap_set(&m->timers, &peer->timer, due);
}

void
upkeep_due(struct mesh *m, struct peer *peer, usec_t due)
{
	if (due != 0 && (peer->timer.due == 0 || due < peer->timer.due))
		(void)heap_set(&m->timers, &peer->timer, due);
}

void
upkeep_candidates_changed(struct mesh *m, struct instant now, struct outbox *out)
{
	(void)out;
	m->candidates_seq++;
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		m->lighthouses[i].register_due = now.mono;
		m->lighthouses[i].tries = 0;
		upkeep_due(m, m->lighthouses[i].peer, now.mono);
	}
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		if (p->lighthouse != NULL || p->stock || !channel_ready(p->channel, now))
			continue;
		p->candidates_told = 0;
		p->candidates_due = now.mono;
		upkeep_due(m, p, now.mono);
	}
}
