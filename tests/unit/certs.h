/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certs.h - authorities and hosts for tests: keys from the test's seed, certificates that are
 * legal until a test changes them.
 */
#ifndef TESTS_UNIT_CERTS_H
#define TESTS_UNIT_CERTS_H

#include "core/cert.h"
#include "core/crypto.h"
#include "core/rng.h"
#include "core/trust.h"
#include "tests/unit/test.h"

#define CERTS_NOW  UINT64_C(1700000000) /* Unix seconds at which they are valid */
#define CERTS_DAY  UINT64_C(86400)
#define CERTS_WALL (CERTS_NOW * USEC_PER_SEC)

/* An authority: its key, its certificate as a value and as bytes. */
struct authority {
	uint8_t seed[32];
	struct cert cert;
	uint8_t bytes[CERT_ROOT_MAX];
	size_t len;
};

/* A host: its key pair and its certificate as a value and as bytes. */
struct host {
	uint8_t secret[32];
	struct cert cert;
	uint8_t bytes[CERT_HOST_MAX];
	size_t len;
};

static void
certs_fill(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	test_fill(p, n);
}

static inline struct rng
certs_rng(void)
{
	return (struct rng){ .fill = certs_fill };
}

static inline struct prefix
certs_prefix(const char *text)
{
	struct prefix p = { 0 };

	ASSERT_EQ(prefix_parse(&p, text), 0);
	return p;
}

static inline struct ip
certs_ip(const char *text)
{
	struct ip ip = { 0 };

	ASSERT_EQ(ip_parse(&ip, text), 0);
	return ip;
}

/* Signs `a->cert` as it is now with the key of `by`. */
static inline void
certs_sign_authority(struct authority *a, const struct authority *by)
{
	enum breach why = BREACH_NONE;
	int n = cert_sign(&a->cert, a->bytes, sizeof(a->bytes), by->seed, &why);

	if (n < 0)
		test_fail(__FILE__, __LINE__, "%s %s", a->cert.name, breach_phrase(why));
	a->len = (size_t)n;
}

static inline void
certs_sign_host(struct host *h, const struct authority *by)
{
	enum breach why = BREACH_NONE;
	int n = cert_sign(&h->cert, h->bytes, sizeof(h->bytes), by->seed, &why);

	if (n < 0)
		test_fail(__FILE__, __LINE__, "%s %s", h->cert.name, breach_phrase(why));
	h->len = (size_t)n;
}

static inline void
certs_new_key(struct host *h)
{
	test_fill(h->secret, sizeof(h->secret));
	crypto_dh_public(h->cert.key, h->secret);
}

/* A CA certificate that permits everything in 10.87.0.0/16 and fd87::/48, not yet signed. */
static inline struct authority
certs_authority(const char *name)
{
	struct authority a = { .cert.kind = OBJECT_CA };
	struct cert *c = &a.cert;
	uint8_t enrol_secret[32];

	test_fill(a.seed, sizeof(a.seed));
	test_fill(enrol_secret, sizeof(enrol_secret));
	crypto_ed25519_public(c->key, a.seed);
	crypto_dh_public(c->enrol_key, enrol_secret);
	c->serial = 1;
	c->not_before = CERTS_NOW - CERT_BACKDATE;
	c->not_after = CERTS_NOW + 3650 * CERTS_DAY;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->addresses[c->address_count++] = certs_prefix("10.87.0.0/16");
	c->addresses[c->address_count++] = certs_prefix("fd87::/48");
	c->routes[c->route_count++] = certs_prefix("192.168.0.0/16");
	snprintf(c->groups[c->group_count++], sizeof(c->groups[0]), "*");
	c->flags = CERT_FLAGS_ALL;
	c->max_lifetime = (uint32_t)(365 * CERTS_DAY);
	c->path_length = 1;
	return a;
}

static inline struct authority
certs_root(void)
{
	struct authority a = certs_authority("study");

	test_fill(a.cert.network, sizeof(a.cert.network));
	certs_sign_authority(&a, &a);
	return a;
}

/* An issuing CA below `root`: 10.87.16.0/20, groups a and b, GATEWAY and STOCK, names in ".org". */
static inline struct authority
certs_issuing(const struct authority *root)
{
	struct authority a = certs_authority("hospital.org");
	struct cert *c = &a.cert;

	memcpy(c->network, root->cert.network, sizeof(c->network));
	c->serial = 2;
	c->not_after = CERTS_NOW + 365 * CERTS_DAY;
	c->address_count = 1;
	c->addresses[0] = certs_prefix("10.87.16.0/20");
	c->routes[0] = certs_prefix("192.168.8.0/24");
	c->group_count = 2;
	snprintf(c->groups[0], sizeof(c->groups[0]), "a");
	snprintf(c->groups[1], sizeof(c->groups[1]), "b");
	c->flags = CERT_GATEWAY | CERT_STOCK;
	c->max_lifetime = (uint32_t)(30 * CERTS_DAY);
	c->path_length = 0;
	snprintf(c->name_suffix, sizeof(c->name_suffix), ".org");
	certs_sign_authority(&a, root);
	return a;
}

/* A host with one address, signed by `by`. */
static inline struct host
certs_host(const struct authority *by, const char *name, const char *ip, uint64_t serial)
{
	struct host h = { .cert.kind = OBJECT_HOST };
	struct cert *c = &h.cert;

	certs_new_key(&h);
	memcpy(c->network, by->cert.network, sizeof(c->network));
	c->serial = serial;
	c->not_before = CERTS_NOW - CERT_BACKDATE;
	c->not_after = CERTS_NOW + 30 * CERTS_DAY;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->addresses[c->address_count++] = certs_prefix(ip);
	certs_sign_host(&h, by);
	return h;
}

/* Somebody who believes that root. */
static inline struct trust *
certs_trust(const struct authority *believed)
{
	struct rng rng = certs_rng();
	struct trust *t = trust_new(&rng);

	ASSERT(t != NULL);
	ASSERT_EQ(trust_add(t, believed->bytes, believed->len, CERTS_WALL, NULL), 0);
	return t;
}

/* What trust_verify() says of `h` then; `issuing` is NULL where a root signed it. */
static inline int
certs_verify_at(struct trust *t, const struct host *h, const struct authority *issuing,
    uint64_t seconds, enum breach *why)
{
	struct verified v;

	return trust_verify(t, h->bytes, h->len, issuing != NULL ? issuing->bytes : NULL,
	    issuing != NULL ? issuing->len : 0, seconds * USEC_PER_SEC, &v, why);
}

#endif
