/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_cosigners.c - roots for which several must sign: how many did is counted by everybody.
 */
#include "tests/unit/states.h"

#define N 3
#define K 2

/* A root that names co-signers, and their seeds in the order of their keys. */
struct board {
	struct authority root;
	uint8_t seeds[N][32];
	struct trust *trust;
};

static void
seat(struct board *b)
{
	struct cosigners *c = &b->root.cert.cosigners;

	c->k = K;
	for (c->count = 0; c->count < N; c->count++) {
		uint8_t seed[32], key[32];
		size_t at = c->count;

		test_fill(seed, sizeof(seed));
		crypto_ed25519_public(key, seed);
		for (; at > 0 && memcmp(c->keys[at - 1], key, 32) > 0; at--) {
			memcpy(c->keys[at], c->keys[at - 1], 32);
			memcpy(b->seeds[at], b->seeds[at - 1], 32);
		}
		memcpy(c->keys[at], key, 32);
		memcpy(b->seeds[at], seed, 32);
	}
}

static struct board
board(void)
{
	struct board b = { .root = certs_authority("study") };

	test_fill(b.root.cert.network, sizeof(b.root.cert.network));
	seat(&b);
	certs_sign_authority(&b.root, &b.root);
	b.trust = certs_trust(&b.root);
	return b;
}

/*
 * Puts the signatures of `count` co-signers in the place of the one that `object` has. Returns its
 * new length.
 */
static size_t
cosign(const struct board *b, uint8_t *object, size_t len, const uint8_t *indices, size_t count)
{
	uint8_t bare[4096];
	size_t bare_len = object_bare(bare, object, len);
	struct wr w = wr_init(object, bare_len + 1 + count * OBJECT_PART);

	wr_bytes(&w, bare, bare_len);
	wr_u8(&w, (uint8_t)count);
	for (size_t i = 0; i < count; i++) {
		uint8_t signature[OBJECT_SIGNATURE];

		ASSERT_EQ(object_sign_part(signature, bare, bare_len, b->seeds[indices[i] % N]), 0);
		wr_u8(&w, indices[i]);
		wr_bytes(&w, signature, sizeof(signature));
	}
	return (size_t)wr_end(&w);
}

/* A host that the co-signers in `indices` signed. */
static struct host
host_by(const struct board *b, const uint8_t *indices, size_t count)
{
	struct host h = certs_host(&b->root, "party1", "10.87.0.3", 7);

	h.len = cosign(b, h.bytes, h.len, indices, count);
	return h;
}

static int
verify(const struct board *b, const struct host *h, enum breach *why)
{
	return certs_verify_at(b->trust, h, NULL, CERTS_NOW, why);
}

TEST(any_k_of_the_cosigners_are_enough)
{
	static const uint8_t pairs[][K] = { { 0, 1 }, { 0, 2 }, { 1, 2 } };
	struct board b = board();
	uint8_t fingerprint[32];

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct host h = host_by(&b, pairs[i], K);
		uint8_t again[CERT_MAX];

		ASSERT_EQ(verify(&b, &h, NULL), 0);
		ASSERT_EQ(cert_decode(&h.cert, h.bytes, h.len, NULL), 0);
		ASSERT_EQ(cert_encode_whole(again, sizeof(again), &h.cert, NULL), (int)h.len);
		ASSERT_MEM(again, h.bytes, h.len);
		ASSERT_EQ(object_len(h.bytes, h.len), h.len);
	}
	/* Who signed changes nothing about what is said. */
	{
		struct host one = host_by(&b, pairs[0], K), two = one;

		two.len = object_len(two.bytes, two.len);
		memcpy(fingerprint, one.cert.fingerprint, 32);
		object_fingerprint(one.cert.fingerprint, one.bytes, one.len);
		one.bytes[one.len - 1] ^= 1;
		object_fingerprint(two.cert.fingerprint, one.bytes, one.len);
		ASSERT_MEM(one.cert.fingerprint, two.cert.fingerprint, 32);
	}
	trust_free(b.trust);
}

