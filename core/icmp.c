/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp.c - reading inner IP headers, and the few ICMP messages that the mesh says itself.
 */
#include "core/icmp.h"

#include "core/checksum.h"

enum {
	V4_HEADER = 20,
	V6_HEADER = 40,
	ICMP_HEADER = 8,

	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER = 12,
	ICMP4_CODE_HOST = 1,
	ICMP4_CODE_TOO_BIG = 4,

	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_FIRST_INFORMATION = 128, /* RFC 4443 2.1: error messages are below */
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_CODE_ADDRESS = 3,

	HOPS = 64,
	QUOTE_V4_MAX = 548, /* RFC 1812 4.3.2.3: the error is at most 576 bytes */
};

static enum icmp_kind
icmp4_kind(uint8_t type)
{
	switch (type) {
	case ICMP4_ECHO:
		return ICMP_ECHO;
	case ICMP4_ECHO_REPLY:
		return ICMP_ECHO_REPLY;
	case ICMP4_UNREACHABLE:
	case ICMP4_QUENCH:
	case ICMP4_REDIRECT:
	case ICMP4_TIME_EXCEEDED:
	case ICMP4_PARAMETER:
		return ICMP_ERROR;
	default:
		return ICMP_OTHER;
	}
}

static enum icmp_kind
icmp6_kind(uint8_t type)
{
	if (type < ICMP6_FIRST_INFORMATION)
		return ICMP_ERROR;
	return type == ICMP6_ECHO	? ICMP_ECHO :
	    type == ICMP6_ECHO_REPLY ? ICMP_ECHO_REPLY :
				       ICMP_OTHER;
}

/* Ports and ICMP type. `left` is what is there of the transport header and its payload. */
static int
parse_transport(struct inner *in, const uint8_t *p, size_t left)
{
	if (in->fragment)
		return 0;
	switch (in->protocol) {
	case IPPROTO_OF_TCP:
	case IPPROTO_OF_UDP:
		if (left < 4)
			return ERR_SHORT;
		in->sport = be16(p);
		in->dport = be16(p + 2);
		return 0;
	case IPPROTO_OF_ICMP:
	case IPPROTO_OF_ICMP6:
		if (left < ICMP_HEADER)
			return ERR_SHORT;
		in->icmp = in->protocol == IPPROTO_OF_ICMP ? icmp4_kind(p[0]) : icmp6_kind(p[0]);
		if (in->icmp == ICMP_ECHO || in->icmp == ICMP_ECHO_REPLY) {
			in->sport = in->dport = be16(p + 4);
			in->seq = be16(p + 6);
		}
		return 0;
	default:
		return 0;
	}
}

static int
parse_v4(struct inner *in, const uint8_t *p, size_t len, bool quoted)
{
	size_t header;
	uint16_t offset;

	if (len < V4_HEADER)
		return ERR_SHORT;
	header = (size_t)(p[0] & 15) * 4;
	in->len = be16(p + 2);
	if (header < V4_HEADER || in->len < header)
		return ERR_FORMAT;
	if (len < header || (!quoted && len < in->len))
		return ERR_SHORT;
	offset = be16(p + 6);
	in->dont_fragment = (offset & 0x4000) != 0;
	in->fragment = (offset & 0x1fff) != 0;
	in->protocol = p[9];
	in->src = ip_v4(p + 12);
	in->dst = ip_v4(p + 16);
	in->body = (uint32_t)header;
	return parse_transport(in, p + header, min_u64(len, in->len) - header);
}

/* RFC 8200 4: hop-by-hop, routing, destination options; fragment; AH is not skipped. */
static bool
is_extension(uint8_t next)
{
	return next == 0 || next == 43 || next == 60 || next == 44;
}

static int
parse_v6(struct inner *in, const uint8_t *p, size_t len, bool quoted)
{
	size_t at = V6_HEADER, end;
	uint8_t next;

	if (len < V6_HEADER)
		return ERR_SHORT;
	in->len = V6_HEADER + (uint32_t)be16(p + 4);
	if (!quoted && len < in->len)
		return ERR_SHORT;
	end = min_u64(len, in->len);
	in->dont_fragment = true;
	in->src = ip_v6(p + 8);
	in->dst = ip_v6(p + 24);
	next = p[6];
	while (is_extension(next) && !in->fragment) {
		const uint8_t *header = p + at;

		if (end - at < 8)
			return ERR_SHORT;
		if (next == 44)
			in->fragment = (be16(header + 2) & 0xfff8) != 0;
		at += next == 44 ? 8 : ((size_t)header[1] + 1) * 8;
		next = header[0];
		if (at > end)
			return ERR_SHORT;
	}
	in->protocol = next;
	in->body = (uint32_t)at;
	return parse_transport(in, p + at, end - at);
}

static int
parse(struct inner *ret, const uint8_t *p, size_t len, bool quoted)
{
	struct inner in = { 0 };
	int r;

	if (len < 1)
		return ERR_SHORT;
	r = p[0] >> 4 == 4 ? parse_v4(&in, p, len, quoted) :
	    p[0] >> 4 == 6 ? parse_v6(&in, p, len, quoted) :
			     ERR_FORMAT;
	if (r < 0)
		return r;
	*ret = in;
	return 0;
}

