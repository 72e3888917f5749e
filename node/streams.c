/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * streams.c - when a stream is opened, when it is given up, and how UDP is taken back.
 */
#include "node/streams.h"
#include "core/crypto.h"
#include "node/mesh_impl.h"

/*
 * What UDP does
 */

static bool
is_udp(const struct path *p)
{
	return p->state != PATH_FREE && path_is_udp(p);
}

static struct path *
path_of(const struct lighthouse *l)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &l->peer->paths[i];

		if (p->state != PATH_FREE && p->kind == PATH_STREAM)
			return p;
	}
	return NULL;
}

static bool
is_carried(const struct lighthouse *l)
{
	const struct path *best = peer_best(l->peer);

	return best != NULL && best->kind == PATH_STREAM;
}

/*
 * Where a stream carries data already, one answer is no reason to leave it. A path in doubt is no
 * answer: should it die, the stream is there.
 */
static bool
answers_by_udp(const struct lighthouse *l, usec_t now)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *p = &l->peer->paths[i];

		if (is_udp(p) && p->state == PATH_VALID && path_works(p, now) &&
		    (!is_carried(l) || path_is_steady(p)))
			return true;
	}
	return false;
}

static void
note_udp(struct mesh *m, struct instant now, struct outbox *out)
{
	struct streams *s = &m->streams;
	bool works = false;

	for (size_t i = 0; i < m->lighthouse_count; i++)
		works |= answers_by_udp(&m->lighthouses[i], now.mono);
	if (works && s->working_since == 0) {
		s->working_since = now.mono;
		network_unblocked(m, now.wall, out);
	}
	if (!works && s->silent_since == 0)
		s->silent_since = now.mono;
	if (works)
		s->silent_since = 0;
	else
		s->working_since = 0;
}

bool
streams_needed(const struct mesh *m)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		if (m->lighthouses[i].stream.id != 0)
			return m->streams.silent_since != 0;
	}
	return false;
}

/*
 * Opening and closing
 */

static void
want(struct streams *s, usec_t at)
{
	s->due = due_min(s->due, at);
}

/* The `nth` of the addresses that the bundle, or the name in it, gives the lighthouse. */
static bool
nth_address(const struct lighthouse *l, size_t nth, struct addr *ret)
{
	const struct peer *p = l->peer;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		bool again = false;

		if (!is_udp(&p->paths[i]) || p->paths[i].origin != ORIGIN_FIXED)
			continue;
		for (size_t k = 0; k < i; k++)
			again |= is_udp(&p->paths[k]) && p->paths[k].origin == ORIGIN_FIXED &&
			    addr_same_ip(&p->paths[k].remote, &p->paths[i].remote);
		if (again || nth-- > 0)
			continue;
		*ret = p->paths[i].remote;
		ret->port = l->tcp;
		return true;
	}
	return false;
}

static void
open_to(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct stream *s = &l->stream;
	struct stream_change c = { .open = true, .to.port = l->tcp };

	if (!nth_address(l, s->nth, &c.to)) {
		s->nth = 0;
		(void)nth_address(l, 0, &c.to);
	}
	if (m->streams.next < SOCKET_STREAM)
		m->streams.next = SOCKET_STREAM;
	c.id = s->id = m->streams.next++;
	s->up = false;
	s->to = c.to;
	s->since = now.mono;
	memcpy(c.pin, l->peer->cert.tls_pin, sizeof(c.pin));
	name_copy(c.lighthouse, l->peer->cert.name);
	outbox_stream(out, &c);
}

static void
drop_path(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct path *p = path_of(l);

	if (p == NULL)
		return;
	peer_drop_path(l->peer, p);
	upkeep_choose(m, now, l->peer, out);
	upkeep_due(m, l->peer, now.mono);
}

/* It is over, whoever said so. */
static void
end(struct mesh *m, struct instant now, struct lighthouse *l, enum stream_news why,
    struct outbox *out)
{
	struct stream *s = &l->stream;
	struct trace_fact f = fact_of(l->peer, TRACE_STREAM_DOWN, TRACE_NOTICE);
	usec_t wait = STREAM_RETRY_MIN;
	struct addr other;

