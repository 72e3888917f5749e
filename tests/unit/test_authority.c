/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_authority.c - what is signed, held to a model that only counts.
 */
#include "ca/authority.h"
#include "core/bytes.h"
#include "core/crypto.h"
#include "core/trust.h"
#include "tests/unit/test.h"

#define NOW 1800000000ULL

struct network {
	struct rng_stream stream;
	struct rng rng;
	struct issued root;
	struct ca_keys keys;
	struct err err;
};

static void
found(struct network *n, const char *const *ranges, size_t count)
{
	struct founding f = { .name = "study", .now = NOW, .range_count = count };

	rng_stream_init(&n->stream, test_rand());
	n->rng = rng_stream_source(&n->stream);
	for (size_t i = 0; i < count; i++)
		ASSERT_EQ(prefix_parse(&f.ranges[i], ranges[i]), 0);
	n->err.text[0] = '\0';
	ASSERT_EQ(authority_found(&n->root, &n->keys, &f, &n->rng, &n->err), 0);
}

static const char *const usual[] = { "10.87.0.0/16", "fd12:3456:789a::/48" };

static struct order
order_for(struct network *n, const char *name)
{
	struct order o = { 0 };
	uint8_t secret[32];

	memcpy(o.name, name, strlen(name) + 1);
	rng_fill(&n->rng, secret, sizeof(secret));
	crypto_dh_public(o.key, secret);
	return o;
}

static int
sign(struct network *n, struct issued *ret, const struct order *o, const struct facts *f)
{
	struct facts facts = *f;

	if (facts.now == 0)
		facts.now = NOW;
	if (facts.serial == 0)
		facts.serial = 2;
	return authority_sign(ret, &n->root.cert, &n->keys, o, &facts, &n->err);
}

static struct ip
ip(const char *text)
{
	struct ip ret;

	ASSERT_EQ(ip_parse(&ret, text), 0);
	return ret;
}

static bool
has(const struct issued *i, const char *text)
{
	return cert_has_address(&i->cert, ip(text));
}

TEST(a_root_owns_its_keys_and_signs_itself)
{
	struct network n, other;

	found(&n, usual, 2);
	found(&other, usual, 2);
	ASSERT(cert_is_root(&n.root.cert));
	ASSERT_EQ(cert_verify(n.root.bytes, n.root.len, n.root.cert.key), 0);
	ASSERT(authority_owns(&n.root.cert, &n.keys));
	ASSERT(!authority_owns(&n.root.cert, &other.keys));
	ASSERT(memcmp(n.root.cert.network, other.root.cert.network, 16) != 0);
	n.keys.enrol[3] ^= 1;
	ASSERT(!authority_owns(&n.root.cert, &n.keys));
}

TEST(networks_that_cannot_be_are_refused)
{
	static const char *const bad[] = { "10.0.0.0/31", "10.0.0.1/32", "0.0.0.0/0",
		"127.0.0.0/8", "224.0.0.0/8", "169.254.0.0/16", "fe80::/64", "ff00::/8", "::/0",
		"fd00::/127", "10.87.128.0/17" };
	struct network n;

	found(&n, usual, 2);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct founding f = { .name = "study", .now = NOW, .range_count = 2 };
		struct issued ret;

		ASSERT_EQ(prefix_parse(&f.ranges[0], usual[0]), 0);
		ASSERT_EQ(prefix_parse(&f.ranges[1], bad[i]), 0);
		n.err.text[0] = '\0';
		ASSERT_EQ(authority_found(&ret, &n.keys, &f, &n.rng, &n.err), ERR_FORMAT);
		ASSERT(n.err.text[0] != '\0');
	}
}

