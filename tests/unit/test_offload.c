/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cutting and putting together against a model that makes every packet by itself, from what it is
 * about, and adds its checksum up byte by byte.
 */
#include "core/offload.h"

#include "core/bytes.h"
#include "tests/unit/test.h"

enum { ACK = 0x10, PSH = 0x08, FIN = 0x01, CWR = 0x80 };

/* A flow, and the bytes that it carries. */
struct model {
	bool v6, tcp;
	uint8_t addresses[32];
	uint8_t tos, ttl;
	uint16_t sport, dport, id, window;
	uint16_t fragment;	/* the field of IPv4 */
	uint32_t seq, ack;
	uint8_t options[40];
	size_t options_len;
	uint8_t payload[OFFLOAD_MAX + PACKET_MAX]; /* also of a packet too many */
};

static struct model flow;

static uint16_t
slow_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static size_t
headers(void)
{
	return (flow.v6 ? 40 : 20) + (flow.tcp ? 20 + flow.options_len : 8);
}

static size_t
write_ip(uint8_t *p, size_t len, uint16_t number)
{
	uint8_t protocol = flow.tcp ? 6 : 17;

	if (flow.v6) {
		put_be32(p, 0x60000000u | (uint32_t)flow.tos << 20);
		put_be16(p + 4, (uint16_t)(len - 40));
		p[6] = protocol;
		p[7] = flow.ttl;
		memcpy(p + 8, flow.addresses, 32);
		return 40;
	}
	p[0] = 0x45;
	p[1] = flow.tos;
	put_be16(p + 2, (uint16_t)len);
	put_be16(p + 4, (uint16_t)(flow.id + number));
	put_be16(p + 6, flow.fragment);
	p[8] = flow.ttl;
	p[9] = protocol;
	put_be16(p + 10, 0);
	memcpy(p + 12, flow.addresses, 8);
	put_be16(p + 10, (uint16_t)~slow_sum(p, 20, 0));
	return 20;
}

/* Packet `number` of the flow, with `len` bytes of its payload from `at` on. Returns its length. */
static size_t
make(uint8_t *p, uint16_t number, size_t at, size_t len, uint8_t flags, bool partial)
{
	size_t all = headers() + len, body = write_ip(p, all, number);
	uint8_t *transport = p + body, *sum = transport + (flow.tcp ? 16 : 6);
	uint16_t pseudo = slow_sum(flow.addresses, flow.v6 ? 32 : 8,
	    (flow.tcp ? 6u : 17u) + (uint32_t)(all - body));

	put_be16(transport, flow.sport);
	put_be16(transport + 2, flow.dport);
	if (flow.tcp) {
		put_be32(transport + 4, flow.seq + (uint32_t)at);
		put_be32(transport + 8, flow.ack);
		transport[12] = (uint8_t)((20 + flow.options_len) / 4 << 4);
		transport[13] = flags;
		put_be16(transport + 14, flow.window);
		put_be16(transport + 18, 0);
		memcpy(transport + 20, flow.options, flow.options_len);
	} else {
		put_be16(transport + 4, (uint16_t)(all - body));
	}
	memcpy(p + headers(), flow.payload + at, len);
	put_be16(sum, 0);
	put_be16(sum, partial ? slow_sum(NULL, 0, pseudo)
			      : (uint16_t)~slow_sum(transport, all - body, pseudo));
	if (!flow.tcp && be16(sum) == 0)
		put_be16(sum, 0xffff);
	return all;
}

static void
any_flow(void)
{
	test_fill(&flow, offsetof(struct model, payload));
	test_fill(flow.payload, 4096);
	for (size_t i = 4096; i < sizeof(flow.payload); i++)
		flow.payload[i] = (uint8_t)(flow.payload[i % 4096] + i / 4096);
	flow.v6 = test_below(2);
	flow.tcp = test_below(2);
	flow.fragment = test_below(2) ? 0x4000 : 0;
	flow.options_len = test_below(3) * 12;
}

