/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest.h - scripted clients around a lighthouse, in virtual time.
 *
 * A guest has a key, a certificate, an address and a channel, and does nothing by itself but
 * shake hands, say HELLO and answer PINGs. What the lighthouse sends it is opened and kept, newest last, for the
 * test to look at. Every datagram arrives at once, unless the test takes it.
 */
#ifndef TESTS_UNIT_GUEST_H
#define TESTS_UNIT_GUEST_H

#include "core/bytes.h"
#include "core/channel.h"
#include "lighthouse/beacon.h"

#include <stdio.h>
#include <stdlib.h>

#define GUESTS_MAX 8
#define INBOX_MAX  64
#define ROWS_MAX   640
#define TAPE_MAX   256

struct mail {
	size_t len;
	socket_id socket; /* of the lighthouse, that it came from */
	struct addr to;
	uint8_t bytes[PACKET_MAX];
};

struct guest {
	struct noise_identity self;
	struct noise_clock clock;
	struct channel *channel;
	struct blob cert;
	struct blob ca;
	struct addr at;
	socket_id via; /* the lighthouse's socket that it sends to */
	uint32_t next_index;
	bool deaf;     /* what it is sent gets lost */
	bool no_hello; /* says nothing by itself */
	bool no_pong;  /* and does not answer PINGs */
	uint64_t sent_bytes;
	uint64_t heard_bytes; /* at its address */
	struct mail inbox[INBOX_MAX];
	unsigned count;
};

/* A datagram that went to the lighthouse. */
struct taped {
	struct addr from;
	size_t len;
	uint8_t bytes[PACKET_MAX];
};

/* A row that the lighthouse wanted remembered. */
struct row {
	struct memory memory;
	uint8_t value[20000];
};

struct scene {
	struct beacon *beacon;
	struct outbox out;
	struct instant now;
	struct rng rng;
	uint8_t lighthouse_key[32];
	uint8_t psk[32];
	struct guest *guests[GUESTS_MAX];
	unsigned guest_count;
	struct row rows[ROWS_MAX];
	unsigned row_count;
	unsigned sent; /* datagrams by the lighthouse */
	uint64_t sent_bytes;
	struct taped *tape; /* if not NULL: the last TAPE_MAX that guests have sent */
	unsigned taped;
	/* If not NULL: gets what is sent to nobody of these. */
	void (*elsewhere)(struct scene *s, const struct effect *e);
};

static void scene_settle(struct scene *s);

/* Hands the lighthouse `len` bytes as they would come from `from` to its socket `via`. */
static inline void
scene_from_net(struct scene *s, const struct addr *from, socket_id via, const void *bytes,
    size_t len)
{
	static uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct packet pk = { .data = buf + PACKET_HEADROOM, .len = (uint32_t)len, .from = *from };

	assert(len <= PACKET_MAX);
	memcpy(pk.data, bytes, len);
	pk.socket = via;
	beacon_from_net(s->beacon, s->now, &pk, 1, &s->out);
	scene_settle(s);
}

static inline void
guest_send(struct scene *s, struct guest *g, const void *bytes, size_t len)
{
	uint8_t copy[PACKET_MAX];

	memcpy(copy, bytes, len);
	g->sent_bytes += len;
	if (s->tape != NULL) {
		struct taped *t = &s->tape[s->taped++ % TAPE_MAX];

		t->from = g->at;
		t->len = len;
		memcpy(t->bytes, bytes, len);
	}
	scene_from_net(s, &g->at, g->via, copy, len);
}

/* Seals `len` bytes as the guest's next packet. Returns the datagram's length, 0: no session. */
static inline size_t
guest_seal(struct scene *s, struct guest *g, uint8_t *to, const void *bytes, size_t len)
{
	uint8_t buf[DATA_HEADER + PACKET_MAX + PACKET_TAILROOM];
	int n;

	memcpy(buf + DATA_HEADER, bytes, len);
	n = channel_seal(g->channel, s->now, buf + DATA_HEADER, len);
	if (n < 0)
		return 0;
	memcpy(to, buf, (size_t)n);
	return (size_t)n;
}

static inline bool
guest_say(struct scene *s, struct guest *g, const void *frame, int len)
{
	uint8_t msg[PACKET_MAX];
	size_t n = len >= 0 ? guest_seal(s, g, msg, frame, (size_t)len) : 0;

	if (n > 0)
		guest_send(s, g, msg, n);
	return n > 0;
}

static inline void
guest_hello(struct scene *s, struct guest *g)
{
	uint8_t frame[FRAME_MAX];
	struct hello h = { .proto_min = 1, .proto_max = 1, .max_inner = 1420 };

	h.flags = channel_hello_seen(g->channel) ? HELLO_SEEN_YOURS : 0;
	h.unix_time = s->now.wall / USEC_PER_SEC;
	(void)guest_say(s, g, frame, hello_encode(frame, sizeof(frame), &h));
	channel_hello_sent(g->channel, s->now.mono);
}

