/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap.c - the last TAP_ROOM datagrams.
 */
#include "tests/sim/tap.h"

#include <string.h>

void
tap_capture(struct tap *t, const struct datagram *d)
{
	struct captured *c = &t->kept[t->count++ % TAP_ROOM];

	assert(d->len <= sizeof(c->data));
	c->when = d->net->w->now;
	c->src = d->src;
	c->dst = d->dst;
	c->len = d->len;
	memcpy(c->data, d->data, d->len);
}

static void
tap_hears(void *ctx, struct datagram *d)
{
	struct tap *t = ctx;

	t->heard_bytes += d->len;
	datagram_free(d);
}

void
tap_open(struct net *n, struct tap *t, struct addr addr)
{
	memset(t, 0, sizeof(*t));
	t->addr = addr;
	net_host(n, &t->station, NULL, tap_hears, t);
	net_address(n, &t->station, addr);
	n->tap = t;
}

void
tap_replay(struct net *n, usec_t age, bool own)
{
	struct tap *t = n->tap;
	const struct captured *c;

	if (t->count == 0)
		return;
	c = &t->kept[rng_below(&n->w->rng, min_u64(t->count, TAP_ROOM))];
	if (n->w->now - c->when < age)
		return;
	t->sent_bytes += c->len;
	own = own && c->dst.family == t->addr.family;
	net_send(n, &t->station, own ? t->addr : c->src, c->dst, 0, c->data, c->len);
}
