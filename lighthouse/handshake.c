/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handshake.c - how a session with a lighthouse begins: the door, and a response, a copy of one, a
 * cookie, or nothing.
 */
#include "core/bytes.h"
#include "lighthouse/beacon_impl.h"

#define LOAD_SAID_EVERY (60 * USEC_PER_SEC)

/*
 * A session with `cl` serves from now on: HELLO first, then what waited for it. One whose
 * certificate has ended meanwhile serves nobody, and goes at its client's next turn.
 */
static void
session_up(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	struct trace_fact f = client_fact(cl, TRACE_PEER_UP, TRACE_INFO);
	bool fresh = !cl->up;

	if (!channel_ready(cl->channel, now)) {
		client_settle(b, cl);
		return;
	}
	client_tick(b, now, cl, out);
	b->totals.handshakes++;
	if (fresh) {
		cl->up = true;
		b->totals.sessions++;
		outbox_trace(out, &f);
	}
	introduction_waiting(b, now, cl, out);
	desk_here(b, now, cl, fresh, out);
	renewals_here(b, now, cl, out);
}

static void
respond(const struct packet *pk, struct client *cl, uint8_t *msg, struct outbox *out)
{
	places_respond(&cl->places, &(struct place){ .at = pk->from, .socket = pk->socket });
	outbox_to_net(out, pk->socket, &pk->from, msg, RESPONSE_LEN);
}

static void
accept(struct beacon *b, struct instant now, const struct packet *pk, struct client *cl,
    struct visitor *v, struct outbox *out)
{
	uint8_t *msg = outbox_room(out, RESPONSE_LEN);
	uint32_t index = msg != NULL ? client_index_new(b, cl) : 0;

	if (index == 0)
		return;
	cl->show_cert = memcmp(v->our_prefix, b->own.cert.fingerprint, sizeof(v->our_prefix)) != 0;
	door_forget(b->door, channel_accepted(cl->channel));
	if (channel_accept(cl->channel, now, index, &v->handshake, v->hash, msg) < 0) {
		client_index_drop(b, cl, index);
	} else {
		door_remember(b->door, v->hash, cl);
		respond(pk, cl, msg, out);
	}
	client_settle(b, cl);
}

static void
admit(struct beacon *b, struct instant now, const struct packet *pk, struct visitor *v,
    struct outbox *out)
{
	struct client *cl = client_of(b, now, v->member);
	struct trace_fact f = { .what = TRACE_LIMIT, .level = TRACE_WARNING, .at = pk->from };

	if (v->loser != NULL)
		answer_superseded(b, now, v->loser, out);
	if (cl != NULL)
		accept(b, now, pk, cl, v, out);
	else
		outbox_trace(out, &f);
	noise_wipe(&v->handshake);
}

/* The same initiation on another path: the same response there. */
static void
copy(struct beacon *b, struct instant now, const struct packet *pk, const struct knock *k,
    struct outbox *out)
{
	struct client *cl = k->owner;
	uint8_t *msg = outbox_room(out, RESPONSE_LEN);

	if (msg != NULL && channel_copy(cl->channel, now.mono, k->hash, msg) == 0)
		respond(pk, cl, msg, out);
	client_settle(b, cl);
}

static void
send_cookie(struct beacon *b, struct instant now, const struct packet *pk, const struct knock *k,
    struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_UNDER_LOAD, .level = TRACE_WARNING };
	uint8_t *msg = outbox_room(out, COOKIE_LEN);

	if (b->totals.cookies++ == 0 || now.mono - b->load_said >= LOAD_SAID_EVERY) {
		b->load_said = now.mono;
		f.number = door_load(b->door, now.mono);
		outbox_trace(out, &f);
	}
	if (msg == NULL)
		return;
	memcpy(msg, k->cookie, COOKIE_LEN);
	outbox_to_net(out, pk->socket, &pk->from, msg, COOKIE_LEN);
}

static void
refused(struct beacon *b, const struct packet *pk, const struct knock *k, struct outbox *out)
{
	struct trace_fact f = { .what = TRACE_CERT_REFUSED, .level = TRACE_NOTICE, .at = pk->from };
	const struct member *m = members_get(b->members, k->key);

	b->totals.refused++;
	f.code = k->code;
	if (m != NULL)
		memcpy(f.name, m->name, sizeof(m->name));
	outbox_trace(out, &f);
}

void
handshake_initiation(struct beacon *b, struct instant now, const struct packet *pk,
    struct outbox *out)
{
	struct source from = source_direct(&pk->from);
	struct knock k;

	switch (door_knock(b->door, now, &from, pk->data, pk->len, out, &k)) {
	case DOOR_ADMITTED: admit(b, now, pk, &k.visitor, out); break;
	case DOOR_GUEST: enrolment_knock(b, now, pk, &k.newcomer, out); break;
	case DOOR_COPY: copy(b, now, pk, &k, out); break;
	case DOOR_COOKIE: send_cookie(b, now, pk, &k, out); break;
	default:
		if (k.code != 0)
			refused(b, pk, &k, out);
		else
			b->totals.unauthentic++;
	}
}

void
handshake_response(struct beacon *b, struct instant now, const struct packet *pk,
    struct outbox *out)
{
	struct client *cl = client_by_index(b, le32(pk->data + RESPONSE_RECEIVER));

	if (cl == NULL || channel_response(cl->channel, now, pk->data) < 0) {
		b->totals.unauthentic++;
		return;
	}
	cl->at = pk->from;
	cl->socket = pk->socket;
	cl->heard = now.mono;
	places_prove(&cl->places, &(struct place){ .at = pk->from, .socket = pk->socket });
	session_up(b, now, cl, out);
}

void
handshake_cookie(struct beacon *b, struct instant now, const struct packet *pk, struct outbox *out)
{
	struct client *cl = client_by_index(b, le32(pk->data + COOKIE_RECEIVER));

	if (cl == NULL || channel_cookie(cl->channel, now.mono, pk->data) < 0)
		b->totals.unauthentic++;
	else
		client_tick(b, now, cl, out);
}

void
handshake_confirmed(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	struct member *m = members_get(b->members, cl->key);

	/* Its initiation was no replay: the timestamp is worth the disk. */
	if (m != NULL)
		members_remember(m, out);
	session_up(b, h->now, cl, out);
	if (channel_ready(cl->channel, h->now))
		(void)client_ask_there(b, h, cl, out);
}
