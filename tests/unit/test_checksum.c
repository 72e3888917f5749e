/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Internet checksum against the two lines that RFC 1071 gives for it.
 */
#include "core/checksum.h"

#include "core/bytes.h"
#include "tests/unit/test.h"

static uint16_t
slow_sum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

TEST(a_sum_is_that_of_the_bytes_whatever_their_place_and_number)
{
	static uint8_t bytes[4096];

	test_fill(bytes, sizeof(bytes));
	for (int i = 0; i < 2000; i++) {
		size_t at = test_below(64), len = test_below(i % 2 == 0 ? 200 : sizeof(bytes) - 64);

		ASSERT_EQ(inet_sum(bytes + at, len), slow_sum(bytes + at, len));
	}
}

TEST(a_sum_does_not_overflow_at_its_limit)
{
	uint8_t *bytes = malloc(INET_SUM_MAX);

	ASSERT(bytes != NULL);
	memset(bytes, 0xff, INET_SUM_MAX);
	ASSERT_EQ(inet_sum(bytes, INET_SUM_MAX), 0xffff);
	bytes[1] = 0xfe;
	ASSERT_EQ(inet_sum(bytes, INET_SUM_MAX), 0xfffe);
	free(bytes);
}

TEST(the_header_of_a_known_packet_gets_its_checksum)
{
	uint8_t header[20] = { 0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xff, 0xff, 0xc0, 0xa8, 0,
		1, 0xc0, 0xa8, 0, 0xc7 };

	inet_set_header_checksum(header, sizeof(header));
	ASSERT_EQ(be16(header + 10), 0xb861);
	ASSERT_EQ(inet_checksum(header, sizeof(header), 0), 0);
	ASSERT_EQ(inet_pseudo_sum(header, 17, 95),
	    slow_sum((const uint8_t[]){ 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7 }, 8) + 17u + 95u);
}
