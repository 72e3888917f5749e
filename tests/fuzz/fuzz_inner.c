/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_inner.c - any inner packet: read, made to fit, and complained about.
 *
 * Making a SYN smaller changes no byte but its option and checksum, and what the packet adds up to
 * stays the same.
 */
#include "core/bytes.h"
#include "core/checksum.h"
#include "core/mss.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define PACKET_LEN_MAX 2048

static void
demand(bool ok)
{
	if (!ok)
		abort();
}

/* One's complement has two zeros. */
static uint16_t
sum_of(const uint8_t *p, size_t len)
{
	uint16_t sum = inet_checksum(p, len, 0);

	return sum == 0xffff ? 0 : sum;
}

static void
check_clamp(uint8_t *p, const struct inner *in, uint32_t mtu)
{
	uint8_t before[PACKET_LEN_MAX];
	struct inner after;
	size_t changed = 0;

	memcpy(before, p, in->len);
	if (!mss_clamp(p, in, mtu)) {
		demand(memcmp(before, p, in->len) == 0);
		return;
	}
	for (size_t i = 0; i < in->len; i++)
		changed += before[i] != p[i];
	demand(changed <= 4);
	demand(sum_of(before + in->body, in->len - in->body) ==
	    sum_of(p + in->body, in->len - in->body));
	demand(inner_parse(&after, p, in->len) == 0 && after.len == in->len);
	demand(!mss_clamp(p, in, mtu));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t p[PACKET_LEN_MAX], error[ICMP_ERROR_MAX];
	struct inner in, quoted;

	if (size > sizeof(p))
		return 0;
	memcpy(p, data, size);
	if (inner_parse(&in, p, size) < 0)
		return 0;
	check_clamp(p, &in, 1280);
	(void)inner_parse_quoted(&quoted, p, &in);
	demand(icmp_too_big_make(error, p, &in, 1280) <= sizeof(error));
	demand(icmp_unreachable_make(error, p, &in) <= sizeof(error));
	return 0;
}
