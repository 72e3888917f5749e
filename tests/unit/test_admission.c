/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_admission.c - who is admitted, to what, and that everybody holds them to it.
 */
#include "ca/admission.h"
#include "ca/limits.h"
#include "core/crypto.h"
#include "core/trust.h"
#include "tests/unit/test.h"

#define NOW  1800000000ULL
#define WALL (NOW * USEC_PER_SEC)
#define DAY  86400ULL

struct network {
	struct rng_stream stream;
	struct rng rng;
	struct issued root, application;
	struct ca_keys root_keys, keys;
	struct err err;
};

static struct prefix
range(const char *text)
{
	struct prefix p;

	ASSERT_EQ(prefix_parse(&p, text), 0);
	return p;
}

/* A root, and somebody who has applied to it. */
static void
found(struct network *n)
{
	struct founding f = { .name = "study", .now = NOW, .range_count = 2 };

	f.ranges[0] = range("10.87.0.0/16");
	f.ranges[1] = range("fd00:87::/48");
	rng_stream_init(&n->stream, test_rand());
	n->rng = rng_stream_source(&n->stream);
	n->err.text[0] = '\0';
	ASSERT_EQ(authority_found(&n->root, &n->root_keys, &f, &n->rng, &n->err), 0);
	ASSERT_EQ(application_make(&n->application, &n->keys, "bank", &n->root.cert, NOW, &n->rng,
	    &n->err), 0);
}

static struct admission
usual(void)
{
	struct admission a = { .range_count = 2, .group_count = 1, .groups = { "tellers" } };

	a.ranges[0] = range("10.87.4.0/24");
	a.ranges[1] = range("fd00:87:0:4::/64");
	return a;
}

static int
admit(struct network *n, struct issued *ret, const struct admission *a,
    const struct admission_facts *f)
{
	struct admission_facts facts = *f;

	if (facts.now == 0)
		facts.now = NOW;
	if (facts.serial == 0)
		facts.serial = 7;
	n->err.text[0] = '\0';
	return admission_sign(ret, &n->root.cert, &n->root_keys, &n->application, a, &facts, &n->err);
}

static void
refused(struct network *n, int rc, int expected, const char *phrase)
{
	ASSERT_EQ(rc, expected);
	if (strstr(n->err.text, phrase) == NULL)
		test_fail(__FILE__, __LINE__, "said '%s', not '%s'", n->err.text, phrase);
}

static struct trust *
believer(struct network *n)
{
	struct trust *t = trust_new(&n->rng);

	ASSERT(t != NULL);
	ASSERT_EQ(trust_add(t, n->root.bytes, n->root.len, WALL, NULL), 0);
	return t;
}

TEST(an_application_proves_its_key_and_signs_nobody)
{
	struct order o = { .name = "party1.bank" };
	struct facts facts = { .now = NOW, .serial = 2 };
	struct admission_facts none = { 0 };
	struct admission a = usual();
	struct issued host, torn;
	struct network n;
	uint8_t secret[32];

	found(&n);
	ASSERT(application_is(&n.application.cert));
	ASSERT(!application_is(&n.root.cert));
	ASSERT(authority_owns(&n.application.cert, &n.keys));
	test_fill(secret, sizeof(secret));
	crypto_dh_public(o.key, secret);
	refused(&n, authority_sign(&host, &n.application.cert, &n.keys, &o, &facts, &n.err), ERR_DENIED,
	    "not admitted yet");

	/* Whatever is turned in it, it is refused. */
	torn = n.application;
	for (int i = 0; i < 200; i++) {
		n.application = torn;
		n.application.bytes[test_below(torn.len)] ^= (uint8_t)(1 + test_below(255));
		if (cert_decode(&n.application.cert, n.application.bytes, torn.len, NULL) == 0)
			ASSERT(admit(&n, &host, &a, &none) < 0);
	}
}

