/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * STUN against the sample of RFC 5769 and by hand.
 */
#include "core/bytes.h"
#include "lighthouse/stun.h"
#include "tests/unit/test.h"

/* Binding requests: plain, with FINGERPRINT, with an attribute that must be understood. */
static const uint8_t plain[] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc,
	0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae };

static struct addr
address(const char *text)
{
	struct addr a;

	ASSERT_EQ(addr_parse(&a, text, 0), 0);
	return a;
}

TEST(the_mapped_address_is_that_of_rfc_5769)
{
	/* Sections 2.2 and 2.3: the same transaction id, 192.0.2.1:32853 and an IPv6 address. */
	static const uint8_t v4[] = { 0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43 };
	static const uint8_t v6[] = { 0, 0x20, 0, 20, 0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
		0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9 };
	struct addr from = address("192.0.2.1:32853");
	uint8_t to[STUN_ANSWER_MAX];

	ASSERT(stun_is(plain, sizeof(plain)));
	ASSERT_EQ(stun_answer(to, plain, sizeof(plain), &from), 32);
	ASSERT_EQ(be16(to), 0x0101);
	ASSERT_EQ(be16(to + 2), 12);
	ASSERT_MEM(to + 4, plain + 4, 16);
	ASSERT_MEM(to + 20, v4, sizeof(v4));

	from = address("[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	ASSERT_EQ(stun_answer(to, plain, sizeof(plain), &from), 44);
	ASSERT_MEM(to + 20, v6, sizeof(v6));
}

TEST(a_request_with_a_fingerprint_gets_one_and_a_damaged_one_gets_nothing)
{
	uint8_t p[28], to[STUN_ANSWER_MAX];
	struct addr from = address("192.0.2.1:32853");

	memcpy(p, plain, sizeof(plain));
	put_be16(p + 2, 8);
	put_be16(p + 20, 0x8028);
	put_be16(p + 22, 4);
	put_be32(p + 24, 0xaea2fb4c ^ 0x5354554e); /* zlib.crc32 of what is before */
	ASSERT(stun_is(p, sizeof(p)));
	ASSERT_EQ(stun_answer(to, p, sizeof(p), &from), 40);
	ASSERT_EQ(be16(to + 2), 20);
	ASSERT_EQ(be16(to + 32), 0x8028);
	ASSERT_EQ(be32(to + 36), 0x7d281f59);

	p[24] ^= 1;
	ASSERT_EQ(stun_answer(to, p, sizeof(p), &from), 0);
}

TEST(an_attribute_that_must_be_understood_and_is_not_draws_420)
{
	uint8_t p[32], to[STUN_ANSWER_MAX];
	struct addr from = address("192.0.2.1:32853");

	memcpy(p, plain, sizeof(plain));
	put_be16(p + 2, 12);
	memcpy(p + 20, (uint8_t[]){ 0, 3, 0, 4, 0, 0, 0, 6, 0x80, 0x22, 0, 0 }, 12);
	ASSERT_EQ(stun_answer(to, p, 32, &from), 20 + 8 + 8);
	ASSERT_EQ(be16(to), 0x0111);
	ASSERT_MEM(to + 20, ((uint8_t[]){ 0, 9, 0, 4, 0, 0, 4, 20, 0, 10, 0, 2, 0, 3, 0, 0 }), 16);
}

TEST(what_is_no_binding_request_is_not_answered)
{
	uint8_t p[64] = { 0 }, to[STUN_ANSWER_MAX];
	struct addr from = address("192.0.2.1:32853");

	for (size_t len = 0; len < 64; len++) {
		memcpy(p, plain, sizeof(plain));
		ASSERT_EQ(stun_is(p, len), len == 20);
		put_be16(p + 2, (uint16_t)(len - 20));
		ASSERT_EQ(stun_is(p, len), len >= 20 && len % 4 == 0);
	}
	memcpy(p, plain, sizeof(plain));
	p[1] = 0x11; /* an indication */
	ASSERT_EQ(stun_answer(to, p, 20, &from), 0);
	p[0] = 0x40;
	ASSERT(!stun_is(p, 20));
	p[0] = 0;
	p[7] ^= 1;
	ASSERT(!stun_is(p, 20));
}

TEST(no_bytes_make_it_read_or_write_beyond_its_own)
{
	struct addr from = address("[2001:db8::1]:1");
	size_t answered = 0;

	for (int n = 0; n < 200000; n++) {
		size_t len = 20 + 4 * test_below(20);
		uint8_t *p = malloc(len), *to = malloc(STUN_ANSWER_MAX);

		test_fill(p, len);
		memcpy(p, plain, sizeof(plain));
		put_be16(p + 2, (uint16_t)(len - 20));
		for (size_t at = 20; at < len; at += 4)
			if (test_below(2))
				put_be16(p + at + 2, (uint16_t)test_below(12));
		ASSERT(stun_is(p, len));
		answered += stun_answer(to, p, len, &from) > 0;
		free(p);
		free(to);
	}
	ASSERT(answered > 100);
}
