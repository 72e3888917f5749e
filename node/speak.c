/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * speak.c - control frames: what we say to peers, lighthouses and relays, and what they say.
 */
#include "node/mesh_impl.h"
#include "node/tell.h"

#define CLOCK_APART_MAX 120 /* seconds, before it is worth a warning */
#define REGISTER_TTL_MIN 30 /* seconds */

/*
 * Saying
 */

/* Sends the frame of `n` bytes at `room` (or nothing, if it could not be encoded). */
static void
say(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint8_t *room, int n,
    bool data, struct outbox *out)
{
	if (n > 0 && path != NULL)
		(void)reach_seal(m, now, peer, path, room, (size_t)n, data, out);
}

void
speak_frame(struct mesh *m, struct instant now, struct peer *peer, uint8_t *room, int n, bool data,
    struct outbox *out)
{
	say(m, now, peer, peer_best(peer), room, n, data, out);
}

void
speak_hello(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	static const char version[] = "mpynet " MPYNET_VERSION;
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct hello h = {
		.proto_min = HELLO_PROTO,
		.proto_max = HELLO_PROTO,
		.flags = channel_hello_seen(peer->channel) ? HELLO_SEEN_YOURS : 0,
		.caps = m->caps,
		.state = spread_held(m->spread),
		.unix_time = now.wall / USEC_PER_SEC,
		.max_inner = MTU_MAX,
		.cert = { .p = m->cert_bytes.p, .len = m->cert_bytes.len },
		.ca = { .p = m->issuing.len > 0 ? m->issuing.p : NULL, .len = m->issuing.len },
		.version = { .p = (const uint8_t *)version, .len = sizeof(version) - 1 },
	};

	if (room == NULL)
		return;
	memcpy(h.fingerprint, m->cert.fingerprint, sizeof(h.fingerprint));
	say(m, now, peer, peer_best(peer), room, hello_encode(room, FRAME_MAX, &h), false, out);
	channel_hello_sent(peer->channel, now.mono);
}

void
speak_close(struct mesh *m, struct instant now, struct peer *peer, enum close_reason reason,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_HEADER + 1);
	struct close c = { .reason = (uint8_t)reason };

	if (room == NULL || peer->stock)
		return;
	say(m, now, peer, peer_best(peer), room, close_encode(room, FRAME_HEADER + 1, &c), false,
	    out);
}

static void
speak_error(struct mesh *m, struct instant now, struct peer *peer, enum error_code code,
    const struct frame *about, struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_HEADER + 16);
	struct error e = { .code = (uint16_t)code, .type = about->type };

	if (room == NULL || peer->stock || about->type == FRAME_ERROR)
		return;
	say(m, now, peer, peer_best(peer), room, error_encode(room, FRAME_HEADER + 16, &e), false,
	    out);
}

/* Sends the PING with `flags`; an MTU probe if it is longer than PING_LEN. */
static void
say_ping(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint8_t flags,
    size_t len, struct outbox *out)
{
	uint8_t *room = outbox_room(out, len);
	bool current = path->heard_index == channel_index(peer->channel);
	struct ping ping = {
		.txid = rng_u64(&m->rng) | 1,
		.path = (uint32_t)(path - peer->paths),
		.time_us = now.mono,
		.flags = flags,
		.highest = current ? path->heard_highest : 0,
	};

	if (room == NULL || !channel_ready(peer->channel, now))
		return;
	if (path_is_udp(path) && (flags & PING_MEASURE) == 0)
		ping.observed = (struct ep){ .kind = EP_REFLEXIVE, .addr = path->remote };
	if (len > PING_LEN)
		mtu_asked(&path->mtu, now.mono, (uint32_t)len, ping.txid);
	else
		path_probe(path, now.mono, ping.txid);
	say(m, now, peer, path, room, ping_encode(room, len, FRAME_PING, &ping, len), false, out);
}