TEST(what_is_not_said_is_narrow)
{
	struct admission a = { .range_count = 1, .ranges = { range("10.87.4.0/24") } };
	struct admission_facts none = { 0 };
	struct network n;
	struct issued ca;

	found(&n);
	ASSERT_EQ(admit(&n, &ca, &a, &none), 0);
	ASSERT(!cert_is_root(&ca.cert));
	ASSERT_STR(ca.cert.name_suffix, ".bank");
	ASSERT_EQ(ca.cert.flags, CERT_ENROL);
	ASSERT_EQ(ca.cert.group_count, 0);
	ASSERT_EQ(ca.cert.route_count, 0);
	ASSERT_EQ(ca.cert.path_length, 0);
	ASSERT_EQ(ca.cert.max_lifetime, AUTHORITY_HOST_LIFETIME);
	ASSERT_EQ(ca.cert.not_after, NOW + AUTHORITY_ISSUING_LIFETIME);
	ASSERT_MEM(ca.cert.key, n.application.cert.key, 32);
	ASSERT_MEM(ca.cert.enrol_key, n.application.cert.enrol_key, 32);
	ASSERT(ca.len <= CERT_CA_MAX);
}

TEST(no_admission_is_wider_or_longer_than_the_root)
{
	struct admission_facts none = { 0 };
	struct admission a = usual();
	struct network n;
	struct issued ca;

	found(&n);
	a.ranges[0] = range("10.86.0.0/15");
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "10.86.0.0/15");
	a = usual();
	a.lifetime = 11 * 365 * DAY;
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "the root itself ends");
	a = usual();
	a.max_lifetime = 11 * 365 * DAY;
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "for so long");
	n.root.cert.max_lifetime = 1;
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "study may for at most 1s");
	found(&n);
	n.root.cert.name_suffix[0] = '.';
	memcpy(n.root.cert.name_suffix, ".org", 5);
	a = usual();
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "those end with .org");
	found(&n);
	n.root.cert.flags = CERT_RELAY;
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "the flag enrol");
	found(&n);
	memcpy(n.root.cert.groups[0], "nurses", 7);
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "group tellers");

	/* Nor does it outlive one that is about to end. */
	found(&n);
	none.now = n.root.cert.not_after - DAY;
	n.application.cert.not_after = none.now + 1;
	ASSERT_EQ(admit(&n, &ca, &a, &none), 0);
	ASSERT_EQ(ca.cert.not_after, n.root.cert.not_after);
	none.now = n.root.cert.not_after + 1;
	refused(&n, admit(&n, &ca, &a, &none), ERR_EXPIRED, "admits nobody any more");
}

TEST(only_roots_admit_and_co_signed_ones_not_alone)
{
	struct admission_facts none = { 0 };
	struct admission a = usual();
	struct issued ca, other;
	struct ca_keys keys;
	struct network n;

	found(&n);
	ASSERT_EQ(admit(&n, &ca, &a, &none), 0);
	ASSERT_EQ(application_make(&other, &keys, "branch", &ca.cert, NOW, &n.rng, &n.err), ERR_DENIED);
	n.root = ca;
	refused(&n, admit(&n, &other, &a, &none), ERR_DENIED, "not the root");
	found(&n);
	n.root.cert.cosigners = (struct cosigners){ .k = 2, .count = 3 };
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "nobody alone");
	found(&n);
	n.root.cert.path_length = 0;
	refused(&n, admit(&n, &ca, &a, &none), ERR_DENIED, "not the root");
}

