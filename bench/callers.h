/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * callers.h - very many remote ends for one engine, a node's or a lighthouse's.
 *
 * A caller has a key, a certificate, an address and a channel. It shakes hands with the engine, says
 * HELLO, answers PINGs, and seals what it is told to; what else the engine sends it is dropped. Only
 * one caller is spoken with at a time, so that the callers need no network between them and the
 * engine, and the time that the engine takes can be told from theirs.
 */
#ifndef BENCH_CALLERS_H
#define BENCH_CALLERS_H

#include "bench/pair.h"
#include "core/channel.h"
#include "lighthouse/beacon.h"

#include <time.h>

struct caller {
	struct noise_identity self;
	struct noise_clock clock;
	struct channel *channel; /* NULL: it has hung up */
	struct cert_bytes cert;
	struct ip inner;
	struct addr outer;
};

/* One of the two is there. */
struct engine {
	struct beacon *beacon;
	struct mesh *mesh;
	struct noise_identity self;
	struct outbox out;
	double spent; /* seconds of this thread, in the engine */
};

/* The network: an authority for all of 10.0.0.0/8, a stream of chance, and the time. */
struct callers {
	struct rng_stream stream;
	struct rng rng;
	struct instant now;
	struct cert root;
	struct cert_bytes root_bytes;
	uint8_t seed[32];
	struct engine engine;
	struct caller *all;
	uint32_t count;
};

static inline double
callers_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The inner address of host `n`, 0 being the engine's own. */
static inline struct ip
callers_inner(uint32_t n)
{
	uint8_t b[4];

	put_be32(b, 0x0a000001 + n);
	return ip_v4(b);
}

static inline struct addr
callers_outer(uint32_t n)
{
	uint8_t b[4];

	put_be32(b, 0xb0000001 + n); /* 176.0.0.1 and on */
	return addr_from_ip(ip_v4(b), 7717);
}

/* The certificate of host `n` for the key. */
static inline struct cert_bytes
callers_sign(const struct callers *cs, uint32_t n, const uint8_t key[static 32], uint32_t flags)
{
	struct cert c = {
		.kind = OBJECT_HOST,
		.serial = 2 + n,
		.not_before = cs->root.not_before,
		.not_after = cs->root.not_before + PAIR_MONTH,
		.address_count = 1,
		.flags = flags,
	};

	memcpy(c.key, key, sizeof(c.key));
	memcpy(c.network, cs->root.network, sizeof(c.network));
	snprintf(c.name, sizeof(c.name), "host%u", n);
	c.addresses[0] = (struct prefix){ .ip = callers_inner(n), .len = 32 };
	return pair_sign(&c, cs->seed);
}

static inline void
callers_open(struct callers *cs)
{
	struct pair p = { 0 };
	uint8_t private[32];

	memset(cs, 0, sizeof(*cs));
	rng_stream_init(&cs->stream, 1);
	cs->rng = p.rng = rng_stream_source(&cs->stream);
	cs->now = (struct instant){ .mono = PAIR_START, .wall = PAIR_WALL };
	cs->root_bytes = pair_root_of(&p, cs->seed, "10.0.0.0/8");
	cs->root = p.root;
	rng_fill(&cs->rng, private, sizeof(private));
	must_be(noise_identity_init(&cs->engine.self, private) == 0);
	must_be(outbox_init(&cs->engine.out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES) == 0);
}

/* The engine is a node, with room for so many peers. */
static inline void
callers_node(struct callers *cs, uint32_t peers)
{
	static struct mesh_config config;
	struct addr at = callers_outer(0);
	struct err err;

	memset(&config, 0, sizeof(config));
	memcpy(config.private_key, cs->engine.self.private, sizeof(config.private_key));
	config.cert = callers_sign(cs, 0, cs->engine.self.public, 0);
	config.roots[config.root_count++] = cs->root_bytes;
	config.peers_max = peers;
	config.handshakes_per_second = 1000000;
	must_be(mesh_new(&cs->engine.mesh, &config, &cs->rng, cs->now, &err) == 0);
	mesh_net_changed(cs->engine.mesh, cs->now, &at, 1, &cs->engine.out);
	mesh_start(cs->engine.mesh, cs->now, &cs->engine.out);
	outbox_reset(&cs->engine.out);
}