void
speak_ping(struct mesh *m, struct instant now, struct peer *peer, struct path *path, size_t len,
    struct outbox *out)
{
	/* A lighthouse that hears us by several uplinks stays with the one that we use. */
	bool aside = peer->lighthouse != NULL && path != peer_best(peer) && uplink_is(m, path);
	bool roams = peer->lighthouse == NULL && roam_is_news(peer, now.mono);

	say_ping(m, now, peer, path, aside ? PING_MEASURE : roams ? PING_ROAM : 0, len, out);
}

void
speak_measure(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    struct outbox *out)
{
	say_ping(m, now, peer, path, PING_MEASURE, PING_LEN, out);
}

void
speak_aim(struct mesh *m, struct instant now, struct peer *peer, const struct aim *a,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);

	if (room == NULL || peer->stock || !channel_ready(peer->channel, now))
		return;
	say(m, now, peer, peer_best(peer), room, aim_encode(room, FRAME_MAX, a), false, out);
}

/*
 * Where we might be reached, the likeliest first: what a router maps to us, as the lighthouses see
 * us, our interfaces' own addresses; and last what is mapped by a router that is itself behind a
 * NAT. To a lighthouse the addresses that other lighthouses see are news, its own it stamps by
 * itself.
 */
static void
own_candidates(const struct mesh *m, struct candidates *c)
{
	c->seq = m->candidates_seq;
	mapping_candidates(m, false, &c->eps);
	c->nat = m->nat;
	for (size_t i = 0; i < m->lighthouse_count; i++) {
		for (size_t v6 = 0; v6 < 2; v6++) {
			const struct addr *seen = &m->lighthouses[i].observed[v6];

			if (seen->family != FAMILY_NONE)
				eps_add(&c->eps, EP_REFLEXIVE, seen);
		}
	}
	uplink_candidates(m, &c->eps);
	for (size_t i = 0; i < m->local_count; i++)
		eps_add(&c->eps, EP_HOST, &m->local[i]);
	mapping_candidates(m, true, &c->eps);
	c->relays = m->relays.own;
}

static void
say_candidates(struct mesh *m, struct instant now, struct peer *peer, enum frame_type type,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct candidates c = { 0 };
	int n;

	if (room == NULL)
		return;
	own_candidates(m, &c);
	n = candidates_encode(room, FRAME_MAX, type, &c);
	if (n > 0 && peer->best != PEER_NO_PATH)
		(void)reach_seal_hedged(m, now, peer, room, (size_t)n, type == FRAME_REGISTER, out);
}

void
speak_candidates(struct mesh *m, struct instant now, struct peer *peer, struct outbox *out)
{
	say_candidates(m, now, peer, FRAME_CANDIDATES, out);
	peer->candidates_due = peer->candidates_told + 1 < CANDIDATES_TELLS ?
	    now.mono + (250 * USEC_PER_MS << peer->candidates_told) :
	    0;
	peer->candidates_told++;
}

void
speak_register(struct mesh *m, struct instant now, struct lighthouse *l, struct outbox *out)
{
	usec_t again = 250 * USEC_PER_MS << min_u64(l->tries, 3);

	l->seq = m->candidates_seq;
	l->tries++;
	l->register_due = now.mono + again;
	say_candidates(m, now, l->peer, FRAME_REGISTER, out);
}

void
speak_query(struct mesh *m, struct instant now, struct peer *to, const struct seek *s,
    struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct query q = {
		.qid = s->qid,
		.by = (uint8_t)s->by,
		.flags = s->introduce ? QUERY_INTRODUCE : 0,
		.address = s->address,
		.name = { .p = (const uint8_t *)s->name, .len = (uint16_t)strlen(s->name) },
	};

	if (room == NULL)
		return;
	memcpy(q.key, s->key, sizeof(q.key));
	say(m, now, to, peer_best(to), room, query_encode(room, FRAME_MAX, &q), true, out);
}

