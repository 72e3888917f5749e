/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * net.c - from station to station.
 */
#include "tests/sim/net.h"
#include "core/outbox.h"
#include "tests/sim/guard.h"
#include "tests/sim/tap.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATIONS_MAX = 1 << 20,
};

/* A datagram that would wait longer than this for its link is dropped. */
#define QUEUE_MAX (100 * USEC_PER_MS)

static void
lan_init(struct lan *l, struct station *way_out)
{
	static const uint8_t key[16];

	table_init(&l->stations, key, sizeof(struct ip), STATIONS_MAX);
	l->way_out = way_out;
}

void
net_init(struct net *n, struct world *w)
{
	static const uint8_t key[16];

	memset(n, 0, sizeof(*n));
	n->w = w;
	lan_init(&n->internet, NULL);
	table_init(&n->known, key, sizeof(struct ip), STATIONS_MAX);
}

static void arrive(struct world *w, struct alarm *a);

/* Frees what is still on its way. */
static void
datagrams_free(struct net *n)
{
	struct heap *agenda = &n->w->agenda;

	for (size_t i = agenda->count; i-- > 0;) {
		struct alarm *a = CONTAINER_OF(agenda->items[i], struct alarm, item);

		if (a->ring == arrive) {
			world_never(n->w, a);
			datagram_free(CONTAINER_OF(a, struct datagram, arrival));
			i = agenda->count;
		}
	}
}

void
net_free(struct net *n)
{
	struct router *r;

	datagrams_free(n);
	while ((r = n->routers) != NULL) {
		n->routers = r->next;
		table_free(&r->inside.stations);
		nat_free(&r->v4);
		nat_free(&r->v6);
		free(r);
	}
	table_free(&n->internet.stations);
	table_free(&n->known);
}

static void
lan_put(struct lan *l, const struct addr *a, struct station *s)
{
	struct ip ip = addr_ip(a);

	if (table_put(&l->stations, &ip, s) < 0)
		abort();
}

static void
lan_del(struct lan *l, const struct addr *a)
{
	struct ip ip = addr_ip(a);

	table_del(&l->stations, &ip);
}

static struct station *
lan_find(const struct lan *l, const struct addr *a)
{
	struct ip ip = addr_ip(a);

	return table_get(&l->stations, &ip);
}

static void
learn(struct net *n, const struct addr *a)
{
	struct ip ip = addr_ip(a);

	if (table_put(&n->known, &ip, n) < 0)
		abort();
}

bool
net_knows(const struct net *n, const struct addr *a)
{
	struct ip ip = addr_ip(a);

	return table_get(&n->known, &ip) != NULL;
}

struct router *
net_router(struct net *n, struct router *outer, struct addr address, const struct nat_behaviour *v4,
    const struct nat_behaviour *v6)
{
	struct router *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->next = n->routers;
	n->routers = r;
	r->outer.router = r->inner.router = r;
	r->outer.lan = outer == NULL ? &n->internet : &outer->inside;
	r->inner.lan = &r->inside;
	lan_init(&r->inside, &r->inner);
	nat_init(&r->v4, v4, address, n->w->rng);
	nat_init(&r->v6, v6, (struct addr){ .family = FAMILY_V6 }, n->w->rng);
	lan_put(r->outer.lan, &address, &r->outer);
	learn(n, &address);
	return r;
}

void
net_host(struct net *n, struct station *s, struct router *r, receive_fn *receive, void *ctx)
{
	memset(s, 0, sizeof(*s));
	s->lan = r == NULL ? &n->internet : &r->inside;
	s->receive = receive;
	s->ctx = ctx;
	s->next = s->lan->hosts;
	s->lan->hosts = s;
}

static struct translator *
nat_of(struct router *r, const struct addr *a)
{
	return a->family == FAMILY_V4 ? &r->v4 : &r->v6;
}

/* The station by which `l` is reached from the LAN above, if `a` is known there too. */
static struct station *
station_above(const struct lan *l, const struct addr *a)
{
	struct router *r = l->way_out == NULL ? NULL : l->way_out->router;

	return r == NULL || nat_of(r, a)->is.ports != NAT_PORTS_SAME ? NULL : &r->outer;
}

