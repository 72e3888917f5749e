/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relays.c - relays known, tried, kept, and put in order.
 */
#include "node/relays.h"
#include "node/mesh_impl.h"

#define LOOK_EVERY	 USEC_PER_SEC		/* while somebody needs a relay */
#define LOOK_SELDOM	 (10 * USEC_PER_SEC)
#define CALL_FOR	 (5 * USEC_PER_SEC)	/* without an answer: another one is tried */
#define REST_UNREACHED	 (60 * USEC_PER_SEC)
#define REST_TOO_FAR	 (600 * USEC_PER_SEC)
#define REST_NO_RELAY	 (600 * USEC_PER_SEC)
#define CANDIDATE_RELAYS (MESH_LIGHTHOUSES_MAX + RELAYS_KNOWN_MAX)

/*
 * What is known
 */

static struct relay_known *
row_of(struct mesh *m, const uint8_t key[static 32])
{
	for (size_t i = 0; i < RELAYS_KNOWN_MAX; i++) {
		struct relay_known *r = &m->relays.row[i];

		if (r->told_at != 0 && memcmp(r->key, key, sizeof(r->key)) == 0)
			return r;
	}
	return NULL;
}

/* A free row, or that of which nobody has spoken for longest and which we do not use. */
static struct relay_known *
spare_row(struct mesh *m)
{
	struct relay_known *spare = NULL;

	for (size_t i = 0; i < RELAYS_KNOWN_MAX; i++) {
		struct relay_known *r = &m->relays.row[i];
		const struct peer *p = roster_by_key(m, r->key);

		if (p != NULL && p->relays_for_us)
			continue;
		if (spare == NULL || r->told_at < spare->told_at)
			spare = r;
	}
	return spare;
}

static bool
is_lighthouse(const struct mesh *m, const uint8_t key[static 32])
{
	const struct peer *p = roster_by_key(m, key);

	return p != NULL && p->lighthouse != NULL;
}

static void
told_one(struct mesh *m, struct instant now, const uint8_t key[static 32])
{
	struct relay_known *r = row_of(m, key);

	if (r == NULL && (crypto_equal(key, m->self.public, 32) || is_lighthouse(m, key)))
		return;
	if (r == NULL) {
		r = spare_row(m);
		if (r == NULL)
			return;
		*r = (struct relay_known){ 0 };
		memcpy(r->key, key, sizeof(r->key));
		relays_look(m, now, 0);
	}
	r->told_at = now.mono;
}

void
relays_told(struct mesh *m, struct instant now, const struct relays *told)
{
	for (size_t i = 0; i < told->n; i++)
		told_one(m, now, told->key[i]);
}

void
relays_look(struct mesh *m, struct instant now, usec_t delay)
{
	m->relays.due = due_min(m->relays.due, now.mono + delay);
}

/*
 * What can be used, and in which order
 */

static bool
can_relay(const struct peer *p, struct instant now)
{
	return p != NULL && (p->cert.flags & CERT_RELAY) != 0 && !p->stock &&
	    now.mono >= p->relays_not_until && channel_ready(p->channel, now) &&
	    peer_is_direct(p);
}

/* How far it is from us. */
static usec_t
rtt_to(const struct peer *relay)
{
	const struct path *p = &relay->paths[relay->best];

	return p->srtt != 0 ? p->srtt : PATH_RTT_UNKNOWN;
}

/* Puts `p` where it belongs among `n` that are in order, if it can be used. How many there are. */
static size_t
insert(struct peer **to, size_t n, struct peer *p, struct instant now)
{
	size_t at = n;

	if (!can_relay(p, now))
		return n;
	for (; at > 0 && rtt_to(to[at - 1]) > rtt_to(p); at--)
		to[at] = to[at - 1];
	to[at] = p;
	return n + 1;
}