TEST(what_is_signed_verifies)
{
	struct facts none = { 0 };
	struct network n;
	struct issued host;
	struct verified v;
	struct trust *t;
	struct order o;

	found(&n, usual, 2);
	o = order_for(&n, "party1");
	o.flags = CERT_RELAY;
	memcpy(o.groups[0], "nurses", 7);
	o.group_count = 1;
	ASSERT_EQ(prefix_parse(&o.routes[0], "192.168.7.0/24"), 0);
	o.route_count = 1;
	ASSERT_EQ(sign(&n, &host, &o, &none), 0);

	t = trust_new(&n.rng);
	ASSERT_EQ(trust_add(t, n.root.bytes, n.root.len, NOW * USEC_PER_SEC, NULL), 0);
	ASSERT_EQ(trust_verify(t, host.bytes, host.len, NULL, 0, NOW * USEC_PER_SEC, &v, NULL), 0);
	ASSERT_STR(v.cert.name, "party1");
	ASSERT_EQ(v.cert.flags, CERT_RELAY | CERT_GATEWAY);
	ASSERT(cert_has_group(&v.cert, "nurses"));
	ASSERT_MEM(v.cert.key, o.key, 32);
	ASSERT_EQ(v.cert.not_after, NOW + AUTHORITY_HOST_LIFETIME);
	ASSERT_EQ(v.cert.not_before, NOW - CERT_BACKDATE);
	trust_free(t);
}

TEST(both_families_get_the_same_number)
{
	struct facts none = { 0 };
	struct network n;
	struct issued host;
	struct order o;

	found(&n, usual, 2);
	o = order_for(&n, "a");
	ASSERT_EQ(sign(&n, &host, &o, &none), 0);
	ASSERT(has(&host, "10.87.0.10") && has(&host, "fd12:3456:789a::a"));

	o.addresses[o.address_count++] = ip("10.87.1.7");
	ASSERT_EQ(sign(&n, &host, &o, &none), 0);
	ASSERT(has(&host, "10.87.1.7") && has(&host, "fd12:3456:789a::107"));

	o.flags = CERT_LIGHTHOUSE;
	o.address_count = 0;
	ASSERT_EQ(sign(&n, &host, &o, &none), 0);
	ASSERT(has(&host, "10.87.0.1") && has(&host, "fd12:3456:789a::1"));
}

/*
 * The model: every address of two small ranges is a slot that is free or not, and the next host
 * gets the first number whose slots are free in both families.
 */
#define SLOTS 16

static const char *const small[] = { "10.9.8.0/28", "fd00::/48" };

struct model {
	bool taken[2][SLOTS]; /* of the v4 and the v6 range, by number */
};

static int
model_next(const struct model *m)
{
	for (int i = 1; i < SLOTS - 1; i++) {	/* /28 has 14 usable, and so no more of v6 */
		if (!m->taken[0][i] && !m->taken[1][i])
			return i;
	}
	return -1;
}

static bool *
model_slot(struct model *m, struct ip a)
{
	struct ip first = a.family == FAMILY_V4 ? ip("10.9.8.0") : ip("fd00::");
	size_t last = ip_size(a) - 1;

	return memcmp(a.b, first.b, last) == 0 && a.b[last] < SLOTS ?
	    &m->taken[a.family == FAMILY_V6][a.b[last]] : NULL;
}

static int
model_hold(void *ctx, struct ip a, struct err *e)
{
	const bool *slot = model_slot(ctx, a);

	(void)e;
	return slot != NULL && *slot;
}

static int
model_vacant(void *ctx, struct ip *ret, struct ip from, struct err *e)
{
	while (model_hold(ctx, from, e))
		from.b[ip_size(from) - 1]++;
	*ret = from;
	return 0;
}

static struct tenants
model_tenants(struct model *m)
{
	return (struct tenants){ m, model_hold, model_vacant };
}

static void
model_give(struct model *m, const struct cert *c)
{
	for (uint32_t i = 0; i < c->address_count; i++) {
		struct ip a = c->addresses[i].ip;
		bool v6 = a.family == FAMILY_V6;
		uint8_t slot = a.b[v6 ? 15 : 3];

		ASSERT(slot < SLOTS && !m->taken[v6][slot]);
		m->taken[v6][slot] = true;
	}
}

