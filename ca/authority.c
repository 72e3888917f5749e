/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authority.c - what an authority signs, and what it refuses to.
 */
#include "ca/authority.h"
#include "ca/admission.h"
#include "ca/limits.h"
#include "core/bytes.h"
#include "core/crypto.h"

#include <string.h>

/* In a family, the networks that leave room for a network and a broadcast address. */
#define LONGEST_V4 30
#define LONGEST_V6 126

/*
 * Founding
 */

static bool
ranges_overlap(const struct founding *f, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (prefix_overlap(f->ranges[i], f->ranges[k]))
			return true;
	}
	return false;
}

static int
check_ranges(const struct founding *f, struct err *e)
{
	for (size_t i = 0; i < f->range_count; i++) {
		struct prefix p = f->ranges[i];
		unsigned longest = p.ip.family == FAMILY_V4 ? LONGEST_V4 : LONGEST_V6;
		char text[PREFIX_TEXT_MAX];

		prefix_format(text, p);
		if (p.len > longest)
			return err_set(e, ERR_FORMAT, "%s is too small for a network; /%u is the "
			    "smallest", text, longest);
		if (p.len < 8)
			return err_set(e, ERR_FORMAT, "%s is too large for a network; /8 is the "
			    "largest", text);
		if (ip_class(p.ip) != ADDR_CLASS_PRIVATE && ip_class(p.ip) != ADDR_CLASS_PUBLIC)
			return err_set(e, ERR_FORMAT, "%s cannot be a network: it is loopback, "
			    "multicast, link-local or unspecified", text);
		if (ranges_overlap(f, i))
			return err_set(e, ERR_FORMAT, "%s overlaps another --network", text);
	}
	return 0;
}

/* A root may permit everything, but for addresses: those are the network. */
static void
permit_all(struct cert *c)
{
	c->flags = CERT_FLAGS_ALL;
	c->routes[0] = (struct prefix){ .ip.family = FAMILY_V4 };
	c->routes[1] = (struct prefix){ .ip.family = FAMILY_V6 };
	c->route_count = 2;
	memcpy(c->groups[0], "*", 2);
	c->group_count = 1;
}

/* In the order of their keys, which is the one that a certificate has. */
static void
sort_cosigners(struct cosigners *to)
{
	for (size_t i = 1; i < to->count; i++) {
		uint8_t held[32];
		size_t at = i;

		memcpy(held, to->keys[i], 32);
		for (; at > 0 && memcmp(to->keys[at - 1], held, 32) > 0; at--)
			memcpy(to->keys[at], to->keys[at - 1], 32);
		memcpy(to->keys[at], held, 32);
	}
}

int
authority_seat(struct cert *c, const struct cosigners *of, bool own, struct err *e)
{
	struct cosigners *to = &c->cosigners;

	*to = *of;
	if (to->k == 0)
		return 0;
	if (own && to->count == COSIGNERS_MAX)
		return err_set(e, ERR_FULL, "a network has at most %d co-signers", COSIGNERS_MAX);
	if (own)
		memcpy(to->keys[to->count++], c->key, 32);
	sort_cosigners(to);
	return 0;
}