TEST(fewer_or_others_are_not_enough)
{
	struct board b = board(), other = board();
	struct host alone = certs_host(&b.root, "party1", "10.87.0.3", 7), h;
	enum breach why;

	/* The root's own key, which signed the root, signs nothing else. */
	ASSERT_EQ(verify(&b, &alone, NULL), ERR_AUTH);
	h = host_by(&b, (uint8_t[]){ 1 }, 1);
	ASSERT_EQ(verify(&b, &h, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_SIGNATURES);
	/* One who counts twice. */
	h = host_by(&b, (uint8_t[]){ 1, 1 }, 2);
	ASSERT_EQ(verify(&b, &h, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_SIGNATURES);
	h = host_by(&b, (uint8_t[]){ 2, 1 }, 2);
	ASSERT_EQ(verify(&b, &h, &why), ERR_CANON);
	/* One who gives another's place. */
	h = host_by(&b, (uint8_t[]){ 0, 5 }, 2);
	ASSERT_EQ(verify(&b, &h, NULL), ERR_AUTH);
	/* More than are asked for: there is one encoding. */
	h = host_by(&b, (uint8_t[]){ 0, 1, 2 }, 3);
	ASSERT_EQ(verify(&b, &h, NULL), ERR_AUTH);
	memcpy(other.seeds[0], b.seeds[0], 32);
	memcpy(b.seeds, other.seeds, sizeof(b.seeds));
	h = host_by(&b, (uint8_t[]){ 0, 1 }, 2);
	ASSERT_EQ(verify(&b, &h, NULL), ERR_AUTH);
	trust_free(b.trust);
	trust_free(other.trust);
}

TEST(any_bit_of_what_several_signed_counts)
{
	struct board b = board();
	struct host h = host_by(&b, (uint8_t[]){ 0, 2 }, 2);

	ASSERT_EQ(verify(&b, &h, NULL), 0);
	for (size_t bit = 0; bit < h.len * 8; bit++) {
		h.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT(verify(&b, &h, NULL) < 0);
		h.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	trust_free(b.trust);
}

TEST(where_one_key_signs_several_do_not)
{
	struct board b = board();
	struct authority plain = certs_root();
	struct host h = certs_host(&plain, "party1", "10.87.0.3", 7);
	struct trust *t = certs_trust(&plain);
	struct verified v;

	h.len = cosign(&b, h.bytes, h.len, (uint8_t[]){ 0, 1 }, 2);
	ASSERT_EQ(trust_verify(t, h.bytes, h.len, NULL, 0, CERTS_WALL, &v, NULL), ERR_AUTH);
	trust_free(t);
	trust_free(b.trust);
}

TEST(an_issuing_ca_that_several_signed_signs_alone)
{
	struct board b = board();
	struct authority issuing = certs_issuing(&b.root), lone = issuing;
	struct host h = certs_host(&issuing, "party.org", "10.87.16.9", 7);
	struct verified v;

	/* Its fields leave room for two signatures. */
	issuing.cert.route_count = 0;
	certs_sign_authority(&issuing, &b.root);
	uint8_t signed_by_two[CERT_CA_MAX + OBJECT_PARTS_MAX];
	size_t len;

	memcpy(signed_by_two, issuing.bytes, issuing.len);
	len = cosign(&b, signed_by_two, issuing.len, (uint8_t[]){ 1, 2 }, 2);
	ASSERT(len <= CERT_CA_MAX);
	ASSERT_EQ(trust_verify(b.trust, h.bytes, h.len, lone.bytes, lone.len, CERTS_WALL, &v, NULL),
	    ERR_AUTH);
	ASSERT_EQ(trust_verify(b.trust, h.bytes, h.len, signed_by_two, len, CERTS_WALL, &v, NULL),
	    0);
	trust_free(b.trust);
}

TEST(a_state_and_a_rotation_need_as_many)
{
	struct board b = board();
	struct authority second = certs_authority("study2");
	struct statement *st = states_new(&b.root, 1);
	struct rotation r = { .from = CERTS_NOW, .until = CERTS_NOW };
	struct netstate_blob blob = { 0 };
	uint8_t rotation[ROTATION_MAX];
	int n;

	states_sign(st, &b.root);
	ASSERT_EQ(trust_state_judge(b.trust, st->blob, st->len, CERTS_WALL, NULL, NULL), ERR_AUTH);
	st->object_len = cosign(&b, st->object, st->object_len, (uint8_t[]){ 0, 1 }, 2);
	blob.state = (struct netstate_part){ st->object, st->object_len };
	n = netstate_blob_write(st->blob, sizeof(st->blob), &blob);
	ASSERT(n > 0);
	ASSERT_EQ(trust_state_judge(b.trust, st->blob, (size_t)n, CERTS_WALL, NULL, NULL),
	    STATE_NEWER);

	memcpy(second.cert.network, b.root.cert.network, 16);
	certs_sign_authority(&second, &second);
	memcpy(r.root_bytes, second.bytes, second.len);
	r.root_len = second.len;
	n = rotation_sign(&r, rotation, sizeof(rotation), b.root.seed, NULL);
	ASSERT(n > 0);
	states_sign(st, &second);
	blob.state.len = st->object_len;
	blob.rotation_count = 1;
	blob.rotations[0] = (struct netstate_part){ rotation, (size_t)n };
	n = netstate_blob_write(st->blob, sizeof(st->blob), &blob);
	ASSERT_EQ(trust_state_judge(b.trust, st->blob, (size_t)n, CERTS_WALL, NULL, NULL),
	    ERR_AUTH);
	blob.rotations[0].len =
	    cosign(&b, rotation, blob.rotations[0].len, (uint8_t[]){ 0, 2 }, 2);
	n = netstate_blob_write(st->blob, sizeof(st->blob), &blob);
	ASSERT_EQ(trust_state_judge(b.trust, st->blob, (size_t)n, CERTS_WALL, NULL, NULL),
	    STATE_NEWER);
	free(st);
	trust_free(b.trust);
}

TEST(cosigners_are_named_by_a_root_in_one_way)
{
	struct board b = board();
	struct authority *a = &b.root, issuing;
	struct cosigners *c = &a->cert.cosigners, right = *c;
	uint8_t to[CERT_MAX];
	enum breach why;

	c->k = 1;
	ASSERT_EQ(cert_sign(&a->cert, to, sizeof(to), a->seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_COSIGNERS);
	c->k = N + 1;
	ASSERT_EQ(cert_sign(&a->cert, to, sizeof(to), a->seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_COSIGNERS);
	*c = right;
	memcpy(c->keys[0], c->keys[1], 32);
	ASSERT_EQ(cert_sign(&a->cert, to, sizeof(to), a->seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_LIST_ORDER);
	*c = right;
	memset(c->keys[0], 0, 32);
	ASSERT_EQ(cert_sign(&a->cert, to, sizeof(to), a->seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_KEY);
	*c = right;
	issuing = certs_issuing(a);
	issuing.cert.cosigners = right;
	ASSERT_EQ(cert_sign(&issuing.cert, to, sizeof(to), a->seed, &why), ERR_CANON);
	ASSERT_EQ(why, BREACH_COSIGNERS);
	/* A root vouches for itself with one key. */
	memcpy(to, a->bytes, a->len);
	ASSERT_EQ(cert_decode(&a->cert, to, cosign(&b, to, a->len - OBJECT_SIGNATURE + 64,
						(uint8_t[]){ 0, 1 }, 2),
		      &why),
	    ERR_CANON);
	ASSERT_EQ(why, BREACH_ALG);
	trust_free(b.trust);
}

TEST(the_card_of_a_cosigner_is_signed_by_its_key)
{
	struct cert c = { .kind = OBJECT_COSIGNER, .name = "hospital" }, again;
	uint8_t seed[32], to[CERT_REQUEST_MAX], whole[CERT_REQUEST_MAX];
	int len;

	test_fill(seed, sizeof(seed));
	crypto_ed25519_public(c.key, seed);
	len = cert_sign(&c, to, sizeof(to), seed, NULL);
	ASSERT(len > 0);
	ASSERT_EQ(cert_decode(&again, to, (size_t)len, NULL), 0);
	ASSERT_STR(again.name, "hospital");
	ASSERT_EQ(cert_encode_whole(whole, sizeof(whole), &again, NULL), len);
	ASSERT_MEM(whole, to, (size_t)len);
	ASSERT_EQ(cert_verify(to, (size_t)len, c.key), 0);
	to[len - 1] ^= 1;
	ASSERT_EQ(cert_verify(to, (size_t)len, c.key), ERR_AUTH);
}

/* The largest root that names co-signers, and what they can sign, stay within their limits. */
TEST(three_of_five_have_room)
{
	struct authority a = certs_authority("a-study-of-five-hospitals");
	struct host h = certs_host(&a, "party-of-the-third-hospital", "10.87.0.3", 7);
	uint8_t to[CERT_MAX];

	a.cert.cosigners.k = 3;
	for (a.cert.cosigners.count = 0; a.cert.cosigners.count < 5; a.cert.cosigners.count++) {
		uint8_t seed[32];

		test_fill(seed, sizeof(seed));
		crypto_ed25519_public(a.cert.cosigners.keys[a.cert.cosigners.count], seed);
	}
	for (size_t round = 0; round < 5; round++) {
		for (size_t i = 1; i < 5; i++) {
			uint8_t *p = a.cert.cosigners.keys[i - 1], held[32];

			if (memcmp(p, p + 32, 32) < 0)
				continue;
			memcpy(held, p, 32);
			memcpy(p, p + 32, 32);
			memcpy(p + 32, held, 32);
		}
	}
	ASSERT(cert_sign(&a.cert, to, sizeof(to), a.seed, NULL) > CERT_CA_MAX);
	ASSERT(h.len - OBJECT_SIGNATURE + 1 + 3 * OBJECT_PART < CERT_HOST_MAX);
}