TEST(allocation_agrees_with_a_model_that_only_counts)
{
	struct network n;

	found(&n, small, 2);
	for (int round = 0; round < 200; round++) {
		struct model m = { 0 };

		for (int step = 0; step < 40; step++) {
			struct facts f = { .tenants = model_tenants(&m) };
			struct order o = order_for(&n, "a");
			int expected = model_next(&m);
			struct issued host;

			/* Sometimes an address goes, as when a certificate expires. */
			if (test_below(3) == 0) {
				m.taken[test_below(2)][test_below(SLOTS)] = false;
				continue;
			}
			if (expected < 0) {
				ASSERT_EQ(sign(&n, &host, &o, &f), ERR_FULL);
				continue;
			}
			ASSERT_EQ(sign(&n, &host, &o, &f), 0);
			ASSERT_EQ(host.cert.address_count, 2);
			ASSERT_EQ(host.cert.addresses[0].ip.b[3], expected);
			ASSERT_EQ(host.cert.addresses[1].ip.b[15], expected);
			model_give(&m, &host.cert);
		}
	}
}

TEST(counting_goes_on_in_the_next_range)
{
	static const char *const two[] = { "10.1.0.0/30", "10.2.0.0/29" };
	static const char *const expected[] = { "10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2",
		"10.2.0.3", "10.2.0.4", "10.2.0.5", "10.2.0.6" };
	struct network n;
	struct ip got;

	found(&n, two, 2);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		ASSERT_EQ(numbers_address(&got, &n.root.cert, FAMILY_V4, i + 1), 0);
		ASSERT(ip_equal(got, ip(expected[i])));
	}
	ASSERT_EQ(numbers_address(&got, &n.root.cert, FAMILY_V4, 9), ERR_FULL);
	ASSERT_EQ(numbers_address(&got, &n.root.cert, FAMILY_V4, 0), ERR_FULL);
	ASSERT_EQ(numbers_address(&got, &n.root.cert, FAMILY_V6, 1), ERR_FULL);
}

TEST(a_name_a_key_and_an_address_belong_to_one_host)
{
	struct model m = { .taken[0][7] = true };
	struct network n;
	struct issued first, ret;
	struct facts f = { 0 };
	struct order o;

	found(&n, small, 2);
	o = order_for(&n, "a");
	ASSERT_EQ(sign(&n, &first, &o, &f), 0);

	f = (struct facts){ .holder = &first.cert };
	ASSERT_EQ(sign(&n, &ret, &o, &f), ERR_CONFLICT);
	f = (struct facts){ .key_holder = "b" };
	ASSERT_EQ(sign(&n, &ret, &o, &f), ERR_CONFLICT);
	f = (struct facts){ .tenants = model_tenants(&m) };
	o.addresses[o.address_count++] = ip("10.9.8.7");
	ASSERT_EQ(sign(&n, &ret, &o, &f), ERR_CONFLICT);
}

TEST(a_replacement_inherits_what_the_order_does_not_name)
{
	struct facts f = { 0 };
	struct network n;
	struct issued first, second;
	struct order o;

	found(&n, usual, 2);
	o = order_for(&n, "a");
	o.flags = CERT_LIGHTHOUSE | CERT_RELAY;
	memcpy(o.groups[0], "x", 2);
	o.group_count = 1;
	o.addresses[o.address_count++] = ip("10.87.3.3");
	ASSERT_EQ(sign(&n, &first, &o, &f), 0);

	o = order_for(&n, "a");
	o.replace = true;
	ASSERT_EQ(sign(&n, &second, &o, &f), ERR_UNKNOWN);
	f = (struct facts){ .holder = &first.cert, .serial = 9 };
	ASSERT_EQ(sign(&n, &second, &o, &f), 0);
	ASSERT_EQ(second.cert.serial, 9);
	ASSERT_EQ(second.cert.flags, CERT_LIGHTHOUSE | CERT_RELAY);
	ASSERT(has(&second, "10.87.3.3") && has(&second, "fd12:3456:789a::303"));
	ASSERT(cert_has_group(&second.cert, "x"));
	ASSERT_MEM(second.cert.key, o.key, 32);

	o.flags = CERT_STOCK;	/* another way of speaking inherits no role */
	ASSERT_EQ(sign(&n, &second, &o, &f), 0);
	ASSERT_EQ(second.cert.flags, CERT_STOCK);
	f.holder = &second.cert;
	o.flags = 0;
	ASSERT_EQ(sign(&n, &first, &o, &f), 0);
	ASSERT_EQ(first.cert.flags, 0);
}

