/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.c - what a lighthouse says to each control frame.
 *
 * Requests carry a number of the asker's and come again when an answer was lost; a request that
 * comes twice changes nothing the second time.
 */
#include "lighthouse/beacon_impl.h"

#include <string.h>

#define PADDING_MAX 15

void
answer_request(struct beacon *b, const struct heard *h, struct client *cl, const uint8_t *frame,
    int len, struct outbox *out)
{
	if (h->unproven && len > 0 && (size_t)len + DATA_MIN + PADDING_MAX <= h->owed)
		client_send_to(
		    b, h->now, cl, h->packet->socket, &h->packet->from, frame, len, out);
	else
		client_send(b, h->now, cl, frame, len, out);
}

void
answer_error(struct beacon *b, const struct heard *h, struct client *cl, enum error_code code,
    uint8_t type, uint32_t ref, struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 7];
	struct error e = { .code = (uint16_t)code, .type = type, .ref = ref };

	answer_request(b, h, cl, frame, error_encode(frame, sizeof(frame), &e), out);
}

const struct member *
answer_current(const struct beacon *b, struct instant now, const struct member *m)
{
	if (m == NULL || m->superseded || m->valid_until < trust_now(b->trust, now.wall))
		return NULL;
	return m;
}

/*
 * HELLO, CLOSE
 */

void
answer_superseded(struct beacon *b, struct instant now, const struct member *loser,
    struct outbox *out)
{
	struct renewal_row *asked = mailbox_find_renewal(b->mailbox, loser->key);
	struct client *cl = client_get(b, loser->key);

	registry_drop(b->registry, loser->key, out);
	if (asked != NULL) /* it has its answer, or is nobody any more */
		renewal_drop(b->mailbox, asked, out);
	letters_forget(b->letters, loser->key, out);
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
		answer_error(b, h, cl, ERROR_FULL, f->type, c.seq, out);
		return 0;
	}
	ack.seq = c.seq;
	ack.observed = h->unproven ? client_seen_at(h->packet->socket, &h->packet->from) :
				     client_seen_at(cl->socket, &cl->at);
	referral_for(b, h->now, cl, &ack.relays);
	answer_request(b, h, cl, frame, reg_ack_encode(frame, sizeof(frame), &ack), out);
	if (h->unproven)
		return 0;
	if (h->now.mono - cl->places.rtt_at >= PLACE_RTT_EVERY)
		(void)client_ask_there(b, h, cl, out);
	post_deliver(b, h->now, cl, out);
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
		.observed = client_seen_at(h->packet->socket, &h->packet->from),
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
 * The gate
 */

/* What is not here is not for lighthouses, and passed over. */
static answer_fn *const answers[] = {
	[FRAME_HELLO] = on_hello,
	[FRAME_CLOSE] = on_close,
	[FRAME_REGISTER] = on_register,
	[FRAME_QUERY] = introduction_on_query,
	[FRAME_PING] = on_ping,
	[FRAME_PONG] = on_pong,
	[FRAME_RELAY_OPEN] = relaying_on_open,
	[FRAME_RELAY_CLOSE] = relaying_on_close,
	[FRAME_RELAY_DATA] = relaying_on_data,
	[FRAME_ENROL_RESULT] = enrolment_on_result,
	[FRAME_RENEW] = renewals_on_ask,
	[FRAME_RENEW_RESULT] = renewals_on_result,
	[FRAME_TOKEN] = enrolment_on_token,
	[FRAME_LETTER] = post_on_letter,
	[FRAME_LETTER_ACK] = post_on_ack,
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
		answer_error(b, h, cl, ERROR_UNKNOWN, f.type, 0, out);
	else if (r == FRAME_RESERVED)
		answer_error(b, h, cl, ERROR_RESERVED, f.type, 0, out);
	if (r >= 0)
		return;
	b->totals.bad_frames++;
	if (patience_bad(&cl->patience, h->now.mono))
		answer_error(b, h, cl, ERROR_MALFORMED, f.type, 0, out);
}
