/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * box.c - a shell in virtual time: effects carried out, and each of them looked at.
 */
#include "tests/sim/box.h"
#include "core/crypto.h"
#include "core/icmp.h"
#include "core/trace.h"
#include "lighthouse/beacon.h"
#include "node/mesh.h"
#include "node/registrar.h"
#include "node/rekey.h"
#include "node/renew.h"
#include "node/view.h"
#include "tests/sim/boot.h"
#include "tests/sim/portmap.h"
#include "tests/sim/sockets.h"
#include "tests/sim/stage.h"
#include "tests/sim/streams.h"

#include <stdlib.h>

enum {
	DISK_ROWS_MAX = 1 << 20,
	ROUTES_MAX = 1 << 16,
	CLIENTS_MANY = 2000, /* two of them may have picked the same index for a lighthouse */
	RATE_MAX = 5000, /* datagrams of a node in RATE_PERIOD */
};

#define RATE_PERIOD (5 * USEC_PER_SEC)

struct instant
box_clock(const struct box *b)
{
	usec_t now = b->stage->w->now;

	return (struct instant){
		.mono = now + b->mono_base,
		.wall = (usec_t)((int64_t)(WORLD_EPOCH + now) + b->clock_error),
	};
}

bool
box_is_on(const struct box *b)
{
	return b->mesh != NULL || b->beacon != NULL;
}

/*
 * The disk
 */

static void
disk_write(struct box *b, const struct memory *m)
{
	struct row_key key = { .table = m->table, .len = m->key_len };
	struct row *r = NULL;

	memcpy(key.bytes, m->key, m->key_len);
	free(table_del(&b->disk, &key));
	if (m->value_len == 0)
		return;
	r = malloc(sizeof(*r) + m->value_len);
	if (r == NULL || table_put(&b->disk, &key, r) < 0)
		abort();
	r->key = key;
	r->len = m->value_len;
	memcpy(r->value, m->value, m->value_len);
}

static void
disk_free(struct box *b)
{
	size_t cursor = 0;
	struct row *r;

	while ((r = table_next(&b->disk, &cursor, NULL)) != NULL)
		free(r);
	table_free(&b->disk);
}

/*
 * Effects
 */

static void
run_delivered(struct box *b, struct errand *e)
{
	const struct parcel *p = &b->stage->watch.parcels[e->parcel];

	flow_delivered(p->owner, e->parcel);
}

static void
run_tun(struct box *b, struct errand *e)
{
	box_tun(b, e->packet, e->len);
}

/*
 * A node of ours has little to say but for what waited while it could not; two that answer each
 * other without end have a lot.
 */
static void
check_rate(struct box *b)
{
	usec_t period = b->stage->w->now / RATE_PERIOD;

	b->sent++;
	if (b->period != period)
		b->sent_in_period = 0;
	b->period = period;
	if (++b->sent_in_period > RATE_MAX && !b->is_lighthouse)
		world_fail(b->stage->w, "box %u sent more than %d datagrams in 5 s", b->number,
		    RATE_MAX);
}

static void
to_net(struct box *b, const struct effect *e)
{
	struct stage *st = b->stage;
	struct addr from;

	if (!b->is_lighthouse || st->box_count < CLIENTS_MANY)
		watch_said(&st->watch, b->number, e->data, e->len);
	check_rate(b);
	if (e->socket >= SOCKET_STREAM) {
		streams_send(b, e->socket, e->data, e->len);
		return;
	}
	if (e->socket == SOCKET_LAN_V4 || e->socket == SOCKET_LAN_V6)
		guard_announced(&st->guard, b->number, &e->to, e->data, e->len);
	else
		guard_sent(&st->guard, b->number, &e->to, META_TTL_OF(e->meta));
	from = sockets_source(b, e->socket, &e->to);
	if (from.family != FAMILY_NONE) /* else this machine has no address of that family */
		net_send(&st->net, &b->station, from, e->to, META_TTL_OF(e->meta), e->data, e->len);
}

/* What a kernel does with an echo request. */
static void
turn_echo(struct box *b, const struct effect *e)
{
	struct errand errand = { .box = b, .run = run_tun, .len = e->len };
	struct inner in;

	if (inner_parse(&in, e->data, e->len) < 0 || in.icmp != ICMP_ECHO)
		return;
	errand.packet = malloc(e->len);
	if (errand.packet == NULL)
		abort();
	memcpy(errand.packet, e->data, e->len);
	icmp_echo_turn(errand.packet, &in);
	stage_errand(b->stage, errand);
}

