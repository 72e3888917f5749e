/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A renewed certificate on the disk: in the bundle that is there, or not at all.
 */
#include "host/identity.h"

#include "host/file.h"
#include "host/loop.h"
#include "tests/unit/certs.h"
#include "tests/unit/folder.h"

TEST_FOLDER(state, "identity");

/* A host that has joined, and what its authority signs for it. */
struct joined_host {
	struct authority root;
	struct host host;
	struct trust *trust;
	struct bundle bundle;
	struct home home;
	uint64_t today;
};

static struct bundle_cert
cert_of(const uint8_t *p, size_t len)
{
	struct bundle_cert c = { .len = (uint16_t)len };

	memcpy(c.bytes, p, len);
	return c;
}

static void
store_bundle(const struct joined_host *j, const struct bundle *b)
{
	static char text[BUNDLE_TEXT_MAX];
	int len = bundle_write(text, sizeof(text), b);
	char path[PATH_MAX];

	ASSERT(len > 0);
	ASSERT_EQ(home_file(path, &j->home, HOME_BUNDLE, NULL), 0);
	ASSERT_EQ(file_replace(path, 0600, text, (size_t)len, NULL), 0);
}

static void
sign(struct joined_host *j, struct host *h, uint64_t serial)
{
	h->cert.serial = serial;
	h->cert.not_before = j->today - 600 + serial;
	h->cert.not_after = j->today + CERTS_DAY;
	certs_sign_host(h, &j->root);
}

static void
join(struct joined_host *j)
{
	struct rng rng = certs_rng();

	memset(j, 0, sizeof(*j));
	j->today = clock_now().wall / USEC_PER_SEC;
	j->root = certs_authority("study");
	j->root.cert.not_before = j->today - CERTS_DAY;
	j->root.cert.not_after = j->today + CERTS_DAY * 3650;
	certs_sign_authority(&j->root, &j->root);
	j->host = certs_host(&j->root, "party1", "10.87.0.10/32", 3);
	sign(j, &j->host, 3);
	j->trust = trust_new(&rng);
	ASSERT_EQ(trust_add(j->trust, j->root.bytes, j->root.len, clock_now().wall, NULL), 0);
	j->bundle = (struct bundle){ .has_key = true, .ca_count = 1 };
	j->bundle.host = cert_of(j->host.bytes, j->host.len);
	j->bundle.cas[0] = cert_of(j->root.bytes, j->root.len);
	memcpy(j->bundle.key, j->host.secret, 32);
	ASSERT_EQ(home_open(&j->home, state, HOME_NODE, NULL), 0);
	store_bundle(j, &j->bundle);
}

static void
leave(struct joined_host *j)
{
	home_close(&j->home);
	trust_free(j->trust);
}

/* What came as the next certificate. */
static struct renewed
next(struct joined_host *j, uint64_t serial)
{
	struct host h = j->host;
	struct verified v;
	struct renewed r;

	sign(j, &h, serial);
	ASSERT_EQ(trust_own(j->trust, h.bytes, h.len, NULL, 0, clock_now().wall, &v, NULL), 0);
	renewed_take(&r, j->trust, (struct blob){ h.bytes, (uint16_t)h.len }, &v);
	return r;
}

static uint64_t
stored_serial(const struct joined_host *j)
{
	struct verified me;
	struct bundle b;

	ASSERT_EQ(identity_load(&j->home, &b, &me, clock_now().wall, NULL), 0);
	bundle_wipe(&b);
	return me.cert.serial;
}

TEST(a_renewed_certificate_takes_the_place_of_the_old_one)
{
	struct joined_host j;
	struct renewed r;

	join(&j);
	r = next(&j, 4);
	ASSERT_EQ(identity_renew(&j.home, &j.bundle, &r, clock_now().wall, NULL), 0);
	ASSERT_EQ(stored_serial(&j), 4);
	ASSERT_EQ(j.bundle.host.len, r.cert_len);
	ASSERT(memcmp(j.bundle.host.bytes, r.cert, r.cert_len) == 0);
	ASSERT_EQ(j.bundle.ca_count, 1);
	leave(&j);
}

TEST(what_a_person_joined_meanwhile_stays)
{
	struct joined_host j;
	struct bundle other;
	struct renewed r;
	struct host h;
	struct err err;

	join(&j);
	other = j.bundle;	/* the same host, and a network key that is new */
	other.has_psk = true;
	store_bundle(&j, &other);
	r = next(&j, 4);
	ASSERT_EQ(identity_renew(&j.home, &j.bundle, &r, clock_now().wall, NULL), 0);
	ASSERT_EQ(identity_load(&j.home, &other, &r.chain, clock_now().wall, NULL), 0);
	ASSERT(other.has_psk && !j.bundle.has_psk);

	h = j.host;		/* a newer certificate */
	sign(&j, &h, 9);
	other.host = cert_of(h.bytes, h.len);
	store_bundle(&j, &other);
	r = next(&j, 5);
	ASSERT_EQ(identity_renew(&j.home, &j.bundle, &r, clock_now().wall, &err), -EEXIST);
	ASSERT(strstr(err.text, "mpynet reload"));
	ASSERT_EQ(stored_serial(&j), 9);

	certs_new_key(&h);	/* another key */
	sign(&j, &h, 4);
	other.host = cert_of(h.bytes, h.len);
	memcpy(other.key, h.secret, 32);
	store_bundle(&j, &other);
	ASSERT_EQ(identity_renew(&j.home, &j.bundle, &r, clock_now().wall, &err), -EEXIST);
	ASSERT_EQ(stored_serial(&j), 4);
	leave(&j);
}

TEST(a_root_that_is_new_goes_into_the_bundle_first)
{
	struct authority fresh = certs_authority("study");
	struct joined_host j;
	struct renewed r;
	struct verified v;
	struct host h;

	join(&j);
	fresh.cert.not_before = j.today - CERTS_DAY;
	fresh.cert.not_after = j.today + CERTS_DAY * 3650;
	certs_sign_authority(&fresh, &fresh);
	ASSERT_EQ(trust_add(j.trust, fresh.bytes, fresh.len, clock_now().wall, NULL), 0);
	h = j.host;
	h.cert.serial = 1;
	certs_sign_host(&h, &fresh);
	ASSERT_EQ(trust_own(j.trust, h.bytes, h.len, NULL, 0, clock_now().wall, &v, NULL), 0);
	renewed_take(&r, j.trust, (struct blob){ h.bytes, (uint16_t)h.len }, &v);
	ASSERT_EQ(identity_renew(&j.home, &j.bundle, &r, clock_now().wall, NULL), 0);
	ASSERT_EQ(j.bundle.ca_count, 2);
	ASSERT_EQ(j.bundle.cas[0].len, fresh.len);
	ASSERT(memcmp(j.bundle.cas[0].bytes, fresh.bytes, fresh.len) == 0);
	ASSERT_EQ(stored_serial(&j), 1);
	leave(&j);
}