int
authority_found(struct issued *ret, struct ca_keys *keys, const struct founding *f,
    const struct rng *rng, struct err *e)
{
	uint64_t lifetime = f->lifetime != 0 ? f->lifetime : AUTHORITY_ROOT_LIFETIME;
	struct cert c = { .kind = OBJECT_CA, .serial = 1, .path_length = 1 };
	enum breach why;
	int rc;

	if (!text_is_name(f->name, strlen(f->name)))
		return err_set(e, ERR_FORMAT, "a network's name has 1 to 63 of a-z, 0-9, '.', '_' "
		    "and '-', with a letter or digit at both ends");
	rc = check_ranges(f, e);
	if (rc < 0)
		return rc;

	rng_fill(rng, keys, sizeof(*keys));
	rng_fill(rng, c.network, sizeof(c.network));
	crypto_ed25519_public(c.key, keys->seed);
	crypto_dh_public(c.enrol_key, keys->enrol);
	c.not_before = f->now - CERT_BACKDATE;
	c.not_after = f->now + lifetime;
	c.max_lifetime = (uint32_t)min_u64(lifetime, UINT32_MAX);
	memcpy(c.name, f->name, sizeof(c.name));
	memcpy(c.addresses, f->ranges, f->range_count * sizeof(f->ranges[0]));
	c.address_count = (uint32_t)f->range_count;
	permit_all(&c);
	cert_sort(&c);
	rc = authority_seat(&c, &f->cosigners, f->cosigns, e);
	if (rc < 0)
		return rc;

	rc = cert_sign(&c, ret->bytes, sizeof(ret->bytes), keys->seed, &why);
	if (rc < 0)
		return err_set(e, rc, "the authority's certificate %s", breach_phrase(why));
	ret->cert = c;
	ret->len = (size_t)rc;
	return 0;
}

bool
authority_owns(const struct cert *ca, const struct ca_keys *keys)
{
	uint8_t sign[32], enrol[32];

	crypto_ed25519_public(sign, keys->seed);
	crypto_dh_public(enrol, keys->enrol);
	return memcmp(sign, ca->key, 32) == 0 && memcmp(enrol, ca->enrol_key, 32) == 0;
}

/*
 * Signing
 */

/* The key whose certificate is renewed. */
static const uint8_t *
renewed_key(const struct order *o)
{
	return crypto_is_zero(o->old_key, sizeof(o->old_key)) ? o->key : o->old_key;
}

int
authority_may_name(const struct order *o, const struct facts *f, struct err *e)
{
	char until[32];

	if (!text_is_name(o->name, strlen(o->name)))
		return err_set(e, ERR_FORMAT, "a name has 1 to 63 of a-z, 0-9, '.', '_' and '-', "
		    "with a letter or digit at both ends");
	if (f->holder != NULL && !o->replace && !o->renew)
		return err_set(e, ERR_CONFLICT, "%s has a certificate (serial %llu, until %s); "
		    "`mpynet sign %s --replace` makes another in its place", o->name,
		    (unsigned long long)f->holder->serial,
		    text_format_time(until, f->holder->not_after), o->name);
	if (f->holder == NULL && o->replace)
		return err_set(e, ERR_UNKNOWN, "%s has no live certificate to replace; leave out "
		    "--replace", o->name);
	if (f->holder == NULL && o->renew)
		return err_set(e, ERR_UNKNOWN, "%s has no live certificate to renew; `mpynet sign "
		    "%s` makes one", o->name, o->name);
	if (o->renew && memcmp(f->holder->key, renewed_key(o), sizeof(o->key)) != 0)
		return err_set(e, ERR_CONFLICT, "%s has another key by now than the one whose "
		    "certificate was to be renewed", o->name);
	return 0;
}

/* A new name, which is not an issuing CA's to give. */
static int
may_give_name(const struct order *o, const struct facts *f, struct err *e)
{
	const struct cert *owner = delegation_of_name(&f->delegated, o->name);

	if (owner == NULL || f->holder != NULL)
		return 0;
	if (strcmp(owner->name, o->name) == 0)
		return err_set(e, ERR_CONFLICT, "%s is an issuing authority; a host needs another "
		    "name", o->name);
	return err_set(e, ERR_CONFLICT, "%s is a name for %s to give; choose another, or let %s sign "
	    "the host", o->name, owner->name, owner->name);
}

