/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.c - what a lighthouse says to each control frame.
 *
 * Requests carry a number of the asker's and come again when an answer was lost; a request that
 * comes twice changes nothing the second time.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

#define PADDING_MAX	15
#define HEAD_START_MAX	500 /* ms */

/*
 * Answers a request: where it came from, if the client is there or if so little may go to where it
 * may not be.
 */
static void
answer(struct beacon *b, const struct heard *h, struct client *cl, const uint8_t *frame, int len,
    struct outbox *out)
{
	if (h->unproven && len > 0 && (size_t)len + DATA_MIN + PADDING_MAX <= h->owed)
		client_send_to(
		    b, h->now, cl, h->packet->socket, &h->packet->from, frame, len, out);
	else
		client_send(b, h->now, cl, frame, len, out);
}

static void
send_error(struct beacon *b, const struct heard *h, struct client *cl, enum error_code code,
    uint8_t type, uint32_t ref, struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 7];
	struct error e = { .code = (uint16_t)code, .type = type, .ref = ref };

	answer(b, h, cl, frame, error_encode(frame, sizeof(frame), &e), out);
}

/* How we see who sent something. */
static struct ep
seen_at(socket_id socket, const struct addr *at)
{
	return (struct ep){
		.kind = socket >= SOCKET_STREAM ? EP_TCP : EP_REFLEXIVE,
		.addr = *at,
	};
}

/*
 * HELLO, CLOSE
 */

void
answer_superseded(struct beacon *b, struct instant now, const struct member *loser,
    struct outbox *out)
{
	struct client *cl = client_get(b, loser->key);

	registry_drop(b->registry, loser->key, out);
	if (cl != NULL)
		client_dismiss(b, now, cl, CLOSE_CONFLICT, out);
}

/* A certificate in HELLO must hold, and certify the key of this session. */
static int
learn(struct beacon *b, const struct heard *h, struct client *cl, const struct hello *hello,
    struct outbox *out)
{
	struct member *m, *loser = NULL;
	struct verified v;
	int r = trust_verify(b->trust, hello->cert.p, hello->cert.len, hello->ca.p, hello->ca.len,
	    h->now.wall, &v, NULL);

	if (r < 0)
		return r;
	if (memcmp(v.cert.key, cl->key, sizeof(cl->key)) != 0)
		return ERR_AUTH;
	r = members_learn(b->members, &v, hello->cert.p, hello->cert.len,
	    trust_now(b->trust, h->now.wall), out, &m, &loser);
	if (r < 0)
		return r;
	if (r != LEARNED_NOTHING)
		members_remember(m, out);
	if (r == LEARNED_REPLACED)
		answer_superseded(b, h->now, loser, out);
	(void)client_of(b, h->now, m); /* its name and its end */
	return 0;
}

static int
on_hello(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct hello hello;
	struct trace_fact fact = client_fact(cl, TRACE_CERT_REFUSED, TRACE_NOTICE);

	if (hello_decode(&hello, f) < 0)
		return ERR_FORMAT;
	if (hello.proto_min > HELLO_PROTO || hello.proto_max < HELLO_PROTO) {
		client_dismiss(b, h->now, cl, CLOSE_VERSION, out);
		return 0;
	}
	fact.code = hello.cert.len > 0 ? learn(b, h, cl, &hello, out) : 0;
	/* An issuer that is not known may be a root that we are about to be told of. */
	if (fact.code < 0 && fact.code != ERR_UNKNOWN) {
		b->totals.refused++;
		outbox_trace(out, &fact);
		client_dismiss(b, h->now, cl, CLOSE_CERTIFICATE, out);
		return 0;
	}
	channel_hello_heard(cl->channel, h->now.mono, h->opened.index,
	    (hello.flags & HELLO_SEEN_YOURS) != 0, hello.caps);
	client_settle(b, cl);
	beacon_state_said(b, h->now, cl, &hello.state, out);
	return 0;
}

