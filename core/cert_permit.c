/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert_permit.c - what an issuer may sign, and what a certificate says about its host.
 */
#include "core/cert.h"

bool
cert_is_root(const struct cert *c)
{
	uint8_t id[16];

	if (c->kind != OBJECT_CA)
		return false;
	cert_key_id(id, c->key);
	return memcmp(id, c->issuer, sizeof(id)) == 0;
}

const char *
cert_flag_name(uint32_t flag)
{
	switch (flag) {
	case CERT_LIGHTHOUSE: return "lighthouse";
	case CERT_RELAY: return "relay";
	case CERT_GATEWAY: return "gateway";
	case CERT_STOCK: return "stock";
	case CERT_ENROL: return "enrol";
	case CERT_STATE_REQUIRED: return "state-required";
	case CERT_STATE: return "state";
	default: return NULL;
	}
}

bool
cert_has_group(const struct cert *c, const char *group)
{
	for (uint32_t i = 0; i < c->group_count; i++) {
		if (strcmp(c->groups[i], group) == 0)
			return true;
	}
	return false;
}

bool
cert_has_address(const struct cert *c, struct ip ip)
{
	for (uint32_t i = 0; i < c->address_count; i++) {
		if (ip_equal(c->addresses[i].ip, ip))
			return true;
	}
	return false;
}

/* Is each of `some` within one of `permitted`? */
static bool
prefixes_within(const struct prefix *some, uint32_t count, const struct prefix *permitted,
    uint32_t permitted_count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = 0;

		while (k < permitted_count && !prefix_within(some[i], permitted[k]))
			k++;
		if (k == permitted_count)
			return false;
	}
	return true;
}

static bool
groups_within(const struct cert *c, const struct cert *issuer)
{
	if (cert_has_group(issuer, "*"))
		return true;
	for (uint32_t i = 0; i < c->group_count; i++) {
		if (!cert_has_group(issuer, c->groups[i]))
			return false;
	}
	return true;
}

static bool
lifetime_within(const struct cert *c, const struct cert *issuer)
{
	if (c->kind == OBJECT_CA)
		return c->max_lifetime <= issuer->max_lifetime;
	return c->not_after - c->not_before <= (uint64_t)issuer->max_lifetime + CERT_BACKDATE;
}

/* An issuing CA's own suffix must hold its hosts to that of its issuer. */
static bool
suffix_within(const struct cert *c, const struct cert *issuer)
{
	return text_ends_with(c->name, issuer->name_suffix) &&
	       (c->kind != OBJECT_CA || text_ends_with(c->name_suffix, issuer->name_suffix));
}

static enum breach
permission(const struct cert *c, const struct cert *issuer)
{
	uint8_t id[16];

	if (issuer->kind != OBJECT_CA)
		return BREACH_NOT_A_CA;
	if (memcmp(c->network, issuer->network, sizeof(c->network)) != 0)
		return BREACH_NETWORK;
	cert_key_id(id, issuer->key);
	if (memcmp(c->issuer, id, sizeof(id)) != 0)
		return BREACH_ISSUER;
	if (c->kind == OBJECT_CA && (issuer->path_length == 0 || c->path_length > 0))
		return BREACH_TOO_DEEP;
	if (!prefixes_within(c->addresses, c->address_count, issuer->addresses,
		issuer->address_count))
		return BREACH_NOT_ADDRESS;
	if (!prefixes_within(c->routes, c->route_count, issuer->routes, issuer->route_count))
		return BREACH_NOT_ROUTE;
	if (!groups_within(c, issuer))
		return BREACH_NOT_GROUP;
	if ((c->flags & ~issuer->flags) != 0)
		return BREACH_NOT_FLAG;
	if (!lifetime_within(c, issuer))
		return BREACH_NOT_LIFETIME;
	return suffix_within(c, issuer) ? BREACH_NONE : BREACH_NOT_SUFFIX;
}

int
cert_permitted(const struct cert *c, const struct cert *issuer, enum breach *why)
{
	return breach_set(why, permission(c, issuer));
}

int
cert_routes_outside(const struct cert *c, const struct cert *root, enum breach *why)
{
	for (uint32_t i = 0; i < c->route_count; i++) {
		for (uint32_t k = 0; k < root->address_count; k++) {
			if (prefix_overlap(c->routes[i], root->addresses[k]))
				return breach_set(why, BREACH_ROUTE_IN_OVERLAY);
		}
	}
	return breach_set(why, BREACH_NONE);
}

/* Sorts `count` entries of `size` bytes, by their bytes, and drops repeated ones. */
static uint32_t
sort_unique(void *entries, uint32_t count, size_t size)
{
	uint8_t *p = entries, held[sizeof(struct prefix) + CERT_GROUP_LEN + 1];
	uint32_t kept = 0;

	assert(size <= sizeof(held));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = kept;

		memcpy(held, p + i * size, size);
		while (at > 0 && memcmp(p + (at - 1) * size, held, size) > 0)
			at--;
		if (at > 0 && memcmp(p + (at - 1) * size, held, size) == 0)
			continue;
		memmove(p + (at + 1) * size, p + at * size, (kept - at) * size);
		memcpy(p + at * size, held, size);
		kept++;
	}
	memset(p + kept * size, 0, (count - kept) * size);
	return kept;
}

void
cert_sort(struct cert *c)
{
	c->address_count = sort_unique(c->addresses, c->address_count, sizeof(c->addresses[0]));
	c->route_count = sort_unique(c->routes, c->route_count, sizeof(c->routes[0]));
	c->group_count = sort_unique(c->groups, c->group_count, sizeof(c->groups[0]));
}