void
speak_relay_open(struct mesh *m, struct instant now, const struct circuit *c, struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_MAX);
	struct relay_open o = { .circuit = c->id };

	if (room == NULL)
		return;
	memcpy(o.key, c->key, sizeof(o.key));
	say(m, now, c->relay, peer_best(c->relay), room,
	    relay_open_encode(room, FRAME_MAX, FRAME_RELAY_OPEN, &o), true, out);
}

static void
speak_relay_close(struct mesh *m, struct instant now, struct peer *relay, uint32_t circuit,
    enum relay_code code, struct outbox *out)
{
	uint8_t *room = outbox_room(out, FRAME_HEADER + 16);
	struct relay_end e = { .circuit = circuit, .code = (uint8_t)code };

	if (room == NULL)
		return;
	say(m, now, relay, peer_best(relay), room,
	    relay_end_encode(room, FRAME_HEADER + 16, FRAME_RELAY_CLOSE, &e), false, out);
}

/*
 * Hearing
 */

/* Is the certificate for the key of this session? What it says of anybody else is not heard. */
static bool
certifies(struct blob bytes, const struct peer *peer)
{
	struct cert cert;

	return cert_decode(&cert, bytes.p, bytes.len, NULL) == 0 &&
	    memcmp(cert.key, peer->key, sizeof(peer->key)) == 0;
}

static void
hear_hello(struct mesh *m, struct instant now, struct peer *peer, uint32_t index,
    const struct hello *h, struct outbox *out)
{
	int64_t apart = (int64_t)(h->unix_time - now.wall / USEC_PER_SEC);
	size_t n = min_u64(h->version.len, sizeof(peer->version) - 1);

	if (h->proto_min > HELLO_PROTO || h->proto_max < HELLO_PROTO) {
		speak_close(m, now, peer, CLOSE_VERSION, out);
		roster_end(m, peer);
		return;
	}
	if (h->cert.p != NULL && !certifies(h->cert, peer)) {
		speak_close(m, now, peer, CLOSE_CERTIFICATE, out);
		roster_end(m, peer);
		return;
	}
	if (h->cert.p != NULL)
		(void)acquaint_learn(m, now, h->cert, h->ca, out);
	channel_hello_heard(peer->channel, now.mono, index, (h->flags & HELLO_SEEN_YOURS) != 0,
	    h->caps);
	memcpy(peer->version, h->version.p != NULL ? (const char *)h->version.p : "", n);
	peer->version[n] = '\0';
	peer->clock_apart = apart;
	state_said(m, now, peer, &h->state, out);
	if (peer->lighthouse != NULL)
		renewal_clock(&m->renewal, now, h->unix_time);
	if ((apart > CLOCK_APART_MAX || apart < -CLOCK_APART_MAX) && !peer->clock_said) {
		struct trace_fact f = fact_of(peer, TRACE_CLOCK_APART, TRACE_WARNING);

		f.number = apart;
		outbox_trace(out, &f);
		peer->clock_said = true;
	}
}

static void
hear_close(struct mesh *m, struct instant now, struct peer *peer, const struct close *c,
    struct outbox *out)
{
	struct trace_fact f = fact_of(peer, TRACE_PEER_CLOSED, TRACE_INFO);

	f.code = c->reason;
	outbox_trace(out, &f);
	peer->past.closed_for = c->reason;
	peer->past.closed_at = now.mono;
	runs_refused(m, now, peer, (enum close_reason)c->reason, out);
	carry_left(m, now, peer, out);
	relays_lost(m, now, peer, out);
	roster_end(m, peer);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		if (peer->paths[i].state != PATH_FREE)
			path_doubt(&peer->paths[i], now.mono);
	}
}

/*
 * A lighthouse or a peer says how it sees us: news if the lighthouse saw us elsewhere before. Over
 * another path of the same family a NAT may show another address: the best path's counts.
 */