static struct errand
errand_delivered(struct box *b, const struct parcel *p)
{
	return (struct errand){
		.box = b,
		.run = run_delivered,
		.parcel = (uint32_t)(p - b->stage->watch.parcels),
	};
}

/*
 * The box whose datagram holds `p`, or PARCEL_NONE: packets are opened where they lie, so this is
 * the last that handled it, its sender or a relay.
 */
static uint32_t
sender_of(const struct stage *st, const uint8_t *p)
{
	for (size_t i = 0; i < st->heard_count; i++) {
		const struct datagram *d = st->heard[i];

		if (p >= d->data && p < d->data + d->len)
			return ((const struct box *)d->from->ctx)->number;
	}
	return PARCEL_NONE;
}

static void
to_tun(struct box *b, const struct effect *e)
{
	struct stage *st = b->stage;
	struct parcel *p;

	world_note(st->w, e->data, e->len);
	p = watch_delivered(&st->watch, b->number, b->id.addresses, ARRAY_LEN(b->id.addresses),
	    sender_of(st, e->data), e->data, e->len);
	if (p == NULL)
		turn_echo(b, e);
	else if (p->owner != NULL)
		stage_errand(st, errand_delivered(b, p));
}

static void
route(struct box *b, const struct route_change *r)
{
	if (!r->add)
		table_del(&b->routes, &r->to);
	else if (table_put(&b->routes, &r->to, (void *)(uintptr_t)r->mtu) < 0)
		abort();
}

uint32_t
box_mtu(const struct box *b, struct ip to)
{
	struct prefix p = { .ip = to, .len = (uint8_t)(8 * ip_size(to)) };

	return (uint32_t)(uintptr_t)table_get(&b->routes, &p);
}

static void
run_petition(struct box *b, struct errand *e)
{
	struct petition *p = (struct petition *)e->packet;

	p->bytes.p = e->packet + sizeof(*p);
	if (b->mesh != NULL)
		b->on_petition(b, p);
}

/* As a shell does: the owner hears of it when the engine's call is over. */
static void
petition(struct box *b, const struct petition *p)
{
	struct errand errand = { .box = b, .run = run_petition, .len = sizeof(*p) + p->bytes.len };

	if (b->on_petition == NULL)
		return;
	errand.packet = malloc(errand.len);
	if (errand.packet == NULL)
		abort();
	memcpy(errand.packet, p, sizeof(*p));
	memcpy(errand.packet + sizeof(*p), p->bytes.p, p->bytes.len);
	stage_errand(b->stage, errand);
}

static void
run_news(struct box *b, struct errand *e)
{
	if (b->mesh != NULL && b->on_run != NULL)
		b->on_run(b, (int)e->ticket);
}

static void
event(struct box *b, const struct event *e)
{
	if (e->kind == EVENT_PETITION)
		petition(b, e->petition);
	if (e->kind == EVENT_RUN)
		stage_errand(b->stage,
		    (struct errand){ .box = b, .run = run_news, .ticket = e->token });
	if (e->kind != EVENT_PING_ANSWER)
		return;
	b->pings_answered++;
	b->ping_rtt = e->rtt;
}

static void
trace(struct box *b, const struct trace_fact *f)
{
	char text[TRACE_TEXT_MAX];

	if (b->stage->w->talk)
		world_say(b->stage->w, "%-5s %s", b->id.name, trace_format(text, f));
}

static void
run_written(struct box *b, struct errand *e)
{
	if (b->mesh != NULL)
		mesh_written(b->mesh, box_clock(b), e->ticket, &b->stage->out);
	else if (b->beacon != NULL)
		beacon_written(b->beacon, box_clock(b), e->ticket, &b->stage->out);
	box_settle(b);
}

/* A disk is never slow here, and told of at once. */
static void
remember(struct box *b, const struct memory *m)
{
	disk_write(b, m);
	if (m->ticket != 0)
		stage_errand(b->stage,
		    (struct errand){ .box = b, .run = run_written, .ticket = m->ticket });
}