	s->last = why;
	s->id = 0;
	s->up = false;
	s->nth++;
	if (!nth_address(l, s->nth, &other)) { /* all were tried */
		s->nth = 0;
		for (unsigned i = 0; i < s->failures && wait < STREAM_RETRY_MAX; i++)
			wait *= 2;
		s->failures++;
		s->due = now.mono + rng_jitter(&m->rng, min_u64(wait, STREAM_RETRY_MAX));
	}
	f.at = s->to;
	f.code = (int)why;
	if (s->failures <= 1)
		outbox_trace(out, &f);
	drop_path(m, now, l, out);
	streams_poke(m, now);
}

static void
close_stream(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct stream_change c = { .id = l->stream.id };

	name_copy(c.lighthouse, l->peer->cert.name);
	outbox_stream(out, &c);
	l->stream = (struct stream){ .last = l->stream.last };
	drop_path(m, now, l, out);
}

/* One that is open: it has to come up, to be answered, and to be of use. */
static void
tend(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct stream *s = &l->stream;
	const struct path *p = path_of(l);
	usec_t end_at = s->since + (s->up ? STREAM_PROVE_MAX : STREAM_OPEN_MAX);
	bool proven = p != NULL && (p->state == PATH_VALID || p->state == PATH_SUSPECT);
	usec_t linger = !s->up ? 0 : STREAM_LINGER;

	if (s->id == 0)
		return;
	if (m->streams.working_since != 0 && !is_carried(l)) {
		if (now.mono >= m->streams.working_since + linger)
			close_stream(m, now, l, out);
		else
			want(&m->streams, m->streams.working_since + linger);
	} else if ((s->up && (p == NULL || p->state == PATH_DEAD)) ||
	    (!proven && now.mono >= end_at)) {
		struct stream_change c = { .id = s->id };

		outbox_stream(out, &c);
		end(m, now, l, s->up ? STREAM_ENDED : STREAM_UNREACHED, out);
	} else if (!proven) {
		want(&m->streams, end_at);
	}
}

static void
open_nearest(struct mesh *m, struct instant now, struct outbox *out)
{
	struct lighthouse *order[MESH_LIGHTHOUSES_MAX];
	size_t n = reach_lighthouses(m, order), used = 0;

	for (size_t i = 0; i < n; i++)
		used += order[i]->stream.id != 0;
	for (size_t i = 0; i < n && used < STREAM_NEAREST; i++) {
		struct lighthouse *l = order[i];

		if (l->stream.id != 0 || crypto_is_zero(l->peer->cert.tls_pin, 32))
			continue;
		if (l->stream.due > now.mono) {
			want(&m->streams, l->stream.due);
			continue;
		}
		open_to(m, now, l, out);
		want(&m->streams, now.mono + STREAM_OPEN_MAX);
		used++;
	}
}

/*
 * Back to UDP
 */

/* One question on each UDP path that is not steady. How many there were of what may yet be so. */
static unsigned
ask(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	unsigned hopeful = 0;

	if (!is_carried(l) || !channel_ready(l->peer->channel, now))
		return 0;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *p = &l->peer->paths[i];

		if (!is_udp(p) || p->origin != ORIGIN_FIXED || path_is_steady(p) ||
		    !target_allow(&m->targets, now.mono, &p->remote))
			continue;
		hopeful += p->state == PATH_VALID;
		speak_measure(m, now, l->peer, p, out);
	}
	return hopeful;
}

/* It may have been a moment's silence, or the lighthouse's; so the first attempts follow soon. */
static usec_t
next_attempt(struct mesh *m)
{
	unsigned n = (unsigned)min_u64(m->streams.udp_attempts++, 5);

	return rng_jitter(&m->rng, min_u64(STREAM_UDP_FIRST << n, STREAM_UDP_AGAIN));
}

static void
ask_udp(struct mesh *m, struct instant now, struct outbox *out)
{
	struct streams *s = &m->streams;
	unsigned hopeful = 0;
	bool carried = false;

	for (size_t i = 0; i < m->lighthouse_count; i++)
		carried |= is_carried(&m->lighthouses[i]);
	if (!carried) {
		s->udp_due = 0;
		s->udp_asked = 0;
		s->udp_attempts = 0;
		return;
	}
	if (s->udp_due == 0)
		s->udp_due = now.mono + next_attempt(m);
	if (due_reached(s->udp_due, now.mono)) {
		for (size_t i = 0; i < m->lighthouse_count; i++)
			hopeful += ask(m, now, &m->lighthouses[i], out);
		s->udp_asked++;
		if (s->udp_asked < STREAM_UDP_ASKS ||
		    (hopeful > 0 && s->udp_asked < 4 * STREAM_UDP_ASKS)) {
			s->udp_due = now.mono + STREAM_UDP_GAP;
		} else {
			s->udp_asked = 0;
			s->udp_due = now.mono + next_attempt(m);
		}
	}
	want(s, s->udp_due);
	if (s->silent_since != 0 && now.mono - s->silent_since >= STREAM_BLOCKED_MIN)
		network_blocked(m, now.wall, out);
	else if (s->silent_since != 0)
		want(s, s->silent_since + STREAM_BLOCKED_MIN);
}