/* Bytes of a payload for `count` packets of `size`, the last of which is perhaps shorter. */
static size_t
any_length(size_t size, size_t count)
{
	return size * (count - 1) + 1 + test_below(size);
}

TEST(a_super_packet_is_cut_into_the_packets_it_stands_for)
{
	static uint8_t super[OFFLOAD_MAX];

	for (int round = 0; round < 300; round++) {
		uint8_t flags = (uint8_t)test_rand(), got[PACKET_MAX], want[PACKET_MAX];
		size_t size = 1 + test_below(1400), at = 0;
		struct segmenter s;
		size_t len, all;

		any_flow();
		all = any_length(size, 1 + test_below(OFFLOAD_MAX / (size + 100)));
		all = min_u64(all, OFFLOAD_MAX - headers());
		len = make(super, 0, 0, all, flags, true);
		ASSERT_EQ(segmenter_begin(&s, super, len, size), 0);
		for (uint16_t i = 0; at < all; i++) {
			size_t part = min_u64(size, all - at);
			uint8_t now = at == 0 ? flags : flags & (uint8_t)~CWR;

			if (at + part < all)
				now &= (uint8_t)~(FIN | PSH);
			ASSERT_EQ(make(want, i, at, part, now, false), headers() + part);
			ASSERT_EQ(segmenter_next(&s, got), headers() + part);
			ASSERT_MEM(got, want, headers() + part);
			at += part;
		}
		ASSERT_EQ(segmenter_next(&s, got), 0);
	}
}

TEST(what_was_cut_is_put_together_again)
{
	static uint8_t super[OFFLOAD_MAX], whole[OFFLOAD_MAX];
	static uint8_t packets[OFFLOAD_PACKETS_MAX][PACKET_MAX];

	for (int round = 0; round < 300; round++) {
		size_t size = 1 + test_below(1000), count = 1 + test_below(OFFLOAD_PACKETS_MAX);
		uint8_t flags = ACK | (test_below(2) ? PSH : 0);
		size_t all, len;
		struct coalescer c;
		struct segmenter s;

		any_flow();
		all = any_length(size, count);
		if (headers() + all > OFFLOAD_MAX)
			continue;
		len = make(super, 0, 0, all, flags, true);
		ASSERT_EQ(segmenter_begin(&s, super, len, size), 0);
		for (size_t i = 0; i < count; i++) {
			size_t n = segmenter_next(&s, packets[i]);

			if (i == 0)
				ASSERT_EQ(coalescer_begin(&c, packets[i], n), 0);
			else
				ASSERT(coalescer_take(&c, packets[i], n));
			memcpy(whole + (i == 0 ? 0 : headers() + i * size),
			    packets[i] + (i == 0 ? 0 : headers()), n - (i == 0 ? 0 : headers()));
		}
		coalescer_end(&c);
		memcpy(whole, packets[0], headers());
		ASSERT_EQ(c.count, count);
		if (count == 1)
			continue;
		ASSERT_EQ(c.len, len);
		ASSERT_EQ(c.size, size);
		ASSERT_MEM(whole, super, len);
	}
}

/* One byte of the second of two packets is changed, after which its checksums are right again. */
static bool
is_taken_with(size_t at, uint8_t change)
{
	uint8_t first[PACKET_MAX], second[PACKET_MAX];
	size_t len = make(first, 0, 0, 100, ACK, false), body = flow.v6 ? 40 : 20;
	uint8_t *sum = second + body + (flow.tcp ? 16 : 6);
	struct coalescer c;

	ASSERT_EQ(make(second, 1, 100, 100, ACK, false), len);
	second[at] ^= change;
	if (!flow.v6) {
		put_be16(second + 10, 0);
		put_be16(second + 10, (uint16_t)~slow_sum(second, 20, 0));
	}
	put_be16(sum, 0);
	put_be16(sum, (uint16_t)~slow_sum(second + body, len - body,
	    slow_sum(second + (flow.v6 ? 8 : 12), flow.v6 ? 32 : 8, 0) + (flow.tcp ? 6u : 17u) +
		(uint32_t)(len - body)));
	if (!flow.tcp && be16(sum) == 0)
		put_be16(sum, 0xffff);
	ASSERT_EQ(coalescer_begin(&c, first, len), 0);
	return coalescer_take(&c, second, len);
}

