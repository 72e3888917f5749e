/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_draft.c - drafts for co-signers: what they hold, who has signed, when it is enough.
 */
#include "core/draft.h"
#include "tests/unit/states.h"

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

/* Goes through a file. */
static void
travel(struct draft *d)
{
	static uint8_t bytes[DRAFT_MAX];
	struct draft again;
	int len = draft_write(bytes, sizeof(bytes), d);

	ASSERT(len > 0);
	ASSERT_EQ(draft_write(bytes, (size_t)len - 1, d), ERR_FULL);
	ASSERT_EQ(draft_read(&again, bytes, (size_t)len, NULL), 0);
	ASSERT_EQ(again.kind, d->kind);
	ASSERT_MEM(again.fingerprint, d->fingerprint, 32);
	draft_free(d);
	*d = again;
}

TEST(a_draft_becomes_a_certificate_with_enough_signatures)
{
	struct desk k = desk();
	uint8_t object[CERT_MAX];
	struct cert c;
	int len;

	ASSERT_EQ(draft_finish(object, sizeof(object), &k.draft), ERR_STATE);
	ASSERT_EQ(draft_sign(&k.draft, k.seeds[2]), 0);
	ASSERT_EQ(draft_sign(&k.draft, k.seeds[2]), 0); /* twice is once */
	ASSERT_EQ(draft_count(&k.draft), 1);
	travel(&k.draft);
	ASSERT_EQ(draft_finish(object, sizeof(object), &k.draft), ERR_STATE);
	ASSERT_EQ(draft_sign(&k.draft, k.root.seed), ERR_UNKNOWN);
	for (size_t i = 0; i < N; i++) { /* with the third there is one to spare */
		ASSERT_EQ(draft_sign(&k.draft, k.seeds[i]), 0);
		travel(&k.draft);
	}
	len = draft_finish(object, sizeof(object), &k.draft);
	ASSERT(len > 0);
	ASSERT_EQ(cert_verify_by(object, (size_t)len, &k.root.cert), 0);
	ASSERT_EQ(cert_decode(&c, object, (size_t)len, NULL), 0);
	ASSERT_STR(c.name, "party1");
	ASSERT_MEM(c.fingerprint, k.draft.fingerprint, 32);
	draft_free(&k.draft);
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
	ASSERT(draft_finish(object, sizeof(object), &one) > 0);
	ASSERT_EQ(draft_merge(&one, &other.draft), ERR_CONFLICT);
	draft_free(&k.draft); /* whose statement the two are */
	draft_free(&other.draft);
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
	draft_free(&k.draft);
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
	draft_free(&d);
	draft_free(&k.draft);
}

/* A state of the desk's root, which is to become a draft. */
static struct statement *
state_of(const struct desk *k)
{
	struct statement *st = states_new(&k->root, 7);

	states_revoke_key(st, &k->host);
	states_revoke_serial(st, &k->root, 7, 9);
	states_sign(st, &k->root);
	return st;
}

TEST(a_state_becomes_one_that_everybody_believes)
{
	static uint8_t object[NETSTATE_MAX], blob[NETSTATE_BLOB_MAX];
	struct netstate_blob b = { .state.p = object };
	struct rng rng = certs_rng();
	struct trust *t = trust_new(&rng);
	struct desk k = desk();
	struct statement *st = state_of(&k);
	struct draft d;
	int len;

	ASSERT(t != NULL);
	ASSERT_EQ(trust_add(t, k.root.bytes, k.root.len, CERTS_WALL, NULL), 0);
	ASSERT_EQ(draft_make(&d, k.root.bytes, k.root.len, st->object, st->object_len, NULL), 0);
	ASSERT_EQ(d.kind, OBJECT_STATE);
	ASSERT_EQ(d.state.version, 7);
	ASSERT_EQ(draft_sign(&d, k.seeds[1]), 0);
	travel(&d);
	ASSERT_EQ(draft_finish(object, sizeof(object), &d), ERR_STATE);
	ASSERT_EQ(draft_sign(&d, k.seeds[0]), 0);
	travel(&d);
	len = draft_finish(object, sizeof(object), &d);
	ASSERT(len > 0);
	b.state.len = (size_t)len;
	len = netstate_blob_write(blob, sizeof(blob), &b);
	ASSERT(len > 0);
	ASSERT_EQ(trust_state_install(t, blob, (size_t)len, CERTS_WALL, NULL), 0);
	ASSERT_EQ(trust_state_id(t).version, 7);
	draft_free(&d);
	draft_free(&k.draft);
	trust_free(t);
	free(st);
}

TEST(a_state_is_of_its_root_and_its_time)
{
	struct desk k = desk(), other = desk();
	struct statement *st = state_of(&k);
	enum breach why;
	struct draft d;

	ASSERT_EQ(draft_make(&d, other.root.bytes, other.root.len, st->object, st->object_len,
	    &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NETWORK);
	st->s.issued = k.root.cert.not_after + 1;
	st->s.next_update = st->s.issued + 1;
	st->s.expires = st->s.issued + 2;
	states_sign(st, &k.root);
	ASSERT_EQ(draft_make(&d, k.root.bytes, k.root.len, st->object, st->object_len, &why),
	    ERR_EXPIRED);
	free(st);
	st = state_of(&k);
	states_revoke_ca(st, &k.root);
	states_sign(st, &k.root);
	ASSERT_EQ(draft_make(&d, k.root.bytes, k.root.len, st->object, st->object_len, &why),
	    ERR_DENIED);
	ASSERT_EQ(why, BREACH_REVOKES_SIGNER);
	free(st);
	draft_free(&k.draft);
	draft_free(&other.draft);
}

TEST(a_rotation_is_of_its_root_and_its_time)
{
	struct desk k = desk(), other = desk();
	struct authority next = certs_authority("next");
	struct statement *st = states_new(&k.root, 1);
	enum breach why;
	struct draft d;

	memcpy(next.cert.network, k.root.cert.network, sizeof(next.cert.network));
	certs_sign_authority(&next, &next);
	states_rotate(st, &k.root, &next, CERTS_NOW + CERTS_DAY);
	ASSERT_EQ(draft_make(&d, k.root.bytes, k.root.len, st->rotations[0].bytes,
	    st->rotations[0].len, NULL), 0);
	ASSERT_EQ(d.kind, OBJECT_ROTATION);
	ASSERT_EQ(draft_sign(&d, k.seeds[2]), 0);
	travel(&d);
	ASSERT_MEM(d.rotation.root.fingerprint, next.cert.fingerprint, 32);
	draft_free(&d);
	ASSERT_EQ(draft_make(&d, other.root.bytes, other.root.len, st->rotations[0].bytes,
	    st->rotations[0].len, &why), ERR_DENIED);
	ASSERT_EQ(why, BREACH_NETWORK);
	free(st);
	draft_free(&k.draft);
	draft_free(&other.draft);
}
