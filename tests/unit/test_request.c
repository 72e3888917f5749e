/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_request.c - who asks for a certificate has the key that it is for.
 */
#include "core/request.h"
#include "tests/unit/certs.h"
#include "tests/unit/vectors.h"

struct asked {
	struct authority ca;
	uint8_t enrol_secret[32];
	uint8_t host_secret[32];
	uint8_t bytes[CERT_REQUEST_MAX];
	size_t len;
};

static struct asked
ask(const char *name)
{
	struct asked a = { .ca = certs_root() };
	enum breach why;
	int n;

	test_fill(a.enrol_secret, sizeof(a.enrol_secret));
	test_fill(a.host_secret, sizeof(a.host_secret));
	crypto_dh_public(a.ca.cert.enrol_key, a.enrol_secret);
	certs_sign_authority(&a.ca, &a.ca);
	n = request_make(a.bytes, sizeof(a.bytes), &a.ca.cert, a.host_secret, name, &why);
	ASSERT(n > 0);
	a.len = (size_t)n;
	return a;
}

static int
verify(const struct asked *a, const struct cert *ca, enum breach *why)
{
	struct cert c;

	return request_verify(&c, a->bytes, a->len, ca, a->enrol_secret, why);
}

TEST(a_request_is_understood_by_the_ca_that_it_asks)
{
	struct asked a = ask("party3");
	uint8_t key[32];
	struct cert c;

	crypto_dh_public(key, a.host_secret);
	ASSERT_EQ(request_verify(&c, a.bytes, a.len, &a.ca.cert, a.enrol_secret, NULL), 0);
	ASSERT_STR(c.name, "party3");
	ASSERT_MEM(c.key, key, 32);
	ASSERT_EQ(c.kind, OBJECT_REQUEST);
}