TEST(no_byte_of_the_headers_may_differ_but_those_that_are_made_anew)
{
	for (int round = 0; round < 40; round++) {
		any_flow();
		for (size_t at = 0; at < headers(); at++) {
			size_t body = flow.v6 ? 40 : 20;
			uint8_t change = (uint8_t)(1 << test_below(8));
			bool push = flow.tcp && at == body + 13 && change == PSH;
			bool remade = at == body + (flow.tcp ? 16 : 6) ||
			    at == body + (flow.tcp ? 17 : 7) || (!flow.v6 && (at == 10 || at == 11)) ||
			    (!flow.v6 && flow.fragment != 0 && (at == 4 || at == 5));

			ASSERT_EQ(is_taken_with(at, change), remade || push);
		}
		/* PSH may come, and is the last then. */
		if (flow.tcp)
			ASSERT(is_taken_with((flow.v6 ? 40 : 20) + 13, PSH));
		ASSERT(is_taken_with(headers() + test_below(100), 1));
	}
}

TEST(a_wrong_checksum_is_never_blessed)
{
	uint8_t first[PACKET_MAX], second[PACKET_MAX];
	struct coalescer c;

	for (int round = 0; round < 100; round++) {
		size_t len, at;

		any_flow();
		len = make(first, 0, 0, 100, ACK, false);
		make(second, 1, 100, 100, ACK, false);
		at = headers() + test_below(100);
		(round % 2 == 0 ? first : second)[at] ^= (uint8_t)(1 << test_below(8));
		ASSERT_EQ(coalescer_begin(&c, first, len), 0);
		ASSERT(!coalescer_take(&c, second, len));
		ASSERT_EQ(c.count, 1);
	}
}

TEST(nothing_follows_a_shorter_packet_or_a_push)
{
	uint8_t first[PACKET_MAX], second[PACKET_MAX], third[PACKET_MAX];
	struct coalescer c;
	size_t len;

	any_flow();
	flow.tcp = true;
	len = make(first, 0, 0, 100, ACK, false);
	ASSERT_EQ(coalescer_begin(&c, first, len), 0);
	ASSERT(!coalescer_take(&c, second, make(second, 1, 100, 101, ACK, false)));
	ASSERT(coalescer_take(&c, second, make(second, 1, 100, 99, ACK, false)));
	ASSERT(!coalescer_take(&c, third, make(third, 2, 199, 99, ACK, false)));

	len = make(first, 0, 0, 100, ACK, false);
	ASSERT_EQ(coalescer_begin(&c, first, len), 0);
	ASSERT(coalescer_take(&c, second, make(second, 1, 100, 100, ACK | PSH, false)));
	ASSERT(!coalescer_take(&c, third, make(third, 2, 200, 100, ACK, false)));

	len = make(first, 0, 0, 100, ACK | PSH, false);
	ASSERT_EQ(coalescer_begin(&c, first, len), 0);
	ASSERT(!coalescer_take(&c, second, make(second, 1, 100, 100, ACK, false)));
}

