/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client.c - one conversation with each member that calls: where it is, what is due.
 */
#include "core/crypto.h"
#include "lighthouse/beacon_impl.h"

#include <stdlib.h>
#include <string.h>

/* Within this time all are told of a new certificate of our own; if they are many, so much each. */
#define ANNOUNCE_WITHIN (2 * USEC_PER_SEC)
#define ANNOUNCE_EACH	USEC_PER_MS

struct client *
client_get(const struct beacon *b, const uint8_t key[static 32])
{
	return table_get(&b->by_key, key);
}

struct client *
client_by_index(const struct beacon *b, uint32_t index)
{
	return table_get(&b->by_index, &index);
}

struct trace_fact
client_fact(const struct client *cl, enum trace_what what, enum trace_level level)
{
	struct trace_fact f = { .what = what, .level = level, .at = cl->at };

	memcpy(f.name, cl->name, sizeof(cl->name));
	return f;
}

/*
 * Coming and going
 */

static struct channel *
channel_to(struct beacon *b, const struct member *m)
{
	struct channel_config c = { .self = &b->self, .rng = &b->rng };
	struct channel *ch;

	memcpy(c.key, m->key, sizeof(c.key));
	memcpy(c.psk, b->psk, sizeof(c.psk));
	c.stock = (m->flags & CERT_STOCK) != 0;
	ch = channel_new(&c);
	crypto_wipe(&c, sizeof(c));
	return ch;
}

static int
client_enter(struct beacon *b, struct client *cl)
{
	int r;

	if (b->client_count >= b->clients_max)
		return ERR_FULL;
	r = heap_reserve(&b->timers, b->client_count + 1);
	if (r == 0)
		r = table_put(&b->by_key, cl->key, cl);
	if (r < 0)
		return r;
	cl->place = b->client_count;
	b->clients[b->client_count++] = cl;
	return 0;
}

struct client *
client_of(struct beacon *b, struct instant now, const struct member *m)
{
	struct client *cl = client_get(b, m->key);

	if (cl == NULL) {
		cl = calloc(1, sizeof(*cl));
		if (cl == NULL)
			return NULL;
		memcpy(cl->key, m->key, sizeof(cl->key));
		cl->channel = channel_to(b, m);
		if (cl->channel == NULL || client_enter(b, cl) < 0) {
			channel_free(cl->channel);
			free(cl);
			return NULL;
		}
	}
	memcpy(cl->name, m->name, sizeof(cl->name));
	if (m->flags & CERT_RELAY)
		referral_add(b, cl);
	else
		referral_drop(b, cl);
	if (m->flags & CERT_ENROL)
		desk_add(b, cl);
	else
		desk_drop(b, cl);
	channel_set_not_after(cl->channel, now, min_u64(m->valid_until, b->own.valid_until));
	return cl;
}

void
client_own_until(const struct beacon *b, struct instant now, struct client *cl)
{
	const struct member *m = members_get(b->members, cl->key);

	if (m != NULL)
		channel_set_not_after(
		    cl->channel, now, min_u64(m->valid_until, b->own.valid_until));
}

void
clients_announce(struct beacon *b, struct instant now)
{
	usec_t within = max_u64(ANNOUNCE_WITHIN, b->client_count * ANNOUNCE_EACH);

	for (uint32_t i = 0; i < b->client_count; i++) {
		struct client *cl = b->clients[i];
		const struct member *m = members_get(b->members, cl->key);

		if (m == NULL || (m->flags & CERT_STOCK) != 0 || !client_reachable(cl, now))
			continue;
		cl->announce_due = now.mono + 1 + rng_below(&b->rng, within);
		client_settle(b, cl);
	}
}

static void
end_circuits(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	struct circuit_end other;

	while (circuits_leave(b->circuits, cl->key, &other))
		relaying_circuit_over(b, now, &other, cl->key, RELAY_ABSENT, out);
}

void
client_free(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	struct client *last = b->clients[--b->client_count];

	end_circuits(b, now, cl, out);
	referral_drop(b, cl);
	desk_drop(b, cl);
	table_del(&b->by_key, cl->key);
	b->clients[cl->place] = last;
	last->place = cl->place;
	while (cl->index_count > 0)
		client_index_drop(b, cl, cl->index[0]);
	(void)heap_set(&b->timers, &cl->timer, 0);
	door_forget(b->door, channel_accepted(cl->channel));
	channel_free(cl->channel);
	if (cl->up)
		b->totals.sessions--;
	free(cl);
}

/*
 * Indices
 */

uint32_t
client_index_draw(struct beacon *b)
{
	uint32_t index;

	do {
		index = rng_u32(&b->rng);
	} while (index == 0 || client_by_index(b, index) != NULL ||
		 quarantine_find(&b->quarantine, index) != NULL);
	return index;
}