TEST(keys_names_and_ranges_belong_to_one)
{
	struct admission_facts f = { 0 };
	struct admission a = usual();
	struct issued first, again;
	struct cert others[1];
	struct network n;

	found(&n);
	ASSERT_EQ(admit(&n, &first, &a, &f), 0);
	others[0] = first.cert;
	f = (struct admission_facts){ .admitted = others, .admitted_count = 1 };

	f.is_host = true;
	refused(&n, admit(&n, &again, &a, &f), ERR_CONFLICT, "the name of a host");
	f.is_host = false;
	f.key_revoked = true;
	refused(&n, admit(&n, &again, &a, &f), ERR_REVOKED, "was revoked");
	f.key_revoked = false;
	memcpy(others[0].name, "shop", 5);
	refused(&n, admit(&n, &again, &a, &f), ERR_CONFLICT, "admitted as shop");
	others[0].key[0] ^= 1;
	refused(&n, admit(&n, &again, &a, &f), ERR_CONFLICT, "which shop gives");
	a.shared = true;
	ASSERT_EQ(admit(&n, &again, &a, &f), 0);
	a.shared = false;
	a.ranges[0] = range("10.87.5.0/24");
	a.ranges[1] = range("fd00:87:0:5::/64");
	refused(&n, admit(&n, &again, &a, &f), ERR_CONFLICT, "could give names that shop gives");
	a.suffix = ".other";
	ASSERT_EQ(admit(&n, &again, &a, &f), 0);
	a.suffix = "";
	refused(&n, admit(&n, &again, &a, &f), ERR_CONFLICT, "could give names");
	memcpy(others[0].name_suffix, "", 1);
	a.suffix = NULL;
	refused(&n, admit(&n, &again, &a, &f), ERR_CONFLICT, "(any)");
}

/* What a host of the issuing CA is like that nobody may object to; not signed. */
static struct cert
lawful(const struct issued *ca)
{
	struct cert c = { .kind = OBJECT_HOST, .serial = 2, .group_count = 1, .address_count = 1 };

	memcpy(c.network, ca->cert.network, sizeof(c.network));
	test_fill(c.key, sizeof(c.key));
	c.key[31] &= 0x3f;
	memcpy(c.name, "party1.bank", 12);
	memcpy(c.groups[0], "tellers", 8);
	c.addresses[0] = range("10.87.4.20/32");
	c.not_before = NOW - CERT_BACKDATE;
	c.not_after = NOW + AUTHORITY_HOST_LIFETIME;
	return c;
}

/* Signs it whatever it says, and shows it to somebody. */
static enum breach
judged(struct network *n, const struct issued *ca, struct cert c)
{
	enum breach why = BREACH_NONE;
	uint8_t bytes[CERT_HOST_MAX];
	struct trust *t = believer(n);
	struct verified v;
	int len = cert_sign(&c, bytes, sizeof(bytes), n->keys.seed, &why), rc;

	ASSERT(len > 0);
	rc = trust_verify(t, bytes, (size_t)len, ca->bytes, ca->len, WALL, &v, &why);
	ASSERT((rc == 0) == (why == BREACH_NONE));
	if (rc == 0)
		ASSERT_EQ(v.valid_until, min_u64(c.not_after, ca->cert.not_after));
	ASSERT_EQ(limits_check(&c, &ca->cert, &n->root.cert, &n->err) == 0, rc == 0);
	trust_free(t);
	return why;
}

TEST(everybody_holds_an_issuing_ca_to_what_it_was_given)
{
	struct admission_facts none = { 0 };
	struct admission a = usual();
	struct network n;
	struct issued ca;
	struct cert c;

	found(&n);
	ASSERT_EQ(admit(&n, &ca, &a, &none), 0);
	ASSERT_EQ(judged(&n, &ca, lawful(&ca)), BREACH_NONE);
	c = lawful(&ca);
	c.addresses[0] = range("10.87.5.20/32");
	ASSERT_EQ(judged(&n, &ca, c), BREACH_NOT_ADDRESS);
	c = lawful(&ca);
	memcpy(c.groups[0], "vault", 6);
	ASSERT_EQ(judged(&n, &ca, c), BREACH_NOT_GROUP);
	c = lawful(&ca);
	c.flags = CERT_LIGHTHOUSE;
	ASSERT_EQ(judged(&n, &ca, c), BREACH_NOT_FLAG);
	c = lawful(&ca);
	c.not_after++;
	ASSERT_EQ(judged(&n, &ca, c), BREACH_NOT_LIFETIME);
	c = lawful(&ca);
	memcpy(c.name, "party1", 7);
	ASSERT_EQ(judged(&n, &ca, c), BREACH_NOT_SUFFIX);
	c = lawful(&ca);
	c.route_count = 1;
	c.routes[0] = range("192.168.7.0/24");
	ASSERT_EQ(judged(&n, &ca, c), BREACH_NOT_ROUTE);

	/* One that may give every route still gives none into the overlay, also not outside its own. */
	a.route_count = 1;
	a.routes[0] = range("0.0.0.0/0");
	ASSERT_EQ(admit(&n, &ca, &a, &none), 0);
	c.flags = CERT_GATEWAY;
	ASSERT_EQ(judged(&n, &ca, c), BREACH_NONE);
	c.routes[0] = range("10.87.200.0/24");
	ASSERT_EQ(judged(&n, &ca, c), BREACH_ROUTE_IN_OVERLAY);
}