TEST(a_super_packet_has_its_limits)
{
	static uint8_t packets[OFFLOAD_PACKETS_MAX + 1][PACKET_MAX];
	struct coalescer c;

	for (int round = 0; round < 20; round++) {
		size_t size = round % 2 == 0 ? 10 : 1400, at = size, most;

		any_flow();
		most = min_u64(OFFLOAD_PACKETS_MAX, (OFFLOAD_MAX - headers()) / size);
		ASSERT_EQ(coalescer_begin(&c, packets[0], make(packets[0], 0, 0, size, ACK, false)), 0);
		for (uint16_t i = 1; i < most; i++, at += size)
			ASSERT(coalescer_take(&c, packets[i], make(packets[i], i, at, size, ACK, false)));
		ASSERT(!coalescer_take(&c, packets[most],
		    make(packets[most], (uint16_t)most, at, size, ACK, false)));
	}
}

TEST(what_says_more_than_ack_begins_nothing)
{
	uint8_t p[PACKET_MAX];
	struct coalescer c;

	any_flow();
	flow.tcp = true;
	for (unsigned flags = 0; flags < 256; flags++) {
		size_t len = make(p, 0, 0, 100, (uint8_t)flags, false);

		ASSERT_EQ(coalescer_begin(&c, p, len) == 0, (flags & ~(unsigned)PSH) == ACK);
	}
	ASSERT_EQ(coalescer_begin(&c, p, make(p, 0, 0, 0, ACK, false)), ERR_FORMAT);
	flow.v6 = false;
	for (unsigned i = 0; i < 16; i++) {
		flow.fragment = (uint16_t)(1 << i);
		ASSERT_EQ(coalescer_begin(&c, p, make(p, 0, 0, 9, ACK, false)) == 0, i == 14);
	}
}

TEST(a_datagram_without_a_checksum_stays_alone)
{
	uint8_t p[PACKET_MAX];
	struct coalescer c;
	size_t len;

	any_flow();
	flow.tcp = flow.v6 = false;
	len = make(p, 0, 0, 100, 0, false);
	ASSERT_EQ(coalescer_begin(&c, p, len), 0);
	put_be16(p + 26, 0);
	ASSERT_EQ(coalescer_begin(&c, p, len), ERR_FORMAT);
}

TEST(a_partial_checksum_is_completed)
{
	uint8_t partial[PACKET_MAX], whole[PACKET_MAX];

	for (int round = 0; round < 200; round++) {
		size_t size = test_below(1400), len;

		any_flow();
		len = make(partial, 0, 0, size, ACK, true);
		make(whole, 0, 0, size, ACK, false);
		ASSERT_EQ(offload_complete(partial, len, flow.v6 ? 40 : 20,
			      flow.tcp ? OFFLOAD_TCP_CHECKSUM : OFFLOAD_UDP_CHECKSUM), 0);
		ASSERT_MEM(partial, whole, len);
	}
}

TEST(what_is_no_super_packet_is_refused)
{
	static uint8_t p[OFFLOAD_MAX];
	struct segmenter s;
	size_t len;

	any_flow();
	flow.tcp = true;
	len = make(p, 0, 0, 20000, ACK, true);
	ASSERT_EQ(segmenter_begin(&s, p, len, 0), ERR_FORMAT);
	ASSERT_EQ(segmenter_begin(&s, p, len, PACKET_MAX - headers() + 1), ERR_FULL);
	ASSERT_EQ(segmenter_begin(&s, p, len - 1, 1000), ERR_SHORT);
	ASSERT_EQ(segmenter_begin(&s, p, len + 1, 1000), ERR_FORMAT);
	ASSERT_EQ(segmenter_begin(&s, p, make(p, 0, 0, 0, ACK, true), 1000), ERR_FORMAT);
	p[(flow.v6 ? 40 : 20) + 12] = 0x40;
	ASSERT_EQ(segmenter_begin(&s, p, headers(), 1000), ERR_FORMAT);
	ASSERT_EQ(offload_complete(p, 40, 40, 0), ERR_SHORT);
	ASSERT_EQ(offload_complete(p, 40, 30, 9), ERR_SHORT);
	ASSERT_EQ(offload_complete(p, 40, 41, 0), ERR_SHORT);
}