uint32_t
client_index_new(struct beacon *b, struct client *cl)
{
	uint32_t index;

	if (cl->index_count == CLIENT_INDICES)
		return 0;
	index = client_index_draw(b);
	if (table_put(&b->by_index, &index, cl) < 0)
		return 0;
	cl->index[cl->index_count++] = index;
	return index;
}

void
client_index_drop(struct beacon *b, struct client *cl, uint32_t index)
{
	for (unsigned i = 0; i < cl->index_count; i++)
		if (cl->index[i] == index) {
			cl->index[i] = cl->index[--cl->index_count];
			table_del(&b->by_index, &index);
			return;
		}
}

void
client_settle(struct beacon *b, struct client *cl)
{
	usec_t due = channel_next_due(cl->channel);
	uint32_t index;

	while ((index = channel_retired(cl->channel)) != 0)
		client_index_drop(b, cl, index);
	for (size_t i = 0; i < CLIENT_LATER; i++)
		due = due_min(due, cl->later[i].due);
	due = due_min(due, cl->announce_due);
	/* There is room: client_enter() reserved it. */
	(void)heap_set(&b->timers, &cl->timer, due);
}

/*
 * Where it is
 */

void
client_move(struct client *cl, const struct heard *h)
{
	const struct channel_opened *o = &h->opened;

	if (o->index == cl->at_index && o->counter < cl->at_counter)
		return; /* it was overtaken */
	cl->at = h->packet->from;
	cl->socket = h->packet->socket;
	cl->at_index = o->index;
	cl->at_counter = o->counter;
}

bool
client_ask_there(struct beacon *b, const struct heard *h, struct client *cl, struct outbox *out)
{
	struct place there = { .at = h->packet->from, .socket = h->packet->socket };
	struct ping ping = {
		.txid = rng_u64(&b->rng) | 1,
		.time_us = h->now.mono,
		.observed = { .kind = EP_REFLEXIVE, .addr = there.at },
		.highest = h->opened.counter,
	};
	uint8_t frame[PING_LEN];

	if (h->owed < CLIENT_ASK_LEN || there.socket >= SOCKET_STREAM ||
	    !places_ask(&cl->places, h->now.mono, &there, ping.txid))
		return false;
	ping.observed.addr.scope = 0;
	client_send_to(b, h->now, cl, there.socket, &there.at, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PING, &ping, PING_LEN), out);
	return true;
}

/*
 * Sending
 */

bool
client_reachable(const struct client *cl, struct instant now)
{
	return cl->at.family != FAMILY_NONE && channel_ready(cl->channel, now);
}

static void
seal_to(struct beacon *b, struct instant now, struct client *cl, socket_id socket,
    const struct addr *to, uint8_t *p, size_t len, struct outbox *out)
{
	int n;

	if (to->family == FAMILY_NONE)
		return;
	n = channel_seal(cl->channel, now, p, len);
	if (n > 0)
		outbox_to_net(out, socket, to, p - DATA_HEADER, (uint32_t)n);
	client_settle(b, cl);
}

void
client_seal(struct beacon *b, struct instant now, struct client *cl, uint8_t *p, size_t len,
    struct outbox *out)
{
	seal_to(b, now, cl, cl->socket, &cl->at, p, len, out);
}

void
client_send_to(struct beacon *b, struct instant now, struct client *cl, socket_id socket,
    const struct addr *to, const uint8_t *frame, int len, struct outbox *out)
{
	uint8_t *p = len > 0 ? outbox_room(out, (size_t)len) : NULL;

	if (p == NULL)
		return;
	memcpy(p, frame, (size_t)len);
	seal_to(b, now, cl, socket, to, p, (size_t)len, out);
}

void
client_send(struct beacon *b, struct instant now, struct client *cl, const uint8_t *frame, int len,
    struct outbox *out)
{
	client_send_to(b, now, cl, cl->socket, &cl->at, frame, len, out);
}

void
client_dismiss(struct beacon *b, struct instant now, struct client *cl, enum close_reason why,
    struct outbox *out)
{
	uint8_t frame[FRAME_HEADER + 1];
	struct close c = { .reason = (uint8_t)why };

	client_send(b, now, cl, frame, close_encode(frame, sizeof(frame), &c), out);
	client_free(b, now, cl, out);
}

static void
send_hello(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct hello h = {
		.proto_min = HELLO_PROTO,
		.proto_max = HELLO_PROTO,
		.flags = channel_hello_seen(cl->channel) ? HELLO_SEEN_YOURS : 0,
		.state = spread_held(b->spread),
		.unix_time = now.wall / USEC_PER_SEC,
		.max_inner = HELLO_MAX_INNER,
		.version = { (const uint8_t *)"mpynet " MPYNET_VERSION,
		    sizeof("mpynet " MPYNET_VERSION) - 1 },
	};

	memcpy(h.fingerprint, b->own.cert.fingerprint, sizeof(h.fingerprint));
	if (cl->show_cert) {
		h.cert = b->cert_bytes;
		h.ca = b->issuing_bytes;
	}
	client_send(b, now, cl, frame, hello_encode(frame, sizeof(frame), &h), out);
	channel_hello_sent(cl->channel, now.mono);
}