static inline void
guest_initiate(struct scene *s, struct guest *g)
{
	struct presentation p = { .cert = g->cert, .ca = g->ca };
	uint8_t plain[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	const uint8_t *msg;
	int len = presentation_encode(plain, sizeof(plain), &p);

	assert(len > 0);
	(void)noise_clock_next(&g->clock, timestamp, s->now.wall);
	len = channel_initiate(g->channel, s->now, ++g->next_index, timestamp, plain, (size_t)len,
	    &msg);
	assert(len > 0);
	guest_send(s, g, msg, (size_t)len);
}

static inline void
guest_tick(struct scene *s, struct guest *g)
{
	unsigned due = channel_tick(g->channel, s->now);
	const uint8_t *msg;
	int len;

	if (due & CHANNEL_INITIATE)
		guest_initiate(s, g);
	if (due & CHANNEL_REPEAT) {
		len = channel_repeat(g->channel, s->now.mono, &msg);
		if (len > 0)
			guest_send(s, g, msg, (size_t)len);
	}
	if (due & CHANNEL_HELLO) {
		if (g->no_hello)
			channel_hello_sent(g->channel, s->now.mono);
		else
			guest_hello(s, g);
	}
	if (due & CHANNEL_KEEPALIVE)
		(void)guest_say(s, g, "", 0);
	while (channel_retired(g->channel) != 0)
		;
}

/* The lighthouse calls: answers, if it is the lighthouse. */
static inline void
guest_called(struct scene *s, struct guest *g, const uint8_t *msg, size_t len)
{
	const uint8_t *msg1 = msg + PRESENT_INITIATION;
	uint8_t timestamp[NOISE_TIMESTAMP], response[RESPONSE_LEN], hash[16] = { 1 };
	struct noise n;

	assert(len >= PRESENT_MIN && noise_mac1_valid(&g->self, msg1, INITIATION_LEN));
	if (noise_read_static(&n, &g->self, msg1) < 0 ||
	    noise_read_timestamp(timestamp, &n, &g->self, msg1) < 0)
		abort();
	if (channel_accept(g->channel, s->now, ++g->next_index, &n, hash, response) < 0)
		abort();
	guest_send(s, g, response, sizeof(response));
}

static inline void
guest_pong(struct scene *s, struct guest *g, const struct frame *f)
{
	uint8_t frame[PING_LEN];
	struct ping ping;

	if (g->no_pong || ping_decode(&ping, f) < 0)
		return;
	ping.flags = 0;
	ping.delay_s = 0;
	(void)guest_say(s, g, frame,
	    ping_encode(frame, sizeof(frame), FRAME_PONG, &ping, PING_LEN));
}

static inline void
guest_opened(struct scene *s, struct guest *g, const struct channel_opened *o, socket_id socket)
{
	struct mail *l = &g->inbox[g->count % INBOX_MAX];
	struct frame f;
	struct hello h;

	if (o->len == 0)
		return;
	if (frame_is(o->p, o->len) && frame_open(&f, o->p, o->len) == FRAME_SPOKEN) {
		if (f.type == FRAME_HELLO && hello_decode(&h, &f) == 0) {
			channel_hello_heard(g->channel, s->now.mono, o->index,
			    (h.flags & HELLO_SEEN_YOURS) != 0, h.caps);
			return;
		}
		if (f.type == FRAME_PING) {
			guest_pong(s, g, &f);
			return;
		}
	}
	l->len = o->len;
	l->socket = socket;
	memcpy(l->bytes, o->p, o->len);
	g->count++;
}

static inline void
guest_receive(struct scene *s, struct guest *g, const struct effect *e)
{
	uint8_t msg[PACKET_MAX];
	struct channel_opened o;

	memcpy(msg, e->data, e->len);
	g->heard_bytes += e->len;
	switch (outer_check(msg, e->len)) {
	case OUTER_PRESENT: guest_called(s, g, msg, e->len); break;
	case OUTER_RESPONSE: (void)!channel_response(g->channel, s->now, msg); break;
	case OUTER_COOKIE: (void)!channel_cookie(g->channel, s->now.mono, msg); break;
	case OUTER_DATA:
		if (channel_open(g->channel, s->now, msg, e->len, &o) == 0)
			guest_opened(s, g, &o, e->socket);
		break;
	}
	guest_tick(s, g);
}

static inline void
scene_remember(struct scene *s, const struct memory *m)
{
	struct row *r = s->rows;

	while (r < s->rows + s->row_count &&
	       (r->memory.table != m->table || r->memory.key_len != m->key_len ||
		   memcmp(r->memory.key, m->key, m->key_len) != 0))
		r++;
	if (r == s->rows + s->row_count) {
		assert(s->row_count < ROWS_MAX);
		s->row_count++;
	}
	r->memory = *m;
	assert(m->value_len <= sizeof(r->value));
	memcpy(r->value, m->value, m->value_len);
	r->memory.value = r->value;
}

/* Carries out what the lighthouse wants done. */
static void
scene_settle(struct scene *s)
{
	struct outbox out = s->out;
	uint8_t *arena = s->out.arena;
	uint64_t ticket = 0;

	if (s->out.count == 0) {
		outbox_reset(&s->out);
		return;
	}
	/* What guests answer goes through an outbox of its own: this one is being read. */
	if (outbox_init(&s->out, out.cap, out.size) < 0)
		abort();
	for (uint32_t i = 0; i < out.count; i++) {
		const struct effect *e = &out.effects[i];

		if (e->kind == EFFECT_REMEMBER) {
			scene_remember(s, &e->memory);
			ticket = max_u64(ticket, e->memory.ticket);
		}
		if (e->kind != EFFECT_TO_NET)
			continue;
		s->sent++;
		s->sent_bytes += e->len;
		for (unsigned g = 0; g < s->guest_count; g++)
			if (!s->guests[g]->deaf && addr_equal(&s->guests[g]->at, &e->to))
				guest_receive(s, s->guests[g], e);
		if (s->elsewhere != NULL)
			s->elsewhere(s, e);
	}
	assert(arena == out.arena && out.dropped == 0);
	outbox_free(&out);
	if (ticket != 0)
		beacon_written(s->beacon, s->now, ticket, &s->out);
}

static inline usec_t
scene_next_due(const struct scene *s)
{
	usec_t due = beacon_next_due(s->beacon);

	for (unsigned g = 0; g < s->guest_count; g++)
		due = due_min(due, channel_next_due(s->guests[g]->channel));
	return due;
}

/* Lets time pass, and everything happen that is due in it. */
static inline void
scene_run(struct scene *s, usec_t span)
{
	usec_t end = s->now.mono + span;

	for (;;) {
		usec_t due = scene_next_due(s);
		usec_t at = due == 0 || due > end ? end : max_u64(due, s->now.mono);

		s->now.wall += at - s->now.mono;
		s->now.mono = at;
		beacon_tick(s->beacon, s->now, &s->out);
		assert(beacon_next_due(s->beacon) == 0 || beacon_next_due(s->beacon) > at);
		scene_settle(s);
		for (unsigned g = 0; g < s->guest_count; g++)
			guest_tick(s, s->guests[g]);
		if (at == end)
			return;
	}
}

/* A guest at 198.51.100.`host`:4242 with this key and certificate, which must outlive it. */
static inline struct guest *
guest_new(struct scene *s, uint8_t host, const uint8_t secret[static 32], struct blob cert)
{
	struct guest *g = calloc(1, sizeof(*g));
	struct channel_config c = { .self = &g->self, .rng = &s->rng };

	assert(g != NULL && s->guest_count < GUESTS_MAX);
	if (noise_identity_init(&g->self, secret) < 0)
		abort();
	memcpy(c.key, s->lighthouse_key, sizeof(c.key));
	memcpy(c.psk, s->psk, sizeof(c.psk));
	g->channel = channel_new(&c);
	g->cert = cert;
	g->at = (struct addr){ .family = FAMILY_V4, .port = 4242, .ip = { 198, 51, 100, host } };
	g->via = SOCKET_V4;
	g->next_index = (uint32_t)host << 16;
	s->guests[s->guest_count++] = g;
	return g;
}

/* Shakes hands. True: there is a session. */
static inline bool
guest_connect(struct scene *s, struct guest *g)
{
	channel_want(g->channel, s->now.mono);
	guest_tick(s, g);
	return channel_ready(g->channel, s->now);
}

/* The guest's process ends and begins again: keys are gone, clock and certificate are not. */
static inline void
guest_restart(struct scene *s, struct guest *g)
{
	struct channel_config c = { .self = &g->self, .rng = &s->rng };

	memcpy(c.key, s->lighthouse_key, sizeof(c.key));
	memcpy(c.psk, s->psk, sizeof(c.psk));
	channel_free(g->channel);
	g->channel = channel_new(&c);
	g->count = 0;
}

/* The newest frame of `type` that it got, taken out of the inbox; false: there is none. */
static inline bool
guest_got(struct guest *g, uint8_t type, struct frame *ret, socket_id *socket)
{
	for (unsigned i = g->count; i > 0 && i + INBOX_MAX > g->count; i--) {
		struct mail *l = &g->inbox[(i - 1) % INBOX_MAX];

		if (frame_is(l->bytes, l->len) && frame_open(ret, l->bytes, l->len) >= 0 &&
		    ret->type == type) {
			l->len = 0;
			if (socket != NULL)
				*socket = l->socket;
			return true;
		}
	}
	return false;
}

static inline void
scene_free(struct scene *s)
{
	beacon_free(s->beacon);
	outbox_free(&s->out);
	free(s->tape);
	for (unsigned g = 0; g < s->guest_count; g++) {
		channel_free(s->guests[g]->channel);
		free(s->guests[g]);
	}
	memset(s, 0, sizeof(*s));
}

#endif
