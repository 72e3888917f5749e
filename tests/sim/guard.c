/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard.c - every box's targets, and how many datagrams each got since it last said something.
 */
#include "tests/sim/guard.h"
#include "core/here.h"
#include "core/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
	TARGETS_MAX = 1 << 22,
	PRIVILEGED = 1024,
};

#define SEC USEC_PER_SEC

/* Who was heard this lately is no stranger. */
#define KNOWN_FOR (60 * SEC)
#define WINDOW    (10 * SEC)

struct target_key {
	uint32_t box;
	struct ip ip;
};

struct target {
	usec_t heard;
	usec_t since; /* when the window began */
	unsigned sent; /* in it */
};

/* What a box sends to strangers. */
struct outflow {
	usec_t since;
	unsigned sent;
};

void
guard_init(struct guard *g, struct world *w, const struct net *net)
{
	static const uint8_t key[16];

	g->w = w;
	g->net = net;
	table_init(&g->targets, key, sizeof(struct target_key), TARGETS_MAX);
	table_init(&g->boxes, key, sizeof(uint32_t), TARGETS_MAX);
}

static void
free_all(struct table *t)
{
	size_t cursor = 0;
	void *p;

	while ((p = table_next(t, &cursor, NULL)) != NULL)
		free(p);
	table_free(t);
}

void
guard_free(struct guard *g)
{
	free_all(&g->targets);
	free_all(&g->boxes);
}

/* The row of `key`, made of zeros if there is none. */
static void *
row(struct table *t, const void *key, size_t size)
{
	void *p = table_get(t, key);

	if (p != NULL)
		return p;
	p = calloc(1, size);
	if (p == NULL || table_put(t, key, p) < 0)
		abort();
	return p;
}

static struct target *
target_of(struct guard *g, uint32_t box, const struct addr *a)
{
	struct target_key key;

	memset(&key, 0, sizeof(key)); /* it is hashed with its padding */
	key.box = box;
	key.ip = addr_ip(a);
	return row(&g->targets, &key, sizeof(struct target));
}

static bool
is_overlay(const struct addr *a)
{
	return a->family == FAMILY_V4 ? a->ip[0] == 10 && a->ip[1] == 87
	                              : a->ip[0] == 0xfd && a->ip[1] == 0x87;
}

bool
guard_is_announcement(const struct addr *to)
{
	const char *text = to->family == FAMILY_V6 ? "[" HERE_GROUP6 "]" : HERE_GROUP4;
	struct addr group;

	return addr_parse(&group, text, HERE_PORT) == 0 && addr_equal(&group, to);
}

void
guard_announced(struct guard *g, uint32_t from, const struct addr *to, const uint8_t *p, size_t len)
{
	char text[ADDR_TEXT_MAX];

	if (!guard_is_announcement(to) || outer_check(p, len) != OUTER_HERE)
		world_fail(g->w, "box %u says something else than HERE to %s", from,
		    addr_format(text, to));
}

static void
check_address(struct guard *g, uint32_t from, const struct addr *to)
{
	enum addr_class c = addr_class(to);
	char text[ADDR_TEXT_MAX];

	if (c == ADDR_CLASS_LOOPBACK || c == ADDR_CLASS_UNUSABLE || is_overlay(to))
		world_fail(g->w, "box %u sends to %s", from, addr_format(text, to));
	if (!net_knows(g->net, to))
		world_fail(g->w, "box %u sends to %s, which was never anybody's address", from,
		    addr_format(text, to));
}

static void
check_rate(struct guard *g, uint32_t from)
{
	struct outflow *o = row(&g->boxes, &from, sizeof(*o));
	unsigned most = GUARD_RATE + (g->aims ? GUARD_AIMED_RATE : 0);

	if (g->w->now - o->since >= SEC)
		*o = (struct outflow){ .since = g->w->now };
	if (++o->sent > most)
		world_fail(g->w, "box %u sends more than %u datagrams a second to strangers", from,
		    most);
}

void
guard_sent(struct guard *g, uint32_t from, const struct addr *to, unsigned ttl)
{
	char text[ADDR_TEXT_MAX];
	struct target *t;

	check_address(g, from, to);
	if (ttl != 0) /* see guard_opener_seen() */
		return;
	t = target_of(g, from, to);
	if (t->heard != 0 && g->w->now - t->heard < KNOWN_FOR)
		return;
	if (to->port < PRIVILEGED)
		world_fail(g->w, "box %u sends to %s, unasked", from, addr_format(text, to));
	check_rate(g, from);
	if (g->w->now - t->since >= WINDOW)
		*t = (struct target){ .heard = t->heard, .since = g->w->now };
	if (++t->sent > GUARD_UNANSWERED + (g->aims ? GUARD_AIMED : 0))
		world_fail(g->w, "box %u sends %u datagrams in 10 s to %s, which is silent", from,
		    t->sent, addr_format(text, to));
}

void
guard_heard(struct guard *g, uint32_t at, const struct addr *from)
{
	target_of(g, at, from)->heard = g->w->now;
}

void
guard_opener_seen(struct guard *g, const struct datagram *d)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

	world_fail(g->w, "what %s sent to open its NAT was heard at %s", addr_format(from, &d->src),
	    addr_format(to, &d->dst));
}
