/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_bundle.c - what a host is given to join, as text and as belief.
 */
#include "core/bundle.h"

#include "core/pem.h"
#include "tests/unit/certs.h"

struct given {
	struct authority root, issuing;
	struct host party, lighthouse;
	struct bundle b;
};

static struct bundle_cert
object(const uint8_t *bytes, size_t len)
{
	struct bundle_cert c = { .len = (uint16_t)len };

	memcpy(c.bytes, bytes, len);
	return c;
}

/* A host below an issuing CA, a lighthouse below the root, and everything that may be there. */
static struct given
given(void)
{
	struct given g = { .root = certs_root() };
	struct bundle_lighthouse *l = &g.b.lighthouses[0];

	g.issuing = certs_issuing(&g.root);
	g.party = certs_host(&g.issuing, "party.org", "10.87.16.9", 7);
	g.lighthouse = certs_host(&g.root, "lh", "10.87.0.1", 3);
	g.lighthouse.cert.flags = CERT_LIGHTHOUSE | CERT_RELAY;
	certs_sign_host(&g.lighthouse, &g.root);
	g.b.host = object(g.party.bytes, g.party.len);
	g.b.has_key = true;
	memcpy(g.b.key, g.party.secret, 32);
	g.b.ca_count = 2;
	g.b.cas[0] = object(g.root.bytes, g.root.len);
	g.b.cas[1] = object(g.issuing.bytes, g.issuing.len);
	g.b.lighthouse_count = 1;
	l->cert = object(g.lighthouse.bytes, g.lighthouse.len);
	l->endpoint_count = 2;
	snprintf(l->endpoints[0], ENDPOINT_TEXT_MAX, "vpn.example.org:7717");
	snprintf(l->endpoints[1], ENDPOINT_TEXT_MAX, "[2001:db8::1]:7717");
	g.b.has_psk = true;
	test_fill(g.b.psk, sizeof(g.b.psk));
	return g;
}

static int
write_read(const struct bundle *b, struct bundle *again, char *text, size_t *len)
{
	struct err e;
	int n = bundle_write(text, BUNDLE_TEXT_MAX, b);

	if (n < 0)
		return n;
	*len = (size_t)n;
	return bundle_read(again, text, *len, &e);
}

TEST(a_bundle_comes_back_as_it_was_written)
{
	struct given g = given();
	struct bundle again;
	char text[BUNDLE_TEXT_MAX], second[BUNDLE_TEXT_MAX];
	size_t len, second_len;

	for (int variant = 0; variant < 8; variant++) {
		g.b.has_key = variant & 1;
		g.b.has_psk = variant & 2;
		g.b.lighthouse_count = variant & 4 ? 1 : 0;
		ASSERT_EQ(write_read(&g.b, &again, text, &len), 0);
		ASSERT_EQ(again.has_key, g.b.has_key);
		ASSERT_EQ(again.has_psk, g.b.has_psk);
		ASSERT_EQ(again.lighthouse_count, g.b.lighthouse_count);
		ASSERT_EQ(again.ca_count, 2);
		ASSERT_EQ(write_read(&again, &again, second, &second_len), 0);
		ASSERT_EQ(len, second_len);
		ASSERT_MEM(text, second, len);
	}
	ASSERT_STR(again.lighthouses[0].endpoints[1], "[2001:db8::1]:7717");
}

TEST(a_bundle_says_which_port_streams_have)
{
	struct given g = given();
	struct bundle again;
	struct bundle_lighthouse *l = &g.b.lighthouses[0];
	char text[BUNDLE_TEXT_MAX], room[ENDPOINT_TEXT_MAX];
	size_t len;

	ASSERT_EQ(write_read(&g.b, &again, text, &len), 0);
	ASSERT_EQ(again.lighthouses[0].tcp, 0);
	ASSERT_EQ(endpoint_count_all(&again.lighthouses[0]), 2);
	l->tcp = 8443;
	ASSERT_EQ(write_read(&g.b, &again, text, &len), 0);
	ASSERT_EQ(again.lighthouses[0].tcp, 8443);
	ASSERT_EQ(again.lighthouses[0].endpoint_count, 2);
	ASSERT_EQ(endpoint_count_all(&again.lighthouses[0]), 3);
	ASSERT_STR(endpoint_nth(&again.lighthouses[0], 1, room), "[2001:db8::1]:7717");
	ASSERT_STR(endpoint_nth(&again.lighthouses[0], 2, room), "tcp/8443");
	l->endpoint_count = 0;
	ASSERT_EQ(bundle_write(text, sizeof(text), &g.b), ERR_CANON);
}

