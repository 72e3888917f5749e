/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage.c - the authority that certifies everybody, and what passes between boxes.
 */
#include "tests/sim/stage.h"
#include "core/crypto.h"
#include "tests/sim/portmap.h"
#include "tests/sim/streams.h"

#include <stdio.h>
#include <stdlib.h>

/* Room for what the busiest engine call may want done; see node/mesh.h. */
enum {
	OUTBOX_EFFECTS = 1024,
	OUTBOX_BYTES = 1 << 20,
	ENDS_MAX = 1 << 20,
};

#define DAY (UINT64_C(24) * 3600)

/* Of the overlay: 10.87.0.0/16 and fd87::/64. */
static struct ip
overlay_v4(uint32_t number)
{
	return ip_v4((uint8_t[4]){ 10, 87, (uint8_t)(number >> 8), (uint8_t)number });
}

static struct ip
overlay_v6(uint32_t number)
{
	return ip_v6(
	    (uint8_t[16]){ 0xfd, 0x87, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number });
}

/* Signs `c` with the authority's key. Its length; `to` has room for CERT_MAX. */
static size_t
certify(struct stage *st, struct cert *c, uint8_t *to)
{
	enum breach why;
	int len;

	memcpy(c->network, st->ca.network, sizeof(c->network));
	c->serial = ++st->serial;
	c->not_before = WORLD_EPOCH / USEC_PER_SEC - DAY;
	len = cert_sign(c, to, CERT_MAX, st->ca_seed, &why);
	if (len < 0)
		world_fail(st->w, "the certificate of %s %s", c->name, breach_phrase(why));
	return (size_t)len;
}

static void
found_authority(struct stage *st)
{
	struct cert *ca = &st->ca;

	rng_fill(&st->w->rng, st->ca_seed, sizeof(st->ca_seed));
	rng_fill(&st->w->rng, ca->network, sizeof(ca->network));
	ca->kind = OBJECT_CA;
	ca->not_after = WORLD_EPOCH / USEC_PER_SEC + 3650 * DAY;
	crypto_ed25519_public(ca->key, st->ca_seed);
	strcpy(ca->name, "stage");
	ca->flags = CERT_LIGHTHOUSE | CERT_RELAY | CERT_STOCK | CERT_ENROL;
	ca->address_count = 2;
	ca->addresses[0] = (struct prefix){ .ip = overlay_v4(0), .len = 16 };
	ca->addresses[1] = (struct prefix){ .ip = overlay_v6(0), .len = 64 };
	ca->max_lifetime = 366 * DAY;
	crypto_dh_public(ca->enrol_key, st->ca_seed);
	st->ca_cert_len = certify(st, ca, st->ca_cert);
}

static void
say_counts(void *ctx)
{
	const struct stage *st = ctx;

	for (uint32_t i = 0; i < st->box_count; i++)
		box_say_counts(st->boxes[i]);
}

void
stage_init(struct stage *st, struct world *w)
{
	static const uint8_t hash_key[16];

	memset(st, 0, sizeof(*st));
	st->w = w;
	w->last_words = say_counts;
	w->last_words_ctx = st;
	net_init(&st->net, w);
	table_init(&st->streams, hash_key, 2 * sizeof(uint32_t), ENDS_MAX);
	watch_init(&st->watch, w);
	guard_init(&st->guard, w, &st->net);
	st->net.guard = &st->guard;
	st->guard.aims = true;
	if (outbox_init(&st->out, OUTBOX_EFFECTS, OUTBOX_BYTES) < 0)
		abort();
	found_authority(st);
}

void
stage_free(struct stage *st)
{
	streams_free(st);
	for (uint32_t i = 0; i < st->box_count; i++)
		box_free(st->boxes[i]);
	free(st->boxes);
	free(st->errands);
	outbox_free(&st->out);
	watch_free(&st->watch);
	guard_free(&st->guard);
	net_free(&st->net);
}

/* A key of its own, and a certificate for it with the name and addresses in `id`. */
static void
identify(struct stage *st, struct identity *id, uint32_t flags)
{
	uint64_t lifetime = st->lifetime == 0 ? 90 * DAY : st->lifetime;
	struct cert c = { .kind = OBJECT_HOST, .flags = flags };

	rng_fill(&st->w->rng, id->private_key, sizeof(id->private_key));
	strcpy(c.name, id->name);
	if (flags & CERT_LIGHTHOUSE) {
		rng_fill(&st->w->rng, id->tls_pin, sizeof(id->tls_pin));
		memcpy(c.tls_pin, id->tls_pin, sizeof(c.tls_pin));
	}
	crypto_dh_public(c.key, id->private_key);
	c.not_after = WORLD_EPOCH / USEC_PER_SEC + lifetime;
	c.address_count = 2;
	c.addresses[0] = (struct prefix){ .ip = id->addresses[0], .len = 32 };
	c.addresses[1] = (struct prefix){ .ip = id->addresses[1], .len = 128 };
	id->cert_len = certify(st, &c, id->cert);
	id->first_len = id->cert_len;
	memcpy(id->first, id->cert, id->cert_len);
}