static void
hear_observed(struct mesh *m, struct instant now, struct peer *peer, const struct path *path,
    const struct ep *seen, struct outbox *out)
{
	struct lighthouse *l = peer->lighthouse;
	const struct path *best = peer_best(peer);
	struct addr *observed;

	if (l == NULL || !path_is_udp(path) || seen->addr.family == FAMILY_NONE ||
	    uplink_observed(m, now, path, &seen->addr, out))
		return;
	if (best != NULL && best != path &&
	    (best->kind == PATH_STREAM || best->remote.family == path->remote.family))
		return;
	observed = &l->observed[seen->addr.family == FAMILY_V6];
	if (addr_equal(observed, &seen->addr))
		return;
	if (observed->family != FAMILY_NONE && !addr_same_ip(observed, &seen->addr))
		measure_anew(m, now);
	*observed = seen->addr;
	outbox_event(out, &(struct event){ .kind = EVENT_SEEN_ELSEWHERE, .at = seen->addr });
	upkeep_candidates_changed(m, now, out);
}

static void
hear_reg_ack(struct mesh *m, struct instant now, struct peer *peer, const struct path *path,
    const struct reg_ack *a, struct outbox *out)
{
	struct lighthouse *l = peer->lighthouse;
	usec_t ttl = max_u64(a->ttl, REGISTER_TTL_MIN) * USEC_PER_SEC;

	if (l == NULL)
		return;
	hear_observed(m, now, peer, path, &a->observed, out);
	relays_told(m, now, &a->relays);
	state_registered(m, now, peer, a->state_version);
	if (a->seq != m->candidates_seq) /* more has changed since it was sent */
		return;
	l->register_due = now.mono + rng_jitter(&m->rng, ttl / 2);
	l->tries = 0;
	l->ttl = a->ttl;
	if (!l->registered) {
		struct trace_fact f = fact_of(peer, TRACE_LIGHTHOUSE_UP, TRACE_NOTICE);

		l->registered = true;
		l->lost_said = false;
		f.at = a->observed.addr;
		outbox_trace(out, &f);
		registrar_here(m, now, l);
		relays_look(m, now, 0); /* perhaps one more, through which we can be reached */
	}
}

static void
hear_ping(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint32_t index,
    const struct ping *ping, struct outbox *out)
{
	uint8_t *room = outbox_room(out, PING_LEN);
	bool current = path->heard_index == channel_index(peer->channel);
	struct ping pong = {
		.txid = ping->txid,
		.path = ping->path,
		.time_us = ping->time_us,
		.highest = current ? path->heard_highest : 0,
	};

	path_told(path, now.mono, index, ping->highest);
	hear_observed(m, now, peer, path, &ping->observed, out);
	if ((ping->flags & PING_ROAM) != 0)
		roam_told(m, now, peer, path);
	if (room == NULL || !path_may_send(path, PING_LEN + DATA_MIN))
		return;
	if (path_is_udp(path))
		pong.observed = (struct ep){ .kind = EP_REFLEXIVE, .addr = path->remote };
	say(m, now, peer, path, room, ping_encode(room, PING_LEN, FRAME_PONG, &pong, PING_LEN),
	    false, out);
}

static void
hear_pong(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint32_t index,
    const struct ping *pong, struct outbox *out)
{
	path_told(path, now.mono, index, pong->highest);
	path_seen(path, pong->observed.addr.port);
	hear_observed(m, now, peer, path, &pong->observed, out);
	if (mtu_answered(&path->mtu, now.mono, pong->txid)) {
		upkeep_mtu(peer, out);
		upkeep_due(m, peer, now.mono);
		return;
	}
	if (path_answered(path, now.mono, pong->txid))
		upkeep_proven(m, now, peer, path, out);
}

/* May it relay for us? On a direct path only: nothing is relayed twice. */
static bool
is_relay(const struct peer *relay, const struct path *path)
{
	return (relay->cert.flags & CERT_RELAY) != 0 && path->kind != PATH_RELAY;
}

