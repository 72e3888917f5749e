/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stun.c - Binding requests of RFC 8489. Everything is in network byte order here.
 */
#include "lighthouse/stun.h"
#include "core/bytes.h"

#include <string.h>

#define HEADER          20
#define MAGIC           0x2112a442u
#define BINDING_REQUEST 0x0001
#define BINDING_SUCCESS 0x0101
#define BINDING_ERROR   0x0111
#define FINGERPRINT_XOR 0x5354554eu
#define UNKNOWN_MAX     8 /* attributes named in a 420 */

enum attribute {
	ATTR_ERROR_CODE = 0x0009,
	ATTR_UNKNOWN = 0x000a,
	ATTR_XOR_MAPPED = 0x0020,
	ATTR_FINGERPRINT = 0x8028,
};

/* Attributes from here on may be passed over (RFC 8489, 14). */
#define COMPREHENSION_OPTIONAL 0x8000

bool
stun_is(const uint8_t *p, size_t len)
{
	return len >= HEADER && p[0] >> 6 == 0 && be32(p + 4) == MAGIC &&
	       be16(p + 2) == len - HEADER && len % 4 == 0;
}

/* CRC-32 of ITU V.42, bit by bit: requests are short and rare. */
static uint32_t
crc32(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

struct request {
	bool fingerprint;
	unsigned unknown_count;
	uint16_t unknown[UNKNOWN_MAX];
};

/* FINGERPRINT comes last and covers all that is before it. */
static bool
fingerprint_holds(const uint8_t *p, size_t at, size_t len)
{
	return at + 8 == len && be16(p + at + 2) == 4 &&
	       be32(p + at + 4) == (crc32(p, at) ^ FINGERPRINT_XOR);
}

/* Reads the attributes. False: damaged. */
static bool
request_read(struct request *ret, const uint8_t *p, size_t len)
{
	for (size_t at = HEADER; at < len;) {
		size_t left = len - at, size;
		uint16_t type;

		if (left < 4)
			return false;
		type = be16(p + at);
		size = 4 + (((size_t)be16(p + at + 2) + 3) & ~(size_t)3);
		if (size > left)
			return false;
		if (type == ATTR_FINGERPRINT) {
			ret->fingerprint = true;
			return fingerprint_holds(p, at, len);
		}
		if (type < COMPREHENSION_OPTIONAL && ret->unknown_count < UNKNOWN_MAX)
			ret->unknown[ret->unknown_count++] = type;
		at += size;
	}
	return true;
}

/* An attribute's header; its value, padded to 4, is the caller's to fill. */
static uint8_t *
attribute(uint8_t *to, size_t *len, enum attribute type, size_t size)
{
	uint8_t *p = to + *len;

	put_be16(p, type);
	put_be16(p + 2, (uint16_t)size);
	*len += 4 + ((size + 3) & ~(size_t)3);
	return p + 4;
}

static void
put_mapped(uint8_t *to, size_t *len, const struct addr *from)
{
	size_t size = from->family == FAMILY_V4 ? 4 : 16;
	uint8_t *p = attribute(to, len, ATTR_XOR_MAPPED, 4 + size);

	p[0] = 0;
	p[1] = from->family == FAMILY_V4 ? 1 : 2;
	put_be16(p + 2, from->port ^ (MAGIC >> 16));
	/* With the cookie and, for IPv6, the transaction id that follows it. */
	for (size_t i = 0; i < size; i++)
		p[4 + i] = from->ip[i] ^ to[4 + i];
}

static void
put_unknown(uint8_t *to, size_t *len, const struct request *r)
{
	uint8_t *p = attribute(to, len, ATTR_ERROR_CODE, 4);

	put_be32(p, 4 << 8 | 20); /* 420 Unknown Attribute, no reason phrase */
	p = attribute(to, len, ATTR_UNKNOWN, 2 * (size_t)r->unknown_count);
	for (unsigned i = 0; i < r->unknown_count; i++)
		put_be16(p + 2 * (size_t)i, r->unknown[i]);
}

size_t
stun_answer(uint8_t to[static STUN_ANSWER_MAX], const uint8_t *p, size_t len,
    const struct addr *from)
{
	struct request r = { 0 };
	size_t used = HEADER;

	if (be16(p) != BINDING_REQUEST || !request_read(&r, p, len))
		return 0;
	memset(to, 0, STUN_ANSWER_MAX);
	memcpy(to, p, HEADER);
	put_be16(to, r.unknown_count > 0 ? BINDING_ERROR : BINDING_SUCCESS);
	if (r.unknown_count > 0)
		put_unknown(to, &used, &r);
	else
		put_mapped(to, &used, from);
	if (r.fingerprint) {
		uint8_t *value = attribute(to, &used, ATTR_FINGERPRINT, 4);

		/* The length counts FINGERPRINT, the checksum stops before it. */
		put_be16(to + 2, (uint16_t)(used - HEADER));
		put_be32(value, crc32(to, used - 8) ^ FINGERPRINT_XOR);
	}
	put_be16(to + 2, (uint16_t)(used - HEADER));
	return used;
}
