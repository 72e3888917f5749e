/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * roam.c - the ground moves: our addresses change, or a peer's, or this machine has slept.
 *
 * Nothing that was proven before is believed then, and nothing is given up either: every path is
 * asked at once, relays too, and data goes on all that may work until one has answered. Peers are
 * told by a flag of these questions, so that they ask as well and need not first miss us.
 */
#include "node/mesh_impl.h"

/* Housekeeping alone has an engine called more often than that: who was not has slept. */
#define AWAKE_MAX (HOUSEKEEPING_EVERY + 5 * USEC_PER_SEC)

/* Some machines change their routes all the time. */
#define SHAKEN_EVERY (2 * USEC_PER_SEC)

/* For so long our questions say that we have moved. */
#define ROAMING_FOR USEC_PER_SEC

/* A peer's word that it has moved is heard that often. */
#define TOLD_EVERY (500 * USEC_PER_MS)

static void
doubt_paths(struct peer *p, usec_t now)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (p->paths[i].state != PATH_FREE)
			path_doubt(&p->paths[i], now);
	}
}

/* Whatever was tried with `p` is tried again, now. */
static void
unsettle(struct mesh *m, struct instant now, struct peer *p)
{
	p->roamed_at = now.mono;
	doubt_paths(p, now.mono);
	if (m->local_count > 0 && peer_is_warm(p, now.mono) && !p->stock) {
		channel_hurry(p->channel, now.mono);
		if (p->best == PEER_NO_PATH)
			channel_want_fresh(p->channel, now.mono);
		if (p->lighthouse == NULL && !peer_is_direct(p))
			punch_begin(m, now, p, 0, true);
	}
	upkeep_due(m, p, now.mono);
}

/* Lighthouses first, since the others may be behind them. */
static void
unsettle_all(struct mesh *m, struct instant now)
{
	for (size_t i = 0; i < m->lighthouse_count; i++)
		unsettle(m, now, m->lighthouses[i].peer);
	for (uint32_t i = 0; i < m->peer_count; i++) {
		if (m->peers[i]->lighthouse == NULL)
			unsettle(m, now, m->peers[i]);
	}
	streams_network_changed(m, now);
}

void
roam_changed(struct mesh *m, struct instant now, struct outbox *out)
{
	unsettle_all(m, now);
	upkeep_candidates_changed(m, now, out);
}

void
roam_shaken(struct mesh *m, struct instant now)
{
	if (m->shaken_at != 0 && now.mono - m->shaken_at < SHAKEN_EVERY)
		return;
	m->shaken_at = now.mono;
	unsettle_all(m, now);
}

/* Whom we were with when we fell asleep we are still with, and no NAT remembers. */
static void
woke_up(struct mesh *m, struct instant now, usec_t slept, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_WOKE_UP, .level = TRACE_NOTICE };

	f.number = (int64_t)slept;
	outbox_trace(out, &f);
	for (uint32_t i = 0; i < m->peer_count; i++) {
		struct peer *p = m->peers[i];

		if (p->used_at != 0 && peer_is_warm(p, now.mono - slept))
			p->used_at = now.mono;
		if (peer_is_warm(p, now.mono) && !p->stock)
			channel_want_fresh(p->channel, now.mono);
	}
	measure_anew(m, now); /* what was being timed has slept too */
	roam_changed(m, now, out);
}

void
roam_called(struct mesh *m, struct instant now, struct outbox *out)
{
	usec_t before = m->called_at;

	m->called_at = now.mono;
	if (m->started && before != 0 && now.mono - before > AWAKE_MAX)
		woke_up(m, now, now.mono - before, out);
}

bool
roam_is_news(const struct peer *peer, usec_t now)
{
	return peer->roamed_at != 0 && now - peer->roamed_at < ROAMING_FOR;
}

void
roam_told(struct mesh *m, struct instant now, struct peer *peer, const struct path *path)
{
	if (peer->lighthouse != NULL ||
	    (peer->told_roaming_at != 0 && now.mono - peer->told_roaming_at < TOLD_EVERY))
		return;
	peer->told_roaming_at = now.mono;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &peer->paths[i];

		if (p != path && p->state != PATH_FREE && path_is_udp(p))
			path_doubt(p, now.mono);
	}
	upkeep_due(m, peer, now.mono);
}

void
roam_proven(struct mesh *m, struct instant now, struct peer *peer, const struct path *path)
{
	struct path *best = peer_best(peer);

	if (best == NULL || best == path || !path_is_udp(best) || !path_is_udp(path))
		return;
	if (!path->theirs || path->valid_since != now.mono || best->last_rx >= path->heard_since)
		return;
	path_doubt(best, now.mono);
	upkeep_due(m, peer, now.mono);
}