static struct admission
random_admission(void)
{
	static const char *const ranges[] = { "10.87.4.0/24", "10.87.4.128/30", "10.87.0.0/16",
		"10.88.0.0/24", "fd00:87:0:4::/64", "fd00:87::/96", "fd00:88::/64" };
	static const char *const words[] = { "a", "b", "*" };
	struct admission a = { .lifetime = test_below(3) * 200 * DAY };

	a.max_lifetime = test_below(3) * 60 * DAY;
	a.range_count = test_below(3);
	for (size_t i = 0; i < a.range_count; i++)
		a.ranges[i] = range(ranges[test_below(ARRAY_LEN(ranges))]);
	a.route_count = test_below(2);
	a.routes[0] = range("192.168.0.0/16");
	a.group_count = test_below(3);
	for (size_t i = 0; i < a.group_count; i++)
		memcpy(a.groups[i], words[test_below(a.group_count == 1 ? 3 : 2)], 2);
	a.flagged = test_below(2) != 0;
	a.flags = (uint32_t)test_below(32);
	a.suffix = test_below(3) == 0 ? "" : test_below(2) != 0 ? ".x" : NULL;
	return a;
}

static struct order
random_order(void)
{
	static const char *const names[] = { "party", "party.bank", "party.x" };
	static const char *const words[] = { "a", "b", "c" };
	static const char *const ips[] = { "10.87.4.130", "10.87.9.9", "fd00:87:0:4::9", "10.1.1.1" };
	struct order o = { .flags = (uint32_t)(test_below(3) != 0 ? 0 : test_below(32)) };
	uint8_t secret[32];

	test_fill(secret, sizeof(secret));
	crypto_dh_public(o.key, secret);
	strcpy(o.name, names[test_below(3)]);
	o.lifetime = test_below(3) * 50 * DAY;
	o.address_count = test_below(4) == 0;
	ASSERT_EQ(ip_parse(&o.addresses[0], ips[test_below(4)]), 0);
	o.group_count = test_below(2);
	memcpy(o.groups[0], words[test_below(3)], 2);
	o.route_count = test_below(4) == 0;
	o.routes[0] = range("192.168.7.0/24");
	return o;
}

TEST(whatever_an_admitted_authority_signs_is_believed)
{
	struct facts facts = { .now = NOW, .serial = 2 };
	struct admission_facts none = { 0 };
	struct network n;
	int admitted = 0, signed_ = 0;

	found(&n);
	facts.root = &n.root.cert;
	for (int round = 0; round < 2000; round++) {
		struct admission a = random_admission();
		struct order o = random_order();
		struct issued ca, host;
		struct verified v;
		struct trust *t;

		if (admit(&n, &ca, &a, &none) < 0) {
			ASSERT(n.err.text[0] != '\0');
			continue;
		}
		admitted++;
		t = believer(&n);
		ASSERT_EQ(trust_add(t, ca.bytes, ca.len, WALL, NULL), 0);
		n.err.text[0] = '\0';
		if (authority_sign(&host, &ca.cert, &n.keys, &o, &facts, &n.err) < 0) {
			ASSERT(n.err.text[0] != '\0');
		} else {
			signed_++;
			ASSERT_EQ(trust_verify(t, host.bytes, host.len, NULL, 0, WALL, &v, NULL), 0);
			ASSERT(!v.issued_by_root);
		}
		trust_free(t);
	}
	ASSERT(admitted > 100 && signed_ > 10);
}

