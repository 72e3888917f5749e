/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Announcements against the vectors, and their plaintext both ways.
 */
#include "tests/unit/test.h"
#include "tests/unit/vectors.h"

#include "core/bytes.h"
#include "core/here.h"

/* Hands out the nonce of a vector. */
static void
fill_from(void *ctx, uint8_t *p, size_t n)
{
	memcpy(p, ctx, n);
}

static struct blob
blob_field(const struct vectors *v, const char *name, uint8_t *room, size_t cap)
{
	size_t len = vector(v, name, room, cap);

	return (struct blob){ len > 0 ? room : NULL, (uint16_t)len };
}

static void
same_blob(struct blob a, struct blob b)
{
	ASSERT_EQ(a.len, b.len);
	ASSERT_MEM(a.p, b.p, a.len);
}

TEST(announcements_are_what_the_vectors_say)
{
	struct vectors v = vectors_open("here.txt");
	int blocks = 0;

	while (vectors_next(&v)) {
		uint8_t root[32], psk[32], key[32], want[HERE_MAX], got[HERE_MAX], nonce[24];
		uint8_t cert[WIRE_CERT_MAX], ca[WIRE_CA_MAX];
		struct rng rng = { fill_from, nonce };
		struct here back, h = {
			.flags = (uint8_t)vector_int(&v, "flags"),
			.port4 = (uint16_t)vector_int(&v, "port4"),
			.port6 = (uint16_t)vector_int(&v, "port6"),
			.cert = blob_field(&v, "certificate", cert, sizeof(cert)),
			.ca = blob_field(&v, "issuer", ca, sizeof(ca)),
		};
		size_t len;

		vector_exact(&v, "root", root, 32);
		vector_exact(&v, "psk", psk, 32);
		vector_exact(&v, "nonce", nonce, 24);
		here_key(key, root, psk);
		vector_exact(&v, "key", want, 32);
		ASSERT_MEM(key, want, 32);
		len = vector(&v, "message", want, sizeof(want));
		ASSERT_EQ(here_seal(got, sizeof(got), key, &rng, &h), len);
		ASSERT_MEM(got, want, len);
		ASSERT_EQ(here_seal(got, len - 1, key, &rng, &h), ERR_FULL);
		ASSERT_EQ(outer_check(got, len), OUTER_HERE);

		key[0] ^= 1; /* another network: and then still ours */
		ASSERT_EQ(here_open(&back, key, got, len), ERR_AUTH);
		ASSERT_MEM(got, want, len);
		key[0] ^= 1;
		ASSERT_EQ(here_open(&back, key, got, len), 0);
		ASSERT_EQ(back.flags, h.flags);
		ASSERT_EQ(back.port4, h.port4);
		ASSERT_EQ(back.port6, h.port6);
		same_blob(back.cert, h.cert);
		same_blob(back.ca, h.ca);

		want[test_below(len)] ^= 1 << test_below(8);
		if (le32(want) == OUTER_HERE)
			ASSERT_EQ(here_open(&back, key, want, len), ERR_AUTH);
		blocks++;
	}
	ASSERT_EQ(blocks, 2);
	vectors_close(&v);
}

TEST(an_announcement_says_one_port_and_one_certificate_at_least)
{
	uint8_t plain[HERE_PLAIN_MAX], cert[] = { 1, 2, 3 };
	struct here back, h = { .port4 = 7717, .cert = { cert, sizeof(cert) } };
	int len = here_encode(plain, sizeof(plain), &h);

	ASSERT_EQ(len, 6 + 2 + 3 + 2);
	ASSERT_EQ(here_decode(&back, plain, (size_t)len), 0);
	ASSERT_EQ(here_decode(&back, plain, (size_t)len - 1), ERR_SHORT);
	ASSERT_EQ(here_decode(&back, plain, (size_t)len + 1), ERR_EXCESS);
	plain[1] = 2; /* a flag that there is not */
	ASSERT_EQ(here_decode(&back, plain, (size_t)len), ERR_FORMAT);
	plain[1] = 0;
	plain[0] = 2;
	ASSERT_EQ(here_decode(&back, plain, (size_t)len), ERR_VERSION);
	h.port4 = 0;
	len = here_encode(plain, sizeof(plain), &h);
	ASSERT_EQ(here_decode(&back, plain, (size_t)len), ERR_FORMAT);
	h = (struct here){ .port6 = 1 };
	len = here_encode(plain, sizeof(plain), &h);
	ASSERT_EQ(here_decode(&back, plain, (size_t)len), ERR_FORMAT);
}