TEST(the_port_of_streams_is_the_last_endpoint)
{
	static const char *const bad[] = { "tcp/", "tcp/0", "tcp/08443", "tcp/65536", "tcp/x",
		"tcp/84 43" };
	struct bundle_lighthouse l = { .endpoint_count = 0 };

	ASSERT_EQ(endpoint_take(&l, "tcp/8443"), ERR_FORMAT);
	ASSERT_EQ(endpoint_take(&l, "192.0.2.1:7717"), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_EQ(endpoint_take(&l, bad[i]), ERR_FORMAT);
	ASSERT_EQ(endpoint_take(&l, "tcp/65535"), 0);
	ASSERT_EQ(l.tcp, 65535);
	ASSERT_EQ(endpoint_take(&l, "tcp/65535"), ERR_FORMAT);
	ASSERT_EQ(endpoint_take(&l, "192.0.2.2:7717"), ERR_FORMAT);
	ASSERT_EQ(endpoint_check("tcp/8443"), ERR_FORMAT);
}

TEST(the_largest_bundle_fits_its_text)
{
	struct given g = given();
	struct bundle again;
	char text[BUNDLE_TEXT_MAX];
	size_t len;

	g.b.ca_count = BUNDLE_CAS_MAX;
	for (uint32_t i = 1; i < BUNDLE_CAS_MAX; i++) {
		struct authority a = certs_issuing(&g.root);

		g.b.cas[i] = object(a.bytes, a.len);
	}
	g.b.lighthouse_count = BUNDLE_LIGHTHOUSES_MAX;
	for (uint8_t i = 0; i < BUNDLE_LIGHTHOUSES_MAX; i++) {
		struct bundle_lighthouse *l = &g.b.lighthouses[i];
		struct host h = g.lighthouse;

		h.cert.serial = 100 + i;
		h.cert.extra[0] = 0x40;
		h.cert.extra[1] = 0x2c;
		h.cert.extra[2] = 0x01;
		h.cert.extra_len = 3 + 0x12c;
		certs_sign_host(&h, &g.root);
		l->cert = object(h.bytes, h.len);
		l->endpoint_count = BUNDLE_ENDPOINTS_MAX;
		l->tcp = UINT16_MAX;
		for (uint32_t k = 0; k < BUNDLE_ENDPOINTS_MAX; k++) {
			/* 247 letters and dots, a colon and five digits: 253, and 2 more do not
			 * fit. */
			for (int at = 0; at < 247; at++)
				l->endpoints[k][at] = at % 62 == 61 ? '.' : (char)('a' + k);
			snprintf(l->endpoints[k] + 247, 9, ":65535");
		}
	}
	ASSERT_EQ(write_read(&g.b, &again, text, &len), 0);
	ASSERT_EQ(again.lighthouse_count, BUNDLE_LIGHTHOUSES_MAX);
	ASSERT_EQ(bundle_write(text, len - 1, &g.b), ERR_FULL);
}

TEST(a_bundle_of_another_shape_is_not_written)
{
	struct given g = given();
	struct bundle b = g.b;
	char text[BUNDLE_TEXT_MAX];

	b.ca_count = 0;
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	b = g.b;
	b.ca_count = BUNDLE_CAS_MAX + 1;
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	b = g.b;
	b.cas[1] = b.cas[0];
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	b = g.b;
	b.host = b.cas[0];
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	b = g.b;
	b.host.len = 0;
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	b = g.b;
	b.lighthouses[1] = b.lighthouses[0];
	b.lighthouse_count = 2;
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	b = g.b;
	snprintf(b.lighthouses[0].endpoints[1], 64, "nowhere");
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	b = g.b;
	memcpy(b.lighthouses[0].endpoints[1], b.lighthouses[0].endpoints[0], ENDPOINT_TEXT_MAX);
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
}

/* What an office is given is a bundle of nobody. */
static struct bundle
charter_of(const struct given *g)
{
	struct bundle b = g->b;

	memset(&b.host, 0, sizeof(b.host));
	memset(b.key, 0, sizeof(b.key));
	b.has_key = false;
	return b;
}

TEST(a_charter_is_a_bundle_of_nobody)
{
	struct given g = given();
	struct bundle b = charter_of(&g), again;
	char text[BUNDLE_TEXT_MAX];
	struct cert ca;
	struct err e;
	int n = bundle_write_charter(text, sizeof(text), &b);

	ASSERT(n > 0);
	ASSERT_EQ(bundle_read_charter(&again, text, (size_t)n, &e), 0);
	ASSERT_MEM(&again, &b, sizeof(b));
	ASSERT_EQ(bundle_check_charter(&again, CERTS_WALL, &ca, &e), 0);
	ASSERT_MEM(ca.fingerprint, g.issuing.cert.fingerprint, 32);

	/* Neither is taken for the other. */
	ASSERT(bundle_read(&again, text, (size_t)n, &e) < 0);
	ASSERT(strstr(e.text, "mpynet ca join") != NULL);
	ASSERT_EQ(bundle_write(text, sizeof(text), &b), ERR_CANON);
	n = bundle_write(text, sizeof(text), &g.b);
	ASSERT(n > 0);
	ASSERT(bundle_read_charter(&again, text, (size_t)n, &e) < 0);
	ASSERT_EQ(bundle_write_charter(text, sizeof(text), &g.b), ERR_CANON);

	/* It admits somebody, whom a root in it signed. */
	b.ca_count = 1;
	ASSERT_EQ(bundle_write_charter(text, sizeof(text), &b), ERR_CANON);
	b = charter_of(&g);
	b.cas[0] = b.cas[1];
	b.ca_count = 1;
	ASSERT(bundle_check_charter(&b, CERTS_WALL, NULL, &e) < 0);
	b = charter_of(&g);
	g.root = certs_root();
	b.cas[0] = object(g.root.bytes, g.root.len);
	ASSERT(bundle_check_charter(&b, CERTS_WALL, NULL, &e) < 0);
}

/* Blocks in another order, twice, unknown or missing. */
TEST(blocks_stand_in_their_order)
{
	struct given g = given();
	struct bundle again;
	char text[4][1024], all[8192];
	size_t len[4];
	static const struct {
		uint8_t blocks[5];
		bool good;
	} orders[] = {
		{ { 1, 2, 3, 0, 0 }, true },
		{ { 1, 3, 0, 0, 0 }, true },
		{ { 1, 0, 0, 0, 0 }, false },
		{ { 3, 0, 0, 0, 0 }, false },
		{ { 2, 1, 3, 0, 0 }, false },
		{ { 1, 3, 2, 0, 0 }, false },
		{ { 3, 1, 2, 0, 0 }, false },
		{ { 1, 1, 3, 0, 0 }, false },
		{ { 1, 2, 2, 3, 0 }, false },
		{ { 1, 2, 3, 4, 0 }, false },
	};

	len[0] = (size_t)pem_write(text[0], 1024, PEM_CERTIFICATE, g.party.bytes, g.party.len);
	len[1] = (size_t)pem_write(text[1], 1024, PEM_HOST_KEY, g.party.secret, 32);
	len[2] = (size_t)pem_write(text[2], 1024, PEM_CA_CERTIFICATE, g.root.bytes, g.root.len);
	len[3] = (size_t)pem_write(text[3], 1024, PEM_REQUEST, g.party.bytes, g.party.len);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		struct err e = { "" };
		size_t n = 0;
		int rc;

		for (size_t k = 0; k < 5 && orders[i].blocks[k] > 0; k++) {
			memcpy(all + n, text[orders[i].blocks[k] - 1],
			    len[orders[i].blocks[k] - 1]);
			n += len[orders[i].blocks[k] - 1];
		}
		rc = bundle_read(&again, all, n, &e);
		if ((rc == 0) != orders[i].good || (rc < 0 && e.text[0] == '\0'))
			test_fail(__FILE__, __LINE__, "order %zu: %d %s", i, rc, e.text);
	}
}