/*
 * Calling
 */

static void
send_copy(const struct client *cl, const uint8_t *msg, int len, struct outbox *out)
{
	uint8_t *p = outbox_room(out, (size_t)len);

	if (p == NULL || cl->at.family == FAMILY_NONE)
		return;
	memcpy(p, msg, (size_t)len);
	outbox_to_net(out, cl->socket, &cl->at, p, (uint32_t)len);
}

/* Timestamps that may have been used are on disk before long, in blocks. */
static void
next_timestamp(struct beacon *b, struct instant now, uint8_t ret[static NOISE_TIMESTAMP],
    struct outbox *out)
{
	if (noise_clock_next(&b->clock, ret, now.wall))
		beacon_remember_clock(b, out);
}

static void
give_up(struct beacon *b, struct client *cl)
{
	door_forget(b->door, channel_accepted(cl->channel));
	channel_close(cl->channel);
}

static void
initiate(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	const struct member *m = members_get(b->members, cl->key);
	struct presentation p = {
		.state_version = spread_held(b->spread).version,
		.cert = b->cert_bytes,
		.ca = b->issuing_bytes,
	};
	uint8_t plain[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	uint32_t index = client_index_new(b, cl);
	const uint8_t *msg;
	int len;

	if (index == 0) {
		give_up(b, cl);
		return;
	}
	if (m != NULL)
		memcpy(p.peer_prefix, m->fingerprint, sizeof(p.peer_prefix));
	next_timestamp(b, now, timestamp, out);
	len = presentation_encode(plain, sizeof(plain), &p);
	assert(len > 0);
	len = channel_initiate(cl->channel, now, index, timestamp, plain, (size_t)len, &msg);
	if (len < 0) {
		client_index_drop(b, cl, index);
		give_up(b, cl);
		return;
	}
	send_copy(cl, msg, len, out);
}

static void
repeat(struct instant now, struct client *cl, struct outbox *out)
{
	const uint8_t *msg;
	int len = channel_repeat(cl->channel, now.mono, &msg);

	if (len > 0)
		send_copy(cl, msg, len, out);
}

void
client_wake(struct beacon *b, struct instant now, const struct member *m, struct outbox *out)
{
	const struct registration *g = registry_get(b->registry, m->key);
	struct client *cl;

	if (g == NULL || (m->flags & CERT_STOCK) != 0)
		return;
	cl = client_of(b, now, m);
	if (cl == NULL)
		return;
	if (cl->at.family == FAMILY_NONE && !g->in_stream) {
		cl->at = g->observed;
		cl->socket = g->observed.family == FAMILY_V4 ? SOCKET_V4 : SOCKET_V6;
	}
	channel_want(cl->channel, now.mono);
	client_tick(b, now, cl, out);
}

/*
 * Time
 */

static void
send_late(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	uint8_t frame[PING_LEN];

	for (struct later *l = cl->later; l < cl->later + CLIENT_LATER; l++) {
		if (!due_reached(l->due, now.mono))
			continue;
		l->due = 0;
		client_send_to(b, now, cl, l->socket, &l->to, frame,
		    ping_encode(frame, sizeof(frame), FRAME_PONG, &l->pong, PING_LEN), out);
	}
}

static void
send_keepalive(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	uint8_t *p = outbox_room(out, 0);

	if (p != NULL)
		client_seal(b, now, cl, p, 0, out);
}

void
client_tick(struct beacon *b, struct instant now, struct client *cl, struct outbox *out)
{
	unsigned due = channel_tick(cl->channel, now);
	struct trace_fact f = client_fact(cl, TRACE_PEER_DOWN, TRACE_INFO);

	if (due & CHANNEL_INITIATE)
		initiate(b, now, cl, out);
	if (due & CHANNEL_REPEAT)
		repeat(now, cl, out);
	if (due_reached(cl->announce_due, now.mono)) {
		cl->announce_due = 0;
		cl->show_cert = true;
		due |= CHANNEL_HELLO;
	}
	if (due & CHANNEL_HELLO)
		send_hello(b, now, cl, out);
	if (due & CHANNEL_KEEPALIVE)
		send_keepalive(b, now, cl, out);
	send_late(b, now, cl, out);
	if ((due & CHANNEL_WIPED) ||
	    ((due & CHANNEL_GAVE_UP) && !channel_ready(cl->channel, now))) {
		f.number = (int64_t)((now.mono - cl->heard) / USEC_PER_SEC);
		if (cl->up)
			outbox_trace(out, &f);
		client_free(b, now, cl, out);
		return;
	}
	client_settle(b, cl);
	/* What could not be done, for want of room, is tried again a moment later. */
	if (due_reached(cl->timer.due, now.mono))
		(void)heap_set(&b->timers, &cl->timer, now.mono + USEC_PER_MS);
}