/* The engine is a lighthouse, with room for so many clients, that refuses nothing for its rate. */
static inline void
callers_lighthouse(struct callers *cs, uint32_t clients)
{
	struct cert_bytes cert =
	    callers_sign(cs, 0, cs->engine.self.public, CERT_LIGHTHOUSE | CERT_RELAY);
	struct beacon_config config = {
		.cert = { cert.p, cert.len },
		.authorities = { { cs->root_bytes.p, cs->root_bytes.len } },
		.authority_count = 1,
		.clients_max = clients,
		.handshake_rate = 1000000000,
		.relay_rate = UINT64_C(1000000000000),
		.relay = true,
	};
	struct err err;

	memcpy(config.key, cs->engine.self.private, sizeof(config.key));
	must_be(beacon_new(&cs->engine.beacon, &config, cs->rng, cs->now, &err) == 0);
}

static inline void
callers_close(struct callers *cs)
{
	for (uint32_t i = 0; i < cs->count; i++)
		channel_free(cs->all[i].channel);
	free(cs->all);
	outbox_free(&cs->engine.out);
}

static inline void
callers_wait(struct callers *cs, usec_t span)
{
	cs->now.mono += span;
	cs->now.wall += span;
}

/* The engine gets datagrams, and the time that it takes is noted. What it wants is in its outbox. */
static inline void
engine_hears(struct callers *cs, struct packet *pk, size_t n)
{
	struct engine *e = &cs->engine;
	double begun = callers_cpu();

	if (e->beacon != NULL)
		beacon_from_net(e->beacon, cs->now, pk, n, &e->out);
	else
		mesh_from_net(e->mesh, cs->now, pk, n, &e->out);
	e->spent += callers_cpu() - begun;
	must_be(e->out.dropped == 0);
}

/*
 * Conversation
 */

static inline void
caller_says(struct callers *cs, const struct caller *c, const void *msg, size_t len)
{
	static uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct packet pk = { .data = buf + PACKET_HEADROOM, .len = (uint32_t)len, .from = c->outer };

	memcpy(pk.data, msg, len);
	engine_hears(cs, &pk, 1);
}

/* Seals `len` bytes that lie at pk->data, and makes `pk` the datagram. */
static inline void
caller_seals(struct callers *cs, struct caller *c, struct packet *pk, size_t len)
{
	int n = channel_seal(c->channel, cs->now, pk->data, len);

	must_be(n > 0);
	pk->data -= DATA_HEADER;
	pk->len = (uint32_t)n;
	pk->from = c->outer;
}

static inline void
caller_tells(struct callers *cs, struct caller *c, const uint8_t *frame, int len)
{
	uint8_t buf[DATA_HEADER + PACKET_MAX + PACKET_TAILROOM];
	struct packet pk = { .data = buf + DATA_HEADER };

	must_be(len >= 0);
	memcpy(pk.data, frame, (size_t)len);
	caller_seals(cs, c, &pk, (size_t)len);
	caller_says(cs, c, pk.data, pk.len);
}

static inline void
caller_hello(struct callers *cs, struct caller *c)
{
	uint8_t frame[FRAME_MAX];
	struct hello h = { .proto_min = 1, .proto_max = 1, .max_inner = 1420 };

	h.flags = channel_hello_seen(c->channel) ? HELLO_SEEN_YOURS : 0;
	h.unix_time = cs->now.wall / USEC_PER_SEC;
	caller_tells(cs, c, frame, hello_encode(frame, sizeof(frame), &h));
	channel_hello_sent(c->channel, cs->now.mono);
}

