/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain.c - why a peer is reached as it is, read from what decided it.
 *
 * A peer has a session and a direct path, a session and a relay, or neither. For each there is a
 * list of questions, the most telling first: the first that is answered with yes is the reason.
 */
#include "node/explain.h"
#include "node/mesh_impl.h"

static usec_t
span(usec_t from, usec_t to)
{
	return from != 0 && from < to ? to - from : 0;
}

/* The addresses that were tried, and the packets that went there without an answer. */
static void
count_tries(const struct peer *peer, struct why *ret)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &peer->paths[i];

		if (p->state == PATH_FREE || p->kind == PATH_RELAY)
			continue;
		ret->number[WHY_ADDRESSES]++;
		ret->number[WHY_TRIES] += p->tries;
	}
}

/*
 * Direct
 */

static enum why_code
direct_by(const struct peer *peer, const struct path *best)
{
	if (best->kind == PATH_LAN)
		return WHY_LAN;
	if (peer->lighthouse != NULL || peer->stock || best->origin == ORIGIN_FIXED)
		return WHY_FIXED;
	if (best->remote.family == FAMILY_V6)
		return WHY_IPV6;
	return WHY_PUNCHED;
}

static void
explain_direct(const struct peer *peer, const struct path *best, struct why *ret)
{
	ret->code = direct_by(peer, best);
	ret->at = best->remote;
	ret->number[WHY_RTT] = best->srtt;
}

/*
 * Relayed
 */

/* The direct path that was heard last, or NULL: none ever was. */
static const struct path *
last_direct(const struct peer *peer)
{
	const struct path *last = NULL;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &peer->paths[i];

		if (p->state == PATH_FREE || p->kind == PATH_RELAY || p->valid_since == 0)
			continue;
		if (last == NULL || p->last_rx > last->last_rx)
			last = p;
	}
	return last;
}

static void
explain_relayed(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct path *best, struct why *ret)
{
	const struct path *was = last_direct(peer);

	name_copy(ret->via, best->relay->cert.name);
	ret->number[WHY_NEXT] = span(now.mono, punch_due(m, peer));
	count_tries(peer, ret);
	if (was != NULL) {
		ret->at = was->remote;
		ret->number[WHY_SINCE] = span(was->last_rx, now.mono);
	}
	if (was != NULL && was->state == PATH_VALID && was->held_until > now.mono) {
		ret->code = WHY_HELD_DOWN;
		ret->number[WHY_NEXT] = was->held_until - now.mono;
	} else if (ret->number[WHY_ADDRESSES] == 0) {
		ret->code = WHY_NO_CANDIDATES;
	} else if (was != NULL) {
		ret->code = WHY_WENT_SILENT;
	} else {
		ret->code = peer->punch_round == 0 ? WHY_PUNCHING : WHY_NEVER_ANSWERED;
	}
}

/*
 * Not connected
 */

static bool
any_lighthouse(const struct mesh *m)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		if (m->lighthouses[i].registered)
			return true;
	}
	return m->lighthouse_count == 0;
}

static bool
nobody_knows(const struct mesh *m, const struct peer *peer)
{
	for (size_t i = 0; i < FINDER_SEEKS_MAX; i++) {
		const struct seek *s = &m->finder.seeks[i];

		if (s->state == SEEK_NOTHING && s->by == QUERY_BY_KEY &&
		    memcmp(s->key, peer->key, sizeof(s->key)) == 0)
			return true;
	}
	return false;
}

static enum why_code
unconnected_by(const struct mesh *m, const struct peer *peer, const struct channel_view *c)
{
	if (!c->attempting)
		return WHY_IDLE;
	if (nobody_knows(m, peer))
		return WHY_NOT_REGISTERED;
	if (c->attempts <= 1)
		return WHY_CONNECTING;
	return any_lighthouse(m) ? WHY_NO_ANSWER : WHY_NO_LIGHTHOUSE;
}

static void
explain_unconnected(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct channel_view *c, struct why *ret)
{
	count_tries(peer, ret);
	ret->code = unconnected_by(m, peer, c);
	ret->number[WHY_TRIES] = c->attempts;
	ret->number[WHY_SINCE] = ret->code == WHY_NOT_REGISTERED ?
	    span(peer->heard_at, now.mono) :
	    span(peer->failing_since, now.mono);
}

void
explain_peer(const struct mesh *m, struct instant now, struct peer *peer, struct why *ret)
{
	const struct path *best = peer_best(peer);
	struct channel_view c;

	*ret = (struct why){ 0 };
	channel_view(peer->channel, now, &c);
	if (!c.ready || best == NULL)
		explain_unconnected(m, now, peer, &c, ret);
	else if (best->kind != PATH_RELAY)
		explain_direct(peer, best, ret);
	else
		explain_relayed(m, now, peer, best, ret);
}