/* One more, with the name and addresses of number `as`. */
static struct box *
box_add(struct stage *st, bool lighthouse, uint32_t as)
{
	struct box *b = calloc(1, sizeof(*b));

	if (st->box_count == st->box_room) {
		st->box_room = st->box_room == 0 ? 16 : 2 * st->box_room;
		st->boxes = realloc(st->boxes, st->box_room * sizeof(struct box *));
	}
	if (b == NULL || st->boxes == NULL)
		abort();
	b->stage = st;
	b->number = st->box_count;
	b->is_lighthouse = lighthouse;
	b->wards = st->wards;
	st->boxes[st->box_count++] = b;
	snprintf(b->id.name, sizeof(b->id.name), lighthouse ? "lh%u" : "n%u", as);
	b->id.addresses[0] = overlay_v4(as + 1);
	b->id.addresses[1] = overlay_v6(as + 1);
	if (!lighthouse)
		identify(st, &b->id, st->node_flags);
	else
		identify(st, &b->id, CERT_LIGHTHOUSE | (st->no_relay ? 0 : CERT_RELAY));
	return b;
}

struct box *
stage_lighthouse(struct stage *st)
{
	struct box *b = box_add(st, true, st->box_count);

	assert(st->lighthouse_count < STAGE_LIGHTHOUSES_MAX);
	site_build(&b->site, &st->net, &kinds[KIND_PUBLIC], b->number);
	box_place(b);
	b->station.up.delay = b->station.down.delay = 0;
	st->lighthouses[st->lighthouse_count++] = b;
	return b;
}

struct box *
stage_node(struct stage *st, unsigned kind)
{
	struct box *b = box_add(st, false, st->box_count);

	site_build(&b->site, &st->net, &kinds[kind], b->number);
	box_place(b);
	return b;
}

struct box *
stage_neighbour(struct stage *st, const struct box *a)
{
	struct box *b = box_add(st, false, st->box_count);

	b->site = a->site;
	b->site.host_v4.ip[3]++;
	if (b->site.host_v6.family != FAMILY_NONE)
		b->site.host_v6.ip[15]++;
	box_place(b);
	return b;
}

struct box *
stage_successor(struct stage *st, const struct box *b)
{
	struct box *c = box_add(st, false, b->number);

	site_build(&c->site, &st->net, b->site.kind, c->number);
	box_place(c);
	return c;
}

void
stage_on(struct stage *st)
{
	for (uint32_t i = 0; i < st->box_count; i++)
		if (!box_is_on(st->boxes[i]))
			box_on(st->boxes[i]);
}

void
stage_run(struct stage *st, usec_t span)
{
	world_run(st->w, st->w->now + span);
}

void
stage_cut(struct stage *st, struct box *a, struct box *b)
{
	net_cut(&st->net, site_edge(&a->site, &a->station), site_edge(&b->site, &b->station));
}

void
stage_heal(struct stage *st, struct box *a, struct box *b)
{
	net_heal(&st->net, site_edge(&a->site, &a->station), site_edge(&b->site, &b->station));
}

/* A router that was away, or has another address, says so to those for whom it maps ports. */
static void
ask_again(struct box *b)
{
	if (box_is_on(b))
		portmap_ask(b);
}

void
stage_reboot(struct stage *st, struct box *b)
{
	struct router *routers[] = { b->site.home, b->site.carrier };

	(void)st;
	for (size_t i = 0; i < ARRAY_LEN(routers); i++) {
		if (routers[i] == NULL)
			continue;
		nat_flush(&routers[i]->v4);
		nat_flush(&routers[i]->v6);
	}
	ask_again(b);
}

void
stage_readdress(struct stage *st, struct box *b, unsigned nth)
{
	struct addr before = b->site.host_v4;

	site_readdress(&b->site, &st->net, &b->station, nth);
	if (!addr_equal(&before, &b->site.host_v4))
		box_net_changed(b);
	ask_again(b);
}

/* Which of a box's addresses a parcel bears: nine of ten are IPv4. */
static size_t
family_of(struct stage *st)
{
	return world_chance(st->w, 100000);
}

uint32_t
stage_send(struct box *a, struct box *b, size_t size, struct flow *owner, uint32_t answers)
{
	struct stage *st = a->stage;
	size_t family = family_of(st);
	uint8_t p[PARCEL_SIZE_MAX];
	uint32_t number;

	number = watch_parcel(&st->watch, p, size, a->id.addresses[family], b->id.addresses[family],
	    a->number, b->number);
	st->watch.parcels[number].owner = owner;
	st->watch.parcels[number].answers = answers;
	box_tun(a, p, size);
	return number;
}

void
stage_forge(struct box *a, const struct box *as, struct box *b, size_t size)
{
	struct stage *st = a->stage;
	size_t family = family_of(st);
	uint8_t p[PARCEL_SIZE_MAX];
	uint32_t number;

	number = watch_parcel(&st->watch, p, size, as->id.addresses[family],
	    b->id.addresses[family], a->number, b->number);
	st->watch.parcels[number].forged = true;
	box_tun(a, p, size);
}

void
stage_errand(struct stage *st, struct errand e)
{
	if (st->errand_count == st->errand_room) {
		st->errand_room = st->errand_room == 0 ? 64 : 2 * st->errand_room;
		st->errands = realloc(st->errands, st->errand_room * sizeof(e));
		if (st->errands == NULL)
			abort();
	}
	st->errands[st->errand_count++] = e;
}

void
stage_run_errands(struct stage *st)
{
	if (st->errands_run)
		return;
	st->errands_run = true;
	for (size_t i = 0; i < st->errand_count; i++) {
		struct errand e = st->errands[i];

		e.run(e.box, &e);
		free(e.packet);
	}
	st->errand_count = 0;
	st->errands_run = false;
}