/*
 * The circuit that another one through `relay` to `key` takes the place of: that to the same peer,
 * or where it is nobody's, one of those of nobody if there are many. NULL: there is room for both.
 */
static struct circuit *
replaced_by(const struct mesh *m, const struct peer *relay, const uint8_t key[static 32])
{
	bool stray = roster_by_key(m, key) == NULL;
	struct circuit *other = NULL;
	unsigned strays = 0;

	for (size_t i = 0; i < m->relaying.count; i++) {
		struct circuit *c = m->relaying.all[i];

		if (c->relay != relay || !c->incoming)
			continue;
		if (memcmp(c->key, key, sizeof(c->key)) == 0)
			return c;
		if (stray && roster_by_key(m, c->key) == NULL) {
			other = c;
			strays++;
		}
	}
	return strays < RELAY_STRAYS_MAX ? NULL : other;
}

static void
hear_relay_incoming(struct mesh *m, struct instant now, struct peer *relay,
    const struct path *path, const struct relay_open *o, struct outbox *out)
{
	struct circuit *other;

	if (!is_relay(relay, path) || carry_is_ours(m, relay, o->circuit))
		return;
	other = relay_get(&m->relaying, relay, o->circuit) != NULL ?
	    NULL : replaced_by(m, relay, o->key);
	if (relay_announced(&m->relaying, relay, o->circuit, o->key) != NULL && other != NULL)
		speak_circuit_over(m, now, relay, other->id, out);
}

void
speak_circuit_over(struct mesh *m, struct instant now, const struct peer *relay, uint32_t id,
    struct outbox *out)
{
	struct circuit *c = relay_get(&m->relaying, relay, id);
	struct peer *peer = c == NULL ? NULL : roster_by_key(m, c->key);
	struct path *path = peer == NULL ? NULL : peer_path_by(peer, relay, id);
	bool in_use = path != NULL && path == peer_best(peer);

	if (c != NULL)
		relay_close(&m->relaying, c);
	if (path == NULL)
		return;
	peer_drop_path(peer, path);
	upkeep_choose(m, now, peer, out);
	if (peer->best != PEER_NO_PATH || !peer_is_warm(peer, now.mono))
		return;
	if (!in_use) { /* it was only asked for: nothing is worse than before */
		peer->circuit_due = due_min(peer->circuit_due, now.mono + REFUSALS_FIRST);
		upkeep_due(m, peer, peer->circuit_due);
		return;
	}
	/* As after every loss of the last path; its relay is given a moment to come back. */
	peer->circuit_due = due_min(peer->circuit_due, refusals_due(&peer->refusals, now.mono));
	channel_want_fresh(peer->channel, now.mono);
	punch_begin(m, now, peer, 100 * USEC_PER_MS, false);
	upkeep_due(m, peer, now.mono);
}

/* The relay ends the circuit `id`: if it will not have another one to the same peer, it is left alone. */
static void
note_refusal(struct mesh *m, struct instant now, const struct peer *relay, uint32_t id,
    uint8_t code)
{
	const struct circuit *c = relay_get(&m->relaying, relay, id);
	struct peer *peer = c == NULL ? NULL : roster_by_key(m, c->key);

	if (peer == NULL || (code != RELAY_ABSENT && code != RELAY_DENIED && code != RELAY_FULL))
		return;
	refusals_note(&peer->refusals, now.mono, relay->key);
	if (code != RELAY_FULL)
		return;
	peer->past.full_since = now.mono;
	memcpy(peer->past.full_at, relay->key, sizeof(peer->past.full_at));
}

static void
hear_relay_opened(struct mesh *m, struct instant now, struct peer *relay,
    const struct relay_end *e, struct outbox *out)
{
	struct circuit *c = relay_get(&m->relaying, relay, e->circuit);

	if (c == NULL || c->incoming)
		return;
	if (e->code == RELAY_OK) {
		c->open = true;
		c->due = 0;
	} else {
		note_refusal(m, now, relay, e->circuit, e->code);
		speak_circuit_over(m, now, relay, e->circuit, out);
	}
}