static inline void
caller_hears_frame(struct callers *cs, struct caller *c, const struct channel_opened *o)
{
	uint8_t frame[PACKET_MAX];
	struct hello h;
	struct ping ping;
	struct frame f;

	if (!frame_is(o->p, o->len) || frame_open(&f, o->p, o->len) != FRAME_SPOKEN)
		return;
	if (f.type == FRAME_HELLO && hello_decode(&h, &f) == 0)
		channel_hello_heard(c->channel, cs->now.mono, o->index,
		    (h.flags & HELLO_SEEN_YOURS) != 0, h.caps);
	if (f.type != FRAME_PING || ping_decode(&ping, &f) < 0)
		return;
	ping.flags = 0;
	caller_tells(cs, c, frame, ping_encode(frame, sizeof(frame), FRAME_PONG, &ping, PING_LEN));
}

static inline void
caller_hears(struct callers *cs, struct caller *c, uint8_t *msg, size_t len)
{
	struct channel_opened o;

	switch (outer_check(msg, len)) {
	case OUTER_RESPONSE:
		must_be(channel_response(c->channel, cs->now, msg) == 0);
		caller_hello(cs, c);
		break;
	case OUTER_DATA:
		if (channel_open(c->channel, cs->now, msg, len, &o) == 0)
			caller_hears_frame(cs, c, &o);
		break;
	default:
		break;
	}
}

/* Until the engine has nothing to say to `c` any more. What it says to others is lost. */
static inline void
caller_settle(struct callers *cs, struct caller *c)
{
	static struct {
		size_t len;
		uint8_t bytes[PACKET_MAX];
	} letters[32];
	struct outbox *out = &cs->engine.out;
	size_t n;

	do {
		n = 0;
		for (uint32_t i = 0; i < out->count && n < ARRAY_LEN(letters); i++) {
			const struct effect *e = &out->effects[i];

			if (e->kind != EFFECT_TO_NET || !addr_equal(&e->to, &c->outer))
				continue;
			letters[n].len = e->len;
			memcpy(letters[n++].bytes, e->data, e->len);
		}
		outbox_reset(out);
		for (size_t i = 0; i < n; i++)
			caller_hears(cs, c, letters[i].bytes, letters[i].len);
	} while (n > 0);
}

/* Host `n`, counted from 1, which has not called yet. */
static inline void
caller_init(struct callers *cs, struct caller *c, uint32_t n)
{
	uint8_t private[32];

	rng_fill(&cs->rng, private, sizeof(private));
	must_be(noise_identity_init(&c->self, private) == 0);
	c->cert = callers_sign(cs, n, c->self.public, 0);
	c->inner = callers_inner(n);
	c->outer = callers_outer(n);
}

/* It shakes hands with the engine, as if for the first time, and they have said HELLO. */
static inline void
caller_connect(struct callers *cs, struct caller *c)
{
	struct channel_config config = { .self = &c->self, .rng = &cs->rng };
	struct presentation p = { .cert = { c->cert.p, c->cert.len } };
	uint8_t plain[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	const uint8_t *msg;
	int len;

	memcpy(config.key, cs->engine.self.public, sizeof(config.key));
	channel_free(c->channel);
	must_be((c->channel = channel_new(&config)) != NULL);
	len = presentation_encode(plain, sizeof(plain), &p);
	must_be(len > 0);
	(void)noise_clock_next(&c->clock, timestamp, cs->now.wall);
	len = channel_initiate(c->channel, cs->now, 1, timestamp, plain, (size_t)len, &msg);
	must_be(len > 0);
	caller_says(cs, c, msg, (size_t)len);
	caller_settle(cs, c);
	must_be(channel_ready(c->channel, cs->now));
}

static inline struct caller *
callers_any(struct callers *cs)
{
	return &cs->all[rng_below(&cs->rng, cs->count)];
}

#endif
