/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * checksum.c - the Internet checksum.
 */
#include "core/checksum.h"

#include "core/bytes.h"

/*
 * Four sums at once. A lane gains at most 2 * 0xffff from each sixteen bytes, so that it does not
 * overflow within INET_SUM_MAX.
 */
typedef uint32_t lanes __attribute__((vector_size(16)));

static inline lanes
load(const uint8_t *p)
{
	lanes v;

	memcpy(&v, p, sizeof(v));
	return (v & 0xffff) + (v >> 16);
}

uint16_t
inet_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t
inet_sum(const uint8_t *p, size_t len)
{
	uint8_t rest[sizeof(lanes)] = { 0 }, ret[2];
	lanes a = { 0 }, b = { 0 };
	uint16_t sum;

	assert(len <= INET_SUM_MAX);
	for (; len >= 4 * sizeof(a); p += 4 * sizeof(a), len -= 4 * sizeof(a)) {
		a += load(p) + load(p + sizeof(a));
		b += load(p + 2 * sizeof(a)) + load(p + 3 * sizeof(a));
	}
	for (; len >= sizeof(a); p += sizeof(a), len -= sizeof(a))
		a += load(p);
	if (len > 0) {
		memcpy(rest, p, len);
		b += load(rest);
	}
	sum = inet_fold((uint64_t)a[0] + a[1] + a[2] + a[3] + b[0] + b[1] + b[2] + b[3]);
	memcpy(ret, &sum, sizeof(ret));
	return be16(ret);
}

uint16_t
inet_checksum(const uint8_t *p, size_t len, uint64_t start)
{
	return (uint16_t)~inet_fold(start + inet_sum(p, len));
}

uint32_t
inet_pseudo_sum(const uint8_t *p, uint8_t protocol, size_t len)
{
	uint32_t addresses = p[0] >> 4 == 4 ? inet_sum(p + 12, 8) : inet_sum(p + 8, 32);

	return addresses + protocol + (uint32_t)len;
}

void
inet_set_header_checksum(uint8_t *p, size_t header)
{
	put_be16(p + 10, 0);
	put_be16(p + 10, inet_checksum(p, header, 0));
}
