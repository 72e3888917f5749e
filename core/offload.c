/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * offload.c - many packets of one flow as one, and one as many.
 */
#include "core/offload.h"

#include "core/bytes.h"
#include "core/checksum.h"
#include "core/icmp.h"

enum {
	V4_HEADER = 20,
	V6_HEADER = 40,
	V4_LEN = 2,
	V4_ID = 4,
	V4_FRAGMENT = 6,
	V4_DF = 0x4000,
	V4_PROTOCOL = 9,
	V4_ADDRESSES = 12,
	V6_LEN = 4,
	V6_NEXT = 6,
	V6_ADDRESSES = 8,

	TCP_HEADER = 20,
	TCP_SEQ = 4,
	TCP_ACK = 8,
	TCP_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_WINDOW = 14,
	TCP_URGENT = 18,
	FIN = 0x01,
	PSH = 0x08,
	ACK = 0x10,
	CWR = 0x80,

	UDP_HEADER = 8,
	UDP_LEN = 4,
};

static bool
is_v4(const uint8_t *p)
{
	return p[0] >> 4 == 4;
}

static uint8_t *
checksum_of(uint8_t *transport, bool tcp)
{
	return transport + (tcp ? OFFLOAD_TCP_CHECKSUM : OFFLOAD_UDP_CHECKSUM);
}

/* A UDP checksum that comes out as zero is sent as its other zero: 0 means that there is none. */
static void
put_checksum(uint8_t *at, uint16_t sum, bool tcp)
{
	put_be16(at, sum == 0 && !tcp ? 0xffff : sum);
}

int
offload_complete(uint8_t *p, size_t len, size_t start, size_t at)
{
	if (len > OFFLOAD_MAX || start > len || at + 2 > len - start)
		return ERR_SHORT;
	put_checksum(p + start + at, inet_checksum(p + start, len - start, 0),
	    at == OFFLOAD_TCP_CHECKSUM);
	return 0;
}

/*
 * Where a packet's transport and its payload begin. Only what is the rule: no options of IPv4, no
 * extension headers, no fragments.
 */
struct layout {
	uint32_t body;
	uint32_t header;
	bool tcp;
};

static int
find_transport(struct layout *l, const uint8_t *p, size_t len)
{
	uint8_t protocol;

	if (len < V4_HEADER)
		return ERR_SHORT;
	if (p[0] == 0x45 && be16(p + V4_LEN) == len &&
	    (be16(p + V4_FRAGMENT) & ~V4_DF) == 0) {
		l->body = V4_HEADER;
		protocol = p[V4_PROTOCOL];
	} else if (p[0] >> 4 == 6 && len >= V6_HEADER && be16(p + V6_LEN) == len - V6_HEADER) {
		l->body = V6_HEADER;
		protocol = p[V6_NEXT];
	} else {
		return ERR_FORMAT;
	}
	l->tcp = protocol == IPPROTO_OF_TCP;
	return l->tcp || protocol == IPPROTO_OF_UDP ? 0 : ERR_FORMAT;
}

/* The transport header at `l->body` is whole, and says of its length what is so. */
static int
find_payload(struct layout *l, const uint8_t *p, size_t len)
{
	const uint8_t *transport = p + l->body;
	size_t left = len - l->body, size = UDP_HEADER;

	if (left < (l->tcp ? TCP_HEADER : UDP_HEADER))
		return ERR_SHORT;
	if (l->tcp)
		size = (size_t)(transport[TCP_OFFSET] >> 4) * 4;
	else if (be16(transport + UDP_LEN) != left)
		return ERR_FORMAT;
	if (size < UDP_HEADER || (l->tcp && size < TCP_HEADER) || size > left)
		return ERR_FORMAT;
	l->header = l->body + (uint32_t)size;
	return 0;
}

static uint32_t
pseudo_sum(const uint8_t *p, const struct layout *l, size_t len)
{
	return inet_pseudo_sum(p, l->tcp ? IPPROTO_OF_TCP : IPPROTO_OF_UDP, len - l->body);
}

/*
 * Cutting
 */

