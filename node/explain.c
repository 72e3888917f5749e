/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain.c - why a peer is reached as it is, read from what decided it.
 *
 * A peer has a session and a direct path, a session and a relay, or neither. For each there is a
 * list of questions, the most telling first: the first that is answered with yes is the reason.
 */
#include "node/explain.h"
#include "node/mesh_impl.h"
#include "node/tell.h"

void
explain_count_tries(const struct peer *peer, struct why *ret)
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

/* Every flow gets a port of its own, so that nobody can call us where a lighthouse saw us. */
static bool
is_symmetric(const struct nat *nat)
{
	return nat->mapping == NAT_MAPPING_ADDRESS || nat->mapping == NAT_MAPPING_PORT;
}

/* Has one side no NAT, so that the other one can simply call it? */
static bool
is_open(const struct mesh *m, const struct peer *peer)
{
	return m->nat.mapping == NAT_MAPPING_NONE ||
	       (peer->has_nat && peer->nat.mapping == NAT_MAPPING_NONE);
}

/* The mapping through which we are reached from the Internet, or one of no use, or NULL. */
static const struct mapping *
own_mapping(const struct mesh *m, bool double_nat)
{
	for (size_t i = 0; i < m->mapped_count; i++) {
		if (mapping_judged(m, &m->mapped[i]).double_nat == double_nat)
			return &m->mapped[i];
	}
	return NULL;
}

/* Are ports searched by it, not foretold? */
static bool
is_search(uint8_t technique)
{
	return technique == AIM_BIRTHDAY || technique == AIM_LOUD;
}

static enum why_code
direct_by(const struct mesh *m, const struct peer *peer, const struct path *best)
{
	if (best->kind == PATH_STREAM)
		return WHY_UDP_BLOCKED_HERE;
	if (peer->lighthouse != NULL || peer->stock || best->origin == ORIGIN_FIXED)
		return WHY_FIXED;
	if (best->kind == PATH_LAN)
		return WHY_LAN;
	if (best->remote.family == FAMILY_V6)
		return WHY_IPV6;
	if (is_open(m, peer))
		return WHY_OPEN;
	if (best->precious && peer->aimed.won)
		return is_search(peer->aimed.technique) ? WHY_BIRTHDAY : WHY_PREDICTED;
	if (best->mapped || (is_symmetric(&m->nat) && own_mapping(m, false) != NULL))
		return WHY_MAPPED;
	return WHY_PUNCHED;
}

static usec_t
udp_silent(const struct mesh *m, struct instant now)
{
	return explain_span(m->streams.silent_since, now.mono);
}

static void
explain_direct(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct path *best, struct why *ret)
{
	ret->code = direct_by(m, peer, best);
	ret->at = best->remote;
	ret->number[WHY_RTT] = best->srtt;
	if (ret->code == WHY_UDP_BLOCKED_HERE)
		ret->number[WHY_SINCE] = udp_silent(m, now);
}

/*
 * Relayed
 */

/* One of us has no UDP. */
static bool
is_udp_blocked(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct path *best, struct why *ret)
{
	const struct path *under = peer_best(best->relay);
	const struct told *told = tell_lately(peer, now.mono);

	if (under != NULL && under->kind == PATH_STREAM) {
		ret->code = WHY_UDP_BLOCKED_HERE;
		ret->number[WHY_SINCE] = udp_silent(m, now);
		return true;
	}
	if (!peer->unseen && (told == NULL || told->why.code != WHY_UDP_BLOCKED_HERE))
		return false;
	ret->code = WHY_UDP_BLOCKED_THERE;
	return true;
}

/* Something better than simultaneous open is being done about NATs that it does not get through. */
static bool
is_aiming(const struct mesh *m, const struct peer *peer, struct why *ret)
{
	if (peer->attempt == NULL || aim_plan(m, peer).late)
		return false;
	ret->code = is_search(peer->attempt->technique) ? WHY_BIRTHDAY_RUNNING : WHY_PREDICTING;
	ret->number[WHY_TRIES] = peer->aimed.tries + 1;
	return true;
}

/* It has been done, and failed; or it waits until a search for somebody else is over. */
static bool
has_aimed(const struct mesh *m, struct instant now, const struct peer *peer, struct why *ret)
{
	const struct aimed *d = &peer->aimed;
	struct plan plan = aim_plan(m, peer);
	bool waits = m->birthday != NULL || d->code == AIM_BUSY || d->code == AIM_SOON;

	if (plan.technique == 0 || plan.late)
		return false;
	if (d->tries == 0 && !(is_search(plan.technique) && waits))
		return false;
	if (d->tries == 0)
		ret->code = WHY_BIRTHDAY_QUEUED;
	else
		ret->code = is_search(plan.technique) ? WHY_BIRTHDAY_FAILED : WHY_PREDICTION_FAILED;
	ret->number[WHY_TRIES] = d->tries;
	ret->number[WHY_NEXT] = explain_span(now.mono, d->next);
	return true;
}

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

