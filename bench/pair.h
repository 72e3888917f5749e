/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pair.h - two whole nodes and the wire between them, for what is measured of the engine.
 *
 * Two engines know each other's certificate and address, and what one sends the other has received
 * at once. Packets go through in lots: sealed in place by one, opened in place by the other, so that
 * a lot that has passed is as it was, and can be sent again.
 *
 * Everything comes from one seed: the same program does the same work each time.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include "core/bytes.h"
#include "core/cert.h"
#include "core/checksum.h"
#include "core/crypto.h"
#include "core/icmp.h"
#include "core/rng.h"
#include "core/wire.h"
#include "node/mesh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOT	    MESH_BATCH_MAX /* packets */
#define PAIR_START  (1000 * USEC_PER_SEC)
#define PAIR_WALL   (1700000000 * USEC_PER_SEC)
#define PAIR_MONTH  (30 * 86400)
#define PAIR_PORT   5001

/* One end of the wire. */
struct end {
	struct mesh *mesh;
	struct outbox out;
	struct ip inner;
	struct addr outer;
	struct cert_bytes cert;
	uint64_t came; /* packets, out of its TUN */
};

struct pair {
	struct rng_stream stream;
	struct rng rng;
	struct instant now;
	struct cert root;
	struct end ends[2];
};