int
inner_parse(struct inner *ret, const uint8_t *p, size_t len)
{
	return parse(ret, p, len, false);
}

int
inner_parse_quoted(struct inner *ret, const uint8_t *p, const struct inner *error)
{
	size_t at = error->body + ICMP_HEADER;

	if (error->icmp != ICMP_ERROR)
		return ERR_FORMAT;
	return at >= error->len ? ERR_SHORT : parse(ret, p + at, error->len - at, true);
}

/* Fills in the checksum of the ICMP message of `len` bytes that follows the header at `p`. */
static void
set_icmp_checksum(uint8_t *p, size_t body, size_t len)
{
	uint32_t start = p[0] >> 4 == 6 ? inet_pseudo_sum(p, IPPROTO_OF_ICMP6, len) : 0;

	put_be16(p + body + 2, 0);
	put_be16(p + body + 2, inet_checksum(p + body, len, start));
}

void
icmp_echo_turn(uint8_t *p, const struct inner *in)
{
	size_t size = ip_size(in->src);
	uint8_t *src = p + (size == 4 ? 12 : 8);

	memcpy(src, in->dst.b, size);
	memcpy(src + size, in->src.b, size);
	p[in->body] = size == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	if (size == 4) {
		p[8] = HOPS;
		inet_set_header_checksum(p, in->body);
	} else {
		p[7] = HOPS;
	}
	set_icmp_checksum(p, in->body, in->len - in->body);
}

/* Writes an IP header for `len` bytes of ICMP from `src` to `dst` and returns its size. */
static size_t
write_header(uint8_t *to, struct ip src, struct ip dst, size_t len)
{
	if (src.family == FAMILY_V4) {
		memset(to, 0, V4_HEADER);
		to[0] = 0x45;
		put_be16(to + 2, (uint16_t)(V4_HEADER + len));
		to[8] = HOPS;
		to[9] = IPPROTO_OF_ICMP;
		memcpy(to + 12, src.b, 4);
		memcpy(to + 16, dst.b, 4);
		inet_set_header_checksum(to, V4_HEADER);
		return V4_HEADER;
	}
	memset(to, 0, V6_HEADER);
	to[0] = 0x60;
	put_be16(to + 4, (uint16_t)len);
	to[6] = IPPROTO_OF_ICMP6;
	to[7] = HOPS;
	memcpy(to + 8, src.b, 16);
	memcpy(to + 24, dst.b, 16);
	return V6_HEADER;
}

size_t
icmp_echo_make(uint8_t *to, struct ip src, struct ip dst, uint16_t id, uint16_t seq,
    size_t payload_len)
{
	size_t len = ICMP_HEADER + payload_len;
	size_t header = write_header(to, src, dst, len);
	uint8_t *body = to + header;

	assert(payload_len <= ICMP_ECHO_PAYLOAD_MAX && src.family == dst.family);
	memset(body, 0, ICMP_HEADER);
	body[0] = src.family == FAMILY_V4 ? ICMP4_ECHO : ICMP6_ECHO;
	put_be16(body + 4, id);
	put_be16(body + 6, seq);
	for (size_t i = 0; i < payload_len; i++)
		body[ICMP_HEADER + i] = (uint8_t)i;
	set_icmp_checksum(to, header, len);
	return header + len;
}

/* An error about `p` with the four bytes of `rest` after the checksum. */
static size_t
make_error(uint8_t *to, const uint8_t *p, const struct inner *in, uint8_t type, uint8_t code,
    uint32_t rest)
{
	bool v4 = in->src.family == FAMILY_V4;
	size_t quote_max = v4 ? QUOTE_V4_MAX : ICMP_ERROR_MAX - V6_HEADER - ICMP_HEADER;
	size_t quote = min_u64(in->len, quote_max);
	size_t len = ICMP_HEADER + quote;
	size_t header;

	if (in->icmp == ICMP_ERROR || in->fragment)
		return 0;
	header = write_header(to, in->dst, in->src, len);
	to[header] = type;
	to[header + 1] = code;
	put_be32(to + header + 4, rest);
	memcpy(to + header + ICMP_HEADER, p, quote);
	set_icmp_checksum(to, header, len);
	return header + len;
}

size_t
icmp_too_big_make(uint8_t *to, const uint8_t *p, const struct inner *in, uint32_t mtu)
{
	if (in->src.family == FAMILY_V4)
		return make_error(to, p, in, ICMP4_UNREACHABLE, ICMP4_CODE_TOO_BIG, mtu);
	return make_error(to, p, in, ICMP6_TOO_BIG, 0, mtu);
}

size_t
icmp_unreachable_make(uint8_t *to, const uint8_t *p, const struct inner *in)
{
	if (in->src.family == FAMILY_V4)
		return make_error(to, p, in, ICMP4_UNREACHABLE, ICMP4_CODE_HOST, 0);
	return make_error(to, p, in, ICMP6_UNREACHABLE, ICMP6_CODE_ADDRESS, 0);
}