static void
carry_out(struct box *b, const struct effect *e)
{
	switch (e->kind) {
	case EFFECT_TO_NET: to_net(b, e); break;
	case EFFECT_TO_TUN: to_tun(b, e); break;
	case EFFECT_ROUTE: route(b, &e->route); break;
	case EFFECT_REMEMBER: remember(b, &e->memory); break;
	case EFFECT_EVENT: event(b, e->event); break;
	case EFFECT_TRACE: trace(b, e->fact); break;
	case EFFECT_STREAM: streams_change(b, e->stream); break;
	case EFFECT_SOCKET: sockets_change(b, &e->change); break;
	}
}

static usec_t
next_due(const struct box *b)
{
	if (b->mesh != NULL)
		return mesh_next_due(b->mesh);
	return b->beacon != NULL ? beacon_next_due(b->beacon) : 0;
}

static void
set_timer(struct box *b)
{
	usec_t due = next_due(b);

	if (due == 0 || b->asleep)
		world_never(b->stage->w, &b->timer);
	else
		world_at(b->stage->w, &b->timer,
		    max_u64(due, b->stage->w->now + b->mono_base) - b->mono_base);
}

/* Who has power again afterwards has the certificate that it stored. */
static void
run_renewed(struct box *b, struct errand *e)
{
	struct stage *st = b->stage;
	int r = 0;

	(void)e;
	if (b->mesh != NULL && mesh_renewal(b->mesh) != NULL)
		r = mesh_renewed(b->mesh, box_clock(b), &st->out);
	else if (b->beacon != NULL && beacon_renewal(b->beacon) != NULL)
		r = beacon_renewed(b->beacon, box_clock(b), &st->out);
	if (r == ERR_CONFLICT) { /* it is for another key */
		outbox_reset(&st->out);
		box_off(b);
		box_on(b);
		return;
	}
	if (r < 0)
		world_fail(st->w, "%s cannot use its next certificate", b->id.name);
	box_settle(b);
}

void
box_rekey(struct box *b)
{
	rng_fill(&b->stage->w->rng, b->id.next_key, sizeof(b->id.next_key));
	boot_rekey(b);
	box_settle(b);
}

/* The key and its certificate come to the disk together. */
static void
store_key(struct box *b, const struct cert *c)
{
	uint8_t public[32];

	crypto_dh_public(public, b->id.next_key);
	if (memcmp(public, c->key, sizeof(public)) != 0)
		return;
	memcpy(b->id.private_key, b->id.next_key, sizeof(b->id.private_key));
}

static void
store_renewal(struct box *b)
{
	const struct renewed *r = b->mesh != NULL ? mesh_renewal(b->mesh) :
	    b->beacon != NULL		     ? beacon_renewal(b->beacon) : NULL;

	if (b->mesh != NULL && mesh_rekey_over(b->mesh))
		memset(b->id.next_key, 0, sizeof(b->id.next_key));
	if (r == NULL || (r->cert_len == b->id.cert_len &&
	    memcmp(r->cert, b->id.cert, r->cert_len) == 0))
		return;
	b->id.cert_len = r->cert_len;
	memcpy(b->id.cert, r->cert, r->cert_len);
	store_key(b, &r->chain.cert);
	if (r->root_len != b->stage->ca_cert_len ||
	    memcmp(r->root, b->stage->ca_cert, r->root_len) != 0) {
		b->id.root_len = r->root_len;
		memcpy(b->id.root, r->root, r->root_len);
	}
	stage_errand(b->stage, (struct errand){ .box = b, .run = run_renewed });
}

void
box_settle(struct box *b)
{
	struct stage *st = b->stage;
	struct outbox *o = &st->out;

	if (o->dropped != 0)
		world_fail(st->w, "box %u has %llu effects that do not fit the outbox", b->number,
		    (unsigned long long)o->dropped);
	for (uint32_t i = 0; i < o->count; i++)
		carry_out(b, &o->effects[i]);
	outbox_reset(o);
	store_renewal(b);
	set_timer(b);
	stage_run_errands(st);
}

/*
 * Events
 */