/* All that can be used now, the nearest first. */
static size_t
usable(const struct mesh *m, struct instant now, struct peer *ret[static CANDIDATE_RELAYS])
{
	size_t n = 0;

	for (size_t i = 0; i < m->lighthouse_count; i++)
		n = insert(ret, n, m->lighthouses[i].peer, now);
	for (size_t i = 0; i < RELAYS_KNOWN_MAX; i++) {
		if (m->relays.row[i].told_at != 0)
			n = insert(ret, n, roster_by_key(m, m->relays.row[i].key), now);
	}
	return n;
}

/* The place that `peer` gives to the relay among its own, or how many it names. */
static size_t
place_at(const struct peer *peer, const struct peer *relay)
{
	size_t i = 0;

	while (i < peer->relays.n && memcmp(peer->relays.key[i], relay->key, 32) != 0)
		i++;
	return i;
}

/* Does anybody here talk to it, for its own sake? */
static bool
is_in_business(const struct peer *p, usec_t now)
{
	return p->used_at != 0 && now - p->used_at < PEER_WARM;
}

size_t
relays_for(struct mesh *m, struct instant now, const struct peer *peer,
    struct peer *ret[static RELAYS_USED])
{
	struct peer *all[CANDIDATE_RELAYS];
	size_t cost[RELAYS_USED];
	size_t n = usable(m, now, all), kept = 0;

	if (!is_in_business(peer, now.mono))
		return 0;
	for (size_t i = 0; i < n; i++) {
		size_t place = place_at(peer, all[i]), at;
		/* In common, by both places; the others behind all of those. */
		size_t c = i + place + (place == peer->relays.n ? CANDIDATE_RELAYS : 0);

		if (all[i] == peer || (kept == RELAYS_USED && cost[kept - 1] <= c) ||
		    refusals_hold(&peer->refusals, now.mono, all[i]->key))
			continue;
		at = kept < RELAYS_USED ? kept++ : RELAYS_USED - 1;
		for (; at > 0 && cost[at - 1] > c; at--) {
			ret[at] = ret[at - 1];
			cost[at] = cost[at - 1];
		}
		ret[at] = all[i];
		cost[at] = c;
	}
	return kept;
}

bool
relays_best_first(struct mesh *m, struct instant now, const struct peer *peer,
    const struct path *path)
{
	struct peer *best[RELAYS_USED];

	return path->kind != PATH_RELAY || relays_for(m, now, peer, best) == 0 ||
	    path->relay == best[0];
}

/*
 * What is needed
 */

/* Is it somebody whom we talk to, and who has no direct path? */
static bool
is_needy(const struct peer *p, usec_t now)
{
	return p->lighthouse == NULL && !p->stock && !peer_is_direct(p) && is_in_business(p, now);
}

static bool
anybody_needy(const struct mesh *m, usec_t now)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		if (is_needy(m->peers[i], now))
			return true;
	}
	return false;
}

/* Does data go over it at the moment? */
static bool
is_in_use(const struct mesh *m, const struct peer *relay)
{
	for (size_t i = 0; i < m->relaying.count; i++) {
		const struct circuit *c = m->relaying.all[i];
		struct peer *p = c->relay == relay ? roster_by_key(m, c->key) : NULL;

		if (p != NULL && peer_best(p) != NULL && peer_best(p)->relay == relay)
			return true;
	}
	return false;
}

/* How many of all relays are nearer than this one? */
static size_t
nearer(const struct mesh *m, struct instant now, const struct peer *relay)
{
	struct peer *all[CANDIDATE_RELAYS];
	size_t n = usable(m, now, all), i = 0;

	while (i < n && all[i] != relay)
		i++;
	return i;
}

static bool
lighthouse_relays(const struct mesh *m, struct instant now)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		if (can_relay(m->lighthouses[i].peer, now))
			return true;
	}
	return false;
}

/* One that is there is kept if it is among the nearest `want`, not measured yet, or in use. */
static bool
is_worth(const struct mesh *m, struct instant now, const struct peer *relay, size_t want)
{
	return want > 0 && (relay->paths[relay->best].srtt == 0 || nearer(m, now, relay) < want ||
	    is_in_use(m, relay));
}

