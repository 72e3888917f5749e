/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * beacon.c - the way of a packet through a lighthouse, and its time.
 *
 *	beacon_from_net()  each datagram by type and length
 *	  handshake_*()      what begins a session (handshake.c)
 *	  on_data()          find by index, open in place, note where it came from
 *	    answer_frame()     control frames (answer.c)
 *	    on_inner()         ICMP echo to ourselves; nothing else is forwarded
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/icmp.h"
#include "lighthouse/beacon_impl.h"
#include "lighthouse/stun.h"

#include <string.h>

#define UNPROVEN_FACTOR 3   /* times the bytes that came may go back where nobody is proven */
#define EXPIRE_AT_ONCE	512 /* members looked at */

static bool
is_main(socket_id s)
{
	return s == SOCKET_V4 || s == SOCKET_V6 || s >= SOCKET_STREAM;
}

/*
 * Who spoke from where. Our second port is for measuring: what comes in there moves nobody who is
 * somewhere, nor does a PING that says so itself. Somewhere else a client is when it has answered
 * from there (place.h).
 */
static void
note_place(struct beacon *b, struct heard *h, struct client *cl, struct outbox *out)
{
	const struct channel_opened *o = &h->opened;
	struct place from = { .at = h->packet->from, .socket = h->packet->socket };

	cl->heard = h->now.mono;
	if (o->first)
		places_confirm(&cl->places, &from);
	if (cl->at.family != FAMILY_NONE &&
	    (!is_main(from.socket) || ping_measures(o->p, o->len)))
		return;
	if (cl->at.family == FAMILY_NONE || places_proven(&cl->places, &from)) {
		client_move(cl, h);
		return;
	}
	h->unproven = true;
	if (client_ask_there(b, h, cl, out))
		h->owed -= CLIENT_ASK_LEN;
}

/* Who is heard stays registered; a relayed datagram is no occasion to look. */
static void
note_registered(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	const uint8_t *p = h->opened.p;
	struct registration *g;

	if (h->opened.len > 1 && p[0] == FRAME_MAGIC && p[1] == FRAME_RELAY_DATA)
		return;
	g = registry_get(b->registry, cl->key);
	if (g != NULL && cl->at.family != FAMILY_NONE)
		registration_heard(g, h->now, &cl->at, client_in_stream(cl), out);
}

/* An echo to our overlay address from one of the sender's own is answered; we forward nothing. */
static void
on_inner(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	const struct member *m;
	struct inner in;

	if (inner_parse(&in, h->opened.p, h->opened.len) < 0 || in.icmp != ICMP_ECHO ||
	    in.fragment || !cert_has_address(&b->own.cert, in.dst))
		return;
	m = members_by_ip(b->members, in.src);
	if (m == NULL || memcmp(m->key, cl->key, sizeof(cl->key)) != 0)
		return;
	icmp_echo_turn(h->opened.p, &in);
	client_seal(b, h->now, cl, h->opened.p, in.len, out);
}

static void
on_data(struct beacon *b, struct instant now, struct packet *pk, struct outbox *out)
{
	struct client *cl = client_by_index(b, le32(pk->data + DATA_RECEIVER));
	struct heard h = { .now = now, .packet = pk, .owed = UNPROVEN_FACTOR * pk->len };

	if (cl == NULL && enrolment_data(b, now, pk, out))
		return;
	if (cl == NULL || channel_open(cl->channel, now, pk->data, pk->len, &h.opened) < 0) {
		b->totals.unauthentic++;
		return;
	}
	note_place(b, &h, cl, out);
	note_registered(b, &h, cl, out);
	if (h.opened.first)
		handshake_confirmed(b, &h, cl, out);
	if (h.opened.due)
		client_settle(b, cl);
	if (frame_is(h.opened.p, h.opened.len))
		answer_frame(b, &h, cl, out);
	else if (h.opened.len > 0)
		on_inner(b, &h, cl, out);
}

static void
on_stun(struct beacon *b, struct instant now, const struct packet *pk, struct outbox *out)
{
	struct source from = source_direct(&pk->from);
	uint8_t answer[STUN_ANSWER_MAX], *p;
	size_t len;

	if (!limit_allow(&b->stun_limit, now.mono, &from)) {
		b->totals.limited++;
		return;
	}
	len = stun_answer(answer, pk->data, pk->len, &pk->from);
	p = len > 0 ? outbox_room(out, len) : NULL;
	if (p == NULL)
		return;
	memcpy(p, answer, len);
	outbox_to_net(out, pk->socket, &pk->from, p, (uint32_t)len);
	b->totals.stun++;
}