static void
tick(struct world *w, struct alarm *a)
{
	struct box *b = CONTAINER_OF(a, struct box, timer);
	struct outbox *o = &b->stage->out;
	struct instant now = box_clock(b);

	if (b->mesh != NULL)
		mesh_tick(b->mesh, now, o);
	else
		beacon_tick(b->beacon, now, o);
	if (due_reached(next_due(b), now.mono) && !outbox_half_full(o))
		world_fail(w, "box %u has nothing left to do and is due again at once", b->number);
	box_settle(b);
}

static struct packet
packet_of(const struct box *b, struct datagram *d)
{
	return (struct packet){
		.data = d->data,
		.len = d->len,
		.socket = d->stream != 0 ? d->stream : sockets_at(b, &d->dst),
		.from = d->src,
	};
}

static void
take_in(struct box *b, struct datagram *const *d, size_t n)
{
	struct stage *st = b->stage;
	struct packet packets[BOX_BATCH_MAX];

	for (size_t i = 0; i < n; i++) {
		packets[i] = packet_of(b, d[i]);
		guard_heard(&st->guard, b->number, &d[i]->src);
	}
	b->received += n;
	st->heard = d;
	st->heard_count = n;
	if (b->mesh != NULL)
		mesh_from_net(b->mesh, box_clock(b), packets, n, &st->out);
	else if (b->beacon != NULL)
		beacon_from_net(b->beacon, box_clock(b), packets, n, &st->out);
	box_settle(b);
	st->heard_count = 0;
	for (size_t i = 0; i < n; i++)
		datagram_free(d[i]);
}

static void
take_in_batch(struct world *w, struct alarm *a)
{
	struct box *b = CONTAINER_OF(a, struct box, batch);
	struct datagram *d[BOX_BATCH_MAX];
	size_t n = b->waiting_count;

	(void)w;
	memcpy(d, b->waiting, sizeof(d));
	b->waiting_count = 0;
	take_in(b, d, n);
}

static void
hear(void *ctx, struct datagram *d)
{
	struct box *b = ctx;

	if (!box_is_on(b) || b->asleep ||
	    (d->stream == 0 && sockets_at(b, &d->dst) == SOCKET_NONE)) {
		datagram_free(d);
		return;
	}
	if (d->opener && !b->is_lighthouse && !guard_is_announcement(&d->dst))
		guard_opener_seen(&b->stage->guard, d);
	if (b->patience == 0) {
		take_in(b, &d, 1);
		return;
	}
	b->waiting[b->waiting_count++] = d;
	if (b->waiting_count == 1)
		world_at(b->stage->w, &b->batch, b->stage->w->now + b->patience);
	if (b->waiting_count == BOX_BATCH_MAX) {
		world_never(b->stage->w, &b->batch);
		take_in_batch(b->stage->w, &b->batch);
	}
}

void
box_place(struct box *b)
{
	static const uint8_t hash_key[16];

	b->timer.ring = tick;
	b->batch.ring = take_in_batch;
	b->portmap.ring = portmap_ring;
	table_init(&b->disk, hash_key, sizeof(struct row_key), DISK_ROWS_MAX);
	table_init(&b->routes, hash_key, sizeof(struct prefix), ROUTES_MAX);
	site_host(&b->site, &b->stage->net, &b->station, hear, b);
}

void
box_tun(struct box *b, const uint8_t *p, size_t len)
{
	uint8_t buf[PACKET_HEADROOM + PACKET_MAX + PACKET_TAILROOM];
	struct packet packet = { .data = buf + PACKET_HEADROOM, .len = (uint32_t)len };

	assert(len <= PACKET_MAX);
	if (b->mesh == NULL || b->asleep)
		return;
	memcpy(packet.data, p, len);
	mesh_from_tun(b->mesh, box_clock(b), &packet, 1, &b->stage->out);
	box_settle(b);
}

void
box_ping(struct box *b, struct ip to)
{
	if (b->mesh == NULL)
		return;
	if (mesh_ping(b->mesh, box_clock(b), to, 1, 1, 56, &b->stage->out) < 0)
		world_fail(b->stage->w, "box %u may not ping", b->number);
	box_settle(b);
}

/*
 * On and off
 */