/* The peer is found by its key, and called. */
static void
call(struct mesh *m, struct instant now, struct relay_known *r, struct outbox *out)
{
	const struct member *member = members_get(m->members, r->key);
	struct peer *p = roster_by_key(m, r->key);

	if (r->called_at == 0)
		r->called_at = now.mono;
	if (p == NULL && member != NULL && !member->superseded)
		p = roster_peer(m, now, member, out);
	if (p == NULL) {
		reach_look_up(m, now, r->key);
		return;
	}
	p->relays_for_us = true;
	reach_want(m, now, p, out);
}

static void
let_go(struct relay_known *r, struct peer *p)
{
	r->called_at = 0;
	if (p != NULL)
		p->relays_for_us = false;
}

/* One that cannot be used now: may it be called? */
static bool
may_call(const struct mesh *m, struct instant now, const struct relay_known *r, size_t want)
{
	struct peer *all[CANDIDATE_RELAYS];

	return want > 0 && now.mono >= r->rest_until &&
	    (now.mono >= r->far_until || usable(m, now, all) < want);
}

/* One row: is it to be kept, called, or let go? Returns whether it is being called. */
static bool
look_at(struct mesh *m, struct instant now, struct relay_known *r, size_t want, bool room,
    struct outbox *out)
{
	struct peer *p = roster_by_key(m, r->key);

	if (can_relay(p, now)) {
		r->called_at = 0;
		if (is_worth(m, now, p, want)) {
			p->relays_for_us = true;
		} else if (p->relays_for_us) {
			let_go(r, p);
			r->far_until = want == 0 ? 0 : now.mono + REST_TOO_FAR;
		}
		return false;
	}
	if (p != NULL && (p->cert.flags & CERT_RELAY) == 0) {
		let_go(r, p);
		r->rest_until = now.mono + REST_NO_RELAY;
	}
	if (r->called_at != 0 && now.mono - r->called_at > CALL_FOR) {
		let_go(r, p);
		r->rest_until = now.mono + REST_UNREACHED;
	}
	if (!room || !may_call(m, now, r, want))
		return false;
	call(m, now, r, out);
	return true;
}

/* Is it named by one who needs a relay? Then it is tried before others. */
static bool
is_named(const struct mesh *m, usec_t now, const struct relay_known *r)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		const struct peer *p = m->peers[i];

		for (size_t k = 0; k < p->relays.n; k++) {
			if (memcmp(p->relays.key[k], r->key, 32) == 0 && is_needy(p, now))
				return true;
		}
	}
	return false;
}

static void
look_at_all(struct mesh *m, struct instant now, size_t want, struct outbox *out)
{
	size_t calls = 0;

	for (int named = 1; named >= 0; named--) {
		for (size_t i = 0; i < RELAYS_KNOWN_MAX; i++) {
			struct relay_known *r = &m->relays.row[i];

			if (r->told_at != 0 && is_named(m, now.mono, r) == (named == 1))
				calls += look_at(m, now, r, want, calls < RELAYS_TRIED, out);
		}
	}
}

/* Is `key` among them? */
static bool
is_among(const struct relays *l, const uint8_t key[static 32])
{
	for (size_t i = 0; i < l->n; i++) {
		if (memcmp(l->key[i], key, 32) == 0)
			return true;
	}
	return false;
}

/* The relays through which we are reached; a change of order alone is no news. */
static void
note_own(struct mesh *m, struct instant now, struct outbox *out)
{
	struct peer *all[CANDIDATE_RELAYS];
	size_t n = usable(m, now, all);
	struct relays own = { 0 };
	bool same = true;

	for (size_t i = 0; i < n && own.n < WIRE_RELAYS_MAX; i++) {
		if (all[i]->lighthouse != NULL ? all[i]->lighthouse->registered :
						 all[i]->relays_for_us)
			memcpy(own.key[own.n++], all[i]->key, 32);
	}
	for (size_t i = 0; i < own.n; i++)
		same &= is_among(&m->relays.own, own.key[i]);
	if (same && own.n == m->relays.own.n)
		return;
	m->relays.own = own;
	upkeep_candidates_changed(m, now, out);
}