void
net_address(struct net *n, struct station *s, struct addr a)
{
	struct station *at = s;

	learn(n, &a);
	do {
		lan_put(at->lan, &a, at);
		at = station_above(at->lan, &a);
	} while (at != NULL);
}

void
net_forget(struct net *n, struct station *s, struct addr a)
{
	struct station *at = s;

	(void)n;
	do {
		lan_del(at->lan, &a);
		at = station_above(at->lan, &a);
	} while (at != NULL);
}

void
net_readdress(struct net *n, struct router *r, struct addr a)
{
	lan_del(r->outer.lan, &r->v4.outside);
	nat_readdress(&r->v4, a);
	nat_flush(&r->v6);
	lan_put(r->outer.lan, &a, &r->outer);
	learn(n, &a);
}

void
net_cut(struct net *n, const struct station *from, const struct station *to)
{
	assert(n->cut_count < NET_CUTS_MAX);
	n->cuts[n->cut_count++] = (struct cut){ .from = from, .to = to };
}

void
net_heal(struct net *n, const struct station *from, const struct station *to)
{
	for (size_t i = 0; i < n->cut_count; i++)
		if (n->cuts[i].from == from && n->cuts[i].to == to) {
			n->cuts[i] = n->cuts[--n->cut_count];
			return;
		}
}

bool
net_is_cut(const struct net *n, const struct station *from, const struct station *to)
{
	for (size_t i = 0; i < n->cut_count; i++)
		if (n->cuts[i].from == from && n->cuts[i].to == to)
			return true;
	return from->up.cut || to->down.cut;
}

static struct datagram *
datagram_new(struct net *n, const struct station *from, const struct addr *src,
    const struct addr *dst, const uint8_t *data, uint32_t len)
{
	struct datagram *d = malloc(sizeof(*d) + PACKET_HEADROOM + len + PACKET_TAILROOM);

	if (d == NULL)
		abort();
	memset(d, 0, sizeof(*d));
	d->net = n;
	d->from = from;
	d->src = *src;
	d->dst = *dst;
	d->ttl = TTL_DEFAULT;
	d->len = len;
	d->data = (uint8_t *)(d + 1) + PACKET_HEADROOM;
	memcpy(d->data, data, len);
	return d;
}

void
datagram_free(struct datagram *d)
{
	free(d);
}

static void
datagram_lose(struct datagram *d)
{
	d->net->lost++;
	datagram_free(d);
}

/* Does the link bring `len` bytes, and after how long? Adds that to *wait. */
static bool
link_cross(struct link *l, struct world *w, uint32_t len, usec_t *wait)
{
	if (l->cut || (l->mtu != 0 && len > l->mtu) || world_chance(w, l->loss))
		return false;
	if (l->rate != 0) {
		usec_t start = max_u64(l->busy_until, w->now + *wait);

		if (start - w->now - *wait > QUEUE_MAX)
			return false;
		l->busy_until = start + len * USEC_PER_SEC / l->rate;
		*wait = l->busy_until - w->now;
	}
	*wait += l->delay;
	if (l->jitter != 0)
		*wait += rng_below(&w->rng, l->jitter);
	if (world_chance(w, l->reorder))
		*wait += rng_below(&w->rng, 10 * (l->delay + l->jitter) + 1);
	return true;
}

/* Brings `d` over both links, or loses it. A host never hears it within the sender's call. */
static void
cross(struct datagram *d, struct station *from, struct station *to)
{
	struct world *w = d->net->w;
	usec_t wait = 0;

	if (!link_cross(&from->up, w, d->len, &wait) || !link_cross(&to->down, w, d->len, &wait)) {
		datagram_lose(d);
		return;
	}
	d->to = to;
	d->arrival.ring = arrive;
	if (wait == 0 && to->router != NULL)
		arrive(w, &d->arrival);
	else
		world_at(w, &d->arrival, w->now + wait);
}

static struct datagram *
datagram_copy(const struct datagram *d)
{
	struct datagram *copy = datagram_new(d->net, d->from, &d->src, &d->dst, d->data, d->len);

	copy->ttl = d->ttl;
	copy->opener = d->opener;
	return copy;
}

