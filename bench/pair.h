/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pair.h - two whole nodes, a lighthouse and wires between them, for what is measured of engines.
 *
 * What one engine sends another has received at once. The nodes find each other by the lighthouse,
 * and talk directly, or through it where there is no wire between them. Packets go through in lots:
 * sealed in place by one, opened in place by the other, so that a lot that has passed is as it was,
 * and can be sent again.
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
#include "lighthouse/beacon.h"
#include "node/mesh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOT	    MESH_BATCH_MAX /* packets */
#define PAIR_START  (1000 * USEC_PER_SEC)
#define PAIR_WALL   (1700000000 * USEC_PER_SEC)
#define PAIR_MONTH  (30 * 86400)
#define PAIR_PORT   5001

/* One end of a wire: a node, or the lighthouse. */
struct end {
	struct mesh *mesh;
	struct beacon *beacon;
	struct outbox out;
	struct ip inner;
	struct addr outer;
	struct cert_bytes cert;
};

enum {
	ONE,
	TWO,
	LIGHTHOUSE,
	ENDS,
};

struct pair {
	struct rng_stream stream;
	struct rng rng;
	struct instant now;
	struct cert root;
	bool relayed; /* there is no wire between the nodes */
	struct end ends[ENDS];
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
 * Who there is
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

/* An authority for `addresses`; its key comes back in `seed`, itself in p->root. */
static inline struct cert_bytes
pair_root_of(struct pair *p, uint8_t seed[static 32], const char *addresses)
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
		.flags = CERT_LIGHTHOUSE | CERT_RELAY,
	};
	uint8_t enrol[32];
	struct cert_bytes b;

	rng_fill(&p->rng, seed, 32);
	rng_fill(&p->rng, c.network, sizeof(c.network));
	rng_fill(&p->rng, enrol, sizeof(enrol));
	crypto_dh_public(c.enrol_key, enrol);
	crypto_ed25519_public(c.key, seed);
	must_be(prefix_parse(&c.addresses[0], addresses) == 0);
	b = pair_sign(&c, seed);
	p->root = c;
	return b;
}

/* Certifies and addresses the end `i`, whose private key is `key`. */
static inline void
pair_certify(struct pair *p, size_t i, uint32_t flags, uint8_t key[static 32],
    const uint8_t seed[static 32])
{
	static const char *const names[ENDS] = { "one", "two", "lighthouse" };
	struct end *e = &p->ends[i];
	struct cert c = {
		.kind = OBJECT_HOST,
		.serial = 2 + i,
		.not_before = p->root.not_before,
		.not_after = p->root.not_before + PAIR_MONTH,
		.address_count = 1,
		.flags = flags,
	};

	rng_fill(&p->rng, key, 32);
	crypto_dh_public(c.key, key);
	memcpy(c.network, p->root.network, sizeof(c.network));
	memcpy(c.name, names[i], strlen(names[i]));
	e->inner = ip_v4((const uint8_t[]){ 10, 87, 0, (uint8_t)(1 + i) });
	c.addresses[0] = (struct prefix){ .ip = e->inner, .len = 32 };
	e->outer = addr_from_ip(ip_v4((const uint8_t[]){ 198, 51, 100, (uint8_t)(1 + i) }), 7717);
	e->cert = pair_sign(&c, seed);
	must_be(outbox_init(&e->out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES) == 0);
}

static inline void
pair_lighthouse(struct pair *p, const struct cert_bytes *root, const uint8_t seed[static 32])
{
	struct end *e = &p->ends[LIGHTHOUSE];
	struct beacon_config config = { .relay = true };
	struct err err;

	pair_certify(p, LIGHTHOUSE, CERT_LIGHTHOUSE | CERT_RELAY, config.key, seed);
	config.cert.p = e->cert.p;
	config.cert.len = e->cert.len;
	config.authorities[0].p = root->p;
	config.authorities[0].len = root->len;
	config.authority_count = 1;
	must_be(beacon_new(&e->beacon, &config, p->rng, p->now, &err) == 0);
}

