/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route.c - inner addresses to peers.
 */
#include "node/route.h"
#include "core/grow.h"

#include <errno.h>
#include <stdlib.h>

void
route_init(struct routes *r, const uint8_t hash_key[static 16], uint32_t peers_max)
{
	memset(r, 0, sizeof(*r));
	table_init(&r->hosts, hash_key, sizeof(struct ip), peers_max * CERT_ADDRESSES_MAX);
}

void
route_wipe(struct routes *r)
{
	table_free(&r->hosts);
	free(r->subnets);
	r->subnets = NULL;
	r->subnet_count = r->subnet_room = 0;
}

static void
forget_last(struct routes *r)
{
	r->last = (struct ip){ 0 };
	r->last_peer = NULL;
}

int
route_add(struct routes *r, struct peer *p, bool subnets)
{
	int rc;

	forget_last(r);
	for (uint32_t i = 0; i < p->cert.address_count; i++) {
		rc = table_put(&r->hosts, &p->cert.addresses[i].ip, p);
		if (rc < 0)
			return rc;
	}
	for (uint32_t i = 0; subnets && i < p->cert.route_count; i++) {
		struct subnet *more = grow(r->subnets, &r->subnet_room, r->subnet_count,
		    sizeof(*more), ROUTE_SUBNETS_MAX);

		if (more == NULL)
			return r->subnet_count == ROUTE_SUBNETS_MAX ? ERR_FULL : -ENOMEM;
		r->subnets = more;
		r->subnets[r->subnet_count++] =
		    (struct subnet){ .to = p->cert.routes[i], .via = p };
	}
	return 0;
}

void
route_remove(struct routes *r, const struct peer *p)
{
	size_t kept = 0;

	forget_last(r);
	for (uint32_t i = 0; i < p->cert.address_count; i++) {
		if (table_get(&r->hosts, &p->cert.addresses[i].ip) == p)
			table_del(&r->hosts, &p->cert.addresses[i].ip);
	}
	for (size_t i = 0; i < r->subnet_count; i++) {
		if (r->subnets[i].via != p)
			r->subnets[kept++] = r->subnets[i];
	}
	r->subnet_count = kept;
}

/* The longest subnet that has `ip`, or NULL. */
static const struct subnet *
find_subnet(const struct routes *r, struct ip ip)
{
	const struct subnet *best = NULL;

	for (size_t i = 0; i < r->subnet_count; i++) {
		const struct subnet *s = &r->subnets[i];

		if (prefix_contains(s->to, ip) && (best == NULL || s->to.len > best->to.len))
			best = s;
	}
	return best;
}

static struct peer *
look_up(const struct routes *r, struct ip dst)
{
	struct peer *p = table_get(&r->hosts, &dst);
	const struct subnet *s;

	if (p != NULL || r->subnet_count == 0)
		return p;
	s = find_subnet(r, dst);
	return s != NULL ? s->via : NULL;
}

struct peer *
route_to(struct routes *r, struct ip dst)
{
	if (!ip_equal(r->last, dst)) {
		r->last_peer = look_up(r, dst);
		r->last = dst;
	}
	return r->last_peer;
}

bool
route_from(struct routes *r, const struct peer *p, struct ip src)
{
	return route_to(r, src) == p;
}
