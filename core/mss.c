/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mss.c - the one option of TCP that is rewritten.
 */
#include "core/mss.h"

#include "core/bytes.h"

enum {
	TCP_HEADER = 20,
	TCP_OFFSET = 12, /* of the byte with the header's length */
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
	TCP_SYN = 2,

	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	MSS_LEN = 4,

	/* What IP and TCP take without options, which RFC 6691 has the sender subtract itself. */
	HEADERS_V4 = 20 + TCP_HEADER,
	HEADERS_V6 = 40 + TCP_HEADER,
};

/* Where in the header of `len` bytes at `tcp` the value of the option is; 0: it has none. */
static size_t
find_mss(const uint8_t *tcp, size_t len)
{
	size_t at = TCP_HEADER;

	while (at < len && tcp[at] != OPTION_END) {
		if (tcp[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (len - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > len - at)
			return 0;
		if (tcp[at] == OPTION_MSS)
			return tcp[at + 1] == MSS_LEN ? at + 2 : 0;
		at += tcp[at + 1];
	}
	return 0;
}

static uint16_t
swap(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

/* RFC 1624, equation 3. At an odd offset the value lies across two words of the sum. */
static void
update_checksum(uint8_t *tcp, size_t at, uint16_t old, uint16_t new)
{
	uint32_t sum = (uint16_t)~be16(tcp + TCP_CHECKSUM);

	sum += (uint16_t)~(at % 2 == 0 ? old : swap(old));
	sum += at % 2 == 0 ? new : swap(new);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	put_be16(tcp + TCP_CHECKSUM, (uint16_t)~sum);
}

bool
mss_clamp(uint8_t *p, const struct inner *in, uint32_t mtu)
{
	uint8_t *tcp = p + in->body;
	uint32_t most = mtu - (in->src.family == FAMILY_V4 ? HEADERS_V4 : HEADERS_V6);
	size_t left = in->len - in->body, len, at;
	uint16_t offered;

	if (in->protocol != IPPROTO_OF_TCP || in->fragment || left < TCP_HEADER ||
	    (tcp[TCP_FLAGS] & TCP_SYN) == 0)
		return false;
	len = (size_t)(tcp[TCP_OFFSET] >> 4) * 4;
	if (len < TCP_HEADER || len > left)
		return false;
	at = find_mss(tcp, len);
	if (at == 0 || be16(tcp + at) <= most)
		return false;
	offered = be16(tcp + at);
	put_be16(tcp + at, (uint16_t)most);
	update_checksum(tcp, at, offered, (uint16_t)most);
	return true;
}