/* Does the peer say that it hears us, and we do not hear it? */
static bool
says_not_heard(const struct peer *peer, usec_t now)
{
	const struct told *told = tell_lately(peer, now);

	return told != NULL && told->why.code == WHY_NOT_HEARD_THERE;
}

/* Did its other end stop to hear us, while we hear it? When it died is in its hold-down. */
static bool
is_deaf(const struct path *p)
{
	return p->deaf || (p->hold != 0 && p->last_rx > p->held_until - p->hold);
}

/* There was a direct path, and it does not carry data now. */
static bool
is_lost(struct instant now, const struct peer *peer, struct why *ret)
{
	const struct path *was = last_direct(peer);

	if (was == NULL)
		return false;
	ret->at = was->remote;
	ret->number[WHY_SINCE] = explain_span(was->last_rx, now.mono);
	ret->number[WHY_LOSS] = path_loss_percent(was);
	if (was->state == PATH_VALID && was->held_until > now.mono) {
		ret->code = WHY_HELD_DOWN;
		ret->number[WHY_NEXT] = was->held_until - now.mono;
	} else if (was->state == PATH_VALID) {
		ret->code = WHY_LOSSY;
	} else if (is_deaf(was)) {
		ret->code = WHY_NOT_HEARD_THERE;
		ret->number[WHY_SINCE] = explain_span(was->suspect_since, now.mono);
	} else {
		ret->code = says_not_heard(peer, now.mono) ? WHY_NOT_HEARD_HERE : WHY_WENT_SILENT;
	}
	return true;
}

/* Between two packets of a burst there is less than this, between two bursts more. */
#define WITHIN_BURST (2 * USEC_PER_SEC)

static bool
is_punching(const struct mesh *m, struct instant now, const struct peer *peer)
{
	usec_t due = punch_due(m, peer);

	return due != 0 && due < now.mono + WITHIN_BURST;
}

/* When direct paths are tried again: one of the two sides begins, and says when if it was asked. */
static usec_t
next_try(const struct mesh *m, struct instant now, const struct peer *peer)
{
	const struct told *told = tell_lately(peer, now.mono);
	usec_t ours = explain_span(now.mono, punch_due(m, peer)), theirs;

	if (told == NULL || !why_has(&told->why, WHY_NEXT))
		return ours;
	theirs = explain_span(now.mono, told->heard_at + told->why.number[WHY_NEXT]);
	return theirs != 0 && theirs < ours ? theirs : ours;
}

/* The address at which lighthouses see us, if the peer is seen there too. */
static const struct addr *
shared_address(const struct mesh *m, const struct peer *peer)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		const struct addr *own = &m->lighthouses[i].observed[0];

		for (size_t k = 0; own->family != FAMILY_NONE && k < PEER_PATHS_MAX; k++) {
			const struct path *p = &peer->paths[k];

			if (p->state != PATH_FREE && p->kind == PATH_DIRECT &&
			    addr_same_ip(&p->remote, own))
				return own;
		}
	}
	return NULL;
}

/* Is there a way by an interface that costs money, and is left alone for that? */
static bool
has_metered(const struct peer *peer)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (peer->paths[i].state != PATH_FREE && peer->paths[i].metered)
			return true;
	}
	return false;
}

/* What stands between, as far as it is known, where nothing has ever been heard directly. */
static void
explain_obstacle(const struct mesh *m, const struct peer *peer, struct why *ret)
{
	const struct mapping *useless = own_mapping(m, true);
	const struct addr *shared = shared_address(m, peer);

	if (shared != NULL) {
		ret->code = WHY_NO_HAIRPIN;
		ret->at = *shared;
	} else if (has_metered(peer)) {
		ret->code = WHY_METERED;
	} else if (useless != NULL) {
		ret->code = WHY_DOUBLE_NAT;
		ret->at = useless->external;
	} else {
		ret->code = is_symmetric(&m->nat) && is_symmetric(&peer->nat) ? WHY_BOTH_SYMMETRIC :
										WHY_NEVER_ANSWERED;
	}
}

static void
explain_relayed(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct path *best, struct why *ret)
{
	name_copy(ret->via, best->relay->cert.name);
	ret->number[WHY_NEXT] = next_try(m, now, peer);
	explain_count_tries(peer, ret);
	if (is_udp_blocked(m, now, peer, best, ret) || is_aiming(m, peer, ret) ||
	    is_lost(now, peer, ret) || has_aimed(m, now, peer, ret))
		return;
	if (is_punching(m, now, peer))
		ret->code = WHY_PUNCHING;
	else
		explain_obstacle(m, peer, ret);
}

void
explain_peer(const struct mesh *m, struct instant now, struct peer *peer, struct why *ret)
{
	const struct path *best = peer_best(peer);
	struct channel_view c;

	*ret = (struct why){ .nat_me = m->nat, .nat_peer = peer->nat };
	channel_view(peer->channel, now, &c);
	if (!c.ready || best == NULL)
		explain_absent(m, now, peer, &c, ret);
	else if (best->kind != PATH_RELAY)
		explain_direct(m, now, peer, best, ret);
	else
		explain_relayed(m, now, peer, best, ret);
}