static void
hear_relay_close(struct mesh *m, struct instant now, struct peer *peer, const struct relay_end *e,
    struct outbox *out)
{
	if (carry_is_ours(m, peer, e->circuit)) {
		carry_hear_close(m, now, peer, e, out);
		return;
	}
	note_refusal(m, now, peer, e->circuit, e->code);
	speak_circuit_over(m, now, peer, e->circuit, out);
}

static void
hear_relay_data(struct mesh *m, struct instant now, struct peer *relay, const struct path *path,
    const struct frame *f, struct outbox *out)
{
	struct relay_data d;
	struct way way;

	if (relay_data_decode(&d, f) < 0)
		return;
	if (carry_is_ours(m, relay, d.circuit)) {
		carry_hear_data(m, now, relay, path, &d, out);
		return;
	}
	way = (struct way){ .relay = relay, .circuit = d.circuit };
	if (!is_relay(relay, path))
		return;
	if (relay_get(&m->relaying, relay, d.circuit) == NULL) {
		m->counts[MESH_NO_CIRCUIT]++;
		speak_relay_close(m, now, relay, d.circuit, RELAY_NO_SUCH, out);
		return;
	}
	mesh_datagram(m, now, &way, d.datagram, d.len, out);
}

static void
hear_error(struct mesh *m, struct instant now, struct peer *peer, const struct error *e,
    struct outbox *out)
{
	if (e->code == ERROR_NOT_HERE && e->type == FRAME_RELAY_OPEN)
		relays_refused(m, now, peer, out);
}

/* Decodes `f` with X_decode and, if that goes well, does what follows. */
#define HEAR(type, value, then)                                                                    \
	{                                                                                          \
		struct type value;                                                                 \
		r = type##_decode(&value, f);                                                      \
		if (r >= 0) {                                                                      \
			then;                                                                      \
		}                                                                                  \
		break;                                                                             \
	}