static int
may_certify_key(const struct order *o, const struct facts *f, struct err *e)
{
	if (crypto_dh_low_order(o->key))
		return err_set(e, ERR_FORMAT, "the public key for %s is weak (of low order); no "
		    "WireGuard makes such a key", o->name);
	if (f->key_revoked)
		return err_set(e, ERR_REVOKED, "the key for %s was revoked and is never certified "
		    "again; make a new one with `mpynet request`", o->name);
	if (f->key_holder != NULL)
		return err_set(e, ERR_CONFLICT, "this key is certified for %s already; every host "
		    "needs a key of its own", f->key_holder);
	return 0;
}

/* An address that somebody named: in the network, for hosts, and free. */
static int
check_address(struct ip ip, const struct cert *ca, const struct facts *f, struct err *e)
{
	const struct cert *owner = delegation_of_ip(&f->delegated, ip);
	char text[ADDR_TEXT_MAX];
	int rc;

	ip_format(text, ip);
	if (owner != NULL)
		return err_set(e, ERR_CONFLICT, "%s is for %s to give; choose another, or let %s "
		    "sign the host", text, owner->name, owner->name);
	if (numbers_of(ca, ip) == 0)
		return err_set(e, ERR_FORMAT, "%s is no host address of authority %s; "
		    "`mpynet ca show` lists its ranges", text, ca->name);
	rc = numbers_held(&f->tenants, ip, e);
	if (rc == 1)
		rc = err_set(e, ERR_CONFLICT, "%s belongs to another host; `mpynet ca list` shows "
		    "whose", text);
	return rc;
}

static bool
has_family(const struct cert *c, uint8_t family)
{
	for (uint32_t i = 0; i < c->address_count; i++) {
		if (c->addresses[i].ip.family == family)
			return true;
	}
	return false;
}

static void
add_address(struct cert *c, struct ip ip)
{
	c->addresses[c->address_count++] = (struct prefix){
		.ip = ip,
		.len = (uint8_t)(ip_size(ip) * 8),
	};
}

/* The addresses that were asked for, else those that a replacement inherits. */
static int
named_addresses(struct cert *c, const struct cert *ca, const struct order *o,
    const struct facts *f, struct err *e)
{
	for (size_t i = 0; i < o->address_count; i++) {
		int rc = check_address(o->addresses[i], ca, f, e);

		if (rc < 0)
			return rc;
		add_address(c, o->addresses[i]);
	}
	if (o->address_count == 0 && f->holder != NULL) {
		memcpy(c->addresses, f->holder->addresses, sizeof(c->addresses));
		c->address_count = f->holder->address_count;
	}
	return 0;
}

/*
 * The number that a draft tries first. The ledger knows no addresses of drafts that are under way,
 * but each has a serial number of its own (the root has 1), so they keep out of each other's way.
 */
static uint64_t
draft_number(const struct cert *ca, const struct cert *c)
{
	return c->serial >= 2 ? numbers_first(ca, c->flags) + c->serial - 2 : 0;
}

/* Every host has an address in every family that the network has. */
static int
choose_addresses(struct cert *c, const struct cert *ca, const struct order *o,
    const struct facts *f, struct err *e)
{
	static const uint8_t families[] = { FAMILY_V4, FAMILY_V6 };
	struct numbers_wanted w = { 0 };
	struct delegation_room room;
	struct tenants tenants = delegation_tenants(&room, &f->delegated, &f->tenants);
	uint64_t hint;
	int rc = named_addresses(c, ca, o, f, e);

	if (rc < 0)
		return rc;
	hint = c->address_count > 0 ? numbers_of(ca, c->addresses[0].ip) : 0;
	if (hint == 0 && o->draft)
		hint = draft_number(ca, c);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (has_family(ca, families[i]) && !has_family(c, families[i]))
			w.families[w.count++] = families[i];
	}
	if (w.count + c->address_count > CERT_ADDRESSES_MAX)
		return err_set(e, ERR_FORMAT, "a host has at most %d addresses",
		    CERT_ADDRESSES_MAX);
	rc = w.count > 0 ? numbers_find(&w, ca, &tenants, numbers_first(ca, c->flags), hint, e) : 0;
	for (size_t i = 0; rc == 0 && i < w.count; i++)
		add_address(c, w.found[i]);
	return rc;
}

