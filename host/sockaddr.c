/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockaddr.c - our addresses and the kernel's.
 */
#include "host/sockaddr.h"

#include <netinet/in.h>
#include <string.h>

struct addr
addr_from_sockaddr(const struct sockaddr_storage *ss)
{
	struct addr a = { 0 };

	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

		a.family = FAMILY_V4;
		a.port = ntohs(in->sin_port);
		memcpy(a.ip, &in->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

		a.family = FAMILY_V6;
		a.port = ntohs(in6->sin6_port);
		memcpy(a.ip, &in6->sin6_addr, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
			a.scope = in6->sin6_scope_id;
	}
	return a;
}

socklen_t
addr_to_sockaddr(struct sockaddr_storage *ss, const struct addr *a)
{
	memset(ss, 0, sizeof(*ss));
	if (a->family == FAMILY_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;

		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	memcpy(&in6->sin6_addr, a->ip, 16);
	in6->sin6_scope_id = a->scope;
	return sizeof(*in6);
}
