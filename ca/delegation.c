/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delegation.c - what issuing CAs give is theirs.
 */
#include "ca/delegation.h"

#include <string.h>

/* The range of `c` that has `ip`, or NULL. */
static const struct prefix *
range_with(const struct cert *c, struct ip ip)
{
	for (uint32_t i = 0; i < c->address_count; i++) {
		if (prefix_contains(c->addresses[i], ip))
			return &c->addresses[i];
	}
	return NULL;
}

/* Likewise, of any of them. */
static const struct prefix *
delegated_range(const struct delegation *d, struct ip ip)
{
	const struct prefix *p = NULL;

	for (size_t i = 0; p == NULL && i < d->count; i++)
		p = range_with(&d->admitted[i], ip);
	return p;
}

const struct cert *
delegation_of_ip(const struct delegation *d, struct ip ip)
{
	for (size_t i = 0; i < d->count; i++) {
		if (range_with(&d->admitted[i], ip) != NULL)
			return &d->admitted[i];
	}
	return NULL;
}

const struct cert *
delegation_of_name(const struct delegation *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct cert *c = &d->admitted[i];

		if (strcmp(c->name, name) == 0 ||
		    (c->name_suffix[0] != '\0' && text_ends_with(name, c->name_suffix)))
			return c;
	}
	return NULL;
}

/*
 * Tenants
 */

static int
hold(void *ctx, struct ip ip, struct err *e)
{
	const struct delegation_room *r = ctx;

	return delegated_range(r->delegation, ip) != NULL ? 1 : numbers_held(r->others, ip, e);
}

/* The address after the last of `p`. No network reaches to the end of its family (core/cert.h). */
static struct ip
beyond(struct prefix p)
{
	struct ip ip = prefix_last(p);

	for (size_t i = ip_size(ip); i-- > 0 && ++ip.b[i] == 0;)
		;
	return ip;
}

static int
vacant(void *ctx, struct ip *ret, struct ip from, struct err *e)
{
	const struct delegation_room *r = ctx;

	for (;;) {
		const struct prefix *p;
		int rc = r->others->vacant != NULL ?
		    r->others->vacant(r->others->ctx, ret, from, e) : 0;

		if (rc < 0)
			return rc;
		if (r->others->vacant == NULL)
			*ret = from;
		p = delegated_range(r->delegation, *ret);
		if (p == NULL)
			return 0;
		from = beyond(*p);
	}
}

struct tenants
delegation_tenants(struct delegation_room *room, const struct delegation *d,
    const struct tenants *others)
{
	if (d->count == 0)
		return *others;
	*room = (struct delegation_room){ d, others };
	return (struct tenants){ .ctx = room, .hold = hold, .vacant = vacant };
}
