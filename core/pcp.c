/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcp.c - the Port Control Protocol: where the fields of RFC 6887 lie.
 */
#include "core/pcp.h"

#include <string.h>

#define RESPONSE     0x80 /* the R bit beside the opcode */
#define PROTOCOL_UDP 17

/* Section 7.1 and 7.2: the header, which is as long in both directions. */
enum {
	AT_VERSION = 0,
	AT_OPCODE = 1,
	AT_RESULT = 3, /* of a response */
	AT_LIFETIME = 4,
	AT_CLIENT = 8,
	AT_EPOCH = 8,
	HEADER = 24,
};

/* Section 11.1: what follows it in a MAP. */
enum {
	AT_NONCE = HEADER,
	AT_PROTOCOL = 36,
	AT_INTERNAL_PORT = 40,
	AT_EXTERNAL_PORT = 42,
	AT_EXTERNAL = 44,
	MAP_END = PCP_REQUEST_LEN,
};

/*
 * What a server of RFC 6886 says to a version that it does not know, at least (section 3.5); and its
 * epoch, which is where the lifetime is here (section 3.2).
 */
#define NATPMP_REFUSAL_MIN 4
#define NATPMP_EPOCH_END   8

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

static const char *const result_words[] = {
	[PCP_SUCCESS] = "SUCCESS",
	[PCP_UNSUPP_VERSION] = "UNSUPP_VERSION",
	[PCP_NOT_AUTHORIZED] = "NOT_AUTHORIZED",
	[PCP_MALFORMED_REQUEST] = "MALFORMED_REQUEST",
	[PCP_UNSUPP_OPCODE] = "UNSUPP_OPCODE",
	[PCP_UNSUPP_OPTION] = "UNSUPP_OPTION",
	[PCP_MALFORMED_OPTION] = "MALFORMED_OPTION",
	[PCP_NETWORK_FAILURE] = "NETWORK_FAILURE",
	[PCP_NO_RESOURCES] = "NO_RESOURCES",
	[PCP_UNSUPP_PROTOCOL] = "UNSUPP_PROTOCOL",
	[PCP_USER_EX_QUOTA] = "USER_EX_QUOTA",
	[PCP_CANNOT_PROVIDE_EXTERNAL] = "CANNOT_PROVIDE_EXTERNAL",
	[PCP_ADDRESS_MISMATCH] = "ADDRESS_MISMATCH",
	[PCP_EXCESSIVE_REMOTE_PEERS] = "EXCESSIVE_REMOTE_PEERS",
};

const char *
pcp_result_word(uint8_t result)
{
	return result < ARRAY_LEN(result_words) ? result_words[result] : "an unknown error";
}

/* Addresses are 16 bytes, IPv4 being mapped into IPv6 (section 5). */
static void
put_address(uint8_t to[static 16], uint8_t family, const uint8_t *ip)
{
	if (family == FAMILY_V4) {
		memcpy(to, v4_mapped, sizeof(v4_mapped));
		memcpy(to + sizeof(v4_mapped), ip, 4);
	} else {
		memcpy(to, ip, 16);
	}
}

/* "Any" is no address. */
static struct addr
address(const uint8_t p[static 16], uint16_t port)
{
	bool v4 = memcmp(p, v4_mapped, sizeof(v4_mapped)) == 0;
	struct addr a = addr_from_ip(v4 ? ip_v4(p + sizeof(v4_mapped)) : ip_v6(p), port);

	return addr_class(&a) == ADDR_CLASS_UNUSABLE ? (struct addr){ 0 } : a;
}

void
pcp_map_encode(uint8_t ret[static PCP_REQUEST_LEN], struct ip client, const struct pcp_map *map)
{
	memset(ret, 0, PCP_REQUEST_LEN);
	ret[AT_VERSION] = PCP_VERSION;
	ret[AT_OPCODE] = PCP_MAP;
	put_be32(ret + AT_LIFETIME, map->lifetime);
	put_address(ret + AT_CLIENT, client.family, client.b);
	memcpy(ret + AT_NONCE, map->nonce, sizeof(map->nonce));
	ret[AT_PROTOCOL] = PROTOCOL_UDP;
	put_be16(ret + AT_INTERNAL_PORT, map->internal_port);
	put_be16(ret + AT_EXTERNAL_PORT, map->external.port);
	put_address(ret + AT_EXTERNAL, client.family, map->external.ip);
}

/* Options are of no use to us, but they have to be whole (section 7.3). */
static int
check_options(const uint8_t *p, size_t len)
{
	while (len > 0) {
		size_t size;

		if (len < 4)
			return ERR_SHORT;
		size = 4 + ((size_t)be16(p + 2) + 3) / 4 * 4;
		if (size > len)
			return ERR_SHORT;
		p += size;
		len -= size;
	}
	return 0;
}

static int
decode_map(struct pcp_response *r, const uint8_t *p, size_t len)
{
	if (len < MAP_END)
		return ERR_SHORT;
	if (p[AT_PROTOCOL] != PROTOCOL_UDP)
		return ERR_FORMAT;
	memcpy(r->map.nonce, p + AT_NONCE, sizeof(r->map.nonce));
	r->map.lifetime = r->lifetime;
	r->map.internal_port = be16(p + AT_INTERNAL_PORT);
	r->map.external = address(p + AT_EXTERNAL, be16(p + AT_EXTERNAL_PORT));
	return check_options(p + MAP_END, len - MAP_END);
}

int
pcp_response_decode(struct pcp_response *ret, const uint8_t *p, size_t len)
{
	struct pcp_response r = { 0 };
	int rc = 0;

	if (len < NATPMP_REFUSAL_MIN)
		return ERR_SHORT;
	if (len > PCP_LEN_MAX)
		return ERR_EXCESS;
	if ((p[AT_OPCODE] & RESPONSE) == 0)
		return ERR_FORMAT;
	r.version = p[AT_VERSION];
	r.opcode = p[AT_OPCODE] & ~RESPONSE;
	r.result = p[AT_RESULT];
	if (r.version != PCP_VERSION) {
		r.epoch = r.version == 0 && len >= NATPMP_EPOCH_END ? be32(p + AT_LIFETIME) : 0;
		*ret = r;
		return 0;
	}
	if (len < HEADER)
		return ERR_SHORT;
	r.lifetime = be32(p + AT_LIFETIME);
	r.epoch = be32(p + AT_EPOCH);
	if (r.opcode == PCP_MAP)
		rc = decode_map(&r, p, len);
	else if (r.opcode == PCP_ANNOUNCE)
		rc = check_options(p + HEADER, len - HEADER);
	else
		rc = ERR_FORMAT;
	if (rc == 0)
		*ret = r;
	return rc;
}