/* A graceful stop: nobody needs to look for it here any more. */
static int
on_close(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct trace_fact fact = client_fact(cl, TRACE_PEER_CLOSED, TRACE_INFO);
	struct close c;

	if (close_decode(&c, f) < 0)
		return ERR_FORMAT;
	fact.code = c.reason;
	outbox_trace(out, &fact);
	registry_drop(b->registry, cl->key, out);
	client_free(b, h->now, cl, out);
	return 0;
}

/*
 * REGISTER
 */

/* Datagrams overtake each other: in one session, the later packet is the one that counts. */
static bool
is_latest(struct client *cl, const struct channel_opened *o)
{
	if (o->index == cl->said_index && o->counter < cl->said_counter)
		return false;
	cl->said_index = o->index;
	cl->said_counter = o->counter;
	return true;
}

static int
on_register(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct reg_ack ack = {
		.ttl = (uint16_t)(REGISTRY_TTL / USEC_PER_SEC),
		.state_version = spread_held(b->spread).version,
	};
	struct registration *g;
	struct candidates c;

	if (candidates_decode(&c, f) < 0)
		return ERR_FORMAT;
	if (cl->at.family == FAMILY_NONE)
		return 0;
	if (is_latest(cl, &h->opened) &&
	    registry_put(b->registry, h->now, cl->key, &cl->at, client_in_stream(cl), &c, out,
		&g) < 0) {
		send_error(b, h, cl, ERROR_FULL, f->type, c.seq, out);
		return 0;
	}
	ack.seq = c.seq;
	ack.observed = h->unproven ? seen_at(h->packet->socket, &h->packet->from) :
				     seen_at(cl->socket, &cl->at);
	referral_for(b, h->now, cl, &ack.relays);
	answer(b, h, cl, frame, reg_ack_encode(frame, sizeof(frame), &ack), out);
	if (!h->unproven && h->now.mono - cl->places.rtt_at >= PLACE_RTT_EVERY)
		(void)client_ask_there(b, h, cl, out);
	return 0;
}

/*
 * QUERY: answers, and introductions
 */

/* A member that is not superseded and whose certificate has not ended, or NULL. */
static const struct member *
current(const struct beacon *b, struct instant now, const struct member *m)
{
	if (m == NULL || m->superseded || m->valid_until < trust_now(b->trust, now.wall))
		return NULL;
	return m;
}

static const struct member *
find(const struct beacon *b, struct instant now, const struct query *q)
{
	char name[NAME_MAX_LEN + 1] = { 0 };

	switch (q->by) {
	case QUERY_BY_ADDRESS: return current(b, now, members_by_ip(b->members, q->address));
	case QUERY_BY_KEY: return current(b, now, members_get(b->members, q->key));
	case QUERY_BY_NAME:
		memcpy(name, q->name.p, q->name.len);
		return current(b, now, members_by_name(b->members, name));
	}
	return NULL;
}

/* What others are told of `m`. False: nothing is known of where it is. */
static bool
contact_of(const struct beacon *b, const struct member *m, struct contact *ret)
{
	const struct registration *g = registry_get(b->registry, m->key);
	const struct client *cl = client_get(b, m->key);

	ret->cert = (struct blob){ member_host(m), m->host_len };
	ret->ca = (struct blob){ member_issuing(m), m->issuing_len };
	if (g != NULL) {
		registration_contact(ret, g);
		return true;
	}
	if (cl == NULL || cl->at.family == FAMILY_NONE)
		return false;
	ret->eps.n = 1;
	ret->eps.ep[0] = seen_at(cl->socket, &cl->at);
	ret->eps.ep[0].addr.scope = 0;
	return true;
}

/*
 * How long the nearer of two waits before its first packet, in ms, so that the words to both, which
 * leave here at once, are followed by first packets that leave at once.
 */