TEST(a_bundle_cut_or_changed_anywhere_is_refused_or_still_whole)
{
	struct given g = given();
	struct bundle again;
	char text[BUNDLE_TEXT_MAX], changed[BUNDLE_TEXT_MAX];
	size_t len, ends = 0;

	ASSERT_EQ(write_read(&g.b, &again, text, &len), 0);
	for (size_t cut = 0; cut < len; cut++)
		ends += bundle_read(&again, text, cut, NULL) == 0;
	/* After the CA certificates and after the lighthouse it is a bundle too. */
	ASSERT_EQ(ends, 3);
	for (int round = 0; round < 3000; round++) {
		size_t at = test_below(len);
		struct err e;

		memcpy(changed, text, len);
		changed[at] = (char)test_below(256);
		if (bundle_read(&again, changed, len, &e) < 0)
			continue;
		ASSERT_EQ(bundle_write(changed, sizeof(changed), &again), len);
	}
}

TEST(a_bundle_that_holds_together_passes)
{
	struct given g = given();
	struct verified v;
	struct err e = { "" };

	if (bundle_check(&g.b, CERTS_WALL, &v, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
	ASSERT_STR(v.cert.name, "party.org");
	ASSERT(!v.issued_by_root);
	ASSERT_EQ(v.issuing_len, g.issuing.len);
}

static void
refused(const struct bundle *b, uint64_t seconds, int want, const char *word)
{
	struct err e = { "" };
	int rc = bundle_check(b, seconds * USEC_PER_SEC, NULL, &e);

	if (rc != want || strstr(e.text, word) == NULL)
		test_fail(__FILE__, __LINE__, "%d instead of %d, \"%s\" without \"%s\"", rc, want,
		    e.text, word);
}

TEST(what_does_not_hold_together_is_said_in_a_sentence)
{
	struct given g = given();
	struct host plain = certs_host(&g.root, "plain", "10.87.0.77", 9);
	struct authority other = certs_root();
	struct bundle b = g.b;

	b.key[0] ^= 8;
	refused(&b, CERTS_NOW, ERR_CONFLICT, "party.org");
	b = g.b;
	b.ca_count = 1;
	refused(&b, CERTS_NOW, ERR_UNKNOWN, "party.org");
	b = g.b;
	b.cas[0] = object(other.bytes, other.len);
	refused(&b, CERTS_NOW, ERR_DENIED, "CA certificate 2");
	b = g.b;
	b.lighthouses[0].cert = object(plain.bytes, plain.len);
	refused(&b, CERTS_NOW, ERR_DENIED, "plain is listed as a lighthouse");
	b = g.b;
	b.lighthouses[0].cert.bytes[g.lighthouse.len - 1] ^= 1;
	refused(&b, CERTS_NOW, ERR_AUTH, "lighthouse lh");
	refused(&g.b, g.party.cert.not_after + 1, ERR_EXPIRED, "ask for a new one");
}

TEST(a_lighthouse_that_expired_does_not_spoil_a_bundle)
{
	struct given g = given();

	g.lighthouse.cert.not_after = CERTS_NOW + 10;
	certs_sign_host(&g.lighthouse, &g.root);
	g.b.lighthouses[0].cert = object(g.lighthouse.bytes, g.lighthouse.len);
	ASSERT_EQ(bundle_check(&g.b, (CERTS_NOW + 11) * USEC_PER_SEC, NULL, NULL), 0);
}

TEST(a_file_of_ca_certificates)
{
	struct given g = given();
	struct bundle_cert cas[BUNDLE_CAS_MAX];
	char text[8192];
	size_t n = 0;

	ASSERT_EQ(bundle_read_cas(cas, text, 0, NULL), ERR_CANON);
	n += (size_t)pem_write(text, sizeof(text), PEM_CA_CERTIFICATE, g.root.bytes, g.root.len);
	ASSERT_EQ(bundle_read_cas(cas, text, n, NULL), 1);
	n += (size_t)pem_write(text + n, sizeof(text) - n, PEM_CA_CERTIFICATE, g.issuing.bytes,
	    g.issuing.len);
	ASSERT_EQ(bundle_read_cas(cas, text, n, NULL), 2);
	ASSERT_EQ(cas[1].len, g.issuing.len);
	n += (size_t)pem_write(text + n, sizeof(text) - n, PEM_CERTIFICATE, g.party.bytes,
	    g.party.len);
	ASSERT_EQ(bundle_read_cas(cas, text, n, NULL), ERR_FORMAT);
}

TEST(endpoints_have_one_spelling)
{
	static const char *const good[] = {
		"192.0.2.1:7717",
		"[2001:db8::1]:1",
		"vpn.example.org:65535",
		"localhost:7717",
		"a-b.1.c:7717",
		"xn--bcher-kva.example:7717",
	};
	static const char *const bad[] = {
		"",
		":",
		"192.0.2.1",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:07717",
		"192.0.2.1:",
		"192.0.2.256:7717",
		"192.0.2:7717",
		"2001:db8::1:7717",
		"[2001:db8::1]",
		"[2001:DB8::1]:7717",
		"[2001:db8:0::1]:7717",
		"[fe80::1%1]:7717",
		"VPN.example.org:7717",
		"vpn..example.org:7717",
		".example.org:7717",
		"vpn.example.org.:7717",
		"-vpn.example.org:7717",
		"vpn-.example.org:7717",
		"vpn.example.org:007",
		"vpn.example.org: 7",
		"vpn example.org:7717",
		"vpn.example.org:7717 ",
		"vpn_1.example.org:7717",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (endpoint_check(good[i]) < 0)
			test_fail(__FILE__, __LINE__, "\"%s\" is refused", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (endpoint_check(bad[i]) == 0)
			test_fail(__FILE__, __LINE__, "\"%s\" is taken", bad[i]);
}
