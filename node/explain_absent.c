/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain_absent.c - why a peer is not connected at all.
 */
#include "node/explain.h"
#include "node/mesh_impl.h"

/* Certificates may be used this long before they begin: clocks may be as far apart. */
#define CLOCKS_AGREE 300 /* seconds */

static bool
any_lighthouse(const struct mesh *m)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		if (m->lighthouses[i].registered)
			return true;
	}
	return m->lighthouse_count == 0;
}

/* How long no lighthouse has been heard, or has not answered since it was first called. */
static usec_t
lighthouses_silent(const struct mesh *m, struct instant now)
{
	usec_t last = 0;

	for (size_t i = 0; i < m->lighthouse_count; i++) {
		const struct peer *l = m->lighthouses[i].peer;

		last = max_u64(last, l->heard_at != 0 ? l->heard_at : l->failing_since);
	}
	return explain_span(last, now.mono);
}

/* Has it a path through a relay, or a circuit that may become one? */
static bool
any_relay(const struct peer *peer)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (peer->paths[i].state != PATH_FREE && peer->paths[i].kind == PATH_RELAY)
			return true;
	}
	return false;
}

/* Somebody comes by this name whose key is not the one that is pinned here. */
static bool
is_pinned(const struct mesh *m, struct instant now, const char *name, struct why *ret)
{
	const struct pinned *p = pins_of(members_pins(m->members), name);

	if (p == NULL || p->count == 0)
		return false;
	ret->code = WHY_PINNED;
	ret->number[WHY_TRIES] = p->count;
	ret->number[WHY_SINCE] = explain_span(p->at * USEC_PER_SEC, now.wall);
	(void)pin_word_bytes(ret->key_pinned, &p->pin);
	cert_key_word_bytes(ret->key_offered, p->offered);
	return true;
}

/* Whose certificate has ended, ours or its. */
static bool
is_expired(const struct mesh *m, struct instant now, const struct peer *peer, struct why *ret)
{
	uint64_t unix_time = trust_now(m->trust, now.wall);
	uint64_t until = min_u64(m->valid_until, peer->valid_until);

	if (until >= unix_time)
		return false;
	ret->code = m->valid_until < unix_time ? WHY_OWN_CERT_EXPIRED : WHY_CERT_EXPIRED;
	ret->number[WHY_SINCE] = (unix_time - until) * USEC_PER_SEC;
	return true;
}

/* It ended the conversation itself, and said what for. */
static bool
is_closed(struct instant now, const struct peer *peer, struct why *ret)
{
	static const enum why_code codes[] = {
		[CLOSE_STOP] = WHY_PEER_STOPPED,
		[CLOSE_VERSION] = WHY_VERSION,
		[CLOSE_CERTIFICATE] = WHY_CERT_REFUSED,
		[CLOSE_EXPIRED] = WHY_CERT_REFUSED,
		[CLOSE_REVOKED] = WHY_CERT_REFUSED,
		[CLOSE_CONFLICT] = WHY_CERT_CONFLICT,
	};
	uint8_t closed_for = peer->past.closed_for;

	if (closed_for >= ARRAY_LEN(codes) || codes[closed_for] == WHY_UNSAID)
		return false;
	ret->code = codes[closed_for];
	ret->number[WHY_SINCE] = explain_span(peer->past.closed_at, now.mono);
	return true;
}

/* A lighthouse, whose clock is somebody's care, is far from our time. */
static bool
is_clock_apart(const struct mesh *m, struct why *ret)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		const struct peer *l = m->lighthouses[i].peer;

		if (l->clock_apart >= -CLOCKS_AGREE && l->clock_apart <= CLOCKS_AGREE)
			continue;
		ret->code = WHY_CLOCK_APART;
		ret->number[WHY_APART] = (uint64_t)l->clock_apart;
		name_copy(ret->via, l->cert.name);
		return true;
	}
	return false;
}

