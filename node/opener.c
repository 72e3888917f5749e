/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * opener.c - for each path when it was opened, for each peer when its handshake may follow.
 */
#include "node/mesh_impl.h"

#define LEAD       (15 * USEC_PER_MS) /* less than between the first two steps of a burst */
#define FOLLOWS    (20 * USEC_PER_MS)
#define LASTS      (5 * USEC_PER_SEC) /* a burst; the next one opens anew */
#define HOPS_GUESS 2                  /* past one router, and not to another one */

uint8_t
opener_hops(const struct mesh *m)
{
	if (m->netcheck.hops != 0)
		return m->netcheck.hops;
	return m->nat.mapping == NAT_MAPPING_NONE ? 1 : HOPS_GUESS;
}

/* May its peer's router take a stranger's packet for a flow of its own, and would that matter? */
static bool
is_shy(const struct peer *peer, const struct path *p, usec_t now)
{
	if (!path_is_udp(p) || p->kind != PATH_DIRECT || p->remote.family != FAMILY_V4 ||
	    p->mapped || peer->same_site || peer->stock || peer->lighthouse != NULL)
		return false;
	/* What nobody but a lighthouse names has few packets, and none of them for this. */
	if (p->origin != ORIGIN_SEEN && p->origin != ORIGIN_PEER)
		return false;
	if (p->last_rx != 0 && now - p->last_rx < PATH_NEWS_AFTER)
		return false;
	return !peer->has_nat ||
	    (peer->nat.mapping == NAT_MAPPING_ENDPOINT &&
		peer->nat.filtering != NAT_FILTERING_ENDPOINT &&
		peer->nat.filtering != NAT_FILTERING_ADDRESS);
}

/* An OPEN, since it is short and does no harm where it arrives after all. */
static void
send_opener(const struct mesh *m, const struct peer *peer, const struct path *p, struct outbox *out)
{
	uint8_t *room = outbox_room(out, OPEN_LEN);

	if (room == NULL)
		return;
	noise_open_make(room, peer->open_key, OPEN_CALL, peer->introduction);
	outbox_to_net_ttl(out, p->socket, &p->remote, room, OPEN_LEN, opener_hops(m));
}

bool
opener_first(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out)
{
	if (!is_shy(peer, path, now.mono))
		return false;
	if (path->opened == 0 || now.mono - path->opened > LASTS) {
		path->opened = now.mono;
		peer->opened_at = now.mono;
		send_opener(m, peer, path, out);
		upkeep_due(m, peer, opener_due(peer));
	}
	return now.mono - path->opened < LEAD;
}

usec_t
opener_due(const struct peer *peer)
{
	return peer->opened_at == 0 ? 0 : peer->opened_at + FOLLOWS;
}

void
opener_tick(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	const uint8_t *msg;
	int n;

	if (!due_reached(opener_due(peer), now.mono))
		return;
	peer->opened_at = 0;
	n = channel_attempt(peer->channel, now.mono, &msg);
	for (size_t i = 0; i < PEER_PATHS_MAX && n > 0; i++) {
		struct path *p = &peer->paths[i];
		struct way way = way_of(p);

		if (p->state == PATH_FREE || p->opened == 0 || p->last_tx >= p->opened ||
		    !reach_may_try(m, now, peer, p, (size_t)n))
			continue;
		p->tries++;
		p->tx_unproven += (size_t)n;
		p->last_tx = now.mono;
		reach_send_copy(m, now, &way, msg, (size_t)n, out);
	}
}