static void
choose_routes(struct cert *c, const struct order *o, const struct cert *holder)
{
	c->route_count = (uint32_t)o->route_count;
	memcpy(c->routes, o->routes, sizeof(c->routes));
	if (o->route_count == 0 && holder != NULL) {
		c->route_count = holder->route_count;
		memcpy(c->routes, holder->routes, sizeof(c->routes));
	}
}

static void
choose_groups(struct cert *c, const struct order *o, const struct cert *holder)
{
	c->group_count = (uint32_t)o->group_count;
	memcpy(c->groups, o->groups, sizeof(c->groups));
	if (o->group_count == 0 && holder != NULL) {
		c->group_count = holder->group_count;
		memcpy(c->groups, holder->groups, sizeof(c->groups));
	}
}

/* A role is inherited, but not the way of speaking: that is the new key's. */
static uint32_t
choose_flags(const struct order *o, const struct cert *holder)
{
	uint32_t flags = o->flags;

	if (holder != NULL && !(flags & CERT_STOCK))
		flags |= holder->flags & ~(uint32_t)(CERT_STOCK | CERT_GATEWAY);
	return flags;
}

/* The hash of a lighthouse's TLS key, which stays while its key does. */
static void
choose_pin(struct cert *c, const struct order *o, const struct cert *holder)
{
	if (!(c->flags & CERT_LIGHTHOUSE))
		return;
	memcpy(c->tls_pin, o->tls_pin, sizeof(c->tls_pin));
	if (crypto_is_zero(o->tls_pin, sizeof(o->tls_pin)) && holder != NULL &&
	    memcmp(holder->key, o->key, sizeof(o->key)) == 0)
		memcpy(c->tls_pin, holder->tls_pin, sizeof(c->tls_pin));
}

static uint64_t
choose_lifetime(const struct cert *ca, const struct order *o, const struct cert *holder)
{
	if (o->lifetime != 0)
		return o->lifetime;
	if (o->renew && holder != NULL)
		return holder->not_after - holder->not_before - CERT_BACKDATE;
	return min_u64(AUTHORITY_HOST_LIFETIME, ca->max_lifetime);
}

/* Not longer than the authority itself, which would be of no use. */
static int
choose_times(struct cert *c, const struct cert *ca, const struct order *o, const struct facts *f,
    struct err *e)
{
	uint64_t lifetime = choose_lifetime(ca, o, f->holder);
	char text[32];

	if (f->now > ca->not_after)
		return err_set(e, ERR_EXPIRED, "the authority's own certificate expired at %s",
		    text_format_time(text, ca->not_after));
	if (f->now < ca->not_before)
		return err_set(e, ERR_NOT_YET, "the authority's own certificate is valid from %s "
		    "on; this machine's clock is behind", text_format_time(text, ca->not_before));
	if (lifetime > ca->max_lifetime)
		return err_set(e, ERR_DENIED, "%s cannot be signed for so long; %s may sign for at "
		    "most %s", c->name, ca->name, text_format_duration(text, ca->max_lifetime));
	c->not_before = f->now - CERT_BACKDATE;
	c->not_after = min_u64(f->now + lifetime, ca->not_after);
	return 0;
}

static int
may_sign_alone(const struct cert *ca, const struct order *o, struct err *e)
{
	if (ca->cosigners.count == 0 || o->draft)
		return 0;
	return err_set(e, ERR_DENIED, "%s is signed for by %u of %u co-signers, and by nobody alone; "
	    "`mpynet sign %s --request FILE` writes a draft for them", ca->name, ca->cosigners.k,
	    ca->cosigners.count, o->name);
}

