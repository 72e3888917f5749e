/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * addr.h - addresses: of the network below (struct addr) and inside the mesh (struct ip).
 *
 * Two types, because confusing them is a hole: an underlay endpoint says where bytes go and proves
 * nothing, an inner address says who somebody is. Both are plain values without padding, so that
 * they may be compared and hashed as bytes; unused bytes are zero.
 */
#ifndef CORE_ADDR_H
#define CORE_ADDR_H

#include "core/base.h"
#include "core/bytes.h"

enum {
	FAMILY_NONE = 0,
	FAMILY_V4 = 4,
	FAMILY_V6 = 6,
};

/* Where a datagram goes to or comes from. */
struct addr {
	uint8_t family; /* FAMILY_*; FAMILY_NONE: no address, all else zero */
	uint8_t zero;
	uint16_t port;	/* host order */
	uint32_t scope; /* interface index of a link-local IPv6 address, else 0 */
	uint8_t ip[16]; /* network order; IPv4 in the first four bytes */
};

/* An address inside the mesh. */
struct ip {
	uint8_t family;
	uint8_t b[16];
};

struct prefix {
	struct ip ip;
	uint8_t len; /* bits */
};

/* What an address is for, RFC 6890 in the few classes that matter here. */
enum addr_class {
	ADDR_CLASS_PUBLIC,
	ADDR_CLASS_PRIVATE,	/* RFC 1918, RFC 6598 (carrier NAT), unique local fc00::/7 */
	ADDR_CLASS_LINK_LOCAL,
	ADDR_CLASS_LOOPBACK,
	ADDR_CLASS_UNUSABLE,	/* multicast, broadcast, unspecified, 0/8, v4-mapped */
};

#define ADDR_TEXT_MAX	72 /* "[ffff:...:255.255.255.255%4294967295]:65535" and NUL */
#define PREFIX_TEXT_MAX 56

static inline bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Same host, whatever the port. */
bool addr_same_ip(const struct addr *a, const struct addr *b);

enum addr_class addr_class(const struct addr *a);

/* The host part of `a` as an inner address, for prefix_contains. */
struct ip addr_ip(const struct addr *a);

struct addr addr_from_ip(struct ip ip, uint16_t port);

/*
 * "192.0.2.1:7717", "[2001:db8::1]:7717", "[fe80::1%3]:7717". Without a port `port_default` is
 * taken, and none (0) refuses. An IPv6 address without brackets has no port. Never resolves names.
 * 0, or ERR_FORMAT.
 */
int addr_parse(struct addr *ret, const char *text, uint16_t port_default) must_check;

/* Writes at most ADDR_TEXT_MAX bytes, NUL included, and returns `to`. */
const char *addr_format(char to[static ADDR_TEXT_MAX], const struct addr *a);

static inline bool
ip_equal(struct ip a, struct ip b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static inline struct ip
ip_v4(const uint8_t b[static 4])
{
	struct ip ip = { .family = FAMILY_V4 };

	memcpy(ip.b, b, 4);
	return ip;
}

static inline struct ip
ip_v6(const uint8_t b[static 16])
{
	struct ip ip = { .family = FAMILY_V6 };

	memcpy(ip.b, b, 16);
	return ip;
}

/* 4 or 16 bytes, 0 for none. */
static inline size_t
ip_size(struct ip ip)
{
	return ip.family == FAMILY_V4 ? 4 : ip.family == FAMILY_V6 ? 16 : 0;
}

int ip_parse(struct ip *ret, const char *text) must_check;
const char *ip_format(char to[static ADDR_TEXT_MAX], struct ip ip);
enum addr_class ip_class(struct ip ip);

/* Orders families, then bytes; for sorted lists. */
int ip_compare(struct ip a, struct ip b);

/* "10.87.0.0/16"; without a length the whole address. Host bits must be zero. */
int prefix_parse(struct prefix *ret, const char *text) must_check;
const char *prefix_format(char to[static PREFIX_TEXT_MAX], struct prefix p);
bool prefix_contains(struct prefix p, struct ip ip);
bool prefix_within(struct prefix inner, struct prefix outer);
bool prefix_overlap(struct prefix a, struct prefix b);
bool prefix_host_bits_zero(struct prefix p);

/* The highest address in `p`. */
struct ip prefix_last(struct prefix p);

#endif
