/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot.c - the configuration that a person would have written.
 */
#include "tests/sim/boot.h"
#include "core/crypto.h"
#include "lighthouse/beacon.h"
#include "node/mesh.h"
#include "node/rekey.h"
#include "tests/sim/stage.h"

static void
put_cert(struct cert_bytes *to, const uint8_t *p, size_t len)
{
	memcpy(to->p, p, len);
	to->len = (uint16_t)len;
}

/* Hands a row of its disk to the engine. It may be one of somebody who is revoked, or gone, by now. */
static void
recall_row(struct box *b, const struct row *r)
{
	struct memory m = {
		.table = r->key.table,
		.key_len = r->key.len,
		.value_len = r->len,
		.value = r->value,
	};
	int rc;

	memcpy(m.key, r->key.bytes, r->key.len);
	if (b->mesh != NULL)
		rc = mesh_recall(b->mesh, box_clock(b), m.table, m.key, m.key_len, m.value,
		    m.value_len);
	else
		rc = beacon_recall(b->beacon, box_clock(b), &m);
	if (rc < 0 && rc != ERR_REVOKED && rc != ERR_EXPIRED)
		world_fail(b->stage->w, "%s cannot read a row of table %u that it wrote",
		    b->id.name, r->key.table);
}

/* All rows, the network state's in their order before the others, and these by table. */
static void
recall(struct box *b)
{
	struct row_key key = { .table = MEMORY_STATE, .len = 1 };
	const struct row *r;
	size_t cursor = 0;

	for (key.bytes[0] = 0; key.bytes[0] < 3; key.bytes[0]++)
		if ((r = table_get(&b->disk, &key)) != NULL)
			recall_row(b, r);
	for (uint32_t table = MEMORY_MEMBER; table <= MEMORY_LETTER; table++, cursor = 0)
		while ((r = table_next(&b->disk, &cursor, NULL)) != NULL)
			if (r->key.table == table && table != MEMORY_STATE)
				recall_row(b, r);
}

void
boot_rekey(struct box *b)
{
	if (!crypto_is_zero(b->id.next_key, sizeof(b->id.next_key)) &&
	    mesh_rekey(b->mesh, box_clock(b), b->id.next_key, &b->stage->out) < 0)
		world_fail(b->stage->w, "%s cannot ask for another key", b->id.name);
}

void
boot_mesh(struct box *b)
{
	static struct mesh_config c;
	struct stage *st = b->stage;
	struct err e;

	memset(&c, 0, sizeof(c));
	memcpy(c.private_key, b->id.private_key, sizeof(c.private_key));
	put_cert(&c.cert, b->id.cert, b->id.cert_len);
	if (b->id.root_len > 0)
		put_cert(&c.roots[c.root_count++], b->id.root, b->id.root_len);
	put_cert(&c.roots[c.root_count++], st->ca_cert, st->ca_cert_len);
	c.settings.allow_all = true;
	if (b->pins != NULL)
		c.pins = *b->pins;
	c.handshakes_per_second = st->handshake_rate;
	c.caps = b->number % 4; /* every combination meets every other */
	c.has_psk = st->has_psk;
	memcpy(c.psk, st->psk, sizeof(c.psk));
	for (size_t i = 0; i < st->lighthouse_count; i++) {
		struct mesh_lighthouse *l = &c.lighthouses[c.lighthouse_count];
		const struct box *at = st->lighthouses[i];

		if (b->wards != 0 && (b->wards >> i & 1) == 0)
			continue;
		assert(c.lighthouse_count++ < MESH_LIGHTHOUSES_MAX);
		put_cert(&l->cert, at->id.first, at->id.first_len);
		l->endpoints[l->endpoint_count] = at->site.host_v4;
		l->endpoints[l->endpoint_count++].port = BOX_PORT;
		l->endpoints[l->endpoint_count] = at->site.host_v6;
		l->endpoints[l->endpoint_count++].port = BOX_PORT;
	}
	if (mesh_new(&b->mesh, &c, &st->w->rng, box_clock(b), &e) < 0)
		world_fail(st->w, "%s does not start: %s", b->id.name, e.text);
	recall(b);
	box_net_changed(b);
	mesh_start(b->mesh, box_clock(b), &st->out);
	boot_rekey(b);
	box_settle(b);
}

void
boot_beacon(struct box *b)
{
	struct stage *st = b->stage;
	struct beacon_config c = {
		.cert = { b->id.cert, (uint16_t)b->id.cert_len },
		.relay = true,
		.alt_port = true,
	};
	struct err e;

	if (b->id.root_len > 0)
		c.authorities[c.authority_count++] =
		    (struct blob){ b->id.root, (uint16_t)b->id.root_len };
	c.authorities[c.authority_count++] =
	    (struct blob){ st->ca_cert, (uint16_t)st->ca_cert_len };
	memcpy(c.key, b->id.private_key, sizeof(c.key));
	memcpy(c.psk, st->psk, sizeof(c.psk)); /* zeros: none */
	c.handshake_rate = st->handshake_rate;
	if (beacon_new(&b->beacon, &c, st->w->rng, box_clock(b), &e) < 0)
		world_fail(st->w, "%s does not start: %s", b->id.name, e.text);
	recall(b);
	box_settle(b);
}