/* Packets of one flow, one behind the other as a TUN hands them over. */
struct lot {
	struct packet packets[LOT];
	uint8_t bytes[LOT][PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
};

static inline void
must_be(bool ok)
{
	if (!ok)
		abort();
}

/*
 * The two
 */

static inline struct cert_bytes
pair_sign(struct cert *c, const uint8_t seed[static 32])
{
	struct cert_bytes b;
	enum breach why;
	int n = cert_sign(c, b.p, sizeof(b.p), seed, &why);

	must_be(n > 0);
	b.len = (uint16_t)n;
	return b;
}

static inline struct cert_bytes
pair_root(struct pair *p, uint8_t seed[static 32])
{
	struct cert c = {
		.kind = OBJECT_CA,
		.serial = 1,
		.not_before = PAIR_WALL / USEC_PER_SEC - CERT_BACKDATE,
		.not_after = PAIR_WALL / USEC_PER_SEC + 2 * PAIR_MONTH,
		.name = "root",
		.max_lifetime = PAIR_MONTH,
		.address_count = 1,
		.group_count = 1,
		.groups = { "*" },
	};
	uint8_t enrol[32];
	struct cert_bytes b;

	rng_fill(&p->rng, seed, 32);
	rng_fill(&p->rng, c.network, sizeof(c.network));
	rng_fill(&p->rng, enrol, sizeof(enrol));
	crypto_dh_public(c.enrol_key, enrol);
	crypto_ed25519_public(c.key, seed);
	must_be(prefix_parse(&c.addresses[0], "10.87.0.0/16") == 0);
	b = pair_sign(&c, seed);
	p->root = c;
	return b;
}

static inline void
pair_node(struct pair *p, size_t i, const struct cert_bytes *root, const uint8_t seed[static 32])
{
	static struct mesh_config config;
	struct end *e = &p->ends[i];
	struct cert c = {
		.kind = OBJECT_HOST,
		.serial = 2 + i,
		.not_before = p->root.not_before,
		.not_after = p->root.not_before + PAIR_MONTH,
		.address_count = 1,
	};
	struct err err;

	memset(&config, 0, sizeof(config));
	rng_fill(&p->rng, config.private_key, sizeof(config.private_key));
	crypto_dh_public(c.key, config.private_key);
	memcpy(c.network, p->root.network, sizeof(c.network));
	snprintf(c.name, sizeof(c.name), "node%zu", i);
	e->inner = ip_v4((const uint8_t[]){ 10, 87, 0, (uint8_t)(1 + i) });
	c.addresses[0] = (struct prefix){ .ip = e->inner, .len = 32 };
	e->outer = addr_from_ip(ip_v4((const uint8_t[]){ 198, 51, 100, (uint8_t)(1 + i) }), 7717);
	e->cert = config.cert = pair_sign(&c, seed);
	config.roots[config.root_count++] = *root;
	must_be(mesh_new(&e->mesh, &config, &p->rng, p->now, &err) == 0);
	must_be(outbox_init(&e->out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES) == 0);
	mesh_net_changed(e->mesh, p->now, &e->outer, 1, &e->out);
	mesh_start(e->mesh, p->now, &e->out);
}

/* Each is told of the other, as by a person. */
static inline void
pair_introduce(struct pair *p)
{
	for (size_t i = 0; i < 2; i++) {
		struct end *e = &p->ends[i], *other = &p->ends[1 - i];
		const char *name = i == 0 ? "node1" : "node0";
		struct err err;

		must_be(mesh_add_member(e->mesh, p->now, other->cert.p, other->cert.len, NULL, 0,
			    &e->out, &err) == 0);
		must_be(mesh_add_endpoint(e->mesh, p->now, name, &other->outer, &e->out) == 0);
	}
}

/*
 * The wire
 */

/* What `from` wants sent arrives; what it says to its TUN is counted. */
static inline void
pair_carry(struct pair *p, struct end *from)
{
	static uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct end *to = &p->ends[from == &p->ends[0]];

	for (uint32_t i = 0; i < from->out.count; i++) {
		const struct effect *e = &from->out.effects[i];
		struct packet pk = { .data = buf + PACKET_HEADROOM, .len = e->len };

		from->came += e->kind == EFFECT_TO_TUN;
		if (e->kind != EFFECT_TO_NET || !addr_equal(&e->to, &to->outer))
			continue;
		memcpy(pk.data, e->data, e->len);
		pk.from = from->outer;
		mesh_from_net(to->mesh, p->now, &pk, 1, &to->out);
	}
	outbox_reset(&from->out);
}

/* Until nobody has anything to say. */
static inline void
pair_settle(struct pair *p)
{
	while (p->ends[0].out.count + p->ends[1].out.count > 0)
		for (size_t i = 0; i < 2; i++)
			pair_carry(p, &p->ends[i]);
}

/* Time passes, and what becomes due is done. */
static inline void
pair_run(struct pair *p, usec_t span)
{
	usec_t end = p->now.mono + span;

	while (p->now.mono < end) {
		usec_t next = end;

		for (size_t i = 0; i < 2; i++)
			next = min_u64(next, due_min(mesh_next_due(p->ends[i].mesh), end));
		next = max_u64(next, p->now.mono);
		p->now.wall += next - p->now.mono;
		p->now.mono = next;
		for (size_t i = 0; i < 2; i++)
			mesh_tick(p->ends[i].mesh, p->now, &p->ends[i].out);
		pair_settle(p);
	}
}

/*
 * Lots
 */

/* Packets of `len` bytes from `from`, of TCP, as of one super-packet if `follow`. */
static inline void
lot_fill(struct lot *lot, const struct pair *p, const struct end *from, size_t len, bool follow)
{
	const struct end *to = &p->ends[from == &p->ends[0]];

	memset(lot, 0, sizeof(*lot));
	for (size_t i = 0; i < LOT; i++) {
		uint8_t *ip = lot->bytes[i] + PACKET_HEADROOM;

		lot->packets[i] = (struct packet){ .data = ip, .len = (uint32_t)len };
		if (follow && i > 0)
			lot->packets[i].meta = META_FOLLOWS;
		ip[0] = 0x45;
		put_be16(ip + 2, (uint16_t)len);
		ip[8] = 64;
		ip[9] = IPPROTO_OF_TCP;
		memcpy(ip + 12, from->inner.b, 4);
		memcpy(ip + 16, to->inner.b, 4);
		put_be16(ip + 10, inet_checksum(ip, 20, 0));
		put_be16(ip + 20, PAIR_PORT);
		put_be16(ip + 22, PAIR_PORT);
		ip[32] = 5 << 4;
		ip[33] = 0x10; /* ACK */
	}
}

static inline void
lot_seal(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out)
{
	mesh_from_tun(m, now, lot->packets, LOT, out);
}

static inline void
lot_open(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out)
{
	mesh_from_net(m, now, lot->packets, LOT, out);
}

/* The sealed lot as the other end receives it. False if not every packet went out. */
static inline bool
lot_sealed(struct lot *lot, struct end *from)
{
	size_t n = 0;

	for (uint32_t i = 0; i < from->out.count; i++) {
		const struct effect *e = &from->out.effects[i];

		if (e->kind != EFFECT_TO_NET)
			continue;
		if (n == LOT || e->data != lot->packets[n].data - DATA_HEADER)
			return false;
		lot->packets[n].data = e->data;
		lot->packets[n].len = e->len;
		lot->packets[n].from = from->outer;
		n++;
	}
	outbox_reset(&from->out);
	return n == LOT;
}

/* The opened lot as `to` hands it to its TUN, ready to be sent again. */
static inline bool
lot_opened(struct lot *lot, struct end *to)
{
	size_t n = 0;

	for (uint32_t i = 0; i < to->out.count; i++) {
		const struct effect *e = &to->out.effects[i];

		if (e->kind != EFFECT_TO_TUN)
			continue;
		if (n == LOT || e->data != lot->packets[n].data + DATA_HEADER)
			return false;
		lot->packets[n].data = e->data;
		lot->packets[n].len = e->len;
		lot->packets[n].from = (struct addr){ 0 };
		n++;
	}
	outbox_reset(&to->out);
	return n == LOT;
}

/* Through both engines, from `from` to the other. */
static inline void
lot_pass(struct lot *lot, struct pair *p, struct end *from)
{
	struct end *to = &p->ends[from == &p->ends[0]];

	lot_seal(from->mesh, p->now, lot, &from->out);
	must_be(lot_sealed(lot, from));
	lot_open(to->mesh, p->now, lot, &to->out);
	must_be(lot_opened(lot, to));
}

/* The two know each other, have one direct path, and have talked over it in one flow, both ways. */
static inline void
pair_open(struct pair *p)
{
	static struct lot lot;
	struct cert_bytes root;
	uint8_t seed[32];

	memset(p, 0, sizeof(*p));
	rng_stream_init(&p->stream, 1);
	p->rng = rng_stream_source(&p->stream);
	p->now = (struct instant){ .mono = PAIR_START, .wall = PAIR_WALL };
	root = pair_root(p, seed);
	for (size_t i = 0; i < 2; i++)
		pair_node(p, i, &root, seed);
	pair_introduce(p);
	pair_settle(p);
	for (size_t i = 0; i < 2; i++) {
		lot_fill(&lot, p, &p->ends[i], 1200, false);
		mesh_from_tun(p->ends[i].mesh, p->now, lot.packets, 1, &p->ends[i].out);
		pair_settle(p);
		pair_run(p, USEC_PER_SEC);
	}
	for (unsigned round = 0; round < 8; round++) {
		for (size_t i = 0; i < 2; i++) {
			lot_fill(&lot, p, &p->ends[i], 1200, false);
			lot_pass(&lot, p, &p->ends[i]);
		}
		pair_run(p, 10 * USEC_PER_MS);
	}
}

static inline void
pair_close(struct pair *p)
{
	for (size_t i = 0; i < 2; i++) {
		mesh_free(p->ends[i].mesh);
		outbox_free(&p->ends[i].out);
	}
}

#endif