static uint16_t
head_start(const struct client *cl, const struct client *other)
{
	usec_t near = cl->places.rtt, far = other == NULL ? 0 : other->places.rtt;

	if (near == 0 || far <= near)
		return 0;
	return (uint16_t)min_u64((far - near) / 2 / USEC_PER_MS, HEAD_START_MAX);
}

/* Tells `cl` that the member with key `caller` is about to call. */
static void
send_punch(struct beacon *b, struct instant now, struct client *cl, const uint8_t caller[static 32],
    const uint8_t id[static INTRODUCTION_ID_LEN], struct outbox *out)
{
	const struct member *m = current(b, now, members_get(b->members, caller));
	uint8_t frame[FRAME_MAX];
	struct punch p = { .delay_ms = head_start(cl, client_get(b, caller)) };

	if (m == NULL || !contact_of(b, m, &p.contact))
		return;
	memcpy(p.introduction, id, sizeof(p.introduction));
	client_send(b, now, cl, frame, punch_encode(frame, sizeof(frame), &p), out);
	b->totals.introductions++;
}

static void
wait_for(struct client *target, usec_t now, const struct client *caller, const uint8_t *id)
{
	struct waiting *w = target->waiting;

	while (w < target->waiting + CLIENT_WAITING && memcmp(w->id, id, sizeof(w->id)) != 0)
		w++;
	if (w == target->waiting + CLIENT_WAITING)
		w = &target->waiting[target->waiting_next++ % CLIENT_WAITING];
	memcpy(w->key, caller->key, sizeof(w->key));
	memcpy(w->id, id, sizeof(w->id));
	w->until = now + INTRODUCTION_TIME;
}

void
answer_waiting(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	for (struct waiting *w = cl->waiting; w < cl->waiting + CLIENT_WAITING; w++) {
		if (w->until > now.mono)
			send_punch(b, now, cl, w->key, w->id, out);
		w->until = 0;
	}
}

/* The introduction that the same question led to a moment ago, or NULL. */
static struct asked *
asked_before(struct client *cl, usec_t now, const struct query *q, const struct member *target)
{
	for (struct asked *a = cl->asked; a < cl->asked + CLIENT_ASKED; a++)
		if (a->until > now && a->qid == q->qid &&
		    memcmp(a->target, target->key, sizeof(a->target)) == 0)
			return a;
	return NULL;
}

/* A new introduction, unless there are too many. */
static struct asked *
ask(struct beacon *b, usec_t now, struct client *cl, const struct query *q,
    const struct member *target)
{
	struct asked *a = &cl->asked[cl->asked_next % CLIENT_ASKED];

	if (!introduce_allow(&b->introduce, &cl->introductions, now, cl->key, target->key))
		return NULL;
	cl->asked_next++;
	a->qid = q->qid;
	memcpy(a->target, target->key, sizeof(a->target));
	rng_fill(&b->rng, a->id, sizeof(a->id));
	a->told = 0;
	a->until = now + INTRODUCTION_TIME;
	return a;
}

/*
 * Tells `target` that `cl` is about to call. One that has no session, as after our restart, is
 * called first where it was last heard. False: it cannot be told.
 */
static bool
tell(struct beacon *b, struct instant now, const struct client *cl, struct asked *a,
    const struct member *target, struct outbox *out)
{
	struct client *other = client_get(b, target->key);

	a->told++;
	if (other != NULL && client_reachable(other, now)) {
		send_punch(b, now, other, cl->key, a->id, out);
		return true;
	}
	client_wake(b, now, target, out);
	other = client_get(b, target->key);
	if (other != NULL)
		wait_for(other, now.mono, cl, a->id);
	return other != NULL;
}