/*
 * Delegation, held to a model that tries one address after the other
 */

static int
some_hold(void *ctx, struct ip ip, struct err *e)
{
	const uint8_t *taken = ctx;

	(void)e;
	return ip.b[2] == 0 && taken[ip.b[3]];
}

static int
some_vacant(void *ctx, struct ip *ret, struct ip from, struct err *e)
{
	while (some_hold(ctx, from, e)) {
		if (++from.b[3] == 0)
			from.b[2]++;
	}
	*ret = from;
	return 0;
}

TEST(the_lowest_address_is_given_that_nobody_holds_and_no_issuing_ca_gives)
{
	struct cert admitted[3];
	struct network n;

	found(&n);
	n.root.cert.address_count = 1;
	for (int round = 0; round < 300; round++) {
		struct order o = random_order();
		struct facts f = { .now = NOW, .serial = 2, .delegated = { admitted, test_below(4) } };
		uint8_t taken[256];
		struct issued host;
		int expected = NUMBERS_FIRST_HOST;

		memset(admitted, 0, sizeof(admitted));
		memcpy(o.name, "party", 6);
		o.flags = o.lifetime = o.address_count = o.group_count = o.route_count = 0;
		for (size_t i = 0; i < sizeof(taken); i++)
			taken[i] = test_below(2) == 0;
		f.tenants = (struct tenants){ taken, some_hold, some_vacant };
		for (size_t i = 0; i < f.delegated.count; i++) {
			uint8_t len = (uint8_t)(25 + test_below(7));
			uint8_t low = (uint8_t)(test_below(256) & (0xffu << (32 - len)));

			admitted[i].address_count = 1;
			admitted[i].addresses[0] = range("10.87.0.0/25");
			admitted[i].addresses[0].len = len;
			admitted[i].addresses[0].ip.b[3] = low;
			memcpy(admitted[i].name, "bank", 5);
			for (unsigned k = 0; k < 1u << (32 - len); k++)
				taken[low + k] |= 2;
		}
		while (expected < 256 && taken[expected])
			expected++;
		for (size_t i = 0; i < sizeof(taken); i++)
			taken[i] &= 1;
		ASSERT_EQ(authority_sign(&host, &n.root.cert, &n.root_keys, &o, &f, &n.err), 0);
		ASSERT_EQ(host.cert.addresses[0].ip.b[2] * 256 + host.cert.addresses[0].ip.b[3],
		    expected);
	}
}

TEST(a_range_of_any_size_is_passed_over_at_once)
{
	struct order o = random_order();
	struct facts f = { .now = NOW, .serial = 2 };
	struct cert bank = { .address_count = 1 };
	struct issued host;
	struct network n;

	found(&n);
	memcpy(o.name, "party", 6);
	o.flags = o.lifetime = o.address_count = o.group_count = o.route_count = 0;
	n.root.cert.addresses[0] = n.root.cert.addresses[1];
	n.root.cert.address_count = 1;
	bank.addresses[0] = range("fd00:87::/97");
	f.delegated = (struct delegation){ &bank, 1 };
	ASSERT_EQ(authority_sign(&host, &n.root.cert, &n.root_keys, &o, &f, &n.err), 0);
	ASSERT_EQ(host.cert.addresses[0].ip.b[12], 0x80);
	bank.addresses[0] = range("fd00:87::/49");
	ASSERT_EQ(authority_sign(&host, &n.root.cert, &n.root_keys, &o, &f, &n.err), ERR_FULL);
}
