/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * numbers.c - the addresses of a network as numbers, and which of them is free.
 */
#include "ca/numbers.h"
#include "core/bytes.h"

/* How many usable addresses a range has. Of IPv6 no more than can be counted in 32 bits. */
static uint64_t
range_size(struct prefix p)
{
	unsigned host_bits = (unsigned)ip_size(p.ip) * 8 - p.len;

	if (p.ip.family == FAMILY_V4)
		return ((uint64_t)1 << host_bits) - 2;	/* not the network, not the broadcast */
	return ((uint64_t)1 << min_u64(host_bits, 32)) - 1; /* not the subnet routers' anycast */
}

/* `p` and `n` more; its host bits are zero and `n` fits into them. */
static struct ip
range_at(struct prefix p, uint64_t n)
{
	size_t size = ip_size(p.ip);

	put_be32(p.ip.b + size - 4, be32(p.ip.b + size - 4) + (uint32_t)n);
	return p.ip;
}

/* The range that has number `n` of a family, whose own first number is then *ret_first. */
static const struct prefix *
range_of(const struct cert *ca, uint8_t family, uint64_t n, uint64_t *ret_first)
{
	uint64_t first = 1;

	for (uint32_t i = 0; i < ca->address_count; i++) {
		const struct prefix *p = &ca->addresses[i];

		if (p->ip.family != family)
			continue;
		if (n >= first && n - first < range_size(*p)) {
			*ret_first = first;
			return p;
		}
		first += range_size(*p);
	}
	return NULL;
}

int
numbers_address(struct ip *ret, const struct cert *ca, uint8_t family, uint64_t n)
{
	uint64_t first;
	const struct prefix *p = range_of(ca, family, n, &first);

	if (p == NULL)
		return ERR_FULL;
	*ret = range_at(*p, n - first + 1);
	return 0;
}

uint64_t
numbers_of(const struct cert *ca, struct ip ip)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < ca->address_count; i++) {
		struct prefix p = ca->addresses[i];
		size_t size = ip_size(p.ip);
		uint64_t n;

		if (p.ip.family != ip.family)
			continue;
		n = be32(ip.b + size - 4) - be32(p.ip.b + size - 4);
		if (n >= 1 && n <= range_size(p) && ip_equal(range_at(p, n), ip))
			return before + n;
		before += range_size(p);
	}
	return 0;
}

uint64_t
numbers_first(const struct cert *ca, uint32_t flags)
{
	struct ip ip;

	if (flags & (CERT_LIGHTHOUSE | CERT_ENROL))
		return 1;
	for (uint32_t i = 0; i < ca->address_count; i++) {
		if (numbers_address(&ip, ca, ca->addresses[i].ip.family, NUMBERS_ROOMY) < 0)
			return 1;
	}
	return NUMBERS_FIRST_HOST;
}

int
numbers_held(const struct tenants *t, struct ip ip, struct err *e)
{
	return t->hold != NULL ? t->hold(t->ctx, ip, e) : 0;
}

/* Is number `n` free in every wanted family? 1, 0, or negative. */
static int
is_free(struct numbers_wanted *w, const struct cert *ca, const struct tenants *t, uint64_t n,
    struct err *e)
{
	for (size_t i = 0; i < w->count; i++) {
		int rc = numbers_address(&w->found[i], ca, w->families[i], n);

		if (rc < 0)
			return 0;
		rc = numbers_held(t, w->found[i], e);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return 1;
}

/* The lowest number from *n on that is free in one family. */
static int
skip_held(uint64_t *n, const struct cert *ca, const struct tenants *t, uint8_t family,
    struct err *e)
{
	for (;;) {
		uint64_t first, number;
		const struct prefix *p = range_of(ca, family, *n, &first);
		struct ip ip;
		int rc;

		if (p == NULL)
			return err_set(e, ERR_FULL, "no address is free in network %s; name one "
			    "with --ip, or wait until a certificate expires", ca->name);
		if (t->vacant == NULL)
			return 0;
		rc = t->vacant(t->ctx, &ip, range_at(*p, *n - first + 1), e);
		if (rc < 0)
			return rc;
		number = numbers_of(ca, ip);
		if (number != 0) {
			*n = number;
			return 0;
		}
		*n = first + range_size(*p);	/* nothing in this range */
	}
}

int
numbers_find(struct numbers_wanted *w, const struct cert *ca, const struct tenants *t,
    uint64_t first, uint64_t hint, struct err *e)
{
	uint64_t n = first, before;
	int rc = hint > 0 ? is_free(w, ca, t, hint, e) : 0;

	if (rc != 0)
		return rc < 0 ? rc : 0;
	do {
		before = n;
		for (size_t i = 0; i < w->count; i++) {
			rc = skip_held(&n, ca, t, w->families[i], e);
			if (rc < 0)
				return rc;
		}
	} while (n != before);
	for (size_t i = 0; i < w->count; i++) {
		rc = numbers_address(&w->found[i], ca, w->families[i], n);
		if (rc < 0)
			return rc;
	}
	return 0;
}