/* Tells both sides. */
static enum reply_status
introduce(struct beacon *b, struct instant now, struct client *cl, const struct query *q,
    const struct member *target, uint8_t ret_id[static INTRODUCTION_ID_LEN], struct outbox *out)
{
	struct asked *a = asked_before(cl, now.mono, q, target);

	if (a == NULL)
		a = ask(b, now.mono, cl, q, target);
	if (a == NULL) {
		b->totals.limited++;
		return REPLY_LIMITED;
	}
	if (a->told < CLIENT_TOLD && !tell(b, now, cl, a, target, out))
		return REPLY_NOT_TOLD;
	memcpy(ret_id, a->id, INTRODUCTION_ID_LEN);
	return REPLY_FOUND;
}

static int
on_query(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct reply r = { .status = REPLY_UNKNOWN };
	const struct member *m;
	struct query q;

	if (query_decode(&q, f) < 0)
		return ERR_FORMAT;
	b->totals.queries++;
	r.qid = q.qid;
	m = find(b, h->now, &q);
	if (m != NULL && contact_of(b, m, &r.contact)) {
		b->totals.answers++;
		r.status = REPLY_FOUND;
		r.delay_ms = head_start(cl, client_get(b, m->key));
		if ((q.flags & QUERY_INTRODUCE) && memcmp(m->key, cl->key, sizeof(cl->key)) != 0)
			r.status = (uint8_t)introduce(b, h->now, cl, &q, m, r.introduction, out);
	} else {
		r.contact = (struct contact){ 0 };
	}
	answer(b, h, cl, frame, reply_encode(frame, sizeof(frame), &r), out);
	return 0;
}

/*
 * PING: the address that it came from, also from the other port, also later
 */

static socket_id
other_socket(socket_id s)
{
	switch (s) {
	case SOCKET_V4: return SOCKET_ALT_V4;
	case SOCKET_V6: return SOCKET_ALT_V6;
	case SOCKET_ALT_V4: return SOCKET_V4;
	case SOCKET_ALT_V6: return SOCKET_V6;
	}
	return s;
}

/* A question that comes again, since nobody can tell whether it had arrived, puts the answer off. */
static void
answer_later(struct beacon *b, struct client *cl, const struct later *l)
{
	struct later *row = NULL;

	for (struct later *r = cl->later; r < cl->later + CLIENT_LATER; r++) {
		bool again = r->due != 0 && r->pong.txid == l->pong.txid;

		if (again || (r->due == 0 && row == NULL))
			row = r;
		if (again)
			break;
	}
	if (row == NULL) {
		b->totals.limited++;
		return;
	}
	*row = *l;
	client_settle(b, cl);
}

/*
 * Where the PONG goes: to the source of the PING, or, for one that measures, to another port of the
 * same IP address. False: it names somebody else.
 */
static bool
pong_to(const struct ping *ping, const struct addr *from, struct addr *ret)
{
	*ret = *from;
	if (!(ping->flags & PING_MEASURE) || ping->observed.addr.family == FAMILY_NONE)
		return true;
	ret->port = ping->observed.addr.port;
	return addr_same_ip(&ping->observed.addr, from);
}

static int
on_ping(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	uint8_t frame[PING_LEN];
	struct later l = { .socket = h->packet->socket };
	struct ping ping;

	if (ping_decode(&ping, f) < 0)
		return ERR_FORMAT;
	if (!pong_to(&ping, &h->packet->from, &l.to))
		return 0;
	if ((ping.flags & PING_OTHER_PORT) && b->alt_port)
		l.socket = other_socket(l.socket);
	l.pong = (struct ping){
		.txid = ping.txid,
		.path = ping.path,
		.time_us = ping.time_us,
		.observed = seen_at(h->packet->socket, &h->packet->from),
		.highest = h->opened.counter,
	};
	if (ping.delay_s > 0) {
		l.due = h->now.mono + ping.delay_s * USEC_PER_SEC;
		answer_later(b, cl, &l);
		return 0;
	}
	client_send_to(b, h->now, cl, l.socket, &l.to, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PONG, &l.pong, PING_LEN), out);
	return 0;
}

