/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uplink.c - interfaces that lead to the Internet beside the one that the kernel prefers.
 *
 * The main sockets send by the preferred route. Each other uplink has a socket that is bound to its
 * interface, and every direct path a twin on it, which is asked, kept warm and weighed like any
 * other: when the preferred uplink goes silent without a word from the kernel, there is a proven
 * way left. Lighthouses see us by it too, and what they see is a candidate.
 *
 * Two things differ. A lighthouse is asked over it without being moved (PING_MEASURE), or it would
 * follow us to and fro. And where traffic costs money nothing is sent while anything else works.
 */
#include "node/mesh_impl.h"

static struct uplink_socket *
by_socket(struct mesh *m, socket_id id)
{
	for (size_t i = 0; i < m->uplink_count; i++) {
		if (m->uplinks[i].id == id)
			return &m->uplinks[i];
	}
	return NULL;
}

/* The same way as `p`, a path of the main sockets, but by this uplink. */
static void
add_twin(struct mesh *m, struct instant now, struct peer *peer, const struct path *p,
    const struct uplink_socket *u)
{
	struct way way = { .socket = u->id, .addr = p->remote };
	enum path_origin origin = p->origin;
	struct path *twin;

	if (!u->open || p->kind != PATH_DIRECT || p->socket > SOCKET_V6 ||
	    p->remote.family != u->is.family || reach_path(m, now, peer, &way, false) != NULL)
		return;
	twin = reach_path(m, now, peer, &way, true);
	if (twin == NULL)
		return;
	twin->origin = origin;
	twin->metered = u->is.metered;
}

void
uplink_twins(struct mesh *m, struct instant now, struct peer *peer, const struct path *p)
{
	struct path of = *p; /* making room for a twin may take its slot */

	for (size_t i = 0; i < m->uplink_count && !peer->stock; i++)
		add_twin(m, now, peer, &of, &m->uplinks[i]);
}

/* An uplink is there from now on: what we know, we might reach by it as well. */
static void
begin(struct mesh *m, struct instant now, struct peer *peer)
{
	struct path known[PEER_PATHS_MAX];

	memcpy(known, peer->paths, sizeof(known));
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (known[i].state != PATH_FREE)
			uplink_twins(m, now, peer, &known[i]);
	}
	if (peer->lighthouse == NULL && channel_ready(peer->channel, now) &&
	    peer_is_warm(peer, now.mono))
		punch_news(m, now, peer);
	if (peer->lighthouse != NULL)
		peer->lighthouse->register_due = now.mono;
	upkeep_due(m, peer, now.mono);
}

void
uplink_opened(struct mesh *m, struct instant now, socket_id id, const struct addr *local)
{
	struct uplink_socket *u = by_socket(m, id);

	if (u == NULL)
		return;
	if (local->family == FAMILY_NONE) {
		u->id = SOCKET_NONE;
		return;
	}
	u->open = true;
	for (uint32_t i = 0; i < m->peer_count; i++)
		begin(m, now, m->peers[i]);
}

/* Its paths end with its socket. */
static void
end(struct mesh *m, struct instant now, struct uplink_socket *u, struct outbox *out)
{
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *peer = m->peers[i];

		for (size_t k = 0; k < PEER_PATHS_MAX; k++) {
			struct path *p = &peer->paths[k];

			if (p->state != PATH_FREE && p->relay == NULL && p->socket == u->id)
				peer_drop_path(peer, p);
		}
		upkeep_choose(m, now, peer, out);
		upkeep_due(m, peer, now.mono);
	}
	sockets_close(&m->sockets, u->id, out);
	*u = m->uplinks[--m->uplink_count];
}

static const struct uplink *
find(const struct uplink *uplinks, size_t n, const struct uplink *like)
{
	for (size_t i = 0; i < n; i++) {
		if (uplinks[i].ifindex == like->ifindex && uplinks[i].family == like->family &&
		    uplinks[i].metered == like->metered)
			return &uplinks[i];
	}
	return NULL;
}

static bool
has(const struct mesh *m, const struct uplink *u)
{
	for (size_t i = 0; i < m->uplink_count; i++) {
		if (find(u, 1, &m->uplinks[i].is) != NULL)
			return true;
	}
	return false;
}

/*
 * One that has become the preferred one keeps its socket: its paths are proven, those of the main
 * sockets have to be asked whether they work there.
 */
void
mesh_uplinks(struct mesh *m, struct instant now, const struct uplink *uplinks, size_t n,
    struct outbox *out)
{
	size_t before = m->uplink_count;

	for (size_t i = m->uplink_count; i-- > 0;) {
		if (find(uplinks, n, &m->uplinks[i].is) == NULL)
			end(m, now, &m->uplinks[i], out);
	}
	if (m->uplink_count != before && m->started)
		upkeep_candidates_changed(m, now, out);
	for (size_t i = 0; i < n && m->uplink_count < MESH_UPLINKS_MAX; i++) {
		struct uplink_socket *u = &m->uplinks[m->uplink_count];

		if (uplinks[i].preferred || has(m, &uplinks[i]))
			continue;
		*u = (struct uplink_socket){ .is = uplinks[i] };
		u->id = sockets_open_on(&m->sockets, SOCKET_OF_UPLINK, uplinks[i].ifindex,
		    uplinks[i].family, out);
		if (u->id != SOCKET_NONE)
			m->uplink_count++;
	}
}

bool
uplink_observed(struct mesh *m, struct instant now, const struct path *path,
    const struct addr *seen, struct outbox *out)
{
	struct uplink_socket *u = path->relay == NULL ? by_socket(m, path->socket) : NULL;

	if (u == NULL)
		return false;
	if (addr_equal(&u->observed, seen))
		return true;
	u->observed = *seen;
	if (!u->is.metered)
		upkeep_candidates_changed(m, now, out);
	return true;
}

void
uplink_candidates(const struct mesh *m, struct eps *to)
{
	for (size_t i = 0; i < m->uplink_count; i++) {
		const struct uplink_socket *u = &m->uplinks[i];

		if (u->observed.family != FAMILY_NONE && !u->is.metered)
			eps_add(to, EP_REFLEXIVE, &u->observed);
	}
}

bool
uplink_is(const struct mesh *m, const struct path *path)
{
	for (size_t i = 0; i < m->uplink_count && path->relay == NULL; i++) {
		if (m->uplinks[i].id == path->socket)
			return true;
	}
	return false;
}