/* A peer with a session gets paths over the best relays that there are now. */
static void
offer_to(struct mesh *m, struct instant now, struct peer *p, struct outbox *out)
{
	reach_add_relays(m, now, p, out);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths[i];

		if (path->kind == PATH_RELAY && path->state == PATH_NEW)
			speak_ping(m, now, p, path, PING_LEN, out);
	}
}

/* So does everybody who is relayed. */
static void
offer(struct mesh *m, struct instant now, struct outbox *out)
{
	for (uint32_t i = 0; i < m->peer_count && !outbox_half_full(out); i++) {
		struct peer *p = m->peers[i];

		if (is_needy(p, now.mono) && channel_ready(p->channel, now))
			offer_to(m, now, p, out);
	}
}

void
relays_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	bool needy, known = false;
	size_t want;

	if (!due_reached(m->relays.due, now.mono))
		return;
	for (size_t i = 0; i < RELAYS_KNOWN_MAX; i++)
		known |= m->relays.row[i].told_at != 0;
	needy = known && anybody_needy(m, now.mono);
	want = needy ? RELAYS_USED : !lighthouse_relays(m, now);
	m->relays.due = now.mono + (needy || (known && want > 0) ? LOOK_EVERY : LOOK_SELDOM);
	if (known)
		look_at_all(m, now, want, out);
	note_own(m, now, out);
	if (needy)
		offer(m, now, out);
}

usec_t
relays_due(const struct mesh *m)
{
	return m->relays.due;
}

/*
 * What is gone
 */

/* A circuit through `relay`, or NULL. */
static struct circuit *
circuit_over(const struct mesh *m, const struct peer *relay)
{
	for (size_t i = 0; i < m->relaying.count; i++) {
		if (m->relaying.all[i]->relay == relay)
			return m->relaying.all[i];
	}
	return NULL;
}

void
relays_refused(struct mesh *m, struct instant now, struct peer *relay, struct outbox *out)
{
	struct relay_known *r = row_of(m, relay->key);
	struct circuit *c;

	relay->relays_not_until = now.mono + REST_NO_RELAY;
	if (r != NULL) {
		let_go(r, relay);
		r->rest_until = relay->relays_not_until;
	}
	while ((c = circuit_over(m, relay)) != NULL)
		speak_circuit_over(m, now, relay, c->id, out);
	relays_look(m, now, 0);
}

void
relays_ask_again(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	if (!due_reached(peer->circuit_due, now.mono))
		return;
	peer->circuit_due = 0;
	if (peer->best != PEER_NO_PATH || !peer_is_warm(peer, now.mono))
		return;
	if (channel_ready(peer->channel, now))
		offer_to(m, now, peer, out);
	else
		reach_by_relays(m, now, peer, out);
	peer->circuit_due = refusals_due(&peer->refusals, now.mono);
}

/* Doubts, or drops, every path that goes over `relay`. */
static void
paths_over(struct mesh *m, struct instant now, const struct peer *relay, bool drop,
    struct outbox *out)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		for (size_t k = 0; k < PEER_PATHS_MAX; k++) {
			struct path *path = &p->paths[k];

			if (path->state == PATH_FREE || path->relay != relay)
				continue;
			if (drop)
				peer_drop_path(p, path);
			else
				path_doubt(path, now.mono);
			upkeep_due(m, p, now.mono);
		}
		if (drop)
			upkeep_choose(m, now, p, out);
	}
}

void
relays_lost(struct mesh *m, struct instant now, const struct peer *relay, struct outbox *out)
{
	if (!relay->has_relayed)
		return;
	paths_over(m, now, relay, false, out);
	relays_look(m, now, 0);
}

void
relays_forget(struct mesh *m, struct instant now, const struct peer *relay, struct outbox *out)
{
	if (relay->has_relayed)
		paths_over(m, now, relay, true, out);
}