/*
 * Events
 */

void
streams_poke(struct mesh *m, struct instant now)
{
	m->streams.due = now.mono;
}

void
streams_retry(struct mesh *m, struct instant now)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		m->lighthouses[i].stream.due = 0;
		m->lighthouses[i].stream.failures = 0;
	}
	streams_poke(m, now);
}

void
streams_network_changed(struct mesh *m, struct instant now)
{
	struct streams *s = &m->streams;

	if (s->silent_since != 0)
		s->silent_since = now.mono;
	s->udp_attempts = 0;
	if (s->udp_due != 0)
		s->udp_due = now.mono;
	streams_retry(m, now);
}

void
streams_switched(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	streams_poke(m, now);
	l->register_due = now.mono;
	l->tries = 0;
	if (!is_carried(l) ||
	    (l->observed[0].family == FAMILY_NONE && l->observed[1].family == FAMILY_NONE))
		return;
	/* Where UDP is not answered, nobody can be told to call us at what was seen of it. */
	memset(l->observed, 0, sizeof(l->observed));
	upkeep_candidates_changed(m, now, out);
}

/* The session's keys may live, and a handshake be under way: both are worth a try at once. */
static void
came_up(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	struct trace_fact f = fact_of(l->peer, TRACE_STREAM_UP, TRACE_NOTICE);
	struct path *slot = peer_slot(l->peer, now.mono);
	const uint8_t *attempt;
	struct way way;
	int n;

	l->stream.up = true;
	l->stream.since = now.mono;
	f.at = l->stream.to;
	outbox_trace(out, &f);
	if (slot == NULL)
		return;
	peer_drop_path(l->peer, slot);
	path_init(slot, PATH_STREAM, ORIGIN_FIXED, l->stream.id, &l->stream.to);
	way = way_of(slot);
	if (channel_ready(l->peer->channel, now))
		speak_ping(m, now, l->peer, slot, PING_LEN, out);
	else
		channel_want(l->peer->channel, now.mono);
	n = channel_attempt(l->peer->channel, now.mono, &attempt);
	if (n > 0)
		reach_send_copy(m, now, &way, attempt, (size_t)n, out);
	upkeep_tick(m, now, l->peer, out);
}

void
mesh_stream_changed(struct mesh *m, struct instant now, socket_id id, enum stream_news news,
    struct outbox *out)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		struct lighthouse *l = &m->lighthouses[i];

		if (l->stream.id != id || id == 0)
			continue;
		if (news == STREAM_UP)
			came_up(m, now, l, out);
		else
			end(m, now, l, news, out);
		streams_poke(m, now);
	}
}

bool
streams_way(const struct mesh *m, struct way *way)
{
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		if (m->lighthouses[i].stream.id == way->socket) {
			way->addr = m->lighthouses[i].stream.to;
			return true;
		}
	}
	return false;
}

void
streams_tick(struct mesh *m, struct instant now, struct outbox *out)
{
	struct streams *s = &m->streams;
	usec_t patience = network_is_blocked(m, now.wall) ? 0 : STREAM_PATIENCE;

	if (!due_reached(s->due, now.mono))
		return;
	s->due = 0;
	note_udp(m, now, out);
	for (size_t i = 0; i < m->lighthouse_count; i++)
		tend(m, now, &m->lighthouses[i], out);
	if (s->silent_since != 0 && now.mono >= s->silent_since + patience)
		open_nearest(m, now, out);
	else if (s->silent_since != 0)
		want(s, s->silent_since + patience);
	ask_udp(m, now, out);
	/* What came of this is looked at in a moment. */
	if (due_reached(s->due, now.mono))
		s->due = now.mono + USEC_PER_MS;
}