/* To a PING of ours: the client is there. */
static int
on_pong(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct place from = { .at = h->packet->from, .socket = h->packet->socket };
	struct registration *g = registry_get(b->registry, cl->key);
	struct ping pong;

	if (ping_decode(&pong, f) < 0)
		return ERR_FORMAT;
	if (!places_answer(&cl->places, h->now.mono, &from, pong.txid))
		return 0;
	client_move(cl, h);
	if (g != NULL)
		registration_heard(g, h->now, &cl->at, client_in_stream(cl), out);
	return 0;
}

/*
 * RELAY_*
 */

static void
send_relay_end(struct beacon *b, struct instant now, struct client *cl, enum frame_type type,
    uint32_t circuit, enum relay_code code, struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 5];
	struct relay_end e = { .circuit = circuit, .code = (uint8_t)code };

	client_send(b, now, cl, frame, relay_end_encode(frame, sizeof(frame), type, &e), out);
}

static void
trace_circuit(const struct beacon *b, const struct client *cl, const uint8_t other_key[static 32],
    enum trace_what what, enum relay_code code, struct outbox *out)
{
	const struct client *other = client_get(b, other_key);
	struct trace_fact f = client_fact(cl, what, TRACE_DEBUG);

	f.code = code;
	if (other != NULL)
		memcpy(f.other, other->name, sizeof(other->name));
	outbox_trace(out, &f);
}

void
answer_circuit_over(struct beacon *b, struct instant now, const struct circuit_end *end,
    const uint8_t other[static 32], enum relay_code code, struct outbox *out)
{
	struct client *cl = client_get(b, end->key);

	if (cl == NULL || !client_reachable(cl, now))
		return;
	send_relay_end(b, now, cl, FRAME_RELAY_CLOSE, end->number, code, out);
	trace_circuit(b, cl, other, TRACE_CIRCUIT_CLOSE, code, out);
}

static void
send_incoming(struct beacon *b, struct instant now, struct client *cl, uint32_t circuit,
    const uint8_t from[static 32], struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 36];
	struct relay_open o = { .circuit = circuit };

	memcpy(o.key, from, sizeof(o.key));
	client_send(b, now, cl, frame,
	    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_INCOMING, &o), out);
}

/* Opens, or opens again, and tells the other side. */
static enum relay_code
open_circuit(struct beacon *b, struct instant now, struct client *cl, const struct relay_open *o,
    struct outbox *out)
{
	const struct member *m = current(b, now, members_get(b->members, o->key));
	struct client *other;
	struct circuit_end end;
	int r;

	if (m == NULL)
		return RELAY_ABSENT;
	if (m->flags & CERT_STOCK)
		return RELAY_DENIED;
	other = client_get(b, o->key);
	if (other == NULL || !client_reachable(other, now)) {
		client_wake(b, now, m, out);
		return RELAY_ABSENT;
	}
	r = circuits_open(b->circuits, now.mono, cl->key, o->circuit, o->key, &end);
	if (r == 0) {
		send_incoming(b, now, other, end.number, cl->key, out);
		trace_circuit(b, cl, o->key, TRACE_CIRCUIT_OPEN, RELAY_OK, out);
	}
	return circuits_code(r);
}

static int
on_relay_open(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 5];
	struct relay_open o;
	struct relay_end e;

	if (relay_open_decode(&o, f) < 0)
		return ERR_FORMAT;
	if (!b->relay) {
		send_error(b, h, cl, ERROR_NOT_HERE, f->type, o.circuit, out);
		return 0;
	}
	e.circuit = o.circuit;
	e.code = (uint8_t)open_circuit(b, h->now, cl, &o, out);
	answer(b, h, cl, frame,
	    relay_end_encode(frame, sizeof(frame), FRAME_RELAY_OPENED, &e), out);
	return 0;
}