int
segmenter_begin(struct segmenter *s, const uint8_t *p, size_t len, size_t size)
{
	struct layout l;
	struct inner in;
	int r = inner_parse(&in, p, len);

	if (r < 0)
		return r;
	if (in.fragment || in.len != len || len > OFFLOAD_MAX || size == 0 ||
	    (is_v4(p) && (be16(p + V4_FRAGMENT) & ~V4_DF) != 0) ||
	    (in.protocol != IPPROTO_OF_TCP && in.protocol != IPPROTO_OF_UDP))
		return ERR_FORMAT;
	l = (struct layout){ .body = in.body, .tcp = in.protocol == IPPROTO_OF_TCP };
	r = find_payload(&l, p, len);
	if (r < 0)
		return r;
	if (len == l.header)
		return ERR_FORMAT;
	if (size > PACKET_MAX - min_u64(PACKET_MAX, l.header))
		return ERR_FULL;
	*s = (struct segmenter){
		.p = p,
		.len = (uint32_t)len,
		.body = l.body,
		.header = l.header,
		.size = (uint32_t)size,
		.at = l.header,
		.tcp = l.tcp,
	};
	/* Taken from the field and not from the addresses: a routing header names another one. */
	s->pseudo = inet_fold((uint32_t)be16(p + l.body + (l.tcp ? OFFLOAD_TCP_CHECKSUM
								: OFFLOAD_UDP_CHECKSUM)) +
	    (uint16_t)~(len - l.body));
	return 0;
}

static void
cut_ip(const struct segmenter *s, uint8_t *to, size_t len)
{
	uint32_t number = (s->at - s->header) / s->size;

	if (!is_v4(to)) {
		put_be16(to + V6_LEN, (uint16_t)(len - V6_HEADER));
		return;
	}
	put_be16(to + V4_LEN, (uint16_t)len);
	put_be16(to + V4_ID, (uint16_t)(be16(s->p + V4_ID) + number));
	inet_set_header_checksum(to, (size_t)(to[0] & 15) * 4);
}

/* CWR is said once, FIN and PSH when all is said (RFC 3168 6.1.2, RFC 9293 3.8). */
static void
cut_tcp(const struct segmenter *s, uint8_t *tcp, bool last)
{
	put_be32(tcp + TCP_SEQ, be32(tcp + TCP_SEQ) + (s->at - s->header));
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t)~(FIN | PSH);
	if (s->at > s->header)
		tcp[TCP_FLAGS] &= (uint8_t)~CWR;
}

static void
cut_checksum(const struct segmenter *s, uint8_t *transport, size_t len)
{
	uint8_t *field = checksum_of(transport, s->tcp);
	uint32_t pseudo = (uint32_t)s->pseudo + (uint32_t)len;

	put_be16(field, 0);
	put_checksum(field, inet_checksum(transport, len, pseudo), s->tcp);
}

size_t
segmenter_next(struct segmenter *s, uint8_t *to)
{
	size_t payload = min_u64(s->size, s->len - s->at);
	size_t len = s->header + payload;
	uint8_t *transport = to + s->body;

	if (payload == 0)
		return 0;
	memcpy(to, s->p, s->header);
	memcpy(to + s->header, s->p + s->at, payload);
	cut_ip(s, to, len);
	if (s->tcp)
		cut_tcp(s, transport, s->at + payload == s->len);
	else
		put_be16(transport + UDP_LEN, (uint16_t)(len - s->body));
	cut_checksum(s, transport, len - s->body);
	s->at += (uint32_t)payload;
	return len;
}

/*
 * Putting together
 */

static bool
is_whole(const uint8_t *p, const struct layout *l, size_t len)
{
	return inet_fold(pseudo_sum(p, l, len) + inet_sum(p + l->body, len - l->body)) == 0xffff;
}

/* ACK, perhaps with PSH, is all that a packet of a stream says which others are joined to. */
static bool
is_plain_tcp(const uint8_t *tcp)
{
	return (tcp[TCP_FLAGS] & ~PSH) == ACK;
}

/* A packet that others may follow or that may follow others. */
static int
find_joinable(struct layout *l, const uint8_t *p, size_t len)
{
	int r = find_transport(l, p, len);

	if (r == 0)
		r = find_payload(l, p, len);
	if (r < 0)
		return r;
	if (len == l->header || (is_v4(p) && inet_sum(p, V4_HEADER) != 0xffff))
		return ERR_FORMAT;
	if (l->tcp)
		return is_plain_tcp(p + l->body) ? 0 : ERR_FORMAT;
	/* Without a checksum it would get one. */
	return be16(p + l->body + OFFLOAD_UDP_CHECKSUM) != 0 ? 0 : ERR_FORMAT;
}

int
coalescer_begin(struct coalescer *c, uint8_t *p, size_t len)
{
	struct layout l;
	int r = find_joinable(&l, p, len);

	if (r < 0)
		return r;
	*c = (struct coalescer){
		.p = p,
		.len = (uint32_t)len,
		.body = l.body,
		.header = l.header,
		.size = (uint32_t)len - l.header,
		.count = 1,
		.tcp = l.tcp,
	};
	if (l.tcp) {
		c->seq = be32(p + l.body + TCP_SEQ) + c->size;
		c->pushed = c->closed = (p[l.body + TCP_FLAGS] & PSH) != 0;
	}
	return 0;
}