static void
on_packet(struct beacon *b, struct instant now, struct packet *pk, struct outbox *out)
{
	if (b->stun && stun_is(pk->data, pk->len)) {
		on_stun(b, now, pk, out);
		return;
	}
	switch (outer_check(pk->data, pk->len)) {
	case OUTER_INITIATION:
	case OUTER_PRESENT: handshake_initiation(b, now, pk, out); return;
	case OUTER_RESPONSE: handshake_response(b, now, pk, out); return;
	case OUTER_COOKIE: handshake_cookie(b, now, pk, out); return;
	case OUTER_DATA: on_data(b, now, pk, out); return;
	}
	b->totals.unauthentic++; /* also OPEN: nobody punches to a lighthouse */
}

void
beacon_from_net(struct beacon *b, struct instant now, struct packet *pk, size_t n,
    struct outbox *out)
{
	for (size_t i = 0; i < n; i++) {
		if (session_outgrows(&pk[i]) && !outbox_loosen(out, &pk[i]))
			continue;
		on_packet(b, now, &pk[i], out);
	}
}

/* Who was at its end is nowhere, until it is heard again. */
void
beacon_stream_ended(struct beacon *b, struct instant now, socket_id id, struct outbox *out)
{
	(void)now;
	(void)out;
	for (uint32_t i = 0; i < b->client_count; i++) {
		struct client *cl = b->clients[i];

		if (cl->socket == id && cl->at.family != FAMILY_NONE) {
			cl->at = (struct addr){ 0 };
			cl->socket = SOCKET_V4;
		}
	}
}

/*
 * Time
 */

static void
expire_members(struct beacon *b, struct instant now, struct outbox *out)
{
	(void)members_expire(b->members, trust_now(b->trust, now.wall), EXPIRE_AT_ONCE, out);
	mailbox_expire(b->mailbox, trust_now(b->trust, now.wall), out);
	letters_expire(b->letters, trust_now(b->trust, now.wall), out);
	if (trust_newest(b->trust) > b->newest_written)
		beacon_remember_clock(b, out);
	b->expire_due = now.mono + BEACON_EXPIRE_EVERY;
}

static bool
expire_circuit(struct beacon *b, struct instant now, struct outbox *out)
{
	struct circuit_end over[2];

	if (!circuits_expire(b->circuits, now.mono, over))
		return false;
	for (size_t i = 0; i < 2; i++)
		relaying_circuit_over(b, now, &over[i], over[1 - i].key, RELAY_IDLE, out);
	return true;
}

static bool
tick_client(struct beacon *b, struct instant now, struct outbox *out)
{
	if (!due_reached(heap_next_due(&b->timers), now.mono))
		return false;
	client_tick(b, now, CONTAINER_OF(heap_first(&b->timers), struct client, timer), out);
	return true;
}

void
beacon_tick(struct beacon *b, struct instant now, struct outbox *out)
{
	if (due_reached(b->expire_due, now.mono))
		expire_members(b, now, out);
	own_renewal_tick(b, now, out);
	enrolment_tick(b, now);
	desk_tick(b, now, out);
	beacon_state_tick(b, now, out);
	while (!outbox_half_full(out))
		if (!tick_client(b, now, out) && !expire_circuit(b, now, out) &&
		    !registry_expire(b->registry, now.mono, out))
			return;
}

usec_t
beacon_next_due(const struct beacon *b)
{
	usec_t due = due_min(b->expire_due, heap_next_due(&b->timers));

	due = due_min(due, beacon_state_due(b));
	due = due_min(due, circuits_next_due(b->circuits));
	due = due_min(due, due_min(b->quarantine_due, desk_next_due(b)));
	due = due_min(due, own_renewal_due(b));
	return due_min(due, registry_next_due(b->registry));
}

bool
beacon_close(struct beacon *b, struct instant now, struct outbox *out)
{
	while (b->client_count > 0 && !outbox_half_full(out))
		client_dismiss(b, now, b->clients[b->client_count - 1], CLOSE_STOP, out);
	if (b->client_count > 0)
		return true;
	noise_clock_settle(&b->clock);
	beacon_remember_clock(b, out);
	return false;
}