/* What the frame asks for. Negative: it is malformed. */
static int
hear(struct mesh *m, struct instant now, struct peer *peer, struct path *path, uint32_t index,
    const struct frame *f, struct outbox *out)
{
	int r = 0;

	switch (f->type) {
	case FRAME_HELLO:
		HEAR(hello, h, hear_hello(m, now, peer, index, &h, out))
	case FRAME_CLOSE:
		HEAR(close, c, hear_close(m, now, peer, &c, out))
	case FRAME_ERROR:
		HEAR(error, e, hear_error(m, now, peer, &e, out))
	case FRAME_REG_ACK:
		HEAR(reg_ack, a, hear_reg_ack(m, now, peer, path, &a, out))
	case FRAME_QUERY:
		HEAR(query, q, vouch_hear(m, now, peer, &q, out))
	case FRAME_REPLY:
		HEAR(reply, y, acquaint_reply(m, now, peer, &y, out))
	case FRAME_PUNCH:
		HEAR(punch, p, acquaint_punch(m, now, peer, &p, out))
	case FRAME_CANDIDATES:
		HEAR(candidates, c, acquaint_candidates(m, now, peer, &c))
	case FRAME_WHY:
		HEAR(reason, y, tell_heard(m, now, peer, &y, out))
	case FRAME_AIM:
		HEAR(aim, a, aim_hear(m, now, peer, &a, out))
	case FRAME_PING:
		HEAR(ping, p, hear_ping(m, now, peer, path, index, &p, out))
	case FRAME_PONG:
		HEAR(ping, p, hear_pong(m, now, peer, path, index, &p, out))
	case FRAME_RELAY_OPEN:
		if (!carry_on(m)) {
			speak_error(m, now, peer, ERROR_NOT_HERE, f, out);
			break;
		}
		HEAR(relay_open, o, carry_hear_open(m, now, peer, path, &o, out))
	case FRAME_RELAY_INCOMING:
		HEAR(relay_open, o, hear_relay_incoming(m, now, peer, path, &o, out))
	case FRAME_RELAY_OPENED:
		HEAR(relay_end, e, hear_relay_opened(m, now, peer, &e, out))
	case FRAME_RELAY_CLOSE:
		HEAR(relay_end, e, hear_relay_close(m, now, peer, &e, out))
	case FRAME_ENROL:
		HEAR(enrol, e, if (!registrar_hear_enrol(m, now, peer, &e, out))
			speak_error(m, now, peer, ERROR_NOT_HERE, f, out))
	case FRAME_RENEW:
		HEAR(renew, n, if (!registrar_hear_renew(m, now, peer, &n, out))
			speak_error(m, now, peer, ERROR_NOT_HERE, f, out))
	case FRAME_TOKEN_ACK:
		HEAR(offer_ack, a, registrar_hear_ack(m, now, peer, &a))
	case FRAME_RENEW_RESULT:
		HEAR(renew_result, y, renew_heard(m, now, peer, &y, out))
	case FRAME_RELAY_DATA:
		hear_relay_data(m, now, peer, path, f, out);
		break;
	case FRAME_STATE_ADV:
		HEAR(state_adv, a, state_said(m, now, peer, &a.id, out))
	case FRAME_BLOB_REQ:
		HEAR(blob_req, q, state_asked(m, now, peer, &q, out))
	case FRAME_BLOB:
		HEAR(blob_part, b, state_came(m, now, peer, &b, out))
	case FRAME_STUDY:
		HEAR(study_says, s, study_said(m, now, peer, &s, out))
	case FRAME_STUDY_REQ:
		HEAR(study_req, q, study_asked(m, now, peer, &q, out))
	case FRAME_STUDY_PART:
		HEAR(study_part, p, lobby_part(m->lobby, now, peer->key, peer->cert.name, &p, out))
	case FRAME_LETTER:
		HEAR(letter_part, p, letters_hear_part(m, now, peer, &p, out))
	case FRAME_LETTER_ACK:
		HEAR(letter_ack, a, letters_hear_ack(m, peer, &a))
	case FRAME_RUN_HELLO:
	case FRAME_RUN_READY:
	case FRAME_RUN_GO:
	case FRAME_RUN_ABORT:
	case FRAME_RUN_DONE:
	case FRAME_RUN_ROW:
		r = runs_hear(m, now, peer, f, out);
		break;
	default: /* REGISTER: a lighthouse's business */
		speak_error(m, now, peer, ERROR_NOT_HERE, f, out);
		break;
	}
	return r;
}

void
speak_heard(struct mesh *m, struct instant now, struct peer *peer, struct path *path,
    uint32_t index, uint8_t *p, size_t len, struct outbox *out)
{
	struct frame f = { 0 };
	int verdict = frame_open(&f, p, len);

	if (peer->stock)
		return;
	if (verdict >= 0 && f.type != FRAME_RELAY_DATA &&
	    !patience_allow(&peer->patience, now.mono, f.type, len)) {
		m->counts[MESH_MUTED_FRAMES]++;
		return;
	}
	switch (verdict) {
	case FRAME_SPOKEN:
		verdict = hear(m, now, peer, path, index, &f, out);
		break;
	case FRAME_UNKNOWN:
		speak_error(m, now, peer, ERROR_UNKNOWN, &f, out);
		break;
	case FRAME_RESERVED:
		speak_error(m, now, peer, ERROR_RESERVED, &f, out);
		break;
	case FRAME_IGNORED:
		m->counts[MESH_UNKNOWN_FRAMES]++;
		break;
	default:
		break;
	}
	if (verdict >= 0)
		return;
	m->counts[MESH_BAD_FRAMES]++;
	if (patience_bad(&peer->patience, now.mono))
		speak_error(m, now, peer, ERROR_MALFORMED, &f, out);
}