bool
coalescer_same_flow(const struct coalescer *c, const uint8_t *p, size_t len)
{
	const uint8_t *q = c->p;

	if (len < c->body + 4 || p[0] != q[0] || memcmp(p + c->body, q + c->body, 4) != 0)
		return false;
	if (is_v4(q))
		return p[V4_PROTOCOL] == q[V4_PROTOCOL] &&
		    memcmp(p + V4_ADDRESSES, q + V4_ADDRESSES, 8) == 0;
	return p[V6_NEXT] == q[V6_NEXT] && memcmp(p + V6_ADDRESSES, q + V6_ADDRESSES, 32) == 0;
}

/* All of the IP header but the length, what numbers packets, and the checksum. */
static bool
same_ip(const struct coalescer *c, const uint8_t *p)
{
	const uint8_t *q = c->p;
	uint16_t id = (uint16_t)(be16(q + V4_ID) + c->count);

	if (!is_v4(q))
		return memcmp(p, q, V6_LEN) == 0 &&
		    memcmp(p + V6_NEXT, q + V6_NEXT, V6_HEADER - V6_NEXT) == 0;
	/* What is never cut into fragments has no number that means anything (RFC 6864 4.1). */
	if (be16(q + V4_FRAGMENT) != V4_DF && be16(p + V4_ID) != id)
		return false;
	return memcmp(p, q, V4_LEN) == 0 &&
	    memcmp(p + V4_FRAGMENT, q + V4_FRAGMENT, 4) == 0 &&
	    memcmp(p + V4_ADDRESSES, q + V4_ADDRESSES, 8) == 0;
}

/* All of the TCP header but sequence, PSH and the checksum. */
static bool
same_tcp(const struct coalescer *c, const uint8_t *p)
{
	const uint8_t *tcp = p + c->body, *first = c->p + c->body;
	size_t len = c->header - c->body;

	return be32(tcp + TCP_SEQ) == c->seq &&
	    memcmp(tcp + TCP_ACK, first + TCP_ACK, TCP_FLAGS - TCP_ACK) == 0 &&
	    memcmp(tcp + TCP_WINDOW, first + TCP_WINDOW, 2) == 0 &&
	    memcmp(tcp + TCP_URGENT, first + TCP_URGENT, len - TCP_URGENT) == 0;
}

/* Verifies the first packet when the second comes: one that stays alone is its receiver's. */
static bool
first_is_whole(struct coalescer *c, const struct layout *l)
{
	if (c->count > 1 || is_whole(c->p, l, c->len))
		return true;
	c->closed = true;
	return false;
}

bool
coalescer_take(struct coalescer *c, const uint8_t *p, size_t len)
{
	struct layout l;
	uint32_t payload;

	if (c->closed || c->count == OFFLOAD_PACKETS_MAX || !coalescer_same_flow(c, p, len) ||
	    find_joinable(&l, p, len) < 0 || l.header != c->header)
		return false;
	payload = (uint32_t)len - l.header;
	if (payload > c->size || c->len + payload > OFFLOAD_MAX || !same_ip(c, p) ||
	    (l.tcp && !same_tcp(c, p)))
		return false;
	if (!first_is_whole(c, &l) || !is_whole(p, &l, len))
		return false;
	c->pushed = l.tcp && (p[l.body + TCP_FLAGS] & PSH) != 0;
	c->closed = c->pushed || payload < c->size;
	c->seq += payload;
	c->len += payload;
	c->count++;
	return true;
}

void
coalescer_end(struct coalescer *c)
{
	struct layout l = { .body = c->body, .header = c->header, .tcp = c->tcp };
	uint8_t *transport = c->p + c->body;

	if (c->count < 2)
		return;
	if (is_v4(c->p)) {
		put_be16(c->p + V4_LEN, (uint16_t)c->len);
		inet_set_header_checksum(c->p, V4_HEADER);
	} else {
		put_be16(c->p + V6_LEN, (uint16_t)(c->len - V6_HEADER));
	}
	if (c->pushed)
		transport[TCP_FLAGS] |= PSH;
	if (!c->tcp)
		put_be16(transport + UDP_LEN, (uint16_t)(c->len - c->body));
	put_be16(checksum_of(transport, c->tcp), inet_fold(pseudo_sum(c->p, &l, c->len)));
}