TEST(a_request_with_any_bit_flipped_is_refused)
{
	struct asked a = ask("party3");

	for (size_t bit = 0; bit < a.len * 8; bit += 1 + test_below(8)) {
		a.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(verify(&a, &a.ca.cert, NULL) < 0);
		a.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ASSERT_EQ(verify(&a, &a.ca.cert, NULL), 0);
}

TEST(a_request_proves_nothing_to_another_ca)
{
	struct asked a = ask("party3");
	struct cert other = a.ca.cert;
	enum breach why;

	other.network[3] ^= 1;
	ASSERT_EQ(verify(&a, &other, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NETWORK);
	other = certs_root().cert;
	memcpy(other.network, a.ca.cert.network, sizeof(other.network));
	ASSERT_EQ(verify(&a, &other, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_ISSUER);
	a.enrol_secret[5] ^= 1;
	ASSERT_EQ(verify(&a, &a.ca.cert, &why), ERR_AUTH);
}

TEST(who_lacks_the_key_cannot_ask_for_it)
{
	struct asked a = ask("party3"), victim = ask("party4");
	struct cert c;
	uint8_t bytes[CERT_REQUEST_MAX];
	int n;

	/* The victim's public key under a proof made with another secret. */
	ASSERT_EQ(cert_decode(&c, a.bytes, a.len, NULL), 0);
	crypto_dh_public(c.key, victim.host_secret);
	n = cert_encode_whole(bytes, sizeof(bytes), &c, NULL);
	ASSERT_EQ(n, a.len);
	memcpy(a.bytes, bytes, a.len);
	ASSERT_EQ(verify(&a, &a.ca.cert, NULL), ERR_AUTH);
}

TEST(what_is_no_request_is_refused)
{
	struct asked a = ask("party3");
	struct host h = certs_host(&a.ca, "party1", "10.87.0.3", 7);
	struct cert c;
	enum breach why;

	ASSERT_EQ(request_verify(&c, h.bytes, h.len, &a.ca.cert, a.enrol_secret, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_A_REQUEST);
}

TEST(a_request_is_not_made_for_a_bad_name_or_to_a_host)
{
	struct asked a = ask("party3");
	struct host h = certs_host(&a.ca, "party1", "10.87.0.3", 7);
	uint8_t to[CERT_REQUEST_MAX];
	char long_name[NAME_MAX_LEN + 2];
	enum breach why;

	ASSERT_EQ(request_make(to, sizeof(to), &a.ca.cert, a.host_secret, "Party", &why),
	    ERR_CANON);
	ASSERT_EQ(why, BREACH_NAME);
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	ASSERT_EQ(request_make(to, sizeof(to), &a.ca.cert, a.host_secret, long_name, &why),
	    ERR_CANON);
	ASSERT_EQ(request_make(to, sizeof(to), &h.cert, a.host_secret, "party", &why), ERR_DENIED);
	ASSERT_EQ(request_make(to, 20, &a.ca.cert, a.host_secret, "party", &why), ERR_FULL);
}

TEST(a_known_request_is_made_and_read_to_the_byte)
{
	struct vectors v = vectors_open("objects.txt");
	uint8_t root[CERT_CA_MAX], want[CERT_REQUEST_MAX], made[CERT_REQUEST_MAX];
	uint8_t host_secret[32], enrol_secret[32];
	struct cert ca, c;
	size_t len;

	vectors_find(&v, "root");
	len = vector(&v, "object", root, sizeof(root));
	ASSERT_EQ(cert_decode(&ca, root, len, NULL), 0);
	vectors_find(&v, "request");
	vector_exact(&v, "host_static", host_secret, 32);
	vector_exact(&v, "enrol_static", enrol_secret, 32);
	len = vector(&v, "object", want, sizeof(want));
	ASSERT_EQ(request_make(made, sizeof(made), &ca, host_secret, "party1", NULL), len);
	ASSERT_MEM(made, want, len);
	ASSERT_EQ(request_verify(&c, want, len, &ca, enrol_secret, NULL), 0);
	vectors_close(&v);
}

TEST(a_request_to_renew_names_the_certificate_that_it_is_to_succeed)
{
	struct authority root = certs_root();
	uint8_t enrol[32], secret[32], object[CERT_REQUEST_MAX];
	struct cert got;
	int len;

	test_fill(enrol, sizeof(enrol));
	test_fill(secret, sizeof(secret));
	crypto_dh_public(root.cert.enrol_key, enrol);
	len = request_renew(object, sizeof(object), &root.cert, secret, "party1", 17, NULL);
	ASSERT(len > 0);
	ASSERT_EQ(request_verify(&got, object, (size_t)len, &root.cert, enrol, NULL), 0);
	ASSERT_EQ(got.serial, 17);
	object[12 + 19 + 19 + 3] ^= 1; /* another serial */
	ASSERT_EQ(request_verify(&got, object, (size_t)len, &root.cert, enrol, NULL), ERR_AUTH);
	len = request_make(object, sizeof(object), &root.cert, secret, "party1", NULL);
	ASSERT(len > 0);
	ASSERT_EQ(request_verify(&got, object, (size_t)len, &root.cert, enrol, NULL), 0);
	ASSERT_EQ(got.serial, 0);
}

/* A member that asks for another key, and everybody's secrets. */
struct rekey {
	struct authority ca;
	uint8_t enrol[32], old[32], next[32];
	uint8_t bytes[CERT_REQUEST_MAX];
	size_t len;
};

static struct rekey
rekey(void)
{
	struct rekey r = { .ca = certs_root() };
	int n;

	test_fill(r.enrol, sizeof(r.enrol));
	test_fill(r.old, sizeof(r.old));
	test_fill(r.next, sizeof(r.next));
	crypto_dh_public(r.ca.cert.enrol_key, r.enrol);
	certs_sign_authority(&r.ca, &r.ca);
	n = request_rekey(r.bytes, sizeof(r.bytes), &r.ca.cert, r.old, r.next, "party1", 7, NULL);
	ASSERT(n > 0);
	r.len = (size_t)n;
	return r;
}

static int
verify_rekey(const struct rekey *r, struct cert *ret)
{
	return request_verify(ret, r->bytes, r->len, &r->ca.cert, r->enrol, NULL);
}

TEST(a_request_for_another_key_proves_both)
{
	struct rekey r = rekey();
	uint8_t public[32];
	struct cert c;

	ASSERT_EQ(verify_rekey(&r, &c), 0);
	crypto_dh_public(public, r.next);
	ASSERT_MEM(c.key, public, sizeof(public));
	crypto_dh_public(public, r.old);
	ASSERT_MEM(request_member(&c), public, sizeof(public));
	ASSERT_EQ(c.serial, 7);
	for (size_t bit = 0; bit < r.len * 8; bit += 1 + test_below(8)) {
		r.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(verify_rekey(&r, &c) < 0);
		r.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

TEST(nobody_asks_for_another_key_who_has_one_of_both_only)
{
	struct rekey r = rekey(), thief = r;
	uint8_t shared[32];
	struct cert c, stolen;
	int n;

	/* Who passes it on puts a key of its own in the place of the new one, ... */
	ASSERT_EQ(verify_rekey(&r, &c), 0);
	test_fill(thief.next, sizeof(thief.next));
	stolen = c;
	crypto_dh_public(stolen.key, thief.next);
	n = cert_encode_whole(thief.bytes, sizeof(thief.bytes), &stolen, NULL);
	ASSERT(n > 0);
	ASSERT_EQ(crypto_dh(shared, thief.next, r.ca.cert.enrol_key), 0);
	cert_prove(thief.bytes + n - CERT_SIGNATURE_LEN, thief.bytes, (size_t)n, shared);
	thief.len = (size_t)n;
	ASSERT_EQ(verify_rekey(&thief, &c), ERR_AUTH);
	/* ... or leaves the old one away: then it is a request like any, of a key without a name. */
	memset(stolen.old_key, 0, sizeof(stolen.old_key));
	n = cert_encode_whole(thief.bytes, sizeof(thief.bytes), &stolen, NULL);
	ASSERT(n > 0);
	cert_prove(thief.bytes + n - CERT_SIGNATURE_LEN, thief.bytes, (size_t)n, shared);
	thief.len = (size_t)n;
	ASSERT_EQ(verify_rekey(&thief, &c), 0);
	ASSERT_MEM(request_member(&c), stolen.key, sizeof(stolen.key));
	/* Who has the old key alone cannot have another's certified with it. */
	memcpy(stolen.old_key, c.key, sizeof(c.key));
	ASSERT_EQ(cert_encode_whole(thief.bytes, sizeof(thief.bytes), &stolen, NULL), ERR_CANON);
}

TEST(another_key_is_asked_for_under_a_certificate_and_is_another)
{
	struct rekey r = rekey();
	enum breach why;

	ASSERT_EQ(request_rekey(r.bytes, sizeof(r.bytes), &r.ca.cert, r.old, r.next, "party1", 0,
	    &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_MISSING);
	ASSERT_EQ(request_rekey(r.bytes, sizeof(r.bytes), &r.ca.cert, r.old, r.old, "party1", 7,
	    &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_KEY);
}

TEST(a_known_request_for_another_key_is_made_and_read_to_the_byte)
{
	struct vectors v = vectors_open("objects.txt");
	uint8_t root[CERT_CA_MAX], want[CERT_REQUEST_MAX], made[CERT_REQUEST_MAX];
	uint8_t host_secret[32], old_secret[32], enrol_secret[32];
	struct cert ca, c;
	size_t len;

	vectors_find(&v, "root");
	len = vector(&v, "object", root, sizeof(root));
	ASSERT_EQ(cert_decode(&ca, root, len, NULL), 0);
	vectors_find(&v, "request for another key");
	vector_exact(&v, "host_static", host_secret, 32);
	vector_exact(&v, "old_static", old_secret, 32);
	vector_exact(&v, "enrol_static", enrol_secret, 32);
	len = vector(&v, "object", want, sizeof(want));
	ASSERT_EQ(request_rekey(made, sizeof(made), &ca, old_secret, host_secret, "party1", 3,
	    NULL), len);
	ASSERT_MEM(made, want, len);
	ASSERT_EQ(request_verify(&c, want, len, &ca, enrol_secret, NULL), 0);
	vectors_close(&v);
}