/* Takes `hops` off the TTL of `d`: may it go on? */
static bool
hops_left(struct datagram *d, unsigned hops)
{
	if (d->ttl <= hops)
		return false;
	d->ttl -= hops;
	return true;
}

static bool
is_multicast(const struct addr *a)
{
	return a->family == FAMILY_V6 ? a->ip[0] == 0xff : a->ip[0] >> 4 == 0xe;
}

/* All the other hosts of the LAN hear `d`. */
static void
carry_to_all(struct datagram *d, struct station *from)
{
	struct station *to = from->lan->way_out == NULL ? NULL : from->lan->hosts;

	for (; to != NULL; to = to->next)
		if (to != from && !net_is_cut(d->net, from, to))
			cross(datagram_copy(d), from, to);
	datagram_free(d);
}

/* `d` leaves `from` for whoever on its LAN has the address, or for the way out. */
static void
carry(struct datagram *d, struct station *from)
{
	struct station *to = lan_find(from->lan, &d->dst);
	bool internet = from->lan->way_out == NULL;
	struct world *w = d->net->w;
	struct tap *tap = d->net->tap;

	if (tap != NULL && internet && d->from != &tap->station)
		tap_capture(tap, d);
	if (to == NULL)
		to = from->lan->way_out;
	if (to == NULL || to == from || net_is_cut(d->net, from, to) ||
	    (internet && !hops_left(d, INTERNET_HOPS))) {
		datagram_lose(d);
		return;
	}
	if (world_chance(w, from->up.duplicate) || world_chance(w, to->down.duplicate))
		cross(datagram_copy(d), from, to);
	cross(d, from, to);
}

/* A router's turn: through its NAT, and on. */
static void
route(struct datagram *d, struct router *r, bool from_inside)
{
	struct translator *nat = nat_of(r, &d->dst);
	usec_t now = d->net->w->now;
	enum nat_verdict v;

	if (!hops_left(d, 1))
		v = NAT_DROP;
	else if (from_inside)
		v = nat_from_inside(nat, now, &d->src, &d->dst);
	else
		v = nat_from_outside(nat, now, &d->src, &d->dst);
	if (v == NAT_DROP)
		datagram_lose(d);
	else
		carry(d, v == NAT_TO_OUTSIDE ? &r->outer : &r->inner);
}

static void
arrive(struct world *w, struct alarm *a)
{
	struct datagram *d = CONTAINER_OF(a, struct datagram, arrival);
	struct station *at = d->to;

	(void)w;
	if (d->opener && d->net->guard != NULL && at->router != NULL && at == &at->router->outer)
		guard_opener_seen(d->net->guard, d);
	if (at->router != NULL) {
		route(d, at->router, at == &at->router->inner);
	} else if (at->receive == NULL) {
		datagram_lose(d);
	} else {
		d->net->delivered++;
		at->receive(at->ctx, d);
	}
}

void
net_send(struct net *n, struct station *from, struct addr src, struct addr dst, unsigned ttl,
    const uint8_t *data, uint32_t len)
{
	struct datagram *d = datagram_new(n, from, &src, &dst, data, len);

	n->sent++;
	world_note(n->w, &n->w->now, sizeof(n->w->now));
	world_note(n->w, &src, sizeof(src));
	world_note(n->w, &dst, sizeof(dst));
	world_note(n->w, data, len);
	if (ttl != 0) {
		d->ttl = ttl;
		d->opener = true;
	}
	if (is_multicast(&dst))
		carry_to_all(d, from);
	else
		carry(d, from);
}

void
net_frame(struct net *n, const struct station *from, struct station *to, struct addr src,
    struct addr dst, uint32_t stream, usec_t when, const uint8_t *data, uint32_t len)
{
	struct datagram *d = datagram_new(n, from, &src, &dst, data, len);

	world_note(n->w, &when, sizeof(when));
	world_note(n->w, data, len);
	d->stream = stream;
	d->to = to;
	d->arrival.ring = arrive;
	world_at(n->w, &d->arrival, when);
}