/* May the host that `c` describes be there, as things are now? */
static int
may_be(const struct cert *c, const struct cert *ca, const struct order *order,
    const struct facts *facts, struct err *e)
{
	int rc = authority_may_name(order, facts, e);

	if (rc == 0)
		rc = may_give_name(order, facts, e);
	if (rc == 0)
		rc = may_certify_key(order, facts, e);
	for (uint32_t i = 0; rc == 0 && i < c->address_count; i++)
		rc = check_address(c->addresses[i].ip, ca, facts, e);
	if (rc == 0 && facts->holder != NULL && facts->holder->serial == c->serial)
		rc = err_set(e, ERR_CONFLICT, "%s is certified by this draft already", c->name);
	if (rc == 0 && facts->holder != NULL && facts->holder->serial > c->serial)
		rc = err_set(e, ERR_SUPERSEDED, "%s has a newer certificate (serial %llu) than this "
		    "draft; make a new one", c->name, (unsigned long long)facts->holder->serial);
	if (rc == 0 && c->not_after <= facts->now)
		rc = err_set(e, ERR_EXPIRED, "what was signed for %s has expired; make a new draft",
		    c->name);
	return rc;
}

int
authority_take(struct issued *ret, const struct cert *ca, const uint8_t *object, size_t len,
    const struct order *order, const struct facts *facts, struct err *e)
{
	enum breach why = BREACH_NONE;
	struct cert c;
	int rc = cert_decode(&c, object, len, &why);

	if (rc == 0 && (c.kind != OBJECT_HOST || strcmp(c.name, order->name) != 0 ||
			   memcmp(c.key, order->key, sizeof(c.key)) != 0))
		rc = breach_set(&why, BREACH_NOT_A_HOST);
	if (rc == 0)
		rc = cert_permitted(&c, ca, &why);
	if (rc == 0)
		rc = cert_verify_by(object, len, ca);
	if (rc < 0)
		return err_set(e, rc, "what was signed for %s %s", order->name,
		    breach_reason(rc, why));
	rc = may_be(&c, ca, order, facts, e);
	if (rc < 0)
		return rc;
	ret->cert = c;
	ret->len = len;
	memcpy(ret->bytes, object, len);
	return 0;
}

int
authority_sign(struct issued *ret, const struct cert *ca, const struct ca_keys *keys,
    const struct order *order, const struct facts *facts, struct err *e)
{
	struct cert c = { .kind = OBJECT_HOST, .serial = facts->serial };
	enum breach why = BREACH_NONE;
	int rc = application_admitted(ca, e);

	if (rc == 0)
		rc = may_sign_alone(ca, order, e);
	if (rc == 0)
		rc = authority_may_name(order, facts, e);
	if (rc == 0)
		rc = may_give_name(order, facts, e);
	if (rc == 0)
		rc = may_certify_key(order, facts, e);
	if (rc < 0)
		return rc;
	memcpy(c.network, ca->network, sizeof(c.network));
	cert_key_id(c.issuer, ca->key);
	memcpy(c.key, order->key, sizeof(c.key));
	memcpy(c.name, order->name, sizeof(c.name));
	c.flags = choose_flags(order, facts->holder);
	choose_routes(&c, order, facts->holder);
	choose_groups(&c, order, facts->holder);
	if (c.route_count > 0)
		c.flags |= CERT_GATEWAY;
	choose_pin(&c, order, facts->holder);

	rc = choose_times(&c, ca, order, facts, e);
	if (rc == 0)
		rc = choose_addresses(&c, ca, order, facts, e);
	if (rc < 0)
		return rc;
	cert_sort(&c);
	rc = limits_check(&c, ca, facts->root != NULL ? facts->root : ca, e);
	if (rc < 0)
		return rc;
	rc = cert_sign(&c, ret->bytes, sizeof(ret->bytes), keys->seed, &why);
	if (rc < 0)
		return err_set(e, rc, "a certificate for %s cannot be signed, because it %s",
		    order->name, breach_phrase(why));
	ret->cert = c;
	ret->len = (size_t)rc;
	return 0;
}
