/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_icmp.c - inner packets are read to their last byte and never past it.
 */
#include "core/icmp.h"

#include "core/checksum.h"
#include "tests/unit/test.h"

static struct ip
v4(uint8_t last)
{
	return ip_v4((uint8_t[4]){ 10, 87, 0, last });
}

static struct ip
v6(uint8_t last)
{
	return ip_v6((uint8_t[16]){ 0xfd, [15] = last });
}

/* Sums to zero with its checksum in place (RFC 1071). */
static bool
checksum_holds(const uint8_t *p, const struct inner *in)
{
	uint32_t pseudo = 0;

	if (in->src.family == FAMILY_V6)
		pseudo = (uint16_t)~inet_checksum(p + 8, 32, 0) + (in->len - in->body) + 58u;
	else if (inet_checksum(p, in->body, 0) != 0)
		return false;
	return inet_checksum(p + in->body, in->len - in->body, pseudo) == 0;
}

TEST(an_echo_request_is_read_back_and_turned_into_a_reply)
{
	const struct ip pairs[][2] = { { v4(1), v4(2) }, { v6(1), v6(2) } };

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		uint8_t p[ICMP_ECHO_OVERHEAD + 56];
		struct inner in;
		size_t n = icmp_echo_make(p, pairs[i][0], pairs[i][1], 0x1234, 7, 56);

		ASSERT_EQ(inner_parse(&in, p, n), 0);
		ASSERT_EQ(in.icmp, ICMP_ECHO);
		ASSERT_EQ(in.sport, 0x1234);
		ASSERT_EQ(in.seq, 7);
		ASSERT_EQ(in.len, n);
		ASSERT(checksum_holds(p, &in));
		icmp_echo_turn(p, &in);
		ASSERT_EQ(inner_parse(&in, p, n), 0);
		ASSERT_EQ(in.icmp, ICMP_ECHO_REPLY);
		ASSERT(ip_equal(in.src, pairs[i][1]) && ip_equal(in.dst, pairs[i][0]));
		ASSERT_EQ(in.sport, 0x1234);
		ASSERT(checksum_holds(p, &in));
	}
}

TEST(errors_quote_the_packet_and_go_back_to_its_sender)
{
	const struct ip pairs[][2] = { { v4(1), v4(2) }, { v6(1), v6(2) } };

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		uint8_t p[ICMP_ECHO_OVERHEAD + ICMP_ECHO_PAYLOAD_MAX], e[ICMP_ERROR_MAX];
		struct inner in, about, quoted;
		size_t n = icmp_echo_make(
		    p, pairs[i][0], pairs[i][1], 9, 1, ICMP_ECHO_PAYLOAD_MAX);

		ASSERT_EQ(inner_parse(&in, p, n), 0);
		n = icmp_too_big_make(e, p, &in, 1280);
		ASSERT(n > 0 && n <= ICMP_ERROR_MAX);
		ASSERT_EQ(inner_parse(&about, e, n), 0);
		ASSERT_EQ(about.icmp, ICMP_ERROR);
		ASSERT(ip_equal(about.dst, pairs[i][0]));
		ASSERT(checksum_holds(e, &about));
		ASSERT_EQ(be32(e + about.body + 4), 1280);
		ASSERT_EQ(inner_parse_quoted(&quoted, e, &about), 0);
		ASSERT(ip_equal(quoted.src, pairs[i][0]) && ip_equal(quoted.dst, pairs[i][1]));
		ASSERT_EQ(quoted.sport, 9);
		ASSERT_EQ(icmp_unreachable_make(p, e, &about), 0); /* no error about an error */
	}
}

TEST(a_cut_packet_is_refused_at_every_length)
{
	const struct ip pairs[][2] = { { v4(1), v4(2) }, { v6(1), v6(2) } };

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		uint8_t p[ICMP_ECHO_OVERHEAD + 8];
		size_t n = icmp_echo_make(p, pairs[i][0], pairs[i][1], 1, 1, 8);

		for (size_t len = 0; len < n; len++) {
			uint8_t *exact = malloc(len > 0 ? len : 1);
			struct inner in;

			memcpy(exact, p, len);
			ASSERT(inner_parse(&in, exact, len) < 0);
			free(exact);
		}
	}
}

TEST(padding_after_the_packet_is_not_part_of_it)
{
	uint8_t p[ICMP_ECHO_OVERHEAD + 32] = { 0 };
	struct inner in;
	size_t n = icmp_echo_make(p, v4(1), v4(2), 1, 1, 5);

	ASSERT_EQ(inner_parse(&in, p, n + 11), 0);
	ASSERT_EQ(in.len, n);
}

TEST(random_bytes_are_read_without_harm)
{
	for (int i = 0; i < 200000; i++) {
		size_t len = test_rand() % 80;
		uint8_t *p = malloc(len > 0 ? len : 1);
		struct inner in, quoted;

		for (size_t k = 0; k < len; k++)
			p[k] = (uint8_t)test_rand();
		if (len > 0)
			p[0] = (uint8_t)((test_rand() % 2 == 0 ? 0x45 : 0x60) | (p[0] & 15));
		if (inner_parse(&in, p, len) == 0) {
			ASSERT(in.len <= len && in.body <= in.len);
			if (in.icmp == ICMP_ERROR)
				(void)!inner_parse_quoted(&quoted, p, &in);
		}
		free(p);
	}
}
