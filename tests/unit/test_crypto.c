/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The primitives against an independent implementation, and against each other.
 */
#include "tests/unit/test.h"
#include "tests/unit/vectors.h"

#include "core/crypto.h"

static struct vectors v;

TEST(kdf_mac_and_hash_are_those_of_the_paper)
{
	uint8_t key[32], in[256], want[3][32], got[3][32];
	size_t len;

	v = vectors_open("primitives.txt");
	vectors_find(&v, "kdf3");
	vector_exact(&v, "key", key, 32);
	len = vector(&v, "input", in, sizeof(in));
	vector_exact(&v, "output1", want[0], 32);
	vector_exact(&v, "output2", want[1], 32);
	vector_exact(&v, "output3", want[2], 32);
	crypto_kdf3(got[0], got[1], got[2], key, in, len);
	ASSERT_MEM(got, want, sizeof(got));
	memset(got, 0, sizeof(got));
	crypto_kdf2(got[0], got[1], key, in, len);
	ASSERT_MEM(got, want, 64);
	memset(got, 0, sizeof(got));
	crypto_kdf1(got[0], key, in, len);
	ASSERT_MEM(got, want, 32);

	vectors_find(&v, "mac");
	vector_exact(&v, "key", key, 32);
	len = vector(&v, "input", in, sizeof(in));
	vector_exact(&v, "output", want[0], 16);
	crypto_mac(got[0], key, 32, in, len);
	ASSERT_MEM(got[0], want[0], 16);

	vectors_find(&v, "hash");
	len = vector(&v, "input", in, sizeof(in));
	vector_exact(&v, "output", want[0], 32);
	for (size_t i = 0; i <= len; i++) {
		crypto_hash2(got[0], in, i, in + i, len - i);
		ASSERT_MEM(got[0], want[0], 32);
	}
	vectors_close(&v);
}

TEST(a_key_may_be_derived_over_itself)
{
	uint8_t key[32], want1[32], want2[32], other[32];

	test_fill(key, sizeof(key));
	crypto_kdf2(want1, want2, key, "x", 1);
	crypto_kdf2(key, other, key, "x", 1);
	ASSERT_MEM(key, want1, 32);
	ASSERT_MEM(other, want2, 32);
}

TEST(x25519_agrees_with_the_vector)
{
	uint8_t private[32], public[32], want[32], got[32];

	v = vectors_open("primitives.txt");
	vectors_find(&v, "dh");
	vector_exact(&v, "private", private, 32);
	vector_exact(&v, "public", public, 32);
	vector_exact(&v, "output", want, 32);
	ASSERT_EQ(crypto_dh(got, private, public), 0);
	ASSERT_MEM(got, want, 32);
	vectors_close(&v);
}

TEST(points_of_low_order_are_refused_and_leave_the_result_alone)
{
	/* 0, 1, p - 1, p, p + 1, and the two of order 8: cr.yp.to/ecdh.html */
	static const char *const low[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	};
	uint8_t private[32], public[32], got[32] = { 7 };

	test_fill(private, sizeof(private));
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		for (size_t j = 0; j < 32; j++)
			ASSERT_EQ(sscanf(low[i] + 2 * j, "%2hhx", &public[j]), 1);
		ASSERT(crypto_dh_low_order(public));
		ASSERT_EQ(crypto_dh(got, private, public), ERR_CRYPTO);
		ASSERT_EQ(got[0], 7);
	}
	crypto_dh_public(public, private);
	ASSERT(!crypto_dh_low_order(public));
}

/* Both libraries on both sides of the length at which one takes over from the other. */
TEST(a_cipher_writes_the_same_bytes_at_every_length)
{
	uint8_t key[32], plain[600], one[600 + CRYPTO_TAG], many[600 + CRYPTO_TAG];
	struct cipher seal, open;

	test_fill(key, sizeof(key));
	test_fill(plain, sizeof(plain));
	cipher_init(&seal, key, true);
	cipher_init(&open, key, false);
	for (size_t len = 0; len <= sizeof(plain); len++) {
		uint64_t counter = test_rand();

		crypto_seal(one, key, counter, plain, len, NULL, 0);
		memcpy(many, plain, len);
		cipher_seal(&seal, counter, many, len);
		ASSERT_MEM(many, one, len + CRYPTO_TAG);

		ASSERT_EQ(cipher_open(&open, counter, many, len + CRYPTO_TAG), 0);
		ASSERT_MEM(many, plain, len);

		one[test_below(len + CRYPTO_TAG)] ^= 1 << test_below(8);
		ASSERT_EQ(cipher_open(&open, counter, one, len + CRYPTO_TAG), ERR_AUTH);
	}
	ASSERT_EQ(cipher_open(&open, 0, many, CRYPTO_TAG - 1), ERR_SHORT);
	cipher_wipe(&seal);
	cipher_wipe(&open);
	ASSERT(crypto_is_zero(&seal, sizeof(seal)));
}