static int
on_relay_close(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct circuit_end other;
	struct relay_end e;

	if (relay_end_decode(&e, f) < 0)
		return ERR_FORMAT;
	if (circuits_close(b->circuits, cl->key, e.circuit, e.code, &other) == 0)
		answer_circuit_over(b, h->now, &other, cl->key, RELAY_CLOSED, out);
	return 0;
}

/* Once a second: a client that lost track floods us, not we it. */
static void
no_such_circuit(struct beacon *b, const struct heard *h, struct client *cl, uint32_t circuit,
    struct outbox *out)
{
	if (bucket_take(&cl->complaints, h->now.mono, 1, 4, 1))
		send_relay_end(b, h->now, cl, FRAME_RELAY_CLOSE, circuit, RELAY_NO_SUCH, out);
}

/* Opened from one session, sealed into the other, where it lies. */
static int
on_relay_data(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	struct relay_data d;
	struct circuit_hop hop;
	struct client *other;
	size_t len = FRAME_HEADER + f->len;
	int r;

	if (relay_data_decode(&d, f) < 0 || outer_check(d.datagram, d.len) < 0)
		return ERR_FORMAT;
	r = circuits_pass(b->circuits, h->now.mono, cl->key, d.circuit, len, &hop);
	if (r == ERR_UNKNOWN)
		no_such_circuit(b, h, cl, d.circuit, out);
	other = r == 0 ? client_get(b, hop.to.key) : NULL;
	if (other == NULL || !client_reachable(other, h->now))
		return 0;
	if (hop.announce)
		send_incoming(b, h->now, other, hop.to.number, hop.from_key, out);
	client_seal(b, h->now, other, relay_data_wrap(d.datagram, d.len, hop.to.number), len, out);
	return 0;
}

/*
 * The gate
 */

/* What is not here is not for lighthouses, and passed over. */
static answer_fn *const answers[] = {
	[FRAME_HELLO] = on_hello,
	[FRAME_CLOSE] = on_close,
	[FRAME_REGISTER] = on_register,
	[FRAME_QUERY] = on_query,
	[FRAME_PING] = on_ping,
	[FRAME_PONG] = on_pong,
	[FRAME_RELAY_OPEN] = on_relay_open,
	[FRAME_RELAY_CLOSE] = on_relay_close,
	[FRAME_RELAY_DATA] = on_relay_data,
	[FRAME_ENROL_RESULT] = enrolment_on_result,
	[FRAME_RENEW] = enrolment_on_renew,
	[FRAME_RENEW_RESULT] = enrolment_on_renewed,
	[FRAME_TOKEN] = enrolment_on_token,
	[FRAME_STATE_ADV] = beacon_state_adv,
	[FRAME_BLOB_REQ] = beacon_state_req,
	[FRAME_BLOB] = beacon_state_part,
};

static int
answer_spoken(struct beacon *b, const struct heard *h, struct client *cl, const struct frame *f,
    struct outbox *out)
{
	if (f->type >= ARRAY_LEN(answers) || answers[f->type] == NULL)
		return 0;
	return answers[f->type](b, h, cl, f, out);
}

void
answer_frame(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	struct frame f = { 0 };
	int r = frame_open(&f, h->opened.p, h->opened.len);

	if (!patience_allow(&cl->patience, h->now.mono, f.type, h->opened.len)) {
		b->totals.limited++;
		return;
	}
	if (r == FRAME_SPOKEN)
		r = answer_spoken(b, h, cl, &f, out);
	else if (r == FRAME_UNKNOWN)
		send_error(b, h, cl, ERROR_UNKNOWN, f.type, 0, out);
	else if (r == FRAME_RESERVED)
		send_error(b, h, cl, ERROR_RESERVED, f.type, 0, out);
	if (r >= 0)
		return;
	b->totals.bad_frames++;
	if (patience_bad(&cl->patience, h->now.mono))
		send_error(b, h, cl, ERROR_MALFORMED, f.type, 0, out);
}
