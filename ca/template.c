/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template.c - an order put aside until the host's key is known.
 */
#include "ca/template.h"
#include "core/bytes.h"

#include <string.h>

#define TEMPLATE_VERSION 1

static_assert(TEMPLATE_MAX >= 16 + CERT_ADDRESSES_MAX * 17 + CERT_ROUTES_MAX * 18 +
    CERT_GROUPS_MAX * (1 + CERT_GROUP_LEN), "every order fits");

static void
wr_ip(struct wr *w, struct ip ip)
{
	wr_u8(w, ip.family == FAMILY_V4 ? 4 : 6);
	wr_bytes(w, ip.b, ip_size(ip));
}

size_t
template_write(uint8_t to[static TEMPLATE_MAX], const struct order *o)
{
	struct wr w = wr_init(to, TEMPLATE_MAX);

	wr_u8(&w, TEMPLATE_VERSION);
	wr_u32(&w, o->flags);
	wr_u64(&w, o->lifetime);
	wr_u8(&w, (uint8_t)o->address_count);
	for (size_t i = 0; i < o->address_count; i++)
		wr_ip(&w, o->addresses[i]);
	wr_u8(&w, (uint8_t)o->route_count);
	for (size_t i = 0; i < o->route_count; i++) {
		wr_ip(&w, o->routes[i].ip);
		wr_u8(&w, o->routes[i].len);
	}
	wr_u8(&w, (uint8_t)o->group_count);
	for (size_t i = 0; i < o->group_count; i++) {
		wr_u8(&w, (uint8_t)strlen(o->groups[i]));
		wr_bytes(&w, o->groups[i], strlen(o->groups[i]));
	}
	assert(wr_end(&w) > 0);
	return w.len;
}

static struct ip
rd_ip(struct rd *r)
{
	struct ip ip = { 0 };
	uint8_t family = rd_u8(r);

	if (family != 4 && family != 6)
		r->failed = true;
	ip.family = family == 4 ? FAMILY_V4 : FAMILY_V6;
	rd_bytes(r, ip.b, ip_size(ip));
	return ip;
}

/* How many there are; more than there is room for fails the reader. */
static size_t
rd_count(struct rd *r, size_t most)
{
	size_t n = rd_u8(r);

	if (n > most)
		r->failed = true;
	return r->failed ? 0 : n;
}

static void
rd_group(struct rd *r, char to[static CERT_GROUP_LEN + 1])
{
	size_t len = rd_count(r, CERT_GROUP_LEN);

	rd_bytes(r, to, len);
	to[len] = '\0';
	if (!text_is_name(to, len))
		r->failed = true;
}

int
template_read(struct order *ret, const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	struct order o = { .flags = 0 };
	int rc;

	if (rd_u8(&r) != TEMPLATE_VERSION)
		return r.failed ? ERR_SHORT : ERR_VERSION;
	o.flags = rd_u32(&r);
	o.lifetime = rd_u64(&r);
	o.address_count = rd_count(&r, CERT_ADDRESSES_MAX);
	for (size_t i = 0; i < o.address_count; i++)
		o.addresses[i] = rd_ip(&r);
	o.route_count = rd_count(&r, CERT_ROUTES_MAX);
	for (size_t i = 0; i < o.route_count; i++) {
		o.routes[i].ip = rd_ip(&r);
		o.routes[i].len = rd_u8(&r);
	}
	o.group_count = rd_count(&r, CERT_GROUPS_MAX);
	for (size_t i = 0; i < o.group_count; i++)
		rd_group(&r, o.groups[i]);
	rc = rd_end(&r);
	if (rc < 0)
		return rc;
	if (o.flags & ~(uint32_t)CERT_FLAGS_ALL)
		return ERR_FORMAT;
	*ret = o;
	return 0;
}