TEST(sealed_boxes_are_those_of_the_vectors)
{
	uint8_t key[32], nonce[24], ad[64], plain[64], want[80], got[80];
	size_t len, ad_len;

	v = vectors_open("primitives.txt");
	vectors_find(&v, "chacha20poly1305");
	vector_exact(&v, "key", key, 32);
	ad_len = vector(&v, "ad", ad, sizeof(ad));
	len = vector(&v, "plain", plain, sizeof(plain));
	vector_exact(&v, "sealed", want, len + CRYPTO_TAG);
	crypto_seal(got, key, vector_int(&v, "counter"), plain, len, ad, ad_len);
	ASSERT_MEM(got, want, len + CRYPTO_TAG);

	vectors_find(&v, "xchacha20poly1305");
	vector_exact(&v, "key", key, 32);
	vector_exact(&v, "nonce", nonce, 24);
	ad_len = vector(&v, "ad", ad, sizeof(ad));
	len = vector(&v, "plain", plain, sizeof(plain));
	vector_exact(&v, "sealed", want, len + CRYPTO_TAG);
	crypto_xseal(got, key, nonce, plain, len, ad, ad_len);
	ASSERT_MEM(got, want, len + CRYPTO_TAG);
	vectors_close(&v);
}

TEST(associated_data_is_authenticated)
{
	uint8_t key[32], nonce[24], box[5 + CRYPTO_TAG], plain[5];

	test_fill(key, sizeof(key));
	test_fill(nonce, sizeof(nonce));
	crypto_seal(box, key, 1, (const uint8_t *)"hello", 5, "ad", 2);
	ASSERT_EQ(crypto_open(plain, key, 1, box, sizeof(box), "ad", 2), 0);
	ASSERT_MEM(plain, "hello", 5);
	ASSERT_EQ(crypto_open(plain, key, 1, box, sizeof(box), "da", 2), ERR_AUTH);
	ASSERT_EQ(crypto_open(plain, key, 2, box, sizeof(box), "ad", 2), ERR_AUTH);
	ASSERT_EQ(crypto_open(plain, key, 1, box, CRYPTO_TAG - 1, "ad", 2), ERR_SHORT);

	crypto_xseal(box, key, nonce, (const uint8_t *)"hello", 5, "ad", 2);
	ASSERT_EQ(crypto_xopen(plain, key, nonce, box, sizeof(box), "ad", 2), 0);
	ASSERT_EQ(crypto_xopen(plain, key, nonce, box, sizeof(box), NULL, 0), ERR_AUTH);
	ASSERT_EQ(crypto_xopen(plain, key, nonce, box, CRYPTO_TAG - 1, "ad", 2), ERR_SHORT);
}

/* RFC 8032, 7.1, test 2. */
TEST(ed25519_signs_as_the_rfc_says)
{
	static const uint8_t seed[32] = { 0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d,
		0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6,
		0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb };
	static const uint8_t want[8] = { 0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8 };
	uint8_t public[32], signature[64];

	crypto_ed25519_public(public, seed);
	crypto_ed25519_sign(signature, "\x72", 1, seed);
	ASSERT_MEM(signature, want, sizeof(want));
	ASSERT(crypto_ed25519_valid(signature, "\x72", 1, public));
	ASSERT(!crypto_ed25519_valid(signature, "\x73", 1, public));
	signature[63] ^= 0x10;
	ASSERT(!crypto_ed25519_valid(signature, "\x72", 1, public));
}

TEST(blake2b_is_the_same_in_one_part_or_two)
{
	uint8_t data[100], key[32], one[64], two[64];

	test_fill(data, sizeof(data));
	test_fill(key, sizeof(key));
	crypto_blake2b(one, 64, key, 32, data, 100, NULL, 0);
	for (size_t i = 0; i <= sizeof(data); i++) {
		crypto_blake2b(two, 64, key, 32, data, i, data + i, 100 - i);
		ASSERT_MEM(two, one, 64);
	}
	crypto_blake2b(two, 64, NULL, 0, data, 100, NULL, 0);
	ASSERT(!crypto_equal(two, one, 64));
}
