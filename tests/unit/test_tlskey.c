/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_tlskey.c - a lighthouse's TLS key is what anybody else would make of its key.
 */
#include "core/tlskey.h"
#include "core/cert.h"
#include "tests/unit/vectors.h"

TEST(the_tls_key_and_its_pin_follow_from_the_hosts_key)
{
	struct vectors v = vectors_open("objects.txt");
	uint8_t private[32], want[32], got[32], object[CERT_MAX];
	struct cert c;
	size_t len;

	vectors_find(&v, "lighthouse that speaks tls");
	vector_exact(&v, "host_static", private, 32);
	vector_exact(&v, "tls_seed", want, 32);
	tlskey_seed(got, private);
	ASSERT_MEM(got, want, 32);
	vector_exact(&v, "tls_pin", want, 32);
	tlskey_pin(got, private);
	ASSERT_MEM(got, want, 32);
	len = vector(&v, "object", object, sizeof(object));
	ASSERT_EQ(cert_decode(&c, object, len, NULL), 0);
	ASSERT_MEM(c.tls_pin, want, 32);
	vectors_close(&v);
}

TEST(one_key_in_another_spelling_is_one_tls_key)
{
	uint8_t private[32], one[32], two[32];

	test_fill(private, sizeof(private));
	private[0] &= 0xf8;
	private[31] = (uint8_t)((private[31] & 0x7f) | 0x40);
	tlskey_pin(one, private);
	private[0] |= 7;
	private[31] ^= 0xc0;
	tlskey_pin(two, private);
	ASSERT_MEM(one, two, 32);
	private[5] ^= 1;
	tlskey_pin(two, private);
	ASSERT(memcmp(one, two, 32) != 0);
}