static inline void
pair_node(struct pair *p, size_t i, const struct cert_bytes *root, const uint8_t seed[static 32])
{
	static struct mesh_config config;
	const struct end *lighthouse = &p->ends[LIGHTHOUSE];
	struct end *e = &p->ends[i];
	struct err err;

	memset(&config, 0, sizeof(config));
	pair_certify(p, i, 0, config.private_key, seed);
	config.cert = e->cert;
	config.roots[config.root_count++] = *root;
	config.lighthouses[0] = (struct mesh_lighthouse){
		.cert = lighthouse->cert,
		.endpoints = { lighthouse->outer },
		.endpoint_count = 1,
	};
	config.lighthouse_count = 1;
	must_be(mesh_new(&e->mesh, &config, &p->rng, p->now, &err) == 0);
	mesh_net_changed(e->mesh, p->now, &e->outer, 1, &e->out);
	mesh_start(e->mesh, p->now, &e->out);
}

/*
 * The wires
 */

static inline void
end_receive(struct pair *p, struct end *e, struct packet *packets, size_t n)
{
	if (e->mesh != NULL)
		mesh_from_net(e->mesh, p->now, packets, n, &e->out);
	else
		beacon_from_net(e->beacon, p->now, packets, n, &e->out);
}

static inline usec_t
end_due(const struct end *e)
{
	return e->mesh != NULL ? mesh_next_due(e->mesh) : beacon_next_due(e->beacon);
}

static inline void
end_tick(struct pair *p, struct end *e)
{
	if (e->mesh != NULL)
		mesh_tick(e->mesh, p->now, &e->out);
	else
		beacon_tick(e->beacon, p->now, &e->out);
}

/* Who is at the other end of the wire from `from` that has the address `at`; NULL: nobody. */
static inline struct end *
pair_at(struct pair *p, const struct end *from, const struct addr *at)
{
	for (size_t i = 0; i < ENDS; i++) {
		struct end *e = &p->ends[i];

		if (addr_equal(&e->outer, at))
			return p->relayed && e->mesh != NULL && from->mesh != NULL ? NULL : e;
	}
	return NULL;
}

/* What `from` wants sent arrives. */
static inline void
pair_carry(struct pair *p, struct end *from)
{
	static uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];

	for (uint32_t i = 0; i < from->out.count; i++) {
		const struct effect *e = &from->out.effects[i];
		struct packet pk = { .data = buf + PACKET_HEADROOM, .len = e->len };
		struct end *to = e->kind == EFFECT_TO_NET ? pair_at(p, from, &e->to) : NULL;

		if (to == NULL)
			continue;
		memcpy(pk.data, e->data, e->len);
		pk.from = from->outer;
		end_receive(p, to, &pk, 1);
	}
	outbox_reset(&from->out);
}

/* Until nobody has anything to say. */
static inline void
pair_settle(struct pair *p)
{
	while (p->ends[ONE].out.count + p->ends[TWO].out.count + p->ends[LIGHTHOUSE].out.count > 0)
		for (size_t i = 0; i < ENDS; i++)
			pair_carry(p, &p->ends[i]);
}

