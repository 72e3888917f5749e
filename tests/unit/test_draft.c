/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_draft.c - drafts for co-signers: what they hold, who has signed, when it is enough.
 */
#include "core/draft.h"
#include "tests/unit/certs.h"

#define N 3
#define K 2

/* A root with three co-signers, a host that it is to sign, and the draft of that. */
struct desk {
	struct authority root;
	uint8_t seeds[N][32]; /* in the order of their keys */
	struct host host;
	struct draft draft;
};

static struct desk
desk(void)
{
	struct desk k = { .root = certs_authority("study") };
	struct cosigners *c = &k.root.cert.cosigners;

	test_fill(k.root.cert.network, sizeof(k.root.cert.network));
	c->k = K;
	while (c->count < N) {
		uint8_t *key = c->keys[c->count];

		test_fill(k.seeds[c->count], 32);
		crypto_ed25519_public(key, k.seeds[c->count]);
		if (c->count == 0 || memcmp(c->keys[c->count - 1], key, 32) < 0)
			c->count++;
	}
	certs_sign_authority(&k.root, &k.root);
	k.host = certs_host(&k.root, "party1", "10.87.0.3", 7);
	ASSERT_EQ(draft_make(&k.draft, k.root.bytes, k.root.len, k.host.bytes, k.host.len, NULL),
	    0);
	return k;
}

static struct draft
copied(const struct draft *d)
{
	uint8_t bytes[DRAFT_MAX];
	struct draft again;
	int len = draft_write(bytes, sizeof(bytes), d);

	ASSERT(len > 0);
	ASSERT_EQ(draft_write(bytes, (size_t)len - 1, d), ERR_FULL);
	ASSERT_EQ(draft_read(&again, bytes, (size_t)len, NULL), 0);
	return again;
}

TEST(a_draft_becomes_a_certificate_with_enough_signatures)
{
	struct desk k = desk();
	uint8_t object[CERT_MAX];
	struct cert c;
	int len;

	ASSERT_EQ(draft_finish(object, sizeof(object), &k.draft, NULL), ERR_STATE);
	ASSERT_EQ(draft_sign(&k.draft, k.seeds[2]), 0);
	ASSERT_EQ(draft_sign(&k.draft, k.seeds[2]), 0); /* twice is once */
	ASSERT_EQ(draft_count(&k.draft), 1);
	k.draft = copied(&k.draft);
	ASSERT_EQ(draft_finish(object, sizeof(object), &k.draft, NULL), ERR_STATE);
	ASSERT_EQ(draft_sign(&k.draft, k.root.seed), ERR_UNKNOWN);
	for (size_t i = 0; i < N; i++) { /* with the third there is one to spare */
		ASSERT_EQ(draft_sign(&k.draft, k.seeds[i]), 0);
		k.draft = copied(&k.draft);
	}
	len = draft_finish(object, sizeof(object), &k.draft, NULL);
	ASSERT(len > 0);
	ASSERT_EQ(cert_verify_by(object, (size_t)len, &k.root.cert), 0);
	ASSERT_EQ(cert_decode(&c, object, (size_t)len, NULL), 0);
	ASSERT_STR(c.name, "party1");
}

TEST(files_that_went_apart_come_together)
{
	struct desk k = desk(), other = desk();
	struct draft one = k.draft, two = k.draft;
	uint8_t object[CERT_MAX];

	ASSERT_EQ(draft_sign(&one, k.seeds[0]), 0);
	ASSERT_EQ(draft_sign(&two, k.seeds[1]), 0);
	ASSERT_EQ(draft_merge(&one, &two), 0);
	ASSERT_EQ(draft_count(&one), 2);
	ASSERT(draft_finish(object, sizeof(object), &one, NULL) > 0);
	ASSERT_EQ(draft_merge(&one, &other.draft), ERR_CONFLICT);
}

TEST(a_draft_says_only_what_its_root_may_sign)
{
	struct desk k = desk();
	struct authority plain = certs_root(), other = certs_root();
	struct host h = certs_host(&plain, "party1", "10.87.0.3", 7);
	enum breach why;
	struct draft d;

	ASSERT_EQ(draft_make(&d, plain.bytes, plain.len, h.bytes, h.len, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_COSIGNERS);
	h = certs_host(&other, "party1", "10.87.0.3", 7);
	ASSERT_EQ(draft_make(&d, k.root.bytes, k.root.len, h.bytes, h.len, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NETWORK);
	h = certs_host(&k.root, "party1", "10.99.0.3", 7);
	ASSERT_EQ(draft_make(&d, k.root.bytes, k.root.len, h.bytes, h.len, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NOT_ADDRESS);
	k.root.bytes[k.root.len - 1] ^= 1;
	ASSERT_EQ(draft_make(&d, k.root.bytes, k.root.len, k.host.bytes, k.host.len, &why),
	    ERR_AUTH);
}

/* Whatever bit of the file changes on its way: nobody signs something else than was asked for. */
TEST(a_draft_with_any_bit_flipped_is_refused_or_unsigned)
{
	struct desk k = desk();
	uint8_t bytes[DRAFT_MAX];
	struct draft d;
	int len;

	ASSERT_EQ(draft_sign(&k.draft, k.seeds[0]), 0);
	len = draft_write(bytes, sizeof(bytes), &k.draft);
	ASSERT(len > 0);
	for (int bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(draft_read(&d, bytes, (size_t)len, NULL) < 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (int cut = 0; cut < len; cut++)
		ASSERT(draft_read(&d, bytes, (size_t)cut, NULL) < 0);
	ASSERT_EQ(draft_read(&d, bytes, (size_t)len, NULL), 0);
}
