/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * addr.c - parsing, printing and classing addresses.
 */
#include "core/addr.h"
#include "core/text.h"

#include <arpa/inet.h>
#include <stdio.h>

static enum addr_class
class_v4(const uint8_t *b)
{
	if (b[0] == 127)
		return ADDR_CLASS_LOOPBACK;
	if (b[0] == 0 || b[0] >= 224)
		return ADDR_CLASS_UNUSABLE;
	if (b[0] == 169 && b[1] == 254)
		return ADDR_CLASS_LINK_LOCAL;
	if (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	    (b[0] == 100 && (b[1] & 0xc0) == 64))
		return ADDR_CLASS_PRIVATE;
	return ADDR_CLASS_PUBLIC;
}

static enum addr_class
class_v6(const uint8_t *b)
{
	static const uint8_t zeros[15];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(b, zeros, 15) == 0)
		return b[15] == 1 ? ADDR_CLASS_LOOPBACK : ADDR_CLASS_UNUSABLE;
	if (b[0] == 0xff || memcmp(b, mapped, sizeof(mapped)) == 0)
		return ADDR_CLASS_UNUSABLE;
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return ADDR_CLASS_LINK_LOCAL;
	if ((b[0] & 0xfe) == 0xfc)
		return ADDR_CLASS_PRIVATE;
	return ADDR_CLASS_PUBLIC;
}

enum addr_class
ip_class(struct ip ip)
{
	return ip.family == FAMILY_V4 ? class_v4(ip.b) :
	    ip.family == FAMILY_V6    ? class_v6(ip.b) :
					ADDR_CLASS_UNUSABLE;
}

enum addr_class
addr_class(const struct addr *a)
{
	return ip_class(addr_ip(a));
}

bool
addr_same_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, 16) == 0;
}

struct ip
addr_ip(const struct addr *a)
{
	struct ip ip = { .family = a->family };

	memcpy(ip.b, a->ip, sizeof(ip.b));
	return ip;
}

struct addr
addr_from_ip(struct ip ip, uint16_t port)
{
	struct addr a = { .family = ip.family, .port = port };

	memcpy(a.ip, ip.b, sizeof(a.ip));
	return a;
}

int
ip_parse(struct ip *ret, const char *text)
{
	uint8_t b[16];

	if (inet_pton(AF_INET, text, b) == 1)
		*ret = ip_v4(b);
	else if (inet_pton(AF_INET6, text, b) == 1)
		*ret = ip_v6(b);
	else
		return ERR_FORMAT;
	return 0;
}

const char *
ip_format(char to[static ADDR_TEXT_MAX], struct ip ip)
{
	int af = ip.family == FAMILY_V4 ? AF_INET : AF_INET6;

	if (ip.family == FAMILY_NONE || inet_ntop(af, ip.b, to, ADDR_TEXT_MAX) == NULL)
		memcpy(to, "none", 5);
	return to;
}

int
ip_compare(struct ip a, struct ip b)
{
	return memcmp(&a, &b, sizeof(a));
}

/* Splits "[host]:port", "host:port" or "host" in place. `*port` is NULL when none is given. */
static int
split_port(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');

	*host = text;
	*port = NULL;
	if (text[0] == '[') {
		char *close = strchr(text, ']');

		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return ERR_FORMAT;
		*close = '\0';
		*host = text + 1;
		*port = close[1] == ':' ? close + 2 : NULL;
	} else if (colon != NULL && strchr(text, ':') == colon) {
		*colon = '\0';
		*port = colon + 1;
	}
	return 0;
}

int
addr_parse(struct addr *ret, const char *text, uint16_t port_default)
{
	char buf[ADDR_TEXT_MAX];
	char *host, *port, *percent;
	uint64_t n = port_default, scope = 0;
	struct ip ip;

	if (strlen(text) >= sizeof(buf))
		return ERR_FORMAT;
	memcpy(buf, text, strlen(text) + 1);
	if (split_port(buf, &host, &port) < 0)
		return ERR_FORMAT;
	if (port != NULL && text_u64(&n, port, 1, UINT16_MAX) < 0)
		return ERR_FORMAT;
	percent = strchr(host, '%');
	if (percent != NULL) {
		*percent = '\0';
		if (text_u64(&scope, percent + 1, 1, UINT32_MAX) < 0)
			return ERR_FORMAT;
	}
	if (n == 0 || ip_parse(&ip, host) < 0 || (scope != 0 && ip.family != FAMILY_V6))
		return ERR_FORMAT;
	*ret = addr_from_ip(ip, (uint16_t)n);
	ret->scope = (uint32_t)scope;
	return 0;
}

const char *
addr_format(char to[static ADDR_TEXT_MAX], const struct addr *a)
{
	char host[ADDR_TEXT_MAX];

	(void)ip_format(host, addr_ip(a));
	if (a->family == FAMILY_NONE)
		(void)snprintf(to, ADDR_TEXT_MAX, "none");
	else if (a->family == FAMILY_V4)
		(void)snprintf(to, ADDR_TEXT_MAX, "%.15s:%u", host, a->port);
	else if (a->scope != 0)
		(void)snprintf(to, ADDR_TEXT_MAX, "[%.45s%%%u]:%u", host, (unsigned)a->scope, a->port);
	else
		(void)snprintf(to, ADDR_TEXT_MAX, "[%.45s]:%u", host, a->port);
	return to;
}

/* Are the first `bits` bits of both the same? */
static bool
bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool
prefix_contains(struct prefix p, struct ip ip)
{
	return p.ip.family == ip.family && bits_equal(p.ip.b, ip.b, p.len);
}

bool
prefix_within(struct prefix inner, struct prefix outer)
{
	return inner.len >= outer.len && prefix_contains(outer, inner.ip);
}

bool
prefix_overlap(struct prefix a, struct prefix b)
{
	return a.len >= b.len ? prefix_contains(b, a.ip) : prefix_contains(a, b.ip);
}

bool
prefix_host_bits_zero(struct prefix p)
{
	unsigned bits = (unsigned)ip_size(p.ip) * 8;

	for (unsigned i = p.len; i < bits; i++) {
		if (p.ip.b[i / 8] >> (7 - i % 8) & 1)
			return false;
	}
	return p.len <= bits;
}

struct ip
prefix_last(struct prefix p)
{
	for (unsigned i = p.len; i < (unsigned)ip_size(p.ip) * 8; i++)
		p.ip.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return p.ip;
}

int
prefix_parse(struct prefix *ret, const char *text)
{
	char buf[PREFIX_TEXT_MAX];
	char *slash;
	struct prefix p;
	uint64_t len;

	if (strlen(text) >= sizeof(buf))
		return ERR_FORMAT;
	memcpy(buf, text, strlen(text) + 1);
	slash = strchr(buf, '/');
	if (slash != NULL)
		*slash = '\0';
	if (ip_parse(&p.ip, buf) < 0)
		return ERR_FORMAT;
	len = ip_size(p.ip) * 8;
	if (slash != NULL && text_u64(&len, slash + 1, 0, len) < 0)
		return ERR_FORMAT;
	p.len = (uint8_t)len;
	if (!prefix_host_bits_zero(p))
		return ERR_FORMAT;
	*ret = p;
	return 0;
}

const char *
prefix_format(char to[static PREFIX_TEXT_MAX], struct prefix p)
{
	char host[ADDR_TEXT_MAX];

	(void)snprintf(to, PREFIX_TEXT_MAX, "%.45s/%u", ip_format(host, p.ip), p.len);
	return to;
}
