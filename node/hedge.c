/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hedge.c - which packets are sent twice, and where.
 */
#include "node/hedge.h"

#include "node/peer.h"

/* An unproven address that was heard so long ago says nothing of where the peer is now. */
#define HEARD_LATELY USEC_PER_SEC

void
hedge_switched(struct hedge *h, usec_t now)
{
	h->switched_at = now;
}

void
hedge_elsewhere(struct hedge *h, usec_t now)
{
	h->elsewhere_at = now;
}

static bool
is_lately(usec_t at, usec_t now)
{
	return at != 0 && now - at < HEARD_LATELY;
}

/* The allowance is full a second after it was empty. */
static bool
pay(struct hedge *h, usec_t now, size_t len)
{
	usec_t cost = len * USEC_PER_SEC / HEDGE_BURST;
	usec_t empty_at = max_u64(h->empty_at, now > USEC_PER_SEC ? now - USEC_PER_SEC : 0) + cost;

	if (empty_at > now)
		return false;
	h->empty_at = empty_at;
	h->packets++;
	h->bytes += len;
	return true;
}

/* Has it been heard later than the path in use, without being proven yet? */
static bool
is_rumour(const struct path *p, const struct path *best, usec_t now, size_t len)
{
	return (p->state == PATH_NEW || p->state == PATH_PROBING || p->state == PATH_DEAD) &&
	       p->last_rx > best->last_rx && is_lately(p->last_rx, now) &&
	       path_may_send(p, len + DATA_MIN);
}

static struct path *
rumour(struct peer *peer, usec_t now, size_t len)
{
	const struct path *best = peer_best(peer);
	struct path *latest = NULL;

	/* Every packet asks, and nearly always nothing was heard but on the path in use. */
	if (!is_lately(peer->hedge.elsewhere_at, now) && !is_lately(peer->hedge.switched_at, now))
		return NULL;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &peer->paths[i];

		if (is_rumour(p, best, now, len) && (latest == NULL || p->last_rx > latest->last_rx))
			latest = p;
	}
	return latest;
}

struct path *
hedge_second(struct peer *peer, usec_t now)
{
	struct path *next = NULL;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &peer->paths[i];

		if ((int)i == peer->best || p->state != PATH_VALID || !path_works(p, now))
			continue;
		if (next == NULL || path_score(p) < path_score(next))
			next = p;
	}
	return next;
}

size_t
hedge_ways(struct peer *peer, usec_t now, size_t len, struct path *ways[static HEDGE_WAYS_MAX])
{
	struct hedge *h = &peer->hedge;
	const struct path *best = peer_best(peer);
	bool small = len <= HEDGE_SMALL;
	bool fresh = h->switched_at != 0 && now - h->switched_at < HEDGE_AFTER_SWITCH;
	struct path *other;
	size_t n = 0;

	if (best == NULL || peer->stock || peer->lighthouse != NULL)
		return 0;
	other = rumour(peer, now, len);
	if (other != NULL && pay(h, now, len))
		ways[n++] = other;
	if (best->state != PATH_SUSPECT && !(small && (fresh || path_in_doubt(best, now))))
		return n;
	other = hedge_second(peer, now);
	if (other != NULL && pay(h, now, len))
		ways[n++] = other;
	return n;
}
