/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_mss.c - SYNs are made to fit, and nothing else is touched.
 */
#include "core/bytes.h"
#include "core/checksum.h"
#include "core/mss.h"
#include "tests/unit/test.h"

#define SYN 2
#define ACK 16

static uint8_t packet[256];

/* The sum of pseudo-header and TCP of the whole packet: 0 when the checksum is right. */
static uint16_t
tcp_sum(const struct inner *in)
{
	size_t size = ip_size(in->src);
	const uint8_t *addresses = packet + (size == 4 ? 12 : 8);
	uint16_t pseudo = (uint16_t)~inet_checksum(addresses, 2 * size, 0);
	uint32_t len = in->len - in->body;

	return inet_checksum(packet + in->body, len, (uint32_t)pseudo + len + IPPROTO_OF_TCP);
}

/*
 * A TCP packet of the family, with `ip_extra` bytes of IP options (or of an IPv6 extension header)
 * and these TCP options, of which there are a multiple of 4 bytes, and some payload.
 */
static struct inner
make(uint8_t family, size_t ip_extra, uint8_t flags, const uint8_t *options, size_t n)
{
	bool v4 = family == FAMILY_V4;
	size_t header = (v4 ? 20 : 40) + ip_extra, len = header + 20 + n + 7;
	uint8_t *tcp = packet + header;
	struct inner in;

	memset(packet, 0, sizeof(packet));
	if (v4) {
		packet[0] = (uint8_t)(0x40 | header / 4);
		put_be16(packet + 2, (uint16_t)len);
		packet[9] = IPPROTO_OF_TCP;
		memset(packet + 20, 1, ip_extra);
	} else {
		packet[0] = 0x60;
		put_be16(packet + 4, (uint16_t)(len - 40));
		packet[6] = ip_extra > 0 ? 60 : IPPROTO_OF_TCP;
		packet[40] = IPPROTO_OF_TCP;
		packet[41] = (uint8_t)(ip_extra / 8 - (ip_extra > 0));
	}
	memset(packet + (v4 ? 12 : 8), 0x5a, v4 ? 8 : 32);
	memset(tcp, 0, 20);
	tcp[12] = (uint8_t)((20 + n) / 4 << 4);
	tcp[13] = flags;
	memcpy(tcp + 20, options, n);
	memcpy(tcp + 20 + n, "payload", 7);
	ASSERT_EQ(inner_parse(&in, packet, len), 0);
	put_be16(tcp + 16, tcp_sum(&in));
	ASSERT_EQ(tcp_sum(&in), 0);
	return in;
}

/* What the option at `at` of the TCP header says. */
static unsigned
offered(const struct inner *in, size_t at)
{
	return be16(packet + in->body + at);
}

TEST(a_syn_in_both_directions_offers_what_fits)
{
	static const uint8_t options[] = { 2, 4, 0x05, 0xb4 }; /* 1460 */

	for (unsigned flags = SYN; flags <= (SYN | ACK); flags += ACK) {
		struct inner in = make(FAMILY_V4, 0, (uint8_t)flags, options, 4);

		ASSERT(mss_clamp(packet, &in, 1420));
		ASSERT_EQ(offered(&in, 22), 1380);
		ASSERT_EQ(tcp_sum(&in), 0);
		in = make(FAMILY_V6, 0, (uint8_t)flags, options, 4);
		ASSERT(mss_clamp(packet, &in, 1280));
		ASSERT_EQ(offered(&in, 22), 1220);
		ASSERT_EQ(tcp_sum(&in), 0);
	}
}

TEST(the_option_is_found_behind_others_and_at_odd_offsets)
{
	static const uint8_t even[] = { 4, 2, 3, 3, 7, 1, 2, 4, 0xff, 0xff, 0, 0 };
	static const uint8_t odd[] = { 1, 3, 3, 7, 1, 1, 1, 2, 4, 0x12, 0x34, 0 };
	static const uint8_t odder[] = { 1, 2, 4, 0x12, 0x34, 0, 0, 0 };
	struct inner in = make(FAMILY_V4, 0, SYN, even, sizeof(even));

	ASSERT(mss_clamp(packet, &in, 1420));
	ASSERT_EQ(offered(&in, 28), 1380);
	ASSERT_EQ(tcp_sum(&in), 0);
	in = make(FAMILY_V4, 0, SYN, odd, sizeof(odd));
	ASSERT(mss_clamp(packet, &in, 1420));
	ASSERT_EQ(offered(&in, 29), 1380);
	ASSERT_EQ(tcp_sum(&in), 0);
	in = make(FAMILY_V6, 0, SYN, odder, sizeof(odder));
	ASSERT(mss_clamp(packet, &in, 1420));
	ASSERT_EQ(offered(&in, 23), 1360);
	ASSERT_EQ(tcp_sum(&in), 0);
}

TEST(ip_options_and_extension_headers_are_passed_over)
{
	static const uint8_t options[] = { 2, 4, 0x05, 0xb4 };
	struct inner in = make(FAMILY_V4, 8, SYN, options, 4);

	ASSERT(mss_clamp(packet, &in, 1280));
	ASSERT_EQ(offered(&in, 22), 1240);
	ASSERT_EQ(tcp_sum(&in), 0);
	in = make(FAMILY_V6, 16, SYN, options, 4);
	ASSERT(mss_clamp(packet, &in, 1280));
	ASSERT_EQ(offered(&in, 22), 1220);
	ASSERT_EQ(tcp_sum(&in), 0);
}

TEST(what_fits_and_what_is_no_syn_is_left_alone)
{
	static const uint8_t small[] = { 2, 4, 0x02, 0x18 }, none[] = { 1, 1, 4, 2 };
	static const uint8_t large[] = { 2, 4, 0x05, 0xb4 };
	struct inner in = make(FAMILY_V4, 0, SYN, small, 4);

	ASSERT(!mss_clamp(packet, &in, 1280));
	in = make(FAMILY_V4, 0, SYN, none, 4);
	ASSERT(!mss_clamp(packet, &in, 1280));
	in = make(FAMILY_V4, 0, ACK, large, 4);
	ASSERT(!mss_clamp(packet, &in, 1280));
	in = make(FAMILY_V4, 0, SYN, large, 4);
	in.fragment = true;
	ASSERT(!mss_clamp(packet, &in, 1280));
	in.fragment = false;
	in.protocol = IPPROTO_OF_UDP;
	ASSERT(!mss_clamp(packet, &in, 1280));
	ASSERT_EQ(offered(&in, 22), 1460);
}

TEST(a_malformed_header_is_left_alone)
{
	static const uint8_t bad[][4] = { { 2, 0, 5, 0xb4 }, { 2, 3, 5, 0xb4 }, { 2, 5, 5, 0xb4 },
		{ 8, 1, 2, 4 }, { 8, 200, 2, 4 }, { 0, 2, 4, 9 }, { 1, 1, 1, 2 } };
	static const uint8_t large[] = { 2, 4, 0x05, 0xb4 };
	struct inner in;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		in = make(FAMILY_V4, 0, SYN, bad[i], 4);
		ASSERT(!mss_clamp(packet, &in, 1280));
	}
	in = make(FAMILY_V4, 0, SYN, large, 4);
	packet[in.body + 12] = 4 << 4;
	ASSERT(!mss_clamp(packet, &in, 1280));
	packet[in.body + 12] = 15 << 4; /* longer than the packet */
	ASSERT(!mss_clamp(packet, &in, 1280));
	in.len = in.body + 19;
	ASSERT(!mss_clamp(packet, &in, 1280));
}
