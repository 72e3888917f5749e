/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_offload.c - any super-packet, cut and put together; any packets, joined where they may be.
 *
 * The first two bytes are the size of the pieces; a zero among them has the rest read as two
 * packets.
 */
#include "core/bytes.h"
#include "core/offload.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192

static void
demand(bool ok)
{
	if (!ok)
		abort();
}

/* All pieces but the last are of one length, together they carry all, and nothing more is read. */
static void
cut(const uint8_t *p, size_t len, size_t size)
{
	uint8_t piece[PACKET_MAX];
	struct segmenter s;
	size_t total = 0, last = size, n;

	if (segmenter_begin(&s, p, len, size) < 0)
		return;
	while ((n = segmenter_next(&s, piece)) > 0) {
		demand(n <= PACKET_MAX && n > s.header && last == size);
		last = n - s.header;
		demand(last <= size && memcmp(piece + s.header, p + s.header + total, last) == 0);
		total += last;
	}
	demand(s.header + total == len);
}

/* Two transport headers and payloads, but for the checksum, which has two spellings of zero. */
static bool
same_below_ip(const struct coalescer *c, const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t sum = c->body + (c->tcp ? OFFLOAD_TCP_CHECKSUM : OFFLOAD_UDP_CHECKSUM);

	return memcmp(a + c->body, b + c->body, sum - c->body) == 0 &&
	    memcmp(a + sum + 2, b + sum + 2, len - sum - 2) == 0;
}

/* Two packets that are joined and cut again are what they were. */
static void
join(uint8_t *first, size_t first_len, uint8_t *second, size_t len)
{
	uint8_t whole[2 * PACKET_MAX], piece[PACKET_MAX];
	struct coalescer c;
	struct segmenter s;

	if (first_len > PACKET_MAX || len > PACKET_MAX ||
	    coalescer_begin(&c, first, first_len) < 0 ||
	    !coalescer_take(&c, second, len))
		return;
	coalescer_end(&c);
	memcpy(whole, first, first_len);
	memcpy(whole + first_len, second + c.header, len - c.header);
	demand(c.len == first_len + len - c.header);
	demand(segmenter_begin(&s, whole, c.len, c.size) == 0);
	demand(segmenter_next(&s, piece) == first_len);
	demand(segmenter_next(&s, piece) == len);
	demand(same_below_ip(&c, piece, second, len));
	demand(segmenter_next(&s, piece) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t p[INPUT_MAX];
	size_t half = (size - 2) / 2;

	if (size < 4 || size > sizeof(p))
		return 0;
	memcpy(p, data, size);
	cut(p + 2, size - 2, be16(p));
	if (p[0] == 0)
		join(p + 2, half, p + 2 + half, size - 2 - half);
	(void)offload_complete(p + 2, size - 2, p[0], p[1]);
	return 0;
}