void
box_net_changed(struct box *b)
{
	/* All that a system shows: loopback and the overlay are the engine's to leave out. */
	struct addr local[MESH_LOCAL_MAX] = { { .family = FAMILY_V4, .ip = { 127, 0, 0, 1 } } };
	size_t n = 1;

	if (b->mesh == NULL)
		return;
	local[n++] = addr_from_ip(b->id.addresses[0], BOX_PORT);
	local[n++] = addr_from_ip(b->id.addresses[1], BOX_PORT);
	local[n++] = b->site.host_v4;
	if (b->site.host_v6.family != FAMILY_NONE)
		local[n++] = b->site.host_v6;
	for (size_t i = 0; i < n; i++)
		local[i].port = BOX_PORT;
	mesh_net_changed(b->mesh, box_clock(b), local, n, &b->stage->out);
	box_settle(b);
	portmap_ask(b);
}

void
box_net_lost(struct box *b)
{
	mesh_net_changed(b->mesh, box_clock(b), NULL, 0, &b->stage->out);
	box_settle(b);
}

void
box_sleep(struct box *b)
{
	b->asleep = true;
	set_timer(b);
}

void
box_wake(struct box *b)
{
	b->asleep = false;
	set_timer(b);
}

void
box_on(struct box *b)
{
	assert(!box_is_on(b));
	b->mono_base = USEC_PER_SEC + rng_below(&b->stage->w->rng, 1000 * USEC_PER_SEC);
	world_say(b->stage->w, "%-5s on", b->id.name);
	if (b->is_lighthouse)
		boot_beacon(b);
	else
		boot_mesh(b);
}

/* The TUN is gone, and its routes with it. */
static void
routes_free(struct box *b)
{
	static const uint8_t hash_key[16];

	table_free(&b->routes);
	table_init(&b->routes, hash_key, sizeof(struct prefix), ROUTES_MAX);
}

void
box_crash(struct box *b)
{
	world_say(b->stage->w, "%-5s off", b->id.name);
	mesh_free(b->mesh);
	beacon_free(b->beacon);
	b->mesh = NULL;
	b->beacon = NULL;
	world_never(b->stage->w, &b->timer);
	world_never(b->stage->w, &b->batch);
	world_never(b->stage->w, &b->portmap);
	routes_free(b);
	sockets_free(b);
	streams_end(b);
	while (b->waiting_count > 0)
		datagram_free(b->waiting[--b->waiting_count]);
}

void
box_off(struct box *b)
{
	bool more = false;

	do {
		if (b->mesh != NULL)
			more = mesh_close(b->mesh, box_clock(b), &b->stage->out);
		else if (b->beacon != NULL)
			more = beacon_close(b->beacon, box_clock(b), &b->stage->out);
		box_settle(b);
	} while (more);
	box_crash(b);
}

uint64_t
box_count(const struct box *b, const char *name)
{
	struct view_counter rows[64];
	size_t n = min_u64(view_counters(b->mesh, rows, ARRAY_LEN(rows)), ARRAY_LEN(rows));

	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	return 0;
}

void
box_say_counts(const struct box *b)
{
	struct view_counter rows[64];
	struct view_netcheck nat;
	struct beacon_totals t;
	size_t n;

	if (b->mesh != NULL) {
		view_netcheck(b->mesh, &nat);
		world_say(b->stage->w, "%-5s keepalive: %.1f s", b->id.name,
		    (double)nat.keepalive / 1e6);
		n = min_u64(view_counters(b->mesh, rows, ARRAY_LEN(rows)), ARRAY_LEN(rows));
		for (size_t i = 0; i < n; i++)
			if (rows[i].value != 0)
				world_say(b->stage->w, "%-5s %s: %llu", b->id.name, rows[i].name,
				    (unsigned long long)rows[i].value);
	} else if (b->beacon != NULL) {
		beacon_totals(b->beacon, &t);
		world_say(b->stage->w,
		    "%-5s circuits: %u, relayed: %llu, relay-dropped: %llu, unauthentic: %llu, "
		    "bad-frames: %llu, limited: %llu, refused: %llu, cookies: %llu",
		    b->id.name, t.circuits, (unsigned long long)t.relayed_packets,
		    (unsigned long long)t.relay_dropped, (unsigned long long)t.unauthentic,
		    (unsigned long long)t.bad_frames, (unsigned long long)t.limited,
		    (unsigned long long)t.refused, (unsigned long long)t.cookies);
	}
}

void
box_free(struct box *b)
{
	box_crash(b);
	disk_free(b);
	free(b);
}