TEST(the_hash_of_a_tls_key_stays_with_the_key_of_a_lighthouse)
{
	struct facts f = { 0 };
	struct network n;
	struct issued first, second;
	struct order o;

	found(&n, usual, 2);
	o = order_for(&n, "a");
	test_fill(o.tls_pin, sizeof(o.tls_pin));
	ASSERT_EQ(sign(&n, &first, &o, &f), 0);
	ASSERT(crypto_is_zero(first.cert.tls_pin, 32)); /* it asked, and is no lighthouse */
	o.flags = CERT_LIGHTHOUSE;
	ASSERT_EQ(sign(&n, &first, &o, &f), 0);
	ASSERT_MEM(first.cert.tls_pin, o.tls_pin, 32);

	o.replace = true;
	memset(o.tls_pin, 0, sizeof(o.tls_pin));
	f = (struct facts){ .holder = &first.cert, .serial = 9 };
	ASSERT_EQ(sign(&n, &second, &o, &f), 0);
	ASSERT_MEM(second.cert.tls_pin, first.cert.tls_pin, 32);
	o = order_for(&n, "a");
	o.replace = true;
	ASSERT_EQ(sign(&n, &second, &o, &f), 0);
	ASSERT(crypto_is_zero(second.cert.tls_pin, 32));
}

TEST(no_certificate_outlives_its_authority)
{
	struct facts f = { 0 };
	struct network n;
	struct issued host;
	struct order o;

	found(&n, usual, 2);
	o = order_for(&n, "a");
	f.now = NOW + AUTHORITY_ROOT_LIFETIME - 86400;
	ASSERT_EQ(sign(&n, &host, &o, &f), 0);
	ASSERT_EQ(host.cert.not_after, n.root.cert.not_after);
	f.now = NOW + AUTHORITY_ROOT_LIFETIME + 1;
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_EXPIRED);
	f.now = NOW - CERT_BACKDATE - 1;
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_NOT_YET);
	f.now = NOW;
	o.lifetime = AUTHORITY_ROOT_LIFETIME + 1;
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_DENIED);
}

TEST(what_its_own_verification_would_refuse_is_not_signed)
{
	struct facts f = { 0 };
	struct network n;
	struct issued host;
	struct order good, o;

	found(&n, usual, 2);
	good = order_for(&n, "a");

	o = good;
	memset(o.key, 0, sizeof(o.key));
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_FORMAT);
	o = good;
	memcpy(o.name, "-a", 3);
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_FORMAT);
	o = good;
	o.addresses[o.address_count++] = ip("10.88.0.1");
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_FORMAT);
	o.addresses[0] = ip("10.87.255.255");
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_FORMAT);
	o.addresses[0] = ip("fd12:3456:789a::");
	ASSERT_EQ(sign(&n, &host, &o, &f), ERR_FORMAT);
	o = good;
	ASSERT_EQ(prefix_parse(&o.routes[o.route_count++], "10.87.4.0/24"), 0);
	ASSERT(sign(&n, &host, &o, &f) < 0);
	o = good;
	o.group_count = CERT_GROUPS_MAX;	/* so many long ones are more than fit */
	for (unsigned i = 0; i < CERT_GROUPS_MAX; i++) {
		memset(o.groups[i], 'g', CERT_GROUP_LEN);
		o.groups[i][0] = (char)('a' + i);
	}
	ASSERT(sign(&n, &host, &o, &f) < 0);
}