/* A relay that would do has no room. */
static bool
is_full(const struct mesh *m, struct instant now, const struct peer *peer, struct why *ret)
{
	const struct peer *relay = roster_by_key(m, peer->past.full_at);

	if (peer->past.full_since == 0 || relay == NULL || any_relay(peer))
		return false;
	ret->code = WHY_RELAY_FULL;
	ret->number[WHY_SINCE] = explain_span(peer->past.full_since, now.mono);
	name_copy(ret->via, relay->cert.name);
	return true;
}

/* Somebody is certified to relay, and does not. */
static bool
is_refused(const struct mesh *m, struct instant now, const struct peer *peer, struct why *ret)
{
	for (uint32_t i = 0; i < m->peer_count && !any_relay(peer); i++) {
		const struct peer *relay = m->peers[i];

		if (relay->relays_not_until <= now.mono)
			continue;
		ret->code = WHY_RELAY_REFUSED;
		ret->number[WHY_NEXT] = relay->relays_not_until - now.mono;
		name_copy(ret->via, relay->cert.name);
		return true;
	}
	return false;
}

/* There is a session, and nothing comes in on any path. */
static void
explain_silent(struct instant now, const struct peer *peer, struct why *ret)
{
	ret->code = WHY_NO_PATH;
	ret->number[WHY_SINCE] = explain_span(peer->heard_at, now.mono);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		ret->number[WHY_ADDRESSES] += peer->paths[i].state != PATH_FREE;
}

/* It is called, and does not answer. */
static enum why_code
unanswered_by(const struct mesh *m, const struct peer *peer)
{
	if (!any_lighthouse(m) && peer->lighthouse == NULL)
		return WHY_NO_LIGHTHOUSE;
	return peer->stock || peer->lighthouse != NULL || any_relay(peer) ? WHY_NO_ANSWER :
									   WHY_NO_RELAY;
}

static void
explain_unanswered(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct channel_view *c, struct why *ret)
{
	bool waits = c->attempting || peer->past.gave_up_at != 0;

	ret->number[WHY_TRIES] = c->attempts;
	ret->number[WHY_SINCE] = explain_span(peer->failing_since, now.mono);
	if (!c->attempting)
		ret->number[WHY_SINCE] = explain_span(peer->past.gave_up_at, now.mono) + REKEY_ATTEMPT_TIME;
	if (peer->past.unknown_at != 0) {
		ret->code = WHY_NOT_REGISTERED;
		ret->number[WHY_SINCE] = explain_span(peer->past.unknown_at, now.mono);
	} else if (!waits) {
		ret->code = WHY_IDLE;
	} else if (c->attempting && c->attempts <= 1 && peer->past.gave_up_at == 0) {
		ret->code = WHY_CONNECTING;
	} else if (!is_clock_apart(m, ret) && !is_full(m, now, peer, ret) &&
		   !is_refused(m, now, peer, ret)) {
		ret->code = unanswered_by(m, peer);
		if (ret->code == WHY_NO_LIGHTHOUSE)
			ret->number[WHY_SINCE] = lighthouses_silent(m, now);
	}
}

void
explain_absent(const struct mesh *m, struct instant now, const struct peer *peer,
    const struct channel_view *c, struct why *ret)
{
	if (is_pinned(m, now, peer->cert.name, ret))
		return;
	explain_count_tries(peer, ret);
	if (is_expired(m, now, peer, ret) || is_closed(now, peer, ret))
		return;
	if (m->local_count == 0)
		ret->code = WHY_NO_NETWORK;
	else if (peer->stock && ret->number[WHY_ADDRESSES] == 0)
		ret->code = WHY_NO_ENDPOINT;
	else if (c->ready)
		explain_silent(now, peer, ret);
	else
		explain_unanswered(m, now, peer, c, ret);
}

void
explain_stranger(const struct mesh *m, struct instant now, const char *name, struct why *ret)
{
	*ret = (struct why){ .code = WHY_UNKNOWN };
	if (is_pinned(m, now, name, ret))
		return;
	ret->number[WHY_SINCE] = lighthouses_silent(m, now);
	if (m->local_count == 0)
		ret->code = WHY_NO_NETWORK;
	else if (!any_lighthouse(m))
		ret->code = WHY_NO_LIGHTHOUSE;
}
