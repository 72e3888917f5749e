/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * roster.c - who our peers are: one for each member that we talk to, found by key and by index.
 */
#include "core/grow.h"
#include "node/mesh_impl.h"

#include <stdlib.h>

struct trace_fact
fact_of(const struct peer *p, enum trace_what what, enum trace_level level)
{
	struct trace_fact f = { .what = what, .level = level };

	name_copy(f.name, p->cert.name);
	return f;
}

struct peer *
roster_by_key(const struct mesh *m, const uint8_t key[static 32])
{
	return table_get(&m->by_key, key);
}

struct peer *
roster_by_name(const struct mesh *m, const char *name)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		if (strcmp(m->peers[i]->cert.name, name) == 0)
			return m->peers[i];
	}
	return NULL;
}

void
roster_routes(const struct peer *p, bool add, struct outbox *out)
{
	for (uint32_t i = 0; i < p->cert.address_count; i++) {
		struct prefix to = p->cert.addresses[i];

		outbox_route(out, to, peer_mtu(p, to.ip.family), add);
	}
}

static bool
accepts_routes_of(const struct mesh *m, const struct peer *p)
{
	for (size_t i = 0; i < m->accept_route_count; i++) {
		if (strcmp(m->accept_routes[i], p->cert.name) == 0)
			return true;
	}
	return false;
}

/* In the list of peers, for one more. */
static bool
has_room(struct mesh *m)
{
	struct peer **more = grow(m->peers, &m->peer_room, m->peer_count, sizeof(*more),
	    m->peers_max);

	if (more != NULL)
		m->peers = more;
	return more != NULL;
}

static struct peer *
make_peer(struct mesh *m, struct instant now, const struct member *member)
{
	struct channel_config c = {
		.self = &m->self,
		.rng = &m->rng,
		.stock = (member->flags & CERT_STOCK) != 0,
		.deferral = m->deferral,
		.caps = m->caps,
	};
	struct peer *p;

	memcpy(c.key, member->key, sizeof(c.key));
	memcpy(c.psk, m->psk, sizeof(c.psk));
	p = peer_new(member, now, m->valid_until, &c);
	crypto_wipe(&c, sizeof(c));
	if (p == NULL)
		return NULL;
	if (!has_room(m) || heap_reserve(&m->timers, m->peer_count + 1) < 0 ||
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

/*
 * The peer that could be done without most easily, if there is one. It is none that is heard right
 * now, for it may be at its words, or at what came through it, that room is needed.
 */
static struct peer *
idle_peer(const struct mesh *m, usec_t now)
{
	struct peer *idle = NULL;

	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		if (p->lighthouse == NULL && !p->stock && !peer_is_warm(p, now) &&
		    p->first == NULL && p->heard_at != now &&
		    (idle == NULL || p->heard_at < idle->heard_at))
			idle = p;
	}
	return idle;
}

struct peer *
roster_peer(struct mesh *m, struct instant now, const struct member *member, struct outbox *out)
{
	struct peer *p = roster_by_key(m, member->key);

	if (p != NULL || crypto_equal(member->key, m->self.public, sizeof(member->key)))
		return p;
	if (m->peer_count == m->peers_max) {
		struct peer *idle = idle_peer(m, now.mono);

		if (idle == NULL)
			return NULL;
		roster_forget(m, now, idle, out);
	}
	p = make_peer(m, now, member);
	if (p == NULL)
		return NULL;
	if (route_add(&m->routes, p, accepts_routes_of(m, p)) < 0) {
		roster_forget(m, now, p, out);
		return NULL;
	}
	roster_routes(p, true, out);
	recall_endpoints(m, now, p);
	lan_recall(m, now, p);
	return p;
}

/* Does it say the same of who it is and where it lives? */
static bool
same_place(const struct cert *a, const struct cert *b)
{
	return strcmp(a->name, b->name) == 0 && a->address_count == b->address_count &&
	    a->route_count == b->route_count &&
	    memcmp(a->addresses, b->addresses, a->address_count * sizeof(a->addresses[0])) == 0 &&
	    memcmp(a->routes, b->routes, a->route_count * sizeof(a->routes[0])) == 0;
}

void
roster_renew(struct mesh *m, struct instant now, struct peer *peer, const struct member *member,
    struct outbox *out)
{
	struct cert cert;

	member_cert(member, &cert);
	if (same_place(&peer->cert, &cert)) {
		peer_renew(peer, now, member);
		return;
	}
	route_remove(&m->routes, peer);
	roster_routes(peer, false, out);
	peer_renew(peer, now, member);
	/* Without memory it is found at fewer addresses than it has. */
	if (route_add(&m->routes, peer, accepts_routes_of(m, peer)) == 0)
		roster_routes(peer, true, out);
}

void
roster_retire(struct mesh *m, struct peer *peer)
{
	uint32_t index;

	while ((index = channel_retired(peer->channel)) != 0)
		table_del(&m->by_index, &index);
}

uint32_t
roster_index(struct mesh *m)
{
	uint32_t index;

	do {
		index = rng_u32(&m->rng);
	} while (index == 0 || table_get(&m->by_index, &index) != NULL);
	return index;
}

void
roster_end(struct mesh *m, struct peer *peer)
{
	door_forget(m->door, channel_accepted(peer->channel));
	channel_close(peer->channel);
	roster_retire(m, peer);
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
roster_forget(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	assert(peer->lighthouse == NULL);
	carry_left(m, now, peer, out);
	relays_forget(m, now, peer, out);
	roster_end(m, peer);
	forget_circuits(m, peer);
	aim_forget(m, peer);
	sockets_leave(&m->sockets, peer, out);
	route_remove(&m->routes, peer);
	if (!peer->superseded) /* or they may be its successor's by now */
		roster_routes(peer, false, out);
	table_del(&m->by_key, peer->key);
	(void)heap_set(&m->timers, &peer->timer, 0);
	m->peers[peer->at] = m->peers[--m->peer_count];
	m->peers[peer->at]->at = peer->at;
	peer_free(peer);
}

void
roster_supersede(struct mesh *m, struct peer *peer, struct outbox *out)
{
	route_remove(&m->routes, peer);
	roster_routes(peer, false, out);
	peer->superseded = true;
	m->any_superseded = true;
}

void
roster_sweep(struct mesh *m, struct instant now, struct outbox *out)
{
	if (!m->any_superseded)
		return;
	m->any_superseded = false;
	for (uint32_t i = m->peer_count; i-- > 0;) {
		if (m->peers[i]->superseded)
			roster_forget(m, now, m->peers[i], out);
	}
}