/* Time passes, and what becomes due is done. */
static inline void
pair_run(struct pair *p, usec_t span)
{
	usec_t end = p->now.mono + span;

	while (p->now.mono < end) {
		usec_t next = end;

		for (size_t i = 0; i < ENDS; i++)
			next = due_min(next, end_due(&p->ends[i]));
		next = max_u64(next, p->now.mono);
		p->now.wall += next - p->now.mono;
		p->now.mono = next;
		for (size_t i = 0; i < ENDS; i++)
			end_tick(p, &p->ends[i]);
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
	const struct end *to = &p->ends[from == &p->ends[ONE] ? TWO : ONE];

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

/* Takes what `from` wants done with the lot, all of `kind`. False if that is not every packet. */
static inline bool
lot_take(struct lot *lot, struct end *from, enum effect_kind kind)
{
	size_t n = 0;

	for (uint32_t i = 0; i < from->out.count; i++) {
		const struct effect *e = &from->out.effects[i];

		if (e->kind != kind)
			continue;
		if (n == LOT)
			return false;
		lot->packets[n].data = e->data;
		lot->packets[n].len = e->len;
		lot->packets[n].from = kind == EFFECT_TO_NET ? from->outer : (struct addr){ 0 };
		n++;
	}
	outbox_reset(&from->out);
	return n == LOT;
}

/* What is done with a lot on its way; a caller may have some of it done under its own name. */
typedef void lot_sealer(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out);
typedef void lot_relayer(struct beacon *b, struct instant now, struct lot *lot, struct outbox *out);

static inline void
lot_seal(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out)
{
	mesh_from_tun(m, now, lot->packets, LOT, out);
}

static inline void
lot_relay(struct beacon *b, struct instant now, struct lot *lot, struct outbox *out)
{
	beacon_from_net(b, now, lot->packets, LOT, out);
}

static inline void
lot_open(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out)
{
	mesh_from_net(m, now, lot->packets, LOT, out);
}

static inline void
lot_pass_by(struct lot *lot, struct pair *p, struct end *from, lot_sealer *seal, lot_relayer *relay,
    lot_sealer *open)
{
	struct end *to = &p->ends[from == &p->ends[ONE] ? TWO : ONE];
	struct end *between = &p->ends[LIGHTHOUSE];

	seal(from->mesh, p->now, lot, &from->out);
	must_be(lot_take(lot, from, EFFECT_TO_NET));
	if (p->relayed) {
		relay(between->beacon, p->now, lot, &between->out);
		must_be(lot_take(lot, between, EFFECT_TO_NET));
	}
	open(to->mesh, p->now, lot, &to->out);
	must_be(lot_take(lot, to, EFFECT_TO_TUN));
}

/* Through the engines, from `from` to the other node. */
static inline void
lot_pass(struct lot *lot, struct pair *p, struct end *from)
{
	lot_pass_by(lot, p, from, lot_seal, lot_relay, lot_open);
}

/* The two have one path, directly or `relayed`, and have talked over it in one flow, both ways. */
static inline void
pair_open(struct pair *p, bool relayed)
{
	static struct lot lot;
	struct cert_bytes root;
	uint8_t seed[32];

	memset(p, 0, sizeof(*p));
	rng_stream_init(&p->stream, 1);
	p->rng = rng_stream_source(&p->stream);
	p->now = (struct instant){ .mono = PAIR_START, .wall = PAIR_WALL };
	p->relayed = relayed;
	root = pair_root_of(p, seed, "10.87.0.0/16");
	pair_lighthouse(p, &root, seed);
	for (size_t i = ONE; i <= TWO; i++)
		pair_node(p, i, &root, seed);
	pair_settle(p);
	pair_run(p, USEC_PER_SEC);
	for (size_t i = ONE; i <= TWO; i++) {
		lot_fill(&lot, p, &p->ends[i], 1200, false);
		mesh_from_tun(p->ends[i].mesh, p->now, lot.packets, 1, &p->ends[i].out);
		pair_settle(p);
		pair_run(p, 5 * USEC_PER_SEC);
	}
	for (unsigned round = 0; round < 8; round++) {
		for (size_t i = ONE; i <= TWO; i++) {
			lot_fill(&lot, p, &p->ends[i], 1200, false);
			lot_pass(&lot, p, &p->ends[i]);
		}
		pair_run(p, 10 * USEC_PER_MS);
	}
}

static inline void
pair_close(struct pair *p)
{
	for (size_t i = 0; i < ENDS; i++) {
		mesh_free(p->ends[i].mesh);
		beacon_free(p->ends[i].beacon);
		outbox_free(&p->ends[i].out);
	}
}

#endif
